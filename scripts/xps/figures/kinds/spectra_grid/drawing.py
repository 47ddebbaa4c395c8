"""The pages of a grid of fitted spectra: rows = acquisitions, columns = measured windows, residuals below each."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from xps.figures import lettering, page, style
from xps.figures.kinds.spectra_grid import key, panel
from xps.figures.kinds.spectra_grid.scale import Stretch, scale_text, stretches
from xps.figures.page import KeyEntry, Sheet
from xps.figures.palette import SpeciesStyle, species_styles
from xps.figures.parts import channels
from xps.figures.reading.grid import Column, Grid, PanelKey, Row, select_grid

# With times before the rows, and without.
_LEFT_CM = {True: 2.0, False: 0.9}
_LABEL_CM = 1.05
_RIGHT_CM = {"none": 0.25, "other": 1.5}
_TOP_CM = 1.3
_ENERGY_LABEL_CM = 0.78
_COLUMN_GAP_CM = 0.22
_ROW_GAP_CM = 0.16
_STRIP_CM = 0.42
_STRIP_GAP_CM = 0.05
_TALLEST_ROW_CM = 3.0
_WIDEST_PANEL_CM = 6.0
_TICK_CM = 0.9
_HEADING_LINES: tuple[tuple[float, dict[str, Any]], ...] = (
    (0.82, {"fontsize": style.TITLE_PT, "fontweight": "bold"}),
    (0.46, {}),
)

LAST_HEADINGS: Mapping[str, str] = {
    "shift_ev": "Energy\nshift",
    "charge_uah": "Charge\n(µAh)",
    "charge_uah_cm2": "Charge\n(µAh/cm²)",
}
_LAST_UNITS = {"shift_ev": "{:+.2f} eV", "charge_uah": "{:.2f}", "charge_uah_cm2": "{:.2f}"}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What all pages share: the numbers, how they are scaled, and the sizes in cm."""

    grid: Grid
    stretches: Mapping[PanelKey, Stretch]
    by_panel: bool
    last: str
    time: lettering.AxisText
    key: Sequence[Sequence[KeyEntry]]
    styles: Mapping[str, SpeciesStyle]
    rows_on_page: int
    width_cm: float

    @property
    def below_cm(self) -> float:
        return page.key_height_cm(self.key) + _ENERGY_LABEL_CM

    @property
    def timed(self) -> bool:
        """Whether the rows' times say something: a single spectrum at time zero stands for no course."""
        return len(self.grid.rows) > 1 or bool(self.grid.rows[0].axis_s)

    @property
    def left_margin_cm(self) -> float:
        return _LEFT_CM[self.timed]

    @property
    def row_cm(self) -> float:
        return min(_TALLEST_ROW_CM, (style.PAGE_HEIGHT_CM - _TOP_CM - self.below_cm) / self.rows_on_page)

    @property
    def panel_cm(self) -> float:
        room = (
            self.width_cm - self.left_margin_cm - _RIGHT_CM["none" if self.last == "none" else "other"] + _COLUMN_GAP_CM
        )
        return min(room / len(self.grid.columns) - _COLUMN_GAP_CM, _WIDEST_PANEL_CM)

    def left_cm(self, column: int) -> float:
        return self.left_margin_cm + column * (self.panel_cm + _COLUMN_GAP_CM)


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
    factors = {key: stretch.factor for key, stretch in plan.stretches.items()}
    return [sheet.figure for sheet in sheets], channels.of_grid(grid, settings, factors)


def _plan(grid: Grid, settings: Mapping[str, Any]) -> _Plan:
    pages = math.ceil(len(grid.rows) / settings.get("rows_per_page", 8))
    by_panel = settings.get("scale", "panel") == "panel"
    width_cm = style.WIDTH_CM[settings.get("width", "double")]
    shown = grid.as_drawn()
    styles = species_styles(shown.species)
    stretched = stretches(shown, by_panel)
    return _Plan(
        grid=shown,
        stretches=stretched,
        by_panel=by_panel,
        last=settings.get("last_column", "none"),
        time=lettering.axis_text(
            settings["axis"], max(row.axis_s or 0.0 for row in grid.rows), lower_bound=grid.lower_bound
        ),
        key=page.key_lines(key.entries(shown, styles, stretched.values()), width_cm),
        styles=styles,
        rows_on_page=math.ceil(len(grid.rows) / pages),
        width_cm=width_cm,
    )


