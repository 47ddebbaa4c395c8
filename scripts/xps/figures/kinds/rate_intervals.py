"""Which rates the data fix: the 95 % interval of each rate parameter, closed or open, with the law that it belongs to.

An end that the kinetics table leaves empty is open: the profile of the likelihood never rises enough on that side, so
the data do not bound the rate there. The profiles that were kept follow on pages of their own.
"""

import math
import string
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from xps.figures import page, style
from xps.figures.lettering import chemical_label, interval, law_name, laws_named, parameter_name, sample_names
from xps.figures.page import KeyEntry, Sheet
from xps.figures.parts import profile_page
from xps.figures.parts.profile_page import CLOSED, OPEN
from xps.figures.reading.frames import frames, records

_MECHANISMS = ("thickness_nm", "decay", "oxidation")
_ROW_CM, _LEFT_CM, _RIGHT_CM, _TOP_CM, _BELOW_CM = 0.4, 6.4, 4.6, 0.4, 0.95
_WIDEST = 20.0
_LAW = ["experiment", "quantity", "law"]
_NAMES = ["experiment", "model", "component", "quantity", "law", "parameter", "value", "low", "high", "unit", "bic",
          "chosen", "verdict", "reason", "condition"]  # fmt: skip


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the pages and the intervals."""
    rates, profiles = _rates(settings, tables), frames(tables, settings)["profiles"]
    most = int((style.PAGE_HEIGHT_CM - _TOP_CM - _BELOW_CM - page.key_height_cm([[]])) / _ROW_CM)
    fits = math.ceil(max(len(rates), 1) / math.ceil(max(len(rates), 1) / most))
    parts = [rates[at : at + fits] for at in range(0, max(len(rates), 1), fits)]
    unbeaten = rates[rates["chosen"].ne("no")]
    with page.project_style():
        sheets = [*(_sheet(part, settings) for part in parts), *profile_page.sheets(profiles, unbeaten, settings)]
        for number, sheet in enumerate(sheets, start=1):
            sheet.footer(data_origin, number, len(sheets))
    numbers = [rates[_NAMES].assign(kind="interval"), profiles.assign(kind="profile")]
    return [sheet.figure for sheet in sheets], pd.concat(numbers, ignore_index=True)


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows, and which assumption carries each rate."""
    rates = _rates(settings, tables)
    open_ones = int((rates["low"].isna() | rates["high"].isna()).sum())
    carried = rates[rates["condition"].notna()].drop_duplicates([*_LAW, "condition"])
    told = [f"{row['experiment']} {_law_words(row)}: {laws_named(row['condition'])}" for row in records(carried)]
    conditions = f" Assumed: {'; '.join(told)}." if told else ""
    return (
        f"95 % intervals of {len(rates)} rate parameters relative to their values, from profiles of the likelihood; "
        f"{open_ones} are open at one end or both (arrows): the data do not bound them there. A bar without a stroke "
        "at its end goes on beyond the axis. Bold: the law that was chosen; letters: sets of assumptions, below. On "
        "the last pages: profiles of the likelihood under the laws that are not beaten, each parameter held while all "
        "others are fitted; one that is open at both ends would be a flat line and is left out."
        f"{conditions}"
    )


