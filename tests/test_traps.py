"""Series with a trap in them through the real stages: what an analyst must hear of is said, nothing crashes.

The traps are those of ``simulation.variants``. Each series is read, calibrated, cut, fitted, checked, quantified and
followed by the very functions of the rules, with the shipped settings, in one process (benchmarks/chain.py).
"""

import sys
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from xps import simulation
from xps.errors import RawFileError

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import chain

EXPERIMENT = "lagp_vep"
GERMANIUM, LITHIUM, OXYGEN = "lagp_ge3d_p2p", "lagp_li1s", "lagp_o1s"
ALUMINIUM, CARBON = "lagp_al2p", "adventitious_c1s"
STEPS = "C 1s - lines of the matrix"
Rows = dict[str, list[dict[str, Any]]]
pytestmark = pytest.mark.slow


@cache
def rows_of(kind: str | None, *wanted: str) -> Rows:
    """Send the variant ``kind`` of the series through the stages with its ``wanted`` models, without alternatives."""
    return analysed(chain.made(chain.setup(EXPERIMENT), kind), wanted)


def analysed(made: simulation.Variant, wanted: Sequence[str], log: Callable[[str], str] = lambda text: text) -> Rows:
    found = chain.tables_of(EXPERIMENT, made.series(), wanted, alternatives=False, log=log)
    return {name: table.to_pylist() for name, table in found.items()}


def chosen(rows: list[dict[str, Any]], **wanted: Any) -> list[dict[str, Any]]:
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def truth(kind: str | None, level: str, species: str, region: str) -> dict[int, float]:
    """True areas of a species in a region by row."""
    lines = chain.made(chain.setup(EXPERIMENT), kind).truth()
    wanted = (level, species, region)
    return {line.row: line.area_cps_ev for line in lines if (line.line, line.species, line.region) == wanted}


def metal_share(kind: str | None, row: int) -> float:
    """True share of Ge0 in Ge 3d."""
    areas = [truth(kind, "Ge3d", name, "Ge3d").get(row, 0.0) for name in ("Ge0", "Ge4+")]
    return areas[0] / sum(areas)


# --- what is hidden in the spectra ------------------------------------------------------------------------------------


def test_two_percent_of_hidden_phosphide_is_within_what_the_series_says_of_it() -> None:
    """Each cycle after the first dose shows it, each upper limit holds it; where there is none, none is found."""
    model = (GERMANIUM, CARBON)
    hidden = chosen(rows_of("hidden_phosphide", *model)["components"], species="Li3P")
    absent = chosen(rows_of(None, *model)["components"], species="Li3P")
    true = truth("hidden_phosphide", "P2p", "Li3P", "P2p")
    bounded = [row["upper_limit_95_cps_ev"] >= true[row["acquisition"]] for row in hidden[1:]]
    assert sum(bounded) >= len(bounded) - 1
    assert [row["detected"] for row in hidden] == [False] + 7 * [True]
    assert not any(row["detected"] for row in absent)


def test_carbon_at_another_potential_is_seen_by_internal_lines_and_not_by_distances() -> None:
    """0.3 eV from the sixth cycle on; the shipped charging scatters by 0.06 eV per region beside it."""
    checks = rows_of("carbon_apart", GERMANIUM, OXYGEN, ALUMINIUM, CARBON)["energy_checks"]
    (whole,) = [row for row in chosen(checks, check=STEPS) if row["acquisition"] is None]
    assert whole["verdict"] == "differs"
    assert whole["value_ev"] == pytest.approx(0.3, abs=2.5 * whole["stderr_ev"])
    assert "between acquisitions 4 and 5" in whole["remark"]
    assert "cannot tell" in whole["remark"]
    distances = [row for row in chosen(checks, check="O 1s - P 2p of PO4") if row["acquisition"] is not None]
    assert {row["verdict"] for row in distances} == {"agrees"}


