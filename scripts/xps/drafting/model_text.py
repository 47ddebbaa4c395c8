"""The draft of a fit model for a core level: one line, where the data have their maximum."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np

from xps.spectra import Region

# Of a level with l = 1, 2, 3: the j of the stronger line, and the weaker one's area over its own, l/(l + 1).
_MAJOR = {"p": ("3/2", 0.5), "d": ("5/2", 0.6667), "f": ("7/2", 0.75)}
_SMOOTHED = 5
# Left out at either end of a window: what a shift of the energy scale may take out of the data.
_MARGIN_EV = 1.0
# The energy reference may find another shift than the highest channel of C 1s tells.
_POSITION_EV = 4.5


# Of C 1s, a line of at least this share of the highest can be the hydrocarbon; within this distance is its maximum.
_SHARE, _FLANK_EV = 0.5, 1.2
# ASSUME a maximum of fewer standard errors is none.
_STANDS_OUT = 5.0


class Tabulated(Protocol):
    """Nominal energies of core levels, and distances within doublets (both in eV)."""

    @property
    def lines_ev(self) -> Mapping[str, float]:
        """Energy by level."""

    @property
    def splittings_ev(self) -> Mapping[str, float]:
        """Distance by level."""


def name_of(experiment: str, level: str) -> str:
    """Return what the draft for ``level`` is called, such as ``cell_7_f1s_draft``: no name of a finished model."""
    return f"{experiment}_{level.replace(' ', '').lower()}_draft"


def lines(experiment: str, level: str, same: Sequence[Region], shift_ev: float, known: Tabulated) -> Iterator[str]:
    """Yield the lines of the draft, from the regions that hold ``level``; ``shift_ev`` puts recorded energies right.

    Where nothing stands out of the data, the line begins at its nominal energy.
    """
    low = max(min(region.start_ev, float(region.energy_ev[-1])) for region in same) + shift_ev
    high = min(max(region.start_ev, float(region.energy_ev[-1])) for region in same) + shift_ev
    margin = min(_MARGIN_EV, (high - low) / 4.0)
    low, high = low + margin, high - margin
    found_ev, why = strongest_ev(same), "the data have their maximum there"
    if found_ev is None:
        nominal = known.lines_ev.get(level)
        why = "nothing stands out of the data; " + (
            "the middle of the window" if nominal is None else "its nominal energy"
        )
        found_ev = (low + high) / 2.0 - shift_ev if nominal is None else nominal - shift_ev
    at = float(np.clip(found_ev + shift_ev, low, high))
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
    yield f"    position_ev: {{{start}}}  # check: {why}"
    yield "    fwhm_ev: {start: 1.6, low: 0.6, high: 4.0}  # check"
    splitting_ev = known.splittings_ev.get(level)
    doublet = f"doublet: {{splitting_ev: {'' if splitting_ev is None else f'{splitting_ev:g}'}, area_ratio: {ratio:g}}}"
    if splitting_ev is not None and round(at, 1) + splitting_ev > round(high, 1):
        yield f"    # check: its minor line would lie outside the window, else {doublet}"
    elif splitting_ev is not None:
        yield f"    {doublet}  # check"
    elif major:
        yield f"    # fill in: {doublet}"
    yield f"    source: assumed; {why}"
    yield "usual_alternatives: [backgrounds]"


def strongest_ev(same: Sequence[Region]) -> float | None:
    """Return the recorded energy (eV) where any of the regions, its cycles added, stands highest above its ends.

    None where none stands out of the noise.
    """
    height, region = max(((float(_net(region).max()), region) for region in same), key=lambda pair: pair[0])
    return float(region.energy_ev[np.argmax(_net(region))]) if height > _STANDS_OUT else None


def lowest_ev(same: Sequence[Region]) -> float:
    """Return the recorded energy (eV) of the line of lowest energy among the high ones of C 1s: hydrocarbon.

    The highest may be another: carbonate, or a line of strontium or potassium.
    """
    region = max(same, key=lambda region: float(_net(region).max()))
    net, energy = _net(region), region.energy_ev
    flank = float(energy[net >= _SHARE * net.max()].min())
    near = np.flatnonzero((energy >= flank) & (energy <= flank + _FLANK_EV))
    return float(energy[near[np.argmax(net[near])]])


def _net(region: Region) -> np.ndarray:
    """Return the smoothed counts of all cycles above a line between their ends, in standard errors of that line."""
    total = region.intensity_cps.astype(np.float64).sum(axis=0) * region.time_per_channel_s
    smooth = np.convolve(np.pad(total, _SMOOTHED // 2, mode="edge"), np.ones(_SMOOTHED) / _SMOOTHED, mode="valid")
    line = np.linspace(smooth[0], smooth[-1], smooth.size)
    return (smooth - line) / np.sqrt(np.maximum(line, 1.0) / _SMOOTHED)
