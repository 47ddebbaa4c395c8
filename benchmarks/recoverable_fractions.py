"""How well can each species' share be told from noise at all? Writes tests/truth/tolerances.csv.

Run: OMP_NUM_THREADS=1 PYTHONPATH=scripts python benchmarks/recoverable_fractions.py [--draws 40] [--output FILE]

For each core level of each acquisition of every committed series: counts are drawn, areas (none negative) and a
constant are fitted with the true shapes on an axis that is wrong by a normal error of 0.03 or 0.10 eV, or with a common
shift left free. The number is the root mean square of found minus true share over the draws: the way in which
../shared/science/tolerances.txt was computed for the plating series. It knows all shapes, so that real fits do worse.
Species that the fit models hold as one component (``GROUPS``) have a row for their sum besides.
"""

import argparse
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np
import scipy.optimize
from numpy.typing import NDArray

from xps import provenance, simulation
from xps.simulation import Plan, RegionPlan, TrueLine

ROOT = Path(__file__).resolve().parents[1]
ERRORS_EV = (0.03, 0.10)
COLUMNS = ("experiment", "row", "time_min", "region", "line", "species", "fraction", "rms_003", "rms_010", "rms_free")
GROUPS = {"Li1s": ("Li-SEI", "LiOH")}
"""By core level, where all of them are there: an interphase and its hydroxide are one component of Li 1s."""
_GRID_EV = np.arange(-0.4, 0.4001, 0.02)
_PLASMON = "plasmon"  # a loss is no species

Floats = NDArray[np.float64]


def columns(plan: Plan, region: RegionPlan, lines: Sequence[TrueLine]) -> Floats:
    """Return rates per unit area of each line, and of a constant, for each shift of the grid.

    Shape (shifts, lines + 1, channels).
    """
    bare = replace(region, constant_background_cps=0.0)
    shifted = [
        [
            simulation.expected_cps(
                bare,
                [replace(line, area_cps_ev=1.0, charge_shift_ev=line.charge_shift_ev + shift)],
                plan.shirley_per_ev,
            )
            for line in lines
        ]
        for shift in _GRID_EV
    ]
    constant = np.ones((_GRID_EV.size, 1, region.channels))
    return np.concatenate([np.array(shifted), constant], axis=1)


def fit(grid: Floats, shift_ev: float, counts: Floats, sigma: Floats) -> tuple[Floats, float]:
    """Return areas ≥ 0 and constant for an axis wrong by ``shift_ev``, and the weighted residual norm."""
    place = (shift_ev - _GRID_EV[0]) / (_GRID_EV[1] - _GRID_EV[0])
    low = int(np.clip(np.floor(place), 0, _GRID_EV.size - 2))
    model = grid[low] + (place - low) * (grid[low + 1] - grid[low])
    return scipy.optimize.nnls((model / sigma).T, counts / sigma)


def residual(grid: Floats, counts: Floats, sigma: Floats, shift_ev: float) -> float:
    """Return the weighted residual norm of the best areas for an axis wrong by ``shift_ev``."""
    return fit(grid, shift_ev, counts, sigma)[1]


def errors(plan: Plan, region: RegionPlan, lines: Sequence[TrueLine], draws: int) -> Floats:
    """Return found minus true shares of the core level, draws × (axis wrong by each of ``ERRORS_EV``, free) × lines."""
    time_s = plan.instrument.time_per_channel_s(region)
    expected = simulation.expected_cps(region, lines, plan.shirley_per_ev) * time_s
    sigma, grid = np.sqrt(expected), columns(plan, region, lines) * time_s
    noise = simulation.noise(plan.experiment, lines[0].row, f"{region.name} tolerance", 0)
    true = shares(lines, np.array([line.area_cps_ev for line in lines]))
    found = np.zeros((draws, len(ERRORS_EV) + 1, len(lines)))
    for draw in found:
        counts = noise.poisson(expected).astype(float)
        for index, error in enumerate(ERRORS_EV):
            areas, _ = fit(grid, float(np.clip(noise.normal(0.0, error), -0.39, 0.39)), counts, sigma)
            draw[index] = shares(lines, areas[:-1]) - true
        best = scipy.optimize.minimize_scalar(
            partial(residual, grid, counts, sigma),
            bounds=(-0.3, 0.3),
            method="bounded",
            options={"xatol": 1e-3},
        )
        draw[-1] = shares(lines, fit(grid, float(best.x), counts, sigma)[0][:-1]) - true
    return found


def shares(lines: Sequence[TrueLine], areas: Floats) -> Floats:
    """Return each area over those of its own core level, losses left out."""
    return np.array(
        [
            area / max(sum(b for other, b in zip(lines, areas, strict=True) if counted(other, line)), 1e-9)
            for line, area in zip(lines, areas, strict=True)
        ]
    )


def counted(other: TrueLine, line: TrueLine) -> bool:
    """Return whether ``other`` is a species of the core level of ``line``."""
    return other.line == line.line and _PLASMON not in other.species


def table(draws: int, names: Sequence[str]) -> Iterator[dict[str, str]]:
    """Yield a row per species of every narrow region of the series ``names``."""
    for name in names:
        setup = simulation.load(ROOT / f"config/simulation/{name}.yaml", ROOT / "config/schema")
        planned = {region.name: region for region in setup.plan.regions if not region.is_survey}
        for acquisition in simulation.truth_of(setup):
            for region, group in groupby(acquisition, key=lambda line: line.region):
                lines = list(group)
                if region not in planned:
                    continue
                true = shares(lines, np.array([line.area_cps_ev for line in lines]))
                found = errors(setup.plan, planned[region], lines, draws)
                for line, species, members in told(lines):
                    share, wrong = true[members].sum(), found[:, :, members].sum(axis=-1)
                    head = (name, str(line.row), f"{line.time_min:g}", region, line.line, species, f"{share:.4f}")
                    numbers = (f"{value:.4f}" for value in np.sqrt(np.mean(wrong**2, axis=0)))
                    yield dict(zip(COLUMNS, (*head, *numbers), strict=True))


def told(lines: Sequence[TrueLine]) -> Iterator[tuple[TrueLine, str, list[int]]]:
    """Yield what gets a row: a line, the name of what it stands for, and the places of its lines."""
    for place, line in enumerate(lines):
        if _PLASMON not in line.species and line.line != "O2s":
            yield line, line.species, [place]
    for level, names in GROUPS.items():
        members = [place for place, line in enumerate(lines) if line.line == level and line.species in names]
        if len(members) == len(names):
            yield lines[members[0]], " + ".join(names), members


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=40)
    parser.add_argument("--output", type=Path, default=ROOT / "tests/truth/tolerances.csv")
    given = parser.parse_args()
    text = io.StringIO()
    text.write(f"# SIMULATED. Root mean square of found minus true share over {given.draws} draws of noise, from\n")
    text.write(
        "# benchmarks/recoverable_fractions.py: axis wrong by 0.03 eV, by 0.10 eV (one sigma), or shift left free.\n"
    )
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    names = sorted(path.name for path in (ROOT / "raw").iterdir() if path.is_dir())
    writer.writerows(table(given.draws, names))
    provenance.write_atomically(given.output, text.getvalue().encode("utf-8"))


if __name__ == "__main__":
    main()
