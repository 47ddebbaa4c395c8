"""Figures from tables alone: pages as vector PDF, the plotted numbers as CSV, the caption as Markdown.

A figure's settings name its ``kind``; each kind has a drawing module of its own, imported only when it draws:

    spectra_grid   fitted spectra, one row per acquisition and one column per measured window
    time_series    fitted areas or shares with error bars along the series' axis, one panel per core level

``figure_settings`` checks the settings and names the tables of each kind without importing a drawing library.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from xps import provenance
from xps.errors import ConfigError
from xps.figure_settings import TABLES, faults, tables_needed
from xps.provenance import Record

__all__ = ["Rendered", "faults", "render", "tables_needed"]


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished figure: the PDF, the plotted numbers (CSV, UTF-8) and the caption (Markdown, UTF-8)."""

    pdf: bytes
    csv: bytes
    caption: bytes


def render(name: str, settings: Mapping[str, Any], tables: Mapping[str, pa.Table], record: Record) -> Rendered:
    """Draw the figure ``name``.

    ``settings`` have passed figure.schema.yaml, ``tables`` holds those of ``tables_needed(settings["kind"])`` by name,
    ``record`` says what the figure is made from; inside the PDF it is completed with the hash of the plotted numbers.
    ConfigError for an unknown kind, a missing table, or settings that name what the tables do not hold.
    """
    kind = settings["kind"]
    if kind not in TABLES:
        raise ConfigError(f"figure {name}: kind {kind!r} is not known; kinds are {', '.join(TABLES)}")
    missing = [table for table in TABLES[kind] if table not in tables]
    if missing:
        raise ConfigError(f"figure {name}: kind {kind} is drawn from tables that were not given: {', '.join(missing)}")
    pages, numbers = _draw(kind)(settings, tables, record.data_origin)
    csv = numbers.to_csv(index=False, lineterminator="\n").encode()
    from xps.figures import caption, document

    text = caption.write(name, settings, tables, record)
    own = record.of(f"{name}.pdf", provenance.bytes_sha256(csv))
    pdf = document.assemble(pages, name, caption.first_sentence(text), own, f"{name}.csv", csv)
    return Rendered(pdf, csv, text.encode())


def _draw(kind: str) -> Any:
    """Return the drawing function of ``kind``; only its module is imported, with the libraries it draws with."""
    if kind == "spectra_grid":
        from xps.figures import spectra_grid

        return spectra_grid.draw
    from xps.figures import time_series

    return time_series.draw
