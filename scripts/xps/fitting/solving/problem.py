"""The model of one acquisition's windows as a function of θ: expected counts, their Jacobian, and the objective.

Vectorised by hand: all lines of a window are columns of one array, so an evaluation costs one call of the line shape,
one cumulative sum for the background, and small matrix products.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps import backgrounds, lineshapes
from xps.fitting.solving import layout, likelihood
from xps.fitting.solving.layout import Layout
from xps.fitting.solving.likelihood import Likelihood
from xps.models import FitModel
from xps.spectra import Spectrum

Array = NDArray[np.float64]


class Evaluation(NamedTuple):
    """Everything about one θ: slot values, expected counts, ∂µ/∂θ, pulls of soft ties and their derivatives.

    ``weights`` are those of the channels in gradient and information, 1/µ for Poisson.
    """

    theta: Array
    values: Array
    by_theta: Array
    expected: Array
    weights: Array
    jacobian: Array
    pulls: Array
    pull_slopes: Array


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """The lines of one window, major and minor, and how they add up to components."""

    shapes: tuple[
        tuple[str, NDArray[np.intp], NDArray[np.intp]], ...
    ]  # shape, its lines, their slots (lines × numbers)
    column: NDArray[np.intp]  # component of the window that the line belongs to
    offset_ev: Array
    width_ratio: Array
    weights: Array  # lines × components of the window: share of a component's unit area
    width_weights: Array  # the same times the line's width ratio
    fitted_slots: NDArray[np.intp]  # slots of shapes that are varied
    fitted_column: NDArray[np.intp]  # component of the window that each of them belongs to


@dataclass(frozen=True, slots=True, eq=False)
class _Region:
    spectrum: Spectrum
    lines: _Lines
    position_slots: NDArray[np.intp]
    width_slots: NDArray[np.intp]
    area_slots: NDArray[np.intp]
    baseline: Array
    baseline_slots: NDArray[np.intp]
    factor_slot: int | None
    losses: Array | None


@dataclass(frozen=True, slots=True, eq=False)
class Problem:
    """A model bound to the spectra of its windows (one per window, in the model's order)."""

    layout: Layout
    regions: tuple[_Region, ...]
    counts: Array
    limits: tuple[slice, ...]

    @property
    def points(self) -> int:
        """Number of channels of all windows."""
        return int(self.counts.size)

    @property
    def likelihood(self) -> Likelihood:
        """By which measure a fit is best."""
        return self.layout.model.likelihood

    @property
    def varied(self) -> int:
        """Number of varied parameters."""
        return int(self.layout.varied.size)

    def evaluate(self, theta: Array) -> Evaluation:
        """Return the model and its derivatives at ``theta``."""
        values, by_theta = self.layout.expand(theta)
        expected = np.empty(self.points)
        jacobian = np.empty((self.points, theta.size))
        for region, part in zip(self.regions, self.limits, strict=True):
            rate, by_slot, slots = _rate(region, values)
            expected[part] = rate * region.spectrum.time_per_channel_s
            jacobian[part] = region.spectrum.time_per_channel_s * (by_slot @ by_theta[slots])
        pulls, slopes = self.layout.prior_residuals(values, by_theta)
        expected = np.maximum(expected, likelihood.LEAST_EXPECTED_COUNTS)
        weights = likelihood.weights(self.likelihood, self.counts, expected)
        return Evaluation(theta, values, by_theta, expected, weights, jacobian, pulls, slopes)

    def objective(self, at: Evaluation) -> float:
        """Return deviance (or Neyman's χ²) plus squared pulls of the soft ties."""
        return likelihood.objective(self.likelihood, self.counts, at.expected) + float(at.pulls @ at.pulls)

    def gradient(self, at: Evaluation) -> Array:
        """Return half the derivative of the objective by θ."""
        by_counts = at.jacobian.T @ (at.weights * (at.expected - self.counts))
        return np.asarray(by_counts + at.pull_slopes.T @ at.pulls)

    def background_cps(self, at: Evaluation) -> tuple[Array, ...]:
        """Return each window's background, baseline and what the peaks scatter, in counts/s."""
        return tuple(_background(region, at.values) for region in self.regions)


def information(at: Evaluation) -> Array:
    """Return the expected information of θ: of the counts and of the soft ties."""
    return np.asarray(likelihood.information(at.weights, at.jacobian) + at.pull_slopes.T @ at.pull_slopes)


def bind(model: FitModel, spectra: Sequence[Spectrum]) -> Problem:
    """Return the problem of fitting ``model`` to ``spectra``, one per window in the model's order."""
    shift_stderr_ev = max(spectrum.shift_stderr_ev for spectrum in spectra)
    plan = layout.of(model, tuple(spectrum.drift_stderr_ev for spectrum in spectra), shift_stderr_ev)
    regions = tuple(_bind_region(model, plan, w, spectrum) for w, spectrum in enumerate(spectra))
    ends = np.cumsum([spectrum.channels for spectrum in spectra])
    limits = tuple(slice(int(end) - spectrum.channels, int(end)) for end, spectrum in zip(ends, spectra, strict=True))
    return Problem(plan, regions, np.concatenate([spectrum.counts for spectrum in spectra]), limits)


def _bind_region(model: FitModel, plan: Layout, window: int, spectrum: Spectrum) -> _Region:
    inside = [i for i, place in enumerate(model.window_of_component) if place == window]
    kind = model.windows[window].background.type
    slots = {
        name: np.array([i for i, slot in enumerate(plan.slots) if (slot.kind, slot.window) == (name, window)], np.intp)
        for name in ("position", "width", "area", "baseline", "factor")
    }
    return _Region(
        spectrum=spectrum,
        lines=_bind_lines(model, plan, inside),
        position_slots=slots["position"],
        width_slots=slots["width"],
        area_slots=slots["area"],
        baseline=backgrounds.baseline(kind, spectrum.binding_energy_ev),
        baseline_slots=slots["baseline"],
        factor_slot=int(slots["factor"][0]) if slots["factor"].size else None,
        losses=backgrounds.loss_operator(spectrum.binding_energy_ev) if kind == "tougaard" else None,
    )


def _bind_lines(model: FitModel, plan: Layout, inside: list[int]) -> _Lines:
    rows = []
    for column, i in enumerate(inside):
        part = model.components[i]
        minor, own = part.doublet, plan.shape_of(i)
        major_share = 1.0 if minor is None else 1.0 / (1.0 + minor.area_ratio)
        rows.append((part.shape.type, column, 0.0, 1.0, own, major_share))
        if minor is not None:
            share = 1.0 - major_share
            rows.append((part.shape.type, column, minor.splitting_ev, minor.fwhm_ratio, own, share))
    columns = np.array([row[1] for row in rows], dtype=np.intp)
    width_ratio = np.array([row[3] for row in rows])
    weights = np.zeros((len(rows), len(inside)))
    weights[np.arange(len(rows)), columns] = [row[5] for row in rows]
    fitted = [(slot, column) for column, i in enumerate(inside) for slot in plan.shape_of(i) if plan.slots[slot].varied]
    return _Lines(
        shapes=tuple(
            _of_one_shape(kind, [(row[0], row[4]) for row in rows]) for kind in dict.fromkeys(r[0] for r in rows)
        ),
        column=columns,
        offset_ev=np.array([row[2] for row in rows]),
        width_ratio=width_ratio,
        weights=weights,
        width_weights=weights * width_ratio[:, None],
        fitted_slots=np.array([slot for slot, _ in fitted], dtype=np.intp),
        fitted_column=np.array([column for _, column in fitted], dtype=np.intp),
    )


def _of_one_shape(kind: str, rows: Sequence[tuple[str, list[int]]]) -> tuple[str, NDArray[np.intp], NDArray[np.intp]]:
    chosen = [i for i, (found, _) in enumerate(rows) if found == kind]
    slots = np.array([rows[i][1] for i in chosen], dtype=np.intp).reshape(len(chosen), -1)
    return kind, np.array(chosen, dtype=np.intp), slots


class _Profiles(NamedTuple):
    """Unit-area columns (channels × components of the window) and their derivatives; by_shape by the fitted slots."""

    unit: Array
    by_position: Array
    by_width: Array
    by_shape: Array


def _profiles(region: _Region, values: Array) -> _Profiles:
    lines = region.lines
    positions = values[region.position_slots][lines.column] + lines.offset_ev
    widths = values[region.width_slots][lines.column] * lines.width_ratio
    energy = region.spectrum.binding_energy_ev[:, None]
    parts = [np.empty((energy.size, positions.size)) for _ in range(3)]
    by_shape = np.zeros((energy.size, lines.fitted_slots.size))
    for kind, chosen, slots in lines.shapes:
        own = [values[slots[:, place]] for place in range(slots.shape[1])]
        found = lineshapes.profile(
            kind, energy, positions[chosen], widths[chosen], *own, slopes=bool(lines.fitted_slots.size)
        )
        for store, values_of_kind in zip(parts, found[:3], strict=True):
            store[:, chosen] = values_of_kind
        for place, slopes in enumerate(found.by_parameters):
            for k, line in enumerate(chosen):
                for column in np.flatnonzero(lines.fitted_slots == slots[k, place]):
                    by_shape[:, column] += slopes[:, k] * lines.weights[line, lines.column[line]]
    return _Profiles(parts[0] @ lines.weights, parts[1] @ lines.weights, parts[2] @ lines.width_weights, by_shape)


def _scattered(region: _Region, values: Array, peaks: Array) -> Array:
    """Return the background that ``peaks`` (columns) make at higher binding energy."""
    if region.factor_slot is not None:
        return np.asarray(values[region.factor_slot] * backgrounds.step_under(region.spectrum.binding_energy_ev, peaks))
    return np.zeros_like(peaks) if region.losses is None else np.asarray(region.losses @ peaks)


def _rate(region: _Region, values: Array) -> tuple[Array, Array, NDArray[np.intp]]:
    """Return the rate in cps, its derivatives by the slots that it depends on, and these slots."""
    lines, found = region.lines, _profiles(region, values)
    areas = values[region.area_slots]
    by_shape = found.by_shape * areas[lines.fitted_column]
    columns = np.hstack([found.unit, found.by_position * areas, found.by_width * areas, by_shape])
    columns += _scattered(region, values, columns)
    slots = [region.area_slots, region.position_slots, region.width_slots, lines.fitted_slots, region.baseline_slots]
    parts = [columns, region.baseline]
    if region.factor_slot is not None:
        step = backgrounds.step_under(region.spectrum.binding_energy_ev, (found.unit @ areas)[:, None])
        parts.append(step)
        slots.append(np.array([region.factor_slot], dtype=np.intp))
    rate = columns[:, : areas.size] @ areas + region.baseline @ values[region.baseline_slots]
    return np.asarray(rate), np.hstack(parts), np.concatenate(slots)


def _background(region: _Region, values: Array) -> Array:
    peaks = _profiles(region, values).unit @ values[region.area_slots]
    baseline = region.baseline @ values[region.baseline_slots]
    return np.asarray(baseline + _scattered(region, values, peaks[:, None])[:, 0])


def slot_jacobian(problem: Problem, values: Array) -> Array:
    """Return the derivatives of the expected counts by every slot as if none were tied or fixed (points × slots)."""
    jacobian = np.zeros((problem.points, values.size))
    for region, part in zip(problem.regions, problem.limits, strict=True):
        _, by_slot, slots = _rate(region, values)
        jacobian[part, slots] = region.spectrum.time_per_channel_s * by_slot
    return jacobian
