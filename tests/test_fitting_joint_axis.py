"""Positions that a series shares over axes that are each off by an unknown amount: values, errors, offsets, ties."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import least_squares

from synthetic import GE_LINES, axis, component, ge3d, rate, span, spectrum, task, window
from xps import fitting, models
from xps.fitting import engines
from xps.fitting.judging.outcome import Outcome
from xps.fitting.solving import layout, problem
from xps.models import FitModel

Array = NDArray[np.float64]
ENERGY = axis(24.0, 38.0)
SHIFT_STDERR_EV, DRIFT_STDERR_EV = 0.08, 0.06
AXIS_STDERR_EV = 0.1
TIE = {"component": "Ge0", "parameter": "position_ev", "offset_from": "Ge4+", "value_ev": -4.5, "stderr_ev": 0.02}


def model_of(share: list[Any] | None = None, **changes: Any) -> FitModel:
    series = {"fit": "joint"} | ({} if share is None else {"share": share})
    return models.from_mapping("ge3d", ge3d("constant", series=series, **changes))


def made(offsets: Array, seed: int, time_s: float = 1.0) -> list[fitting.Task]:
    """One truth on axes that are off by ``offsets`` (eV)."""
    generator, tasks = np.random.default_rng(seed), []
    for acquisition, off in enumerate(offsets):
        lines = [replace(line, area=line.area * generator.uniform(0.5, 1.5)) for line in GE_LINES]
        cps = rate(ENERGY, lines, 400.0)
        measured = spectrum(ENERGY, cps, time_s, 1000 * seed + acquisition, acquisition=acquisition)
        known = {"shift_stderr_ev": SHIFT_STDERR_EV, "drift_stderr_ev": DRIFT_STDERR_EV}
        tasks.append(task(replace(measured, binding_energy_ev=ENERGY + off, **known)))
    return tasks


def offsets(count: int, seed: int) -> Array:
    return np.random.default_rng(100 + seed).normal(0.0, AXIS_STDERR_EV, count)


def fitted(model: FitModel, tasks: list[fitting.Task], engine: str = "separable") -> list[Outcome]:
    return engines.fit_each(model, tasks, fitting.fit_series(model, tasks, engine), 0, engine)


def numbers(model: FitModel, found: list[Outcome], parameter: str) -> dict[str | None, Array]:
    """Values and errors of a parameter by component, acquisitions × 2."""
    cells: dict[str | None, list[tuple[float, float]]] = {}
    for row in fitting.tables_of(model, found).parameters.to_pylist():
        if row["parameter"] == parameter:
            cells.setdefault(row["component"], []).append((row["value"], row["stderr"]))
    return {name: np.array(pairs) for name, pairs in cells.items()}


def test_shared_positions_and_offsets_are_recovered_with_their_errors() -> None:
    """Story: with every axis taken for known, positions shared over axes 0.1 eV off had errors of 0.001 eV."""
    model, of_position, of_offset, of_difference = model_of(), [], [], []
    for seed in range(40):
        true = offsets(6, seed)
        found = fitted(model, made(true, seed))
        position = numbers(model, found, "shared_position_ev")
        drift = numbers(model, found, "energy_drift_ev")[None]
        for name, line in zip(("Ge4+", "Ge0"), GE_LINES, strict=True):
            value, stderr = position[name][0]
            np.testing.assert_allclose(position[name], position[name][[0]].repeat(6, axis=0), rtol=1e-4)
            assert stderr == pytest.approx(AXIS_STDERR_EV / np.sqrt(6.0), rel=0.02)
            of_position.append((value - line.position) / stderr)
        of_offset += ((drift[:, 0] - true) / drift[:, 1]).tolist()
        # What moves all lines alike cancels: distances are as well known as if every axis were.
        apart = position["Ge4+"][0, 0] - position["Ge0"][0, 0]
        of_difference.append(apart - (GE_LINES[0].position - GE_LINES[1].position))
    assert np.std(of_position) == pytest.approx(1.0, abs=0.25)
    assert abs(np.mean(of_position)) < 0.4
    assert np.std(of_offset) == pytest.approx(1.0, abs=0.2)
    assert np.std(of_difference) < 0.004


def test_a_line_on_its_own_axis_is_the_shared_one_and_the_offset() -> None:
    model = model_of()
    found = fitted(model, made(offsets(3, 1), 1))
    own, common = (numbers(model, found, name) for name in ("position_ev", "shared_position_ev"))
    drift = numbers(model, found, "energy_drift_ev")[None]
    shown = [row for row in fitting.tables_of(model, found).components.to_pylist() if row["component"] == "Ge0"]
    np.testing.assert_allclose(own["Ge0"][:, 0], common["Ge0"][:, 0] + drift[:, 0])
    np.testing.assert_allclose([row["position_ev"] for row in shown], own["Ge0"][:, 0])
    # On its own axis a line is known far better than the axis.
    assert np.all(own["Ge0"][:, 1] < 0.05 * AXIS_STDERR_EV)


def test_the_test_of_sharing_does_not_take_a_wandering_axis_for_a_wandering_line() -> None:
    found = fitted(model_of(), made(offsets(8, 2), 2))
    chances = [float(one.message.rpartition("(p = ")[2].rstrip(")")) for one in found]
    assert min(chances) > 1e-3


def test_axes_that_wander_as_they_may_are_no_reason_to_doubt_the_sharing_that_is_only_a_start() -> None:
    """Story: with every axis taken for known, half of these acquisitions fitted better alone by more than 1000."""
    freely = {"fit": "joint_then_independent"}
    model = models.from_mapping("ge3d", ge3d("constant", series=freely))
    gained, chances = [], []
    for seed in range(6):
        for one in fitted(model, made(offsets(8, 40 + seed), 40 + seed)):
            words = one.message.partition("fits better by ")[2]
            gained.append(float(words.split()[0]))
            chances.append(float(words.rpartition("(p = ")[2].rstrip(")")))
    # Four shared numbers, of which the other acquisitions know their own seven eighths.
    assert np.mean(gained) == pytest.approx(4.0 * 7.0 / 8.0, abs=4 * np.sqrt(2.0 * 4.0 / len(gained)))
    assert 0.2 < np.mean(np.array(chances) < 0.5) < 0.8
    apart = [fitted(model, made(offsets(4, 50), 50)), fitted(model, _metal_moved(made(offsets(4, 50), 50)))]
    p_values = [[float(one.message.rpartition("(p = ")[2].rstrip(")")) for one in found] for found in apart]
    assert min(p_values[0]) > 1e-3
    assert max(p_values[1]) < 1e-6


def _metal_moved(tasks: list[fitting.Task]) -> list[fitting.Task]:
    """The same with one line of every other acquisition 0.1 eV away: no axis does that."""
    metal = replace(GE_LINES[1], area=3000.0)
    moved = replace(metal, position=metal.position + 0.1)
    found = []
    for i, one in enumerate(tasks):
        (made_of,) = one.found
        off = float(made_of.binding_energy_ev[0] - ENERGY[0])
        lines = [GE_LINES[0], moved if i % 2 else metal]
        again = spectrum(ENERGY, rate(ENERGY, lines, 400.0), 1.0, 7000 + i, acquisition=i)
        known = {"shift_stderr_ev": SHIFT_STDERR_EV, "drift_stderr_ev": DRIFT_STDERR_EV}
        found.append(task(replace(again, binding_energy_ev=ENERGY + off, **known)))
    return found


def test_a_line_that_is_not_shared_stays_where_its_axis_shows_it() -> None:
    share = [{"component": "Ge4+", "parameter": "position_ev"}]
    model, true = model_of(share), offsets(4, 3)
    own = numbers(model, fitted(model, made(true, 3)), "position_ev")["Ge0"]
    np.testing.assert_allclose(own[:, 0], GE_LINES[1].position + true, atol=0.02)
    assert np.all(own[:, 1] < 0.02)


@pytest.mark.parametrize("engine", fitting.ENGINES)
def test_what_is_shared_but_no_position_knows_no_axis(engine: str) -> None:
    model = model_of(["fwhm_ev"])
    assert not layout.of(model).indices("drift").size
    found = fitted(model, made(offsets(2, 4), 4), engine)
    assert not numbers(model, found, "shared_position_ev")


def _dense(model: FitModel, tasks: list[fitting.Task], start: list[Outcome]) -> tuple[Array, Array]:
    """Optimum and errors of the whole series by one dense fit: shared numbers once, every drift and tie told once."""
    bound = [problem.bind(model, one.found) for one in tasks]
    plan = bound[0].layout
    common = np.isin(plan.varied, plan.shared)
    drift = int(np.flatnonzero(plan.varied == plan.indices("drift")[0])[0])
    shared, own = int(common.sum()), int((~common).sum())
    places = plan.varied[common].tolist()
    tie = [places.index(plan.indices("common")[i]) for i in (1, 0)] if model.ties else None

    def residuals(numbers: Array) -> Array:
        parts = []
        for i, one in enumerate(bound):
            theta = np.empty(common.size)
            theta[common] = numbers[:shared]
            theta[~common] = numbers[shared + i * own : shared + (i + 1) * own]
            expected = one.evaluate(theta).expected
            x = (one.counts - expected) / expected
            deviance = 2.0 * expected * ((1.0 + x) * np.log(np.maximum(1.0 + x, 1e-300)) - x)
            parts += [np.sign(x) * np.sqrt(np.maximum(deviance, 0.0)), [theta[drift] / AXIS_STDERR_EV]]
        if tie is not None:
            parts.append([(numbers[tie[0]] - numbers[tie[1]] + 4.5) / 0.02])
        return np.concatenate(parts)

    ends = [one.best.at.theta for one in start if one.best is not None]
    first = np.concatenate([ends[0][common], *(theta[~common] for theta in ends)])
    found = least_squares(residuals, first * (1.0 + 1e-5), x_scale="jac", xtol=1e-14, ftol=1e-14, gtol=1e-14)
    return found.x[:shared], np.sqrt(np.diag(np.linalg.inv(found.jac.T @ found.jac)))[:shared]


@pytest.mark.parametrize("ties", [[], [TIE | {"source": "invented"}]])
def test_a_joint_fit_is_the_dense_one_with_drifts_and_each_tie_once(ties: list[dict[str, Any]]) -> None:
    model, tasks = model_of(ties=ties), made(offsets(4, 5), 5, time_s=0.05)
    found = fitted(model, tasks)
    values, stderr = _dense(model, tasks, found)
    for one in found:
        assert one.best is not None
        assert one.covariance is not None
        plan = problem.bind(model, one.task.found).layout
        where = np.isin(plan.varied, plan.shared)
        np.testing.assert_allclose((one.best.at.theta[where] - values) / stderr, 0.0, atol=0.02)
        # The dense fit's information is that of deviance residuals by finite differences, not the expected one.
        np.testing.assert_allclose(np.sqrt(np.diag(one.covariance))[where], stderr, rtol=0.04)


def test_the_pull_of_a_shared_tie_is_told_in_the_ties_own_errors() -> None:
    model = model_of(ties=[TIE | {"source": "invented"}])
    found = fitted(model, made(offsets(5, 6), 6))
    common = numbers(model, found, "shared_position_ev")
    pulls = [row["pull"] for row in fitting.tables_of(model, found).parameters.to_pylist() if row["tied_to"]]
    wanted = (common["Ge0"][:, 0] - common["Ge4+"][:, 0] + 4.5) / 0.02
    np.testing.assert_allclose(pulls, wanted, rtol=1e-3)


def test_lines_of_two_regions_are_tied_where_neither_has_drifted() -> None:
    tie = TIE | {"component": "Ge0 3p", "offset_from": "Ge0", "value_ev": 91.9, "source": "invented"}
    content = ge3d(ties=[tie], series={"fit": "joint"})
    content["windows"].append(window("Ge 3p", 112.0, 128.0))
    content["components"].append(component("Ge0 3p", span(119.9, 119.0, 121.0), span(2.6, 2.2, 3.2), "Ge 3p"))
    plan = layout.of(models.from_mapping("two", content), (0.05, 0.05), 0.1).in_series(9)
    assert plan.indices("drift").size == 2
    (prior,) = [prior for prior in plan.priors if plan.slots[prior.slot].kind == "position"]
    assert (prior.stderr, prior.share) == (0.02, pytest.approx(1.0 / 9.0))
    assert all(other.share == 1.0 for other in plan.priors if other is not prior)


def test_an_axis_that_is_known_leaves_no_freedom() -> None:
    tasks = [
        replace(one, spectra=tuple(replace(s, shift_stderr_ev=0.0, drift_stderr_ev=0.0) for s in one.found))
        for one in made(np.zeros(3), 7)
    ]
    model = model_of()
    found = fitted(model, tasks)
    np.testing.assert_array_equal(numbers(model, found, "energy_drift_ev")[None][:, 0], 0.0)
    assert numbers(model, found, "shared_position_ev")["Ge0"][0, 1] < 0.002


def test_cost_of_the_drifts_is_linear_in_the_number_of_acquisitions() -> None:
    """A drift is one more private parameter: the systems that are solved do not grow with the series."""
    model = model_of()
    sizes = []
    for count in (2, 6):
        tasks = made(offsets(count, 8), 8)
        starts = fitting.fit_series(model, tasks)
        assert starts.common is not None
        sizes.append((starts.common.information.shape, problem.bind(model, tasks[0].found).layout.varied.size))
    assert sizes[0] == sizes[1] == ((4, 4), 8)
