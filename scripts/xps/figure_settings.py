"""What a figure's settings must agree with, and which tables each kind of figure is drawn from.

Kept apart from ``figures`` so that checking a configuration does not import a drawing library. The shape of the
settings is checked by config/schema/figure.schema.yaml; here is their sense: every experiment, model, core level,
region, species and component that a figure names has to exist, and near matches are told.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from xps.errors import known_or_near


class Needs(NamedTuple):
    """Tables that a kind is drawn from: those of each of its experiments, and those of the whole project."""

    of_experiment: tuple[str, ...] = ()
    of_project: tuple[str, ...] = ()


_FITTED = ("acquisitions", "calibration", "components", "fits", "parameters")
NEEDS: Mapping[str, Needs] = {
    "spectra_grid": Needs((*_FITTED, "curves")),
    "heat_map": Needs((*_FITTED, "curves")),
    "survey": Needs(("acquisitions", "calibration", "spectra")),
    "time_series": Needs((*_FITTED, "kinetics")),
    "composition": Needs(("acquisitions", "composition")),
    "growth": Needs(("acquisitions", "layers", "kinetics", "courses")),
    "onset": Needs(("acquisitions", "components", "kinetics")),
    "charge_balance": Needs(("acquisitions", "balance")),
    "alternatives": Needs(("acquisitions", "components", "alternatives")),
    "identifiability": Needs(("acquisitions", "components", "correlations", "area_profiles")),
    "rate_intervals": Needs(("acquisitions", "kinetics", "profiles"), ("kinetics", "profiles")),
    "energy_scale": Needs(("acquisitions", "calibration", "parameters", "energy_checks")),
    "percolation": Needs((), ("phases",)),
    "claims_page": Needs((), ("claims",)),
    "fit_quality": Needs(("acquisitions", "fits")),
}


# Drawn from tables that know no experiment.
_OF_REFERENCE_TABLES = ("percolation",)
METHODS_TABLES = ("acquisitions", "calibration", "components", "parameters", "fits", "composition")
EXPORT_TABLES = ("acquisitions", "components", "composition")
# Where a report puts a figure, by its kind.
CATEGORIES: Mapping[str, tuple[str, ...]] = {
    "Spectra": ("spectra_grid", "heat_map", "survey"),
    "Along the series": ("time_series", "composition", "growth", "onset", "charge_balance", "alternatives"),
    "Checks": ("fit_quality", "energy_scale", "identifiability", "rate_intervals"),
    "Conclusions": ("percolation", "claims_page"),
}


def category(kind: str) -> str:
    """Return the part of a report in which a figure of this kind stands."""
    return next(name for name, kinds in CATEGORIES.items() if kind in kinds)


def tables_needed(kind: str) -> tuple[str, ...]:
    """Return the names of the tables a figure of this kind is drawn from; KeyError for an unknown kind."""
    return tuple(dict.fromkeys((*NEEDS[kind].of_experiment, *NEEDS[kind].of_project)))


def experiments_of(settings: Mapping[str, Any], everything: Iterable[str] = ()) -> list[str]:
    """Return the experiments of a figure: the one or those it names, else ``everything``; none of reference tables."""
    if settings.get("kind") in _OF_REFERENCE_TABLES:
        return []
    if "experiment" in settings:
        return [settings["experiment"]]
    return list(settings.get("experiments", everything))


def inputs(settings: Mapping[str, Any], everything: Iterable[str]) -> list[tuple[str, str]]:
    """Return what a figure is drawn from as (experiment, table), the experiment empty for a table of the project."""
    needs = NEEDS[settings["kind"]]
    own = [(name, table) for name in experiments_of(settings, everything) for table in needs.of_experiment]
    return own + [("", table) for table in needs.of_project]


def faults(
    settings: Mapping[str, Any],
    experiments: Mapping[str, Mapping[str, Any]],
    models: Mapping[str, Mapping[str, Any]],
) -> list[str]:
    """Return what is wrong with one figure's ``settings``, given the settings of all experiments and models by name.

    ``settings`` have passed their schema. An empty list means that the figure can be drawn.
    """
    named = experiments_of(settings)
    key = "experiment" if "experiment" in settings else "experiments"
    wrong = [
        _unknown(key, name, experiments, "experiment of this configuration")
        for name in named
        if name not in experiments
    ]
    if wrong:
        return wrong
    used = {name: experiments[name] for name in (named or experiments)}
    offered = _offered(used, models, settings.get("models"))
    for key, (known, noun) in offered.items():
        wrong += [_unknown(key, word, known, noun) for word in settings.get(key, []) if word not in known]
    return wrong + _window_faults(settings, offered, models) + _charge_faults(settings, used.values())


def _window_faults(
    settings: Mapping[str, Any],
    offered: Mapping[str, tuple[list[str], str]],
    models: Mapping[str, Mapping[str, Any]],
) -> list[str]:
    wrong = []
    for window in settings.get("windows", []):
        model, (known, noun) = window["model"], offered["models"]
        levels = _once(_core_levels(models.get(model, {})))
        if model not in known:
            wrong.append(_unknown("windows", model, known, noun))
        elif levels and window["core_level"] not in levels:
            wrong.append(_unknown("windows", window["core_level"], levels, f"core level that {model} fits"))
    return wrong


def _offered(
    experiments: Mapping[str, Mapping[str, Any]], models: Mapping[str, Mapping[str, Any]], wanted: list[str] | None
) -> dict[str, tuple[list[str], str]]:
    """Return for each setting what it may name, and what that is called."""
    whose = ", ".join(experiments)
    names = list(dict.fromkeys(name for item in experiments.values() for name in item.get("models", [])))
    used = [models[name] for name in (names if wanted is None else wanted) if name in models]
    parts = [part for model in used for part in model.get("components", [])]
    levels = [level for model in used for level in _core_levels(model)]
    regions = [region for item in experiments.values() for region in item.get("regions", {})]
    return {
        "models": (names, f"fit model of {whose}"),
        "core_levels": (_once(levels), "core level that these models fit"),
        "species": (_once(part.get("species") for part in parts), "species of these models"),
        "components": (_once(part.get("name") for part in parts), "component of these models"),
        "regions": (_once(regions), f"region of {whose}"),
    }


def _once(words: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(str(word) for word in words))


def _core_levels(model: Mapping[str, Any]) -> Iterable[str]:
    for window in model.get("windows", []):
        yield str(window.get("core_level"))
    for component in model.get("components", []):
        yield str(component.get("core_level"))


def _charge_faults(settings: Mapping[str, Any], experiments: Iterable[Mapping[str, Any]]) -> list[str]:
    area = settings.get("charge_area_cm2")
    column = settings.get("last_column", "none")
    if column == "charge_uah_cm2" and area is None:
        return ["charge_area_cm2: is missing; last_column charge_uah_cm2 refers the charge to this area (cm2)"]
    if area is None:
        return []
    if settings["kind"] == "spectra_grid" and column != "charge_uah_cm2":
        return ["charge_area_cm2: has no use here; it goes with last_column charge_uah_cm2"]
    declared = {name: value for item in experiments for name, value in (item.get("areas_cm2") or {}).items()}
    if area not in declared.values():
        names = ", ".join(f"{name} {value} cm2" for name, value in declared.items()) or "none"
        return [f"charge_area_cm2: {area} cm2 is none of the experiment's areas_cm2 ({names})"]
    return []


def _unknown(key: str, word: str, known: Iterable[str], noun: str) -> str:
    return f"{key}: {word!r} is no {noun}{known_or_near(word, known)}"
