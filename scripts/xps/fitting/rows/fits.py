"""From outcomes to the rows of components, parameters, fits and curves; empty cells where a fit failed.

Whole-fit numbers stand in every region's row of ``fits``. Names of parameters carry their unit, and every number that
is needed to redraw a component (shape, doublet) is a row of ``parameters`` of its own, with status ``fixed``. A
position that the model gives as a constant is ``fixed`` too; its value holds the window's fitted ``energy_drift_ev``
(status ``nuisance``) and its error is the drift's. That of a position which a joint fit shares holds it too; what all
acquisitions have in common stands beside it as ``shared_position_ev``.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xps import backgrounds, lineshapes
from xps.fitting.judging import uncertainty
from xps.fitting.judging.lone_channels import lone_channels
from xps.fitting.judging.outcome import POOR_P_VALUE, Outcome, durbin_watson, residuals_by_region
from xps.fitting.solving import layout
from xps.fitting.solving.layout import Layout
from xps.lineshapes import drawing
from xps.models import Component, FitModel
from xps.quantiles import ONE_SIDED_95, TWO_SIDED_95

Array = NDArray[np.float64]
Row = dict[str, Any]

_FWHM_STEP = 1e-4


def _number(value: float | None) -> float | None:
    """Return a finite number or None: a table holds nothing else."""
    return float(value) if value is not None and math.isfinite(value) else None


def _error(stderr: float) -> float | None:
    """Return a standard error, None where the number was given, held at a bound, or is not determined."""
    return _number(stderr) if stderr > 0 else None


def place_of(model: FitModel, outcome: Outcome, window: int) -> Row:
    """Return the keys of every fitted table: experiment, model, acquisition and region."""
    task = outcome.task
    return {
        "experiment": task.experiment,
        "model": model.name,
        "acquisition": task.acquisition,
        "region": task.regions[window],
    }


# components ----------------------------------------------------------------------------------------------------------


def components(model: FitModel, outcome: Outcome) -> Iterator[Row]:
    """Yield one row per component."""
    for i, (part, window) in enumerate(zip(model.components, model.window_of_component, strict=True)):
        row = place_of(model, outcome, window) | {
            "component": part.name,
            "core_level": part.core_level,
            "species": part.species,
            "line": part.line,
            "shape": part.shape.type,
            "condition": condition(model, part),
        }
        if outcome.areas is not None:
            row |= area_cells(outcome, i) | _shape_cells(part, outcome, i) | _finding_cells(outcome, i)
            row["upper_limit_95_cps_ev"] = upper_limit(row)
        yield row


def condition(model: FitModel, part: Component) -> str | None:
    """Return in words which ties carry a component's numbers: what a tie imposes is not a finding."""
    ties = [tie.describe() for tie in model.ties if tie.component == part.name]
    return "; ".join(ties) or None


def area_cells(outcome: Outcome, i: int) -> Row:
    """Return what the covariance of a fit says about one area."""
    found = outcome.areas
    assert found is not None
    area, stderr, level = float(found.area[i]), float(found.stderr[i]), float(found.critical_level[i])
    half_width = TWO_SIDED_95 * stderr
    return {
        "detected": area > level if math.isfinite(level) else None,
        "area_cps_ev": _number(area),
        "area_stderr_cps_ev": _number(stderr),
        "area_low_cps_ev": _number(max(area - half_width, 0.0)) if math.isfinite(stderr) else None,
        "area_high_cps_ev": _number(area + half_width),
        "area_systematic_stderr_cps_ev": None if outcome.systematic is None else _number(outcome.systematic[i]),
        "area_fraction": _number(found.fraction[i]),
        "area_fraction_stderr": _number(found.fraction_stderr[i]),
        "area_fraction_systematic_stderr": None
        if outcome.fraction_systematic is None
        else _number(outcome.fraction_systematic[i]),
        "level_area_stderr_cps_ev": _number(found.level_stderr[i]),
        "critical_level_cps_ev": _number(level),
        "detection_limit_cps_ev": _number(found.detection_limit[i]),
        "upper_limit_95_cps_ev": _number(found.upper_limit_95[i]),
        "absent_p_value": _number(found.absent_p_value[i]),
    }


