"""Surveys on their way to atomic percent: which were taken, and what each shows of the declared lines."""

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from xps import cycles
from xps.cycles import Block
from xps.quantification.counted import BASES, CARBON, Counted, Row, element_row, factor_of, shares_of
from xps.quantification.survey import SurveyArea, window_area
from xps.sensitivity import element

LOGGER = logging.getLogger(__name__)

_SHIFTS = ["acquisition", "region", "shift_ev"]

Found = Mapping[str, Counted | str]


def surveys(
    keyed: Mapping[tuple[int, str], Row], spectra: pa.Table, calibration: pa.Table, settings: Mapping[str, Any]
) -> dict[int, dict[str, Counted | str]]:
    """Return what the survey of each acquisition that has one shows of each declared line, or why it shows nothing."""
    region = settings["survey"]["region"]
    shifts = {(row["acquisition"], row["region"]): row["shift_ev"] for row in calibration.select(_SHIFTS).to_pylist()}
    blocks = cycles.blocks(spectra, ("recorded_binding_energy_ev", "counts"))
    return {
        acquisition: _areas(blocks[acquisition, name], shifts[acquisition, name], facts, settings)
        for (acquisition, name), facts in sorted(keyed.items())
        if name == region
    }


def rows(found: Mapping[int, Found]) -> Iterator[Row]:
    """Yield the rows of every survey on every basis."""
    for acquisition, lines in found.items():
        for basis in BASES:
            keys = {"acquisition": acquisition, "basis": basis, "origin": "survey"}
            yield from (keys | row for row in _rows(on_basis(lines, basis)))


def on_basis(lines: Found, basis: str) -> dict[str, Counted | str]:
    """Return the lines that count on a basis."""
    return {level: one for level, one in lines.items() if basis == "all" or element(level) != CARBON}


def _areas(
    block: Block, shift_ev: float, facts: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Counted | str]:
    found: dict[str, Counted | str] = {}
    for line in settings["survey"]["lines"]:
        energy = block.columns["recorded_binding_energy_ev"] + shift_ev
        seen = window_area(energy, block.columns["counts"], float(facts["time_per_channel_s"]), line)
        if isinstance(seen, str):
            LOGGER.warning("%s, acquisition %d: %s", block.experiment, block.acquisition, seen)
        found[line["core_level"]] = seen if isinstance(seen, str) else _counted(seen, line, facts, settings)
    return found


def _counted(
    seen: SurveyArea, line: Mapping[str, Any], facts: Mapping[str, Any], settings: Mapping[str, Any]
) -> Counted:
    factor, relative, told = factor_of(line["core_level"], settings, facts)
    atoms = max(seen.area, 0.0) / factor
    remark = "; ".join(text for text in (line["remark"], told) if text)
    systematic = float(np.hypot(relative, line["relative_stderr"])) * atoms
    return Counted(line["core_level"], atoms, seen.stderr / factor, systematic, factor, seen.detected, remark)


def _rows(found: Mapping[str, Counted | str]) -> Iterator[Row]:
    counted = [one for one in found.values() if isinstance(one, Counted)]
    total = sum(one.atoms for one in counted)
    missing = [one for one in found.values() if isinstance(one, str)]
    if missing or not total > 0:
        reason = "; ".join(missing) or "no line of the survey has an area"
        yield from ({"subject": element(level), "kind": "element", "line": level, "remark": reason} for level in found)
        return
    shares = shares_of(counted)
    for i, one in enumerate(counted):
        yield element_row(one, i, shares, total)
