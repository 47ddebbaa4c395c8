"""What is written reads back the same, has the layout of real files, and never contradicts its measurement."""

import dataclasses
import struct
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from phi_decoder import differences
from xps import versaprobe
from xps.errors import RawFileError
from xps.spectra import Measurement, Region, unique_names

SPECTRUM = "pynxtools-xps/SnO2_10nm.spe"
PROFILE = "pynxtools-xps/SnO2_10nm_1.pro"
QUANTERA_PROFILE = "M-DaC_XPS/XPS_PHI_QUANTERA_depth_1.pro"
COMPASS = "yadg/test0.spe"
AUGER = "Augerquant/C2010W_18Nov15_1831.spe"

positive = st.floats(1e-6, 1e6)
maybe = st.none() | positive
days = st.none() | st.dates(date(1970, 1, 1), date(2099, 12, 31))
rates = {np.float32: st.floats(-(2.0**100), 2.0**100, width=32), np.float64: st.floats(-1e300, 1e300)}
words = st.text(st.characters(codec="latin-1", exclude_characters="\n\r\t "), min_size=1, max_size=8)
names = st.sampled_from(["Li1s", "C1s", "C1s#2"]) | st.lists(words, min_size=1, max_size=3).map(" ".join)
values = st.text(st.characters(codec="latin-1", exclude_characters="\n"), max_size=20).map(lambda x: x.strip("\r\t "))
lines = st.tuples(st.sampled_from(["Operator", "Channel Info", "Größe", "EOFH"]), values)


@st.composite
def regions(draw: Any, number: int, raw_name: str, name: str, cycles: int, scale: Any) -> Region:
    channels, dtype = draw(st.integers(1, 12)), draw(st.sampled_from([np.float32, np.float64]))
    return Region(
        number=number,
        name=name,
        raw_name=raw_name,
        atomic_number=draw(st.none() | st.integers(1, 111)),
        energy_scale=scale,
        start_ev=draw(st.floats(-5.0, 1200.0)),
        step_ev=draw(st.sampled_from([1, -1])) * draw(st.floats(1e-3, 2.0)),
        channels=channels,
        time_per_channel_s=draw(positive),
        sweeps=draw(st.none() | st.integers(1, 10**9)),
        pass_energy_ev=0.0 if scale == "kinetic" else draw(positive),
        intensity_cps=draw(hnp.arrays(dtype, (cycles, channels), elements=rates[dtype])),
    )


@st.composite
def measurements(draw: Any) -> Measurement:
    profile, scale = draw(st.booleans()), draw(st.sampled_from(["binding", "binding", "kinetic"]))
    cycles = draw(st.integers(1, 5)) if profile else 1
    raw_names = draw(st.lists(names, min_size=1, max_size=4))
    numbers = draw(st.lists(st.integers(1, 10**6), min_size=len(raw_names), max_size=len(raw_names), unique=True))
    parts = zip(numbers, raw_names, unique_names(raw_names), strict=True)
    coefficients = draw(st.none() | st.tuples(positive, st.floats(-2, 2)))
    times = hnp.arrays(np.float64, cycles, elements=st.floats(-60, 1e6)).map(np.sort)
    return Measurement(
        name="made.pro",
        file_type="depth_profile" if profile else "spectrum",
        technique="XPS" if scale == "binding" else "AES",
        header=tuple(draw(st.lists(lines, max_size=4))),
        regions=tuple(draw(regions(*part, cycles, scale)) for part in parts),
        sputter_time_s=draw(st.none() | times) if profile else None,
        photon_energy_ev=draw(st.sampled_from([None, 1253.6, 1486.6, 1486.7, 2984.3])),
        work_function_ev=draw(maybe),
        transmission_a=coefficients and coefficients[0],
        transmission_b=coefficients and coefficients[1],
        source_analyser_angle_deg=draw(maybe),
        emission_angle_deg=draw(st.none() | st.floats(0, 90)),
        neutraliser_current_ua=draw(maybe),
        instrument=draw(st.sampled_from([None, "PHI VersaProbe III"])),
        software=draw(st.sampled_from([None, "SS 3.3.3.2"])),
        file_date=draw(days),
        acquisition_date=draw(days),
        simulated=draw(st.booleans()),
    )


def assert_same(found: Measurement, expected: Measurement) -> None:
    for field in dataclasses.fields(Measurement):
        if field.name not in ("header", "remarks", "regions", "sputter_time_s", "emission_angle_deg"):
            assert getattr(found, field.name) == getattr(expected, field.name), field.name
    assert found.emission_angle_deg == (expected.emission_angle_deg and pytest.approx(expected.emission_angle_deg))
    np.testing.assert_array_equal(np.asarray(found.sputter_time_s), np.asarray(expected.sputter_time_s))
    for one, other in zip(found.regions, expected.regions, strict=True):
        assert one.intensity_cps.dtype == other.intensity_cps.dtype
        assert one.intensity_cps.tobytes() == other.intensity_cps.tobytes()
        for field in dataclasses.fields(Region):
            if field.name != "intensity_cps":
                assert getattr(one, field.name) == getattr(other, field.name), field.name


