"""The ways an analysis is refused.

Each message names the place (file, experiment, cycle or component), what was found, what was expected and what to do.
A raw file that lies is refused whole; a fit that fails is not an error but a row with ``success = false``.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class AnalysisError(Exception):
    """Base of all refusals; ``str(error)`` is the sentence shown to the user."""


class RawFileError(AnalysisError):
    """An instrument file is damaged, inconsistent or of a kind this project does not read."""


class ConfigError(AnalysisError):
    """A setting or the operator's log is missing, unknown or contradicts the data; lists every fault found at once."""

    @classmethod
    def of(cls, source: str, faults: list[str]) -> "ConfigError":
        """Return one error that lists all ``faults`` found in ``source``, one per line."""
        noun = "fault" if len(faults) == 1 else "faults"
        return cls("\n".join([f"{source}: {len(faults)} {noun}", *(f"  - {fault}" for fault in faults)]))


class TableError(AnalysisError):
    """A table does not have the columns, types or record that its schema declares."""


class FitError(AnalysisError):
    """A fit was asked for that cannot be set up (not: one that did not converge, which is a row)."""


def near(word: str, known: Iterable[str]) -> str:
    """Return ``" (did you mean 'x'?)"`` when one of the ``known`` words looks like ``word``, else nothing."""
    matches = get_close_matches(str(word), sorted(set(known)), n=1, cutoff=0.6)
    return f" (did you mean {matches[0]!r}?)" if matches else ""


def known_or_near(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean ...?); there are: ...``: the near match of ``word``, and all that there is."""
    names = [str(name) for name in dict.fromkeys(known)]
    return f"{near(word, names)}; there are: {', '.join(names) or 'none'}"
