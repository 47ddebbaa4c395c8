"""Onsets, oxidation, decay and growth as rows: the twin's constants, what hangs on which assumption, and refusals."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twin_tables
from whole_tables import layers_of, series_of
from xps import kinetics, tables
from xps.kinetics import decay, decay_rows, growth_rows, mechanisms, onset, oxidation, oxidation_rows
from xps.kinetics.series import Series
from xps.kinetics.verdicts import not_detected, not_identified, not_testable

FOIL = {"model": "twin", "component": "Li0 Li 1s", "metal": "Li", "products": {"Li2O": 0.5, "LiOH": 0.5}}
DECAY = {
    "metal": {"model": "twin", "component": "Li0 Li 1s", "phase": "Li"},
    "products": {"Li2O": 0.5, "LiOH": 0.5},
    "interphase": {"layer_model": "layer", "layer": "SEI"},
    "below": [{"model": "twin", "components": ["Ge4+ Ge 3d", "Ge0 Ge 3d"]}],
    "coverages": [1.0, 0.5],
    "oxidation_from": "s4_Li_foil",
}
GROWTH = {"layer_model": "layer", "layer": "SEI", "area": "disk", "laws": ["supply", "direct_log"]}


def stack(se: str) -> dict[str, Any]:
    return {
        "layer_model": "layer",
        "substrate": {"phase": se, "tracer": twin_tables.tracer("Ge4+ Ge 3d", "Ge")},
        "films": [{"layer": "SEI", "phase": f"{se}-A", "tracer": twin_tables.tracer("Ge0 Ge 3d", "Ge")}],
    }


@cache
def series(experiment: str, se: str = "", seed: int | None = 1, cycles: int | None = None, **more: Any) -> Series:
    chemistry, lines = twin_tables.reference()
    acquired, areas = twin_tables.acquisitions(experiment, **more), twin_tables.components(experiment, 0.005, 3.0, seed)
    if cycles is not None:
        acquired, areas = (
            part.filter(pa.array([number < cycles for number in part["acquisition"].to_pylist()]))
            for part in (acquired, areas)
        )
    stacks = [stack(se)] if se else []
    thick = layers_of(acquired, areas, stacks, chemistry, lines)
    return series_of(acquired, areas, thick, stacks, chemistry, lines, {"disk": 0.50265})


def found(rows: Any, **wanted: Any) -> list[dict[str, Any]]:
    table = tables.from_rows("kinetics", rows).to_pylist()
    return [row for row in table if all(row[key] == value for key, value in wanted.items())]


# --- onset -----------------------------------------------------------------------------------------------------------


def onsets(experiment: str, component: str, **more: Any) -> dict[str, Any]:
    axis = twin_tables.axis_of(experiment)
    wanted = {"onset": [{"model": "twin", "component": component}]}
    return found(mechanisms.findings(series(experiment, **more), axis, wanted).kinetics, quantity="onset")[0]


def test_metal_on_lagp_appears_between_two_doses() -> None:
    row = onsets("fig2b_LAGP_VEP", "Li0 Li 1s")
    assert (row["low"], row["value"], row["unit"], row["verdict"]) == (900.0, 1200.0, "s", "tested")
    assert "false detections anywhere in the series: 5%; detected in 4 of the 4 acquisitions" in row["condition"]


def test_a_chance_detection_does_not_end_the_windows_without_metal() -> None:
    """Two standard errors in one cycle of eight: seen in that spectrum at 5 %, in no series at 5 %."""
    chemistry, lines = twin_tables.reference()
    rows = twin_tables.components("fig2b_LAGP_VEP", 0.005, 3.0, None).to_pylist()
    for row in rows:
        if (row["component"], row["acquisition"]) == ("Li0 Li 1s", 1):
            row |= {"area_cps_ev": 2.0 * row["area_stderr_cps_ev"], "detected": True}
    acquired, areas = twin_tables.acquisitions("fig2b_LAGP_VEP"), tables.from_rows("components", rows)
    held = series_of(acquired, areas, tables.from_rows("layers", []), [], chemistry, lines, {})
    track = held.component("twin", "Li0 Li 1s")
    assert track is not None
    assert 1 in track.acquisitions[track.detected].tolist()
    assert onset.seen(track) == [4, 5, 6, 7]


def test_what_never_appears_is_a_censored_onset_with_a_limit() -> None:
    row = onsets("s3_LAGP_noLi", "AlO6 Al 2p")
    assert (row["low"], row["value"]) == (None, 0.0)  # there from the start
    empty = twin_tables.components("fig2a_LGPS_VEP")
    absent = empty.filter(pa.array([name == "Li3P P 2p" for name in empty["component"].to_pylist()]))
    zeros = pa.array([0.0] * absent.num_rows)
    at = absent.schema.get_field_index("area_cps_ev")
    absent = absent.set_column(at, absent.schema.field(at), zeros)
    chemistry, lines = twin_tables.reference()
    acquired = twin_tables.acquisitions("fig2a_LGPS_VEP")
    made = series_of(acquired, absent, tables.from_rows("layers", []), [], chemistry, lines, {})
    wanted = {"onset": [{"model": "twin", "component": "Li3P P 2p"}]}
    row = found(mechanisms.findings(made, "plating_time_s", wanted).kinetics)[0]
    assert (row["low"], row["value"], row["high"]) == (4200.0, None, None)
    assert (row["verdict"], row["reason"]) == not_detected("in none of 8 acquisitions")
    assert row["condition"].startswith("censored: later than 4200 s")


def test_an_onset_says_which_of_cycles_times_and_areas_is_wanting() -> None:
    """Story: where nobody had logged a plating time, the table said that there was no area."""
    assert onsets("fig2b_LAGP_VEP", "Li0 Li 1s", cycles=1)["reason"] == "one cycle"
    unlogged = onsets("fig2b_LAGP_VEP", "Li0 Li 1s", plating_time_s=None)
    assert unlogged["reason"] == "fewer than two acquisitions have a plating_time_s"
    track = series("fig2b_LAGP_VEP").tracks[0].taken(np.arange(2))
    for area, words in ((3.0, "an area in one acquisition only"), (np.nan, "no area in any acquisition")):
        some = replace(track, numbers={**track.numbers, "area_cps_ev": np.array([np.nan, area])})
        assert onset.too_few(some, np.array([0.0, 60.0]), "rest_time_s") == words
    nowhere = onsets("fig2b_LAGP_VEP", "Li9")
    assert (nowhere["verdict"], nowhere["reason"], nowhere["core_level"]) == ("not_testable", "nowhere fitted", None)


def test_noise_alone_makes_an_onset_in_one_series_of_twenty() -> None:
    random = np.random.default_rng(5)
    false = 0
    for _ in range(300):
        z = random.standard_normal(8)
        false += bool(onset.holm(onset.chances(z)).any())
    assert false / 300 == pytest.approx(0.05, abs=0.035)  # three standard deviations


def test_the_fits_own_chance_of_absence_is_taken_where_it_is_known() -> None:
    areas = twin_tables.components("fig2b_LAGP_VEP", 0.005)
    sure = pa.array([1.0 if name == "Li0 Li 1s" else 0.0 for name in areas["component"].to_pylist()])
    at = areas.schema.get_field_index("absent_p_value")
    areas = areas.set_column(at, areas.schema.field(at), sure)
    chemistry, lines = twin_tables.reference()
    acquired = twin_tables.acquisitions("fig2b_LAGP_VEP")
    made = series_of(acquired, areas, tables.from_rows("layers", []), [], chemistry, lines, {})
    wanted = {"onset": [{"model": "twin", "component": "Li0 Li 1s"}]}
    assert found(mechanisms.findings(made, "plating_time_s", wanted).kinetics)[0]["verdict"] == "not_detected"


# --- oxidation -------------------------------------------------------------------------------------------------------


def optics(line: str = "Li 1s") -> oxidation.Foil:
    return oxidation_rows.foil(series("s4_Li_foil"), FOIL, line, "Li1s")


def test_an_oxide_holds_the_metal_that_made_it() -> None:
    foil = optics()
    # per nm of metal oxidised: as many atoms of lithium in the oxide as there were in the metal
    assert foil.oxide_atoms_nm3 * foil.expansion == pytest.approx(foil.metal_atoms_nm3)
    assert foil.metal_per_oxygen == pytest.approx(1.5)


@given(st.floats(0.0, 8.0), st.floats(0.01, 3.0))
def test_the_metal_s_share_falls_from_one_as_it_oxidises(oxidised: float, more: float) -> None:
    shares = optics().share(np.array([0.0, oxidised, oxidised + more]))
    assert shares[0] == 1.0
    assert shares[1] > shares[2] > 0.0


@pytest.mark.parametrize(("gas", "flux"), [("H2O", 3.6e11), ("O2", 2 * 2.7e11)])
def test_the_flux_of_oxygen_is_the_published_one(gas: str, flux: float) -> None:
    per_cm2_s = oxidation.oxygen_flux_nm2_min_pa({gas: 1.0}) * 1e14 / 60 * 1e-7  # at 1e-7 Pa
    assert per_cm2_s == pytest.approx(flux, rel=0.02)


def test_the_foil_gives_back_its_pressure_and_half_life() -> None:
    rows = oxidation_rows.oxidation_findings(series("s4_Li_foil"), FOIL).kinetics
    rate = found(rows, law="flux_limited", parameter="g")[0]
    truth = twin_tables.states("s4_Li_foil")
    slope = (truth[-1]["Li_oxidised_nm"] - truth[0]["Li_oxidised_nm"]) / (truth[-1]["t_min"] - truth[0]["t_min"])
    assert rate["low"] < slope < rate["high"]
    assert rate["verdict"] == "tested"
    pressure = found(rows, parameter="pressure (O2 and H2O in equal parts)")[0]
    assert pressure["value"] == pytest.approx(5.5e-7, rel=0.03)
    assert "a lower bound" in pressure["condition"]
    first = found(rows, law="first_order", parameter="k")[0]
    assert first["value"] == pytest.approx(0.01386, rel=0.1)  # half in 50 min
    assert "yes" not in {row["chosen"] for row in rows} or rate["chosen"] == "yes"


def test_one_cycle_of_oxidation_is_not_testable() -> None:
    rows = found(oxidation_rows.oxidation_findings(series("s4_Li_foil", cycles=1), FOIL).kinetics)
    assert [row["law"] for row in rows] == list(oxidation.LAWS)
    assert {(row["verdict"], row["reason"]) for row in rows} == {not_testable("one cycle")}
    two = found(oxidation_rows.oxidation_findings(series("s4_Li_foil", cycles=2), FOIL).kinetics)
    assert {(row["verdict"], row["reason"]) for row in two} == {not_testable("2 points for 2 parameters")}


# --- decay -----------------------------------------------------------------------------------------------------------


@cache
def decayed() -> list[dict[str, Any]]:
    rest, foil = series("fig4_LAGP_rest", "LAGP", pressure_pa=2e-7), series("s4_Li_foil", pressure_pa=5.5e-7)
    rates = {"s4_Li_foil": tables.from_rows("kinetics", list(oxidation_rows.oxidation_findings(foil, FOIL).kinetics))}
    table = kinetics.compare({"rest": rest, "s4_Li_foil": foil}, {"rest": DECAY}, rates)["kinetics"]
    return [row for row in table.to_pylist() if row["quantity"] == "decay"]


def of_rate(*words: str, without: str = "nothing") -> dict[str, Any]:
    rows = [row for row in decayed() if row["parameter"] == decay.RATE]
    return next(
        row for row in rows if all(word in row["condition"] for word in words) and without not in row["condition"]
    )


def test_decay_alone_gives_the_sum_of_both_rates_and_no_reaction() -> None:
    for film in ("closed film", "islands on 0.5"):
        alone = of_rate(film, without="oxidation rate")
        assert alone["verdict"] == "not_identified"
        assert alone["low"] is None


def test_the_foil_s_rate_is_no_help_where_oxidation_is_the_faster_way() -> None:
    row = of_rate("closed film", "oxidation rate of the metal foil to 30 %", without="weakening")
    assert row["verdict"] == "not_identified"
    assert "oxidation rate of s4_Li_foil times 0.364, the ratio of the logged pressures" in row["condition"]


def test_growth_of_a_closed_even_interphase_carries_the_rate() -> None:
    truth = twin_tables.states("fig4_LAGP_rest")
    slope = (truth[-1]["Li_reacted_nm"] - truth[0]["Li_reacted_nm"]) / (truth[-1]["t_min"] - truth[0]["t_min"])
    for film in ("closed film", "islands on 0.5"):
        row = of_rate(f"metal as {film}", "growth of the interphase")
        assert row["verdict"] == "conditional"
        assert row["low"] < slope < row["high"]


def test_each_rate_is_judged_by_its_own_interval() -> None:
    """Story: the rate of oxidation, well known, bore the verdict of the reaction's."""
    alone = of_rate("closed film", without="oxidation rate")
    rows = [row for row in decayed() if row["condition"] == alone["condition"]]
    oxidation_row = next(row for row in rows if row["parameter"] == "r_ox")
    assert (alone["verdict"], alone["reason"]) == not_identified("the interval is open below and above")
    assert oxidation_row["verdict"] == "conditional"
    assert oxidation_row["reason"].startswith("standard error of ln r_ox is 0.0")
    assert None not in (oxidation_row["low"], oxidation_row["high"])


