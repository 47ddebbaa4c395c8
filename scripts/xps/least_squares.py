"""Few parameters by least squares between bounds, without the third of a second that scipy.optimize takes to load.

For problems of a handful of parameters whose residuals come from a model in Python: thicknesses of films, rate laws,
mechanisms. Thousands of spectra belong to ``separable``. Residuals are in standard deviations, so that their sum of
squares is χ².

Marquardt's method with his scaling as Moré has it (Numerical Analysis, Lecture Notes in Mathematics 630, 105, 1978).
Bounds are exact: a parameter on its bound with the gradient pointing out of it is held for the step, and steps are cut
at the bounds. Derivatives are forward differences.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_DIFFERENCE = float(np.sqrt(np.finfo(np.float64).eps))
# Residuals are in standard deviations: what χ² falls by from here is a distance of some 1e-5 of the statistical error.
_TOLERANCE = 1e-9
_FIRST_DAMPING, _LEAST_DAMPING, _MOST_DAMPING = 1e-3, 1e-12, 1e12


class Minimum(NamedTuple):
    """Where a search ended: parameters (p,), χ², derivatives of the residuals (n, p), and whether it converged."""

    parameters: Floats
    chi_square: float
    jacobian: Floats
    converged: bool


def minimum(
    residual: Callable[[Floats], Floats], start: Floats, lower: Floats, upper: Floats, evaluations: int = 400
) -> Minimum:
    """Return the least χ² of ``residual`` (parameters (p,) to (n,)) from ``start``, ``lower`` and ``upper`` (p,) kept.

    Not converged after ``evaluations`` of the residual, or where it is not finite at the start (then χ² is infinite).
    """
    at = np.clip(np.asarray(start, dtype=np.float64), lower, upper)
    here = residual(at)
    chi_square, used = _sum(here), 1
    scale, damping = np.zeros_like(at), _FIRST_DAMPING
    jacobian = np.zeros((here.size, at.size))
    while np.isfinite(chi_square) and used < evaluations:
        jacobian = _jacobian(residual, at, here, upper)
        used += at.size
        gradient, information = jacobian.T @ here, jacobian.T @ jacobian
        scale = np.maximum(scale, np.diag(information))
        small = _TOLERANCE * max(chi_square, 1.0)
        while True:
            step = _step(gradient, information, damping * scale, at - lower, upper - at)
            expected = -float((2.0 * gradient + information @ step) @ step)
            trial = np.clip(at + step, lower, upper)
            there = residual(trial)
            used += 1
            fall = chi_square - _sum(there)
            # The damping's own part counts: a step that is short because it is damped is no sign of the end.
            if expected + 2.0 * damping * float(scale @ step**2) <= small or damping > _MOST_DAMPING:
                better = (trial, _sum(there)) if fall > 0.0 else (at, chi_square)
                return Minimum(*better, jacobian, True)
            if fall > 0.0:
                break
            damping *= 10.0
        gain = fall / expected if expected > 0.0 else 0.0
        damping = max(damping * (0.1 if gain > 0.5 else 1.0 if gain > 0.1 else 4.0), _LEAST_DAMPING)
        at, here, chi_square = trial, there, _sum(there)
    return Minimum(at, chi_square, jacobian, False)


def chance(chi_square: float, freedom: int) -> float:
    """Return the chance of a χ² of ``chi_square`` or more at ``freedom`` degrees of freedom (at least 1).

    Q(n/2, x/2) by its finite sum (Abramowitz and Stegun, 26.4.4 and 26.4.5): erfc(√(x/2)) where n is odd, and the terms
    (x/2)^a exp(-x/2) / Γ(a + 1), a rising by 1 up to n/2 - 1.
    """
    half, odd = 0.5 * chi_square, freedom % 2 == 1
    if half <= 0.0 or not math.isfinite(half):
        return 1.0 if half <= 0.0 else 0.0
    total = math.erfc(math.sqrt(half)) if odd else 0.0
    for power in np.arange(0.5 if odd else 0.0, freedom / 2 - 0.5).tolist():
        total += math.exp(power * math.log(half) - half - math.lgamma(power + 1.0))
    return min(total, 1.0)


def _step(gradient: Floats, information: Floats, damping: Floats, below: Floats, above: Floats) -> Floats:
    """Return the damped step within the room ``below`` and ``above``: what would leave it goes as far as the bound."""
    step = np.zeros_like(gradient)
    held = (below <= 0.0) & (gradient > 0.0) | (above <= 0.0) & (gradient < 0.0)
    free = ~held & (damping > 0.0)
    while free.any():
        damped = information[np.ix_(free, free)] + np.diag(damping[free])
        right = gradient[free] + information[np.ix_(free, ~free)] @ step[~free]
        step[free] = np.linalg.solve(damped, -right)
        out = free & ((step < -below) | (step > above))
        if not out.any():
            break
        step[out] = np.clip(step[out], -below[out], above[out])
        free &= ~out
    return step


def _sum(residual: Floats) -> float:
    total = float(residual @ residual)
    return total if np.isfinite(total) else np.inf


def _jacobian(residual: Callable[[Floats], Floats], at: Floats, here: Floats, upper: Floats) -> Floats:
    """Return forward differences, backward where the upper bound is in the way."""
    columns = []
    for index, value in enumerate(at):
        size = _DIFFERENCE * max(1.0, abs(value))
        moved = at.copy()
        moved[index] = value + size if value + size <= upper[index] else value - size
        columns.append((residual(moved) - here) / (moved[index] - value))
    return np.stack(columns, axis=1)
