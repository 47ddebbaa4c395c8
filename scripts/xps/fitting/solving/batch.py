"""Engine ``separable``: a model's layout as a scheme of lines, and the fits of many tasks at once.

The counterpart of ``minimiser`` (lmfit): same model, same objective, same ``Optimum`` at the end. A layout is compiled
to the numbers that ``separable.lines`` understands: positions and widths as affine functions of the nonlinear
parameters, areas as coefficients of columns, softly tied areas as ratios. Tasks with equally many channels are solved
together; what is together changes no number.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.fitting.solving.layout import Layout
from xps.fitting.solving.minimiser import Optimum, distinct_minima
from xps.fitting.solving.problem import Problem
from xps.models import FitModel
from xps.separable import lines, marquardt, projection
from xps.separable.likelihood import LIKELIHOODS
from xps.separable.priors import Priors
from xps.separable.starts import contrasted, tempered

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

EFFORT = marquardt.Effort(decrement=1e-9, accepted=1e-6)
# Objectives further apart than this are different minima (statistically the same, numerically not).
_SAME_MINIMUM = 1e-3
_START_SHARE = 0.6
_MORE_STARTS = 5
# Lines closer than this share of their mean width overlap.
_CROWDED = 1.5
# Trial positions of a component that has vanished: a fraction of its width apart.
_PLACES = 15


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A layout's scheme; ``linear`` and ``nonlinear`` are the places of its coefficients and parameters in θ."""

    scheme: lines.Scheme
    linear: Indices
    nonlinear: Indices
    prior_rows: Array


class _Affine:
    """Slot values as affine functions of the nonlinear parameters, and areas as products of ratios."""

    def __init__(self, plan: Layout, nonlinear: Indices, linear: Indices) -> None:
        size = len(plan.slots)
        self.rows = np.zeros((size, nonlinear.size))
        self.rows[plan.varied[nonlinear], np.arange(nonlinear.size)] = 1.0
        self.offsets = plan.fixed_values.copy()
        self.offsets[plan.varied] = 0.0
        self.column = np.full(size, -1, dtype=np.intp)
        self.column[plan.varied[linear]] = np.arange(linear.size)
        self.share = np.ones(size)
        self.factors: list[tuple[int, ...]] = [()] * size
        parameter = {int(slot): i for i, slot in enumerate(plan.varied[nonlinear])}
        for target, source, factor, offset, ratio, drift in plan.steps:
            self.rows[target] = factor * self.rows[source] + (0.0 if drift is None else self.rows[drift])
            self.offsets[target] = factor * self.offsets[source] + offset
            self.column[target] = self.column[source]
            self.share[target] = self.share[source] * (1.0 if ratio is not None else factor)
            self.factors[target] = self.factors[source] + (() if ratio is None else (parameter[ratio],))


def compile_layout(plan: Layout) -> Compiled:
    """Return the scheme of a layout's model."""
    linear, nonlinear = np.flatnonzero(plan.linear), np.flatnonzero(~plan.linear)
    affine = _Affine(plan, nonlinear, linear)
    model = plan.model
    regions = tuple(_region(model, plan, affine, window) for window in range(len(model.windows)))
    rows = np.zeros((len(plan.priors), nonlinear.size))
    for i, prior in enumerate(plan.priors):
        rows[i] = affine.rows[prior.target] - (0.0 if prior.source is None else affine.rows[prior.source])
    return Compiled(lines.Scheme(regions, linear.size, nonlinear.size), linear, nonlinear, rows)


