"""From poor starts to the best minimum: three overlapping lines, energies ± 0.5 eV and widths × 0.4 to 2.5 off."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from synthetic import Line, axis, component, rate, span, spectrum, window
from xps import models
from xps.fitting import engines
from xps.fitting.solving import problem, search
from xps.models import FitModel

Array = NDArray[np.float64]
PLACES = (55.5, 54.0, 52.7)
ENERGY = axis(48.0, 60.0)


def model_of_three() -> FitModel:
    components = [
        component(f"line {i}", span(place, place - 0.6, place + 0.6), span(1.35, 0.7, 2.2), core_level="Li 1s")
        for i, place in enumerate(PLACES)
    ]
    return models.from_mapping(
        "three", {"description": "x", "windows": [window("Li 1s", 47.0, 61.0)], "components": components}
    )


def bound_series(count: int, area: float, seed: int) -> list[problem.Problem]:
    generator, model, found = np.random.default_rng(seed), model_of_three(), []
    for number in range(count):
        lines = [
            Line(
                area * generator.uniform(0.2, 1.0),
                place + generator.normal(0.0, 0.1),
                1.35 * generator.uniform(0.9, 1.1),
            )
            for place in PLACES
        ]
        cps = rate(ENERGY, lines, 0.05 * area, generator.uniform(0.01, 0.04))
        found.append(problem.bind(model, [spectrum(ENERGY, cps, 1.0, 1000 * seed + number)]))
    return found


def poor(bound: problem.Problem, generator: np.random.Generator) -> Array:
    plan, theta = bound.layout, bound.layout.start.copy()
    for place, slot in enumerate(plan.varied):
        kind = plan.slots[slot].kind
        theta[place] += generator.uniform(-0.5, 0.5) if kind == "position" else 0.0
        theta[place] *= generator.uniform(0.4, 2.5) if kind == "width" else 1.0
    return np.clip(theta, plan.lower, plan.upper)


def objectives(bound: list[problem.Problem], starts: list[Array], count: int, seed: int) -> Array:
    generators = [np.random.default_rng((seed, i)) for i in range(len(bound))]
    return np.array(
        [end.objective if end.converged else np.inf for end in search.minimise(bound, starts, generators, count)]
    )


@pytest.mark.parametrize(("area", "seed"), [(1e4, 1), (2e2, 2)])
def test_the_strategy_reaches_the_best_minimum_where_one_descent_often_does_not(area: float, seed: int) -> None:
    bound, generator = bound_series(50, area, seed), np.random.default_rng(seed)
    starts = [[poor(one, generator) for one in bound] for _ in range(4)]
    single = np.array([objectives(bound, some, 1, i) for i, some in enumerate(starts)])
    strategy = np.array([objectives(bound, some, engines.STARTS, i) for i, some in enumerate(starts)])
    usual = objectives(bound, [one.layout.start for one in bound], engines.STARTS, 9)
    best = np.minimum(np.minimum(single.min(axis=0), strategy.min(axis=0)), usual)
    assert np.mean(single < best + 1e-3) < 0.95, "one descent must fail now and then, else nothing is shown"
    assert np.mean(strategy < best + 1e-3) >= 0.995


def test_where_an_absent_line_ends_does_not_hang_on_rounding() -> None:
    """The same counts in 3.7 times the time are the same problem, but for the last bits of every number."""
    there = component("there", span(55.5, 55.0, 56.0), span(1.35, 0.9, 2.2), core_level="Li 1s")
    absent = component("absent", span(52.7, 52.3, 53.1), span(1.35, 0.7, 2.2), core_level="Li 1s")
    content = {"description": "x", "windows": [window("Li 1s", 47.0, 61.0)], "components": [there, absent]}
    model = models.from_mapping("two", content)
    # A dip where the second line is looked for: its area is 0 wherever it stands.
    cps = rate(ENERGY, [Line(3000.0, 55.5, 1.35), Line(-400.0, 52.7, 3.0)], 160.0, 0.02)
    found = [spectrum(ENERGY, cps, 1.0, seed) for seed in range(60)]
    ends = []
    for time_s in (1.0, 3.7):
        bound = [problem.bind(model, [replace(one, time_per_channel_s=time_s)]) for one in found]
        generators = [np.random.default_rng(i) for i in range(len(bound))]
        ends.append(search.minimise(bound, [one.layout.start for one in bound], generators, 3))
    plan = bound[0].layout
    area, position = (plan.varied.tolist().index(plan.index(1, kind)) for kind in ("area", "position"))
    assert all(end.at.theta[area] == 0.0 for end in ends[0])
    places = np.array([[end.at.theta[position] for end in some] for some in ends])
    np.testing.assert_allclose(places[0], places[1], atol=1e-6)
