"""Growth, balance, alternatives, onset and composition: panels that compare, bands that hold their points, axes."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import synthetic_derived
import synthetic_tables
from page_texts import outside, overlapping, words
from test_figures_kinds import SETTINGS
from xps import figure_settings, tables
from xps.figures import kinds, style
from xps.figures.kinds import alternatives, charge_balance, onset, time_series
from xps.figures.parts import series
from xps.figures.words import facts


@pytest.fixture(scope="module")
def made() -> dict[str, pa.Table]:
    return synthetic_derived.everything()


@pytest.fixture(scope="module")
def two(made: dict[str, pa.Table]) -> dict[str, pa.Table]:
    """The invented series and its twin under another name."""
    both = {name for kind in ("charge_balance", "growth", "alternatives", "composition", "onset")
            for name in figure_settings.tables_needed(kind)}  # fmt: skip
    return {name: synthetic_derived.renamed(made[name]) for name in both}


def drawn(given_tables: dict[str, pa.Table], kind: str, **change: Any) -> tuple[Figure, pd.DataFrame]:
    (figure,), numbers = kinds.module_of(kind).draw(
        {"kind": kind, **SETTINGS[kind], **change}, given_tables, "simulated"
    )
    return figure, numbers


def compared(two: dict[str, pa.Table], kind: str, **change: Any) -> tuple[Figure, pd.DataFrame]:
    settings = {key: value for key, value in SETTINGS[kind].items() if key != "experiment"}
    named = {"kind": kind, **settings, "experiments": ["invented", "another"], **change}
    (figure,), numbers = kinds.module_of(kind).draw(named, two, "simulated")
    return figure, numbers


def named(figure: Figure, label: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_label() == label)


def rows(table: pa.Table, **columns: Any) -> pa.Table:
    """The table with columns computed anew from each row."""
    changed = [{**row, **{name: of_row(row) for name, of_row in columns.items()}} for row in table.to_pylist()]
    return tables.from_rows(name_of(table), changed)


def name_of(table: pa.Table) -> str:
    return next(
        name for name in ("balance", "layers", "composition") if tables.schema(name).names == table.schema.names
    )


# --- charge balance ----------------------------------------------------------------------------------------------


def test_each_sample_has_a_column_and_rows_share_their_scales(two: dict[str, pa.Table]):
    figure, _ = compared(two, "charge_balance")
    for row in ("nm", "share"):
        panels = [named(figure, f"{name}|{row}") for name in ("invented", "another")]
        assert len({axes.get_ylim() for axes in panels}) == 1
        assert len({axes.get_xlim() for axes in panels}) == 1
        left, right = (axes.get_position() for axes in panels)
        assert left.x1 < right.x0
        assert left.y0 == pytest.approx(right.y0)
    upper, lower = (named(figure, f"invented|{row}").get_position() for row in ("nm", "share"))
    assert upper.y0 > lower.y1
    assert overlapping(figure) == []


def test_areas_differ_in_colour_and_marker_and_are_named_with_their_decimal_point(made: dict[str, pa.Table]):
    balance = made["balance"]
    disk = rows(balance, area=lambda _: "disk_8_00_mm", charge_uah_cm2=lambda row: 1.1 * row["charge_uah_cm2"])
    figure, numbers = drawn({**made, "balance": pa.concat_tables([balance, disk])}, "charge_balance")
    assert {"pellet", "disk 8.00 mm", "all of the charge"} <= set(words(figure))
    points = [line for line in named(figure, "invented|share").lines if line.get_marker() not in ("None", "")]
    assert len({(line.get_color(), line.get_marker()) for line in points}) == 2
    assert len(numbers) == 2 * balance.num_rows


@given(st.floats(1e-4, 0.9), st.floats(0.001, 50.0))
def test_a_share_and_its_band_stay_on_the_page(share: float, error_nm: float):
    balance = rows(
        synthetic_derived.balance(),
        accounted_fraction=lambda row: share if row["charge_uah_cm2"] else None,
        accounted_nm=lambda row: share * row["lithium_equivalent_nm"] or None,
        accounted_systematic_stderr_nm=lambda _: error_nm,
    )
    held = {"acquisitions": synthetic_tables.make(synthetic_tables.vep_series())["acquisitions"], "balance": balance}
    (figure,), _ = charge_balance.draw({"kind": "charge_balance", "experiment": "invented"}, held, "measured")
    low, high = named(figure, "invented|share").get_ylim()
    assert low == 0.0
    assert high > share


# --- alternatives ------------------------------------------------------------------------------------------------


def test_the_change_is_the_share_less_the_models_at_the_same_time(made: dict[str, pa.Table]):
    figure, numbers = drawn(made, "alternatives")
    axes = named(figure, "invented|LixP|changes")
    table = made["components"].to_pandas()
    own = table[table["component"] == "LixP"].set_index("acquisition")["area_fraction"]
    without = made["alternatives"].to_pandas()
    other = without[(without["alternative"] == "without_ge3p") & (without["component"] == "LixP")]
    expected = other.set_index("acquisition")["area_fraction"] - own
    curves = [line for line in axes.lines if len(line.get_xdata()) == len(expected)]
    assert any(np.allclose(line.get_ydata(), expected) for line in curves)
    assert set(numbers["alternative"]) == {"the model", "without_ge3p", "tie_minus"}


def test_the_model_itself_is_the_zero_line_of_its_changes(made: dict[str, pa.Table]):
    axes = named(drawn(made, "alternatives")[0], "invented|LixP|changes")
    zero = next(line for line in axes.lines if list(line.get_ydata()) == [0.0, 0.0])
    assert zero.get_color() == "black"
    assert "0" in [text.get_text() for text in axes.get_yticklabels()]
    low, high = axes.get_ylim()
    assert low == -high


def test_an_alternative_has_one_look_in_all_panels(two: dict[str, pa.Table]):
    figure, _ = compared(two, "alternatives")
    looks: dict[str, set[str]] = {}
    for axes in figure.axes:
        for line in axes.lines:
            if line.get_marker() in alternatives.MARKERS and len(line.get_xdata()) > 1:
                looks.setdefault(str(line.get_marker()), set()).add(to_hex(line.get_color()))
    assert looks
    assert {marker: len(colours) for marker, colours in looks.items()} == dict.fromkeys(looks, 1)


@given(st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=12, unique=True))
def test_the_model_comes_first_in_black_and_others_in_their_order(names: list[str]):
    points = pd.DataFrame({"alternative": [*names, alternatives.MODEL]})
    look = alternatives._look(points)
    assert look.names == [alternatives.MODEL, *names]
    assert look.of(alternatives.MODEL)["color"] == "#000000"
    assert all(look.colours[name] != "#000000" for name in names)


# --- onset -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("at", "written"), [(1200.0, "after 20 min (in acquisition 4)"), (np.nan, "in acquisition 4")])
def test_when_it_appeared_is_told_in_minutes_where_known(at: float, written: str):
    assert onset._when(pd.Series({"acquisition": 4, "axis_s": at})) == written


@given(st.floats(1e-2, 1e6), st.floats(1e-3, 1e3))
def test_large_areas_leave_room_to_see_the_limits(area: float, limit: float):
    axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    own = pd.DataFrame({"detection_limit_cps_ev": [limit] * 3, "value": [0.0, area / 2, area]})
    onset._let_small_ones_be_seen(axes, own)
    dwarfed = area > onset._DWARFED * limit
    assert (axes.get_yscale() == "symlog") == dwarfed
    if dwarfed:
        assert axes.get_ylim()[0] < 0.0


# --- time axes ---------------------------------------------------------------------------------------------------


@given(st.floats(0.0, 5000.0))
def test_a_single_time_has_one_tick_at_itself(time: float):
    axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    series.finish_time(axes, pd.Series([time]), "none known")
    low, high = axes.get_xlim()
    assert low < 0.0 <= time < high
    if time == 0.0:
        assert list(axes.get_xticks()) == [0.0]


@given(st.lists(st.floats(0.0, 1e4), min_size=2, max_size=30, unique=True))
def test_all_times_are_inside_with_room_on_both_sides(times: list[float]):
    axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    first, last = series.finish_time(axes, pd.Series(times), "none known")
    low, high = axes.get_xlim()
    assert low < first <= min(times)
    assert max(times) == last < high


def test_a_series_of_one_acquisition_is_drawn_with_its_limits():
    held = synthetic_tables.make(synthetic_tables.long_series(1))
    held["kinetics"] = tables.from_rows("kinetics", [])
    settings = {"kind": "time_series", "experiment": "invented", "axis": "sputter_time_s", "quantity": "area_fraction"}
    (figure,), _ = time_series.draw(settings, held, "measured")
    assert overlapping(figure) == []
    assert outside(figure) == []
    for axes in figure.axes:
        assert list(axes.get_xticks()) == [0.0]


# --- composition -------------------------------------------------------------------------------------------------


def test_ticks_of_values_are_round(made: dict[str, pa.Table]):
    axes = named(drawn(made, "composition")[0], "invented")
    steps = np.diff(axes.get_yticks())
    assert float(f"{steps[0]:.0e}".split("e")[0]) in (1.0, 2.0, 5.0, 3.0)
    assert steps[0] in (5.0, 10.0, 20.0, 25.0)


def test_bands_hold_their_points(two: dict[str, pa.Table]):
    _, numbers = compared(two, "composition")
    values = numbers[numbers["kind"] == "value"]
    assert (values["low"] < values["atomic_percent"]).all()
    assert (values["high"] > values["atomic_percent"]).all()
    half = 1.959964 * np.hypot(values["statistical_stderr"], values["systematic_stderr"])
    np.testing.assert_allclose(values["high"] - values["atomic_percent"], half)


# --- words -------------------------------------------------------------------------------------------------------


@given(st.lists(st.lists(st.sampled_from(["flat film", "TPP-2M to 15%", "patches", "carbon"]), max_size=4), max_size=6))
def test_assumptions_hold_every_clause_once_in_their_order(sets: list[list[str]]):
    told = facts.assumptions("; ".join(clauses) for clauses in sets)
    clauses = told.split("; ") if told else []
    assert clauses == list(dict.fromkeys(clause for one in sets for clause in one))


@pytest.mark.parametrize("kind", ["growth", "charge_balance"])
def test_captions_state_each_assumption_once(two: dict[str, pa.Table], kind: str):
    settings = {key: value for key, value in SETTINGS[kind].items() if key != "experiment"}
    text = kinds.module_of(kind).describe({"kind": kind, **settings, "experiments": ["invented", "another"]}, two)
    assumed = text.split("Assumed: ")[1]
    assert assumed.count("flat film") == 1
    assert assumed.endswith(".")


def test_widths_of_comparisons_are_a_journals(two: dict[str, pa.Table]):
    for kind in ("charge_balance", "growth", "alternatives", "composition", "onset"):
        figure, _ = compared(two, kind)
        assert figure.get_size_inches()[0] * 2.54 == pytest.approx(style.WIDTH_CM["double"])
