"""Raw files and log joined: which cycles make up the series, in which order, and which are copies of others.

A profile that was resumed begins with bit-identical copies of the cycles measured before the break. The log names the
earlier file under ``resumes``; the copies are then left out. Copies that nobody declared are refused: they would count
twice.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from xps import versaprobe
from xps.acquisitions.log_rows import Log, Row
from xps.errors import RawFileError, near
from xps.provenance import bytes_sha256
from xps.spectra import Measurement

READ_REMEDY = "restore the file, or exclude it in the operator's log with a reason"


@dataclass(frozen=True, slots=True)
class Held:
    """What a usable file holds, without its intensities."""

    cycles: int
    regions: tuple[str, ...]
    """Unique names, in the order of the file."""
    simulated: bool
    contents: tuple[bytes | None, ...]
    """A hash of all regions of each cycle; None where every count is zero: such cycles are alike by nature."""


@dataclass(frozen=True, slots=True)
class RawFile:
    """One raw file, looked at once and then left on the disk: a long series does not fit into memory."""

    path: Path
    name: str
    source: str
    """Logical path ``raw:<path under the raw root>``."""
    sha256: str
    held: Held | None
    """None where the file cannot be used."""
    refusal: str | None = None
    """Why it cannot be used."""

    def load(self) -> Measurement:
        """Return the whole content of a usable file; RawFileError when it is not what it was."""
        data = _bytes(self.path)
        if bytes_sha256(data) != self.sha256:
            raise RawFileError(f"{self.path}: changed while it was read; run again when nobody writes to it")
        return versaprobe.read(data, self.name)


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle of the series, to become one acquisition."""

    raw: RawFile
    index: int
    """Cycle inside its file, from 0."""
    entry: Row | None
    """What the log says of it; None where there is no log."""
    clock: Row | None
    """The log's row whose clock it goes by, which may span the whole file; None where there is no clock."""

    @property
    def excluded(self) -> bool:
        """Return whether the operator left it out."""
        return self.entry is not None and bool(self.entry.exclude)


def in_order(paths: Sequence[Path], log: Log | None) -> list[Path]:
    """Return the files in the order of the log, else in natural order of their names (``a2`` before ``a10``)."""
    if log is None:
        return sorted(paths, key=lambda path: (_natural(path.stem), path.name))
    by_name = {path.name: path for path in paths}
    return [by_name[name] for name in log.by_file]


def read(path: Path, source: str, log: Log | None) -> RawFile:
    """Return what is in the file at ``path``, its bytes read once.

    Raises RawFileError when it cannot be read and the log does not exclude it.
    """
    data = _bytes(path)
    digest, name = bytes_sha256(data), path.name
    try:
        measurement = versaprobe.read(data, name)
    except RawFileError as error:
        if log is None or not log.is_excluded(name):
            raise RawFileError(f"{error}; {READ_REMEDY}") from None
        return RawFile(path, name, source, digest, None, str(error))
    refusal = _unusable(measurement)
    return RawFile(path, name, source, digest, _held(measurement) if refusal is None else None, refusal)


def _bytes(path: Path) -> bytes:
    try:
        versaprobe.check_size(path.stat().st_size, path.name)
        return path.read_bytes()
    except OSError as error:
        raise RawFileError(f"{path}: cannot be read ({error.strerror}); restore it") from None


def _held(measurement: Measurement) -> Held:
    return Held(
        cycles=measurement.cycles,
        regions=tuple(region.name for region in measurement.regions),
        simulated=measurement.simulated,
        contents=tuple(_content(measurement, cycle) for cycle in range(measurement.cycles)),
    )


def series(files: Sequence[RawFile], log: Log | None) -> tuple[list[Cycle], list[str]]:
    """Return the cycles of the series in chronological order, and what is wrong with them."""
    copies, faults = _declared_copies(files, log)
    found: list[Cycle] = []
    for raw in files:
        total = 1 if raw.held is None else raw.held.cycles
        first = copies.get(raw.name, 0)
        entries: list[Row | None] = [None] * total
        clocks = entries
        if log is not None:
            entries, clocks = log.entries(raw.name, total), log.clocks(raw.name, total)
            faults += _coverage_faults(raw, log, clocks[first:], first)
        if raw.refusal is not None and (log is None or not log.is_excluded(raw.name)):
            faults.append(f"{raw.refusal}; move the file elsewhere, or exclude it in the operator's log with a reason")
        found += [Cycle(raw, index, entries[index], clocks[index]) for index in range(first, total)]
    return found, [*faults, *_undeclared_copies(found)]


def _unusable(measurement: Measurement) -> str | None:
    if any(region.energy_scale != "binding" for region in measurement.regions):
        found = f"{measurement.technique} data on a kinetic energy scale"
    elif measurement.photon_energy_ev is None:
        found = f"no photon energy in the header line XraySource ({measurement.first('XraySource') or 'absent'})"
    else:
        return None
    return f"{measurement.name}: found {found}, expected XPS data of known photon energy"


def _natural(stem: str) -> list[tuple[int, str]]:
    """Return a key that puts ``a2`` before ``a10``, and a resumed profile, ``a+1_1`` to PHI, behind ``a_1``."""
    parts = re.split(r"([0-9]+)", stem.casefold().replace("+", "\x7f"))
    return [(int(part), "") if index % 2 else (0, part) for index, part in enumerate(parts)]


