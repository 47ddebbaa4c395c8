"""A Slurm for the tests of this folder, and the small series that they analyse."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from slurm import HERE, Slurm, missing

from background_runs import Run
from small_projects import artefacts, hesitant, make_project, snakemake

PROFILE = Path(__file__).parents[2] / "profiles/slurm"


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


@pytest.fixture
def submit(slurm: Slurm, small_series: Path) -> Iterator[Callable[..., Run]]:
    """Start the analysis on the cluster; what still runs at the end of a test is killed."""
    runs = []

    def start(*options: str) -> Run:
        words = ("--workflow-profile", "profiles/slurm", *HERE, *options)
        runs.append(Run(small_series, *words, environment=slurm.environment))
        return runs[-1]

    yield start
    for run in runs:
        run.abandon()


@pytest.fixture
def local_hashes(tmp_path: Path) -> dict[str, str]:
    """SHA-256 of every artefact that a local run of the same series makes, in one job per stage."""
    project = hesitant(make_project(tmp_path / "local", ("mini_a",), kinds=()))
    answer = snakemake(project, "--cores", "2", "results/mini_a/fits.parquet")
    assert answer.returncode == 0, answer.stdout
    return artefacts(project)
