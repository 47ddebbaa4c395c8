"""Many separable fits at once: bounded Levenberg-Marquardt over the nonlinear parameters, the linear ones projected.

``projection`` evaluates spectra at trial parameters; here are the steps between. One Gram matrix per evaluation gives
gradient, step and, inverted, the covariance of ALL parameters.

Spectra share the arithmetic, never the result: each has its own damping, steps and end, and no reduction runs over
spectra. A pool of spectra is worked on at a time (it fits the cache); who has finished makes room for the next.
Bounds are exact: a parameter whose gradient points out of its bound is held there, so that it can be ON the bound.
"""

from dataclasses import dataclass

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
    search = _Search(task, np.clip(start, task.lower, task.upper), effort)
    for begin in range(0, start.shape[0], _POOL):
        search.begin(np.arange(begin, min(begin + _POOL, start.shape[0])))
    while (who := search.pool()).size:
        search.advance(who)
    return search.optimum()


class _Search:
    """The state of all spectra between evaluations."""

    def __init__(self, task: Task, start: Array, effort: Effort) -> None:
        spectra, parameters = start.shape
        coefficients = task.bounded.size
        size = coefficients + parameters
        self.task, self.effort = task, effort
        self.point = Point(
            start.copy(),
            np.zeros((spectra, coefficients)),
            np.full(spectra, np.inf),
            np.zeros((spectra, size)),
            np.zeros((spectra, size, size)),
        )
        self.damping = np.full(spectra, _FIRST_DAMPING)
        self.decrement = np.full(spectra, np.inf)
        self.step = np.zeros((spectra, size))
        self.predicted = np.zeros(spectra)
        self.evaluations = np.zeros(spectra, dtype=np.intp)
        self.held = np.zeros((spectra, size), dtype=bool)
        self.curvature = np.zeros((spectra, size, size))
        self.refused = np.zeros(spectra, dtype=bool)
        self.curved = np.zeros(spectra, dtype=bool)
        self.running = np.ones(spectra, dtype=bool)

    def pool(self) -> Indices:
        """Return the next spectra to work on."""
        return np.flatnonzero(self.running)[:_POOL]

    def begin(self, who: Indices) -> None:
        """Evaluate the spectra ``who`` at their starts."""
        self.evaluations[who] += 1
        self._judge(who, evaluate(self.task, who, self.point.theta[who], None))

    def advance(self, who: Indices) -> None:
        """Evaluate the next trial of the spectra ``who`` and judge it."""
        first = self.task.bounded.size
        step = self.step[who]
        theta = np.clip(self.point.theta[who] + step[:, first:], self.task.lower[who], self.task.upper[who])
        self.evaluations[who] += 1
        self._judge(who, evaluate(self.task, who, theta, self.point.coefficients[who] + step[:, :first]))

    def _judge(self, who: Indices, trial: Point) -> None:
        before = self.point.objective[who]
        with np.errstate(invalid="ignore"):
            gained = before - trial.objective
            accepted = np.isfinite(trial.objective) & (gained >= -_ROUNDING * np.abs(trial.objective))
            gain = np.where(np.isfinite(before), gained / np.maximum(self.predicted[who], 1e-300), 0.5)
        damping = self.damping[who]
        # Right after a refusal the damping is about right: in a curved valley, lowering it means to be refused again.
        lower = np.where(self.refused[who], 0.6, 0.1)
        factor = np.where(gain > 0.75, lower, np.where(gain < 0.25, 3.0, 1.0))
        self.damping[who] = np.maximum(damping * np.where(accepted, factor, 6.0), _LEAST_DAMPING)
        if not np.all(accepted):
            refused = who[~accepted]
            self.damping[refused] = np.maximum(self.damping[refused], self._shortening(refused, gained[~accepted]))
        self.refused[who] = ~accepted
        moved = who[accepted]
        slow = accepted & (self.evaluations[who] > _QUICK)
        if np.any(slow):
            self._learn(who[slow], Point(*(part[slow] for part in trial)))
        for mine, new in zip(self.point, trial, strict=True):
            mine[moved] = new[accepted]
        self._plan(who)

    def _shortening(self, who: Indices, gained: Array) -> Array:
        """Return the damping that takes refused steps about as far as a parabola through what is known of them says.

        Along its own direction a step feels damping only where that is no longer small beside the information there, in
        units of the information of the single parameters: up to that point it need not be raised in vain.
        """
        step, information = self.step[who], self.point.information[who]
        first = self.task.bounded.size
        slope = np.sum(step * self.point.gradient[who], axis=-1)
        single = np.diagonal(information, axis1=1, axis2=2)[:, first:]
        own = np.sum(single * step[:, first:] ** 2, axis=-1)
        stiffness = np.where(own > 0.0, _quadratic(information, step) / np.where(own > 0.0, own, 1.0), 0.0)
        # A step to where there is no finite objective has gained nothing that a parabola could be laid through.
        lost = np.where(np.isfinite(gained), -gained, np.inf)
        longer = np.where(slope > 0.0, 1.0 + lost / np.where(slope > 0.0, slope, 1.0), 1.0)
        return np.asarray(stiffness * np.clip(longer, 1.0, _MOST_SHORTENED))

    def _learn(self, who: Indices, trial: Point) -> None:
        """Learn the curvature that the expected information leaves out from how the gradient has changed.

        The structured secant update of NL2SOL (J. E. Dennis, D. M. Gay, R. E. Welsch, ACM Trans. Math. Softw. 7 (1981)
        348), sized, and like there used only where it would have foretold the last change of the objective better.
        Overlapping lines need it: their information is nearly singular and the steps without it zigzag.
        """
        here = Point(*(part[who] for part in self.point))
        step = np.concatenate([trial.coefficients - here.coefficients, trial.theta - here.theta], axis=1)
        turned = here.gradient - trial.gradient
        gained = here.objective - trial.objective
        linear = 2.0 * np.sum(step * here.gradient, axis=-1) - _quadratic(here.information, step)
        self.curved[who] = np.abs(gained - linear + _quadratic(self.curvature[who], step)) < np.abs(gained - linear)
        lacking = turned - _times(trial.information, step)
        known = _quadratic(self.curvature[who], step)
        size = np.abs(np.sum(step * lacking, axis=-1)) / np.maximum(np.abs(known), 1e-300)
        curvature = self.curvature[who] * np.minimum(size, 1.0)[:, None, None]
        rest = lacking - _times(curvature, step)
        along = np.sum(turned * step, axis=-1)
        clear = np.abs(along) > 1e-12 * np.abs(gained) + 1e-300
        along = np.where(clear, along, 1.0)[:, None, None]
        pair = rest[:, :, None] * turned[:, None, :]
        curvature += (pair + pair.transpose(0, 2, 1)) / along
        curvature -= np.sum(step * rest, axis=-1)[:, None, None] * (turned[:, :, None] * turned[:, None, :]) / along**2
        self.curvature[who] = np.where(clear[:, None, None], curvature, 0.0)

    def _plan(self, who: Indices) -> None:
        """Compute the next step of the spectra ``who``, and stop those that have arrived or cannot move."""
        first = self.task.bounded.size
        here = Point(*(part[who] for part in self.point))
        free = free_parameters(self.task, who, here)
        damping = np.zeros(free.shape)
        damping[:, first:] = self.damping[who][:, None]
        step = solve_held(here.information, here.gradient, free, damping)
        predicted = 2.0 * np.sum(step * here.gradient, axis=-1) - _quadratic(here.information, step)
        decrement = self._decrement(who, here, free, step)
        curved = np.flatnonzero(self.curved[who])
        if curved.size:
            self._bend(who, curved, here, free, damping, step, predicted)
        self.step[who] = step
        self.held[who] = ~free
        self.predicted[who] = predicted
        self.decrement[who] = decrement
        spent = self.evaluations[who] >= self.effort.evaluations
        stuck = self.damping[who] > _MOST_DAMPING
        self.running[who] = ~((decrement <= self.effort.decrement) | spent | stuck | ~np.isfinite(decrement))

    def _decrement(self, who: Indices, here: Point, free: Mask, step: Array) -> Array:
        """Return the squared distance to the minimum in units of the statistical error.

        That of a damped step is less: where it is too much already, the undamped step need not be solved for.
        """
        decrement = np.asarray(np.sum(step * here.gradient, axis=-1))
        last = (self.evaluations[who] >= self.effort.evaluations) | (self.damping[who] > _MOST_DAMPING)
        near = np.flatnonzero((decrement <= self.effort.decrement) | last)
        if near.size:
            newton = solve_held(here.information[near], here.gradient[near], free[near])
            decrement[near] = np.sum(newton * here.gradient[near], axis=-1)
        return decrement

    def _bend(
        self, who: Indices, curved: Indices, here: Point, free: Mask, damping: Array, step: Array, predicted: Array
    ) -> None:
        """Replace the steps of the spectra ``curved`` by those with learned curvature, where these lead down."""
        full = here.information[curved] + self.curvature[who[curved]]
        slope = here.gradient[curved]
        bent = solve_held(full, slope, free[curved], damping[curved])
        promise = 2.0 * np.sum(bent * slope, axis=-1) - _quadratic(full, bent)
        usable = (promise > 0.0) & (_quadratic(full, bent) > 0.0)
        step[curved[usable]] = bent[usable]
        predicted[curved[usable]] = promise[usable]

    def optimum(self) -> Optimum:
        """Return where all spectra stand."""
        converged = np.isfinite(self.point.objective) & (self.decrement <= self.effort.accepted)
        return Optimum(self.point, self.decrement, converged, self.evaluations, self.held)


def _times(matrix: Array, vector: Array) -> Array:
    return np.asarray(np.matmul(matrix, vector[:, :, None])[:, :, 0])


def _quadratic(matrix: Array, vector: Array) -> Array:
    return np.asarray(np.sum(_times(matrix, vector) * vector, axis=-1))
