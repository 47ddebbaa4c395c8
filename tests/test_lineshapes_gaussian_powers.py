"""The Gaussian average of a complex power against the parabolic cylinder function of mpmath, and its laws."""

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import wofz

from xps.lineshapes.gaussian_powers import average

Array = NDArray[np.float64]
# Between nodes, at the seams between two of them, and on both sides of where the asymptotic series begins.
IMAGINARY = np.array([0.0, 0.3, 0.4999, 0.5001, 1.7, 3.5, 6.2, 8.4999, 8.5001, 8.99, 9.01, 14.0, 60.0])


def truth(w: complex, power: float) -> tuple[complex, complex, complex]:
    """F = e^{w²/4} D_{−ν}(w) and its derivatives by w and ν."""
    with mpmath.workdps(40):
        step = mpmath.mpf(10) ** -13

        def function(z: mpmath.mpc, nu: mpmath.mpf) -> mpmath.mpc:
            return mpmath.exp(z * z / 4) * mpmath.pcfd(-nu, z)

        z, nu = mpmath.mpc(w), mpmath.mpf(power)
        by_z = (function(z + step, nu) - function(z - step, nu)) / (2 * step)
        by_nu = (function(z, nu + step) - function(z, nu - step)) / (2 * step)
        return complex(function(z, nu)), complex(by_z), complex(by_nu)


@pytest.mark.parametrize("real", [0.0, 0.02, 0.4, 2.5, 8.0, 20.0])
@pytest.mark.parametrize("power", [1.0, 0.9, 0.35])
def test_average_and_derivatives_agree_with_forty_digits(real: float, power: float) -> None:
    wanted = np.array([truth(complex(real, y), power) for y in IMAGINARY]).T
    found = average(np.array([real]), IMAGINARY[None], np.array([power]), True)
    for got, true in zip(found, wanted, strict=True):
        assert got is not None
        np.testing.assert_allclose(got[0], true, rtol=0.0, atol=2e-12)


@given(st.floats(0.0, 30.0), st.floats(0.0, 30.0))
def test_the_first_power_is_the_faddeeva_function(real: float, imaginary: float) -> None:
    found = average(np.array([real]), np.array([[imaginary]]), np.array([1.0]), False)
    assert found.by_power is None
    z = 1j * complex(real, imaginary) / np.sqrt(2.0)
    # Im w >= 0 turns to Re z <= 0, where w(−z*) = w(z)*.
    assert found.value[0, 0] == pytest.approx(np.sqrt(0.5 * np.pi) * wofz(z), abs=1e-12)


def test_an_element_does_not_depend_on_its_array() -> None:
    generator = np.random.default_rng(0)
    real, power = generator.uniform(0.0, 5.0, 9), generator.uniform(0.5, 1.0, 9)
    imaginary = generator.uniform(0.0, 15.0, (9, 41))
    whole = average(real, imaginary, power, True)
    for lines, channels in ((slice(3, 4), slice(None)), (slice(2, 7), slice(10, 12)), (slice(8, 9), slice(5, 6))):
        part = average(real[lines], imaginary[lines, channels], power[lines], True)
        for one, other in zip(part, whole, strict=True):
            assert one is not None
            assert other is not None
            assert np.array_equal(one, other[lines, channels])
