"""PHI bytes -> Measurement: joins the header's definitions to the blocks, cross-checks both, tells what is odd."""

from collections.abc import Iterator, Mapping, Sequence
from math import isclose, isfinite
from typing import TypeVar

import numpy as np

from xps.errors import RawFileError
from xps.spectra import EnergyScale, FileType, FloatArray, Intensity, Measurement, Region, unique_names
from xps.versaprobe import facts
from xps.versaprobe.blocks import PROFILE, SPECTRA, SPUTTER_TIME, Block, parse_blocks, trailing_time_s, values
from xps.versaprobe.header import Header, RegionDefinition, parse_header, place, region_definitions, whole_number
from xps.versaprobe.refusal import refusal

_T = TypeVar("_T")
# ASSUME no file is larger: a thousand cycles of ten regions of a thousand points have 40 MB. Offsets could reach 4 GiB.
LARGEST_FILE = 1 << 30
_ORDINARY_CPS = 1e9
_BITS_OF_ORDINARY = {
    4: int(np.float32(_ORDINARY_CPS).view(np.uint32)),
    8: int(np.float64(_ORDINARY_CPS).view(np.uint64)),
}
_FILE_TYPES: Mapping[str, FileType] = {"SPECTRUM": "spectrum", "DEPTHPRO": "depth_profile"}
_SCALES: Mapping[str, EnergyScale] = {"XPS": "binding", "AES": "kinetic"}


def read(data: bytes | bytearray | memoryview, name: str) -> Measurement:
    """Return the content of a PHI .spe or .pro file.

    ``data`` are all its bytes (or a buffer on them, such as ``memoryview(mmap)``), ``name`` stands in messages; the
    suffix plays no role. Intensities are views on ``data``: nothing is copied, and each is looked at once, to be sure
    that it is a finite number; ``Measurement.warnings`` looks closer when asked.
    Raises RawFileError, and nothing else, for bytes that are damaged, inconsistent or not PHI's.
    """
    view = memoryview(data).toreadonly().cast("B")
    check_size(len(view), name)
    try:
        return _measurement(view, name)
    except RawFileError as error:
        raise RawFileError(f"{name}: {error}") from None


def check_size(size: int, name: str) -> None:
    """Refuse a file of more bytes than any PHI file has; to be asked before such a file is loaded.

    Raises RawFileError.
    """
    if size > LARGEST_FILE:
        remedy = "this is no PHI spectrum"
        raise refusal(f"{name}: size of the file", f"{size} bytes", f"at most {LARGEST_FILE}", remedy)


def _measurement(data: memoryview, name: str) -> Measurement:
    header = parse_header(data)
    definitions = region_definitions(header)
    file_type = _choice(header, "FileType", _FILE_TYPES)
    scale = _choice(header, "Technique", _SCALES)
    body = data[header.body_offset :]
    blocks = parse_blocks(body)
    spectra = _join(definitions, blocks)
    cycles = _check_cycles(header, file_type, spectra, blocks)
    for definition, block in zip(definitions, spectra, strict=True):
        _check_points(definition, block, trailing_time_s(body, block))
        if scale == "binding" and definition.pass_energy_ev == 0.0 and header.first("AnalyserMode") != "FRR":
            raise refusal(f"SpectralRegDef of {definition.name!r}", "pass energy 0", "a positive one for XPS")
    regions = _regions(header, definitions, [values(body, block) for block in spectra], scale)
    photon_energy_ev = facts.photon_energy_ev(header)
    if scale == "binding" and photon_energy_ev is not None:
        _check_kinetic_energy(regions, photon_energy_ev)
    for region in regions:
        _check_finite(region)
    sputter_time_s = _sputter_time(body, blocks)
    a_b = facts.transmission(header)
    return Measurement(
        name=name,
        file_type=file_type,
        technique=header.required("Technique"),
        header=header.lines,
        regions=regions,
        sputter_time_s=sputter_time_s,
        photon_energy_ev=photon_energy_ev,
        work_function_ev=facts.work_function_ev(header),
        transmission_a=a_b[0] if a_b else None,
        transmission_b=a_b[1] if a_b else None,
        source_analyser_angle_deg=facts.source_analyser_angle_deg(header),
        emission_angle_deg=facts.emission_angle_deg(header),
        neutraliser_current_ua=facts.neutraliser_current_ua(header),
        instrument=header.first("InstrumentModel") or None,
        software=header.first("SoftwareVersion") or header.first("Version") or None,
        file_date=facts.file_date(header),
        acquisition_date=facts.acquisition_date(header),
        remarks=(
            *facts.remarks(header),
            *_definition_remarks(definitions),
            *_series_remarks(header, file_type, cycles, sputter_time_s),
            *_block_remarks(blocks, len(body)),
        ),
        simulated="SIMULATED" in (header.first("FileDesc") or ""),
    )


