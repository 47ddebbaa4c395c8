"""Sensitivity factors: only what is missing is applied, once, and what cannot be applied is said."""

import csv
import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twin_tables
from test_quantification import FACTS, LEVELS, factor_row
from xps import sensitivity
from xps.spectra import Measurement, Region

CONTENTS = ("cross_section", "asymmetry", "transmission", "imfp")


@pytest.mark.parametrize(
    ("beta", "expected"), [(2.0, 0.750), (1.05, 0.869), (1.45, 0.819), (1.0, 0.875), (1.1, 0.862), (1.13, 0.859)]
)
def test_asymmetry_at_45_degrees_is_the_tabulated_one(beta: float, expected: float) -> None:
    """../shared/science/core_lines.csv, column L_45deg."""
    assert sensitivity.asymmetry(beta, 45.0) == pytest.approx(expected, abs=6e-4)


def test_at_the_magic_angle_all_levels_are_alike() -> None:
    magic = math.degrees(math.acos(1 / math.sqrt(3)))
    assert sensitivity.asymmetry(2.0, magic) == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("kinetic", "expected"), [(1431.6, 0.932), (1457.6, 0.930), (955.6, 0.966), (1201.6, 0.949), (268.6, 0.997)]
)
def test_transmission_of_the_header_is_the_tabulated_one(kinetic: float, expected: float) -> None:
    """../shared/science/core_lines.csv, column T_PE55_a40_b0.2."""
    assert sensitivity.transmission(kinetic, 55.0, 40.0, 0.2) == pytest.approx(expected, abs=6e-4)


@given(
    st.floats(5.0, 300.0), st.floats(5.0, 300.0), st.floats(100.0, 1480.0), st.floats(10.0, 200.0), st.floats(0.0, 0.8)
)
def test_regions_of_different_pass_energy_compare_as_the_spectrometers_own_transmission_does(
    pass_ev: float, other_ev: float, kinetic: float, a: float, b: float
) -> None:
    """A homogeneous sample measured twice: the areas go with the transmission that CasaXPS divides by."""
    file = Measurement(
        "a.spe",
        "spectrum",
        "XPS",
        (),
        tuple(
            Region(i, f"r{i}", f"r{i}", 8, "binding", 1486.6 - kinetic, -0.1, 1, 1.0, 1, own, np.ones((1, 1)))
            for i, own in enumerate((pass_ev, other_ev), start=1)
        ),
        photon_energy_ev=1486.6,
        transmission_a=a,
        transmission_b=b,
    )
    one, two = (file.transmission(region) for region in file.regions)
    assert one is not None
    assert two is not None
    mine = [sensitivity.transmission(kinetic, own, a, b) for own in (pass_ev, other_ev)]
    assert mine[0] / mine[1] == pytest.approx(float(one[0] / two[0]))


@given(st.sets(st.sampled_from(CONTENTS[1:])))
def test_what_a_factor_contains_is_not_applied_again(contained: set[str]) -> None:
    """A factor that is given with some corrections inside is worth what the bare one is with these applied."""
    bare = sensitivity.sensitivity(factor_row("O 1s"), FACTS, 0.75).value
    own = {
        "asymmetry": sensitivity.asymmetry(2.0, 45.0),
        "transmission": sensitivity.transmission(955.6, 55.0, 40.0, 0.2),
        "imfp": (955.6 / 1200.0) ** 0.75,
    }
    given_factor = 2.93 * math.prod(own[name] for name in contained)
    row = factor_row("O 1s", factor=given_factor, contains=["cross_section", *contained])
    assert sensitivity.sensitivity(row, FACTS, 0.75).value == pytest.approx(bare)


def test_a_factor_of_the_major_line_counts_both() -> None:
    total = sensitivity.sensitivity(factor_row("P 2p"), FACTS, 0.75).value
    row = factor_row("P 2p", factor=1.192 / 1.5, counts="major", minor_ratio=0.5)
    assert sensitivity.sensitivity(row, FACTS, 0.75).value == pytest.approx(total)


