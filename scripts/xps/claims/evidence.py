"""The tables that sentences are held against, by experiment and time; what is not there says so."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

from xps.errors import near

TABLES = (
    "acquisitions",
    "calibration",
    "components",
    "correlations",
    "curves",
    "alternatives",
    "composition",
    "layers",
    "balance",
    "kinetics",
    "energy_checks",
)
"""Tables of each experiment that computations may look at."""
AXES = ("plating_time_s", "rest_time_s", "sputter_time_s")
_SAME_TIME_S = 1.0
_FACTORS = {("s", "min"): 1 / 60}


class NotTestableError(Exception):
    """Why a sentence cannot be tested on what was measured."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came out: a number with its standard error, or a word; and words on it."""

    value: float | None = None
    stderr: float | None = None
    unit: str = "1"
    word: str = ""
    remark: str = ""

    def told_in(self, unit: str) -> "Answer":
        """Return the same in another unit; NotTestableError where the number is none of its kind."""
        if unit == self.unit or self.value is None:
            return self
        if (self.unit, unit) not in _FACTORS:
            raise NotTestableError(f"a number in {self.unit} cannot be told in {unit}")
        factor = _FACTORS[self.unit, unit]
        stderr = None if self.stderr is None else factor * self.stderr
        return replace(self, value=factor * self.value, stderr=stderr, unit=unit)


@dataclass(slots=True)
class Evidence:
    """Tables by experiment and name, and those of all experiments under the name ``""``; remembers what was used."""

    tables: Mapping[str, Mapping[str, pa.Table]]
    used: set[str] = field(default_factory=set)
    _frames: dict[tuple[str, str], pd.DataFrame] = field(default_factory=dict)

    def afresh(self) -> "Evidence":
        """Return the same tables with nothing used yet; what was turned into a frame stays so."""
        return Evidence(self.tables, set(), self._frames)

    def frame(self, experiment: str, table: str) -> pd.DataFrame:
        """Return a table as a frame; ``experiment`` is empty for those of all experiments."""
        if experiment not in self.tables:
            known = [name for name in self.tables if name]
            raise NotTestableError(f"experiment {experiment} is not in the configuration{near(experiment, known)}")
        if table not in self.tables[experiment]:
            raise NotTestableError(f"{experiment or 'the comparison'} has no table {table}")
        self.used.add(f"{experiment}/{table}" if experiment else table)
        if (experiment, table) not in self._frames:
            self._frames[experiment, table] = self.tables[experiment][table].to_pandas()
        return self._frames[experiment, table]

    def origin(self) -> str:
        """Return where the data of the experiments used so far come from."""
        names = {place.split("/")[0] for place in self.used if "/" in place}
        origins = {str(origin) for name in names for origin in self._origins(name)}
        return origins.pop() if len(origins) == 1 else "mixed" if origins else "literature"

    def _origins(self, experiment: str) -> list[str]:
        return list(self.tables[experiment]["acquisitions"].column("data_origin").unique().to_pylist())

    def minutes(self, experiment: str) -> pd.Series:
        """Return the time on the series' own axis (min) by acquisition, excluded ones left out."""
        rows = self.frame(experiment, "acquisitions")
        rows = rows[~rows["excluded"]].drop_duplicates("acquisition").set_index("acquisition")
        for axis in AXES:
            if rows[axis].notna().any():
                return (rows[axis].astype(float) / 60.0).sort_index()
        raise NotTestableError(f"{experiment}: no acquisition has a time on an axis of the operator's log")

    def acquisition(self, experiment: str, at_min: float | str) -> int:
        """Return the acquisition at ``at_min`` on the axis, or the ``first`` or ``last``."""
        times = self.minutes(experiment)
        if not len(times):
            raise NotTestableError(f"{experiment}: every acquisition is excluded")
        if at_min == "first":
            return int(times.index[0])
        if at_min == "last":
            return int(times.index[-1])
        near_by = times[(times - float(at_min)).abs() * 60.0 <= _SAME_TIME_S]
        if not len(near_by):
            had = ", ".join(f"{time:g}" for time in times)
            raise NotTestableError(f"{experiment}: no acquisition at {at_min:g} min (there are {had})")
        return int(near_by.index[0])

    def component(self, experiment: str, model: str, names: Sequence[str]) -> pd.DataFrame:
        """Return the rows of the components ``names`` with a fit, with ``minutes``, chronological."""
        rows = self.frame(experiment, "components")
        rows = rows[(rows["model"] == model) & rows["component"].isin(list(names)) & rows["area_cps_ev"].notna()]
        times = self.minutes(experiment)
        rows = rows[rows["acquisition"].isin(times.index)]
        if rows.empty:
            raise NotTestableError(f"{experiment}: {model} has no fitted {' or '.join(names)}")
        return rows.assign(minutes=rows["acquisition"].map(times)).sort_values(["acquisition", "component"])

    def energy_stderr_ev(self, experiment: str, acquisition: int, region: str) -> float:
        """Return the standard error of the energy scale in one region: reference and drift since then (eV)."""
        rows = self.frame(experiment, "calibration")
        found = rows[(rows["acquisition"] == acquisition) & (rows["region"] == region)]
        if found.empty:
            return 0.0
        return float(np.hypot(found["shift_stderr_ev"].iloc[0], found["drift_stderr_ev"].iloc[0]))


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows of a frame as plain dicts, in order."""
    return [{str(name): value for name, value in row.items()} for row in frame.to_dict("records")]


def weighted_mean(values: Any, stderrs: Any) -> tuple[float, float]:
    """Return mean and standard error of ``values``, weighted by their errors."""
    weights = 1.0 / np.maximum(np.asarray(stderrs, dtype=np.float64), 1e-6) ** 2
    mean = float(np.average(np.asarray(values, dtype=np.float64), weights=weights))
    return mean, float(1.0 / np.sqrt(np.sum(weights)))


def known(number: Any) -> float | None:
    """Return a frame's number, None where it is empty."""
    return None if number is None or np.isnan(number) else float(number)
