"""Which settings reach which rule: read from the rule files, asked of the configuration itself.

A rule gets its settings as ``params: name=ANALYSIS.method`` and its record keeps them under the same name. So what a
record should say today is what that method answers today, and what hangs on a setting is every rule whose answers
change when that one setting is changed in memory. Nothing is listed twice, nothing is executed but those methods.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from typing import Any

from xps.configuration import Analysis
from xps.errors import ConfigError
from xps.provenance import Record, leaves

_RULE = re.compile(r"^(?:rule|checkpoint) +(\w+) *:", re.MULTILINE)
_PARAMETER = re.compile(r"^ +(\w+) *= *ANALYSIS\.(\w+)(\(\))?,? *$", re.MULTILINE)
SECTIONS = ("experiments", "models", "figures", "reference")


def reaching(root: Path) -> dict[str, dict[str, str]]:
    """Return, by rule, which method of the analysis answers each of its parameters."""
    found: dict[str, dict[str, str]] = {}
    for path in sorted((root / "rules").glob("*.smk")):
        pieces = _RULE.split(path.read_text(encoding="utf-8"))
        for rule, body in zip(pieces[1::2], pieces[2::2], strict=True):
            given = body.partition("    params:")[2]
            found[rule] = {match[1]: match[2] for match in _PARAMETER.finditer(given)}
    return found


def expected(analysis: Analysis, methods: Mapping[str, str], record: Record) -> dict[str, Any]:
    """Return the leaves that a record of the same rule and subject would hold today, for parameters that are known.

    ConfigError when the configuration no longer has what the record is about.
    """
    names = {name.split(".", 1)[0] for name in record.parameters} & methods.keys()
    answers = {name: _answer(analysis, methods[name], record) for name in sorted(names)}
    held: dict[str, Any] = json.loads(json.dumps(dict(leaves(answers)))) if answers else {}
    return held


def _answer(analysis: Analysis, method: str, record: Record) -> Any:
    asked = getattr(analysis, method)
    if not callable(asked):
        return asked
    experiment = record.subject.split("/")[0]
    wildcards = SimpleNamespace(experiment=experiment, figure=PurePosixPath(record.artefact).stem.split(".")[0])
    try:
        return asked(wildcards)
    except TypeError:
        return asked()


def differences(recorded: Mapping[str, Any], today: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Yield (leaf, recorded, today) for each leaf that differs, among the parameters that ``today`` knows.

    A leaf that is on one side alone is ``...`` on the other.
    """
    known = {name.split(".", 1)[0] for name in today}
    for leaf in sorted({*today, *(name for name in recorded if name.split(".", 1)[0] in known)}):
        before, now = recorded.get(leaf, ...), today.get(leaf, ...)
        if before != now or type(before) is not type(now):
            yield leaf, before, now


def changed(analysis: Analysis, setting: str) -> Analysis:
    """Return ``analysis`` with one setting, or all below it, changed to something else.

    ``setting`` is a place in a settings file, ``models/lagp_c1s.components.0.fwhm_ev.low`` for
    config/models/lagp_c1s.yaml, or in a reference table, whose rows count from 0.
    ConfigError names the settings next to it when there is none of that name.
    """
    section, name, keys = parsed(setting)
    held: Mapping[str, Any] = getattr(analysis, section)
    if name not in held:
        kind = section.removesuffix("s")
        raise ConfigError(f"{setting}: this configuration has no {kind} {name!r}; it has {', '.join(held)}")
    altered: Any = {section: {**held, name: _altered(held[name], keys, f"{section}/{name}")}}
    return replace(analysis, **altered)


def parsed(setting: str) -> tuple[str, str, list[str]]:
    """Return section, name and keys of a setting's place, given with or without ``config/``, ``.yaml`` and ``.csv``."""
    text = setting.removeprefix("config/").replace(".yaml:", ".").replace(".yaml", "").replace(".csv", "")
    section, _, rest = text.partition("/")
    name, *keys = rest.split(".")
    if section not in SECTIONS or not name:
        wanted = "a place such as models/lagp_c1s.components.0.fwhm_ev.low or experiments/lagp_vep.axis"
        raise ConfigError(f"{setting}: is no raw file, no module and no setting; expected {wanted}")
    return section, name, keys


def _altered(value: Any, keys: list[str], place: str) -> Any:
    if not keys:
        return _other(value)
    key, *rest = keys
    if isinstance(value, Mapping) and key in value:
        return {**value, key: _altered(value[key], rest, f"{place}.{key}")}
    if isinstance(value, list | tuple) and key.isdecimal() and int(key) < len(value):
        place = f"{place}.{key}"
        return [_altered(item, rest, place) if index == int(key) else item for index, item in enumerate(value)]
    known = list(value) if isinstance(value, Mapping) else range(len(value)) if isinstance(value, list | tuple) else []
    raise ConfigError(f"{place}: there is no {key!r}; there is {', '.join(map(str, known)) or 'nothing below it'}")


def _other(value: Any) -> Any:
    """Return something of the same form in which every leaf differs."""
    if isinstance(value, Mapping):
        return {key: _other(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_other(item) for item in value]
    if isinstance(value, bool):
        return not value
    return value + 1 if isinstance(value, int | float) else f"{value}~"
