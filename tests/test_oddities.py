"""What is odd about intensities is told, and nothing ordinary is: counts that chance gives, dark windows."""

import numpy as np
import pytest

from xps import oddities


def counted(cycles: int, mean: float, seed: int = 1) -> np.ndarray:
    """Return rates of Poisson counts in 0.5 s, shape (cycles, 101)."""
    return np.random.default_rng(seed).poisson(mean, (cycles, 101)) / 0.5


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("last", [0, 1, 50, 95])
def test_a_cycle_that_stops_is_seen(dtype: type, last: int) -> None:
    rates = counted(4, 20.0).astype(dtype)
    rates[2, last + 1 :] = 0.0
    assert oddities.unfinished(rates, 0.5).tolist() == [False, False, True, False]
    (sentence,) = oddities.sentences(rates, 0.5, 0)
    assert sentence == "only zeros at the end of cycle 2: was it stopped while measuring?"
    (sentence,) = oddities.sentences(rates[2:3], 0.5, 0, first_cycle=2)
    assert "cycle 2:" in sentence


@pytest.mark.parametrize("mean", [0.0, 0.01, 0.1, 0.3, 1.0, 3.0])
def test_few_counts_that_end_in_zeros_by_chance_are_no_stop(mean: float) -> None:
    """A wrong alarm is due once in 1e13 cycles; 20,000 are looked at."""
    assert not oddities.unfinished(counted(20_000, mean), 0.5).any()


def test_a_line_at_the_beginning_of_a_dark_window_is_no_stop() -> None:
    rates = np.zeros((1, 101))
    rates[0, :3] = 4.0
    assert not oddities.unfinished(rates, 0.5).any()


def test_a_cycle_without_any_count_is_told_as_such_alone() -> None:
    rates = counted(2, 20.0)
    rates[1] = 0.0
    assert list(oddities.sentences(rates, 0.5, 0)) == ["all intensities are zero in cycle 1"]


@pytest.mark.parametrize("value", [1e300, 1.7e308])
def test_absurd_rates_before_the_zeros_do_not_overflow(value: float) -> None:
    rates = np.full((1, 101), value)
    rates[0, 50:] = 0.0
    assert oddities.unfinished(rates, 0.5).all()


@pytest.mark.parametrize(("time_s", "odd"), [(0.5, 0), (0.25, 0), (0.05, 101)])
def test_products_with_the_wrong_time_are_not_whole(time_s: float, odd: int) -> None:
    rates = np.full((1, 101), 14.0)
    assert oddities.not_whole(rates, time_s) == (101 if time_s != 0.5 else 0)
    assert oddities.not_whole(2.0 * rates, time_s) == odd
