"""Fitted spectra of a series: rows = acquisitions, columns = measured windows, residuals under each panel."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from xps.figures import page, spectrum_panel, style
from xps.figures.page import KeyEntry, Sheet
from xps.figures.selection import Column, Grid, Panel, PanelKey, Row, select_grid

_LEFT_CM = 2.0
_LABEL_CM = 1.05
_RIGHT_CM = {"none": 0.25, "other": 1.35}
_TOP_CM = 1.3
_ENERGY_LABEL_CM = 0.85
_COLUMN_GAP_CM = 0.22
_ROW_GAP_CM = 0.16
_STRIP_CM = 0.42
_STRIP_GAP_CM = 0.05
_TALLEST_ROW_CM = 3.0
_WIDEST_PANEL_CM = 6.0
_TICK_CM = 0.9
_LONGEST_FACTOR, _LARGEST_FACTOR = 1e4 - 0.5, 1e6
_HEADING_LINES: tuple[tuple[float, dict[str, Any]], ...] = (
    (0.82, {"fontsize": style.TITLE_PT, "fontweight": "bold"}),
    (0.46, {}),
)

LAST_HEADINGS: Mapping[str, str] = {
    "shift_ev": "Energy\nshift",
    "charge_uah": "Charge",
    "charge_uah_cm2": "Charge\nper area",
}
_LAST_UNITS = {"shift_ev": "{:+.2f} eV", "charge_uah": "{:.2f}\nµAh", "charge_uah_cm2": "{:.2f}\nµAh/cm²"}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all pages share: the numbers, how they are scaled, and the sizes in cm."""

    grid: Grid
    factors: Mapping[PanelKey, float]
    by_panel: bool
    last: str
    time: style.AxisText
    key: Sequence[Sequence[KeyEntry]]
    styles: Mapping[str, style.SpeciesStyle]
    rows_on_page: int
    width_cm: float

    @property
    def below_cm(self) -> float:
        return page.key_height_cm(self.key) + _ENERGY_LABEL_CM

    @property
    def row_cm(self) -> float:
        return min(_TALLEST_ROW_CM, (style.PAGE_HEIGHT_CM - _TOP_CM - self.below_cm) / self.rows_on_page)

    @property
    def panel_cm(self) -> float:
        room = self.width_cm - _LEFT_CM - _RIGHT_CM["none" if self.last == "none" else "other"] + _COLUMN_GAP_CM
        return min(room / len(self.grid.columns) - _COLUMN_GAP_CM, _WIDEST_PANEL_CM)

    def left_cm(self, column: int) -> float:
        return _LEFT_CM + column * (self.panel_cm + _COLUMN_GAP_CM)


def draw(
    settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str
) -> tuple[list[Figure], pd.DataFrame]:
    """Return the pages of the figure and the plotted numbers, one row per point of each curve."""
    grid = select_grid(settings, tables)
    with page.project_style():
        plan = _plan(grid, settings)
        parts = [grid.rows[at : at + plan.rows_on_page] for at in range(0, len(grid.rows), plan.rows_on_page)]
        sheets = [_sheet(plan, rows) for rows in parts]
        for number, sheet in enumerate(sheets, start=1):
            sheet.footer(data_origin, number, len(sheets))
    return [sheet.figure for sheet in sheets], _numbers(grid, settings, plan.factors)


def _plan(grid: Grid, settings: Mapping[str, Any]) -> _Plan:
    pages = math.ceil(len(grid.rows) / settings.get("rows_per_page", 8))
    scale = settings.get("scale", "panel")
    width_cm = style.WIDTH_CM[settings.get("width", "double")]
    styles = style.species_styles(grid.species)
    return _Plan(
        grid=grid,
        factors=_factors(grid, scale),
        by_panel=scale == "panel",
        last=settings.get("last_column", "none"),
        time=style.axis_text(
            settings["axis"], max(row.axis_s or 0.0 for row in grid.rows), lower_bound=grid.lower_bound
        ),
        key=page.key_lines(_key(grid, styles), width_cm),
        styles=styles,
        rows_on_page=math.ceil(len(grid.rows) / pages),
        width_cm=width_cm,
    )


def _factors(grid: Grid, scale: str) -> dict[PanelKey, float]:
    """How many times each panel is stretched against the column's panel of largest intensity range."""
    factors = {}
    for column in grid.columns:
        spans = {panel.key: panel.range_cps[1] - panel.range_cps[0] for panel in grid.column_panels(column)}
        widest = max(spans.values())
        for key, span in spans.items():
            factors[key] = widest / span if scale == "panel" and span > 0 else 1.0
    return factors


