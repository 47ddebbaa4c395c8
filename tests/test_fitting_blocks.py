"""However a series is cut into blocks, and by however many processes its pieces are fitted, the files are the same."""

import json
import logging
import os
import signal
from collections.abc import Iterable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import synthetic_stage as stage
from synthetic import GE_LINES, axis, ge3d_model, rate
from synthetic_stage import Recorded
from xps import fitting, provenance, tables, windows
from xps.errors import TableError
from xps.fitting import blocks
from xps.fitting.series import FitTables
from xps.models import FitModel, Series

COUNT = 7
ORIGIN = provenance.record("parse_spectra", [], {}, "f", subject="s", data_origin="simulated")


def recorded(acquisition: int) -> Recorded:
    """Ge 3d of one acquisition: a second line that grows; the fourth is excluded, the sixth measured something else."""
    if acquisition == 5:
        return Recorded(5, "C1s", ["C 1s"], axis(280, 290), np.ones(101))
    energy = axis(20, 44)
    lines = (GE_LINES[0], replace(GE_LINES[1], area=700.0 * acquisition))
    counts = np.random.default_rng(acquisition).poisson(10.0 * rate(energy, lines, 400.0, 0.02)).astype(float)
    return Recorded(acquisition, "Ge3d", ["Ge 3d"], energy, counts, excluded=acquisition == 3)


@pytest.fixture(scope="module")
def model() -> FitModel:
    return ge3d_model()


@pytest.fixture(scope="module")
def series(model: FitModel, tmp_path_factory: pytest.TempPathFactory) -> tables.Series:
    """The tables of a short series, as files."""
    folder = tmp_path_factory.mktemp("series")
    everything = [recorded(acquisition) for acquisition in range(COUNT)]
    acquired, shifts = stage.acquisitions(everything), stage.calibration(everything)
    cut = windows.cut(acquired, stage.spectra(everything), shifts, {model.name: model.windows})
    made = {"acquisitions": acquired, "calibration": shifts, "background": cut}
    for name, table in made.items():
        tables.write(folder / f"{name}.parquet", name, table, ORIGIN)
    return tables.Series({name: folder / f"{name}.parquet" for name in made})


def together(parts: Iterable[FitTables]) -> FitTables:
    """All rows of the tables that come part by part."""
    held = list(parts)
    return FitTables(*(tables.concatenate(name, [getattr(part, name) for part in held]) for name in FitTables._fields))


@pytest.fixture(scope="module")
def whole(series: tables.Series, model: FitModel) -> FitTables:
    return together(fitting.fit_whole(series, [model]))


def cut_at(series: tables.Series, model: FitModel, edges: list[int], folder: Path) -> dict[str, tables.Series]:
    """Fit the series in the blocks that ``edges`` limit, the last block first, and write their tables."""
    starts = fitting.read_starts(fitting.starts_text(fitting.series_starts(series, [model])))
    found = {}
    for first, end in reversed(list(pairwise(edges))):
        name = f"{first:07d}-{end - 1:07d}"
        made = fitting.fit_span(series, [model], starts, range(first, end))
        record = provenance.record("fit_block", series.records(hashed=False), {}, "f", subject="s")
        paths = {table: folder / f"{table}.{name}.parquet" for table in FitTables._fields}
        tables.write_together(paths, (part._asdict() for part in made), record)
        found[name] = tables.Series(paths)
    return dict(sorted(found.items()))


@pytest.mark.parametrize("edges", [[0, 7], [0, 3, 7], [0, 1, 2, 3, 4, 5, 6, 7]])
def test_gathered_blocks_are_the_series_fitted_at_once(
    edges: list[int], series: tables.Series, model: FitModel, whole: FitTables, tmp_path: Path
) -> None:
    parts = fitting.fit_or_gather(series, [model], cut_at(series, model, edges, tmp_path / "blocks"))
    tables.write_together({name: tmp_path / f"{name}.parquet" for name in FitTables._fields}, parts, ORIGIN)
    for name, table in whole._asdict().items():
        tables.write(tmp_path / f"whole/{name}.parquet", name, table, ORIGIN)
        assert (tmp_path / f"{name}.parquet").read_bytes() == (tmp_path / f"whole/{name}.parquet").read_bytes()
    assert {row["acquisition"] for row in whole.fits.to_pylist()} == {0, 1, 2, 4, 5, 6}
    assert [row["acquisition"] for row in whole.fits.to_pylist() if not row["success"]] == [5]


