"""Profiles over binding energy, normalised to unit area, with analytic derivatives.

When to use what: ``voigt`` for core levels (Lorentzian of the core hole's lifetime convolved with the Gaussian of
analyser, X-rays, phonons and disorder); ``pseudo_voigt`` to repeat a published GL fit; ``gaussian`` and ``lorentzian``
as the limits of both, for broad valence-like bands and for tests.

Conventions of all shapes
- The integral over all energies is 1, so a profile has the unit 1/eV and an area in cps·eV times it is in cps.
  (Other programs: lmfit's ``amplitude`` is this area; CasaXPS's GL shapes are normalised to height.)
- ``fwhm_ev`` is the TOTAL full width at half maximum of one line, what a reader measures on the plot.
- Of a Voigt the Lorentzian width is given (``lorentzian_fwhm_ev``, the natural width); the Gaussian width follows from
  total and Lorentzian width exactly, by Newton's method on V(FWHM/2) = V(0)/2 (``gaussian_fwhm_ev``).
- All functions broadcast their arguments and are symmetric about ``position_ev``.

Derivatives: w'(z) = −2 z w(z) + 2i/√π for the Faddeeva function w (Abramowitz & Stegun 7.1.20), so one call of w gives
the Voigt profile and all its derivatives.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import voigt_profile, wofz

from xps.errors import ConfigError, FitError

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

SHAPES = ("voigt", "gaussian", "lorentzian", "pseudo_voigt")
# FWHM of a Gaussian over its standard deviation, 2 √(2 ln 2)
FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))
_ROOT_2 = math.sqrt(2.0)
_ROOT_PI = math.sqrt(math.pi)
_ROOT_2PI = math.sqrt(2.0 * math.pi)
# Olivero & Longbothum, J. Quant. Spectrosc. Radiat. Transfer 17 (1977) 233: total = a L + √((1 − a)² L² + G²)
_OLIVERO = 0.5346
# Olivero's start is good to 2e-4 and Newton squares the error, so three steps are at rounding already.
_NEWTON_STEPS = 4


class Profile(NamedTuple):
    """A unit-area profile (1/eV) and its derivatives by position and by total FWHM (1/eV²)."""

    value: Array
    by_position: Array
    by_fwhm: Array


def gaussian(binding_energy_ev: ArrayLike, position_ev: ArrayLike, fwhm_ev: ArrayLike) -> Array:
    """Return the Gaussian √(4 ln 2/π)/F · exp(−4 ln 2 (E − E₀)²/F²) in 1/eV."""
    return profile("gaussian", binding_energy_ev, position_ev, fwhm_ev).value


def lorentzian(binding_energy_ev: ArrayLike, position_ev: ArrayLike, fwhm_ev: ArrayLike) -> Array:
    """Return the Lorentzian (F/2π)/((E − E₀)² + F²/4) in 1/eV."""
    return profile("lorentzian", binding_energy_ev, position_ev, fwhm_ev).value


def pseudo_voigt(
    binding_energy_ev: ArrayLike, position_ev: ArrayLike, fwhm_ev: ArrayLike, lorentzian_fraction: ArrayLike
) -> Array:
    """Return m·L + (1 − m)·G in 1/eV: a GL sum of unit-area profiles of one FWHM, m the Lorentzian share of the area.

    CasaXPS's SGL(p) adds profiles of unit HEIGHT; its p/100 is not this fraction.
    """
    return profile("pseudo_voigt", binding_energy_ev, position_ev, fwhm_ev, lorentzian_fraction).value


def voigt(
    binding_energy_ev: ArrayLike, position_ev: ArrayLike, fwhm_ev: ArrayLike, lorentzian_fwhm_ev: ArrayLike
) -> Array:
    """Return the exact Voigt profile in 1/eV of total FWHM ``fwhm_ev``.

    ``lorentzian_fwhm_ev`` lies in [0, fwhm_ev], both limits included; outside FitError is raised.
    """
    sigma = gaussian_fwhm_ev(fwhm_ev, lorentzian_fwhm_ev) / FWHM_PER_SIGMA
    offset = np.subtract(binding_energy_ev, position_ev)
    return np.asarray(voigt_profile(offset, sigma, np.divide(lorentzian_fwhm_ev, 2.0)), dtype=np.float64)


def gaussian_fwhm_ev(fwhm_ev: ArrayLike, lorentzian_fwhm_ev: ArrayLike) -> Array:
    """Return the Gaussian FWHM of a Voigt profile from its total and its Lorentzian FWHM, exact to rounding."""
    return _gaussian_width(fwhm_ev, lorentzian_fwhm_ev)[0]


def _gaussian_width(fwhm_ev: ArrayLike, lorentzian_fwhm_ev: ArrayLike) -> tuple[Array, Array]:
    """Return the Gaussian FWHM and its derivative by the total FWHM at constant Lorentzian FWHM.

    In units of the half width the problem has one number, r = L/F: with s the Gaussian's standard deviation,
    h(s, r) = Re w((1 + ir)/(s√2)) − ½ Re w(ir/(s√2)) = 0. The derivative comes from the implicit function theorem.
    """
    total = np.asarray(fwhm_ev, dtype=np.float64)
    ratio = np.asarray(lorentzian_fwhm_ev, dtype=np.float64) / total
    if not np.all((total > 0) & (ratio >= 0) & (ratio <= 1)):
        raise FitError(
            f"a Voigt line needs 0 <= Lorentzian FWHM <= total FWHM and a total above 0; "
            f"found Lorentzian {np.ravel(lorentzian_fwhm_ev)} eV and total {np.ravel(fwhm_ev)} eV"
        )
    mixed = ratio < 1.0
    safe = np.where(mixed, ratio, 0.5)
    gauss = np.sqrt((1.0 - _OLIVERO * safe) ** 2 - ((1.0 - _OLIVERO) * safe) ** 2)
    scale = 2.0 * gauss / FWHM_PER_SIGMA
    slope = np.zeros_like(scale)
    for _ in range(_NEWTON_STEPS):
        value, by_scale, by_ratio = _half_height_condition(scale, safe)
        scale = scale - value / by_scale
        slope = -by_ratio / by_scale
    gauss = np.where(mixed, 0.5 * FWHM_PER_SIGMA * scale, 0.0)
    by_total = np.where(mixed, gauss - safe * 0.5 * FWHM_PER_SIGMA * slope, np.inf)
    return total * gauss, by_total


def _half_height_condition(scale: Array, ratio: Array) -> tuple[Array, Array, Array]:
    """Return h of ``_gaussian_width`` and its derivatives by s and by r."""
    edge = np.asarray((1.0 + 1j * ratio) / (scale * _ROOT_2), dtype=np.complex128)
    centre = np.asarray(1j * ratio / (scale * _ROOT_2), dtype=np.complex128)
    (w_edge, d_edge), (w_centre, d_centre) = _faddeeva(edge), _faddeeva(centre)
    value = w_edge.real - 0.5 * w_centre.real
    by_scale = -(d_edge * edge - 0.5 * d_centre * centre).real / scale
    by_ratio = (1j * (d_edge - 0.5 * d_centre)).real / (scale * _ROOT_2)
    return value, by_scale, by_ratio


def _faddeeva(z: Complex) -> tuple[Complex, Complex]:
    """Return w(z) and w'(z)."""
    value = np.asarray(wofz(z), dtype=np.complex128)
    return value, np.asarray(-2.0 * z * value + 2j / _ROOT_PI)


