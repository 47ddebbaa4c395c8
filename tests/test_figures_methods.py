"""The methods section says what files and settings say, and lists what they do not."""

from typing import Any

import pyarrow as pa
import pytest

import synthetic_derived
import synthetic_tables
from xps import tables
from xps.figures.words import methods

SETTINGS = {"invented": {"description": "An invented series.", "label": "Powder", "areas_cm2": {"pellet": 0.5515}}}
NEEDED = ("acquisitions", "calibration", "components", "parameters", "fits", "composition")


@pytest.fixture(scope="module")
def given() -> dict[str, pa.Table]:
    series = synthetic_derived.everything(failed=frozenset({("Ge3d", 2)}), excluded={3: "sample lost"})
    return synthetic_tables.only(series, NEEDED)


WINDOW = {"core_level": "O 1s", "low_ev": 525.5, "high_ev": 537.5}
MODELS = {
    "lagp_o1s": {
        "windows": [{**WINDOW, "background": {"type": "shirley", "endpoint_average_channels": 5}}],
        "components": [
            {
                "name": "PO4",
                "line": "O 1s",
                "shape": {"type": "voigt", "lorentzian_fwhm_ev": 0.156},
                "position_ev": {"start": 531.1, "low": 530.6, "high": 531.6},
                "fwhm_ev": 1.6,
            },
            {
                "name": "LiOH",
                "line": "O 1s",
                "shape": {"type": "gaussian"},
                "doublet": {"splitting_ev": 4.1, "area_ratio": 0.5},
            },
        ],
        "ties": [
            {"component": "LiOH", "parameter": "position_ev", "offset_from": "PO4", "value_ev": -0.4},
            {"component": "LiOH", "parameter": "fwhm_ev", "same_as": "PO4"},
            {"component": "PO4", "parameter": "area", "ratio_to": "PO4 2p", "value": 7.4, "stderr": 0.37},
        ],
    }
}


def written(given: dict[str, pa.Table], settings: Any = SETTINGS) -> str:
    return methods.write(given, settings, MODELS, synthetic_tables.record(given))


def with_acquisitions(given: dict[str, pa.Table], **values: Any) -> dict[str, pa.Table]:
    rows = [{**row, **values} for row in given["acquisitions"].to_pylist()]
    return {**given, "acquisitions": tables.from_rows("acquisitions", rows)}


def blanks(text: str) -> str:
    return text.split("## To be filled in")[1]


def test_each_experiment_has_its_part(given: dict[str, pa.Table]):
    both = {name: synthetic_derived.renamed(table) for name, table in given.items()}
    text = written(both)
    assert "### invented (Powder)\n\nAn invented series." in text
    assert "### another\n" in text
    assert "area for the charge density (another)" in blanks(text)


def test_what_the_header_says_is_told(given: dict[str, pa.Table]):
    text = written(with_acquisitions(given, pass_energy_ev=55.0, emission_angle_deg=45.0, step_ev=-0.2))
    assert "Instrument: PHI VersaProbe III; emission angle 45 deg from the surface normal." in text
    row = next(line for line in text.splitlines() if line.startswith("| Li1s |"))
    assert [cell.strip() for cell in row.strip("|").split("|")][:3] == ["Li1s", "55", "0.2"]
    assert row.endswith("| 8.3 | invented |")
    assert "pass energy" not in blanks(text).replace("at the pass energy of the detail spectra", "")


def test_plating_areas_and_exclusions_are_told(given: dict[str, pa.Table]):
    text = written(given)
    assert "after 0, 5, 30, 70 min of plating; at 20 µA; areas: pellet 0.5515 cm²" in text
    assert "1 excluded by the operator's log: 3 (sample lost)" in text


def test_calibration_fits_and_factors_are_told(given: dict[str, pa.Table]):
    text = written(given)
    assert "reference C 1s C-C at 284.80 eV" in text
    assert "Fits: likelihood Poisson, engine lmfit." in text
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
    assert "- pressure" not in filled
    assert "base pressure" in filled  # the log's pressure is another
    assert "photon energy" not in filled
    assert "area for the charge density" not in filled
    assert "wall-clock" not in filled
    computed = blanks(written(with_acquisitions(given, time_origin="computed")))
    assert "wall-clock time of each region (invented)" in computed


def test_without_a_composition_the_factors_are_a_blank(given: dict[str, pa.Table]):
    bare = {name: table for name, table in given.items() if name != "composition"}
    assert "sensitivity factors (no composition was computed) (invented)" in blanks(written(bare))


def cells(text: str, name: str) -> list[str]:
    """The cells of the row of a table that begins with ``name``."""
    return next(line for line in text.splitlines() if line.startswith(f"| {name} | ")).strip("| ").split(" | ")


def test_every_constraint_of_a_model_is_written(given: dict[str, pa.Table]):
    """ISO 19830: range and end points of the background, all parameters, all links between them."""
    text = written(given)
    assert "### lagp_o1s" in text
    assert "O 1s from 525.5 to 537.5 eV, Shirley, end points averaged over 5 channels" in text
    assert cells(text, "PO4")[1:] == [
        "O 1s", "Voigt (Lorentzian FWHM 0.156 eV)", "530.6 to 531.6", "1.6, given", "–", "(7.4 ± 0.37) × PO4 2p",
    ]  # fmt: skip
    assert cells(text, "LiOH")[1:] == [
        "O 1s", "Gaussian", "PO4 − 0.4, exact", "as PO4", "4.1 eV, 0.5", "free, at least 0",
    ]  # fmt: skip


def test_only_models_that_were_fitted_are_written(given: dict[str, pa.Table]):
    others = [row for row in given["fits"].to_pylist() if row["model"] != "lagp_o1s"]
    assert "### lagp_o1s" not in written({**given, "fits": tables.from_rows("fits", others)})


def test_what_holds_for_all_is_said_once_and_what_differs_with_its_experiments(given: dict[str, pa.Table]):
    both = {name: synthetic_derived.renamed(table) for name, table in given.items()}
    assert written(both).count("Instrument: PHI VersaProbe III") == 1
    rows = both["acquisitions"].to_pylist()
    turned = [{**row, "emission_angle_deg": 20.0} if row["experiment"] == "another" else row for row in rows]
    text = written({**both, "acquisitions": tables.from_rows("acquisitions", turned)})
    assert "another: Instrument: PHI VersaProbe III; emission angle 20 deg" in text
    assert "invented: Instrument: PHI VersaProbe III." in text