def test_blocks_and_their_sum_of_many_row_groups_are_the_same_rows(
    series: tables.Series, model: FitModel, whole: FitTables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xps.tables.writing.row_group_rows", lambda _: 3)
    parts = fitting.fit_or_gather(series, [model], cut_at(series, model, [0, 3, 7], tmp_path / "blocks"))
    tables.write_together({name: tmp_path / f"{name}.parquet" for name in FitTables._fields}, parts, ORIGIN)
    for name, table in whole._asdict().items():
        assert tables.read(tmp_path / f"{name}.parquet", name)[0].equals(table), name


def test_blocks_of_a_jointly_fitted_series_share_what_it_shares(
    series: tables.Series, model: FitModel, tmp_path: Path
) -> None:
    joint = replace(model, name="ge3d", series=Series(fit="joint"))
    at_once = together(fitting.fit_whole(series, [joint]))
    parts = list(fitting.fit_or_gather(series, [joint], cut_at(series, joint, [0, 2, 7], tmp_path)))
    for name, table in at_once._asdict().items():
        assert tables.concatenate(name, [part[name] for part in parts if name in part]).equals(table), name
    assert "shared" in set(at_once.parameters.column("status").to_pylist())


def test_a_joint_fit_takes_every_acquisition_and_one_that_is_only_a_start_some(
    series: tables.Series, model: FitModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One of the three that are taken has no such region.
    monkeypatch.setattr(blocks, "JOINT_ACQUISITIONS", 3)
    joint = replace(model, series=Series(fit="joint"))
    origins = [start.starts.origin for start in fitting.series_starts(series, [model, joint])]
    assert origins == ["joint fit of 2 acquisitions", "joint fit of 5 acquisitions"]


def test_several_models_stand_one_after_the_other(series: tables.Series, model: FitModel, tmp_path: Path) -> None:
    models = [model, replace(model, name="twin")]
    starts = fitting.series_starts(series, models)
    found = together(fitting.fit_span(series, models, starts, range(COUNT))).fits.to_pylist()
    assert [row["model"] for row in found] == [model.name] * 6 + ["twin"] * 6


@pytest.mark.parametrize("processes", [2, 3])
def test_the_number_of_processes_changes_nothing(
    processes: int, series: tables.Series, model: FitModel, whole: FitTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "PIECE", 2)
    assert together(fitting.fit_whole(series, [model], processes=processes)) == whole


def killed(*_: object) -> None:
    """What the kernel does to a process that takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_is_killed_fails_the_job_and_does_not_hang_it(
    series: tables.Series, model: FitModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(blocks, "PIECE", 2)
    monkeypatch.setattr(blocks, "_fit_piece", killed)
    with pytest.raises(BrokenProcessPool):
        list(fitting.fit_whole(series, [model], processes=2))


def test_starts_are_kept_exactly(series: tables.Series, model: FitModel) -> None:
    starts = fitting.series_starts(series, [model])
    (back,) = fitting.read_starts(fitting.starts_text(starts))
    assert back.regions == starts[0].regions == ("Ge3d",)
    assert back.starts.values.tobytes() == starts[0].starts.values.tobytes()
    assert back.starts.joint_objective == starts[0].starts.joint_objective
    assert set(back.starts.joint_objective) == {0, 1, 2, 4, 6}


def test_the_joint_fit_of_a_long_series_takes_acquisitions_spread_over_it(
    series: tables.Series, model: FitModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One of the three that are taken has no such region.
    monkeypatch.setattr(blocks, "JOINT_ACQUISITIONS", 3)
    (start,) = fitting.series_starts(series, [model])
    assert set(start.starts.joint_objective) == {0, 2}  # and 5, which cannot be fitted
    assert "joint fit of 2 acquisitions" in start.starts.origin


@pytest.mark.parametrize("lost", ["0000000-0000002", "0000003-0000004", "0000005-0000006"])
def test_blocks_with_a_gap_are_refused(lost: str, series: tables.Series, model: FitModel, tmp_path: Path) -> None:
    found = cut_at(series, model, [0, 3, 5, 7], tmp_path)
    del found[lost]
    with pytest.raises(TableError, match="are not the 7 acquisitions"):
        list(fitting.fit_or_gather(series, [model], found))


@pytest.mark.parametrize("change", ["other parameters", "other tables"])
def test_a_block_that_was_made_otherwise_is_refused(
    change: str, series: tables.Series, model: FitModel, tmp_path: Path
) -> None:
    found = cut_at(series, model, [0, 3, 7], tmp_path)
    path = found["0000003-0000006"].places["curves"]
    ancestors = series.records(hashed=False)[:2] if change == "other tables" else series.records(hashed=False)
    params = {} if change == "other tables" else {"engine": "lmfit"}
    record = provenance.record("fit_block", ancestors, params, "f", subject="s")
    tables.write(path, "curves", tables.read(path, "curves")[0], record)
    with pytest.raises(TableError, match=r"block 0000003-0000006 was made .*make it again"):
        list(fitting.fit_or_gather(series, [model], found))


def test_a_level_that_no_region_holds_is_refused(series: tables.Series) -> None:
    other = ge3d_model()
    other = replace(other, windows=(replace(other.windows[0], core_level="Xe 3d"),))
    with pytest.raises(TableError, match="no region holds core level Xe 3d"):
        fitting.series_starts(series, [other])


def test_the_log_of_gathered_blocks_speaks_of_the_whole_series(
    series: tables.Series, model: FitModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = cut_at(series, model, [0, 3, 7], tmp_path)
    with caplog.at_level(logging.WARNING):
        caplog.clear()
        list(fitting.fit_whole(series, [model]))
        at_once = [record.getMessage() for record in caplog.records if "model" in record.getMessage()]
        caplog.clear()
        list(fitting.fit_or_gather(series, [model], found))
    assert [record.getMessage() for record in caplog.records] == [line for line in at_once if "no fit" not in line]


def test_starts_are_plain_json(series: tables.Series, model: FitModel) -> None:
    (plain,) = json.loads(fitting.starts_text(fitting.series_starts(series, [model])))
    assert plain["model"] == model.name
    assert plain["regions"] == ["Ge3d"]
