"""The strip of upper limits: one logarithmic axis for a page, readable ticks, every limit inside with its arrow."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes

from xps.figures import page, palette, style
from xps.figures.page import Sheet
from xps.figures.parts import layout, limit_strip

heights = st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=12)


def limits(values: list[float], times: list[float] | None = None) -> pd.DataFrame:
    where = list(range(len(values))) if times is None else times
    return pd.DataFrame({"height": values, "time": where, "species": "Li0", "series": "a", "kind": "upper_limit"})


def drawn(values: list[float], share: bool = False) -> Axes:
    axes = Sheet(8.3, 5).axes(1, 1, 5, limit_strip.HEIGHT_CM)
    own = limits(values)
    limit_strip.draw(axes, own, palette.species_styles(["Li0"]), limit_strip.range_of(own), share)
    return axes


@given(heights)
def test_every_limit_has_room_with_more_below_it_for_its_arrow(values: list[float]):
    low, high = limit_strip.range_of(limits(values))
    assert low < min(values) <= max(values) < high
    assert min(values) / low > high / max(values) > 1


@given(st.lists(st.floats(-1, 0), max_size=4))
def test_limits_of_zero_have_an_axis_all_the_same(values: list[float]):
    low, high = limit_strip.range_of(limits(values))
    assert 0 < low < high


@given(heights)
def test_an_axis_has_few_ticks_all_inside_and_at_plain_numbers(values: list[float]):
    span = limit_strip.range_of(limits(values))
    ticks = limit_strip._ticks(*span)
    assert 1 <= len(ticks) <= 20
    assert all(span[0] <= tick <= span[1] for tick in ticks)
    assert ticks == sorted(ticks)
    leading = {float(f"{tick:.0e}".split("e")[0]) for tick in ticks}
    assert leading <= {1.0, 3.0}


@pytest.mark.parametrize(("share", "words"), [(True, ["0.1 %", "1 %", "10 %"]), (False, ["0.001", "0.01", "0.1"])])
def test_shares_are_written_in_percent_and_areas_as_they_are(share: bool, words: list[str]):
    axes = drawn([0.001, 0.2], share)
    assert [text.get_text() for text in axes.get_yticklabels()] == words
    assert {text.get_fontsize() for text in axes.get_yticklabels()} == {style.SMALL_PT}
    assert axes.get_yscale() == "log"
    assert list(axes.get_yticks(minor=True)) == []


def test_limits_at_one_time_stand_side_by_side_and_others_where_they_belong():
    axes = Sheet(8.3, 5).axes(1, 1, 5, 1)
    own = limits([0.01, 0.02, 0.03], [5.0, 5.0, 9.0])
    limit_strip.draw(axes, own, palette.species_styles(["Li0"]), limit_strip.range_of(own), False)
    axes.set_xlim(0, 10)
    axes.get_figure().canvas.draw()
    places = [line.get_transform().transform((line.get_xdata()[0], line.get_ydata()[0]))[0] for line in axes.lines]
    at_five, at_nine = (axes.transData.transform((time, 0.01))[0] for time in (5.0, 9.0))
    assert np.mean(places[:2]) == pytest.approx(at_five)
    assert places[0] != pytest.approx(places[1])
    assert places[2] == pytest.approx(at_nine)


@given(st.integers(1, 6), st.floats(2.5, 6), st.floats(0.5, 1.5))
def test_a_split_panel_keeps_its_place_and_shares_its_time_axis(count: int, height: float, strip_cm: float):
    plan = layout.of("double", count, [], panel_height_cm=height)
    sheet = plan.sheet()
    axes = plan.axes(sheet, count - 1, "title", "a")
    before = axes.get_position()
    strip = plan.split(sheet, count - 1, axes, strip_cm, 0.1)
    above, below = axes.get_position(), strip.get_position()
    assert (above.x0, above.x1, above.y1) == pytest.approx((before.x0, before.x1, before.y1))
    assert (below.x0, below.x1, below.y0) == pytest.approx((before.x0, before.x1, before.y0))
    assert (above.y0 - below.y1) * sheet.height_cm == pytest.approx(0.1)
    axes.set_xlim(3, 4)
    assert strip.get_xlim() == (3, 4)
    assert strip.get_label() == "a|limits"


def test_the_style_of_the_project_is_not_needed_to_be_on_paper():
    with page.project_style():
        assert drawn([1.0, 2.0]).get_facecolor() != (1.0, 1.0, 1.0, 1.0)
