"""The energy reference: found over ± 4 eV, honest about its error, interpolated where it is not usable."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import synthetic_stage as stage
from synthetic import Line, axis, component, rate, span, window
from synthetic_stage import Recorded
from xps import calibration, fitting, models, provenance, tables, versaprobe
from xps.calibration import drift
from xps.calibration import stage as stage_of_calibration
from xps.calibration.drift import Shift
from xps.errors import ConfigError, TableError

ORIGIN = provenance.record("parse_spectra", [], {}, "f", subject="s", data_origin="simulated")
REFERENCE = {
    "mode": "fitted",
    "level": "C 1s",
    "component": "C-C",
    "binding_energy_ev": 284.8,
    "drift_stderr_ev": 0.05,
}


def model(**changes: Any) -> models.FitModel:
    ties = [
        {"component": name, "parameter": key, "offset_from" if offset else "same_as": "C-C"}
        | ({"value_ev": offset} if offset else {})
        for name, distance in (("C-O", 1.6), ("O-C=O", 3.9))
        for key, offset in (("position_ev", distance), ("fwhm_ev", 0.0))
    ]
    content = {
        "description": "carbon",
        "windows": [window("C 1s", 280.5, 292.5, "linear")],
        "components": [
            component("C-C", span(284.8, 284.5, 285.1), span(1.4, 1.0, 1.9), core_level="C 1s"),
            component("C-O", None, None, core_level="C 1s"),
            component("O-C=O", None, None, core_level="C 1s"),
        ],
        "ties": ties,
    }
    return models.from_mapping("c1s", content | changes)


def carbon(
    acquisition: int, charging: float, area: float = 3000.0, seed: int = 0, shares: tuple[float, float] = (0.15, 0.08)
) -> Recorded:
    """A C 1s region whose lines are recorded ``charging`` above their true energies."""
    energy = axis(275.0, 299.0)
    lines = [Line(area, 284.8, 1.35), Line(shares[0] * area, 286.4, 1.35), Line(shares[1] * area, 288.7, 1.35)]
    expected = rate(energy - charging, lines, 500.0, 0.0) * 10.0
    counts = np.random.default_rng([seed, acquisition]).poisson(expected).astype(float)
    return Recorded(acquisition, "C1s", ["C 1s"], energy, counts)


MANY = [carbon(i, charging, area=600.0) for i, charging in enumerate(np.random.default_rng(1).uniform(-3, 3, 30))]


def other(acquisition: int) -> Recorded:
    return Recorded(acquisition, "Ge3d", ["Ge 3d"], axis(20, 40), np.ones(201))


def calibrate(series: list[Recorded], reference: dict[str, Any] = REFERENCE) -> list[dict[str, Any]]:
    found = calibration.calibrate(stage.acquisitions(series), stage.spectra(series), reference, model())
    return found.to_pylist()


@pytest.mark.parametrize("charging", [-3.6, -1.6, -0.07, 0.0, 0.55, 1.6, 2.36, 3.9])
def test_the_reference_is_found_over_four_electronvolts(charging: float) -> None:
    (row,) = calibrate([carbon(0, charging)])
    assert row["method"] == "fitted"
    assert row["shift_ev"] == pytest.approx(-charging, abs=5 * row["shift_stderr_ev"])
    assert row["found_binding_energy_ev"] == pytest.approx(284.8 - row["shift_ev"])
    assert row["reference_binding_energy_ev"] == 284.8
    assert row["reference"] == "C 1s C-C"
    assert row["shift_stderr_ev"] == row["found_stderr_ev"] < 0.02


def test_shifts_have_standard_normal_pulls() -> None:
    chargings = np.random.default_rng(1).uniform(-3, 3, 30)
    rows = calibrate(MANY)
    pulls = [
        (row["shift_ev"] + charging) / row["shift_stderr_ev"] for row, charging in zip(rows, chargings, strict=True)
    ]
    assert abs(np.mean(pulls)) < 4 / np.sqrt(30)
    assert abs(np.std(pulls) - 1) < 4 / np.sqrt(60)


def test_both_engines_find_the_same_line() -> None:
    tables = stage.acquisitions(MANY[:3]), stage.spectra(MANY[:3])
    separable, lmfit = (
        calibration.calibrate(*tables, REFERENCE, model(), engine).to_pylist() for engine in fitting.ENGINES
    )
    for one, other_one in zip(separable, lmfit, strict=True):
        assert one["shift_ev"] == pytest.approx(other_one["shift_ev"], abs=0.02 * one["shift_stderr_ev"])
        assert one["shift_stderr_ev"] == pytest.approx(other_one["shift_stderr_ev"], rel=0.01)


def test_how_many_cycles_are_located_together_changes_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    series = [*MANY[:2], without_carbon(2), carbon(3, 3.9), carbon(4, 0.2, seed=3)]
    together = calibrate(series)
    monkeypatch.setattr(stage_of_calibration, "_PIECE", 2)
    assert calibrate(series) == together


@pytest.mark.parametrize("edges", [[0, 5], [0, 2, 5], [0, 2, 3, 5], [0, 1, 2, 3, 4, 5]])
def test_gathered_blocks_are_the_series_calibrated_at_once(edges: list[int], tmp_path: Path) -> None:
    """The third acquisition has no carbon, the fourth is excluded; a block may hold nothing else."""
    recorded = [*MANY[:2], without_carbon(2), replace(carbon(3, 1.0), excluded=True), carbon(4, 0.2, seed=3)]
    series = in_files([*recorded, *(other(number) for number in range(5))], tmp_path)
    found = cut_at(series, edges, tmp_path / "blocks")
    gathered = calibration.calibrate_series(series, REFERENCE, model(), blocks=found)
    whole = calibration.calibrate_series(series, REFERENCE, model())
    tables.write_parts(tmp_path / "gathered/calibration.parquet", "calibration", gathered, ORIGIN)
    tables.write_parts(tmp_path / "whole/calibration.parquet", "calibration", whole, ORIGIN)
    made = [(tmp_path / name / "calibration.parquet").read_bytes() for name in ("gathered", "whole")]
    assert made[0] == made[1]
    rows = tables.read(tmp_path / "whole/calibration.parquet", "calibration")[0].to_pylist()
    methods = {row["acquisition"]: row["method"] for row in rows}
    assert methods == {0: "fitted", 1: "fitted", 2: "interpolated", 3: "interpolated", 4: "fitted"}


def in_files(recorded: list[Recorded], folder: Path) -> tables.Series:
    recorded = sorted(recorded, key=lambda one: one.acquisition)
    made = {"acquisitions": stage.acquisitions(recorded), "spectra": stage.spectra(recorded)}
    for name, table in made.items():
        tables.write(folder / f"{name}.parquet", name, table, ORIGIN)
    return tables.Series({name: folder / f"{name}.parquet" for name in made})


def cut_at(series: tables.Series, edges: list[int], folder: Path) -> dict[str, tables.Series]:
    """Look for the line in the blocks that ``edges`` limit, the last block first, and write their tables."""
    found = {}
    for first, end in reversed(list(pairwise(edges))):
        name = f"{first:07d}-{end - 1:07d}"
        record = provenance.record("calibrate_block", series.records(hashed=False), {}, "f", subject="s")
        path = folder / f"calibration.{name}.parquet"
        parts = calibration.calibrate_block(series, REFERENCE, model(), range(first, end))
        tables.write_parts(path, "calibration", parts, record)
        found[name] = tables.Series({"calibration": path})
    return dict(sorted(found.items()))


def test_blocks_that_all_lack_the_line_are_refused_as_the_series_would_be(tmp_path: Path) -> None:
    series = in_files([without_carbon(number) for number in range(3)], tmp_path)
    found = cut_at(series, [0, 2, 3], tmp_path / "blocks")
    with pytest.raises(ConfigError, match="no acquisition has a usable reference line"):
        list(calibration.calibrate_series(series, REFERENCE, model(), blocks=found))


def test_a_lost_block_is_noticed(tmp_path: Path) -> None:
    series = in_files([carbon(number, 0.1) for number in range(3)], tmp_path)
    found = cut_at(series, [0, 2, 3], tmp_path / "blocks")
    del found["0000002-0000002"]
    with pytest.raises(TableError, match="are not the 3 acquisitions"):
        list(calibration.calibrate_series(series, REFERENCE, model(), blocks=found))


def test_bare_hydrocarbon_is_not_taken_for_its_oxidised_neighbour() -> None:
    (row,) = calibrate([carbon(0, 1.0, shares=(0.0, 0.0))])
    assert row["shift_ev"] == pytest.approx(-1.0, abs=0.03)


def test_a_reference_below_half_of_its_level_is_told(caplog: pytest.LogCaptureFixture) -> None:
    usual, odd = calibrate([carbon(0, 1.0), carbon(1, 1.0, shares=(0.3, 1.4))])
    assert usual["found_share"] == pytest.approx(1.0 / 1.23, abs=0.02)
    assert odd["found_share"] == pytest.approx(1.0 / 2.7, abs=0.02)
    warned = [record.message for record in caplog.records if "of its level's area only" in record.message]
    assert len(warned) == 1
    assert "acquisition 1: the reference, found at 285.8 eV, is 37 %" in warned[0]


def test_a_line_that_the_other_regions_contradict_is_doubted(shared_data: Path) -> None:
    """Bi 4f, Ti 2p and O 1s lie 3.7 to 4 eV high, and so does a stronger line of C 1s than that at 285 eV."""
    held = versaprobe.read((shared_data / "JesusF10/BN-BS-1/BN-BS-1_multiplex.spe").read_bytes(), "multiplex")
    (region,) = [region for region in held.regions if region.name == "C1s"]
    recorded = Recorded(0, "C1s", ["C 1s"], held.binding_energy_ev(region), region.counts[0])
    content = yaml.safe_load(
        (Path(__file__).parents[1] / "config/models/adventitious_c1s.yaml").read_text(encoding="utf-8")
    )
    shipped = models.from_mapping("adventitious_c1s", content)
    tables_of = stage.acquisitions([recorded]), stage.spectra([recorded])
    (row,) = calibration.calibrate(*tables_of, REFERENCE, shipped).to_pylist()
    assert row["found_binding_energy_ev"] == pytest.approx(285.0, abs=0.2)
    assert row["found_share"] < 0.4


def test_every_region_gets_a_row_and_the_reference_region_does_not_drift() -> None:
    rows = calibrate([carbon(0, 1.0), other(0), carbon(1, 0.5), other(1)])
    assert [(row["acquisition"], row["region"]) for row in rows] == [(0, "C1s"), (0, "Ge3d"), (1, "C1s"), (1, "Ge3d")]
    assert [row["drift_stderr_ev"] for row in rows] == [0.0, 0.05, 0.0, 0.05]
    assert rows[0]["shift_ev"] == rows[1]["shift_ev"]


def test_drift_has_a_default() -> None:
    reference = {key: value for key, value in REFERENCE.items() if key != "drift_stderr_ev"}
    assert (
        calibrate([carbon(0, 1.0), other(0)], reference)[1]["drift_stderr_ev"] == stage_of_calibration.DRIFT_STDERR_EV
    )


def without_carbon(acquisition: int) -> Recorded:
    return carbon(acquisition, 0.0, area=0.0)


def test_a_cycle_without_carbon_is_interpolated_and_flagged(caplog: pytest.LogCaptureFixture) -> None:
    rows = calibrate([carbon(0, 2.0), without_carbon(1), carbon(2, 1.0), carbon(3, 0.8)])
    assert [row["method"] for row in rows] == ["fitted", "interpolated", "fitted", "fitted"]
    assert rows[1]["shift_ev"] == pytest.approx((rows[0]["shift_ev"] + rows[2]["shift_ev"]) / 2)
    assert rows[1]["found_binding_energy_ev"] is None
    assert rows[1]["shift_stderr_ev"] > 10 * rows[0]["shift_stderr_ev"]
    assert "acquisition 1: no usable reference" in caplog.text


def test_a_missing_reference_region_is_interpolated() -> None:
    rows = calibrate([carbon(0, 2.0), other(1), carbon(2, 1.0)])
    assert rows[1]["method"] == "interpolated"
    assert rows[1]["shift_ev"] == pytest.approx(-1.5, abs=0.02)


def test_excluded_cycles_are_not_fitted() -> None:
    rows = calibrate([carbon(0, 2.0), replace(carbon(1, 3.0), excluded=True), carbon(2, 2.0)])
    assert rows[1]["method"] == "interpolated"
    assert rows[1]["shift_ev"] == pytest.approx(-2.0, abs=0.03)


def test_empty_and_absurd_counts_are_not_usable() -> None:
    dead = replace(carbon(1, 0.0), counts=np.zeros(241))
    negative = replace(carbon(2, 0.0), counts=np.full(241, -1.0))
    rows = calibrate([carbon(0, 2.0), dead, negative, carbon(3, 2.0)])
    assert [row["method"] for row in rows] == ["fitted", "interpolated", "interpolated", "fitted"]


@pytest.mark.parametrize("series", [[without_carbon(0), without_carbon(1)], [carbon(0, 8.0)]])
def test_a_series_without_any_usable_reference_is_refused_with_the_remedy(series: list[Recorded]) -> None:
    with pytest.raises(ConfigError, match=r"experiment simulated.*mode none.*mode fixed.*another line"):
        calibrate(series)


@pytest.mark.parametrize(("mode", "shift"), [("none", 0.0), ("fixed", -1.25)])
def test_other_modes_fit_nothing(mode: str, shift: float) -> None:
    reference = {"mode": mode} | ({"shift_ev": shift} if mode == "fixed" else {})
    series = [other(0), other(1)]
    found = calibration.calibrate(stage.acquisitions(series), stage.spectra(series), reference).to_pylist()
    assert [(row["shift_ev"], row["method"], row["shift_stderr_ev"]) for row in found] == [(shift, mode, 0.0)] * 2
    assert {row["reference"] for row in found} == {"none"}
    assert {row["found_binding_energy_ev"] for row in found} == {None}


def test_another_line_can_be_the_reference() -> None:
    energy = axis(24.0, 40.0)
    counts = rate(energy - 0.7, [Line(5000, 32.5, 1.3)], 300.0) * 10.0
    content = {
        "windows": [window("Ge 3d", 26.0, 38.0)],
        "components": [component("Ge4+", span(32.5, 32.2, 32.8), span(1.3, 1.0, 1.8))],
        "ties": [],
    }
    reference = {"mode": "fitted", "level": "Ge 3d", "component": "Ge4+", "binding_energy_ev": 32.5}
    series = [Recorded(0, "Ge3d", ["Ge 3d"], energy, counts)]
    found = calibration.calibrate(stage.acquisitions(series), stage.spectra(series), reference, model(**content))
    assert found.to_pylist()[0]["shift_ev"] == pytest.approx(-0.7, abs=1e-4)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        (REFERENCE | {"component": "C-F"}, "no component is called 'C-F'"),
        (REFERENCE | {"level": "O 1s"}, "belongs to C 1s, not O 1s"),
        (REFERENCE | {"component": "C-O"}, "is tied .*; refer to C-C"),
    ],
)
def test_a_reference_that_the_model_cannot_give_is_refused(reference: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        calibrate([carbon(0, 1.0)], reference)


def test_a_reference_that_was_not_measured_is_refused() -> None:
    with pytest.raises(ConfigError, match="core level C 1s must be held by one region, found none"):
        calibrate([other(0)])


def test_mode_fitted_needs_a_model() -> None:
    with pytest.raises(ConfigError, match="needs a fit model with component 'C-C'"):
        calibration.calibrate(stage.acquisitions([carbon(0, 1.0)]), stage.spectra([carbon(0, 1.0)]), REFERENCE)


def known(*pairs: tuple[int, float]) -> dict[int, Shift]:
    return {acquisition: Shift(shift, 0.01, "fitted", None) for acquisition, shift in pairs}


@given(st.lists(st.tuples(st.integers(0, 40), st.floats(-3, 3)), min_size=1, unique_by=lambda pair: pair[0]))
def test_interpolated_shifts_stay_between_their_neighbours(pairs: list[tuple[int, float]]) -> None:
    shifts = known(*pairs)
    for acquisition in set(range(42)) - set(shifts):
        found = drift.Course(shifts).at(acquisition)
        assert min(s.shift_ev for s in shifts.values()) - 1e-9 <= found.shift_ev
        assert found.shift_ev <= max(s.shift_ev for s in shifts.values()) + 1e-9
        assert found.stderr_ev > 0
        assert found.method == "interpolated"


def test_a_known_shift_stays_as_it_is() -> None:
    shifts = known((2, 0.4), (7, 0.1), (8, -0.3))
    course = drift.Course(shifts)
    assert {number: course.at(number) for number in shifts} == shifts


@given(st.lists(st.dictionaries(st.integers(0, 9), st.floats(-4, 4), max_size=4), max_size=5))
def test_what_blocks_found_is_what_a_mapping_of_all_holds(blocks: list[dict[int, float]]) -> None:
    found = [
        {10 * place + number: drift.Found(284.8 + shift, 0.01) for number, shift in sorted(block.items())}
        for place, block in enumerate(blocks)
    ]
    expected = {
        number: Shift(284.8 - here.energy_ev, here.stderr_ev, "fitted", here)
        for block in found
        for number, here in block.items()
    }
    shifts = drift.Known(284.8, found)
    assert dict(shifts) == expected
    assert len(shifts) == len(expected)
    assert all((number in shifts) == (number in expected) for number in range(60))


def test_uncertainty_grows_with_the_distance_to_usable_cycles() -> None:
    shifts = known((0, 0.0), (2, 0.4), (12, 0.0))
    errors = [drift.Course(shifts).at(a).stderr_ev for a in (1, 3, 5, 7)]
    assert errors == sorted(errors)
    beyond = [drift.Course(shifts).at(a).stderr_ev for a in (13, 14, 20)]
    assert beyond == sorted(beyond)
    assert drift.Course(shifts).at(20).shift_ev == 0.0
    # Eight steps of a walk of (0.4² / 2 + 0.4² / 10) / 2 per cycle, beyond the last usable one.
    assert beyond[2] == pytest.approx(np.sqrt(0.01**2 + 8 * (0.16 / 2 + 0.16 / 10) / 2))


def test_one_usable_cycle_stands_for_all_with_an_assumed_walk() -> None:
    found = drift.Course(known((5, -1.0))).at(1)
    assert found.shift_ev == -1.0
    assert found.stderr_ev == pytest.approx(np.sqrt(0.01**2 + 4 * 0.3**2))
