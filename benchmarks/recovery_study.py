"""Are the shares that the analysis finds as right as it says? Simulated series of many seeds through the real stages.

Run: OMP_NUM_THREADS=1 PYTHONPATH=scripts python benchmarks/recovery_study.py [--seeds 1-3] [--experiments lgps_vep ...]
     [--variant NAME] [--ties drawn] [--quick] [--output cases.csv], or with --read cases.csv alone

Each seed draws noise and charging anew; every stage up to fit_components runs in this process, as in the workflow. A
case is one component of one acquisition and seed, with a true share of 2 to 98 % of its core level; components that
group species are compared with the sum of theirs. Printed per model and component: bias, root mean square, share of
cases within three times the tolerance (tests/truth/tolerances.csv, for the axis error of the series), mean and standard
deviation of the pulls (found - true) / stderr, share of 95 % intervals with the systematic error that hold the truth.

Pooled are, of each level, the cases of the first model that holds it whose area the analysis calls identified: the
counts alone carry them. Conditional areas rest on soft ties. The simulated series stand at the middle of these, so that
errors which hold the ties' widths are too large there (a line of its own tells); with ``--ties drawn`` nature departs
from each tie as far as it may. Exit status 1 where the pooled pulls miss mean 0 ± 0.2 or standard deviation 1 ± 0.15.
``--quick`` leaves out the alternatives: pulls alone.
"""

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any, NamedTuple

import chain
import drawn_ties
import numpy as np

from xps import models, simulation
from xps.simulation import TrueLine

ROOT = chain.ROOT
TOLERANCES = ROOT / "tests/truth/tolerances.csv"
# Species that a component without a rival in its model stands for as well.
GROUPED = {"LiOH": "Li-SEI", "Li2S": "Li-SEI"}
LOWEST, HIGHEST = 0.02, 0.98

Allowed = Mapping[tuple[str, int, str, str], float]


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


def study(given: argparse.Namespace) -> Iterator[list[Case]]:
    """Yield the cases of each series and seed."""
    for name in given.experiments:
        settings = chain.analysis_of([name]).model_mappings(SimpleNamespace(experiment=name))
        known = [models.from_mapping(model, chain.plain(content)) for model, content in settings.items()]
        for seed in given.seeds:
            made = chain.made(chain.setup(name, seed), given.variant)
            made = drawn_ties.applied(made, known, seed) if given.ties == "drawn" else made
            found = chain.tables_of(name, made.series(), alternatives=not given.quick)
            yield list(cases_of(name, seed, found["components"].to_pylist(), made.truth()))
            print(f"{name} seed {seed}", file=sys.stderr, flush=True)


def judged(cases: Sequence[Case], verdict: str) -> list[Case]:
    """Return the cases with a verdict, of each level those of its first model."""
    first: dict[tuple[str, int, int, str], str] = {}
    for case in cases:
        first.setdefault((case.experiment, case.seed, case.acquisition, case.level), case.model)
    return [
        case
        for case in cases
        if first[case.experiment, case.seed, case.acquisition, case.level] == case.model and case.verdict == verdict
    ]


def read(path: Path) -> list[Case]:
    """Return the cases of a file, numbers as numbers."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    kinds = dict.fromkeys(("true", "found", "stderr", "systematic"), float) | dict.fromkeys(
        ("seed", "acquisition"), int
    )
    return [Case(**{name: kinds.get(name, str)(text) for name, text in row.items()}) for row in rows]


def tolerances() -> Allowed:
    """Return the root mean square by experiment, acquisition, line and species, for the axis error of each series.

    The table has two errors, 0.03 and 0.10 eV; between them it is taken to be linear. Species that one component stands
    for have a row of their own after theirs, "first + others", which is that of the first.
    """
    text = TOLERANCES.read_text(encoding="utf-8").splitlines()
    found = {}
    for row in csv.DictReader(line for line in text if not line.startswith("#")):
        place = min(max(axis_error_ev(row["experiment"]) - 0.03, 0.0) / 0.07, 1.0)
        rms = (1.0 - place) * float(row["rms_003"]) + place * float(row["rms_010"])
        found[row["experiment"], int(row["row"]), row["line"], row["species"].split(" + ")[0]] = rms
    return found


@cache
def axis_error_ev(experiment: str) -> float:
    """Return by how much the regions of a cycle stand apart from its reference's region (standard deviation)."""
    return float(np.sqrt(2.0)) * chain.setup(experiment).charging.spread_ev


def summary(title: str, cases: Sequence[Case], allowed: Allowed) -> tuple[float, float]:
    """Print one line on ``cases``; return mean and standard deviation of their pulls."""
    if not cases:
        return float("nan"), float("nan")
    error = np.array([case.found - case.true for case in cases])
    pulls = np.array([case.pull for case in cases])
    total = np.hypot([case.stderr for case in cases], [case.systematic for case in cases])
    limits = [3.0 * allowed.get((c.experiment, c.acquisition, c.level, c.species), np.nan) for c in cases]
    inside = np.abs(error) <= np.fmax(np.array(limits), 1.5e-3)  # the table is printed to 0.0005
    listed = np.isfinite(limits)
    within = f"{inside[listed].mean():5.2f}" if listed.any() else "    -"
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
    parser.add_argument(
        "--ties", choices=["middle", "drawn"], default="middle", help="where nature stands in soft ties"
    )
    parser.add_argument("--quick", action="store_true", help="without the alternatives, so without systematic errors")
    parser.add_argument("--output", type=Path, help="add every case to this CSV file")
    parser.add_argument("--read", type=Path, help="run nothing: report on the cases of this CSV file")
    given = parser.parse_args()
    cases, allowed = read(given.read) if given.read else [], tolerances()
    for found in [] if given.read else study(given):
        chain.appended(given.output, Case._fields, (case._asdict() for case in found))
        cases += found
    print(f"{'experiment model component':52s} {'cases':>5s} {'bias':>8s} {'rms':>7s} 3×tol {'mean':>6s} sigma cover")
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[f"{case.experiment} {case.model} {case.component}"].append(case)
    for title, group in groups.items():
        summary(title, group, allowed)
    summary("all", cases, allowed)
    for verdict in ("not_identified", "conditional", "identified"):
        mean, spread = summary(f"pooled: {verdict}", judged(cases, verdict), allowed)
    return 0 if abs(mean) <= 0.2 and abs(spread - 1.0) <= 0.15 else 1


if __name__ == "__main__":
    sys.exit(main())
