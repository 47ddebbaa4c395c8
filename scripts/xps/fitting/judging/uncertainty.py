"""From an optimum to standard errors, shares and limits.

Covariance: the inverse expected information of the free parameters at the optimum, absolute, with parameters at a
bound held fixed, and again with them free to lie inside, from which areas and shares have their errors; a parameter
that the data do not determine gets no error (NaN) instead of a small one.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.fitting.solving.minimiser import Optimum
from xps.fitting.solving.problem import Problem, information
from xps.models import FitModel
from xps.quantiles import ONE_SIDED_95

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

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
    """Areas of the components in cps·eV with errors, shares and detection; arrays over components, NaN = unknown.

    What concerns detection is unknown until ``detection.judged`` has looked at it.
    """

    area: Array
    stderr: Array
    fraction: Array
    fraction_stderr: Array
    critical_level: Array
    detection_limit: Array
    upper_limit_95: Array
    absent_p_value: Array
    critical_factor: Array
    level_stderr: Array

    @property
    def detected(self) -> Mask:
        """Which areas exceed their critical level."""
        return self.area > self.critical_level


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


def open_covariance(problem: Problem, best: Optimum) -> Array:
    """Return the covariance of θ at the optimum ``best`` if what ended at a bound may lie inside.

    An area at its bound 0 is let free (σ₀ there), so that "nothing seen" carries an error bar. So is any other number
    at a bound, as far as it may lie inside, anywhere between its bounds with a variance of a twelfth of their distance
    squared: held, it would pass its own error to no area.
    """
    plan = problem.layout
    distance = np.where(best.at_bound, plan.upper - plan.lower, np.inf)
    return covariance(information(best.at) + np.diag(12.0 / distance**2), np.ones_like(best.at_bound)).matrix


def areas(problem: Problem, best: Optimum, matrix: Array) -> Areas:
    """Return what is known about the components' areas at ``best``, ``matrix`` being the ``open_covariance`` there."""
    plan = problem.layout
    slots = plan.indices("area")
    area = best.at.values[slots]
    of_areas = propagated(best.at.by_theta[slots], matrix)
    stderr = standard_errors(of_areas)
    fraction, fraction_stderr = shares(plan.model, area, of_areas)
    unknown = np.full(area.size, np.nan)
    limit = area + ONE_SIDED_95 * stderr
    sums = level_errors(plan.model, of_areas)
    return Areas(area, stderr, fraction, fraction_stderr, unknown, unknown, limit, unknown, unknown, sums)


def level_errors(model: FitModel, of_areas: Array) -> Array:
    """Return, for each species, the standard error of the sum of its core level's species; NaN for satellites.

    Overlapping lines take from each other, so that their sum is often known far better than either.
    """
    stderr = np.full(of_areas.shape[0], np.nan)
    for level in model.core_levels:
        members = [i for i, part in enumerate(model.components) if part.core_level == level and part.role == "species"]
        # Rounding may leave a sum of nearly opposite errors a little below 0.
        stderr[members] = np.sqrt(max(float(of_areas[np.ix_(members, members)].sum()), 0.0))
    return stderr


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
