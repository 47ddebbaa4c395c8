"""Operando series of any length: the same physics, written as .pro files of a thousand cycles each, one by one.

For studies of scale. Only one file's cycles are in memory at a time, whatever the length of the series. The times of
the settings are replaced: as many cycles as are asked for, equally spaced over the same span of plating or sputtering.
"""

import csv
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np

from xps import provenance, versaprobe
from xps.errors import ConfigError
from xps.simulation.emission import Setup, truth_of
from xps.simulation.files import LOG_NAME
from xps.simulation.recording import LOG_COLUMNS, exposure, log_entry, measurement

CYCLES_PER_FILE = 1000


class ProfileFile(NamedTuple):
    """One .pro file of a long series and the lines of the operator's log that belong to it."""

    name: str
    data: bytes
    log: list[dict[str, str]]


def long_setup(setup: Setup, cycles: int) -> Setup:
    """Return ``setup`` with ``cycles`` acquisitions over its span of time, as cycles of .pro files.

    Raises ConfigError where a series cannot be made longer: fewer than two times, or starts on the wall clock.
    """
    if cycles < 1 or len(setup.times_min) < 2 or not setup.doses:
        raise ConfigError(
            f"simulation of {setup.plan.experiment}: no series of {cycles} cycles can be made; expected one cycle or "
            "more, times_are: doses, and two times or more"
        )
    times = np.linspace(setup.times_min[0], setup.times_min[-1], cycles)
    regions = tuple(replace(region, rows=None) for region in setup.plan.regions)
    plan = replace(setup.plan, rows=tuple(range(cycles)), regions=regions, file_type="depth_profile")
    return replace(setup, plan=plan, times_min=tuple(times.tolist()))


def long_series(setup: Setup, cycles_per_file: int = CYCLES_PER_FILE) -> Iterator[ProfileFile]:
    """Yield the files of the series that ``setup`` describes (see ``long_setup``), each as soon as it is full.

    File boundaries change no count: noise is seeded by cycle and region.
    """
    plan, truth = setup.plan, truth_of(setup)
    while cycles := list(islice(truth, cycles_per_file)):
        shots = [exposure(plan, lines) for lines in cycles]
        name = f"{plan.file_prefix}_{shots[0].row:07d}.pro"
        log = [log_entry(plan, name, shot, cycle) for cycle, shot in enumerate(shots)]
        yield ProfileFile(name, versaprobe.write(measurement(plan, name, shots)), log)


def write_long_series(setup: Setup, raw_root: Path, cycles_per_file: int = CYCLES_PER_FILE) -> Iterator[Path]:
    """Write the series below ``raw_root``/<experiment>, file by file, then its log; yield each path when it is there.

    Raises ConfigError when the folder exists: a long series is made anew, never mixed with an older one.
    """
    folder = raw_root / setup.plan.experiment
    if folder.exists():
        raise ConfigError(f"{folder}: exists already; remove it, or choose another raw root")
    folder.mkdir(parents=True)
    unfinished = folder / f".{LOG_NAME}.part"
    with unfinished.open("w", encoding="utf-8", newline="") as text:
        log = csv.DictWriter(text, LOG_COLUMNS, lineterminator="\n")
        log.writeheader()
        for file in long_series(setup, cycles_per_file):
            provenance.write_atomically(folder / file.name, file.data)
            log.writerows(file.log)
            yield folder / file.name
    unfinished.replace(folder / LOG_NAME)
    yield folder / LOG_NAME
