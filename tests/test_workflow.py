"""The chain as a user runs it: whole, twice, elsewhere, after edits, and on bad input.

Every test works on a copy of the project with two tiny simulated series, ``mini_a`` and ``mini_b``.
"""

import base64
import hashlib
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from small_projects import EXPERIMENTS, artefacts, edit_yaml, make_project, snakemake
from xps import tables

CHAIN = {"calibrate_energy", "subtract_background", "fit_components", "extract_kinetics", "render_figure"}
pytestmark = pytest.mark.xdist_group("workflow")


def planned(project: Path) -> dict[str, int]:
    """Return how many jobs of each rule a dry run lists (without ``all``)."""
    answer = snakemake(project, "--dry-run", "--quiet", "host")
    assert answer.returncode == 0, answer.stdout
    counts = re.findall(r"^(\w+) +(\d+)$", answer.stdout, flags=re.MULTILINE)
    return {rule: int(count) for rule, count in counts if rule not in ("all", "total")}


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which everything has been made, on two cores; ``run.txt`` holds what the run said."""
    project = make_project(tmp_path_factory.mktemp("finished") / "project")
    answer = snakemake(project, "--cores", "2", counting=True)
    (project / "run.txt").write_text(answer.stdout)
    assert answer.returncode == 0, answer.stdout
    assert re.search(r"made: \d+ tables, 4 figures", answer.stdout), answer.stdout
    return project


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished project, with its times, to be edited."""
    return shutil.copytree(finished, tmp_path / "copy", symlinks=True)


def test_the_chain_makes_every_table_and_figure(finished: Path) -> None:
    made = set(artefacts(finished))
    for experiment in EXPERIMENTS:
        stages = ["acquisitions", "spectra", "calibration", "background", "components", "fits", "curves", "kinetics"]
        assert {f"{experiment}/{name}.parquet" for name in stages} <= made
        for suffix in ("pdf", "csv", "csv.record.json", "md", "md.record.json"):
            assert f"figures/{experiment}_spectra.{suffix}" in made


def test_the_scheduler_sleeps_while_all_cores_are_busy(finished: Path) -> None:
    said = (finished / "run.txt").read_text()
    looks, jobs = (
        int(re.findall(words, said)[-1]) for words in (r"scheduler looked (\d+) times", r"\d+ of (\d+) done")
    )
    assert 0 < looks <= 2 * jobs + 2, said


def test_a_second_run_does_nothing_and_adds_no_run_record(finished: Path) -> None:
    before, runs = artefacts(finished), sorted((finished / "results/runs").iterdir())
    answer = snakemake(finished, "--cores", "2")
    assert "Nothing to be done" in answer.stdout
    assert artefacts(finished) == before
    assert sorted((finished / "results/runs").iterdir()) == runs


def test_a_folder_with_blanks_and_umlauts_in_its_name_is_one_like_any_other(tmp_path: Path) -> None:
    """Snakemake does not quote the path of the interpreter, which lies in the folder: no job once started there."""
    project = make_project(tmp_path / "Größe & Maß (1)", experiments=["mini_a"], kinds=())
    (project / ".venv").symlink_to(sys.prefix)
    raw = next((project / "raw/mini_a").glob("*.spe"))
    named = raw.rename(raw.with_name(f"Prüfling 'A' #1; {raw.name}")).name
    log = project / "raw/mini_a/acquisitions.csv"
    log.write_text(log.read_text(encoding="utf-8").replace(raw.name, named), encoding="utf-8")
    target = "results/mini_a/acquisitions.parquet"
    answer = snakemake(project, "--cores", "1", target, python=project / ".venv/bin/python")
    assert answer.returncode == 0, answer.stdout
    sources = tables.read(project / target, "acquisitions")[0].column("source_file").to_pylist()
    assert f"raw:mini_a/{named}" in sources


