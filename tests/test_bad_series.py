"""What is missing from a series or its settings, on the shipped experiments: a sentence in its place, never a crash.

Settings are refused before anything runs, by the loader of the workflow; series go through all stages.
"""

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from xps import configuration, models, quantification, simulation
from xps.errors import ConfigError

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import chain

ROOT = Path(__file__).parents[1]

Rows = dict[str, list[dict[str, Any]]]
GERMANIUM, LITHIUM, OXYGEN = "lagp_ge3d_p2p", "lagp_li1s", "lagp_o1s"
ALUMINIUM, CARBON = "lagp_al2p", "adventitious_c1s"


# --- settings ---------------------------------------------------------------------------------------------------------


def refusal(tmp_path: Path, file: str, old: str, new: str, **more: Any) -> str:
    """Return what the loader says of the shipped project with ``old`` replaced by ``new`` in one of its files."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "raw").symlink_to(ROOT / "raw")
    path = tmp_path / "config" / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    config = {"raw": "raw", "results": "results", "experiments": ["lagp_vep"], "figures": [], **more}
    with pytest.raises(ConfigError) as refused:
        configuration.load(tmp_path, config, checks=[models.faults, quantification.faults])
    return str(refused.value)


@pytest.mark.parametrize(
    ("file", "old", "new", "sentence"),
    [
        (
            "experiments/lagp_vep.yaml",
            "factors: scofield_isotropic",
            "factors: scofeld",
            "composition.factors: there is no config/reference/factors_scofeld.csv (did you mean 'scofield'?)",
        ),
        (
            "experiments/lagp_vep.yaml",
            "onset: [{model: lagp_li1s, component: Li0}]",
            "onset: [{model: lagp_li1s, component: Li00}]",
            "kinetics.onset[0].components: lagp_li1s has no Li00 (did you mean 'Li0'?)",
        ),
        (
            "experiments/lagp_vep.yaml",
            "{layer: LiOH, phase: LiOH,",
            "{layer: LiOH, phase: LiOD,",
            "phase: LiOD is neither a phase nor a case (did you mean 'LiOH'?)",
        ),
        (
            "experiments/lagp_vep.yaml",
            "areas_cm2: {disk_8_00_mm: 0.50265, pellet_8_38_mm: 0.55155}",
            "",
            "balance: the charge per area needs an area; declare areas_cm2, such as {pellet: 0.5027}",
        ),
    ],
    ids=["factor set", "component", "phase", "area"],
)
def test_what_a_setting_names_and_nothing_has_is_told_with_its_place(
    tmp_path: Path, file: str, old: str, new: str, sentence: str
) -> None:
    told = refusal(tmp_path, file, old, new)
    assert sentence in told
    assert "lagp_vep" in told


@pytest.mark.parametrize(
    ("made", "atoms"),
    [
        ("Ge; Li3PO4,", "Al stands in one compound only"),
        ("Li3PO4; AlPO4,", "Ge stands in one compound only"),
        ("Ge; AlPO4,", "the atoms of Li, Al, Ge, P, O cannot be balanced by these compounds"),
    ],
)
def test_a_reaction_that_does_not_balance_names_the_atoms_before_anything_runs(
    tmp_path: Path, made: str, atoms: str
) -> None:
    """The shipped reaction LAGP-A without one of its products."""
    told = refusal(tmp_path, "reference/reactions.csv", "LAGP-A,LAGP,Li,Ge; Li3PO4; AlPO4,", f"LAGP-A,LAGP,Li,{made}")
    assert "reactions.csv" in told
    assert "LAGP-A" in told
    assert f"does not balance; {atoms}" in told


# --- series -----------------------------------------------------------------------------------------------------------


def analysed(
    change: Callable[[simulation.Setup], simulation.Setup],
    *wanted: str,
    experiment: str = "lagp_vep",
    log: Callable[[str], str] = lambda text: text,
) -> Rows:
    made = simulation.Variant(change(chain.setup(experiment)))
    found = chain.tables_of(experiment, made.series(), wanted, alternatives=False, log=log)
    return {name: table.to_pylist() for name, table in found.items()}


def with_rows(rows: Sequence[int], region: str = "") -> Callable[[simulation.Setup], simulation.Setup]:
    """Return the change that keeps ``rows`` of the series, or of one region of it."""

    def change(setup: simulation.Setup) -> simulation.Setup:
        regions = []
        for one in setup.plan.regions:
            kept = [row for row in (setup.plan.rows if one.rows is None else one.rows) if row in rows]
            if not region and one.rows is not None and not kept:
                continue
            regions.append(replace(one, rows=tuple(kept)) if one.name == region or one.rows is not None else one)
        plan = replace(setup.plan, regions=tuple(one for one in regions if one.rows != ()))
        return replace(setup, plan=plan if region else replace(plan, rows=tuple(rows)))

    return change


def column_less(name: str) -> Callable[[str], str]:
    """Return the change that takes a column out of the operator's log."""

    def change(text: str) -> str:
        lines = [line.split(",") for line in text.strip().split("\n")]
        place = lines[0].index(name)
        return "\n".join(",".join(cells[:place] + cells[place + 1 :]) for cells in lines) + "\n"

    return change


