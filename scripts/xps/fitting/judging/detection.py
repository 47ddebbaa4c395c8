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

from xps.fitting.judging import without
from xps.fitting.judging.absence import noise
from xps.fitting.judging.outcome import Outcome
from xps.fitting.judging.uncertainty import Areas
from xps.fitting.solving import batch
from xps.fitting.solving.batch import Batch
from xps.fitting.solving.trial_places import LOOSE_AXIS_EV, loose_drifts
from xps.quantiles import ONE_SIDED_95
from xps.separable import marquardt
from xps.uncertainty import detection, profiles
from xps.uncertainty.detection import Mistaken

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

# Areas below so many of their errors (at area 0, or as fitted) are tried without the component.
_DOUBTFUL = 8.0
# Of roots below the first, quotients above so many σ₀ are measured anew.
_SMALL_ROOT, _WIDE = 1.0, 2.0


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
    # An area that hangs on another one that is absent is 0 ± 0: it has no ratio, and none is needed.
    with np.errstate(invalid="ignore", divide="ignore"):
        root, mistaken = _without(part, best, area, np.fmin(area / sigma, area / stderr))
        searches = [one.search._replace(mistaken=some) for one, some in zip(noises, mistaken, strict=True)]
        factors = np.where(searched, np.array([detection.critical_factors(one) for one in searches]).T, factors)
        quotient = area / root
        vague = (root < _SMALL_ROOT) & ~(quotient <= _WIDE * sigma)
        width = _upward_widths(part, best, np.argwhere(vague), factors, np.fmin(sigma, stderr))
        measured = np.minimum(quotient, np.maximum(area, width))
        sigma = np.where(vague & np.isnan(width), np.nan, np.fmax(sigma, np.where(vague, measured, quotient)))
    ratio = area / sigma
    chance = np.array([detection.chances(*one) for one in zip(ratio.T, searches, strict=True)]).T
    chance = np.where(searched, np.where(ratio > 0.0, chance, ratio + 1.0), np.nan)
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


def _without(
    part: Batch, best: marquardt.Optimum, area: Array, ratio: Array
) -> tuple[Array, list[tuple[Mistaken, ...]]]:
    """Return the root of the objective's rise without each component, and where each may be mistaken for another.

    The root is problems × components, NaN where it is not tried.
    """
    root = np.full(area.shape, np.nan)
    mistaken: list[tuple[Mistaken, ...]] = [() for _ in range(area.shape[1])]
    loose = np.zeros(area.shape[0], dtype=bool)
    for _, stderr in loose_drifts(part):
        loose |= stderr > LOOSE_AXIS_EV
    for component in range(area.shape[1]):
        column = part.column_of(component)
        which = np.flatnonzero((area[:, component] > 0.0) & ((ratio[:, component] < _DOUBTFUL) | loose))
        if column is None or not which.size:
            continue
        found = without.fits(part, best, which, component, column)
        root[which, component] = found.root
        mistaken[component] = tuple(_over_all(one, which, area.shape[0]) for one in found.mistaken)
    return root, mistaken


def _over_all(place: Mistaken, which: Indices, problems: int) -> Mistaken:
    """Return a place of some problems over all of them; the others have none."""
    found = np.zeros((2, problems))
    found[:, which] = place
    return Mistaken(*found)


def _upward_widths(part: Batch, best: marquardt.Optimum, where: Indices, factors: Array, stderr: Array) -> Array:
    """Return how far areas can grow until the root of the rise is their factor, per unit of it; NaN but at ``where``.

    ``where`` are rows of problem and component. NaN also where that is not found: then there is no critical level.
    """
    width = np.full(stderr.shape, np.nan)
    if not where.size:
        return width
    which, what = where.T
    task = without.with_any_drift(part, which)
    near = marquardt.minimise(task, best.point.theta[which], without.EFFORT)
    column = np.array([part.column_of(int(component)) for component in what], dtype=np.intp)
    factor, every = factors[which, what], np.arange(which.size)
    wanted = profiles.Wanted(every, column, np.ones(which.size), factor**2, stderr[which, what])
    found = profiles.ends(task, near, wanted)
    reach = (found.value - near.point.coefficients[every, column]) / factor
    width[which, what] = np.where(found.open_ | ~near.converged, np.nan, reach)
    return width
