"""How strongly a core level is seen, and how far its electrons come, from reference numbers and the header's facts.

The sensitivity is the product that differs between levels of one spectrum: cross-section × angular asymmetry ×
transmission. Atoms per volume and attenuation lengths are the sample's part.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from xps import reference_tables
from xps.attenuation import Material, attenuation_length_nm, inelastic_mean_free_path_nm
from xps.chemistry import Chemistry, Phase, interphase, mass_g_mol, volume_fractions

LINE_KINDS = {"line": "text", "binding_energy_ev": "number", "cross_section": "number", "asymmetry_beta": "number"}
"""Columns of config/reference/lines.csv."""
_AVOGADRO_PER_NM3 = 602.214076  # atoms per nm³ for one mole per cm³


def rows(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of ``lines.csv`` in ``folder`` and every fault in them; no rows where there is no such file."""
    path = folder / "lines.csv"
    if not path.exists():
        return [], []
    contents = reference_tables.read(path, LINE_KINDS, "line")
    return contents.rows, [f"config/reference/lines.csv: {fault}" for fault in contents.faults]


class Facts(NamedTuple):
    """What the header says of one region; None where it says nothing."""

    photon_energy_ev: float | None
    pass_energy_ev: float | None
    transmission_a: float | None
    transmission_b: float | None
    emission_angle_deg: float | None
    source_analyser_angle_deg: float | None

    @property
    def missing(self) -> list[str]:
        """Names of the facts without which nothing can be calculated."""
        return [name for name in ("photon_energy_ev", "emission_angle_deg") if getattr(self, name) is None]


def kinetic_energy_ev(line: Mapping[str, Any], facts: Facts) -> float:
    """Return the nominal kinetic energy of the line (eV); the work function, below 0.5 %, is left out."""
    return float(facts.photon_energy_ev or np.nan) - float(line["binding_energy_ev"])


def sensitivity(line: Mapping[str, Any], facts: Facts) -> float:
    """Return cross-section × asymmetry × transmission of the line, relative to C 1s at the magic angle.

    Asymmetry 1 + (β/2)(3/2 sin²γ - 1) at the angle γ between X-rays and analyser (Reilman, Msezane & Manson, J.
    Electron Spectrosc. 8 (1976) 389). Transmission (a²/(a² + (KE/PE)²))^b by the header; 1 where the header is
    silent.
    """
    asymmetry = 1.0
    if facts.source_analyser_angle_deg is not None:
        sine = np.sin(np.radians(facts.source_analyser_angle_deg))
        asymmetry = 1.0 + 0.5 * float(line["asymmetry_beta"]) * (1.5 * sine**2 - 1.0)
    transmission = 1.0
    if None not in (facts.transmission_a, facts.transmission_b, facts.pass_energy_ev):
        retarding = kinetic_energy_ev(line, facts) / float(facts.pass_energy_ev or 1.0)
        squared = float(facts.transmission_a or 0.0) ** 2
        transmission = (squared / (squared + retarding**2)) ** float(facts.transmission_b or 0.0)
    return float(line["cross_section"]) * asymmetry * transmission


def length_nm(name: str, chemistry: Chemistry, line: Mapping[str, Any], facts: Facts) -> float:
    """Return the attenuation length of the line along the surface normal in the phase or reaction case ``name`` (nm).

    ASSUME the products of a reaction lie in grains: along a path their optical thicknesses add, 1/L = Σ φ_i/L_i with
    volume fractions φ_i. TPP-2M for the atomically fine mixture gives 1 % (LGPS) and 5 % (LAGP) less.
    """
    if name in chemistry.cases:
        shares = volume_fractions(chemistry.cases[name].reaction, chemistry.phases)
        return 1.0 / sum(share / length_nm(part, chemistry, line, facts) for part, share in shares.items())
    phase = chemistry.phases[name]
    material = Material(phase.density_g_cm3, mass_g_mol(phase.atoms), phase.valence_electrons, phase.band_gap_ev)
    path = inelastic_mean_free_path_nm(material, kinetic_energy_ev(line, facts))
    return float(attenuation_length_nm(path, float(facts.emission_angle_deg or 0.0)))


def phase_of(name: str, chemistry: Chemistry) -> Phase:
    """Return the phase ``name``, or what the reaction case of that name makes, evenly mixed."""
    if name in chemistry.cases:
        return interphase(chemistry.cases[name], chemistry.phases, name)
    return chemistry.phases[name]


def atoms_per_nm3(phase: Phase, element: str) -> float:
    """Return the number of atoms of ``element`` per nm³ of ``phase``."""
    return float(phase.atoms.get(element, 0)) / phase.molar_volume_cm3 * _AVOGADRO_PER_NM3
