"""Covariance of all parameters, background included, from the information at an optimum.

The inverse expected information, absolute: never rescaled by the goodness of fit. Parameters at a bound are held; one
that the data do not determine gets NaN and not a small number. Arrays run over spectra first.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Directions of the scaled information below this eigenvalue are not determined at double precision.
_UNDETERMINED = 1e-12
_NOTICEABLE = 1e-3


class Covariance(NamedTuple):
    """Covariances (spectra × parameters × parameters; 0 held, NaN undetermined) and condition numbers (spectra)."""

    matrix: Array
    condition_number: Array

    @property
    def stderr(self) -> Array:
        """Standard errors, spectra × parameters."""
        return np.sqrt(np.diagonal(self.matrix, axis1=-2, axis2=-1))


def covariance(information: Array, free: Mask) -> Covariance:
    """Return the covariance of the ``free`` parameters (spectra × parameters) of each information matrix."""
    diagonal = np.diagonal(information, axis1=-2, axis2=-1)
    seen = free & (diagonal > 0.0)
    scale = np.where(seen, 1.0 / np.sqrt(np.where(seen, diagonal, 1.0)), 0.0)
    scaled = information * scale[:, :, None] * scale[:, None, :]
    index = np.arange(information.shape[-1])
    scaled[:, index, index] = 1.0
    values, vectors = np.linalg.eigh(scaled)
    clear = values > _UNDETERMINED * values[:, -1:]
    inverse = np.matmul(
        vectors * np.where(clear, 1.0 / np.where(clear, values, 1.0), 0.0)[:, None, :], vectors.transpose(0, 2, 1)
    )
    lost = np.any((np.abs(vectors) > _NOTICEABLE) & ~clear[:, None, :], axis=-1) & seen
    lost |= free & ~seen
    matrix = inverse * scale[:, :, None] * scale[:, None, :]
    matrix = np.where(lost[:, :, None] | lost[:, None, :], np.nan, matrix)
    matrix = np.where(free[:, :, None] & free[:, None, :], matrix, 0.0)
    condition = np.where(np.any(free & ~seen, axis=-1), np.inf, values[:, -1] / np.maximum(values[:, 0], 1e-300))
    return Covariance(matrix, condition)
