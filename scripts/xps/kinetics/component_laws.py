"""Generic rate laws through every component's area and share along the series' axis; see ``rate_laws``.

``chosen`` is ``yes`` only for a tested law that describes the points, beats every other tested law by 6 in BIC and
beats a constant by 6 as well (a law configured alone has only the constant to beat); laws within 6 of the best are
``undecided``, and so is every law through a series in which the component was detected fewer than three times, or of
which no other configured law could be tested. Verdicts: ``tested``, ``not_testable``, ``not_identified``, ``rejected``
(``verdicts``). A law that cannot be fitted is a row with its reason, never a crash.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xps.errors import ConfigError
from xps.kinetics.regression import BIC_GAP, LawFit, choices, fit_law
from xps.kinetics.series import Series
from xps.kinetics.tracks import Track
from xps.kinetics.verdicts import not_testable
from xps.rate_laws import LAWS, Floats

AXES = ("plating_time_s", "rest_time_s", "sputter_time_s", "start_time_s")
QUANTITIES = {
    "area_cps_ev": ("area_stderr_cps_ev", "counts/s·eV"),
    "area_fraction": ("area_fraction_stderr", "1"),
}
# ASSUME two detected points show that something changed, not by which law: limits alone choose none.
LEAST_DETECTED = 3


@dataclass(frozen=True, slots=True)
class _Points:
    """One quantity of one component along the axis, with words on what was left out and where the axis is weak."""

    keys: Mapping[str, str]
    unit: str
    time: Floats
    value: Floats
    stderr: Floats
    detected: int
    reason: str = ""
    notes: tuple[str, ...] = ()


def rows(series: Series, axis: str, laws: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``kinetics``: every law through every component's area and share along ``axis``.

    ``axis`` is a time column of ``acquisitions``, taken per region; for ``start_time_s`` the middle of the region's
    own window. Excluded acquisitions take no part, nor do those without a value or a standard error: their number
    stands in ``condition`` with the reason. ConfigError for an unknown axis or law.
    """
    if axis not in AXES:
        raise ConfigError(f"axis {axis!r} is not known; axes are {', '.join(AXES)}")
    unknown = [law for law in laws if law not in LAWS]
    if unknown:
        raise ConfigError(f"kinetics laws {unknown} are not known; laws are {', '.join(LAWS)}")
    times_s = series.times_s(axis)
    computed = axis == "start_time_s" and series.clock.computed
    unmeasured = _unmeasured(series.tracks)
    for track in series.tracks:
        for quantity in QUANTITIES:
            yield from _law_rows(_points(track, quantity, axis, times_s, unmeasured, computed), laws, axis)


def _unmeasured(tracks: Sequence[Track]) -> dict[str, NDArray[np.intp]]:
    """Return by model the acquisitions in which a region of it was not measured."""
    models = dict.fromkeys(track.names.model for track in tracks)
    return {
        model: np.concatenate([one.acquisitions[one.rows < 0] for one in tracks if one.names.model == model])
        for model in models
    }


def _points(
    track: Track,
    quantity: str,
    axis: str,
    times_s: Floats,
    unmeasured: Mapping[str, NDArray[np.intp]],
    computed: bool,
) -> _Points:
    stderr_column, unit = QUANTITIES[quantity]
    value, stderr = track[quantity], track[stderr_column]
    time = track.placed(times_s)
    whole = ~np.isin(track.acquisitions, unmeasured[track.names.model])
    # In the order in which they are asked: an acquisition is left out for the first that it fails.
    demands = {
        "not measured": track.rows >= 0,
        "another level of its model was not measured": np.isfinite(value) | whole,
        "no value (failed fit)": np.isfinite(track["area_cps_ev"]),
        "no share (not counted among the species of its level)": np.isfinite(value),
        f"no {axis}": np.isfinite(time),
        "no standard error": np.isfinite(stderr) & (stderr > 0),
    }
    use, notes = np.ones(len(track), dtype=bool), []
    for why, met in demands.items():
        count = int(np.sum(use & ~met))
        notes += [f"{count} of {len(track)} acquisitions left out: {why}"] if count else []
        use &= met
    notes += ["the axis is computed from live times: a lower bound"] if computed else []
    detected = int(np.sum(use & track.detected))
    if use.any() and detected < LEAST_DETECTED:
        notes.append(f"detected in {detected} of {int(np.sum(use))} points only: too few to choose a law")
    reason = "" if use.any() else _why_empty(np.isfinite(value), np.isfinite(time), axis)
    keys = {**track.names._asdict(), "quantity": quantity}
    return _Points(keys, unit, time[use], value[use], stderr[use], detected, reason, tuple(notes))


def _why_empty(known: NDArray[np.bool_], timed: NDArray[np.bool_], axis: str) -> str:
    if not known.any():
        return "no value in any acquisition"
    if not (known & timed).any():
        return f"no acquisition has a {axis}"
    return "no point has a standard error (fixed, at a bound, or the only component)"


def _law_rows(points: _Points, laws: Sequence[str], axis: str) -> Iterator[dict[str, Any]]:
    if points.reason:
        fits = [LawFit(law, not_testable(points.reason), 0) for law in laws]
        null_bic = None
    else:
        fits = [fit_law(law, points.time, points.value, points.stderr) for law in laws]
        null_bic = fit_law("constant", points.time, points.value, points.stderr).bic
    window = _window(points, axis)
    for fit, choice in zip(fits, choices(fits, null_bic), strict=True):
        shared = {
            **points.keys,
            "law": fit.law,
            "window": window,
            "aicc": fit.aicc,
            "bic": fit.bic,
            "chosen": "undecided" if choice == "yes" and points.detected < LEAST_DETECTED else choice,
            **fit.verdict.columns,
            "condition": _condition(fit, points, null_bic),
        }
        if not fit.values:
            yield {**shared, "parameter": "", "unit": points.unit}
        for index, name in enumerate(LAWS[fit.law].parameters if fit.values else ()):
            low, high = fit.intervals[index]
            numbers = {"value": fit.values[index], "stderr": fit.stderrs[index], "low": low, "high": high}
            yield {**shared, "parameter": name, **numbers, "unit": _unit(fit.law, name, points.unit)}


def _window(points: _Points, axis: str) -> str:
    if not len(points.time):
        return f"{axis}: no points"
    noun = "point" if len(points.time) == 1 else "points"
    return f"{axis} {points.time.min():.6g} to {points.time.max():.6g}, {len(points.time)} {noun}"


def _condition(fit: LawFit, points: _Points, null_bic: float | None) -> str | None:
    words = [*points.notes, *([fit.condition] if fit.condition else [])]
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
