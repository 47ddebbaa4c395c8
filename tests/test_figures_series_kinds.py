"""Composition, growth, onset, charge balance, alternatives: numbers, intervals and limits are right."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_any
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import synthetic_derived
from page_texts import words
from test_figures_kinds import SETTINGS
from xps import tables
from xps.figures import kinds
from xps.figures.kinds import composition
from xps.figures.parts import marks


@pytest.fixture(scope="module")
def given() -> dict[str, pa.Table]:
    return synthetic_derived.everything(failed=frozenset({("Ge3d", 2)}))


def drawn(given: dict[str, pa.Table], kind: str, **change: Any) -> tuple[Figure, pd.DataFrame]:
    (figure,), numbers = kinds.module_of(kind).draw({"kind": kind, **SETTINGS[kind], **change}, given, "simulated")
    return figure, numbers


def panel(figure: Figure, beginning: str) -> Axes:
    return next(axes for axes in figure.axes if str(axes.get_label()).startswith(beginning))


def changed(table: pa.Table, **columns: Any) -> pa.Table:
    """Return the table with some columns calculated anew from each row."""
    rows = [{**row, **{name: make(row) for name, make in columns.items()}} for row in table.to_pylist()]
    return tables.from_rows(str(table.schema.metadata[b"xps_table"].decode()), rows)


# --- composition -------------------------------------------------------------------------------------------------


def test_composition_equals_its_table_with_both_errors_in_the_interval(given: dict[str, pa.Table]):
    _, numbers = drawn(given, "composition")
    lithium = numbers[numbers["subject"] == "Li"]
    assert lithium["atomic_percent"].tolist() == [10.0, 15.0, 20.0, 25.0]
    np.testing.assert_allclose(lithium["high"] - lithium["low"], 2 * 1.959964 * 0.5)  # 0.3 and 0.4 make 0.5
    assert lithium["plating_time_s"].tolist() == [0.0, 300.0, 1800.0, 4200.0]


def test_what_was_not_detected_is_a_limit(given: dict[str, pa.Table]):
    figure, numbers = drawn(given, "composition")
    sulphur = numbers[numbers["subject"] == "S"]
    assert set(sulphur["kind"]) == {"upper_limit"}
    assert set(sulphur["atomic_percent"]) == {0.6}
    assert sulphur["low"].isna().all()
    assert "95 % upper limit" in words(figure)


def test_basis_and_subjects_choose(given: dict[str, pa.Table]):
    figure, numbers = drawn(given, "composition", basis="all", subjects=["O"])
    assert set(numbers["subject"]) == {"O"}
    assert set(numbers["basis"]) == {"all"}
    assert "Atomic percent (all elements)" in words(figure)


def percents(**of: float) -> pa.Table:
    """A composition of one acquisition."""
    row = synthetic_derived.composition().to_pylist()[0]
    shared = {**row, "basis": "carbon_free", "acquisition": 0}
    return tables.from_rows("composition", [{**shared, "subject": name, "atomic_percent": percent}
                                            for name, percent in of.items()])  # fmt: skip


@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given_any(of=st.dictionaries(st.sampled_from(["Li", "Ge", "P", "O", "S", "Al"]), st.floats(0.5, 90.0), min_size=1))
def test_what_stays_below_three_tenths_of_the_largest_is_seen_again_and_nothing_else(
    given: dict[str, pa.Table], of: dict[str, float]
):
    figure, numbers = drawn({**given, "composition": percents(**of)}, "composition")
    assert sorted(numbers["subject"]) == sorted(of)  # once each, however often it is drawn
    minor = {name for name, percent in of.items() if percent < composition._MINOR * max(of.values())}
    panels = {str(axes.get_label()): axes for axes in figure.axes if str(axes.get_label()) != "charge"}
    assert len(panels) == (2 if minor else 1)
    assert ("Minor shares stand once more" in described({**given, "composition": percents(**of)})) == bool(minor)
    for label, axes in panels.items():
        shown = minor if "minor" in label else set(of)
        assert len(axes.collections) == 2 * len(shown)  # a band and a bar for each
        assert axes.get_ylim()[1] >= max(of[name] for name in shown)


def described(given: dict[str, pa.Table]) -> str:
    return composition.describe({"kind": "composition", **SETTINGS["composition"]}, given)


def test_limits_alone_have_no_panel_of_their_own(given: dict[str, pa.Table]):
    figure, _ = drawn(given, "composition")
    assert [str(axes.get_label()) for axes in figure.axes if str(axes.get_label()) != "charge"] == ["invented"]


# --- growth ------------------------------------------------------------------------------------------------------


# 0.03 of counting and 0.04 of mean free paths make 0.05, with 0.12 of the fit models 0.13
@pytest.mark.parametrize(("fit", "together"), [(None, 0.05), (0.12, 0.13)])
def test_thickness_equals_its_table_with_all_errors_in_the_interval(
    given: dict[str, pa.Table], fit: float | None, together: float
):
    layers = changed(given["layers"], thickness_fit_stderr_nm=lambda _: fit)
    _, numbers = drawn({**given, "layers": layers}, "growth")
    films = numbers[numbers["kind"] == "value"]
    assert films["thickness_nm"].tolist() == layers.column("thickness_nm").to_pylist()
    np.testing.assert_allclose(films["high"] - films["low"], 2 * 1.959964 * together)


def test_laws_stand_in_the_panel_by_their_bic(given: dict[str, pa.Table]):
    figure, numbers = drawn(given, "growth")
    lines = sorted(panel(figure, "invented, one film|").texts, key=lambda text: -text.get_position()[1])
    assert [line.get_text() for line in lines] == ["parabolic: ΔBIC 0.0 (chosen)", "linear: ΔBIC 40.0"]
    laws = numbers[numbers["kind"] == "law"]
    assert laws["law_value"].tolist() == [0.0, 2.0 / 60, 0.5]


def test_a_law_that_is_not_beaten_runs_through_the_points_with_its_band(given: dict[str, pa.Table]):
    figure, numbers = drawn(given, "growth")
    axes = panel(figure, "invented, one film|")
    lines = [line for line in axes.lines if line.get_color() == "black"]
    assert [line.get_linestyle() for line in lines] == ["-"]
    (course,) = lines
    points = numbers[numbers["kind"] == "value"]
    at = np.interp(60 * course.get_xdata(), [0.0, 900.0, 3600.0, 4200.0], course.get_ydata())
    np.testing.assert_allclose(at, course.get_ydata(), rtol=1e-9)
    assert course.get_ydata()[-1] == pytest.approx(points["thickness_nm"].iloc[-1], rel=1e-6)
    kept = numbers[numbers["kind"] == "course"]
    table = given["courses"].to_pandas()
    assert kept["thickness_nm"].tolist() == table.loc[table["chosen"] == "yes", "value"].tolist()
    assert set(kept["law"]) == {"parabolic"}
    assert "chosen growth law" in words(figure)


def test_undecided_laws_share_one_band_from_the_lowest_to_the_highest(given: dict[str, pa.Table]):
    """Laws that the data do not tell apart lie within a line's width of each other."""
    undecided = changed(given["courses"], chosen=lambda _: "undecided")
    figure, _ = drawn({**given, "courses": undecided}, "growth")
    axes = panel(figure, "invented, one film|")
    assert [line for line in axes.lines if line.get_color() == "black"] == []
    table = undecided.to_pandas()
    own = table[table["layer_model"] == "layer"]
    grey = [one for one in axes.collections if len(one.get_facecolor())]
    (band,) = [one for one in grey if to_hex(one.get_facecolor()[0]) == "#7a7a7a"]
    corners = band.get_paths()[0].vertices
    last = own[own["start_time_s"] == own["start_time_s"].max()]
    at_end = corners[corners[:, 0] == last["plating_time_s"].iloc[0] / 60, 1]
    assert (at_end.min(), at_end.max()) == pytest.approx((last["low"].min(), last["high"].max()))
    assert "all growth laws that are not beaten" in words(figure)


