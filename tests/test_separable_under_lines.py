"""Backgrounds of stacks of spectra: for each spectrum what ``backgrounds`` says of it alone."""

import numpy as np
import pytest
from numpy.typing import NDArray

from xps import backgrounds
from xps.separable.under_lines import add_step, baseline, loss_operators

Array = NDArray[np.float64]
FACTOR = np.array([0.02, 0.0, 0.3])


def axes(rising: bool) -> Array:
    """Three axes: shifted, and spaced unevenly."""
    rng = np.random.default_rng(1)
    steps = rng.uniform(0.05, 0.15, (3, 59))
    steps[1] = steps[0]
    energy = np.cumsum(np.concatenate([[[20.0], [21.5], [30.0]], steps], axis=1), axis=1)
    return energy if rising else np.ascontiguousarray(energy[:, ::-1])


def peaks() -> Array:
    return np.random.default_rng(2).uniform(0.0, 5.0, (3, 4, 60))


@pytest.mark.parametrize("rising", [True, False])
def test_a_step_is_the_running_integral_of_each_spectrum_alone(rising: bool) -> None:
    energy, lines, total = axes(rising), peaks(), np.ones((3, 4, 60))
    add_step(energy, lines, FACTOR, total)
    assert np.array_equal(lines, peaks())
    for one, factor, under, found in zip(energy, FACTOR, lines, total, strict=True):
        np.testing.assert_allclose(found, 1.0 + factor * backgrounds.step_under(one, under.T).T, rtol=1e-12)


def test_a_step_may_be_added_to_the_lines_that_make_it() -> None:
    energy, lines, apart = axes(False), peaks(), peaks()
    add_step(energy, peaks(), FACTOR, apart)
    add_step(energy, lines, FACTOR, lines)
    assert np.array_equal(lines, apart)


@pytest.mark.parametrize("kind", ["constant", "linear", "shirley", "tougaard"])
@pytest.mark.parametrize("rising", [True, False])
def test_baselines_are_those_of_each_spectrum_alone(kind: str, rising: bool) -> None:
    energy = axes(rising)
    found = baseline(kind, energy)
    for i, one in enumerate(energy):
        truth = backgrounds.baseline(kind, one).T
        np.testing.assert_allclose(np.broadcast_to(found, (3, *truth.shape))[i], truth, atol=1e-12)


def test_loss_operators_are_shared_by_axes_that_differ_by_a_shift_only() -> None:
    energy = axes(False)
    whole = np.broadcast_to(loss_operators(energy), (3, 60, 60))
    for one, found in zip(energy, whole, strict=True):
        np.testing.assert_allclose(found, backgrounds.loss_operator(one), atol=1e-9)
    assert loss_operators(energy[:1] + np.array([[0.0], [2.0]])).shape[0] == 1
    assert np.array_equal(whole[0], loss_operators(energy[[0]])[0])
