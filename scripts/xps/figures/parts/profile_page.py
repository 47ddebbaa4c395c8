"""Pages of small panels, one profile of the likelihood each: how much worse the fit gets where a parameter is held.

A curve that crosses the dashed line on both sides bounds the parameter: its 95 % interval is closed. One that stays
below on a side leaves it open there.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter

from xps.figures import lettering, page, style
from xps.figures.page import KeyEntry, Sheet
from xps.figures.parts import layout

THRESHOLD_95 = 3.841459
CLOSED: dict[str, Any] = {"color": "#0072B2", "marker": "o"}
OPEN: dict[str, Any] = {"color": "#E69F00", "marker": "s"}
KEYS = ["experiment", "quantity", "law", "parameter"]
HIGHEST = 9.0
_ACROSS, _PANEL_CM = 5, 1.7
# A profile is shown over this factor around its best value at most: what is open goes on as it does there.
_WIDEST = 1e4
_DECADES_FROM = 1e3


def sheets(profiles: pd.DataFrame, rates: pd.DataFrame, settings: Mapping[str, Any]) -> list[Sheet]:
    """Return the pages, a panel for each parameter whose interval is among ``rates`` (rows of kinetics)."""
    known = set(rates[KEYS].itertuples(index=False, name=None))
    rows = profiles.groupby(KEYS, sort=False)
    panels = [(key, own) for key, own in rows if len(own) > 1 and key in known]
    most = _ACROSS * int((style.PAGE_HEIGHT_CM - 1.5) / (_PANEL_CM + 1.6))
    return [_sheet(panels[at : at + most], rates, settings) for at in range(0, len(panels), most)]


def _sheet(panels: list[tuple[Any, pd.DataFrame]], rates: pd.DataFrame, settings: Mapping[str, Any]) -> Sheet:
    threshold = page.line_swatch(color="black", linewidth=0.6, linestyle=(0, (4, 2)))
    entries = [
        KeyEntry("closed interval", page.points_swatch(single=True, markersize=3.0, **CLOSED)),
        KeyEntry("open at an end", page.points_swatch(single=True, markersize=3.0, **OPEN)),
        KeyEntry("95 % threshold (3.84)", threshold),
    ]
    plan = layout.of("double", len(panels), entries, across=_ACROSS, panel_height_cm=_PANEL_CM, left_cm=0.9)
    sheet = plan.sheet()
    for index, (key, own) in enumerate(panels):
        experiment, _, law, parameter = key
        sample = lettering.chemical_label(lettering.sample_names(experiment, settings))
        title = f"{sample}: {law.replace('_', ' ')}"
        axes = plan.axes(sheet, index, "", "|".join(key))
        _draw(axes, own, rates[(rates[KEYS] == list(key)).all(axis=1)])
        left, low = plan.corner(index)
        sheet.text(left + plan.panel_cm / 2, low + _PANEL_CM + 0.2, title)
        unit = "" if own["unit"].iloc[0] == "1" else f" ({own['unit'].iloc[0]})"
        sheet.text(left + plan.panel_cm / 2, low - 0.52, f"{parameter}{unit}")
    plan.label_left(sheet, "Rise of χ² above its least")
    return sheet


def _draw(axes: Axes, own: pd.DataFrame, rate: pd.DataFrame) -> None:
    best = own["value"].iloc[int(own["deviance_rise"].abs().argmin())]
    shown = own[own["value"].between(best / _WIDEST, best * _WIDEST)].sort_values("value", kind="stable")
    ends = rate.iloc[0][["low", "high"]].to_numpy(dtype=np.float64) if len(rate) else np.array([np.nan, np.nan])
    look = CLOSED if np.isfinite(ends).all() else OPEN
    axes.axhline(THRESHOLD_95, color="black", linewidth=0.6, linestyle=(0, (4, 2)), zorder=1)
    axes.plot(
        shown["value"], shown["deviance_rise"], linewidth=0.8, markersize=1.6, markeredgewidth=0, zorder=2, **look
    )
    for end in ends[np.isfinite(ends)]:
        axes.axvline(end, color=look["color"], linewidth=0.5, zorder=1.5)
    axes.set_xscale("log")
    axes.set_ylim(-0.4, HIGHEST)
    axes.set_yticks([0, 4, 8])
    near = shown.loc[shown["deviance_rise"] <= 1.2 * HIGHEST, "value"]
    room = max(float(near.max() / near.min()) ** 0.06, 1.01)
    axes.set_xlim(float(near.min()) / room, float(near.max()) * room)
    _ticks(axes)


def _ticks(axes: Axes) -> None:
    """Set at most two ticks with plain numbers, or powers of ten, on a logarithmic axis, however short it is."""
    low, high = axes.get_xlim()
    places = [float(f"{low * (high / low) ** share:.3g}") for share in (0.2, 0.8)]
    if high / low > _DECADES_FROM:
        decades = np.arange(np.ceil(np.log10(low)), np.floor(np.log10(high)) + 1)
        places = [float(10.0**power) for power in (decades[0], decades[-1])]
    labels = [f"$10^{{{np.log10(at):.0f}}}$" if not 1e-3 < at < 1e4 else lettering.minus(f"{at:g}") for at in places]
    axes.set_xticks(places, labels)
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(which="minor", length=0)
