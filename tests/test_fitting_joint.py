"""Series modes: joint values, errors of the joint covariance, the test of sharing, blocks, order and words."""

from dataclasses import replace
from typing import Any

import lmfit
import numpy as np
import pytest
from numpy.typing import NDArray

from synthetic import GE_LINES, axis, ge3d, numbered, rate, spectrum, task
from xps import fitting, models
from xps.errors import ConfigError
from xps.fitting import alternatives, engines
from xps.fitting.blocks import SeriesStart
from xps.fitting.judging.outcome import Outcome
from xps.fitting.solving import problem
from xps.models import FitModel

Array = NDArray[np.float64]
ENERGY = axis(24.0, 38.0)


def model_of(fit: str, share: list[Any] | None = None, kind: str = "shirley") -> FitModel:
    section: dict[str, Any] = {"fit": fit} | ({} if share is None else {"share": share})
    return models.from_mapping("ge3d", ge3d(kind, series=section))


def made(count: int, seed: int = 0, wander_ev: float = 0.0, time_s: float = 1.0) -> list[fitting.Task]:
    """A series of one truth up to areas; with ``wander_ev`` each acquisition has its own position of Ge0."""
    generator, tasks = np.random.default_rng(seed), []
    for acquisition in range(count):
        oxide, metal = GE_LINES
        lines = [
            replace(oxide, area=oxide.area * generator.uniform(0.5, 1.5)),
            replace(
                metal,
                area=metal.area * generator.uniform(0.2, 1.5),
                position=metal.position + wander_ev * (-1) ** acquisition,
            ),
        ]
        cps = rate(ENERGY, lines, 400.0, 0.02)
        tasks.append(task(spectrum(ENERGY, cps, time_s, 1000 * seed + acquisition, acquisition=acquisition)))
    return tasks


def fitted(model: FitModel, tasks: list[fitting.Task], engine: str = "separable") -> list[Outcome]:
    return engines.fit_each(model, tasks, fitting.fit_series(model, tasks, engine), 0, engine)


def shared_cells(model: FitModel, found: list[Outcome]) -> dict[tuple[str, str], list[tuple[float, float]]]:
    cells: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for row in fitting.tables_of(model, found).parameters.to_pylist():
        if row["status"] == "shared":
            cells.setdefault((row["component"], row["parameter"]), []).append((row["value"], row["stderr"]))
    return cells


def test_joint_values_and_errors_are_the_same_in_all_acquisitions() -> None:
    model = model_of("joint")
    cells = shared_cells(model, fitted(model, made(6)))
    names = ("position_ev", "shared_position_ev", "fwhm_ev")
    assert set(cells) == {(part, name) for part in ("Ge4+", "Ge0") for name in names}
    for pairs in cells.values():
        value, stderr = np.array(pairs).T
        assert value.size == 6
        assert np.ptp(value) < 1e-3 * stderr[0]
        np.testing.assert_allclose(stderr, stderr[0], rtol=1e-3)


def _with_lmfit(model: FitModel, tasks: list[fitting.Task], start: list[Outcome]) -> tuple[Array, Array]:
    """Optimum and covariance of the whole series by lmfit: shared numbers once, everything else per acquisition."""
    bound = [problem.bind(model, one.found) for one in tasks]
    plan = bound[0].layout
    common = np.isin(plan.varied, plan.shared)
    parameters = lmfit.Parameters()
    names: list[list[str]] = []
    for i, one in enumerate(start):
        assert one.best is not None
        names.append([f"s{j}" if common[j] else f"a{i}_{j}" for j in range(plan.varied.size)])
        for j, name in enumerate(names[-1]):
            if name not in parameters:
                parameters.add(name, float(one.best.at.theta[j]) * (1.0 + 1e-4))

    def residuals(values: lmfit.Parameters) -> Array:
        parts = []
        for own, one in zip(names, bound, strict=True):
            expected = one.evaluate(np.array([values[name].value for name in own])).expected
            x = (one.counts - expected) / expected
            deviance = 2.0 * expected * ((1.0 + x) * np.log(np.maximum(1.0 + x, 1e-300)) - x)
            parts.append(np.sign(x) * np.sqrt(np.maximum(deviance, 0.0)))
        return np.concatenate(parts)

    fit = lmfit.minimize(residuals, parameters, scale_covar=False, xtol=1e-10, ftol=1e-12)
    order = [fit.var_names.index(f"s{j}") for j in np.flatnonzero(common)]
    areas = [fit.var_names.index(f"a{i}_{j}") for i in range(len(tasks)) for j in np.flatnonzero(plan.linear)[:2]]
    values = np.array([fit.params[fit.var_names[k]].value for k in order + areas])
    return values, np.sqrt(np.diag(fit.covar))[order + areas]


