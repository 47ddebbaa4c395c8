"""A page of panels that show points along a series, each with its time axis and, where it was plated, the charge.

The frame of points holds what ``series.draw`` needs, in units of the tables (``axis_s``, ``value``, ``low``, ``high``
instead of what is drawn), and ``panel`` (one panel each, in the order of the frame) with its ``experiment``.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from xps.figures import lettering
from xps.figures.page import KeyEntry, Sheet
from xps.figures.palette import species_styles
from xps.figures.parts import charge_axis, layout, limit_strip, series
from xps.figures.reading.times import axis_values, charges_uah, is_lower_bound

_LIMIT_WORDS = {False: "95 % upper limit", True: "95 % upper limit (grey strip)"}


@dataclass(frozen=True, slots=True)
class Panels:
    """How panels look: values times ``factor`` under ``label``, between 0 and 1 where they are a ``share``."""

    label: str
    factor: float = 1.0
    share: bool = False
    height_cm: float = 5.0
    left_cm: float = 1.25
    failed_words: str = "fit failed"
    limits_below: bool = False
    """Upper limits stand in a strip of their own below each panel that has some."""
    more_key: Sequence[KeyEntry] = ()
    decorate: Callable[[Axes, str, float], None] | None = None
    """May add to a panel, ``decorate(axes, panel, per_second)``, before its limits are set."""


def sheet(settings: Mapping[str, Any], points: pd.DataFrame, acquired: pd.DataFrame, look: Panels) -> Sheet:
    """Return the page of a figure's ``points``, a panel for each; ``acquired`` are rows of ``acquisitions``."""
    axis, factor, decorate = settings["axis"], look.factor, look.decorate
    time = lettering.axis_text(
        axis, float(np.nan_to_num(points["axis_s"].max())), lower_bound=is_lower_bound(acquired, axis)
    )
    scaled = {name: points[name] * factor for name in ("low", "high")}
    shown = points.assign(time=points["axis_s"] * time.per_second, height=points["value"] * factor, **scaled)
    styles = species_styles(points["species"])
    below = shown[shown["kind"].eq("upper_limit") & look.limits_below]
    of_panel = dict(zip(points["panel"], points["experiment"], strict=True))
    charged = axis == "plating_time_s" and bool(acquired["plating_current_ua"].notna().any())
    plan = layout.of(
        settings.get("width", "double"),
        len(of_panel),
        [*series.key(shown, styles, look.failed_words, _LIMIT_WORDS[look.limits_below]), *look.more_key],
        top_cm=charge_axis.TOP_CM if charged else 0.0,
        panel_height_cm=look.height_cm,
        left_cm=look.left_cm,
    )
    places = layout.places(list(of_panel.values()), plan.across)
    plan = replace(plan, count=places[-1] + 1 if places else 0)
    page = plan.sheet()
    for index, (panel, experiment) in zip(places, of_panel.items(), strict=True):
        own = shown[shown["panel"] == panel]
        axes = plan.axes(
            page, index, lettering.chemical_label(lettering.sample_names(panel.split("|")[-1], settings)), panel
        )
        limits = below[below["panel"] == panel]
        series.draw(axes, own.drop(limits.index), styles)
        if decorate is not None:
            decorate(axes, panel, time.per_second)
        series.finish_time(axes, shown["time"], f"no {lettering.heading(axis)} known")
        series.finish_values(axes, look.share)
        if len(limits):
            strip = plan.split(page, index, axes, limit_strip.HEIGHT_CM, limit_strip.GAP_CM)
            limit_strip.draw(strip, limits, styles, limit_strip.range_of(below), look.share)
        if charged:
            doses = acquired[acquired["experiment"] == experiment]
            _add_charge(axes, plan, page, index, doses, settings, time.per_second)
        plan.label_below(page, index, f"{time.heading} ({time.unit})")
    plan.label_left(page, look.label)
    return page


def _add_charge(
    axes: Axes,
    plan: layout.Layout,
    page: Sheet,
    index: int,
    acquired: pd.DataFrame,
    settings: Mapping[str, Any],
    per_second: float,
) -> None:
    times = {number: at * per_second for number, at in axis_values(acquired, settings["axis"]).items()}
    charges = charges_uah(acquired)
    if charge_axis.usable(charges, times):
        area = settings.get("charge_area_cm2")
        charge_axis.add(axes, times, charges, area)
        plan.label_above(page, index, charge_axis.heading(area))
