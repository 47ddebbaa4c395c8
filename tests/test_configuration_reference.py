"""What an experiment may ask of the reference tables: known names only, and only rows that make sense."""

from pathlib import Path

import pytest

from test_configuration import SERIES, Project, project
from xps.configuration import reference

__all__ = ["project"]

HEADER = "check,kind,core_level,species,minus_core_level,minus_species,expected_ev,stderr_ev,source\n"
STEP = "C 1s - Ge 3d,reference_step,C 1s,C-C,Ge 3d,Ge4+,,,first cycle\n"
METAL = "Al0,literature,Al 2p,Al0,,,72.8,0.2,NIST\n"


def test_by_default_a_check_is_made_where_the_models_hold_its_lines(project: Project) -> None:
    project.write("reference/binding_energies.csv", HEADER + STEP + METAL)
    assert [row["check"] for row in project.load().energy_checks(SERIES)] == ["C 1s - Ge 3d"]


def test_an_experiment_may_name_its_checks(project: Project) -> None:
    project.write("reference/binding_energies.csv", HEADER + STEP + METAL)
    project.experiment["energy_checks"] = ["Al0"]
    assert [row["check"] for row in project.load().energy_checks(SERIES)] == ["Al0"]


def test_an_unknown_check_is_told_with_its_neighbour(project: Project) -> None:
    project.write("reference/binding_energies.csv", HEADER + STEP + METAL)
    project.experiment["energy_checks"] = ["Al1"]
    (fault,) = project.faults()
    assert "config/experiments/series_a.yaml: energy_checks: no check is called 'Al1'" in fault
    assert "'Al0'" in fault


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("a,drift,C 1s,C-C,Ge 3d,Ge4+,,0.1,x", "kind drift needs expected_ev"),
        ("a,literature,C 1s,C-C,Ge 3d,Ge4+,1,0.1,x", "minus_core_level means nothing in kind literature"),
        ("a,literature,C 1s,C-C,,,1,0,x", "stderr_ev must be above 0"),
        ("a,litrature,C 1s,C-C,,,1,1,x", "no kind is called 'litrature'"),
    ],
)
def test_a_check_that_makes_no_sense_is_told_with_its_file(tmp_path: Path, row: str, fault: str) -> None:
    (tmp_path / "binding_energies.csv").write_text(HEADER + row + "\n")
    _, faults = reference.energy_checks(tmp_path)
    assert any(fault in found and found.startswith("config/reference/binding_energies.csv") for found in faults)


def test_the_shipped_checks_are_sound_and_marked_where_nothing_was_looked_up() -> None:
    rows, faults = reference.energy_checks(Path(__file__).parents[1] / "config" / "reference")
    assert faults == []
    assert {row["kind"] for row in rows} == {"drift", "reference_step", "literature"}
    assert all(row["source"] for row in rows)
