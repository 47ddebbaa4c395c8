"""Which numbers a fit model has, which of them are varied, and how the tied ones follow.

Every number of the model (position, width, area and shape of each component, baseline coefficients and Shirley factor
of each window) is a *slot*. The varied slots make the vector θ; ``Layout.expand`` turns θ into all slot values and
their derivatives by θ, so that whoever minimises needs to know nothing of ties.

A position that the model gives as a constant is an energy against the reference, but regions of one cycle drift against
each other. Such positions are the constant plus the window's energy drift, one number with the calibration's prior
(drift and error of the shift together); without it a drift of 0.1 eV would be read as chemistry. Fitted positions need
none: they are what the nominal calibrated axis shows. But a position that a series shares has one value for many axes:
in a joint fit it is the series' common position plus the acquisition's own drift, again with the calibration's prior,
so that neither an axis that is off nor the number of acquisitions makes it look better known than it is.

A soft tie of areas is a varied ratio r with a Gaussian prior, and the area is r times the other's: the tie stays well
defined where both areas vanish, which a penalty on their quotient would not.
"""

import math
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps import backgrounds
from xps.models import FitModel, Span, Tie
from xps.models.records import Component

Array = NDArray[np.float64]
Kind = Literal["position", "width", "area", "shape", "baseline", "factor", "ratio", "drift", "common"]

# A drift beyond this many standard deviations of its prior is not searched.
_DRIFT_BOUND_SIGMA = 6.0
# ASSUME a Shirley factor of 0.02 /eV to start with and at most 0.5 /eV: 0.023 /eV was measured for Sn 3d.
_SHIRLEY_START = 0.02
_SHIRLEY_MOST = 0.5
# ASSUME an axis known to 0.05 eV leaves the model's own ranges wide enough; above, two sigma of room.
_NOTICED_AXIS_EV = 0.05
_AXIS_ROOM_SIGMA = 2.0
_SHARED_KINDS: dict[str, tuple[Kind, ...]] = {
    "position_ev": ("position", "common"),
    "fwhm_ev": ("width",),
    "shape": ("shape",),
    "area_ratio": ("ratio",),
    "shirley_factor_per_ev": ("factor",),
}


class Slot(NamedTuple):
    """One number of the model; ``component`` is an index or None for a number of the window itself.

    ``in_common`` marks a position that follows the series' common one and the acquisition's drift.
    """

    component: int | None
    window: int
    kind: Kind
    parameter: str
    span: Span | None
    tie: Tie | None
    in_common: bool = False

    @property
    def varied(self) -> bool:
        """The number is an element of θ."""
        exact = self.tie is not None and not self.tie.soft
        follows = self.in_common or (self.kind == "area" and self.tie is not None)
        return not exact and not follows and not (self.span is not None and self.span.fixed)

    @property
    def is_constant_position(self) -> bool:
        """The slot is a position that the model file gives as one number."""
        return self.kind == "position" and self.span is not None and self.span.fixed


class Step(NamedTuple):
    """One tied slot: factor × source + offset, or, with ``ratio`` given, value of slot ``ratio`` × source.

    The value of the varied slot ``drift``, where given, is added.
    """

    target: int
    source: int
    factor: float
    offset: float
    ratio: int | None
    drift: int | None = None


class Prior(NamedTuple):
    """A soft tie or a drift's prior: value of ``target`` − value of ``source`` (if any) = ``value`` ± ``stderr``.

    ``share`` of it counts in one acquisition: what is known about numbers that a series shares is known once.
    """

    slot: int
    target: int
    source: int | None
    value: float
    stderr: float
    share: float = 1.0


