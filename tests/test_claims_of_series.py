"""Sentences on composition, films, charge, mechanisms and headers; and the tables that they are found in."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claim_tables import MINUTES, OF, acquisitions, answer, calibration, components, evidence
from xps import tables
from xps.claims.evidence import Answer, Evidence, NotTestableError, weighted_mean
from xps.quantiles import TWO_SIDED_95

few = settings(max_examples=12)
percents = st.lists(st.floats(1.0, 60.0), min_size=5, max_size=5)


def composition(values: list[float], statistical: float = 0.3, systematic: float = 0.4, **more: Any) -> pa.Table:
    rows = [
        {
            "experiment": "e", "acquisition": number, "subject": "Ge", "basis": "carbon_free", "line": "Ge 3d",
            "atomic_percent": value, "statistical_stderr": statistical, "systematic_stderr": systematic,
            "kind": "element", "factor_set": "scofield", "origin": "core_levels", "remark": "", **more,
        }
        for number, value in enumerate(values)
    ]  # fmt: skip
    return tables.from_rows("composition", rows)


# --- composition -----------------------------------------------------------------------------------------------------


@few
@given(percents, st.sampled_from(MINUTES))
def test_extremes_of_a_composition_carry_both_errors(values: list[float], from_min: float) -> None:
    held = evidence(composition=composition(values))
    late = [value for value, time in zip(values, MINUTES, strict=True) if time >= from_min]
    for extreme, expected in (("smallest", min(late)), ("largest", max(late))):
        found = answer("atomic_percent_extreme", held, experiment="e", subject="Ge", extreme=extreme, from_min=from_min)
        assert found.value == expected
        assert found.stderr == pytest.approx(0.5)
        assert found.unit == "%"


@few
@given(percents)
def test_a_ratio_of_percents_leaves_the_systematic_error_out(values: list[float]) -> None:
    """Factors are wrong alike in both acquisitions: only counting differs."""
    held = evidence(composition=composition(values, 0.3, 5.0))
    found = answer("atomic_percent_ratio", held, experiment="e", subject="Ge", later_min=40.0, earlier_min=5.0)
    assert found.value == pytest.approx(values[4] / values[1])
    assert found.stderr == pytest.approx(values[4] / values[1] * 0.3 * np.hypot(1 / values[4], 1 / values[1]))


def test_surveys_and_other_bases_are_not_mixed_in() -> None:
    both = pa.concat_tables(
        [composition([3.0] * 5), composition([90.0] * 5, origin="survey"), composition([2.0] * 5, basis="all")]
    )
    held = evidence(composition=both)
    found = {
        basis: answer(
            "atomic_percent_extreme", held, experiment="e", subject="Ge", extreme="largest", basis=basis
        ).value
        for basis in ("carbon_free", "all")
    }
    assert found == {"carbon_free": 3.0, "all": 2.0}
    with pytest.raises(NotTestableError, match="no atomic percent of Al, basis all"):
        answer("atomic_percent_extreme", held, experiment="e", subject="Al", extreme="largest", basis="all")


# --- films and charge ------------------------------------------------------------------------------------------------


def films(values: list[float | None], stderr: float = 0.02, **more: Any) -> pa.Table:
    rows = [
        {
            "experiment": "e", "acquisition": number, "layer_model": "layer", "layer": "SEI", "lines": "Ge 3d",
            "thickness_nm": value, "thickness_stderr_nm": stderr, "thickness_imfp_stderr_nm": 0.15 * (value or 0.0),
            "verdict": "conditional", "condition": "closed film", **more,
        }
        for number, value in enumerate(values)
    ]  # fmt: skip
    return tables.from_rows("layers", rows)


FILM = {"experiment": "e", "layer_model": "layer", "layer": "SEI"}


def test_the_last_thickness_is_the_last_that_is_known_with_all_its_errors() -> None:
    held = evidence(layers=films([0.0, 1.0, 4.0, None, None], thickness_carbon_stderr_nm=0.3))
    found = answer("last_thickness", held, **FILM)
    assert (found.value, found.unit) == (4.0, "nm")
    assert found.stderr == pytest.approx(np.sqrt(0.02**2 + 0.6**2 + 0.3**2))
    assert found.remark == "at 10 min; closed film"
    bare = answer("last_thickness", evidence(layers=films([0.0, 1.0, 4.0, None, None])), **FILM)
    assert bare.stderr == pytest.approx(np.hypot(0.02, 0.6))


@few
@given(st.lists(st.floats(0.0, 3.0), min_size=5, max_size=5), st.integers(1, 4))
def test_a_film_that_only_grows_rises_until_one_step_goes_down(steps: list[float], at: int) -> None:
    grown = np.cumsum(steps).tolist()
    assert answer("thickness_course", evidence(layers=films(list(grown))), **FILM).word == "rises"
    shrunk = [*grown[:at], grown[at - 1] - 0.2, *[grown[-1] + 1.0] * (4 - at)]
    found = answer("thickness_course", evidence(layers=films(list(shrunk))), **FILM)
    assert found.word == "mixed"
    assert found.remark == "1 of 4 steps go down"
    # a step down by less than three of its standard errors is none
    assert answer("thickness_course", evidence(layers=films(list(shrunk), stderr=0.1)), **FILM).word == "rises"


@few
@given(st.floats(1.0, 5.0), st.floats(0.05, 2.0))
def test_a_line_that_a_film_weakens_gives_its_length_back(length: float, growth: float) -> None:
    thick = [growth * number for number in range(5)]
    area = [1e4 * float(np.exp(-d / length)) for d in thick]
    held = evidence(layers=films(list(thick)), components=components({"component": "A", "area_cps_ev": area}))
    found = answer("attenuation_by_film", held, **FILM, model="m", components=["A"], from_min=0.0)
    assert found.value == pytest.approx(-1.0)
    assert f"weakened by exp(-d / {length:.2g} nm)" in found.remark


@few
@given(st.floats(0.5, 3.5))
def test_shares_are_compared_where_both_films_are_equally_thick(thickness: float) -> None:
    """Linear in thickness in both, so interpolation between acquisitions is exact."""
    one = components({"component": "A", "area_fraction": [0.1 * number for number in range(5)]})
    other = components({"component": "A", "area_fraction": [0.02 + 0.15 * number for number in range(5)]})
    held = Evidence(
        {
            name: {
                "acquisitions": acquisitions(), "calibration": calibration(), "components": areas,
                "layers": films([0.0, 1.0, 2.0, 3.0, 4.0]),
            }
            for name, areas in (("e", one), ("f", other))
        }
    )  # fmt: skip
    found = answer(
        "matched_share", held, **FILM, other_experiment="f", model="m", component="A", thickness_nm=thickness
    )
    assert found.value == pytest.approx(0.1 * thickness - (0.02 + 0.15 * thickness))
    assert found.stderr == pytest.approx(np.hypot(0.01, 0.01))


def test_a_film_of_all_charge_is_as_much_thicker_as_its_share_of_the_charge_is_small() -> None:
    row = {"experiment": "e", "acquisition": 2, "area": "disk", "area_cm2": 0.5, "accounted_fraction": 0.05}
    held = evidence(balance=tables.from_rows("balance", [row]), layers=films([0.0, 0.7, 1.3, None, None]))
    found = answer("film_of_all_charge", held, **FILM, area="disk", at_min=10.0)
    assert (found.value, found.unit) == (pytest.approx(26.0), "nm")
    for area, at_min in (("pellet", 10.0), ("disk", 20.0)):
        with pytest.raises(NotTestableError, match=f"no share of the charge per {area} is in SEI at {at_min:g} min"):
            answer("film_of_all_charge", held, **FILM, area=area, at_min=at_min)


def test_a_charge_without_area_or_current_is_not_testable() -> None:
    row = {"experiment": "e", "acquisition": 2, "area": "disk", "area_cm2": 0.5, "charge_uah_cm2": None}
    held = evidence(balance=tables.from_rows("balance", [row]))
    for area in ("disk", "pellet"):
        with pytest.raises(NotTestableError, match=rf"no charge per {area} at 10 min \(area or current missing\)"):
            answer("charge", held, experiment="e", area=area, at_min=10.0)


# --- mechanisms ------------------------------------------------------------------------------------------------------


def rates(**more: Any) -> dict[str, Any]:
    fixed = {
        "experiment": "e", "component": "SEI", "quantity": "thickness_nm", "law": "parabolic", "parameter": "K",
        "unit": "nm²/min", "window": "clock", "chosen": "undecided", "verdict": "tested",
    }  # fmt: skip
    return {**fixed, **more}


NAMED = {"experiment": "e", "quantity": "thickness_nm", "law": "parabolic", "parameter": "K"}


def of_rates(*rows: dict[str, Any]) -> Evidence:
    return evidence(kinetics=tables.from_rows("kinetics", rows))


@few
@given(st.floats(0.1, 100.0), st.floats(0.01, 10.0))
def test_a_rate_has_its_own_error_or_that_of_its_interval(value: float, error: float) -> None:
    own = answer("kinetic_value", of_rates(rates(value=value, stderr=error)), **NAMED)
    assert (own.value, own.stderr, own.unit) == (value, error, "nm²/min")
    ends = {"low": value - TWO_SIDED_95 * error, "high": value + TWO_SIDED_95 * error}
    from_interval = answer("kinetic_value", of_rates(rates(value=value, **ends)), **NAMED)
    assert from_interval.stderr == pytest.approx(error)
    half_open = answer("kinetic_value", of_rates(rates(value=value, low=ends["low"])), **NAMED)
    assert half_open.stderr is None


def test_a_rate_without_a_value_is_not_testable_with_the_verdict_as_reason() -> None:
    with pytest.raises(NotTestableError, match=r"gives no K \(not testable: one cycle\)"):
        answer("kinetic_value", of_rates(rates(verdict="not_testable", reason="one cycle")), **NAMED)


def test_a_rate_at_full_utilisation_is_that_of_the_charge_that_arrived_scaled_up() -> None:
    held = of_rates(rates(value=4.7), rates(parameter="utilisation", value=0.05, unit="1"))
    found = answer("at_full_utilisation", held, **NAMED, power=2)
    assert (found.value, found.unit) == (pytest.approx(1880.0), "nm²/min")
    with pytest.raises(NotTestableError, match="by parabolic no charge arrived"):
        answer(
            "at_full_utilisation",
            of_rates(rates(value=4.7), rates(parameter="utilisation", value=0.0)),
            **NAMED,
            power=2,
        )


def test_a_time_is_told_in_minutes_with_its_error_and_a_rate_is_not() -> None:
    told = Answer(1200.0, 30.0, "s", remark="censored").told_in("min")
    assert told == Answer(20.0, 0.5, "min", remark="censored")
    assert told.told_in("min") is told
    with pytest.raises(NotTestableError, match="a number in nm²/min cannot be told in min"):
        Answer(4.7, None, "nm²/min").told_in("min")


def test_a_verdict_is_picked_by_the_assumptions_it_was_made_under() -> None:
    held = of_rates(
        rates(verdict="not_identified", reason="open below", condition="closed film; carbon taken as constant"),
        rates(verdict="conditional", reason="0.2", condition="closed film; growth of the interphase"),
        rates(verdict="rejected", reason="x", condition="islands; growth of the interphase", chosen="no"),
    )
    words = {
        "not_identified": {"holding": ["closed film"]},
        "conditional": {"holding": ["closed film", "growth"]},
        "rejected": {"holding": ["growth"], "lacking": ["closed film"]},
    }
    for word, picked in words.items():
        assert answer("kinetic_word", held, **NAMED, **picked).word == word
    assert answer("kinetic_word", held, **NAMED, holding=["islands"], column="chosen").word == "no"
    with pytest.raises(NotTestableError, match="no row of thickness_nm with these assumptions"):
        answer("kinetic_word", held, **NAMED, holding=["wetting"])


# --- where and when --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("axis", ["plating_time_s", "rest_time_s", "sputter_time_s"])
def test_times_are_those_of_the_axis_that_the_log_fills(axis: str) -> None:
    held = evidence(acquisitions=acquisitions(axis=axis))
    assert held.minutes("e").tolist() == list(MINUTES)
    assert [held.acquisition("e", when) for when in ("first", 10.0, "last")] == [0, 2, 4]
    with pytest.raises(NotTestableError, match=r"no acquisition at 11 min \(there are 0, 5, 10, 20, 40\)"):
        held.acquisition("e", 11.0)


def test_a_series_without_any_axis_or_acquisition_says_so() -> None:
    bare = evidence(acquisitions=acquisitions([None] * 3))
    with pytest.raises(NotTestableError, match="no acquisition has a time on an axis"):
        bare.minutes("e")
    excluded = evidence(acquisitions=acquisitions(excluded=True))
    with pytest.raises(NotTestableError):
        excluded.acquisition("e", "first")


def test_the_origin_is_that_of_what_was_used() -> None:
    parts = {
        name: {"acquisitions": acquisitions(data_origin=origin)}
        for name, origin in (("e", "measured"), ("f", "simulated"))
    }
    phases = {"": {"phases": tables.from_rows("phases", [])}}
    held = Evidence({**parts, **phases})
    assert held.origin() == "literature"
    held.frame("", "phases")
    assert held.origin() == "literature"
    held.frame("e", "acquisitions")
    assert held.origin() == "measured"
    held.frame("f", "acquisitions")
    assert held.origin() == "mixed"
    assert held.used == {"phases", "e/acquisitions", "f/acquisitions"}


def test_an_unknown_experiment_is_told_with_its_neighbour() -> None:
    held = Evidence({"lagp_vep": {}, "": {}})
    with pytest.raises(NotTestableError, match="experiment lagp_vap is not in the configuration.*lagp_vep"):
        held.frame("lagp_vap", "components")
    with pytest.raises(NotTestableError, match="lagp_vep has no table layers"):
        held.frame("lagp_vep", "layers")


def test_a_table_is_turned_into_a_frame_once() -> None:
    held = evidence(components=components({"component": "A"}))
    assert held.frame("e", "components") is held.frame("e", "components")
    assert isinstance(held.frame("e", "components"), pd.DataFrame)
    again = held.afresh()
    assert again.used == set()
    assert again.frame("e", "components") is held.frame("e", "components")
    rows = held.component("e", "m", ["A"])
    assert rows["minutes"].tolist() == list(MINUTES)


@given(st.floats(0.0, 0.3), st.floats(0.0, 0.3))
def test_the_scale_s_error_is_reference_and_drift_together(shift: float, drift: float) -> None:
    held = evidence(calibration=calibration(shift, drift))
    assert held.energy_stderr_ev("e", 1, "R") == pytest.approx(np.hypot(shift, drift))
    assert held.energy_stderr_ev("e", 1, "S") == 0.0


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.1, 2)), min_size=2, max_size=6))
def test_a_weighted_mean_is_the_minimum_of_chi_square(points: list[tuple[float, float]]) -> None:
    values, errors = (np.array(part) for part in zip(*points, strict=True))
    mean, error = weighted_mean(values, errors)

    def chi_square(at: float) -> float:
        return float(np.sum(((values - at) / errors) ** 2))

    assert chi_square(mean) <= min(chi_square(mean - 0.01), chi_square(mean + 0.01))
    assert chi_square(mean + error) - chi_square(mean) == pytest.approx(1.0)


# --- headers ---------------------------------------------------------------------------------------------------------


def test_a_window_s_minutes_are_their_median_and_say_where_they_are_computed() -> None:
    held = evidence(acquisitions=acquisitions(time_origin="computed"))
    found = answer("window_minutes", held, experiment="e", region="R")
    assert (found.value, found.unit, found.remark) == (10.0, "min", "computed")
    with pytest.raises(NotTestableError, match="no region S"):
        answer("window_minutes", held, experiment="e", region="S")


def test_a_fact_on_which_headers_disagree_is_not_testable() -> None:
    held = evidence(acquisitions=acquisitions())
    assert answer("header_value", held, experiment="e", region="R", fact="pass_energy_ev") == Answer(55.0, None, "eV")
    mixed = pa.concat_tables([acquisitions([0.0]), acquisitions([None, 5.0], pass_energy_ev=27.0).slice(1)])
    with pytest.raises(NotTestableError, match="R has 2 different values of pass_energy_ev"):
        answer("header_value", evidence(acquisitions=mixed), experiment="e", region="R", fact="pass_energy_ev")


def test_pairs_that_correlate_are_looked_for_from_the_time_on() -> None:
    rows = [
        {
            "experiment": "e",
            "model": "m",
            "acquisition": number,
            "region": "R",
            "pair": "A.area ~ B.area",
            "correlation": value,
        }
        for number, value in enumerate((-0.999, 0.96, 0.98))
    ]
    held = evidence(correlations=tables.from_rows("correlations", rows))
    names = {**OF, "component": "A", "other_component": "B"}
    assert answer("correlation", held, **names).value == pytest.approx(0.999)
    assert answer("correlation", held, **names, from_min=5.0).value == pytest.approx(0.98)
    assert answer("correlation", held, **{**names, "other_component": "C"}).value == 0.95