@pytest.mark.parametrize("kind", [None, "islands", "planar", "hidden_phosphide"])
def test_no_step_of_the_carbon_is_said_to_be_seen_where_there_is_none(kind: str | None) -> None:
    """P 2p of the fifth cycle drifts 0.2 eV (3.2 of its spread): a step against that line, none of the reference."""
    checks = rows_of(kind, GERMANIUM, OXYGEN, ALUMINIUM, CARBON)["energy_checks"]
    (whole,) = [row for row in chosen(checks, check=STEPS) if row["acquisition"] is None]
    assert whole["verdict"] == "agrees"
    for name in ("C 1s - P 2p of PO4", "C 1s - O 1s of PO4"):
        cycles = [row for row in chosen(checks, check=name) if row["acquisition"] is not None]
        assert {row["verdict"] for row in cycles[1:]} == {"agrees"}, name


@pytest.mark.parametrize("kind", ["planar", "islands"])
def test_islands_and_a_closed_film_are_both_offered_and_called_not_identified(kind: str) -> None:
    rows = rows_of(kind, GERMANIUM, LITHIUM, OXYGEN)
    metal = [row for row in chosen(rows["layers"], layer="Li0", layer_model="patchy") if row["acquisition"] == 7]
    assert {row["patch_coverage_fraction"] for row in metal} == {0.5, 1.0}
    assert any(row["thickness_nm"] is not None for row in metal)
    shape = chosen(rows["layers"], layer="coverage")
    late = [row for row in shape if row["acquisition"] >= 5]
    assert {row["verdict"] for row in late} == {"not_identified"}
    assert all("not told apart" in row["condition"] for row in late)


def test_a_closed_film_takes_the_anchor_of_phosphate_away_and_errors_and_limits_say_so() -> None:
    """Under 1 to 5 nm of metal O 1s of phosphate is up to 40 % weaker than its tie to P 2p has it; LiOH is too low."""
    made = chain.made(chain.setup(EXPERIMENT), "planar")
    found = chain.tables_of(EXPERIMENT, made.series(), (LITHIUM, OXYGEN))
    rows = {
        (row["acquisition"], row["component"]): row for row in chosen(found["components"].to_pylist(), model=OXYGEN)
    }
    pulls = []
    for name in ("LiOH", "PO4"):
        for number, true in truth("planar", "O1s", name, "O1s").items():
            row = rows[number, name]
            total = np.hypot(row["area_stderr_cps_ev"], row["area_systematic_stderr_cps_ev"])
            pulls.append((row["area_cps_ev"] - true) / np.array([row["area_stderr_cps_ev"], total]))
            assert row["upper_limit_95_cps_ev"] > true
            assert row["verdict"] != "identified" or number < 5
            assert ("not: phosphate under a closed film" in row["condition"]) == (number >= 5)
    assert np.abs(pulls).max(axis=0)[0] > 3.0
    assert np.abs(pulls).max(axis=0)[1] < 1.5
    counted = [
        row for row in found["alternatives"].to_pylist() if row["alternative"] == "phosphate under a closed film"
    ]
    assert {row["counted_share"] < 0.1 for row in counted if row["acquisition"] < 4} == {True}


def test_a_tenth_of_the_counts_widens_the_errors_and_moves_no_share_beyond_them() -> None:
    """Errors grow by √10 where counting sets them; pulls of the shares stay those of a right model."""
    short = rows_of("short_counting", GERMANIUM, CARBON)["components"]
    full = rows_of(None, GERMANIUM, CARBON)["components"]
    few, many = (
        np.array([row["area_stderr_cps_ev"] for row in chosen(rows, component="Ge0 3d")]) for rows in (short, full)
    )
    assert np.median(few[1:] / many[1:]) == pytest.approx(10**0.5, rel=0.25)
    germanium = [row for row in chosen(short, component="Ge0 3d") if row["acquisition"] > 0]
    errors = [row["area_fraction"] - metal_share("short_counting", row["acquisition"]) for row in germanium]
    assert np.abs(np.array(errors) / [row["area_fraction_stderr"] for row in germanium]).max() < 3.0
    assert not any(row["detected"] for row in chosen(short, species="Li3P"))


def test_another_background_is_refused_by_the_counts_or_leaves_the_shares_alone() -> None:
    rows = rows_of("tougaard", GERMANIUM, CARBON)
    assert all(row["success"] for row in chosen(rows["fits"], model=GERMANIUM))
    assert max(row["p_value"] for row in chosen(rows["fits"], model=GERMANIUM)) < 0.01


