"""Pages of small panels, one profile of the likelihood each: how much worse the fit gets where a parameter is held.

A curve that crosses the dashed line on both sides bounds the parameter: its 95 % interval is closed. One that stays
below on a side leaves it open there; what stays below on both sides would be a flat line, and has no panel.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import NullFormatter
from numpy.typing import NDArray

from xps.figures import lettering, page, style
from xps.figures.page import KeyEntry, Sheet
from xps.figures.parts import layout
from xps.quantiles import RISE_TWO_SIDED_95

_THRESHOLD_LINE: dict[str, Any] = {"color": "black", "linewidth": 0.6, "linestyle": (0, (4, 2))}
CLOSED: dict[str, Any] = {"color": "#0072B2", "marker": "o"}
OPEN: dict[str, Any] = {"color": "#E69F00", "marker": "s"}
KEYS = ["experiment", "quantity", "law", "parameter"]
HIGHEST = 9.0
_ACROSS, _PANEL_CM = 5, 1.7
# A profile is shown over this factor around its best value at most: what is open goes on as it does there.
_WIDEST = 1e4
# and in any case as far as the ends of its interval, with this factor to spare.
_BEYOND = 1.3
_DECADES_FROM = 1e3
_FINE = 200

Floats = NDArray[np.float64]


def sheets(profiles: pd.DataFrame, rates: pd.DataFrame, settings: Mapping[str, Any]) -> list[Sheet]:
    """Return the pages, a panel for each parameter and set of assumptions of ``rates`` whose interval has an end.

    ``rates`` are rows of kinetics with a ``mark``: the letter of their set of assumptions, empty where there is one.
    """
    panels = list(_panels(profiles, rates))
    down = math.ceil(len(panels) / _ACROSS)
    pages = math.ceil(down / int((style.PAGE_HEIGHT_CM - 1.5) / (_PANEL_CM + 1.6)))
    most = _ACROSS * math.ceil(down / max(pages, 1))
    return [_sheet(panels[at : at + most], settings) for at in range(0, len(panels), max(most, 1))]


class _Panel(NamedTuple):
    """The points of one parameter's profile under one set of assumptions, and the row of its interval."""

    points: pd.DataFrame
    rate: pd.Series


def _panels(profiles: pd.DataFrame, rates: pd.DataFrame) -> Iterator[_Panel]:
    bounded = rates[rates["low"].notna() | rates["high"].notna()]
    for key, own in profiles.groupby(KEYS, sort=False):
        named = bounded[(bounded[KEYS] == list(key)).all(axis=1)]
        sets = own["condition"].fillna("")
        assumed = [assumptions_of(str(words), sets.unique()) for words in named["condition"].fillna("")]
        for condition, points in own.groupby(sets, sort=False):
            found = named[[one == condition for one in assumed]]
            if len(points) > 1 and len(found):
                yield _Panel(points, found.iloc[0])


def assumptions_of(condition: str, sets: Iterable[str]) -> str | None:
    """Return which of the ``sets`` of assumptions an interval's ``condition`` begins with, the longest; None if none.

    A condition goes on after its set: it also tells what no set can change.
    """
    fitting = [words for words in sets if not words or f"{condition};".startswith(f"{words};")]
    return max(fitting, key=len, default=None)


def _sheet(panels: Sequence[_Panel], settings: Mapping[str, Any]) -> Sheet:
    threshold = page.line_swatch(**_THRESHOLD_LINE)
    entries = [
        KeyEntry("closed interval", page.points_swatch(single=True, markersize=3.0, **CLOSED)),
        KeyEntry("open at an end", page.points_swatch(single=True, markersize=3.0, **OPEN)),
        KeyEntry("95 % threshold (3.84)", threshold),
    ]
    plan = layout.of("double", len(panels), entries, across=_ACROSS, panel_height_cm=_PANEL_CM, left_cm=0.9)
    sheet = plan.sheet()
    for index, (points, rate) in enumerate(panels):
        sample = lettering.chemical_label(lettering.sample_names(rate["experiment"], settings))
        mark = f" ({rate['mark']})" if rate["mark"] else ""
        title = page.wrapped(f"{sample}: {lettering.law_name(rate['law'])}{mark}", plan.panel_cm + 0.6 * plan.gap_cm)
        axes = plan.axes(sheet, index, "", "|".join([*rate[KEYS], *filter(None, [rate["mark"]])]))
        _draw(axes, points, rate[["low", "high"]].to_numpy(dtype=np.float64))
        left, low = plan.corner(index)
        sheet.text(left + plan.panel_cm / 2, low + _PANEL_CM + 0.07, title, va="bottom", linespacing=1.0)
        unit = "" if rate["unit"] == "1" else f" ({rate['unit']})"
        sheet.text(left + plan.panel_cm / 2, low - 0.52, f"{lettering.parameter_name(rate['parameter'])}{unit}")
    plan.label_left(sheet, "Rise of χ² above its least")
    return sheet


