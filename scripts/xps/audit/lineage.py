"""What an artefact says about itself, and the chain of records behind it.

``read`` takes the record out of a PDF, a Parquet table, or from beside a CSV or Markdown file. A record's inputs lead
to its ancestors' records, which it holds, down to raw files: ``steps`` gives them in the order in which they were made.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from xps import figure_records, provenance, tables
from xps.errors import TableError
from xps.provenance import RECORD_SUFFIX, Record


@dataclass(frozen=True)
class Artefact:
    """A file with its record."""

    path: Path
    record: Record
    sha256: str
    csv_name: str = ""
    csv: bytes = b""
    """The plotted numbers, of a figure's PDF or CSV."""
    faults: tuple[str, ...] = ()
    """Which of its parts do not fit its record."""
    steps: Mapping[str, Record] = field(default_factory=dict)
    """The records of its ancestors and its own, by artefact, in the order of making."""


def read(path: Path) -> Artefact:
    """Return the artefact in ``path``; TableError when there is none, or its record cannot be had or believed."""
    if not path.is_file():
        raise TableError(f"{path}: there is no such file; name a PDF, CSV or Markdown file of a figure, or a table")
    if path.name.endswith(RECORD_SUFFIX):
        return read(path.with_name(path.name.removesuffix(RECORD_SUFFIX)))
    if path.suffix == ".pdf":
        found = _figure(path)
    elif path.suffix == ".parquet":
        record = tables.read_record(path, path.stem)
        found = Artefact(path, record, record.file_sha256)
    else:
        found = _beside(path)
    if found.record.artefact.rpartition("/")[2].rpartition(":")[2] != path.name:
        fault = f"its record is that of {found.record.artefact}, not of a file called {path.name}"
        found = _with_faults(found, (*found.faults, fault))
    return _complete(found)


def _figure(path: Path) -> Artefact:
    size = path.stat().st_size
    if size > figure_records.LARGEST_PDF:
        raise TableError(f"{path}: has {size} bytes, expected at most {figure_records.LARGEST_PDF}; it is not read")
    data = path.read_bytes()
    carried = figure_records.read(data, str(path))
    return Artefact(
        path, carried.record, provenance.bytes_sha256(data), carried.csv_name, carried.csv, faults=carried.faults
    )


def _beside(path: Path) -> Artefact:
    beside = path.with_name(path.name + RECORD_SUFFIX)
    if not beside.is_file():
        raise TableError(f"{path}: carries no record and has none beside it ({beside.name})")
    record = Record.from_json(beside.read_bytes(), str(beside))
    data = path.read_bytes()
    sha256 = provenance.bytes_sha256(data)
    faults = () if sha256 == record.content_sha256 else ("its content is not the one that was recorded",)
    csv = (path.name, data) if path.suffix == ".csv" else ("", b"")
    return Artefact(path, record, sha256, *csv, faults=faults)


def _with_faults(found: Artefact, faults: tuple[str, ...]) -> Artefact:
    return Artefact(found.path, found.record, found.sha256, found.csv_name, found.csv, faults, found.steps)


def _complete(found: Artefact) -> Artefact:
    steps = in_order(found.record, str(found.path))
    faults = [
        f"{name}: its fingerprint is not that of the modules it names"
        for name, record in steps.items()
        if record.modules and provenance.fingerprint_of(record.modules) != record.fingerprint
    ]
    return Artefact(found.path, found.record, found.sha256, found.csv_name, found.csv, (*found.faults, *faults), steps)


def in_order(record: Record, place: str) -> dict[str, Record]:
    """Return the records of all ancestors and ``record`` itself, each after what it was made from.

    TableError when one names an ancestor that is not there, or itself through others.
    """
    known = {name: _own(held) for name, held in record.ancestors.items()} | {record.artefact: record}
    done: dict[str, Record] = {}
    try:
        _visit(record.artefact, known, done, [], place)
    except RecursionError:
        raise TableError(f"{place}: its record leads through {len(known)} steps; it was forged") from None
    return done


def _visit(name: str, known: Mapping[str, Record], done: dict[str, Record], trail: list[str], place: str) -> None:
    if name in done:
        return
    if name in trail:
        raise TableError(f"{place}: its record says that {name} was made from itself; it was forged")
    if name not in known:
        raise TableError(f"{place}: its record does not say what made {name}; it is not whole")
    trail.append(name)
    for path in inputs(known[name], "results:"):
        _visit(path, known, done, trail, place)
    trail.pop()
    done[name] = known[name]


def _own(held: Mapping[str, object]) -> Record:
    fields = {key: value for key, value in held.items() if key != "record_version"}
    return Record(**fields)  # type: ignore[arg-type]  # the shape was checked when the record was read


def inputs(record: Record, kind: str) -> dict[str, str]:
    """Return path and SHA-256 of the record's inputs of one ``kind``, ``raw:`` or ``results:``."""
    return {item["path"]: item["sha256"] for item in record.inputs if item["path"].startswith(kind)}


def depths(steps: Mapping[str, Record]) -> dict[str, int]:
    """Return how many steps lie between each artefact and the raw files: 1 for what is made from them alone."""
    found: dict[str, int] = {}
    for name, record in steps.items():
        found[name] = 1 + max((found[path] for path in inputs(record, "results:")), default=0)
    return found


def downstream(steps: Mapping[str, Record], start: Iterable[str]) -> list[str]:
    """Return ``start`` and every artefact of ``steps`` that hangs on it, nearest to the raw files first."""
    reached = set(start)
    depth = depths(steps)
    for name in sorted(steps, key=lambda name: depth[name]):
        if reached & inputs(steps[name], "results:").keys():
            reached.add(name)
    return sorted(reached, key=lambda name: (depth.get(name, 0), name))
