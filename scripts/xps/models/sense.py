"""Does a model make sense? Checks that a schema cannot express; each fault is a sentence with its place."""

import math
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import TypeVar

from xps import backgrounds, lineshapes
from xps.models import sharing
from xps.models.records import Component, FitModel, Span, Window

_Item = TypeVar("_Item", bound=Hashable)

_KINDS_OF_PARAMETER = {
    "position_ev": ("same_as", "offset_from"),
    "fwhm_ev": ("same_as", "offset_from", "ratio_to"),
    "area": ("same_as", "ratio_to"),
}

# Range of each number of a shape, in words. ASSUME an asymmetry below 0.5: metals have 0.02 to 0.3.
_SHAPE_LIMITS = {
    "lorentzian_fwhm_ev": (0.0, math.inf, "at or above 0"),
    "gaussian_fwhm_ev": (0.0, math.inf, "at or above 0"),
    "fraction": (0.0, 1.0, "between 0 and 1"),
    "asymmetry": (0.0, 0.5, "between 0 and 0.5"),
    "alpha": (0.51, 100.0, "between 0.51 and 100 (at 0.5 the area is infinite)"),
    "beta": (0.51, 100.0, "between 0.51 and 100 (at 0.5 the area is infinite)"),
}


def faults(model: FitModel) -> list[str]:
    """Return every fault of ``model``, in the order windows, components, ties, places."""
    found = [*window_faults(model.windows), *_name_faults(model), *_component_faults(model), *_tie_faults(model)]
    # Places follow ties, so they are only looked at where the ties hold together.
    return found or [
        *_place_faults(model),
        *_empty_faults(model),
        *_twin_faults(model),
        *sharing.faults(model),
    ]


def with_windows(model: FitModel) -> FitModel:
    """Return the (faultless) model with each component's window."""
    indices = [_window_index(model, part) for part in model.components]
    assert all(index is not None for index in indices)
    return replace(model, window_of_component=tuple(index for index in indices if index is not None))


def window_faults(windows: Sequence[Window]) -> list[str]:
    """Return every fault of the windows alone."""
    found = []
    for window in windows:
        if window.background.type not in backgrounds.KINDS:
            allowed = ", ".join(backgrounds.KINDS)
            found.append(
                f"window {window.core_level}: no background is called {window.background.type!r}; allowed: {allowed}"
            )
        if not window.low_ev < window.high_ev:
            found.append(
                f"window {window.core_level}: low_ev {window.low_ev:g} is not below high_ev {window.high_ev:g}"
            )
    found += [f"window {name}: given more than once" for name in _repeated([window.core_level for window in windows])]
    ordered = sorted(windows, key=lambda window: window.low_ev)
    for lower, upper in pairwise(ordered):
        if upper.low_ev < lower.high_ev:
            found.append(f"windows {lower.core_level} and {upper.core_level} overlap; a channel would be fitted twice")
    return found


def _name_faults(model: FitModel) -> Iterator[str]:
    for name in _repeated([part.name for part in model.components]):
        yield f"component {name!r}: the name is given more than once"


def _component_faults(model: FitModel) -> Iterator[str]:
    for part in model.components:
        place = f"component {part.name!r}"
        if part.shape.type not in lineshapes.SHAPES:
            yield f"{place}: no shape is called {part.shape.type!r}; allowed: {', '.join(lineshapes.SHAPES)}"
        for key, span in (("position_ev", part.position_ev), ("fwhm_ev", part.fwhm_ev), *_shape_spans(part)):
            if span is not None and not span.low <= span.start <= span.high:
                yield f"{place}: {key} starts at {span.start:g}, outside its bounds {span.low:g} to {span.high:g}"
        yield from _shape_faults(place, part)
        if part.fwhm_ev is not None:
            yield from _width_faults(place, part, part.fwhm_ev)


def _width_faults(place: str, part: Component, width: Span) -> Iterator[str]:
    if width.low <= 0:
        yield f"{place}: fwhm_ev must stay above 0, found {width.low:g}"
    lorentzian = _lorentzian_high(part)
    if not lorentzian < width.low:
        yield (
            f"{place}: the total fwhm_ev may fall to {width.low:g}, but its Lorentzian part alone is "
            f"{lorentzian:g} eV; keep the lower bound above it"
        )


def _shape_spans(part: Component) -> list[tuple[str, Span]]:
    return list(part.shape.named.items()) if part.shape.type in lineshapes.SHAPES else []


def _lorentzian_high(part: Component) -> float:
    """Return how wide the Lorentzian inside the total width may become (eV)."""
    span = dict(_shape_spans(part)).get("lorentzian_fwhm_ev")
    return -1.0 if span is None else span.high


def _shape_faults(place: str, part: Component) -> Iterator[str]:
    for name, span in _shape_spans(part):
        least, most, words = _SHAPE_LIMITS[name]
        for value in dict.fromkeys((span.low, span.high)):
            if not least <= value <= most:
                yield f"{place}: {name} {value:g} is not {words}"


