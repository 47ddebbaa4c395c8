"""Fits of one model to acquisitions of a series: spectra out of tables, starts, and the tables of what came out.

The unit of a fit is one model and one acquisition with all the model's windows together. All that fits know of each
other are the starts of their series: neither the order of spectra nor the way in which a series is cut into blocks
changes a number.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xps import cycles, tables
from xps.cycles import Block, Regions
from xps.errors import ConfigError, TableError
from xps.fitting.alternatives import Tested, series_of_each, tested
from xps.fitting.engines import ENGINES, SEPARABLE, Starts, fit_each, model_starts, series_starts
from xps.fitting.films import Shares
from xps.fitting.judging.outcome import Outcome, Task
from xps.fitting.rows import alternatives as alternative_rows
from xps.fitting.rows import covariances as covariance_rows
from xps.fitting.rows import fits as fit_rows
from xps.fitting.rows import profiles as profile_rows
from xps.models import FitModel
from xps.spectra import Spectrum


class FitTables(NamedTuple):
    """The tables that a fit fills; see the schemas of the same names."""

    components: pa.Table
    parameters: pa.Table
    fits: pa.Table
    correlations: pa.Table
    curves: pa.Table
    alternatives: pa.Table
    area_profiles: pa.Table
    covariances: pa.Table


def spectra_of(
    background: pa.Table,
    acquisitions: pa.Table,
    calibration: pa.Table,
    model: FitModel,
    regions: tuple[str, ...] | None = None,
) -> list[Task]:
    """Return one task per acquisition that is not excluded: its spectra, one per window of ``model``.

    The tables may be a part of a series; ``regions`` then names the region of each window, which the part alone need
    not show. A window without rows in ``background`` has no spectrum: the task's fit will fail and say so.
    """
    measured = cycles.regions(acquisitions)
    chosen = background.filter(pc.equal(background.column("model"), model.name))
    blocks = cycles.blocks(
        chosen, ("channel", "binding_energy_ev", "counts", "time_per_channel_s", "static_background_cps")
    )
    errors = {(row["acquisition"], row["region"]): row for row in calibration.to_pylist()}
    if regions is None:
        regions = tuple(_region_name(measured, window.core_level) for window in model.windows)
    tasks = []
    for acquisition in measured.acquisitions:
        found = [blocks.get((acquisition, region)) for region in regions]
        spectra = tuple(None if block is None else _spectrum(block, measured, errors) for block in found)
        channels = tuple(None if block is None else block.columns["channel"] for block in found)
        tasks.append(Task(measured.experiment, acquisition, regions, spectra, channels))
    return tasks


def _region_name(measured: Regions, core_level: str) -> str:
    holding = measured.holding(core_level)
    if not holding:
        raise TableError(f"no region of {measured.experiment} holds core level {core_level}; make the tables again")
    return holding[0]


def _spectrum(block: Block, measured: Regions, errors: dict[tuple[int, str], dict[str, Any]]) -> Spectrum:
    key = (block.acquisition, block.region)
    if key not in errors:
        raise TableError(f"calibration holds no row for acquisition {key[0]}, region {key[1]}")
    static = block.columns["static_background_cps"]
    return Spectrum(
        experiment=block.experiment,
        acquisition=block.acquisition,
        region=block.region,
        core_levels=tuple(measured.rows[key]["core_levels"]),
        binding_energy_ev=block.columns["binding_energy_ev"],
        counts=block.columns["counts"],
        time_per_channel_s=float(block.columns["time_per_channel_s"][0]),
        static_background_cps=None if np.isnan(static).any() else static,
        shift_stderr_ev=float(errors[key]["shift_stderr_ev"]),
        drift_stderr_ev=float(errors[key]["drift_stderr_ev"]),
    )


def fit_series(model: FitModel, spectra: Sequence[Task], engine: str = SEPARABLE) -> Starts:
    """Return what the fits of a whole series start from, and share where the model asks for a joint fit.

    That is its joint fit, always made by the separable engine, or the model file's values: where the model fits every
    acquisition independently, and for engine lmfit unless the joint fit is the result. Where it is, every alternative
    of the model gets a joint fit of its own.
    """
    if engine not in ENGINES:
        raise ConfigError(f"no fit engine is called {engine!r}; engines are {', '.join(ENGINES)}")
    jointly = model.series.fit == "joint" or (model.series.fit == "joint_then_independent" and engine == SEPARABLE)
    return series_of_each(model, spectra, series_starts(model, spectra)) if jointly else model_starts(model)


def fit_block(
    model: FitModel,
    spectra: Sequence[Task],
    starts: Starts,
    seed: int = 0,
    engine: str = SEPARABLE,
    covered: Shares | None = None,
) -> FitTables:
    """Return the tables of fitting ``model`` to each task of ``spectra``, which may be any part of a series.

    ``covered`` tells alternatives that speak of a film how much of one there is (see ``films``).
    """
    if starts.model != model.name:
        raise ConfigError(f"starting values of model {starts.model} were given to model {model.name}")
    found = fit_each(model, spectra, starts, seed, engine)
    return tables_of(model, *tested(model, found, starts, engine, covered or {}))


def tables_of(model: FitModel, outcomes: Sequence[Outcome], alternatives: Sequence[Sequence[Tested]] = ()) -> FitTables:
    """Return the tables that describe ``outcomes`` and, for each of them, its alternatives, in their order."""
    pairs = zip(outcomes, alternatives, strict=False)
    curves, covariances = (
        [tables.from_columns(name, columns) for outcome in outcomes for columns in made(model, outcome)]
        for name, made in (("curves", fit_rows.curves), ("covariances", covariance_rows.covariances))
    )
    return FitTables(
        components=tables.from_rows("components", (row for o in outcomes for row in fit_rows.components(model, o))),
        parameters=tables.from_rows("parameters", (row for o in outcomes for row in fit_rows.parameters(model, o))),
        fits=tables.from_rows("fits", (row for o in outcomes for row in fit_rows.fits(model, o))),
        correlations=tables.from_rows(
            "correlations", (row for o in outcomes for row in covariance_rows.correlations(model, o))
        ),
        curves=tables.concatenate("curves", curves),
        alternatives=tables.from_rows(
            "alternatives", (row for o, of_it in pairs for row in alternative_rows.alternatives(model, o, of_it))
        ),
        area_profiles=tables.from_rows(
            "area_profiles", (row for o in outcomes for row in profile_rows.area_profiles(model, o))
        ),
        covariances=tables.concatenate("covariances", covariances),
    )
