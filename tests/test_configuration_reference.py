"""What an experiment may ask of the reference tables: known names only, and only rows that make sense."""

from pathlib import Path

import pytest

from test_configuration import SERIES, Project, project
from xps import quantification, sensitivity
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


FACTORS = "core_level,factor,relative_stderr,contains,counts,minor_ratio,asymmetry_beta,binding_energy_ev,source\n"
CARBON = "C 1s,1,0.05,cross_section,total,,2,285,Scofield\n"
GERMANIUM = "Ge 3d,1.42,0.05,cross_section,total,,1.05,29,Scofield\n"
SURVEY = "core_level,low_ev,high_ev,background,relative_stderr,remark,source\nC 1s,279,294,linear,0.1,,assumed\n"


def test_a_level_counts_in_the_window_of_its_own_and_an_intruder_nowhere(project: Project) -> None:
    project.write("reference/factors_scofield.csv", FACTORS + CARBON + GERMANIUM)
    settings = project.load().composition(SERIES)
    assert settings["counted"] == [
        {"core_level": "Ge 3d", "model": "germanium", "components": ["Ge4+"]},
        {"core_level": "C 1s", "model": "carbon", "components": ["C-C", "C-O"]},
    ]
    assert (settings["factors"], settings["imfp_exponent"], settings["survey"]) == ("scofield", 0.75, None)


def test_where_two_models_hold_a_level_the_first_counts(project: Project) -> None:
    project.write("reference/factors_scofield.csv", FACTORS + CARBON + GERMANIUM)
    project.write("models/again.yaml", {**project.germanium, "description": "The same window once more."})
    project.experiment["models"] = ["carbon", "again", "germanium"]
    assert [item["model"] for item in project.load().composition(SERIES)["counted"]] == ["carbon", "again"]


def test_satellites_are_not_counted(project: Project) -> None:
    project.write("reference/factors_scofield.csv", FACTORS + CARBON + GERMANIUM)
    project.carbon["components"][1]["role"] = "loss"
    assert project.load().composition(SERIES)["counted"][1]["components"] == ["C-C"]


def test_a_users_own_factors_and_a_survey_are_taken_by_name(project: Project) -> None:
    project.write("reference/factors_multipak.csv", FACTORS + CARBON.replace(",1,", ",0.296,") + GERMANIUM)
    project.write("reference/survey_lines.csv", SURVEY)
    project.experiment["composition"] = {"factors": "multipak", "survey": "Su1s", "imfp_exponent": 0.6}
    settings = project.load().composition(SERIES)
    assert {row["core_level"]: row["factor"] for row in settings["factor_rows"]} == {"C 1s": 0.296, "Ge 3d": 1.42}
    assert settings["survey"]["region"] == "Su1s"
    assert [line["core_level"] for line in settings["survey"]["lines"]] == ["C 1s"]
    assert settings["uncounted"] == {"core_levels": ["O"], "survey": ["Ge", "O"]}


def test_an_experiment_may_name_survey_lines_of_its_own(project: Project) -> None:
    project.write("reference/factors_scofield.csv", FACTORS + CARBON + GERMANIUM)
    project.write("reference/survey_lines.csv", SURVEY)
    project.write("reference/survey_lines_wide.csv", SURVEY.replace("279", "270"))
    lows = []
    for composition in ({"survey": "Su1s"}, {"survey": "Su1s", "survey_lines": "wide"}):
        project.experiment["composition"] = composition
        lows += [line["low_ev"] for line in project.load().composition(SERIES)["survey"]["lines"]]
    assert lows == [279.0, 270.0]


def test_elements_of_the_regions_that_no_model_counts_are_known(project: Project) -> None:
    project.write("reference/factors_scofield.csv", FACTORS + CARBON + GERMANIUM)
    project.experiment["models"] = ["carbon"]
    assert project.load().composition(SERIES)["uncounted"] == {"core_levels": ["Ge", "O"], "survey": []}


def test_films_are_measured_with_the_factors_that_the_composition_declares(project: Project) -> None:
    project.write("reference/factors_scofield.csv", FACTORS + CARBON + GERMANIUM + GERMANIUM.replace("3d", "3s"))
    project.write("reference/factors_own.csv", FACTORS + CARBON.replace(",1,", ",0.296,"))
    held = {row["core_level"]: row["factor"] for row in project.load().layer_settings(SERIES)["factors"]}
    assert held == {"C 1s": 1.0, "Ge 3d": 1.42}  # the levels of its models, no others
    project.experiment["composition"] = {"factors": "own"}
    held = {row["core_level"]: row["factor"] for row in project.load().layer_settings(SERIES)["factors"]}
    assert held == {"C 1s": 0.296}


def test_without_a_table_of_factors_films_have_none(project: Project) -> None:
    assert project.load().layer_settings(SERIES)["factors"] == []


@pytest.mark.parametrize(
    ("composition", "fault"),
    [
        ({"factors": "scofeld"}, "there is no config/reference/factors_scofeld.csv (did you mean 'scofield'?)"),
        ({"survey_lines": "wide"}, "there is no config/reference/survey_lines_wide.csv"),
        ({"core_levels": ["Ge 3p"]}, "no fit model of this experiment has a window of Ge 3p"),
        ({"survey": "C1s"}, "C1s holds fitted core levels"),
    ],
)
def test_what_is_asked_for_and_not_there_is_told(project: Project, composition: dict[str, object], fault: str) -> None:
    project.write("reference/factors_scofield.csv", FACTORS + CARBON + GERMANIUM)
    project.experiment["composition"] = composition
    assert any(
        f"config/experiments/series_a.yaml: composition.{next(iter(composition))}: {fault}" in found
        for found in project.faults()
    )


def test_a_level_without_a_factor_is_not_counted_and_said_to_be_lacking(project: Project) -> None:
    project.write("reference/factors_scofield.csv", FACTORS + CARBON)
    settings = project.load(checks=[quantification.faults]).composition(SERIES)
    assert [item["core_level"] for item in settings["counted"]] == ["C 1s"]
    assert settings["uncounted"]["core_levels"] == ["Ge", "O"]


def test_a_level_that_shall_count_and_has_no_factor_is_told_before_anything_runs(project: Project) -> None:
    project.write("reference/factors_scofield.csv", FACTORS + CARBON)
    project.experiment["composition"] = {"core_levels": ["C 1s", "Ge 3d"]}
    (fault,) = project.faults(checks=[quantification.faults])
    assert "Ge 3d has no factor in config/reference/factors_scofield.csv" in fault


def test_faults_inside_the_tables_are_told_with_their_file(project: Project) -> None:
    project.write("reference/factors_scofield.csv", FACTORS + CARBON + GERMANIUM.replace("total", "both"))
    project.write("reference/survey_lines.csv", SURVEY.replace("linear", "spline").replace("279", "295"))
    faults = project.faults(checks=[quantification.faults])
    assert any("factors_scofield.csv: Ge 3d: counts: found 'both'" in fault for fault in faults)
    assert any("survey_lines.csv: C 1s: no survey background is called 'spline'" in fault for fault in faults)
    assert any("survey_lines.csv: C 1s: low_ev 295 is not below high_ev 294" in fault for fault in faults)


def test_the_shipped_tables_of_factors_are_sound() -> None:
    found, faults = reference.factor_tables(Path(__file__).parents[1] / "config" / "reference")
    assert faults == []
    assert {"factors_scofield", "factors_scofield_isotropic", "factors_wagner", "survey_lines"} <= found.keys()
    assert all(sensitivity.faults(rows) == [] for name, rows in found.items() if name.startswith("factors_"))
