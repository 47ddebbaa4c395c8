"""Components drawn from the numbers that a table holds, and what a reader would measure on such a plot.

When to use what: ``component`` to redraw one from its rows of ``parameters``; ``maximum_ev`` and ``fwhm_ev`` for the
place of the highest intensity and the full width at half of it, which asymmetric shapes do not carry as parameters.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xps.lineshapes import ASYMMETRIC, PARAMETERS, profile

Array = NDArray[np.float64]

_POINTS = 81
_ZOOMS = 3
_ZOOMED = 0.05
_SECTIONS, _SECTIONED = 32, 8


def component(shape: str, binding_energy_ev: ArrayLike, numbers: Mapping[str, float]) -> Array:
    """Return a component's intensity at ``binding_energy_ev``, in the unit of its area over eV.

    ``numbers`` holds ``area_cps_ev``, ``position_ev``, ``fwhm_ev`` and what ``PARAMETERS`` lists for the shape; of a
    doublet also ``splitting_ev``, ``area_ratio`` and ``fwhm_ratio`` (1 where left out). The area is that of both lines;
    the minor line lies ``splitting_ev`` higher. KeyError names a number that is missing.
    """
    own = [numbers[name] for name in PARAMETERS[shape]]
    area, position, width = (numbers[name] for name in ("area_cps_ev", "position_ev", "fwhm_ev"))
    major = profile(shape, binding_energy_ev, position, width, *own, slopes=False).value
    if "splitting_ev" not in numbers:
        return np.asarray(area * major)
    ratio, minor_width = numbers["area_ratio"], width * numbers.get("fwhm_ratio", 1.0)
    minor = profile(shape, binding_energy_ev, position + numbers["splitting_ev"], minor_width, *own, slopes=False).value
    return np.asarray(area * (major + ratio * minor) / (1.0 + ratio))


def maximum_ev(shape: str, numbers: Mapping[str, float]) -> float:
    """Return where the component, both lines of a doublet together, is highest (eV, to 1e-5 of its width)."""
    position, width = numbers["position_ev"], numbers["fwhm_ev"]
    single = "splitting_ev" not in numbers
    if single and shape not in ASYMMETRIC:
        return position
    unit = dict(numbers) | {"area_cps_ev": 1.0}
    beside = width if shape in ASYMMETRIC else 0.0
    high = position + beside + (0.0 if single else numbers["splitting_ev"])
    return _highest(lambda energy: component(shape, energy, unit), position - beside, high)


def fwhm_ev(shape: str, width_ev: float, *parameters: float) -> float:
    """Return the full width at half maximum (eV) of one line with the parameter ``fwhm_ev`` = ``width_ev``."""
    if shape not in ASYMMETRIC:
        return width_ev

    def line(energy: ArrayLike) -> Array:
        return profile(shape, energy, 0.0, width_ev, *parameters, slopes=False).value

    top = _highest(line, -width_ev, width_ev)
    half = 0.5 * float(line(top))
    # Both flanks at once, cut again and again between the maximum and where the line has fallen below its half.
    inside, outside = np.full(2, top), top + np.array([-1.0, 1.0]) * width_ev
    while np.any(high := line(outside) > half):
        outside = np.where(high, top + 2.0 * (outside - top), outside)
    for _ in range(_SECTIONED):
        cuts = np.linspace(inside, outside, _SECTIONS + 1)
        last = np.sum(line(cuts) > half, axis=0) - 1
        inside, outside = cuts[np.maximum(last, 0), [0, 1]], cuts[np.minimum(last + 1, _SECTIONS), [0, 1]]
    return float(inside[1] - inside[0])


def _highest(curve: Callable[[Array], Array], low: float, high: float) -> float:
    """Return the place of the highest point between two energies, by grids that close in on it and a parabola."""
    for _ in range(_ZOOMS):
        energy = np.linspace(low, high, _POINTS)
        values = curve(energy)
        top = int(np.clip(np.argmax(values), 1, _POINTS - 2))
        reach = _ZOOMED * (high - low)
        low, high = float(energy[top]) - reach, float(energy[top]) + reach
    left, middle, right = values[top - 1 : top + 2]
    curvature = left - 2.0 * middle + right
    offset = 0.5 * (left - right) / curvature if curvature < 0 else 0.0
    return float(energy[top] + np.clip(offset, -1.0, 1.0) * (energy[1] - energy[0]))
