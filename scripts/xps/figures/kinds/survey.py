"""Survey spectra below each other with labelled lines: what is on the sample, and whether the beam changed it."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from xps.errors import ConfigError
from xps.figures import lettering, page, style
from xps.figures.lettering import cps
from xps.figures.page import Sheet
from xps.figures.parts import layout
from xps.figures.reading.frames import check_known, frames
from xps.figures.reading.times import axis_values

_ROW_CM, _LABEL_CM, _LEFT_CM, _RIGHT_CM, _BELOW_CM = 2.3, 1.45, 0.75, 2.1, 0.95
_ABOVE_CM, _LINE_CM = 0.2, 0.27
# Room below the lowest spectrum, in rows; names of lines above the highest, with the kink of the line that leads there.
_FOOT = 0.08
_NAMES_CM, _KINK_CM, _GAP_CM = 1.38, 0.18, 0.05
_INK, _GUIDE = "#222222", "#B8B8B8"

_LABELS = (
    "Dotted lines: where the named lines are expected; a label says that a line was looked for, not that it was found."
)


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and the plotted spectra."""
    held = frames(tables, settings)
    spectra = _spectra(settings, held)
    with page.project_style():
        sheet = _sheet(settings, spectra, held["acquisitions"])
        sheet.footer(data_origin, 1, 1)
    names = ["experiment", "acquisition", "region", "channel", "binding_energy_ev", "intensity_cps"]
    return [sheet.figure], spectra[names].round({"binding_energy_ev": 4, "intensity_cps": 3})


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows and what its labels mean."""
    count = _spectra(settings, frames(tables, settings))["acquisition"].nunique()
    of = f"({settings['region']}) of {settings['experiment']}"
    shown = f"Survey spectrum {of}."
    if count > 1:
        shown = f"Survey spectra {of}, {count} acquisitions, each scaled to its own maximum and shifted upwards."
    if not settings.get("lines"):
        return shown
    return f"{shown} {_LABELS}"


def _spectra(settings: Mapping[str, Any], held: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Return the survey's channels on the calibrated axis."""
    spectra, calibration = held["spectra"], held["calibration"]
    check_known("region", [settings["region"]], spectra["region"])
    kept = held["acquisitions"].loc[~held["acquisitions"]["excluded"], "acquisition"]
    numbers = sorted({int(number) for number in kept} & {int(n) for n in settings.get("acquisitions", kept)})
    own = spectra[(spectra["region"] == settings["region"]) & spectra["acquisition"].isin(numbers)]
    if own.empty:
        raise ConfigError(
            f"nothing to draw: {settings['experiment']} has no {settings['region']} in these acquisitions"
        )
    shift = calibration.drop_duplicates("acquisition").set_index("acquisition")["shift_ev"]
    moved = own["recorded_binding_energy_ev"] + own["acquisition"].map(shift).fillna(0.0)
    found: pd.DataFrame = own.assign(binding_energy_ev=moved)
    return found


def _sheet(settings: Mapping[str, Any], spectra: pd.DataFrame, acquired: pd.DataFrame) -> Sheet:
    width_cm = style.WIDTH_CM[settings.get("width", "double")]
    numbers = sorted(spectra["acquisition"].unique())
    below = page.FOOTER_CM + _BELOW_CM
    room = style.PAGE_HEIGHT_CM - below - _LABEL_CM - _ABOVE_CM
    row_cm = min(_ROW_CM, room / len(numbers))
    height = _LABEL_CM + row_cm * len(numbers)
    sheet = Sheet(width_cm, below + height + _ABOVE_CM)
    axes = sheet.axes(_LEFT_CM, below, width_cm - _LEFT_CM - _RIGHT_CM, height)
    axes.set_label("survey")
    times = axis_values(acquired, settings["axis"])
    text = lettering.axis_text(settings["axis"], max(times.values(), default=0.0))
    for place, number in enumerate(numbers):
        own = spectra[spectra["acquisition"] == number].sort_values("binding_energy_ev")
        intensity = own["intensity_cps"].to_numpy(dtype=np.float64)
        base = len(numbers) - 1 - place
        scaled = 0.92 * (intensity - intensity.min()) / (np.ptp(intensity) or 1.0)
        axes.plot(own["binding_energy_ev"], base + scaled, color=_INK, linewidth=0.5, zorder=3)
        at = "–" if number not in times else f"{times[number] * text.per_second:.4g} {text.unit}"
        beside = below + (base + 0.3 + _FOOT) * row_cm
        words = f"{at}\nmax {cps(float(intensity.max()))}" if row_cm > 2 * _LINE_CM else at
        if row_cm > _LINE_CM or place % math.ceil(_LINE_CM / row_cm) == 0:
            sheet.text(width_cm - _RIGHT_CM + 0.15, beside, words, ha="left")
    axes.set_ylim(-_FOOT, height / row_cm - _FOOT)
    axes.set_xlim(spectra["binding_energy_ev"].max(), spectra["binding_energy_ev"].min())
    axes.set_yticks([])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=8))
    _label_lines(axes, settings.get("lines", []), width_cm - _LEFT_CM - _RIGHT_CM, row_cm)
    sheet.text(_LEFT_CM + (width_cm - _LEFT_CM - _RIGHT_CM) / 2, below - layout.LABEL_CM, "Binding energy (eV)",
               fontsize=style.TEXT_PT)  # fmt: skip
    sheet.text(0.3, below + height / 2, "Intensity (each to its maximum)", rotation=90, fontsize=style.TEXT_PT)
    return sheet


def _label_lines(axes: Axes, lines: Sequence[Mapping[str, Any]], width_cm: float, row_cm: float) -> None:
    """Write each line's name upright above the spectra, moved aside where two would touch."""
    high, low = axes.get_xlim()
    least = (high - low) * 0.3 / width_cm
    ordered = sorted((line for line in lines if low < line["binding_energy_ev"] < high),
                     key=lambda line: -line["binding_energy_ev"])  # fmt: skip
    place, foot = high, axes.get_ylim()[1] - _NAMES_CM / row_cm
    for line in ordered:
        energy = line["binding_energy_ev"]
        place = min(energy, place - least)
        axes.plot(
            [energy, energy, place], [-_FOOT, foot - _KINK_CM / row_cm, foot], color=_GUIDE, linewidth=0.4, zorder=1
        )
        axes.text(place, foot + _GAP_CM / row_cm, line["line"], rotation=90, ha="center", va="bottom",
                  fontsize=style.SMALL_PT, color=_INK)  # fmt: skip
