"""Fits of components to counts: exact Poisson likelihood, background in the model, absolute covariance.

When to use what: ``fit_models`` for the whole stage; ``spectra_of`` + ``fit_series`` + ``fit_block`` to fit a series in
blocks (any cut gives the same numbers); ``fit`` with a ``Task`` for one acquisition, as the energy calibration does.

Rooms, from the ground up: ``likelihood`` (Poisson), ``layout`` (parameters and ties), ``problem`` (the model as a
function), ``minimiser`` (lmfit and the last stretch), ``uncertainty`` (errors, shares, detection), ``outcome`` (one
fit), ``rows`` (tables), ``series`` (many fits).
"""

from xps.fitting.outcome import Outcome, Task, fit
from xps.fitting.series import FitTables, Starts, fit_block, fit_models, fit_series, spectra_of, tables_of

__all__ = [
    "FitTables",
    "Outcome",
    "Starts",
    "Task",
    "fit",
    "fit_block",
    "fit_models",
    "fit_series",
    "spectra_of",
    "tables_of",
]
