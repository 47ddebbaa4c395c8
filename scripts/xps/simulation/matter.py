"""What simulated samples are made of: phases, core levels, and which atoms of which phase make which line.

Atoms per nm3 and attenuation lengths follow from formula and density; a fine mixture's mean free path is the mean of
its parts' by volume. The numbers stand in config/simulation/matter.yaml with their sources. They are the simulator's
own copy: the analysis, which reads config/reference, is not judged by tables that it shares with its judge.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from xps import attenuation
from xps.errors import ConfigError

AVOGADRO_PER_NM3 = 602.214076
"""Atoms per nm3 of 1 mol/cm3."""
CARBON = "carbon"
OXIDE, HYDROXIDE, LITHIUM = "Li2O", "LiOH", "Li"
"""Phases that the chemistry of the residual gas makes; every matter holds them."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A homogeneous part of a sample: its atoms, and what its electrons pass through."""

    atoms_per_nm3: Mapping[str, float]
    parts: tuple[tuple[attenuation.Material, float], ...]
    """Materials with their shares of the volume."""
    mean_free_path_nm: float | None = None
    """One mean free path for all energies, where it is given instead of calculated."""


@dataclass(frozen=True, slots=True)
class Line:
    """A core level or Auger line and how strong and wide it is."""

    region: str | None
    """Narrow region that shows it; None: only the survey does."""
    kinetic_energy_ev: float
    cross_section: float
    """Relative to C 1s."""
    lorentzian_fwhm_ev: float
    splitting_ev: float = 0.0
    area_ratio: float = 0.0


@dataclass(frozen=True, slots=True)
class Share:
    """A share that goes from ``start`` to ``end`` with a time constant of ``minutes`` of dose."""

    start: float
    end: float
    minutes: float

    def at(self, dose_min: float) -> float:
        """Return the share after ``dose_min`` minutes of dose."""
        return self.end + (self.start - self.end) * math.exp(-dose_min / self.minutes)


@dataclass(frozen=True, slots=True)
class Emitter:
    """The atoms of ``element`` in ``phases`` that show up as ``species`` in a line."""

    line: str
    species: str
    phases: tuple[str, ...]
    element: str
    position_ev: float
    fwhm_ev: float
    late_position_ev: float | None = None
    """Where the position moves to in the course of the dose."""
    scale: float = 1.0
    """Factor on the area, as for a loss line."""
    share: Share | None = None
    """Share of the atoms that are this species."""
    complement: bool = False
    """The atoms that ``share`` leaves over are this species."""

    def part(self, dose_min: float) -> float:
        """Return which part of the atoms' full area the species has after ``dose_min`` minutes of dose."""
        if self.share is None:
            return self.scale
        share = self.share.at(dose_min)
        return self.scale * (1.0 - share if self.complement else share)


@dataclass(frozen=True, slots=True)
class Gas:
    """Residual gas of water and oxygen that oxidises lithium wherever a molecule hits it."""

    temperature_k: float
    water_share: float
    """Of the pressure; the rest is oxygen."""
    hydroxide_share: float
    """Of the oxygen atoms that lithium takes up; the rest makes Li2O."""

    def oxygen_per_nm2_min(self, pressure_pa: float) -> float:
        """Return how many oxygen atoms hit a nm2 per minute: p / sqrt(2 π m k T) for both gases."""
        water = _hits_per_nm2_min(pressure_pa, 18.015, self.temperature_k)
        oxygen = _hits_per_nm2_min(pressure_pa, 31.998, self.temperature_k)
        return self.water_share * water + 2.0 * (1.0 - self.water_share) * oxygen


@dataclass(frozen=True, slots=True)
class Matter:
    """Everything of config/simulation/matter.yaml."""

    cps_ev_per_atom_nm2: float
    """Area of a line of cross-section 1 from one atom per nm2."""
    phases: Mapping[str, Phase]
    lines: Mapping[str, Line]
    emitters: tuple[Emitter, ...]
    gas: Gas
    interphase_per_lithium: Mapping[str, float]
    """nm of interphase that one nm of dense lithium makes, by interphase."""
    settling_min: float
    """Dose after which ``late_position_ev`` is reached."""

    def length_nm(self, phase: str, line: str, emission_angle_deg: float) -> float:
        """Return the attenuation length of ``line`` in ``phase`` along the normal (nm)."""
        made_of, energy = self.phases[phase], self.lines[line].kinetic_energy_ev
        path = made_of.mean_free_path_nm
        if path is None:
            path = sum(
                share * float(attenuation.inelastic_mean_free_path_nm(part, energy)) for part, share in made_of.parts
            )
        return float(attenuation.attenuation_length_nm(path, emission_angle_deg))

    def position_ev(self, emitter: Emitter, dose_min: float) -> float:
        """Return the binding energy of ``emitter`` after ``dose_min`` minutes of dose (eV)."""
        late = emitter.position_ev if emitter.late_position_ev is None else emitter.late_position_ev
        return emitter.position_ev + (late - emitter.position_ev) * min(dose_min / self.settling_min, 1.0)


