"""Is a component there? Critical levels, detection limits and chances of the areas of many fits at once.

Two things are asked of the counts. How large an area could be by chance: σ₀, the standard error of the area where its
true value is 0, background and neighbours free (L. A. Currie, Anal. Chem. 40 (1968) 586; ISO 11929), times a factor
that knows how far the component's energy and width were searched (``uncertainty.detection``). And how much worse the
counts are described without the component, everything else refitted: where a neighbour could take the area over, σ₀
does not know it, but the root r of the rise of the objective does. The critical level is the factor times σ₀ or area/r,
whichever is larger; so ``detected`` is always an area above its critical level.

The direction of a component in the space of counts is that of its unit area, weighted by 1/√µ, less what background and
other components could imitate; it is followed over the range of energies and widths that the fit may choose from where
the component is absent. A soft tie or a drift makes far places unlikely, they count with e^(−pull²/2).
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from xps.fitting import batch
from xps.fitting.batch import Batch
from xps.fitting.outcome import Outcome
from xps.fitting.uncertainty import Areas
from xps.separable import marquardt
from xps.separable.lines import Lines
from xps.separable.bounded import held_system, scales
from xps.uncertainty import detection
from xps.uncertainty.detection import Search

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

_BLOCK = 64
_PLACES, _WIDTHS = 9, 3
# So many standard deviations of a soft tie or drift around its value are searched.
_REACH = 3.0
# Areas below so many of their errors (at area 0, or as fitted) are tried without the component.
_DOUBTFUL = 8.0
# Without a component the axis may be off by as much as it is in 99 of 100 cases (two-sided), at no cost.
_ANY_DRIFT = 2.5758293035489004
_NO_PRIOR = 1e9
# Where a tie makes places unlikely, chances are wanted near this many standard errors.
_NEAR_CRITICAL = 2.0
_EFFORT = marquardt.Effort(decrement=1e-4, evaluations=100)


class _Noise(NamedTuple):
    """Per problem: standard error of an absent component's area, and how far the component was searched."""

    stderr: Array
    search: Search


def judged(found: Sequence[Outcome], factors: Sequence[Array] | None = None) -> list[Outcome]:
    """Return the outcomes with what is known about the presence of their components.

    ``factors`` are critical factors already known (per outcome, over components; NaN: not known); for these the extent
    of the search is not measured again and there are no chances.
    """
    places = [i for i, one in enumerate(found) if one.best is not None]
    problems = [problem for i in places if (problem := found[i].problem) is not None]
    result = list(found)
    for group, part in batch.batches(problems):
        members = [places[g] for g in group]
        known = None if factors is None else np.array([factors[i] for i in members])
        for i, judged_areas in zip(members, _judged(part, [found[i] for i in members], known), strict=True):
            result[i] = replace(found[i], areas=judged_areas)
    return result


def _judged(part: Batch, some: Sequence[Outcome], factors: Array | None) -> list[Areas]:
    best = part.optimum([one.best for one in some if one.best is not None])
    known = [one.areas for one in some if one.areas is not None]
    area, stderr = np.array([one.area for one in known]), np.array([one.stderr for one in known])
    factors = np.full(area.shape, np.nan) if factors is None else factors
    searched = np.any(np.isnan(factors), axis=0)
    noise = [_noise(part, best, component, bool(searched[component])) for component in range(area.shape[1])]
    sigma = np.array([one.stderr for one in noise]).T
    search = Search(*(np.array([one.search[i] for one in noise]).T for i in range(2)))
    factors = np.where(searched, detection.critical_factors(search), factors)
    root = _roots(part, best, area, np.fmin(area / sigma, area / stderr))
    sigma = np.fmax(sigma, area / root)
    ratio = area / sigma
    chance = np.where(searched, np.where(ratio > 0.0, detection.chances(ratio, search), ratio + 1.0), np.nan)
    return [
        one._replace(
            critical_level=factors[i] * sigma[i],
            detection_limit=(factors[i] + detection.Z_ONE_SIDED_95) * sigma[i],
            absent_p_value=chance[i],
            critical_factor=factors[i],
        )
        for i, one in enumerate(known)
    ]


# without the component -----------------------------------------------------------------------------------------------


