"""Areas and atomic percent of one experiment as a plain CSV for Origin and Excel: one row per acquisition.

Each column says what it holds and in which unit; what was not measured or did not converge is empty. The tables hold
more (intervals, verdicts, conditions); this is the part that people plot.
"""

from collections.abc import Mapping

import pandas as pd
import pyarrow as pa

from xps.figures.reading.frames import records
from xps.figures.reading.times import charges_uah

_TIMES = ("plating_time_s", "rest_time_s", "sputter_time_s", "pressure_pa")
_OF_COMPONENT = {
    "area_cps_ev": "area (counts/s eV)",
    "area_stderr_cps_ev": "area statistical error (counts/s eV)",
    "area_systematic_stderr_cps_ev": "area systematic error (counts/s eV)",
    "upper_limit_95_cps_ev": "area 95 % upper limit (counts/s eV)",
    "area_fraction": "share of core level",
    "area_fraction_stderr": "share error",
    "position_ev": "position (eV)",
    "fwhm_ev": "FWHM (eV)",
    "detected": "detected",
}
_OF_SUBJECT = {
    "atomic_percent": "at%",
    "statistical_stderr": "at% statistical error",
    "systematic_stderr": "at% systematic error",
    "upper_limit_percent": "at% 95 % upper limit",
}


def csv(tables: Mapping[str, pa.Table]) -> bytes:
    """Return the CSV (UTF-8) from ``acquisitions``, ``components`` and, where there is one, ``composition``."""
    frame = _cycles(tables["acquisitions"].to_pandas())
    columns = {"acquisition": frame.index.to_series(), **{str(name): frame[name] for name in frame}}
    columns |= _of_components(tables["components"].to_pandas(), frame.index)
    if "composition" in tables:
        columns |= _of_composition(tables["composition"].to_pandas(), frame.index)
    kept = {name: values for name, values in columns.items() if values.notna().any()}
    return pd.DataFrame(kept).to_csv(index=False, lineterminator="\n").encode()


def _cycles(acquired: pd.DataFrame) -> pd.DataFrame:
    """One row per acquisition with its times, pressure, charge and whether the log excludes it."""
    groups = acquired.groupby("acquisition")
    frame = groups[[*_TIMES, "excluded"]].first()
    frame.insert(0, "start_time_s", groups["start_time_s"].min())
    frame.insert(1, "end_time_s", groups["end_time_s"].max())
    frame["charge_uah"] = pd.Series(charges_uah(acquired), dtype="float64")
    return frame


def _of_components(components: pd.DataFrame, index: pd.Index) -> dict[str, pd.Series]:
    found: dict[str, pd.Series] = {}
    for row in records(components.drop_duplicates(["model", "component"])):
        mine = (components["model"] == row["model"]) & (components["component"] == row["component"])
        own = components[mine].set_index("acquisition").reindex(index)
        for column, words in _OF_COMPONENT.items():
            found[f"{row['core_level']} {row['component']} [{row['model']}] {words}"] = own[column]
    return found


def _of_composition(composition: pd.DataFrame, index: pd.Index) -> dict[str, pd.Series]:
    found: dict[str, pd.Series] = {}
    keys = ["kind", "subject", "basis", "origin"]
    for names, rows in composition.groupby(keys, sort=False):
        kind, subject, basis, origin = names
        own = rows.drop_duplicates("acquisition").set_index("acquisition").reindex(index)
        for column, words in _OF_SUBJECT.items():
            found[f"{subject} [{kind}, {basis}, {origin}] {words}"] = own[column]
    return found
