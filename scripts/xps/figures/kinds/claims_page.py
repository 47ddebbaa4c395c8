"""The paper's checkable sentences: what came out, what was expected, and whether it holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure

from xps.figures import page, style
from xps.figures.lettering import minus, typeset, with_error
from xps.figures.page import KeyEntry, Sheet
from xps.figures.parts import layout
from xps.figures.reading.frames import chosen, records

# As the claims stage writes them in a remark.
IN_OUR_WORDS = "sentence in our words"
FOUND = "found: "
NOTE = "note: "
DOUBT = "the 95 % interval reaches across the limit"
# Told apart by sign, lightness and hue.
VERDICTS: Mapping[str, tuple[str, str, str]] = {
    "holds": ("✓", "#0072B2", "holds"),
    "doubtful": ("(✓)", "#0072B2", f"holds, yet {DOUBT}"),
    "fails": ("✗", style.FAILURE_RED, "fails"),
    "not_testable": ("?", "#6E6E6E", "not testable"),
}
# Columns: heading, left edge (cm), width (cm).
_COLUMNS = (
    ("", 0.2, 0.4), ("", 0.66, 0.8), ("The paper says", 1.4, 4.6), ("Quantity", 6.2, 5.1), ("Found", 11.4, 2.6),
    ("Expected", 14.1, 2.75),
)  # fmt: skip
_LINE_CM = 0.25
_ROW_GAP_CM, _CLAIM_GAP_CM = 0.03, 0.09
# How a bound is meant goes without saying on the page; the table and the CSV keep it.
_PLAIN_TOLERANCES = {"strictly", "exactly", "inside", ""}
_TOP_CM = 1.0
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
    """Return what the page shows, the counts of each verdict, and why a sentence does not hold."""
    claims = chosen(tables["claims"].to_pandas(), settings, {"claims": "claim"})
    rows = records(claims)
    counts = claims["verdict"].value_counts()
    verdicts = {"holds": "hold", "fails": "fail", "not_testable": "cannot be tested"}
    told = ", ".join(f"{int(counts.get(name, 0))} {words}" for name, words in verdicts.items())
    doubtful = sum(_sign_of(row) == "doubtful" for row in rows)
    doubt = f" Of those that hold, {doubtful} do so in brackets: {DOUBT}." if doubtful else ""
    lost = [f"{row['claim']}, {row['quantity']}: {words}" for row in rows if (words := _reasons(row))]
    why = f" What does not hold: {'. '.join(lost)}." if lost else ""
    origin = f" {_ROUND_TRIP}" if (claims["data_origin"] == "simulated").any() else ""
    return f"The paper's {len(claims)} checkable sentences: {told}.{doubt}{origin} ± is one standard error.{why}"


@dataclass(frozen=True, slots=True)
class _Row:
    """One check as it is written: the sign of its verdict, the cells, what is held against it, and its lines."""

    sign: str
    cells: tuple[str, ...]
    note: str
    lines: int

    @property
    def height_cm(self) -> float:
        return self.above_cm + self.lines * _LINE_CM + _ROW_GAP_CM

    @property
    def above_cm(self) -> float:
        """Room that parts a claim from the one above it."""
        return _CLAIM_GAP_CM if self.cells[0] else 0.0


def _sheets(claims: pd.DataFrame, settings: Mapping[str, Any]) -> list[Sheet]:
    width_cm = style.WIDTH_CM[settings.get("width", "double")]
    signs = {_sign_of(row) for row in records(claims)}
    entries = [
        KeyEntry(words, page.points_swatch(single=True, marker=f"${_plain(sign)}$", markersize=size, color=colour))
        for name, (sign, colour, words) in VERDICTS.items()
        if name in signs
        for size in (4.5 + 2 * (len(sign) - 1),)
    ]
    key = page.key_lines(entries, width_cm)
    below = page.key_height_cm(key)
    warned = bool(claims["data_origin"].eq("simulated").any())
    groups = _groups(claims)
    return [_sheet(part, width_cm, key, warned) for part in _pages(groups, style.PAGE_HEIGHT_CM - _TOP_CM - below)]


def _groups(claims: pd.DataFrame) -> list[list[_Row]]:
    """Return the rows of each claim; a sentence stands once, above all that was computed for it."""
    found = []
    for _, own in claims.groupby("claim", sort=False):
        checks = records(own)
        cells = [_cells(row) for row in checks]
        for index in range(len(cells) - 1, 0, -1):
            if cells[index][:2] == cells[index - 1][:2]:
                cells[index][:2] = ["", ""]
        notes = [_notes(row) for row in checks]
        parts = zip(checks, cells, notes, _lines(cells, notes), strict=True)
        found.append([_Row(_sign_of(row), tuple(texts), note, lines) for row, texts, note, lines in parts])
    return found


def _pages(groups: Sequence[list[_Row]], room_cm: float) -> list[list[_Row]]:
    """Return the rows of each page; no claim is torn apart."""
    pages = layout.packed(groups, lambda group: sum(row.height_cm for row in group), room_cm)
    return [[row for group in held for row in group] for held in pages]


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
        sign, colour, _ = VERDICTS.get(row.sign, ("?", "black", row.sign))
        top = y - row.above_cm
        sheet.lines(_COLUMNS[0][1] + _COLUMNS[0][2] / 2, top, sign, _LINE_CM, ha="center", color=colour)
        for (_, left, _), cell in zip(_COLUMNS[1:], row.cells, strict=True):
            sheet.lines(left, top, cell, _LINE_CM)
        below = top - _line_count(*row.cells[2:]) * _LINE_CM
        sheet.lines(_COLUMNS[3][1], below, row.note, _LINE_CM, color=_NOTE_COLOUR)
        y -= row.height_cm
    sheet.key(key)
    return sheet


def _line_count(*cells: str) -> int:
    return max(cell.count("\n") + 1 if cell else 0 for cell in cells)


def _lines(rows: Sequence[Sequence[str]], notes: Sequence[str]) -> list[int]:
    """Return the lines of each row; a long sentence runs on beside the rows below it, until the next sentence."""
    found, owed = [], 0
    for index, (cells, note) in enumerate(zip(rows, notes, strict=True)):
        own = _line_count(*cells[2:]) + _line_count(note)
        owed = (_line_count(cells[1]) or owed) - own
        last = index + 1 == len(rows) or bool(rows[index + 1][1])
        found.append(own + max(owed, 0) if last else own)
    return found


def _sign_of(row: Mapping[str, Any]) -> str:
    return "doubtful" if row["verdict"] == "holds" and DOUBT in row["remark"] else str(row["verdict"])


def _plain(sign: str) -> str:
    """Return a sign as mathematical type has it, for a marker."""
    return sign.replace("✓", r"\checkmark").replace("✗", r"\times")


def _cells(row: Mapping[str, Any]) -> list[str]:
    """Return the texts of a row, wrapped to the columns' widths."""
    # Only what the publication says word by word stands in quotation marks.
    sentence = row["quote"] if IN_OUR_WORDS in row["remark"] else f"“{row['quote']}”"
    told = row["tolerance"] not in _PLAIN_TOLERANCES
    tolerance = row["tolerance"].removesuffix(f" {row['unit']}")
    expected = f"{row['expected']} ({tolerance})" if told else row["expected"]
    texts = [row["claim"], *map(typeset, (sentence, row["quantity"])), _value(row), minus(expected)]
    return [page.wrapped(text, width) or "–" for text, (_, _, width) in zip(texts, _COLUMNS[1:], strict=True)]


