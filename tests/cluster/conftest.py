"""A Slurm for the tests of this folder, and the small series that they analyse."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from slurm import Slurm, missing

from small_projects import artefacts, make_project, snakemake

PROFILE = Path(__file__).parents[2] / "profiles/slurm"
# What a cluster of two idle nodes on this machine needs other than one with users; all else is as in profiles/slurm.
HERE = ("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10")


@pytest.fixture
def slurm(tmp_path: Path) -> Iterator[Slurm]:
    """A cluster of two nodes, stopped at the end whatever happens."""
    if lacking := missing():
        pytest.skip(f"Slurm is not installed ({', '.join(lacking)}): apt-get install slurmctld slurmd slurm-client")
    folder = tmp_path / "slurm"
    cluster = Slurm(folder)
    tmp_path.chmod(0o755)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


@pytest.fixture
def small_series(tmp_path: Path) -> Path:
    """A project with one tiny series, each of its acquisitions a block, nothing made yet."""
    return hesitant(make_project(tmp_path / "project", ("mini_a",), kinds=(), block_size=1))


def hesitant(project: Path) -> Path:
    """Let every job of a project wait, its file written but not yet in place, while there is a file ``hold``."""
    path = project / "scripts/xps/provenance/files.py"
    before = "        temporary.replace(path)\n"
    wait = "        while Path('hold').exists():\n            __import__('time').sleep(0.1)\n"
    assert path.read_text().count(before) == 1
    path.write_text(path.read_text().replace(before, wait + before))
    return project


class Run:
    """Snakemake at work in a project."""

    def __init__(self, project: Path, environment: dict[str, str], *options: str) -> None:
        self.project = project
        self._log = project.parent / f"run{len(list(project.parent.glob('run*.txt')))}.txt"
        command = [sys.executable, "-m", "snakemake", *options]
        with self._log.open("wb") as stream:
            self.process = subprocess.Popen(
                command, cwd=project, env=environment, stdout=stream, stderr=subprocess.STDOUT, start_new_session=True
            )

    @property
    def said(self) -> str:
        return self._log.read_text()

    def finish(self, seconds: float = 240.0) -> str:
        """Wait for the end, demand success, return what was said."""
        assert self.process.wait(seconds) == 0, self.said
        return self.said


@pytest.fixture
def submit(slurm: Slurm, small_series: Path) -> Iterator[Callable[..., Run]]:
    """Start the analysis on the cluster; what still runs at the end of a test is killed."""
    runs = []

    def start(*options: str) -> Run:
        runs.append(Run(small_series, slurm.environment, "--workflow-profile", "profiles/slurm", *HERE, *options))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            os.killpg(run.process.pid, 9)
            run.process.wait()


@pytest.fixture
def local_hashes(tmp_path: Path) -> dict[str, str]:
    """SHA-256 of every artefact that a local run of the same series makes, in one job per stage."""
    project = hesitant(make_project(tmp_path / "local", ("mini_a",), kinds=()))
    answer = snakemake(project, "--cores", "2")
    assert answer.returncode == 0, answer.stdout
    return artefacts(project)
