"""Which core levels does each region of a series hold, judged by its name and its energies?"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from xps.spectra import Measurement, Region

# ASSUME a window this wide is a survey, whatever its name; the widest narrow ones (a 2p level) are below 100 eV.
SURVEY_FROM_EV = 200.0
# ASSUME a nominal energy may be this far outside a window that is named after its level: charging, chemical shift.
OUTSIDE_EV = 5.0
_NAME = re.compile(r"([A-Z][a-z]?)[ _-]?([1-7][spdf])(?![a-z])")


@dataclass(frozen=True, slots=True)
class Window:
    """A region as the series' files have it: its span (eV), in how many of them, and what it is taken for."""

    name: str
    low_ev: float
    high_ev: float
    files: int
    levels: tuple[str, ...]
    remark: str

    @property
    def is_survey(self) -> bool:
        """Return whether the window is too wide for a level."""
        return self.high_ev - self.low_ev > SURVEY_FROM_EV


def level_of(name: str) -> str | None:
    """Return the core level that a region is named after (``Sn3d5``: Sn 3d); None for Auger lines, surveys ..."""
    match = _NAME.match(name)
    return f"{match[1]} {match[2]}" if match and match[1] != "Su" else None


def windows(read: Sequence[Measurement], lines_ev: Mapping[str, float], held: set[str]) -> list[Window]:
    """Return the series' regions in the order of the files, each core level given to one of them only.

    Levels that a window is not named after are added where their element is measured and a fit model has ``held`` them.
    """
    regions: dict[str, list[Region]] = {}
    for measurement in read:
        for region in measurement.regions:
            regions.setdefault(region.name, []).append(region)
    elements = {level.split()[0] for name in regions if (level := level_of(name)) is not None}
    taken: set[str] = set()
    found = []
    for name, same in regions.items():
        low = max(min(region.start_ev, float(region.energy_ev[-1])) for region in same)
        high = min(max(region.start_ev, float(region.energy_ev[-1])) for region in same)
        levels, remark = _guess(name, low, high, lines_ev, taken)
        if levels:
            guests = [
                level
                for level, energy in lines_ev.items()
                if low < energy < high
                and level in held
                and level not in {*taken, *levels}
                and level.split()[0] in elements
                and not any(level_of(other) == level for other in regions)
            ]
            remark += "".join(f"; {level} ({lines_ev[level]:g} eV) lies in the window too" for level in guests)
            levels = (*levels, *guests)
        taken |= {*levels}
        found.append(Window(name, low, high, len(same), levels, remark))
    return found


def _guess(
    name: str, low: float, high: float, lines_ev: Mapping[str, float], taken: set[str]
) -> tuple[tuple[str, ...], str]:
    level = level_of(name)
    if high - low > SURVEY_FROM_EV:
        return (), "a survey, kept in the tables; composition.survey could quantify it"
    if level is None:
        return (), "its name is not that of a core level"
    if level in taken:
        return (), f"{level} has a region already"
    energy = lines_ev.get(level)
    if energy is not None and not low - OUTSIDE_EV <= energy <= high + OUTSIDE_EV:
        return (), f"it is named after {level}, which is at {energy:g} eV, outside of its {low:g} to {high:g} eV"
    return (level,), f"{low:g} to {high:g} eV"
