"""Component areas or shares along a series: error bars, upper limits as arrows, the chosen rate law as a line."""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator
from matplotlib.transforms import ScaledTranslation

from xps import rate_laws
from xps.errors import ConfigError
from xps.figures import page, style
from xps.figures.page import KeyEntry, Sheet
from xps.figures.selection import (
    POOR_P_VALUE,
    axis_values,
    check_known,
    is_lower_bound,
    of_experiment,
    records,
    region_axis_values,
)

_STDERR = {"area_fraction": "area_fraction_stderr", "area_cps_ev": "area_stderr_cps_ev"}
_LABELS = {"area_fraction": ("Share of the core level", 1.0), "area_cps_ev": ("Area (kcps·eV)", 1e-3)}
_LEFT_CM, _RIGHT_CM, _TOP_CM = 1.25, 0.35, 0.6
_PANEL_HEIGHT_CM = 3.6
_GAP_CM = (1.05, 1.1)
_TIME_LABEL_CM = 0.95
_PANELS_ACROSS = {"single": 2, "double": 3}
_LAW_POINTS = 200
# A bar with an arrow below it, in units of its own size; the bar stands at the limit.
_LIMIT_MARKER = Path(
    [(-0.35, 0), (0.35, 0), (0, 0), (0, -1), (-0.22, -0.7), (0, -1), (0.22, -0.7)],
    [Path.MOVETO, Path.LINETO, Path.MOVETO, Path.LINETO, Path.MOVETO, Path.LINETO, Path.LINETO],
)
_LIMIT: dict[str, Any] = {"marker": _LIMIT_MARKER, "markersize": 14, "markeredgewidth": 0.7, "markerfacecolor": "none"}
_LIMIT_STEP_PT = 2.6
_FAILED: dict[str, Any] = {"marker": "x", "markersize": 3.4, "markeredgewidth": 0.8, "color": style.FAILURE_RED}
_ABSENT: dict[str, Any] = {"marker": "_", "markersize": 4.5, "markeredgewidth": 0.9, "color": "#6E6E6E"}
_REJECTED: dict[str, Any] = {
    "marker": "o",
    "markersize": 6.4,
    "markerfacecolor": "none",
    "markeredgecolor": style.FAILURE_RED,
    "markeredgewidth": 0.5,
}
_BARS: dict[str, Any] = {"elinewidth": 0.7, "capsize": 1.6, "capthick": 0.7}
_EDGE: dict[str, Any] = {"linewidth": 0.25, "edgecolor": "#333333"}
_COLUMNS = [
    "experiment", "model", "core_level", "component", "species", "acquisition", "axis_s", "kind", "law",
    "value", "stderr", "unit", "fit_p_value",
]  # fmt: skip
_UNITS = {"area_fraction": "1", "area_cps_ev": "counts/s·eV"}


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the figure's one page and its plotted numbers: measured points, upper limits and law curves."""
    points = _points(settings, tables)
    numbers = pd.concat([points, _law_curves(settings, tables, points)], ignore_index=True)
    lower_bound = is_lower_bound(of_experiment(tables["acquisitions"], settings), settings["axis"])
    with page.project_style():
        sheet = _sheet(settings, numbers, data_origin, lower_bound)
    return [sheet.figure], numbers.rename(columns={"axis_s": settings["axis"]})


