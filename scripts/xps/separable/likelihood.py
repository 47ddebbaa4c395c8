"""What is minimised: twice the negative log likelihood ratio of counts.

A ``Likelihood`` gives the solver two things: weights w with which the gradient of half the objective is
−Jᵀ w (n − µ) and its (expected) information Jᵀ w J. For Poisson w = 1/µ, taken from the model and not from the data:
iterating least squares with it reaches the exact maximum likelihood (P. J. Green, J. R. Stat. Soc. B 46 (1984) 149).
"""

from dataclasses import dataclass, field
from typing import ClassVar, Protocol, Self

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

# Expected counts never fall below this, so that a model without background keeps a finite likelihood.
LEAST_EXPECTED_COUNTS = 1e-6


class Likelihood(Protocol):
    """Data of many spectra (spectra × channels) and how far a model is from them."""

    @property
    def data(self) -> Array:
        """The data, spectra × channels."""
        ...

    @property
    def quadratic(self) -> bool:
        """Whether the weights do not depend on the model, so that the best coefficients are known in one step."""
        ...

    def taken(self, which: Indices) -> "Likelihood":
        """Return the likelihood of the spectra ``which``."""
        ...

    def admissible(self, expected: Array) -> Array:
        """Return expected values inside the domain of the likelihood."""
        ...

    def weights(self, expected: Array) -> Array:
        """Return the weight of each channel."""
        ...

    def objective(self, expected: Array) -> Array:
        """Return the objective of each spectrum."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Counts:
    """What the likelihoods of counts have in common."""

    data: Array

    def taken(self, which: Indices) -> Self:
        """Return the likelihood of the spectra ``which``."""
        return type(self)(self.data[which])

    def admissible(self, expected: Array) -> Array:
        """Return expected counts, raised to the least that any likelihood here knows."""
        return np.maximum(expected, LEAST_EXPECTED_COUNTS)


@dataclass(frozen=True, slots=True, eq=False)
class Poisson(_Counts):
    """Counts; the objective is the deviance 2 Σ [µ − n + n ln(n/µ)]."""

    quadratic: ClassVar[bool] = False

    def weights(self, expected: Array) -> Array:
        """Return 1/µ."""
        return 1.0 / expected

    def objective(self, expected: Array) -> Array:
        """Return the deviance of each spectrum."""
        # n ln(n/µ) − (n − µ): its rounding error is that of n, not that of Σ n ln n.
        ratio = np.maximum(self.data / expected, 1e-300)
        return np.asarray(2.0 * np.sum(self.data * np.log(ratio) - (self.data - expected), axis=-1))


@dataclass(frozen=True, slots=True, eq=False)
class Neyman(_Counts):
    """Squares weighted with 1/max(n, 1): what other programs minimise, low by about one count per channel."""

    quadratic: ClassVar[bool] = True
    fixed: Array = field(init=False)

    def __post_init__(self) -> None:
        """Weigh the channels."""
        object.__setattr__(self, "fixed", 1.0 / np.maximum(self.data, 1.0))

    def weights(self, expected: Array) -> Array:  # noqa: ARG002  the protocol's argument
        """Return 1/max(n, 1)."""
        return self.fixed

    def objective(self, expected: Array) -> Array:
        """Return the weighted sum of squares of each spectrum."""
        return np.asarray(np.sum(self.fixed * (self.data - expected) ** 2, axis=-1))


LIKELIHOODS: dict[str, type[Poisson] | type[Neyman]] = {"poisson": Poisson, "neyman": Neyman}
