"""A strip below a panel that holds the upper limits of what was not detected, on a logarithmic axis of its own.

On the panel's linear axis limits of 0.2 % and of 2 % are the same place, the baseline, and hide each other there.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullLocator

from xps.figures import style
from xps.figures.lettering import minus
from xps.figures.palette import SpeciesStyle
from xps.figures.parts import marks, series

_GREY = "#F1F1F1"
HEIGHT_CM = 1.05
GAP_CM = 0.07
_MARK: Mapping[str, Any] = {**marks.LIMIT, "markersize": 8}
# Room for the arrow below the lowest limit and the bar above the highest, as factors.
_BELOW, _ABOVE = 3.5, 1.7
_SUBDIVIDED = 10.0**1.6


def range_of(limits: pd.DataFrame) -> tuple[float, float]:
    """Return the ends of an axis on which all ``limits`` find room: one for the page, so that panels compare."""
    heights = limits["height"].to_numpy(dtype=np.float64)
    positive = heights[heights > 0.0]
    low, high = (float(positive.min()), float(positive.max())) if len(positive) else (1e-3, 1e-1)
    return low / _BELOW, high * _ABOVE


def draw(
    axes: Axes, limits: pd.DataFrame, styles: Mapping[str, SpeciesStyle], span: tuple[float, float], share: bool
) -> None:
    """Draw the ``limits`` (rows of points, see ``series``) on an axis from ``span``; shares are written in percent."""
    axes.set_facecolor(_GREY)
    axes.set_yscale("log")
    axes.set_ylim(*span)
    series.draw_limits(axes, limits, styles, _MARK)
    ticks = _ticks(*axes.get_ylim())
    axes.set_yticks(ticks, [_words(tick, share) for tick in ticks])
    axes.yaxis.set_minor_locator(NullLocator())
    axes.tick_params(labelsize=style.SMALL_PT)


def _ticks(low: float, high: float) -> list[float]:
    """Return the powers of ten between ``low`` and ``high``; where there are few, twice and five times them too."""
    steps = (1.0,) if high / low > _SUBDIVIDED else (1.0, 3.0)
    powers = range(int(np.floor(np.log10(low))), int(np.ceil(np.log10(high))) + 1)
    return [step * 10.0**power for power in powers for step in steps if low <= step * 10.0**power <= high]


def _words(value: float, share: bool) -> str:
    return minus(f"{100 * value:.3g} %" if share else f"{value:.3g}")
