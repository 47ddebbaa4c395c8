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
    """Yield what is wrong in ``layers``, ``balance`` and ``kinetics`` of one experiment.

    ``models`` are those of its models that have a sound file; ``reference`` are the rows of the reference tables.
    """
    stacks = settings.get("layers", [])
    for index, stack in enumerate(stacks):
        yield from (f"layers[{index}].{fault}" for fault in _stack_faults(stack, settings, models, reference))
    names = [stack["layer_model"] for stack in stacks]
    yield from (f"layers: {name} is declared more than once" for name in dict.fromkeys(names) if names.count(name) > 1)
    if "balance" in settings:
        yield from (f"balance{fault}" for fault in _balance_faults(settings, stacks))
    yield from (f"kinetics.{fault}" for fault in _mechanism_faults(settings, models, reference))


def _mechanism_faults(settings: Settings, models: Mapping[str, Settings], reference: Reference) -> Iterator[str]:
    wanted = settings.get("kinetics", {})
    if "growth" in wanted:
        yield from (f"growth{fault}" for fault in _growth_faults(wanted["growth"], settings, reference))
    for index, item in enumerate(wanted.get("onset", [])):
        yield from (f"onset[{index}].{fault}" for fault in _component_faults(item, settings, models))
    if "oxidation" in wanted:
        own = wanted["oxidation"]
        yield from (f"oxidation.{fault}" for fault in _component_faults(own, settings, models))
        yield from (f"oxidation{fault}" for fault in _oxide_faults(own, own["metal"], reference))
    if "decay" in wanted:
        yield from (f"decay{fault}" for fault in _decay_faults(wanted["decay"], settings, models, reference))


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
    carbon = {"carbon": stack["carbon"]} if "carbon" in stack else {}
    places = {"substrate": stack["substrate"], **carbon, **{f"films.{film['layer']}": film for film in stack["films"]}}
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


def _film_faults(wanted: Settings, settings: Settings, reference: Reference, *, of_case: bool) -> Iterator[str]:
    """Yield what is wrong with a reference to a film of ``layers``; ``of_case``: it must be what a reaction leaves."""
    model = wanted["layer_model"]
    stack = next((stack for stack in settings.get("layers", []) if stack["layer_model"] == model), None)
    if stack is None:
        yield f".layer_model: no stack of layers is of the model {model}"
        return
    phases = {film["layer"]: film["phase"] for film in stack["films"]}
    if wanted["layer"] not in phases:
        yield f".layer: {model} has no film {wanted['layer']}{near(wanted['layer'], phases)}"
    elif of_case and phases[wanted["layer"]] not in {row["case"] for row in reference.get("reactions", ())}:
        yield f".layer: {wanted['layer']} is {phases[wanted['layer']]}, which is no case of reactions.csv"
    if "coverage_fraction" in wanted and wanted["coverage_fraction"] not in stack.get("coverages", []):
        yield f".coverage_fraction: {model} does not declare the coverage {wanted['coverage_fraction']:g}"


def _growth_faults(wanted: Settings, settings: Settings, reference: Reference) -> Iterator[str]:
    yield from _film_faults(wanted, settings, reference, of_case=True)
    areas = settings.get("areas_cm2", {})
    if wanted["area"] not in areas:
        yield f".area: areas_cm2 declares no {wanted['area']}{near(wanted['area'], areas)}"
    if "metal" in wanted:
        yield from (f".metal{fault}" for fault in _film_faults(wanted["metal"], settings, reference, of_case=False))


def _component_faults(item: Settings, settings: Settings, models: Mapping[str, Settings]) -> Iterator[str]:
    yield from tracer_faults({"model": item["model"], "components": [item["component"]]}, settings, models)


def _oxide_faults(wanted: Settings, metal: str, reference: Reference) -> Iterator[str]:
    known = _phases(reference)
    for name in (metal, *wanted["products"]):
        if name not in known:
            yield f": there is no phase {name}{near(name, known)}"
    yield from (f".products: {name} holds no O" for name in wanted["products"] if "O" not in known.get(name, {"O"}))
    total = sum(wanted["products"].values())
    if abs(total - 1.0) > 1e-6:
        yield f".products: the shares of the oxygen add up to {total:g}, not to 1"


def _decay_faults(
    wanted: Settings, settings: Settings, models: Mapping[str, Settings], reference: Reference
) -> Iterator[str]:
    yield from (f".metal.{fault}" for fault in _component_faults(wanted["metal"], settings, models))
    film = _film_faults(wanted["interphase"], settings, reference, of_case=True)
    yield from (f".interphase{fault}" for fault in film)
    for index, item in enumerate(wanted["below"]):
        yield from (f".below[{index}].{fault}" for fault in tracer_faults(item, settings, models))
    yield from _oxide_faults(wanted, wanted["metal"]["phase"], reference)
