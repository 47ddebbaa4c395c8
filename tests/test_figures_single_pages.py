"""Identifiability, energy scale, percolation, claims, fit quality: what a reader must see at once, and the numbers."""

from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import synthetic_derived
from page_texts import outside, overlapping, words
from test_figures_kinds import SETTINGS
from xps import tables
from xps.errors import ConfigError
from xps.figures import kinds, palette, style
from xps.figures.kinds import claims_page, fit_quality
from xps.figures.parts import profile_page


@pytest.fixture(scope="module")
def given() -> dict[str, pa.Table]:
    return synthetic_derived.everything(failed=frozenset({("Ge3d", 2)}), excluded={3: "lost"})


def drawn(given: dict[str, pa.Table], kind: str, **change: Any) -> tuple[list[Figure], pd.DataFrame]:
    found: tuple[list[Figure], pd.DataFrame] = kinds.module_of(kind).draw(
        {"kind": kind, **SETTINGS[kind], **change}, given, "simulated"
    )
    return found


def described(given: dict[str, pa.Table], kind: str, **change: Any) -> str:
    return kinds.module_of(kind).describe({"kind": kind, **SETTINGS[kind], **change}, given)


def named(figure: Figure, label: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_label() == label)


# --- identifiability ---------------------------------------------------------------------------------------------


def test_listed_pairs_fill_the_matrix_and_nothing_else_does(given: dict[str, pa.Table]):
    (figure,), numbers = drawn(given, "identifiability")
    axes = named(figure, "lagp_o1s|correlations")
    assert sorted(text.get_text() for text in axes.texts) == [".98", ".98", "−.99", "−.99"]
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "PO₄ 1s area  1",
        "PO₄ 1s position  2",
        "LiOH area  3",
    ]
    pairs = numbers[numbers["pair"].notna()]
    assert pairs["correlation"].tolist() == [-0.995, 0.98]
    assert set(pairs["acquisition"]) == {2}


def test_areas_stand_with_their_interval_and_verdict(given: dict[str, pa.Table]):
    (figure,), numbers = drawn(given, "identifiability")
    areas = numbers[numbers["verdict"].notna()].set_index("component")
    assert areas.loc["LiOH", "verdict"] == "not_identified"
    axes = named(figure, "lagp_o1s|areas")
    bar = next(line for line in axes.lines if list(line.get_ydata()) == [1, 1])
    half = 1.959964 * (5 + 0.02 * 9000)
    total = 60000 + 9000 + 9000
    np.testing.assert_allclose(bar.get_xdata(), [(9000 - half) / total, (9000 + half) / total])
    assert to_hex(bar.get_color()) == style.FAILURE_RED.lower()


def test_a_model_without_listed_pairs_says_so(given: dict[str, pa.Table]):
    (figure,), _ = drawn(given, "identifiability", models=["lagp_li1s"], region="Li1s")
    assert "no correlation above 0.95" in words(figure)


def test_what_was_not_detected_shows_its_limit(given: dict[str, pa.Table]):
    (figure,), _ = drawn(given, "identifiability", acquisition=0)
    assert "not detected, 95 % limit" in words(figure)


def test_a_profile_stands_for_each_area_that_was_profiled(given: dict[str, pa.Table]):
    (figure,), numbers = drawn(given, "identifiability")
    labels = [str(axes.get_label()) for axes in figure.axes if str(axes.get_label()).endswith("|profile")]
    assert labels == ["lagp_o1s|PO4 1s|profile", "lagp_o1s|LiOH|profile"]
    axes = named(figure, labels[0])
    table = given["area_profiles"].to_pandas()
    own = table[(table["component"] == "PO4 1s") & (table["acquisition"] == 2)]
    kept = numbers[(numbers["component"] == "PO4 1s") & numbers["deviance_rise"].notna()]
    assert kept["area_cps_ev"].tolist() == own["area_cps_ev"].tolist()
    threshold, best, curve, trials = axes.lines
    total = 60000 + 9000 + 9000
    assert threshold.get_ydata()[0] == pytest.approx(3.841459)
    assert best.get_xdata()[0] == pytest.approx(60000 / total)
    np.testing.assert_allclose(trials.get_xdata(), own["area_cps_ev"] / total)
    np.testing.assert_allclose(trials.get_ydata(), own["deviance_rise"])
    # Through the points of a parabola runs that parabola, and the far trial is left out of sight.
    inside = np.abs(curve.get_xdata() - 60000 / total) < 1900 / total
    expected = ((curve.get_xdata()[inside] * total - 60000) / 1000) ** 2
    np.testing.assert_allclose(curve.get_ydata()[inside], expected, atol=1e-6)
    assert axes.get_xlim()[1] * total < 64000


