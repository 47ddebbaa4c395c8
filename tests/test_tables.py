"""Tables are written and read back exactly, refused when they differ from their declaration, and traceable."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xps import provenance, tables
from xps.errors import TableError
from xps.table_schemas import SCHEMAS
from xps.tables.declared import PART_ROWS

RECORD = provenance.record(
    "parse_spectra", [provenance.Source("raw:s/a.spe", "1")], {}, "f", subject="s", data_origin="simulated"
)
SAMPLES: dict[str, Any] = {"text": "x", "texts": ["a", "b"], "integer": 3, "number": 0.5, "flag": True}


def rows_of(name: str, count: int = 3) -> list[dict[str, Any]]:
    """Rows in which every column is filled."""
    return [{column.name: SAMPLES[column.kind] for column in SCHEMAS[name]} for _ in range(count)]


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_table_is_read_back_as_written(name: str, tmp_path: Path) -> None:
    table = tables.from_rows(name, rows_of(name))
    tables.write(tmp_path / f"{name}.parquet", name, table, RECORD)
    back, record = tables.read(tmp_path / f"{name}.parquet", name)
    assert back.equals(table, check_metadata=True)
    assert record.artefact == f"results:s/{name}.parquet"
    assert record.content_sha256 == tables.content_sha256(table)


@pytest.mark.parametrize("name", SCHEMAS)
def test_any_columns_can_be_read_alone(name: str, tmp_path: Path) -> None:
    """Whatever the order in which they are asked for, as declared, with the record of the whole table."""
    table = tables.from_rows(name, rows_of(name))
    tables.write(tmp_path / "t.parquet", name, table, RECORD)
    some = table.column_names[::3]
    back, record = tables.read(tmp_path / "t.parquet", name, some[::-1])
    assert back.equals(table.select(some), check_metadata=True)
    assert record == tables.read(tmp_path / "t.parquet", name)[1]


def test_columns_that_are_not_declared_or_not_in_the_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    tables.write(path, "correlations", correlation_table([1.0]), RECORD)
    with pytest.raises(TableError, match=r"correlations: columns \['area'\] are not declared"):
        tables.read(path, "correlations", ["pair", "area"])
    old, record = pq.read_table(path), pq.read_metadata(path).metadata[b"xps_record"]
    with pq.ParquetWriter(path, old.schema.remove(4)) as writer:
        writer.write_table(old.drop_columns(["pair"]))
        writer.add_key_value_metadata({b"xps_record": record})
    with pytest.raises(TableError, match=r"\['model'\] are not as declared: \['model', 'pair'\]"):
        tables.read(path, "correlations", ["model", "pair"])


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_column_says_its_unit_and_meaning(name: str) -> None:
    for column in SCHEMAS[name]:
        assert len(column.meaning) > 5, column
        suffixes = {"_ev": "eV", "_s": "s", "_nm": "nm", "_pa": "Pa", "_deg": "deg", "_cps": "counts/s"}
        for suffix, unit in suffixes.items():
            if column.name.endswith(suffix) and not column.name.endswith("_cps_ev"):
                assert column.unit == unit, column


@pytest.mark.parametrize("name", SCHEMAS)
def test_keys_come_first_in_the_order_of_the_house(name: str) -> None:
    keys = [key for key in ("experiment", "model", "acquisition", "region") if key in tables.schema(name).names]
    assert tables.schema(name).names[: len(keys)] == keys


def test_units_and_meanings_are_in_the_file(tmp_path: Path) -> None:
    tables.write(tmp_path / "t.parquet", "spectra", tables.from_rows("spectra", rows_of("spectra")), RECORD)
    field = pq.read_schema(tmp_path / "t.parquet").field("intensity_cps")
    assert field.metadata[b"unit"] == b"counts/s"
    assert b"raw file" in field.metadata[b"meaning"]


def test_same_table_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        table = tables.from_rows("components", rows_of("components", 100))
        tables.write(tmp_path / name / "components.parquet", "components", table, RECORD)
    assert (tmp_path / "a/components.parquet").read_bytes() == (tmp_path / "b/components.parquet").read_bytes()


def test_faults_in_columns_are_all_named_at_once() -> None:
    columns = {name: [] for name in tables.schema("spectra").names if name != "counts"} | {"count": []}
    with pytest.raises(TableError, match=r"'count' is not declared; column 'counts' is missing"):
        tables.from_columns("spectra", columns)


def test_an_empty_cell_in_a_required_column_is_refused_with_its_row() -> None:
    rows = rows_of("spectra")
    del rows[1]["counts"]
    with pytest.raises(TableError, match=r"'counts' must not be empty; empty in rows \[1\]"):
        tables.from_rows("spectra", rows)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"counts": ["many"] * 3}, "counts"),
        ({"channel": [1.5] * 3}, "channel"),
        ({"counts": [1.0]}, "differ in length"),
    ],
)
def test_wrong_types_and_lengths_are_refused(change: dict[str, Any], message: str) -> None:
    table = tables.from_rows("spectra", rows_of("spectra"))
    columns = {name: table.column(name) for name in table.column_names} | change
    with pytest.raises(TableError, match=message):
        tables.from_columns("spectra", columns)


def test_an_undeclared_key_in_a_row_is_refused() -> None:
    with pytest.raises(TableError, match="wavelength"):
        tables.from_rows("spectra", [{"wavelength": 1.0}])


def test_an_unknown_table_lists_the_known_ones() -> None:
    with pytest.raises(TableError, match=r"'peaks'.*components"):
        tables.schema("peaks")


def test_rows_that_come_one_by_one_make_the_same_table_in_parts() -> None:
    """No part waits for the rows after it: they need not be there yet."""
    rows = rows_of("correlations", 2 * PART_ROWS + 3)
    waiting = iter(rows)
    parts = tables.in_parts("correlations", waiting)
    assert next(parts).num_rows == PART_ROWS
    assert len(list(waiting)) == PART_ROWS + 3
    assert [part.num_rows for part in tables.in_parts("correlations", rows)] == [PART_ROWS, PART_ROWS, 3]
    whole = tables.concatenate("correlations", list(tables.in_parts("correlations", rows)))
    assert whole.equals(tables.from_rows("correlations", rows))
    assert list(tables.in_parts("correlations", [])) == []


def test_concatenating_keeps_the_order_and_nothing_gives_an_empty_table() -> None:
    parts = [tables.from_rows("correlations", rows_of("correlations", n)) for n in (2, 1)]
    assert tables.concatenate("correlations", parts).num_rows == 3
    assert tables.concatenate("correlations", []).equals(tables.schema("correlations").empty_table())


@pytest.mark.parametrize("name", SCHEMAS)
def test_an_empty_table_can_be_written_and_read(name: str, tmp_path: Path) -> None:
    tables.write(tmp_path / "t.parquet", name, tables.concatenate(name, []), RECORD)
    assert tables.read(tmp_path / "t.parquet", name)[0].num_rows == 0


def correlation_table(values: list[float | None], pair: str = "a ~ b") -> pa.Table:
    """A table with one nullable-free number column, for hash tests."""
    rows = [
        {"experiment": "e", "model": "m", "acquisition": 0, "region": "r", "pair": pair, "correlation": value}
        for value in values
    ]
    return tables.from_rows("correlations", rows)


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False), min_size=1, max_size=20), st.data())
def test_content_hash_changes_with_any_value(values: list[float], data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(values) - 1))
    changed = [*values]
    changed[index] = math.nextafter(changed[index], -math.inf if changed[index] > 0 else math.inf)
    same = tables.content_sha256(correlation_table(values)) == tables.content_sha256(correlation_table(changed))
    assert same == (values == changed and math.copysign(1, values[index]) == math.copysign(1, changed[index]))


def test_content_hash_does_not_depend_on_chunks_record_or_memory_under_empty_cells(tmp_path: Path) -> None:
    rows = [{**rows_of("components", 1)[0], "position_ev": None} for _ in range(4)]
    table = tables.from_rows("components", rows)
    chunked = pa.concat_tables([table.slice(0, 1), table.slice(1)])
    index = table.schema.get_field_index("position_ev")
    mask = np.ones(4, dtype=bool)
    dirty = table.set_column(index, table.schema.field(index), pa.array(np.arange(4.0), mask=mask))
    hashes = {tables.content_sha256(item) for item in (table, chunked, dirty)}
    tables.write(tmp_path / "t.parquet", "components", chunked, RECORD)
    assert hashes == {tables.content_sha256(tables.read(tmp_path / "t.parquet", "components")[0])}


def test_content_hash_tells_an_empty_cell_from_a_zero() -> None:
    base = rows_of("components", 1)[0]
    hashes = {
        tables.content_sha256(tables.from_rows("components", [{**base, "position_ev": value}])) for value in (None, 0.0)
    }
    assert len(hashes) == 2


def test_files_that_are_not_this_table_are_refused_by_path(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with pytest.raises(TableError, match=r"t\.parquet.*No such file"):
        tables.read(path, "spectra")
    path.write_bytes(b"PAR1 but not really")
    with pytest.raises(TableError, match="not a readable Parquet"):
        tables.read(path, "spectra")
    tables.write(path, "correlations", correlation_table([1.0]), RECORD)
    with pytest.raises(TableError, match="holds table 'correlations'"):
        tables.read(path, "spectra")
    foreign = pq.read_table(path)
    pq.write_table(foreign.replace_schema_metadata(None), path)
    with pytest.raises(TableError, match="holds table ''"):
        tables.read(path, "correlations")


def test_a_truncated_table_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    tables.write(path, "correlations", correlation_table([1.0] * 50), RECORD)
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(TableError, match="make it again"):
        tables.read(path, "correlations")


def test_tables_of_many_experiments_are_found_by_both_names(tmp_path: Path) -> None:
    paths = [tmp_path / experiment / "correlations.parquet" for experiment in ("a", "b")]
    for number, path in enumerate(paths, 1):
        tables.write(path, "correlations", correlation_table([1.0] * number), RECORD)
    found, records = tables.by_experiment(paths)
    assert {name: list(held) for name, held in found.items()} == {"a": ["correlations"], "b": ["correlations"]}
    assert found["b"]["correlations"].num_rows == 2
    assert [record.file_sha256 for record in records] == [provenance.file_sha256(path) for path in paths]
    assert tables.by_experiment([]) == ({}, [])
    together, of_all = tables.by_name(paths)
    parts = [held["correlations"].to_pylist() for held in found.values()]
    assert {name: table.to_pylist() for name, table in together.items()} == {"correlations": [*parts[0], *parts[1]]}
    assert of_all == records
    assert tables.by_name([]) == ({}, [])


def test_reading_tells_the_files_own_hash(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    tables.write(path, "correlations", correlation_table([1.0]), RECORD)
    assert tables.read(path, "correlations")[1].file_sha256 == provenance.file_sha256(path)
