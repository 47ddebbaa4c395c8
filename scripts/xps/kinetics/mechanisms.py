"""What an experiment file asks about the mechanisms of one series: growth, onset and oxidation."""

from collections.abc import Mapping
from typing import Any

from xps.kinetics import growth_rows, onset, oxidation_rows
from xps.kinetics.findings import Findings
from xps.kinetics.series import Series


def findings(series: Series, axis: str, wanted: Mapping[str, Any]) -> Findings:
    """Return what the section ``wanted`` of an experiment file asks for, with the times of onset on ``axis``."""
    found = Findings()
    if "growth" in wanted:
        found = found.joined(growth_rows.growth_findings(series, wanted["growth"]))
    if "onset" in wanted:
        found = found.joined(Findings(list(onset.rows(series, wanted["onset"], axis))))
    if "oxidation" in wanted:
        found = found.joined(oxidation_rows.oxidation_findings(series, wanted["oxidation"]))
    return found
