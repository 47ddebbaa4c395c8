"""What coverage-guided fuzzing found (benchmarks/fuzz_versaprobe.py), each as the change of a few bytes."""

import struct

import numpy as np
import pytest

from phi_files import small_files
from xps import versaprobe
from xps.errors import RawFileError

SPECTRUM, PROFILE = small_files()["smartsoft.spe"], small_files()["smartsoft.pro"]


def test_a_signalling_nan_among_the_sputter_times_is_refused() -> None:
    """It made numpy warn of an invalid cast before it was found."""
    data = PROFILE.replace(struct.pack("<f", 60.0), struct.pack("<I", 0x7F800001))
    with pytest.raises(RawFileError, match="a sputter time that is no finite number"):
        versaprobe.read(data, "a.pro")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [(b" 55.00 ", b" 1e-320 ", 0.0), (b"40.000 0.200", b"1e-300 0.200", 0.0), (b"40.000 0.200", b"1e300 0.200", 55.0)],
)
def test_absurd_coefficients_give_a_transmission_without_overflow(old: bytes, new: bytes, expected: float) -> None:
    """Squares of the ratio of kinetic to pass energy left the range of floats."""
    read = versaprobe.read(SPECTRUM.replace(old, new), "a.spe")
    np.testing.assert_allclose(np.asarray(read.transmission(read.regions[0])), expected, atol=1e-50)


def test_a_number_of_many_digits_is_read_to_its_end() -> None:
    """Thirty digits were taken and the others dropped, which made 1e29 of 1e59."""
    read = versaprobe.read(SPECTRUM.replace(b"Al 1486.6", b"Al 1486.6" + b"6" * 40), "a.spe")
    assert read.photon_energy_ev == float("1486.6" + "6" * 40)
    read = versaprobe.read(SPECTRUM.replace(b"Al 1486.6", b"Al " + b"9" * 40), "a.spe")
    assert read.photon_energy_ev == float("9" * 40)


@pytest.mark.parametrize("line", [b"Al\t1486.6\tmono", b"Al  1486.6", b"Al \t 1486.6 mono"])
def test_a_tab_separates_like_a_blank(line: bytes) -> None:
    read = versaprobe.read(SPECTRUM.replace(b"Al 1486.6 mono", line), "a.spe")
    assert read.photon_energy_ev == 1486.6


def test_a_number_is_looked_for_in_the_second_field_only() -> None:
    """``A<tab>l 991`` gave 991 eV, because only blanks were taken to end the first field."""
    read = versaprobe.read(SPECTRUM.replace(b"Al 1486.6 mono", b"A\tl 991 mono"), "a.spe")
    assert read.photon_energy_ev is None
    assert any("XraySource" in warning for warning in read.warnings)
