"""Steps of the reference (C 1s) against lines of the matrix: in a cycle, anywhere in a series, of all lines together.

A cycle's distance is held against that of the first cycle; a lasting step is looked for at every place between two
cycles. Both thresholds are those of all cycles or places together (Bonferroni), so that of a hundred series without a
step five say otherwise, however long they are.

A region that drifted alone looks like a step against its line alone. ``joint_rows`` puts all lines of a series
together, distance = a constant of the line + the course of the reference, which only a step against all of them moves.
The errors of that course hang together by the constants of the lines alone, so that its covariance is a diagonal and a
column per line, and everything here takes time and memory in proportion to the number of cycles.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.energy_scale.lines import Differences, Pair, Series, pair
from xps.energy_scale.rows import Row, cells, untested
from xps.uncertainty.detection import two_sided_factor

Array = NDArray[np.float64]
Item = Mapping[str, Any]

Places = NDArray[np.intp]

SEES = "cannot tell a step of the reference from a real shift of the matrix"
# ASSUME half of the variance declared for the drift of a region against that of the reference is the reference's own:
# it moves all distances of a cycle together.
_REFERENCE_SHARE = 0.5
# That of a nano-electronvolt: a fit that says it knows better is not believed.
_LEAST_VARIANCE = 1e-18
_FIRST = "the cycle that the others are compared with"


class Step(NamedTuple):
    """A step in a series: index of the first value after it, its size and standard error, and whether it is real."""

    first_after: int
    size_ev: float
    stderr_ev: float
    significant: bool


def largest_step(values: Array, variances: Array, loadings: Array | None = None) -> Step:
    """Return the most significant step between two neighbours of ``values`` (n,), by generalised least squares.

    Their covariance is diag(``variances``) + ``loadings`` ``loadings``ᵀ, (n,) and (n, few), the second 0 where left
    out. At each place the means before and after are compared. Significant: the chance of one such step anywhere in a
    series without any stays below 5 % (Bonferroni over the places). Where nothing is uncertain nothing is.
    """
    loadings = np.zeros((values.size, 0)) if loadings is None else loadings
    # Against one of the values: sums of a long series of energies would lose digits.
    before, after = _means(values - values[0], np.maximum(variances, _LEAST_VARIANCE), loadings)
    sizes = after.value - before.value
    stderrs = np.sqrt(after.variance + before.variance - 2.0 * after.covariance)
    place = int(np.argmax(np.abs(sizes) / stderrs))
    real = np.any(variances > 0) and abs(sizes[place]) > two_sided_factor(sizes.size) * stderrs[place]
    return Step(place + 1, float(sizes[place]), float(stderrs[place]), bool(real))


class _Means(NamedTuple):
    """The mean of all values on one side of each place (places,), its variance, its covariance with the other side."""

    value: Array
    variance: Array
    covariance: Array


def _means(values: Array, variances: Array, loadings: Array) -> tuple[_Means, _Means]:
    """Return the means before and after every place between two values.

    Σ = V + U Uᵀ has the inverse V⁻¹ - W (1 + Uᵀ W)⁻¹ Wᵀ with W = V⁻¹ U (M. A. Woodbury, Memorandum 42, Statistical
    Research Group, Princeton, 1950): what the normal equations ask of it are running sums.
    """
    weighted = loadings / variances[:, None]
    inner = np.linalg.inv(np.eye(loadings.shape[1]) + loadings.T @ weighted)
    pulled = inner @ (weighted.T @ values)

    def sums(terms: Array) -> tuple[Array, Array]:
        return np.cumsum(terms, axis=0)[:-1], np.cumsum(terms[::-1], axis=0)[::-1][1:]

    (one, other), columns = sums(1.0 / variances), sums(weighted)
    sides = zip((one, other), columns, sums(values / variances), strict=True)
    (known, right), (other_known, other_right) = (
        (weight - np.einsum("pi,ij,pj->p", column, inner, column), total - column @ pulled)
        for weight, column, total in sides
    )
    both = -np.einsum("pi,ij,pj->p", columns[0], inner, columns[1])
    determinant = known * other_known - both**2
    return (
        _Means(
            (other_known * right - both * other_right) / determinant, other_known / determinant, -both / determinant
        ),
        _Means((known * other_right - both * right) / determinant, known / determinant, -both / determinant),
    )


# one line of the matrix -----------------------------------------------------------------------------------------------


def rows(series: Series, item: Item) -> Iterator[Row]:
    """Yield a row per cycle, and one about the series: the reference against the line that ``item`` declares."""
    asked = pair(series, item)
    found = _found(series, asked)
    thresholds = _thresholds(found)
    here = 0
    for place, number in enumerate(series.acquisitions.tolist()):
        if series.unreferenced[place]:
            words = f"no usable reference line {item['species']} in this cycle: its shift is interpolated"
            yield untested(number, item, words)
        elif asked.reason[place]:
            yield untested(number, item, series.reasons[asked.reason[place]])
        elif asked.imposed[place]:
            yield untested(number, item, "a given position of the fit model imposes it") | {"imposed": True}
        else:
            yield _cycle(found, here, float(thresholds[here]), item)
            here += 1
    yield _whole(found, item)


def _found(series: Series, asked: Pair) -> Differences:
    """Return the distances of one check; what stands where the reference was not found is no reference."""
    return asked.differences.taken((asked.reason == 0) & ~asked.imposed & ~series.unreferenced)


def _thresholds(found: Differences) -> Array:
    """Return how far each distance may be from the first one by chance (eV)."""
    spreads = found.spread_ev
    return two_sided_factor(spreads.size - 1) * np.hypot(spreads, spreads[:1])


def _cycle(found: Differences, here: int, allowed_ev: float, item: Item) -> Row:
    """Return a cycle's row: its difference against that of the first cycle with both lines."""
    (value, first), (stderr, first_stderr) = (
        (float(part[here]), float(part[0])) for part in (found.value_ev, found.stderr_ev)
    )
    return cells(value, stderr, first, first_stderr) | {
        "acquisition": int(found.acquisitions[here]),
        "source": f"{item['source']}: acquisition {found.acquisitions[0]}",
        "verdict": _verdict(here, differs=abs(value - first) > allowed_ev),
        "remark": SEES if here else _FIRST,
    }


