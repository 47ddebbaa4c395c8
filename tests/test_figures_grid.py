"""Which numbers a grid shows: panels equal the tables, components are redrawn right, rows carry axis and charge."""

import re
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from scipy.special import voigt_profile

import synthetic_tables
from xps import tables
from xps.errors import ConfigError, TableError
from xps.figures.kinds import spectra_grid
from xps.figures.reading import grid as selection
from xps.figures.reading import redrawn, times

SETTINGS = {"kind": "spectra_grid", "experiment": synthetic_tables.EXPERIMENT, "axis": "plating_time_s"}
ENERGY = np.arange(540.0, 520.0, -0.1)


@pytest.fixture(scope="module")
def series() -> synthetic_tables.Series:
    return synthetic_tables.vep_series(
        failed=frozenset({("Ge3d", 2)}), missing=frozenset({("O1s", 1)}), excluded={3: "sample lost"}
    )


@pytest.fixture(scope="module")
def given_tables(series: synthetic_tables.Series) -> dict[str, pa.Table]:
    return synthetic_tables.make(series)


@pytest.fixture(scope="module")
def grid(given_tables: dict[str, pa.Table]) -> selection.Grid:
    return selection.select_grid(SETTINGS, given_tables)


def test_columns_are_the_windows_of_the_models_in_their_order(grid: selection.Grid):
    assert [(column.region, column.core_levels) for column in grid.columns] == [
        ("Li1s", ("Li 1s",)),
        ("Ge3d", ("Ge 3d", "O 2s")),
        ("P2p", ("P 2p", "Ge 3p")),
        ("O1s", ("O 1s",)),
    ]


def test_rows_are_the_acquisitions_that_were_not_excluded(grid: selection.Grid):
    assert [(row.acquisition, row.axis_s) for row in grid.rows] == [(0, 0.0), (1, 300.0), (2, 1800.0)]


def test_every_panel_holds_the_numbers_of_the_curves_table(grid: selection.Grid, given_tables: dict[str, pa.Table]):
    frame = given_tables["curves"].to_pandas()
    assert len(grid.panels) == 11
    for (model, region, acquisition), panel in grid.panels.items():
        rows = frame[(frame["model"] == model) & (frame["region"] == region) & (frame["acquisition"] == acquisition)]
        np.testing.assert_array_equal(panel.data_cps, rows["data_cps"])
        np.testing.assert_array_equal(panel.binding_energy_ev, rows["binding_energy_ev"])
        if not panel.failure:
            np.testing.assert_array_equal(panel.envelope_cps, rows["envelope_cps"])
            np.testing.assert_array_equal(panel.residual_sigma, rows["residual_sigma"])


def test_components_on_their_background_add_up_to_the_envelope(grid: selection.Grid):
    # The envelope was computed by scipy with Olivero's width, good to 2e-4: an independent truth.
    for panel in grid.panels.values():
        if not panel.failure:
            total = panel.background_cps + sum(curve.intensity_cps for curve in panel.components)
            np.testing.assert_allclose(total, panel.envelope_cps, rtol=1e-3)


def test_a_failed_fit_keeps_its_data_and_its_reason(grid: selection.Grid):
    panel = grid.panels["lagp_ge3d_p2p", "Ge3d", 2]
    assert panel.failure.startswith("no convergence after 4000 evaluations")
    assert panel.envelope_cps is None
    assert panel.components == ()
    assert panel.data_cps.max() > 0


def test_a_window_that_was_not_measured_has_no_panel(grid: selection.Grid):
    column = next(column for column in grid.columns if column.region == "O1s")
    assert grid.panel(grid.rows[1], column) is None
    assert len(grid.column_panels(column)) == 2


def test_verdict_and_detection_reach_the_curve(grid: selection.Grid):
    found = {curve.component: curve for curve in grid.panels["lagp_ge3d_p2p", "P2p", 0].components}
    assert found["LixP"].uncertain
    assert not found["LixP"].detected
    assert not found["PO4"].uncertain
    assert found["PO4"].detected


def test_core_levels_choose_and_order_the_columns(given_tables: dict[str, pa.Table]):
    grid = selection.select_grid({**SETTINGS, "core_levels": ["O 1s", "Ge 3p", "P 2p"]}, given_tables)
    assert [column.region for column in grid.columns] == ["O1s", "P2p"]