def matter_from(settings: Mapping[str, Any]) -> Matter:
    """Return the matter that validated ``settings`` (config/simulation/matter.yaml) describe.

    Raises ConfigError with every phase and line that is named and not declared.
    """
    faults = _unknown_names(settings)
    if faults:
        raise ConfigError.of("config/simulation/matter.yaml", faults)
    phases = {name: _pure(**phase) for name, phase in settings["phases"].items()}
    ratios = {}
    for name, mixture in settings["mixtures"].items():
        phases[name] = _mixed(settings["phases"], mixture["parts"])
        ratios[name] = _volume(settings["phases"], mixture["parts"]) / _volume(
            settings["phases"], {LITHIUM: mixture["lithium_atoms"]}
        )
    carbon = settings["carbon"]
    atoms = {"C": carbon["atoms_per_nm3"], "O": carbon["atoms_per_nm3"] * carbon["oxygen_per_carbon"]}
    phases[CARBON] = Phase(atoms, (), carbon["mean_free_path_nm"])
    return Matter(
        settings["cps_ev_per_atom_nm2"],
        phases,
        {name: Line(**line) for name, line in settings["lines"].items()},
        tuple(_emitter(emitter) for emitter in settings["emitters"]),
        Gas(**settings["gas"]),
        ratios,
        settings["settling_min"],
    )


def _unknown_names(settings: Mapping[str, Any]) -> list[str]:
    phases, mixtures = settings["phases"], settings["mixtures"]
    known = {*phases, *mixtures, CARBON}
    faults = [f"phases: {name} is missing" for name in (OXIDE, HYDROXIDE, LITHIUM) if name not in phases]
    for name, mixture in mixtures.items():
        faults += [f"mixtures.{name}: no phase is called {part!r}" for part in mixture["parts"] if part not in phases]
    for emitter in settings["emitters"]:
        place = f"emitter {emitter['line']} {emitter['species']}"
        faults += [f"{place}: no phase is called {name!r}" for name in emitter["phases"] if name not in known]
        if emitter["line"] not in settings["lines"]:
            faults.append(f"{place}: no line is called {emitter['line']!r}")
    return faults


def _emitter(settings: Mapping[str, Any]) -> Emitter:
    share = settings.get("share")
    given = {**settings, "phases": tuple(settings["phases"]), "share": None if share is None else Share(**share)}
    return Emitter(**given)


def _pure(atoms: Mapping[str, int], **material: float) -> Phase:
    made_of = attenuation.Material(**material)
    units = AVOGADRO_PER_NM3 * made_of.density_g_cm3 / made_of.molar_mass_g_mol
    return Phase({element: units * count for element, count in atoms.items()}, ((made_of, 1.0),))


def _mixed(phases: Mapping[str, Any], parts: Mapping[str, float]) -> Phase:
    """Return the mixture of ``parts`` formula units of each phase: atoms and paths are means by volume."""
    total = _volume(phases, parts)
    pure = {name: _pure(**phases[name]) for name in parts}
    shares = {name: _volume(phases, {name: amount}) / total for name, amount in parts.items()}
    elements = sorted({element for phase in pure.values() for element in phase.atoms_per_nm3})
    atoms = {e: sum(shares[name] * pure[name].atoms_per_nm3.get(e, 0.0) for name in parts) for e in elements}
    return Phase(atoms, tuple((pure[name].parts[0][0], shares[name]) for name in parts))


def _volume(phases: Mapping[str, Any], parts: Mapping[str, float]) -> float:
    """Return the volume of ``parts`` formula units of each phase (cm3/mol)."""
    return float(sum(n * phases[name]["molar_mass_g_mol"] / phases[name]["density_g_cm3"] for name, n in parts.items()))


def _hits_per_nm2_min(pressure_pa: float, molar_mass_g_mol: float, temperature_k: float) -> float:
    """Return the wall flux of an ideal gas, p / sqrt(2 π m k T), per nm2 and minute."""
    mass_kg, boltzmann = molar_mass_g_mol * 1.66053907e-27, 1.380649e-23
    return pressure_pa / math.sqrt(2.0 * math.pi * mass_kg * boltzmann * temperature_k) * 1e-18 * 60.0
