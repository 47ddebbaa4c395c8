"""The ten shipped series, whole, through Slurm: every artefact has the bytes of a local run."""

import json
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from slurm import HERE, Slurm

from background_runs import Run
from small_projects import PARTS, ROOT, artefacts

pytestmark = [pytest.mark.slow, pytest.mark.overnight, pytest.mark.xdist_group("cluster")]
LONGEST_S = 7200.0


def shipped(folder: Path) -> Path:
    """Copy the project with the raw files that it comes with, nothing made yet."""
    folder.mkdir()
    for part in (*PARTS, "raw", "CITATION.cff"):
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
        copy(ROOT / part, folder / part)
    return folder


@pytest.fixture
def runs() -> Iterator[list[Run]]:
    """Runs of a test; what still runs at its end is killed."""
    started: list[Run] = []
    yield started
    for run in started:
        run.abandon()


def told(project: Path, began: float) -> str:
    """What a run cost: wall time and CPU, jobs and how they ended."""
    entries = [json.loads(path.read_text()) for path in project.glob("results/runs/*/jobs/*.json")]
    ends = Counter(entry["status"] for entry in entries)
    again = sorted(f"{entry['rule']} of {entry['subject']}" for entry in entries if entry["status"] != "ok")
    cpu = sum(entry.get("used", {}).get("cpu_s", 0.0) for entry in entries)
    return f"{time.monotonic() - began:.0f} s, jobs {dict(ends)} (again: {again}), {cpu:.0f} s of CPU inside them"


def test_the_shipped_series_through_sbatch_have_the_bytes_of_a_local_run(
    tmp_path: Path, slurm: Slurm, runs: list[Run]
) -> None:
    """What was measured is printed: pytest -s."""
    words = {"local": ["--cores", "2"], "slurm": ["--workflow-profile", "profiles/slurm", *HERE]}
    projects = {name: shipped(tmp_path / f"through_{name}") for name in words}
    for name, project in projects.items():
        began = time.monotonic()
        runs.append(Run(project, *words[name], environment=slurm.environment))
        runs[-1].finish(LONGEST_S)
        print(f"{name}: {told(project, began)}, {len(artefacts(project))} artefacts", flush=True)
    made, local = (artefacts(projects[name]) for name in ("slurm", "local"))
    assert len(local) > 200
    assert made == local