def test_every_table_carries_a_record_that_leads_to_raw_bytes(finished: Path) -> None:
    table, record = tables.read(finished / "results/mini_a/kinetics.parquet", "kinetics")
    assert table.num_rows > 0
    assert record.data_origin == "simulated"
    origin = record.ancestors["results:mini_a/acquisitions.parquet"]
    raw = {item["path"]: item["sha256"] for item in origin["inputs"]}
    for path, sha256 in raw.items():
        assert path.startswith("raw:mini_a/")
        data = (finished / "raw" / path.removeprefix("raw:")).read_bytes()
        assert hashlib.sha256(data).hexdigest() == sha256
    assert len(raw) == 3  # two files and the log


def test_no_artefact_names_its_folder_or_the_number_of_cores(finished: Path) -> None:
    for name in artefacts(finished):
        assert str(finished).encode() not in (finished / "results" / name).read_bytes(), name


def test_touching_everything_reruns_nothing(project: Path) -> None:
    for path in project.rglob("*"):
        if path.is_file() and ".snakemake" not in path.parts:
            path.touch()
    assert planned(project) == {}


def append_comment(project: Path, name: str) -> None:
    """Change a file of code without changing what it does."""
    path = project / name
    path.write_text(path.read_text() + "\n# a remark\n")


def tighten_component(project: Path) -> None:
    """Move a bound inside a model file."""
    change = lambda model: model["components"][0]["fwhm_ev"].update(low=0.91)  # noqa: E731
    edit_yaml(project / "config/models/lagp_al2p.yaml", change)


def choose_the_other_engine(project: Path) -> None:
    """Let lmfit fit one of the two experiments."""
    edit_yaml(project / "config/experiments/mini_b.yaml", lambda experiment: experiment.update(engine="lmfit"))


def change_raw_byte(project: Path) -> None:
    """Change the last bit of one intensity of one raw file."""
    path = sorted((project / "raw/mini_b").glob("*.spe"))[0]
    data = bytearray(path.read_bytes())
    data[-4:] = bytes([data[-4] ^ 1, *data[-3:]])
    path.write_bytes(data)


ALL = {"parse_spectra": 2, "calibrate_energy": 2, "subtract_background": 2, "fit_components": 2}
EXPORTS = {"export_areas": 2, "write_methods": 1}
# What looks at the fits of each series, what looks at all series at once, and what is drawn or written of both.
FROM_FITS = ("check_energy_scale", "quantify_composition", "extract_kinetics")
LATE = dict.fromkeys(FROM_FITS, 2) | {"render_figure": 4} | EXPORTS
LATE_OF_ONE = dict.fromkeys((*FROM_FITS, *EXPORTS), 1) | {"render_figure": 2}
RATES = {"extract_kinetics": 2, "render_figure": 2}
# The tiny project asks for no claims and no decay at rest, so its comparison reads no experiment.
COMPARED = {"compare_experiments": 1}


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda p: append_comment(p, "scripts/xps/versaprobe/__init__.py"), ALL | LATE),
        (lambda p: append_comment(p, "scripts/xps/calibration/__init__.py"), {k: 2 for k in ALL if k[0] != "p"} | LATE),
        (lambda p: append_comment(p, "scripts/xps/windows.py"), {"subtract_background": 2, "fit_components": 2} | LATE),
        (lambda p: append_comment(p, "scripts/xps/kinetics/regression.py"), RATES | COMPARED),
        (lambda p: append_comment(p, "scripts/xps/figures/style.py"), {"render_figure": 4} | EXPORTS),
        (lambda p: append_comment(p, "scripts/extract_kinetics.py"), RATES),
        (lambda p: append_comment(p, "requirements.lock"), ALL | LATE | COMPARED),
        (lambda p: append_comment(p, "scripts/inspect_raw.py"), {}),
        (lambda p: append_comment(p, "environment.yml"), {}),
        (tighten_component, {"fit_components": 2} | LATE),
        (choose_the_other_engine, {k: 1 for k in ALL if k[0] != "p"} | LATE_OF_ONE),
        (change_raw_byte, dict.fromkeys(ALL, 1) | LATE_OF_ONE),
    ],
)
def test_exactly_what_depends_on_an_edit_reruns(
    project: Path, change: Callable[[Path], None], expected: dict[str, int]
) -> None:
    change(project)
    if "render_figure" in expected:
        expected = expected | {"audit_page": 1}
    assert planned(project) == expected


