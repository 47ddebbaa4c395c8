"""Phases with their densities, and the reference tables that hold them and the reactions.

A density is a value with a range, because sources differ by more than their digits say.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from xps import reference_tables
from xps.chemistry.formulas import Atoms, atoms, mass_g_mol
from xps.chemistry.reactions import Reaction, balance
from xps.errors import ConfigError, near

PHASE_KINDS = {
    "phase": "text",
    "formula": "text",
    "density_g_cm3": "number",
    "density_low_g_cm3": "number",
    "density_high_g_cm3": "number",
    "valence_electrons": "number",
    "band_gap_ev": "number",
    "conductive": "flag",
}
"""Columns of config/reference/phases.csv; valence electrons per formula unit and band gap are for mean free paths."""
REACTION_KINDS = {"case": "text", "electrolyte": "text", "taken": "words", "made": "words", "remark": "text"}
"""Columns of config/reference/reactions.csv; ``taken`` and ``made`` name phases, separated by semicolons."""


@dataclass(frozen=True, slots=True)
class Phase:
    """A compound: density in g/cm³ with its range, valence electrons per formula unit, band gap in eV."""

    name: str
    formula: str
    density_g_cm3: float
    density_low_g_cm3: float
    density_high_g_cm3: float
    valence_electrons: float
    band_gap_ev: float
    conductive: bool
    source: str

    @property
    def atoms(self) -> dict[str, Any]:
        """Atoms of one formula unit."""
        return atoms(self.formula)

    @property
    def molar_volume_cm3(self) -> float:
        """Volume of one mole of formula units (cm³/mol)."""
        return mass_g_mol(self.atoms) / self.density_g_cm3

    @property
    def molar_volume_range_cm3(self) -> tuple[float, float]:
        """Smallest and largest volume of one mole of formula units (cm³/mol) over the range of the density."""
        mass = mass_g_mol(self.atoms)
        return mass / self.density_high_g_cm3, mass / self.density_low_g_cm3


@dataclass(frozen=True, slots=True)
class Case:
    """One way in which an electrolyte may decompose: its balanced reaction, what it assumes, and its source."""

    name: str
    reaction: Reaction
    remark: str
    source: str


class Chemistry(NamedTuple):
    """All phases and cases by name."""

    phases: Mapping[str, Phase]
    cases: Mapping[str, Case]


def rows(folder: Path) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """Return the rows of ``phases.csv`` and ``reactions.csv`` in ``folder`` as plain values, and every fault in them.

    A file that does not exist has no rows: a project that asks for no chemistry needs none.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    faults: list[str] = []
    for name, kinds, key in (("phases", PHASE_KINDS, "phase"), ("reactions", REACTION_KINDS, "case")):
        path = folder / f"{name}.csv"
        contents = reference_tables.read(path, kinds, key) if path.exists() else reference_tables.Contents([], [])
        found[name] = contents.rows
        faults += [f"config/reference/{name}.csv: {fault}" for fault in contents.faults]
    if not faults:
        faults += _faults(found)
    return found, faults


def _faults(found: Mapping[str, Sequence[Mapping[str, Any]]]) -> list[str]:
    faults = []
    phases = {}
    for row in found["phases"]:
        try:
            phases[row["phase"]] = _phase(row)
        except ConfigError as error:
            faults.append(f"config/reference/phases.csv: {row['phase']}: {error}")
    for row in found["reactions"]:
        try:
            _case(row, phases)
        except ConfigError as error:
            faults.append(f"config/reference/reactions.csv: {row['case']}: {error}")
    return faults


def chemistry(phases: Iterable[Mapping[str, Any]], reactions: Iterable[Mapping[str, Any]]) -> Chemistry:
    """Return the records of the rows of both tables; ConfigError for an unknown phase or an unbalanced reaction."""
    known = {row["phase"]: _phase(row) for row in phases}
    return Chemistry(known, {row["case"]: _case(row, known) for row in reactions})


def _phase(row: Mapping[str, Any]) -> Phase:
    if not 0 < row["density_low_g_cm3"] <= row["density_g_cm3"] <= row["density_high_g_cm3"]:
        raise ConfigError("the density does not lie within its range, or is not above 0 g/cm³")
    if row["valence_electrons"] <= 0 or row["band_gap_ev"] < 0:
        raise ConfigError("valence electrons must be above 0, the band gap at least 0 eV")
    phase = Phase(**{("name" if key == "phase" else key): value for key, value in row.items()})
    atoms(phase.formula)
    return phase


def _case(row: Mapping[str, Any], phases: Mapping[str, Phase]) -> Case:
    names = [row["electrolyte"], *row["taken"], *row["made"]]
    unknown = [f"{name}{near(name, phases)}" for name in names if name not in phases]
    if unknown:
        raise ConfigError(f"no phase is called {', '.join(unknown)}; add it to config/reference/phases.csv")
    compounds: dict[str, Atoms] = {name: phases[name].atoms for name in names}
    reaction = balance(row["electrolyte"], row["taken"], row["made"], compounds)
    return Case(row["case"], reaction, row["remark"], row["source"])
