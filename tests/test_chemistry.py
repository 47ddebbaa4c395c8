"""Atoms, balances and volumes: laws of conservation, the independent numbers of ../shared/science, and refusals."""

import ast
import csv
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xps import chemistry, tables
from xps.chemistry.volumes import ConductiveFraction
from xps.errors import ConfigError

PROJECT = Path(__file__).parents[1]
SCIENCE = PROJECT.parent / "shared" / "science"
REFERENCE = PROJECT / "config" / "reference"


def science(name: str) -> list[dict[str, str]]:
    with (SCIENCE / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(scope="module")
def known() -> chemistry.Chemistry:
    rows, faults = chemistry.rows(REFERENCE)
    assert faults == []
    return chemistry.chemistry(rows["phases"], rows["reactions"])


# --- formulas ----------------------------------------------------------------------------------------------------


def test_a_formula_is_read_exactly() -> None:
    found = chemistry.atoms("Li1.5Al0.5Ge1.5(PO4)3")
    assert found == {"Li": Fraction(3, 2), "Al": Fraction(1, 2), "Ge": Fraction(3, 2), "P": 3, "O": 12}


def test_groups_nest_and_repeated_elements_add_up() -> None:
    assert chemistry.atoms("C(H2(CO)2)3H") == {"C": 7, "H": 7, "O": 6}


quarters = st.integers(1, 160).map(lambda number: Fraction(number, 4))


@given(st.dictionaries(st.sampled_from(["Li", "P", "S", "Ge", "O", "Al"]), quarters, min_size=1))
def test_a_written_formula_gives_back_its_atoms(composition: dict[str, Fraction]) -> None:
    formula = "".join(f"{element}{float(number):.10g}" for element, number in composition.items())
    assert chemistry.atoms(formula) == composition


@pytest.mark.parametrize(
    ("formula", "fault"),
    [
        ("Xx2O", "no element is called 'Xx'"),
        ("Li(PO4", "write it like"),
        ("LiPO4)3", "write it like"),
        ("li2O", "cannot be read from 'li2O'"),
        ("Li2 O", "cannot be read from ' O'"),
        ("Li2(3)O", "write it like"),
        ("", "write it like"),
        ("Li0", "write it like"),
        ("Li2((O)", "write it like"),
    ],
)
def test_what_is_no_formula_is_refused(formula: str, fault: str) -> None:
    with pytest.raises(ConfigError, match="formula ") as refusal:
        chemistry.atoms(formula)
    assert fault in str(refusal.value)


@pytest.mark.parametrize("row", science("phases.csv"), ids=lambda row: row["phase"])
def test_masses_and_volumes_of_the_shipped_phases_are_those_of_the_independent_table(
    row: dict[str, str], known: chemistry.Chemistry
) -> None:
    phase = known.phases[row["phase"]]
    assert chemistry.mass_g_mol(phase.atoms) == pytest.approx(float(row["M_g_mol"]), abs=0.02)
    assert phase.density_g_cm3 == float(row["density_g_cm3"])
    assert phase.molar_volume_cm3 == pytest.approx(float(row["Vm_cm3_mol"]), rel=3e-4)
    assert phase.valence_electrons == float(row["Nv_valence_e_per_formula"])
    assert phase.band_gap_ev == float(row["Eg_eV"])


# --- balances ----------------------------------------------------------------------------------------------------


def test_a_balanced_reaction_keeps_every_atom(known: chemistry.Chemistry) -> None:
    for case in known.cases.values():
        balance: dict[str, Fraction] = {}
        sides = [(-1, {case.reaction.start: Fraction(1), **case.reaction.taken}), (1, case.reaction.made)]
        for sign, side in sides:
            for name, number in side.items():
                for element, count in known.phases[name].atoms.items():
                    balance[element] = balance.get(element, Fraction(0)) + sign * number * count
        assert set(balance.values()) == {0}, case.name


def test_the_paper_s_reaction_comes_out(known: chemistry.Chemistry) -> None:
    assert known.cases["LGPS-A"].reaction.equation == "1 LGPS + 20 Li -> 12 Li2S + 2 Li3P + 1 Ge"
    assert known.cases["LAGP-E"].reaction.taken == {"Li": Fraction(93, 8)}


def balanced(start: str, taken: list[str], made: list[str]) -> chemistry.Reaction:
    compounds = {name: chemistry.atoms(name) for name in (start, *taken, *made)}
    return chemistry.balance(start, taken, made, compounds)


def test_missing_atoms_are_named_with_their_side() -> None:
    # PO4 uses all twelve oxygens, so LiAlO2 needs one from outside, or some phosphorus loses its oxygen.
    with pytest.raises(ConfigError, match="does not balance") as refusal:
        balanced("Li1.5Al0.5Ge1.5(PO4)3", ["Li"], ["Ge", "Li3PO4", "LiAlO2"])
    assert str(refusal.value).endswith("missing per formula unit: 0.25 P on the right, or 1 O on the left")


def test_an_element_of_one_compound_only_is_named() -> None:
    with pytest.raises(ConfigError, match="S stands in one compound only"):
        balanced("Li10GeP2S12", ["Li"], ["Li3P", "Ge"])


def test_a_reaction_that_leaves_a_choice_is_refused() -> None:
    with pytest.raises(ConfigError, match="balances in more than one way"):
        balanced("Li4P2O7", ["Li2O"], ["Li3PO4", "Li2O2", "O2"])


def test_a_compound_on_the_wrong_side_is_named() -> None:
    with pytest.raises(ConfigError, match="balances only with Li on the other side or absent"):
        balanced("Li2O", ["Li"], ["O2"])


@given(st.integers(1, 30), st.integers(1, 30))
def test_balancing_recovers_amounts_it_was_built_from(sulphide: int, phosphide: int) -> None:
    start = f"Li{sulphide}P{phosphide}S{sulphide}"
    reaction = balanced(start, ["Li"], ["Li2S", "Li3P"])
    assert reaction.made == {"Li2S": sulphide, "Li3P": phosphide}
    assert reaction.taken == {"Li": sulphide + 3 * phosphide}


# --- volumes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", science("sei_reactions.csv"), ids=lambda row: row["case"][:6])
def test_volumes_are_those_of_the_independent_table(row: dict[str, str], known: chemistry.Chemistry) -> None:
    case = known.cases[row["case"][:6]]
    shares = {name: 100 * share for name, share in chemistry.volume_fractions(case.reaction, known.phases).items()}
    assert shares == pytest.approx(ast.literal_eval(row["vol_percent"]), abs=0.02)
    assert sum(shares.values()) == pytest.approx(100)
    fraction = chemistry.conductive_fraction(case.reaction, known.phases)
    assert 100 * fraction.value == pytest.approx(float(row["conductive_vol_percent"]), abs=0.02)
    assert float(case.reaction.taken["Li"]) == float(row["Li_consumed_per_formula"])
    per_lithium = chemistry.interphase_per_lithium(case, known.phases)
    assert per_lithium == pytest.approx(float(row["nm_SEI_per_nm_Li"]), rel=1e-3)
    mixture = chemistry.interphase(case, known.phases, "SEI")
    assert mixture.molar_volume_cm3 == pytest.approx(float(row["V_SEI_cm3_per_mol"]), rel=1e-4)
    percent = {element: float(100 * n / sum(v for v in mixture.atoms.values())) for element, n in mixture.atoms.items()}
    assert percent == pytest.approx(ast.literal_eval(row["atomic_percent"]), abs=0.01)


def test_the_interphase_lies_between_its_parts(known: chemistry.Chemistry) -> None:
    mixture = chemistry.interphase(known.cases["LGPS-A"], known.phases, "LGPS-SEI")
    densities = [known.phases[name].density_g_cm3 for name in ("Li2S", "Li3P", "Ge")]
    assert min(densities) < mixture.density_low_g_cm3 < mixture.density_g_cm3 < mixture.density_high_g_cm3
    assert mixture.density_g_cm3 == pytest.approx(1.74, abs=0.005)
    assert 0.67 < mixture.band_gap_ev < 3.5


@pytest.mark.parametrize(("case", "low", "high"), [("LGPS-A", 0.200, 0.207), ("LAGP-A", 0.124, 0.130)])
def test_ranges_over_densities_are_near_the_published_ones(
    case: str, low: float, high: float, known: chemistry.Chemistry
) -> None:
    fraction = chemistry.conductive_fraction(known.cases[case].reaction, known.phases)
    assert fraction.low < fraction.value < fraction.high
    # the published ranges are rounded to 0.001 and rest on other choices of sources
    assert (fraction.low, fraction.high) == pytest.approx((low, high), abs=0.0025)


@pytest.mark.parametrize(
    ("value", "low", "high", "verdict"),
    [
        (0.4, 0.31, 0.5, "above"),
        (0.4, 0.3, 0.5, "undecided"),
        (0.04, 0.03, 0.049, "below"),
        (0.2, 0.19, 0.21, "undecided"),
    ],
)
def test_a_verdict_must_hold_over_both_ranges(value: float, low: float, high: float, verdict: str) -> None:
    assert chemistry.percolation(ConductiveFraction(value, low, high)) == verdict


def test_the_phases_table_states_the_range_and_not_a_bare_verdict(known: chemistry.Chemistry) -> None:
    rows = tables.from_rows("phases", chemistry.phase_rows(known)).to_pylist()
    verdicts = {row["case"]: row["verdict"] for row in rows}
    assert verdicts["LGPS-A"] == verdicts["LAGP-A"] == "undecided"
    assert verdicts["LAGP-E"] == verdicts["LAGP-G"] == "above"
    remark = next(row["remark"] for row in rows if row["case"] == "LAGP-A")
    assert "below the 0.154 of random equal spheres, undecided for real microstructures" in remark
    assert {row["phase"] for row in rows if row["case"] == "LAGP-B"} == {"Ge", "Li3PO4", "LiAlO2"}
    assert all("density: " in row["source"] for row in rows)


# --- reference files ---------------------------------------------------------------------------------------------


def test_a_folder_without_reference_files_has_no_rows(tmp_path: Path) -> None:
    assert chemistry.rows(tmp_path) == ({"phases": [], "reactions": []}, [])


def edited(tmp_path: Path, name: str, old: str, new: str) -> list[str]:
    for path in REFERENCE.glob("*.csv"):
        (tmp_path / path.name).write_text(path.read_text())
    path = tmp_path / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return chemistry.rows(tmp_path)[1]


@pytest.mark.parametrize(
    ("name", "old", "new", "fault"),
    [
        ("reactions.csv", "Li,Li2S; Li3P; Ge,", "Li,Li2S; Li3O; Ge,", "LGPS-A: no phase is called Li3O (did you mean"),
        ("reactions.csv", "Li; Li2O,Ge;", "Li,Ge;", "LAGP-B: LAGP + Li -> Ge + Li3PO4 + LiAlO2: does not balance"),
        ("phases.csv", "Ge,Ge,5.323,", "Ge,Ge,6.323,", "Ge: the density does not lie within its range"),
        ("phases.csv", "LiOH,LiOH,", "LiOH,LiOq,", "LiOH: formula 'LiOq'"),
        ("phases.csv", ",8,3.5,no", ",0,3.5,no", "Li2S: valence electrons must be above 0"),
        ("phases.csv", "5.323,5.30", "heavy,5.30", "line 6: density_g_cm3: found 'heavy', expected a number"),
    ],
)
def test_a_fault_in_a_reference_file_is_told_with_its_place(
    tmp_path: Path, name: str, old: str, new: str, fault: str
) -> None:
    faults = edited(tmp_path, name, old, new)
    assert any(fault in found for found in faults), faults
    assert all(found.startswith("config/reference/") for found in faults)


def test_rows_survive_being_passed_as_parameters(known: chemistry.Chemistry) -> None:
    rows: dict[str, list[dict[str, Any]]] = chemistry.rows(REFERENCE)[0]
    shuffled = {key: [dict(sorted(row.items())) for row in part] for key, part in rows.items()}
    assert chemistry.chemistry(shuffled["phases"], shuffled["reactions"]) == known
