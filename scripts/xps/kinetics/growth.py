"""Which law an interphase grows by: thicknesses and the operator's log in, rows of ``kinetics`` out.

Free in every fit are the utilisation (share of the beam's charge that arrives as lithium in the analysed spot) and the
law's constants; the mean free paths' common error multiplies all thicknesses and is a nuisance with its 15 % as prior.
Thicknesses of which only a lower limit is known take part as censored data. Laws compete by BIC as everywhere here.

A metal line that is not seen is data too: metal left over would show. Its windows before the first detection take part
in the fits as measurements of nothing, and two lower bounds on the constant of diffusion follow from them.
``K_lower_flux`` is where the law just takes what arrives in the last dose before such a window, K = (ν s)² t.
``K_lower_detection`` is where the metal left over, averaged over each of those windows, would just reach its 95 % upper
limit; it is lower, because metal reacts on while it is measured.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from xps.attenuation import RELATIVE_STDERR
from xps.kinetics.estimation import Estimate, Floats, Range, Values, estimate
from xps.kinetics.growth_laws import GROWTH_LAWS, Plating, window_means, windows_of
from xps.kinetics.regression import LawFit, choices, verdict_of
from xps.kinetics.verdicts import not_testable
from xps.quantiles import ONE_SIDED_95

MODEL_FLOOR = 0.01
"""ASSUME a thickness is never known better than 1 %, counting apart: films are not perfectly flat nor even."""
_CENSORED_SHARE = 0.05
_UTILISATION = Range(1e-4, 1.0, (0.03, 0.3))
_RANGES = {
    "k": Range(1e-4, 1e4, (0.2, 5.0)),
    "K": Range(1e-3, 1e6, (1.0, 100.0)),
    "ks": Range(1e-3, 1e5, (1.0, 100.0)),
    "k0": Range(1e-3, 1e7, (10.0, 1e3)),
    "xi": Range(0.05, 20.0, (1.0, 0.5)),
}
SCALE = "scale"
"""The mean free paths' common error, which multiplies every thickness."""


class Course(NamedTuple):
    """What growth is fitted to: thicknesses (nm) with errors or lower limits (NaN the other), windows and doses."""

    thickness_nm: Floats
    stderr_nm: Floats
    lower_limit_nm: Floats
    windows_min: Floats
    doses: tuple[Plating, ...]
    """At full utilisation: all charge arrives as lithium."""
    per_lithium: float
    metal: "Metal"


class Metal(NamedTuple):
    """Windows (n, 2) in min in which the metal's line was not seen, and its 95 % upper limits there (nm of metal)."""

    upper_limit_nm: Floats
    windows_min: Floats


def fits(course: Course, laws: Sequence[str]) -> tuple[list[LawFit], list[Estimate], list[str]]:
    """Return each law's fit, its estimate with intervals, and which law is chosen."""
    estimates = [_fitted(course, law) for law in laws]
    judged = [_judged(law, course, found) for law, found in zip(laws, estimates, strict=True)]
    # The null is a film that was there from the start: χ² of the mean thickness.
    known = np.isfinite(course.thickness_nm)
    null = None
    if np.sum(known) > 1:
        weights = 1.0 / _errors(course)[known] ** 2
        mean = np.average(course.thickness_nm[known], weights=weights)
        null = float(np.sum(weights * (course.thickness_nm[known] - mean) ** 2) + np.log(np.sum(known)))
    return judged, estimates, choices(judged, null)


def parameter_units(law: str) -> dict[str, str]:
    """Return the parameters that are reported for ``law`` with their units."""
    return {"utilisation": "1", **GROWTH_LAWS[law].parameters}


def _errors(course: Course) -> Floats:
    return np.asarray(np.hypot(course.stderr_nm, MODEL_FLOOR * np.nan_to_num(course.thickness_nm)))


