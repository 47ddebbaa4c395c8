"""Thickness of each layer along a series with its bands, and how the growth laws that were tried compare.

The course of a growth law depends on when how much lithium arrived, which only the kinetics stage knows: its curves are
in no table, so the laws stand beside the points with their parameters and information criteria, not through them.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xps.figures import lettering, page, style
from xps.figures.lettering import minus
from xps.figures.parts import series, series_page
from xps.figures.reading.frames import chosen, frames, records
from xps.figures.reading.times import axis_values

QUANTITY = "thickness_nm"
_MOST_LAWS = 6


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and its numbers: thicknesses, then the parameters of the laws."""
    held = frames(tables, settings)
    points, laws = _points(settings, held), _laws(held["kinetics"])
    first = set(points.drop_duplicates("experiment")["panel"])

    def decorate(axes: Axes, panel: str, _: float) -> None:
        of_panel = laws[laws["experiment"] == points.loc[points["panel"] == panel, "experiment"].iloc[0]]
        words = _ranking(of_panel)
        if words and panel in first:
            axes.text(0.97, 0.03, words, transform=axes.transAxes, fontsize=style.SMALL_PT, ha="right", va="bottom",
                      linespacing=1.2, zorder=6)  # fmt: skip

    with page.project_style():
        sheet = series_page.sheet(
            settings, points, held["acquisitions"], "Thickness (nm)", panel_height_cm=5.0, left_cm=1.35,
            decorate=decorate, failed_words="no thickness",
        )  # fmt: skip
        sheet.footer(data_origin, 1, 1)
    names = [
        "experiment", "acquisition", "axis_s", "layer_model", "layer", "kind", "value", "low", "high",
        "thickness_stderr_nm", "thickness_imfp_stderr_nm", "verdict",
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
    ]
    told = laws[law_names].rename(columns={"component": "layer", "value": "law_value"}).assign(kind="law")
    numbers = pd.concat([points[names], told], ignore_index=True)
    return [sheet.figure], numbers.rename(columns={"axis_s": settings["axis"], "value": QUANTITY})


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows, the laws with their verdicts, and the assumptions."""
    held = frames(tables, settings)
    laws = _laws(held["kinetics"])
    told = [
        _law_words(str(experiment), str(law), rows)
        for (experiment, law), rows in laws.groupby(["experiment", "law"], sort=False)
    ]
    conditions = list(dict.fromkeys(str(words) for words in held["layers"]["condition"].dropna()))
    sentences = [
        f"Layer thickness from attenuation against {lettering.heading(settings['axis'])}.",
        "Bars and bands: 95 %, counting statistics and mean free paths together; arrows up: 95 % lower limits.",
        "In the first panel of an experiment: the growth laws that were fitted, by their BIC."
        if told
        else "No growth law was fitted.",
        f"{'; '.join(told)}." if told else "",
        f"Assumed: {'; '.join(conditions)}." if conditions else "",
    ]
    return " ".join(sentence for sentence in sentences if sentence)


def _panel_names(layers: pd.DataFrame) -> pd.Series:
    """Name panels by experiment and layer model, and by the patches' coverage where a model was solved for several."""
    of_model = [layers["experiment"], layers["layer_model"]]
    several = layers["patch_coverage_fraction"].groupby(of_model).transform("nunique") > 1
    coverage = ", coverage " + layers["patch_coverage_fraction"].map("{:g}".format)
    name = layers["experiment"] + ", " + layers["layer_model"] + coverage.where(several, "")
    return name + "|" + name


def _law_words(experiment: str, law: str, rows: pd.DataFrame) -> str:
    values = [
        f"{row['parameter']} {minus(format(row['value'], '.3g'))} {row['unit']}"
        for row in records(rows)
        if pd.notna(row["value"]) and row["parameter"]
    ]
    first = rows.iloc[0]
    numbers = f" ({', '.join(values)})" if values else ""
    return f"{experiment} {law.replace('_', ' ')}{numbers}: chosen {first['chosen']}, {first['verdict']}"


def _ranking(laws: pd.DataFrame) -> str:
    """Return the laws from the best BIC on, one line each, with the distance from the best."""
    best = laws[laws["bic"].notna()].drop_duplicates("law").sort_values("bic", kind="stable").head(_MOST_LAWS)
    lines = [
        f"{row['law'].replace('_', ' ')}: ΔBIC {row['bic'] - best['bic'].iloc[0]:.1f}"
        f"{' (chosen)' if row['chosen'] == 'yes' else ''}"
        for row in records(best)
    ]
    return "\n".join(lines)


def _laws(kinetics: pd.DataFrame) -> pd.DataFrame:
    found: pd.DataFrame = kinetics[kinetics["quantity"] == QUANTITY]
    return found


def _points(settings: Mapping[str, Any], held: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    own = chosen(held["layers"], settings, {"layers": "layer", "layer_models": "layer_model"})
    acquired = held["acquisitions"][~held["acquisitions"]["excluded"]]
    times = {
        (experiment, number): at
        for experiment, rows in acquired.groupby("experiment", sort=False)
        for number, at in axis_values(rows, settings["axis"]).items()
    }
    half = series.NORMAL_95 * np.hypot(
        own["thickness_stderr_nm"].fillna(0.0), own["thickness_imfp_stderr_nm"].fillna(0.0)
    )
    hidden = own["thickness_nm"].isna() & own["thickness_lower_limit_nm"].notna()
    value = own["thickness_nm"].where(~hidden, own["thickness_lower_limit_nm"])
    return own.assign(
        panel=_panel_names(own),
        series=own["layer"],
        species=own["layer"],
        axis_s=[times.get(place, np.nan) for place in zip(own["experiment"], own["acquisition"], strict=True)],
        kind=np.where(hidden, "lower_limit", np.where(value.isna(), "failed", "value")),
        law=None,
        value=value,
        low=(value - half).where(~hidden),
        high=(value + half).where(~hidden),
        fit_p_value=np.nan,
    )
