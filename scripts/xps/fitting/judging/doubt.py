"""Detection where the model itself may be wrong: what the systematic error of an area makes of its critical level.

An area within the change that another background, shape or tie makes of it is no finding, however small its statistical
error. Both errors are taken as normal and independent, so that they add in squares: 1.645 systematic errors to the
critical level, as many again to the detection limit, and the chance of an area where there is none is that of the area
over both. Without alternatives nothing changes.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from xps.fitting.judging.uncertainty import Areas
from xps.quantiles import ONE_SIDED_95

Array = NDArray[np.float64]

# As many standard errors as a chance can tell in double precision.
_MOST = 37.0


def doubted(areas: Areas, systematic: Array | None) -> Areas:
    """Return ``areas`` with what concerns detection under ``systematic`` standard errors (cps·eV; NaN: none)."""
    if systematic is None:
        return areas
    error = np.nan_to_num(systematic)
    return areas._replace(
        critical_level=np.hypot(areas.critical_level, ONE_SIDED_95 * error),
        detection_limit=np.hypot(areas.detection_limit, 2.0 * ONE_SIDED_95 * error),
        absent_p_value=_chances(areas, error),
    )


def _chances(areas: Areas, error: Array) -> Array:
    """Return the chance of each area or a larger one where there is none; one above a half stays as it is.

    The statistical error is the one that goes with the chance known so far: it holds how far the line was searched.
    """
    significance = np.minimum(-ndtri(areas.absent_p_value), _MOST)
    clear = (significance > 0.0) & (error > 0.0) & (areas.area > 0.0)
    found = areas.absent_p_value.copy()
    found[clear] = ndtr(-areas.area[clear] / np.hypot(areas.area[clear] / significance[clear], error[clear]))
    return found
