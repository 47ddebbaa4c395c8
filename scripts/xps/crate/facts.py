"""What a crate tells of: jobs with what they read and wrote, from the run records and the artefacts' own records."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath
from typing import Any

from xps.audit import lineage, runs
from xps.audit.project import Project
from xps.errors import TableError
from xps.provenance import Record


@dataclass(frozen=True)
class Job:
    """One job: a rule's work on one subject."""

    run: str
    number: int
    rule: str
    subject: str
    status: str
    message: str
    started_at: str
    ended_at: str
    host: str
    job_id: str
    machine: Mapping[str, str]
    inputs: Mapping[str, str]
    """SHA-256 by logical path, as the record of what it wrote says; empty for a job that failed."""
    outputs: Mapping[str, str]
    """SHA-256 by logical path, as the job itself hashed them."""
    versions: Mapping[str, str]
    fingerprint: str

    @property
    def ok(self) -> bool:
        """Whether it ended well."""
        return self.status == "ok"


def of_run(project: Project, run: str) -> list[Job]:
    """Return the jobs of one run in the order in which they started."""
    return _jobs(project, [entry for name, entry in runs.entries(project) if name == run], run)


def of_results(project: Project) -> list[Job]:
    """Return, for each artefact that is there, the job that wrote it, whichever run that was, in order of starting."""
    standing = {path: runs.sha256_of(project, path) for path in map(project.logical, project.artefacts()) if path}
    wanted = dict[int, tuple[str, dict[str, Any]]]()
    for run, entry in runs.entries(project):
        outputs = _outputs(project, entry)
        if any(standing.get(path) == sha256 for path, sha256 in outputs.items()):
            wanted[id(entry)] = (run, entry)
    kept = _latest(project, wanted.values())
    return sorted(
        (job for run in {run for run, _ in kept} for job in _jobs(project, [e for r, e in kept if r == run], run)),
        key=lambda job: job.started_at,
    )


def _latest(project: Project, found: Iterable[tuple[str, dict[str, Any]]]) -> list[tuple[str, dict[str, Any]]]:
    """Keep the last job for each set of outputs: a forced rerun may have written the same bytes twice."""
    by_outputs: dict[tuple[str, ...], tuple[str, dict[str, Any]]] = {}
    for run, entry in sorted(found, key=lambda item: str(item[1].get("ended_at"))):
        by_outputs[tuple(sorted(_outputs(project, entry)))] = (run, entry)
    return list(by_outputs.values())


def _jobs(project: Project, entries: Iterable[dict[str, Any]], run: str) -> list[Job]:
    ordered = sorted(entries, key=lambda entry: str(entry.get("started_at")))
    return [_job(project, run, number, entry) for number, entry in enumerate(ordered)]


def _job(project: Project, run: str, number: int, entry: Mapping[str, Any]) -> Job:
    outputs = _outputs(project, entry)
    record = _record(project, outputs)
    inputs = {} if record is None else {item["path"]: item["sha256"] for item in record.inputs}
    machine = entry.get("machine")
    words = {key: str(entry.get(key) or "") for key in ("rule", "subject", "status", "message", "host", "job_id")}
    return Job(
        run=run,
        number=number,
        started_at=_time(entry.get("started_at")),
        ended_at=_time(entry.get("ended_at")),
        machine=machine if isinstance(machine, dict) else {},
        inputs=inputs,
        outputs=outputs,
        versions={} if record is None else record.versions,
        fingerprint="" if record is None else record.fingerprint,
        **words,
    )


def _time(value: object) -> str:
    """Return a time to the millisecond, as the profile's own checks spell it; empty for what is none."""
    try:
        return datetime.fromisoformat(str(value)).astimezone(UTC).isoformat(timespec="milliseconds")
    except ValueError:
        return ""


def _outputs(project: Project, entry: Mapping[str, Any]) -> dict[str, str]:
    """Return what a job wrote, by logical path; TableError when an entry names a file outside the results."""
    found = {}
    for output, sha256 in entry.get("output_sha256", {}).items():
        logical = project.logical(project.root / output)
        if logical is None or not logical.startswith("results:") or ".." in PurePosixPath(output).parts:
            raise TableError(f"run record: {output!r} is no path below the results; it does not enter a crate")
        found[logical] = str(sha256)
    return found


def _record(project: Project, outputs: Mapping[str, str]) -> Record | None:
    """Return the record of the first artefact among a job's outputs that still is the one it wrote."""
    for logical, sha256 in outputs.items():
        try:
            artefact = lineage.read(project.file(logical))
        except TableError:
            continue
        if artefact.sha256 == sha256:
            return artefact.record
    return None
