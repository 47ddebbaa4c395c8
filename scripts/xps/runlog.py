"""What happened when: a job's logging to its own log file, its entry in the run record, and the closing summary.

Artefacts hold no clock and no host; those belong here. Each job of a run leaves one JSON file under
``<results>/runs/<run>/jobs/`` that says how it ended. Files are only ever added: a run in which nothing ran adds none.
"""

import errno
import json
import logging
import os
import platform
import resource
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xps import garbage, provenance
from xps.errors import AnalysisError

RUN_FOLDER_VARIABLE = "XPS_RUN_FOLDER"
_JOB_ID_VARIABLES = ("SLURM_JOB_ID", "SLURM_ARRAY_TASK_ID")
_ARITHMETIC_VARIABLES = ("OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
_DISK_REMEDIES = {
    errno.ENOSPC: "free some space on that disk and run again; earlier results are as they were",
    errno.EDQUOT: "your quota is used up: free some space and run again; earlier results are as they were",
    errno.EROFS: "that disk may only be read; name another results folder or mount it for writing",
}
# Linux counts in kB, macOS in bytes.
_MB_OF_MAXRSS = 1.0 / (1 << 20 if sys.platform == "darwin" else 1 << 10)
_FORMAT = "%(asctime)s %(levelname)s %(name)s: %(message)s"


def announce_run(results: Path) -> Path:
    """Return this run's folder under ``results``/runs and leave its name in the environment for the run's jobs.

    A job that parses the Snakefile anew (as on a cluster) finds the name there and keeps it. Nothing is created.
    """
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    return Path(os.environ.setdefault(RUN_FOLDER_VARIABLE, str((results / "runs" / stamp).resolve())))


@contextmanager
def job(log: str, rule: str, subject: str, outputs: Iterable[str]) -> Iterator[None]:
    """Log the enclosed work of ``rule`` on ``subject`` to the file ``log`` and leave its entry in the run record.

    An AnalysisError, or a disk that takes no more, ends the job with its message alone in the log and exit status 1;
    any other exception is a fault of ours and is logged with its traceback. Whoever runs the jobs reads their logs
    (``progress``): only what a log could not take is said on the standard error stream.
    """
    garbage.collect_seldom()
    handler = _log_file(log)
    logging.basicConfig(level=logging.INFO, format=_FORMAT, handlers=[handler], force=True)
    logging.captureWarnings(True)
    entry = _Entry(rule, subject, log, sorted(outputs))
    entry.add("killed", "it was ended from outside (memory, time limit or a signal) before it could say why")
    status, message = "ok", ""
    try:
        yield
    except (AnalysisError, OSError) as error:
        status, message = "failed", _refusal(error)
        if not message:
            status, message = "failed", f"{type(error).__name__}: {error}"
            logging.getLogger(rule).exception("unexpected failure")
            raise
        logging.getLogger(rule).error("%s", message)
        sys.exit(1 if handler.took_all else f"{rule} {subject}: {message}")
    except BaseException as error:
        status, message = "failed", f"{type(error).__name__}: {error}"
        logging.getLogger(rule).exception("unexpected failure")
        raise
    finally:
        entry.add(status, message)
        handler.close()


def _refusal(error: AnalysisError | OSError) -> str:
    """Return the sentence with which an error ends a job; empty where it is a fault of ours."""
    if isinstance(error, AnalysisError):
        return str(error)
    remedy = _DISK_REMEDIES.get(error.errno or 0)
    return f"{error.filename or 'results'}: {os.strerror(error.errno or 0)}; {remedy}" if remedy else ""


class _LogFile(logging.FileHandler):
    """A log that never fails: on a full disk the job's own error must not be buried under those of its log."""

    took_all = True

    def handleError(self, _: logging.LogRecord) -> None:  # noqa: N802 - the base class's word
        """Remember that something is missing."""
        self.took_all = False

    def close(self) -> None:
        """Close the file, be it without its last lines."""
        with suppress(OSError):
            super().close()


class _NoLog(logging.NullHandler):
    took_all = False


def _log_file(path: str) -> _LogFile | _NoLog:
    try:
        return _LogFile(path, mode="w", encoding="utf-8")
    except OSError:
        return _NoLog()  # the job will fail for the same reason, and say so on the error stream


class _Entry:
    """A job's file in the run record: made when it starts, so that a killed job is on record; renewed at its end."""

    def __init__(self, rule: str, subject: str, log: str, outputs: list[str]) -> None:
        self._started = datetime.now(UTC)
        self._start_cpu_s = used()["cpu_s"]
        self._facts: dict[str, Any] = {
            "rule": rule,
            "subject": subject,
            "log": log,
            "outputs": outputs,
            "host": platform.node(),
            "machine": machine(),
        }

    def add(self, status: str, message: str) -> None:
        folder = os.environ.get(RUN_FOLDER_VARIABLE)
        if not folder:
            return
        entry = {
            **self._facts,
            "status": status,
            "message": message,
            "started_at": self._started.isoformat(),
            "ended_at": None if status == "killed" else datetime.now(UTC).isoformat(),
            "job_id": "_".join(os.environ[name] for name in _JOB_ID_VARIABLES if name in os.environ),
            "used": {} if status == "killed" else {"start_cpu_s": self._start_cpu_s, **used()},
            # No artefact can hold its own hash: this is where it stands.
            "output_sha256": _hashes(self._facts["outputs"]) if status == "ok" else {},
        }
        name = f"{self._facts['rule']}.{self._facts['subject']}.{self._started:%H%M%S.%f}.{os.getpid()}.json"
        text = json.dumps(entry, indent=1, sort_keys=True, ensure_ascii=False)
        try:
            provenance.write_atomically(Path(folder) / "jobs" / name, text.encode())
        except OSError as error:
            logging.getLogger(__name__).warning("this job is missing in the run record: %s", error)


def _hashes(outputs: list[str]) -> dict[str, str]:
    return {name: provenance.file_sha256(Path(name)) for name in outputs if Path(name).is_file()}


def used() -> dict[str, float]:
    """Return what this process and its workers have used since they began, imports included.

    Keys: ``cpu_s``, of all together; ``peak_memory_mb``, of this process; ``worker_peak_memory_mb``, of the largest of
    those that have ended. Counted by the system; what samples a job from outside loses what comes after its last look.
    """
    own, workers = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return {
        "cpu_s": round(own.ru_utime + own.ru_stime + workers.ru_utime + workers.ru_stime, 3),
        "peak_memory_mb": round(_peak_memory_mb(own.ru_maxrss * _MB_OF_MAXRSS), 1),
        "worker_peak_memory_mb": round(workers.ru_maxrss * _MB_OF_MAXRSS, 1),
    }


def _peak_memory_mb(counted_mb: float) -> float:
    """Return the most memory that this process has held (MB); ``counted_mb`` where the system says nothing better.

    What Linux counts for a process begins with what the one that started it held: here the whole of Snakemake.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return counted_mb
    return next((float(line.split()[1]) / 1024.0 for line in lines if line.startswith("VmHWM:")), counted_mb)


def machine() -> dict[str, str]:
    """Return what can move the last digits of a number: processor, and how the numerical library was told to use it."""
    told = {name.lower(): os.environ[name] for name in _ARITHMETIC_VARIABLES if name in os.environ}
    return {"system": platform.platform(), "processor": _processor(), **told}


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def summary(run_folder: Path, results: str, skipped: Sequence[str] = ()) -> str:
    """Return the closing lines of a run: what was made, what failed, what was skipped, where to look.

    Why something failed was said when it did (``progress``), and stands in its log.
    ``skipped`` are jobs that were never tried. Of a job that was tried several times the last attempt counts.
    """
    entries = [json.loads(path.read_bytes()) for path in run_folder.glob("jobs/*.json")]
    entries.sort(key=lambda entry: str(entry["started_at"]))
    last = {(entry["rule"], entry["subject"]): entry for entry in entries}.values()
    made = sorted({output for entry in last if entry["status"] == "ok" for output in entry["outputs"]})
    made = [output for output in made if Path(output).exists()]  # parts that were gathered are gone
    failed = [entry for entry in last if entry["status"] != "ok"]
    lines = [f"made: {_counted(made, '.parquet', 'table')}, {_counted(made, '.pdf', 'figure')}"]
    lines += [f"  {output}" for output in made if output.endswith(".pdf")]
    lines += [f"FAILED: {entry['rule']} {entry['subject']} (log: {entry['log']})" for entry in failed]
    if skipped:
        lines += [f"skipped, for want of what failed: {', '.join(skipped)}"]
    if failed:
        lines.append("what needs the tables of a failed step was not made anew; earlier results stay as they were")
    where = [f"tables {results}/<experiment>/", f"figures {results}/figures/", f"logs {results}/logs/"]
    return "\n".join([*lines, "look in: " + ", ".join(where)])


def _counted(made: Sequence[str], suffix: str, word: str) -> str:
    count = sum(output.endswith(suffix) for output in made)
    return f"{count} {word}{'' if count == 1 else 's'}"
