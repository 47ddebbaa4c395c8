"""What may be said of a law or a rate: one word of seven, and the reason in words of their own.

``tested``: described by the law, free to compete; ``rejected``: the law misses the points; ``conditional``: known under
the row's assumptions; ``lower_bound``: no more than that; ``not_identified``: the points leave it open;
``not_detected``: in no acquisition; ``not_testable``: too little was measured, or the fit failed.
"""

from typing import NamedTuple


class Verdict(NamedTuple):
    """A word and the reason for it; nothing needs one to be ``tested``."""

    word: str
    reason: str = ""

    @property
    def columns(self) -> dict[str, str | None]:
        """The columns ``verdict`` and ``reason`` of a table's row."""
        return {"verdict": self.word, "reason": self.reason or None}


TESTED = Verdict("tested")
LOWER_BOUND = Verdict("lower_bound")


def rejected(reason: str) -> Verdict:
    """Return that the law does not describe the points."""
    return Verdict("rejected", reason)


def conditional(reason: str) -> Verdict:
    """Return that it is known under the row's assumptions."""
    return Verdict("conditional", reason)


def not_identified(reason: str) -> Verdict:
    """Return that the points leave it open."""
    return Verdict("not_identified", reason)


def not_detected(reason: str) -> Verdict:
    """Return that the line was seen in no acquisition."""
    return Verdict("not_detected", reason)


def not_testable(reason: str) -> Verdict:
    """Return that too little was measured, or that the fit failed."""
    return Verdict("not_testable", reason)
