"""From an optimum to standard errors, shares and detection limits.

Covariance: the inverse expected information of the free parameters at the optimum, absolute, with parameters at a
bound held fixed; a parameter that the data do not determine gets no error (NaN) instead of a small one.

Detection (L. A. Currie, Anal. Chem. 40 (1968) 586; ISO 11929): with σ₀ the standard error of an area when its true
value is 0, the critical level is z σ₀ and the detection limit 2 z σ₀. σ₀ comes from the full covariance at area 0,
background and neighbours free, with the component's own position and width held (they mean nothing at area 0).
z = 1.645 gives 5 % false detections where the position is given. A position that is searched finds the largest
fluctuation in its range: there the 95th percentile of the gain in deviance was measured as 5.25 instead of 2.71.

The critical level stands for the neighbours as they are fitted. Beside a neighbour that could take the area over, it
is too low; a detected area must therefore also exceed 1.645 of its own standard errors.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.fitting.layout import Prior
from xps.fitting.minimiser import Optimum
from xps.fitting.problem import Evaluation, Problem, information
from xps.models import FitModel

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

Z_ONE_SIDED_95 = 1.6448536269514722
Z_TWO_SIDED_95 = 1.959963984540054
# ASSUME √5.25 for a searched position: measured on simulated Ge 3d windows; to be calibrated case by case.
Z_SEARCHED_95 = 5.25**0.5
# Directions of the scaled information below this eigenvalue are not determined at double precision.
_UNDETERMINED = 1e-12
_NOTICEABLE = 1e-3


class Covariance(NamedTuple):
    """Covariance of θ (NaN where undetermined, 0 where held) and condition number of the scaled information.

    The condition number is that of the determined directions: what an absent component leaves undetermined shows as
    empty errors and would make every such fit look singular.
    """

    matrix: Array
    condition_number: float


class Areas(NamedTuple):
    """Areas of the components in cps·eV with errors, shares and detection; arrays over components, NaN = unknown."""

    area: Array
    stderr: Array
    fraction: Array
    fraction_stderr: Array
    critical_level: Array
    detection_limit: Array
    upper_limit_95: Array


def covariance(matrix: Array, free: Mask) -> Covariance:
    """Return the inverse of the information ``matrix`` over the ``free`` parameters."""
    found = np.zeros_like(matrix)
    diagonal = np.diag(matrix)
    unseen = free & ~(diagonal > 0.0)
    seen = free & (diagonal > 0.0)
    condition = 1.0
    if np.any(seen):
        root = np.sqrt(diagonal[seen])
        eigenvalues, vectors = np.linalg.eigh(matrix[np.ix_(seen, seen)] / np.outer(root, root))
        clear = eigenvalues > _UNDETERMINED * eigenvalues[-1]
        inverse = (vectors[:, clear] / eigenvalues[clear]) @ vectors[:, clear].T / np.outer(root, root)
        if not np.all(clear):
            lost = np.any(np.abs(vectors[:, ~clear]) > _NOTICEABLE, axis=1)
            inverse[lost, :] = np.nan
            inverse[:, lost] = np.nan
        found[np.ix_(seen, seen)] = inverse
        condition = float(eigenvalues[-1] / eigenvalues[clear][0])
    found[unseen, unseen] = np.nan
    return Covariance(found, condition)


def propagated(by_theta: Array, matrix: Array) -> Array:
    """Return the covariance of numbers with derivatives ``by_theta``; a NaN reaches only what depends on it."""
    unknown = np.isnan(np.diag(matrix))
    clean = np.where(np.isnan(matrix), 0.0, matrix)
    result = by_theta @ clean @ by_theta.T
    touched = np.any(by_theta[:, unknown] != 0.0, axis=1)
    result[touched, :] = np.nan
    result[:, touched] = np.nan
    return np.asarray(result)


def standard_errors(matrix: Array) -> Array:
    """Return the square roots of a covariance's diagonal."""
    return np.sqrt(np.maximum(np.diag(matrix), 0.0))


