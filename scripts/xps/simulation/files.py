"""A simulated series as files: PHI spectrum files, the operator's log, checksums.

Everything is made in memory first; only ``write_series`` touches a disk, and it can be told any raw root.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xps import provenance, versaprobe
from xps.errors import ConfigError
from xps.simulation.plan import Plan
from xps.simulation.recording import LOG_COLUMNS, exposures, log_entry, measurement
from xps.simulation.truth import TrueLine

CHECKSUM_COLUMNS = ("path", "sha256", "bytes", "data_origin")
LOG_NAME = "acquisitions.csv"
CHECKSUMS_NAME = "checksums.tsv"


@dataclass(frozen=True, slots=True)
class Series:
    """A simulated series in memory: the name of its folder and its files' bytes by name, the log among them."""

    experiment: str
    files: Mapping[str, bytes]


def simulate(plan: Plan, truth: Sequence[TrueLine]) -> Series:
    """Return the series that ``plan`` makes of ``truth``; the same arguments give the same bytes.

    Raises ConfigError listing every region of an acquisition that has no true line.
    """
    shots = exposures(plan, truth)
    files: dict[str, bytes] = {}
    if plan.file_type == "depth_profile":
        files[f"{plan.file_prefix}.pro"] = versaprobe.write(measurement(plan, f"{plan.file_prefix}.pro", shots))
        entries = [log_entry(plan, f"{plan.file_prefix}.pro", shot, cycle) for cycle, shot in enumerate(shots)]
    else:
        entries = []
        for shot in shots:
            name = f"{plan.file_prefix}_{shot.time_min:03.0f}min.spe"
            if name in files:
                raise ConfigError.of(f"simulation of {plan.experiment}", [f"two acquisitions would be called {name}"])
            files[name] = versaprobe.write(measurement(plan, name, [shot]))
            entries.append(log_entry(plan, name, shot, None))
    files[LOG_NAME] = delimited(LOG_COLUMNS, entries, ",")
    return Series(plan.experiment, files)


def write_series(series: Series, raw_root: Path) -> list[Path]:
    """Write ``series`` to ``raw_root``/<experiment>, bring ``raw_root``/checksums.tsv up to date; return all paths.

    Files of an earlier series that are no longer part of it are refused, not deleted: ConfigError names them.
    """
    folder = raw_root / series.experiment
    present_names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    strangers = sorted(present_names - set(series.files))
    if strangers:
        faults = [f"{name} is no part of the simulated series; remove it" for name in strangers]
        raise ConfigError.of(str(folder), faults)
    for name, data in series.files.items():
        provenance.write_atomically(folder / name, data)
    checksums = raw_root / CHECKSUMS_NAME
    present = checksums.read_text(encoding="utf-8") if checksums.exists() else ""
    provenance.write_atomically(checksums, checksums_with(present, series))
    return [*(folder / name for name in series.files), checksums]


def checksums_with(present: str, series: Series) -> bytes:
    """Return the text of checksums.tsv with the rows of ``series`` renewed, sorted by path."""
    prefix = f"{series.experiment}/"
    kept = [row for row in csv.DictReader(io.StringIO(present), delimiter="\t") if not row["path"].startswith(prefix)]
    own = [
        {
            "path": prefix + name,
            "sha256": provenance.bytes_sha256(data),
            "bytes": str(len(data)),
            "data_origin": "simulated",
        }
        for name, data in series.files.items()
    ]
    return delimited(CHECKSUM_COLUMNS, sorted([*kept, *own], key=lambda row: row["path"]), "\t")


def delimited(columns: Sequence[str], rows: Iterable[Mapping[str, str]], delimiter: str) -> bytes:
    """Return ``rows`` as text under a line of ``columns``."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")
