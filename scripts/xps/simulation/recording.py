"""One acquisition, or the cycles of a profile, as an instrument file: counts with noise, header, line of the log."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

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


@dataclass(frozen=True, slots=True)
class Exposure:
    """One acquisition with its true lines by region."""

    row: int
    time_min: float
    lines: Mapping[str, Sequence[TrueLine]]

    @property
    def start_min(self) -> float:
        """Return the start of its first region on the wall clock of the series (min)."""
        return min(line.start_min for found in self.lines.values() for line in found)

    @property
    def end_min(self) -> float:
        """Return the end of its last region on the wall clock of the series (min)."""
        return max(line.end_min for found in self.lines.values() for line in found)


def exposures(plan: Plan, truth: Iterable[TrueLine]) -> list[Exposure]:
    """Return the acquisitions of ``plan`` with their lines of ``truth``.

    Raises ConfigError with every region of an acquisition that has no true line.
    """
    by_row: dict[int, list[TrueLine]] = {row: [] for row in plan.rows}
    for line in truth:
        if line.row in by_row:
            by_row[line.row].append(line)
    faults = [
        f"row {row}, region {region.name}: no true line"
        for row, lines in by_row.items()
        for region in plan.regions_of(row)
        if not any(line.region == region.name for line in lines)
    ]
    if faults:
        raise ConfigError.of(f"simulation of {plan.experiment} from {plan.truth}", faults)
    return [exposure(plan, lines) for lines in by_row.values()]


def exposure(plan: Plan, lines: Sequence[TrueLine]) -> Exposure:
    """Return the acquisition whose true ``lines`` these are, in the order of the plan's regions."""
    row = lines[0].row
    by_region = {region.name: [line for line in lines if line.region == region.name] for region in plan.regions_of(row)}
    return Exposure(row, lines[0].time_min, by_region)


def measurement(plan: Plan, name: str, shots: Sequence[Exposure]) -> Measurement:
    """Return the file ``name`` with a cycle per shot; a single shot makes a plain spectrum.

    ASSUME a profile without sputtering says that nothing was sputtered before any cycle: no real one was seen.
    """
    planned = plan.regions_of(shots[0].row)
    regions = tuple(_region(plan, shots, number, region) for number, region in enumerate(planned, start=1))
    instrument, day = plan.instrument, clock(plan, shots[0].start_min).date()
    profile, seconds = plan.file_type == "depth_profile", 60.0 if plan.log.axis == "sputter_time_s" else 0.0
    return Measurement(
        name=name,
        file_type=plan.file_type,
        technique="XPS",
        header=_header_lines(plan, name, shots),
        regions=regions,
        sputter_time_s=np.array([shot.time_min * seconds for shot in shots]) if profile else None,
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


def _header_lines(plan: Plan, name: str, shots: Sequence[Exposure]) -> tuple[tuple[str, str], ...]:
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
        ("SurvTimePerStep", f"{instrument.seconds_per_sweep * instrument.counting_share * 1000.0:.6f}"),
        ("EgunNeutMode", "Off"),
        ("AutoEGunNeut", "no"),
    )


def _region(plan: Plan, shots: Sequence[Exposure], number: int, region: RegionPlan) -> Region:
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


def _counts(plan: Plan, shot: Exposure, region: RegionPlan, time_s: float) -> NDArray[np.int64]:
    expected = expected_cps(region, shot.lines[region.name], plan.shirley_per_ev, plan.background) * time_s
    return noise(plan.experiment, shot.row, region.name, plan.seed).poisson(expected)


def log_entry(plan: Plan, name: str, shot: Exposure, cycle: int | None) -> dict[str, str]:
    """Return the operator's line on one acquisition: a file, or a ``cycle`` of it."""
    current = plan.log.plating_current_ua
    return {
        **dict.fromkeys(LOG_COLUMNS, ""),
        "file": name,
        "cycle": "" if cycle is None else str(cycle),
        "started_at": clock(plan, shot.start_min).isoformat(),
        "ended_at": clock(plan, shot.end_min).isoformat(),
        plan.log.axis: repr(round(shot.time_min * 60.0, 3)),
        "plating_current_ua": "" if current is None else repr(float(current)),
        "pressure_pa": repr(float(plan.log.pressure_pa)),
    }


def clock(plan: Plan, minute: float) -> datetime:
    """Return the wall clock at ``minute`` of the series, to the tenth of a second."""
    return datetime.fromisoformat(plan.log.first_start) + timedelta(seconds=round(minute * 60.0, 1))
