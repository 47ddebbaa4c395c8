"""Lines that the fits found, ready for comparison: which may be used, and which the fit was told rather than found.

A line is arrays over the acquisitions of its series; the tables are read some acquisitions at a time.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from xps import tables
from xps.energy_scale.rows import Row

AT_ONCE = 512
"""Acquisitions whose rows are in memory."""
COLUMNS = {
    "calibration": ["acquisition", "region", "drift_stderr_ev", "shift_stderr_ev", "method"],
    "components": [
        *("experiment", "model", "acquisition", "region", "component", "core_level", "species"),
        *("area_cps_ev", "detected", "position_ev", "position_stderr_ev"),
    ],
    "parameters": ["model", "acquisition", "component", "parameter", "status", "at_bound", "tied_to"],
}
"""What is looked at of each table."""
_FITTED = ("model", "acquisition", "component")

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Mask = NDArray[np.bool_]
Level = tuple[str, str]
"""Core level and species."""


class Line(NamedTuple):
    """A line along a series, each array over its acquisitions.

    Position, its own standard error, and what moves its region against the others and all of them together (eV; NaN
    where it cannot be used). ``holder`` is the place of its model and component in ``Series.holders``, ``reason`` that
    of why it cannot be used in ``Series.reasons``, 0 where it can.
    """

    position_ev: Floats
    stderr_ev: Floats
    drift_stderr_ev: Floats
    shift_stderr_ev: Floats
    holder: Places
    reason: Places


class Differences(NamedTuple):
    """Two lines in the cycles that show both: their distance, the error of both fits, the drift between them (eV)."""

    acquisitions: Places
    value_ev: Floats
    stderr_ev: Floats
    drift_stderr_ev: Floats

    @property
    def spread_ev(self) -> Floats:
        """Standard deviation of each distance about its true value."""
        return np.hypot(self.stderr_ev, self.drift_stderr_ev)

    def taken(self, which: Mask) -> "Differences":
        """Return those of them."""
        return Differences._make(part[which] for part in self)


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """The fitted lines of one experiment, ready to be asked for by core level and species.

    ``holders`` are models and components, ``reasons`` texts, the first one empty; ``unreferenced`` acquisitions have no
    reference of their own.
    """

    experiment: str
    acquisitions: Places
    lines: Mapping[Level, Line]
    holders: Sequence[tuple[str, str]]
    reasons: Sequence[str]
    tied: Mapping[str, Sequence[frozenset[str]]]
    given: frozenset[tuple[str, str]]
    unreferenced: Mask

    def imposed(self, one: Line, other: Line) -> Mask:
        """Return where the fit was told how the lines lie: by ties between them, or by a number for either."""
        # The last row and column stand for no holder.
        told = np.zeros((len(self.holders) + 1,) * 2, dtype=bool)
        told[:-1, :-1] = [[self._told(first, second) for second in self.holders] for first in self.holders]
        return told[one.holder, other.holder]

    def _told(self, one: tuple[str, str], other: tuple[str, str]) -> bool:
        if {one, other} & self.given:
            return True
        groups = self.tied.get(one[0], ()) if one[0] == other[0] else ()
        return any({one[1], other[1]} <= group for group in groups)


def series_of(found: tables.Series, models: Sequence[str], wanted: Collection[Level]) -> Series:
    """Return the ``wanted`` lines of one experiment; where several models hold one, the first of ``models`` counts.

    ``found`` holds the tables of COLUMNS.
    """
    gathered = _Gathered(found.count, wanted)
    for span in found.spans(AT_ONCE):
        calibration, components, parameters = (found.part(name, span, columns) for name, columns in COLUMNS.items())
        gathered.add(calibration, components, parameters, models)
    told = [dict(zip(_TOLD, row, strict=True)) for row in gathered.told]
    tied = {model: _groups([row for row in told if row["model"] == model]) for model in models}
    there = np.flatnonzero(gathered.there)
    return Series(
        experiment=gathered.experiment,
        acquisitions=there,
        lines={level: Line._make(part[there] for part in line) for level, line in gathered.lines.items()},
        holders=list(gathered.holders),
        reasons=list(gathered.reasons),
        tied=tied,
        given=_given(told, tied),
        unreferenced=gathered.unreferenced[there],
    )


_TOLD = ("model", "component", "status", "tied_to")


class _Gathered:
    """Lines on their way out of the tables, arrays over all acquisitions from 0 on."""

    def __init__(self, count: int, wanted: Collection[Level]) -> None:
        self.experiment = ""
        self.there, self.unreferenced = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        self.holders: dict[tuple[str, str], int] = {}
        self.reasons: dict[str, int] = {"": 0}
        # What the fit was told is the same in all acquisitions.
        self.told: dict[tuple[str | None, ...], None] = {}
        self.lines = {level: self._unmeasured(count, level) for level in sorted(wanted)}

    def _unmeasured(self, count: int, level: Level) -> Line:
        reason = self._place(self.reasons, f"{level[1]} of {level[0]} was not measured")
        places = (np.full(count, place, dtype=np.intp) for place in (-1, reason))
        return Line._make([*(np.full(count, np.nan) for _ in range(4)), *places])

    @staticmethod
    def _place(known: dict[Any, int], one: Any) -> int:
        return known.setdefault(one, len(known))

    def add(self, calibration: pa.Table, components: pa.Table, parameters: pa.Table, models: Sequence[str]) -> None:
        """Take the rows of the next acquisitions."""
        if components.num_rows:
            self.experiment = str(components.column("experiment")[0])
        self.there[components.column("acquisition").to_numpy()] = True
        interpolated = calibration.filter(pc.equal(calibration.column("method"), "interpolated"))
        self.unreferenced[interpolated.column("acquisition").to_numpy()] = True
        positions = parameters.filter(pc.equal(parameters.column("parameter"), "position_ev"))
        told = positions.group_by(list(_TOLD), use_threads=False).aggregate([]).select(_TOLD)
        self.told |= dict.fromkeys(zip(*(column.to_pylist() for column in told.columns), strict=True))
        bounded = set(_keys(positions.filter(positions.column("at_bound")), _FITTED))
        species = pa.array(sorted({species for _, species in self.lines}), pa.string())
        asked = components.filter(pc.is_in(components.column("species"), species))
        errors = {(row["acquisition"], row["region"]): row for row in calibration.to_pylist()}
        for model in models:
            for row in asked.filter(pc.equal(asked.column("model"), model)).to_pylist():
                at_bound = (model, row["acquisition"], row["component"]) in bounded
                self._take(row, errors.get((row["acquisition"], row["region"])), at_bound)

    def _take(self, row: Row, error: Row | None, at_bound: bool) -> None:
        line, number = self.lines.get((row["core_level"], row["species"])), row["acquisition"]
        if line is None or line.holder[number] >= 0:
            return
        line.holder[number] = self._place(self.holders, (row["model"], row["component"]))
        reason = _reason(row, error, at_bound)
        line.reason[number] = self._place(self.reasons, reason)
        if error is not None and not reason:
            line.position_ev[number], line.stderr_ev[number] = row["position_ev"], row["position_stderr_ev"]
            line.drift_stderr_ev[number] = error["drift_stderr_ev"]
            line.shift_stderr_ev[number] = error["shift_stderr_ev"]


def _keys(table: pa.Table, columns: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    return zip(*(table.column(name).to_pylist() for name in columns), strict=True)


def _reason(row: Row, error: Row | None, at_bound: bool) -> str:
    """Return why a component's position is no finding, empty if it is one; ``error`` None: region not measured."""
    name = f"{row['species']} of {row['core_level']}"
    if error is None:
        return f"region {row['region']} was not measured"
    if row["area_cps_ev"] is None:
        return f"the fit of {name} failed"
    if not row["detected"]:
        return f"{name} was not detected"
    if at_bound:
        return f"the position of {name} is at a bound of its fit"
    return f"the position of {name} has no standard error" if row["position_stderr_ev"] is None else ""


