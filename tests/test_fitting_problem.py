"""The model as a function of θ: agreement with independent simulation, derivatives, ties."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic import (
    GE_LINES,
    Line,
    axis,
    component,
    ge3d,
    ge3d_model,
    ge3d_task,
    peaks,
    rate,
    span,
    spectrum,
    window,
)
from xps import models
from xps.fitting.solving import layout, problem

DOUBLETS = {"splitting_ev": 4.1, "area_ratio": 0.5, "fwhm_ratio": 1.1}


def two_windows(*ties: dict[str, Any]) -> models.FitModel:
    content = ge3d(ties=list(ties))
    content["windows"].append(window("P 2p", 115.0, 139.0, "linear"))
    content["components"] += [
        component("Ge0 3p", span(119.9, 119.0, 121.0), span(2.6, 2.2, 3.2), core_level="Ge 3p", doublet=DOUBLETS),
        component(
            "PO4", span(133.2, 132.0, 134.0), 1.4, core_level="P 2p", shape={"type": "pseudo_voigt", "fraction": 0.2}
        ),
        component("bump", 126.0, 3.0, core_level="P 2p", shape={"type": "gaussian"}),
    ]
    for part in content["components"]:
        for tie in ties:
            exact = "stderr" not in tie and "stderr_ev" not in tie
            if exact and tie["component"] == part["name"]:
                part.pop(tie["parameter"], None)
    return models.from_mapping("two", content)


def bound(model: models.FitModel, drift: float = 0.05) -> problem.Problem:
    energies = [axis(24, 38), axis(115, 139, 0.2)[::-1]]
    found = [spectrum(energy, np.full(energy.size, 50.0), 3.0, i, region=f"r{i}") for i, energy in enumerate(energies)]
    for item in found:
        object.__setattr__(item, "drift_stderr_ev", drift)
    return problem.bind(model, found[: len(model.windows)])


def some_theta(made: problem.Problem, seed: int) -> np.ndarray:
    plan, generator = made.layout, np.random.default_rng(seed)
    upper = np.where(np.isfinite(plan.upper), plan.upper, np.where(plan.linear, 5000.0, 5.0))
    return plan.lower + generator.uniform(0.05, 0.95, plan.lower.size) * (upper - plan.lower)


TIES: list[list[dict[str, Any]]] = [
    [],
    [{"component": "Ge0", "parameter": "fwhm_ev", "same_as": "Ge4+"}],
    [{"component": "Ge0", "parameter": "fwhm_ev", "ratio_to": "Ge4+", "value": 0.9}],
    [{"component": "Ge0 3p", "parameter": "position_ev", "offset_from": "Ge0", "value_ev": 91.9}],
    [{"component": "Ge0 3p", "parameter": "area", "ratio_to": "Ge0", "value": 2.4, "stderr": 0.5, "source": "x"}],
    [
        {"component": "Ge0 3p", "parameter": "area", "ratio_to": "Ge0", "value": 2.4, "stderr": 0.5, "source": "x"},
        {"component": "PO4", "parameter": "area", "ratio_to": "Ge0 3p", "value": 0.7},
        {"component": "bump", "parameter": "area", "ratio_to": "PO4", "value": 0.1, "stderr": 0.05, "source": "x"},
        {"component": "Ge0 3p", "parameter": "position_ev", "offset_from": "Ge0", "value_ev": 91.9, "stderr_ev": 0.1}
        | {"source": "x"},
    ],
]


@pytest.mark.parametrize("ties", TIES)
@pytest.mark.parametrize("seed", range(3))
def test_jacobian_is_the_slope_of_the_model(ties: list[dict[str, Any]], seed: int) -> None:
    made = bound(two_windows(*ties))
    theta = some_theta(made, seed)
    here = made.evaluate(theta)
    for j in range(theta.size):
        step = np.zeros_like(theta)
        step[j] = 0.01 * theta[j] if made.layout.linear[j] else 1e-4
        ahead, behind = made.evaluate(theta + step), made.evaluate(theta - step)
        numeric = (ahead.expected - behind.expected) / (2 * step[j])
        np.testing.assert_allclose(here.jacobian[:, j], numeric, atol=2e-5 * np.max(np.abs(numeric)) + 1e-9)
        pulls = (ahead.pulls - behind.pulls) / (2 * step[j])
        np.testing.assert_allclose(here.pull_slopes[:, j], pulls, atol=1e-6 * (1 + np.max(np.abs(pulls), initial=0)))


@pytest.mark.parametrize("kind", ["constant", "linear", "shirley", "tougaard"])
def test_gradient_is_the_slope_of_the_objective(kind: str) -> None:
    model = ge3d_model(kind)
    made = problem.bind(model, ge3d_task(3).found)
    theta = some_theta(made, 1)
    slope = made.gradient(made.evaluate(theta))
    for j in range(theta.size):
        step = np.zeros_like(theta)
        step[j] = 1e-5 * max(1.0, abs(theta[j]))
        numeric = (made.objective(made.evaluate(theta + step)) - made.objective(made.evaluate(theta - step))) / 2
        assert numeric / step[j] == pytest.approx(2 * slope[j], rel=1e-4, abs=1e-5)


def test_model_is_the_independent_simulation() -> None:
    made = problem.bind(ge3d_model(), ge3d_task(None).found)
    true = {"position": [32.5, 28.05], "width": [1.35, 1.1], "area": [9000.0, 4000.0], "baseline": [400.0]}
    true["factor"] = [0.02]
    theta = np.zeros(made.varied)
    for kind, values in true.items():
        theta[np.isin(made.layout.varied, made.layout.indices(kind))] = values  # type: ignore[arg-type]
    np.testing.assert_allclose(made.evaluate(theta).expected, made.counts, rtol=1e-9)
    background = made.background_cps(made.evaluate(theta))[0]
    energy = axis(24.0, 38.0)
    np.testing.assert_allclose(background, rate(energy, GE_LINES, 400.0, 0.02) - peaks(energy, GE_LINES), rtol=1e-8)


def test_the_order_of_channels_does_not_matter() -> None:
    energy = axis(24.0, 38.0)
    cps = rate(energy, GE_LINES, 400.0, 0.02)
    falling = problem.bind(ge3d_model(), [spectrum(energy, cps, 5.0, None)])
    rising = problem.bind(ge3d_model(), [spectrum(energy[::-1], cps[::-1], 5.0, None)])
    theta = some_theta(falling, 0)
    np.testing.assert_allclose(falling.evaluate(theta).expected, rising.evaluate(theta).expected[::-1], rtol=1e-12)


def test_exact_ties_hold_for_every_theta() -> None:
    model = two_windows(
        {"component": "Ge0", "parameter": "fwhm_ev", "same_as": "Ge4+"},
        {"component": "Ge0 3p", "parameter": "position_ev", "offset_from": "Ge0", "value_ev": 91.9},
        {"component": "PO4", "parameter": "area", "ratio_to": "Ge0 3p", "value": 0.7},
    )
    made = bound(model)
    plan, values = made.layout, made.evaluate(some_theta(made, 4)).values
    assert values[plan.index(1, "width")] == values[plan.index(0, "width")]
    assert values[plan.index(2, "position")] == values[plan.index(1, "position")] + 91.9
    assert values[plan.index(3, "area")] == pytest.approx(0.7 * values[plan.index(2, "area")])


def test_a_soft_area_tie_pulls_on_the_ratio() -> None:
    made = bound(two_windows(TIES[4][0]))
    plan, here = made.layout, made.evaluate(some_theta(made, 5))
    ratio = here.values[plan.index(2, "area")] / here.values[plan.index(1, "area")]
    (prior,) = [row for row, found in enumerate(plan.priors) if found.slot == plan.index(2, "area")]
    assert here.pulls[prior] == pytest.approx((ratio - 2.4) / 0.5)


def test_constant_positions_of_a_window_drift_together_and_fitted_ones_do_not() -> None:
    made = bound(two_windows(), drift=0.05)
    plan = made.layout
    (slot,) = plan.indices("drift")
    theta = plan.start.copy()
    theta[np.flatnonzero(plan.varied == slot)] = 0.1
    values = made.evaluate(theta).values
    assert values[plan.index(4, "position")] == pytest.approx(126.1)
    assert values[plan.index(3, "position")] == 133.2
    np.testing.assert_allclose(made.evaluate(theta).pulls, [0.1 / 0.05])


def test_without_drift_constants_are_constants() -> None:
    made = bound(two_windows(), drift=0.0)
    assert not np.isin(made.layout.indices("drift"), made.layout.varied).any()
    assert made.evaluate(made.layout.start).values[made.layout.index(4, "position")] == 126.0


def test_drift_widens_position_ties_between_windows() -> None:
    tie = {"component": "Ge0 3p", "parameter": "position_ev", "offset_from": "Ge0", "value_ev": 91.9, "stderr_ev": 0.1}
    inside = tie | {"component": "Ge0", "offset_from": "Ge4+", "value_ev": -4.5}
    model = two_windows(tie | {"source": "x"}, inside | {"source": "x"})
    errors = {prior.target: prior.stderr for prior in layout.of(model, (0.03, 0.04)).priors}
    plan = layout.of(model)
    assert errors[plan.index(2, "position")] == pytest.approx(np.sqrt(0.1**2 + 0.03**2 + 0.04**2))
    assert errors[plan.index(1, "position")] == 0.1


@pytest.mark.parametrize("ties", TIES)
def test_layout_and_model_count_the_same_parameters(ties: list[dict[str, Any]]) -> None:
    model = two_windows(*ties)
    plan = layout.of(model)
    assert int(plan.linear.sum()) == model.linear_parameters
    assert int((~plan.linear).sum()) == model.nonlinear_parameters


@settings(max_examples=25)
@given(st.floats(0.1, 10.0), st.floats(100, 20000))
def test_area_counts_both_lines_of_a_doublet(time_s: float, area: float) -> None:
    energy = axis(0.0, 60.0, 0.05)
    content = ge3d("constant", windows=[window("Ge 3d", 0.0, 60.0, "constant")])
    content["components"] = [component("only", 30.0, 1.2, doublet={"splitting_ev": 2.0, "area_ratio": 0.5})]
    model = models.from_mapping("one", content)
    made = problem.bind(model, [spectrum(energy, np.ones(energy.size), time_s, None)])
    total = made.evaluate(np.array([area, 0.0])).expected.sum() * 0.05 / time_s
    truth = peaks(energy, [Line(area, 30.0, 1.2, 0.05, 2.0, 0.5)]).sum() * 0.05
    assert total == pytest.approx(truth, rel=1e-9)
    assert total == pytest.approx(area, rel=2e-3)
