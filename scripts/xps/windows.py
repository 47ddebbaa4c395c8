"""Stage subtract_background: each model's windows cut out of the calibrated spectra, with static backgrounds.

The counts stay as they were measured: the static background is kept in the table for comparison, the fit has its own.
A region that an acquisition lacks is left out here (with a line in the log) and becomes a failed fit later; so is a
window that a shift moves off the data, and one that is moved partly off them is fitted to what is left, with a line in
the log. A window that meets no data in any acquisition is a mistake in the model file and refused.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xps import backgrounds, cycles, pieces, tables
from xps.cycles import Block, Regions
from xps.errors import ConfigError, FitError, TableError
from xps.models import Window

LOGGER = logging.getLogger(__name__)

# Acquisitions in memory at once.
_PIECE = 64


def cut(
    acquisitions: pa.Table, spectra: pa.Table, calibration: pa.Table, windows: Mapping[str, Sequence[Window]]
) -> pa.Table:
    """Return the table ``background``: per model, acquisition and region the channels inside the model's window.

    ``windows`` gives each model's windows by the model's name. Calibrated energy = recorded + shift. Excluded
    acquisitions are left out. ConfigError names all windows whose core level was not measured, or that overlap with no
    data at all.
    """
    series = tables.Series({"acquisitions": acquisitions, "spectra": spectra, "calibration": calibration})
    return tables.concatenate("background", list(cut_series(series, windows)))


def cut_series(
    series: tables.Series, windows: Mapping[str, Sequence[Window]], processes: int = 1
) -> Iterator[pa.Table]:
    """Yield the rows of the table ``background`` in their order; a few acquisitions are in memory at a time.

    ``series`` holds acquisitions, spectra and calibration. The number of ``processes`` changes no number. Raises
    ConfigError as ``cut`` does, before the first rows or after the last.
    """
    measured = cycles.summary(series)
    cuts, faults = [], []
    for model, wanted in windows.items():
        places = [measured.holding(window.core_level) for window in wanted]
        wrong = [_place_fault(measured, window, place) for window, place in zip(wanted, places, strict=True)]
        faults += [f"model {model}: {fault}" for fault in wrong if fault]
        if not any(wrong):
            cuts.append(_Cut(model, tuple(wanted), tuple(place[0] for place in places)))
    work = [(one, span) for one in cuts for span in series.spans(_PIECE)]
    met = {one.model: [_Met()] * len(one.windows) for one in cuts}
    for (one, _), (rows, found) in zip(work, pieces.mapped(partial(_cut_out, series), work, processes), strict=True):
        met[one.model] = [before.and_then(now) for before, now in zip(met[one.model], found, strict=True)]
        if not faults:  # else whether the windows of the other models meet data is told with all other faults
            yield rows
    faults += [f"model {one.model}: {fault}" for one in cuts for fault in _missed(one, met[one.model])]
    if faults:
        raise ConfigError.of(f"experiment {measured.experiment}", faults)


class _Cut(NamedTuple):
    """The windows of one model and the region that each is cut from."""

    model: str
    windows: tuple[Window, ...]
    regions: tuple[str, ...]


class _Met(NamedTuple):
    """Whether a window has met data, and between which energies (eV) its region's data lie."""

    data: bool = False
    low_ev: float = np.inf
    high_ev: float = -np.inf

    def and_then(self, later: "_Met") -> "_Met":
        """Return what holds for this and other acquisitions together."""
        return _Met(self.data or later.data, min(self.low_ev, later.low_ev), max(self.high_ev, later.high_ev))


def _cut_out(series: tables.Series, work: tuple[_Cut, range]) -> tuple[pa.Table, list[_Met]]:
    """Return the rows of one model in some acquisitions, by acquisition and then by window, and what windows met."""
    one, span = work
    measured = cycles.regions(series.part("acquisitions", span))
    shifts = _shifts(series.part("calibration", span))
    spectra = series.part("spectra", span)
    blocks = cycles.blocks(spectra, ("channel", "recorded_binding_energy_ev", "counts"))
    met, parts = [_Met()] * len(one.windows), []
    for acquisition in measured.acquisitions:
        for w, (window, region) in enumerate(zip(one.windows, one.regions, strict=True)):
            block = blocks.get((acquisition, region))
            time_s = measured.rows.get((acquisition, region), {}).get("time_per_channel_s")
            if block is None or time_s is None:
                reason = "was not measured" if block is None else "has no known counting time"
                place = f"{measured.experiment}, acquisition {acquisition}"
                LOGGER.warning("%s: region %s %s; left out", place, region, reason)
                continue
            if (acquisition, region) not in shifts:
                raise TableError(f"calibration holds no row for acquisition {acquisition}, region {region}")
            part = _part(one.model, block, window, float(time_s), shifts[acquisition, region])
            met[w] = met[w].and_then(part.met)
            if part.size:
                parts.append(part)
    return _table(one.model, parts), met


