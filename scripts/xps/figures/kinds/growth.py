"""Thickness of each layer along a series with its bands, the growth laws through it, and how these compare.

A law runs on the clock: lithium that is left reacts on while nothing is plated. Against plating time its course
therefore rises vertically where a pause was long enough.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xps.figures import lettering, page, style
from xps.figures.lettering import interval, law_name, parameter_name, quantity
from xps.figures.page import KeyEntry
from xps.figures.parts import series_page
from xps.figures.reading.frames import chosen, frames, records
from xps.figures.reading.times import axis_column, placed
from xps.figures.words import facts
from xps.quantiles import TWO_SIDED_95

QUANTITY = "thickness_nm"
_STDERRS = ("thickness_stderr_nm", "thickness_fit_stderr_nm", "thickness_imfp_stderr_nm")
_MODELS = {"layer": "one film", "layers": "stack of films", "patchy": "islands"}
# The row about the shape of patches: no film.
_SHAPE = "coverage"
_MOST_LAWS, _LINE_PT = 6, 7.5
_CHOSEN: dict[str, Any] = {"color": "black", "linewidth": 1.0, "linestyle": "-"}
# Laws that the data do not tell apart lie within a line's width of each other: the room that they share is drawn.
_UNBEATEN: dict[str, Any] = {"color": "#7A7A7A", "linewidth": 0.0, "alpha": 0.45}
_COURSE_NAMES = ["experiment", "layer_model", "component", "law", "value", "low", "high", "chosen"]


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and its numbers: thicknesses, then the parameters of the laws."""
    held = frames(tables, settings)
    points, laws = _points(settings, held), _laws(held["kinetics"])
    courses = _courses(settings, held["courses"], points)
    first = set(points.drop_duplicates("experiment")["panel"])

    def decorate(axes: Axes, panel: str, per_second: float) -> None:
        of_panel = laws[laws["experiment"] == points.loc[points["panel"] == panel, "experiment"].iloc[0]]
        _draw_courses(axes, courses[courses["panel"] == panel], per_second)
        if panel in first:
            _write_ranking(axes, of_panel)

    with page.project_style():
        look = series_page.Panels("Thickness (nm)", left_cm=1.35, failed_words="no thickness", more_key=_key(courses),
                                  decorate=decorate)  # fmt: skip
        sheet = series_page.sheet(settings, points, held["acquisitions"], look)
        sheet.footer(data_origin, 1, 1)
    names = [
        "experiment", "acquisition", "axis_s", "layer_model", "layer", "kind", "value", "low", "high",
        *_STDERRS, "verdict",
    ]  # fmt: skip
    law_names = [
        "experiment",
        "component",
        "law",
        "parameter",
        "value",
        "low",
        "high",
        "unit",
        "bic",
        "chosen",
        "verdict",
        "reason",
    ]
    told = laws[law_names].rename(columns={"component": "layer", "value": "law_value"}).assign(kind="law")
    drawn = courses[[*_COURSE_NAMES, "axis_s"]].rename(columns={"component": "layer"}).assign(kind="course")
    numbers = pd.concat([points[names], told, drawn], ignore_index=True)
    return [sheet.figure], numbers.rename(columns={"axis_s": axis_column(settings["axis"]), "value": QUANTITY})


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows, the laws with their verdicts, and the assumptions."""
    held = frames(tables, settings)
    laws = _laws(held["kinetics"])
    told = [
        _law_words(str(experiment), str(law), rows)
        for (experiment, law), rows in laws.groupby(["experiment", "law"], sort=False)
    ]
    films = held["layers"][held["layers"]["layer"].ne(_SHAPE)]
    conditions = facts.assumptions(films["condition"])
    sentences = [
        f"Layer thickness from attenuation against {lettering.heading(settings['axis'])}.",
        "Bars and bands: 95 %, counting, fit models and mean free paths together; arrows up: 95 % lower limits.",
        "In the first panel of an experiment: the growth laws that were fitted, by their BIC, on the clock of the "
        "series. Line: the law that was chosen, with its statistical 95 % band; dark band, where none was: all laws "
        "that no other beats by 6, with theirs. A law rises vertically where lithium reacted on during a pause."
        if told
        else "No growth law was fitted.",
        f"{'; '.join(told)}." if told else "",
        f"Assumed: {conditions}." if conditions else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _panel_names(layers: pd.DataFrame) -> pd.Series:
    """Name panels by experiment and layer model, and by the patches' coverage where a model was solved for several."""
    of_model = [layers["experiment"], layers["layer_model"]]
    several = layers["patch_coverage_fraction"].groupby(of_model).transform("nunique") > 1
    coverage = ", coverage " + layers["patch_coverage_fraction"].map("{:g}".format)
    model = layers["layer_model"].map(_MODELS).fillna(layers["layer_model"])
    name = layers["experiment"] + ", " + model + coverage.where(several, "")
    return name + "|" + name


