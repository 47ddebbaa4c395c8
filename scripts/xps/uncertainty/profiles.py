"""Profile likelihood: how far a parameter can move before the best fit of everything else rises by a given amount.

A rise of 3.84 of the objective bounds the 95 % interval, 2.71 the 95 % upper limit of an area that cannot be negative
(S. S. Wilks, Ann. Math. Stat. 9 (1938) 60; F. James, Statistical Methods in Experimental Physics, 9.3). Intervals come
out asymmetric where the likelihood is, and open where it never rises enough before the bound: an end that lies at the
parameter's bound is flagged, not invented.

Every trial value of every parameter of every spectrum is one more fit, started from the optimum, and all of them run
through the batch solver together.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.separable.bounded import solve_held
from xps.separable.marquardt import Effort, Optimum, minimise
from xps.separable.projection import Task

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

_ROUNDS = 24
# So near to the wanted root (1.96 at 95 %), and to the end in units of its distance from the optimum, tangents are
# exact to a thousandth of a standard error.
_CLOSE = 0.03
# Roots that differ by less are one valley's.
_SAME = 5e-3
_LEAST_STEP = 1e-6
# After so many trials every other one halves the bracket, whatever tangents say.
_TANGENTS = 8
_EFFORT = Effort(decrement=1e-3, evaluations=60)


class Wanted(NamedTuple):
    """Ends to be found, one per row: which spectrum, which parameter, on which side (−1, +1), at which rise.

    Parameters count coefficients first, nonlinear ones after. ``stderr`` (may be NaN) says where to look first.
    """

    which: Indices
    what: Indices
    side: Array
    rise: Array
    stderr: Array


class Visits(NamedTuple):
    """Values that the searches tried, in no order: of which search, the value, and by how much the objective rose."""

    search: Indices
    value: Array
    rise: Array


NO_VISITS = Visits(np.empty(0, dtype=np.intp), np.empty(0), np.empty(0))


class Ends(NamedTuple):
    """Where profiles reach the wanted rise; ``open_`` where the parameter's bound came first; what was tried."""

    value: Array
    open_: Mask
    tried: Visits = NO_VISITS


def ends(task: Task, best: Optimum, wanted: Wanted, again: Array | None = None) -> Ends:
    """Return where each profile has risen as wanted; all searches share their batches of fits.

    Where lines overlap, the best fit at an end may lie in another valley than the optimum that its search set out from,
    and the counts refuse the end only in that of the optimum. An end therefore has to be one from the starts ``again``
    (spectra × nonlinear parameters) too, or it lies further out.
    """
    return _Search(task, best, wanted, again).run()


def roots(task: Task, best: Optimum, wanted: Wanted) -> Array:
    """Return the root of the rise where the standard errors say that the wanted ends are; as wanted on a parabola."""
    search = _Search(task, best, wanted)
    return search.root(np.arange(wanted.what.size), search.first)


def _first(wanted: Wanted, centre: Array) -> Array:
    """Return where to look first: where the end of a parabola would be."""
    known = np.isfinite(wanted.stderr) & (wanted.stderr > 0)
    step = np.where(known, wanted.stderr, 0.1 * np.abs(np.where(centre == 0.0, 1.0, centre)))
    return np.asarray(centre + wanted.side * np.sqrt(wanted.rise) * np.maximum(step, _LEAST_STEP))


def _limit(task: Task, wanted: Wanted) -> Array:
    """Return the bound toward which each search goes."""
    least = np.tile(np.where(task.bounded, 0.0, -np.inf), (task.lower.shape[0], 1))
    low = np.concatenate([least, task.lower], axis=1)[wanted.which, wanted.what]
    high = np.concatenate([np.full(least.shape, np.inf), task.upper], axis=1)[wanted.which, wanted.what]
    return np.where(wanted.side < 0, low, high)


