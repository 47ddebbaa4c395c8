"""Reactions balanced by linear algebra over exact rationals.

Known are the starting compound (one formula unit), what else it may take up and what it may make. Each element gives
one equation, each other compound one unknown; Gauss-Jordan elimination over fractions says whether there is exactly one
solution. Where there is none, the elements are named whose atoms are too many or too few, and by how much.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from xps.chemistry.formulas import Atoms, shown
from xps.errors import ConfigError

Row = list[Fraction]


@dataclass(frozen=True, slots=True)
class Reaction:
    """A balanced reaction of one formula unit of ``start``: moles of what it takes up and of what it makes."""

    start: str
    taken: Mapping[str, Fraction]
    made: Mapping[str, Fraction]

    @property
    def equation(self) -> str:
        """The reaction in words, such as ``LGPS + 20 Li -> 12 Li2S + 2 Li3P + 1 Ge``."""
        sides = ({self.start: Fraction(1), **self.taken}, self.made)
        left, right = (" + ".join(f"{shown(number)} {name}" for name, number in side.items()) for side in sides)
        return f"{left} -> {right}"


def balance(start: str, taken: Sequence[str], made: Sequence[str], compounds: Mapping[str, Atoms]) -> Reaction:
    """Return the only balanced reaction of one ``start`` with ``taken`` to ``made``.

    The names stand in ``compounds``. ConfigError when no amounts balance it (naming the missing atoms), when more than
    one set does, or when a compound would have to stand on the other side.
    """
    place = f"{' + '.join([start, *taken])} -> {' + '.join(made)}"
    elements = list(dict.fromkeys(element for name in (start, *taken, *made) for element in compounds[name]))
    # What is made counts positive, what is taken up negative: together they hold the atoms of the start.
    columns = [(name, Fraction(-1)) for name in taken] + [(name, Fraction(1)) for name in made]
    system = [
        [sign * compounds[name].get(element, Fraction(0)) for name, sign in columns]
        + [compounds[start].get(element, Fraction(0))]
        for element in elements
    ]
    solution = _solve(system)
    if solution is None:
        raise ConfigError(f"{place}: does not balance; {_missing(elements, system)}")
    if any(number is None for number in solution):
        free = [name for (name, _), number in zip(columns, solution, strict=True) if number is None]
        raise ConfigError(f"{place}: balances in more than one way (any amount of {', '.join(free)}); leave one out")
    amounts = {name: number for (name, _), number in zip(columns, solution, strict=True) if number is not None}
    wrong = [name for name, number in amounts.items() if number <= 0]
    if wrong:
        raise ConfigError(f"{place}: balances only with {', '.join(wrong)} on the other side or absent")
    return Reaction(start, {name: amounts[name] for name in taken}, {name: amounts[name] for name in made})


def _solve(system: Sequence[Row]) -> list[Fraction | None] | None:
    """Return the unknowns of the augmented rows; None without a solution, None for an unknown left free."""
    rows = [list(row) for row in system]
    unknowns = len(rows[0]) - 1
    pivots: list[int] = []
    for column in range(unknowns):
        at = len(pivots)
        found = next((index for index in range(at, len(rows)) if rows[index][column]), None)
        if found is None:
            continue
        rows[at], rows[found] = rows[found], rows[at]
        rows[at] = [value / rows[at][column] for value in rows[at]]
        for index, row in enumerate(rows):
            if index != at and row[column]:
                rows[index] = [value - row[column] * pivot for value, pivot in zip(row, rows[at], strict=True)]
        pivots.append(column)
    if any(row[-1] for row in rows[len(pivots) :]):
        return None
    free = set(range(unknowns)) - set(pivots)
    solution: list[Fraction | None] = [None] * unknowns
    for row, column in zip(rows, pivots, strict=False):
        solution[column] = None if any(row[other] for other in free) else row[-1]
    return solution


def _missing(elements: Sequence[str], system: Sequence[Row]) -> str:
    """Say which atoms are missing: those of one element, on which side, once all other elements are balanced."""
    lonely = [element for element, row in zip(elements, system, strict=True) if sum(map(bool, row)) == 1]
    if lonely:
        return f"{', '.join(lonely)} stands in one compound only"
    found = []
    for index, element in enumerate(elements):
        solution = _solve([row for other, row in enumerate(system) if other != index])
        if solution is None or any(number is None or number <= 0 for number in solution):
            continue  # no way to balance the rest, or only without one of the compounds
        *coefficients, held = system[index]
        needed = sum((c * n for c, n in zip(coefficients, solution, strict=True) if n is not None), Fraction(0))
        side = "left" if needed > held else "right"
        found.append(f"{shown(abs(needed - held))} {element} on the {side}")
    if not found:
        return f"the atoms of {', '.join(elements)} cannot be balanced by these compounds"
    return "missing per formula unit: " + ", or ".join(found)
