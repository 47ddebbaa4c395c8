"""The sheet that all figures share: places in centimetres, a key in balanced lines, the footer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xps.figures import page, style

NAMES = ["data", "envelope", "background", "Li⁺ (SE)", "Li-SEI", "Li⁰", "Ge⁴⁺", "Ge⁰", "conditional or not identified"]


def entries(names: list[str]) -> list[page.KeyEntry]:
    return [page.KeyEntry(name, page.line_swatch(color="black")) for name in names]


@given(st.lists(st.sampled_from(NAMES), min_size=1, max_size=30), st.sampled_from(sorted(style.WIDTH_CM.values())))
def test_the_key_keeps_every_entry_in_order_and_within_the_page(names: list[str], width: float):
    lines = page.key_lines(entries(names), width)
    assert [entry.label for line in lines for entry in line] == names
    for line in lines:
        assert page._line_cm(line) <= width or len(line) == 1


def test_the_last_line_of_a_key_is_not_left_with_one_entry():
    lines = page.key_lines(entries(["Li-SEI"] * 15), 17.1)
    assert max(map(len, lines)) - min(map(len, lines)) <= 1


def test_places_are_centimetres():
    sheet = page.Sheet(10, 20)
    box = sheet.axes(1, 2, 3, 4).get_position()
    assert (box.x0, box.y0, box.width, box.height) == pytest.approx((0.1, 0.1, 0.3, 0.2))


def test_text_width_grows_with_size_and_length():
    assert page.text_cm("", 6) == 0
    assert page.text_cm("Ge⁴⁺", 12) == pytest.approx(2 * page.text_cm("Ge⁴⁺", 6), rel=0.02)
    assert page.text_cm("WW", 6) > page.text_cm("W", 6)


def test_the_style_leaves_no_trace_outside():
    import matplotlib as mpl

    before = mpl.rcParams["pdf.fonttype"]
    with page.project_style():
        assert mpl.rcParams["pdf.fonttype"] == 42
    assert mpl.rcParams["pdf.fonttype"] == before
