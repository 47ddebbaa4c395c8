"""The Gaussian FWHM of a Voigt profile from its total and its Lorentzian FWHM, exactly.

The Gaussian width follows from V(F/2) = V(0)/2. In units of the total width F it is a function of one number,
r = L/F: G/F = g(r) = √((1 − r)(1 + (1 − 2a) r)) h(r), where the root is the approximation of Olivero & Longbothum
(J. Quant. Spectrosc. Radiat. Transfer 17 (1977) 233; a = 0.5346) and h deviates from 1 by less than 1e-3. h is solved
once by Newton's method at Chebyshev nodes; what is interpolated from there and its derivative are exact to 1e-12.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import ArrayLike, NDArray

from xps.errors import FitError

Array = NDArray[np.float64]

# FWHM of a Gaussian over its standard deviation, 2 √(2 ln 2)
FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
_OLIVERO = 0.5346
_NODES = 40
_NEWTON_STEPS = 6
# Steps of the table that is made of the Chebyshev series: reading it costs a fifth of summing the series.
_STEPS = 4096
_ROOT_2 = math.sqrt(2.0)


class GaussianWidth(NamedTuple):
    """Gaussian FWHM (eV) and its derivatives by the total and by the Lorentzian FWHM."""

    value: Array
    by_total: Array
    by_lorentzian: Array


def _olivero(ratio: Array) -> Array:
    """Return the approximate (G/F)²."""
    return np.asarray((1.0 - ratio) * (1.0 + (1.0 - 2.0 * _OLIVERO) * ratio))


def _solved(ratio: Array) -> Array:
    """Return G/F for L/F below 1 by Newton's method on Re w((1 + ir)/(s√2)) = Re w(ir/(s√2))/2, s = 2σ/F."""
    from scipy.special import wofz  # 0.15 s of import

    s = 2.0 * np.sqrt(_olivero(ratio)) / FWHM_PER_SIGMA
    for _ in range(_NEWTON_STEPS):
        edge, centre = (1.0 + 1j * ratio) / (s * _ROOT_2), 1j * ratio / (s * _ROOT_2)
        slope = [(-2.0 * z * wofz(z) + 2j / math.sqrt(math.pi)) * z for z in (edge, centre)]
        value = wofz(edge).real - 0.5 * wofz(centre).real
        s = s + value * s / (slope[0] - 0.5 * slope[1]).real
    return np.asarray(0.5 * FWHM_PER_SIGMA * s)


@cache
def _correction() -> Array:
    """Return h and its first two derivatives at ``_STEPS`` + 1 equal steps of r in [0, 1], 3 × points; made once."""
    nodes = 0.5 * (1.0 + np.cos(math.pi * (np.arange(_NODES) + 0.5) / _NODES))
    values = _solved(nodes) / np.sqrt(_olivero(nodes))
    fitted = chebyshev.chebfit(2.0 * nodes - 1.0, values, _NODES - 1)
    place = np.linspace(-1.0, 1.0, _STEPS + 1)
    return np.array([2.0**k * chebyshev.chebval(place, chebyshev.chebder(fitted, k)) for k in range(3)])


def _interpolated(ratio: Array) -> tuple[Array, Array]:
    """Return h and its derivative by Hermite's cubic, each from its own values and slopes at the two nearest steps."""
    place = ratio * _STEPS
    first = np.minimum(place.astype(np.intp), _STEPS - 1)
    t = place - first
    correction = _correction()
    low, high = correction[:, first], correction[:, first + 1]
    rising = t * t * (3.0 - 2.0 * t)
    at_low, at_high = t * (1.0 - t) ** 2 / _STEPS, t * t * (t - 1.0) / _STEPS
    both = low[:2] + (high[:2] - low[:2]) * rising + low[1:] * at_low + high[1:] * at_high
    return both[0], both[1]


def gaussian_width(fwhm_ev: ArrayLike, lorentzian_fwhm_ev: ArrayLike) -> GaussianWidth:
    """Return the Gaussian FWHM of Voigt profiles from total and Lorentzian FWHM, with derivatives.

    At L = F the Gaussian width is 0 and its derivatives are infinite. FitError outside 0 <= L <= F or at F <= 0.
    """
    total = np.asarray(fwhm_ev, dtype=np.float64)
    ratio = np.asarray(lorentzian_fwhm_ev, dtype=np.float64) / total
    if not np.all((total > 0) & (ratio >= 0) & (ratio <= 1)):
        raise FitError(
            f"a Voigt line needs 0 <= Lorentzian FWHM <= total FWHM and a total above 0; "
            f"found Lorentzian {np.ravel(lorentzian_fwhm_ev)} eV and total {np.ravel(fwhm_ev)} eV"
        )
    squared = _olivero(ratio)
    root = np.sqrt(squared)
    h, h_slope = _interpolated(ratio)
    by_ratio = -2.0 * _OLIVERO - 2.0 * (1.0 - 2.0 * _OLIVERO) * ratio
    with np.errstate(divide="ignore"):
        slope = 0.5 * by_ratio / root * h + root * h_slope
    value = root * h
    return GaussianWidth(total * value, value - ratio * slope, slope)
