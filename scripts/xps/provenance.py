"""What made an artefact: code fingerprints, artefact records and atomic writes (standard library only).

A *fingerprint* answers "is this still the same code?": SHA-256 over a rule's script, every module of ours that it
imports (directly or not) and the runtime lock. Snakemake sees neither a changed import nor an upgraded package, so
every rule passes its fingerprint as a parameter and reruns when it changes.

A *record* answers "what made this?": rule, inputs with their hashes, parameter leaves, fingerprint, module hashes,
installed versions, data origin, and the records of all ancestors once each. It holds nothing that differs between two
honest runs (no clock, host, user, core count, absolute path), so equal inputs give equal bytes.
"""

import ast
import glob
import hashlib
import json
import os
import platform
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

from xps.errors import TableError

RECORD_VERSION = 1
PROJECT_ROOT = Path(__file__).resolve().parents[2]
LOCK_NAME = "requirements.lock"
# Only what can change a number or a drawn line; tools that merely run the workflow are in the lock's hash.
RECORDED_PACKAGES = ("jsonschema", "lmfit", "matplotlib", "numpy", "pandas", "pikepdf", "pyarrow", "scipy", "seaborn")


@dataclass(frozen=True, slots=True)
class Source:
    """A file that no rule made: ``path`` is logical (``raw:<experiment>/<file>``), ``sha256`` of its bytes."""

    path: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Record:
    """What made one artefact; see the module docstring. ``file_sha256`` is known only after reading the artefact."""

    artefact: str
    rule: str
    subject: str
    inputs: tuple[Mapping[str, str], ...]
    parameters: Mapping[str, Any]
    fingerprint: str
    modules: Mapping[str, str]
    versions: Mapping[str, str]
    data_origin: str
    content_sha256: str = ""
    ancestors: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    file_sha256: str = ""

    def of(self, file_name: str, content_sha256: str) -> "Record":
        """Return this record as that of the artefact ``file_name`` whose content has the given hash."""
        artefact = "results:" + "/".join(part for part in (self.subject, file_name) if part)
        return replace(self, artefact=artefact, content_sha256=content_sha256)

    def own(self) -> dict[str, Any]:
        """Return the record without its ancestors, as plain JSON types."""
        return {
            "record_version": RECORD_VERSION,
            "artefact": self.artefact,
            "rule": self.rule,
            "subject": self.subject,
            "inputs": [dict(item) for item in self.inputs],
            "parameters": dict(self.parameters),
            "fingerprint": self.fingerprint,
            "modules": dict(self.modules),
            "versions": dict(self.versions),
            "data_origin": self.data_origin,
            "content_sha256": self.content_sha256,
        }

    def to_json(self) -> str:
        """Return the whole record, ancestors included, as JSON with sorted keys."""
        ancestors = {name: dict(record) for name, record in self.ancestors.items()}
        return json.dumps({**self.own(), "ancestors": ancestors}, sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes, place: str) -> "Record":
        """Return the record in ``text``; TableError naming ``place`` when it is none or of another version."""
        try:
            data = json.loads(text)
            version = data.pop("record_version")
        except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
            raise TableError(f"{place}: carries no readable record ({error}); make it again") from error
        if version != RECORD_VERSION:
            raise TableError(f"{place}: record version {version!r}, expected {RECORD_VERSION}; make it again")
        try:
            return cls(**{**data, "inputs": tuple(data["inputs"])})
        except (TypeError, KeyError) as error:
            raise TableError(f"{place}: its record has missing or unknown fields ({error}); make it again") from error


def record(
    rule: str,
    inputs: Iterable[Source | Record],
    params: Mapping[str, Any],
    fingerprint: str,
    *,
    subject: str = "",
    data_origin: str | None = None,
) -> Record:
    """Return the record of what ``rule`` is about to make for ``subject`` (an experiment, ``figures`` or nothing).

    ``inputs`` are raw sources and the records of the tables read; ``params`` may be nested and are flattened to
    leaves. ``data_origin`` is needed only where no input has one (raw files); otherwise it follows from the inputs:
    ``measured``, ``simulated``, or ``mixed`` where both meet.
    """
    items = sorted(inputs, key=lambda item: item.path if isinstance(item, Source) else item.artefact)
    parents = [item for item in items if isinstance(item, Record)]
    ancestors: dict[str, Mapping[str, Any]] = {}
    for parent in parents:
        ancestors.update(parent.ancestors)
        ancestors[parent.artefact] = parent.own()
    origins = {parent.data_origin for parent in parents} | ({data_origin} if data_origin else set())
    if not origins:
        raise TableError(f"{rule}: no input says whether its data are measured or simulated")
    return Record(
        artefact="",
        rule=rule,
        subject=subject,
        inputs=tuple(_input_entry(item) for item in items),
        parameters=dict(leaves(params)),
        fingerprint=fingerprint,
        modules={path.relative_to(PROJECT_ROOT).as_posix(): file_sha256(path) for path in closure(rule)},
        versions=installed_versions(),
        data_origin=origins.pop() if len(origins) == 1 else "mixed",
        ancestors=dict(sorted(ancestors.items())),
    )