@cache
def decay_profiles() -> list[dict[str, Any]]:
    rest, foil = series("fig4_LAGP_rest", "LAGP", pressure_pa=2e-7), series("s4_Li_foil", pressure_pa=5.5e-7)
    rates = {"s4_Li_foil": tables.from_rows("kinetics", list(oxidation_rows.oxidation_findings(foil, FOIL).kinetics))}
    few = {**DECAY, "coverages": [0.5]}
    return kinetics.compare({"rest": rest, "s4_Li_foil": foil}, {"rest": few}, rates)["profiles"].to_pylist()


def test_profiles_of_both_rates_are_kept_per_set_of_assumptions_and_reach_the_intervals_ends() -> None:
    profiles = decay_profiles()
    assert {row["parameter"] for row in profiles} == {decay.RATE, "r_ox"}
    assert {row["quantity"] for row in profiles} == {"decay"}
    for words in {row["condition"] for row in profiles}:
        own = [row for row in profiles if row["condition"] == words]
        for name in (decay.RATE, "r_ox"):
            points = [row for row in own if row["parameter"] == name]
            places = [row["value"] for row in points]
            assert places == sorted(set(places))
            assert min(row["deviance_rise"] for row in points) == 0.0
            told = next(
                row for row in decayed() if row["parameter"] == name and row["condition"].startswith(f"{words};")
            )
            assert places[0] <= told["value"] <= places[-1]
            if told["low"] is not None and told["high"] is not None:
                outside = [row["deviance_rise"] for row in points if not told["low"] < row["value"] < told["high"]]
                inside = [row["deviance_rise"] for row in points if told["low"] < row["value"] < told["high"]]
                assert min(outside) > 3.8 > 0.98 * max(inside)


