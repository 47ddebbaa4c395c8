"""Real files of seven instrument families against the exports of the vendors' own software, point by point."""

import re
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from phi_files import small_files
from xps import versaprobe
from xps.errors import RawFileError
from xps.spectra import Measurement

SPECTRUM = "pynxtools-xps/SnO2_10nm.spe"
PROFILE = "pynxtools-xps/SnO2_10nm_1.pro"
QUANTERA = "M-DaC_XPS/XPS_PHI_QUANTERA_narrow.spe"
QUANTERA_PROFILE = "M-DaC_XPS/XPS_PHI_QUANTERA_depth_1.pro"
GOLD = "M-DaC_AES/Au_foil2.spe"
AUGER = "Augerquant/C2010W_18Nov15_1831.spe"
COMPASS = "yadg/test0.spe"
MODEL_5000 = "XPSPRE/ex.SPE"
SURVEY = "JesusF10/BN-BS-1/BN-BS-1_SURVEY.spe"
MULTIPLEX = "JesusF10/BN-BS-1/BN-BS-1_multiplex.spe"
EVERY_FILE = (SPECTRUM, PROFILE, QUANTERA, QUANTERA_PROFILE, GOLD, AUGER, COMPASS, MODEL_5000, SURVEY, MULTIPLEX)
TEXT_ROUNDING = 0.5e-4 * (1 + 1e-6)


def load(shared_data: Path, file: str) -> Measurement:
    return versaprobe.read((shared_data / file).read_bytes(), Path(file).name)


def exporter_blocks(path: Path) -> list[tuple[list[str], np.ndarray[Any, Any]]]:
    """Parse a MultiPak Exporter text: per block the lines that describe it, and the table of numbers."""
    blocks = []
    for block in path.read_text(encoding="latin-1").split("//Area Comment,")[1:]:
        lines = [line for line in block.splitlines()[1:] if line.strip()]
        first = next(i for i, line in enumerate(lines) if re.fullmatch(r"-?[\d.]+([,\t]-?[\d.]+)+", line))
        rows = [re.split("[,\t]", line) for line in lines[first:] if re.match(r"-?[\d.]+[,\t]", line)]
        blocks.append((lines[:first], np.array(rows, dtype=float)))
    return blocks


def auger_scan_regions(path: Path) -> list[np.ndarray[Any, Any]]:
    """Parse an AugerScan text: per region a table of energy and counts."""
    tables: list[list[list[float]]] = []
    for line in path.read_text(encoding="latin-1").splitlines():
        if line.startswith("Element"):
            tables.append([])
        elif tables and "\t" in line:
            tables[-1].append([float(text) for text in line.split("\t")[:2]])
    return [np.array(table) for table in tables]


@pytest.mark.parametrize(
    ("file", "export"),
    [
        (QUANTERA, "M-DaC_XPS_vendor_export/XPS_PHI_QUANTERA_narrow.txt"),
        (QUANTERA_PROFILE, "M-DaC_XPS_vendor_export/XPS_PHI_QUANTERA_depth_1.txt"),
        (GOLD, "M-DaC_AES_vendor_export/Au_foil2.txt"),
    ],
)
def test_every_point_of_every_cycle_agrees_with_multipak(shared_data: Path, file: str, export: str) -> None:
    measurement = load(shared_data, file)
    blocks = [block for block in exporter_blocks(shared_data / export) if "Intensity(cps)" in block[0]]
    assert len(blocks) == len(measurement.regions)
    for region, (words, table) in zip(measurement.regions, blocks, strict=True):
        assert region.raw_name.replace("Sur1", "Survey") in words
        assert ("Kinetic Energy(eV)" in words) == (region.energy_scale == "kinetic")
        assert table.shape == (region.channels, 1 + measurement.cycles)
        np.testing.assert_allclose(region.energy_ev, table[:, 0], rtol=0, atol=TEXT_ROUNDING)
        np.testing.assert_allclose(region.intensity_cps.T, table[:, 1:], rtol=0, atol=TEXT_ROUNDING)


def test_sputter_times_agree_with_multipak_minutes(shared_data: Path) -> None:
    times = load(shared_data, QUANTERA_PROFILE).sputter_time_s
    blocks = exporter_blocks(shared_data / "M-DaC_XPS_vendor_export/XPS_PHI_QUANTERA_depth_1.txt")
    profiles = [table for words, table in blocks if "Sputter Time(min)" in words]
    assert len(profiles) == 2
    assert times is not None
    for table in profiles:
        np.testing.assert_allclose(times, table[:, 0] * 60.0, rtol=0, atol=60.0 * TEXT_ROUNDING)
    assert not np.signbit(times).any()  # the file starts at -0.0


