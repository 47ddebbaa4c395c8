"""What was measured, and what is fitted: frozen records that are checked when they are made.

``Measurement`` is one instrument file, ``Region`` one energy window of it with all its cycles, ``Spectrum`` one window
of one acquisition on the calibrated axis. Use the first two next to a reader, the third next to a fit.

Conventions. Energies in eV, times in s. An axis is ``start + i * step`` with the signed step of the instrument, never
``linspace(start, end)``: the two differ where the range is no multiple of the step. ``time_per_channel_s`` is the TOTAL
counting time of a channel over all sweeps, so that counts = intensity * time_per_channel (Poisson statistics are on
counts). What a file does not say is ``None``; no transmission function, time of day or photon energy is ever invented.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from math import inf, isfinite
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from xps import oddities
from xps.errors import FitError, RawFileError

EnergyScale = Literal["binding", "kinetic"]
FileType = Literal["spectrum", "depth_profile"]
FloatArray = NDArray[np.float64]
Intensity = NDArray[np.float32] | NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Region:
    """One measured energy window with all its cycles.

    What takes a look at every intensity is worked out when it is first asked for, then kept (hence no slots).
    Raises RawFileError when the numbers contradict each other.
    """

    number: int
    """Number of the region in its file, from 1."""
    name: str
    """Unique in the file: a second region of the same raw name ends in ``#2``."""
    raw_name: str
    """Name as the file spells it."""
    atomic_number: int | None
    """Atomic number that the operator's recipe gives the window (PHI: 111 marks a survey)."""
    energy_scale: EnergyScale
    """What the axis is: binding (XPS) or kinetic (AES) energy."""
    start_ev: float
    """Energy of channel 0, nominal: without charge shift."""
    step_ev: float
    """Signed step between channels, as in the file (negative on a binding energy axis)."""
    channels: int
    """Number of points."""
    time_per_channel_s: float
    """Total counting time of one channel, all sweeps included."""
    sweeps: int | None
    """Number of sweeps over the window, None where the file does not say."""
    pass_energy_ev: float
    """Analyser pass energy; 0 where the analyser runs at constant retard ratio (AES)."""
    intensity_cps: Intensity
    """Counts per second, shape (cycles, channels); a read-only view."""

    def __post_init__(self) -> None:
        faults = [text for text, wrong in _region_faults(self) if wrong]
        if faults:
            raise RawFileError(f"region {self.number} {self.raw_name!r}: {'; '.join(faults)}")
        object.__setattr__(self, "intensity_cps", _read_only(self.intensity_cps))

    @property
    def cycles(self) -> int:
        """Number of cycles stored (1 in a plain spectrum file)."""
        return int(self.intensity_cps.shape[0])

    @property
    def energy_ev(self) -> FloatArray:
        """Recorded axis ``start + i * step`` in eV, shape (channels,), on the region's own energy scale."""
        return self.start_ev + self.step_ev * np.arange(self.channels, dtype=np.float64)

    @cached_property
    def non_integer_counts(self) -> int:
        """How many of all points are no whole number of counts within the float precision of the file."""
        return oddities.not_whole(self.intensity_cps, self.time_per_channel_s)

    @property
    def counts(self) -> FloatArray:
        """Counts = intensity * time per channel, shape (cycles, channels).

        Whole numbers when every point of the region is one within the file's precision: the rounding of the stored
        rate is undone. Otherwise (some software stores corrected rates) the bare product.
        """
        return self.counts_of(slice(None))

    def counts_of(self, cycles: slice) -> FloatArray:
        """Return the counts of some cycles alone, as they are among those of all."""
        product = np.multiply(self.intensity_cps[cycles], self.time_per_channel_s, dtype=np.float64)
        return product if self.non_integer_counts else np.rint(product, out=product)

    @cached_property
    def remarks(self) -> tuple[str, ...]:
        """What is odd about the intensities, one sentence each."""
        return self._remarks(self.intensity_cps, self.non_integer_counts)

    def remarks_on(self, cycle: int) -> tuple[str, ...]:
        """What is odd about the intensities of ``cycle`` alone, one sentence each."""
        if not self.remarks:
            return ()
        own = self.intensity_cps[cycle : cycle + 1]
        return self._remarks(own, oddities.not_whole(own, self.time_per_channel_s), cycle)

    def is_unfinished(self, cycle: int) -> bool:
        """Return whether nothing was counted in ``cycle``, or nothing from some channel on."""
        own = self.intensity_cps[cycle : cycle + 1]
        return not own.any() or bool(oddities.unfinished(own, self.time_per_channel_s)[0])

    def _remarks(self, rates: Intensity, odd: int, first_cycle: int = 0) -> tuple[str, ...]:
        found = oddities.sentences(rates, self.time_per_channel_s, odd, first_cycle)
        return tuple(f"region {self.number} {self.name!r}: {remark}" for remark in found)


