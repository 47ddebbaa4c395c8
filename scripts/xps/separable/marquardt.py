"""Many separable fits at once: bounded Levenberg-Marquardt over the nonlinear parameters, the linear ones projected.

``projection`` evaluates spectra at trial parameters; here are the steps between. One Gram matrix per evaluation gives
gradient, step and, inverted, the covariance of ALL parameters.

Spectra share the arithmetic, never the result: each has its own damping, steps and end, and no reduction runs over
spectra. A pool of spectra is worked on at a time (it fits the cache); who has finished makes room for the next.
Bounds are exact: a parameter whose gradient points out of its bound is held there, so that it can be ON the bound.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.separable.bounded import solve_held
from xps.separable.projection import Point, Task, evaluate, free_parameters

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

# Measured: 64 and 200 are a tenth slower.
_POOL = 100
_FIRST_DAMPING = 1e-3
_LEAST_DAMPING = 1e-9
_MOST_DAMPING = 1e10
# Evaluations within which most fits end; the others begin to learn curvature.
_QUICK = 5
# A refused step is cut to a tenth at most.
_MOST_SHORTENED = 9.0
# Rounding of an objective, relative to its size: smaller changes are no judgement of a step.
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """Where each fit ended; ``decrement`` is the squared distance to the minimum in units of the statistical error."""

    point: Point
    decrement: Array
    converged: Mask
    evaluations: NDArray[np.intp]
    held: Mask


@dataclass(frozen=True, slots=True)
class Effort:
    """How far to go: Newton decrement aimed at, and the most evaluations of one fit."""

    decrement: float = 1e-6
    accepted: float = 1e-4
    evaluations: int = 200


def minimise(task: Task, start: Array, effort: Effort | None = None) -> Optimum:
    """Return the minimum that each spectrum reaches from its ``start`` (spectra × nonlinear parameters)."""
    effort = effort or Effort()
    search = _Search(task, effort)
    start = np.clip(start, task.lower, task.upper)
    pools = [np.arange(first, min(first + _POOL, start.shape[0])) for first in range(0, max(start.shape[0], 1), _POOL)]
    waiting = _joined([search.begun(who, start[who]) for who in pools])
    pool, ended = waiting.taken(slice(0, _POOL)), []
    waiting = waiting.taken(slice(_POOL, None))
    while pool.who.size:
        if not pool.running.all():
            ended.append(pool.taken(~pool.running))
            pool = pool.taken(pool.running)
            room = _POOL - pool.who.size
            if waiting.who.size:
                pool, waiting = _joined([pool, waiting.taken(slice(0, room))]), waiting.taken(slice(room, None))
        else:
            pool = search.advanced(pool)
    found = _joined(ended or [pool])
    found = found.taken(np.argsort(found.who))
    converged = np.isfinite(found.point.objective) & (found.decrement <= effort.accepted)
    return Optimum(found.point, found.decrement, converged, found.evaluations, ~found.free)


class _State(NamedTuple):
    """Spectra on their way: where they stand and what is to be done next; all arrays are over spectra first."""

    point: Point
    who: Indices
    evaluations: Indices
    damping: Array
    refused: Mask
    curvature: Array
    curved: Mask
    free: Mask
    step: Array
    predicted: Array
    decrement: Array
    running: Mask

    def taken(self, some: Mask | Indices | slice) -> "_State":
        """Return some of the spectra."""
        return _State._make((_some(self.point, some), *(part[some] for part in self[1:])))


def _some(point: Point, some: Mask | Indices | slice) -> Point:
    return Point(*(part[some] for part in point))


def _joined(states: Sequence[_State]) -> _State:
    """Return the spectra of all states in a row."""
    if len(states) == 1:
        return states[0]
    points, *others = zip(*states, strict=True)
    point = Point(*(np.concatenate(parts) for parts in zip(*points, strict=True)))
    return _State._make((point, *(np.concatenate(parts) for parts in others)))


class _Search:
    """The steps from one evaluation to the next."""

    def __init__(self, task: Task, effort: Effort) -> None:
        self.task, self.effort = task, effort
        self.coefficients = task.bounded.size

    def begun(self, who: Indices, start: Array) -> _State:
        """Return the spectra ``who`` at their starts."""
        point = evaluate(self.task, who, start, None)
        none = np.zeros(who.size, dtype=bool)
        evaluations, damping = np.ones(who.size, dtype=np.intp), np.full(who.size, _FIRST_DAMPING)
        return self._planned(point, who, evaluations, damping, none, np.zeros_like(point.information), none)

    def advanced(self, state: _State) -> _State:
        """Return the spectra after their next trial."""
        first, point, who = self.coefficients, state.point, state.who
        theta = np.clip(point.theta + state.step[:, first:], self.task.lower[who], self.task.upper[who])
        trial = evaluate(self.task, who, theta, point.coefficients + state.step[:, :first])
        evaluations = state.evaluations + 1
        gained = point.objective - trial.objective
        accepted = gained >= -_ROUNDING * np.abs(point.objective)
        gain = gained / np.maximum(state.predicted, 1e-300)
        # Right after a refusal the damping is about right: in a curved valley, lowering it means to be refused again.
        lower = np.where(state.refused, 0.6, 0.1)
        factor = np.where(accepted, np.where(gain > 0.75, lower, np.where(gain < 0.25, 3.0, 1.0)), 6.0)
        damping = np.maximum(state.damping * factor, _LEAST_DAMPING)
        curvature, curved = state.curvature, state.curved
        slow = np.flatnonzero(accepted & (evaluations > _QUICK))
        if slow.size:
            curvature, curved = curvature.copy(), curved.copy()
            curvature[slow], curved[slow] = _learned(_some(point, slow), _some(trial, slow), curvature[slow])
        if not accepted.all():
            refused = np.flatnonzero(~accepted)
            shortening = _shortening(_some(point, refused), state.step[refused], gained[refused], first)
            damping[refused] = np.maximum(damping[refused], shortening)
            for new, old in zip(trial, point, strict=True):
                new[refused] = old[refused]
        return self._planned(trial, who, evaluations, damping, ~accepted, curvature, curved)

    def _planned(
        self,
        point: Point,
        who: Indices,
        evaluations: Indices,
        damping: Array,
        refused: Mask,
        curvature: Array,
        curved: Mask,
    ) -> _State:
        """Return the spectra with their next step; those that have arrived or cannot move are not running any more."""
        free = free_parameters(self.task, who, point)
        damped = np.zeros(free.shape)
        damped[:, self.coefficients :] = damping[:, None]
        step = solve_held(point.information, point.gradient, free, damped)
        slope = np.vecdot(step, point.gradient)
        predicted = 2.0 * slope - _quadratic(point.information, step)
        last = (evaluations >= self.effort.evaluations) | (damping > _MOST_DAMPING)
        decrement = self._decrement(point, free, slope, last)
        if curved.any():
            _bend(np.flatnonzero(curved), point, curvature, free, damped, step, predicted)
        running = (decrement > self.effort.decrement) & (decrement < np.inf) & ~last
        return _State(
            point, who, evaluations, damping, refused, curvature, curved, free, step, predicted, decrement, running
        )

    def _decrement(self, point: Point, free: Mask, damped: Array, last: Mask) -> Array:
        """Return the squared distance to the minimum in units of the statistical error.

        That of a damped step is less: where it is too much already, the undamped step need not be solved for.
        """
        near = np.flatnonzero((damped <= self.effort.decrement) | last)
        if not near.size:
            return damped
        slope, decrement = point.gradient[near], damped.copy()
        decrement[near] = np.vecdot(solve_held(point.information[near], slope, free[near]), slope)
        return decrement


def _bend(
    curved: Indices, point: Point, curvature: Array, free: Mask, damped: Array, step: Array, predicted: Array
) -> None:
    """Replace the steps of the spectra ``curved`` by those with learned curvature, where these lead down."""
    full, slope = point.information[curved] + curvature[curved], point.gradient[curved]
    bent = solve_held(full, slope, free[curved], damped[curved])
    along = _quadratic(full, bent)
    promise = 2.0 * np.vecdot(bent, slope) - along
    usable = (promise > 0.0) & (along > 0.0)
    step[curved[usable]] = bent[usable]
    predicted[curved[usable]] = promise[usable]


def _shortening(point: Point, step: Array, gained: Array, first: int) -> Array:
    """Return the damping that takes refused steps about as far as a parabola through what is known of them says.

    Along its own direction a step feels damping only where that is no longer small beside the information there, in
    units of the information of the single parameters (those from ``first`` on): up to that point it need not be raised
    in vain.
    """
    slope = np.vecdot(step, point.gradient)
    single = np.diagonal(point.information, axis1=1, axis2=2)[:, first:]
    own = np.sum(single * step[:, first:] ** 2, axis=-1)
    stiffness = np.where(own > 0.0, _quadratic(point.information, step) / np.where(own > 0.0, own, 1.0), 0.0)
    # A step to where there is no finite objective has gained nothing that a parabola could be laid through.
    lost = np.where(np.isfinite(gained), -gained, np.inf)
    longer = np.where(slope > 0.0, 1.0 + lost / np.where(slope > 0.0, slope, 1.0), 1.0)
    return np.asarray(stiffness * np.clip(longer, 1.0, _MOST_SHORTENED))


def _learned(here: Point, trial: Point, known: Array) -> tuple[Array, Mask]:
    """Return the curvature that the expected information leaves out, as the change of the gradient shows it.

    The structured secant update of NL2SOL (J. E. Dennis, D. M. Gay, R. E. Welsch, ACM Trans. Math. Softw. 7 (1981)
    348) of what was ``known``, sized, and whether to use it: like there only where what was known would have foretold
    the last change of the objective better. Overlapping lines need it: their information is nearly singular and the
    steps without it zigzag.
    """
    step = np.concatenate([trial.coefficients - here.coefficients, trial.theta - here.theta], axis=1)
    turned = here.gradient - trial.gradient
    gained = here.objective - trial.objective
    missed = gained - 2.0 * np.vecdot(step, here.gradient) + _quadratic(here.information, step)
    along_known = _quadratic(known, step)
    curved = np.abs(missed + along_known) < np.abs(missed)
    lacking = turned - np.matvec(trial.information, step)
    size = np.abs(np.vecdot(step, lacking)) / np.maximum(np.abs(along_known), 1e-300)
    curvature = known * np.minimum(size, 1.0)[:, None, None]
    rest = lacking - np.matvec(curvature, step)
    along = np.vecdot(turned, step)
    clear = np.abs(along) > 1e-12 * np.abs(gained) + 1e-300
    along = np.where(clear, along, 1.0)[:, None]
    half = (rest - 0.5 * np.vecdot(step, rest)[:, None] / along * turned) / along
    pair = half[:, :, None] * turned[:, None, :]
    return np.where(clear[:, None, None], curvature + pair + pair.transpose(0, 2, 1), 0.0), curved


def _quadratic(matrix: Array, vector: Array) -> Array:
    return np.asarray(np.vecdot(np.matvec(matrix, vector), vector))
