"""Each component along a series: the table ``components`` as arrays over acquisitions."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from xps import tables
from xps.kinetics.regions import Floats, Mask, Places, Regions, floats

NUMBERS = (
    "area_cps_ev",
    "area_stderr_cps_ev",
    "area_fraction",
    "area_fraction_stderr",
    "upper_limit_95_cps_ev",
    "absent_p_value",
)
"""Columns of ``components`` that are followed."""


class Names(NamedTuple):
    """What tells one component from all others."""

    experiment: str
    model: str
    core_level: str
    component: str


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One component along a series: arrays over its acquisitions, excluded ones left out, in the order of the table.

    ``rows`` are those of the table ``acquisitions`` that hold its region, -1 where that was not measured. ``numbers``
    holds the columns NUMBERS, NaN where nothing is known; ``detected`` is true where nothing was asked.
    """

    names: Names
    region: str
    acquisitions: Places
    rows: Places
    detected: Mask
    numbers: Mapping[str, Floats]

    def __len__(self) -> int:
        return self.acquisitions.size

    def __getitem__(self, name: str) -> Floats:
        return self.numbers[name]

    def placed(self, of_rows: Floats) -> Floats:
        """Return what a column of ``acquisitions`` says of the track's own region, NaN where that was not measured."""
        return np.append(of_rows, np.nan)[self.rows]

    def known(self, *names: str) -> "Track":
        """Return the acquisitions in which all of these columns have a value, chronological."""
        good = np.all([np.isfinite(self[name]) for name in names], axis=0)
        return self.taken(np.flatnonzero(good)[np.argsort(self.acquisitions[good], kind="stable")])

    def taken(self, which: Places) -> "Track":
        """Return the track of these places of it."""
        return replace(
            self,
            acquisitions=self.acquisitions[which],
            rows=self.rows[which],
            detected=self.detected[which],
            numbers={name: values[which] for name, values in self.numbers.items()},
        )


COLUMNS = [*Names._fields, "acquisition", "region", "detected", *NUMBERS]


def tracks(regions: Regions, found: tables.Series) -> list[Track]:
    """Return every component along the acquisitions that are not excluded, in the order of ``components``."""
    pieces: dict[Names, list[Track]] = {}
    for part in found.parts("components", COLUMNS):
        for piece in _pieces(regions, part):
            pieces.setdefault(piece.names, []).append(piece)
    return [_joined(own) for own in pieces.values()]


def _pieces(regions: Regions, components: pa.Table) -> Iterator[Track]:
    """Yield the components of some rows, in the order in which they begin."""
    numbers = components.column("acquisition").to_numpy()
    out = np.append(regions.left_out, False)[np.minimum(numbers, regions.count)]
    components = components.filter(pa.array(~out))
    numbers, of_region = numbers[~out], components.column("region").to_pylist()
    rows = regions.rows(numbers, of_region)
    detected = np.array([flag is not False for flag in components.column("detected").to_pylist()], dtype=bool)
    columns = {name: floats(components, name) for name in NUMBERS}
    for names, held in _named(components):
        own = {name: values[held] for name, values in columns.items()}
        yield Track(names, of_region[held[0]], numbers[held], rows[held], detected[held], own)


def _named(components: pa.Table) -> Iterator[tuple[Names, Places]]:
    """Yield what the components of some rows are called, each with its rows."""
    held = [components.column(name).combine_chunks().dictionary_encode() for name in Names._fields]
    code = np.zeros(components.num_rows, dtype=np.int64)
    for one in held:
        code = code * max(len(one.dictionary), 1) + one.indices.to_numpy()
    _, first, which = np.unique(code, return_index=True, return_inverse=True)
    for place in np.argsort(first):
        row = int(first[place])
        yield Names(*(one.dictionary[one.indices[row].as_py()].as_py() for one in held)), np.flatnonzero(which == place)


def _joined(pieces: list[Track]) -> Track:
    def whole(name: str) -> Floats:
        return np.concatenate([piece[name] for piece in pieces])

    return Track(
        pieces[0].names,
        pieces[0].region,
        np.concatenate([piece.acquisitions for piece in pieces]),
        np.concatenate([piece.rows for piece in pieces]),
        np.concatenate([piece.detected for piece in pieces]),
        {name: whole(name) for name in NUMBERS},
    )
