"""Tables of a simulated series as the first stages write them, for tests of windows, calibration and the fit stage."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa

from xps import tables

EXPERIMENT = "simulated"


@dataclass
class Recorded:
    """One region of one acquisition on the recorded axis."""

    acquisition: int
    region: str
    core_levels: list[str]
    energy: np.ndarray
    counts: np.ndarray
    time_s: float | None = 10.0
    excluded: bool = False
    warnings: list[str] = field(default_factory=list)


def acquired(experiment: str, number: int, region: str, levels: list[str], excluded: bool = False) -> dict[str, Any]:
    """Return a row of ``acquisitions`` that says the least that one may."""
    return {
        "experiment": experiment,
        "acquisition": number,
        "region": region,
        "core_levels": levels,
        "source_file": f"raw:{experiment}/a.pro",
        "source_sha256": "0" * 64,
        "source_cycle": number,
        "start_time_s": 0.0,
        "end_time_s": 1.0,
        "time_origin": "computed",
        "channels": 1,
        "data_origin": "simulated",
        "excluded": excluded,
        "warnings": [],
    }


def acquisitions(series: Sequence[Recorded]) -> pa.Table:
    return tables.from_rows(
        "acquisitions",
        [
            {
                "experiment": EXPERIMENT,
                "acquisition": one.acquisition,
                "region": one.region,
                "core_levels": one.core_levels,
                "source_file": f"raw:{EXPERIMENT}/{one.acquisition}.spe",
                "source_sha256": "0" * 64,
                "source_cycle": 0,
                "start_time_s": 100.0 * one.acquisition,
                "end_time_s": 100.0 * one.acquisition + 50.0,
                "time_origin": "log",
                "time_per_channel_s": one.time_s,
                "channels": one.energy.size,
                "data_origin": "simulated",
                "excluded": one.excluded,
                "exclusion_reason": "test" if one.excluded else None,
                "warnings": one.warnings,
            }
            for one in series
        ],
    )


def spectra(series: Sequence[Recorded]) -> pa.Table:
    parts = []
    for one in series:
        size = one.energy.size
        parts.append(
            tables.from_columns(
                "spectra",
                {
                    "experiment": [EXPERIMENT] * size,
                    "acquisition": [one.acquisition] * size,
                    "region": [one.region] * size,
                    "channel": np.arange(size),
                    "recorded_binding_energy_ev": one.energy,
                    "intensity_cps": one.counts / (one.time_s or 1.0),
                    "counts": one.counts,
                },
            )
        )
    return tables.concatenate("spectra", parts)


def calibration(series: Sequence[Recorded], shift_ev: float = 0.0, drift_stderr_ev: float = 0.0) -> pa.Table:
    return tables.from_rows(
        "calibration",
        [
            {
                "experiment": EXPERIMENT,
                "acquisition": one.acquisition,
                "region": one.region,
                "reference": "none",
                "shift_ev": shift_ev,
                "shift_stderr_ev": 0.01,
                "drift_stderr_ev": drift_stderr_ev,
                "method": "fixed",
            }
            for one in series
        ],
    )
