"""How a sample changes in time: lithium arrives, makes interphase, is oxidised; oxide and carbon grow on top.

Per unit of area and time, in nm of dense lithium:

    arriving        η I V_Li / (A F) while the electron beam plates, or a sputtering rate
    interphase      r(d) / ν, as long as there is lithium; ν = nm of interphase per nm of lithium
    oxidation       flux of oxygen atoms × unit sticking × share of the area that lithium covers

    Deal-Grove      r(d) = 1 / (1/k + d/K)        a reaction and diffusion through the layer, one after the other
    direct-log      r(d) = k exp(-d/ξ)            electrons tunnel or hop through a layer that does not percolate

Where no lithium is left, residual gas oxidises what conducts lithium: a Li2O skin grows. Sources: Deal & Grove, J.
Appl. Phys. 36, 3770 (1965); unit sticking of oxygen on lithium, Wang, Ross et al. 1996. ASSUME lithium lies in islands
of a fixed coverage on flat layers; the photocurrent that pulls lithium back while the gun is off is left out.
"""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.errors import ConfigError
from xps.simulation.matter import AVOGADRO_PER_NM3, HYDROXIDE, LITHIUM, OXIDE, Matter

Floats = NDArray[np.float64]
LawName = Literal["deal_grove", "direct_log"]

STEP_MIN = 0.1
_FARADAY_C_MOL = 96_485.332
_LITHIUM_PER_OXYGEN = {OXIDE: 2.0, HYDROXIDE: 1.0}


class Layers(NamedTuple):
    """Thicknesses in nm, averaged over the area; arrays of one shape (times), or numbers."""

    interphase: Any
    lithium: Any
    oxide: Any
    hydroxide: Any
    skin: Any
    carbon: Any


class Shot(NamedTuple):
    """When one acquisition is made: after ``dose_min`` more minutes of dose, from start to end on the wall clock."""

    row: int
    time_min: float
    dose_min: float
    start_min: float
    end_min: float


class Trajectory(NamedTuple):
    """What happens during one acquisition."""

    shot: Shot
    time_min: Floats
    layers: Layers


@dataclass(frozen=True, slots=True)
class GrowthLaw:
    """How fast the interphase grows when lithium abounds."""

    law: LawName
    rate_nm_min: float
    """k of both laws."""
    scale: float
    """K of Deal-Grove (nm2/min), ξ of direct-log (nm)."""

    def rate(self, thickness_nm: float) -> float:
        """Return r(d) in nm of interphase per minute."""
        if self.law == "deal_grove":
            return 1.0 / (1.0 / self.rate_nm_min + thickness_nm / self.scale)
        return self.rate_nm_min * math.exp(-thickness_nm / self.scale)


@dataclass(frozen=True, slots=True)
class Supply:
    """Lithium that arrives during a dose: from a beam current, or at a known rate."""

    current_ua: float = 0.0
    area_cm2: float = 1.0
    efficiency: float = 1.0
    """Share of the charge that becomes lithium on the analysed place."""
    rate_nm_min: float = 0.0

    def lithium_nm_min(self, matter: Matter) -> float:
        """Return nm of dense lithium per minute."""
        atoms = matter.phases[LITHIUM].atoms_per_nm3["Li"] / AVOGADRO_PER_NM3  # mol per cm3
        charge = self.efficiency * self.current_ua * 1e-6 * 60.0 / self.area_cm2
        return self.rate_nm_min + charge / _FARADAY_C_MOL / atoms * 1e7


@dataclass(frozen=True, slots=True)
class Sample:
    """What is looked at, what it starts as, and how it changes; the schema of the simulation file gives the units."""

    substrate: str
    pressure_pa: float
    carbon_nm: float
    carbon_growth_nm_min: float
    interphase: str | None = None
    growth: GrowthLaw | None = None
    supply: Supply | None = None
    island_coverage: float = 1.0
    skin_sticking: float = 0.0
    skin_saturation_nm: float = 0.0
    """Thickness of interphase at which all of the surface grows a skin; 0: the substrate itself does."""
    interphase_nm: float = 0.0
    lithium_nm: float = 0.0
    oxide_nm: float = 0.0
    hydroxide_nm: float = 0.0
    earlier_dose_min: float = 0.0
    """Dose before the series: species and positions go on from there."""
    damage_per_h: float = 0.0
    """Share of the substrate's signal that an hour of the series takes away: damage by X-rays, none by default."""

    def faults(self, matter: Matter) -> list[str]:
        """Return what does not fit together in the sample, or does not exist in ``matter``."""
        names = [name for name in (self.substrate, self.interphase) if name is not None]
        found = [f"sample: no phase is called {name!r}" for name in names if name not in matter.phases]
        if self.growth is not None and self.interphase not in matter.interphase_per_lithium:
            found.append(f"sample: {self.interphase!r} cannot grow, it is no mixture with a number of lithium atoms")
        return found


