"""The Doniach-Šunjić line convolved with a Gaussian, with derivatives.

S. Doniach, M. Šunjić, J. Phys. C 3 (1970) 285: with x = E − E₀ on the binding energy axis the line is
Re[e^{iπα/2} (γ + ix)^{α−1}], γ half the Lorentzian FWHM. It falls as sin(πα)/x^{1−α} towards HIGHER binding energy, the
electron-hole pairs of a metal, so that its area over all energies is infinite for α > 0. The area here is that from
all lower energies to ``RANGE_EV`` above E₀, of the line before its Gaussian broadening (which moves less than 1e-4 of
it across that end): ρ^α sin(αθ)/α with ρe^{iφ} = γ + i·RANGE_EV and θ = π/2 + φ. It depends on no measured window. At
α = 0 the line is a Voigt profile, larger by the share γ/(π·RANGE_EV) that a Voigt has beyond the range.

The convolution is taken along s + ic instead of the real axis: there the integrand is smooth on the scale of the
Gaussian, and the trapezoidal rule converges exponentially (L. N. Trefethen, J. A. C. Weideman, SIAM Review 56 (2014)
385). 25 nodes give 1e-11 of the peak, whatever the widths.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.errors import FitError
from xps.lineshapes.symmetric import Profile
from xps.lineshapes.widths import FWHM_PER_SIGMA, gaussian_width

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

RANGE_EV = 20.0
_SHIFT = 2.5
_STEP = 0.6
_HALF_NODES = 12
_NODES = _STEP * np.arange(-_HALF_NODES, _HALF_NODES + 1)
_WEIGHTS = _STEP / math.sqrt(2.0 * math.pi) * np.exp(0.5 * (_SHIFT**2 - _NODES**2) - 1j * _NODES * _SHIFT)
_CHUNK = 4096


class _Convolved(NamedTuple):
    """Gaussian averages of b^{−ν}, b^{−ν−1} and b^{−ν} ln b, b = w + the Gaussian's variable, in units of σ."""

    power: Complex
    next_power: Complex
    logarithm: Complex


class _Area(NamedTuple):
    """Area of the line and the derivatives of its logarithm by α and γ."""

    value: Array
    by_asymmetry: Array
    by_half_width: Array


def doniach_sunjic(
    offset: Array, width: Array, lorentzian_width: Array, asymmetry: Array, slopes: bool = True
) -> Profile:
    """Return the profile whose Gaussian is that of a Voigt line of total FWHM ``width`` (eV).

    ``asymmetry`` α lies in [0, 1). Derivatives by the parameters are those by Lorentzian FWHM and α; without ``slopes``
    they are left out. FitError outside the widths of a Voigt line or where no Gaussian is left.
    """
    gauss = gaussian_width(width, lorentzian_width)
    if np.any(gauss.value == 0.0):
        raise FitError("a doniach_sunjic whose Lorentzian FWHM equals its total FWHM has no Gaussian part")
    sigma, gamma = gauss.value / FWHM_PER_SIGMA, 0.5 * lorentzian_width
    nu = 1.0 - asymmetry
    w = np.asarray((gamma + 1j * offset) / sigma, dtype=np.complex128)
    found = _convolved(w, nu)
    area = _area(asymmetry, gamma)
    front = np.exp(0.5j * math.pi * asymmetry) * sigma**-nu / area.value
    value = (front * found.power).real
    # The derivative by w; that by x has a factor i, and that by σ is σ times the second one by x.
    by_w = -nu * front * found.next_power / sigma
    by_sigma = (-nu * front * (found.power - w * found.next_power)).real / sigma
    by_gauss = by_sigma / FWHM_PER_SIGMA
    by_position, by_total = by_w.imag.copy(), by_gauss * gauss.by_total
    if not slopes:
        return Profile(value, by_position, by_total)
    by_gamma = by_w.real - value * area.by_half_width
    by_alpha = (front * ((0.5j * math.pi + np.log(sigma)) * found.power + found.logarithm)).real
    by_alpha -= value * area.by_asymmetry
    return Profile(value, by_position, by_total, (0.5 * by_gamma + by_gauss * gauss.by_lorentzian, by_alpha))


def _convolved(w: Complex, nu: Array) -> _Convolved:
    shape = np.broadcast_shapes(w.shape, np.shape(nu))
    flat, power = np.broadcast_to(w, shape).reshape(-1), np.broadcast_to(-nu, shape).reshape(-1)
    parts = [np.zeros(flat.size, dtype=np.complex128) for _ in range(3)]
    for begin in range(0, flat.size, _CHUNK):
        piece = slice(begin, begin + _CHUNK)
        _add(flat[piece], power[piece], [part[piece] for part in parts])
    return _Convolved(*(part.reshape(shape) for part in parts))


def _add(w: Complex, power: Array, parts: list[Complex]) -> None:
    """Add the trapezoidal sums to ``parts``."""
    for node, weight in zip(_NODES, _WEIGHTS, strict=True):
        base = w + (_SHIFT - 1j * node)
        logarithm = np.log(base)
        term = weight * np.exp(power * logarithm)
        parts[0] += term
        parts[1] += term / base
        parts[2] += term * logarithm


def _area(asymmetry: Array, gamma: Array) -> _Area:
    radius = np.hypot(gamma, RANGE_EV)
    angle = 0.5 * math.pi + np.arctan2(RANGE_EV, gamma)
    turned = asymmetry * angle
    # t cot t − 1, by its series where it cancels.
    small = np.abs(turned) < 1e-2
    safe = np.where(small, 1.0, turned)
    square = turned**2
    rest = np.where(small, -square / 3.0 - square**2 / 45.0 - 2.0 * square**3 / 945.0, safe / np.tan(safe) - 1.0)
    value = radius**asymmetry * angle * np.sinc(turned / math.pi)
    over = np.where(small, -turned / 3.0 - turned**3 / 45.0, rest / safe)
    by_gamma = (asymmetry * gamma - (1.0 + rest) / angle * RANGE_EV) / radius**2
    return _Area(value, np.log(radius) + angle * over, by_gamma)
