"""The text header of a PHI file: its frame, its lines, and the region definitions in it.

Bytes before the body go in, an ordered list of (key, value) and typed region definitions come out. Lines on which the
meaning of the body hangs are refused when malformed; merely descriptive lines are for the reader to flag.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

from xps.errors import RawFileError
from xps.versaprobe.refusal import COPY_AGAIN, refusal

# ASSUME no header is longer: real ones have 0.3 to 8 kB in 15 to 260 lines; a recipe of 100 regions would make about
# 60 kB in 900 lines. What is no PHI file is given up early, whatever its size.
HEADER_LIMIT = 1 << 20
LINE_LIMIT = 10_000
# Blanks, returns or empty lines around SOFH and EOFH are an editor's: the body itself begins with a byte 1.
_START = re.compile(rb"[ \t\r\n]{0,16}SOFH[ \t]*\r?\n")
_END = re.compile(rb"\nEOFH[ \t\r]*\n(?:[ \t]*\r?\n)*")
_BARE_START, _BARE_END = (b"SOFH\r\n", b"SOFH\n"), (b"\nEOFH\r\n", b"\nEOFH\n")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_INTEGER = re.compile(r"[+-]?\d{1,18}", re.ASCII)
_DIGIT = re.compile(r"[0-9]")
_TOKEN = re.compile(r"[^ \t]+")
_DEFINITION_FIELDS = 13
_BLANKS = " \t\r"
_LONGEST_START = 32
_FOREIGN = (
    (b"\xef\xbb\xbf", "a UTF-8 byte order mark", "a text editor has rewritten the file: take the original"),
    (b"version https://git-lfs", "a git-LFS pointer", "fetch the file itself with `git lfs pull`"),
    (b"VAMAS Surface Chemical", "a VAMAS file", "give the .spe or .pro file that it was exported from"),
    (b"SOFH\r", "other carriage returns than CRLF", f"the file was converted as text: {COPY_AGAIN}"),
)


@dataclass(frozen=True, slots=True)
class RegionDefinition:
    """One ``SpectralRegDef`` line; energies in the order of the channels."""

    number: int
    name: str
    atomic_number: int
    points: int
    step_ev: float
    start_ev: float
    end_ev: float
    time_per_channel_s: float
    pass_energy_ev: float
    exchanged: bool
    """The line names the ends the other way round."""


@dataclass(frozen=True, slots=True)
class Header:
    """Header lines in order, repeats kept; ``body_offset`` is the index of the first byte after them."""

    lines: tuple[tuple[str, str], ...]
    values: Mapping[str, Sequence[str]]
    """The same by key."""
    body_offset: int
    edited: bool
    """Blanks or empty lines stand around SOFH or EOFH, where no instrument writes any."""

    def all(self, key: str) -> Sequence[str]:
        """Return the values of all lines called ``key``."""
        return self.values.get(key, ())

    def first(self, key: str) -> str | None:
        """Return the first value of ``key``, or None."""
        return next(iter(self.all(key)), None)

    def single(self, key: str) -> str | None:
        """Return the value of ``key`` or None; refuse a header that gives it twice with different values."""
        values = set(self.all(key))
        if len(values) > 1:
            raise refusal(f"header line {key!r}", f"{len(values)} different values {sorted(values)}", "one")
        return next(iter(values), None)

    def required(self, key: str) -> str:
        """Return the value of ``key``; refuse a header without it."""
        value = self.single(key)
        if value is None:
            raise refusal(f"header line {key!r}", "none", "one")
        return value


def parse_header(data: memoryview) -> Header:
    """Return the header at the start of ``data``; refuse what does not begin like a PHI file.

    Lines are split at line feeds only: other characters that Python takes for line ends occur inside Shift-JIS text.
    """
    start = _START.match(data, 0, _LONGEST_START)
    if start is None:
        raise _not_phi(bytes(data[:_LONGEST_START]))
    end = _END.search(data, start.end() - 1, HEADER_LIMIT)
    if end is None:
        found = f"no line EOFH in the first {min(len(data), HEADER_LIMIT)} bytes"
        raise refusal("header", found, "the line that ends the header")
    head = bytes(data[start.end() - 1 : end.start()])
    count = head.count(b"\n")
    if count > LINE_LIMIT:
        raise refusal("header", f"{count} lines", f"at most {LINE_LIMIT}", "give the file as it was acquired")
    texts = (line.strip(_BLANKS) for line in head.decode("latin-1").split("\n"))
    parts = (text.partition(":") for text in texts if text)
    lines = tuple((key.rstrip(_BLANKS), value.lstrip(_BLANKS)) for key, _, value in parts)
    values: dict[str, list[str]] = {}
    for key, value in lines:
        values.setdefault(key, []).append(value)
    edited = start.group() not in _BARE_START or end.group() not in _BARE_END
    return Header(lines, values, end.end(), edited)


def region_definitions(header: Header) -> tuple[RegionDefinition, ...]:
    """Return the regions acquired, in header order; refuse missing, malformed, repeated or miscounted ones."""
    values = header.all("SpectralRegDef")
    binding = header.first("Technique") == "XPS"
    definitions = tuple(_region_definition(value, place(i), binding) for i, value in enumerate(values))
    declared = whole_number(header.required("NoSpectralReg"), "header line 'NoSpectralReg'")
    if declared != len(values) or declared < 1:
        found = f"NoSpectralReg {declared} and {len(values)} lines SpectralRegDef"
        raise refusal("header", found, "as many definitions as regions, at least one")
    numbers = [definition.number for definition in definitions]
    if len(set(numbers)) < len(numbers) or min(numbers) < 1:
        raise refusal("header lines 'SpectralRegDef'", f"region numbers {numbers}", "distinct numbers from 1")
    for i, definition in enumerate(definitions):
        _check_axis(definition, place(i))
    return definitions


def place(i: int) -> str:
    """Return how messages call the ``i``-th region definition."""
    return f"header line 'SpectralRegDef' no. {i + 1}"


def whole_number(text: str, where: str) -> int:
    """Return ``text`` as an integer; refuse anything else."""
    if _INTEGER.fullmatch(text) is None:
        raise refusal(where, repr(text), "a whole number")
    return int(text)


def real_number(text: str, where: str) -> float:
    """Return ``text`` as a finite float; refuse anything else (also ``nan``, ``1_0``, ``1,5`` and ``1e999``)."""
    if _NUMBER.fullmatch(text) is None or not isfinite(float(text)):
        if _NUMBER.fullmatch(text.replace(",", ".")):
            raise refusal(
                where, repr(text), "a number with a decimal point", "give the file as the instrument wrote it"
            )
        raise refusal(where, repr(text), "a number")
    return float(text)


def split_number(text: str) -> tuple[float | None, str]:
    """Return the number at the start of ``text`` and what follows it: ``20.0 uA`` -> (20.0, "uA")."""
    match = _NUMBER.match(text)
    if match is None or not isfinite(float(match.group())):
        return None, text
    return float(match.group()), text[match.end() :].strip(_BLANKS)


def fields(text: str) -> list[str]:
    """Return what blanks and tabs separate in ``text``; other white space is part of a word."""
    return _TOKEN.findall(text)


def leading_numbers(value: str | None) -> list[float]:
    """Return the numbers at the start of ``value``, units glued to them cut: ``1 2.5 3W x`` -> [1.0, 2.5, 3.0].

    What is glued to a number and holds digits is no unit: ``1486,6`` is not 1486, it is not understood.
    """
    numbers: list[float] = []
    for token in fields(value or ""):
        number, glued = split_number(token)
        if number is None or _DIGIT.search(glued):
            break
        numbers.append(number)
    return numbers


def _region_definition(value: str, where: str, binding: bool) -> RegionDefinition:
    """Parse from both ends, because the name may hold blanks; on a ``binding`` energy scale ends may be exchanged."""
    tokens = list(_TOKEN.finditer(value))
    if len(tokens) < _DEFINITION_FIELDS:
        raise refusal(where, repr(value), f"{_DEFINITION_FIELDS} fields")
    last = [token.group() for token in tokens[-10:]]
    step, start, end = (real_number(text, where) for text in last[2:5])
    exchanged = binding and step < 0.0 and start < end
    return RegionDefinition(
        number=whole_number(tokens[0].group(), where),
        name=value[tokens[2].start() : tokens[-11].end()],
        atomic_number=whole_number(last[0], where),
        points=whole_number(last[1], where),
        step_ev=step,
        start_ev=end if exchanged else start,
        end_ev=start if exchanged else end,
        time_per_channel_s=real_number(last[7], where),
        pass_energy_ev=real_number(last[8], where),
        exchanged=exchanged,
    )


def _check_axis(definition: RegionDefinition, where: str) -> None:
    """Refuse an axis whose last point is a step or more away from the end (it may miss it by less: step rule)."""
    last = definition.start_ev + (definition.points - 1) * definition.step_ev
    if definition.points < 1 or not abs(last - definition.end_ev) < abs(definition.step_ev):
        axis = f"{definition.points} points from {definition.start_ev} eV in steps of {definition.step_ev} eV"
        raise refusal(where, f"{axis}, ending at {last} eV", f"an end within one step of {definition.end_ev} eV")


def _not_phi(start: bytes) -> RawFileError:
    found, remedy = (
        (f"{start[:16]!r}", "give a file that PHI's acquisition software wrote") if start else ("0 bytes", COPY_AGAIN)
    )
    for foreign, name, advice in _FOREIGN:
        if start.startswith(foreign):
            found, remedy = name, advice
    return refusal("start of the file", found, "the line SOFH, ended by CRLF or LF", remedy)
