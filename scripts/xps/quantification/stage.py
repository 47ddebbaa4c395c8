"""The table ``composition``: one row per element and per species, of each acquisition, on both bases.

A cycle in which a counted level is missing has no composition that could be compared with the others': on every basis
that holds the level its rows carry no numbers and say why. Without carbon_free, a cycle on fresh lithium, which carries
no carbon, would have none at all.
"""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from xps import cycles, tables
from xps.cycles import Block
from xps.quantification.areas import LevelArea, level_area
from xps.quantification.shares import Z_ONE_SIDED_95, Shares, atomic_percent
from xps.quantification.survey import SurveyArea, window_area
from xps.sensitivity import Facts, element, sensitivity

LOGGER = logging.getLogger(__name__)

Row = dict[str, Any]

CARBON = "C"
BASES = ("all", "carbon_free")
_FACTS = Facts._fields


class Counted(NamedTuple):
    """Atoms of one element in arbitrary units, both standard errors, and what else its row says."""

    core_level: str
    atoms: float
    statistical: float
    systematic: float
    factor: float
    detected: bool
    remark: str


def quantify(
    acquisitions: pa.Table,
    spectra: pa.Table,
    calibration: pa.Table,
    components: pa.Table,
    alternatives: pa.Table,
    settings: Mapping[str, Any],
) -> pa.Table:
    """Return the table ``composition`` of one experiment.

    ``settings``: ``factors`` (name of the table), ``factor_rows``, ``imfp_exponent``, ``counted`` (core level, model
    and components that are counted), and ``survey`` (region and lines, or None). Without settings there is no row.
    """
    if not settings:
        return tables.from_rows("composition", ())
    keyed = {(row["acquisition"], row["region"]): row for row in acquisitions.to_pylist() if not row["excluded"]}
    experiment = str(next(iter(keyed.values()))["experiment"]) if keyed else ""
    taken = sorted({acquisition for acquisition, _ in keyed})
    rows = [*_from_levels(taken, keyed, components, alternatives, settings)]
    if settings["survey"]:
        rows += _from_survey(keyed, spectra, calibration, settings)
    shared = {"experiment": experiment, "factor_set": settings["factors"]}
    return tables.from_rows("composition", (shared | row for row in rows))


