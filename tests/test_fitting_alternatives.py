"""Alternatives fitted beside the model: what they find, what counts, and that a second way of fitting agrees."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from synthetic import GE_LINES, axis, component, ge3d, ge3d_task, rate, span, spectrum, task
from xps import fitting, models
from xps.fitting import alternatives, engines

OTHER = [
    {"name": "Tougaard", "systematic": True, "backgrounds": [{"core_level": "Ge 3d", "type": "tougaard"}]},
    {"name": "linear", "systematic": True, "backgrounds": [{"core_level": "Ge 3d", "type": "linear"}]},
    {"name": "ratio up", "systematic": True, "doublets": [{"core_level": "Ge 3d", "area_ratio": 0.73}]},
    {"name": "ratio down", "systematic": True, "doublets": [{"core_level": "Ge 3d", "area_ratio": 0.60}]},
    {"name": "without Ge0", "systematic": False, "without": ["Ge0"]},
    {"name": "with GeO", "systematic": False, "add": [component("GeO", span(30.5, 30.2, 30.8), 1.3)]},
]


def with_alternatives(*items: dict[str, Any]) -> models.FitModel:
    return models.from_mapping("ge3d", ge3d() | {"alternatives": list(items)})


MODEL = with_alternatives(*OTHER)


def tables_of(model: models.FitModel, *tasks: fitting.Task, engine: str = "separable") -> fitting.FitTables:
    return fitting.fit_block(model, tasks, fitting.fit_series(model, tasks, engine), engine=engine)


def rows_of(found: fitting.FitTables) -> dict[tuple[str, str], dict[str, Any]]:
    return {(row["alternative"], row["component"]): row for row in found.alternatives.to_pylist()}


@pytest.fixture(scope="module")
def found() -> fitting.FitTables:
    return tables_of(MODEL, ge3d_task(1, time_s=2.0))


def test_every_alternative_has_a_row_for_every_component(found: fitting.FitTables) -> None:
    names = ["Ge4+", "Ge0"]
    want = {(one["name"], name) for one in OTHER for name in names} | {("with GeO", "GeO")}
    assert set(rows_of(found)) == want


@pytest.mark.parametrize("name", [one["name"] for one in OTHER])
def test_alternative_finds_what_its_own_model_file_would_find(found: fitting.FitTables, name: str) -> None:
    (own,) = (one.model for one in MODEL.alternatives if one.name == name)
    # Of an alternative's areas no profiles are made: their limits are those of the covariance.
    own = replace(own, uncertainty=replace(own.uncertainty, intervals="covariance"))
    alone = tables_of(own, ge3d_task(1, time_s=2.0))
    rows = rows_of(found)
    bic = alone.fits.to_pylist()[0]["bic"] - found.fits.to_pylist()[0]["bic"]
    for want in alone.components.to_pylist():
        row = rows[name, want["component"]]
        for column in ("area_cps_ev", "area_stderr_cps_ev", "area_fraction", "upper_limit_95_cps_ev"):
            assert row[column] == pytest.approx(want[column], rel=1e-4, abs=1e-2), column
        assert row["detected"] == want["detected"]
        assert row["delta_bic"] == pytest.approx(bic, abs=1e-4)


def test_changes_are_differences_of_areas_and_a_missing_line_has_none(found: fitting.FitTables) -> None:
    base = {row["component"]: row for row in found.components.to_pylist()}
    for (name, part), row in rows_of(found).items():
        if (name, part) in (("without Ge0", "Ge0"), ("with GeO", "GeO")):
            assert row["area_change_cps_ev"] is None
            continue
        change = row["area_cps_ev"] - base[part]["area_cps_ev"]
        assert row["area_change_cps_ev"] == pytest.approx(change)
        assert row["area_change_sigma"] == pytest.approx(change / base[part]["area_stderr_cps_ev"])
    assert rows_of(found)["without Ge0", "Ge0"]["area_cps_ev"] is None


def test_systematic_error_is_the_square_sum_over_statements_of_the_largest_change(found: fitting.FitTables) -> None:
    rows = rows_of(found)
    for part in found.components.to_pylist():
        own = {key[0]: row for key, row in rows.items() if key[1] == part["component"]}
        change = {name: abs(row["area_change_cps_ev"] or 0.0) * row["counted_share"] for name, row in own.items()}
        background, ratio = (
            max(change[name] for name in names) for names in (("Tougaard", "linear"), ("ratio up", "ratio down"))
        )
        assert part["area_systematic_stderr_cps_ev"] == pytest.approx(float(np.hypot(background, ratio)))


def test_the_systematic_error_of_a_share_is_that_of_its_changes_and_not_of_the_areas(found: fitting.FitTables) -> None:
    """A background that takes from both lines alike leaves their shares alone."""
    rows, base = found.alternatives.to_pylist(), found.components.to_pylist()
    for row in base:
        changes: dict[str, float] = {}
        for one in rows:
            if one["component"] == row["component"] and one["systematic"] and one["area_fraction"] is not None:
                change = one["counted_share"] * abs(one["area_fraction"] - row["area_fraction"])
                changes[one["statement"]] = max(changes.get(one["statement"], 0.0), change)
        total = np.sqrt(sum(change**2 for change in changes.values()))
        assert row["area_fraction_systematic_stderr"] == pytest.approx(total, rel=1e-6)
    first, second = (row["area_fraction_systematic_stderr"] for row in base)
    assert first == pytest.approx(second, rel=1e-6)  # of two shares what one gains the other loses
    relative = base[0]["area_systematic_stderr_cps_ev"] / base[0]["area_cps_ev"]
    assert first < relative * base[0]["area_fraction"]


def test_only_systematic_alternatives_count_and_those_that_the_counts_refuse_in_part(found: fitting.FitTables) -> None:
    scatter = max(found.fits.to_pylist()[0]["reduced_chi_square"], 1.0)
    for (name, _), row in rows_of(found).items():
        worse = row["delta_bic"] / scatter
        share = 1.0 if worse <= 10.0 else float(np.sqrt(10.0 / worse))
        assert row["counted_share"] == pytest.approx(share if row["systematic"] else 0.0), name
    shares = {row["counted_share"] for row in rows_of(found).values()}
    assert 0.0 in shares
    assert 1.0 in shares
    assert any(0.0 < share < 0.2 for share in shares)


def test_ratios_on_either_side_of_the_truth_that_the_counts_refuse_still_tell_what_lies_between() -> None:
    """True ratio 4 % off, alternatives 10 % off: one counts in part, and in part is enough."""
    lines = tuple(replace(line, ratio=line.ratio * 1.04) for line in GE_LINES)
    off = {"Ge4+": [], "Ge0": []}  # type: ignore[var-annotated]
    for seed in range(10):
        found = tables_of(MODEL, ge3d_task(seed, lines=lines))
        assert (
            max(row["delta_bic"] for row in found.alternatives.to_pylist() if row["alternative"] == "ratio down") > 10
        )
        for row, line in zip(found.components.to_pylist(), GE_LINES, strict=True):
            total = np.hypot(row["area_stderr_cps_ev"], row["area_systematic_stderr_cps_ev"])
            off[row["component"]].append(abs(row["area_cps_ev"] - line.area) < 1.96 * total)
    assert np.mean([*off["Ge4+"], *off["Ge0"]]) >= 0.9


def test_a_model_without_alternatives_has_no_systematic_error() -> None:
    found = tables_of(models.from_mapping("ge3d", ge3d()), ge3d_task(1))
    assert found.alternatives.num_rows == 0
    assert found.components.column("area_systematic_stderr_cps_ev").null_count == 2


def test_cutting_a_series_changes_no_row() -> None:
    tasks = [ge3d_task(seed, acquisition=seed) for seed in range(3)]
    starts = fitting.fit_series(MODEL, tasks)
    together = fitting.fit_block(MODEL, tasks, starts)
    parts = [fitting.fit_block(MODEL, [one], starts) for one in tasks]
    assert together.alternatives.to_pylist() == [row for part in parts for row in part.alternatives.to_pylist()]
    assert together.components.to_pylist() == [row for part in parts for row in part.components.to_pylist()]


def test_a_failed_fit_has_rows_that_say_why() -> None:
    empty = task(spectrum(axis(24.0, 38.0), np.zeros(141), 1.0, None))
    found = tables_of(MODEL, empty)
    assert {(row["success"], row["message"]) for row in found.alternatives.to_pylist()} == {
        (False, "the model itself has no fit here")
    }
    assert found.alternatives.column("delta_bic").null_count == found.alternatives.num_rows


def test_an_alternative_that_breaks_off_spoils_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    real = engines.optima

    def breaking(jobs: Any, engine: str, count: int) -> Any:
        if any(job.task.acquisition == 1 for job in jobs):
            raise ValueError("made to break")
        return real(jobs, engine, count)

    monkeypatch.setattr(alternatives, "optima", breaking)
    tasks = [ge3d_task(seed, acquisition=seed) for seed in range(2)]
    rows = tables_of(MODEL, *tasks).alternatives.to_pylist()
    assert {row["success"] for row in rows if row["acquisition"] == 0} == {True}
    assert {row["message"] for row in rows if row["acquisition"] == 1} == {"the fit broke off: made to break"}


def test_engine_lmfit_finds_the_same_alternatives() -> None:
    model, one = with_alternatives(*OTHER[:3]), ge3d_task(3)
    rows, again = (rows_of(tables_of(model, one, engine=engine)) for engine in engines.ENGINES)
    for key, row in rows.items():
        assert row["area_cps_ev"] == pytest.approx(again[key]["area_cps_ev"], abs=1e-2 * row["area_stderr_cps_ev"])
        assert row["delta_bic"] == pytest.approx(again[key]["delta_bic"], abs=1e-3)


def test_a_wrong_model_is_covered_by_the_total_error_and_not_by_the_statistical_one() -> None:
    """Counts from a Tougaard background: the Shirley model's error bars miss the truth, with the alternative not."""
    energy = axis(24.0, 38.0)
    peaks = rate(energy, GE_LINES, 0.0)
    losses = scattered(energy) @ peaks
    found = tables_of(MODEL, task(spectrum(energy, peaks + losses + 400.0, 20.0, 5)))
    for row, line in zip(found.components.to_pylist(), GE_LINES, strict=True):
        total = np.hypot(row["area_stderr_cps_ev"], row["area_systematic_stderr_cps_ev"])
        assert abs(row["area_cps_ev"] - line.area) < 1.96 * total, row["component"]
    first = found.components.to_pylist()[0]
    assert abs(first["area_cps_ev"] - GE_LINES[0].area) > 3 * first["area_stderr_cps_ev"]


