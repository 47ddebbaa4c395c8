"""Lines that the fits found, ready for comparison: which may be used, and which the fit was told rather than found."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xps.energy_scale.rows import Row

COLUMNS = {
    "calibration": ["acquisition", "region", "drift_stderr_ev", "shift_stderr_ev", "method"],
    "components": [
        *("experiment", "model", "acquisition", "region", "component", "core_level", "species"),
        *("area_cps_ev", "detected", "position_ev", "position_stderr_ev"),
    ],
    "parameters": ["model", "acquisition", "component", "parameter", "status", "at_bound", "tied_to"],
}
"""What is looked at of each table: of a long series no more is read."""
_FITTED = ("model", "acquisition", "component")


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


def series_of(
    calibration: pa.Table,
    components: pa.Table,
    parameters: pa.Table,
    models: Sequence[str],
    species: Collection[str],
) -> Series:
    """Return the lines of ``species`` in one experiment; where several models hold one, the first of ``models`` counts.

    What a long series says of other species is not taken out of its tables.
    """
    positions = parameters.filter(pc.equal(parameters.column("parameter"), "position_ev"))
    # What the fit was told is the same in all acquisitions.
    told = positions.group_by(["model", "component", "status", "tied_to"], use_threads=False).aggregate([]).to_pylist()
    tied = {model: _groups([row for row in told if row["model"] == model]) for model in models}
    interpolated = pc.equal(calibration.column("method"), "interpolated")
    return Series(
        experiment=str(components.column("experiment")[0]) if components.num_rows else "",
        acquisitions=tuple(sorted(pc.unique(components.column("acquisition")).to_pylist())),
        lines=_lines(calibration, _with(components, "species", species), positions, models),
        tied=tied,
        given=_told(told, tied),
        unreferenced=frozenset(calibration.filter(interpolated).column("acquisition").to_pylist()),
    )


def _lines(
    calibration: pa.Table, components: pa.Table, positions: pa.Table, models: Sequence[str]
) -> dict[tuple[int, str, str], Line | str]:
    """Return the lines of these components by acquisition, core level and species."""
    keys = zip(
        *(positions.filter(positions.column("at_bound")).column(name).to_pylist() for name in _FITTED), strict=True
    )
    bounded = set(keys)
    regions = pc.unique(components.column("region")).to_pylist()
    moved = _with(calibration, "region", regions).select(COLUMNS["calibration"]).to_pylist()
    errors = {(row["acquisition"], row["region"]): row for row in moved}
    lines: dict[tuple[int, str, str], Line | str] = {}
    for model in models:
        for row in _with(components, "model", [model]).select(COLUMNS["components"]).to_pylist():
            key = (row["acquisition"], row["core_level"], row["species"])
            at_bound = (model, row["acquisition"], row["component"]) in bounded
            lines.setdefault(key, _line(row, errors.get((row["acquisition"], row["region"])), at_bound))
    return lines


def _with(table: pa.Table, column: str, texts: Collection[str]) -> pa.Table:
    return table.filter(pc.is_in(table.column(column), pa.array(sorted(texts), pa.string())))


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
