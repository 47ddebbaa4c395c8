"""How a share depends on what the model states: the model itself and its declared alternatives along the series."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xps.figures import lettering, page
from xps.figures.page import KeyEntry, Sheet
from xps.figures.palette import FALLBACK_COLOURS, MARKERS
from xps.figures.parts import layout, marks, series
from xps.figures.reading.frames import chosen, frames, records
from xps.figures.reading.times import region_axis_values

MODEL = "the model"
_KEYS = ["experiment", "model", "acquisition", "region", "component"]


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and the shares under the model and each alternative."""
    held = frames(tables, settings)
    points = _points(settings, held)
    with page.project_style():
        sheet = _sheet(settings, points)
        sheet.footer(data_origin, 1, 1)
    names = [*_KEYS, "alternative", "axis_s", "kind", "value", "stderr", "delta_bic", "change"]
    return [sheet.figure], points[names].rename(columns={"axis_s": settings["axis"], "value": "area_fraction"})


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows, what each alternative changes, and how the counts judge it."""
    points = _points(settings, frames(tables, settings))
    told = []
    for (experiment, name), rows in points[points["alternative"] != MODEL].groupby(["experiment", "alternative"],
                                                                                   sort=False):  # fmt: skip
        gap = rows.drop_duplicates("acquisition")["delta_bic"].dropna()
        judged = "" if gap.empty else f", ΔBIC {gap.min():+.0f} to {gap.max():+.0f}".replace("-", "−")
        told.append(f"{experiment} {name}: {rows['change'].iloc[0]}{judged}")
    species = ", ".join(settings["species"])
    return (
        f"Share of {species} in its core level against {lettering.heading(settings['axis'])}: under the model (black, "
        "with its 95 % interval) and under each declared alternative. Arrows: where it was not detected, the largest "
        "of the 95 % upper limits, in the colour of what gave it. A positive ΔBIC speaks for the model. "
        f"{'; '.join(told)}."
    )


def _points(settings: Mapping[str, Any], held: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per experiment, acquisition, component and alternative, the model first."""
    parts = held["components"]
    named = parts[[*_KEYS, "species", "core_level", "area_fraction"]].rename(
        columns={"area_fraction": "model_fraction"}
    )
    others = held["alternatives"].merge(named, on=_KEYS)
    others = chosen(
        others.assign(limit=_limit_as_share(others, ["alternative"])), settings, {"alternatives": "alternative"}
    )
    own = parts[parts["model"].isin(others["model"])] if len(others) else parts
    own = own.assign(model_fraction=own["area_fraction"])
    model = own.assign(alternative=MODEL, change="", delta_bic=np.nan, limit=_limit_as_share(own, []))
    points = chosen(pd.concat([model, others], ignore_index=True), settings, {"species": "species"})
    acquired = held["acquisitions"][~held["acquisitions"]["excluded"]]
    times = {
        (experiment, *place): at
        for experiment, rows in acquired.groupby("experiment", sort=False)
        for place, at in region_axis_values(rows, settings["axis"]).items()
    }
    limited = points["detected"].eq(False) & points["limit"].notna()
    places = zip(points["experiment"], points["acquisition"], points["region"], strict=True)
    return points.assign(
        axis_s=[times.get(place, np.nan) for place in places],
        kind=np.where(points["area_fraction"].isna(), "failed", np.where(limited, "upper_limit", "value")),
        value=points["area_fraction"].where(~limited, points["limit"]),
        stderr=points["area_fraction_stderr"].where(~limited),
    )


def _limit_as_share(rows: pd.DataFrame, also: list[str]) -> pd.Series:
    """Return the 95 % limit of each area as a share of its core level: limit / (limit + areas of the other species)."""
    area = rows["area_cps_ev"].where(rows["model_fraction"].notna())
    keys = [rows[name] for name in ("experiment", "model", "acquisition", "core_level", *also)]
    others = area.groupby(keys).transform("sum") - area
    limit = rows["upper_limit_95_cps_ev"]
    share: pd.Series = limit / (limit + others)
    return share


def _sheet(settings: Mapping[str, Any], points: pd.DataFrame) -> Sheet:
    names = [MODEL, *(name for name in dict.fromkeys(points["alternative"]) if name != MODEL)]
    colours = {name: FALLBACK_COLOURS[index % len(FALLBACK_COLOURS)] for index, name in enumerate(names)}
    colours[MODEL] = "#000000"
    signs = {name: MARKERS[index % len(MARKERS)] for index, name in enumerate(names)}
    entries = [
        KeyEntry(name, page.points_swatch(single=True, color=colours[name], marker=signs[name], markersize=3.6))
        for name in names
    ]
    entries += [marks.limit_entry()] if (points["kind"] == "upper_limit").any() else []
    time = lettering.axis_text(settings["axis"], float(np.nan_to_num(points["axis_s"].max())))
    panels = list(dict.fromkeys(zip(points["experiment"], points["species"], strict=True)))
    plan = layout.of(settings.get("width", "double"), len(panels), entries, across=min(2, len(panels)),
                     panel_height_cm=5.2)  # fmt: skip
    sheet = plan.sheet()
    for index, (experiment, species) in enumerate(panels):
        own = points[(points["experiment"] == experiment) & (points["species"] == species)]
        title = lettering.chemical_label(f"{species} in {lettering.sample_names(experiment, settings)}")
        axes = plan.axes(sheet, index, title, f"{experiment}|{species}")
        shown = own.assign(time=own["axis_s"] * time.per_second)
        _draw(axes, shown, names, colours, signs)
        series.finish_time(axes, shown["time"], f"no {lettering.heading(settings['axis'])} known")
        top = max(0.05, float(np.nan_to_num(own["value"].max())) * 1.15)
        axes.set_ylim(-0.06 * top, top)
        plan.label_below(sheet, index, f"{time.heading} ({time.unit})")
    plan.label_left(sheet, "Share of the core level")
    return sheet


def _draw(
    axes: Axes, points: pd.DataFrame, names: list[str], colours: Mapping[str, str], signs: Mapping[str, str]
) -> None:
    values = points[points["kind"] == "value"]
    model = values[values["alternative"] == MODEL].sort_values("time")
    half = series.NORMAL_95 * model["stderr"]
    axes.fill_between(
        model["time"], model["value"] - half, model["value"] + half, color="black", alpha=0.12, linewidth=0
    )
    if len(values):
        look: dict[str, Any] = {
            "hue": "alternative",
            "style": "alternative",
            "palette": dict(colours),
            "markers": dict(signs),
        }
        sns.lineplot(values, x="time", y="value", hue_order=names, style_order=names, dashes=False, errorbar=None,
                     estimator=None, legend=False, linewidth=0.6, markersize=3.6, markeredgewidth=0.25,
                     markeredgecolor="#333333", ax=axes, **look)  # fmt: skip
    # Of the limits of one acquisition the largest holds under all of them; one arrow for each would be a thicket.
    limits = points[points["kind"] == "upper_limit"].sort_values("value", kind="stable")
    for row in records(limits.drop_duplicates("acquisition", keep="last")):
        axes.plot([row["time"]], [row["value"]], linestyle="none", markeredgecolor=colours[row["alternative"]],
                  **marks.LIMIT)  # fmt: skip
