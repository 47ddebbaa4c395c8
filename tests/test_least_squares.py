"""Least squares between bounds: closed forms, scipy as a second library, and the bounds themselves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import least_squares, lsq_linear
from scipy.stats import chi2

from xps.least_squares import chance, minimum

FREE = np.full(2, np.inf)


def rosenbrock(p: np.ndarray) -> np.ndarray:
    return np.array([10.0 * (p[1] - p[0] ** 2), 1.0 - p[0]])


def test_a_curved_valley_is_followed_to_its_end() -> None:
    found = minimum(rosenbrock, np.array([-1.2, 1.0]), -FREE, FREE)
    assert found.converged
    assert found.parameters == pytest.approx([1.0, 1.0], abs=1e-4)
    assert found.chi_square < 1e-8


@given(st.floats(-1.5, 0.9), st.floats(-1.0, 1.5))
def test_a_valley_cut_by_a_bound_ends_on_it(bound: float, start: float) -> None:
    """With p0 held at most at ``bound`` the best p1 is its square and χ² what is left of 1 - p0."""
    upper = np.array([bound, np.inf])
    found = minimum(rosenbrock, np.array([min(start, bound), 1.0]), -FREE, upper)
    assert found.parameters[0] == bound
    assert found.parameters[1] == pytest.approx(bound**2, abs=1e-4)
    assert found.chi_square == pytest.approx((1.0 - bound) ** 2, rel=1e-6, abs=1e-9)


@given(st.integers(1, 4), st.integers(0, 10_000), st.booleans())
def test_a_linear_problem_is_solved_as_scipy_solves_it(size: int, seed: int, bounded: bool) -> None:
    random = np.random.default_rng(seed)
    matrix, right = random.standard_normal((size + 4, size)), random.standard_normal(size + 4)
    ends = np.full(size, 0.3 if bounded else np.inf)
    exact = lsq_linear(matrix, right, bounds=(-ends, ends), method="bvls", tol=1e-12)
    found = minimum(lambda p: matrix @ p - right, np.zeros(size), -ends, ends)
    assert found.converged
    assert found.chi_square == pytest.approx(2 * exact.cost, rel=1e-6, abs=1e-8)
    np.testing.assert_allclose(found.parameters, exact.x, atol=2e-4)
    np.testing.assert_allclose(found.jacobian, matrix, atol=1e-6)


@given(st.floats(0.1, 50.0), st.floats(0.02, 2.0), st.integers(0, 99))
def test_a_decay_is_found_where_scipy_finds_it(a: float, k: float, seed: int) -> None:
    times = np.linspace(0.0, 10.0, 12)
    y = a * np.exp(-k * times) + 0.02 * a * np.random.default_rng(seed).standard_normal(12)

    def residual(p: np.ndarray) -> np.ndarray:
        return np.asarray((p[0] * np.exp(-p[1] * times) - y) / (0.02 * a))

    lower, upper = np.array([0.0, 0.0]), np.array([200.0, 5.0])
    found = minimum(residual, np.array([a * 2, 0.5]), lower, upper)
    other = least_squares(residual, np.array([a * 2, 0.5]), bounds=(lower, upper), xtol=1e-12, ftol=1e-12, gtol=1e-12)
    assert found.chi_square <= 2 * other.cost * (1 + 1e-6)
    # the last digits are within a thousandth of the statistical error
    errors = np.sqrt(np.diag(np.linalg.inv(other.jac.T @ other.jac)))
    assert np.all(np.abs(found.parameters - other.x) < 1e-2 * errors + 1e-9)


@given(st.floats(-3.0, 3.0), st.floats(1e-6, 1e6))
def test_units_of_a_parameter_do_not_matter(start: float, unit: float) -> None:
    plain = minimum(rosenbrock, np.array([start, 1.0]), -FREE, FREE, 4000)
    scaled = minimum(lambda p: rosenbrock(p * np.array([unit, 1.0])), np.array([start / unit, 1.0]), -FREE, FREE, 4000)
    assert scaled.chi_square == pytest.approx(plain.chi_square, abs=1e-7)


def test_what_nothing_feels_stays_where_it_was() -> None:
    found = minimum(lambda p: np.array([p[0] - 3.0, 1.0]), np.array([0.0, 7.0]), -FREE, FREE)
    assert found.parameters == pytest.approx([3.0, 7.0])
    assert found.chi_square == pytest.approx(1.0)
    assert np.all(found.jacobian[:, 1] == 0)


def test_a_search_that_cannot_begin_or_end_says_so() -> None:
    broken = minimum(lambda p: np.array([np.nan]), np.zeros(1), -np.ones(1), np.ones(1))
    assert (broken.converged, broken.chi_square) == (False, np.inf)
    short = minimum(rosenbrock, np.array([-1.2, 1.0]), -FREE, FREE, evaluations=8)
    assert not short.converged
    assert short.chi_square < np.sum(rosenbrock(np.array([-1.2, 1.0])) ** 2)


def test_a_place_without_a_number_is_not_stepped_on() -> None:
    """The square root ends at 0: a step across is refused and shortened."""

    def residual(p: np.ndarray) -> np.ndarray:
        with np.errstate(invalid="ignore"):
            return np.asarray(10.0 * (np.sqrt(p) - 0.1))

    found = minimum(residual, np.array([4.0]), np.full(1, -np.inf), np.full(1, np.inf))
    assert found.parameters == pytest.approx([0.01], rel=1e-3)


@given(st.floats(0.0, 2000.0), st.integers(1, 60))
def test_chances_are_those_of_scipy(chi_square: float, freedom: int) -> None:
    assert chance(chi_square, freedom) == pytest.approx(chi2.sf(chi_square, freedom), rel=1e-9, abs=1e-300)


@pytest.mark.parametrize("freedom", [1, 2, 7, 40])
def test_a_perfect_fit_is_certain_and_an_impossible_one_has_no_chance(freedom: int) -> None:
    assert chance(0.0, freedom) == 1.0
    assert chance(np.inf, freedom) == 0.0
    assert chance(1e6, freedom) == 0.0


@given(st.integers(1, 12), st.floats(2.0, 60.0), st.floats(0.1, 10.0))
def test_more_misfit_is_less_likely_and_more_freedom_forgives_it(freedom: int, chi_square: float, more: float) -> None:
    assert chance(chi_square + more, freedom) < chance(chi_square, freedom)
    assert chance(chi_square, freedom + 1) > chance(chi_square, freedom)
