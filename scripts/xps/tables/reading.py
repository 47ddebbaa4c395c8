"""Tables from Parquet files: whole, by acquisitions, or row group by row group.

A row group's statistics say which acquisitions and models it holds: whoever wants some of them reads little more than
them. Nothing here starts a thread, so that a job may fork its workers and uses the cores it was given.
"""

import io
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xps import provenance
from xps.errors import TableError
from xps.provenance import Record
from xps.tables.declared import SCHEMA_VERSION, TABLE_KEY, VERSION_KEY, Table, checked, concatenate, schema
from xps.tables.writing import RECORD_KEY


def read(path: Path | str, name: str, columns: Sequence[str] | None = None) -> tuple[Table, Record]:
    """Return table ``name`` and its record from ``path``; of a long series only the ``columns`` that are asked for.

    Raises TableError when the file is missing, no Parquet, of another table or schema version, or without record, and
    when a wanted column is not as declared.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, name, error) from error
    file = _opened(path, name, io.BytesIO(data))
    record = replace(_record(path, file), file_sha256=provenance.bytes_sha256(data))
    groups = [_group(path, name, file, group, columns) for group in range(file.num_row_groups)]
    return _together(name, groups, columns), record


def by_experiment(paths: Sequence[Path | str]) -> tuple[dict[str, dict[str, Table]], list[Record]]:
    """Return the tables at ``paths``, each <experiment>/<table>.parquet, by experiment and name, and their records."""
    found: dict[str, dict[str, Table]] = {}
    records = []
    for path in map(Path, paths):
        table, record = read(path, path.stem)
        found.setdefault(path.parent.name, {})[path.stem] = table
        records.append(record)
    return found, records


def by_name(paths: Sequence[Path | str]) -> tuple[dict[str, Table], list[Record]]:
    """Return the tables at ``paths`` by name, those of one name below each other, and the records of all files."""
    found: dict[str, list[Table]] = {}
    records = []
    for path in map(Path, paths):
        table, record = read(path, path.stem)
        found.setdefault(path.stem, []).append(table)
        records.append(record)
    return {name: concatenate(name, parts) for name, parts in found.items()}, records


def read_part(
    path: Path | str, name: str, acquisitions: range, columns: Sequence[str] | None = None, **equal: str
) -> Table:
    """Return the rows of table ``name`` that belong to ``acquisitions`` (a range without gaps), in their order.

    Only those with ``equal`` texts, such as ``model="lagp_al2p"``, and only ``columns`` where given, which hold what
    the rows are told by. Raises TableError as ``read`` does.
    """
    return _together(name, list(_parts(Path(path), name, acquisitions, equal, columns)), columns)


def read_parts(path: Path | str, name: str, columns: Sequence[str] | None = None, **equal: str) -> Iterator[Table]:
    """Yield the rows of table ``name``, or those with ``equal`` texts, in order: those of one row group at a time.

    Only ``columns`` where given, as in ``read_part``. Raises TableError as ``read`` does.
    """
    return _parts(Path(path), name, None, equal, columns)


def _parts(
    path: Path, name: str, acquisitions: range | None, equal: Mapping[str, str], columns: Sequence[str] | None = None
) -> Iterator[Table]:
    try:
        with path.open("rb") as stream:
            file = _opened(path, name, stream, _footer(path, _identity(stream.fileno())))
            for group in range(file.num_row_groups):
                if _may_hold(file, group, acquisitions, equal):
                    yield within(_group(path, name, file, group, columns), acquisitions, **equal)
    except OSError as error:
        raise _unreadable(path, name, error) from error


def within(table: Table, acquisitions: range | None, **equal: str) -> Table:
    """Return the rows of ``table`` that belong to ``acquisitions`` (a range without gaps) and hold ``equal`` texts."""
    for column, text in equal.items():
        table = table.filter(pc.equal(table.column(column), text))
    if acquisitions is None:
        return table
    number = table.column("acquisition")
    return table.filter(pc.and_(pc.greater_equal(number, acquisitions.start), pc.less(number, acquisitions.stop)))


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
            file = _opened(path, name, stream)
            spans = [_span(file, group, "acquisition") for group in range(file.num_row_groups)]
            return max((int(last) + 1 for _, last in spans), default=0)
    except OSError as error:
        raise _unreadable(path, name, error) from error


def _unreadable(path: Path, name: str, error: OSError) -> TableError:
    return TableError(f"{path}: table {name} cannot be read ({os.strerror(error.errno or 0)})")


def _identity(descriptor: int) -> tuple[int, int, int]:
    """Return what tells a file from the one that replaces it."""
    status = os.fstat(descriptor)
    return status.st_ino, status.st_mtime_ns, status.st_size


@lru_cache(maxsize=8)
def _footer(path: Path, _identity: tuple[int, int, int]) -> pq.FileMetaData:
    """Return the footer of a file: of a long series a job asks for it once per piece, and it has a megabyte."""
    try:
        return pq.read_metadata(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise _no_table(path, error) from error


def _no_table(path: Path, error: Exception) -> TableError:
    return TableError(f"{path}: not a readable Parquet table ({error}); make it again")


def _opened(path: Path, name: str, stream: Any, footer: pq.FileMetaData | None = None) -> pq.ParquetFile:
    try:
        file = pq.ParquetFile(stream, metadata=footer)
    except (pa.ArrowInvalid, OSError) as error:
        raise _no_table(path, error) from error
    metadata = file.schema_arrow.metadata or {}
    found = (metadata.get(TABLE_KEY, b"").decode(), metadata.get(VERSION_KEY, b"").decode())
    if found != (name, str(SCHEMA_VERSION)):
        wanted = f"table {name!r} of schema version {SCHEMA_VERSION}"
        raise TableError(f"{path}: holds table {found[0]!r} of schema version {found[1]!r}, expected {wanted}")
    return file


def _record(path: Path, file: pq.ParquetFile) -> Record:
    return Record.from_json((file.metadata.metadata or {}).get(RECORD_KEY, b""), str(path))


def _group(path: Path, name: str, file: pq.ParquetFile, group: int, columns: Sequence[str] | None = None) -> Table:
    wanted = None if columns is None else schema(name, columns).names
    try:
        held = file.read_row_group(group, columns=wanted, use_threads=False)
    except (pa.ArrowInvalid, OSError) as error:
        raise _no_table(path, error) from error
    metadata = held.schema.metadata
    told = {key: metadata[key] for key in (TABLE_KEY, VERSION_KEY)}
    return checked(name, held.replace_schema_metadata(told), columns)


def _together(name: str, parts: Sequence[Table], columns: Sequence[str] | None = None) -> Table:
    """Return the rows of all parts in one piece of memory."""
    return pa.concat_tables([schema(name, columns).empty_table(), *parts]).combine_chunks()


def _may_hold(file: pq.ParquetFile, group: int, acquisitions: range | None, equal: Mapping[str, str]) -> bool:
    """Return whether a row group's statistics allow for rows of ``acquisitions`` with ``equal`` texts."""
    for column, text in equal.items():
        first, last = _span(file, group, column)
        if not first <= text <= last:
            return False
    if acquisitions is None:
        return True
    first, last = _span(file, group, "acquisition")
    return bool(first < acquisitions.stop and last >= acquisitions.start)


def _span(file: pq.ParquetFile, group: int, column: str) -> tuple[Any, Any]:
    """Return the smallest and the largest value of a column in a row group."""
    statistics = file.metadata.row_group(group).column(file.schema_arrow.names.index(column)).statistics
    return statistics.min, statistics.max
