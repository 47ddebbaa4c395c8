"""Frozen records of a fit model, in the words of the model file; energies in eV, areas in cps·eV."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from xps import backgrounds, lineshapes
from xps.errors import ConfigError

Role = Literal["species", "loss", "plasmon"]
TieKind = Literal["same_as", "offset_from", "ratio_to"]
IntervalMethod = Literal["auto", "covariance", "profile", "bootstrap"]
AlternativeKind = Literal["background", "line_shape", "tie", "components"]
TiedParameter = Literal["position_ev", "fwhm_ev", "area"]
SeriesFit = Literal["independent", "joint", "joint_then_independent"]
SharedParameter = Literal["position_ev", "fwhm_ev", "shape", "area_ratio", "shirley_factor_per_ev"]
Likelihood = Literal["poisson", "neyman"]


@dataclass(frozen=True, slots=True)
class Span:
    """Where a parameter starts and how far it may go; fixed when both bounds equal the start."""

    start: float
    low: float
    high: float

    @property
    def fixed(self) -> bool:
        """The parameter is a constant of the model."""
        return self.low == self.high

    def shifted(self, offset: float) -> "Span":
        """Return the span moved by ``offset``."""
        return Span(self.start + offset, self.low + offset, self.high + offset)

    def scaled(self, factor: float) -> "Span":
        """Return the span times ``factor`` (above 0)."""
        return Span(self.start * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class Background:
    """The background of a window: fitted with the peaks, and estimated once from the data (``static``)."""

    type: str
    endpoint_average_channels: int


@dataclass(frozen=True, slots=True)
class Window:
    """A range of calibrated binding energies, cut from the measured region whose core levels hold ``core_level``."""

    core_level: str
    low_ev: float
    high_ev: float
    background: Background


@dataclass(frozen=True, slots=True)
class Shape:
    """A line shape of ``lineshapes`` with a span for each number that ``lineshapes.PARAMETERS`` lists for it."""

    type: str
    spans: tuple[Span, ...] = ()

    @property
    def named(self) -> dict[str, Span]:
        """Spans by name."""
        return dict(zip(lineshapes.PARAMETERS[self.type], self.spans, strict=True))

    @property
    def starts(self) -> tuple[float, ...]:
        """The numbers with which a fit starts."""
        return tuple(span.start for span in self.spans)


@dataclass(frozen=True, slots=True)
class Doublet:
    """The minor line: ``splitting_ev`` above the major one, with these ratios minor/major of area and of FWHM."""

    splitting_ev: float
    area_ratio: float
    fwhm_ratio: float


@dataclass(frozen=True, slots=True)
class Component:
    """One fitted line or doublet. A span is None where an exact tie gives the parameter."""

    name: str
    core_level: str
    species: str
    line: str
    role: Role
    shape: Shape
    position_ev: Span | None
    fwhm_ev: Span | None
    doublet: Doublet | None
    source: str


@dataclass(frozen=True, slots=True)
class Tie:
    """``parameter`` of ``component`` follows ``other``: equal, at an offset ``value``, or ``value`` times as large.

    Without ``stderr`` the tie is exact and removes the parameter; with it the tie is soft: a Gaussian penalty.
    """

    component: str
    parameter: TiedParameter
    kind: TieKind
    other: str
    value: float
    stderr: float | None
    source: str

    @property
    def soft(self) -> bool:
        """The tie is a value ± standard error and not a law."""
        return self.stderr is not None

    def describe(self) -> str:
        """Return the tie in words, for the tables."""
        error = "" if self.stderr is None else f" ± {self.stderr:g}"
        relation = {
            "same_as": f"that of {self.other}",
            "offset_from": f"that of {self.other} {self.value:+g}{error} eV",
            "ratio_to": f"{self.value:g}{error} × that of {self.other}",
        }[self.kind]
        return f"{self.parameter} = {relation} ({'soft' if self.soft else 'exact'} tie)"


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """How 95 % intervals are found: ``auto`` profiles where the covariance is not to be trusted."""

    intervals: IntervalMethod = "auto"
    replicates: int = 400


@dataclass(frozen=True, slots=True)
class Film:
    """A closed film as the fit of another model shows it, under which lines from below lose more the slower they are.

    Its lines are the components ``bulk_ratios`` of ``model``, each with what its area would be over that of the lines
    ``over`` from below, were both infinitely thick. The ratio of two lines from below is then (1 + X)^-``exponent`` of
    what it is without a film, X being the sum of the film's areas over those of ``over``, each in units of its ratio.
    """

    model: str
    bulk_ratios: tuple[tuple[str, float], ...]
    over: tuple[str, ...]
    exponent: float
    whole_at: float
    """X of the film for which the alternative's numbers are meant."""

    @property
    def components(self) -> tuple[str, ...]:
        """All components of ``model`` that it speaks of."""
        return (*(name for name, _ in self.bulk_ratios), *self.over)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another model of the same windows: ``change`` says in words what differs, ``statement`` what is in question.

    A ``systematic`` one counts towards the systematic error of the areas; of one statement the largest change does.
    Where it speaks of a ``film``, it counts as far as that film is seen.
    """

    name: str
    kind: AlternativeKind
    statement: str
    change: str
    systematic: bool
    model: "FitModel"
    film: Film | None = None


@dataclass(frozen=True, slots=True)
class Shared:
    """Fitted numbers that a series has in common: ``parameter`` of ``component``, or of all that have it (None)."""

    parameter: SharedParameter
    component: str | None = None


@dataclass(frozen=True, slots=True)
class Series:
    """How the acquisitions of a series are fitted, and what they share where they are fitted jointly."""

    fit: SeriesFit = "joint_then_independent"
    share: tuple[Shared, ...] = (Shared("position_ev"), Shared("fwhm_ev"), Shared("shape"))


@dataclass(frozen=True, slots=True)
class FitModel:
    """A checked model. ``window_of_component`` gives each component's index into ``windows``.

    ``likelihood`` says by which measure a fit is best; it is the experiment's, the same for all its models.
    """

    name: str
    description: str
    windows: tuple[Window, ...]
    components: tuple[Component, ...]
    ties: tuple[Tie, ...]
    window_of_component: tuple[int, ...]
    alternatives: tuple[Alternative, ...] = ()
    series: Series = Series()
    uncertainty: Uncertainty = Uncertainty()
    likelihood: Likelihood = "poisson"

    def component(self, name: str) -> Component:
        """Return the component called ``name``; ConfigError lists the names when there is none."""
        for component in self.components:
            if component.name == name:
                return component
        names = ", ".join(component.name for component in self.components)
        raise ConfigError(f"model {self.name}: no component is called {name!r}; its components are {names}")

    def tie(self, component: str, parameter: TiedParameter) -> Tie | None:
        """Return the tie that acts on a parameter, or None; a parameter has at most one."""
        return next((tie for tie in self.ties if (tie.component, tie.parameter) == (component, parameter)), None)

    def span_of(self, component: str, parameter: Literal["position_ev", "fwhm_ev"]) -> Span:
        """Return where a position or width may lie, exact ties followed."""
        part = self.component(component)
        own = part.position_ev if parameter == "position_ev" else part.fwhm_ev
        if own is not None:
            return own
        tie = self.tie(component, parameter)
        assert tie is not None, "the model's checks demand a span or an exact tie"
        other = self.span_of(tie.other, parameter)
        return other.scaled(tie.value) if tie.kind == "ratio_to" else other.shifted(tie.value)

    @property
    def core_levels(self) -> tuple[str, ...]:
        """Core levels of the components, each once, in their order."""
        return tuple(dict.fromkeys(component.core_level for component in self.components))

    @property
    def linear_parameters(self) -> int:
        """How many areas and baseline coefficients a fit varies: with all else given, the model is linear in them."""
        areas = sum(self.tie(component.name, "area") is None for component in self.components)
        return areas + sum(len(backgrounds.baseline_parameters(window.background.type)) for window in self.windows)

    @property
    def nonlinear_parameters(self) -> int:
        """How many positions, widths, shapes, Shirley factors and softly tied area ratios a fit varies."""
        spans = [span for part in self.components for span in (part.position_ev, part.fwhm_ev, *part.shape.spans)]
        free = sum(span is not None and not span.fixed for span in spans)
        factors = sum(window.background.type == "shirley" for window in self.windows)
        return free + factors + sum(tie.soft and tie.parameter == "area" for tie in self.ties)

    def region_faults(self, regions: Mapping[str, Sequence[str]]) -> list[str]:
        """Return what stops this model from being fitted to ``regions`` (region name -> core levels it holds)."""
        faults = []
        measured = sorted({level for levels in regions.values() for level in levels})
        for index, window in enumerate(self.windows):
            holding = [name for name, levels in regions.items() if window.core_level in levels]
            if not holding:
                faults.append(
                    f"core level {window.core_level!r} was not measured; regions hold {', '.join(measured) or 'none'}"
                )
            elif len(holding) > 1:
                faults.append(f"core level {window.core_level!r} is held by {', '.join(holding)}; leave it in one")
            else:
                faults += self._level_faults(index, holding[0], regions[holding[0]])
        return faults

    def _level_faults(self, index: int, region: str, levels: Sequence[str]) -> list[str]:
        inside = [
            part for part, window in zip(self.components, self.window_of_component, strict=True) if window == index
        ]
        return [
            f"component {part.name!r} belongs to {part.core_level}, but region {region!r} is said to hold "
            f"{', '.join(levels)}; add {part.core_level} to that region in the experiment file"
            for part in inside
            if part.core_level not in levels
        ]

    def check_against(self, regions: Mapping[str, Sequence[str]]) -> None:
        """Raise ConfigError with every fault of ``region_faults``."""
        faults = self.region_faults(regions)
        if faults:
            raise ConfigError.of(f"model {self.name}", faults)
