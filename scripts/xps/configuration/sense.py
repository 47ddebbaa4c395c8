"""The second layer, part two: do settings that have the right shape make sense together?

Every function takes mappings that passed their schema and returns sentences, empty when nothing is wrong. What lies
inside a fit model (components in their windows, ties) or a figure is checked by ``models`` and ``figure_settings``.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from xps.configuration.places import RESERVED_NAMES
from xps.errors import near

# Which keys of energy_reference each mode needs and may have; keys of other modes would be ignored, so are refused.
_REFERENCE_KEYS: dict[str, tuple[str, ...]] = {
    "fitted": ("level", "component", "binding_energy_ev"),
    "fixed": ("shift_ev",),
    "none": (),
}
_OPTIONAL_REFERENCE_KEYS = {"fitted": ("drift_stderr_ev",), "fixed": (), "none": ()}
_OPERATOR_AXES = ("plating_time_s", "rest_time_s")


def experiment_faults(name: str, settings: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what contradicts itself in one experiment; ``models`` are those of its models that have a sound file."""
    faults = []
    if name in RESERVED_NAMES:
        faults.append(f"the name {name!r} belongs to a folder of the results; rename the experiment")
    faults += _shared_levels(settings["regions"])
    faults += _reference_faults(settings, models)
    if settings["axis"] in _OPERATOR_AXES and settings["source"]["log"] is None:
        faults.append(f"axis: {settings['axis']} is known from the operator's log only, but source.log is null")
    for model_name, model in models.items():
        faults += [f"models: {model_name} {fault}" for fault in _unmeasured(model, measured_levels(settings))]
    return faults


def measured_levels(settings: Mapping[str, Any]) -> list[str]:
    """Return the core levels that the experiment's regions hold, in their order."""
    return [level for levels in settings["regions"].values() for level in levels]


def reference_holders(settings: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the names of those models that hold the energy reference's component of its core level."""
    reference = settings["energy_reference"]
    if reference["mode"] != "fitted":
        return []
    wanted = (reference.get("level"), reference.get("component"))
    return [
        name
        for name, model in models.items()
        if any((part.get("core_level"), part.get("name")) == wanted for part in model.get("components", []))
    ]


def _shared_levels(regions: Mapping[str, list[str]]) -> Iterator[str]:
    owners: dict[str, str] = {}
    for region, levels in regions.items():
        for level in levels:
            if level in owners:
                yield f"regions: {level} lies in {owners[level]} and in {region}; a core level belongs to one window"
            owners.setdefault(level, region)


def _unmeasured(model: Mapping[str, Any], measured: list[str]) -> list[str]:
    named = [part.get("core_level") for key in ("windows", "components") for part in model.get(key, [])]
    return [
        f"needs {level}{near(str(level), measured)}, which no region of this experiment holds ({', '.join(measured)})"
        for level in dict.fromkeys(named)
        if level is not None and level not in measured
    ]


def _reference_faults(settings: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    reference = settings["energy_reference"]
    mode = reference["mode"]
    needed = _REFERENCE_KEYS[mode]
    known = {"mode", *needed, *_OPTIONAL_REFERENCE_KEYS[mode]}
    faults = [f"energy_reference: mode {mode} needs {key}" for key in needed if key not in reference]
    faults += [
        f"energy_reference: {key} means nothing in mode {mode}; remove it" for key in reference if key not in known
    ]
    if mode != "fitted" or faults:
        return faults
    measured = measured_levels(settings)
    if reference["level"] not in measured:
        level, hint = reference["level"], near(reference["level"], measured)
        return [f"energy_reference.level: no region holds {level}{hint}; regions hold {', '.join(measured)}"]
    return _component_faults(settings, models)


def _component_faults(settings: Mapping[str, Any], models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Check the reference component once all models of the experiment are known (else a fault would be a guess)."""
    if set(models) != set(settings["models"]):
        return []
    reference = settings["energy_reference"]
    level, component = reference["level"], reference["component"]
    holders = reference_holders(settings, models)
    parts = [part for model in models.values() for part in model.get("components", [])]
    if not holders:
        known = [str(part.get("name")) for part in parts if part.get("core_level") == level]
        held = f"they hold {', '.join(known)}" if known else "they hold none of that level"
        hint = near(component, known)
        return [f"energy_reference.component: no model has a {level} component {component!r}{hint}; {held}"]
    if len(holders) > 1:
        return [f"energy_reference.component: {level} {component!r} stands in several models: {', '.join(holders)}"]
    position = next(p for p in parts if (p.get("core_level"), p.get("name")) == (level, component)).get("position_ev")
    low, high = _range(position)
    energy = reference["binding_energy_ev"]
    if not low <= energy <= high:
        return [
            f"energy_reference.binding_energy_ev: {energy} eV is outside the positions {low} to {high} eV"
            f" that {holders[0]} allows {component!r}"
        ]
    return []


def _range(position: Any) -> tuple[float, float]:
    if isinstance(position, Mapping):
        return float(position.get("low", float("-inf"))), float(position.get("high", float("inf")))
    if isinstance(position, int | float):
        return float(position), float(position)
    return float("-inf"), float("inf")
