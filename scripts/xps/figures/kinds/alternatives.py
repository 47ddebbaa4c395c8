"""How a share depends on what the model states: the model itself and its declared alternatives along the series."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from xps.figures import lettering, page, style
from xps.figures.page import KeyEntry, Sheet
from xps.figures.palette import FALLBACK_COLOURS, MARKERS
from xps.figures.parts import layout, marks, series
from xps.figures.reading.frames import chosen, frames, records
from xps.figures.reading.shares import limits_as_shares
from xps.figures.reading.times import axis_column, placed
from xps.figures.words import facts
from xps.quantiles import TWO_SIDED_95

MODEL = "the model"
_CHANGES_CM = 2.6
_LINEAR_TO = 0.02
_CHANGE_TICKS = (-0.1, -0.02, -0.01, 0.0, 0.01, 0.02, 0.1)
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
    return [sheet.figure], points[names].rename(
        columns={"axis_s": axis_column(settings["axis"]), "value": "area_fraction"}
    )


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows, what each alternative changes, and how the counts judge it."""
    points = _points(settings, frames(tables, settings))
    told = []
    for name, rows in points[points["alternative"] != MODEL].groupby("alternative", sort=False):
        judged = ", ".join(_judged(rows, settings))
        changes = " or ".join(dict.fromkeys(map(facts.changed, rows["change"])))
        told.append(f"{_label(str(name))}: {changes}{f' (ΔBIC {judged})' if judged else ''}")
    species = ", ".join(settings["species"])
    return (
        f"Share of {species} in its core level against {lettering.heading(settings['axis'])}: under the model (black, "
        "with its 95 % interval) and under each declared alternative. Below: the fitted share less the model's, linear "
        f"between ±{_LINEAR_TO:g} and logarithmic beyond. Arrows: where it was not detected, the largest "
        "of the 95 % upper limits, in the colour of what gave it. A positive ΔBIC speaks for the model. "
        f"{'; '.join(told)}."
    )


def _judged(rows: pd.DataFrame, settings: Mapping[str, Any]) -> Iterator[str]:
    """Say how the counts of each experiment judge an alternative."""
    judged = rows[rows["delta_bic"].notna()]
    for experiment, gaps in judged.groupby("experiment", sort=False)["delta_bic"]:
        ends = dict.fromkeys(lettering.minus(f"{round(gap):+d}") for gap in (gaps.min(), gaps.max()))
        yield f"{lettering.sample_names(str(experiment), settings)} {' to '.join(ends)}"


def _label(alternative: str) -> str:
    return " ".join(facts.background_name(word) for word in lettering.typeset(alternative).split(" "))


