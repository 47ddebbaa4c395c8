"""From numbers of atoms to atomic percent, with errors: x_i = 100 n_i / Σ n.

∂x_i/∂n_j = (100 δ_ij − x_i)/Σ n. Errors of different elements are taken as independent.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


class Shares(NamedTuple):
    """Atomic percent of each element, and both standard errors (percentage points)."""

    percent: Array
    statistical: Array
    systematic: Array


def atomic_percent(atoms: Sequence[float], statistical: Sequence[float], systematic: Sequence[float]) -> Shares:
    """Return the shares of ``atoms`` with errors from the two standard errors of each number."""
    numbers = np.asarray(atoms, dtype=np.float64)
    total = float(numbers.sum())
    percent = 100.0 * numbers / total
    slopes = (100.0 * np.eye(numbers.size) - percent[:, None]) / total
    errors = (np.sqrt((slopes**2) @ np.asarray(one, dtype=np.float64) ** 2) for one in (statistical, systematic))
    return Shares(percent, *errors)
