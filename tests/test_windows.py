"""Cutting windows: calibrated energies, untouched counts, static backgrounds, and what is missing."""

from dataclasses import replace

import numpy as np
import pytest

import synthetic_stage as stage
from synthetic import GE_LINES, axis, ge3d_model, rate
from synthetic_stage import Recorded
from xps import backgrounds, fitting, tables, windows
from xps.errors import ConfigError, TableError
from xps.models import Background, Window

WINDOW = Window("Ge 3d", 24.0, 38.0, Background("shirley", 5))


def recorded(acquisition: int, shift: float = 1.5, seed: int = 0, region: str = "Ge3d") -> Recorded:
    energy = axis(20.0, 44.0)
    generator = np.random.default_rng(100 * seed + acquisition)
    counts = generator.poisson(rate(energy + shift, GE_LINES, 400.0, 0.02) * 10.0).astype(float)
    return Recorded(acquisition, region, ["Ge 3d", "O 2s"], energy, counts)


SERIES = [recorded(i) for i in range(3)]


def cut(series: list[Recorded], wanted: tuple[Window, ...] = (WINDOW,), shift: float = 1.5) -> list[dict[str, object]]:
    given = stage.acquisitions(series), stage.spectra(series), stage.calibration(series, shift)
    return windows.cut(*given, {"ge3d": wanted}).to_pylist()


def test_channels_inside_the_window_are_kept_with_calibrated_energies() -> None:
    rows = cut(SERIES)
    energies = [row["binding_energy_ev"] for row in rows if row["acquisition"] == 0]
    expected = (SERIES[0].energy + 1.5)[(SERIES[0].energy + 1.5 >= 24.0) & (SERIES[0].energy + 1.5 <= 38.0)]
    np.testing.assert_array_equal(energies, expected)
    assert min(energies) >= 24.0
    assert max(energies) <= 38.0


def test_counts_and_channels_stay_as_measured() -> None:
    for row in cut(SERIES):
        one = SERIES[row["acquisition"]]
        assert row["counts"] == one.counts[row["channel"]]
        assert row["binding_energy_ev"] == one.energy[row["channel"]] + 1.5
        assert row["time_per_channel_s"] == 10.0


def test_the_static_background_is_that_of_the_window() -> None:
    rows = [row for row in cut(SERIES) if row["acquisition"] == 1]
    energy = np.array([row["binding_energy_ev"] for row in rows])
    cps = np.array([row["counts"] for row in rows]) / 10.0
    np.testing.assert_allclose([row["static_background_cps"] for row in rows], backgrounds.shirley(energy, cps, 5))


def gapped() -> list[Recorded]:
    """A series in which one acquisition is excluded, one lacks the region, one has no counts and one lies off it."""
    return [
        *SERIES,
        replace(recorded(3), excluded=True),
        Recorded(4, "C1s", ["C 1s"], axis(280.0, 290.0), np.ones(101)),
        replace(recorded(5), counts=np.zeros(SERIES[0].energy.size)),
        replace(recorded(6), energy=axis(120.0, 144.0)),
        recorded(7),
    ]


