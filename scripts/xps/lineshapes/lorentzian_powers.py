"""CasaXPS's LA(α, β, m) of unit area, with derivatives: powers of a Lorentzian, convolved with a Gaussian.

[1 + 4x²/F²]^{−α} at higher and [1 + 4x²/F²]^{−β} at lower binding energy than the position (N. Fairley, CasaXPS; α
is the side of the loss tail, α < β for metals). F is the width of the bare Lorentzian: at half height the line is
broader for α, β < 1 and where the Gaussian adds to it. CasaXPS gives the Gaussian by an integer m from 0 to 499 whose
unit is not published: here it is the Gaussian's FWHM in eV. For α, β > ½ the area over all energies is finite,
F√π/4 [Γ(α − ½)/Γ(α) + Γ(β − ½)/Γ(β)], and the Gaussian does not change it.

``sides`` convolves. The derivative by the Gaussian's σ is σ times the second one by energy; and as a convolved side of
unit height knows no unit of energy, its derivative by F follows from that and its slope.
"""

import math

import numpy as np
from numpy.typing import NDArray

from xps.lineshapes import sides
from xps.lineshapes.nodes import by_lines
from xps.lineshapes.symmetric import Profile
from xps.lineshapes.widths import FWHM_PER_SIGMA

Array = NDArray[np.float64]


def la(offset: Array, width: Array, alpha: Array, beta: Array, gaussian_width: Array, slopes: bool = True) -> Profile:
    """Return LA of Lorentzian width F = ``width``, exponents > ½ and Gaussian FWHM ``gaussian_width`` >= 0 (eV).

    Derivatives by the parameters are those by α, β and the Gaussian FWHM; without ``slopes`` they are left out.
    """
    shape = np.broadcast_shapes(*(item.shape for item in (offset, width, alpha, beta, gaussian_width)))
    x, (own_width, *own) = by_lines(offset, width, alpha, beta, gaussian_width)
    total = width * (_side_area(alpha) + _side_area(beta))
    parts = [part.reshape(shape) for part in _heights(x, own_width, own[0], own[1], own[2], slopes)]
    value, by_offset, by_width, by_gauss = (part / total for part in parts[:4])
    found = Profile(value, -by_offset, by_width - value / width)
    if not slopes:
        return found
    by_exponent = [
        of_side / total - value * width * _side_area_slope(power) / total
        for of_side, power in zip(parts[4:], (alpha, beta), strict=True)
    ]
    return found._replace(by_parameters=(*by_exponent, by_gauss))


def _side_area(power: Array) -> Array:
    """Return ∫₀^∞ (1 + 4u²)^{−power} du."""
    from scipy.special import gammaln  # 0.15 s of import

    return np.asarray(0.25 * math.sqrt(math.pi) * np.exp(gammaln(power - 0.5) - gammaln(power)))


def _side_area_slope(power: Array) -> Array:
    """Return the derivative of that integral."""
    from scipy.special import digamma  # 0.15 s of import

    return np.asarray(_side_area(power) * (digamma(power - 0.5) - digamma(power)))


def _heights(x: Array, width: Array, alpha: Array, beta: Array, gauss: Array, slopes: bool) -> list[Array]:
    """Return both sides, of unit height, and their derivatives by energy, F, Gaussian FWHM and, if wanted, α and β."""
    parts = [np.empty(x.shape) for _ in range(6 if slopes else 4)]
    bare = gauss == 0.0
    for some, function in ((bare, _bare), (~bare, _convolved)):
        if np.all(some):
            return function(x, width, alpha, beta, gauss, slopes)
        if np.any(some):
            found = function(x[some], width[some], alpha[some], beta[some], gauss[some], slopes)
            for part, rows in zip(parts, found, strict=True):
                part[some] = rows
    return parts


def _convolved(x: Array, width: Array, alpha: Array, beta: Array, gauss: Array, slopes: bool) -> list[Array]:
    sigma = gauss / FWHM_PER_SIGMA
    reduced = x / sigma[:, None]
    value, slope, bend, *by_power = sides.convolved(reduced, width / sigma, (alpha, beta), slopes)
    by_width = (reduced * slope + bend) / -width[:, None]
    return [value, slope / sigma[:, None], by_width, bend / gauss[:, None], *by_power]


def _bare(x: Array, width: Array, alpha: Array, beta: Array, _: Array, slopes: bool) -> list[Array]:
    """Return the line without a Gaussian."""
    square = 4.0 * (x / width[:, None]) ** 2
    upper = x >= 0.0
    power = np.where(upper, alpha[:, None], beta[:, None])
    value = (1.0 + square) ** -power
    growth = 2.0 * power * square / (1.0 + square) * value
    slope = -8.0 * power * x / width[:, None] ** 2 / (1.0 + square) * value
    found = [value, slope, growth / width[:, None], np.zeros_like(x)]
    by_power = -np.log1p(square) * value
    return [*found, np.where(upper, by_power, 0.0), np.where(upper, 0.0, by_power)] if slopes else found
