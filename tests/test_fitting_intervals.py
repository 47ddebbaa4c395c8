"""Intervals of areas and positions: by covariance, profile and bootstrap, where each is asked for or needed."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import fit_cases as cases
import random_starts

from synthetic import GE_LINES, ge3d, ge3d_task
from xps import fitting, models
from xps.configuration import shape
from xps.separable import marquardt
from xps.spectra import Spectrum

SCHEMA = yaml.safe_load((Path(__file__).parents[1] / "config" / "schema" / "model.schema.yaml").read_text())
TIE = {"component": "Ge0", "parameter": "area", "ratio_to": "Ge4+", "value": 0.45, "stderr": 0.1, "source": "test"}


def model(method: str | None, **more: Any) -> models.FitModel:
    asked = {} if method is None else {"uncertainty": {"intervals": method, "replicates": 300}}
    content = ge3d(**more) | asked
    assert shape.faults(content, SCHEMA) == []
    return models.from_mapping("ge3d", content)


def tables(of: models.FitModel, *tasks: fitting.Task, seed: int = 0) -> fitting.FitTables:
    return fitting.fit_block(of, tasks, fitting.fit_series(of, tasks), seed)


def area(found: fitting.FitTables, component: int = 0) -> tuple[float, float, float, str]:
    row = found.components.to_pylist()[component]
    return row["area_cps_ev"], row["area_low_cps_ev"], row["area_high_cps_ev"], row["interval_method"]


def position(found: fitting.FitTables, component: str = "Ge0") -> dict[str, Any]:
    rows = found.parameters.to_pylist()
    return next(row for row in rows if (row["component"], row["parameter"]) == (component, "position_ev"))


@pytest.mark.parametrize("method", ["profile", "bootstrap"])
def test_all_ways_agree_where_counts_are_many(method: str) -> None:
    one = ge3d_task(4)
    value, low, high, said = area(tables(model("covariance"), one))
    again = area(tables(model(method), one))
    assert (said, again[3]) == ("covariance", method)
    # The 2.5th percentile of 300 fits scatters by 0.15 standard errors, a thirteenth of the half width.
    allowed = (0.02 if method == "profile" else 0.2) * (high - low)
    assert again[:3] == pytest.approx((value, low, high), abs=allowed)


@pytest.mark.parametrize("method", ["profile", "bootstrap"])
def test_positions_get_intervals_too(method: str) -> None:
    one = ge3d_task(4)
    plain, other = position(tables(model("covariance"), one)), position(tables(model(method), one))
    width = plain["high"] - plain["low"]
    for end in ("low", "high"):
        assert other[end] == pytest.approx(plain[end], abs=(0.02 if method == "profile" else 0.2) * width)


def test_a_weak_line_has_profiled_intervals_of_area_and_position_unasked() -> None:
    lines = (GE_LINES[0], replace(GE_LINES[1], area=90.0))
    one = ge3d_task(3, time_s=1.0, lines=lines)
    found, plain = tables(model(None), one), tables(model("covariance"), one)
    assert area(found, 1)[3] == "profile"
    profiled, symmetric = position(found), position(plain)
    assert symmetric["value"] - symmetric["low"] == pytest.approx(symmetric["high"] - symmetric["value"])
    assert profiled["low"] != pytest.approx(symmetric["low"], abs=0.01 * symmetric["stderr"])
    assert profiled["low"] < profiled["value"]
    assert profiled["high"] is None or profiled["value"] < profiled["high"]


def test_strong_lines_keep_the_covariance_unasked() -> None:
    assert area(tables(model(None), ge3d_task(4)))[3] == "covariance"


def test_a_tied_area_gets_its_interval_by_bootstrap_which_no_profile_reaches() -> None:
    tied = [TIE]
    one = ge3d_task(2, time_s=0.05)
    assert area(tables(model("profile", ties=tied), one), 1)[3] == "covariance"
    value, low, high, said = area(tables(model("bootstrap", ties=tied), one), 1)
    assert said == "bootstrap"
    assert low < value < high


def test_bootstrap_depends_on_experiment_acquisition_model_and_seed_only() -> None:
    of = model("bootstrap")
    tasks = [ge3d_task(seed, time_s=0.2, acquisition=seed) for seed in range(3)]
    starts = fitting.fit_series(of, tasks)
    together = fitting.fit_block(of, tasks, starts).components.to_pylist()
    parts = [row for one in reversed(tasks) for row in fitting.fit_block(of, [one], starts).components.to_pylist()]
    assert sorted(parts, key=lambda row: row["acquisition"]) == together
    other = fitting.fit_block(of, tasks, starts, seed=1).components.to_pylist()
    assert [row["area_low_cps_ev"] for row in other] != [row["area_low_cps_ev"] for row in together]


@pytest.mark.parametrize("method", ["auto", "bootstrap"])
def test_an_absent_line_is_bounded_above_and_open_at_zero(method: str) -> None:
    lines = (GE_LINES[0], replace(GE_LINES[1], area=0.0))
    found = [tables(model(method), ge3d_task(seed, time_s=1.0, lines=lines)) for seed in range(6)]
    rows = [one.components.to_pylist()[1] for one in found]
    assert all(row["area_low_cps_ev"] == 0.0 for row in rows if row["area_cps_ev"] == 0.0)
    assert all(0.0 < row["upper_limit_95_cps_ev"] < 200.0 for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "times"), [("auto", 800), ("bootstrap", 400)])
def test_intervals_at_few_counts_cover(method: str, times: int) -> None:
    """190 counts high on 1600: seeds 0 to 199 alone, an unlucky lot, gave 0.88 for the larger line by every method."""
    of, lines = model(method), tuple(replace(line, area=line.area * 0.01) for line in GE_LINES)
    tasks = [ge3d_task(1000 + seed, time_s=4.0, lines=lines, acquisition=seed) for seed in range(times)]
    rows = tables(of, *tasks).components.to_pylist()
    for place, line in enumerate(lines):
        hits = [row["area_low_cps_ev"] <= line.area <= (row["area_high_cps_ev"] or np.inf) for row in rows[place::2]]
        assert np.mean(hits) == pytest.approx(0.95, abs=3.0 * np.sqrt(0.05 * 0.95 / times))


def test_the_profile_of_a_strong_area_is_the_parabola_of_its_covariance() -> None:
    found = tables(model("profile"), ge3d_task(4))
    row = found.components.to_pylist()[0]
    held = [one for one in found.area_profiles.to_pylist() if one["component"] == row["component"]]
    areas, rises = (np.array([one[name] for one in held]) for name in ("area_cps_ev", "deviance_rise"))
    assert (np.diff(areas) > 0).all()
    assert rises[areas == row["area_cps_ev"]].tolist() == [0.0]
    expected = ((areas - row["area_cps_ev"]) / row["area_stderr_cps_ev"]) ** 2
    np.testing.assert_allclose(rises, expected, rtol=0.05, atol=1e-3)
    for end in ("area_low_cps_ev", "area_high_cps_ev"):
        assert np.interp(row[end], areas, rises) == pytest.approx(3.841459, abs=0.02)


def test_areas_whose_interval_is_the_covariances_have_no_profile() -> None:
    assert tables(model("covariance"), ge3d_task(4)).area_profiles.num_rows == 0
    assert tables(model("bootstrap"), ge3d_task(4)).area_profiles.num_rows == 0


class Overlapping:
    """Three lines that overlap, so many counts high, as fitted; ``rows`` of components."""

    def __init__(self, spectra: int, counts: float, seed: int) -> None:
        of = random_starts.model_of("Li 1s")
        self.series = cases.simulate("Li 1s", spectra, counts / 0.67, "shirley", seed=seed)
        axis = self.series.energy
        spectra_of = [
            Spectrum("made", i, of.name, (of.name,), axis, made, 1.0)
            for i, made in enumerate(self.series.task.likelihood.data)
        ]
        channels = (np.arange(axis.size),)
        found = tables(of, *[fitting.Task("made", i, (of.name,), (one,), channels) for i, one in enumerate(spectra_of)])
        self.rows = found.components.to_pylist()
        self.deviance = found.fits.column("deviance").to_numpy()

    def roots(self, method: str, component: int, end: str) -> np.ndarray:
        """Return the root of the deviance's rise with each area held at an ``end`` of its interval.

        The fits are other ones than those of the search: from the truth and from the model's start.
        """
        own = [row for row in self.rows if (row["component"], row["interval_method"]) == (f"line {component}", method)]
        own = [row for row in own if row[end]]
        which = np.array([row["acquisition"] for row in own])
        given = np.full((which.size, 4), np.nan)
        given[:, component] = [row[end] for row in own]
        task = replace(self.series.task.copies(which), given=given)
        starts = self.series.theta[which], self.series.start[which]
        held = np.min([marquardt.minimise(task, start).point.objective for start in starts], axis=0)
        return np.sqrt(held - self.deviance[which])


ENDS = [(component, end) for component in range(3) for end in ("area_low_cps_ev", "area_high_cps_ev")]


def test_counts_refuse_the_ends_of_profiles_from_other_starts_too() -> None:
    """Story: in 1.5 % of intervals one broad line kept the search from where three even ones describe the counts."""
    found = Overlapping(100, 1e3, seed=1)
    for component, end in ENDS:
        roots = found.roots("profile", component, end)
        assert roots.size > 50
        assert np.all(roots > 1.95)
        assert np.median(roots) == pytest.approx(1.96, abs=2e-3)


def test_strong_overlapping_lines_keep_the_covariance_only_where_it_is_right() -> None:
    found = Overlapping(60, 1e4, seed=2)
    kept = [row["interval_method"] == "covariance" for row in found.rows]
    assert 0.1 < np.mean(kept) < 0.7
    for component, end in ENDS:
        np.testing.assert_allclose(found.roots("covariance", component, end), 1.96, atol=0.11)