def _roots(part: Batch, best: marquardt.Optimum, area: Array, ratio: Array) -> Array:
    """Return the root of the objective's rise without each component, problems × components; NaN where not tried."""
    root = np.full(area.shape, np.nan)
    columns = [part.column_of(component) for component in range(area.shape[1])]
    wanted = [
        (int(i), component, column)
        for component, column in enumerate(columns)
        if column is not None
        for i in np.flatnonzero((area[:, component] > 0.0) & (ratio[:, component] < _DOUBTFUL))
    ]
    if not wanted:
        return root
    which, what, column = (np.array(values, dtype=np.intp) for values in zip(*wanted, strict=True))
    drifts = _drifts(part)
    task = _with_any_drift(part.task.copies(which), drifts)
    given = np.full((which.size, part.task.bounded.size), np.nan)
    given[np.arange(which.size), column] = 0.0
    without = marquardt.minimise(replace(task, given=given), best.point.theta[which], _EFFORT)
    here = best.point.objective[which]
    if part.task.priors is not None:
        here = here - np.sum(part.task.priors.pulls(which, best.point.theta[which])[:, drifts] ** 2, axis=1)
    root[which, what] = np.sqrt(np.maximum(without.point.objective - here, 1e-12))
    return root


def _drifts(part: Batch) -> Indices:
    """Return which priors are those of energy drifts."""
    plan = part.problems[0].layout
    return np.array([i for i, prior in enumerate(plan.priors) if plan.slots[prior.slot].kind == "drift"], np.intp)


def _with_any_drift(task: marquardt.Task, drifts: Indices) -> marquardt.Task:
    """Return the task with each drift anywhere within its 99 % range, none likelier than another."""
    if task.priors is None or not drifts.size:
        return task
    stderr, lower, upper = task.priors.stderr.copy(), task.lower.copy(), task.upper.copy()
    for prior in drifts:
        place = int(np.flatnonzero(task.priors.rows[prior])[0])
        reach = _ANY_DRIFT * stderr[:, prior]
        lower[:, place] = np.maximum(lower[:, place], -reach)
        upper[:, place] = np.minimum(upper[:, place], reach)
        stderr[:, prior] = _NO_PRIOR
    return replace(task, priors=replace(task.priors, stderr=stderr), lower=lower, upper=upper)


# what noise can do ---------------------------------------------------------------------------------------------------


def _noise(part: Batch, best: marquardt.Optimum, component: int, searched: bool) -> _Noise:
    carrier = _carrier(part, component)
    problems = len(part.problems)
    if carrier is None:
        nothing = np.full(problems, np.nan)
        return _Noise(nothing, Search(np.zeros(problems), np.zeros(problems)))
    blocks = [np.arange(first, min(first + _BLOCK, problems)) for first in range(0, problems, _BLOCK)]
    parts = [_Absent(part, best, component, carrier, who).noise(searched) for who in blocks]
    stderr = np.concatenate([one.stderr for one in parts])
    return _Noise(stderr, Search(*(np.concatenate([one.search[i] for one in parts]) for i in range(2))))


def _carrier(part: Batch, component: int) -> int | None:
    """Return the parameter (coefficients first) that carries a component's area; None where a tie imposes it."""
    plan, compiled = part.problems[0].layout, part.compiled
    slot = plan.index(component, "area")
    tie = plan.slots[slot].tie
    if tie is None:
        return part.column_of(component)
    if not tie.soft:
        return None
    place = np.flatnonzero(plan.varied[compiled.nonlinear] == plan.index(component, "ratio"))
    return compiled.linear.size + int(place[0])


