"""How well a share could be recovered at best, computed as in ../shared/science/tolerances.txt, for any series.

A reference fit knows everything about a region but the areas: exact lines, widths and distances, background included.
Its energies stand wrong by the error of the reference, drawn anew each time. The root mean square of what it gets wrong
about a species' share is the tolerance. No code of the fit takes part; areas are kept at or above 0 by Lawson-Hanson.
"""

import csv
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls
from scipy.special import voigt_profile

Array = NDArray[np.float64]

PROJECT = Path(__file__).parents[1]
STEP_EV, SHIRLEY_PER_EV, REFERENCE_LEVEL = 0.1, 0.02, "C1s"
# Ends of each window (eV), minutes of counting, constant background (cps): ../shared/science/experiments.yaml.
REGIONS = {
    "Li1s": (44.0, 64.0, 30.0, 600.0),
    "Ge3d": (16.0, 44.0, 6.0, 400.0),
    "P2p": (116.0, 142.0, 8.0, 1800.0),
    "S2p": (154.0, 174.0, 5.0, 2500.0),
    "Al2p": (64.0, 84.0, 10.0, 900.0),
    "O1s": (522.0, 542.0, 4.0, 6000.0),
    "C1s": (278.0, 298.0, 4.0, 4500.0),
}


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


def reference_error_ev(experiment: str) -> float:
    """Return the root mean square of what the regions of a cycle stand apart from its C 1s region."""
    shifts = {key: held[0].shift for key, held in lines(experiment).items() if key[1] in REGIONS}
    apart = [shift - shifts[row, REFERENCE_LEVEL] for (row, name), shift in shifts.items() if name != REFERENCE_LEVEL]
    return float(np.sqrt(np.mean(np.square(apart))))


def profile(energy: Array, line: Line) -> Array:
    """Return a line of unit area, both lines of a doublet, with the step that it puts under higher energies."""
    # Olivero and Longbothum's width of a Voigt profile, solved for the Gaussian part; 0.02 %.
    gaussian = np.sqrt((line.fwhm - 0.5346 * line.lorentzian) ** 2 - 0.2166 * line.lorentzian**2)
    sigma, gamma = gaussian / 2.354820045, line.lorentzian / 2.0
    shape = voigt_profile(energy - line.position, sigma, gamma)
    shape = (shape + line.ratio * voigt_profile(energy - line.position - line.splitting, sigma, gamma)) / (
        1 + line.ratio
    )
    step = np.concatenate([[0.0], np.cumsum(0.5 * (shape[1:] + shape[:-1]) * np.diff(energy))])
    return np.asarray(shape + SHIRLEY_PER_EV * step)


def truth_shares(held: Sequence[Line], grouped: Mapping[str, str]) -> dict[tuple[str, str], float]:
    """Return each species' share of its level's area; ``grouped`` names the component a species is fitted in."""
    shares: dict[tuple[str, str], float] = {}
    for line in held:
        if "loss" not in line.species:
            total = sum(one.area for one in held if one.level == line.level and "loss" not in one.species)
            key = (line.level, grouped.get(line.species, line.species))
            shares[key] = shares.get(key, 0.0) + line.area / total
    return shares


def tolerances(
    experiment: str, row: int, region: str, error_ev: float, grouped: Mapping[str, str], draws: int = 60
) -> dict[tuple[str, str], float]:
    """Return the RMS error of each species' share in a reference fit with energies wrong by ``error_ev``.

    Where a level has one species only, its share is 1 whatever the fit does: there the species that the series shows
    in other rows are fitted too, since they may be mistaken for it.
    """
    held = lines(experiment)[row, region]
    wanted = {level: {line.species for line in held if line.level == level} for level in {line.level for line in held}}
    alone = any(len(species) == 1 for species in wanted.values())
    found = _spread(held, error_ev, grouped, region, draws)
    if alone:
        wider = _spread(_with_absent(experiment, row, region), error_ev, grouped, region, draws)
        found |= {key: wider[key] for key in found if len(wanted[key[0]]) == 1}
    return found


def _spread(
    held: Sequence[Line], error_ev: float, grouped: Mapping[str, str], region: str, draws: int
) -> dict[tuple[str, str], float]:
    low, high, minutes, constant = REGIONS[region]
    energy = np.arange(low, high + 0.5 * STEP_EV, STEP_EV) - held[0].shift
    time_s = minutes * 60.0 / energy.size
    expected = time_s * (constant + sum(line.area * profile(energy, line) for line in held))
    weights = 1.0 / np.sqrt(expected)
    true, rng = truth_shares(held, grouped), np.random.default_rng([len(held), len(region), draws])
    squares: dict[tuple[str, str], list[float]] = {key: [] for key in true}
    for _ in range(draws):
        shift = rng.normal(0.0, error_ev)
        columns = np.stack([profile(energy + shift, line) for line in held] + [np.ones_like(energy)], axis=1) * time_s
        areas, _ = nnls(columns * weights[:, None], rng.poisson(expected) * weights)
        fitted = [line._replace(area=max(area, 1e-9)) for line, area in zip(held, areas[:-1], strict=True)]
        found = truth_shares(fitted, grouped)
        for key, share in true.items():
            squares[key].append((found[key] - share) ** 2)
    return {key: float(np.sqrt(np.mean(values))) for key, values in squares.items()}


def _with_absent(experiment: str, row: int, region: str) -> tuple[Line, ...]:
    held = lines(experiment)[row, region]
    names = {(line.level, line.species) for line in held}
    others = sorted((key for key in lines(experiment) if key[1] == region), key=lambda key: abs(key[0] - row))
    for other in others:
        for line in lines(experiment)[other]:
            if (line.level, line.species) not in names:
                names.add((line.level, line.species))
                held = (*held, line._replace(area=0.0, shift=held[0].shift))
    return held
