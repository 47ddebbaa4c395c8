"""From outcomes to the rows of correlations: how the numbers of one fit hang together."""

from collections.abc import Iterator

import numpy as np

from xps.fitting import uncertainty
from xps.fitting.outcome import CORRELATION_LISTED, Outcome
from xps.fitting.rows import Row, name_of, place_of
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