def _region(model: FitModel, plan: Layout, affine: _Affine, window: int) -> lines.RegionScheme:
    found = []
    for i, part in enumerate(model.components):
        if model.window_of_component[i] != window:
            continue
        position, width, area = (plan.index(i, kind) for kind in ("position", "width", "area"))
        minor = part.doublet
        major_share = 1.0 if minor is None else 1.0 / (1.0 + minor.area_ratio)
        own = plan.shape_of(i)
        found.append((part.shape.type, position, width, area, 0.0, 1.0, major_share, own))
        if minor is not None:
            rest = 1.0 - major_share
            found.append((part.shape.type, position, width, area, minor.splitting_ev, minor.fwhm_ratio, rest, own))
    found.sort(key=lambda line: line[0])
    positions, widths, areas = (np.array([line[place] for line in found], dtype=np.intp) for place in (1, 2, 3))
    splitting, ratio, share = (np.array([line[place] for line in found]) for place in (4, 5, 6))
    steps = [i for i, slot in enumerate(plan.slots) if (slot.kind, slot.window) == ("factor", window)]
    baselines = [i for i, slot in enumerate(plan.slots) if (slot.kind, slot.window) == ("baseline", window)]
    step = int(np.argmax(affine.rows[steps[0]])) if steps else None
    return lines.RegionScheme(
        shapes=tuple(line[0] for line in found),
        position_ev=lines.Affine(affine.rows[positions], affine.offsets[positions] + splitting),
        fwhm_ev=lines.Affine(affine.rows[widths] * ratio[:, None], affine.offsets[widths] * ratio),
        shape_parameters=_shape_parameters(affine, [line[7] for line in found]),
        column=affine.column[areas],
        share=share * affine.share[areas],
        factors=tuple(affine.factors[slot] for slot in areas),
        background=model.windows[window].background.type,
        step=step,
        baseline=affine.column[np.array(baselines, dtype=np.intp)],
    )


def _shape_parameters(affine: _Affine, slots: Sequence[Sequence[int]]) -> tuple[lines.Affine, ...]:
    """Return what the lines' shapes take, place by place, from each line's slots of its shape."""
    found = []
    for place in range(max((len(own) for own in slots), default=0)):
        rows, offset = np.zeros((len(slots), affine.rows.shape[1])), np.zeros(len(slots))
        for line, own in enumerate(slots):
            if place < len(own):
                rows[line], offset[line] = affine.rows[own[place]], affine.offsets[own[place]]
        found.append(lines.Affine(rows, offset))
    return tuple(found)


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """Problems of one shape: their task for the solver, and how to read its parameters."""

    problems: tuple[Problem, ...]
    compiled: Compiled
    task: projection.Task

    def start(self, theta: Sequence[Array]) -> Array:
        """Return the nonlinear starts out of full starting vectors θ."""
        return np.array([values[self.compiled.nonlinear] for values in theta])

    def column_of(self, component: int) -> int | None:
        """Return the coefficient that is a component's area, or None where the area follows another."""
        plan = self.problems[0].layout
        place = np.flatnonzero(plan.varied[self.compiled.linear] == plan.index(component, "area"))
        return int(place[0]) if place.size else None

    def optimum(self, ends: Sequence[Optimum]) -> marquardt.Optimum:
        """Return the optima of all problems in the solver's words."""
        which = np.arange(len(self.problems))
        theta = np.array([end.at.theta for end in ends])
        # Contiguous, for another memory order is another order of summation.
        nonlinear = np.ascontiguousarray(theta[:, self.compiled.nonlinear])
        linear = np.ascontiguousarray(theta[:, self.compiled.linear])
        point = projection.evaluate(self.task, which, nonlinear, linear)
        none = np.zeros(which.size)
        return marquardt.Optimum(
            point, none, none == 0, none.astype(np.intp), ~projection.free_parameters(self.task, which, point)
        )

    def theta(self, point: projection.Point) -> Array:
        """Return full vectors θ, problems × parameters."""
        found = np.empty((point.theta.shape[0], self.problems[0].layout.varied.size))
        found[:, self.compiled.linear] = point.coefficients
        found[:, self.compiled.nonlinear] = point.theta
        return found


