"""What a task is at given nonlinear parameters: projection, gradient and information against scipy and differences."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import minimize, nnls

import series_of_lines
from xps.separable import likelihood, projection
from xps.separable.priors import Priors

Array = NDArray[np.float64]
ALL = np.arange(4)


def at_best_coefficients(task: projection.Task, theta: Array, who: Array = ALL) -> projection.Point:
    """Evaluate until the coefficients follow their own weights."""
    point = projection.evaluate(task, who, theta, None)
    for _ in range(30):
        point = projection.evaluate(task, who, theta, point.coefficients)
    return point


def deviance(task: projection.Task, i: int, theta: Array, coefficients: Array) -> float:
    """Poisson's deviance of one spectrum plus the squared pulls, written down anew."""
    expected = coefficients @ task.model.shape(theta[None], np.array([i])).columns[0]
    counts = task.likelihood.data[i]
    log = np.where(counts > 0, counts * np.log(np.where(counts > 0, counts, 1.0) / expected), 0.0)
    total = 2.0 * float(np.sum(expected - counts + log))
    if task.priors is not None:
        rows, value, stderr = task.priors.rows, task.priors.value[i], task.priors.stderr[i]
        total += float(np.sum(((rows @ theta - value) / stderr) ** 2))
    return total


@pytest.fixture
def series() -> series_of_lines.Simulated:
    return series_of_lines.simulate(4, 3e3, seed=5)


def with_prior(series: series_of_lines.Simulated) -> projection.Task:
    row = np.array([[1.0, 0.0, -1.0, 0.0, 0.0], [0.0, 1.0, 0.0, -1.2, 0.0]])
    return replace(series.task, priors=Priors(row, np.tile([2.6, 0.1], (4, 1)), np.tile([0.05, 0.2], (4, 1))))


def test_neyman_coefficients_are_those_of_nnls(series: series_of_lines.Simulated) -> None:
    counts = series.task.likelihood.data
    task = replace(series.task, likelihood=likelihood.Neyman(counts))
    point = projection.evaluate(task, ALL, series.start, None)
    columns = task.model.shape(series.start, ALL).columns
    for i in range(4):
        root = 1.0 / np.sqrt(np.maximum(counts[i], 1.0))
        best, distance = nnls(columns[i].T * root[:, None], counts[i] * root)
        np.testing.assert_allclose(point.coefficients[i], best, rtol=1e-7, atol=1e-6)
        assert point.objective[i] == pytest.approx(distance**2, rel=1e-9)


def test_poisson_coefficients_are_where_scipy_finds_the_least_deviance(series: series_of_lines.Simulated) -> None:
    point = at_best_coefficients(series.task, series.start)
    for i in range(4):
        scale = series.coefficients[i]

        def objective(reduced: Array, i: int = i, scale: Array = scale) -> float:
            return deviance(series.task, i, series.start[i], reduced * scale)

        best = minimize(objective, np.ones(3), bounds=[(1e-9, None)] * 3, method="L-BFGS-B", options={"ftol": 1e-15})
        assert point.objective[i] <= best.fun + 1e-6
        np.testing.assert_allclose(point.coefficients[i], best.x * scale, rtol=2e-3)


@pytest.mark.parametrize("tied", [False, True])
def test_gradient_is_half_the_fall_of_the_objective(series: series_of_lines.Simulated, tied: bool) -> None:
    task = with_prior(series) if tied else series.task
    point = projection.evaluate(task, ALL, series.start, series.coefficients)
    for i in range(4):
        both = np.concatenate([point.coefficients[i], point.theta[i]])
        for place in range(both.size):
            step = np.zeros(both.size)
            step[place] = 1e-5 * max(abs(both[place]), 1.0)
            up, down = (deviance(task, i, *reversed(np.split(both + sign * step, [3]))) for sign in (1, -1))
            slope = -0.5 * (up - down) / (2.0 * step[place])
            assert point.gradient[i, place] == pytest.approx(
                slope, rel=1e-4, abs=1e-4 * np.abs(point.gradient[i]).max()
            )


@pytest.mark.parametrize("tied", [False, True])
def test_information_is_the_curvature_where_counts_are_what_is_expected(tied: bool) -> None:
    series = series_of_lines.simulate(4, 3e3, seed=6)
    expected = np.matmul(series.coefficients[:, None], series.task.model.shape(series.theta, ALL).columns)[:, 0]
    task = replace(with_prior(series) if tied else series.task, likelihood=likelihood.Poisson(expected))
    if task.priors is not None:
        task = replace(task, priors=replace(task.priors, value=np.einsum("pt,st->sp", task.priors.rows, series.theta)))
    point = projection.evaluate(task, ALL, series.theta, series.coefficients)
    np.testing.assert_allclose(point.gradient, 0.0, atol=1e-6 * np.sqrt(np.abs(point.information).max()))
    i, step = 1, 1e-3
    scale = 1.0 / np.sqrt(np.diag(point.information[i]))
    both = np.concatenate([series.coefficients[i], series.theta[i]])

    def at(one: int, other: int, a: float, b: float) -> float:
        move = np.zeros(both.size)
        move[one] += a * step * scale[one]
        move[other] += b * step * scale[other]
        return deviance(task, i, *reversed(np.split(both + move, [3])))

    for one in range(both.size):
        for other in range(one + 1):
            corners = at(one, other, 1, 1) - at(one, other, 1, -1) - at(one, other, -1, 1) + at(one, other, -1, -1)
            curvature = 0.5 * corners / (4.0 * step**2)
            scaled = point.information[i, one, other] * scale[one] * scale[other]
            assert curvature == pytest.approx(scaled, abs=2e-3)


