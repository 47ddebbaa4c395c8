"""When does a species appear: its area against what it must exceed to count as detected, and the onset that follows."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xps.figures import lettering, page
from xps.figures.page import KeyEntry
from xps.figures.parts import series_page
from xps.figures.reading.frames import chosen, frames, records
from xps.figures.reading.times import axis_column, placed
from xps.figures.words import facts
from xps.quantiles import TWO_SIDED_95

_CRITICAL: dict[str, Any] = {"color": "#444444", "linewidth": 0.7, "linestyle": (0.0, (3.0, 1.5))}
_LIMIT: dict[str, Any] = {"color": "#9A9A9A", "linewidth": 0.7, "linestyle": (0.0, (1.0, 1.2))}
_ONSET: dict[str, Any] = {"color": "#E69F00", "alpha": 0.25, "linewidth": 0}
QUANTITY = "onset"
# Areas this many times the detection limit would press it onto the axis.
_DWARFED = 8.0


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and the plotted numbers."""
    held = frames(tables, settings)
    points = _points(settings, held)
    onsets = _onsets(settings, held["kinetics"])
    entries = [
        KeyEntry("critical level: more counts as detected", page.line_swatch(**_CRITICAL)),
        KeyEntry("detection limit: a true area that would be detected", page.line_swatch(**_LIMIT)),
    ]
    if len(onsets):
        entries.append(
            KeyEntry(
                "onset: between last absence and first detection",
                page.box_swatch(facecolor=_ONSET["color"], alpha=0.25),
            )
        )

    def decorate(axes: Axes, panel: str, per_second: float) -> None:
        own = points[points["panel"] == panel].sort_values("axis_s")
        for column, how in (("critical_level_cps_ev", _CRITICAL), ("detection_limit_cps_ev", _LIMIT)):
            axes.plot(own["axis_s"] * per_second, own[column] / 1000, drawstyle="steps-mid", zorder=1, **how)
        _let_small_ones_be_seen(axes, own)
        for row in records(onsets[onsets["experiment"] == own["experiment"].iloc[0]]):
            axes.axvspan(row["low"] * per_second, row["high"] * per_second, zorder=0, **_ONSET)

    with page.project_style():
        look = series_page.Panels("Area (kcps·eV)", factor=1e-3, more_key=entries, decorate=decorate)
        sheet = series_page.sheet(settings, points, held["acquisitions"], look)
        sheet.footer(data_origin, 1, 1)
    names = [
        "experiment", "model", "component", "acquisition", "axis_s", "kind", "value", "low", "high", "detected",
        "critical_level_cps_ev", "detection_limit_cps_ev", "upper_limit_95_cps_ev",
    ]  # fmt: skip
    return [sheet.figure], points[names].rename(
        columns={"axis_s": axis_column(settings["axis"]), "value": "area_cps_ev"}
    )


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows and what the kinetics table says of the onset."""
    held = frames(tables, settings)
    points = _points(settings, held)
    told = []
    for experiment, own in points.groupby("experiment", sort=False):
        seen = own[own["detected"].eq(True)].sort_values("acquisition")
        first = "never detected" if seen.empty else f"first detected {_when(seen.iloc[0])}"
        told.append(f"{experiment}: {first}")
    stated = held["kinetics"][held["kinetics"]["quantity"] == QUANTITY]
    onsets = [
        f"{row['experiment']} {row['component']}, {row['law']}: {facts.verdict(row)}"
        f"{'' if pd.isna(row['condition']) else '; ' + row['condition']}"
        for row in records(stated)
    ]
    words = ", ".join(dict.fromkeys(points["species"]))
    return (
        f"Appearance of {words} against {lettering.heading(settings['axis'])}: fitted area with 95 % intervals, arrows "
        "where it was not detected (95 % upper limits). Dashed: critical level; dotted: detection limit. "
        f"{'; '.join(told)}. Every acquisition is a test of its own here; the kinetics table allows for their number."
        f"{' ' + '. '.join(dict.fromkeys(onsets)) + '.' if onsets else ''}"
    )


def _when(point: pd.Series) -> str:
    """Return where a point stands in the series, in words."""
    acquisition = f"in acquisition {int(point['acquisition'])}"
    return acquisition if pd.isna(point["axis_s"]) else f"after {point['axis_s'] / 60:.4g} min ({acquisition})"


# Room below zero for the arrow of a limit near it, in detection limits.
_ARROW = 0.4


def _let_small_ones_be_seen(axes: Axes, own: pd.DataFrame) -> None:
    """Use a scale that is linear up to the detection limit and logarithmic above where the areas dwarf the limit."""
    limit = float(own["detection_limit_cps_ev"].median()) / 1000
    if limit > 0 and float(own["value"].max()) / 1000 > _DWARFED * limit:
        axes.set_yscale("symlog", linthresh=2 * limit, linscale=1.0)
        axes.set_ylim(bottom=-_ARROW * limit)


def _points(settings: Mapping[str, Any], held: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    own = chosen(held["components"], settings, {"species": "species", "core_levels": "core_level"})
    limited = own["detected"].eq(False) & own["upper_limit_95_cps_ev"].notna()
    half = TWO_SIDED_95 * own["area_stderr_cps_ev"]
    value = own["area_cps_ev"].where(~limited, own["upper_limit_95_cps_ev"])
    several = own["component"].nunique() > 1
    name = own["experiment"] + (", " + own["component"] if several else "")
    return own.assign(
        panel=name + "|" + name,
        series=own["component"],
        axis_s=placed(own, held["acquisitions"], settings["axis"], by_region=True),
        kind=np.where(own["area_cps_ev"].isna(), "failed", np.where(limited, "upper_limit", "value")),
        law=None,
        value=value,
        low=own["area_low_cps_ev"].fillna(value - half).where(~limited),
        high=own["area_high_cps_ev"].fillna(value + half).where(~limited),
        fit_p_value=np.nan,
    )


def _onsets(settings: Mapping[str, Any], kinetics: pd.DataFrame) -> pd.DataFrame:
    """Return the onset times with both ends of their interval, in seconds of the figure's axis."""
    named = kinetics["parameter"].str.contains(QUANTITY) | kinetics["quantity"].str.contains(QUANTITY)
    own = kinetics[named & kinetics["low"].notna() & kinetics["high"].notna() & (kinetics["unit"] == "s")]
    found: pd.DataFrame = own[own["window"].str.startswith(settings["axis"])]
    return found
