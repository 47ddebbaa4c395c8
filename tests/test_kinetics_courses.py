"""Courses of growth laws: through the points, with bands that hold the truth; profiles that are what intervals say."""

from typing import Any

import numpy as np
import pytest

import test_kinetics_growth as simulated
import test_kinetics_mechanisms as twin
from xps import kinetics, tables
from xps.kinetics import courses, growth
from xps.kinetics.estimation import Estimate, Range, estimate
from xps.kinetics.growth_laws import Plating, course
from xps.quantiles import RISE_TWO_SIDED_95

TRUTH = {"k0": 155.0, "xi": 0.8}
DOSES = (Plating(10.0, 15.0, 0.3), Plating(60.0, 80.0, 0.3))


def fitted(seed: int | None, law: str = "direct_log", error: float = 0.02) -> tuple[growth.Course, Estimate]:
    made = simulated.made("direct_log", TRUTH, simulated.LAGP, seed, error=error)
    return made, growth.fits(made, [law])[1][0]


def test_the_grid_shows_every_dose_and_pause_and_ends_with_the_last_window() -> None:
    times = courses.grid_min(DOSES, 130.0)
    assert {10.0, 15.0, 60.0, 80.0, 130.0} <= set(times.tolist())
    assert np.all(np.diff(times) > 0)
    assert all(np.sum((times > low) & (times < high)) >= 2 for low, high in ((10, 15), (15, 60), (60, 80), (80, 130)))
    assert courses.grid_min(DOSES, 70.0)[-1] == 80.0  # a dose after the last window is shown whole


def test_plating_time_stands_still_between_doses() -> None:
    plated = courses.plated_min(DOSES, np.array([0.0, 10.0, 12.0, 15.0, 40.0, 60.0, 70.0, 200.0]))
    np.testing.assert_allclose(plated, [0, 0, 2, 5, 5, 5, 15, 25])


def test_a_course_passes_through_points_without_noise() -> None:
    made, found = fitted(None)
    middles = made.windows_min.mean(axis=1)
    drawn = courses.band(made, "direct_log", found, middles)
    np.testing.assert_allclose(drawn.value, made.thickness_nm, rtol=0.005)
    assert np.all(drawn.low <= drawn.value)
    assert np.all(drawn.value <= drawn.high)


def test_the_band_holds_the_true_course_as_often_as_it_says() -> None:
    times = courses.grid_min(simulated.DOSES, simulated.WINDOWS[-1, 1])[1:]
    inside = []
    for seed in range(8):
        made, found = fitted(seed)
        less = [dose._replace(supply_nm_min=0.05 * dose.supply_nm_min) for dose in simulated.DOSES]
        true, _ = course("direct_log", TRUTH, simulated.LAGP, less, times)
        drawn = courses.band(made, "direct_log", found, times)
        inside.append(np.mean((drawn.low <= true) & (true <= drawn.high)))
    # Pointwise 95 %; points of one course hang together, so 8 courses tell it to about 8 %.
    assert 0.8 < np.mean(inside) <= 1.0


def test_the_band_is_no_wider_than_the_points_it_rests_on() -> None:
    made, found = fitted(3)
    drawn = courses.band(made, "direct_log", found, made.windows_min.mean(axis=1))
    assert np.all(drawn.high - drawn.low < 2 * 1.96 * np.hypot(0.02, growth.MODEL_FLOOR) * made.thickness_nm)
    noisy, more = fitted(3, error=0.1)
    wide = courses.band(noisy, "direct_log", more, made.windows_min.mean(axis=1))
    assert np.all(wide.high - wide.low > drawn.high - drawn.low)


def test_a_profile_crosses_the_threshold_at_the_ends_of_the_interval() -> None:
    def residual(values: Any) -> np.ndarray:
        return np.array([(np.log(values["a"]) - 1.0) / 0.2, (np.log(values["a"] * values["b"]) - 2.0) / 0.1])

    found = estimate(residual, {"a": Range(1e-3, 1e3, (1.0,)), "b": Range(1e-3, 1e3, (1.0,))})
    for name, spread in (("a", 0.2), ("b", np.hypot(0.2, 0.1))):
        trials = [trial for trial in found.trials if trial.parameter == name]
        values = [trial.values[name] for trial in trials]
        assert values == sorted(values)
        # A quadratic likelihood in the logarithms: the closed form of its profile.
        expected = [(np.log(value / found.values[name]) / spread) ** 2 for value in values]
        np.testing.assert_allclose([trial.rise for trial in trials], expected, atol=1e-6)
        assert sum(trial.rise > RISE_TWO_SIDED_95 for trial in trials) >= 2
    covariance = [[0.04, -0.04], [-0.04, 0.05]]
    np.testing.assert_allclose(found.log_covariance, covariance, rtol=1e-5)


def test_an_open_end_is_a_profile_that_stays_below_the_threshold() -> None:
    found = estimate(lambda v: np.array([max(0.0, 2.0 - v["k"])]), {"k": Range(0.1, 100.0, (5.0,))})
    above = [trial for trial in found.trials if trial.values["k"] > found.values["k"]]
    assert found.intervals["k"][1] is None
    assert max(trial.values["k"] for trial in above) == pytest.approx(100.0)
    assert max(trial.rise for trial in above) < RISE_TWO_SIDED_95


def test_a_series_gives_courses_and_profiles_that_agree_with_its_kinetics() -> None:
    wanted = {"laws": ["linear"], "growth": twin.GROWTH}
    series = twin.series("fig2a_LGPS_VEP", "LGPS")
    made = kinetics.follow(series, "plating_time_s", wanted)
    drawn, profiles = made["courses"].to_pandas(), made["profiles"].to_pandas()
    rates = made["kinetics"].to_pandas()
    rates = rates[(rates["quantity"] == "thickness_nm") & (rates["verdict"] == "tested")]
    assert list(dict.fromkeys(drawn["law"])) == list(dict.fromkeys(rates["law"])) == ["supply", "direct_log"]
    for law, rows in drawn.groupby("law"):
        assert set(rows["chosen"]) == set(rates.loc[rates["law"] == law, "chosen"])
        assert rows["start_time_s"].is_monotonic_increasing
        assert rows["plating_time_s"].iloc[-1] == pytest.approx(4200.0)
    for (law, name), rows in profiles.groupby(["law", "parameter"]):
        rate = rates[(rates["law"] == law) & (rates["parameter"] == name)].iloc[0]
        assert rows.loc[rows["value"].eq(rate["value"]), "deviance_rise"].tolist() == [0.0]
        if np.isfinite(rate["low"]):
            inside = rows["value"].between(rate["low"] * 1.001, rate["high"] * 0.999)
            assert (rows.loc[inside, "deviance_rise"] < RISE_TWO_SIDED_95 * 1.01).all()
    thick = series.found.places["layers"].to_pandas().set_index("acquisition")["thickness_nm"].dropna()
    supply = drawn[drawn["law"] == "supply"].drop_duplicates("plating_time_s", keep="last")
    at = np.interp(300.0, supply["plating_time_s"], supply["value"])
    assert at == pytest.approx(thick.loc[1], rel=0.05)


def test_a_law_that_was_not_fitted_has_no_course() -> None:
    made, _ = fitted(None)
    assert list(courses.course_rows(made, "supply", Estimate(), {})) == []
    assert tables.from_rows("courses", []).num_rows == 0
