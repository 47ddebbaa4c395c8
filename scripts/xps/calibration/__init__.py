"""Stage calibrate_energy: from recorded to calibrated binding energies, with the uncertainty of the step.

Modes of the experiment's ``energy_reference``
- ``fitted``: one line of each acquisition (usually adventitious C 1s; any other level and component will do) is fitted
  on the RECORDED axis with its own background and put at its assigned energy. Charging may move it by electronvolts,
  so the whole model is first shifted over ± 4 eV in steps, areas and baseline solved at each step; the likeliest place
  is then refined by the fit of the model, on the axis which that fit itself calibrates.
- ``fixed``: one given shift for everything. ``none``: recorded energies are kept. Nothing is measured in either, so
  their ``shift_stderr_ev`` and ``drift_stderr_ev`` are 0, which there means "not estimated", never "exact"; the fits
  then take constant positions as they are given.

A cycle without a usable reference (fresh lithium carries no carbon) gets a shift interpolated between its neighbours
and an uncertainty that grows with the distance to them. Adventitious carbon aligns with the vacuum level of the sample
(IUPAC Gold Book 09305: it "does not determine the true charging potential"): a common error of all energies of a cycle
remains, which no statistics shows.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa

from xps import cycles, fitting, pieces, tables
from xps.calibration.drift import Found, Shift, filled
from xps.calibration.search import SEARCH_EV, Reference, locate
from xps.cycles import Regions
from xps.errors import ConfigError
from xps.models import FitModel, Span

LOGGER = logging.getLogger(__name__)

# Acquisitions in memory at once.
_PIECE = 64
# ASSUME a refined position within 0.5 eV of the assigned energy: the search has come within a step of 0.1 eV.
_REFINED_WITHIN_EV = 0.5
# ASSUME 0.03 eV of drift between the reference's region and another one of the same cycle, up to an hour apart.
DRIFT_STDERR_EV = 0.03


def calibrate(
    acquisitions: pa.Table,
    spectra: pa.Table,
    reference: Mapping[str, Any],
    model: FitModel | None = None,
    engine: str = fitting.ENGINES[0],
    seed: int = 0,
) -> pa.Table:
    """Return the table ``calibration``: one row per acquisition and region, shift = reference − found.

    ``reference`` is the experiment's ``energy_reference``; ``model`` holds the reference component in mode fitted.
    Excluded acquisitions are not fitted; they get an interpolated shift. ConfigError when the reference cannot be
    used: no such component, not measured, or not one usable cycle in the whole series. ``engine`` fits the line.
    """
    series = tables.Series({"acquisitions": acquisitions, "spectra": spectra})
    return tables.concatenate("calibration", list(calibrate_series(series, reference, model, engine, seed)))


def calibrate_series(
    series: tables.Series,
    reference: Mapping[str, Any],
    model: FitModel | None = None,
    engine: str = fitting.ENGINES[0],
    seed: int = 0,
    processes: int = 1,
) -> Iterator[pa.Table]:
    """Yield the rows of the table ``calibration`` in their order, as ``calibrate``; some acquisitions are in memory.

    ``series`` holds acquisitions and spectra. The number of ``processes`` changes no number.
    """
    mode, home = reference["mode"], ""
    shifts: Mapping[int, Shift] = {}
    if mode == "fitted":
        measured = cycles.summary(series)
        line = _line(reference, model, measured.experiment)
        home = _home(measured, line)
        shifts = _fitted(series, measured.experiment, line, home, engine, seed, processes)
    given = Shift(float(reference["shift_ev"]) if mode == "fixed" else 0.0, 0.0, mode, None)
    drift = float(reference.get("drift_stderr_ev", DRIFT_STDERR_EV)) if mode == "fitted" else 0.0
    name = f"{reference['level']} {reference['component']}" if mode == "fitted" else "none"
    energy = float(reference["binding_energy_ev"]) if mode == "fitted" else None
    for span in series.spans(_PIECE):
        rows = series.part("acquisitions", span).select(["experiment", "acquisition", "region"]).to_pylist()
        yield tables.from_rows(
            "calibration",
            (
                row
                | _cells(shifts.get(int(row["acquisition"]), given))
                | {
                    "reference": name,
                    "reference_binding_energy_ev": energy,
                    "drift_stderr_ev": 0.0 if row["region"] == home else drift,
                }
                for row in rows
            ),
        )


def _cells(shift: Shift) -> dict[str, Any]:
    return {
        "found_binding_energy_ev": None if shift.found is None else shift.found.energy_ev,
        "found_stderr_ev": None if shift.found is None else shift.found.stderr_ev,
        "shift_ev": shift.shift_ev,
        "shift_stderr_ev": shift.stderr_ev,
        "method": shift.method,
    }


def _line(reference: Mapping[str, Any], model: FitModel | None, experiment: str) -> Reference:
    place = f"experiment {experiment}, energy_reference"
    if model is None:
        raise ConfigError(f"{place}: mode fitted needs a fit model with component {reference['component']!r}")
    component = model.component(reference["component"])
    if component.core_level != reference["level"]:
        raise ConfigError(
            f"{place}: component {component.name!r} belongs to {component.core_level}, not {reference['level']}"
        )
    if len(model.windows) != 1:
        raise ConfigError(f"{place}: model {model.name} has several windows; the reference needs a model with one")
    tie = model.tie(component.name, "position_ev")
    if tie is not None:
        raise ConfigError(
            f"{place}: the position of {component.name!r} is tied ({tie.describe()}); refer to {tie.other}"
        )
    energy = float(reference["binding_energy_ev"])
    span = Span(energy, energy - _REFINED_WITHIN_EV, energy + _REFINED_WITHIN_EV)
    index = model.components.index(component)
    parts = tuple(replace(part, position_ev=span) if part is component else part for part in model.components)
    return Reference(replace(model, components=parts), index, energy)


def _home(measured: Regions, line: Reference) -> str:
    level = line.model.windows[0].core_level
    holding = measured.holding(level)
    if len(holding) != 1:
        found = ", ".join(holding) or "none"
        raise ConfigError(
            f"experiment {measured.experiment}, energy_reference: core level {level} must be held by one region, "
            f"found {found}; name it under regions, or use mode none, fixed, or another line"
        )
    return holding[0]


def _fitted(
    series: tables.Series, experiment: str, line: Reference, home: str, engine: str, seed: int, processes: int
) -> dict[int, Shift]:
    """Return every acquisition's shift: fitted where the reference is usable, interpolated elsewhere."""
    work = partial(_located, series, line, home, engine, seed)
    found: dict[int, Found] = {}
    for piece in pieces.mapped(work, list(series.spans(_PIECE)), processes):
        found |= piece
    if not found:
        raise ConfigError(
            f"experiment {experiment}: no acquisition has a usable reference line "
            f"{line.model.components[line.component].name} in region {home} within {SEARCH_EV:g} eV of "
            f"{line.energy_ev:g} eV; in energy_reference use mode none, mode fixed with shift_ev, or another line"
        )
    known = {
        acquisition: Shift(line.energy_ev - here.energy_ev, here.stderr_ev, "fitted", here)
        for acquisition, here in found.items()
    }
    return filled(known, series.count)


def _located(
    series: tables.Series, line: Reference, home: str, engine: str, seed: int, span: range
) -> dict[int, Found]:
    """Return where the reference line was found in each acquisition of ``span`` that has a usable one."""
    measured = cycles.regions(series.part("acquisitions", span))
    blocks = cycles.blocks(series.part("spectra", span), ("channel", "recorded_binding_energy_ev", "counts"))
    there = {}
    for acquisition in measured.acquisitions:
        block, row = blocks.get((acquisition, home)), measured.rows.get((acquisition, home))
        if block is None or row is None or row["time_per_channel_s"] is None:
            LOGGER.warning("%s, acquisition %d: region %s is missing", measured.experiment, acquisition, home)
            continue
        there[acquisition] = (block, float(row["time_per_channel_s"]))
    usable = zip(there, locate(list(there.values()), line, engine, seed), strict=True)
    return {acquisition: found for acquisition, found in usable if found is not None}
