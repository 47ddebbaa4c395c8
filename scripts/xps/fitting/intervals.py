"""Intervals of areas by profile likelihood, where those of one covariance matrix are not to be trusted.

That is where counts are few or an area is at or near 0 (measured, covariance intervals cover 84 to 95 % there instead
of 95 %), where a position or width of the window ended at its bound (the covariance takes it for known), and where the
verdict is that the area is not identified. An area whose profiled interval is too wide to know it is not identified,
whatever the curvature at the optimum says. Only areas that are varied themselves are profiled; one that follows
another by a tie keeps the covariance's.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from xps.fitting import batch
from xps.fitting.outcome import Interval, Outcome
from xps.fitting.uncertainty import Z_TWO_SIDED_95
from xps.models import FitModel
from xps.uncertainty import profiles

# Below this height in counts, or closer to 0 than this many standard errors, intervals are profiled.
_FEW_COUNTS = 1e3
_NEAR_ZERO = 3.0


def profiled(model: FitModel, found: Sequence[Outcome]) -> list[Outcome]:
    """Return the outcomes with profiled intervals where these are needed."""
    places = [i for i, one in enumerate(found) if one.best is not None]
    problems = [problem for i in places if (problem := found[i].problem) is not None]
    result = list(found)
    for group, part in batch.batches(problems):
        members = [places[g] for g in group]
        wanted = [
            (k, component, column)
            for component in range(len(model.components))
            if (column := part.column_of(component)) is not None
            for k, place in enumerate(members)
            if _needs_profile(found[place], component)
        ]
        if wanted:
            ends = _area_ends(part, [found[place] for place in members], wanted)
            for k, place in enumerate(members):
                own = {w[1]: end for w, end in zip(wanted, ends, strict=True) if w[0] == k}
                result[place] = _doubted(replace(found[place], intervals=own))
    return result


def _doubted(one: Outcome) -> Outcome:
    """Return an outcome in which no area is a finding whose profiled interval is too wide for one."""
    assert one.areas is not None
    findings = list(one.findings)
    for component, interval in one.intervals.items():
        high = math.inf if interval.high is None else interval.high
        # An area at the far end of its interval makes any interval look narrow: the middle is what it is held against.
        off_centre = min(1.0, 0.5 * (high + interval.low) / max(float(one.areas.area[component]), 1e-300))
        if 0.5 * (high - interval.low) > Z_TWO_SIDED_95 * off_centre * one.findings[component].needed_stderr:
            findings[component] = findings[component]._replace(verdict="not_identified", condition=())
    return replace(one, findings=tuple(findings))


def _needs_profile(one: Outcome, component: int) -> bool:
    assert one.areas is not None
    assert one.problem is not None
    assert one.best is not None
    area, stderr = float(one.areas.area[component]), float(one.areas.stderr[component])
    width = float(one.best.at.values[one.problem.layout.index(component, "width")])
    window = one.problem.layout.model.window_of_component[component]
    height = area / width * one.problem.regions[window].spectrum.time_per_channel_s
    few = height < _FEW_COUNTS or not area > _NEAR_ZERO * stderr
    return bool(few or _at_bound(one, window) or one.findings[component].verdict == "not_identified")


def _at_bound(one: Outcome, window: int) -> bool:
    """Return whether a position, width or shape of the window's components that are there ended at a bound."""
    assert one.problem is not None
    assert one.best is not None
    assert one.areas is not None
    plan = one.problem.layout
    held = [plan.slots[slot] for slot in plan.varied[one.best.at_bound]]
    return any(
        slot.window == window and slot.kind in ("position", "width", "shape") and one.areas.area[slot.component] > 0.0
        for slot in held
        if slot.component is not None
    )


def _area_ends(part: batch.Batch, some: Sequence[Outcome], wanted: Sequence[tuple[int, int, int]]) -> list[Interval]:
    """Return the intervals of areas: (problem, component, column)."""
    best = part.optimum([one.best for one in some if one.best is not None])
    stderr = np.array([areas.stderr[i] for k, i, _ in wanted if (areas := some[k].areas) is not None])
    which, what = np.array([row[0] for row in wanted]), np.array([row[2] for row in wanted])
    ends = profiles.Wanted(
        which=np.tile(which, 3),
        what=np.tile(what, 3),
        side=np.repeat([-1.0, 1.0, 1.0], len(wanted)),
        rise=np.repeat([profiles.TWO_SIDED_95, profiles.TWO_SIDED_95, profiles.ONE_SIDED_95], len(wanted)),
        stderr=np.tile(stderr, 3),
    )
    found = profiles.ends(part.task, best, ends)
    value, is_open = found.value.reshape(3, -1), found.open_.reshape(3, -1)
    return [
        Interval(float(low), None if is_open[1, i] else float(high), None if is_open[2, i] else float(limit))
        for i, (low, high, limit) in enumerate(value.T)
    ]
