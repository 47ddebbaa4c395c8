"""Who fits, and from where: the separable engine for every day, lmfit as the independent check of its optima.

Both minimise the same objective of the same model and hand over the same ``Optimum``; whatever is said about it
afterwards (covariance, verdicts, intervals) does not know who found it. ``separable`` solves many acquisitions at once
and starts them at what their series shares: ``series_starts`` fits all acquisitions jointly; each is then fitted with
all its own freedom, and its message says what sharing would have cost it, or, where the model asks for a joint fit,
stays with what the series shares (``joint``). ``lmfit`` fits one after the other, from the model file's starts where
nothing is to be shared.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from xps.errors import FitError
from xps.fitting.judging import detection, intervals, outcome
from xps.fitting.judging.outcome import LOGGER, Outcome, Task
from xps.fitting.solving import joint as joint_fits
from xps.fitting.solving import layout, minimiser, problem, search
from xps.fitting.solving.joint import Common
from xps.fitting.solving.minimiser import Optimum
from xps.fitting.solving.problem import Problem
from xps.models import FitModel

Array = NDArray[np.float64]

SEPARABLE, LMFIT = ENGINES = ("separable", "lmfit")
STARTS = 3
BROKEN = (FitError, ArithmeticError, ValueError, RuntimeError, np.linalg.LinAlgError)


@dataclass(frozen=True, slots=True, eq=False)
class Starts:
    """Where the fits of a series start: one value per slot of the model's layout (areas and baselines are not used).

    ``joint_objective`` holds the objective of each acquisition in the joint fit, with ``shared`` parameters in common.
    ``common`` is there where the joint fit is the result and not only the start; ``alternatives`` holds then, by name,
    the same of the series under each of the model's alternatives.
    """

    model: str
    values: Array
    origin: str
    shared: int = 0
    joint_objective: Mapping[int, float] = field(default_factory=dict)
    common: Common | None = None
    alternatives: Mapping[str, "Starts"] = field(default_factory=dict)


class Job(NamedTuple):
    """A task bound to its model, its start (θ) and what seeds its chance."""

    task: Task
    problem: Problem
    start: Array
    entropy: int


def model_starts(model: FitModel) -> Starts:
    """Return the starting values of the model file."""
    return Starts(model.name, layout.of(model).slot_starts, "model file")


def series_starts(model: FitModel, spectra: Sequence[Task], given: Starts | None = None) -> Starts:
    """Return what the acquisitions of a whole series share in their joint fit, from ``given`` or the model file.

    Acquisitions that cannot be fitted are left out. With fewer than two, or where the joint fit fails, these are the
    starts that were given. What is shared is energies up to a drift of each axis, also where the joint fit is only the
    start: an axis that is off by its known error is no reason to doubt the sharing.
    """
    given = given or model_starts(model)
    jointly = replace(model, series=replace(model.series, fit="joint"))
    own, common = layout.of(model), layout.of(jointly)
    bound = [(task, problem.bind(jointly, task.found)) for task in spectra if not outcome.unfit(model, task)]
    usable = [task for task, one in bound if not _too_short(one)]
    problems = [one for _, one in bound if not _too_short(one)]
    # Only acquisitions with the same varied parameters share one layout (a drift may be given in some of them).
    alike = [i for i, one in enumerate(problems) if np.array_equal(one.layout.varied, problems[0].layout.varied)]
    if len(alike) < 2 or not problems[0].layout.shared.size:
        return given
    try:
        joint = joint_fits.fit_series([problems[i] for i in alike], layout.carried(own, given.values, common))
    except BROKEN as error:
        LOGGER.warning("model %s: the joint fit broke off (%s); its starts are used", model.name, error)
        return given
    if not joint.converged:
        LOGGER.warning("model %s: the joint fit did not converge; its starts are used", model.name)
        return given
    origin, shared = f"joint fit of {len(alike)} acquisitions", joint.common.slots.size
    if model.series.fit == "joint":
        return Starts(model.name, joint.values, origin, shared, common=joint.common)
    objective = {usable[i].acquisition: float(value) for i, value in zip(alike, joint.objective, strict=True)}
    return Starts(model.name, layout.carried(common, joint.values, own), origin, shared, objective)


def fit(model: FitModel, task: Task, start: Array, seed: int = 0, engine: str = SEPARABLE) -> Outcome:
    """Return the fit of ``model`` to ``task``; ``start`` has one value per slot (areas, baselines solved for)."""
    return fit_each(model, [task], Starts(model.name, start, "given"), seed, engine)[0]


def fit_each(model: FitModel, spectra: Sequence[Task], starts: Starts, seed: int, engine: str) -> list[Outcome]:
    """Return each task's fit in the order of ``spectra``; what cannot be fitted has a reason instead of numbers."""
    found: dict[int, Outcome] = {}
    jobs: dict[int, Job] = {}
    for place, task in enumerate(spectra):
        job = _job(model, task, starts, seed)
        if isinstance(job, str):
            found[place] = outcome.failed(model, task, engine, job)
        else:
            jobs[place] = job
    found |= dict(
        zip(jobs, _together(model, in_series(list(jobs.values()), starts), starts, seed, engine), strict=True)
    )
    return [found[place] for place in range(len(spectra))]