def check_round_trip(made: Measurement) -> None:
    data = versaprobe.write(made)
    found = versaprobe.read(data, made.name)
    assert_same(found, made)
    for key in {key for key, _ in made.header}:
        assert found.all(key) == made.all(key)
    assert differences(found, data) == []


@given(measurements())
def test_what_is_written_reads_back_the_same(made: Measurement) -> None:
    check_round_trip(made)


@pytest.mark.slow
@settings(settings.get_profile("thorough"), max_examples=2000)
@given(measurements())
def test_thousands_of_measurements_read_back_the_same(made: Measurement) -> None:
    check_round_trip(made)


@pytest.mark.parametrize("file", [SPECTRUM, PROFILE, QUANTERA_PROFILE, COMPASS, AUGER])
def test_real_files_survive_a_round_trip(shared_data: Path, file: str) -> None:
    real = versaprobe.read((shared_data / file).read_bytes(), file)
    again = versaprobe.read(versaprobe.write(real), file)
    assert_same(again, real)
    assert again.header == real.header
    assert again.warnings == real.warnings


@pytest.mark.parametrize("file", [SPECTRUM, PROFILE, QUANTERA_PROFILE])
def test_body_has_the_very_layout_of_smartsoft(shared_data: Path, file: str) -> None:
    """All words of table and descriptors but the rubbish behind the NULs, and all data but MultiPak's areas."""
    data = (shared_data / file).read_bytes()
    real = data[data.index(b"\nEOFH\r\n") + 7 :]
    written = versaprobe.write(versaprobe.read(data, file))
    made = written[written.index(b"\nEOFH\r\n") + 7 :]
    assert len(made) == len(real)
    assert made[:16] == real[:16]
    for k in range(struct.unpack_from("<I", real, 4)[0]):
        one, other = (struct.unpack_from("<8I8s8s8s16s4s5I", body, 16 + 96 * k) for body in (made, real))
        assert one[:8] == other[:8]
        for i in (8, 9, 11, 12):  # both labels, unit, type
            assert one[i].split(b"\0")[0] == other[i].split(b"\0")[0]
        assert one[13:] == other[13:]
        kind, size, offset = one[4], one[13], one[14]
        if kind == 1:
            assert made[offset : offset + size] == real[offset : offset + size]


def test_net_areas_resemble_those_of_multipak(shared_data: Path) -> None:
    """The display block holds a peak area above a straight line: near the real one where the peak is strong."""
    data = (shared_data / PROFILE).read_bytes()
    real, made = (np.frombuffer(body[-84:], "<f4") for body in (data, versaprobe.write(versaprobe.read(data, "a"))))
    np.testing.assert_allclose(made, real, rtol=0.05)  # Sn3d5, the last region, in 21 cycles


def simple(**changes: Any) -> Measurement:
    region = Region(1, "C1s", "C1s", 6, "binding", 298.0, -0.1, 101, 0.8, 4, 55.0, np.ones((1, 101), np.float32))
    fields: dict[str, Any] = {"header": (), "regions": (region,), "photon_energy_ev": 1486.6}
    return Measurement(name="a.spe", file_type="spectrum", technique="XPS", **{**fields, **changes})


def test_header_is_in_the_order_of_the_instrument_and_marked_when_simulated() -> None:
    keys = [key for key, _ in versaprobe.read(versaprobe.write(simple(simulated=True)), "a").header]
    assert keys[:4] == ["Platform", "Technique", "FileType", "FileDesc"]
    assert keys.index("NoSpectralReg") + 1 == keys.index("SpectralRegDef")


def test_given_lines_replace_the_composed_ones() -> None:
    made = simple(header=(("FileDesc", "SIMULATED LAGP"), ("XraySource", "Al 1486.6 twin")), simulated=True)
    found = versaprobe.read(versaprobe.write(made), "a")
    assert found.all("FileDesc") == ("SIMULATED LAGP",)
    assert found.first("XraySource") == "Al 1486.6 twin"


def test_smartsoft_prints_a_fixed_number_of_decimals() -> None:
    line = versaprobe.read(versaprobe.write(simple()), "a").first("SpectralRegDef")
    assert line == "1 1 C1s 6 101 -0.1000 298.0000 288.0000 297.0000 289.0000 0.800000 55.00 AREA"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"header": (("FileDesc", "real"),), "simulated": True}, "simulated"),
        ({"header": (("XraySource", "Mg 1253.6 std"),)}, "photon_energy_ev"),
        ({"header": (("Comment", "two\nlines"),)}, "header line 'Comment'"),
        ({"header": (("Comment", " blanks "),)}, "header line 'Comment'"),
        ({"header": (("Comment", "表面"),)}, "Latin-1"),
        ({"technique": "AES"}, "energy_scale"),
        ({"technique": "SIMS"}, "SIMS"),
        ({"photon_energy_ev": 290.0}, "kinetic energy"),
        ({"name": "a.spe", "transmission_a": -1.0, "transmission_b": 0.2}, "transmission_a"),
    ],
)
def test_a_file_that_would_contradict_its_measurement_is_not_written(changes: dict[str, Any], words: str) -> None:
    fields = {"header": (), **changes}
    made = dataclasses.replace(simple(), **fields)
    with pytest.raises(RawFileError, match=words):
        versaprobe.write(made)
