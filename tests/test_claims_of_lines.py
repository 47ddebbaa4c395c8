"""Sentences on lines: positions, shares and areas by closed forms, with the errors that repeated measurements have."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claim_tables import MINUTES, OF, acquisitions, answer, calibration, components, evidence
from xps import tables
from xps.claims.evidence import NotTestableError

# An example builds a table or two, which takes longer than what is tested.
few = settings(max_examples=12)
places = st.lists(st.floats(40.0, 60.0), min_size=5, max_size=5)
errors = st.lists(st.floats(0.01, 0.2), min_size=5, max_size=5)
areas = st.lists(st.floats(10.0, 1e4), min_size=5, max_size=5)


# --- positions -------------------------------------------------------------------------------------------------------


@few
@given(places, errors, st.floats(0.0, 0.1), st.floats(0.0, 0.1))
def test_a_mean_position_weighs_each_cycle_by_all_its_errors(
    place: list[float], stderr: list[float], shift: float, drift: float
) -> None:
    held = evidence(
        components=components({"component": "A", "position_ev": place, "position_stderr_ev": stderr}),
        calibration=calibration(shift, drift),
    )
    sigma = np.sqrt(np.square(stderr) + shift**2 + drift**2)
    found = answer("position_mean", held, **OF, component="A")
    assert found.value == pytest.approx(np.average(place, weights=sigma**-2.0))
    assert found.stderr == pytest.approx(np.sum(sigma**-2.0) ** -0.5)
    assert (found.unit, found.remark) == ("eV", "5 acquisitions")


@few
@given(places)
def test_a_range_is_that_of_its_extremes_and_names_their_times(place: list[float]) -> None:
    held = evidence(components=components({"component": "A", "position_ev": place, "position_stderr_ev": 0.03}))
    found = answer("position_range", held, **OF, component="A")
    assert found.value == pytest.approx(np.ptp(place))
    assert found.stderr == pytest.approx(0.03 * np.sqrt(2))
    if len(set(place)) == 5:
        low, high = (MINUTES[index] for index in (int(np.argmin(place)), int(np.argmax(place))))
        assert found.remark == f"lowest at {low:g}, highest at {high:g} min; 5 acquisitions"


@few
@given(st.floats(-0.05, 0.05), st.floats(0.0, 0.05))
def test_a_change_is_the_line_s_whatever_lies_symmetrically_about_it(slope: float, scatter: float) -> None:
    times = np.array(MINUTES)
    weights = np.ones(5)
    # residuals that are orthogonal to a straight line
    wiggle = np.array([1.0, -1.0, 1.0, -1.0, 1.0])
    basis = np.stack([weights, times], axis=1)
    wiggle = wiggle - basis @ np.linalg.lstsq(basis, wiggle, rcond=None)[0]
    place = (50.0 + slope * times + scatter * wiggle).tolist()
    held = evidence(components=components({"component": "A", "position_ev": place, "position_stderr_ev": 0.02}))
    found = answer("position_change", held, **OF, component="A")
    assert found.value == pytest.approx(slope * 40.0, abs=1e-9)
    assert found.stderr == pytest.approx(40.0 * 0.02 / np.sqrt(np.sum((times - times.mean()) ** 2)))


def test_only_detected_and_free_positions_count_from_the_time_on() -> None:
    part = {
        "component": "A",
        "position_ev": [10.0, 11.0, 12.0, 13.0, 14.0],
        "detected": [True, True, False, None, True],
        "position_stderr_ev": [0.1, 0.1, 0.1, 0.1, None],
    }
    held = evidence(components=components(part))
    assert answer("position_mean", held, **OF, component="A").value == pytest.approx((10 + 11 + 13) / 3)
    assert answer("position_mean", held, **OF, component="A", from_min=10.0).value == pytest.approx(13.0)
    with pytest.raises(NotTestableError, match="no free position of a detected A from 40 min on"):
        answer("position_mean", held, **OF, component="A", from_min=40.0)
    with pytest.raises(NotTestableError, match="A has a position in one acquisition only"):
        answer("position_change", held, **OF, component="A", from_min=20.0)
    with pytest.raises(NotTestableError, match="m imposes the position of A, so it tests nothing"):
        answer("position", held, **OF, component="A", at_min=40.0)


@few
@given(places, st.floats(-3.0, 3.0), st.floats(0.0, 0.3))
def test_the_scale_cancels_within_a_region_and_not_between_experiments(
    place: list[float], distance: float, shift: float
) -> None:
    """Two lines a fixed distance apart on a scale that wanders: known to the lines' own errors, wherever it stands."""
    both = components(
        {"component": "A", "position_ev": [one + distance for one in place], "position_stderr_ev": 0.03},
        {"component": "B", "position_ev": place, "position_stderr_ev": 0.04},
    )
    held = evidence(components=both, calibration=calibration(shift))
    found = answer("position_difference", held, **OF, component="A", other_component="B")
    assert found.value == pytest.approx(distance, abs=1e-9)
    assert found.stderr == pytest.approx(0.05 / np.sqrt(5))
    apart = answer("position_difference", held, **OF, component="A", other_component="B", other_experiment="e")
    assert apart.value == pytest.approx(distance, abs=1e-9)
    own = [np.hypot(sigma, shift) / np.sqrt(5) for sigma in (0.03, 0.04)]
    assert apart.stderr == pytest.approx(np.hypot(*own))


