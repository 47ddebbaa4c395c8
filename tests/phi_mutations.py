"""How PHI files are damaged: flips, cuts, splices and insertions in header, block table and body, for hypothesis."""

import re
import struct
from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

_PARTS = ("header", "table", "body")
_NUMBER = re.compile(rb"[-+]?[0-9][0-9.]*")
_WORDS = (0, 1, 2, 4, 8, 77, 96, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFC, 0xFFFFFFFF, 0x7F800000, 0x7F800001, 0xBF800000)
_TEXTS = (
    b"",
    b"0",
    b"-1",
    b"2",
    b".5",
    b"1_0",
    b"nan",
    b"1e999",
    b"1e-320",
    b"-0.0",
    b"9" * 40,
    b"\r\n",
    b":",
    b"EOFH",
)
_KINDS = ("flip", "overwrite", "cut", "truncate", "splice", "copy", "insert", "number", "number", "number")


class Change(NamedTuple):
    """One damage; places are taken modulo the length of the part that it happens in."""

    kind: str
    part: str
    place: int
    source: int
    length: int
    filler: bytes
    word: int
    text: bytes


changes = st.lists(
    st.builds(
        Change,
        kind=st.sampled_from(_KINDS),
        part=st.sampled_from(_PARTS),
        place=st.integers(0, 1 << 20),
        source=st.integers(0, 1 << 20),
        length=st.integers(1, 200),
        filler=st.binary(min_size=1, max_size=8),
        word=st.sampled_from(_WORDS) | st.integers(0, 0xFFFFFFFF),
        text=st.sampled_from(_TEXTS) | st.integers(-3, 3000).map(lambda number: str(number).encode()),
    ),
    min_size=1,
    max_size=3,
)


def damaged(data: bytes, done: Sequence[Change], donor: bytes) -> bytes:
    """Return ``data`` after all changes; splices take their bytes from ``donor``."""
    for change in done:
        start, end = _span(data, change.part)
        if start < end:
            data = _change(data, change, start, end, donor)
    return data


def _span(data: bytes, part: str) -> tuple[int, int]:
    """Return where header, table or body lie; a file without a header end is all header."""
    end = re.search(rb"\nEOFH\r?\n", data)
    if end is None or len(data) < end.end() + 16:
        return (0, len(data))
    (blocks,) = struct.unpack_from("<I", data, end.end() + 4)
    table_end = min(len(data), end.end() + 16 + 96 * blocks)
    return {"header": (0, end.end()), "table": (end.end(), table_end), "body": (table_end, len(data))}[part]


def _change(data: bytes, change: Change, start: int, end: int, donor: bytes) -> bytes:
    at = start + change.place % (end - start)
    taken = donor[(source := change.source % len(donor)) : source + change.length]
    match change.kind:
        case "flip":
            return data[:at] + bytes([data[at] ^ 1 << change.length % 8]) + data[at + 1 :]
        case "overwrite":
            return data[:at] + change.filler + data[at + len(change.filler) :]
        case "cut":
            return data[:at] + data[at + change.length :]
        case "truncate":
            return data[:at]
        case "splice":
            return data[:at] + taken + data[at:]
        case "copy":
            return data[:at] + taken + data[at + len(taken) :]
        case "insert":
            return data[:at] + change.filler + data[at:]
    return _another_number(data, change, start, end)


def _another_number(data: bytes, change: Change, start: int, end: int) -> bytes:
    """Replace a number of the header by a text, or four bytes of table or body by a word."""
    if change.part == "header" and (found := list(_NUMBER.finditer(data, start, end))):
        one = found[change.place % len(found)]
        return data[: one.start()] + change.text + data[one.end() :]
    at = start + 4 * (change.place % max(1, (end - start) // 4))
    return data[:at] + struct.pack("<I", change.word) + data[at + 4 :]
