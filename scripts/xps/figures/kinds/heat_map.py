"""A series as maps of intensity over binding energy and time: data, model and residual below each other.

For series too long for a grid of spectra. Times stand at the left, the charge at the right. Colours are drawn as
pixels inside the vector page: one rectangle per channel would make files that no viewer likes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize, PowerNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from xps.figures import lettering, page, style
from xps.figures.lettering import cps
from xps.figures.page import Sheet
from xps.figures.parts import channels
from xps.figures.reading.frames import of_experiment
from xps.figures.reading.grid import Column, Grid, Panel, Row, select_grid
from xps.figures.reading.times import charges_uah

Floats = NDArray[np.float64]
# Perceptually even, and safe for colour-blind readers; the residual's has white in its middle.
_INTENSITY, _RESIDUAL = "cividis", "PuOr"
_LIMIT_SIGMA = 5.0
# The eye gives half of the scale to what lies below a quarter of the maximum: a species that fades is followed longer.
_ROOT = 0.5
# Least distance of two labels beside the rows (cm).
_LABEL_CM = 0.27
_LEFT_CM, _RIGHT_CM, _TOP_CM, _GAP_CM, _BELOW_CM, _BAR_CM = 1.45, 1.35, 0.75, 0.18, 0.85, 0.95
_LAYERS = {"data": "data", "model": "model", "residual": "residual"}


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the one page and the numbers of every channel."""
    grid = select_grid(settings, tables)
    charges = charges_uah(of_experiment(tables["acquisitions"], settings))
    with page.project_style():
        sheet = _sheet(grid.as_drawn(), settings, charges)
        sheet.footer(data_origin, 1, 1)
    return [sheet.figure], channels.of_grid(grid, settings)


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows, for its caption."""
    acquired = of_experiment(tables["acquisitions"], settings)
    number = acquired.loc[~acquired["excluded"], "acquisition"].nunique()
    above = "above the fitted background" if settings.get("background", "shown") == "subtracted" else "as counted"
    return (
        f"{number} acquisitions of {settings['experiment']} as maps over binding energy and "
        f"{lettering.heading(settings['axis'])}. "
        f"From above: data ({above}), model, and residual (counts − fit) / √fit. The range of intensities of a column "
        "stands above it; data and model share one scale, and colours follow the square root of the intensity in it. "
        f"{_row_words(settings)} White with a red edge: the fit failed; grey: not measured."
    )


def _row_words(settings: Mapping[str, Any]) -> str:
    if _even(settings):
        return "Each row of a map is one acquisition; rows are equally high, their times stand beside them."
    return "Each row of a map is one acquisition and reaches half-way to its neighbours."


def _even(settings: Mapping[str, Any]) -> bool:
    return bool(settings.get("rows", "time") == "even")


def _sheet(grid: Grid, settings: Mapping[str, Any], charges: Mapping[int, float]) -> Sheet:
    layers = settings.get("layers", list(_LAYERS))
    width_cm = style.WIDTH_CM[settings.get("width", "double")]
    map_cm = min(5.2, max(2.4, 0.16 * len(grid.rows) + 1.6))
    sheet = Sheet(width_cm, _TOP_CM + len(layers) * (map_cm + _GAP_CM) + _BELOW_CM + _BAR_CM + page.FOOTER_CM)
    panel_cm = (width_cm - _LEFT_CM - _RIGHT_CM + _GAP_CM) / len(grid.columns) - _GAP_CM
    edges, time = _edges(grid, settings)
    labelled = _even(settings) or len(grid.rows) == 1
    ticks = _row_ticks(grid.rows, edges, time, map_cm) if labelled else None
    for index, column in enumerate(grid.columns):
        left = _LEFT_CM + index * (panel_cm + _GAP_CM)
        low, high = _range_cps(grid, column)
        title = ", ".join(column.core_levels) or column.region
        sheet.text(left + panel_cm / 2, sheet.height_cm - 0.25, title, fontsize=style.TEXT_PT, fontweight="bold")
        sheet.text(left + panel_cm / 2, sheet.height_cm - 0.57, cps(low, high))
        for place, layer in enumerate(layers):
            bottom = sheet.height_cm - _TOP_CM - (place + 1) * (map_cm + _GAP_CM) + _GAP_CM
            axes = sheet.axes(left, bottom, panel_cm, map_cm)
            axes.set_label(f"{column.model}|{column.region}|{layer}")
            _draw_map(axes, grid, column, layer, edges, (low, high))
            _finish(axes, grid, column, edges, index == 0, place == len(layers) - 1, panel_cm)
            if ticks is not None:
                axes.set_yticks(*ticks)
            if index == len(grid.columns) - 1:
                _charge_labels(axes, grid.rows, edges, charges, settings.get("charge_area_cm2"), map_cm)
                axes.tick_params(labelleft=index == 0, left=index == 0)  # a twin axis brings the ticks back
                sheet.text(left + panel_cm + 1.15, bottom + map_cm / 2, layer, rotation=270, fontsize=style.TEXT_PT)
    middle = _BAR_CM + page.FOOTER_CM + _BELOW_CM
    height = sheet.height_cm - _TOP_CM - middle
    sheet.text(0.25, middle + height / 2, f"{time.heading} ({time.unit})", rotation=90, fontsize=style.TEXT_PT)
    across = _LEFT_CM + (width_cm - _LEFT_CM - _RIGHT_CM) / 2
    sheet.text(across, middle - 0.62, "Binding energy (eV)", fontsize=style.TEXT_PT)
    if any(charges.values()):
        unit = "µAh" if settings.get("charge_area_cm2") is None else "µAh/cm²"
        sheet.text(width_cm - 0.75, sheet.height_cm - 0.42, f"Charge\n({unit})")
    _colour_bars(sheet, layers)
    return sheet


def _edges(grid: Grid, settings: Mapping[str, Any]) -> tuple[Floats, lettering.AxisText]:
    """Return the edges between the rows in readable units of time, or equally far apart where that was asked for.

    Rows without a time stand at equal distances in any case.
    """
    known = [row.axis_s for row in grid.rows]
    times = np.array([index if at is None else at for index, at in enumerate(known)], dtype=np.float64)
    text = lettering.axis_text(settings["axis"], float(times.max()), lower_bound=grid.lower_bound)
    timed = None not in known and not _even(settings)
    times = times * text.per_second if timed else np.arange(len(known), dtype=np.float64)
    if len(times) == 1:
        return np.array([times[0] - 0.5, times[0] + 0.5]), text
    middles = (times[1:] + times[:-1]) / 2
    return np.concatenate([[2 * times[0] - middles[0]], middles, [2 * times[-1] - middles[-1]]]), text


def _range_cps(grid: Grid, column: Column) -> tuple[float, float]:
    """Return the intensities between which colours run: from 0 where backgrounds are taken off."""
    ranges = [panel.range_cps for panel in grid.column_panels(column)]
    low = 0.0 if grid.subtracted else min(lowest for lowest, _ in ranges)
    return low, max(highest for _, highest in ranges)


def _row_ticks(
    rows: Sequence[Row], edges: Floats, time: lettering.AxisText, map_cm: float
) -> tuple[list[float], list[str]]:
    """Return places and times of those rows that are far enough apart to be read."""
    shown = _readable(rows, edges, map_cm)
    words = ["–" if row.axis_s is None else f"{row.axis_s * time.per_second:.4g}" for _, row in shown]
    return [place for place, _ in shown], words


def _readable(rows: Sequence[Row], edges: Floats, map_cm: float) -> list[tuple[float, Row]]:
    """Return the rows, with their middles, whose labels do not touch."""
    least = abs(edges[-1] - edges[0]) * _LABEL_CM / map_cm
    shown: list[tuple[float, Row]] = []
    for index, row in enumerate(rows):
        middle = float(edges[index : index + 2].mean())
        if not shown or abs(middle - shown[-1][0]) >= least:
            shown.append((middle, row))
    return shown


def _draw_map(
    axes: Axes, grid: Grid, column: Column, layer: str, edges: Floats, range_cps: tuple[float, float]
) -> None:
    axes.set_facecolor("#D0D0D0")
    for index, row in enumerate(grid.rows):
        panel = grid.panel(row, column)
        if panel is None:
            continue
        values = _values(panel, layer)
        span = edges[index : index + 2]
        if values is None:
            energy = panel.binding_energy_ev
            axes.fill_between([energy.min(), energy.max()], *span, facecolor="white", edgecolor=style.FAILURE_RED)
            continue
        scale = Normalize(-_LIMIT_SIGMA, _LIMIT_SIGMA) if layer == "residual" else PowerNorm(_ROOT, *range_cps)
        colours = colormaps[_RESIDUAL if layer == "residual" else _INTENSITY]
        axes.pcolormesh(_channel_edges(panel.binding_energy_ev), span, values[np.newaxis, :], cmap=colours, norm=scale,
                        rasterized=True)  # fmt: skip


def _values(panel: Panel, layer: str) -> Floats | None:
    return {"data": panel.data_cps, "model": panel.envelope_cps, "residual": panel.residual_sigma}[layer]


def _channel_edges(energy: Floats) -> Floats:
    if len(energy) == 1:
        return np.array([energy[0] - 0.05, energy[0] + 0.05])
    middles = (energy[1:] + energy[:-1]) / 2
    return np.concatenate([[2 * energy[0] - middles[0]], middles, [2 * energy[-1] - middles[-1]]])


def _finish(axes: Axes, grid: Grid, column: Column, edges: Floats, first: bool, last: bool, width_cm: float) -> None:
    # Shifts differ from row to row: what all of them measured is shown.
    energies = [panel.binding_energy_ev for panel in grid.column_panels(column)]
    axes.set_xlim(min(energy.max() for energy in energies), max(energy.min() for energy in energies))
    axes.set_ylim(edges[-1], edges[0])
    axes.xaxis.set_major_locator(MaxNLocator(nbins=max(2, round(width_cm / 0.9)), integer=True, prune="both"))
    axes.yaxis.set_major_locator(MaxNLocator(nbins=6))
    axes.tick_params(labelbottom=last, labelleft=first, left=first, direction="out")


def _charge_labels(
    axes: Axes, rows: Sequence[Row], edges: Floats, charges: Mapping[int, float], area_cm2: float | None, map_cm: float
) -> None:
    """Write the charge at the right of those rows that are far enough apart to be read."""
    if not any(charges.values()):
        return
    right = axes.twinx()
    right.set_label("charge")
    right.set_ylim(axes.get_ylim())
    shown = [(middle, row) for middle, row in _readable(rows, edges, map_cm) if row.acquisition in charges]
    words = [f"{charges[row.acquisition] / (area_cm2 or 1.0):.3g}" for _, row in shown]
    right.set_yticks([middle for middle, _ in shown], words, fontsize=style.SMALL_PT)
    right.tick_params(direction="out")


def _colour_bars(sheet: Sheet, layers: Sequence[str]) -> None:
    bars = [("Intensity in the range of the column", _INTENSITY, (0.0, 1.0))] if set(layers) - {"residual"} else []
    bars += [("Residual (σ)", _RESIDUAL, (-_LIMIT_SIGMA, _LIMIT_SIGMA))] if "residual" in layers else []
    length = min(4.0, (sheet.width_cm - 2.0) / len(bars) - 0.6)
    for index, (words, colours, (low, high)) in enumerate(bars):
        middle = sheet.width_cm * (index + 0.5) / len(bars)
        axes = sheet.axes(middle - length / 2, page.FOOTER_CM + 0.42, length, 0.2)
        axes.set_label(f"bar|{words}")
        shades = ScalarMappable(PowerNorm(_ROOT, low, high) if low == 0.0 else Normalize(low, high), colours)
        axes.imshow(shades.to_rgba(np.linspace(low, high, 128))[np.newaxis], aspect="auto", extent=(low, high, 0, 1))
        axes.set_yticks([])
        sheet.text(middle, page.FOOTER_CM + 0.8, words)
