"""What the operator's log says, as frozen records: one row per file or cycle, merged per cycle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

# Times that grow over the series; a cycle's row inherits them from its file's row.
CUMULATED = ("plating_time_s", "rest_time_s", "sputter_time_s")


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the log; None where the cell is empty. Units as the names say, clocks as the operator wrote them."""

    line: int
    """Line of the CSV file, from 1."""
    file: str
    """Name of the raw file."""
    cycle: int | None = None
    """Cycle of the file from 0, None for the whole file."""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    plating_time_s: float | None = None
    rest_time_s: float | None = None
    sputter_time_s: float | None = None
    plating_current_ua: float | None = None
    pressure_pa: float | None = None
    exclude: bool | None = None
    reason: str | None = None
    resumes: str | None = None
    """Earlier file that this one continues."""


@dataclass(frozen=True, slots=True)
class Log:
    """A checked log: the rows of each file, files in the order of the measurements."""

    by_file: Mapping[str, tuple[Row, ...]]
    """The whole file's row first, then those of its cycles."""

    def whole(self, file: str) -> Row | None:
        """Return the row that holds for the whole ``file``."""
        first = self.by_file[file][0]
        return first if first.cycle is None else None

    def cycles(self, file: str) -> list[int]:
        """Return the cycles of ``file`` that have a row of their own."""
        return [row.cycle for row in self.by_file[file] if row.cycle is not None]

    def entries(self, file: str, cycles: int) -> list[Row | None]:
        """Return what the log says of each cycle of ``file``, None where it is silent.

        A cycle's own row counts; cells that it leaves empty are those of the whole file's row, clocks excepted: the
        file's clock spans all its cycles.
        """
        whole, own = self.whole(file), {row.cycle: row for row in self.by_file[file]}
        return [_merged(whole, own.get(cycle)) for cycle in range(cycles)]

    def clocks(self, file: str, cycles: int) -> list[Row | None]:
        """Return the row whose clock each cycle of ``file`` goes by: its own, the whole file's, or None."""
        rows = self.by_file[file]
        clocked = {row.cycle: row for row in rows if row.started_at is not None}
        return [clocked.get(cycle, clocked.get(None)) for cycle in range(cycles)]

    def is_excluded(self, file: str) -> bool:
        """Return whether every row of ``file`` is excluded: then it need not even be readable."""
        whole, rows = self.whole(file), self.by_file[file]
        return all((_merged(whole, row) or row).exclude for row in rows)

    def is_left_out(self, file: str) -> bool:
        """Return whether ``file`` is excluded as a whole, be it with exceptions: by its own row or by all its rows."""
        whole = self.whole(file)
        return self.is_excluded(file) or (whole is not None and bool(whole.exclude))


def _merged(whole: Row | None, own: Row | None) -> Row | None:
    if whole is None or own is None or own is whole:
        return own or whole
    inherited = {
        name: getattr(whole, name)
        for name in (*CUMULATED, "plating_current_ua", "pressure_pa", "exclude")
        if getattr(own, name) is None
    }
    if own.exclude is None:
        inherited["reason"] = whole.reason
    return replace(own, **inherited)


def by_file(rows: Sequence[Row]) -> dict[str, tuple[Row, ...]]:
    """Return the rows of each file, files and rows in the order given."""
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.file, []).append(row)
    return {name: tuple(own) for name, own in found.items()}
