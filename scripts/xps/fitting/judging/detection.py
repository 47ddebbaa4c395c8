"""Is a component there? Critical levels, detection limits and chances of the areas of many fits at once.

Two things are asked of the counts. How large an area could be by chance: σ₀, the standard error of the area where its
true value is 0, background and neighbours free (L. A. Currie, Anal. Chem. 40 (1968) 586; ISO 11929), times a factor
that knows how far the component's energy and width were searched (``uncertainty.detection``). And how much worse the
counts are described without the component, everything else refitted: where a neighbour could take the area over, σ₀
does not know it, but the root r of the rise of the objective does. The critical level is the factor times σ₀ or area/r,
whichever is larger; so ``detected`` is always an area above its critical level.

Where r is near 0, area/r is the quotient of two fluctuations, not a width. There the width is measured on the other
side: how far the area can grow, everything else following, until the counts are described as much worse as a detected
line would have made it. No spectrum bears an area that its counts would show, so that this has an end.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xps.fitting.judging.absence import noise
from xps.fitting.judging.outcome import Outcome
from xps.fitting.judging.uncertainty import Areas
from xps.fitting.solving import batch
from xps.fitting.solving.batch import Batch
from xps.quantiles import ONE_SIDED_95
from xps.separable import marquardt, projection
from xps.uncertainty import detection, profiles
from xps.uncertainty.detection import Search

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

# Areas below so many of their errors (at area 0, or as fitted) are tried without the component.
_DOUBTFUL = 8.0
# Without a component the axis may be off by as much as it is in 99 of 100 cases (two-sided), at no cost.
_ANY_DRIFT = 2.5758293035489004
_NO_PRIOR = 1e9
# ASSUME 0.1 eV: components of one model lie further apart than 2.6 times that.
_LOOSE_AXIS_EV = 0.1
# Of roots below the first, quotients above so many σ₀ are measured anew.
_SMALL_ROOT, _WIDE = 1.0, 2.0
_EFFORT = marquardt.Effort(decrement=1e-4, evaluations=100)


def judged(found: Sequence[Outcome], factors: Sequence[Array] | None = None) -> list[Outcome]:
    """Return the outcomes with what is known about the presence of their components.

    ``factors`` are critical factors already known (per outcome, over components; NaN: not known); for these the extent
    of the search is not measured again and there are no chances.
    """
    places = [i for i, one in enumerate(found) if one.best is not None]
    problems = [problem for i in places if (problem := found[i].problem) is not None]
    result = list(found)
    for group, part in batch.batches(problems):
        members = [places[g] for g in group]
        known = None if factors is None else np.array([factors[i] for i in members])
        for i, judged_areas in zip(members, _judged(part, [found[i] for i in members], known), strict=True):
            result[i] = replace(found[i], areas=judged_areas)
    return result


def _judged(part: Batch, some: Sequence[Outcome], factors: Array | None) -> list[Areas]:
    best = part.optimum([one.best for one in some if one.best is not None])
    known = [one.areas for one in some if one.areas is not None]
    area, stderr = np.array([one.area for one in known]), np.array([one.stderr for one in known])
    factors = np.full(area.shape, np.nan) if factors is None else factors
    searched = np.any(np.isnan(factors), axis=0)
    noises = [noise(part, best, component, bool(searched[component])) for component in range(area.shape[1])]
    sigma = np.array([one.stderr for one in noises]).T
    search = Search(*(np.array([one.search[i] for one in noises]).T for i in range(2)))
    factors = np.where(searched, detection.critical_factors(search), factors)
    # An area that hangs on another one that is absent is 0 ± 0: it has no ratio, and none is needed.
    with np.errstate(invalid="ignore", divide="ignore"):
        root = _roots(part, best, area, np.fmin(area / sigma, area / stderr))
        quotient = area / root
        vague = (root < _SMALL_ROOT) & ~(quotient <= _WIDE * sigma)
        width = _upward_widths(part, best, np.argwhere(vague), factors, np.fmin(sigma, stderr))
        measured = np.minimum(quotient, np.maximum(area, width))
        sigma = np.where(vague & np.isnan(width), np.nan, np.fmax(sigma, np.where(vague, measured, quotient)))
    ratio = area / sigma
    chance = np.where(searched, np.where(ratio > 0.0, detection.chances(ratio, search), ratio + 1.0), np.nan)
    return [
        one._replace(
            critical_level=factors[i] * sigma[i],
            detection_limit=(factors[i] + ONE_SIDED_95) * sigma[i],
            absent_p_value=chance[i],
            critical_factor=factors[i],
        )
        for i, one in enumerate(known)
    ]


# without the component -----------------------------------------------------------------------------------------------


def _roots(part: Batch, best: marquardt.Optimum, area: Array, ratio: Array) -> Array:
    """Return the root of the objective's rise without each component, problems × components; NaN where not tried."""
    root = np.full(area.shape, np.nan)
    columns = [part.column_of(component) for component in range(area.shape[1])]
    drifts = _drifts(part)
    # On a badly known axis one line may be another one moved: a second minimum, of which no error knows.
    loose = np.zeros(area.shape[0], dtype=bool)
    if part.task.priors is not None and drifts.size:
        loose = np.any(part.task.priors.stderr[:, drifts] > _LOOSE_AXIS_EV, axis=1)
    wanted = [
        (int(i), component, column)
        for component, column in enumerate(columns)
        if column is not None
        for i in np.flatnonzero((area[:, component] > 0.0) & ((ratio[:, component] < _DOUBTFUL) | loose))
    ]
    if not wanted:
        return root
    which, what, column = (np.array(values, dtype=np.intp) for values in zip(*wanted, strict=True))
    task = _with_any_drift(part.task.copies(which), drifts)
    given = np.full((which.size, part.task.bounded.size), np.nan)
    given[np.arange(which.size), column] = 0.0
    without = marquardt.minimise(replace(task, given=given), best.point.theta[which], _EFFORT)
    here = best.point.objective[which]
    if part.task.priors is not None:
        here = here - np.sum(part.task.priors.pulls(which, best.point.theta[which])[:, drifts] ** 2, axis=1)
    root[which, what] = np.sqrt(np.maximum(without.point.objective - here, 1e-12))
    return root


