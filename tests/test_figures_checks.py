"""Energy scale, fit quality, rates and profiles: every mark where its number is, every page a reader can use."""

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.figure import Figure

import synthetic_derived
from page_texts import outside, overlapping, words
from test_figures_kinds import SETTINGS
from xps import figure_settings, tables
from xps.figures import kinds, style
from xps.figures.kinds import energy_scale, fit_quality, rate_intervals
from xps.figures.parts import profile_page


@pytest.fixture(scope="module")
def made() -> dict[str, pa.Table]:
    return synthetic_derived.everything()


def drawn(given: dict[str, pa.Table], kind: str, **change: Any) -> tuple[list[Figure], pd.DataFrame]:
    found: tuple[list[Figure], pd.DataFrame] = kinds.module_of(kind).draw(
        {"kind": kind, **SETTINGS[kind], **change}, given, "simulated"
    )
    return found


def named(figure: Figure, label: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_label() == label)


# --- energy scale: regions ---------------------------------------------------------------------------------------


def with_drifts(made: dict[str, pa.Table], **of_region: float) -> dict[str, pa.Table]:
    """A fit of each region found the given drift ± 0.02 eV in every acquisition; 0.05 eV were allowed for."""
    rows = [
        {
            "experiment": "invented",
            "model": f"model of {region}",
            "acquisition": acquisition,
            "region": region,
            "parameter": "energy_drift_ev",
            "value": drift + 0.001 * acquisition,
            "stderr": 0.02,
            "status": "nuisance",
            "at_bound": False,
        }
        for region, drift in of_region.items()
        for acquisition in range(4)
    ]
    priors = [{**row, "drift_stderr_ev": 0.05} for row in made["calibration"].to_pylist()]
    held = {"parameters": tables.from_rows("parameters", rows), "calibration": tables.from_rows("calibration", priors)}
    return {**made, **held}


def test_the_drift_of_each_region_stands_where_its_fit_found_it(made: dict[str, pa.Table]):
    (figure,), numbers = drawn(with_drifts(made, Li1s=0.03, Ge3d=-0.06), "energy_scale")
    for region, drift in (("Li1s", 0.03), ("Ge3d", -0.06)):
        axes = named(figure, f"drifts|{region}")
        found = np.concatenate([line.get_xydata() for line in axes.lines if line.get_marker() == "o"])
        np.testing.assert_allclose(found, [(at, drift + 0.001 * at) for at in range(4)])
        (band,) = axes.patches
        assert (band.get_y(), band.get_height()) == pytest.approx((-1.959964 * 0.05, 2 * 1.959964 * 0.05))
        assert axes.get_xlim() == named(figure, "shifts").get_xlim()
    kept = numbers[numbers["model"].notna()]
    assert sorted(kept["value_ev"]) == pytest.approx([drift + 0.001 * at for drift in (-0.06, 0.03) for at in range(4)])


def test_drifts_of_several_experiments_stand_side_by_side_and_next_to_their_acquisition(made: dict[str, pa.Table]):
    needed = figure_settings.tables_needed("energy_scale")
    alone = with_drifts(made, Li1s=0.03)
    both = {name: synthetic_derived.renamed(alone[name]) for name in needed}
    settings = {"kind": "energy_scale", "experiments": ["invented", "another"]}
    (figure,), _ = energy_scale.draw(settings, both, "simulated")
    marks = [line.get_xdata() for line in named(figure, "drifts|Li1s").lines if line.get_marker() in ("o", "s")]
    (first, second) = (np.asarray(places, dtype=np.float64) for places in marks)
    assert (first < second).all()
    for places in (first, second):
        np.testing.assert_array_equal(np.round(places), np.arange(4))


def test_a_region_that_two_models_leave_free_is_shown_once(made: dict[str, pa.Table]):
    given_drifts = with_drifts(made, Li1s=0.03)
    rows = given_drifts["parameters"].to_pylist()
    again = [{**row, "model": "another", "value": 0.5} for row in rows]
    twice = {**given_drifts, "parameters": tables.from_rows("parameters", rows + again)}
    _, numbers = drawn(twice, "energy_scale")
    assert sorted(numbers.loc[numbers["model"].notna(), "value_ev"]) == pytest.approx([0.03, 0.031, 0.032, 0.033])


