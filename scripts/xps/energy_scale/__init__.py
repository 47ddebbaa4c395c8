"""Stage check_energy_scale: is the calibrated energy scale what it claims to be?

Three kinds of check, each able to see one thing and blind to another
- ``drift``: two lines of one phase in two regions of a cycle. Their distance does not know the reference, so that it
  tests the assignment and the drift between the regions, never the reference itself. A distance that a tie of the fit
  imposes, or a position that the model gives as a number, is ``imposed``: no check at all.
- ``reference_step``: the reference line (C 1s) against a line of the matrix, relative to the first cycle in which both
  are seen. Carbon on islands that float at another potential shows here and nowhere else. Nothing in the spectra can
  tell such a step of the reference from a real shift of the matrix: the remark says so.
- ``literature``: one line, averaged over the series, against energies that are referenced to the Fermi level.

Verdicts are taken at 95 % of all that is known to move a difference: both fits, the expected value, and the declared
drift between regions of a cycle. Steps of the reference have the 95 % of a whole series (``steps``), and where several
lines of the matrix are seen, rows on all of them together.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from xps import tables
from xps.energy_scale import steps
from xps.energy_scale.lines import COLUMNS, Level, Series, pair, series_of
from xps.energy_scale.rows import Row, cells, untested
from xps.energy_scale.steps import Step, largest_step
from xps.quantiles import TWO_SIDED_95

_DRIFT_SEES = "tests assignment and drift between the regions; blind to the reference"
_LITERATURE_SEES = (
    "an offset may come from the reference (adventitious carbon follows the vacuum level), from a potential step at "
    "lithium metal, or from the chemistry; the check does not decide"
)


def check(found: tables.Series, declared: Sequence[Mapping[str, Any]], models: Sequence[str]) -> Iterator[tables.Table]:
    """Yield the table ``energy_checks``, some rows at a time: per declared check and cycle, and for the whole series.

    ``found`` holds the tables of COLUMNS; ``declared`` are rows of config/reference/binding_energies.csv. Where several
    models hold a line, the first of ``models`` counts.
    """
    series = series_of(found, models, {level for item in declared for level in _levels(item)})
    rows = ({"experiment": series.experiment} | row for row in _rows(series, declared))
    return tables.in_parts("energy_checks", rows)


def _levels(item: Mapping[str, Any]) -> Iterator[Level]:
    """Yield the lines that a check looks at."""
    yield item["core_level"], item["species"]
    if item["minus_species"] is not None:
        yield item["minus_core_level"], item["minus_species"]


def _rows(series: Series, declared: Sequence[Mapping[str, Any]]) -> Iterator[Row]:
    kinds = {"drift": _drift_rows, "reference_step": steps.rows, "literature": _literature_rows}
    for item in declared:
        for row in kinds[item["kind"]](series, item):
            yield {"check": item["check"], "kind": item["kind"]} | row
    against = [item for item in declared if item["kind"] == "reference_step"]
    for reference in dict.fromkeys((item["core_level"], item["species"]) for item in against):
        own = [item for item in against if (item["core_level"], item["species"]) == reference]
        yield from steps.joint_rows(series, own)


def _drift_rows(series: Series, item: Mapping[str, Any]) -> Iterator[Row]:
    expected, known = float(item["expected_ev"]), float(item["stderr_ev"])
    found, reasons, imposed = pair(series, item)
    agrees = np.abs(found.value_ev - expected) <= TWO_SIDED_95 * np.hypot(found.spread_ev, known)
    for place, (number, value, stderr, drift) in enumerate(zip(*(part.tolist() for part in found), strict=True)):
        if reasons[place]:
            yield untested(number, item, series.reasons[reasons[place]])
            continue
        told = f"{_DRIFT_SEES}; drift declared for these regions: {drift:.3f} eV"
        yield cells(value, stderr, expected, known) | {
            "acquisition": number,
            "source": item["source"],
            "imposed": bool(imposed[place]),
            "verdict": "imposed" if imposed[place] else "agrees" if agrees[place] else "differs",
            "remark": "a tie or a given position of the fit model imposes it" if imposed[place] else told,
        }


def _literature_rows(series: Series, item: Mapping[str, Any]) -> Iterator[Row]:
    line = series.lines[item["core_level"], item["species"]]
    given = np.array([holder in series.given for holder in series.holders] + [False])[line.holder]
    use = (line.reason == 0) & ~given
    if not use.any():
        reason = next((series.reasons[one] for one in line.reason if one), "")
        yield untested(None, item, reason or "the fit model gives its position as a number")
        return
    spread = np.hypot(line.stderr_ev, line.drift_stderr_ev)[use]
    weights = 1.0 / np.maximum(spread, 1e-9) ** 2
    value = float(np.average(line.position_ev[use], weights=weights))
    # The error of the shift is counted once: what made it wrong in one cycle makes it wrong in all.
    stderr = float(np.hypot(np.sqrt(1.0 / weights.sum()), np.mean(line.shift_stderr_ev[use])))
    expected, known = float(item["expected_ev"]), float(item["stderr_ev"])
    agrees = abs(value - expected) <= TWO_SIDED_95 * np.hypot(stderr, known)
    yield cells(value, stderr, expected, known) | {
        "acquisition": None,
        "source": item["source"],
        "verdict": "agrees" if agrees else "differs",
        "remark": f"{value - expected:+.2f} eV, mean of {int(use.sum())} acquisitions; {_LITERATURE_SEES}",
    }


__all__ = ["COLUMNS", "Step", "check", "largest_step"]
