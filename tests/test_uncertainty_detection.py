"""Chances and thresholds of detection: limits, laws, and simulated noise in which there is nothing to detect."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from xps.uncertainty.detection import (
    FIXED,
    Mistaken,
    Search,
    chance,
    chance_in_series,
    critical_factor,
    critical_factors,
    each_share,
    extent,
    holm,
    two_sided_factor,
)

searches = st.builds(lambda length, area: Search(length, area), st.floats(0.0, 20.0), st.floats(0.0, 20.0))
chances = st.lists(st.floats(1e-12, 1.0), min_size=1, max_size=30)


def test_a_line_at_a_given_energy_needs_1_645_standard_errors() -> None:
    assert critical_factor() == pytest.approx(1.6448536269514722, abs=1e-12)
    assert chance(1.6448536269514722) == pytest.approx(0.05)


@given(searches, st.integers(1, 1000))
def test_critical_factor_is_where_the_chance_is_as_wanted(search: Search, family: int) -> None:
    z = critical_factor(search, family)
    assert -math.expm1(family * math.log1p(-chance(z, search))) == pytest.approx(0.05, rel=1e-6)


@given(searches, st.floats(0.0, 8.0), st.floats(0.0, 5.0))
def test_a_wider_search_and_a_weaker_line_convince_less(search: Search, z: float, more: float) -> None:
    assert chance(z, Search(search.length + more, search.area)) >= chance(z, search)
    assert chance(z, Search(search.length, search.area + more)) >= chance(z, search)
    assert chance(z, search) >= ndtr(-z)


def test_a_failed_fit_has_no_chance() -> None:
    assert math.isnan(chance(math.nan))
    assert math.isnan(chance_in_series([math.nan]))


@pytest.mark.parametrize("length", [0.5, 2.0, 3.0])
def test_strongest_fluctuation_along_a_curve_exceeds_the_factor_in_five_percent(length: float) -> None:
    """Noise projected on directions along a great circle: the length of the curve is its angle."""
    rng = np.random.default_rng(int(10 * length))
    angle = np.linspace(0.0, length, 200)
    noise = rng.normal(size=(40_000, 2))
    strongest = np.max(noise @ np.array([np.cos(angle), np.sin(angle)]), axis=1)
    assert np.mean(strongest > critical_factor(Search(length))) == pytest.approx(0.05, abs=0.004)


def test_strongest_fluctuation_over_a_cap_of_a_sphere_exceeds_the_factor_in_five_percent() -> None:
    """Directions within 1 rad of a pole: area 2π(1 − cos 1), half the outline π sin 1."""
    rng = np.random.default_rng(5)
    noise = rng.normal(size=(200_000, 3))
    radius = np.linalg.norm(noise, axis=1)
    away = np.arccos(noise[:, 2] / radius)
    strongest = radius * np.cos(np.maximum(away - 1.0, 0.0))
    cap = Search(math.pi * math.sin(1.0), 2 * math.pi * (1 - math.cos(1.0)))
    assert np.mean(strongest > critical_factor(cap)) == pytest.approx(0.05, abs=0.003)


@pytest.mark.parametrize("family", [1, 5, 60])
def test_a_series_of_nothing_is_called_something_in_five_percent(family: int) -> None:
    rng = np.random.default_rng(family)
    z = np.maximum(rng.normal(size=(20_000, family)), 0.0)
    p = np.where(z > 0.0, ndtr(-z), 1.0)
    for wrong in (
        [bool(np.any(holm(row))) for row in p[:4000]],
        np.max(z, axis=1) > critical_factor(FIXED, family),
        [chance_in_series(row) < 0.05 for row in p],
    ):
        assert np.mean(wrong) == pytest.approx(0.05, abs=0.011 if len(wrong) == 4000 else 0.005)


@given(chances)
def test_holm_finds_no_less_than_the_fixed_threshold_and_nothing_without_a_strong_one(values: list[float]) -> None:
    found = holm(values)
    assert np.all(found[np.array(values) <= each_share(len(values))])
    assert found.any() == (chance_in_series(values) <= 0.05 * (1 + 1e-12))


@given(chances, st.randoms())
def test_holm_knows_no_order_and_skips_failed_fits(values: list[float], random) -> None:  # type: ignore[no-untyped-def]
    order = random.sample(range(len(values)), len(values))
    shuffled = [values[i] for i in order]
    if len(set(values)) == len(values):
        assert holm(shuffled).tolist() == holm(values)[order].tolist()
    assert holm([math.nan, *values]).tolist() == [False, *holm(values).tolist()]


def test_lines_that_are_there_do_not_raise_the_bar_for_others() -> None:
    """Holm's advantage: with many strong lines the rest of the series is judged almost one by one."""
    assert holm([1e-9] * 20 + [0.04]).tolist() == [True] * 21
    assert holm([0.5] * 20 + [0.04]).tolist() == [False] * 21


