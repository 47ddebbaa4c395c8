"""The simulator must write what the truth says: areas, axis, noise, log; and the same bytes each time."""

import csv
import io
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.integrate
import scipy.optimize
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from xps import provenance, simulation, versaprobe
from xps.errors import ConfigError
from xps.simulation import Plan, RegionPlan, Series, TrueLine

ROOT = Path(__file__).parents[1]
SETTINGS = ROOT / "config/simulation/lagp_vep.yaml"
SCHEMAS = ROOT / "config/schema"
TRUTH = ROOT / "tests/truth/lagp_vep.csv"
RAW = ROOT / "raw"
MINUTES = (0, 5, 10, 15, 20, 30, 50, 70)
NARROW = ("Li1s", "Ge3d", "P2p", "Al2p", "O1s", "C1s")
LINE = TrueLine(0, 0.0, "C1s", "C1s", "C-C", 284.8, 2.0, 1.35, 0.087, 0.0, 0.0, 4.0e4, 0.0, 4.0)
REGION = RegionPlan("C1s", 6, 298.0, 278.0, 0.1, 4.0, 4500.0)


@pytest.fixture(scope="module")
def mapping() -> Mapping[str, Any]:
    return simulation.load_settings(SETTINGS, SCHEMAS)


@pytest.fixture(scope="module")
def plan(mapping: Mapping[str, Any]) -> Plan:
    return simulation.plan_from(mapping)


@pytest.fixture(scope="module")
def truth(mapping: Mapping[str, Any]) -> tuple[TrueLine, ...]:
    setup = simulation.setup_from(mapping)
    return tuple(line for lines in simulation.truth_of(setup) for line in lines)


@pytest.fixture(scope="module")
def vep(plan: Plan, truth: tuple[TrueLine, ...]) -> Series:
    return simulation.simulate(plan, truth)


def counts_of(series: Series) -> dict[tuple[str, str], np.ndarray]:
    """Counts by (file, region) as the reader finds them."""
    return {
        (name, region.name): region.counts[0]
        for name, data in series.files.items()
        if name.endswith(".spe")
        for region in versaprobe.read(data, name).regions
    }


def log_of(series: Series) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(series.files["acquisitions.csv"].decode())))


# --- truth ------------------------------------------------------------------------------------------------------------


def test_the_truth_table_holds_the_lines_that_were_written(truth: tuple[TrueLine, ...]) -> None:
    table = simulation.read_truth(TRUTH.read_text(encoding="utf-8"), TRUTH.name)
    for row, line in zip(table, truth, strict=True):
        assert (row.row, row.region, row.line, row.species) == (line.row, line.region, line.line, line.species)
        assert row.area_cps_ev == pytest.approx(line.area_cps_ev, rel=1e-4, abs=1e-4)
        assert row.charge_shift_ev == pytest.approx(line.charge_shift_ev, abs=5e-5)
        assert (row.start_min, row.end_min) == (line.start_min, line.end_min)


def test_truth_says_that_it_is_simulated_and_where_it_is_from() -> None:
    comment = TRUTH.read_text(encoding="utf-8").splitlines()[0]
    assert comment.startswith("# SIMULATED")
    assert "config/simulation/lagp_vep.yaml" in comment


def test_truth_keys_are_unique(truth: tuple[TrueLine, ...]) -> None:
    keys = [(line.row, line.region, line.line, line.species) for line in truth]
    assert len(keys) == len(set(keys))


def test_a_missing_column_and_wrong_values_are_all_named() -> None:
    text = TRUTH.read_text(encoding="utf-8")
    with pytest.raises(ConfigError, match="column FWHM_eV is missing"):
        simulation.read_truth(text.replace("FWHM_eV,lorentz", "width,lorentz"), "truth")
    rows = text.splitlines()
    first, second = ([*row.split(",")] for row in rows[4:6])
    broken = text.replace(f",{first[12]},", ",many,").replace(f",{second[12]},", ",lots,")
    with pytest.raises(ConfigError, match=r"(?s)truth: 2 faults.*data row 1: .*many.*data row 2: .*lots"):
        simulation.read_truth(broken, "truth")


