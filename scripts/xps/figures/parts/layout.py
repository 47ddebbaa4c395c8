"""Panels side by side and below each other, sized in centimetres, with room for labels, key and footer."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from matplotlib.axes import Axes

from xps.figures import style
from xps.figures.page import KeyEntry, Sheet, key_height_cm, key_lines

T = TypeVar("T")
LABEL_CM = 0.62
_RIGHT_CM, _TITLE_CM, _AXIS_CM = 0.35, 0.6, 0.95


@dataclass(frozen=True, slots=True)
class Layout:
    """``count`` panels, ``across`` in a row; ``top_cm`` is what an axis on top needs, ``left_cm`` the value labels."""

    width_cm: float
    count: int
    across: int
    key: list[list[KeyEntry]]
    panel_height_cm: float = 3.6
    left_cm: float = 1.25
    gap_cm: float = 1.05
    top_cm: float = 0.0
    right_cm: float = _RIGHT_CM

    @property
    def down(self) -> int:
        """Rows of panels."""
        return math.ceil(self.count / self.across)

    @property
    def panel_cm(self) -> float:
        """Width of a panel."""
        return (self.width_cm - self.left_cm - self.right_cm + self.gap_cm) / self.across - self.gap_cm

    @property
    def _row_cm(self) -> float:
        return _TITLE_CM + self.top_cm + self.panel_height_cm + _AXIS_CM

    @property
    def bottom_cm(self) -> float:
        """Height of key and footer."""
        return key_height_cm(self.key)

    def sheet(self) -> Sheet:
        """Return an empty page with the key on it."""
        sheet = Sheet(self.width_cm, self.bottom_cm + self.down * self._row_cm)
        sheet.key(self.key)
        return sheet

    def corner(self, index: int) -> tuple[float, float]:
        """Return the lower left corner (cm) of a panel."""
        row, column = divmod(index, self.across)
        low = self.bottom_cm + (self.down - 1 - row) * self._row_cm + _AXIS_CM
        return self.left_cm + column * (self.panel_cm + self.gap_cm), low

    def axes(self, sheet: Sheet, index: int, title: str, label: str) -> Axes:
        """Return the axes of a panel, titled ``title`` and known by ``label``."""
        left, low = self.corner(index)
        axes = sheet.axes(left, low, self.panel_cm, self.panel_height_cm)
        axes.set_label(label)
        above = low + self.panel_height_cm + self.top_cm + 0.25
        sheet.text(left + self.panel_cm / 2, above, title, fontsize=style.TITLE_PT, fontweight="bold")
        return axes

    def split(self, sheet: Sheet, index: int, axes: Axes, strip_cm: float, gap_cm: float) -> Axes:
        """Shorten the ``axes`` of a panel from below and return new ones in the room that this leaves."""
        left, low = self.corner(index)
        strip = sheet.axes(left, low, self.panel_cm, strip_cm, sharex=axes)
        strip.set_label(f"{axes.get_label()}|limits")
        bottom = low + strip_cm + gap_cm
        height = low + self.panel_height_cm - bottom
        axes.set_position((left / sheet.width_cm, bottom / sheet.height_cm, self.panel_cm / sheet.width_cm,
                           height / sheet.height_cm))  # fmt: skip
        axes.tick_params(labelbottom=False)
        return strip

    def label_below(self, sheet: Sheet, index: int, text: str) -> None:
        """Write what the horizontal axis of a panel is, where no other panel stands below it."""
        if index + self.across >= self.count:
            left, low = self.corner(index)
            sheet.text(left + self.panel_cm / 2, low - LABEL_CM, text, fontsize=style.TEXT_PT)

    def label_above(self, sheet: Sheet, index: int, text: str) -> None:
        """Write what the axis on top of a panel is."""
        left, low = self.corner(index)
        sheet.text(left + self.panel_cm / 2, low + self.panel_height_cm + self.top_cm - 0.12, text)

    def label_left(self, sheet: Sheet, text: str) -> None:
        """Write what the vertical axes of all panels are."""
        middle = self.bottom_cm + self.down * self._row_cm / 2
        sheet.text(0.25, middle, text, rotation=90, fontsize=style.TEXT_PT)


def of(width: str, count: int, entries: list[KeyEntry], across: int | None = None, **sizes: float) -> Layout:
    """Return the layout of ``count`` panels on a page of the journal's ``width``."""
    width_cm = style.WIDTH_CM[width]
    most = {"single": 2, "double": 3}[width] if across is None else across
    beside = 2 if count == 4 and across is None else min(most, count)
    return Layout(width_cm, count, max(1, beside), key_lines(entries, width_cm), **sizes)


def places(groups: Sequence[str], across: int) -> list[int]:
    """Return the place of each panel, in their order; where one row does not hold all, each group has rows of its own.

    Panels of one group follow each other in ``groups``.
    """
    if len(groups) <= across:
        return list(range(len(groups)))
    found: list[int] = []
    for index, group in enumerate(groups):
        following = found[-1] + 1 if found else 0
        starts = index > 0 and group != groups[index - 1]
        found.append(math.ceil(following / across) * across if starts else following)
    return found


def packed(parts: Sequence[T], height_cm: Callable[[T], float], room_cm: float, least: int = 1) -> list[list[T]]:
    """Return ``parts`` in their order on ``least`` columns or more, none higher than ``room_cm``, all about as full.

    A part that is higher than the room stands alone.
    """
    whole = sum(map(height_cm, parts))
    fewest = max(least, math.ceil(whole / room_cm))
    found: list[list[T]] = [[]]
    used = 0.0
    for part in parts:
        height = height_cm(part)
        enough = used + height / 2 > whole / fewest and len(found) < fewest
        if found[-1] and (used + height > room_cm or enough):
            found.append([])
            used = 0.0
        found[-1].append(part)
        used += height
    return found
