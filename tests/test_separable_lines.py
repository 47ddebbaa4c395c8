"""Columns and derivatives of the XPS model: finite differences, every background, fitted ratios, two regions."""

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

import series_of_lines
from xps import backgrounds, lineshapes
from xps.separable import lines

Array = NDArray[np.float64]


def _expected(model: lines.Lines, theta: Array, coefficients: Array) -> Array:
    shape = model.shape(theta, np.arange(theta.shape[0]))
    return np.matmul(coefficients[:, None], shape.columns)[:, 0]


@pytest.mark.parametrize("background", ["constant", "linear", "shirley", "tougaard"])
def test_derivatives_are_derivatives_under_every_background(background: str) -> None:
    series = series_of_lines.simulate(3, 5e3, background)
    model, theta, coefficients = series.task.model, series.theta, series.coefficients
    found = model.shape(theta, np.arange(3)).derivatives(coefficients)
    for parameter in range(theta.shape[1] - (background != "shirley")):
        step = np.zeros(theta.shape[1])
        step[parameter] = 1e-6
        numeric = (_expected(model, theta + step, coefficients) - _expected(model, theta - step, coefficients)) / 2e-6
        np.testing.assert_allclose(found[:, parameter], numeric, rtol=1e-5, atol=1e-4)


@pytest.mark.parametrize("background", ["constant", "linear", "shirley", "tougaard"])
def test_model_is_what_lineshapes_and_backgrounds_say(background: str) -> None:
    series = series_of_lines.simulate(1, 5e3, background)
    theta, a, energy = series.theta[0], series.coefficients[0], series_of_lines.ENERGY
    peaks = np.zeros(energy.size)
    for first, area in ((0, a[0]), (2, a[1])):
        for share, offset in ((0.6, 0.0), (0.4, 0.585)):
            peaks += area * share * lineshapes.voigt(energy, theta[first] + offset, theta[first + 1], 0.051)
    under = {
        "shirley": theta[4] * backgrounds.step_under(energy, peaks[:, None])[:, 0],
        "tougaard": backgrounds.loss_operator(energy) @ peaks,
    }.get(background, np.zeros(energy.size))
    truth = 2.0 * (peaks + under + backgrounds.baseline(background, energy) @ a[2:])
    np.testing.assert_allclose(_expected(series.task.model, series.theta, series.coefficients)[0], truth, rtol=1e-10)


def _two_regions() -> lines.Lines:
    """One component in two regions: the second line's area is a fitted ratio of the first's, its region drifts."""
    eye, none = np.eye(5), np.zeros((1, 5))
    # parameters: position, width, ratio, drift, Shirley factor of the second region

    def region(
        rows: list[Array], offset: float, factors: tuple[int, ...], step: int | None, baseline: int
    ) -> lines.RegionScheme:
        return lines.RegionScheme(
            ("pseudo_voigt",),
            lines.Affine(np.sum(rows, axis=0)[None], np.array([offset])),
            lines.Affine(eye[[1]] * 1.5, np.array([0.1])),
            (lines.Affine(none, np.array([0.3])),),
            np.array([0]),
            np.array([1.0]),
            (factors,),
            "constant" if step is None else "shirley",
            step,
            np.array([baseline]),
        )

    both = (region([eye[0]], 0.0, (), None, 1), region([eye[0], eye[3]], 92.0, (2,), 4, 2))
    axes = (np.arange(36.0, 24.0, -0.1)[None], np.arange(112.0, 128.0, 0.2)[None])
    return lines.Lines(lines.Scheme(both, 3, 5), axes, (np.array([2.0]), np.array([3.0])))


def test_fitted_ratio_drift_and_second_region_have_right_derivatives() -> None:
    model, theta, a = _two_regions(), np.array([[30.2, 0.9, 2.4, 0.05, 0.03]]), np.array([[1000.0, 40.0, 70.0]])
    found = model.shape(theta, np.array([0])).derivatives(a)
    assert found.shape[-1] == 120 + 80
    for parameter in range(5):
        step = 1e-6 * np.eye(5)[parameter]
        numeric = (_expected(model, theta + step, a) - _expected(model, theta - step, a)) / 2e-6
        np.testing.assert_allclose(found[:, parameter], numeric, rtol=1e-5, atol=1e-3)


