"""Artefact records: made by the rule that writes, read with suspicion, completed with the hash of the content."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from xps.errors import TableError
from xps.provenance import shape, shared
from xps.provenance.files import bytes_sha256, write_atomically
from xps.provenance.fingerprints import installed_versions, module_hashes

RECORD_VERSION = 2
_READABLE = (1, RECORD_VERSION)
"""Version 1 states every field in full and is read as it is."""
RECORD_SUFFIX = ".record.json"
"""What the record beside a file that cannot carry one is called: ``<file>.record.json``."""


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
        """Return the whole record as JSON with sorted keys; what ancestors share is stated once (``shared``)."""
        ancestors = shared.stated_once(self.ancestors)
        return json.dumps({**self.own(), "ancestors": ancestors}, sort_keys=True, ensure_ascii=False, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes, place: str) -> "Record":
        """Return the record in ``text``; TableError naming ``place`` when it is none or of another version."""
        if len(text) > shape.LARGEST_RECORD:
            raise TableError(f"{place}: its record has {len(text)} bytes, expected at most {shape.LARGEST_RECORD}")
        try:
            data = json.loads(text)
            version = data.pop("record_version")
        except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
            raise TableError(f"{place}: carries no readable record ({error}); make it again") from error
        if version not in _READABLE:
            raise TableError(f"{place}: record version {version!r}, expected {RECORD_VERSION}; make it again")
        data["ancestors"] = shared.restored(data.get("ancestors"))
        faults = shape.faults(data)
        if faults:
            more = f" and {len(faults) - 3} more" if len(faults) > 3 else ""
            raise TableError(f"{place}: its record is unsound ({'; '.join(faults[:3])}{more}); make it again")
        return cls(**{**data, "inputs": tuple(data["inputs"])})


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
    ``measured``, ``simulated``, or ``mixed`` where several meet; ``literature`` where no spectrum takes part.
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
    # What is read beside spectra changes nothing about where these come from.
    of_spectra = origins - {"literature"} or origins
    return Record(
        artefact="",
        rule=rule,
        subject=subject,
        inputs=tuple(_input_entry(item) for item in items),
        parameters=dict(leaves(params)) if params else {},
        fingerprint=fingerprint,
        modules=module_hashes(rule),
        versions=installed_versions(),
        data_origin=of_spectra.pop() if len(of_spectra) == 1 else "mixed",
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


def write_with_record(path: Path, data: bytes, record: Record) -> None:
    """Write ``data`` and beside it ``<file>.record.json`` (for formats that cannot carry their record inside)."""
    own = record.of(path.name, bytes_sha256(data))
    write_atomically(path, data)
    write_atomically(path.with_name(path.name + RECORD_SUFFIX), (own.to_json() + "\n").encode())