@few
@given(st.floats(52.0, 58.0), st.floats(0.8, 2.5), st.floats(500.0, 5e4))
def test_a_maximum_is_found_where_the_line_has_it(centre: float, width: float, height: float) -> None:
    energy = np.arange(48.0, 62.0, 0.1)
    line = height * np.exp(-4 * np.log(2) * ((energy - centre) / width) ** 2)
    rows = [
        {
            "experiment": "e", "model": "m", "acquisition": 2, "region": "R", "channel": index,
            "binding_energy_ev": at, "data_cps": 300.0 + 5.0 * at + value, "background_cps": 300.0 + 5.0 * at,
        }
        for index, (at, value) in enumerate(zip(energy.tolist(), line.tolist(), strict=True))
    ]  # fmt: skip
    held = evidence(curves=tables.from_rows("curves", rows), calibration=calibration(0.04, 0.03))
    found = answer("line_maximum", held, **OF, region="R", at_min=10.0)
    assert found.value == pytest.approx(centre, abs=0.02 * width)
    assert found.stderr is not None
    assert found.stderr >= 0.05 - 1e-9  # never better known than the scale


# --- shares and areas ------------------------------------------------------------------------------------------------


def split(first: list[float], stderr: float = 0.01, **more: Any) -> Any:
    """Two components whose shares add up to one."""
    return components(
        {"component": "A", "area_fraction": first, "area_fraction_stderr": stderr, **more},
        {"component": "B", "area_fraction": [1.0 - one for one in first], "area_fraction_stderr": stderr, **more},
    )


fractions = st.lists(st.floats(0.0, 1.0), min_size=5, max_size=5)


@few
@given(fractions, st.integers(0, 4))
def test_shares_of_all_species_are_one_and_of_what_is_left_nothing(first: list[float], number: int) -> None:
    held = evidence(components=split(first))
    at = MINUTES[number]
    one = answer("share", held, **OF, components=["A"], at_min=at)
    other = answer("share", held, **OF, components=["A"], at_min=at, rest=True)
    assert one.value == pytest.approx(first[number])
    assert other.value == pytest.approx(1.0 - first[number])
    whole = answer("share", held, **OF, components=["A", "B"], at_min=at)
    assert whole.value == pytest.approx(1.0)
    assert whole.stderr == pytest.approx(0.02)  # errors of overlapping lines add up at worst


@few
@given(fractions, st.sampled_from(MINUTES))
def test_the_smallest_share_is_the_smallest_from_the_time_on(first: list[float], from_min: float) -> None:
    held = evidence(components=split(first))
    late = [share for share, time in zip(first, MINUTES, strict=True) if time >= from_min]
    assert answer("smallest_share", held, **OF, components=["A"], from_min=from_min).value == pytest.approx(min(late))


def test_systematic_errors_of_shares_count() -> None:
    held = evidence(components=split([0.3] * 5, 0.03, area_fraction_systematic_stderr=0.04))
    assert answer("share", held, **OF, components=["A"], at_min=5.0).stderr == pytest.approx(0.05)


@few
@given(st.floats(50.0, 500.0), st.floats(20.0, 500.0))
def test_a_relative_change_has_the_error_of_repeated_measurements(first: float, last: float) -> None:
    """Ratio of two areas known to 3 and 5 %: the propagated error against 4000 draws."""
    values = [first, 1.0, 1.0, 1.0, last]
    stderrs = [0.03 * first, 0.1, 0.1, 0.1, 0.05 * last]
    held = evidence(components=components({"component": "A", "area_cps_ev": values, "area_stderr_cps_ev": stderrs}))
    found = answer("relative_change", held, **OF, components=["A"])
    assert found.value == pytest.approx(100.0 * (last / first - 1.0))
    random = np.random.default_rng(1)
    draws = last * (1 + 0.05 * random.standard_normal(4000)) / (first * (1 + 0.03 * random.standard_normal(4000)))
    assert found.stderr == pytest.approx(100.0 * np.std(draws), rel=0.06)


