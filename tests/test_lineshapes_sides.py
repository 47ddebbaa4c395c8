"""The convolved sides of LA against dense integrals, over any ratio of the widths, and their laws."""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from xps.lineshapes import sides

Array = NDArray[np.float64]
# Between nodes, at a seam between two of them, and on both sides of where the far sums begin.
PLACES = np.array([-30.0, -9.01, -8.99, -5.3, -1.0001, -0.9999, 0.0, 0.7, 3.1, 7.2, 8.99, 9.01, 25.0])


Weight = Callable[[Array, Array], Array]
_POINTS, _WEIGHTS = np.polynomial.legendre.leggauss(40)


def _side(x: float, ratio: float, power: float, weight: Weight) -> float:
    """Integral over one side by Gauss-Legendre sums between bends so dense that each part is smooth."""
    bends = np.concatenate([ratio * 2.0 ** np.arange(-4, 14), x + np.arange(-12.0, 12.5, 0.5)])
    ends = np.unique(np.concatenate([[0.0], bends[(bends > 0.0) & (bends <= max(x + 12.0, 0.0))]]))
    half, middle = 0.5 * np.diff(ends)[:, None], 0.5 * (ends[1:] + ends[:-1])[:, None]
    u = middle + half * _POINTS
    square = 1.0 + 4.0 * (u / ratio) ** 2
    density = square**-power * np.exp(-0.5 * (x - u) ** 2) / np.sqrt(2.0 * np.pi)
    return float(np.sum(half * _WEIGHTS * weight(x - u, square) * density))


def truth(x: float, ratio: float, powers: tuple[float, float]) -> list[float]:
    """Sum of both sides, its derivatives by x, and those by the exponents."""
    weights: tuple[Weight, ...] = (lambda far, _: far**0, lambda far, _: -far, lambda far, _: far**2 - 1.0)
    # Of the mirrored side the slope turns its sign.
    whole = [
        _side(x, ratio, powers[0], weight) + (-1.0) ** k * _side(-x, ratio, powers[1], weight)
        for k, weight in enumerate(weights)
    ]
    sides_of = ((x, powers[0]), (-x, powers[1]))
    return whole + [_side(side, ratio, power, lambda _, square: -np.log(square)) for side, power in sides_of]


@pytest.mark.parametrize("ratio", [0.05, 0.7, 4.0, 19.0, 21.0, 200.0])
@pytest.mark.parametrize("powers", [(0.7, 1.0), (1.2, 3.0), (6.0, 0.9)])
def test_sides_and_derivatives_agree_with_their_integrals(ratio: float, powers: tuple[float, float]) -> None:
    wanted = np.array([truth(x, ratio, powers) for x in PLACES]).T
    exponents = (np.array([powers[0]]), np.array([powers[1]]))
    found = sides.convolved(PLACES[None], np.array([ratio]), exponents, True)
    peak = float(np.max(wanted[0]))
    for got, true, error in zip(found, wanted, (1e-11, 5e-11, 5e-10, 5e-11, 5e-11), strict=True):
        np.testing.assert_allclose(got[0], true, rtol=0.0, atol=error * peak)


def test_what_is_not_wanted_is_left_out_and_changes_nothing() -> None:
    x, ratio, powers = PLACES[None], np.array([3.0]), (np.array([1.1]), np.array([2.0]))
    bare, full = (sides.convolved(x, ratio, powers, wanted) for wanted in (False, True))
    assert (len(bare), len(full)) == (3, 5)
    for one, other in zip(bare, full, strict=False):
        np.testing.assert_allclose(one, other, rtol=1e-13, atol=1e-15)


def test_mirrored_lines_have_mirrored_sides() -> None:
    x, ratio = np.linspace(-12.0, 12.0, 97)[None], np.array([2.5])
    one = sides.convolved(x, ratio, (np.array([1.3]), np.array([2.2])), True)
    other = sides.convolved(-x, ratio, (np.array([2.2]), np.array([1.3])), True)
    for k, sign in ((0, 1.0), (1, -1.0), (2, 1.0)):
        np.testing.assert_allclose(one[k], sign * other[k], atol=1e-13)
    np.testing.assert_allclose(one[3], other[4], atol=1e-13)


def test_stiff_lines_spoil_no_others() -> None:
    x = np.linspace(-12.0, 12.0, 55)
    ratio, powers = np.array([2.0, 300.0, 8.0]), (np.array([0.8, 1.4, 2.0]), np.array([1.5, 0.9, 3.0]))
    whole = sides.convolved(np.tile(x, (3, 1)), ratio, powers, True)
    for i in range(3):
        alone = sides.convolved(x[None], ratio[[i]], (powers[0][[i]], powers[1][[i]]), True)
        for one, other in zip(alone, whole, strict=True):
            assert np.array_equal(one[0], other[i])
