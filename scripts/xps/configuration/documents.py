"""YAML files of the folder config/, read strictly: text in, plain mapping and faults out.

YAML has traps that change a setting without a word: a key given twice (the last wins), a key ``No`` read as false,
``1:30`` as 90, ``010`` as 8, ``1e-3`` as a text. All of them are faults here, as are anchors, values that are not
finite and files that are empty or no mapping. Nothing is ever evaluated: the loader is PyYAML's safe one, stricter.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml

_DECIMAL_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
_DECIMAL_NUMBER = re.compile(r"[-+]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


class Document(NamedTuple):
    """What a file holds: ``mapping`` is None when it cannot be used, ``faults`` say why (or what else is wrong)."""

    mapping: dict[str, Any] | None
    faults: list[str]


def read(path: Path) -> Document:
    """Return the mapping in the YAML file at ``path``; faults do not repeat the path."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return Document(None, ["there is no such file"])
    except OSError as error:
        return Document(None, [f"cannot be read ({error.strerror})"])
    except UnicodeDecodeError as error:
        return Document(None, [f"is not UTF-8 text (byte {error.start}); save it as UTF-8"])
    return parse(text)


def parse(text: str) -> Document:
    """Return the mapping that the YAML ``text`` holds."""
    loader = None
    try:
        loader = _StrictLoader(text)
        value = loader.get_single_data()
    except yaml.YAMLError as error:
        return Document(None, [_syntax_fault(error)])
    except RecursionError:
        return Document(None, ["is nested too deeply to be a configuration"])
    finally:
        if loader is not None:
            loader.dispose()
    if value is None:
        return Document(None, ["is empty"])
    if not isinstance(value, dict):
        return Document(None, [f"holds {_kind(value)}, expected keys with values (key: value)"])
    return Document(None if loader.faults else value, loader.faults)


def plain(value: Any) -> Any:
    """Return nested mappings and sequences as new dicts and lists with sorted keys.

    The order of keys in a file carries no meaning: sorted, a mere reordering reruns nothing.
    """
    if isinstance(value, Mapping):
        return {key: plain(value[key]) for key in sorted(value, key=str)}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value


def _kind(value: object) -> str:
    return {list: "a list", str: "a text", bool: "a truth value"}.get(type(value), "a single value")


def _syntax_fault(error: yaml.YAMLError) -> str:
    place, problem = "", str(error)
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        place = f"line {error.problem_mark.line + 1}, column {error.problem_mark.column + 1}: "
        problem = error.problem or "cannot be understood"
    remedy = "; indent with blanks, never with tabs" if "\\t" in problem else ""
    return f"is not valid YAML: {place}{' '.join(problem.split())}{remedy}"


class _StrictLoader(yaml.SafeLoader):
    """SafeLoader that collects, in ``faults``, what YAML would accept and a careful reader would not."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.faults: list[str] = []

    def fault(self, node: yaml.Node, text: str) -> None:
        self.faults.append(f"line {node.start_mark.line + 1}: {text}")

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()  # type: ignore[no-untyped-call]
            problem = "anchors and aliases are not used here, write it out"
            raise yaml.composer.ComposerError(None, None, problem, event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        usable = True
        for key, _ in node.value:
            name = key.value if isinstance(key, yaml.ScalarNode) else ""
            if key.tag != "tag:yaml.org,2002:str":
                self.fault(key, f"key {name!r} is no text; put it in quotes")
                usable = False
            elif name in seen:
                self.fault(key, f"key {name!r} is given twice")
            seen.add(name)
        return super().construct_mapping(node, deep=deep) if usable else {}

    def decimal_integer(self, node: yaml.ScalarNode) -> int:
        if not _DECIMAL_INTEGER.fullmatch(node.value):
            self.fault(node, f"{node.value!r} is no plain decimal number; write it out, or in quotes if it is a text")
            return 0
        return int(node.value)

    def decimal_number(self, node: yaml.ScalarNode) -> float:
        value = float(node.value) if _DECIMAL_NUMBER.fullmatch(node.value) else float("inf")
        if abs(value) == float("inf"):
            self.fault(node, f"{node.value!r} is no finite decimal number")
        return value

    def date_refused(self, node: yaml.ScalarNode) -> str:
        self.fault(node, f"{node.value!r} would be read as a date; put it in quotes")
        return str(node.value)

    def text(self, node: yaml.ScalarNode) -> str:
        value = str(self.construct_scalar(node))
        if node.style is None and _DECIMAL_NUMBER.fullmatch(value):
            self.fault(node, f"{value!r} is a text to YAML; write the number with a point and a sign, such as 1.0e-3")
        return value


_StrictLoader.add_constructor("tag:yaml.org,2002:int", _StrictLoader.decimal_integer)
_StrictLoader.add_constructor("tag:yaml.org,2002:float", _StrictLoader.decimal_number)
_StrictLoader.add_constructor("tag:yaml.org,2002:timestamp", _StrictLoader.date_refused)
_StrictLoader.add_constructor("tag:yaml.org,2002:str", _StrictLoader.text)