@dataclass(frozen=True, slots=True, eq=False)
class Measurement:
    """One instrument file: its regions, what its header says about how they were measured, and what is odd about it.

    Raises RawFileError when regions share a number or name, or differ in their number of cycles.
    """

    name: str
    """File name, for messages."""
    file_type: FileType
    """``spectrum``: one cycle; ``depth_profile``: a series of cycles."""
    technique: str
    """``XPS`` or ``AES``."""
    header: tuple[tuple[str, str], ...]
    """Every header line as (key, value), in order, repeats kept; decoded as Latin-1, which loses no byte."""
    regions: tuple[Region, ...]
    """Regions in the order of the file's definitions."""
    sputter_time_s: FloatArray | None = None
    """Cumulated sputter time before each cycle, shape (cycles,)."""
    photon_energy_ev: float | None = None
    """Energy of the X-ray line."""
    work_function_ev: float | None = None
    """Analyser work function as the header states it (the axis does not contain it)."""
    transmission_a: float | None = None
    """First coefficient of the relative transmission function, see ``transmission``."""
    transmission_b: float | None = None
    """Second coefficient of the relative transmission function."""
    source_analyser_angle_deg: float | None = None
    """Angle between X-ray source and analyser."""
    emission_angle_deg: float | None = None
    """Angle between analyser and surface normal, from the stage's tilt."""
    neutraliser_current_ua: float | None = None
    """The neutraliser gun's setting during acquisition: one value per file, not the plating current."""
    instrument: str | None = None
    software: str | None = None
    file_date: date | None = None
    acquisition_date: date | None = None
    remarks: tuple[str, ...] = ()
    """What is odd about the file beside its intensities; one sentence each."""
    simulated: bool = False
    """The header marks the file as simulated."""

    def __post_init__(self) -> None:
        faults = [text for text, wrong in _measurement_faults(self) if wrong]
        if faults:
            raise RawFileError(f"{self.name}: {'; '.join(faults)}")
        if self.sputter_time_s is not None:
            object.__setattr__(self, "sputter_time_s", _read_only(self.sputter_time_s))

    @property
    def cycles(self) -> int:
        """Number of cycles, the same in every region."""
        return self.regions[0].cycles

    @property
    def warnings(self) -> tuple[str, ...]:
        """What a user should know before trusting the numbers: remarks on the file, then on each region."""
        return (*self.remarks, *(remark for region in self.regions for remark in region.remarks))

    def first(self, key: str) -> str | None:
        """Return the value of the first header line called ``key``, or None."""
        return next((value for name, value in self.header if name == key), None)

    def all(self, key: str) -> tuple[str, ...]:
        """Return the values of all header lines called ``key``, in order."""
        return tuple(value for name, value in self.header if name == key)

    def binding_energy_ev(self, region: Region) -> FloatArray | None:
        """Return the nominal binding energy axis in eV, or None when the photon energy that it needs is unknown."""
        return self._energy_ev(region, "binding")

    def kinetic_energy_ev(self, region: Region) -> FloatArray | None:
        """Return the nominal kinetic energy axis in eV (photon energy - binding energy), or None where unknown."""
        return self._energy_ev(region, "kinetic")

    def counts(self, region: Region) -> FloatArray:
        """Return ``region.counts``: intensity * time per channel, shape (cycles, channels)."""
        return region.counts

    def transmission(self, region: Region) -> FloatArray | None:
        """Return the relative transmission T at each channel, shape (channels,), or None where the file gives none.

        T = PE (a^2 / (a^2 + (KE/PE)^2))^b with pass energy PE and kinetic energy KE in eV; the factor PE makes regions
        of different pass energy comparable. Stored intensities are NOT corrected; corrected = intensity / T.
        Formula: reproduces the transmission column of 329 blocks of 15 CasaXPS exports within their rounding.
        """
        kinetic = self.kinetic_energy_ev(region)
        a, b, pass_energy = self.transmission_a, self.transmission_b, region.pass_energy_ev
        if kinetic is None or a is None or b is None or pass_energy <= 0.0:
            return None
        with np.errstate(over="ignore", under="ignore"):  # absurd coefficients end at 0 or infinity
            ratio = kinetic / pass_energy / a
            return np.asarray(pass_energy * (1.0 + ratio * ratio) ** -b, dtype=np.float64)

    def _energy_ev(self, region: Region, scale: EnergyScale) -> FloatArray | None:
        if region.energy_scale == scale:
            return region.energy_ev
        return None if self.photon_energy_ev is None else self.photon_energy_ev - region.energy_ev


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """One window of one acquisition on the calibrated axis, as it is fitted. Raises FitError when inconsistent."""

    experiment: str
    acquisition: int
    region: str
    core_levels: tuple[str, ...]
    """Core levels inside the window, such as ``Ge 3d``."""
    binding_energy_ev: FloatArray
    """Calibrated axis, shape (channels,), strictly monotonic."""
    counts: FloatArray
    """Counts, shape (channels,)."""
    time_per_channel_s: float
    """Counting time of a channel: counts / time = intensity in cps."""
    static_background_cps: FloatArray | None = None
    """Background estimated before the fit, shape (channels,); drawn, and a starting point, never subtracted."""
    shift_stderr_ev: float = 0.0
    """Standard error of the energy reference, common to all regions of the acquisition."""
    drift_stderr_ev: float = 0.0
    """Standard deviation of the prior for a drift between this region and the reference."""

    def __post_init__(self) -> None:
        faults = [text for text, wrong in _spectrum_faults(self) if wrong]
        if faults:
            place = f"{self.experiment}, acquisition {self.acquisition}, region {self.region}"
            raise FitError(f"{place}: {'; '.join(faults)}")

    @property
    def channels(self) -> int:
        """Number of points."""
        return int(self.counts.shape[0])