def test_a_model_without_profiles_has_none_and_its_page_is_shorter(given: dict[str, pa.Table]):
    bare = {**given, "area_profiles": tables.from_rows("area_profiles", [])}
    (figure,), _ = drawn(bare, "identifiability")
    assert not [axes for axes in figure.axes if str(axes.get_label()).endswith("|profile")]
    (with_them,), _ = drawn(given, "identifiability")
    assert figure.get_size_inches()[1] < with_them.get_size_inches()[1]


# --- rates -------------------------------------------------------------------------------------------------------


def rate(parameter: str, value: float, low: float | None, high: float | None, chosen: str = "no") -> dict[str, Any]:
    shared = {"experiment": "invented", "component": "SEI", "quantity": "thickness_nm", "law": "deal_grove"}
    rest = {"unit": "nm/min", "window": "elapsed", "verdict": "tested", "condition": "flat film", "chosen": chosen}
    return {**shared, **rest, "parameter": parameter, "value": value, "low": low, "high": high}


RATES = [
    rate("ks", 5.0, 4.0, 10.0, "yes"),
    rate("K", 30.0, 6.0, None, "undecided"),
    rate("k", 2.0, 0.0, 3.0),
]


def unprofiled(given: dict[str, pa.Table]) -> dict[str, pa.Table]:
    return {**given, "profiles": tables.from_rows("profiles", [])}


def test_profiles_follow_the_intervals_and_show_which_are_open(given: dict[str, pa.Table]):
    rates = {**given, "kinetics": tables.from_rows("kinetics", RATES)}
    (_, figure), numbers = drawn(rates, "rate_intervals")
    kept = numbers[numbers["kind"] == "profile"]
    for name in ("value", "deviance_rise"):
        assert kept[name].tolist() == given["profiles"].column(name).to_pylist()
    closed, opened = (named(figure, f"invented|thickness_nm|deal_grove|{name}") for name in ("ks", "K"))
    for axes, colour, ends in (
        (closed, profile_page.CLOSED["color"], [4.0, 10.0]),
        (opened, profile_page.OPEN["color"], [6.0]),
    ):
        threshold, curve, _, *bounds = axes.lines
        assert threshold.get_ydata()[0] == pytest.approx(3.841459)
        assert curve.get_color() == colour
        assert [line.get_xdata()[0] for line in bounds] == ends
    assert closed.lines[1].get_xdata().tolist() == sorted(closed.lines[1].get_xdata().tolist())


def test_a_profile_s_axis_has_plain_numbers_or_powers_of_ten(given: dict[str, pa.Table]):
    keys = {"experiment": "invented", "quantity": "thickness_nm", "law": "deal_grove", "parameter": "K", "unit": "nm"}
    wide = [{**keys, "value": 10.0**power, "deviance_rise": 0.1 * abs(power)} for power in range(-4, 5)]
    rows = {"profiles": wide, "kinetics": RATES}
    made = {name: tables.from_rows(name, of_table) for name, of_table in rows.items()}
    (_, figure), _ = drawn({**given, **made}, "rate_intervals")
    axes = named(figure, "invented|thickness_nm|deal_grove|K")
    assert [text.get_text() for text in axes.get_xticklabels()] == ["$10^{-4}$", "$10^{4}$"]


