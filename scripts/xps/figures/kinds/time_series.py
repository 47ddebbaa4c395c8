"""Component areas or shares along a series: 95 % bands, upper limits as arrows, the chosen rate law as a line."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure

from xps import rate_laws
from xps.errors import ConfigError
from xps.figures import lettering, page
from xps.figures.page import Sheet
from xps.figures.parts import series_page
from xps.figures.reading.frames import check_known, frames, of_experiment, records
from xps.figures.reading.shares import limits_as_shares
from xps.figures.reading.times import axis_column, axis_values, region_axis_values
from xps.quantiles import TWO_SIDED_95

_STDERR = {"area_fraction": "area_fraction_stderr", "area_cps_ev": "area_stderr_cps_ev"}
_LABELS = {"area_fraction": ("Share of the core level", 1.0), "area_cps_ev": ("Area (kcps·eV)", 1e-3)}
_LAW_POINTS = 200
_COLUMNS = [
    "experiment", "model", "core_level", "component", "species", "acquisition", "axis_s", "kind", "law",
    "value", "stderr", "low", "high", "unit", "fit_p_value",
]  # fmt: skip
_UNITS = {"area_fraction": "1", "area_cps_ev": "counts/s·eV"}


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the figure's one page and its plotted numbers: measured points, upper limits and law curves."""
    points = _points(settings, tables)
    numbers = pd.concat([points, _law_curves(settings, tables, points)], ignore_index=True)
    acquired = of_experiment(tables["acquisitions"], settings)
    with page.project_style():
        sheet = _sheet(settings, numbers, acquired)
        sheet.footer(data_origin, 1, 1)
    return [sheet.figure], numbers.rename(columns={"axis_s": axis_column(settings["axis"])})


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows, for its caption."""
    quantity = {
        "area_fraction": "Shares of the species in the area of their core level",
        "area_cps_ev": "Areas of the fitted components (both lines of a doublet)",
    }[settings["quantity"]]
    chosen = _chosen_laws(settings, frames(tables, settings))
    if not settings.get("laws", True):
        law_words = "Rate laws are in the kinetics table"
    elif chosen:
        law_words = (
            "Solid lines: rate laws that describe the points and beat a constant and every law that could be tested by "
            f"6 in BIC ({', '.join(chosen)}); see the kinetics table"
        )
    else:
        law_words = "No rate law was chosen for any component; the kinetics table says why"
    return (
        f"{quantity} in {settings['experiment']} against {lettering.heading(settings['axis'])}. "
        "Bars and bands: 95 % intervals of the fit (counting statistics, and the spread over alternative models where "
        "the tables hold it). Grey strips, logarithmic: 95 % upper limits of components that were not detected. Dotted "
        f"lines and bands join the points of a component and mean nothing else. {law_words}."
    )


def _chosen_laws(settings: Mapping[str, Any], held: Mapping[str, pd.DataFrame]) -> list[str]:
    """Return ``core level component law`` for each law that was chosen for a component of the figure."""
    shown = held["components"]
    for key, column in (("core_levels", "core_level"), ("species", "species")):
        shown = shown[shown[column].isin(settings[key])] if key in settings else shown
    components = set(zip(shown["model"], shown["component"], strict=True))
    kinetics = held["kinetics"]
    laws = kinetics[(kinetics["quantity"] == settings["quantity"]) & (kinetics["chosen"] == "yes")]
    rows = records(laws.drop_duplicates(["model", "component", "law"]))
    return [
        f"{row['core_level']} {row['component']} {row['law']}"
        for row in rows
        if (row["model"], row["component"]) in components
    ]


def _points(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> pd.DataFrame:
    """One row per component and acquisition, with the chance (``fit_p_value``) of the fit that it comes from.

    ``kind`` is ``value``, ``upper_limit`` or, without a value, ``failed`` or ``not_measured``.
    """
    quantity = settings["quantity"]
    held = frames(tables, settings)
    components, acquisitions = held["components"], held["acquisitions"]
    if "windows" in settings:
        pairs = {(window["model"], window["core_level"]) for window in settings["windows"]}
        own = [pair in pairs for pair in zip(components["model"], components["core_level"], strict=True)]
        components = components[own]
    for key, column in (("models", "model"), ("core_levels", "core_level"), ("species", "species")):
        if key in settings:
            check_known(key, settings[key], tables["components"].column(column).unique().to_pylist())
            components = components[components[column].isin(settings[key])]
    if components.empty:
        raise ConfigError(f"no component of {settings['experiment']} fits the figure's models, core levels and species")
    kept = acquisitions[~acquisitions["excluded"]]
    times = region_axis_values(kept, settings["axis"])
    whole = axis_values(kept, settings["axis"])
    places = list(zip(components["acquisition"], components["region"], strict=True))
    measured = [place in times for place in places]
    empty = np.where(measured, "failed", "not_measured")
    limited = components["detected"].eq(False) & components["upper_limit_95_cps_ev"].notna()
    limit = components["upper_limit_95_cps_ev"]
    if quantity == "area_fraction":
        limit = limits_as_shares(components, components["area_fraction"].notna())
    is_limit = limited & limit.notna()
    frame = components.assign(
        axis_s=np.array([times.get(place, whole.get(int(place[0]), math.nan)) for place in places]),
        kind=np.where(components[quantity].isna(), empty, np.where(is_limit, "upper_limit", "value")),
        law=None,
        value=components[quantity].where(~is_limit, limit),
        stderr=components[_STDERR[quantity]].where(~is_limit),
        unit=_UNITS[quantity],
        fit_p_value=_p_values(components, held["fits"]),
    )
    low, high = _interval(frame, quantity)
    ordered: pd.DataFrame = frame.assign(low=low.where(~is_limit), high=high.where(~is_limit))[_COLUMNS].sort_values(
        ["model", "acquisition"], key=_rank(settings, frame), kind="stable"
    )
    return _with_shares(ordered, settings) if quantity == "area_fraction" else ordered


def _interval(frame: pd.DataFrame, quantity: str) -> tuple[pd.Series, pd.Series]:
    """The 95 % interval: of an area that of the table, widened by the systematic error; of a share ± 1.96 errors."""
    half = TWO_SIDED_95 * frame["stderr"]
    if quantity == "area_fraction":
        return frame["value"] - half, frame["value"] + half
    below = (frame["value"] - frame["area_low_cps_ev"]).fillna(half)
    above = (frame["area_high_cps_ev"] - frame["value"]).fillna(half)
    wider = TWO_SIDED_95 * frame["area_systematic_stderr_cps_ev"].fillna(0.0)
    return frame["value"] - np.hypot(below, wider), frame["value"] + np.hypot(above, wider)


def _p_values(components: pd.DataFrame, fits: pd.DataFrame) -> list[float]:
    """Return the chance of each component's fit, NaN where none is recorded."""
    keys = ["model", "acquisition", "region"]
    known = dict(zip(fits[keys].itertuples(index=False, name=None), fits["p_value"], strict=True))
    return [float(known.get(key, math.nan)) for key in components[keys].itertuples(index=False, name=None)]


