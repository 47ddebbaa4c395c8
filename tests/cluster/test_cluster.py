"""The analysis on a real Slurm: the bytes of a local run, whatever happens to jobs, nodes and the main process."""

import json
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from slurm import Slurm, kill, wait_until

from background_runs import Run
from small_projects import artefacts, half_written, unlock, writer

FITS = "results/mini_a/fits.parquet"
SHIFTS = "results/mini_a/calibration.parquet"
pytestmark = pytest.mark.xdist_group("cluster")
Submit = Callable[..., Run]


def entries(project: Path) -> list[dict[str, str]]:
    """Entries of all jobs of all runs, in the order in which they started."""
    found = [json.loads(path.read_text()) for path in project.glob("results/runs/*/jobs/*.json")]
    return sorted(found, key=lambda entry: entry["started_at"])


def wait_for_half_written(project: Path, run: Run, table: str) -> Path:
    """Wait until a job has written ``table`` and holds before putting it in place; return its temporary file."""
    wait_until("a job writes", lambda: half_written(project, table) or run.process.poll() is not None, 240)
    assert run.process.poll() is None, run.said
    return half_written(project, table)[0]


def assert_same(project: Path, hashes: dict[str, str]) -> None:
    """The first two stages are there, as the local run made them, and nothing else."""
    names = [f"mini_a/{table}.parquet" for table in ("acquisitions", "calibration", "spectra")]
    assert artefacts(project) == {name: hashes[name] for name in names}


def test_the_analysis_through_sbatch_gives_the_bytes_of_a_local_run(
    submit: Submit, small_series: Path, local_hashes: dict[str, str]
) -> None:
    said = submit(FITS).finish()
    assert artefacts(small_series) == local_hashes
    assert half_written(small_series) == []
    jobs = entries(small_series)
    assert {entry["rule"] for entry in jobs} >= {"parse_spectra", "fit_series", "fit_block", "fit_components"}
    assert all(re.fullmatch(r"\d+(_\d+)?", entry["job_id"]) for entry in jobs), "a job did not say who it was"
    assert "SLURM run ID" in said
    assert re.search(r"made: \d+ tables", said)


def greedy(project: Path, needed_mb: int) -> None:
    """Let parse_spectra hold ``needed_mb`` of memory for some seconds, longer than Slurm looks away."""
    path = project / "scripts/parse_spectra.py"
    before, after = path.read_text().split("    with runlog.job(snakemake.log[0]")
    line, rest = after.split("\n", 1)
    greed = f"        greed = b'x' * ({needed_mb} << 20)\n        __import__('time').sleep(4)\n"
    path.write_text(f"{before}    with runlog.job(snakemake.log[0]{line}\n{greed}{rest}")


def test_a_job_that_slurm_kills_for_its_memory_is_made_again_with_more(
    submit: Submit, slurm: Slurm, small_series: Path
) -> None:
    greedy(small_series, needed_mb=400)
    said = submit("results/mini_a/acquisitions.parquet").finish()
    assert [entry["status"] for entry in entries(small_series)] == ["killed", "ok"]
    assert "ended from outside (memory, time limit or a signal)" in said
    asked = slurm.ask("squeue", "-h", "-t", "all", "-S", "i", "-o", "%m %T").splitlines()
    assert asked == ["500M FAILED", "1000M COMPLETED"]
    noted = "".join(path.read_text() for path in (slurm.folder / "log").glob("slurmd.n*.log"))
    # Whichever looks first says it: the step about itself, or the node about the whole job, its wrapper included.
    assert set(re.findall(r"(?:StepId=|Job )(\d+)\S* exceeded memory limit", noted)) == {"1"}


@pytest.mark.slow
def test_a_job_killed_while_it_writes_is_made_again(
    submit: Submit, small_series: Path, local_hashes: dict[str, str]
) -> None:
    (small_series / "hold").touch()
    run = submit(SHIFTS)
    temporary = wait_for_half_written(small_series, run, "acquisitions.parquet")
    kill(writer(temporary))
    (small_series / "hold").unlink()
    run.finish()
    assert_same(small_series, local_hashes)
    assert half_written(small_series) == []
    assert [e["status"] for e in entries(small_series) if e["rule"] == "parse_spectra"] == ["killed", "ok"]


@pytest.mark.slow
def test_the_jobs_of_a_lost_node_run_again_on_another(
    submit: Submit, slurm: Slurm, small_series: Path, local_hashes: dict[str, str]
) -> None:
    (small_series / "hold").touch()
    run = submit(SHIFTS)
    wait_for_half_written(small_series, run, "acquisitions.parquet")
    slurm.lose(slurm.ask("squeue", "-h", "-t", "R", "-o", "%N"))
    (small_series / "hold").unlink()
    run.finish()
    assert_same(small_series, local_hashes)
    assert half_written(small_series) == []


@pytest.mark.slow
def test_after_the_main_process_is_killed_unlock_leaves_no_orphan_and_the_next_run_ends_the_same(
    submit: Submit, slurm: Slurm, small_series: Path, local_hashes: dict[str, str]
) -> None:
    (small_series / "hold").touch()
    run = submit(SHIFTS)
    temporary = wait_for_half_written(small_series, run, "acquisitions.parquet")
    os.kill(run.process.pid, signal.SIGKILL)
    run.process.wait()
    assert slurm.jobs() != [], "a job goes on without the process that asked for it"

    refused = submit(SHIFTS)
    assert refused.process.wait(60) != 0
    assert "make unlock" in refused.said
    assert slurm.jobs() != []

    unlocked = unlock(small_series, slurm.environment)
    assert unlocked.returncode == 0, unlocked.stderr
    assert re.search(r"cancelled [1-9] job", unlocked.stdout), unlocked.stdout
    assert slurm.jobs() == []
    assert not Path(f"/proc/{writer(temporary)}").exists()

    (small_series / "hold").unlink()
    submit(SHIFTS).finish()
    assert_same(small_series, local_hashes)
    assert half_written(small_series) == []