class _Absent:
    """Some fits as they would be with one component's area at 0."""

    def __init__(
        self, part: Batch, best: marquardt.Optimum, component: int, carrier: int, who: Indices
    ) -> None:
        self.part, self.task, self.who, self.carrier, self.component = part, part.task, who, carrier, component
        self.linear = part.task.bounded.size
        both = np.concatenate([best.point.coefficients[who], best.point.theta[who]], axis=1)
        both[:, carrier] = 0.0
        self.coefficients = np.ascontiguousarray(both[:, : self.linear])
        self.theta = np.ascontiguousarray(both[:, self.linear :])
        self.scale = self._scale(part, component)
        model = part.task.model
        assert isinstance(model, Lines)
        self.own = model.carried_by(carrier)
        # Of a ratio's lines the column is that of the area which it multiplies.
        self.unit = both[:, : self.linear] if carrier >= self.linear else np.eye(self.linear)[[carrier] * who.size]
        shape = self.task.model.shape(self.theta, who)
        columns = shape.columns
        expected = self.task.likelihood.admissible(np.matmul(self.coefficients[:, None], columns)[:, 0])
        self.root_weight = np.sqrt(self.task.likelihood.weights(who, expected))[:, None, :]
        counts = np.concatenate([columns, shape.derivatives(self.coefficients)], axis=1) * self.root_weight
        seen = np.einsum("spc,spc->sp", counts, counts) > 0.0
        # A soft tie or drift is one more datum: one more channel, in which the component itself does not show.
        self.design = np.concatenate([counts, self._priors()], axis=2)
        information = np.matmul(self.design, self.design.transpose(0, 2, 1))
        free = seen & ~best.held[who]
        free[:, carrier] = False
        self.inverse = _inverse(information, free)
        self.seen = seen[:, self.linear :]

    def _scale(self, part: Batch, component: int) -> Array:
        """Return the area per unit of the carrier: 1, or the area that a fitted ratio multiplies."""
        if self.carrier < self.linear:
            return np.ones(self.who.size)
        plan = part.problems[0].layout
        (step,) = (step for step in plan.steps if step.target == plan.index(component, "area"))
        full = np.empty((self.who.size, plan.varied.size))
        full[:, part.compiled.linear], full[:, part.compiled.nonlinear] = self.coefficients, self.theta
        return np.array([plan.expand(theta)[0][step.source] for theta in full])

    def _priors(self) -> Array:
        """Return what soft ties and drifts weigh, spectra × parameters × priors; without the tie of the own area.

        What a tie imposes is not detected.
        """
        if self.task.priors is None:
            return np.zeros((self.who.size, self.linear + self.theta.shape[1], 0))
        slopes = self.task.priors.slopes(self.who).transpose(0, 2, 1)
        if self.carrier >= self.linear:
            slopes = slopes * (self.task.priors.rows[:, self.carrier - self.linear] == 0.0)
        return np.concatenate([np.zeros((self.who.size, self.linear, slopes.shape[2])), slopes], axis=1)

    def noise(self, searched: bool) -> _Noise:
        """Return σ₀ at the fitted place and, if ``searched``, the extent of the search."""
        at_place = np.sum(self._directions(self.theta[:, None])[:, 0] ** 2, axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            stderr = np.where(at_place > 0.0, self.scale / np.sqrt(at_place), np.nan)
        nothing = np.zeros(self.who.size)
        search = self._search() if searched else Search(nothing, nothing)
        return _Noise(np.where(stderr > 0.0, stderr, np.nan), search)

    def _directions(self, trials: Array) -> Array:
        """Return what of the component at ``trials`` (spectra × trials × θ) nothing else can imitate, by channel."""
        spectra, count, _ = trials.shape
        shape = self.own.shape(trials.reshape(spectra * count, -1), np.repeat(self.who, count))
        lines = np.matmul(np.repeat(self.unit, count, axis=0)[:, None], shape.columns).reshape(spectra, count, -1)
        lines *= self.root_weight
        along = np.matmul(lines, self.design[:, :, : lines.shape[2]].transpose(0, 2, 1))
        found = -np.matmul(np.matmul(along, self.inverse), self.design)
        found[:, :, : lines.shape[2]] += lines
        return np.asarray(found)

    # the search

    def _search(self) -> Search:
        """Return length and area of the surface that the direction runs over while energy and width are searched."""
        energy, width = self._grid("position", _PLACES), self._grid("width", _WIDTHS)
        nothing = np.zeros(self.who.size)
        if energy is None and width is None:
            return Search(nothing, nothing)
        still = _Grid(np.zeros((self.who.size, 1)), np.zeros((self.who.size, 1)), np.zeros(self.theta.shape[1]))
        energy, width = energy or still, width or still
        trials = (
            self.theta[:, None, None, :]
            + energy.move[:, :, None, None] * energy.along
            + width.move[:, None, :, None] * width.along
        )
        spectra, places, widths, size = trials.shape
        found = self._directions(trials.reshape(spectra, places * widths, size))
        unit = found / np.maximum(np.linalg.norm(found, axis=-1, keepdims=True), 1e-300)
        penalty = energy.penalty[:, :, None] + width.penalty[:, None, :]
        return _extent(unit.reshape(spectra, places, widths, -1), penalty)

    def _grid(self, kind: str, count: int) -> "_Grid | None":
        """Return where the component's position or width is looked for, or None where it is given."""
        plan, nonlinear = self.part.problems[0].layout, self.part.compiled.nonlinear
        slot = plan.index(self.component, kind)  # type: ignore[arg-type]
        row = plan.expand(np.ones(plan.varied.size))[1][slot][nonlinear]
        if not np.any(row):
            return None
        place = int(np.argmax(np.abs(row)))
        along = np.zeros(row.size)
        along[place] = 1.0
        lower, upper = self.task.lower[self.who, place], self.task.upper[self.who, place]
        centre, reach = self._prior(place)
        if kind == "width":
            # The width of a line that shares it is known; only one of its own is searched.
            reach = np.where(self.seen[:, place], 0.0, reach)
        low = np.maximum(lower, centre - _REACH * reach)
        high = np.maximum(np.minimum(upper, centre + _REACH * reach), low)
        values = low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, count)
        spread = np.where((reach > 0.0) & np.isfinite(reach), reach, np.inf)[:, None]
        return _Grid(values - self.theta[:, [place]], ((values - centre[:, None]) / spread) ** 2, along)

    def _prior(self, place: int) -> tuple[Array, Array]:
        """Return value and standard deviation that a parameter has without the component's help (∞: any)."""
        value, index = self.theta[:, place], self.linear + place
        known = np.sqrt(np.maximum(self.inverse[:, index, index], 0.0))
        if self.task.priors is None or not np.any(self.task.priors.rows[:, place]):
            return value, np.where(self.seen[:, place], known, np.inf)
        slopes = self.task.priors.slopes(self.who)[:, :, place]
        pulls = self.task.priors.pulls(self.who, self.theta)
        weight = np.sum(slopes**2, axis=1)
        tied = value - np.sum(pulls * slopes, axis=1) / weight
        return np.where(self.seen[:, place], value, tied), np.where(self.seen[:, place], known, 1.0 / np.sqrt(weight))