@pytest.mark.parametrize(
    ("gap", "part"),
    [
        ({"source_analyser_angle_deg": None}, "asymmetry"),
        ({"transmission_a": None}, "transmission"),
        ({"pass_energy_ev": None}, "transmission"),
        ({"pass_energy_ev": 0.0}, "transmission"),
        ({"photon_energy_ev": None}, "imfp"),
    ],
)
def test_what_the_header_does_not_say_is_left_out_and_told(gap: dict[str, float | None], part: str) -> None:
    found = sensitivity.sensitivity(factor_row("O 1s"), FACTS._replace(**gap), 0.75)
    assert any(remark.startswith(f"{part} of O 1s not corrected") for remark in found.remarks)
    whole = sensitivity.sensitivity(factor_row("O 1s"), FACTS, 0.75)
    assert whole.remarks == ()
    if part != "imfp":
        assert found.relative_stderr > whole.relative_stderr


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"contains": ["cross_section", "asymmetrie"]}, "'asymmetrie' is unknown"),
        ({"contains": ["imfp"]}, "at least the cross_section"),
        ({"counts": "both"}, "expected total or major"),
        ({"counts": "major"}, "needs minor_ratio"),
        ({"asymmetry_beta": None}, "asymmetry_beta is needed"),
        ({"factor": 0.0}, "must be above 0"),
    ],
)
def test_a_row_that_makes_no_sense_is_told(changes: dict[str, object], fault: str) -> None:
    assert any(fault in found for found in sensitivity.faults([factor_row("O 1s", **changes)]))


def test_a_sound_row_has_no_fault() -> None:
    assert sensitivity.faults([factor_row("O 1s"), factor_row("P 2p", counts="major", minor_ratio=0.5)]) == []


# --- without the mean free path --------------------------------------------------------------------------------------

_LINES = csv.DictReader((twin_tables.SCIENCE / "core_lines.csv").read_text(encoding="utf-8").splitlines())
PUBLISHED = {re.sub(r"([A-Z][a-z]?)(\d)", r"\1 \2", row["line"]): row for row in _LINES}  # Ge3d: Ge 3d


@pytest.mark.parametrize("level", LEVELS)
def test_strength_is_the_product_of_the_published_factors(level: str) -> None:
    row = PUBLISHED[level]
    product = float(row["RSF_C-Al1486"]) * float(row["L_45deg"]) * float(row["T_PE55_a40_b0.2"])
    assert sensitivity.strength(factor_row(level), FACTS) == pytest.approx(product, rel=1.5e-3)


@pytest.mark.parametrize("level", LEVELS)
def test_atoms_that_radiate_alike_in_all_directions_show_no_asymmetry(level: str) -> None:
    row = factor_row(level, contains=["cross_section", "asymmetry"], asymmetry_beta=None)
    expected = LEVELS[level][0] * float(PUBLISHED[level]["T_PE55_a40_b0.2"])
    assert sensitivity.strength(row, FACTS) == pytest.approx(expected, rel=1.5e-3)


@given(st.sampled_from(sorted(LEVELS)), st.sets(st.sampled_from(CONTENTS[1:])))
def test_strength_times_the_path_is_the_sensitivity_whatever_the_factor_holds(level: str, held: set[str]) -> None:
    row = factor_row(level, contains=["cross_section", *held])
    path = ((1486.6 - LEVELS[level][2]) / 1200.0) ** 0.75
    whole = sensitivity.sensitivity(row, FACTS, 0.75).value
    assert sensitivity.strength(row, FACTS) * path == pytest.approx(whole)


def test_strength_leaves_out_what_the_header_does_not_say() -> None:
    silent = FACTS._replace(transmission_a=None, transmission_b=None, source_analyser_angle_deg=None)
    assert sensitivity.strength(factor_row("O 1s"), silent) == 2.93
    magic = silent._replace(source_analyser_angle_deg=math.degrees(math.asin(math.sqrt(2 / 3))))
    assert sensitivity.strength(factor_row("O 1s"), magic) == pytest.approx(2.93)


def test_a_depth_needs_the_photon_energy_and_the_emission_angle() -> None:
    assert FACTS.missing == []
    lacking = FACTS._replace(photon_energy_ev=None, emission_angle_deg=None, transmission_a=None)
    assert lacking.missing == ["photon_energy_ev", "emission_angle_deg"]
