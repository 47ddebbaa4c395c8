"""Small PHI files of three layouts, put together byte by byte without the library, for tests that damage files.

SmartSoft (CRLF, float32), Compass (LF, float64, the time per channel behind each block) and AugerScan (LF, float64 that
calls itself u8, a third axis of length 0). The real files in ../shared/data show that these layouts are the real ones.
"""

import struct
from collections.abc import Sequence
from typing import NamedTuple

_LAYOUTS = {  # line end, struct code, type tag, label of the fast axis, length of the third axis, trailer
    "smartsoft": (b"\r\n", "f", b"f4", b"pnt", 1, False),
    "compass": (b"\n", "d", b"f8", b"pnt", 1, True),
    "augerscan": (b"\n", "d", b"u8", b"chn", 0, False),
}
Counts = Sequence[Sequence[Sequence[int]]]
"""Whole counts by region, cycle and channel."""

_NAMES = ("C1s", "Ge 3d", "Li1s", "Su1s")
_COMMON = (
    "Platform: PC",
    "Technique: XPS",
    "FileDesc: a µm of µ-Al2O3",
    "FileDate: 2024 1 22",
    "SoftwareVersion: SS 3.3.3.2",
    "InstrumentModel: VersaProbe 4",
    "StagePosition: 1.0 2.0 3.0 45.0 0.0",
    "XraySource: Al 1486.6 mono",
    "IntensityCalCoeff: 40.000 0.200",
    "AnalyserMode: FAT",
    "Channel Info: 1 1 1.239",
    "Channel Info: 2 1 1.241",
)


class Block(NamedTuple):
    """One block before it has a place: struct code and type tag of its values, four bytes of tail or none."""

    region: int
    kind: int
    fast: int
    slow: int
    labels: tuple[bytes, bytes]
    unit: bytes
    code: str
    tag: bytes
    values: Sequence[float]
    tail: bytes = b""


def assemble(layout: str, counts: Counts, times_s: Sequence[float] | None = None) -> bytes:
    """Return a .pro with these sputter times (a .spe without them), 0.5 s per channel, axes that fall by 0.125 eV."""
    eol, code, tag, label, third, trailer = _LAYOUTS[layout]
    lines = [*_COMMON, f"FileType: {'SPECTRUM' if times_s is None else 'DEPTHPRO'}", f"NoSpectralReg: {len(counts)}"]
    if times_s is not None:
        lines += [f"NoDPDataCyc: {len(times_s)}", f"DepthCalDef: 1 Layer1 1 0 0 Ar+ 6 1 {len(times_s) - 1} '1 kV' 1.0"]
    blocks = []
    for i, cycles in enumerate(counts):
        points, slow = len(cycles[0]), b"sar" if times_s is None else b"cyc"
        start = 300.0 + i % 10
        axis = f"{points} -0.1250 {start} {start - 0.125 * (points - 1)}"
        lines.append(f"SpectralRegDef: {i + 1} 1 {_NAMES[i % 4]} 6 {axis} 300.0 299.0 0.500000 55.00 AREA")
        lines.append(f"SpectralRegDef2: {i + 1} 4.0 5 0 1 1")
        rates = [count / 0.5 for cycle in cycles for count in cycle]
        tail = struct.pack("<f", 0.5) if trailer else b""
        blocks.append(Block(i + 1, 1, points, len(cycles), (label, slow), b"c/s", code, tag, rates, tail))
    if times_s is not None:
        size, labels = (len(times_s), len(counts)), (b"cyc", b"reg")
        blocks.append(Block(0, 8, *size, labels, b"s", "f", b"f4", list(times_s) * len(counts)))
        blocks.append(Block(0, 2, *size, labels, b"c/s * eV", "f", b"f4", [3.0] * (size[0] * size[1])))
    head = [b"SOFH", *(line.encode("latin-1") for line in lines), b"EOFH", b""]
    return eol.join(head) + _body(blocks, third)


def _body(blocks: Sequence[Block], third: int) -> bytes:
    table = [struct.pack("<4I", 1, len(blocks), 96 * len(blocks), 16)]
    offset, payload = 16 + 96 * len(blocks), []
    rubbish = b"\0w\x18"  # behind the NUL that ends a text real files hold whatever was in memory
    for number, block in enumerate(blocks, 1):
        data = struct.pack(f"<{len(block.values)}{block.code}", *block.values)
        numbers = (number if third else 0, 1, 1, block.region, block.kind, block.fast, block.slow, third)
        texts = (*block.labels, rubbish, block.unit + rubbish, block.tag + b"\0w")
        trailer = offset + len(data) if block.tail else 0
        table.append(struct.pack("<8I8s8s8s16s4s5I", *numbers, *texts, len(data), offset, 0, 0, trailer))
        payload.append(data + block.tail)
        offset += len(payload[-1])
    return b"".join([*table, *payload])


def small_files() -> dict[str, bytes]:
    """Return a file of each layout, and a profile of two regions."""
    one, two = [[3, 14, 15, 92, 65, 35]], [[8, 97, 93, 23, 84, 62, 64]]
    files = {f"{layout}.spe": assemble(layout, [one, two]) for layout in _LAYOUTS}
    files["smartsoft.pro"] = assemble("smartsoft", [one * 3, two * 3], [-0.0, 30.0, 60.0])
    return files
