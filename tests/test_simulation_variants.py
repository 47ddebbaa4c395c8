"""Each variant changes what it says and nothing else, compared with the series that it is made of."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy.integrate

from xps import lineshapes, simulation, versaprobe
from xps.errors import ConfigError, RawFileError
from xps.simulation import RegionPlan, Setup, TrueLine

ROOT = Path(__file__).parents[1]
Key = tuple[int, str, str, str]
REGION = RegionPlan("P2p", 15, 142.0, 116.0, 0.1, 8.0, 0.0)


@cache
def setup_of(name: str) -> Setup:
    return simulation.load(ROOT / f"config/simulation/{name}.yaml", ROOT / "config/schema")


@cache
def truth_of(name: str, kind: str | None = None) -> dict[Key, TrueLine]:
    setup = setup_of(name)
    made = simulation.Variant(setup) if kind is None else simulation.variant(setup, kind)
    return {(line.row, line.region, line.line, line.species): line for line in made.truth()}


def areas(name: str, row: int, kind: str | None = None) -> dict[tuple[str, str], float]:
    """Areas of the narrow regions of one acquisition by line and species."""
    lines = truth_of(name, kind).items()
    return {key[2:]: line.area_cps_ev for key, line in lines if key[0] == row and key[1] != "Su1s"}


def files_of(name: str, kind: str) -> dict[str, bytes]:
    files = simulation.variant(setup_of(name), kind).series().files
    return {file: data for file, data in files.items() if not file.endswith(".csv")}


def test_every_variant_says_what_it_does_and_an_unknown_one_is_refused() -> None:
    assert len(simulation.VARIANTS) == 18
    assert all(len(meaning.split()) >= 4 for meaning in simulation.VARIANTS.values())
    with pytest.raises(ConfigError, match=r"no variant is called 'islandz' \(did you mean 'islands'\?\)"):
        simulation.variant(setup_of("lagp_vep"), "islandz")


# --- traps ------------------------------------------------------------------------------------------------------------


def test_a_closed_film_hides_more_than_islands_of_the_same_lithium() -> None:
    """Only where there is lithium; then the fewer places it covers, the more of the ground is seen."""
    for kind in ("planar", "islands"):
        assert areas("lagp_vep", 3, kind) == pytest.approx(areas("lagp_vep", 3))
    planar, half, islands = (areas("lagp_vep", 7, kind)["Ge3d", "Ge0"] for kind in ("planar", None, "islands"))
    assert planar < half < islands
    assert areas("lagp_vep", 7, "planar")["Li1s", "Li0"] > areas("lagp_vep", 7, "islands")["Li1s", "Li0"]


def test_hidden_phosphide_is_two_percent_of_phosphorus_and_moves_nothing_else() -> None:
    before, after = truth_of("lagp_vep"), truth_of("lagp_vep", "hidden_phosphide")
    added = {key: after[key] for key in after.keys() - before.keys()}
    assert {key: after[key] for key in before} == before
    assert {key[0] for key in added} == set(range(1, 8))
    for (row, region, level, species), line in added.items():
        assert (level, species, line.position_ev) == ("P2p", "Li3P", 126.3)
        assert line.fwhm_ev == pytest.approx(1.3 if region == "P2p" else np.sqrt(1.3**2 + 2.2**2 - 0.85**2))
        phosphate = before[row, region, "P2p", "PO4"].area_cps_ev
        assert line.area_cps_ev / (line.area_cps_ev + phosphate) == pytest.approx(0.02)


def test_carbon_apart_moves_carbon_alone_and_only_late() -> None:
    before, after = truth_of("lagp_vep"), truth_of("lagp_vep", "carbon_apart")
    for key, line in before.items():
        carbon = key[3] in ("C-C/C-H", "C-O", "O2s AdC") or key[2] == "CKLL"
        moved = after[key].position_ev - line.position_ev
        assert moved == pytest.approx(0.3 if carbon and line.time_min >= 30.0 else 0.0, abs=1e-9), key
        assert after[key].area_cps_ev == line.area_cps_ev


def test_short_counting_counts_a_tenth_in_the_same_windows() -> None:
    long, short = (
        versaprobe.read(simulation.Variant(setup_of("al_foil")).series().files["al_foil_000min.spe"], "long"),
        versaprobe.read(files_of("al_foil", "short_counting")["al_foil_000min.spe"], "short"),
    )
    for one, other in zip(long.regions, short.regions, strict=True):
        assert other.time_per_channel_s == pytest.approx(one.time_per_channel_s / 10.0)
        assert other.sweeps == one.sweeps
        assert other.counts.sum() == pytest.approx(one.counts.sum() / 10.0, rel=0.01)
    assert truth_of("al_foil", "short_counting") == truth_of("al_foil")


def test_a_missing_cycle_leaves_the_others_as_they_are() -> None:
    whole = simulation.Variant(setup_of("li2s_gas")).series().files
    rest = files_of("li2s_gas", "missing_cycle")
    assert set(whole) - set(rest) == {"li2s_gas_300min.spe", "acquisitions.csv"}
    assert all(whole[name] == data for name, data in rest.items())
    log = simulation.variant(setup_of("li2s_gas"), "missing_cycle").series().files["acquisitions.csv"].decode()
    assert "li2s_gas_300min" not in log
    with pytest.raises(ConfigError, match="only acquisition"):
        simulation.variant(setup_of("al_foil"), "missing_cycle")


def test_swapped_order_reverses_one_file_and_the_times_with_it() -> None:
    before, after = truth_of("lgps_vep"), truth_of("lgps_vep", "swapped_order")
    assert {key[0] for key in before if before[key] != after[key]} == {4}
    starts = {key[1]: line.start_min for key, line in after.items() if key[0] == 4}
    assert sorted(starts, key=lambda name: starts[name]) == ["C1s", "O1s", "S2p", "P2p", "Ge3d", "Li1s"]
    files = files_of("lgps_vep", "swapped_order")
    orders = {name: [region.name for region in versaprobe.read(data, name).regions] for name, data in files.items()}
    assert orders["lgps_vep_020min.spe"] == ["C1s", "O1s", "S2p", "P2p", "Ge3d", "Li1s"]
    assert orders["lgps_vep_030min.spe"] == ["Li1s", "Ge3d", "P2p", "S2p", "O1s", "C1s"]


def test_a_truncated_file_is_refused_by_the_reader_and_the_others_are_whole() -> None:
    files = files_of("li_foil_gas", "truncated_file")
    *others, last = files
    for name in others:
        versaprobe.read(files[name], name)
    with pytest.raises(RawFileError):
        versaprobe.read(files[last], last)


def test_no_carbon_only_where_lithium_is() -> None:
    after = truth_of("lagp_vep", "no_carbon")
    for row in range(8):
        bare = (row, "Li1s", "Li1s", "Li0") in after
        assert (after[row, "C1s", "C1s", "C-C/C-H"].area_cps_ev == 0.0) == bare
        assert bare == (row >= 4)


# --- mismatches -------------------------------------------------------------------------------------------------------


def test_tougaard_background_is_the_integral_over_losses() -> None:
    """Against direct quadrature of a Gaussian line with the universal loss function."""
    line = TrueLine(0, 0.0, "P2p", "P2p", "PO4", 126.0, 0.0, 1.5, 0.0, 0.0, 0.0, 1e4, 0.0, 8.0)
    energy = simulation.recorded_energy_ev(REGION)
    peak = simulation.expected_cps(REGION, [line], 0.0)
    found = simulation.expected_cps(REGION, [line], 0.02, "tougaard") - peak
    fine = np.linspace(116.0, 142.0, 20_001)
    signal = simulation.line_cps(fine, line)
    for channel in (0, 60, 120, 200):
        loss = energy[channel] - fine
        kernel = np.where(loss > 0.0, 2866.0 * loss / (1643.0 + loss**2) ** 2, 0.0)
        assert found[channel] == pytest.approx(scipy.integrate.simpson(signal * kernel, x=fine), rel=1e-3, abs=1e-3)
    assert simulation.variant(setup_of("lagp_vep"), "tougaard").setup.plan.background == "tougaard"


def test_doublet_ratios_change_by_a_tenth_and_areas_not() -> None:
    for kind, factor in (("ratios_high", 1.1), ("ratios_low", 0.9)):
        for key, line in truth_of("lgps_vep", kind).items():
            before = truth_of("lgps_vep")[key]
            assert line.area_ratio == pytest.approx(factor * before.area_ratio)
            assert line.area_cps_ev == before.area_cps_ev


@pytest.mark.parametrize(("kind", "natural"), [("ge3p_narrow", 1.6), ("ge3p_wide", 2.6)])
def test_ge3p_changes_its_lifetime_and_keeps_the_rest_of_its_width(kind: str, natural: float) -> None:
    for key, line in truth_of("lagp_vep", kind).items():
        before = truth_of("lagp_vep")[key]
        if line.line != "Ge3p":
            assert line == before
            continue
        assert line.lorentzian_fwhm_ev == natural
        gaussian = lineshapes.gaussian_fwhm_ev(line.fwhm_ev, natural)
        assert gaussian == pytest.approx(
            lineshapes.gaussian_fwhm_ev(before.fwhm_ev, before.lorentzian_fwhm_ev), rel=1e-9
        )
        assert (line.fwhm_ev > before.fwhm_ev) == (natural > 2.11)


def test_asymmetric_germanium_has_a_tail_to_higher_binding_energy() -> None:
    changed = truth_of("lagp_vep", "asymmetric_germanium")
    for key, line in changed.items():
        assert line.asymmetry == (0.08 if key[3] == "Ge0" else 0.0)
    line, plain = changed[7, "Ge3d", "Ge3d", "Ge0"], truth_of("lagp_vep")[7, "Ge3d", "Ge3d", "Ge0"]
    energy = np.linspace(-60.0, 70.0, 130_001)
    tailed, symmetric = simulation.line_cps(energy, line), simulation.line_cps(energy, plain)
    centre = line.position_ev + line.charge_shift_ev
    beyond = energy > centre + 3.0
    assert np.trapezoid(tailed[beyond], energy[beyond]) > 3.0 * np.trapezoid(symmetric[beyond], energy[beyond])
    counted = energy < centre + lineshapes.DONIACH_SUNJIC_RANGE_EV
    assert np.trapezoid(tailed[counted], energy[counted]) == pytest.approx(line.area_cps_ev, rel=0.01)


def test_region_drift_moves_later_regions_by_the_hours_passed() -> None:
    for key, line in truth_of("lgps_vep", "region_drift").items():
        first = truth_of("lgps_vep")[key[0], "Li1s", "Li1s", "Li+ (SE)"].start_min
        moved = line.charge_shift_ev - truth_of("lgps_vep")[key].charge_shift_ev
        assert moved == pytest.approx(0.3 * (line.start_min - first) / 60.0)


def test_transmission_is_in_the_areas_and_in_the_header() -> None:
    name = "al_foil_000min.spe"
    measurement = versaprobe.read(files_of("al_foil", "transmission")[name], name)
    assert (measurement.transmission_a, measurement.transmission_b) == (40.0, 0.2)
    before, after = areas("al_foil", 0), areas("al_foil", 0, "transmission")
    oxygen, aluminium = (after[key] / before[key] for key in (("O1s", "Al oxide"), ("Al2p", "Al oxide")))
    assert oxygen / aluminium == pytest.approx(0.966 / 0.933, abs=2e-3)  # core_lines.csv, T_PE55


# --- command line -----------------------------------------------------------------------------------------------------


def test_the_command_writes_a_variant_but_never_into_the_project(tmp_path: Path) -> None:
    settings = str(ROOT / "config/simulation/al_foil.yaml")
    command = [sys.executable, "scripts/simulate_experiment.py", settings, "--variant", "transmission"]
    refused = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "another raw root" in refused.stderr
    done = subprocess.run([*command, "--raw", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    written = (tmp_path / "al_foil/al_foil_000min.spe").read_bytes()
    assert written == files_of("al_foil", "transmission")["al_foil_000min.spe"]
