"""The operator's log: bytes of a CSV file in, checked rows out, or one ConfigError that lists every fault by line.

No PHI header holds a time of day, a plating time or a plating current: the log does. Its columns are described in
raw/README.md and config/schema/acquisitions.schema.yaml; ``COLUMNS`` here is what is enforced, and a test keeps the
three equal. What can only be judged beside the raw files (number of cycles, copied cycles) is left to ``cycles``.
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from math import isfinite
from typing import Any
from unicodedata import normalize

from xps.acquisitions.log_checks import CHECKS
from xps.acquisitions.log_rows import Log, Row, by_file
from xps.errors import ConfigError, near

_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?", re.ASCII)
_CLOCK = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)?", re.ASCII)


def parse(data: bytes, place: str, present: Sequence[str]) -> Log:
    """Return the log in ``data``; ``present`` are the names of the raw files that it must list, all and no others.

    Raises ConfigError with every fault and its line; ``place`` names the log in the message.
    """
    faults: list[str] = []
    spoiled: set[str] = set()
    rows = _rows(data, present, faults, spoiled)
    if rows:
        for check, columns in CHECKS.items():
            if spoiled.isdisjoint(columns):
                faults += check(rows, present)
    if faults:
        raise ConfigError.of(place, faults)
    return Log(by_file(rows))


def _rows(data: bytes, present: Sequence[str], faults: list[str], spoiled: set[str]) -> list[Row]:
    """Return the rows; what cannot be understood goes to ``faults``, and its column to ``spoiled``.

    The log of a long series has a line per cycle: they are taken one by one.
    """
    broken: list[str] = []
    found: list[Row] = []
    lines = _lines(data, broken)
    _, names = next(lines, (0, None))
    columns = [name.strip() for name in names or ()]
    header_faults = list(_header_faults(columns)) if names is not None else []
    known = {normalize("NFC", name): name for name in present}
    empty = True
    for line, cells in lines:
        empty = False
        if not header_faults and (row := _row(line, columns, cells, known, faults, spoiled)):
            found.append(row)
    if names is None and not broken:
        faults.append("the log is empty; its first line names the columns (raw/README.md)")
    elif empty and names is not None and not header_faults:
        faults.append("the log has no row; write one per raw file")
    faults[:0] = [*broken, *header_faults]
    spoiled.update(COLUMNS if broken else ())
    return found


def _lines(data: bytes, faults: list[str]) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and cells of every line that is neither empty nor a comment."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        faults.append(f"byte {error.start} is not UTF-8; save the log as CSV in UTF-8")
        return
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        if line.startswith("#"):
            continue
        try:
            cells = next(csv.reader([line], strict=True), [])
        except csv.Error as error:
            faults.append(f"line {number}: {error}; quotes inside a text are doubled, and a text ends on its line")
            continue
        if any(cell.strip() for cell in cells):
            yield number, cells


def _header_faults(columns: Sequence[str]) -> Iterator[str]:
    for separator, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(columns) == 1 and separator in columns[0]:
            yield f"columns are separated by {name}; save the log with commas, and a decimal point in numbers"
            return
    absent = [name for name in COLUMNS if name not in columns]
    for name in dict.fromkeys(columns):
        if name not in COLUMNS:
            yield f"unknown column {name!r}{near(name, absent)}; columns are {', '.join(COLUMNS)}"
        if columns.count(name) > 1:
            yield f"column {name!r} stands there {columns.count(name)} times"
    if "file" not in columns:
        yield "column 'file' is missing; it names the raw file of each row"


def _row(
    line: int,
    columns: Sequence[str],
    cells: Sequence[str],
    known: Mapping[str, str],
    faults: list[str],
    spoiled: set[str],
) -> Row | None:
    if len(cells) != len(columns):
        remedy = "a text with a comma needs double quotes, a number a decimal point"
        faults.append(f"line {line}: {len(cells)} cells under {len(columns)} columns; {remedy}")
        spoiled.update(set(COLUMNS) - {"file"})
        cells = [cell if name == "file" else "" for name, cell in zip(columns, cells, strict=False)]
    values: dict[str, Any] = {}
    for name, cell in zip(columns, cells, strict=False):
        text = normalize("NFC", cell.strip())
        try:
            values[name] = COLUMNS[name](text) if text else None
        except ValueError as error:
            faults.append(f"line {line}: {name} {text!r} {error}")
            spoiled.add(name)
    if not values.get("file"):
        faults.append(f"line {line}: file is empty; name the raw file of this row")
        return None
    for name in ("file", "resumes"):
        if values.get(name):
            values[name] = known.get(values[name], values[name])
    return Row(line, **values)


def _text(cell: str) -> str:
    return cell


def _count(cell: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", cell, re.ASCII):
        raise ValueError("is no cycle number; cycles count 0, 1, 2 ..., and an empty cell means the whole file")
    return int(cell)


def _clock(cell: str) -> datetime:
    remedy = "write date and time as 2024-03-04T09:00:00"
    if not _CLOCK.fullmatch(cell):
        raise ValueError(f"is no wall clock; {remedy}")
    try:
        return datetime.fromisoformat(cell)
    except ValueError as error:
        raise ValueError(f"does not exist ({error}); {remedy}") from None


def _not_negative(cell: str) -> float:
    value = float(cell) if _NUMBER.fullmatch(cell) else float("nan")
    if not isfinite(value):
        raise ValueError("is no number; write digits with a decimal point, without unit")
    if value < 0.0:
        raise ValueError("is negative; leave the cell empty where nothing is known")
    return value


def _yes_or_no(cell: str) -> bool:
    if cell not in ("yes", "no"):
        raise ValueError("is neither yes nor no (empty means no)")
    return cell == "yes"


COLUMNS: Mapping[str, Callable[[str], Any]] = {
    "file": _text,
    "cycle": _count,
    "started_at": _clock,
    "ended_at": _clock,
    "plating_time_s": _not_negative,
    "rest_time_s": _not_negative,
    "sputter_time_s": _not_negative,
    "plating_current_ua": _not_negative,
    "pressure_pa": _not_negative,
    "exclude": _yes_or_no,
    "reason": _text,
    "resumes": _text,
}
