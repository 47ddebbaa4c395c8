"""When things happened in a series: acquisitions, their windows and the doses between them, on one clock in minutes."""

from typing import NamedTuple

import numpy as np

from xps.kinetics.growth_laws import Plating
from xps.kinetics.regions import Floats, Mask, Places, Regions

_UAH_PER_UA_MIN = 1.0 / 60.0


class Clock(NamedTuple):
    """Starts, plating times, currents and pressures of acquisitions, (acquisitions,) each, NaN where unknown.

    They are numbered from 0; excluded ones are among them, for what was plated before them.
    """

    regions: Regions
    starts_min: Floats
    plating_min: Floats
    currents_ua: Floats
    pressures_pa: Floats

    @property
    def experiment(self) -> str:
        """Whose clock it is."""
        return self.regions.experiment

    @property
    def computed(self) -> bool:
        """Whether the clock is computed from live times: a lower bound."""
        return self.regions.computed

    @property
    def logged_pressures_pa(self) -> Floats:
        """The pressures that the operator's log gives."""
        return self.pressures_pa[np.isfinite(self.pressures_pa)]

    def plated(self, acquisitions: Places) -> Mask:
        """Return before which of these acquisitions something had been plated."""
        return self.plating_min[acquisitions] > 0.0

    def windows(self, acquisitions: Places, region: str) -> Floats:
        """Return the windows (n, 2) in min of ``region`` in these acquisitions; KeyError where it was not measured."""
        rows = self.regions.rows(acquisitions, region)
        if np.any(rows < 0):
            raise KeyError(region)
        return np.stack([self.regions.numbers[name][rows] / 60.0 for name in ("start_time_s", "end_time_s")], axis=1)


def clock(regions: Regions) -> Clock:
    """Return the clock of one series."""
    starts = np.full(regions.count, np.inf)
    np.minimum.at(starts, regions.acquisition, regions.numbers["start_time_s"] / 60.0)
    # What the log says of an acquisition stands in the rows of all its regions.
    there, first = np.unique(regions.acquisition, return_index=True)

    def logged(name: str) -> Floats:
        found = np.full(regions.count, np.nan)
        found[there] = regions.numbers[name][first]
        return found

    plating = logged("plating_time_s") / 60.0
    known = np.where(np.isfinite(starts), starts, np.nan)
    return Clock(regions, known, plating, logged("plating_current_ua"), logged("pressure_pa"))


def doses(when: Clock, area_cm2: float, lithium_nm_per_uah_cm2: float) -> tuple[Plating, ...] | str:
    """Return the doses as if all charge arrived as lithium, or why they cannot be known.

    ASSUME each dose ended when its acquisition began and lasted as long as the log's plating time grew by.
    """
    found: list[Plating] = []
    before = 0.0
    for number in np.flatnonzero(np.isfinite(when.starts_min)).tolist():
        start, total, current = (float(part[number]) for part in (when.starts_min, when.plating_min, when.currents_ua))
        if np.isnan(total):
            return f"the operator's log lacks the plating time of acquisition {number}"
        if total > before:
            if np.isnan(current):
                return f"the operator's log lacks the plating current of acquisition {number}"
            supply = current * _UAH_PER_UA_MIN / area_cm2 * lithium_nm_per_uah_cm2
            found.append(Plating(start - (total - before), start, supply))
        before = total
    return tuple(found) if found else "nothing was plated"