def profile(
    shape: str,
    binding_energy_ev: ArrayLike,
    position_ev: ArrayLike,
    fwhm_ev: ArrayLike,
    mixing: ArrayLike = 0.0,
) -> Profile:
    """Return the unit-area profile named ``shape`` and its derivatives, arguments broadcast.

    ``mixing`` is the Lorentzian FWHM in eV of a voigt (below the total FWHM), the Lorentzian fraction of a
    pseudo_voigt, and not used otherwise. ConfigError names the allowed shapes when ``shape`` is none of them.
    """
    offset = np.subtract(binding_energy_ev, position_ev, dtype=np.float64)
    width = np.asarray(fwhm_ev, dtype=np.float64)
    if shape == "voigt":
        return _voigt(offset, width, np.asarray(mixing, dtype=np.float64))
    if shape == "gaussian":
        return _gaussian(offset, width)
    if shape == "lorentzian":
        return _lorentzian(offset, width)
    if shape == "pseudo_voigt":
        share = np.asarray(mixing, dtype=np.float64)
        pairs = zip(_lorentzian(offset, width), _gaussian(offset, width), strict=True)
        return Profile(*(share * first + (1.0 - share) * second for first, second in pairs))
    raise ConfigError(f"no line shape is called {shape!r}; allowed are {', '.join(SHAPES)}")


def _gaussian(offset: Array, width: Array) -> Profile:
    sigma = width / FWHM_PER_SIGMA
    reduced = offset / sigma
    value = np.exp(-0.5 * reduced**2) / (sigma * _ROOT_2PI)
    return Profile(value, value * reduced / sigma, value * (reduced**2 - 1.0) / width)


def _lorentzian(offset: Array, width: Array) -> Profile:
    half = 0.5 * width
    denominator = offset**2 + half**2
    value = half / (math.pi * denominator)
    by_half = (1.0 / math.pi - 2.0 * half * value) / denominator
    return Profile(value, 2.0 * offset * value / denominator, 0.5 * by_half)


def _voigt(offset: Array, width: Array, lorentzian_width: Array) -> Profile:
    gauss, gauss_by_width = _gaussian_width(width, lorentzian_width)
    if np.any(gauss == 0.0):
        raise FitError("a voigt whose Lorentzian FWHM equals its total FWHM has no Gaussian part; use lorentzian")
    sigma = gauss / FWHM_PER_SIGMA
    z = np.asarray((offset + 0.5j * lorentzian_width) / (sigma * _ROOT_2), dtype=np.complex128)
    w, slope = _faddeeva(z)
    height = 1.0 / (sigma * _ROOT_2PI)
    value = w.real * height
    by_sigma = -(value + (slope * z).real * height) / sigma
    by_width = by_sigma * gauss_by_width / FWHM_PER_SIGMA
    return Profile(value, -slope.real * height / (sigma * _ROOT_2), by_width)
