"""Whatever happens to a file: the reader says what an independent decoder says of the same bytes, or RawFileError.

Never another exception, a warning of numpy, a hang, or memory beyond a few times the file.
"""

import struct
import tracemalloc
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from phi_decoder import decode, differences
from phi_files import assemble, small_files
from phi_mutations import Change, changes, damaged
from xps import versaprobe
from xps.errors import RawFileError

REAL_FILES = (
    "pynxtools-xps/SnO2_10nm.spe",
    "pynxtools-xps/SnO2_10nm_1.pro",
    "M-DaC_XPS/XPS_PHI_QUANTERA_narrow.spe",
    "M-DaC_XPS/XPS_PHI_QUANTERA_depth_1.pro",
    "M-DaC_AES/Au_foil2.spe",
    "Augerquant/C2010W_18Nov15_1831.spe",
    "yadg/test0.spe",
    "XPSPRE/ex.SPE",
    "JesusF10/BN-BS-1/BN-BS-1_SURVEY.spe",
    "JesusF10/BN-BS-1/BN-BS-1_multiplex.spe",
)
FILES = {**small_files(), "written.spe": versaprobe.write(versaprobe.read(small_files()["smartsoft.spe"], "a"))}
# What Python needs for a file's header lines and descriptors, which may be much smaller as bytes.
OVERHEAD = 1 << 19
HANGS = timedelta(seconds=10)
CASES = (
    2000  # twenty thousand over the real files, and again over the small ones, which need nothing beside the project
)


def is_read(data: bytes) -> bool:
    """Return whether the reader takes ``data``; fail unless it is right about it."""
    measurement, refusal = None, "damaged.spe: "
    tracemalloc.start()
    try:
        measurement = versaprobe.read(data, "damaged.spe")
    except RawFileError as error:
        refusal = str(error)
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert refusal.startswith("damaged.spe: ")
    assert len(refusal) < 2000
    assert peak < 3 * len(data) + OVERHEAD
    if measurement is None:
        return False
    assert differences(measurement, data) == []
    assert all(isinstance(warning, str) for warning in measurement.warnings)
    return True


def verdicts(data: bytes, donor: bytes, cases: int, profile: str = "quick") -> Counter[bool]:
    """Return how many damaged copies of ``data``, of at least so many, were read and how many refused."""
    found: Counter[bool] = Counter()

    @settings(settings.get_profile(profile), max_examples=cases, deadline=HANGS)
    @given(changes)
    def judge(done: list[Change]) -> None:
        found[is_read(damaged(data, done, donor))] += 1

    judge()
    assert found.total() >= cases
    return found


@pytest.mark.parametrize("file", REAL_FILES)
def test_damaged_real_files_are_read_right_or_refused(shared_data: Path, file: str) -> None:
    donor = (shared_data / REAL_FILES[0]).read_bytes()
    verdicts((shared_data / file).read_bytes(), donor, cases=30)


@pytest.mark.parametrize("name", FILES)
def test_damaged_small_files_are_read_right_or_refused(name: str) -> None:
    found = verdicts(FILES[name], FILES["smartsoft.pro"], cases=100)
    assert min(found[True], found[False]) > 10, "the changes are all harmless, or all deadly"


@pytest.mark.slow
@pytest.mark.parametrize("file", REAL_FILES)
def test_thousands_of_damaged_real_files_are_read_right_or_refused(shared_data: Path, file: str) -> None:
    donor = (shared_data / REAL_FILES[1]).read_bytes()
    found = verdicts((shared_data / file).read_bytes(), donor, cases=CASES, profile="thorough")
    assert min(found[True], found[False]) > 100, "the changes are all harmless, or all deadly"


@pytest.mark.slow
@pytest.mark.parametrize("name", FILES)
def test_thousands_of_damaged_small_files_are_read_right_or_refused(name: str) -> None:
    found = verdicts(FILES[name], FILES["smartsoft.pro"], cases=2 * CASES, profile="thorough")
    assert min(found[True], found[False]) > 100, "the changes are all harmless, or all deadly"


@given(places=st.lists(st.tuples(st.integers(0, 10**6), st.floats(-1e30, 1e30)), min_size=1, max_size=9))
@pytest.mark.parametrize("name", FILES)
def test_other_finite_intensities_are_always_read(name: str, places: list[tuple[int, float]]) -> None:
    """Damage there cannot be told from data; some of it is told in the warnings."""
    data = FILES[name]
    code = "<f" if name.startswith(("smartsoft", "written")) else "<d"
    size = struct.calcsize(code)
    rates = decode(data).regions[0].rates
    start = data.index(rates)
    for place, value in places:
        at = start + place % (len(rates) // size) * size
        data = data[:at] + struct.pack(code, value) + data[at + size :]
    assert is_read(data)


# --- the decoder itself ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", ["smartsoft", "compass", "augerscan"])
def test_decoder_finds_what_was_put_together(layout: str) -> None:
    decoded = decode(assemble(layout, [[[3, 1, 4], [1, 5, 9]]], [0.0, 60.0]))
    (region,) = decoded.regions
    assert (region.number, region.name, region.points, region.cycles) == (1, b"C1s", 3, 2)
    assert (region.start_ev, region.step_ev, region.time_s, region.pass_energy_ev) == (300.0, -0.125, 0.5, 55.0)
    code = {4: "f", 8: "d"}[region.item_size]
    assert struct.unpack(f"<6{code}", region.rates) == (6.0, 2.0, 8.0, 2.0, 10.0, 18.0)
    assert decoded.sputter_times == [(0.0, 60.0)]
    assert decoded.number(b"XraySource", 1) == 1486.6
    assert decoded.value(b"FileDesc") == "a µm of µ-Al2O3".encode("latin-1")


@pytest.mark.parametrize("file", REAL_FILES)
def test_decoder_and_reader_agree_on_intact_files(shared_data: Path, file: str) -> None:
    data = (shared_data / file).read_bytes()
    assert differences(versaprobe.read(data, file), data) == []


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        (b"300.0 299.375", b"301.0 300.375", "axis"),
        (b"0.500000", b"0.250000", "time"),
        (b"Al 1486.6", b"Mg 1253.6", "photon energy"),
        (b"40.000 0.200", b"14.371 0.143", "transmission"),
        (b"C1s", b"O1s", "name"),
        (b" 55.00", b" 27.00", "pass energy"),
        (b"VersaProbe 4", b"VersaProbe 3", "header"),
        (struct.pack("<f", 28.0), struct.pack("<f", 30.0), "intensities"),
        (struct.pack("<f", 30.0), struct.pack("<f", 40.0), "sputter times"),
    ],
)
def test_decoder_sees_a_reader_that_is_wrong(old: bytes, new: bytes, what: str) -> None:
    data = FILES["smartsoft.pro"]
    assert old in data
    wrong = versaprobe.read(data.replace(old, new), "wrong.pro")
    assert any(what in difference for difference in differences(wrong, data))
