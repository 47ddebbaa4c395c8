"""Maps over energy and time: what each pixel shows, where the rows stand, which charge goes with them."""

from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection, QuadMesh
from matplotlib.figure import Figure

import synthetic_tables
from page_texts import words
from xps import tables
from xps.figures.kinds import heat_map

SETTINGS = {"kind": "heat_map", "experiment": "invented", "axis": "plating_time_s"}


@pytest.fixture(scope="module")
def given() -> dict[str, pa.Table]:
    series = synthetic_tables.vep_series(failed=frozenset({("Ge3d", 2)}), missing=frozenset({("O1s", 1)}))
    return synthetic_tables.make(series)


def drawn(given: dict[str, pa.Table], **settings: Any) -> tuple[Figure, pd.DataFrame]:
    (figure,), numbers = heat_map.draw({**SETTINGS, **settings}, given, "simulated")
    return figure, numbers


def named(figure: Figure, label: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_label() == label)


def rows_of(axes: Axes) -> list[np.ndarray]:
    return [item.get_array().ravel() for item in axes.collections if isinstance(item, QuadMesh)]


def test_each_window_has_a_map_of_data_model_and_residual(given: dict[str, pa.Table]):
    labels = [str(axes.get_label()) for axes in drawn(given)[0].axes]
    for region in ("Li1s", "Ge3d", "P2p", "O1s"):
        assert [label.split("|")[2] for label in labels if f"|{region}|" in label] == ["data", "model", "residual"]


def test_layers_can_be_chosen(given: dict[str, pa.Table]):
    figure, _ = drawn(given, layers=["residual"])
    assert {str(axes.get_label()).split("|")[2] for axes in figure.axes if "|Li1s|" in str(axes.get_label())} == {
        "residual"
    }
    assert "Intensity in the range of the column" not in words(figure)


@pytest.mark.parametrize(
    ("layer", "column"), [("data", "data_cps"), ("model", "envelope_cps"), ("residual", "residual_sigma")]
)
def test_a_row_of_a_map_holds_the_channels_of_its_acquisition(given: dict[str, pa.Table], layer: str, column: str):
    found = rows_of(named(drawn(given)[0], f"lagp_li1s|Li1s|{layer}"))
    table = given["curves"].to_pandas()
    own = table[table["region"] == "Li1s"]
    assert len(found) == 4
    for acquisition, values in enumerate(found):
        np.testing.assert_array_equal(values, own[own["acquisition"] == acquisition][column])


def test_the_background_can_be_taken_off(given: dict[str, pa.Table]):
    figure, numbers = drawn(given, background="subtracted")
    own = numbers[(numbers["region"] == "Li1s") & (numbers["acquisition"] == 1)]
    found = rows_of(named(figure, "lagp_li1s|Li1s|data"))[1]
    np.testing.assert_allclose(found, own["data_cps"] - own["background_cps"], atol=0.002)


def test_energy_decreases_to_the_right_and_time_runs_down(given: dict[str, pa.Table]):
    axes = named(drawn(given)[0], "lagp_li1s|Li1s|data")
    assert axes.get_xlim()[0] > axes.get_xlim()[1]
    first, last = axes.get_ylim()[::-1]
    assert first < 0 < 70 < last
    edges = [item.get_coordinates()[:, 0, 1].tolist() for item in axes.collections if isinstance(item, QuadMesh)]
    # times 0, 5, 30, 70 min: each row reaches half-way to its neighbours
    assert [edge[1] for edge in edges[:3]] == [2.5, 17.5, 50.0]


def test_a_failed_fit_is_framed_red_in_model_and_residual_and_keeps_its_data(given: dict[str, pa.Table]):
    figure, _ = drawn(given)
    for layer, number in (("data", 4), ("model", 3), ("residual", 3)):
        axes = named(figure, f"lagp_ge3d_p2p|Ge3d|{layer}")
        assert len(rows_of(axes)) == number
        frames = [
            item for item in axes.collections if isinstance(item, PolyCollection) and not isinstance(item, QuadMesh)
        ]
        assert len(frames) == 4 - number


def test_a_missing_window_leaves_its_row_grey(given: dict[str, pa.Table]):
    assert len(rows_of(named(drawn(given)[0], "lagp_o1s|O1s|data"))) == 3