class OthersSay(NamedTuple):
    """What the other acquisitions of a series say about the numbers that all share, in one acquisition's fit.

    Gaussian knowledge of the slots ``slots``: root·(value − centre) is a vector of independent standard normals.
    ``excess`` is by how much the acquisition would fit better alone; ``chance`` that of more if sharing is right.
    """

    slots: NDArray[np.intp]
    root: Array
    centre: Array
    excess: float
    chance: float


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """The slots of a model, the varied ones (indices ``varied``, bounds ``lower`` and ``upper``), ties and priors.

    ``others`` is there in a joint fit only, one per acquisition.
    """

    model: FitModel
    slots: tuple[Slot, ...]
    varied: NDArray[np.intp]
    start: Array
    lower: Array
    upper: Array
    linear: NDArray[np.bool_]
    steps: tuple[Step, ...]
    priors: tuple[Prior, ...]
    fixed_values: Array
    others: OthersSay | None = None

    @property
    def shared(self) -> NDArray[np.intp]:
        """Return the varied slots that a joint fit of a series shares."""
        return np.array([slot for slot in self.varied if self._is_shared(self.slots[slot])], dtype=np.intp)

    def _is_shared(self, slot: Slot) -> bool:
        name = None if slot.component is None else self.model.components[slot.component].name
        return shares(self.model, slot.kind, name)

    @property
    def prior_count(self) -> int:
        """How many observations soft ties, drifts and what other acquisitions say are worth."""
        return len(self.priors) + (0 if self.others is None else self.others.centre.size)

    @property
    def slot_starts(self) -> Array:
        """Where each slot starts; 0 for what is tied or solved for (areas, baselines)."""
        starts = self.fixed_values.copy()
        starts[self.varied] = self.start
        return starts

    def index(self, component: int, kind: Kind) -> int:
        """Return the slot of a component's number."""
        return next(i for i, slot in enumerate(self.slots) if (slot.component, slot.kind) == (component, kind))

    def of_component(self, component: int) -> list[int]:
        """Return the slots that a component's lines are made of: position, width, area, then those of its shape."""
        kinds = ("position", "width", "area", "shape")
        return [i for i, slot in enumerate(self.slots) if slot.component == component and slot.kind in kinds]

    def shape_of(self, component: int) -> list[int]:
        """Return the slots of a component's shape, in the order of ``lineshapes.PARAMETERS``."""
        return [i for i in self.of_component(component) if self.slots[i].kind == "shape"]

    def common_of(self, component: int) -> list[int]:
        """Return the slot of what a component's position has in common with the series, where it has."""
        return [i for i, slot in enumerate(self.slots) if (slot.component, slot.kind) == (component, "common")]

    def indices(self, kind: Kind) -> NDArray[np.intp]:
        """Return the slots of one kind, in the order of components or windows."""
        return np.array([i for i, slot in enumerate(self.slots) if slot.kind == kind], dtype=np.intp)

    def expand(self, theta: Array) -> tuple[Array, Array]:
        """Return all slot values and their derivatives by θ, shape (slots, varied)."""
        values = self.fixed_values.copy()
        values[self.varied] = theta
        by_theta = np.zeros((values.size, theta.size))
        by_theta[self.varied, np.arange(theta.size)] = 1.0
        for target, source, factor, offset, ratio, drift in self.steps:
            scale = factor if ratio is None else float(values[ratio])
            by_theta[target] = scale * by_theta[source]
            values[target] = scale * values[source] + offset
            if ratio is not None:
                by_theta[target] += values[source] * by_theta[ratio]
            if drift is not None:
                by_theta[target] += by_theta[drift]
                values[target] += values[drift]
        return values, by_theta

    def in_series(self, acquisitions: int) -> "Layout":
        """Return the layout of one of so many jointly fitted acquisitions: ties of shared numbers count once for all.

        Told again by each acquisition, a tie would be as strong as if it had been measured with every one of them.
        """
        by_theta, shared = self.expand(self.start)[1], np.isin(self.varied, self.shared)
        priors = []
        for prior in self.priors:
            row = by_theta[prior.target] - (0.0 if prior.source is None else by_theta[prior.source])
            priors.append(prior if np.any(row[~shared]) else prior._replace(share=1.0 / acquisitions))
        return replace(self, priors=tuple(priors))

    def prior_residuals(self, values: Array, by_theta: Array) -> tuple[Array, Array]:
        """Return √share (value − tie)/stderr of each prior, then what others say, and the derivatives by θ."""
        pulls = np.zeros(self.prior_count)
        slopes = np.zeros((self.prior_count, by_theta.shape[1]))
        for row, (_, target, source, value, stderr, share) in enumerate(self.priors):
            other, weight = 0.0 if source is None else float(values[source]), math.sqrt(share) / stderr
            pulls[row] = (values[target] - other - value) * weight
            slopes[row] = (by_theta[target] - (0.0 if source is None else by_theta[source])) * weight
        if self.others is not None:
            first, (slots, root, centre, *_) = len(self.priors), self.others
            pulls[first:], slopes[first:] = root @ (values[slots] - centre), root @ by_theta[slots]
        return pulls, slopes


