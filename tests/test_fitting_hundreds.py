"""Hundreds of simulated spectra: engine lmfit minimises the same objective on the same model, and finds no better.

Every shape, background and likelihood, overlapping lines, few counts and many. The quick test takes a few of each.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from synthetic import GE_DOUBLET, axis, component, ge3d, span, spectrum, task, window
from xps import fitting, models
from xps.fitting import engines
from xps.fitting.solving import problem
from xps.models import FitModel

Array = NDArray[np.float64]
ENERGY = axis(22.0, 42.0)
SHAPES: tuple[dict[str, Any], ...] = (
    {"type": "voigt", "lorentzian_fwhm_ev": 0.1},
    {"type": "pseudo_voigt", "fraction": 0.3},
    {"type": "gl_product", "fraction": 0.3},
    {"type": "doniach_sunjic", "lorentzian_fwhm_ev": 0.1, "asymmetry": 0.1},
    {"type": "doniach_sunjic", "lorentzian_fwhm_ev": 0.1, "asymmetry": span(0.1, 0.0, 0.3)},
    {"type": "la", "alpha": 1.2, "beta": 3.0, "gaussian_fwhm_ev": 0.4},
)
BACKGROUNDS = ("shirley", "linear", "constant", "tougaard")
# The objective may differ by this share; more than one in a hundred may not.
SAME = 1e-5


def model_of(number: int) -> FitModel:
    shape = SHAPES[number % len(SHAPES)]
    content = ge3d(windows=[window("Ge 3d", 22.0, 42.0, BACKGROUNDS[number % len(BACKGROUNDS)])])
    content["components"][1] = component(
        "metal", span(28.2, 27.6, 28.8), span(1.2, 0.8, 1.8), doublet=GE_DOUBLET, shape=shape
    )
    content["components"].append(component("O 2s", span(25.5, 24.6, 26.2), span(2.6, 1.8, 3.4), core_level="O 2s"))
    return models.from_mapping("made", content | {"likelihood": ("poisson", "neyman")[number % 5 == 4]})


def simulated(model: FitModel, count: int, scale: float, seed: int) -> list[fitting.Task]:
    generator, tasks = np.random.default_rng(seed), []
    for acquisition in range(count):
        empty = spectrum(ENERGY, np.ones(ENERGY.size), 1.0, None, acquisition=acquisition)
        bound = problem.bind(model, [empty])
        plan = bound.layout
        room = np.where(np.isfinite(plan.upper), np.minimum(plan.upper - plan.start, plan.start - plan.lower), 0.0)
        theta = plan.start + generator.uniform(-0.6, 0.6, room.size) * room
        theta[plan.linear] = scale * generator.uniform(0.2, 1.0, int(plan.linear.sum()))
        theta[plan.linear & np.isin(plan.varied, plan.indices("baseline"))] *= 0.05
        cps = bound.evaluate(theta).expected
        tasks.append(task(spectrum(ENERGY, cps, 1.0, 1000 * seed + acquisition, acquisition=acquisition)))
    return tasks


def excess(number: int, count: int) -> Array:
    """How much worse the separable engine's objectives are than lmfit's, as a share."""
    model = model_of(number)
    tasks = simulated(model, count, (300.0, 3e3, 3e4)[number % 3], number)
    jobs = [
        engines.Job(one, bound, bound.layout.start, 0) for one in tasks for bound in [problem.bind(model, one.found)]
    ]
    ours, theirs = (engines.optima(jobs, engine) for engine in fitting.ENGINES)
    return np.array(
        [
            (one.objective - other.objective) / (1.0 + other.objective) if one.converged else np.inf
            for one, other in zip(ours, theirs, strict=True)
            if other.converged
        ]
    )


def test_a_few_spectra_of_every_shape_end_at_lmfits_optimum() -> None:
    found = np.concatenate([excess(number, 2) for number in range(12)])
    assert found.size >= 22
    assert np.all(found < SAME)


@pytest.mark.slow
def test_hundreds_of_spectra_end_at_lmfits_optimum() -> None:
    found = np.concatenate([excess(number, 10) for number in range(60)])
    assert found.size >= 590
    assert np.mean(found < SAME) >= 0.99
    # Where lmfit ends higher it has missed a minimum; that is rare too.
    assert np.mean(np.abs(found) < SAME) >= 0.97
