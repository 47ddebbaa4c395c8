"""Lengths and densities against the independent tables of ../shared/science."""

import csv
import math
import re

import pytest

import twin_tables
from xps import core_lines
from xps.sensitivity import Facts

FACTS = Facts(1486.6, 55.0, 40.0, 0.2, 45.0, 45.0)
_LINES = csv.DictReader((twin_tables.SCIENCE / "core_lines.csv").read_text(encoding="utf-8").splitlines())
PUBLISHED = {re.sub(r"([A-Z][a-z]?)(\d)", r"\1 \2", row["line"]): row for row in _LINES}  # Ge3d: Ge 3d


@pytest.mark.parametrize("name", sorted(PUBLISHED.keys() & {line["core_level"] for line in twin_tables.reference()[1]}))
def test_kinetic_energies_are_the_published_ones(name: str) -> None:
    (line,) = [line for line in twin_tables.reference()[1] if line["core_level"] == name]
    assert core_lines.kinetic_energy_ev(line, FACTS) == pytest.approx(float(PUBLISHED[name]["KE"]))


def test_length_in_grains_lies_between_those_of_the_phases_and_near_the_fine_mixture_s() -> None:
    chemistry, lines = twin_tables.reference()
    germanium = next(line for line in lines if line["core_level"] == "Ge 3d")
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