def test_intervals_stand_relative_to_their_value_and_open_ends_are_arrows(given: dict[str, pa.Table]):
    (figure,), numbers = drawn({**unprofiled(given), "kinetics": tables.from_rows("kinetics", RATES)}, "rate_intervals")
    axes = named(figure, "rates")
    bars = [line for line in axes.lines if len(line.get_xdata()) == 2 and line.get_ydata()[0] in (0, 1, 2)][1:]
    assert bars[0].get_xdata() == pytest.approx((0.8, 2.0))
    assert bars[1].get_xdata()[0] == pytest.approx(0.2)
    arrows = [(line.get_marker(), line.get_ydata()[0]) for line in axes.lines if line.get_marker() in ("<", ">")]
    assert arrows == [(">", 1), ("<", 2)]
    assert numbers["value"].tolist() == [5.0, 30.0, 2.0]
    assert {"30 (6 to …) nm/min", "5 (4 to 10) nm/min"} <= set(words(figure))
    bold = [text.get_text() for text in figure.texts if text.get_fontweight() == "bold"]
    assert "invented, SEI: Deal-Grove" in bold


def test_open_rates_are_counted_with_their_assumption(given: dict[str, pa.Table]):
    text = described({**given, "kinetics": tables.from_rows("kinetics", RATES)}, "rate_intervals")
    assert "95 % intervals of 3 rate parameters" in text
    assert "1 are open" in text
    assert "invented Deal-Grove: flat film" in text


def test_no_rate_at_all_is_said_and_many_break_onto_pages(given: dict[str, pa.Table]):
    given = unprofiled(given)
    (figure,), numbers = drawn({**given, "kinetics": tables.from_rows("kinetics", [])}, "rate_intervals")
    assert numbers.empty
    assert "no rate was fitted" in words(figure)
    many = {**given, "kinetics": tables.from_rows("kinetics", RATES * 30)}
    pages, numbers = drawn(many, "rate_intervals")
    assert len(numbers) == 90
    assert len(pages) == 2
    heights = [page.get_size_inches()[1] for page in pages]
    assert max(heights) - min(heights) < 0.1 * max(heights)  # no page with one row left over
    assert all(page.get_size_inches()[1] * 2.54 <= style.PAGE_HEIGHT_CM for page in pages)


# --- energy scale ------------------------------------------------------------------------------------------------


def test_shifts_and_checks_equal_their_tables(given: dict[str, pa.Table]):
    (figure,), numbers = drawn(given, "energy_scale")
    shifts = numbers[numbers["shift_ev"].notna()]
    assert shifts["shift_ev"].tolist() == given["calibration"].column("shift_ev").to_pylist()
    checks = numbers[numbers["check"].notna()]
    assert len(checks) == 12  # the one without a value has nothing to draw
    axes = named(figure, "checks")
    assert [text.get_text() for text in axes.get_yticklabels()] == [
        "O 1s − P 2p of PO₄", "C 1s − P 2p of PO₄", "Ge 3p − Ge 3d of Ge⁰",
    ]  # fmt: skip
    places = sorted(float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() in ("o", "s"))
    np.testing.assert_allclose(places, sorted([0.0, 0.01, 0.02, 0.03, 0.02, 0.03, 0.04, 0.05, 0.3, 0.31, 0.32, 0.33]))


def test_an_imposed_value_is_drawn_open_and_called_no_check(given: dict[str, pa.Table]):
    (figure,), _ = drawn(given, "energy_scale")
    assert "imposed by a tie: no check" in words(figure)
    faces = [line.get_markerfacecolor() for line in named(figure, "checks").lines if line.get_marker() == "o"]
    assert faces.count("none") == 4


def test_no_check_at_all_is_said(given: dict[str, pa.Table]):
    none = {**given, "energy_checks": tables.from_rows("energy_checks", [])}
    (figure,), _ = drawn(none, "energy_scale")
    assert "no check could be made" in words(figure)
    assert "cannot tell such a step from a real shift" in described(none, "energy_scale")


# --- percolation -------------------------------------------------------------------------------------------------


