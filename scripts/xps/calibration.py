"""Stage calibrate_energy: from recorded to calibrated binding energies, with the uncertainty of the step.

Modes of the experiment's ``energy_reference``
- ``fitted``: one line of each acquisition (usually adventitious C 1s; any other level and component will do) is fitted
  on the RECORDED axis with its own background and put at its assigned energy. Charging may move it by electronvolts,
  so the whole model is first shifted over ± 4 eV in steps, areas and baseline solved at each step; the likeliest place
  is then refined by the fit of the model, on the axis which that fit itself calibrates.
- ``fixed``: one given shift for everything. ``none``: recorded energies are kept. Nothing is measured in either, so
  their ``shift_stderr_ev`` and ``drift_stderr_ev`` are 0, which there means "not estimated", never "exact"; the fits
  then take constant positions as they are given.

A cycle without a usable reference (fresh lithium carries no carbon) gets a shift interpolated between its neighbours
and an uncertainty that grows with the distance to them. Adventitious carbon aligns with the vacuum level of the sample
(IUPAC Gold Book 09305: it "does not determine the true charging potential"): a common error of all energies of a cycle
remains, which no statistics shows.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xps import cycles, fitting, pieces, tables
from xps.cycles import Block, Regions
from xps.errors import ConfigError
from xps.fitting import layout, likelihood, minimiser, problem
from xps.models import FitModel, Span
from xps.spectra import Spectrum

LOGGER = logging.getLogger(__name__)

Array = NDArray[np.float64]

# Acquisitions in memory at once.
_PIECE = 64
SEARCH_EV = 4.0
_SEARCH_STEP_EV = 0.1
_CANDIDATES = 3
# Shifts that explain this share of what the best one explains are equally likely: steps of 0.1 eV and the model's
# starting widths are too coarse for more. Among them the one with the larger reference line comes first.
_EQUALLY_LIKELY = 0.95
_REFINEMENTS = 8
_SETTLED_EV = 0.005
# ASSUME a refined position within 0.5 eV of the assigned energy: the search has come within a step of 0.1 eV.
_REFINED_WITHIN_EV = 0.5
# ASSUME a position known worse than 0.15 eV no reference: interpolating over a cycle is then as good.
USABLE_STDERR_EV = 0.15
# ASSUME 0.03 eV of drift between the reference's region and another one of the same cycle, up to an hour apart.
DRIFT_STDERR_EV = 0.03
# ASSUME a charging walk of 0.3 eV per cycle where a series does not show its own (fewer than two usable cycles).
_WALK_EV = 0.3


class Found(NamedTuple):
    """The recorded energy of the reference line and its standard error (eV)."""

    energy_ev: float
    stderr_ev: float


class Shift(NamedTuple):
    """A cycle's shift and its standard error (eV), how it came about, and the line it rests on (if any)."""

    shift_ev: float
    stderr_ev: float
    method: str
    found: Found | None


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference line: its model (one window), the component in it, and the energy it is given (eV)."""

    model: FitModel
    component: int
    energy_ev: float


def calibrate(
    acquisitions: pa.Table,
    spectra: pa.Table,
    reference: Mapping[str, Any],
    model: FitModel | None = None,
    engine: str = fitting.ENGINES[0],
    seed: int = 0,
) -> pa.Table:
    """Return the table ``calibration``: one row per acquisition and region, shift = reference − found.

    ``reference`` is the experiment's ``energy_reference``; ``model`` holds the reference component in mode fitted.
    Excluded acquisitions are not fitted; they get an interpolated shift. ConfigError when the reference cannot be
    used: no such component, not measured, or not one usable cycle in the whole series. ``engine`` fits the line.
    """
    series = tables.Series({"acquisitions": acquisitions, "spectra": spectra})
    return tables.concatenate("calibration", list(calibrate_series(series, reference, model, engine, seed)))


def calibrate_series(
    series: tables.Series,
    reference: Mapping[str, Any],
    model: FitModel | None = None,
    engine: str = fitting.ENGINES[0],
    seed: int = 0,
    processes: int = 1,
) -> Iterator[pa.Table]:
    """Yield the rows of the table ``calibration`` in their order, as ``calibrate``; some acquisitions are in memory.

    ``series`` holds acquisitions and spectra. The number of ``processes`` changes no number.
    """
    mode, home = reference["mode"], ""
    shifts: Mapping[int, Shift] = {}
    if mode == "fitted":
        measured = cycles.summary(series)
        line = _line(reference, model, measured.experiment)
        home = _home(measured, line)
        shifts = _fitted(series, measured.experiment, line, home, engine, seed, processes)
    given = Shift(float(reference["shift_ev"]) if mode == "fixed" else 0.0, 0.0, mode, None)
    drift = float(reference.get("drift_stderr_ev", DRIFT_STDERR_EV)) if mode == "fitted" else 0.0
    name = f"{reference['level']} {reference['component']}" if mode == "fitted" else "none"
    energy = float(reference["binding_energy_ev"]) if mode == "fitted" else None
    for span in series.spans(_PIECE):
        rows = series.part("acquisitions", span).select(["experiment", "acquisition", "region"]).to_pylist()
        yield tables.from_rows(
            "calibration",
            (
                row
                | _cells(shifts.get(int(row["acquisition"]), given))
                | {
                    "reference": name,
                    "reference_binding_energy_ev": energy,
                    "drift_stderr_ev": 0.0 if row["region"] == home else drift,
                }
                for row in rows
            ),
        )


def _cells(shift: Shift) -> dict[str, Any]:
    return {
        "found_binding_energy_ev": None if shift.found is None else shift.found.energy_ev,
        "found_stderr_ev": None if shift.found is None else shift.found.stderr_ev,
        "shift_ev": shift.shift_ev,
        "shift_stderr_ev": shift.stderr_ev,
        "method": shift.method,
    }


def _line(reference: Mapping[str, Any], model: FitModel | None, experiment: str) -> Reference:
    place = f"experiment {experiment}, energy_reference"
    if model is None:
        raise ConfigError(f"{place}: mode fitted needs a fit model with component {reference['component']!r}")
    component = model.component(reference["component"])
    if component.core_level != reference["level"]:
        raise ConfigError(
            f"{place}: component {component.name!r} belongs to {component.core_level}, not {reference['level']}"
        )
    if len(model.windows) != 1:
        raise ConfigError(f"{place}: model {model.name} has several windows; the reference needs a model with one")
    tie = model.tie(component.name, "position_ev")
    if tie is not None:
        raise ConfigError(
            f"{place}: the position of {component.name!r} is tied ({tie.describe()}); refer to {tie.other}"
        )
    energy = float(reference["binding_energy_ev"])
    span = Span(energy, energy - _REFINED_WITHIN_EV, energy + _REFINED_WITHIN_EV)
    index = model.components.index(component)
    parts = tuple(replace(part, position_ev=span) if part is component else part for part in model.components)
    return Reference(replace(model, components=parts), index, energy)


def _home(measured: Regions, line: Reference) -> str:
    level = line.model.windows[0].core_level
    holding = measured.holding(level)
    if len(holding) != 1:
        found = ", ".join(holding) or "none"
        raise ConfigError(
            f"experiment {measured.experiment}, energy_reference: core level {level} must be held by one region, "
            f"found {found}; name it under regions, or use mode none, fixed, or another line"
        )
    return holding[0]


def _fitted(
    series: tables.Series, experiment: str, line: Reference, home: str, engine: str, seed: int, processes: int
) -> dict[int, Shift]:
    """Return every acquisition's shift: fitted where the reference is usable, interpolated elsewhere."""
    work = partial(_located, series, line, home, engine, seed)
    found: dict[int, Found] = {}
    for piece in pieces.mapped(work, list(series.spans(_PIECE)), processes):
        found |= piece
    if not found:
        raise ConfigError(
            f"experiment {experiment}: no acquisition has a usable reference line "
            f"{line.model.components[line.component].name} in region {home} within {SEARCH_EV:g} eV of "
            f"{line.energy_ev:g} eV; in energy_reference use mode none, mode fixed with shift_ev, or another line"
        )
    known = {
        acquisition: Shift(line.energy_ev - here.energy_ev, here.stderr_ev, "fitted", here)
        for acquisition, here in found.items()
    }
    return {number: known.get(number) or interpolated(known, number) for number in range(series.count)}


