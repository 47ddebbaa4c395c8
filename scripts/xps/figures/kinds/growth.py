"""Thickness of each layer along a series with its bands, and the growth laws fitted to it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure

from xps import rate_laws
from xps.figures import lettering, page
from xps.figures.lettering import minus
from xps.figures.parts import series, series_page
from xps.figures.reading.frames import chosen, frames, records
from xps.figures.reading.times import axis_values

_LAW_POINTS = 100
QUANTITY = "thickness_nm"


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and the plotted numbers: thicknesses, then law curves."""
    held = frames(tables, settings)
    points = _points(settings, held)
    numbers = pd.concat([points, _laws(settings, held, points)], ignore_index=True)
    with page.project_style():
        sheet = series_page.sheet(
            settings, numbers, held["acquisitions"], "Thickness (nm)", panel_height_cm=5.0, left_cm=1.35
        )
        sheet.footer(data_origin, 1, 1)
    names = [
        "experiment", "acquisition", "axis_s", "layer_model", "layer", "kind", "law", "value", "low", "high",
        "thickness_stderr_nm", "thickness_imfp_stderr_nm", "verdict",
    ]  # fmt: skip
    return [sheet.figure], numbers[names].rename(columns={"axis_s": settings["axis"], "value": QUANTITY})


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows, the laws with their verdicts, and the assumptions."""
    held = frames(tables, settings)
    laws = _tested(held["kinetics"])
    told = [_law_words(str(experiment), str(law), rows) for (experiment, law), rows in
            laws.groupby(["experiment", "law"], sort=False)]  # fmt: skip
    conditions = " ".join(dict.fromkeys(str(words) for words in held["layers"]["condition"].dropna()))
    return (
        (
            f"Layer thickness from attenuation against {lettering.heading(settings['axis'])}. Bars and bands: 95 %, "
            "counting statistics and mean free paths together. Lines: growth laws that were fitted to the thickness. "
            f"{'; '.join(told)}. {conditions}"
        )
        .replace(" . ", " ")
        .strip()
    )


def _law_words(experiment: str, law: str, rows: pd.DataFrame) -> str:
    values = [f"{row['parameter']} {minus(format(row['value'], '.3g'))} {row['unit']}" for row in records(rows)
              if pd.notna(row["value"])]  # fmt: skip
    first = rows.iloc[0]
    return f"{experiment} {law} ({', '.join(values)}): chosen {first['chosen']}, {first['verdict']}"


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
    value = own["thickness_nm"]
    return own.assign(
        panel=own["experiment"] + "|" + own["experiment"] + ", " + own["layer_model"],
        series=own["layer"],
        species=own["layer"],
        axis_s=[times.get(place, np.nan) for place in zip(own["experiment"], own["acquisition"], strict=True)],
        kind=np.where(value.isna(), "failed", "value"),
        law=None,
        value=value,
        low=value - half,
        high=value + half,
        fit_p_value=np.nan,
    )


def _tested(kinetics: pd.DataFrame) -> pd.DataFrame:
    found: pd.DataFrame = kinetics[(kinetics["quantity"] == QUANTITY) & kinetics["value"].notna()]
    return found


def _laws(settings: Mapping[str, Any], held: Mapping[str, pd.DataFrame], points: pd.DataFrame) -> pd.DataFrame:
    """Return the curves of those laws that can be evaluated in closed form."""
    laws = _tested(held["kinetics"])
    laws = laws[laws["law"].isin(list(rate_laws.LAWS)) & laws["window"].str.startswith(settings["axis"])]
    parts = [points.iloc[:0]]
    for (experiment, law), rows in laws.groupby(["experiment", "law"], sort=False):
        own = points[(points["experiment"] == experiment) & points["axis_s"].notna()]
        if own.empty:
            continue
        time = np.linspace(own["axis_s"].min(), own["axis_s"].max(), _LAW_POINTS)
        values = rate_laws.evaluate(str(law), dict(zip(rows["parameter"], rows["value"], strict=True)), time)
        shared = {name: own.iloc[0][name] for name in ("experiment", "panel", "series", "species")}
        parts.append(pd.DataFrame({**shared, "axis_s": time, "kind": "law", "law": law, "value": values}))
    return pd.concat(parts, ignore_index=True)
