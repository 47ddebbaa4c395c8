"""How matter between an emitting atom and the analyser weakens a photoelectron line.

Use ``inelastic_mean_free_path_nm`` for the length (TPP-2M, from what a handbook says of a material),
``attenuation_length_nm`` to turn it to the emission angle, then ``stack_lengths_nm`` for what a line shows of each
layer. The way back, from areas to thicknesses, is in ``layers``. Lengths and thicknesses in nm, energies in eV,
thicknesses along the surface normal, angles from the surface normal in degrees. Everything broadcasts.

ASSUME straight lines: without elastic scattering the attenuation length is the IMFP times the cosine of the emission
angle. The effective attenuation length of ISO 18115 includes it and is some per cent shorter. TPP-2M itself is off by
10 % (RMS, remembered) in general and by more for Li, Be, C, Na, K, Ge and Cs (Tanuma, Powell & Penn, Surf. Interface
Anal. 37, 1, 2005, abstract): carry ``RELATIVE_STDERR`` with every thickness.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from xps.errors import ConfigError

Floats = NDArray[np.float64]

RELATIVE_STDERR = 0.15
"""Relative standard error of a calculated mean free path, common to all lines of a material."""

_ELECTRON_REST_ENERGY_EV = 510_998.95
_PLASMON_EV = 28.816  # free-electron plasmon energy for one valence electron per (g/mol) at 1 g/cm3
_LOWEST_EV, _HIGHEST_EV = 50.0, 200_000.0  # where the authors compared the formula with optical data


@dataclass(frozen=True, slots=True)
class Material:
    """What TPP-2M asks about a material. Raises ConfigError when a number cannot belong to one."""

    density_g_cm3: float
    molar_mass_g_mol: float
    valence_electrons: float
    """Valence electrons per formula unit."""
    band_gap_ev: float

    def __post_init__(self) -> None:
        numbers = (self.density_g_cm3, self.molar_mass_g_mol, self.valence_electrons)
        if not all(0.0 < number < np.inf for number in numbers) or not 0.0 <= self.band_gap_ev < np.inf:
            raise ConfigError(
                f"{self}: expected a positive density, molar mass and number of valence electrons, and a gap from 0"
            )

    @property
    def plasmon_energy_ev(self) -> float:
        """Return the free-electron plasmon energy Ep = 28.816 sqrt(N ρ/M) eV."""
        return float(_PLASMON_EV * np.sqrt(self.valence_electrons * self.density_g_cm3 / self.molar_mass_g_mol))


def mixture(parts: Sequence[tuple[Material, float]], band_gap_ev: float) -> Material:
    """Return the fine mixture of ``parts`` (material, formula units): masses, volumes and electrons add up.

    The gap does not follow from those of the parts and has to be given (eV).
    """
    amounts = np.array([amount for _, amount in parts])
    if not parts or (amounts <= 0.0).any():
        raise ConfigError("a mixture needs at least one part, each with a positive number of formula units")
    masses = amounts * np.array([part.molar_mass_g_mol for part, _ in parts])
    volumes = masses / np.array([part.density_g_cm3 for part, _ in parts])
    electrons = amounts @ np.array([part.valence_electrons for part, _ in parts])
    return Material(float(masses.sum() / volumes.sum()), float(masses.sum()), float(electrons), band_gap_ev)


def inelastic_mean_free_path_nm(material: Material, kinetic_energy_ev: ArrayLike) -> Floats:
    """Return the inelastic mean free path (nm) of electrons of ``kinetic_energy_ev`` (eV, any shape); same shape.

    Relativistic TPP-2M: λ = α E / {Ep² [β ln(γ α E) - C/E + D/E²]} Å with α = (1 + E/2mc²) / (1 + E/mc²)²,
    β = -0.10 + 0.944 / sqrt(Ep² + Eg²) + 0.069 ρ^0.1, γ = 0.191 / sqrt(ρ), C = 1.97 - 0.91 U, D = 53.4 - 20.8 U and
    U = Ep²/829.4. Source: Shinotsuka, Tanuma, Powell & Penn, Surf. Interface Anal. 47, 871 (2015); without α, Tanuma,
    Powell & Penn, Surf. Interface Anal. 21, 165 (1994). Raises ConfigError outside 50 eV to 200 keV.
    """
    energy = np.asarray(kinetic_energy_ev, dtype=np.float64)
    if not ((energy >= _LOWEST_EV) & (energy <= _HIGHEST_EV)).all():
        raise ConfigError(
            f"TPP-2M holds from {_LOWEST_EV:g} to {_HIGHEST_EV:g} eV; found kinetic energies from "
            f"{energy.min():g} to {energy.max():g} eV"
        )
    plasmon, density = material.plasmon_energy_ev, material.density_g_cm3
    ratio = energy / _ELECTRON_REST_ENERGY_EV
    reduced = (1.0 + 0.5 * ratio) / (1.0 + ratio) ** 2 * energy
    beta = -0.10 + 0.944 / np.hypot(plasmon, material.band_gap_ev) + 0.069 * density**0.1
    gamma = 0.191 / np.sqrt(density)
    u = plasmon**2 / 829.4
    loss = beta * np.log(gamma * reduced) - (1.97 - 0.91 * u) / energy + (53.4 - 20.8 * u) / energy**2
    return np.asarray(reduced / (plasmon**2 * loss) / 10.0)


def attenuation_length_nm(mean_free_path_nm: ArrayLike, emission_angle_deg: float) -> Floats:
    """Return the attenuation length along the surface normal (nm): L = λ cos θ for emission ``emission_angle_deg``."""
    if not 0.0 <= emission_angle_deg < 90.0:
        raise ConfigError(f"emission angle {emission_angle_deg:g} deg, expected one from 0 to below 90 from the normal")
    return np.asarray(np.asarray(mean_free_path_nm, dtype=np.float64) * np.cos(np.radians(emission_angle_deg)))


def stack_lengths_nm(thickness_nm: ArrayLike, length_nm: ArrayLike) -> Floats:
    """Return how many nm of each layer of a stack the line shows: L_i (1 - exp(-d_i/L_i)) Π_(j above) exp(-d_j/L_j).

    Layers stand along axis 0, the outermost first; ``length_nm`` holds the line's attenuation length in each of them.
    The last layer may be infinitely thick. Times atoms per nm3 and sensitivity this is the intensity of an element.
    """
    thickness, length = np.broadcast_arrays(
        np.asarray(thickness_nm, dtype=np.float64), np.asarray(length_nm, dtype=np.float64)
    )
    optical = thickness / length
    above = np.concatenate([np.zeros_like(optical[:1]), np.cumsum(optical[:-1], axis=0)])
    return np.asarray(-length * np.expm1(-optical) * np.exp(-above))