def _job(model: FitModel, task: Task, starts: Starts, seed: int) -> Job | str:
    """Return what an engine needs to know of a task, or why it cannot be fitted."""
    reason = outcome.unfit(model, task)
    if reason:
        return reason
    bound = problem.bind(model, task.found)
    if _too_short(bound):
        return f"{bound.points} channels cannot determine {bound.varied} parameters"
    return Job(task, bound, starts.values[bound.layout.varied], _entropy(seed, model, task))


def _too_short(bound: Problem) -> bool:
    return bound.points <= bound.varied


def in_series(jobs: list[Job], starts: Starts) -> list[Job]:
    """Return the jobs with what the others of a jointly fitted series say about what they share."""
    if starts.common is None or not jobs:
        return jobs
    bound = joint_fits.with_others([job.problem for job in jobs], starts.values, starts.common)
    return [job._replace(problem=one) for job, one in zip(jobs, bound, strict=True)]


def _entropy(seed: int, model: FitModel, task: Task) -> int:
    """Return what seeds a fit's chance: it depends on what is fitted, never on the order of fits."""
    text = f"{seed}|{task.experiment}|{task.acquisition}|{model.name}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:16], "big")


def _together(model: FitModel, jobs: Sequence[Job], starts: Starts, seed: int, engine: str) -> list[Outcome]:
    """Return the fits of all jobs; where one breaks off, each is made alone, so that it spoils no neighbour."""
    try:
        ends = optima(jobs, engine)
        found = [_judged(model, job, best, starts, engine) for job, best in zip(jobs, ends, strict=True)]
        return intervals.found_for(model, detection.judged(found), seed)
    except BROKEN as error:
        if len(jobs) == 1:
            return [outcome.failed(model, jobs[0].task, engine, f"the fit broke off: {error}")]
    return [_together(model, [job], starts, seed, engine)[0] for job in jobs]


def optima(jobs: Sequence[Job], engine: str, count: int = STARTS) -> list[Optimum]:
    """Return the best of ``count`` (or, where these disagree, more) minima of every job."""
    generators = [np.random.default_rng(job.entropy) for job in jobs]
    if engine == LMFIT:
        pairs = zip(jobs, generators, strict=True)
        return [minimiser.minimise(job.problem, job.start, generator, count) for job, generator in pairs]
    return search.minimise([job.problem for job in jobs], [job.start for job in jobs], generators, count)


def _judged(model: FitModel, job: Job, best: Optimum, starts: Starts, engine: str) -> Outcome:
    if not best.converged:
        return outcome.failed(model, job.task, engine, best.message)
    message = best.message + _series_words(model, job, best, starts)
    return outcome.measured(job.problem, best, job.task, engine, message)


def _series_words(model: FitModel, job: Job, best: Optimum, starts: Starts) -> str:
    """Return what is to be said about the sharing of numbers in a series, if anything was shared."""
    joint, others = starts.joint_objective.get(job.task.acquisition), job.problem.layout.others
    if joint is not None:
        gained = max(joint - best.objective, 0.0)
        # S. S. Wilks, Ann. Math. Stat. 9 (1938) 60: what freed parameters gain is a χ² if sharing them was right.
        p_value = float(gammaincc(0.5 * starts.shared, 0.5 * gained))
        return f"; fits better by {gained:.1f} than with the series' {_what(model)} (p = {p_value:.2g})"
    if others is not None:
        return (
            f"; {starts.origin}, {starts.shared} numbers shared: alone it would fit better by {others.excess:.1f} than "
            f"with the others' {_what(model)} (p = {others.chance:.2g})"
        )
    return "; no joint fit of the series, fitted by itself" if model.series.fit == "joint" else ""


def _what(model: FitModel) -> str:
    """Return in words what a series shares."""
    words = {"position_ev": "positions", "fwhm_ev": "widths", "shape": "shapes", "area_ratio": "ratios"}
    kinds = dict.fromkeys(shared.parameter for shared in model.series.share)
    named = [words.get(kind, "Shirley factors") for kind in kinds if kind != "shape" or _has_shapes(model)]
    return ", ".join(named[:-1]) + (" and " if len(named) > 1 else "") + named[-1]


def _has_shapes(model: FitModel) -> bool:
    return any(not span.fixed for part in model.components for span in part.shape.spans)
