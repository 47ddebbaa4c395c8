"""The command line as a user runs it, in a copy of the project."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for part in ("scripts", "config"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "raw/al_foil", tmp_path / "raw/cell_7", ignore=shutil.ignore_patterns("*.csv"))
    return tmp_path


def run(project: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "scripts/new_experiment.py", *map(str, arguments)]
    return subprocess.run(command, cwd=project, capture_output=True, text=True, timeout=120, check=False)


def test_a_folder_becomes_an_experiment_file_and_a_log_and_the_second_time_a_refusal(project: Path) -> None:
    done = run(project, "raw/cell_7")
    assert (done.returncode, done.stderr) == (0, "")
    written = [line.removeprefix("drafted ") for line in done.stdout.splitlines() if line.startswith("drafted ")]
    assert [Path(name).name for name in written] == [
        *("acquisitions.csv", "cell_7.yaml", "cell_7_al2p_draft.yaml", "cell_7_o1s_draft.yaml"),
        *("cell_7_spectra.yaml", "cell_7_survey.yaml"),
        "cell_7.yaml",
    ]
    assert "`make CONFIG=config/cell_7.yaml`" in done.stdout
    before = (project / "config/experiments/cell_7.yaml").read_bytes()
    again = run(project, "raw/cell_7")
    assert (again.returncode, again.stdout) == (2, "")
    assert "is there already and is not overwritten" in again.stderr
    assert (project / "config/experiments/cell_7.yaml").read_bytes() == before


def test_a_refusal_writes_nothing(project: Path) -> None:
    done = run(project, "raw/cell_8", "--name", "Cell 8")
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr.count("  - ") == 2
    assert not (project / "config/experiments/Cell 8.yaml").exists()