def test_bars_stack_to_one_with_the_conductors_first(given: dict[str, pa.Table]):
    (figure,), numbers = drawn(given, "percolation")
    axes = named(figure, "percolation")
    bars = [patch for patch in axes.patches if patch.get_height() == pytest.approx(0.52)]
    assert [(round(bar.get_x(), 9), round(bar.get_width(), 9)) for bar in bars] == [
        (0.0, 0.17), (0.17, 0.04), (0.21, 0.79), (0.0, 0.33), (0.33, 0.67),
    ]  # fmt: skip
    assert to_hex(bars[0].get_facecolor()) == palette.species_colour("Li3P").lower()
    assert [bar.get_alpha() for bar in bars] == [1.0, 1.0, 0.22, 1.0, 0.22]
    assert numbers["volume_fraction"].tolist() == given["phases"].column("volume_fraction").to_pylist()


def test_threshold_range_and_verdict_are_shown(given: dict[str, pa.Table]):
    (figure,), _ = drawn(given, "percolation")
    axes = named(figure, "percolation")
    band = next(patch for patch in axes.patches if patch.get_width() == pytest.approx(0.25))
    assert band.get_x() == pytest.approx(0.05)
    assert [text.get_text() for text in axes.texts] == [
        "LGPS-A + Li → phases", "21.0 % conducting: undecided", "LAGP-E + Li → phases", "33.0 % conducting: above",
    ]  # fmt: skip
    assert "threshold of random spheres (0.154)" in words(figure)
    assert "LAGP-E: LAGP-E + Li -> phases (33.0 % conducting, above; an assumption)" in described(given, "percolation")


def test_cases_choose_and_unknown_ones_are_refused(given: dict[str, pa.Table]):
    assert set(drawn(given, "percolation", cases=["LAGP-E"])[1]["case"]) == {"LAGP-E"}
    with pytest.raises(ConfigError, match=r"cases: 'LAGP-X' is not in the tables.*there are: LGPS-A, LAGP-E"):
        drawn(given, "percolation", cases=["LAGP-X"])


# --- claims ------------------------------------------------------------------------------------------------------


def test_claims_stand_on_pages_of_a_journal_and_none_is_torn_apart(given: dict[str, pa.Table]):
    pages, numbers = drawn(given, "claims_page")
    assert len(pages) == 2
    for figure in pages:
        assert figure.get_size_inches()[1] * 2.54 <= style.PAGE_HEIGHT_CM
        assert overlapping(figure) == []
        assert outside(figure) == []
    shown = [word for figure in pages for word in words(figure)]
    assert [shown.count(f"C{index + 1:02d}") for index in range(35)] == [1] * 35
    first, second = (figure.get_size_inches()[1] for figure in pages)
    assert 0.5 < first / second < 2.0
    assert (shown.count("✓"), shown.count("✗"), shown.count("?")) == (12, 12, 11)
    assert numbers["verdict"].tolist() == given["claims"].column("verdict").to_pylist()


def test_values_have_their_error_and_a_round_trip_is_called_one(given: dict[str, pa.Table]):
    shown = words(drawn(given, "claims_page")[0][0])
    assert "−0.183" in [word.split(" ")[0] for word in shown]
    assert "Round-trip check on simulated data, not evidence." in shown
    text = described(given, "claims_page")
    assert "12 hold, 12 fail, 11 cannot be tested" in text
    remarks = drawn(given, "claims_page")[1]["remark"].tolist()
    assert remarks == given["claims"].column("remark").to_pylist()


def test_a_long_sentence_runs_on_beside_the_rows_and_notes_below_it_until_the_next():
    long, short = "one\ntwo\nthree", "one"
    rows = [["C1", long, "a", "1", "1"], ["", "", "b", "1", "1"], ["C2", short, "c\nc", "1", "1"]]
    assert claims_page._lines(rows, ["", "", ""]) == [1, 2, 2]
    assert claims_page._lines(rows, ["a note", "", ""]) == [2, 1, 2]
    assert claims_page._lines(rows[:1], [""]) == [3]
    assert claims_page._lines(rows[:1], ["a note\nof two"]) == [3]