def of(model: FitModel, drift_stderr_ev: tuple[float, ...] = (), shift_stderr_ev: float = 0.0) -> Layout:
    """Return the layout of ``model``.

    ``drift_stderr_ev`` gives, per window, the standard deviation of the charging drift between its region and the
    energy reference; it widens soft position ties between windows (two regions of one cycle do not share their drift).
    ``shift_stderr_ev`` is how well the cycle's reference itself is known: constant positions follow the axis within
    both, and where the axis is badly known (an interpolated shift, regions that drift) positions are searched further
    than the model says.
    ASSUME each window of a model moves by itself: the part of the shift's error that is common to the windows of one
    cycle is treated as independent per window. Where the reference is seen that part is small (0.001 of 0.045 eV in the
    shipped series); it asks too little of models with given energies in several windows where a shift is interpolated.
    """
    drift = drift_stderr_ev or (0.0,) * len(model.windows)
    axis = tuple(math.hypot(stderr, shift_stderr_ev) for stderr in drift)
    slots = tuple(_slots(model, axis))
    varied = np.array([i for i, slot in enumerate(slots) if slot.varied], dtype=np.intp)
    spans = [_searched(slots[i], axis[slots[i].window]) for i in varied]
    fixed = np.array([slot.span.start if slot.span is not None else 0.0 for slot in slots])
    return Layout(
        model=model,
        slots=slots,
        varied=varied,
        start=np.array([span.start for span in spans]),
        lower=np.array([span.low for span in spans]),
        upper=np.array([span.high for span in spans]),
        linear=np.array([slots[i].kind in ("area", "baseline") for i in varied]),
        steps=tuple(_steps(model, slots)),
        priors=tuple(_priors(model, slots, drift, axis)),
        fixed_values=fixed,
    )


def carried(source: Layout, values: Array, target: Layout) -> Array:
    """Return slot values of ``source`` in the order of ``target``: of one model, its series fitted in another way.

    What a position has in common with a series is for the other the position; drifts that it does not know are 0.
    """
    if source.slots == target.slots:
        return values
    pairs = zip(source.slots, values.tolist(), strict=True)
    known = {_number(slot): value for slot, value in pairs if not slot.in_common}
    return np.array([known.get(_number(slot), 0.0) for slot in target.slots])


def _number(slot: Slot) -> tuple[int | None, int, str]:
    return slot.component, slot.window, slot.parameter.removeprefix("shared_")


def _slots(model: FitModel, drift: tuple[float, ...]) -> list[Slot]:
    slots = []
    for i, (part, window) in enumerate(zip(model.components, model.window_of_component, strict=True)):
        slots += _component_slots(model, i, part, window)
    for w, window_record in enumerate(model.windows):
        kind = window_record.background.type
        slots += [Slot(None, w, "baseline", name, None, None) for name in backgrounds.baseline_parameters(kind)]
        if kind == "shirley":
            span = Span(_SHIRLEY_START, 0.0, _SHIRLEY_MOST)
            slots.append(Slot(None, w, "factor", "shirley_factor_per_ev", span, None))
        if any(slot.window == w and (slot.is_constant_position or slot.in_common) for slot in slots):
            width = _DRIFT_BOUND_SIGMA * drift[w]
            slots.append(Slot(None, w, "drift", "energy_drift_ev", Span(0.0, -width, width), None))
    for i, (part, window) in enumerate(zip(model.components, model.window_of_component, strict=True)):
        tie = model.tie(part.name, "area")
        if tie is not None and tie.soft:
            slots.append(Slot(i, window, "ratio", "area_ratio", Span(tie.value, 0.0, np.inf), None))
    return slots


def _component_slots(model: FitModel, i: int, part: Component, window: int) -> list[Slot]:
    tie = model.tie(part.name, "position_ev")
    position = Slot(i, window, "position", "position_ev", part.position_ev, tie)
    common = []
    if model.series.fit == "joint" and position.varied and shares(model, "position", part.name):
        common = [Slot(i, window, "common", "shared_position_ev", part.position_ev, None)]
        position = position._replace(span=None, in_common=True)
    return [
        *common,
        position,
        Slot(i, window, "width", "fwhm_ev", part.fwhm_ev, model.tie(part.name, "fwhm_ev")),
        Slot(i, window, "area", "area_cps_ev", None, model.tie(part.name, "area")),
        *(Slot(i, window, "shape", name, span, None) for name, span in part.shape.named.items()),
    ]