def _groups(positions: Sequence[Row]) -> list[frozenset[str]]:
    """Return sets of components whose positions hang together by ties, soft or exact."""
    groups: list[frozenset[str]] = []
    for row in positions:
        if row["tied_to"] is not None:
            joined = frozenset((row["component"], row["tied_to"]))
            touching = [group for group in groups if group & joined]
            groups = [group for group in groups if not group & joined] + [joined.union(*touching)]
    return groups


def _given(positions: Sequence[Row], tied: Mapping[str, Sequence[frozenset[str]]]) -> frozenset[tuple[str, str]]:
    """Return the components whose energy the model gives as a number, or by ties to one that it gives so."""
    given = {(row["model"], row["component"]) for row in positions if row["status"] == "fixed"}
    hanging = {
        (model, name)
        for model, groups in tied.items()
        for group in groups
        if any((model, member) in given for member in group)
        for name in group
    }
    return frozenset(given | hanging)


class Pair(NamedTuple):
    """Two lines that a declared check compares, each array over the acquisitions of the series.

    ``reason`` is why there is no distance (a place in ``Series.reasons``, 0 where there is one), ``imposed`` where the
    fit was told it.
    """

    differences: Differences
    reason: Places
    imposed: Mask

    @property
    def found(self) -> Differences:
        """The distances that the fits found."""
        return self.differences.taken((self.reason == 0) & ~self.imposed)


def pair(series: Series, item: Mapping[str, Any]) -> Pair:
    """Return what ``item`` compares, one line minus the other."""
    one, other = (series.lines[item[f"{side}core_level"], item[f"{side}species"]] for side in ("", "minus_"))
    differences = Differences(
        series.acquisitions,
        one.position_ev - other.position_ev,
        np.hypot(one.stderr_ev, other.stderr_ev),
        np.hypot(one.drift_stderr_ev, other.drift_stderr_ev),
    )
    return Pair(differences, np.where(one.reason > 0, one.reason, other.reason), series.imposed(one, other))
