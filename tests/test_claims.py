"""Computations on the twin's perfect tables and on made ones; verdicts; every way to be not testable."""

from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twin_tables
from whole_tables import layers_of, series_of
from xps import chemistry, claims, tables
from xps.claims.evidence import Answer, Evidence, NotTestableError, weighted_mean
from xps.claims.expectation import doubt, told, verdict
from xps.kinetics import mechanisms

VEP = "fig2a_LGPS_VEP"
STACK = {
    "layer_model": "layer",
    "substrate": {"phase": "LGPS", "tracer": twin_tables.tracer("Ge4+ Ge 3d", "Ge")},
    "films": [{"layer": "SEI", "phase": "LGPS-A", "tracer": twin_tables.tracer("Ge0 Ge 3d", "Ge")}],
}


@cache
def found(experiment: str = VEP) -> dict[str, pa.Table]:
    known, lines = twin_tables.reference()
    acquired, areas = twin_tables.acquisitions(experiment), twin_tables.components(experiment)
    thick = layers_of(acquired, areas, [STACK], known, lines)
    calibration = [
        {
            "experiment": experiment, "acquisition": row["acquisition"], "region": row["region"], "reference": "C 1s",
            "shift_ev": 0.0, "shift_stderr_ev": 0.01, "drift_stderr_ev": 0.03, "method": "fitted",
        }
        for row in acquired.to_pylist()
    ]  # fmt: skip
    wanted = {"onset": [{"model": "twin", "component": "Li3P P 2p"}]}
    series = series_of(acquired, areas, thick, [STACK], known, lines, {"disk": 0.50265})
    rates = tables.from_rows("kinetics", mechanisms.findings(series, "plating_time_s", wanted).kinetics)
    return {
        "acquisitions": acquired,
        "components": areas,
        "calibration": tables.from_rows("calibration", calibration),
        "layers": thick,
        "kinetics": rates,
    }


def evidence(**more: pa.Table) -> Evidence:
    known, _ = twin_tables.reference()
    phases = tables.from_rows("phases", chemistry.phase_rows(known))
    return Evidence({VEP: {**found(), **more}, "": {"phases": phases}})


def answer(name: str, held: Evidence | None = None, **given_parameters: Any) -> Answer:
    return claims.COMPUTATIONS[name](held or evidence(), **given_parameters)


LINE = {"experiment": VEP, "model": "twin"}


# --- lines -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("minutes", "expected"), [(5, 0.155), (30, 0.697), (70, 0.866)])
def test_shares_are_those_of_the_twin(minutes: float, expected: float) -> None:
    share = answer("share", **LINE, components=["Li3P P 2p"], at_min=minutes)
    assert share.value == pytest.approx(expected, abs=0.002)
    rest = answer("share", **LINE, components=["Li3P P 2p"], at_min=minutes, rest=True)
    assert rest.value == pytest.approx(1 - expected, abs=0.002)


def test_smallest_share_is_that_of_its_acquisition() -> None:
    least = answer("smallest_share", **LINE, components=["Ge0 Ge 3d"], from_min=30)
    assert least.value == answer("share", **LINE, components=["Ge0 Ge 3d"], at_min=30).value


def test_largest_limit_is_a_share_and_says_when() -> None:
    limit = answer("largest_limit", **LINE, component="PS4 P 2p", from_min=50)
    share = answer("share", **LINE, components=["PS4 P 2p"], at_min=50).value
    assert limit.value is not None
    assert share is not None
    assert share < limit.value < share + 0.05
    assert limit.remark == "at 50 min"


def test_positions_carry_the_reference_s_error() -> None:
    place = answer("position", **LINE, component="Ge0 Ge 3d", at_min=5)
    assert (place.value, place.unit) == (50.0, "eV")
    assert place.stderr == pytest.approx(np.sqrt(0.02**2 + 0.01**2 + 0.03**2))
    apart = answer("position_difference", **LINE, component="Ge0 Ge 3d", other_component="Ge4+ Ge 3d")
    assert apart.value == pytest.approx(0.0)
    seven = 7  # both are there in seven acquisitions, and the scale's error cancels within each
    assert apart.stderr == pytest.approx(np.hypot(0.02, 0.02) / np.sqrt(seven), rel=0.1)
    assert answer("position_range", **LINE, component="Ge0 Ge 3d").value == 0.0


