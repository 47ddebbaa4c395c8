"""Raw files and the operator's log: what the tables say about them, and every way in which the two are refused."""

import tracemalloc
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from xps import acquisitions, tables, versaprobe
from xps.acquisitions import cycles, timeline
from xps.acquisitions.timeline import Pace
from xps.errors import ConfigError, RawFileError
from xps.provenance import bytes_sha256
from xps.spectra import Measurement, Region

PROJECT = Path(__file__).parents[1]

# --- instrument files made for the tests -------------------------------------------------------------------------


def region(name: str, number: int, counts: NDArray[np.float64], time_s: float = 0.5, step_ev: float = -0.1) -> Region:
    return Region(
        number=number,
        name=name,
        raw_name=name.partition("#")[0],
        atomic_number=6,
        energy_scale="binding",
        start_ev=300.0 - number,
        step_ev=step_ev,
        channels=counts.shape[1],
        time_per_channel_s=time_s,
        sweeps=5,
        pass_energy_ev=55.0,
        intensity_cps=(counts / time_s).astype(np.float32),
    )


def counts_of(seed: int, n_cycles: int = 1, channels: int = 8) -> NDArray[np.float64]:
    return np.random.default_rng(seed).poisson(200.0, size=(n_cycles, channels)).astype(np.float64)


def spectrum(name: str, seed: int, regions: Sequence[str] = ("C1s", "Ge3d"), **changes: Any) -> Measurement:
    measured = tuple(
        region(own, i, counts_of(100 * seed + i, channels=8 * i)) for i, own in enumerate(regions, start=1)
    )
    fields: dict[str, Any] = {
        "name": name,
        "file_type": "spectrum",
        "technique": "XPS",
        "header": (),
        "regions": measured,
        "photon_energy_ev": 1486.6,
    }
    return Measurement(**fields | changes)


def profile(name: str, counts: NDArray[np.float64], **changes: Any) -> Measurement:
    """A .pro of one region C1s; sputter times 0, 30, 60 ... s, a wait of 15 s after sputtering, 5 s before a region."""
    times = 30.0 * np.arange(counts.shape[0])
    header = (("ProfSputterDelay", "15.0"), ("DelayBeforeAcquire", "5 seconds"))
    fields: dict[str, Any] = {
        "name": name,
        "file_type": "depth_profile",
        "technique": "XPS",
        "header": header,
        "regions": (region("C1s", 1, counts),),
        "photon_energy_ev": 1486.6,
        "sputter_time_s": times,
    }
    return Measurement(**fields | changes)


SETTINGS: dict[str, Any] = {
    "data_origin": "measured",
    "regions": {"C1s": ["C 1s"]},
    "source": {"folder": "series", "files": ["*"], "log": "acquisitions.csv"},
}


