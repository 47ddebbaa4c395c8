"""Laws of the line shapes: unit area, half maximum at half FWHM, shift, symmetry; derivatives; independent truths."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from xps import lineshapes
from xps.errors import ConfigError, FitError

positions = st.floats(-50.0, 1400.0)
widths = st.floats(0.1, 6.0)
shares = st.floats(0.0, 0.98)
shapes = st.sampled_from(lineshapes.SHAPES)
symmetric = st.sampled_from([shape for shape in lineshapes.SHAPES if shape not in lineshapes.ASYMMETRIC])
of_finite_area = st.sampled_from([shape for shape in lineshapes.SHAPES if shape != "doniach_sunjic"])


def numbers_of(shape: str, fwhm_ev: float, share: float) -> tuple[float, ...]:
    """The numbers of a shape, anywhere in their ranges, from one share in [0, 1)."""
    return {
        "voigt": (share * fwhm_ev,),
        "pseudo_voigt": (share,),
        "gl_product": (share,),
        "doniach_sunjic": (share * fwhm_ev, 0.3 * (1.0 - share)),
        "la": (1.0 + share, 3.0 - share, (0.2 + share) * fwhm_ev),
    }.get(shape, ())


def value(shape: str, energy: object, position: float, fwhm: float, share: float) -> np.ndarray:
    return lineshapes.profile(shape, energy, position, fwhm, *numbers_of(shape, fwhm, share)).value


@settings(max_examples=40)
@given(of_finite_area, positions, widths, shares)
def test_area_is_one(shape: str, position: float, fwhm: float, share: float) -> None:
    # E = position + F tan(u) maps all energies, Lorentzian tails included, onto a finite range.
    def integrand(u: float) -> float:
        return float(value(shape, position + fwhm * math.tan(u), position, fwhm, share)) * fwhm / math.cos(u) ** 2

    ends = ((-math.pi / 2 + 1e-9, 0.0), (0.0, math.pi / 2 - 1e-9))
    area = sum(quad(integrand, *end, epsabs=1e-11, epsrel=1e-11, limit=400)[0] for end in ends)
    assert area == pytest.approx(1.0, abs=2e-7)


@settings(max_examples=15)
@given(st.floats(0.3, 4.0), st.floats(0.01, 0.9), st.floats(0.0, 0.4))
def test_area_of_a_doniach_sunjic_is_that_up_to_its_stated_range(fwhm: float, share: float, asymmetry: float) -> None:
    end = lineshapes.DONIACH_SUNJIC_RANGE_EV

    def line(energy: float) -> float:
        return float(lineshapes.profile("doniach_sunjic", energy, 0.0, fwhm, share * fwhm, asymmetry).value)

    def below(u: float) -> float:
        return line(-fwhm * math.tan(u)) * fwhm / math.cos(u) ** 2

    area = quad(below, 0.0, math.pi / 2 - 1e-9, epsabs=1e-11, limit=400)[0]
    area += quad(line, 0.0, end, epsabs=1e-11, limit=400, points=[fwhm, 3 * fwhm])[0]
    # The Gaussian carries a little across the end of the range.
    assert area == pytest.approx(1.0, abs=2e-3 * asymmetry + 1e-4)


@given(symmetric, positions, widths, shares)
def test_half_maximum_lies_at_half_fwhm(shape: str, position: float, fwhm: float, share: float) -> None:
    top, half = value(shape, np.array([0.0, fwhm / 2]), 0.0, fwhm, share)
    assert half == pytest.approx(top / 2, rel=1e-9)


@given(shapes, positions, widths, shares, st.floats(-8, 8))
def test_shift_moves_the_profile(shape: str, position: float, fwhm: float, share: float, offset: float) -> None:
    at_zero = float(value(shape, offset, 0.0, fwhm, share))
    top = float(value(shape, 0.0, 0.0, fwhm, share))
    assert float(value(shape, position + offset, position, fwhm, share)) == pytest.approx(at_zero, abs=1e-9 * top)


@given(symmetric, widths, shares, st.floats(-8, 8))
def test_symmetric_shapes_are(shape: str, fwhm: float, share: float, offset: float) -> None:
    at = float(value(shape, offset, 0.0, fwhm, share))
    assert float(value(shape, -offset, 0.0, fwhm, share)) == pytest.approx(at, rel=1e-12)


@given(of_finite_area, widths, shares, st.floats(0.2, 5.0))
def test_a_stretched_axis_divides_the_height(shape: str, fwhm: float, share: float, factor: float) -> None:
    offsets = np.linspace(-2, 2, 9) * fwhm
    own = numbers_of(shape, fwhm, share)
    widths_too = [
        x * factor if "fwhm" in name else x for name, x in zip(lineshapes.PARAMETERS[shape], own, strict=True)
    ]
    stretched = lineshapes.profile(shape, factor * offsets, 0.0, factor * fwhm, *widths_too).value
    np.testing.assert_allclose(stretched * factor, value(shape, offsets, 0.0, fwhm, share), rtol=1e-9)


@given(shapes, widths, shares, st.floats(-3, 3))
def test_derivatives_are_the_slopes(shape: str, fwhm: float, share: float, reduced: float) -> None:
    offset, step = reduced * fwhm, 1e-4 * fwhm
    own = numbers_of(shape, fwhm, share)

    def at(position: float, width: float) -> float:
        return float(lineshapes.profile(shape, offset, position, width, *own).value)

    found = lineshapes.profile(shape, offset, 0.0, fwhm, *own)
    scale = at(offset, fwhm) / fwhm
    by_position = (at(step, fwhm) - at(-step, fwhm)) / (2 * step)
    by_fwhm = (at(0.0, fwhm + step) - at(0.0, fwhm - step)) / (2 * step)
    assert float(found.by_position) == pytest.approx(by_position, abs=2e-6 * scale)
    # At 98 % Lorentzian the Gaussian rest changes steeply with the width: the difference quotient errs, not we.
    assert float(found.by_fwhm) == pytest.approx(by_fwhm, abs=1e-4 * scale)


def mp_voigt(offset: str, sigma: mpmath.mpf, gamma: mpmath.mpf) -> mpmath.mpf:
    """Voigt profile by Re w(z) with w(z) = exp(−z²) erfc(−iz), in 40 digits."""
    z = (mpmath.mpf(offset) + 1j * gamma) / (sigma * mpmath.sqrt(2))
    return (mpmath.exp(-z * z) * mpmath.erfc(-1j * z)).real / (sigma * mpmath.sqrt(2 * mpmath.pi))


@pytest.mark.parametrize("lorentzian", ["0.004", "0.051", "0.5", "1.2", "1.4"])
def test_voigt_agrees_with_40_digit_arithmetic(lorentzian: str) -> None:
    total = 1.45
    with mpmath.workdps(40):
        gamma = mpmath.mpf(lorentzian) / 2

        def half_height(sigma: mpmath.mpf) -> mpmath.mpf:
            return mp_voigt("0.725", sigma, gamma) - mp_voigt("0", sigma, gamma) / 2

        sigma = mpmath.findroot(half_height, mpmath.sqrt(mpmath.mpf(total) ** 2 - 4 * gamma**2) / 2.5 + 0.001)
        offsets = ["0", "0.31", "0.725", "2.5", "9"]
        truth = [float(mp_voigt(offset, sigma, gamma)) for offset in offsets]
        gaussian_width = float(sigma * 2 * mpmath.sqrt(2 * mpmath.log(2)))
    found = lineshapes.voigt([float(offset) for offset in offsets], 0.0, total, float(lorentzian))
    gradient = lineshapes.profile("voigt", [float(offset) for offset in offsets], 0.0, total, float(lorentzian))
    assert float(lineshapes.gaussian_fwhm_ev(total, float(lorentzian))) == pytest.approx(gaussian_width, rel=1e-10)
    np.testing.assert_allclose(found, truth, atol=1e-11 * truth[0])
    np.testing.assert_allclose(gradient.value, truth, atol=1e-11 * truth[0])


def test_limits_of_the_voigt_are_gaussian_and_lorentzian() -> None:
    energy = np.linspace(-5, 5, 41)
    np.testing.assert_allclose(lineshapes.voigt(energy, 0, 1.2, 0.0), lineshapes.gaussian(energy, 0, 1.2), rtol=1e-10)
    np.testing.assert_allclose(lineshapes.voigt(energy, 0, 1.2, 1.2), lineshapes.lorentzian(energy, 0, 1.2), rtol=1e-12)
    almost = lineshapes.voigt(energy, 0, 1.2, 1.2 * (1 - 1e-9))
    np.testing.assert_allclose(almost, lineshapes.lorentzian(energy, 0, 1.2), rtol=1e-7)


def test_pseudo_voigt_is_the_sum_of_its_parts() -> None:
    energy = np.linspace(-5, 5, 41)
    parts = 0.3 * lineshapes.lorentzian(energy, 0.4, 1.2) + 0.7 * lineshapes.gaussian(energy, 0.4, 1.2)
    np.testing.assert_allclose(lineshapes.pseudo_voigt(energy, 0.4, 1.2, 0.3), parts, rtol=1e-14)


def test_peak_heights_are_the_textbook_ones() -> None:
    assert float(lineshapes.gaussian(0, 0, 1.0)) == pytest.approx(2 * math.sqrt(math.log(2) / math.pi))
    assert float(lineshapes.lorentzian(0, 0, 1.0)) == pytest.approx(2 / math.pi)


def test_many_lines_at_once_are_columns() -> None:
    energy = np.linspace(20, 40, 201)[:, None]
    columns = lineshapes.voigt(energy, [28.0, 32.5], [1.1, 1.35], [0.051, 0.051])
    assert columns.shape == (201, 2)
    np.testing.assert_allclose(columns[:, 1], lineshapes.voigt(energy[:, 0], 32.5, 1.35, 0.051), rtol=1e-12)


def test_unknown_shape_is_refused_with_the_allowed_ones() -> None:
    with pytest.raises(ConfigError, match=r"'doniach'.*voigt, gaussian, lorentzian, pseudo_voigt"):
        lineshapes.profile("doniach", 0.0, 0.0, 1.0)


@pytest.mark.parametrize(("total", "lorentzian"), [(1.0, 1.1), (1.0, -0.1), (0.0, 0.0), (-1.0, 0.0), (math.nan, 0.1)])
def test_impossible_widths_are_refused(total: float, lorentzian: float) -> None:
    with np.errstate(all="ignore"), pytest.raises(FitError, match="Lorentzian FWHM"):
        lineshapes.voigt(0.0, 0.0, total, lorentzian)


def test_a_voigt_without_gaussian_part_has_no_derivatives() -> None:
    with pytest.raises(FitError, match="use lorentzian"):
        lineshapes.profile("voigt", 0.0, 0.0, 1.0, 1.0)
