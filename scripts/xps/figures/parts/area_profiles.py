"""A row of small panels, one per area: how much worse the fit gets where the area is held and all else fitted again.

A curve that crosses the dashed line on both sides closes the interval; a flat one says that the counts do not know.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from xps.figures import style
from xps.figures.lettering import chemical_label
from xps.figures.page import Sheet
from xps.figures.parts.profile_page import HIGHEST, between, rise_axis
from xps.figures.reading.frames import records

HEIGHT_CM = 3.15
_PANEL_CM, _LOW_CM, _LEFT_CM, _GAP_CM, _MOST, _WIDEST_CM = 1.55, 1.05, 1.15, 0.75, 5, 3.6
# Room beside the points that matter, as a share of their span.
_ROOM = 0.08


def draw(
    sheet: Sheet,
    areas: pd.DataFrame,
    profiles: pd.DataFrame,
    bottom: float,
    looks: Mapping[str, tuple[str, Mapping[str, Any]]],
) -> None:
    """Draw the profiles of one model from ``bottom`` (cm) upwards, in the order of its ``areas``; at most five.

    ``looks`` gives words and look of each verdict. Areas are drawn as shares of all areas of their core level.
    """
    totals = areas.groupby("core_level")["area_cps_ev"].transform("sum")
    parts = [
        (part, total, own)
        for part, total in zip(records(areas), totals, strict=True)
        if len(own := profiles[profiles["component"] == part["component"]]) > 1
    ][:_MOST]
    room = sheet.width_cm - _LEFT_CM - 0.4 + _GAP_CM
    wide = min(_WIDEST_CM, room / max(len(parts), 1) - _GAP_CM)
    for index, (part, total, own) in enumerate(parts):
        left = _LEFT_CM + index * (wide + _GAP_CM)
        axes = sheet.axes(left, bottom + _LOW_CM, wide, _PANEL_CM)
        axes.set_label(f"{part['model']}|{part['component']}|profile")
        _draw_one(axes, own, part["area_cps_ev"], total, looks[part["verdict"]][1]["color"])
        sheet.text(left + wide / 2, bottom + _LOW_CM + _PANEL_CM + 0.2, chemical_label(part["component"]))
    middle = _LEFT_CM + (len(parts) * (wide + _GAP_CM) - _GAP_CM) / 2
    sheet.text(
        middle, bottom + _LOW_CM - 0.6, "Share of the core level at which the area is held", fontsize=style.TEXT_PT
    )
    sheet.text(0.3, bottom + _LOW_CM + _PANEL_CM / 2, "Rise of χ²", rotation=90, fontsize=style.TEXT_PT)


def _draw_one(axes: Axes, profile: pd.DataFrame, best: float, total: float, colour: str) -> None:
    points = profile.sort_values("area_cps_ev", kind="stable")
    rise_axis(axes)
    axes.axvline(best / total, color="#9A9A9A", linewidth=0.5, zorder=1)
    shares, rises = (points[name].to_numpy(dtype=np.float64) for name in ("area_cps_ev", "deviance_rise"))
    shares = shares / total
    axes.plot(*between(shares, rises, best / total), color=colour, linewidth=0.8, zorder=2)
    axes.plot(shares, rises, color=colour, linestyle="none", marker="o", markersize=1.8, markeredgewidth=0, zorder=3)
    # Far beyond the interval lie single trials of the search; the axis ends at the first of them on each side.
    inside = points.loc[points["deviance_rise"] <= HIGHEST, "area_cps_ev"] / total
    span = float(inside.max() - inside.min()) or float(best / total) or 1.0
    axes.set_xlim(float(inside.min()) - _ROOM * span, float(inside.max()) + _ROOM * span)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=3, steps=[1, 2, 5, 10]))
