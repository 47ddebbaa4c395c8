"""Claims and percolation: rows that stand where they belong, pages evenly filled, numbers as an editor wants them."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

import synthetic_derived
from page_texts import outside, overlapping
from xps import claims, tables
from xps.claims.evidence import Answer
from xps.claims.expectation import doubt
from xps.figures import style
from xps.figures.kinds import claims_page, percolation

# --- claims: pages -----------------------------------------------------------------------------------------------

groups_of_rows = st.lists(
    st.lists(
        st.builds(
            claims_page._Row,
            sign=st.just("holds"),
            cells=st.sampled_from([("", "", "", "", ""), ("C01", "It is.", "", "", "")]),
            note=st.sampled_from(["", "Note: one", "Note: one\ntwo"]),
            lines=st.integers(1, 6),
        ),
        min_size=1,
        max_size=6,
    ),
    min_size=1,
    max_size=40,
)


@given(groups_of_rows, st.floats(12.0, 22.0))
def test_pages_hold_all_rows_in_order_and_no_claim_is_torn(groups: list[list[Any]], room: float):
    pages = claims_page._pages(groups, room)
    assert [row for rows in pages for row in rows] == [row for group in groups for row in group]
    ends = np.cumsum([len(rows) for rows in pages])
    assert set(ends) <= set(np.cumsum([len(group) for group in groups]))
    for rows in pages:
        assert rows
        assert sum(row.height_cm for row in rows) <= room + 1e-9


@given(groups_of_rows)
def test_no_page_is_nearly_empty_beside_a_full_one(groups: list[list[Any]]):
    pages = claims_page._pages(groups, 20.0)
    filled = [sum(row.height_cm for row in rows) for rows in pages]
    tallest = max(sum(row.height_cm for row in group) for group in groups)
    if len(pages) == 2:
        assert abs(filled[0] - filled[1]) <= 2 * tallest + 1e-9


def claim(**change: Any) -> dict[str, Any]:
    row = synthetic_derived.claims(1).to_pylist()[0]
    return {**row, **change}


def drawn(*rows: dict[str, Any]) -> list[Figure]:
    pages, _ = claims_page.draw({"kind": "claims_page"}, {"claims": tables.from_rows("claims", rows)}, "simulated")
    return pages


def height_of(figure: Figure, words: str) -> float:
    return next(text.get_position()[1] for text in figure.texts if text.get_text() == words)


# --- claims: rows ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"value": 55.42445, "stderr": 0.04522, "unit": "eV"}, "55.424 ± 0.045 eV"),
        ({"value": 0.0042391, "stderr": None, "unit": "1"}, "0.004239"),
        ({"value": -9.7391, "stderr": 1.0, "unit": "σ"}, "−9.7 ± 1.0 σ"),
        ({"value": 5.43e-7, "stderr": 5.8e-9, "unit": "Pa"}, "(5.430 ± 0.058)·10⁻⁷ Pa"),
        ({"value": None, "remark": "found: not detected; note: a limit"}, "not detected"),
        ({"value": None, "remark": ""}, "–"),
    ],
)
def test_what_was_found_is_written_with_its_error(change: dict[str, Any], found: str):
    assert claims_page._value(claim(**change)) == found


def test_a_sentence_in_our_words_has_no_quotation_marks_and_formulas_are_typeset():
    ours = claims_page._cells(claim(quote="Li2O forms.", remark="sentence in our words"))
    theirs = claims_page._cells(claim(quote="Li2O forms.", remark=""))
    assert (ours[1], theirs[1]) == ("Li₂O forms.", "“Li₂O forms.”")
    assert claims_page._cells(claim(quantity="share of Ge0 in Ge 3d"))[2] == "share of Ge⁰ in Ge 3d"


@pytest.mark.parametrize(
    ("tolerance", "words"),
    [
        ("± 0.1 eV", "−1 eV (± 0.1)"),
        ("± 10 %", "−1 eV (± 10 %)"),
        ("strictly", "−1 eV"),
        ("", "−1 eV"),
        ("inside", "−1 eV"),
    ],
)
def test_tolerances_are_told_unless_they_go_without_saying(tolerance: str, words: str):
    assert claims_page._cells(claim(expected="-1 eV", tolerance=tolerance, unit="eV"))[4] == words


def test_what_experts_would_hold_against_a_sentence_stands_below_its_row():
    (figure,) = drawn(claim(quantity="first", remark="note: the scale is low"), claim(quantity="second", remark=""))
    assert height_of(figure, "first") > height_of(figure, "Note: the scale is low") > height_of(figure, "second")
    assert len([text for text in figure.texts if text.get_text().startswith("“")]) == 1


def test_what_is_said_of_every_sentence_is_no_reason_and_one_that_holds_needs_none():
    usual = "round-trip check on simulated data, not evidence; sentence in our words"
    remark = f"found: rises; at 30 min; note: a limit; {usual}"
    assert claims_page._reasons(claim(verdict="fails", remark=remark)) == "at 30 min"
    assert claims_page._reasons(claim(verdict="holds", remark=remark)) == ""
    (figure,) = drawn(claim(quantity="lost", verdict="fails", remark=remark))
    assert height_of(figure, "lost") > height_of(figure, "Remark: at 30 min.") > height_of(figure, "Note: a limit")


def test_a_verdict_that_hangs_on_chance_is_bracketed_on_the_page_and_counted_in_the_caption():
    rows = [claim(verdict="holds", remark=claims_page.DOUBT), claim(verdict="holds", remark=""), claim(verdict="fails")]
    (figure,) = drawn(*rows)
    shown = [text.get_text() for text in figure.texts]
    assert [shown.count(sign) for sign in ("(✓)", "✓", "✗")] == [1, 1, 1]
    text = claims_page.describe({"kind": "claims_page"}, {"claims": tables.from_rows("claims", rows)})
    assert "2 hold, 1 fail, 0 cannot be tested" in text
    assert "Of those that hold, 1 do so in brackets" in text


def test_the_words_by_which_remarks_are_read_are_those_that_the_claims_stage_writes():
    assert doubt(Answer(1.0, 0.1), {"below": 1.1}) == claims_page.DOUBT
    assert claims_page._ROUND_TRIP.lower().removesuffix(".") == claims.ROUND_TRIP


def test_a_long_objection_stays_on_the_paper():
    words = "note: for O2 and H2O in equal parts the pressure that this needs is 5.43e-07 ± 5.8e-09 Pa"
    for shift in range(0, 30, 5):
        (figure,) = drawn(claim(remark=f"{words} {'W' * shift} {words[6:]}"))
        assert outside(figure) == []
        assert overlapping(figure) == []


def test_wrapped_cells_keep_to_their_columns(given_claims: pa.Table):
    for row in given_claims.to_pylist():
        for cell, (_, _, width) in zip(claims_page._cells(row), claims_page._COLUMNS[1:], strict=True):
            for line in cell.split("\n"):
                assert claims_page.page.text_cm(line, style.SMALL_PT) <= width + 0.1 or " " not in line


@pytest.fixture(scope="module")
def given_claims() -> pa.Table:
    return synthetic_derived.claims()


@pytest.mark.parametrize("number", [1, 8, 70])
def test_any_number_of_claims_is_legible(number: int):
    pages, numbers = claims_page.draw(
        {"kind": "claims_page"}, {"claims": synthetic_derived.claims(number)}, "simulated"
    )
    assert len(numbers) == number
    for figure in pages:
        assert figure.get_size_inches()[1] * 2.54 <= style.PAGE_HEIGHT_CM
        assert outside(figure) == []
    assert overlapping(pages[0]) == []


# --- percolation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reaction", "written"),
    [
        ("1 LGPS + 20 Li -> 12 Li2S + 2 Li3P + 1 Ge", "LGPS + 20 Li → 12 Li₂S + 2 Li₃P + Ge"),
        ("1 LAGP + 11.625 Li -> 0.375 Li15Ge4 + 2.5 Li3PO4", "LAGP + 11.625 Li → 0.375 Li₁₅Ge₄ + 2.5 Li₃PO₄"),
        ("1 A + 0.1 Li -> 1.1 Li2O", "A + 0.1 Li → 1.1 Li₂O"),
    ],
)
def test_reactions_are_written_as_chemists_do(reaction: str, written: str):
    assert percolation._reaction(reaction) == written


def bars(phases: pa.Table) -> tuple[Figure, list[Any]]:
    (figure,), _ = percolation.draw({"kind": "percolation"}, {"phases": phases}, "simulated")
    axes = next(axes for axes in figure.axes if axes.get_label() == "percolation")
    return figure, [patch for patch in axes.patches if patch.get_height() == pytest.approx(percolation._BAR)]


@given(st.lists(st.floats(0.01, 1.0), min_size=2, max_size=6), st.integers(0, 5))
def test_bars_end_at_one_and_the_conductors_end_where_the_mark_stands(shares: list[float], conducting: int):
    total = sum(shares)
    fractions = [share / total for share in shares]
    conductive = [index < conducting for index in range(len(shares))]
    share = sum(part for part, one in zip(fractions, conductive, strict=True) if one)
    shared = synthetic_derived.phases().to_pylist()[0]
    rows = [
        {
            **shared,
            "phase": f"P{index}",
            "volume_fraction": part,
            "conductive": one,
            "conductive_fraction": share,
            "conductive_fraction_low": 0.9 * share,
            "conductive_fraction_high": 1.1 * share,
        }
        for index, (part, one) in enumerate(zip(fractions, conductive, strict=True))
    ]
    _, drawn_bars = bars(tables.from_rows("phases", rows))
    ends = [bar.get_x() + bar.get_width() for bar in drawn_bars]
    assert ends[-1] == pytest.approx(1.0)
    solid = [bar.get_x() + bar.get_width() for bar in drawn_bars if bar.get_alpha() == 1.0]
    assert max(solid, default=0.0) == pytest.approx(share)
    starts = [bar.get_x() for bar in drawn_bars]
    np.testing.assert_allclose(starts[1:], ends[:-1])


def test_a_reaction_stands_above_its_bar_and_no_word_over_another():
    figure, drawn_bars = bars(synthetic_derived.phases())
    axes = next(axes for axes in figure.axes if axes.get_label() == "percolation")
    reaction = next(text for text in axes.texts if "→" in text.get_text())
    first = min(bar.get_y() for bar in drawn_bars)
    assert reaction.get_position()[1] < first  # rows are counted downwards
    assert overlapping(figure) == []


def test_the_key_is_as_pale_as_the_bars():
    figure, drawn_bars = bars(synthetic_derived.phases())
    key = {to_rgba(patch.get_facecolor()) for patch in figure.artists if isinstance(patch, Rectangle)}
    assert {to_rgba(bar.get_facecolor()) for bar in drawn_bars} <= key


def test_frames_are_checked_not_copied():
    phases = synthetic_derived.phases()
    _, numbers = percolation.draw({"kind": "percolation"}, {"phases": phases}, "simulated")
    pd.testing.assert_series_equal(numbers["volume_fraction"], phases.to_pandas()["volume_fraction"], check_names=False)