def batches(problems: Sequence[Problem]) -> list[tuple[list[int], Batch]]:
    """Return problems of one model grouped by shape, with their places in ``problems``."""
    groups: dict[tuple[object, ...], list[int]] = {}
    for place, problem in enumerate(problems):
        axes = [region.spectrum.binding_energy_ev for region in problem.regions]
        shape = tuple((axis.size, bool(axis[0] < axis[-1])) for axis in axes)
        groups.setdefault((shape, tuple(problem.layout.varied.tolist())), []).append(place)
    return [(places, _batch([problems[place] for place in places])) for places in groups.values()]


def _batch(problems: list[Problem]) -> Batch:
    first = problems[0]
    compiled = compile_layout(first.layout)
    spectra = [[problem.regions[window].spectrum for problem in problems] for window in range(len(first.regions))]
    model = lines.Lines(
        compiled.scheme,
        tuple(np.array([spectrum.binding_energy_ev for spectrum in region]) for region in spectra),
        tuple(np.array([spectrum.time_per_channel_s for spectrum in region]) for region in spectra),
    )
    layouts = [problem.layout for problem in problems]
    task = projection.Task(
        model=model,
        likelihood=LIKELIHOODS[first.likelihood](np.array([problem.counts for problem in problems])),
        lower=np.array([plan.lower[compiled.nonlinear] for plan in layouts]),
        upper=np.array([plan.upper[compiled.nonlinear] for plan in layouts]),
        bounded=np.ones(compiled.linear.size, dtype=bool),
        priors=_priors(layouts, compiled),
    )
    return Batch(tuple(problems), compiled, task)


def _priors(layouts: list[Layout], compiled: Compiled) -> Priors | None:
    """Return soft ties and drifts; what a tie's constants say about energies moves to the other side."""
    if not layouts[0].priors:
        return _others_say(layouts, compiled)
    offsets = [plan.expand(np.zeros(plan.varied.size))[0] for plan in layouts]
    constants = np.array(
        [
            [zero[prior.target] - (0.0 if prior.source is None else zero[prior.source]) for prior in plan.priors]
            for zero, plan in zip(offsets, layouts, strict=True)
        ]
    )
    values = np.array([[prior.value for prior in plan.priors] for plan in layouts])
    errors = np.array([[prior.stderr / math.sqrt(prior.share) for prior in plan.priors] for plan in layouts])
    own = Priors(compiled.prior_rows, values - constants, errors)
    others = _others_say(layouts, compiled)
    return own if others is None else own.joined(others)


def _others_say(layouts: list[Layout], compiled: Compiled) -> Priors | None:
    """Return what the other acquisitions of a series say, which is another for each."""
    said = [plan.others for plan in layouts if plan.others is not None]
    if not said:
        return None
    place = {int(slot): i for i, slot in enumerate(layouts[0].varied[compiled.nonlinear])}
    columns = [place[int(slot)] for slot in said[0].slots]
    rows = np.zeros((len(said), said[0].centre.size, compiled.nonlinear.size))
    rows[:, :, columns] = [one.root for one in said]
    value = np.array([one.root @ one.centre for one in said])
    return Priors(rows, value, np.ones(value.shape))


