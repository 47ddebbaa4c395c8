"""Profiles over binding energy, normalised to unit area, with analytic derivatives.

When to use what: ``voigt`` for core levels (Lorentzian of the core hole's lifetime convolved with the Gaussian of
analyser, X-rays, phonons and disorder); ``doniach_sunjic`` for metals, whose lines have a tail to higher binding
energy; ``pseudo_voigt`` (GL sum), ``gl_product`` and ``la`` to repeat fits published with CasaXPS or XPSPEAK;
``gaussian`` and ``lorentzian`` as the limits, for broad valence-like bands and for tests.

Conventions of all shapes
- The area is 1, so a profile has the unit 1/eV and an area in cps·eV times it is in cps. The area is the integral over
  all energies, of a ``doniach_sunjic`` that up to ``DONIACH_SUNJIC_RANGE_EV`` above the position (over all energies it
  is infinite), whatever the measured window. (Other programs: lmfit's ``amplitude`` is the area; CasaXPS's shapes are
  normalised to height.)
- ``fwhm_ev`` of a symmetric shape is the TOTAL full width at half maximum of one line, what a reader measures on the
  plot. Of the asymmetric ones it is the width that the line would have without asymmetry (``doniach_sunjic``) or
  CasaXPS's F (``la``); ``drawing.fwhm_ev`` measures what they have.
- Of a Voigt the Lorentzian width is given (``lorentzian_fwhm_ev``, the natural width); the Gaussian width follows from
  total and Lorentzian width exactly (``widths``).
- ``position_ev`` is the line's own energy; asymmetric shapes have their maximum beside it (``drawing.maximum_ev``).
- All functions broadcast their arguments, spectra × lines × channels as well as one line over one axis, and each
  element's result does not depend on the array in which it stands.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xps.errors import ConfigError
from xps.lineshapes import lorentzian_powers, product, symmetric
from xps.lineshapes.doniach import RANGE_EV as DONIACH_SUNJIC_RANGE_EV
from xps.lineshapes.doniach import doniach_sunjic
from xps.lineshapes.symmetric import Profile
from xps.lineshapes.widths import FWHM_PER_SIGMA, gaussian_width

__all__ = [
    "ASYMMETRIC",
    "DONIACH_SUNJIC_RANGE_EV",
    "FWHM_PER_SIGMA",
    "PARAMETERS",
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


class _Shape(NamedTuple):
    """A profile of (offset, width, shape parameters, whether their derivatives are wanted, arrays to write into)."""

    function: Callable[[Array, Array, tuple[Array, ...], bool, tuple[Array, ...] | None], Profile]
    parameters: tuple[str, ...] = ()


_SHAPES = {
    "voigt": _Shape(lambda x, f, own, slopes, out: symmetric.voigt(x, f, own[0], slopes, out), ("lorentzian_fwhm_ev",)),
    "gaussian": _Shape(lambda x, f, *_: symmetric.gaussian(x, f)),
    "lorentzian": _Shape(lambda x, f, *_: symmetric.lorentzian(x, f)),
    "pseudo_voigt": _Shape(lambda x, f, own, *_: symmetric.pseudo_voigt(x, f, own[0]), ("fraction",)),
    "gl_product": _Shape(lambda x, f, own, *_: product.gl_product(x, f, own[0]), ("fraction",)),
    "doniach_sunjic": _Shape(
        lambda x, f, own, slopes, _: doniach_sunjic(x, f, own[0], own[1], slopes), ("lorentzian_fwhm_ev", "asymmetry")
    ),
    "la": _Shape(
        lambda x, f, own, slopes, _: lorentzian_powers.la(x, f, own[0], own[1], own[2], slopes),
        ("alpha", "beta", "gaussian_fwhm_ev"),
    ),
}
SHAPES = tuple(_SHAPES)
PARAMETERS = {name: shape.parameters for name, shape in _SHAPES.items()}
"""Names of the numbers that each shape needs besides position and width, in the order in which it takes them."""
ASYMMETRIC = ("doniach_sunjic", "la")


def profile(
    shape: str,
    binding_energy_ev: ArrayLike,
    position_ev: ArrayLike,
    fwhm_ev: ArrayLike,
    *parameters: ArrayLike,
    slopes: bool = True,
    out: tuple[Array, ...] | None = None,
) -> Profile:
    """Return the unit-area profile named ``shape`` and its derivatives, arguments broadcast.

    ``parameters`` are those that ``PARAMETERS`` lists for the shape; without ``slopes`` the derivatives by them may be
    left out. ``out`` are arrays of the broadcast shape into which value and derivatives by position and FWHM are put.
    ConfigError names the allowed shapes when ``shape`` is none, or the parameters where they are not given.
    """
    if shape not in _SHAPES:
        raise ConfigError(f"no line shape is called {shape!r}; allowed are {', '.join(SHAPES)}")
    wanted = PARAMETERS[shape]
    if len(parameters) != len(wanted):
        raise ConfigError(f"{shape} needs ({', '.join(wanted)}); found {len(parameters)} numbers")
    offset = np.subtract(binding_energy_ev, position_ev, dtype=np.float64)
    own = tuple(np.asarray(value, dtype=np.float64) for value in parameters)
    found = _SHAPES[shape].function(offset, np.asarray(fwhm_ev, dtype=np.float64), own, slopes, out)
    if out is None or found.value is out[0]:
        return found
    for place, part in zip(out, found[:3], strict=True):
        place[...] = part
    return Profile(out[0], out[1], out[2], found.by_parameters)


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
    from scipy.special import voigt_profile  # 0.15 s of import that only a job which evaluates lines is worth

    sigma = gaussian_fwhm_ev(fwhm_ev, lorentzian_fwhm_ev) / FWHM_PER_SIGMA
    offset = np.subtract(binding_energy_ev, position_ev)
    return np.asarray(voigt_profile(offset, sigma, np.divide(lorentzian_fwhm_ev, 2.0)), dtype=np.float64)


def gaussian_fwhm_ev(fwhm_ev: ArrayLike, lorentzian_fwhm_ev: ArrayLike) -> Array:
    """Return the Gaussian FWHM of a Voigt profile from its total and its Lorentzian FWHM, exact to rounding."""
    return gaussian_width(fwhm_ev, lorentzian_fwhm_ev).value