def test_an_imposed_position_tests_nothing() -> None:
    areas = found()["components"]
    at = areas.schema.get_field_index("position_stderr_ev")
    empty = areas.set_column(at, areas.schema.field(at), pa.nulls(areas.num_rows, pa.float64()))
    with pytest.raises(NotTestableError, match="twin imposes the position of Ge0 Ge 3d, so it tests nothing"):
        answer("position", evidence(components=empty), **LINE, component="Ge0 Ge 3d", at_min=5)


def test_a_position_that_drifts_is_told_by_its_line_and_one_that_scatters_is_not() -> None:
    """0.02 eV per cycle, whatever the times; errors from the table, as in the closed form of a weighted line."""
    times = np.array([5.0, 10.0, 15.0, 20.0, 30.0, 50.0, 70.0])
    drifting = answer("position_change", evidence(components=moving(0.02)), **LINE, component="Ge0 Ge 3d")
    slope = np.polyfit(times, 0.02 * np.arange(1, 8), 1)[0]
    assert drifting.value == pytest.approx(slope * 65.0, rel=0.05)
    sigma = np.sqrt(0.02**2 + 0.01**2 + 0.03**2)
    assert drifting.stderr == pytest.approx(65.0 * sigma / np.sqrt(np.sum((times - times.mean()) ** 2)), rel=0.05)
    assert answer("position_change", **LINE, component="Ge0 Ge 3d").value == pytest.approx(0.0)
    assert "7 acquisitions" in drifting.remark


def test_what_is_seen_is_beyond_its_detection_limit_and_what_is_not_below() -> None:
    limits = found()["components"]
    at = limits.schema.get_field_index("detection_limit_cps_ev")
    areas = np.array(limits["area_cps_ev"].to_pylist(), dtype=float)
    held = evidence(components=limits.set_column(at, limits.schema.field(at), pa.array(areas / 2.5)))
    assert answer("largest_over_detection_limit", held, **LINE, component="Ge0 Ge 3d").value == pytest.approx(2.5)
    with pytest.raises(NotTestableError, match="no detection limit of Ge0 Ge 3d from 100 min on"):
        answer("largest_over_detection_limit", held, **LINE, component="Ge0 Ge 3d", from_min=100)


def moving(slope: float) -> pa.Table:
    areas = found()["components"]
    places = pa.array([50.0 + slope * number for number in areas["acquisition"].to_pylist()])
    at = areas.schema.get_field_index("position_ev")
    return areas.set_column(at, areas.schema.field(at), places)


@given(st.floats(-0.2, 0.2))
def test_a_trend_has_the_sign_of_its_slope(slope: float) -> None:
    parameters = {**LINE, "components": ["Li-SEI Li 1s", "Li2O Li 1s"]}
    trend = answer("centroid_trend", evidence(components=moving(slope)), **parameters)
    assert trend.value is not None
    assert np.sign(round(trend.value, 6)) == np.sign(round(slope, 6)) or abs(slope) < 1e-6


def test_change_and_course_follow_the_areas() -> None:
    change = answer("relative_change", **LINE, components=["Ge4+ Ge 3d"])
    assert change.value == pytest.approx(-99.9, abs=0.2)
    assert change.unit == "%"
    falls = {**LINE, "components": ["Ge4+ Ge 3d"], "direction": "falls"}
    assert answer("monotonic_share", **falls).word == "falls"
    assert answer("monotonic_share", **{**falls, "direction": "rises"}).word == "mixed"


def test_the_maximum_of_a_curve_is_found_without_its_lines() -> None:
    energy = np.arange(50.0, 60.0, 0.1)
    data = 200 + 5000 * np.exp(-4 * np.log(2) * ((energy - 55.43) / 1.5) ** 2)
    noise = np.random.default_rng(2).normal(0, 10, energy.size)
    rows = [
        {
            "experiment": VEP, "model": "twin", "acquisition": 0, "region": "Li1s", "channel": index,
            "binding_energy_ev": place, "data_cps": height, "background_cps": 200.0,
        }
        for index, (place, height) in enumerate(zip(energy, data + noise, strict=True))
    ]  # fmt: skip
    held = evidence(curves=tables.from_rows("curves", rows))
    top = answer("line_maximum", held, **LINE, region="Li1s", at_min=0)
    assert top.value == pytest.approx(55.43, abs=3 * (top.stderr or 0))
    assert top.stderr == pytest.approx(np.hypot(0.01, 0.03), abs=0.003)  # the scale's error dominates
    with pytest.raises(NotTestableError, match="no curve of twin in S2p"):
        answer("line_maximum", held, **LINE, region="S2p", at_min=0)


