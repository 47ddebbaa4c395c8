"""Why do these two differ? Two artefacts, or two results folders: what went in, then what came out."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from xps import tables
from xps.audit import lineage, numbers
from xps.audit.differences import Difference, chains
from xps.audit.lineage import Artefact
from xps.audit.numbers import Apart
from xps.audit.project import ASIDE, MADE
from xps.errors import AnalysisError, TableError

_SHOWN = 10


@dataclass(frozen=True)
class Comparison:
    """In what two artefacts or results folders differ."""

    first: str
    second: str
    differences: tuple[Difference, ...]
    """What went in, ordered by what matters; then artefacts whose bytes differ."""
    apart: tuple[Apart, ...]
    """Numbers that differ, by column."""
    notes: tuple[str, ...]


def diff(first: Path, second: Path) -> Comparison:
    """Compare two artefacts, or all artefacts of one name in two folders; TableError when they are no two of a kind."""
    if first.is_dir() != second.is_dir():
        raise TableError(f"{first} and {second}: one is a folder, the other is not; give two artefacts or two folders")
    pairs, lonely = _pairs(first, second) if first.is_dir() else ({first.name: (first, second)}, [])
    differences, found, notes = list[Difference](), list[Apart](), list[str]()
    read: list[tuple[Artefact, Artefact]] = []
    for name, (one, two) in pairs.items():
        try:
            read.append((lineage.read(one), lineage.read(two)))
        except TableError as error:
            if not first.is_dir():
                raise
            notes.append(f"{name}: {error}")
    merged = [{name: record for pair in read for name, record in pair[side].steps.items()} for side in (0, 1)]
    differences += chains(*merged)
    for one_read, two_read in read:
        if one_read.sha256 != two_read.sha256:
            own = apart(one_read, two_read, notes)
            differences.append(_bytes(one_read, two_read, own))
            found += own
    differences += [Difference("bytes", name, *sides) for name, sides in lonely]
    return Comparison(str(first), str(second), tuple(differences), tuple(found), tuple(notes))


def _pairs(first: Path, second: Path) -> tuple[dict[str, tuple[Path, Path]], list[tuple[str, tuple[str, str]]]]:
    one, two = _made(first), _made(second)
    if not one and not two:
        raise TableError(f"{first} and {second}: neither holds an artefact; give two results folders")
    here, there = ("present", "absent"), ("absent", "present")
    lonely = [(name, here if name in one else there) for name in one.keys() ^ two.keys()]
    return {name: (one[name], two[name]) for name in sorted(one.keys() & two.keys())}, sorted(lonely)


def _made(folder: Path) -> dict[str, Path]:
    found = (path for path in sorted(folder.rglob("*")) if path.suffix in MADE and path.is_file())
    named = {path.relative_to(folder).as_posix(): path for path in found}
    return {name: path for name, path in named.items() if name.split("/")[0] not in ASIDE}


def _bytes(one: Artefact, two: Artefact, own: list[Apart]) -> Difference:
    """Say what kind of difference it is; the numbers themselves count, not what a record claims of them."""
    same = one.record.content_sha256 == two.record.content_sha256
    what = "same content, other bytes" if same and not own else "other content"
    what += ", although both records name the same" if same and own else ""
    return Difference("bytes", f"{one.record.artefact}: {what}", f"{one.sha256[:12]}…", f"{two.sha256[:12]}…")


def apart(one: Artefact, two: Artefact, notes: list[str]) -> list[Apart]:
    """Return in which columns the numbers of two artefacts differ."""
    name = one.record.artefact
    if one.csv_name and two.csv_name:
        return numbers.plotted(name, one.csv, two.csv)
    if one.path.suffix == two.path.suffix == ".parquet":
        try:
            held = [tables.read(side.path, side.path.stem)[0] for side in (one, two)]
        except AnalysisError as error:
            notes.append(str(error))
            return []
        return numbers.apart(name, *held)
    return []


def lines(found: Comparison) -> Iterator[Text]:
    """Yield the comparison as lines for a terminal."""
    if not found.differences:
        yield Text("no difference: same raw files, settings, code, environment and bytes", style="bold green")
    kinds = dict.fromkeys(item.kind for item in found.differences)
    for kind in kinds:
        own = [item for item in found.differences if item.kind == kind]
        yield Text(f"{kind}: {len(own)} differ" if kind != "bytes" else f"artefacts: {len(own)} differ", style="bold")
        for item in own[:_SHOWN]:
            step = f"  (enters {item.where})" if item.where and kind in ("raw file", "module") else ""
            yield Text(f"  {item.name}: {item.first} -> {item.second}{step}")
        if len(own) > _SHOWN:
            yield Text(f"  and {len(own) - _SHOWN} more (--json lists them)")
    yield from apart_lines(found.apart)
    for note in found.notes:
        yield Text(f"note: {note}", style="yellow")


def apart_lines(found: tuple[Apart, ...]) -> Iterator[Text]:
    """Yield numbers that differ, by column, as lines for a terminal."""
    if not found:
        return
    small = all(item.rounding for item in found)
    verdict = f"all within {numbers.ROUNDING:g}: rounding" if small else "not rounding"
    yield Text(f"numbers: {len(found)} columns differ, {verdict}", style="bold")
    for item in found[:_SHOWN]:
        size = "" if item.relative is None else f", largest relative difference {item.relative:.3g}"
        values = f"row {item.row}: {item.first} -> {item.second}"
        yield Text(f"  {item.table} {item.column}: {item.rows} rows{size}; {values}")
    if len(found) > _SHOWN:
        yield Text(f"  and {len(found) - _SHOWN} more columns (--json lists them)")
