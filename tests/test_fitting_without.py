"""Without a line on a badly known axis: where it would be mistaken for its neighbour, told from noise-free counts."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import false_detection

from xps.fitting import engines
from xps.fitting.judging import without
from xps.fitting.solving import batch, minimiser, problem

CASE = {case.name: case for case in false_detection.cases()}["given on an axis known to 0.4 eV, 100 counts"]
REPLICATES, ABSENT = 12, 1


def fitted(drift_stderr_ev: float) -> tuple[batch.Batch, without.Without]:
    tasks = list(false_detection.null_tasks(CASE, REPLICATES))
    bound = [problem.bind(CASE.model, [replace(task.found[0], drift_stderr_ev=drift_stderr_ev)]) for task in tasks]
    jobs = [
        engines.Job(*job)
        for job in zip(tasks, bound, (one.layout.start for one in bound), range(REPLICATES), strict=True)
    ]
    ((_, part),) = batch.batches(bound)
    best = part.optimum(engines.optima(jobs, engines.SEPARABLE))
    column = part.column_of(ABSENT)
    assert column is not None
    return part, without.fits(part, best, np.arange(REPLICATES), ABSENT, column)


def test_the_distance_of_a_mistaken_line_is_what_the_other_engine_finds_for_counts_without_noise() -> None:
    part, found = fitted(0.4)
    (place,) = found.mistaken
    plan = part.problems[0].layout
    drift = next(i for i, slot in enumerate(plan.varied) if plan.slots[slot].kind == "drift")
    for i, one in enumerate(part.problems):
        alone = without_the_line(one)
        if alone is None:
            continue
        expected, at = alone
        # Counts as they are expected, on an axis of which nothing is known.
        spectrum = replace(one.regions[0].spectrum, counts=expected, drift_stderr_ev=1e3)
        asked = problem.bind(CASE.model, [spectrum])
        start = asked.layout.start.copy()
        start[drift] = at + 1.0
        end = minimiser.minimise(asked, start, np.random.default_rng(0), 1)
        if abs(end.at.theta[drift]) > 2.57 * 0.4:
            continue
        assert np.asarray(place.distance_squared)[i] == pytest.approx(end.objective, abs=0.02)
        moved = (end.at.theta[drift] ** 2 - at**2) / 0.4**2
        assert np.asarray(place.pulls)[i] == pytest.approx(moved, abs=0.05)


def without_the_line(one: problem.Problem) -> tuple[np.ndarray, float] | None:
    """Return the counts that a model without the absent line expects, and where it has the axis."""
    name = CASE.model.components[ABSENT].name
    model = replace(
        CASE.model,
        components=tuple(part for part in CASE.model.components if part.name != name),
        window_of_component=(0,),
    )
    bound = problem.bind(model, [replace(one.regions[0].spectrum, drift_stderr_ev=1e3)])
    plan = bound.layout
    drift = next(i for i, slot in enumerate(plan.varied) if plan.slots[slot].kind == "drift")
    end = minimiser.minimise(bound, plan.start, np.random.default_rng(0), 1)
    at = float(end.at.theta[drift])
    return (end.at.expected, at) if abs(at) < 2.57 * 0.4 else None


def test_on_an_axis_that_is_known_no_line_is_mistaken_for_another() -> None:
    _, found = fitted(0.09)
    assert found.mistaken == ()
    assert np.all(found.root >= 0.0)


def test_what_any_drift_explains_costs_nothing_within_its_likely_range() -> None:
    part, _ = fitted(0.4)
    task = without.with_any_drift(part, np.arange(REPLICATES))
    assert task.priors is not None
    assert part.task.priors is not None
    drift = int(np.flatnonzero(part.task.priors.about[0])[0])
    np.testing.assert_allclose(task.upper[:, drift], 2.5758 * 0.4, rtol=1e-4)
    theta = np.zeros((REPLICATES, task.upper.shape[1]))
    theta[:, drift] = 1.0
    assert np.all(np.abs(task.priors.pulls(np.arange(REPLICATES), theta)) < 1e-6)