def test_the_charge_stands_at_the_right(given: dict[str, pa.Table]):
    figure, _ = drawn(given)
    right = next(axes for axes in figure.axes if axes.get_label() == "charge")
    charges = [float(text.get_text()) for text in right.get_yticklabels()]
    # 20 µA for 0, 30 and 70 min; 5 min is too near to 0 min to be written
    assert charges == pytest.approx([0.0, 10.0, 23.3])
    per_area, _ = drawn(given, charge_area_cm2=0.5)
    right = next(axes for axes in per_area.axes if axes.get_label() == "charge")
    assert [float(text.get_text()) for text in right.get_yticklabels()] == pytest.approx([0.0, 20.0, 46.7])


@pytest.mark.parametrize("cycles", [1, 40])
def test_one_row_and_forty_rows_fit_on_a_page(cycles: int):
    made = synthetic_tables.make(synthetic_tables.long_series(cycles))
    figure, numbers = drawn(made, axis="sputter_time_s")
    assert numbers["acquisition"].nunique() == cycles
    assert figure.get_size_inches()[1] * 2.54 < 23.4
    assert not [axes for axes in figure.axes if axes.get_label() == "charge"]


def test_even_rows_are_equally_high_and_named_by_their_times(given: dict[str, pa.Table]):
    """Eight doses, half of them within the first quarter of the time: on a time axis these rows are a hair thin."""
    axes = named(drawn(given, rows="even")[0], "lagp_li1s|Li1s|data")
    edges = [item.get_coordinates()[:, 0, 1] for item in axes.collections if isinstance(item, QuadMesh)]
    assert {float(np.ptp(edge)) for edge in edges} == {1.0}
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0", "5", "30", "70"]
    right = next(axes for axes in drawn(given, rows="even")[0].axes if axes.get_label() == "charge")
    assert [float(text.get_text()) for text in right.get_yticklabels()] == pytest.approx([0.0, 1.67, 10.0, 23.3])


def test_colours_begin_at_zero_above_the_background_and_at_the_lowest_count_without(given: dict[str, pa.Table]):
    table = given["curves"].to_pandas()
    own = table[table["region"] == "Li1s"]
    lowest = min(own["data_cps"].min(), own["envelope_cps"].min(), own["background_cps"].min())
    for settings, expected in (({}, lowest), ({"background": "subtracted"}, 0.0)):
        axes = named(drawn(given, **settings)[0], "lagp_li1s|Li1s|data")
        (lowest_shown,) = {item.norm.vmin for item in axes.collections if isinstance(item, QuadMesh)}
        assert lowest_shown == pytest.approx(expected)
    for layer in ("data", "model"):
        axes = named(drawn(given)[0], f"lagp_li1s|Li1s|{layer}")
        assert {item.norm.vmax for item in axes.collections if isinstance(item, QuadMesh)} == {
            max(own["data_cps"].max(), own["envelope_cps"].max())
        }


def test_only_energies_that_all_rows_measured_are_shown(given: dict[str, pa.Table]):
    """Shifts differ from row to row; what one row lacks would look like a signal of zero."""
    curves = given["curves"]
    moved = [
        {**row, "binding_energy_ev": row["binding_energy_ev"] + 0.3 * row["acquisition"]} for row in curves.to_pylist()
    ]
    shifted = {**given, "curves": tables.from_rows("curves", moved)}
    left, right = named(drawn(shifted)[0], "lagp_li1s|Li1s|data").get_xlim()
    own = [row for row in moved if row["region"] == "Li1s"]
    spans = [[row["binding_energy_ev"] for row in own if row["acquisition"] == number] for number in range(4)]
    assert left == pytest.approx(min(map(max, spans)))
    assert right == pytest.approx(max(map(min, spans)))


def test_a_single_row_is_named_by_its_time():
    made = synthetic_tables.make(synthetic_tables.long_series(1))
    figure, _ = drawn(made, axis="sputter_time_s")
    axes = named(figure, "sno2_c1s|C1s|data")
    assert [text.get_text() for text in axes.get_yticklabels()] == ["0"]


def test_a_series_without_times_is_drawn_in_its_order(given: dict[str, pa.Table]):
    axes = named(drawn(given, axis="rest_time_s")[0], "lagp_li1s|Li1s|data")
    assert axes.get_ylim() == (3.5, -0.5)


def test_only_the_first_column_has_ticks_of_time(given: dict[str, pa.Table]):
    figure, _ = drawn(given)
    for region, ticked in (("Li1s", True), ("Ge3d", False), ("O1s", False)):
        axes = next(axes for axes in figure.axes if f"|{region}|data" in str(axes.get_label()))
        assert axes.yaxis.get_major_ticks()[1].tick1line.get_visible() is ticked