def test_information_is_symmetric_and_positive(series: series_of_lines.Simulated) -> None:
    information = projection.evaluate(series.task, ALL, series.start, None).information
    assert np.array_equal(information, information.transpose(0, 2, 1))
    assert np.all(np.linalg.eigvalsh(information)[:, 0] > -1e-9 * np.linalg.eigvalsh(information)[:, -1])


@settings(max_examples=15)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=7))
def test_copies_are_their_originals_to_the_bit(which: list[int]) -> None:
    series = series_of_lines.simulate(4, 3e3, seed=5)
    task, places = with_prior(series), np.array(which)
    whole = projection.evaluate(task, ALL, series.start, series.coefficients)
    copied = projection.evaluate(
        task.copies(places), np.arange(places.size), series.start[places], series.coefficients[places]
    )
    for mine, original in zip(copied, whole, strict=True):
        assert np.array_equal(mine, original[places])


def test_of_guess_and_solution_the_better_one_is_kept(series: series_of_lines.Simulated) -> None:
    best = at_best_coefficients(series.task, series.start)
    again = projection.evaluate(series.task, ALL, series.start, best.coefficients)
    assert np.all(again.objective <= best.objective + 1e-9)
    far = projection.evaluate(series.task, ALL, series.start, 30.0 * best.coefficients)
    for i in range(4):
        before = deviance(series.task, i, series.start[i], 30.0 * best.coefficients[i])
        assert best.objective[i] - 1e-9 <= far.objective[i] < before


def test_a_negative_guess_is_lifted_to_its_bound(series: series_of_lines.Simulated) -> None:
    point = projection.evaluate(series.task, ALL, series.start, -np.ones((4, 3)))
    assert np.all(point.coefficients >= 0.0)
    assert np.all(np.isfinite(point.objective))


def test_given_coefficients_are_kept_and_the_rest_fitted_beside_them(series: series_of_lines.Simulated) -> None:
    held = np.full((4, 3), np.nan)
    held[:, 1] = [0.0, 10.0, 500.0, 2000.0]
    task = replace(series.task, given=held)
    point = at_best_coefficients(task, series.start)
    np.testing.assert_array_equal(point.coefficients[:, 1], held[:, 1])
    # What is free has no slope left, or stands at its bound and would go beyond it.
    free = [0, 2]
    scale = np.sqrt(np.einsum("sii->si", point.information))[:, free]
    stuck = point.coefficients[:, free] == 0.0
    assert np.all(np.where(stuck, point.gradient[:, free] <= 0.0, np.abs(point.gradient[:, free]) < 1e-4 * scale))
    assert not projection.free_parameters(task, ALL, point)[:, 1].any()


def test_parameters_on_a_bound_are_free_only_inwards(series: series_of_lines.Simulated) -> None:
    point = projection.evaluate(series.task, ALL, series.start, series.coefficients)
    gradient = np.array([[1.0, -1.0, 1.0, *np.full(5, sign)] for sign in (1.0, -1.0, 1.0, -1.0)])
    coefficients = np.array([[0.0, 0.0, 5.0]] * 4)
    at_low = point._replace(gradient=gradient, coefficients=coefficients, theta=series.task.lower)
    at_high = point._replace(gradient=gradient, coefficients=coefficients, theta=series.task.upper)
    low, high = (projection.free_parameters(series.task, ALL, one) for one in (at_low, at_high))
    np.testing.assert_array_equal(low[:, :3], [[True, False, True]] * 4)
    np.testing.assert_array_equal(low[:, 3:], gradient[:, 3:] > 0.0)
    np.testing.assert_array_equal(high[:, 3:], gradient[:, 3:] < 0.0)


def test_a_parameter_without_room_is_never_free(series: series_of_lines.Simulated) -> None:
    upper = series.task.upper.copy()
    upper[:, 2] = series.task.lower[:, 2]
    task = replace(series.task, upper=upper)
    point = projection.evaluate(task, ALL, np.clip(series.start, task.lower, upper), None)
    assert not projection.free_parameters(task, ALL, point)[:, 5].any()
