"""A table written or read in parts is the table written or read whole, and holds little of it in memory."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xps import provenance, tables
from xps.errors import TableError

RECORD = provenance.record(
    "parse_spectra", [provenance.Source("raw:s/a.spe", "1")], {}, "f", subject="s", data_origin="simulated"
)


def spectra(acquisitions: int, channels: int, first: int = 0) -> pa.Table:
    """A table of one region with ``channels`` rows per acquisition."""
    rows = acquisitions * channels
    return tables.from_columns(
        "spectra",
        {
            "experiment": ["s"] * rows,
            "acquisition": np.repeat(np.arange(first, first + acquisitions), channels),
            "region": ["Al2p"] * rows,
            "channel": np.tile(np.arange(channels), acquisitions),
            "recorded_binding_energy_ev": np.tile(np.linspace(70.0, 80.0, channels), acquisitions),
            "intensity_cps": np.arange(rows, dtype=float),
            "counts": np.arange(rows, dtype=float) * 2.0,
        },
    )


def fits(acquisitions: range, model: str, note: str | None = None) -> pa.Table:
    """A table with texts, lists, empty cells and flags, one row per acquisition."""
    return tables.from_rows(
        "fits",
        (
            {
                "experiment": "s",
                "model": model,
                "acquisition": number,
                "region": "Al2p",
                "success": number % 2 == 0,
                "message": f"message {number}" if note is None else note,
                "engine": "separable",
                "likelihood": "poisson",
                "deviance": None if number % 3 else number / 7.0,
                "bounds_hit": [f"b{i}" for i in range(number % 3)],
                "background": "shirley",
            }
            for number in acquisitions
        ),
    )


@pytest.fixture
def small_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups of five rows, so that small tables have several."""
    monkeypatch.setattr("xps.tables.writing.row_group_rows", lambda _: 5)


