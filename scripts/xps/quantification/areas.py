"""What one acquisition shows of each counted core level: its area, errors, and the species that make it up.

Only components that were declared to be counted enter: satellites do not, and neither do lines of a level that intrude
on another's window (Ge 3p under P 2p, O 2s beside Ge 3d).
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

Row = Mapping[str, Any]


class Part(NamedTuple):
    """A species' share of a level: area, its errors (cps·eV), share of the level, and what is known at least."""

    species: str
    area: float
    stderr: float
    fraction: float
    fraction_stderr: float
    systematic: float
    upper_limit: float | None
    detected: bool


class LevelArea(NamedTuple):
    """The area of a core level in one acquisition (cps·eV), both errors, and its species."""

    core_level: str
    region: str
    area: float
    stderr: float
    systematic: float
    parts: tuple[Part, ...]

    @property
    def detected(self) -> bool:
        """At least one of its species was detected."""
        return any(part.detected for part in self.parts)


def level_area(core_level: str, rows: Sequence[Row], alternatives: Iterable[Row]) -> LevelArea | str:
    """Return the area of ``core_level`` from its counted component ``rows``, or why there is none.

    ``alternatives`` are those of the same model and acquisition.
    """
    if not rows:
        return f"{core_level} was not measured in this acquisition"
    if any(row["area_cps_ev"] is None for row in rows):
        return f"the fit of {core_level} failed in this acquisition"
    area = float(sum(row["area_cps_ev"] for row in rows))
    parts = tuple(
        _part(species, [row for row in rows if row["species"] == species], area)
        for species in dict.fromkeys(row["species"] for row in rows)
    )
    names = {row["component"] for row in rows}
    return LevelArea(core_level, rows[0]["region"], area, _stderr(rows), _systematic(names, alternatives), parts)


def _stderr(rows: Sequence[Row]) -> float:
    """Return the standard error of the level's sum; where the fit gives none, that of uncorrelated components.

    Overlapping components take from each other, so that the sum is known better than its parts: without the fit's own
    number the error is too large.
    """
    whole = rows[0].get("level_area_stderr_cps_ev")
    if whole is not None:
        return float(whole)
    return float(np.sqrt(sum((row["area_stderr_cps_ev"] or 0.0) ** 2 for row in rows)))


def _systematic(names: set[str], alternatives: Iterable[Row]) -> float:
    """Return the systematic error of the sum: per statement the largest counted change, then the root of squares."""
    changes: dict[tuple[str, str], float] = defaultdict(float)
    for row in alternatives:
        if row["component"] in names and row["area_change_cps_ev"] is not None:
            changes[row["statement"], row["alternative"]] += row["counted_share"] * row["area_change_cps_ev"]
    largest: dict[str, float] = {}
    for (statement, _), change in changes.items():
        largest[statement] = max(largest.get(statement, 0.0), abs(change))
    return float(np.sqrt(sum(change**2 for change in largest.values())))


def _part(species: str, rows: Sequence[Row], total: float) -> Part:
    """Return what a species' components hold together; usually it has one."""
    area = float(sum(row["area_cps_ev"] for row in rows))
    limits = [row["upper_limit_95_cps_ev"] for row in rows]

    def together(column: str) -> float:
        return float(np.sqrt(sum((row[column] or 0.0) ** 2 for row in rows)))

    return Part(
        species=species,
        area=area,
        stderr=together("area_stderr_cps_ev"),
        fraction=area / total if total > 0 else 0.0,
        fraction_stderr=together("area_fraction_stderr"),
        systematic=together("area_systematic_stderr_cps_ev"),
        upper_limit=None if None in limits else float(sum(limits)),
        detected=any(bool(row["detected"]) for row in rows),
    )
