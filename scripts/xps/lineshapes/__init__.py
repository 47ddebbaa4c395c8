"""Profiles over binding energy, normalised to unit area, with analytic derivatives.

When to use what: ``voigt`` for core levels (Lorentzian of the core hole's lifetime convolved with the Gaussian of
analyser, X-rays, phonons and disorder); ``pseudo_voigt`` (GL sum) to repeat a published GL fit;
``gaussian`` and ``lorentzian`` as the limits of both, for broad valence-like bands and for tests.

Conventions of all shapes
- The integral over all energies is 1, so a profile has the unit 1/eV and an area in cps·eV times it is in cps.
  (Other programs: lmfit's ``amplitude`` is this area; CasaXPS's GL shapes are normalised to height.)
- ``fwhm_ev`` is the TOTAL full width at half maximum of one line, what a reader measures on the plot.
- Of a Voigt the Lorentzian width is given (``lorentzian_fwhm_ev``, the natural width); the Gaussian width follows from
  total and Lorentzian width exactly (``widths``).
- All functions broadcast their arguments, spectra × lines × channels as well as one line over one axis, and each
  element's result does not depend on the array in which it stands.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import voigt_profile

from xps.errors import ConfigError
from xps.lineshapes import symmetric
from xps.lineshapes.symmetric import Profile
from xps.lineshapes.widths import FWHM_PER_SIGMA, gaussian_width

__all__ = [
    "FWHM_PER_SIGMA",
    "SHAPES",
    "Profile",
    "gaussian",
    "gaussian_fwhm_ev",
    "lorentzian",
    "profile",
    "pseudo_voigt",
    "voigt",
]

Array = NDArray[np.float64]

_SHAPES: dict[str, Callable[[Array, Array, Array], Profile]] = {
    "voigt": symmetric.voigt,
    "gaussian": lambda offset, width, _: symmetric.gaussian(offset, width),
    "lorentzian": lambda offset, width, _: symmetric.lorentzian(offset, width),
    "pseudo_voigt": symmetric.pseudo_voigt,
}
SHAPES = tuple(_SHAPES)


def profile(
    shape: str,
    binding_energy_ev: ArrayLike,
    position_ev: ArrayLike,
    fwhm_ev: ArrayLike,
    mixing: ArrayLike = 0.0,
    mixing_slope: bool = True,
) -> Profile:
    """Return the unit-area profile named ``shape`` and its derivatives, arguments broadcast.

    ``mixing`` is the Lorentzian FWHM in eV of a voigt (below the total FWHM), the Lorentzian fraction of a
    pseudo_voigt, and not used otherwise; without ``mixing_slope`` the derivative by it may be left empty.
    ConfigError names the allowed shapes when ``shape`` is none.
    """
    if shape not in _SHAPES:
        raise ConfigError(f"no line shape is called {shape!r}; allowed are {', '.join(SHAPES)}")
    offset = np.subtract(binding_energy_ev, position_ev, dtype=np.float64)
    width, mixed = np.asarray(fwhm_ev, dtype=np.float64), np.asarray(mixing, dtype=np.float64)
    if shape == "voigt":
        return symmetric.voigt(offset, width, mixed, mixing_slope)
    return _SHAPES[shape](offset, width, mixed)


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
    return gaussian_width(fwhm_ev, lorentzian_fwhm_ev).value
