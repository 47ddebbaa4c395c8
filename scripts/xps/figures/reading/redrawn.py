"""A fitted component drawn again from its rows of the parameters table."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from xps.errors import TableError
from xps.lineshapes import drawing

Floats = NDArray[np.float64]


def component_cps(
    parameters: Mapping[str, float], binding_energy_ev: Floats, place: str, shape: str | None = None
) -> Floats:
    """Return a component's intensity (counts/s) at ``binding_energy_ev`` from its rows of the parameters table.

    ``shape`` is that of its row in ``components``. TableError naming ``place`` when a parameter is missing.
    """
    try:
        return drawing.component(shape or _shape(parameters), binding_energy_ev, parameters)
    except KeyError as error:
        raise TableError(f"parameters of {place}: {error} is missing, so the component cannot be redrawn") from error


def _shape(parameters: Mapping[str, float]) -> str:
    """The shape of a component whose row names none, from the width or fraction it carries; Gaussian without any."""
    if "lorentzian_fwhm_ev" in parameters:
        return "voigt"
    return "pseudo_voigt" if "fraction" in parameters else "gaussian"
