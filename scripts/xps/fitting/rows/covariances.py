"""From outcomes to the rows of correlations and covariances: how the numbers of one fit hang together."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from xps.fitting.judging import uncertainty
from xps.fitting.judging.outcome import CORRELATION_LISTED, Outcome
from xps.fitting.rows.fits import Row, name_of, place_of
from xps.models import FitModel


def correlations(model: FitModel, outcome: Outcome) -> Iterator[Row]:
    """Yield the pairs of varied parameters whose correlation exceeds 0.95 in magnitude."""
    if outcome.covariance is None or outcome.problem is None:
        return
    plan = outcome.problem.layout
    errors = uncertainty.standard_errors(outcome.covariance)
    known = np.isfinite(errors) & (errors > 0)
    scale = np.where(known, errors, np.nan)
    matrix = np.where(np.outer(known, known), outcome.covariance, np.nan) / np.outer(scale, scale)
    for i, j in np.argwhere(np.triu(np.abs(matrix) > CORRELATION_LISTED, 1)):
        first, second = int(plan.varied[i]), int(plan.varied[j])
        names = name_of(model, outcome, first, plan), name_of(model, outcome, second, plan)
        keys = place_of(model, outcome, plan.slots[first].window)
        yield keys | {"pair": " ~ ".join(names), "correlation": float(np.clip(matrix[i, j], -1.0, 1.0))}


def covariances(model: FitModel, outcome: Outcome) -> Iterator[dict[str, Any]]:
    """Yield one mapping of columns: the covariance of all numbers that have a standard error, each pair once.

    What follows others by a tie is among them, and an area at 0. What else stands at a bound or is not determined has
    no error and is not; that it may lie inside is in the errors of the others.
    """
    if outcome.open_covariance is None or outcome.problem is None or outcome.best is None:
        return
    plan, best = outcome.problem.layout, outcome.best
    matrix = uncertainty.propagated(best.at.by_theta, outcome.open_covariance)
    moves = np.any(best.at.by_theta[:, ~best.at_bound] != 0.0, axis=1)
    moves[plan.indices("area")] = True
    # In the order of the rows of parameters; a fitted ratio of areas has none, its area has.
    known = [i for i, slot in enumerate(plan.slots) if matrix[i, i] > 0.0 and moves[i] and slot.kind != "ratio"]
    owners = [plan.slots[i].component for i in known]
    component = [None if owner is None else model.components[owner].name for owner in owners]
    region = [outcome.task.regions[plan.slots[i].window] for i in known]
    parameter = [plan.slots[i].parameter for i in known]
    first, second = (places.tolist() for places in np.triu_indices(len(known)))
    keys = {name: [value] * len(first) for name, value in place_of(model, outcome, 0).items()}
    yield keys | {
        "region": [region[i] for i in first],
        "component": [component[i] for i in first],
        "parameter": [parameter[i] for i in first],
        "other_region": [region[i] for i in second],
        "other_component": [component[i] for i in second],
        "other_parameter": [parameter[i] for i in second],
        "covariance": matrix[np.ix_(known, known)][first, second],
    }
