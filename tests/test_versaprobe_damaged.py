"""Damaged and unusual files, made from real ones: each kind gets its verdict, and never anything but RawFileError.

Verdicts: ``read`` (the same numbers as the intact file), ``flag`` (readable, with a warning), ``read-flag`` (both),
``reject``.
"""

import csv
import mmap
import re
import struct
import time
import tracemalloc
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from phi_files import assemble
from xps import versaprobe
from xps.acquisitions import cycles
from xps.errors import RawFileError
from xps.spectra import Measurement

PROFILE = "pynxtools-xps/SnO2_10nm_1.pro"
BASES = (
    PROFILE,
    "pynxtools-xps/SnO2_10nm.spe",
    "M-DaC_XPS/XPS_PHI_QUANTERA_narrow.spe",
    "M-DaC_XPS/XPS_PHI_QUANTERA_depth_1.pro",
    "M-DaC_AES/Au_foil2.spe",
    "yadg/test0.spe",
    "XPSPRE/ex.SPE",
    "JesusF10/BN-BS-1/BN-BS-1_multiplex.spe",
)


class Damage(NamedTuple):
    """How to make it, what must come of it, and what the message or warning must speak of."""

    change: Callable[[bytes], bytes]
    verdict: str
    words: str = ""


def body_start(data: bytes) -> int:
    found = re.search(rb"\nEOFH\r?\n", data)
    assert found is not None
    return found.end()


def eol(data: bytes) -> bytes:
    return b"\r\n" if data.startswith(b"SOFH\r\n") else b"\n"


def word(block: int, index: int, value: int | Callable[[int], int]) -> Callable[[bytes], bytes]:
    """Return a change of one 32-bit word of a block descriptor (of the table's head for block -1)."""

    def change(data: bytes) -> bytes:
        at = body_start(data) + (16 + 96 * block if block >= 0 else 0) + 4 * index
        (old,) = struct.unpack_from("<I", data, at)
        return data[:at] + struct.pack("<I", value(old) if callable(value) else value) + data[at + 4 :]

    return change


def header(pattern: bytes, new: bytes | Callable[[re.Match[bytes]], bytes]) -> Callable[[bytes], bytes]:
    """Return a substitution of the first match in the header; a pattern that is not there changes nothing."""

    def change(data: bytes) -> bytes:
        start = body_start(data)
        return re.sub(pattern, new, data[:start], count=1, flags=re.MULTILINE) + data[start:]

    return change


def add_line(line: bytes) -> Callable[[bytes], bytes]:
    return lambda data: data.replace(b"SOFH" + eol(data), b"SOFH" + eol(data) + line + eol(data), 1)


def field(index: int, new: Callable[[bytes], bytes]) -> Callable[[bytes], bytes]:
    """Return a change of one field of the first SpectralRegDef."""

    def substitute(match: re.Match[bytes]) -> bytes:
        fields = match.group().split()
        fields[index + 1] = new(fields[index + 1])
        return b" ".join(fields)

    return header(rb"^SpectralRegDef:[^\r\n]*", substitute)


def count(key: bytes, step: int) -> Callable[[bytes], bytes]:
    return header(
        rb"^(" + key + rb":\s*)(\d+)", lambda match: match.group(1) + str(int(match.group(2)) + step).encode()
    )


def descriptor(data: bytes, block: int) -> tuple[int, ...]:
    return struct.unpack_from("<24I", data, body_start(data) + 16 + 96 * block)


def one_value(value: float, channel: int = 7) -> Callable[[bytes], bytes]:
    """Return a change of one intensity of the first block, in the type of the block."""

    def change(data: bytes) -> bytes:
        code = "<f" if data[body_start(data) + 88 : body_start(data) + 90] == b"f4" else "<d"
        at = body_start(data) + descriptor(data, 0)[20] + channel * struct.calcsize(code)
        return data[:at] + struct.pack(code, value) + data[at + struct.calcsize(code) :]

    return change


def zero_block(data: bytes) -> bytes:
    size, offset = descriptor(data, 0)[19:21]
    at = body_start(data) + offset
    return data[:at] + bytes(size) + data[at + size :]


