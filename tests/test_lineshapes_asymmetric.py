"""GL product, Doniach-Šunjić and LA against 30-digit arithmetic, their limits, tails and measured widths."""

import math
from collections.abc import Callable

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from xps import lineshapes
from xps.errors import ConfigError, FitError
from xps.lineshapes import drawing

Array = NDArray[np.float64]
OFFSETS = [-5.0, -1.0, -0.2, 0.0, 0.3, 1.0, 4.0, 15.0]


def gaussian_average(line: Callable[[mpmath.mpf], mpmath.mpf], x: mpmath.mpf, sigma: mpmath.mpf, bends: list) -> float:
    """Integral of line(x − u) times a normal density of u, split where either bends."""
    inner = [-4 * sigma, -sigma, 0, sigma, 4 * sigma, *(x - bend for bend in bends)]
    ends = [-12 * sigma, 12 * sigma]
    points = sorted({ends[0], ends[1], *(place for place in inner if ends[0] < place < ends[1])})
    density = sigma * mpmath.sqrt(2 * mpmath.pi)
    return mpmath.quad(lambda u: line(x - u) * mpmath.exp(-u * u / (2 * sigma**2)) / density, points)


def sigma_of(fwhm: float) -> mpmath.mpf:
    return mpmath.mpf(fwhm) / (2 * mpmath.sqrt(2 * mpmath.log(2)))


@pytest.mark.parametrize(("fwhm", "lorentz", "asymmetry"), [(1.3, 0.1, 0.12), (2.9, 2.1, 0.3), (1.2, 0.05, 0.02)])
def test_doniach_sunjic_agrees_with_its_integral(fwhm: float, lorentz: float, asymmetry: float) -> None:
    with mpmath.workdps(25):
        gamma, alpha = mpmath.mpf(lorentz) / 2, mpmath.mpf(asymmetry)
        turn = mpmath.exp(1j * mpmath.pi * alpha / 2)
        area = (turn * (gamma + 20j) ** alpha).imag / alpha
        sigma = sigma_of(float(lineshapes.gaussian_fwhm_ev(fwhm, lorentz)))

        def line(x: mpmath.mpf) -> mpmath.mpf:
            return (turn * (gamma + 1j * x) ** (alpha - 1)).real / area

        bends = [-5 * gamma, -gamma, 0, gamma, 5 * gamma]
        truth = [float(gaussian_average(line, mpmath.mpf(x), sigma, bends)) for x in OFFSETS]
    found = lineshapes.profile("doniach_sunjic", OFFSETS, 0.0, fwhm, lorentz, asymmetry).value
    np.testing.assert_allclose(found, truth, atol=1e-10 * max(truth))


@pytest.mark.parametrize(
    ("fwhm", "alpha", "beta", "gauss"), [(1.2, 1.2, 2.5, 0.6), (1.2, 0.8, 4.8, 0.05), (0.3, 1.5, 1.5, 1.5)]
)
def test_la_agrees_with_its_integral(fwhm: float, alpha: float, beta: float, gauss: float) -> None:
    with mpmath.workdps(25):
        big_f = mpmath.mpf(fwhm)
        sides = [mpmath.gamma(mpmath.mpf(p) - 0.5) / mpmath.gamma(mpmath.mpf(p)) for p in (alpha, beta)]
        area = big_f * mpmath.sqrt(mpmath.pi) / 4 * sum(sides)

        def line(x: mpmath.mpf) -> mpmath.mpf:
            return (1 + 4 * x * x / big_f**2) ** (-mpmath.mpf(alpha if x > 0 else beta)) / area

        bends = [-3 * big_f, -big_f / 2, 0, big_f / 2, 3 * big_f]
        truth = [float(gaussian_average(line, mpmath.mpf(x), sigma_of(gauss), bends)) for x in OFFSETS]
    found = lineshapes.profile("la", OFFSETS, 0.0, fwhm, alpha, beta, gauss).value
    np.testing.assert_allclose(found, truth, atol=1e-10 * max(truth))


