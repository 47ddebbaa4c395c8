"""What becomes of the areas under the declared alternatives of a model, and the systematic error that follows.

Every alternative is fitted to the same counts, started once from the model's own optimum: it is a neighbour of the
model, and what is asked is how far the answer moves. All acquisitions of a block are fitted together.

The systematic standard error of an area is the root of the sum of squares, over statements (one window's background,
one tie, one shape), of the largest change of the area under that statement's systematic alternatives. Answers to one
question exclude each other, hence the largest and not a sum; different questions are independent, hence squares. The
largest change and not the half range is taken, because the model itself is one of the answers and as likely to be wrong
as they. What a soft tie contributes to the statistical error through its penalty is in both: total errors are too large
rather than too small.

An alternative that speaks of a film counts as far as that film is seen (``films``).

An alternative that the counts refuse counts only as far as they would let the model go towards it: where its BIC is
worse than the model's by D > 10 (in units of the model's own excess scatter), the objective along the way from the
model to it, a parabola, allows √(10/D) of the change. So a background that fits much worse says little, and of two
ratios on either side of the truth, both refused, the nearer one still says what lies between.
"""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.fitting.engines import BROKEN, Job, Starts, in_series, optima, series_starts
from xps.fitting.films import Shares
from xps.fitting.judging import detection, outcome
from xps.fitting.judging.doubt import doubted
from xps.fitting.judging.outcome import Outcome, Task
from xps.fitting.solving import layout, problem
from xps.fitting.solving.layout import Layout
from xps.models import Alternative, FitModel
from xps.uncertainty.identifiability import Finding

Array = NDArray[np.float64]

# R. E. Kass, A. E. Raftery, J. Am. Stat. Assoc. 90 (1995) 773: a difference of BIC above 10 is very strong evidence.
REFUSED = 10.0


class Tested(NamedTuple):
    """An alternative fitted to one acquisition; without numbers where it could not be.

    ``counted`` is the share of its changes that counts towards the systematic error, 0 where it is not systematic.
    """

    alternative: Alternative
    outcome: Outcome
    counted: float


def tested(
    model: FitModel, found: Sequence[Outcome], starts: Starts, engine: str, covered: Shares
) -> tuple[list[Outcome], list[list[Tested]]]:
    """Return the outcomes with the systematic errors of their areas, and per outcome all alternatives.

    ``covered`` tells of films; where it does not, an alternative that speaks of one counts whole.
    """
    of_each: list[list[Tested]] = [[] for _ in found]
    for alternative in model.alternatives:
        shares = covered.get(alternative.name, {})
        for mine, base, end in zip(of_each, found, _fitted(alternative, model, found, starts, engine), strict=True):
            film = shares.get(base.task.acquisition, 1.0)
            mine.append(Tested(alternative, end, _allowed(base, end, film) if alternative.systematic else 0.0))
    return [_with_errors(model, base, mine) for base, mine in zip(found, of_each, strict=True)], of_each


def _with_errors(model: FitModel, base: Outcome, alternatives: Sequence[Tested]) -> Outcome:
    """Return the outcome with the systematic errors of its areas and shares, and what they make of its findings."""
    error = systematic(model, base, alternatives)
    return replace(
        base,
        systematic=error,
        fraction_systematic=systematic(model, base, alternatives, "fraction"),
        areas=None if base.areas is None else doubted(base.areas, error),
        findings=_on_bare_ground(model, base, alternatives),
    )


def series_of_each(model: FitModel, spectra: Sequence[Task], starts: Starts) -> Starts:
    """Return the starts of a jointly fitted series with those of its alternatives, from joint fits of their own."""
    if starts.common is None:
        return starts
    usual = layout.of(model).slots
    known = {_key(slot, model): value for slot, value in zip(usual, starts.values.tolist(), strict=True)}
    found = {}
    for one in model.alternatives:
        plan = layout.of(one.model)
        values = [known.get(_key(s, one.model), start) for s, start in zip(plan.slots, plan.slot_starts, strict=True)]
        found[one.name] = series_starts(one.model, spectra, Starts(one.model.name, np.array(values), starts.origin))
    return replace(starts, alternatives=found)


def systematic(model: FitModel, base: Outcome, alternatives: Sequence[Tested], of: str = "area") -> Array | None:
    """Return the systematic standard error of every ``area``, or ``fraction``; NaN where no alternative says anything.

    A share has an error of its own: what moves all areas of a level alike moves none of their shares.
    """
    if base.areas is None:
        return None
    usual = getattr(base.areas, of)
    largest: dict[str, Array] = {}
    for one in alternatives:
        if one.counted > 0.0 and one.outcome.areas is not None:
            change = one.counted * np.abs(_under(model, one, of) - usual)
            before = largest.get(one.alternative.statement, np.full(change.size, np.nan))
            largest[one.alternative.statement] = np.fmax(before, change)
    if not largest:
        return np.full(len(model.components), np.nan)
    changes = np.array(list(largest.values()))
    total = np.sqrt(np.nansum(changes**2, axis=0))
    return np.where(np.all(np.isnan(changes), axis=0), np.nan, total)


