"""Reading tables for figures: the rows that settings name, the time and the charge of each, limits as shares."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xps.errors import ConfigError
from xps.figures.reading import frames, shares, times

# --- when --------------------------------------------------------------------------------------------------------

REGIONS = ("Li1s", "Ge3d", "O1s")
durations = st.lists(st.floats(10.0, 2000.0), min_size=1, max_size=5)


def acquired(durations_s: list[float], experiment: str = "invented", **change: Any) -> pd.DataFrame:
    """Acquisitions of three regions each, one after the other without a pause; plated for 60 s more each time."""
    ends = np.cumsum(np.repeat(durations_s, len(REGIONS)))
    rows = [
        {
            "experiment": experiment,
            "acquisition": index // len(REGIONS),
            "region": REGIONS[index % len(REGIONS)],
            "start_time_s": end - durations_s[index // len(REGIONS)],
            "end_time_s": end,
            "plating_time_s": 60.0 * (index // len(REGIONS)),
            "plating_current_ua": 20.0,
            "excluded": False,
            "time_origin": "log",
            **change,
        }
        for index, end in enumerate(ends)
    ]
    return pd.DataFrame(rows)


@given(durations)
def test_an_acquisition_stands_in_the_middle_of_its_regions_and_each_region_in_its_own_middle(seconds: list[float]):
    cycles = acquired(seconds)
    whole = times.axis_values(cycles, "start_time_s")
    regions = times.region_axis_values(cycles, "start_time_s")
    starts = np.concatenate([[0.0], np.cumsum([len(REGIONS) * one for one in seconds])])
    for number, start in enumerate(starts[:-1]):
        assert whole[number] == pytest.approx((start + starts[number + 1]) / 2)
        own = [regions[number, region] for region in REGIONS]
        assert own == sorted(own)
        assert np.mean(own) == pytest.approx(whole[number])
        assert own[0] == pytest.approx(start + seconds[number] / 2)


@given(durations)
def test_a_dose_is_the_same_for_all_regions_of_an_acquisition(seconds: list[float]):
    cycles = acquired(seconds)
    regions = times.region_axis_values(cycles, "plating_time_s")
    for number, time in times.axis_values(cycles, "plating_time_s").items():
        assert {regions[number, region] for region in REGIONS} == {time} == {60.0 * number}


@given(durations, durations, st.booleans(), st.sampled_from(["start_time_s", "plating_time_s"]))
def test_rows_stand_where_their_own_experiment_was_then(
    first: list[float], second: list[float], by_region: bool, axis: str
):
    """Two series share acquisition numbers and regions; neither may take the other's times."""
    both = pd.concat([acquired(first), acquired(second, "another")], ignore_index=True)
    rows = both.sample(frac=1.0, random_state=1)
    found = times.placed(rows, both, axis, by_region=by_region)
    for experiment, seconds in (("invented", first), ("another", second)):
        alone = acquired(seconds, experiment)
        own = [at for at, name in zip(found, rows["experiment"], strict=True) if name == experiment]
        mine = rows[rows["experiment"] == experiment]
        if by_region:
            known = times.region_axis_values(alone, axis)
            expected = [known[key] for key in mine[["acquisition", "region"]].itertuples(index=False, name=None)]
        else:
            expected = list(mine["acquisition"].map(times.axis_values(alone, axis)))
        assert own == expected


@given(durations, st.data())
def test_what_is_excluded_or_unknown_has_no_place(seconds: list[float], data: st.DataObject):
    cycles = acquired(seconds)
    out = data.draw(st.sets(st.sampled_from(range(len(seconds)))))
    kept = cycles.assign(excluded=cycles["acquisition"].isin(out))
    strange = pd.DataFrame([{"experiment": "invented", "acquisition": len(seconds), "region": "Li1s"}])
    for by_region in (False, True):
        found = times.placed(pd.concat([cycles, strange], ignore_index=True), kept, "start_time_s", by_region=by_region)
        missing = [bool(np.isnan(at)) for at in found]
        assert missing == [number in out for number in cycles["acquisition"]] + [True]
    without = cycles.assign(rest_time_s=np.nan)
    assert np.isnan(times.placed(cycles, without, "rest_time_s")).all()


