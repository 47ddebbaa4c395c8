"""The model of XPS spectra: lines on active backgrounds, as columns and derivatives for many spectra at once.

A ``Scheme`` says what all spectra have in common: in each region its lines, where each takes position, width, shape
and area from, and its background. Everything nonlinear is an affine function of one parameter vector θ per spectrum, so
that doublets (position + splitting, width × ratio), exact ties within and across regions and a shift of a whole region
are the same thing to the solver: a row of a matrix. Areas are coefficients of columns; a doublet is one column, and
components whose area ratio is given share one. A ratio that is itself fitted (a soft tie) multiplies a line's share.

``Lines`` binds a scheme to axes and counting times; it is a ``projection.Model`` whose unit is counts.
"""

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from xps import lineshapes
from xps.separable.under_lines import add_step, baseline, loss_operators

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]


@dataclass(frozen=True, slots=True, eq=False)
class Affine:
    """Numbers of the lines of a region as rows·θ + offset; ``rows`` is lines × parameters."""

    rows: Array
    offset: Array

    def only(self, some: Mask) -> "Affine":
        """Return those of some lines."""
        return Affine(self.rows[some], self.offset[some])

    def of(self, theta: Array) -> Array:
        """Return the numbers, spectra × lines × 1."""
        # One product per spectrum: a single large one would sum in an order that depends on how many there are.
        return np.asarray(np.matvec(self.rows, theta) + self.offset)[:, :, None]


@dataclass(frozen=True, slots=True, eq=False)
class RegionScheme:
    """The lines of one region, ordered by shape, and its background.

    ``shape_parameters`` are the numbers that the shapes take besides position and width, place by place (all 0 where a
    shape takes fewer). ``column`` is the coefficient that a line's area belongs to and ``share`` its constant part of
    it, multiplied by the parameters ``factors`` (fitted ratios). ``step`` is the parameter that is the Shirley factor
    (1/eV), or None. ``baseline`` are the coefficients of the baseline's columns.
    """

    shapes: tuple[str, ...]
    position_ev: Affine
    fwhm_ev: Affine
    shape_parameters: tuple[Affine, ...]
    column: Indices
    share: Array
    factors: tuple[tuple[int, ...], ...]
    background: str
    step: int | None
    baseline: Indices
    # What follows from these and every evaluation asks for: coefficients and parameters that lines of the region touch,
    # which lines each coefficient gathers, ranges of lines by shape, which shape parameters are fitted, all numbers of
    # the lines (kinds × lines, flat), and how the fitted kinds follow the touched parameters (touched × kinds × lines).
    inside: slice | Indices = field(init=False)
    touched: slice | Indices = field(init=False)
    gather: Array = field(init=False)
    groups: tuple[tuple[str, slice], ...] = field(init=False)
    fitted: tuple[int, ...] = field(init=False)
    numbers: Affine = field(init=False)
    moves: Array = field(init=False)

    def __post_init__(self) -> None:
        """Find what does not depend on the spectra."""
        kinds = (self.position_ev, self.fwhm_ev, *self.shape_parameters)
        told = np.any([np.any(one.rows, axis=0) for one in kinds], axis=0)
        for factors in self.factors:
            told[list(factors)] = True
        inside, touched = np.unique(self.column), np.flatnonzero(told)
        fitted = tuple(i for i, one in enumerate(self.shape_parameters) if np.any(one.rows))
        moving = (self.position_ev, self.fwhm_ev, *(self.shape_parameters[i] for i in fitted))
        first = {shape: self.shapes.index(shape) for shape in self.shapes}
        found = {
            "inside": _run(inside),
            "gather": np.equal.outer(inside, self.column).astype(np.float64),
            "touched": _run(touched),
            "groups": tuple((shape, slice(at, at + self.shapes.count(shape))) for shape, at in first.items()),
            "fitted": fitted,
            "numbers": Affine(
                np.concatenate([one.rows for one in kinds]), np.concatenate([one.offset for one in kinds])
            ),
            "moves": np.stack([one.rows.T[touched] for one in moving], axis=1),
        }
        for name, value in found.items():
            object.__setattr__(self, name, value)

    def only(self, some: Mask, without: int | None = None) -> "RegionScheme":
        """Return the region with some of its lines and no baseline; the factor ``without`` is taken for 1."""
        return replace(
            self,
            shapes=tuple(shape for shape, kept in zip(self.shapes, some, strict=True) if kept),
            position_ev=self.position_ev.only(some),
            fwhm_ev=self.fwhm_ev.only(some),
            shape_parameters=tuple(one.only(some) for one in self.shape_parameters),
            column=self.column[some],
            share=self.share[some],
            factors=tuple(
                tuple(factor for factor in factors if factor != without)
                for factors, kept in zip(self.factors, some, strict=True)
                if kept
            ),
            baseline=self.baseline[:0],
        )