def _finding_cells(outcome: Outcome, i: int) -> Row:
    """Return the verdict with its condition, and the interval where it is not the covariance's."""
    assert outcome.problem is not None
    finding, interval = outcome.findings[i], outcome.intervals.get(outcome.problem.layout.index(i, "area"))
    cells: Row = {"verdict": finding.verdict, "interval_method": "covariance"}
    if finding.condition:
        cells["condition"] = "; ".join(finding.condition)
    if interval is not None:
        cells["area_low_cps_ev"] = _number(interval.low)
        cells["area_high_cps_ev"] = _number(interval.high)
        cells["upper_limit_95_cps_ev"] = _number(interval.upper_limit_95)
        cells["interval_method"] = interval.method
    return cells


def upper_limit(row: Row) -> float | None:
    """Return a component's upper limit, for one that is not detected at least its critical level.

    A downward fluctuation would otherwise exclude areas that this spectrum could not have shown, and a wrong statement
    of the model areas that another one finds: 1.645 systematic errors are added in squares to the limit's distance.
    """
    limit, level, area = row["upper_limit_95_cps_ev"], row["critical_level_cps_ev"], row["area_cps_ev"]
    if limit is None:
        return None
    limit = area + math.hypot(limit - area, ONE_SIDED_95 * (row["area_systematic_stderr_cps_ev"] or 0.0))
    return float(limit) if level is None or row["detected"] else max(float(limit), float(level))


def _shape_cells(part: Component, outcome: Outcome, i: int) -> Row:
    """Return position and width; empty where the area is 0, because a line that is not there has neither."""
    assert outcome.problem is not None
    assert outcome.best is not None
    assert outcome.areas is not None
    if outcome.areas.area[i] == 0.0:
        return {}
    plan, values = outcome.problem.layout, outcome.best.at.values
    position = plan.index(i, "position")
    width, width_stderr = _measured_fwhm(part.shape.type, outcome, [plan.index(i, "width"), *plan.shape_of(i)])
    return {
        "position_ev": _number(values[position]),
        "position_stderr_ev": _error(_slot_errors(outcome)[position]),
        "maximum_ev": drawing.maximum_ev(part.shape.type, numbers_of(part, plan, values, i)),
        "fwhm_ev": _number(width),
        "fwhm_stderr_ev": _error(width_stderr),
    }


def numbers_of(part: Component, plan: Layout, values: Array, i: int) -> dict[str, float]:
    """Return the numbers from which ``lineshapes.drawing`` draws a component, by the names of ``parameters``."""
    return {plan.slots[slot].parameter: float(values[slot]) for slot in plan.of_component(i)} | _constants(part)


def _measured_fwhm(shape: str, outcome: Outcome, slots: list[int]) -> tuple[float, float]:
    """Return the FWHM that one line has on a plot, and its standard error, from the slots of width and shape."""
    assert outcome.best is not None
    assert outcome.covariance is not None
    at = outcome.best.at
    numbers = at.values[slots]
    slopes = np.eye(len(slots))[0]
    if shape in lineshapes.ASYMMETRIC:
        slopes = np.array([_fwhm_slope(shape, numbers, k, at.by_theta[slot]) for k, slot in enumerate(slots)])
    error = uncertainty.standard_errors(uncertainty.propagated(slopes[None] @ at.by_theta[slots], outcome.covariance))
    return drawing.fwhm_ev(shape, *numbers), float(error[0])


def _fwhm_slope(shape: str, numbers: Array, k: int, by_theta: Array) -> float:
    """Return the derivative of the FWHM by one number, 0 where it is given."""
    if not np.any(by_theta):
        return 0.0
    step = _FWHM_STEP * np.eye(numbers.size)[k]
    ahead, behind = drawing.fwhm_ev(shape, *(numbers + step)), drawing.fwhm_ev(shape, *(numbers - step))
    return (ahead - behind) / (2.0 * _FWHM_STEP)


# parameters ----------------------------------------------------------------------------------------------------------


def parameters(model: FitModel, outcome: Outcome) -> Iterator[Row]:
    """Yield one row per number of the model: fitted, tied and fixed, components first, then windows."""
    plan = layout.of(model) if outcome.problem is None else outcome.problem.layout
    errors = _slot_errors(outcome) if outcome.best is not None else np.full(len(plan.slots), np.nan)
    for i, part in enumerate(model.components):
        for slot in [*plan.common_of(i), *plan.of_component(i)]:
            yield _slot_row(model, outcome, plan, errors, slot)
        for name, value in _constants(part).items():
            keys = place_of(model, outcome, model.window_of_component[i])
            yield keys | {
                "component": part.name,
                "parameter": name,
                "value": value,
                "status": "fixed",
                "at_bound": False,
            }
    for w, window in enumerate(model.windows):
        for slot in [i for i, found in enumerate(plan.slots) if found.component is None and found.window == w]:
            yield _slot_row(model, outcome, plan, errors, slot)
        if window.background.type == "tougaard":
            fixed = {"tougaard_b_ev2": backgrounds.TOUGAARD_B_EV2, "tougaard_c_ev2": backgrounds.TOUGAARD_C_EV2}
            for name, value in fixed.items():
                keys = place_of(model, outcome, w)
                yield keys | {"parameter": name, "value": value, "status": "fixed", "at_bound": False}


