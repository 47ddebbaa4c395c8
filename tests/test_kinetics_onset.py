"""When a line first appears: Holm's steps written out, brackets, limits, and error rates of whole series."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from test_kinetics_series import acquired, fitted
from whole_tables import series_of
from xps import tables
from xps.kinetics import onset
from xps.kinetics.series import Series
from xps.kinetics.verdicts import not_detected

few = settings(max_examples=15)


def series(chances: list[float | None], areas: list[float | None] | None = None, **more: Any) -> Series:
    """A line of these chances of being absent, one per minute of plating, beside one of area 90."""
    numbers = range(len(chances))
    given_areas = areas or [10.0] * len(chances)
    both = fitted(("A", "R", dict(zip(numbers, given_areas, strict=True))), ("B", "R", dict.fromkeys(numbers, 90.0)))
    columns = {
        "absent_p_value": pa.array([*chances, *[0.0] * len(chances)], pa.float64()),
        "upper_limit_95_cps_ev": pa.array([4.0 + 0.1 * number for number in numbers] * 2, pa.float64()),
        "core_level": pa.array(["A 1s"] * (2 * len(chances)), pa.string()),
    }
    for name, values in columns.items():
        at = both.schema.get_field_index(name)
        both = both.set_column(at, both.schema.field(at), values)
    measured = acquired({number: ["R"] for number in numbers}, **more)
    return series_of(measured, both)


def told(held: Series, component: str = "A", axis: str = "plating_time_s") -> dict[str, Any]:
    wanted = [{"model": "m", "component": component}]
    return tables.from_rows("kinetics", onset.rows(held, wanted, axis)).to_pylist()[0]


def by_hand(chances: list[float]) -> list[bool]:
    """Holm (Scand. J. Statist. 6, 65, 1979): the smallest chance against 5 %/n, the next against 5 %/(n-1) ..."""
    there = [False] * len(chances)
    for step, place in enumerate(sorted(range(len(chances)), key=lambda one: chances[one])):
        if chances[place] > 0.05 / (len(chances) - step):
            break
        there[place] = True
    return there


@few
@given(st.lists(st.sampled_from([1e-6, 1e-3, 8e-3, 1.2e-2, 0.03, 0.04, 0.2, 0.7]), min_size=2, max_size=6))
def test_the_onset_lies_between_the_last_cycle_before_and_the_first_detection(chances: list[float]) -> None:
    row = told(series(list(chances)))
    there = by_hand(chances)
    if not any(there):
        assert (row["verdict"], row["reason"]) == not_detected(f"in none of {len(chances)} acquisitions")
        assert (row["low"], row["value"], row["high"]) == (60.0 * (len(chances) - 1), None, None)
        return
    first = there.index(True)
    assert row["value"] == row["high"] == 60.0 * first
    assert row["low"] == (60.0 * (first - 1) if first else None)
    later = there[first:]
    assert f"detected in {sum(later)} of the {len(later)} acquisitions from then on" in row["condition"]
    assert (row["unit"], row["law"], row["parameter"]) == ("s", onset.LAW, "onset")


def test_what_is_never_seen_has_the_largest_limit_of_its_share() -> None:
    row = told(series([0.5, 0.6, 0.4]))
    # areas 10 and 90 in every cycle, limits 4.0, 4.1, 4.2
    assert row["condition"].endswith("95 % upper limit of its share at most 0.042")
    assert row["condition"].startswith("censored: later than 120 s; false detections anywhere in the series: 5%")


def test_a_chance_that_no_fit_gave_follows_from_the_area_s_own_error() -> None:
    """Area 10 ± 1 is there, area 1 ± 1 is not: one-sided normal probabilities."""
    row = told(series([None] * 3, [1.0, 1.0, 10.0]))
    assert (row["low"], row["value"]) == (60.0, 120.0)
    assert norm.sf(10.0) < 0.05 / 3 < norm.sf(1.0)


def test_cycles_count_by_their_place_on_the_axis_not_in_the_table() -> None:
    held = series([0.9, 0.9, 1e-9, 1e-9])
    acquisitions, components = (held.found.places[name] for name in ("acquisitions", "components"))
    backwards = components.take(list(reversed(range(components.num_rows))))
    turned = series_of(acquisitions, backwards)
    assert told(turned) == told(held)
    # on the clock the regions' windows are the times
    assert told(held, axis="start_time_s")["value"] == 2300.0


@pytest.mark.parametrize(
    ("chances", "areas", "more", "reason"),
    [
        ([1e-9], None, {}, "one cycle"),
        ([1e-9] * 3, None, {"plating_time_s": None}, "fewer than two acquisitions have a plating_time_s"),
        ([1e-9] * 3, [None, 3.0, None], {}, "an area in one acquisition only"),
        ([1e-9] * 3, [None] * 3, {}, "no area in any acquisition"),
    ],
)
def test_what_has_no_two_points_has_no_onset(
    chances: list[float | None], areas: list[float | None] | None, more: dict[str, Any], reason: str
) -> None:
    row = told(series(chances, areas, **more))
    assert (row["verdict"], row["reason"], row["value"], row["parameter"]) == ("not_testable", reason, None, "")


def test_a_failed_cycle_does_not_hide_the_others() -> None:
    row = told(series([0.9, 1e-9, 0.9, 1e-9], [10.0, None, 10.0, 10.0]))
    assert (row["low"], row["value"]) == (120.0, 180.0)
    assert row["window"] == "plating_time_s 0 to 180, 3 points"


def test_asking_every_cycle_at_five_per_cent_would_find_a_line_in_one_series_of_three() -> None:
    """1 - 0.95^8 = 0.34 without Holm's steps, 0.05 with them; 2000 series of eight cycles without the line."""
    random = np.random.default_rng(3)
    naive, held = 0, 0
    for chances in random.uniform(size=(2000, 8)):
        naive += bool(np.any(chances < 0.05))
        held += bool(onset.holm(chances).any())
    assert naive / 2000 == pytest.approx(0.337, abs=0.032)
    assert held / 2000 == pytest.approx(0.05, abs=0.015)
