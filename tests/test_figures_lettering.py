"""How things are written: errors, formulas in sentences, intensities, times."""

import math
import re

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xps.figures import lettering

finite = st.floats(-1e6, 1e6, allow_nan=False)


def read_back(words: str) -> tuple[float, float]:
    """The value and the error that a reader takes from ``words``."""
    scaled = re.fullmatch(r"\((.*)\)·10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺]+)", words)
    body, factor = words, 1.0
    if scaled:
        body = scaled[1]
        factor = 10.0 ** int(scaled[2].translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")))
    value, error = body.replace("−", "-").split(" ± ")
    return float(value) * factor, float(error) * factor


def number_in(words: str) -> float:
    """The number that a reader takes from words like 5.4·10⁻⁷, 10⁵ or 0.12."""
    factor, base, power = re.fullmatch(r"([\d.]+?)?·?(10(?=[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]))?([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]*)", words).groups()
    exponent = power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    return float(f"{factor or 1}e{exponent}") if base else float(factor)


@given(finite, st.floats(1e-9, 1e5))
def test_a_value_and_its_error_are_read_back_to_a_twentieth_of_the_error(value: float, stderr: float):
    assume(value == 0.0 or abs(value) < 1e9 * stderr)
    shown, error = read_back(lettering.with_error(value, stderr))
    assert error == pytest.approx(stderr, rel=0.06)
    assert abs(shown - value) <= 0.06 * stderr + 1e-9 * abs(value)


@given(finite, st.floats(1e-4, 1e3))
def test_value_and_error_have_the_same_decimals(value: float, stderr: float):
    words = lettering.with_error(value, stderr)
    if "10" in words and ")" in words:
        words = words[1 : words.index(")")]
    decimals = {len(part.partition(".")[2]) for part in words.split(" ± ")}
    assert len(decimals) == 1


@given(st.floats(1e-300, 1e300))
def test_a_power_of_ten_in_a_sentence_is_the_number_that_the_program_wrote(value: float):
    written = f"{value:.3e}"
    words = lettering.typeset(f"a rate of {written} nm/min").removeprefix("a rate of ").removesuffix(" nm/min")
    assert "e" not in words
    assert number_in(words) == float(written)


@given(finite)
def test_without_an_error_four_digits_stand(value: float):
    for unknown in (None, 0.0, math.nan, math.inf):
        assert float(lettering.with_error(value, unknown).replace("−", "-")) == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize(
    ("words", "typeset"),
    [
        ("P 2p of PO4 stays", "P 2p of PO₄ stays"),
        ("Li2S and the reduced phosphides LixP and Li3P", "Li₂S and the reduced phosphides LiₓP and Li₃P"),
        ("Ge0, Ge4+ and Li+", "Ge⁰, Ge⁴⁺ and Li⁺"),
        ("1.9e3 nm2/min", "1.9·10³ nm2/min"),
        ("at 1e-7 Pa (p = 2e−230)", "at 10⁻⁷ Pa (p = 2·10⁻²³⁰)"),
        ("C1e2, 0x1e5 and fig2e", "C1e2, 0x1e5 and fig2e"),
        ("15% of 20.6 vol%, 5 % left", "15 % of 20.6 vol%, 5 % left"),
        ("-1.31 ± 0.15 eV, or (-2), not 5-30 nor x-1", "−1.31 ± 0.15 eV, or (−2), not 5-30 nor x-1"),
        ("LGPS + 20 Li -> 12 Li2S", "LGPS + 20 Li → 12 Li₂S"),
        ("LGPS, LAGP, XPS, NIST, TPP-2M, ISO 19830", "LGPS, LAGP, XPS, NIST, TPP-2M, ISO 19830"),
        ("Ge3d in acquisition 2, S2p, O1s, Su1s", "Ge3d in acquisition 2, S2p, O1s, Su1s"),
        ("lagp_ge3d_p2p", "lagp_ge3d_p2p"),
        ("C01, Fig. S4, Table S1", "C01, Fig. S4, Table S1"),
        ("Ge 3d5/2 minus Ge 3p3/2", "Ge 3d5/2 minus Ge 3p3/2"),
        ("for O2 and H2O in equal parts", "for O₂ and H₂O in equal parts"),
        ("Li15Ge4", "Li₁₅Ge₄"),
    ],
)
def test_formulas_of_a_sentence_are_typeset_and_nothing_else(words: str, typeset: str):
    assert lettering.typeset(words) == typeset


@given(st.text("abcdefghijklmnopqrstuvwxyz 0123456789.,;()", max_size=60))
def test_a_sentence_without_capitals_has_no_formula(words: str):
    assert lettering.typeset(words) == words


@given(st.sampled_from(["Li2O", "PO4", "Ge4+", "Li0", "Li3P", "LiAlO2"]))
def test_typesetting_twice_changes_nothing_more(formula: str):
    once = lettering.typeset(f"of {formula} here")
    assert lettering.typeset(once) == once != f"of {formula} here"


@pytest.mark.parametrize(
    ("intensity", "words"),
    [(576.4, "576 cps"), (999.0, "999 cps"), (1000.0, "1 kcps"), (74123.0, "74.1 kcps"), (-12.0, "−12 cps")],
)
def test_intensities_are_written_in_three_digits(intensity: float, words: str):
    assert lettering.cps(intensity) == words


@given(st.lists(st.floats(-1e7, 1e7), min_size=1, max_size=3))
def test_a_range_of_intensities_is_read_back_in_its_one_unit(intensities: list[float]):
    numbers, unit = lettering.cps(*intensities).rsplit(" ", 1)
    factor = {"cps": 1.0, "kcps": 1000.0}[unit]
    read = [factor * float(number.replace("−", "-")) for number in numbers.split(" to ")]
    largest = max(map(abs, intensities))
    assert (unit == "kcps") == (largest >= 1000)
    np.testing.assert_allclose(read, intensities, rtol=5.01e-3, atol=1e-300)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "lgps_vep and lgps_vep_raw"),
        ({"names": {"lgps_vep": "LGPS"}}, "LGPS and lgps_vep_raw"),
        ({"names": {"vep": "no"}}, "lgps_vep and lgps_vep_raw"),
    ],
)
def test_only_whole_names_of_experiments_become_labels(settings: dict[str, dict[str, str]], words: str):
    assert lettering.sample_names("lgps_vep and lgps_vep_raw", settings) == words


