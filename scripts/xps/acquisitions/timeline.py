"""When was each region measured? Seconds from the start of the series, by the operator's clock or as a lower bound.

Without a clock, cycles follow each other back to back and last as long as they must: counting, sputtering and the
waits that the header states. Stage moves, flyback and the operator are not in any file, so this is a lower bound.
With a clock, regions share the logged interval in the order of the file, in proportion to their live times.

ASSUME regions are measured one after the other, each once, in the order of the file, all its sweeps in a row: so PHI
software runs a multi-region acquisition, and no file says otherwise.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from xps.spectra import Measurement


class Pace(NamedTuple):
    """The shortest that one cycle can take, in s."""

    lead_s: float
    """Sputtering and the wait after it, before the first region."""
    pause_s: float
    """Wait before each region."""
    live_s: tuple[float, ...]
    """Counting time of each region: channels times time per channel."""

    @property
    def counting_s(self) -> float:
        """Return the counting time of all regions."""
        return sum(self.live_s)

    def without_pauses(self) -> "Pace":
        """Return the same pace without the waits before regions."""
        return self._replace(pause_s=0.0)

    def without_lead(self) -> "Pace":
        """Return the same pace without sputtering."""
        return self._replace(lead_s=0.0)

    @property
    def total_s(self) -> float:
        """Return the shortest time from the end of the cycle before to the end of this one."""
        return self.lead_s + self.pause_s * len(self.live_s) + self.counting_s


class Window(NamedTuple):
    """Start and end of one region, s from the start of the series."""

    start_s: float
    end_s: float


def pace(measurement: Measurement, cycle: int) -> Pace:
    """Return the shortest time that ``cycle`` of a file can have taken.

    In a profile: sputter interval + ProfSputterDelay (where there was sputtering) + for each region
    DelayBeforeAcquire + channels x time per channel. In a plain spectrum: counting alone.
    ASSUME a sputter time below zero, as AES profiles have it before the surface cycle, means no sputtering yet; and
    ASSUME DelayBeforeAcquire holds before every region of a profile, as found in files; neither is stated anywhere.
    """
    live_s = tuple(region.channels * region.time_per_channel_s for region in measurement.regions)
    if measurement.file_type == "spectrum":
        return Pace(0.0, 0.0, live_s)
    sputtered_s = _sputter_interval_s(measurement, cycle)
    lead_s = sputtered_s + _leading_number(measurement.first("ProfSputterDelay")) if sputtered_s > 0.0 else 0.0
    return Pace(lead_s, _leading_number(measurement.first("DelayBeforeAcquire")), live_s)


def windows(paces: Sequence[Pace], start_s: float, interval_s: float | None = None) -> list[list[Window]]:
    """Return the windows of the regions of consecutive cycles that begin at ``start_s``.

    Where ``interval_s`` is longer than the cycles need, all times are stretched to fill it; where it is shorter the
    times are kept (counting cannot be hurried: the interval is wrong).
    """
    needed_s = sum(item.total_s for item in paces)
    stretch = max(1.0, interval_s / needed_s) if interval_s is not None and needed_s > 0.0 else 1.0
    placed: list[list[Window]] = []
    passed_s = 0.0
    for item in paces:
        passed_s += item.lead_s
        own = []
        for live_s in item.live_s:
            passed_s += item.pause_s
            own.append(Window(start_s + stretch * passed_s, start_s + stretch * (passed_s + live_s)))
            passed_s += live_s
        placed.append(own)
    return placed


def _sputter_interval_s(measurement: Measurement, cycle: int) -> float:
    times = measurement.sputter_time_s
    if times is None:
        return 0.0
    before = max(0.0, float(times[cycle - 1])) if cycle else 0.0
    return max(0.0, float(times[cycle])) - before


def _leading_number(value: str | None) -> float:
    """Return the number that a header value such as ``5 seconds`` begins with; 0 where there is none."""
    match = re.match(r"\s*([0-9]+\.?[0-9]*)", value or "")
    return float(match.group(1)) if match else 0.0
