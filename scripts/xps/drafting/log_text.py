"""The draft of an operator's log, line by line: a row per raw file, its cells to be filled in."""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import takewhile
from typing import NamedTuple

from xps.acquisitions.cycles import RawFile
from xps.acquisitions.log import COLUMNS
from xps.acquisitions.timeline import pace
from xps.spectra import Measurement


def lines(files: Sequence[RawFile], contents: Mapping[str, Measurement]) -> Iterator[str]:
    """Yield the lines of the draft; a file without ``contents`` (by name) cannot be used and is excluded, with why."""
    yield "# Fill in what is known, leave empty what is not: raw/README.md explains the columns."
    yield "# Rows stand in the order of the measurements; here in that of the headers' dates, then of the files' names."
    for name, measurement in contents.items():
        yield f"# {name}: {_times(measurement)}"
    yield ",".join(COLUMNS)
    known = copies(files, contents)
    for raw in _by_date(files, contents):
        cells = {"file": raw.name} | _whole_file(raw, known.get(raw.name))
        yield ",".join(cell(cells.get(column, "")) for column in COLUMNS)
        yield from _cycle_rows(raw.name, contents.get(raw.name), known.get(raw.name))


class Copies(NamedTuple):
    """How many of a file's first cycles are those of an ``earlier`` one, and whether all of them are."""

    earlier: str
    cycles: int
    are_all: bool


def copies(files: Sequence[RawFile], contents: Mapping[str, Measurement]) -> dict[str, Copies]:
    """Return what is a copy of an earlier file, by name: a file kept twice, or a profile that resumes another."""
    found: dict[str, Copies] = {}
    earlier: list[RawFile] = []
    for raw in _by_date(files, contents):
        if raw.held is None:
            continue
        of = max(earlier, key=lambda other: _same(other, raw), default=None)
        same = 0 if of is None else _same(of, raw)
        # What shares some cycles and then goes on otherwise resumes nothing: that is for the operator to judge.
        if of is not None and of.held is not None and same and same in (raw.held.cycles, of.held.cycles):
            found[raw.name] = Copies(of.name, same, same == raw.held.cycles)
        earlier.append(raw)
    return found


def _same(earlier: RawFile, raw: RawFile) -> int:
    """Return how many cycles two files begin with in common, dark ones aside."""
    ours = [] if raw.held is None else raw.held.contents
    theirs = [] if earlier.held is None else earlier.held.contents
    pairs = zip(ours, theirs, strict=False)
    return sum(1 for _ in takewhile(lambda pair: pair[0] is not None and pair[0] == pair[1], pairs))


def _by_date(files: Sequence[RawFile], contents: Mapping[str, Measurement]) -> list[RawFile]:
    return sorted(files, key=lambda raw: _date(contents.get(raw.name)))


def _whole_file(raw: RawFile, known: Copies | None) -> dict[str, str]:
    """Return the cells that a file's own row has beside its name."""
    if raw.refusal:
        return {"exclude": "yes", "reason": f"cannot be used: {raw.refusal}"}
    if known is None:
        return {}
    return {"exclude": "yes", "reason": f"a copy of {known.earlier}"} if known.are_all else {"resumes": known.earlier}


def stopped(measurement: Measurement) -> str:
    """Return why the last cycle of a series seems to have been stopped while measuring; empty where it does not."""
    last = measurement.cycles - 1
    regions = [region.name for region in measurement.regions if region.is_unfinished(last)]
    if last == 0 or not regions:
        return ""
    return f"stopped while measuring? Nothing but zeros in, or at the end of, {', '.join(regions)}"


def _cycle_rows(name: str, measurement: Measurement | None, known: Copies | None) -> Iterator[str]:
    """Yield a row for each cycle of a series that was not sputtered: what was done between them, no file says.

    Of a sputtered one, for its last cycle alone, excluded, where it was stopped; of copies none.
    """
    if measurement is None or measurement.cycles == 1 or (known is not None and known.are_all):
        return
    first = known.cycles if known is not None else 0
    last, why = measurement.cycles - 1, stopped(measurement)
    for cycle in range(last if is_sputtered(measurement) else first, measurement.cycles):
        excluded = {"exclude": "yes", "reason": why} if why and cycle == last else {}
        if excluded or not is_sputtered(measurement):
            yield ",".join(cell(({"file": name, "cycle": str(cycle)} | excluded).get(column, "")) for column in COLUMNS)


def is_sputtered(measurement: Measurement) -> bool:
    """Return whether sputtering parted the cycles; a series that was recorded as a profile may have left it out."""
    times = measurement.sputter_time_s
    return times is not None and bool(times[-1] > times[0])


def _date(measurement: Measurement | None) -> date:
    """Return the header's date, a late one where there is none."""
    return (measurement.acquisition_date if measurement else None) or date.max


def _times(measurement: Measurement) -> str:
    """Say what the header knows of time: a date, and how long was counted at least."""
    counting_s = sum(pace(measurement, cycle).counting_s for cycle in range(measurement.cycles))
    day = f"dated {measurement.acquisition_date}, " if measurement.acquisition_date else ""
    cycles = f"{measurement.cycles} cycles, " if measurement.cycles > 1 else ""
    return f"{day}{cycles}{counting_s / 60.0:.1f} min of counting"


def cell(text: str) -> str:
    """Return the text on one line, in quotes where a CSV cell needs them."""
    text = " ".join(text.split())
    return '"' + text.replace('"', '""') + '"' if re.search(r'[",]', text) else text
