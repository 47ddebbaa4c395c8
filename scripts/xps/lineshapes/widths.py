"""The Gaussian FWHM of a Voigt profile from its total and its Lorentzian FWHM, exactly.

The Gaussian width follows from V(F/2) = V(0)/2. In units of the total width F it is a function of one number,
r = L/F: G/F = g(r) = √((1 − r)(1 + (1 − 2a) r)) h(r), where the root is the approximation of Olivero & Longbothum
(J. Quant. Spectrosc. Radiat. Transfer 17 (1977) 233; a = 0.5346) and h deviates from 1 by less than 1e-3. h is solved
once by Newton's method at Chebyshev nodes; its interpolation and its derivative are exact to 1e-12.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import ArrayLike, NDArray
from scipy.special import wofz

from xps.errors import FitError

Array = NDArray[np.float64]

# FWHM of a Gaussian over its standard deviation, 2 √(2 ln 2)
FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
_OLIVERO = 0.5346
_NODES = 40
_NEWTON_STEPS = 6
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
    s = 2.0 * np.sqrt(_olivero(ratio)) / FWHM_PER_SIGMA
    for _ in range(_NEWTON_STEPS):
        edge, centre = (1.0 + 1j * ratio) / (s * _ROOT_2), 1j * ratio / (s * _ROOT_2)
        slope = [(-2.0 * z * wofz(z) + 2j / math.sqrt(math.pi)) * z for z in (edge, centre)]
        value = wofz(edge).real - 0.5 * wofz(centre).real
        s = s + value * s / (slope[0] - 0.5 * slope[1]).real
    return np.asarray(0.5 * FWHM_PER_SIGMA * s)


def _correction() -> Array:
    """Return the Chebyshev coefficients of h on r in [0, 1] (first column) and of its derivative by r (second)."""
    nodes = 0.5 * (1.0 + np.cos(math.pi * (np.arange(_NODES) + 0.5) / _NODES))
    values = _solved(nodes) / np.sqrt(_olivero(nodes))
    fitted = chebyshev.chebfit(2.0 * nodes - 1.0, values, _NODES - 1)
    return np.column_stack([fitted, np.append(2.0 * chebyshev.chebder(fitted), 0.0)])


_CORRECTION = _correction()


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
    place = 2.0 * ratio - 1.0
    h, h_slope = chebyshev.chebval(place, _CORRECTION)
    by_ratio = -2.0 * _OLIVERO - 2.0 * (1.0 - 2.0 * _OLIVERO) * ratio
    with np.errstate(divide="ignore"):
        slope = 0.5 * by_ratio / root * h + root * h_slope
    value = root * h
    return GaussianWidth(total * value, value - ratio * slope, slope)
