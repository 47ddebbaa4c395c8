"""Steps of the reference (C 1s) against lines of the matrix: in a cycle, anywhere in a series, of all lines together.

A cycle's distance is held against that of the first cycle; a lasting step is looked for at every place between two
cycles. Both thresholds are those of all cycles or places together (Bonferroni), so that of a hundred series without a
step five say otherwise, however long they are.

A region that drifted alone looks like a step against its line alone. ``joint_rows`` puts all lines of a series
together, distance = a constant of the line + the course of the reference, which only a step against all of them moves.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.energy_scale.lines import Difference, Line, Series, difference, pair
from xps.energy_scale.rows import Row, cells, untested
from xps.uncertainty.detection import two_sided_factor

Array = NDArray[np.float64]
Item = Mapping[str, Any]

SEES = "cannot tell a step of the reference from a real shift of the matrix"
# ASSUME half of the variance declared for the drift of a region against that of the reference is the reference's own:
# it moves all distances of a cycle together.
_REFERENCE_SHARE = 0.5


class Step(NamedTuple):
    """A step in a series: index of the first value after it, its size and standard error, and whether it is real."""

    first_after: int
    size_ev: float
    stderr_ev: float
    significant: bool


def largest_step(values: Array, spreads: Array) -> Step:
    """Return the most significant step between two neighbours of ``values`` with standard deviations ``spreads``.

    At each place the weighted means before and after are compared. Significant: the chance of one such step anywhere
    in a series without any stays below 5 % (Bonferroni over the places). Where all spreads are 0 nothing is.
    """
    weights = 1.0 / np.maximum(spreads, 1e-9) ** 2
    # Against one of the values: sums of a long series of energies would lose digits.
    before, after = (_running_means(values[::side] - values[0], weights[::side]) for side in (1, -1))
    sizes = after[0][::-1][1:] - before[0][:-1]
    stderrs = np.sqrt(1.0 / after[1][::-1][1:] + 1.0 / before[1][:-1])
    return _chosen(sizes, stderrs, bool(np.any(spreads > 0)))


def _running_means(values: Array, weights: Array) -> tuple[Array, Array]:
    """Return the weighted mean of the first 1, 2, ... values, and the sum of their weights."""
    sums = np.cumsum(weights)
    return np.cumsum(weights * values) / sums, sums


def most_significant(values: Array, covariance: Array) -> Step:
    """Return the most significant step of ``values`` (n,) with ``covariance`` (n, n), by generalised least squares."""
    precision = np.linalg.inv(covariance)
    after = np.arange(len(values)) >= np.arange(1, len(values))[:, None]
    designs = np.stack([np.ones(after.shape), after], axis=2)
    known = np.linalg.inv(np.einsum("pia,ij,pjb->pab", designs, precision, designs))
    fitted = np.einsum("pab,pib,ij,j->pa", known, designs, precision, values)
    return _chosen(fitted[:, 1], np.sqrt(known[:, 1, 1]), uncertain=True)


def _chosen(sizes: Array, stderrs: Array, uncertain: bool) -> Step:
    """Return the most significant of the steps at all places; none is real unless anything is ``uncertain``."""
    place = int(np.argmax(np.abs(sizes) / stderrs))
    real = uncertain and bool(abs(sizes[place]) > two_sided_factor(sizes.size) * stderrs[place])
    return Step(place + 1, float(sizes[place]), float(stderrs[place]), real)


# one line of the matrix -----------------------------------------------------------------------------------------------


def rows(series: Series, item: Item) -> Iterator[Row]:
    """Yield a row per cycle, and one about the series: the reference against the line that ``item`` declares."""
    found: list[Difference] = []
    asked = [(acquisition, _lines(series, item, acquisition)) for acquisition in series.acquisitions]
    places = sum(not isinstance(lines, str) and not series.imposed(*lines) for _, lines in asked) - 1
    for acquisition, lines in asked:
        if isinstance(lines, str):
            yield untested(acquisition, item, lines)
        elif series.imposed(*lines):
            yield untested(acquisition, item, "a given position of the fit model imposes it") | {"imposed": True}
        else:
            found.append(difference(*lines))
            yield _cycle(found[0], found[-1], item, places)
    yield _whole(found, item)


def _lines(series: Series, item: Item, acquisition: int) -> tuple[Line, Line] | str:
    """Return both lines, or why there are none; what stands where the reference was not found is no reference."""
    if acquisition in series.unreferenced:
        return f"no usable reference line {item['species']} in this cycle: its shift is interpolated"
    return pair(series, item, acquisition)


def _cycle(first: Difference, here: Difference, item: Item, places: int) -> Row:
    """Return a cycle's row: its difference against that of the first cycle with both lines."""
    is_first = here is first
    allowed = two_sided_factor(places) * np.hypot(here.spread_ev, first.spread_ev)
    agrees = abs(here.value_ev - first.value_ev) <= allowed
    return cells(here.value_ev, here.stderr_ev, first.value_ev, first.stderr_ev) | {
        "acquisition": here.acquisition,
        "source": f"{item['source']}: acquisition {first.acquisition}",
        "verdict": "not_testable" if is_first else "agrees" if agrees else "differs",
        "remark": "the cycle that the others are compared with" if is_first else SEES,
    }


