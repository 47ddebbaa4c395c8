"""What the data do not separate: correlated parameters of one acquisition, how wide each area's interval is, and why.

Where areas were profiled (few counts, near zero, not identified, or because the model asks for it) the profile of the
likelihood stands below: each area held at a value and all else fitted again. It rises on both sides of what is known.
"""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import seaborn as sns
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from xps.figures import page, style
from xps.figures.lettering import chemical_label
from xps.figures.page import KeyEntry, Sheet
from xps.figures.parts import area_profiles
from xps.figures.reading.frames import frames, records
from xps.figures.words.facts import plain
from xps.quantiles import TWO_SIDED_95

LISTED_FROM = 0.95
_VERDICTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "identified": ("identified", {"color": "#0072B2", "marker": "o"}),
    "conditional": ("conditional on a tie or prior", {"color": "#E69F00", "marker": "s"}),
    "not_identified": ("not identified", {"color": style.FAILURE_RED, "marker": "X"}),
}
_LEFT_CM, _AREAS_CM, _TOP_CM, _CELL_CM, _ROW_CM, _BELOW_CM, _HEAD_CM = 3.1, 10.6, 0.2, 0.72, 0.42, 0.95, 0.55
_TALLEST_ROW_CM = 0.75
_WIDEST_CM = 6.0
_ACROSS_CM = area_profiles.HEIGHT_CM
# An interval that reaches beyond this share of the core level ends in an arrow.
_WIDEST_SHARE = 1.12


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and its numbers: correlations first, then intervals."""
    held = frames(tables, settings)
    pairs, areas = _pairs(settings, held["correlations"]), _areas(settings, held["components"])
    profiles = _pairs(settings, held["area_profiles"])
    with page.project_style():
        sheet = _sheet(pairs, areas, profiles)
        sheet.footer(data_origin, 1, 1)
    names = [
        "experiment", "model", "acquisition", "component", "area_cps_ev", "area_stderr_cps_ev", "area_low_cps_ev",
        "area_high_cps_ev", "verdict", "condition",
    ]  # fmt: skip
    listed = pairs[["experiment", "model", "acquisition", "pair", "correlation"]]
    points = profiles[["experiment", "model", "acquisition", "component", "area_cps_ev", "deviance_rise"]]
    return [sheet.figure], pd.concat([listed, areas[names], points], ignore_index=True)


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the page shows and under which ties the conditional areas hold."""
    held = frames(tables, settings)
    areas = _areas(settings, held["components"])
    conditional = areas[areas["condition"].notna()].drop_duplicates(["model", "component"])
    told = [
        f"{model} {', '.join(rows['component'])}: {_in_words(str(condition))}"
        for (model, condition), rows in conditional.groupby(["model", "condition"], sort=False)
    ]
    held_by = f" Conditional areas hold under these ties and given numbers. {'. '.join(told)}." if told else ""
    return (
        f"What acquisition {settings['acquisition']} of {settings['experiment']} can tell apart. Left, for each model: "
        f"pairs of parameters whose correlation exceeds {LISTED_FROM} in magnitude (all others are blank). Right: 95 % "
        "interval of each area, as a share of all areas of its core level, with the verdict; an upper limit where it "
        "was not detected. Below: profiles of the likelihood; points: the area held and all else fitted again, line: "
        f"the root of the rise between them; the 95 % interval ends where the rise is 3.84 (dashed).{held_by}"
    )


def _in_words(condition: str) -> str:
    """Return a condition of the tables with parameters in words and without marks that only a table needs."""
    named = re.sub(r"\b(position|fwhm|area)(?:_cps)?_ev\b", lambda found: plain(found[0]), condition)
    return re.sub(r"(?<![\w.])-(?=\d)", "−", named)


def _pairs(settings: Mapping[str, Any], correlations: pd.DataFrame) -> pd.DataFrame:
    own = correlations[correlations["acquisition"] == settings["acquisition"]]
    if "region" in settings:
        own = own[own["region"] == settings["region"]]
    found: pd.DataFrame = own
    return found


