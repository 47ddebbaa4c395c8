"""The energy scale on one page: the shift of each cycle, the drift of each region, and checks against literature.

The shift is the reference line's; a region measured an hour later may have drifted, and where its fit could tell, the
fit says by how much.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from xps.figures import page, style
from xps.figures.lettering import chemical_label, sample_names, typeset
from xps.figures.page import KeyEntry, Sheet
from xps.figures.palette import FALLBACK_COLOURS, MARKERS
from xps.figures.reading.frames import frames, records
from xps.quantiles import TWO_SIDED_95

_LEFT_CM, _RIGHT_CM, _TOP_CM, _BELOW_CM = 1.3, 0.4, 0.55, 0.85
_SHIFT_CM, _DRIFT_CM, _ROW_CM, _NAMES_CM, _KEY_CM = 3.8, 1.9, 0.45, 4.4, 3.2
# Marks of one acquisition stand side by side over this share of the step to the next.
_SPREAD = 0.75
_BAR_ALPHA = 0.35
_BARS: Mapping[str, Any] = {"linestyle": "none", "elinewidth": 0.45, "markeredgewidth": 0.4}
DRIFT = "energy_drift_ev"
_VERDICTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "agrees": ("agrees", {"marker": "o", "color": "#0072B2"}),
    "differs": ("differs", {"marker": "s", "color": style.FAILURE_RED}),
    "imposed": ("imposed by a tie: no check", {"marker": "o", "color": "#8C8C8C", "markerfacecolor": "none"}),
}


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and the plotted numbers: rows of shifts, of drifts, then of checks."""
    held = frames(tables, settings)
    shifts, checks = held["calibration"], _testable(held["energy_checks"])
    drifts = _drifts(held["parameters"], shifts)
    with page.project_style():
        sheet = _sheet(shifts, drifts, checks, settings)
        sheet.footer(data_origin, 1, 1)
    shift_names = ["experiment", "acquisition", "region", "shift_ev", "shift_stderr_ev", "drift_stderr_ev", "method"]
    check_names = [
        "experiment", "acquisition", "check", "kind", "value_ev", "stderr_ev", "expected_ev", "expected_stderr_ev",
        "imposed", "verdict", "source",
    ]  # fmt: skip
    drift_names = [
        "experiment",
        "acquisition",
        "region",
        "model",
        "value_ev",
        "stderr_ev",
        "expected_stderr_ev",
        "check",
    ]
    parts = [shifts[shift_names], drifts[drift_names], checks[check_names]]
    return [sheet.figure], pd.concat(parts, ignore_index=True)


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the page shows and what its checks cannot see."""
    checks = frames(tables, settings)["energy_checks"]
    counts = checks["verdict"].value_counts()
    told = ", ".join(f"{int(counts[name])} {name.replace('_', ' ')}" for name in counts.index)
    return (
        "Energy scale. Above: the shift added to the recorded binding energies of each acquisition, open where it was "
        "interpolated; bars are 95 % intervals. Middle: how far the scale of a region lies from that shift where a fit "
        "leaves it free (grey: 95 % of the most that was allowed for beforehand). Below: each check as found less "
        "expected, one mark per acquisition; "
        f"grey bars: how well the expected value is known (95 %). {told}. Differences between lines of one sample test "
        "assignment and drift between regions; only the reference against a line of the matrix can see a step of the "
        "reference itself, and it cannot tell such a step from a real shift of the matrix. Adventitious carbon aligns "
        "to the vacuum level, so a C 1s reference moves with the work function."
    )


def _testable(checks: pd.DataFrame) -> pd.DataFrame:
    found: pd.DataFrame = checks[checks["value_ev"].notna() & checks["expected_ev"].notna()]
    return found


def _drifts(parameters: pd.DataFrame, shifts: pd.DataFrame) -> pd.DataFrame:
    """Return the drifts that fits found, one row per region and acquisition, as rows of checks of the value 0."""
    found = parameters[parameters["parameter"].eq(DRIFT) & parameters["value"].notna()]
    # Two models may leave the same region free; the first that the experiment names stands for it.
    found = found.drop_duplicates(["experiment", "acquisition", "region"])
    prior = shifts[["experiment", "acquisition", "region", "drift_stderr_ev"]]
    own = found.merge(prior, on=["experiment", "acquisition", "region"], how="left")
    return own.assign(value_ev=own["value"], stderr_ev=own["stderr"], expected_stderr_ev=own["drift_stderr_ev"],
                      check=own["region"])  # fmt: skip


def _sheet(shifts: pd.DataFrame, drifts: pd.DataFrame, checks: pd.DataFrame, settings: Mapping[str, Any]) -> Sheet:
    width_cm = style.WIDTH_CM[settings.get("width", "double")]
    looks = {
        str(name): {"color": FALLBACK_COLOURS[index % len(FALLBACK_COLOURS)], "marker": MARKERS[index % len(MARKERS)]}
        for index, name in enumerate(dict.fromkeys(shifts["experiment"]))
    }
    key = page.key_lines(_key(checks), width_cm)
    regions = drifts["region"].nunique()
    heights = [_SHIFT_CM, regions * _DRIFT_CM, max(1, checks["check"].nunique()) * _ROW_CM]
    blocks = [_TOP_CM + height + _BELOW_CM if height else 0.0 for height in heights]
    sheet = Sheet(width_cm, page.key_height_cm(key) + sum(blocks))
    sheet.key(key)
    top = sheet.height_cm
    shifted = _block(sheet, "shifts", "Shift of each acquisition", "Acquisition", top, _SHIFT_CM, (_LEFT_CM, _KEY_CM))
    _draw_shifts(shifted, shifts, looks)
    sheet.text(0.25, top - _TOP_CM - _SHIFT_CM / 2, "Shift (eV)", rotation=90, fontsize=style.TEXT_PT)
    _name_experiments(sheet, looks, settings, width_cm - _KEY_CM + 0.25, top - _TOP_CM - 0.15)
    top -= blocks[0]
    if regions:
        title = "Single regions: their own shift less that of the acquisition"
        last = _block(sheet, "drifts", title, "Acquisition", top, heights[1], (_LEFT_CM, _KEY_CM))
        _draw_regions(sheet, last, drifts, looks, shifted.get_xlim())
    top -= blocks[1]
    lower = _block(sheet, "checks", "Checks", "Found − expected (eV)", top, heights[2], (_NAMES_CM, _RIGHT_CM))
    _draw_checks(lower, checks)
    return sheet


def _draw_regions(
    sheet: Sheet,
    room: Axes,
    drifts: pd.DataFrame,
    looks: Mapping[str, Mapping[str, Any]],
    span: tuple[float, float],
) -> None:
    """Divide the ``room`` into a strip for each region, with the acquisitions of ``span`` on one axis below."""
    room.set_axis_off()
    box = room.get_position()
    groups = list(drifts.groupby("region", sort=False))
    step = box.height / len(groups)
    for index, (region, own) in enumerate(groups):
        strip = sheet.figure.add_axes((box.x0, box.y1 - (index + 1) * step, box.width, 0.92 * step))
        strip.set_label(f"drifts|{region}")
        _draw_drifts(strip, own, looks)
        strip.set_xlim(span)
        strip.tick_params(labelbottom=index + 1 == len(groups))
        sheet.text(0.25, (box.y1 - (index + 0.54) * step) * sheet.height_cm, f"{region} (eV)", rotation=90)


def _block(
    sheet: Sheet, label: str, title: str, below: str, top: float, height: float, sides: tuple[float, float]
) -> Axes:
    """Return axes of the given height below ``top`` (cm), with a title and what their horizontal axis is."""
    left, right = sides
    bottom = top - _TOP_CM - height
    axes = sheet.axes(left, bottom, sheet.width_cm - left - right, height)
    axes.set_label(label)
    middle = left + (sheet.width_cm - left - right) / 2
    sheet.text(middle, top - 0.28, title, fontsize=style.TITLE_PT, fontweight="bold")
    sheet.text(middle, bottom - 0.6, below, fontsize=style.TEXT_PT)
    return axes


def _name_experiments(
    sheet: Sheet, looks: Mapping[str, Mapping[str, Any]], settings: Mapping[str, Any], left: float, top: float
) -> None:
    """Write the key of the experiments beside their shifts."""
    step = min(0.38, (_SHIFT_CM - 0.2) / max(1, len(looks)))
    for index, (name, look) in enumerate(looks.items()):
        y = top - index * step
        mark = Line2D([left / sheet.width_cm], [y / sheet.height_cm], markersize=3.4, linestyle="none",
                      transform=sheet.figure.transFigure, **look)  # fmt: skip
        sheet.figure.add_artist(mark)
        sheet.text(left + 0.2, y, chemical_label(sample_names(name, settings)), ha="left")


def _draw_shifts(axes: Axes, shifts: pd.DataFrame, looks: Mapping[str, Mapping[str, Any]]) -> None:
    for experiment, rows in shifts.groupby("experiment", sort=False):
        look = looks[str(experiment)]
        cycles = rows.drop_duplicates("acquisition").sort_values("acquisition")
        axes.plot(cycles["acquisition"], cycles["shift_ev"], color=look["color"], linewidth=0.4, alpha=0.7)
        for guessed, own in cycles.groupby(cycles["method"].eq("interpolated")):
            face = "white" if guessed else look["color"]
            bars = TWO_SIDED_95 * own["shift_stderr_ev"]
            axes.errorbar(own["acquisition"], own["shift_ev"], yerr=bars, linestyle="none", markersize=3.2,
                          elinewidth=0.6, markerfacecolor=face, **look)  # fmt: skip
    if len(shifts):
        axes.set_xlim(shifts["acquisition"].min() - 0.5, shifts["acquisition"].max() + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6))


def _draw_drifts(axes: Axes, drifts: pd.DataFrame, looks: Mapping[str, Mapping[str, Any]]) -> None:
    """Draw the drifts of one region over the acquisitions, those of several experiments side by side."""
    known = TWO_SIDED_95 * float(np.nan_to_num(drifts["expected_stderr_ev"].max()))
    axes.axhspan(-known, known, color=style.BAND_GREY, linewidth=0, zorder=0)
    axes.axhline(0.0, color="black", linewidth=0.5, zorder=1)
    experiments = list(dict.fromkeys(drifts["experiment"]))
    for index, experiment in enumerate(experiments):
        own = drifts[drifts["experiment"] == experiment]
        aside = _SPREAD * ((index + 0.5) / len(experiments) - 0.5)
        bars = TWO_SIDED_95 * own["stderr_ev"].fillna(0.0)
        axes.errorbar(own["acquisition"] + aside, own["value_ev"], yerr=bars, markersize=2.4, **_BARS,
                      **looks[str(experiment)])  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=5, steps=[1, 2, 5, 10]))


def _draw_checks(axes: Axes, checks: pd.DataFrame) -> None:
    names = list(dict.fromkeys(zip(checks["kind"], checks["check"], strict=True)))
    axes.axvline(0.0, color="black", linewidth=0.5, zorder=1)
    for row, (kind, check) in enumerate(names):
        own = checks[(checks["kind"] == kind) & (checks["check"] == check)]
        known = float(np.nan_to_num(own["expected_stderr_ev"].max())) * TWO_SIDED_95
        axes.barh(row, 2 * known, left=-known, height=0.7, color=style.BAND_GREY, zorder=0, linewidth=0)
        for index, found in enumerate(records(own)):
            look = _VERDICTS.get(found["verdict"], _VERDICTS["agrees"])[1]
            y = row + _SPREAD * ((index + 0.5) / len(own) - 0.5)
            bar = TWO_SIDED_95 * float(np.nan_to_num(found["stderr_ev"]))
            # Pale bars: where forty lie upon each other their marks are still seen.
            axes.errorbar(found["value_ev"] - found["expected_ev"], y, xerr=bar, markersize=1.9,
                          ecolor=(look["color"], _BAR_ALPHA), **_BARS, **look)  # fmt: skip
    axes.set_ylim(max(1, len(names)) - 0.5, -0.5)
    axes.set_yticks(
        range(len(names)), [typeset(check).replace(" - ", " − ") for _, check in names], fontsize=style.SMALL_PT
    )
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7, steps=[1, 2, 5, 10]))
    if not names:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no check could be made", transform=axes.transAxes, ha="center", va="center",
                  fontsize=style.TEXT_PT)  # fmt: skip


def _key(checks: pd.DataFrame) -> list[KeyEntry]:
    shown = set(checks["verdict"])
    return [
        KeyEntry(words, page.points_swatch(single=True, markersize=3.0, **look))
        for name, (words, look) in _VERDICTS.items()
        if name in shown
    ]