def _whole(found: Sequence[Difference], item: Item) -> Row:
    """Return the row about the whole series: the largest step between two neighbouring cycles, and where."""
    if len(found) < 2:
        return untested(None, item, "fewer than two cycles show both lines")
    step = largest_step(np.array([one.value_ev for one in found]), np.array([one.spread_ev for one in found]))
    return _of_step(step, [one.acquisition for one in found])


def _of_step(step: Step, acquisitions: Sequence[int]) -> Row:
    before, after = acquisitions[step.first_after - 1], acquisitions[step.first_after]
    return cells(step.size_ev, step.stderr_ev, 0.0, None) | {
        "acquisition": None,
        "source": "no step expected",
        "verdict": "differs" if step.significant else "agrees",
        "remark": f"largest step of the series, between acquisitions {before} and {after}; {SEES}",
    }


# all lines of the matrix together -------------------------------------------------------------------------------------


class Course(NamedTuple):
    """The reference against all lines of the matrix: cycles, energy less that of the first one (eV), its covariance."""

    acquisitions: tuple[int, ...]
    values_ev: Array
    covariance: Array


def joint_rows(series: Series, items: Sequence[Item]) -> Iterator[Row]:
    """Yield the rows of the reference against all lines of ``items`` together that the first cycle shows.

    None where fewer than two do: there is nothing to put together. A line that appears later (of a film, of metal) may
    stand at another potential than the matrix, and takes no part.
    """
    found = {item["check"]: _differences(series, item) for item in items}
    begins = min((own[0].acquisition for own in found.values() if own), default=0)
    shown = {name: own for name, own in found.items() if own and own[0].acquisition == begins}
    if len(shown) < 2:
        return
    names = " and ".join([", ".join(list(shown)[:-1]), list(shown)[-1]])
    told = {"check": f"{items[0]['core_level']} - lines of the matrix", "kind": items[0]["kind"]}
    course = course_of(list(shown.values()))
    if len(course.acquisitions) < 2:
        return
    variances = np.diag(course.covariance)
    spreads = np.sqrt(variances + variances[0] - 2.0 * course.covariance[0])
    for place, (acquisition, value) in enumerate(zip(course.acquisitions, course.values_ev, strict=True)):
        differs = bool(abs(value) > two_sided_factor(len(variances) - 1) * spreads[place])
        yield (
            told
            | cells(float(value), float(spreads[place]), 0.0, None)
            | {
                "acquisition": acquisition,
                "source": f"acquisition {course.acquisitions[0]}",
                "verdict": "differs" if differs else "agrees" if place else "not_testable",
                "remark": f"{names} together; {SEES}" if place else "the cycle that the others are compared with",
            }
        )
    yield told | _of_step(most_significant(course.values_ev, course.covariance), course.acquisitions)


def _differences(series: Series, item: Item) -> list[Difference]:
    """Return the distances of one check, in the order of cycles."""
    asked = (_lines(series, item, acquisition) for acquisition in series.acquisitions)
    return [difference(*lines) for lines in asked if not isinstance(lines, str) and not series.imposed(*lines)]


def course_of(lines: Sequence[Sequence[Difference]]) -> Course:
    """Return the reference's course by weighted least squares: difference = constant of the line + course.

    ``lines`` hold the differences of each line; all show the first cycle. The reference's own drift, common to a
    cycle's differences, is no part of the weights and stands on the diagonal of the covariance.
    """
    entries = [(line, one) for line, found in enumerate(lines) for one in found]
    cycles = tuple(sorted({one.acquisition for _, one in entries}))
    places = {acquisition: place for place, acquisition in enumerate(cycles)}
    own = _REFERENCE_SHARE * np.array([one.drift_stderr_ev**2 for _, one in entries])
    spreads = np.sqrt(np.array([one.spread_ev**2 for _, one in entries]) - own)
    design = np.zeros((len(entries), len(lines) + len(cycles) - 1))
    for row, (line, one) in enumerate(entries):
        design[row, line] = 1.0
        if one.acquisition != cycles[0]:
            design[row, len(lines) - 1 + places[one.acquisition]] = 1.0
    weights = 1.0 / np.maximum(spreads, 1e-9)
    inverse = np.linalg.inv((design * weights[:, None] ** 2).T @ design)
    fitted = inverse @ (design * weights[:, None] ** 2).T @ np.array([one.value_ev for _, one in entries])
    covariance = np.zeros((len(cycles), len(cycles)))
    covariance[1:, 1:] = inverse[len(lines) :, len(lines) :]
    common = np.zeros(len(cycles))
    for part, (_, one) in zip(own, entries, strict=True):
        common[places[one.acquisition]] = part
    return Course(cycles, np.concatenate([[0.0], fitted[len(lines) :]]), covariance + np.diag(common))
