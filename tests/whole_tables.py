"""Stages that work through a series some acquisitions at a time, on tables in memory: for tests of short series."""

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from xps import balance, kinetics, layers, tables
from xps.chemistry import Chemistry

Settings = Mapping[str, Any]


def layers_of(
    acquired: pa.Table, areas: pa.Table, stacks: Sequence[Settings], known: Chemistry, lines: Sequence[Settings]
) -> pa.Table:
    found = tables.Series({"acquisitions": acquired, "components": areas})
    return tables.concatenate("layers", list(layers.extract(found, stacks, known, lines)))


def balance_of(
    acquired: pa.Table,
    thick: pa.Table,
    areas_cm2: Mapping[str, float],
    accounting: Settings | None,
    stacks: Sequence[Settings],
    known: Chemistry,
) -> list[dict[str, Any]]:
    found = tables.Series({"acquisitions": acquired, "layers": thick})
    return tables.concatenate("balance", list(balance.extract(found, areas_cm2, accounting, stacks, known))).to_pylist()


def series_of(
    acquired: pa.Table,
    areas: pa.Table,
    thick: pa.Table | None = None,
    stacks: Sequence[Settings] = (),
    known: Chemistry | None = None,
    lines: Sequence[Settings] = (),
    areas_cm2: Mapping[str, float] | None = None,
) -> kinetics.Series:
    nothing = tables.from_rows("layers", [])
    found = {"acquisitions": acquired, "components": areas, "layers": nothing if thick is None else thick}
    return kinetics.series_of(tables.Series(found), stacks, known or Chemistry({}, {}), lines, areas_cm2 or {})
