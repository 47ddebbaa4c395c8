"""Areas and shares along a series as drawn: values, bars, limits, laws, failures, panels and their numbers."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import synthetic_tables
from page_texts import outside, overlapping, texts, words
from xps import tables
from xps.errors import ConfigError
from xps.figures import palette, style
from xps.figures.kinds import time_series
from xps.figures.reading.times import axis_column

LAWS = ["linear", "exponential", "parabolic"]
SETTINGS = {
    "kind": "time_series",
    "experiment": synthetic_tables.EXPERIMENT,
    "axis": "plating_time_s",
    "quantity": "area_cps_ev",
}


def with_kinetics(series: synthetic_tables.Series) -> dict[str, pa.Table]:
    made = synthetic_tables.make(series)
    laws = synthetic_tables.followed(made["acquisitions"], made["components"], series.axis, LAWS)
    return {**made, "kinetics": laws}


@pytest.fixture(scope="module")
def vep() -> dict[str, pa.Table]:
    return with_kinetics(synthetic_tables.vep_series(failed=frozenset({("Ge3d", 2)}), excluded={3: "lost"}))


def drawn(given: dict[str, pa.Table], **settings: Any) -> tuple[Figure, pd.DataFrame]:
    pages, numbers = time_series.draw({**SETTINGS, **settings}, given, "simulated")
    assert len(pages) == 1
    return pages[0], numbers


def panels(figure: Figure) -> dict[str, Axes]:
    found = [axes for axes in figure.axes if axes.get_label() != "charge" and not is_strip(axes)]
    return {str(axes.get_label()).split("|")[1]: axes for axes in found}


def is_strip(axes: Axes) -> bool:
    return str(axes.get_label()).endswith("|limits")


def strips(figure: Figure) -> dict[str, Axes]:
    return {str(axes.get_label()).split("|")[1]: axes for axes in figure.axes if is_strip(axes)}


def test_one_panel_per_core_level_in_the_order_of_the_models(vep: dict[str, pa.Table]):
    assert list(panels(drawn(vep)[0])) == ["Li 1s", "Ge 3d", "O 2s", "P 2p", "Ge 3p", "O 1s"]


def test_core_levels_choose_and_order_the_panels(vep: dict[str, pa.Table]):
    assert list(panels(drawn(vep, core_levels=["O 1s", "Ge 3d"])[0])) == ["O 1s", "Ge 3d"]


def test_shares_leave_out_losses(vep: dict[str, pa.Table]):
    assert "O 2s" not in panels(drawn(vep, quantity="area_fraction")[0])


def test_shares_leave_out_single_species_unless_asked_for():
    profile = with_kinetics(synthetic_tables.long_series(5))
    shares = {"quantity": "area_fraction", "axis": "sputter_time_s"}
    assert list(panels(drawn(profile, **shares)[0])) == ["Si 2p", "Sn 3d"]
    assert list(panels(drawn(profile, **shares, core_levels=["C 1s"])[0])) == ["C 1s"]


def test_species_choose_what_is_drawn(vep: dict[str, pa.Table]):
    figure, numbers = drawn(vep, species=["Ge4+"])
    assert set(numbers["species"]) == {"Ge4+"}
    assert list(panels(figure)) == ["Ge 3d", "Ge 3p"]


def test_numbers_equal_the_components_table(vep: dict[str, pa.Table]):
    _, numbers = drawn(vep)
    values = numbers[numbers["kind"] == "value"]
    table = vep["components"].to_pandas()
    detected = table[table["detected"].eq(True)]
    merged = values.merge(detected, on=["model", "component", "acquisition"], how="outer", validate="1:1")
    np.testing.assert_array_equal(merged["value"], merged["area_cps_ev"])
    np.testing.assert_array_equal(merged["stderr"], merged["area_stderr_cps_ev"])
    assert merged["plating_time_s"].map({0.0: 0, 300.0: 1, 1800.0: 2}).eq(merged["acquisition"]).all()


def test_limits_of_undetected_components_are_those_of_the_table(vep: dict[str, pa.Table]):
    _, numbers = drawn(vep)
    limits = numbers[numbers["kind"] == "upper_limit"]
    table = vep["components"].to_pandas()
    undetected = table[table["detected"].eq(False)]
    merged = limits.merge(undetected, on=["model", "component", "acquisition"], how="outer", validate="1:1")
    np.testing.assert_array_equal(merged["value"], merged["upper_limit_95_cps_ev"])
    assert limits["stderr"].isna().all()


def test_the_limit_of_a_share_counts_the_other_species_in(vep: dict[str, pa.Table]):
    _, numbers = drawn(vep, quantity="area_fraction")
    limit = numbers[(numbers["component"] == "Ge0 3p") & (numbers["kind"] == "upper_limit")]["value"].item()
    area_limit = 0.01 + 1.645 * (5 + 0.02 * 0.01)
    assert limit == pytest.approx(area_limit / (area_limit + 22000))


def test_drawn_points_bars_and_units(vep: dict[str, pa.Table]):
    figure, numbers = drawn(vep)
    axes = panels(figure)["P 2p"]
    own = numbers[(numbers["component"] == "PO4") & (numbers["kind"] == "value")]
    dotted = next(line for line in axes.lines if len(line.get_xdata()) == 3 and line.get_marker() == "None")
    np.testing.assert_allclose(dotted.get_xdata(), own["plating_time_s"] / 60)
    np.testing.assert_allclose(dotted.get_ydata(), own["value"] / 1000)
    bars = axes.containers[0].lines[2][0].get_segments()
    np.testing.assert_allclose([np.ptp(bar[:, 1]) for bar in bars], 2 * 1.959964 * own["stderr"] / 1000)
    assert "Area (kcps·eV)" in words(figure)
    assert "Plating time (min)" in words(figure)


def test_each_species_has_its_colour_and_marker_in_every_panel(vep: dict[str, pa.Table]):
    figure, _ = drawn(vep)
    for level in ("Ge 3d", "Ge 3p"):
        drawn_with = {(to_hex(line.get_color()), line.get_marker()) for line in panels(figure)[level].lines}
        assert any(
            colour == palette.species_colour("Ge4+").lower() and mark in palette.MARKERS for colour, mark in drawn_with
        )


def test_failed_fits_are_marked_and_not_left_out(vep: dict[str, pa.Table]):
    figure, numbers = drawn(vep)
    failed = numbers[numbers["kind"] == "failed"]
    assert set(failed["component"]) == {"Ge4+ 3d", "Ge0 3d", "O 2s"}
    assert failed["value"].isna().all()
    marks = [line for line in panels(figure)["Ge 3d"].lines if line.get_marker() == "x"]
    assert [line.get_xdata()[0] for line in marks] == [30.0]
    assert "fit failed" in words(figure)


def test_excluded_acquisitions_are_not_drawn(vep: dict[str, pa.Table]):
    assert set(drawn(vep)[1]["acquisition"]) == {0, 1, 2}


def test_limits_at_one_time_stand_side_by_side(vep: dict[str, pa.Table]):
    figure, _ = drawn(vep)
    figure.canvas.draw()
    limits = [line for line in strips(figure)["Li 1s"].lines if not isinstance(line.get_marker(), str)]
    places = [line.get_transform().transform([(line.get_xdata()[0], line.get_ydata()[0])])[0][0] for line in limits]
    assert len(places) == len({round(place, 3) for place in places}) == 3


def test_limits_stand_in_a_strip_whose_axis_is_that_of_all_panels(vep: dict[str, pa.Table]):
    """Near zero on a linear axis a limit of 0.2 % and one of 2 % are the same place."""
    figure, numbers = drawn(vep, quantity="area_fraction")
    limits = numbers[numbers["kind"] == "upper_limit"]
    held = strips(figure)
    assert set(held) == set(limits["core_level"])
    for level, axes in held.items():
        assert axes.get_yscale() == "log"
        drawn_at = sorted(line.get_ydata()[0] for line in axes.lines)
        np.testing.assert_allclose(drawn_at, sorted(limits.loc[limits["core_level"] == level, "value"]))
        assert axes.get_xlim() == panels(figure)[level].get_xlim()
        assert axes.get_position().y1 < panels(figure)[level].get_position().y0
    assert len({axes.get_ylim() for axes in held.values()}) == 1
    assert all(text.get_text().endswith(" %") for axes in held.values() for text in axes.get_yticklabels())
    arrows = [line for axes in panels(figure).values() for line in axes.lines if not isinstance(line.get_marker(), str)]
    assert arrows == []


def test_only_panels_with_a_limit_have_a_strip(vep: dict[str, pa.Table]):
    everything = replaced(vep["components"], detected=[True] * vep["components"].num_rows)
    assert strips(drawn({**vep, "components": everything})[0]) == {}


def law_series() -> dict[str, pa.Table]:
    """A component that truly falls exponentially, and one that truly grows linearly, twelve acquisitions long."""
    times = np.arange(12) * 300.0
    parts = tuple(
        synthetic_tables.Part(name, "Ge 3d", name, position, 1.3, tuple(areas))
        for name, position, areas in (
            ("Ge4+", 32.5, 9000 * np.exp(-1e-3 * times) + 500),
            ("Ge0", 28.0, 500 + 2.0 * times),
        )
    )
    window = synthetic_tables.Window("ge", "Ge3d", 44, 16, 400, parts)
    return with_kinetics(synthetic_tables.Series((window,), tuple(times)))


def test_the_chosen_law_is_drawn_where_it_was_fitted():
    given = law_series()
    figure, numbers = drawn(given)
    curves = numbers[numbers["kind"] == "law"]
    assert set(zip(curves["component"], curves["law"], strict=True)) == {("Ge4+", "exponential"), ("Ge0", "linear")}
    linear = curves[curves["component"] == "Ge0"]
    np.testing.assert_allclose(linear["value"], 500 + 2.0 * linear["plating_time_s"], rtol=1e-3)
    assert (linear["plating_time_s"].min(), linear["plating_time_s"].max()) == (0.0, 3300.0)
    assert "chosen rate law" in words(figure)
    assert sum(len(line.get_xdata()) == 200 for line in panels(figure)["Ge 3d"].lines) == 2


def test_laws_can_be_switched_off_and_belong_to_their_axis():
    given = law_series()
    for settings in ({"laws": False}, {"axis": "start_time_s"}, {"quantity": "area_fraction", "laws": False}):
        figure, numbers = drawn(given, **settings)
        assert "law" not in set(numbers["kind"])
        assert "chosen rate law" not in words(figure)


@pytest.mark.parametrize("quantity", ["area_fraction", "area_cps_ev"])
@pytest.mark.parametrize("width", ["single", "double"])
def test_no_text_overlaps_another_or_leaves_the_paper(vep: dict[str, pa.Table], quantity: str, width: str):
    figure, _ = drawn(vep, quantity=quantity, width=width)
    assert figure.get_size_inches()[0] * 2.54 == pytest.approx(style.WIDTH_CM[width])
    assert overlapping(figure) == []
    assert outside(figure) == []
    assert min(item.get_fontsize() for item in texts(figure)) >= 6


def test_shares_have_one_scale_from_0_to_1(vep: dict[str, pa.Table]):
    figure, _ = drawn(vep, quantity="area_fraction")
    assert len({axes.get_ylim() for axes in panels(figure).values()}) == 1
    low, high = next(iter(panels(figure).values())).get_ylim()
    assert low < 0
    assert high > 1
    assert "SIMULATED DATA" in words(figure)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"species": ["Ge5+"]}, r"species: 'Ge5\+' is not in the tables \(did you mean 'Ge4\+'"),
        ({"core_levels": ["Ge 3f"]}, r"core_levels: 'Ge 3f' is not in the tables \(did you mean 'Ge 3"),
        ({"models": ["lagp"]}, r"models: 'lagp' is not in the tables .*; there are: lagp_li1s"),
        ({"species": ["Li0"], "core_levels": ["O 1s"]}, "no component of invented fits the figure's"),
    ],
)
def test_settings_that_the_tables_do_not_hold_are_refused(vep: dict[str, pa.Table], change: dict[str, Any], words: str):
    with pytest.raises(ConfigError, match=words):
        drawn(vep, **change)


def test_a_series_of_one_acquisition_can_be_drawn():
    figure, numbers = drawn(with_kinetics(synthetic_tables.long_series(1)), axis="sputter_time_s")
    assert len(panels(figure)) == 3
    assert set(numbers["acquisition"]) == {0}


def test_a_series_without_kinetics_rows_can_be_drawn(vep: dict[str, pa.Table]):
    figure, _ = drawn({**vep, "kinetics": tables.from_rows("kinetics", [])})
    assert len(panels(figure)) == 6


def replaced(table: pa.Table, **columns: list[Any]) -> pa.Table:
    """Return ``table`` with some columns given anew."""
    for name, values in columns.items():
        index = table.schema.get_field_index(name)
        table = table.set_column(index, table.schema.field(index), pa.array(values, table.schema.field(index).type))
    return table


def test_a_series_without_any_known_time_says_so(vep: dict[str, pa.Table]):
    acquired = vep["acquisitions"]
    unknown = replaced(acquired, sputter_time_s=[None] * acquired.num_rows)
    figure, numbers = drawn({**vep, "acquisitions": unknown}, axis="sputter_time_s")
    assert numbers["sputter_time_s"].isna().all()
    assert all("no sputter time known" in [text.get_text() for text in axes.texts] for axes in panels(figure).values())


def test_each_region_stands_at_the_middle_of_its_own_window(vep: dict[str, pa.Table]):
    """Regions of one cycle are up to an hour apart, and rate laws are fitted at each region's own time."""
    acquired = vep["acquisitions"]
    starts = [1000.0 * index for index in range(acquired.num_rows)]
    timed = replaced(acquired, start_time_s=starts, end_time_s=[start + 400.0 for start in starts])
    _, numbers = drawn({**vep, "acquisitions": timed}, axis="start_time_s")
    components = vep["components"].to_pandas()
    rows = acquired.select(["acquisition", "region"]).to_pylist()
    middle = {(row["acquisition"], row["region"]): start + 200.0 for row, start in zip(rows, starts, strict=True)}
    region = {(row.acquisition, row.component): row.region for row in components.itertuples()}
    points = numbers[numbers["kind"] != "law"]
    assert len(points) > 4
    for row in points.itertuples():
        assert row.elapsed_time_s == middle[(row.acquisition, region[(row.acquisition, row.component)])]


