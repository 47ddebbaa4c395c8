"""Cycles of a series placed in time, and as rows of the tables ``acquisitions`` and ``spectra``."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from xps import tables
from xps.acquisitions.continuity import Continuity, overlap
from xps.acquisitions.cycles import Cycle
from xps.acquisitions.log_rows import Row
from xps.acquisitions.timeline import Pace, Window, pace, windows
from xps.spectra import Measurement, Region

UNREAD_REGION = "(unread)"
# ASSUME a header's date is that of the start or the end of the measurement, which may run over midnight.
_DAYS_APART = 1


@dataclass(frozen=True, slots=True)
class Placed:
    """One acquisition with its time."""

    number: int
    """Number of the acquisition, from 0."""
    cycle: Cycle
    measurement: Measurement | None
    """Its file's content, None where that cannot be used."""
    windows: tuple[Window, ...]
    """Time window of each region (of an unread file: one)."""
    time_origin: str
    """``log`` or ``computed``."""
    started_at: datetime | None
    """Wall clock as the log gives it for just this acquisition, else None."""
    ended_at: datetime | None
    warnings: tuple[str, ...]


def place(series: Sequence[Cycle]) -> Iterator[Placed]:
    """Yield the cycles of a series, in their order, with number, time and content; one file is in memory.

    Time 0 is the first clock of the log, or the begin of the first cycle where there is none. RawFileError when a file
    has changed meanwhile.
    """
    zero = next((cycle.clock.started_at for cycle in series if cycle.clock is not None), None)
    number, end_s, continuity = 0, 0.0, Continuity()
    for _, of_file in groupby(series, key=lambda cycle: cycle.raw.name):
        measurement, told = None, []
        for _, group in groupby(of_file, key=_same_clock):
            own = list(group)
            if measurement is None and own[0].raw.held is not None:
                measurement = own[0].raw.load()
                told = continuity.warnings(measurement)
            placed = _placed_group(own, measurement, zero, end_s, number, told)
            number += len(placed)
            end_s = max([end_s, *(window.end_s for window in placed[-1].windows)])
            yield from placed


def _same_clock(cycle: Cycle) -> int | None:
    """Cycles of a file go by one clock unless each has its own."""
    return None if cycle.clock is None else cycle.clock.cycle


def _placed_group(
    group: Sequence[Cycle],
    measurement: Measurement | None,
    zero: datetime | None,
    end_s: float,
    number: int,
    told: Sequence[str],
) -> list[Placed]:
    clock = group[0].clock
    started_at, ended_at = (None, None) if clock is None else (clock.started_at, clock.ended_at)
    start_s, interval_s = end_s, None
    if started_at is not None and zero is not None:
        start_s = (started_at - zero).total_seconds()
    if started_at is not None and ended_at is not None:
        interval_s = (ended_at - started_at).total_seconds()
    if measurement is None:
        slots = [[Window(start_s, start_s + (interval_s or 0.0))]]
        warnings: tuple[str, ...] = ()
    else:
        paces = _paces(group, measurement, interval_s)
        slots = windows(paces, start_s, interval_s)
        warnings = (*_clock_warnings(clock, measurement, paces, interval_s), *overlap(start_s, end_s), *told)
    last = len(group) - 1
    return [
        Placed(
            number=number + index,
            cycle=cycle,
            measurement=measurement,
            windows=tuple(own),
            time_origin="computed" if started_at is None else "log",
            started_at=started_at if index == 0 else None,
            ended_at=ended_at if index == last else None,
            warnings=warnings,
        )
        for index, (cycle, own) in enumerate(zip(group, slots, strict=True))
    ]


def _paces(group: Sequence[Cycle], measurement: Measurement, interval_s: float | None) -> list[Pace]:
    """Return each cycle's pace: a cycle's own clock begins after sputtering; a logged interval replaces the waits."""
    paces = [pace(measurement, cycle.index) for cycle in group]
    clock = group[0].clock
    if clock is not None and clock.cycle is not None:
        paces = [item.without_lead() for item in paces]
    return paces if interval_s is None else [item.without_pauses() for item in paces]


def _clock_warnings(
    clock: Row | None, measurement: Measurement, paces: Sequence[Pace], interval_s: float | None
) -> list[str]:
    if clock is None or clock.started_at is None:
        return []
    found = []
    counting_s = sum(item.counting_s for item in paces)
    if interval_s is None:
        found.append("log: no ended_at, so the end is a lower bound from live times")
    elif interval_s < counting_s:
        short = f"the interval of {interval_s:g} s is shorter than the {counting_s:g} s of counting"
        found.append(f"log: {short}; live times are kept")
    if len(paces) > 1:
        found.append(f"log: one clock for {len(paces)} cycles; their times are shared out by live time")
    recorded = measurement.acquisition_date or measurement.file_date
    if recorded and abs((clock.started_at.date() - recorded).days) > _DAYS_APART:
        found.append(f"log: started on {clock.started_at.date()}, but the file's header says {recorded}")
    return found


