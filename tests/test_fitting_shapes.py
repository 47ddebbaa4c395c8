"""Every line shape in both engines: one model, right derivatives, recovered truth, curves redrawn from the tables."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from synthetic import GE_DOUBLET, axis, component, ge3d, span, spectrum, task, window
from xps import fitting, models
from xps.fitting import engines
from xps.fitting.solving import batch, problem
from xps.lineshapes import drawing
from xps.models import FitModel

Array = NDArray[np.float64]

SHAPES: dict[str, dict[str, Any]] = {
    "voigt, free natural width": {"type": "voigt", "lorentzian_fwhm_ev": span(0.2, 0.05, 0.5)},
    "gl_product": {"type": "gl_product", "fraction": 0.3},
    "gl_product, free": {"type": "gl_product", "fraction": span(0.3, 0.0, 1.0)},
    "doniach_sunjic": {"type": "doniach_sunjic", "lorentzian_fwhm_ev": 0.1, "asymmetry": 0.1},
    "doniach_sunjic, free": {"type": "doniach_sunjic", "lorentzian_fwhm_ev": 0.1, "asymmetry": span(0.1, 0.0, 0.3)},
    "la": {"type": "la", "alpha": 1.2, "beta": 3.0, "gaussian_fwhm_ev": 0.4},
    "la, free": {"type": "la", "alpha": span(1.3, 0.8, 3.0), "beta": 3.0, "gaussian_fwhm_ev": 0.4},
}


def model_of(shape: dict[str, Any]) -> FitModel:
    """An oxide of Voigt doublets beside a metal of the shape, in a window with step."""
    content = ge3d(windows=[window("Ge 3d", 22.0, 42.0)])
    content["components"][1] = component(
        "metal", span(28.2, 27.6, 28.8), span(1.2, 0.8, 1.8), doublet=GE_DOUBLET, shape=shape
    )
    return models.from_mapping("metal", content)


def truth_of(model: FitModel, generator: np.random.Generator) -> Array:
    bound = problem.bind(model, [spectrum(axis(22.0, 42.0), np.ones(201), 1.0, None)])
    plan = bound.layout
    room = np.where(np.isfinite(plan.upper), np.minimum(plan.upper - plan.start, plan.start - plan.lower), 0.0)
    theta = plan.start + generator.uniform(-0.5, 0.5, plan.start.size) * room
    theta[plan.linear] = [6000.0, 9000.0, 300.0]
    return theta


def tasks_of(model: FitModel, count: int, seed: int = 0, noisy: bool = True) -> tuple[list[fitting.Task], list[Array]]:
    generator = np.random.default_rng(seed)
    tasks, truths = [], []
    for acquisition in range(count):
        theta = truth_of(model, generator)
        empty = spectrum(axis(22.0, 42.0), np.ones(201), 3.0, None, acquisition=acquisition)
        expected = problem.bind(model, [empty]).evaluate(theta).expected
        seed_of = acquisition + 100 * seed if noisy else None
        tasks.append(task(spectrum(axis(22.0, 42.0), expected / 3.0, 3.0, seed_of, acquisition=acquisition)))
        truths.append(theta)
    return tasks, truths


@pytest.mark.parametrize("name", SHAPES)
def test_both_engines_have_one_model_and_its_derivatives(name: str) -> None:
    model = model_of(SHAPES[name])
    tasks, truths = tasks_of(model, 2)
    bound = [problem.bind(model, one.found) for one in tasks]
    ((_, part),) = batch.batches(bound)
    linear, nonlinear = part.compiled.linear, part.compiled.nonlinear
    theta = np.array(truths)
    shape = part.task.model.shape(theta[:, nonlinear], np.arange(2))
    slopes = shape.jacobian(theta[:, linear])
    for i, one in enumerate(bound):
        at = one.evaluate(theta[i])
        order = np.concatenate([linear, nonlinear])
        expected = theta[i, linear] @ shape.columns[i]
        np.testing.assert_allclose(expected, at.expected, rtol=1e-10)
        np.testing.assert_allclose(slopes[i].T, at.jacobian[:, order], atol=1e-8 * np.abs(at.jacobian).max())
        for j in range(theta.shape[1]):
            step = np.zeros(theta.shape[1])
            step[j] = 1e-4 * max(1.0, abs(theta[i, j]) * one.layout.linear[j])
            numeric = (one.evaluate(theta[i] + step).expected - one.evaluate(theta[i] - step).expected) / (2 * step[j])
            np.testing.assert_allclose(at.jacobian[:, j], numeric, atol=1e-5 * np.abs(numeric).max() + 1e-9)


@pytest.mark.parametrize("name", SHAPES)
def test_without_noise_the_truth_comes_back(name: str) -> None:
    model = model_of(SHAPES[name])
    tasks, truths = tasks_of(model, 2, noisy=False)
    for found, theta in zip(
        engines.fit_each(model, tasks, engines.model_starts(model), 0, "separable"), truths, strict=True
    ):
        assert found.best is not None
        assert found.best.objective < 1e-6
        np.testing.assert_allclose(found.best.at.theta, theta, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", SHAPES)
def test_lmfit_finds_no_better_optimum(name: str) -> None:
    model = model_of(SHAPES[name])
    tasks, _ = tasks_of(model, 4, seed=1)
    starts = engines.model_starts(model)
    ours, theirs = (engines.fit_each(model, tasks, starts, 0, engine) for engine in fitting.ENGINES)
    for one, other in zip(ours, theirs, strict=True):
        assert one.best is not None
        assert other.best is not None
        assert one.best.objective == pytest.approx(other.best.objective, abs=1e-5 * other.best.objective)
        assert one.areas is not None
        assert other.areas is not None
        np.testing.assert_allclose(one.areas.area, other.areas.area, atol=0.01 * float(np.nanmax(other.areas.stderr)))


@pytest.mark.parametrize("name", SHAPES)
def test_components_are_redrawn_from_the_tables_and_measured_on_them(name: str) -> None:
    model = model_of(SHAPES[name])
    tasks, _ = tasks_of(model, 1, seed=2)
    found = fitting.fit_block(model, tasks, engines.model_starts(model))
    numbers: dict[str, dict[str, float]] = {}
    for row in found.parameters.to_pylist():
        if row["component"] is not None:
            numbers.setdefault(row["component"], {})[row["parameter"]] = row["value"]
    curves = found.curves.to_pydict()
    energy = np.array(curves["binding_energy_ev"])
    lines = np.zeros(energy.size)
    for row in found.components.to_pylist():
        lines += drawing.component(row["shape"], energy, numbers[row["component"]])
        alone = {key: value for key, value in numbers[row["component"]].items() if key not in GE_DOUBLET}
        fine = np.arange(24.0, 40.0, 1e-3)
        curve = drawing.component(row["shape"], fine, alone)
        above = fine[curve >= 0.5 * curve.max()]
        assert row["fwhm_ev"] == pytest.approx(above[-1] - above[0], abs=3e-3)
    peaks = np.array(curves["envelope_cps"]) - np.array(curves["background_cps"])
    np.testing.assert_allclose(lines, peaks, atol=1e-6 * peaks.max())


def test_the_error_of_a_measured_width_covers_its_scatter() -> None:
    model = model_of(SHAPES["doniach_sunjic, free"])
    tasks, truths = tasks_of(model, 40, seed=3)
    rows = fitting.fit_block(model, tasks, engines.model_starts(model)).components.to_pylist()
    metal = [row for row in rows if row["component"] == "metal"]
    plan = problem.bind(model, tasks[0].found).layout
    places = [int(np.flatnonzero(plan.varied == slot)[0]) for slot in (plan.index(1, "width"), plan.shape_of(1)[1])]
    true = [drawing.fwhm_ev("doniach_sunjic", theta[places[0]], 0.1, theta[places[1]]) for theta in truths]
    pulls = [(row["fwhm_ev"] - fwhm) / row["fwhm_stderr_ev"] for row, fwhm in zip(metal, true, strict=True)]
    assert np.std(pulls) == pytest.approx(1.0, abs=0.35)
    assert abs(np.mean(pulls)) < 0.6


def test_a_given_number_of_a_shape_is_fixed_and_a_fitted_one_has_its_bounds() -> None:
    model = model_of(SHAPES["doniach_sunjic, free"])
    tasks, _ = tasks_of(model, 1)
    rows = fitting.fit_block(model, tasks, engines.model_starts(model)).parameters.to_pylist()
    found = {row["parameter"]: row for row in rows if row["component"] == "metal"}
    assert (found["lorentzian_fwhm_ev"]["status"], found["lorentzian_fwhm_ev"]["value"]) == ("fixed", 0.1)
    assert found["asymmetry"]["status"] == "free"
    assert (found["asymmetry"]["lower_bound"], found["asymmetry"]["upper_bound"]) == (0.0, 0.3)
    assert found["asymmetry"]["stderr"] > 0.0
