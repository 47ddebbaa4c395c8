"""Mean free paths against an independent table; sample models by their laws: limits, monotony, layers that add up."""

import csv
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import scipy.integrate
from hypothesis import given
from hypothesis import strategies as st

from xps import attenuation
from xps.attenuation import Material
from xps.errors import ConfigError

GERMANIUM = Material(5.323, 72.63, 4.0, 0.67)
LITHIUM = Material(0.534, 6.94, 1.0, 0.0)
SULFIDE = Material(1.66, 45.94, 8.0, 3.5)
PHOSPHIDE = Material(1.43, 51.794, 8.0, 0.7)

lengths = st.floats(0.3, 6.0)


@cache
def rows(folder: Path, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader((folder / name).read_text(encoding="utf-8").splitlines()))


@pytest.fixture(scope="module")
def science(shared_data: Path) -> Path:
    return shared_data.parent / "science"


# --- mean free paths --------------------------------------------------------------------------------------------------


def test_mean_free_paths_agree_with_the_published_table(science: Path) -> None:
    """15 phases, 10 lines, computed elsewhere; the table rounds to 1e-3 nm and its Ge 3d lies 1 eV off ours."""
    phases = {row["phase"]: row for row in rows(science, "phases.csv")}
    kinetic = {row["line"]: float(row["KE"]) for row in rows(science, "core_lines.csv")}
    kinetic |= {"Ge2p3": kinetic["Ge2p"], "Cu2p3": kinetic["Cu2p"]}
    compared = 0
    for row in rows(science, "imfp_tpp2m_nm.csv"):
        if row["phase"] not in phases:
            continue
        phase = phases[row["phase"]]
        names = ("density_g_cm3", "M_g_mol", "Nv_valence_e_per_formula", "Eg_eV")
        material = Material(*(float(phase[name]) for name in names))
        assert material.plasmon_energy_ev == pytest.approx(float(row["Ep_eV"]), abs=6e-3)
        for line in list(row)[3:]:
            found = attenuation.inelastic_mean_free_path_nm(material, kinetic[line])
            assert found == pytest.approx(float(row[line]), rel=8e-4, abs=6e-4), (row["phase"], line)
            compared += 1
    assert compared == 150


def test_a_mixture_agrees_with_the_published_composite_sei(science: Path) -> None:
    """12 Li2S + 2 Li3P + Ge; the table's gap of 3.0 eV was inferred from its numbers."""
    row = next(row for row in rows(science, "imfp_tpp2m_nm.csv") if row["phase"] == "LGPS-SEI")
    mixed = attenuation.mixture([(SULFIDE, 12.0), (PHOSPHIDE, 2.0), (GERMANIUM, 1.0)], 3.0)
    assert mixed.density_g_cm3 == pytest.approx(float(row["rho"]), abs=1e-3)
    assert mixed.plasmon_energy_ev == pytest.approx(float(row["Ep_eV"]), abs=6e-3)
    assert attenuation.inelastic_mean_free_path_nm(mixed, 955.6) == pytest.approx(float(row["O1s"]), rel=8e-4)


@given(amount=st.floats(0.1, 10.0), share=st.floats(0.05, 0.95))
def test_mixing_a_material_with_itself_changes_nothing(amount: float, share: float) -> None:
    mixed = attenuation.mixture([(SULFIDE, amount * share), (SULFIDE, amount * (1.0 - share))], SULFIDE.band_gap_ev)
    energies = np.array([100.0, 1000.0])
    expected = attenuation.inelastic_mean_free_path_nm(SULFIDE, energies)
    assert attenuation.inelastic_mean_free_path_nm(mixed, energies) == pytest.approx(expected, rel=1e-12)


@given(lower=st.floats(200.0, 1400.0), factor=st.floats(1.01, 10.0))
def test_faster_electrons_travel_farther_but_less_than_in_proportion(lower: float, factor: float) -> None:
    for material in (GERMANIUM, LITHIUM, SULFIDE):
        slow, fast = attenuation.inelastic_mean_free_path_nm(material, np.array([lower, lower * factor]))
        assert slow < fast < factor * slow


