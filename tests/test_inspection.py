"""The description, the page and the CSV of a measurement say what the measurement says."""

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from xps import inspection, versaprobe
from xps.spectra import Measurement, Region

PROFILE = "pynxtools-xps/SnO2_10nm_1.pro"


def made(**changes: object) -> Measurement:
    rates = np.array([[10.0, 20.1, 30.3]], dtype=np.float32)
    region = Region(2, "C 1s/a#2", "C 1s/a", 6, "binding", 298.0, -0.1, 3, 0.1, None, 55.0, rates)
    return Measurement("a.spe", "spectrum", "XPS", (("FileDesc", "µ"),), (region,), **changes)  # type: ignore[arg-type]


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_description_is_json_and_leaves_unknowns_null() -> None:
    described = json.loads(json.dumps(inspection.describe(made())))
    assert described["photon_energy_ev"] is None
    assert described["acquisition_date"] is None
    assert described["regions"][0]["sweeps"] is None
    assert described["header"] == [["FileDesc", "µ"]]


def test_description_of_a_real_profile(shared_data: Path) -> None:
    described = inspection.describe(versaprobe.read((shared_data / PROFILE).read_bytes(), "SnO2_10nm_1.pro"))
    assert described["acquisition_date"] == "2024-01-22"
    assert described["cycles"] == 21
    assert described["sputter_time_s"] == [30.0 * cycle for cycle in range(21)]
    tin = described["regions"][3]
    assert (tin["name"], tin["start_ev"], tin["channels"], tin["whole_counts"]) == ("Sn3d5", 500.0, 101, True)
    assert tin["end_ev"] == pytest.approx(480.0)
    assert (tin["counts_min"], tin["counts_max"]) == (1470.0, 156700.0)


def test_page_names_regions_times_and_warnings(shared_data: Path) -> None:
    page = inspection.page(versaprobe.read((shared_data / PROFILE).read_bytes(), "SnO2_10nm_1.pro"))
    assert page.startswith("SnO2_10nm_1.pro: XPS depth profile, 21 cycles, VersaProbe 4")
    for words in ("Su1s", "Sn3d5", "1470 to 156700", "sputter times in s: 0, 30, 60", "photon energy 1486.6 eV"):
        assert words in page
    assert "warning" not in page
    assert "  warning: odd" in inspection.page(made(remarks=("odd",)))


def test_page_says_when_a_file_is_simulated() -> None:
    assert "SIMULATED" in inspection.page(made(simulated=True)).splitlines()[0]
    assert "SIMULATED" not in inspection.page(made())


def test_export_name_is_safe_for_a_file_system() -> None:
    assert inspection.csv_name("a b", made().regions[0]) == "a b__2_C_1s_a_2.csv"


def test_csv_keeps_every_bit_and_leaves_unknowns_empty() -> None:
    table = rows(inspection.csv_text(made(), made().regions[0]))
    assert tuple(table[0]) == inspection.CSV_COLUMNS
    assert [np.float32(row["intensity_cps"]) for row in table] == [np.float32(x) for x in (10.0, 20.1, 30.3)]
    assert [float(row["binding_energy_ev"]) for row in table] == made().regions[0].energy_ev.tolist()
    assert {row["kinetic_energy_ev"] + row["transmission"] + row["sputter_time_s"] for row in table} == {""}
    assert [row["cycle"] for row in table] == ["0"] * 3


def test_csv_of_a_profile_holds_every_cycle(shared_data: Path) -> None:
    measurement = versaprobe.read((shared_data / PROFILE).read_bytes(), "a.pro")
    region = measurement.regions[3]
    table = rows(inspection.csv_text(measurement, region))
    columns = {name: np.array([float(row[name]) for row in table]) for name in inspection.CSV_COLUMNS}
    np.testing.assert_array_equal(columns["cycle"], np.repeat(np.arange(21), 101))
    np.testing.assert_array_equal(columns["sputter_time_s"], np.repeat(np.arange(21) * 30.0, 101))
    np.testing.assert_array_equal(columns["intensity_cps"].reshape(21, 101), region.intensity_cps)
    np.testing.assert_array_equal(columns["counts"], np.rint(columns["intensity_cps"] * 0.8))
    np.testing.assert_allclose(columns["binding_energy_ev"] + columns["kinetic_energy_ev"], 1486.6, rtol=1e-12)
    ratio = columns["kinetic_energy_ev"] / 55.0
    np.testing.assert_allclose(columns["transmission"], 55.0 * (1600 / (1600 + ratio**2)) ** 0.2, rtol=1e-12)
