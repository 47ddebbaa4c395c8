"""What a mechanism's fit comes to in the tables: rows of ``kinetics``, ``courses`` and ``profiles``."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from xps.kinetics.estimation import Estimate, Floats
from xps.kinetics.regression import LawFit

Settings = Mapping[str, Any]


class Findings(NamedTuple):
    """Rows of the tables ``kinetics``, ``courses`` and ``profiles``."""

    kinetics: Sequence[Settings] = ()
    courses: Sequence[Settings] = ()
    profiles: Sequence[Settings] = ()

    def joined(self, other: "Findings") -> "Findings":
        """Return both findings together."""
        return Findings(*([*own, *more] for own, more in zip(self, other, strict=True)))


def parameter_rows(fit: LawFit, units: Mapping[str, str], shared: Settings) -> Iterator[dict[str, Any]]:
    """Yield a row of ``kinetics`` per parameter of a fit, or one that says why there is none."""
    if not fit.values:
        yield {**shared, "parameter": "", "unit": "1", **fit.verdict.columns}
    for index, (name, unit) in enumerate(units.items() if fit.values else ()):
        low, high = fit.intervals[index]
        stderr = fit.stderrs[index] if np.isfinite(fit.stderrs[index]) else None
        numbers = {"value": fit.values[index], "stderr": stderr, "low": low, "high": high}
        yield {**shared, **numbers, "parameter": name, "unit": unit, **fit.verdict.columns}


def profile_rows(found: Estimate, units: Mapping[str, str], shared: Settings) -> Iterator[dict[str, Any]]:
    """Yield the rows of ``profiles``: every point that was tried for the intervals of the parameters in ``units``."""
    for trial in found.trials:
        if trial.parameter in units:
            named = {"parameter": trial.parameter, "unit": units[trial.parameter]}
            yield {**shared, **named, "value": trial.values[trial.parameter], "deviance_rise": trial.rise}


def window_words(windows_min: Floats) -> str:
    """Return the clock's span of ``windows_min`` (n, 2) in words."""
    return f"clock {windows_min.min():.6g} to {windows_min.max():.6g} min, {len(windows_min)} points"
