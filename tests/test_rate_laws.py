"""Rate laws as formulas: their values, limits and the units their parameters carry."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xps import rate_laws

TIME = np.array([0.0, 10.0, 100.0, 1000.0])
number = st.floats(-1e4, 1e4)
rate = st.floats(1e-6, 1.0)


def test_every_law_starts_at_y0():
    parameters = {"y0": 7.0, "r": 2.0, "a": 3.0, "y_inf": 1.0, "k": 0.1}
    for law in rate_laws.LAWS:
        assert rate_laws.evaluate(law, parameters, np.zeros(1))[0] == 7.0


@given(number, number, rate)
def test_exponential_is_the_textbook_formula(y0: float, y_inf: float, k: float):
    found = rate_laws.evaluate("exponential", {"y0": y0, "y_inf": y_inf, "k": k}, TIME)
    np.testing.assert_allclose(found, y_inf + (y0 - y_inf) * np.exp(-k * TIME), rtol=1e-12, atol=1e-9)


@given(number, number)
def test_linear_and_parabolic_differ_only_in_the_clock(y0: float, slope: float):
    linear = rate_laws.evaluate("linear", {"y0": y0, "r": slope}, np.sqrt(TIME))
    np.testing.assert_allclose(rate_laws.evaluate("parabolic", {"y0": y0, "a": slope}, TIME), linear)


@given(number, st.floats(0.1, 1e4), rate)
def test_exponential_goes_half_way_in_ln2_over_k(y0: float, change: float, k: float):
    half = rate_laws.evaluate("exponential", {"y0": y0, "y_inf": y0 + change, "k": k}, np.array([np.log(2) / k]))
    assert half[0] == pytest.approx(y0 + change / 2, rel=1e-9, abs=1e-9)


def test_a_law_lists_its_rate_last_and_gives_a_power_of_time_for_each_coefficient():
    for law in rate_laws.LAWS.values():
        assert len(law.powers) == len(law.coefficients)
        assert (law.parameters[-1] == "k") is law.has_rate
        assert law.basis(TIME, 0.1).shape == (4, len(law.coefficients))