def _coverage_faults(raw: RawFile, log: Log, clocks: Sequence[Row | None], copied: int) -> Iterator[str]:
    """Compare the cycles that the log lists with those that the file holds; ``clocks`` are of the counted ones."""
    if raw.held is None:
        return
    total, listed = raw.held.cycles, log.cycles(raw.name)
    beyond = [cycle for cycle in listed if cycle >= total]
    if beyond:
        yield f"{raw.name}: the log lists cycle {_spans(beyond)}, but the file holds {total} (0 to {total - 1})"
    again = [cycle for cycle in listed if cycle < copied]
    if again:
        yield f"{raw.name}: cycle {_spans(again)} is a copy, counted in the file that it resumes; remove its row"
    silent = sorted(set(range(copied, total)) - set(listed))
    if silent and log.whole(raw.name) is None:
        yield f"{raw.name}: the log has no row for cycle {_spans(silent)}; add it, or a row for the whole file"
    elif any(clocks) and not all(clocks):
        bare = [copied + index for index, clock in enumerate(clocks) if clock is None]
        yield f"{raw.name}: cycle {_spans(bare)} has no started_at while others have; give the clock for all cycles"


def _spans(cycles: Sequence[int]) -> str:
    """Return ``"3"`` or ``"3, 4, 9"``, shortened where there are many."""
    shown = ", ".join(str(cycle) for cycle in cycles[:5])
    return shown if len(cycles) <= 5 else f"{shown} ... ({len(cycles)} cycles)"


def _declared_copies(files: Sequence[RawFile], log: Log | None) -> tuple[dict[str, int], list[str]]:
    """Return how many leading cycles of each resumed file are copies, and what contradicts the log."""
    by_name = {raw.name: raw for raw in files}
    copies: dict[str, int] = {}
    faults: list[str] = []
    for raw in files:
        whole = log.whole(raw.name) if log is not None else None
        if whole is None or whole.resumes is None or raw.held is None:
            continue
        earlier = by_name[whole.resumes]
        place = f"{raw.name} resumes {earlier.name}"
        if earlier.held is None:
            faults.append(f"{place}, which cannot be read, so copies cannot be told; restore it or remove resumes")
            continue
        if log is not None and log.is_left_out(earlier.name) and not log.is_excluded(raw.name):
            remedy = "remove resumes, so that its own copies of the first cycles count, or exclude single cycles"
            faults.append(f"{place}, which is excluded as a whole; {remedy}")
            continue
        expected = min(raw.held.cycles, earlier.held.cycles)
        same = _identical_leading_cycles(raw.held, earlier.held)
        if same < expected:
            remedy = "correct resumes, or remove it and exclude what was measured twice"
            faults.append(f"{place}: cycle {same} of both differs, expected {expected} identical ones; {remedy}")
        elif same == raw.held.cycles:
            faults.append(f"{place}, but adds no cycle to it: all {same} are copies; exclude it with a reason")
        else:
            copies[raw.name] = same
    return copies, faults


def _identical_leading_cycles(later: Held, earlier: Held) -> int:
    shared = min(later.cycles, earlier.cycles)
    return next((cycle for cycle in range(shared) if later.contents[cycle] != earlier.contents[cycle]), shared)


def _undeclared_copies(cycles: Sequence[Cycle]) -> list[str]:
    """Name each pair of files that holds the same cycle twice, excluded ones left aside."""
    first_of: dict[bytes, Cycle] = {}
    pairs: dict[tuple[str, str], list[tuple[Cycle, Cycle]]] = {}
    for cycle in cycles:
        content = None if cycle.excluded or cycle.raw.held is None else cycle.raw.held.contents[cycle.index]
        if content is None:
            continue
        other = first_of.setdefault(content, cycle)
        if other.raw.name != cycle.raw.name:
            earlier, later = sorted((other, cycle), key=_by_length)
            pairs.setdefault((earlier.raw.name, later.raw.name), []).append((earlier, later))
    return [_copies_fault(found) for found in pairs.values()]


def _copies_fault(pairs: Sequence[tuple[Cycle, Cycle]]) -> str:
    """Return what is wrong and what to do about cycles of a file that are also in another one."""
    earlier, later = (cycle.raw.name for cycle in pairs[0])
    shared = _spans([cycle.index for _, cycle in pairs])
    remedy = "exclude one of them"
    if _cycles_held(pairs[0][1]) > _cycles_held(pairs[0][0]):  # who adds no cycle resumes nothing
        remedy = f"if the profile was resumed, write {earlier} under resumes in the log's row of {later}, else {remedy}"
    return f"{later}: cycle {shared} is bit-identical to one of {earlier} and would count twice; {remedy}"


def _by_length(cycle: Cycle) -> tuple[int, list[tuple[int, str]], str]:
    """Return a key that puts a file behind the one that it resumes: it holds more cycles."""
    return _cycles_held(cycle), _natural(Path(cycle.raw.name).stem), cycle.raw.name


def _cycles_held(cycle: Cycle) -> int:
    return 0 if cycle.raw.held is None else cycle.raw.held.cycles


def _content(measurement: Measurement, cycle: int) -> bytes | None:
    """Return a hash of all regions of a cycle, None where every count is zero."""
    digest, dark = sha256(), True
    for region in measurement.regions:
        intensity = region.intensity_cps[cycle]
        dark = dark and not intensity.any()
        digest.update(f"{region.name}\0{region.start_ev!r}\0{region.step_ev!r}\0{intensity.dtype}\0".encode())
        digest.update(intensity.tobytes())
    return None if dark else digest.digest()


def region_faults(cycles: Sequence[Cycle], regions: Mapping[str, object]) -> list[str]:
    """Return a sentence for each of the experiment's region names that no kept file holds."""
    held: dict[str, None] = {}
    for cycle in cycles:
        if cycle.raw.held is not None and not cycle.excluded:
            held.update(dict.fromkeys(cycle.raw.held.regions))
    faults = []
    for name in regions:
        if held and name not in held:
            hint = near(name, (other for other in held if other not in regions))
            faults.append(f"regions: no raw file holds a region {name!r}{hint}; files hold {', '.join(held)}")
    return faults