class _Search:
    """Newton's method on the root of the rise, which is nearly linear in the parameter; bisection where that fails.

    Where a neighbour is used up at some place, the root lies flat before it and turns steep behind it.
    """

    def __init__(self, task: Task, best: Optimum, wanted: Wanted, again: Array | None = None) -> None:
        self.task, self.best, self.wanted, self.again = task, best, wanted, again
        both = np.concatenate([best.point.coefficients, best.point.theta], axis=1)
        self.centre = centre = np.asarray(both[wanted.which, wanted.what])
        self.limit = _limit(task, wanted)
        self.first = self._inside(_first(wanted, centre))
        self.inner, self.outer = centre.copy(), np.full(centre.size, np.nan)
        self.tangent = np.full(centre.size, np.nan)
        self.slope = _slopes(task, best, wanted)
        self.tried: list[Visits] = []

    def run(self) -> Ends:
        """Return the ends."""
        goal = np.sqrt(self.wanted.rise)
        value = self.first
        is_open = self.centre == self.limit
        running = ~is_open
        result = np.where(is_open, self.limit, value)
        for attempt in range(1, _ROUNDS + 1):
            now = np.flatnonzero(running)
            if not now.size:
                break
            root = self.root(now, value[now])
            close = self._close(now, value[now], root)
            if self.again is not None and np.any(close):
                near = now[close]
                root[close] = self._lower(near, value[near], root[close], self.again)
                close = self._close(now, value[now], root)
            short = root < goal[now]
            self.inner[now[short]], self.outer[now[~short]] = value[now[short]], value[now[~short]]
            result[now] = np.where(close, self._inside(self.tangent)[now], value[now])
            at_limit = short & (value[now] == self.limit[now])
            is_open[now[at_limit]] = True
            running[now[at_limit | close]] = False
            value = self._inside(self._next(attempt))
        # What was not found lies before the last place that the counts refuse: an interval must not end earlier.
        lost, bracketed = running, np.isfinite(self.outer)
        result = np.where(lost & bracketed, self.outer, result)
        return Ends(result, is_open | (lost & ~bracketed), self._visits())

    def _close(self, now: Indices, value: Array, root: Array) -> Mask:
        """Return which searches have found their end: where the tangent in their last place says it is."""
        left, gone = np.abs(self.tangent[now] - value), np.abs(value - self.centre[now])
        return np.asarray((np.abs(root - np.sqrt(self.wanted.rise[now])) < _CLOSE) & (left < _CLOSE * gone))

    def _visits(self) -> Visits:
        if not self.tried:
            return NO_VISITS
        search, value, rise = (np.concatenate(parts) for parts in zip(*self.tried, strict=True))
        return Visits(search, value, rise)

    def _inside(self, value: Array) -> Array:
        return np.where(self.wanted.side < 0, np.maximum(value, self.limit), np.minimum(value, self.limit))

    def _next(self, attempt: int) -> Array:
        """Return where the root's tangent in the last place is as high as wanted, or else a step on the way there."""
        bracketed = np.isfinite(self.outer)
        width = np.where(bracketed, self.outer - self.inner, 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = (self.tangent - self.inner) / width
            growth = (self.tangent - self.centre) / (self.inner - self.centre)
        share = np.where((share > 0.0) & (share < 1.0) & ((attempt < _TANGENTS) | (attempt % 2 == 1)), share, 0.5)
        growth = np.clip(np.where(growth > 1.0, growth, np.inf), 1.05, 3.0)
        grown = self.centre + (self.inner - self.centre) * growth
        return np.asarray(np.where(bracketed, self.inner + share * width, grown))

    def root(self, now: Indices, value: Array) -> Array:
        """Return the root of the rise of the objective with each parameter at ``value``, all else fitted."""
        # All else follows the profiled parameter nearly in proportion: the fit starts where it will end.
        start = self.best.point.theta[self.wanted.which[now]] + self.slope[now] * (value - self.centre[now])[:, None]
        found = self._held(now, value, start)
        self._keep(now, value, found)
        return found.root

    def _lower(self, now: Indices, value: Array, root: Array, again: Array) -> Array:
        """Return ``root``, or the lower one of fits from ``again``, in whose valley the search then goes on."""
        other = self._held(now, value, again[self.wanted.which[now]])
        lower = np.flatnonzero(other.root < root - _SAME)
        self._keep(now[lower], value[lower], _Held(*(part[lower] for part in other)))
        # What was refused beyond was refused in the old valley.
        self.outer[now[lower]] = np.nan
        return np.asarray(np.minimum(root, other.root))

    def _keep(self, now: Indices, value: Array, found: "_Held") -> None:
        """Remember a trial, and how the nonlinear parameters followed."""
        moved = (value - self.centre[now])[:, None]
        change = found.theta - self.best.point.theta[self.wanted.which[now]]
        self.slope[now] = np.where(moved == 0.0, self.slope[now], change / np.where(moved == 0.0, 1.0, moved))
        with np.errstate(divide="ignore", invalid="ignore"):
            # Of all else the objective does not depend to first order: it rises by twice the gradient that is left.
            self.tangent[now] = value + (np.sqrt(self.wanted.rise[now]) - found.root) * found.root / found.push
        self.tried.append(Visits(now, value.copy(), found.root**2))

    def _held(self, now: Indices, value: Array, start: Array) -> "_Held":
        """Return fits from ``start`` with the wanted parameters at ``value``."""
        which, what, coefficients = self.wanted.which[now], self.wanted.what[now], self.task.bounded.size
        task = self.task.copies(which)
        rows, linear = np.arange(now.size), what < coefficients
        given = np.full((now.size, coefficients), np.nan) if task.given is None else task.given.copy()
        given[rows[linear], what[linear]] = value[linear]
        lower, upper = task.lower.copy(), task.upper.copy()
        start = np.clip(start, lower, upper)
        held = rows[~linear], what[~linear] - coefficients
        lower[held] = upper[held] = start[held] = value[~linear]
        point = minimise(replace(task, given=given, lower=lower, upper=upper), start, _EFFORT).point
        rise = np.maximum(point.objective - self.best.point.objective[which], 0.0)
        return _Held(point.theta, np.sqrt(rise), -point.gradient[rows, what])


class _Held(NamedTuple):
    """Fits with a parameter held: the nonlinear parameters, the root of the rise, half its objective's derivative."""

    theta: Array
    root: Array
    push: Array


def _slopes(task: Task, best: Optimum, wanted: Wanted) -> Array:
    """Return how the nonlinear parameters follow each profiled parameter at the optimum, wanted × parameters."""
    rows = np.arange(wanted.what.size)
    pushed = np.zeros((rows.size, best.held.shape[1]))
    pushed[rows, wanted.what] = 1.0
    free = ~best.held[wanted.which]
    free[rows, wanted.what] = True
    followed = solve_held(best.point.information[wanted.which], pushed, free)
    own = followed[rows, wanted.what]
    known = own > 0.0
    return np.where(known, 1.0 / np.where(known, own, 1.0), 0.0)[:, None] * followed[:, task.bounded.size :]