def _areas(settings: Mapping[str, Any], components: pd.DataFrame) -> pd.DataFrame:
    own = components[(components["acquisition"] == settings["acquisition"]) & components["area_cps_ev"].notna()]
    if "region" in settings:
        own = own[own["region"] == settings["region"]]
    half = TWO_SIDED_95 * own["area_stderr_cps_ev"]
    found: pd.DataFrame = own.assign(
        area_low_cps_ev=own["area_low_cps_ev"].fillna(own["area_cps_ev"] - half),
        area_high_cps_ev=own["area_high_cps_ev"].fillna(own["area_cps_ev"] + half),
    )
    return found


def _sheet(pairs: pd.DataFrame, areas: pd.DataFrame, profiles: pd.DataFrame) -> Sheet:
    width_cm = style.WIDTH_CM["double"]
    models = list(dict.fromkeys(areas["model"]))
    matrices = {model: _matrix(pairs[pairs["model"] == model]) for model in models}
    heights = [
        max(1.0, _CELL_CM * len(matrices[model]), _ROW_CM * int((areas["model"] == model).sum())) for model in models
    ]
    profiled = [_ACROSS_CM if (profiles["model"] == model).any() else 0.0 for model in models]
    key = page.key_lines(_key(areas), width_cm)
    below = page.key_height_cm(key)
    block = [height + _HEAD_CM + _BELOW_CM + more for height, more in zip(heights, profiled, strict=True)]
    sheet = Sheet(width_cm, below + sum(block) + _TOP_CM)
    sheet.key(key)
    bottom = sheet.height_cm - _TOP_CM
    for model, height, tall, more in zip(models, heights, block, profiled, strict=True):
        bottom -= tall
        own = areas[areas["model"] == model]
        title = f"{', '.join(dict.fromkeys(own['core_level']))}: model {model}"
        sheet.text(0.3, bottom + tall - 0.2, title, ha="left", fontsize=style.TITLE_PT, fontweight="bold")
        _draw_matrix(sheet, matrices[model], bottom + more + _BELOW_CM, height, model)
        _draw_areas(sheet, own, bottom + more + _BELOW_CM, height, model)
        if more:
            area_profiles.draw(sheet, own, profiles[profiles["model"] == model], bottom, _VERDICTS)
    return sheet


def _matrix(pairs: pd.DataFrame) -> pd.DataFrame:
    """Return the listed correlations as a symmetric matrix, NaN where a pair is not listed."""
    split = pairs["pair"].str.split(" ~ ", n=1, expand=True)
    if split.empty:
        return pd.DataFrame()
    names = list(dict.fromkeys([*split[0], *split[1]]))
    matrix = pd.DataFrame(np.nan, index=names, columns=names)
    for first, second, value in zip(split[0], split[1], pairs["correlation"], strict=True):
        matrix.loc[first, second] = matrix.loc[second, first] = value
    return matrix


def _draw_matrix(sheet: Sheet, matrix: pd.DataFrame, bottom: float, height: float, model: str) -> None:
    if matrix.empty:
        sheet.text(_LEFT_CM, bottom + height / 2, f"no correlation above {LISTED_FROM}", fontsize=style.TEXT_PT)
        return
    size = min(_CELL_CM * len(matrix), _WIDEST_CM)
    axes = sheet.axes(_LEFT_CM, bottom + height - size, size, size)
    axes.set_label(f"{model}|correlations")
    two = ListedColormap(["#D55E00", "#0072B2"])
    sns.heatmap(matrix, ax=axes, cmap=two, vmin=-1, vmax=1, cbar=False, annot=True, fmt=".2f", linewidths=0.4,
                linecolor="white", annot_kws={"fontsize": style.SMALL_PT, "color": "white"}, square=True)  # fmt: skip
    for text in axes.texts:
        text.set_text(text.get_text().replace("0.", ".").replace("-", "−"))
    words = [_parameter(name) for name in matrix.index]
    axes.set_yticks(np.arange(len(words)) + 0.5, words, rotation=0, fontsize=style.SMALL_PT)
    axes.set_xticks(
        np.arange(len(words)) + 0.5,
        [str(index + 1) for index in range(len(words))],
        fontsize=style.SMALL_PT,
        rotation=0,
    )
    axes.set_yticklabels([f"{word}  {index + 1}" for index, word in enumerate(words)])
    axes.tick_params(length=0)


