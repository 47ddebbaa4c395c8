"""Rate laws over time as formulas: what ``kinetics`` fits and ``figures`` draws (numpy only).

    constant     y = y0                                       (the null every other law has to beat)
    linear       y = y0 + r t                                 constant rate: supply or reaction limited
    parabolic    y = y0 + a sqrt(t)                           diffusion through the growing layer
    exponential  y = y_inf + (y0 - y_inf) exp(-k t)           first order towards a final value

Each law is linear in its coefficients once its rate k, if it has one, is given.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Law:
    """One rate law: ``coefficients`` times the columns of ``basis(t, k)``, (n, coefficients), and k if ``has_rate``.

    ``powers`` says for each coefficient which power of time divides its unit. Of several rates k (rates, 1), the basis
    has one per rate, (rates, n, coefficients).
    """

    equation: str
    coefficients: tuple[str, ...]
    powers: tuple[float, ...]
    basis: Callable[[Floats, float | Floats], Floats]
    has_rate: bool = False

    @property
    def parameters(self) -> tuple[str, ...]:
        """Names in the order of the rows: coefficients, then k."""
        return (*self.coefficients, "k") if self.has_rate else self.coefficients


def _columns(*columns: Floats) -> Floats:
    return np.stack(columns, axis=-1)


def _constant(t: Floats, _: float | Floats) -> Floats:
    return _columns(np.ones_like(t))


def _linear(t: Floats, _: float | Floats) -> Floats:
    return _columns(np.ones_like(t), t)


def _parabolic(t: Floats, _: float | Floats) -> Floats:
    return _columns(np.ones_like(t), np.sqrt(t))


def _exponential(t: Floats, k: float | Floats) -> Floats:
    return _columns(-np.expm1(-k * t), np.exp(-k * t))


LAWS: Mapping[str, Law] = {
    "constant": Law("y0", ("y0",), (0.0,), _constant),
    "linear": Law("y0 + r t", ("y0", "r"), (0.0, 1.0), _linear),
    "parabolic": Law("y0 + a sqrt(t)", ("y0", "a"), (0.0, 0.5), _parabolic),
    "exponential": Law("y_inf + (y0 - y_inf) exp(-k t)", ("y_inf", "y0"), (0.0, 0.0), _exponential, has_rate=True),
}


def evaluate(law: str, parameters: Mapping[str, float], time_s: Floats) -> Floats:
    """Return the law's value at ``time_s`` (s) for parameters named as in the kinetics table."""
    form = LAWS[law]
    coefficients = np.array([parameters[name] for name in form.coefficients])
    values: Floats = form.basis(np.asarray(time_s, dtype=np.float64), parameters.get("k", 0.0)) @ coefficients
    return values
