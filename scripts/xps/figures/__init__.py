"""Figures from tables alone: pages as vector PDF, the plotted numbers as CSV, the caption as Markdown.

A figure's settings name its ``kind``; each kind has a module of its own in ``kinds``, imported only when it draws.
``figure_settings`` checks the settings and names the tables of each kind without importing a drawing library.

    style, palette, lettering     one look: sizes, a colour per species, how things are written
    page, parts                   a sheet in centimetres; layouts, points with bands, marks that several kinds share
    reading                       tables cut down to the figure, components drawn again from their parameters
    kinds                         one module per kind: what it draws and what it says of itself
    words                         captions and the methods section
    document                      pages to one PDF that carries its own record
"""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from xps import provenance
from xps.errors import ConfigError, known_or_near
from xps.figure_settings import NEEDS, faults, tables_needed
from xps.figures import kinds
from xps.provenance import Record

__all__ = ["Rendered", "faults", "render", "tables_needed"]

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished figure: the PDF, the plotted numbers (CSV, UTF-8) and the caption (Markdown, UTF-8)."""

    pdf: bytes
    csv: bytes
    caption: bytes


def render(name: str, settings: Mapping[str, Any], tables: Mapping[str, pa.Table], record: Record) -> Rendered:
    """Draw the figure ``name``.

    ``settings`` have passed figure.schema.yaml, ``tables`` holds those of ``tables_needed(settings["kind"])`` by name
    (of all the figure's experiments, one below the other), ``record`` says what the figure is made from; inside the PDF
    it is completed with the hash of the plotted numbers. The log says how long it took.
    ConfigError for an unknown kind, a missing table, or settings that name what the tables do not hold.
    """
    kind = settings["kind"]
    if kind not in NEEDS:
        raise ConfigError(f"figure {name}: kind {kind!r} is not known{known_or_near(kind, NEEDS)}")
    missing = [table for table in tables_needed(kind) if table not in tables]
    if missing:
        raise ConfigError(f"figure {name}: kind {kind} is drawn from tables that were not given: {', '.join(missing)}")
    started = time.perf_counter()
    drawing = kinds.module_of(kind)
    from xps.figures import document
    from xps.figures.words import caption

    imported = time.perf_counter()
    pages, numbers = drawing.draw(settings, tables, record.data_origin)
    csv = numbers.to_csv(index=False, lineterminator="\n").encode()
    text = caption.write(name, drawing.describe(settings, tables), settings, tables, record)
    own = record.of(f"{name}.pdf", provenance.bytes_sha256(csv))
    pdf = document.assemble(pages, name, caption.first_sentence(text), own, f"{name}.csv", csv)
    ended = time.perf_counter()
    _LOG.info("%s: %d pages, %.1f kB; libraries loaded in %.2f s, drawn in %.2f s", name, len(pages), len(pdf) / 1000,
              imported - started, ended - imported)  # fmt: skip
    return Rendered(pdf, csv, text.encode())
