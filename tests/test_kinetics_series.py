"""One series as kinetics sees it: components along acquisitions, what is left out, and the films declared of it."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import twin_tables
from whole_tables import series_of
from xps import chemistry, kinetics, provenance, tables
from xps.kinetics.series import Series
from xps.kinetics.tracks import NUMBERS

FIXED = {
    "experiment": "e", "core_levels": ["A 1s"], "source_file": "raw:a", "source_sha256": "0", "source_cycle": 0,
    "time_origin": "log", "channels": 3, "data_origin": "measured", "warnings": [],
}  # fmt: skip


def acquired(measured: dict[int, list[str]], excluded: frozenset[int] = frozenset(), **more: Any) -> pa.Table:
    """Regions of each acquisition, ten minutes long, one after the other; a new acquisition every 1000 s."""
    rows = [
        {
            **FIXED, "acquisition": number, "region": region, "excluded": number in excluded,
            "start_time_s": 1000.0 * number + 600.0 * place, "end_time_s": 1000.0 * number + 600.0 * (place + 1),
            "plating_time_s": 60.0 * number, "photon_energy_ev": 1486.6, **more,
        }
        for number, regions in measured.items()
        for place, region in enumerate(regions)
    ]  # fmt: skip
    return tables.from_rows("acquisitions", rows)


def fitted(*parts: tuple[str, str, dict[int, float | None]]) -> pa.Table:
    """Components (name, region, area by acquisition); the share is a hundredth of the area."""
    rows = [
        {
            "experiment": "e", "model": "m", "acquisition": number, "region": region, "component": name,
            "core_level": f"{name} level", "species": name, "line": "A 1s", "area_cps_ev": area,
            "area_stderr_cps_ev": 1.0, "area_fraction": None if area is None else area / 100.0,
            "area_fraction_stderr": 0.01, "detected": None if number == 0 else number % 2 == 1,
        }
        for name, region, areas in parts
        for number, area in areas.items()
    ]  # fmt: skip
    return tables.from_rows("components", rows)


def series(acquisitions: pa.Table, components: pa.Table, **more: Any) -> Series:
    return series_of(acquisitions, components, **more)


BOTH = {number: ["R", "S"] for number in range(4)}


def test_a_track_holds_the_numbers_of_its_component_and_of_no_other() -> None:
    areas = fitted(("A", "R", {n: 10.0 * n for n in range(4)}), ("B", "S", {n: 1.0 + n for n in range(4)}))
    one, other = series(acquired(BOTH), areas).tracks
    assert (one.names.component, one.region, other.names.component, other.region) == ("A", "R", "B", "S")
    assert one["area_cps_ev"].tolist() == [0.0, 10.0, 20.0, 30.0]
    assert other["area_fraction"].tolist() == pytest.approx([0.01, 0.02, 0.03, 0.04])
    assert set(one.numbers) == set(NUMBERS)
    assert np.isnan(one["absent_p_value"]).all()
    # what was not asked counts as seen
    assert one.detected.tolist() == [True, True, False, True]


def test_each_place_of_a_track_points_to_the_row_of_its_own_region() -> None:
    table = acquired(BOTH)
    _, other = series(table, fitted(("A", "R", {0: 1.0}), ("B", "S", dict.fromkeys(range(4), 1.0)))).tracks
    rows = table.to_pylist()
    assert [(rows[row]["acquisition"], rows[row]["region"]) for row in other.rows] == [(n, "S") for n in range(4)]


def test_excluded_acquisitions_are_no_part_of_a_track_and_unmeasured_regions_have_no_row() -> None:
    table = acquired({0: ["R"], 1: ["S"], 2: ["R"], 3: ["R"]}, frozenset({2}))
    (track,) = series(table, fitted(("A", "R", dict.fromkeys(range(4), 5.0)))).tracks
    assert track.acquisitions.tolist() == [0, 1, 3]
    assert (track.rows >= 0).tolist() == [True, False, True]


@given(st.permutations(range(6)), st.sets(st.integers(0, 5)))
def test_what_is_known_of_a_component_is_chronological_in_whatever_order_it_stands(
    order: list[int], failed: set[int]
) -> None:
    areas = {number: None if number in failed else 10.0 + number for number in order}
    measured = series(acquired({number: ["R"] for number in range(6)}), fitted(("A", "R", areas)))
    found = measured.component("m", "A")
    assert found is not None
    kept = sorted(set(range(6)) - failed)
    assert found.acquisitions.tolist() == kept
    assert found["area_cps_ev"].tolist() == [10.0 + number for number in kept]
    assert measured.regions.acquisition[found.rows].tolist() == kept
    assert len(found) == len(kept)


def test_a_component_that_no_model_has_is_none() -> None:
    measured = series(acquired(BOTH), fitted(("A", "R", {0: 1.0})))
    assert measured.component("m", "B") is None
    assert measured.component("n", "A") is None


def test_times_are_those_of_the_log_or_the_middle_of_the_region_s_window() -> None:
    measured = series(acquired(BOTH), fitted())
    assert measured.times_s("plating_time_s").tolist() == [0.0, 0.0, 60.0, 60.0, 120.0, 120.0, 180.0, 180.0]
    assert measured.times_s("start_time_s")[:4].tolist() == [300.0, 900.0, 1300.0, 1900.0]
    assert np.isnan(measured.times_s("rest_time_s")).all()


def test_headers_are_those_of_the_region_s_first_acquisition() -> None:
    table = pa.concat_tables(
        [acquired({0: ["R"]}, pass_energy_ev=55.0), acquired({1: ["R", "S"]}, pass_energy_ev=27.0)]
    )
    measured = series(table, fitted())
    assert measured.facts("R").pass_energy_ev == 55.0
    assert measured.facts("S").pass_energy_ev == 27.0
    with pytest.raises(KeyError, match="T"):
        measured.facts("T")


STACK = {
    "layer_model": "patchy",
    "coverages": [0.5, 1.0],
    "substrate": {"phase": "LAGP", "tracer": twin_tables.tracer("A", "Ge")},
    "films": [
        {"layer": "SEI", "phase": "LAGP-A", "tracer": {"model": "m", "components": ["A"], "element": "Ge"}},
        {"layer": "Li0", "phase": "Li", "patches": True, "tracer": twin_tables.tracer("B", "Li")},
    ],
}


def with_films() -> Series:
    rows = [
        {
            "experiment": "e", "acquisition": number, "layer_model": "patchy", "layer": layer, "lines": "A",
            "verdict": "conditional", "thickness_nm": number + coverage, "patch_coverage_fraction": coverage,
        }
        for layer in ("SEI", "Li0", "coverage")
        for coverage in (0.5, 1.0)
        for number in (2, 0, 1)
    ]  # fmt: skip
    areas = fitted(("A", "S", dict.fromkeys(range(4), 1.0)))
    layers = tables.from_rows("layers", rows)
    return series_of(acquired(BOTH), areas, layers, [STACK])


@pytest.mark.parametrize("coverage", [0.5, 1.0])
def test_a_film_is_followed_at_the_coverage_that_is_asked_for(coverage: float) -> None:
    film, declared = with_films().film({"layer_model": "patchy", "layer": "Li0", "coverage_fraction": coverage})
    assert film is not None
    assert film.acquisitions.tolist() == [0, 1, 2]
    assert film.thickness_nm.tolist() == [number + coverage for number in range(3)]
    assert np.isnan(film.lower_limit_nm).all()
    assert not film.known.any()  # no errors stand in the table
    assert declared["patches"] is True


def test_a_film_that_is_not_declared_is_none() -> None:
    for wanted in ({"layer_model": "layer", "layer": "SEI"}, {"layer_model": "patchy", "layer": "Li2O"}):
        assert with_films().film(wanted) == (None, {})


def test_the_windows_of_a_film_are_those_of_its_line() -> None:
    measured = with_films()
    film = STACK["films"][0]  # type: ignore[index]
    np.testing.assert_allclose(
        measured.windows_min(film, np.array([0, 2])), [[10.0, 20.0], [2000 / 60 + 10, 2000 / 60 + 20]]
    )


def test_the_twin_s_series_has_a_track_per_component_over_all_its_cycles() -> None:
    known, lines = twin_tables.reference()
    areas = twin_tables.components("fig2a_LGPS_VEP")
    measured = series_of(twin_tables.acquisitions("fig2a_LGPS_VEP"), areas, None, [], known, lines)
    names = [track.names.component for track in measured.tracks]
    assert names == list(dict.fromkeys(areas.column("component").to_pylist()))
    assert {len(track) for track in measured.tracks} == {8}
    by_hand = [row for row in areas.to_pylist() if row["component"] == "Li3P P 2p"]
    track = next(track for track in measured.tracks if track.names.component == "Li3P P 2p")
    for column in ("area_cps_ev", "area_stderr_cps_ev", "area_fraction", "upper_limit_95_cps_ev"):
        assert track[column].tolist() == [row[column] for row in by_hand]
    assert measured.lines["Ge 3d"]["core_level"] == "Ge 3d"


# --- however a series is cut ------------------------------------------------------------------------------------------


def test_a_series_read_in_parts_is_the_one_read_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Row groups of seven rows: components and regions begin, end and pause wherever a group does."""
    monkeypatch.setattr("xps.tables.writing.row_group_rows", lambda _: 7)
    regions = {number: ["R", "S"] if number % 3 else ["S"] for number in range(20)}
    parts = [
        ("A", "R", {n: 10.0 + n for n in range(20)}),
        ("B", "S", {n: None if n == 4 else 1.0 for n in range(3, 20)}),
    ]
    held = {
        "acquisitions": acquired(regions, frozenset({5}), pass_energy_ev=55.0),
        "components": fitted(*parts),
        "layers": tables.from_rows("layers", with_films().found.places["layers"].to_pylist() * 4),
    }
    record = provenance.record("parse_spectra", [], {}, "f", subject="e", data_origin="measured")
    for name, table in held.items():
        tables.write(tmp_path / f"{name}.parquet", name, table, record)
    whole = series_of(*held.values(), [STACK])
    paths = tables.Series({name: tmp_path / f"{name}.parquet" for name in held})
    cut = kinetics.series_of(paths, [STACK], chemistry.Chemistry({}, {}), [], {})
    assert [track.names for track in cut.tracks] == [track.names for track in whole.tracks]
    for one, other in zip(cut.tracks, whole.tracks, strict=True):
        assert one.region == other.region
        for name in ("acquisitions", "rows", "detected"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))
        for name in NUMBERS:
            np.testing.assert_array_equal(one[name], other[name])
    for axis in ("start_time_s", "plating_time_s"):
        np.testing.assert_array_equal(cut.times_s(axis), whole.times_s(axis))
    np.testing.assert_array_equal(cut.clock.starts_min, whole.clock.starts_min)
    assert cut.facts("R") == whole.facts("R")
    for coverage in (0.5, 1.0):
        wanted = {"layer_model": "patchy", "layer": "SEI", "coverage_fraction": coverage}
        films = [one.film(wanted)[0] for one in (cut, whole)]
        assert films[0] is not None
        assert films[1] is not None
        for own, expected in zip(*films, strict=True):
            np.testing.assert_array_equal(own, expected)