def test_models_choose_and_order_the_columns(given_tables: dict[str, pa.Table]):
    grid = selection.select_grid({**SETTINGS, "models": ["lagp_o1s", "lagp_li1s"]}, given_tables)
    assert [column.model for column in grid.columns] == ["lagp_o1s", "lagp_li1s"]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"experiment": "invneted"}, "experiment: 'invneted' is not in the tables (did you mean 'invented'?)"),
        ({"models": ["lagp_o2s"]}, "models: 'lagp_o2s' is not in the tables (did you mean 'lagp_o1s'?)"),
        (
            {"core_levels": ["Ge 3s"]},
            "core_levels: 'Ge 3s' is not in the tables (did you mean 'Ge 3p'?); there are: Li 1s, Ge 3d",
        ),
        ({"acquisitions": [0, 3]}, "acquisitions [3] do not exist or are excluded; there are [0, 1, 2]"),
    ],
)
def test_settings_that_the_tables_do_not_hold_are_refused(
    given_tables: dict[str, pa.Table], change: dict[str, Any], words: str
):
    with pytest.raises(ConfigError, match=re.escape(words)):
        selection.select_grid({**SETTINGS, **change}, given_tables)


def test_chosen_acquisitions_are_drawn_in_time_order(given_tables: dict[str, pa.Table]):
    grid = selection.select_grid({**SETTINGS, "acquisitions": [2, 0]}, given_tables)
    assert [row.acquisition for row in grid.rows] == [0, 2]


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ({"last_column": "none"}, [None, None, None]),
        ({"last_column": "shift_ev"}, [-2.2, -2.1, -2.0]),
        ({"last_column": "charge_uah"}, [0.0, 20 * 300 / 3600, 20 * 1800 / 3600]),
        ({"last_column": "charge_uah_cm2", "charge_area_cm2": 0.5}, [0.0, 20 * 300 / 1800, 20 * 1800 / 1800]),
    ],
)
def test_last_column(given_tables: dict[str, pa.Table], last: dict[str, Any], expected: list[float | None]):
    grid = selection.select_grid({**SETTINGS, **last}, given_tables)
    for row, value in zip(grid.rows, expected, strict=True):
        assert row.last == (value if value is None else pytest.approx(value))


def test_a_dose_plated_before_an_excluded_acquisition_counts(given_tables: dict[str, pa.Table]):
    """600 s at 20 µA and then 600 s at 50 µA are 11.67 µAh, whether the first acquisition is shown or not."""
    acquired = given_tables["acquisitions"]
    numbers = acquired.column("acquisition").to_pylist()
    columns = {
        "plating_time_s": [600.0 * (number + 1) for number in numbers],
        "plating_current_ua": [20.0 if number == 0 else 50.0 for number in numbers],
        "excluded": [number == 0 for number in numbers],
    }
    for name, values in columns.items():
        index = acquired.schema.get_field_index(name)
        acquired = acquired.set_column(index, acquired.schema.field(index), pa.array(values))
    given = {**given_tables, "acquisitions": acquired}
    grid = selection.select_grid({**SETTINGS, "last_column": "charge_uah"}, given)
    assert grid.rows[0].acquisition == 1
    assert grid.rows[0].last == pytest.approx((600 * 20 + 600 * 50) / 3600)


def charges(plated: list[float | None], currents: list[float | None]) -> dict[int, float]:
    frame = synthetic_tables.make(synthetic_tables.vep_series())["acquisitions"].to_pandas().iloc[: len(plated)]
    frame = frame.assign(
        acquisition=range(len(plated)),
        plating_time_s=np.array(plated, float),
        plating_current_ua=np.array(currents, float),
    )
    return times.charges_uah(frame)


def test_charge_adds_each_dose_at_its_own_current():
    found = charges([0.0, 3600.0, 7200.0], [None, 20.0, 5.0])
    assert found == pytest.approx({0: 0.0, 1: 20.0, 2: 25.0})


def test_a_dose_of_unknown_current_leaves_the_charge_unknown_from_there_on():
    assert charges([0.0, 3600.0, 7200.0], [20.0, None, 5.0]) == pytest.approx({0: 0.0})


def test_start_time_axis_is_the_middle_of_the_whole_acquisition(given_tables: dict[str, pa.Table]):
    grid = selection.select_grid({**SETTINGS, "axis": "start_time_s"}, given_tables)
    # four windows of 500 s, started every 600 s: from 0 to 2300 s
    assert grid.rows[0].axis_s == pytest.approx(1150)


def test_two_experiments_in_one_table_are_not_mixed(given_tables: dict[str, pa.Table]):
    doubled = {}
    for name in ("acquisitions", "calibration", "components", "parameters", "fits", "curves"):
        other = given_tables[name].set_column(0, "experiment", pa.array(["other"] * given_tables[name].num_rows))
        doubled[name] = pa.concat_tables([given_tables[name], other.cast(given_tables[name].schema)])
    assert len(selection.select_grid(SETTINGS, doubled).panels) == 11


# --- component curves against scipy ------------------------------------------------------------------------------