def test_a_row_that_ends_too_early_is_refused() -> None:
    short = "\n".join(TRUTH.read_text(encoding="utf-8").splitlines()[:5])[:-30]
    with pytest.raises(ConfigError, match="data row 1"):
        simulation.read_truth(short, "truth")


def test_truth_outside_the_project_or_missing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "truth.csv").write_text(TRUTH.read_text(encoding="utf-8"))
    (tmp_path / "project").mkdir()
    for name in ("../truth.csv", "absent.csv"):
        with pytest.raises(ConfigError, match="is no file inside"):
            simulation.load_truth(tmp_path / "project", name)


# --- lines ------------------------------------------------------------------------------------------------------------


@given(
    area=st.floats(1.0, 1e6),
    fwhm=st.floats(0.6, 4.0),
    fraction=st.floats(0.01, 0.9),
    ratio=st.floats(0.0, 1.0),
    shift=st.floats(-5.0, 5.0),
)
def test_a_line_integrates_to_its_true_area(
    area: float, fwhm: float, fraction: float, ratio: float, shift: float
) -> None:
    lorentzian = fraction * fwhm
    line = replace(
        LINE,
        area_cps_ev=area,
        fwhm_ev=fwhm,
        lorentzian_fwhm_ev=lorentzian,
        area_ratio=ratio,
        splitting_ev=1.7,
        charge_shift_ev=shift,
    )
    energy = np.linspace(-2000.0, 2600.0, 92_001)
    in_tails = lorentzian / (np.pi * 2200.0) * 1.5  # Lorentzian area beyond the axis
    assert np.trapezoid(simulation.line_cps(energy, line), energy) == pytest.approx(area, rel=in_tails + 1e-6)


def independent_voigt(energy: np.ndarray, position: float, fwhm: float, lorentzian: float) -> np.ndarray:
    """Unit-area Voigt profile whose Gaussian width is searched until the total FWHM is right."""

    def excess(sigma: float) -> float:
        at_half, at_top = scipy.special.voigt_profile(np.array([fwhm / 2.0, 0.0]), sigma, lorentzian / 2.0)
        return float(at_half / at_top - 0.5)

    sigma = scipy.optimize.brentq(excess, 1e-6 * fwhm, fwhm, xtol=1e-14)
    return np.asarray(scipy.special.voigt_profile(energy - position, sigma, lorentzian / 2.0))


def test_a_doublet_is_two_voigt_lines_with_the_minor_one_at_higher_binding_energy() -> None:
    line = replace(LINE, position_ev=124.7, fwhm_ev=2.9, lorentzian_fwhm_ev=2.11, splitting_ev=4.1, area_ratio=0.5)
    energy = simulation.recorded_energy_ev(RegionPlan("P2p", 15, 142.0, 116.0, 0.1, 8.0, 0.0))
    major = independent_voigt(energy, 124.7 + 2.0, 2.9, 2.11)
    minor = independent_voigt(energy, 128.8 + 2.0, 2.9, 2.11)
    assert simulation.line_cps(energy, line) == pytest.approx(4.0e4 * (2.0 * major + minor) / 3.0, rel=2e-3)


@given(shift=st.floats(-3.0, 3.0))
def test_recorded_energy_is_true_energy_plus_charge_shift(shift: float) -> None:
    line = replace(LINE, charge_shift_ev=shift)
    energy = np.linspace(278.0, 298.0, 20_001)
    assert energy[np.argmax(simulation.line_cps(energy, line))] == pytest.approx(284.8 + shift, abs=6e-4)


# --- expected counts --------------------------------------------------------------------------------------------------


