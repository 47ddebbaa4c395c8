"""Stage subtract_background: each model's windows cut out of the calibrated spectra, with static backgrounds.

The counts stay as they were measured: the static background is kept in the table for comparison, the fit has its own.
A region that an acquisition lacks is left out here (with a line in the log) and becomes a failed fit later; so is a
window that a shift moves off the data, and one that is moved partly off them is fitted to what is left, with a line in
the log. A window that meets no data in any acquisition is a mistake in the model file and refused.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from xps import backgrounds, cycles, tables
from xps.cycles import Block, Regions
from xps.errors import ConfigError, FitError, TableError
from xps.models import Window

LOGGER = logging.getLogger(__name__)

# Acquisitions in memory at once.
_PIECE = 128


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


def cut_series(series: tables.Series, windows: Mapping[str, Sequence[Window]]) -> Iterator[pa.Table]:
    """Yield the rows of the table ``background`` in their order; a few acquisitions are in memory at a time.

    ``series`` holds acquisitions, spectra and calibration. Raises ConfigError as ``cut`` does, before the first rows or
    after the last.
    """
    measured = cycles.summary(series)
    cuts, faults = [], []
    for model, wanted in windows.items():
        places = [measured.holding(window.core_level) for window in wanted]
        wrong = [_place_fault(measured, window, place) for window, place in zip(wanted, places, strict=True)]
        faults += [f"model {model}: {fault}" for fault in wrong if fault]
        if not any(wrong):
            cuts.append(_Cut(model, wanted, tuple(place[0] for place in places)))
    if not faults:
        for one in cuts:
            for span in series.spans(_PIECE):
                yield from one.parts(series, span)
    else:  # whether the windows of the other models meet data is told with all other faults
        for one in cuts:
            for span in series.spans(_PIECE):
                list(one.parts(series, span))
    faults += [f"model {one.model}: {fault}" for one in cuts for fault in one.missed()]
    if faults:
        raise ConfigError.of(f"experiment {measured.experiment}", faults)


class _Cut:
    """The windows of one model on their way through a series: which have met data, and where the data lie."""

    def __init__(self, model: str, windows: Sequence[Window], regions: Sequence[str]) -> None:
        self.model, self._windows, self._regions = model, windows, regions
        self._met = [False] * len(windows)
        self._low_ev, self._high_ev = [np.inf] * len(windows), [-np.inf] * len(windows)

    def parts(self, series: tables.Series, span: range) -> Iterator[pa.Table]:
        """Yield the rows of ``span``, ordered by acquisition and then by window."""
        measured = cycles.regions(series.part("acquisitions", span))
        blocks = cycles.blocks(series.part("spectra", span), ("channel", "recorded_binding_energy_ev", "counts"))
        shifts = _shifts(series.part("calibration", span))
        for acquisition in measured.acquisitions:
            for w, (window, region) in enumerate(zip(self._windows, self._regions, strict=True)):
                block = blocks.get((acquisition, region))
                time = measured.rows.get((acquisition, region), {}).get("time_per_channel_s")
                if block is None or time is None:
                    reason = "was not measured" if block is None else "has no known counting time"
                    place = f"{measured.experiment}, acquisition {acquisition}"
                    LOGGER.warning("%s: region %s %s; left out", place, region, reason)
                    continue
                if (acquisition, region) not in shifts:
                    raise TableError(f"calibration holds no row for acquisition {acquisition}, region {region}")
                shift = shifts[acquisition, region]
                self._look_at(w, block.columns["recorded_binding_energy_ev"] + shift)
                part = _part(self.model, block, window, float(time), shift)
                if part is not None:
                    self._met[w] = True
                    yield part

    def _look_at(self, w: int, energy: NDArray[np.float64]) -> None:
        self._low_ev[w] = min(self._low_ev[w], float(energy.min()))
        self._high_ev[w] = max(self._high_ev[w], float(energy.max()))

    def missed(self) -> list[str]:
        """Return what is wrong with windows that no acquisition has data for."""
        return [self._missed(w) for w, met in enumerate(self._met) if not met]

    def _missed(self, w: int) -> str:
        window, low, high = self._windows[w], self._low_ev[w], self._high_ev[w]
        span = f"its calibrated data span {low:.1f} to {high:.1f} eV" if low <= high else "it holds no data"
        place = f"window {window.core_level}, {window.low_ev:g} to {window.high_ev:g} eV"
        return f"{place}, meets no data of region {self._regions[w]}; {span}"


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


def _part(model: str, block: Block, window: Window, time_s: float, shift_ev: float) -> pa.Table | None:
    """Return one window's rows, or None where fewer than one channel lies inside."""
    energy = block.columns["recorded_binding_energy_ev"] + shift_ev
    inside = (energy >= window.low_ev) & (energy <= window.high_ev)
    size = int(np.count_nonzero(inside))
    if not size:
        LOGGER.warning(
            "%s, acquisition %d: no data in window %s", block.experiment, block.acquisition, window.core_level
        )
        return None
    _log_missing(model, block, window, energy)
    counts = block.columns["counts"][inside]
    return tables.from_columns(
        "background",
        {
            "experiment": [block.experiment] * size,
            "model": [model] * size,
            "acquisition": [block.acquisition] * size,
            "region": [block.region] * size,
            "channel": block.columns["channel"][inside],
            "binding_energy_ev": energy[inside],
            "counts": counts,
            "time_per_channel_s": np.full(size, time_s),
            "static_background_cps": _static(block, window, energy[inside], counts / time_s),
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
) -> NDArray[np.float64] | list[None]:
    """Return the static background, empty where there is none (no peak above it, too few channels)."""
    background = window.background
    try:
        return backgrounds.static(background.type, energy, rate, background.endpoint_average_channels)
    except FitError as error:
        place = f"{block.experiment}, acquisition {block.acquisition}, window {window.core_level}"
        LOGGER.info("%s: no static background: %s", place, error)
        return [None] * energy.size
