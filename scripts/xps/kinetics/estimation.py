"""Positive parameters by least squares, with profile-likelihood intervals that may stay open.

Every parameter is searched in its logarithm between bounds. Residuals are in standard deviations, so χ² = -2 ln L +
constant; an interval ends where the best χ² with the parameter held there has risen by 3.84, and is open (None) where
it has not at a bound: the data do not limit the parameter on that side.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Values = Mapping[str, float]

CHI_SQUARE_95 = 3.841458820694124
_BISECTIONS = 12
_TOLERANCE = 1e-9


class Range(NamedTuple):
    """Where a parameter is searched: bounds and starting values, all above 0."""

    low: float
    high: float
    starts: tuple[float, ...]


class Trial(NamedTuple):
    """A point of a profile: ``parameter`` held, ``values`` the best of all with it, ``rise`` χ² above the optimum's."""

    parameter: str
    values: dict[str, float]
    rise: float


@dataclass(frozen=True, slots=True)
class Estimate:
    """The optimum: values, standard errors of ln(value), intervals (None: open) and χ²; empty where it failed.

    ``trials`` are the points of all profiles, in the order of the parameters and ascending in each, the optimum among
    them. ``log_covariance`` is that of ln(value) in the order of ``values``, directions without information left out.
    """

    values: dict[str, float] = field(default_factory=dict)
    log_stderrs: dict[str, float] = field(default_factory=dict)
    intervals: dict[str, tuple[float | None, float | None]] = field(default_factory=dict)
    chi_square: float = np.nan
    trials: tuple[Trial, ...] = ()
    log_covariance: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    @property
    def success(self) -> bool:
        """Whether an optimum was found."""
        return bool(self.values)


Residual = Callable[[Values], Floats]


def estimate(residual: Residual, ranges: Mapping[str, Range], profiled: Sequence[str] | None = None) -> Estimate:
    """Return the best values within ``ranges``; intervals for ``profiled`` (all where left out)."""
    names = list(ranges)
    count = max((len(item.starts) for item in ranges.values()), default=1)
    best: tuple[float, Floats] | None = None
    for start in range(count):
        first = {name: item.starts[min(start, len(item.starts) - 1)] for name, item in ranges.items()}
        found = _minimum(residual, ranges, first, {})
        best = found if best is None or found[0] < best[0] - _TOLERANCE else best
    assert best is not None
    chi_square, logs = best
    if not np.isfinite(chi_square):
        return Estimate()
    values = {name: float(np.exp(value)) for name, value in zip(names, logs, strict=True)}
    wanted = names if profiled is None else profiled
    covariance, stderrs = _log_covariance(residual, names, logs)
    intervals, trials = {}, []
    for name in wanted:
        intervals[name], tried = _interval(residual, ranges, values, chi_square, name, stderrs[name])
        trials += tried
    return Estimate(values, stderrs, intervals, chi_square, tuple(trials), covariance)


def _minimum(residual: Residual, ranges: Mapping[str, Range], first: Values, held: Values) -> tuple[float, Floats]:
    """Return the least χ² and the logarithms of all free parameters, ``held`` ones kept as they are."""
    free = [name for name in ranges if name not in held]

    def trial(logs: Floats) -> Floats:
        return residual({**held, **{name: float(np.exp(value)) for name, value in zip(free, logs, strict=True)}})

    if not free:
        return float(np.sum(residual(held) ** 2)), np.zeros(0)
    from scipy.optimize import least_squares  # 0.3 s of import: few experiments ask for mechanisms

    low, high = (np.log([getattr(ranges[name], end) for name in free]) for end in ("low", "high"))
    start = np.clip(np.log([first[name] for name in free]), low + 1e-9, high - 1e-9)
    found = least_squares(trial, start, bounds=(low, high), xtol=1e-10, ftol=1e-10, gtol=1e-10, max_nfev=200)
    return float(2.0 * found.cost), np.asarray(found.x)


def _log_covariance(residual: Residual, names: Sequence[str], logs: Floats) -> tuple[Floats, dict[str, float]]:
    """Return covariance and standard errors of the logarithms from central differences.

    Standard errors are infinite where nothing determines a parameter; the covariance leaves those directions out.
    """
    columns = []
    for index in range(len(names)):
        ends = []
        for side in (-1, 1):
            moved = logs.copy()
            moved[index] += side * 1e-4
            ends.append(residual({name: float(np.exp(value)) for name, value in zip(names, moved, strict=True)}))
        columns.append((ends[1] - ends[0]) / 2e-4)
    if not columns:
        return np.zeros((0, 0)), {}
    jacobian = np.stack(columns, axis=1)
    values, vectors = np.linalg.eigh(jacobian.T @ jacobian)
    clear = values > 1e-10 * max(float(values[-1]), 1e-300)
    inverse = np.where(clear, 1.0 / np.where(clear, values, 1.0), 0.0)
    covariance = np.asarray((vectors * inverse) @ vectors.T, dtype=np.float64)
    lost = np.any((np.abs(vectors) > 1e-3) & ~clear, axis=1)
    spread = np.sqrt((vectors**2) @ inverse)
    return covariance, {
        name: float(np.inf if gone else one) for name, one, gone in zip(names, spread, lost, strict=True)
    }


def _interval(
    residual: Residual, ranges: Mapping[str, Range], values: Values, chi_square: float, name: str, stderr: float
) -> tuple[tuple[float | None, float | None], list[Trial]]:
    """Return both ends of the profile interval of ``name``, None for one that stays open, and all points tried."""
    centre = np.log(values[name])
    trials = [Trial(name, dict(values), 0.0)]
    first_step = float(np.clip(2.0 * stderr, 1e-3, 1.0))

    def risen(at: float, warm: Values) -> tuple[float, dict[str, float]]:
        rise, best = _rise(residual, ranges, warm, {name: float(np.exp(at))}, chi_square)
        trials.append(Trial(name, best, rise))
        return rise, best

    def end(bound: float, side: float) -> float | None:
        inner, warm = centre, dict(values)
        step = first_step
        while True:
            outer = centre + side * step if side * (centre + side * step) < side * bound else bound
            rise, warm = risen(outer, warm)
            if rise > CHI_SQUARE_95:
                break
            if outer == bound:
                return None
            inner, step = outer, 2.0 * step
        for _ in range(_BISECTIONS):
            middle = 0.5 * (inner + outer)
            rise, warm = risen(middle, warm)
            inner, outer = (inner, middle) if rise > CHI_SQUARE_95 else (middle, outer)
        return float(np.exp(0.5 * (inner + outer)))

    ends = end(np.log(ranges[name].low), -1.0), end(np.log(ranges[name].high), 1.0)
    return ends, sorted(trials, key=lambda trial: trial.values[name])


def _rise(
    residual: Residual, ranges: Mapping[str, Range], warm: Values, held: Values, chi_square: float
) -> tuple[float, dict[str, float]]:
    found, logs = _minimum(residual, ranges, warm, held)
    free = [name for name in ranges if name not in held]
    return found - chi_square, {**held, **{name: float(np.exp(v)) for name, v in zip(free, logs, strict=True)}}
