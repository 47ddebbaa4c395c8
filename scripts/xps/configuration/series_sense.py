"""The second layer, part three: do the names in layers, balance and kinetics stand for something?

Every function takes mappings that passed their schema and returns sentences, empty when nothing is wrong.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from xps.chemistry import atoms
from xps.errors import ConfigError, near

Settings = Mapping[str, Any]
Reference = Mapping[str, Sequence[Settings]]


def series_faults(settings: Settings, models: Mapping[str, Settings], reference: Reference) -> Iterator[str]:
    """Yield what is wrong in ``layers`` and ``balance`` of one experiment.

    ``models`` are those of its models that have a sound file; ``reference`` are the rows of the reference tables.
    """
    stacks = settings.get("layers", [])
    for index, stack in enumerate(stacks):
        yield from (f"layers[{index}].{fault}" for fault in _stack_faults(stack, settings, models, reference))
    names = [stack["layer_model"] for stack in stacks]
    yield from (f"layers: {name} is declared more than once" for name in dict.fromkeys(names) if names.count(name) > 1)
    if "balance" in settings:
        yield from (f"balance{fault}" for fault in _balance_faults(settings, stacks))


def _stack_faults(
    stack: Settings, settings: Settings, models: Mapping[str, Settings], reference: Reference
) -> Iterator[str]:
    patched = [film["layer"] for film in stack["films"] if film.get("patches", False)]
    kind = stack["layer_model"]
    if kind == "layer" and len(stack["films"]) > 1:
        yield "layer_model: layer takes one film; say layers for several"
    if kind == "patchy" and not (patched and stack.get("coverages")):
        yield "layer_model: patchy needs coverages and a film with patches: true"
    if kind != "patchy" and (patched or "coverages" in stack):
        yield f"layer_model: coverages and patches mean nothing in {kind}; say patchy, or remove them"
    known = _phases(reference)
    places = {"substrate": stack["substrate"], **{f"films.{film['layer']}": film for film in stack["films"]}}
    for place, layer in places.items():
        if layer["phase"] not in known:
            yield f"{place}.phase: {layer['phase']} is neither a phase nor a case{near(layer['phase'], known)}"
        elif layer["tracer"]["element"] not in known[layer["phase"]]:
            held = ", ".join(sorted(known[layer["phase"]]))
            yield f"{place}.tracer.element: {layer['phase']} holds no {layer['tracer']['element']}, but {held}"
        yield from (f"{place}.tracer.{fault}" for fault in tracer_faults(layer["tracer"], settings, models))


def tracer_faults(tracer: Settings, settings: Settings, models: Mapping[str, Settings]) -> Iterator[str]:
    """Yield what is wrong with the model and components that ``tracer`` names."""
    name = tracer["model"]
    if name not in settings["models"]:
        yield f"model: {name} is no model of this experiment{near(name, settings['models'])}"
    elif name in models:
        levels = {part["name"]: part["core_level"] for part in models[name]["components"]}
        unknown = [part for part in tracer["components"] if part not in levels]
        yield from (f"components: {name} has no {part}{near(part, levels)}" for part in unknown)
        found = list(dict.fromkeys(levels[part] for part in tracer["components"] if part in levels))
        if len(found) > 1:
            yield f"components: they belong to {' and '.join(found)}; areas of one core level are added up"


def _phases(reference: Reference) -> dict[str, set[str]]:
    """Return the elements of every phase and of what every reaction case leaves."""
    found: dict[str, set[str]] = {}
    for row in reference.get("phases", ()):
        try:
            found[row["phase"]] = set(atoms(row["formula"]))
        except ConfigError:
            found[row["phase"]] = set()  # told with the reference table
    for row in reference.get("reactions", ()):
        found[row["case"]] = set().union(*(found.get(name, set()) for name in row["made"]))
    return found


def _balance_faults(settings: Settings, stacks: Iterable[Settings]) -> Iterator[str]:
    wanted = settings["balance"]
    if not settings.get("areas_cm2"):
        yield ": the charge per area needs an area; declare areas_cm2, such as {pellet: 0.5027}"
    stack = next((stack for stack in stacks if stack["layer_model"] == wanted["layer_model"]), None)
    if stack is None:
        yield f".layer_model: no stack of layers is of the model {wanted['layer_model']}"
        return
    names = [film["layer"] for film in stack["films"]]
    unknown = [name for name in wanted["films"] if name not in names]
    yield from (f".films: {wanted['layer_model']} has no film {name}{near(name, names)}" for name in unknown)
    if wanted.get("coverage_fraction") not in stack.get("coverages", [None]):
        yield ".coverage_fraction: patchy needs one of its coverages here, other models none"
