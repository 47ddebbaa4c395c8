"""Do the files of a series belong together? What changed between them that makes their intensities hard to compare.

A warning, never a fault: an operator may have had to change the pass energy, and may want two instruments side by side.
"""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from xps.spectra import Measurement, Region

_OF_FILE = {
    "instrument": "instrument {}",
    "photon_energy_ev": "photon energy {:g} eV",
    "emission_angle_deg": "emission angle {:.1f} deg",
}
_OF_REGION = {"pass_energy_ev": "pass energy of {name} {:g} eV", "step_ev": "step of {name} {:g} eV"}
# ASSUME a log kept in whole minutes: an overlap of less says nothing.
_OVERLAP_S = 60.0


class Continuity:
    """What the files of a series had in common so far; ``warnings`` takes them in their order."""

    def __init__(self) -> None:
        self._first: dict[str, tuple[str, str]] = {}
        """Each fact as it is told, with the file in which it was first met."""
        self._last: tuple[date, str] | None = None

    def warnings(self, measurement: Measurement) -> list[str]:
        """Return what this file has otherwise than the first that says it, and whether its date runs backwards."""
        found = []
        for fact, told in _facts(measurement):
            first, where = self._first.setdefault(fact, (told, measurement.name))
            if told != first:
                found.append(f"{told}, but {first} in {where}: intensities may not compare")
        recorded = measurement.acquisition_date or measurement.file_date
        if recorded is not None:
            if self._last is not None and recorded < self._last[0]:
                before, where = self._last
                found.append(f"dated {recorded}, before {where} ({before}): is the order right?")
            self._last = recorded, measurement.name
        return found


def overlap(start_s: float, end_s: float) -> list[str]:
    """Return a warning where an acquisition starts at ``start_s``, clearly before the one before can have ended."""
    if end_s - start_s <= _OVERLAP_S:
        return []
    return [f"log: starts {end_s - start_s:.0f} s before the acquisition before it can have ended, by its live times"]


def _facts(measurement: Measurement) -> Iterator[tuple[str, str]]:
    for name, told in _OF_FILE.items():
        yield from _fact(name, told, measurement, {})
    for region in measurement.regions:
        for name, told in _OF_REGION.items():
            yield from ((f"{name} {region.name}", text) for _, text in _fact(name, told, region, {"name": region.name}))


def _fact(name: str, told: str, of: Measurement | Region, words: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    value = getattr(of, name)
    if value is not None:
        yield name, told.format(value, **words)
