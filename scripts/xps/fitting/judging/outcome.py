"""What is fitted together, and everything the tables say about the result, success or not.

Whatever goes wrong with one fit (a missing region, no counts, too few channels, no convergence) becomes an ``Outcome``
without numbers and with a reason; it never stops a series.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import gammaincc

from xps.fitting.judging import uncertainty
from xps.fitting.judging.uncertainty import Areas
from xps.fitting.judging.verdicts import area_findings
from xps.fitting.solving import likelihood, problem
from xps.fitting.solving.minimiser import Optimum
from xps.fitting.solving.problem import Problem
from xps.models import FitModel
from xps.spectra import Spectrum
from xps.uncertainty.identifiability import Finding

Array = NDArray[np.float64]

LOGGER = logging.getLogger(__name__)

CORRELATION_LISTED = 0.95
# ASSUME a fit whose chi square is exceeded by chance less than once in a thousand is worth a look.
POOR_P_VALUE = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class Task:
    """What is fitted together: one acquisition's spectra, one per window of the model, None where missing."""

    experiment: str
    acquisition: int
    regions: tuple[str, ...]
    spectra: tuple[Spectrum | None, ...]
    channels: tuple[NDArray[np.int64] | None, ...]
    """Index of each point in its measured region, per window."""

    @property
    def found(self) -> tuple[Spectrum, ...]:
        """The spectra that are there."""
        return tuple(spectrum for spectrum in self.spectra if spectrum is not None)


class Quality(NamedTuple):
    """How good the whole fit is; see the table ``fits``."""

    deviance: float
    chi_square: float
    reduced_chi_square: float | None
    p_value: float | None
    aicc: float | None
    bic: float
    condition_number: float


class Interval(NamedTuple):
    """Ends of a number's 95 % interval and, of an area, its 95 % upper limit; None where nothing bounds it.

    ``profile``: values that the number was held at, ascending, each with the rise of the objective there.
    """

    low: float | None
    high: float | None
    upper_limit_95: float | None
    method: str
    profile: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """The result of a task by one engine; ``message`` says why when the numbers are None."""

    task: Task
    engine: str
    message: str
    problem: Problem | None = None
    best: Optimum | None = None
    areas: Areas | None = None
    covariance: Array | None = None
    """Covariance of θ: NaN where undetermined, 0 where held at a bound."""
    open_covariance: Array | None = None
    """The same if what ended at a bound may lie inside: that of areas and shares."""
    quality: Quality | None = None
    findings: tuple[Finding, ...] = ()
    """Verdict on each component's area."""
    intervals: Mapping[int, Interval] = field(default_factory=dict)
    """Intervals by slot of the layout, of numbers whose covariance interval is not to be trusted or not wanted."""
    systematic: Array | None = None
    """Systematic standard errors of the areas in cps·eV (components), NaN without any; see ``alternatives``."""
    fraction_systematic: Array | None = None
    """Those of the shares of a core level."""


def unfit(model: FitModel, task: Task) -> str:
    """Return why a task cannot be fitted at all, or nothing."""
    missing = [
        f"{window.core_level} (region {region})"
        for window, region, spectrum in zip(model.windows, task.regions, task.spectra, strict=True)
        if spectrum is None
    ]
    if missing:
        return f"no data of {', '.join(missing)} in this acquisition"
    for spectrum in task.found:
        if np.any(spectrum.counts < 0):
            return f"region {spectrum.region} holds negative counts: they are no Poisson counts"
        if not np.any(spectrum.counts > 0):
            return f"region {spectrum.region} holds no counts at all"
        if spectrum.channels < 2:
            return f"region {spectrum.region} holds one channel only"
    return ""


def failed(model: FitModel, task: Task, engine: str, reason: str) -> Outcome:
    """Return the outcome of a task without a fit, and log the reason."""
    LOGGER.warning("%s, model %s, acquisition %d: no fit: %s", task.experiment, model.name, task.acquisition, reason)
    return Outcome(task, engine, reason)


def measured(bound: Problem, best: Optimum, task: Task, engine: str, message: str) -> Outcome:
    """Return the outcome of a converged fit: what its optimum is worth, and the verdict on every area."""
    return replace(weighed(bound, best, task, engine, message), findings=tuple(area_findings(bound, best)))


def weighed(bound: Problem, best: Optimum, task: Task, engine: str, message: str) -> Outcome:
    """Return the outcome of a converged fit without verdicts."""
    found = uncertainty.covariance(problem.information(best.at), ~best.at_bound)
    matrix = uncertainty.open_covariance(bound, best)
    return Outcome(
        task=task,
        engine=engine,
        message=message,
        problem=bound,
        best=best,
        areas=uncertainty.areas(bound, best, matrix),
        covariance=found.matrix,
        open_covariance=matrix,
        quality=_quality(bound, best, found.condition_number),
    )


def _quality(bound: Problem, best: Optimum, condition_number: float) -> Quality:
    """Return the goodness of fit: deviance and chi square are those of the counts alone.

    Whatever counts parameters against observations has to count soft ties and priors too, else a prior's parameter
    costs a degree of freedom that its prior gives back: there each is one more observation, its squared pull added.
    """
    observations = bound.points + bound.layout.prior_count
    pulls = float(best.at.pulls @ best.at.pulls)
    residuals = likelihood.standardised_residuals(bound.counts, best.at.expected)
    chi_square = float(residuals @ residuals)
    total = chi_square + pulls
    freedom = observations - bound.varied
    spare = observations - bound.varied - 1
    return Quality(
        deviance=likelihood.deviance(bound.counts, best.at.expected),
        chi_square=chi_square,
        reduced_chi_square=total / freedom if freedom > 0 else None,
        p_value=float(gammaincc(0.5 * freedom, 0.5 * total)) if freedom > 0 else None,
        aicc=best.objective + 2.0 * bound.varied * observations / spare if spare > 0 else None,
        bic=best.objective + bound.varied * float(np.log(observations)),
        condition_number=condition_number,
    )


def durbin_watson(residuals: Array) -> float | None:
    """Return Σ(r_i − r_{i−1})²/Σr_i²: 2 for uncorrelated residuals, near 0 where a model misses a shape."""
    total = float(residuals @ residuals)
    return float(np.sum(np.diff(residuals) ** 2)) / total if total > 0 and residuals.size > 1 else None


def residuals_by_region(outcome: Outcome) -> Sequence[Array]:
    """Return the standardised residuals of each window of a successful outcome."""
    assert outcome.problem is not None
    assert outcome.best is not None
    all_of_them = likelihood.standardised_residuals(outcome.problem.counts, outcome.best.at.expected)
    return [all_of_them[part] for part in outcome.problem.limits]