class _Grid(NamedTuple):
    """Moves of a parameter (spectra × trials), their squared pulls, and the parameter's direction in θ."""

    move: Array
    penalty: Array
    along: Array


def _inverse(information: Array, free: Mask) -> Array:
    scale = scales(information)
    weight = np.where(free, scale, 0.0)
    found = np.linalg.inv(held_system(information, scale, free))
    return np.asarray(found * weight[:, :, None] * weight[:, None, :])


def _extent(unit: Array, penalty: Array) -> Search:
    """Return half the outline and the area of a surface of unit vectors, spectra × places × widths × channels.

    ``penalty`` are squared pulls: significance has to rise over √(z² + penalty), and where that bar rises itself it is
    crossed less often (S. O. Rice, Bell Syst. Tech. J. 24 (1945) 46, with a moving level).
    """
    weight, bar = np.exp(-0.5 * penalty), np.sqrt(_NEAR_CRITICAL**2 + penalty)

    def length(one: Any, other: Any) -> Array:
        angle = 2.0 * np.arcsin(np.minimum(0.5 * np.linalg.norm(unit[one] - unit[other], axis=-1), 1.0))
        slope = np.abs(bar[one] - bar[other]) / np.maximum(angle, 1e-12)
        crossed = np.exp(-0.5 * slope**2) - slope * math.sqrt(2 * math.pi) * ndtr(-slope)
        return np.asarray(angle * 0.5 * (weight[one] + weight[other]) * crossed)

    every = slice(None)
    sides = length((every, slice(1, None)), (every, slice(None, -1)))
    ends = length((every, every, slice(1, None)), (every, every, slice(None, -1)))
    outline = _sums(sides[:, :, [0, -1]]) + _sums(ends[:, [0, -1]])
    across, down = unit[:, 1:] - unit[:, :-1], unit[:, :, 1:] - unit[:, :, :-1]
    wide, tall = 0.5 * (across[:, :, 1:] + across[:, :, :-1]), 0.5 * (down[:, 1:] + down[:, :-1])
    square = np.sum(wide**2, axis=-1) * np.sum(tall**2, axis=-1) - np.sum(wide * tall, axis=-1) ** 2
    corners = 0.25 * (weight[:, 1:, 1:] + weight[:, :-1, 1:] + weight[:, 1:, :-1] + weight[:, :-1, :-1])
    return Search(0.5 * outline, _sums(np.sqrt(np.maximum(square, 0.0)) * corners))


def _sums(values: Array) -> Array:
    """Return one sum per spectrum, added in an order that does not depend on how many spectra there are."""
    return np.asarray(np.sum(np.ascontiguousarray(values.reshape(values.shape[0], -1)), axis=-1))