def acquisitions_table(
    experiment: str, settings: Mapping[str, Any], placed: Sequence[Placed], expected: Sequence[str]
) -> pa.Table:
    """Return rows of the table ``acquisitions``; ``settings`` give ``regions`` and ``data_origin``.

    An acquisition that lacks a region of ``expected`` gets a warning.
    """
    found: list[dict[str, Any]] = []
    for item in placed:
        shared = {"experiment": experiment, "data_origin": settings["data_origin"], **_shared_cells(item)}
        measurement = item.measurement
        if measurement is None:
            found.append({**shared, **_unread_cells(item)})
            continue
        present = {region.name for region in measurement.regions}
        missing = [f"region {name} was not measured in this acquisition" for name in expected if name not in present]
        for region, window in zip(measurement.regions, item.windows, strict=True):
            levels = settings["regions"].get(region.name, [])
            cells = _region_cells(measurement, region, window, levels)
            found.append(
                {
                    **shared,
                    **cells,
                    "warnings": [*_warnings(measurement, region, item.cycle.index), *item.warnings, *missing],
                }
            )
    return tables.from_rows("acquisitions", found)


def regions_of_series(series: Sequence[Cycle], named: Mapping[str, Any]) -> list[str]:
    """Return the experiment's regions; those that are in no file have been refused before."""
    held = {name for cycle in series if cycle.raw.held is not None for name in cycle.raw.held.regions}
    return [name for name in named if name in held]


def _shared_cells(item: Placed) -> dict[str, Any]:
    raw, entry, measurement = item.cycle.raw, item.cycle.entry, item.measurement
    times = None if measurement is None else measurement.sputter_time_s
    sputter_time_s = None if times is None else float(times[item.cycle.index])
    cells: dict[str, Any] = {
        "acquisition": item.number,
        "source_file": raw.source,
        "source_sha256": raw.sha256,
        "source_cycle": item.cycle.index,
        "started_at": None if item.started_at is None else item.started_at.isoformat(),
        "ended_at": None if item.ended_at is None else item.ended_at.isoformat(),
        "time_origin": item.time_origin,
        "sputter_time_s": sputter_time_s,
        "excluded": item.cycle.excluded,
    }
    if entry is not None:
        if entry.sputter_time_s is not None:
            cells["sputter_time_s"] = entry.sputter_time_s
        names = ("plating_time_s", "rest_time_s", "plating_current_ua", "pressure_pa")
        cells |= {name: getattr(entry, name) for name in names}
        cells["exclusion_reason"] = entry.reason
    return cells


def _unread_cells(item: Placed) -> dict[str, Any]:
    (window,) = item.windows
    return {
        "region": UNREAD_REGION,
        "core_levels": [],
        "start_time_s": window.start_s,
        "end_time_s": window.end_s,
        "channels": 0,
        "warnings": [f"not read: {item.cycle.raw.refusal}", *item.warnings],
    }


def _region_cells(measurement: Measurement, region: Region, window: Window, levels: Sequence[str]) -> dict[str, Any]:
    names = (
        "photon_energy_ev",
        "transmission_a",
        "transmission_b",
        "work_function_ev",
        "emission_angle_deg",
        "source_analyser_angle_deg",
        "neutraliser_current_ua",
        "instrument",
        "software",
    )
    return {
        "region": region.name,
        "core_levels": list(levels),
        "start_time_s": window.start_s,
        "end_time_s": window.end_s,
        "pass_energy_ev": region.pass_energy_ev,
        "step_ev": region.step_ev,
        "time_per_channel_s": region.time_per_channel_s,
        "sweeps": region.sweeps,
        "channels": region.channels,
        **{name: getattr(measurement, name) for name in names},
    }


def _warnings(measurement: Measurement, region: Region, cycle: int) -> list[str]:
    """Return the reader's warnings but for those on another region, or on the intensities of another cycle."""
    others = tuple(f"region {other.number} " for other in measurement.regions if other is not region)
    on_file = [text for text in measurement.remarks if not text.startswith(others)]
    return [*on_file, *region.remarks_on(cycle)]


def spectra_table(experiment: str, placed: Sequence[Placed]) -> pa.Table:
    """Return rows of the table ``spectra``: every channel of every region, on the axis as recorded."""
    numbers: list[int] = []
    names: list[str] = []
    pieces: list[tuple[np.ndarray[Any, Any], ...]] = []
    for item in placed:
        cycle = item.cycle.index
        for region in item.measurement.regions if item.measurement is not None else ():
            own = region.counts_of(slice(cycle, cycle + 1))[0]
            pieces.append((np.arange(region.channels), region.energy_ev, region.intensity_cps[cycle], own))
            numbers.append(item.number)
            names.append(region.name)
    lengths = np.array([len(piece[0]) for piece in pieces], dtype=np.int64)
    total = int(lengths.sum())
    empty: tuple[np.ndarray[Any, Any], ...] = tuple(np.zeros(0) for _ in range(4))
    channel, energy, intensity, count = map(np.concatenate, zip(empty, *pieces, strict=True))
    columns = {
        "experiment": pa.DictionaryArray.from_arrays(np.zeros(total, np.int32), [experiment]).dictionary_decode(),
        "acquisition": np.repeat(np.array(numbers, dtype=np.int64), lengths),
        "region": _repeated(names, lengths),
        "channel": channel.astype(np.int64),
        "recorded_binding_energy_ev": energy,
        "intensity_cps": intensity.astype(np.float64),
        "counts": count,
    }
    return tables.from_columns("spectra", columns)


def _repeated(names: Sequence[str], lengths: np.ndarray[Any, Any]) -> pa.Array:
    """Return each name as often as its length says, as Arrow text."""
    known = list(dict.fromkeys(names))
    index_of = {name: index for index, name in enumerate(known)}
    indices = np.repeat(np.array([index_of[name] for name in names], dtype=np.int32), lengths)
    return pa.DictionaryArray.from_arrays(indices, pa.array(known, pa.string())).dictionary_decode()
