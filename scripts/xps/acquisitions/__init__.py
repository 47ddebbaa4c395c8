"""Stage parse_spectra: raw files and the operator's log become the tables ``acquisitions`` and ``spectra``.

``assemble`` is the front door. An acquisition is one cycle of the series: a .spe file, or one cycle of a .pro; they are
numbered from 0 in the order of the log (without a log: natural order of the file names, then cycles).
All that is wrong with log and files together comes out in one ConfigError; a raw file that cannot be read and is not
excluded is a RawFileError.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from xps import tables
from xps.acquisitions import cycles, log, rows
from xps.acquisitions.log_rows import Log
from xps.errors import ConfigError, RawFileError
from xps.provenance import bytes_sha256

__all__ = ["Parsed", "assemble"]


_LOGGER = logging.getLogger("xps.acquisitions")
# Acquisitions whose rows are in memory at once.
_PIECE = 64


@dataclass(frozen=True, slots=True)
class Parsed:
    """What one experiment's raw files say: two tables, whole or in parts, and the files they come from.

    The files have been judged; their intensities are read again with the tables, one file at a time.
    """

    experiment: str
    settings: Mapping[str, Any]
    cycles: Sequence[cycles.Cycle]
    sources: tuple[tuple[str, str], ...]
    """Logical path ``raw:<path under the raw root>`` and SHA-256 of every file read, the log included."""

    @property
    def acquisitions(self) -> pa.Table:
        """Table ``acquisitions``: one row per region of each acquisition."""
        return self._whole("acquisitions")

    @property
    def spectra(self) -> pa.Table:
        """Table ``spectra``: one row per channel."""
        return self._whole("spectra")

    def _whole(self, name: str) -> pa.Table:
        return tables.concatenate(name, [part[name] for part in self.parts()])

    def parts(self) -> Iterator[dict[str, pa.Table]]:
        """Yield the rows of both tables, by name, those of some acquisitions at a time; one file is in memory.

        Each warning of a file is logged once. Raises RawFileError when a file has changed since it was judged.
        """
        told: set[tuple[str, str]] = set()
        expected = rows.regions_of_series(self.cycles, self.settings["regions"])
        placed = rows.place(self.cycles)
        while piece := list(islice(placed, _PIECE)):
            acquired = rows.acquisitions_table(self.experiment, self.settings, piece, expected)
            _log_warnings(acquired, told)
            yield {"acquisitions": acquired, "spectra": rows.spectra_table(self.experiment, piece)}


def _log_warnings(acquired: pa.Table, told: set[tuple[str, str]]) -> None:
    """Log what the rows warn of, but for what was ``told`` of the same file before."""
    files, warnings = acquired["source_file"].to_pylist(), acquired["warnings"].to_pylist()
    for file, sentences in zip(files, warnings, strict=True):
        for warning in sentences:
            if (file, warning) not in told:
                told.add((file, warning))
                _LOGGER.warning("%s: %s", file, warning)


def assemble(experiment: str, settings: Mapping[str, Any], files: Sequence[Path], raw_root: Path) -> Parsed:
    """Return the tables of ``experiment`` from its raw ``files``, which lie under ``raw_root``.

    Of the experiment's ``settings``, ``source``, ``regions`` and ``data_origin`` are used.
    Raises ConfigError with every fault of the log and of what files and settings say together, RawFileError with every
    file that cannot be read and is not excluded.
    """
    place = f"experiment {experiment}"
    sources = {path: _logical(path, raw_root) for path in files}
    if not files:
        raise ConfigError(f"{place}: there are no raw files; expected some that match {settings['source']['files']}")
    read_log, log_source = _read_log(settings["source"], files, raw_root)
    raw_files = _read_all(cycles.in_order(files, read_log), sources, read_log)
    found, faults = cycles.series(raw_files, read_log)
    faults += _origin_faults(raw_files, settings["data_origin"])
    faults += cycles.region_faults(found, settings["regions"])
    if all(cycle.excluded for cycle in found):
        faults.append("every acquisition is excluded, nothing is left to analyse")
    if faults:
        raise ConfigError.of(place, faults)
    read = tuple(sorted([*((raw.source, raw.sha256) for raw in raw_files), *log_source]))
    return Parsed(experiment, settings, found, read)


def _logical(path: Path, raw_root: Path) -> str:
    """Return ``raw:<path under the raw root>``; a path or link that leaves the root is refused."""
    if raw_root.resolve() not in path.resolve().parents:
        raise ConfigError(
            f"{path}: lies outside the raw root {raw_root}, or is a link that leaves it; put the file there"
        )
    try:
        relative = path.absolute().relative_to(raw_root.absolute())
    except ValueError:
        relative = path.resolve().relative_to(raw_root.resolve())
    return f"raw:{relative.as_posix()}"


def _read_log(
    source: Mapping[str, Any], files: Sequence[Path], raw_root: Path
) -> tuple[Log | None, list[tuple[str, str]]]:
    """Return the checked log, or None where the experiment has none, and its logical path with its hash."""
    if source["log"] is None:
        return None, []
    path = raw_root / source["folder"] / source["log"]
    logical = _logical(path, raw_root)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path}: the operator's log cannot be read ({error.strerror}); see raw/README.md") from None
    present = [item.name for item in files]
    return log.parse(data, str(path), present), [(logical, bytes_sha256(data))]


def _read_all(paths: Sequence[Path], sources: Mapping[Path, str], read_log: Log | None) -> list[cycles.RawFile]:
    """Return all files, or refuse all that cannot be used in one RawFileError."""
    found, refusals = [], []
    for path in paths:
        try:
            found.append(cycles.read(path, sources[path], read_log))
        except RawFileError as error:
            refusals.append(str(error))
    if refusals:
        raise RawFileError("\n".join(refusals))
    return found


def _origin_faults(raw_files: Sequence[cycles.RawFile], declared: str) -> list[str]:
    """Compare each header's mark with the experiment's ``data_origin``: the two kinds are never mixed silently."""
    faults = []
    for raw in raw_files:
        if raw.held is not None and raw.held.simulated != (declared == "simulated"):
            mark = "is marked SIMULATED in its header" if raw.held.simulated else "carries no mark SIMULATED"
            faults.append(f"{raw.name} {mark}, but data_origin is {declared}; correct data_origin or move the file")
    return faults
