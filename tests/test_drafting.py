"""A draft says what names and headers say, marks each guess, hides nothing, and is a sound experiment file."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from phi_files import assemble, small_files
from xps import acquisitions, configuration, drafting, quantification, reference_tables
from xps import models as fit_models
from xps.drafting import log_text, model_text, regions
from xps.errors import ConfigError, RawFileError
from xps.spectra import Region

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
    config = yaml.safe_load((project / f"config/{name}.yaml").read_text(encoding="utf-8"))
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
    written = {path.relative_to(project).as_posix() for path in found.files}
    drawn = {f"config/figures/fresh_{figure}.yaml" for figure in ("spectra", "survey")}
    lines = {f"config/models/fresh_{level}_draft.yaml" for level in ("al2p", "o1s")}
    own = {"raw/fresh/acquisitions.csv", "config/experiments/fresh.yaml", "config/fresh.yaml"}
    assert written == own | drawn | lines
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
    assert "models: [adventitious_c1s, fresh_cu2p_draft, fresh_o1s_draft]" in text


def test_a_draft_named_like_shipped_models_does_not_meet_them(project: Path, shared_data: Path) -> None:
    """An experiment called sno2 once drafted sno2_si2p, which is there."""
    name = "SnO2_10nm_1.pro"
    folder = put(project, "sno2", {name: (shared_data / "pynxtools-xps" / name).read_bytes()})
    drafted(project, folder, "sno2")
    assert settings_of(project, "sno2")["models"] == ["adventitious_c1s", "sno2_si2p_draft", "sno2_sn3d_draft"]


def test_a_survey_in_a_file_of_its_own_is_offered_for_composition(project: Path, shared_data: Path) -> None:
    source = shared_data / "JesusF10/BN-BS-1"
    folder = put(project, "bn", {path.name: path.read_bytes() for path in sorted(source.glob("*.spe"))})
    text = drafted(project, folder).files[project / "config/experiments/fresh.yaml"]
    assert "Bi4f: [Bi 4f]  # check: 150 to 180 eV; in 1 of 2 files" in text
    assert '# composition: {survey: "Sur1"}' in text


def test_a_profile_without_carbon_refers_to_nothing_and_has_a_line_for_each_level(
    project: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models of oxygen and silicon are there and named, but whether the sample is theirs, no file says."""
    name = "XPS_PHI_QUANTERA_depth_1.pro"
    folder = put(project, "depth", {name: (shared_data / "M-DaC_XPS" / name).read_bytes()})
    found = drafted(project, folder)
    settings = settings_of(project)
    assert (settings["energy_reference"], settings["axis"]) == ({"mode": "none"}, "sputter_time_s")
    assert settings["models"] == ["fresh_o1s_draft", "fresh_si2p_draft"]
    assert "#   sno2_si2p: Si 2p" in found.files[project / "config/experiments/fresh.yaml"]
    assert list(loaded(project, monkeypatch).figures) == ["fresh_spectra", "fresh_areas"]