def test_the_report_is_one_file_with_captions_and_categories(project: Path) -> None:
    """Nothing outside the file is needed to read it: pages, captions and statistics are inside."""
    answer = snakemake(project, "--report", "report.html")
    assert answer.returncode == 0, answer.stdout
    text = (project / "report.html").read_text()
    for name in ("mini_a_spectra", "mini_b_kinetics"):
        assert f"{name}.pdf" in text
        data = base64.b64encode((project / f"results/figures/{name}.pdf").read_bytes()).decode()
        assert data[:2000] in text
    assert "X-ray photoelectron spectra of mini_a with their fits." in text
    assert "a program made these spectra" in text
    assert {"Spectra", "Along the series"} <= set(re.findall(r'"name": "([^"]+)"', text)) | set(
        re.findall(r'"(Spectra|Along the series)"', text)
    )
    fetched = re.findall(r"""(?:<script[^>]+src|<link[^>]+href|<img[^>]+src)=["'](?!data:)([^"']+)""", text)
    assert fetched == []


def test_methods_and_areas_are_made(finished: Path) -> None:
    made = artefacts(finished)
    assert {"figures/methods.md", "figures/methods.md.record.json", "mini_a/areas.csv"} <= set(made)
    assert "## mini_b" in (finished / "results/figures/methods.md").read_text()
    header = (finished / "results/mini_a/areas.csv").read_text().splitlines()[0]
    assert "Al 2p AlO6 [lagp_al2p] area (counts/s eV)" in header
    assert (finished / "results/mini_a/areas.csv").read_text().count("\n") > 2


def test_run_settings_rerun_nothing(project: Path) -> None:
    edit_yaml(project / "config/config.yaml", lambda config: config["run"].update(block_size=7))
    assert planned(project) == {}


def test_a_series_cut_into_blocks_and_fitted_by_two_processes_gives_the_same_bytes(
    project: Path, finished: Path
) -> None:
    """The finished project fitted each series in one job; here every acquisition is a block, whatever its number."""
    edit_yaml(project / "config/config.yaml", lambda config: config["run"].update(block_size=1, threads=2))
    assert planned(project) == {}
    shutil.rmtree(project / "results")
    answer = snakemake(project, "--cores", "2")
    assert answer.returncode == 0, answer.stdout
    assert len(list((project / "results/logs/fit_block").iterdir())) == 4
    assert artefacts(project) == artefacts(finished)
    assert planned(project) == {}


def test_a_forced_rerun_elsewhere_on_one_core_gives_the_same_bytes(project: Path, finished: Path) -> None:
    before = artefacts(finished)
    answer = snakemake(project, "--cores", "1", "--forceall")
    assert answer.returncode == 0, answer.stdout
    assert artefacts(project) == before


def truncate_raw(project: Path) -> None:
    """Cut the end off one raw file of mini_b."""
    path = sorted((project / "raw/mini_b").glob("*.spe"))[0]
    path.write_bytes(path.read_bytes()[:-100])


def test_a_truncated_file_fails_its_experiment_alone_and_leaves_earlier_results(project: Path) -> None:
    before = artefacts(project)
    truncate_raw(project)
    append_comment(project, "scripts/parse_spectra.py")
    answer = snakemake(project, "--cores", "2")
    assert answer.returncode != 0
    assert "FAILED: parse_spectra mini_b" in answer.stdout
    damaged = sorted((project / "raw/mini_b").glob("*.spe"))[0].name
    said = re.findall(rf"{re.escape(damaged)}: .*expected", answer.stdout)
    assert len(said) == 1, f"the sentence that matters is said once: {answer.stdout}"
    after = artefacts(project)
    assert set(after) == set(before)
    assert {name for name in after if after[name] != before[name]} <= {name for name in after if "mini_a" in name}, (
        "earlier results of the failed experiment were touched"
    )


