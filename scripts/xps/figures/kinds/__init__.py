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


def module_of(kind: str) -> Kind:  # noqa: C901 - a plain list, one line per kind, as imports may not go by text
    """Return the module of ``kind``; only it is imported, with the libraries it draws with."""
    match kind:
        case "spectra_grid":
            from xps.figures.kinds import spectra_grid

            return spectra_grid
        case "heat_map":
            from xps.figures.kinds import heat_map

            return heat_map
        case "survey":
            from xps.figures.kinds import survey

            return survey
        case "time_series":
            from xps.figures.kinds import time_series

            return time_series
        case "composition":
            from xps.figures.kinds import composition

            return composition
        case "growth":
            from xps.figures.kinds import growth

            return growth
        case "onset":
            from xps.figures.kinds import onset

            return onset
        case "charge_balance":
            from xps.figures.kinds import charge_balance

            return charge_balance
        case "alternatives":
            from xps.figures.kinds import alternatives

            return alternatives
        case "identifiability":
            from xps.figures.kinds import identifiability

            return identifiability
        case "rate_intervals":
            from xps.figures.kinds import rate_intervals

            return rate_intervals
        case "energy_scale":
            from xps.figures.kinds import energy_scale

            return energy_scale
        case "percolation":
            from xps.figures.kinds import percolation

            return percolation
        case "claims_page":
            from xps.figures.kinds import claims_page

            return claims_page
        case "fit_quality":
            from xps.figures.kinds import fit_quality

            return fit_quality
        case _:
            raise ConfigError(f"kind {kind!r} has no drawing module")
