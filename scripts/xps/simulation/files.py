"""A simulated series as files: PHI spectrum files, the operator's log, checksums.

Everything is made in memory first; only ``write_series`` touches a disk, and it can be told any raw root.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xps import provenance, versaprobe
from xps.errors import ConfigError
from xps.simulation.plan import Plan, RegionPlan
from xps.simulation.signal import expected_cps, noise
from xps.simulation.truth import TrueLine
from xps.spectra import Measurement, Region

LOG_COLUMNS = (
    "file",
    "cycle",
    "started_at",
    "ended_at",
    "plating_time_s",
    "rest_time_s",
    "sputter_time_s",
    "plating_current_ua",
    "pressure_pa",
    "exclude",
    "reason",
    "resumes",
)
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
    shots = _shots(plan, truth)
    files: dict[str, bytes] = {}
    if plan.file_type == "depth_profile":
        files[f"{plan.file_prefix}.pro"] = versaprobe.write(_measurement(plan, f"{plan.file_prefix}.pro", shots))
        entries = [_log_entry(plan, f"{plan.file_prefix}.pro", shot, cycle) for cycle, shot in enumerate(shots)]
    else:
        entries = []
        for shot in shots:
            name = f"{plan.file_prefix}_{shot.time_min:03.0f}min.spe"
            if name in files:
                raise ConfigError.of(f"simulation of {plan.experiment}", [f"two acquisitions would be called {name}"])
            files[name] = versaprobe.write(_measurement(plan, name, [shot]))
            entries.append(_log_entry(plan, name, shot, None))
    files[LOG_NAME] = _delimited(LOG_COLUMNS, entries, ",")
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
    return _delimited(CHECKSUM_COLUMNS, sorted([*kept, *own], key=lambda row: row["path"]), "\t")


@dataclass(frozen=True, slots=True)
class _Shot:
    """One acquisition with its true lines by region."""

    row: int
    time_min: float
    lines: Mapping[str, Sequence[TrueLine]]

    @property
    def start_min(self) -> float:
        return min(line.start_min for found in self.lines.values() for line in found)

    @property
    def end_min(self) -> float:
        return max(line.end_min for found in self.lines.values() for line in found)


def _shots(plan: Plan, truth: Sequence[TrueLine]) -> list[_Shot]:
    """Return the acquisitions of ``plan``, or refuse every region without a true line."""
    faults, shots = [], []
    for row in plan.rows:
        lines = {
            region.name: [line for line in truth if (line.row, line.region) == (row, region.name)]
            for region in plan.regions_of(row)
        }
        faults += [f"row {row}, region {name}: no true line" for name, found in lines.items() if not found]
        every = [line for found in lines.values() for line in found]
        if every:
            shots.append(_Shot(row, every[0].time_min, lines))
    if faults:
        raise ConfigError.of(f"simulation of {plan.experiment} from {plan.truth}", faults)
    return shots


def _measurement(plan: Plan, name: str, shots: Sequence[_Shot]) -> Measurement:
    """Return the file ``name`` with a cycle per shot."""
    planned = plan.regions_of(shots[0].row)
    regions = tuple(_region(plan, shots, number, region) for number, region in enumerate(planned, start=1))
    instrument, day = plan.instrument, _clock(plan, shots[0].start_min).date()
    profile = plan.file_type == "depth_profile"
    return Measurement(
        name=name,
        file_type=plan.file_type,
        technique="XPS",
        header=_header_lines(plan, name, shots),
        regions=regions,
        sputter_time_s=np.array([shot.time_min * 60.0 for shot in shots]) if profile else None,
        photon_energy_ev=instrument.photon_energy_ev,
        work_function_ev=instrument.work_function_ev,
        transmission_a=instrument.transmission_a,
        transmission_b=instrument.transmission_b,
        source_analyser_angle_deg=instrument.source_analyser_angle_deg,
        emission_angle_deg=instrument.emission_angle_deg,
        neutraliser_current_ua=0.0,
        instrument=instrument.model,
        software=instrument.software,
        file_date=day,
        acquisition_date=day,
        simulated=True,
    )


def _header_lines(plan: Plan, name: str, shots: Sequence[_Shot]) -> tuple[tuple[str, str], ...]:
    """Return the lines that no field of a Measurement stands behind; the writer adds those of the fields.

    Keys are those of public VersaProbe II and 4 files. Time per step × sweeps gives the time per channel, as there.
    """
    instrument = plan.instrument
    rows = f"row {shots[0].row}" if len(shots) == 1 else f"rows {shots[0].row} to {shots[-1].row}"
    return (
        ("TechniqueEx", "XPS"),
        ("FileDesc", f"SIMULATED {plan.experiment}, {rows} of {plan.truth}, seed {plan.seed}; not measured"),
        ("AcqFilename", name),
        ("Institution", "SIMULATED"),
        ("ExperimentID", plan.experiment),
        ("DelayBeforeAcquire", f"{instrument.delay_before_region_s:g} seconds"),
        ("SurvNumCycles", "1"),
        ("SurvTimePerStep", f"{instrument.seconds_per_sweep * 1000.0:.6f}"),
        ("EgunNeutMode", "Off"),
        ("AutoEGunNeut", "no"),
    )


def _region(plan: Plan, shots: Sequence[_Shot], number: int, region: RegionPlan) -> Region:
    time_s = plan.instrument.time_per_channel_s(region)
    counts = np.stack([_counts(plan, shot, region, time_s) for shot in shots])
    return Region(
        number=number,
        name=region.name,
        raw_name=region.name,
        atomic_number=region.atomic_number,
        energy_scale="binding",
        start_ev=region.high_ev,
        step_ev=-region.step_ev,
        channels=region.channels,
        time_per_channel_s=time_s,
        sweeps=plan.instrument.sweeps(region),
        pass_energy_ev=plan.pass_energy_ev(region),
        intensity_cps=(counts / time_s).astype(np.float32),
    )


def _counts(plan: Plan, shot: _Shot, region: RegionPlan, time_s: float) -> NDArray[np.int64]:
    expected = expected_cps(region, shot.lines[region.name], plan.shirley_per_ev) * time_s
    return noise(plan.experiment, shot.row, region.name, plan.seed).poisson(expected)


def _log_entry(plan: Plan, name: str, shot: _Shot, cycle: int | None) -> dict[str, str]:
    current = plan.log.plating_current_ua
    return {
        **dict.fromkeys(LOG_COLUMNS, ""),
        "file": name,
        "cycle": "" if cycle is None else str(cycle),
        "started_at": _clock(plan, shot.start_min).isoformat(),
        "ended_at": _clock(plan, shot.end_min).isoformat(),
        plan.log.axis: repr(round(shot.time_min * 60.0, 3)),
        "plating_current_ua": "" if current is None else repr(float(current)),
        "pressure_pa": repr(float(plan.log.pressure_pa)),
    }


def _clock(plan: Plan, minute: float) -> datetime:
    return datetime.fromisoformat(plan.log.first_start) + timedelta(minutes=minute)


def _delimited(columns: Sequence[str], rows: Iterable[Mapping[str, str]], delimiter: str) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8")
