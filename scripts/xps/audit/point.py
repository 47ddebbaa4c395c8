"""Where does this one plotted number come from? From the figure's own numbers to table rows, spectrum and raw bytes.

A point is named by words of the plotted numbers' columns, ``component=Li0 acquisition=5``, or by its row, ``row=12``,
counted from 1 below the line of names. A number is met by what is typed of it: 284.8 meets 284.80012.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.text import Text
from rich.tree import Tree

from xps import provenance, tables, versaprobe
from xps.audit import lineage
from xps.audit.lineage import Artefact
from xps.audit.project import Project
from xps.errors import AnalysisError, TableError

_KEYS = ("experiment", "model", "acquisition", "region", "component", "core_level", "quantity", "law", "channel")
# What a reader wants to see of a row; all of it is in the table.
_SHOWN_ROWS = 3
# The first two say which region and which channel the others are asked for.
_READING_ORDER = ("components", "curves", "fits", "parameters", "kinetics", "calibration", "background", "spectra")


@dataclass(frozen=True)
class TableRows:
    """The rows of one table that a point comes from."""

    table: str
    sha256: str
    rows: tuple[int, ...]
    """Row numbers, counted from 0."""
    values: tuple[Mapping[str, Any], ...]
    """The first few of them."""


@dataclass(frozen=True)
class RawBytes:
    """Where in a raw file the spectrum, or the channel, behind a point lies."""

    path: str
    sha256: str
    region: str
    cycle: int
    start: int
    stop: int
    number_type: str
    channel: int | None


@dataclass(frozen=True)
class Followed:
    """One plotted number with all that it was made from."""

    figure: str
    row: int
    """Row of the plotted numbers, counted from 1."""
    numbers: Mapping[str, str]
    tables: tuple[TableRows, ...]
    raw: tuple[RawBytes, ...]
    notes: tuple[str, ...]


def follow(project: Project, artefact: Artefact, words: Sequence[str]) -> Followed:
    """Return what the plotted number named by ``words`` was made from.

    TableError when the artefact holds no plotted numbers, or the words name no row or several.
    """
    row, numbers = _pick(artefact, words)
    follower = _Follower(project, artefact, numbers)
    found = tuple(follower.tables())
    raw = tuple(follower.raw_bytes())
    return Followed(artefact.record.artefact, row, numbers, found, raw, tuple(follower.notes))


def _pick(artefact: Artefact, words: Sequence[str]) -> tuple[int, dict[str, str]]:
    place = str(artefact.path)
    if not artefact.csv_name:
        raise TableError(f"{place}: holds no plotted numbers; name a figure's PDF or CSV file")
    rows = list(csv.DictReader(io.StringIO(artefact.csv.decode("utf-8", "replace"))))
    columns = list(rows[0]) if rows else []
    wanted = _wanted(words, [*columns, "row"], place)
    matching = [
        number
        for number, row in enumerate(rows, start=1)
        if all(_meets(typed, str(number) if word == "row" else row[word] or "") for word, typed in wanted.items())
    ]
    if len(matching) != 1:
        raise TableError(
            f"{place}: {' '.join(words)} names {len(matching)} of {len(rows)} plotted numbers; "
            + _more(rows, matching, wanted, columns)
        )
    return matching[0], {name: value or "" for name, value in rows[matching[0] - 1].items()}


def _wanted(words: Sequence[str], columns: Sequence[str], place: str) -> dict[str, str]:
    wanted = dict[str, str]()
    for word in words:
        name, equals, typed = word.partition("=")
        if not equals or name not in columns:
            raise TableError(f"{place}: {word!r} is no word of its numbers; words are {', '.join(columns)}, as in x=1")
        wanted[name] = typed
    return wanted


def _meets(typed: str, held: str) -> bool:
    if typed == held:
        return True
    try:
        number, wanted = float(held), float(typed)
    except ValueError:
        return False
    digits = len(typed.partition(".")[2].partition("e")[0])
    return abs(number - wanted) <= (0.5 * 10.0**-digits if "." in typed and "e" not in typed.lower() else 0.0)


def _more(
    rows: Sequence[Mapping[str, str]], matching: Sequence[int], wanted: Mapping[str, str], columns: Sequence[str]
) -> str:
    """Say what would single one out: the columns in which the rows that match differ."""
    if not matching:
        known = {name: sorted({row[name] for row in rows})[:8] for name in wanted if name != "row"}
        return "known are " + "; ".join(f"{name}: {', '.join(values)}" for name, values in known.items())
    differing = {name: sorted({rows[number - 1][name] for number in matching}) for name in columns}
    several = {name: values[:5] for name, values in differing.items() if len(values) > 1}
    return "say more of " + "; ".join(f"{name} ({', '.join(values)}…)" for name, values in several.items())


class _Follower:
    """One walk from a plotted number downwards; what is missing on the way becomes a note, not an end."""

    def __init__(self, project: Project, artefact: Artefact, numbers: Mapping[str, str]) -> None:
        self.project = project
        self.artefact = artefact
        self.keys = {name: _typed(numbers[name]) for name in _KEYS if numbers.get(name)}
        self.energy = numbers.get("binding_energy_ev", "")
        self.notes: list[str] = []
        self._held: dict[str, list[dict[str, Any]]] = {}

    def tables(self) -> Iterator[TableRows]:
        """Yield the rows of each ancestor table that fit the point's keys, nearest to the figure first."""
        of_the_point = {"", self.keys.get("experiment", "")}
        names = [
            name
            for name, record in self.artefact.steps.items()
            if name.endswith(".parquet") and ("experiment" not in self.keys or record.subject in of_the_point)
        ]
        for name in sorted(names, key=lambda name: [*_READING_ORDER, Path(name).stem].index(Path(name).stem)):
            rows = self._rows(name, Path(name).stem)
            if rows:
                shown = tuple({**row} for _, row in rows[: _SHOWN_ROWS if len(rows) <= _SHOWN_ROWS else 1])
                yield TableRows(name, self._recorded(name), tuple(number for number, _ in rows), shown)

    def raw_bytes(self) -> Iterator[RawBytes]:
        """Yield the bytes of the spectrum, or of the channel where the point has one."""
        acquired = self._held.get("acquisitions", [])
        if "acquisition" not in self.keys:
            self.notes.append("the number comes from the whole series: no single spectrum is behind it")
            return
        for row in acquired:
            if row["region"] == self.keys.get("region", row["region"]):
                yield from self._bytes_of(row)

    def _rows(self, artefact: str, name: str) -> list[tuple[int, dict[str, Any]]]:
        try:
            path = self.project.file(artefact)
            table, record = tables.read(path, name)
        except AnalysisError as error:
            self.notes.append(f"{artefact}: its rows cannot be shown ({error})")
            return []
        if record.file_sha256 != self._recorded(artefact):
            self.notes.append(f"{artefact}: is not the table that the figure was made from; verify says more")
        keys = {key: value for key, value in self.keys.items() if key in table.column_names}
        if not keys.keys() & {"acquisition", "component", "quantity", "model"} or len(keys) < 2:
            return []
        rows = list(enumerate(table.to_pylist()))
        rows = [(number, row) for number, row in rows if all(row[key] in (value, None) for key, value in keys.items())]
        if "binding_energy_ev" in table.column_names and self.energy:
            rows = _nearest(rows, float(self.energy))
        self._held[name] = [row for _, row in rows]
        self._learn(rows)
        return rows

    def _learn(self, rows: list[tuple[int, dict[str, Any]]]) -> None:
        """Ask the tables that follow for the one region, and the one channel, that these rows speak of."""
        for key in ("region", "channel") if "acquisition" in self.keys else ():
            values = {row.get(key) for _, row in rows}
            if key not in self.keys and len(values) == 1 and None not in values:
                self.keys[key] = values.pop()

    def _recorded(self, artefact: str) -> str:
        for record in self.artefact.steps.values():
            used = lineage.inputs(record, "results:")
            if artefact in used:
                return used[artefact]
        return ""

    def _bytes_of(self, row: Mapping[str, Any]) -> Iterator[RawBytes]:
        source, region, cycle = row["source_file"], row["region"], row["source_cycle"]
        try:
            path = self.project.file(source)
            data = path.read_bytes()
            found = versaprobe.extent(data, source, region, cycle)
        except (AnalysisError, OSError) as error:
            self.notes.append(f"{source}: its bytes cannot be shown ({error})")
            return
        if provenance.bytes_sha256(data) != row["source_sha256"]:
            self.notes.append(f"{source}: is not the file that was read; its bytes are not shown")
            return
        channel = self.keys.get("channel")
        place = found if channel is None else found.channel(channel)
        yield RawBytes(source, row["source_sha256"], region, cycle, *place, channel)


