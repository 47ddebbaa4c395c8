"""A fitted component drawn again from its rows of the parameters table."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xps import lineshapes
from xps.errors import TableError

Floats = NDArray[np.float64]


def component_cps(parameters: Mapping[str, float], binding_energy_ev: Floats, place: str) -> Floats:
    """Return a component's intensity (counts/s) at ``binding_energy_ev`` from its rows of the parameters table.

    A doublet's area is that of both lines; its minor line lies ``splitting_ev`` higher and carries ``area_ratio`` of
    the major one's area. TableError naming ``place`` when a parameter is missing.
    """
    try:
        area, position, width = (parameters[name] for name in ("area_cps_ev", "position_ev", "fwhm_ev"))
    except KeyError as error:
        raise TableError(f"parameters of {place}: {error} is missing, so the component cannot be redrawn") from error
    shape, mixing = _shape(parameters)
    major = lineshapes.profile(shape, binding_energy_ev, position, width, mixing).value
    if "splitting_ev" not in parameters:
        return area * major
    ratio = parameters["area_ratio"]
    minor_width = width * parameters.get("fwhm_ratio", 1.0)
    minor = lineshapes.profile(
        shape, binding_energy_ev, position + parameters["splitting_ev"], minor_width, mixing
    ).value
    return area * (major + ratio * minor) / (1.0 + ratio)


def _shape(parameters: Mapping[str, float]) -> tuple[str, float]:
    """The shape follows from the width or fraction a component carries; none of them means Gaussian."""
    if "lorentzian_fwhm_ev" in parameters:
        return "voigt", parameters["lorentzian_fwhm_ev"]
    if "fraction" in parameters:
        return "pseudo_voigt", parameters["fraction"]
    return "gaussian", 0.0
