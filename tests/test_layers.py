"""Thicknesses against closed forms, against the forward model solved otherwise, and against the twin's true states."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

import twin_tables
from whole_tables import layers_of
from xps import attenuation, core_lines, layers, tables
from xps.layers.stack import Stack, thicknesses
from xps.sensitivity import Facts

thickness = st.floats(0.05, 12.0)
length = st.floats(1.5, 4.0)


def film(strength: float, own_nm: float, above_nm: float) -> Stack:
    """One film, its tracer's length ``own_nm`` in everything, the substrate's ``above_nm``."""
    lengths = np.array([[own_nm, own_nm], [above_nm, above_nm]])
    return Stack(np.array([strength, 1.0]), lengths, np.zeros(2, dtype=bool))


def ge_over_ge(se: str, case: str) -> dict[str, Any]:
    return {
        "layer_model": "layer",
        "substrate": {"phase": se, "tracer": twin_tables.tracer("Ge4+ Ge 3d", "Ge")},
        "films": [{"layer": "SEI", "phase": case, "tracer": twin_tables.tracer("Ge0 Ge 3d", "Ge")}],
    }


# --- inversion -------------------------------------------------------------------------------------------------------


@given(thickness, length, st.floats(0.2, 5.0), st.floats(1e-2, 1e6))
def test_one_film_of_one_level_is_the_closed_form(d: float, own: float, strength: float, factor: float) -> None:
    # Film over substrate, both of one length: R = R∞ (exp(d/L) − 1). Strohmeier, Surf. Interface Anal. 15, 51 (1990).
    areas = factor * np.array([strength * np.expm1(d / own), 1.0])
    found = thicknesses(film(strength, own, own), areas, 0.01 * areas)
    assert found.success
    assert found.value_nm == pytest.approx([d], rel=1e-5)
    assert found.imfp_stderr_nm == pytest.approx([0.15 * d], rel=1e-4)  # d is proportional to the length


@given(thickness, length, length, st.floats(0.2, 5.0))
def test_one_film_of_two_levels_is_where_brent_s_method_finds_it(d: float, own: float, other: float, s: float) -> None:
    def ratio(trial: float) -> float:
        return s * own * -np.expm1(-trial / own) / (other * np.exp(-trial / other))

    measured = ratio(d)
    expected = brentq(lambda trial: np.log(ratio(trial) / measured), 1e-6, 60.0, xtol=1e-12)
    areas = np.array([measured, 1.0])
    assert thicknesses(film(s, own, other), areas, 0.01 * areas).value_nm == pytest.approx([expected], rel=1e-5)


@settings(max_examples=30)
@given(st.lists(st.floats(0.1, 4.0), min_size=2, max_size=3), st.sampled_from([0.4, 0.7, 1.0]), st.integers(0, 999))
def test_a_stack_gives_back_the_thicknesses_its_intensities_were_made_of(
    depths: list[float], coverage: float, seed: int
) -> None:
    random = np.random.default_rng(seed)
    size = len(depths) + 1
    patches = np.array([True] + [False] * (size - 1))  # the outermost film
    lengths = random.uniform(1.8, 3.5, (size, size))
    stack = Stack(random.uniform(0.5, 2.0, size), lengths, patches, coverage)
    areas = 1e4 * stack.intensities(np.array(depths))
    found = thicknesses(stack, areas, 1e-3 * areas)
    assert found.value_nm == pytest.approx(depths, rel=2e-3)


def test_what_the_fits_may_be_wrong_in_moves_the_thicknesses_like_any_error_of_the_areas() -> None:
    stack = Stack(np.array([1.0, 0.7, 1.0]), np.array([[2.0, 2.2, 2.2], [2.5] * 3, [2.4] * 3]), np.zeros(3, dtype=bool))
    areas = 1e4 * stack.intensities(np.array([0.8, 3.0]))
    errors = np.array([0.03, 0.0, 0.05]) * areas
    found = thicknesses(stack, areas, 0.002 * areas, systematics=errors)
    step = 0.01
    moved = [
        thicknesses(stack, areas + step * error, 0.002 * areas).value_nm - found.value_nm for error in np.diag(errors)
    ]
    assert found.fit_stderr_nm == pytest.approx(np.hypot.reduce(np.array(moved) / step, axis=0), rel=0.02)
    assert thicknesses(stack, areas, 0.002 * areas).fit_stderr_nm is None
    none = thicknesses(stack, areas, 0.002 * areas, systematics=np.zeros(3))
    assert none.fit_stderr_nm == pytest.approx(np.zeros(2))
    same = thicknesses(stack, areas, 0.002 * areas, systematics=0.002 * areas)
    assert same.fit_stderr_nm == pytest.approx(same.stderr_nm)


def test_the_table_gives_the_error_that_the_alternatives_make() -> None:
    """Systematic errors four times the statistical ones; rows without any say 0."""
    experiment = "fig2b_LAGP_VEP"
    acquired, found = twin_tables.acquisitions(experiment), twin_tables.components(experiment)
    doubted = [{**row, "area_systematic_stderr_cps_ev": 4.0 * row["area_stderr_cps_ev"]} for row in found.to_pylist()]
    chemistry, lines = twin_tables.reference()
    for areas, factor in ((found, 0.0), (tables.from_rows("components", doubted), 4.0)):
        rows = layers_of(acquired, areas, [ge_over_ge("LAGP", "LAGP-A")], chemistry, lines).to_pylist()
        for row in rows[1:5]:
            assert row["thickness_fit_stderr_nm"] == pytest.approx(factor * row["thickness_stderr_nm"], rel=1e-6)


def test_errors_are_those_of_repeated_measurements() -> None:
    stack = Stack(np.array([1.0, 0.7, 1.0]), np.array([[2.0, 2.2, 2.2], [2.5] * 3, [2.4] * 3]), np.zeros(3, dtype=bool))
    areas = 1e4 * stack.intensities(np.array([0.8, 3.0]))
    stderrs = 0.02 * areas
    random = np.random.default_rng(3)
    found = [thicknesses(stack, areas + stderrs * random.standard_normal(3), stderrs) for _ in range(100)]
    spread = np.std([one.value_nm for one in found], axis=0)
    # the spread of 100 draws is known to 7 %
    assert np.mean([one.stderr_nm for one in found], axis=0) == pytest.approx(spread, rel=0.25)


@given(thickness)
def test_patches_show_less_of_themselves_and_more_of_what_is_below(d: float) -> None:
    lengths = np.full((2, 2), 2.5)
    closed = Stack(np.ones(2), lengths, np.array([False, False])).intensities(np.array([d]))
    island = Stack(np.ones(2), lengths, np.array([True, False]), 0.5).intensities(np.array([d]))
    assert island[0] == pytest.approx(0.5 * closed[0])
    assert island[1] == pytest.approx(0.5 * 2.5 + 0.5 * closed[1])


# --- the twin --------------------------------------------------------------------------------------------------------


def solved(experiment: str, *stacks: dict[str, Any], **more: Any) -> list[dict[str, Any]]:
    chemistry, lines = twin_tables.reference()
    acquired, areas = twin_tables.acquisitions(experiment, **more), twin_tables.components(experiment)
    return layers_of(acquired, areas, stacks, chemistry, lines).to_pylist()


@pytest.mark.parametrize(
    ("experiment", "se", "case", "cycles", "accuracy"),
    [
        ("fig2a_LGPS_VEP", "LGPS", "LGPS-A", range(1, 7), 0.005),
        # grown further between the Ge 3d window and the end of the cycle, for which the state is listed: up to 6 %
        ("fig2b_LAGP_VEP", "LAGP", "LAGP-A", range(1, 8), 0.06),
    ],
)
def test_the_twin_s_interphase_is_measured(experiment: str, se: str, case: str, cycles: range, accuracy: float) -> None:
    rows = solved(experiment, ge_over_ge(se, case))
    truth = twin_tables.states(experiment)
    assert rows[0]["thickness_nm"] == pytest.approx(0.0, abs=0.01)
    for cycle in cycles:
        row = rows[cycle]
        assert row["thickness_nm"] == pytest.approx(truth[cycle]["d_SEI_nm"], rel=accuracy), cycle
        assert row["thickness_imfp_stderr_nm"] == pytest.approx(0.15 * row["thickness_nm"], rel=1e-3)
        assert (row["verdict"], row["coverage_fraction"]) == ("conditional", 1.0)
        assert "mean free paths by TPP-2M to 15%" in row["condition"]


def test_a_film_that_hides_its_substrate_has_a_lower_limit_only() -> None:
    last = solved("fig2a_LGPS_VEP", ge_over_ge("LGPS", "LGPS-A"))[-1]
    assert (last["thickness_nm"], last["verdict"]) == (None, "not_identified")
    assert 12.0 < last["thickness_lower_limit_nm"] < twin_tables.states("fig2a_LGPS_VEP")[-1]["d_SEI_nm"]
    assert "the substrate is not detected through the film" in last["condition"]


CARBON = {"phase": "carbon", "tracer": twin_tables.tracer("C-C/C-H C 1s", "C")}
TWIN_S_CARBON = {**CARBON, "mean_free_path_nm": 3.2}  # ../shared/science/experiments.yaml: one for all lines


def oxide_on_ge() -> dict[str, Any]:
    stack = ge_over_ge("LGPS", "LGPS-A") | {"layer_model": "layers"}
    oxide = {"layer": "Li2O", "phase": "Li2O", "tracer": twin_tables.tracer("Li2O O 1s", "O")}
    return stack | {"films": [*stack["films"], oxide]}


def at_window(experiment: str, cycle: int, line: str, state: str) -> float:
    """The twin's state (nm) in the middle of a line's window; states are listed for the ends of cycles."""
    row = next(row for row in twin_tables.truth(experiment) if int(row["row"]) == cycle and row["line"] == line)
    middle = 0.5 * (float(row["wall_start_min"]) + float(row["wall_end_min"]))
    states = twin_tables.states(experiment)
    return float(np.interp(middle, [one["wall_min"] for one in states], [one[state] for one in states]))


def test_oxide_and_carbon_on_the_interphase_are_measured_with_other_levels() -> None:
    found = solved("fig2a_LGPS_VEP", oxide_on_ge() | {"carbon": TWIN_S_CARBON})
    oxide = [row for row in found if row["layer"] == "Li2O"]
    carbon = [row for row in found if row["layer"] == "carbon"]
    assert carbon[1]["lines"] == "C 1s of carbon, O 1s of Li2O, Ge 3d of LGPS-A, Ge 3d of LGPS"
    for cycle in range(1, 7):
        # the skin grows by a fiftieth between Ge 3d and O 1s
        true = at_window("fig2a_LGPS_VEP", cycle, "O1s", "Li2O_skin_nm")
        assert oxide[cycle]["thickness_nm"] == pytest.approx(true, rel=0.03), cycle
        # 80 atoms per nm³ there, 75 here
        true = at_window("fig2a_LGPS_VEP", cycle, "C1s", "C_nm")
        assert carbon[cycle]["thickness_nm"] == pytest.approx(true, rel=0.05), cycle
        # carbon that weakens all lines alike drops out of ratios
        assert oxide[cycle]["thickness_carbon_stderr_nm"] < 1e-3 * oxide[cycle]["thickness_nm"]
        assert carbon[cycle]["thickness_carbon_stderr_nm"] == pytest.approx(0.25 * true, rel=0.1)


def test_carbon_of_a_real_mean_free_path_hides_more_of_the_oxide_than_of_germanium() -> None:
    """Left out, the oxide is too thin by exp(-d (1/L(O 1s) - 1/L(Ge 3d))): 8 to 10 % at 0.6 to 0.8 nm."""
    chemistry, lines = twin_tables.reference()
    facts = Facts(1486.6, 55.0, 40.0, 0.0, 45.0, 45.0)
    levels = {line["core_level"]: line for line in lines}
    oxygen, germanium = (core_lines.length_nm("carbon", chemistry, levels[name], facts) for name in ("O 1s", "Ge 3d"))
    without, found = (solved("fig2a_LGPS_VEP", oxide_on_ge() | more) for more in (dict[str, Any](), {"carbon": CARBON}))
    for bare, row in zip(*([one for one in rows if one["layer"] == "Li2O"] for rows in (without, found)), strict=True):
        carbon = next(
            one["thickness_nm"] for one in found if (one["layer"], one["acquisition"]) == ("carbon", row["acquisition"])
        )
        if row["acquisition"] in (1, 2, 3):  # thin: its signal is nearly proportional to its thickness
            hidden = np.exp(carbon * (1.0 / oxygen - 1.0 / germanium))
            assert 1.07 < hidden < 1.11
            assert row["thickness_nm"] / bare["thickness_nm"] == pytest.approx(hidden, rel=0.02)
            # 35 % of the carbon's signal is worth about a third of what the carbon is worth
            change = row["thickness_nm"] - bare["thickness_nm"]
            assert row["thickness_carbon_stderr_nm"] == pytest.approx(0.27 * change, rel=0.2)
        assert bare["thickness_carbon_stderr_nm"] is None


def test_carbon_makes_no_difference_to_two_lines_of_one_level() -> None:
    bare, under = (
        solved("fig2a_LGPS_VEP", ge_over_ge("LGPS", "LGPS-A") | more) for more in (dict[str, Any](), {"carbon": CARBON})
    )
    films = [row for row in under if row["layer"] == "SEI"]
    for one, other in zip(bare, films, strict=True):
        known = "thickness_nm" if one["thickness_nm"] is not None else "thickness_lower_limit_nm"
        assert other[known] == pytest.approx(one[known], rel=1e-3, abs=1e-4)


def test_carbon_that_was_not_measured_is_left_out_and_the_rows_say_so() -> None:
    absent = {**CARBON, "tracer": twin_tables.tracer("C=C C 1s", "C")}
    bare, found = (solved("fig2a_LGPS_VEP", oxide_on_ge() | more) for more in (dict[str, Any](), {"carbon": absent}))
    assert [row["thickness_nm"] for row in found] == [row["thickness_nm"] for row in bare]
    measured = [row for row in found if row["thickness_nm"] is not None]
    assert all("carbon on top left out, which weakens lines of low kinetic" in row["condition"] for row in measured)
    assert all("no area of C=C C 1s" in row["condition"] for row in measured)
    assert all(row["thickness_carbon_stderr_nm"] is None for row in found)


def test_islands_and_a_closed_film_are_not_told_apart() -> None:
    stack = ge_over_ge("LAGP", "LAGP-A") | {"layer_model": "patchy", "coverages": [0.5, 1.0]}
    lithium = {"layer": "Li0", "phase": "Li", "patches": True, "tracer": twin_tables.tracer("Li0 Li 1s", "Li")}
    stack["films"] = [*stack["films"], lithium]
    rows = [row for row in solved("fig2b_LAGP_VEP", stack) if row["layer"] == "Li0"]
    late = [row for row in rows if row["acquisition"] >= 6]
    assert {row["coverage_fraction"] for row in late} == {0.5, 1.0}
    assert {row["verdict"] for row in late} == {"not_identified"}
    assert all("which is declared and not measured" in row["condition"] for row in late)
    # little lithium shines through: then its amount does not hang on the coverage
    assert {row["verdict"] for row in rows if row["acquisition"] == 4} == {"conditional"}


def patchy(*coverages: float) -> dict[str, Any]:
    stack = ge_over_ge("LAGP", "LAGP-A") | {"layer_model": "patchy", "coverages": list(coverages)}
    lithium = {"layer": "Li0", "phase": "Li", "patches": True, "tracer": twin_tables.tracer("Li0 Li 1s", "Li")}
    return stack | {"films": [*stack["films"], lithium]}


def test_whether_lithium_lies_in_islands_is_a_row_that_says_not_identified() -> None:
    """As many areas as unknowns: any coverage between the true one and a closed film makes the same areas."""
    rows = [row for row in solved("fig2b_LAGP_VEP", patchy(0.5, 1.0)) if row["layer"] == layers.COVERAGE]
    assert [row["acquisition"] for row in rows] == list(range(8))
    assert {row["verdict"] for row in rows if row["acquisition"] < 4} == {"not_testable"}
    late = [row for row in rows if row["acquisition"] >= 5]
    assert {row["verdict"] for row in late} == {"not_identified"}
    assert all("islands and a closed film are not told apart" in row["condition"] for row in late)
    assert all(row["thickness_nm"] is None and row["coverage_fraction"] is None for row in rows)


def test_a_coverage_that_cannot_make_the_areas_is_named_and_the_shape_still_not_identified() -> None:
    """Islands on 2 % of the surface cannot give the lithium that half of it gave; any larger share can."""
    rows = [row for row in solved("fig2b_LAGP_VEP", patchy(0.02, 0.5, 1.0)) if row["layer"] == layers.COVERAGE]
    assert rows[6]["verdict"] == "not_identified"
    assert "coverage 0.02 cannot make these areas" in rows[6]["condition"]


def test_a_stack_has_a_misfit_where_no_thickness_makes_the_areas() -> None:
    """A film weakens its substrate: a tracer of the film and a substrate, both at full strength, are too much."""
    patches = film(1.0, 3.0, 3.0)
    islands = Stack(patches.strengths, patches.lengths_nm, np.array([True, False]), 0.3)
    possible, errors = islands.intensities(np.array([2.0])), np.full(2, 0.01)
    assert thicknesses(islands, possible, errors).misfit < 1e-6
    beyond = np.array([islands.intensities(np.array([1e3]))[0] * 3.0, possible[1] * 0.5])
    assert thicknesses(islands, beyond, errors).misfit > 100.0


def test_closed_films_have_no_row_about_their_shape() -> None:
    assert layers.COVERAGE not in {row["layer"] for row in solved("fig2b_LAGP_VEP", ge_over_ge("LAGP", "LAGP-A"))}


# --- what cannot be measured -----------------------------------------------------------------------------------------


def test_a_level_that_was_not_measured_or_not_fitted_is_a_row_with_its_reason() -> None:
    stack = ge_over_ge("LGPS", "LGPS-A")
    stack["films"][0]["tracer"] = twin_tables.tracer("Ge2+ Ge 3d", "Ge")
    for row in solved("fig2a_LGPS_VEP", stack):
        assert (row["verdict"], row["thickness_nm"]) == ("not_testable", None)
        assert row["condition"] == ("no area of Ge2+ Ge 3d (not measured in this acquisition, or the fit failed)")


@pytest.mark.parametrize("fact", ["photon_energy_ev", "emission_angle_deg"])
def test_a_header_that_lacks_what_a_length_needs_is_said(fact: str) -> None:
    rows = solved("fig2a_LGPS_VEP", ge_over_ge("LGPS", "LGPS-A"), **{fact: None})
    assert {row["condition"] for row in rows} == {f"the header of Ge0 Ge 3d lacks {fact}"}


def test_a_level_without_a_reference_row_is_said() -> None:
    chemistry, _ = twin_tables.reference()
    acquired, areas = (part("fig2a_LGPS_VEP") for part in (twin_tables.acquisitions, twin_tables.components))
    found = layers_of(acquired, areas, [ge_over_ge("LGPS", "LGPS-A")], chemistry, [])
    (told,) = set(found.column("condition").to_pylist())
    assert told == "the experiment's table of sensitivity factors has no row for Ge 3d"


def test_factors_with_and_without_angular_asymmetry_tell_thicknesses_apart_by_the_asymmetries() -> None:
    """One thin film of O 1s (β = 2) over Ge 3d (β = 1.05): at 45° their ratio is off by 0.750/0.869."""
    chemistry, lines = twin_tables.reference()
    betas = {"O 1s": 2.0, "Ge 3d": 1.05}
    measured = [
        {**line, "contains": ["cross_section"], "asymmetry_beta": betas[line["core_level"]]}
        for line in lines
        if line["core_level"] in betas
    ]
    stack = ge_over_ge("LGPS", "LGPS-A")
    stack["films"] = [{"layer": "oxide", "phase": "Li2O", "tracer": twin_tables.tracer("Li2O O 1s", "O")}]
    tables_of = twin_tables.acquisitions("fig2a_LGPS_VEP"), twin_tables.components("fig2a_LGPS_VEP")
    alike, weaker = (layers_of(*tables_of, [stack], chemistry, rows).to_pylist()[1] for rows in (lines, measured))
    length = 0.5 * (_length(chemistry, lines, "O 1s") + _length(chemistry, lines, "Ge 3d"))
    thin, thick = (row["thickness_nm"] for row in (alike, weaker))
    # of a film d thick the ratio of the two lines goes as exp(d/L) - 1, up to the small difference of the lengths
    assert np.expm1(thick / length) / np.expm1(thin / length) == pytest.approx(0.869 / 0.750, rel=0.02)


def _length(chemistry: Any, lines: list[dict[str, Any]], level: str) -> float:
    line = next(line for line in lines if line["core_level"] == level)
    facts = Facts(1486.6, 55.0, 40.0, 0.0, 45.0, 45.0)
    return core_lines.length_nm("Li2O", chemistry, line, facts)


def test_excluded_acquisitions_take_no_part_and_no_stack_gives_no_row() -> None:
    assert solved("fig2a_LGPS_VEP", ge_over_ge("LGPS", "LGPS-A"), excluded=True) == []
    assert solved("fig2a_LGPS_VEP") == []
    chemistry, lines = twin_tables.reference()
    empty = tables.from_rows("acquisitions", []), tables.from_rows("components", [])
    assert layers_of(*empty, [ge_over_ge("LGPS", "LGPS-A")], chemistry, lines).num_rows == 0


def test_however_many_acquisitions_are_taken_at_once_the_films_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    stacks = [ge_over_ge("LGPS", "LGPS-A"), ge_over_ge("LGPS", "LGPS-B")]
    whole = solved("fig2a_LGPS_VEP", *stacks)
    monkeypatch.setattr("xps.layers.AT_ONCE", 3)
    assert solved("fig2a_LGPS_VEP", *stacks) == whole


@given(st.lists(st.floats(0.0, 20.0), min_size=1, max_size=5), st.integers(0, 10**6))
def test_each_line_shows_of_its_layer_what_the_layers_above_leave(thickness: list[float], seed: int) -> None:
    """The general formula for a line in all layers, of which the tracer's own layer counts."""
    count = len(thickness) + 1
    lengths = np.random.default_rng(seed).uniform(0.5, 5.0, (count, count))
    seen = Stack(np.ones(count), lengths, np.zeros(count, dtype=bool)).intensities(np.array(thickness))
    column = np.append(thickness, np.inf)
    for line in range(count):
        assert seen[line] == pytest.approx(attenuation.stack_lengths_nm(column, lengths[line])[line], abs=1e-12)


def test_a_film_too_thick_to_be_felt_does_not_blur_the_errors_of_the_others() -> None:
    """How thick thick patches are changes no area. The errors of all other films are those of repeated measurements."""
    lengths = np.array([[3.0, 2.5, 2.0, 2.2], [2.8, 2.4, 2.1, 2.3], [3.1, 2.7, 2.2, 2.4], [2.9, 2.6, 2.3, 2.5]])
    stack = Stack(np.ones(4), lengths, np.array([False, True, False, False]), 0.5)
    truth = np.array([0.8, 150.0, 6.0])
    areas = 1e4 * stack.intensities(truth)
    stderrs = 0.01 * areas
    found = thicknesses(stack, areas, stderrs)
    assert np.isnan(found.stderr_nm[1])
    rng = np.random.default_rng(7)
    repeated = [thicknesses(stack, areas + stderrs * rng.normal(size=4), stderrs, truth).value_nm for _ in range(300)]
    low, high = np.percentile(np.array(repeated)[:, [0, 2]], [15.87, 84.13], axis=0)
    np.testing.assert_allclose(found.stderr_nm[[0, 2]], 0.5 * (high - low), rtol=0.2)