def test_where_no_region_is_free_there_is_no_room_for_any(made: dict[str, pa.Table]):
    (figure,), _ = drawn({**made, "parameters": tables.from_rows("parameters", [])}, "energy_scale")
    (more,), _ = drawn(with_drifts(made, Li1s=0.03), "energy_scale")
    assert not [axes for axes in figure.axes if str(axes.get_label()).startswith("drifts")]
    assert figure.get_size_inches()[1] < more.get_size_inches()[1]
    assert overlapping(figure) == []


def test_experiments_are_named_by_their_labels_beside_their_shifts(made: dict[str, pa.Table]):
    (figure,), _ = drawn(made, "energy_scale", names={"invented": "Powder of Li2S"})
    label = next(text for text in figure.texts if text.get_text() == "Powder of Li₂S")
    shifts = named(figure, "shifts").get_position()
    assert label.get_position()[0] > shifts.x1
    assert shifts.y0 < label.get_position()[1] < shifts.y1


def test_an_interpolated_shift_is_open(made: dict[str, pa.Table]):
    axes = named(drawn(made, "energy_scale")[0][0], "shifts")
    faces = [line.get_markerfacecolor() for line in axes.lines if line.get_marker() not in ("None", "")]
    assert faces.count("white") == 1


def test_blocks_stand_below_each_other_and_never_touch(made: dict[str, pa.Table]):
    (figure,), _ = drawn(with_drifts(made, Li1s=0.03), "energy_scale")
    boxes = [named(figure, label).get_position() for label in ("shifts", "drifts|Li1s", "checks")]
    for above, below in itertools.pairwise(boxes):
        assert above.y0 > below.y1
    assert outside(figure) == []


@given(st.lists(st.sampled_from(["agrees", "differs", "imposed"]), min_size=1, max_size=6))
def test_the_key_holds_the_verdicts_that_occur(verdicts: list[str]):
    labels = [entry.label for entry in energy_scale._key(pd.DataFrame({"verdict": verdicts}))]
    assert len(labels) == len(set(verdicts))
    assert ("imposed by a tie: no check" in labels) == ("imposed" in verdicts)


# --- fit quality: columns ----------------------------------------------------------------------------------------


@given(st.integers(1, 400), st.floats(8.0, 17.1), st.floats(3.9, 7.0))
def test_marks_never_leave_their_column(acquisitions: int, width_cm: float, left_cm: float):
    plan = fit_quality._columns(width_cm, 1, left_cm, acquisitions)
    assert plan.left_cm + acquisitions * plan.cell_cm <= width_cm
    assert plan.cell_cm <= fit_quality._WIDEST_CELL_CM


def test_ten_experiments_are_seen_on_one_page(made: dict[str, pa.Table]):
    fits, acquired = made["fits"], made["acquisitions"]
    for index in range(9):
        fits, acquired = (
            pa.concat_tables([held, synthetic_derived.renamed(source, f"e{index}")[source.num_rows :]])
            for held, source in ((fits, made["fits"]), (acquired, made["acquisitions"]))
        )
    pages, numbers = fit_quality.draw({"kind": "fit_quality"}, {"fits": fits, "acquisitions": acquired}, "measured")
    assert len(pages) == 1
    axes = named(pages[0], "fits")
    assert len(axes.patches) == len(numbers) == 10 * 16
    middle = style.WIDTH_CM["double"] / 2
    left = [patch for patch in axes.patches if patch.get_x() < middle]
    assert len(left) == 5 * 16
    assert overlapping(pages[0]) == []


def test_a_mark_stands_in_the_row_of_its_window_and_the_column_of_its_acquisition(made: dict[str, pa.Table]):
    (figure,), numbers = drawn(made, "fit_quality")
    axes = named(figure, "fits")
    for number in range(4):
        xs = {round(patch.get_x(), 6) for patch in axes.patches[number::4]}
        assert len(xs) == 1
    heights = [round(patch.get_y(), 6) for patch in axes.patches[::4]]
    assert heights == sorted(heights, reverse=True)
    assert len(heights) == numbers.drop_duplicates(["model", "region"]).shape[0]


LONG = "Pellet of Li10GeP2S12, sputtered twice from the far side"


