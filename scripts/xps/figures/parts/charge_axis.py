"""A second axis on top of a time axis: the plating charge that had passed at that time."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from xps.figures import style

TOP_CM = 0.62


def heading(area_cm2: float | None) -> str:
    """Return the axis' words: charge, or charge per area where an area is given."""
    return "Plating charge (µAh)" if area_cm2 is None else "Plating charge (µAh/cm²)"


def usable(charges_uah: Mapping[int, float], times: Mapping[int, float]) -> bool:
    """Return whether charge grows with time, so that one axis can carry both."""
    pairs = sorted((times[number], charge) for number, charge in charges_uah.items() if number in times)
    grown = np.diff([charge for _, charge in pairs])
    return len(pairs) > 1 and bool(np.all(grown >= 0) and pairs[-1][1] > 0)


def add(axes: Axes, times: Mapping[int, float], charges_uah: Mapping[int, float], area_cm2: float | None) -> Axes:
    """Add the axis: ticks stand where the charge (µAh, or µAh/cm²) has round values; ``times`` are as drawn."""
    pairs = sorted((charge / (area_cm2 or 1.0), times[number]) for number, charge in charges_uah.items())
    charge, time = (np.array(column) for column in zip(*pairs, strict=True))
    top = axes.twiny()
    top.set_label("charge")
    top.set_xlim(axes.get_xlim())
    ticks = [tick for tick in MaxNLocator(nbins=5).tick_values(0.0, charge[-1]) if charge[0] <= tick <= charge[-1]]
    top.set_xticks([float(np.interp(tick, charge, time)) for tick in ticks], [f"{tick:g}" for tick in ticks],
                   fontsize=style.SMALL_PT)  # fmt: skip
    return top