def _constants(part: Component) -> dict[str, float]:
    """Return the numbers of a component that no fit varies."""
    if part.doublet is None:
        return {}
    minor = part.doublet
    return {"splitting_ev": minor.splitting_ev, "area_ratio": minor.area_ratio, "fwhm_ratio": minor.fwhm_ratio}


def _slot_errors(outcome: Outcome) -> Array:
    """Return the standard error of every slot, tied ones propagated; NaN where undetermined, 0 where held."""
    assert outcome.problem is not None
    assert outcome.best is not None
    assert outcome.areas is not None
    assert outcome.covariance is not None
    errors = uncertainty.standard_errors(uncertainty.propagated(outcome.best.at.by_theta, outcome.covariance))
    errors[outcome.problem.layout.indices("area")] = outcome.areas.stderr
    return errors


def _slot_row(model: FitModel, outcome: Outcome, plan: Layout, errors: Array, index: int) -> Row:
    slot = plan.slots[index]
    carrier = _carrier(plan, index)
    row = place_of(model, outcome, slot.window) | {
        "component": None if slot.component is None else model.components[slot.component].name,
        "parameter": slot.parameter,
        "status": _status(plan, index),
        "tied_to": None if slot.tie is None else slot.tie.other,
        "at_bound": False,
    }
    place = np.flatnonzero(plan.varied == carrier)
    if place.size and carrier == index:
        row |= {"lower_bound": _number(plan.lower[place[0]]), "upper_bound": _number(plan.upper[place[0]])}
    if outcome.best is None:
        return row | ({"value": plan.fixed_values[index]} if row["status"] == "fixed" else {})
    value, stderr = float(outcome.best.at.values[index]), _error(float(errors[index]))
    row |= {"value": value, "stderr": stderr, "pull": _pull(outcome, plan, index)}
    row["at_bound"] = bool(place.size and outcome.best.at_bound[place[0]])
    if stderr is not None:
        half_width = TWO_SIDED_95 * stderr
        least = 0.0 if slot.kind in ("area", "baseline", "factor") else -math.inf
        row |= {"low": max(value - half_width, least), "high": value + half_width}
    interval = outcome.intervals.get(index)
    if interval is not None:
        row |= {"low": _number(interval.low), "high": _number(interval.high)}
    return row


def _carrier(plan: Layout, index: int) -> int:
    """Return the varied slot by whose bounds a slot is bounded: a fitted ratio, a common position, or itself."""
    slot = plan.slots[index]
    if slot.component is None:
        return index
    if slot.in_common:
        return plan.index(slot.component, "common")
    softly_tied_area = slot.kind == "area" and slot.tie is not None and slot.tie.soft
    return plan.index(slot.component, "ratio") if softly_tied_area else index


def _status(plan: Layout, index: int) -> str:
    slot = plan.slots[index]
    if slot.kind == "drift":
        return "nuisance"
    if slot.is_constant_position:
        return "fixed"
    if plan.others is not None and _carrier(plan, index) in plan.others.slots:
        return "shared"
    if slot.tie is not None:
        return "soft_tie" if slot.tie.soft else "exact_tie"
    return "free" if slot.varied or slot.in_common else "fixed"


def _pull(outcome: Outcome, plan: Layout, index: int) -> float | None:
    assert outcome.best is not None
    own = outcome.best.at.pulls[: len(plan.priors)]
    for prior, pull in zip(plan.priors, own, strict=True):
        if prior.slot == index:
            return float(pull) / math.sqrt(prior.share)
    return None


def name_of(model: FitModel, outcome: Outcome, index: int, plan: Layout) -> str:
    """Return ``component.parameter``, or ``region.parameter`` for a number of the window."""
    slot = plan.slots[index]
    owner = outcome.task.regions[slot.window] if slot.component is None else model.components[slot.component].name
    return f"{owner}.{slot.parameter}"


