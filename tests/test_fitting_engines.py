"""Two engines, one optimum; the separable one's series, blocks, verdicts and bad input."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from series_of_models import NAMES, load, simulate
from xps import fitting
from xps.fitting import engines, series
from xps.fitting.judging.outcome import Outcome, Task
from xps.fitting.solving import search
from xps.spectra import Spectrum

Array = NDArray[np.float64]
SAME = 1e-5


def both(name: str, count: int, scale: float, seed: int) -> tuple[list[Outcome], list[Outcome]]:
    """Return the outcomes of both engines from the same series, each from its own starts."""
    model, tasks = load(name), simulate(load(name), count, scale, seed)
    ours, theirs = (
        engines.fit_each(model, tasks, series.fit_series(model, tasks, engine), 0, engine) for engine in fitting.ENGINES
    )
    return ours, theirs


def held_to_one_optimum(ours: list[Outcome], theirs: list[Outcome]) -> list[bool]:
    """Return which of the separable engine's fits are as good as lmfit's; where both are, errors agree as well."""
    good = []
    for one, other in zip(ours, theirs, strict=True):
        assert one.best is not None
        assert one.areas is not None
        if other.best is None or other.areas is None:
            continue
        missing = one.best.objective - other.best.objective
        good.append(missing <= SAME * (1.0 + other.best.objective))
        if abs(missing) < 1e-6:
            np.testing.assert_allclose(one.areas.area, other.areas.area, atol=0.01 * float(np.nanmax(one.areas.stderr)))
            np.testing.assert_allclose(one.areas.stderr, other.areas.stderr, rtol=0.02)
    return good


@pytest.mark.parametrize("name", NAMES)
def test_lmfit_and_the_separable_engine_find_the_same_optimum(name: str) -> None:
    assert all(held_to_one_optimum(*both(name, 7, 3000.0, 3)))


@pytest.mark.slow
def test_on_hundreds_of_spectra_separable_is_no_worse_than_lmfit() -> None:
    good = [
        same for name in NAMES for scale in (300.0, 20000.0) for same in held_to_one_optimum(*both(name, 25, scale, 11))
    ]
    assert len(good) > 380
    assert np.mean(good) >= 0.99


def test_what_is_said_about_an_optimum_does_not_know_who_found_it() -> None:
    ours, theirs = both("lagp_li1s", 6, 2000.0, 1)
    for one, other in zip(ours, theirs, strict=True):
        assert (one.engine, other.engine) == ("separable", "lmfit")
        assert [finding.verdict for finding in one.findings] == [finding.verdict for finding in other.findings]
        assert one.intervals.keys() == other.intervals.keys()
    assert any(one.intervals for one in ours)


def test_a_fit_that_breaks_off_spoils_no_neighbour(monkeypatch: pytest.MonkeyPatch) -> None:
    model = load("adventitious_c1s")
    tasks = simulate(model, 4, 2000.0)
    starts = series.fit_series(model, tasks)
    whole = engines.fit_each(model, tasks, starts, 0, "separable")
    real = search.minimise

    def broken(problems, *rest):  # type: ignore[no-untyped-def]
        if any(np.array_equal(one.counts, tasks[2].found[0].counts) for one in problems):
            raise np.linalg.LinAlgError("singular")
        return real(problems, *rest)

    monkeypatch.setattr(search, "minimise", broken)
    found = engines.fit_each(model, tasks, starts, 0, "separable")
    assert found[2].best is None
    assert "singular" in found[2].message
    for i in (0, 1, 3):
        assert found[i].best is not None
        assert whole[i].best is not None
        assert np.array_equal(found[i].best.at.theta, whole[i].best.at.theta)


def test_tables_do_not_depend_on_blocks_or_order() -> None:
    model = load("adventitious_c1s")
    tasks = simulate(model, 9, 2000.0)
    starts = series.fit_series(model, tasks)
    turned = series.fit_series(model, tasks[::-1])
    assert np.array_equal(starts.values, turned.values)
    whole, part = series.fit_block(model, tasks, starts), series.fit_block(model, tasks[:4], starts)
    for name in part._fields:
        table = getattr(part, name)
        assert getattr(whole, name).slice(0, len(table)).equals(table)


def test_a_series_says_what_sharing_costs() -> None:
    model = load("adventitious_c1s")
    tasks = simulate(model, 6, 20000.0)
    tables = series.fit_block(model, tasks, series.fit_series(model, tasks))
    assert all("with the series' positions and widths" in text for text in tables.fits.column("message").to_pylist())
    assert set(tables.fits.column("engine").to_pylist()) == {"separable"}


def test_every_component_gets_a_verdict_and_fixed_ones_a_condition() -> None:
    model = load("lgps_li1s")
    tasks = [
        replace(task, spectra=tuple(spectrum and replace(spectrum, shift_stderr_ev=0.005) for spectrum in task.spectra))
        for task in simulate(model, 4, 2000.0)  # energies given as numbers carry an area only on a well known axis
    ]
    tables = series.fit_block(model, tasks, series.fit_series(model, tasks))
    rows = tables.components.to_pylist()
    assert {row["verdict"] for row in rows} <= {"identified", "conditional", "not_identified"}
    electrolyte = [row for row in rows if row["component"] == "Li+ (SE)"]
    assert all(row["verdict"] == "conditional" and "Ge4+ 3d (soft tie)" in row["condition"] for row in electrolyte)


def _with_counts(task: Task, counts: Array) -> Task:
    s = task.found[0]
    spectrum = Spectrum(
        s.experiment,
        s.acquisition,
        s.region,
        s.core_levels,
        s.binding_energy_ev[: counts.size],
        counts,
        s.time_per_channel_s,
    )
    return Task(task.experiment, task.acquisition, task.regions, (spectrum,), (np.arange(counts.size),))


def test_bad_spectra_become_rows_with_reasons_and_spoil_no_neighbour() -> None:
    model = load("adventitious_c1s")
    tasks = simulate(model, 5, 2000.0)
    good = series.fit_block(model, tasks[:1], series.fit_series(model, tasks[:1]))
    bad = [
        tasks[0],
        _with_counts(tasks[1], np.zeros(tasks[1].found[0].channels)),
        _with_counts(tasks[2], -tasks[2].found[0].counts),
        _with_counts(tasks[3], np.array([5.0])),
        _with_counts(tasks[4], tasks[4].found[0].counts[:4]),
        Task("made", 9, tasks[0].regions, (None,), (None,)),
    ]
    found = series.fit_block(model, bad, series.fit_series(model, tasks[:1]))
    assert found.fits.column("success").to_pylist() == [True, False, False, False, False, False]
    reasons = found.fits.column("message").to_pylist()
    for reason, word in zip(
        reasons[1:], ("no counts", "negative", "one channel", "channels cannot", "no data"), strict=True
    ):
        assert word in reason
    assert found.components.slice(0, 3).equals(good.components.slice(0, 3))


def test_outcomes_come_in_the_order_of_tasks() -> None:
    model = load("adventitious_c1s")
    tasks = simulate(model, 4, 2000.0)
    found = engines.fit_each(model, tasks[::-1], series.fit_series(model, tasks), 0, "separable")
    assert [one.task.acquisition for one in found] == [3, 2, 1, 0]
    assert all(isinstance(one, Outcome) and one.best is not None for one in found)