def exclude_first(project: Path) -> None:
    """Let the operator exclude the first acquisition of mini_b."""
    log = project / "raw/mini_b/acquisitions.csv"
    header, first, *rest = log.read_text().splitlines()
    values = dict(zip(header.split(","), first.split(","), strict=True))
    values |= {"exclude": "yes", "reason": "stage moved"}
    log.write_text("\n".join([header, ",".join(values.values()), *rest]) + "\n")


def test_an_excluded_cycle_never_stops_the_series(project: Path) -> None:
    truncate_raw(project)
    exclude_first(project)
    answer = snakemake(project, "--cores", "2")
    assert answer.returncode == 0, answer.stdout
    acquired = tables.read(project / "results/mini_b/acquisitions.parquet", "acquisitions")[0].to_pylist()
    assert {row["exclusion_reason"] for row in acquired if row["excluded"]} == {"stage moved"}
    fits = tables.read(project / "results/mini_b/fits.parquet", "fits")[0].to_pylist()
    assert {row["acquisition"] for row in fits} == {1}


def leave_root(project: Path) -> None:
    """Point an experiment outside the raw root."""
    change = lambda settings: settings["source"].update(folder="../config")  # noqa: E731
    edit_yaml(project / "config/experiments/mini_b.yaml", change)


def link_out(project: Path) -> None:
    """Put a symlink that leaves the raw root among the raw files."""
    path = sorted((project / "raw/mini_b").glob("*.spe"))[0]
    target = project / "outside.spe"
    shutil.move(path, target)
    path.symlink_to(target)


def wrong_level(project: Path) -> None:
    """Let a model ask for a core level that no region holds."""
    change = lambda model: model["windows"][0].update(core_level="Xe 3d")  # noqa: E731
    edit_yaml(project / "config/models/lagp_al2p.yaml", change)


def outside_window(project: Path) -> None:
    """Let a component lie outside its window."""
    change = lambda model: model["components"][0].update(position_ev=940.0)  # noqa: E731
    edit_yaml(project / "config/models/lagp_al2p.yaml", change)


def several_faults(project: Path) -> None:
    """Make three faults in two files."""
    edit_yaml(project / "config/config.yaml", lambda config: config.update(experimnts=["x"]))
    change = lambda settings: settings.update(axis="moon_phase", data_origin="guessed")  # noqa: E731
    edit_yaml(project / "config/experiments/mini_b.yaml", change)


@pytest.mark.parametrize(
    ("break_it", "messages"),
    [
        (lambda p: shutil.rmtree(p / "raw"), ["raw"]),
        (lambda p: shutil.rmtree(p / "raw/mini_b"), ["mini_b"]),
        (lambda p: [f.unlink() for f in (p / "raw/mini_b").glob("*.spe")], ["mini_b", "*.spe"]),
        (lambda p: (p / "raw/mini_b/acquisitions.csv").unlink(), ["mini_b", "acquisitions.csv"]),
        (lambda p: (p / "config/config.yaml").write_text(""), ["keys at top level"]),
        (lambda p: (p / "config/experiments/mini_b.yaml").write_text(""), ["mini_b.yaml", "empty"]),
        (several_faults, ["experimnts", "moon_phase", "guessed"]),
        (wrong_level, ["Xe 3d", "Al 2p"]),
        (outside_window, ["lagp_al2p", "940", "window"]),
        (leave_root, ["mini_b", "../config"]),
        (link_out, ["mini_b", "leaves the raw root"]),
    ],
)
def test_bad_input_ends_with_one_clear_message_and_leaves_results_alone(
    project: Path, break_it: Callable[[Path], object], messages: list[str]
) -> None:
    before = artefacts(project)
    break_it(project)
    answer = snakemake(project, "--cores", "2")
    assert answer.returncode != 0
    for message in messages:
        assert message in answer.stdout
    assert "Traceback" not in answer.stdout
    assert artefacts(project) == before