def _draw(axes: Axes, own: pd.DataFrame, ends: Floats) -> None:
    best = own["value"].iloc[int(own["deviance_rise"].abs().argmin())]
    known = ends[np.isfinite(ends) & (ends > 0.0)]
    widest = (min([best / _WIDEST, *known / _BEYOND]), max([best * _WIDEST, *known * _BEYOND]))
    shown = own[own["value"].between(*widest)].sort_values("value", kind="stable")
    look = CLOSED if np.isfinite(ends).all() else OPEN
    rise_axis(axes)
    values, rises = (shown[name].to_numpy(dtype=np.float64) for name in ("value", "deviance_rise"))
    curve, risen = between(np.log(values), rises, float(np.log(best)))
    axes.plot(np.exp(curve), risen, color=look["color"], linewidth=0.8, zorder=2)
    axes.plot(values, rises, linestyle="none", markersize=1.8, markeredgewidth=0, zorder=3, **look)
    for end in ends[np.isfinite(ends)]:
        axes.axvline(end, color=look["color"], linewidth=0.5, zorder=1.5)
    axes.set_xscale("log")
    near = shown.loc[shown["deviance_rise"] <= 1.2 * HIGHEST, "value"]
    first, last = min([float(near.min()), *known]), max([float(near.max()), *known])
    room = max((last / first) ** 0.06, 1.01)
    axes.set_xlim(first / room, last * room)
    _ticks(axes)


def between(held: Floats, rises: Floats, best: float) -> tuple[Floats, Floats]:
    """Return a curve through the trials: the root of the rise, which is nearly straight in the value, is interpolated.

    ``held`` ascend; ``best`` is where the rise is 0.
    """
    roots = np.sign(held - best) * np.sqrt(np.maximum(rises, 0.0))
    fine = np.unique(np.concatenate([held, np.linspace(held[0], held[-1], _FINE)]))
    return fine, np.interp(fine, held, roots) ** 2


def rise_axis(axes: Axes) -> None:
    """Set the axis of the rise of the objective that all profiles share, with the threshold of 95 %."""
    axes.axhline(RISE_TWO_SIDED_95, zorder=1, **_THRESHOLD_LINE)
    axes.set_ylim(-0.4, HIGHEST)
    axes.set_yticks([0, 4, 8])


def _ticks(axes: Axes) -> None:
    """Set at most two ticks with plain numbers, or powers of ten, on a logarithmic axis, however short it is."""
    low, high = axes.get_xlim()
    places = [float(f"{low * (high / low) ** share:.3g}") for share in (0.2, 0.8)]
    if high / low > _DECADES_FROM:
        decades = np.arange(np.ceil(np.log10(low)), np.floor(np.log10(high)) + 1)
        places = [float(10.0**power) for power in (decades[0], decades[-1])]
    axes.set_xticks(places, [_number(at) for at in places])
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.tick_params(which="minor", length=0)


def _number(value: float) -> str:
    """Write a positive number in few letters: plainly where that is short, else with its power of ten."""
    if 1e-3 <= value < 1e4:
        return lettering.minus(f"{value:g}")
    power = math.floor(math.log10(value) + 1e-9)
    mantissa = f"{value / 10.0**power:.2g}"
    return f"$10^{{{power}}}$" if mantissa == "1" else rf"${mantissa}\cdot10^{{{power}}}$"
