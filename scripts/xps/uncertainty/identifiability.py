"""Is an area a finding of the data, does it hang on an assumption, or is it not determined at all?

The question is put to the information matrix. Data alone give one standard error of the area; each assumption (a soft
tie, an exact tie or a fixed number, taken as a soft one with its uncertainty) adds what it is worth. Then

- ``identified``: data alone give the area to 30 %;
- ``conditional``: they do with the assumptions, and the verdict names those without any one of which they do not; where
  each can be missed but not all, a set that suffices: what helps least is left out first, an anchor of the area's own
  core level never (energies that it does not need in this fit are those that a wrong reference shifts);
- ``not_identified``: not even with all of them.

A quantity that a tie imposes is thereby never reported as a finding. 30 % of what: of the area, or of a tenth of its
core level's total where the area is smaller; a minor component known to 3 % of the level is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from xps.uncertainty.covariance import covariance

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]

Verdict = Literal["identified", "conditional", "not_identified"]
# ASSUME 30 % as "known": sigma(ln k) of 0.3 is what a rate constant needs to be told from another mechanism's.
ENOUGH = 0.3
_SMALLEST_SHARE = 0.1
# Assumptions left out in one stack: more of them would be tried in vain.
_TRIALS = 4


@dataclass(frozen=True, slots=True, eq=False)
class Assumption:
    """Knowledge from outside the data: ``row``·parameters is known to ``stderr`` (0: exactly).

    An anchor holds a component of one core level, ``anchors``, by one of another; other knowledge anchors nothing.
    """

    name: str
    row: Array
    stderr: float
    anchors: str = ""


class Finding(NamedTuple):
    """The verdict on one area: standard errors from the data alone and with everything, and what carries it.

    ``needed_stderr`` is the standard error below which the area counts as known.
    """

    verdict: Verdict
    data_stderr: float
    full_stderr: float
    condition: tuple[str, ...]
    needed_stderr: float


def findings(
    information: Array,
    free: Mask,
    assumptions: Sequence[Assumption],
    areas: Array,
    level_totals: Array,
    levels: Sequence[str] = (),
) -> list[Finding]:
    """Return the verdict on each of the first ``areas.size`` parameters of one fit.

    ``information`` is the counts' alone (parameters × parameters); ``free`` are parameters that some spectrum could
    determine, those an assumption fixes included. ``level_totals`` are the areas of the components' core levels,
    ``levels`` their names, without which no assumption counts as an anchor.
    """
    needed = ENOUGH * np.maximum(areas, _SMALLEST_SHARE * level_totals)
    knowledge, count = _Knowledge(information, free, assumptions), len(assumptions)
    alone, every, *lacking = knowledge.stderr(np.vstack([np.zeros(count), np.ones(count), 1.0 - np.eye(count)]) > 0.0)
    found = []
    for i, limit in enumerate(needed):
        if alone[i] <= limit:
            found.append(Finding("identified", float(alone[i]), float(every[i]), (), float(limit)))
            continue
        if not every[i] <= limit:
            found.append(Finding("not_identified", float(alone[i]), float(every[i]), (), float(limit)))
            continue
        names = tuple(item.name for item, errors in zip(assumptions, lacking, strict=True) if not errors[i] <= limit)
        if not names:
            level = levels[i] if levels else None
            spare = [one for one, item in enumerate(assumptions) if item.anchors != level]
            order = [one for _, one in sorted((float(lacking[one][i]), one) for one in spare)]
            kept = _sufficient(knowledge, order, i, float(limit))
            names = tuple(item.name for item, needs in zip(assumptions, kept, strict=True) if needs)
        found.append(Finding("conditional", float(alone[i]), float(every[i]), names, float(limit)))
    return found


def _sufficient(knowledge: "_Knowledge", order: Sequence[int], which: int, limit: float) -> Mask:
    """Return which assumptions make a parameter known and of which none in ``order``, tried so, can be spared.

    Less knowledge never makes an error smaller. So several of the next in ``order`` are left out one after the other in
    one stack, and the first with which the error grows too large is the one that cannot be spared.
    """
    kept, waiting = np.ones(knowledge.weights.size, dtype=bool), list(order)
    while waiting:
        some = waiting[:_TRIALS]
        trials = np.tile(kept, (len(some), 1))
        trials[:, some] = ~np.tril(np.ones((len(some), len(some)), dtype=bool))
        spared = int(np.argmin([*(knowledge.stderr(trials)[:, which] <= limit), False]))
        kept[some[:spared]] = False
        # The one after the last that was spared is needed; with all spared there is no such one.
        waiting = waiting[spared + (spared < len(some)) :]
    return kept


class _Knowledge:
    """What counts and assumptions say about the parameters of one fit."""

    def __init__(self, information: Array, free: Mask, assumptions: Sequence[Assumption]) -> None:
        self.information, self.free = information, free
        size = np.sqrt(np.maximum(np.diag(information), 1e-300))
        self.rows = np.array([item.row for item in assumptions]).reshape(len(assumptions), size.size)
        # An exact assumption is one whose error is far below what the counts say about any of its parameters.
        exact = 1e-5 / np.maximum(np.max(np.abs(self.rows) * size, axis=1, initial=0.0), 1e-150)
        given = np.array([item.stderr for item in assumptions])
        self.weights = 1.0 / np.where(given > 0.0, given, exact) ** 2

    def stderr(self, kept: Mask) -> Array:
        """Return standard errors of all parameters for each choice (choices × assumptions); infinite: undetermined."""
        weighted = (kept * self.weights)[:, :, None] * self.rows
        total = self.information + np.matmul(self.rows.T, weighted)
        errors = covariance(total, np.tile(self.free, (kept.shape[0], 1))).stderr
        return np.where(np.isnan(errors), np.inf, errors)
