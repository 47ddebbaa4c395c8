"""Volume fractions that each decomposition reaction would leave behind, against the thresholds of percolation."""

import re
from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xps.figures import page, style
from xps.figures.lettering import chemical_label, typeset
from xps.figures.page import KeyEntry, Sheet
from xps.figures.palette import species_styles
from xps.figures.reading.frames import chosen, records

_ROW_CM, _LEFT_CM, _RIGHT_CM, _TOP_CM, _BELOW_CM = 0.95, 1.7, 0.4, 0.35, 0.95
# A bar hangs below the middle of its row, so that its reaction stands above it; in rows.
_BAR, _LOWER, _ABOVE_BAR = 0.52, 0.16, 0.12
_INSULATOR_ALPHA = 0.22


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and the volume fractions."""
    phases = chosen(tables["phases"].to_pandas(), settings, {"cases": "case"})
    with page.project_style():
        sheet = _sheet(phases, settings)
        sheet.footer(data_origin, 1, 1)
    names = [
        "case", "phase", "volume_fraction", "conductive", "conductive_fraction", "conductive_fraction_low",
        "conductive_fraction_high", "threshold", "threshold_low", "threshold_high", "verdict", "remark",
    ]  # fmt: skip
    return [sheet.figure], phases[names]


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows, and what each case assumes."""
    phases = chosen(tables["phases"].to_pandas(), settings, {"cases": "case"})
    cases = records(phases.drop_duplicates("case"))
    told = [
        f"{case['case']}: {case['reaction']} ({100 * case['conductive_fraction']:.1f} % conducting, {case['verdict']}; "
        f"{case['remark'].split(';')[0]})"
        for case in cases
    ]
    first = cases[0]
    return (
        "Volume fractions of the phases that decomposition of the electrolyte by lithium would leave behind. Filled: "
        "phases counted as electronic conductors, pale: insulators. Bar with ends: conducting share over the range of "
        f"densities. Line: threshold of random spheres ({first['threshold']:.3f}); band: thresholds of real "
        f"microstructures ({first['threshold_low']:.2f} to {first['threshold_high']:.2f}). The verdict above, below or "
        f"undecided is against that band. {'; '.join(told)}."
    )


def _sheet(phases: pd.DataFrame, settings: Mapping[str, Any]) -> Sheet:
    width_cm = style.WIDTH_CM[settings.get("width", "double")]
    styles = species_styles(phases["phase"])
    spheres = f"threshold of random spheres ({phases['threshold'].iloc[0]:.3f})"
    key = page.key_lines(
        [
            *(KeyEntry(chemical_label(row["phase"]), _swatch(row["conductive"], styles[row["phase"]].colour))
              for row in records(phases.sort_values("conductive", ascending=False, kind="stable")
                                 .drop_duplicates("phase").sort_index())),
            KeyEntry("conducting share", page.line_swatch(color="black", linewidth=0.9)),
            KeyEntry(spheres, page.line_swatch(color=style.FAILURE_RED, linewidth=0.8)),
            KeyEntry("thresholds of real microstructures", page.box_swatch(facecolor=style.FAILURE_RED, alpha=0.12)),
        ],
        width_cm,
    )  # fmt: skip
    cases = list(dict.fromkeys(phases["case"]))
    height = len(cases) * _ROW_CM
    below = page.key_height_cm(key) + _BELOW_CM
    sheet = Sheet(width_cm, below + height + _TOP_CM)
    axes = sheet.axes(_LEFT_CM, below, width_cm - _LEFT_CM - _RIGHT_CM, height)
    axes.set_label("percolation")
    for row, case in enumerate(cases):
        _draw_case(axes, phases[phases["case"] == case], row, {name: styles[name].colour for name in styles})
    first = phases.iloc[0]
    axes.axvspan(first["threshold_low"], first["threshold_high"], color=style.FAILURE_RED, alpha=0.12, linewidth=0,
                 zorder=0)  # fmt: skip
    axes.axvline(first["threshold"], color=style.FAILURE_RED, linewidth=0.8, zorder=4)
    axes.set_ylim(len(cases) - 0.5, -0.56)
    axes.set_yticks(range(len(cases)), cases, fontsize=style.SMALL_PT)
    axes.set_xlim(0, 1)
    axes.tick_params(axis="y", length=0)
    sheet.text(_LEFT_CM + (width_cm - _LEFT_CM - _RIGHT_CM) / 2, below - 0.62, "Volume fraction of the interphase",
               fontsize=style.TEXT_PT)  # fmt: skip
    sheet.key(key)
    return sheet


def _swatch(conductive: bool, colour: str) -> page.Swatch:
    return page.box_swatch(facecolor=colour, linewidth=0, alpha=1.0 if conductive else _INSULATOR_ALPHA)


def _draw_case(axes: Axes, phases: pd.DataFrame, row: int, colours: Mapping[str, str]) -> None:
    """Stack the conductors first, so that their total reads off the axis, then the insulators."""
    start = 0.0
    ordered = phases.sort_values(["conductive", "volume_fraction"], ascending=False, kind="stable")
    for part in records(ordered):
        axes.barh(row + _LOWER, part["volume_fraction"], left=start, height=_BAR, color=colours[part["phase"]],
                  linewidth=0.3, edgecolor="white", alpha=1.0 if part["conductive"] else _INSULATOR_ALPHA,
                  zorder=1)  # fmt: skip
        start += part["volume_fraction"]
    case = phases.iloc[0]
    low, middle, high = (case[f"conductive_fraction{end}"] for end in ("_low", "", "_high"))
    if pd.notna(low) and pd.notna(high):
        axes.errorbar([middle], [row + _LOWER], xerr=[[middle - low], [high - middle]], color="black", elinewidth=0.9,
                      capsize=2.2, capthick=0.9, zorder=5)  # fmt: skip
    axes.text(0.004, row - _ABOVE_BAR, _reaction(str(case["reaction"])), ha="left", va="bottom",
              fontsize=style.SMALL_PT, zorder=6,
              bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.3})  # fmt: skip
    axes.text(0.99, row + _LOWER, f"{100 * middle:.1f} % conducting: {case['verdict']}", ha="right", va="center",
              fontsize=style.SMALL_PT, zorder=6)  # fmt: skip


def _reaction(text: str) -> str:
    """Write a balanced reaction as chemists do: no coefficient 1, an arrow, formulas typeset."""
    return typeset(re.sub(r"(?<![\d.])1 (?=[A-Z])", "", text))