def test_a_course_is_drawn_of_levels_that_have_one(
    project: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Narrow scans beside a profile have no sputter time: their panels of areas were empty."""
    names = ("XPS_PHI_QUANTERA_depth_1.pro", "XPS_PHI_QUANTERA_narrow.spe")
    drafted(project, put(project, "both", {name: (shared_data / "M-DaC_XPS" / name).read_bytes() for name in names}))
    drawn = loaded(project, monkeypatch).figures
    assert set(drawn["fresh_areas"]["core_levels"]) == {"O 1s", "Si 2p"}
    assert "core_levels" not in drawn["fresh_spectra"]


def test_many_levels_are_spread_over_several_figures(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("C1s", "F1s", "N1s", "Cl2p", "Br3d", "I3d", "K2p")
    files = {
        f"{name}.spe": assemble("smartsoft", [[[9, 8, 7] * 40]]).replace(b" 1 C1s ", b" 1 %s " % name.encode())
        for name in names
    }
    drafted(project, put(project, "many", files))
    drawn = loaded(project, monkeypatch).figures
    levels = [figure["core_levels"] for name, figure in drawn.items() if name.startswith("fresh_spectra_")]
    assert sorted(map(len, levels)) == [1, 6]
    assert len({level for some in levels for level in some}) == 7


def test_a_level_gets_one_line_where_the_data_have_it(
    project: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copper: 932.6 eV and 19.8 eV to its partner, as every handbook says; carbon tells the shift."""
    name = "XPS_PHI_QUANTERA_narrow.spe"
    drafted(project, put(project, "copper", {name: (shared_data / "M-DaC_XPS" / name).read_bytes()}))
    model = loaded(project, monkeypatch).models["fresh_cu2p_draft"]
    (line,) = model["components"]
    assert line["position_ev"]["start"] == pytest.approx(932.6, abs=0.3)
    assert line["doublet"] == {"splitting_ev": 19.8, "area_ratio": 0.5}
    assert (line["line"], line["source"][:7]) == ("Cu 2p3/2", "assumed")
    (window,) = model["windows"]
    assert 924.0 < window["low_ev"] < 930.0
    assert 955.0 < window["high_ev"] < 974.5


def test_the_strongest_line_of_all_cycles_is_found_on_a_slope() -> None:
    """A line in the last of three cycles, on a background that rises above it."""
    energy = 700.0 - 0.1 * np.arange(201)
    rates = np.tile(1000.0 + 40.0 * (energy - energy[-1]), (3, 1))
    rates[2] += 600.0 * np.exp(-(((energy - 687.3) / 0.8) ** 2))
    assert model_text.strongest_ev([region("F1s", energy, rates[:1]), region("F1s", energy, rates)]) == pytest.approx(
        687.3, abs=0.15
    )


def test_where_nothing_stands_out_the_line_begins_at_its_nominal_energy() -> None:
    """A tail that falls through the window once put the line at its edge."""
    energy = 160.0 - 0.05 * np.arange(701)
    tail = np.random.default_rng(1).poisson(400.0 + 900.0 * np.exp((energy - 160.0) / 6.0)).astype(np.float64)
    same = [region("Sr3d", energy, tail[None], step_ev=-0.05)]
    known = drafting.Known({}, {"Sr 3d": 133.5}, {})
    assert model_text.strongest_ev(same) is None
    text = "\n".join(model_text.lines("a", "Sr 3d", same, 0.0, known))
    assert "start: 133.5, low: 129.0, high: 138.0}  # check: nothing stands out of the data; its nominal energy" in text
    unknown = "\n".join(model_text.lines("a", "Xy 3d", same, 0.0, drafting.Known({}, {}, {})))
    assert "start: 142.5, low: 138.0, high: 147.0}  # check: nothing stands out of the data; the middle" in unknown


@pytest.mark.parametrize(("peak_ev", "inside"), [(485.0, True), (491.0, False)])
def test_a_doublet_of_which_a_window_holds_one_line_is_left_for_the_person(peak_ev: float, inside: bool) -> None:
    """The configuration refuses a line outside its window, and a draft has to run as it is."""
    energy = 500.0 - 0.1 * np.arange(201)
    rates = 300.0 + 500.0 * np.exp(-(((energy - peak_ev) / 0.9) ** 2))
    known = drafting.Known({}, {"Sn 3d": 485.0}, {"Sn 3d": 8.41})
    text = list(model_text.lines("a", "Sn 3d", [region("Sn3d5", energy, rates[None])], 0.0, known))
    doublet = next(line.strip() for line in text if "splitting_ev" in line)
    inner, outer = "doublet: {splitting_ev: 8.41, area_ratio: 0.6667}", "# check: its minor line would lie outside"
    assert doublet.startswith(inner if inside else outer)


@pytest.mark.parametrize("name", ["表面", "O1s'\"x", "a: b # c", "\a\x1b[31m"])
def test_any_name_of_a_region_makes_a_sound_draft(project: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Shift-JIS decoded as Latin-1 holds characters that YAML refuses to read bare."""
    data = assemble("smartsoft", [[[9, 8, 7]], [[9, 8, 7]]])
    named = data.replace(b" 1 C1s ", b" 1 " + name.encode("shift-jis") + b" ")
    found = drafted(project, put(project, "named", {"a.spe": named}))
    assert list(loaded(project, monkeypatch).experiments) == ["fresh"]
    assert any(remark.startswith("region ") for remark in found.remarks)


@pytest.mark.parametrize(("share", "found"), [(0.0, 285.3), (0.4, 285.3), (1.2, 285.3), (1.9, 285.3), (2.2, 289.2)])
def test_the_hydrocarbon_is_found_beside_a_higher_line(share: float, found: float) -> None:
    """Carbonate, or Sr 3p: below half the highest line it is no longer taken for the reference."""
    energy = 300.0 - 0.1 * np.arange(251)
    rates = 300.0 + 500.0 * np.exp(-(((energy - 285.3) / 0.9) ** 2))
    rates += share * 500.0 * np.exp(-(((energy - 289.2) / 0.9) ** 2))
    assert model_text.lowest_ev([region("C1s", energy, rates[None])]) == pytest.approx(found, abs=0.15)


def test_real_lines_beside_strontium_are_looked_for_where_they_are(
    project: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The highest line of this C 1s window is no hydrocarbon: taken for it, Bi 4f was looked for 4 eV too low."""
    source = shared_data / "JesusF10/BN-BS-1"
    found = drafted(project, put(project, "bn", {path.name: path.read_bytes() for path in source.glob("*.spe")}))
    models = loaded(project, monkeypatch).models
    starts = {name: model["components"][0]["position_ev"]["start"] for name, model in models.items() if "fresh" in name}
    assert starts["fresh_bi4f_draft"] == pytest.approx(162.6, abs=0.4)
    assert starts["fresh_ti2p_draft"] == pytest.approx(461.4, abs=0.6)
    assert not any("warning" in remark for remark in found.remarks)


def test_what_is_odd_about_a_file_is_told_the_first_of_it_where_it_is_much(project: Path) -> None:
    odd = assemble("smartsoft", [[[-4, 9, 9]], [[9, -4, 9]], [[-4, 9, 9]], [[-4, -4, 9]], [[-4, 9, 9]]])
    found = drafted(project, put(project, "odd", {"a.spe": odd}))
    assert [remark for remark in found.remarks if remark.startswith("a.spe: region")] == [
        "a.spe: region 1 'C1s': 1 negative intensities, down to -8 cps",
        "a.spe: region 2 'Ge 3d': 1 negative intensities, down to -8 cps",
        "a.spe: region 3 'Li1s': 1 negative intensities, down to -8 cps",
    ]
    assert "a.spe: 2 more, which scripts/inspect_raw.py shows" in found.remarks


def region(name: str, energy: np.ndarray, rates: np.ndarray, step_ev: float = -0.1) -> Region:
    return Region(
        number=1,
        name=name,
        raw_name=name,
        atomic_number=9,
        energy_scale="binding",
        start_ev=float(energy[0]),
        step_ev=step_ev,
        channels=energy.size,
        time_per_channel_s=1.0,
        sweeps=1,
        pass_energy_ev=55.0,
        intensity_cps=rates,
    )


def test_shipped_models_and_the_table_of_doublets_agree() -> None:
    rows = reference_tables.read(
        ROOT / "config/reference/doublets.csv", {"core_level": "text", "splitting_ev": "number"}, "core_level"
    )
    assert rows.faults == []
    table = {row["core_level"]: row["splitting_ev"] for row in rows.rows}
    for path in sorted((ROOT / "config/models").glob("*.yaml")):
        for part in yaml.safe_load(path.read_text(encoding="utf-8"))["components"]:
            if "doublet" in part:
                assert part["doublet"]["splitting_ev"] == pytest.approx(table[part["core_level"]], abs=0.02), path.name


def test_cycles_without_sputtering_get_a_row_each_and_no_axis_of_zeros(project: Path) -> None:
    """A plating series that the software recorded as a profile with the ion gun off."""
    counts = [[[100 + cycle, 120, 90, 80] for cycle in range(3)]]
    folder = put(project, "gun_off", {"a.pro": assemble("smartsoft", counts, times_s=[0.0, 0.0, 0.0])})
    drafted(project, folder)
    assert settings_of(project)["axis"] == "start_time_s"
    rows = [row for row in (folder / "acquisitions.csv").read_text(encoding="utf-8").splitlines() if row[0] != "#"]
    assert [row.split(",")[:2] for row in rows[1:]] == [["a.pro", ""], ["a.pro", "0"], ["a.pro", "1"], ["a.pro", "2"]]
    parsed = acquisitions.assemble("fresh", settings_of(project), [folder / "a.pro"], project / "raw")
    assert parsed.acquisitions.num_rows == 3


@pytest.mark.parametrize("times_s", [[0.0, 60.0, 120.0], [0.0, 0.0, 0.0]])
def test_a_last_cycle_that_was_stopped_is_left_out_with_its_reason(
    project: Path, monkeypatch: pytest.MonkeyPatch, times_s: list[float]
) -> None:
    """Of one that was sputtered it is the only cycle with a row; a cycle further in is for the operator to judge."""
    full, half, none = [40] * 30, [40] * 15 + [0] * 15, [0] * 30
    data = assemble("smartsoft", [[full, half, half], [full, full, none]], times_s)
    found = drafted(project, put(project, "stopped", {"a.pro": data}))
    why = "stopped while measuring? Nothing but zeros in, or at the end of, C1s, Ge 3d"
    assert f"cycle 2 of a.pro is excluded in the log's draft: {why}" in found.remarks
    rows = [row for row in found.files[project / "raw/stopped/acquisitions.csv"].splitlines() if row[0] not in "#f"]
    assert len(rows) == (2 if times_s[-1] else 4)
    assert rows[-1] == f'a.pro,2,,,,,,,,yes,"{why}",'
    assert not any("yes" in row for row in rows[:-1])
    analysis = loaded(project, monkeypatch)
    parsed = acquisitions.assemble(
        "fresh", settings_of(project), [Path(n) for n in analysis.files["fresh"]], Path("raw")
    )
    excluded = parsed.acquisitions.to_pandas().groupby("acquisition").excluded.all()
    assert excluded.tolist() == [False, False, True]


def test_copies_and_resumed_profiles_are_declared_so_that_the_draft_runs(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file kept twice, and PHI's way to resume a profile: a new file that begins with the old one's cycles."""
    rows, times = [[9, 8, 7], [6, 5, 4], [3, 2, 1], [0, 9, 8]], [0.0, 60.0, 120.0, 180.0]
    short, long = (assemble("smartsoft", [rows[:n]], times[:n]) for n in (2, 4))
    files = {"a_1.pro": short, "a+1_1.pro": long, "b_1.pro": short}
    found = drafted(project, put(project, "copied", files))
    assert "b_1.pro is a copy of a_1.pro, excluded in the log's draft" in found.remarks
    assert any("a+1_1.pro resumes a_1.pro (the first 2 cycles are the same)" in remark for remark in found.remarks)
    analysis = loaded(project, monkeypatch)
    parsed = acquisitions.assemble(
        "fresh", settings_of(project), [Path(n) for n in analysis.files["fresh"]], Path("raw")
    )
    table = parsed.acquisitions.to_pandas()
    kept = table[~table["excluded"]]
    assert kept["sputter_time_s"].tolist() == times
    assert kept["source_cycle"].tolist() == [0, 1, 2, 3]


def test_raw_files_elsewhere_are_told_where_they_lie(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.spe"
    outside.write_bytes(small_files()["smartsoft.spe"])
    folder = put(project, "linked", {})
    (folder / "a.spe").symlink_to(outside)
    with pytest.raises(ConfigError, match="a link that leaves the raw root; put the file itself there"):
        drafted(project, folder)
    (folder / "a.spe").unlink()
    (folder / "day 1").mkdir()
    (folder / "day 1/a.SPE").write_bytes(outside.read_bytes())
    with pytest.raises(ConfigError, match="holds no .spe or .pro file; there are some in .*day 1: name that folder"):
        drafted(project, folder)


def test_rows_of_the_log_stand_by_date(project: Path, shared_data: Path) -> None:
    """The multiplex comes first by name and was measured a day after the survey."""
    source = shared_data / "JesusF10/BN-BS-1"
    folder = put(project, "bn", {path.name: path.read_bytes() for path in sorted(source.glob("*.spe"))})
    drafted(project, folder)
    rows = (folder / "acquisitions.csv").read_text(encoding="utf-8").splitlines()
    assert [row.split(",")[0] for row in rows if "," in row and row[0] != "#"][1:] == [
        "BN-BS-1_SURVEY.spe",
        "BN-BS-1_multiplex.spe",
    ]


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
    assert told.startswith("excluded in the log's draft: zz_cut.spe: block")
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
    with pytest.raises(ConfigError, match=r"config/claims.yaml is there already and is not overwritten"):
        drafted(project, folder, "claims")
    log = (folder / "acquisitions.csv").read_bytes()
    found = drafted(project, folder)
    assert folder / "acquisitions.csv" not in found.files
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


def test_a_survey_alone_is_drawn_and_not_fitted(
    project: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    survey = (shared_data / "JesusF10/BN-BS-1/BN-BS-1_SURVEY.spe").read_bytes()
    drafted(project, put(project, "survey", {"survey.spe": survey}))
    analysis = loaded(project, monkeypatch)
    assert (settings_of(project)["regions"], settings_of(project)["models"]) == ({}, [])
    assert [(figure["kind"], figure["region"]) for figure in analysis.figures.values()] == [("survey", "Sur1")]


def test_regions_of_no_level_alone_are_kept_and_said_not_to_be_fitted(
    project: Path, shared_data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An Auger line has no place in a fit of core levels."""
    narrow = (shared_data / "M-DaC_XPS/XPS_PHI_QUANTERA_narrow.spe").read_bytes()
    for name in (b"Cu2p", b"O1s", b"C1s"):
        narrow = narrow.replace(b" " + name + b" ", b" " + name[:-1] + b"X ")
    found = drafted(project, put(project, "auger", {"auger.spe": narrow}))
    assert [remark[:32] for remark in found.remarks] == [
        *("region Cu2X is not fitted: its n", "region Cu_LMM is not fitted: its"),
        *("region O1X is not fitted: its na", "region C1X is not fitted: its na"),
    ]
    assert (loaded(project, monkeypatch).figures, settings_of(project)["regions"]) == ({}, {})


def test_files_of_any_layout_give_a_sound_draft(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number, (name, data) in enumerate(small_files().items()):
        folder, experiment = put(project, f"small{number}", {"a.pro" if "pro" in name else "a.spe": data}), f"s{number}"
        drafted(project, folder, experiment)
        assert list(loaded(project, monkeypatch, experiment).experiments) == [experiment], name


def test_a_reason_with_commas_and_quotes_is_one_cell() -> None:
    assert log_text.cell('found 3, expected "4"\nbytes') == '"found 3, expected ""4"" bytes"'
