"""Where in a file a spectrum lies: for whoever wants to see the very bytes that a number comes from."""

from typing import NamedTuple

from xps.errors import RawFileError
from xps.spectra import unique_names
from xps.versaprobe.blocks import SPECTRA, parse_blocks
from xps.versaprobe.header import parse_header, region_definitions
from xps.versaprobe.refusal import refusal


class Extent(NamedTuple):
    """The bytes of one spectrum: values of ``number_type`` in the order of the channels."""

    start: int
    """Offset of the first byte in the file."""
    stop: int
    """Offset of the first byte behind the last."""
    number_type: str
    """numpy's name for it, ``<f4`` or ``<f8``: little-endian, counts per second."""

    def channel(self, channel: int) -> "Extent":
        """Return the bytes of one channel, counted from 0."""
        width = int(self.number_type[2:])
        return Extent(self.start + channel * width, self.start + (channel + 1) * width, self.number_type)


def extent(data: bytes | memoryview, name: str, region: str, cycle: int) -> Extent:
    """Return where in the file ``data`` the spectrum of ``region`` in ``cycle`` (from 0) lies, by its block table.

    Raises RawFileError when the file is damaged or has no such region or cycle; ``name`` stands in the message.
    """
    try:
        return _extent(memoryview(data), region, cycle)
    except RawFileError as error:
        raise RawFileError(f"{name}: {error}") from None


def _extent(data: memoryview, region: str, cycle: int) -> Extent:
    header = parse_header(data)
    definitions = region_definitions(header)
    names = unique_names([definition.name for definition in definitions])
    if region not in names:
        raise refusal("regions", repr(names), f"one called {region!r}")
    number = definitions[names.index(region)].number
    spectra = [block for block in parse_blocks(data[header.body_offset :]) if block.kind == SPECTRA]
    block = next((block for block in spectra if block.region == number), None)
    if block is None or not 0 <= cycle < block.slow:
        cycles = 0 if block is None else block.slow
        raise refusal(f"region {region!r}", f"{cycles} cycles", f"one of number {cycle}, counted from 0")
    width = block.fast * int(block.dtype[2:])
    start = header.body_offset + block.offset + cycle * width
    return Extent(start, start + width, block.dtype)
