"""Smooth functions of many lines' channels from a few nodes per line: Taylor's polynomials about the nearest node.

A line shape convolved with a Gaussian is smooth on the scale of that Gaussian, while a spectrum has several channels
within it and an integral costs as much as a hundred products. What is integrated at nodes and continued by the shape's
own differential equation is as exact and costs a fraction.
"""

import math
from collections.abc import Sequence
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]
Indices = NDArray[np.intp]
Numbers = TypeVar("Numbers", Array, Complex)

# Elements at a time. Measured: a quarter of it costs a third more, for the lines' own nodes are then few at a time.
PIECE = 16384


def by_lines(offset: Array, *numbers: Array) -> tuple[Array, list[Array]]:
    """Return offsets as lines × channels, and the numbers of the lines; all broadcast against each other.

    What differs along the last axis is a line of its own, of one channel.
    """
    shape = np.broadcast_shapes(offset.shape, *(number.shape for number in numbers)) or (1,)
    own = np.broadcast_shapes(*(number.shape for number in numbers))
    channels = shape[-1] if not own or own[-1] == 1 else 1
    lines = (*shape[:-1], shape[-1] // channels)
    return np.broadcast_to(offset, shape).reshape(-1, channels), [
        np.broadcast_to(n, lines).reshape(-1) for n in numbers
    ]


def pieces(lines: int, channels: int) -> list[slice]:
    """Return ranges of lines that are worked on together."""
    rows = max(1, PIECE // max(1, channels))
    return [slice(begin, begin + rows) for begin in range(0, lines, rows)]


def polynomial(series: Sequence[Numbers], node: Indices, apart: Numbers, derivatives: int) -> list[Numbers]:
    """Return the polynomial about each element's ``node``, at the distance ``apart`` from it, and some derivatives.

    ``series`` holds the coefficients by power, each of all nodes in a row, to which ``node`` points.
    """
    found = [series[-1].take(node)] + [np.zeros_like(apart) for _ in range(derivatives)]
    term = np.empty_like(apart)
    for coefficient in series[-2::-1]:
        for k in range(derivatives, 0, -1):
            found[k] *= apart
            found[k] += found[k - 1]
        found[0] *= apart
        # "clip" spares the copy that a take into ``out`` otherwise makes for the case of a wrong index.
        found[0] += coefficient.take(node, out=term, mode="clip")
    for k in range(2, derivatives + 1):
        found[k] *= math.factorial(k)
    return found
