"""The Gaussian FWHM of a Voigt profile from its total and its Lorentzian FWHM, exactly.

The Gaussian width follows from V(F/2) = V(0)/2. In units of the total width F it is a function of one number,
r = L/F: (G/F)² = (1 − r) q(r), where q is smooth and within 0.002 of the approximation 1 + (1 − 2a) r of Olivero &
Longbothum (J. Quant. Spectrosc. Radiat. Transfer 17 (1977) 233; a = 0.5346). q is solved once by Newton's method at
Chebyshev nodes; what is read from there and its derivative are exact to 1e-12.
"""

import math
from functools import cache
from typing import NamedTuple

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import ArrayLike, NDArray

from xps.errors import FitError
from xps.lineshapes.nodes import polynomial

Array = NDArray[np.float64]

# FWHM of a Gaussian over its standard deviation, 2 √(2 ln 2)
FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
_OLIVERO = 0.5346
_NODES = 40
_NEWTON_STEPS = 6
# Taylor's polynomials of q stand at so many equal steps of r: reading one costs a fifth of summing the series.
_STEPS = 4096
_ORDER = 3
_ROOT_2 = math.sqrt(2.0)


class GaussianWidth(NamedTuple):
    """Gaussian FWHM (eV) and its derivatives by the total and by the Lorentzian FWHM."""

    value: Array
    by_total: Array
    by_lorentzian: Array


def _solved(ratio: Array) -> Array:
    """Return G/F for L/F below 1 by Newton's method on Re w((1 + ir)/(s√2)) = Re w(ir/(s√2))/2, s = 2σ/F."""
    from scipy.special import wofz  # 0.15 s of import

    s = 2.0 * np.sqrt((1.0 - ratio) * (1.0 + (1.0 - 2.0 * _OLIVERO) * ratio)) / FWHM_PER_SIGMA
    for _ in range(_NEWTON_STEPS):
        edge, centre = (1.0 + 1j * ratio) / (s * _ROOT_2), 1j * ratio / (s * _ROOT_2)
        slope = [(-2.0 * z * wofz(z) + 2j / math.sqrt(math.pi)) * z for z in (edge, centre)]
        value = wofz(edge).real - 0.5 * wofz(centre).real
        s = s + value * s / (slope[0] - 0.5 * slope[1]).real
    return np.asarray(0.5 * FWHM_PER_SIGMA * s)


@cache
def _taylor() -> list[Array]:
    """Return Taylor's coefficients of q by power, each at ``_STEPS`` + 1 equal steps of r in [0, 1]; made once."""
    nodes = 0.5 * (1.0 + np.cos(math.pi * (np.arange(_NODES) + 0.5) / _NODES))
    fitted = chebyshev.chebfit(2.0 * nodes - 1.0, _solved(nodes) ** 2 / (1.0 - nodes), _NODES - 1)
    place = np.linspace(-1.0, 1.0, _STEPS + 1)
    derivatives = [chebyshev.chebval(place, chebyshev.chebder(fitted, k)) for k in range(_ORDER + 1)]
    return [np.asarray(2.0**k / math.factorial(k) * values) for k, values in enumerate(derivatives)]


def gaussian_width(fwhm_ev: ArrayLike, lorentzian_fwhm_ev: ArrayLike) -> GaussianWidth:
    """Return the Gaussian FWHM of Voigt profiles from total and Lorentzian FWHM, with derivatives.

    At L = F the Gaussian width is 0 and its derivatives are infinite. FitError outside 0 <= L <= F or at F <= 0.
    """
    total = np.asarray(fwhm_ev, dtype=np.float64)
    ratio = np.asarray(lorentzian_fwhm_ev, dtype=np.float64) / total
    if not ((total > 0) & (ratio >= 0) & (ratio <= 1)).all():
        raise FitError(
            f"a Voigt line needs 0 <= Lorentzian FWHM <= total FWHM and a total above 0; "
            f"found Lorentzian {np.ravel(lorentzian_fwhm_ev)} eV and total {np.ravel(fwhm_ev)} eV"
        )
    node = np.asarray(ratio * _STEPS + 0.5).astype(np.intp)
    q, q_slope = polynomial(_taylor(), node, ratio - node * (1.0 / _STEPS), 1)
    rest = 1.0 - ratio
    value = np.sqrt(rest * q)
    with np.errstate(divide="ignore"):
        slope = 0.5 * (rest * q_slope - q) / value
    return GaussianWidth(total * value, value - ratio * slope, slope)