def _notes(row: Mapping[str, Any]) -> str:
    """Return why a sentence does not hold and what experts would object to, as wide as the columns that it is below."""
    parts = [part.removeprefix(NOTE) for part in row["remark"].split("; ") if part.startswith(NOTE)]
    reasons = _reasons(row)
    said = [f"Remark: {reasons}."] if reasons else []
    said += [f"Note: {'; '.join(parts)}"] if parts else []
    (_, left, _), (_, last, wide) = _COLUMNS[3], _COLUMNS[-1]
    return "\n".join(page.wrapped(typeset(words), last + wide - left) for words in said)


def _reasons(row: Mapping[str, Any]) -> str:
    """Return what the claims stage says of a sentence that does not hold, without what it says of every one."""
    if row["verdict"] == "holds":
        return ""
    usual = (FOUND, NOTE, IN_OUR_WORDS, _ROUND_TRIP.lower().removesuffix("."))
    return "; ".join(part for part in row["remark"].split("; ") if not part.startswith(usual))


def _value(row: Mapping[str, Any]) -> str:
    if pd.isna(row["value"]):
        first, *_ = row["remark"].split("; ")
        return first.removeprefix(FOUND) if first.startswith(FOUND) else "–"
    unit = "" if row["unit"] in ("", "1") else f" {row['unit']}"
    return with_error(row["value"], row["stderr"]) + unit