def test_axis_starts_at_the_high_end_and_falls_by_the_step() -> None:
    energy = simulation.recorded_energy_ev(REGION)
    assert energy[[0, 1, -1]] == pytest.approx([298.0, 297.9, 278.0])
    assert energy.shape == (201,)


def test_noise_free_areas_of_every_acquisition_integrate_to_the_truth(plan: Plan, truth: tuple[TrueLine, ...]) -> None:
    """The expectation less constant and step holds the summed truth; wide windows keep the Lorentzian tails in."""
    for row in plan.rows:
        for region in plan.regions:
            lines = [line for line in truth if (line.row, line.region) == (row, region.name)]
            wide = replace(region, high_ev=region.high_ev + 400.0, low_ev=region.low_ev - 400.0)
            peaks = simulation.expected_cps(wide, lines, 0.0) - region.constant_background_cps
            total = sum(line.area_cps_ev for line in lines)
            assert peaks.sum() * region.step_ev == pytest.approx(total, rel=2e-3), (row, region.name)


def test_lines_lie_inside_their_windows(plan: Plan, truth: tuple[TrueLine, ...]) -> None:
    """Charging pushes no line, nor its minor one, closer than 1.1 FWHM to the edge of its window (a loss may)."""
    windows = {region.name: (region.low_ev, region.high_ev) for region in plan.regions}
    for line in (line for line in truth if "loss" not in line.species):
        low, high = windows[line.region]
        recorded = line.position_ev + line.charge_shift_ev
        assert low + 1.1 * line.fwhm_ev < recorded, line
        assert recorded + line.splitting_ev < high - 1.1 * line.fwhm_ev, line


def test_shirley_step_is_the_area_below_times_k() -> None:
    energy = simulation.recorded_energy_ev(REGION)
    peak = simulation.expected_cps(REGION, [LINE], 0.0) - 4500.0
    step = simulation.expected_cps(REGION, [LINE], 0.02) - 4500.0 - peak
    independent = scipy.integrate.cumulative_simpson(peak[::-1], x=energy[::-1], initial=0.0)[::-1]
    assert step == pytest.approx(0.02 * independent, abs=1e-4 * 0.02 * 4.0e4)
    assert step[-1] == 0.0
    assert step[0] == pytest.approx(0.02 * 4.0e4, rel=5e-3)


def test_without_lines_only_the_constant_background_is_left() -> None:
    assert np.all(simulation.expected_cps(REGION, [], 0.02) == 4500.0)


@given(factor=st.floats(0.1, 10.0))
def test_doubling_the_areas_doubles_peaks_and_step(factor: float) -> None:
    once = simulation.expected_cps(REGION, [LINE], 0.02) - 4500.0
    more = simulation.expected_cps(REGION, [replace(LINE, area_cps_ev=factor * 4.0e4)], 0.02) - 4500.0
    assert more == pytest.approx(factor * once, rel=1e-9, abs=1e-8)


# --- noise ------------------------------------------------------------------------------------------------------------


def test_counts_have_the_expected_mean_and_poisson_variance() -> None:
    plan, truth, seeds = simulation.mini_plan(acquisitions=1), simulation.mini_truth(1), range(60)
    region = plan.regions[0]
    lines = [line for line in truth if line.region == region.name]
    time_s = plan.instrument.time_per_channel_s(region)
    expected = simulation.expected_cps(region, lines, plan.shirley_per_ev) * time_s
    drawn = [counts_of(simulation.simulate(replace(plan, seed=seed), truth)) for seed in seeds]
    pulls = np.array([(found["mini_000min.spe", "Al2p"] - expected) / np.sqrt(expected) for found in drawn])
    assert abs(pulls.mean()) < 4.0 / np.sqrt(pulls.size)
    assert abs(pulls.var() - 1.0) < 4.0 * np.sqrt(2.0 / pulls.size)


