"""One look for all figures: sizes, fonts, line widths and the few colours that are no species."""

from collections.abc import Mapping
from typing import Any

CM = 1 / 2.54
WIDTH_CM = {"single": 8.3, "double": 17.1}
PAGE_HEIGHT_CM = 23.4
SMALL_PT = 6.0
TEXT_PT = 7.0
TITLE_PT = 8.0

DATA_GREY = "#8C8C8C"
FAILURE_RED = "#C1121F"
BAND_GREY = "#E9E9E9"

# Type 42 = TrueType, whole glyph outlines that an editor's software can search and edit; DejaVu Sans comes with
# matplotlib, so no font of the machine decides what the page looks like. ISO dates and hash salts do not occur in PDF.
RC: Mapping[str, Any] = {
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": TEXT_PT,
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": TITLE_PT,
    "axes.labelsize": TEXT_PT,
    "axes.linewidth": 0.5,
    "axes.unicode_minus": True,
    "xtick.labelsize": SMALL_PT,
    "ytick.labelsize": SMALL_PT,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.major.size": 2.2,
    "ytick.major.size": 2.2,
    "xtick.minor.size": 1.2,
    "ytick.minor.size": 1.2,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.pad": 2.0,
    "ytick.major.pad": 2.0,
    "hatch.linewidth": 0.4,
    "lines.linewidth": 0.7,
    "path.simplify": False,
    "figure.dpi": 100,
    "savefig.dpi": 300,
}
