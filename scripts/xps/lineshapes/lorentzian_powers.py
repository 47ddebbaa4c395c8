"""CasaXPS's LA(α, β, m) of unit area, with derivatives: powers of a Lorentzian, convolved with a Gaussian.

[1 + 4x²/F²]^{−α} at higher and [1 + 4x²/F²]^{−β} at lower binding energy than the position (N. Fairley, CasaXPS; α
is the side of the loss tail, α < β for metals). F is the width of the bare Lorentzian: at half height the line is
broader for α, β < 1 and where the Gaussian adds to it. CasaXPS gives the Gaussian by an integer m from 0 to 499 whose
unit is not published: here it is the Gaussian's FWHM in eV. For α, β > ½ the area over all energies is finite,
F√π/4 [Γ(α − ½)/Γ(α) + Γ(β − ½)/Γ(β)], and the Gaussian does not change it.

The convolution of each side is a Gauss-Legendre sum over t, u = (F/2) sinh t, where the integrand is smooth for any
ratio of the widths.
"""

import math

import numpy as np
from numpy.typing import NDArray

from xps.lineshapes.symmetric import Profile
from xps.lineshapes.widths import FWHM_PER_SIGMA

Array = NDArray[np.float64]

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(48)
# The Gaussian beyond this many σ is below 1e-14 of its height.
_REACH = 8.2
_CHUNK = 4096


def la(offset: Array, width: Array, alpha: Array, beta: Array, gaussian_width: Array) -> Profile:
    """Return LA of Lorentzian width F = ``width``, exponents > ½ and Gaussian FWHM ``gaussian_width`` >= 0 (eV).

    Derivatives by the parameters are those by α, β and the Gaussian FWHM.
    """
    from scipy.special import digamma  # 0.15 s of import

    area = [_side_area(alpha), _side_area(beta)]
    total = width * (area[0] + area[1])
    upper, lower = _side(offset, width, alpha, gaussian_width), _side(-offset, width, beta, gaussian_width)
    value = (upper[0] + lower[0]) / total
    by_offset, by_width, by_gauss = upper[1] - lower[1], upper[2] + lower[2], upper[4] + lower[4]
    by_exponent = [
        side[3] / total - value * width * own * (digamma(power - 0.5) - digamma(power)) / total
        for side, own, power in ((upper, area[0], alpha), (lower, area[1], beta))
    ]
    return Profile(value, -by_offset / total, by_width / total - value / width, (*by_exponent, by_gauss / total))


def _side_area(power: Array) -> Array:
    """Return ∫₀^∞ (1 + 4u²)^{−power} du."""
    from scipy.special import gammaln  # 0.15 s of import

    return np.asarray(0.25 * math.sqrt(math.pi) * np.exp(gammaln(power - 0.5) - gammaln(power)))


def _side(offset: Array, width: Array, power: Array, gaussian_width: Array) -> list[Array]:
    """Return one side, of unit height, and its derivatives by offset, F, exponent and Gaussian FWHM."""
    shape = np.broadcast_shapes(offset.shape, width.shape, power.shape, gaussian_width.shape)
    flat = [np.broadcast_to(item, shape).reshape(-1) for item in (offset, width, power, gaussian_width)]
    parts = [np.zeros(flat[0].size) for _ in range(5)]
    bare = flat[3] == 0.0
    reached = np.flatnonzero(~bare & (flat[0] > -_REACH / FWHM_PER_SIGMA * flat[3]))
    for begin in range(0, reached.size, _CHUNK):
        some = reached[begin : begin + _CHUNK]
        for part, found in zip(parts, _convolved(*(item[some] for item in flat)), strict=True):
            part[some] = found
    some = np.flatnonzero(bare)
    for part, found in zip(parts, _bare(*(item[some] for item in flat[:3])), strict=True):
        part[some] = found
    return [part.reshape(shape) for part in parts]


def _bare(offset: Array, width: Array, power: Array) -> list[Array]:
    """Return the side without a Gaussian; at the position each side has half of the value."""
    square = 4.0 * (offset / width) ** 2
    value = np.where(offset > 0.0, 1.0, np.where(offset == 0.0, 0.5, 0.0)) * (1.0 + square) ** -power
    growth = 2.0 * power * square / (1.0 + square) * value
    slope = -8.0 * power * offset / width**2 / (1.0 + square) * value
    return [value, slope, growth / width, -np.log1p(square) * value, np.zeros_like(value)]


def _convolved(offset: Array, width: Array, power: Array, gaussian_width: Array) -> list[Array]:
    sigma, half = gaussian_width / FWHM_PER_SIGMA, 0.5 * width
    low = np.arcsinh(np.maximum(offset - _REACH * sigma, 0.0) / half)
    high = np.arcsinh((offset + _REACH * sigma) / half)
    middle, reach = 0.5 * (high + low), 0.5 * (high - low)
    parts = [np.zeros_like(offset) for _ in range(5)]
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        t = middle + reach * node
        growing = np.exp(t)
        cosh, sinh = 0.5 * (growing + 1.0 / growing), 0.5 * (growing - 1.0 / growing)
        far = (offset - half * sinh) / sigma
        logarithm = 2.0 * np.log(cosh)
        term = weight * cosh * np.exp(-0.5 * far**2 - power * logarithm)
        parts[0] += term
        parts[1] -= term * far
        parts[2] += term * power * (sinh / cosh) ** 2
        parts[3] -= term * logarithm
        parts[4] += term * (far**2 - 1.0)
    front = reach * half / (sigma * math.sqrt(2.0 * math.pi))
    value, by_offset, by_width, by_power, by_gauss = (part * front for part in parts)
    return [value, by_offset / sigma, by_width * 2.0 / width, by_power, by_gauss / gaussian_width]