def patch_of_a_sphere(places: int, widths: int, high: float, wide: float) -> np.ndarray:
    """Unit vectors at latitudes 0 to ``high`` and longitudes 0 to ``wide``, one spectrum."""
    latitude, longitude = np.meshgrid(np.linspace(0, high, places), np.linspace(0, wide, widths), indexing="ij")
    flat = np.cos(latitude)
    return np.stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)], axis=-1)[None]


@given(st.floats(0.1, 0.8), st.floats(0.1, 0.8))
def test_extent_of_a_patch_of_a_sphere(high: float, wide: float) -> None:
    unit = patch_of_a_sphere(9, 5, high, wide)
    found = extent(unit, np.zeros(unit.shape[:3]))
    # Upper and lower parallel as arcs of great circles, which a grid of five points follows closely.
    outline = 2 * high + wide * (1 + math.cos(high))
    assert found.length[0] == pytest.approx(0.5 * outline, rel=5e-3)
    assert found.area[0] == pytest.approx(wide * math.sin(high), rel=2e-2)


@given(st.floats(0.1, 2.0))
def test_extent_of_a_curve_is_its_length_and_a_point_has_none(length: float) -> None:
    curve = patch_of_a_sphere(9, 1, length, 0.0)
    assert extent(curve, np.zeros((1, 9, 1))).length[0] == pytest.approx(length)
    assert extent(curve, np.zeros((1, 9, 1))).area[0] == 0.0
    point = patch_of_a_sphere(3, 3, 0.0, 0.0)
    assert extent(point, np.zeros((1, 3, 3)))[:2] == (0.0, 0.0)


@pytest.mark.parametrize("tied", [0.2, 0.6])
def test_a_tie_makes_a_searched_line_count_as_much_as_simulated(tied: float) -> None:
    """The strongest fluctuation along a curve, each place at the cost of its squared pull."""
    rng = np.random.default_rng(3)
    angle = np.linspace(-3 * tied, 3 * tied, 121)
    penalty = (angle / tied) ** 2
    noise = rng.normal(size=(100_000, 2))
    z = noise @ np.array([np.cos(angle), np.sin(angle)])
    strongest = np.sqrt(np.maximum(np.max(np.where(z > 0, z**2, 0.0) - penalty, axis=1), 0.0))
    few = slice(None, None, 15)
    unit = np.stack([np.cos(angle[few]), np.sin(angle[few])], axis=-1)[None, :, None]
    found = extent(unit, penalty[None, few, None])
    assert np.mean(strongest > critical_factors(found)[0]) == pytest.approx(0.05, abs=0.006)


@given(st.integers(1, 10_000))
def test_a_family_of_questions_has_five_percent_of_false_answers(family: int) -> None:
    """By Bonferroni: the two-sided shares of all questions add up to 5 %."""
    assert family * 2.0 * ndtr(-two_sided_factor(family)) == pytest.approx(0.05, rel=1e-9)


@pytest.mark.parametrize(("distance", "pulls"), [(0.5, 0.0), (1.8, 0.0), (1.8, 4.0), (4.0, 0.0), (2.5, -3.0)])
def test_noise_prefers_another_place_as_often_as_said(distance: float, pulls: float) -> None:
    """Counts of three directions: nothing is the origin, the other place a line that passes it at a distance."""
    rng = np.random.default_rng(int(10 * distance))
    noise = rng.normal(size=(400_000, 3))
    rest = noise - np.array([distance, 0.0, 0.0])
    along = np.array([0.0, 0.6, 0.8])
    gained = np.sum(noise**2, axis=1) - np.sum((rest - np.outer(rest @ along, along)) ** 2, axis=1)
    preferred = np.mean((gained > 1.645**2) & (gained > pulls))
    place = Mistaken(distance**2, pulls)
    assert chance(1.645, Search(mistaken=(place,))) - chance(1.645) == pytest.approx(preferred, abs=0.002)


@given(st.floats(0.01, 50.0), st.floats(-5.0, 20.0), st.integers(1, 50))
def test_a_line_that_may_be_mistaken_has_to_be_stronger(squared: float, pulls: float, family: int) -> None:
    search = Search(mistaken=(Mistaken(squared, pulls), Mistaken(0.0, 0.0)))
    z = critical_factor(search, family)
    assert critical_factor(FIXED, family) <= z + 1e-9
    assert -math.expm1(family * math.log1p(-chance(z, search))) == pytest.approx(0.05, rel=1e-6)
    assert chance(z, search._replace(mistaken=(Mistaken(squared, pulls + 5.0),))) <= chance(z, search)


def test_a_place_that_is_none_changes_nothing() -> None:
    assert critical_factor(Search(mistaken=(Mistaken(0.0, 3.0),))) == critical_factor()
