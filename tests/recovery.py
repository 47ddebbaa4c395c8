"""The truth of the shipped series, line by line, and each species' share of its core level."""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

PROJECT = Path(__file__).parents[1]


class Line(NamedTuple):
    """A true line of a region (eV, cps·eV) and the species that a fit model calls it."""

    level: str
    species: str
    position: float
    shift: float
    fwhm: float
    lorentzian: float
    splitting: float
    ratio: float
    area: float


@cache
def lines(experiment: str) -> Mapping[tuple[int, str], tuple[Line, ...]]:
    """Return the true lines of a shipped series by row and region."""
    found: dict[tuple[int, str], list[Line]] = {}
    with (PROJECT / "tests" / "truth" / f"{experiment}.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(text for text in file if not text.startswith("#")):
            numbers = ("BE_true_eV", "charge_shift_eV", "FWHM_eV", "lorentz_FWHM_eV", "so_split_eV")
            values = [float(row[name]) for name in (*numbers, "so_ratio_minor_major", "area_cps_eV")]
            found.setdefault((int(row["row"]), row["region"]), []).append(Line(row["line"], row["species"], *values))
    return {key: tuple(held) for key, held in found.items()}


def truth_shares(held: Sequence[Line], grouped: Mapping[str, str]) -> dict[tuple[str, str], float]:
    """Return each species' share of its level's area; ``grouped`` names the component a species is fitted in."""
    shares: dict[tuple[str, str], float] = {}
    for line in held:
        if "loss" not in line.species:
            total = sum(one.area for one in held if one.level == line.level and "loss" not in one.species)
            key = (line.level, grouped.get(line.species, line.species))
            shares[key] = shares.get(key, 0.0) + line.area / total
    return shares