def test_beaten_laws_are_not_drawn(given: dict[str, pa.Table]):
    beaten = changed(given["courses"], chosen=lambda _: "no")
    figure, numbers = drawn({**given, "courses": beaten}, "growth")
    assert "course" not in set(numbers["kind"])
    assert [one for one in panel(figure, "invented, one film|").lines if one.get_color() == "black"] == []


def test_a_course_stands_where_its_layer_model_does_and_needs_a_time_of_its_own(given: dict[str, pa.Table]):
    other = changed(given["courses"], layer_model=lambda _: "layers")
    assert "course" not in set(drawn({**given, "courses": other}, "growth")[1]["kind"])
    _, clock = drawn(given, "growth", axis="start_time_s")
    kept = clock[clock["kind"] == "course"]
    assert kept["elapsed_time_s"].tolist() == [0.0, 1800.0, 7200.0, 8400.0]
    assert "course" not in set(drawn(given, "growth", axis="rest_time_s")[1]["kind"])


def test_laws_are_told_with_values_and_the_assumption(given: dict[str, pa.Table]):
    text = kinds.module_of("growth").describe({"kind": "growth", **SETTINGS["growth"]}, given)
    assert "invented parabolic, y0 = 0 nm, a = 0.0333 nm/s^0.5: chosen, tested" in text
    assert text.endswith("Assumed: closed flat film.")
    none = {**given, "kinetics": tables.from_rows("kinetics", [])}
    assert "No growth law was fitted." in kinds.module_of("growth").describe(
        {"kind": "growth", **SETTINGS["growth"]}, none
    )


