"""Sentences on positions by closed forms: means, ranges, changes and trends, with the energy scale's error."""

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


def test_a_line_stands_as_far_from_the_literature_as_the_check_of_the_scale_says() -> None:
    row = {
        "experiment": "e", "check": "A of B", "kind": "literature", "value_ev": 71.6, "stderr_ev": 0.03,
        "expected_ev": 72.8, "expected_stderr_ev": 0.2, "source": "a table", "imposed": False, "verdict": "differs",
        "remark": "",
    }  # fmt: skip
    held = evidence(energy_checks=tables.from_rows("energy_checks", [row]))
    found = answer("literature_offset", held, experiment="e", check="A of B")
    assert (found.value, found.unit, found.remark) == (pytest.approx(-1.2), "eV", "a table")
    assert found.stderr == pytest.approx(np.hypot(0.03, 0.2))
    with pytest.raises(NotTestableError, match="the energy scale was not held against C of D"):
        answer("literature_offset", held, experiment="e", check="C of D")


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
