"""Measurement -> PHI bytes in VersaProbe layout: a .spe for a spectrum, a .pro for a depth profile.

For simulated series and for tests. The header of a measurement that was read is written as it stands; for one made
from scratch the lines that ``read`` needs are composed from the fields, and the lines given in ``Measurement.header``
replace or follow them. What was written is read back and must say the same, so that no contradictory file can leave.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date
from math import isclose
from typing import Any

import numpy as np
from numpy.typing import NDArray

from xps.spectra import Measurement, Region
from xps.versaprobe.blocks import FILE_HEADER, PROFILE, SPECTRA, SPUTTER_TIME
from xps.versaprobe.reader import check_size, read
from xps.versaprobe.refusal import refusal

_SOURCES = {1486.6: "Al 1486.6 mono", 1253.6: "Mg 1253.6 std"}
_DESCRIPTOR = struct.Struct("<8I8s8s8s16s4s5I")  # the reader's 24 words, with its texts as texts
_MARGIN_EV = 1.0


@dataclass(frozen=True, slots=True)
class _Payload:
    """A block before it has a place: ``partner`` is the distance to the block it belongs to."""

    kind: int
    region: int
    labels: tuple[bytes, bytes]
    unit: bytes
    values: NDArray[Any]
    partner: int = 0


def write(measurement: Measurement) -> bytes:
    """Return ``measurement`` as the bytes of a PHI file in VersaProbe layout.

    Intensities keep their type (float32 as in SmartSoft, or float64); sputter times are float32 where that is exact.
    Reading the bytes gives the same measurement; ``remarks`` are the reader's own and not written.
    Raises RawFileError when the header contradicts the fields or a value cannot be told in this format.
    """
    text = "".join(f"{key}: {value}\r\n" for key, value in _header(measurement))
    try:
        header = f"SOFH\r\n{text}EOFH\r\n".encode("latin-1")
    except UnicodeEncodeError as error:
        found = repr(error.object[error.start : error.end])
        raise refusal(f"{measurement.name}: header", found, "Latin-1 characters", "spell it otherwise") from None
    data = header + _body(list(_payloads(measurement)), measurement.name)
    _check_same(read(data, measurement.name), measurement)
    return data


def _header(measurement: Measurement) -> list[tuple[str, str]]:
    """Return a complete header as given, an incomplete one in VersaProbe's order with the missing lines added."""
    given = measurement.header
    if measurement.first("SpectralRegDef") is not None:
        return list(given)
    composed = list(_composed(measurement))
    order = {key: i for i, (key, _) in enumerate(composed)}
    own = {key for key, _ in given}
    lines = [(key, value) for key, value in composed if value is not None and key not in own]
    return sorted([*lines, *given], key=lambda line: order.get(line[0], len(order)))


def _composed(measurement: Measurement) -> Iterator[tuple[str, str | None]]:
    """Yield the header lines that say what the fields say; value None where a field is None."""
    profile = measurement.file_type == "depth_profile"
    yield "Platform", "PC"
    yield "Technique", measurement.technique
    yield "FileType", "DEPTHPRO" if profile else "SPECTRUM"
    yield "FileDesc", "SIMULATED" if measurement.simulated else None
    yield "SoftwareVersion", measurement.software
    yield "InstrumentModel", measurement.instrument
    yield "FileDate", _date(measurement.file_date)
    yield "AcqFileDate", _date(measurement.acquisition_date)
    yield "EnergyReference", "none 0.0"
    yield "AnalyserWorkFcn", _with_unit(measurement.work_function_ev, " eV")
    yield "SourceAnalyserAngle", _with_unit(measurement.source_analyser_angle_deg, " d")
    yield "IntensityRecal", "no"
    yield "IntensityCalCoeff", _coefficients(measurement)
    yield "EnergyRecal", "no"
    yield "AnalyserMode", "FRR" if measurement.technique == "AES" else "FAT"
    yield "NoDPDataCyc", str(measurement.cycles) if profile else None
    yield "NoSpectralReg", str(len(measurement.regions))
    for region in measurement.regions:
        yield "SpectralRegDef", _definition(region)
    for region in measurement.regions:
        width = abs(region.step_ev) * (region.channels - 1)
        yield "SpectralRegDef2", None if region.sweeps is None else f"{region.number} {width:.1f} {region.sweeps} 0 1 1"
    yield "NoSpatialArea", "1"
    yield "XraySource", _source(measurement.photon_energy_ev)
    yield "NeutralizerCurrent", _with_unit(measurement.neutraliser_current_ua, " uA")
    yield "StagePosition", _stage(measurement.emission_angle_deg)


def _definition(region: Region) -> str:
    end = region.start_ev + region.step_ev * (region.channels - 1)
    window = _analysis_window(region)
    energies = (region.step_ev, region.start_ev, end, *(region.energy_ev[i] for i in window))
    texts = [_decimals(value, 4) for value in energies]
    time, pass_energy = _decimals(region.time_per_channel_s, 6), _decimals(region.pass_energy_ev, 2)
    head = f"{region.number} {region.number} {region.raw_name} {region.atomic_number or 0} {region.channels}"
    return " ".join([head, *texts, time, pass_energy, "AREA"])