def test_a_joint_fit_is_that_of_lmfit_over_the_whole_series_with_its_errors() -> None:
    model, tasks = model_of("joint"), made(4, seed=2)
    found = fitted(model, tasks)
    plan = problem.bind(model, tasks[0].found).layout
    shared, errors = [], []
    for j in np.flatnonzero(np.isin(plan.varied, plan.shared)):
        assert found[0].best is not None
        assert found[0].covariance is not None
        shared.append(found[0].best.at.theta[j])
        errors.append(np.sqrt(found[0].covariance[j, j]))
    for one in found:
        assert one.areas is not None
        shared += one.areas.area.tolist()
        errors += one.areas.stderr.tolist()
    values, stderr = _with_lmfit(model, tasks, found)
    np.testing.assert_allclose((np.array(shared) - values) / stderr, 0.0, atol=0.01)
    # lmfit's covariance comes from a numerical Jacobian of deviance residuals, not from the expected information.
    np.testing.assert_allclose(errors, stderr, rtol=0.04)


def test_sharing_sharpens_what_is_shared_and_what_hangs_on_it() -> None:
    tasks = made(8, seed=3)
    joint, alone = (fitted(model_of(mode), tasks) for mode in ("joint", "independent"))
    for one, other in zip(joint, alone, strict=True):
        assert one.areas is not None
        assert other.areas is not None
        assert np.all(one.areas.stderr < other.areas.stderr)


def test_areas_of_joint_fits_have_right_errors() -> None:
    model, pulls = model_of("joint", kind="constant"), []
    for seed in range(10):
        generator = np.random.default_rng(seed)
        areas = generator.uniform(1000.0, 9000.0, (5, 2))
        tasks = [
            task(
                spectrum(
                    ENERGY,
                    rate(ENERGY, [replace(line, area=a) for line, a in zip(GE_LINES, of, strict=True)], 400.0),
                    0.3,
                    50 * seed + i,
                    acquisition=i,
                )
            )
            for i, of in enumerate(areas)
        ]
        for one, true in zip(fitted(model, tasks), areas, strict=True):
            assert one.areas is not None
            pulls.append((one.areas.area - true) / one.areas.stderr)
    assert np.std(pulls) == pytest.approx(1.0, abs=0.2)


def test_the_message_tells_what_sharing_costs_and_whether_it_is_right() -> None:
    def chances(tasks: list[fitting.Task]) -> list[float]:
        found = fitted(model_of("joint"), tasks)
        assert all("joint fit of 8 acquisitions, 4 numbers shared" in one.message for one in found)
        return [float(one.message.rpartition("(p = ")[2].rstrip(")")) for one in found]

    right, wrong = chances(made(8, seed=4)), chances(made(8, seed=4, wander_ev=0.05))
    assert min(right) > 1e-3
    assert max(wrong) < 1e-4


def test_the_cost_of_sharing_is_about_what_freedom_gains() -> None:
    tasks = made(10, seed=5)
    joint, freed = fitted(model_of("joint"), tasks), fitted(model_of("joint_then_independent"), tasks)
    said = [float(one.message.partition("fit better by ")[2].split()[0]) for one in joint]
    gained = [float(one.message.partition("fits better by ")[2].split()[0]) for one in freed]
    # Against the others, which know a little less than all, it costs a little more.
    np.testing.assert_allclose(said, gained, rtol=0.35, atol=0.6)


