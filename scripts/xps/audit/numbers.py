"""How far two tables, or two sets of plotted numbers, lie apart: by column, with the row of the largest difference.

``1e-12`` from another processor and a real change look alike to a hash. Here they are told apart by size: a difference
within ``ROUNDING`` of the column's own scale is rounding.
"""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

ROUNDING = 1e-9
"""Largest relative difference that is taken for rounding. ASSUME it: iterated fits carry a last bit (1e-16) through
some thousand operations and stop within 1e-10 of the minimum; a changed setting or count moves results by far more."""

SOLVER = 1e-4
"""Largest relative difference that another processor or library can explain. Measured: 8e-6 in the areas of weak
components between two of OpenBLAS's kernels, 4e-5 in rounded plotted numbers (docs/provenance.md): fits stop at another
point of the same minimum."""
_NOTHING = 1e-3


@dataclass(frozen=True)
class Apart:
    """One column in which two tables differ."""

    table: str
    column: str
    rows: int
    """How many rows differ."""
    row: int
    """The row of the largest difference, counted from 0; the first one for texts."""
    first: Any
    second: Any
    relative: float | None
    """The largest difference, relative to the larger of both values or a thousandth of the column's largest; None for
    texts and where one is missing."""

    @property
    def rounding(self) -> bool:
        """Whether it is no more than last digits."""
        return self.relative is not None and self.relative <= ROUNDING


def apart(name: str, first: pa.Table, second: pa.Table) -> list[Apart]:
    """Return the columns in which two tables of one name differ, the largest relative difference first."""
    columns = {column: (first, second) for column in first.column_names if column in second.column_names}
    found = [Apart(name, c, 0, 0, "present", "absent", None) for c in first.column_names if c not in columns]
    found += [Apart(name, c, 0, 0, "absent", "present", None) for c in second.column_names if c not in columns]
    if first.num_rows != second.num_rows:
        return [*found, Apart(name, "(number of rows)", 0, 0, first.num_rows, second.num_rows, None)]
    for column in columns:
        one, two = first.column(column).combine_chunks(), second.column(column).combine_chunks()
        difference = None if one.equals(two) else _column(name, column, one.to_pylist(), two.to_pylist())
        found += [difference] if difference else []
    return sorted(found, key=lambda item: (item.relative is not None, -(item.relative or 0.0)))


def plotted(name: str, first: bytes, second: bytes) -> list[Apart]:
    """Return the columns in which two sets of plotted numbers (CSV) differ."""
    one, two = (_columns(data) for data in (first, second))
    return apart(name, pa.table(one), pa.table(two))


def _columns(data: bytes) -> Mapping[str, Any]:
    rows = list(csv.reader(io.StringIO(data.decode("utf-8", "replace"))))
    names, body = (rows[0], rows[1:]) if rows else ([], [])
    return {name: _typed([row[place] if place < len(row) else "" for row in body]) for place, name in enumerate(names)}


def _typed(texts: Sequence[str]) -> list[Any]:
    try:
        return [float(text) if text else None for text in texts]
    except ValueError:
        return list(texts)


def _column(table: str, column: str, one: Sequence[Any], two: Sequence[Any]) -> Apart | None:
    differing = [row for row, (a, b) in enumerate(zip(one, two, strict=True)) if a != b and not (a != a and b != b)]
    if not differing:
        return None
    pairs = [(one[row], two[row]) for row in differing]
    if any(isinstance(value, bool) or not isinstance(value, int | float) for pair in pairs for value in pair):
        odd = next(row for row in differing if not _numbers(one[row], two[row]))
        return Apart(table, column, len(differing), odd, one[odd], two[odd], None)
    a, b = (np.array(values, dtype=np.float64) for values in zip(*pairs, strict=True))
    # What is nothing beside the column's largest value has no digits of its own to lose: 1e-17 against -1e-17.
    largest = max((abs(v) for v in [*one, *two] if _numbers(v) and np.isfinite(v)), default=0.0)
    scale = np.maximum(np.maximum(np.abs(a), np.abs(b)), _NOTHING * largest)
    relative = np.where(scale > 0.0, np.abs(a - b) / np.where(scale > 0.0, scale, 1.0), 0.0)
    worst = int(np.argmax(np.nan_to_num(relative, nan=np.inf)))
    row = differing[worst]
    return Apart(table, column, len(differing), row, one[row], two[row], float(relative[worst]))


def _numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
