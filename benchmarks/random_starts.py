"""How often a fit from a poor start reaches the best minimum: energies ± 0.5 eV, widths × 0.4 to 2.5.

Run: OMP_NUM_THREADS=1 PYTHONPATH=scripts:benchmarks python benchmarks/random_starts.py [spectra [starts]] [series]
Simulated Ge 3d, S 2p and Li 1s with an active Shirley background. Every spectrum is fitted from several random starts,
by one descent and by the strategy of the engine (several starts from the given one: ``xps.fitting.solving.search``).
The best minimum of a spectrum is the lowest that any of these fits, or the one from the truth, has found; a fit has
reached it when its objective is within 1e-3 of it (of a statistical error squared that is nothing).
"""

import sys
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import fit_cases as cases
import numpy as np
from numpy.typing import NDArray

from xps import models
from xps.fitting import engines
from xps.fitting.solving import problem, search
from xps.models import FitModel
from xps.spectra import Spectrum

Array = NDArray[np.float64]
SAME = 1e-3
SHIFT_EV, NARROW, WIDE = 0.5, 0.4, 2.5


def model_of(name: str) -> FitModel:
    """Return the fit model of a case; bounds are those of the speed benchmark, starts the middle of its truths."""
    case = cases.CASES[name]
    components: list[dict[str, Any]] = []
    for i, part in enumerate(case.components):
        doublet = {"splitting_ev": part.splitting_ev, "area_ratio": part.area_ratio}
        components.append(
            {
                "name": f"line {i}",
                "core_level": name,
                "species": f"line {i}",
                "line": name,
                "shape": {"type": "voigt", "lorentzian_fwhm_ev": part.lorentzian_fwhm_ev},
                "position_ev": around(part.position_ev, cases.POSITION_REACH_EV),
                "fwhm_ev": {"start": part.fwhm_ev, "low": cases.FWHM_LOW_EV, "high": cases.FWHM_HIGH_EV},
                "source": "simulated",
            }
            | ({"doublet": doublet} if part.splitting_ev else {})
        )
    window = {
        "core_level": name,
        "low_ev": case.low_ev - 1.0,
        "high_ev": case.high_ev + 1.0,
        "background": {"type": "shirley"},
    }
    content = {"description": name, "windows": [window], "components": components, "ties": ties_of(case)}
    return models.from_mapping(name, content)


def ties_of(case: cases.Case) -> list[dict[str, Any]]:
    """Return the soft ties of a case's widths, each to the line before."""
    if not case.tied_fwhm_ev:
        return []
    tie = {"parameter": "fwhm_ev", "stderr_ev": case.tied_fwhm_ev, "source": "simulated"}
    return [
        tie | {"component": f"line {i}", "offset_from": f"line {i - 1}", "value_ev": part.fwhm_ev - before.fwhm_ev}
        for i, (before, part) in enumerate(pairwise(case.components), start=1)
    ]


def around(middle: float, reach: float) -> dict[str, float]:
    """Return a span."""
    return {"start": middle, "low": middle - reach, "high": middle + reach}


def problems_of(model: FitModel, series: cases.Series) -> list[problem.Problem]:
    """Return the simulated spectra bound to the model."""
    return [
        problem.bind(model, [Spectrum("made", i, model.name, (model.name,), series.energy, counts, 1.0)])
        for i, counts in enumerate(series.task.likelihood.data)
    ]


def random_starts(bound: problem.Problem, rng: np.random.Generator) -> Array:
    """Return θ with energies and widths off at random, within their bounds."""
    plan = bound.layout
    theta = plan.start.copy()
    for place, slot in enumerate(plan.varied):
        if plan.slots[slot].kind == "position":
            theta[place] += rng.uniform(-SHIFT_EV, SHIFT_EV)
        elif plan.slots[slot].kind == "width":
            theta[place] *= rng.uniform(NARROW, WIDE)
    return np.clip(theta, plan.lower, plan.upper)


def reached(bound: list[problem.Problem], starts: list[Array], seed: int, count: int) -> Array:
    """Return the objectives that fits of ``count`` starts reach; infinite where none converged."""
    generators = [np.random.default_rng((seed, i)) for i in range(len(bound))]
    ends = search.minimise(bound, starts, generators, count)
    return np.array([end.objective if end.converged else np.inf for end in ends])


def study(name: str, spectra: int, starts: int, scale: float) -> tuple[Array, Array]:
    """Return how far (spectra × starts) one descent and the engine's strategy end above the best minimum."""
    series = cases.simulate(name, spectra, scale, "shirley", seed=1)
    bound = problems_of(model_of(name), series)
    rng = np.random.default_rng(7)
    single, strategy = [], []
    for seed in range(starts):
        first = [random_starts(one, rng) for one in bound]
        single.append(reached(bound, first, seed, 1))
        strategy.append(reached(bound, first, seed, engines.STARTS))
    from_truth = reached(bound, [one.layout.start for one in bound], starts, engines.STARTS)
    best = np.minimum.reduce([*single, *strategy, from_truth])[:, None]
    return np.array(single).T - best, np.array(strategy).T - best


def main(spectra: int, starts: int, names: Sequence[str]) -> None:
    """Print the shares of fits that reach the best minimum."""
    print("| series | counts·eV | fits | one descent | the engine's strategy | its worst excess |")
    print("|---|---|---|---|---|---|")
    for name in names:
        for scale in (1e4, 1e3, 2e2):
            single, strategy = study(name, spectra, starts, scale)
            print(
                f"| {name} | {scale:.0e} | {strategy.size} | {np.mean(single < SAME):.4f} "
                f"| {np.mean(strategy < SAME):.4f} | {np.max(strategy):.3g} |",
                flush=True,
            )


if __name__ == "__main__":
    words = sys.argv[1:]
    numbers = [int(word) for word in words if word.isdigit()]
    main(*(numbers + [100, 20][len(numbers) :]), [word for word in words if not word.isdigit()] or cases.FREE)