def _sheet(plan: _Plan, rows: Sequence[Row]) -> Sheet:
    sheet = Sheet(plan.width_cm, _TOP_CM + plan.below_cm + plan.row_cm * len(rows))
    top = sheet.height_cm - _TOP_CM
    for index, column in enumerate(plan.grid.columns):
        look = _column_look(plan, column)
        _draw_heading(sheet, look, plan.left_cm(index) + plan.panel_cm / 2, top)
        _draw_column(sheet, plan, column, look, rows, plan.left_cm(index))
    _draw_row_labels(sheet, plan, rows, top)
    right = plan.left_cm(len(plan.grid.columns) - 1) + plan.panel_cm
    sheet.text((_LEFT_CM + right) / 2, plan.below_cm - 0.62, "Binding energy (eV)", fontsize=style.TEXT_PT)
    scaled = "each panel on its own scale" if plan.by_panel else "one scale per column"
    sheet.text(0.25, (top + plan.below_cm) / 2, f"Intensity ({scaled})", fontsize=style.TEXT_PT, rotation=90)
    sheet.key(plan.key)
    return sheet


def _draw_row_labels(sheet: Sheet, plan: _Plan, rows: Sequence[Row], top: float) -> None:
    """Write the axis value before each row and, where asked for, a quantity behind it."""
    behind = plan.left_cm(len(plan.grid.columns) - 1) + plan.panel_cm + 0.68
    sheet.text(_LABEL_CM, top + 0.5, plan.time.heading.replace(" ", "\n"), fontsize=style.TEXT_PT)
    if plan.last != "none":
        sheet.text(behind, top + 0.5, LAST_HEADINGS[plan.last], fontsize=style.TEXT_PT)
    for index, row in enumerate(rows):
        middle = top - index * plan.row_cm - (plan.row_cm - _STRIP_CM) / 2
        time = "–" if row.axis_s is None else f"{row.axis_s * plan.time.per_second:.4g} {plan.time.unit}"
        sheet.text(_LABEL_CM, middle, time, fontsize=style.TEXT_PT, fontweight="bold")
        if plan.last != "none":
            sheet.text(behind, middle, _last_text(row, plan.last))


def _last_text(row: Row, quantity: str) -> str:
    """Write the quantity behind a row; a shift that was not fitted has a sign of its own."""
    if row.last is None:
        return "–"
    about = "≈" if row.interpolated else ""
    return about + _LAST_UNITS[quantity].format(row.last).replace("-", "−")


class _ColumnLook(NamedTuple):
    """What all panels of a column share, whichever page they are on."""

    range_ev: tuple[float, float]
    range_cps: tuple[float, float]
    limit_sigma: float
    heading: tuple[str, str, str]


def _column_look(plan: _Plan, column: Column) -> _ColumnLook:
    panels = plan.grid.column_panels(column)
    energies = np.concatenate([panel.binding_energy_ev for panel in panels])
    ranges = np.array([panel.range_cps for panel in panels])
    limit_sigma = spectrum_panel.residual_limit(panels)
    return _ColumnLook(
        range_ev=(float(energies.max()), float(energies.min())),
        range_cps=(float(ranges[:, 0].min()), float(ranges[:, 1].max())),
        limit_sigma=limit_sigma,
        heading=(_title(plan.grid, column), _scale_text(ranges, plan.by_panel), f"residual ±{limit_sigma:.0f} σ"),
    )


def _draw_heading(sheet: Sheet, look: _ColumnLook, middle: float, top: float) -> None:
    bad = {"color": style.FAILURE_RED} if look.limit_sigma > spectrum_panel.RESIDUAL_LIMITS[0] else {}
    for line, (height, how) in zip(look.heading, (*_HEADING_LINES, (0.18, bad)), strict=True):
        sheet.text(middle, top + height, line, **how)


def _draw_column(
    sheet: Sheet, plan: _Plan, column: Column, look: _ColumnLook, rows: Sequence[Row], left: float
) -> None:
    width, main_cm = plan.panel_cm, plan.row_cm - _STRIP_CM - _STRIP_GAP_CM - _ROW_GAP_CM
    ticks = max(2, round(width / _TICK_CM))
    for index, row in enumerate(rows):
        bottom = sheet.height_cm - _TOP_CM - index * plan.row_cm - main_cm
        main = sheet.axes(left, bottom, width, main_cm)
        strip = sheet.axes(left, bottom - _STRIP_GAP_CM - _STRIP_CM, width, _STRIP_CM, sharex=main)
        spectrum_panel.prepare(main, strip, look.range_ev, look.limit_sigma, last_row=row is rows[-1])
        main.xaxis.set_major_locator(MaxNLocator(nbins=ticks, integer=True, min_n_ticks=2, prune="both"))
        main.set_label(f"{column.model}|{column.region}|{row.acquisition}")
        strip.set_label(f"{column.model}|{column.region}|{row.acquisition}|residual")
        panel = plan.grid.panel(row, column)
        if panel is None:
            spectrum_panel.empty(main, strip)
        else:
            limits = panel.range_cps if plan.by_panel else look.range_cps
            factor = _factor_text(plan.factors[panel.key]) if plan.by_panel else ""
            spectrum_panel.draw(main, strip, panel, limits, factor, width, plan.styles)