@pytest.mark.parametrize("mode", ["independent", "joint", "joint_then_independent"])
@pytest.mark.parametrize("engine", fitting.ENGINES)
def test_neither_order_nor_blocks_change_a_number(mode: str, engine: str) -> None:
    model, tasks = model_of(mode), made(5, seed=6)
    starts = fitting.fit_series(model, tasks, engine)
    whole = fitting.fit_block(model, tasks, starts, 0, engine)
    mixed = [tasks[place] for place in (3, 0, 4, 2, 1)]
    again = fitting.fit_series(model, mixed, engine)
    assert np.array_equal(again.values, starts.values)
    for part in ([0], [1, 2], [3, 4]):
        rows = fitting.fit_block(model, [tasks[place] for place in part], again, 0, engine)
        for name in ("components", "parameters", "fits"):
            wanted = [row for row in getattr(whole, name).to_pylist() if row["acquisition"] in part]
            assert getattr(rows, name).to_pylist() == wanted, name


def test_both_engines_agree_on_a_joint_fit() -> None:
    model, tasks = model_of("joint"), made(4, seed=7)
    for one, other in zip(*(fitted(model, tasks, engine) for engine in fitting.ENGINES), strict=True):
        assert one.areas is not None
        assert other.areas is not None
        assert one.best is not None
        assert other.best is not None
        assert one.best.objective == pytest.approx(other.best.objective, abs=1e-5)
        np.testing.assert_allclose(one.areas.area, other.areas.area, rtol=1e-4)
        np.testing.assert_allclose(one.areas.stderr, other.areas.stderr, rtol=1e-3)


def test_only_what_is_named_is_shared() -> None:
    share = ["fwhm_ev", {"component": "Ge4+", "parameter": "position_ev"}, "shirley_factor_per_ev"]
    model = model_of("joint", share)
    found = fitted(model, made(4))
    assert set(shared_cells(model, found)) == {
        ("Ge4+", "position_ev"),
        ("Ge4+", "shared_position_ev"),
        ("Ge4+", "fwhm_ev"),
        ("Ge0", "fwhm_ev"),
        (None, "shirley_factor_per_ev"),
    }
    assert "others' widths, positions and Shirley factors" in found[0].message


def test_a_series_of_one_is_fitted_by_itself_and_says_so() -> None:
    (found,) = fitted(model_of("joint"), made(1))
    assert "no joint fit of the series, fitted by itself" in found.message
    assert found.areas is not None