@pytest.mark.parametrize(("origin", "words"), [("computed", "Elapsed time, at least"), ("log", "Elapsed time (")])
def test_a_computed_axis_is_not_passed_off_as_measured(vep: dict[str, pa.Table], origin: str, words: str):
    acquired = replaced(vep["acquisitions"], time_origin=[origin] * vep["acquisitions"].num_rows)
    figure, _ = drawn({**vep, "acquisitions": acquired}, axis="start_time_s")
    assert any(text.get_text().startswith(words) for text in figure.texts)


def rings(axes: Axes) -> list[tuple[float, float]]:
    found = [line for line in axes.lines if to_hex(line.get_markeredgecolor()) == style.FAILURE_RED.lower()]
    return [place for line in found for place in zip(line.get_xdata(), line.get_ydata(), strict=True)]


def test_points_of_fits_that_the_counts_reject_are_ringed_and_explained(vep: dict[str, pa.Table]):
    """An error bar from a fit of reduced chi square 500 is invisible, and so was the misfit."""
    fits = vep["fits"]
    chances = [1e-9 if (row["region"], row["acquisition"]) == ("P2p", 1) else 0.4 for row in fits.to_pylist()]
    figure, numbers = drawn({**vep, "fits": replaced(fits, p_value=chances)})
    poor = numbers[numbers["fit_p_value"] < 1e-3]
    assert set(poor["component"]) == {"PO4", "LixP", "Ge4+ 3p", "Ge0 3p"}
    assert set(poor["acquisition"]) == {1}
    assert rings(panels(figure)["P 2p"]) == [(5.0, 13.0), (5.0, 0.3)]
    assert rings(panels(figure)["O 1s"]) == []
    assert "fit that the counts reject" in words(figure)
    assert overlapping(figure) == []
    assert "fit that the counts reject" not in words(drawn(vep)[0])


@pytest.mark.parametrize("axis", ["plating_time_s", "start_time_s"])
def test_a_region_missing_in_a_cycle_is_called_not_measured_as_in_the_grid(vep: dict[str, pa.Table], axis: str):
    """Where a model has several windows, a region that is missing still has its empty rows."""
    acquired = vep["acquisitions"]
    there = [(row["region"], row["acquisition"]) != ("Ge3d", 2) for row in acquired.to_pylist()]
    figure, numbers = drawn({**vep, "acquisitions": acquired.filter(pa.array(there))}, axis=axis)
    absent = numbers[numbers["kind"] == "not_measured"]
    assert set(absent["component"]) == {"Ge4+ 3d", "Ge0 3d", "O 2s"}
    assert absent[axis_column(axis)].notna().all()
    assert "failed" not in set(numbers["kind"])
    assert "not measured" in words(figure)
    assert "fit failed" not in words(figure)
    strokes = [line for line in panels(figure)["Ge 3d"].lines if line.get_marker() == "_"]  # error bars end in some too
    assert [to_hex(line.get_color()).upper() for line in strokes].count("#6E6E6E") == 1