def _tie_faults(model: FitModel) -> Iterator[str]:
    names = {part.name for part in model.components}
    for tie in model.ties:
        place = f"tie of {tie.parameter} of {tie.component!r}"
        for name in (tie.component, tie.other):
            if name not in names:
                yield f"{place}: there is no component {name!r}; components are {', '.join(sorted(names))}"
        if tie.kind not in _KINDS_OF_PARAMETER[tie.parameter]:
            yield f"{place}: {tie.kind} is not for {tie.parameter}; use {', '.join(_KINDS_OF_PARAMETER[tie.parameter])}"
        if tie.kind == "ratio_to" and tie.value <= 0:
            yield f"{place}: a ratio must be above 0, found {tie.value:g}"
        if tie.stderr is not None and tie.stderr <= 0:
            yield f"{place}: a standard error must be above 0, found {tie.stderr:g}"
        if tie.soft and tie.parameter == "fwhm_ev" and tie.kind == "ratio_to":
            yield f"{place}: a soft tie of fwhm_ev is an offset_from, in eV"
    for component, parameter in _repeated([(tie.component, tie.parameter) for tie in model.ties]):
        yield f"tie of {parameter} of {component!r}: tied more than once"
    yield from _loop_faults(model)
    yield from _source_of_value_faults(model)


def _loop_faults(model: FitModel) -> Iterator[str]:
    looped: set[frozenset[str]] = set()
    for tie in model.ties:
        chain, current = [tie.component], tie.other
        while current not in chain:
            chain.append(current)
            following = model.tie(current, tie.parameter)
            if following is None:
                break
            current = following.other
        else:
            loop = chain[chain.index(current) :]
            if frozenset(loop) not in looped:
                looped.add(frozenset(loop))
                yield f"ties of {tie.parameter} run in a loop: {' -> '.join([*loop, loop[0]])}"


def _source_of_value_faults(model: FitModel) -> Iterator[str]:
    for part in model.components:
        for key, span in (("position_ev", part.position_ev), ("fwhm_ev", part.fwhm_ev)):
            tie = model.tie(part.name, key)  # type: ignore[arg-type]
            exact = tie is not None and not tie.soft
            if span is None and not exact:
                yield f"component {part.name!r}: {key} is missing; give it, or an exact tie"
            if span is not None and exact:
                yield f"component {part.name!r}: {key} is given and also tied exactly; leave one out"
            if span is not None and span.fixed and tie is not None and tie.soft:
                yield f"component {part.name!r}: {key} is fixed, its soft tie could do nothing; leave one out"


def _window_index(model: FitModel, part: Component) -> int | None:
    """Return the window that holds the whole range of the position; the one of the component's own level if it can."""
    span = model.span_of(part.name, "position_ev")
    own = [i for i, window in enumerate(model.windows) if window.core_level == part.core_level]
    for index in own or range(len(model.windows)):
        if model.windows[index].low_ev <= span.low and span.high <= model.windows[index].high_ev:
            return index
    return None


def _place_faults(model: FitModel) -> Iterator[str]:
    windows = ", ".join(f"{w.core_level} {w.low_ev:g} to {w.high_ev:g}" for w in model.windows)
    for part in model.components:
        span, width = model.span_of(part.name, "position_ev"), model.span_of(part.name, "fwhm_ev")
        index = _window_index(model, part)
        if index is None:
            yield (
                f"component {part.name!r}: component outside its window: its position may lie between {span.low:g} "
                f"and {span.high:g} eV; windows are {windows}"
            )
        elif part.doublet is not None and span.start + part.doublet.splitting_ev > model.windows[index].high_ev:
            yield (
                f"component {part.name!r}: the minor line of the doublet, at {span.start + part.doublet.splitting_ev:g}"
                f" eV, lies outside the window {windows}"
            )
        if part.fwhm_ev is None:
            yield from _width_faults(f"component {part.name!r} (width tied)", part, width)
        if part.doublet is not None:
            lowest = width.low * part.doublet.fwhm_ratio
            if _lorentzian_high(part) >= lowest:
                yield f"component {part.name!r}: the minor line's width may fall to {lowest:g} eV, below its Lorentzian"


def _empty_faults(model: FitModel) -> Iterator[str]:
    held = {_window_index(model, part) for part in model.components}
    for index, window in enumerate(model.windows):
        if index not in held:
            yield f"window {window.core_level}: no component lies in it; leave the window out or add one"


def _twin_faults(model: FitModel) -> Iterator[str]:
    def key(part: Component) -> tuple[object, ...]:
        tie = model.tie(part.name, "position_ev")
        span = model.span_of(part.name, "position_ev")
        return (span, part.shape, model.span_of(part.name, "fwhm_ev"), part.doublet, tie and replace(tie, component=""))

    seen: dict[tuple[object, ...], str] = {}
    for part in model.components:
        first = seen.setdefault(key(part), part.name)
        if first != part.name and model.tie(part.name, "area") is None:
            yield f"components {first!r} and {part.name!r} are identical; no data can tell them apart"


def _repeated(items: list[_Item]) -> list[_Item]:
    return [item for item, count in Counter(items).items() if count > 1]