def _with_shares(points: pd.DataFrame, settings: Mapping[str, Any]) -> pd.DataFrame:
    """Leave out what has no share (losses) and core levels with one species only, whose share is always 1."""
    kept = points[points.groupby(["model", "component"])["value"].transform("count") > 0]
    if "core_levels" not in settings:
        several = kept.groupby(["model", "core_level"])["component"].transform("nunique") > 1
        kept = kept[several] if several.any() else kept
    return kept


def _rank(settings: Mapping[str, Any], frame: pd.DataFrame) -> Any:
    """Sort models as the settings (or the table) list them, acquisitions by number."""
    models = settings.get("models") or list(dict.fromkeys(frame["model"]))
    order = {name: index for index, name in enumerate(models)}
    return lambda column: column.map(order) if column.name == "model" else column


def _law_curves(settings: Mapping[str, Any], tables: Mapping[str, pa.Table], points: pd.DataFrame) -> pd.DataFrame:
    """Return the curves of chosen laws, evaluated where they were fitted; empty when no law was chosen."""
    parts: list[pd.DataFrame] = []
    kinetics = tables["kinetics"].to_pandas() if settings.get("laws", True) else tables["kinetics"][:0].to_pandas()
    chosen = kinetics[
        (kinetics["experiment"] == settings["experiment"])
        & (kinetics["quantity"] == settings["quantity"])
        & (kinetics["chosen"] == "yes")
        & kinetics["window"].str.startswith(settings["axis"])
        & kinetics["law"].isin(list(rate_laws.LAWS))
    ]
    for (model, component, law), rows in chosen.groupby(["model", "component", "law"], sort=False):
        own = points[
            (points["model"] == model)
            & (points["component"] == component)
            & points["kind"].isin(["value", "upper_limit"])
        ]
        if own["axis_s"].nunique() < 2:
            continue
        time = np.linspace(own["axis_s"].min(), own["axis_s"].max(), _LAW_POINTS)
        values = rate_laws.evaluate(str(law), dict(zip(rows["parameter"], rows["value"], strict=True)), time)
        first = own.iloc[0]
        shared = {name: first[name] for name in ("experiment", "model", "core_level", "component", "species", "unit")}
        parts.append(pd.DataFrame({**shared, "axis_s": time, "kind": "law", "law": law, "value": values}))
    return pd.concat(parts, ignore_index=True) if parts else points.iloc[:0]


def _sheet(settings: Mapping[str, Any], numbers: pd.DataFrame, acquired: pd.DataFrame) -> Sheet:
    label, factor = _LABELS[settings["quantity"]]
    groups = list(dict.fromkeys(zip(numbers["model"], numbers["core_level"], strict=True)))
    if "windows" in settings:
        order = [(window["model"], window["core_level"]) for window in settings["windows"]]
        groups.sort(key=order.index)
    elif "core_levels" in settings:
        groups.sort(key=lambda group: settings["core_levels"].index(group[1]))
    levels = [level for _, level in groups]
    titles = {
        (model, level): f"{model}|{level if levels.count(level) == 1 else f'{level} ({model})'}"
        for model, level in groups
    }
    panels = [titles[pair] for pair in zip(numbers["model"], numbers["core_level"], strict=True)]
    points = numbers.assign(panel=panels, series=numbers["component"])
    ranked = points.sort_values("panel", key=lambda column: column.map(list(titles.values()).index), kind="stable")
    share = settings["quantity"] == "area_fraction"
    look = series_page.Panels(label, factor=factor, share=share, limits_below=True, height_cm=4.3)
    return series_page.sheet(settings, ranked, acquired, look)
