"""The paper's checkable sentences held against the tables: declared checks in, the table ``claims`` out.

config/claims.yaml gives each sentence with its place and one or more checks. A check names a computation registered in
``COMPUTATIONS`` with its parameters, and says what should come out; nothing in it is evaluated as an expression.
Verdicts are ``holds``, ``fails`` and ``not_testable``; the last says why: an experiment that is not in the
configuration, a level that was not measured, a position that the fit imposes.

On simulated data a sentence that holds shows that the analysis gives back what was put in, no more, and says so. Where
experts would disagree with the paper, a check's ``notes`` add numbers of their own to the remark.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa

from xps import tables
from xps.claims import of_positions, of_series, of_shares
from xps.claims.evidence import TABLES, Answer, Evidence, NotTestableError
from xps.claims.expectation import OPEN, doubt, spoken, told, verdict

ROUND_TRIP = "round-trip check on simulated data, not evidence"
NOTE = "note: "
"""Begins each part of a remark that says what an expert should know."""
COMPUTATIONS: Mapping[str, Callable[..., Answer]] = {
    function.__name__: function
    for function in (
        of_positions.position,
        of_positions.literature_offset,
        of_positions.position_mean,
        of_positions.position_range,
        of_positions.position_change,
        of_positions.position_difference,
        of_positions.line_maximum,
        of_shares.share,
        of_shares.smallest_share,
        of_shares.largest_limit,
        of_shares.largest_over_detection_limit,
        of_positions.centroid_trend,
        of_shares.relative_change,
        of_shares.monotonic_share,
        of_shares.correlation,
        of_shares.alternative_share,
        of_series.atomic_percent_extreme,
        of_series.atomic_percent_ratio,
        of_series.largest_drift,
        of_series.last_thickness,
        of_series.thickness_course,
        of_series.attenuation_by_film,
        of_series.matched_share,
        of_series.charge,
        of_series.film_of_all_charge,
        of_series.kinetic_value,
        of_series.at_full_utilisation,
        of_series.kinetic_word,
        of_series.conductive_percent,
        of_series.window_minutes,
        of_series.header_value,
    )
}

log = logging.getLogger(__name__)
Settings = Mapping[str, Any]


def evaluate(claims: Sequence[Settings], found: Mapping[str, Mapping[str, pa.Table]]) -> pa.Table:
    """Return the table ``claims``: one row per check of every sentence.

    ``found`` holds the tables of each experiment by name (see ``TABLES``), and under ``""`` ``phases`` and the
    ``kinetics`` of the comparison.
    """
    frames = Evidence(found)
    rows = [row for claim in claims for check in claim["checks"] for row in [_row(claim, check, frames)]]
    return tables.from_rows("claims", rows)


def _row(claim: Settings, check: Settings, shared: Evidence) -> dict[str, Any]:
    evidence = shared.afresh()
    reason, answer = "", Answer()
    try:
        answer = _computed(check, evidence)
        answer = answer.told_in(check.get("unit", answer.unit))
    except NotTestableError as error:
        reason = str(error)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        # One sentence that breaks must not take the other thirty with it.
        log.exception("%s: %s", claim["claim"], check["quantity"])
        reason = f"the computation failed ({type(error).__name__}: {error})"
    origin = evidence.origin()
    expected, tolerance = told(check["expect"], answer.unit)
    return {
        "claim": claim["claim"],
        "quote": claim["quote"],
        "place": claim["place"],
        "quantity": check["quantity"],
        "value": answer.value,
        "stderr": answer.stderr,
        "unit": answer.unit,
        "expected": expected,
        "tolerance": tolerance,
        "verdict": OPEN if reason else verdict(answer, check["expect"]),
        "data_origin": origin,
        "sources": sorted(evidence.used),
        "remark": _remark(claim, check, answer, reason, evidence, origin),
    }


def _computed(check: Settings, evidence: Evidence) -> Answer:
    return COMPUTATIONS[check["compute"]](evidence, **check.get("with", {}))


def _remark(claim: Settings, check: Settings, answer: Answer, reason: str, evidence: Evidence, origin: str) -> str:
    words = [f"found: {spoken(answer.word)}"] if answer.word else []
    words += [reason, "" if reason else doubt(answer, check["expect"]), answer.remark]
    words += list(_notes(check.get("notes", []), evidence))
    words += [ROUND_TRIP] if origin == "simulated" else []
    words += ["sentence in our words"] if claim["paraphrase"] else []
    return "; ".join(part for part in words if part)


def _notes(notes: Sequence[Settings], evidence: Evidence) -> Iterator[str]:
    for note in notes:
        yield NOTE + _told(note, evidence).replace("; ", ", ")  # a note stays one part of the remark


def _told(note: Settings, evidence: Evidence) -> str:
    if "compute" not in note:
        return str(note["words"])
    try:
        answer = _computed(note, evidence)
    except NotTestableError as error:
        return f"{note['words']}: not testable ({error})"
    number = spoken(answer.word) if answer.value is None else f"{answer.value:.3g}"
    number += f" ± {answer.stderr:.2g}" if answer.stderr else ""
    return f"{note['words']}: {number}{'' if answer.unit == '1' else ' ' + answer.unit}"


__all__ = ["COMPUTATIONS", "ROUND_TRIP", "TABLES", "evaluate"]