def test_leaving_out_an_acquisition_changes_no_other(plan: Plan, truth: tuple[TrueLine, ...], vep: Series) -> None:
    fewer = simulation.simulate(replace(plan, rows=(0, 7)), truth)
    assert fewer.files["lagp_vep_070min.spe"] == vep.files["lagp_vep_070min.spe"]


def test_swapping_regions_changes_no_spectrum(plan: Plan, truth: tuple[TrueLine, ...], vep: Series) -> None:
    swapped = counts_of(simulation.simulate(replace(plan, regions=plan.regions[::-1]), truth))
    original = counts_of(vep)
    assert swapped.keys() == original.keys()
    assert all(np.array_equal(swapped[key], original[key]) for key in original)


@pytest.mark.parametrize("change", [{"seed": 1}, {"experiment": "other"}])
def test_another_replicate_or_name_gives_other_noise(change: Mapping[str, Any]) -> None:
    truth = simulation.mini_truth(1)
    first = counts_of(simulation.simulate(simulation.mini_plan(acquisitions=1), truth))
    second = counts_of(simulation.simulate(replace(simulation.mini_plan(acquisitions=1), **change), truth))
    assert all(not np.array_equal(first[key], second[key]) for key in first)


def test_acquisitions_and_regions_have_independent_noise() -> None:
    draws = [
        tuple(simulation.noise("mini", row, region, 0).poisson(1e6, 8)) for row in (0, 1) for region in ("C1s", "Al2p")
    ]
    assert len(set(draws)) == 4


# --- files ------------------------------------------------------------------------------------------------------------


def test_the_reader_finds_what_was_written(plan: Plan, vep: Series) -> None:
    measurement = versaprobe.read(vep.files["lagp_vep_030min.spe"], "lagp_vep_030min.spe")
    assert measurement.simulated
    assert measurement.warnings == ()
    assert (measurement.file_type, measurement.technique, measurement.cycles) == ("spectrum", "XPS", 1)
    assert (measurement.photon_energy_ev, measurement.work_function_ev) == (1486.6, 4.506)
    assert (measurement.transmission_a, measurement.transmission_b) == (40.0, 0.0)
    assert (measurement.source_analyser_angle_deg, measurement.emission_angle_deg) == (45.0, 45.0)
    assert measurement.instrument == "PHI VersaProbe III"
    assert measurement.neutraliser_current_ua in (0.0, None)
    assert str(measurement.acquisition_date) == "2024-03-04"
    for region, planned in zip(measurement.regions, plan.regions_of(5), strict=True):
        assert (region.name, region.channels, region.pass_energy_ev) == (planned.name, planned.channels, 55.0)
        assert np.array_equal(region.energy_ev, simulation.recorded_energy_ev(planned))
        assert region.time_per_channel_s == plan.instrument.time_per_channel_s(planned)
        assert region.sweeps == plan.instrument.sweeps(planned)


def test_stored_intensities_are_whole_counts_over_time(plan: Plan, truth: tuple[TrueLine, ...], vep: Series) -> None:
    """The counts drawn come back exactly from the float32 rates of the file."""
    measurement = versaprobe.read(vep.files["lagp_vep_000min.spe"], "lagp_vep_000min.spe")
    for region, planned in zip(measurement.regions, plan.regions_of(0), strict=True):
        lines = [line for line in truth if (line.row, line.region) == (0, region.name)]
        expected = simulation.expected_cps(planned, lines, 0.02) * region.time_per_channel_s
        drawn = simulation.noise("lagp_vep", 0, region.name, 0).poisson(expected)
        product = region.intensity_cps[0].astype(np.float64) * region.time_per_channel_s
        assert region.intensity_cps.dtype == np.dtype("<f4")
        assert np.abs(product - drawn).max() < 0.02
        assert np.array_equal(np.rint(product), drawn)
        assert np.array_equal(region.counts[0], drawn)


