"""Small bounded systems against scipy's non-negative least squares, and independence of the stack."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import nnls

from xps.separable.bounded import solve_bounded, solve_held


@given(st.integers(0, 10**6), st.integers(1, 7))
def test_bounded_solution_is_that_of_nnls(seed: int, unknowns: int) -> None:
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(6, 12, unknowns)) * 10.0 ** rng.integers(-3, 4, unknowns)
    data = rng.normal(size=(6, 12))
    found = solve_bounded(
        np.matmul(design.transpose(0, 2, 1), design),
        np.matmul(design.transpose(0, 2, 1), data[:, :, None])[:, :, 0],
        np.ones(unknowns, dtype=bool),
    )
    for matrix, values, solution in zip(design, data, found, strict=True):
        best, residual = nnls(matrix, values)
        assert np.all(solution >= 0.0)
        assert np.linalg.norm(matrix @ solution - values) <= residual * (1.0 + 1e-9)
        np.testing.assert_allclose(matrix @ solution, matrix @ best, atol=1e-6 * np.abs(values).max())


def test_unbounded_unknowns_may_be_negative() -> None:
    matrix, right = np.eye(2)[None], np.array([[-1.0, -2.0]])
    np.testing.assert_allclose(solve_bounded(matrix, right, np.array([True, False])), [[0.0, -2.0]])


def test_identical_columns_are_solved_without_complaint() -> None:
    matrix, right = np.full((1, 2, 2), 4.0), np.array([[8.0, 8.0]])
    assert np.isclose(np.sum(solve_bounded(matrix, right, np.array([True, True]))), 2.0)


def test_held_unknowns_are_zero_and_empty_ones_do_not_move() -> None:
    matrix = np.diag([2.0, 3.0, 0.0])[None]
    found = solve_held(matrix, np.array([[2.0, 3.0, 0.0]]), np.array([[True, False, True]]))
    np.testing.assert_allclose(found, [[1.0, 0.0, 0.0]])


def test_a_system_does_not_feel_its_neighbours() -> None:
    rng = np.random.default_rng(1)
    design = rng.normal(size=(40, 30, 6))
    matrix = np.matmul(design.transpose(0, 2, 1), design)
    right, bounded = rng.normal(size=(40, 6)), np.ones(6, dtype=bool)
    together = solve_bounded(matrix, right, bounded)
    alone = np.concatenate([solve_bounded(matrix[i : i + 1], right[i : i + 1], bounded) for i in range(40)])
    assert np.array_equal(together, alone)
