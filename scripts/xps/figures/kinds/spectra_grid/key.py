"""The key below a grid of spectra: only what the grid shows."""

from collections.abc import Iterable, Mapping

from xps.figures import page, style
from xps.figures.kinds.spectra_grid import panel as drawn
from xps.figures.kinds.spectra_grid.scale import Stretch
from xps.figures.lettering import chemical_label
from xps.figures.page import KeyEntry
from xps.figures.palette import SpeciesStyle
from xps.figures.reading.grid import Grid


def entries(grid: Grid, styles: Mapping[str, SpeciesStyle], stretches: Iterable[Stretch]) -> list[KeyEntry]:
    """Return the entries in the order data, fit, species, marks."""
    found = [
        KeyEntry("data", page.points_swatch(**drawn.POINTS)),
        KeyEntry("envelope", page.line_swatch(**drawn.ENVELOPE)),
    ]
    if not grid.subtracted:
        found.append(KeyEntry("background", page.line_swatch(**drawn.BACKGROUND)))
    for species in grid.visible_species:
        colour = styles[species].colour
        box = page.box_swatch(facecolor=colour, alpha=drawn.FILL_ALPHA, edgecolor=colour, linewidth=0.5)
        found.append(KeyEntry(chemical_label(species), box))
    return found + _marks(grid, stretches)


def _marks(grid: Grid, stretches: Iterable[Stretch]) -> list[KeyEntry]:
    panels = [panel for column in grid.columns for panel in grid.column_panels(column)]
    marks = []
    if any(curve.uncertain and curve.detected for panel in panels for curve in panel.components):
        box = page.box_swatch(facecolor="none", edgecolor=drawn.HATCH_GREY, hatch=drawn.UNCERTAIN_HATCH, linewidth=0.4)
        marks.append(KeyEntry("conditional or not identified", box))
    if grid.guided:
        marks.append(KeyEntry("position in the first row", page.line_swatch(**drawn.GUIDE)))
    if any(stretch.held for stretch in stretches):
        marks.append(KeyEntry("no further: noise", page.points_swatch(single=True, marker="$*$", color="black")))
    if any(panel.rejected_chi_square is not None for panel in panels):
        stroke = page.points_swatch(single=True, marker="$χ$", markersize=4.5, color=style.FAILURE_RED)
        marks.append(KeyEntry("reduced χ² of a fit that the counts reject", stroke))
    if any(panel.failure for panel in panels):
        frame = page.box_swatch(facecolor="none", edgecolor=style.FAILURE_RED, linewidth=1.0)
        marks.append(KeyEntry("fit failed", frame))
    return marks
