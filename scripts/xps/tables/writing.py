"""Tables to Parquet files: piece by piece and atomically, one row group in memory.

The rows of a file stand in groups of ``row_group_rows``, whatever the pieces were that they came in, so that the same
rows are the same bytes.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from xps import provenance
from xps.provenance import Record
from xps.tables.content import Content
from xps.tables.declared import Table, checked, schema

# As much as a reader of a few acquisitions unpacks at the least, and a writer holds: about a megabyte of numbers.
ROW_GROUP_CELLS = 1 << 17
RECORD_KEY = b"xps_record"


def row_group_rows(name: str) -> int:
    """Return how many rows of table ``name`` make a row group: the more columns, the fewer."""
    return max(1, ROW_GROUP_CELLS // len(schema(name)))


def write(path: Path | str, name: str, table: Table, record: Record) -> None:
    """Validate ``table`` and write it atomically to ``path`` with ``record`` inside; same input, same bytes."""
    write_parts(path, name, [table], record)


def write_parts(path: Path | str, name: str, parts: Iterable[Table], record: Record) -> None:
    """Write the rows of all ``parts`` in their order as one table, as ``write`` would; one row group is in memory.

    An error raised by ``parts`` while they are made leaves an earlier file as it was.
    """
    with _writing(Path(path), name, record) as take:
        for part in parts:
            take(part)


def write_together(paths: Mapping[str, Path | str], parts: Iterable[Mapping[str, Table]], record: Record) -> None:
    """Write several tables, by their names, whose rows are made together; each as ``write_parts`` would.

    A part holds the next rows of some of the tables. An error raised by ``parts`` leaves all earlier files as they
    were.
    """
    with ExitStack() as stack:
        take = {name: stack.enter_context(_writing(Path(path), name, record)) for name, path in paths.items()}
        for part in parts:
            for name, rows in part.items():
                take[name](rows)


@contextmanager
def _writing(path: Path, name: str, record: Record) -> Iterator[Callable[[Table], None]]:
    """Give what takes the next rows of a table; at the end it is in place."""
    wanted = schema(name)
    content, groups = Content(wanted), _Groups(name)
    with (
        provenance.replacing(path) as stream,
        pq.ParquetWriter(stream, wanted, compression="zstd", version="2.6") as writer,
    ):

        def put(group: Table) -> None:
            content.add(group)
            writer.write_table(group)

        def take(part: Table) -> None:
            for group in groups.filled_by(part):
                put(group)

        yield take
        for group in groups.rest():
            put(group)
        own = record.of(path.name, content.sha256())
        writer.add_key_value_metadata({RECORD_KEY: own.to_json().encode()})


class _Groups:
    """Rows on their way into groups of equal size, each in one piece of memory."""

    def __init__(self, name: str) -> None:
        self._name, self._size = name, row_group_rows(name)
        self._waiting, self._rows = [schema(name).empty_table()], 0

    def filled_by(self, part: Table) -> Iterator[Table]:
        """Take the next rows and yield the groups that they fill."""
        self._waiting.append(checked(self._name, part))
        self._rows += part.num_rows
        while self._rows >= self._size:
            together = pa.concat_tables(self._waiting)
            yield together.slice(0, self._size).combine_chunks()
            self._waiting, self._rows = [together.slice(self._size)], self._rows - self._size

    def rest(self) -> Iterator[Table]:
        """Yield the rows that fill no group."""
        if self._rows:
            yield pa.concat_tables(self._waiting).combine_chunks()
