"""Tables as Parquet files: written piece by piece and atomically, read whole or by acquisitions.

The rows of a file stand in groups of ``ROW_GROUP_ROWS``, whatever the pieces were that they came in, so that the same
rows are the same bytes. A group's statistics say which acquisitions it holds: whoever wants some of them reads little
more than them. Nothing here starts a thread, so that a job may fork its workers and uses the cores it was given.
"""

import io
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xps import provenance
from xps.errors import TableError
from xps.provenance import Record
from xps.tables.content import Content
from xps.tables.declared import SCHEMA_VERSION, TABLE_KEY, VERSION_KEY, Table, checked, schema

ROW_GROUP_ROWS = 1 << 16
_RECORD_KEY = b"xps_record"


def write(path: Path | str, name: str, table: Table, record: Record) -> None:
    """Validate ``table`` and write it atomically to ``path`` with ``record`` inside; same input, same bytes."""
    write_parts(path, name, [table], record)


def write_parts(path: Path | str, name: str, parts: Iterable[Table], record: Record) -> None:
    """Write the rows of all ``parts`` in their order as one table, as ``write`` would; one row group is in memory.

    An error raised by ``parts`` while they are made leaves an earlier file as it was.
    """
    path, wanted, content = Path(path), schema(name), Content(schema(name))
    with (
        provenance.replacing(path) as stream,
        pq.ParquetWriter(stream, wanted, compression="zstd", version="2.6") as writer,
    ):
        for group in _groups(name, parts):
            content.add(group)
            writer.write_table(group, row_group_size=ROW_GROUP_ROWS)
        own = record.of(path.name, content.sha256())
        writer.add_key_value_metadata({_RECORD_KEY: own.to_json().encode()})


def _groups(name: str, parts: Iterable[Table]) -> Iterator[Table]:
    """Yield the rows of all parts in groups of ``ROW_GROUP_ROWS``, each in one piece of memory."""
    waiting: list[Table] = []
    rows = 0
    for part in parts:
        waiting.append(checked(name, part))
        rows += part.num_rows
        while rows >= ROW_GROUP_ROWS:
            together = pa.concat_tables(waiting)
            yield together.slice(0, ROW_GROUP_ROWS).combine_chunks()
            waiting, rows = [together.slice(ROW_GROUP_ROWS)], rows - ROW_GROUP_ROWS
    if rows:
        yield pa.concat_tables(waiting).combine_chunks()


def read(path: Path | str, name: str) -> tuple[Table, Record]:
    """Return table ``name`` and its record from ``path``.

    Raises TableError when the file is missing, no Parquet, of another table or schema version, or without record.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, name, error) from error
    file = _opened(path, name, io.BytesIO(data))
    record = replace(_record(path, file), file_sha256=provenance.bytes_sha256(data))
    return _rows(path, name, file, range(file.num_row_groups)), record


def by_experiment(paths: Sequence[Path | str]) -> tuple[dict[str, dict[str, Table]], list[Record]]:
    """Return the tables at ``paths``, each <experiment>/<table>.parquet, by experiment and name, and their records."""
    found: dict[str, dict[str, Table]] = {}
    records = []
    for path in map(Path, paths):
        table, record = read(path, path.stem)
        found.setdefault(path.parent.name, {})[path.stem] = table
        records.append(record)
    return found, records


def read_part(path: Path | str, name: str, acquisitions: range) -> Table:
    """Return the rows of table ``name`` that belong to ``acquisitions`` (a range without gaps), in their order.

    Raises TableError as ``read`` does.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            file = _opened(path, name, stream)
            rows = _rows(path, name, file, _groups_holding(file, acquisitions))
    except OSError as error:
        raise _unreadable(path, name, error) from error
    return within(rows, acquisitions)


def within(table: Table, acquisitions: range) -> Table:
    """Return the rows of ``table`` that belong to ``acquisitions`` (a range without gaps), in their order."""
    number = table.column("acquisition")
    wanted = pc.and_(pc.greater_equal(number, acquisitions.start), pc.less(number, acquisitions.stop))
    return table.filter(wanted).combine_chunks()


def read_record(path: Path | str, name: str, hashed: bool = True) -> Record:
    """Return the record of the table ``name`` at ``path``, with the file's hash if ``hashed``; no row is in memory.

    Raises TableError as ``read`` does.
    """
    path = Path(path)
    try:
        with path.open("rb") as stream:
            record = _record(path, _opened(path, name, stream))
        return replace(record, file_sha256=provenance.file_sha256(path)) if hashed else record
    except OSError as error:
        raise _unreadable(path, name, error) from error


def acquisition_count(path: Path | str, name: str) -> int:
    """Return how many acquisitions the table ``name`` at ``path`` numbers (from 0), from the file's footer alone."""
    path = Path(path)
    try:
        with path.open("rb") as stream:
            return max((last + 1 for _, last in _spans(_opened(path, name, stream))), default=0)
    except OSError as error:
        raise _unreadable(path, name, error) from error


def _unreadable(path: Path, name: str, error: OSError) -> TableError:
    return TableError(f"{path}: table {name} cannot be read ({os.strerror(error.errno or 0)})")


def _opened(path: Path, name: str, stream: Any) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(stream)
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(f"{path}: not a readable Parquet table ({error}); make it again") from error
    metadata = file.schema_arrow.metadata or {}
    found = (metadata.get(TABLE_KEY, b"").decode(), metadata.get(VERSION_KEY, b"").decode())
    if found != (name, str(SCHEMA_VERSION)):
        wanted = f"table {name!r} of schema version {SCHEMA_VERSION}"
        raise TableError(f"{path}: holds table {found[0]!r} of schema version {found[1]!r}, expected {wanted}")
    return file


def _record(path: Path, file: pq.ParquetFile) -> Record:
    return Record.from_json((file.metadata.metadata or {}).get(_RECORD_KEY, b""), str(path))


def _rows(path: Path, name: str, file: pq.ParquetFile, groups: Iterable[int]) -> Table:
    try:
        held = file.read_row_groups(list(groups), use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(f"{path}: not a readable Parquet table ({error}); make it again") from error
    metadata = held.schema.metadata
    bare = held.replace_schema_metadata({key: metadata[key] for key in (TABLE_KEY, VERSION_KEY)})
    return checked(name, bare.combine_chunks())


def _spans(file: pq.ParquetFile) -> list[tuple[int, int]]:
    """Return the first and last acquisition of each row group."""
    place = file.schema_arrow.names.index("acquisition")
    groups = range(file.num_row_groups)
    found = [file.metadata.row_group(group).column(place).statistics for group in groups]
    return [(int(statistics.min), int(statistics.max)) for statistics in found]


def _groups_holding(file: pq.ParquetFile, acquisitions: range) -> list[int]:
    spans = enumerate(_spans(file))
    return [group for group, (first, last) in spans if first < acquisitions.stop and last >= acquisitions.start]
