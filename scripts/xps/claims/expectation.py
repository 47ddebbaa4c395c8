"""What a sentence says should come out, and whether it did: declared words and numbers, never an expression."""

from collections.abc import Mapping
from typing import Any

from xps.claims.evidence import Answer
from xps.quantiles import TWO_SIDED_95

HOLDS, FAILS, OPEN = "holds", "fails", "not_testable"


def verdict(answer: Answer, expected: Mapping[str, Any]) -> str:
    """Return whether ``answer`` is as ``expected``: equals and within, above, below, between, or word.

    A number outside whose 95 % interval reaches inside is not testable: its error is too large to contradict.
    """
    if "word" in expected:
        return HOLDS if answer.word in _words(expected) else FAILS
    if answer.value is None:
        return FAILS
    if "equals" in expected:
        outside = abs(answer.value - expected["equals"]) - expected["within"]
        inside = outside <= 0
    else:
        low, high = _bounds(expected)
        distances = [*([] if low is None else [low - answer.value]), *([] if high is None else [answer.value - high])]
        outside = max(distances)
        inside = outside < 0
    if inside:
        return HOLDS
    return OPEN if outside < TWO_SIDED_95 * (answer.stderr or 0.0) else FAILS


def _words(expected: Mapping[str, Any]) -> list[str]:
    return [expected["word"]] if isinstance(expected["word"], str) else list(expected["word"])


def _bounds(expected: Mapping[str, Any]) -> tuple[float | None, float | None]:
    if "equals" in expected:
        return expected["equals"] - expected["within"], expected["equals"] + expected["within"]
    low, high = expected.get("between", (expected.get("above"), expected.get("below")))
    return low, high


def told(expected: Mapping[str, Any], unit: str) -> tuple[str, str]:
    """Return the expectation and its tolerance in words; only a value has a tolerance."""
    suffix = "" if unit == "1" else f" {unit}"
    if "word" in expected:
        return spoken(" or ".join(_words(expected))), ""
    if "equals" in expected:
        return f"{expected['equals']:g}{suffix}", f"± {expected['within']:g}{suffix}"
    if "between" in expected:
        low, high = expected["between"]
        return f"{low:g} to {high:g}{suffix}", ""
    side = "above" if "above" in expected else "below"
    return f"{side} {expected[side]:g}{suffix}", ""


def spoken(word: str) -> str:
    """Return a word of a table, such as not_identified, as it is read."""
    return word.replace("_", " ")


def doubt(answer: Answer, expected: Mapping[str, Any]) -> str:
    """Return words where the answer's 95 % interval reaches across a limit, so that the verdict hangs on chance."""
    if answer.value is None or not answer.stderr or "word" in expected:
        return ""
    reach = TWO_SIDED_95 * answer.stderr
    limits = [limit for limit in _bounds(expected) if limit is not None]
    crossed = any(abs(answer.value - limit) < reach for limit in limits)
    return "the 95 % interval reaches across the limit" if crossed else ""
