"""Do the models of an analysis make sense, and do they fit the experiments that use them? Asked before a run."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from xps.errors import ConfigError, near
from xps.models.reading import from_mapping
from xps.models.records import FitModel


class ModelUse(Protocol):
    """Experiments and fit models by name, as their files say."""

    @property
    def experiments(self) -> Mapping[str, Mapping[str, Any]]:
        """Settings of each experiment: ``regions`` and ``models`` are looked at."""

    @property
    def models(self) -> Mapping[str, Mapping[str, Any]]:
        """Mapping of each fit model, of sound shape."""


def faults(use: ModelUse) -> list[str]:
    """Return all that is wrong inside the models and between them and the regions of their experiments."""
    found: list[str] = []
    models: dict[str, FitModel] = {}
    for name, mapping in use.models.items():
        try:
            models[name] = from_mapping(name, mapping)
        except ConfigError as error:
            found += [f"config/models/{name}.yaml: {line.strip(' -')}" for line in str(error).splitlines()[1:]]
    for name, settings in use.experiments.items():
        found += [f"config/experiments/{name}.yaml: {fault}" for fault in _film_faults(settings["models"], models)]
        regions = settings["regions"]
        measured = {level for levels in regions.values() for level in levels}
        for model in (models[model] for model in settings["models"] if model in models):
            # What was not measured at all is told by the configuration, with near matches.
            if all(window.core_level in measured for window in model.windows) and measured >= set(model.core_levels):
                place = f"config/experiments/{name}.yaml: model {model.name}"
                found += [f"{place}: {fault}" for fault in model.region_faults(regions)]
                for other in model.alternatives:
                    new = [fault for fault in other.model.region_faults(regions) if f"{place}: {fault}" not in found]
                    found += [f"{place}: alternative {other.name!r}: {fault}" for fault in new]
    return found


def _film_faults(names: Sequence[str], models: Mapping[str, FitModel]) -> list[str]:
    """Return what stops alternatives from asking other models of the experiment for the films that they speak of.

    A model that the experiment does not have tells nothing, and the alternative counts whole: no fault.
    """
    faults = []
    for place, name in enumerate(names):
        for other in models[name].alternatives if name in models else ():
            if other.film is None or other.film.model not in names or other.film.model not in models:
                continue
            told = f"model {name}: alternative {other.name!r} asks model {other.film.model} for a film"
            if other.film.model not in names[:place]:
                faults.append(f"{told}; list {other.film.model} before {name}")
            known = [part.name for part in models[other.film.model].components]
            missing = [part for part in other.film.components if part not in known]
            faults += [f"{told}, which has no component {part!r}{near(part, known)}" for part in missing]
    return faults
