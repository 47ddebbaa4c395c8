"""One fit of a whole series: some nonlinear parameters shared by all spectra, everything else each spectrum's own.

The information is an arrow: each spectrum's own block, bordered by the shared parameters. Own parameters are eliminated
spectrum by spectrum, so cost and memory grow linearly with their number. The sums over spectra are exactly rounded
(``math.fsum``): the result depends, to the bit, neither on the order of the spectra nor on how they are blocked.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xps.separable.bounded import scaled_system, scales, solve_held
from xps.separable.marquardt import Effort
from xps.separable.projection import Point, Task, evaluate, within_bounds

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

_BLOCK = 64
_FIRST_DAMPING = 1e-3
_MOST_DAMPING = 1e10
_ROUNDING = 1e-12


@dataclass(frozen=True, slots=True, eq=False)
class Joint:
    """The joint optimum: each spectrum's point, and what the whole series says about the shared parameters.

    ``information`` and ``gradient`` (half the negative slope) are of the shared parameters, own ones fitted along.
    """

    point: Point
    shared: Indices
    values: Array
    covariance: Array
    information: Array
    gradient: Array
    objective: float
    decrement: float
    converged: bool
    evaluations: int


def fit_jointly(tasks: Sequence[Task], starts: Sequence[Array], shared: Indices, effort: Effort | None = None) -> Joint:
    """Return the joint fit of all spectra of all ``tasks``, the parameters ``shared`` having one value for all.

    The tasks are parts of one series that differ in their channels only. The shared parameters start at the mean of
    their starts; their bounds are the tightest of all spectra. Spectra count through, task after task.
    """
    effort = effort or Effort()
    task = _Series.of(tasks, shared)
    theta = np.clip(np.concatenate(starts), task.lower, task.upper)
    theta[:, shared] = np.clip(
        [_mean(column) for column in theta[:, shared].T], task.lower[0, shared], task.upper[0, shared]
    )
    here = _evaluate(task, theta, None)
    objective = math.fsum(here.objective)
    damping, evaluations, decrement = _FIRST_DAMPING, 1, math.inf
    while evaluations < effort.evaluations and damping < _MOST_DAMPING:
        decrement = _arrow_step(task, here, shared, 0.0)[1]
        if decrement <= effort.decrement:
            break
        step, promised = _arrow_step(task, here, shared, damping)
        first = task.bounded.size
        theta = np.clip(here.theta + step[:, first:], task.lower, task.upper)
        trial = _evaluate(task, theta, here.coefficients + step[:, :first])
        evaluations += 1
        reached = math.fsum(trial.objective)
        if reached <= objective + _ROUNDING * abs(objective):
            damping *= 0.1 if objective - reached > 0.5 * promised else 1.0
            here, objective = trial, reached
        else:
            damping *= 8.0
    common = _free(task, here, shared)[1]
    information, gradient = (_summed(part) for part in contributions(task, here, shared))
    return Joint(
        here,
        shared,
        here.theta[0, shared],
        _inverse(information, common),
        information,
        gradient,
        objective,
        decrement,
        decrement <= effort.accepted,
        evaluations,
    )


def _mean(values: Array) -> float:
    return math.fsum(values) / values.size


@dataclass(frozen=True, slots=True, eq=False)
class _Series:
    """Tasks in a row, with one box for the shared parameters."""

    tasks: tuple[Task, ...]
    lower: Array
    upper: Array

    @classmethod
    def of(cls, tasks: Sequence[Task], shared: Indices) -> "_Series":
        lower, upper = np.concatenate([t.lower for t in tasks]), np.concatenate([t.upper for t in tasks])
        lower[:, shared] = np.max(lower[:, shared], axis=0)
        upper[:, shared] = np.min(upper[:, shared], axis=0)
        return cls(tuple(tasks), lower, upper)

    @property
    def bounded(self) -> Mask:
        return self.tasks[0].bounded


def _evaluate(series: _Series, theta: Array, guess: Array | None) -> Point:
    parts, first = [], 0
    for task in series.tasks:
        spectra = task.lower.shape[0]
        for begin in range(0, spectra, _BLOCK):
            who = np.arange(begin, min(begin + _BLOCK, spectra))
            place = first + who
            parts.append(evaluate(task, who, theta[place], None if guess is None else guess[place]))
        first += spectra
    return Point(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def contributions(task: "_Series | Task", here: Point, shared: Indices) -> tuple[Array, Array]:
    """Return what each spectrum says about the shared parameters: information and gradient, own parameters fitted."""
    first = task.bounded.size
    own = within_bounds(task.bounded, task.lower, task.upper, here)
    own[:, first + shared] = False
    _, reduced = _eliminated(here, first + shared, own, np.zeros(own.shape))
    return reduced[:, :, :-1], reduced[:, :, -1]


def _free(task: _Series, here: Point, shared: Indices) -> tuple[Mask, Mask]:
    """Return which own parameters of each spectrum are free, and which shared ones by their common gradient."""
    first = task.bounded.size
    own = within_bounds(task.bounded, task.lower, task.upper, here)
    own[:, first + shared] = False
    slope = _summed(here.gradient[:, first + shared])
    value, low, high = here.theta[0, shared], task.lower[0, shared], task.upper[0, shared]
    return own, ~(((value <= low) & (slope <= 0.0)) | ((value >= high) & (slope >= 0.0)))


def _summed(values: Array) -> Array:
    """Return the exactly rounded sum over the first axis."""
    flat = values.reshape(values.shape[0], -1)
    return np.array([math.fsum(column) for column in flat.T.tolist()]).reshape(values.shape[1:])


def _eliminated(here: Point, columns: Indices, own: Mask, damping: Array) -> tuple[Array, Array]:
    """Return own⁻¹·[border | gradient] of each spectrum, and its part of the shared [matrix | right side]."""
    scale = scales(here.information) * own
    system, weight = scaled_system(here.information, scale, damping), scale[:, :, None]
    right = np.concatenate([here.information[:, :, columns], here.gradient[:, :, None]], axis=2)
    solved = np.linalg.solve(system, right * weight) * weight
    border = here.information[:, columns, :]
    reduced = np.concatenate([border[:, :, columns], here.gradient[:, columns, None]], axis=2)
    return solved, reduced - np.matmul(border, solved)


def _arrow_step(task: _Series, here: Point, shared: Indices, damping: float) -> tuple[Array, float]:
    """Return the damped step of all parameters and the fall of the objective that it promises."""
    first = task.bounded.size
    own, common = _free(task, here, shared)
    damped = np.zeros(own.shape)
    damped[:, first:] = damping
    columns = first + shared
    solved, reduced = _eliminated(here, columns, own, damped)
    total = _summed(reduced)
    move = solve_held(total[None, :, :-1], total[None, :, -1], common[None], damping)[0]
    step = solved[:, :, -1] - np.matmul(solved[:, :, :-1], move[:, None])[:, :, 0]
    step[:, columns] = move
    promised = math.fsum(np.sum(step * here.gradient, axis=-1))
    return step, promised


def _inverse(information: Array, free: Mask) -> Array:
    """Return the covariance of the shared parameters, all own ones free; 0 where one is held at its bound."""
    found = np.zeros_like(information)
    some = np.flatnonzero(free)
    if some.size:
        found[np.ix_(some, some)] = np.linalg.inv(information[np.ix_(some, some)])
    return found
