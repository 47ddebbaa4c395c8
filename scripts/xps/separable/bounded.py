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
    return np.asarray(1.0 / np.sqrt(np.where(diagonal > 0.0, diagonal, 1.0)))


def scaled_system(matrix: Array, scale: Array, damping: Array | float = 0.0) -> Array:
    """Return the matrices with rows and columns multiplied by ``scale``: 0 for held unknowns, else that of ``scales``.

    The diagonal is 1 + ``damping`` (systems × unknowns). That of held unknowns keeps the system solvable: with 0 on the
    right side, too, they come out as 0.
    """
    system = matrix * scale[..., :, None]
    system *= scale[..., None, :]
    index = np.arange(matrix.shape[-1])
    system[..., index, index] = 1.0 + _RIDGE + damping
    return np.asarray(system)


def solve_held(matrix: Array, right: Array, free: Mask, damping: Array | float = 0.0) -> Array:
    """Return x with matrix·x = right over the free unknowns of each system, 0 for the held ones."""
    return _solved(matrix, right, scales(matrix) * free, damping)


def inverse_held(matrix: Array, free: Mask) -> Array:
    """Return the inverse of each matrix over its free unknowns, 0 in rows and columns of the held ones."""
    scale = scales(matrix) * free
    return np.asarray(np.linalg.inv(scaled_system(matrix, scale)) * scale[..., :, None] * scale[..., None, :])


def _solved(matrix: Array, right: Array, scale: Array, damping: Array | float = 0.0) -> Array:
    solution = np.linalg.solve(scaled_system(matrix, scale, damping), (right * scale)[..., None])[..., 0]
    return np.asarray(solution * scale)


def solve_bounded(matrix: Array, right: Array, bounded: Mask, above: Mask | None = None) -> Array:
    """Return the minimum of xᵀMx/2 − rᵀx of each system, unknowns marked ``bounded`` kept at or above 0; exact.

    Principal pivoting (J. Kim, H. Park, SIAM J. Sci. Comput. 33 (2011) 3261): all unknowns on the wrong side change
    sides at once, or only the last of them where that has failed to bring progress, which is proven to end. ``above``
    guesses which unknowns of each system end above 0; without it all do.
    """
    scale = scales(matrix)
    free = np.ones(right.shape, dtype=bool) if above is None else above | ~bounded
    solution = _solved(matrix, right, scale * free)
    wrong = _wrong(matrix, right, scale, bounded, free, solution)
    if wrong.any():
        waiting = np.flatnonzero(wrong.any(axis=-1))
        solution[waiting] = _pivot(
            matrix[waiting], right[waiting], scale[waiting], bounded, free[waiting], wrong[waiting]
        )
    return np.where(bounded, np.maximum(solution, 0.0), solution)


def _wrong(matrix: Array, right: Array, scale: Array, bounded: Mask, free: Mask, solution: Array) -> Mask:
    """Return which unknowns are below 0, or held there although the minimum lies above."""
    wrong = bounded & (solution < -_KKT_TOLERANCE * scale)
    if not free.all():
        slope = (right - np.matvec(matrix, solution)) * scale
        wrong |= ~free & (slope > _KKT_TOLERANCE * np.maximum(1.0, np.abs(right * scale)))
    return np.asarray(wrong)


def _pivot(matrix: Array, right: Array, scale: Array, bounded: Mask, free: Mask, wrong: Mask) -> Array:
    systems, unknowns = right.shape
    fewest, patience = np.full(systems, unknowns + 1), np.full(systems, 3)
    solution = np.zeros_like(right)
    for _ in range(4 * 2**unknowns):
        count = wrong.sum(axis=-1)
        if not count.any():
            break
        better = count < fewest
        fewest = np.where(better, count, fewest)
        patience = np.where(better, 3, patience - 1)
        last = np.arange(unknowns) == (unknowns - 1 - np.argmax(wrong[:, ::-1], axis=-1))[:, None]
        free = free ^ (wrong & (last | (patience >= 0)[:, None]))
        solution = _solved(matrix, right, scale * free)
        wrong = _wrong(matrix, right, scale, bounded, free, solution)
    return solution
