"""The paper's checkable sentences on one page: what came out, what was expected, and whether it holds."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure

from xps.figures import page, style
from xps.figures.lettering import minus
from xps.figures.page import KeyEntry, Sheet
from xps.figures.reading.frames import chosen, records

# Told apart by sign, lightness and hue.
VERDICTS: Mapping[str, tuple[str, str, str]] = {
    "holds": ("✓", "#0072B2", "holds"),
    "fails": ("✗", style.FAILURE_RED, "fails"),
    "not_testable": ("?", "#6E6E6E", "not testable"),
}
# Columns: heading, left edge (cm), width (cm).
_COLUMNS = (
    ("", 0.25, 0.4), ("", 0.62, 0.8), ("The paper says", 1.4, 4.7), ("Quantity", 6.2, 5.2), ("Found", 11.5, 2.7),
    ("Expected", 14.3, 2.7),
)  # fmt: skip
_LINE_CM = 0.225
_LETTER_CM = 0.118
_ROW_GAP_CM = 0.03
# How a bound is meant goes without saying on the page; the table and the CSV keep it.
_PLAIN_TOLERANCES = {"strictly", "exactly", "inside", ""}
_TOP_CM = 1.0
# As the claims stage writes them in a remark.
IN_OUR_WORDS = "sentence in our words"
FOUND = "found: "
NOTE = "note: "
_NOTE_COLOUR = "#6E3B00"
_ROUND_TRIP = "Round-trip check on simulated data, not evidence."


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and the claims."""
    claims = chosen(tables["claims"].to_pandas(), settings, {"claims": "claim"})
    with page.project_style():
        sheet = _sheet(claims, settings)
        sheet.footer(data_origin, 1, 1)
    names = [
        "claim", "quote", "place", "quantity", "value", "stderr", "unit", "expected", "tolerance", "verdict",
        "data_origin", "remark",
    ]  # fmt: skip
    return [sheet.figure], claims[names]


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the page shows, with the counts of each verdict."""
    claims = chosen(tables["claims"].to_pandas(), settings, {"claims": "claim"})
    counts = claims["verdict"].value_counts()
    told = ", ".join(f"{int(counts.get(name, 0))} {words}" for name, (_, _, words) in VERDICTS.items())
    remarks = [f"{row['claim']}: {row['remark']}" for row in records(claims) if row["remark"]]
    origin = f" {_ROUND_TRIP}" if (claims["data_origin"] == "simulated").any() else ""
    said = " Remarks: " + " ".join(remarks) if remarks else ""
    return f"The paper's {len(claims)} checkable sentences: {told}.{origin} ± is one standard error.{said}"


def _sheet(claims: pd.DataFrame, settings: Mapping[str, Any]) -> Sheet:
    width_cm = style.WIDTH_CM[settings.get("width", "double")]
    key = page.key_lines(
        [
            KeyEntry(words, page.points_swatch(single=True, marker=f"${sign}$", markersize=4.5, color=colour))
            for sign, colour, words in ((_plain(sign), colour, words) for sign, colour, words in VERDICTS.values())
        ],
        width_cm,
    )
    rows = [_cells(row) for row in records(claims)]
    # A sentence stands once, above all that was computed for it.
    for index in range(len(rows) - 1, 0, -1):
        if rows[index][:2] == rows[index - 1][:2]:
            rows[index][:2] = ["", ""]
    notes = [_notes(row, width_cm) for row in records(claims)]
    lines = _heights(rows, notes)
    extra = [note.count("\n") + 1 if note else 0 for note in notes]
    below = page.key_height_cm(key)
    height = sum(count * _LINE_CM + _ROW_GAP_CM for count in lines) + sum(extra) * _LINE_CM
    sheet = Sheet(width_cm, _TOP_CM + height + below)
    heading = claims["data_origin"].eq("simulated").any()
    y = sheet.height_cm - 0.3
    if heading:
        sheet.text(0.25, y, _ROUND_TRIP, ha="left", fontsize=style.TEXT_PT, fontweight="bold", color=style.FAILURE_RED)
    y -= 0.42
    for words, left, _ in _COLUMNS:
        sheet.text(left, y, words, ha="left", fontweight="bold")
    y -= 0.2
    for verdict, cells, count, note, more in zip(claims["verdict"], rows, lines, notes, extra, strict=True):
        sign, colour, _ = VERDICTS.get(verdict, ("?", "black", verdict))
        sheet.text(_COLUMNS[0][1], y, sign, ha="left", va="top", color=colour, fontsize=style.TEXT_PT)
        for (_, left, _), cell in zip(_COLUMNS[1:], cells, strict=True):
            sheet.text(left, y, cell, ha="left", va="top", linespacing=1.05)
        y -= count * _LINE_CM
        sheet.text(_COLUMNS[2][1], y, note, ha="left", va="top", linespacing=1.05, color=_NOTE_COLOUR)
        y -= more * _LINE_CM + _ROW_GAP_CM
    sheet.key(key)
    return sheet


def _heights(rows: Sequence[Sequence[str]], notes: Sequence[str]) -> list[int]:
    """Return the lines of each row; a long sentence runs on beside the rows below it, until a note or the next one."""
    heights, owed = [], 0
    for index, cells in enumerate(rows):
        own = max(cell.count("\n") + 1 for cell in cells[2:])
        owed = (cells[1].count("\n") + 1 if cells[1] else owed) - own
        last = index + 1 == len(rows) or bool(rows[index + 1][1])
        if owed > 0 and (last or notes[index]):
            own, owed = own + owed, 0
        heights.append(own)
    return heights


def _plain(sign: str) -> str:
    return {"✓": r"\checkmark", "✗": r"\times"}.get(sign, sign)


def _cells(row: Mapping[str, Any]) -> list[str]:
    """Return the texts of a row, wrapped to the columns' widths."""
    # Only what the publication says word by word stands in quotation marks.
    sentence = row["quote"] if IN_OUR_WORDS in row["remark"] else f"“{row['quote']}”"
    told = row["tolerance"] not in _PLAIN_TOLERANCES
    expected = f"{row['expected']} ({row['tolerance']})" if told else row["expected"]
    texts = [row["claim"], sentence, row["quantity"], _value(row), expected]
    return [_wrapped(text, width) for text, (_, _, width) in zip(texts, _COLUMNS[1:], strict=True)]


def _notes(row: Mapping[str, Any], width_cm: float) -> str:
    """Return what experts would hold against the sentence, wrapped to the page's width."""
    parts = [part.removeprefix(NOTE) for part in row["remark"].split("; ") if part.startswith(NOTE)]
    return _wrapped("But: " + "; ".join(parts), width_cm - _COLUMNS[2][1] - 0.3) if parts else ""


def _value(row: Mapping[str, Any]) -> str:
    if pd.isna(row["value"]):
        first, *_ = row["remark"].split("; ")
        return first.removeprefix(FOUND) if first.startswith(FOUND) else "–"
    error = "" if pd.isna(row["stderr"]) else f" ± {row['stderr']:.2g}"
    unit = "" if row["unit"] in ("", "1") else f" {row['unit']}"
    return minus(f"{row['value']:.4g}") + error + unit


def _wrapped(text: str, width_cm: float) -> str:
    return "\n".join(textwrap.wrap(text, max(3, int(width_cm / _LETTER_CM)))) or "–"
