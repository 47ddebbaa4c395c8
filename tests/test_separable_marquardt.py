"""The batch solver: recovery and pulls, the same optimum as lmfit, exact bounds, independence of blocks and order."""

from dataclasses import replace

import lmfit
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import series_of_lines
from xps.separable import likelihood, marquardt, projection
from xps.separable.priors import Priors
from xps.uncertainty.covariance import covariance

Array = NDArray[np.float64]


def test_pulls_of_all_parameters_are_standard_normal() -> None:
    series = series_of_lines.simulate(600, 2e4)
    best = marquardt.minimise(series.task, series.start)
    assert best.converged.all()
    stderr = covariance(best.point.information, ~best.held).stderr
    found = np.concatenate([best.point.coefficients, best.point.theta], axis=1)
    truth = np.concatenate([series.coefficients, series.theta], axis=1)
    pulls = (found - truth) / stderr
    np.testing.assert_allclose(pulls.mean(axis=0), 0.0, atol=4.0 / np.sqrt(600))
    np.testing.assert_allclose(pulls.std(axis=0), 1.0, atol=4.0 / np.sqrt(1200))


def _with_lmfit(series: series_of_lines.Simulated, i: int, start: Array) -> float:
    """Return the objective that lmfit reaches with every parameter nonlinear and numerical derivatives."""
    parameters = lmfit.Parameters()
    for k, value in enumerate(start):
        parameters.add(f"t{k}", value, min=series.task.lower[i, k], max=series.task.upper[i, k])
    for k, value in enumerate(series.coefficients[i]):
        parameters.add(f"a{k}", 0.7 * value, min=0.0)
    counts = series.task.likelihood.data[i]

    def residuals(p: lmfit.Parameters) -> Array:
        theta = np.array([[p[f"t{k}"].value for k in range(start.size)]])
        a = np.array([[p[f"a{k}"].value for k in range(series.coefficients.shape[1])]])
        mu = np.maximum((a[:, :, None] * series.task.model.shape(theta, np.array([i])).columns).sum(1)[0], 1e-6)
        deviance = 2.0 * (mu - counts + counts * np.log(np.maximum(counts, 1e-300) / mu))
        return np.sign(counts - mu) * np.sqrt(np.maximum(deviance, 0.0))

    return float(np.sum(lmfit.minimize(residuals, parameters, ftol=1e-12, xtol=1e-12).residual ** 2))


@pytest.mark.parametrize("area", [3e2, 2e4])
def test_lmfit_finds_the_same_minimum(area: float) -> None:
    series = series_of_lines.simulate(6, area, seed=4)
    best = marquardt.minimise(series.task, series.start)
    for i in range(6):
        assert best.point.objective[i] <= _with_lmfit(series, i, series.start[i]) + 1e-5


@settings(max_examples=10)
@given(st.integers(0, 10**6), st.integers(1, 6))
def test_neither_order_nor_blocks_change_a_bit(seed: int, blocks: int) -> None:
    series = series_of_lines.simulate(71, 3e3, seed=seed % 5)
    whole = marquardt.minimise(series.task, series.start)
    order = np.random.default_rng(seed).permutation(71)
    for part in np.array_split(order, blocks):
        some = marquardt.minimise(series.task.copies(part), series.start[part])
        for mine, reference in zip(some.point, whole.point, strict=True):
            assert np.array_equal(mine, reference[part])


def test_an_absent_component_ends_exactly_at_zero_and_a_narrow_bound_is_met_exactly() -> None:
    series = series_of_lines.simulate(40, 1e4)
    absent = series.coefficients * [1.0, 0.0, 1.0]
    expected = np.matmul(absent[:, None], series.task.model.shape(series.theta, np.arange(40)).columns)[:, 0]
    upper = series.task.upper.copy()
    upper[:, 1] = 1.0
    counts = np.random.default_rng(0).poisson(expected).astype(np.float64)
    best = marquardt.minimise(replace(series.task, likelihood=likelihood.Poisson(counts), upper=upper), series.start)
    assert best.converged.all()
    zero = best.point.coefficients[:, 1] == 0.0
    assert 0.1 < zero.mean() < 0.9
    assert np.all(best.held[zero, 1])
    assert np.all(best.point.theta[:, 1] == 1.0)


def test_doubling_the_counting_time_with_the_counts_keeps_areas() -> None:
    series = series_of_lines.simulate(3, 1e4)
    model = series.task.model
    doubled = replace(
        series.task,
        model=type(model)(model.scheme, model.binding_energy_ev, (2.0 * model.time_per_channel_s[0],)),
        likelihood=likelihood.Poisson(2.0 * series.task.likelihood.data),
    )
    one, two = (marquardt.minimise(task, series.start).point for task in (series.task, doubled))
    np.testing.assert_allclose(two.coefficients, one.coefficients, rtol=1e-4)


