"""A model laid over one spectrum at many places: how well it explains the counts when the axis is moved to each.

All places are one batch of the separable solver, each with areas and baseline solved for and everything else as the
model starts. What is said of a place does not depend on the others.
"""

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.fitting.solving import batch, problem
from xps.models import FitModel
from xps.separable import lines, projection
from xps.separable.likelihood import Poisson
from xps.spectra import Spectrum

Array = NDArray[np.float64]


class Trials(NamedTuple):
    """Deviance at each place, and the areas of all components in cps·eV (places × components)."""

    deviance: Array
    areas: Array


def trials(model: FitModel, spectrum: Spectrum, shifts_ev: Array) -> Trials:
    """Return how ``model`` (of one window) explains ``spectrum`` with its axis moved by each of ``shifts_ev`` (eV)."""
    (places, part), *_ = batch.batches([problem.bind(model, [spectrum])])
    plan = part.problems[places[0]].layout
    copies = np.zeros(shifts_ev.size, dtype=np.intp)
    moved = lines.Lines(
        part.compiled.scheme,
        (spectrum.binding_energy_ev + shifts_ev[:, None],),
        (np.full(shifts_ev.size, spectrum.time_per_channel_s),),
    )
    # Soft ties say the same of every place; Neyman's χ² would not compare places where lines meet few counts.
    counts = Poisson(np.repeat(spectrum.counts[None], shifts_ev.size, axis=0))
    task = replace(part.task.copies(copies), model=moved, likelihood=counts, priors=None)
    start = np.repeat(part.start([plan.start]), shifts_ev.size, axis=0)
    point = projection.evaluate(task, np.arange(shifts_ev.size), start, None)
    slots = [plan.index(component, "area") for component in range(len(model.components))]
    return Trials(point.objective, np.array([plan.expand(theta)[0][slots] for theta in part.theta(point)]))