def test_claims_on_measured_data_are_no_round_trip(given: dict[str, pa.Table]):
    rows = [{**row, "data_origin": "measured"} for row in given["claims"].to_pylist()]
    measured = {**given, "claims": tables.from_rows("claims", rows)}
    assert not any(word.startswith("Round-trip") for word in words(drawn(measured, "claims_page")[0][0]))
    assert "Round-trip" not in described(measured, "claims_page")


# --- fit quality -------------------------------------------------------------------------------------------------


def with_quality(given: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """P 2p fits badly in acquisition 1, O 1s so-so, a width of Li 1s ends at a bound; all others are good.

    Metal that is not there, an area at 0, is none of these.
    """
    rows = []
    for row in given["fits"].to_pylist():
        place = (row["region"], row["acquisition"])
        chance = {("P2p", 1): 1e-9, ("O1s", 0): 0.01}.get(place, 0.5)
        bounds = {
            ("Li1s", 0): ["Li0.area_cps_ev", "Li-SEI.fwhm_ev"],
            ("Li1s", 1): ["Li0.area_cps_ev", "Li0.fwhm_ev"],
        }.get(place, [])
        rows.append(
            {**row, "p_value": chance, "reduced_chi_square": 12.4 if chance < 1e-3 else 1.0, "bounds_hit": bounds}
        )
    return {**given, "fits": tables.from_rows("fits", rows)}


def test_every_fit_has_its_state(given: dict[str, pa.Table]):
    _, numbers = drawn(with_quality(given), "fit_quality")
    state = {(row.region, row.acquisition): row.state for row in numbers.itertuples()}
    assert len(state) == 16
    assert state["P2p", 1] == "rejected"
    assert state["O1s", 0] == "tense"
    assert state["Li1s", 0] == "at_bound"
    assert state["Li1s", 1] == "good"
    assert state["Ge3d", 2] == "failed"
    assert {state[region, 3] for region in ("Li1s", "Ge3d", "P2p", "O1s")} == {"excluded"}
    assert list(state.values()).count("good") == 8


def test_a_bad_fit_is_red_with_its_chi_square_and_a_failed_one_black(given: dict[str, pa.Table]):
    (figure,), _ = drawn(with_quality(given), "fit_quality")
    axes = named(figure, "fits")
    fills = [to_hex(patch.get_facecolor()) for patch in axes.patches]
    assert len(fills) == 16
    assert fills.count("#c1121f") == 1
    assert fills.count("#000000") == 1
    assert "12" in [text.get_text() for text in axes.texts]
    assert {"fit failed", "excluded by the log"} <= set(words(figure))


def test_states_differ_in_lightness_so_that_grey_is_enough():
    def lightness(fill: str) -> float:
        red, green, blue = (int(fill[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    shades = [lightness(fit_quality.STATES[name].fill) for name in ("good", "tense", "rejected", "failed")]
    assert all(one - other > 0.1 for one, other in pairwise(shades))


def test_many_experiments_break_onto_pages(given: dict[str, pa.Table]):
    many = with_quality(given)
    fits, acquired = many["fits"], many["acquisitions"]
    for index in range(40):
        fits, acquired = (
            pa.concat_tables(
                [table, synthetic_derived.renamed(source, f"e{index}")[source.num_rows :]]
            ).combine_chunks()
            for table, source in ((fits, many["fits"]), (acquired, many["acquisitions"]))
        )
    settings = {"kind": "fit_quality"}
    pages, numbers = fit_quality.draw(settings, {"fits": fits, "acquisitions": acquired}, "measured")
    assert len(pages) == 2
    assert len(numbers) == 41 * 16
    for figure in pages:
        assert figure.get_size_inches()[1] * 2.54 <= style.PAGE_HEIGHT_CM
        assert overlapping(figure) == []
    assert "656" not in described(many, "fit_quality")
    assert "1 fit failed" in described(many, "fit_quality")
