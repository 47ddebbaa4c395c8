"""Laws of the records: the step rule of the axis, whole counts from rounded rates, the transmission's closed form."""

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from xps.errors import FitError, RawFileError
from xps.spectra import Measurement, Region, Spectrum, unique_names


def region(**changes: Any) -> Region:
    fields: dict[str, Any] = {
        "number": 1,
        "name": "C1s",
        "raw_name": "C1s",
        "atomic_number": 6,
        "energy_scale": "binding",
        "start_ev": 298.0,
        "step_ev": -0.1,
        "channels": 5,
        "time_per_channel_s": 0.5,
        "sweeps": 2,
        "pass_energy_ev": 55.0,
        "intensity_cps": np.full((2, 5), 20.0),
    }
    return Region(**{**fields, **changes})


def measurement(**changes: Any) -> Measurement:
    fields: dict[str, Any] = {
        "name": "a.pro",
        "file_type": "depth_profile",
        "technique": "XPS",
        "header": (("Channel Info", "1 1 1.2"), ("FileType", "DEPTHPRO"), ("Channel Info", "2 1 1.3")),
        "regions": (region(),),
        "photon_energy_ev": 1486.6,
    }
    return Measurement(**{**fields, **changes})


def spectrum(**changes: Any) -> Spectrum:
    fields: dict[str, Any] = {
        "experiment": "demo",
        "acquisition": 3,
        "region": "C1s",
        "core_levels": ("C 1s",),
        "binding_energy_ev": np.array([285.0, 284.9, 284.8]),
        "counts": np.array([1.0, 2.0, 3.0]),
        "time_per_channel_s": 0.5,
    }
    return Spectrum(**{**fields, **changes})


def test_axis_follows_the_step_and_not_the_end() -> None:
    survey = region(start_ev=1100.0, step_ev=-0.8, channels=1379, intensity_cps=np.ones((1, 1379)))
    assert survey.energy_ev[0] == 1100.0
    assert survey.energy_ev[-1] == pytest.approx(-2.4)  # a header would say -3
    np.testing.assert_allclose(np.diff(survey.energy_ev), -0.8, rtol=1e-9)


@given(
    counts=hnp.arrays(np.int64, (2, 5), elements=st.integers(0, 1_000_000)),
    time_s=st.integers(1, 10_000_000).map(lambda micro: micro / 1e6),
    dtype=st.sampled_from([np.float32, np.float64]),
)
def test_whole_counts_survive_storage_as_a_rounded_rate(counts: Any, time_s: float, dtype: Any) -> None:
    stored = region(intensity_cps=(counts / time_s).astype(dtype), time_per_channel_s=time_s)
    assert stored.non_integer_counts == 0
    np.testing.assert_array_equal(stored.counts, counts)


def test_one_odd_intensity_leaves_the_whole_region_unrounded() -> None:
    rates = np.full((2, 5), 20.0)
    rates[1, 3] = 20.6
    odd = region(intensity_cps=rates)
    assert odd.non_integer_counts == 1
    np.testing.assert_array_equal(odd.counts, rates * 0.5)


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ([[-4.0, 20.0], [20.0, -6.0]], "2 negative intensities, down to -6 cps"),
        ([[2e9, 20.0], [20.0, 20.0]], "intensities up to 2e+09 cps, more than any detector counts"),
        ([[20.0, 20.0], [0.0, 0.0]], "all intensities are zero in cycle 1"),
        ([[20.0, 20.1], [20.0, 20.0]], "1 of 4 intensities are no whole number of counts"),
    ],
)
def test_odd_intensities_are_remarked_by_region(rates: list[list[float]], words: str) -> None:
    odd = region(intensity_cps=np.array(rates), channels=2)
    (remark,) = odd.remarks
    assert remark.startswith("region 1 'C1s': ")
    assert words in remark
    assert measurement(regions=(odd,), remarks=("no date",)).warnings == ("no date", remark)


def test_ordinary_intensities_are_not_remarked() -> None:
    assert region().remarks == ()
    assert region(intensity_cps=np.array([[0.0, 20.0, 0.0, 0.0, 0.0]])).remarks == ()
    assert measurement().warnings == ()


