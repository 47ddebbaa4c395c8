"""The energy scale on one page: the shift of each cycle, and each check as what was found less what was expected."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from xps.figures import page, style
from xps.figures.lettering import chemical_label
from xps.figures.page import KeyEntry, Sheet
from xps.figures.palette import FALLBACK_COLOURS, MARKERS
from xps.figures.reading.frames import frames, records

_LEFT_CM, _RIGHT_CM, _TOP_CM, _GAP_CM, _BELOW_CM = 1.3, 0.4, 0.55, 1.0, 0.95
_SHIFT_CM, _ROW_CM, _CHECK_LEFT_CM = 4.2, 0.46, 6.6
_VERDICTS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "agrees": ("agrees", {"marker": "o", "color": "#0072B2"}),
    "differs": ("differs", {"marker": "s", "color": style.FAILURE_RED}),
    "imposed": ("imposed by a tie: no check", {"marker": "o", "color": "#8C8C8C", "markerfacecolor": "none"}),
}
_NORMAL_95 = 1.959964


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and the plotted numbers: rows of shifts, then rows of checks."""
    held = frames(tables, settings)
    shifts, checks = held["calibration"], _testable(held["energy_checks"])
    with page.project_style():
        sheet = _sheet(shifts, checks, settings)
        sheet.footer(data_origin, 1, 1)
    shift_names = ["experiment", "acquisition", "region", "shift_ev", "shift_stderr_ev", "drift_stderr_ev", "method"]
    check_names = [
        "experiment", "acquisition", "check", "kind", "value_ev", "stderr_ev", "expected_ev", "expected_stderr_ev",
        "imposed", "verdict", "source",
    ]  # fmt: skip
    return [sheet.figure], pd.concat([shifts[shift_names], checks[check_names]], ignore_index=True)


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the page shows and what its checks cannot see."""
    checks = frames(tables, settings)["energy_checks"]
    counts = checks["verdict"].value_counts()
    told = ", ".join(f"{int(counts[name])} {name.replace('_', ' ')}" for name in counts.index)
    return (
        "Energy scale. Above: the shift added to the recorded binding energies of each acquisition, open where it was "
        "interpolated; bars are 95 % intervals. Below: each check as found less expected, one mark per acquisition; "
        f"grey bars: how well the expected value is known (95 %). {told}. Differences between lines of one sample test "
        "assignment and drift between regions; only the reference against a line of the matrix can see a step of the "
        "reference itself, and it cannot tell such a step from a real shift of the matrix. Adventitious carbon aligns "
        "to the vacuum level, so a C 1s reference moves with the work function."
    )


def _testable(checks: pd.DataFrame) -> pd.DataFrame:
    found: pd.DataFrame = checks[checks["value_ev"].notna() & checks["expected_ev"].notna()]
    return found


def _sheet(shifts: pd.DataFrame, checks: pd.DataFrame, settings: Mapping[str, Any]) -> Sheet:
    width_cm = style.WIDTH_CM[settings.get("width", "double")]
    experiments = list(dict.fromkeys(shifts["experiment"]))
    looks = {
        name: {"color": FALLBACK_COLOURS[index % len(FALLBACK_COLOURS)], "marker": MARKERS[index % len(MARKERS)]}
        for index, name in enumerate(experiments)
    }
    key = page.key_lines(_key(looks, checks), width_cm)
    names = list(dict.fromkeys(zip(checks["kind"], checks["check"], strict=True)))
    height = max(1, len(names)) * _ROW_CM
    below = page.key_height_cm(key) + _BELOW_CM
    sheet = Sheet(width_cm, below + height + _BELOW_CM + _GAP_CM + _SHIFT_CM + _TOP_CM)
    sheet.key(key)
    bottom = below + height + _BELOW_CM + _GAP_CM
    upper = sheet.axes(_LEFT_CM, bottom, width_cm - _LEFT_CM - _RIGHT_CM, _SHIFT_CM)
    upper.set_label("shifts")
    _draw_shifts(upper, shifts, looks)
    sheet.text(width_cm / 2, bottom - 0.62, "Acquisition", fontsize=style.TEXT_PT)
    sheet.text(0.25, bottom + _SHIFT_CM / 2, "Shift (eV)", rotation=90, fontsize=style.TEXT_PT)
    sheet.text(width_cm / 2, sheet.height_cm - 0.25, "Shift of each acquisition", fontsize=style.TITLE_PT,
               fontweight="bold")  # fmt: skip
    lower = sheet.axes(_CHECK_LEFT_CM, below, width_cm - _CHECK_LEFT_CM - _RIGHT_CM, height)
    lower.set_label("checks")
    _draw_checks(lower, checks, names)
    middle = _CHECK_LEFT_CM + (width_cm - _CHECK_LEFT_CM - _RIGHT_CM) / 2
    sheet.text(middle, below - 0.62, "Found − expected (eV)", fontsize=style.TEXT_PT)
    sheet.text(width_cm / 2, below + height + 0.3, "Checks", fontsize=style.TITLE_PT, fontweight="bold")
    return sheet


def _draw_shifts(axes: Axes, shifts: pd.DataFrame, looks: Mapping[str, Mapping[str, Any]]) -> None:
    for experiment, rows in shifts.groupby("experiment", sort=False):
        look = looks[str(experiment)]
        cycles = rows.drop_duplicates("acquisition").sort_values("acquisition")
        axes.plot(cycles["acquisition"], cycles["shift_ev"], color=look["color"], linewidth=0.4, alpha=0.7)
        for guessed, own in cycles.groupby(cycles["method"].eq("interpolated")):
            face = "white" if guessed else look["color"]
            bars = _NORMAL_95 * own["shift_stderr_ev"]
            axes.errorbar(own["acquisition"], own["shift_ev"], yerr=bars, linestyle="none", markersize=3.2,
                          elinewidth=0.6, markerfacecolor=face, **look)  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6))


def _draw_checks(axes: Axes, checks: pd.DataFrame, names: list[tuple[str, str]]) -> None:
    axes.axvline(0.0, color="black", linewidth=0.5, zorder=1)
    for row, (kind, check) in enumerate(names):
        own = checks[(checks["kind"] == kind) & (checks["check"] == check)]
        known = float(np.nan_to_num(own["expected_stderr_ev"].max())) * _NORMAL_95
        axes.barh(row, 2 * known, left=-known, height=0.7, color=style.BAND_GREY, zorder=0, linewidth=0)
        for index, found in enumerate(records(own)):
            look = _VERDICTS.get(found["verdict"], _VERDICTS["agrees"])[1]
            y = row + 0.6 * ((index + 0.5) / len(own) - 0.5)
            bar = _NORMAL_95 * float(np.nan_to_num(found["stderr_ev"]))
            axes.errorbar(found["value_ev"] - found["expected_ev"], y, xerr=bar, markersize=1.9, elinewidth=0.35,
                          markeredgewidth=0.4, linestyle="none", **look)  # fmt: skip
    axes.set_ylim(max(1, len(names)) - 0.5, -0.5)
    axes.set_yticks(range(len(names)), [f"{chemical_label(check)}" for _, check in names], fontsize=style.SMALL_PT)
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=7))
    if not names:
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no check could be made", transform=axes.transAxes, ha="center", va="center",
                  fontsize=style.TEXT_PT)  # fmt: skip


def _key(looks: Mapping[str, Mapping[str, Any]], checks: pd.DataFrame) -> list[KeyEntry]:
    entries = [KeyEntry(name, page.points_swatch(single=True, markersize=3.4, **look)) for name, look in looks.items()]
    shown = set(checks["verdict"])
    entries += [
        KeyEntry(words, page.points_swatch(single=True, markersize=3.0, **look))
        for name, (words, look) in _VERDICTS.items()
        if name in shown
    ]
    return entries
