"""Is a line there? Chances and thresholds for one spectrum, for a line that is searched, and for a whole series.

When to use what
- ``chance``: how often an absent line would look as strong as ``z`` of its standard errors or stronger. A line at a
  given energy is a fixed one-sided question; one whose position (and width) is fitted is the strongest of all
  fluctuations in its ``Search``, and needs to be stronger to convince.
- ``critical_factor``: the z that an absent line exceeds with a given chance, in one spectrum or, with ``family``,
  anywhere in that many spectra: for statements such as "never seen in the series".
- ``holm``: in which spectra of a series a line is there, so that the chance of even one false statement in the whole
  series stays at 5 %; the first of them is an onset.
- ``chance_in_series``: one number for "it is there somewhere in the series".

A searched line: let s(x) be the line at position and width x as a vector of counts, in units of the standard deviations
and without what background and other lines could imitate; ŝ its direction. For Gaussian noise the largest significance
over all x exceeds z with the chance Φ(−z) + (l/2π) e^(−z²/2) + (a/(2π)^(3/2)) z e^(−z²/2), l being the length of the
curve ŝ(x) (half the outline where width is searched too) and a the area of the surface (H. Hotelling, Am. J. Math. 61
(1939) 440; R. B. Davies, Biometrika 74 (1987) 33; E. Gross, O. Vitells, Eur. Phys. J. C 70 (2010) 525).

A line that may be mistaken: on an axis that is badly known, the counts of one line may be described by another one,
moved, with a little of the first. That place is far from where there is nothing of the line, and of its own chance. If
counts without noise are described worse there by d², noise makes up for it and gains z² on top with the chance of
2dx − d² + y² > z², x and y being standard normal: x along what the two descriptions differ in, y along the area that is
free there and not without the line. Where the axis has to be less likely by a squared pull p, it has to gain that too.

Nothing is simulated for either; ``benchmarks/false_detection.py`` tests them by simulation.
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

FALSE_SHARE = 0.05
# Where ties make places unlikely, chances are wanted near this many standard errors.
_NEAR_CRITICAL = 2.0
_STEPS = 60
_MOST = 40.0
# Nodes of the mean over a standard normal: the chances of places at a distance of 0.5 and more are good to 1e-3.
_NODES = 40


class Mistaken(NamedTuple):
    """A place where a line would be found because it is mistaken for another one; numbers, or arrays over spectra.

    ``distance_squared`` is by how much the objective of counts without noise and without the line is worse there (0: no
    such place), ``pulls`` what the axis' prior has against it, as a difference of squared pulls.
    """

    distance_squared: Array | float
    pulls: Array | float


class Search(NamedTuple):
    """How far a line was looked for, in directions that counts can tell apart: ``length`` and ``area``, both radian.

    Numbers, or arrays over spectra. ``mistaken`` are places of chances of their own.
    """

    length: Array | float = 0.0
    area: Array | float = 0.0
    mistaken: tuple[Mistaken, ...] = ()


FIXED = Search()


def chances(z: Array, search: Search = FIXED) -> Array:
    """Return the chance that an absent line appears with ``z`` standard errors or more; at most 1, NaN for NaN."""
    from scipy.special import ndtr  # 0.15 s of import: a job that asks for no chance spares it

    bell = np.exp(-0.5 * np.minimum(z, _MOST) ** 2)
    found = ndtr(-z) + np.asarray(search.length) / (2 * math.pi) * bell
    found = found + np.asarray(search.area) / (2 * math.pi) ** 1.5 * np.maximum(z, 0.0) * bell
    for place in search.mistaken:
        found = found + _chance_of(place, z)
    return np.asarray(np.minimum(found, 1.0))


def _chance_of(place: Mistaken, z: Array) -> Array:
    """Return how often noise prefers a place by z² or more: P(2dx − d² + y² > z²), the mean over y of that over x."""
    from scipy.special import ndtr

    squared, pulls, z = np.broadcast_arrays(place.distance_squared, place.pulls, z)
    distance = np.sqrt(np.where(squared > 0.0, squared, 1.0))[..., None]
    wanted = np.maximum(np.maximum(z, 0.0) ** 2, pulls)[..., None]
    node, weight = _normal_mean()
    above = ndtr((node**2 - wanted - distance**2) / (2.0 * distance))
    return np.where(squared > 0.0, np.sum(above * weight, axis=-1), 0.0)


@lru_cache(maxsize=1)
def _normal_mean() -> tuple[Array, Array]:
    """Return nodes and weights of the mean over a standard normal (Gauss and Hermite)."""
    node, weight = np.polynomial.hermite_e.hermegauss(_NODES)
    return node, weight / weight.sum()


def chance(z: float, search: Search = FIXED) -> float:
    """Return ``chances`` of one spectrum."""
    return float(chances(np.asarray(z, dtype=np.float64), search))


def critical_factors(search: Search, family: int = 1, false_share: float = FALSE_SHARE) -> Array:
    """Return the z that an absent line exceeds with the chance ``false_share`` in any of ``family`` such spectra.

    Spectra are independent, so the share of each is that of Z. Šidák, J. Am. Stat. Assoc. 62 (1967) 626.
    """
    from scipy.special import ndtri

    wanted = each_share(family, false_share)
    length, area = np.broadcast_arrays(np.asarray(search.length, dtype=np.float64), np.asarray(search.area))
    low = np.full(length.shape, float(ndtri(1.0 - wanted)))
    high = np.full(length.shape, _MOST)
    for _ in range(_STEPS):
        middle = 0.5 * (low + high)
        above = chances(middle, search) > wanted
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    alone = (length == 0.0) & (area == 0.0)
    for place in search.mistaken:
        alone = alone & (np.asarray(place.distance_squared) == 0.0)
    return np.where(alone, float(ndtri(1.0 - wanted)), high)


def critical_factor(search: Search = FIXED, family: int = 1, false_share: float = FALSE_SHARE) -> float:
    """Return ``critical_factors`` of one kind of spectrum."""
    return float(critical_factors(search, family, false_share))


def each_share(family: int, false_share: float = FALSE_SHARE) -> float:
    """Return the share that each of ``family`` independent questions may have for ``false_share`` over all."""
    return -math.expm1(math.log1p(-false_share) / max(family, 1))


def two_sided_factor(family: int) -> float:
    """Return how many standard errors, either way, happen by chance in 5 % of families of ``family`` questions.

    The questions may depend on each other in any way (Bonferroni).
    """
    from scipy.special import ndtri

    return float(-ndtri(0.5 * FALSE_SHARE / max(family, 1)))


def chance_in_series(chances: Sequence[float] | Array) -> float:
    """Return the chance that an absent line looks somewhere in a series as strong as where it looks strongest.

    Spectra without a chance (NaN: no fit) are left out; NaN where none is left.
    """
    known = np.asarray(chances, dtype=np.float64)
    known = known[~np.isnan(known)]
    return float(-np.expm1(known.size * np.log1p(-min(float(known.min()), 1.0 - 1e-16)))) if known.size else math.nan


def holm(chances: Sequence[float] | Array, false_share: float = FALSE_SHARE) -> Mask:
    """Return in which spectra of a series the line is there; wrong anywhere in the series with at most ``false_share``.

    The smallest chance is held against the share of all spectra, the next against that of all but one, until one fails
    (S. Holm, Scand. J. Stat. 6 (1979) 65). Spectra without a chance (NaN) are no part of the series.
    """
    values = np.asarray(chances, dtype=np.float64)
    there = np.zeros(values.size, dtype=bool)
    order = [int(i) for i in np.argsort(values, kind="stable") if not math.isnan(values[i])]
    for rank, place in enumerate(order):
        if values[place] > each_share(len(order) - rank, false_share):
            break
        there[place] = True
    return there


def extent(unit: Array, penalty: Array) -> Search:
    """Return the ``Search`` of many spectra over surfaces of unit vectors (spectra × places × widths × channels).

    The length is half the outline, that of the curve itself where there is one width only. ``penalty`` (spectra ×
    places × widths) are squared pulls: significance has to rise over √(z² + penalty), and where that bar rises itself
    it is crossed less often (S. O. Rice, Bell Syst. Tech. J. 24 (1945) 46, with a moving level).
    """
    from scipy.special import ndtr

    weight, bar = np.exp(-0.5 * penalty), np.sqrt(_NEAR_CRITICAL**2 + penalty)

    def length(one: Any, other: Any) -> Array:
        angle = 2.0 * np.arcsin(np.minimum(0.5 * np.linalg.norm(unit[one] - unit[other], axis=-1), 1.0))
        slope = np.abs(bar[one] - bar[other]) / np.maximum(angle, 1e-12)
        crossed = np.exp(-0.5 * slope**2) - slope * math.sqrt(2 * math.pi) * ndtr(-slope)
        return np.asarray(angle * 0.5 * (weight[one] + weight[other]) * crossed)

    every = slice(None)
    sides = length((every, slice(1, None)), (every, slice(None, -1)))
    ends = length((every, every, slice(1, None)), (every, every, slice(None, -1)))
    outline = _sums(sides[:, :, [0, -1]]) + _sums(ends[:, [0, -1]])
    across, down = unit[:, 1:] - unit[:, :-1], unit[:, :, 1:] - unit[:, :, :-1]
    wide, tall = 0.5 * (across[:, :, 1:] + across[:, :, :-1]), 0.5 * (down[:, 1:] + down[:, :-1])
    square = np.sum(wide**2, axis=-1) * np.sum(tall**2, axis=-1) - np.sum(wide * tall, axis=-1) ** 2
    corners = 0.25 * (weight[:, 1:, 1:] + weight[:, :-1, 1:] + weight[:, 1:, :-1] + weight[:, :-1, :-1])
    return Search(0.5 * outline, _sums(np.sqrt(np.maximum(square, 0.0)) * corners))


def _sums(values: Array) -> Array:
    """Return one sum per spectrum, added in an order that does not depend on how many spectra there are."""
    return np.asarray(np.sum(np.ascontiguousarray(values.reshape(values.shape[0], -1)), axis=-1))
