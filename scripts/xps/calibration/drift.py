"""Shifts of cycles without a usable reference, from those that have one: charging as a random walk over the cycles."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

# ASSUME a charging walk of 0.3 eV per cycle where a series does not show its own (fewer than two usable cycles).
_WALK_EV = 0.3


class Found(NamedTuple):
    """The recorded energy of the reference line, its standard error (eV), and its share of its level's area."""

    energy_ev: float
    stderr_ev: float
    share: float = 1.0


class Shift(NamedTuple):
    """A cycle's shift and its standard error (eV), how it came about, and the line it rests on (if any)."""

    shift_ev: float
    stderr_ev: float
    method: str
    found: Found | None


class Known(Mapping[int, Shift]):
    """The shifts of acquisitions whose reference was found somewhere: four numbers in memory for each."""

    def __init__(self, energy_ev: float, found: Iterable[Mapping[int, Found]]) -> None:
        """``energy_ev`` is the reference's own energy; ``found`` come in the order of the acquisitions."""
        self._energy_ev = energy_ev
        self._places, self._found_ev, self._stderr_ev, self._share = array("q"), array("d"), array("d"), array("d")
        for some in found:
            self._places.extend(some)
            self._found_ev.extend(here.energy_ev for here in some.values())
            self._stderr_ev.extend(here.stderr_ev for here in some.values())
            self._share.extend(here.share for here in some.values())

    def __getitem__(self, acquisition: int) -> Shift:
        place = bisect_left(self._places, acquisition)
        if place == len(self._places) or self._places[place] != acquisition:
            raise KeyError(acquisition)
        here = Found(self._found_ev[place], self._stderr_ev[place], self._share[place])
        return Shift(self._energy_ev - here.energy_ev, here.stderr_ev, "fitted", here)

    def __iter__(self) -> Iterator[int]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)


class Course:
    """The shift of every acquisition of a series: a known one, or one interpolated between those.

    Charging is taken as a random walk whose size the usable cycles show: between two of them the variance is that of a
    Brownian bridge, beyond the last one it grows with the number of cycles. Distances are counted in cycles.
    """

    def __init__(self, known: Mapping[int, Shift]) -> None:
        self._known, self._places, self._walk = known, sorted(known), walk_variance(known)

    def at(self, acquisition: int) -> Shift:
        """Return the shift of an acquisition, be it beyond the last one with a reference."""
        return self._known.get(acquisition) or _between(self._known, self._places, self._walk, acquisition)


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
