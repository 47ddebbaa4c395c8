"""The GL product of unit area, with derivatives: GL(p) of CasaXPS and XPSPEAK, p = 100 m.

exp(−4 ln 2 (1 − m) x²/W²) / (1 + 4 m x²/W²): a Gaussian at m = 0, a Lorentzian at m = 1. In between, its full width at
half maximum is not W (0.95 W at m = 0.3). Here ``width`` is the full width F at half maximum as in every other
symmetric shape, and W = F/(2 h(m)), where h is the place of the half maximum in units of W.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.lineshapes.symmetric import Profile

Array = NDArray[np.float64]

_LN_2 = math.log(2.0)
_ROOT_PI = math.sqrt(math.pi)
_NEWTON_STEPS = 6
# Below this m the closed form of the area cancels; 12 terms of erfcx's series are exact to 1e-14 there.
_SERIES_BELOW = 1e-2
_SERIES_TERMS = 12


class _Constant(NamedTuple):
    """A function of m and its derivative."""

    value: Array
    slope: Array


def gl_product(offset: Array, width: Array, fraction: Array) -> Profile:
    """Return the GL product of FWHM ``width`` (eV) and Lorentzian share ``fraction`` of the exponent, in [0, 1]."""
    half, area = _half_place(fraction), _area(fraction)
    # u = x/W, with W the parameter of the formula.
    stretch = 2.0 * half.value / width
    u = offset * stretch
    below = 1.0 + 4.0 * fraction * u**2
    value = np.exp(-4.0 * _LN_2 * (1.0 - fraction) * u**2) / below * (stretch / area.value)
    slope = value * (-8.0 * u) * (_LN_2 * (1.0 - fraction) + fraction / below)
    by_fraction = value * (4.0 * u**2 * (_LN_2 - 1.0 / below) - area.slope / area.value)
    by_fraction += (slope * u + value) * half.slope / half.value
    return Profile(value, -slope * stretch, -(slope * u + value) / width, (by_fraction,))


def _half_place(fraction: Array) -> _Constant:
    """Return h(m) with exp(−4 ln 2 (1 − m) h²) = (1 + 4 m h²)/2, by Newton's method on q = 4h², and its derivative."""
    q = np.ones(np.shape(fraction))
    for _ in range(_NEWTON_STEPS):
        excess = _LN_2 * (1.0 - fraction) * q + np.log1p(fraction * q) - _LN_2
        q = q - excess / (_LN_2 * (1.0 - fraction) + fraction / (1.0 + fraction * q))
    by_q = _LN_2 * (1.0 - fraction) + fraction / (1.0 + fraction * q)
    q_slope = (_LN_2 * q - q / (1.0 + fraction * q)) / by_q
    half = 0.5 * np.sqrt(q)
    return _Constant(half, 0.5 * half * q_slope / q)


def _area(fraction: Array) -> _Constant:
    """Return ∫ of the product over u = x/W, π/(2√m) erfcx(√(ln 2 (1 − m)/m)), and its derivative by m."""
    small = fraction < _SERIES_BELOW
    direct, series = _closed(np.where(small, 0.5, fraction)), _expanded(np.where(small, fraction, 0.0))
    pairs = zip(series, direct, strict=True)
    return _Constant(*(np.where(small, low, high) for low, high in pairs))


def _closed(m: Array) -> _Constant:
    from scipy.special import erfcx  # 0.15 s of import

    squared = _LN_2 * (1.0 - m) / m
    root = np.sqrt(squared)
    scaled = erfcx(root)
    value = 0.5 * math.pi / np.sqrt(m) * scaled
    # root·erfcx'(root) = 2 root² erfcx − 2 root/√π stays finite at m = 1, where root' does not.
    by_root_times_root = 2.0 * squared * scaled - 2.0 * root / _ROOT_PI
    growth = np.where(m < 1.0, -0.5 / np.where(m < 1.0, m * (1.0 - m), 1.0), 0.0)
    slope = -0.5 * value / m + 0.5 * math.pi / np.sqrt(m) * by_root_times_root * growth
    return _Constant(value, slope)


def _expanded(m: Array) -> _Constant:
    """Return √(π/(4 ln 2 (1 − m))) Σ (2k − 1)!! (−y)ᵏ with y = m/(2 ln 2 (1 − m)) = 1/(2 root²)."""
    y, y_slope = m / (2.0 * _LN_2 * (1.0 - m)), 0.5 / (_LN_2 * (1.0 - m) ** 2)
    total, total_slope = np.ones_like(m), np.zeros_like(m)
    factor = 1.0
    for k in range(1, _SERIES_TERMS):
        factor *= -(2.0 * k - 1.0)
        total = total + factor * y**k
        total_slope = total_slope + factor * k * y ** (k - 1)
    front = np.sqrt(math.pi / (4.0 * _LN_2 * (1.0 - m)))
    return _Constant(front * total, front * (total_slope * y_slope + 0.5 * total / (1.0 - m)))
