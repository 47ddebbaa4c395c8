"""Are the shares that the analysis finds as right as it says? Simulated series of many seeds through the real stages.

Run: OMP_NUM_THREADS=1 PYTHONPATH=scripts python benchmarks/recovery_study.py [--seeds 1-3] [--experiments lgps_vep ...]
     [--variant NAME] [--output cases.csv], or with --read cases.csv alone

Each seed draws noise and charging anew; every stage up to fit_components runs in this process, as in the workflow. A
case is one component of one acquisition and seed, with a true share of 2 to 98 % of its core level; components that
group species are compared with the sum of theirs. Printed per model and component: bias, root mean square, that over
tests/truth/tolerances.csv (axis wrong by 0.03 eV), mean and standard deviation of the pulls (found - true) / stderr,
share of 95 % intervals with the systematic error that hold the truth; last of all pooled. Exit status 1 where the
pooled pulls miss mean 0 ± 0.2 or standard deviation 1 ± 0.15.
"""

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import chain
import numpy as np

from xps import simulation
from xps.simulation import TrueLine

ROOT = chain.ROOT
# Species that a component without a rival in its model stands for as well.
GROUPED = {"LiOH": "Li-SEI", "Li2S": "Li-SEI"}
LOWEST, HIGHEST = 0.02, 0.98


class Case(NamedTuple):
    """One component of one acquisition of one seed."""

    experiment: str
    seed: int
    acquisition: int
    model: str
    component: str
    level: str
    species: str
    true: float
    found: float
    stderr: float
    systematic: float
    verdict: str

    @property
    def pull(self) -> float:
        """Return the error in units of its statistical standard error."""
        return (self.found - self.true) / self.stderr


def cases_of(name: str, seed: int, rows: Sequence[Mapping[str, Any]], truth: Sequence[TrueLine]) -> Iterator[Case]:
    """Yield what can be compared: found shares with an error, and true shares that are neither nothing nor all."""
    numbers = {row: number for number, row in enumerate(sorted({line.row for line in truth}))}
    areas: dict[tuple[int, str], dict[str, float]] = defaultdict(dict)
    for line in truth:
        if line.region != "Su1s" and "plasmon" not in line.species:
            areas[numbers[line.row], line.line][line.species] = line.area_cps_ev
    known: dict[tuple[str, str], set[str]] = defaultdict(set)
    for row in rows:
        known[row["model"], row["core_level"]].add(row["species"])
    for row in rows:
        level = row["core_level"].replace(" ", "")
        true_areas, rivals = areas.get((row["acquisition"], level), {}), known[row["model"], row["core_level"]]
        total = sum(true_areas.values())
        if not total or row["area_fraction"] is None or not row["area_fraction_stderr"]:
            continue
        own = [
            species
            for species in true_areas
            if (species if species in rivals else GROUPED.get(species, species)) == row["species"]
        ]
        share = sum(true_areas[species] for species in own) / total
        if LOWEST <= share <= HIGHEST:
            yield Case(
                name,
                seed,
                row["acquisition"],
                row["model"],
                row["component"],
                level,
                row["species"],
                share,
                row["area_fraction"],
                row["area_fraction_stderr"],
                row["area_fraction_systematic_stderr"] or 0.0,
                row["verdict"] or "",
            )


def study(experiments: Sequence[str], seeds: Sequence[int], kind: str | None) -> Iterator[list[Case]]:
    """Yield the cases of each series and seed."""
    for name in experiments:
        for seed in seeds:
            made = chain.made(chain.setup(name, seed), kind)
            found = chain.tables_of(name, made.series())
            yield list(cases_of(name, seed, found["components"].to_pylist(), made.truth()))
            print(f"{name} seed {seed}", file=sys.stderr, flush=True)


def read(path: Path) -> list[Case]:
    """Return the cases of a file, numbers as numbers."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = dict.fromkeys(("true", "found", "stderr", "systematic"), float) | dict.fromkeys(
        ("seed", "acquisition"), int
    )
    return [Case(**{name: kinds.get(name, str)(text) for name, text in row.items()}) for row in rows]


def tolerances() -> dict[tuple[str, int, str, str], float]:
    """Return the root mean square by experiment, acquisition, line and species."""
    text = (ROOT / "tests/truth/tolerances.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in text if not line.startswith("#"))
    return {(r["experiment"], int(r["row"]), r["line"], r["species"]): float(r["rms_003"]) for r in rows}


def summary(
    title: str, cases: Sequence[Case], allowed: Mapping[tuple[str, int, str, str], float]
) -> tuple[float, float]:
    """Print one line on ``cases``; return mean and standard deviation of their pulls."""
    error = np.array([case.found - case.true for case in cases])
    pulls = np.array([case.pull for case in cases])
    total = np.hypot([case.stderr for case in cases], [case.systematic for case in cases])
    limits = [3.0 * allowed.get((c.experiment, c.acquisition, c.level, c.species), np.nan) for c in cases]
    inside = np.abs(error) <= np.fmax(np.array(limits), 1e-3)
    judged = np.isfinite(limits)
    within = f"{inside[judged].mean():5.2f}" if judged.any() else "    -"
    spread = float(pulls.std(ddof=1)) if len(cases) > 1 else float("nan")
    print(
        f"{title:52s} {len(cases):5d} {error.mean():+8.4f} {np.sqrt((error**2).mean()):7.4f} {within} "
        f"{pulls.mean():+6.2f} {spread:5.2f} {(np.abs(error) <= 1.96 * total).mean():5.2f}"
    )
    return float(pulls.mean()), spread


def main() -> int:
    """Print the study and return its exit status."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    every = sorted(
        path.name for path in (ROOT / "raw").iterdir() if (ROOT / f"config/experiments/{path.name}.yaml").exists()
    )
    parser.add_argument("--seeds", type=chain.span, default=chain.span("1-3"), metavar="FIRST-LAST")
    parser.add_argument("--experiments", nargs="+", default=every, choices=every)
    parser.add_argument("--variant", choices=sorted(simulation.VARIANTS))
    parser.add_argument("--output", type=Path, help="add every case to this CSV file")
    parser.add_argument("--read", type=Path, help="run nothing: report on the cases of this CSV file")
    given = parser.parse_args()
    cases, allowed = read(given.read) if given.read else [], tolerances()
    for found in [] if given.read else study(given.experiments, given.seeds, given.variant):
        chain.appended(given.output, Case._fields, (case._asdict() for case in found))
        cases += found
    print(f"{'experiment model component':52s} {'cases':>5s} {'bias':>8s} {'rms':>7s} 3×tol {'mean':>6s} sigma cover")
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[f"{case.experiment} {case.model} {case.component}"].append(case)
    for title, group in groups.items():
        summary(title, group, allowed)
    mean, spread = summary("all", cases, allowed)
    return 0 if abs(mean) <= 0.2 and abs(spread - 1.0) <= 0.15 else 1


if __name__ == "__main__":
    sys.exit(main())
