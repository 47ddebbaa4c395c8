"""Which rate law a series follows, how fast, how sure, and when it cannot be said: tables in, ``kinetics`` out.

When to use what: ``follow`` makes all tables of one series, from the generic laws of ``extract`` and from what
its experiment file asks about mechanisms (``mechanisms``: growth, onset, oxidation). ``compare`` adds what needs a
second experiment (``decay_rows``).

``extract`` follows every component's area and share along the series' axis and fits the laws asked for (see
``rate_laws``), weighted by the standard errors of the fits.

``chosen`` is ``yes`` only for a tested law that describes the points, beats every other tested law by 6 in BIC and
beats a constant by 6 as well (a law configured alone has only the constant to beat); laws within 6 of the best are
``undecided``, and so is every law through a series in which the component was detected fewer than three times, or of
which no other configured law could be tested. Verdicts: ``tested``, ``not testable:
...``, ``not identified: ...``, ``rejected: ...``. A law that cannot be fitted is a row with its reason, never a crash.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from xps import tables
from xps.errors import ConfigError
from xps.kinetics import decay_rows, mechanisms
from xps.kinetics.mechanisms import Series, series_of, series_of_tables
from xps.kinetics.regression import BIC_GAP, LawFit, choices, fit_law
from xps.rate_laws import LAWS, Floats

AXES = ("plating_time_s", "rest_time_s", "sputter_time_s", "start_time_s")
QUANTITIES = {
    "area_cps_ev": ("area_stderr_cps_ev", "counts/s·eV"),
    "area_fraction": ("area_fraction_stderr", "1"),
}
# ASSUME two detected points show that something changed, not by which law: limits alone choose none.
LEAST_DETECTED = 3


@dataclass(frozen=True, slots=True)
class _Series:
    """One quantity of one component along the axis, with words on what was left out and where the axis is weak."""

    keys: Mapping[str, str]
    unit: str
    time: Floats
    value: Floats
    stderr: Floats
    detected: int
    reason: str = ""
    notes: tuple[str, ...] = ()


def follow(series: Series, components: pa.Table, axis: str, wanted: Mapping[str, Any]) -> dict[str, pa.Table]:
    """Return the tables ``kinetics``, ``courses`` and ``profiles`` of one series.

    ``wanted`` is the section of its experiment file, laws and all.
    """
    generic = extract(series.acquisitions, components, axis, wanted["laws"])
    asked = mechanisms.findings(series, axis, wanted)
    made = {name: tables.from_rows(name, rows) for name, rows in asked._asdict().items()}
    return {**made, "kinetics": tables.concatenate("kinetics", [generic, made["kinetics"]])}


def compare(
    series: Mapping[str, Series], wanted: Mapping[str, Mapping[str, Any]], rates: Mapping[str, pa.Table]
) -> pa.Table:
    """Return the ``kinetics`` rows that need two experiments: ``wanted`` decays, priors from the tables ``rates``."""
    rows: list[dict[str, Any]] = []
    for name, decay in wanted.items():
        prior = _oxidation_prior(series[name], decay.get("oxidation_from"), series, rates)
        rows += decay_rows.rows(series[name], decay, prior)
    return tables.from_rows("kinetics", rows)


def _oxidation_prior(
    own: Series, source: str | None, series: Mapping[str, Series], rates: Mapping[str, pa.Table]
) -> tuple[float, str] | None:
    if source is None or source not in rates:
        return None
    for row in rates[source].to_pylist():
        if (row["quantity"], row["parameter"]) == ("oxidation", "g") and row["verdict"] == "tested":
            pressures = [
                [pressure for pressure in one.clock.pressures_pa.values() if pressure is not None]
                for one in (own, series[source])
            ]
            return decay_rows.scaled_prior(row["value"], source, *pressures)
    return None


def extract(acquisitions: pa.Table, components: pa.Table, axis: str, laws: Sequence[str]) -> pa.Table:
    """Return the ``kinetics`` table: every law through every component's area and share along ``axis``.

    ``axis`` is a time column of ``acquisitions``, taken per region; for ``start_time_s`` the middle of the region's
    own window. Failed fits and excluded acquisitions take no part, nor do points without a standard error: their
    number stands in ``condition``. ConfigError for an unknown axis or law.
    """
    if axis not in AXES:
        raise ConfigError(f"axis {axis!r} is not known; axes are {', '.join(AXES)}")
    unknown = [law for law in laws if law not in LAWS]
    if unknown:
        raise ConfigError(f"kinetics laws {unknown} are not known; laws are {', '.join(LAWS)}")
    frame = _points(acquisitions, components, axis)
    rows = [row for series in _series(frame, axis) for row in _rows(series, laws, axis)]
    return tables.from_rows("kinetics", rows)


def _points(acquisitions: pa.Table, components: pa.Table, axis: str) -> pd.DataFrame:
    """Return one row per component and acquisition with its ``axis_s``, in the order of ``components``."""
    keys = ["experiment", "acquisition", "region"]
    columns = [*dict.fromkeys([*keys, "start_time_s", "end_time_s", axis, "time_origin", "excluded"])]
    frame = components.to_pandas().merge(acquisitions.select(columns).to_pandas(), on=keys, how="left")
    middle = (frame["start_time_s"] + frame["end_time_s"]) / 2
    frame["axis_s"] = middle if axis == "start_time_s" else frame[axis].astype("float64")
    kept: pd.DataFrame = frame[frame["excluded"].eq(False)]
    return kept


def _series(frame: pd.DataFrame, axis: str) -> Iterator[_Series]:
    groups = ["experiment", "model", "core_level", "component"]
    for names, group in frame.groupby(groups, sort=False):
        for quantity, (stderr_column, unit) in QUANTITIES.items():
            keys = {**dict(zip(groups, map(str, names), strict=True)), "quantity": quantity}
            yield _one_series(group, keys, quantity, stderr_column, unit, axis)


def _one_series(
    group: pd.DataFrame, keys: Mapping[str, str], quantity: str, stderr_column: str, unit: str, axis: str
) -> _Series:
    value, stderr, time = (
        group[name].to_numpy(dtype=np.float64, na_value=np.nan) for name in (quantity, stderr_column, "axis_s")
    )
    known = np.isfinite(value)
    timed = np.isfinite(time)
    weighted = np.isfinite(stderr) & (stderr > 0)
    total = len(group)
    notes = [
        f"{count} of {total} acquisitions left out: {why}"
        for count, why in (
            (int(np.sum(~known)), "no value (failed fit)"),
            (int(np.sum(known & ~timed)), f"no {axis}"),
            (int(np.sum(known & timed & ~weighted)), "no standard error"),
        )
        if count
    ]
    if axis == "start_time_s" and (group["time_origin"] == "computed").any():
        notes.append("the axis is computed from live times: a lower bound")
    use = known & timed & weighted
    reason = "" if use.any() else _why_empty(known, timed, axis)
    detected = int(np.sum(use & group["detected"].ne(False).to_numpy()))
    if use.any() and detected < LEAST_DETECTED:
        notes.append(f"detected in {detected} of {int(np.sum(use))} points only: too few to choose a law")
    return _Series(keys, unit, time[use], value[use], stderr[use], detected, reason, tuple(notes))


def _why_empty(known: NDArray[np.bool_], timed: NDArray[np.bool_], axis: str) -> str:
    if not known.any():
        return "not testable: no value in any acquisition"
    if not (known & timed).any():
        return f"not testable: no acquisition has a {axis}"
    return "not testable: no point has a standard error (fixed, at a bound, or the only component)"


def _rows(series: _Series, laws: Sequence[str], axis: str) -> Iterator[dict[str, Any]]:
    if series.reason:
        fits = [LawFit(law, series.reason, 0) for law in laws]
        null_bic = None
    else:
        fits = [fit_law(law, series.time, series.value, series.stderr) for law in laws]
        null_bic = fit_law("constant", series.time, series.value, series.stderr).bic
    window = _window(series, axis)
    for fit, choice in zip(fits, choices(fits, null_bic), strict=True):
        shared = {
            **series.keys,
            "law": fit.law,
            "window": window,
            "aicc": fit.aicc,
            "bic": fit.bic,
            "chosen": "undecided" if choice == "yes" and series.detected < LEAST_DETECTED else choice,
            "verdict": fit.verdict,
            "condition": _condition(fit, series, null_bic),
        }
        if not fit.values:
            yield {**shared, "parameter": "", "unit": series.unit}
        for index, name in enumerate(LAWS[fit.law].parameters if fit.values else ()):
            low, high = fit.intervals[index]
            numbers = {"value": fit.values[index], "stderr": fit.stderrs[index], "low": low, "high": high}
            yield {**shared, "parameter": name, **numbers, "unit": _unit(fit.law, name, series.unit)}


def _window(series: _Series, axis: str) -> str:
    if not len(series.time):
        return f"{axis}: no points"
    noun = "point" if len(series.time) == 1 else "points"
    return f"{axis} {series.time.min():.6g} to {series.time.max():.6g}, {len(series.time)} {noun}"


def _condition(fit: LawFit, series: _Series, null_bic: float | None) -> str | None:
    words = [*series.notes, *([fit.condition] if fit.condition else [])]
    if fit.tested and fit.law != "constant" and fit.bic is not None and null_bic is not None:
        gap = null_bic - fit.bic
        if gap < BIC_GAP:
            words.append(f"no change proven: BIC beats a constant by {gap:.2g} only")
    return "; ".join(words) or None


def _unit(law: str, parameter: str, unit: str) -> str:
    if parameter == "k":
        return "1/s"
    power = dict(zip(LAWS[law].coefficients, LAWS[law].powers, strict=True))[parameter]
    base = f"({unit})" if "/" in unit else unit
    return {0.0: unit, 0.5: f"{base}/√s", 1.0: f"{base}/s"}[power]


__all__ = ["AXES", "QUANTITIES", "compare", "extract", "follow", "series_of", "series_of_tables"]