def _choice(header: Header, key: str, known: Mapping[str, _T]) -> _T:
    """Return what the value of ``key`` stands for; refuse values that no real file has shown."""
    value = header.required(key)
    if value not in known:
        raise refusal(f"header line {key!r}", repr(value), f"one of {sorted(known)}", "other kinds are not read here")
    return known[value]


def _join(definitions: Sequence[RegionDefinition], blocks: Sequence[Block]) -> tuple[Block, ...]:
    """Return the spectra block of each definition; the region number in the descriptor is the key, not its place."""
    spectra = {block.region: block for block in blocks if block.kind == SPECTRA}
    found = sorted(block.region for block in blocks if block.kind == SPECTRA)
    expected = sorted(definition.number for definition in definitions)
    if found != expected:
        raise refusal("block table", f"spectra of regions {found}", f"those of the header, {expected}")
    return tuple(spectra[definition.number] for definition in definitions)


def _check_cycles(header: Header, file_type: FileType, spectra: Sequence[Block], blocks: Sequence[Block]) -> int:
    """Return the number of cycles, on which all spectra, derived blocks and the header must agree."""
    cycles = spectra[0].slow
    for block in spectra:
        if block.slow != cycles:
            raise refusal(block.place, f"{block.slow} cycles", f"{cycles} as in {spectra[0].place}")
    if file_type == "spectrum" and cycles != 1:
        remedy = "files with several spatial areas are not read here: store one area per file"
        raise refusal(spectra[0].place, f"{cycles} spectra per region", "1 in a file of type SPECTRUM", remedy)
    declared = header.single("NoDPDataCyc")
    if declared is not None and whole_number(declared, "header line 'NoDPDataCyc'") != cycles:
        raise refusal("header line 'NoDPDataCyc'", declared, f"{cycles}, the cycles in the block table")
    for block in blocks:
        rows = (1, len(spectra)) if block.kind == SPUTTER_TIME else (len(spectra),)
        if block.kind in (PROFILE, SPUTTER_TIME) and not (block.fast == cycles and block.slow in rows):
            found = f"{block.fast} cycles of {block.slow} regions"
            raise refusal(block.place, found, f"{cycles} cycles of {len(spectra)} regions")
    return cycles


def _check_points(definition: RegionDefinition, block: Block, trailing_time: float | None) -> None:
    if block.fast != definition.points:
        found = f"{block.fast} points"
        raise refusal(block.place, found, f"{definition.points} as in SpectralRegDef of {definition.name!r}")
    if trailing_time is not None and not isclose(trailing_time, definition.time_per_channel_s, rel_tol=1e-5):
        expected = f"{definition.time_per_channel_s} s as in SpectralRegDef of {definition.name!r}"
        raise refusal(block.place, f"{trailing_time} s per channel behind the data", expected)


def _regions(
    header: Header, definitions: Sequence[RegionDefinition], intensities: Sequence[Intensity], scale: EnergyScale
) -> tuple[Region, ...]:
    sweeps = facts.sweeps(header)
    names = unique_names([definition.name for definition in definitions])
    return tuple(
        Region(
            number=definition.number,
            name=name,
            raw_name=definition.name,
            atomic_number=definition.atomic_number or None,
            energy_scale=scale,
            start_ev=definition.start_ev,
            step_ev=definition.step_ev,
            channels=definition.points,
            time_per_channel_s=definition.time_per_channel_s,
            sweeps=sweeps.get(definition.number),
            pass_energy_ev=definition.pass_energy_ev,
            intensity_cps=intensity,
        )
        for definition, name, intensity in zip(definitions, names, intensities, strict=True)
    )


