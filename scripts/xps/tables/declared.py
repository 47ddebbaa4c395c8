"""Tables in memory: made as ``table_schemas`` declares them, or refused."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from xps.errors import TableError
from xps.table_schemas import SCHEMAS, Column

SCHEMA_VERSION = 1
PART_ROWS = 4096
TABLE_KEY = b"xps_table"
VERSION_KEY = b"xps_schema_version"
_ARROW_TYPES = {
    "text": pa.string(),
    "texts": pa.list_(pa.field("element", pa.string())),
    "integer": pa.int64(),
    "number": pa.float64(),
    "flag": pa.bool_(),
}

Table: TypeAlias = pa.Table


def schema(name: str, columns: Sequence[str] | None = None) -> pa.Schema:
    """Return the Arrow schema of table ``name``, or of these ``columns`` of it, in the order of their declaration.

    TableError when there is no such table or column.
    """
    unknown = [column for column in columns or () if column not in {one.name for one in _columns(name)}]
    if unknown:
        raise TableError(f"table {name}: columns {unknown} are not declared")
    fields = [
        pa.field(
            column.name,
            _ARROW_TYPES[column.kind],
            nullable=column.nullable,
            metadata={"unit": column.unit, "meaning": column.meaning},
        )
        for column in _columns(name)
        if columns is None or column.name in columns
    ]
    return pa.schema(fields, metadata={TABLE_KEY: name.encode(), VERSION_KEY: str(SCHEMA_VERSION).encode()})


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
    return checked(name, pa.Table.from_arrays(arrays, schema=wanted))


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


def in_parts(name: str, rows: Iterable[Mapping[str, Any]]) -> Iterator[Table]:
    """Yield table ``name`` as ``from_rows`` would make it, some thousand rows at a time: the others need not be yet."""
    waiting = iter(rows)
    while part := list(islice(waiting, PART_ROWS)):
        yield from_rows(name, part)


def concatenate(name: str, parts: Sequence[Table]) -> Table:
    """Return the rows of all ``parts`` in their order, as one table ``name`` (empty for no parts)."""
    if not parts:
        return schema(name).empty_table()
    return checked(name, pa.concat_tables(parts).combine_chunks())


def checked(name: str, table: Table, columns: Sequence[str] | None = None) -> Table:
    """Return ``table``, which has all columns or these ones, if it is as declared; TableError names what is not."""
    wanted = schema(name, columns)
    if not table.schema.equals(wanted):
        raise TableError(f"table {name}: columns {table.schema.names} are not as declared: {wanted.names}")
    for field in wanted:
        if not field.nullable and table.column(field.name).null_count:
            rows = pc.indices_nonzero(pc.is_null(table.column(field.name))).to_pylist()[:5]
            raise TableError(f"table {name}: column {field.name!r} must not be empty; empty in rows {rows}")
    return table
