"""Many separable fits at once: bounded Levenberg-Marquardt over the nonlinear parameters, the linear ones projected.

A model is columns Φ(θ) times coefficients a. At every trial θ the coefficients are solved exactly, bounds included
(variable projection: G. H. Golub, V. Pereyra, Inverse Problems 19 (2003) R1), with Poisson weights from the model. One
Gram matrix of columns and derivatives then gives gradient, step and, inverted, the covariance of ALL parameters.

Spectra share the arithmetic, never the result: each has its own damping, steps and end, and no reduction runs over
spectra. A pool of spectra is worked on at a time (it fits the cache); who has finished makes room for the next.
Bounds are exact: a parameter whose gradient points out of its bound is held there, so that it can be ON the bound.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from xps.separable.bounded import solve_bounded, solve_held
from xps.separable.likelihood import Likelihood
from xps.separable.priors import Priors

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

# Measured: 64 and 200 are a tenth slower.
_POOL = 100
_FIRST_DAMPING = 1e-3
_LEAST_DAMPING = 1e-9
_MOST_DAMPING = 1e10
_FIRST_ROUNDS = 3
# Evaluations within which most fits end; the others begin to learn curvature.
_QUICK = 5
# A refused step is cut to a tenth at most.
_MOST_SHORTENED = 9.0
# Rounding of an objective, relative to its size: smaller changes are no judgement of a step.
_ROUNDING = 1e-12


class Shape(Protocol):
    """A model at given nonlinear parameters."""

    @property
    def columns(self) -> Array:
        """Columns, spectra × coefficients × channels."""
        ...

    def derivatives(self, coefficients: Array) -> Array:
        """Return the model's derivatives by the nonlinear parameters, spectra × parameters × channels."""
        ...


class Model(Protocol):
    """Something that makes columns out of nonlinear parameters for any choice of its spectra."""

    def shape(self, theta: Array, who: Indices) -> Shape:
        """Return the model of the spectra ``who`` at ``theta`` (spectra × parameters)."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is to be minimised.

    ``lower`` and ``upper`` bound the nonlinear parameters (spectra × parameters), ``bounded`` marks coefficients that
    stay at or above 0, ``given`` (spectra × coefficients, NaN = fitted) holds coefficients at values, as profiles do.
    """

    model: Model
    likelihood: Likelihood
    lower: Array
    upper: Array
    bounded: Mask
    priors: Priors | None = None
    given: Array | None = None

    def copies(self, which: Indices) -> "Task":
        """Return the task of fitting the spectra ``which``, any of them any number of times."""
        priors = self.priors and self.priors.taken(which)
        given = None if self.given is None else self.given[which]
        model, likelihood = _Copies(self.model, which), self.likelihood.taken(which)
        return Task(model, likelihood, self.lower[which], self.upper[which], self.bounded, priors, given)


@dataclass(frozen=True, slots=True, eq=False)
class _Copies:
    """A model whose spectrum i is the spectrum ``which[i]`` of another."""

    model: Model
    which: Indices

    def shape(self, theta: Array, who: Indices) -> Shape:
        """Return the model of the copies ``who``."""
        return self.model.shape(theta, self.which[who])


class Point(NamedTuple):
    """Spectra at some θ, with coefficients projected: objective, half its negative gradient, and information.

    Gradient and information are over coefficients first, nonlinear parameters after.
    """

    theta: Array
    coefficients: Array
    objective: Array
    gradient: Array
    information: Array


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


def evaluate(task: Task, who: Indices, theta: Array, guess: Array | None) -> Point:
    """Return the spectra ``who`` at ``theta``; ``guess`` are coefficients to start the projection from."""
    # One spectrum alone must not differ in its last bits from the same one among others: BLAS sums a strided vector
    # in another order, and the stride of a single row means nothing.
    theta = np.ascontiguousarray(theta)
    guess = None if guess is None else np.ascontiguousarray(guess)
    shape = task.model.shape(theta, who)
    columns = shape.columns
    coefficients, expected, objective = _project(task, who, columns, guess)
    design = np.concatenate([columns, shape.derivatives(coefficients)], axis=1)
    weights = task.likelihood.weights(who, expected)
    weighted = design * weights[:, None, :]
    information = np.matmul(weighted, design.transpose(0, 2, 1))
    residual = task.likelihood.data[who] - expected
    gradient = np.matmul(weighted, residual[:, :, None])[:, :, 0]
    if task.priors is not None:
        first = coefficients.shape[1]
        pulls, slopes = task.priors.pulls(who, theta), task.priors.slopes(who)
        objective = objective + np.sum(pulls**2, axis=-1)
        gradient[:, first:] -= np.matmul(pulls[:, None, :], slopes)[:, 0, :]
        information[:, first:, first:] += np.matmul(slopes.transpose(0, 2, 1), slopes)
    return Point(theta, coefficients, objective, gradient, information)


