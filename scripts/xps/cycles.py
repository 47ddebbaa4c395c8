"""Long tables (one row per channel) and short ones (one row per region) taken apart by acquisition and region.

Stages use this to walk through a table without pandas: the rows of one region of one cycle stand together, so a cycle
is a slice of numpy columns and nothing is copied.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from xps.errors import TableError
from xps.tables import Series

# Stands in no core level's name.
_BETWEEN = "\0"


@dataclass(frozen=True, slots=True)
class Block:
    """The rows of one (acquisition, region) in a long table: ``columns`` are views of numpy arrays."""

    experiment: str
    acquisition: int
    region: str
    columns: Mapping[str, NDArray[Any]]


def blocks(table: pa.Table, numbers: Sequence[str]) -> dict[tuple[int, str], Block]:
    """Return the blocks of a long table of one experiment by (acquisition, region), in the table's order.

    ``numbers`` names the numeric columns that are wanted. TableError when the rows of a region are scattered.
    """
    if not table.num_rows:
        return {}
    acquisitions = _numpy(table, "acquisition")
    regions = table.column("region").combine_chunks().dictionary_encode()
    regions = regions.combine_chunks() if isinstance(regions, pa.ChunkedArray) else regions
    codes, names = regions.indices.to_numpy(), regions.dictionary.to_pylist()
    changes = np.flatnonzero((np.diff(acquisitions) != 0) | (np.diff(codes) != 0)) + 1
    edges = [0, *changes.tolist(), table.num_rows]
    columns = {name: _numpy(table, name) for name in numbers}
    experiment = str(table.column("experiment")[0])
    found: dict[tuple[int, str], Block] = {}
    for first, end in pairwise(edges):
        key = (int(acquisitions[first]), names[codes[first]])
        if key in found:
            raise TableError(f"{experiment}: rows of acquisition {key[0]}, region {key[1]} do not stand together")
        found[key] = Block(experiment, *key, {name: values[first:end] for name, values in columns.items()})
    return found


def _numpy(table: pa.Table, name: str) -> NDArray[Any]:
    return np.asarray(table.column(name).to_numpy())


@dataclass(frozen=True, slots=True)
class Regions:
    """The rows of ``acquisitions`` that are not excluded, by acquisition and region."""

    experiment: str
    rows: Mapping[tuple[int, str], Mapping[str, Any]]

    @property
    def acquisitions(self) -> tuple[int, ...]:
        """Acquisitions in chronological order."""
        return tuple(dict.fromkeys(sorted(acquisition for acquisition, _ in self.rows)))

    def holding(self, core_level: str) -> tuple[str, ...]:
        """Return the regions that hold ``core_level`` in any acquisition, in the order of their first appearance."""
        return tuple(dict.fromkeys(name for (_, name), row in self.rows.items() if core_level in row["core_levels"]))

    @property
    def core_levels(self) -> dict[str, tuple[str, ...]]:
        """Return region name -> core levels that it holds."""
        found: dict[str, tuple[str, ...]] = {}
        for (_, name), row in self.rows.items():
            found[name] = tuple(dict.fromkeys((*found.get(name, ()), *row["core_levels"])))
        return found


def regions(acquisitions: pa.Table) -> Regions:
    """Return the regions of the table ``acquisitions`` that are not excluded."""
    wanted = ("experiment", "acquisition", "region", "core_levels", "time_per_channel_s", "excluded")
    rows = acquisitions.select(list(wanted)).to_pylist()
    experiment = str(rows[0]["experiment"]) if rows else ""
    kept = {(int(row["acquisition"]), str(row["region"])): row for row in rows if not row["excluded"]}
    return Regions(experiment, kept)


def summary(series: Series) -> Regions:
    """Return one row per region of a whole series: which core levels it holds in any acquisition not excluded.

    Every block of a long series asks: rows that say the same are told apart by Arrow, not one by one.
    """
    rows: dict[tuple[int, str], Mapping[str, Any]] = {}
    experiment = ""
    for part in series.parts("acquisitions"):
        experiment = experiment or (str(part.column("experiment")[0]) if part.num_rows else "")
        for region, levels in _kinds(part):
            held = rows.get((0, region), {}).get("core_levels", ())
            rows[0, region] = {"core_levels": tuple(dict.fromkeys((*held, *levels)))}
    return Regions(experiment, rows)


def _kinds(acquisitions: pa.Table) -> Iterator[tuple[str, list[str]]]:
    """Yield each region that is not excluded with its core levels, once for all rows that are alike, in their order."""
    kept = acquisitions.filter(pc.invert(acquisitions.column("excluded")))
    levels = pc.binary_join(kept.column("core_levels"), _BETWEEN)
    kinds = pa.table({"region": kept.column("region"), "levels": levels})
    for row in kinds.group_by(["region", "levels"], use_threads=False).aggregate([]).to_pylist():
        yield row["region"], [level for level in row["levels"].split(_BETWEEN) if level]