@few
@given(st.lists(st.floats(0.0, 0.2), min_size=5, max_size=5))
def test_what_only_rises_is_called_so_and_its_mirror_falls(steps: list[float]) -> None:
    rising = np.cumsum(steps).tolist()
    held = evidence(components=split(rising, 0.001))
    for name, direction in (("A", "rises"), ("B", "falls")):
        assert answer("monotonic_share", held, **OF, components=[name], direction=direction).word == direction
    broken = [*rising[:3], rising[2] - 0.05, rising[4]]
    mixed = answer(
        "monotonic_share", evidence(components=split(broken, 0.001)), **OF, components=["A"], direction="rises"
    )
    assert mixed.word == "mixed"
    assert mixed.remark.startswith("1 of 4 steps go the other way")


@few
@given(areas, st.floats(0.1, 10.0))
def test_the_largest_ratio_to_the_detection_limit_is_found_with_its_time(area: list[float], factor: float) -> None:
    limits = [factor * (1.0 + number) for number in range(5)]
    held = evidence(components=components({"component": "A", "area_cps_ev": area, "detection_limit_cps_ev": limits}))
    ratios = np.array(area) / np.array(limits)
    found = answer("largest_over_detection_limit", held, **OF, component="A")
    assert found.value == pytest.approx(ratios.max())
    assert found.remark == f"at {MINUTES[int(np.argmax(ratios))]:g} min, 5 acquisitions"


def test_a_limit_is_a_share_of_the_species_and_losses_are_none() -> None:
    held = evidence(
        components=components(
            {"component": "A", "area_cps_ev": 5.0, "upper_limit_95_cps_ev": [20.0, 10.0, 30.0, 10.0, 10.0]},
            {"component": "B", "area_cps_ev": 195.0},
            {"component": "plasmon", "area_cps_ev": 800.0, "area_fraction": None},
        )
    )
    found = answer("largest_limit", held, **OF, component="A")
    assert found.value == pytest.approx(30.0 / 200.0)
    assert found.remark == "at 10 min"


@few
@given(st.floats(-0.02, 0.02), st.floats(0.02, 0.1))
def test_a_trend_is_its_slope_over_the_error_of_a_weighted_line(slope: float, stderr: float) -> None:
    """Both lines move together, so the centroid moves with them, whatever their areas."""
    place = [50.0 + slope * time for time in MINUTES]
    held = evidence(
        components=components(
            {"component": "A", "position_ev": place, "position_stderr_ev": 0.0, "area_stderr_cps_ev": 0.0},
            {
                "component": "B",
                "position_ev": place,
                "position_stderr_ev": 0.0,
                "area_cps_ev": [1.0, 9.0, 3.0, 5.0, 2.0],
            },
        ),
        calibration=calibration(stderr),
    )
    times = np.array(MINUTES)
    expected = slope * np.sqrt(np.sum((times - times.mean()) ** 2)) / stderr
    found = answer("centroid_trend", held, **OF, components=["A", "B"])
    assert found.value == pytest.approx(expected, abs=1e-6)
    assert (found.unit, found.stderr) == ("σ", 1.0)


def test_a_trend_needs_three_acquisitions() -> None:
    few = evidence(
        acquisitions=acquisitions(MINUTES[:2]), components=components({"component": "A"}, minutes=MINUTES[:2])
    )
    with pytest.raises(NotTestableError, match="2 acquisitions, three are needed for a trend"):
        answer("centroid_trend", few, **OF, components=["A"])
    with pytest.raises(NotTestableError, match="2 acquisitions, three are needed for a course"):
        answer("monotonic_share", few, **OF, components=["A"], direction="rises")


def alternatives() -> Any:
    rows = [
        {
            "experiment": "e", "model": "m", "acquisition": number, "region": "R", "component": "Li3P",
            "alternative": name, "area_fraction": share, "area_fraction_stderr": 0.01, "change": "Ge 3p left out",
            "kind": "components", "systematic": False, "success": True, "message": "converged", "statement": "Ge 3p",
            "counted_share": 0.0,
        }
        for name, share in (("without Ge 3p", 0.23), ("wide tie", 0.02))
        for number in range(2)
    ]  # fmt: skip
    return tables.from_rows("alternatives", rows)


def test_a_share_under_an_alternative_is_told_with_what_was_changed() -> None:
    held = evidence(alternatives=alternatives())
    found = answer("alternative_share", held, **OF, component="Li3P", alternative="without Ge 3p", at_min=5.0)
    assert (found.value, found.stderr, found.remark) == (0.23, 0.01, "Ge 3p left out")
    with pytest.raises(NotTestableError, match=r"m has no alternative none of Li3P \(wide tie, without Ge 3p\)"):
        answer("alternative_share", held, **OF, component="Li3P", alternative="none", at_min=5.0)
