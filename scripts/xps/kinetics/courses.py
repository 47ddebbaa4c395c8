"""The courses of fitted growth laws with their 95 % bands: rows to draw from.

A course is what the law says was measured: the film times the mean free paths' common error as fitted, so that it goes
through the thicknesses of ``layers``. Its band is statistical: the linear propagation of the covariance of the
parameters' logarithms, widened to every course met on a profile within the 95 % threshold. The second part matters
where a parameter is open: there the first sees no slope.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from xps.kinetics.estimation import Estimate, Floats, Values
from xps.kinetics.growth import SCALE, Course
from xps.kinetics.growth_laws import Plating, followed, timetable
from xps.quantiles import RISE_TWO_SIDED_95, TWO_SIDED_95

Settings = Mapping[str, Any]
_IN_DOSE, _IN_PAUSE = 7, 4
MOST_TIMES = 2000
"""A course is drawn by so many times at most: of a long series no picture shows every dose."""
_LOG_STEP = 1e-4


class Band(NamedTuple):
    """A course and its 95 % band, each (n,) in nm."""

    value: Floats
    low: Floats
    high: Floats


def grid_min(doses: Sequence[Plating], until_min: float) -> Floats:
    """Return times (min) on the series' clock that show every dose and every pause from the first dose on.

    Where that would be more than MOST_TIMES, as many times evenly apart.
    """
    if len(doses) * (_IN_DOSE + _IN_PAUSE) > MOST_TIMES:
        return np.linspace(doses[0].start_min, max(until_min, doses[-1].end_min), MOST_TIMES)
    starts = [*(dose.start_min for dose in doses[1:]), max(until_min, doses[-1].end_min)]
    parts = []
    for dose, following in zip(doses, starts, strict=True):
        parts.append(np.linspace(dose.start_min, dose.end_min, _IN_DOSE))
        parts.append(np.linspace(dose.end_min, following, _IN_PAUSE))
    return np.unique(np.concatenate(parts))


def plated_min(doses: Sequence[Plating], times_min: Floats) -> Floats:
    """Return the plating time (min) gone by at ``times_min`` on the series' clock."""
    gone = np.zeros_like(times_min)
    for dose in doses:
        gone += np.clip(times_min - dose.start_min, 0.0, dose.end_min - dose.start_min)
    return gone


def band(growth: Course, law: str, found: Estimate, times_min: Floats) -> Band:
    """Return the course (nm) of a fitted ``law`` at ascending ``times_min`` with its 95 % band."""
    times = timetable(growth.doses, times_min)

    def measured(values: Values) -> Floats:
        film, _ = followed(law, values, growth.per_lithium, times, values["utilisation"])
        return np.asarray(film * values[SCALE])

    middle = measured(found.values)
    slopes = _slopes(measured, found.values)
    half = TWO_SIDED_95 * np.sqrt(np.einsum("in,ij,jn->n", slopes, found.log_covariance, slopes).clip(min=0.0))
    inside = [measured(trial.values) for trial in found.trials if trial.rise <= RISE_TWO_SIDED_95]
    low = np.min([middle - half, *inside], axis=0)
    return Band(middle, np.maximum(low, 0.0), np.max([middle + half, *inside], axis=0))


def _slopes(measured: Callable[[Values], Floats], values: Values) -> Floats:
    """Return the slopes (parameters, n) of the course against the logarithm of each parameter."""
    ends = [
        [measured({**values, name: value * np.exp(side * _LOG_STEP)}) for side in (-1, 1)]
        for name, value in values.items()
    ]
    return np.array([(high - low) / (2 * _LOG_STEP) for low, high in ends])


def course_rows(growth: Course, law: str, found: Estimate, shared: Settings) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``courses`` of one law; none where it was not fitted."""
    if not found.success:
        return
    times = grid_min(growth.doses, float(np.max(growth.windows_min)))
    drawn = band(growth, law, found, times)
    for at, plated, value, low, high in zip(times, plated_min(growth.doses, times), *drawn, strict=True):
        numbers = {"value": float(value), "low": float(low), "high": float(high)}
        yield {**shared, "law": law, "start_time_s": 60.0 * at, "plating_time_s": 60.0 * plated, **numbers}
