"""Which rate law a series follows, how fast, how sure, and when it cannot be said: tables in, ``kinetics`` out.

When to use what: ``follow`` makes all tables of one series (``series_of``): the generic laws through every component
(``component_laws``) and what its experiment file asks about mechanisms (``mechanisms``: growth, onset, oxidation).
``compare`` adds what needs a second experiment (``decay_rows``).
"""

from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from xps import tables
from xps.kinetics import component_laws, decay_rows, mechanisms
from xps.kinetics.component_laws import AXES, QUANTITIES
from xps.kinetics.findings import Findings
from xps.kinetics.series import Series, series_of, series_of_tables


def follow(series: Series, axis: str, wanted: Mapping[str, Any]) -> dict[str, pa.Table]:
    """Return the tables ``kinetics``, ``courses`` and ``profiles`` of one series along ``axis``.

    ``wanted`` is the section of its experiment file, laws and all.
    """
    generic = Findings(list(component_laws.rows(series, axis, wanted["laws"])))
    return _written(generic.joined(mechanisms.findings(series, axis, wanted)))


def compare(
    series: Mapping[str, Series], wanted: Mapping[str, Mapping[str, Any]], rates: Mapping[str, pa.Table]
) -> dict[str, pa.Table]:
    """Return the rows of ``kinetics`` and ``profiles`` that need two experiments.

    ``wanted`` are decays by experiment, priors come from the tables ``rates``.
    """
    found = Findings()
    for name, decay in wanted.items():
        prior = _oxidation_prior(series[name], decay.get("oxidation_from"), series, rates)
        found = found.joined(decay_rows.findings(series[name], decay, prior))
    made = _written(found)
    return {name: made[name] for name in ("kinetics", "profiles")}


def _written(found: Findings) -> dict[str, pa.Table]:
    return {name: tables.from_rows(name, rows) for name, rows in found._asdict().items()}


def _oxidation_prior(
    own: Series, source: str | None, series: Mapping[str, Series], rates: Mapping[str, pa.Table]
) -> tuple[float, str] | None:
    if source is None or source not in rates:
        return None
    for row in rates[source].to_pylist():
        if (row["quantity"], row["parameter"]) == ("oxidation", "g") and row["verdict"] == "tested":
            pressures = (one.clock.logged_pressures_pa for one in (own, series[source]))
            return decay_rows.scaled_prior(row["value"], source, *pressures)
    return None


__all__ = ["AXES", "QUANTITIES", "Series", "compare", "follow", "series_of", "series_of_tables"]
