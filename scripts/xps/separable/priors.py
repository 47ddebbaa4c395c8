"""Gaussian knowledge about nonlinear parameters, beside the counts: soft ties, drifts, what other spectra say."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Priors:
    """Gaussian knowledge of linear combinations of θ: rows·θ = value ± stderr.

    ``rows`` is priors × parameters, or spectra × priors × parameters where each spectrum has its own; ``value`` and
    ``stderr`` are spectra × priors.
    """

    rows: Array
    value: Array
    stderr: Array

    def pulls(self, who: Indices, theta: Array) -> Array:
        """Return (rows·θ − value)/stderr."""
        found = np.matmul(theta[:, None, :], np.swapaxes(self.rows_of(who), -1, -2))[:, 0, :]
        return np.asarray((found - self.value[who]) / self.stderr[who])

    def slopes(self, who: Indices) -> Array:
        """Return the derivatives of the pulls by θ."""
        return np.asarray(self.rows_of(who) / self.stderr[who][:, :, None])

    def rows_of(self, who: Indices) -> Array:
        """Return the rows of the spectra ``who``, once where all have the same."""
        return self.rows if self.rows.ndim == 2 else self.rows[who]

    @property
    def about(self) -> NDArray[np.bool_]:
        """Which prior says something about which parameter, priors × parameters."""
        told = self.rows != 0.0
        return told if told.ndim == 2 else np.asarray(np.any(told, axis=0))

    def taken(self, which: Indices) -> "Priors":
        """Return the priors of the spectra ``which``."""
        return Priors(self.rows_of(which), self.value[which], self.stderr[which])

    def joined(self, other: "Priors") -> "Priors":
        """Return these priors and others of the same spectra."""
        spectra = self.value.shape[0]
        parts = [self.rows, other.rows]
        if self.rows.ndim != other.rows.ndim:
            parts = [np.broadcast_to(rows, (spectra, *rows.shape[-2:])) for rows in parts]
        value, stderr = ((self.value, other.value), (self.stderr, other.stderr))
        return Priors(np.concatenate(parts, axis=-2), np.concatenate(value, axis=1), np.concatenate(stderr, axis=1))
