"""The clock of a series: windows, starts and doses from the log, and what is missing from it."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import twin_tables
from xps import tables
from xps.kinetics import series_clock
from xps.kinetics.regions import regions_of

VEP = "fig2a_LGPS_VEP"


def clock_of(acquired: pa.Table) -> series_clock.Clock:
    return series_clock.clock(regions_of(tables.Series({"acquisitions": acquired})))


def test_windows_and_starts_are_the_table_s() -> None:
    acquired = twin_tables.acquisitions(VEP)
    when = clock_of(acquired)
    rows = acquired.to_pylist()
    assert when.experiment == VEP
    assert when.windows(np.array([3]), "Ge3d").tolist() == [
        [row["start_time_s"] / 60, row["end_time_s"] / 60]
        for row in rows
        if (row["acquisition"], row["region"]) == (3, "Ge3d")
    ]
    for number, start in enumerate(when.starts_min):
        assert start == min(row["start_time_s"] for row in rows if row["acquisition"] == number) / 60
    assert when.windows(np.array([1, 2]), "Li1s").shape == (2, 2)
    assert when.windows(np.array([], dtype=int), "Li1s").shape == (0, 2)
    with pytest.raises(KeyError, match="Xe3d"):
        when.windows(np.array([1]), "Xe3d")
    assert not when.computed
    assert when.logged_pressures_pa.tolist() == [row["pressure_pa"] for row in rows if row["region"] == "Li1s"]
    assert when.plated(np.array([0, 1, 7])).tolist() == [False, True, True]


def test_doses_hold_all_the_charge_and_end_where_acquisitions_begin() -> None:
    when = clock_of(twin_tables.acquisitions(VEP))
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
    doses = series_clock.doses(clock_of(acquired.set_column(at, acquired.schema.field(at), currents)), 1.0, 60.0)
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
    assert series_clock.doses(clock_of(twin_tables.acquisitions(VEP, **more)), 1.0, 1.0) == reason


def test_an_excluded_acquisition_keeps_its_dose() -> None:
    acquired = twin_tables.acquisitions(VEP)
    flags = pa.array([number == 3 for number in acquired["acquisition"].to_pylist()])
    at = acquired.schema.get_field_index("excluded")
    when = clock_of(acquired.set_column(at, acquired.schema.field(at), flags))
    doses = series_clock.doses(when, 1.0, 1.0)
    assert not isinstance(doses, str)
    assert len(doses) == 7


def test_live_times_make_a_clock_that_is_a_lower_bound() -> None:
    assert clock_of(twin_tables.acquisitions(VEP, time_origin="computed")).computed


def test_an_empty_table_has_an_empty_clock() -> None:
    when = clock_of(tables.from_rows("acquisitions", []))
    assert (when.experiment, when.starts_min.size) == ("", 0)
    assert series_clock.doses(when, 1.0, 1.0) == "nothing was plated"
    assert np.size(when.windows(np.array([], dtype=int), "x")) == 0
