"""Charge balance: lithium that the plating charge would make, lithium that the layers account for, and their ratio."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from xps.figure_settings import experiments_of
from xps.figures import page, style
from xps.figures.lettering import chemical_label, sample_names
from xps.figures.page import KeyEntry, Sheet
from xps.figures.palette import MARKERS
from xps.figures.parts import layout
from xps.figures.reading.frames import frames
from xps.figures.words import facts
from xps.quantiles import TWO_SIDED_95

_LEAST = 0.02
_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7")
_ALL: Mapping[str, Any] = {"color": "black", "linewidth": 0.7}


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and the balance."""
    balance = frames(tables, settings)["balance"]
    with page.project_style():
        sheet = _sheet(balance, settings)
        sheet.footer(data_origin, 1, 1)
    return [sheet.figure], balance.drop(columns="condition")


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows and under which assumptions."""
    balance = frames(tables, settings)["balance"]
    conditions = facts.assumptions(balance["condition"])
    return (
        "Charge balance. Above: dense lithium that the plating charge would make on the declared area (line), "
        "and what the layers seen by XPS account for (points; bars: 95 %, statistical; bands: 95 %, mean free paths "
        "included), for each area that the charge may have spread over. Below: the share of the charge that is "
        f"accounted for. Assumed: {conditions}."
    ).strip()


def _sheet(balance: pd.DataFrame, settings: Mapping[str, Any]) -> Sheet:
    experiments = experiments_of(settings, dict.fromkeys(balance["experiment"]))
    areas = list(dict.fromkeys(balance["area"]))
    looks = {area: (_COLOURS[index % len(_COLOURS)], MARKERS[index % len(MARKERS)]) for index, area in enumerate(areas)}
    plan = layout.of(settings.get("width", "double"), 2 * len(experiments), _key(looks), across=len(experiments),
                     panel_height_cm=3.6, left_cm=1.5, gap_cm=0.5)  # fmt: skip
    sheet = plan.sheet()
    plated = balance[balance["charge_uah_cm2"].gt(0.0)]
    tops = [float(plated[name].max()) for name in ("lithium_equivalent_nm", "accounted_fraction", "charge_uah_cm2")]
    for column, experiment in enumerate(experiments):
        own = plated[plated["experiment"] == experiment]
        title = chemical_label(sample_names(str(experiment), settings))
        upper = plan.axes(sheet, column, title, f"{experiment}|nm")
        lower = plan.axes(sheet, len(experiments) + column, "", f"{experiment}|share")
        for area, rows in own.groupby("area", sort=False):
            _draw(upper, rows, rows["accounted_nm"], 1.0, looks[str(area)])
            _draw(lower, rows, rows["accounted_fraction"], rows["accounted_fraction"] / rows["accounted_nm"],
                  looks[str(area)])  # fmt: skip
        line = own.sort_values("charge_uah_cm2").drop_duplicates("charge_uah_cm2")
        upper.plot(line["charge_uah_cm2"], line["lithium_equivalent_nm"], zorder=1, **_ALL)
        if own.empty:
            upper.text(0.5, 0.5, "no charge has passed", transform=upper.transAxes, ha="center", va="center")
        if len(plated):
            _finish(upper, lower, tops, column == 0)
        else:
            for axes in (upper, lower):
                axes.set(xticks=[], yticks=[])
        plan.label_below(sheet, len(experiments) + column, "Plating charge (µAh/cm²)")
    for row, words in enumerate(("Thickness as dense lithium (nm)", "Share of the charge that is found")):
        low = plan.corner(row * len(experiments))[1]
        sheet.text(0.3, low + plan.panel_height_cm / 2, words, rotation=90, fontsize=style.TEXT_PT)
    return sheet


def _key(looks: Mapping[str, tuple[str, str]]) -> list[KeyEntry]:
    entries = [
        # A name cannot hold a decimal point: disk_8_00_mm is a disk of 8.00 mm.
        KeyEntry(re.sub(r"(?<=\d)_(?=\d)", ".", area).replace("_", " "),
                 page.points_swatch(single=True, color=colour, marker=marker, markersize=3.6))
        for area, (colour, marker) in looks.items()
    ]  # fmt: skip
    return [*entries, KeyEntry("all of the charge", page.line_swatch(**_ALL))]


def _finish(upper: Axes, lower: Axes, tops: list[float], first: bool) -> None:
    """Give the panels of a row one scale: what differs between samples is seen, and labels stand once."""
    upper.set_yscale("log")
    upper.set_ylim(0.3, 2.0 * max(tops[0], 1.0))
    lower.set_ylim(0.0, max(0.1, 1.4 * tops[1]))
    lower.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))
    for axes in (upper, lower):
        axes.set_xlim(-0.03 * tops[2], 1.04 * tops[2])
        axes.tick_params(labelleft=first)


def _draw(axes: Axes, rows: pd.DataFrame, value: pd.Series, per_nm: Any, look: tuple[str, str]) -> None:
    colour, marker = look
    statistical = TWO_SIDED_95 * rows["accounted_stderr_nm"].fillna(0.0) * per_nm
    systematic = rows["accounted_systematic_stderr_nm"].fillna(0.0) * TWO_SIDED_95 * per_nm
    both = np.hypot(statistical, systematic)
    charge = rows["charge_uah_cm2"]
    least = value * _LEAST  # a band that reaches zero ends here on the logarithmic axis
    axes.fill_between(charge, np.maximum(value - both, least), value + both, color=colour, alpha=0.15, linewidth=0)
    axes.errorbar(charge, value, yerr=statistical, color=colour, marker=marker, markersize=3.4, elinewidth=0.6,
                  linewidth=0.4, markeredgecolor="#333333", markeredgewidth=0.25, zorder=3)  # fmt: skip
