"""Engine ``separable``: a model's layout as a scheme of lines, and the fits of many tasks at once.

The counterpart of ``minimiser`` (lmfit): same model, same objective, same ``Optimum`` at the end. A layout is compiled
to the numbers that ``separable.lines`` understands: positions and widths as affine functions of the nonlinear
parameters, areas as coefficients of columns, softly tied areas as ratios. Tasks with equally many channels are solved
together; what is together changes no number.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xps.fitting.solving.layout import Layout
from xps.fitting.solving.minimiser import Optimum
from xps.fitting.solving.problem import Problem
from xps.models import FitModel
from xps.separable import lines, marquardt, projection
from xps.separable.likelihood import LIKELIHOODS
from xps.separable.priors import Priors

Array = NDArray[np.float64]
Indices = NDArray[np.intp]

EFFORT = marquardt.Effort(decrement=1e-9, accepted=1e-6)


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

    def parameters(self) -> dict[int, int]:
        """Return the place of each slot that is one among the nonlinear parameters."""
        plan = self.problems[0].layout
        return {slot: i for i, slot in enumerate(plan.varied[self.compiled.nonlinear].tolist())}

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
