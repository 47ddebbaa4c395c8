"""Points along a series with 95 % bands, upper limits as arrows, laws as lines, and marks for what is missing.

A frame of points holds ``series`` (points of one series are joined), ``species`` (its colour and marker), ``kind``
(value, upper_limit, lower_limit, law, failed, not_measured), ``time`` and ``height`` as drawn, ``low`` and ``high``
(the ends of the 95 % interval, NaN where unknown) and ``fit_p_value``.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from xps.figures import page, style
from xps.figures.lettering import chemical_label
from xps.figures.page import KeyEntry
from xps.figures.palette import SpeciesStyle
from xps.figures.parts import marks
from xps.figures.reading.frames import POOR_P_VALUE, records

_BAND_ALPHA = 0.18
_BARS: dict[str, Any] = {"elinewidth": 0.6, "capsize": 1.4, "capthick": 0.6}


def draw(axes: Axes, points: pd.DataFrame, styles: Mapping[str, SpeciesStyle]) -> None:
    """Draw one panel's points."""
    for _, series in points[points["kind"] == "value"].groupby("series", sort=False):
        _draw_values(axes, series, styles[series["species"].iloc[0]])
    for _, series in points[points["kind"] == "law"].groupby(["series", "law"], sort=False):
        axes.plot(series["time"], series["height"], color=styles[series["species"].iloc[0]].colour, linewidth=0.8,
                  zorder=2)  # fmt: skip
    draw_limits(axes, points[points["kind"] == "upper_limit"], styles, marks.LIMIT)
    draw_limits(axes, points[points["kind"] == "lower_limit"], styles, marks.LOWER_LIMIT)
    rejected = points[points["kind"].isin(["value", "upper_limit"]) & (points["fit_p_value"] < POOR_P_VALUE)]
    if len(rejected):
        axes.plot(rejected["time"], rejected["height"], linestyle="none", zorder=5, **marks.REJECTED)
    for kind, mark in (("failed", marks.FAILED), ("not_measured", marks.ABSENT)):
        for row in records(points[points["kind"] == kind].drop_duplicates("acquisition")):
            axes.plot([row["time"]], [0.035], transform=axes.get_xaxis_transform(), linestyle="none", zorder=5, **mark)


def _draw_values(axes: Axes, series: pd.DataFrame, look: SpeciesStyle) -> None:
    ordered = series.sort_values("time", kind="stable")
    time, height, low, high = (ordered[name].to_numpy(dtype=np.float64) for name in ("time", "height", "low", "high"))
    axes.fill_between(time, low, high, color=look.colour, alpha=_BAND_ALPHA, linewidth=0, zorder=1)
    axes.plot(time, height, color=look.colour, linewidth=0.4, alpha=0.6, linestyle=(0, (1, 1.5)), zorder=1.5)
    bars = np.nan_to_num([height - low, high - height])
    axes.errorbar(time, height, yerr=bars, linestyle="none", ecolor=look.colour, zorder=3, **_BARS)
    axes.plot(time, height, linestyle="none", marker=look.marker, markersize=3.4, color=look.colour, zorder=4,
              **marks.EDGE)  # fmt: skip


def draw_limits(axes: Axes, limits: pd.DataFrame, styles: Mapping[str, SpeciesStyle], mark: Mapping[str, Any]) -> None:
    """Draw each limit as a bar with an arrow; limits at one time stand side by side."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    inches = figure.dpi_scale_trans
    for _, together in limits.groupby("time", sort=False):
        for index, row in enumerate(records(together)):
            aside_pt = marks.LIMIT_STEP_PT * (index - (len(together) - 1) / 2)
            aside = ScaledTranslation(aside_pt / 72, 0, inches)
            axes.plot([row["time"]], [row["height"]], linestyle="none", zorder=3,
                      markeredgecolor=styles[row["species"]].colour, transform=axes.transData + aside,
                      **mark)  # fmt: skip


def finish_time(axes: Axes, time: pd.Series, unknown: str) -> tuple[float, float]:
    """Set the limits and ticks of the time axis and return its first and last value; say so when no time is known."""
    axes.set_xlabel("")
    axes.set_ylabel("")
    if not time.notna().any():
        axes.text(0.5, 0.5, unknown, transform=axes.transAxes, ha="center", fontsize=style.TEXT_PT)
    first, last = min(0.0, float(np.nan_to_num(time.min()))), float(np.nan_to_num(time.max()))
    room = 0.06 * (last - first) or 0.5
    axes.set_xlim(first - room, last + room)
    if last == first:
        axes.set_xticks([first])
    else:
        axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=last - first > 6))
    return first, last


def finish_values(axes: Axes, share: bool) -> None:
    """Set the limits and ticks of the value axis; below zero there is room for the arrows of limits near it."""
    if share:
        axes.set_ylim(-0.05, 1.08)
        axes.set_yticks([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
        return
    low, high = axes.get_ylim()
    top = max(high, 0.0) or 1.0
    if axes.get_yscale() == "linear":
        axes.set_ylim(min(-0.09 * top, low), top)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 2.5, 5, 10]))


def key(
    points: pd.DataFrame,
    styles: Mapping[str, SpeciesStyle],
    failed_words: str = "fit failed",
    limit_words: str = "95 % upper limit",
) -> list[KeyEntry]:
    """Return the key's entries of all that the points show."""
    entries = [
        KeyEntry(
            chemical_label(species),
            page.points_swatch(
                single=True, color=styles[species].colour, marker=styles[species].marker, markersize=3.8, **marks.EDGE
            ),
        )
        for species in dict.fromkeys(points["species"])
    ]
    kinds = set(points["kind"])
    if "law" in kinds:
        entries.append(KeyEntry("chosen rate law", page.line_swatch(color="black", linewidth=0.8)))
    entries += [marks.limit_entry(limit_words)] if "upper_limit" in kinds else []
    entries += [marks.lower_limit_entry()] if "lower_limit" in kinds else []
    entries += [marks.failed_entry(failed_words)] if "failed" in kinds else []
    entries += [marks.absent_entry()] if "not_measured" in kinds else []
    entries += [marks.rejected_entry()] if (points["fit_p_value"] < POOR_P_VALUE).any() else []
    return entries