def _fitted(course: Course, law: str) -> Estimate:
    if len(course.thickness_nm) <= 1:
        return Estimate()
    known = np.isfinite(course.thickness_nm)
    censored = ~known & np.isfinite(course.lower_limit_nm)
    stderrs = _errors(course)
    limit = course.lower_limit_nm[censored]
    unlikely = _unlikely if censored.any() else np.zeros_like
    films = len(course.windows_min)
    # One walk through the series for the windows of the film's line and of the metal's.
    windows = windows_of(course.doses, np.concatenate([course.windows_min, course.metal.windows_min]))

    def residual(values: Values) -> Floats:
        film, left = window_means(law, values, course.per_lithium, windows, values["utilisation"])
        seen = film[:films] * values[SCALE]
        # A 95 % limit: the film is thicker with 1.64 standard deviations to spare.
        room = (seen[censored] / limit - 1.0) / _CENSORED_SHARE + ONE_SIDED_95
        return np.concatenate(
            [
                (seen[known] - course.thickness_nm[known]) / stderrs[known],
                unlikely(room),
                ONE_SIDED_95 * left[films:] / course.metal.upper_limit_nm,
                [np.log(values[SCALE]) / RELATIVE_STDERR],
            ]
        )

    ranges = {"utilisation": _UTILISATION, **{name: _RANGES[name] for name in GROWTH_LAWS[law].parameters}}
    return estimate(residual, {**ranges, SCALE: Range(0.4, 2.5, (1.0,))}, profiled=list(ranges))


def _unlikely(room: Floats) -> Floats:
    """Return what a limit adds to the residuals: the root of -2 ln of its probability, ``room`` standard deviations."""
    from scipy.special import log_ndtr  # 0.15 s of import: few films hide their substrate

    return np.asarray(np.sqrt(-2.0 * log_ndtr(room)))


def _judged(law: str, course: Course, found: Estimate) -> LawFit:
    points = int(np.sum(np.isfinite(course.thickness_nm) | np.isfinite(course.lower_limit_nm)))
    names = list(parameter_units(law))
    if points <= 1:
        return LawFit(law, not_testable("one cycle" if points else "no thickness"), points)
    if points < len(names) + 2:
        return LawFit(law, not_testable(f"{points} points for {len(names)} parameters"), points)
    if not found.success:
        return LawFit(law, not_testable("the fit failed"), points)
    values = tuple(found.values[name] for name in names)
    stderrs = tuple(found.values[name] * found.log_stderrs[name] for name in names)
    intervals = tuple(found.intervals[name] for name in names)
    verdict = verdict_of(found.chi_square, points - len(names))
    return LawFit(law, verdict, points, values, stderrs, intervals, found.chi_square)


def open_ends(found: Estimate, law: str) -> Iterator[str]:
    """Yield words on every parameter that the thicknesses do not limit."""
    for name in parameter_units(law):
        sides = [side for side, end in zip(("below", "above"), found.intervals[name], strict=True) if end is None]
        if sides:
            yield f"{name} is open {' and '.join(sides)}"


class Bound(NamedTuple):
    """A lower bound of K (nm²/min): at the best utilisation, and at the ends of its interval."""

    value: float
    low: float | None
    high: float | None


def flux_bound(course: Course, utilisation: Values) -> Bound:
    """Return K at which diffusion just takes what arrives up to the last window without metal, or to the end.

    ``utilisation`` holds its value and the ends ``low`` and ``high`` of its interval.
    """
    seen = course.metal.windows_min
    doses = [dose for dose in course.doses if not len(seen) or dose.end_min <= seen[-1, 1]]

    def bound(share: float) -> float:
        total = sum((dose.end_min - dose.start_min) * dose.supply_nm_min for dose in doses)
        last = doses[-1].supply_nm_min
        return float(course.per_lithium**2 * share**2 * total * last)

    return Bound(*(bound(utilisation[end]) for end in ("value", "low", "high")))


def detection_bound(course: Course, utilisation: Values) -> Bound:
    """Return the smallest K at which no window would have shown more metal than its upper limit."""
    metal = course.metal
    windows = windows_of(course.doses, metal.windows_min)

    def excess(constant: float, share: float) -> float:
        _, left = window_means("parabolic", {"K": constant}, course.per_lithium, windows, share)
        return float(np.max(left - metal.upper_limit_nm))

    def bound(share: float) -> float:
        low, high = _RANGES["K"].low, _RANGES["K"].high
        if excess(low, share) <= 0:
            return low
        for _ in range(40):
            middle = float(np.sqrt(low * high))
            low, high = (middle, high) if excess(middle, share) > 0 else (low, middle)
        return high

    return Bound(*(bound(utilisation[end]) for end in ("value", "low", "high")))
