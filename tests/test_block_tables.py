"""Blocks are gathered only when they are the whole of one series and were all made alike from its tables."""

from pathlib import Path

import numpy as np
import pytest

from synthetic_stage import acquired
from xps import block_tables, provenance, tables
from xps.errors import TableError

ORIGIN = provenance.record("parse_spectra", [], {}, "f", subject="s", data_origin="simulated")


def spectra(numbers: range) -> tables.Table:
    """One channel per acquisition."""
    count = len(numbers)
    columns = {name: np.zeros(count) for name in ("recorded_binding_energy_ev", "intensity_cps", "counts")}
    keys = {"experiment": ["s"] * count, "acquisition": list(numbers), "region": ["C1s"] * count}
    return tables.from_columns("spectra", keys | columns | {"channel": np.zeros(count, int)})


@pytest.fixture
def series(tmp_path: Path) -> tables.Series:
    """A series of ten acquisitions."""
    path = tmp_path / "acquisitions.parquet"
    rows = (acquired("s", number, "C1s", ["C 1s"]) for number in range(10))
    tables.write(path, "acquisitions", tables.from_rows("acquisitions", rows), ORIGIN)
    return tables.Series({"acquisitions": path})


def written(series: tables.Series, folder: Path, fingerprints: dict[str, str]) -> dict[str, tables.Series]:
    """The tables of blocks, each made from ``series`` by the code with the given fingerprint."""
    paths = []
    for name, fingerprint in fingerprints.items():
        record = provenance.record("fit_block", series.records(hashed=False), {"a": 1}, fingerprint, subject="s")
        paths.append(folder / f"blocks/spectra.{name}.parquet")
        first, last = (int(number) for number in name.split("-"))
        tables.write(paths[-1], "spectra", spectra(range(first, last + 1)), record)
    return block_tables.by_block(map(str, reversed(paths)))


def test_blocks_of_a_series_come_in_its_order_and_are_accepted(series: tables.Series, tmp_path: Path) -> None:
    blocks = written(series, tmp_path, {"0000000-0000003": "f", "0000004-0000007": "f", "0000008-0000009": "f"})
    block_tables.check(series, blocks)
    numbers = [
        row["acquisition"] for block in blocks.values() for part in block.parts("spectra") for row in part.to_pylist()
    ]
    assert numbers == list(range(10))


@pytest.mark.parametrize(
    "names",
    [
        ["0000000-0000003", "0000005-0000009"],
        ["0000000-0000003", "0000003-0000009"],
        ["0000000-0000008"],
        ["0000000-0000010"],
        ["0000001-0000009"],
    ],
)
def test_gaps_overlaps_and_other_lengths_are_refused(names: list[str], series: tables.Series, tmp_path: Path) -> None:
    blocks = written(series, tmp_path, dict.fromkeys(names, "f"))
    with pytest.raises(TableError, match=r"are not the 10 acquisitions; make them again"):
        block_tables.check(series, blocks)


def test_blocks_of_different_code_are_refused(series: tables.Series, tmp_path: Path) -> None:
    blocks = written(series, tmp_path, {"0000000-0000004": "f", "0000005-0000009": "g"})
    with pytest.raises(TableError, match="block 0000005-0000009 was made from other tables or otherwise"):
        block_tables.check(series, blocks)


def test_blocks_of_other_tables_are_refused(series: tables.Series, tmp_path: Path) -> None:
    blocks = written(series, tmp_path, {"0000000-0000009": "f"})
    path = Path(str(series.places["acquisitions"]))
    held = tables.read(path, "acquisitions")[0]
    changed = held.set_column(held.column_names.index("end_time_s"), held.schema.field("end_time_s"), [[2.0] * 10])
    tables.write(path, "acquisitions", changed, ORIGIN)
    with pytest.raises(TableError, match="block 0000000-0000009 was made from other tables"):
        block_tables.check(series, blocks)