def minimise(
    problems: Sequence[Problem], starts: Sequence[Array], generators: Sequence[np.random.Generator], count: int
) -> list[Optimum]:
    """Return the best of at least ``count`` minima of every problem.

    The first is reached from the start (θ) as given, the second from the start tempered (lines first kept alike, see
    ``separable.starts``), the others where lines overlap from contrasted widths, else from points moved at random
    towards the bounds. Where these disagree, the problem has several minima and gets ``_MORE_STARTS`` further starts.
    A component that ended at area 0 is looked for over its whole range of positions: where it is absent nothing leads
    it to where it is not.
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
    reached = np.array([np.where(end.optimum.converged, end.optimum.point.objective, np.inf) for end in ends])
    doubtful = np.flatnonzero(np.max(reached, axis=0) - np.min(reached, axis=0) > _SAME_MINIMUM)
    if doubtful.size and count > 1:
        task, some = batch.task.copies(doubtful), [generators[int(place)] for place in doubtful]
        place = {int(which): i for i, which in enumerate(doubtful)}
        for _ in range(_MORE_STARTS):
            start = _moved(task, first[doubtful], some)
            ends.append(_End(marquardt.minimise(task, start, EFFORT), place))
    return ends + _absent_searched(batch, first, ends) if count > 1 else ends


def _absent_searched(batch: Batch, first: Array, ends: Sequence[_End]) -> list[_End]:
    """Return further ends, from the likeliest places of components whose area is 0 in the best end so far."""
    task, plan = batch.task, batch.problems[0].layout
    place = {int(slot): i for i, slot in enumerate(plan.varied[batch.compiled.nonlinear])}
    theta, absent = _best_points(ends, first.shape[0])
    further = []
    for component in range(len(plan.model.components)):
        column, position = batch.column_of(component), place.get(plan.index(component, "position"))
        if column is None or position is None or not np.any(absent[:, column]):
            continue
        which = np.flatnonzero(absent[:, column])
        trials = np.repeat(theta[which], _PLACES, axis=0)
        share = np.linspace(0.0, 1.0, _PLACES)
        low, high = task.lower[which, position], task.upper[which, position]
        trials[:, position] = (low[:, None] + (high - low)[:, None] * share).ravel()
        width = place.get(plan.index(component, "width"))
        if width is not None:
            trials[:, width] = np.repeat(first[which, width], _PLACES)
        looked = projection.evaluate(task, np.repeat(which, _PLACES), trials, None).objective.reshape(-1, _PLACES)
        start = trials.reshape(which.size, _PLACES, -1)[np.arange(which.size), np.argmin(looked, axis=1)]
        found = marquardt.minimise(task.copies(which), start, EFFORT)
        further.append(_End(found, {int(problem): i for i, problem in enumerate(which)}))
    return further


def _best_points(ends: Sequence[_End], problems: int) -> tuple[Array, NDArray[np.bool_]]:
    """Return each problem's nonlinear parameters at its best end, and which coefficients are held at 0 there."""
    bests = []
    for problem in range(problems):
        own = [(end.optimum, end.place[problem]) for end in ends if problem in end.place]
        bests.append(min(own, key=lambda end: float(end[0].point.objective[end[1]])))
    theta = np.array([end.point.theta[i] for end, i in bests])
    held = np.array([(end.point.coefficients[i] <= 0.0) for end, i in bests])
    return theta, held


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
    place = {int(slot): i for i, slot in enumerate(plan.varied[batch.compiled.nonlinear])}
    groups: dict[int, list[tuple[int | None, int | None, float]]] = {}
    for i, window in enumerate(plan.model.window_of_component):
        position, width = plan.index(i, "position"), plan.index(i, "width")
        usual = float(plan.slot_starts[width])
        groups.setdefault(window, []).append((place.get(position), place.get(width), usual))
    return list(groups.values())


def _crowded_widths(batch: Batch) -> list[tuple[int, bool]]:
    """Return the width parameters of lines that overlap their neighbours, and which of these are odd ones."""
    plan = batch.problems[0].layout
    place = {int(slot): i for i, slot in enumerate(plan.varied[batch.compiled.nonlinear])}
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
        widths = [(place.get(plan.index(i, "width")), bool(rank % 2)) for rank, i in enumerate(ordered) if i in close]
        found += [(width, odd) for width, odd in widths if width is not None]
    return found


def _best(batch: Batch, ends: Sequence[_End], problem: int) -> Optimum:
    """Return one problem's best end in the words of ``minimiser``."""
    own = [(end.optimum, end.place[problem]) for end in ends if problem in end.place]
    best, place = min(own, key=lambda end: (not end[0].converged[end[1]], float(end[0].point.objective[end[1]])))
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