def _verdict(place: int, *, differs: bool) -> str:
    return "not_testable" if place == 0 else "differs" if differs else "agrees"


def _whole(found: Differences, item: Item) -> Row:
    """Return the row about the whole series: the largest step between two neighbouring cycles, and where."""
    if found.acquisitions.size < 2:
        return untested(None, item, "fewer than two cycles show both lines")
    return _of_step(largest_step(found.value_ev, found.spread_ev**2), found.acquisitions)


def _of_step(step: Step, acquisitions: Places) -> Row:
    before, after = acquisitions[step.first_after - 1], acquisitions[step.first_after]
    return cells(step.size_ev, step.stderr_ev, 0.0, None) | {
        "acquisition": None,
        "source": "no step expected",
        "verdict": "differs" if step.significant else "agrees",
        "remark": f"largest step of the series, between acquisitions {before} and {after}; {SEES}",
    }


# all lines of the matrix together -------------------------------------------------------------------------------------


class Course(NamedTuple):
    """The reference against all lines of the matrix: cycles (n,), energy less that of the first one (eV).

    The covariance is diag(``variances``) + ``loadings`` ``loadings``ᵀ, (n,) and (n, lines).
    """

    acquisitions: Places
    values_ev: Array
    variances: Array
    loadings: Array

    @property
    def spreads_ev(self) -> Array:
        """Standard deviation of each energy less that of the first cycle."""
        own = self.variances + self.variances[0] + np.sum((self.loadings - self.loadings[0]) ** 2, axis=1)
        return np.where(np.arange(own.size) > 0, np.sqrt(own), 0.0)


def joint_rows(series: Series, items: Sequence[Item]) -> Iterator[Row]:
    """Yield the rows of the reference against all lines of ``items`` together that the first cycle shows.

    None where fewer than two do: there is nothing to put together. A line that appears later (of a film, of metal) may
    stand at another potential than the matrix, and takes no part.
    """
    found = {item["check"]: _found(series, pair(series, item)) for item in items}
    begins = min((own.acquisitions[0] for own in found.values() if own.acquisitions.size), default=0)
    shown = {name: own for name, own in found.items() if own.acquisitions.size and own.acquisitions[0] == begins}
    if len(shown) < 2:
        return
    names = " and ".join([", ".join(list(shown)[:-1]), list(shown)[-1]])
    told = {"check": f"{items[0]['core_level']} - lines of the matrix", "kind": items[0]["kind"]}
    course = course_of(list(shown.values()))
    if course.acquisitions.size < 2:
        return
    factor = two_sided_factor(course.acquisitions.size - 1)
    measured = zip(course.acquisitions.tolist(), course.values_ev.tolist(), course.spreads_ev.tolist(), strict=True)
    for place, (acquisition, value, spread) in enumerate(measured):
        yield (
            told
            | cells(value, spread, 0.0, None)
            | {
                "acquisition": acquisition,
                "source": f"acquisition {course.acquisitions[0]}",
                "verdict": _verdict(place, differs=abs(value) > factor * spread),
                "remark": f"{names} together; {SEES}" if place else _FIRST,
            }
        )
    step = largest_step(course.values_ev, course.variances, course.loadings)
    yield told | _of_step(step, course.acquisitions)


def course_of(lines: Sequence[Differences]) -> Course:
    """Return the reference's course by weighted least squares: difference = constant of the line + course.

    ``lines`` hold the differences of each line; all show the first cycle. The reference's own drift, common to a
    cycle's differences, is no part of the weights and stands on the diagonal of the covariance.

    With weights w (lines, cycles) the normal equations are solved for the constants first, in a matrix S of lines by
    lines (Schur's complement); the course then has the covariance D⁻¹ + D⁻¹ wᵀ S⁻¹ w D⁻¹, D being diag(Σ w).
    """
    cycles = np.unique(np.concatenate([own.acquisitions for own in lines]))
    values, weights = np.zeros((2, len(lines), cycles.size))
    common = np.zeros(cycles.size)
    for line, own in enumerate(lines):
        places = np.searchsorted(cycles, own.acquisitions)
        shared = _REFERENCE_SHARE * own.drift_stderr_ev**2
        values[line, places] = own.value_ev - own.value_ev[0]
        weights[line, places] = 1.0 / np.maximum(own.spread_ev**2 - shared, _LEAST_VARIANCE)
        common[places] = shared
    own_variances = 1.0 / weights.sum(axis=0)
    # The first cycle's course is 0 by definition: all its weight is on the constants.
    own_variances[0] = 0.0
    shares = weights * own_variances
    schur = np.diag(weights.sum(axis=1)) - shares @ weights.T
    constants = np.linalg.solve(schur, np.sum(weights * values, axis=1) - shares @ np.sum(weights * values, axis=0))
    course = np.sum(shares * (values - constants[:, None]), axis=0)
    loadings = np.linalg.solve(np.linalg.cholesky(schur), shares).T
    return Course(cycles, course, own_variances + common, loadings)
