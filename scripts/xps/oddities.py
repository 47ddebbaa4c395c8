"""What is odd about recorded intensities: numbers that no working detector gives, sentences for who trusts them.

Rates are counts per second, shape (cycles, channels), float32 or float64; times in s.
"""

from collections.abc import Iterator
from math import log1p
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rates = NDArray[np.float32] | NDArray[np.float64]

# ASSUME a product within 0.02 count of a whole number is one: the largest deviation in 37 of 38 real files of seven
# instrument families. The stored rates are rounded (float32: 6e-8 of the value), hence the second, relative term.
_INTEGER_TOLERANCE = 0.02
_BLOCK = 1 << 15
# ASSUME a detector never counts faster: the largest rate in real files is 7e6 counts per second.
_HIGHEST_CPS = 1e9
# Channels before the zeros that are asked for their rate: few, so that a line's flank is not taken for the usual rate.
_BEFORE = 10
# ASSUME what chance does once in exp(30) = 1e13 cycles is none.
_NO_CHANCE = 30.0
_LISTED = 20


def not_whole(rates: Rates, time_s: float) -> int:
    """Return how many of all products of rate and time are no whole number of counts within the float precision."""
    points, precision = rates.reshape(-1), float(np.finfo(rates.dtype).eps)
    blocks = (points[i : i + _BLOCK] for i in range(0, points.size, _BLOCK))
    return sum(_not_whole(block, time_s, precision) for block in blocks)


def unfinished(rates: Rates, time_s: float) -> NDArray[np.bool_]:
    """Return for each cycle whether counting stopped in it: only zeros from some channel on, where counts were due.

    At an even rate, N counts in the last n channels before m zeros all lie there with probability (n / (n + m))^N.
    """
    found = np.zeros(rates.shape[0], dtype=np.bool_)
    for cycle in np.flatnonzero((rates[:, -1] == 0.0) & rates.any(axis=1)):
        end = int(np.flatnonzero(rates[cycle])[-1]) + 1
        before = np.clip(rates[cycle, max(0, end - _BEFORE) : end], 0.0, _HIGHEST_CPS)
        counts = float(before.sum(dtype=np.float64)) * time_s
        found[cycle] = counts * log1p((rates.shape[1] - end) / before.size) > _NO_CHANCE
    return found


def sentences(rates: Rates, time_s: float, odd: int, first_cycle: int = 0) -> Iterator[str]:
    """Yield what is odd; ``odd`` of the products are not whole, the first of ``rates`` is cycle ``first_cycle``."""
    low, high = float(rates.min()), float(rates.max())
    if low < 0.0:
        yield f"{np.count_nonzero(rates < 0.0)} negative intensities, down to {low:g} cps"
    if high > _HIGHEST_CPS:
        yield f"intensities up to {high:g} cps, more than any detector counts: damaged?"
    if low <= 0.0 <= high and not (lit := rates.any(axis=1)).all():
        yield f"all intensities are zero in cycle {_listed(first_cycle + np.flatnonzero(~lit))}"
    if low <= 0.0 and (short := unfinished(rates, time_s)).any():
        cycles = _listed(first_cycle + np.flatnonzero(short))
        yield f"only zeros at the end of cycle {cycles}: was it stopped while measuring?"
    if odd:
        yield f"{odd} of {rates.size} intensities are no whole number of counts: corrected, or damaged"


def _not_whole(rates: NDArray[Any], time_s: float, precision: float) -> int:
    """Return the number for one cache-sized block."""
    product = np.multiply(rates, time_s, dtype=np.float64)
    deviation = product - np.rint(product)
    np.abs(deviation, out=deviation)
    if deviation.max(initial=0.0) <= _INTEGER_TOLERANCE:
        return 0
    return int(np.count_nonzero(deviation > _INTEGER_TOLERANCE + np.abs(product) * precision))


def _listed(numbers: NDArray[np.intp]) -> str:
    """Return all numbers, or the first of them and how many others there are: two at the least."""
    shown = numbers if numbers.size <= _LISTED + 1 else numbers[:_LISTED]
    text = ", ".join(map(str, shown))
    return text if shown.size == numbers.size else f"{text} and {numbers.size - _LISTED} others"