@pytest.mark.parametrize(("name", "told"), [("Li foil", True), ("Pellet sputtered twice", False), (LONG, False)])
def test_columns_are_called_acquisitions_where_the_name_leaves_room(made: dict[str, pa.Table], name: str, told: bool):
    (figure,), _ = drawn(made, "fit_quality", names={"invented": name})
    assert ("acquisition" in words(figure)) is told
    assert overlapping(figure) == []
    assert outside(figure) == []


def test_long_names_of_models_push_the_marks_aside(made: dict[str, pa.Table]):
    fits = made["fits"].to_pandas()
    fits["model"] = "all_oxygen_and_carbon_lines_of_the_second_pellet"
    table = tables.from_rows("fits", fits.astype(object).where(fits.notna(), None).to_dict("records"))
    (figure,), _ = drawn({**made, "fits": table}, "fit_quality")
    written = [text for text in named(figure, "fits").texts if "second_pellet" in text.get_text()]
    assert len(written) == fits.drop_duplicates(["model", "region"]).shape[0]
    first = min(patch.get_x() for patch in named(figure, "fits").patches)
    assert all(text.get_position()[0] < first for text in written)
    assert outside(figure) == []


# --- rates -------------------------------------------------------------------------------------------------------


def rate(condition: str | None, **change: Any) -> dict[str, Any]:
    row = {
        "experiment": "invented",
        "component": "Li0",
        "quantity": "decay",
        "law": "reaction_and_oxidation",
        "parameter": "k_rxn",
        "value": 2.0,
        "low": 1.0,
        "high": 4.0,
        "unit": "nm/min",
        "window": "clock",
        "verdict": "tested",
        "chosen": "undecided",
        "condition": condition,
    }
    return {**row, **change}


def with_rates(made: dict[str, pa.Table], *rows: dict[str, Any]) -> dict[str, pa.Table]:
    return {**made, "kinetics": tables.from_rows("kinetics", rows), "profiles": tables.from_rows("profiles", [])}


def test_sets_of_assumptions_are_told_apart_by_letters_that_the_caption_explains(made: dict[str, pa.Table]):
    held = with_rates(made, rate("film"), rate("film", parameter="r_ox"), rate("islands"), rate("film; carbon"))
    (figure,), numbers = drawn(held, "rate_intervals")
    shown = [word for word in words(figure) if word.startswith("invented")]
    assert shown == [f"invented, Li⁰: reaction and oxidation ({letter})" for letter in "aabc"]
    text = rate_intervals.describe({"kind": "rate_intervals", "experiment": "invented"}, held)
    for letter, condition in (("a", "film"), ("b", "islands"), ("c", "film; carbon")):
        assert f"reaction and oxidation ({letter}): {condition}" in text
    assert "mark" not in numbers.columns


def test_one_set_of_assumptions_needs_no_letter(made: dict[str, pa.Table]):
    (figure,), _ = drawn(with_rates(made, rate("film"), rate("film", parameter="r_ox")), "rate_intervals")
    assert [word for word in words(figure) if word.startswith("invented")] == [
        "invented, Li⁰: reaction and oxidation"
    ] * 2


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ({}, "2 (1 to 4) nm/min"),
        ({"high": None}, "2 (1 to …) nm/min"),
        ({"low": None, "unit": "1"}, "2 (… to 4)"),
        ({"value": 1.57e-7, "low": None, "high": 0.131}, "1.57·10⁻⁷ (… to 0.13) nm/min"),
    ],
)
def test_a_rate_is_written_with_its_interval(made: dict[str, pa.Table], change: dict[str, Any], written: str):
    (figure,), _ = drawn(with_rates(made, rate("film", **change)), "rate_intervals")
    assert written in words(figure)


@given(st.integers(1, 160))
def test_rates_are_spread_evenly_over_as_few_pages_as_hold_them(number: int):
    held = {"kinetics": tables.from_rows("kinetics", [rate("film") for _ in range(number)])}
    rates = rate_intervals._rates({"kind": "rate_intervals"}, held)
    assert len(rates) == number
    assert set(rates["mark"]) == {""}


