"""A second decoder of PHI files, small and slow, against which the reader is held.

Written from the description of the format alone; it shares no line with the library and imports nothing of it. It
trusts a file wherever it can: whether a damaged file ought to be refused is for the reader to know; what the numbers in
a file are is known here as well. ``ValueError`` where even that cannot be said.
"""

import re
import struct
from dataclasses import dataclass
from math import isfinite
from typing import Any

_SIZES = {b"f4": 4, b"f8": 8, b"u8": 8}  # AugerScan's u8 are float64
_SCALES = {b"XPS": "binding", b"AES": "kinetic"}
_NUMBER = re.compile(rb"[-+]?[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?")


@dataclass
class DecodedRegion:
    """One region: what its SpectralRegDef says and the bytes that its descriptor points at."""

    number: int
    name: bytes
    atomic_number: int
    points: int
    step_ev: float
    start_ev: float
    time_s: float
    pass_energy_ev: float
    cycles: int
    item_size: int
    rates: bytes
    """Little-endian floats of ``item_size`` bytes, cycle after cycle."""


@dataclass
class Decoded:
    """One file."""

    lines: list[tuple[bytes, bytes]]
    regions: list[DecodedRegion]
    sputter_times: list[tuple[float, ...]] | None
    """Seconds per cycle, for each region."""

    def value(self, key: bytes) -> bytes | None:
        return next((value for name, value in self.lines if name == key), None)

    def number(self, key: bytes, field: int = 0) -> float | None:
        """Return the number at the start of a field; None where the line, the field or the number is missing."""
        fields = blank_separated(self.value(key) or b"")
        return leading_number(fields[field]) if len(fields) > field else None


def blank_separated(text: bytes) -> list[bytes]:
    return [field for field in text.replace(b"\t", b" ").split(b" ") if field]


def leading_number(text: bytes) -> float | None:
    """Return the longest beginning of ``text`` that is a number; None where there is none, it is too large or unclear.

    Unclear is what goes on with digits, such as ``1486,6``.
    """
    longest = _NUMBER.match(text)
    for end in range(longest.end() if longest else 0, 0, -1):
        try:
            number = float(text[:end])
        except ValueError:
            continue
        return number if isfinite(number) and not re.search(rb"[0-9]", text[end:]) else None
    return None


def decode(data: bytes) -> Decoded:
    lines, start = _header(data)
    body = data[start:]
    descriptors = _table(body)
    definitions = [value for key, value in lines if key == b"SpectralRegDef"]
    binding = (b"Technique", b"XPS") in lines
    regions = [_region(definition, descriptors, body, binding) for definition in definitions]
    return Decoded(lines, regions, _times(descriptors, body))


def _header(data: bytes) -> tuple[list[tuple[bytes, bytes]], int]:
    lines: list[tuple[bytes, bytes]] = []
    position, first = 0, True
    while (end := data.find(b"\n", position)) >= 0:
        line, position = data[position:end], end + 1
        line = line.strip(b" \t\r")
        if first and not line:
            continue
        if first and line != b"SOFH":
            raise ValueError("SOFH is missing")
        if line == b"EOFH":
            while (blank := re.match(rb"[ \t]*\r?\n", data[position : position + 100])) is not None:
                position += blank.end()
            return lines, position
        if line and not first:
            key, _, value = line.partition(b":")
            lines.append((key.strip(b" \t\r"), value.strip(b" \t\r")))
        first = False
    raise ValueError("EOFH is missing")


def _table(body: bytes) -> list[tuple[int, ...]]:
    one, count, size, begin = struct.unpack("<IIII", body[:16])
    if (one, size, begin) != (1, 96 * count, 16) or len(body) < 16 + size:
        raise ValueError("no block table")
    return [(*struct.unpack("<18I", body[at : at + 72]), at) for at in range(16, 16 + 96 * count, 96)]


def _data(descriptor: tuple[int, ...], body: bytes) -> tuple[int, bytes]:
    at = descriptor[-1]
    tag = body[at + 72 : at + 76].split(b"\0")[0]
    length, offset = struct.unpack("<II", body[at + 76 : at + 84])
    found = body[offset : offset + length]
    if tag not in _SIZES or len(found) != length:
        raise ValueError("unknown type, or data beyond the end")
    if length != descriptor[5] * descriptor[6] * max(descriptor[7], 1) * _SIZES[tag]:
        raise ValueError("a length that is not that of the axes")
    return _SIZES[tag], found