def _upward_widths(part: Batch, best: marquardt.Optimum, where: Indices, factors: Array, stderr: Array) -> Array:
    """Return how far areas can grow until the root of the rise is their factor, per unit of it; NaN but at ``where``.

    ``where`` are rows of problem and component. NaN also where that is not found: then there is no critical level.
    """
    width = np.full(stderr.shape, np.nan)
    if not where.size:
        return width
    which, what = where.T
    task = _with_any_drift(part.task.copies(which), _drifts(part))
    near = marquardt.minimise(task, best.point.theta[which], _EFFORT)
    column = np.array([part.column_of(int(component)) for component in what], dtype=np.intp)
    factor, every = factors[which, what], np.arange(which.size)
    wanted = profiles.Wanted(every, column, np.ones(which.size), factor**2, stderr[which, what])
    found = profiles.ends(task, near, wanted)
    reach = (found.value - near.point.coefficients[every, column]) / factor
    width[which, what] = np.where(found.open_ | ~near.converged, np.nan, reach)
    return width


def _drifts(part: Batch) -> Indices:
    """Return which priors are those of energy drifts."""
    plan = part.problems[0].layout
    return np.array([i for i, prior in enumerate(plan.priors) if plan.slots[prior.slot].kind == "drift"], np.intp)


def _with_any_drift(task: projection.Task, drifts: Indices) -> projection.Task:
    """Return the task with each drift anywhere within its 99 % range, none likelier than another."""
    if task.priors is None or not drifts.size:
        return task
    stderr, lower, upper = task.priors.stderr.copy(), task.lower.copy(), task.upper.copy()
    for prior in drifts:
        place = int(np.flatnonzero(task.priors.about[prior])[0])
        reach = _ANY_DRIFT * stderr[:, prior]
        lower[:, place] = np.maximum(lower[:, place], -reach)
        upper[:, place] = np.minimum(upper[:, place], reach)
        stderr[:, prior] = _NO_PRIOR
    return replace(task, priors=replace(task.priors, stderr=stderr), lower=lower, upper=upper)
