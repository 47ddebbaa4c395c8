"""The first survey against the last: what the measurement did to the sample, and what it cannot be blamed for."""

from typing import Any

import numpy as np
import pytest
from scipy.special import voigt_profile

from test_quantification import FACTS, acquired, calibrated, factor_row, made_rows
from xps import tables

ENERGY = np.arange(1400.0, -0.1, -0.8)
LINES = {"O 1s": (2.93, 531.0), "C 1s": (1.0, 285.0)}
Row = dict[str, Any]


def survey(oxygen: float, carbon: float) -> np.ndarray:
    """Expected counts in 2 s per channel of two lines (areas in cps·eV) on an even background."""
    areas = {"O 1s": oxygen, "C 1s": carbon}
    peaks = sum(areas[level] * voigt_profile(ENERGY - position, 0.93, 0.0) for level, (_, position) in LINES.items())
    return np.asarray(2.0 * (peaks + 1000.0))


def compared(surveys: list[np.ndarray], region: str = "Su1s", log: tuple[Row, ...] = (), **line: Any) -> list[Row]:
    """Return the table of a series with these surveys, one per acquisition; ``log`` adds cells per acquisition."""
    acquisitions, calibration, spectra = [], [], []
    for number, counts in enumerate(surveys):
        keys = {"experiment": "made", "acquisition": number, "region": region}
        facts = FACTS._replace(pass_energy_ev=224.0)._asdict()
        told = log[number] if log else {}
        acquisitions.append(keys | acquired("survey") | facts | {"time_per_channel_s": 2.0} | told)
        calibration.append(keys | calibrated() | {"shift_ev": 0.0})
        for channel, (energy, found) in enumerate(zip(ENERGY, counts, strict=True)):
            cells = {"recorded_binding_energy_ev": energy, "intensity_cps": found / 2.0, "counts": found}
            spectra.append(keys | {"channel": channel} | cells)
    window = {"background": "linear", "relative_stderr": 0.1, "remark": None} | line
    settings = {
        "factors": "test",
        "factor_rows": [factor_row(level, contains=["cross_section", "asymmetry"]) for level in LINES],
        "imfp_exponent": 0.75,
        "counted": [],
        "survey": {
            "region": "Su1s",
            "lines": [
                {"core_level": level, "low_ev": position - 9.0, "high_ev": position + 9.0} | window
                for level, (_, position) in LINES.items()
            ],
        },
        "uncounted": {"core_levels": [], "survey": []},
    }
    given = {
        "acquisitions": tables.from_rows("acquisitions", acquisitions),
        "spectra": tables.from_rows("spectra", spectra),
        "calibration": tables.from_rows("calibration", calibration),
    }
    none = {name: tables.from_rows(name, []) for name in ("components", "alternatives")}
    rows = made_rows("degradation", {**given, **none}, settings)
    assert len(made_rows("composition", {**given, **none}, settings)) == (3 * len(surveys) if region == "Su1s" else 0)
    return rows


def of(rows: list[Row], quantity: str, basis: str = "all") -> dict[str, Row]:
    return {row["subject"]: row for row in rows if (row["quantity"], row["basis"]) == (quantity, basis)}


def test_what_stayed_is_unchanged_and_every_element_has_a_row() -> None:
    same = survey(60000.0, 20000.0)
    rows = compared([same, survey(1.0, 1.0), same])
    assert {row["verdict"] for row in rows} == {"unchanged"}
    assert {(row["first_acquisition"], row["acquisition"]) for row in rows} == {(0, 2)}
    assert set(of(rows, "atomic_percent")) == set(of(rows, "area_cps_ev")) == {"O", "C"}
    assert set(of(rows, "atomic_percent", "carbon_free")) == {"O"}


def test_oxygen_that_goes_is_changed_by_its_share_of_the_line() -> None:
    """A fifth of the line of oxygen: −20 % of the area, beyond its counting error; carbon's area stays."""
    rows = compared([survey(60000.0, 20000.0), survey(48000.0, 20000.0)])
    areas = of(rows, "area_cps_ev")
    assert areas["O"]["verdict"] == "changed"
    assert areas["O"]["relative_change"] == pytest.approx(-0.2, abs=1e-3)
    assert areas["O"]["change"] == pytest.approx(-12000.0, rel=1e-3)
    assert areas["C"]["verdict"] == "unchanged"
    percent = of(rows, "atomic_percent")
    assert percent["O"]["change"] == pytest.approx(-percent["C"]["change"])
    assert percent["O"]["remark"] == ""


def test_what_the_log_did_in_between_is_not_laid_on_the_x_rays() -> None:
    times = ({"plating_time_s": 0.0}, {"plating_time_s": 4200.0})
    rows = compared([survey(60000.0, 20000.0), survey(20000.0, 20000.0)], log=times)
    told = of(rows, "area_cps_ev")["O"]["remark"]
    assert told.startswith("plating or beam 0 to 70 min in between changes the sample too")
    assert told.endswith("beyond 30%: no correction is offered (ISO 18554)")
    assert of(rows, "area_cps_ev")["C"]["remark"] == ""


def test_an_error_common_to_both_surveys_acts_on_the_change_alone() -> None:
    """A window that is 50 % wrong is so twice: nothing changed stays sharp, a change is known to half of itself."""
    before, after = survey(60000.0, 20000.0), survey(30000.0, 20000.0)
    still = of(compared([before, before], relative_stderr=0.5), "area_cps_ev")["O"]
    assert still["change_stderr"] < 0.02 * 60000.0
    moved = of(compared([before, after], relative_stderr=0.5), "area_cps_ev")["O"]
    assert moved["change_stderr"] == pytest.approx(15000.0, rel=0.05)


def test_false_alarms_of_a_series_stay_below_five_percent() -> None:
    rng, expected, alarms = np.random.default_rng(4), survey(3000.0, 2000.0), 0
    for _ in range(100):
        rows = compared([rng.poisson(expected).astype(float) for _ in range(2)])
        alarms += any(row["verdict"] == "changed" for row in rows if row["quantity"] == "area_cps_ev")
    assert alarms <= 5 + 3 * (100 * 0.05 * 0.95) ** 0.5


@pytest.mark.parametrize(
    ("surveys", "region", "reason"),
    [
        (1, "Su1s", "1 acquisitions with a survey (region Su1s): a first and a last one are needed"),
        (2, "O1s", "0 acquisitions with a survey (region Su1s): a first and a last one are needed"),
    ],
    ids=["one survey", "none"],
)
def test_without_two_surveys_a_row_says_so(surveys: int, region: str, reason: str) -> None:
    (row,) = compared([survey(60000.0, 20000.0)] * surveys, region=region)
    assert (row["verdict"], row["remark"], row["change"]) == ("not_testable", reason, None)


def test_a_window_beyond_the_survey_is_the_reason_given() -> None:
    rows = compared([survey(1e4, 1e4)] * 2, low_ev=1500.0, high_ev=1510.0)
    assert {row["verdict"] for row in rows} == {"not_testable"}
    assert all("does not cover 1500 to 1510 eV" in row["remark"] for row in rows)


def test_without_a_declared_survey_there_is_no_row() -> None:
    names = ("acquisitions", "spectra", "calibration", "components", "alternatives")
    assert made_rows("degradation", {name: tables.from_rows(name, []) for name in names}, {}) == []
