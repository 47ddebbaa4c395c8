"""Small bounded systems against scipy's non-negative least squares, and independence of the stack."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import nnls

from xps.separable.bounded import scaled_system, scales, solve_bounded, solve_held


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


@given(st.integers(0, 10**6), st.integers(1, 7))
def test_whatever_is_guessed_to_lie_above_the_solution_is_the_same(seed: int, unknowns: int) -> None:
    matrix, right = systems(seed, unknowns)
    generator = np.random.default_rng(seed + 2)
    bounded, above = generator.random(unknowns) < 0.7, generator.random(right.shape) < 0.5
    found, truth = solve_bounded(matrix, right, bounded, above), solve_bounded(matrix, right, bounded)
    scale = np.sqrt(np.einsum("sii->si", matrix))
    np.testing.assert_allclose(found * scale, truth * scale, rtol=1e-6, atol=1e-7)
    assert np.array_equal(solve_bounded(matrix, right, bounded, truth > 0.0), truth)


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


def systems(seed: int, unknowns: int, count: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Normal equations of random least squares whose columns differ in size by up to 1e6."""
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(count, 3 * unknowns + 2, unknowns)) * 10.0 ** rng.uniform(-3, 3, unknowns)
    data = rng.normal(size=(count, 3 * unknowns + 2))
    return np.matmul(design.transpose(0, 2, 1), design), np.matmul(design.transpose(0, 2, 1), data[:, :, None])[:, :, 0]


@given(st.integers(0, 10**6), st.integers(1, 7))
def test_the_conditions_of_kuhn_and_tucker_hold_with_some_bounded(seed: int, unknowns: int) -> None:
    matrix, right = systems(seed, unknowns)
    bounded = np.random.default_rng(seed + 1).random(unknowns) < 0.6
    found = solve_bounded(matrix, right, bounded)
    scale = np.sqrt(np.einsum("sii->si", matrix))
    slope = (right - np.matmul(matrix, found[:, :, None])[:, :, 0]) / scale
    at_bound = bounded & (found == 0.0)
    assert np.all(found[:, bounded] >= 0.0)
    np.testing.assert_allclose(np.where(at_bound, 0.0, slope), 0.0, atol=1e-6)
    assert np.all(slope[at_bound] <= 1e-6)


@given(st.integers(0, 10**6), st.integers(1, 7), st.floats(-4, 4))
def test_units_of_an_unknown_change_nothing_but_its_number(seed: int, unknowns: int, power: float) -> None:
    matrix, right = systems(seed, unknowns)
    units = 10.0 ** (power * np.linspace(-1, 1, unknowns))
    bounded = np.ones(unknowns, dtype=bool)
    one = solve_bounded(matrix, right, bounded)
    other = solve_bounded(matrix * units[:, None] * units, right * units, bounded)
    np.testing.assert_allclose(other * units, one, rtol=1e-6, atol=1e-9 * np.abs(one).max())


@given(st.integers(0, 10**6), st.integers(2, 7))
def test_solutions_without_bounds_are_those_of_linear_algebra(seed: int, unknowns: int) -> None:
    matrix, right = systems(seed, unknowns)
    free = np.random.default_rng(seed).random(right.shape) < 0.7
    found = solve_held(matrix, right, free)
    for system, values, some, solution in zip(matrix, right, free, found, strict=True):
        assert np.all(solution[~some] == 0.0)
        if some.any():
            root = np.sqrt(np.diag(system))[some]
            truth = np.linalg.solve(system[np.ix_(some, some)] / np.outer(root, root), values[some] / root) / root
            np.testing.assert_allclose(solution[some] * root, truth * root, rtol=1e-5, atol=1e-7)


@given(st.integers(0, 10**6), st.integers(1, 6))
def test_damping_shortens_steps_toward_those_of_steepest_descent(seed: int, unknowns: int) -> None:
    matrix, right = systems(seed, unknowns)
    free = np.ones(right.shape, dtype=bool)
    scale = np.sqrt(np.einsum("sii->si", matrix))
    steps = [solve_held(matrix, right, free, damping) * scale for damping in (0.0, 0.1, 1.0, 10.0, 1e8)]
    sizes = np.array([np.linalg.norm(step, axis=1) for step in steps])
    assert np.all(np.diff(sizes, axis=0) < 1e-12)
    np.testing.assert_allclose(steps[-1] * 1e8, right / scale, rtol=1e-5, atol=1e-12)
    # Every damped step still leads down.
    assert all(np.all(np.sum(step * right / scale, axis=1) >= 0.0) for step in steps)


def test_scales_are_roots_of_the_diagonal_and_one_where_nothing_depends() -> None:
    matrix = np.diag([4.0, 0.0, 0.25])[None]
    np.testing.assert_allclose(scales(matrix), [[0.5, 1.0, 2.0]])
    system = scaled_system(matrix, scales(matrix), np.array([[0.5, 0.5, 0.0]]))
    np.testing.assert_allclose(system[0], np.diag([1.5, 1.5, 1.0]), atol=1e-12)