@pytest.mark.usefixtures("small_groups")
@given(cuts=st.lists(st.integers(0, 23), max_size=6))
def test_however_a_table_is_cut_its_file_is_the_same(cuts: list[int], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("cut")
    whole = fits(range(23), "m")
    tables.write(folder / "whole/fits.parquet", "fits", whole, RECORD)
    edges = [0, *sorted(cuts), whole.num_rows]
    parts = [whole.slice(first, end - first) for first, end in pairwise(edges)]
    tables.write_parts(folder / "parts/fits.parquet", "fits", parts, RECORD)
    assert (folder / "parts/fits.parquet").read_bytes() == (folder / "whole/fits.parquet").read_bytes()
    assert tables.read(folder / "parts/fits.parquet", "fits")[0].equals(whole)


@pytest.mark.usefixtures("small_groups")
@given(first=st.integers(0, 14), size=st.integers(0, 14))
def test_a_part_holds_the_rows_of_its_acquisitions_in_their_order(
    first: int, size: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("part") / "fits.parquet"
    whole = tables.concatenate("fits", [fits(range(12), "a"), fits(range(12), "b")])
    tables.write(path, "fits", whole, RECORD)
    found = tables.read_part(path, "fits", range(first, first + size)).to_pylist()
    assert found == [row for row in whole.to_pylist() if first <= row["acquisition"] < first + size]


@pytest.mark.parametrize("model", ["a", "ab", "b", "c"])
@pytest.mark.usefixtures("small_groups")
def test_rows_with_equal_texts_are_found_whatever_group_they_stand_in(model: str, tmp_path: Path) -> None:
    """Model ``ab`` lies between the others in the alphabet, so that statistics alone do not rule it out."""
    path = tmp_path / "fits.parquet"
    whole = tables.concatenate("fits", [fits(range(12), "a"), fits(range(12), "b"), fits(range(3), "a")])
    tables.write(path, "fits", whole, RECORD)
    for place in (path, whole):
        held = tables.Series({"fits": place})
        parts = [row for part in held.parts("fits", model=model) for row in part.to_pylist()]
        assert parts == [row for row in whole.to_pylist() if row["model"] == model]
        some = held.part("fits", range(1, 4), model=model).to_pylist()
        assert some == [row for row in parts if 1 <= row["acquisition"] < 4]
    assert [row for part in tables.read_parts(path, "fits") for row in part.to_pylist()] == whole.to_pylist()


@given(size=st.integers(1, 12), count=st.integers(0, 30))
def test_the_spans_of_a_series_are_all_of_it_in_order(size: int, count: int) -> None:
    series = tables.Series({"acquisitions": fits(range(count), "a")})
    spans = list(series.spans(size))
    assert [number for span in spans for number in span] == list(range(count))
    assert all(len(span) == size for span in spans[:-1])


@pytest.mark.parametrize("name", ["acquisitions", "spectra", "curves", "components"])
def test_a_row_group_holds_about_as_much_of_any_table(name: str) -> None:
    cells = tables.row_group_rows(name) * len(tables.schema(name))
    assert 0.99 * (1 << 17) < cells <= 1 << 17


def test_reading_some_of_a_long_table_holds_little_of_it(tmp_path: Path) -> None:
    """A tenth of the memory of the whole table: a row group and what was asked for."""
    path = tmp_path / "spectra.parquet"
    tables.write_parts(path, "spectra", (spectra(1000, 20, 1000 * part) for part in range(20)), RECORD)
    peaks = []
    for look in (
        lambda: tables.read(path, "spectra"),
        lambda: [None for _ in tables.read_parts(path, "spectra")],
        lambda: tables.read_part(path, "spectra", range(500, 600)),
    ):
        pool = pa.proxy_memory_pool(pa.default_memory_pool())
        pa.set_memory_pool(pool)
        try:
            look()
        finally:
            pa.set_memory_pool(pa.system_memory_pool())
        peaks.append(pool.max_memory())
    assert max(peaks[1:]) < 0.15 * peaks[0]


@pytest.mark.usefixtures("small_groups")
def test_a_reader_sees_the_file_that_replaced_the_one_it_knew(tmp_path: Path) -> None:
    path = tmp_path / "fits.parquet"
    for count in (12, 30, 12):
        tables.write(path, "fits", fits(range(count), "a"), RECORD)
        assert tables.read_part(path, "fits", range(8, 25)).num_rows == min(count, 25) - 8


@pytest.mark.usefixtures("small_groups")
def test_tables_written_together_are_as_each_by_itself(tmp_path: Path) -> None:
    made = {"fits": fits(range(23), "m"), "spectra": spectra(9, 2)}
    parts = [{"fits": made["fits"].slice(0, 7)}, {"spectra": made["spectra"]}, {"fits": made["fits"].slice(7)}]
    tables.write_together({name: tmp_path / f"{name}.parquet" for name in made}, parts, RECORD)
    for name, table in made.items():
        tables.write(tmp_path / f"alone/{name}.parquet", name, table, RECORD)
        assert (tmp_path / f"{name}.parquet").read_bytes() == (tmp_path / f"alone/{name}.parquet").read_bytes()


def test_tables_written_together_stay_as_they_were_when_their_rows_break_off(tmp_path: Path) -> None:
    paths = {name: tmp_path / f"{name}.parquet" for name in ("fits", "spectra")}
    tables.write(paths["fits"], "fits", fits(range(2), "m"), RECORD)
    before = paths["fits"].read_bytes()

    def breaking() -> Iterator[dict[str, pa.Table]]:
        yield {"fits": fits(range(3), "m"), "spectra": spectra(2, 2)}
        raise TableError("no more")

    with pytest.raises(TableError, match="no more"):
        tables.write_together(paths, breaking(), RECORD)
    assert paths["fits"].read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == ["fits.parquet"]


@pytest.mark.usefixtures("small_groups")
def test_the_record_alone_is_that_of_the_whole_table(tmp_path: Path) -> None:
    path = tmp_path / "fits.parquet"
    tables.write(path, "fits", fits(range(12), "a"), RECORD)
    assert tables.read_record(path, "fits") == tables.read(path, "fits")[1]


@pytest.mark.parametrize(("count", "rows"), [(0, 0), (1, 4), (12, 48)])
@pytest.mark.usefixtures("small_groups")
def test_the_length_of_a_series_stands_in_the_footer(tmp_path: Path, count: int, rows: int) -> None:
    path = tmp_path / "spectra.parquet"
    tables.write(path, "spectra", spectra(count, 4), RECORD)
    assert tables.acquisition_count(path, "spectra") == count
    assert tables.read(path, "spectra")[0].num_rows == rows


@pytest.mark.parametrize("look", [tables.read_record, tables.acquisition_count])
def test_whoever_looks_at_a_file_refuses_what_is_not_this_table(look: object, tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    with pytest.raises(TableError, match="No such file"):
        look(path, "spectra")
    with pytest.raises(TableError, match="No such file"):
        tables.read_part(path, "spectra", range(1))
    tables.write(path, "fits", fits(range(3), "a"), RECORD)
    with pytest.raises(TableError, match="holds table 'fits'"):
        look(path, "spectra")
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(TableError, match="make it again"):
        look(path, "fits")
    with pytest.raises(TableError, match="make it again"):
        tables.read_part(path, "fits", range(1))


def test_a_table_damaged_inside_is_refused_when_its_rows_are_read(tmp_path: Path) -> None:
    path = tmp_path / "spectra.parquet"
    tables.write(path, "spectra", spectra(20, 50), RECORD)
    data = bytearray(path.read_bytes())
    data[100:3000] = bytes(2900)
    path.write_bytes(data)
    with pytest.raises(TableError, match="make it again"):
        tables.read_part(path, "spectra", range(3))


def test_an_error_on_the_way_leaves_the_earlier_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "spectra.parquet"
    tables.write(path, "spectra", spectra(2, 3), RECORD)
    before = path.read_bytes()

    def breaking() -> Iterator[pa.Table]:
        yield spectra(3, 3)
        raise TableError("no more")

    with pytest.raises(TableError, match="no more"):
        tables.write_parts(path, "spectra", breaking(), RECORD)
    assert path.read_bytes() == before
    assert [item.name for item in tmp_path.iterdir()] == [path.name]


def test_a_part_that_is_not_as_declared_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="not as declared"):
        tables.write_parts(tmp_path / "t.parquet", "spectra", [fits(range(2), "a")], RECORD)


def test_the_content_hash_does_not_depend_on_the_cut() -> None:
    whole = fits(range(40), "m")
    pieces = pa.concat_tables([fits(range(7), "m"), fits(range(7, 8), "m"), fits(range(8, 40), "m")])
    assert tables.content_sha256(whole) == tables.content_sha256(pieces)
    assert tables.content_sha256(whole) == tables.content_sha256(pa.concat_tables([fits(range(60), "m")]).slice(0, 40))


def test_the_content_hash_sees_where_one_text_ends_and_the_next_begins() -> None:
    texts = [("ab", "c"), ("a", "bc"), ("abc", "")]
    tables_of = [pa.concat_tables([fits(range(1), "m", note) for note in pair]) for pair in texts]
    assert len({tables.content_sha256(table) for table in tables_of}) == len(texts)


def test_memory_does_not_grow_with_the_table(tmp_path: Path) -> None:
    """Eight times the rows, the same peak of Arrow's memory: one row group and one part."""
    peaks = []
    for parts in (8, 64):
        pool = pa.proxy_memory_pool(pa.default_memory_pool())
        pa.set_memory_pool(pool)
        try:
            written = (spectra(1000, 20, 1000 * part) for part in range(parts))
            tables.write_parts(tmp_path / "spectra.parquet", "spectra", written, RECORD)
            tables.read_part(tmp_path / "spectra.parquet", "spectra", range(500, 600))
        finally:
            pa.set_memory_pool(pa.system_memory_pool())
        peaks.append(pool.max_memory())
    assert peaks[1] < 1.3 * peaks[0]


def test_what_a_killed_writer_left_is_removed_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "spectra.parquet"
    left = tmp_path / ".spectra.parquet.4242.part"
    other = tmp_path / ".spectra.parquet.md.4242.part"
    for file in (left, other):
        file.write_bytes(b"PAR1 half")
    tables.write(path, "spectra", spectra(1, 3), RECORD)
    assert not left.exists()
    assert tables.read(path, "spectra")[0].num_rows == 3


def test_a_writer_that_was_given_up_cannot_put_its_file_in_place(tmp_path: Path) -> None:
    """The new job removes the old one's temporary file; the old one then has nothing to rename."""
    path = tmp_path / "a.bin"
    old = provenance.replacing(path)
    old.__enter__().write(b"old")
    (temporary,) = tmp_path.glob(".a.bin.*.part")
    temporary.unlink()
    with pytest.raises(FileNotFoundError):
        old.__exit__(None, None, None)
    assert not path.exists()
