"""Priors beside the counts: pulls and slopes, the same for all spectra or each its own, joined and taken."""

import numpy as np
import pytest

from xps.separable.priors import Priors

ALL = np.arange(5)


def some(seed: int, own: bool) -> Priors:
    generator = np.random.default_rng(seed)
    rows = generator.normal(size=(5, 2, 3) if own else (2, 3))
    return Priors(rows, generator.normal(size=(5, 2)), generator.uniform(0.1, 2.0, (5, 2)))


@pytest.mark.parametrize("own", [False, True])
def test_pulls_are_distances_in_standard_errors_and_slopes_their_derivatives(own: bool) -> None:
    priors, theta = some(0, own), np.random.default_rng(9).normal(size=(5, 3))
    for spectrum in range(5):
        rows = priors.rows[spectrum] if own else priors.rows
        by_hand = (rows @ theta[spectrum] - priors.value[spectrum]) / priors.stderr[spectrum]
        np.testing.assert_allclose(priors.pulls(ALL, theta)[spectrum], by_hand)
        step = np.array([1e-6, 0.0, 0.0])
        moved = (priors.pulls(ALL, theta + step)[spectrum] - by_hand) / 1e-6
        np.testing.assert_allclose(priors.slopes(ALL)[spectrum][:, 0], moved, rtol=1e-6)


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("second", [False, True])
def test_joined_priors_are_both_and_taken_ones_those_of_their_spectra(first: bool, second: bool) -> None:
    one, other, theta = some(1, first), some(2, second), np.random.default_rng(8).normal(size=(5, 3))
    both = one.joined(other)
    np.testing.assert_allclose(both.pulls(ALL, theta), np.hstack([one.pulls(ALL, theta), other.pulls(ALL, theta)]))
    which = np.array([3, 0, 3])
    taken = both.taken(which)
    np.testing.assert_allclose(taken.pulls(np.arange(3), theta[which]), both.pulls(ALL, theta)[which])
