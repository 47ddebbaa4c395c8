"""Reference tables in config/reference: CSV text in, typed rows out, or every fault with its line.

A reference table holds numbers from outside the measurement: densities, mean free paths, sensitivity factors. Its
first line names the columns, lines that begin with # are comments, and every row says where its numbers come from:
the column ``source`` is never empty, and says ``memory`` or ``assumed`` where no source was opened.
"""

import csv
from collections.abc import Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple

from xps.errors import near

SOURCE = "source"
"""The column that every reference table has."""

Kinds = Mapping[str, str]
"""Column name to kind: ``text``, ``number``, ``flag`` (yes or no) or ``words`` (separated by semicolons).

A kind that ends in ``?`` may be left empty, and is then None."""


class Contents(NamedTuple):
    """Rows of a reference table in the order of the file, and what is wrong with it (without its path)."""

    rows: list[dict[str, Any]]
    faults: list[str]


def read(path: Path, kinds: Kinds, key: str) -> Contents:
    """Return the rows of the CSV file at ``path``; ``key`` is the column whose cells name the rows, each only once."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as error:
        return Contents([], [f"cannot be read ({error.strerror})"])
    except UnicodeDecodeError as error:
        return Contents([], [f"is not UTF-8 text (byte {error.start}); save it as UTF-8"])
    return parse(text, kinds, key)


def parse(text: str, kinds: Kinds, key: str) -> Contents:
    """Return the rows that the CSV ``text`` holds; a row with a fault is left out."""
    declared = {**kinds, SOURCE: "text"}
    lines = [(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip() and line[0] != "#"]
    if not lines:
        return Contents([], [f"is empty; its first line names the columns {', '.join(declared)}"])
    header, *body = ([cell.strip() for cell in next(csv.reader([line]))] for _, line in lines)
    faults = [f"column {name!r} is missing" for name in declared if name not in header]
    faults += [f"column {name!r} is unknown{near(name, declared)}" for name in header if name not in declared]
    faults += [f"column {name!r} is given twice" for name in dict.fromkeys(header) if header.count(name) > 1]
    if faults:
        return Contents([], faults)
    rows: list[dict[str, Any]] = []
    for (line, _), cells in zip(lines[1:], body, strict=True):
        row, wrong = _row(header, cells, declared)
        if not wrong and any(row[key] == other[key] for other in rows):
            wrong = [f"{key} {row[key]!r} has a row already"]
        faults += [f"line {line}: {fault}" for fault in wrong]
        rows += [] if wrong else [row]
    return Contents(rows, faults)


def _row(header: Sequence[str], cells: Sequence[str], declared: Kinds) -> tuple[dict[str, Any], list[str]]:
    if len(cells) != len(header):
        return {}, [f"{len(cells)} cells under {len(header)} columns; put a text with commas in quotes"]
    row: dict[str, Any] = {}
    faults = []
    for name, cell in zip(header, cells, strict=True):
        kind = declared[name]
        if kind.endswith("?") and not cell:
            row[name] = None
            continue
        try:
            row[name] = _CONVERSIONS[kind.removesuffix("?")](cell)
        except ValueError as error:
            faults.append(f"{name}: {error}")
    return row, faults


def _text(cell: str) -> str:
    if not cell:
        raise ValueError("is empty")
    return cell


def _number(cell: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise ValueError(f"found {cell!r}, expected a number") from None
    if not isfinite(value):
        raise ValueError(f"found {cell!r}, expected a finite number")
    return value


def _flag(cell: str) -> bool:
    if cell not in ("yes", "no"):
        raise ValueError(f"found {cell!r}, expected yes or no")
    return cell == "yes"


def _words(cell: str) -> list[str]:
    return [word.strip() for word in cell.split(";") if word.strip()]


_CONVERSIONS = {"text": _text, "number": _number, "flag": _flag, "words": _words}