@pytest.mark.parametrize("fraction", [0.0, 1e-3, 0.0099, 0.0101, 0.3, 0.7, 1.0])
def test_gl_product_is_the_published_formula_of_unit_area(fraction: float) -> None:
    with mpmath.workdps(30):
        m = mpmath.mpf(fraction)

        def raw(u: mpmath.mpf) -> mpmath.mpf:
            return mpmath.exp(-4 * mpmath.log(2) * (1 - m) * u * u) / (1 + 4 * m * u * u)

        half = mpmath.findroot(lambda u: raw(u) - mpmath.mpf(1) / 2, mpmath.mpf("0.5"))
        stretch = 2 * half / mpmath.mpf("1.3")
        points = [0, 0.5, 1, 2, 4, 10, 100, mpmath.inf]
        area = 2 * mpmath.quad(raw, points) / stretch
        truth = [float(raw(stretch * mpmath.mpf(x)) / area) for x in OFFSETS]
    np.testing.assert_allclose(
        lineshapes.profile("gl_product", OFFSETS, 0.0, 1.3, fraction).value, truth, atol=1e-12, rtol=1e-10
    )


def test_limits_of_the_gl_product_are_gaussian_and_lorentzian() -> None:
    energy = np.linspace(-4.0, 4.0, 41)
    for fraction, limit in ((0.0, lineshapes.gaussian), (1.0, lineshapes.lorentzian)):
        product = lineshapes.profile("gl_product", energy, 0.1, 1.3, fraction).value
        np.testing.assert_allclose(product, limit(energy, 0.1, 1.3), rtol=1e-12)


def test_without_asymmetry_a_doniach_sunjic_is_a_voigt_of_slightly_larger_area() -> None:
    energy = np.linspace(-6.0, 6.0, 61)
    line = lineshapes.profile("doniach_sunjic", energy, 0.0, 1.3, 0.3, 0.0).value
    inside = 0.5 + math.atan(lineshapes.DONIACH_SUNJIC_RANGE_EV / 0.15) / math.pi
    np.testing.assert_allclose(line * inside, lineshapes.voigt(energy, 0.0, 1.3, 0.3), atol=1e-10)


def test_la_of_exponents_one_is_a_voigt_and_without_gaussian_its_formula() -> None:
    energy, lorentz = np.linspace(-6.0, 6.0, 61), 0.5
    total = 1.3
    gauss = float(lineshapes.gaussian_fwhm_ev(total, lorentz))
    np.testing.assert_allclose(
        lineshapes.profile("la", energy, 0.0, lorentz, 1.0, 1.0, gauss).value,
        lineshapes.voigt(energy, 0.0, total, lorentz),
        atol=1e-12,
    )
    bare = lineshapes.profile("la", energy, 0.0, 1.2, 1.4, 3.0, 0.0).value
    ratio = bare / np.where(energy > 0, 1.0 / (1 + 4 * (energy / 1.2) ** 2) ** 1.4, (1 + 4 * (energy / 1.2) ** 2) ** -3)
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-12)
    np.testing.assert_allclose(lineshapes.profile("la", energy, 0.0, 1.2, 1.4, 3.0, 1e-4).value, bare, atol=1e-4)


@pytest.mark.parametrize("gauss", [1e-13, 1e-9, 1e-3])
def test_next_to_no_gaussian_is_nearly_the_bare_line(gauss: float) -> None:
    energy = np.linspace(-30.0, 30.0, 62)
    la = lineshapes.profile("la", energy, 0.0, 1.2, 1.4, 3.0, gauss).value
    np.testing.assert_allclose(la, lineshapes.profile("la", energy, 0.0, 1.2, 1.4, 3.0, 0.0).value, atol=1e-6)
    total = 1.2 * (1.0 + 0.01 * gauss)
    tailed = lineshapes.profile("doniach_sunjic", energy, 0.0, total, 1.2, 0.2).value
    bare = np.real(np.exp(0.1j * np.pi) * (0.6 + 1j * energy) ** -0.8)
    np.testing.assert_allclose(tailed / tailed[20], bare / bare[20], rtol=1e-5)


@given(st.floats(0.6, 3.0), st.floats(0.02, 0.4), st.floats(2.0, 10.0))
def test_tails_go_to_higher_binding_energy(fwhm: float, asymmetry: float, far: float) -> None:
    place = far * fwhm * np.array([-1.0, 1.0])
    for shape, own in (("doniach_sunjic", (0.1 * fwhm, asymmetry)), ("la", (1.0, 1.0 + 4.0 * asymmetry, 0.3 * fwhm))):
        low, high = lineshapes.profile(shape, place, 0.0, fwhm, *own).value
        assert high > 1.1 * low


