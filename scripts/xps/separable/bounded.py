"""Small symmetric systems by the thousand: scaled solutions, with some unknowns held or kept at or above zero.

Every routine works on stacks (systems × unknowns × unknowns) and treats each system by itself, so that a system's
result does not depend, to the bit, on the stack in which it stands.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

# Added to the unit diagonal of a scaled matrix: far below what counts determine, it keeps identical columns solvable.
_RIDGE = 1e-13
# In units of a scaled unknown: smaller negative values or gradients are rounding.
_KKT_TOLERANCE = 1e-10


def scales(matrix: Array) -> Array:
    """Return 1/√diagonal of each matrix, 1 where the diagonal is 0 (an unknown that nothing depends on)."""
    diagonal = np.diagonal(matrix, axis1=-2, axis2=-1)
    seen = diagonal > 0.0
    return np.where(seen, 1.0 / np.sqrt(np.where(seen, diagonal, 1.0)), 1.0)


def held_system(matrix: Array, scale: Array, free: Mask, damping: Array | float = 0.0) -> Array:
    """Return the scaled matrices with rows and columns of held unknowns replaced by the unit matrix's.

    ``damping`` (systems × unknowns) is added to the scaled diagonal of free unknowns.
    """
    weight = np.where(free, scale, 0.0)
    system = matrix * weight[..., :, None] * weight[..., None, :]
    index = np.arange(matrix.shape[-1])
    diagonal = system[..., index, index]
    empty = ~free | (diagonal <= 0.0)
    system[..., index, index] = np.where(empty, 1.0, diagonal + _RIDGE + damping)
    return np.asarray(system)


def solve_held(matrix: Array, right: Array, free: Mask, damping: Array | float = 0.0) -> Array:
    """Return x with matrix·x = right over the free unknowns of each system, 0 for the held ones."""
    scale = scales(matrix)
    system = held_system(matrix, scale, free, damping)
    weighted = np.where(free, right * scale, 0.0)
    return np.asarray(np.linalg.solve(system, weighted[..., None])[..., 0] * scale)


def solve_bounded(matrix: Array, right: Array, bounded: Mask) -> Array:
    """Return the minimum of xᵀMx/2 − rᵀx of each system, unknowns marked ``bounded`` kept at or above 0; exact.

    Principal pivoting (J. Kim, H. Park, SIAM J. Sci. Comput. 33 (2011) 3261): all unknowns on the wrong side change
    sides at once, or only the last of them where that has failed to bring progress, which is proven to end.
    """
    scale = scales(matrix)
    free = np.ones(right.shape, dtype=bool)
    solution = solve_held(matrix, right, free)
    waiting = np.flatnonzero(np.any(bounded & (solution < 0.0), axis=-1))
    if waiting.size:
        solution[waiting] = _pivot(matrix[waiting], right[waiting], scale[waiting], bounded)
    return solution


def _pivot(matrix: Array, right: Array, scale: Array, bounded: Mask) -> Array:
    systems, unknowns = right.shape
    free = np.ones((systems, unknowns), dtype=bool)
    fewest = np.full(systems, unknowns + 1)
    patience = np.full(systems, 3)
    solution = np.zeros_like(right)
    for _ in range(4 * 2**unknowns):
        solution = solve_held(matrix, right, free)
        slope = right - np.matmul(matrix, solution[..., None])[..., 0]
        wrong = bounded & np.where(free, solution / scale < -_KKT_TOLERANCE, slope * scale > _KKT_TOLERANCE)
        wrong &= np.where(free, True, np.abs(slope * scale) > _KKT_TOLERANCE * np.abs(right * scale))
        count = wrong.sum(axis=-1)
        if not np.any(count):
            break
        better = count < fewest
        fewest = np.where(better, count, fewest)
        patience = np.where(better, 3, patience - 1)
        last = np.arange(unknowns) == (unknowns - 1 - np.argmax(wrong[:, ::-1], axis=-1))[:, None]
        free ^= np.where((patience >= 0)[:, None], wrong, wrong & last)
    return np.where(bounded, np.maximum(solution, 0.0), solution)
