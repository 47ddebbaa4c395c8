"""A draft says what names and headers say, marks each guess, hides nothing, and is a sound experiment file."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from phi_files import small_files
from xps import acquisitions, configuration, drafting, quantification
from xps import models as fit_models
from xps.drafting import log_text, regions
from xps.errors import ConfigError, RawFileError

ROOT = Path(__file__).parents[1]
SHIPPED = ["lgps_vep", "lagp_rest", "al_foil", "li2s_gas", "lagp_sputter"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the configuration, and an empty raw root."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    (tmp_path / "raw").mkdir()
    return tmp_path


def put(project: Path, name: str, files: Mapping[str, bytes]) -> Path:
    folder = project / "raw" / name
    folder.mkdir()
    for file, data in files.items():
        (folder / file).write_bytes(data)
    return folder


def drafted(project: Path, folder: Path, name: str = "fresh") -> drafting.Drafted:
    """Make the drafts and write them."""
    found = drafting.of_folder(name, folder, project / "raw", project / "config")
    for path, text in found.files.items():
        path.write_text(text, encoding="utf-8")
    return found


def settings_of(project: Path, name: str = "fresh") -> dict[str, Any]:
    return dict(yaml.safe_load((project / f"config/experiments/{name}.yaml").read_text(encoding="utf-8")))


def loaded(project: Path, monkeypatch: pytest.MonkeyPatch, name: str = "fresh") -> configuration.Analysis:
    """Check the draft as a run does."""
    monkeypatch.chdir(project)
    config = {"raw": "raw", "results": "results", "experiments": [name], "figures": []}
    return configuration.load(project, config, checks=[fit_models.faults, quantification.faults])


@pytest.mark.parametrize("experiment", SHIPPED)
def test_a_draft_names_the_core_levels_that_the_shipped_experiment_names(project: Path, experiment: str) -> None:
    """But for O 2s, which no region is named after and which is in no table of nominal energies."""
    folder = project / "raw" / experiment
    shutil.copytree(ROOT / "raw" / experiment, folder, ignore=shutil.ignore_patterns("*.csv"))
    drafted(project, folder)
    shipped = yaml.safe_load((ROOT / f"config/experiments/{experiment}.yaml").read_text(encoding="utf-8"))
    guessed = settings_of(project)
    wanted = {name: [level for level in levels if level != "O 2s"] for name, levels in shipped["regions"].items()}
    assert guessed["regions"] == wanted
    assert guessed["data_origin"] == "simulated"
    assert guessed["energy_reference"] == {key: shipped["energy_reference"][key] for key in guessed["energy_reference"]}
    assert guessed["axis"] == ("sputter_time_s" if experiment.endswith("sputter") else "start_time_s")


def test_a_draft_runs_as_it_is_and_its_log_has_a_row_per_file(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project / "raw" / "fresh"
    shutil.copytree(ROOT / "raw/al_foil", folder, ignore=shutil.ignore_patterns("*.csv"))
    found = drafted(project, folder)
    assert sorted(path.name for path in found.files) == ["acquisitions.csv", "fresh.yaml"]
    analysis = loaded(project, monkeypatch)
    files = [Path(name) for name in analysis.files["fresh"]]
    parsed = acquisitions.assemble("fresh", settings_of(project), files, Path("raw"))
    assert set(parsed.acquisitions.column("time_origin").to_pylist()) == {"computed"}
    rows = (folder / "acquisitions.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[0] for row in rows if row[0] != "#"] == ["file", *sorted(path.name for path in files)]


def test_every_guess_is_marked_and_every_region_left_out_is_told(project: Path, shared_data: Path) -> None:
    name = "XPS_PHI_QUANTERA_narrow.spe"
    folder = put(project, "copper", {name: (shared_data / "M-DaC_XPS" / name).read_bytes()})
    found = drafted(project, folder)
    text = found.files[project / "config/experiments/fresh.yaml"]
    assert settings_of(project)["regions"] == {"Cu2p": ["Cu 2p"], "O1s": ["O 1s"], "C1s": ["C 1s"]}
    assert settings_of(project)["data_origin"] == "measured"
    assert text.count("[Cu 2p]  # check: 924 to 974 eV") == 1
    assert "# Cu_LMM: left out: its name is not that of a core level" in text
    assert found.remarks == ("region Cu_LMM is not fitted: its name is not that of a core level",)
    assert "No model holds Cu 2p yet" in text


def test_a_survey_in_a_file_of_its_own_is_offered_for_composition(project: Path, shared_data: Path) -> None:
    source = shared_data / "JesusF10/BN-BS-1"
    folder = put(project, "bn", {path.name: path.read_bytes() for path in sorted(source.glob("*.spe"))})
    text = drafted(project, folder).files[project / "config/experiments/fresh.yaml"]
    assert "Bi4f: [Bi 4f]  # check: 150 to 180 eV; in 1 of 2 files" in text
    assert '# composition: {survey: "Sur1"}' in text


def test_a_profile_without_carbon_refers_to_nothing_and_asks_for_models(
    project: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "XPS_PHI_QUANTERA_depth_1.pro"
    folder = put(project, "depth", {name: (shared_data / "M-DaC_XPS" / name).read_bytes()})
    drafted(project, folder)
    settings = settings_of(project)
    assert (settings["energy_reference"], settings["axis"]) == ({"mode": "none"}, "sputter_time_s")
    assert settings["models"] == []
    with pytest.raises(ConfigError, match=r"fresh.yaml: models: found \[\], which is too short"):
        loaded(project, monkeypatch)


@pytest.mark.parametrize(
    ("name", "level"),
    [
        *(("Sn3d5", "Sn 3d"), ("P2p", "P 2p"), ("Ge 3d", "Ge 3d"), ("Bi4f#2", "Bi 4f"), ("C1s_fine", "C 1s")),
        *(("Su1s", None), ("Sur1", None), ("1su", None), ("Cu_LMM", None), ("VB", None), ("Al2", None)),
    ],
)
def test_a_region_is_named_after_a_level_or_not(name: str, level: str | None) -> None:
    assert regions.level_of(name) == level


def test_a_window_that_is_not_where_its_name_says_is_left_out(project: Path) -> None:
    """A recipe whose names were swapped would be fitted as what it is not."""
    folder = project / "raw" / "fresh"
    shutil.copytree(ROOT / "raw/al_foil", folder, ignore=shutil.ignore_patterns("*.csv"))
    for path in folder.iterdir():
        swapped = path.read_bytes().replace(b" C1s ", b" X1s ").replace(b" O1s ", b" C1s ").replace(b" X1s ", b" O1s ")
        path.write_bytes(swapped)
    found = drafted(project, folder)
    assert settings_of(project)["regions"] == {"Al2p": ["Al 2p"]}
    assert any(
        "C1s is not fitted: it is named after C 1s, which is at 285 eV, outside" in text for text in found.remarks
    )


def test_a_file_that_cannot_be_read_is_excluded_with_its_reason(project: Path) -> None:
    folder = project / "raw" / "fresh"
    shutil.copytree(ROOT / "raw/al_foil", folder, ignore=shutil.ignore_patterns("*.csv"))
    first = sorted(folder.iterdir())[0]
    (folder / "zz_cut.spe").write_bytes(first.read_bytes()[:-1000])
    told = drafted(project, folder).remarks[0]
    assert told.startswith("zz_cut.spe is excluded in the log's draft: zz_cut.spe: block")
    assert "restore" not in told
    files = sorted(folder.glob("*.spe"))
    parsed = acquisitions.assemble("fresh", settings_of(project), files, project / "raw")
    excluded = {
        row["source_file"]: row["exclusion_reason"] for row in parsed.acquisitions.to_pylist() if row["excluded"]
    }
    assert list(excluded) == ["raw:fresh/zz_cut.spe"]
    assert "cannot be used" in excluded["raw:fresh/zz_cut.spe"]


def test_nothing_is_overwritten(project: Path) -> None:
    folder = project / "raw" / "al_foil"
    shutil.copytree(ROOT / "raw/al_foil", folder)
    with pytest.raises(ConfigError, match=r"al_foil.yaml is there already and is not overwritten"):
        drafted(project, folder, "al_foil")
    log = (folder / "acquisitions.csv").read_bytes()
    found = drafted(project, folder)
    assert [path.name for path in found.files] == ["fresh.yaml"]
    assert "stays as it is" in found.remarks[0]
    assert (folder / "acquisitions.csv").read_bytes() == log


def test_all_that_stands_against_a_draft_is_told_at_once(project: Path) -> None:
    outside = project / "elsewhere"
    outside.mkdir()
    with pytest.raises(ConfigError, match="3 faults") as caught:
        drafted(project, outside, "My Cell")
    for part in ("no experiment name", "lies outside the raw root", "holds no .spe or .pro file"):
        assert part in str(caught.value)
    with pytest.raises(ConfigError, match="is no folder"):
        drafted(project, project / "raw/absent")


def test_measured_and_simulated_files_are_not_drafted_together(project: Path, shared_data: Path) -> None:
    folder = project / "raw" / "fresh"
    shutil.copytree(ROOT / "raw/al_foil", folder, ignore=shutil.ignore_patterns("*.csv"))
    name = "XPS_PHI_QUANTERA_narrow.spe"
    shutil.copy(shared_data / "M-DaC_XPS" / name, folder)
    with pytest.raises(ConfigError, match=f"SIMULATED in its header, {name} is not"):
        drafted(project, folder)


def test_auger_spectra_alone_are_refused(project: Path, shared_data: Path) -> None:
    folder = put(project, "gold", {"Au.spe": (shared_data / "M-DaC_AES/Au_foil2.spe").read_bytes()})
    with pytest.raises(RawFileError, match="kinetic energy scale"):
        drafted(project, folder)


def test_regions_without_a_level_alone_are_refused(project: Path, shared_data: Path) -> None:
    survey = (shared_data / "JesusF10/BN-BS-1/BN-BS-1_SURVEY.spe").read_bytes()
    with pytest.raises(ConfigError, match=r"no region is named after a core level: Sur1 \(a survey"):
        drafted(project, put(project, "survey", {"survey.spe": survey}))


def test_files_without_a_region_of_a_known_name_are_refused_whatever_their_layout(project: Path) -> None:
    for number, (name, data) in enumerate(small_files().items()):
        folder = put(project, f"small{number}", {"a.pro" if "pro" in name else "a.spe": data})
        with pytest.raises((ConfigError, RawFileError), match=folder.name):
            drafted(project, folder, f"small{number}")


def test_a_reason_with_commas_and_quotes_is_one_cell() -> None:
    assert log_text.cell('found 3, expected "4"\nbytes') == '"found 3, expected ""4"" bytes"'