@dataclass(frozen=True, slots=True, eq=False)
class Scheme:
    """What a series of fits has in common: regions, number of coefficients and of nonlinear parameters."""

    regions: tuple[RegionScheme, ...]
    coefficients: int
    parameters: int
    # Whether every region depends on everything, so that none leaves a row of what all write to unwritten.
    filled: bool = field(init=False)

    def __post_init__(self) -> None:
        """Find what no evaluation needs to ask again."""
        rows = [
            (one.gather.shape[0] + one.baseline.size, one.moves.shape[0] + (one.step is not None))
            for one in self.regions
        ]
        object.__setattr__(self, "filled", set(rows) == {(self.coefficients, self.parameters)})


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """A scheme bound to spectra: per region the axes (spectra × channels, eV) and seconds per channel (spectra)."""

    scheme: Scheme
    binding_energy_ev: tuple[Array, ...]
    time_per_channel_s: tuple[Array, ...]

    def carried_by(self, parameter: int) -> "Lines":
        """Return the lines whose area the parameter (coefficients first) carries, per unit of it; nothing else."""
        ratio = parameter - self.scheme.coefficients
        regions = []
        for region in self.scheme.regions:
            if ratio < 0:
                regions.append(region.only(region.column == parameter))
            else:
                regions.append(region.only(np.array([ratio in own for own in region.factors], dtype=bool), ratio))
        return replace(self, scheme=replace(self.scheme, regions=tuple(regions)))

    def shape(self, theta: Array, who: Indices) -> "LinesAt":
        """Return the model of the spectra ``who`` at ``theta``."""
        regions = zip(self.scheme.regions, self.binding_energy_ev, self.time_per_channel_s, strict=True)
        return LinesAt(
            self.scheme, [_RegionAt(scheme, theta, axis[who], time[who, None]) for scheme, axis, time in regions]
        )


class LinesAt:
    """Columns and derivatives of some spectra at their θ: each region writes its channels of one array."""

    def __init__(self, scheme: Scheme, regions: "list[_RegionAt]") -> None:
        self._coefficients, self._regions = scheme.coefficients, regions
        ends = np.cumsum([region.axis.shape[1] for region in regions]).tolist()
        self._slices = [slice(end - region.axis.shape[1], end) for end, region in zip(ends, regions, strict=True)]
        spectra = regions[0].theta.shape[0]
        room = np.empty if scheme.filled else np.zeros
        self._jacobian: Array = room((spectra, scheme.coefficients + scheme.parameters, ends[-1]))
        for region, channels in zip(regions, self._slices, strict=True):
            region.write_columns(self.columns[:, :, channels])

    @property
    def columns(self) -> Array:
        """Columns in counts per unit of the coefficient, spectra × coefficients × channels."""
        return self._jacobian[:, : self._coefficients]

    def jacobian(self, coefficients: Array) -> Array:
        """Return columns and derivatives of the expected counts by θ, spectra × all parameters × channels."""
        for region, channels in zip(self._regions, self._slices, strict=True):
            region.write_derivatives(coefficients, self._jacobian[:, self._coefficients :, channels])
        return self._jacobian

    def derivatives(self, coefficients: Array) -> Array:
        """Return the derivatives alone."""
        return self.jacobian(coefficients)[:, self._coefficients :]


