"""Small tables for sentences to be held against: one experiment with whatever numbers a test wants known."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from xps import claims, tables
from xps.claims.evidence import Answer, Evidence

MINUTES = (0.0, 5.0, 10.0, 20.0, 40.0)
OF = {"experiment": "e", "model": "m"}


def acquisitions(minutes: Sequence[float | None] = MINUTES, axis: str = "plating_time_s", **more: Any) -> pa.Table:
    """One region per acquisition, an hour apart and ten minutes long."""
    rows = [
        {
            "experiment": "e", "acquisition": number, "region": "R", "core_levels": ["A 1s"], "source_file": "raw:a",
            "source_sha256": "0", "source_cycle": 0, "time_origin": "log", "channels": 3, "data_origin": "measured",
            "warnings": [], "excluded": False, "start_time_s": 3600.0 * number, "end_time_s": 3600.0 * number + 600.0,
            axis: None if time is None else 60.0 * time, "pass_energy_ev": 55.0, **more,
        }
        for number, time in enumerate(minutes)
    ]  # fmt: skip
    return tables.from_rows("acquisitions", rows)


def components(*parts: dict[str, Any], minutes: Sequence[float | None] = MINUTES) -> pa.Table:
    """Components by column: a sequence is taken per acquisition, anything else is the same in all."""
    rows = []
    for part in parts:
        for number in range(len(minutes)):
            own = {key: value[number] if isinstance(value, list) else value for key, value in part.items()}
            rows.append(
                {
                    "experiment": "e", "model": "m", "acquisition": number, "region": "R", "core_level": "A 1s",
                    "species": own["component"], "line": "A 1s", "area_stderr_cps_ev": 1.0, "area_cps_ev": 100.0,
                    "position_ev": 50.0, "position_stderr_ev": 0.02, "area_fraction": 0.5, "area_fraction_stderr": 0.01,
                    **own,
                }
            )  # fmt: skip
    return tables.from_rows("components", rows)


def calibration(shift_stderr_ev: float = 0.0, drift_stderr_ev: float = 0.0, count: int = len(MINUTES)) -> pa.Table:
    """The energy scale's errors, the same in all acquisitions."""
    rows = [
        {
            "experiment": "e", "acquisition": number, "region": "R", "reference": "C 1s", "shift_ev": 0.0,
            "shift_stderr_ev": shift_stderr_ev, "drift_stderr_ev": drift_stderr_ev, "method": "fitted",
        }
        for number in range(count)
    ]  # fmt: skip
    return tables.from_rows("calibration", rows)


def evidence(**own: pa.Table) -> Evidence:
    """The experiment ``e`` with these tables; the axis and an exact energy scale unless given."""
    return Evidence({"e": {"acquisitions": acquisitions(), "calibration": calibration(), **own}, "": {}})


def answer(name: str, held: Evidence, **parameters: Any) -> Answer:
    """What the registered computation ``name`` says."""
    return claims.COMPUTATIONS[name](held, **parameters)
