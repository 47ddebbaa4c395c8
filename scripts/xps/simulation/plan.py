"""How a simulated series is recorded: instrument, regions, log, replicate; checked when made from settings.

The shape of the settings is declared in config/schema/simulation*.schema.yaml; here is what makes sense of them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from xps.errors import ConfigError

SURVEY = 111  # what a PHI header gives as atomic number of a survey
FileType = Literal["spectrum", "depth_profile"]
Background = Literal["shirley", "tougaard"]


@dataclass(frozen=True, slots=True)
class RegionPlan:
    """How one region is recorded: energies in eV on the recorded axis, window in min, background in cps."""

    name: str
    atomic_number: int
    high_ev: float
    low_ev: float
    step_ev: float
    minutes: float
    constant_background_cps: float
    snapshots: int | None = None
    """At how many moments of its window the sample is looked at; None: as many as are needed."""
    rows: tuple[int, ...] | None = None
    """The acquisitions that hold the region, None: all of them."""

    @property
    def is_survey(self) -> bool:
        """Return whether the region is a survey: a wide window that holds the lines of all narrow ones."""
        return self.atomic_number == SURVEY

    @property
    def channels(self) -> int:
        """Number of channels, both ends included."""
        return round((self.high_ev - self.low_ev) / self.step_ev) + 1


@dataclass(frozen=True, slots=True)
class Instrument:
    """What the header says about the spectrometer; the schema of the simulation file gives units and meaning."""

    model: str
    software: str
    photon_energy_ev: float
    work_function_ev: float
    transmission_a: float
    transmission_b: float
    source_analyser_angle_deg: float
    emission_angle_deg: float
    pass_energy_ev: float
    resolution_fwhm_ev: float
    survey_pass_energy_ev: float
    survey_resolution_fwhm_ev: float
    seconds_per_sweep: float
    delay_before_region_s: float
    counting_share: float = 1.0
    """Share of each sweep's time in which the detector counts."""

    def transmission(self, kinetic_energy_ev: float, survey: bool = False) -> float:
        """Return the transmission over that of slow electrons at the narrow pass energy.

        T = PE (a² / (a² + (KE/PE)²))^b, the formula behind ``IntensityCalCoeff: a b`` of the header.
        """
        pass_ev = self.survey_pass_energy_ev if survey else self.pass_energy_ev
        a2 = self.transmission_a**2
        return float(
            pass_ev / self.pass_energy_ev * (a2 / (a2 + (kinetic_energy_ev / pass_ev) ** 2)) ** self.transmission_b
        )

    def sweeps(self, plan: RegionPlan) -> int:
        """Return how many whole sweeps of ``plan`` fit into its window after the delay (0: not even one)."""
        available_s = plan.minutes * 60.0 - self.delay_before_region_s
        return math.floor(available_s / (plan.channels * self.seconds_per_sweep) + 1e-9)

    def time_per_channel_s(self, plan: RegionPlan) -> float:
        """Return the counting time of one channel over all sweeps (s)."""
        return round(self.sweeps(plan) * self.seconds_per_sweep * self.counting_share, 6)  # as written in the header


@dataclass(frozen=True, slots=True)
class LogPlan:
    """What the operator's log says: wall clock at minute 0 (ISO 8601), axis column, current (µA), pressure (Pa)."""

    first_start: str
    axis: str
    plating_current_ua: float | None
    pressure_pa: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything but the truth: which acquisitions and regions are written, and how."""

    experiment: str
    truth: str
    rows: tuple[int, ...]
    file_prefix: str
    seed: int
    log: LogPlan
    instrument: Instrument
    shirley_per_ev: float
    regions: tuple[RegionPlan, ...]
    file_type: FileType = "spectrum"
    """``spectrum``: a .spe file per acquisition; ``depth_profile``: one .pro with an acquisition per cycle."""

    background: Background = "shirley"
    reversed_rows: tuple[int, ...] = ()
    """Acquisitions that take their regions in reverse order."""

    def order_of(self, row: int) -> tuple[RegionPlan, ...]:
        """Return all regions in the order in which acquisition ``row`` has time for them, taken or not."""
        return self.regions[::-1] if row in self.reversed_rows else self.regions

    def regions_of(self, row: int) -> tuple[RegionPlan, ...]:
        """Return the regions that acquisition ``row`` holds, in the order in which they are acquired."""
        return tuple(region for region in self.order_of(row) if region.rows is None or row in region.rows)

    def pass_energy_ev(self, region: RegionPlan) -> float:
        """Return the pass energy at which ``region`` is acquired (eV)."""
        return self.instrument.survey_pass_energy_ev if region.is_survey else self.instrument.pass_energy_ev


def plan_from(settings: Mapping[str, Any]) -> Plan:
    """Return the plan that ``settings`` (see ``simulation.load_settings``) describe; ConfigError lists all faults."""
    regions = tuple(
        RegionPlan(**{**region, "rows": None if region.get("rows") is None else tuple(region["rows"])})
        for region in settings["regions"]
    )
    instrument = Instrument(**settings["instrument"])
    plan = Plan(
        experiment=settings["experiment"],
        truth=settings["truth"],
        rows=tuple(settings.get("rows", range(len(settings["times_min"])))),
        file_prefix=settings["file_prefix"],
        seed=settings["seed"],
        log=LogPlan(**settings["log"]),
        instrument=instrument,
        shirley_per_ev=settings["shirley_per_ev"],
        regions=regions,
        file_type=settings.get("file_type", "spectrum"),
    )
    names = [region.name for region in regions]
    faults = [f"rows: there is no time for row {row}" for row in plan.rows if row >= len(settings["times_min"])]
    faults += [f"region {name} occurs twice" for name in sorted(set(names)) if names.count(name) > 1]
    for region in regions:
        faults += _region_faults(region, instrument)
    faults += [*_row_faults(plan), *_clock_faults(plan.log.first_start)]
    if faults:
        raise ConfigError.of(f"simulation of {plan.experiment}", faults)
    return plan


def _row_faults(plan: Plan) -> list[str]:
    faults = [
        f"region {region.name}: row {row} is none of the rows {list(plan.rows)}"
        for region in plan.regions
        for row in region.rows or ()
        if row not in plan.rows
    ]
    if plan.file_type == "depth_profile":
        faults += [
            f"region {region.name}: all cycles of a depth profile hold the same regions, rows is not for it"
            for region in plan.regions
            if region.rows is not None
        ]
    return faults


def _clock_faults(first_start: str) -> list[str]:
    try:
        datetime.fromisoformat(first_start)
    except ValueError as error:
        return [f"log.first_start: {first_start!r} is no time of the calendar ({error})"]
    return []


def _region_faults(region: RegionPlan, instrument: Instrument) -> list[str]:
    if region.high_ev <= region.low_ev:
        return [f"region {region.name}: high_ev {region.high_ev} is not above low_ev {region.low_ev}"]
    faults = []
    if not math.isclose((region.channels - 1) * region.step_ev, region.high_ev - region.low_ev, rel_tol=1e-9):
        faults.append(f"region {region.name}: {region.high_ev} to {region.low_ev} eV is no multiple of the step")
    if instrument.sweeps(region) < 1:
        faults.append(f"region {region.name}: {region.minutes} min are too short for one sweep")
    return faults
