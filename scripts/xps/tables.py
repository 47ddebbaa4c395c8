"""One declared schema per table, and the only reader and writer of Parquet.

Each table is declared once: column, type, unit, meaning. Writing validates strictly and never repairs; the file
carries units and meanings in its field metadata and the record of what made it in its schema metadata.
Rows keep the order in which they are given: stages write experiment, model, acquisition, region in that order.
"""

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from xps import provenance
from xps.errors import TableError
from xps.provenance import Record
from xps.table_schemas import SCHEMAS, Column

SCHEMA_VERSION = 1
ROW_GROUP_ROWS = 1 << 20
_RECORD_KEY = b"xps_record"
_TABLE_KEY = b"xps_table"
_VERSION_KEY = b"xps_schema_version"
_ARROW_TYPES = {
    "text": pa.string(),
    "texts": pa.list_(pa.field("element", pa.string())),
    "integer": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
}

Table: TypeAlias = pa.Table


def schema(name: str) -> pa.Schema:
    """Return the Arrow schema of table ``name``; TableError when there is no such table."""
    fields = [
        pa.field(
            column.name,
            _ARROW_TYPES[column.kind],
            nullable=column.nullable,
            metadata={"unit": column.unit, "meaning": column.meaning},
        )
        for column in _columns(name)
    ]
    return pa.schema(fields, metadata={_TABLE_KEY: name.encode(), _VERSION_KEY: str(SCHEMA_VERSION).encode()})


def _columns(name: str) -> Sequence[Column]:
    if name not in SCHEMAS:
        raise TableError(f"no table is called {name!r}; tables are {', '.join(SCHEMAS)}")
    return SCHEMAS[name]


def from_columns(name: str, columns: Mapping[str, Any]) -> Table:
    """Return table ``name`` from one sequence or array per column; TableError names every wrong column at once."""
    wanted = schema(name)
    faults = [f"column {extra!r} is not declared" for extra in columns if extra not in wanted.names]
    faults += [f"column {missing!r} is missing" for missing in wanted.names if missing not in columns]
    if faults:
        raise TableError(f"table {name}: " + "; ".join(faults))
    arrays = [_array(name, field, columns[field.name]) for field in wanted]
    lengths = {field.name: len(array) for field, array in zip(wanted, arrays, strict=True)}
    if len(set(lengths.values())) > 1:
        raise TableError(f"table {name}: columns differ in length: {lengths}")
    return _checked(name, pa.Table.from_arrays(arrays, schema=wanted))


def _array(name: str, field: pa.Field, values: Any) -> pa.Array:
    try:
        if pa.types.is_integer(field.type) and not _is_whole(values):
            raise TypeError("expected whole numbers")  # Arrow would silently cut 1.5 to 1
        array = pa.array(values, type=field.type, from_pandas=False)
    except (pa.ArrowInvalid, pa.ArrowTypeError, TypeError, ValueError, OverflowError) as error:
        raise TableError(f"table {name}, column {field.name!r}: {error}") from error
    return array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array


def _is_whole(values: Any) -> bool:
    kind = pa.array(values, from_pandas=False).type if not isinstance(values, pa.ChunkedArray) else values.type
    return bool(pa.types.is_integer(kind) or pa.types.is_null(kind))


def from_rows(name: str, rows: Iterable[Mapping[str, Any]]) -> Table:
    """Return table ``name`` from one mapping per row; a missing nullable column is null, an unknown one refused."""
    columns: dict[str, list[Any]] = {column.name: [] for column in _columns(name)}
    for row in rows:
        unknown = [key for key in row if key not in columns]
        if unknown:
            raise TableError(f"table {name}: a row holds undeclared columns {unknown}")
        for key, values in columns.items():
            values.append(row.get(key))
    return from_columns(name, columns)


def concatenate(name: str, parts: Sequence[Table]) -> Table:
    """Return the rows of all ``parts`` in their order, as one table ``name`` (empty for no parts)."""
    if not parts:
        return schema(name).empty_table()
    return _checked(name, pa.concat_tables(parts).combine_chunks())


def _checked(name: str, table: Table) -> Table:
    wanted = schema(name)
    if not table.schema.equals(wanted):
        raise TableError(f"table {name}: columns {table.schema.names} are not as declared: {wanted.names}")
    for field in wanted:
        if not field.nullable and table.column(field.name).null_count:
            rows = pc.indices_nonzero(pc.is_null(table.column(field.name))).to_pylist()[:5]
            raise TableError(f"table {name}: column {field.name!r} must not be empty; empty in rows {rows}")
    return table


def content_sha256(table: Table) -> str:
    """Return a hash of the columns alone: names, types, which cells are empty, and values; not of the record.

    Unlike the file's bytes it does not depend on the Parquet writer's version, so it tells a changed number from a
    changed library. Empty cells are filled first because the memory under them is arbitrary.
    """
    sink = io.BytesIO()
    arrays: dict[str, pa.Array] = {}
    for name in table.column_names:
        values = table.column(name).combine_chunks()
        if isinstance(values, pa.ChunkedArray):
            values = pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], type=values.type)
        arrays[f"{name}|valid"] = values.is_valid()
        arrays[name] = values if pa.types.is_list(values.type) else values.fill_null(_ZERO[str(values.type)])
    bare = pa.table(arrays)
    with pa.ipc.new_stream(sink, bare.schema) as writer:
        writer.write_table(bare, max_chunksize=ROW_GROUP_ROWS)
    return provenance.bytes_sha256(sink.getbuffer())


_ZERO: dict[str, Any] = {"string": "", "int64": 0, "double": 0.0, "bool": False}


def write(path: Path | str, name: str, table: Table, record: Record) -> None:
    """Validate ``table`` and write it atomically to ``path`` with ``record`` inside; same input, same bytes."""
    path = Path(path)
    checked = _checked(name, table.combine_chunks())
    own = record.of(path.name, content_sha256(checked))
    held = {**(checked.schema.metadata or {}), _RECORD_KEY: own.to_json().encode()}
    sink = io.BytesIO()
    pq.write_table(
        checked.replace_schema_metadata(held), sink, compression="zstd", row_group_size=ROW_GROUP_ROWS, version="2.6"
    )
    provenance.write_atomically(path, sink.getbuffer())


def read(path: Path | str, name: str) -> tuple[Table, Record]:
    """Return table ``name`` and its record from ``path``.

    Raises TableError when the file is missing, no Parquet, of another table or schema version, or without record.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TableError(f"{path}: table {name} cannot be read ({os.strerror(error.errno or 0)})") from error
    try:
        held = pq.read_table(io.BytesIO(data))
    except (pa.ArrowInvalid, OSError) as error:
        raise TableError(f"{path}: not a readable Parquet table ({error}); make it again") from error
    metadata = held.schema.metadata or {}
    found = (metadata.get(_TABLE_KEY, b"").decode(), metadata.get(_VERSION_KEY, b"").decode())
    if found != (name, str(SCHEMA_VERSION)):
        wanted = f"table {name!r} of schema version {SCHEMA_VERSION}"
        raise TableError(f"{path}: holds table {found[0]!r} of schema version {found[1]!r}, expected {wanted}")
    record = Record.from_json(metadata.get(_RECORD_KEY, b""), str(path))
    bare = held.replace_schema_metadata({key: metadata[key] for key in (_TABLE_KEY, _VERSION_KEY)})
    return _checked(name, bare.combine_chunks()), replace(record, file_sha256=provenance.bytes_sha256(data))
