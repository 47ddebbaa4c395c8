"""When a line first appears in a series, with one error rate for the whole series; absence is a censored onset.

Asking each of n acquisitions at 5 % finds a line that is not there in one series of three. Here the chance of any
false detection in the series is 5 % (Holm's steps, see ``uncertainty.detection``). The onset lies between the last
acquisition before the first detection and that one; without any detection it is later than the last acquisition.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from xps.kinetics.estimation import Floats
from xps.kinetics.series import Series
from xps.kinetics.tracks import Track
from xps.kinetics.verdicts import TESTED, not_detected, not_testable
from xps.uncertainty.detection import FALSE_SHARE, chances, holm

LAW = "series-wise detection"


def rows(series: Series, wanted: Sequence[Mapping[str, Any]], axis: str) -> Iterator[dict[str, Any]]:
    """Yield a row per wanted component: the onset on the ``axis`` (s), or that there was none."""
    times_s = series.times_s(axis)
    for declared in wanted:
        names = declared["model"], declared["component"]
        track = next((one for one in series.tracks if (one.names.model, one.names.component) == names), None)
        shared = {
            "experiment": series.clock.experiment,
            "model": declared["model"],
            "core_level": None if track is None else track.names.core_level,
            "component": declared["component"],
            "quantity": "onset",
            "law": LAW,
            "parameter": "onset",
            "unit": "s",
            "chosen": "undecided",
        }
        if track is None:
            empty = {"parameter": "", "window": f"{axis}: 0 points"}
            yield {**shared, **empty, **not_testable("nowhere fitted").columns}
            continue
        track = track.taken(np.argsort(track.acquisitions, kind="stable"))
        yield {**shared, **_found(series, track, track.placed(times_s), axis)}


def seen(track: Track) -> list[int]:
    """Return the acquisitions in which a line is there, with one error rate for the whole series."""
    known = track.taken(np.flatnonzero(np.isfinite(track["area_cps_ev"])))
    return sorted(known.acquisitions[holm(_chances(known))].tolist()) if len(known) else []


def _found(series: Series, track: Track, times_s: Floats, axis: str) -> dict[str, Any]:
    use = np.flatnonzero(np.isfinite(track["area_cps_ev"]) & np.isfinite(times_s))
    if use.size < 2:
        verdict = not_testable(too_few(track, times_s, axis))
        return {"parameter": "", "window": f"{axis}: {use.size} points", **verdict.columns}
    known, times = track.taken(use), times_s[use]
    there = holm(_chances(known))
    shared = {"window": f"{axis} {times.min():.6g} to {times.max():.6g}, {times.size} points"}
    rate = f"false detections anywhere in the series: {FALSE_SHARE:.0%}"
    if not there.any():
        limit = _largest_share(series.tracks, known)
        words = f"censored: later than {times.max():.6g} s; {rate}; 95 % upper limit of its share at most {limit:.3g}"
        verdict = not_detected(f"in none of {times.size} acquisitions")
        return {**shared, "low": float(times.max()), **verdict.columns, "condition": words}
    first = int(np.flatnonzero(there)[0])
    low = float(times[first - 1]) if first else None
    again = int(np.sum(there[first:]))
    words = f"{rate}; detected in {again} of the {times.size - first} acquisitions from then on"
    numbers = {"value": float(times[first]), "low": low, "high": float(times[first])}
    return {**shared, **numbers, **TESTED.columns, "condition": words}


def too_few(track: Track, times_s: Floats, axis: str) -> str:
    """Say why there are not two points: cycles, areas, or places on the axis."""
    if len(track) == 1:
        return "one cycle"
    if np.isfinite(times_s).sum() < 2:
        return f"fewer than two acquisitions have a {axis}"
    return (
        "an area in one acquisition only" if np.isfinite(track["area_cps_ev"]).any() else "no area in any acquisition"
    )


def _chances(known: Track) -> Floats:
    """Return the chance of each area where there is no such line: as the fits calculated it, else from its error."""
    stderr, given = known["area_stderr_cps_ev"], known["absent_p_value"]
    significance = np.nan_to_num(known["area_cps_ev"] / np.where(stderr > 0, stderr, np.nan), nan=0.0)
    return np.asarray(np.where(np.isnan(given), chances(significance), given))


def _largest_share(tracks: Sequence[Track], known: Track) -> float:
    """Return the largest 95 % upper limit of the component's share of its core level over the acquisitions."""
    totals = np.zeros(max(int(track.acquisitions.max(initial=0)) for track in tracks) + 1)
    for track in tracks:
        if track.names[:3] == known.names[:3]:
            species = track.known("area_fraction", "area_cps_ev")  # a loss is no part of its core level
            np.add.at(totals, species.acquisitions, species["area_cps_ev"])
    total = totals[known.acquisitions]
    shares = known["upper_limit_95_cps_ev"] / np.where(total > 0, total, np.nan)
    return float(np.nanmax(shares)) if np.isfinite(shares).any() else float("nan")
