"""Lines that the fits found, ready for comparison: which may be used, and which the fit was told rather than found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

Row = dict[str, Any]


class Line(NamedTuple):
    """A line of one cycle: position and its own standard error, and what moves its region against the others (eV)."""

    acquisition: int
    position_ev: float
    stderr_ev: float
    drift_stderr_ev: float
    shift_stderr_ev: float
    model: str
    component: str


class Difference(NamedTuple):
    """Two lines of one cycle: their distance, the error of both fits, and the drift between their regions (eV)."""

    acquisition: int
    value_ev: float
    stderr_ev: float
    drift_stderr_ev: float

    @property
    def spread_ev(self) -> float:
        """Standard deviation of the distance about its true value."""
        return float(np.hypot(self.stderr_ev, self.drift_stderr_ev))


@dataclass(frozen=True, slots=True)
class Series:
    """The fitted lines of one experiment, ready to be asked for by core level and species."""

    experiment: str
    acquisitions: tuple[int, ...]
    lines: Mapping[tuple[int, str, str], Line | str]
    tied: Mapping[str, Sequence[frozenset[str]]]
    given: frozenset[tuple[str, str]]
    unreferenced: frozenset[int]

    def line(self, acquisition: int, core_level: str, species: str) -> Line | str:
        """Return a line, or why there is none that could be used."""
        return self.lines.get((acquisition, core_level, species), f"{species} of {core_level} was not measured")

    def imposed(self, one: Line, other: Line) -> bool:
        """Return whether the fit was told where the lines lie: by ties between them, or by a number for either."""
        if {(one.model, one.component), (other.model, other.component)} & self.given:
            return True
        groups = self.tied.get(one.model, ()) if one.model == other.model else ()
        return any({one.component, other.component} <= group for group in groups)


def series_of(calibration: pa.Table, components: pa.Table, parameters: pa.Table, models: Sequence[str]) -> Series:
    """Return the lines of one experiment; where several models hold one, the first of ``models`` counts."""
    errors = {(row["acquisition"], row["region"]): row for row in calibration.to_pylist()}
    positions = parameters.filter(pc.equal(parameters.column("parameter"), "position_ev")).to_pylist()
    bounded = {(row["model"], row["acquisition"], row["component"]) for row in positions if row["at_bound"]}
    rows = components.to_pylist()
    lines: dict[tuple[int, str, str], Line | str] = {}
    for model in models:
        for row in (row for row in rows if row["model"] == model):
            key = (row["acquisition"], row["core_level"], row["species"])
            at_bound = (model, row["acquisition"], row["component"]) in bounded
            lines.setdefault(key, _line(row, errors.get((row["acquisition"], row["region"])), at_bound))
    tied = {model: _groups([row for row in positions if row["model"] == model]) for model in models}
    return Series(
        experiment=str(rows[0]["experiment"]) if rows else "",
        acquisitions=tuple(sorted({row["acquisition"] for row in rows})),
        lines=lines,
        tied=tied,
        given=_told(positions, tied),
        unreferenced=frozenset(
            acquisition for (acquisition, _), row in errors.items() if row["method"] == "interpolated"
        ),
    )


def _line(row: Row, error: Row | None, at_bound: bool) -> Line | str:
    """Return a component's line if its position is a finding, else why not; ``error`` None: region not measured."""
    name = f"{row['species']} of {row['core_level']}"
    if error is None:
        return f"region {row['region']} was not measured"
    if row["area_cps_ev"] is None:
        return f"the fit of {name} failed"
    if not row["detected"]:
        return f"{name} was not detected"
    if at_bound:
        return f"the position of {name} is at a bound of its fit"
    if row["position_stderr_ev"] is None:
        return f"the position of {name} has no standard error"
    return Line(
        row["acquisition"],
        row["position_ev"],
        row["position_stderr_ev"],
        error["drift_stderr_ev"],
        error["shift_stderr_ev"],
        row["model"],
        row["component"],
    )


def _groups(positions: Sequence[Row]) -> list[frozenset[str]]:
    """Return sets of components whose positions hang together by ties, soft or exact."""
    groups: list[frozenset[str]] = []
    for row in positions:
        if row["tied_to"] is not None:
            joined = frozenset((row["component"], row["tied_to"]))
            touching = [group for group in groups if group & joined]
            groups = [group for group in groups if not group & joined] + [joined.union(*touching)]
    return groups


def _told(positions: Sequence[Row], tied: Mapping[str, Sequence[frozenset[str]]]) -> frozenset[tuple[str, str]]:
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


def difference(one: Line, other: Line) -> Difference:
    """Return ``one`` minus ``other``, of one cycle."""
    return Difference(
        one.acquisition,
        one.position_ev - other.position_ev,
        float(np.hypot(one.stderr_ev, other.stderr_ev)),
        float(np.hypot(one.drift_stderr_ev, other.drift_stderr_ev)),
    )


def pair(series: Series, item: Mapping[str, Any], acquisition: int) -> tuple[Line, Line] | str:
    """Return the two lines that a declared check compares, or why there is none."""
    one = series.line(acquisition, item["core_level"], item["species"])
    other = series.line(acquisition, item["minus_core_level"], item["minus_species"])
    if isinstance(one, str):
        return one
    return other if isinstance(other, str) else (one, other)
