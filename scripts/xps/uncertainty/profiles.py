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
# Of the root of the rise, 1.96 at 95 %: half a hundredth of a standard error.
_CLOSE = 5e-3
_LEAST_STEP = 1e-6
# Between roots within this factor of the wanted one a secant is trusted.
_EVEN = 3.0
_EFFORT = Effort(decrement=1e-4, evaluations=60)


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


def ends(task: Task, best: Optimum, wanted: Wanted) -> Ends:
    """Return where each profile has risen as wanted; all searches share their batches of fits."""
    both = np.concatenate([best.point.coefficients, best.point.theta], axis=1)
    centre = np.asarray(both[wanted.which, wanted.what])
    known = np.isfinite(wanted.stderr) & (wanted.stderr > 0)
    step = np.where(known, wanted.stderr, 0.1 * np.abs(np.where(centre == 0.0, 1.0, centre)))
    search = _Search(task, best, wanted, centre, _limit(task, wanted))
    return search.run(centre + wanted.side * np.sqrt(wanted.rise) * np.maximum(step, _LEAST_STEP))


def _limit(task: Task, wanted: Wanted) -> Array:
    """Return the bound toward which each search goes."""
    least = np.tile(np.where(task.bounded, 0.0, -np.inf), (task.lower.shape[0], 1))
    low = np.concatenate([least, task.lower], axis=1)[wanted.which, wanted.what]
    high = np.concatenate([np.full(least.shape, np.inf), task.upper], axis=1)[wanted.which, wanted.what]
    return np.where(wanted.side < 0, low, high)


class _Search:
    """Regula falsi on the root of the rise, which is nearly linear in the parameter; elsewhere bisection.

    Where a neighbour is used up at some place, the root lies flat before it and turns steep behind it: a secant from
    the one to the other would creep along the flat part for ever.
    """

    def __init__(self, task: Task, best: Optimum, wanted: Wanted, centre: Array, limit: Array) -> None:
        self.task, self.best, self.wanted = task, best, wanted
        self.centre, self.limit = centre, limit
        self.inner, self.inner_root = centre.copy(), np.zeros(centre.size)
        self.outer, self.outer_root = np.full(centre.size, np.nan), np.full(centre.size, np.nan)
        self.slope = _slopes(task, best, wanted)
        self.tried: list[Visits] = []

    def run(self, first: Array) -> Ends:
        """Return the ends, the first trials at ``first``."""
        goal = np.sqrt(self.wanted.rise)
        value = self._inside(first)
        is_open = self.centre == self.limit
        running = ~is_open
        result = np.where(is_open, self.limit, value)
        for _ in range(_ROUNDS):
            now = np.flatnonzero(running)
            if not now.size:
                break
            root = self._root(now, value[now])
            short = root < goal[now]
            self.inner[now[short]], self.inner_root[now[short]] = value[now[short]], root[short]
            self.outer[now[~short]], self.outer_root[now[~short]] = value[now[~short]], root[~short]
            result[now] = value[now]
            at_limit = short & (value[now] == self.limit[now])
            is_open[now[at_limit]] = True
            running[now[at_limit | (np.abs(root - goal[now]) < _CLOSE)]] = False
            value = self._inside(self._next(goal))
        # What was not found lies before the last place that the counts refuse: an interval must not end earlier.
        lost, bracketed = running, np.isfinite(self.outer)
        result = np.where(lost & bracketed, self.outer, result)
        return Ends(result, is_open | (lost & ~bracketed), self._visits())

    def _visits(self) -> Visits:
        if not self.tried:
            return NO_VISITS
        search, value, rise = (np.concatenate(parts) for parts in zip(*self.tried, strict=True))
        return Visits(search, value, rise)

    def _inside(self, value: Array) -> Array:
        return np.where(self.wanted.side < 0, np.maximum(value, self.limit), np.minimum(value, self.limit))

    def _next(self, goal: Array) -> Array:
        bracketed = np.isfinite(self.outer)
        width = np.where(bracketed, self.outer - self.inner, 0.0)
        rise = np.maximum(np.where(bracketed, self.outer_root - self.inner_root, 1.0), 1e-12)
        even = (self.outer_root < _EVEN * goal) & (self.inner_root > goal / _EVEN)
        # A step stays a hundredth of the bracket away from its ends, so that the bracket shrinks.
        share = np.where(even, np.clip((goal - self.inner_root) / rise, 0.01, 0.99), 0.5)
        growth = np.clip(goal / np.maximum(self.inner_root, 0.1), 1.05, 3.0)
        return np.where(bracketed, self.inner + share * width, self.centre + (self.inner - self.centre) * growth)

    def _root(self, now: Indices, value: Array) -> Array:
        """Return the root of the rise of the objective with each parameter at ``value``, all else fitted."""
        which, what, coefficients = self.wanted.which[now], self.wanted.what[now], self.task.bounded.size
        task = self.task.copies(which)
        rows, linear = np.arange(now.size), what < coefficients
        given = np.full((now.size, coefficients), np.nan) if task.given is None else task.given.copy()
        given[rows[linear], what[linear]] = value[linear]
        # All else follows the profiled parameter nearly in proportion: the fit starts where it will end.
        at, moved = self.best.point.theta[which], (value - self.centre[now])[:, None]
        lower, upper, start = task.lower.copy(), task.upper.copy(), at + self.slope[now] * moved
        start = np.clip(start, lower, upper)
        held = rows[~linear], what[~linear] - coefficients
        lower[held] = upper[held] = start[held] = value[~linear]
        found = minimise(replace(task, given=given, lower=lower, upper=upper), start, _EFFORT)
        self.slope[now] = np.where(
            moved == 0.0, self.slope[now], (found.point.theta - at) / np.where(moved == 0.0, 1.0, moved)
        )
        rise = np.maximum(found.point.objective - self.best.point.objective[which], 0.0)
        self.tried.append(Visits(now, value.copy(), rise))
        return np.sqrt(rise)


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
