"""Symmetric profiles of unit area with derivatives: Gaussian, Lorentzian, Voigt, GL sum.

All take the offset E − E₀ and the total FWHM, broadcast against each other and against their own parameters.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.errors import FitError
from xps.lineshapes.faddeeva import with_slope
from xps.lineshapes.widths import FWHM_PER_SIGMA, GaussianWidth, gaussian_width

Array = NDArray[np.float64]

_ROOT_2 = math.sqrt(2.0)
_ROOT_PI = math.sqrt(math.pi)
_ROOT_2PI = math.sqrt(2.0 * math.pi)
# Elements at a time: all arrays of such a piece stay in the cache together.
_PIECE = 8192


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


def voigt(offset: Array, width: Array, lorentzian_width: Array, slopes: bool = True) -> Profile:
    """Return the exact Voigt profile of total FWHM ``width``: one Faddeeva call gives it and all derivatives.

    Without ``slopes`` the derivative by the Lorentzian width is left out, which saves a tenth of the time.
    """
    gauss = gaussian_width(width, lorentzian_width)
    if np.any(gauss.value == 0.0):
        raise FitError("a voigt whose Lorentzian FWHM equals its total FWHM has no Gaussian part; use lorentzian")
    shape = np.broadcast_shapes(offset.shape, gauss.value.shape)
    rows = max(1, _PIECE * shape[0] // max(1, math.prod(shape))) if shape else 1
    if not shape or rows >= shape[0]:
        return _voigt(offset, lorentzian_width, gauss, slopes)
    found = Profile(np.empty(shape), np.empty(shape), np.empty(shape), (np.empty(shape),) if slopes else ())
    for begin in range(0, shape[0], rows):
        piece = slice(begin, begin + rows)
        some = GaussianWidth(*(_rows(part, piece, shape) for part in gauss))
        part = _voigt(_rows(offset, piece, shape), _rows(lorentzian_width, piece, shape), some, slopes)
        for whole, own in zip((*found[:3], *found.by_parameters), (*part[:3], *part.by_parameters), strict=True):
            whole[piece] = own
    return found


def _rows(array: Array, piece: slice, shape: tuple[int, ...]) -> Array:
    """Return the rows of an array that is broadcast to ``shape``."""
    return array[piece] if array.ndim == len(shape) and array.shape[0] > 1 else array


def _voigt(offset: Array, lorentzian_width: Array, gauss: GaussianWidth, slopes: bool) -> Profile:
    scale = FWHM_PER_SIGMA / (gauss.value * _ROOT_2)
    height = scale / _ROOT_PI
    real, imaginary = offset * scale, 0.5 * lorentzian_width * scale
    w = with_slope(real, imaginary)
    value = height * w.real
    # z w' has the real part that a common change of all widths needs; G stands below z and below the height.
    real *= w.slope_real
    real -= imaginary * w.slope_imaginary
    by_gauss = height * real
    by_gauss += value
    by_gauss /= -gauss.value
    by_position = w.slope_real
    by_position *= -height * scale
    if not slopes:
        by_gauss *= gauss.by_total
        return Profile(value, by_position, by_gauss)
    by_lorentzian = (-0.5 * height * scale) * w.slope_imaginary + by_gauss * gauss.by_lorentzian
    return Profile(value, by_position, by_gauss * gauss.by_total, (by_lorentzian,))


def pseudo_voigt(offset: Array, width: Array, fraction: Array) -> Profile:
    """Return m·L + (1 − m)·G, the GL sum of unit-area profiles of one FWHM."""
    first, second = lorentzian(offset, width), gaussian(offset, width)
    mixed = [fraction * one + (1.0 - fraction) * other for one, other in zip(first[:3], second[:3], strict=True)]
    return Profile(mixed[0], mixed[1], mixed[2], (first.value - second.value,))
