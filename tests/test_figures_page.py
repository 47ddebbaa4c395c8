"""The sheet that all figures share: places in centimetres, a key in balanced lines, the footer."""

import itertools

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


# --- words in lines ----------------------------------------------------------------------------------------------

words = st.lists(st.text("abcdefgiklmnWMPÜ₂⁺", min_size=1, max_size=14), min_size=1, max_size=40)


@given(words, st.floats(1.0, 12.0))
def test_lines_are_no_wider_than_asked_and_lose_no_word(text: list[str], width: float):
    lines = page.wrapped(" ".join(text), width).split("\n")
    assert " ".join(lines).split(" ") == text
    for line in lines:
        assert page.text_cm(line, style.SMALL_PT) <= width or " " not in line


@given(words, st.floats(1.0, 6.0))
def test_a_line_is_filled_before_the_next_begins(text: list[str], width: float):
    lines = page.wrapped(" ".join(text), width).split("\n")
    for line, following in itertools.pairwise(lines):
        first = following.split(" ")[0]
        assert page.text_cm(f"{line} {first}", style.SMALL_PT) > width


@given(st.lists(st.sampled_from(["0.2 ± 0.05", "share", "−9.7 ± 1.0 σ", "(± 0.1)"]), min_size=1, max_size=9),
       st.floats(1.0, 6.0))  # fmt: skip
def test_a_value_and_its_error_stay_on_one_line(parts: list[str], width: float):
    lines = page.wrapped(" ".join(parts), width).split("\n")
    assert " ".join(lines) == " ".join(parts)
    assert not [line for line in lines if line.startswith("±") or line.endswith("±")]


def test_nothing_wraps_to_nothing():
    assert page.wrapped("", 5.0) == ""
    assert page.wrapped("  one   two ", 5.0) == "one two"


@given(st.text("abcWi 0.", max_size=20), st.text("abcWi 0.", max_size=20))
def test_widths_add_up(first: str, second: str):
    """Advances do, up to what a letter leaves free beside it."""
    together = page.text_cm(first + second, 6)
    assert together == pytest.approx(page.text_cm(first, 6) + page.text_cm(second, 6), abs=0.08)


def test_the_key_stands_above_the_footer_in_its_order():
    sheet = page.Sheet(8.3, 6)
    lines = page.key_lines(entries(NAMES), 8.3)
    sheet.key(lines)
    sheet.footer("simulated", 1, 2)
    places = {text.get_text(): text.get_position() for text in sheet.figure.texts}
    foot = places["SIMULATED DATA"][1]
    assert all(places[name][1] > foot for name in NAMES)
    for line, below in itertools.pairwise(lines):
        assert {places[entry.label][1] for entry in line} != {places[entry.label][1] for entry in below}
        assert places[line[0].label][1] > places[below[0].label][1]
    for line in lines:
        ordered = [places[entry.label][0] for entry in line]
        assert ordered == sorted(ordered)
    assert "page 1 of 2" in places


@pytest.mark.parametrize(("origin", "words"), [("measured", []), ("mixed", ["PARTLY SIMULATED DATA"])])
def test_measured_data_have_no_footer_and_mixed_ones_say_so(origin: str, words: list[str]):
    sheet = page.Sheet(8.3, 6)
    sheet.footer(origin, 1, 1)
    assert [text.get_text() for text in sheet.figure.texts] == words


# --- lines of text -----------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from(["ace", "Ågj", "Li⁰ (Ge₃)", "|", "x"]), min_size=1, max_size=8), st.floats(0.2, 1.0))
def test_lines_are_equally_far_apart_whatever_letters_they_hold(lines: list[str], step: float):
    """A renderer's own lines are as high as their highest letter, so that a table's rows would not meet."""
    sheet = page.Sheet(10, 20)
    sheet.lines(1.0, 15.0, "\n".join(lines), step, color="red")
    assert [text.get_text() for text in sheet.figure.texts] == lines
    heights = [20 * text.get_position()[1] for text in sheet.figure.texts]
    assert heights == pytest.approx([heights[0] - step * index for index in range(len(lines))])
    assert 15.0 - step < heights[0] < 15.0
    assert {(text.get_va(), text.get_ha(), text.get_color()) for text in sheet.figure.texts} == {
        ("baseline", "left", "red")
    }


def test_no_text_is_no_line():
    sheet = page.Sheet(10, 20)
    sheet.lines(1.0, 15.0, "", 0.3)
    assert sheet.figure.texts == []