@pytest.mark.parametrize("file", [SURVEY, MULTIPLEX])
def test_counts_are_the_integers_that_auger_scan_exports(shared_data: Path, file: str) -> None:
    measurement = load(shared_data, file)
    tables = auger_scan_regions((shared_data / file).with_suffix(".txt"))
    assert len(tables) == len(measurement.regions)
    for region, table in zip(measurement.regions, tables, strict=True):
        np.testing.assert_array_equal(region.counts[0], table[:, 1])
        np.testing.assert_allclose(region.energy_ev, table[:, 0], rtol=0, atol=5e-3)


@pytest.mark.parametrize("file", [file for file in EVERY_FILE if file != MODEL_5000])
def test_intensity_times_time_is_whole_counts_in_files_without_an_export(shared_data: Path, file: str) -> None:
    for region in load(shared_data, file).regions:
        product = region.intensity_cps.astype(float) * region.time_per_channel_s
        np.testing.assert_allclose(region.counts, product, rtol=2e-7, atol=0.02)
        np.testing.assert_array_equal(region.counts, np.rint(region.counts))


def test_model_5000_rates_are_no_whole_counts_and_are_kept_as_they_are(shared_data: Path) -> None:
    measurement = load(shared_data, MODEL_5000)
    assert len([warning for warning in measurement.warnings if "no whole number of counts" in warning]) == 3
    for region in measurement.regions:
        np.testing.assert_array_equal(region.counts, region.intensity_cps * region.time_per_channel_s)


@pytest.mark.parametrize("file", [file for file in EVERY_FILE if file != MODEL_5000])
def test_intact_files_raise_no_warning(shared_data: Path, file: str) -> None:
    assert load(shared_data, file).warnings == ()


FACTS = {
    # file: instrument, software, photon, work function, a, b, source angle, neutraliser, file date, type, cycles
    SPECTRUM: ("VersaProbe 4", "SS 3.3.3.2", 1486.6, 4.506, 40.0, 0.2, 45.0, 5.0, (2024, 1, 22), "spectrum", 1),
    PROFILE: ("VersaProbe 4", "SS 3.3.3.2", 1486.6, 4.506, 40.0, 0.2, 45.0, 5.0, (2024, 1, 22), "depth_profile", 21),
    QUANTERA: ("PHI Quantera SXM", "SS 3.6.1.16", 1486.6, 4.25, 14.371, 0.143, 45.0, 20.0, (2017, 6, 6), "spectrum", 1),
    GOLD: (None, None, None, 4.5, 24.5, 0.207, 0.0, None, (2017, 5, 15), "spectrum", 1),
    AUGER: (None, "Version 4.1.1.27", None, None, None, None, None, None, (2015, 12, 3), "spectrum", 1),
    COMPASS: ("PHI Quantum 2000", "Compass V6.4", 1486.6, 4.7, 31.886, 0.228, 45.0, 19.0, (2021, 10, 5), "spectrum", 1),
    MODEL_5000: ("PHI Model 5000", "XPS V1.4.4", 1486.6, 4.5, 79.786, 0.209, 45.0, 10.0, (2020, 6, 19), "spectrum", 1),
    SURVEY: (None, None, 1253.6, 3.97, None, None, None, None, (2024, 1, 25), "spectrum", 1),
}


@pytest.mark.parametrize("file", FACTS)
def test_instrument_facts_are_those_of_the_header_and_absent_stays_absent(shared_data: Path, file: str) -> None:
    read = load(shared_data, file)
    found = (
        read.instrument,
        read.software,
        read.photon_energy_ev,
        read.work_function_ev,
        read.transmission_a,
        read.transmission_b,
        read.source_analyser_angle_deg,
        read.neutraliser_current_ua,
        read.file_date,
        read.file_type,
        read.cycles,
    )
    *facts, day, file_type, cycles = FACTS[file]
    assert found == (*facts, date(*day), file_type, cycles)
    assert read.acquisition_date == date(*day)
    assert not read.simulated


@pytest.mark.parametrize(
    ("file", "expected"), [(SPECTRUM, 44.9969), (QUANTERA, 45.0), (COMPASS, 45.0), (GOLD, None), (SURVEY, None)]
)
def test_emission_angle_comes_from_the_stage_or_is_unknown(
    shared_data: Path, file: str, expected: float | None
) -> None:
    assert load(shared_data, file).emission_angle_deg == (expected and pytest.approx(expected))


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        (QUANTERA, [4, 10, 10, 10]),  # sweeps 2 5 5 5, SurvNumCycles 2
        (QUANTERA_PROFILE, [3, 8]),
        (SPECTRUM, [3]),
        (PROFILE, [3, 10, 10, 10]),
        (AUGER, [24]),
        (COMPASS, [None, None]),
    ],
)
def test_sweeps_are_counted_over_all_rounds(shared_data: Path, file: str, expected: Sequence[int | None]) -> None:
    assert [region.sweeps for region in load(shared_data, file).regions] == expected


