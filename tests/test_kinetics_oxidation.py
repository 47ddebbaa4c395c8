"""Oxidation of metal in gas: the kinetic theory of gases, attenuation by the growing oxide, and laws told apart."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import constants
from scipy.integrate import quad

from xps.kinetics import oxidation
from xps.kinetics.oxidation import Foil
from xps.kinetics.verdicts import not_testable

# Li 1s of lithium under Li2O and LiOH in equal parts, rounded: L 3.2 and 2.7 nm, 46 and 55 metal atoms per nm³.
FOIL = Foil(3.22, 2.70, 46.3, 55.0, 46.3 / 55.0, 1.5)
WINDOWS = np.stack([np.arange(0.0, 130.0, 10.0), np.arange(0.0, 130.0, 10.0) + 5.0], axis=1)
foils = st.builds(
    Foil,
    st.floats(2.0, 4.0),
    st.floats(2.0, 4.0),
    st.floats(20, 80),
    st.floats(20, 80),
    st.floats(0.3, 2),
    st.just(1.5),
)


@given(foils, st.floats(0.0, 15.0))
def test_the_share_is_that_of_atoms_weighted_by_their_depth(foil: Foil, oxidised: float) -> None:
    """Electrons from every depth, added up by numerical integration instead of closed forms."""
    thickness = oxidised * foil.expansion
    oxide, _ = quad(lambda z: foil.oxide_atoms_nm3 * np.exp(-z / foil.oxide_length_nm), 0.0, thickness)
    above = np.exp(-thickness / foil.oxide_length_nm)
    metal, _ = quad(lambda z: foil.metal_atoms_nm3 * above * np.exp(-z / foil.metal_length_nm), 0.0, np.inf)
    assert foil.share(np.array([oxidised]))[0] == pytest.approx(metal / (metal + oxide), rel=1e-6)


@given(foils, st.floats(1e-4, 1e-2))
def test_a_first_layer_takes_its_own_part_of_the_line(foil: Foil, oxidised: float) -> None:
    """At the start the share falls by metal atoms in the oxide over those in the metal's depth of information."""
    thickness = oxidised * foil.expansion
    taken = thickness * foil.oxide_atoms_nm3 / (foil.metal_atoms_nm3 * foil.metal_length_nm)
    second_order = taken * (taken + thickness / foil.oxide_length_nm)
    assert foil.share(np.array([oxidised]))[0] == pytest.approx(1.0 - taken, abs=2.0 * second_order)


@pytest.mark.parametrize(("gas", "mass", "oxygens"), [("H2O", 18.015, 1), ("O2", 31.998, 2)])
def test_the_flux_is_a_quarter_of_density_times_mean_speed(gas: str, mass: float, oxygens: int) -> None:
    """n v/4 of the kinetic theory of gases, with n = p/kT and v = sqrt(8kT/πm), from scipy's constants."""
    temperature = oxidation.TEMPERATURE_K
    density = 1.0 / (constants.k * temperature)
    speed = np.sqrt(8 * constants.k * temperature / (np.pi * mass * constants.atomic_mass))
    expected = oxygens * density * speed / 4.0 * 1e-18 * 60.0
    assert oxidation.oxygen_flux_nm2_min_pa({gas: 1.0}) == pytest.approx(expected, rel=1e-6)


@given(st.floats(0.0, 1.0))
def test_fluxes_of_a_mixture_add_up_by_partial_pressures(water: float) -> None:
    parts = [oxidation.oxygen_flux_nm2_min_pa({gas: 1.0}) for gas in ("H2O", "O2")]
    mixed = oxidation.oxygen_flux_nm2_min_pa({"H2O": water, "O2": 1.0 - water})
    assert mixed == pytest.approx(water * parts[0] + (1.0 - water) * parts[1])


@given(st.floats(1e-4, 1.0), st.sampled_from(list(oxidation.GASES)))
def test_the_implied_pressure_brings_just_the_oxygen_that_is_taken_up(rate: float, gas: str) -> None:
    shares = oxidation.GASES[gas]
    pressure = oxidation.implied_pressure_pa(FOIL, rate, shares)
    arriving = pressure * oxidation.oxygen_flux_nm2_min_pa(shares)
    assert arriving * FOIL.metal_per_oxygen == pytest.approx(rate * FOIL.metal_atoms_nm3)