def test_profiles_of_beaten_laws_are_not_drawn(made: dict[str, pa.Table]):
    """A law that the counts reject by a thousand has no likelihood worth a picture."""
    keys = {"experiment": "invented", "quantity": "decay", "law": "reaction_and_oxidation", "parameter": "k_rxn"}
    points = [{**keys, "value": value, "unit": "nm/min", "deviance_rise": rise} for value, rise in ((1, 4), (2, 0))]
    for chosen, pages in (("no", 1), ("undecided", 2), ("yes", 2)):
        held = with_rates(made, rate("film", chosen=chosen))
        profiled = {**held, "profiles": tables.from_rows("profiles", points)}
        found, numbers = drawn(profiled, "rate_intervals")
        assert len(found) == pages
        assert (numbers["kind"] == "profile").sum() == 2  # the numbers are kept all the same


def test_a_profile_belongs_to_the_set_of_assumptions_it_was_made_under(made: dict[str, pa.Table]):
    """The condition of an interval goes on after its set, and one set begins like another."""
    held = with_rates(made, rate("film; unmodelled", low=None), rate("film; foil to 30 %; unmodelled", high=3.0))
    keys = {"experiment": "invented", "quantity": "decay", "law": "reaction_and_oxidation", "parameter": "k_rxn"}
    points = [
        {**keys, "value": value, "unit": "nm/min", "deviance_rise": rise, "condition": condition}
        for condition, rises in (("film", (0.1, 0.0, 9.0)), ("film; foil to 30 %", (4.0, 0.0, 5.0)))
        for value, rise in zip((1.0, 2.0, 4.0), rises, strict=True)
    ]
    (_, figure), _ = drawn({**held, "profiles": tables.from_rows("profiles", points)}, "rate_intervals")
    for mark, rises, ends in (("a", [0.1, 0.0, 9.0], [4.0]), ("b", [4.0, 0.0, 5.0], [1.0, 3.0])):
        axes = named(figure, f"invented|decay|reaction_and_oxidation|k_rxn|{mark}")
        _, curve, trials, *bounds = axes.lines
        assert trials.get_ydata().tolist() == rises
        assert curve.get_ydata().max() == pytest.approx(max(rises))
        assert [line.get_xdata()[0] for line in bounds] == ends
    assert overlapping(figure) == []


@given(st.floats(0.001, 1.0), st.floats(1.0, 1000.0))
def test_a_stroke_ends_a_bar_where_its_interval_ends_on_the_axis(below: float, above: float):
    axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    rate_intervals._draw_interval(axes, 0, {"value": 3.0, "low": 3.0 * below, "high": 3.0 * above})
    strokes = sorted(float(line.get_xdata()[0]) for line in axes.lines if line.get_marker() == "|")
    widest = rate_intervals._WIDEST
    assert strokes == pytest.approx([end for end in (below, above) if 1.1 / widest <= end <= widest / 1.1], rel=1e-9)


@pytest.mark.parametrize(
    ("low", "high", "drawn_one"), [(None, None, False), (1.0, None, True), (None, 4.0, True), (1.0, 4.0, True)]
)
def test_a_rate_that_nothing_bounds_is_a_bar_with_two_arrows_and_no_flat_line(
    made: dict[str, pa.Table], low: float | None, high: float | None, drawn_one: bool
):
    keys = {"experiment": "invented", "quantity": "decay", "law": "reaction_and_oxidation", "parameter": "k_rxn"}
    points = [{**keys, "value": 10.0**at, "unit": "nm/min", "deviance_rise": 0.01 * at} for at in range(4)]
    held = with_rates(made, rate(None, low=low, high=high))
    pages, numbers = drawn({**held, "profiles": tables.from_rows("profiles", points)}, "rate_intervals")
    assert len(pages) == 1 + drawn_one
    assert (numbers["kind"] == "profile").sum() == 4
    markers = [line.get_marker() for line in named(pages[0], "rates").lines]
    assert (markers.count("<"), markers.count(">")) == (low is None, high is None)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [("a; b; c", "a; b"), ("a; d", "a"), ("ab", None), ("a", "a"), ("", None), ("a; bc", "a")],
)
def test_the_longest_set_of_whole_clauses_counts(condition: str, expected: str | None):
    assert profile_page.assumptions_of(condition, ["a", "a; b"]) == expected
    assert profile_page.assumptions_of(condition, ["", "a", "a; b"]) == (expected or "")


# --- profiles ----------------------------------------------------------------------------------------------------


