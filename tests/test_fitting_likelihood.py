"""Poisson deviance as a sum of squares: agreement with scipy's probabilities, derivatives, extremes."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammaln

from synthetic import GE_LINES, axis, ge3d, rate, spectrum, task
from xps import fitting, models
from xps.fitting import engines
from xps.fitting.solving import likelihood
from xps.separable.likelihood import LIKELIHOODS

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


def test_weights_and_information_of_a_constant_are_the_textbook_ones() -> None:
    n, mu = np.array([3.0, 5.0, 10.0]), np.full(3, 6.0)
    ones = np.ones((3, 1))
    weights = likelihood.weights("poisson", n, mu)
    assert np.sum(weights * (n - mu)) == pytest.approx(0.0)
    assert likelihood.information(weights, ones)[0, 0] == pytest.approx(3 / 6.0)
    np.testing.assert_allclose(likelihood.standardised_residuals(n, mu), (n - 6.0) / np.sqrt(6.0))


@given(st.integers(0, 10**6))
def test_a_constant_is_the_mean_by_poisson_and_the_harmonic_mean_by_neyman(seed: int) -> None:
    n = np.random.default_rng(seed).poisson(20.0, 50).astype(float) + 1.0
    best = {"poisson": n.mean(), "neyman": n.size / np.sum(1.0 / n)}
    assert best["neyman"] <= best["poisson"]
    for kind in get_args(likelihood.Likelihood):
        there = likelihood.objective(kind, n, np.full(50, best[kind]))
        assert all(likelihood.objective(kind, n, np.full(50, best[kind] + step)) > there for step in (-0.1, 0.1))


@pytest.mark.parametrize("kind", get_args(likelihood.Likelihood))
def test_residuals_have_their_slope_and_weights_give_that_of_the_objective(kind: likelihood.Likelihood) -> None:
    n, mu = np.array([0.0, 1.0, 7.0, 40.0]), np.array([0.5, 3.0, 7.5, 30.0])
    slope = likelihood.residuals(kind, n, mu)[1]
    numeric = (likelihood.residuals(kind, n, mu + 1e-6)[0] - likelihood.residuals(kind, n, mu - 1e-6)[0]) / 2e-6
    np.testing.assert_allclose(slope, numeric, rtol=1e-6)
    half_slope = likelihood.residuals(kind, n, mu)[0] * slope
    np.testing.assert_allclose(half_slope, -likelihood.weights(kind, n, mu) * (n - mu), rtol=1e-9)


@pytest.mark.parametrize("kind", get_args(likelihood.Likelihood))
def test_both_engines_minimise_the_same(kind: likelihood.Likelihood) -> None:
    counts, expected = np.array([[0.0, 1.0, 7.0, 40.0]]), np.array([[0.5, 3.0, 7.5, 30.0]])
    batched = LIKELIHOODS[kind](counts)
    assert batched.objective(expected)[0] == pytest.approx(likelihood.objective(kind, counts[0], expected[0]))
    np.testing.assert_allclose(batched.weights(expected)[0], likelihood.weights(kind, counts[0], expected[0]))


@pytest.mark.parametrize("kind", get_args(likelihood.Likelihood))
def test_fitted_counts_add_up_by_poisson_and_miss_chi_square_by_neyman_in_both_engines(kind: str) -> None:
    energy, model = axis(24.0, 38.0), models.from_mapping("ge3d", ge3d() | {"likelihood": kind})
    one = task(spectrum(energy, rate(energy, GE_LINES, 400.0, 0.02), 0.05, 3))
    ours, theirs = (
        engines.fit_each(model, [one], engines.model_starts(model), 0, engine)[0] for engine in fitting.ENGINES
    )
    assert ours.best is not None
    assert ours.areas is not None
    assert theirs.areas is not None
    np.testing.assert_allclose(ours.areas.area, theirs.areas.area, rtol=1e-4)
    np.testing.assert_allclose(ours.areas.stderr, theirs.areas.stderr, rtol=1e-3)
    counts = one.found[0].counts
    assert counts.min() >= 1.0
    # A model that can be scaled: Σ w (n − µ) µ = 0, and with w = 1/n that is Σ (n − µ) = Σ (n − µ)²/n.
    missing = counts.sum() - ours.best.at.expected.sum()
    assert missing == pytest.approx({"poisson": 0.0, "neyman": ours.best.objective}[kind], abs=1e-3)
    assert set(fitting.tables_of(model, [ours]).fits.column("likelihood").to_pylist()) == {kind}