def _nearest(rows: list[tuple[int, dict[str, Any]]], energy_ev: float) -> list[tuple[int, dict[str, Any]]]:
    """Keep the one channel whose energy the point has; a smooth line's points may lie between two."""
    return sorted(rows, key=lambda row: abs(row[1]["binding_energy_ev"] - energy_ev))[:1]


def _typed(text: str) -> Any:
    """Return the value that a table holds for a text of the plotted numbers: whole numbers may be written 5.0."""
    try:
        number = float(text)
    except ValueError:
        return text
    return int(number) if number.is_integer() else number


def as_tree(artefact: Artefact, followed: Followed) -> Tree:
    """Return the walk as a tree for a terminal."""
    tree = Tree(Text(f"{artefact.path}, row {followed.row} of its plotted numbers", style="bold"))
    for name, value in followed.numbers.items():
        if value:
            tree.add(Text(f"{name} = {value}"))
    for found in followed.tables:
        numbers = ", ".join(map(str, found.rows[:6])) + (f" … ({len(found.rows)} rows)" if len(found.rows) > 6 else "")
        branch = tree.add(Text.assemble((found.table, "green"), f"  {found.sha256[:12]}…  row {numbers}"))
        for values in found.values:
            branch.add(
                Text(", ".join(f"{key}={_short(value)}" for key, value in values.items() if value not in (None, [])))
            )
    for raw in followed.raw:
        what = f"region {raw.region}, cycle {raw.cycle}" + (
            f", channel {raw.channel}" if raw.channel is not None else ""
        )
        place = f"bytes {raw.start} to {raw.stop - 1} ({raw.number_type}, counts/s)"
        tree.add(Text.assemble((raw.path, "magenta"), f"  {raw.sha256}  {what}: {place}"))
    for note in followed.notes:
        tree.add(Text(f"note: {note}", style="yellow"))
    return tree


def _short(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def as_json(followed: Followed) -> dict[str, Any]:
    """Return the walk as plain JSON."""
    return asdict(followed)