def scattered(energy: np.ndarray) -> np.ndarray:
    """Once and repeatedly scattered electrons, B T/(C + T²)², by summing the series of K."""
    loss = np.maximum(energy[:, None] - energy[None, :], 0.0)
    kernel = 2866.0 * loss / (1643.0 + loss**2) ** 2 * abs(energy[1] - energy[0])
    total, power = np.zeros_like(kernel), np.eye(energy.size)
    for _ in range(12):
        power = power @ kernel
        total += power
    return total


def test_alternatives_of_a_jointly_fitted_series_keep_what_the_series_shares() -> None:
    content = ge3d() | {"alternatives": OTHER, "series": {"fit": "joint"}}
    joint, alone = models.from_mapping("ge3d", content), MODEL
    tasks = [ge3d_task(seed, time_s=0.05, acquisition=seed) for seed in range(6)]
    of_joint, of_alone = (tables_of(model, *tasks).alternatives.to_pylist() for model in (joint, alone))
    for row, free in zip(of_joint, of_alone, strict=True):
        assert row["success"]
        if row["alternative"] == "ratio up" and row["component"] == "Ge0":
            assert row["area_stderr_cps_ev"] < free["area_stderr_cps_ev"]
            assert abs(row["area_change_cps_ev"]) < 3 * free["area_stderr_cps_ev"]
