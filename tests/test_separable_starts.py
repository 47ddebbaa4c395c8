"""Starts from starts: within bounds, lines kept alike, contrasts, and what they are for."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

import series_of_lines
from xps.separable.marquardt import minimise
from xps.separable.starts import contrasted, tempered

Array = NDArray[np.float64]
# Parameters of position and width, and usual width, of the two doublets.
LINES = (((0, 1, 1.3), (2, 3, 1.2)),)


def poor(series: series_of_lines.Simulated, seed: int) -> Array:
    """Starts with energies ± 0.5 eV and widths × 0.5 to 1.8 off."""
    generator = np.random.default_rng(seed)
    start = series.start.copy()
    spectra = start.shape[0]
    start[:, [0, 2]] += generator.uniform(-0.5, 0.5, (spectra, 2))
    start[:, [1, 3]] *= generator.uniform(0.5, 1.8, (spectra, 2))
    return np.clip(start, series.task.lower, series.task.upper)


@settings(max_examples=10)
@given(st.integers(0, 10**6))
def test_better_starts_lie_within_bounds_whatever_is_given(seed: int) -> None:
    series = series_of_lines.simulate(6, 1e3, seed=1)
    wild = np.random.default_rng(seed).normal(0.0, 30.0, series.start.shape) + series.start
    wild[:, [1, 3]] = np.abs(wild[:, [1, 3]]) + 0.1
    found = tempered(series.task, wild, LINES)
    assert np.all(found >= series.task.lower)
    assert np.all(found <= series.task.upper)


def test_lines_end_nearly_alike_in_units_of_their_usual_widths() -> None:
    series = series_of_lines.simulate(30, 1e3, seed=2)
    found = tempered(series.task, poor(series, 0), LINES)
    ratio = (found[:, 1] / 1.3) / (found[:, 3] / 1.2)
    # The tie is 0.02 wide; the counts of single spectra move the widths against each other by five times that.
    assert np.std(ratio) < 0.05
    free = minimise(series.task, found).point.theta
    assert np.std((free[:, 1] / 1.3) / (free[:, 3] / 1.2)) > 2.0 * np.std(ratio)


def test_better_starts_are_nearer_to_the_truth() -> None:
    series = series_of_lines.simulate(60, 1e4, seed=3)
    start = poor(series, 1)
    before, after = (np.abs(one - series.theta)[:, :4] for one in (start, tempered(series.task, start, LINES)))
    assert np.median(after) < 0.3 * np.median(before)


def test_what_is_found_does_not_depend_on_who_is_found_together() -> None:
    series = series_of_lines.simulate(20, 1e3, seed=4)
    start = poor(series, 2)
    whole = tempered(series.task, start, LINES)
    for part in (np.array([3]), np.array([19, 0, 7])):
        assert np.array_equal(tempered(series.task.copies(part), start[part], LINES), whole[part])


def test_without_lines_that_are_alike_the_start_stays() -> None:
    series = series_of_lines.simulate(3, 1e3)
    np.testing.assert_array_equal(tempered(series.task, series.start, ()), series.start)
    np.testing.assert_array_equal(tempered(series.task, series.start, [[(0, None, 1.3)]]), series.start)


def test_a_single_width_is_no_group_but_a_pair_of_places_is() -> None:
    series = series_of_lines.simulate(5, 1e4, seed=6)
    start = poor(series, 3)
    found = tempered(series.task, start, [[(0, None, 1.3), (2, None, 1.2)]])
    assert not np.array_equal(found, start)


@given(st.floats(0.0, 1.0), st.booleans())
def test_contrasts_move_every_other_width_toward_opposite_bounds(place: float, first_is_odd: bool) -> None:
    series = series_of_lines.simulate(4, 1e3)
    lower, upper = series.task.lower, series.task.upper
    start = series.start.copy()
    start[:, [1, 3]] = lower[:, [1, 3]] + place * (upper - lower)[:, [1, 3]]
    one, other = contrasted(series.task, start, [(1, first_is_odd), (3, not first_is_odd)])
    for found, broad, narrow in ((one, 1, 3), (other, 3, 1)):
        wide, thin = (broad, narrow) if first_is_odd else (narrow, broad)
        np.testing.assert_allclose(upper[:, wide] - found[:, wide], 0.2 * (upper - start)[:, wide], atol=1e-12)
        np.testing.assert_allclose(found[:, thin] - lower[:, thin], 0.2 * (start - lower)[:, thin], atol=1e-12)
        np.testing.assert_array_equal(found[:, [0, 2, 4]], start[:, [0, 2, 4]])


def test_no_crowded_lines_no_contrasts() -> None:
    series = series_of_lines.simulate(2, 1e3)
    assert contrasted(series.task, series.start, ()) == []


@pytest.mark.parametrize("area", [1e3, 2e4])
def test_descents_from_better_starts_end_where_the_truth_lies(area: float) -> None:
    series = series_of_lines.simulate(80, area, seed=9)
    from_truth = minimise(series.task, series.theta).point.objective
    start = poor(series, 5)
    ends = minimise(series.task, tempered(series.task, start, LINES))
    assert np.mean(ends.point.objective <= from_truth + 1e-3) >= 0.99