# fits, curves ---------------------------------------------------------------------------------------------------------


def fits(model: FitModel, outcome: Outcome) -> Iterator[Row]:
    """Yield one row per window; the numbers of the whole fit are the same in each."""
    whole = _whole_fit_cells(model, outcome)
    for w, window in enumerate(model.windows):
        row = place_of(model, outcome, w) | whole | {"background": window.background.type}
        yield row | (_region_cells(outcome, w, whole["message"]) if outcome.best is not None else {})


def _whole_fit_cells(model: FitModel, outcome: Outcome) -> Row:
    cells: Row = {
        "success": outcome.best is not None,
        "message": outcome.message,
        "engine": outcome.engine,
        "likelihood": model.likelihood,
        "bounds_hit": [],
    }
    best, bound, quality = outcome.best, outcome.problem, outcome.quality
    if best is None or bound is None or quality is None:
        return cells
    hit = [name_of(model, outcome, int(index), bound.layout) for index in bound.layout.varied[best.at_bound]]
    return cells | {
        "message": outcome.message + _reservations(hit, quality.p_value) + _without_level(model, outcome),
        "evaluations": best.evaluations,
        "starts": best.starts,
        "distinct_minima": best.distinct_minima,
        "points": bound.points,
        "varied": bound.varied,
        "bounds_hit": hit,
        **{name: _number(value) for name, value in quality._asdict().items()},
    }


def _reservations(hit: list[str], p_value: float | None) -> str:
    """Return in words why a converged fit deserves a look: converged and wrong reads like converged and right."""
    bounds = f"; bounds hit: {', '.join(hit)}" if hit else ""
    return bounds + (f"; poor fit: p < {POOR_P_VALUE:g}" if p_value is not None and p_value < POOR_P_VALUE else "")


def _without_level(model: FitModel, outcome: Outcome) -> str:
    """Return in words of which areas, fitted by themselves, no critical level was found."""
    assert outcome.problem is not None
    assert outcome.areas is not None
    plan, found = outcome.problem.layout, outcome.areas
    lost = [
        part.name
        for i, part in enumerate(model.components)
        if found.area[i] > 0.0
        and not math.isfinite(found.critical_level[i])
        and plan.slots[plan.index(i, "area")].tie is None
    ]
    return f"; no critical level found: {', '.join(lost)}" if lost else ""


def _region_cells(outcome: Outcome, window: int, said: str) -> Row:
    assert outcome.problem is not None
    assert outcome.best is not None
    residuals = residuals_by_region(outcome)[window]
    spectrum = outcome.problem.regions[window].spectrum
    energy, expected = spectrum.binding_energy_ev, outcome.best.at.expected[outcome.problem.limits[window]]
    alone = lone_channels(energy, spectrum.counts, expected, residuals)
    background = outcome.problem.background_cps(outcome.best.at)[window]
    low, high = int(np.argmin(energy)), int(np.argmax(energy))
    return {
        "message": f"{said}; {alone}" if alone else said,
        "durbin_watson": _number(durbin_watson(residuals)),
        "largest_residual_sigma": _number(float(np.max(np.abs(residuals)))),
        "background_low_ev": float(energy[low]),
        "background_high_ev": float(energy[high]),
        "background_low_cps": float(background[low]),
        "background_high_cps": float(background[high]),
    }


def curves(model: FitModel, outcome: Outcome) -> Iterator[dict[str, Any]]:
    """Yield one mapping of columns per region that has data; keys are lists, ready for a table."""
    fitted = outcome.best is not None and outcome.problem is not None
    for w, spectrum in enumerate(outcome.task.spectra):
        if spectrum is None:
            continue
        size, time = spectrum.channels, spectrum.time_per_channel_s
        columns: dict[str, Any] = {name: [value] * size for name, value in place_of(model, outcome, w).items()}
        columns |= {
            "channel": outcome.task.channels[w],
            "binding_energy_ev": spectrum.binding_energy_ev,
            "data_cps": spectrum.counts / time,
        }
        columns |= {name: [None] * size for name in ("envelope_cps", "background_cps", "residual_sigma")}
        if fitted:
            assert outcome.best is not None
            assert outcome.problem is not None
            expected = outcome.best.at.expected[outcome.problem.limits[w]]
            columns["envelope_cps"] = expected / time
            columns["background_cps"] = outcome.problem.background_cps(outcome.best.at)[w]
            columns["residual_sigma"] = residuals_by_region(outcome)[w]
        yield columns