def _courses(settings: Mapping[str, Any], courses: pd.DataFrame, points: pd.DataFrame) -> pd.DataFrame:
    """Return the courses of all laws that are not beaten, with their panel and place on the figure's axis."""
    seen = courses[courses["chosen"].ne("no") & courses["quantity"].eq(QUANTITY)]
    panels = points.drop_duplicates("panel")[["experiment", "layer_model", "patch_coverage_fraction", "panel"]]
    placed = seen.merge(
        panels.rename(columns={"patch_coverage_fraction": "of_panel"}), on=["experiment", "layer_model"]
    )
    asked = placed["patch_coverage_fraction"]
    placed = placed[asked.isna() | asked.eq(placed["of_panel"])]
    shown: pd.DataFrame = placed.assign(axis_s=placed.get(settings["axis"], np.nan))
    return shown[shown["axis_s"].notna()]


def _draw_courses(axes: Axes, courses: pd.DataFrame, per_second: float) -> None:
    """Draw the chosen law with its band, or the room between the lowest and the highest that are not beaten."""
    best = courses[courses["chosen"].eq("yes")]
    if len(best):
        time = best["axis_s"] * per_second
        axes.fill_between(time, best["low"], best["high"], color="black", alpha=0.12, linewidth=0, zorder=0.5)
        axes.plot(time, best["value"], zorder=2, **_CHOSEN)
    elif len(courses):
        moments = courses.groupby("start_time_s")
        time = moments["axis_s"].first() * per_second
        axes.fill_between(time, moments["low"].min(), moments["high"].max(), zorder=2, **_UNBEATEN)


def _key(courses: pd.DataFrame) -> list[KeyEntry]:
    chosen_ones = courses["chosen"].eq("yes").groupby(courses["panel"]).any()
    found = [KeyEntry("chosen growth law", page.line_swatch(**_CHOSEN))] if chosen_ones.any() else []
    if not chosen_ones.all():
        found.append(KeyEntry("all growth laws that are not beaten", page.box_swatch(facecolor=_UNBEATEN["color"],
                              alpha=_UNBEATEN["alpha"], linewidth=0)))  # fmt: skip
    return found


def _law_words(experiment: str, law: str, rows: pd.DataFrame) -> str:
    values = [_value_words(row) for row in records(rows) if pd.notna(row["value"]) and row["parameter"]]
    first = rows.iloc[0]
    numbers = f", {', '.join(values)}" if values else ""
    judged = {"yes": "chosen", "no": "not chosen"}.get(first["chosen"], str(first["chosen"]))
    return f"{experiment} {law_name(law)}{numbers}: {judged}, {facts.verdict(records(rows)[0])}"


def _value_words(row: Mapping[str, Any]) -> str:
    known = pd.notna(row["low"]) or pd.notna(row["high"])
    words = interval(row["value"], row["low"], row["high"], row["unit"]) if known else None
    return f"{parameter_name(row['parameter'])} = {words or quantity(format(row['value'], '.3g'), row['unit'])}"


def _write_ranking(axes: Axes, laws: pd.DataFrame) -> None:
    """Write the laws from the best BIC on, one below the other, with the distance from the best."""
    best = laws[laws["bic"].notna()].drop_duplicates("law").sort_values("bic", kind="stable").head(_MOST_LAWS)
    for place, row in enumerate(reversed(records(best))):
        judged = " (chosen)" if row["chosen"] == "yes" else ""
        words = f"{law_name(row['law'])}: ΔBIC {row['bic'] - best['bic'].iloc[0]:.1f}{judged}"
        axes.annotate(words, (1.0, 0.0), xycoords="axes fraction", xytext=(-4.0, 5.0 + _LINE_PT * place),
                      textcoords="offset points", fontsize=style.SMALL_PT, ha="right", zorder=6)  # fmt: skip


def _laws(kinetics: pd.DataFrame) -> pd.DataFrame:
    found: pd.DataFrame = kinetics[kinetics["quantity"] == QUANTITY]
    return found


def _points(settings: Mapping[str, Any], held: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    own = chosen(held["layers"], settings, {"layers": "layer", "layer_models": "layer_model"})
    own = own[own["layer"].ne(_SHAPE)]
    half = TWO_SIDED_95 * np.hypot.reduce([own[name].fillna(0.0) for name in _STDERRS])
    hidden = own["thickness_nm"].isna() & own["thickness_lower_limit_nm"].notna()
    value = own["thickness_nm"].where(~hidden, own["thickness_lower_limit_nm"])
    return own.assign(
        panel=_panel_names(own),
        series=own["layer"],
        species=own["layer"],
        axis_s=placed(own, held["acquisitions"], settings["axis"]),
        kind=np.where(hidden, "lower_limit", np.where(value.isna(), "failed", "value")),
        law=None,
        value=value,
        low=(value - half).where(~hidden),
        high=(value + half).where(~hidden),
        fit_p_value=np.nan,
    )
