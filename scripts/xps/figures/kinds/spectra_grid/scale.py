"""How far each panel of a grid is stretched, and how that is written."""

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.figures.lettering import cps
from xps.figures.reading.grid import Grid, Panel, PanelKey

# A panel is never stretched so far that one standard deviation of its counting noise takes more than a fifteenth of its
# height: a window in which nothing is left would otherwise fill the page with noise that looks like peaks.
NOISE_SHARE = 1 / 15
_LONGEST_FACTOR, _LARGEST_FACTOR = 1e4 - 0.5, 1e6
_HELD_MARK = "*"


class Stretch(NamedTuple):
    """The intensities (counts/s) that a panel's frame spans, its factor against the column's, and whether held back."""

    low_cps: float
    high_cps: float
    factor: float
    held: bool

    def text(self, factored: bool) -> str:
        """The factor in few letters, unless all are 1, with a mark where the noise holds it back."""
        return (factor_text(self.factor) if factored else "") + (_HELD_MARK if self.held else "")


def stretches(grid: Grid, by_panel: bool) -> Mapping[PanelKey, Stretch]:
    """Return the stretch of every panel; without ``by_panel`` all of a column share one intensity range."""
    found: dict[PanelKey, Stretch] = {}
    for column in grid.columns:
        panels = grid.column_panels(column)
        own = {panel.key: _own_range(panel) for panel in panels}
        widest = max(high - low for low, high, _ in own.values())
        lowest, highest = min(low for low, _, _ in own.values()), max(high for _, high, _ in own.values())
        for key, (low, high, held) in own.items():
            factor = widest / (high - low) if high > low else 1.0
            found[key] = Stretch(low, high, factor, held) if by_panel else Stretch(lowest, highest, 1.0, False)
    return found


def _own_range(panel: Panel) -> tuple[float, float, bool]:
    """Return the panel's lowest and highest intensity, widened upwards where it would show noise only."""
    low, high = panel.range_cps
    least = panel.noise_cps / NOISE_SHARE
    return (low, low + least, True) if high - low < least else (low, high, False)


def scale_text(ranges: NDArray[np.float64], by_panel: bool) -> str:
    """Say what the factor 1 means in counts/s where there are several, or which intensities the frames span."""
    if not by_panel:
        return cps(float(ranges[:, 0].min()), float(ranges[:, 1].max()))
    return f"{'×1 =' if len(ranges) > 1 else 'range'} {cps(float(np.max(np.ptp(ranges, axis=1))))}"


def factor_text(factor: float) -> str:
    """Write a factor in few letters: one absurd channel must not print a number of thirty digits."""
    if factor > _LARGEST_FACTOR:
        return ">×10⁶"
    if factor >= _LONGEST_FACTOR:
        digits, exponent = f"{factor:.1e}".split("e+")
        return f"×{digits}·10{'⁰¹²³⁴⁵⁶⁷⁸⁹'[int(exponent)]}"
    return f"×{factor:.2g}" if factor < 10 else f"×{factor:.0f}"
