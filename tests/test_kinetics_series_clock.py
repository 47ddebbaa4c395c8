"""The clock of a series: windows, starts and doses from the log, and what is missing from it."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import twin_tables
from xps import tables
from xps.kinetics import series_clock

VEP = "fig2a_LGPS_VEP"


def test_windows_and_starts_are_the_table_s() -> None:
    acquired = twin_tables.acquisitions(VEP)
    when = series_clock.clock(acquired)
    rows = acquired.to_pylist()
    assert when.experiment == VEP
    assert when.windows_min[3, "Ge3d"] == next(
        (row["start_time_s"] / 60, row["end_time_s"] / 60)
        for row in rows
        if (row["acquisition"], row["region"]) == (3, "Ge3d")
    )
    for number, start in when.starts_min.items():
        assert start == min(row["start_time_s"] for row in rows if row["acquisition"] == number) / 60
    assert when.windows([1, 2], "Li1s").shape == (2, 2)
    assert when.windows([], "Li1s").shape == (0, 2)
    assert (when.excluded, when.computed) == (frozenset(), False)


def test_doses_hold_all_the_charge_and_end_where_acquisitions_begin() -> None:
    when = series_clock.clock(twin_tables.acquisitions(VEP))
    doses = series_clock.doses(when, 0.50265, 4.849)
    assert not isinstance(doses, str)
    assert [dose.end_min for dose in doses] == [when.starts_min[number] for number in range(1, 8)]
    assert [dose.end_min - dose.start_min for dose in doses] == pytest.approx([5, 5, 5, 5, 10, 20, 20])
    lithium = sum((dose.end_min - dose.start_min) * dose.supply_nm_min for dose in doses)
    # 70 min at 20 uA on 8.00 mm; ../shared/science/charge_table.csv
    assert lithium == pytest.approx(225.0953, rel=1e-3)


def test_each_dose_has_the_current_of_its_own_acquisition() -> None:
    acquired = twin_tables.acquisitions(VEP)
    currents = pa.array([float(number) for number in acquired["acquisition"].to_pylist()])
    at = acquired.schema.get_field_index("plating_current_ua")
    doses = series_clock.doses(
        series_clock.clock(acquired.set_column(at, acquired.schema.field(at), currents)), 1.0, 60.0
    )
    assert not isinstance(doses, str)
    assert [dose.supply_nm_min for dose in doses] == pytest.approx([1, 2, 3, 4, 5, 6, 7])


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"plating_time_s": None}, "the operator's log lacks the plating time of acquisition 0"),
        ({"plating_current_ua": None}, "the operator's log lacks the plating current of acquisition 1"),
        ({"plating_time_s": 0.0}, "nothing was plated"),
    ],
)
def test_what_the_log_lacks_is_told(more: dict[str, Any], reason: str) -> None:
    assert series_clock.doses(series_clock.clock(twin_tables.acquisitions(VEP, **more)), 1.0, 1.0) == reason


def test_an_excluded_acquisition_keeps_its_dose() -> None:
    acquired = twin_tables.acquisitions(VEP)
    flags = pa.array([number == 3 for number in acquired["acquisition"].to_pylist()])
    at = acquired.schema.get_field_index("excluded")
    when = series_clock.clock(acquired.set_column(at, acquired.schema.field(at), flags))
    assert when.excluded == {3}
    doses = series_clock.doses(when, 1.0, 1.0)
    assert not isinstance(doses, str)
    assert len(doses) == 7


def test_live_times_make_a_clock_that_is_a_lower_bound() -> None:
    assert series_clock.clock(twin_tables.acquisitions(VEP, time_origin="computed")).computed


def test_an_empty_table_has_an_empty_clock() -> None:
    when = series_clock.clock(tables.from_rows("acquisitions", []))
    assert (when.experiment, dict(when.windows_min)) == ("", {})
    assert series_clock.doses(when, 1.0, 1.0) == "nothing was plated"
    assert np.size(when.windows([], "x")) == 0
