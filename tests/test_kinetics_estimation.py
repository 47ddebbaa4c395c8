"""Least squares in logarithms: closed forms, lmfit as a second library, open ends, and coverage of the intervals."""

from typing import Any

import lmfit
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import gammainc

from xps.kinetics import estimation
from xps.kinetics.estimation import Estimate, Range, estimate
from xps.quantiles import RISE_TWO_SIDED_95

T = np.linspace(0.0, 10.0, 12)
WIDE = Range(1e-4, 1e4, (1.0,))


def decay(a: float, k: float) -> np.ndarray:
    return np.asarray(a * np.exp(-k * T))


@given(st.floats(0.1, 50.0), st.floats(0.01, 2.0))
def test_one_scale_is_the_weighted_mean_with_its_closed_interval(true: float, sigma: float) -> None:
    y = true + sigma * np.cos(3 * T)
    found = estimate(lambda values: (values["a"] - y) / sigma, {"a": WIDE})
    mean, error = float(y.mean()), sigma / np.sqrt(T.size)
    if mean < 5 * error:
        return  # near zero the logarithm's interval is another question
    assert found.values["a"] == pytest.approx(mean, rel=1e-5)
    low, high = found.intervals["a"]
    reach = np.sqrt(RISE_TWO_SIDED_95) * error
    assert low == pytest.approx(mean - reach, rel=1e-3)
    assert high == pytest.approx(mean + reach, rel=1e-3)
    assert found.log_stderrs["a"] == pytest.approx(error / mean, rel=1e-3)


def test_values_errors_and_intervals_agree_with_lmfit() -> None:
    sigma = 0.05
    y = decay(2.0, 0.3) + sigma * np.random.default_rng(4).standard_normal(T.size)
    found = estimate(
        lambda values: (decay(values["a"], values["k"]) - y) / sigma,
        {"a": Range(0.01, 100.0, (1.0,)), "k": Range(1e-3, 10.0, (1.0, 0.1))},
    )
    parameters = lmfit.create_params(a=1.0, k=0.5)
    minimiser = lmfit.Minimizer(
        lambda p: (decay(p["a"].value, p["k"].value) - y) / sigma, parameters, scale_covar=False
    )
    best = minimiser.minimize()
    # lmfit's profile compares by F; a fixed rise of chi square needs its own comparison of probabilities
    ends = lmfit.conf_interval(minimiser, best, sigmas=[0.95], prob_func=rise)
    for name in ("a", "k"):
        assert found.values[name] == pytest.approx(best.params[name].value, rel=1e-4)
        relative = best.params[name].stderr / best.params[name].value
        assert found.log_stderrs[name] == pytest.approx(relative, rel=0.02)
        low, high = found.intervals[name]
        assert low == pytest.approx(ends[name][0][1], rel=2e-3)
        assert high == pytest.approx(ends[name][-1][1], rel=2e-3)
    assert found.chi_square == pytest.approx(best.chisqr, rel=1e-6)


def rise(best: lmfit.minimizer.MinimizerResult, new: lmfit.minimizer.MinimizerResult) -> float:
    """Chance that chi square rises less than it did, one parameter held."""
    return float(gammainc(0.5, max(new.chisqr - best.chisqr, 0.0) / 2))


def test_what_the_data_do_not_limit_stays_open() -> None:
    """A rate so fast that all is over before the first point: only a lower end exists."""
    y = np.full(T.size, 2.0)
    times = T + 1.0

    def residual(values: dict[str, float]) -> np.ndarray:
        return np.asarray((2.0 * (1 - np.exp(-values["k"] * times)) - y) / 0.05)

    found = estimate(residual, {"k": Range(1e-3, 1e3, (0.5, 50.0))})
    low, high = found.intervals["k"]
    assert high is None
    assert low is not None
    assert np.sum(residual({"k": low}) ** 2) - found.chi_square == pytest.approx(RISE_TWO_SIDED_95, abs=0.02)


def test_two_parameters_of_which_only_the_product_is_known_are_both_open() -> None:
    y = np.full(T.size, 6.0)
    found = estimate(
        lambda v: (v["a"] * v["b"] - y) / 0.1, {"a": Range(1e-2, 1e2, (2.0,)), "b": Range(1e-3, 1e4, (2.0,))}
    )
    assert found.intervals["a"] == (None, None)
    assert np.isinf(found.log_stderrs["a"])
    assert found.values["a"] * found.values["b"] == pytest.approx(6.0, rel=1e-4)


def test_the_better_of_two_starts_wins() -> None:
    # two valleys in ln k: the deep one at 10, a shallow one at 0.1
    def residual(values: dict[str, float]) -> np.ndarray:
        x = np.log10(values["k"])
        return np.array([3 * np.sqrt(max((x - 1) ** 2 * (x + 1) ** 2 + 0.2 * (1 - x), 0.0))])

    for starts in ((0.1, 10.0), (10.0, 0.1)):
        found = estimate(residual, {"k": Range(1e-3, 1e3, starts)}, profiled=[])
        assert found.values["k"] == pytest.approx(10.0, rel=0.3)
        assert found.intervals == {}


