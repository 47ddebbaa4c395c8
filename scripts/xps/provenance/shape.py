"""What a record must look like before anything in it is believed; it may come with a file from anywhere.

Nothing of a record is ever executed. Its paths are logical (``raw:<path>``, ``results:<path>``): whoever looks for the
file joins them to a root of their own, so a path that could leave that root is refused here already.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

LARGEST_RECORD = 64 << 20
"""Bytes of a record's text. ASSUME none is larger: a record holds some 15 kB per ancestor of 30 fit components."""

# Whether a hash is the right one is found by computing it; here only nothing else may pass for one.
_HASH = re.compile(r"[0-9a-z]{0,64}")
_LOGICAL = re.compile(r"(raw|results):(?!/)[^\x00-\x1f\x7f\\]+")
_TEXTS = ("rule", "subject", "data_origin")
_KEYS = {
    *("artefact", "rule", "subject", "inputs", "parameters", "fingerprint", "modules", "versions", "data_origin"),
    "content_sha256",
}
_INPUT_KEYS = {"path", "sha256", "content_sha256"}


def is_logical(path: object) -> bool:
    """Return whether ``path`` is a logical path that cannot leave its root."""
    return isinstance(path, str) and bool(_LOGICAL.fullmatch(path)) and not {"..", "."} & set(_parts(path))


def faults(data: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the shape of a record, its ancestors included, as one sentence each."""
    own = {key: value for key, value in data.items() if key != "ancestors"}
    found = list(_own_faults(own))
    ancestors = data.get("ancestors")
    if not isinstance(ancestors, Mapping):
        return [*found, "ancestors is no mapping"]
    for name, record in ancestors.items():
        if not isinstance(record, Mapping):
            found.append(f"ancestor {name!r} is no record")
            continue
        bare = {key: value for key, value in record.items() if key != "record_version"}
        found += [f"ancestor {name!r}: {fault}" for fault in _own_faults(bare)]
        if record.get("artefact") != name:
            found.append(f"ancestor {name!r} calls itself {record.get('artefact')!r}")
    return found


def _own_faults(record: Mapping[str, Any]) -> Iterator[str]:
    unlike = sorted(map(str, record.keys() ^ _KEYS))
    if unlike:
        yield f"missing or unknown fields {', '.join(map(repr, unlike))}"
        return
    if not is_logical(record["artefact"]):
        yield f"artefact {record['artefact']!r} is no path below the results"
    yield from (f"{key} is no text" for key in _TEXTS if not isinstance(record[key], str))
    if not _is_hash(record["fingerprint"]):
        yield "fingerprint is no SHA-256"
    if not _is_hash(record["content_sha256"]):
        yield "content_sha256 is no SHA-256"
    yield from _input_faults(record["inputs"])
    if not _is_mapping_of(record["versions"], str):
        yield "versions is no mapping of texts"
    if not _is_mapping_of(record["modules"], str) or not all(map(_is_hash, record["modules"].values())):
        yield "modules is no mapping of paths to SHA-256"
    if not _is_mapping_of(record["parameters"], str | int | float | bool | None | list | dict):
        yield "parameters is no mapping of leaves"


def _input_faults(inputs: Any) -> Iterator[str]:
    if not isinstance(inputs, list | tuple):
        yield "inputs is no list"
        return
    for item in inputs:
        if not _is_mapping_of(item, str) or not {"path", "sha256"} <= item.keys() <= _INPUT_KEYS:
            yield "an input lacks its path or its SHA-256"
        elif not is_logical(item["path"]):
            yield f"input {item['path']!r} is no path below the raw root or the results"
        elif not _is_hash(item["sha256"]):
            yield f"input {item['path']!r} has no SHA-256"


def _parts(path: str) -> list[str]:
    return path.partition(":")[2].split("/")


def _is_hash(value: object) -> bool:
    return isinstance(value, str) and bool(_HASH.fullmatch(value))


def _is_mapping_of(value: Any, kind: Any) -> bool:
    return isinstance(value, Mapping) and all(isinstance(k, str) and isinstance(v, kind) for k, v in value.items())