@pytest.mark.slow
def test_a_series_of_one_cycle_has_compositions_and_no_kinetics() -> None:
    rows = analysed(with_rows([5]), GERMANIUM, LITHIUM, OXYGEN, ALUMINIUM, CARBON)
    assert {row["acquisition"] for row in rows["components"]} == {0}
    assert any(row["atomic_percent"] for row in rows["composition"])
    laws = [row for row in rows["kinetics"] if row["quantity"] in ("area_cps_ev", "area_fraction", "thickness_nm")]
    assert laws
    assert all(row["verdict"] in ("not_testable", "not_identified") for row in laws)
    assert {row["chosen"] for row in laws} <= {"no", "undecided"}
    steps = [row for row in rows["energy_checks"] if row["kind"] == "reference_step" and row["acquisition"] is None]
    assert {row["verdict"] for row in steps} == {"not_testable"}
    (told,) = [row for row in rows["degradation"] if row["basis"] == "all"]
    assert told["verdict"] == "not_testable"


@pytest.mark.slow
def test_a_level_that_some_cycles_lack_is_told_in_each_of_them() -> None:
    rows = analysed(with_rows([0, 1, 2, 4, 6, 7], region="P2p"), GERMANIUM, LITHIUM, CARBON)
    failed = [row for row in rows["fits"] if not row["success"]]
    assert {(row["model"], row["acquisition"]) for row in failed} == {(GERMANIUM, 3), (GERMANIUM, 5)}
    assert {row["message"] for row in failed} == {"no data of P 2p (region P2p) in this acquisition"}
    counted = [row for row in rows["composition"] if row["acquisition"] in (3, 5) and row["origin"] == "core_levels"]
    assert counted
    assert all(row["atomic_percent"] is None and "P 2p" in row["remark"] for row in counted)
    assert all(row["success"] for row in rows["fits"] if row["model"] == LITHIUM)
    laws = [row for row in rows["kinetics"] if row["component"] == "PO4 2p"]
    assert laws
    assert all(
        row["condition"].startswith("2 of 8 acquisitions left out: not measured") for row in laws if row["parameter"]
    )
    films = [row for row in rows["layers"] if row["acquisition"] == 3 and row["layer"] == "SEI"]
    assert {row["verdict"] for row in films} == {"not_testable"}


@pytest.mark.slow
def test_a_log_without_currents_has_no_charge_and_says_so() -> None:
    rows = analysed(lambda setup: setup, GERMANIUM, CARBON, log=column_less("plating_current_ua"))
    charged = [row for row in rows["balance"] if row["acquisition"] > 0]
    assert charged
    assert all(row["charge_uah_cm2"] is None for row in charged)
    assert {row["condition"] for row in charged} == {"the operator's log lacks the plating current of a step"}


@pytest.mark.slow
def test_a_log_without_its_axis_leaves_every_law_untested() -> None:
    rows = analysed(lambda setup: setup, GERMANIUM, CARBON, log=column_less("plating_time_s"))
    laws = [row for row in rows["kinetics"] if row["quantity"] == "area_cps_ev"]
    assert laws
    told = ("not_testable", "no acquisition has a plating_time_s")
    assert {(row["verdict"], row["reason"]) for row in laws} == {told}


@pytest.mark.slow
def test_a_series_without_surveys_says_so() -> None:
    def change(setup: simulation.Setup) -> simulation.Setup:
        kept = tuple(region for region in setup.plan.regions if region.name != "Su1s")
        return replace(setup, plan=replace(setup.plan, regions=kept))

    rows = analysed(change, GERMANIUM, CARBON)
    assert {row["origin"] for row in rows["composition"]} == {"core_levels"}
    (told,) = rows["degradation"]
    assert told["remark"] == "0 acquisitions with a survey (region Su1s): a first and a last one are needed"
