"""What every page shares: a sheet measured in centimetres, the key below the panels, and the footer."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache
from typing import Any

from matplotlib import rc_context
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.ft2font import LoadFlags
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from xps.figures import style

KEY_LINE_CM = 0.36
FOOTER_CM = 0.5
_SWATCH_CM = 0.5
_SWATCH_GAP_CM = 0.12
_ENTRY_GAP_CM = 0.4
_MARGIN_CM = 0.3
_BALANCE_STEP_CM = 0.25
_PT_CM = 2.54 / 72
# Where letters stand in a line, as a share of its height from above.
_BASELINE = 0.78
# Widths are measured in so many parts of a point, or rounding would add up along a line.
_FINER = 16
FOOTERS: Mapping[str, str] = {
    "simulated": "SIMULATED DATA",
    "mixed": "PARTLY SIMULATED DATA",
}

Swatch = Callable[[float, float, float, float], Sequence[Artist]]


def project_style() -> AbstractContextManager[None]:
    """Return the context in which every figure is drawn and saved."""
    settings: Any = dict(style.RC)
    return rc_context(settings)


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """One entry of the key: ``swatch(x, y, width, height)`` in figure fractions gives its artists."""

    label: str
    swatch: Swatch


class Sheet:
    """A page of ``width_cm`` × ``height_cm``; places are given in cm from the lower left corner."""

    def __init__(self, width_cm: float, height_cm: float) -> None:
        self.width_cm, self.height_cm = width_cm, height_cm
        self.figure = Figure(figsize=(width_cm * style.CM, height_cm * style.CM))

    def axes(self, left: float, bottom: float, width: float, height: float, sharex: Axes | None = None) -> Axes:
        """Return new axes whose frame is the given box in cm."""
        box = (left / self.width_cm, bottom / self.height_cm, width / self.width_cm, height / self.height_cm)
        return self.figure.add_axes(box, sharex=sharex)

    def text(self, x: float, y: float, text: str, **how: Any) -> None:
        """Write ``text`` at (x, y) cm; small type unless ``how`` says otherwise."""
        settings: dict[str, Any] = {"fontsize": style.SMALL_PT, "ha": "center", "va": "center", **how}
        self.figure.text(x / self.width_cm, y / self.height_cm, text, **settings)

    def lines(self, x: float, top: float, text: str, step_cm: float, **how: Any) -> None:
        """Write the lines of ``text`` from ``top`` downwards, each ``step_cm`` below the last whatever its letters."""
        for index, line in enumerate(text.split("\n") if text else []):
            self.text(x, top - (index + _BASELINE) * step_cm, line, **{"ha": "left", "va": "baseline", **how})

    def key(self, lines: Sequence[Sequence[KeyEntry]]) -> None:
        """Write the key above the footer, one line under the other, each centred."""
        for index, line in enumerate(lines):
            y = FOOTER_CM + (len(lines) - index - 0.5) * KEY_LINE_CM
            x = (self.width_cm - _line_cm(line)) / 2
            for entry in line:
                half = 0.11
                box = (x / self.width_cm, (y - half) / self.height_cm)
                size = (_SWATCH_CM / self.width_cm, 2 * half / self.height_cm)
                for artist in entry.swatch(*box, *size):
                    artist.set_transform(self.figure.transFigure)
                    self.figure.add_artist(artist)
                self.text(x + _SWATCH_CM + _SWATCH_GAP_CM, y, entry.label, ha="left")
                x += _entry_cm(entry)

    def footer(self, data_origin: str, page: int, pages: int) -> None:
        """Say at the foot of the page that data are simulated, and which page it is when there are several."""
        if data_origin in FOOTERS:
            words = FOOTERS[data_origin]
            self.text(
                self.width_cm / 2, 0.22, words, color=style.FAILURE_RED, fontweight="bold", fontsize=style.TEXT_PT
            )
        if pages > 1:
            self.text(self.width_cm - 0.2, 0.22, f"page {page} of {pages}", ha="right")


def key_lines(entries: Sequence[KeyEntry], width_cm: float) -> list[list[KeyEntry]]:
    """Return ``entries`` in as few lines as the page's width allows, all about equally long."""
    room_cm = width_cm - 2 * _MARGIN_CM
    fewest = len(list(_wrapped(entries, room_cm)))
    while len(narrower := list(_wrapped(entries, room_cm - _BALANCE_STEP_CM))) == fewest and room_cm > _BALANCE_STEP_CM:
        room_cm -= _BALANCE_STEP_CM
    return narrower if len(narrower) == fewest else list(_wrapped(entries, room_cm))


def key_height_cm(lines: Sequence[Sequence[KeyEntry]]) -> float:
    """Return the height of the key and the footer below it."""
    return FOOTER_CM + len(lines) * KEY_LINE_CM


def _wrapped(entries: Sequence[KeyEntry], room_cm: float) -> Iterator[list[KeyEntry]]:
    line: list[KeyEntry] = []
    for entry in entries:
        if line and _line_cm([*line, entry]) > room_cm:
            yield line
            line = []
        line.append(entry)
    if line:
        yield line


def _line_cm(line: Sequence[KeyEntry]) -> float:
    return sum(_entry_cm(entry) for entry in line) - _ENTRY_GAP_CM


def _entry_cm(entry: KeyEntry) -> float:
    return _SWATCH_CM + _SWATCH_GAP_CM + text_cm(entry.label, style.SMALL_PT) + _ENTRY_GAP_CM


@cache
def text_cm(text: str, size_pt: float, weight: str = "normal") -> float:
    """Return the width of ``text`` on paper, as the font sets it."""
    font = get_font(findfont(FontProperties(family="DejaVu Sans", weight=weight)))
    font.set_size(size_pt, 72 * _FINER)
    font.set_text(text, 0.0, flags=LoadFlags.NO_HINTING)
    wide, _ = font.get_width_height()
    return wide / 64 / _FINER * _PT_CM


def wrapped(text: str, width_cm: float, size_pt: float = style.SMALL_PT) -> str:
    """Return ``text`` in lines no wider than ``width_cm`` on paper; a word, or a value with its error, stays whole."""
    lines: list[str] = []
    for word in filter(None, re.split(r"(?<!±)\s+(?!±)", text)):
        if lines and text_cm(f"{lines[-1]} {word}", size_pt) <= width_cm:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return "\n".join(lines)


def line_swatch(**how: Any) -> Swatch:
    """Return a swatch that is a horizontal line in the middle."""

    def swatch(x: float, y: float, width: float, height: float) -> list[Artist]:
        return [Line2D([x, x + width], [y + height / 2] * 2, **how)]

    return swatch


def points_swatch(single: bool = False, raised: float = 0.0, **how: Any) -> Swatch:
    """Return a swatch of three measured points, or of one marker; ``raised`` lifts it by a share of the height."""
    places = (0.5,) if single else (0.15, 0.5, 0.85)

    def swatch(x: float, y: float, width: float, height: float) -> list[Artist]:
        middle = [y + (0.5 + raised) * height] * len(places)
        return [Line2D([x + place * width for place in places], middle, linestyle="none", **how)]

    return swatch


def box_swatch(**how: Any) -> Swatch:
    """Return a filled box."""

    def swatch(x: float, y: float, width: float, height: float) -> list[Artist]:
        return [Rectangle((x, y), width, height, **how)]

    return swatch
