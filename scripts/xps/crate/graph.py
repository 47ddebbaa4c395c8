"""A JSON-LD graph that grows entity by entity: flat, each entity once, references by ``@id``."""

import json
from collections.abc import Iterable
from typing import Any, TypeAlias
from urllib.parse import quote

Reference: TypeAlias = dict[str, str]
CONTEXT = ("https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/terms/workflow-run/context")


class Graph:
    """Entities by ``@id``, in the order in which they were first added."""

    def __init__(self) -> None:
        self._entities: dict[str, dict[str, Any]] = {}

    def add(self, identifier: str, kinds: str | list[str], /, **properties: Any) -> Reference:
        """Add an entity, or type and properties to one that is there; return a reference to it.

        Properties that are empty are left out; a list of one is written as the one.
        """
        entity = self._entities.setdefault(identifier, {"@id": identifier})
        entity["@type"] = kinds
        for name, value in properties.items():
            plain = _single(value)
            if plain not in (None, "", [], {}):
                entity[name] = plain
        return {"@id": identifier}

    def extend(self, identifier: str, name: str, references: Iterable[Reference]) -> None:
        """Add references to a property of an entity that is there, each once."""
        entity = self._entities[identifier]
        held = entity.get(name, [])
        several = held if isinstance(held, list) else [held]
        entity[name] = _single([*several, *(item for item in references if item not in several)])

    def __contains__(self, identifier: str) -> bool:
        return identifier in self._entities

    def to_json(self) -> bytes:
        """Return the graph as the content of ro-crate-metadata.json."""
        document = {"@context": list(CONTEXT), "@graph": list(self._entities.values())}
        return (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()


def local(*parts: str) -> str:
    """Return the identifier of a file in the crate: a relative path, its special characters written as %xx."""
    return quote("/".join(parts), safe="/-_.~")


def by_hash(logical: str, sha256: str) -> str:
    """Return the identifier of a file that is not in the crate: RFC 6920's name for just these bytes, with its path."""
    import base64

    digest = base64.urlsafe_b64encode(bytes.fromhex(sha256)).rstrip(b"=").decode()
    return f"ni:///sha-256;{digest}?path={quote(logical.replace(':', '/'), safe='/-_.~')}"


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, list) and len(value) == 1 else value