def test_only_acquired_regions_are_read_and_not_the_whole_recipe(shared_data: Path) -> None:
    read = load(shared_data, QUANTERA)
    assert len(read.all("SpectralRegDefFull")) == 10
    assert [region.name for region in read.regions] == ["Cu2p", "Cu_LMM", "O1s", "C1s"]


def test_known_lines_stand_where_they_must(shared_data: Path) -> None:
    """Sn 3d5/2 of SnO2 at 486.6 eV and Cu 2p3/2 of copper at 932.6 eV, within charging and the reference's error."""
    survey = load(shared_data, SPECTRUM).regions[0]
    assert survey.energy_ev[np.argmax(survey.intensity_cps[0])] == pytest.approx(486.6, abs=3.0)
    copper = load(shared_data, QUANTERA).regions[0]
    assert copper.energy_ev[np.argmax(copper.intensity_cps[0])] == pytest.approx(932.6, abs=1.0)


@pytest.mark.parametrize("file", EVERY_FILE)
def test_the_whole_header_is_kept_in_order(shared_data: Path, file: str) -> None:
    """Against a parser of one line: split the bytes at line feeds, cut at the first colon."""
    data = (shared_data / file).read_bytes()
    raw = [line for line in data[: data.index(b"\nEOFH")].split(b"\n")[1:] if line.strip()]
    expected = [(key.strip(), value.strip()) for key, value in (line.split(b":", 1) for line in raw)]
    found = [(key.encode("latin-1"), value.encode("latin-1")) for key, value in load(shared_data, file).header]
    assert found == expected


@pytest.mark.parametrize("file", EVERY_FILE)
def test_intensities_are_views_on_the_bytes_given(shared_data: Path, file: str) -> None:
    data = (shared_data / file).read_bytes()
    whole = np.frombuffer(data, np.uint8)
    for region in versaprobe.read(data, file).regions:
        assert np.shares_memory(region.intensity_cps, whole)


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_other_buffers_read_the_same(shared_data: Path, kind: Any) -> None:
    data = (shared_data / PROFILE).read_bytes()
    a, b = versaprobe.read(data, "a"), versaprobe.read(kind(data), "b")
    for one, other in zip(a.regions, b.regions, strict=True):
        np.testing.assert_array_equal(one.intensity_cps, other.intensity_cps)


def test_refusals_name_the_file() -> None:
    with pytest.raises(RawFileError, match=r"^sample 7\.spe: "):
        versaprobe.read(b"nothing", "sample 7.spe")


@pytest.mark.parametrize(
    ("line", "spelt"),
    [
        ("NeutralizerCurrent: 20.0 uA", "NeutralizerCurrent: 20.0 µA"),
        ("NeutralizerCurrent: 20.0 uA", "NeutralizerCurrent: 20.0"),
        ("SourceAnalyserAngle: 45.0 d", "SourceAnalyserAngle: 45.0 deg"),
    ],
)
def test_a_unit_spelt_otherwise_is_the_same_unit_and_another_one_is_not(
    shared_data: Path, line: str, spelt: str
) -> None:
    data = (shared_data / QUANTERA).read_bytes()
    read, other = (
        versaprobe.read(data.replace(line.encode("latin-1"), text.encode("latin-1"), 1), "a.spe")
        for text in (spelt, line.split()[0] + " 20.0 furlong")
    )
    assert (read.neutraliser_current_ua, read.source_analyser_angle_deg, read.warnings) == (20.0, 45.0, ())
    assert None in (other.neutraliser_current_ua, other.source_analyser_angle_deg)
    assert "furlong' is not understood" in other.warnings[0]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        (b"2024 1 22", date(2024, 1, 22)),
        (b"  2021 9 7 ", date(2021, 9, 7)),
        (b"24 01 25", date(2024, 1, 25)),
        (b"123 12 14", date(2023, 12, 14)),
        (b"2024-01-22", date(2024, 1, 22)),
        (b"2024/1/22", date(2024, 1, 22)),
        (b"01/02/2024", None),
        (b"22.01.2024", None),
        (b"2024 13 22", None),
        (b"2024-01 22", None),
        (b"2024 1 22 13:45:00", None),
    ],
)
def test_a_date_is_understood_where_the_year_stands_first(text: bytes, day: date | None) -> None:
    data = small_files()["smartsoft.spe"].replace(b"FileDate: 2024 1 22", b"FileDate: " + text)
    read = versaprobe.read(data, "a.spe")
    assert read.file_date == day
    assert [text.decode().strip() in warning for warning in read.warnings] == [True] * (day is None)
