"""The methods section says what files and settings say, and lists what they do not."""

from typing import Any

import pyarrow as pa
import pytest

import synthetic_derived
import synthetic_tables
from xps import tables
from xps.figures.words import methods

SETTINGS = {"invented": {"description": "An invented series.", "areas_cm2": {"pellet": 0.5515}}}
NEEDED = ("acquisitions", "calibration", "components", "parameters", "fits", "composition")


@pytest.fixture(scope="module")
def given() -> dict[str, pa.Table]:
    series = synthetic_derived.everything(failed=frozenset({("Ge3d", 2)}), excluded={3: "sample lost"})
    return synthetic_tables.only(series, NEEDED)


def written(given: dict[str, pa.Table], settings: Any = SETTINGS) -> str:
    return methods.write(given, settings, synthetic_tables.record(given))


def with_acquisitions(given: dict[str, pa.Table], **values: Any) -> dict[str, pa.Table]:
    rows = [{**row, **values} for row in given["acquisitions"].to_pylist()]
    return {**given, "acquisitions": tables.from_rows("acquisitions", rows)}


def blanks(text: str) -> str:
    return text.split("## To be filled in")[1]


def test_each_experiment_has_its_part(given: dict[str, pa.Table]):
    both = {name: synthetic_derived.renamed(table) for name, table in given.items()}
    text = written(both)
    assert "## invented\n\nAn invented series." in text
    assert "## another" in text
    assert "area for the charge density (another)" in blanks(text)


def test_what_the_header_says_is_told(given: dict[str, pa.Table]):
    text = written(with_acquisitions(given, pass_energy_ev=55.0, emission_angle_deg=45.0, step_ev=-0.2))
    assert "Instrument: PHI VersaProbe III; emission angle 45 deg from the surface normal." in text
    assert "- Li1s: pass energy 55 eV, step 0.2 eV, 8.3 min" in text
    assert "pass energy" not in blanks(text).replace("at the pass energy of the detail spectra", "")


def test_plating_areas_and_exclusions_are_told(given: dict[str, pa.Table]):
    text = written(given)
    assert "after 0, 5, 30, 70 min of plating; at 20 µA; areas: pellet 0.5515 cm²" in text
    assert "1 excluded by the operator's log: 3 (sample lost)" in text


def test_calibration_fits_and_factors_are_told(given: dict[str, pa.Table]):
    text = written(given)
    assert "reference C 1s C-C at 284.80 eV" in text
    assert "Backgrounds fitted with the peaks: Li1s shirley" in text
    assert "sensitivity factors scofield" in text
    assert "Software: Python 3.11.2" in text


def test_simulated_data_are_called_so_first(given: dict[str, pa.Table]):
    assert written(given).split("\n\n")[1].startswith("**SIMULATED DATA** in invented")
    assert "SIMULATED" not in written(with_acquisitions(given, data_origin="measured"))


def test_blanks_are_listed_and_go_when_they_are_filled(given: dict[str, pa.Table]):
    empty = blanks(written(given, {}))
    for words in ("X-ray source, power and spot size", "Au 4f7/2 83.96 eV", "Ag 3d5/2", "- pressure (invented)",
                  "- photon energy (invented)", "area for the charge density (invented)"):  # fmt: skip
        assert words in empty
    filled = blanks(written(with_acquisitions(given, pressure_pa=1e-7, photon_energy_ev=1486.6)))
    assert "pressure" not in filled
    assert "photon energy" not in filled
    assert "area for the charge density" not in filled
    assert "wall-clock" not in filled
    computed = blanks(written(with_acquisitions(given, time_origin="computed")))
    assert "wall-clock time of each region (invented)" in computed


def test_without_a_composition_the_factors_are_a_blank(given: dict[str, pa.Table]):
    bare = {name: table for name, table in given.items() if name != "composition"}
    assert "sensitivity factors (no composition was computed) (invented)" in blanks(written(bare))
