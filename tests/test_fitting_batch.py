"""The compiled scheme is the model's own function, and a vanished component is looked for wherever it may be."""

import numpy as np
import pytest

from series_of_models import NAMES, load, simulate, truth
from xps.fitting import engines
from xps.fitting.solving import batch, problem, search


@pytest.mark.parametrize("name", NAMES)
def test_compiled_scheme_is_the_models_function(name: str) -> None:
    bound = [problem.bind(load(name), task.found) for task in simulate(load(name), 3, 2000.0)]
    rng = np.random.default_rng(1)
    for _, part in batch.batches(bound):
        theta = np.array([truth(p, 500.0, rng, 0.03) for p in part.problems])
        linear, nonlinear = theta[:, part.compiled.linear], part.start(list(theta))
        shape = part.task.model.shape(nonlinear, np.arange(len(theta)))
        expected = np.matmul(linear[:, None], shape.columns)[:, 0]
        slopes = shape.jacobian(linear)
        for i, p in enumerate(part.problems):
            at = p.evaluate(theta[i])
            order = np.concatenate([part.compiled.linear, part.compiled.nonlinear])
            np.testing.assert_allclose(expected[i], at.expected, rtol=1e-9)
            np.testing.assert_allclose(
                slopes[i].T, at.jacobian[:, order], rtol=1e-6, atol=1e-6 * np.abs(at.jacobian).max()
            )
            if part.task.priors is not None:
                pulls = part.task.priors.pulls(np.array([i]), nonlinear[i : i + 1])[0]
                np.testing.assert_allclose(pulls, at.pulls, atol=1e-9)


def test_an_absent_component_is_looked_for_wherever_it_may_be() -> None:
    model, count = load("sno2_si2p"), 60
    absent = next(i for i, part in enumerate(model.components) if part.name == "Si0 2p")
    bound = [problem.bind(model, task.found) for task in simulate(model, count, 20000.0, weak=(absent, 0.0))]
    plan = bound[0].layout
    chances = [np.random.default_rng(i) for i in range(count)]
    found = search.minimise(bound, [plan.start] * count, chances, engines.STARTS)
    position = int(np.flatnonzero(plan.varied == plan.index(absent, "position"))[0])
    reached = []
    for place in np.linspace(plan.lower[position], plan.upper[position], 9):
        start = plan.start.copy()
        start[position] = place
        alone = search.minimise(bound, [start] * count, chances, 1)
        reached.append([one.objective if one.converged else np.inf for one in alone])
    best = np.min(reached, axis=0)
    assert np.any(np.max(reached, axis=0) > best + 0.1), "the start must matter, else nothing is shown"
    assert np.all([one.objective for one in found] < best + 1e-4)
