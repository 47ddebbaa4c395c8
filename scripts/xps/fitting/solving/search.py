"""The best of many minima: from where the fits of a batch start, and where lines are looked for that have vanished.

Lines that overlap have several minima. What a fit finds must hang neither on luck nor on its neighbours in the batch:
starts are made in fixed ways first, and by each problem's own generator after that.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.fitting.solving import trial_places
from xps.fitting.solving.batch import EFFORT, Batch, batches
from xps.fitting.solving.minimiser import Optimum, distinct_minima
from xps.fitting.solving.problem import Problem
from xps.separable import marquardt, projection
from xps.separable.starts import contrasted, tempered

Array = NDArray[np.float64]

# Objectives further apart than this are different minima (statistically the same, numerically not).
_SAME_MINIMUM = 1e-3
# Of objectives: what the order of sums makes of them, and how far from its minimum a fit may end.
_ROUNDING = 1e-8
_START_SHARE = 0.6
_MORE_STARTS = 5
# Lines closer than this share of their mean width overlap.
_CROWDED = 1.5


def minimise(
    problems: Sequence[Problem], starts: Sequence[Array], generators: Sequence[np.random.Generator], count: int
) -> list[Optimum]:
    """Return the best of at least ``count`` minima of every problem.

    The first is reached from the start (θ) as given, the second from the start tempered (lines first kept alike, see
    ``separable.starts``), the others where lines overlap from contrasted widths, else from points moved at random
    towards the bounds. Where these disagree, the problem has several minima and gets ``_MORE_STARTS`` further starts;
    so it does where a line that overlaps others ended at area 0, since these may have grown to take its place.
    A component that ended weak or absent is looked for over its whole range of positions, for nothing leads it from one
    place to another, and so is the drift of an axis that is badly known (``trial_places``).
    """
    found: dict[int, Optimum] = {}
    for places, batch in batches(problems):
        first = batch.start([starts[place] for place in places])
        ends = _ends(batch, first, [generators[place] for place in places], count)
        found |= {place: _best(batch, ends, i) for i, place in enumerate(places)}
    return [found[place] for place in range(len(problems))]


class _End(NamedTuple):
    """The ends of one start, for the problems ``which`` (others have none)."""

    optimum: marquardt.Optimum
    place: dict[int, int]


def _ends(batch: Batch, first: Array, generators: Sequence[np.random.Generator], count: int) -> list[_End]:
    everyone = np.arange(first.shape[0])
    starts = [first]
    if count > 1:
        starts += [tempered(batch.task, first, _lines_alike(batch))]
        starts += contrasted(batch.task, starts[1], _crowded_widths(batch))
        starts += [_moved(batch.task, first, generators) for _ in range(count - len(starts))]
    ends = [_End(marquardt.minimise(batch.task, start, EFFORT), dict(enumerate(everyone))) for start in starts]
    if count == 1:
        return ends
    reached = np.array([np.where(end.optimum.converged, end.optimum.point.objective, np.inf) for end in ends])
    doubtful = np.flatnonzero(
        (np.max(reached, axis=0) - np.min(reached, axis=0) > _SAME_MINIMUM) | _replaced(batch, ends, first.shape[0])
    )
    if doubtful.size:
        task, some = batch.task.copies(doubtful), [generators[int(place)] for place in doubtful]
        place = {int(which): i for i, which in enumerate(doubtful)}
        for _ in range(_MORE_STARTS):
            start = _moved(task, first[doubtful], some)
            ends.append(_End(marquardt.minimise(task, start, EFFORT), place))
    return ends + _elsewhere(batch, ends, first.shape[0])


def _elsewhere(batch: Batch, ends: Sequence[_End], problems: int) -> list[_End]:
    """Return further ends, from the likeliest places of components that are weak or absent in the best end so far."""
    further: list[_End] = []
    for component in range(len(batch.problems[0].layout.model.components)):
        point, held = _best_points([*ends, *further], problems)
        further += [_started(batch, start) for start in trial_places.of_component(batch, point, held, component)]
    if trial_places.loose_drifts(batch):
        point, _ = _best_points([*ends, *further], problems)
        further += [_started(batch, start) for start in trial_places.of_drifts(batch, point)]
    return further


def _started(batch: Batch, start: trial_places.Starts) -> _End:
    found = marquardt.minimise(batch.task.copies(start.which), start.theta, EFFORT)
    return _End(found, {int(problem): i for i, problem in enumerate(start.which)})


def _of_problem(ends: Sequence[_End], problem: int) -> list[tuple[marquardt.Optimum, int]]:
    """Return the ends of one problem, and where it stands in each."""
    return [(end.optimum, end.place[problem]) for end in ends if problem in end.place]


def _first_of_the_best(own: Sequence[tuple[marquardt.Optimum, int]]) -> tuple[marquardt.Optimum, int]:
    """Return the first end that is as low as the lowest.

    Where an absent line stands changes nothing: which of such ends is the lowest, only the machine's rounding knows.
    """
    objectives = np.array([end.point.objective[i] for end, i in own])
    lowest = float(np.min(objectives))
    return own[int(np.argmax(objectives <= lowest + _ROUNDING * (1.0 + abs(lowest))))]


def _best_points(ends: Sequence[_End], problems: int) -> tuple[projection.Point, NDArray[np.bool_]]:
    """Return each problem's best end, and which of its numbers, coefficients first, are held at a bound there."""
    bests = [_first_of_the_best(_of_problem(ends, problem)) for problem in range(problems)]
    parts = zip(*([part[i] for part in end.point] for end, i in bests), strict=True)
    return projection.Point(*(np.array(part) for part in parts)), np.array([end.held[i] for end, i in bests])