def shares(model: FitModel, kind: Kind, component: str | None) -> bool:
    """Return whether the acquisitions of a series share a kind of number of a component (None: of a window)."""
    return any(
        kind in _SHARED_KINDS[shared.parameter] and shared.component in (None, component)
        for shared in model.series.share
    )


def _tied(model: FitModel, slots: tuple[Slot, ...]) -> dict[int, tuple[int, Tie]]:
    """Return, for every slot with a tie, the slot that it refers to and the tie."""
    place = {(slot.component, slot.kind): i for i, slot in enumerate(slots) if slot.component is not None}
    names = [part.name for part in model.components]
    return {i: (place[names.index(slot.tie.other), slot.kind], slot.tie) for i, slot in enumerate(slots) if slot.tie}


def _steps(model: FitModel, slots: tuple[Slot, ...]) -> list[Step]:
    """Return the tied slots in an order in which every source is known before it is used."""
    ratios = {slot.component: i for i, slot in enumerate(slots) if slot.kind == "ratio"}
    waiting = {}
    for target, (source, tie) in _tied(model, slots).items():
        if tie.soft and slots[target].kind != "area":
            continue
        if tie.soft:
            waiting[target] = Step(target, source, 1.0, 0.0, ratios[slots[target].component])
        elif tie.kind == "ratio_to":
            waiting[target] = Step(target, source, tie.value, 0.0, None)
        else:
            waiting[target] = Step(target, source, 1.0, tie.value if tie.kind == "offset_from" else 0.0, None)
    drifts = {slot.window: i for i, slot in enumerate(slots) if slot.kind == "drift"}
    common = {slot.component: i for i, slot in enumerate(slots) if slot.kind == "common"}
    for target, slot in enumerate(slots):
        if slot.is_constant_position and slot.span is not None:
            waiting[target] = Step(target, drifts[slot.window], 1.0, slot.span.start, None)
        elif slot.in_common:
            waiting[target] = Step(target, common[slot.component], 1.0, 0.0, None, drifts[slot.window])
    ordered: list[Step] = []
    while waiting:
        ready = [target for target, step in waiting.items() if step.source not in waiting]
        assert ready, "the model's checks have refused loops"
        ordered += [waiting.pop(target) for target in ready]
    return ordered


def _searched(slot: Slot, axis_stderr_ev: float) -> Span:
    """Return the span of a varied slot; that of a position is wider where the energy axis is badly known."""
    span = slot.span or Span(0.0, 0.0, np.inf)
    if slot.kind != "position" or axis_stderr_ev <= _NOTICED_AXIS_EV:
        return span
    room = _AXIS_ROOM_SIGMA * axis_stderr_ev
    return Span(span.start, span.low - room, span.high + room)


def _priors(model: FitModel, slots: tuple[Slot, ...], drift: tuple[float, ...], axis: tuple[float, ...]) -> list[Prior]:
    ratios = {slot.component: i for i, slot in enumerate(slots) if slot.kind == "ratio"}
    common = {slot.component: i for i, slot in enumerate(slots) if slot.kind == "common"}
    priors = [
        Prior(i, i, None, 0.0, axis[slot.window])
        for i, slot in enumerate(slots)
        if slot.kind == "drift" and slot.varied
    ]
    for target, (source, tie) in _tied(model, slots).items():
        if tie.stderr is None:
            continue
        if slots[target].kind == "area":
            priors.append(Prior(target, ratios[slots[target].component], None, tie.value, tie.stderr))
            continue
        stderr, ends = tie.stderr, (target, source)
        here, there = slots[target].window, slots[source].window
        if slots[target].in_common and slots[source].in_common:
            ends = common[slots[target].component], common[slots[source].component]
        elif slots[target].kind == "position" and here != there:
            stderr = float(np.sqrt(stderr**2 + drift[here] ** 2 + drift[there] ** 2))
        priors.append(Prior(target, *ends, tie.value, stderr))
    return priors