@given(st.lists(st.tuples(st.floats(0.0, 3600.0), st.floats(0.0, 100.0)), min_size=1, max_size=6), st.floats(0.1, 9.0))
def test_charge_is_the_sum_of_doses_and_goes_with_the_current(doses: list[tuple[float, float]], factor: float):
    plated = np.cumsum([time for time, _ in doses])
    cycles = pd.DataFrame(
        {
            "acquisition": range(len(doses)),
            "plating_time_s": plated,
            "plating_current_ua": [current for _, current in doses],
        }
    )
    charge = times.charges_uah(cycles)
    expected = np.cumsum([time * current / 3600 for time, current in doses])
    np.testing.assert_allclose(list(charge.values()), expected, rtol=1e-9, atol=1e-9)
    stronger = times.charges_uah(cycles.assign(plating_current_ua=factor * cycles["plating_current_ua"]))
    np.testing.assert_allclose(list(stronger.values()), factor * expected, rtol=1e-9, atol=1e-9)
    assert times.charges_uah(cycles.sample(frac=1.0, random_state=2)) == pytest.approx(charge)


def test_after_an_unknown_dose_no_charge_is_known():
    cycles = pd.DataFrame(
        {"acquisition": [0, 1, 2, 3], "plating_time_s": [0.0, 60.0, np.nan, 180.0], "plating_current_ua": 20.0}
    )
    assert times.charges_uah(cycles) == pytest.approx({0: 0.0, 1: 60.0 * 20.0 / 3600})


@pytest.mark.parametrize(
    ("axis", "origin", "bound"),
    [("start_time_s", "computed", True), ("start_time_s", "log", False), ("plating_time_s", "computed", False)],
)
def test_only_added_up_clocks_are_lower_bounds(axis: str, origin: str, bound: bool):
    assert times.is_lower_bound(acquired([60.0], time_origin=origin), axis) is bound


# --- limits as shares --------------------------------------------------------------------------------------------

areas = st.lists(st.floats(0.0, 1e5), min_size=1, max_size=6)


def components(found: list[float], limit: float, **change: Any) -> pd.DataFrame:
    """Components of one core level, the last of which was not detected."""
    rows = [
        {
            "experiment": "invented",
            "model": "m",
            "core_level": "O 1s",
            "acquisition": 0,
            "area_cps_ev": area,
            "upper_limit_95_cps_ev": limit,
            **change,
        }
        for area in [*found, 0.0]
    ]
    return pd.DataFrame(rows)


def share_of_last(rows: pd.DataFrame, counted: pd.Series | bool = True, also: tuple[str, ...] = ()) -> float:
    marks = pd.Series(True, index=rows.index) if counted is True else counted
    return float(shares.limits_as_shares(rows, marks, also).iloc[-1])


@given(areas, st.floats(1e-3, 1e5), st.floats(1e-3, 1e3))
def test_a_limit_as_a_share_lies_between_0_and_1_whatever_the_intensity(
    found: list[float], limit: float, factor: float
):
    share = share_of_last(components(found, limit))
    assert share == pytest.approx(limit / (limit + sum(found)))
    assert 0.0 < share <= 1.0
    brighter = components([factor * area for area in found], factor * limit)
    assert share_of_last(brighter) == pytest.approx(share)


@given(areas, st.floats(1e-3, 1e5), st.sampled_from(["experiment", "model", "core_level", "acquisition", "fit"]))
def test_areas_of_other_fits_do_not_count(found: list[float], limit: float, differs: str):
    own = components(found, limit, fit="this")
    elsewhere: dict[str, Any] = {"fit": "this", differs: 7 if differs == "acquisition" else "other"}
    other = components([1e6, 2e6], 5.0, **elsewhere)
    both = pd.concat([other, own], ignore_index=True)
    assert share_of_last(both, also=("fit",)) == pytest.approx(share_of_last(own))


