"""Blocks cover a series without gap or overlap, and their names alone say where they stand."""

from itertools import chain, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xps import block_names


@given(count=st.integers(0, 3_000_000), size=st.integers(1000, 2_000_000))
def test_blocks_are_the_whole_series_in_order(count: int, size: int) -> None:
    spans = [block_names.span(name) for name in block_names.names(count, size)]
    if count <= size:
        assert spans == []
    else:
        assert spans[0].start == 0
        assert spans[-1].stop == count
        assert all(one.stop == other.start for one, other in pairwise(spans))
        assert {len(span) for span in spans[:-1]} == {size}
        assert 0 < len(spans[-1]) <= size


@given(count=st.integers(2, 200), size=st.integers(1, 50), data=st.data())
def test_files_find_their_block_in_whatever_order_they_come(count: int, size: int, data: st.DataObject) -> None:
    names = block_names.names(count, size)
    paths = [f"results/e/blocks/{table}.{name}.parquet" for name in names for table in ("fits", "curves")]
    found = block_names.by_block(data.draw(st.permutations(paths)))
    assert list(found) == names
    assert list(chain.from_iterable(block_names.span(name) for name in found)) == (
        list(range(count)) if count > size else []
    )
    for name, tables in found.items():
        assert tables == {table: f"results/e/blocks/{table}.{name}.parquet" for table in ("fits", "curves")}


@pytest.mark.parametrize(("count", "size", "expected"), [(5, 5, []), (6, 5, ["0000000-0000004", "0000005-0000005"])])
def test_a_series_of_one_block_has_none(count: int, size: int, expected: list[str]) -> None:
    assert block_names.names(count, size) == expected
