"""The alternatives of a fit model: other models of the same windows, told by what they replace. Words, never formulas.

An alternative changes the content of the model file (a background, a shape, a tie, components) and is then read and
checked like any model file: what would be a fault there is a fault here, with the alternative's name.

Alternatives that replace the same thing (the background of one window, the tie of one parameter) are answers to one
question, their ``statement``: at most one of them is true. Different statements are asked one at a time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from typing import Any, NamedTuple

from xps.errors import ConfigError, near
from xps.models.records import Alternative, AlternativeKind, Film, FitModel

Content = dict[str, Any]
Read = Callable[[str, Mapping[str, Any]], FitModel]

KEYS = ("alternatives", "usual_alternatives")
# What ``usual_alternatives: [backgrounds]`` puts in the place of each background.
_OTHER_BACKGROUND = {"constant": "linear", "linear": "shirley", "shirley": "tougaard", "tougaard": "shirley"}
_VALUE_KEYS = ("value", "value_ev", "stderr", "stderr_ev")
_DOUBLET_KEYS = ("splitting_ev", "area_ratio", "fwhm_ratio")
# ASSUME 10 %: measured ratios of p and d doublets depart that much from the statistical ones in practice.
_USUAL_RATIO_CHANGE = 0.1


class _Change(NamedTuple):
    """One thing replaced: what it is (``subject``) and what stands there instead, in words."""

    subject: str
    words: str


def read(name: str, mapping: Mapping[str, Any], read_model: Read) -> tuple[tuple[Alternative, ...], list[str]]:
    """Return the alternatives that a sound model file declares, usual ones after named ones, and what is wrong."""
    items = [*mapping.get("alternatives", ()), *_usual(mapping)]
    found: list[Alternative] = []
    faults: list[str] = []
    base = {key: value for key, value in mapping.items() if key not in KEYS}
    for item in items:
        place = f"alternative {item['name']!r}"
        if any(item["name"] == other.name for other in found):
            faults.append(f"{place}: the name is given more than once")
            continue
        content = deepcopy(base)
        try:
            changes = [change for key in _CHANGES if key in item for change in _CHANGES[key](content, item[key])]
            model = read_model(name, content)
        except ConfigError as error:
            lines = str(error).splitlines()
            faults += [f"{place}: {line.strip(' -')}" for line in (lines[1:] or lines)]
            continue
        if not changes:
            faults.append(f"{place}: replaces nothing; give one of {', '.join(_CHANGES)}")
            continue
        found.append(
            Alternative(
                name=item["name"],
                kind=next(_KINDS[key] for key in _CHANGES if key in item),
                statement=", ".join(sorted({change.subject for change in changes})),
                change="; ".join(change.words for change in changes),
                systematic=bool(item["systematic"]),
                model=model,
                film=_film(item),
            )
        )
    return tuple(found), faults


def _film(item: Content) -> Film | None:
    """Return the film under which the alternative holds, where it speaks of one."""
    if "under_film" not in item:
        return None
    given = item["under_film"]
    ratios = tuple((line["component"], float(line["bulk_ratio"])) for line in given["lines"])
    return Film(given["model"], ratios, tuple(given["over"]), float(given["exponent"]), float(given["whole_at"]))


# what may be replaced ------------------------------------------------------------------------------------------------


def _without(content: Content, names: Sequence[str]) -> Iterator[_Change]:
    """Leave components out, and with them every tie that speaks of them."""
    for name in names:
        content["components"].remove(_component(content, name))
        content["ties"] = [tie for tie in content.get("ties", ()) if name not in _named_in(tie)]
        yield _Change(f"presence of {name}", f"without {name}")


def _add(content: Content, parts: Sequence[Content]) -> Iterator[_Change]:
    for part in parts:
        content["components"].append(part)
        yield _Change(f"presence of {part['name']}", f"with {part['name']}")


def _shapes(content: Content, items: Sequence[Content]) -> Iterator[_Change]:
    for item in items:
        for part in _chosen(content, item):
            part["shape"] = item["shape"]
        numbers = (f"{key} {value}" for key, value in item["shape"].items() if key != "type")
        words = ", ".join([item["shape"]["type"], *numbers])
        yield _Change(f"shape of {_subject(item)}", f"shape of {_subject(item)}: {words}")


def _doublets(content: Content, items: Sequence[Content]) -> Iterator[_Change]:
    for item in items:
        new = {key: item[key] for key in _DOUBLET_KEYS if key in item}
        parts = [part for part in _chosen(content, item) if "doublet" in part]
        if not parts:
            raise ConfigError(f"{_subject(item)} has no doublet; give its shape or width instead")
        for part in parts:
            part["doublet"] = part["doublet"] | new
        for key, value in new.items():
            yield _Change(f"{key} of {_subject(item)}", f"{key} of {_subject(item)} = {value:g}")


def _spans(key: str) -> Callable[[Content, Sequence[Content]], Iterator[_Change]]:
    def change(content: Content, items: Sequence[Content]) -> Iterator[_Change]:
        for item in items:
            for part in _chosen(content, item):
                part[key] = item[key]
                content["ties"] = [
                    tie
                    for tie in content.get("ties", ())
                    if (tie["component"], tie["parameter"]) != (part["name"], key)
                ]
            value = item[key]
            words = f"{value['low']:g} to {value['high']:g}" if isinstance(value, Mapping) else f"{value:g}"
            yield _Change(f"{key} of {_subject(item)}", f"{key} of {_subject(item)} = {words}")

    return change


def _add_ties(content: Content, items: Sequence[Content]) -> Iterator[_Change]:
    for item in items:
        content.setdefault("ties", []).append(item)
        yield _Change(f"tie of {_tied(item)}", f"{_tied(item)} tied")


def _ties(content: Content, items: Sequence[Content]) -> Iterator[_Change]:
    for item in items:
        place, tie = f"tie of {_tied(item)}", _tie(content, item)
        if item.get("left_out"):
            content["ties"].remove(tie)
            yield _Change(place, f"{place} left out")
            continue
        before = dict(tie)
        tie.update({key: item[key] for key in _VALUE_KEYS if key in item})
        if "moved_by_stderrs" in item:
            _move(tie, item["moved_by_stderrs"], place)
        changed = [key for key in _VALUE_KEYS if before.get(key) != tie.get(key)]
        if not changed:
            raise ConfigError(f"{place}: nothing is changed; give moved_by_stderrs, a new value, or left_out: true")
        yield _Change(place, f"{place}: " + ", ".join(f"{key} {before.get(key)} -> {tie[key]}" for key in changed))


def _move(tie: Content, stderrs: float, place: str) -> None:
    value, stderr = ("value_ev", "stderr_ev") if "offset_from" in tie else ("value", "stderr")
    if stderr not in tie:
        raise ConfigError(f"{place}: it is exact and has no standard error to be moved by; give {value}")
    # Twelve digits: what is left of 2.4 - 0.5 * 1 in binary is no part of the statement.
    tie[value] = float(f"{tie[value] + stderrs * tie[stderr]:.12g}")


def _backgrounds(content: Content, items: Sequence[Content]) -> Iterator[_Change]:
    for item in items:
        level = item["core_level"]
        windows = {window["core_level"]: window for window in content["windows"]}
        if level not in windows:
            raise ConfigError(f"no window is called {level!r}{near(level, windows)}; windows are {', '.join(windows)}")
        before = windows[level]["background"]
        windows[level]["background"] = before | {"type": item["type"]}
        yield _Change(f"background of {level}", f"background of {level}: {before['type']} -> {item['type']}")


_CHANGES: dict[str, Callable[[Content, Any], Iterator[_Change]]] = {
    "without": _without,
    "add": _add,
    "shapes": _shapes,
    "doublets": _doublets,
    "widths": _spans("fwhm_ev"),
    "positions": _spans("position_ev"),
    "ties": _ties,
    "add_ties": _add_ties,
    "backgrounds": _backgrounds,
}
_KINDS: dict[str, AlternativeKind] = {
    "without": "components",
    "add": "components",
    "shapes": "line_shape",
    "doublets": "line_shape",
    "widths": "line_shape",
    "positions": "line_shape",
    "ties": "tie",
    "add_ties": "tie",
    "backgrounds": "background",
}


# what is meant -------------------------------------------------------------------------------------------------------


def _chosen(content: Content, item: Content) -> list[Content]:
    """Return the component that ``item`` names, or all components of the core level that it names."""
    if ("component" in item) == ("core_level" in item):
        raise ConfigError("give either component or core_level of what is to be replaced")
    if "component" in item:
        return [_component(content, item["component"])]
    found = [part for part in content["components"] if part["core_level"] == item["core_level"]]
    if not found:
        levels = sorted({part["core_level"] for part in content["components"]})
        raise ConfigError(f"no component belongs to {item['core_level']!r}; core levels are {', '.join(levels)}")
    return found


def _component(content: Content, name: str) -> Content:
    parts = {part["name"]: part for part in content["components"]}
    if name not in parts:
        raise ConfigError(f"there is no component {name!r}{near(name, parts)}; components are {', '.join(parts)}")
    return parts[name]  # type: ignore[no-any-return]


def _tie(content: Content, item: Content) -> Content:
    for tie in content.get("ties", ()):
        if (tie["component"], tie["parameter"]) == (item["component"], item["parameter"]):
            return tie  # type: ignore[no-any-return]
    known = "; ".join(_tied(tie) for tie in content.get("ties", ())) or "none"
    raise ConfigError(f"the model has no tie of {_tied(item)}; it ties {known}")


def _tied(item: Content) -> str:
    return f"{item['parameter']} of {item['component']}"


def _named_in(tie: Content) -> set[str]:
    return {tie[key] for key in ("component", "same_as", "offset_from", "ratio_to") if key in tie}


def _subject(item: Content) -> str:
    return str(item.get("component", item.get("core_level")))


# the usual set -------------------------------------------------------------------------------------------------------


def _usual(mapping: Mapping[str, Any]) -> Iterator[Content]:
    """Yield the alternatives that the words of ``usual_alternatives`` stand for; all count as systematic."""
    wanted = mapping.get("usual_alternatives", ())
    if "backgrounds" in wanted:
        yield from (_other_background(window) for window in mapping["windows"])
    if "soft_ties" in wanted:
        for tie in mapping.get("ties", ()):
            if "stderr" in tie or "stderr_ev" in tie:
                yield from (_moved_tie(tie, stderrs) for stderrs in (1, -1))
    if "doublet_ratios" in wanted:
        doublets = [part for part in mapping["components"] if "doublet" in part]
        ratios = {part["core_level"]: part["doublet"]["area_ratio"] for part in doublets}
        for level, ratio in ratios.items():
            yield from (_other_ratio(level, ratio, sign) for sign in (1, -1))


def _other_background(window: Content) -> Content:
    other = _OTHER_BACKGROUND.get(window["background"]["type"], "linear")
    name = f"{window['core_level']} on {other}"
    return {"name": name, "systematic": True, "backgrounds": [{"core_level": window["core_level"], "type": other}]}


def _moved_tie(tie: Content, stderrs: int) -> Content:
    change = {"component": tie["component"], "parameter": tie["parameter"], "moved_by_stderrs": stderrs}
    return {"name": f"{_tied(tie)} tied {stderrs:+d} stderr", "systematic": True, "ties": [change]}


def _other_ratio(level: str, ratio: float, sign: int) -> Content:
    changed = float(f"{ratio * (1 + sign * _USUAL_RATIO_CHANGE):.12g}")
    name = f"area ratio of {level} {100 * sign * _USUAL_RATIO_CHANGE:+.0f} %"
    return {"name": name, "systematic": True, "doublets": [{"core_level": level, "area_ratio": changed}]}