def test_order_of_parameters_and_coefficients_is_no_matter() -> None:
    """What a region touches need not stand side by side."""
    model, theta, a = _two_regions(), np.array([[30.2, 0.9, 2.4, 0.05, 0.03]]), np.array([[1000.0, 40.0, 70.0]])
    order, place = np.array([2, 1, 4, 0, 3]), np.array([3, 1, 0, 4, 2])

    def moved(region: lines.RegionScheme) -> lines.RegionScheme:
        numbers = (region.position_ev, region.fwhm_ev, *region.shape_parameters)
        position, width, own = (lines.Affine(one.rows[:, order], one.offset) for one in numbers)
        return replace(
            region,
            position_ev=position,
            fwhm_ev=width,
            shape_parameters=(own,),
            factors=tuple(tuple(int(place[factor]) for factor in factors) for factors in region.factors),
            step=None if region.step is None else int(place[region.step]),
            column=2 - region.column,
            baseline=2 - region.baseline,
        )

    scheme = replace(model.scheme, regions=tuple(moved(region) for region in model.scheme.regions))
    assert not isinstance(scheme.regions[0].touched, slice)
    there = replace(model, scheme=scheme).shape(theta[:, order], np.array([0])).jacobian(a[:, ::-1])
    here = model.shape(theta, np.array([0])).jacobian(a)
    np.testing.assert_allclose(there, here[:, [2, 1, 0, *(3 + order)]], rtol=1e-12, atol=1e-12)


def test_fitted_ratio_scales_the_second_region_only() -> None:
    model, theta, a = _two_regions(), np.array([[30.2, 0.9, 2.4, 0.05, 0.0]]), np.array([[1000.0, 0.0, 0.0]])
    doubled = theta * [1.0, 1.0, 2.0, 1.0, 1.0]
    one, two = _expected(model, theta, a)[0], _expected(model, doubled, a)[0]
    np.testing.assert_allclose(two[:120], one[:120])
    np.testing.assert_allclose(two[120:], 2.0 * one[120:])


def _mixed(background: str = "constant") -> lines.Lines:
    """Three components of three shapes in one region; natural width and asymmetry of two of them are fitted."""
    size = 9
    eye, none = np.eye(size), np.zeros((1, size))
    # parameters: three positions, three widths, Lorentzian width of the Voigt, that and asymmetry of the Doniach line
    shapes = ("doniach_sunjic", "gaussian", "voigt")
    region = lines.RegionScheme(
        shapes,
        lines.Affine(eye[[0, 1, 2]], np.zeros(3)),
        lines.Affine(eye[[3, 4, 5]], np.zeros(3)),
        (
            lines.Affine(np.concatenate([eye[[7]], none, eye[[6]]]), np.zeros(3)),
            lines.Affine(np.concatenate([eye[[8]], none, none]), np.zeros(3)),
        ),
        np.arange(3),
        np.ones(3),
        ((),) * 3,
        background,
        None,
        np.array([3]),
    )
    return lines.Lines(lines.Scheme((region,), 4, size), (np.arange(36.0, 24.0, -0.1)[None],), (np.array([2.0]),))


MIXED = np.array([[28.0, 30.0, 32.5, 1.1, 1.3, 1.5, 0.4, 0.15, 0.12]])
AREAS = np.array([[800.0, 500.0, 900.0, 30.0]])


def test_shapes_side_by_side_are_each_what_lineshapes_says() -> None:
    energy = np.arange(36.0, 24.0, -0.1)
    truth = (
        800.0 * lineshapes.profile("doniach_sunjic", energy, 28.0, 1.1, 0.15, 0.12).value
        + 500.0 * lineshapes.gaussian(energy, 30.0, 1.3)
        + 900.0 * lineshapes.voigt(energy, 32.5, 1.5, 0.4)
        + 30.0
    )
    np.testing.assert_allclose(_expected(_mixed(), MIXED, AREAS)[0], 2.0 * truth, rtol=1e-9)


@pytest.mark.parametrize("background", ["constant", "tougaard"])
def test_fitted_natural_widths_and_asymmetries_have_right_derivatives(background: str) -> None:
    model = _mixed(background)
    found = model.shape(MIXED, np.array([0])).derivatives(AREAS)
    for parameter in range(MIXED.shape[1]):
        step = 1e-6 * np.eye(MIXED.shape[1])[parameter]
        numeric = (_expected(model, MIXED + step, AREAS) - _expected(model, MIXED - step, AREAS)) / 2e-6
        np.testing.assert_allclose(found[:, parameter], numeric, rtol=1e-5, atol=1e-3)


@pytest.mark.parametrize("background", ["constant", "linear", "shirley", "tougaard"])
def test_the_model_is_linear_in_its_coefficients_and_in_time(background: str) -> None:
    series = series_of_lines.simulate(2, 5e3, background)
    model, theta, a = series.task.model, series.theta, series.coefficients
    longer = lines.Lines(model.scheme, model.binding_energy_ev, (3.0 * model.time_per_channel_s[0],))
    np.testing.assert_allclose(_expected(model, theta, 3.0 * a), _expected(longer, theta, a), rtol=1e-12)
    halves = [a * [1.0, *np.zeros(a.shape[1] - 1)], a * [0.0, *np.ones(a.shape[1] - 1)]]
    total = sum(_expected(model, theta, half) for half in halves)
    np.testing.assert_allclose(total, _expected(model, theta, a), rtol=1e-12)