def test_correlations_are_found_by_both_names() -> None:
    pairs = [("LiOH.area ~ PO4.area", -0.99), ("PO4.area ~ C-O.area", 0.999), ("LiOH.area ~ PO4 2p.area", 0.97)]
    rows = [
        {"experiment": VEP, "model": "twin", "acquisition": 3, "region": "O1s", "pair": pair, "correlation": value}
        for pair, value in pairs
    ]
    held = evidence(correlations=tables.from_rows("correlations", rows))
    best = answer("correlation", held, **LINE, component="LiOH", other_component="PO4")
    assert (best.value, best.remark) == (0.99, "LiOH.area ~ PO4.area")
    none = answer("correlation", held, **LINE, component="LiOH", other_component="C-O")
    assert none.value == 0.95
    assert "no pair" in none.remark


# --- series ----------------------------------------------------------------------------------------------------------


def composition(subject: str, values: list[float], error: float = 0.05) -> pa.Table:
    rows = [
        {
            "experiment": VEP, "acquisition": index, "subject": subject, "basis": "carbon_free", "line": "Ge 3d",
            "atomic_percent": value, "statistical_stderr": error, "systematic_stderr": 0.1 * value, "kind": "species",
            "factor_set": "scofield", "origin": "core_levels", "remark": "",
        }
        for index, value in enumerate(values)
    ]  # fmt: skip
    return tables.from_rows("composition", rows)


FALLING = [4.0, 3.0, 2.0, 1.8, 1.5, 1.2, 1.0, 0.8]


def test_composition_gives_ratios_extremes_and_drifts() -> None:
    held = evidence(composition=composition("Ge0", FALLING))
    ratio = answer("atomic_percent_ratio", held, experiment=VEP, subject="Ge0", later_min=70, earlier_min=10)
    assert ratio.value == pytest.approx(0.4)
    least = answer("atomic_percent_extreme", held, experiment=VEP, subject="Ge0", extreme="smallest")
    most = answer("atomic_percent_extreme", held, experiment=VEP, subject="Ge0", extreme="largest", from_min=5)
    assert (least.value, most.value) == (0.8, 3.0)
    drift = answer("largest_drift", held, experiment=VEP, subjects=["Ge0"])
    assert drift.value == pytest.approx((3.2 - 0.02 * 4.0) / np.hypot(0.05, 0.05))
    calm = evidence(composition=composition("Ge0", [4.0] * 7 + [4.05]))
    assert answer("largest_drift", calm, experiment=VEP, subjects=["Ge0"]).value == 0.0  # below 2 %
    hardly = evidence(composition=composition("Ge0", [4.0] * 7 + [4.09]))  # beyond 2 %, by less than it is known
    assert answer("largest_drift", hardly, experiment=VEP, subjects=["Ge0"]).value == pytest.approx(
        0.01 / 0.05 / 2**0.5
    )


def test_films_give_their_course_and_end() -> None:
    film = {"experiment": VEP, "layer_model": "layer", "layer": "SEI"}
    assert answer("thickness_course", **film).word == "rises"
    end = answer("last_thickness", **film)
    assert end.value == pytest.approx(12.93, rel=0.01)
    assert end.stderr is not None
    assert end.stderr > 0.15 * 12
    fading = answer("attenuation_by_film", **film, model="twin", components=["PS4 S 2p"], from_min=5)
    assert fading.value is not None
    assert fading.value < -0.99
    same = answer(
        "matched_share", **{**film, "other_experiment": VEP}, model="twin", component="Li2S S 2p", thickness_nm=3.0
    )
    assert same.value == 0.0
    with pytest.raises(NotTestableError, match="SEI is never 99 nm thick"):
        answer(
            "matched_share", **{**film, "other_experiment": VEP}, model="twin", component="Li2S S 2p", thickness_nm=99
        )


def test_kinetics_give_values_and_words() -> None:
    row = {"experiment": VEP, "quantity": "onset", "law": "series-wise detection", "parameter": "onset"}
    assert answer("kinetic_value", **row).told_in("min").value == 5.0
    assert answer("kinetic_word", **row).word == "tested"
    with pytest.raises(NotTestableError, match="kinetics has no row with quantity growth"):
        answer("kinetic_value", experiment=VEP, quantity="growth", law="x", parameter="k")