def _input_entry(item: Source | Record) -> dict[str, str]:
    if isinstance(item, Source):
        return {"path": item.path, "sha256": item.sha256}
    return {"path": item.artefact, "sha256": item.file_sha256, "content_sha256": item.content_sha256}


def leaves(settings: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield ``("a.b.0", value)`` for every leaf of nested mappings and sequences, in sorted order of keys."""
    if isinstance(settings, Mapping) and settings:
        for key in sorted(settings, key=str):
            yield from leaves(settings[key], f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(settings, list | tuple) and settings:
        for index, value in enumerate(settings):
            yield from leaves(value, f"{prefix}.{index}" if prefix else str(index))
    else:
        yield prefix, settings


def fingerprint(rule: str, root: Path = PROJECT_ROOT) -> str:
    """Return the SHA-256 over ``scripts/<rule>.py``, the closure of our modules it imports, and the runtime lock."""
    digest = hashlib.sha256()
    for path in [*closure(rule, root), root / LOCK_NAME]:
        digest.update(f"{path.relative_to(root).as_posix()}\0{file_sha256(path)}\n".encode())
    return digest.hexdigest()


def closure(rule: str, root: Path = PROJECT_ROOT) -> list[Path]:
    """Return the rule's script and every module of ours that it imports, directly or through others, sorted.

    Imports inside functions count: the syntax tree is walked, nothing is executed.
    """
    scripts = root / "scripts"
    seen: set[Path] = set()
    waiting = [scripts / f"{rule}.py"]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(_imported_files(path, scripts))
    return sorted(seen)


def _imported_files(path: Path, scripts: Path) -> Iterator[Path]:
    package = path.parent.relative_to(scripts).parts
    for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*parts, *([node.module] if node.module else [])])
            names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            yield from _files_of(name, scripts)


def _files_of(module: str, scripts: Path) -> Iterator[Path]:
    """Yield the files that importing ``module`` runs: its own and the ``__init__`` of each package above it."""
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        place = scripts.joinpath(*parts[:depth])
        for candidate in (place / "__init__.py", place.with_suffix(".py")):
            if candidate.is_file():
                yield candidate


def installed_versions() -> dict[str, str]:
    """Return Python's version and those of the installed packages that can change a result."""
    versions = {"python": platform.python_version()}
    for package in RECORDED_PACKAGES:
        versions[package] = metadata.version(package)
    return versions


def bytes_sha256(data: bytes | memoryview) -> str:
    """Return the hexadecimal SHA-256 of ``data``."""
    return hashlib.sha256(data).hexdigest()


def file_sha256(path: Path) -> str:
    """Return the hexadecimal SHA-256 of the file's bytes, read in pieces."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Give a stream to write to; ``path`` becomes its content at the end, or stays as it was if that is not reached."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # What a killed job left half written goes; a job that was given up and still writes cannot put its file in place.
    for left in path.parent.glob(f".{glob.escape(path.name)}.*.part"):
        left.unlink(missing_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_atomically(path: Path, data: bytes | memoryview) -> None:
    """Write ``data`` to ``path`` so that a killed run leaves either the old file or the whole new one."""
    with replacing(path) as stream:
        stream.write(data)


def write_with_record(path: Path, data: bytes, record: Record) -> None:
    """Write ``data`` and beside it ``<file>.record.json`` (for formats that cannot carry their record inside)."""
    own = record.of(path.name, bytes_sha256(data))
    write_atomically(path, data)
    write_atomically(path.with_name(f"{path.name}.record.json"), (own.to_json() + "\n").encode())
