"""Likelihoods of counts, ``poisson`` and ``neyman``: residuals, objective, gradient and expected information.

The deviance D = 2 Σ [µ − n + n ln(n/µ)] is −2 ln(likelihood ratio to the saturated model), so its minimum is the exact
Poisson maximum likelihood (S. Baker, R. D. Cousins, Nucl. Instrum. Methods 221 (1984) 437). Written as a sum of squares
of signed residuals, any least-squares program minimises it. The covariance of the parameters is the inverse of the
expected information Jᵀ diag(1/µ) J; it is never rescaled by the goodness of fit.

Neyman's χ² = Σ (n − µ)²/max(n, 1) is what most programs minimise. Its weights come from the data: channels that
fluctuate down weigh more, which draws the fitted counts low by about one per channel. It is there for comparison.
"""

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlog1py

Array = NDArray[np.float64]
Likelihood = Literal["poisson", "neyman"]

# Expected counts never fall below this, so that a model without background keeps a finite likelihood.
LEAST_EXPECTED_COUNTS = 1e-6
# Below this |n − µ|/µ the closed form cancels; the series is exact to rounding there.
_SERIES_BELOW = 1e-3


def deviance_residuals(counts: Array, expected: Array) -> tuple[Array, Array]:
    """Return d = sign(n − µ) √(2[µ − n + n ln(n/µ)]) and ∂d/∂µ, for counts n >= 0 and expected counts µ > 0.

    With x = (n − µ)/µ and q = [(1 + x) ln(1 + x) − x]/(x²/2), which is 1 at x = 0, d = x √(µ q) and ∂d/∂µ = −1/√(µ q):
    no cancellation where data and model agree.
    """
    x = (counts - expected) / expected
    small = np.abs(x) < _SERIES_BELOW
    safe = np.where(small, 1.0, x)
    closed = (xlog1py(1.0 + safe, safe) - safe) / (0.5 * safe**2)
    series = 1.0 - x / 3.0 + x**2 / 6.0 - x**3 / 10.0 + x**4 / 15.0
    root = np.sqrt(expected * np.where(small, series, closed))
    return x * root, -1.0 / root


def deviance(counts: Array, expected: Array) -> float:
    """Return 2 Σ [µ − n + n ln(n/µ)]."""
    residuals, _ = deviance_residuals(counts, expected)
    return float(residuals @ residuals)


def weights(kind: Likelihood, counts: Array, expected: Array) -> Array:
    """Return w of each channel: half the objective has the slope −Jᵀ w (n − µ) and the information Jᵀ w J."""
    return np.asarray(1.0 / expected if kind == "poisson" else 1.0 / np.maximum(counts, 1.0))


def residuals(kind: Likelihood, counts: Array, expected: Array) -> tuple[Array, Array]:
    """Return signed residuals whose squares add up to the objective, and their derivatives by µ."""
    if kind == "poisson":
        return deviance_residuals(counts, expected)
    root = np.sqrt(weights(kind, counts, expected))
    return (counts - expected) * root, -root


def objective(kind: Likelihood, counts: Array, expected: Array) -> float:
    """Return what a fit minimises: the deviance (poisson) or Neyman's χ²."""
    found, _ = residuals(kind, counts, expected)
    return float(found @ found)


def information(weight: Array, jacobian: Array) -> Array:
    """Return the expected (Fisher) information Jᵀ diag(w) J."""
    weighted = jacobian * np.sqrt(weight)[:, None]
    return np.asarray(weighted.T @ weighted)


def standardised_residuals(counts: Array, expected: Array) -> Array:
    """Return (n − µ)/√µ, Pearson's residuals."""
    return np.asarray((counts - expected) / np.sqrt(expected))
