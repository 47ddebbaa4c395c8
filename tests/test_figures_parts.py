"""Parts that several kinds share: layout of panels, axis of charge, limits in both directions, facts in words."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xps.figures import lettering, palette, style
from xps.figures.page import KeyEntry, line_swatch
from xps.figures.parts import charge_axis, layout, marks, series
from xps.figures.words import facts

# --- layout ------------------------------------------------------------------------------------------------------


@given(st.integers(1, 13), st.sampled_from(["single", "double"]), st.floats(0, 1), st.floats(2, 6))
def test_panels_stay_on_the_page_and_never_touch(count: int, width: str, top: float, height: float):
    plan = layout.of(width, count, [KeyEntry("data", line_swatch(color="black"))], top_cm=top, panel_height_cm=height)
    sheet = plan.sheet()
    boxes = [(*plan.corner(index), plan.panel_cm, height) for index in range(count)]
    for left, low, wide, high in boxes:
        assert left >= 0
        assert low > plan.bottom_cm
        assert left + wide <= sheet.width_cm
        assert low + high + top <= sheet.height_cm
    for index, (left, low, wide, high) in enumerate(boxes):
        for other_left, other_low, _, _ in boxes[index + 1 :]:
            assert other_left >= left + wide or other_low + high + top <= low or other_left + wide <= left


@given(st.lists(st.integers(1, 7), min_size=1, max_size=6), st.integers(1, 4))
def test_groups_that_need_several_rows_share_none_and_keep_their_order(sizes: list[int], across: int):
    groups = [f"sample {index}" for index, size in enumerate(sizes) for _ in range(size)]
    places = layout.places(groups, across)
    assert places == sorted(set(places))
    rows = [(place // across, group) for place, group in zip(places, groups, strict=True)]
    assert len(rows) <= across or len(dict(rows)) == len({row for row, _ in rows}) == sum(
        -(-size // across) for size in sizes
    )
    assert len(rows) > across or places == list(range(len(groups)))
    for row in {row for row, _ in rows}:
        assert len({group for at, group in rows if at == row}) == 1 or len(rows) <= across


heights = st.lists(st.floats(0.5, 12.0), min_size=1, max_size=30)


@given(heights, st.integers(1, 3), st.floats(6.0, 22.0))
def test_parts_keep_their_order_and_fit_into_their_column(parts: list[float], least: int, room: float):
    columns = layout.packed(parts, lambda height: height, room, least)
    assert [part for column in columns for part in column] == parts
    for column in columns:
        assert column
        assert sum(column) <= room + 1e-9 or len(column) == 1


@given(heights, st.integers(1, 3))
def test_what_has_room_in_the_least_number_of_columns_stands_there_about_equally_full(parts: list[float], least: int):
    whole = sum(parts)
    columns = layout.packed(parts, lambda height: height, whole / least + max(parts), least)
    assert len(columns) <= least
    for column in columns[: least - 1]:
        assert sum(column) <= whole / least + max(parts)


def test_four_panels_stand_two_by_two():
    assert (layout.of("double", 4, []).across, layout.of("double", 5, []).across) == (2, 3)


# --- axis of charge ----------------------------------------------------------------------------------------------


def timed() -> Axes:
    axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    axes.set_xlim(-2, 72)
    return axes


def test_ticks_stand_where_the_charge_has_round_values():
    """20 µA for 10 min and then 40 µA: 10 µAh have passed after 20 min, not after 30."""
    top = charge_axis.add(timed(), {0: 0.0, 1: 10.0, 2: 70.0}, {0: 0.0, 1: 10 / 3, 2: 10 / 3 + 40.0}, None)
    words = [text.get_text() for text in top.get_xticklabels()]
    assert words == ["0", "10", "20", "30", "40"]
    np.testing.assert_allclose(top.get_xticks()[1], 10 + (10 - 10 / 3) / 40 * 60)
    assert top.get_xlim() == (-2, 72)


def test_an_area_divides_the_charge():
    top = charge_axis.add(timed(), {0: 0.0, 1: 60.0}, {0: 0.0, 1: 20.0}, 0.5)
    assert float(top.get_xticklabels()[-1].get_text()) == 40
    assert charge_axis.heading(0.5).endswith("(µAh/cm²)")
    assert charge_axis.heading(None).endswith("(µAh)")


TWO = {0: 0.0, 1: 5.0}


@pytest.mark.parametrize(
    ("charges", "times"),
    [({}, TWO), ({0: 0.0, 1: 0.0}, TWO), ({0: 0.0, 1: 2.0}, {0: 0.0}), ({0: 3.0, 1: 2.0}, TWO)],
)
def test_where_charge_does_not_grow_with_time_there_is_no_axis(charges: dict[int, float], times: dict[int, float]):
    assert not charge_axis.usable(charges, times)


# --- points ------------------------------------------------------------------------------------------------------


def points(**columns: object) -> pd.DataFrame:
    shared = {
        "series": "a",
        "species": "Li0",
        "kind": "value",
        "acquisition": 0,
        "law": None,
        "time": 1.0,
        "height": 2.0,
    }
    return pd.DataFrame([{**shared, "low": 1.5, "high": 3.0, "fit_p_value": np.nan, **columns}])


def test_bars_reach_from_low_to_high_also_when_they_differ():
    axes = timed()
    series.draw(axes, points(), palette.species_styles(["Li0"]))
    (bar,) = axes.containers[0].lines[2][0].get_segments()
    assert bar[:, 1].tolist() == [1.5, 3.0]


@pytest.mark.parametrize(("kind", "down"), [("upper_limit", True), ("lower_limit", False)])
def test_an_arrow_points_where_the_value_may_lie(kind: str, down: bool):
    axes = timed()
    series.draw(axes, points(kind=kind), palette.species_styles(["Li0"]))
    (mark,) = [line for line in axes.lines if line.get_linestyle() == "None"]
    ends = mark.get_marker().vertices[:, 1]
    assert (ends.min() < 0, ends.max() > 0) == (down, not down)
    assert mark.get_ydata()[0] == 2.0
    entries = [entry.label for entry in series.key(points(kind=kind), palette.species_styles(["Li0"]))]
    assert entries[1] == f"95 % {'upper' if down else 'lower'} limit"
    assert marks.LOWER_LIMIT["markersize"] == marks.LIMIT["markersize"]


# --- words -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "words"),
    [("position_ev", "position"), ("fwhm_ev", "FWHM"), ("area_cps_ev", "area"), ("area_ratio", "area ratio"),
     ("baseline_cps", "baseline"), ("start_time_s", "start time")],
)  # fmt: skip
def test_parameters_are_named_without_their_unit(column: str, words: str):
    assert facts.plain(column) == words


def test_minus_signs_are_typographic():
    assert lettering.minus("-2.0 to -1") == "−2.0 to −1"
    assert lettering.heading("rest_time_s") == "rest time"


def test_a_count_takes_its_plural():
    assert (facts.count(1, "file"), facts.count(0, "file"), facts.count(2, "file")) == ("1 file", "0 files", "2 files")


# --- colours of what is no species of a fit ----------------------------------------------------------------------


@pytest.mark.parametrize("group", [("Li", "O", "C", "P", "S", "Al", "Ge"), ("Li3P", "Ge", "Li15Ge4", "Li9Al4")])
def test_elements_and_conducting_phases_have_colours_of_their_own(group: tuple[str, ...]):
    assert len({palette.SPECIES_COLOURS[name] for name in group}) == len(group)
    assert style.FAILURE_RED not in {palette.SPECIES_COLOURS[name] for name in group}
