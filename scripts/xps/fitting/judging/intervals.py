"""Intervals of areas and positions where those of one covariance matrix are not to be trusted.

That is where counts are few or an area is at or near 0 (measured, covariance intervals cover 84 to 95 % there instead
of 95 %), where a position or width of the window ended at its bound (no covariance says which side is open), where the
verdict is that the area is not identified, and where the profile at the covariance's ends is not as high as it should
be: lines that overlap are no linear function of the counts, however many these are. An area whose interval is too wide
to know it is not identified, whatever the curvature at the optimum says. Only numbers that are varied themselves are
profiled; one that follows another by a tie keeps the covariance's, or gets one by ``bootstrap``. A model file may ask
for one of these ways everywhere.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.fitting.judging import bootstrap
from xps.fitting.judging.outcome import Interval, Outcome
from xps.fitting.solving import batch, search
from xps.models import FitModel
from xps.quantiles import RISE_ONE_SIDED_95, RISE_TWO_SIDED_95, TWO_SIDED_95
from xps.separable import marquardt
from xps.uncertainty import profiles

Array = NDArray[np.float64]

# Below this height in counts, or closer to 0 than this many standard errors, intervals are profiled.
_FEW_COUNTS = 1e3
_NEAR_ZERO = 3.0
# The same where at an end of the covariance's the profile's root is off by so much: an end off by a tenth of a standard
# error makes the interval miss the truth 0.6 % more often, or less.
_CURVED = 0.1
_SEARCHED = ("position", "common", "width", "shape")


def found_for(model: FitModel, found: Sequence[Outcome], seed: int) -> list[Outcome]:
    """Return the outcomes with the intervals that the model asks for; those of the covariance need no words."""
    if model.uncertainty.intervals == "covariance":
        return list(found)
    places = [i for i, one in enumerate(found) if one.best is not None]
    problems = [problem for i in places if (problem := found[i].problem) is not None]
    result = list(found)
    for group, part in batch.batches(problems):
        members = [places[g] for g in group]
        some = [found[i] for i in members]
        if model.uncertainty.intervals == "bootstrap":
            of_each = bootstrap.intervals(part, some, model.uncertainty.replicates, seed)
        else:
            of_each = _profiled(part, some, everything=model.uncertainty.intervals == "profile")
        for place, own in zip(members, of_each, strict=True):
            result[place] = _doubted(replace(found[place], intervals=own))
    return result


def _profiled(part: batch.Batch, some: Sequence[Outcome], everything: bool) -> list[dict[int, Interval]]:
    plan = part.problems[0].layout
    numbers = [
        _Wanted(k, slot, what, plan.slots[slot].kind == "area")
        for component in range(len(plan.model.components))
        for slot, what in _own_numbers(part, component)
        for k, one in enumerate(some)
        if _is_there(one, component, slot)
    ]
    doubtful = [everything or _is_doubtful(some[number.problem], number) for number in numbers]
    wanted = [number for number, is_so in zip(numbers, doubtful, strict=True) if is_so]
    others = [number for number, is_so in zip(numbers, doubtful, strict=True) if not is_so and number.is_area]
    wanted += _curved(part, some, others)
    of_each: list[dict[int, Interval]] = [{} for _ in some]
    for number, end in zip(wanted, _ends(part, some, wanted) if wanted else [], strict=True):
        of_each[number.problem][number.slot] = end
    return of_each


def _curved(part: batch.Batch, some: Sequence[Outcome], numbers: Sequence["_Wanted"]) -> list["_Wanted"]:
    """Return the areas that the counts do not refuse just where the covariance's interval ends."""
    if not numbers:
        return []
    sides = _sides(some, [*numbers, *numbers], np.repeat([-1.0, 1.0], len(numbers)), RISE_TWO_SIDED_95)
    roots = profiles.roots(part.task, _optimum(part, some), sides)
    off = np.abs(roots - TWO_SIDED_95).reshape(2, -1).max(axis=0)
    return [number for number, by in zip(numbers, off, strict=True) if not by < _CURVED]


class _Wanted(NamedTuple):
    """An interval to be found: of which problem, of which slot, which is parameter ``what`` (coefficients first)."""

    problem: int
    slot: int
    what: int
    is_area: bool


def _own_numbers(part: batch.Batch, component: int) -> Iterator[tuple[int, int]]:
    """Yield slot and parameter of a component's area and position, where they are varied themselves."""
    plan = part.problems[0].layout
    column = part.column_of(component)
    if column is not None:
        yield plan.index(component, "area"), column
    position = next(iter(plan.common_of(component)), plan.index(component, "position"))
    place = part.parameters().get(position)
    if place is not None:
        yield position, part.compiled.linear.size + place


def _is_there(one: Outcome, component: int, slot: int) -> bool:
    """Return whether a number means anything: a position does where there is an area."""
    assert one.areas is not None
    assert one.problem is not None
    return one.problem.layout.slots[slot].kind == "area" or bool(one.areas.area[component] > 0.0)


