"""The solver on NIST's certified nonlinear regressions (StRD), all of which are separable once written so.

Starts 1 and 2 of every data set; linear parameters are not started, the solver projects them. Derivatives are complex
steps, exact to rounding. Certified values have 11 digits; at least 6 must come out. Nothing is bounded but the rates of
MGH17: they are those of decays, and a growing exponential leaves the range of numbers on its way from start 1.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from xps.separable import marquardt, projection

Array = NDArray[np.float64]
Columns = Callable[[NDArray[np.complex128], Array], list[NDArray[np.complex128]]]
DIGITS = 6


@dataclass(frozen=True)
class LeastSquares:
    """Values with fixed weights, which are no counts: the solver asks a likelihood for no more than this."""

    data: Array
    fixed_weights: Array
    quadratic = True

    def taken(self, which: NDArray[np.intp]) -> "LeastSquares":
        return LeastSquares(self.data[which], self.fixed_weights[which])

    def admissible(self, expected: Array) -> Array:
        return expected

    def weights(self, expected: Array) -> Array:
        return self.fixed_weights

    def objective(self, expected: Array) -> Array:
        return np.sum(self.fixed_weights * (self.data - expected) ** 2, axis=-1)


@dataclass(frozen=True)
class Problem:
    """Columns from (nonlinear parameters, x); certified parameters from (coefficients, nonlinear)."""

    nonlinear: tuple[int, ...]
    columns: Columns
    parameters: Callable[[Array, Array], list[float]] | None = None
    given: tuple[float, ...] = ()
    least: float = -np.inf


def _periods(t: NDArray[np.complex128], x: Array) -> list[NDArray[np.complex128]]:
    waves = [12.0 + 0 * t[0], t[0], t[1]]
    return [np.ones_like(x), *(f(2 * np.pi * x / period) for period in waves for f in (np.cos, np.sin))]


def _rational(powers_above: int, powers_below: int) -> Columns:
    def columns(t: NDArray[np.complex128], x: Array) -> list[NDArray[np.complex128]]:
        below = 1.0 + sum(t[i] * x ** (i + 1) for i in range(powers_below))
        return [x**i / below for i in range(powers_above)]

    return columns


def _by_rate(a: Array, t: Array) -> list[float]:
    return [value for rate, area in sorted(zip(t, a, strict=True)) for value in (area, rate)]


PROBLEMS = {
    "Misra1a": Problem((1,), lambda t, x: [1 - np.exp(-t[0] * x)]),
    "Misra1b": Problem((1,), lambda t, x: [1 - (1 + t[0] * x / 2) ** -2]),
    "Misra1c": Problem((1,), lambda t, x: [1 - (1 + 2 * t[0] * x) ** -0.5]),
    "Misra1d": Problem((1,), lambda t, x: [t[0] * x / (1 + t[0] * x)]),
    "BoxBOD": Problem((1,), lambda t, x: [1 - np.exp(-t[0] * x)]),
    "Chwirut1": Problem(
        (0, 2), lambda t, x: [np.exp(-t[0] * x) / (1 + t[1] * x)], lambda a, t: [t[0], 1 / a[0], t[1] / a[0]]
    ),
    "Chwirut2": Problem(
        (0, 2), lambda t, x: [np.exp(-t[0] * x) / (1 + t[1] * x)], lambda a, t: [t[0], 1 / a[0], t[1] / a[0]]
    ),
    "DanWood": Problem((1,), lambda t, x: [x ** t[0]]),
    "Eckerle4": Problem(
        (1, 2), lambda t, x: [np.exp(-0.5 * ((x - t[1]) / t[0]) ** 2) / t[0]], lambda a, t: [a[0], t[0], t[1]]
    ),
    "Gauss1": Problem(
        (1, 3, 4, 6, 7),
        lambda t, x: [
            np.exp(-t[0] * x),
            np.exp(-((x - t[1]) ** 2) / t[2] ** 2),
            np.exp(-((x - t[3]) ** 2) / t[4] ** 2),
        ],
        lambda a, t: [a[0], t[0], a[1], t[1], t[2], a[2], t[3], t[4]],
    ),
    "Lanczos3": Problem(
        (1, 3, 5),
        lambda t, x: [np.exp(-rate * x) for rate in t],
        _by_rate,
    ),
    "Lanczos2": Problem(
        (1, 3, 5),
        lambda t, x: [np.exp(-rate * x) for rate in t],
        _by_rate,
    ),
    "MGH09": Problem(
        (2, 3),
        lambda t, x: [x**2 / (x**2 + t[0] * x + t[1]), x / (x**2 + t[0] * x + t[1])],
        lambda a, t: [a[0], a[1] / a[0], t[0], t[1]],
    ),
    "MGH17": Problem(
        (3, 4),
        lambda t, x: [np.ones_like(x) + 0 * t[0], np.exp(-t[0] * x), np.exp(-t[1] * x)],
        lambda a, t: [*a, *t],
        least=0.0,
    ),
    "Rat42": Problem((1, 2), lambda t, x: [1 / (1 + np.exp(t[0] - t[1] * x))]),
    "Rat43": Problem((1, 2, 3), lambda t, x: [(1 + np.exp(t[0] - t[1] * x)) ** (-1 / t[2])]),
    "Roszman1": Problem(
        (2, 3),
        lambda t, x: [np.ones_like(x) + 0 * t[0], -x + 0 * t[0], -np.arctan(t[0] / (x - t[1])) / np.pi],
        lambda a, t: [a[0], a[1], *t],
        (np.nan, np.nan, 1.0),
    ),
    "ENSO": Problem((3, 6), _periods, lambda a, t: [a[0], a[1], a[2], t[0], a[3], a[4], t[1], a[5], a[6]]),
    "Kirby2": Problem((3, 4), _rational(3, 2), lambda a, t: [*a, *t]),
    "Hahn1": Problem((4, 5, 6), _rational(4, 3), lambda a, t: [*a, *t]),
    "Thurber": Problem((4, 5, 6), _rational(4, 3), lambda a, t: [*a, *t]),
    "Nelson": Problem((2,), lambda t, x: [np.ones(x.shape[1]) + 0 * t[0], -x[0] * np.exp(-t[0] * x[1])]),
}
PROBLEMS["Gauss2"] = PROBLEMS["Gauss3"] = PROBLEMS["Gauss1"]
# Chwirut's y = exp(−b1 x)/(b2 + b3 x) has 1/b2 as its coefficient and b3/b2 as its nonlinear parameter.
RATIO_STARTS = {"Chwirut1", "Chwirut2"}


def _read(path: Path) -> tuple[Array, Array, Array, Array]:
    """Return starts (2 × parameters), certified values, y and x."""
    lines = path.read_text().splitlines()
    rows = [
        re.findall(r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?", line.split("=")[1])
        for line in lines[:62]
        if re.match(r"\s+b\d+ =", line)
    ]
    numbers = np.array([[float(text) for text in row[:3]] for row in rows])
    begin = next(i for i, line in enumerate(lines) if i > 55 and line.startswith("Data:")) + 1
    data = np.array([[float(text) for text in line.split()] for line in lines[begin:] if line.strip()])
    x = data[:, 1] if data.shape[1] == 2 else data[:, 1:].T
    return numbers[:, :2].T, numbers[:, 2], data[:, 0], x


@dataclass(frozen=True)
class _At:
    columns: Array
    slopes: Array

    def jacobian(self, coefficients: Array) -> Array:
        return np.concatenate([self.columns, np.einsum("sl,splx->spx", coefficients, self.slopes)], axis=1)


@dataclass(frozen=True)
class _Model:
    problem: Problem
    x: Array

    def shape(self, theta: Array, who: NDArray[np.intp]) -> _At:
        columns = np.array([self._columns(row.astype(complex)).real for row in theta])
        step = 1e-30
        slopes = [
            [self._columns(row + 1j * step * np.eye(row.size)[i]).imag / step for i in range(row.size)] for row in theta
        ]
        return _At(columns, np.array(slopes))

    def _columns(self, row: NDArray[np.complex128]) -> NDArray[np.complex128]:
        size = self.x.shape[-1]
        return np.array(
            [np.broadcast_to(column, (size,)) for column in self.problem.columns(row, self.x)], dtype=complex
        )


@pytest.mark.filterwarnings("ignore:.*encountered in.*:RuntimeWarning")
@pytest.mark.parametrize("name", sorted(PROBLEMS))
@pytest.mark.parametrize("which", [0, 1])
def test_certified_values_are_reached_from_both_starts(name: str, which: int, shared_data: Path) -> None:
    problem = PROBLEMS[name]
    starts, certified, y, x = _read(shared_data / "nist_strd" / f"{name}.dat")
    if name == "Nelson":
        y = np.log(y)
    model = _Model(problem, x)
    coefficients = len(problem.columns(np.ones(len(problem.nonlinear), dtype=complex), x))
    start = starts[which, list(problem.nonlinear)][None]
    if name in RATIO_STARTS:
        start = start / np.array([[1.0, starts[which, 1]]])
    task = projection.Task(
        model,
        LeastSquares(y[None], np.full((1, y.size), 1.0 / np.var(y))),
        np.full(start.shape, problem.least),
        np.full(start.shape, np.inf),
        np.zeros(coefficients, dtype=bool),
        given=np.array([problem.given]) if problem.given else None,
    )
    found = marquardt.minimise(task, start, marquardt.Effort(decrement=1e-26, accepted=1e-8, evaluations=3000))
    a, t = found.point.coefficients[0], found.point.theta[0]
    if problem.parameters is not None:
        got = np.array(problem.parameters(a, t))
    else:
        linear = [i for i in range(certified.size) if i not in problem.nonlinear]
        got = np.empty(certified.size)
        got[list(problem.nonlinear)], got[linear] = t, a
    np.testing.assert_allclose(np.abs(got), np.abs(certified), rtol=10.0**-DIGITS)