@given(st.floats(1e-6, 1e6), st.floats(1.01, 1e3), st.sampled_from([(True, True), (True, False), (False, True)]))
def test_an_interval_is_read_back_and_its_open_ends_are_dots(value: float, factor: float, known: tuple[bool, bool]):
    ends = [end if one else None for end, one in zip((value / factor, value * factor), known, strict=True)]
    words = lettering.interval(value, *ends, "nm/min")
    first, low, high = re.fullmatch(r"(.*) \((.*) to (.*)\) nm/min", words).groups()
    for written, number, digits in ((first, value, 3), (low, ends[0], 2), (high, ends[1], 2)):
        if number is None:
            assert written == "…"
        else:
            plain = (
                re.sub(r"^10", "1·10", written).replace("·10", "e") if re.search("[⁰¹²³⁴⁵⁶⁷⁸⁹]", written) else written
            )
            read = plain.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
            assert float(read) == pytest.approx(number, rel=0.5 * 10 ** (1 - digits))


@pytest.mark.parametrize(
    ("table", "page"),
    [("deal_grove", "Deal-Grove"), ("reaction_and_oxidation", "reaction and oxidation"), ("linear", "linear")],
)
def test_laws_are_called_as_papers_call_them(table: str, page: str):
    assert lettering.law_name(table) == page


@pytest.mark.parametrize(
    ("table", "page"), [("k0", "k₀"), ("xi", "ξ"), ("pressure (H2O)", "pressure (H₂O)"), ("utilisation", "utilisation")]
)
def test_parameters_are_symbols(table: str, page: str):
    assert lettering.parameter_name(table) == page


@pytest.mark.parametrize(
    ("text", "written"),
    [
        (
            "at the utilisation 0.05 of the law direct_log; closed",
            "at the utilisation 0.05 of the law direct-log; closed",
        ),
        ("supply and deal_grove", "supply and Deal-Grove"),
        ("indirect_log", "indirect_log"),
    ],
)
def test_rate_laws_in_a_sentence_are_written_as_laws(text: str, written: str):
    assert lettering.laws_named(text) == written
