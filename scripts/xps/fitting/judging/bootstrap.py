"""Intervals by parametric bootstrap: counts are simulated from a fit and fitted again, many times.

What the fits of simulated counts scatter is what the estimate scatters, whatever its shape: at few counts, at bounds,
and of numbers that follow others by ties, which no profile reaches. Counts are Poisson draws of the fitted model; soft
ties and drifts are observations too and are drawn anew around their fitted values. Ends are the 2.5 and 97.5
percentiles (B. Efron, R. J. Tibshirani, An Introduction to the Bootstrap, 1993, chapter 13). The draws depend on the
experiment, the acquisition and the model, never on the order of fits.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xps.fitting.judging.outcome import Interval, Outcome
from xps.fitting.solving.batch import Batch
from xps.separable import marquardt
from xps.separable.priors import Priors

Array = NDArray[np.float64]

_PERCENTILES = (2.5, 97.5, 95.0)
_KINDS = ("area", "position", "common", "width", "ratio")
# Of fewer fits no percentile is taken.
_LEAST_CONVERGED = 0.5
_EFFORT = marquardt.Effort(decrement=1e-3, accepted=1e-2, evaluations=100)


def intervals(part: Batch, some: Sequence[Outcome], replicates: int, seed: int) -> list[dict[int, Interval]]:
    """Return the intervals of every outcome by slot: areas, positions, widths and area ratios, tied ones too."""
    best = part.optimum([one.best for one in some if one.best is not None])
    return [_of_one(part, best, k, one, replicates, seed) for k, one in enumerate(some)]


def _of_one(
    part: Batch, best: marquardt.Optimum, k: int, one: Outcome, replicates: int, seed: int
) -> dict[int, Interval]:
    assert one.problem is not None
    plan = one.problem.layout
    rng = np.random.default_rng(_entropy(one, seed))
    values = _values(part, _fits(part, best, k, one, replicates, rng), one)
    if values.shape[0] < _LEAST_CONVERGED * replicates:
        return {}
    return {slot: interval for slot in range(len(plan.slots)) if (interval := _interval(one, slot, values)) is not None}


def _interval(one: Outcome, slot: int, values: Array) -> Interval | None:
    """Return a number's interval; of a position or width, over the fits in which there is a line."""
    assert one.problem is not None
    plan = one.problem.layout
    what, scatter = plan.slots[slot], values[:, slot]
    if what.kind not in _KINDS or what.component is None:
        return None
    if what.kind in ("position", "common", "width"):
        scatter = scatter[values[:, plan.index(what.component, "area")] > 0.0]
    if scatter.size < _LEAST_CONVERGED * values.shape[0] or not np.ptp(scatter) > 0.0:
        return None
    low, high, limit = (float(end) for end in np.percentile(scatter, _PERCENTILES))
    return Interval(low, high, limit if what.kind == "area" else None, "bootstrap")


def _fits(
    part: Batch, best: marquardt.Optimum, k: int, one: Outcome, replicates: int, rng: np.random.Generator
) -> marquardt.Optimum:
    """Return the fits of simulated counts, each started from the optimum of the measured ones."""
    assert one.best is not None
    which = np.full(replicates, k)
    task = part.task.copies(which)
    counts = rng.poisson(one.best.at.expected, (replicates, one.best.at.expected.size)).astype(np.float64)
    start = best.point.theta[which]
    priors = task.priors
    if priors is not None:
        fitted = priors.value + priors.stderr * priors.pulls(np.arange(replicates), start)
        priors = Priors(priors.rows, fitted + priors.stderr * rng.normal(size=fitted.shape), priors.stderr)
    simulated = replace(task, likelihood=replace(task.likelihood, data=counts), priors=priors)  # type: ignore[type-var]
    return marquardt.minimise(simulated, start, _EFFORT)


def _values(part: Batch, fits: marquardt.Optimum, one: Outcome) -> Array:
    """Return the slot values of the fits that converged, fits × slots."""
    assert one.problem is not None
    theta = part.theta(fits.point)[fits.converged]
    return np.array([one.problem.layout.expand(row)[0] for row in theta])


def _entropy(one: Outcome, seed: int) -> int:
    assert one.problem is not None
    text = f"bootstrap|{seed}|{one.task.experiment}|{one.task.acquisition}|{one.problem.layout.model.name}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")
