"""Rate laws through series: closed forms, scipy as a second library, simulate and recover, and every way to say no."""

import tracemalloc
from collections.abc import Sequence
from typing import Any

import lmfit
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import curve_fit

import synthetic_tables
from synthetic_tables import followed
from xps import kinetics, rate_laws, tables
from xps.errors import ConfigError
from xps.kinetics import regression
from xps.kinetics.verdicts import TESTED, Verdict, not_identified, not_testable, rejected
from xps.least_squares import Minimum

TIME = np.array([0.0, 300.0, 600.0, 900.0, 1200.0, 1800.0, 3000.0, 4200.0])
SIGMA = np.array([60.0, 50.0, 40.0, 60.0, 70.0, 30.0, 60.0, 55.0])
EXPONENTIAL = {"y_inf": 800.0, "y0": 5800.0, "k": 1e-3}
LAWS = ["linear", "exponential", "parabolic"]


# --- one law through one series ----------------------------------------------------------------------------------


def closed_form(basis: np.ndarray, y: np.ndarray, sigma: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Weighted linear regression from the normal equations, with absolute errors."""
    weight = np.diag(1 / sigma**2)
    covariance = np.linalg.inv(basis.T @ weight @ basis)
    found = covariance @ basis.T @ weight @ y
    return found, np.sqrt(np.diag(covariance)), float(np.sum(((y - basis @ found) / sigma) ** 2))


@pytest.mark.parametrize(("law", "clock"), [("linear", TIME), ("parabolic", np.sqrt(TIME))])
def test_linear_laws_equal_weighted_linear_regression(law: str, clock: np.ndarray):
    y = 100 + 3 * clock + np.random.default_rng(5).normal(0, SIGMA)
    values, stderrs, chi_square = closed_form(np.stack([np.ones(8), clock], axis=1), y, SIGMA)
    fit = regression.fit_law(law, TIME, y, SIGMA)
    np.testing.assert_allclose(fit.values, values, rtol=1e-7)
    np.testing.assert_allclose(fit.stderrs, stderrs, rtol=1e-6)
    assert fit.chi_square == pytest.approx(chi_square, rel=1e-9)
    assert fit.bic == pytest.approx(chi_square + 2 * np.log(8))
    assert fit.aicc == pytest.approx(chi_square + 4 + 12 / 5)
    np.testing.assert_allclose(np.ptp(fit.intervals, axis=1), 2 * 1.959964 * stderrs, rtol=1e-6)


def test_a_long_series_is_fitted_as_a_short_one_and_holds_little_memory(monkeypatch: pytest.MonkeyPatch):
    """All rates at once are 1200 times 4000 points, 77 MB for the basis alone; how they are cut changes no digit."""
    rng = np.random.default_rng(8)
    time = np.linspace(0.0, 4000.0, 4000)
    y = rate_laws.evaluate("exponential", EXPONENTIAL, time) + rng.normal(0.0, 50.0, time.size)
    tracemalloc.start()
    fit = regression.fit_law("exponential", time, y, np.full(time.size, 50.0))
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert held < 10e6
    np.testing.assert_allclose(fit.values, list(EXPONENTIAL.values()), rtol=0.05)
    monkeypatch.setattr(regression, "CELLS", 10**9)
    assert regression.fit_law("exponential", time, y, np.full(time.size, 50.0)) == fit


def test_constant_is_the_weighted_mean():
    y = np.random.default_rng(2).normal(5, SIGMA)
    fit = regression.fit_law("constant", TIME, y, SIGMA)
    assert fit.values[0] == pytest.approx(np.average(y, weights=SIGMA**-2))
    assert fit.stderrs[0] == pytest.approx(np.sum(SIGMA**-2.0) ** -0.5)


@pytest.mark.parametrize("law", ["linear", "parabolic", "exponential"])
def test_every_law_agrees_with_lmfit(law: str):
    truth = {"y0": 400.0, "r": 0.7, "a": 40.0} | (EXPONENTIAL if law == "exponential" else {})
    y = rate_laws.evaluate(law, truth, TIME) + np.random.default_rng(6).normal(0, SIGMA)
    parameters = lmfit.create_params(**{name: 1.3 * truth[name] for name in rate_laws.LAWS[law].parameters})
    best = lmfit.minimize(
        lambda p: (rate_laws.evaluate(law, p.valuesdict(), TIME) - y) / SIGMA, parameters, scale_covar=False
    )
    fit = regression.fit_law(law, TIME, y, SIGMA)
    np.testing.assert_allclose(fit.values, [p.value for p in best.params.values()], rtol=1e-4)
    np.testing.assert_allclose(fit.stderrs, [p.stderr for p in best.params.values()], rtol=2e-3)
    assert fit.chi_square == pytest.approx(best.chisqr, rel=1e-6)


def test_exponential_agrees_with_scipy():
    y = rate_laws.evaluate("exponential", EXPONENTIAL, TIME) + np.random.default_rng(8).normal(0, SIGMA)
    expected, covariance = curve_fit(
        lambda t, y_inf, y0, k: y_inf + (y0 - y_inf) * np.exp(-k * t),
        TIME, y, p0=(900, 5000, 2e-3), sigma=SIGMA, absolute_sigma=True, xtol=1e-14, ftol=1e-14,
    )  # fmt: skip
    fit = regression.fit_law("exponential", TIME, y, SIGMA)
    np.testing.assert_allclose(fit.values, expected, rtol=1e-5)
    np.testing.assert_allclose(fit.stderrs, np.sqrt(np.diag(covariance)), rtol=1e-3)


@given(st.floats(1e-3, 1e5), st.floats(1e-2, 1e4))
def test_units_of_value_and_time_only_rescale_the_answer(unit: float, second: float):
    y = rate_laws.evaluate("exponential", EXPONENTIAL, TIME) + 30 * np.cos(TIME)
    reference = regression.fit_law("exponential", TIME, y, SIGMA)
    scaled = regression.fit_law("exponential", TIME * second, y * unit, SIGMA * unit)
    factors = np.array([unit, unit, 1 / second])
    np.testing.assert_allclose(scaled.values, np.array(reference.values) * factors, rtol=1e-5)
    np.testing.assert_allclose(scaled.intervals, np.array(reference.intervals) * factors[:, None], rtol=1e-4)


@pytest.mark.parametrize(
    ("law", "truth"),
    [
        ("linear", {"y0": 400.0, "r": 0.7}),
        ("parabolic", {"y0": 400.0, "a": 40.0}),
        ("exponential", EXPONENTIAL),
    ],
)
def test_simulated_series_give_back_their_truth_with_honest_errors(law: str, truth: dict[str, float]):
    random = np.random.default_rng(1)
    names = rate_laws.LAWS[law].parameters
    pulls, inside = [], []
    for _ in range(200):
        y = rate_laws.evaluate(law, truth, TIME) + random.normal(0, SIGMA)
        fit = regression.fit_law(law, TIME, y, SIGMA)
        pulls.append([(v - truth[name]) / e for v, e, name in zip(fit.values, fit.stderrs, names, strict=True)])
        inside.append([low <= truth[name] <= high for (low, high), name in zip(fit.intervals, names, strict=True)])
    # 200 pulls: mean 0 ± 0.07, spread 1 ± 0.05, coverage 0.95 ± 0.015; four standard deviations are allowed
    assert np.all(np.abs(np.mean(pulls, axis=0)) < 0.28)
    assert np.all(np.abs(np.std(pulls, axis=0) - 1) < 0.2)
    assert np.all(np.abs(np.mean(inside, axis=0) - 0.95) < 0.06)


def test_profile_interval_of_the_rate_is_where_chi_square_rises_by_3_84():
    y = rate_laws.evaluate("exponential", EXPONENTIAL, TIME) + np.random.default_rng(4).normal(0, 6 * SIGMA)
    fit = regression.fit_law("exponential", TIME, y, 6 * SIGMA)
    for end in fit.intervals[2]:
        decay = np.exp(-end * TIME)
        _, _, chi_square = closed_form(np.stack([1 - decay, decay], axis=1), y, 6 * SIGMA)
        assert chi_square - fit.chi_square == pytest.approx(3.8415, abs=0.01)


def test_errors_are_not_rescaled_by_the_misfit():
    wild = 5 + 0.001 * TIME + np.array([1, -1, 1, -1, 1, -1, 1, -1])
    calm = regression.fit_law("linear", TIME, 5 + 0.001 * TIME, np.full(8, 0.1))
    misfit = regression.fit_law("linear", TIME, wild, np.full(8, 0.1))
    np.testing.assert_allclose(misfit.stderrs, calm.stderrs, rtol=1e-6)
    assert misfit.rejected
    assert misfit.verdict.reason.startswith("reduced chi square")


@pytest.mark.parametrize("law", list(rate_laws.LAWS))
def test_one_point_is_not_testable(law: str):
    fit = regression.fit_law(law, TIME[:1], np.ones(1), np.ones(1))
    assert fit.verdict == not_testable("one cycle")
    assert fit.bic is None


def test_four_points_leave_an_exponential_without_freedom_but_with_values():
    y = rate_laws.evaluate("exponential", EXPONENTIAL, TIME[:4])
    fit = regression.fit_law("exponential", TIME[:4], y, SIGMA[:4])
    assert fit.verdict == not_testable("4 points for 3 parameters leave no freedom for AICc")
    assert fit.aicc is None
    np.testing.assert_allclose(fit.values, (800, 5800, 1e-3), rtol=1e-4)


def test_too_few_different_axis_values_are_said():
    fit = regression.fit_law("linear", np.full(5, 60.0), np.arange(5.0), np.ones(5))
    assert fit.verdict == not_testable("1 different axis value for 2 parameters")


def test_parabolic_refuses_negative_times():
    fit = regression.fit_law("parabolic", TIME - 100, np.ones(8), np.ones(8))
    assert fit.verdict == not_testable("the axis has negative values")


def test_an_exponential_through_a_straight_line_is_not_identified():
    fit = regression.fit_law("exponential", TIME, 100 + 0.5 * TIME, SIGMA)
    assert fit.verdict == not_identified("k runs towards zero (a straight line is as good)")
    assert fit.values == ()


@pytest.mark.parametrize("level", [0.0, 3.0, 1e6])
def test_an_exponential_through_a_constant_is_not_identified(level: float):
    fit = regression.fit_law("exponential", TIME, np.full(8, level), SIGMA)
    assert fit.verdict == not_identified("every k is as good (the points do not change)")


def test_a_step_is_not_called_a_rate():
    fit = regression.fit_law("exponential", TIME, np.where(TIME > 0, 1.0, 0.0), np.full(8, 0.01))
    assert fit.verdict == not_identified("k runs towards infinity (a step before the second point)")


@pytest.mark.parametrize("points", [2_000, 20_000])
def test_intervals_of_a_long_series_are_those_of_its_curvature(points):
    """So many points leave nothing but a parabola, narrower than the steps in which rates are tried first."""
    time = np.linspace(0.0, 1000.0, points)
    y = 1000.0 - 900.0 * np.exp(-time / 200.0) + np.random.default_rng(5).normal(0.0, 4.0, points)
    fit = regression.fit_law("exponential", time, y, np.full(points, 4.0))
    half = 1.959964 * np.array(fit.stderrs)
    expected = np.stack([fit.values - half, fit.values + half], axis=1)
    assert np.max(np.abs(np.array(fit.intervals) - expected) / half[:, None]) < 0.02


def test_an_open_interval_is_empty_and_said():
    y = 1000 + 0.5 * TIME - 1.0e-5 * TIME**2
    fit = regression.fit_law("exponential", TIME, y, SIGMA)
    assert fit.tested
    assert fit.intervals[2][0] is None
    assert fit.intervals[0] == (None, None)
    assert "open towards zero" in fit.condition


def test_zeros_are_a_line_of_zeros():
    fit = regression.fit_law("linear", TIME, np.zeros(8), SIGMA)
    assert fit.tested
    np.testing.assert_allclose(fit.values, 0, atol=1e-12)


# --- choice ------------------------------------------------------------------------------------------------------


def fitted(law: str, chi_square: float, values: int = 2, verdict: Verdict = TESTED) -> regression.LawFit:
    return regression.LawFit(law, verdict, 8, (1.0,) * values, (1.0,) * values, ((0, 1),) * values, chi_square)


def test_a_clear_winner_is_chosen_and_the_others_are_not():
    assert regression.choices([fitted("linear", 3.0), fitted("parabolic", 20.0)], null_bic=500.0) == ["yes", "no"]


def test_a_gap_below_six_is_undecided():
    laws = [fitted("linear", 3.0), fitted("parabolic", 8.9), fitted("exponential", 60.0, 3)]
    assert regression.choices(laws, null_bic=500.0) == ["undecided", "undecided", "no"]


def test_nothing_is_chosen_when_a_constant_is_as_good():
    laws = [fitted("linear", 3.0), fitted("parabolic", 20.0)]
    assert regression.choices(laws, null_bic=8.0) == ["undecided", "no"]


def test_a_rejected_rival_counts_as_beaten_unless_its_bic_is_as_good():
    far, near = fitted("parabolic", 90.0, verdict=rejected("x")), fitted("constant", 8.0, 1, verdict=rejected("x"))
    assert regression.choices([fitted("linear", 3.0), far], null_bic=500.0) == ["yes", "no"]
    assert regression.choices([fitted("linear", 3.0), near], null_bic=500.0) == ["undecided", "no"]


@pytest.mark.parametrize(("null_bic", "choice"), [(500.0, "yes"), (8.0, "undecided"), (None, "undecided")])
def test_a_law_configured_alone_has_only_the_constant_to_beat(null_bic: float | None, choice: str):
    assert regression.choices([fitted("linear", 3.0)], null_bic) == [choice]


def test_a_law_whose_rivals_could_not_be_tested_is_not_chosen():
    laws = [fitted("linear", 3.0), fitted("exponential", 1.0, 3, verdict=not_identified("x"))]
    assert regression.choices(laws, null_bic=500.0) == ["undecided", "undecided"]


def test_a_perfect_line_is_found_by_the_only_configured_law():
    y = 100 + 0.5 * TIME + np.random.default_rng(3).normal(0, SIGMA)
    table = followed(acquisition_table(TIME), component_table(y, SIGMA), "plating_time_s", ["linear"])
    assert {row["chosen"] for row in rows(table, quantity="area_cps_ev")} == {"yes"}
    flat = component_table(100 + 0 * TIME, SIGMA)
    table = followed(acquisition_table(TIME), flat, "plating_time_s", ["linear"])
    assert {row["chosen"] for row in rows(table, quantity="area_cps_ev")} == {"undecided"}


def test_a_rejected_law_is_not_chosen_and_an_untestable_one_stays_undecided():
    laws = [fitted("linear", 90.0, verdict=rejected("x")), fitted("exponential", 3.0, 3, verdict=not_testable("x"))]
    assert regression.choices(laws, null_bic=500.0) == ["no", "undecided"]


# --- tables ------------------------------------------------------------------------------------------------------


def component_table(values: Sequence[float | None], stderrs: Sequence[float | None], **more: Any) -> pa.Table:
    keys = {"experiment": "e", "model": "m", "region": "R", "component": "A 1s", "core_level": "A 1s"}
    naming = {"species": "A", "line": "A 1s", **keys, **more}
    return tables.from_rows(
        "components",
        [
            {**naming, "acquisition": index, "area_cps_ev": value, "area_stderr_cps_ev": stderr}
            for index, (value, stderr) in enumerate(zip(values, stderrs, strict=True))
        ],
    )


def acquisition_table(times: Sequence[float | None], excluded: Sequence[int] = (), **more: Any) -> pa.Table:
    fixed = {
        "experiment": "e", "region": "R", "core_levels": ["A 1s"], "source_file": "raw:a", "source_sha256": "0",
        "source_cycle": 0, "time_origin": "log", "channels": 3, "data_origin": "measured", "warnings": [],
    }  # fmt: skip
    return tables.from_rows(
        "acquisitions",
        [
            {
                **fixed, "acquisition": index, "start_time_s": 1000.0 * index, "end_time_s": 1000.0 * index + 200,
                "plating_time_s": time, "excluded": index in excluded, **more,
            }
            for index, time in enumerate(times)
        ],
    )  # fmt: skip


def rows(table: pa.Table, **wanted: str) -> list[dict[str, Any]]:
    return [row for row in table.to_pylist() if all(row[key] == value for key, value in wanted.items())]


def test_rows_carry_keys_units_window_and_the_fit_of_the_points():
    y = 100 + 0.5 * TIME + np.random.default_rng(3).normal(0, SIGMA)
    table = followed(acquisition_table(TIME), component_table(y, SIGMA), "plating_time_s", ["linear", "parabolic"])
    found = rows(table, quantity="area_cps_ev", law="linear")
    direct = regression.fit_law("linear", TIME, y, SIGMA)
    assert [row["parameter"] for row in found] == ["y0", "r"]
    assert [row["value"] for row in found] == list(direct.values)
    assert [row["stderr"] for row in found] == list(direct.stderrs)
    assert [(row["low"], row["high"]) for row in found] == list(direct.intervals)
    assert [row["unit"] for row in found] == ["counts/s·eV", "(counts/s·eV)/s"]
    assert {row["window"] for row in found} == {"plating_time_s 0 to 4200, 8 points"}
    assert {(row["model"], row["core_level"], row["component"]) for row in found} == {("m", "A 1s", "A 1s")}
    assert {row["chosen"] for row in found} == {"yes"}
    assert {row["unit"] for row in rows(table, law="parabolic", parameter="a")} == {"(counts/s·eV)/√s"}
    assert {row["chosen"] for row in rows(table, law="parabolic", quantity="area_cps_ev")} == {"no"}


def test_start_time_axis_uses_the_middle_of_the_region_and_says_when_it_is_a_lower_bound():
    acquired = acquisition_table([None] * 5, time_origin="computed")
    table = followed(acquired, component_table([1.0, 2, 3, 4, 5], [0.1] * 5), "start_time_s", ["linear"])
    slope = rows(table, quantity="area_cps_ev", parameter="r")[0]
    assert slope["value"] == pytest.approx(1e-3)
    assert slope["window"] == "start_time_s 100 to 4100, 5 points"
    assert slope["condition"] == "the axis is computed from live times: a lower bound"
    offset = rows(table, quantity="area_cps_ev", parameter="y0")[0]
    assert offset["value"] == pytest.approx(0.9)


def test_failed_untimed_unweighted_and_excluded_points_are_left_out_and_counted():
    values = [10.0, None, 30, 40, 50, 60, 70, 999]
    stderrs = [1.0, None, 1, 0.0, None, 1, 1, 1]
    acquired = acquisition_table([0, 1, None, 3, 4, 5, 6, 7], excluded=[7])
    table = followed(acquired, component_table(values, stderrs), "plating_time_s", ["linear"])
    slope = rows(table, quantity="area_cps_ev", parameter="r")[0]
    assert slope["window"] == "plating_time_s 0 to 6, 3 points"
    assert slope["condition"] == (
        "1 of 7 acquisitions left out: no value (failed fit); 1 of 7 acquisitions left out: no plating_time_s; "
        "2 of 7 acquisitions left out: no standard error"
    )


def without(acquired: pa.Table, *regions: tuple[int, str]) -> pa.Table:
    held = zip(acquired.column("acquisition").to_pylist(), acquired.column("region").to_pylist(), strict=True)
    return acquired.filter(pa.array([key not in regions for key in held]))


def test_a_level_that_was_not_measured_is_no_failed_fit():
    """Story: a cycle without its Li 1s region was told as a failed fit."""
    y: list[float | None] = [100.0, 130.0, 160.0, None, 220.0, 250.0]
    acquired = without(acquisition_table(np.arange(6.0)), (3, "R"))
    table = followed(acquired, component_table(y, [1.0] * 6), "plating_time_s", ["linear"])
    slope = rows(table, quantity="area_cps_ev", parameter="r")[0]
    assert slope["condition"] == "1 of 6 acquisitions left out: not measured"
    assert slope["value"] == pytest.approx(30.0)


def test_a_level_whose_partner_was_not_measured_says_so():
    """In a joint model one missing region leaves the others without a fit too."""
    acquired = pa.concat_tables([acquisition_table(np.arange(6.0)), acquisition_table(np.arange(6.0), region="S")])
    y: list[float | None] = [100.0, 130.0, None, 190.0, 220.0, 250.0]
    both = [component_table(y, [1.0] * 6), component_table(y, [1.0] * 6, component="B 1s", region="S")]
    table = followed(without(acquired, (2, "S")), pa.concat_tables(both), "plating_time_s", ["linear"])
    told = {row["component"]: row["condition"] for row in rows(table, quantity="area_cps_ev", parameter="r")}
    assert told == {
        "A 1s": "1 of 6 acquisitions left out: another level of its model was not measured",
        "B 1s": "1 of 6 acquisitions left out: not measured",
    }


def test_a_component_that_is_no_species_has_no_share_to_follow():
    table = followed(acquisition_table(TIME), component_table([1.0] * 8, [0.1] * 8), "plating_time_s", ["linear"])
    (share,) = rows(table, quantity="area_fraction")
    assert (share["verdict"], share["reason"]) == not_testable("no value in any acquisition")
    assert share["condition"] == "8 of 8 acquisitions left out: no share (not counted among the species of its level)"


@pytest.mark.parametrize(
    ("times", "values", "stderrs", "reason"),
    [
        ([None, None], [1.0, 2.0], [0.1, 0.1], "no acquisition has a plating_time_s"),
        ([0, 1], [None, None], [None, None], "no value in any acquisition"),
        ([0, 1], [1.0, 1.0], [0.0, None], "no point has a standard error"),
        ([0], [1.0], [0.1], "one cycle"),
    ],
)
def test_what_cannot_be_tested_is_a_row_with_its_reason(times: Any, values: Any, stderrs: Any, reason: str):
    table = followed(acquisition_table(times), component_table(values, stderrs), "plating_time_s", LAWS)
    found = rows(table, quantity="area_cps_ev")
    assert [row["law"] for row in found] == LAWS
    for row in found:
        assert row["verdict"] == "not_testable"
        assert row["reason"].startswith(reason)
        assert (row["parameter"], row["value"], row["bic"], row["chosen"]) == ("", None, None, "undecided")


def test_a_change_that_noise_could_make_is_called_unproven():
    y = 100 + np.random.default_rng(0).normal(0, SIGMA)
    table = followed(acquisition_table(TIME), component_table(y, SIGMA), "plating_time_s", LAWS)
    for row in rows(table, quantity="area_cps_ev"):
        assert row["chosen"] != "yes"
        if row["verdict"] == "tested":
            assert "no change proven" in row["condition"]


@pytest.mark.parametrize(
    ("detected", "chosen"),
    [
        ([True] * 8, "yes"),
        ([True] * 3 + [False] * 5, "yes"),
        ([True] * 2 + [False] * 6, "undecided"),
        ([None] * 8, "yes"),
    ],
)
def test_limits_alone_choose_no_law(detected: list[bool | None], chosen: str):
    y = 100 + 0.5 * TIME + np.random.default_rng(3).normal(0, SIGMA)
    components = component_table(y, SIGMA)
    position = components.schema.get_field_index("detected")
    flags = components.set_column(position, components.schema.field(position), pa.array(detected, pa.bool_()))
    table = followed(acquisition_table(TIME), flags, "plating_time_s", ["linear", "parabolic"])
    for row in rows(table, quantity="area_cps_ev", law="linear"):
        assert row["chosen"] == chosen
        few = "detected in 2 of 8 points only: too few to choose a law"
        assert (row["condition"] == few) is (chosen == "undecided")


def test_a_search_without_an_end_is_a_row(monkeypatch: pytest.MonkeyPatch):
    def lost(*_: Any, **__: Any) -> Minimum:
        return Minimum(np.ones(3), 1.0, np.ones((8, 3)), False)

    monkeypatch.setattr("xps.kinetics.regression.minimum", lost)
    y = rate_laws.evaluate("exponential", EXPONENTIAL, TIME)
    table = followed(acquisition_table(TIME), component_table(y, SIGMA), "plating_time_s", ["exponential"])
    row = rows(table, quantity="area_cps_ev")[0]
    failed = not_testable("the fit failed (no minimum was reached, or a flat one)")
    assert (row["verdict"], row["reason"]) == failed


def test_a_whole_series_gives_rows_for_every_component_and_quantity_in_table_order():
    given_tables = synthetic_tables.make(synthetic_tables.long_series())
    table = followed(given_tables["acquisitions"], given_tables["components"], "sputter_time_s", LAWS)
    names = dict.fromkeys(given_tables["components"].column("component").to_pylist())
    assert list(dict.fromkeys(table.column("component").to_pylist())) == list(names)
    assert set(table.column("quantity").to_pylist()) == set(kinetics.QUANTITIES)
    assert pc.all(pc.is_in(table.column("law"), value_set=pa.array(LAWS))).as_py()
    # a single component's share is always 1: it has no standard error and follows no law
    assert {row["value"] for row in rows(table, component="C-C", quantity="area_fraction")} == {None}


def test_the_same_tables_give_the_same_rows():
    given_tables = synthetic_tables.make(synthetic_tables.vep_series())
    first, second = (
        followed(given_tables["acquisitions"], given_tables["components"], "plating_time_s", LAWS) for _ in range(2)
    )
    assert tables.content_sha256(first) == tables.content_sha256(second)


def test_unknown_axis_and_law_are_refused():
    empty = tables.from_rows("acquisitions", []), tables.from_rows("components", [])
    with pytest.raises(ConfigError, match="axis 'cycles' is not known; axes are plating_time_s"):
        followed(*empty, "cycles", LAWS)
    with pytest.raises(ConfigError, match=r"laws \['cubic'\] are not known; laws are constant, linear"):
        followed(*empty, "plating_time_s", ["linear", "cubic"])


def test_empty_tables_give_an_empty_table():
    empty = tables.from_rows("acquisitions", []), tables.from_rows("components", [])
    assert followed(*empty, "plating_time_s", LAWS).num_rows == 0


@pytest.mark.parametrize(("chi_square", "freedom"), [(10.0, 8), (26.1, 8), (26.2, 8), (1e4, 3)])
def test_a_law_is_rejected_where_its_points_would_be_so_far_off_once_in_a_thousand(chi_square: float, freedom: int):
    said = regression.verdict_of(chi_square, freedom)
    probability = scipy.stats.chi2.sf(chi_square, freedom)
    assert (said != TESTED) == (probability < 1e-3)
    if said != TESTED:
        told = f"p = {probability:.1g}" if probability > 0.0 else "p < 1e-99"
        assert said == rejected(f"reduced chi square {chi_square / freedom:.3g} ({told})")
