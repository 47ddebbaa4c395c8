"""Line shapes and all their derivatives against mpmath, scipy and finite differences."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import wofz

from xps import lineshapes
from xps.errors import FitError
from xps.lineshapes.faddeeva import faddeeva, first_quadrant
from xps.lineshapes.widths import gaussian_width

Array = NDArray[np.float64]
ENERGY = np.linspace(-6.0, 6.0, 25)
POSITION = 0.13


def _central(function, at: float, step: float = 1e-5) -> Array:
    return (function(at + step) - function(at - step)) / (2.0 * step)


def test_faddeeva_is_the_function_that_scipy_knows() -> None:
    x, y = np.meshgrid(np.linspace(-60.0, 60.0, 4001), [0.0, 1e-4, 0.02, 0.3, 1.0, 3.0, 20.0])
    np.testing.assert_allclose(faddeeva(x + 1j * y), wofz(x + 1j * y), atol=1e-13)


def test_faddeeva_of_an_element_does_not_depend_on_its_array() -> None:
    z = np.random.default_rng(0).normal(size=(97, 211)) * 5.0 + 0.07j
    whole = faddeeva(z)
    for rows in (slice(0, 1), slice(3, 5), slice(50, 97)):
        assert np.array_equal(faddeeva(z[rows].copy()), whole[rows])


def test_faddeeva_near_the_axis_and_beyond_its_grid_is_the_function_that_scipy_knows() -> None:
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.uniform(0.0, 34.0, (40, 500)), rng.uniform(0.0, 3.0, (40, 500))], axis=1)
    y = np.concatenate([[[0.0], [1e-9]], rng.uniform(0.0, 0.1, (19, 1)), rng.uniform(0.0, 3.0, (19, 1))])
    z = x + 1j * y
    found, truth = first_quadrant(x, y), wofz(x + 1j * y)
    np.testing.assert_allclose(found, truth, atol=1e-12)
    # In relative terms too, as far as the Gaussian core and the Lorentzian tail reach.
    np.testing.assert_allclose(found, truth, rtol=1e-11)
    np.testing.assert_allclose(z * found, z * truth, atol=1e-11)


def test_faddeeva_in_the_first_quadrant_of_an_element_does_not_depend_on_its_array() -> None:
    x = np.random.default_rng(2).uniform(0.0, 40.0, (30, 101))
    y = np.random.default_rng(3).uniform(0.0, 4.0, (30, 1))
    whole = first_quadrant(x, y)
    for row in range(30):
        assert np.array_equal(first_quadrant(x[row], y[row]), whole[row])
        assert first_quadrant(x[row, 7:8].copy(), y[row]) == whole[row, 7]


def _voigt(e: mpmath.mpf, gauss: mpmath.mpf, lorentz: mpmath.mpf) -> mpmath.mpf:
    sigma = gauss / (2 * mpmath.sqrt(2 * mpmath.log(2)))
    z = (e + 0.5j * lorentz) / (sigma * mpmath.sqrt(2))
    return mpmath.re(mpmath.exp(-z * z) * mpmath.erfc(-1j * z)) / (sigma * mpmath.sqrt(2 * mpmath.pi))


def _gauss_of(total: mpmath.mpf, lorentz: mpmath.mpf) -> mpmath.mpf:
    start = mpmath.mpf(float(lineshapes.gaussian_fwhm_ev(float(total), float(lorentz))))
    return mpmath.findroot(lambda g: 2 * _voigt(total / 2, g, lorentz) - _voigt(mpmath.mpf(0), g, lorentz), start)


@pytest.mark.parametrize(("total", "lorentz"), [("1.3", "0.05"), ("2.6", "2.1"), ("1.0", "0.5")])
def test_voigt_and_every_derivative_agree_with_mpmath(total: str, lorentz: str) -> None:
    with mpmath.workdps(40):
        big_f, big_l, h = mpmath.mpf(total), mpmath.mpf(lorentz), mpmath.mpf(10) ** -10
        gauss = _gauss_of(big_f, big_l)
        by_total = (_gauss_of(big_f + h, big_l) - _gauss_of(big_f - h, big_l)) / (2 * h)
        by_lorentz = (_gauss_of(big_f, big_l + h) - _gauss_of(big_f, big_l - h)) / (2 * h)
        truth = []
        for e in ENERGY:
            x = mpmath.mpf(float(e)) - mpmath.mpf(POSITION)
            by_x = (_voigt(x + h, gauss, big_l) - _voigt(x - h, gauss, big_l)) / (2 * h)
            by_g = (_voigt(x, gauss + h, big_l) - _voigt(x, gauss - h, big_l)) / (2 * h)
            by_l = (_voigt(x, gauss, big_l + h) - _voigt(x, gauss, big_l - h)) / (2 * h)
            truth.append(
                [float(v) for v in (_voigt(x, gauss, big_l), -by_x, by_g * by_total, by_l + by_g * by_lorentz)]
            )
        peak = float(_voigt(mpmath.mpf(0), gauss, big_l))
    found = lineshapes.profile("voigt", ENERGY, POSITION, float(total), float(lorentz))
    for got, want in zip(found, np.array(truth).T, strict=True):
        assert np.max(np.abs(got - want)) < 1e-10 * peak


OWN = [
    *(("voigt", (mixing,)) for mixing in (1e-4, 0.02, 0.3, 0.9)),
    *((shape, (mixing,)) for shape in ("pseudo_voigt", "gl_product") for mixing in (1e-3, 0.0098, 0.012, 0.3, 0.9)),
    ("gaussian", ()),
    ("lorentzian", ()),
    *(("doniach_sunjic", own) for own in ((0.02, 0.05), (0.1, 1e-4), (0.9, 0.3), (0.3, 0.45))),
    *(("la", own) for own in ((1.2, 2.5, 0.6), (0.7, 4.0, 0.1), (1.5, 1.5, 2.0))),
]


@pytest.mark.parametrize(("shape", "own"), OWN)
def test_derivatives_are_derivatives(shape: str, own: tuple[float, ...]) -> None:
    found = lineshapes.profile(shape, ENERGY, POSITION, 1.4, *own)
    numbers = (POSITION, 1.4, *own)
    for place, got in enumerate((*found[1:3], *found.by_parameters)):

        def at(number: float, place: int = place) -> Array:
            return lineshapes.profile(shape, ENERGY, *numbers[:place], number, *numbers[place + 1 :]).value

        np.testing.assert_allclose(got, _central(at, numbers[place]), atol=5e-9)


@given(st.floats(0.3, 4.0), st.floats(0.0, 0.97))
def test_half_the_maximum_lies_at_half_the_fwhm(total: float, ratio: float) -> None:
    at_half, at_centre = lineshapes.profile("voigt", np.array([0.5 * total, 0.0]), 0.0, total, ratio * total).value
    assert at_half == pytest.approx(0.5 * at_centre, rel=1e-10)


def test_gaussian_width_of_a_pure_lorentzian_is_zero_and_beyond_is_refused() -> None:
    assert gaussian_width(1.0, 1.0).value == 0.0
    with pytest.raises(FitError, match="Lorentzian"):
        gaussian_width(1.0, 1.01)