def test_voigt_doublet_equals_scipy():
    parameters = {
        "area_cps_ev": 900.0, "position_ev": 530.0, "fwhm_ev": 2.0, "lorentzian_fwhm_ev": 2.0 - 1e-9,
        "splitting_ev": 4.0, "area_ratio": 0.5, "fwhm_ratio": 1.0,
    }  # fmt: skip
    lines = [600 * voigt_profile(ENERGY - 530, 0, 1.0), 300 * voigt_profile(ENERGY - 534, 0, 1.0)]
    np.testing.assert_allclose(redrawn.component_cps(parameters, ENERGY, "x"), sum(lines), rtol=1e-3)


def test_gaussian_and_pseudo_voigt_follow_from_the_rows_present():
    base = {"area_cps_ev": 50.0, "position_ev": 530.0, "fwhm_ev": 2.0}
    sigma = 2.0 / 2.3548200450309493
    gauss = 50 * np.exp(-0.5 * ((ENERGY - 530) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))
    lorentz = 50 / np.pi / ((ENERGY - 530) ** 2 + 1)
    np.testing.assert_allclose(redrawn.component_cps(base, ENERGY, "x"), gauss, rtol=1e-9)
    mixed = redrawn.component_cps({**base, "fraction": 0.3}, ENERGY, "x")
    np.testing.assert_allclose(mixed, 0.3 * lorentz + 0.7 * gauss, rtol=1e-9)


def test_the_minor_line_of_a_doublet_may_be_wider_but_keeps_its_area():
    energy = np.arange(600.0, 400.0, -0.05)
    parameters = {
        "area_cps_ev": 900.0, "position_ev": 490.0, "fwhm_ev": 2.0,
        "splitting_ev": 20.0, "area_ratio": 0.5, "fwhm_ratio": 1.5,
    }  # fmt: skip
    curve = redrawn.component_cps(parameters, energy, "x")
    minor = curve[energy > 500]
    assert np.sum(curve) * 0.05 == pytest.approx(900, rel=1e-6)
    assert np.sum(minor) * 0.05 == pytest.approx(300, rel=1e-6)
    assert np.sum(minor > minor.max() / 2) * 0.05 == pytest.approx(3.0, abs=0.1)


def test_a_missing_parameter_is_named():
    with pytest.raises(TableError, match=r"parameters of m R 3 A 1s: 'fwhm_ev' is missing"):
        redrawn.component_cps({"area_cps_ev": 1.0, "position_ev": 1.0}, ENERGY, "m R 3 A 1s")


def test_an_acquisition_without_fit_row_is_a_failure_not_a_success(given_tables: dict[str, pa.Table]):
    grid = selection.select_grid(SETTINGS, {**given_tables, "fits": tables.from_rows("fits", [])})
    assert {panel.failure for panel in grid.panels.values()} == {"no fit was recorded"}


def test_a_window_without_any_spectrum_is_no_column():
    series = synthetic_tables.vep_series(missing=frozenset({("O1s", number) for number in range(4)}))
    made = synthetic_tables.make(series)
    orphan = {"experiment": "invented", "model": "lagp_o1s", "acquisition": 0, "region": "O1s"}
    naming = {"component": "PO4 1s", "core_level": "O 1s", "species": "PO4", "line": "O 1s"}
    rows = [*made["components"].to_pylist(), {**orphan, **naming}]
    grid = selection.select_grid(SETTINGS, {**made, "components": tables.from_rows("components", rows)})
    assert [column.region for column in grid.columns] == ["Li1s", "Ge3d", "P2p"]


def test_nothing_to_draw_is_said():
    series = synthetic_tables.vep_series(excluded=dict.fromkeys(range(3), "lost"))
    made = synthetic_tables.make(series)
    empty = {**made, "curves": made["curves"][:0]}
    with pytest.raises(ConfigError, match="nothing to draw: invented has no spectrum"):
        selection.select_grid(SETTINGS, empty)


@pytest.mark.parametrize(
    ("chosen", "rows", "words"),
    [
        ({}, [0, 1, 2], ""),
        ({"core_levels": ["O 1s"]}, [0, 2], "No row for 1 acquisition without any of these windows."),
        ({"core_levels": ["O 1s"], "acquisitions": [0, 1]}, [0, 1], ""),
    ],
)
def test_an_acquisition_without_any_of_the_windows_has_no_row_and_is_told(
    given_tables: dict[str, pa.Table], chosen: dict[str, Any], rows: list[int], words: str
):
    """A survey in a file of its own beside narrow scans once took half a page of empty frames."""
    settings = {**SETTINGS, **chosen}
    assert [row.acquisition for row in selection.select_grid(settings, given_tables).rows] == rows
    caption = spectra_grid.describe(settings, given_tables)
    assert ("No row for" in caption) == bool(words)
    assert words in caption
