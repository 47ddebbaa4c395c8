"""What a killed run left is found by its marks and ended; a run at work and other people's jobs are left alone."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from xps import orphans
from xps.errors import AnalysisError

Start = Callable[..., subprocess.Popen[bytes]]
SLEEP = "import time; time.sleep(60)"


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Start processes in a folder; they are ended after the test."""
    running = []

    def starting(*command: str, folder: Path = tmp_path) -> subprocess.Popen[bytes]:
        running.append(subprocess.Popen(command, cwd=folder))
        time.sleep(0.3)  # until it carries its own command line
        return running[-1]

    yield starting
    for process in running:
        process.kill()
        process.wait()


@pytest.fixture
def job_script(tmp_path: Path) -> Path:
    """A job's script as Snakemake writes it."""
    path = tmp_path / ".snakemake/scripts/tmp1.fit_block.py"
    path.parent.mkdir(parents=True)
    path.write_text(SLEEP)
    return path


def test_a_job_of_this_folder_is_found_and_ended(tmp_path: Path, start: Start, job_script: Path) -> None:
    job = start(sys.executable, str(job_script))
    start(sys.executable, "-c", SLEEP)
    assert orphans.local_jobs(tmp_path) == [job.pid]
    assert orphans.main_processes(tmp_path) == []
    orphans.end([job.pid], [])
    assert job.wait(5) != 0


def test_a_job_with_workers_is_ended_with_all_of_them_before_anything_is_unlocked(
    tmp_path: Path, start: Start, job_script: Path
) -> None:
    job_script.write_text(f"import os\nfor _ in range(2): os.fork()\n{SLEEP}")
    start(sys.executable, str(job_script))
    found = orphans.local_jobs(tmp_path)
    assert len(found) == 4
    orphans.end(found, [])
    assert orphans.local_jobs(tmp_path) == []


def test_a_job_that_ended_by_itself_meanwhile_is_no_error(start: Start) -> None:
    job = start(sys.executable, "-c", "pass")
    job.wait()
    orphans.end([job.pid], [])


def test_jobs_of_another_folder_are_left_alone(tmp_path: Path, start: Start, job_script: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    start(sys.executable, str(job_script), folder=other)
    assert orphans.local_jobs(other) == []
    assert orphans.local_jobs(tmp_path) == []


def test_a_run_at_work_is_told_from_its_jobs(tmp_path: Path, start: Start) -> None:
    tool = tmp_path / "snakemake"
    tool.write_text(SLEEP)
    run = start(sys.executable, str(tool), "--cores", "2")
    start(sys.executable, str(tool), "--cores", "2", "--mode", "remote")
    assert orphans.main_processes(tmp_path) == [run.pid]


def test_run_ids_come_from_the_logs_of_this_folder(tmp_path: Path) -> None:
    logs = tmp_path / ".snakemake/log"
    logs.mkdir(parents=True)
    (logs / "1.snakemake.log").write_text("host: vm\nSLURM run ID: 11-aa\nmore\n")
    (logs / "2.snakemake.log").write_text("nothing of the kind\n")
    (logs / "3.snakemake.log").write_text("SLURM run ID: xps_22-bb\n")
    assert orphans.run_ids(tmp_path) == ["11-aa", "xps_22-bb"]
    assert orphans.cluster_jobs([]) == []


@pytest.fixture
def slurm_stand_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A squeue and a scancel that keep one job in a file."""
    tools, job = tmp_path / "bin", tmp_path / "job"
    tools.mkdir()
    (tools / "squeue").write_text(f'#!/bin/sh\necho "squeue $*" >> {tmp_path}/calls\ncat {job} 2> /dev/null || true\n')
    (tools / "scancel").write_text(f'#!/bin/sh\necho "scancel $*" >> {tmp_path}/calls\nrm -f {job}\n')
    for tool in tools.iterdir():
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/bin:/usr/bin")
    return job


def test_jobs_on_the_cluster_are_asked_for_by_the_runs_names_only(slurm_stand_in: Path, tmp_path: Path) -> None:
    slurm_stand_in.write_text("16_1\n")
    assert orphans.cluster_jobs(["11-aa", "22-bb"]) == ["16_1"]
    orphans.end([], ["16_1"])
    assert not slurm_stand_in.exists()
    calls = (tmp_path / "calls").read_text().splitlines()
    assert calls[0] == "squeue --noheader --array --format=%i --name=11-aa,22-bb"
    assert calls[1] == "scancel --full 16_1"


def test_a_job_that_does_not_end_forbids_to_unlock(slurm_stand_in: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slurm_stand_in.write_text("16\n17\n")
    (slurm_stand_in.parent / "bin/scancel").write_text("#!/bin/sh\n")
    monkeypatch.setattr(orphans, "_WAIT_S", 0.0)
    with pytest.raises(AnalysisError, match=r"jobs 16 do not end.*do not unlock"):
        orphans.end([], ["16"])


def test_a_cluster_that_cannot_be_asked_forbids_to_unlock(slurm_stand_in: Path) -> None:
    (slurm_stand_in.parent / "bin/squeue").write_text("#!/bin/sh\necho 'cannot connect' >&2; exit 1\n")
    with pytest.raises(AnalysisError, match="squeue failed: cannot connect; nothing was unlocked"):
        orphans.cluster_jobs(["11-aa"])


def test_without_slurm_here_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AnalysisError, match="unlock where the jobs were submitted"):
        orphans.cluster_jobs(["11-aa"])
