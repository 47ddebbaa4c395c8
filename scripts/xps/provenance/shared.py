"""Ancestors written down with what they share once: the tables of one job have the same inputs, settings and code.

A hundred tables of thirty jobs would otherwise repeat the settings of each job for every table that it wrote. In the
text of a record a field may therefore hold, in place of its value, the name of the ancestor that states it.
"""

import json
from collections.abc import Mapping
from typing import Any

FIELDS = ("inputs", "modules", "parameters", "versions")
"""Fields whose value may be written as the name of an ancestor (a text; the values themselves are none)."""


def stated_once(ancestors: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return ``ancestors``, sorted by name, each field of ``FIELDS`` stated by the first that has this value."""
    first: dict[tuple[str, str], str] = {}
    written: dict[str, dict[str, Any]] = {}
    for name, record in sorted(ancestors.items()):
        written[name] = dict(record)
        for field in FIELDS:
            stated = first.setdefault((field, json.dumps(record[field], sort_keys=True)), name)
            if stated != name:
                written[name][field] = stated
    return written


def restored(ancestors: Any) -> Any:
    """Return what ``stated_once`` was given; a name that states nothing stays, for the check of shapes to refuse it."""
    if not isinstance(ancestors, Mapping):
        return ancestors
    return {name: _restored(record, ancestors) for name, record in ancestors.items()}


def _restored(record: Any, ancestors: Mapping[str, Any]) -> Any:
    if not isinstance(record, Mapping):
        return record
    named = {field: record[field] for field in FIELDS if isinstance(record.get(field), str)}
    return {**record, **{field: _stated(ancestors.get(name), field, name) for field, name in named.items()}}


def _stated(record: Any, field: str, name: str) -> Any:
    value = record.get(field) if isinstance(record, Mapping) else None
    return name if value is None or isinstance(value, str) else value
