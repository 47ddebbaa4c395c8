"""The hash of what a table says: names, types, which cells are empty, and values; not its record, not its file.

Unlike the file's bytes it does not depend on the Parquet writer's version, so it tells a changed number from a changed
library. It is taken column by column, so that a table may be given in pieces, and does not depend on how it was cut.
"""

import hashlib
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

_ZERO: dict[str, Any] = {"string": "", "int64": 0, "double": 0.0, "bool": False}


def content_sha256(table: pa.Table) -> str:
    """Return the hash of a whole table."""
    content = Content(table.schema)
    content.add(table)
    return content.sha256()


class Content:
    """The hash of a table that comes in pieces: ``add`` them in order, then ask for ``sha256``."""

    def __init__(self, schema: pa.Schema) -> None:
        self._columns = [_Column(field) for field in schema]

    def add(self, piece: pa.Table) -> None:
        """Take the next rows, with the columns of the schema."""
        for column in self._columns:
            for chunk in piece.column(column.name).chunks:
                column.add(chunk)

    def sha256(self) -> str:
        """Return the hash of all rows given so far."""
        return hashlib.sha256("\n".join(column.summary() for column in self._columns).encode()).hexdigest()


class _Column:
    """Running hashes of one column: which cells are filled, how long its lists and texts are, its values.

    Each is a hash of its own: what is mixed in one stream depends on where the pieces end.
    """

    def __init__(self, field: pa.Field) -> None:
        self.name, self._type = field.name, field.type
        self._filled, self._counts, self._lengths, self._values = (hashlib.sha256() for _ in range(4))

    def summary(self) -> str:
        parts = (self._filled, self._counts, self._lengths, self._values)
        return "\0".join([self.name, str(self._type), *(part.hexdigest() for part in parts)])

    def add(self, values: pa.Array) -> None:
        self._filled.update(_plain(values.is_valid()).tobytes())
        if pa.types.is_list(values.type):
            self._counts.update(_plain(pc.list_value_length(values).fill_null(0).cast(pa.int64())).tobytes())
            self._add_plain(values.flatten())
        else:
            # The memory under an empty cell is arbitrary; it is filled before it is looked at.
            self._add_plain(values.fill_null(_ZERO[str(values.type)]))

    def _add_plain(self, values: pa.Array) -> None:
        if not pa.types.is_string(values.type):
            self._values.update(_plain(values).tobytes())
            return
        self._lengths.update(_plain(pc.binary_length(values).cast(pa.int64())).tobytes())
        _, offsets, data = values.buffers()
        if len(values) and data is not None:
            places = np.frombuffer(offsets, dtype=np.int32)
            self._values.update(memoryview(data)[places[values.offset] : places[values.offset + len(values)]])


def _plain(values: pa.Array) -> NDArray[Any]:
    return np.ascontiguousarray(values.to_numpy(zero_copy_only=False))
