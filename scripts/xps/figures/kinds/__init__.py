"""One module per kind of figure: ``draw`` makes its pages and numbers, ``describe`` the first words of its caption."""

from collections.abc import Mapping
from typing import Any, Protocol

import pyarrow as pa

from xps.errors import ConfigError


class Kind(Protocol):
    """What a module of this package offers."""

    def draw(self, settings: Mapping[str, Any], tables: Mapping[str, pa.Table], data_origin: str) -> Any:
        """Return the pages (matplotlib figures) and the plotted numbers (a pandas frame)."""

    def describe(self, settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
        """Return the first paragraph of the caption: what is shown."""


def module_of(kind: str) -> Kind:
    """Return the module of ``kind``; only it is imported, with the libraries it draws with."""
    match kind:
        case "spectra_grid":
            from xps.figures.kinds import spectra_grid

            return spectra_grid
        case "time_series":
            from xps.figures.kinds import time_series

            return time_series
        case _:
            raise ConfigError(f"kind {kind!r} has no drawing module")