def _points(settings: Mapping[str, Any], held: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per experiment, acquisition, component and alternative, the model first."""
    parts = held["components"]
    named = parts[[*_KEYS, "species", "core_level", "area_fraction"]].rename(
        columns={"area_fraction": "model_fraction"}
    )
    others = held["alternatives"].merge(named, on=_KEYS)
    limits = limits_as_shares(others, others["model_fraction"].notna(), ["alternative"])
    others = chosen(others.assign(limit=limits), settings, {"alternatives": "alternative"})
    own = parts[parts["model"].isin(others["model"])] if len(others) else parts
    own = own.assign(model_fraction=own["area_fraction"])
    limits = limits_as_shares(own, own["model_fraction"].notna())
    model = own.assign(alternative=MODEL, change="", delta_bic=np.nan, limit=limits)
    points = chosen(pd.concat([model, others], ignore_index=True), settings, {"species": "species"})
    limited = points["detected"].eq(False) & points["limit"].notna()
    return points.assign(
        axis_s=placed(points, held["acquisitions"], settings["axis"], by_region=True),
        kind=np.where(points["area_fraction"].isna(), "failed", np.where(limited, "upper_limit", "value")),
        value=points["area_fraction"].where(~limited, points["limit"]),
        stderr=points["area_fraction_stderr"].where(~limited),
    )


class _Look(NamedTuple):
    """Colour and marker of each alternative, and the names in the order of the key."""

    names: list[str]
    colours: Mapping[str, str]
    markers: Mapping[str, str]

    def of(self, name: str) -> dict[str, Any]:
        return {"color": self.colours[name], "marker": self.markers[name]}


def _look(points: pd.DataFrame) -> _Look:
    names = [MODEL, *(name for name in dict.fromkeys(points["alternative"]) if name != MODEL)]
    colours = {name: FALLBACK_COLOURS[index % len(FALLBACK_COLOURS)] for index, name in enumerate(names)}
    markers = {name: MARKERS[index % len(MARKERS)] for index, name in enumerate(names)}
    return _Look(names, {**colours, MODEL: "#000000"}, markers)


def _sheet(settings: Mapping[str, Any], points: pd.DataFrame) -> Sheet:
    """Draw the shares above and, below, what each alternative changes: there curves part that lie upon each other."""
    look = _look(points)
    entries = [
        KeyEntry(_label(name), page.points_swatch(single=True, markersize=3.6, **look.of(name))) for name in look.names
    ]
    entries += [marks.limit_entry()] if (points["kind"] == "upper_limit").any() else []
    time = lettering.axis_text(settings["axis"], float(np.nan_to_num(points["axis_s"].max())))
    panels = list(dict.fromkeys(zip(points["experiment"], points["species"], strict=True)))
    across = min(2, len(panels))
    plan = layout.of(settings.get("width", "double"), len(panels), entries, across=across, panel_height_cm=6.6,
                     gap_cm=1.35)  # fmt: skip
    sheet = plan.sheet()
    for index, (experiment, species) in enumerate(panels):
        own = points[(points["experiment"] == experiment) & (points["species"] == species)]
        shown = own.assign(time=own["axis_s"] * time.per_second)
        title = lettering.chemical_label(f"{species} in {lettering.sample_names(experiment, settings)}")
        axes = plan.axes(sheet, index, title, f"{experiment}|{species}")
        changes = plan.split(sheet, index, axes, _CHANGES_CM, 0.15)
        changes.set_label(f"{experiment}|{species}|changes")
        _draw(axes, shown, look)
        _draw_changes(changes, shown, look)
        series.finish_time(axes, shown["time"], f"no {lettering.heading(settings['axis'])} known")
        top = max(0.05, float(np.nan_to_num(own["value"].max())) * 1.15)
        axes.set_ylim(-0.06 * top, top)
        left, low = plan.corner(index)
        sheet.text(left - 1.0, low + _CHANGES_CM + 0.15 + (plan.panel_height_cm - _CHANGES_CM) / 2,
                   "Share of the core level", rotation=90, fontsize=style.TEXT_PT)  # fmt: skip
        sheet.text(left - 1.0, low + _CHANGES_CM / 2, "Change of the share", rotation=90, fontsize=style.TEXT_PT)
        plan.label_below(sheet, index, f"{time.heading} ({time.unit})")
    return sheet


def _draw(axes: Axes, points: pd.DataFrame, look: _Look) -> None:
    values = points[points["kind"] == "value"]
    model = values[values["alternative"] == MODEL].sort_values("time")
    half = TWO_SIDED_95 * model["stderr"]
    axes.fill_between(
        model["time"], model["value"] - half, model["value"] + half, color="black", alpha=0.12, linewidth=0
    )
    _draw_lines(axes, values, "value", look)
    # Of the limits of one acquisition the largest holds under all of them; one arrow for each would be a thicket.
    limits = points[points["kind"] == "upper_limit"].sort_values("value", kind="stable")
    for row in records(limits.drop_duplicates("acquisition", keep="last")):
        axes.plot([row["time"]], [row["value"]], linestyle="none",
                  markeredgecolor=look.colours[row["alternative"]], **marks.LIMIT)  # fmt: skip


def _draw_changes(axes: Axes, points: pd.DataFrame, look: _Look) -> None:
    """Draw each fitted share less that of the model, on an axis that is linear near zero and logarithmic beyond."""
    model = points[points["alternative"] == MODEL].set_index("acquisition")
    others = points[points["alternative"] != MODEL]
    base = others["acquisition"].map(model["area_fraction"])
    half = TWO_SIDED_95 * model["area_fraction_stderr"]
    axes.fill_between(model["time"], -half, half, color="black", alpha=0.12, linewidth=0)
    axes.axhline(0.0, color="black", linewidth=0.5)
    _draw_lines(axes, others.assign(change_of_share=others["area_fraction"] - base), "change_of_share", look)
    axes.set_yscale("symlog", linthresh=_LINEAR_TO, linscale=1.4)
    axes.set_ylim(-1.0, 1.0)
    axes.set_yticks(_CHANGE_TICKS, [lettering.minus(f"{tick:+g}" if tick else "0") for tick in _CHANGE_TICKS])
    axes.yaxis.set_minor_locator(NullLocator())


def _draw_lines(axes: Axes, values: pd.DataFrame, column: str, look: _Look) -> None:
    if values.empty:
        return
    sns.lineplot(values, x="time", y=column, hue="alternative", style="alternative", palette=dict(look.colours),
                 markers=dict(look.markers), hue_order=look.names, style_order=look.names, dashes=False, errorbar=None,
                 estimator=None, legend=False, linewidth=0.6, markersize=3.6, markeredgewidth=0.25,
                 markeredgecolor="#333333", ax=axes)  # fmt: skip
    axes.set(xlabel="", ylabel="")
