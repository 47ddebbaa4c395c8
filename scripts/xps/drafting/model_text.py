"""The draft of a fit model for a core level that no model holds yet: one line, where the data have their maximum."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from xps.spectra import Region

# Of a level with l = 1, 2, 3: the j of the stronger line, and the weaker one's area over its own, l/(l + 1).
_MAJOR = {"p": ("3/2", 0.5), "d": ("5/2", 0.6667), "f": ("7/2", 0.75)}
_SMOOTHED = 5
# Left out at either end of a window: what a shift of the energy scale may take out of the data.
_MARGIN_EV = 1.0
# The energy reference may find another shift than the highest channel of C 1s tells.
_POSITION_EV = 4.5


def name_of(experiment: str, level: str) -> str:
    """Return what the model of ``level`` is called, such as ``cell_7_f1s``."""
    return f"{experiment}_{level.replace(' ', '').lower()}"


def lines(
    experiment: str, level: str, same: Sequence[Region], shift_ev: float, splittings_ev: Mapping[str, float]
) -> Iterator[str]:
    """Yield the lines of the draft, from the regions that hold ``level``; ``shift_ev`` puts recorded energies right."""
    low = max(min(region.start_ev, float(region.energy_ev[-1])) for region in same) + shift_ev + _MARGIN_EV
    high = min(max(region.start_ev, float(region.energy_ev[-1])) for region in same) + shift_ev - _MARGIN_EV
    at = float(np.clip(strongest_ev(same) + shift_ev, low, high))
    major, ratio = _MAJOR.get(level[-1], ("", 0.0))
    yield f"# Drafted from the raw files of {experiment}. Lines marked `check` are guesses."
    yield "# config/schema/model.schema.yaml explains every key, the other models show more of them."
    yield f"description: One line of {level}, to begin with  # fill in: which species are there?"
    yield "windows:"
    window = f"core_level: {level}, low_ev: {low:.1f}, high_ev: {high:.1f}, background: {{type: shirley}}"
    yield f"  - {{{window}}}  # check"
    yield "components:"
    yield f"  - name: {level}  # fill in: one component for each species"
    yield f"    core_level: {level}"
    yield f"    species: {level.split()[0]}"
    yield f"    line: {level}{major}"
    yield "    shape: {type: pseudo_voigt, fraction: 0.3}  # check"
    start = f"start: {at:.1f}, low: {max(low, at - _POSITION_EV):.1f}, high: {min(high, at + _POSITION_EV):.1f}"
    yield f"    position_ev: {{{start}}}  # check: the data have their maximum there"
    yield "    fwhm_ev: {start: 1.6, low: 0.6, high: 4.0}  # check"
    if level in splittings_ev:
        yield f"    doublet: {{splitting_ev: {splittings_ev[level]:g}, area_ratio: {ratio:g}}}  # check"
    elif major:
        yield f"    # fill in: doublet: {{splitting_ev: , area_ratio: {ratio:g}}}"
    yield "    source: assumed; position from the data, nothing looked up"
    yield "usual_alternatives: [backgrounds]"


def strongest_ev(same: Sequence[Region]) -> float:
    """Return the recorded energy (eV) where any of the regions, its cycles added, stands highest above its ends."""
    heights = [(float(_net(region).max()), float(region.energy_ev[np.argmax(_net(region))])) for region in same]
    return max(heights)[1]


def _net(region: Region) -> np.ndarray:
    """Return the smoothed rates of all cycles above a line between their ends, over the noise of that line."""
    total = region.intensity_cps.astype(np.float64).sum(axis=0)
    smooth = np.convolve(np.pad(total, _SMOOTHED // 2, mode="edge"), np.ones(_SMOOTHED) / _SMOOTHED, mode="valid")
    line = np.linspace(smooth[0], smooth[-1], smooth.size)
    return (smooth - line) / np.sqrt(np.maximum(line, 1.0))