# --- what is wrong with the files -------------------------------------------------------------------------------------


def test_a_missing_cycle_leaves_its_neighbours_their_charge_and_every_stage_a_table() -> None:
    """20 min was not written: 7 acquisitions, and the charge of the next one counts the whole time."""
    rows = rows_of("missing_cycle", GERMANIUM, LITHIUM, OXYGEN, CARBON)
    times = {row["acquisition"]: row["plating_time_s"] / 60.0 for row in rows["acquisitions"]}
    assert list(times.values()) == [0.0, 5.0, 10.0, 15.0, 30.0, 50.0, 70.0]
    charged = chosen(rows["balance"], area="pellet_8_38_mm", acquisition=4)
    assert charged[0]["charge_uah_cm2"] == pytest.approx(20.0 * 0.5 / 0.55155)
    onset = chosen(rows["kinetics"], quantity="onset", parameter="onset")
    assert onset[0]["value"] == pytest.approx(30.0 * 60.0)


def test_swapped_regions_are_taken_at_their_own_times() -> None:
    """In the middle cycle C 1s came first and Li 1s last: each region keeps its own clock, shares their truth."""
    rows = rows_of("swapped_order", GERMANIUM, LITHIUM, CARBON)
    start = {row["region"]: row["start_time_s"] for row in chosen(rows["acquisitions"], acquisition=4)}
    assert start["C1s"] < start["Ge3d"] < start["Li1s"]
    (metal,) = chosen(rows["components"], component="Ge0 3d", model=GERMANIUM, acquisition=4)
    known = {name: truth("swapped_order", "Ge3d", name, "Ge3d")[4] for name in ("Ge0", "Ge4+")}
    assert metal["area_fraction"] == pytest.approx(
        known["Ge0"] / sum(known.values()), abs=3 * metal["area_fraction_stderr"]
    )


def test_a_truncated_file_is_refused_with_its_name_until_the_log_excludes_it() -> None:
    made, wanted = chain.made(chain.setup(EXPERIMENT), "truncated_file"), (CARBON,)
    with pytest.raises(RawFileError, match=r"lagp_vep_070min\.spe: .*exclude it in the operator's log"):
        analysed(made, wanted)
    rows = analysed(made, wanted, lambda text: f"{text.rstrip().removesuffix(',,,')},yes,not readable,\n")
    assert [row["acquisition"] for row in chosen(rows["acquisitions"], excluded=True)] == [7]
    assert len(rows["fits"]) == 7


def test_without_carbon_on_fresh_lithium_the_axis_is_interpolated_and_its_error_grows() -> None:
    rows = rows_of("no_carbon", GERMANIUM, CARBON)
    found = {row["acquisition"]: row for row in rows["calibration"]}
    fresh = sorted(set(truth("no_carbon", "Li1s", "Li0", "Li1s")))
    assert fresh
    assert {found[number]["method"] for number in fresh} == {"interpolated"}
    assert {row["method"] for number, row in found.items() if number not in fresh} == {"fitted"}
    known = max(row["shift_stderr_ev"] for number, row in found.items() if number not in fresh)
    assert min(found[number]["shift_stderr_ev"] for number in fresh) > 3 * known
    steps = [row for row in chosen(rows["energy_checks"], check="C 1s - P 2p of PO4") if row["acquisition"] in fresh]
    assert {row["verdict"] for row in steps} == {"not_testable"}


def test_what_x_rays_take_from_a_control_is_seen_between_its_surveys() -> None:
    """2 % of the substrate's signal per hour: sulfur falls by a tenth more than in the untouched control."""
    change = {}
    for kind in (None, "damage"):
        found = chain.tables_of(
            "lgps_control", chain.made(chain.setup("lgps_control"), kind).series(), (CARBON,), alternatives=False
        )
        rows = chosen(found["degradation"].to_pylist(), quantity="area_cps_ev", subject="S")
        change[kind] = rows[0]
    assert change["damage"]["verdict"] == "changed"
    lost = change["damage"]["relative_change"] - change[None]["relative_change"]
    assert lost == pytest.approx(-0.09, abs=0.03)
