"""Reference tables of the energy scale and of sensitivity factors, and what the experiments may ask of them.

The rows are plain values; they reach the stages as parameters of their rules, only those that an experiment uses.
"""

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from xps import reference_tables
from xps.errors import known_or_near, near
from xps.sensitivity import IMFP_EXPONENT

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
FACTORS = "factors_"
"""What the names of tables of sensitivity factors begin with: config/reference/factors_<name>.csv."""
DEFAULT_FACTORS = "scofield"
FACTOR_KINDS = {
    "core_level": "text",
    "factor": "number",
    "relative_stderr": "number",
    "contains": "words",
    "counts": "text",
    "minor_ratio": "number?",
    "asymmetry_beta": "number?",
    "binding_energy_ev": "number",
}
"""Columns of a table of sensitivity factors; their meaning stands in ``sensitivity``."""

SURVEY_LINES = "survey_lines"
SURVEY_KINDS = {
    "core_level": "text",
    "low_ev": "number",
    "high_ev": "number",
    "background": "text",
    "relative_stderr": "number",
    "remark": "text?",
}
"""Columns of config/reference/survey_lines.csv, and of survey_lines_<name>.csv for what wants windows of its own."""
SURVEY_BACKGROUNDS = ("linear", "shirley")

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


def factor_tables(folder: Path) -> tuple[dict[str, list[dict[str, Any]]], list[str]]:
    """Return the rows of every table of factors and of survey lines in ``folder``, and every fault."""
    found: dict[str, list[dict[str, Any]]] = {}
    faults: list[str] = []
    wanted = dict.fromkeys(sorted(folder.glob(f"{FACTORS}*.csv")), FACTOR_KINDS)
    wanted |= dict.fromkeys(sorted(folder.glob(f"{SURVEY_LINES}*.csv")), SURVEY_KINDS)
    for path, kinds in wanted.items():
        contents = reference_tables.read(path, kinds, "core_level")
        found[path.stem] = contents.rows
        own = _survey_faults(contents.rows) if kinds is SURVEY_KINDS else []
        faults += [f"config/reference/{path.name}: {fault}" for fault in [*contents.faults, *own]]
    return found, faults


def _survey_faults(rows: Sequence[Row]) -> list[str]:
    faults = []
    for row in rows:
        if not row["low_ev"] < row["high_ev"]:
            faults.append(f"{row['core_level']}: low_ev {row['low_ev']:g} is not below high_ev {row['high_ev']:g}")
        if row["background"] not in SURVEY_BACKGROUNDS:
            known = ", ".join(SURVEY_BACKGROUNDS)
            faults.append(f"{row['core_level']}: no survey background is called {row['background']!r}; one of {known}")
    return faults


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


def composition_of(settings: Row, models: Mapping[str, Row], reference: Mapping[str, Sequence[Row]]) -> dict[str, Any]:
    """Return what an experiment's composition rests on; empty where there is no such table of factors."""
    given = settings.get("composition", {})
    name = factor_set(settings)
    rows = reference.get(f"{FACTORS}{name}")
    if rows is None:
        return {}
    factored = {row["core_level"] for row in rows}
    counted = _counted(given.get("core_levels"), models, factored)
    lines = list(reference.get(_survey_set(given), ())) if "survey" in given else []
    used = {item["core_level"] for item in [*counted, *lines]}
    return {
        "uncounted": {
            "core_levels": _uncounted(settings, counted),
            "survey": _uncounted(settings, lines) if lines else [],
        },
        "factors": name,
        "factor_rows": [row for row in rows if row["core_level"] in used],
        "imfp_exponent": float(given.get("imfp_exponent", IMFP_EXPONENT)),
        "counted": counted,
        "survey": {"region": given["survey"], "lines": lines} if "survey" in given else None,
    }


def factors_of(settings: Row, models: Mapping[str, Row], reference: Mapping[str, Sequence[Row]]) -> list[Row]:
    """Return the rows of the experiment's factor table for the core levels that its models hold."""
    rows = reference.get(f"{FACTORS}{factor_set(settings)}", ())
    held = {part["core_level"] for model in models.values() for part in model["components"]}
    return [row for row in rows if row["core_level"] in held]


