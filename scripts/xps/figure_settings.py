"""What a figure's settings must agree with, and which tables each kind of figure is drawn from.

Kept apart from ``figures`` so that checking a configuration does not import a drawing library. The shape of the
settings is checked by config/schema/figure.schema.yaml; here is their sense: every experiment, model, core level and
species that a figure names has to exist, and near matches are told.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

_FITTED = ("acquisitions", "calibration", "components", "fits", "parameters")
TABLES: Mapping[str, tuple[str, ...]] = {
    "spectra_grid": (*_FITTED, "curves"),
    "time_series": (*_FITTED, "kinetics"),
}


def tables_needed(kind: str) -> tuple[str, ...]:
    """Return the names of the tables a figure of this kind is drawn from; KeyError for an unknown kind."""
    return TABLES[kind]


def faults(
    settings: Mapping[str, Any],
    experiments: Mapping[str, Mapping[str, Any]],
    models: Mapping[str, Mapping[str, Any]],
) -> list[str]:
    """Return what is wrong with one figure's ``settings``, given the settings of all experiments and models by name.

    ``settings`` have passed their schema. An empty list means that the figure can be drawn.
    """
    experiment = settings["experiment"]
    if experiment not in experiments:
        return [f"experiment: {_unknown(experiment, experiments, 'experiment of this configuration')}"]
    offered = experiments[experiment].get("models", [])
    named = settings.get("models", offered)
    wrong = [
        f"models: {_unknown(name, offered, f'fit model of {experiment}')}" for name in named if name not in offered
    ]
    used = [models[name] for name in named if name in models]
    core_levels = list(dict.fromkeys(level for model in used for level in _core_levels(model)))
    species = list(dict.fromkeys(str(item.get("species")) for model in used for item in model.get("components", [])))
    wrong += [
        f"core_levels: {_unknown(level, core_levels, 'core level that these models fit')}"
        for level in settings.get("core_levels", [])
        if level not in core_levels
    ]
    wrong += [
        f"species: {_unknown(name, species, 'species of these models')}"
        for name in settings.get("species", [])
        if name not in species
    ]
    return wrong + _charge_faults(settings, experiments[experiment])


def _core_levels(model: Mapping[str, Any]) -> Iterable[str]:
    for window in model.get("windows", []):
        yield str(window.get("core_level"))
    for component in model.get("components", []):
        yield str(component.get("core_level"))


def _charge_faults(settings: Mapping[str, Any], experiment: Mapping[str, Any]) -> list[str]:
    area = settings.get("charge_area_cm2")
    wanted = settings.get("last_column") == "charge_uah_cm2"
    if wanted and area is None:
        return ["charge_area_cm2: is missing; last_column charge_uah_cm2 refers the charge to this area (cm2)"]
    if area is not None and not wanted:
        return ["charge_area_cm2: has no use here; it goes with last_column charge_uah_cm2"]
    declared = experiment.get("areas_cm2") or {}
    if wanted and area not in declared.values():
        names = ", ".join(f"{name} {value} cm2" for name, value in declared.items()) or "none"
        return [f"charge_area_cm2: {area} cm2 is none of the experiment's areas_cm2 ({names})"]
    return []


def _unknown(word: str, known: Iterable[str], noun: str) -> str:
    names: Sequence[str] = [str(name) for name in known]
    matches = get_close_matches(str(word), names, n=3, cutoff=0.5)
    meant = (
        f"did you mean {' or '.join(map(repr, matches))}?" if matches else f"there are: {', '.join(names) or 'none'}"
    )
    return f"{word!r} is no {noun}; {meant}"