class Raw:
    """A raw root with one experiment folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = root / "series"
        self.folder.mkdir()
        self.settings = yaml.safe_load(yaml.safe_dump(SETTINGS))

    def add(self, *measurements: Measurement) -> None:
        for measurement in measurements:
            (self.folder / measurement.name).write_bytes(versaprobe.write(measurement))

    def log(self, text: str) -> None:
        (self.folder / "acquisitions.csv").write_text(text)

    def parse(self, **settings: Any) -> acquisitions.Parsed:
        has_log = (self.folder / "acquisitions.csv").exists()
        self.settings["source"]["log"] = "acquisitions.csv" if has_log else None
        files = sorted(path for path in self.folder.iterdir() if path.suffix != ".csv")
        return acquisitions.assemble("series", self.settings | settings, files, self.root)

    def rows(self, **settings: Any) -> list[dict[str, Any]]:
        return list(self.parse(**settings).acquisitions.to_pylist())

    def faults(self, **settings: Any) -> str:
        with pytest.raises(ConfigError) as caught:
            self.parse(**settings)
        return str(caught.value)


@pytest.fixture
def raw(tmp_path: Path) -> Raw:
    return Raw(tmp_path)


def column(rows: Sequence[Mapping[str, Any]], name: str) -> list[Any]:
    return [row[name] for row in rows]


# --- tables ------------------------------------------------------------------------------------------------------


def test_tables_have_their_schema_and_every_channel_is_what_the_file_holds(raw: Raw) -> None:
    measured = [spectrum("a.spe", 1), spectrum("b.spe", 2)]
    raw.add(*measured)
    parsed = raw.parse()
    assert parsed.acquisitions.schema.equals(tables.schema("acquisitions"))
    assert parsed.spectra.schema.equals(tables.schema("spectra"))
    for number, measurement in enumerate(measured):
        for own in measurement.regions:
            of_region = parsed.spectra.filter(
                (pa.compute.field("acquisition") == number) & (pa.compute.field("region") == own.name)
            )
            assert of_region["channel"].to_pylist() == list(range(own.channels))
            expected = own.start_ev + own.step_ev * np.arange(own.channels)
            np.testing.assert_array_equal(of_region["recorded_binding_energy_ev"], expected)
            np.testing.assert_array_equal(
                of_region["counts"], counts_of(100 * (number + 1) + own.number, 1, own.channels)[0]
            )
            np.testing.assert_allclose(of_region["intensity_cps"], of_region["counts"].to_numpy() / 0.5, rtol=1e-7)
    assert set(parsed.spectra["experiment"].to_pylist()) == {"series"}


def test_spectra_rows_count_the_channels_of_the_acquisitions_table_in_the_same_order(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1), profile("b.pro", counts_of(3, 4)))
    parsed = raw.parse()
    expected = [
        (row["acquisition"], row["region"], channel)
        for row in parsed.acquisitions.to_pylist()
        for channel in range(row["channels"])
    ]
    keys = [parsed.spectra[name].to_pylist() for name in ("acquisition", "region", "channel")]
    assert list(zip(*keys, strict=True)) == expected


def test_acquisition_rows_carry_the_header_the_log_and_the_settings(raw: Raw) -> None:
    raw.add(
        spectrum("a.spe", 1, transmission_a=40.0, transmission_b=0.2, instrument="VersaProbe 4", work_function_ev=4.5)
    )
    raw.log("file,plating_time_s,plating_current_ua,pressure_pa\na.spe,300,20,1e-7\n")
    first, second = raw.rows()
    data = (raw.folder / "a.spe").read_bytes()
    assert (
        first
        | {
            "region": "C1s",
            "core_levels": ["C 1s"],
            "source_file": "raw:series/a.spe",
            "source_sha256": bytes_sha256(data),
            "source_cycle": 0,
            "plating_time_s": 300.0,
            "plating_current_ua": 20.0,
            "pressure_pa": 1e-7,
            "rest_time_s": None,
            "sputter_time_s": None,
            "photon_energy_ev": 1486.6,
            "pass_energy_ev": 55.0,
            "step_ev": -0.1,
            "time_per_channel_s": 0.5,
            "sweeps": 5,
            "channels": 8,
            "transmission_a": 40.0,
            "transmission_b": 0.2,
            "work_function_ev": 4.5,
            "instrument": "VersaProbe 4",
            "data_origin": "measured",
            "excluded": False,
            "exclusion_reason": None,
        }
        == first
    )
    assert (second["region"], second["core_levels"]) == ("Ge3d", [])


def test_absent_header_facts_stay_absent(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1))
    for row in raw.rows():
        for name in (
            "transmission_a",
            "transmission_b",
            "instrument",
            "software",
            "neutraliser_current_ua",
            "started_at",
        ):
            assert row[name] is None


def test_duplicate_region_names_are_kept_apart(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1, regions=("C1s", "C1s#2")))
    rows = raw.rows(regions={"C1s#2": ["C 1s"]})
    assert column(rows, "region") == ["C1s", "C1s#2"]
    assert column(rows, "core_levels") == [[], ["C 1s"]]


def test_sources_are_every_file_read_with_the_hash_of_its_bytes(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1))
    raw.log("file\na.spe\n")
    expected = [(f"raw:series/{path.name}", bytes_sha256(path.read_bytes())) for path in sorted(raw.folder.iterdir())]
    assert list(raw.parse().sources) == expected


def test_result_does_not_depend_on_where_the_raw_root_lies_or_on_the_order_of_files(
    raw: Raw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw.add(spectrum("a.spe", 1), spectrum("b.spe", 2))
    first = raw.parse()
    monkeypatch.chdir(tmp_path)
    files = [Path("series/b.spe"), Path("series/a.spe")]
    second = acquisitions.assemble("series", raw.settings, files, Path())
    assert tables.content_sha256(first.acquisitions) == tables.content_sha256(second.acquisitions)
    assert tables.content_sha256(first.spectra) == tables.content_sha256(second.spectra)
    assert first.sources == second.sources


def test_each_file_is_read_once_to_be_judged_and_once_for_its_rows(raw: Raw, monkeypatch: pytest.MonkeyPatch) -> None:
    raw.add(spectrum("a.spe", 1), spectrum("b.spe", 2))
    raw.log("file\na.spe\nb.spe\n")
    opened: list[str] = []
    original = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: opened.append(self.name) or original(self))
    parsed = raw.parse()
    assert sorted(opened) == ["a.spe", "acquisitions.csv", "b.spe"]
    opened.clear()
    assert len(list(parsed.parts())) == 1
    assert opened == ["a.spe", "b.spe"]


def test_a_file_that_changes_between_judgement_and_rows_is_refused(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1), spectrum("b.spe", 2))
    parsed = raw.parse()
    raw.add(spectrum("b.spe", 3))
    with pytest.raises(RawFileError, match="b.spe: changed while it was read"):
        list(parsed.parts())


def test_one_file_is_in_memory_at_a_time(raw: Raw) -> None:
    """Four times the files, the same peak."""
    peaks = []
    for files in (6, 24):
        raw.add(*(profile(f"p{i:02d}.pro", counts_of(i, 50, channels=500)) for i in range(files)))
        parsed = raw.parse()
        tracemalloc.start()
        for _ in parsed.parts():
            pass
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_how_many_cycles_are_taken_together_changes_no_row(
    size: int, raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw.add(profile("a.pro", counts_of(1, 4)), spectrum("b.spe", 2), profile("c.pro", counts_of(3, 3)))
    parsed = raw.parse()
    expected = parsed.acquisitions, parsed.spectra
    monkeypatch.setattr(acquisitions, "_PIECE", size)
    assert len(list(parsed.parts())) == -(-8 // size)
    assert (parsed.acquisitions, parsed.spectra) == expected


# --- order and time ----------------------------------------------------------------------------------------------


def test_without_log_files_are_in_natural_order_and_cycles_in_their_files(raw: Raw) -> None:
    raw.add(spectrum("x10.spe", 1), spectrum("x9.spe", 2), profile("X2.pro", counts_of(5, 3)))
    rows = [row for row in raw.rows() if row["region"] == "C1s"]
    assert column(rows, "acquisition") == [0, 1, 2, 3, 4]
    assert column(rows, "source_cycle") == [0, 1, 2, 0, 0]
    names = [name.rpartition("/")[2] for name in column(rows, "source_file")]
    assert names == ["X2.pro", "X2.pro", "X2.pro", "x9.spe", "x10.spe"]
    assert set(column(rows, "time_origin")) == {"computed"}


def test_with_log_files_are_in_its_order(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1), spectrum("b.spe", 2))
    raw.log("file\nb.spe\na.spe\n")
    rows = raw.rows()
    assert [name[-5:] for name in column(rows, "source_file")] == ["b.spe", "b.spe", "a.spe", "a.spe"]
    assert set(column(rows, "time_origin")) == {"computed"}


def test_computed_times_of_plain_spectra_are_their_counting_times_back_to_back(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1), spectrum("b.spe", 2))
    rows = raw.rows()  # 8 and 16 channels of 0.5 s
    assert column(rows, "start_time_s") == [0.0, 4.0, 12.0, 16.0]
    assert column(rows, "end_time_s") == [4.0, 12.0, 16.0, 24.0]


def test_computed_times_of_a_profile_add_sputtering_and_the_waits_that_the_header_states(raw: Raw) -> None:
    raw.add(profile("a.pro", counts_of(1, 3)))
    rows = raw.rows()  # first cycle: 5 + 4; then 30 + 15 + 5 + 4
    assert column(rows, "start_time_s") == [5.0, 59.0, 113.0]
    assert column(rows, "end_time_s") == [9.0, 63.0, 117.0]
    assert column(rows, "sputter_time_s") == [0.0, 30.0, 60.0]


def test_presputter_time_below_zero_is_no_sputtering() -> None:
    measured = profile("a.pro", counts_of(1, 3), sputter_time_s=np.array([-30.0, 0.0, 30.0]))
    assert [timeline.pace(measured, cycle).lead_s for cycle in range(3)] == [0.0, 0.0, 45.0]


def test_profile_without_sputter_times_waits_for_none() -> None:
    assert timeline.pace(profile("a.pro", counts_of(1, 2), sputter_time_s=None), 1) == Pace(0.0, 5.0, (4.0,))


def test_logged_interval_stretches_the_live_times_to_fill_it(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1), spectrum("b.spe", 2))
    raw.log(
        "file,started_at,ended_at\n"
        "a.spe,2024-03-04T09:00:00,2024-03-04T09:00:24\n"
        "b.spe,2024-03-04 10:00,2024-03-04 10:00:12\n"
    )
    rows = raw.rows()
    assert column(rows, "start_time_s") == [0.0, 8.0, 3600.0, 3604.0]
    assert column(rows, "end_time_s") == [8.0, 24.0, 3604.0, 3612.0]
    assert set(column(rows, "time_origin")) == {"log"}
    assert rows[0]["started_at"] == "2024-03-04T09:00:00"
    assert rows[2]["ended_at"] == "2024-03-04T10:00:12"
    assert column(rows, "warnings") == [[], [], [], []]


def test_interval_shorter_than_counting_keeps_the_live_times_and_says_so(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1))
    raw.log("file,started_at,ended_at\na.spe,2024-03-04T09:00:00,2024-03-04T09:00:10\n")
    rows = raw.rows()
    assert column(rows, "end_time_s") == [4.0, 12.0]
    assert all("10 s is shorter than the 12 s of counting" in row["warnings"][0] for row in rows)


def test_start_without_end_gives_a_lower_bound_and_says_so(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1))
    raw.log("file,started_at\na.spe,2024-03-04T09:00:00\n")
    rows = raw.rows()
    assert column(rows, "end_time_s") == [4.0, 12.0]
    assert all("lower bound" in row["warnings"][0] for row in rows)


def test_one_clock_for_a_profile_is_shared_out_in_proportion_and_says_so(raw: Raw) -> None:
    raw.add(profile("a.pro", counts_of(1, 3)))  # 4 s, then 45 + 4 s twice: 102 s
    raw.log("file,started_at,ended_at\na.pro,2024-03-04T09:00:00Z,2024-03-04T09:03:24Z\n")
    rows = raw.rows()
    assert column(rows, "start_time_s") == [0.0, 98.0, 196.0]
    assert column(rows, "end_time_s") == [8.0, 106.0, 204.0]
    assert [bool(row["started_at"]) for row in rows] == [True, False, False]
    assert [bool(row["ended_at"]) for row in rows] == [False, False, True]
    assert all("one clock for 3 cycles" in " ".join(row["warnings"]) for row in rows)


def test_clock_per_cycle_is_that_of_its_measuring(raw: Raw) -> None:
    raw.add(profile("a.pro", counts_of(1, 2)))
    raw.log(
        "file,cycle,started_at,ended_at\n"
        "a.pro,0,2024-03-04T09:00:00,2024-03-04T09:00:04\n"
        "a.pro,1,2024-03-04T09:01:00,2024-03-04T09:01:08\n"
    )
    rows = raw.rows()
    assert column(rows, "start_time_s") == [0.0, 60.0]
    assert column(rows, "end_time_s") == [4.0, 68.0]
    assert column(rows, "started_at") == ["2024-03-04T09:00:00", "2024-03-04T09:01:00"]


def test_excluding_one_cycle_leaves_the_files_clock_to_all_cycles(raw: Raw) -> None:
    raw.add(profile("a.pro", counts_of(1, 3)))
    raw.log(
        "file,cycle,started_at,ended_at,exclude,reason\n"
        "a.pro,,2024-03-04T09:00:00,2024-03-04T09:03:24,,\na.pro,1,,,yes,discharge\n"
    )
    rows = raw.rows()
    assert column(rows, "start_time_s") == [0.0, 98.0, 196.0]
    assert column(rows, "excluded") == [False, True, False]


def test_zone_offsets_bridge_a_change_of_clocks(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1), spectrum("b.spe", 2))
    raw.log("file,started_at\na.spe,2024-10-27T02:30:00+02:00\nb.spe,2024-10-27T02:10:00+01:00\n")
    assert column(raw.rows(), "start_time_s")[2] == 40 * 60


def test_a_start_before_the_acquisition_before_can_have_ended_is_told(raw: Raw) -> None:
    """Twelve seconds of counting may fall into one minute of a log; an hour may not, whatever the log leaves out."""
    raw.add(replace(spectrum("a.spe", 1), regions=(region("C1s", 1, counts_of(1), time_s=900.0),)))
    raw.add(spectrum("b.spe", 2), spectrum("c.spe", 3))
    raw.log("file,started_at\na.spe,2024-03-04T09:00:00\nb.spe,2024-03-04T09:30:00\nc.spe,2024-03-04T09:30:00\n")
    told = {row["source_file"]: [text for text in row["warnings"] if "can have ended" in text] for row in raw.rows()}
    assert told["raw:series/a.spe"] == []
    assert told["raw:series/b.spe"] == [
        "log: starts 5400 s before the acquisition before it can have ended, by its live times"
    ]
    assert told["raw:series/c.spe"] == told["raw:series/b.spe"]


def test_what_files_of_a_series_do_not_have_in_common_is_told_from_then_on(raw: Raw) -> None:
    """Three instruments, an absent header fact, another pass energy in one region."""
    other = replace(region("C1s", 1, counts_of(3)), pass_energy_ev=112.0)
    raw.add(
        spectrum("a.spe", 1, instrument="VersaProbe 4"),
        spectrum("b.spe", 2),
        replace(spectrum("c.spe", 3, regions=["Ge3d"], instrument="Quantera"), regions=(other,)),
        spectrum("d.spe", 4, instrument="VersaProbe 4", emission_angle_deg=45.0),
    )
    told = {row["source_file"]: row["warnings"] for row in raw.rows()}
    assert told["raw:series/a.spe"] == told["raw:series/b.spe"] == told["raw:series/d.spe"] == []
    first, second = told["raw:series/c.spe"]
    assert first == "instrument Quantera, but instrument VersaProbe 4 in a.spe: intensities may not compare"
    assert second.startswith("pass energy of C1s 112 eV, but pass energy of C1s ")


def test_a_date_that_runs_backwards_is_told(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1, acquisition_date=date(2024, 3, 5)), spectrum("b.spe", 2, file_date=date(2024, 3, 4)))
    told = {row["source_file"]: row["warnings"] for row in raw.rows()}
    assert told["raw:series/a.spe"] == []
    assert told["raw:series/b.spe"] == ["dated 2024-03-04, before a.spe (2024-03-05): is the order right?"]


def test_header_date_far_from_the_logs_is_told_but_midnight_is_not(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1, acquisition_date=date(2024, 3, 5)), spectrum("b.spe", 2, file_date=date(2023, 3, 4)))
    raw.log("file,started_at\na.spe,2024-03-04T23:50:00\nb.spe,2024-03-05T02:00:00\n")
    told = [any("header says" in text for text in row["warnings"]) for row in raw.rows()]
    assert told == [False, False, True, True]


@given(
    st.lists(
        st.builds(
            Pace,
            st.floats(0.0, 100.0),
            st.floats(0.0, 10.0),
            st.lists(st.floats(0.1, 1e3), min_size=1, max_size=4).map(tuple),
        ),
        min_size=1,
        max_size=5,
    ),
    st.floats(-1e4, 1e4),
    st.none() | st.floats(0.0, 1e5),
)
def test_windows_follow_one_another_keep_proportions_and_end_with_the_interval(
    paces: list[Pace], start_s: float, interval_s: float | None
) -> None:
    placed = timeline.windows(paces, start_s, interval_s)
    flat = [window for own in placed for window in own]
    live = np.array([value for item in paces for value in item.live_s])
    lengths = np.array([window.end_s - window.start_s for window in flat])
    assert np.all(np.diff([edge for window in flat for edge in window]) >= -1e-6)
    stretch = lengths / live
    assert np.allclose(stretch, stretch[0], rtol=1e-6)
    assert stretch[0] >= 1.0 - 1e-6
    needed = sum(item.total_s for item in paces)
    assert flat[-1].end_s - start_s == pytest.approx(max(needed, interval_s or 0.0), rel=1e-6, abs=1e-6)


# --- log values and exclusion ------------------------------------------------------------------------------------


def test_cycle_rows_take_what_they_leave_empty_from_the_row_of_the_file(raw: Raw) -> None:
    raw.add(profile("a.pro", counts_of(1, 3)))
    raw.log(
        "file,cycle,plating_time_s,pressure_pa,exclude,reason,sputter_time_s\n"
        "a.pro,,60,1e-7,yes,warming up,\na.pro,1,,2e-7,no,,90\na.pro,2,120,,,,\n"
    )
    rows = raw.rows()
    assert column(rows, "plating_time_s") == [60.0, 60.0, 120.0]
    assert column(rows, "pressure_pa") == [1e-7, 2e-7, 1e-7]
    assert column(rows, "excluded") == [True, False, True]
    assert column(rows, "exclusion_reason") == ["warming up", None, "warming up"]
    assert column(rows, "sputter_time_s") == [0.0, 90.0, 60.0]


def test_excluded_readable_file_keeps_its_rows(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1), spectrum("b.spe", 2))
    raw.log('file,exclude,reason\na.spe,,\nb.spe,yes,"charging, no C 1s"\n')
    parsed = raw.parse()
    rows = parsed.acquisitions.to_pylist()
    assert column(rows, "excluded") == [False, False, True, True]
    assert rows[2]["exclusion_reason"] == "charging, no C 1s"
    assert set(parsed.spectra["acquisition"].to_pylist()) == {0, 1}


def test_excluded_file_that_cannot_be_read_is_one_row_with_the_refusal(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1), spectrum("b.spe", 2))
    (raw.folder / "b.spe").write_bytes((raw.folder / "b.spe").read_bytes()[:-20])
    raw.log("file,exclude,reason,plating_time_s\na.spe,,,0\nb.spe,yes,truncated copy,300\n")
    parsed = raw.parse()
    row = parsed.acquisitions.to_pylist()[-1]
    assert (row["acquisition"], row["region"], row["channels"], row["excluded"]) == (1, "(unread)", 0, True)
    assert row["plating_time_s"] == 300.0
    assert row["warnings"][0].startswith("not read: b.spe: ")
    assert set(parsed.spectra["acquisition"].to_pylist()) == {0}
    assert dict(parsed.sources)["raw:series/b.spe"] == bytes_sha256((raw.folder / "b.spe").read_bytes())


def test_unreadable_files_that_are_not_excluded_are_refused_together_with_the_remedy(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1))
    (raw.folder / "b.spe").write_bytes(b"SOFH\r\nnot a PHI file")
    (raw.folder / "c.spe").write_bytes(b"")
    with pytest.raises(RawFileError) as caught:
        raw.parse()
    lines = str(caught.value).splitlines()
    assert [line[:6] for line in lines] == ["b.spe:", "c.spe:"]
    assert all("restore the file, or exclude it in the operator's log with a reason" in line for line in lines)


def test_file_that_vanished_is_a_raw_file_error(raw: Raw) -> None:
    with pytest.raises(RawFileError, match="gone.spe: cannot be read"):
        acquisitions.assemble(
            "series", SETTINGS | {"source": {**SETTINGS["source"], "log": None}}, [raw.folder / "gone.spe"], raw.root
        )


def test_log_that_vanished_is_a_config_error(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1))
    with pytest.raises(ConfigError, match="acquisitions.csv: the operator's log cannot be read"):
        acquisitions.assemble("series", SETTINGS, [raw.folder / "a.spe"], raw.root)


def test_everything_excluded_is_refused(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1))
    raw.log("file,exclude,reason\na.spe,yes,bad day\n")
    assert "every acquisition is excluded" in raw.faults()


def test_no_files_at_all_is_refused(raw: Raw) -> None:
    raw.log("file\n")
    assert "there are no raw files" in raw.faults()


# --- what the experiment says against what the files say ---------------------------------------------------------


def test_simulated_and_measured_are_never_mixed_silently(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1), spectrum("b.spe", 2, simulated=True))
    found = raw.faults()
    assert "b.spe is marked SIMULATED in its header, but data_origin is measured" in found
    assert "a.spe" not in found
    assert "a.spe carries no mark SIMULATED, but data_origin is simulated" in raw.faults(data_origin="simulated")


def test_simulated_series_is_simulated_in_every_row(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1, simulated=True))
    assert set(column(raw.rows(data_origin="simulated"), "data_origin")) == {"simulated"}


def test_region_name_that_no_file_holds_is_refused_with_a_near_match(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1))
    found = raw.faults(regions={"C1s": ["C 1s"], "Ge3s": ["Ge 3d"], "Zr3d": ["Zr 3d"]})
    assert "no raw file holds a region 'Ge3s' (did you mean 'Ge3d'?); files hold C1s, Ge3d" in found
    assert "no raw file holds a region 'Zr3d'; files hold" in found


def test_region_missing_in_some_cycles_is_a_warning_there(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1), spectrum("b.spe", 2, regions=("C1s",)))
    rows = raw.rows(regions={"C1s": ["C 1s"], "Ge3d": ["Ge 3d"]})
    assert column(rows, "warnings") == [[], [], ["region Ge3d was not measured in this acquisition"]]


def test_reader_warning_about_a_region_stands_in_that_regions_row(raw: Raw) -> None:
    dark = spectrum("a.spe", 1)
    zero = region("Ge3d", 2, np.zeros((1, 16)))
    raw.add(spectrum("a.spe", 1, regions=(dark.regions[0].name,), header=()), spectrum("b.spe", 2))
    measured = Measurement(
        name="a.spe",
        file_type="spectrum",
        technique="XPS",
        header=(),
        regions=(dark.regions[0], zero),
        photon_energy_ev=1486.6,
    )
    raw.add(measured)
    warned = [any("zero" in text for text in row["warnings"]) for row in raw.rows()]
    assert warned == [False, True, False, False]


def test_reader_warning_about_a_cycle_stands_in_that_cycles_row(raw: Raw) -> None:
    counts = counts_of(3, 5)
    counts[1, 2:4], counts[3], counts[4, 0] = -3.0, 0.0, 1.25
    raw.add(profile("a.pro", counts))
    found = [[text.partition("'C1s': ")[2] for text in row["warnings"]] for row in raw.rows()]
    assert [len(own) for own in found] == [0, 1, 0, 1, 1], found
    assert found[1][0] == "2 negative intensities, down to -6 cps"
    assert found[3][0] == "all intensities are zero in cycle 3"
    assert found[4][0].startswith("1 of 8 intensities are no whole number of counts")


def auger(name: str) -> Measurement:
    kinetic = replace(region("C1s", 1, counts_of(9)), energy_scale="kinetic", step_ev=0.1)
    return Measurement(name=name, file_type="spectrum", technique="AES", header=(), regions=(kinetic,))


def test_data_that_are_no_xps_are_refused_unless_excluded(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1), auger("b.spe"))
    assert "b.spe: found AES data on a kinetic energy scale, expected XPS" in raw.faults()
    raw.log("file,exclude,reason\na.spe,,\nb.spe,yes,an Auger survey\n")
    assert "kinetic energy scale" in raw.rows()[-1]["warnings"][0]


def test_unknown_photon_energy_is_refused(raw: Raw) -> None:
    raw.add(spectrum("a.spe", 1, photon_energy_ev=None))
    assert "a.spe: found no photon energy in the header line XraySource (absent), expected XPS" in raw.faults()


def test_path_or_link_outside_the_raw_root_is_refused(raw: Raw, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "a.spe"
    outside.write_bytes(versaprobe.write(spectrum("a.spe", 1)))
    (raw.folder / "a.spe").symlink_to(outside)
    assert "lies outside the raw root" in raw.faults()
    raw.settings["source"]["log"] = None
    with pytest.raises(ConfigError, match="lies outside the raw root"):
        acquisitions.assemble("series", raw.settings, [outside], raw.root)


def test_each_warning_of_a_file_is_a_line_of_the_log(raw: Raw, caplog: pytest.LogCaptureFixture) -> None:
    """However many regions and acquisitions it stands for in the table; a good file leaves no line."""
    odd = (("Deconvolution", "yes"), ("DepthRecal", "yes"))
    raw.add(spectrum("a.spe", 1), spectrum("b.spe", 2, header=odd), spectrum("c.spe", 3, header=odd[:1]))
    list(raw.parse().parts())
    told = [record.message.partition("' instead")[0] for record in caplog.records]
    assert told == [
        "raw:series/b.spe: header line 'DepthRecal': 'yes",
        "raw:series/b.spe: header line 'Deconvolution': 'yes",
        "raw:series/c.spe: header line 'Deconvolution': 'yes",
    ]


# --- resumed profiles --------------------------------------------------------------------------------------------

ALL_COUNTS = counts_of(7, 6)
RESUMED = "file,resumes\na.pro,\nb.pro,a.pro\n"


def test_copies_in_a_resumed_profile_are_counted_once(raw: Raw) -> None:
    raw.add(profile("a.pro", ALL_COUNTS[:4]), profile("b.pro", ALL_COUNTS))
    raw.log(RESUMED)
    parsed = raw.parse()
    rows = parsed.acquisitions.to_pylist()
    assert column(rows, "acquisition") == list(range(6))
    assert column(rows, "source_cycle") == [0, 1, 2, 3, 4, 5]
    assert [name[-5] for name in column(rows, "source_file")] == list("aaaabb")
    np.testing.assert_array_equal(parsed.spectra["counts"].to_numpy().reshape(6, 8), ALL_COUNTS)
    assert column(rows, "sputter_time_s") == [0.0, 30.0, 60.0, 90.0, 120.0, 150.0]


def test_profile_resumed_twice_is_counted_once(raw: Raw) -> None:
    raw.add(profile("a.pro", ALL_COUNTS[:2]), profile("b.pro", ALL_COUNTS[:4]), profile("c.pro", ALL_COUNTS))
    raw.log("file,resumes\na.pro,\nb.pro,a.pro\nc.pro,b.pro\n")
    assert column(raw.rows(), "source_cycle") == [0, 1, 2, 3, 4, 5]
    raw.log("file,resumes\na.pro,\nb.pro,a.pro\nc.pro,a.pro\n")
    assert "c.pro: cycle 2, 3 is bit-identical to one of b.pro" in raw.faults()


@pytest.mark.parametrize("text", [None, "file\na.pro\nb.pro\n"])
def test_undeclared_copies_are_refused_naming_both_files(raw: Raw, text: str | None) -> None:
    raw.add(profile("a.pro", ALL_COUNTS[:4]), profile("b.pro", ALL_COUNTS))
    if text is not None:
        raw.log(text)
    found = raw.faults()
    assert "b.pro: cycle 0, 1, 2, 3 is bit-identical to one of a.pro and would count twice" in found
    assert "write a.pro under resumes in the log's row of b.pro" in found


@pytest.mark.parametrize("names", [("a.pro", "a+1.pro"), ("x_1.pro", "x+1_1.pro"), ("z.pro", "b.pro")])
def test_the_advice_for_a_resumed_profile_can_be_followed(raw: Raw, names: tuple[str, str]) -> None:
    """The file with more cycles is the one that resumes, whatever the order of the names; PHI writes ``x+1_1.pro``."""
    shorter, longer = names
    raw.add(profile(shorter, ALL_COUNTS[:4]), profile(longer, ALL_COUNTS))
    assert f"write {shorter} under resumes in the log's row of {longer}" in raw.faults()
    raw.log(f"file,resumes\n{shorter},\n{longer},{shorter}\n")
    assert column(raw.rows(), "source_cycle") == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(("plain", "other"), [("a.spe", "copy.spe"), ("x_1.spe", "x+1_1.spe"), ("a.spe", "a+1.spe")])
def test_the_same_spectrum_under_two_names_is_refused(raw: Raw, plain: str, other: str) -> None:
    raw.add(spectrum(plain, 1))
    (raw.folder / other).write_bytes((raw.folder / plain).read_bytes())
    assert f"{other}: cycle 0 is bit-identical to one of {plain} and would count twice; exclude one" in raw.faults()
    raw.log(f"file,exclude,reason\n{plain},,\n{other},yes,a copy\n")
    assert column(raw.rows(), "excluded") == [False, False, True, True]


def test_of_two_equally_long_profiles_none_is_said_to_resume_the_other(raw: Raw) -> None:
    raw.add(profile("a.pro", ALL_COUNTS[:4]), profile("b.pro", ALL_COUNTS[:4]))
    assert "resumes" not in raw.faults()


def test_excluding_the_earlier_file_makes_the_copies_the_only_ones(raw: Raw) -> None:
    raw.add(profile("a.pro", ALL_COUNTS[:4]), profile("b.pro", ALL_COUNTS))
    raw.log("file,exclude,reason\na.pro,yes,all of it is in b.pro\nb.pro,,\n")
    assert column(raw.rows(), "excluded") == [True] * 4 + [False] * 6


@pytest.mark.parametrize(
    "excluded",
    ["a.pro,,,yes,drift\n", "a.pro,,,yes,drift\na.pro,3,,no,\n", "".join(f"a.pro,{i},,yes,x\n" for i in range(4))],
)
def test_resuming_a_file_that_is_excluded_as_a_whole_is_refused_with_advice_that_works(raw: Raw, excluded: str) -> None:
    """The copies would be left out of b.pro and the cycles themselves with a.pro: nothing of them would be left."""
    raw.add(profile("a.pro", ALL_COUNTS[:4]), profile("b.pro", ALL_COUNTS))
    raw.log(f"file,cycle,resumes,exclude,reason\n{excluded}b.pro,,a.pro,,\n")
    found = raw.faults()
    assert "b.pro resumes a.pro, which is excluded as a whole; remove resumes" in found
    raw.log("file,exclude,reason\na.pro,yes,drift\nb.pro,,\n")
    kept = [row["source_cycle"] for row in raw.rows() if not row["excluded"]]
    assert kept == [0, 1, 2, 3, 4, 5]


def test_single_cycle_excluded_in_the_resumed_file_stays_excluded_in_its_row(raw: Raw) -> None:
    raw.add(profile("a.pro", ALL_COUNTS[:4]), profile("b.pro", ALL_COUNTS))
    raw.log("file,cycle,resumes,exclude,reason\na.pro,,,,\na.pro,2,,yes,discharge\nb.pro,,a.pro,,\n")
    rows = raw.rows()
    assert column(rows, "source_cycle") == [0, 1, 2, 3, 4, 5]
    assert column(rows, "excluded") == [False, False, True, False, False, False]


def test_resumed_pair_that_is_excluded_together_loses_nothing_unsaid(raw: Raw) -> None:
    raw.add(profile("a.pro", ALL_COUNTS[:4]), profile("b.pro", ALL_COUNTS), spectrum("c.spe", 1))
    raw.log("file,resumes,exclude,reason\na.pro,,yes,drift\nb.pro,a.pro,yes,drift\nc.spe,,,\n")
    assert column(raw.rows(), "excluded") == [True] * 6 + [False] * 2


def test_dark_cycles_are_alike_without_being_copies(raw: Raw) -> None:
    raw.add(profile("a.pro", np.zeros((2, 8))), profile("b.pro", np.zeros((2, 8))))
    assert len(raw.rows()) == 4


def test_resumes_without_identical_cycles_is_refused(raw: Raw) -> None:
    other = ALL_COUNTS.copy()
    other[2, 3] += 1.0
    raw.add(profile("a.pro", ALL_COUNTS[:4]), profile("b.pro", other))
    raw.log(RESUMED)
    assert "b.pro resumes a.pro: cycle 2 of both differs, expected 4 identical ones" in raw.faults()


def test_resumed_file_that_adds_nothing_is_refused(raw: Raw) -> None:
    raw.add(profile("a.pro", ALL_COUNTS), profile("b.pro", ALL_COUNTS[:3]))
    raw.log(RESUMED)
    assert "adds no cycle to it: all 3 are copies" in raw.faults()


def test_resumed_file_whose_predecessor_cannot_be_read_is_refused(raw: Raw) -> None:
    raw.add(profile("a.pro", ALL_COUNTS[:4]), profile("b.pro", ALL_COUNTS))
    (raw.folder / "a.pro").write_bytes(b"broken")
    raw.log("file,resumes,exclude,reason\na.pro,,yes,disk error\nb.pro,a.pro,,\n")
    assert "b.pro resumes a.pro, which cannot be read, so copies cannot be told" in raw.faults()


def test_rows_for_cycles_must_fit_the_file(raw: Raw) -> None:
    raw.add(profile("a.pro", ALL_COUNTS[:4]), profile("b.pro", ALL_COUNTS))
    raw.log("file,cycle,resumes\na.pro,0,\na.pro,1,\na.pro,9,\nb.pro,,a.pro\nb.pro,1,\n")
    found = raw.faults()
    assert "a.pro: the log lists cycle 9, but the file holds 4 (0 to 3)" in found
    assert "a.pro: the log has no row for cycle 2, 3; add it, or a row for the whole file" in found
    assert "b.pro: cycle 1 is a copy, counted in the file that it resumes; remove its row" in found


def test_cycle_without_a_clock_among_clocked_ones_is_refused(raw: Raw) -> None:
    raw.add(profile("a.pro", ALL_COUNTS[:3]))
    raw.log("file,cycle,started_at\na.pro,,\na.pro,0,2024-03-04T09:00:00\na.pro,1,2024-03-04T09:10:00\n")
    assert "a.pro: cycle 2 has no started_at while others have" in raw.faults()


@given(st.lists(st.text("ab019", min_size=1, max_size=6), min_size=1, max_size=6, unique=True))
def test_natural_order_counts_numbers_as_numbers(names: list[str]) -> None:
    ordered = [path.name for path in cycles.in_order([Path(name) for name in names], None)]
    assert sorted(ordered) == sorted(names)
    numbered = [Path(f"x{number}.spe") for number in (10, 9, 100, 1)]
    assert [path.name for path in cycles.in_order(numbered, None)] == ["x1.spe", "x9.spe", "x10.spe", "x100.spe"]


def test_natural_order_puts_a_resumed_profile_behind_the_plain_one() -> None:
    names = ["x_1.pro", "x+1_1.pro", "x+2_1.pro", "x+10_1.pro", "y.pro", "y+1.pro", "z10.pro", "z10+1.pro"]
    assert [path.name for path in cycles.in_order([Path(name) for name in sorted(names)], None)] == names


# --- shipped and real files ----------------------------------------------------------------------------------------


def test_a_shipped_series_is_parsed_without_warnings() -> None:
    settings = yaml.safe_load((PROJECT / "config" / "experiments" / "lagp_vep.yaml").read_text())
    files = sorted((PROJECT / "raw" / "lagp_vep").glob("*.spe"))
    rows = acquisitions.assemble("lagp_vep", settings, files, PROJECT / "raw").acquisitions.to_pylist()
    assert set(column(rows, "data_origin")) == {"simulated"}
    assert sorted(set(column(rows, "plating_time_s"))) == [60.0 * minute for minute in (0, 5, 10, 15, 20, 30, 50, 70)]
    assert set(column(rows, "time_origin")) == {"log"}
    assert [row["warnings"] for row in rows if row["warnings"]] == []


def test_real_depth_profile_becomes_21_acquisitions(shared_data: Path) -> None:
    path = shared_data / "pynxtools-xps" / "SnO2_10nm_1.pro"
    settings = {
        "data_origin": "measured",
        "regions": {"C1s": ["C 1s"], "Si2p": ["Si 2p"], "Sn3d5": ["Sn 3d"]},
        "source": {"folder": "pynxtools-xps", "files": ["SnO2_10nm_1.pro"], "log": None},
    }
    parsed = acquisitions.assemble("sno2", settings, [path], shared_data)
    rows = parsed.acquisitions.to_pylist()
    assert len(rows) == 21 * 4
    assert rows[0]["source_sha256"] == "6b41e0f39efb1957f642fef42896413cddfbbc435f38a06e831da1ef75d5578f"
    assert rows[0]["source_file"] == "raw:pynxtools-xps/SnO2_10nm_1.pro"
    assert sorted(set(column(rows, "sputter_time_s"))) == [30.0 * cycle for cycle in range(21)]
    assert parsed.spectra.num_rows == 21 * (1751 + 3 * 101)
    counts = parsed.spectra["counts"].to_numpy()
    np.testing.assert_array_equal(counts, np.rint(counts))
    # 452.5 s of counting, 20 s before the regions and 45 s of sputtering per cycle; the first was not sputtered.
    assert rows[-1]["end_time_s"] == pytest.approx(21 * (1751 * 0.12 + 303 * 0.8 + 20.0) + 20 * 45.0)


def test_real_auger_file_is_refused_from_the_chain(shared_data: Path) -> None:
    settings = SETTINGS | {"source": {"folder": "M-DaC_AES", "files": ["*.spe"], "log": None}}
    with pytest.raises(ConfigError, match="kinetic energy scale"):
        acquisitions.assemble("gold", settings, [shared_data / "M-DaC_AES" / "Au_foil2.spe"], shared_data)