def test_losses_have_no_share_and_dilute_none():
    rows = components([100.0, 300.0], 50.0)
    without_first = pd.Series([False, True, True])
    assert share_of_last(rows, without_first) == pytest.approx(50 / 350)


# --- the rows that settings name ---------------------------------------------------------------------------------


def table(**columns: list[Any]) -> pa.Table:
    return pa.table(columns)


def test_rows_of_the_named_experiments_and_models_stay():
    given_table = table(experiment=["a", "a", "b"], model=["m", "n", "m"], value=[1, 2, 3])
    assert frames.of_experiment(given_table, {"experiment": "a"})["value"].tolist() == [1, 2]
    assert frames.of_experiment(given_table, {"experiments": ["a", "b"]})["value"].tolist() == [1, 2, 3]
    assert frames.of_experiment(given_table, {"experiment": "a", "models": ["n"]})["value"].tolist() == [2]
    assert frames.of_experiment(given_table, {})["value"].tolist() == [1, 2, 3]
    assert frames.of_experiment(table(case=["x"]), {"experiment": "a"})["case"].tolist() == ["x"]


def test_rows_of_no_model_belong_to_every_choice_of_models():
    given_table = table(experiment=["a", "a"], model=["m", None], value=[1, 2])
    assert frames.of_experiment(given_table, {"experiment": "a", "models": ["m"]})["value"].tolist() == [1, 2]


@given(st.lists(st.sampled_from("abcde"), min_size=1, max_size=12), st.sets(st.sampled_from("abcde"), min_size=1))
def test_chosen_rows_are_those_that_are_listed_in_their_order(held: list[str], wanted: set[str]):
    frame = pd.DataFrame({"species": held, "place": range(len(held))})
    settings = {"species": sorted(wanted)}
    if not wanted <= set(held):
        with pytest.raises(ConfigError, match="species: .* is not in the tables"):
            frames.chosen(frame, settings, {"species": "species"})
        return
    kept = frames.chosen(frame, settings, {"species": "species"})
    assert kept["place"].tolist() == [index for index, name in enumerate(held) if name in wanted]
    assert frames.chosen(frame, {}, {"species": "species"}) is frame


@pytest.mark.parametrize(
    ("wanted", "help_"),
    [("Li2O", r"\(did you mean 'Li2O2'\?\)"), ("gold", "there are: Li2O2, Ge0, PS4")],
)
def test_a_name_that_the_tables_do_not_hold_is_refused_with_what_there_is(wanted: str, help_: str):
    known = ["Li2O2", "Ge0", "Ge0", "PS4"]
    with pytest.raises(ConfigError, match=f"species: '{wanted}' is not in the tables.*{help_}"):
        frames.check_known("species", [known[0], wanted], known)
    frames.check_known("species", known, known)


def windows(*pairs: tuple[str, str]) -> dict[str, Any]:
    return {"windows": [{"model": model, "core_level": level} for model, level in pairs]}


PARTS = pd.DataFrame(
    {
        "model": ["m", "m", "n"],
        "core_level": ["P 2p", "Ge 3p", "P 2p"],
        "region": ["P2p", "P2p", "P2p#2"],
    }
)


def test_windows_are_regions_of_models_each_once_in_the_order_of_the_settings():
    asked = windows(("n", "P 2p"), ("m", "Ge 3p"), ("m", "P 2p"))
    assert frames.windows_of(asked, PARTS) == [("n", "P2p#2"), ("m", "P2p")]
    with pytest.raises(ConfigError, match="windows: 'n Ge 3p' is not in the tables"):
        frames.windows_of(windows(("n", "Ge 3p")), PARTS)


def test_a_table_without_regions_is_kept_whole_beside_windows():
    held = frames.frames(
        {
            "components": pa.Table.from_pandas(PARTS.assign(experiment="a"), preserve_index=False),
            "kinetics": table(experiment=["a"], model=["n"]),
        },
        {"experiment": "a", **windows(("m", "P 2p"))},
    )
    assert held["components"]["core_level"].tolist() == ["P 2p", "Ge 3p"]
    assert len(held["kinetics"]) == 1
