"""Places where a line may lie that no gradient leads to: trial energies and widths for fits of many spectra at once.

A line that is absent, or weak, fits the noise, and that has a minimum wherever the noise looks like a line: mostly like
a narrow one. Such a line is looked for over its whole range of energies, in several widths, over the fit without it:
the others' energies and widths must not be those that suit the place where it happened to end. On an axis that is badly
known, a line may be its neighbour moved, so there the drift is looked for in the same way.

Trials are evaluated with areas and baselines solved for and everything else held; full fits start from the lowest few.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.fitting.solving.batch import Batch
from xps.separable import marquardt, projection
from xps.separable.bounded import inverse_held

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

# Areas below so many of their standard errors are looked for elsewhere: what noise looks like is rarely more.
WEAK = 4.0
# ASSUME 0.1 eV: lines of one model lie further apart than 2.6 times that, so that an axis known better confuses none.
LOOSE_AXIS_EV = 0.1
# A drift is within so many standard errors in 99 of 100 cases.
LIKELY_DRIFT = 2.5758293035489004
_PLACES = 15
# Widths from the lower bound (where most minima in noise lie) towards the upper one.
_WIDTHS = (0.0, 0.5, 1.0)
_LOWEST = 3
# Trials so much above the best objective so far lead to nothing better: a full fit gains a few units on its trial.
_PROMISING = 9.0
_WITHOUT = marquardt.Effort(decrement=1e-2, accepted=np.inf, evaluations=30)


class Starts(NamedTuple):
    """Nonlinear parameters to start from (starts × parameters), and for which of the batch's spectra."""

    which: Indices
    theta: Array


def of_component(batch: Batch, point: projection.Point, held: Mask, component: int) -> Iterator[Starts]:
    """Yield starts from the likeliest places of a component, for the spectra in which it is weak at ``point``.

    Nothing where its area or its position follows others. ``held`` marks what ended at a bound (spectra × all).
    """
    plan, place = batch.problems[0].layout, batch.parameters()
    column, position = batch.column_of(component), place.get(plan.index(component, "position"))
    if column is None or position is None:
        return
    which = np.flatnonzero(_weak(point, held, column))
    if not which.size:
        return
    task = batch.task.copies(which)
    given = np.full((which.size, task.bounded.size), np.nan)
    given[:, column] = 0.0
    without = marquardt.minimise(replace(task, given=given), point.theta[which], _WITHOUT).point.theta
    width = place.get(plan.index(component, "width"))
    trials = [_along(without, position, task.lower[:, position], task.upper[:, position])]
    if width is not None:
        trials = [trials[0].copy() for _ in _WIDTHS]
        for share, one in zip(_WIDTHS, trials, strict=True):
            one[:, :, width] = (task.lower[:, width] + share * (task.upper - task.lower)[:, width])[:, None]
    yield from _lowest(batch.task, which, np.stack(trials, axis=1), point.objective[which])


def of_drifts(batch: Batch, point: projection.Point) -> Iterator[Starts]:
    """Yield starts from the likeliest drifts of axes that are badly known."""
    for column, stderr in loose_drifts(batch):
        which = np.flatnonzero(stderr > LOOSE_AXIS_EV)
        reach = LIKELY_DRIFT * stderr[which]
        trials = _along(point.theta[which], column, -reach, reach)[:, None]
        yield from _lowest(batch.task, which, trials, np.full(which.size, np.inf))


def drifts(batch: Batch) -> list[tuple[int, int]]:
    """Return the parameters that are drifts of axes, with their priors."""
    plan, place = batch.problems[0].layout, batch.parameters()
    return [(place[one.slot], i) for i, one in enumerate(plan.priors) if plan.slots[one.slot].kind == "drift"]


def loose_drifts(batch: Batch) -> list[tuple[int, Array]]:
    """Return the parameters that are drifts of badly known axes, with their standard errors (over spectra)."""
    priors = batch.task.priors
    found = [] if priors is None else [(column, priors.stderr[:, prior]) for column, prior in drifts(batch)]
    return [(column, stderr) for column, stderr in found if np.any(stderr > LOOSE_AXIS_EV)]


def _weak(point: projection.Point, held: Mask, column: int) -> Mask:
    """Return in which spectra an area is small beside its standard error, or 0."""
    free = ~held
    free[:, column] = True
    variance = inverse_held(point.information, free)[:, column, column]
    return np.asarray(point.coefficients[:, column] ** 2 < WEAK**2 * variance)


def _along(theta: Array, column: int, low: Array, high: Array) -> Array:
    """Return trials (spectra × places × parameters) with one parameter at equal distances between two values."""
    trials = np.repeat(theta[:, None], _PLACES, axis=1)
    trials[:, :, column] = low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, _PLACES)
    return trials


def _lowest(task: projection.Task, which: Indices, trials: Array, best: Array) -> Iterator[Starts]:
    """Yield, best first, the trials that are lower than their neighbours (spectra × rows × places × parameters)."""
    spectra, rows, places, size = trials.shape
    flat = trials.reshape(-1, size)
    objective = projection.evaluate(task, np.repeat(which, rows * places), flat, None).objective.reshape(-1, places)
    beside = np.pad(objective, ((0, 0), (1, 1)), constant_values=np.inf)
    lower = (objective <= beside[:, :-2]) & (objective <= beside[:, 2:])
    valleys = np.where(lower, objective, np.inf).reshape(spectra, -1)
    valleys[valleys > best[:, None] + _PROMISING] = np.inf
    order = np.argsort(valleys, axis=1, kind="stable")
    for rank in range(min(_LOWEST, rows * places)):
        is_valley = np.isfinite(np.take_along_axis(valleys, order[:, [rank]], axis=1)[:, 0])
        some = np.flatnonzero(is_valley)
        if some.size:
            yield Starts(which[some], trials.reshape(spectra, -1, size)[some, order[some, rank]])
