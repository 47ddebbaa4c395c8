"""The measured SnO2 depth profile through calibration, windows and fits: what an XPS scientist would check first."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from xps import acquisitions, calibration, fitting, models, windows

ROOT = Path(__file__).parents[1]
RAW = ROOT / ".." / "shared" / "data"
FILE = RAW / "pynxtools-xps" / "SnO2_10nm_1.pro"
pytestmark = pytest.mark.skipif(not FILE.exists(), reason="the measured reference file is not at ../shared/data")

Rows = list[dict[str, Any]]


def content(kind: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / "config" / kind / f"{name}.yaml").read_text(encoding="utf-8"))
    return found


@cache
def analysed() -> tuple[Rows, dict[str, Rows]]:
    """Rows of the calibration, and of the fit tables by name."""
    settings = content("experiments", "sno2_depth_profile")
    parsed = acquisitions.assemble("sno2_depth_profile", settings, [FILE], RAW)
    wanted = {name: content("models", name) for name in settings["models"]}
    made = {name: models.from_mapping(name, mapping) for name, mapping in wanted.items()}
    shifts = calibration.calibrate(parsed.acquisitions, parsed.spectra, settings["energy_reference"], made["sno2_c1s"])
    cut = windows.cut(
        parsed.acquisitions, parsed.spectra, shifts, {name: model.windows for name, model in made.items()}
    )
    found = fitting.fit_models(cut, parsed.acquisitions, shifts, list(made.values()))
    return shifts.to_pylist(), {name: table.to_pylist() for name, table in found._asdict().items()}


def series(component: str, column: str) -> np.ndarray:
    rows = [row for row in analysed()[1]["components"] if row["component"] == component]
    return np.array([np.nan if row[column] is None else row[column] for row in rows])


def test_every_fit_of_every_cycle_succeeds() -> None:
    fits = analysed()[1]["fits"]
    assert len(fits) == 3 * 21
    assert [row["message"] for row in fits if not row["success"]] == []


def test_carbon_is_a_usable_reference_in_every_cycle() -> None:
    rows = [row for row in analysed()[0] if row["region"] == "C1s"]
    assert {row["method"] for row in rows} == {"fitted"}
    assert max(row["shift_stderr_ev"] for row in rows) < 0.06


def test_charging_jumps_when_the_substrate_comes_through_and_is_taken_out() -> None:
    shifts = np.array([row["shift_ev"] for row in analysed()[0] if row["region"] == "C1s"])
    assert shifts[1:6].mean() - shifts[10:].mean() == pytest.approx(0.83, abs=0.1)
    tin = series("Sn4+ 3d", "position_ev")
    assert 486.5 < tin.min() < tin.max() < 487.2
    assert abs(tin[1:6].mean() - tin[10:].mean()) < 0.2


def test_the_film_gives_way_to_the_oxidised_substrate() -> None:
    tin, silicon = series("Sn4+ 3d", "area_cps_ev"), series("Si4+ 2p", "area_cps_ev")
    assert np.all(np.diff(tin[8:]) < 0)
    assert np.all(np.diff(silicon[5:]) > 0)
    assert tin[20] < 0.45 * tin[3]
    assert silicon[20] > 50 * max(silicon[:3])
    assert series("Si4+ 2p", "position_ev")[8:].min() > 102.0


def test_elemental_silicon_is_limited_not_found() -> None:
    late = series("Si0 2p", "upper_limit_95_cps_ev")[12:] / series("Si4+ 2p", "area_cps_ev")[12:]
    assert late.max() < 0.03
    detected = [row["detected"] for row in analysed()[1]["components"] if row["component"] == "Si0 2p"]
    assert sum(map(bool, detected)) <= 2


def test_carbon_and_silicon_fits_are_as_good_as_the_counts() -> None:
    good = [row for row in analysed()[1]["fits"] if row["model"] != "sno2_sn3d"]
    assert max(row["reduced_chi_square"] for row in good) < 2.0
    assert np.median([row["durbin_watson"] for row in good]) > 1.6


def test_tin_is_fitted_to_a_few_percent_of_its_peak_and_says_that_the_model_is_not_perfect() -> None:
    curves = [row for row in analysed()[1]["curves"] if row["model"] == "sno2_sn3d"]
    for acquisition in range(21):
        rows = [row for row in curves if row["acquisition"] == acquisition]
        data, envelope = (np.array([row[name] for row in rows]) for name in ("data_cps", "envelope_cps"))
        assert np.max(np.abs(data - envelope)) < 0.05 * data.max()
    fits = [row for row in analysed()[1]["fits"] if row["model"] == "sno2_sn3d"]
    assert min(row["p_value"] for row in fits) == pytest.approx(0.0)
