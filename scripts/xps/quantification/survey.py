"""Areas of a survey: counts of a declared window over a background drawn between its ends, element by element.

A survey at 224 eV pass energy resolves no chemistry and separates no overlapping levels; it says which elements are
there, over a wider range and faster than the narrow regions. Its errors are dominated by the background: each declared
window carries a relative systematic error.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps import backgrounds
from xps.errors import FitError
from xps.quantiles import ONE_SIDED_95

Array = NDArray[np.float64]

# ASSUME three channels of 0.8 eV at either end: narrow against the declared windows, wide against the noise.
_END_CHANNELS = 3


class SurveyArea(NamedTuple):
    """A window's area over its background, its standard error and its error if there were no line (cps·eV)."""

    area: float
    stderr: float
    null_stderr: float

    @property
    def detected(self) -> bool:
        """The area exceeds its critical level (one-sided 95 %)."""
        return self.area > ONE_SIDED_95 * self.null_stderr


def window_area(
    binding_energy_ev: Array, counts: Array, time_per_channel_s: float, line: Mapping[str, Any]
) -> SurveyArea | str:
    """Return the area of a declared ``line`` in a survey on the calibrated axis, or why there is none.

    Variances are those of Poisson counts, of the channels and of the two end averages that carry the background.
    """
    inside = (binding_energy_ev >= line["low_ev"]) & (binding_energy_ev <= line["high_ev"])
    channels = int(np.count_nonzero(inside))
    if channels < 2 * _END_CHANNELS + 1:
        return f"the survey does not cover {line['low_ev']:g} to {line['high_ev']:g} eV"
    energy, seen = binding_energy_ev[inside], counts[inside]
    kind = line["background"]
    try:
        below = backgrounds.static(kind, energy, seen, _END_CHANNELS)
    except FitError:
        # A Shirley background asks for a rising step; without a line there is none.
        below = backgrounds.static("linear", energy, seen, _END_CHANNELS)
    scale = abs(float(energy[-1] - energy[0])) / (channels - 1) / time_per_channel_s
    # The area is linear in the counts: 1 for each channel, less what the channel's share in an end average puts under
    # all of them. A Shirley background is taken to be as sure as a line.
    weights = np.ones(channels)
    weights[:_END_CHANNELS] -= 0.5 * channels / _END_CHANNELS
    weights[-_END_CHANNELS:] -= 0.5 * channels / _END_CHANNELS
    return SurveyArea(
        area=float((seen - below).sum()) * scale,
        stderr=float(np.sqrt(weights**2 @ seen)) * scale,
        null_stderr=float(np.sqrt(weights**2 @ np.maximum(below, 0.0) + 1.0)) * scale,
    )