def _factor(core_level: str, settings: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[float, float, str]:
    row = next(row for row in settings["factor_rows"] if row["core_level"] == core_level)
    found = sensitivity(row, Facts(*(facts[name] for name in _FACTS)), settings["imfp_exponent"])
    return found.value, found.relative_stderr, "; ".join(found.remarks)


# from fitted core levels --------------------------------------------------------------------------------------------


def _from_levels(
    taken: Sequence[int],
    keyed: Mapping[tuple[int, str], Row],
    components: pa.Table,
    alternatives: pa.Table,
    settings: Mapping[str, Any],
) -> Iterator[Row]:
    fitted = _by_model(components)
    others = _by_model(alternatives)
    for acquisition in taken:
        areas: dict[str, LevelArea | str] = {}
        for item in settings["counted"]:
            rows = [
                row for row in fitted.get((item["model"], acquisition), ()) if row["component"] in item["components"]
            ]
            areas[item["core_level"]] = level_area(
                item["core_level"], rows, others.get((item["model"], acquisition), ())
            )
        for basis in BASES:
            inside = {level: area for level, area in areas.items() if basis == "all" or element(level) != CARBON}
            keys = {"acquisition": acquisition, "basis": basis, "origin": "core_levels"}
            yield from (keys | row for row in _level_rows(acquisition, inside, keyed, settings))


def _by_model(table: pa.Table) -> dict[tuple[str, int], list[Row]]:
    found: dict[tuple[str, int], list[Row]] = {}
    for row in table.to_pylist():
        found.setdefault((row["model"], row["acquisition"]), []).append(row)
    return found


def _level_rows(
    acquisition: int,
    areas: Mapping[str, LevelArea | str],
    keyed: Mapping[tuple[int, str], Row],
    settings: Mapping[str, Any],
) -> Iterator[Row]:
    missing = [area for area in areas.values() if isinstance(area, str)]
    whole = {level: area for level, area in areas.items() if isinstance(area, LevelArea)}
    if missing or not sum(area.area for area in whole.values()) > 0:
        reason = "; ".join(missing) or "no line of this acquisition has an area"
        yield from _empty(areas, reason)
        return
    counted = [_counted(area, keyed[acquisition, area.region], settings) for area in whole.values()]
    shares = _shares(counted)
    total = sum(one.atoms for one in counted)
    for i, (one, area) in enumerate(zip(counted, whole.values(), strict=True)):
        yield _element_row(one, i, shares, total)
        yield from _species_rows(area, one, i, shares, total)


def _shares(counted: Sequence[Counted]) -> Shares:
    return atomic_percent(
        [one.atoms for one in counted], [one.statistical for one in counted], [one.systematic for one in counted]
    )


def _empty(areas: Mapping[str, LevelArea | str], reason: str) -> Iterator[Row]:
    for level in areas:
        remark = f"{reason}: shares would not compare with those of other acquisitions"
        yield {"subject": element(level), "kind": "element", "line": level, "remark": remark}


def _counted(area: LevelArea, facts: Mapping[str, Any], settings: Mapping[str, Any]) -> Counted:
    factor, relative, remark = _factor(area.core_level, settings, facts)
    atoms = area.area / factor
    systematic = float(np.hypot(area.systematic / factor, relative * atoms))
    return Counted(area.core_level, atoms, area.stderr / factor, systematic, factor, area.detected, remark)


def _element_row(one: Counted, i: int, shares: Shares, total: float) -> Row:
    limit = 100.0 * (one.atoms + Z_ONE_SIDED_95 * one.statistical) / total
    return {
        "subject": element(one.core_level),
        "kind": "element",
        "line": one.core_level,
        "atomic_percent": float(shares.percent[i]),
        "statistical_stderr": float(shares.statistical[i]),
        "systematic_stderr": float(shares.systematic[i]),
        "upper_limit_percent": None if one.detected else limit,
        "detected": one.detected,
        "remark": one.remark,
    }


def _species_rows(area: LevelArea, one: Counted, i: int, shares: Shares, total: float) -> Iterator[Row]:
    """Yield a level's species: share of the level times that of the element, errors of both.

    The systematic error of a species' area stands beside that of the element's percentage, which holds the part that
    moves the whole level as well: a little of it is counted twice.
    """
    percent = float(shares.percent[i])
    for part in area.parts:
        own = 100.0 * part.systematic / one.factor / total
        limit = None if part.upper_limit is None else 100.0 * part.upper_limit / one.factor / total
        yield {
            "subject": part.species,
            "kind": "species",
            "line": area.core_level,
            "atomic_percent": part.fraction * percent,
            "statistical_stderr": float(
                np.hypot(part.fraction_stderr * percent, part.fraction * float(shares.statistical[i]))
            ),
            "systematic_stderr": float(np.hypot(own, part.fraction * float(shares.systematic[i]))),
            "upper_limit_percent": None if part.detected else limit,
            "detected": part.detected,
            "remark": one.remark,
        }


# from surveys -------------------------------------------------------------------------------------------------------


def _from_survey(
    keyed: Mapping[tuple[int, str], Row], spectra: pa.Table, calibration: pa.Table, settings: Mapping[str, Any]
) -> Iterator[Row]:
    region = settings["survey"]["region"]
    shifts = {(row["acquisition"], row["region"]): row["shift_ev"] for row in calibration.to_pylist()}
    blocks = cycles.blocks(spectra, ("recorded_binding_energy_ev", "counts"))
    for (acquisition, name), facts in sorted(keyed.items()):
        if name != region:
            continue
        found = _survey_areas(blocks[acquisition, name], shifts[acquisition, name], facts, settings)
        for basis in BASES:
            inside = {level: one for level, one in found.items() if basis == "all" or element(level) != CARBON}
            keys = {"acquisition": acquisition, "basis": basis, "origin": "survey"}
            yield from (keys | row for row in _survey_rows(inside))


def _survey_areas(
    block: Block, shift_ev: float, facts: Mapping[str, Any], settings: Mapping[str, Any]
) -> dict[str, Counted | str]:
    found: dict[str, Counted | str] = {}
    for line in settings["survey"]["lines"]:
        energy = block.columns["recorded_binding_energy_ev"] + shift_ev
        seen = window_area(energy, block.columns["counts"], float(facts["time_per_channel_s"]), line)
        if isinstance(seen, str):
            LOGGER.warning("%s, acquisition %d: %s", block.experiment, block.acquisition, seen)
        found[line["core_level"]] = seen if isinstance(seen, str) else _survey_counted(seen, line, facts, settings)
    return found


def _survey_counted(
    seen: SurveyArea, line: Mapping[str, Any], facts: Mapping[str, Any], settings: Mapping[str, Any]
) -> Counted:
    factor, relative, told = _factor(line["core_level"], settings, facts)
    atoms = max(seen.area, 0.0) / factor
    remark = "; ".join(text for text in (line["remark"], told) if text)
    systematic = float(np.hypot(relative, line["relative_stderr"])) * atoms
    return Counted(line["core_level"], atoms, seen.stderr / factor, systematic, factor, seen.detected, remark)


def _survey_rows(found: Mapping[str, Counted | str]) -> Iterator[Row]:
    counted = [one for one in found.values() if isinstance(one, Counted)]
    total = sum(one.atoms for one in counted)
    missing = [one for one in found.values() if isinstance(one, str)]
    if missing or not total > 0:
        reason = "; ".join(missing) or "no line of the survey has an area"
        yield from ({"subject": element(level), "kind": "element", "line": level, "remark": reason} for level in found)
        return
    shares = _shares(counted)
    for i, one in enumerate(counted):
        yield _element_row(one, i, shares, total)