def test_counting_time_fills_the_window_in_whole_sweeps(plan: Plan) -> None:
    for region in plan.regions:
        time_s = plan.instrument.time_per_channel_s(region)
        assert time_s == pytest.approx(0.02 * plan.instrument.sweeps(region), rel=1e-12)
        spare = region.minutes * 60.0 - 5.0 - time_s * region.channels
        assert 0.0 <= spare < 0.02 * region.channels


def test_every_header_says_simulated(vep: Series) -> None:
    for name, data in vep.files.items():
        if name.endswith(".spe"):
            measurement = versaprobe.read(data, name)
            assert (measurement.first("FileDesc") or "").startswith("SIMULATED")
            assert "SIMULATED" in (measurement.first("SoftwareVersion") or "")


# --- log --------------------------------------------------------------------------------------------------------------


def test_log_lists_the_files_in_time_with_their_windows(vep: Series, truth: tuple[TrueLine, ...]) -> None:
    log = log_of(vep)
    assert [row["file"] for row in log] == [f"lagp_vep_{minute:03d}min.spe" for minute in MINUTES]
    assert [float(row["plating_time_s"]) for row in log] == [60.0 * minute for minute in MINUTES]
    assert (log[0]["started_at"], log[0]["ended_at"]) == ("2024-03-04T09:00:00", "2024-03-04T10:06:00")
    assert (log[-1]["started_at"], log[-1]["ended_at"]) == ("2024-03-04T17:52:00", "2024-03-04T18:58:00")
    assert {row["plating_current_ua"] for row in log} == {"20.0"}
    assert {float(row["pressure_pa"]) for row in log} == {1.0e-7}
    assert {row[key] for row in log for key in ("exclude", "reason", "resumes", "rest_time_s")} == {""}


def test_log_leaves_room_for_the_counting(vep: Series) -> None:
    """A log that is shorter than the counting it reports would be refused as a lie."""
    for row in log_of(vep):
        measurement = versaprobe.read(vep.files[row["file"]], row["file"])
        counting_s = sum(region.channels * region.time_per_channel_s + 5.0 for region in measurement.regions)
        logged = datetime.fromisoformat(row["ended_at"]) - datetime.fromisoformat(row["started_at"])
        assert counting_s <= logged.total_seconds() < 1.1 * counting_s


def test_log_axis_and_missing_current_follow_the_plan() -> None:
    plan = simulation.mini_plan()
    rest = replace(plan, log=replace(plan.log, axis="rest_time_s", plating_current_ua=None))
    rows = log_of(simulation.simulate(rest, simulation.mini_truth()))
    assert [row["rest_time_s"] for row in rows] == ["0.0", "300.0"]
    assert {row["plating_time_s"] for row in rows} == {row["plating_current_ua"] for row in rows} == {""}


# --- committed series -------------------------------------------------------------------------------------------------


def test_regenerating_gives_the_committed_bytes(vep: Series) -> None:
    folder = RAW / vep.experiment
    assert {path.name for path in folder.iterdir()} == set(vep.files)
    for name, data in vep.files.items():
        assert (folder / name).read_bytes() == data, name


def independent_columns(energy: np.ndarray, lines: list[TrueLine]) -> np.ndarray:
    """What each true line adds per unit area, with its Shirley step, and a constant: shape (channels, lines + 1)."""
    columns = []
    for line in lines:
        shape = (line.fwhm_ev, line.lorentzian_fwhm_ev)
        position = line.position_ev + line.charge_shift_ev
        doublet = independent_voigt(energy, position, *shape)
        doublet = doublet + line.area_ratio * independent_voigt(energy, position + line.splitting_ev, *shape)
        peak = doublet / (1.0 + line.area_ratio)
        columns.append(peak + 0.02 * scipy.integrate.cumulative_simpson(peak[::-1], dx=0.1, initial=0.0)[::-1])
    return np.stack([*columns, np.ones_like(energy)], axis=1)


