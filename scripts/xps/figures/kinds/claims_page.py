"""The paper's checkable sentences: what came out, what was expected, and whether it holds."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure

from xps.figures import page, style
from xps.figures.lettering import formulas_in, minus, with_error
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
_LINE_CM = 0.235
# In units of the font's height, so that lines stand _LINE_CM apart.
_LINE_SPACING = 1.0
_ROW_GAP_CM, _NOTE_GAP_CM = 0.03, 0.03
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
    """Return the pages and the claims."""
    claims = chosen(tables["claims"].to_pandas(), settings, {"claims": "claim"})
    with page.project_style():
        sheets = _sheets(claims, settings)
        for number, sheet in enumerate(sheets, start=1):
            sheet.footer(data_origin, number, len(sheets))
    names = [
        "claim", "quote", "place", "quantity", "value", "stderr", "unit", "expected", "tolerance", "verdict",
        "data_origin", "remark",
    ]  # fmt: skip
    return [sheet.figure for sheet in sheets], claims[names]


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the page shows, with the counts of each verdict."""
    claims = chosen(tables["claims"].to_pandas(), settings, {"claims": "claim"})
    counts = claims["verdict"].value_counts()
    told = ", ".join(f"{int(counts.get(name, 0))} {words}" for name, (_, _, words) in VERDICTS.items())
    remarks = [f"{row['claim']}: {row['remark']}" for row in records(claims) if row["remark"]]
    origin = f" {_ROUND_TRIP}" if (claims["data_origin"] == "simulated").any() else ""
    said = " Remarks: " + " ".join(remarks) if remarks else ""
    return f"The paper's {len(claims)} checkable sentences: {told}.{origin} ± is one standard error.{said}"


@dataclass(frozen=True, slots=True)
class _Row:
    """One check as it is written: the sign of its verdict, the cells, what is held against it, and its lines."""

    verdict: str
    cells: tuple[str, ...]
    note: str
    lines: int

    @property
    def note_lines(self) -> int:
        return self.note.count("\n") + 1 if self.note else 0

    @property
    def height_cm(self) -> float:
        gaps = _ROW_GAP_CM + (2 * _NOTE_GAP_CM if self.note else 0.0)
        return (self.lines + self.note_lines) * _LINE_CM + gaps


def _sheets(claims: pd.DataFrame, settings: Mapping[str, Any]) -> list[Sheet]:
    width_cm = style.WIDTH_CM[settings.get("width", "double")]
    key = page.key_lines(
        [
            KeyEntry(words, page.points_swatch(single=True, marker=f"${sign}$", markersize=4.5, color=colour))
            for sign, colour, words in ((_plain(sign), colour, words) for sign, colour, words in VERDICTS.values())
        ],
        width_cm,
    )
    below = page.key_height_cm(key)
    warned = bool(claims["data_origin"].eq("simulated").any())
    groups = _groups(claims, width_cm)
    return [_sheet(part, width_cm, key, warned) for part in _pages(groups, style.PAGE_HEIGHT_CM - _TOP_CM - below)]


def _groups(claims: pd.DataFrame, width_cm: float) -> list[list[_Row]]:
    """Return the rows of each claim; a sentence stands once, above all that was computed for it."""
    found = []
    for _, own in claims.groupby("claim", sort=False):
        checks = records(own)
        cells = [_cells(row) for row in checks]
        for index in range(len(cells) - 1, 0, -1):
            if cells[index][:2] == cells[index - 1][:2]:
                cells[index][:2] = ["", ""]
        notes = [_notes(row, width_cm) for row in checks]
        parts = zip(checks, cells, notes, _heights(cells, notes), strict=True)
        found.append([_Row(row["verdict"], tuple(texts), note, lines) for row, texts, note, lines in parts])
    return found


def _pages(groups: Sequence[list[_Row]], room_cm: float) -> list[list[_Row]]:
    """Return the rows of each page: as few pages as hold them, about equally full, no claim torn apart."""
    heights = [sum(row.height_cm for row in group) for group in groups]
    fewest = math.ceil(sum(heights) / room_cm)
    fair_cm = sum(heights) / max(fewest, 1)
    pages: list[list[_Row]] = [[]]
    used = 0.0
    for group, height in zip(groups, heights, strict=True):
        enough = used + height / 2 > fair_cm and len(pages) < fewest
        if pages[-1] and (used + height > room_cm or enough):
            pages.append([])
            used = 0.0
        pages[-1] += group
        used += height
    return pages


def _sheet(rows: Sequence[_Row], width_cm: float, key: list[list[KeyEntry]], warned: bool) -> Sheet:
    sheet = Sheet(width_cm, _TOP_CM + sum(row.height_cm for row in rows) + page.key_height_cm(key))
    y = sheet.height_cm - 0.3
    if warned:
        sheet.text(0.25, y, _ROUND_TRIP, ha="left", fontsize=style.TEXT_PT, fontweight="bold", color=style.FAILURE_RED)
    y -= 0.42
    for words, left, _ in _COLUMNS:
        sheet.text(left, y, words, ha="left", fontweight="bold")
    y -= 0.2
    for row in rows:
        sign, colour, _ = VERDICTS.get(row.verdict, ("?", "black", row.verdict))
        sheet.text(_COLUMNS[0][1], y, sign, ha="left", va="top", color=colour, fontsize=style.TEXT_PT)
        for (_, left, _), cell in zip(_COLUMNS[1:], row.cells, strict=True):
            sheet.text(left, y, cell, ha="left", va="top", linespacing=_LINE_SPACING)
        below = y - row.lines * _LINE_CM - _NOTE_GAP_CM
        sheet.text(_COLUMNS[2][1], below, row.note, ha="left", va="top", linespacing=_LINE_SPACING,
                   color=_NOTE_COLOUR)  # fmt: skip
        y -= row.height_cm
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
    texts = [row["claim"], *map(formulas_in, (sentence, row["quantity"])), _value(row), minus(expected)]
    return [page.wrapped(text, width) or "–" for text, (_, _, width) in zip(texts, _COLUMNS[1:], strict=True)]


def _notes(row: Mapping[str, Any], width_cm: float) -> str:
    """Return what experts would hold against the sentence, wrapped to the page's width."""
    parts = [part.removeprefix(NOTE) for part in row["remark"].split("; ") if part.startswith(NOTE)]
    words = formulas_in("; ".join(parts))
    return page.wrapped(f"But: {words}", width_cm - _COLUMNS[2][1] - 0.3) if parts else ""


def _value(row: Mapping[str, Any]) -> str:
    if pd.isna(row["value"]):
        first, *_ = row["remark"].split("; ")
        return first.removeprefix(FOUND) if first.startswith(FOUND) else "–"
    unit = "" if row["unit"] in ("", "1") else f" {row['unit']}"
    return with_error(row["value"], row["stderr"]) + unit
