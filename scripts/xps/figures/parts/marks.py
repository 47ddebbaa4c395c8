"""Marks that mean the same in every figure: an upper limit, a failed fit, a missing window, a rejected fit."""

from typing import Any

from matplotlib.path import Path
from matplotlib.transforms import Affine2D

from xps.figures import page, style
from xps.figures.page import KeyEntry

# A bar with an arrow below it, in units of its own size; the bar stands at the limit.
_LIMIT_MARKER = Path(
    [(-0.35, 0), (0.35, 0), (0, 0), (0, -1), (-0.22, -0.7), (0, -1), (0.22, -0.7)],
    [Path.MOVETO, Path.LINETO, Path.MOVETO, Path.LINETO, Path.MOVETO, Path.LINETO, Path.LINETO],
)
LIMIT: dict[str, Any] = {"marker": _LIMIT_MARKER, "markersize": 14, "markeredgewidth": 0.7, "markerfacecolor": "none"}
LOWER_LIMIT: dict[str, Any] = {**LIMIT, "marker": _LIMIT_MARKER.transformed(Affine2D().scale(1.0, -1.0))}
LIMIT_STEP_PT = 2.6
FAILED: dict[str, Any] = {"marker": "x", "markersize": 3.4, "markeredgewidth": 0.8, "color": style.FAILURE_RED}
ABSENT: dict[str, Any] = {"marker": "_", "markersize": 4.5, "markeredgewidth": 0.9, "color": "#6E6E6E"}
REJECTED: dict[str, Any] = {
    "marker": "o",
    "markersize": 6.4,
    "markerfacecolor": "none",
    "markeredgecolor": style.FAILURE_RED,
    "markeredgewidth": 0.5,
}
EDGE: dict[str, Any] = {"markeredgewidth": 0.25, "markeredgecolor": "#333333"}


def limit_entry(words: str = "95 % upper limit") -> KeyEntry:
    """Return the key's entry of an upper limit."""
    how = {**LIMIT, "markersize": 11}
    return KeyEntry(words, page.points_swatch(single=True, raised=0.5, markeredgecolor="black", **how))


def lower_limit_entry() -> KeyEntry:
    """Return the key's entry of a lower limit."""
    how = {**LOWER_LIMIT, "markersize": 11}
    return KeyEntry("95 % lower limit", page.points_swatch(single=True, raised=-0.5, markeredgecolor="black", **how))


def failed_entry(words: str = "fit failed") -> KeyEntry:
    """Return the key's entry of a failed fit."""
    return KeyEntry(words, page.points_swatch(single=True, **FAILED))


def absent_entry() -> KeyEntry:
    """Return the key's entry of a window that was not measured."""
    return KeyEntry("not measured", page.points_swatch(single=True, **ABSENT))


def rejected_entry() -> KeyEntry:
    """Return the key's entry of a fit that converged and does not describe the counts."""
    ring = page.points_swatch(single=True, **{**REJECTED, "markersize": 5.2})
    return KeyEntry("fit that the counts reject", ring)
