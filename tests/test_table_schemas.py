"""The declarations agree with the plan of the house: names, order, what may be empty, and units."""

import re

import pytest

from xps.table_schemas import SCHEMAS, Column

UNITS = {
    "_ev": "eV",
    "_s": "s",
    "_cps": "counts/s",
    "_cps_ev": "counts/s·eV",
    "_pa": "Pa",
    "_deg": "deg",
    "_ua": "µA",
    "_fraction": "1",
    "_sigma": "1",
}
# The interface that other stages and users' own notebooks rely on; a `?` marks what may be empty.
AGREED = {
    "spectra": "experiment acquisition region channel recorded_binding_energy_ev intensity_cps counts",
    "calibration": "experiment acquisition region reference reference_binding_energy_ev? found_binding_energy_ev? "
    "found_stderr_ev? shift_ev shift_stderr_ev drift_stderr_ev method found_share?",
    "background": "experiment model acquisition region channel binding_energy_ev counts time_per_channel_s "
    "static_background_cps?",
    "components": "experiment model acquisition region component core_level species line detected? position_ev? "
    "position_stderr_ev? maximum_ev? fwhm_ev? fwhm_stderr_ev? area_cps_ev? area_stderr_cps_ev? area_low_cps_ev? "
    "area_high_cps_ev? area_systematic_stderr_cps_ev? area_fraction? area_fraction_stderr? critical_level_cps_ev? "
    "detection_limit_cps_ev? upper_limit_95_cps_ev? verdict? condition? shape? absent_p_value? "
    "level_area_stderr_cps_ev? interval_method? area_fraction_systematic_stderr?",
    "parameters": "experiment model acquisition region component? parameter value? stderr? low? high? lower_bound? "
    "upper_bound? status tied_to? pull? at_bound",
}
# Later tables: the agreed columns stand in this order; others may stand between and after them.
AGREED_AMONG_OTHERS = {
    "energy_checks": "experiment acquisition? check value_ev? stderr_ev? expected_ev? source imposed verdict",
    "composition": "experiment acquisition subject basis atomic_percent? statistical_stderr? systematic_stderr? "
    "upper_limit_percent? line factor_set",
    "kinetics": "quantity law parameter value? stderr? low? high? unit window aicc? bic? chosen verdict condition?",
    "phases": "reaction phase volume_fraction conductive threshold",
    "claims": "claim quote quantity value? stderr? expected tolerance verdict data_origin sources remark",
    "alternatives": "experiment model acquisition region alternative delta_bic? delta_aicc?",
}


@pytest.mark.parametrize("name", AGREED)
def test_the_agreed_columns_are_declared_in_their_order(name: str) -> None:
    declared = [f"{column.name}{'?' * column.nullable}" for column in SCHEMAS[name]]
    assert declared == AGREED[name].split()


@pytest.mark.parametrize("name", AGREED_AMONG_OTHERS)
def test_agreed_columns_of_later_tables_stand_in_their_order(name: str) -> None:
    declared = iter(f"{column.name}{'?' * column.nullable}" for column in SCHEMAS[name])
    assert all(column in declared for column in AGREED_AMONG_OTHERS[name].split())


@pytest.mark.parametrize("name", SCHEMAS)
def test_no_column_is_declared_twice_and_names_are_plain(name: str) -> None:
    names = [column.name for column in SCHEMAS[name]]
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", column) for column in names)


def unit_by_name(column: Column) -> str | None:
    """Return the unit that the longest suffix of a column's name promises; its error has the same unit."""
    name = column.name.replace("_stderr", "")
    matches = [suffix for suffix in UNITS if name.endswith(suffix)]
    return UNITS[max(matches, key=len)] if matches else None


@pytest.mark.parametrize("name", SCHEMAS)
def test_units_are_those_that_the_names_promise(name: str) -> None:
    for column in SCHEMAS[name]:
        promised = unit_by_name(column)
        assert promised is None or column.unit == promised, column


@pytest.mark.parametrize("name", SCHEMAS)
def test_texts_and_flags_have_no_unit(name: str) -> None:
    assert all(column.unit == "" for column in SCHEMAS[name] if column.kind in ("text", "texts", "flag"))
