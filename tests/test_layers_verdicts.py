"""What rows of films say: which thickness hangs on the coverage, which has no limit; what was measured."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from test_kinetics_series import acquired, fitted
from xps.layers import verdicts
from xps.layers.stack import Stack, Thicknesses, thicknesses
from xps.layers.tracers import Measured, untestable
from xps.quantiles import ONE_SIDED_95

SEI = {"layer": "SEI", "phase": "LAGP-A"}
ISLANDS = {"layer": "Li0", "phase": "Li", "patches": True}
CLOSED = {"layer_model": "layers"}
PATCHY = {"layer_model": "patchy", "coverages": [0.5, 1.0]}


def solved(*values: float, stderr: float = 0.1, success: bool = True, misfit: float = 0.0) -> Thicknesses:
    value = np.array(values)
    return Thicknesses(value, np.full(value.size, stderr), 0.15 * value, success, misfit)


# --- coverage --------------------------------------------------------------------------------------------------------


@given(st.floats(0.1, 20.0), st.floats(0.3, 1.0), st.floats(0.0, 1.0))
def test_amounts_agree_where_they_differ_by_less_than_30_percent_of_their_mean(
    amount: float, coverage: float, change: float
) -> None:
    """Islands of twice the thickness on half of the surface are the same amount."""
    answers = [solved(amount / coverage), solved(amount * (1.0 + change))]
    (agrees,) = verdicts.agreement([ISLANDS], [coverage, 1.0], answers)
    assert agrees is bool(change <= 0.3 * (1.0 + change / 2.0))


def test_a_closed_film_is_compared_by_its_thickness_and_next_to_nothing_always_agrees() -> None:
    films = [ISLANDS, SEI]
    answers = [solved(1e-4, 5.0), solved(5e-4, 5.1)]
    assert verdicts.agreement(films, [0.5, 1.0], answers) == [True, True]
    assert verdicts.agreement(films, [0.5, 1.0], [solved(2.0, 5.0), solved(2.0, 8.0)]) == [False, False]


def test_the_shape_is_known_only_where_a_closed_film_is_refused() -> None:
    told = {
        misfits: verdicts.shape([0.2, 1.0], [solved(1.0, misfit=one) for one in misfits], True)
        for misfits in ((0.0, 0.0), (9.0, 0.0), (0.0, 9.0))
    }
    assert told[0.0, 0.0]["verdict"] == told[9.0, 0.0]["verdict"] == "not_identified"
    assert "coverage 0.2 cannot make these areas" in told[9.0, 0.0]["condition"]
    assert told[0.0, 9.0]["verdict"] == "conditional"
    assert told[0.0, 9.0]["condition"].startswith("a closed film is refused")
    nothing = verdicts.shape([0.2, 1.0], [solved(0.0), solved(0.0)], False)
    assert nothing["verdict"] == "not_testable"


# --- one film --------------------------------------------------------------------------------------------------------


def row(answer: Thicknesses, film: dict[str, Any] = SEI, declared: dict[str, Any] = CLOSED, agree: bool = True) -> Any:
    return verdicts.film_row(film, 0, 0.5, answer, declared, agree)


@given(st.floats(0.0, 30.0), st.floats(0.01, 40.0))
def test_a_thick_film_with_a_larger_error_has_no_upper_limit(value: float, stderr: float) -> None:
    found = row(solved(value, stderr=stderr))
    beyond = stderr > value > verdicts.LEAST_BURIED_NM
    assert ("thickness_nm" in found) is not beyond
    assert found["verdict"] == ("not_identified" if beyond else "conditional")
    assert ("no upper limit" in found["condition"]) is beyond
    if not beyond:
        assert (found["thickness_nm"], found["thickness_stderr_nm"]) == (value, stderr)
        assert found["thickness_imfp_stderr_nm"] == pytest.approx(0.15 * value)


def test_a_film_that_no_line_feels_or_no_search_finds_has_no_thickness() -> None:
    unfelt = row(Thicknesses(np.array([3.0]), np.array([np.nan]), np.array([0.5]), True, 0.0))
    assert (unfelt["verdict"], "thickness_nm" in unfelt) == ("not_identified", False)
    lost = row(solved(3.0, success=False))
    assert lost["condition"] == "the thicknesses could not be solved for"


def test_patches_say_that_their_share_is_declared_and_what_hangs_on_it() -> None:
    found = row(solved(3.0), ISLANDS, PATCHY, agree=False)
    assert (found["coverage_fraction"], found["patch_coverage_fraction"], found["verdict"]) == (
        0.5,
        0.5,
        "not_identified",
    )
    assert "patches on a share 0.5 of the surface, which is declared and not measured" in found["condition"]
    assert "differs by more than 30% between coverages 0.5 and 1" in found["condition"]
    below = row(solved(3.0), SEI, PATCHY)
    assert (below["coverage_fraction"], below["patch_coverage_fraction"], below["verdict"]) == (1.0, 0.5, "conditional")


def test_a_film_without_an_upper_limit_is_as_thick_at_least_as_a_weaker_line_says() -> None:
    """Story: patches on half of the surface that gave nearly all that half can give had no number at all."""
    patches = Stack(np.ones(2), np.full((2, 2), 2.5), np.array([True, False]), 0.5)
    areas = 1e4 * patches.intensities(np.array([14.0]))
    stderrs = np.array([400.0, 400.0])
    answer = thicknesses(patches, areas, stderrs)
    assert verdicts.endless(0, answer)
    weaker = thicknesses(patches, areas - [1.645 * 400.0, 0.0], stderrs)
    found = verdicts.at_least(row(answer), 0, weaker)
    assert 5.0 < found["thickness_lower_limit_nm"] < 14.0
    assert found["condition"].endswith("nm (95 %): a thinner film's line would be weaker")
    assert verdicts.at_least(row(answer), 0, answer) == row(answer)


def test_a_limit_replaces_every_number_of_the_thickness() -> None:
    whole = verdicts.under_carbon(row(solved(13.0)), 0.2, "")
    assert whole["thickness_carbon_stderr_nm"] == 0.2
    hidden = {**whole, **verdicts.through(12.3)}
    numbers = {key: value for key, value in hidden.items() if key.startswith("thickness") and value is not None}
    assert numbers == {"thickness_lower_limit_nm": 12.3}
    assert hidden["condition"].startswith("thicker than 12.3 nm (95 %)")


def test_carbon_that_is_left_out_is_said_and_has_no_error() -> None:
    told = verdicts.under_carbon(row(solved(3.0)), None, "no area of C-C")
    assert told["condition"].endswith("weakens lines of low kinetic energy more: no area of C-C")
    assert "thickness_carbon_stderr_nm" not in told
    unsolved = verdicts.under_carbon(row(solved(3.0, success=False)), 0.4, "")
    assert unsolved["thickness_carbon_stderr_nm"] is None


@given(st.floats(0.1, 8.0), st.floats(0.0, 6.0))
def test_a_like_stack_s_answer_is_as_good_a_start_as_any(depth: float, near: float) -> None:
    stack = Stack(np.array([0.7, 1.0]), np.array([[2.0, 2.1], [2.5, 2.4]]), np.zeros(2, dtype=bool))
    areas = 1e4 * stack.intensities(np.array([depth]))
    found = thicknesses(stack, areas, 0.01 * areas, np.array([near]))
    assert found.value_nm == pytest.approx([depth], rel=1e-3, abs=1e-4)


# --- what was measured -----------------------------------------------------------------------------------------------

TRACER = {"model": "m", "components": ["A", "B"], "element": "Ge"}
STACK = {"films": [], "substrate": {"tracer": TRACER}}
LINES = {"A level": {}, "B level": {}}


def measured(second: float | None = 30.0, **more: Any) -> Measured:
    areas = fitted(("A", "R", {0: 10.0, 1: 20.0}), ("B", "R", {0: second, 1: 40.0}))
    return Measured(acquired({0: ["R"], 1: ["R"]}, emission_angle_deg=45.0, **more), areas, [STACK])


def test_areas_of_a_tracer_add_up_and_their_errors_as_squares() -> None:
    tracer = measured().tracer(TRACER, 1)
    assert (tracer.area, tracer.stderr, tracer.core_level) == (60.0, pytest.approx(np.sqrt(2.0)), "A level")
    assert tracer.detected
    assert tracer.facts is not None
    assert tracer.facts.photon_energy_ev == 1486.6


def test_where_one_of_its_components_failed_nothing_is_known_of_a_tracer() -> None:
    held = measured(second=None)
    tracer = held.tracer(TRACER, 0)
    assert np.isnan(tracer.area)
    reason = untestable([{"tracer": TRACER}], [tracer], LINES)
    assert reason == "no area of A, B (not measured in this acquisition, or the fit failed)"
    assert untestable([{"tracer": TRACER}], [held.tracer(TRACER, 1)], LINES) == ""


@pytest.mark.parametrize(
    ("more", "lines", "reason"),
    [
        ({}, {}, "the experiment's table of sensitivity factors has no row for A level"),
        ({"photon_energy_ev": None}, LINES, "the header of A, B lacks photon_energy_ev"),
    ],
)
def test_what_a_depth_needs_and_lacks_is_named(more: dict[str, Any], lines: dict[str, Any], reason: str) -> None:
    assert untestable([{"tracer": TRACER}], [measured(**more).tracer(TRACER, 1)], lines) == reason


def test_a_component_at_its_bound_is_known_as_well_as_its_limit_says() -> None:
    areas = fitted(("A", "R", {0: 0.0}))
    for name, value in (("area_stderr_cps_ev", None), ("upper_limit_95_cps_ev", ONE_SIDED_95 * 7.0)):
        at = areas.schema.get_field_index(name)
        areas = areas.set_column(at, areas.schema.field(at), pa.array([value], pa.float64()))
    held = Measured(acquired({0: ["R"]}), areas, [STACK])
    assert held.tracer({**TRACER, "components": ["A"]}, 0).stderr == pytest.approx(7.0)
