"""Fits of components to counts: exact Poisson likelihood, background in the model, absolute covariance.

When to use what: ``fit_models`` for the whole stage; ``spectra_of`` + ``fit_series`` + ``fit_block`` to fit a series in
blocks (any cut gives the same numbers); ``fit`` with a ``Task`` for one acquisition, as the energy calibration does.

Rooms, from the ground up: ``likelihood`` (Poisson), ``layout`` (parameters and ties), ``problem`` (the model as a
function), ``minimiser`` (engine lmfit), ``batch`` (engine separable), ``uncertainty`` (errors, shares, detection),
``verdicts`` (is an area a finding), ``outcome`` (one result), ``intervals`` (profiled ones), ``engines`` (who fits, and
from where), ``alternatives`` (other models, systematic errors), ``rows`` and ``alternative_rows`` (tables),
``series`` (the stage).
"""

from xps.fitting.engines import ENGINES, Starts, fit
from xps.fitting.outcome import Outcome, Task
from xps.fitting.series import FitTables, fit_block, fit_models, fit_series, spectra_of, tables_of

__all__ = [
    "ENGINES",
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
