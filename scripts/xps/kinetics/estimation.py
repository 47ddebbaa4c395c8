"""Positive parameters by least squares, with profile-likelihood intervals that may stay open.

Every parameter is searched in its logarithm between bounds. Residuals are in standard deviations, so χ² = -2 ln L +
constant; an interval ends where the best χ² with the parameter held there has risen by 3.84, and is open (None) where
it has not at a bound: the data do not limit the parameter on that side.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.least_squares import minimum
from xps.quantiles import RISE_TWO_SIDED_95

Floats = NDArray[np.float64]
Values = Mapping[str, float]

_STARTS = 3
"""Combinations of starting values that are followed to the end, the most promising ones."""
_TOLERANCE = 1e-6
"""Relative change of χ² below which a search has ended, not found something better."""
_LOG_STEP = 1e-4
_SECANTS = 30
_ROOT = float(np.sqrt(RISE_TWO_SIDED_95))
_FARTHEST = 8.0
"""Of the distance between two points of a profile: so far ahead their line is followed at the most."""
_CLOSE, _DEEPER = 2e-4, 1e-2
"""Distance to the root of 3.84 at which an interval's end is close enough: a ten-thousandth of its reach."""


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
    """Return the best values within ``ranges``; intervals for ``profiled`` (all where left out).

    Started from several points; a profile that finds less χ² than the optimum starts the search anew from there, so
    that no point of any profile lies below the optimum.
    """
    problem = _Problem(residual, ranges)
    chi_square, values = problem.best({}, problem.starts({}))
    wanted = list(ranges) if profiled is None else profiled
    while np.isfinite(chi_square):
        covariance, stderrs = _log_covariance(problem, values)
        try:
            found = {name: _interval(problem, values, chi_square, name, stderrs[name]) for name in wanted}
        except _LowerError as error:
            chi_square, values = problem.best({}, [error.values])
            continue
        intervals = {name: ends for name, (ends, _) in found.items()}
        trials = tuple(trial for _, tried in found.values() for trial in tried)
        return Estimate(values, stderrs, intervals, chi_square, trials, covariance)
    return Estimate()


class _LowerError(Exception):
    """A profile came upon ``values`` that fit better than what was taken for the optimum."""

    def __init__(self, values: dict[str, float]) -> None:
        super().__init__("a profile lies below the optimum")
        self.values = values


class _Problem(NamedTuple):
    """Residuals and where each parameter is searched."""

    residual: Residual
    ranges: Mapping[str, Range]

    def chi_square(self, values: Values) -> float:
        """Return χ² at ``values``; infinite where it is no number."""
        total = float(np.sum(np.square(self.residual(values))))
        return total if np.isfinite(total) else np.inf

    def best(self, held: Values, starts: Sequence[Values]) -> tuple[float, dict[str, float]]:
        """Return the least χ² over all ``starts`` and its values, with ``held`` kept as they are."""
        found = [self._searched(held, start) for start in starts]
        # Of equally good ones the first: in a flat valley rounding must not choose.
        least = min(chi_square for chi_square, _ in found)
        return next(one for one in found if one[0] <= least + _TOLERANCE * max(least, 1.0))

    def starts(self, held: Values) -> list[dict[str, float]]:
        """Return the most promising of all combinations of starting values, ``held`` kept as they are."""
        choices = product(*([held[name]] if name in held else item.starts for name, item in self.ranges.items()))
        starts = [dict(zip(self.ranges, values, strict=True)) for values in choices]
        return sorted(starts, key=lambda start: float(f"{self.chi_square(start):.6g}"))[:_STARTS]

    def _searched(self, held: Values, start: Values) -> tuple[float, dict[str, float]]:
        free = [name for name in self.ranges if name not in held]

        def valued(logs: Floats) -> dict[str, float]:
            return {**held, **dict(zip(free, np.exp(logs).tolist(), strict=True))}

        if not free:
            return self.chi_square(held), dict(held)
        low, high = (np.log([getattr(self.ranges[name], end) for name in free]) for end in ("low", "high"))
        first = np.log([start[name] for name in free])
        found = minimum(lambda logs: self.residual(valued(logs)), first, low, high)
        return found.chi_square, valued(found.parameters)


def _log_covariance(problem: _Problem, values: Values) -> tuple[Floats, dict[str, float]]:
    """Return covariance and standard errors of the logarithms from central differences.

    Standard errors are infinite where nothing determines a parameter; the covariance leaves those directions out.
    """
    if not values:
        return np.zeros((0, 0)), {}
    columns = []
    for name, value in values.items():
        low, high = (problem.residual({**values, name: value * np.exp(side * _LOG_STEP)}) for side in (-1, 1))
        columns.append((high - low) / (2 * _LOG_STEP))
    jacobian = np.stack(columns, axis=1)
    sizes, vectors = np.linalg.eigh(jacobian.T @ jacobian)
    clear = sizes > 1e-10 * max(float(sizes[-1]), 1e-300)
    inverse = np.where(clear, 1.0 / np.where(clear, sizes, 1.0), 0.0)
    covariance = np.asarray((vectors * inverse) @ vectors.T, dtype=np.float64)
    lost = np.any((np.abs(vectors) > 1e-3) & ~clear, axis=1)
    spread = np.sqrt((vectors**2) @ inverse)
    return covariance, {
        name: float(np.inf if gone else one) for name, one, gone in zip(values, spread, lost, strict=True)
    }