def test_energies_outside_the_formula_are_refused() -> None:
    for energy in (49.0, [1000.0, 3e5], np.nan):
        with pytest.raises(ConfigError, match="TPP-2M holds from 50"):
            attenuation.inelastic_mean_free_path_nm(LITHIUM, energy)


@pytest.mark.parametrize(
    "numbers", [(0.0, 1.0, 1.0, 0.0), (1.0, -1.0, 1.0, 0.0), (1.0, 1.0, np.nan, 0.0), (1, 1, 1, -1)]
)
def test_impossible_materials_are_refused(numbers: tuple[float, float, float, float]) -> None:
    with pytest.raises(ConfigError, match="expected a positive density"):
        Material(*numbers)


@pytest.mark.parametrize("parts", [[], [(SULFIDE, 0.0)], [(SULFIDE, 1.0), (LITHIUM, -1.0)]])
def test_impossible_mixtures_are_refused(parts: list[tuple[Material, float]]) -> None:
    with pytest.raises(ConfigError, match="mixture"):
        attenuation.mixture(parts, 1.0)


# --- sample models ----------------------------------------------------------------------------------------------------


def test_the_attenuation_length_follows_the_cosine() -> None:
    found = attenuation.attenuation_length_nm([3.0, 4.0], 60.0)
    assert found == pytest.approx([1.5, 2.0])
    for angle in (-1.0, 90.0, np.nan):
        with pytest.raises(ConfigError, match="emission angle"):
            attenuation.attenuation_length_nm(3.0, angle)


@given(thickness=st.floats(0.0, 20.0), length=lengths)
def test_what_a_film_takes_it_gives(thickness: float, length: float) -> None:
    """Of one material, overlayer and what shines through it add up to the infinitely thick sample."""
    film, below = attenuation.stack_lengths_nm([thickness, np.inf], length)
    assert film + below == pytest.approx(length, rel=1e-12)
    assert below == pytest.approx(length * np.exp(-thickness / length), rel=1e-12)


@given(thickness=st.lists(st.floats(0.0, 8.0), min_size=1, max_size=5), length=lengths, split=st.floats(0.1, 0.9))
def test_splitting_a_layer_changes_nothing(thickness: list[float], length: float, split: float) -> None:
    whole = attenuation.stack_lengths_nm([*thickness, np.inf], length)
    parts = attenuation.stack_lengths_nm(
        [split * thickness[0], (1.0 - split) * thickness[0], *thickness[1:], np.inf], length
    )
    assert parts[0] + parts[1] == pytest.approx(whole[0], abs=1e-12)
    assert parts[2:] == pytest.approx(whole[1:], abs=1e-12)


@given(layers=st.lists(st.tuples(st.floats(0.0, 4.0), lengths), min_size=1, max_size=4))
def test_a_stack_is_the_integral_over_depth(layers: list[tuple[float, float]]) -> None:
    """Numerical integration of exp(-optical depth) through piecewise constant lengths, layer by layer."""
    depth_nm, passed = np.array([layer[0] for layer in layers]), 0.0
    length_nm = np.array([layer[1] for layer in layers])
    found = attenuation.stack_lengths_nm(depth_nm, length_nm)
    for index, (thickness, length) in enumerate(layers):
        x = np.linspace(0.0, thickness, 2001)
        expected = scipy.integrate.simpson(np.exp(-passed - x / length), x=x)
        assert found[index] == pytest.approx(expected, rel=1e-6, abs=1e-12)
        passed += thickness / length


def test_a_stack_carries_further_axes() -> None:
    thickness = np.array([[1.0, 2.0, 3.0], [np.inf, np.inf, np.inf]])
    found = attenuation.stack_lengths_nm(thickness, np.array([[2.0], [3.0]]))
    assert found.shape == (2, 3)
    assert found[:, 1] == pytest.approx([2.0 * (1.0 - np.exp(-1.0)), 3.0 * np.exp(-1.0)])
