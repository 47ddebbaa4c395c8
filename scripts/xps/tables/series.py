"""The tables of one series, read by acquisitions: nothing is in memory but what is asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import pyarrow.compute as pc

from xps import pieces
from xps.provenance import Record
from xps.tables import reading
from xps.tables.declared import Table


@dataclass(frozen=True)
class Series:
    """Tables by their names, each the path of a file or in memory; ``counted`` tells the length of the series."""

    places: Mapping[str, Path | str | Table]
    counted: str = "acquisitions"

    @cached_property
    def count(self) -> int:
        """How many acquisitions the series has: they are numbered from 0."""
        place = self.places[self.counted]
        if isinstance(place, Path | str):
            return reading.acquisition_count(place, self.counted)
        return 0 if not place.num_rows else int(pc.max(place.column("acquisition")).as_py()) + 1

    def spans(self, size: int) -> Iterator[range]:
        """Return all acquisitions in ranges of ``size``."""
        return pieces.spans(range(self.count), size)

    def part(self, name: str, acquisitions: range, columns: Sequence[str] | None = None, **equal: str) -> Table:
        """Return the rows of table ``name`` that belong to ``acquisitions``, or those of them with ``equal`` texts.

        All their columns, or those that are asked for (what tells the rows among them).
        """
        place = self.places[name]
        if isinstance(place, Path | str):
            return reading.read_part(place, name, acquisitions, columns, **equal)
        some = place if columns is None else place.select(columns)
        return reading.within(some, acquisitions, **equal).combine_chunks()

    def parts(self, name: str, columns: Sequence[str] | None = None, **equal: str) -> Iterator[Table]:
        """Yield all rows of table ``name``, or those with ``equal`` texts, in order and some at a time.

        All their columns, or those that are asked for (what tells the rows among them).
        """
        place = self.places[name]
        if isinstance(place, Path | str):
            return reading.read_parts(place, name, columns, **equal)
        some = place if columns is None else place.select(columns)
        return iter([reading.within(some, None, **equal).combine_chunks()])

    def records(self, hashed: bool = True) -> list[Record]:
        """Return the records of all tables, which are files; without the files' hashes unless ``hashed``."""
        return [
            reading.read_record(place, name, hashed)
            for name, place in self.places.items()
            if isinstance(place, Path | str)
        ]