def _on_bare_ground(model: FitModel, base: Outcome, alternatives: Sequence[Tested]) -> tuple[Finding, ...]:
    """Return the verdicts; an area that a film moves by more than its standard error hangs on there being none."""
    found = list(base.findings)
    for one in alternatives:
        if not found or one.alternative.film is None or one.counted <= 0.0 or one.outcome.areas is None:
            continue
        assert base.areas is not None
        changes = one.counted * (_under(model, one, "area") - base.areas.area)
        for i in np.flatnonzero(np.abs(changes) > base.areas.stderr):
            told = f"not: {one.alternative.name} ({changes[i]:+.3g} cps·eV, in the systematic error)"
            verdict = "conditional" if found[i].verdict == "identified" else found[i].verdict
            found[i] = found[i]._replace(verdict=verdict, condition=(*found[i].condition, told))
    return tuple(found)


def _under(model: FitModel, one: Tested, of: str) -> Array:
    """Return areas or shares of the model's components under an alternative; NaN where it has no such component."""
    assert one.outcome.areas is not None
    names = [part.name for part in one.alternative.model.components]
    found = dict(zip(names, getattr(one.outcome.areas, of), strict=True))
    return np.array([found.get(part.name, np.nan) for part in model.components])


def _allowed(base: Outcome, end: Outcome, film: float) -> float:
    """Return the share of an alternative's changes that the counts and a ``film`` as far as it is seen allow.

    0 without a fit.
    """
    if base.quality is None or end.quality is None:
        return 0.0
    scatter = max(base.quality.reduced_chi_square or 1.0, 1.0)
    worse = (end.quality.bic - base.quality.bic) / scatter
    return min(film, math.sqrt(REFUSED / worse)) if worse > REFUSED else film


def _fitted(
    alternative: Alternative, model: FitModel, found: Sequence[Outcome], starts: Starts, engine: str
) -> list[Outcome]:
    """Return one alternative's fit to every acquisition; one that breaks off spoils no other.

    Where the model's acquisitions are fitted jointly, so are the alternative's: each with what all others say under it.
    """
    ends = [Outcome(base.task, engine, "the model itself has no fit here") for base in found]
    places = [i for i, base in enumerate(found) if base.best is not None]
    jobs = [_job(alternative.model, model, found[i], starts) for i in places]
    if starts.common is not None and jobs and jobs[0].problem.layout.shared.size:
        series = starts.alternatives.get(alternative.name)
        if series is None or series.common is None:
            lost = Outcome(found[0].task, engine, "the series has no joint fit under this alternative")
            return [replace(lost, task=base.task) if i in places else ends[i] for i, base in enumerate(found)]
        jobs = in_series(jobs, series)
    factors = [_factors(alternative.model, model, found[i]) for i in places]
    for i, end in zip(places, _together(jobs, factors, engine), strict=True):
        ends[i] = end
    return ends


def _factors(other: FitModel, model: FitModel, base: Outcome) -> Array:
    """Return how many standard errors a component must exceed: a neighbour of the model searches like the model."""
    assert base.areas is not None
    known = {part.name: factor for part, factor in zip(model.components, base.areas.critical_factor, strict=True)}
    return np.array([known.get(part.name, np.nan) for part in other.components])


def _together(jobs: Sequence[Job], factors: Sequence[Array], engine: str) -> list[Outcome]:
    try:
        ends = optima(jobs, engine, 1)
        found = [
            outcome.weighed(job.problem, best, job.task, engine, best.message)
            if best.converged
            else Outcome(job.task, engine, best.message)
            for job, best in zip(jobs, ends, strict=True)
        ]
        return detection.judged(found, factors)
    except BROKEN as error:
        if len(jobs) == 1:
            return [Outcome(jobs[0].task, engine, f"the fit broke off: {error}")]
    return [_together([job], [factor], engine)[0] for job, factor in zip(jobs, factors, strict=True)]


def _job(other: FitModel, model: FitModel, base: Outcome, starts: Starts) -> Job:
    assert base.problem is not None
    bound = problem.bind(other, base.task.found)
    values = _start(bound.layout, model, base, starts)
    return Job(base.task, bound, np.clip(values[bound.layout.varied], bound.layout.lower, bound.layout.upper), 0)


def _start(plan: Layout, model: FitModel, base: Outcome, starts: Starts) -> Array:
    """Return the alternative's slot values to start from: the model's optimum, for what the model has too.

    Where a line is absent at the optimum, its position and width mean nothing: there the series' start is taken.
    """
    assert base.problem is not None
    assert base.best is not None
    known = {}
    for slot, here, usual in zip(base.problem.layout.slots, base.best.at.values, starts.values, strict=True):
        i = slot.component
        absent = i is not None and base.best.at.values[base.problem.layout.index(i, "area")] <= 0.0
        known[_key(slot, model)] = usual if absent and np.isfinite(usual) else here
    values = layout.of(plan.model).slot_starts
    return np.array([known.get(_key(slot, plan.model), start) for slot, start in zip(plan.slots, values, strict=True)])


def _key(slot: layout.Slot, model: FitModel) -> tuple[str, int, str, str]:
    name = "" if slot.component is None else model.components[slot.component].name
    return name, slot.window, slot.kind, slot.parameter
