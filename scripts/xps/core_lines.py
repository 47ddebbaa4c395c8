"""How far a core level's electrons come, and how many atoms a phase holds: what a film needs besides the sensitivity.

A line is a row of the experiment's table of sensitivity factors; of it only the nominal binding energy counts here.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from xps.attenuation import Material, attenuation_length_nm, inelastic_mean_free_path_nm
from xps.chemistry import Chemistry, Phase, interphase, mass_g_mol, volume_fractions
from xps.sensitivity import Facts

AVOGADRO_PER_NM3 = 602.214076  # atoms per nm³ for one mole per cm³


def kinetic_energy_ev(line: Mapping[str, Any], facts: Facts) -> float:
    """Return the nominal kinetic energy of the line (eV); the work function, below 0.5 %, is left out."""
    return float(facts.photon_energy_ev or np.nan) - float(line["binding_energy_ev"])


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
    return float(phase.atoms.get(element, 0)) / phase.molar_volume_cm3 * AVOGADRO_PER_NM3