def _rates(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> pd.DataFrame:
    kinetics = frames(tables, settings)["kinetics"]
    named = kinetics["quantity"].isin(_MECHANISMS) & (kinetics["parameter"] != "")
    rates = kinetics[named & kinetics["value"].gt(0.0)]
    return rates.assign(mark=_marks(rates))


def _marks(rates: pd.DataFrame) -> pd.Series:
    """Return a letter for each set of assumptions that a law was fitted under, empty where there is one set only."""
    sets = rates["condition"].fillna("").groupby([rates[name] for name in _LAW], sort=False)
    places = sets.transform(lambda words: pd.factorize(words)[0])
    letters: pd.Series = places.map(lambda place: string.ascii_lowercase[int(place) % 26])
    return letters.where(sets.transform("nunique") > 1, "")


def _sheet(rates: pd.DataFrame, settings: Mapping[str, Any]) -> Sheet:
    width_cm = style.WIDTH_CM["double"]
    key = page.key_lines(
        [
            KeyEntry("closed interval", page.points_swatch(single=True, markersize=3.6, **CLOSED)),
            KeyEntry("open at an end", page.points_swatch(single=True, markersize=3.6, **OPEN)),
        ],
        width_cm,
    )
    below = page.key_height_cm(key) + _BELOW_CM
    height = max(1, len(rates)) * _ROW_CM
    sheet = Sheet(width_cm, below + height + _TOP_CM)
    sheet.key(key)
    axes = sheet.axes(_LEFT_CM, below, width_cm - _LEFT_CM - _RIGHT_CM, height)
    axes.set_label("rates")
    axes.axvline(1.0, color="black", linewidth=0.4, zorder=1)
    for row, rate in enumerate(records(rates)):
        _draw_interval(axes, row, rate)
        _write(sheet, rate, settings, below + height - (row + 0.5) * _ROW_CM, width_cm)
    if rates.empty:
        axes.text(0.5, 0.5, "no rate was fitted", transform=axes.transAxes, ha="center", va="center")
    axes.set_xscale("log")
    axes.set_xlim(1 / _WIDEST, _WIDEST)
    axes.xaxis.set_major_locator(FixedLocator([0.1, 0.5, 1, 2, 10]))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(["0.1", "0.5", "1", "2", "10"])
    axes.set_ylim(max(1, len(rates)) - 0.5, -0.5)
    axes.set_yticks([])
    middle = _LEFT_CM + (width_cm - _LEFT_CM - _RIGHT_CM) / 2
    sheet.text(middle, below - 0.62, "95 % interval relative to the value", fontsize=style.TEXT_PT)
    return sheet


def _draw_interval(axes: Axes, row: int, rate: Mapping[str, Any]) -> None:
    low, high = (None if pd.isna(rate[end]) else rate[end] / rate["value"] for end in ("low", "high"))
    look = CLOSED if low is not None and high is not None and low > 0 else OPEN
    ends = (max(low or 0.0, 1.1 / _WIDEST), min(_WIDEST if high is None else high, _WIDEST / 1.1))
    axes.plot(ends, [row, row], color=look["color"], linewidth=1.1, zorder=2)
    axes.plot([1.0], [row], markersize=3.4, markeredgewidth=0.3, markeredgecolor="#333333", zorder=3, **look)
    for end, place, sign in ((low, ends[0], "<"), (high, ends[1], ">")):
        if end is None or end <= 0:
            axes.plot([place], [row], marker=sign, markersize=3.4, color=look["color"], zorder=3)
        elif end == place:
            axes.plot([place], [row], marker="|", markersize=4.0, color=look["color"], zorder=2)


def _write(sheet: Sheet, rate: Mapping[str, Any], settings: Mapping[str, Any], y: float, width_cm: float) -> None:
    """Write what the rate belongs to before its interval, and its value behind it."""
    weight = "bold" if rate["chosen"] == "yes" else "normal"
    what = chemical_label(str(rate["component"] or ""))
    sample = chemical_label(sample_names(str(rate["experiment"]), settings))
    sheet.text(0.2, y, f"{sample}, {what}: {_law_words(rate)}", ha="left", fontweight=weight)
    # Three gases share one line of the page.
    parameter = parameter_name(rate["parameter"]).replace(" in equal parts", "").replace(" and ", " + ")
    sheet.text(_LEFT_CM - 0.15, y, parameter, ha="right")
    value = interval(rate["value"], rate["low"], rate["high"], rate["unit"])
    sheet.text(width_cm - _RIGHT_CM + 0.15, y, value, ha="left")


def _law_words(rate: Mapping[str, Any]) -> str:
    """Return the law's name and, where it was fitted under several sets of assumptions, the letter of the set."""
    name = law_name(rate["law"])
    return f"{name} ({rate['mark']})" if rate["mark"] else name
