"""Formulas as exact numbers of atoms, and their masses.

``Li1.5Al0.5Ge1.5(PO4)3`` is read as it is written: elements, groups in round brackets, amounts as decimal numbers. The
amounts are exact rationals, so that a balance closes to zero and not to 1e-16.
"""

import re
from collections.abc import Mapping
from fractions import Fraction

from xps.errors import ConfigError, near

Atoms = Mapping[str, Fraction]
"""Element symbol to its number of atoms in one formula unit."""

# Abridged standard atomic weights (IUPAC 2021), g/mol; memory, high.
ATOMIC_WEIGHTS_G_MOL: Mapping[str, float] = {
    "H": 1.008, "Li": 6.94, "Be": 9.0122, "B": 10.81, "C": 12.011, "N": 14.007, "O": 15.999, "F": 18.998,
    "Na": 22.990, "Mg": 24.305, "Al": 26.982, "Si": 28.085, "P": 30.974, "S": 32.06, "Cl": 35.45, "K": 39.098,
    "Ca": 40.078, "Ti": 47.867, "V": 50.942, "Cr": 51.996, "Mn": 54.938, "Fe": 55.845, "Co": 58.933, "Ni": 58.693,
    "Cu": 63.546, "Zn": 65.38, "Ga": 69.723, "Ge": 72.630, "As": 74.922, "Se": 78.971, "Br": 79.904, "Sr": 87.62,
    "Y": 88.906, "Zr": 91.224, "Nb": 92.906, "Mo": 95.95, "Ag": 107.87, "In": 114.82, "Sn": 118.71, "Sb": 121.76,
    "Te": 127.60, "I": 126.90, "Cs": 132.91, "Ba": 137.33, "La": 138.91, "Ta": 180.95, "W": 183.84, "Au": 196.97,
    "Pb": 207.2, "Bi": 208.98,
}  # fmt: skip

_TOKEN = re.compile(r"([A-Z][a-z]?|\(|\))([0-9]+(?:\.[0-9]+)?)?")


def atoms(formula: str) -> dict[str, Fraction]:
    """Return the numbers of atoms in ``formula``, elements in order of appearance; ConfigError where it is none."""
    groups: list[dict[str, Fraction]] = [{}]
    end = 0
    for token in _TOKEN.finditer(formula):
        symbol, amount = token.group(1), token.group(2)
        if token.start() != end or (symbol == "(" and amount) or (symbol == ")" and len(groups) == 1):
            break
        end = token.end()
        count = Fraction(amount or 1)
        if symbol == "(":
            groups.append({})
        elif symbol == ")":
            _add(groups[-2], groups.pop(), count)
        elif symbol in ATOMIC_WEIGHTS_G_MOL:
            _add(groups[-1], {symbol: Fraction(1)}, count)
        else:
            raise ConfigError(f"formula {formula!r}: no element is called {symbol!r}{near(symbol, _known())}")
    if end != len(formula) or len(groups) != 1 or not any(groups[0].values()):
        raise ConfigError(
            f"formula {formula!r}: cannot be read from {formula[end:]!r} on; write it like Li1.5Al0.5Ge1.5(PO4)3"
        )
    return groups[0]


def _add(total: dict[str, Fraction], part: Mapping[str, Fraction], count: Fraction) -> None:
    for element, number in part.items():
        total[element] = total.get(element, Fraction(0)) + number * count


def _known() -> list[str]:
    return list(ATOMIC_WEIGHTS_G_MOL)


def mass_g_mol(composition: Atoms) -> float:
    """Return the mass of one mole of formula units (g/mol)."""
    return float(sum(float(number) * ATOMIC_WEIGHTS_G_MOL[element] for element, number in composition.items()))


def shown(number: Fraction) -> str:
    """Return ``number`` as it stands in an equation: a whole or short decimal number, else a fraction."""
    decimal = f"{float(number):.6g}"
    return decimal if Fraction(decimal) == number else str(number)