def _project(task: Task, who: Indices, columns: Array, guess: Array | None) -> tuple[Array, Array, Array]:
    """Return coefficients that minimise the objective at these columns, expected counts and objective with them.

    From a guess, one weighted solution with the guess's weights follows its own weights closely enough: the outer
    iteration repeats it. Of guess and solution the better one is kept.
    """
    likelihood, data = task.likelihood, task.likelihood.data[who]
    if guess is None:
        expected = np.maximum(data, 1.0)
        coefficients = np.zeros(columns.shape[:2])
        for _ in range(_FIRST_ROUNDS):
            coefficients = _weighted(task, who, columns, likelihood.weights(who, expected))
            expected = _expected(task, columns, coefficients)
        return coefficients, expected, likelihood.objective(who, expected)
    guess = np.where(task.bounded, np.maximum(guess, 0.0), guess)
    if task.given is not None:
        guess = np.where(np.isnan(task.given[who]), guess, task.given[who])
    before = _expected(task, columns, guess)
    coefficients = _weighted(task, who, columns, likelihood.weights(who, before))
    expected = _expected(task, columns, coefficients)
    objective, objective_before = likelihood.objective(who, expected), likelihood.objective(who, before)
    better = objective <= objective_before
    if not np.all(better):
        coefficients = np.where(better[:, None], coefficients, guess)
        expected = np.where(better[:, None], expected, before)
        objective = np.where(better, objective, objective_before)
    return coefficients, expected, objective


def _expected(task: Task, columns: Array, coefficients: Array) -> Array:
    return task.likelihood.admissible(np.matmul(coefficients[:, None, :], columns)[:, 0, :])


def _weighted(task: Task, who: Indices, columns: Array, weights: Array) -> Array:
    weighted = columns * weights[:, None, :]
    matrix = np.matmul(weighted, columns.transpose(0, 2, 1))
    right = np.matmul(weighted, task.likelihood.data[who][:, :, None])[:, :, 0]
    if task.given is None:
        return solve_bounded(matrix, right, task.bounded)
    given = task.given[who]
    return np.where(np.isnan(given), solve_bounded(*_with_given(matrix, right, given), task.bounded), given)


def _with_given(matrix: Array, right: Array, given: Array) -> tuple[Array, Array]:
    """Return the systems with some unknowns given: their columns move to the right side."""
    known = ~np.isnan(given)
    values = np.where(known, given, 0.0)
    right = np.where(known, values, right - np.matmul(matrix, values[:, :, None])[:, :, 0])
    matrix = np.where(known[:, :, None] | known[:, None, :], 0.0, matrix)
    index = np.arange(given.shape[1])
    matrix[:, index, index] += known
    return matrix, right


def free_parameters(task: Task, who: Indices, point: Point) -> Mask:
    """Return which parameters may move: not the given ones, nor those whose gradient points out of their bound."""
    free = within_bounds(task.bounded, task.lower[who], task.upper[who], point)
    if task.given is not None:
        free[:, : task.bounded.size] &= np.isnan(task.given[who])
    return free


def within_bounds(bounded: Mask, lower: Array, upper: Array, point: Point) -> Mask:
    """Return which parameters do not stand on a bound out of which their gradient points."""
    first = bounded.size
    slope_a, slope_t = point.gradient[:, :first], point.gradient[:, first:]
    blocked = bounded & (point.coefficients <= 0.0) & (slope_a <= 0.0)
    at_low, at_high = point.theta <= lower, point.theta >= upper
    stuck = (at_low & (slope_t <= 0.0)) | (at_high & (slope_t >= 0.0)) | (lower >= upper)
    return ~np.concatenate([blocked, stuck], axis=1)


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
            accepted = gained >= -_ROUNDING * np.abs(trial.objective)
            gain = np.where(np.isfinite(before), gained / np.maximum(self.predicted[who], 1e-300), 0.5)
        damping = self.damping[who]
        # Right after a refusal the damping is about right: in a curved valley, lowering it means to be refused again.
        lower = np.where(self.refused[who], 0.6, 0.1)
        factor = np.where(gain > 0.75, lower, np.where(gain < 0.25, 3.0, 1.0))
        raised = np.maximum(6.0 * damping, self._shortening(who, gained))
        self.damping[who] = np.maximum(np.where(accepted, factor * damping, raised), _LEAST_DAMPING)
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
        with np.errstate(invalid="ignore"):
            longer = np.where(slope > 0.0, 1.0 - gained / np.where(slope > 0.0, slope, 1.0), 1.0)
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