def test_true_areas_are_recovered_from_the_committed_files(plan: Plan, truth: tuple[TrueLine, ...]) -> None:
    """Weighted least squares with known shapes, written without the simulator's code: pulls must be standard normal."""
    pulls, chi_squares = [], []
    for row, minute in enumerate(MINUTES):
        data = (RAW / f"lagp_vep/lagp_vep_{minute:03d}min.spe").read_bytes()
        for region in versaprobe.read(data, str(minute)).regions[: len(NARROW)]:
            lines = [line for line in truth if (line.row, line.region) == (row, region.name)]
            areas = np.array([line.area_cps_ev for line in lines])
            columns = independent_columns(region.energy_ev, lines) * region.time_per_channel_s
            constant = next(planned.constant_background_cps for planned in plan.regions if planned.name == region.name)
            sigma = np.sqrt(columns @ np.append(areas, constant))
            weighted = columns / sigma[:, np.newaxis]
            covariance = np.linalg.inv(weighted.T @ weighted)
            found = covariance @ weighted.T @ (region.counts[0] / sigma)
            pulls += list((found[:-1] - areas) / np.sqrt(np.diag(covariance))[:-1])
            chi_squares.append(
                np.sum((region.counts[0] / sigma - weighted @ found) ** 2) / (region.channels - len(found))
            )
    assert len(pulls) == sum(line.region in NARROW for line in truth)
    assert abs(np.mean(pulls)) < 4.0 / np.sqrt(len(pulls))
    assert 0.7 < np.std(pulls) < 1.3
    assert all(0.6 < value < 1.4 for value in chi_squares)


def test_checksums_are_those_of_the_committed_files(vep: Series) -> None:
    rows = list(csv.DictReader(io.StringIO((RAW / "checksums.tsv").read_text(encoding="utf-8")), delimiter="\t"))
    own = [row for row in rows if row["path"].startswith("lagp_vep/")]
    assert [row["path"] for row in own] == sorted(f"lagp_vep/{name}" for name in vep.files)
    for row in own:
        data = (RAW / row["path"]).read_bytes()
        assert (row["sha256"], row["bytes"]) == (provenance.bytes_sha256(data), str(len(data)))
        assert row["data_origin"] == "simulated"


def test_the_series_is_small(vep: Series) -> None:
    assert sum(map(len, vep.files.values())) < 100_000


def test_only_the_simulator_knows_truth_and_simulation() -> None:
    """The analysis is judged by the truth and must not be able to see it."""
    allowed = {*(ROOT / "scripts/xps/simulation").iterdir(), ROOT / "scripts/simulate_experiment.py"}
    for path in sorted({*(ROOT / "scripts").rglob("*.py"), *(ROOT / "rules").glob("*.smk")} - allowed):
        text = path.read_text(encoding="utf-8")
        assert "tests/truth" not in text, path
        assert "xps.simulation" not in text, path
        assert "import simulation" not in text, path


# --- writing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["mini_a", "mini_b"])
def test_the_committed_mini_project_holds_the_mini_series(name: str) -> None:
    folder = ROOT / "tests/mini/raw" / name
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == dict(simulation.mini_series(name).files)


