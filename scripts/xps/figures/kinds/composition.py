"""Atomic percent along a series, one panel per experiment: 95 % bands, upper limits as arrows.

Where some subjects stay far below the others a second panel shows them on a scale of their own.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure

from xps.figures import lettering, page
from xps.figures.parts import series_page
from xps.figures.reading.frames import chosen, frames
from xps.figures.reading.times import axis_column, placed
from xps.quantiles import TWO_SIDED_95

# Subjects whose largest value is below this share of the panel's would lie on each other at its foot.
_MINOR = 0.3
_BASES = {"all": "all elements", "carbon_free": "without carbon"}


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and the plotted numbers."""
    held = frames(tables, settings)
    points = _points(settings, held["composition"], held["acquisitions"])
    look = series_page.Panels(f"Atomic percent ({_BASES[settings['basis']]})")
    with page.project_style():
        sheet = series_page.sheet(settings, _with_minor(points), held["acquisitions"], look)
        sheet.footer(data_origin, 1, 1)
    names = [
        "experiment", "acquisition", "axis_s", "subject", "basis", "kind", "value", "statistical_stderr",
        "systematic_stderr", "low", "high", "line", "factor_set",
    ]  # fmt: skip
    return [sheet.figure], points[names].rename(
        columns={"axis_s": axis_column(settings["axis"]), "value": "atomic_percent"}
    )


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows, the factors used and what was assumed."""
    held = frames(tables, settings)
    factors = ", ".join(dict.fromkeys(held["composition"]["factor_set"]))
    return (
        f"Composition ({_BASES[settings['basis']]}) against {lettering.heading(settings['axis'])}, for a homogeneous "
        "sample, which a layered one is not. Bars and bands: 95 % intervals, statistical and systematic together. "
        f"Arrows: 95 % upper limits where nothing was detected.{_told(settings, held)} Sensitivity factors: {factors}."
    )


def _told(settings: Mapping[str, Any], held: Mapping[str, pd.DataFrame]) -> str:
    points = _points(settings, held["composition"], held["acquisitions"])
    several = len(_with_minor(points)) > len(points)
    return " Minor shares stand once more on a scale of their own." if several else ""


def _with_minor(points: pd.DataFrame) -> pd.DataFrame:
    """Return the points with those of each experiment's minor subjects once more, in a panel of their own."""
    parts = []
    for experiment, own in points.groupby("experiment", sort=False):
        largest = own.groupby("series")["value"].max()
        minor = own[own["series"].isin(largest.index[largest < _MINOR * largest.max()])]
        # Upper limits alone say as much where they stand.
        again = minor if minor["kind"].eq("value").any() else minor[:0]
        parts += [own, again.assign(panel=f"{experiment}|{experiment}, minor shares")]
    return pd.concat(parts, ignore_index=True)


def _points(settings: Mapping[str, Any], composition: pd.DataFrame, acquired: pd.DataFrame) -> pd.DataFrame:
    """One row per experiment, acquisition and subject."""
    subject = settings.get("subject_kind", "element")
    origin = settings.get("origin", "core_levels")
    own = composition[
        (composition["basis"] == settings["basis"])
        & (composition["kind"] == subject)
        & (composition["origin"] == origin)
    ]
    own = chosen(own, settings, {"subjects": "subject"})
    own = own[own["acquisition"].isin(acquired.loc[~acquired["excluded"], "acquisition"])]
    limited = own["detected"].eq(False) & own["upper_limit_percent"].notna()
    variance = own["statistical_stderr"].fillna(0.0) ** 2 + own["systematic_stderr"].fillna(0.0) ** 2
    half = (TWO_SIDED_95 * variance**0.5).where(~limited)
    value = own["atomic_percent"].where(~limited, own["upper_limit_percent"])
    return own.assign(
        panel=own["experiment"],
        series=own["subject"],
        species=own["subject"],
        axis_s=placed(own, acquired, settings["axis"]),
        kind=np.where(limited, "upper_limit", np.where(own["atomic_percent"].isna(), "failed", "value")),
        law=None,
        value=value,
        low=value - half,
        high=value + half,
        fit_p_value=np.nan,
    )
