"""Covariances, profiled intervals and verdicts: closed forms, coverage in short, and the cases of the literature."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import brentq

import series_of_lines
from xps.quantiles import RISE_TWO_SIDED_95
from xps.separable import likelihood, lines, marquardt, projection
from xps.uncertainty import profiles
from xps.uncertainty.covariance import covariance
from xps.uncertainty.identifiability import Assumption, findings

Array = NDArray[np.float64]


@given(st.integers(0, 10**6))
def test_covariance_is_the_inverse_over_the_free_parameters(seed: int) -> None:
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(3, 20, 5)) * 10.0 ** rng.integers(-4, 5, 5)
    information = np.matmul(design.transpose(0, 2, 1), design)
    free = rng.random((3, 5)) < 0.8
    found = covariance(information, free).matrix
    for matrix, mask, inverse in zip(information, free, found, strict=True):
        want = np.zeros((5, 5))
        want[np.ix_(mask, mask)] = np.linalg.inv(matrix[np.ix_(mask, mask)])
        np.testing.assert_allclose(inverse, want, rtol=1e-6, atol=1e-9 * np.abs(want).max(initial=0.0))


def test_what_data_do_not_determine_has_no_error_and_infects_nothing_else() -> None:
    column = np.array([[1.0, 2.0, 3.0, 0.5]])
    design = np.concatenate([column, column, np.array([[1.0, -1.0, 0.3, 2.0]])])
    found = covariance((design @ design.T)[None], np.ones((1, 3), dtype=bool))
    assert np.isnan(found.stderr[0, :2]).all()
    assert np.isfinite(found.stderr[0, 2])
    assert found.condition_number[0] > 1e12


def interval(task: projection.Task, best: marquardt.Optimum, parameters: Array, stderr: Array) -> profiles.Ends:
    """Return both ends of 95 % intervals, spectra × parameters × 2."""
    shape = (*stderr.shape, 2)
    which, what, side = np.meshgrid(np.arange(shape[0]), parameters, [-1.0, 1.0], indexing="ij")
    errors = np.broadcast_to(stderr[:, :, None], shape)
    rise = np.full(side.size, RISE_TWO_SIDED_95)
    found = profiles.ends(task, best, profiles.Wanted(which.ravel(), what.ravel(), side.ravel(), rise, errors.ravel()))
    return profiles.Ends(found.value.reshape(shape), found.open_.reshape(shape))


def test_profile_of_strong_data_is_the_covariance_interval() -> None:
    series = series_of_lines.simulate(5, 1e6)
    best = marquardt.minimise(series.task, series.start, marquardt.Effort(decrement=1e-10))
    stderr = covariance(best.point.information, ~best.held).stderr
    parameters = np.array([0, 1, 3, 4])
    found = interval(series.task, best, parameters, stderr[:, parameters])
    centre = np.concatenate([best.point.coefficients, best.point.theta], axis=1)[:, parameters]
    want = centre[:, :, None] + np.array([-1.96, 1.96]) * stderr[:, parameters, None]
    np.testing.assert_allclose((found.value - want) / stderr[:, parameters, None], 0.0, atol=0.05)
    assert not found.open_.any()


def test_profile_of_an_absent_component_is_open_below_and_bounded_above() -> None:
    series = series_of_lines.simulate(20, 1e3)
    absent = series.coefficients * [1.0, 0.0, 1.0]
    columns = series.task.model.shape(series.theta, np.arange(20)).columns
    expected = np.matmul(absent[:, None], columns)[:, 0]
    lower, upper = series.task.lower.copy(), series.task.upper.copy()
    lower[:, 2:4] = upper[:, 2:4] = series.start[:, 2:4]
    counts = np.random.default_rng(1).poisson(expected).astype(np.float64)
    task = replace(series.task, likelihood=likelihood.Poisson(counts), lower=lower, upper=upper)
    best = marquardt.minimise(task, series.start)
    stderr = covariance(best.point.information, np.ones_like(best.held) & ~best.held).stderr[:, [1]]
    found = interval(task, best, np.array([1]), np.where(stderr > 0, stderr, np.nan))
    zero = best.point.coefficients[:, 1] == 0.0
    assert zero.any()
    assert found.open_[zero, 0, 0].all()
    assert np.all(found.value[zero, 0, 1] > 0.0)
    assert not found.open_[:, 0, 1].any()


@pytest.mark.parametrize("area", [400.0, 4e4])
def test_profile_intervals_cover(area: float) -> None:
    series = series_of_lines.simulate(300, area, seed=8)
    best = marquardt.minimise(series.task, series.start)
    stderr = covariance(best.point.information, ~best.held).stderr[:, :2]
    found = interval(series.task, best, np.array([0, 1]), stderr).value
    inside = (found[:, :, 0] <= series.coefficients[:, :2]) & (series.coefficients[:, :2] <= found[:, :, 1])
    assert 0.93 < inside.mean() < 0.97


# Two O 1s lines 0.4 eV apart, FWHM 1.6 eV, areas 20000 (PO4) and 5000 (LiOH) cps·eV, 2 s per channel. ----


def _o1s_information() -> tuple[Array, Array]:
    eye = np.eye(4)
    region = lines.RegionScheme(
        ("voigt", "voigt"),
        lines.Affine(eye[[0, 2]], np.zeros(2)),
        lines.Affine(eye[[1, 3]], np.zeros(2)),
        (lines.Affine(np.zeros((2, 4)), np.full(2, 0.156)),),
        np.array([0, 1]),
        np.ones(2),
        ((), ()),
        "constant",
        None,
        np.array([2]),
    )
    axis = np.arange(540.0, 524.0, -0.1)[None]
    model = lines.Lines(lines.Scheme((region,), 3, 4), (axis,), (np.array([2.0]),))
    theta, areas = np.array([[531.1, 1.6, 530.7, 1.6]]), np.array([[20000.0, 5000.0, 600.0]])
    counts = np.matmul(areas[:, None], model.shape(theta, np.array([0])).columns)[:, 0]
    task = projection.Task(model, likelihood.Poisson(counts), theta - 1.0, theta + 1.0, np.ones(3, dtype=bool))
    return projection.evaluate(task, np.array([0]), theta, areas).information[0], areas[0, :2]


def _o1s(assumptions: list[Assumption]):  # type: ignore[no-untyped-def]
    information, areas = _o1s_information()
    return findings(information, np.ones(7, dtype=bool), assumptions, areas, np.full(2, areas.sum()))


def _shape_priors(stderr: float) -> list[Assumption]:
    eye = np.eye(7)
    return [
        Assumption("separation", eye[3] - eye[5], stderr),
        Assumption("width of PO4", eye[4], stderr),
        Assumption("width of LiOH", eye[6], stderr),
    ]


def test_lioh_beside_po4_is_not_identified_when_free() -> None:
    free = _o1s([])
    assert free[1].verdict == "not_identified"
    assert free[1].data_stderr / 5000.0 > 10.0


@pytest.mark.parametrize(("stderr", "relative"), [(0.10, 0.95), (0.05, 0.53)])
def test_priors_on_the_shape_alone_do_not_identify_lioh(stderr: float, relative: float) -> None:
    found = _o1s([*_shape_priors(stderr), Assumption("reference", np.eye(7)[3], stderr)])[1]
    assert found.verdict == "not_identified"
    assert found.full_stderr / 5000.0 == pytest.approx(relative, rel=0.1)


@pytest.mark.parametrize(("area_stderr", "relative"), [(0.05, 0.18), (0.02, 0.08)])
def test_lioh_is_conditional_on_po4_anchored_on_p2p(area_stderr: float, relative: float) -> None:
    eye = np.eye(7)
    anchors = [
        Assumption("area of PO4 from P 2p", eye[0], area_stderr * 20000.0),
        Assumption("O 1s - P 2p", eye[3], 0.03),
    ]
    found = _o1s([*anchors, *_shape_priors(0.10)])[1]
    assert found.verdict == "conditional"
    assert found.condition == ("area of PO4 from P 2p",)
    assert found.full_stderr / 5000.0 == pytest.approx(relative, rel=0.1)


def _redundant(anchored: bool) -> list[Assumption]:
    """Two pieces of knowledge of which either makes the second area known, and one that helps nothing."""
    row = np.array([0.0, 1.0])
    return [
        Assumption("weak", row, 1e6),
        Assumption("anchor", row, 40.0, "O 1s" if anchored else ""),
        Assumption("width", row, 20.0),
    ]


@pytest.mark.parametrize(("anchored", "named"), [(False, ("width",)), (True, ("anchor",))])
def test_where_any_one_can_be_missed_a_set_that_suffices_is_named(anchored: bool, named: tuple[str, ...]) -> None:
    """Story: fourteen ties and fixed numbers were listed, of which two were enough. An anchor of the level stays."""
    information = np.diag([1e-2, 1e-12])
    areas = np.array([1000.0, 500.0])
    free, totals = np.ones(2, dtype=bool), np.full(2, 1500.0)
    found = findings(information, free, _redundant(anchored), areas, totals, ["O 1s", "O 1s"])[1]
    assert (found.verdict, found.condition) == ("conditional", named)
    other = findings(information, free, _redundant(anchored), areas, totals, ["O 1s", "P 2p"])[1]
    assert other.condition == ("width",)  # an anchor of another level is no better than what else is known


@given(st.lists(st.floats(1.0, 1e4), min_size=1, max_size=6), st.floats(10.0, 400.0))
def test_what_is_named_suffices_and_none_of_it_can_be_spared(errors: list[float], limit: float) -> None:
    """Independent pieces on one invisible area: together they know it to (Σ 1/σ²)^-1/2."""
    pieces = [Assumption(f"{index}", np.array([1.0]), error) for index, error in enumerate(errors)]
    area = limit / 0.3
    found = findings(np.array([[1e-16]]), np.ones(1, dtype=bool), pieces, np.array([area]), np.array([area]))[0]

    def known(names: set[str]) -> bool:
        total = sum(1.0 / errors[int(name)] ** 2 for name in names)
        return total > 0 and total**-0.5 <= limit * (1 + 1e-9)

    everything = {piece.name for piece in pieces}
    if not known(everything):
        assert found.verdict == "not_identified"
        return
    named = set(found.condition)
    if all(known(everything - {one}) for one in everything):
        assert known(named)
        assert not any(known(named - {one}) for one in named)
    else:
        assert named == {one for one in everything if not known(everything - {one})}


def test_an_area_imposed_by_a_tie_is_no_finding() -> None:
    information = np.diag([1e-2, 1e-12])  # the second area is invisible to the data
    tie = Assumption("ratio", np.array([-0.5, 1.0]), 0.0)
    found = findings(information, np.ones(2, dtype=bool), [tie], np.array([1000.0, 500.0]), np.full(2, 1500.0))
    assert [item.verdict for item in found] == ["identified", "conditional"]
    assert found[1].condition == ("ratio",)


def _twins(spectra: int, area: float) -> tuple[projection.Task, Array]:
    """Two doublets 0.001 eV apart, all but areas and background given: one may be all or nothing of their sum."""
    series = series_of_lines.simulate(spectra, area, seed=3)
    theta = np.tile([30.5, 1.3, 30.499, 1.3, 0.02], (spectra, 1))
    expected = np.matmul(series.coefficients[:, None], series.task.model.shape(theta, np.arange(spectra)).columns)[:, 0]
    counts = np.random.default_rng(8).poisson(expected).astype(np.float64)
    return replace(series.task, likelihood=likelihood.Poisson(counts), lower=theta, upper=theta), theta


def test_profiles_end_where_the_counts_refuse_even_behind_a_plateau() -> None:
    """The objective hardly rises until the twin is used up, then steeply: no secant gets there."""
    task, theta = _twins(12, 2e4)
    best = marquardt.minimise(task, theta)
    which = np.arange(12)
    stderr = np.full(12, 50.0)
    wanted = profiles.Wanted(which, np.zeros(12, dtype=int), np.ones(12), np.full(12, RISE_TWO_SIDED_95), stderr)
    found = profiles.ends(task, best, wanted)
    assert not found.open_.any()
    for i in which:

        def rise(area: float, i: int = i) -> float:
            one = task.copies(np.array([i]))
            given_ = np.array([[area, np.nan, np.nan]])
            held = marquardt.minimise(replace(one, given=given_), theta[[i]])
            return float(held.point.objective[0] - best.point.objective[i]) - RISE_TWO_SIDED_95

        low = float(best.point.coefficients[i, 0])
        truth = brentq(rise, low, 5.0 * float(best.point.coefficients[i, :2].sum()), xtol=1e-3)
        assert found.value[i] == pytest.approx(truth, rel=1e-3)
    total = best.point.coefficients[:, :2].sum(axis=1)
    # Nothing but the sum is known, and the interval says so.
    assert np.all(found.value > 0.98 * total)
    assert np.all(found.value < 1.1 * total)
