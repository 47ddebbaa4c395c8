"""Fits of components to counts: exact Poisson likelihood, background in the model, absolute covariance.

When to use what: ``fit_whole`` (tables in files) or ``fit_models`` (in memory) for the whole stage; ``series_starts`` +
``fit_span`` + ``fit_or_gather`` to fit a long series in blocks (any cut gives the same tables); ``spectra_of`` +
``fit_series`` + ``fit_block`` for one model by hand; ``fit`` with a ``Task`` for one acquisition; ``trials`` and
``fit_each`` to look for a line and to fit many acquisitions, as the energy calibration does.

Rooms, from the ground up: ``solving`` (the model as a function, and who minimises it), ``judging`` (what an optimum
means), ``engines`` (fits of many tasks, from where, judged), ``alternatives`` (other models, systematic errors),
``rows`` (tables), ``series`` (one model over a series), ``report`` (its log), ``blocks`` (the stage).
"""

from xps.fitting.blocks import (
    fit_models,
    fit_or_gather,
    fit_span,
    fit_whole,
    read_starts,
    series_starts,
    starts_text,
)
from xps.fitting.engines import ENGINES, Starts, fit, fit_each, model_starts
from xps.fitting.judging.outcome import Outcome, Task
from xps.fitting.series import FitTables, fit_block, fit_series, spectra_of, tables_of
from xps.fitting.solving.trial_shifts import Trials, trials

__all__ = [
    "ENGINES",
    "FitTables",
    "Outcome",
    "Starts",
    "Task",
    "Trials",
    "fit",
    "fit_block",
    "fit_each",
    "fit_models",
    "fit_or_gather",
    "fit_series",
    "fit_span",
    "fit_whole",
    "model_starts",
    "read_starts",
    "series_starts",
    "spectra_of",
    "starts_text",
    "tables_of",
    "trials",
]
