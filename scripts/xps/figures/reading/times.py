"""When: values of the series' axis per acquisition or region, and the plating charge that goes with them."""

import math

import pandas as pd


def axis_column(axis: str) -> str:
    """Return what the times on an ``axis`` are called among the plotted numbers.

    Of ``start_time_s`` the middles of windows are drawn, and what is drawn is no start.
    """
    return "elapsed_time_s" if axis == "start_time_s" else axis


def axis_values(acquisitions: pd.DataFrame, axis: str) -> dict[int, float]:
    """Return the axis value (s) of each acquisition; of ``start_time_s`` the middle of its whole window."""
    groups = acquisitions.groupby("acquisition")
    if axis == "start_time_s":
        values = (groups["start_time_s"].min() + groups["end_time_s"].max()) / 2
    else:
        values = groups[axis].first()
    return by_acquisition(values)


def region_axis_values(acquisitions: pd.DataFrame, axis: str) -> dict[tuple[int, str], float]:
    """Return the axis value (s) of each region; of ``start_time_s`` the middle of its own window, as in rate laws."""
    values = acquisitions[axis]
    if axis == "start_time_s":
        values = (values + acquisitions["end_time_s"]) / 2
    keys = zip(acquisitions["acquisition"], acquisitions["region"], strict=True)
    return {(int(number), str(region)): float(value) for (number, region), value in zip(keys, values, strict=True)}


def placed(rows: pd.DataFrame, acquisitions: pd.DataFrame, axis: str, *, by_region: bool = False) -> list[float]:
    """Return the axis value (s) of each of the ``rows``, of its acquisition or of its region there.

    NaN where the acquisition is excluded or has no value; ``acquisitions`` may hold several experiments.
    """
    kept = acquisitions[~acquisitions["excluded"]]
    times: dict[tuple[object, ...], float] = {}
    for experiment, own in kept.groupby("experiment", sort=False):
        if by_region:
            times |= {(experiment, *place): at for place, at in region_axis_values(own, axis).items()}
        else:
            times |= {(experiment, number): at for number, at in axis_values(own, axis).items()}
    keys = ["experiment", "acquisition", "region"] if by_region else ["experiment", "acquisition"]
    return [times.get(key, math.nan) for key in rows[keys].itertuples(index=False, name=None)]


def is_lower_bound(acquisitions: pd.DataFrame, axis: str) -> bool:
    """Return whether ``axis`` is elapsed time that was added up from live times: real pauses are missing from it."""
    return axis == "start_time_s" and bool((acquisitions["time_origin"] == "computed").any())


def by_acquisition(values: pd.Series) -> dict[int, float]:
    """Return the known values of a series indexed by acquisition."""
    known = values.dropna()
    return dict(zip(map(int, known.index.tolist()), map(float, known.tolist()), strict=True))


def charges_uah(acquisitions: pd.DataFrame) -> dict[int, float]:
    """Cumulated plating charge (µAh): each dose is the current of its own acquisition times the plating time added."""
    first = acquisitions.sort_values("acquisition", kind="stable").groupby("acquisition")
    doses = pd.DataFrame({"time": first["plating_time_s"].first(), "current": first["plating_current_ua"].first()})
    added = doses["time"].diff().fillna(doses["time"])
    steps = (added * doses["current"]).where(added != 0, 0.0)
    return by_acquisition(steps.cumsum(skipna=False) / 3600)
