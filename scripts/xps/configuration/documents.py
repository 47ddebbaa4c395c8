"""YAML files of the folder config/, read strictly: text in, plain mapping and faults out.

YAML has traps that change a setting without a word: a key given twice (the last wins), a key ``No`` read as false,
``1:30`` as 90, ``010`` as 8, ``1e-3`` as a text. All of them are faults here, as are anchors, values that are not
finite and files that are empty or no mapping. Nothing is ever evaluated: the loader is PyYAML's safe one, stricter.
"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.parser import Parser
from yaml.reader import Reader
from yaml.resolver import Resolver
from yaml.scanner import Scanner

_DECIMAL_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)")
# Tabs, odd line ends, `?` inside a word and `!` without a name: libyaml is laxer about them.
_WAYWARD = re.compile("[\t\r\x85\u2028\u2029\ufeff?!]")
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
    """Return the mapping that the YAML ``text`` holds.

    A run reads some sixty files: libyaml scans them in an eighth of the time, where PyYAML was built with it. It does
    not get to see texts that it might take otherwise than PyYAML does, and what it refuses PyYAML reads again, whose
    answer counts.
    """
    for loader in [_PlainLoader] if _WAYWARD.search(text) else _LOADERS:
        try:
            value, faults = _loaded(text, loader)
        except yaml.YAMLError as error:
            refused = _syntax_fault(error)
        except RecursionError:
            refused = "is nested too deeply to be a configuration"
        else:
            return _as_document(value, faults)
    return Document(None, [refused])


def _loaded(text: str, kind: Callable[[str], Any]) -> tuple[Any, list[str]]:
    loader = kind(text)
    try:
        return loader.get_single_data(), loader.faults
    finally:
        loader.dispose()


def _as_document(value: Any, faults: list[str]) -> Document:
    if value is None:
        return Document(None, ["is empty"])
    if not isinstance(value, dict):
        return Document(None, [f"holds {_kind(value)}, expected keys with values (key: value)"])
    return Document(None if faults else value, faults)


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


class _StrictLoader(Composer, SafeConstructor, Resolver):
    """PyYAML's safe loader, from events; collects in ``faults`` what a careful reader would not accept."""

    # From the parser below, PyYAML's own or libyaml's.
    check_event: Callable[..., bool]
    get_event: Callable[[], Any]

    def __init__(self) -> None:
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)
        self.faults: list[str] = []

    def fault(self, node: yaml.Node, text: str) -> None:
        self.faults.append(f"line {node.start_mark.line + 1}: {text}")

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()
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
        if not node.style and _DECIMAL_NUMBER.fullmatch(value):
            self.fault(node, f"{value!r} is a text to YAML; write the number with a point and a sign, such as 1.0e-3")
        return value


for _tag, _constructor in (
    ("int", _StrictLoader.decimal_integer),
    ("float", _StrictLoader.decimal_number),
    ("timestamp", _StrictLoader.date_refused),
    ("str", _StrictLoader.text),
):
    _StrictLoader.add_constructor(f"tag:yaml.org,2002:{_tag}", _constructor)  # type: ignore[type-var]


class _PlainLoader(_StrictLoader, Reader, Scanner, Parser):
    def __init__(self, text: str) -> None:
        Reader.__init__(self, text)
        Scanner.__init__(self)
        Parser.__init__(self)
        _StrictLoader.__init__(self)


_LOADERS: list[Callable[[str], Any]] = [_PlainLoader]
if yaml.__with_libyaml__:
    from yaml.cyaml import CParser  # type: ignore[attr-defined]

    class _FastLoader(_StrictLoader, CParser):
        def __init__(self, text: str) -> None:
            CParser.__init__(self, text)
            _StrictLoader.__init__(self)

    _LOADERS.insert(0, _FastLoader)
