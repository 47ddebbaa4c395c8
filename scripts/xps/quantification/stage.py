"""The table ``composition``: one row per element and per species, of each acquisition, on both bases.

A cycle in which a counted level is missing has no composition that could be compared with the others': on every basis
that holds the level its rows carry no numbers and say why. Without carbon_free, a cycle on fresh lithium, which carries
no carbon, would have none at all.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from xps import tables
from xps.quantification import survey_rows
from xps.quantification.areas import LevelArea, level_area
from xps.quantification.counted import BASES, CARBON, Counted, Row, element_row, factor_of, shares_of, taken_regions
from xps.quantification.shares import Shares
from xps.sensitivity import element


def of_levels(
    acquisitions: pa.Table, components: pa.Table, alternatives: pa.Table, settings: Mapping[str, Any]
) -> pa.Table:
    """Return the rows that come from fitted core levels: each acquisition's by itself, so that some may be given."""
    if not settings:
        return tables.from_rows("composition", ())
    keyed = taken_regions(acquisitions)
    taken = sorted({acquisition for acquisition, _ in keyed})
    return _table(keyed, _from_levels(taken, keyed, components, alternatives, settings), settings)


def of_found(
    keyed: Mapping[tuple[int, str], Row], found: Mapping[int, survey_rows.Found], settings: Mapping[str, Any]
) -> pa.Table:
    """Return the rows of surveys that were looked at; ``keyed`` as ``taken_regions`` gives it."""
    return _table(keyed, survey_rows.rows(found), settings)


def _table(keyed: Mapping[tuple[int, str], Row], rows: Iterable[Row], settings: Mapping[str, Any]) -> pa.Table:
    experiment = str(next(iter(keyed.values()))["experiment"]) if keyed else ""
    shared = {"experiment": experiment, "factor_set": settings["factors"]}
    return tables.from_rows("composition", (shared | row | _lacking(row, settings["uncounted"]) for row in rows))


def _lacking(row: Row, uncounted: Mapping[str, Sequence[str]]) -> Row:
    """Return the row's remark, with the elements that its 100 % lack although they were measured."""
    lacking = uncounted[row["origin"]]
    told = f"measured, not counted: {', '.join(lacking)}" if lacking else ""
    return {"remark": "; ".join(text for text in (row["remark"], told) if text)}


_COMPONENTS = [
    *("model", "acquisition", "region", "component", "species", "detected", "area_cps_ev", "area_stderr_cps_ev"),
    *("area_fraction", "area_fraction_stderr", "area_systematic_stderr_cps_ev", "upper_limit_95_cps_ev"),
    "level_area_stderr_cps_ev",
]
_ALTERNATIVES = [
    *("model", "acquisition", "component", "statement", "alternative", "counted_share", "area_change_cps_ev"),
]


# from fitted core levels --------------------------------------------------------------------------------------------


def _from_levels(
    taken: Sequence[int],
    keyed: Mapping[tuple[int, str], Row],
    components: pa.Table,
    alternatives: pa.Table,
    settings: Mapping[str, Any],
) -> Iterator[Row]:
    fitted = _by_model(components, _COMPONENTS)
    others = _by_model(alternatives, _ALTERNATIVES)
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


def _by_model(table: pa.Table, columns: Sequence[str]) -> dict[tuple[str, int], list[Row]]:
    found: dict[tuple[str, int], list[Row]] = {}
    for row in table.select(columns).to_pylist():
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
    shares = shares_of(counted)
    total = sum(one.atoms for one in counted)
    for i, (one, area) in enumerate(zip(counted, whole.values(), strict=True)):
        yield element_row(one, i, shares, total)
        yield from _species_rows(area, one, i, shares, total)


def _empty(areas: Mapping[str, LevelArea | str], reason: str) -> Iterator[Row]:
    for level in areas:
        remark = f"{reason}: shares would not compare with those of other acquisitions"
        yield {"subject": element(level), "kind": "element", "line": level, "remark": remark}


def _counted(area: LevelArea, facts: Mapping[str, Any], settings: Mapping[str, Any]) -> Counted:
    factor, relative, remark = factor_of(area.core_level, settings, facts)
    atoms = area.area / factor
    systematic = float(np.hypot(area.systematic / factor, relative * atoms))
    return Counted(area.core_level, atoms, area.stderr / factor, systematic, factor, area.detected, remark)


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
