"""The first layer of checks: does a mapping have the shape that its schema declares?

Schemas are JSON Schema (draft 2020-12) in YAML, kept in config/schema. Each fault says where, what was found, and what
the schema's own description of that key expects, with near matches for misspelt names.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from xps.errors import near

__all__ = ["faults", "near", "place"]

_TYPE_NAMES = {
    "object": "keys with values",
    "array": "a list [...]",
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "null": "null",
}


def faults(mapping: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return every way in which ``mapping`` departs from ``schema``, in the order of its places."""
    errors = [_narrowest(error) for error in Draft202012Validator(schema).iter_errors(mapping)]
    errors.sort(key=_sort_key)
    found = [f"{place(error.absolute_path)}{text}" for error in errors for text in _sentences(error)]
    return list(dict.fromkeys(found))


def _sort_key(error: ValidationError) -> list[str]:
    return [str(part) for part in error.absolute_path]


def place(path: Iterable[str | int]) -> str:
    """Return ``"a.b[2]: "`` for a path of keys and indices, nothing for the whole document."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else str(part)
    return f"{text}: " if text else ""


def _narrowest(error: ValidationError) -> ValidationError:
    """Of the alternatives of anyOf or oneOf, return the complaint that is most to the point."""
    if error.context:
        return best_match([error]) or error
    return error


def _sentences(error: ValidationError) -> list[str]:
    declared: Any = error.schema if isinstance(error.schema, Mapping) else {}
    found: Any = error.instance
    wanted: Any = error.validator_value
    expected = f"; expected: {declared['description']}" if "description" in declared else ""
    match error.validator:
        case "additionalProperties" if isinstance(found, Mapping):
            known = sorted(declared.get("properties", {}))
            extra = [key for key in found if key not in known]
            return [f"unknown key {key!r}{near(key, known)}; known keys: {', '.join(known)}" for key in extra]
        case "required":
            missing = [key for key in wanted if key not in found]
            return [f"key {key!r} is missing{_description_of(declared, key)}" for key in missing]
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            names = " or ".join(_TYPE_NAMES.get(kind, kind) for kind in kinds)
            return [f"found {_shown(found)}, which is not {names}{expected}"]
        case "enum":
            words = ", ".join(str(word) for word in wanted)
            return [f"found {_shown(found)}{near(str(found), map(str, wanted))}, expected one of: {words}"]
        case "uniqueItems":
            return [f"holds {_shown(item)} more than once" for item in _repeated(found)]
        case "minItems" | "minLength" | "minProperties":
            return [f"found {_shown(found)}, which is too short{expected}"]
        case "minimum" | "exclusiveMinimum" | "maximum" | "exclusiveMaximum":
            bound = {"minimum": "at least", "maximum": "at most", "exclusiveMinimum": "above"}
            return [f"found {found}, must be {bound.get(str(error.validator), 'below')} {wanted}{expected}"]
        case "pattern":
            return [f"found {_shown(found)}, which is not of the form asked for{expected}"]
        case _:
            return [f"{error.message[:300]}{expected}"]


def _description_of(schema: Any, key: str) -> str:
    declared = schema.get("properties", {}).get(key, {})
    return f": {declared['description']}" if isinstance(declared, Mapping) and "description" in declared else ""


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _repeated(items: Sequence[Any]) -> list[Any]:
    return [item for index, item in enumerate(items) if item in items[:index]]
