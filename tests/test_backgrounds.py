"""Laws of the backgrounds: order and scale, recovered steps, and agreement of the static and the active forms."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xps import backgrounds, lineshapes
from xps.errors import ConfigError, FitError

kinds = st.sampled_from(backgrounds.KINDS)
ENERGY = np.arange(490.0, 479.95, -0.1)


def peaks(energy: np.ndarray, height: float = 1.0) -> np.ndarray:
    return height * (5000 * lineshapes.gaussian(energy, 486.0, 1.3) + 2000 * lineshapes.gaussian(energy, 483.5, 1.3))


def stepped(energy: np.ndarray, level: float, factor: float) -> np.ndarray:
    """Peaks on a constant and on k times their integral from the low end, summed channel by channel, by hand."""
    rising = energy[::-1]
    values = peaks(rising)
    area = [0.0]
    for i in range(1, rising.size):
        area.append(area[-1] + 0.5 * (values[i] + values[i - 1]) * (rising[i] - rising[i - 1]))
    return (values + level + factor * np.array(area))[::-1]


@given(kinds, st.floats(50, 5000), st.floats(0.0, 0.05), st.integers(1, 8))
def test_reversed_energies_give_the_reversed_background(kind: str, level: float, factor: float, ends: int) -> None:
    intensity = stepped(ENERGY, level, factor)
    forward = backgrounds.static(kind, ENERGY, intensity, ends)
    backward = backgrounds.static(kind, ENERGY[::-1], intensity[::-1], ends)
    np.testing.assert_allclose(backward[::-1], forward, rtol=1e-12)


@given(kinds, st.floats(0.1, 10.0), st.integers(1, 8))
def test_scaled_data_scale_the_background(kind: str, scale: float, ends: int) -> None:
    intensity = stepped(ENERGY, 300.0, 0.02)
    once = backgrounds.static(kind, ENERGY, intensity, ends)
    np.testing.assert_allclose(backgrounds.static(kind, ENERGY, scale * intensity, ends), scale * once, rtol=1e-8)


@given(kinds, st.floats(-100.0, 1000.0))
def test_shifted_energies_change_nothing(kind: str, shift: float) -> None:
    intensity = stepped(ENERGY, 300.0, 0.02)
    once = backgrounds.static(kind, ENERGY, intensity, 3)
    np.testing.assert_allclose(backgrounds.static(kind, ENERGY + shift, intensity, 3), once, rtol=1e-7)


@given(st.floats(50, 5000), st.floats(0.002, 0.06))
def test_static_shirley_recovers_a_simulated_step(level: float, factor: float) -> None:
    intensity = stepped(ENERGY, level, factor)
    truth = intensity - peaks(ENERGY)
    np.testing.assert_allclose(backgrounds.shirley(ENERGY, intensity, 3), truth, atol=1e-3 * peaks(ENERGY).max())


def test_static_shirley_is_reached_from_its_definition_alone() -> None:
    intensity = stepped(ENERGY, 300.0, 0.02)
    found = backgrounds.shirley(ENERGY, intensity, 1)
    area = np.array([np.trapezoid((intensity - found)[::-1][: i + 1], ENERGY[::-1][: i + 1]) for i in range(101)])
    expected = intensity[-1] + (intensity[0] - intensity[-1]) * area / area[-1]
    np.testing.assert_allclose(found[::-1], expected, rtol=1e-8)


def test_static_tougaard_recovers_a_background_made_with_its_kernel() -> None:
    energy = np.arange(560.0, 479.9, -0.2)
    own = peaks(energy)
    # The measured spectrum scatters again: iterate j = peaks + ∫K j by explicit loops, independent of the matrix.
    rising, primary = energy[::-1], own[::-1]
    spectrum = primary.copy()
    for i in range(rising.size):
        loss = rising[i] - rising[:i]
        kernel = 2000.0 * loss / (1643.0 + loss**2) ** 2
        spectrum[i] = primary[i] + np.sum(kernel * spectrum[:i]) * 0.2
    background = 150.0 + (spectrum - primary)[::-1]
    found = backgrounds.tougaard(energy, own + background, 1)
    np.testing.assert_allclose(found, background, atol=0.01 * np.ptp(background))
    active = 150.0 + backgrounds.loss_operator(energy, 2000.0) @ own
    np.testing.assert_allclose(active, background, atol=0.01 * np.ptp(background))


def test_linear_and_constant_are_what_they_say() -> None:
    energy = np.array([4.0, 3.0, 2.0, 1.0])
    intensity = np.array([8.0, 6.0, 9.0, 2.0])
    np.testing.assert_allclose(backgrounds.linear(energy, intensity, 1), [8.0, 6.0, 4.0, 2.0])
    np.testing.assert_allclose(backgrounds.constant(energy, intensity, 2), [5.5] * 4)


@pytest.mark.parametrize("order", [1, -1])
def test_active_step_rises_with_binding_energy_by_the_area(order: int) -> None:
    energy = ENERGY[::order]
    step = backgrounds.step_under(energy, np.column_stack([peaks(energy), 2 * peaks(energy)]))
    rising = step[::-order]
    assert np.all(np.diff(rising[:, 0]) >= 0)
    assert rising[0, 0] == 0.0
    assert rising[-1, 0] == pytest.approx(7000.0, rel=1e-4)
    np.testing.assert_allclose(step[:, 1], 2 * step[:, 0])
    np.testing.assert_allclose(stepped(ENERGY, 300.0, 0.02)[::order], peaks(energy) + 300 + 0.02 * step[:, 0])


@pytest.mark.parametrize("order", [1, -1])
def test_loss_operator_moves_intensity_to_higher_binding_energy_only(order: int) -> None:
    energy = np.arange(20.0)[::order]
    unit = (energy == 10.0).astype(float)
    background = backgrounds.loss_operator(energy) @ unit
    assert np.all(background[energy <= 10.0] == 0.0)
    assert np.all(background[energy > 10.0] > 0.0)
    direct = 2866.0 * 1.0 / (1643.0 + 1.0) ** 2
    assert background[energy == 11.0][0] == pytest.approx(direct)


@given(st.sampled_from(backgrounds.KINDS), st.booleans())
def test_baseline_columns_sum_to_one_and_match_their_names(kind: str, falling: bool) -> None:
    columns = backgrounds.baseline(kind, ENERGY if falling else ENERGY[::-1])
    assert columns.shape[1] == len(backgrounds.baseline_parameters(kind))
    np.testing.assert_allclose(columns.sum(axis=1), 1.0)
    assert columns.min() >= 0.0


def test_linear_baseline_is_low_then_high() -> None:
    columns = backgrounds.baseline("linear", np.array([5.0, 4.0, 3.0]))
    np.testing.assert_allclose(columns @ [1.0, 9.0], [9.0, 5.0, 1.0])


def test_unknown_backgrounds_are_refused_with_the_allowed_ones() -> None:
    for call in (lambda: backgrounds.static("spline", ENERGY, ENERGY), lambda: backgrounds.baseline("spline", ENERGY)):
        with pytest.raises(ConfigError, match="'spline'.*constant, linear, shirley, tougaard"):
            call()


@pytest.mark.parametrize(
    ("energy", "intensity", "ends", "said"),
    [
        ([1.0], [1.0], 1, "two channels"),
        ([1.0, 2.0, 2.0], [1.0, 2.0, 3.0], 1, "strictly"),
        ([1.0, 2.0, 3.0], [1.0, 2.0, 3.0], 4, "averaged over 4"),
        ([1.0, 2.0, 3.0], [1.0, 2.0], 1, "two channels"),
    ],
)
def test_unusable_input_is_refused(energy: list[float], intensity: list[float], ends: int, said: str) -> None:
    with pytest.raises(FitError, match=said):
        backgrounds.linear(np.array(energy), np.array(intensity), ends)


@pytest.mark.parametrize("kind", ["shirley", "tougaard"])
def test_a_window_without_a_peak_has_no_scattered_background(kind: str) -> None:
    with pytest.raises(FitError, match="use linear or constant"):
        backgrounds.static(kind, ENERGY, np.zeros_like(ENERGY))