def _points(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> pd.DataFrame:
    """One row per component and acquisition, with the chance (``fit_p_value``) of the fit that it comes from.

    ``kind`` is ``value``, ``upper_limit`` or, without a value, ``failed`` or ``not_measured``.
    """
    quantity = settings["quantity"]
    components, acquisitions = (of_experiment(tables[name], settings) for name in ("components", "acquisitions"))
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
    limit = _upper_limits(components, quantity)
    frame = components.assign(
        axis_s=np.array([times.get(place, whole.get(int(place[0]), math.nan)) for place in places]),
        kind=np.where(components[quantity].isna(), empty, np.where(limited & limit.notna(), "upper_limit", "value")),
        law=None,
        value=components[quantity].where(~(limited & limit.notna()), limit),
        stderr=components[_STDERR[quantity]].where(~(limited & limit.notna())),
        unit=_UNITS[quantity],
        fit_p_value=_p_values(components, of_experiment(tables["fits"], settings)),
    )
    ordered: pd.DataFrame = frame[_COLUMNS].sort_values(
        ["model", "acquisition"], key=_rank(settings, frame), kind="stable"
    )
    return _with_shares(ordered, settings) if quantity == "area_fraction" else ordered


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


def _upper_limits(components: pd.DataFrame, quantity: str) -> pd.Series:
    """The area's 95 % limit, or its share of the core level: limit / (limit + areas of the other species)."""
    limit = components["upper_limit_95_cps_ev"]
    if quantity == "area_cps_ev":
        return limit
    area = components["area_cps_ev"].where(components["area_fraction"].notna())
    keys = [components[name] for name in ("model", "core_level", "acquisition")]
    others = area.groupby(keys).transform("sum") - area
    share: pd.Series = limit / (limit + others)
    return share


def _law_curves(settings: Mapping[str, Any], tables: Mapping[str, pa.Table], points: pd.DataFrame) -> pd.DataFrame:
    """Return the curves of chosen laws, evaluated where they were fitted; empty when no law was chosen."""
    parts: list[pd.DataFrame] = []
    kinetics = tables["kinetics"].to_pandas() if settings.get("laws", True) else tables["kinetics"][:0].to_pandas()
    chosen = kinetics[
        (kinetics["experiment"] == settings["experiment"])
        & (kinetics["quantity"] == settings["quantity"])
        & (kinetics["chosen"] == "yes")
        & kinetics["window"].str.startswith(settings["axis"])
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


class _Scale(NamedTuple):
    """How times and values are written: the axis, and the factor and label of the quantity."""

    time: style.AxisText
    label: str
    factor: float


class _Layout(NamedTuple):
    """Panels (model, core level) in reading order, how many stand side by side, and their size in cm."""

    groups: list[tuple[str, str]]
    across: int
    panel_cm: float
    bottom_cm: float
    height_cm: float

    def place(self, index: int) -> tuple[float, float]:
        """Return the lower left corner (cm) of a panel."""
        row, column = divmod(index, self.across)
        low = self.height_cm - _TOP_CM - (row + 1) * _PANEL_HEIGHT_CM - row * _GAP_CM[1]
        return _LEFT_CM + column * (self.panel_cm + _GAP_CM[0]), low


def _layout(settings: Mapping[str, Any], numbers: pd.DataFrame, key_cm: float) -> _Layout:
    width = settings.get("width", "double")
    groups = list(dict.fromkeys(zip(numbers["model"], numbers["core_level"], strict=True)))
    if "core_levels" in settings:
        groups.sort(key=lambda group: settings["core_levels"].index(group[1]))
    across = 2 if len(groups) == 4 else min(_PANELS_ACROSS[width], len(groups))
    down = math.ceil(len(groups) / across)
    panel_cm = (style.WIDTH_CM[width] - _LEFT_CM - _RIGHT_CM + _GAP_CM[0]) / across - _GAP_CM[0]
    bottom = key_cm + _TIME_LABEL_CM
    return _Layout(
        groups, across, panel_cm, bottom, bottom + _TOP_CM + down * (_PANEL_HEIGHT_CM + _GAP_CM[1]) - _GAP_CM[1]
    )


def _sheet(settings: Mapping[str, Any], numbers: pd.DataFrame, data_origin: str, lower_bound: bool) -> Sheet:
    width_cm = style.WIDTH_CM[settings.get("width", "double")]
    styles = style.species_styles(numbers["species"])
    lines = page.key_lines(_key(numbers, styles), width_cm)
    layout = _layout(settings, numbers, page.key_height_cm(lines))
    sheet = Sheet(width_cm, layout.height_cm)
    longest_s = float(np.nan_to_num(numbers["axis_s"].max()))
    time = style.axis_text(settings["axis"], longest_s, lower_bound=lower_bound)
    scale = _Scale(time, *_LABELS[settings["quantity"]])
    shown = numbers.assign(
        time=numbers["axis_s"] * scale.time.per_second,
        height=numbers["value"] * scale.factor,
        bar=numbers["stderr"] * scale.factor,
    )
    for index, (model, level) in enumerate(layout.groups):
        left, low = layout.place(index)
        axes = sheet.axes(left, low, layout.panel_cm, _PANEL_HEIGHT_CM)
        axes.set_label(f"{model}|{level}")
        _draw_panel(axes, shown[(shown["model"] == model) & (shown["core_level"] == level)], styles)
        _finish(axes, settings, shown["time"])
        title = level if sum(other == level for _, other in layout.groups) == 1 else f"{level} ({model})"
        middle = left + layout.panel_cm / 2
        sheet.text(middle, low + _PANEL_HEIGHT_CM + 0.25, title, fontsize=style.TITLE_PT, fontweight="bold")
        if index + layout.across >= len(layout.groups):
            sheet.text(middle, low - 0.62, f"{scale.time.heading} ({scale.time.unit})", fontsize=style.TEXT_PT)
    middle = (sheet.height_cm - _TOP_CM + layout.bottom_cm) / 2
    sheet.text(0.25, middle, scale.label, rotation=90, fontsize=style.TEXT_PT)
    sheet.key(lines)
    sheet.footer(data_origin, 1, 1)
    return sheet


def _draw_panel(axes: Axes, numbers: pd.DataFrame, styles: Mapping[str, style.SpeciesStyle]) -> None:
    palette = {name: styles[name].colour for name in styles}
    values = numbers[numbers["kind"] == "value"]
    for _, series in values.groupby("component", sort=False):
        colour = palette[series["species"].iloc[0]]
        time, height, bar = (series[name].to_numpy() for name in ("time", "height", "bar"))
        axes.plot(time, height, color=colour, linewidth=0.4, alpha=0.6, linestyle=(0, (1, 1.5)), zorder=1)
        axes.errorbar(time, height, yerr=np.nan_to_num(bar), linestyle="none", ecolor=colour, zorder=3, **_BARS)
    for _, series in numbers[numbers["kind"] == "law"].groupby(["component", "law"], sort=False):
        axes.plot(series["time"], series["height"], color=palette[series["species"].iloc[0]], linewidth=0.8, zorder=2)
    if len(values):
        markers = {name: styles[name].marker for name in styles}
        species = {"hue": "species", "style": "species", "palette": palette, "markers": markers}
        sns.scatterplot(values, x="time", y="height", s=13, legend=False, ax=axes, zorder=4, **species, **_EDGE)
    _draw_limits(axes, numbers[numbers["kind"] == "upper_limit"], palette)
    rejected = numbers[numbers["kind"].isin(["value", "upper_limit"]) & (numbers["fit_p_value"] < POOR_P_VALUE)]
    if len(rejected):
        axes.plot(rejected["time"], rejected["height"], linestyle="none", zorder=5, **_REJECTED)
    for kind, mark in (("failed", _FAILED), ("not_measured", _ABSENT)):
        for row in records(numbers[numbers["kind"] == kind].drop_duplicates("acquisition")):
            axes.plot([row["time"]], [0.035], transform=axes.get_xaxis_transform(), linestyle="none", zorder=5, **mark)


def _draw_limits(axes: Axes, limits: pd.DataFrame, palette: Mapping[str, str]) -> None:
    """Draw each upper limit as a bar with an arrow down; limits at one time stand side by side."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    inches = figure.dpi_scale_trans
    for _, together in limits.groupby("time", sort=False):
        for index, row in enumerate(records(together)):
            aside_pt = _LIMIT_STEP_PT * (index - (len(together) - 1) / 2)
            aside = ScaledTranslation(aside_pt / 72, 0, inches)
            colour = palette[row["species"]]
            axes.plot([row["time"]], [row["height"]], linestyle="none", markeredgecolor=colour, zorder=3,
                      transform=axes.transData + aside, **_LIMIT)  # fmt: skip


def _finish(axes: Axes, settings: Mapping[str, Any], time: pd.Series) -> None:
    """Set limits and ticks; below zero there is room for the arrows of limits near it."""
    axes.set_xlabel("")
    axes.set_ylabel("")
    if not time.notna().any():
        words = f"no {style.axis_text(settings['axis'], 0.0).heading.lower()} known"
        axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", fontsize=style.TEXT_PT)
    first, last = min(0.0, float(np.nan_to_num(time.min()))), float(np.nan_to_num(time.max()))
    room = 0.06 * ((last - first) or 1.0)
    axes.set_xlim(first - room, last + room)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=6, integer=last - first > 6))
    if settings["quantity"] == "area_fraction":
        axes.set_ylim(-0.1, 1.08)
        axes.set_yticks([0.0, 0.2, 0.4, 0.6, 0.8, 1.0])
    else:
        top = max(axes.get_ylim()[1], 0.0) or 1.0
        axes.set_ylim(min(-0.09 * top, axes.get_ylim()[0]), top)
        axes.yaxis.set_major_locator(MaxNLocator(nbins=6))


def _key(numbers: pd.DataFrame, styles: Mapping[str, style.SpeciesStyle]) -> list[KeyEntry]:
    edge = {"markersize": 3.8, "markeredgewidth": _EDGE["linewidth"], "markeredgecolor": _EDGE["edgecolor"]}
    entries = [
        KeyEntry(
            style.chemical_label(species),
            page.points_swatch(single=True, color=styles[species].colour, marker=styles[species].marker, **edge),
        )
        for species in dict.fromkeys(numbers["species"])
    ]
    kinds = set(numbers["kind"])
    if "law" in kinds:
        entries.append(KeyEntry("chosen rate law", page.line_swatch(color="black", linewidth=0.8)))
    if "upper_limit" in kinds:
        arrow = page.points_swatch(single=True, raised=0.5, markeredgecolor="black", **{**_LIMIT, "markersize": 11})
        entries.append(KeyEntry("95 % upper limit", arrow))
    if "failed" in kinds:
        entries.append(KeyEntry("fit failed", page.points_swatch(single=True, **_FAILED)))
    if "not_measured" in kinds:
        entries.append(KeyEntry("not measured", page.points_swatch(single=True, **_ABSENT)))
    if (numbers["fit_p_value"] < POOR_P_VALUE).any():
        ring = page.points_swatch(single=True, **{**_REJECTED, "markersize": 5.2})
        entries.append(KeyEntry("fit that the counts reject", ring))
    return entries
