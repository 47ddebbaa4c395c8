"""Joint fits: shared parameters with right errors, order does not matter to the bit, and the test of sharing."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import gammaincc

import series_of_lines
from xps.separable.marquardt import minimise
from xps.separable.series import Joint, contributions, fit_jointly

SHARED = np.arange(4)


def test_shared_parameters_are_recovered_within_their_errors() -> None:
    pulls = []
    for seed in range(12):
        series = series_of_lines.simulate(30, 2e3, seed=seed, shared=True)
        joint = fit_jointly([series.task], [series.start], SHARED)
        assert joint.converged
        pulls.append((joint.values - series.theta[0, :4]) / np.sqrt(np.diag(joint.covariance)))
    assert np.std(pulls) == pytest.approx(1.0, abs=0.35)
    assert np.abs(np.mean(pulls)) < 0.6


def test_all_spectra_hold_the_same_shared_values_and_their_own_others() -> None:
    series = series_of_lines.simulate(9, 2e4, shared=True)
    joint = fit_jointly([series.task], [series.start], SHARED)
    assert np.all(joint.point.theta[:, :4] == joint.values)
    assert np.unique(joint.point.theta[:, 4]).size == 9


def test_order_of_spectra_and_cut_into_tasks_change_nothing_to_the_bit() -> None:
    series = series_of_lines.simulate(83, 2e3, shared=True)
    whole = fit_jointly([series.task], [series.start], SHARED)
    order = np.random.default_rng(3).permutation(83)
    parts = np.split(order, [5, 60])
    cut = fit_jointly([series.task.copies(part) for part in parts], [series.start[part] for part in parts], SHARED)
    assert np.array_equal(cut.values, whole.values)
    assert np.array_equal(cut.point.coefficients, whole.point.coefficients[order])


def test_sharing_is_accepted_where_true_and_refused_where_not() -> None:
    true = series_of_lines.simulate(40, 2e4, shared=True, seed=2)
    wrong = series_of_lines.simulate(40, 2e4, shared=False, seed=2)
    p_values = []
    for series in (true, wrong):
        joint = fit_jointly([series.task], [series.start], SHARED)
        alone = minimise(series.task, joint.point.theta)
        assert alone.converged.all()
        # Wilks: as many degrees of freedom as parameters were saved.
        p_values.append(gammaincc(0.5 * 39 * 4, 0.5 * (joint.objective - alone.point.objective.sum())))
    assert p_values[0] > 1e-3
    assert p_values[1] < 1e-12


def test_a_series_of_one_is_its_own_fit() -> None:
    series = series_of_lines.simulate(1, 2e4)
    joint = fit_jointly([series.task], [series.start], SHARED)
    alone = minimise(series.task, series.start)
    assert joint.objective == pytest.approx(alone.point.objective[0], abs=1e-4)
    np.testing.assert_allclose(joint.point.theta, alone.point.theta, atol=1e-4)


def _whole_information(series: series_of_lines.Simulated, joint: Joint) -> np.ndarray:
    """The information of all parameters of all spectra in one matrix, shared ones first: nothing is eliminated."""
    spectra, coefficients = series.coefficients.shape
    own = coefficients + 1
    whole = np.zeros((4 + spectra * own, 4 + spectra * own))
    for i in range(spectra):
        shape = series.task.model.shape(joint.point.theta[[i]], np.array([i]))
        a = joint.point.coefficients[[i]]
        columns, slopes = shape.columns[0], shape.derivatives(a)[0]
        mine = slice(4 + i * own, 4 + (i + 1) * own)
        design = np.zeros((whole.shape[0], columns.shape[1]))
        design[:4], design[mine] = slopes[:4], np.concatenate([columns, slopes[4:]])
        whole += (design / (a[0] @ columns)) @ design.T
    return whole


def test_covariance_of_what_is_shared_is_that_block_of_the_inverse_of_everything() -> None:
    series = series_of_lines.simulate(12, 2e4, shared=True, seed=4)
    joint = fit_jointly([series.task], [series.start], SHARED)
    truth = np.linalg.inv(_whole_information(series, joint))[:4, :4]
    np.testing.assert_allclose(joint.covariance, truth, rtol=1e-6, atol=1e-9 * np.diag(truth).max())
    np.testing.assert_allclose(joint.information, np.linalg.inv(truth), rtol=1e-6)


def test_what_each_spectrum_says_adds_up_to_what_the_series_says() -> None:
    series = series_of_lines.simulate(15, 5e3, shared=True, seed=8)
    joint = fit_jointly([series.task], [series.start], SHARED)
    held = replace(series.task, lower=series.task.lower.copy(), upper=series.task.upper.copy())
    held.lower[:, SHARED] = held.upper[:, SHARED] = joint.values
    alone = minimise(held, joint.point.theta)
    information, gradient = contributions(held, alone.point, SHARED)
    np.testing.assert_allclose(information.sum(axis=0), joint.information, rtol=1e-3)
    # At the joint optimum the spectra's wishes cancel.
    size = np.sqrt(np.diag(joint.information))
    np.testing.assert_allclose(gradient.sum(axis=0) / size, 0.0, atol=1e-2)
    assert np.abs(gradient / size).max() > 0.1


def test_errors_of_shared_parameters_fall_with_the_root_of_their_number() -> None:
    one, four = (series_of_lines.simulate(count, 1e4, shared=True, seed=1) for count in (20, 80))
    errors = [np.sqrt(np.diag(fit_jointly([of.task], [of.start], SHARED).covariance)) for of in (one, four)]
    np.testing.assert_allclose(errors[0] / errors[1], 2.0, rtol=0.15)


def test_a_shared_parameter_beyond_the_tightest_bound_stands_on_it() -> None:
    series = series_of_lines.simulate(10, 2e4, shared=True, seed=3)
    free = fit_jointly([series.task], [series.start], SHARED)
    upper = series.task.upper.copy()
    bound = float(free.values[1]) - 5.0 * float(np.sqrt(free.covariance[1, 1]))
    upper[7, 1] = bound
    joint = fit_jointly([replace(series.task, upper=upper)], [series.start], SHARED)
    assert joint.values[1] == bound
    assert np.all(joint.covariance[1] == 0.0)
    assert joint.objective > free.objective + 20.0


def test_a_joint_fit_is_never_better_than_its_spectra_alone() -> None:
    series = series_of_lines.simulate(25, 2e3, seed=12)
    joint = fit_jointly([series.task], [series.start], SHARED)
    alone = minimise(series.task, joint.point.theta)
    assert np.all(alone.point.objective <= joint.point.objective + 1e-6)
    assert joint.objective == pytest.approx(joint.point.objective.sum())
