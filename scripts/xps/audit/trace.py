"""What made this? The chain from an artefact to its raw files as a tree, from its own record alone.

No project is needed: a PDF that came by mail, in an empty folder, is enough.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from rich.text import Text
from rich.tree import Tree

from xps.audit import lineage
from xps.audit.lineage import Artefact
from xps.provenance import Record


def as_json(artefact: Artefact) -> dict[str, Any]:
    """Return the chain as plain JSON: the artefact, its steps in the order of making, its raw files."""
    raw = {
        path: sha256 for record in artefact.steps.values() for path, sha256 in lineage.inputs(record, "raw:").items()
    }
    return {
        "file": str(artefact.path),
        "sha256": artefact.sha256,
        "artefact": artefact.record.artefact,
        "data_origin": artefact.record.data_origin,
        "faults": list(artefact.faults),
        "raw_files": dict(sorted(raw.items())),
        "steps": [
            {key: value for key, value in record.own().items() if key != "record_version"}
            for record in artefact.steps.values()
        ],
    }


def as_tree(artefact: Artefact, settings: bool = False) -> Tree:
    """Return the chain as a tree for a terminal, each step told once; with ``settings`` every leaf of each step."""
    record = artefact.record
    tree = Tree(Text.assemble((str(artefact.path), "bold"), f"  {artefact.sha256[:12]}…", (_origin(record), "yellow")))
    for fault in artefact.faults:
        tree.add(Text(f"NOT AS MADE: {fault}", style="bold red"))
    _grow(tree, record, artefact.steps, {}, settings)
    tree.add(Text(f"made with {_versions(record)}", style="dim"))
    return tree


def _grow(
    tree: Tree, record: Record, steps: Mapping[str, Record], told: dict[tuple[str, ...], str], settings: bool
) -> None:
    """Tell the step that made ``record``; one that made several artefacts is told with the first of them."""
    own = (record.rule, record.subject, record.fingerprint)
    head = Text.assemble((record.rule, "cyan"), f" {record.subject}", (f"  code {record.fingerprint[:12]}…", "dim"))
    if own in told:
        tree.add(head.append(f"  as for {told[own]}", style="dim"))
        return
    told[own] = record.artefact
    step = tree.add(head)
    below = step.add(
        Text(f"{len(record.parameters)} settings" + " (--settings lists them)" * (not settings), style="dim")
    )
    for setting in _settings(record) if settings else ():
        below.add(Text(setting, style="dim"))
    for line in _raw(record):
        step.add(line)
    for path, sha256 in lineage.inputs(record, "results:").items():
        branch = step.add(Text.assemble((path, "green"), f"  {sha256[:12]}…"))
        _grow(branch, steps[path], steps, told, settings)


def _raw(record: Record) -> Iterator[Text]:
    for path, sha256 in lineage.inputs(record, "raw:").items():
        yield Text.assemble((path, "magenta"), f"  {sha256}")


def _settings(record: Record) -> Iterator[str]:
    for leaf, value in record.parameters.items():
        yield f"{leaf} = {value!r}"


def _origin(record: Record) -> str:
    return f"  {record.data_origin.upper()} DATA"


def _versions(record: Record) -> str:
    return ", ".join(f"{name} {version}" for name, version in record.versions.items())
