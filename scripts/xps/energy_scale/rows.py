"""What all checks share: the cells of a row, and the row of a check that could not be made."""

from collections.abc import Mapping
from typing import Any

Row = dict[str, Any]


def cells(value: float | None, stderr: float | None, expected: float | None, expected_stderr: float | None) -> Row:
    """Return what was found, what was expected, and how well either is known (eV)."""
    return {
        "value_ev": value,
        "stderr_ev": stderr,
        "expected_ev": expected,
        "expected_stderr_ev": expected_stderr,
        "imposed": False,
    }


def untested(acquisition: int | None, item: Mapping[str, Any], reason: str) -> Row:
    """Return the row of a check that says why nothing can be said."""
    return cells(None, None, item["expected_ev"], item["stderr_ev"]) | {
        "acquisition": acquisition,
        "source": item["source"],
        "verdict": "not_testable",
        "remark": reason,
    }