def _located(
    series: tables.Series, line: Reference, home: str, engine: str, seed: int, span: range
) -> dict[int, Found]:
    """Return where the reference line was found in each acquisition of ``span`` that has a usable one."""
    measured = cycles.regions(series.part("acquisitions", span))
    blocks = cycles.blocks(series.part("spectra", span), ("channel", "recorded_binding_energy_ev", "counts"))
    found = {}
    for acquisition in measured.acquisitions:
        block, row = blocks.get((acquisition, home)), measured.rows.get((acquisition, home))
        if block is None or row is None or row["time_per_channel_s"] is None:
            LOGGER.warning("%s, acquisition %d: region %s is missing", measured.experiment, acquisition, home)
            continue
        usable = locate(block, float(row["time_per_channel_s"]), line, engine, seed)
        if usable is not None:
            found[acquisition] = usable
    return found


def locate(
    block: Block, time_per_channel_s: float, line: Reference, engine: str = fitting.ENGINES[0], seed: int = 0
) -> Found | None:
    """Return the recorded energy of the reference line in one cycle, or None (and a log line) where it is not usable.

    Usable: the fit converged, the line's area exceeds its detection limit, its position is known better than 0.15 eV
    and lies neither at a bound of the fit nor at the edge of the search.
    """
    place = f"{block.experiment}, acquisition {block.acquisition}"
    for shift in _likely_shifts(block, time_per_channel_s, line):
        result = _refined(block, time_per_channel_s, line, shift, engine, seed)
        reason = result if isinstance(result, str) else _why_unusable(result, line)
        if isinstance(result, Found) and not reason:
            return result
        LOGGER.warning("%s: no usable reference at a shift of %+.1f eV: %s", place, shift, reason)
    return None


