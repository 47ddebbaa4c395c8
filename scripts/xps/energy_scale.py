"""Stage check_energy_scale: is the calibrated energy scale what it claims to be?

Three kinds of check, each able to see one thing and blind to another
- ``drift``: two lines of one phase in two regions of a cycle. Their distance does not know the reference, so that it
  tests the assignment and the drift between the regions, never the reference itself. A distance that a tie of the fit
  imposes, or a position that the model gives as a number, is ``imposed``: no check at all.
- ``reference_step``: the reference line (C 1s) against a line of the matrix, relative to the first cycle in which both
  are seen. Carbon on islands that float at another potential shows here and nowhere else. Nothing in the spectra can
  tell such a step of the reference from a real shift of the matrix: the remark says so.
- ``literature``: one line, averaged over the series, against energies that are referenced to the Fermi level.

Verdicts are taken at 95 % of all that is known to move a difference: both fits, the expected value, and the declared
drift between regions of a cycle. A step somewhere in a series is looked for at every place between two cycles; its
threshold is that of all places together (Bonferroni).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import special

from xps import tables

Array = NDArray[np.float64]
Row = dict[str, Any]

Z_95 = 1.959963984540054
FALSE_ALARMS = 0.05

_DRIFT_SEES = "tests assignment and drift between the regions; blind to the reference"
_STEP_SEES = "cannot tell a step of the reference from a real shift of the matrix"
_LITERATURE_SEES = (
    "an offset may come from the reference (adventitious carbon follows the vacuum level), from a potential step at "
    "lithium metal, or from the chemistry; the check does not decide"
)


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
class _Series:
    """The fitted lines of one experiment, ready to be asked for by core level and species."""

    experiment: str
    acquisitions: tuple[int, ...]
    lines: Mapping[tuple[int, str, str], Line | str]
    tied: Mapping[str, Sequence[frozenset[str]]]
    given: frozenset[tuple[str, str]]

    def line(self, acquisition: int, core_level: str, species: str) -> Line | str:
        """Return a line, or why there is none that could be used."""
        return self.lines.get((acquisition, core_level, species), f"{species} of {core_level} was not measured")

    def imposed(self, one: Line, other: Line) -> bool:
        """Return whether the fit was told where the lines lie: by ties between them, or by a number for either."""
        if {(one.model, one.component), (other.model, other.component)} & self.given:
            return True
        groups = self.tied.get(one.model, ()) if one.model == other.model else ()
        return any({one.component, other.component} <= group for group in groups)


def check(
    calibration: pa.Table,
    components: pa.Table,
    parameters: pa.Table,
    declared: Sequence[Mapping[str, Any]],
    models: Sequence[str],
) -> pa.Table:
    """Return the table ``energy_checks``: a row per declared check and cycle, and rows for the whole series.

    ``declared`` are rows of config/reference/binding_energies.csv. Where several models hold a line, the first of
    ``models`` counts.
    """
    series = _series(calibration, components, parameters, models)
    kinds = {"drift": _drift_rows, "reference_step": _step_rows, "literature": _literature_rows}
    return tables.from_rows(
        "energy_checks",
        (
            {"experiment": series.experiment, "check": item["check"], "kind": item["kind"]} | row
            for item in declared
            for row in kinds[item["kind"]](series, item)
        ),
    )


# what was fitted ----------------------------------------------------------------------------------------------------


def _series(calibration: pa.Table, components: pa.Table, parameters: pa.Table, models: Sequence[str]) -> _Series:
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
    return _Series(
        experiment=str(rows[0]["experiment"]) if rows else "",
        acquisitions=tuple(sorted({row["acquisition"] for row in rows})),
        lines=lines,
        tied=tied,
        given=_told(positions, tied),
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


def _difference(one: Line, other: Line) -> Difference:
    return Difference(
        one.acquisition,
        one.position_ev - other.position_ev,
        float(np.hypot(one.stderr_ev, other.stderr_ev)),
        float(np.hypot(one.drift_stderr_ev, other.drift_stderr_ev)),
    )


def _pair(series: _Series, item: Mapping[str, Any], acquisition: int) -> tuple[Line, Line] | str:
    one = series.line(acquisition, item["core_level"], item["species"])
    other = series.line(acquisition, item["minus_core_level"], item["minus_species"])
    if isinstance(one, str):
        return one
    return other if isinstance(other, str) else (one, other)


# the checks ---------------------------------------------------------------------------------------------------------


def _cells(value: float | None, stderr: float | None, expected: float | None, expected_stderr: float | None) -> Row:
    return {
        "value_ev": value,
        "stderr_ev": stderr,
        "expected_ev": expected,
        "expected_stderr_ev": expected_stderr,
        "imposed": False,
    }


def _untested(acquisition: int | None, item: Mapping[str, Any], reason: str) -> Row:
    return _cells(None, None, item["expected_ev"], item["stderr_ev"]) | {
        "acquisition": acquisition,
        "source": item["source"],
        "verdict": "not_testable",
        "remark": reason,
    }


def _drift_rows(series: _Series, item: Mapping[str, Any]) -> Iterator[Row]:
    expected, known = float(item["expected_ev"]), float(item["stderr_ev"])
    for acquisition in series.acquisitions:
        pair = _pair(series, item, acquisition)
        if isinstance(pair, str):
            yield _untested(acquisition, item, pair)
            continue
        found, imposed = _difference(*pair), series.imposed(*pair)
        agrees = abs(found.value_ev - expected) <= Z_95 * np.hypot(found.spread_ev, known)
        told = f"{_DRIFT_SEES}; drift declared for these regions: {found.drift_stderr_ev:.3f} eV"
        yield _cells(found.value_ev, found.stderr_ev, expected, known) | {
            "acquisition": acquisition,
            "source": item["source"],
            "imposed": imposed,
            "verdict": "imposed" if imposed else "agrees" if agrees else "differs",
            "remark": "a tie or a given position of the fit model imposes it" if imposed else told,
        }


def _step_rows(series: _Series, item: Mapping[str, Any]) -> Iterator[Row]:
    found: list[Difference] = []
    for acquisition in series.acquisitions:
        pair = _pair(series, item, acquisition)
        if isinstance(pair, str):
            yield _untested(acquisition, item, pair)
        elif series.imposed(*pair):
            yield _untested(acquisition, item, "a given position of the fit model imposes it") | {"imposed": True}
        else:
            found.append(_difference(*pair))
            yield _step_row(found[0], found[-1], item)
    yield _series_step_row(found, item)


def _step_row(first: Difference, here: Difference, item: Mapping[str, Any]) -> Row:
    """Return a cycle's row: its difference against that of the first cycle with both lines."""
    is_first = here is first
    agrees = abs(here.value_ev - first.value_ev) <= Z_95 * np.hypot(here.spread_ev, first.spread_ev)
    return _cells(here.value_ev, here.stderr_ev, first.value_ev, first.stderr_ev) | {
        "acquisition": here.acquisition,
        "source": f"{item['source']}: acquisition {first.acquisition}",
        "verdict": "not_testable" if is_first else "agrees" if agrees else "differs",
        "remark": "the cycle that the others are compared with" if is_first else _STEP_SEES,
    }