def test_shifting_axes_and_bounds_shifts_positions_only() -> None:
    series = series_of_lines.simulate(3, 1e4)
    model, shift = series.task.model, np.array([7.0, 0.0, 7.0, 0.0, 0.0])
    moved = replace(
        series.task,
        model=type(model)(model.scheme, (model.binding_energy_ev[0] + 7.0,), model.time_per_channel_s),
        lower=series.task.lower + shift,
        upper=series.task.upper + shift,
    )
    one = marquardt.minimise(series.task, series.start).point
    two = marquardt.minimise(moved, series.start + shift).point
    np.testing.assert_allclose(two.theta, one.theta + shift, atol=1e-6)
    np.testing.assert_allclose(two.coefficients, one.coefficients, rtol=1e-6)


def test_a_prior_pulls_by_its_standard_error_and_costs_its_squared_pull() -> None:
    series = series_of_lines.simulate(20, 1e3)
    free = marquardt.minimise(series.task, series.start)
    row = np.array([[1.0, 0.0, -1.0, 0.0, 0.0]])
    distance = free.point.theta[:, [0]] - free.point.theta[:, [2]]
    error = np.sqrt(
        np.einsum("i,sij,j->s", row[0], covariance(free.point.information, ~free.held).matrix[:, 3:, 3:], row[0])
    )[:, None]
    prior = Priors(row, distance + error, error)
    found = marquardt.minimise(replace(series.task, priors=prior), series.start)
    moved = (found.point.theta[:, [0]] - found.point.theta[:, [2]] - distance) / error
    np.testing.assert_allclose(moved, 0.5, atol=0.05)
    np.testing.assert_allclose(found.point.objective - free.point.objective, 0.5, atol=0.05)


def test_given_coefficients_stay_where_they_are() -> None:
    series = series_of_lines.simulate(4, 1e4)
    given_ = np.full((4, 3), np.nan)
    given_[:, 1] = [0.0, 100.0, 5000.0, 9000.0]
    best = marquardt.minimise(replace(series.task, given=given_), series.start)
    np.testing.assert_array_equal(best.point.coefficients[:, 1], given_[:, 1])
    free = marquardt.minimise(series.task, series.start)
    assert np.all(best.point.objective >= free.point.objective - 1e-6)


def test_no_spectra_are_no_optima() -> None:
    series = series_of_lines.simulate(2, 1e3)
    nobody = np.array([], dtype=np.intp)
    best = marquardt.minimise(series.task.copies(nobody), series.start[nobody])
    assert best.point.theta.shape == (0, series.start.shape[1])
    assert best.converged.shape == best.evaluations.shape == (0,)


def test_more_spectra_than_a_pool_come_back_in_their_order() -> None:
    series = series_of_lines.simulate(230, 2e4, seed=3)
    best = marquardt.minimise(series.task, series.start)
    some = np.array([229, 4, 130])
    alone = marquardt.minimise(series.task.copies(some), series.start[some])
    assert np.array_equal(best.point.theta[some], alone.point.theta)
    assert np.array_equal(best.evaluations[some], alone.evaluations)
    assert np.array_equal(best.held[some], alone.held)


def test_nothing_at_all_is_no_crash() -> None:
    series = series_of_lines.simulate(3, 1e3)
    counts = series.task.likelihood.data.copy()
    counts[1] = 0.0
    best = marquardt.minimise(replace(series.task, likelihood=likelihood.Poisson(counts)), series.start)
    assert best.converged[[0, 2]].all()
    assert np.all(best.point.coefficients[1] < 1e-3)


class _Growth:
    """One column exp(θx), which leaves the range of numbers a few steps away from a far start."""

    def __init__(self, x: Array, theta: Array) -> None:
        with np.errstate(over="ignore"):
            self.columns = np.exp(theta[:, :, None] * x)
        self.x = x

    def jacobian(self, coefficients: Array) -> Array:
        with np.errstate(over="ignore", invalid="ignore"):
            return np.concatenate([self.columns, coefficients[:, :, None] * self.x * self.columns], axis=1)


class _GrowthModel:
    x = np.linspace(0.0, 40.0, 30)

    def shape(self, theta: Array, who: NDArray[np.intp]) -> _Growth:
        return _Growth(self.x, theta)


@pytest.mark.filterwarnings("ignore:.*encountered in.*:RuntimeWarning")
def test_a_step_beyond_the_range_of_numbers_is_refused_and_shortened() -> None:
    truth = np.array([0.1, 0.2, 0.3])
    counts = np.round(50.0 * np.exp(truth[:, None] * _GrowthModel.x))
    task = projection.Task(
        _GrowthModel(), likelihood.Poisson(counts), np.full((3, 1), -np.inf), np.full((3, 1), np.inf), np.array([True])
    )
    best = marquardt.minimise(task, np.full((3, 1), -0.2))
    assert best.converged.all()
    np.testing.assert_allclose(best.point.theta[:, 0], truth, atol=0.01)


def test_a_step_refused_is_shortened_to_where_it_helps_within_few_evaluations() -> None:
    # Three lines of which two overlap, from the same start for all: descents along curved valleys.
    series = series_of_lines.simulate(300, 2e4, seed=11)
    best = marquardt.minimise(series.task, series.start)
    assert best.converged.all()
    assert np.percentile(best.evaluations, 99) <= 12
