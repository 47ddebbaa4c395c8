"""What is fitted, and how far off it is: many spectra at given nonlinear parameters, the linear ones projected out.

A model is columns Φ(θ) times coefficients a. At every θ the coefficients are solved exactly, bounds included (variable
projection: G. H. Golub, V. Pereyra, Inverse Problems 19 (2003) R1), with Poisson weights from the model. One Gram
matrix of columns and derivatives then gives gradient and information of ALL parameters.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from xps.separable.bounded import solve_bounded
from xps.separable.likelihood import Likelihood
from xps.separable.priors import Priors

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

_FIRST_ROUNDS = 3


class Shape(Protocol):
    """A model at given nonlinear parameters."""

    @property
    def columns(self) -> Array:
        """Columns, spectra × coefficients × channels."""
        ...

    def jacobian(self, coefficients: Array) -> Array:
        """Return columns and derivatives by the nonlinear parameters, spectra × all parameters × channels.

        Whoever asks may overwrite it; ``columns`` are then lost.
        """
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


def evaluate(task: Task, who: Indices, theta: Array, guess: Array | None) -> Point:
    """Return the spectra ``who`` at ``theta``; ``guess`` are coefficients to start the projection from."""
    # One spectrum alone must not differ in its last bits from the same one among others: BLAS sums a strided vector
    # in another order, and the stride of a single row means nothing.
    theta = np.ascontiguousarray(theta)
    shape, likelihood = task.model.shape(theta, who), task.likelihood.taken(who)
    given = None if task.given is None else task.given[who]
    coefficients, expected = _projected(likelihood, shape.columns, guess, task.bounded, given)
    design, root = shape.jacobian(coefficients), np.sqrt(likelihood.weights(expected))
    design *= root[:, None, :]
    information = np.matmul(design, design.transpose(0, 2, 1))
    gradient = np.matvec(design, root * (likelihood.data - expected))
    objective = likelihood.objective(expected)
    if task.priors is not None:
        first = coefficients.shape[1]
        pulls, slopes = task.priors.pulls(who, theta), task.priors.slopes(who)
        objective += np.sum(pulls**2, axis=-1)
        gradient[:, first:] -= np.matmul(pulls[:, None, :], slopes)[:, 0, :]
        information[:, first:, first:] += np.matmul(slopes.transpose(0, 2, 1), slopes)
    return Point(theta, coefficients, objective, gradient, information)


def _projected(
    likelihood: Likelihood, columns: Array, guess: Array | None, bounded: Mask, given: Array | None
) -> tuple[Array, Array]:
    """Return coefficients that minimise the objective at these columns, and the expected data.

    From a guess, one weighted solution with the guess's weights follows its own weights closely enough: the outer
    iteration repeats it. Of guess and solution the better one is kept.
    """

    def expected_at(coefficients: Array) -> Array:
        return likelihood.admissible(np.vecmat(coefficients, columns))

    def solution_near(expected: Array, above: Mask | None) -> Array:
        return _solution(columns, likelihood.data, likelihood.weights(expected), bounded, given, above)

    # What was at 0 mostly stays there.
    above = None if guess is None else guess > 0.0
    if guess is None or likelihood.quadratic:
        expected = np.maximum(likelihood.data, 1.0)
        for _ in range(1 if likelihood.quadratic else _FIRST_ROUNDS):
            coefficients = solution_near(expected, above)
            expected, above = expected_at(coefficients), coefficients > 0.0
        return coefficients, expected
    guess = np.where(bounded, np.maximum(guess, 0.0), guess)
    if given is not None:
        guess = np.where(np.isnan(given), guess, given)
    before = expected_at(guess)
    coefficients = solution_near(before, above)
    expected = expected_at(coefficients)
    worse = ~(likelihood.objective(expected) <= likelihood.objective(before))
    if worse.any():
        coefficients[worse], expected[worse] = guess[worse], before[worse]
    return coefficients, expected


def _solution(
    columns: Array, data: Array, weights: Array, bounded: Mask, given: Array | None, above: Mask | None
) -> Array:
    """Return the coefficients with the least weighted squares; ``above`` guesses which are above 0."""
    weighted = columns * weights[:, None, :]
    matrix = np.matmul(weighted, columns.transpose(0, 2, 1))
    right = np.matvec(weighted, data)
    if given is None:
        return solve_bounded(matrix, right, bounded, above)
    above = None if above is None else above | ~np.isnan(given)
    return np.where(np.isnan(given), solve_bounded(*_with_given(matrix, right, given), bounded, above), given)


def _with_given(matrix: Array, right: Array, given: Array) -> tuple[Array, Array]:
    """Return the systems with some unknowns given: their columns move to the right side."""
    known = ~np.isnan(given)
    values = np.where(known, given, 0.0)
    right = np.where(known, values, right - np.matvec(matrix, values))
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
