"""One series as kinetics sees it: each component along the acquisitions, the films, and what was declared of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xps.chemistry import Chemistry
from xps.kinetics import series_clock
from xps.kinetics.estimation import Floats
from xps.sensitivity import Facts

Settings = Mapping[str, Any]

NUMBERS = (
    "area_cps_ev",
    "area_stderr_cps_ev",
    "area_fraction",
    "area_fraction_stderr",
    "upper_limit_95_cps_ev",
    "absent_p_value",
)
"""Columns of ``components`` that are followed."""


COLUMNS = {
    "acquisitions": [
        *("experiment", "acquisition", "region", "start_time_s", "end_time_s", "time_origin", "plating_time_s"),
        *("rest_time_s", "sputter_time_s", "plating_current_ua", "pressure_pa", "excluded", *Facts._fields),
    ],
    "components": [
        *("experiment", "model", "acquisition", "region", "component", "core_level", "species", "detected"),
        *NUMBERS,
    ],
}
"""What films, charge balance and rate laws look at of each table: of a long series no more is read."""


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
    acquisitions: NDArray[np.intp]
    rows: NDArray[np.intp]
    detected: NDArray[np.bool_]
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

    def taken(self, which: NDArray[np.intp]) -> "Track":
        """Return the track of these places of it."""
        return replace(
            self,
            acquisitions=self.acquisitions[which],
            rows=self.rows[which],
            detected=self.detected[which],
            numbers={name: values[which] for name, values in self.numbers.items()},
        )


def tracks(acquisitions: pa.Table, components: pa.Table) -> list[Track]:
    """Return every component along the acquisitions that are not excluded, in the order of ``components``."""
    numbers, regions = (acquisitions.column(name).to_pylist() for name in ("acquisition", "region"))
    places = {key: row for row, key in enumerate(zip(numbers, regions, strict=True))}
    left_out = set(acquisitions.filter(acquisitions["excluded"]).column("acquisition").to_pylist())
    of_acquisition, of_region = (components.column(name).to_pylist() for name in ("acquisition", "region"))
    groups: dict[Names, list[int]] = {}
    for index, names in enumerate(_names(components)):
        if of_acquisition[index] not in left_out:
            groups.setdefault(names, []).append(index)
    columns = {name: _floats(components, name) for name in NUMBERS}
    detected = np.array([flag is not False for flag in components.column("detected").to_pylist()], dtype=bool)
    return [
        Track(
            names,
            of_region[held[0]],
            np.array([of_acquisition[index] for index in held], dtype=np.intp),
            np.array([places.get((of_acquisition[index], of_region[index]), -1) for index in held], dtype=np.intp),
            detected[held],
            {name: values[held] for name, values in columns.items()},
        )
        for names, held in groups.items()
    ]


def _names(components: pa.Table) -> Iterator[Names]:
    """Yield what each row's component is called: few texts, each in memory once however many rows hold it."""
    held = [components.column(name).combine_chunks().dictionary_encode() for name in Names._fields]
    texts = [one.dictionary.to_pylist() for one in held]
    for codes in zip(*(one.indices.to_pylist() for one in held), strict=True):
        yield Names(*(own[code] for own, code in zip(texts, codes, strict=True)))


def _floats(table: pa.Table, name: str) -> Floats:
    return np.asarray(table.column(name).to_numpy(zero_copy_only=False), dtype=np.float64)


@dataclass(frozen=True)
class Series:
    """All that is known of one series: tables, reference and declared stacks."""

    acquisitions: pa.Table
    components: pa.Table
    layers: pa.Table
    stacks: Sequence[Settings]
    chemistry: Chemistry
    lines: Mapping[str, Settings]
    areas_cm2: Mapping[str, float]

    @cached_property
    def clock(self) -> series_clock.Clock:
        """When things happened."""
        return series_clock.clock(self.acquisitions)

    @cached_property
    def tracks(self) -> list[Track]:
        """Every component along the acquisitions that are not excluded."""
        return tracks(self.acquisitions, self.components)

    def times_s(self, axis: str) -> Floats:
        """Return the column ``axis`` of every row of ``acquisitions``, NaN where unknown.

        For ``start_time_s`` it is the middle of the region's own window.
        """
        if axis == "start_time_s":
            return 0.5 * (_floats(self.acquisitions, "start_time_s") + _floats(self.acquisitions, "end_time_s"))
        return _floats(self.acquisitions, axis)

    def facts(self, region: str) -> Facts:
        """Return what the header says of ``region`` in its first acquisition."""
        row = self.acquisitions.column("region").to_pylist().index(region)
        return Facts(*(self.acquisitions.column(name)[row].as_py() for name in Facts._fields))

    def component(self, model: str, name: str) -> Track | None:
        """Return the acquisitions in which a component has an area, chronological; None where it is nowhere fitted."""
        for track in self.tracks:
            if (track.names.model, track.names.component) == (model, name):
                return track.known("area_cps_ev")
        return None

    def film(self, wanted: Settings) -> tuple[list[dict[str, Any]] | None, Settings]:
        """Return one row of ``layers`` per acquisition for the wanted film, and how it was declared; None without."""
        coverage = wanted.get("coverage_fraction")
        name = wanted["layer_model"], wanted["layer"]
        for stack in self.stacks:
            for film in stack["films"]:
                if (stack["layer_model"], film["layer"]) == name:
                    rows = [
                        row
                        for row in self.layers.to_pylist()
                        if (row["layer_model"], row["layer"]) == name
                        and (coverage is None or row["patch_coverage_fraction"] in (None, coverage))
                    ]
                    unique = {row["acquisition"]: row for row in rows}
                    return [unique[number] for number in sorted(unique)], film
        return None, {}

    def windows_min(self, film: Settings, acquisitions: Sequence[int]) -> Floats:
        """Return the windows (n, 2) in min in which the tracer of a declared film was measured."""
        track = self.component(film["tracer"]["model"], film["tracer"]["components"][0])
        assert track is not None  # a thickness has come of it
        return self.clock.windows(list(acquisitions), track.region)


def series_of(
    acquisitions: pa.Table,
    components: pa.Table,
    layers: pa.Table,
    stacks: Sequence[Settings],
    chemistry: Chemistry,
    lines: Sequence[Settings],
    areas_cm2: Mapping[str, float],
) -> Series:
    """Return the series of these tables; ``lines`` are the rows of its table of sensitivity factors."""
    by_name = {line["core_level"]: line for line in lines}
    return Series(acquisitions, components, layers, stacks, chemistry, by_name, areas_cm2)


def series_of_tables(found: Mapping[str, pa.Table], own: Settings, chemistry: Chemistry) -> Series:
    """Return the series of the tables ``found`` by name; ``own`` are its declared stacks, factors and areas."""
    acquisitions, components, layers = (found[name] for name in ("acquisitions", "components", "layers"))
    return series_of(acquisitions, components, layers, own["stacks"], chemistry, own["factors"], own["areas_cm2"])