def test_each_coverage_of_a_patchy_model_has_its_own_panel(given: dict[str, pa.Table]):
    rows = [
        {**row, "layer_model": "patchy", "patch_coverage_fraction": coverage}
        for coverage in (0.5, 1.0)
        for row in given["layers"].to_pylist()
    ]
    figure, _ = drawn({**given, "layers": tables.from_rows("layers", rows)}, "growth")
    names = [str(axes.get_label()).split("|")[1] for axes in figure.axes if "|" in str(axes.get_label())]
    assert names == ["invented, islands, coverage 0.5", "invented, islands, coverage 1"]
    assert [len(axes.texts) for axes in figure.axes if "|" in str(axes.get_label())] == [2, 0]


def test_what_is_said_of_the_shape_of_patches_is_no_film(given: dict[str, pa.Table]) -> None:
    words = {"layer": "coverage", "thickness_nm": None, "verdict": "not_identified", "condition": "not told apart"}
    shape = [row | words for row in given["layers"].to_pylist()]
    with_shape = {**given, "layers": tables.from_rows("layers", [*given["layers"].to_pylist(), *shape])}
    _, numbers = drawn(with_shape, "growth")
    assert set(numbers["layer"].dropna()) == {"SEI"}


def test_a_film_that_hides_everything_below_has_a_lower_limit(given: dict[str, pa.Table]):
    """The last film: nothing is seen through it, so that 6 nm is the least it can be."""
    hidden = {
        "thickness_nm": lambda row: None if row["acquisition"] == 3 else row["thickness_nm"],
        "thickness_lower_limit_nm": lambda row: 6.0 if row["acquisition"] == 3 else None,
    }
    figure, numbers = drawn({**given, "layers": changed(given["layers"], **hidden)}, "growth")
    last = numbers[numbers["acquisition"] == 3].iloc[0]
    assert (last["kind"], last["thickness_nm"]) == ("lower_limit", 6.0)
    assert pd.isna(last["low"])
    assert "95 % lower limit" in words(figure)


# --- onset -------------------------------------------------------------------------------------------------------


def with_limits(given: dict[str, pa.Table]) -> dict[str, pa.Table]:
    levels = {"critical_level_cps_ev": lambda _: 10.0, "detection_limit_cps_ev": lambda _: 20.0}
    return {**given, "components": changed(given["components"], **levels)}


def test_onset_shows_limits_before_and_areas_after(given: dict[str, pa.Table]):
    figure, numbers = drawn(with_limits(given), "onset")
    assert numbers["kind"].tolist() == ["upper_limit", "upper_limit", "value", "value"]
    assert numbers["area_cps_ev"].tolist()[2:] == [1250.0, 2100.0]
    axes = panel(figure, "invented|")
    levels = {float(line.get_ydata()[0]) for line in axes.lines if line.get_drawstyle() == "steps-mid"}
    assert levels == {0.01, 0.02}
    # areas a hundred times the detection limit would press it onto the axis
    assert axes.get_yscale() == "symlog"