def test_half_of_a_line_in_fifty_minutes_needs_the_published_pressure() -> None:
    """3.5 to 8e-7 Pa for half a Li 1s signal in 50 min, ../shared/SCIENCE.md 4.3: 5.7e15 to 9.1e15 O per cm²."""
    pressures = []
    for oxygen_per_cm2, gas in ((5.7e15, "O2"), (9.1e15, "H2O")):
        rate = oxygen_per_cm2 * 1e-14 / 50.0 * FOIL.metal_per_oxygen / FOIL.metal_atoms_nm3
        pressures.append(oxidation.implied_pressure_pa(FOIL, rate, {gas: 1.0}))
    assert pressures[0] == pytest.approx(3.5e-7, rel=0.05)
    assert pressures[1] == pytest.approx(8.4e-7, rel=0.05)


def simulated(law: str, seed: int | None, error: float = 0.005) -> tuple[np.ndarray, np.ndarray]:
    """Shares measured in the windows, from the law in fine steps."""
    shares = []
    for low, high in WINDOWS:
        fine = np.linspace(low, high, 201)
        course = 0.97 * np.exp(-0.0139 * fine) if law == "first_order" else FOIL.share(0.3 + 0.047 * fine)
        shares.append(np.trapezoid(course, fine) / (high - low))
    noise = 0.0 if seed is None else error * np.random.default_rng(seed).standard_normal(len(shares))
    return np.array(shares) + noise, np.full(len(shares), error)


@pytest.mark.parametrize(("law", "name", "true"), [("first_order", "k", 0.0139), ("flux_limited", "g", 0.047)])
@pytest.mark.parametrize("seed", range(3))
def test_a_law_gives_back_its_rate_within_its_interval(law: str, name: str, true: float, seed: int) -> None:
    share, stderr = simulated(law, seed)
    _, estimates = oxidation.fits(FOIL, share, stderr, WINDOWS)
    found = estimates[oxidation.LAWS.index(law)]
    low, high = found.intervals[name]
    assert low is not None
    assert high is not None
    # three standard deviations: the 95 % interval is stretched by 1.5
    assert abs(found.values[name] - true) < 1.6 * (high - low) / 2


def test_windows_are_averaged_over_not_read_at_their_beginning() -> None:
    """Windows of half an hour: a rate taken at their starts would be off by the exponential's fall within them."""
    long = WINDOWS.copy()
    long[:, 1] = long[:, 0] + 30.0
    rate = 0.03
    share = np.array([(np.exp(-rate * low) - np.exp(-rate * high)) / (rate * (high - low)) for low, high in long])
    _, (found, _) = oxidation.fits(FOIL, share, np.full(share.size, 0.003), long)
    assert found.values["k"] == pytest.approx(rate, rel=2e-3)
    assert found.values["f0"] == pytest.approx(1.0, rel=5e-3)


@settings(max_examples=4)
@given(st.floats(0.5, 2.0))
def test_twice_the_clock_is_half_the_rate(factor: float) -> None:
    share, stderr = simulated("flux_limited", 1)
    base, slower = (oxidation.fits(FOIL, share, stderr, times)[1] for times in (WINDOWS, factor * WINDOWS))
    for index, name in enumerate(("k", "g")):
        assert slower[index].values[name] * factor == pytest.approx(base[index].values[name], rel=1e-3)
        assert slower[index].chi_square == pytest.approx(base[index].chi_square, rel=1e-4)


def test_a_law_that_cannot_be_is_rejected_with_its_misfit() -> None:
    """Metal that comes back: no law of oxidation makes the share rise and fall."""
    share = 0.6 + 0.2 * np.sin(WINDOWS[:, 0] / 15.0)
    fits, _ = oxidation.fits(FOIL, share, np.full(share.size, 0.005), WINDOWS)
    assert all(fit.rejected for fit in fits)
    assert all(fit.values for fit in fits)


@pytest.mark.parametrize(("points", "words"), [(1, "one cycle"), (3, "3 points for 2 parameters")])
def test_too_few_points_are_said(points: int, words: str) -> None:
    share, stderr = simulated("first_order", None)
    fits, estimates = oxidation.fits(FOIL, share[:points], stderr[:points], WINDOWS[:points])
    assert {fit.verdict for fit in fits} == {not_testable(words)}
    assert not any(found.success for found in estimates)
