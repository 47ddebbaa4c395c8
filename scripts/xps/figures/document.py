"""Pages to one PDF that carries its own record and a small picture of its first page.

Same pages, same numbers and same record give the same bytes: no dates, no random identifiers.
"""

import io
import logging
from collections.abc import Sequence

import numpy as np
import pikepdf
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from xps import figure_records
from xps.figures import page
from xps.provenance import Record

# What a font subsetter does to each glyph would bury what a job's log has to say.
for _name in ("fontTools", "pikepdf"):
    logging.getLogger(_name).setLevel(logging.WARNING)
# Dots per inch of the picture that stands for the figure in file managers and on the audit page.
_THUMBNAIL_DPI = 80


def assemble(pages: Sequence[Figure], title: str, subject: str, record: Record, csv_name: str, csv: bytes) -> bytes:
    """Return the PDF of ``pages`` with ``record`` and the plotted numbers inside."""
    bare = io.BytesIO()
    with page.project_style(), PdfPages(bare, metadata={"CreationDate": None, "ModDate": None}) as document:
        for figure in pages:
            document.savefig(figure)
        thumbnail = _pixels(pages[0])
    with pikepdf.open(bare) as pdf:
        # The format's own place for it: no page shows it, and it is no picture in the figure.
        pdf.pages[0]["/Thumb"] = pdf.make_stream(
            thumbnail.tobytes(),
            Width=thumbnail.shape[1],
            Height=thumbnail.shape[0],
            ColorSpace=pikepdf.Name.DeviceRGB,
            BitsPerComponent=8,
        )
        with_thumbnail = io.BytesIO()
        pdf.save(with_thumbnail, deterministic_id=True)
    return figure_records.embed(with_thumbnail.getvalue(), title, subject, record, csv_name, csv)


def _pixels(figure: Figure) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the drawn page in few dots: red, green, blue, shape (height, width, 3)."""
    figure.set_dpi(_THUMBNAIL_DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    drawn = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(np.asarray(drawn)[:, :, :3])