def _why_unusable(found: Found, line: Reference) -> str:
    if not found.stderr_ev <= USABLE_STDERR_EV:
        return f"its position is only known to {found.stderr_ev:.2f} eV"
    if abs(line.energy_ev - found.energy_ev) > SEARCH_EV:
        return f"it lies outside ± {SEARCH_EV:g} eV"
    return ""


def _task(block: Block, time_s: float, line: Reference, shift_ev: float, margin_ev: float) -> fitting.Task | None:
    """Return the reference window on the recorded axis + ``shift_ev``, widened by ``margin_ev`` at both ends."""
    window = line.model.windows[0]
    energy = block.columns["recorded_binding_energy_ev"] + shift_ev
    inside = (energy >= window.low_ev - margin_ev) & (energy <= window.high_ev + margin_ev)
    if np.count_nonzero(inside) < 2:
        return None
    counts = block.columns["counts"][inside]
    levels = line.model.core_levels
    spectrum = Spectrum(block.experiment, block.acquisition, block.region, levels, energy[inside], counts, time_s)
    return fitting.Task(
        block.experiment, block.acquisition, (block.region,), (spectrum,), (block.columns["channel"][inside],)
    )


def _likely_shifts(block: Block, time_s: float, line: Reference) -> list[float]:
    """Return the shifts at which the model explains the data best, the likeliest first.

    At each step of the search all positions and widths are the model's starting ones; only areas and baseline are
    solved. The data are the same at every step (the window widened by the search), so the deviances compare.
    """
    base = _task(block, time_s, line, 0.0, SEARCH_EV)
    if base is None or not np.any(base.found[0].counts > 0) or np.any(base.found[0].counts < 0):
        return []
    shifts = np.arange(-SEARCH_EV, SEARCH_EV + 0.5 * _SEARCH_STEP_EV, _SEARCH_STEP_EV)
    deviances, areas = np.array([_explained(base.found[0], line, float(shift)) for shift in shifts]).T
    padded = np.concatenate([[np.inf], deviances, [np.inf]])
    minima = np.flatnonzero((deviances <= padded[:-2]) & (deviances <= padded[2:]))
    explained = _without_lines(base.found[0]) - deviances
    enough = _EQUALLY_LIKELY * float(explained.max())
    rank = sorted(minima, key=lambda i: (-min(explained[i], enough), -areas[i]))
    return [float(shifts[i]) for i in rank[:_CANDIDATES]]


