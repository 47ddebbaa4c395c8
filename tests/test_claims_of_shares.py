"""Sentences on shares and areas by closed forms, with the errors that repeated measurements have."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from claim_tables import MINUTES, OF, answer, components, evidence
from xps import tables
from xps.claims.evidence import NotTestableError

# An example builds a table or two, which takes longer than what is tested.
few = settings(max_examples=12)
areas = st.lists(st.floats(10.0, 1e4), min_size=5, max_size=5)


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
