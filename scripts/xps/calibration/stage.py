"""A series calibrated, whole or in blocks: the reference line of each acquisition, then a shift for every region.

What acquisitions know of each other comes last: those without a usable line get a shift interpolated between the
others. So the line is looked for anywhere, in any order, and a block is the rows of the table of those acquisitions in
whose own region it was found.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

import pyarrow as pa

from xps import block_tables, cycles, fitting, pieces, tables
from xps.calibration.drift import Course, Found, Known, Shift
from xps.calibration.reference import home_of, reference_line
from xps.calibration.search import SEARCH_EV, Reference, locate
from xps.errors import ConfigError
from xps.models import FitModel

LOGGER = logging.getLogger("xps.calibration")

# Acquisitions in memory at once.
_PIECE = 64
# ASSUME 0.03 eV of drift between the reference's region and another one of the same cycle, up to an hour apart.
DRIFT_STDERR_EV = 0.03
_COLUMNS = ["experiment", "acquisition", "region"]
_OF_FOUND = ("found_binding_energy_ev", "found_stderr_ev", "found_share")


class _Plan(NamedTuple):
    """What is looked for, and where: the line, its region, and how far other regions may have drifted from it (eV)."""

    experiment: str
    line: Reference
    home: str
    drift_ev: float


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
    blocks: Mapping[str, tables.Series] | None = None,
) -> Iterator[pa.Table]:
    """Yield the rows of the table ``calibration`` in their order, as ``calibrate``; some acquisitions are in memory.

    ``series`` holds acquisitions and spectra. Where the line lies is taken from ``blocks``, which ``calibrate_block``
    made, in the order of the series; without any it is looked for here. The number of ``processes`` changes no number.
    Raises TableError when the blocks are not the whole of this series.
    """
    if reference["mode"] != "fitted":
        shift = float(reference["shift_ev"]) if reference["mode"] == "fixed" else 0.0
        given = {"reference": "none", "reference_binding_energy_ev": None, "drift_stderr_ev": 0.0}
        given |= _cells(Shift(shift, 0.0, reference["mode"], None))
        yield from _tables(series, lambda _: given)
        return
    plan = _plan(series, reference, model)
    if blocks:
        block_tables.check(series, blocks)
        found = _of_blocks(blocks.values())
    else:
        found = _located_in(series, plan, range(series.count), engine, seed, processes)
    known = Known(plan.line.energy_ev, found)
    if not known:
        raise ConfigError(_nowhere(plan))
    course = Course(known)
    yield from _tables(series, lambda row: _row(plan, row["region"], course.at(row["acquisition"])))


def calibrate_block(
    series: tables.Series,
    reference: Mapping[str, Any],
    model: FitModel | None,
    span: range,
    engine: str = fitting.ENGINES[0],
    seed: int = 0,
    processes: int = 1,
) -> Iterator[pa.Table]:
    """Yield the rows of the table ``calibration`` that the acquisitions ``span`` settle by themselves.

    Those are the rows of the reference's own region in which its line was found. Raises ConfigError as ``calibrate``
    does, but where a whole block has no usable line: others may have.
    """
    plan = _plan(series, reference, model)
    for found in _located_in(series, plan, span, engine, seed, processes):
        known = Known(plan.line.energy_ev, [found])
        rows = (_row(plan, plan.home, shift) | {"acquisition": number} for number, shift in known.items())
        keys = {"experiment": plan.experiment, "region": plan.home}
        yield tables.from_rows("calibration", (keys | row for row in rows))


def _plan(series: tables.Series, reference: Mapping[str, Any], model: FitModel | None) -> _Plan:
    measured = cycles.summary(series)
    line = reference_line(reference, model, measured.experiment)
    drift = float(reference.get("drift_stderr_ev", DRIFT_STDERR_EV))
    return _Plan(measured.experiment, line, home_of(measured, line), drift)


def _nowhere(plan: _Plan) -> str:
    return (
        f"experiment {plan.experiment}: no acquisition has a usable reference line "
        f"{plan.line.model.components[plan.line.component].name} in region {plan.home} within {SEARCH_EV:g} eV of "
        f"{plan.line.energy_ev:g} eV; in energy_reference use mode none, mode fixed with shift_ev, or another line"
    )


def _tables(series: tables.Series, cells: Callable[[Mapping[str, Any]], Mapping[str, Any]]) -> Iterator[pa.Table]:
    """Yield a row per acquisition and region: its names, and the ``cells`` that go with them."""
    for span in series.spans(_PIECE):
        rows = series.part("acquisitions", span).select(_COLUMNS).to_pylist()
        yield tables.from_rows("calibration", ({**row, **cells(row)} for row in rows))


def _row(plan: _Plan, region: str, shift: Shift) -> dict[str, Any]:
    component = plan.line.model.components[plan.line.component]
    return _cells(shift) | {
        "reference": f"{component.core_level} {component.name}",
        "reference_binding_energy_ev": plan.line.energy_ev,
        "drift_stderr_ev": 0.0 if region == plan.home else plan.drift_ev,
    }


def _cells(shift: Shift) -> dict[str, Any]:
    return {
        "found_binding_energy_ev": None if shift.found is None else shift.found.energy_ev,
        "found_stderr_ev": None if shift.found is None else shift.found.stderr_ev,
        "found_share": None if shift.found is None else shift.found.share,
        "shift_ev": shift.shift_ev,
        "shift_stderr_ev": shift.stderr_ev,
        "method": shift.method,
    }


def _of_blocks(blocks: Iterable[tables.Series]) -> Iterator[dict[int, Found]]:
    for block in blocks:
        for part in block.parts("calibration"):
            rows = part.select(["acquisition", *_OF_FOUND]).to_pylist()
            yield {row["acquisition"]: Found(*(row[name] for name in _OF_FOUND)) for row in rows}


def _located_in(
    series: tables.Series, plan: _Plan, span: range, engine: str, seed: int, processes: int
) -> Iterator[dict[int, Found]]:
    """Yield where the reference line was found in the acquisitions of ``span``, some at a time and in their order."""
    work = partial(_located, series, plan, engine, seed)
    return pieces.mapped(work, list(pieces.spans(span, _PIECE)), processes)


def _located(series: tables.Series, plan: _Plan, engine: str, seed: int, span: range) -> dict[int, Found]:
    """Return where the reference line was found in each acquisition of ``span`` that has a usable one."""
    measured = cycles.regions(series.part("acquisitions", span))
    spectra = series.part("spectra", span, region=plan.home)
    blocks = cycles.blocks(spectra, ("channel", "recorded_binding_energy_ev", "counts"))
    there = {}
    for acquisition in measured.acquisitions:
        key = (acquisition, plan.home)
        block, row = blocks.get(key), measured.rows.get(key)
        if block is None or row is None or row["time_per_channel_s"] is None:
            LOGGER.warning("%s, acquisition %d: region %s is missing", measured.experiment, acquisition, plan.home)
            continue
        there[acquisition] = (block, float(row["time_per_channel_s"]))
    usable = zip(there, locate(list(there.values()), plan.line, engine, seed), strict=True)
    return {acquisition: found for acquisition, found in usable if found is not None}