@pytest.mark.parametrize("size", [1, 2, 3, 7])
@pytest.mark.parametrize("processes", [1, 2])
def test_neither_the_cut_nor_the_number_of_processes_changes_a_row_or_a_warning(
    size: int, processes: int, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wanted = {"ge3d": (WINDOW, replace(WINDOW, core_level="O 2s", low_ev=22.0, high_ev=30.0)), "other": (WINDOW,)}
    series = gapped()
    made = {"acquisitions": stage.acquisitions(series), "spectra": stage.spectra(series)}
    held = tables.Series(made | {"calibration": stage.calibration(series, 1.5)})
    whole = list(windows.cut_series(held, wanted))
    said = [record.getMessage() for record in caplog.records]
    caplog.clear()
    monkeypatch.setattr(windows, "_PIECE", size)
    parts = list(windows.cut_series(held, wanted, processes))
    assert len(parts) == 2 * -(-8 // size)
    assert tables.concatenate("background", parts).equals(tables.concatenate("background", whole))
    if processes == 1:  # workers write to the log of the job, which is not here
        assert [record.getMessage() for record in caplog.records] == said


@pytest.mark.parametrize("size", [1, 2, 100])
def test_windows_that_meet_no_data_are_named_alike_however_the_series_is_cut(
    size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(windows, "_PIECE", size)
    far = replace(WINDOW, low_ev=924.0, high_ev=938.0)
    with pytest.raises(ConfigError, match=r"924 to 938 eV, meets no data of region Ge3d; .* span 21.5 to 45.5 eV"):
        cut(SERIES, (far,))


def test_no_static_background_where_there_is_none() -> None:
    flat = [replace(SERIES[0], counts=np.zeros(SERIES[0].energy.size))]
    assert {row["static_background_cps"] for row in cut(flat)} == {None}


def test_a_missing_region_is_left_out_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    other = Recorded(1, "C1s", ["C 1s"], axis(280, 290), np.ones(101))
    rows = cut([SERIES[0], other, SERIES[2]])
    assert {row["acquisition"] for row in rows} == {0, 2}
    assert "acquisition 1: region Ge3d was not measured; left out" in caplog.text


def test_a_region_without_counting_time_is_left_out_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    rows = cut([SERIES[0], replace(SERIES[1], time_s=None)])
    assert {row["acquisition"] for row in rows} == {0}
    assert "no known counting time" in caplog.text


def test_excluded_acquisitions_are_left_out() -> None:
    assert {row["acquisition"] for row in cut([SERIES[0], replace(SERIES[1], excluded=True), SERIES[2]])} == {0, 2}


def test_a_window_partly_off_the_data_is_logged_with_what_is_missing(caplog: pytest.LogCaptureFixture) -> None:
    cut(SERIES[:1], (replace(WINDOW, low_ev=20.0),))
    assert [record.getMessage() for record in caplog.records] == [
        "simulated, model ge3d, acquisition 0, region Ge3d: window Ge 3d, 20 to 38 eV, lies 1.50 eV below the data"
    ]
    caplog.clear()
    cut(SERIES[:1], (replace(WINDOW, low_ev=20.0, high_ev=46.0),))
    assert "lies 1.50 eV below the data and 0.50 eV above the data" in caplog.text


def test_a_window_that_the_data_fill_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    cut(SERIES[:1], (replace(WINDOW, low_ev=21.45, high_ev=45.55),))  # within one channel of the data's ends
    assert not caplog.records


def test_models_and_windows_come_in_the_given_order() -> None:
    second = replace(WINDOW, low_ev=30.0)
    tables = stage.acquisitions(SERIES), stage.spectra(SERIES), stage.calibration(SERIES)
    found = windows.cut(*tables, {"b": (WINDOW,), "a": (second,)})
    assert list(dict.fromkeys(zip(*(found.column(n).to_pylist() for n in ("model", "acquisition")), strict=True))) == [
        (model, acquisition) for model in ("b", "a") for acquisition in range(3)
    ]


def test_windows_without_data_are_named_all_at_once() -> None:
    far = Window("Ge 3d", 100.0, 110.0, Background("linear", 1))
    unmeasured = Window("Li 1s", 50.0, 60.0, Background("linear", 1))
    tables = stage.acquisitions(SERIES), stage.spectra(SERIES), stage.calibration(SERIES)
    with pytest.raises(ConfigError) as caught:
        windows.cut(*tables, {"a": (far,), "b": (unmeasured,)})
    message = str(caught.value)
    assert "experiment simulated: 2 faults" in message
    assert "model a: window Ge 3d, 100 to 110 eV, meets no data of region Ge3d" in message
    assert "20.0 to 44.0 eV" in message
    assert "model b: core level Li 1s was not measured; regions hold Ge 3d, O 2s" in message


def test_a_level_in_two_regions_is_refused() -> None:
    with pytest.raises(ConfigError, match="held by Ge3d, Ge3d#2; leave it in one"):
        cut([SERIES[0], replace(SERIES[0], region="Ge3d#2")])


def test_a_region_without_calibration_is_refused() -> None:
    tables = stage.acquisitions(SERIES), stage.spectra(SERIES), stage.calibration(SERIES[:1])
    with pytest.raises(TableError, match="no row for acquisition 1, region Ge3d"):
        windows.cut(*tables, {"ge3d": (WINDOW,)})


def test_the_fit_stage_takes_the_table_and_knows_what_is_missing() -> None:
    series = [SERIES[0], Recorded(1, "C1s", ["C 1s"], axis(280, 290), np.ones(101)), SERIES[2]]
    model = ge3d_model()
    measured, shifts = stage.acquisitions(series), stage.calibration(series, 1.5)
    background = windows.cut(measured, stage.spectra(series), shifts, {model.name: model.windows})
    tasks = fitting.spectra_of(background, measured, shifts, model)
    assert [(one.acquisition, one.regions, [s is None for s in one.spectra]) for one in tasks] == [
        (0, ("Ge3d",), [False]),
        (1, ("Ge3d",), [True]),
        (2, ("Ge3d",), [False]),
    ]
    assert tasks[0].found[0].static_background_cps is not None
    found = fitting.fit_models(background, measured, shifts, [model])
    assert found.fits.column("success").to_pylist() == [True, False, True]
    assert found.fits.column("message").to_pylist()[1] == "no data of Ge 3d (region Ge3d) in this acquisition"
    by_name = {(row["acquisition"], row["component"]): row["area_cps_ev"] for row in found.components.to_pylist()}
    assert by_name[0, "Ge4+"] == pytest.approx(9000, rel=0.03)
    assert by_name[1, "Ge4+"] is None
    first = found.curves.slice(0, 1).to_pylist()[0]
    assert SERIES[0].energy[first["channel"]] + 1.5 == pytest.approx(first["binding_energy_ev"])


def test_an_unknown_engine_is_refused() -> None:
    measured, shifts = stage.acquisitions(SERIES), stage.calibration(SERIES)
    background = windows.cut(measured, stage.spectra(SERIES), shifts, {"ge3d": (WINDOW,)})
    with pytest.raises(ConfigError, match="'casa'; engines are separable, lmfit"):
        fitting.fit_models(background, measured, shifts, [ge3d_model()], engine="casa")
