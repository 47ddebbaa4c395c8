"""What the run records know: which job of which run wrote which bytes, where and when.

An artefact cannot hold its own hash; the job that wrote it left the hash in its entry. Entries are only ever added, so
a file whose bytes no run wrote was changed by something else.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from xps.audit.project import Project
from xps.errors import TableError
from xps.provenance import file_sha256


@dataclass(frozen=True)
class Written:
    """A job's word that it wrote an artefact."""

    artefact: str
    sha256: str
    run: str
    rule: str
    host: str
    ended_at: str
    machine: dict[str, str]


def index(project: Project) -> dict[str, list[Written]]:
    """Return, by artefact, what the jobs of all runs wrote, oldest first."""
    found: dict[str, list[Written]] = {}
    for run, entry in entries(project):
        for output, sha256 in entry.get("output_sha256", {}).items():
            artefact = project.logical(project.root / output)
            if artefact is not None:
                found.setdefault(artefact, []).append(_written(artefact, str(sha256), run, entry))
    for written in found.values():
        written.sort(key=lambda item: item.ended_at)
    return found


def entries(project: Project) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield run and entry of every job that is on record; an entry that cannot be read is passed over."""
    for path in sorted(project.results.glob("runs/*/jobs/*.json")):
        try:
            entry = json.loads(path.read_bytes())
        except (ValueError, OSError, RecursionError):
            continue
        if isinstance(entry, dict) and isinstance(entry.get("output_sha256", {}), dict):
            yield path.parent.parent.name, entry


def _written(artefact: str, sha256: str, run: str, entry: dict[str, Any]) -> Written:
    machine = entry.get("machine")
    told = {str(key): str(value) for key, value in machine.items()} if isinstance(machine, dict) else {}
    rule, host, ended_at = (str(entry.get(key) or "") for key in ("rule", "host", "ended_at"))
    return Written(artefact, sha256, run, rule, host, ended_at, told)


def sha256_of(project: Project, artefact: str) -> str:
    """Return the hash of an artefact as it lies there, empty where it cannot be read."""
    try:
        return file_sha256(project.file(artefact))
    except (OSError, TableError):
        return ""
