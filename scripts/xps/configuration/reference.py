"""Reference tables of the energy scale and of sensitivity factors, and what the experiments may ask of them.

The rows are plain values; they reach the stages as parameters of their rules, only those that an experiment uses.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from xps import reference_tables
from xps.errors import near

Row = Mapping[str, Any]

CHECKS = "binding_energies"
CHECK_KINDS = {
    "check": "text",
    "kind": "text",
    "core_level": "text",
    "species": "text",
    "minus_core_level": "text?",
    "minus_species": "text?",
    "expected_ev": "number?",
    "stderr_ev": "number?",
}
"""Columns of config/reference/binding_energies.csv."""
# Which of the optional cells each kind of check needs; the others it must leave empty.
_NEEDED = {
    "drift": ("minus_core_level", "minus_species", "expected_ev", "stderr_ev"),
    "reference_step": ("minus_core_level", "minus_species"),
    "literature": ("expected_ev", "stderr_ev"),
}


def energy_checks(folder: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the rows of ``binding_energies.csv`` in ``folder`` and every fault; none without such a file."""
    path = folder / f"{CHECKS}.csv"
    if not path.exists():
        return [], []
    contents = reference_tables.read(path, CHECK_KINDS, "check")
    faults = [*contents.faults, *(fault for row in contents.rows for fault in _check_faults(row))]
    return contents.rows, [f"config/reference/{path.name}: {fault}" for fault in faults]


def _check_faults(row: Row) -> list[str]:
    place = f"check {row['check']!r}"
    if row["kind"] not in _NEEDED:
        return [f"{place}: no kind is called {row['kind']!r}{near(row['kind'], _NEEDED)}; one of {', '.join(_NEEDED)}"]
    needed = _NEEDED[row["kind"]]
    optional = [name for name, kind in CHECK_KINDS.items() if kind.endswith("?")]
    faults = [f"{place}: kind {row['kind']} needs {name}" for name in needed if row[name] is None]
    faults += [
        f"{place}: {name} means nothing in kind {row['kind']}; leave it empty"
        for name in optional
        if name not in needed and row[name] is not None
    ]
    if row["stderr_ev"] is not None and row["stderr_ev"] <= 0:
        faults.append(f"{place}: stderr_ev must be above 0, found {row['stderr_ev']:g}")
    return faults


def checks_of(settings: Row, models: Mapping[str, Row], declared: Sequence[Row]) -> list[Row]:
    """Return the checks of one experiment: those it names, or all whose lines its models hold."""
    if "energy_checks" in settings:
        return [row for name in settings["energy_checks"] for row in declared if row["check"] == name]
    held = {(part["core_level"], part["species"]) for model in models.values() for part in model["components"]}
    return [row for row in declared if _lines(row) <= held]


def _lines(row: Row) -> set[tuple[str, str]]:
    lines = {(row["core_level"], row["species"])}
    return lines if row["minus_core_level"] is None else lines | {(row["minus_core_level"], row["minus_species"])}


def experiment_faults(settings: Row, declared: Sequence[Row]) -> list[str]:
    """Return what an experiment asks for that no reference table holds."""
    known = [row["check"] for row in declared]
    return [
        f"energy_checks: no check is called {name!r}{near(name, known)}; config/reference/{CHECKS}.csv has "
        f"{', '.join(known) or 'none'}"
        for name in settings.get("energy_checks", [])
        if name not in known
    ]