def test_small_areas_keep_a_linear_scale(given: dict[str, pa.Table]):
    near = {"critical_level_cps_ev": lambda _: 1000.0, "detection_limit_cps_ev": lambda _: 2000.0}
    figure, _ = drawn({**given, "components": changed(given["components"], **near)}, "onset")
    assert panel(figure, "invented|").get_yscale() == "linear"


def test_the_onset_of_the_kinetics_table_is_a_band(given: dict[str, pa.Table]):
    row = {"experiment": "invented", "quantity": "onset", "law": "series-wise", "parameter": "onset_s", "low": 300.0}
    rest = {"high": 1800.0, "unit": "s", "window": "plating_time_s 0 to 4200", "chosen": "yes", "verdict": "found"}
    figure, _ = drawn({**with_limits(given), "kinetics": tables.from_rows("kinetics", [{**row, **rest}])}, "onset")
    assert "onset: between last absence and first detection" in words(figure)
    band = next(patch for patch in panel(figure, "invented|").patches if patch.get_width() > 0)
    assert (band.get_x(), band.get_width()) == (5.0, 25.0)
    assert "onset: between last absence and first detection" not in words(drawn(with_limits(given), "onset")[0])


def test_the_caption_says_when_it_was_first_detected(given: dict[str, pa.Table]):
    text = kinds.module_of("onset").describe({"kind": "onset", **SETTINGS["onset"]}, with_limits(given))
    assert "invented: first detected after 30 min (in acquisition 2)" in text


# --- charge balance ----------------------------------------------------------------------------------------------


def test_balance_equals_its_table_and_is_drawn_from_the_first_charge_on(given: dict[str, pa.Table]):
    figure, numbers = drawn(given, "charge_balance")
    assert numbers["accounted_nm"].tolist()[1:] == given["balance"].column("accounted_nm").to_pylist()[1:]
    share = panel(figure, "invented|share")
    drawn_shares = next(line for line in share.lines if line.get_marker() not in ("None", ""))
    assert np.nanmax(drawn_shares.get_ydata()) == pytest.approx(0.05)
    equivalents = next(line for line in panel(figure, "invented|nm").lines if to_hex(line.get_color()) == "#000000")
    np.testing.assert_allclose(equivalents.get_ydata(), [4.849 * charge for charge in (3.3, 19.9, 46.4)])


# --- alternatives ------------------------------------------------------------------------------------------------


def test_model_and_alternatives_stand_beside_each_other(given: dict[str, pa.Table]):
    figure, numbers = drawn(given, "alternatives")
    assert list(dict.fromkeys(numbers["alternative"])) == ["the model", "without_ge3p", "tie_minus"]
    model, without = (numbers[numbers["alternative"] == name] for name in ("the model", "without_ge3p"))
    detected = model["kind"] == "value"
    ratio = without["area_fraction"].to_numpy()[detected] / model["area_fraction"].to_numpy()[detected]
    np.testing.assert_allclose(ratio, 3.0)
    assert {"the model", "without_ge3p", "tie_minus"} <= set(words(figure))


def test_the_limit_of_a_share_counts_the_other_species_in(given: dict[str, pa.Table]):
    """PO4 alone has 15000 in the first acquisition, and LixP at most 0.01 + 1.645 × 5.0002."""
    _, numbers = drawn(given, "alternatives")
    first = numbers[(numbers["alternative"] == "the model") & (numbers["acquisition"] == 0)].iloc[0]
    assert first["kind"] == "upper_limit"
    limit = 0.01 + 1.645 * (5 + 0.02 * 0.01)
    assert first["area_fraction"] == pytest.approx(limit / (limit + 15000), rel=1e-6)


def test_the_limit_under_an_alternative_counts_that_alternatives_areas(given: dict[str, pa.Table]):
    _, numbers = drawn(given, "alternatives")
    first = numbers[(numbers["alternative"] == "without_ge3p") & (numbers["acquisition"] == 0)].iloc[0]
    limit = 3.0 * (0.01 + 1.645 * (5 + 0.02 * 0.01))
    assert first["area_fraction"] == pytest.approx(limit / (limit + 15000), rel=1e-6)


