"""Walking through tables: every row in its block, scattered rows refused, excluded cycles left out."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from synthetic_stage import acquired
from xps import cycles, provenance, tables
from xps.errors import TableError


def long_table(sizes: dict[tuple[int, str], int]) -> pa.Table:
    keys = [key for key, size in sizes.items() for _ in range(size)]
    return pa.table(
        {
            "experiment": ["e"] * len(keys),
            "acquisition": pa.array([key[0] for key in keys], pa.int64()),
            "region": pa.array([key[1] for key in keys], pa.string()),
            "counts": pa.array(np.arange(len(keys), dtype=float)),
        }
    )


KEYS = st.dictionaries(
    st.tuples(st.integers(0, 5), st.sampled_from(["C1s", "Ge3d", "C1s#2"])), st.integers(1, 7), min_size=1
)


@given(KEYS)
def test_every_row_is_in_the_block_of_its_key(sizes: dict[tuple[int, str], int]) -> None:
    found = cycles.blocks(long_table(sizes), ["counts"])
    assert {key: block.columns["counts"].size for key, block in found.items()} == sizes
    together = np.concatenate([block.columns["counts"] for block in found.values()])
    np.testing.assert_array_equal(together, np.arange(sum(sizes.values())))


def test_chunked_tables_are_no_different() -> None:
    whole = long_table({(0, "a"): 3, (1, "b"): 2})
    parts = pa.concat_tables([whole.slice(0, 2), whole.slice(2)])
    assert parts.column("region").num_chunks == 2
    found = cycles.blocks(parts, ["counts"])
    assert [block.columns["counts"].tolist() for block in found.values()] == [[0.0, 1.0, 2.0], [3.0, 4.0]]


def test_an_empty_table_has_no_blocks() -> None:
    assert cycles.blocks(long_table({}), ["counts"]) == {}


def test_scattered_rows_are_refused() -> None:
    table = pa.concat_tables([long_table({(0, "a"): 2}), long_table({(1, "a"): 1}), long_table({(0, "a"): 1})])
    with pytest.raises(TableError, match="acquisition 0, region a do not stand together"):
        cycles.blocks(table, ["counts"])


LEVELS = st.lists(st.sampled_from(["C 1s", "Ge 3d", "O 2s", "Ti 2p3/2"]), max_size=3, unique=True)
ROWS = st.lists(st.tuples(st.sampled_from(["C1s", "Ge3d", "C1s#2"]), LEVELS, st.booleans()), max_size=12)


@given(rows=ROWS, size=st.integers(1, 5))
def test_the_summary_of_a_series_is_what_its_rows_say_one_by_one(
    rows: list[tuple[str, list[str], bool]], size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    expected: dict[str, tuple[str, ...]] = {}
    for region, levels, excluded in rows:
        if not excluded:
            expected[region] = tuple(dict.fromkeys((*expected.get(region, ()), *levels)))
    table = tables.from_rows("acquisitions", (acquired("e", number, *row) for number, row in enumerate(rows)))
    path = tmp_path_factory.mktemp("series") / "acquisitions.parquet"
    record = provenance.record("parse_spectra", [], {}, "f", subject="e", data_origin="simulated")
    tables.write_parts(path, "acquisitions", (table.slice(i, size) for i in range(0, len(rows), size)), record)
    for place in (path, table):
        found = cycles.summary(tables.Series({"acquisitions": place}))
        assert found.core_levels == expected
        assert found.experiment == ("e" if rows else "")
        assert list(found.core_levels) == list(expected), "the order is that of their first appearance"


def short_table() -> pa.Table:
    rows = [
        (1, "Ge3d", ["Ge 3d", "O 2s"], False),
        (0, "C1s", ["C 1s"], False),
        (0, "Ge3d", ["Ge 3d"], False),
        (2, "C1s", ["C 1s"], True),
    ]
    names = ("acquisition", "region", "core_levels", "excluded")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(names)}
    return pa.table(columns | {"experiment": ["e"] * 4, "time_per_channel_s": [1.0] * 4})


def test_regions_know_their_levels_and_leave_excluded_cycles_out() -> None:
    found = cycles.regions(short_table())
    assert found.acquisitions == (0, 1)
    assert found.holding("Ge 3d") == ("Ge3d",)
    assert found.holding("O 2s") == ("Ge3d",)
    assert found.holding("Li 1s") == ()
    assert found.core_levels == {"Ge3d": ("Ge 3d", "O 2s"), "C1s": ("C 1s",)}