class _RegionAt:
    """One region of some spectra at their θ: profiles evaluated once, columns and derivatives made from them."""

    def __init__(self, scheme: RegionScheme, theta: Array, axis: Array, time: Array) -> None:
        self.scheme, self.theta, self.axis, self.time = scheme, theta, axis, time
        # Fits that start alike, on one axis, have the same lines: the single ones are told to all by broadcasting.
        alike = bool((theta == theta[:1]).all() and (axis == axis[:1]).all())
        self.stack = self._evaluated(*((theta[:1], axis[:1]) if alike else (theta, axis)))
        self.weights = self._weights()

    def _evaluated(self, theta: Array, axis: Array) -> Array:
        """Return values and derivatives of all lines in one stack, so that one product sums lines into parameters."""
        scheme, lines = self.scheme, len(self.scheme.shapes)
        numbers = scheme.numbers.of(theta).reshape(theta.shape[0], 2 + len(scheme.shape_parameters), lines, 1)
        stack = np.empty((theta.shape[0], (3 + len(scheme.fitted)) * lines, axis.shape[1]))
        for shape, some in scheme.groups:
            position, width, *own = (numbers[:, kind, some] for kind in range(2 + len(lineshapes.PARAMETERS[shape])))
            places = [stack[:, i * lines + some.start : i * lines + some.stop] for i in range(3 + len(scheme.fitted))]
            found = lineshapes.profile(
                shape,
                axis[:, None, :],
                position,
                width,
                *own,
                slopes=bool(scheme.fitted),
                out=(places[0], places[1], places[2]),
            )
            for place, i in zip(places[3:], scheme.fitted, strict=True):
                place[...] = found.by_parameters[i] if i < len(own) else 0.0
        return stack

    def _weights(self) -> Array:
        """Return each line's share of its column per second, spectra × lines."""
        weights = self.scheme.share * self.time
        for line, factors in enumerate(self.scheme.factors):
            for factor in factors:
                weights[:, line] *= self.theta[:, factor]
        return weights

    def write_columns(self, out: Array) -> None:
        """Write the region's part of all columns, spectra × coefficients × channels."""
        scheme, lines = self.scheme, len(self.scheme.shapes)
        # The counting time is told to the few numbers that sum lines, not to every channel of what they make.
        self._write(scheme.gather * self.weights[:, None, :], self.stack[:, :lines], out, scheme.inside)
        if scheme.baseline.size:
            out[:, scheme.baseline] = baseline(scheme.background, self.axis) * self.time[:, :, None]

    def write_derivatives(self, coefficients: Array, out: Array) -> None:
        """Write the derivatives of the region's expected counts by θ, spectra × parameters × channels."""
        scheme, lines = self.scheme, len(self.scheme.shapes)
        areas = coefficients[:, scheme.column]
        line_areas = areas * self.weights
        gather, stack = line_areas[:, None, None, :] * scheme.moves, self.stack[:, lines:]
        gather = gather.reshape(*gather.shape[:2], stack.shape[1])
        if any(scheme.factors):
            gather, stack = np.concatenate([self._by_factors(areas)[:, scheme.touched], gather], axis=2), self.stack
        self._write(gather, stack, out, scheme.touched)
        if scheme.step is not None:
            step = out[:, scheme.step : scheme.step + 1]
            step[...] = 0.0
            peaks = np.vecmat(line_areas, self.stack[:, :lines])[:, None]
            add_step(self.axis, peaks, np.ones(areas.shape[0]), step)

    def _write(self, gather: Array, stack: Array, out: Array, where: slice | Indices) -> None:
        """Write sums of lines with the background that they make to the rows ``where`` of ``out``."""
        rows = out[:, where] if isinstance(where, slice) else np.empty((*gather.shape[:2], out.shape[2]))
        np.matmul(gather, stack, out=rows)
        if self.scheme.step is not None:
            add_step(self.axis, rows, self.theta[:, self.scheme.step], rows)
        elif self.scheme.background == "tougaard":
            rows += np.matmul(rows, loss_operators(self.axis).transpose(0, 2, 1))
        if not isinstance(where, slice):
            out[:, where] = rows

    def _by_factors(self, areas: Array) -> Array:
        """Return how much of each line's value a fitted ratio adds: the area times the product of its other factors."""
        found = np.zeros((*self.theta.shape, len(self.scheme.shapes)))
        for line, factors in enumerate(self.scheme.factors):
            for own in range(len(factors)):
                product = areas[:, line] * self.scheme.share[line] * self.time[:, 0]
                for other, factor in enumerate(factors):
                    if other != own:
                        product = product * self.theta[:, factor]
                found[:, factors[own], line] += product
        return found


def _run(places: Indices) -> slice | Indices:
    """Return rising places as a slice where they follow each other: what it takes can be written to."""
    follow = places.size and places[-1] - places[0] + 1 == places.size
    return slice(int(places[0]), int(places[-1]) + 1) if follow else places