def areas(problem: Problem, best: Optimum) -> Areas:
    """Return what is known about the components' areas at the optimum ``best``.

    An area at its bound 0 is let free for its own error (σ₀ there), so that "nothing seen" carries an error bar.
    """
    plan = problem.layout
    slots = plan.indices("area")
    at_zero = best.at_lower & np.isin(plan.varied, slots)
    free = ~best.at_bound | at_zero
    matrix = covariance(information(best.at), free).matrix
    area = best.at.values[slots]
    of_areas = propagated(best.at.by_theta[slots], matrix)
    stderr = standard_errors(of_areas)
    fraction, fraction_stderr = shares(plan.model, area, of_areas)
    sigma_zero = np.array([_sigma_at_zero(problem, best, i) for i in range(slots.size)])
    level = critical_factors(plan.model) * sigma_zero
    return Areas(area, stderr, fraction, fraction_stderr, level, 2.0 * level, area + Z_ONE_SIDED_95 * stderr)


def is_detected(area: float, stderr: float, critical_level: float) -> bool:
    """Return whether an area exceeds its critical level and its one-sided 95 % interval excludes 0.

    Only the second knows what the energy axis and the neighbours leave open at the optimum; an area without a standard
    error is not detected.
    """
    return bool(area > critical_level and area > Z_ONE_SIDED_95 * stderr)


def critical_factors(model: FitModel) -> Array:
    """Return z of each component: larger where the fit searches for the position."""
    searched = [
        part.position_ev is not None and not part.position_ev.fixed and model.tie(part.name, "position_ev") is None
        for part in model.components
    ]
    return np.where(searched, Z_SEARCHED_95, Z_ONE_SIDED_95)


def shares(model: FitModel, area: Array, of_areas: Array) -> tuple[Array, Array]:
    """Return each species' share of its core level's area and its standard error, correlations included.

    f_i = A_i/S, so ∂f_i/∂A_j = (δ_ij − f_i)/S. Losses and plasmons have no share; neither has a level of no area.
    """
    fraction = np.full(area.size, np.nan)
    stderr = np.full(area.size, np.nan)
    for level in model.core_levels:
        members = [i for i, part in enumerate(model.components) if part.core_level == level and part.role == "species"]
        total = float(np.sum(area[members]))
        if not members or not total > 0.0:
            continue
        fraction[members] = area[members] / total
        slopes = (np.eye(len(members)) - fraction[members][:, None]) / total
        stderr[members] = standard_errors(slopes @ of_areas[np.ix_(members, members)] @ slopes.T)
    return fraction, stderr


def _sigma_at_zero(problem: Problem, best: Optimum, component: int) -> float:
    """Return the standard error of a component's area if its true area were 0, from the counts alone.

    The parameter that carries the area is the area itself or, in a soft tie, its ratio to another area; the tie's
    prior is left out, since what a tie imposes is not detected. NaN where an exact tie imposes the area.
    """
    plan = problem.layout
    slot = plan.index(component, "area")
    tie = plan.slots[slot].tie
    if tie is not None and not tie.soft:
        return np.nan
    carrier = slot if tie is None else plan.index(component, "ratio")
    own = int(np.flatnonzero(plan.varied == carrier)[0])
    theta = best.at.theta.copy()
    theta[own] = 0.0
    there = problem.evaluate(theta)
    free = ~best.at_bound
    free[own] = True
    matrix = information(_without_prior(there, plan.priors, slot))
    free &= np.diag(matrix) > 0.0
    if not free[own]:
        return np.nan
    return float(standard_errors(propagated(there.by_theta[[slot]], covariance(matrix, free).matrix))[0])


def _without_prior(at: Evaluation, priors: tuple[Prior, ...], slot: int) -> Evaluation:
    kept = np.ones(at.pulls.size, dtype=bool)
    kept[: len(priors)] = [prior.slot != slot for prior in priors]
    return at._replace(pulls=at.pulls[kept], pull_slopes=at.pull_slopes[kept])