@pytest.mark.parametrize("background", ["constant", "linear", "shirley", "tougaard"])
def test_a_rising_axis_is_a_falling_one_backwards(background: str) -> None:
    series = series_of_lines.simulate(2, 5e3, background)
    model = series.task.model
    rising = lines.Lines(
        model.scheme, (np.ascontiguousarray(model.binding_energy_ev[0][:, ::-1]),), model.time_per_channel_s
    )
    one, other = (_expected(of, series.theta, series.coefficients) for of in (model, rising))
    np.testing.assert_allclose(other[:, ::-1], one, rtol=1e-10)


@pytest.mark.parametrize("background", ["linear", "shirley", "tougaard"])
def test_axes_of_their_own_are_no_matter_of_company(background: str) -> None:
    """Spectra on shifted and on differently spaced axes, together and alone, to the bit."""
    series = series_of_lines.simulate(4, 5e3, background)
    axes = np.stack(
        [series_of_lines.ENERGY * stretch + shift for stretch, shift in ((1, 0), (1, 0.3), (1.02, 0), (1, 0))]
    )
    model = lines.Lines(series.task.model.scheme, (axes,), series.task.model.time_per_channel_s)
    whole = model.shape(series.theta, np.arange(4))
    for i in range(4):
        alone = model.shape(series.theta[[i]], np.array([i]))
        assert np.array_equal(alone.columns[0], whole.columns[i])
        slopes = (of.derivatives(series.coefficients[who]) for of, who in ((alone, [i]), (whole, slice(None))))
        assert np.array_equal(next(slopes)[0], next(slopes)[i])


@pytest.mark.parametrize("shift_ev", [0.0, 0.1])
def test_spectra_that_start_alike_have_the_lines_of_each_alone(shift_ev: float) -> None:
    """To the bit: one axis, where lines are made once for all, and two."""
    series = series_of_lines.simulate(3, 5e3)
    axes = series_of_lines.ENERGY + shift_ev * np.array([[0.0], [1.0], [0.0]])
    model = lines.Lines(series.task.model.scheme, (axes,), (np.array([2.0, 3.0, 0.5]),))
    whole = model.shape(series.start, np.arange(3))
    for i in range(3):
        alone = model.shape(series.start[[i]], np.array([i]))
        assert np.array_equal(alone.columns[0], whole.columns[i])
        slopes = [of.derivatives(series.coefficients[who]) for of, who in ((alone, [i]), (whole, slice(None)))]
        assert np.array_equal(slopes[0][0], slopes[1][i])
    among_others = model.shape(np.concatenate([series.start[:2], series.theta[2:]]), np.arange(3))
    assert np.array_equal(among_others.columns[:2], whole.columns[:2])


def test_lines_carried_by_a_coefficient_are_its_column_without_a_baseline() -> None:
    series = series_of_lines.simulate(2, 5e3)
    model, who = series.task.model, np.arange(2)
    columns = model.shape(series.theta, who).columns
    for coefficient in (0, 1):
        own = model.carried_by(coefficient).shape(series.theta, who).columns
        np.testing.assert_allclose(own[:, coefficient], columns[:, coefficient], rtol=1e-12)
        assert not own[:, 2].any()
        assert not own[:, 1 - coefficient].any()


def test_lines_carried_by_a_ratio_are_those_it_multiplies_per_unit_of_it() -> None:
    model, theta, a = _two_regions(), np.array([[30.2, 0.9, 2.4, 0.05, 0.0]]), np.array([[1000.0, 40.0, 70.0]])
    own = model.carried_by(3 + 2).shape(theta, np.array([0])).columns
    expected = np.matmul(a[:, None], own)[0, 0]
    slope = model.shape(theta, np.array([0])).derivatives(a)[0, 2]
    np.testing.assert_allclose(expected, slope, rtol=1e-10)
    assert not expected[:120].any()


def test_a_region_knows_which_coefficients_and_parameters_its_lines_touch() -> None:
    first, second = _two_regions().scheme.regions
    assert (first.inside, first.touched) == (slice(0, 1), slice(0, 2))
    assert (second.inside, second.touched) == (slice(0, 1), slice(0, 4))
    assert _mixed().scheme.regions[0].touched == slice(0, 9)
