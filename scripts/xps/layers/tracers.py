"""What was measured of the layers of a stack: the areas and headers of the lines that show them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from xps.quantiles import ONE_SIDED_95
from xps.sensitivity import Facts

Settings = Mapping[str, Any]

COLUMNS = {
    "acquisitions": ["experiment", "acquisition", "region", "excluded", *Facts._fields],
    "components": [
        *("model", "component", "acquisition", "region", "core_level", "detected"),
        *("area_cps_ev", "area_stderr_cps_ev", "upper_limit_95_cps_ev", "area_systematic_stderr_cps_ev"),
    ],
}
"""What is looked at of each table."""


class Tracer(NamedTuple):
    """A layer's tracer in one acquisition: area, standard error (cps·eV, NaN where unknown), header, level.

    ``systematic`` is the area's systematic standard error (cps·eV), 0 where the fits told none.
    """

    area: float
    stderr: float
    facts: Facts | None
    core_level: str
    detected: bool
    systematic: float = 0.0


class Measured:
    """Areas and headers of some acquisitions, by what ``stacks`` ask for."""

    def __init__(self, acquisitions: pa.Table, components: pa.Table, stacks: Sequence[Settings]) -> None:
        kept = acquisitions.filter(pc.invert(acquisitions.column("excluded")))
        self.experiment = str(kept.column("experiment")[0]) if kept.num_rows else ""
        self.acquisitions: list[int] = sorted(pc.unique(kept.column("acquisition")).to_pylist())
        wanted = pc.is_in(components.column("component"), pa.array(_asked(stacks), pa.string()))
        rows = components.filter(wanted).to_pylist()
        self._areas = {(row["model"], row["component"], row["acquisition"]): row for row in rows}
        self._facts = _facts(kept, {row["region"] for row in rows})

    def tracer(self, tracer: Settings, acquisition: int) -> Tracer:
        """Return what was measured of the components that ``tracer`` names, added up."""
        found = [self._areas.get((tracer["model"], name, acquisition)) for name in tracer["components"]]
        rows = [row for row in found if row is not None and row["area_cps_ev"] is not None]
        if len(rows) < len(found) or not rows:
            return Tracer(np.nan, np.nan, None, "", False)
        area = sum(row["area_cps_ev"] for row in rows)
        # Where an area lies at its bound 0 its limit says how well that is known.
        errors = [row["area_stderr_cps_ev"] or (row["upper_limit_95_cps_ev"] or np.nan) / ONE_SIDED_95 for row in rows]
        facts = self._facts.get((acquisition, rows[0]["region"]))
        detected = any(row["detected"] is not False for row in rows)
        systematic = float(np.hypot.reduce([row["area_systematic_stderr_cps_ev"] or 0.0 for row in rows]))
        level = str(rows[0]["core_level"])
        return Tracer(float(area), float(np.hypot.reduce(errors)), facts, level, detected, systematic)


def _asked(stacks: Sequence[Settings]) -> list[str]:
    """Return the components that show the layers of ``stacks``."""
    layers = [
        layer
        for stack in stacks
        for layer in (*stack["films"], stack["substrate"], *([stack["carbon"]] if "carbon" in stack else []))
    ]
    return sorted({name for layer in layers for name in layer["tracer"]["components"]})


def _facts(acquisitions: pa.Table, regions: set[str]) -> dict[tuple[int, str], Facts]:
    """Return the headers of ``regions`` by acquisition and region; what is alike is there once."""
    held = acquisitions.filter(pc.is_in(acquisitions.column("region"), pa.array(sorted(regions), pa.string())))
    alike: dict[Facts, Facts] = {}
    headers = map(Facts._make, zip(*(held.column(name).to_pylist() for name in Facts._fields), strict=True))
    keys = zip(*(held.column(name).to_pylist() for name in ("acquisition", "region")), strict=True)
    return {key: alike.setdefault(facts, facts) for key, facts in zip(keys, headers, strict=True)}


def untestable(layers: Sequence[Settings], tracers: Sequence[Tracer], lines: Mapping[str, Settings]) -> str:
    """Return why nothing can be made of the ``tracers`` of these layers, or nothing; ``lines`` are factors by level."""
    for layer, (area, stderr, facts, level, *_) in zip(layers, tracers, strict=True):
        names = ", ".join(layer["tracer"]["components"])
        if not np.isfinite(area):
            return f"no area of {names} (not measured in this acquisition, or the fit failed)"
        if not (np.isfinite(stderr) and stderr > 0):
            return f"no standard error of the area of {names}"
        if level not in lines:
            return f"the experiment's table of sensitivity factors has no row for {level}"
        if facts is None or facts.missing:
            return f"the header of {names} lacks {', '.join(facts.missing) if facts else 'everything'}"
    return ""
