"""Do the rows of the operator's log make sense together? Each check returns sentences with line numbers.

A check takes the rows in the order of the log and the names of the raw files that are present.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import pairwise

from xps.acquisitions.log_rows import CUMULATED, Row, by_file
from xps.errors import near


def _listing_faults(rows: Sequence[Row], present: Sequence[str]) -> Iterator[str]:
    listed, known = {row.file for row in rows}, set(present)
    unlisted = [name for name in present if name not in listed]
    for row in rows:
        if row.file not in known:
            hint = near(row.file, unlisted)
            yield f"line {row.line}: there is no raw file {row.file!r} among those of the experiment{hint}"
    for name in unlisted:
        yield f"raw file {name!r} is not listed; add its row (to leave it out: exclude = yes, with a reason)"


def _arrangement_faults(rows: Sequence[Row], _present: Sequence[str]) -> Iterator[str]:
    """Rows of a file stand together, the whole file's first, then cycles upwards, none of them twice."""
    last_of: dict[str, Row] = {}
    for index, row in enumerate(rows):
        before = last_of.get(row.file)
        last_of[row.file] = row
        if before is None:
            continue
        cycle = "the whole file" if row.cycle is None else f"cycle {row.cycle}"
        place = f"line {row.line}: {cycle} of {row.file}"
        if row.cycle == before.cycle:
            yield f"{place} stands in line {before.line} already; remove one of them"
        elif row.cycle is None:
            yield f"{place} must stand before its cycles (line {before.line})"
        elif before.cycle is not None and row.cycle < before.cycle:
            yield f"{place} follows cycle {before.cycle}; cycles count upwards, each has one row"
        if rows[index - 1].file != row.file:
            yield f"{place} is parted from line {before.line} by another file; keep a file's rows together"


def _exclusion_faults(rows: Sequence[Row], _present: Sequence[str]) -> Iterator[str]:
    for row in rows:
        if row.exclude and not row.reason:
            yield f"line {row.line}: {row.file} is excluded without a reason; say why"
        if row.reason and not row.exclude:
            yield f"line {row.line}: a reason without exclude = yes; exclude {row.file} or remove the reason"


def _resume_faults(rows: Sequence[Row], present: Sequence[str]) -> Iterator[str]:
    earlier: set[str] = set()
    for row in rows:
        others = earlier - {row.file}
        place = f"line {row.line}: {row.file} resumes {row.resumes}"
        if row.resumes is not None and row.cycle is not None:
            yield f"{place}: say so in the row of the whole file (cycle empty)"
        elif row.resumes is not None and row.resumes not in present:
            yield f"{place}, which is no raw file of the experiment{near(row.resumes, others)}"
        elif row.resumes is not None and row.resumes not in earlier:
            yield f"{place}, which is not listed before it; keep the order of the measurements"
        earlier.add(row.file)


def _clock_faults(rows: Sequence[Row], _present: Sequence[str]) -> Iterator[str]:
    for row in rows:
        if row.ended_at is not None and row.started_at is None:
            yield f"line {row.line}: ended_at without started_at; write both"
    clocked = [row for row in rows if row.started_at is not None]
    if clocked:
        for own in by_file(rows).values():
            yield from _clock_gaps(own)
    zones = {clock.tzinfo is None for row in clocked for clock in (row.started_at, row.ended_at) if clock is not None}
    if len(zones) > 1:
        yield "some clocks have a zone offset and some have none; write it everywhere or nowhere"
    else:
        yield from _backward_clocks(clocked)


def _clock_gaps(rows: Sequence[Row]) -> Iterator[str]:
    """Look at the rows of one file, in a log that has clocks."""
    place = f"line {rows[0].line}: {rows[0].file}"
    clocked = [row.cycle for row in rows if row.started_at is not None]
    bare = [str(row.cycle) for row in rows if row.started_at is None and row.cycle is not None]
    if not clocked:
        yield f"{place} has no started_at while others have; give the clock for all or for none"
    elif None in clocked and set(clocked) != {None}:
        yield f"{place} has clocks for the file and for cycles; give one kind"
    elif None not in clocked and bare:
        yield f"{place} has clocks for some cycles but none for cycle {', '.join(bare)}"


def _backward_clocks(clocked: Sequence[Row]) -> Iterator[str]:
    remedy = "correct the log, or write zone offsets (+01:00) if the clocks were changed in between"
    for row in clocked:
        if row.ended_at is not None and row.started_at is not None and row.ended_at < row.started_at:
            yield f"line {row.line}: ended_at {row.ended_at} is before started_at {row.started_at}; {remedy}"
    for before, row in pairwise(clocked):
        start, earlier, end = row.started_at, before.started_at, before.ended_at
        if start is not None and earlier is not None and start < earlier:
            yield f"line {row.line}: time goes backwards: {start} after {earlier} in line {before.line}; {remedy}"
        elif start is not None and end is not None and start < end:
            yield f"line {row.line}: starts at {start}, before line {before.line} has ended ({end}); {remedy}"


def _cumulated_faults(rows: Sequence[Row], _present: Sequence[str]) -> Iterator[str]:
    for name in CUMULATED:
        known = [(row, value) for row in rows if (value := getattr(row, name)) is not None]
        for (before, earlier), (row, later) in pairwise(known):
            if later < earlier:
                yield (
                    f"line {row.line}: {name} goes backwards: {later:g} s after {earlier:g} s in line {before.line}; "
                    "it is cumulated over the series"
                )


# Each check with the columns it looks at: it is left out where one of them holds a cell that nobody can read.
# Cumulated times need no such care: what goes backwards over an unknown value goes backwards all the same.
CHECKS: Mapping[Callable[[Sequence[Row], Sequence[str]], Iterator[str]], tuple[str, ...]] = {
    _listing_faults: ("file",),
    _arrangement_faults: ("file", "cycle"),
    _exclusion_faults: ("file", "exclude", "reason"),
    _resume_faults: ("file", "cycle", "resumes"),
    _clock_faults: ("file", "cycle", "started_at", "ended_at"),
    _cumulated_faults: (),
}
