"""From the mapping of a model file to a checked ``FitModel``; the schema has already checked keys and types."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from xps import lineshapes
from xps.errors import ConfigError
from xps.models import alternatives, sense
from xps.models.records import (
    Background,
    Component,
    Doublet,
    FitModel,
    Series,
    Shape,
    Shared,
    Span,
    Tie,
    TieKind,
    Uncertainty,
    Window,
)

_RELATIONS: dict[TieKind, tuple[str, str]] = {
    "same_as": ("", ""),
    "offset_from": ("value_ev", "stderr_ev"),
    "ratio_to": ("value", "stderr"),
}
# ASSUME five channels: at 0.1 eV half an electronvolt, narrow against the flat ends of a well chosen window.
DEFAULT_ENDPOINT_AVERAGE_CHANNELS = 5
# What a number of a shape counts as where it is missing: a value that adds no second fault to the one told.
_UNSAID = {"alpha": 1.0, "beta": 1.0}


def windows_from(name: str, items: Sequence[Mapping[str, Any]]) -> tuple[Window, ...]:
    """Return the windows alone that a model file lists; ConfigError lists what is wrong with them."""
    windows = tuple(_window(item) for item in items)
    faults = sense.window_faults(windows)
    if faults:
        raise ConfigError.of(f"model {name}", faults)
    return windows


def from_mapping(name: str, mapping: Mapping[str, Any]) -> FitModel:
    """Return the model ``name`` that ``mapping`` (a model file's content) describes, with its alternatives.

    ConfigError lists every fault: names given twice, spans that do not hold their start, components outside their
    window, ties that lead nowhere or in a loop, a parameter given twice or not at all, and more (see ``sense``); once
    the model itself is sound, those of its alternatives too.
    """
    model = _itself(name, mapping)
    found, faults = alternatives.read(name, mapping, _itself)
    if faults:
        raise ConfigError.of(f"model {name}", faults)
    return replace(model, alternatives=found)


def _itself(name: str, mapping: Mapping[str, Any]) -> FitModel:
    """Return the model without its alternatives."""
    windows = tuple(_window(item) for item in mapping["windows"])
    components = tuple(_component(item) for item in mapping["components"])
    faults = [fault for item in mapping["components"] for fault in _shape_faults(item)]
    ties = []
    for item in mapping.get("ties", ()):
        found = tie_faults(item)
        faults += found
        if not found:
            ties.append(_tie(item))
    model = FitModel(
        name,
        mapping["description"],
        windows,
        components,
        tuple(ties),
        (),
        series=_series(mapping.get("series", {})),
        uncertainty=Uncertainty(**mapping.get("uncertainty", {})),
        likelihood=mapping.get("likelihood", "poisson"),
    )
    faults += sense.faults(model)
    if faults:
        raise ConfigError.of(f"model {name}", faults)
    return sense.with_windows(model)


def _series(item: Mapping[str, Any]) -> Series:
    """Return how a series is fitted; what is left out is as in ``Series``."""
    found = Series(fit=item.get("fit", Series().fit))
    if "share" not in item:
        return found
    shared = [
        Shared(one["parameter"], one["component"]) if isinstance(one, Mapping) else Shared(one) for one in item["share"]
    ]
    return replace(found, share=tuple(shared))


def _span(value: Any) -> Span | None:
    if value is None:
        return None
    if isinstance(value, Mapping):
        return Span(float(value["start"]), float(value["low"]), float(value["high"]))
    return Span(float(value), float(value), float(value))


def _window(item: Mapping[str, Any]) -> Window:
    given = item["background"]
    channels = given.get("endpoint_average_channels", DEFAULT_ENDPOINT_AVERAGE_CHANNELS)
    background = Background(given["type"], int(channels))
    return Window(item["core_level"], float(item["low_ev"]), float(item["high_ev"]), background)


def _component(item: Mapping[str, Any]) -> Component:
    shape, doublet = item["shape"], item.get("doublet")
    return Component(
        name=item["name"],
        core_level=item["core_level"],
        species=item["species"],
        line=item["line"],
        role=item.get("role", "species"),
        shape=_shape(shape),
        position_ev=_span(item.get("position_ev")),
        fwhm_ev=_span(item.get("fwhm_ev")),
        doublet=None
        if doublet is None
        else Doublet(
            float(doublet["splitting_ev"]), float(doublet["area_ratio"]), float(doublet.get("fwhm_ratio", 1.0))
        ),
        source=item["source"],
    )


def _shape(item: Mapping[str, Any]) -> Shape:
    names = lineshapes.PARAMETERS.get(item["type"], ())
    spans = [_span(item.get(name, _UNSAID.get(name, 0.0))) for name in names]
    return Shape(item["type"], tuple(span for span in spans if span is not None))


def _shape_faults(item: Mapping[str, Any]) -> list[str]:
    kind = item["shape"]["type"]
    wanted = {"type", *lineshapes.PARAMETERS.get(kind, ())}
    found = set(item["shape"])
    place = f"component {item['name']!r}: shape {kind}"
    return [f"{place} needs {key}" for key in sorted(wanted - found)] + [
        f"{place} has no {key}" for key in sorted(found - wanted)
    ]


def tie_faults(item: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the words of one tie."""
    place = f"tie of {item['parameter']} of {item['component']!r}"
    kinds = [kind for kind in _RELATIONS if kind in item]
    if len(kinds) != 1:
        return [f"{place}: give exactly one of same_as, offset_from, ratio_to; found {', '.join(kinds) or 'none'}"]
    value_key, error_key = _RELATIONS[kinds[0]]
    others = {key for pair in _RELATIONS.values() for key in pair if key} - {value_key, error_key}
    faults = [f"{place}: {key} does not go with {kinds[0]}" for key in sorted(others & set(item))]
    if value_key and value_key not in item:
        faults.append(f"{place}: {kinds[0]} needs {value_key}")
    if error_key in item and not item.get("source"):
        faults.append(f"{place}: a soft tie needs its source")
    return faults


def _tie(item: Mapping[str, Any]) -> Tie:
    kind = next(kind for kind in _RELATIONS if kind in item)
    value_key, error_key = _RELATIONS[kind]
    neutral = 1.0 if item["parameter"] == "area" else 0.0
    value = float(item[value_key]) if value_key else neutral
    stderr = float(item[error_key]) if error_key in item else None
    return Tie(item["component"], item["parameter"], kind, item[kind], value, stderr, item.get("source", ""))
