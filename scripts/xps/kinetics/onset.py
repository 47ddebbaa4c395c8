"""When a line first appears in a series, with one error rate for the whole series; absence is a censored onset.

Asking each of n acquisitions at 5 % finds a line that is not there in one series of three. Here the chance of any
false detection in the series is 5 % (Holm's steps, see ``uncertainty.detection``). The onset lies between the last
acquisition before the first detection and that one; without any detection it is later than the last acquisition.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from xps.kinetics.estimation import Floats
from xps.uncertainty.detection import FALSE_SHARE, chances, holm

LAW = "series-wise detection"


def rows(points: pd.DataFrame, wanted: Sequence[Mapping[str, Any]], axis: str) -> Iterator[dict[str, Any]]:
    """Yield a row per wanted component: the onset on the axis (s), or that there was none.

    ``points`` are component rows with ``axis_s``, one per acquisition that is not excluded.
    """
    for declared in wanted:
        chosen = points[(points["model"] == declared["model"]) & (points["component"] == declared["component"])]
        yield _row(points, chosen.sort_values("acquisition"), declared, axis)


def _row(points: pd.DataFrame, chosen: pd.DataFrame, declared: Mapping[str, Any], axis: str) -> dict[str, Any]:
    experiment = str(points["experiment"].iloc[0]) if len(points) else ""
    level = str(chosen["core_level"].iloc[0]) if len(chosen) else None
    shared = {
        "experiment": experiment,
        "model": declared["model"],
        "core_level": level,
        "component": declared["component"],
        "quantity": "onset",
        "law": LAW,
        "parameter": "onset",
        "unit": "s",
        "chosen": "undecided",
    }
    known = chosen[np.isfinite(chosen["area_cps_ev"].astype(float)) & np.isfinite(chosen["axis_s"].astype(float))]
    if len(known) < 2:
        reason = too_few(chosen, axis)
        return {
            **shared,
            "parameter": "",
            "window": f"{axis}: {len(known)} points",
            "verdict": f"not testable: {reason}",
        }
    times = known["axis_s"].to_numpy(dtype=float)
    there = holm(_chances(known))
    window = f"{axis} {times.min():.6g} to {times.max():.6g}, {len(times)} points"
    rate = f"false detections anywhere in the series: {FALSE_SHARE:.0%}"
    if not there.any():
        limit = _largest_share(points, known)
        words = f"censored: later than {times.max():.6g} s; {rate}; 95 % upper limit of its share at most {limit:.3g}"
        verdict = f"not detected in any of {len(times)} acquisitions"
        return {**shared, "low": float(times.max()), "window": window, "verdict": verdict, "condition": words}
    first = int(np.flatnonzero(there)[0])
    low = float(times[first - 1]) if first else None
    again = int(np.sum(there[first:]))
    words = f"{rate}; detected in {again} of the {len(times) - first} acquisitions from then on"
    numbers = {"value": float(times[first]), "low": low, "high": float(times[first])}
    return {**shared, **numbers, "window": window, "verdict": "tested", "condition": words}


def too_few(chosen: pd.DataFrame, axis: str) -> str:
    """Say why there are not two points: cycles, areas, or places on the axis."""
    if len(chosen) == 1:
        return "one cycle"
    if chosen["axis_s"].notna().sum() < 2:
        return f"fewer than two acquisitions have a {axis}"
    return "an area in one acquisition only" if chosen["area_cps_ev"].notna().any() else "no area in any acquisition"


def _chances(known: pd.DataFrame) -> Floats:
    """Return the chance of each area where there is no such line: as the fits calculated it, else from its error."""
    area, stderr, given = (
        known[name].to_numpy(dtype=np.float64, na_value=np.nan)
        for name in ("area_cps_ev", "area_stderr_cps_ev", "absent_p_value")
    )
    significance = np.nan_to_num(area / np.where(stderr > 0, stderr, np.nan), nan=0.0)
    return np.asarray(np.where(np.isnan(given), chances(significance), given))


def _largest_share(points: pd.DataFrame, known: pd.DataFrame) -> float:
    """Return the largest 95 % upper limit of the component's share of its core level over the acquisitions."""
    same = points[(points["model"].isin(known["model"])) & (points["core_level"].isin(known["core_level"]))]
    species = same[same["area_fraction"].notna()]
    totals = (
        species.groupby("acquisition")["area_cps_ev"].sum().reindex(known["acquisition"]).to_numpy(dtype=np.float64)
    )
    limits = known["upper_limit_95_cps_ev"].to_numpy(dtype=np.float64, na_value=np.nan)
    shares = limits / np.where(totals > 0, totals, np.nan)
    return float(np.nanmax(shares)) if np.isfinite(shares).any() else float("nan")
