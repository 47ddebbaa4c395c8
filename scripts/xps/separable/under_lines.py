"""What lies under the lines of many spectra at once: baselines, and the backgrounds that lines themselves make.

The counterpart of ``backgrounds``, which treats one spectrum: the same numbers for stacks of spectra, each on its axis.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from xps import backgrounds

Array = NDArray[np.float64]


def baseline(kind: str, axis: Array) -> Array:
    """Return the baseline's columns, broadcast to spectra × coefficients × channels; see ``backgrounds.baseline``."""
    if kind != "linear":
        return np.ones((1, 1, 1))
    low, high = axis.min(axis=-1, keepdims=True), axis.max(axis=-1, keepdims=True)
    share = (axis - low) / (high - low)
    return np.stack([1.0 - share, share], axis=1)


def add_step(axis: Array, peaks: Array, factor: Array, total: Array) -> None:
    """Add ``factor`` times the running trapezoidal integral from the low-energy end; see ``backgrounds.step_under``."""
    grown = peaks[..., 1:] + peaks[..., :-1]
    grown *= ((0.5 * factor)[:, None] * np.abs(axis[:, 1:] - axis[:, :-1]))[:, None, :]
    if (axis[:, 0] > axis[:, -1]).any():
        grown, total = grown[..., ::-1], total[..., ::-1]
    np.cumsum(grown, axis=-1, out=grown)
    total[..., 1:] += grown


def loss_operators(axis: Array) -> Array:
    """Return each axis' Tougaard operator; axes that differ by a shift only share one."""
    # Rounding 1e-9 eV away makes equal what was shifted, and keeps the result independent of who comes first.
    relative = np.round(axis - axis[:, :1], 9)
    if np.all(relative == relative[0]):
        return _loss_operator(relative[0].tobytes())[None]
    kinds, which = np.unique(relative, axis=0, return_inverse=True)
    operators = [_loss_operator(kind.tobytes()) for kind in kinds]
    return np.stack(operators)[which.ravel()]


@lru_cache(maxsize=32)
def _loss_operator(relative_ev: bytes) -> Array:
    # One matrix inversion, which every evaluation of every spectrum on such an axis would otherwise repeat.
    return backgrounds.loss_operator(np.frombuffer(relative_ev, dtype=np.float64))