@settings(max_examples=20)
@given(st.sampled_from(lineshapes.ASYMMETRIC), st.floats(0.4, 3.0), st.floats(0.02, 0.4), st.floats(-30.0, 30.0))
def test_measured_maximum_and_width_are_those_of_the_plot(shape: str, fwhm: float, asymmetry: float, at: float) -> None:
    own = (0.1 * fwhm, asymmetry) if shape == "doniach_sunjic" else (1.0, 1.0 + 4.0 * asymmetry, 0.3 * fwhm)
    energy = at + np.linspace(-4.0, 4.0, 16_001) * fwhm
    curve = lineshapes.profile(shape, energy, at, fwhm, *own, slopes=False).value
    step = float(energy[1] - energy[0])
    numbers = {"position_ev": at, "fwhm_ev": fwhm} | dict(zip(lineshapes.PARAMETERS[shape], own, strict=True))
    assert drawing.maximum_ev(shape, numbers) == pytest.approx(energy[np.argmax(curve)], abs=step + 1e-5 * fwhm)
    above = energy[curve >= 0.5 * curve.max()]
    assert drawing.fwhm_ev(shape, fwhm, *own) == pytest.approx(above[-1] - above[0], abs=3 * step)


def test_an_asymmetric_doublet_is_two_lines_with_the_area_of_both() -> None:
    energy = np.linspace(20.0, 40.0, 201)
    numbers = {"area_cps_ev": 90.0, "position_ev": 28.0, "fwhm_ev": 1.1, "lorentzian_fwhm_ev": 0.1, "asymmetry": 0.1}
    doublet = numbers | {"splitting_ev": 0.6, "area_ratio": 0.5, "fwhm_ratio": 1.2}
    lines = [
        area * lineshapes.profile("doniach_sunjic", energy, place, width, 0.1, 0.1).value
        for area, place, width in ((60.0, 28.0, 1.1), (30.0, 28.6, 1.32))
    ]
    np.testing.assert_allclose(drawing.component("doniach_sunjic", energy, doublet), sum(lines), rtol=1e-12)
    assert 28.0 < drawing.maximum_ev("doniach_sunjic", numbers) < drawing.maximum_ev("doniach_sunjic", doublet)


def test_symmetric_shapes_have_their_maximum_and_width_by_definition() -> None:
    for shape in set(lineshapes.SHAPES) - set(lineshapes.ASYMMETRIC):
        assert drawing.maximum_ev(shape, {"position_ev": 28.0, "fwhm_ev": 1.1}) == 28.0
        assert drawing.fwhm_ev(shape, 1.1, *([0.2] * len(lineshapes.PARAMETERS[shape]))) == 1.1


@pytest.mark.parametrize("shape", lineshapes.ASYMMETRIC)
def test_an_element_does_not_depend_on_its_array(shape: str) -> None:
    generator = np.random.default_rng(0)
    energy, widths = generator.uniform(-9, 9, (7, 1, 211)), generator.uniform(0.5, 2.0, (7, 3, 1))
    own = (0.1 * widths, 0.1) if shape == "doniach_sunjic" else (1.2, 2.5, 0.2 * widths)
    whole = lineshapes.profile(shape, energy, 0.0, widths, *own)
    part = lineshapes.profile(
        shape, energy[4:5], 0.0, widths[4:5, 1:], *(np.broadcast_to(o, (7, 3, 1))[4:5, 1:] for o in own)
    )
    for one, other in zip((*whole[:3], *whole.by_parameters), (*part[:3], *part.by_parameters), strict=True):
        assert np.array_equal(one[4:5, 1:], other)


def test_numbers_that_a_shape_does_not_take_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"la needs \(alpha, beta, gaussian_fwhm_ev\); found 1"):
        lineshapes.profile("la", 0.0, 0.0, 1.0, 0.3)
    with pytest.raises(FitError, match="has no Gaussian part"):
        lineshapes.profile("doniach_sunjic", 0.0, 0.0, 1.0, 1.0, 0.1)