def test_an_acquisition_that_cannot_be_fitted_spoils_no_other() -> None:
    model, tasks = model_of("joint"), made(4)
    empty = numbered(task(spectrum(ENERGY, np.zeros(ENERGY.size), 1.0, None)), 9)
    found = fitted(model, [*tasks[:2], empty, *tasks[2:]])
    assert [one.best is not None for one in found] == [True, True, False, True, True]
    assert "joint fit of 4 acquisitions" in found[0].message


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ({"fit": "independent", "share": ["fwhm_ev"]}, "nothing is shared where every acquisition is fitted"),
        ({"fit": "joint", "share": ["area_ratio"]}, "share area_ratio: the model fits no such number"),
        ({"fit": "joint", "share": [{"component": "Ge9", "parameter": "fwhm_ev"}]}, "there is no component 'Ge9'"),
        ({"share": [{"component": "Ge0", "parameter": "shape"}]}, "that of 'Ge0' is given or tied"),
    ],
)
def test_what_cannot_be_shared_is_refused(section: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        models.from_mapping("m", ge3d(series=section))


def test_alternatives_of_a_joint_fit_know_what_the_others_say() -> None:
    tasks, errors = made(6, seed=8), {}
    for mode in ("joint", "independent"):
        content = ge3d(series={"fit": mode}) | {"usual_alternatives": ["doublet_ratios"]}
        model = models.from_mapping("ge3d", content)
        starts = fitting.fit_series(model, tasks)
        found = engines.fit_each(model, tasks, starts, 0, "separable")
        ends = [one.outcome for mine in alternatives.tested(model, found, starts, "separable", {})[1] for one in mine]
        assert len(ends) == 12
        errors[mode] = []
        for end in ends:
            assert end.problem is not None
            assert end.covariance is not None
            plan = end.problem.layout
            shared = np.isin(plan.varied, plan.shared)
            errors[mode].append(np.sqrt(np.diag(end.covariance))[shared])
    # Six alike acquisitions know the shared numbers √6 times as well as one.
    ratio = np.array(errors["joint"]) / np.array(errors["independent"])
    assert np.all((ratio > 0.2) & (ratio < 0.7))


def _with_alternatives(**changes: Any) -> FitModel:
    content = ge3d(series={"fit": "joint"}) | changes
    fraction = {"core_level": "Ge 3d", "shape": {"type": "pseudo_voigt", "fraction": 0.4}}
    content["alternatives"] = [{"name": "pseudo", "systematic": True, "shapes": [fraction]}]
    return models.from_mapping("ge3d", content)


def test_an_alternative_is_fitted_jointly_as_if_it_were_the_model() -> None:
    """Story: held at what the others say under the model, a shape of other width had to answer with its areas."""
    model, tasks = _with_alternatives(), made(6, seed=9)
    starts = fitting.fit_series(model, tasks)
    found = engines.fit_each(model, tasks, starts, 0, "separable")
    other = model.alternatives[0].model
    truth = fitted(other, tasks)
    of_each = alternatives.tested(model, found, starts, "separable", {})[1]
    for mine, one, base in zip(of_each, truth, found, strict=True):
        (tested,) = mine
        assert tested.outcome.best is not None
        assert one.best is not None
        assert one.areas is not None
        assert base.areas is not None
        assert tested.outcome.areas is not None
        np.testing.assert_allclose(tested.outcome.areas.area, one.areas.area, atol=0.02 * float(one.areas.stderr.min()))
        np.testing.assert_allclose(tested.outcome.areas.stderr, one.areas.stderr, rtol=1e-3)
        assert tested.outcome.best.objective == pytest.approx(one.best.objective, abs=1e-2)
        # It is another model with other areas, not the model itself again.
        assert np.max(np.abs(one.areas.area - base.areas.area) / one.areas.stderr) > 3.0


def test_starts_of_a_joint_series_and_its_alternatives_are_written_and_read_exactly() -> None:
    model, tasks = _with_alternatives(), made(3, seed=10)
    start = SeriesStart(("Ge3d",), fitting.fit_series(model, tasks))
    (again,) = fitting.read_starts(fitting.starts_text([start]))
    assert again.plain() == start.plain()
    mine, read = start.starts.alternatives["pseudo"], again.starts.alternatives["pseudo"]
    assert mine.common is not None
    assert read.common is not None
    np.testing.assert_array_equal(read.common.information, mine.common.information)
    whole, part = (fitting.fit_block(model, tasks[1:2], one.starts).alternatives for one in (start, again))
    assert whole.equals(part)


def test_an_alternative_without_a_joint_fit_says_so() -> None:
    model, tasks = _with_alternatives(), made(3, seed=11)
    starts = fitting.fit_series(model, tasks)
    lost = replace(starts, alternatives={"pseudo": fitting.model_starts(model.alternatives[0].model)})
    found = engines.fit_each(model, tasks, starts, 0, "separable")
    done, of_each = alternatives.tested(model, found, lost, "separable", {})
    assert all("no joint fit under this alternative" in mine[0].outcome.message for mine in of_each)
    assert all(one.systematic is not None and np.isnan(one.systematic).all() for one in done)
