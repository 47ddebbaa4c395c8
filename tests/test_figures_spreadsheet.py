"""Areas and atomic percent for spreadsheets: one row per acquisition, numbers as in the tables, empty where unknown."""

import io

import pandas as pd
import pyarrow as pa
import pytest

import synthetic_derived
import synthetic_tables
from xps.figures import spreadsheet


@pytest.fixture(scope="module")
def given() -> dict[str, pa.Table]:
    return synthetic_derived.everything(failed=frozenset({("Ge3d", 2)}), excluded={3: "lost"})


@pytest.fixture(scope="module")
def sheet(given: dict[str, pa.Table]) -> pd.DataFrame:
    return pd.read_csv(io.BytesIO(spreadsheet.csv(given)))


def test_one_row_per_acquisition_with_its_times_and_charge(sheet: pd.DataFrame):
    assert sheet["acquisition"].tolist() == [0, 1, 2, 3]
    assert sheet["plating_time_s"].tolist() == [0.0, 300.0, 1800.0, 4200.0]
    assert sheet["charge_uah"].tolist() == pytest.approx([0.0, 20 / 12, 10.0, 70 / 3])
    assert sheet["start_time_s"].tolist() == [0.0, 3600.0, 7200.0, 10800.0]
    assert sheet["end_time_s"].tolist() == [2300.0, 5900.0, 9500.0, 13100.0]
    assert sheet["excluded"].tolist() == [False, False, False, True]


def test_areas_equal_the_components_table(sheet: pd.DataFrame, given: dict[str, pa.Table]):
    table = given["components"].to_pandas()
    for component, level, model in (("PO4", "P 2p", "lagp_ge3d_p2p"), ("Li2O", "O 1s", "lagp_o1s")):
        own = table[(table["component"] == component) & (table["model"] == model)]
        column = sheet[f"{level} {component} [{model}] area (counts/s eV)"]
        assert column.tolist()[:3] == own["area_cps_ev"].tolist()
        assert pd.isna(column[3])


def test_a_failed_fit_is_an_empty_cell(sheet: pd.DataFrame):
    assert sheet["Ge 3d Ge0 3d [lagp_ge3d_p2p] area (counts/s eV)"].isna().tolist() == [False, False, True, True]


def test_atomic_percent_comes_with_both_errors_and_its_basis(sheet: pd.DataFrame):
    assert sheet["Li [element, carbon_free, core_levels] at%"].tolist() == [10.0, 15.0, 20.0, 25.0]
    assert set(sheet["Li [element, all, core_levels] at% systematic error"]) == {0.4}
    assert set(sheet["S [element, all, core_levels] at% 95 % upper limit"]) == {0.6}


def test_columns_without_any_value_are_left_out_and_none_stands_twice(sheet: pd.DataFrame):
    assert not [name for name in sheet if name.endswith(".1")]
    assert not sheet.isna().all().any()
    assert "rest_time_s" not in sheet


def test_without_a_composition_the_areas_stand_alone(given: dict[str, pa.Table]):
    two = synthetic_tables.only(given, ["acquisitions", "components"])
    frame = pd.read_csv(io.BytesIO(spreadsheet.csv(two)))
    assert not [name for name in frame if "at%" in name]
    assert len(frame) == 4


def test_it_is_plain_text_that_every_spreadsheet_reads(given: dict[str, pa.Table]):
    text = spreadsheet.csv(given)
    assert text.decode("ascii")
    assert b"\r" not in text