def test_lines_from_below_contradict_a_closed_film_without_carbon() -> None:
    row = of_rate("metal as closed film", "carbon taken as constant")
    assert row["verdict"] == "rejected"
    assert row["reason"].startswith("the assumptions contradict the data")


def test_the_summary_names_what_carries_and_what_is_not_modelled() -> None:
    summary = [row for row in decayed() if row["parameter"] == ""]
    assert len(summary) == 1
    assert summary[0]["verdict"] == "conditional"
    assert summary[0]["reason"] == "k_rxn is identified by further assumptions only"
    assert "islands on 0.5 of the surface: carried by" in summary[0]["condition"]
    assert all(decay.NOT_MODELLED in row["condition"] for row in decayed())


def test_lines_from_below_do_identify_the_reaction_of_a_planar_film_without_carbon() -> None:
    """A closed film of 3 nm, as in ../shared/SCIENCE.md 4.5: 1 % attenuation identifies what the decay leaves open."""
    foil = optics()
    windows = np.stack([np.arange(0.0, 600.0, 60.0), np.arange(0.0, 600.0, 60.0) + 6.0], axis=1)
    truth = {"h0": 6.0, "x0": 0.3, "r_ox": 0.004, decay.RATE: 0.004}
    zero = np.zeros(10)
    line = decay.Below(zero, zero, windows, 3.27, 2.74)
    shape = decay.Rest(foil, zero, zero, windows, 80.0, (line,), zero, zero, windows, 2.08, 0.004)
    variant = decay.Variant(1.0, prior=True, below=True)
    share = decay._share(shape, variant, truth)
    metal, oxide = decay._films(shape, variant, truth, windows.mean(axis=1))
    area = 1e4 * np.exp(-metal / 3.27 - oxide / 2.74)
    line = decay.Below(area, 0.003 * area, windows, 3.27, 2.74)
    rest = decay.Rest(foil, share, np.full(10, 2e-3), windows, 80.0, (line,), zero, zero, windows, 2.08, 0.004)
    with_lines, without = decay.fit(rest, variant), decay.fit(rest, decay.Variant(1.0, prior=True))
    assert decay.verdict(with_lines, decay.points(rest, variant)).word == "conditional"
    assert with_lines.values[decay.RATE] == pytest.approx(0.004, rel=0.1)
    assert without.log_stderrs[decay.RATE] > with_lines.log_stderrs[decay.RATE]


