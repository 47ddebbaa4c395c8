"""What a check of a claim may name: computations and their parameters, and what is wrong in config/claims.yaml.

The computations themselves stand in ``claims``, which needs the tables' libraries; this list is read while the
Snakefile is parsed, and a test keeps the two equal.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from xps.errors import near


class Parameters(NamedTuple):
    """Names of the parameters that a computation needs, and of those that may be left out."""

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()


COMPUTATIONS: Mapping[str, Parameters] = {
    "position": Parameters(("experiment", "model", "component", "at_min")),
    "literature_offset": Parameters(("experiment", "check")),
    "position_mean": Parameters(("experiment", "model", "component"), ("from_min",)),
    "position_range": Parameters(("experiment", "model", "component"), ("from_min",)),
    "position_change": Parameters(("experiment", "model", "component"), ("from_min",)),
    "position_difference": Parameters(
        ("experiment", "model", "component", "other_component"),
        ("from_min", "other_experiment", "other_model", "other_from_min"),
    ),
    "line_maximum": Parameters(("experiment", "model", "region", "at_min")),
    "share": Parameters(("experiment", "model", "components", "at_min"), ("rest",)),
    "smallest_share": Parameters(("experiment", "model", "components"), ("from_min",)),
    "largest_limit": Parameters(("experiment", "model", "component"), ("from_min",)),
    "largest_over_detection_limit": Parameters(("experiment", "model", "component"), ("from_min",)),
    "centroid_trend": Parameters(("experiment", "model", "components"), ("from_min",)),
    "relative_change": Parameters(("experiment", "model", "components"), ("from_min",)),
    "monotonic_share": Parameters(("experiment", "model", "components", "direction")),
    "correlation": Parameters(("experiment", "model", "component", "other_component"), ("from_min",)),
    "alternative_share": Parameters(("experiment", "model", "component", "alternative", "at_min")),
    "atomic_percent_extreme": Parameters(("experiment", "subject", "extreme"), ("from_min", "basis")),
    "atomic_percent_ratio": Parameters(("experiment", "subject", "later_min", "earlier_min"), ("basis",)),
    "largest_drift": Parameters(("experiment", "subjects"), ("basis", "allowed")),
    "last_thickness": Parameters(("experiment", "layer_model", "layer")),
    "thickness_course": Parameters(("experiment", "layer_model", "layer")),
    "attenuation_by_film": Parameters(("experiment", "layer_model", "layer", "model", "components", "from_min")),
    "matched_share": Parameters(
        ("experiment", "other_experiment", "model", "component", "layer_model", "layer", "thickness_nm")
    ),
    "charge": Parameters(("experiment", "area", "at_min")),
    "film_of_all_charge": Parameters(("experiment", "area", "layer_model", "layer", "at_min")),
    "kinetic_value": Parameters(("experiment", "quantity", "law", "parameter"), ("component",)),
    "at_full_utilisation": Parameters(("experiment", "quantity", "law", "parameter", "power")),
    "kinetic_word": Parameters(
        ("experiment", "quantity", "law"), ("parameter", "component", "column", "holding", "lacking")
    ),
    "conductive_percent": Parameters(("case",), ("phases",)),
    "window_minutes": Parameters(("experiment", "region")),
    "header_value": Parameters(("experiment", "region", "fact")),
}


def faults(claims: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return what makes no sense in claims that passed their schema: unknown computations, wrong parameters."""
    names = [claim["claim"] for claim in claims]
    found = [f"{name} is given twice" for name in dict.fromkeys(names) if names.count(name) > 1]
    for claim in claims:
        for check in claim["checks"]:
            for item in (check, *check.get("notes", [])):
                found += [f"{claim['claim']}: {fault}" for fault in _parameter_faults(item)]
    return found


def _parameter_faults(item: Mapping[str, Any]) -> Iterator[str]:
    name, given = item.get("compute"), item.get("with", {})
    if name is None:
        yield from (f"{key} means nothing without compute" for key in given)
        return
    if name not in COMPUTATIONS:
        yield f"no computation is called {name}{near(name, COMPUTATIONS)}; there are {', '.join(COMPUTATIONS)}"
        return
    needed, optional = COMPUTATIONS[name]
    known = (*needed, *optional)
    yield from (f"{name} takes no {key}{near(key, known)}" for key in given if key not in known)
    yield from (f"{name} needs {key}" for key in needed if key not in given)
