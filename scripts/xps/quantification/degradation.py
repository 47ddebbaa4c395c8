"""Did the measurement itself change the sample? The first survey of a series against its last, as in ISO 18554.

A survey before and one after the detailed regions show what X-rays (or an electron gun) did meanwhile. Compared are
the atomic percent of each element, on both bases, and the area of its line: errors of factors, transmission and windows
are common to both surveys and act on the change alone, so that counting sets its error. Where the sample was treated
in between, the treatment changes it too, and nothing in the spectra tells the two apart: the remark says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from xps import tables
from xps.quantification.counted import BASES, Counted, Row, shares_of
from xps.quantification.survey_rows import Found, on_basis
from xps.sensitivity import element
from xps.uncertainty.detection import two_sided_factor

# ISO 18554:2016 offers a correction only for changes below 30 % (its abstract; the text was not opened).
CORRECTABLE = 0.3
_CLOCKS = (("plating_time_s", "plating or beam"), ("sputter_time_s", "sputtering"), ("rest_time_s", "rest"))


def of_found(keyed: Mapping[tuple[int, str], Row], found: Mapping[int, Found], settings: Mapping[str, Any]) -> pa.Table:
    """Return the table ``degradation`` of surveys that were looked at; ``keyed`` as ``taken_regions`` gives it."""
    experiment = str(next(iter(keyed.values()))["experiment"]) if keyed else ""
    region = settings["survey"]["region"]
    lacking = f"{len(found)} acquisitions with a survey (region {region}): a first and a last one are needed"
    made = _rows(found, keyed, region) if len(found) > 1 else iter([_untested(lacking)])
    return tables.from_rows("degradation", ({"experiment": experiment} | row for row in made))


def _untested(reason: str) -> Row:
    return {"quantity": "atomic_percent", "subject": "", "basis": "all", "verdict": "not_testable", "remark": reason}


def _rows(found: Mapping[int, Found], keyed: Mapping[tuple[int, str], Row], region: str) -> Iterator[Row]:
    first, last = min(found), max(found)
    treated = _treatment(keyed[first, region], keyed[last, region])
    shared = {"first_acquisition": first, "acquisition": last}
    for basis in BASES:
        before, after = (on_basis(found[place], basis) for place in (first, last))
        missing = [line for lines in (before, after) for line in lines.values() if isinstance(line, str)]
        if missing:
            yield shared | _untested("; ".join(dict.fromkeys(missing))) | {"basis": basis}
            continue
        pair = [[line for line in lines.values() if isinstance(line, Counted)] for lines in (before, after)]
        yield from (shared | {"basis": basis} | row for row in _told("atomic_percent", _percents(*pair), treated))
        if basis == "all":
            yield from (shared | {"basis": basis} | row for row in _told("area_cps_ev", _areas(*pair), treated))


class _Pair(NamedTuple):
    """A number in the first and in the last survey, both statistical errors, the relative error common to both."""

    subject: str
    first: float
    last: float
    first_stderr: float
    last_stderr: float
    common: float


def _percents(before: Sequence[Counted], after: Sequence[Counted]) -> list[_Pair]:
    one, other = shares_of(before), shares_of(after)
    columns = zip(one.percent, other.percent, one.statistical, other.statistical, other.systematic, strict=True)
    return [
        _Pair(element(line.core_level), first, last, error, other_error, systematic / max(last, 1e-9))
        for line, (first, last, error, other_error, systematic) in zip(after, columns, strict=True)
    ]


def _areas(before: Sequence[Counted], after: Sequence[Counted]) -> list[_Pair]:
    return [
        _Pair(
            element(one.core_level),
            one.atoms * one.factor,
            other.atoms * other.factor,
            one.statistical * one.factor,
            other.statistical * other.factor,
            other.systematic / max(other.atoms, 1e-9),
        )
        for one, other in zip(before, after, strict=True)
    ]


def _told(quantity: str, pairs: Sequence[_Pair], treated: str) -> Iterator[Row]:
    """Yield a row per element; the threshold is that of all elements together (Bonferroni)."""
    threshold = two_sided_factor(len(pairs))
    for pair in pairs:
        change = pair.last - pair.first
        error = float(np.hypot(np.hypot(pair.first_stderr, pair.last_stderr), pair.common * change))
        changed = abs(change) > threshold * error
        relative = change / pair.first if pair.first > 0 else None
        words = [treated] if changed and treated else []
        if changed and relative is not None and abs(relative) > CORRECTABLE:
            words.append(f"beyond {CORRECTABLE:.0%}: no correction is offered (ISO 18554)")
        yield {
            "quantity": quantity,
            "subject": pair.subject,
            "first_value": pair.first,
            "change": change,
            "change_stderr": error,
            "relative_change": relative,
            "verdict": "changed" if changed else "unchanged",
            "remark": "; ".join(words),
        }


def _treatment(first: Row, last: Row) -> str:
    """Return what the log says was done to the sample between the surveys; empty where it says nothing."""
    done = [
        f"{word} {first[name] / 60:g} to {last[name] / 60:g} min"
        for name, word in _CLOCKS
        if first[name] is not None and last[name] is not None and last[name] != first[name]
    ]
    if not done:
        return ""
    return f"{' and '.join(done)} in between changes the sample too: only a control without it shows damage by X-rays"