def factor_set(settings: Row) -> str:
    """Return the name of the experiment's table of sensitivity factors."""
    return str(settings.get("composition", {}).get("factors", DEFAULT_FACTORS))


def _survey_set(composition: Row) -> str:
    return "_".join([SURVEY_LINES, *([composition["survey_lines"]] if "survey_lines" in composition else [])])


def _counted(chosen: Sequence[str] | None, models: Mapping[str, Row], factored: Container[str]) -> list[dict[str, Any]]:
    """Return the counted core levels with the model and the components that count for each.

    Unless chosen, these are the levels that have a window of their own and a factor, the first of each element; what
    intrudes on another's window (Ge 3p under P 2p) is never among them. Satellites are not counted.
    """
    own = {window["core_level"]: name for name, model in reversed(list(models.items())) for window in model["windows"]}
    if chosen is None:
        levels = [level for model in models.values() for level in (w["core_level"] for w in model["windows"])]
        first: dict[str, str] = {}
        for level in filter(factored.__contains__, levels):
            first.setdefault(level.split()[0], level)
        chosen = list(first.values())
    return [
        {
            "core_level": level,
            "model": own[level],
            "components": [
                part["name"]
                for part in models[own[level]]["components"]
                if part["core_level"] == level and part.get("role", "species") == "species"
            ],
        }
        for level in chosen
        if level in own
    ]


def _uncounted(settings: Row, counted: Sequence[Row]) -> list[str]:
    """Return the elements that the experiment's regions name and no counted line stands for."""
    elements = {item["core_level"].split()[0] for item in counted}
    named = [level.split()[0] for levels in settings["regions"].values() for level in levels]
    return [name for name in dict.fromkeys(named) if name not in elements]


def experiment_faults(settings: Row, models: Mapping[str, Row], reference: Mapping[str, Sequence[Row]]) -> list[str]:
    """Return what an experiment asks for that no reference table, fit model or region holds."""
    return [*_unknown_checks(settings, reference.get(CHECKS, ())), *_composition_faults(settings, models, reference)]


def _composition_faults(settings: Row, models: Mapping[str, Row], reference: Mapping[str, Sequence[Row]]) -> list[str]:
    given = settings.get("composition", {})
    known = [name.removeprefix(FACTORS) for name in reference if name.startswith(FACTORS)]
    faults = []
    if "factors" in given and given["factors"] not in known:
        faults.append(
            f"composition.factors: there is no config/reference/{FACTORS}{given['factors']}.csv"
            f"{known_or_near(given['factors'], known)}"
        )
    if "survey_lines" in given and _survey_set(given) not in reference:
        named = [name.removeprefix(f"{SURVEY_LINES}_") for name in reference if name.startswith(f"{SURVEY_LINES}_")]
        faults.append(
            f"composition.survey_lines: there is no config/reference/{_survey_set(given)}.csv"
            f"{known_or_near(given['survey_lines'], named)}"
        )
    windows = [window["core_level"] for model in models.values() for window in model.get("windows", [])]
    faults += [
        f"composition.core_levels: no fit model of this experiment has a window of {level}{near(level, windows)}"
        for level in given.get("core_levels", [])
        if level not in windows
    ]
    elements = [level.split()[0] for level in given.get("core_levels", [])]
    faults += [
        f"composition.core_levels: {name} is counted by several core levels; leave one"
        for name in dict.fromkeys(elements)
        if elements.count(name) > 1
    ]
    if given.get("survey") in settings["regions"]:
        faults.append(f"composition.survey: {given['survey']} holds fitted core levels; name the survey's own region")
    return faults


def _unknown_checks(settings: Row, declared: Sequence[Row]) -> list[str]:
    known = [row["check"] for row in declared]
    return [
        f"energy_checks: no check is called {name!r}{near(name, known)}; config/reference/{CHECKS}.csv has "
        f"{', '.join(known) or 'none'}"
        for name in settings.get("energy_checks", [])
        if name not in known
    ]