def swap_descriptors(data: bytes) -> bytes:
    at = body_start(data) + 16
    return data[:at] + data[at + 96 : at + 192] + data[at : at + 96] + data[at + 192 :]


def rename_second(data: bytes) -> bytes:
    first = re.search(rb"^SpectralRegDef: *1 +\S+ +(\S+)", data, re.MULTILINE)
    assert first is not None
    name = first.group(1)
    return header(rb"^(SpectralRegDef: *2 +\S+ +)\S+", lambda match: match.group(1) + name)(data)


def without_lines(key: bytes) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        start = body_start(data)
        return re.sub(rb"^" + key + rb":[^\n]*\n", b"", data[:start], flags=re.MULTILINE) + data[start:]

    return change


def line_ends(new: bytes) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        start = body_start(data)
        return data[:start].replace(b"\r\n", b"\n").replace(b"\n", new) + data[start:]

    return change


def time_backwards(data: bytes) -> bytes:
    """Write a third sputter time that is earlier than the second, in every region."""
    block = next(k for k in range(9) if descriptor(data, k)[4] == 8)
    cycles, regions = descriptor(data, block)[5:7]
    for region in range(regions):
        at = body_start(data) + descriptor(data, block)[20] + 4 * (region * cycles + 2)
        data = data[:at] + struct.pack("<f", 1.0) + data[at + 4 :]
    return data


def on_the_first(data: bytes) -> bytes:
    """Let the second block point at the data of the first, and the first be as long as the second."""
    return word(1, 20, descriptor(data, 0)[20])(data)


def kind_eight(index: int, value: int) -> Callable[[bytes], bytes]:
    def change(data: bytes) -> bytes:
        return word(next(k for k in range(9) if descriptor(data, k)[4] == 8), index, value)(data)

    return change


def two_time_blocks(data: bytes) -> bytes:
    """Call the last block, MultiPak's net areas, sputter times in seconds as well."""
    last = next(k for k in range(9) if descriptor(data, k)[4] == 2)
    at = body_start(data) + 16 + 96 * last
    return data[: at + 16] + struct.pack("<I", 8) + data[at + 20 : at + 56] + b"s\0" + data[at + 58 :]


def around(sofh: bytes = b"", eofh: bytes = b"", before: bytes = b"", behind: bytes = b"") -> Callable[[bytes], bytes]:
    """Return a change of the frame: bytes added to its two lines, before the first and (as lines) behind the last."""

    def change(data: bytes) -> bytes:
        end, start = eol(data), body_start(data)
        head = data[len(b"SOFH" + end) : start - len(b"EOFH" + end)]
        return before + b"SOFH" + sofh + end + head + b"EOFH" + eofh + end + behind + data[start:]

    return change


