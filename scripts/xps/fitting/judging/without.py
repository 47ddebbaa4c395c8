"""Fits without one of their components: how much worse they describe the counts, and where it may be mistaken.

An energy axis may for that be anything within its 99 % range, none likelier than another. Where it is badly known, one
line may be another one moved, so that the fit without the component is looked for with each of its neighbours in its
place too; and the component may be taken for one of its neighbours (``Mistaken``), which has to be told from the counts
that are expected without it.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.fitting.solving.batch import Batch
from xps.fitting.solving.trial_places import LIKELY_DRIFT, LOOSE_AXIS_EV, drifts, loose_drifts
from xps.separable import marquardt, projection
from xps.uncertainty.detection import Mistaken

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

EFFORT = marquardt.Effort(decrement=1e-4, evaluations=100)
_NO_PRIOR = 1e9
# Of a move from one line to another, so much has to be left after the fit: less is the place that it started from.
_MOVED = 0.5


class Without(NamedTuple):
    """Of some fits without a component: ``root`` of the objective's rise, and where the component may be mistaken."""

    root: Array
    mistaken: tuple[Mistaken, ...]


def fits(part: Batch, best: marquardt.Optimum, which: Indices, component: int, column: int) -> Without:
    """Return the fits of the problems ``which`` without a component whose area is the coefficient ``column``."""
    task, theta = with_any_drift(part, which), best.point.theta[which]
    given = np.full((which.size, part.task.bounded.size), np.nan)
    given[:, column] = 0.0
    absent = replace(task, given=given)
    point = marquardt.minimise(absent, theta, EFFORT).point
    moves = list(_moves(part, component, which, theta))
    for drift, move in moves:
        other = marquardt.minimise(absent, _moved(theta, drift, -move), EFFORT).point
        point = _lower(point, other)
    here = best.point.objective[which]
    if part.task.priors is not None:
        of_drifts = [prior for _, prior in drifts(part)]
        here = here - np.sum(part.task.priors.pulls(which, theta)[:, of_drifts] ** 2, axis=1)
    mistaken = [_mistaken(part, task, point, column, which, drift, move) for drift, move in moves]
    return Without(np.sqrt(np.maximum(point.objective - here, 1e-12)), tuple(mistaken))


def with_any_drift(part: Batch, which: Indices) -> projection.Task:
    """Return the task of some problems with each drift anywhere within its 99 % range, none likelier than another."""
    task, of_axes = part.task.copies(which), drifts(part)
    if task.priors is None or not of_axes:
        return task
    stderr, lower, upper = task.priors.stderr.copy(), task.lower.copy(), task.upper.copy()
    for place, prior in of_axes:
        reach = LIKELY_DRIFT * stderr[:, prior]
        lower[:, place] = np.maximum(lower[:, place], -reach)
        upper[:, place] = np.minimum(upper[:, place], reach)
        stderr[:, prior] = _NO_PRIOR
    return replace(task, priors=replace(task.priors, stderr=stderr), lower=lower, upper=upper)


# one line taken for another ------------------------------------------------------------------------------------------


def _moves(part: Batch, component: int, which: Indices, theta: Array) -> Iterator[tuple[int, Array]]:
    """Yield, for each neighbour on the same badly known axis, the drift and how far it takes the component there.

    Moves are eV over spectra, from ``theta``; 0 where an axis is known well, or not by that much.
    """
    plan, nonlinear = part.problems[0].layout, part.compiled.nonlinear
    zero, slopes = plan.expand(np.zeros(plan.varied.size))
    place = {i: plan.index(i, "position") for i in range(len(plan.model.components))}
    at = {i: zero[slot] + theta @ slopes[slot][nonlinear] for i, slot in place.items()}
    for drift, stderr in loose_drifts(part):
        on_axis = [i for i, slot in place.items() if slopes[slot][nonlinear][drift] != 0.0]
        reach = 2.0 * LIKELY_DRIFT * stderr[which]
        for other in on_axis if component in on_axis else ():
            move = at[other] - at[component]
            known = (stderr[which] <= LOOSE_AXIS_EV) | (np.abs(move) > reach)
            if other != component and not np.all(known):
                yield drift, np.where(known, 0.0, move)


def _mistaken(
    part: Batch, task: projection.Task, without: projection.Point, column: int, which: Indices, drift: int, move: Array
) -> Mistaken:
    """Return what it takes to find an absent component a ``move`` away, on its neighbour's place."""
    every = np.arange(which.size)
    columns = task.model.shape(without.theta, every).columns
    expected = task.likelihood.admissible(np.matmul(without.coefficients[:, None], columns)[:, 0])
    asked = replace(task, likelihood=replace(task.likelihood, data=expected))  # type: ignore[type-var]
    start = _moved(without.theta, drift, move)
    there = marquardt.minimise(asked, start, EFFORT).point
    own = projection.evaluate(asked, every, without.theta, without.coefficients).objective
    gone = there.theta[:, drift] - without.theta[:, drift]
    real = (move != 0.0) & (gone / np.where(move == 0.0, 1.0, move) > _MOVED) & (there.coefficients[:, column] > 0.0)
    stderr = dict(loose_drifts(part))[drift][which]
    pulls = (there.theta[:, drift] ** 2 - without.theta[:, drift] ** 2) / stderr**2
    return Mistaken(np.where(real, np.maximum(there.objective - own, 1e-12), 0.0), np.where(real, pulls, 0.0))


def _moved(theta: Array, drift: int, move: Array) -> Array:
    moved = theta.copy()
    moved[:, drift] += move
    return moved


def _lower(one: projection.Point, other: projection.Point) -> projection.Point:
    """Return the lower of two points of every spectrum."""
    better = other.objective < one.objective
    return projection.Point(
        *(
            np.where(better.reshape(-1, *[1] * (mine.ndim - 1)), theirs, mine)
            for mine, theirs in zip(one, other, strict=True)
        )
    )