def _explained(spectrum: Spectrum, line: Reference, shift_ev: float) -> tuple[float, float]:
    """Return the deviance and the reference line's area at one trial shift."""
    moved = replace(spectrum, binding_energy_ev=spectrum.binding_energy_ev + shift_ev)
    bound = problem.bind(line.model, [moved])
    at = bound.evaluate(minimiser.with_linear_start(bound, bound.layout.start))
    return likelihood.deviance(bound.counts, at.expected), float(at.values[bound.layout.index(line.component, "area")])


def _without_lines(spectrum: Spectrum) -> float:
    """Return the deviance of the best constant: what there is to explain."""
    counts = spectrum.counts
    return likelihood.deviance(counts, np.full(counts.size, counts.mean()))


def _refined(block: Block, time_s: float, line: Reference, shift_ev: float, engine: str, seed: int) -> Found | str:
    """Return the reference line as the model's fit finds it on the axis which it calibrates, or why it does not."""
    start = layout.of(line.model).slot_starts
    for _ in range(_REFINEMENTS):
        task = _task(block, time_s, line, shift_ev, 0.0)
        if task is None:
            return "its window meets no data"
        outcome = fitting.fit(line.model, task, start, seed, engine)
        if outcome.best is None or outcome.areas is None or outcome.problem is None:
            return outcome.message
        if not outcome.areas.area[line.component] > outcome.areas.detection_limit[line.component]:
            return "its area is below the detection limit"
        position, stderr, at_bound = _position(outcome, line)
        missing = line.energy_ev - position
        if abs(missing) < _SETTLED_EV:
            return "its position is at a bound" if at_bound else Found(position - shift_ev, stderr)
        shift_ev += missing
    return f"its position did not settle in {_REFINEMENTS} fits"


def _position(outcome: fitting.Outcome, line: Reference) -> tuple[float, float, bool]:
    assert outcome.problem is not None
    assert outcome.best is not None
    assert outcome.covariance is not None
    plan = outcome.problem.layout
    slot = plan.index(line.component, "position")
    place = int(np.flatnonzero(plan.varied == slot)[0])
    variance = float(outcome.covariance[place, place])
    return float(outcome.best.at.values[slot]), variance**0.5, bool(outcome.best.at_bound[place])


def interpolated(known: Mapping[int, Shift], acquisition: int) -> Shift:
    """Return the shift of a cycle without reference from the nearest usable cycles on either side.

    Charging is taken as a random walk whose size the usable cycles show: between two of them the variance is that of a
    Brownian bridge, beyond the last one it grows with the number of cycles. Distances are counted in cycles.
    """
    before = max((a for a in known if a < acquisition), default=None)
    after = min((a for a in known if a > acquisition), default=None)
    walk = walk_variance(known)
    if before is None or after is None:
        nearest = after if before is None else before
        assert nearest is not None
        here = known[nearest]
        variance = here.stderr_ev**2 + walk * abs(acquisition - nearest)
        return Shift(here.shift_ev, float(np.sqrt(variance)), "interpolated", None)
    weight = (acquisition - before) / (after - before)
    first, second = known[before], known[after]
    variance = ((1 - weight) * first.stderr_ev) ** 2 + (weight * second.stderr_ev) ** 2
    variance += walk * (after - before) * weight * (1 - weight)
    shift = (1 - weight) * first.shift_ev + weight * second.shift_ev
    return Shift(float(shift), float(np.sqrt(variance)), "interpolated", None)


def walk_variance(known: Mapping[int, Shift]) -> float:
    """Return the mean squared change of the shift per cycle (eV²) between successive usable cycles."""
    places = sorted(known)
    if len(places) < 2:
        return _WALK_EV**2
    return float(np.mean([(known[b].shift_ev - known[a].shift_ev) ** 2 / (b - a) for a, b in pairwise(places)]))
