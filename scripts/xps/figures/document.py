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
_PALETTE = 256

Pixels = np.ndarray[tuple[int, ...], np.dtype[np.uint8]]


def assemble(pages: Sequence[Figure], title: str, subject: str, record: Record, csv_name: str, csv: bytes) -> bytes:
    """Return the PDF of ``pages`` with ``record`` and the plotted numbers inside."""
    bare = io.BytesIO()
    with page.project_style(), PdfPages(bare, metadata={"CreationDate": None, "ModDate": None}) as document:
        for figure in pages:
            document.savefig(figure)
        thumbnail = _pixels(pages[0])
    with pikepdf.open(bare) as pdf:
        # The format's own place for it: no page shows it, and it is no picture in the figure.
        indices, palette = _indexed(thumbnail)
        colours = pdf.make_stream(palette.tobytes())  # a stream, so that the hash of the drawing covers it
        pdf.pages[0]["/Thumb"] = pdf.make_stream(
            indices.tobytes(),
            Width=indices.shape[1],
            Height=indices.shape[0],
            ColorSpace=[pikepdf.Name.Indexed, pikepdf.Name.DeviceRGB, len(palette) - 1, colours],
            BitsPerComponent=8,
        )
        with_thumbnail = io.BytesIO()
        pdf.save(with_thumbnail, deterministic_id=True)
    return figure_records.embed(with_thumbnail.getvalue(), title, subject, record, csv_name, csv)


def _indexed(pixels: Pixels) -> tuple[Pixels, Pixels]:
    """Return ``pixels`` as places (height, width) in a palette (at most 256, 3) of their commonest colours.

    A third of the bytes before packing, and less than that after it: thirty figures stand on the audit page.
    """
    coarse = pixels & 0xF8 | pixels >> 5
    codes = coarse.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    found, places, counts = np.unique(codes, return_inverse=True, return_counts=True)
    colours = np.stack([found >> 16, found >> 8 & 0xFF, found & 0xFF], axis=1).astype(np.int32)
    palette = colours[np.argsort(-counts, kind="stable")[:_PALETTE]]
    apart = ((colours[:, None, :] - palette[None, :, :]) ** 2).sum(axis=2)
    nearest = apart.argmin(axis=1).astype(np.uint8)
    return nearest[places].reshape(codes.shape), palette.astype(np.uint8)


def _pixels(figure: Figure) -> Pixels:
    """Return the drawn page in few dots: red, green, blue, shape (height, width, 3)."""
    figure.set_dpi(_THUMBNAIL_DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    drawn = canvas.buffer_rgba()  # type: ignore[no-untyped-call]
    return np.ascontiguousarray(np.asarray(drawn)[:, :, :3])
