"""One declared schema per table, and the only reader and writer of Parquet.

Each table is declared once: column, type, unit, meaning. Writing validates strictly and never repairs; the file
carries units and meanings in its field metadata and the record of what made it in its schema metadata.
Rows keep the order in which they are given: stages write experiment, model, acquisition, region in that order.

When to use what: ``read`` and ``write`` for a table that fits into memory. A long series does not: ``write_parts``
takes its rows piece by piece (how they are cut changes no byte of the file), ``in_parts`` cuts rows that come one by
one, ``write_together`` takes the rows of several tables that are made at once; ``read_part`` gives the rows of some
acquisitions, ``read_parts`` all of them some at a time, ``read_record`` the record alone, ``acquisition_count`` the
length of the series from the file's footer.

Rooms: ``declared`` (schemas, tables in memory), ``content`` (the hash of what a table says), ``writing``, ``reading``
(Parquet files), ``series`` (the tables of one series, read by acquisitions).
"""

from xps.tables.content import content_sha256
from xps.tables.declared import SCHEMA_VERSION, Table, concatenate, from_columns, from_rows, in_parts, schema
from xps.tables.reading import acquisition_count, by_experiment, by_name, read, read_part, read_parts, read_record
from xps.tables.series import Series
from xps.tables.writing import row_group_rows, write, write_parts, write_together

__all__ = [
    "SCHEMA_VERSION",
    "Series",
    "Table",
    "acquisition_count",
    "by_experiment",
    "by_name",
    "concatenate",
    "content_sha256",
    "from_columns",
    "from_rows",
    "in_parts",
    "read",
    "read_part",
    "read_parts",
    "read_record",
    "row_group_rows",
    "schema",
    "write",
    "write_parts",
    "write_together",
]