def _moved(task: projection.Task, first: Array, generators: Sequence[np.random.Generator]) -> Array:
    """Return starts between the first and a bound, drawn from each problem's own generator."""
    size = first.shape[1]
    draws = [(generator.uniform(0.0, _START_SHARE, size), generator.random(size) < 0.5) for generator in generators]
    share, up = (np.array(part) for part in zip(*draws, strict=True))
    far = np.where(up, task.upper, task.lower)
    return np.asarray(first + share * (np.where(np.isfinite(far), far, first) - first))


def _lines_alike(batch: Batch) -> list[list[tuple[int | None, int | None, float]]]:
    """Return, per window, each component's own position and width parameters and its usual width."""
    plan = batch.problems[0].layout
    place = batch.parameters()
    groups: dict[int, list[tuple[int | None, int | None, float]]] = {}
    for i, window in enumerate(plan.model.window_of_component):
        position, width = plan.index(i, "position"), plan.index(i, "width")
        usual = float(plan.slot_starts[width])
        groups.setdefault(window, []).append((place.get(position), place.get(width), usual))
    return list(groups.values())


def _replaced(batch: Batch, ends: Sequence[_End], problems: int) -> NDArray[np.bool_]:
    """Return in which problems a line that overlaps others has area 0 in the best end."""
    columns = [batch.column_of(i) for i, _ in _crowded(batch)]
    absent = _best_points(ends, problems)[0].coefficients <= 0.0
    return np.asarray(np.any(absent[:, [column for column in columns if column is not None]], axis=1))


def _crowded_widths(batch: Batch) -> list[tuple[int, bool]]:
    """Return the width parameters of lines that overlap their neighbours, and which of these are odd ones."""
    plan = batch.problems[0].layout
    place = batch.parameters()
    widths = [(place.get(plan.index(i, "width")), odd) for i, odd in _crowded(batch)]
    return [(width, odd) for width, odd in widths if width is not None]


def _crowded(batch: Batch) -> list[tuple[int, bool]]:
    """Return the components that overlap their neighbours, and which of these are odd ones along the energy."""
    plan = batch.problems[0].layout
    values = plan.expand(plan.start)[0]
    found = []
    for window in range(len(plan.model.windows)):
        inside = [i for i, of in enumerate(plan.model.window_of_component) if of == window]
        at = {i: float(values[plan.index(i, "position")]) for i in inside}
        usual = {i: float(values[plan.index(i, "width")]) for i in inside}
        ordered = sorted(inside, key=at.__getitem__)
        close = {
            i
            for one, other in pairwise(ordered)
            if at[other] - at[one] < _CROWDED * 0.5 * (usual[one] + usual[other])
            for i in (one, other)
        }
        found += [(i, bool(rank % 2)) for rank, i in enumerate(ordered) if i in close]
    return found


def _best(batch: Batch, ends: Sequence[_End], problem: int) -> Optimum:
    """Return one problem's best end in the words of ``minimiser``."""
    own = _of_problem(ends, problem)
    best, place = _first_of_the_best([end for end in own if end[0].converged[end[1]]] or own)
    bound, compiled = batch.problems[problem], batch.compiled
    plan = bound.layout
    theta = np.empty(plan.varied.size)
    theta[compiled.linear] = best.point.coefficients[place]
    theta[compiled.nonlinear] = best.point.theta[place]
    held = np.zeros(theta.size, dtype=bool)
    held[np.concatenate([compiled.linear, compiled.nonlinear])] = best.held[place]
    objectives = np.array([end.point.objective[i] for end, i in own if end.converged[i]])
    at = bound.evaluate(theta)
    converged = bool(best.converged[place])
    return Optimum(
        at=at,
        objective=bound.objective(at),
        at_lower=held & (theta <= plan.lower),
        at_upper=held & (theta >= plan.upper),
        converged=converged,
        evaluations=int(sum(end.evaluations[i] for end, i in own)),
        starts=len(own),
        distinct_minima=distinct_minima(objectives),
        message="converged"
        if converged
        else "not converged: no start reached a minimum within the allowed evaluations",
    )


def model_starts(batch: Batch) -> Array | None:
    """Return the nonlinear parameters that the model files start from where lines overlap, None where none do."""
    if not _crowded_widths(batch):
        return None
    return batch.start([problem.layout.start for problem in batch.problems])
