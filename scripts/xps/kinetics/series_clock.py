"""When things happened in a series: acquisitions, their windows and the doses between them, on one clock in minutes."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xps.kinetics.growth_laws import Plating

Floats = NDArray[np.float64]
_UAH_PER_UA_MIN = 1.0 / 60.0
_COLUMNS = [
    *("experiment", "acquisition", "region", "start_time_s", "end_time_s", "time_origin"),
    *("plating_time_s", "plating_current_ua", "pressure_pa", "excluded"),
]


class Clock(NamedTuple):
    """Windows by (acquisition, region), starts, plating times, currents and pressures by acquisition; None: unknown."""

    experiment: str
    windows_min: Mapping[tuple[int, str], tuple[float, float]]
    starts_min: Mapping[int, float]
    plating_min: Mapping[int, float | None]
    currents_ua: Mapping[int, float | None]
    pressures_pa: Mapping[int, float | None]
    excluded: frozenset[int]
    computed: bool
    """The clock is computed from live times: a lower bound."""

    def windows(self, acquisitions: list[int], region: str) -> Floats:
        """Return the windows (n, 2) in min of ``region`` in these acquisitions."""
        return np.array([self.windows_min[number, region] for number in acquisitions], dtype=np.float64).reshape(-1, 2)


def clock(acquisitions: pa.Table) -> Clock:
    """Return the clock of one series; excluded acquisitions belong to it, for what was plated before them."""
    rows = acquisitions.select(_COLUMNS).to_pylist()
    first = {int(row["acquisition"]): row for row in reversed(rows)}
    starts: dict[int, float] = {}
    for row in rows:
        number = int(row["acquisition"])
        starts[number] = min(starts.get(number, np.inf), row["start_time_s"] / 60.0)
    return Clock(
        str(rows[0]["experiment"]) if rows else "",
        {(int(row["acquisition"]), row["region"]): (row["start_time_s"] / 60, row["end_time_s"] / 60) for row in rows},
        dict(sorted(starts.items())),
        {number: _minutes(first[number]["plating_time_s"]) for number in sorted(first)},
        {number: first[number]["plating_current_ua"] for number in sorted(first)},
        {number: first[number]["pressure_pa"] for number in sorted(first)},
        frozenset(int(row["acquisition"]) for row in rows if row["excluded"]),
        any(row["time_origin"] == "computed" for row in rows),
    )


def _minutes(seconds: Any) -> float | None:
    return None if seconds is None else float(seconds) / 60.0


def doses(when: Clock, area_cm2: float, lithium_nm_per_uah_cm2: float) -> tuple[Plating, ...] | str:
    """Return the doses as if all charge arrived as lithium, or why they cannot be known.

    ASSUME each dose ended when its acquisition began and lasted as long as the log's plating time grew by.
    """
    found: list[Plating] = []
    before = 0.0
    for number, start in when.starts_min.items():
        total = when.plating_min[number]
        if total is None:
            return f"the operator's log lacks the plating time of acquisition {number}"
        if total > before:
            current = when.currents_ua[number]
            if current is None:
                return f"the operator's log lacks the plating current of acquisition {number}"
            supply = current * _UAH_PER_UA_MIN / area_cm2 * lithium_nm_per_uah_cm2
            found.append(Plating(start - (total - before), start, supply))
        before = total
    return tuple(found) if found else "nothing was plated"