@given(st.floats(-1e3, 1e3), st.floats(0.1, 1e3), st.lists(st.floats(-5, 5), min_size=2, max_size=12, unique=True))
def test_between_the_trials_of_a_parabola_runs_the_parabola(best: float, wide: float, steps: list[float]):
    held = np.unique(np.round(best + wide * np.array(sorted({0.0, *steps})), 6))
    rises = ((held - best) / wide) ** 2
    fine, curve = profile_page.between(held, rises, best)
    np.testing.assert_allclose(curve, ((fine - best) / wide) ** 2, atol=1e-5 * (1 + rises.max()))
    assert set(held) <= set(fine)


@given(st.lists(st.floats(0.0, 100.0), min_size=2, max_size=10))
def test_a_curve_never_falls_below_zero_and_passes_through_its_trials(rises: list[float]):
    held = np.arange(len(rises), dtype=float)
    values = np.array(rises)
    best = float(held[int(values.argmin())])
    fine, curve = profile_page.between(held, values, best)
    assert (curve >= 0.0).all()
    apart = held[held != best]
    np.testing.assert_allclose(np.interp(apart, fine, curve), values[held != best], rtol=1e-9, atol=1e-12)


@given(st.floats(1e-6, 1e6), st.floats(1.02, 1e8))
def test_a_logarithmic_axis_of_any_length_has_two_ticks_inside(low: float, factor: float):
    axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    axes.set_xscale("log")
    axes.set_xlim(low, low * factor)
    profile_page._ticks(axes)
    ticks = axes.get_xticks()
    assert 1 <= len(set(ticks)) <= 2
    assert all(0.99 * low <= tick <= 1.01 * low * factor for tick in ticks)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (0.0157, "0.0157"),
        (0.001, "0.001"),
        (3.48e-4, r"$3.5\cdot10^{-4}$"),
        (1e-4, "$10^{-4}$"),
        (1e5, "$10^{5}$"),
        (2.5e4, r"$2.5\cdot10^{4}$"),
        (9999.0, "9999"),
    ],
)
def test_a_tick_is_never_rounded_to_another_power_of_ten(value: float, words: str):
    """Ticks at 0.00035 and 0.0009 were both called 10^-3."""
    assert profile_page._number(value) == words


def test_an_axis_reaches_to_the_ends_of_the_interval_however_far_they_are():
    axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    points = pd.DataFrame({"value": [1e-7, 1e-5, 0.01, 0.13, 0.2], "deviance_rise": [0.0, 0.0, 0.5, 3.84, 7.0]})
    profile_page._draw(axes, points, np.array([np.nan, 0.13]))
    assert axes.get_xlim()[0] < 1e-7
    assert axes.get_xlim()[1] > 0.13
    curve, trials = [line for line in axes.lines if len(line.get_xdata()) > 2]
    assert 0.13 in trials.get_xdata()
    assert curve.get_xdata()[[0, -1]].tolist() == pytest.approx(trials.get_xdata()[[0, -1]].tolist())


def test_an_end_beyond_all_trials_is_on_the_axis():
    axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    points = pd.DataFrame({"value": [1e-7, 1e-5, 1e-3], "deviance_rise": [0.0, 0.0, 0.5]})
    profile_page._draw(axes, points, np.array([np.nan, 0.063]))
    assert axes.get_xlim()[1] > 0.063


@pytest.mark.parametrize("count", [1, 29, 30, 31, 38, 61])
def test_profiles_are_spread_evenly_over_pages(count: int):
    keys = {"experiment": "invented", "quantity": "decay", "law": "law", "unit": "1"}
    names = [f"k{index}" for index in range(count)]
    rates = pd.DataFrame([{**keys, "parameter": name, "low": 0.5, "high": 2.0, "condition": None, "mark": ""}
                          for name in names])  # fmt: skip
    points = pd.DataFrame([{**keys, "parameter": name, "value": value, "deviance_rise": (value - 1) ** 2,
                            "condition": None} for name in names for value in (0.5, 1.0, 2.0)])  # fmt: skip
    sheets = profile_page.sheets(points, rates, {})
    held = [len(sheet.figure.axes) for sheet in sheets]
    assert sum(held) == count
    assert max(held) - min(held) < 5 * len(sheets)  # a page has as many rows as the others, the last one fewer
    assert all(sheet.height_cm <= style.PAGE_HEIGHT_CM for sheet in sheets)
