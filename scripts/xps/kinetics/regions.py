"""What the table ``acquisitions`` says of one series, as arrays: few numbers of each of its rows are in memory."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xps import tables
from xps.sensitivity import Facts

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Mask = NDArray[np.bool_]

NUMBERS = (
    *("start_time_s", "end_time_s", "plating_time_s", "rest_time_s", "sputter_time_s"),
    *("plating_current_ua", "pressure_pa"),
)
"""Columns of ``acquisitions`` that are followed."""
COLUMNS = ["experiment", "acquisition", "region", "time_origin", "excluded", *NUMBERS, *Facts._fields]


@dataclass(frozen=True, eq=False)
class Regions:
    """Arrays over the rows of ``acquisitions``: one row per region of each acquisition, in the order of the table.

    ``region`` are places in ``names``, ``numbers`` the columns NUMBERS (NaN where unknown). ``facts`` says what the
    header of each region says in its first acquisition; ``computed`` that the clock is made of live times.
    """

    experiment: str
    acquisition: Places
    region: Places
    excluded: Mask
    numbers: Mapping[str, Floats]
    names: Sequence[str]
    facts: Mapping[str, Facts]
    computed: bool

    @property
    def count(self) -> int:
        """How many acquisitions there are: they are numbered from 0."""
        return int(self.acquisition.max(initial=-1)) + 1

    @cached_property
    def left_out(self) -> Mask:
        """Whether each acquisition is excluded."""
        found = np.zeros(self.count, dtype=bool)
        found[self.acquisition[self.excluded]] = True
        return found

    @cached_property
    def _rows(self) -> Places:
        """The row of each acquisition and region, (acquisitions + 1, names + 1): -1 where that was not measured.

        The last row and column stand for what is not in the table at all.
        """
        rows = np.full((self.count + 1, len(self.names) + 1), -1, dtype=np.intp)
        rows[self.acquisition, self.region] = np.arange(self.acquisition.size)
        return rows

    def rows(self, acquisitions: Places, regions: Sequence[str] | str) -> Places:
        """Return the row of each acquisition with its own, or all with one, of ``regions``; -1 where not measured."""
        known = {name: place for place, name in enumerate(self.names)}
        places = known.get(regions, -1) if isinstance(regions, str) else [known.get(name, -1) for name in regions]
        numbers = np.asarray(acquisitions, dtype=np.intp)
        return np.asarray(self._rows[np.where(numbers < self.count, numbers, -1), places])


def regions_of(found: tables.Series) -> Regions:
    """Return what is looked at of the table ``acquisitions``."""
    held: dict[str, list[Any]] = {name: [] for name in ("acquisition", "region", "excluded", *NUMBERS)}
    names: dict[str, int] = {}
    facts: dict[str, Facts] = {}
    experiment, computed = "", False
    for part in found.parts("acquisitions", COLUMNS):
        experiment = experiment or next(iter(part.column("experiment").slice(0, 1).to_pylist()), "")
        computed = computed or "computed" in part.column("time_origin").unique().to_pylist()
        held["acquisition"].append(part.column("acquisition").to_numpy())
        held["excluded"].append(part.column("excluded").to_numpy(zero_copy_only=False).astype(bool))
        held["region"].append(_region(part, names, facts))
        for name in NUMBERS:
            held[name].append(floats(part, name))

    def whole(name: str, kind: type = np.float64) -> Any:
        # One by one: all pieces beside all columns would be twice as much.
        return np.concatenate([np.zeros(0, dtype=kind), *held.pop(name)])

    keys = whole("acquisition", np.intp), whole("region", np.intp), whole("excluded", np.bool_)
    return Regions(experiment, *keys, {name: whole(name) for name in NUMBERS}, list(names), facts, computed)


def _region(part: pa.Table, names: dict[str, int], facts: dict[str, Facts]) -> Places:
    """Return the place of each row's region in ``names``; a new one is added, and its header to ``facts``."""
    encoded = part.column("region").combine_chunks().dictionary_encode()
    codes: Places = encoded.indices.to_numpy()
    own = encoded.dictionary.to_pylist()
    for place, name in enumerate(own):
        if name not in names:
            names[name] = len(names)
            row = int(np.flatnonzero(codes == place)[0])
            facts[name] = Facts(**part.select(Facts._fields).slice(row, 1).to_pylist()[0])
    return np.array([names[name] for name in own], dtype=np.intp).take(codes)


def floats(table: pa.Table, name: str) -> Floats:
    """Return a column of numbers as an array, NaN where it is empty."""
    return np.asarray(table.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)
