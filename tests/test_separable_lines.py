"""Columns and derivatives of the XPS model: finite differences, every background, fitted ratios, two regions."""

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


def test_fitted_ratio_scales_the_second_region_only() -> None:
    model, theta, a = _two_regions(), np.array([[30.2, 0.9, 2.4, 0.05, 0.0]]), np.array([[1000.0, 0.0, 0.0]])
    doubled = theta * [1.0, 1.0, 2.0, 1.0, 1.0]
    one, two = _expected(model, theta, a)[0], _expected(model, doubled, a)[0]
    np.testing.assert_allclose(two[:120], one[:120])
    np.testing.assert_allclose(two[120:], 2.0 * one[120:])