def test_mini_series_is_written_whole_and_the_same_each_time(tmp_path: Path) -> None:
    series = simulation.mini_series()
    assert series == simulation.mini_series()
    paths = simulation.write_series(series, tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in paths] == [
        "mini/mini_000min.spe",
        "mini/mini_005min.spe",
        "mini/acquisitions.csv",
        "checksums.tsv",
    ]
    before = {path: path.read_bytes() for path in paths}
    simulation.write_series(series, tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before
    measurement = versaprobe.read(paths[0].read_bytes(), "mini")
    assert [(region.name, region.channels) for region in measurement.regions] == [("Al2p", 101), ("C1s", 101)]


def test_checksums_keep_other_experiments_and_renew_their_own(tmp_path: Path) -> None:
    for name in ("second", "first"):
        simulation.write_series(simulation.mini_series(name), tmp_path)
    before = (tmp_path / "checksums.tsv").read_text()
    simulation.write_series(simulation.mini_series("second", acquisitions=3), tmp_path)
    after = (tmp_path / "checksums.tsv").read_text().splitlines()
    assert [row.split("\t")[0] for row in after[1:]] == sorted(row.split("\t")[0] for row in after[1:])
    assert len(after) == len(before.splitlines()) + 1
    assert [row for row in before.splitlines() if row.startswith("first/")] == after[1:4]


def test_files_that_are_no_part_of_the_series_are_named_and_nothing_is_written(tmp_path: Path) -> None:
    simulation.write_series(simulation.mini_series(acquisitions=3), tmp_path)
    log = (tmp_path / "mini/acquisitions.csv").read_bytes()
    with pytest.raises(ConfigError, match=r"mini_010min\.spe is no part"):
        simulation.write_series(simulation.mini_series(acquisitions=2), tmp_path)
    assert (tmp_path / "mini/acquisitions.csv").read_bytes() == log


# --- plans ------------------------------------------------------------------------------------------------------------


def test_all_faults_of_a_plan_are_reported_at_once(mapping: Mapping[str, Any]) -> None:
    regions = [dict(region) for region in mapping["regions"]]
    regions[0] |= {"step_ev": 0.3}
    regions[1] |= {"minutes": 0.1}
    regions[2] |= {"high_ev": 100.0}
    regions[3] |= {"name": "O1s"}
    log = {**mapping["log"], "first_start": "2024-13-04T09:00:00"}
    with pytest.raises(ConfigError) as caught:
        simulation.plan_from({**mapping, "regions": regions, "log": log})
    message = str(caught.value)
    assert "5 faults" in message
    for part in ("Li1s: 64.0 to 44.0", "Ge3d: 0.1 min", "P2p: high_ev 100.0", "O1s occurs twice", "2024-13-04"):
        assert part in message


def test_the_committed_settings_fit_their_schema_and_an_absent_file_is_named(plan: Plan, tmp_path: Path) -> None:
    assert simulation.load(SETTINGS, SCHEMAS).plan == plan
    with pytest.raises(ConfigError, match=r"absent\.yaml.*no such file"):
        simulation.load(tmp_path / "absent.yaml", SCHEMAS)


def test_a_region_without_truth_is_refused_with_its_row(plan: Plan, truth: tuple[TrueLine, ...]) -> None:
    carbon_only = replace(plan, rows=(0, 9), regions=tuple(one for one in plan.regions if one.name == "C1s"))
    no_carbon = [line for line in truth if line.region != "C1s"]
    with pytest.raises(ConfigError, match=r"(?s)2 faults.*row 0, region C1s.*row 9, region"):
        simulation.simulate(carbon_only, no_carbon)


def test_two_acquisitions_of_one_time_are_refused() -> None:
    same = [replace(line, time_min=5.0) for line in simulation.mini_truth()]
    with pytest.raises(ConfigError, match=r"mini_005min\.spe"):
        simulation.simulate(simulation.mini_plan(), same)


# --- command line -----------------------------------------------------------------------------------------------------


def test_the_command_writes_the_committed_series(tmp_path: Path) -> None:
    command = [sys.executable, "scripts/simulate_experiment.py", str(SETTINGS), "--raw", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    for path in (RAW / "lagp_vep").iterdir():
        assert (tmp_path / "lagp_vep" / path.name).read_bytes() == path.read_bytes()


def test_the_command_ends_with_one_message_on_bad_settings(tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text(SETTINGS.read_text().replace("seed: 0", "seed: none\nfrom_nature: true"))
    command = [sys.executable, "scripts/simulate_experiment.py", str(bad), "--raw", str(tmp_path / "raw")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "from_nature" in done.stderr
    assert "seed" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "raw").exists()