def _title(grid: Grid, column: Column) -> str:
    """Name the core levels of a column, and its model where another column has the same levels."""
    same = [other for other in grid.columns if other.core_levels == column.core_levels]
    title = ", ".join(column.core_levels) or column.region
    return title if len(same) == 1 else f"{title} ({column.model})"


def _scale_text(ranges: NDArray[np.float64], by_panel: bool) -> str:
    """Say what the factor 1 means in counts/s, or which intensities every frame of the column spans."""
    if by_panel:
        return f"×1 = {_kilo(float(np.max(np.ptp(ranges, axis=1))))}"
    return f"{_kilo(float(ranges[:, 0].min()))} to {_kilo(float(ranges[:, 1].max()))}"


def _kilo(intensity_cps: float) -> str:
    return f"{intensity_cps / 1000:.3g} kcps" if intensity_cps >= 1000 else f"{intensity_cps:.3g} cps"


def _factor_text(factor: float) -> str:
    """Write a factor in few letters: one absurd channel must not print a number of thirty digits."""
    if factor > _LARGEST_FACTOR:
        return ">×10⁶"
    if factor >= _LONGEST_FACTOR:
        digits, exponent = f"{factor:.1e}".split("e+")
        return f"×{digits}·10{'⁰¹²³⁴⁵⁶⁷⁸⁹'[int(exponent)]}"
    return f"×{factor:.2g}" if factor < 10 else f"×{factor:.0f}"


def _key(grid: Grid, styles: Mapping[str, style.SpeciesStyle]) -> list[KeyEntry]:
    points, envelope, background = spectrum_panel.POINTS, spectrum_panel.ENVELOPE, spectrum_panel.BACKGROUND
    entries = [
        KeyEntry("data", page.points_swatch(**points)),
        KeyEntry("envelope", page.line_swatch(**envelope)),
        KeyEntry("background", page.line_swatch(**background)),
    ]
    for species in grid.species:
        colour = styles[species].colour
        box = page.box_swatch(facecolor=colour, alpha=spectrum_panel.FILL_ALPHA, edgecolor=colour, linewidth=0.5)
        entries.append(KeyEntry(style.chemical_label(species), box))
    panels = [panel for column in grid.columns for panel in grid.column_panels(column)]
    if any(curve.uncertain and curve.detected for panel in panels for curve in panel.components):
        box = page.box_swatch(
            facecolor="none", edgecolor=spectrum_panel.HATCH_GREY, hatch=spectrum_panel.UNCERTAIN_HATCH, linewidth=0.4
        )
        entries.append(KeyEntry("conditional or not identified", box))
    if any(panel.rejected_chi_square is not None for panel in panels):
        stroke = page.points_swatch(single=True, marker="$χ$", markersize=4.5, color=style.FAILURE_RED)
        entries.append(KeyEntry("reduced χ² of a fit that the counts reject", stroke))
    if any(panel.failure for panel in panels):
        frame = page.box_swatch(facecolor="none", edgecolor=style.FAILURE_RED, linewidth=1.0)
        entries.append(KeyEntry("fit failed", frame))
    return entries


def _numbers(grid: Grid, settings: Mapping[str, Any], factors: Mapping[PanelKey, float]) -> pd.DataFrame:
    """Return every plotted point: intensities in counts/s as in the tables, before the panel's factor."""
    parts = [
        frame
        for column in grid.columns
        for row in grid.rows
        if (panel := grid.panel(row, column)) is not None
        for frame in _panel_numbers(panel, row, settings, factors[panel.key])
    ]
    return pd.concat(parts, ignore_index=True)


def _panel_numbers(panel: Panel, row: Row, settings: Mapping[str, Any], factor: float) -> list[pd.DataFrame]:
    model, region, acquisition = panel.key
    curves: list[tuple[str, str | None, str | None, str, Any]] = [
        ("data", None, None, "counts/s", panel.data_cps),
        ("envelope", None, None, "counts/s", panel.envelope_cps),
        ("background", None, None, "counts/s", panel.background_cps),
        ("residual", None, None, "standard deviations", panel.residual_sigma),
    ]
    curves += [
        ("component", curve.component, curve.species, "counts/s", curve.intensity_cps) for curve in panel.components
    ]
    return [
        pd.DataFrame(
            {
                "experiment": settings["experiment"],
                "model": model,
                "region": region,
                "acquisition": acquisition,
                settings["axis"]: row.axis_s,
                "factor": factor,
                "curve": name,
                "component": component,
                "species": species,
                "binding_energy_ev": panel.binding_energy_ev,
                "value": values,
                "unit": unit,
            }
        )
        for name, component, species, unit, values in curves
        if values is not None
    ]