def schedule(times_min: Sequence[float], acquisition_min: float, doses: bool) -> Iterator[Shot]:
    """Yield the acquisitions at ``times_min``, each ``acquisition_min`` long.

    With ``doses``, times are cumulated doses between acquisitions; otherwise they are starts on the wall clock.
    Raises ConfigError where an acquisition would begin before the one before it has ended.
    """
    before = Shot(-1, 0.0, 0.0, 0.0, 0.0)
    for row, time in enumerate(times_min):
        dose = time - before.time_min if doses else 0.0
        start = before.end_min + dose if doses else time
        if dose < 0.0 or start < before.end_min:
            raise ConfigError(
                f"times_min: {time:g} min comes too early; the acquisition before it, at {before.time_min:g} min, "
                f"lasts {acquisition_min:g} min, and times may not fall"
            )
        before = Shot(row, time, dose, start, start + acquisition_min)
        yield before


def evolve(matter: Matter, sample: Sample, shots: Iterable[Shot]) -> Iterator[Trajectory]:
    """Yield for each of ``shots`` the layers over its own time, step by step; nothing earlier is kept.

    Explicit steps of a tenth of a minute; ten times finer ones change no thickness of lagp_vep by more than 0.002 nm.
    """
    state = Layers(sample.interphase_nm, sample.lithium_nm, sample.oxide_nm, sample.hydroxide_nm, 0.0, sample.carbon_nm)
    clock = 0.0
    advance = _stepper(matter, sample)
    supply = 0.0 if sample.supply is None else sample.supply.lithium_nm_min(matter)
    for shot in shots:
        idle = shot.start_min - shot.dose_min - clock
        for duration, arriving in ((idle, 0.0), (shot.dose_min, supply)):
            for _, dt in _steps(duration):
                state = advance(state, arriving, dt)
        times, states = [shot.start_min], [state]
        for passed, dt in _steps(shot.end_min - shot.start_min):
            state = advance(state, 0.0, dt)
            times.append(shot.start_min + passed)
            states.append(state)
        clock = shot.end_min
        yield Trajectory(shot, np.array(times), Layers(*np.array(states).T))


def _steps(duration_min: float) -> Iterator[tuple[float, float]]:
    """Yield (time passed, step) of equal steps near STEP_MIN that fill ``duration_min``."""
    count = round(duration_min / STEP_MIN) or (1 if duration_min > 1e-9 else 0)
    for index in range(count):
        yield duration_min * (index + 1) / count, duration_min / count


def _stepper(matter: Matter, sample: Sample) -> Callable[[Layers, float, float], Layers]:
    """Return the function (layers, lithium arriving in nm/min, step in min) → layers after the step."""
    oxygen = matter.gas.oxygen_per_nm2_min(sample.pressure_pa)
    hydroxide = matter.gas.hydroxide_share
    units = {name: matter.phases[name].atoms_per_nm3["O"] for name in (OXIDE, HYDROXIDE)}
    oxide_rate = sample.island_coverage * oxygen * (1.0 - hydroxide) / units[OXIDE]
    hydroxide_rate = sample.island_coverage * oxygen * hydroxide / units[HYDROXIDE]
    atoms = oxide_rate * units[OXIDE] * _LITHIUM_PER_OXYGEN[OXIDE]
    atoms += hydroxide_rate * units[HYDROXIDE] * _LITHIUM_PER_OXYGEN[HYDROXIDE]
    lithium_rate = float(atoms / matter.phases[LITHIUM].atoms_per_nm3["Li"])
    skin_rate = sample.skin_sticking * float(oxygen) / units[OXIDE]
    ratio = matter.interphase_per_lithium.get(sample.interphase or "", 1.0)

    def advance(now: Layers, arriving_nm_min: float, dt: float) -> Layers:
        lithium, thickness, oxide, hydroxides, skin = now.lithium, now.interphase, now.oxide, now.hydroxide, now.skin
        lithium += arriving_nm_min * dt
        if sample.growth is not None:
            reacted = min(sample.growth.rate(thickness) * dt / ratio, lithium)
            lithium -= reacted
            thickness += reacted * ratio
        if lithium > 1e-12:
            share = min(1.0, lithium / (lithium_rate * dt)) if lithium_rate > 0.0 else 0.0
            lithium -= share * lithium_rate * dt
            oxide += share * oxide_rate * dt
            hydroxides += share * hydroxide_rate * dt
        elif skin_rate > 0.0:
            covered = min(1.0, thickness / sample.skin_saturation_nm) if sample.skin_saturation_nm > 0.0 else 1.0
            skin += skin_rate * covered * dt
        return Layers(thickness, lithium, oxide, hydroxides, skin, now.carbon + sample.carbon_growth_nm_min * dt)

    return advance
