"""Shifts of cycles without a usable reference, from those that have one: charging as a random walk over the cycles."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

# ASSUME a charging walk of 0.3 eV per cycle where a series does not show its own (fewer than two usable cycles).
_WALK_EV = 0.3


class Found(NamedTuple):
    """The recorded energy of the reference line and its standard error (eV)."""

    energy_ev: float
    stderr_ev: float


class Shift(NamedTuple):
    """A cycle's shift and its standard error (eV), how it came about, and the line it rests on (if any)."""

    shift_ev: float
    stderr_ev: float
    method: str
    found: Found | None


def filled(known: Mapping[int, Shift], count: int) -> dict[int, Shift]:
    """Return the shifts of acquisitions 0 to ``count`` − 1: the ``known`` ones, and those interpolated between them."""
    places, walk = sorted(known), walk_variance(known)
    return {number: known.get(number) or _between(known, places, walk, number) for number in range(count)}


def interpolated(known: Mapping[int, Shift], acquisition: int) -> Shift:
    """Return the shift of a cycle without reference from the nearest usable cycles on either side.

    Charging is taken as a random walk whose size the usable cycles show: between two of them the variance is that of a
    Brownian bridge, beyond the last one it grows with the number of cycles. Distances are counted in cycles.
    """
    return _between(known, sorted(known), walk_variance(known), acquisition)


def _between(known: Mapping[int, Shift], places: Sequence[int], walk: float, acquisition: int) -> Shift:
    """Return the interpolated shift; ``places`` are the usable cycles in order, ``walk`` the variance per cycle."""
    after = bisect_left(places, acquisition)
    if after in {0, len(places)}:
        nearest = places[min(after, len(places) - 1)]
        here = known[nearest]
        variance = here.stderr_ev**2 + walk * abs(acquisition - nearest)
        return Shift(here.shift_ev, float(np.sqrt(variance)), "interpolated", None)
    start, end = places[after - 1], places[after]
    weight = (acquisition - start) / (end - start)
    first, second = known[start], known[end]
    variance = ((1 - weight) * first.stderr_ev) ** 2 + (weight * second.stderr_ev) ** 2
    variance += walk * (end - start) * weight * (1 - weight)
    shift = (1 - weight) * first.shift_ev + weight * second.shift_ev
    return Shift(float(shift), float(np.sqrt(variance)), "interpolated", None)


def walk_variance(known: Mapping[int, Shift]) -> float:
    """Return the mean squared change of the shift per cycle (eV²) between successive usable cycles."""
    places = sorted(known)
    if len(places) < 2:
        return _WALK_EV**2
    return float(np.mean([(known[b].shift_ev - known[a].shift_ev) ** 2 / (b - a) for a, b in pairwise(places)]))
