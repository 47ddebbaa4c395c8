"""Errors of areas where an energy or width ended at a bound: it is not known there, only known to lie inside."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from synthetic import Line, axis, component, rate, span, spectrum, task, window
from xps import fitting, models
from xps.fitting import engines
from xps.fitting.judging.outcome import Outcome
from xps.models import FitModel

ENERGY = axis(24.0, 36.0)
STRONG, WEAK = Line(6000.0, 29.5, 1.4), Line(2500.0, 30.5, 1.4)
SHARE = 2500.0 / 8500.0
HIGHEST_EV = 30.5


def model_of(lowest_ev: float, highest_ev: float) -> FitModel:
    """Two lines of one width, 1 eV apart, and where the weak one is searched."""
    components = [
        component("strong", span(29.5, 28.8, 30.0), 1.4),
        component("weak", span(lowest_ev, lowest_ev, highest_ev), 1.4),
    ]
    content = {"description": "x", "windows": [window("Ge 3d", 24.0, 36.0, "constant")], "components": components}
    return models.from_mapping("bounded", content)


def fits(
    highest_ev: float, inside_ev: NDArray[np.float64], engine: str = "separable", lowest_ev: float = 29.9
) -> list[Outcome]:
    """Fits of spectra whose weak line lies ``inside_ev`` below ``HIGHEST_EV``."""
    tasks: list[fitting.Task] = []
    for seed, away in enumerate(inside_ev):
        cps = rate(ENERGY, [STRONG, replace(WEAK, position=HIGHEST_EV - away)], 300.0)
        tasks.append(task(spectrum(ENERGY, cps, 0.1, seed, acquisition=seed)))
    model = model_of(lowest_ev, highest_ev)
    return engines.fit_each(model, tasks, engines.model_starts(model), 0, engine)


def held(one: Outcome) -> bool:
    assert one.best is not None
    return bool(np.any(one.best.at_bound))


def errors(one: Outcome) -> NDArray[np.float64]:
    assert one.areas is not None
    return one.areas.stderr


def test_shares_are_as_sure_as_they_say_where_an_energy_ended_at_its_bound() -> None:
    """Energies lie anywhere inside; with the bound taken for the energy the root mean square of pulls was 2.0."""
    found = fits(HIGHEST_EV, np.random.default_rng(5).uniform(0.0, 0.12, 400))
    areas = [one.areas for one in found if held(one) and one.areas is not None]
    pulls = np.array([(of.fraction[1] - SHARE) / of.fraction_stderr[1] for of in areas])
    assert pulls.size > 50
    # The bound tells something, which these errors leave out: they are a little too large rather than too small.
    assert 0.5 < np.sqrt(np.mean(pulls**2)) < 1.0 + 3 / np.sqrt(2 * pulls.size)


def test_an_energy_at_a_bound_is_as_open_as_its_range_is_wide() -> None:
    free, wide = (fits(highest_ev, np.zeros(1))[0] for highest_ev in (HIGHEST_EV + 0.5, 30.49))
    assert not held(free)
    assert held(wide)
    np.testing.assert_allclose(errors(wide), errors(free), rtol=0.1)
    narrow = fits(30.49, np.zeros(1), lowest_ev=30.489)[0]
    assert held(narrow)
    assert errors(narrow)[1] == pytest.approx(of_given_energy(narrow), rel=1e-3)
    assert errors(wide)[1] > 1.1 * errors(narrow)[1]


def of_given_energy(one: Outcome) -> float:
    """Error of the weak line's area if its energy were known to lie where it is."""
    assert one.problem is not None
    assert one.covariance is not None
    plan = one.problem.layout
    place = int(np.flatnonzero(plan.varied == plan.indices("area")[1])[0])
    return float(np.sqrt(one.covariance[place, place]))


def test_both_engines_say_the_same_at_a_bound() -> None:
    one, other = (fits(30.45, np.zeros(1), engine)[0] for engine in fitting.ENGINES)
    assert held(one)
    assert held(other)
    np.testing.assert_allclose(errors(one), errors(other), rtol=1e-4)