def test_a_decay_without_its_second_experiment_says_so() -> None:
    alone = {"rest": series("fig4_LAGP_rest", "LAGP")}
    table = kinetics.compare(alone, {"rest": {**DECAY, "coverages": [1.0]}}, {})["kinetics"].to_pylist()
    assert not any("oxidation rate of the metal foil" in row["condition"] for row in table)
    assert "s4_Li_foil gives no oxidation rate: it is not analysed" in table[-1]["condition"]


def test_one_cycle_of_rest_is_not_testable() -> None:
    rows = list(decay_rows.findings(series("fig4_LAGP_rest", "LAGP", cycles=1), DECAY, None).kinetics)
    assert [(row["verdict"], row["reason"]) for row in rows] == [not_testable("one cycle")]


def test_a_log_without_pressure_scales_nothing() -> None:
    assert decay_rows.scaled_prior(0.5, "foil", np.array([]), np.array([1e-7])) == (
        0.5,
        "oxidation rate of foil as it is: a log lacks the pressure",
    )


# --- growth rows -----------------------------------------------------------------------------------------------------


def test_growth_of_the_twin_is_told_with_its_assumptions() -> None:
    rows = found(growth_rows.growth_findings(series("fig2a_LGPS_VEP", "LGPS"), GROWTH).kinetics, law="supply")
    share = rows[0]
    assert share["parameter"] == "utilisation"
    assert share["low"] < 0.05 < share["high"]
    assert share["component"] == "SEI"
    assert "charge referred to disk, capped by the supply" in share["condition"]


