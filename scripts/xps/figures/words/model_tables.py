"""A fit model as journals ask for it: windows with their backgrounds, and every constraint of every component.

ISO 19830 wants range and end points of each background, all parameters and all links between them. The numbers are
those of the model's file; what a fit made of them stands in the tables ``parameters`` and ``components``.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from xps.figures.lettering import minus
from xps.figures.words import facts

_HEADINGS = ("component", "line", "shape", "position (eV)", "FWHM (eV)", "doublet", "area")


def written(name: str, model: Mapping[str, Any]) -> str:
    """Return the model ``name`` as Markdown: its heading, a sentence on its windows, the table of its components."""
    ties = {(tie["component"], tie["parameter"]): tie for tie in model.get("ties", [])}
    rows = [_row(part, ties) for part in model["components"]]
    return f"### {name}\n\n{_windows(model['windows'])}\n\n{table(_HEADINGS, rows)}"


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _windows(windows: Sequence[Mapping[str, Any]]) -> str:
    told = [
        f"{window['core_level']} from {window['low_ev']:g} to {window['high_ev']:g} eV, "
        f"{facts.background_name(window['background']['type'])}, end points averaged over "
        f"{window['background'].get('endpoint_average_channels', 1)} channels"
        for window in windows
    ]
    together = " Windows of one model are fitted together." if len(told) > 1 else ""
    return f"Windows and backgrounds (fitted with the peaks): {'; '.join(told)}.{together}"


def _row(part: Mapping[str, Any], ties: Mapping[tuple[str, str], Mapping[str, Any]]) -> list[str]:
    name = part["name"]
    numbers = [
        _tied(ties[name, key]) if (name, key) in ties else _span(part.get(key)) for key in ("position_ev", "fwhm_ev")
    ]
    area = _tied(ties[name, "area"]) if (name, "area") in ties else "free, at least 0"
    return [name, part["line"], _shape(part["shape"]), *numbers, _doublet(part.get("doublet")), area]


def _span(value: Any) -> str:
    """Write the range that a number may take, or a number that is given."""
    if value is None:
        return "–"
    if isinstance(value, Mapping):
        return minus(f"{value['low']:g} to {value['high']:g}")
    return minus(f"{value:g}, given")


def _tied(tie: Mapping[str, Any]) -> str:
    """Write a tie: to what, by how much, and whether it holds exactly or as a value with its error."""
    if "same_as" in tie:
        return f"as {tie['same_as']}"
    if "offset_from" in tie:
        sign = "+" if tie["value_ev"] >= 0 else "−"
        words = f"{tie['offset_from']} {sign} {_with(abs(tie['value_ev']), _error(tie))}"
    else:
        words = f"{_with(tie['value'], _error(tie))} × {tie['ratio_to']}"
    return f"{words}, exact" if _error(tie) is None else words


def _error(tie: Mapping[str, Any]) -> float | None:
    """Return the standard error of a soft tie, None for one that holds exactly."""
    found = tie.get("stderr_ev", tie.get("stderr"))
    return None if found is None else float(found)


def _with(number: float, error: float | None) -> str:
    return f"{number:g}" if error is None else f"({number:g} ± {error:g})"


def _shape(shape: Mapping[str, Any]) -> str:
    name = facts.SHAPES.get(shape["type"], shape["type"])
    given = [
        f"{facts.plain(key)} {_span(value).removesuffix(', given')}{' eV' if key.endswith('_ev') else ''}"
        for key, value in shape.items()
        if key != "type"
    ]
    return f"{name} ({', '.join(given)})" if given else name


def _doublet(doublet: Mapping[str, Any] | None) -> str:
    return "–" if doublet is None else f"{doublet['splitting_ev']:g} eV, {doublet['area_ratio']:g}"
