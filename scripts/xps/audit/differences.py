"""In what two chains differ: raw files, settings, code, environment. What matters most comes first."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from xps.audit import lineage
from xps.provenance import LOCK_NAME, Record

# A changed measurement explains more than a changed setting, that more than changed code, that more than a version.
ORDER = ("raw file", "data origin", "setting", "module", "environment", "step", "numbers", "bytes")


@dataclass(frozen=True)
class Difference:
    """One thing that is not the same on both sides."""

    kind: str
    name: str
    first: str
    second: str
    where: str = ""
    """The step that it enters."""


def chains(first: Mapping[str, Record], second: Mapping[str, Record]) -> list[Difference]:
    """Return in what two chains of records differ, ordered by what matters, each difference once."""
    found: dict[tuple[str, str], Difference] = {}
    one, two = _steps(first), _steps(second)
    for step in sorted(one.keys() | two.keys()):
        if step not in one or step not in two:
            sides = ("made", "not made") if step in one else ("not made", "made")
            found[("step", step)] = Difference("step", step, *sides)
            continue
        for difference in _of_step(step, one[step], two[step]):
            found.setdefault((difference.kind, difference.name), difference)
    return sorted(found.values(), key=lambda item: (ORDER.index(item.kind), item.where, item.name))


def _steps(records: Mapping[str, Record]) -> dict[str, Record]:
    """Return one record per step; a step that made several tables says the same in all of them."""
    return {f"{record.rule} {_subject(record)}": record for record in records.values()}


def _subject(record: Record) -> str:
    return record.artefact.rpartition("/")[2].split(".")[0] if record.subject == "figures" else record.subject


def _of_step(step: str, one: Record, two: Record) -> Iterator[Difference]:
    yield from _mappings("raw file", step, lineage.inputs(one, "raw:"), lineage.inputs(two, "raw:"))
    if one.data_origin != two.data_origin:
        yield Difference("data origin", step, one.data_origin, two.data_origin, step)
    for leaf, a, b in _unlike(one.parameters, two.parameters):
        yield Difference("setting", f"{step}: {leaf}", _said(a), _said(b), step)
    modules = [{p: h for p, h in record.modules.items() if p != LOCK_NAME} for record in (one, two)]
    yield from _mappings("module", step, *modules)
    yield from _mappings("environment", step, one.versions, two.versions)
    locks = [{LOCK_NAME: record.modules.get(LOCK_NAME, "")} for record in (one, two)]
    yield from _mappings("environment", step, *locks)


def _mappings(kind: str, step: str, one: Mapping[str, str], two: Mapping[str, str]) -> Iterator[Difference]:
    for name, a, b in _unlike(one, two):
        yield Difference(kind, name, _said(a), _said(b), step)


def _unlike(one: Mapping[str, Any], two: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted(one.keys() | two.keys()):
        a, b = one.get(name, ...), two.get(name, ...)
        if a != b:
            yield name, a, b


def _said(value: Any) -> str:
    text = "absent" if value is ... else str(value)
    return f"{text[:12]}…" if len(text) == 64 and text.isalnum() else text
