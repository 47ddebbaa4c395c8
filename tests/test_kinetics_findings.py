"""What fits come to in the tables: rows of parameters and profiles, generic laws per component, one series' tables."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from test_kinetics_series import acquired, fitted, series
from xps import kinetics, rate_laws, tables
from xps.kinetics import component_laws
from xps.kinetics.estimation import Estimate, Range, Trial, estimate
from xps.kinetics.findings import Findings, parameter_rows, profile_rows, window_words
from xps.kinetics.regression import BIC_GAP, LawFit, choices, fit_law
from xps.kinetics.verdicts import TESTED, not_testable

UNITS = {"k": "nm/min", "K": "nm²/min"}


# --- rows ------------------------------------------------------------------------------------------------------------


def test_a_fit_is_a_row_per_parameter_with_its_unit_and_open_ends_empty() -> None:
    fit = LawFit("linear", TESTED, 7, (2.0, 30.0), (0.1, np.inf), ((1.8, 2.2), (5.0, None)), 6.0)
    rows = list(parameter_rows(fit, UNITS, {"law": "linear"}))
    assert [(row["parameter"], row["unit"], row["value"]) for row in rows] == [
        ("k", "nm/min", 2.0),
        ("K", "nm²/min", 30.0),
    ]
    assert [(row["stderr"], row["low"], row["high"]) for row in rows] == [(0.1, 1.8, 2.2), (None, 5.0, None)]
    assert {row["verdict"] for row in rows} == {"tested"}


def test_a_law_that_was_not_fitted_is_one_row_with_the_reason() -> None:
    (row,) = parameter_rows(LawFit("linear", not_testable("one cycle"), 1), UNITS, {"law": "linear"})
    assert (row["parameter"], row["verdict"], row["reason"]) == ("", "not_testable", "one cycle")
    assert "value" not in row


def test_profiles_hold_the_points_of_the_parameters_that_have_a_unit() -> None:
    trials = (Trial("k", {"k": 1.0, "scale": 2.0}, 0.5), Trial("scale", {"k": 1.1, "scale": 3.0}, 0.7))
    rows = list(profile_rows(Estimate({"k": 1.0, "scale": 2.0}, trials=trials), UNITS, {"law": "linear"}))
    assert [(row["parameter"], row["unit"], row["value"], row["deviance_rise"]) for row in rows] == [
        ("k", "nm/min", 1.0, 0.5)
    ]


def test_a_profile_of_a_normal_number_is_its_parabola() -> None:
    """χ² of one measurement y ± σ of a itself rises as (a - y)²/σ²; the interval ends where that is 3.84."""
    found = estimate(lambda values: np.array([(values["a"] - 5.0) / 0.5]), {"a": Range(0.1, 50.0, (1.0,))})
    rows = list(profile_rows(found, {"a": "nm"}, {}))
    for row in rows:
        assert row["deviance_rise"] == pytest.approx((row["value"] - 5.0) ** 2 / 0.25, abs=2e-3)
    assert found.intervals["a"] == (pytest.approx(5.0 - 0.98, abs=1e-3), pytest.approx(5.0 + 0.98, abs=1e-3))


def test_findings_join_table_by_table_and_in_order() -> None:
    one, other = Findings([{"a": 1}], [{"b": 1}]), Findings([{"a": 2}], [], [{"c": 2}])
    assert one.joined(other) == Findings([{"a": 1}, {"a": 2}], [{"b": 1}], [{"c": 2}])
    assert window_words(np.array([[3.0, 5.5], [60.0, 71.0]])) == "clock 3 to 71 min, 2 points"


# --- generic laws ----------------------------------------------------------------------------------------------------

NUMBERS = range(6)


def areas(values: Any) -> dict[int, float | None]:
    return dict(zip(NUMBERS, map(float, values), strict=True))


def laws(table: pa.Table, components: pa.Table, axis: str = "plating_time_s") -> list[dict[str, Any]]:
    rows = component_laws.rows(series(table, components), axis, ["linear", "exponential", "parabolic"])
    return tables.from_rows("kinetics", rows).to_pylist()


EVERY = acquired({number: ["R"] for number in NUMBERS})


@settings(max_examples=10)
@given(st.floats(-20.0, 20.0), st.floats(100.0, 1e4))
def test_rows_are_those_of_the_laws_through_the_points(slope: float, start: float) -> None:
    """Time is 60 s per cycle, errors are 1: row by row what the fit of the same numbers says."""
    values = start + slope * np.arange(6.0) ** 0.9
    rows = [row for row in laws(EVERY, fitted(("A", "R", areas(values)))) if row["quantity"] == "area_cps_ev"]
    times = 60.0 * np.arange(6.0)
    fits = [fit_law(law, times, values, np.ones(6)) for law in ("linear", "exponential", "parabolic")]
    null = fit_law("constant", times, values, np.ones(6)).bic
    for fit, choice in zip(fits, choices(fits, null), strict=True):
        own = [row for row in rows if row["law"] == fit.law]
        assert tuple(row["value"] for row in own if row["parameter"]) == pytest.approx(fit.values)
        assert {row["chosen"] for row in own} == {choice}
        assert {row["bic"] for row in own} == {fit.bic}
        names = list(rate_laws.LAWS[fit.law].parameters) if fit.values else [""]
        assert [row["parameter"] for row in own] == names


def test_units_are_those_of_the_quantity_over_the_law_s_power_of_time() -> None:
    values = 500.0 * np.exp(-np.arange(6.0) / 2.0) + 100.0
    rows = laws(EVERY, fitted(("A", "R", areas(values))))
    units = {(row["quantity"], row["law"], row["parameter"]): row["unit"] for row in rows}
    assert units["area_cps_ev", "linear", "r"] == "(counts/s·eV)/s"
    assert units["area_cps_ev", "parabolic", "a"] == "(counts/s·eV)/√s"
    assert units["area_cps_ev", "exponential", "k"] == "1/s"
    assert units["area_fraction", "linear", "r"] == "1/s"


def test_two_laws_within_six_of_each_other_are_both_undecided() -> None:
    """Over a short way a straight line and an exponential are one: no law may be called the right one."""
    values = 1000.0 * np.exp(-0.02 * np.arange(6.0)) + np.array([0.5, -0.5, 0.2, -0.2, 0.4, -0.4])
    rows = [row for row in laws(EVERY, fitted(("A", "R", areas(values)))) if row["quantity"] == "area_cps_ev"]
    bics = {row["law"]: row["bic"] for row in rows if row["bic"] is not None}
    best = min(bics, key=lambda law: bics[law])
    near = [law for law in bics if bics[law] - bics[best] < BIC_GAP]
    assert len(near) > 1
    assert {row["chosen"] for row in rows if row["law"] in near} == {"undecided"}
    assert all(row["chosen"] == "no" for row in rows if row["law"] in bics and row["law"] not in near)


def test_each_component_is_followed_on_its_own_region_s_clock() -> None:
    """Two regions of one cycle are minutes apart: on the clock the same rise gives other times, the same slope."""
    both = {number: ["R", "S"] for number in NUMBERS}
    values = areas(100.0 + 50.0 * np.arange(6.0))
    rows = laws(acquired(both), fitted(("A", "R", values), ("B", "S", values)), "start_time_s")
    slopes = {
        row["component"]: row["value"] for row in rows if (row["quantity"], row["parameter"]) == ("area_cps_ev", "r")
    }
    starts = {
        row["component"]: row["value"]
        for row in rows
        if (row["quantity"], row["law"], row["parameter"]) == ("area_cps_ev", "linear", "y0")
    }
    assert slopes["A"] == pytest.approx(0.05)
    assert slopes["B"] == pytest.approx(0.05)
    assert starts["A"] - starts["B"] == pytest.approx(0.05 * 600.0)  # S is measured ten minutes after R


def test_a_series_without_components_has_empty_tables() -> None:
    made = kinetics.follow(series(EVERY, fitted()), "plating_time_s", {"laws": ["linear"]})
    assert {name: table.num_rows for name, table in made.items()} == {"kinetics": 0, "courses": 0, "profiles": 0}


def test_a_comparison_of_nothing_has_empty_tables() -> None:
    made = kinetics.compare({}, {}, {})
    assert {name: table.num_rows for name, table in made.items()} == {"kinetics": 0, "profiles": 0}
