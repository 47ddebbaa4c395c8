"""What atoms allow: formulas, balanced reactions, densities, volumes.

When to use what
- ``atoms`` reads a formula; ``balance`` finds the amounts of a reaction, exactly, or names the atoms that are missing.
- ``rows`` reads config/reference/phases.csv and reactions.csv with all their faults; ``chemistry`` makes records of
  such rows, also of those that arrive as a rule's parameters.
- ``volume_fractions``, ``conductive_fraction`` and ``percolation`` say what an interphase consists of; ``interphase``
  is the mixture as one phase, for its atom densities and mean free paths; ``phase_rows`` makes the table ``phases``.
"""

from xps.chemistry.formulas import atoms, mass_g_mol
from xps.chemistry.phases import Case, Chemistry, Phase, chemistry, rows
from xps.chemistry.reactions import Reaction, balance
from xps.chemistry.volumes import (
    LITHIUM,
    THRESHOLD,
    THRESHOLD_RANGE,
    conductive_fraction,
    interphase,
    interphase_per_lithium,
    lithium_nm_per_uah_cm2,
    percolation,
    phase_rows,
    volume_fractions,
)

__all__ = [
    "LITHIUM",
    "THRESHOLD",
    "THRESHOLD_RANGE",
    "Case",
    "Chemistry",
    "Phase",
    "Reaction",
    "atoms",
    "balance",
    "chemistry",
    "conductive_fraction",
    "interphase",
    "interphase_per_lithium",
    "lithium_nm_per_uah_cm2",
    "mass_g_mol",
    "percolation",
    "phase_rows",
    "rows",
    "volume_fractions",
]