def unique_names(raw_names: Sequence[str]) -> tuple[str, ...]:
    """Return ``raw_names`` with ``#2``, ``#3`` ... appended where a name has been used before."""
    names: dict[str, None] = {}
    repeats: dict[str, int] = {}
    for raw in raw_names:
        name, repeat = raw, repeats.get(raw, 1)
        while name in names:
            repeat += 1
            name = f"{raw}#{repeat}"
        names[name], repeats[raw] = None, repeat
    return tuple(names)


def _read_only(array: NDArray[Any]) -> NDArray[Any]:
    view = array.view()
    view.flags.writeable = False
    return view


def _region_faults(region: Region) -> list[tuple[str, bool]]:
    shape, dtype = region.intensity_cps.shape, region.intensity_cps.dtype
    return [
        (f"number {region.number}, expected one from 1", region.number < 1),
        (f"step {region.step_ev} eV, expected one unlike 0", not isfinite(region.step_ev) or region.step_ev == 0.0),
        (f"start {region.start_ev} eV, expected a finite energy", not isfinite(region.start_ev)),
        (
            f"time per channel {region.time_per_channel_s} s, expected a positive one to know the counts",
            not 0.0 < region.time_per_channel_s < inf,
        ),
        (f"pass energy {region.pass_energy_ev} eV, expected one from 0", not 0.0 <= region.pass_energy_ev < inf),
        (f"intensities have type {dtype}, expected float32 or float64", dtype not in (np.float32, np.float64)),
        (
            f"intensities have shape {shape}, expected (cycles >= 1, channels = {region.channels} >= 1)",
            len(shape) != 2 or 0 in shape or shape[-1] != region.channels,
        ),
    ]


def _measurement_faults(measurement: Measurement) -> list[tuple[str, bool]]:
    regions, times = measurement.regions, measurement.sputter_time_s
    if not regions:
        return [("holds no region", True)]
    cycles = [region.cycles for region in regions]
    return [
        ("two regions share a number", len({region.number for region in regions}) < len(regions)),
        ("two regions share a name", len({region.name for region in regions}) < len(regions)),
        (f"regions differ in their number of cycles: {cycles}", len(set(cycles)) > 1),
        (f"a spectrum with {cycles[0]} cycles", measurement.file_type == "spectrum" and cycles[0] != 1),
        (
            f"sputter times do not match {cycles[0]} cycles",
            times is not None and (times.shape != (cycles[0],) or not bool(np.isfinite(times).all())),
        ),
    ]


def _spectrum_faults(spectrum: Spectrum) -> list[tuple[str, bool]]:
    energy, counts, background = spectrum.binding_energy_ev, spectrum.counts, spectrum.static_background_cps
    shapes = {array.shape for array in (energy, counts, background) if array is not None}
    if len(shapes) > 1 or len(counts.shape) != 1 or counts.shape[0] < 1:
        return [(f"arrays of shapes {sorted(shapes)}, expected one common (channels,) with channels >= 1", True)]
    steps = np.diff(energy)
    finite = all(bool(np.isfinite(array).all()) for array in (energy, counts, background) if array is not None)
    return [
        ("energies, counts or background hold a value that is not finite", not finite),
        ("energies neither rise nor fall strictly", not (bool((steps > 0).all()) or bool((steps < 0).all()))),
        (
            f"time per channel {spectrum.time_per_channel_s} s is not positive",
            not 0.0 < spectrum.time_per_channel_s < inf,
        ),
        (
            "a standard error of the energy scale is negative or not finite",
            not (0.0 <= spectrum.shift_stderr_ev < inf and 0.0 <= spectrum.drift_stderr_ev < inf),
        ),
    ]
