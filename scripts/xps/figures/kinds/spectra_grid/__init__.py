"""Fitted spectra of a series: rows = acquisitions, columns = measured windows, residuals under each panel."""

from xps.figures.kinds.spectra_grid.drawing import draw
from xps.figures.kinds.spectra_grid.words import describe

__all__ = ["describe", "draw"]
