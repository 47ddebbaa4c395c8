"""Poisson deviance as a sum of squares: agreement with scipy's probabilities, derivatives, extremes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln

from xps.fitting import likelihood

counts = st.floats(0.0, 1e7)
expected = st.floats(1e-3, 1e7)


def log_probability(n: float, mu: float) -> float:
    return n * np.log(mu) - mu - float(gammaln(n + 1))


@given(st.integers(0, 10**5), st.floats(0.01, 1e5))
def test_deviance_is_twice_the_log_likelihood_ratio(n: int, mu: float) -> None:
    saturated = log_probability(n, n) if n else 0.0
    truth = 2.0 * (saturated - log_probability(n, mu))
    assert likelihood.deviance(np.array([float(n)]), np.array([mu])) == pytest.approx(truth, rel=1e-6, abs=1e-5)


@given(counts, expected)
def test_residual_has_the_sign_of_the_difference(n: float, mu: float) -> None:
    residual, slope = likelihood.deviance_residuals(np.array([n]), np.array([mu]))
    assert np.sign(residual[0]) == np.sign(n - mu)
    assert slope[0] < 0


@given(st.floats(0.0, 1e5), st.floats(1.0, 1e5))
def test_slope_of_the_residual_is_its_derivative(n: float, mu: float) -> None:
    step = 1e-4 * mu
    above, below = (likelihood.deviance_residuals(np.array([n]), np.array([mu + s]))[0][0] for s in (step, -step))
    slope = likelihood.deviance_residuals(np.array([n]), np.array([mu]))[1][0]
    assert (above - below) / (2 * step) == pytest.approx(slope, rel=1e-5)


@pytest.mark.parametrize("x", [1.001e-3, 0.999e-3, -1.001e-3, -0.999e-3, 1e-9, 0.0])
def test_series_and_closed_form_meet(x: float) -> None:
    mu = 1e6
    residual, slope = likelihood.deviance_residuals(np.array([mu * (1 + x)]), np.array([mu]))
    # Expansion of the deviance to third order, written independently of the code's.
    assert residual[0] == pytest.approx(np.sqrt(mu) * x * (1 - x / 6 + 5 * x**2 / 72), rel=1e-6, abs=1e-12)
    assert slope[0] == pytest.approx(-(1 + x / 6) / np.sqrt(mu), rel=1e-5)


def test_an_empty_channel_costs_twice_its_expectation() -> None:
    residual, slope = likelihood.deviance_residuals(np.array([0.0]), np.array([3.0]))
    assert residual[0] == pytest.approx(-np.sqrt(6.0))
    assert slope[0] == pytest.approx(-1 / np.sqrt(6.0))


def test_gradient_and_information_of_a_constant_are_the_textbook_ones() -> None:
    n, mu = np.array([3.0, 5.0, 10.0]), np.full(3, 6.0)
    ones = np.ones((3, 1))
    assert likelihood.gradient(n, mu, ones)[0] == pytest.approx(0.0)
    assert likelihood.information(mu, ones)[0, 0] == pytest.approx(3 / 6.0)
    np.testing.assert_allclose(likelihood.standardised_residuals(n, mu), (n - 6.0) / np.sqrt(6.0))