def _series_step_row(found: Sequence[Difference], item: Mapping[str, Any]) -> Row:
    """Return the row about the whole series: the largest step between two neighbouring cycles, and where."""
    if len(found) < 2:
        return _untested(None, item, "fewer than two cycles show both lines")
    step = largest_step(np.array([one.value_ev for one in found]), np.array([one.spread_ev for one in found]))
    after, before = found[step.first_after].acquisition, found[step.first_after - 1].acquisition
    return _cells(step.size_ev, step.stderr_ev, 0.0, None) | {
        "acquisition": None,
        "source": "no step expected",
        "verdict": "differs" if step.significant else "agrees",
        "remark": f"largest step of the series, between acquisitions {before} and {after}; {_STEP_SEES}",
    }


class Step(NamedTuple):
    """A step in a series: index of the first value after it, its size and standard error, and whether it is real."""

    first_after: int
    size_ev: float
    stderr_ev: float
    significant: bool


def largest_step(values: Array, spreads: Array) -> Step:
    """Return the most significant step between two neighbours of ``values`` with standard deviations ``spreads``.

    At each place the weighted means before and after are compared. Significant: the chance of one such step anywhere
    in a series without any stays below 5 % (Bonferroni over the places). Where all spreads are 0 nothing is.
    """
    weights = 1.0 / np.maximum(spreads, 1e-9) ** 2
    sums, totals = np.cumsum(weights), np.cumsum(weights * values)
    before, after = totals[:-1] / sums[:-1], (totals[-1] - totals[:-1]) / (sums[-1] - sums[:-1])
    sizes = after - before
    stderrs = np.sqrt(1.0 / sums[:-1] + 1.0 / (sums[-1] - sums[:-1]))
    place = int(np.argmax(np.abs(sizes) / stderrs))
    threshold = float(-special.ndtri(0.5 * FALSE_ALARMS / sizes.size))
    real = bool(abs(sizes[place]) > threshold * stderrs[place]) and bool(np.any(spreads > 0))
    return Step(place + 1, float(sizes[place]), float(stderrs[place]), real)


def _literature_rows(series: _Series, item: Mapping[str, Any]) -> Iterator[Row]:
    asked = [series.line(acquisition, item["core_level"], item["species"]) for acquisition in series.acquisitions]
    lines = [line for line in asked if isinstance(line, Line) and (line.model, line.component) not in series.given]
    if not lines:
        reasons = list(dict.fromkeys(line for line in asked if isinstance(line, str)))
        yield _untested(None, item, reasons[0] if reasons else "the fit model gives its position as a number")
        return
    spread = np.array([np.hypot(line.stderr_ev, line.drift_stderr_ev) for line in lines])
    weights = 1.0 / np.maximum(spread, 1e-9) ** 2
    value = float(np.average([line.position_ev for line in lines], weights=weights))
    # The error of the shift is counted once: what made it wrong in one cycle makes it wrong in all.
    stderr = float(np.hypot(np.sqrt(1.0 / weights.sum()), np.mean([line.shift_stderr_ev for line in lines])))
    expected, known = float(item["expected_ev"]), float(item["stderr_ev"])
    agrees = abs(value - expected) <= Z_95 * np.hypot(stderr, known)
    yield _cells(value, stderr, expected, known) | {
        "acquisition": None,
        "source": item["source"],
        "verdict": "agrees" if agrees else "differs",
        "remark": f"{value - expected:+.2f} eV, mean of {len(lines)} acquisitions; {_LITERATURE_SEES}",
    }
