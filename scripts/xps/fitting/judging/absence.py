"""Fits as they would be with one component absent: how large its area looks by chance, and how far it was searched.

The direction of a component in the space of counts is that of its unit area, weighted by 1/√µ, less what background and
other components could imitate; it is followed over the range of energies and widths that the fit may choose from where
the component is absent. A soft tie or a drift makes far places unlikely, they count with e^(−pull²/2).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.fitting.solving.batch import Batch
from xps.separable import marquardt
from xps.separable.bounded import inverse_held
from xps.separable.lines import Lines
from xps.uncertainty import detection
from xps.uncertainty.detection import Search

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

_BLOCK = 64
_PLACES, _WIDTHS = 9, 3
# So many standard deviations of a soft tie or drift around its value are searched.
_REACH = 3.0


class Noise(NamedTuple):
    """Per problem: standard error of an absent component's area, and how far the component was searched."""

    stderr: Array
    search: Search


def noise(part: Batch, best: marquardt.Optimum, component: int, searched: bool) -> Noise:
    """Return what an absent component's area does by chance, per problem; NaN where a tie imposes the area.

    Only if ``searched`` is the extent of the search measured, else it is 0.
    """
    carrier = _carrier(part, component)
    problems = len(part.problems)
    if carrier is None:
        nothing = np.full(problems, np.nan)
        return Noise(nothing, Search(np.zeros(problems), np.zeros(problems)))
    blocks = [np.arange(first, min(first + _BLOCK, problems)) for first in range(0, problems, _BLOCK)]
    parts = [_Absent(part, best, component, carrier, who).noise(searched) for who in blocks]
    stderr = np.concatenate([one.stderr for one in parts])
    length, area = (np.concatenate([one.search[i] for one in parts]) for i in range(2))
    return Noise(stderr, Search(length, area))


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

    def __init__(self, part: Batch, best: marquardt.Optimum, component: int, carrier: int, who: Indices) -> None:
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
        shape, likelihood = self.task.model.shape(self.theta, who), self.task.likelihood.taken(who)
        columns = shape.columns
        expected = likelihood.admissible(np.matmul(self.coefficients[:, None], columns)[:, 0])
        self.root_weight = np.sqrt(likelihood.weights(expected))[:, None, :]
        counts = shape.jacobian(self.coefficients) * self.root_weight
        seen = np.einsum("spc,spc->sp", counts, counts) > 0.0
        # A soft tie or drift is one more datum: one more channel, in which the component itself does not show.
        self.design = np.concatenate([counts, self._priors()], axis=2)
        information = np.matmul(self.design, self.design.transpose(0, 2, 1))
        free = seen & ~best.held[who]
        free[:, carrier] = False
        self.inverse = inverse_held(information, free)
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
            slopes = slopes * ~self.task.priors.about[:, self.carrier - self.linear]
        return np.concatenate([np.zeros((self.who.size, self.linear, slopes.shape[2])), slopes], axis=1)

    def noise(self, searched: bool) -> Noise:
        """Return σ₀ at the fitted place and, if ``searched``, the extent of the search."""
        at_place = np.sum(self._directions(self.theta[:, None])[:, 0] ** 2, axis=-1)
        with np.errstate(divide="ignore", invalid="ignore"):
            stderr = np.where(at_place > 0.0, self.scale / np.sqrt(at_place), np.nan)
        nothing = np.zeros(self.who.size)
        search = self._search() if searched else Search(nothing, nothing)
        return Noise(np.where(stderr > 0.0, stderr, np.nan), search)

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
        return detection.extent(unit.reshape(spectra, places, widths, -1), penalty)

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
        # A shared position is the series' and the axis' drift on top: moved as one, it is known as well as both.
        for other in np.flatnonzero(row).tolist():
            reach = reach if other == place else np.hypot(reach, self._prior(other)[1])
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
        if self.task.priors is None or not np.any(self.task.priors.about[:, place]):
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