def test_headers_and_reactions_are_read() -> None:
    assert answer("header_value", experiment=VEP, region="Li1s", fact="pass_energy_ev").value == 55.0
    assert answer("window_minutes", experiment=VEP, region="Li1s").value == pytest.approx(30.0)
    percent = answer("conductive_percent", case="LGPS-A")
    assert percent.value == pytest.approx(20.59, abs=0.01)
    assert "undecided for real microstructures" in percent.remark
    # 72.63/5.323 of 426.3 cm3 per mole of what LGPS leaves: germanium alone.
    assert answer("conductive_percent", case="LGPS-A", phases=["Ge"]).value == pytest.approx(3.26, abs=0.01)


def test_charge_is_told_with_what_is_found() -> None:
    row = {
        "experiment": VEP, "acquisition": 1, "area": "disk", "area_cm2": 0.5, "charge_uah_cm2": 3.3,
        "lithium_equivalent_nm": 16.0, "accounted_fraction": 0.05,
    }  # fmt: skip
    held = evidence(balance=tables.from_rows("balance", [row]))
    q = answer("charge", held, experiment=VEP, area="disk", at_min=5)
    assert (q.value, q.remark) == (3.3, "16.0 nm of dense lithium, of which the films hold 5.0%")
    with pytest.raises(NotTestableError, match="no charge per pellet at 5 min"):
        answer("charge", held, experiment=VEP, area="pellet", at_min=5)


@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.1, 2)), min_size=1, max_size=6))
def test_a_weighted_mean_is_inside_and_better_than_its_best(points: list[tuple[float, float]]) -> None:
    values, errors = zip(*points, strict=True)
    mean, error = weighted_mean(values, errors)
    assert min(values) - 1e-9 <= mean <= max(values) + 1e-9
    assert error <= min(errors) + 1e-9


# --- verdicts --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expect", "word"),
    [
        (1.0, {"equals": 1.05, "within": 0.1}, "holds"),
        (1.2, {"equals": 1.05, "within": 0.1}, "fails"),
        (1.0, {"above": 1.0}, "fails"),
        (0.9, {"below": 1.0}, "holds"),
        (1.0, {"between": [0.5, 1.5]}, "holds"),
        (2.0, {"between": [0.5, 1.5]}, "fails"),
        (0.4, {"between": [0.5, 1.5]}, "fails"),
        (None, {"above": 0.0}, "fails"),
    ],
)
def test_numbers_are_judged_by_their_limits(value: float | None, expect: dict[str, Any], word: str) -> None:
    assert verdict(Answer(value), expect) == word


@given(st.floats(-10, 10), st.floats(0.01, 5), st.floats(0.01, 2))
def test_a_number_fails_only_where_its_interval_lies_outside(value: float, within: float, stderr: float) -> None:
    word = verdict(Answer(value, stderr), {"equals": 0.0, "within": within})
    assert (word == "holds") == (abs(value) <= within)
    if abs(value) - 1.95 * stderr > within + 0.02 * stderr:
        assert word == "fails"
    if within < abs(value) < within + 1.9 * stderr:
        assert word == "not_testable"


def test_words_are_judged_by_name() -> None:
    assert verdict(Answer(word="yes"), {"word": ["yes", "undecided"]}) == "holds"
    assert verdict(Answer(word="no"), {"word": "yes"}) == "fails"


def test_a_verdict_that_hangs_on_chance_says_so() -> None:
    assert doubt(Answer(1.0, 0.1), {"below": 1.1}) == "the 95 % interval reaches across the limit"
    assert doubt(Answer(1.0, 0.01), {"below": 1.1}) == ""
    assert doubt(Answer(1.0, None), {"below": 1.0}) == ""


def test_expectations_are_told_with_their_unit() -> None:
    assert told({"equals": 55.4, "within": 0.1}, "eV") == ("55.4 eV", "± 0.1 eV")
    assert told({"below": 0.02}, "1") == ("below 0.02", "")
    assert told({"between": [20, 30]}, "min") == ("20 to 30 min", "")
    assert told({"word": ["yes", "undecided"]}, "1") == ("yes or undecided", "")


# --- the table -------------------------------------------------------------------------------------------------------