def _doubted(one: Outcome) -> Outcome:
    """Return an outcome in which no area is a finding whose profiled interval is too wide for one."""
    assert one.areas is not None
    assert one.problem is not None
    findings = list(one.findings)
    for slot, interval in one.intervals.items():
        component = one.problem.layout.slots[slot].component
        if one.problem.layout.slots[slot].kind != "area" or component is None or not findings:
            continue
        high = math.inf if interval.high is None else interval.high
        # An area at the far end of its interval makes any interval look narrow: the middle is what it is held against.
        low = interval.low or 0.0
        off_centre = min(1.0, 0.5 * (high + low) / max(float(one.areas.area[component]), 1e-300))
        if 0.5 * (high - low) > TWO_SIDED_95 * off_centre * one.findings[component].needed_stderr:
            findings[component] = findings[component]._replace(verdict="not_identified", condition=())
    return replace(one, findings=tuple(findings))


def _is_doubtful(one: Outcome, number: _Wanted) -> bool:
    """Return whether the covariance's interval of a number is not even to be tried."""
    assert one.problem is not None
    component = one.problem.layout.slots[number.slot].component
    assert component is not None
    return _is_weak(one, component) or (number.is_area and _is_open(one, component))


def _is_weak(one: Outcome, component: int) -> bool:
    """Return whether a component has few counts or an area near 0."""
    assert one.areas is not None
    assert one.problem is not None
    assert one.best is not None
    area, stderr = float(one.areas.area[component]), float(one.areas.stderr[component])
    width = float(one.best.at.values[one.problem.layout.index(component, "width")])
    window = one.problem.layout.model.window_of_component[component]
    height = area / width * one.problem.regions[window].spectrum.time_per_channel_s
    return bool(height < _FEW_COUNTS or not area > _NEAR_ZERO * stderr)


def _is_open(one: Outcome, component: int) -> bool:
    """Return whether something beside the counts decides about an area, which the covariance does not know."""
    assert one.problem is not None
    window = one.problem.layout.model.window_of_component[component]
    return one.findings[component].verdict == "not_identified" or _at_bound(one, window)


def _at_bound(one: Outcome, window: int) -> bool:
    """Return whether a position, width or shape of the window's components that are there ended at a bound."""
    assert one.problem is not None
    assert one.best is not None
    assert one.areas is not None
    plan = one.problem.layout
    held = [plan.slots[slot] for slot in plan.varied[one.best.at_bound]]
    return any(
        slot.window == window and slot.kind in _SEARCHED and one.areas.area[slot.component] > 0.0
        for slot in held
        if slot.component is not None
    )


def _ends(part: batch.Batch, some: Sequence[Outcome], wanted: Sequence[_Wanted]) -> list[Interval]:
    """Return the profiled intervals, of areas with their upper limits."""
    areas = [i for i, one in enumerate(wanted) if one.is_area]
    every = np.arange(len(wanted))
    order = np.concatenate([every, every, np.array(areas, dtype=np.intp)])
    side = np.repeat([-1.0, 1.0, 1.0], [every.size, every.size, len(areas)])
    rise = np.where(np.arange(order.size) < 2 * every.size, RISE_TWO_SIDED_95, RISE_ONE_SIDED_95)
    sides = _sides(some, [wanted[i] for i in order], side, rise)
    found = profiles.ends(part.task, _optimum(part, some), sides, search.model_starts(part))
    value = [None if is_open else float(end) for end, is_open in zip(found.value, found.open_, strict=True)]
    limits = dict(zip(areas, value[2 * every.size :], strict=True))
    # An area's interval that is open below ends at its bound 0.
    lows = [0.0 if end is None and one.is_area else end for end, one in zip(value, wanted, strict=False)]
    tried = _profiles(found.tried, order, every.size)
    return [Interval(lows[i], value[every.size + i], limits.get(i), "profile", tried[i]) for i in every.tolist()]


def _optimum(part: batch.Batch, some: Sequence[Outcome]) -> marquardt.Optimum:
    return part.optimum([one.best for one in some if one.best is not None])


def _sides(some: Sequence[Outcome], numbers: Sequence[_Wanted], side: Array, rise: Array | float) -> profiles.Wanted:
    """Return the ends of intervals, one per number, in the words of ``profiles``."""
    which, what = np.array([one.problem for one in numbers]), np.array([one.what for one in numbers])
    stderr = np.array([_stderr(some[one.problem], one) for one in numbers])
    return profiles.Wanted(which, what, side, np.broadcast_to(rise, side.shape), stderr)


def _profiles(tried: profiles.Visits, order: profiles.Indices, numbers: int) -> list[tuple[tuple[float, float], ...]]:
    """Return for each number the values that its searches tried, ascending, with the least rise at each."""
    points: list[dict[float, float]] = [{} for _ in range(numbers)]
    for one, value, rise in zip(tried.search.tolist(), tried.value.tolist(), tried.rise.tolist(), strict=True):
        of_number = points[order[one]]
        of_number[value] = min(rise, of_number.get(value, math.inf))
    return [tuple(sorted(of_number.items())) for of_number in points]


def _stderr(one: Outcome, wanted: _Wanted) -> float:
    """Return the standard error of a number, that of an area at 0 included."""
    assert one.problem is not None
    assert one.areas is not None
    assert one.covariance is not None
    plan = one.problem.layout
    slot = plan.slots[wanted.slot]
    if wanted.is_area and slot.component is not None:
        return float(one.areas.stderr[slot.component])
    place = int(np.flatnonzero(plan.varied == wanted.slot)[0])
    return float(np.sqrt(one.covariance[place, place]))