def stopped(data: bytes) -> bytes:
    """Empty the second half of the last cycle of the first block."""
    words, item = descriptor(data, 0), 4 if data[body_start(data) + 88 : body_start(data) + 90] == b"f4" else 8
    end = body_start(data) + words[20] + words[19]
    empty = item * (words[5] // 2)
    return data[: end - empty] + bytes(empty) + data[end:]


def exchanged_ends(data: bytes) -> bytes:
    """Name the lower energy first, as MultiPak does when it saves a spectrum anew; the step stays as it was."""

    def exchange(match: re.Match[bytes]) -> bytes:
        fields = match.group().split()
        last = float(fields[7]) + (int(fields[5]) - 1) * float(fields[6])
        fields[7], fields[8] = b"%.5f" % last, fields[7]
        return b" ".join(fields)

    start = body_start(data)
    return re.sub(rb"^SpectralRegDef:[^\r\n]*", exchange, data[:start], flags=re.MULTILINE) + data[start:]


def one_row_of_times(data: bytes) -> bytes:
    """Keep the first region's row of sputter times only; what lies behind moves up."""
    start, blocks = body_start(data), struct.unpack_from("<I", data, body_start(data) + 4)[0]
    times = next(k for k in range(blocks) if descriptor(data, k)[4] == 8)
    cycles, _, _ = descriptor(data, times)[5:8]
    size, offset = descriptor(data, times)[19:21]
    kept = 4 * cycles
    changed = word(times, 19, kept)(word(times, 6, 1)(data))
    for k in range(blocks):
        if descriptor(data, k)[20] > offset:
            changed = word(k, 20, lambda old: old - size + kept)(changed)
    return changed[: start + offset + kept] + changed[start + offset + size :]


WINSPEC = b"\x00\x00\x02\x05" + bytes(4096) + np.arange(1024, dtype="<f4").tobytes()
GAMMA = b"$SPEC_ID:\r\nsample\r\n$DATE_MEA:\r\n01/02/2003 04:05:06\r\n$DATA:\r\n0 3\r\n1\r\n2\r\n3\r\n4\r\n"
VAMAS = b"VAMAS Surface Chemical Analysis Standard Data Transfer Format 1988 May 4\r\nNot Specified\r\n"
LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:0123456789abcdef\nsize 12982\n"

EVERY_BASE = {
    "intact": Damage(lambda data: data, "read"),
    "zero_bytes": Damage(lambda data: b"", "reject", "0 bytes"),
    "header_only": Damage(lambda data: data[: body_start(data)], "reject", "block table"),
    "cut_in_table": Damage(lambda data: data[: body_start(data) + 60], "reject", "block table"),
    "cut_last_100": Damage(lambda data: data[:-100], "reject", "cut short"),
    "cut_half_body": Damage(lambda data: data[: (body_start(data) + len(data)) // 2], "reject", "cut short"),
    "no_eofh": Damage(header(rb"^EOFH", b"EOFX"), "reject", "EOFH"),
    "nreg_plus1": Damage(count(b"NoSpectralReg", 1), "reject", "NoSpectralReg"),
    "nreg_minus1": Damage(count(b"NoSpectralReg", -1), "reject", "NoSpectralReg"),
    "npts_header": Damage(field(4, lambda text: str(int(text) - 2).encode()), "reject", "SpectralRegDef"),
    "npts_table": Damage(word(0, 5, lambda points: points + 7), "reject", "block 1"),
    "latin1_header": Damage(add_line("FileDesc: µm Å".encode("latin-1")), "read"),
    "utf8_header": Damage(add_line("FileDesc: µm Å".encode()), "read"),
    "sjis_header": Damage(add_line("FileDesc: 表面ソ".encode("shift-jis")), "read"),
    "nan": Damage(one_value(np.nan), "reject", "channel 7"),
    "inf": Damage(one_value(np.inf), "reject", "channel 7"),
    "negative": Damage(one_value(-100.0), "flag", "negative"),
    "huge_value": Damage(one_value(3e30), "flag", "3e+30"),
    "all_zero": Damage(zero_block, "flag", "all intensities are zero"),
    "offset_beyond": Damage(word(0, 20, lambda offset: offset + 1_000_000), "reject", "block 1"),
    "dtype_i4": Damage(
        lambda data: data[: body_start(data) + 88] + b"i4" + data[body_start(data) + 90 :], "reject", "i4"
    ),
    "nbytes_short": Damage(word(0, 19, lambda size: size - 4), "reject", "bytes"),
    "trailing_garbage": Damage(lambda data: data + bytes(range(256)) * 4, "reject", "1024 bytes behind"),
    "trailing_data": Damage(lambda data: data + data[-40:], "reject", "40 bytes behind"),
    "padded_with_nul": Damage(lambda data: data + bytes(512), "read-flag", "512 bytes of padding"),
    "padded_as_by_xmodem": Damage(lambda data: data + b"\x1a" * 77, "read-flag", "77 bytes of padding"),
    "an_empty_line_at_the_end": Damage(lambda data: data + b"\r\n", "read-flag", "2 bytes of padding"),
    "padded_without_end": Damage(lambda data: data + bytes(4097), "reject", "4097 bytes behind"),
    "blank_behind_sofh": Damage(around(sofh=b" "), "read-flag", "SOFH"),
    "blanks_behind_eofh": Damage(around(eofh=b" \t "), "read-flag", "EOFH"),
    "returns_behind_eofh": Damage(around(eofh=b"\r\r"), "read-flag", "EOFH"),
    "eofh_and_returns_within_the_header": Damage(add_line(b"EOFH\r\r"), "reject", "NoSpectralReg"),
    "empty_lines_behind_eofh": Damage(around(behind=b"\r\n \n"), "read-flag", "EOFH"),
    "empty_line_before_sofh": Damage(around(before=b"\r\n"), "read-flag", "SOFH"),
    "a_word_behind_eofh": Damage(around(eofh=b" x"), "reject", "EOFH"),
    "stopped": Damage(stopped, "flag", "was it stopped while measuring?"),
    "decimal_comma": Damage(field(6, lambda text: text.replace(b".", b",")), "reject", "decimal point"),
    "table_count_huge": Damage(word(-1, 1, 2**31 - 1), "reject", "block table"),
    "eofh_in_comment": Damage(add_line(b"Comment: this is not EOFH yet"), "read"),
    "wrong_step_sign": Damage(field(5, lambda text: text[1:] if text[:1] == b"-" else b"-" + text), "reject", "steps"),
    "blank_header_line": Damage(add_line(b""), "read"),
    "no_regdef": Damage(without_lines(b"SpectralRegDef"), "reject", "SpectralRegDef"),
    "winspec": Damage(lambda data: WINSPEC, "reject", "SOFH"),
    "gamma": Damage(lambda data: GAMMA, "reject", "SOFH"),
    "vamas_as": Damage(lambda data: VAMAS, "reject", "VAMAS"),
    "random": Damage(lambda data: np.random.default_rng(1).bytes(20_000), "reject", "SOFH"),
    "text_editor": Damage(lambda data: data.decode("utf-8", "replace").encode(), "reject"),
    "lfs_pointer": Damage(lambda data: LFS, "reject", "git lfs pull"),
    "cyc_huge": Damage(word(0, 6, 2**31 - 1), "reject", "block 1"),
    # beyond the list
    "two_files_joined": Damage(lambda data: data + data, "reject", "behind the last block"),
    "byte_order_mark": Damage(lambda data: b"\xef\xbb\xbf" + data, "reject", "byte order mark"),
    "cr_only": Damage(line_ends(b"\r"), "reject", "carriage returns"),
    "long_header": Damage(add_line(b"Comment: " + b"x" * 40_000), "read"),
    "many_lines": Damage(add_line(b"\n".join(b"Comment: %d" % i for i in range(5000))), "read"),
    "too_many_lines": Damage(add_line(b"\n" * 10_001), "reject", "lines"),
    "negative_time": Damage(field(10, lambda text: b"-0.5"), "reject", "-0.5 s"),
    "negative_pass_energy": Damage(field(11, lambda text: b"-5"), "reject", "-5"),
    "eternal_time": Damage(field(10, lambda text: b"1e307"), "reject"),
    "zero_time": Damage(field(10, lambda text: b"0.0"), "reject", "0.0 s"),
    "zero_cycles": Damage(word(0, 6, 0), "reject", "more than none"),
    "map": Damage(word(0, 7, 3), "reject", "maps"),
    "unit": Damage(
        lambda data: data[: body_start(data) + 72] + b"cts\0" + data[body_start(data) + 76 :], "reject", "cts"
    ),
    "overlap": Damage(word(0, 20, lambda offset: offset - 4), "reject", "block 1"),
    "region_unknown": Damage(word(0, 3, 77), "reject", "77"),
    "unknown_technique": Damage(header(rb"^Technique:[^\r\n]*", b"Technique: SIMS"), "reject", "SIMS"),
    "unknown_file_type": Damage(header(rb"^FileType:[^\r\n]*", b"FileType: MAP"), "reject", "MAP"),
    "contradiction": Damage(add_line(b"FileType: OTHER"), "reject", "2 different values"),
    "no_file_type": Damage(without_lines(b"FileType"), "reject", "FileType"),
    "a_word_for_a_number": Damage(field(6, lambda text: b"1_0"), "reject", "'1_0'"),
    "infinite_start": Damage(field(6, lambda text: b"1e999"), "reject", "1e999"),
    "fields_missing": Damage(header(rb"^(SpectralRegDef: *\S+ +\S+)[^\r\n]*", rb"\1"), "reject", "13 fields"),
    "bad_count": Damage(header(rb"^NoSpectralReg:[^\r\n]*", b"NoSpectralReg: four"), "reject", "'four'"),
    "deconvolved": Damage(add_line(b"Deconvolution: yes"), "flag", "yes"),
    "several_areas": Damage(add_line(b"NoSpatialArea: 3"), "flag", "3 areas"),
    "depth_scale": Damage(add_line(b"DepthRecal: yes"), "flag", "yes"),
    "recalibrated": Damage(header(rb"^IntensityRecal: no|^FileDate: ", b"IntensityRecal: yes"), "flag", "yes"),
}

AUTOMATIC_LINE_ENDS = {
    "autocrlf_all": Damage(lambda data: data.replace(b"\n", b"\r\n"), "reject"),
    "autolf_all": Damage(lambda data: data.replace(b"\r\n", b"\n"), "reject-if-changed"),
    "header_LF": Damage(line_ends(b"\n"), "read"),
    "header_CRLF": Damage(line_ends(b"\r\n"), "read"),
}

X_RAY = {
    "no_xraysource": Damage(without_lines(b"XraySource"), "flag", "XraySource"),
    "unreadable_source": Damage(header(rb"^XraySource:[^\r\n]*", b"XraySource: Al"), "flag", "XraySource"),
    "source_with_comma": Damage(header(rb"(Source: *\S+ +\d+)\.", rb"\1,"), "flag", "XraySource"),
    "calcoeff_with_commas": Damage(header(rb"^(IntensityCalCoeff: *\d+)\.(.*)\.", rb"\1,\2,"), "flag", "CalCoeff"),
    "ends_exchanged": Damage(exchanged_ends, "read-flag", "exchanged, as MultiPak saves them"),
    "weak_source": Damage(header(rb"^XraySource:[^\r\n]*", b"XraySource: Xx 20.0"), "reject", "kinetic energy"),
    "zero_pass_energy": Damage(field(11, lambda text: b"0.00"), "reject", "pass energy 0"),
    "no_calcoeff": Damage(without_lines(b"IntensityCalCoeff"), "read-no-T"),
    "zero_calcoeff": Damage(
        header(rb"^IntensityCalCoeff:[^\r\n]*", b"IntensityCalCoeff: 0.0 0.0"), "flag", "IntensityCalCoeff"
    ),
}

SEVERAL_REGIONS = {
    "dup_names": Damage(rename_second, "read-both"),
    "desc_swapped": Damage(swap_descriptors, "read"),
    "same_region_twice": Damage(word(1, 3, 1), "reject", "regions"),
    "same_number_twice": Damage(header(rb"^SpectralRegDef: *2", b"SpectralRegDef: 1"), "reject", "region numbers"),
    "a_spectra_block_missing": Damage(word(1, 4, 9), "reject", "spectra of regions"),
    "blocks_share_their_data": Damage(on_the_first, "reject", "block"),
    "name_with_blank": Damage(header(rb"^(SpectralRegDef: *1 +\S+ +)\S+", rb"\1Cu LMM x"), "read"),
}

SERIES = {
    "cyc_header": Damage(header(rb"^NoDPDataCyc: \d+", b"NoDPDataCyc: 31"), "reject", "NoDPDataCyc"),
    "cyc_table": Damage(word(0, 6, lambda cycles: cycles - 1), "reject", "block 1"),
    "no_time_block": Damage(kind_eight(4, 77), "read-no-time"),
    "time_backwards": Damage(time_backwards, "reject", "backwards"),
    "one_row_of_times": Damage(one_row_of_times, "read-flag", "one row of sputter times"),
    "two_time_blocks": Damage(two_time_blocks, "reject", "2 sputter-time blocks"),
    "a_spectra_block_too_many": Damage(kind_eight(4, 1), "reject", "s'"),
    "no_cycles": Damage(header(rb"^NoDPDataCyc: \d+", b"NoDPDataCyc: 0"), "reject", "NoDPDataCyc"),
    "time_in_minutes": Damage(
        lambda data: data[: (at := data.rindex(b"s\0", 0, len(data) - 3000))] + b"min\0" + data[at + 4 :], "reject"
    ),
    "renamed_spe": Damage(lambda data: data, "read"),
    "aborted": Damage(header(rb"^(DepthCalDef: *1 .*?)(\d+)( ')", rb"\g<1>9\2\3"), "flag", "aborted"),
    "plan_with_blanks": Damage(header(rb"^(DepthCalDef: *\d+ )\S+( .*?')\S+'", rb"\1My Layer\2slow 1 kV'"), "read"),
    "no_cycle_count": Damage(without_lines(b"NoDPDataCyc"), "flag", "NoDPDataCyc"),
    "a_spectrum_of_cycles": Damage(header(rb"^FileType:[^\r\n]*", b"FileType: SPECTRUM"), "reject", "spatial areas"),
}

CASES = [
    *((name, base) for name in EVERY_BASE for base in BASES),
    *((name, base) for name in AUTOMATIC_LINE_ENDS for base in BASES),
    *((name, base) for name in X_RAY for base in BASES if "Au_foil" not in base),
    *((name, base) for name in SEVERAL_REGIONS for base in (PROFILE, *BASES[2:4], *BASES[5:])),
    *((name, base) for name in SERIES for base in (PROFILE, BASES[3])),
]
DAMAGES = {**EVERY_BASE, **AUTOMATIC_LINE_ENDS, **X_RAY, **SEVERAL_REGIONS, **SERIES}


def same_spectra(found: Measurement, intact: Measurement) -> bool:
    return all(
        np.array_equal(one.energy_ev, other.energy_ev)
        and np.array_equal(one.intensity_cps, other.intensity_cps)
        and one.time_per_channel_s == other.time_per_channel_s
        for one, other in zip(found.regions, intact.regions, strict=True)
    )


def expected_verdict(damage: Damage, data: bytes, damaged: bytes) -> str:
    if damage.verdict == "reject-if-changed":
        changed = data[body_start(data) :] != damaged[body_start(damaged) :]
        return "reject" if changed else "read"
    return damage.verdict


@pytest.mark.parametrize(("name", "base"), CASES)
def test_damaged_file_gets_its_verdict(shared_data: Path, name: str, base: str) -> None:
    data, damage = (shared_data / base).read_bytes(), DAMAGES[name]
    damaged, file = damage.change(data), "case.spe"
    verdict, intact = expected_verdict(damage, data, damaged), versaprobe.read(data, base)
    if damaged == data and name not in ("intact", "renamed_spe"):
        verdict = "read"  # this family has nothing that could be damaged that way
    if verdict == "reject":
        with pytest.raises(RawFileError) as caught:
            versaprobe.read(damaged, file)
        assert str(caught.value).startswith("case.spe: ")
        assert damage.words in str(caught.value)
        assert "expected" in str(caught.value)
        return
    found = versaprobe.read(damaged, file)
    new_warnings = set(found.warnings) - set(intact.warnings)
    if verdict in ("flag", "read-flag"):
        assert any(damage.words in warning for warning in new_warnings)
    if verdict == "flag":
        return
    assert same_spectra(found, intact)
    if verdict == "read-no-time":
        assert found.sputter_time_s is None
        assert len(new_warnings) == 2
        return
    np.testing.assert_array_equal(np.asarray(found.sputter_time_s), np.asarray(intact.sputter_time_s))
    if verdict != "read-flag":
        assert len(found.warnings) == len(intact.warnings)
    if verdict == "read-no-T":
        assert found.transmission(found.regions[0]) is None
    if verdict == "read-both":
        assert found.regions[1].raw_name == found.regions[0].raw_name
        assert found.regions[1].name == f"{found.regions[0].name}#2"


def test_every_kind_of_the_list_is_covered_with_its_verdict(shared_data: Path) -> None:
    """The agreed list of bad inputs; of its double verdicts the reader takes one."""
    chosen = {"reject-or-warn": "reject", "reject-or-flag": "flag"}
    with (shared_data.parent / "PHI_BAD_INPUTS.tsv").open(encoding="utf-8") as file:
        listed = {row["kind"]: row["expected"] for row in csv.DictReader(file, delimiter="\t")}
    assert len(listed) == 48
    for kind, expected in listed.items():
        assert DAMAGES[kind].verdict == chosen.get(expected, expected), kind


def test_names_with_blanks_are_read_whole(shared_data: Path) -> None:
    data = DAMAGES["name_with_blank"].change((shared_data / PROFILE).read_bytes())
    assert versaprobe.read(data, "a.pro").regions[0].name == "Cu LMM x"


def test_shift_jis_bytes_come_back_from_the_header(shared_data: Path) -> None:
    data = DAMAGES["sjis_header"].change((shared_data / PROFILE).read_bytes())
    description = versaprobe.read(data, "a.pro").all("FileDesc")[0]
    assert description.encode("latin-1").decode("shift-jis") == "表面ソ"


def test_vamas_export_of_multipak_is_told_by_name(shared_data: Path) -> None:
    with pytest.raises(RawFileError, match="VAMAS"):
        versaprobe.read((shared_data / "LG4X-V2/Mutlipak_vms.npl").read_bytes(), "Mutlipak_vms.npl")


@pytest.mark.parametrize("name", ["cyc_huge", "table_count_huge", "npts_table", "offset_beyond", "cut_half_body"])
def test_nothing_is_allocated_before_it_is_checked(shared_data: Path, name: str) -> None:
    data = DAMAGES[name].change((shared_data / PROFILE).read_bytes())
    tracemalloc.start()
    try:
        with pytest.raises(RawFileError):
            versaprobe.read(data, "a.pro")
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * len(data)


def tiny_regions(number: int) -> bytes:
    return re.sub(rb"SpectralRegDef2:.*\r\n", b"", assemble("smartsoft", [[[7]]] * number))


def of_kind(kind: int, data: bytes) -> bytes:
    changed = bytearray(data)
    for at in range(body_start(data) + 32, body_start(data) + descriptor(data, 0)[20], 96):
        struct.pack_into("<I", changed, at, kind)
    return bytes(changed)


@cache
def fine_grained(number: int) -> dict[str, bytes]:
    """Return files of so many things that cost Python an object each."""
    regions, two, cycles = tiny_regions(number), tiny_regions(2), [[[0]] * 20 * number]
    return {
        "regions": regions,
        "regions of one name": re.sub(rb"(SpectralRegDef: \d+ 1) .*? 6 ", rb"\1 C1s 6 ", regions),
        "header lines": add_line(b"\n" * number)(two),
        "layers": add_line(b"\n".join([b"DepthCalDef: 1 L 1 0 0 Ar+ 6 1 2 '"] * number))(two),
        "values of a line": add_line(b"\n".join(b"FileType: %d" % i for i in range(number)))(two),
        "cycles": assemble("smartsoft", cycles, range(20 * number)),
        "cycles going backwards": assemble("smartsoft", cycles, range(20 * number, 0, -1)),
        "blocks of unknown kinds": of_kind(77, regions),
    }


def outcome(data: bytes) -> str:
    try:
        return "; ".join(versaprobe.read(data, "a.pro").warnings)
    except RawFileError as error:
        return str(error)


@pytest.mark.parametrize("name", fine_grained(2))
def test_many_small_things_do_not_take_long(name: str) -> None:
    """9,000 regions of one name once took four seconds to tell apart."""
    data = fine_grained(9_000)[name]
    start = time.process_time()
    message = outcome(data)
    assert time.process_time() - start < 2.0
    assert len(message) < 2000


@pytest.mark.parametrize("name", fine_grained(2))
def test_many_small_things_take_memory_in_proportion(name: str) -> None:
    """A header line, region or block costs Python some hundred bytes, however short it is in the file."""
    data = fine_grained(1_000)[name]
    tracemalloc.start()
    outcome(data)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * len(data) + 1500 * 1_000


def test_a_large_sparse_file_is_read_without_being_copied(tmp_path: Path) -> None:
    """A quarter of a gigabyte that the header and table account for, most of it a hole."""
    channels = 1 << 26
    data = assemble("smartsoft", [[[1] * 6]])
    data = data.replace(
        b" 6 -0.1250 300.0 299.375", b" %d -0.000001 300.0 %f" % (channels, 300.0 - 1e-6 * (channels - 1))
    )
    for index, new in ((5, channels), (19, 4 * channels)):
        data = word(0, index, new)(data)
    path = tmp_path / "sparse.spe"
    with path.open("wb") as file:
        file.write(data)
        file.truncate(len(data) + 4 * (channels - 6))
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    tracemalloc.start()
    measurement = versaprobe.read(memoryview(mapped), "sparse.spe")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert measurement.regions[0].channels == channels
    assert peak < 1 << 20


def test_a_file_of_four_gigabytes_is_refused_before_it_is_loaded(tmp_path: Path) -> None:
    """By the pipeline, and as a map of memory; the command line is tested with itself."""
    path = tmp_path / "huge.spe"
    with path.open("wb") as file:
        file.write(assemble("smartsoft", [[[1, 2, 3]]]))
        file.truncate(4 << 30)
    tracemalloc.start()
    with pytest.raises(RawFileError, match="huge.spe: size of the file: found 4294967296 bytes"):
        cycles.read(path, "raw:huge.spe", None)
    with path.open("rb") as file:
        mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    with pytest.raises(RawFileError, match="size of the file"):
        versaprobe.read(memoryview(mapped), "huge.spe")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 1 << 20


@pytest.mark.parametrize("file", [PROFILE, BASES[3]])
def test_reading_takes_less_than_half_a_file_of_memory(shared_data: Path, file: str) -> None:
    """Header lines and views; with the file's own bytes 1.5 times the file."""
    data = (shared_data / file).read_bytes()
    versaprobe.read(data, file)
    tracemalloc.start()
    versaprobe.read(data, file)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < max(0.5 * len(data), 1 << 17)


def test_a_refusal_does_not_quote_a_whole_header() -> None:
    data = assemble("smartsoft", [[[7]]]).replace(b" C1s ", b" " + b"C1s" * 100_000 + b" ")
    with pytest.raises(RawFileError) as caught:
        versaprobe.read(data[:-1], "a.spe")
    assert len(str(caught.value)) < 1000
    with pytest.raises(RawFileError) as caught:
        versaprobe.read(data.replace(b" -0.1250", b" +x.1250"), "a.spe")
    assert len(str(caught.value)) < 1000


def test_endless_header_is_given_up(shared_data: Path) -> None:
    data = b"SOFH\n" + b"Comment: nothing\n" * 200_000
    with pytest.raises(RawFileError, match=r"no line EOFH in the first 1048576 bytes"):
        versaprobe.read(data, "a.pro")


def test_sputter_times_that_differ_between_regions_are_refused(shared_data: Path) -> None:
    data: Any = (shared_data / PROFILE).read_bytes()
    last_time = body_start(data) + descriptor(data, 4)[20] + descriptor(data, 4)[19] - 4
    data = data[:last_time] + struct.pack("<f", 700.0) + data[last_time + 4 :]
    with pytest.raises(RawFileError, match="differ between regions"):
        versaprobe.read(data, "a.pro")


def test_time_behind_the_data_must_be_that_of_the_header(shared_data: Path) -> None:
    """Compass repeats the time per channel as a float32 behind each block."""
    data = (shared_data / "yadg/test0.spe").read_bytes()
    with pytest.raises(RawFileError, match="s per channel behind the data"):
        versaprobe.read(data[:-4] + struct.pack("<f", 0.32), "test0.spe")