def claim(*checks: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"claim": "C01", "quote": "It is so.", "paraphrase": True, "place": "p. 1", "checks": list(checks)}]


def check(name: str, expect: dict[str, Any], **parameters: Any) -> dict[str, Any]:
    return {"quantity": "a number", "compute": name, "with": parameters, "expect": expect}


def rows(*checks: dict[str, Any]) -> list[dict[str, Any]]:
    held = evidence().tables
    return claims.evaluate(claim(*checks), held).to_pylist()


def test_a_row_says_what_came_out_where_from_and_what_it_is_worth() -> None:
    one = check("share", {"above": 0.5}, **LINE, components=["Li3P P 2p"], at_min=30)
    (row,) = rows({**one, "notes": [{"words": "Ge alone is 3.3 vol%"}]})
    assert (row["claim"], row["quote"], row["place"], row["verdict"]) == ("C01", "It is so.", "p. 1", "holds")
    assert row["value"] == pytest.approx(0.697, abs=0.002)
    assert (row["expected"], row["tolerance"], row["unit"]) == ("above 0.5", "", "1")
    assert row["sources"] == [f"{VEP}/acquisitions", f"{VEP}/components"]
    assert row["data_origin"] == "simulated"
    assert row["remark"] == f"note: Ge alone is 3.3 vol%; {claims.ROUND_TRIP}; sentence in our words"


def test_measured_data_and_literature_are_no_round_trip() -> None:
    (row,) = rows(check("conductive_percent", {"above": 20}, case="LGPS-A"))
    assert row["data_origin"] == "literature"
    assert claims.ROUND_TRIP not in row["remark"]
    real = {**found(), "acquisitions": twin_tables.acquisitions(VEP, data_origin="measured")}
    one = check("share", {"above": 0.5}, **LINE, components=["Li3P P 2p"], at_min=30)
    (row,) = claims.evaluate(claim(one), {VEP: real}).to_pylist()
    assert row["data_origin"] == "measured"
    assert claims.ROUND_TRIP not in row["remark"]


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (check("share", {"above": 0}, experiment="lagp", model="m", components=["a"], at_min=1), "experiment lagp is"),
        (check("share", {"above": 0}, **LINE, components=["Li9"], at_min=5), f"{VEP}: twin has no fitted Li9"),
        (check("share", {"above": 0}, **LINE, components=["Ge0 Ge 3d"], at_min=6), "no acquisition at 6 min (there"),
        (check("charge", {"above": 0}, experiment=VEP, area="x", at_min=5), f"{VEP} has no table balance"),
        (check("conductive_percent", {"above": 0}, case="X"), "config/reference/reactions.csv has no case X"),
        (check("largest_drift", {"above": 0}, experiment=VEP, subjects=["Ge"]), f"{VEP} has no table composition"),
    ],
)  # fmt: skip
def test_what_cannot_be_tested_says_why(one: dict[str, Any], reason: str) -> None:
    (row,) = rows(one)
    assert (row["verdict"], row["value"]) == ("not_testable", None)
    assert reason in row["remark"]


def test_a_series_with_one_cycle_crashes_nothing() -> None:
    keep = pa.array([number == 0 for number in found()["components"]["acquisition"].to_pylist()])
    first = pa.array([number == 0 for number in found()["acquisitions"]["acquisition"].to_pylist()])
    one = {**found(), "components": found()["components"].filter(keep)}
    one["acquisitions"] = found()["acquisitions"].filter(first)
    shipped = [
        check("centroid_trend", {"below": -3}, **LINE, components=["Li-SEI Li 1s", "Li+ (SE) Li 1s"]),
        check("monotonic_share", {"word": "falls"}, **LINE, components=["Ge4+ Ge 3d"], direction="falls"),
        check("share", {"above": 0}, **LINE, components=["Ge0 Ge 3d"], at_min=5),
    ]
    table = claims.evaluate(claim(*shipped), {VEP: one}).to_pylist()
    assert [row["verdict"] for row in table] == ["not_testable"] * 3


def test_one_broken_computation_does_not_take_the_others() -> None:
    table = rows(
        check("position_mean", {"above": 0}, **LINE, component="Ge0 Ge 3d", from_min="soon"),
        check("conductive_percent", {"above": 20}, case="LGPS-A"),
    )
    assert [row["verdict"] for row in table] == ["not_testable", "holds"]
    assert "the computation failed" in table[0]["remark"]
