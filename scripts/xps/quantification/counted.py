"""What core levels and surveys share on their way to atomic percent: one element's atoms, and its row."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from xps.quantification.shares import Shares, atomic_percent
from xps.quantiles import ONE_SIDED_95
from xps.sensitivity import Facts, element, sensitivity

Row = dict[str, Any]

CARBON = "C"
BASES = ("all", "carbon_free")
_FACTS = Facts._fields
_CLOCKS = ("plating_time_s", "sputter_time_s", "rest_time_s")
_COLUMNS = ["experiment", "acquisition", "region", "excluded", "time_per_channel_s", *_FACTS, *_CLOCKS]


def taken_regions(acquisitions: pa.Table) -> dict[tuple[int, str], Row]:
    """Return the rows of regions that are not excluded, by acquisition and region."""
    return {
        (row["acquisition"], row["region"]): row
        for row in acquisitions.select(_COLUMNS).to_pylist()
        if not row["excluded"]
    }


class Counted(NamedTuple):
    """Atoms of one element in arbitrary units, both standard errors, and what else its row says."""

    core_level: str
    atoms: float
    statistical: float
    systematic: float
    factor: float
    detected: bool
    remark: str


def factor_of(core_level: str, settings: Mapping[str, Any], facts: Mapping[str, Any]) -> tuple[float, float, str]:
    """Return a level's sensitivity for these header facts, its relative standard error, and what was assumed."""
    row = next(row for row in settings["factor_rows"] if row["core_level"] == core_level)
    found = sensitivity(row, Facts(*(facts[name] for name in _FACTS)), settings["imfp_exponent"])
    return found.value, found.relative_stderr, "; ".join(found.remarks)


def shares_of(counted: Sequence[Counted]) -> Shares:
    """Return the atomic percents of ``counted`` with both errors."""
    return atomic_percent(
        [one.atoms for one in counted], [one.statistical for one in counted], [one.systematic for one in counted]
    )


def element_row(one: Counted, i: int, shares: Shares, total: float) -> Row:
    """Return the row of element ``i`` of ``shares``; ``total``: atoms of all."""
    limit = 100.0 * (one.atoms + ONE_SIDED_95 * one.statistical) / total
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