Ends = tuple[float | None, float | None]
Point = tuple[float, float, dict[str, float]]
"""A place on a profile: logarithm of the held parameter, excess of the root of the rise there, values of all."""


def _interval(
    problem: _Problem, values: dict[str, float], chi_square: float, name: str, stderr: float
) -> tuple[Ends, list[Trial]]:
    """Return both ends of the profile interval of ``name``, None for one that stays open, and all points tried."""
    optimum = Trial(name, dict(values), 0.0)
    step = float(np.clip(stderr, 1e-3, 0.5))
    low, high = (_Side(problem, optimum, chi_square, float(np.log(bound)), []) for bound in problem.ranges[name][:2])
    ends = low.end(-step), high.end(step)
    # A place that was tried from several starts counts once, with the best of them.
    tried = sorted([*low.trials, optimum, *high.trials], key=lambda trial: -trial.rise)
    places = {trial.values[name]: trial for trial in tried}
    return ends, [places[place] for place in sorted(places)]


class _Side(NamedTuple):
    """One side of a profile, from the optimum to ``bound`` (a logarithm); collects the points tried."""

    problem: _Problem
    optimum: Trial
    chi_square: float
    bound: float
    trials: list[Trial]

    def end(self, step: float) -> float | None:
        """Return where the profile crosses the threshold, first looked for ``step`` away; None where it does not."""
        inner: Point = (float(np.log(self.optimum.values[self.optimum.parameter])), -_ROOT, self.optimum.values)
        before = inner
        while True:
            at = inner[0] + step if abs(step) < abs(self.bound - inner[0]) else self.bound
            outer = self.point(at, [_ahead(before, inner, at), inner[2]])
            if outer[1] > 0.0:
                crossing = self.crossing(inner, outer)
                # A profile that is followed step by step can run into a side valley: is there none deeper?
                held = {self.optimum.parameter: float(np.exp(crossing[0]))}
                others = [crossing[2], self.optimum.values, *self.problem.starts(held)]
                outer = min((self.point(crossing[0], [start]) for start in others), key=lambda point: point[1])
                if outer[1] > -_DEEPER:
                    return float(np.exp(crossing[0]))
                self.follow_back(outer)
            elif at == self.bound:
                return None
            before, inner, step = inner, outer, 2.0 * step

    def follow_back(self, deeper: Point) -> None:
        """Fit the points so far once more from the ``deeper`` valley, nearest first; the better of both fits counts.

        What stays above the threshold, on the near side of a place that lies below it, belongs to no such valley.
        """
        name, start = self.optimum.parameter, deeper[2]
        before = [trial for trial in self.trials if trial.values[name] != start[name]]
        for trial in sorted(before, key=lambda one: abs(np.log(one.values[name]) - deeper[0])):
            *_, found = self.point(float(np.log(trial.values[name])), [start])
            again = self.trials.pop()
            if again.rise < trial.rise:
                self.trials[self.trials.index(trial)], start = again, found
        self.trials[:] = [trial for trial in self.trials if trial.rise < RISE_TWO_SIDED_95]

    def point(self, at: float, starts: Sequence[Values]) -> Point:
        """Return the best fit with the parameter held at exp(``at``), from the most promising of ``starts``."""
        held = {self.optimum.parameter: float(np.exp(at))}
        promising = sorted(starts, key=lambda start: self.problem.chi_square({**start, **held}))
        found, best = self.problem.best(held, promising[:1])
        if found < self.chi_square - _TOLERANCE * max(self.chi_square, 1.0):
            raise _LowerError(best)
        rise = max(found - self.chi_square, 0.0)
        self.trials.append(Trial(self.optimum.parameter, best, rise))
        # The root of the rise is nearly straight, which the rise is not.
        return at, float(np.sqrt(rise)) - _ROOT, best

    def crossing(self, inner: Point, outer: Point) -> Point:
        """Return the point between two at which the threshold is crossed: secants whose stale end counts half."""
        (low, below, warm), (high, above, _) = inner, outer
        middle = inner
        for _ in range(_SECANTS):
            at = (low * above - high * below) / (above - below)
            middle = self.point(at, [warm])
            if abs(middle[1]) < _CLOSE or abs(high - low) < _CLOSE:
                break
            if middle[1] > 0.0:
                high, above, below = middle[0], middle[1], 0.5 * below
            else:
                (low, below, warm), above = middle, 0.5 * above
        return middle


def _ahead(before: Point, inner: Point, at: float) -> dict[str, float]:
    """Return values at ``at`` on the straight line, in logarithms, through two points of a profile."""
    if inner[0] == before[0]:
        return inner[2]
    # Two places that lie next to each other tell no direction far ahead.
    share = min((at - inner[0]) / (inner[0] - before[0]), _FARTHEST)
    return {name: value * (value / before[2][name]) ** share for name, value in inner[2].items()}
