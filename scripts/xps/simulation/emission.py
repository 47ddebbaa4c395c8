"""What the analyser sees of a sample: layers → area of every line, averaged over each region's own window.

From outside: carbon | on a share of the area: mixed oxide, lithium | skin | interphase | substrate. An element's area
is K σ T Σ n × (nm that the line shows of each phase), see ``attenuation.stack_lengths_nm``.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xps import attenuation
from xps.simulation.growth import Layers, Sample, Shot, Trajectory, evolve, schedule
from xps.simulation.matter import CARBON, HYDROXIDE, LITHIUM, OXIDE, Emitter, Matter
from xps.simulation.plan import Plan, RegionPlan
from xps.simulation.signal import noise, survey_lines
from xps.simulation.truth import TrueLine

Floats = NDArray[np.float64]

_SNAPSHOT_MIN = 0.05
_FAINTEST_CPS_EV = 0.05  # half of the last digit of a truth table


@dataclass(frozen=True, slots=True)
class Charging:
    """Recorded minus true binding energy: from ``start_ev`` to ``end_ev`` in time, scattered about it per region."""

    start_ev: float
    end_ev: float
    settling_min: float
    spread_ev: float
    drift_ev_per_h: float = 0.0
    """Within an acquisition, from its first region on."""

    def shift_ev(self, time_min: float, scatter: float, passed_min: float) -> float:
        """Return the shift after ``time_min``, ``passed_min`` into the acquisition.

        ``scatter`` is a standard normal number.
        """
        settled = math.exp(-time_min / self.settling_min)
        course = self.end_ev + (self.start_ev - self.end_ev) * settled
        return course + self.spread_ev * scatter + self.drift_ev_per_h * passed_min / 60.0


@dataclass(frozen=True, slots=True)
class Setup:
    """A series to simulate from physics."""

    plan: Plan
    matter: Matter
    sample: Sample
    charging: Charging
    times_min: tuple[float, ...]
    doses: bool
    """Times are cumulated doses; otherwise starts on the wall clock."""

    def shots(self) -> Iterator[Shot]:
        """Yield when each acquisition is made; every region keeps its minutes, also where it is not taken."""
        return schedule(self.times_min, sum(region.minutes for region in self.plan.regions), self.doses)


def truth_of(setup: Setup) -> Iterator[tuple[TrueLine, ...]]:
    """Yield the true lines of each acquisition in turn; memory does not grow with their number."""
    for trajectory in evolve(setup.matter, setup.sample, setup.shots()):
        windows = _windows(setup, trajectory.shot)
        yield tuple(line for region, start in windows for line in _lines(setup, trajectory, region, start))


def seen_lengths_nm(
    matter: Matter, sample: Sample, layers: Layers, line: str, emission_angle_deg: float
) -> dict[str, Floats]:
    """Return how many nm of each phase ``line`` shows, by phase; arrays of the shape of ``layers``."""

    def length(phase: str) -> float:
        return matter.length_nm(phase, line, emission_angle_deg)

    interphase = sample.interphase or sample.substrate
    cover = sample.island_coverage
    local = np.maximum(
        np.asarray(layers.oxide + layers.hydroxide), 1e-300
    )  # keeps the shares of an absent oxide finite
    oxide_share, hydroxide_share = layers.oxide / local, layers.hydroxide / local
    mixed = np.where(
        layers.oxide + layers.hydroxide > 0.0, oxide_share * length(OXIDE) + hydroxide_share * length(HYDROXIDE), 1.0
    )
    ground = [
        (layers.skin, np.full_like(local, length(OXIDE))),
        (layers.interphase, np.full_like(local, length(interphase))),
        (np.full_like(local, np.inf), np.full_like(local, length(sample.substrate))),
    ]
    islands = [
        ((layers.oxide + layers.hydroxide) / cover, mixed),
        (layers.lithium / cover, np.full_like(local, length(LITHIUM))),
    ]
    carbon = (layers.carbon, np.full_like(local, length(CARBON)))
    bare, covered = _stack([carbon, *ground]), _stack([carbon, *islands, *ground])
    below = (1.0 - cover) * bare[1:] + cover * covered[3:]
    seen = {
        CARBON: bare[0],
        OXIDE: cover * covered[1] * oxide_share + below[0],
        HYDROXIDE: cover * covered[1] * hydroxide_share,
        LITHIUM: cover * covered[2],
    }
    for phase, found in ((interphase, below[1]), (sample.substrate, below[2])):
        seen[phase] = seen.get(phase, 0.0) + found
    return seen


def _stack(layers: Sequence[tuple[Floats, Floats]]) -> Floats:
    return attenuation.stack_lengths_nm(
        np.stack([layer[0] for layer in layers]), np.stack([layer[1] for layer in layers])
    )


def _windows(setup: Setup, shot: Shot) -> list[tuple[RegionPlan, float]]:
    """Return the regions that are taken, with their start on the wall clock (min)."""
    order, held = setup.plan.order_of(shot.row), setup.plan.regions_of(shot.row)
    starts = np.cumsum([0.0, *(region.minutes for region in order)])
    return [
        (region, shot.start_min + float(start)) for region, start in zip(order, starts, strict=False) if region in held
    ]


def _lines(setup: Setup, trajectory: Trajectory, region: RegionPlan, start_min: float) -> list[TrueLine]:
    """Return the true lines of one region: its own core levels, or all of them in a survey."""
    matter, shot = setup.matter, trajectory.shot
    dose = setup.sample.earlier_dose_min + (shot.time_min if setup.doses else 0.0)
    layers = _snapshots(trajectory, start_min, region)
    scatter = _scatter(setup.plan, shot.row, region.name)
    shift = setup.charging.shift_ev(shot.time_min, scatter, start_min - shot.start_min)
    seen: dict[str, Mapping[str, Floats]] = {}
    found = []
    for emitter in matter.emitters:
        level = matter.lines[emitter.line]
        if level.region != region.name and not region.is_survey:
            continue
        if emitter.line not in seen:
            angle = setup.plan.instrument.emission_angle_deg
            seen[emitter.line] = seen_lengths_nm(matter, setup.sample, layers, emitter.line, angle)
        area = _area(setup, emitter, seen[emitter.line], start_min) * emitter.part(dose)
        if area >= _FAINTEST_CPS_EV:
            found.append(
                TrueLine(
                    shot.row,
                    shot.time_min,
                    region.name,
                    emitter.line,
                    emitter.species,
                    matter.position_ev(emitter, dose),
                    shift,
                    emitter.fwhm_ev,
                    level.lorentzian_fwhm_ev,
                    level.splitting_ev,
                    level.area_ratio,
                    area,
                    start_min,
                    start_min + region.minutes,
                )
            )
    return survey_lines(setup.plan, found) if region.is_survey else found


def _area(setup: Setup, emitter: Emitter, seen: Mapping[str, Floats], start_min: float) -> float:
    """Return the mean area (cps eV) of all atoms that ``emitter`` counts, as recorded at the narrow pass energy."""
    matter, level = setup.matter, setup.matter.lines[emitter.line]
    atoms_nm2 = 0.0
    for phase in emitter.phases:
        if phase in seen:
            left = math.exp(-setup.sample.damage_per_h * start_min / 60.0) if phase == setup.sample.substrate else 1.0
            atoms_nm2 += left * matter.phases[phase].atoms_per_nm3[emitter.element] * float(np.mean(seen[phase]))
    return (
        matter.cps_ev_per_atom_nm2
        * level.cross_section
        * setup.plan.instrument.transmission(level.kinetic_energy_ev)
        * atoms_nm2
    )


def _snapshots(trajectory: Trajectory, start_min: float, region: RegionPlan) -> Layers:
    """Return the layers at the beginning of equal parts of the region's window."""
    count = region.snapshots or max(1, round(region.minutes / _SNAPSHOT_MIN))
    times = start_min + region.minutes * np.arange(count) / count
    return Layers(*(np.interp(times, trajectory.time_min, values) for values in trajectory.layers))


def _scatter(plan: Plan, row: int, region: str) -> float:
    """Return the standard normal number that moves the energy axis of one region."""
    return float(noise(plan.experiment, row, f"{region} charge", plan.seed).standard_normal())
