"""The Doniach-Šunjić line convolved with a Gaussian, with derivatives.

S. Doniach, M. Šunjić, J. Phys. C 3 (1970) 285: with x = E − E₀ on the binding energy axis the line is
Re[e^{iπα/2} (γ + ix)^{α−1}], γ half the Lorentzian FWHM. It falls as sin(πα)/x^{1−α} towards HIGHER binding energy, the
electron-hole pairs of a metal, so that its area over all energies is infinite for α > 0. The area here is that from
all lower energies to ``RANGE_EV`` above E₀, of the line before its Gaussian broadening (which moves less than 1e-4 of
it across that end): ρ^α sin(αθ)/α with ρe^{iφ} = γ + i·RANGE_EV and θ = π/2 + φ. It depends on no measured window. At
α = 0 the line is a Voigt profile, larger by the share γ/(π·RANGE_EV) that a Voigt has beyond the range.

Convolved with a Gaussian of standard deviation σ it is σ^{α−1} Re[e^{iπα/2} F((γ + ix)/σ)], F that of
``gaussian_powers`` with ν = 1 − α.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.errors import FitError
from xps.lineshapes import gaussian_powers, nodes
from xps.lineshapes.symmetric import Profile
from xps.lineshapes.widths import FWHM_PER_SIGMA, gaussian_width

Array = NDArray[np.float64]

RANGE_EV = 20.0


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
    x, lines = nodes.by_lines(offset, sigma, gamma, asymmetry)
    parts = [np.empty(x.shape) for _ in range(5 if slopes else 3)]
    for piece in nodes.pieces(*x.shape):
        _write(x[piece], [own[piece] for own in lines], [part[piece] for part in parts])
    shape = np.broadcast_shapes(offset.shape, sigma.shape, gamma.shape, asymmetry.shape)
    value, by_position, by_sigma, *more = (part.reshape(shape) for part in parts)
    by_gauss = by_sigma / FWHM_PER_SIGMA
    found = Profile(value, by_position, by_gauss * gauss.by_total)
    if not more:
        return found
    return found._replace(by_parameters=(0.5 * more[0] + by_gauss * gauss.by_lorentzian, more[1]))


def _write(x: Array, lines: list[Array], out: list[Array]) -> None:
    """Write the profile of some lines and its derivatives by position, σ and, where there is room, γ and α."""
    average = gaussian_powers.average(lines[1] / lines[0], np.abs(x) / lines[0][:, None], 1.0 - lines[2], len(out) > 3)
    sigma, gamma, asymmetry = (own[:, None] for own in lines)
    area, turn = _area(asymmetry, gamma), 0.5j * math.pi
    front = np.exp(turn * asymmetry) * sigma ** (asymmetry - 1.0) / area.value
    for part in average:
        if part is not None:
            part.imag *= np.copysign(1.0, x)
    value = (front * average.value).real
    # The derivative by w; that by x has a factor i, and that by σ is σ times the second one by x: F″ = wF′ + νF.
    by_w = front / sigma * average.slope
    out[0][...], out[1][...] = value, by_w.imag
    out[2][...] = (x * by_w.imag - gamma * by_w.real - (1.0 - asymmetry) * value) / sigma
    if average.by_power is None:
        return
    out[3][...] = by_w.real - value * area.by_half_width
    out[4][...] = (front * ((turn + np.log(sigma)) * average.value - average.by_power)).real - value * area.by_asymmetry


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
