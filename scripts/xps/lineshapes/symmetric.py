"""Symmetric profiles of unit area with derivatives: Gaussian, Lorentzian, Voigt, GL sum.

All take the offset E − E₀ and the total FWHM, broadcast against each other and against their own parameters.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.errors import FitError
from xps.lineshapes.faddeeva import first_quadrant
from xps.lineshapes.widths import FWHM_PER_SIGMA, GaussianWidth, gaussian_width

Array = NDArray[np.float64]

_ROOT_2 = math.sqrt(2.0)
_ROOT_PI = math.sqrt(math.pi)
_ROOT_2PI = math.sqrt(2.0 * math.pi)
# Elements at a time: all arrays of such a piece stay in the cache together. Measured: 4096 costs a tenth more.
_PIECE = 20000


class Profile(NamedTuple):
    """A unit-area profile (1/eV) and its derivatives by position, FWHM (1/eV²) and each of the shape's parameters."""

    value: Array
    by_position: Array
    by_fwhm: Array
    by_parameters: tuple[Array, ...] = ()


def gaussian(offset: Array, width: Array) -> Profile:
    """Return √(4 ln 2/π)/F · exp(−4 ln 2 (E − E₀)²/F²)."""
    scale = FWHM_PER_SIGMA / width
    reduced = offset * scale
    value = np.exp(-0.5 * reduced**2) * (scale / _ROOT_2PI)
    return Profile(value, value * reduced * scale, value * (reduced**2 - 1.0) / width)


def lorentzian(offset: Array, width: Array) -> Profile:
    """Return (F/2π)/((E − E₀)² + F²/4)."""
    half = 0.5 * width
    inverse = 1.0 / (offset**2 + half**2)
    value = half * inverse / math.pi
    by_fwhm = (0.5 / math.pi - half * value) * inverse
    return Profile(value, 2.0 * offset * value * inverse, by_fwhm)


def voigt(
    offset: Array, width: Array, lorentzian_width: Array, slopes: bool = True, out: tuple[Array, ...] | None = None
) -> Profile:
    """Return the exact Voigt profile of total FWHM ``width``: one Faddeeva call gives it and all derivatives.

    Without ``slopes`` the derivative by the Lorentzian width is left out, which saves a tenth of the time. ``out`` are
    arrays of the broadcast shape for value and derivatives by position and FWHM.
    """
    gauss = gaussian_width(width, lorentzian_width)
    if not gauss.value.all():
        raise FitError("a voigt whose Lorentzian FWHM equals its total FWHM has no Gaussian part; use lorentzian")
    shape = np.broadcast_shapes(offset.shape, gauss.value.shape)
    if not shape:
        value, by_position, by_fwhm, more = voigt(offset[None], width, lorentzian_width, slopes)
        return Profile(value[0], by_position[0], by_fwhm[0], tuple(part[0] for part in more))
    value, by_position, by_fwhm = out or tuple(np.empty(shape) for _ in range(3))
    found = Profile(value, by_position, by_fwhm, (np.empty(shape),) if slopes else ())
    lines = _lines(gauss, lorentzian_width)
    rows = math.ceil(shape[0] / math.ceil(math.prod(shape) / _PIECE)) if value.size else 1
    for begin in range(0, shape[0], rows):
        piece = slice(begin, begin + rows)
        some = _Lines(*(_rows(part, piece, shape) for part in lines))
        parts = [whole[piece] for whole in (*found[:3], *found.by_parameters)]
        _voigt(_rows(offset, piece, shape), some, parts)
    return found


class _Lines(NamedTuple):
    """What depends on a Voigt line only, not on the channel: a factor per line costs more than one per channel."""

    scale: Array
    y: Array
    height: Array
    by_total: Array
    by_lorentzian: Array


def _lines(gauss: GaussianWidth, lorentzian_width: Array) -> _Lines:
    """Return z = (x + iy) per eV and its y, the height, and the relative derivatives of the Gaussian width."""
    scale = FWHM_PER_SIGMA / _ROOT_2 / gauss.value
    y = np.atleast_1d(0.5 * lorentzian_width * scale)
    return _Lines(scale, y, scale / _ROOT_PI, gauss.by_total / gauss.value, gauss.by_lorentzian / gauss.value)


def _rows(array: Array, piece: slice, shape: tuple[int, ...]) -> Array:
    """Return the rows of an array that is broadcast to ``shape``."""
    return array[piece] if array.ndim == len(shape) and array.shape[0] > 1 else array


def _voigt(offset: Array, lines: _Lines, out: list[Array]) -> None:
    """Write value, derivatives by position and FWHM and, where there is room, that by the Lorentzian FWHM.

    With w = u + iv at z = x + iy and heights taken in, u' = −2(xu − yv) and v' = 2/√π − 2(xv + yu).
    """
    value, by_position, by_fwhm, *by_lorentzian = out
    scale, y, height, by_total = lines[:4]
    x = np.abs(offset) * scale
    w = first_quadrant(x, y)
    np.multiply(w.real, height, out=value)
    xu, yv = x * value, w.imag * (y * height)
    xu -= yv
    np.multiply(xu, 2.0 * scale, out=by_position)
    np.copysign(by_position, offset, out=by_position)
    # G stands below z and below the height: the derivative by it is −(x u' − y v' + u)/G.
    xu -= yv
    xu *= x
    xu *= 2.0 * by_total
    np.multiply(value, (2.0 * y**2 + 1.0) * by_total, out=by_fwhm)
    np.subtract(xu, by_fwhm, out=by_fwhm)
    by_fwhm += 2.0 / _ROOT_PI * y * height * by_total
    for room in by_lorentzian:
        by_gauss = by_fwhm * (lines.by_lorentzian / by_total)
        slope = (2.0 / _ROOT_PI) * height - 2.0 * (x * (w.imag * height) + y * value)
        np.subtract(by_gauss, 0.5 * scale * slope, out=room)


def pseudo_voigt(offset: Array, width: Array, fraction: Array) -> Profile:
    """Return m·L + (1 − m)·G, the GL sum of unit-area profiles of one FWHM."""
    first, second = lorentzian(offset, width), gaussian(offset, width)
    mixed = [fraction * one + (1.0 - fraction) * other for one, other in zip(first[:3], second[:3], strict=True)]
    return Profile(mixed[0], mixed[1], mixed[2], (first.value - second.value,))