@given(st.floats(0.3, 3.0), st.floats(-1.5, 1.5), st.floats(-2.5, 2.5))
def test_no_point_of_a_profile_lies_below_the_optimum(depth: float, place: float, start: float) -> None:
    """Two valleys, one deeper by ``depth`` in χ²: whichever the search starts in, the profile finds the way down."""

    def residual(values: dict[str, float]) -> np.ndarray:
        x, y = np.log(values["a"]), np.log(values["b"])
        bumps = 4.0 - 3.0 * np.exp(-2 * (x - 1.5) ** 2) - (3.0 + depth) * np.exp(-2 * (x + 1.5) ** 2)
        return np.array([np.sqrt(max(bumps + depth, 0.0)), y - place - 0.3 * x])

    ranges = {"a": Range(1e-2, 1e2, (float(np.exp(start)),)), "b": Range(1e-2, 1e2, (1.0,))}
    found = estimate(residual, ranges)
    for trial in found.trials:
        chi_square = float(np.sum(residual(trial.values) ** 2))
        assert chi_square >= found.chi_square - 1e-6 * max(found.chi_square, 1.0)
        assert trial.rise == pytest.approx(max(chi_square - found.chi_square, 0.0), abs=1e-6)
    for name in ("a", "b"):
        assert min(trial.rise for trial in found.trials if trial.parameter == name) == 0.0


def test_an_interval_reaches_into_a_second_valley_that_fits_as_well() -> None:
    """Story: followed step by step, a profile sat in a side valley and called an end what was none."""
    times = np.linspace(0.0, 10.0, 12)

    def residual(values: dict[str, float]) -> np.ndarray:
        left = np.maximum(values["h"] - values["k"] * times, 0.0)
        return np.asarray((1.0 - np.exp(-left) - 1.0) / 0.05)

    # More metal than the line sees: any rate fits that leaves enough of it, up to what the largest stock allows.
    found = estimate(residual, {"h": Range(1.0, 1e3, (20.0,)), "k": Range(1e-3, 50.0, (0.5,))})
    low, high = found.intervals["k"]
    assert low is None
    assert high is None
    assert found.intervals["h"][1] is None


@pytest.mark.parametrize("side", [-1.0, 1.0])
def test_a_profile_that_passes_into_a_second_valley_is_the_lower_of_both_all_along(side: float) -> None:
    """Story: points that were tried before the deeper valley was found stayed on the shallow one: a profile jumped."""

    def residual(values: dict[str, Any]) -> np.ndarray:
        x, y = side * np.log(values["a"]), np.log(values["b"])
        steepness = 1.4 - 0.4 * (1.0 - y / 1.5) * (x > 0.0)
        return np.array([steepness * np.sinh(x), 3.0 * (y * y - 2.25), (1.5 - y) / 3.0])

    found = estimate(residual, {"a": Range(1e-3, 1e3, (1.5,)), "b": Range(1e-2, 1e2, (4.0, 0.25))}, profiled=["a"])
    grid = np.exp(np.linspace(-2.0, 2.0, 8001))
    for trial in found.trials:
        least = np.min(np.sum(residual({**trial.values, "b": grid}) ** 2, axis=0))
        assert found.chi_square + trial.rise == pytest.approx(least, abs=1e-4)
    ends = sorted(abs(np.log(end)) for end in found.intervals["a"])
    # (1.4 sinh x)² = 3.84 on one side; on the other the second valley, of rise (0.6 sinh x)² + 1 but for a small shift
    assert ends == pytest.approx(np.arcsinh([np.sqrt(3.84) / 1.4, np.sqrt(2.84) / 0.6]), rel=0.02)


def test_only_what_was_asked_for_is_profiled() -> None:
    y = decay(2.0, 0.3)
    ranges = {"a": Range(0.01, 100.0, (1.0,)), "k": Range(1e-3, 10.0, (0.5,))}
    found = estimate(lambda v: (decay(v["a"], v["k"]) - y) / 0.05, ranges, profiled=["k"])
    assert set(found.intervals) == {"k"}
    assert set(found.values) == {"a", "k"}


def test_an_estimate_that_failed_has_no_success() -> None:
    assert not Estimate().success
    assert Estimate({"a": 1.0}).success


@pytest.mark.slow
def test_intervals_cover_in_95_of_100_cases() -> None:
    random, inside = np.random.default_rng(9), 0
    for _ in range(200):
        y = decay(2.0, 0.3) + 0.1 * random.standard_normal(T.size)
        ranges = {"a": Range(0.01, 100.0, (1.0,)), "k": Range(1e-3, 10.0, (0.5,))}
        low, high = estimate(lambda v, y=y: (decay(v["a"], v["k"]) - y) / 0.1, ranges, profiled=["k"]).intervals["k"]
        inside += (low or 0.0) < 0.3 < (high or np.inf)
    assert inside / 200 == pytest.approx(0.95, abs=0.046)  # three standard deviations


@pytest.mark.parametrize("apart", [0.5, 1e-4, 1e-12])
def test_two_points_of_a_profile_next_to_each_other_lead_nowhere_far(apart: float) -> None:
    """Story: after a side valley the next start lay (1e4)^(1e5) ahead, and the job ended with an overflow."""
    before = (0.0, -1.9, {"a": 1.0, "b": 1e-4})
    inner = (apart, -1.8, {"a": float(np.exp(apart)), "b": 1.0})
    found = estimation._ahead(before, inner, apart + 1.0)
    steps = min(1.0 / apart, 8.0)
    assert np.log(found["b"]) == pytest.approx(steps * np.log(1e4), rel=1e-3)
    assert np.log(found["a"]) == pytest.approx(apart + steps * apart, rel=1e-3)