def _sheet(plan: _Plan, rows: Sequence[Row]) -> Sheet:
    sheet = Sheet(plan.width_cm, _TOP_CM + plan.below_cm + plan.row_cm * len(rows))
    top = sheet.height_cm - _TOP_CM
    for index, column in enumerate(plan.grid.columns):
        look = _column_look(plan, column)
        _draw_heading(sheet, look, plan.left_cm(index) + plan.panel_cm / 2, top)
        _draw_column(sheet, plan, column, look, rows, plan.left_cm(index))
    _draw_row_labels(sheet, plan, rows, top)
    right = plan.left_cm(len(plan.grid.columns) - 1) + plan.panel_cm
    sheet.text((plan.left_margin_cm + right) / 2, plan.below_cm - 0.58, "Binding energy (eV)", fontsize=style.TEXT_PT)
    label = "Intensity above background" if plan.grid.subtracted else "Intensity"
    if len(plan.grid.rows) > 1:
        label += " (each panel on its own scale)" if plan.by_panel else " (one scale per column)"
    if page.text_cm(label, style.TEXT_PT) > top - plan.below_cm:
        label = label.split(" (")[0].replace(" above", "\nabove")
    sheet.text(0.3, (top + plan.below_cm) / 2, label, fontsize=style.TEXT_PT, rotation=90)
    sheet.key(plan.key)
    return sheet


def _draw_row_labels(sheet: Sheet, plan: _Plan, rows: Sequence[Row], top: float) -> None:
    """Write the axis value before each row and, where asked for, a quantity behind it."""
    behind = plan.left_cm(len(plan.grid.columns) - 1) + plan.panel_cm + 0.75
    if plan.timed:
        sheet.text(_LABEL_CM, top + 0.5, plan.time.heading.replace(" ", "\n"), fontsize=style.TEXT_PT)
    if plan.last != "none":
        sheet.text(behind, top + 0.5, LAST_HEADINGS[plan.last], fontsize=style.TEXT_PT)
    for index, row in enumerate(rows):
        middle = top - index * plan.row_cm - (plan.row_cm - _STRIP_CM) / 2
        if plan.timed:
            sheet.text(_LABEL_CM, middle, _time_text(row, plan), fontsize=style.TEXT_PT, fontweight="bold")
        if plan.last != "none":
            sheet.text(behind, middle, _last_text(row, plan.last))


def _time_text(row: Row, plan: _Plan) -> str:
    """Write the axis value of a row, in three digits: a fourth would reach into the label of the axis beside it."""
    if row.axis_s is None:
        return "–"
    value = row.axis_s * plan.time.per_second
    return f"{value:.{3 if value < 1000 else 4}g} {plan.time.unit}"


def _last_text(row: Row, quantity: str) -> str:
    """Write the quantity behind a row; a shift that was not fitted has a sign of its own."""
    if row.last is None:
        return "–"
    about = "≈" if row.interpolated else ""
    return about + _LAST_UNITS[quantity].format(row.last).replace("-", "−")


class _ColumnLook(NamedTuple):
    """What all panels of a column share, whichever page they are on."""

    range_ev: tuple[float, float]
    limit_sigma: float
    heading: tuple[str, str, str]


def _column_look(plan: _Plan, column: Column) -> _ColumnLook:
    panels = plan.grid.column_panels(column)
    energies = np.concatenate([one.binding_energy_ev for one in panels])
    ranges = np.array([plan.stretches[one.key][:2] for one in panels])
    limit_sigma = panel.residual_limit(panels)
    return _ColumnLook(
        range_ev=(float(energies.max()), float(energies.min())),
        limit_sigma=limit_sigma,
        heading=(_title(plan.grid, column), scale_text(ranges, plan.by_panel), f"residual ±{limit_sigma:.0f} σ"),
    )


def _draw_heading(sheet: Sheet, look: _ColumnLook, middle: float, top: float) -> None:
    bad = {"color": style.FAILURE_RED} if look.limit_sigma > panel.RESIDUAL_LIMITS[0] else {}
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
        spectrum = plan.grid.panel(row, column)
        guides = column.first_positions_ev if plan.grid.guided and spectrum else ()
        panel.prepare(main, strip, look.range_ev, look.limit_sigma, row is rows[-1], guides)
        main.xaxis.set_major_locator(MaxNLocator(nbins=ticks, integer=True, min_n_ticks=2, prune="both"))
        main.set_label(f"{column.model}|{column.region}|{row.acquisition}")
        strip.set_label(f"{column.model}|{column.region}|{row.acquisition}|residual")
        if spectrum is None:
            panel.empty(main, strip)
        else:
            stretch = plan.stretches[spectrum.key]
            words = stretch.text(plan.by_panel and len(plan.grid.rows) > 1)
            panel.draw(main, strip, spectrum, (stretch.low_cps, stretch.high_cps), words, width, plan.styles)


def _title(grid: Grid, column: Column) -> str:
    """Name the core levels of a column, and its model where another column has the same levels."""
    same = [other for other in grid.columns if other.core_levels == column.core_levels]
    title = ", ".join(column.core_levels) or column.region
    return title if len(same) == 1 else f"{title} ({column.model})"
