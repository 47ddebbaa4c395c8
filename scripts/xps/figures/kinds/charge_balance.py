"""Charge balance: lithium that the plating charge would make, lithium that the layers account for, and their ratio."""

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xps.figures import page, style
from xps.figures.lettering import chemical_label, sample_names
from xps.figures.page import KeyEntry, Sheet
from xps.figures.palette import FALLBACK_COLOURS, MARKERS
from xps.figures.parts import layout
from xps.figures.reading.frames import frames

_NORMAL_95 = 1.959964
_LEAST = 0.02


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and the balance."""
    balance = frames(tables, settings)["balance"]
    plated = balance[balance["charge_uah_cm2"].gt(0.0)]
    with page.project_style():
        sheet = _sheet(plated, settings)
        sheet.footer(data_origin, 1, 1)
    return [sheet.figure], balance.drop(columns="condition")


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows and under which assumptions."""
    balance = frames(tables, settings)["balance"]
    conditions = " ".join(dict.fromkeys(str(words) for words in balance["condition"].dropna()))
    return (
        "Charge balance. Left: dense lithium that the plating charge would make on the declared area (line), "
        "and what the layers seen by XPS account for (points; bars: 95 %, statistical; band: 95 %, mean free paths "
        f"included). Right: the share of the charge that is accounted for. {conditions}"
    ).strip()


def _group_name(experiment: str, area: str, settings: Mapping[str, Any]) -> str:
    # A name cannot hold a decimal point: disk_8_00_mm is a disk of 8.00 mm.
    words = re.sub(r"(?<=\d)_(?=\d)", ".", area).replace("_", " ")
    return f"{chemical_label(sample_names(experiment, settings))}, {words}"


def _sheet(balance: pd.DataFrame, settings: Mapping[str, Any]) -> Sheet:
    groups = [
        (str(experiment), str(area), rows)
        for (experiment, area), rows in balance.groupby(["experiment", "area"], sort=False)
    ]
    experiments, areas = (list(dict.fromkeys(group[place] for group in groups)) for place in (0, 1))
    looks = [
        (
            FALLBACK_COLOURS[experiments.index(experiment) % len(FALLBACK_COLOURS)],
            MARKERS[areas.index(area) % len(MARKERS)],
        )
        for experiment, area, _ in groups
    ]
    entries = [
        KeyEntry(
            _group_name(name, area, settings),
            page.points_swatch(single=True, color=colour, marker=marker, markersize=3.6),
        )
        for (name, area, _), (colour, marker) in zip(groups, looks, strict=True)
    ]
    entries.append(KeyEntry("all of the charge", page.line_swatch(color="black", linewidth=0.7)))
    plan = layout.of(
        settings.get("width", "double"), 2, entries, across=2, panel_height_cm=5.2, left_cm=1.4, gap_cm=1.5
    )
    sheet = plan.sheet()
    left = plan.axes(sheet, 0, "Lithium, as dense film", "nm")
    right = plan.axes(sheet, 1, "Share accounted for", "share")
    for (_, _, rows), (colour, marker) in zip(groups, looks, strict=True):
        _draw(left, rows, rows["accounted_nm"], 1.0, colour, marker)
        _draw(
            right, rows, rows["accounted_fraction"], rows["accounted_fraction"] / rows["accounted_nm"], colour, marker
        )
        left.plot(rows["charge_uah_cm2"], rows["lithium_equivalent_nm"], color="black", linewidth=0.7, zorder=1)
    left.set_yscale("log")
    left.set_ylim(bottom=max(0.1, left.get_ylim()[0]))
    right.set_ylim(0.0, max(0.1, right.get_ylim()[1]))
    for index, (words, unit) in enumerate((("Thickness", "nm"), ("Share", "1"))):
        corner, low = plan.corner(index)
        plan.label_below(sheet, index, "Plating charge (µAh/cm²)")
        label = f"{words} ({unit})" if unit != "1" else words
        sheet.text(corner - 1.05, low + plan.panel_height_cm / 2, label, rotation=90, fontsize=style.TEXT_PT)
    return sheet


def _draw(axes: Axes, rows: pd.DataFrame, value: pd.Series, per_nm: Any, colour: str, marker: str) -> None:
    statistical = _NORMAL_95 * rows["accounted_stderr_nm"].fillna(0.0) * per_nm
    systematic = rows["accounted_systematic_stderr_nm"].fillna(0.0) * _NORMAL_95 * per_nm
    both = np.hypot(statistical, systematic)
    charge = rows["charge_uah_cm2"]
    least = value * _LEAST  # a band that reaches zero ends here on the logarithmic axis
    axes.fill_between(charge, np.maximum(value - both, least), value + both, color=colour, alpha=0.18, linewidth=0)
    axes.errorbar(charge, value, yerr=statistical, color=colour, marker=marker, markersize=3.4, elinewidth=0.6,
                  linewidth=0.4, markeredgecolor="#333333", markeredgewidth=0.25, zorder=3)  # fmt: skip
