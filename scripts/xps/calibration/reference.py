"""The line that an experiment's ``energy_reference`` names: its model, made ready for the fit, and its region."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from xps.calibration.search import Reference
from xps.cycles import Regions
from xps.errors import ConfigError
from xps.models import FitModel, Span

# ASSUME a refined position within 0.5 eV of the assigned energy: the search has come within a step of 0.1 eV.
_REFINED_WITHIN_EV = 0.5


def reference_line(reference: Mapping[str, Any], model: FitModel | None, experiment: str) -> Reference:
    """Return the line that ``reference`` names in ``model``, free to be found near its assigned energy.

    Raises ConfigError when the model cannot give it.
    """
    place = f"experiment {experiment}, energy_reference"
    if model is None:
        raise ConfigError(f"{place}: mode fitted needs a fit model with component {reference['component']!r}")
    component = model.component(reference["component"])
    if component.core_level != reference["level"]:
        raise ConfigError(
            f"{place}: component {component.name!r} belongs to {component.core_level}, not {reference['level']}"
        )
    if len(model.windows) != 1:
        raise ConfigError(f"{place}: model {model.name} has several windows; the reference needs a model with one")
    tie = model.tie(component.name, "position_ev")
    if tie is not None:
        raise ConfigError(
            f"{place}: the position of {component.name!r} is tied ({tie.describe()}); refer to {tie.other}"
        )
    energy = float(reference["binding_energy_ev"])
    span = Span(energy, energy - _REFINED_WITHIN_EV, energy + _REFINED_WITHIN_EV)
    index = model.components.index(component)
    parts = tuple(replace(part, position_ev=span) if part is component else part for part in model.components)
    return Reference(replace(model, components=parts), index, energy)


def home_of(measured: Regions, line: Reference) -> str:
    """Return the one region that holds the line; ConfigError when none does, or several do."""
    level = line.model.windows[0].core_level
    holding = measured.holding(level)
    if len(holding) != 1:
        found = ", ".join(holding) or "none"
        raise ConfigError(
            f"experiment {measured.experiment}, energy_reference: core level {level} must be held by one region, "
            f"found {found}; name it under regions, or use mode none, fixed, or another line"
        )
    return holding[0]