def _analysis_window(region: Region) -> tuple[int, int]:
    """Return first and last channel of MultiPak's default window: 1 eV inside the region where it is wide enough."""
    margin = round(_MARGIN_EV / abs(region.step_ev))
    return (margin, region.channels - 1 - margin) if region.channels > 4 * margin else (0, region.channels - 1)


def _decimals(value: float, digits: int) -> str:
    """Return ``value`` as SmartSoft prints it where that is exact, else the shortest text that is."""
    text = f"{value:.{digits}f}"
    return text if float(text) == value else repr(float(value))


def _with_unit(value: float | None, unit: str) -> str | None:
    return None if value is None else f"{float(value)!r}{unit}"


def _date(value: date | None) -> str | None:
    return None if value is None else f"{value.year} {value.month} {value.day}"


def _coefficients(measurement: Measurement) -> str | None:
    a, b = measurement.transmission_a, measurement.transmission_b
    return None if a is None or b is None else f"{float(a)!r} {float(b)!r}"


def _source(photon_energy_ev: float | None) -> str | None:
    return None if photon_energy_ev is None else _SOURCES.get(photon_energy_ev, f"X {float(photon_energy_ev)!r}")


def _stage(emission_angle_deg: float | None) -> str | None:
    return None if emission_angle_deg is None else f"0.0 0.0 0.0 {90.0 - float(emission_angle_deg)!r} 0.0"


def _payloads(measurement: Measurement) -> Iterator[_Payload]:
    slow = b"cyc" if measurement.file_type == "depth_profile" else b"sar"
    for region in measurement.regions:
        yield _Payload(SPECTRA, region.number, (b"pnt", slow), b"c/s", region.intensity_cps)
    if measurement.sputter_time_s is not None:
        times = np.tile(measurement.sputter_time_s, (len(measurement.regions), 1))
        short = times.astype(np.float32)
        exact = bool((short == times).all())
        areas = np.stack([_net_area(region) for region in measurement.regions])
        yield _Payload(SPUTTER_TIME, 0, (b"cyc", b"reg"), b"s", short if exact else times, partner=1)
        yield _Payload(PROFILE, 0, (b"cyc", b"reg"), b"c/s * eV", areas, partner=-1)


def _net_area(region: Region) -> NDArray[np.float32]:
    """Return the area in cps eV above a straight line across the analysis window, per cycle, as a display value.

    ASSUME negative areas are shown as zero, as in real files; readers here never use this block.
    """
    first, last = _analysis_window(region)
    rates = np.clip(region.intensity_cps[:, first : last + 1].astype(np.float64), -1e30, 1e30)
    line = np.linspace(rates[:, 0], rates[:, -1], rates.shape[1], axis=1)
    areas = (rates - line).sum(axis=1) * abs(region.step_ev)
    return np.asarray(np.clip(areas, 0.0, 3e38), dtype=np.float32)


def _body(payloads: Sequence[_Payload], name: str) -> bytes:
    size = _DESCRIPTOR.size * len(payloads)
    offset = FILE_HEADER.size + size
    check_size(offset + sum(payload.values.nbytes for payload in payloads), name)
    table, data = [FILE_HEADER.pack(1, len(payloads), size, FILE_HEADER.size)], []
    for number, payload in enumerate(payloads, 1):
        array = np.ascontiguousarray(payload.values).astype(payload.values.dtype.newbyteorder("<"), copy=False)
        slow, fast = array.shape
        tag = f"f{array.itemsize}".encode()
        partner = number + payload.partner if payload.partner else 0
        words = (number, 1, 1, payload.region, payload.kind, fast, slow, 1)
        texts = (*payload.labels, b"", payload.unit, tag)
        table.append(_DESCRIPTOR.pack(*words, *texts, array.nbytes, offset, partner, 0, 0))
        data.append(array.tobytes())
        offset += array.nbytes
    return b"".join([*table, *data])


def _check_same(found: Measurement, given: Measurement) -> None:
    """Refuse to hand out bytes that do not say what the measurement says."""
    differing = [
        field.name
        for field in fields(Measurement)
        if field.name not in ("remarks", "header", "regions")
        and not _same(getattr(found, field.name), getattr(given, field.name))
    ]
    differing += [f"header line {key!r}" for key, value in given.header if value not in found.all(key)]
    for a, b in zip(found.regions, given.regions, strict=True):
        names = (field.name for field in fields(Region))
        differing += [f"{name} of region {b.number}" for name in names if not _same(getattr(a, name), getattr(b, name))]
    if differing:
        remedy = "drop the contradicting header lines, or the fields"
        raise refusal(given.name, f"a file that would differ in {', '.join(differing)}", "the measurement", remedy)


def _same(found: object, given: object) -> bool:
    if isinstance(found, np.ndarray) and isinstance(given, np.ndarray):
        return found.dtype == given.dtype and np.array_equal(found, given)
    if isinstance(found, float) and isinstance(given, float):
        return isclose(found, given, rel_tol=1e-12, abs_tol=1e-12)  # 90 deg - (90 deg - angle)
    return bool(found == given)
