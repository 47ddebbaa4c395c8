"""Simulated series of the shipped fit models: no two acquisitions have the same axis."""

from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from xps import models
from xps.fitting.judging.outcome import Task
from xps.fitting.solving import problem
from xps.models import FitModel
from xps.spectra import Spectrum

Array = NDArray[np.float64]
MODELS = Path(__file__).parents[1] / "config" / "models"
NAMES = sorted(path.stem for path in MODELS.glob("*.yaml"))


def load(name: str) -> FitModel:
    """Return a shipped model without its alternatives, which would be fitted too wherever it is."""
    content = yaml.safe_load((MODELS / f"{name}.yaml").read_text())
    return models.from_mapping(name, {key: value for key, value in content.items() if "alternatives" not in key})


def truth(bound: problem.Problem, scale: float, rng: np.random.Generator, drift: float) -> Array:
    plan = bound.layout
    room = np.where(np.isfinite(plan.upper), np.minimum(plan.upper - plan.start, plan.start - plan.lower), 0.0)
    theta = plan.start + rng.uniform(-0.5, 0.5, plan.start.size) * room
    for i, slot in enumerate(plan.varied):
        kind = plan.slots[slot].kind
        if kind == "area":
            theta[i] = scale * rng.uniform(0.2, 1.0)
        elif kind == "baseline":
            theta[i] = 0.05 * scale
        elif kind == "drift":
            theta[i] = rng.normal(0.0, drift)
        elif kind == "ratio":
            theta[i] = plan.start[i] * rng.uniform(0.8, 1.2)
    return theta


def simulate(
    model: FitModel, count: int, scale: float, seed: int = 0, drift: float = 0.03, weak: tuple[int, float] | None = None
) -> list[Task]:
    """Return tasks of a model at random truths; ``weak`` is a component (by index) and its share of ``scale``."""
    rng, tasks = np.random.default_rng(seed), []
    for acquisition in range(count):
        # A shifted axis and, now and then, a channel more: no two acquisitions need be alike.
        shift = rng.uniform(-0.05, 0.05)
        empty = [
            Spectrum(
                "made", acquisition, w.core_level, (w.core_level,), axis, np.ones(axis.size), 1.5, None, 0.05, drift
            )
            for w in model.windows
            for axis in [np.arange(w.high_ev, w.low_ev - 0.1 * (acquisition % 3 == 0), -0.1) + shift]
        ]
        bound = problem.bind(model, empty)
        theta = truth(bound, scale, rng, drift)
        if weak is not None:
            theta[bound.layout.varied == bound.layout.index(weak[0], "area")] = weak[1] * scale
        expected = bound.evaluate(theta).expected
        spectra = tuple(
            Spectrum(
                s.experiment,
                acquisition,
                s.region,
                s.core_levels,
                s.binding_energy_ev,
                rng.poisson(expected[part]).astype(np.float64),
                1.5,
                None,
                0.05,
                drift,
            )
            for s, part in zip(empty, bound.limits, strict=True)
        )
        tasks.append(
            Task(
                "made",
                acquisition,
                tuple(s.region for s in spectra),
                spectra,
                tuple(np.arange(s.channels) for s in spectra),
            )
        )
    return tasks
