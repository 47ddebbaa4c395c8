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
    alone = _stderr(information, free, [])
    every = _stderr(information, free, assumptions)
    lacking = [_stderr(information, free, [*assumptions[:i], *assumptions[i + 1 :]]) for i in range(len(assumptions))]
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
            names = tuple(item.name for item in _sufficient(information, free, assumptions, order, i, float(limit)))
        found.append(Finding("conditional", float(alone[i]), float(every[i]), names, float(limit)))
    return found


def _sufficient(
    information: Array, free: Mask, assumptions: Sequence[Assumption], order: Sequence[int], which: int, limit: float
) -> list[Assumption]:
    """Return assumptions that make a parameter known and of which none in ``order``, tried so, can be spared."""
    kept = set(range(len(assumptions)))
    for candidate in order:
        fewer = [assumptions[one] for one in sorted(kept - {candidate})]
        if _stderr(information, free, fewer)[which] <= limit:
            kept.remove(candidate)
    return [assumptions[one] for one in sorted(kept)]


def _stderr(information: Array, free: Mask, assumptions: Sequence[Assumption]) -> Array:
    """Return standard errors of all parameters; infinite where undetermined."""
    total = information.copy()
    size = np.sqrt(np.maximum(np.diag(information), 1e-300))
    for item in assumptions:
        # An exact assumption is one whose error is far below what the counts say about any of its parameters.
        exact = 1e-5 / max(float(np.max(np.abs(item.row) * size)), 1e-150)
        stderr = item.stderr if item.stderr > 0 else exact
        total += np.outer(item.row, item.row) / stderr**2
    errors = covariance(total[None], free[None]).stderr[0]
    return np.where(np.isnan(errors), np.inf, errors)
