"""Rows of the table ``alternatives``: what every declared alternative makes of every component, rejected ones too."""

from collections.abc import Iterator, Sequence
from typing import Any

from xps.fitting.alternatives import Tested
from xps.fitting.judging.outcome import Outcome
from xps.fitting.rows.fits import area_cells, upper_limit
from xps.models import FitModel

Row = dict[str, Any]

_AREA_COLUMNS = ("area_cps_ev", "area_stderr_cps_ev", "area_fraction", "area_fraction_stderr", "detected")


def alternatives(model: FitModel, base: Outcome, tested: Sequence[Tested]) -> Iterator[Row]:
    """Yield one row per alternative and component, of the model or of the alternative."""
    for one in tested:
        whole = _whole_cells(one) | _criteria(base, one.outcome)
        parts = {part.name: i for i, part in enumerate(one.alternative.model.components)}
        own = {part.name: i for i, part in enumerate(model.components)}
        for name in [*own, *(name for name in parts if name not in own)]:
            owner, place = (model, own[name]) if name in own else (one.alternative.model, parts[name])
            yield {
                "experiment": base.task.experiment,
                "model": model.name,
                "acquisition": base.task.acquisition,
                "region": base.task.regions[owner.window_of_component[place]],
                "component": name,
                **whole,
                **_area_cells(one.outcome, parts.get(name)),
                **_change_cells(base, own.get(name), one.outcome, parts.get(name)),
            }


def _whole_cells(one: Tested) -> Row:
    what = one.alternative
    return {
        "alternative": what.name,
        "kind": what.kind,
        "change": what.change,
        "systematic": what.systematic,
        "success": one.outcome.best is not None,
        "message": one.outcome.message,
        "statement": what.statement,
        "counted_share": one.counted,
    }


def _criteria(base: Outcome, end: Outcome) -> Row:
    if base.quality is None or end.quality is None:
        return {}
    known = base.quality.aicc is not None and end.quality.aicc is not None
    return {
        "delta_bic": end.quality.bic - base.quality.bic,
        "delta_aicc": end.quality.aicc - base.quality.aicc if known else None,  # type: ignore[operator]
    }


def _area_cells(end: Outcome, i: int | None) -> Row:
    if i is None or end.areas is None:
        return {}
    cells = area_cells(end, i)
    return {name: cells[name] for name in _AREA_COLUMNS} | {"upper_limit_95_cps_ev": upper_limit(cells)}


def _change_cells(base: Outcome, mine: int | None, end: Outcome, other: int | None) -> Row:
    if mine is None or other is None or base.areas is None or end.areas is None:
        return {}
    change = float(end.areas.area[other] - base.areas.area[mine])
    stderr = float(base.areas.stderr[mine])
    return {"area_change_cps_ev": change, "area_change_sigma": change / stderr if stderr > 0 else None}
