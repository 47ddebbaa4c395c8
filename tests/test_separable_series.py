"""Joint fits: shared parameters with right errors, order does not matter to the bit, and the test of sharing."""

import numpy as np
import pytest
from scipy.special import gammaincc

import series_of_lines
from xps.separable.marquardt import minimise
from xps.separable.series import fit_jointly

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
