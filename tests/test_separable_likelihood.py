"""Objectives of counts against scipy's probabilities, and what the solver asks of them: weights, order, extremes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from xps.separable.likelihood import LEAST_EXPECTED_COUNTS, LIKELIHOODS, Neyman, Poisson

seeds = st.integers(0, 10**6)
names = st.sampled_from(sorted(LIKELIHOODS))


def drawn(seed: int, spectra: int = 1, channels: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Expected counts between 0.05 and 5000, and Poisson draws."""
    generator = np.random.default_rng(seed)
    expected = 10.0 ** generator.uniform(-1.3, 3.7, (spectra, channels))
    return generator.poisson(expected).astype(float), expected


@given(seeds)
def test_poisson_objective_is_twice_the_log_of_the_likelihood_ratio(seed: int) -> None:
    counts, expected = drawn(seed)
    ratio = stats.poisson.logpmf(counts, counts) - stats.poisson.logpmf(counts, expected)
    assert Poisson(counts).objective(expected)[0] == pytest.approx(2.0 * ratio.sum(), rel=1e-9, abs=1e-7)


@given(seeds)
def test_neyman_objective_is_the_squared_distance_in_roots_of_counts(seed: int) -> None:
    counts, expected = drawn(seed)
    sigma = np.sqrt(np.where(counts > 0, counts, 1.0))
    assert Neyman(counts).objective(expected)[0] == pytest.approx(np.sum(((counts - expected) / sigma) ** 2))


@given(names, seeds)
def test_weights_give_half_the_slope_of_the_objective(name: str, seed: int) -> None:
    counts, expected = drawn(seed)
    of = LIKELIHOODS[name](counts)
    slope = of.weights(expected) * (counts - expected)
    for channel in range(0, counts.shape[1], 7):
        step = np.zeros(counts.shape[1])
        step[channel] = 1e-5 * expected[0, channel]
        fall = of.objective(expected - step) - of.objective(expected + step)
        size = float(of.objective(expected)[0])
        assert 0.25 * fall[0] / step[channel] == pytest.approx(
            slope[0, channel], rel=1e-4, abs=1e-9 * size / step[channel] + 1e-6
        )


@given(names, seeds)
def test_nothing_is_described_better_than_the_counts_themselves(name: str, seed: int) -> None:
    counts, expected = drawn(seed)
    of = LIKELIHOODS[name](counts)
    assert of.objective(of.admissible(counts))[0] == pytest.approx(0.0, abs=1e-4)
    assert of.objective(expected)[0] >= 0.0


@given(names, seeds)
def test_channels_add_up_and_their_order_is_nothing(name: str, seed: int) -> None:
    counts, expected = drawn(seed)
    whole = LIKELIHOODS[name](counts).objective(expected)[0]
    parts = sum(
        LIKELIHOODS[name](counts[:, part]).objective(expected[:, part])[0] for part in (slice(0, 13), slice(13, None))
    )
    order = np.random.default_rng(seed).permutation(counts.shape[1])
    assert parts == pytest.approx(whole, rel=1e-12)
    shuffled = LIKELIHOODS[name](counts[:, order]).objective(expected[:, order])[0]
    assert shuffled == pytest.approx(whole, rel=1e-12)


@given(names, st.lists(st.integers(0, 4), min_size=1, max_size=8))
def test_taken_spectra_keep_their_objectives_to_the_bit(name: str, which: list[int]) -> None:
    counts, expected = drawn(7, spectra=5)
    of, places = LIKELIHOODS[name](counts), np.array(which)
    some = of.taken(places)
    assert type(some) is type(of)
    assert np.array_equal(some.objective(expected[places]), of.objective(expected)[places])
    assert np.array_equal(some.weights(expected[places]), of.weights(expected)[places])


@given(names, seeds)
def test_a_quadratic_one_is_told_by_weights_that_know_nothing_of_the_model(name: str, seed: int) -> None:
    counts, expected = drawn(seed)
    of = LIKELIHOODS[name](counts)
    assert of.quadratic == np.array_equal(of.weights(expected), of.weights(2.0 * expected))


@pytest.mark.parametrize("name", sorted(LIKELIHOODS))
def test_nothing_expected_is_raised_to_a_finite_likelihood(name: str) -> None:
    of = LIKELIHOODS[name](np.array([[0.0, 3.0]]))
    expected = of.admissible(np.array([[-5.0, 0.0]]))
    assert np.all(expected == LEAST_EXPECTED_COUNTS)
    assert np.isfinite(of.objective(expected)).all()
    assert np.isfinite(of.weights(expected)).all()


def test_an_empty_channel_costs_twice_what_it_was_expected_to_hold() -> None:
    assert Poisson(np.zeros((1, 3))).objective(np.array([[0.5, 2.0, 4.0]]))[0] == pytest.approx(13.0)


def test_the_deviance_of_many_counts_is_that_of_a_chi_square() -> None:
    generator = np.random.default_rng(3)
    expected = np.full((400, 100), 900.0)
    of = Poisson(generator.poisson(expected).astype(float))
    found = of.objective(expected)
    assert found.mean() == pytest.approx(100.0, abs=3.0 * np.sqrt(200.0 / 400))
    assert stats.kstest(found, stats.chi2(100).cdf).pvalue > 1e-3


def test_neyman_lies_low_by_about_one_count_per_channel() -> None:
    """P. Baker and R. D. Cousins, Nucl. Instrum. Methods 221 (1984) 437: why it is not the default."""
    counts = np.random.default_rng(1).poisson(50.0, (1, 4000)).astype(float)
    levels = np.linspace(47.0, 52.0, 501)
    best = {
        name: levels[np.argmin([of(counts).objective(np.full((1, 4000), level))[0] for level in levels])]
        for name, of in LIKELIHOODS.items()
    }
    assert best["poisson"] == pytest.approx(counts.mean(), abs=0.01)
    assert best["neyman"] == pytest.approx(counts.mean() - 1.0, abs=0.15)