def _missed(one: _Cut, met: Sequence[_Met]) -> list[str]:
    """Return what is wrong with windows that no acquisition has data for."""
    faults = []
    for window, region, found in zip(one.windows, one.regions, met, strict=True):
        low, high = found.low_ev, found.high_ev
        span = f"its calibrated data span {low:.1f} to {high:.1f} eV" if low <= high else "it holds no data"
        place = f"window {window.core_level}, {window.low_ev:g} to {window.high_ev:g} eV"
        if not found.data:
            faults.append(f"{place}, meets no data of region {region}; {span}")
    return faults


def _shifts(calibration: pa.Table) -> dict[tuple[int, str], float]:
    rows = calibration.select(["acquisition", "region", "shift_ev"]).to_pylist()
    return {(int(row["acquisition"]), str(row["region"])): float(row["shift_ev"]) for row in rows}


def _place_fault(measured: Regions, window: Window, holding: tuple[str, ...]) -> str:
    if len(holding) == 1:
        return ""
    if holding:
        return f"core level {window.core_level} is held by {', '.join(holding)}; leave it in one of them"
    levels = sorted({level for levels in measured.core_levels.values() for level in levels})
    return f"core level {window.core_level} was not measured; regions hold {', '.join(levels) or 'none'}"


class _Part(NamedTuple):
    """One window of one acquisition: its block, what it met, and its columns, shape (channels inside,)."""

    block: Block
    met: _Met
    time_s: float
    channel: NDArray[np.int64]
    energy_ev: NDArray[np.float64]
    counts: NDArray[np.float64]
    static_cps: NDArray[np.float64]
    """Not a number where there is none."""

    @property
    def size(self) -> int:
        """Number of channels inside the window."""
        return int(self.energy_ev.size)


def _part(model: str, block: Block, window: Window, time_s: float, shift_ev: float) -> _Part:
    energy = block.columns["recorded_binding_energy_ev"] + shift_ev
    inside = (energy >= window.low_ev) & (energy <= window.high_ev)
    met = _Met(bool(inside.any()), float(energy.min()), float(energy.max()))
    counts = block.columns["counts"][inside]
    static = np.full(counts.size, np.nan)
    if met.data:
        _log_missing(model, block, window, energy)
        static = _static(block, window, energy[inside], counts / time_s)
    else:
        place = f"{block.experiment}, acquisition {block.acquisition}"
        LOGGER.warning("%s: no data in window %s", place, window.core_level)
    return _Part(block, met, time_s, block.columns["channel"][inside], energy[inside], counts, static)


def _table(model: str, parts: Sequence[_Part]) -> pa.Table:
    """Return the rows of all parts in their order."""
    if not parts:
        return tables.concatenate("background", [])
    sizes = np.array([part.size for part in parts])

    def repeated(values: Sequence[Any]) -> pa.Array:
        return pa.array(values).take(pa.array(np.repeat(np.arange(len(parts)), sizes)))

    static = np.concatenate([part.static_cps for part in parts])
    return tables.from_columns(
        "background",
        {
            "experiment": repeated([part.block.experiment for part in parts]),
            "model": repeated([model] * len(parts)),
            "acquisition": repeated([part.block.acquisition for part in parts]),
            "region": repeated([part.block.region for part in parts]),
            "channel": np.concatenate([part.channel for part in parts]),
            "binding_energy_ev": np.concatenate([part.energy_ev for part in parts]),
            "counts": np.concatenate([part.counts for part in parts]),
            "time_per_channel_s": repeated([part.time_s for part in parts]),
            "static_background_cps": pa.array(static, mask=np.isnan(static)),
        },
    )


def _log_missing(model: str, block: Block, window: Window, energy: NDArray[np.float64]) -> None:
    """Log how much of a window lies beyond the data: the fit's background then ends somewhere else."""
    # A window ends between two channels as a rule; only what a channel could have filled is missing.
    step = float(np.ptp(energy)) / max(energy.size - 1, 1)
    gaps = {"below": float(energy.min()) - window.low_ev, "above": window.high_ev - float(energy.max())}
    missing = " and ".join(f"{gap:.2f} eV {side} the data" for side, gap in gaps.items() if gap > step)
    if missing:
        LOGGER.warning(
            "%s, model %s, acquisition %d, region %s: window %s, %g to %g eV, lies %s",
            *(block.experiment, model, block.acquisition, block.region),
            *(window.core_level, window.low_ev, window.high_ev, missing),
        )


def _static(
    block: Block, window: Window, energy: NDArray[np.float64], rate: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return the static background, not a number where there is none (no peak above it, too few channels)."""
    background = window.background
    try:
        return backgrounds.static(background.type, energy, rate, background.endpoint_average_channels)
    except FitError as error:
        place = f"{block.experiment}, acquisition {block.acquisition}, window {window.core_level}"
        LOGGER.info("%s: no static background: %s", place, error)
        return np.full(energy.size, np.nan)