def _parameter(name: str) -> str:
    component, _, parameter = name.rpartition(".")
    return f"{chemical_label(component)} {plain(parameter)}".strip()


def _draw_areas(sheet: Sheet, areas: pd.DataFrame, bottom: float, height: float, model: str) -> None:
    """Draw each area's interval as a share of what the model found in its core level, beside the top of the matrix."""
    needed = min(height, _TALLEST_ROW_CM * len(areas))
    bottom, height = bottom + height - needed, needed
    axes = sheet.axes(_AREAS_CM, bottom, sheet.width_cm - _AREAS_CM - 0.4, height)
    axes.set_label(f"{model}|areas")
    totals = areas.groupby("core_level")["area_cps_ev"].transform("sum")
    for row, (part, total) in enumerate(zip(records(areas), totals, strict=True)):
        _draw_interval(axes, row, part, total)
    axes.set_yticks(range(len(areas)), [chemical_label(name) for name in areas["component"]], fontsize=style.SMALL_PT)
    axes.set_ylim(len(areas) - 0.5, -0.5)
    axes.set_xlim(-0.03, 1.15)
    axes.tick_params(axis="y", length=0)
    middle = _AREAS_CM + (sheet.width_cm - _AREAS_CM - 0.4) / 2
    sheet.text(middle, bottom - 0.62, "Share of the core level, with its 95 % interval", fontsize=style.TEXT_PT)


def _draw_interval(axes: Axes, row: int, part: Mapping[str, Any], total: float) -> None:
    """Draw value and interval; an arrow stands where the interval leaves the axis, a limit where nothing was found."""
    look = _VERDICTS.get(part["verdict"], _VERDICTS["identified"])[1]
    found = part["detected"] is not False
    high = (
        part["area_high_cps_ev"] if found or pd.isna(part["upper_limit_95_cps_ev"]) else part["upper_limit_95_cps_ev"]
    )
    low, value, top = (max(area, 0.0) / total for area in (part["area_low_cps_ev"], part["area_cps_ev"], high))
    axes.plot(
        [low if found else 0.0, min(top, _WIDEST_SHARE)], [row, row], color=look["color"], linewidth=1.2, zorder=2
    )
    if found:
        axes.plot([value], [row], markersize=3.8, markeredgewidth=0.3, markeredgecolor="#333333", zorder=3, **look)
    else:
        axes.plot([top], [row], marker="|", markersize=5, color=look["color"], zorder=3)
        axes.text(min(top, 0.8) + 0.02, row - 0.05, "not detected, 95 % limit", fontsize=style.SMALL_PT, va="center")
    if top > _WIDEST_SHARE:
        axes.plot([_WIDEST_SHARE], [row], marker=">", markersize=3.8, color=look["color"], zorder=3)


def _key(areas: pd.DataFrame) -> list[KeyEntry]:
    shown = set(areas["verdict"])
    entries = [
        KeyEntry(words, page.points_swatch(single=True, markersize=3.8, **look))
        for name, (words, look) in _VERDICTS.items()
        if name in shown
    ]
    return [
        *entries,
        KeyEntry("correlation above 0.95", page.box_swatch(facecolor="#0072B2", linewidth=0)),
        KeyEntry("below −0.95", page.box_swatch(facecolor="#D55E00", linewidth=0)),
    ]
