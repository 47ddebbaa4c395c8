"""One series as kinetics sees it: each component along the acquisitions, the films, and what was declared of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np

from xps import tables
from xps.chemistry import Chemistry
from xps.kinetics import series_clock
from xps.kinetics.regions import Floats, Mask, Places, Regions, floats, regions_of
from xps.kinetics.tracks import Track, tracks
from xps.sensitivity import Facts

Settings = Mapping[str, Any]

_THICKNESSES = ("thickness_nm", "thickness_stderr_nm", "thickness_lower_limit_nm")
_LAYERS = ["acquisition", "layer_model", "layer", "patch_coverage_fraction", *_THICKNESSES]


class Film(NamedTuple):
    """A film along a series, each (n,): acquisitions, thicknesses, errors or lower limits (nm; NaN where unknown)."""

    acquisitions: Places
    thickness_nm: Floats
    stderr_nm: Floats
    lower_limit_nm: Floats

    @property
    def known(self) -> Mask:
        """Where there is a thickness with an error."""
        return np.isfinite(self.thickness_nm) & (np.nan_to_num(self.stderr_nm) > 0.0)

    def taken(self, which: Mask | Places) -> "Film":
        """Return those of them."""
        return Film._make(part[which] for part in self)


@dataclass(frozen=True)
class Series:
    """All that is known of one series: its tables, reference and declared stacks.

    ``found`` holds ``acquisitions``, ``components`` and ``layers``; of a long series little of them is in memory.
    """

    found: tables.Series
    stacks: Sequence[Settings]
    chemistry: Chemistry
    lines: Mapping[str, Settings]
    areas_cm2: Mapping[str, float]

    @cached_property
    def regions(self) -> Regions:
        """What was measured when."""
        return regions_of(self.found)

    @cached_property
    def clock(self) -> series_clock.Clock:
        """When things happened."""
        return series_clock.clock(self.regions)

    @cached_property
    def tracks(self) -> list[Track]:
        """Every component along the acquisitions that are not excluded."""
        return tracks(self.regions, self.found)

    def times_s(self, axis: str) -> Floats:
        """Return the column ``axis`` of every row of ``acquisitions``, NaN where unknown.

        For ``start_time_s`` it is the middle of the region's own window.
        """
        numbers = self.regions.numbers
        return 0.5 * (numbers["start_time_s"] + numbers["end_time_s"]) if axis == "start_time_s" else numbers[axis]

    def facts(self, region: str) -> Facts:
        """Return what the header says of ``region`` in its first acquisition."""
        return self.regions.facts[region]

    def component(self, model: str, name: str) -> Track | None:
        """Return the acquisitions in which a component has an area, chronological; None where it is nowhere fitted."""
        for track in self.tracks:
            if (track.names.model, track.names.component) == (model, name):
                return track.known("area_cps_ev")
        return None

    def film(self, wanted: Settings) -> tuple[Film | None, Settings]:
        """Return the thicknesses of the wanted film, chronological, and how it was declared; None without."""
        for stack in self.stacks:
            for film in stack["films"]:
                if (stack["layer_model"], film["layer"]) == (wanted["layer_model"], wanted["layer"]):
                    return self._thicknesses(wanted), film
        return None, {}

    def _thicknesses(self, wanted: Settings) -> Film:
        named = {name: wanted[name] for name in ("layer_model", "layer")}
        parts = [part.drop_columns(list(named)) for part in self.found.parts("layers", _LAYERS, **named)]
        columns = {
            name: np.concatenate([np.zeros(0), *(floats(part, name) for part in parts)])
            for name in _LAYERS
            if name not in named
        }
        shares, coverage = columns["patch_coverage_fraction"], wanted.get("coverage_fraction")
        use = (
            np.flatnonzero(np.isnan(shares) | (shares == coverage)) if coverage is not None else np.arange(shares.size)
        )
        # Where several rows are of one acquisition the last one counts.
        numbers, last = np.unique(columns["acquisition"][use][::-1], return_index=True)
        rows = use[::-1][last]
        return Film(numbers.astype(np.intp), *(columns[name][rows] for name in _THICKNESSES))

    def windows_min(self, film: Settings, acquisitions: Places) -> Floats:
        """Return the windows (n, 2) in min in which the tracer of a declared film was measured."""
        track = self.component(film["tracer"]["model"], film["tracer"]["components"][0])
        assert track is not None  # a thickness has come of it
        return self.clock.windows(acquisitions, track.region)


def series_of(
    found: tables.Series,
    stacks: Sequence[Settings],
    chemistry: Chemistry,
    lines: Sequence[Settings],
    areas_cm2: Mapping[str, float],
) -> Series:
    """Return the series of these tables; ``lines`` are the rows of its table of sensitivity factors."""
    return Series(found, stacks, chemistry, {line["core_level"]: line for line in lines}, areas_cm2)


def series_of_tables(found: Mapping[str, tables.Table], own: Settings, chemistry: Chemistry) -> Series:
    """Return the series of the tables ``found`` by name; ``own`` are its declared stacks, factors and areas."""
    return series_of(tables.Series(found), own["stacks"], chemistry, own["factors"], own["areas_cm2"])