def test_a_course_belongs_to_every_stack_that_begins_with_the_same_film() -> None:
    """Two lines of one core level are weakened alike by what lies on them, so the film is as thick in every stack."""
    chemistry, lines = twin_tables.reference()
    acquired, areas = twin_tables.acquisitions("fig2b_LAGP_VEP"), twin_tables.components("fig2b_LAGP_VEP", 0.005)
    metal = {"layer": "Li0", "phase": "Li", "patches": True, "tracer": twin_tables.tracer("Li0 Li 1s", "Li")}
    first = stack("LAGP")
    islands = {**first, "layer_model": "patchy", "coverages": [0.5, 1.0], "films": [*first["films"], metal]}
    other = {**islands, "layer_model": "layers", "substrate": {**first["substrate"], "phase": "LGPS"}}
    stacks = [first, islands, other]
    thick = layers_of(acquired, areas, stacks, chemistry, lines)
    made = series_of(acquired, areas, thick, stacks, chemistry, lines, {"disk": 0.50265})
    wanted = {**GROWTH, "laws": ["supply"]}
    drawn = growth_rows.growth_findings(made, wanted).courses
    by_stack: dict[Any, list[float]] = {}
    for row in drawn:
        by_stack.setdefault((row["layer_model"], row["patch_coverage_fraction"]), []).append(row["value"])
    assert list(by_stack) == [("layer", None), ("patchy", 0.5), ("patchy", 1.0)]  # not on another substrate
    assert by_stack["layer", None] == by_stack["patchy", 0.5] == by_stack["patchy", 1.0]
    films = [row for row in thick.to_pylist() if row["layer"] == "SEI" and row["acquisition"] in (1, 2, 3, 4, 5)]
    for number in (1, 3, 5):
        same = [
            row["thickness_nm"]
            for row in films
            if row["acquisition"] == number and row["layer_model"] in ("layer", "patchy")
        ]
        assert same == pytest.approx([same[0]] * 3, rel=1e-3)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"cycles": 2}, "one cycle"),
        ({"cycles": 1}, "nothing was plated"),
        ({"plating_current_ua": None}, "the operator's log lacks the plating current of acquisition 1"),
        ({"plating_time_s": None}, "the operator's log lacks the plating time of acquisition 0"),
    ],
)
def test_growth_that_cannot_be_followed_is_a_row_per_law(more: dict[str, Any], reason: str) -> None:
    rows = found(growth_rows.growth_findings(series("fig2a_LGPS_VEP", "LGPS", **more), GROWTH).kinetics)
    assert [row["law"] for row in rows] == GROWTH["laws"]
    assert {(row["verdict"], row["reason"]) for row in rows} == {not_testable(reason)}


def test_an_unknown_film_is_a_row_too() -> None:
    rows = found(growth_rows.growth_findings(series("fig2a_LGPS_VEP", "LGPS"), {**GROWTH, "layer": "Li2O"}).kinetics)
    assert {row["reason"] for row in rows} == {"no film Li2O of a reaction case in the layer model layer"}