def test_an_area_of_zero_still_has_a_limit(given: dict[str, pa.Table]):
    """A fit that ends at area 0 has share 0, from which the other species' areas cannot be had."""
    nothing = {"area_cps_ev": lambda row: 0.0 if row["component"] == "LixP" else row["area_cps_ev"],
               "area_fraction": lambda row: 0.0 if row["component"] == "LixP" else row["area_fraction"],
               "detected": lambda row: False if row["component"] == "LixP" else row["detected"]}  # fmt: skip
    _, numbers = drawn({**given, "components": changed(given["components"], **nothing)}, "alternatives")
    model = numbers[numbers["alternative"] == "the model"]
    assert set(model["kind"]) == {"upper_limit"}
    assert model["area_fraction"].gt(0).all()


def test_one_arrow_per_acquisition_stands_at_the_largest_limit(given: dict[str, pa.Table]):
    figure, numbers = drawn(given, "alternatives")
    limits = numbers[numbers["kind"] == "upper_limit"].groupby("acquisition")["area_fraction"].max()
    (axes,) = [axes for axes in figure.axes if str(axes.get_label()).count("|") == 1]
    arrows = [line.get_ydata()[0] for line in axes.lines if line.get_marker() is marks.LIMIT["marker"]]
    np.testing.assert_allclose(sorted(arrows), sorted(limits))


def test_below_stands_what_each_alternative_changes(given: dict[str, pa.Table]):
    figure, _ = drawn(given, "alternatives")
    (axes,) = [axes for axes in figure.axes if str(axes.get_label()).endswith("|changes")]
    table = given["components"].to_pandas()
    parts = table[table["component"] == "LixP"].set_index("acquisition")["area_fraction"].dropna()
    # Three times the model's share without Ge 3p: the change is twice the share.
    changes = [line for line in axes.lines if len(line.get_xdata()) == len(parts) and line.get_ydata()[-1] != 0.0]
    assert any(np.allclose(line.get_ydata(), 2.0 * parts.to_numpy()) for line in changes)
    assert axes.get_yscale() == "symlog"
    low, high = axes.get_ylim()
    assert low == -high


def test_a_panel_is_titled_by_the_label_of_its_sample(given: dict[str, pa.Table]):
    for kind in ("growth", "composition", "alternatives", "charge_balance"):
        figure, numbers = drawn(given, kind, names={"invented": "Powder on Li2S"})
        said = " ".join(words(figure))
        assert "Powder on Li₂S" in said
        assert "invented" not in said
        assert set(numbers["experiment"]) == {"invented"}


def test_alternatives_can_be_chosen(given: dict[str, pa.Table]):
    _, numbers = drawn(given, "alternatives", alternatives=["tie_minus"])
    assert set(numbers["alternative"]) == {"the model", "tie_minus"}


def test_the_caption_says_what_changes_and_how_the_counts_judge(given: dict[str, pa.Table]):
    text = kinds.module_of("alternatives").describe({"kind": "alternatives", **SETTINGS["alternatives"]}, given)
    assert "without_ge3p: Ge 3p left out (ΔBIC invented +5000)" in text


def test_without_any_declared_alternative_the_model_is_drawn_alone(given: dict[str, pa.Table]):
    _, numbers = drawn({**given, "alternatives": tables.from_rows("alternatives", [])}, "alternatives")
    assert set(numbers["alternative"]) == {"the model"}


def test_where_no_charge_has_passed_the_balance_says_so(given: dict[str, pa.Table]):
    none = changed(given["balance"], charge_uah_cm2=lambda _: 0.0)
    figure, numbers = drawn({**given, "balance": none}, "charge_balance")
    assert "no charge has passed" in words(figure)
    assert len(numbers) == none.num_rows
    for end in ("nm", "share"):
        assert not any(len(line.get_xdata()) for line in panel(figure, f"invented|{end}").lines)
    figure, _ = drawn({**given, "balance": none[:0]}, "charge_balance")
    assert "no charge has passed" in words(figure)
