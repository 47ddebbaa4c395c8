"""Sensitivities and lengths against the independent tables of ../shared/science."""

import csv
import math
import re
from pathlib import Path

import pytest

import twin_tables
from xps import core_lines
from xps.core_lines import Facts

FACTS = Facts(1486.6, 55.0, 40.0, 0.2, 45.0, 45.0)
_LINES = csv.DictReader((twin_tables.SCIENCE / "core_lines.csv").read_text(encoding="utf-8").splitlines())
PUBLISHED = {re.sub(r"([A-Z][a-z]?)(\d)", r"\1 \2", row["line"]): row for row in _LINES}  # Ge3d: Ge 3d


@pytest.mark.parametrize("line", twin_tables.reference()[1], ids=lambda line: line["line"])
def test_sensitivity_is_the_product_of_the_published_factors(line: dict[str, float]) -> None:
    row = PUBLISHED[str(line["line"])]
    expected = float(row["RSF_C-Al1486"]) * float(row["L_45deg"]) * float(row["T_PE55_a40_b0.2"])
    assert core_lines.sensitivity(line, FACTS) == pytest.approx(expected, rel=1.5e-3)
    assert core_lines.kinetic_energy_ev(line, FACTS) == pytest.approx(float(row["KE"]))


def test_what_the_header_does_not_say_changes_nothing() -> None:
    line = twin_tables.reference()[1][0]
    silent = Facts(1486.6, 55.0, None, None, 45.0, None)
    assert core_lines.sensitivity(line, silent) == line["cross_section"]
    magic = silent._replace(source_analyser_angle_deg=math.degrees(math.asin(math.sqrt(2 / 3))))
    assert core_lines.sensitivity(line, magic) == pytest.approx(line["cross_section"])
    assert silent.missing == []
    assert Facts(None, 1.0, 1.0, 1.0, None, 1.0).missing == ["photon_energy_ev", "emission_angle_deg"]


def test_length_in_grains_lies_between_those_of_the_phases_and_near_the_fine_mixture_s() -> None:
    chemistry, lines = twin_tables.reference()
    germanium = next(line for line in lines if line["line"] == "Ge 3d")
    straight = FACTS._replace(emission_angle_deg=0.0)
    parts = [core_lines.length_nm(name, chemistry, germanium, straight) for name in ("Ge", "Li3PO4", "AlPO4")]
    mixed = core_lines.length_nm("LAGP-A", chemistry, germanium, straight)
    assert min(parts) < mixed < max(parts)
    # 3.329 nm for the fine mixture, ../shared/science/imfp_tpp2m_nm.csv
    assert mixed == pytest.approx(3.329, rel=0.06)
    tilted = core_lines.length_nm("LAGP-A", chemistry, germanium, FACTS)
    assert tilted == pytest.approx(mixed * math.cos(math.radians(45.0)))


def test_atoms_per_volume_follow_from_the_lattice() -> None:
    chemistry, _ = twin_tables.reference()
    # diamond lattice, 8 atoms in a cube of 0.5658 nm
    germanium = core_lines.phase_of("Ge", chemistry)
    assert core_lines.atoms_per_nm3(germanium, "Ge") == pytest.approx(8 / 0.5658**3, rel=3e-3)
    assert core_lines.atoms_per_nm3(germanium, "Li") == 0.0
    lgps = core_lines.phase_of("LGPS-A", chemistry)
    assert core_lines.atoms_per_nm3(lgps, "Li") == pytest.approx(30 * core_lines.atoms_per_nm3(lgps, "Ge"))


def test_a_fault_in_the_table_is_told_with_its_place(tmp_path: Path) -> None:
    assert core_lines.rows(tmp_path) == ([], [])
    (tmp_path / "lines.csv").write_text("line,binding_energy_ev,cross_section,asymmetry_beta,source\nLi 1s,x,1,2,s\n")
    faults = core_lines.rows(tmp_path)[1]
    assert faults == ["config/reference/lines.csv: line 2: binding_energy_ev: found 'x', expected a number"]
