"""Joint fits of a series: what its acquisitions share has one value, and each is then fitted with what the others say.

The joint optimum separates: given the shared numbers, every acquisition's own are those of its own fit. So a series is
fitted jointly once, and every acquisition, in whatever block, is fitted again from there with one addition to its
objective: the Gaussian knowledge that all OTHER acquisitions have of the shared numbers, their information less its
own, with the slope that balances its own at the joint optimum. Its optimum is then the joint one and its covariance
that block of the joint covariance which belongs to it, so that errors, intervals and verdicts need to know nothing of
series. What an acquisition and the others say about the same numbers, independently, is a test of the sharing.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from xps.fitting.solving.batch import EFFORT, Batch, batches
from xps.fitting.solving.layout import OthersSay
from xps.fitting.solving.problem import Problem
from xps.separable.marquardt import minimise
from xps.separable.series import contributions, fit_jointly

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

# Directions of the shared numbers about which the others know less than this share of the whole series know nothing.
_NOTHING = 1e-9


class Common(NamedTuple):
    """What a whole series says about the numbers that it shares: their slots, information and half negative slope.

    ``acquisitions`` is how many were fitted jointly.
    """

    slots: Indices
    information: Array
    gradient: Array
    acquisitions: int


class JointFit(NamedTuple):
    """A series' joint fit: slot values to start from, each problem's objective, and what is said of the shared ones."""

    values: Array
    objective: Array
    common: Common
    converged: bool


def fit_series(problems: Sequence[Problem], slot_values: Array) -> JointFit:
    """Return the joint fit of a series from the same start for all.

    Baselines, areas, drifts and what the model does not share stay each acquisition's own: of Shirley factors and
    ratios the median is returned, a drift starts at 0.
    """
    groups = batches(_in_series(problems, len(problems)))
    first = groups[0][1]
    plan = first.problems[0].layout
    slots = plan.shared
    start = slot_values[plan.varied]
    joint = fit_jointly(
        [group.task for _, group in groups],
        [group.start([start] * len(places)) for places, group in groups],
        _columns(first, slots),
        EFFORT,
    )
    theta = first.theta(joint.point)
    values = slot_values.copy()
    values[slots] = joint.values
    for place, slot in enumerate(plan.varied):
        if plan.slots[slot].kind in ("factor", "ratio") and slot not in slots:
            values[slot] = np.median(theta[:, place])
    objective = np.empty(len(problems))
    objective[[place for places, _ in groups for place in places]] = joint.point.objective
    return JointFit(values, objective, Common(slots, joint.information, joint.gradient, len(problems)), joint.converged)


def _columns(batch: Batch, slots: Indices) -> Indices:
    """Return the places of slots among a batch's nonlinear parameters."""
    place = batch.parameters()
    return np.array([place[slot] for slot in slots.tolist()], dtype=np.intp)


def _in_series(problems: Sequence[Problem], acquisitions: int) -> list[Problem]:
    """Return the problems of acquisitions that are fitted jointly."""
    return [replace(problem, layout=problem.layout.in_series(acquisitions)) for problem in problems]


def with_others(problems: Sequence[Problem], slot_values: Array, common: Common) -> list[Problem]:
    """Return the problems with what the others of their series say; each is a part of the series ``common`` is of."""
    found = _in_series(problems, common.acquisitions)
    for places, batch in batches(found):
        columns = _columns(batch, common.slots)
        start = batch.start([slot_values[problem.layout.varied] for problem in batch.problems])
        lower, upper = batch.task.lower.copy(), batch.task.upper.copy()
        lower[:, columns] = upper[:, columns] = slot_values[common.slots]
        held = replace(batch.task, lower=lower, upper=upper)
        own = contributions(held, minimise(held, start, EFFORT).point, columns)
        for place, problem, information, gradient in zip(places, batch.problems, *own, strict=True):
            said = others_say(common, information, gradient, slot_values[common.slots])
            found[place] = replace(problem, layout=replace(problem.layout, others=said))
    return found


def others_say(common: Common, information: Array, gradient: Array, joint: Array) -> OthersSay:
    """Return what a series without one acquisition says about its shared numbers, ``joint`` in the joint fit.

    ``information`` and ``gradient`` are what that acquisition says itself.
    """
    size = np.sqrt(np.maximum(np.diag(common.information), 1e-300))
    scale = np.outer(size, size)
    values, vectors = np.linalg.eigh((common.information - information) / scale)
    known = values > _NOTHING
    root = np.where(known, np.sqrt(np.maximum(values, 0.0)), 0.0)[:, None] * vectors.T * size
    slope = vectors.T @ ((common.gradient - gradient) / size)
    move = np.where(known, slope / np.where(known, values, 1.0), 0.0)
    own = np.linalg.pinv(information / scale, rcond=_NOTHING, hermitian=True)
    # Own and others' estimates differ by the sum of both moves; their variances add.
    moved = gradient / size
    excess = float(
        moved @ own @ moved + np.sum(np.where(known, (vectors.T @ moved) ** 2 / np.where(known, values, 1.0), 0))
    )
    chance = float(gammaincc(0.5 * joint.size, 0.5 * excess))
    return OthersSay(common.slots, root, joint + vectors @ move / size, excess, chance)