def test_many_dark_cycles_are_not_all_named() -> None:
    (remark,) = region(intensity_cps=np.zeros((500, 5))).remarks
    assert remark.endswith("18, 19 and 480 others")


@pytest.mark.parametrize(("dark", "end"), [(20, "18, 19"), (21, "18, 19, 20"), (22, "18, 19 and 2 others")])
def test_a_single_other_cycle_is_named_itself(dark: int, end: str) -> None:
    (remark,) = region(intensity_cps=np.zeros((dark, 5), np.float32)).remarks
    assert remark.endswith(end)


def test_remarks_on_a_cycle_count_that_cycle_alone() -> None:
    rates = np.full((4, 5), 8.0, np.float32)
    rates[1, :2], rates[2] = -4.0, 0.0
    odd = region(intensity_cps=rates)
    assert [[text.partition(": ")[2] for text in odd.remarks_on(cycle)] for cycle in range(4)] == [
        [],
        ["2 negative intensities, down to -4 cps"],
        ["all intensities are zero in cycle 2"],
        [],
    ]


def test_a_look_at_all_intensities_is_taken_once() -> None:
    odd = region(intensity_cps=np.full((2, 5), 20.2))
    assert odd.remarks is odd.remarks


def test_counts_of_a_large_region_are_checked_to_its_last_point() -> None:
    rates = np.full((20, 5000), 2.0, dtype=np.float32)
    rates[-1, -1] = 2.5
    assert region(intensity_cps=rates, channels=5000).non_integer_counts == 1


def test_intensities_are_a_read_only_view() -> None:
    rates = np.ones((1, 5))
    held = region(intensity_cps=rates).intensity_cps
    assert np.shares_memory(held, rates)
    assert rates.flags.writeable
    with pytest.raises(ValueError, match="read-only"):
        held[0, 0] = 2.0


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"number": 0}, "number 0"),
        ({"step_ev": 0.0}, "step 0.0 eV"),
        ({"start_ev": np.nan}, "start nan"),
        ({"time_per_channel_s": 0.0}, "time per channel 0.0 s"),
        ({"time_per_channel_s": -1.0}, "time per channel -1.0 s"),
        ({"pass_energy_ev": -5.0}, "pass energy -5.0 eV"),
        ({"channels": 6}, "channels = 6"),
        ({"intensity_cps": np.ones(5)}, "shape (5,)"),
        ({"intensity_cps": np.ones((0, 5))}, "shape (0, 5)"),
        ({"intensity_cps": np.ones((1, 5), dtype=np.int64)}, "int64"),
    ],
)
def test_a_region_that_contradicts_itself_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(RawFileError) as caught:
        region(**changes)
    assert words in str(caught.value)
    assert "'C1s'" in str(caught.value)


def test_header_lines_are_found_in_order_with_their_repeats() -> None:
    read = measurement()
    assert read.all("Channel Info") == ("1 1 1.2", "2 1 1.3")
    assert read.first("Channel Info") == "1 1 1.2"
    assert read.first("Operator") is None
    assert read.all("Operator") == ()


def test_binding_and_kinetic_energy_add_up_to_the_photon_energy() -> None:
    read = measurement()
    binding, kinetic = read.binding_energy_ev(read.regions[0]), read.kinetic_energy_ev(read.regions[0])
    assert binding is not None
    assert kinetic is not None
    np.testing.assert_allclose(binding + kinetic, 1486.6, rtol=1e-15)


def test_what_needs_an_unknown_photon_energy_is_unknown() -> None:
    read = measurement(photon_energy_ev=None, transmission_a=40.0, transmission_b=0.2)
    assert read.binding_energy_ev(read.regions[0]) is not None
    assert read.kinetic_energy_ev(read.regions[0]) is None
    assert read.transmission(read.regions[0]) is None


def test_kinetic_scale_gives_binding_energy_only_with_a_photon_energy() -> None:
    auger = region(energy_scale="kinetic", step_ev=1.0, pass_energy_ev=0.0)
    assert measurement(regions=(auger,), photon_energy_ev=None).binding_energy_ev(auger) is None
    shifted = measurement(regions=(auger,)).binding_energy_ev(auger)
    np.testing.assert_allclose(np.asarray(shifted), 1486.6 - auger.energy_ev)


