"""The body of a PHI file: the table of blocks, and their values as views on the file's bytes.

Every length is checked against the bytes that are there before anything is allocated, and the blocks must fill the body
exactly: no gap, no overlap, nothing but padding behind the last one.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from xps.spectra import Intensity
from xps.versaprobe.refusal import COPY_AGAIN, refusal

SPECTRA, PROFILE, SPUTTER_TIME = 1, 2, 8
FILE_HEADER = struct.Struct("<4I")
DESCRIPTOR = struct.Struct("<24I")
# AugerScan declares u8 (unsigned 64 bit) and stores float64: its own text exports show the same numbers.
_TYPES = {b"f4": "<f4", b"f8": "<f8", b"u8": "<f8"}
_UNITS = {SPECTRA: b"c/s", SPUTTER_TIME: b"s"}
_TRAILER = 4
# What transfers and old discs append up to their block size: NUL, Control-Z, an empty line. More is other data.
_PADDING, _PADDING_LIMIT = b"\0\x1a\r\n", 4096


@dataclass(frozen=True, slots=True)
class Block:
    """One entry of the block table; lengths of the axes fastest first."""

    number: int
    """Place in the table, from 1, for messages."""
    region: int
    kind: int
    fast: int
    slow: int
    unit: bytes
    dtype: str
    size: int
    offset: int
    trailer: int
    """Offset of Compass' float32 behind the data, 0 elsewhere."""

    @property
    def end(self) -> int:
        """Offset of the first byte behind the block."""
        return self.offset + self.size + (_TRAILER if self.trailer else 0)

    @property
    def place(self) -> str:
        """How messages call this block."""
        return f"block {self.number} (kind {self.kind}, region {self.region})"


def parse_blocks(body: memoryview) -> tuple[Block, ...]:
    """Return the block table of ``body``; refuse one that does not describe these bytes exactly."""
    count = _block_count(body)
    table = body[FILE_HEADER.size : FILE_HEADER.size + DESCRIPTOR.size * count]
    blocks = tuple(
        _block(k + 1, words, table[DESCRIPTOR.size * k : DESCRIPTOR.size * (k + 1)])
        for k, words in enumerate(DESCRIPTOR.iter_unpack(table))
    )
    _check_layout(blocks, body)
    return blocks


def values(body: memoryview, block: Block) -> Intensity:
    """Return the block's numbers as a read-only view, shape (slow, fast)."""
    count = block.slow * block.fast
    return np.frombuffer(body, block.dtype, count, block.offset).reshape(block.slow, block.fast)


def trailing_time_s(body: memoryview, block: Block) -> float | None:
    """Return the time per channel that Compass stores behind the data, None elsewhere."""
    if not block.trailer:
        return None
    (time_s,) = struct.unpack_from("<f", body, block.trailer)
    return float(time_s)


def _block_count(body: memoryview) -> int:
    if len(body) < FILE_HEADER.size:
        raise refusal("block table", f"{len(body)} bytes behind the header", f"at least {FILE_HEADER.size}")
    version, count, size, start = (int(word) for word in FILE_HEADER.unpack_from(body))
    if (version, size, start) != (1, DESCRIPTOR.size * count, FILE_HEADER.size) or count < 1:
        found = f"the four numbers {version}, {count}, {size}, {start}"
        raise refusal("block table", found, f"1, n, {DESCRIPTOR.size} n, {FILE_HEADER.size} with n >= 1")
    if FILE_HEADER.size + size > len(body):
        raise refusal("block table", f"{len(body)} bytes", f"{FILE_HEADER.size + size} for {count} descriptors")
    return count


def _block(number: int, words: Sequence[int], raw: memoryview) -> Block:
    unit, tag = (bytes(raw[a:b]).split(b"\0", 1)[0] for a, b in ((56, 72), (72, 76)))
    place = f"block {number} (kind {words[4]}, region {words[3]})"
    dtype = _TYPES.get(tag)
    if dtype is None:
        raise refusal(place, f"number type {tag!r}", "f4, f8 or u8")
    fast, slow, third = words[5:8]
    if third > 1:
        raise refusal(place, f"{third} layers", "1 (or 0)", "maps and images are not read here")
    if words[4] in _UNITS and unit != _UNITS[words[4]]:
        raise refusal(place, f"unit {unit!r}", _UNITS[words[4]])
    size = fast * slow * int(dtype[2:])
    if words[19] != size or size == 0:
        raise refusal(place, f"{fast} x {slow} values in {words[19]} bytes", f"{size} bytes, more than none")
    if words[23] not in (0, words[20] + size):
        raise refusal(place, f"a trailer at {words[23]}", f"none, or one at {words[20] + size}")
    return Block(number, words[3], words[4], fast, slow, unit, dtype, size, words[20], words[23])


def _check_layout(blocks: Sequence[Block], body: memoryview) -> None:
    """Blocks must follow each other without gap or overlap, from the table's end to the end of the file or padding."""
    length = len(body)
    for block in blocks:
        if block.end > length:
            found = f"data from byte {block.offset} to {block.end}"
            raise refusal(block.place, found, f"them within the body's {length} bytes (is the file cut short?)")
    position = FILE_HEADER.size + DESCRIPTOR.size * len(blocks)
    for block in sorted(blocks, key=lambda block: block.offset):
        if block.offset != position:
            raise refusal(block.place, f"data at byte {block.offset} of the body", f"byte {position}")
        position = block.end
    if bytes(body[position : position + _PADDING_LIMIT + 1]).strip(_PADDING) or length - position > _PADDING_LIMIT:
        remedy = f"if two files were joined, take the originals, else {COPY_AGAIN}"
        raise refusal("body", f"{length - position} bytes behind the last block", "the end of the file there", remedy)
