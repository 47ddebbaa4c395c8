"""A stack of films on a substrate: intensities from thicknesses, and thicknesses from intensities.

Each layer has one tracer, a core level of an element whose area is measured in it. With N films there are N + 1 areas
for N thicknesses and the common intensity factor, so no absolute calibration is needed. Films marked as patches cover
the same share of the surface, all others the whole of it; a thickness is always that of the covered places.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.attenuation import RELATIVE_STDERR
from xps.least_squares import minimum

Floats = NDArray[np.float64]

_SOLVED = 1e-6
# Standard deviations of the areas per nm: a film that its lines would only know to 100 nm is just thick.
_FELT = 0.01


@dataclass(frozen=True, eq=False)
class Stack:
    """Layers from the surface down, the substrate last.

    ``strengths`` (layers,): sensitivity × atoms per nm³ of each layer's tracer. ``lengths_nm`` (layers, layers): those
    of each layer's tracer line (axis 0) in each layer (axis 1). ``patches`` (layers,): covers only ``coverage``.
    """

    strengths: Floats
    lengths_nm: Floats
    patches: NDArray[np.bool_]
    coverage: float = 1.0

    @property
    def films(self) -> int:
        """Number of layers above the substrate."""
        return self.strengths.size - 1

    def intensities(self, thickness_nm: Floats) -> Floats:
        """Return each tracer's intensity (layers,) for the films' thicknesses (films,), up to one common factor."""
        seen = self._seen_nm(thickness_nm)
        if self.coverage < 1.0 and self.patches.any():
            bare = self._seen_nm(np.where(self.patches[:-1], 0.0, thickness_nm))
            seen = self.coverage * seen + (1.0 - self.coverage) * bare
        return self.strengths * seen

    def _seen_nm(self, thickness_nm: Floats) -> Floats:
        """Return how many nm of its own layer each tracer's line shows, as ``attenuation.stack_lengths_nm``.

        A solution asks for it some hundred times: of the lengths only those in layers above are looked at.
        """
        own = self._own_nm
        return np.asarray(-own * np.expm1(-np.append(thickness_nm, np.inf) / own) * np.exp(-self._above @ thickness_nm))

    @cached_property
    def _own_nm(self) -> Floats:
        return np.diagonal(self.lengths_nm)

    @cached_property
    def _above(self) -> Floats:
        """Attenuation of each tracer's line per nm of each film above it, (layers, films)."""
        return np.tril(1.0 / self.lengths_nm, -1)[:, :-1]

    def scaled(self, factor: float) -> "Stack":
        """Return the stack with all attenuation lengths times ``factor``: they are wrong together if at all."""
        return replace(self, lengths_nm=self.lengths_nm * factor)


class Thicknesses(NamedTuple):
    """Thicknesses of the films (films,) in nm, their statistical and mean-free-path errors, and whether it worked.

    ``misfit`` is the least χ² of the areas over what the mean free paths may be: 0 where the stack can make them.
    ``fit_stderr_nm`` is what the areas' systematic errors make of the thicknesses; None where none were given.
    """

    value_nm: Floats
    stderr_nm: Floats
    imfp_stderr_nm: Floats
    success: bool
    misfit: float
    fit_stderr_nm: Floats | None = None


def thicknesses(
    stack: Stack, areas: Floats, stderrs: Floats, near_nm: Floats | None = None, systematics: Floats | None = None
) -> Thicknesses:
    """Return the films' thicknesses that make the measured ``areas`` (layers,), in cps·eV with their ``stderrs``.

    Thicknesses are at least 0. The systematic error is the change when all mean free paths grow by their relative
    standard error (see ``attenuation``). ``near_nm`` (films,) is where to look, if a like stack's answer is known.
    ``systematics`` (layers,) are systematic standard errors of the areas, independent of each other.
    """
    value, jacobian, success, misfit = _solved(stack, areas, stderrs, near_nm)
    stderr = _stderrs(jacobian)[1:]
    of_fits = None if systematics is None else _stderrs(jacobian, systematics / stderrs)[1:]
    longer, _, again, other = _solved(stack.scaled(1.0 + RELATIVE_STDERR), areas, stderrs, value)
    misfit = min(misfit, other)
    if misfit > _SOLVED:
        misfit = min(misfit, _solved(stack.scaled(1.0 - RELATIVE_STDERR), areas, stderrs, value)[-1])
    return Thicknesses(value, stderr, np.abs(longer - value), success and again, misfit, of_fits)


def _solved(stack: Stack, areas: Floats, stderrs: Floats, near_nm: Floats | None) -> tuple[Floats, Floats, bool, float]:
    scale = float(np.max(np.abs(areas)))
    typical = np.diagonal(stack.lengths_nm)[:-1]

    def residual(trial: Floats) -> Floats:
        return np.asarray((np.exp(trial[0]) * scale * stack.intensities(trial[1:]) - areas) / stderrs)

    lower, upper = np.append(-np.inf, np.zeros(stack.films)), np.full(stack.films + 1, np.inf)
    best = None
    # A thick and a thin start: where a film is many lengths thick the substrate's residual hardly pulls.
    for depths in [0.3 * typical, 2.0 * typical] if near_nm is None else [near_nm]:
        level = np.log(max(float(np.max(areas)) / scale, 1e-12) / float(np.max(stack.intensities(depths))))
        found = minimum(residual, np.append(level, depths), lower, upper)
        best = found if best is None or found.chi_square < best.chi_square else best
        if best.chi_square < _SOLVED:
            break
    assert best is not None
    return best.parameters[1:], best.jacobian, best.converged, best.chi_square


def _stderrs(jacobian: Floats, errors: Floats | None = None) -> Floats:
    """Return the standard error of each parameter; NaN for the thickness of a film that no line feels any more.

    ``errors`` are those of the areas in units of the errors by which they were weighted; None: 1.

    How thick it is changes nothing, so it takes no part: what little it does to the areas, down to their rounding,
    would pass for a freedom of all other films.
    """
    size = np.linalg.norm(jacobian, axis=0)
    felt = size > _FELT
    scaled = jacobian[:, felt] / size[felt]
    inverse = np.linalg.pinv(scaled.T @ scaled)
    if errors is not None:
        inverse = inverse @ (scaled.T @ (errors[:, None] ** 2 * scaled)) @ inverse
    variances = np.diag(inverse) / size[felt] ** 2
    stderrs = np.full(size.size, np.nan)
    stderrs[felt] = np.sqrt(np.maximum(variances, 0.0))
    return stderrs
