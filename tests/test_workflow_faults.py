"""What befalls a run on one machine: killed, started twice, no room on the disk; later results are the same."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from background_runs import Run
from small_projects import artefacts, edit_yaml, half_written, hesitant, make_project, snakemake, unlock, writer
from xps import orphans

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("workflow_faults")]


@pytest.fixture
def start() -> Iterator[Callable[..., Run]]:
    """Start runs in the background; what still runs at the end of a test is killed."""
    runs: list[Run] = []

    def starting(project: Path, *options: str) -> Run:
        runs.append(Run(project, "--cores", "2", *options))
        return runs[-1]

    yield starting
    for run in runs:
        run.abandon()


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished project of one tiny series; every job of it would hold before it puts a file in place, if asked."""
    project = hesitant(make_project(tmp_path_factory.mktemp("expected") / "project", ("mini_a",), kinds=()))
    answer = snakemake(project, "--cores", "2")
    assert answer.returncode == 0, answer.stdout
    return project


def untouched(expected: Path, folder: Path) -> Path:
    """The same project with nothing made."""
    skipped = shutil.ignore_patterns("results", ".snakemake")
    return shutil.copytree(expected, folder / "project", ignore=skipped)


def wait_for_half_written(project: Path, run: Run, table: str) -> Path:
    wait_until(lambda: half_written(project, table) or run.process.poll() is not None)
    assert run.process.poll() is None, run.said
    return half_written(project, table)[0]


def wait_until(holds: Callable[[], object]) -> None:
    end = time.monotonic() + 120
    while not holds():
        assert time.monotonic() < end, "waited two minutes in vain"
        time.sleep(0.1)


def test_after_kill_9_a_second_run_is_refused_unlock_ends_the_orphan_and_the_results_are_the_same(
    expected: Path, tmp_path: Path, start: Callable[..., Run]
) -> None:
    project = untouched(expected, tmp_path)
    (project / "hold").touch()
    run = start(project)
    temporary = wait_for_half_written(project, run, "acquisitions.parquet")

    assert unlock(project).returncode == 2, "a run that is at work must not be unlocked"
    second = snakemake(project, "--cores", "2")
    assert second.returncode != 0
    assert "make unlock" in second.stdout
    assert "Traceback" not in second.stdout

    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait()
    assert Path(f"/proc/{writer(temporary)}").exists(), "the job goes on without the run that started it"
    unlocked = unlock(project)
    assert unlocked.returncode == 0, unlocked.stderr
    assert re.match(r"ended [1-9] process", unlocked.stdout), unlocked.stdout
    (project / "hold").unlink()
    answer = snakemake(project, "--cores", "2")
    assert answer.returncode == 0, answer.stdout
    assert artefacts(project) == artefacts(expected)
    assert half_written(project) == []


def test_two_runs_in_two_checkouts_do_not_meet(expected: Path, tmp_path: Path, start: Callable[..., Run]) -> None:
    projects = [untouched(expected, tmp_path / name) for name in ("one", "two")]
    for project in projects:
        (project / "hold").touch()
    runs = [start(project) for project in projects]
    for project, run in zip(projects, runs, strict=True):
        wait_for_half_written(project, run, "acquisitions.parquet")
    for project, run in zip(projects, runs, strict=True):
        (project / "hold").unlink()
        run.finish()
        assert artefacts(project) == artefacts(expected)


def test_a_killed_test_leaves_neither_its_run_nor_a_job(expected: Path, tmp_path: Path) -> None:
    """The job would wait for ever."""
    project = untouched(expected, tmp_path)
    (project / "hold").touch()
    code = "import sys, time; from pathlib import Path; from background_runs import Run\n"
    code += f"Run(Path({str(project)!r}), '--cores', '1'); time.sleep(600)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent)}
    test = subprocess.Popen([sys.executable, "-c", code], env=environment)
    try:
        wait_until(lambda: half_written(project, "acquisitions.parquet"))
    finally:
        test.kill()
        test.wait()
    wait_until(lambda: not orphans.main_processes(project) + orphans.local_jobs(project))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of eight megabytes."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(disk)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root may mount a small disk")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def on_disk(expected: Path, tmp_path: Path, disk: Path) -> Path:
    """The finished project, its results on ``disk`` and a change in its configuration that asks for new fits."""
    project = shutil.copytree(expected, tmp_path / "project", symlinks=True)
    shutil.copytree(project / "results", disk, dirs_exist_ok=True)
    shutil.rmtree(project / "results")
    (project / "results").symlink_to(disk)
    assert "Nothing to be done" in snakemake(project, "--cores", "2").stdout
    tighten = lambda model: model["components"][0]["fwhm_ev"].update(low=0.91)  # noqa: E731
    edit_yaml(project / "config/models/lagp_al2p.yaml", tighten)
    return project


def test_on_a_full_disk_the_run_stops_with_the_cause_and_earlier_results_are_intact(
    expected: Path, tmp_path: Path, small_disk: Path
) -> None:
    project = on_disk(expected, tmp_path, small_disk)
    before = artefacts(project)
    (small_disk / "ballast").write_bytes(b"")
    with (small_disk / "ballast").open("wb", buffering=0) as ballast:
        try:
            while True:
                ballast.write(bytes(4096))
        except OSError:
            pass
    answer = snakemake(project, "--cores", "2")
    assert answer.returncode != 0
    assert "No space left on device" in answer.stdout
    (small_disk / "ballast").unlink()
    assert artefacts(project) == before
    assert snakemake(project, "--cores", "2").returncode == 0


def test_results_on_a_disk_that_may_only_be_read_are_refused_before_anything_runs(
    expected: Path, tmp_path: Path, small_disk: Path
) -> None:
    project = on_disk(expected, tmp_path, small_disk)
    before = artefacts(project)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    answer = snakemake(project, "--cores", "2")
    assert answer.returncode != 0
    assert "may not be written to" in answer.stdout
    assert artefacts(project) == before