def _check_kinetic_energy(regions: Sequence[Region], photon_energy_ev: float) -> None:
    """Refuse an X-ray source that cannot have emitted the electrons measured."""
    for region in regions:
        highest = max(region.start_ev, region.start_ev + (region.channels - 1) * region.step_ev)
        if highest >= photon_energy_ev:
            found = (
                f"a photon energy of {photon_energy_ev} eV and binding energies up to {highest} eV in {region.name!r}"
            )
            remedy = "name the source that was used, or leave out what is no XPS"
            raise refusal("header line 'XraySource'", found, "electrons of positive kinetic energy", remedy)


def _check_finite(region: Region) -> None:
    """Refuse intensities that are, or give, no finite number of counts."""
    rates = region.intensity_cps
    # Taken for whole numbers, floats from 0 on keep their order, and negative, infinite and no numbers come above them:
    # one fast look finds that there is nothing to find.
    bits = rates.view(f"<u{rates.itemsize}")
    if bits.max() <= _BITS_OF_ORDINARY[rates.itemsize] and isfinite(_ORDINARY_CPS * region.time_per_channel_s):
        return
    with np.errstate(invalid="ignore"):  # min of a signalling NaN
        low, high = float(rates.min()), float(rates.max())
    if isfinite(low * region.time_per_channel_s) and isfinite(high * region.time_per_channel_s):
        return
    first = np.argmax(~np.isfinite(rates) | (np.abs(rates) == max(abs(low), abs(high))))
    cycle, channel = divmod(int(first), region.channels)
    place = f"region {region.number} {region.name!r}, cycle {cycle}, channel {channel}"
    raise refusal(place, rates[cycle, channel], "a finite number of counts")


def _sputter_time(body: memoryview, blocks: Sequence[Block]) -> FloatArray | None:
    """Return the cumulated sputter time per cycle, shape (cycles,); refuse times that no profile can have."""
    found = [block for block in blocks if block.kind == SPUTTER_TIME]
    if not found:
        return None
    block, stored = found[0], values(body, found[0])
    if len(found) > 1:
        raise refusal("block table", f"{len(found)} sputter-time blocks", "one")
    if not np.isfinite(stored).all():
        raise refusal(block.place, "a sputter time that is no finite number", "seconds")
    if (stored != stored[0]).any():
        raise refusal(block.place, "sputter times that differ between regions", "one time per cycle")
    times: FloatArray = stored[0].astype(np.float64) + 0.0  # real files start at -0.0
    steps = np.diff(times)
    if (steps < 0.0).any():
        cycle = int(np.argmax(steps < 0.0)) + 1
        change = f"{times[cycle]:g} s in cycle {cycle} after {times[cycle - 1]:g} s"
        raise refusal(block.place, f"sputter time going backwards, {change}", "times that never fall")
    return times


def _series_remarks(header: Header, file_type: FileType, cycles: int, times: FloatArray | None) -> Iterator[str]:
    if file_type == "spectrum":
        return
    if times is None:
        yield "no sputter-time block of the known kind: sputter times are unknown"
    if header.single("NoDPDataCyc") is None:
        yield "header line 'NoDPDataCyc' is missing: the number of cycles could not be checked against it"
    planned = facts.planned_cycles(header)
    if planned is not None and cycles < planned:
        yield f"{cycles} cycles are stored of {planned} that DepthCalDef plans: the profile was aborted"


def _definition_remarks(definitions: Sequence[RegionDefinition]) -> Iterator[str]:
    for i, definition in enumerate(definitions):
        if definition.exchanged:
            ends = f"the ends {definition.end_ev:g} and {definition.start_ev:g} eV, exchanged, as MultiPak saves them"
            yield f"{place(i)}: {ends}; channel 0 was taken to be at {definition.start_ev:g} eV, by the step's sign"


def _block_remarks(blocks: Sequence[Block], length: int) -> Iterator[str]:
    for block in blocks:
        if block.kind not in (SPECTRA, PROFILE, SPUTTER_TIME):
            yield f"{block.place}: kind {block.kind} is not known, the block was left unread"
        elif block.kind == SPUTTER_TIME and block.slow == 1 < sum(other.kind == SPECTRA for other in blocks):
            yield f"{block.place}: one row of sputter times, taken for all regions"
    if padding := length - max(block.end for block in blocks):
        yield f"{padding} bytes of padding behind the last block were left unread"
