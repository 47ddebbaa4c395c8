"""Spectra as numbers: one row per channel, one column per curve, rounded far below the noise."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xps.figures.reading.grid import Grid, Panel, PanelKey, Row
from xps.figures.reading.times import axis_column

ENERGY_DECIMALS = 4
INTENSITY_DECIMALS = 3
RESIDUAL_DECIMALS = 3
COMPONENT = "component_cps: "


def of_grid(grid: Grid, settings: Mapping[str, Any], factors: Mapping[PanelKey, float] | None = None) -> pd.DataFrame:
    """Return every channel as in the tables (eV, counts/s, σ), before any background is taken off or panel stretched.

    A component's column is empty outside its own window; ``factors`` say how far each panel is stretched, if any is.
    """
    parts = [
        _panel_numbers(panel, row, settings, 1.0 if factors is None else factors[panel.key])
        for column in grid.columns
        for row in grid.rows
        if (panel := grid.panel(row, column)) is not None
    ]
    return pd.concat(parts, ignore_index=True)


def _panel_numbers(panel: Panel, row: Row, settings: Mapping[str, Any], factor: float) -> pd.DataFrame:
    model, region, acquisition = panel.key
    curves = {f"{COMPONENT}{curve.component}": _rounded(curve.intensity_cps) for curve in panel.components}
    return pd.DataFrame(
        {
            "experiment": settings["experiment"],
            "model": model,
            "region": region,
            "acquisition": acquisition,
            axis_column(settings["axis"]): row.axis_s,
            "factor": round(factor, 4),
            "binding_energy_ev": panel.binding_energy_ev.round(ENERGY_DECIMALS),
            "data_cps": _rounded(panel.data_cps),
            "envelope_cps": _rounded(panel.envelope_cps),
            "background_cps": _rounded(panel.background_cps),
            "residual_sigma": _rounded(panel.residual_sigma, RESIDUAL_DECIMALS),
            **curves,
        }
    )


def _rounded(values: NDArray[np.float64] | None, decimals: int = INTENSITY_DECIMALS) -> NDArray[np.float64]:
    """Return rounded values; a single NaN, which fills its column, where there are none."""
    return np.array(np.nan) if values is None else values.round(decimals)
