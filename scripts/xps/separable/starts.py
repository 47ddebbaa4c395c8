"""Good starting points from bad ones: first fit with lines kept alike, then let them go.

From a poor start the commonest false minimum is a line that has grown so broad that it eats a neighbour: the
neighbour's area falls to 0, its energy then means nothing, and no gradient brings it back. Lines of one level have
similar widths and roughly known distances, so a first, loose fit holds them there by soft ties; from its end the real
fit starts, without them. On overlapping lines started ± 0.5 eV and × 0.4 to 2.5 off this lifts the share of single
starts that reach the best minimum from 74 to 99 %; it changes nothing about what the minimum is.
"""

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from xps.separable.marquardt import Effort, minimise
from xps.separable.priors import Priors
from xps.separable.projection import Task

Array = NDArray[np.float64]

# In units of the lines' own starting widths, and eV.
WIDTH_STDERR = 0.02
DISTANCE_STDERR_EV = 0.3
# How far toward their bounds widths go in contrasted starts.
_CONTRAST = 0.8
_LOOSE = Effort(decrement=0.1, accepted=1e9, evaluations=20)


def tempered(task: Task, start: Array, lines: Sequence[Sequence[tuple[int | None, int | None, float]]]) -> Array:
    """Return better starts (spectra × parameters): the ends of loose fits that keep lines alike.

    ``lines`` holds, per group of like lines, each one's parameter for the position and for the width (None where it has
    no free one) and its usual width in eV.
    """
    start = np.clip(_with_common_widths(start, lines), task.lower, task.upper)
    rows, value, stderr = _likeness(start, lines)
    if not rows.size:
        return start
    spectra = start.shape[0]
    priors = Priors(rows, value, np.tile(stderr, (spectra, 1)))
    if task.priors is not None:
        priors = task.priors.joined(priors)
    return minimise(replace(task, priors=priors), start, _LOOSE).point.theta


def _with_common_widths(start: Array, lines: Sequence[Sequence[tuple[int | None, int | None, float]]]) -> Array:
    """Return starts with each group's widths at their geometric mean, in units of the usual ones."""
    moved = start.copy()
    for group in lines:
        widths = [(width, usual) for _, width, usual in group if width is not None]
        if widths:
            place, usual = np.array([w for w, _ in widths]), np.array([u for _, u in widths])
            moved[:, place] = usual * np.exp(np.mean(np.log(start[:, place] / usual), axis=1, keepdims=True))
    return moved


def _likeness(
    start: Array, lines: Sequence[Sequence[tuple[int | None, int | None, float]]]
) -> tuple[Array, Array, Array]:
    """Return soft ties (rows, values, standard errors) between neighbours of each group."""
    rows, value, stderr = [], [], []
    for group in lines:
        widths = [(width, usual) for _, width, usual in group if width is not None]
        for (one, usual_one), (other, usual_other) in pairwise(widths):
            row = np.zeros(start.shape[1])
            row[one], row[other] = 1.0 / usual_one, -1.0 / usual_other
            rows.append(row)
            value.append(np.zeros(start.shape[0]))
            stderr.append(WIDTH_STDERR)
        places = [position for position, _, _ in group if position is not None]
        for first, second in pairwise(places):
            row = np.zeros(start.shape[1])
            row[first], row[second] = 1.0, -1.0
            rows.append(row)
            value.append(start[:, first] - start[:, second])
            stderr.append(DISTANCE_STDERR_EV)
    if not rows:
        return np.zeros((0, start.shape[1])), np.zeros((start.shape[0], 0)), np.zeros(0)
    return np.array(rows), np.array(value).T, np.array(stderr)


def contrasted(task: Task, start: Array, widths: Sequence[tuple[int, bool]]) -> list[Array]:
    """Return two more starts for lines that lie close: every other one broad and its neighbours narrow, and reversed.

    Where lines overlap, two that share the intensity evenly and one that takes most of it can both be minima, far apart
    and of nearly equal depth; from even starts only the first is found. ``widths`` holds each line's width parameter
    and whether it is one of the odd ones, counted along the energy.
    """
    if not widths:
        return []
    places, odd = np.array([place for place, _ in widths]), np.array([is_odd for _, is_odd in widths])
    here, low, high = start[:, places], task.lower[:, places], task.upper[:, places]
    broad, narrow = here + _CONTRAST * (high - here), here + _CONTRAST * (low - here)
    found = []
    for chosen in (odd, ~odd):
        one = start.copy()
        one[:, places] = np.where(chosen, broad, narrow)
        found.append(one)
    return found
