"""What a killed run left at work: its jobs on this machine and on the cluster, found by marks that only they carry.

A main process that is killed (kill -9, a lost login node) leaves its jobs running. Snakemake alone would, after
``--unlock``, start the same jobs beside them. A job on this machine is a process that runs one of this folder's job
scripts in this folder; a job on the cluster carries as its name the id of a run that this folder's logs name.
"""

import os
import re
import signal
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from xps.errors import AnalysisError

_RUN_ID = re.compile(r"SLURM run ID: (\S+)")
_JOB_SCRIPTS = ".snakemake/scripts/"
_WAIT_S = 60.0


def main_processes(folder: Path) -> list[int]:
    """Return the Snakemake runs (not: their jobs) that are at work in ``folder`` on this machine."""
    return [pid for pid, words in _processes_in(folder) if _is_run(words)]


def local_jobs(folder: Path) -> list[int]:
    """Return the processes on this machine that do a job of a run in ``folder``."""
    scripts = str(folder.resolve() / _JOB_SCRIPTS)
    return [pid for pid, words in _processes_in(folder) if any(word.startswith(scripts) for word in words)]


def _is_run(words: Sequence[str]) -> bool:
    named = any(Path(word).name == "snakemake" for word in words[:4])
    return named and "--mode" not in words  # a job that parses the Snakefile anew, as on a cluster, is told its mode


def _processes_in(folder: Path) -> list[tuple[int, list[str]]]:
    """Return process ids and command lines of processes whose working folder is ``folder``."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "cwd").resolve() == folder.resolve() and int(process.name) != os.getpid():
                words = (process / "cmdline").read_bytes().decode(errors="replace").split("\0")
                found.append((int(process.name), words))
        except OSError:
            continue  # it has ended meanwhile, or is another user's
    return found


def run_ids(folder: Path) -> list[str]:
    """Return the ids under which runs of ``folder`` have given jobs to Slurm, from Snakemake's logs."""
    logs = sorted((folder / ".snakemake/log").glob("*.log"))
    return [found for log in logs for found in _RUN_ID.findall(log.read_text(encoding="utf-8", errors="replace"))]


def cluster_jobs(names: Sequence[str]) -> list[str]:
    """Return the ids of jobs called one of ``names`` that wait or run; AnalysisError when Slurm does not answer."""
    if not names:
        return []
    return _slurm("squeue", "--noheader", "--array", "--format=%i", f"--name={','.join(names)}").split()


def end(processes: Sequence[int], jobs: Sequence[str]) -> None:
    """End local ``processes`` and cluster ``jobs`` and wait until they are gone; AnalysisError when they stay."""
    for process in processes:
        with suppress(ProcessLookupError):  # it has ended meanwhile
            os.kill(process, signal.SIGKILL)
    if jobs:
        _slurm("scancel", "--full", *jobs)
    deadline = time.monotonic() + _WAIT_S
    while left := [*map(str, filter(_runs, processes)), *_waiting_or_running(jobs)]:
        if time.monotonic() > deadline:
            raise AnalysisError(f"jobs {', '.join(left)} do not end; ask your cluster's administrators, do not unlock")
        time.sleep(0.1 if not jobs else 0.5)


def _runs(process: int) -> bool:
    """Return whether a process can still write: one that only waits for its parent's look cannot."""
    try:
        return Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _waiting_or_running(jobs: Sequence[str]) -> list[str]:
    known = _slurm("squeue", "--noheader", "--array", "--format=%i").split() if jobs else []
    return [job for job in jobs if job in known]


def _slurm(*command: str) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our words, no shell
    except FileNotFoundError:
        raise AnalysisError(f"{command[0]} is not on this machine; unlock where the jobs were submitted") from None
    except subprocess.CalledProcessError as error:
        raise AnalysisError(f"{command[0]} failed: {error.stderr.strip()}; nothing was unlocked") from None
    return done.stdout
