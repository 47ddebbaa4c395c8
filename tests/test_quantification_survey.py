"""Surveys: a window over a background drawn between its ends gives the area, with an error that counting bears out."""

from typing import Any

import numpy as np
import pytest
from scipy.special import voigt_profile

from test_quantification import FACTS, acquired, calibrated, factor_row, made_rows
from xps import tables
from xps.quantification.survey import window_area

ENERGY = np.arange(1400.0, -0.1, -0.8)
LINE = {"low_ev": 524.0, "high_ev": 540.0, "background": "linear"}


def counts(area: float, time_s: float = 2.0, level: float = 500.0, slope: float = 0.5) -> np.ndarray:
    """Expected counts of a Gaussian of 2.2 eV FWHM at 531 eV on a sloping background (area in cps·eV)."""
    peak = area * voigt_profile(ENERGY - 531.0, 2.2 / 2.3548, 0.0)
    return time_s * (peak + level + slope * ENERGY)


@pytest.mark.parametrize("area", [0.0, 500.0, 20000.0])
def test_the_area_over_a_line_is_found(area: float) -> None:
    found = window_area(ENERGY, counts(area), 2.0, LINE)
    assert not isinstance(found, str)
    assert found.area == pytest.approx(area, rel=2e-3, abs=1e-6)


def test_errors_are_those_of_many_repetitions() -> None:
    rng, expected = np.random.default_rng(0), counts(3000.0)
    found = [window_area(ENERGY, rng.poisson(expected).astype(float), 2.0, LINE) for _ in range(400)]
    areas = np.array([one.area for one in found if not isinstance(one, str)])
    told = np.array([one.stderr for one in found if not isinstance(one, str)])
    assert areas.std() == pytest.approx(told.mean(), rel=3 * (2 * 400) ** -0.5)


def test_an_absent_line_is_detected_as_often_as_promised() -> None:
    """5 % false detections of nothing; 600 replicates, three binomial standard errors."""
    rng, expected = np.random.default_rng(2), counts(0.0)
    found = [window_area(ENERGY, rng.poisson(expected).astype(float), 2.0, LINE) for _ in range(600)]
    share = np.mean([not isinstance(one, str) and one.detected for one in found])
    assert share == pytest.approx(0.05, abs=3 * (0.05 * 0.95 / 600) ** 0.5)


def test_a_shirley_step_under_a_line_is_no_area() -> None:
    peak = 20000.0 * voigt_profile(ENERGY - 531.0, 2.2 / 2.3548, 0.0)
    below = np.cumsum(peak[::-1])[::-1] * 0.8  # ∫ from lower energies, the axis falls
    stepped = 2.0 * (peak + 500.0 + 0.02 * below)
    found = window_area(ENERGY, stepped, 2.0, {**LINE, "background": "shirley"})
    assert not isinstance(found, str)
    assert found.area == pytest.approx(20000.0, rel=0.01)


def test_no_line_no_step_is_no_crash() -> None:
    found = window_area(ENERGY, counts(0.0, slope=-0.2), 2.0, {**LINE, "background": "shirley"})
    assert not isinstance(found, str)
    assert abs(found.area) < 1.0


def test_a_window_outside_the_survey_is_told() -> None:
    assert "does not cover" in str(window_area(ENERGY, counts(1.0), 2.0, {**LINE, "low_ev": 1500, "high_ev": 1510}))


def test_a_survey_of_two_lines_gives_their_atoms_at_its_own_shift() -> None:
    """O 1s and C 1s as 3 : 1 atoms, recorded 2 eV too high; linear windows, closed-form sensitivities."""
    sigma = {"O 1s": (2.93, 531.0), "C 1s": (1.0, 285.0)}
    peaks = np.zeros_like(ENERGY)
    for level, atoms in (("O 1s", 3.0), ("C 1s", 1.0)):
        factor, position = sigma[level]
        transmission = (1600.0 / (1600.0 + ((1486.6 - position) / 224.0) ** 2)) ** 0.2
        area = 5e4 * atoms * factor * transmission * (1486.6 - position) ** 0.75 / 200.0
        peaks += area * voigt_profile(ENERGY - position - 2.0, 2.2 / 2.3548, 0.0)
    lines: list[dict[str, Any]] = [
        {"core_level": level, "low_ev": position - 9.0, "high_ev": position + 9.0, "background": "linear"}
        | {"relative_stderr": 0.1, "remark": None}
        for level, (_, position) in sigma.items()
    ]
    keys = {"experiment": "made", "acquisition": 0, "region": "Su1s"}
    facts = FACTS._replace(pass_energy_ev=224.0)._asdict()
    spectra = {
        **{name: [value] * ENERGY.size for name, value in keys.items()},
        "channel": np.arange(ENERGY.size),
        "recorded_binding_energy_ev": ENERGY,
        "intensity_cps": peaks + 1000.0,
        "counts": peaks + 1000.0,
    }
    given_tables = (
        tables.from_rows("acquisitions", [keys | acquired("survey") | facts]),
        tables.from_columns("spectra", spectra),
        tables.from_rows("calibration", [keys | calibrated() | {"shift_ev": -2.0}]),
        tables.from_rows("components", []),
        tables.from_rows("alternatives", []),
    )
    settings = {
        "factors": "test",
        "factor_rows": [factor_row(level, contains=["cross_section", "asymmetry"]) for level in sigma],
        "imfp_exponent": 0.75,
        "counted": [],
        "survey": {"region": "Su1s", "lines": lines},
        "uncounted": {"core_levels": [], "survey": ["Sn"]},
    }
    names = ("acquisitions", "spectra", "calibration", "components", "alternatives")
    rows = made_rows("composition", dict(zip(names, given_tables, strict=True)), settings)
    found = {row["subject"]: row for row in rows if (row["basis"], row["origin"]) == ("all", "survey")}
    assert found["O"]["atomic_percent"] == pytest.approx(75.0, abs=0.2)
    assert found["C"]["atomic_percent"] == pytest.approx(25.0, abs=0.2)
    assert found["O"]["systematic_stderr"] > found["O"]["statistical_stderr"]
    free = [row for row in rows if row["basis"] == "carbon_free" and row["origin"] == "survey"]
    assert [(row["subject"], row["atomic_percent"]) for row in free] == [("O", pytest.approx(100.0))]
    assert [row["remark"] for row in free] == ["measured, not counted: Sn"]
