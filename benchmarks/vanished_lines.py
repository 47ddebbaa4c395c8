"""Does a fit find the best minimum where a component of its model is absent, or the axis is badly known?

Run: OMP_NUM_THREADS=1 PYTHONPATH=scripts:benchmarks python benchmarks/vanished_lines.py [spectra] [words of a case]
An absent line has no place of its own, and one that overlaps it may have grown to take its part; on an axis known to
some 0.1 eV one line may be another one moved. Counts are made with the model at hand, energies 0.1 eV and widths 10 %
off at random, one component's area 0. The engine fits them from the model file's start, as it does for an acquisition
alone, and from starts that are as poor as those of ``random_starts``. The best minimum is the lowest that any of these
finds, or the truth leads to, or a full fit from each of ``PLACES`` trial positions of every line and drift, with widths
as the model starts and as found. A fit has reached it when its objective is within 1e-3 of it.
"""

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import false_detection
import numpy as np
import random_starts
import yaml
from numpy.typing import NDArray

from xps import models
from xps.fitting import engines
from xps.fitting.solving import batch, problem, search
from xps.fitting.solving.problem import Problem
from xps.models import FitModel
from xps.separable import marquardt
from xps.spectra import Spectrum

Array = NDArray[np.float64]
ROOT = Path(__file__).parents[1]
PLACES = 12
DRIFT_SIGMAS = 2.6
POOR = 3


@dataclass(frozen=True, slots=True)
class Case:
    """A model, which of its components is absent (or None), its areas at most (counts·eV) and how its axis drifts."""

    name: str
    model: FitModel
    absent: str | None
    area: float
    drift_stderr_ev: float = 0.02


def cases() -> Iterator[Case]:
    """Yield every line of the speed benchmark's levels and of shipped windows left out in turn, and loose axes."""
    shipped = ROOT / "config" / "models" / "lagp_li1s.yaml"
    lagp = models.from_mapping("lagp_li1s", yaml.safe_load(shipped.read_text(encoding="utf-8")))
    lagp = replace(lagp, alternatives=())
    loose = {case.model.name: case.model for case in false_detection.cases()}["given on an axis known to 0.4 eV"]
    for area in (1e4, 1e3, 2e2):
        for name in ("Li 1s", "Ge 3d"):
            model = random_starts.model_of(name)
            for part in model.components:
                yield Case(f"{name} without {part.name}", model, part.name, area)
        for absent in ("Li-SEI", "Li2O", "Li0", "Ge0 3d"):
            yield Case(f"lagp_li1s without {absent}", lagp, absent, area, 0.08)
        yield Case("loose axis, both lines", loose, None, area, 0.4)
        yield Case("loose axis, one line", loose, "Li2O", area, 0.4)


def simulated(case: Case, spectra: int) -> tuple[list[Problem], list[Array]]:
    """Return spectra of a case bound to its model, and the true θ of each."""
    windows, drift = case.model.windows, case.drift_stderr_ev
    axes = [np.arange(window.high_ev, window.low_ev - 0.05, -0.1) for window in windows]

    def bound(number: int, counts: list[Array]) -> Problem:
        return problem.bind(
            case.model,
            [
                Spectrum("made", number, window.core_level, case.model.core_levels, axis, made, 1.0, None, 0.0, drift)
                for window, axis, made in zip(windows, axes, counts, strict=True)
            ],
        )

    empty, cuts = bound(0, [np.ones(axis.size) for axis in axes]), np.cumsum([axis.size for axis in axes])[:-1]
    found, truths = [], []
    for number in range(spectra):
        rng = np.random.default_rng(number)
        theta = _true(case, empty, rng)
        counts = rng.poisson(empty.evaluate(theta).expected).astype(np.float64)
        found.append(bound(number, np.split(counts, cuts)))
        truths.append(theta)
    return found, truths


def _true(case: Case, bound: Problem, rng: np.random.Generator) -> Array:
    plan = bound.layout
    theta = plan.start.copy()
    for place, slot in enumerate(plan.varied):
        kind, component = plan.slots[slot].kind, plan.slots[slot].component
        if kind == "area" and component is not None:
            there = case.model.components[component].name != case.absent
            theta[place] = case.area * rng.uniform(0.2, 1.0) * there
        elif kind == "baseline":
            theta[place] = 0.05 * case.area
        elif kind == "drift":
            theta[place] = rng.normal(0.0, case.drift_stderr_ev)
        elif kind == "position":
            theta[place] += rng.normal(0.0, 0.1)
        elif kind == "width":
            theta[place] *= rng.uniform(0.9, 1.1)
    return np.clip(theta, plan.lower, plan.upper)


def from_trial_places(bound: list[Problem], thetas: list[Array]) -> Array:
    """Return the lowest objectives that full fits from trial positions of every line and drift reach."""
    ((_, part),) = batch.batches(bound)
    plan, place = bound[0].layout, part.parameters()
    found, first = part.start(thetas), part.start([one.layout.start for one in bound])
    wide = [column for slot, column in place.items() if plan.slots[slot].kind == "width"]
    usual = found.copy()
    usual[:, wide] = first[:, wide]
    best = np.full(len(bound), np.inf)
    for slot, column in place.items():
        low, high = part.task.lower[:, column], part.task.upper[:, column]
        if plan.slots[slot].kind == "drift":
            reach = DRIFT_SIGMAS * np.array([one.regions[0].spectrum.drift_stderr_ev for one in bound])
            low, high = -reach, reach
        elif plan.slots[slot].kind != "position":
            continue
        for share in np.linspace(0.0, 1.0, PLACES):
            for start in (found, usual):
                moved = start.copy()
                moved[:, column] = low + share * (high - low)
                end = marquardt.minimise(part.task, moved, batch.EFFORT)
                best = np.minimum(best, np.where(end.converged, end.point.objective, np.inf))
    return best


def study(case: Case, spectra: int) -> tuple[Array, Array, float]:
    """Return how far above the best minimum fits end, from the model's and from poor starts, and ms of CPU per fit."""
    bound, truths = simulated(case, spectra)
    rng = np.random.default_rng(7)
    usual = [one.layout.start for one in bound]
    begin = time.process_time()
    ends = search.minimise(bound, usual, [np.random.default_rng((0, i)) for i in range(spectra)], engines.STARTS)
    spent = time.process_time() - begin
    own = np.array([end.objective if end.converged else np.inf for end in ends])
    poor = np.array(
        [
            random_starts.reached(bound, [random_starts.random_starts(one, rng) for one in bound], seed, engines.STARTS)
            for seed in range(1, POOR + 1)
        ]
    )
    known = random_starts.reached(bound, truths, POOR + 1, engines.STARTS)
    trials = from_trial_places(bound, [end.at.theta for end in ends])
    best = np.minimum.reduce([own, *poor, known, trials])
    return own - best, poor - best, 1000.0 * spent / spectra


def main(spectra: int, wanted: str) -> None:
    """Print the shares of fits that reach the best minimum."""
    print(
        "| case | counts·eV | from the model's start | its worst excess | from poor starts | their worst | ms per fit |"
    )
    print("|---|---|---|---|---|---|---|")
    for case in (case for case in cases() if wanted in case.name):
        own, poor, spent = study(case, spectra)
        shares = [float(np.mean(some < random_starts.SAME)) for some in (own, poor)]
        print(
            f"| {case.name} | {case.area:.0e} | {shares[0]:.4f} | {np.max(own):.3g} "
            f"| {shares[1]:.4f} | {np.max(poor):.3g} | {spent:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100, " ".join(sys.argv[2:]))