def _region(definition: bytes, descriptors: list[tuple[int, ...]], body: bytes, binding: bool) -> DecodedRegion:
    fields = blank_separated(definition)
    number = int(fields[0])
    (descriptor,) = (words for words in descriptors if words[4] == 1 and words[3] == number)
    item_size, rates = _data(descriptor, body)
    name = re.fullmatch(rb"[^ \t]+[ \t]+[^ \t]+[ \t]+(.+?)(?:[ \t]+[^ \t]+){10}", definition, re.DOTALL)
    if name is None:
        raise ValueError("too few fields")
    step, ends = float(fields[-8]), [float(fields[-7]), float(fields[-6])]
    return DecodedRegion(
        number=number,
        name=name.group(1),
        atomic_number=int(fields[-10]),
        points=int(fields[-9]),
        step_ev=step,
        start_ev=max(ends) if binding and step < 0 else ends[0],
        time_s=float(fields[-3]),
        pass_energy_ev=float(fields[-2]),
        cycles=descriptor[6],
        item_size=item_size,
        rates=rates,
    )


def _times(descriptors: list[tuple[int, ...]], body: bytes) -> list[tuple[float, ...]] | None:
    for descriptor in descriptors:
        if descriptor[4] == 8:
            item_size, raw = _data(descriptor, body)
            cycles, regions = descriptor[5:7]
            code = f"<{cycles}{'f' if item_size == 4 else 'd'}"
            return [struct.unpack_from(code, raw, i * cycles * item_size) for i in range(regions)]
    return None


def differences(measurement: Any, data: bytes) -> list[str]:
    """Return what a reader's ``measurement`` says otherwise than these bytes; empty where it says the same."""
    decoded = decode(data)
    pairs = [*_file_facts(measurement, decoded), *_sputter_facts(measurement, decoded)]
    for read, region in zip(measurement.regions, decoded.regions, strict=True):
        pairs += [(f"region {region.number}, {what}", one, other) for what, one, other in _region_facts(read, region)]
    return [f"{what}: read {one!r}, in the file {other!r}" for what, one, other in pairs if one != other]


def _file_facts(measurement: Any, decoded: Decoded) -> list[tuple[str, object, object]]:
    source = decoded.number(b"XraySource", 1)
    a, b = decoded.number(b"IntensityCalCoeff", 0), decoded.number(b"IntensityCalCoeff", 1)
    known = a is not None and b is not None and a > 0.0 and decoded.number(b"IntensityCalCoeff", 2) is None
    file_type = {"spectrum": b"SPECTRUM", "depth_profile": b"DEPTHPRO"}[measurement.file_type]
    cycles = decoded.value(b"NoDPDataCyc")
    lines = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in measurement.header]
    return [
        ("header", lines, decoded.lines),
        ("file type", file_type, decoded.value(b"FileType")),
        (
            "scale",
            {region.energy_scale for region in measurement.regions},
            {_SCALES.get(decoded.value(b"Technique") or b"")},
        ),
        ("technique", measurement.technique.encode("latin-1"), decoded.value(b"Technique")),
        ("number of regions", len(measurement.regions), int(decoded.value(b"NoSpectralReg") or b"0")),
        ("cycles", measurement.cycles, decoded.regions[0].cycles if cycles is None else int(cycles)),
        ("photon energy", measurement.photon_energy_ev, source if source is not None and source > 0.0 else None),
        ("transmission", (measurement.transmission_a, measurement.transmission_b), (a, b) if known else (None, None)),
        ("simulated", measurement.simulated, b"SIMULATED" in (decoded.value(b"FileDesc") or b"")),
    ]


def _sputter_facts(measurement: Any, decoded: Decoded) -> list[tuple[str, object, object]]:
    if measurement.sputter_time_s is None or decoded.sputter_times is None:
        return [("sputter times", measurement.sputter_time_s, decoded.sputter_times)]
    read = tuple(measurement.sputter_time_s.tolist())
    return [("sputter times", read, times) for times in decoded.sputter_times]


def _region_facts(read: Any, region: DecodedRegion) -> list[tuple[str, object, object]]:
    return [
        ("number", read.number, region.number),
        ("name", read.raw_name.encode("latin-1"), region.name),
        ("atomic number", read.atomic_number or 0, region.atomic_number),
        ("axis", read.energy_ev.tolist(), [region.start_ev + i * region.step_ev for i in range(region.points)]),
        ("time", read.time_per_channel_s, region.time_s),
        ("pass energy", read.pass_energy_ev, region.pass_energy_ev),
        ("shape", read.intensity_cps.shape, (region.cycles, region.points)),
        ("item size", read.intensity_cps.dtype.itemsize, region.item_size),
        ("intensities", read.intensity_cps.tobytes() == region.rates, True),
    ]