def test_transmission_is_never_invented() -> None:
    read = measurement()
    assert read.transmission(read.regions[0]) is None
    constant_retard_ratio = region(pass_energy_ev=0.0)
    with_coefficients = measurement(regions=(constant_retard_ratio,), transmission_a=24.5, transmission_b=0.207)
    assert with_coefficients.transmission(constant_retard_ratio) is None


@pytest.mark.parametrize(("pass_energy", "expected"), [(55.0, 1.245), (27.0, 1.144)])
def test_transmission_departs_from_the_short_power_law_as_published(pass_energy: float, expected: float) -> None:
    """The form a KE^-b in use elsewhere is wrong for O 1s / Li 1s by these factors at a = 78.797, b = 0.629."""
    both = region(
        start_ev=55.0, step_ev=476.0, channels=2, pass_energy_ev=pass_energy, intensity_cps=np.ones((1, 2))
    )  # Li 1s at 55 eV, O 1s at 531 eV
    read = measurement(file_type="spectrum", regions=(both,), transmission_a=78.797, transmission_b=0.629)
    lithium, oxygen = np.asarray(read.transmission(both))
    kinetic = np.asarray(read.kinetic_energy_ev(both))
    short = (kinetic[1] / kinetic[0]) ** -0.629
    assert short / (oxygen / lithium) == pytest.approx(expected, abs=2e-3)


def test_transmission_tends_to_the_pass_energy_for_slow_electrons() -> None:
    slow = region(start_ev=1486.5, step_ev=-0.01, pass_energy_ev=55.0)
    read = measurement(regions=(slow,), transmission_a=40.0, transmission_b=0.2)
    np.testing.assert_allclose(np.asarray(read.transmission(slow)), 55.0, rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"regions": ()}, "no region"),
        ({"regions": (region(), region(name="O1s"))}, "share a number"),
        ({"regions": (region(), region(number=2))}, "share a name"),
        ({"regions": (region(), region(number=2, name="b", intensity_cps=np.ones((3, 5))))}, "number of cycles"),
        ({"file_type": "spectrum"}, "a spectrum with 2 cycles"),
        ({"sputter_time_s": np.zeros(3)}, "sputter times"),
        ({"sputter_time_s": np.array([0.0, np.nan])}, "sputter times"),
    ],
)
def test_a_measurement_that_contradicts_itself_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(RawFileError, match=words):
        measurement(**changes)


def test_records_are_frozen() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        measurement().name = "b"  # type: ignore[misc]


@given(st.lists(st.sampled_from(["C1s", "C1s#2", "O1s"]), max_size=8))
def test_unique_names_are_unique_and_keep_first_uses(names: list[str]) -> None:
    unique = unique_names(names)
    assert len(set(unique)) == len(names)
    assert all(new.startswith(old) for new, old in zip(unique, names, strict=True))
    assert unique_names(unique) == unique


def test_the_second_region_of_a_name_is_numbered() -> None:
    assert unique_names(["C1s", "O1s", "C1s", "C1s"]) == ("C1s", "O1s", "C1s#2", "C1s#3")


def test_spectrum_with_a_background_of_its_own_length_is_accepted() -> None:
    assert spectrum(static_background_cps=np.ones(3)).channels == 3
    assert spectrum(binding_energy_ev=np.array([1.0, 2.0, 3.0])).channels == 3


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"counts": np.ones(4)}, "shapes"),
        ({"static_background_cps": np.ones(2)}, "shapes"),
        ({"counts": np.ones(0), "binding_energy_ev": np.ones(0)}, "shapes"),
        ({"binding_energy_ev": np.array([1.0, 1.0, 2.0])}, "strictly"),
        ({"binding_energy_ev": np.array([1.0, 3.0, 2.0])}, "strictly"),
        ({"counts": np.array([1.0, np.nan, 2.0])}, "finite"),
        ({"time_per_channel_s": 0.0}, "time per channel"),
        ({"shift_stderr_ev": -0.1}, "standard error"),
    ],
)
def test_an_inconsistent_spectrum_is_refused_by_name(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(FitError, match=words) as caught:
        spectrum(**changes)
    assert "demo, acquisition 3, region C1s" in str(caught.value)
