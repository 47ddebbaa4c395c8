"""Which areas of a fit are findings: the model's ties and fixed numbers put to ``uncertainty.identifiability``.

Every slot of the layout is opened, tied and fixed ones too, and what the model says about them becomes an assumption
with a name: only so can a verdict tell on which of them an area hangs.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xps.fitting.solving.layout import Layout
from xps.fitting.solving.minimiser import Optimum
from xps.fitting.solving.problem import Problem, slot_jacobian
from xps.uncertainty.identifiability import Assumption, Finding, findings

Array = NDArray[np.float64]

_CAUTION = ("identified", "conditional", "not_identified")


def area_findings(problem: Problem, best: Optimum) -> list[Finding]:
    """Return the verdict on each component's area, in the model's order.

    Where lines overlap so much that nothing is determined, the optimum may lie anywhere, also where the lines happen to
    look different (one broad, one narrow) and the curvature pretends to know them. Therefore the question is put a
    second time, with the same areas at the positions and widths that the model file starts from, and the more cautious
    answer counts.
    """
    plan = problem.layout
    found = _findings(problem, best.at.values, best.at.weights)
    kinds = np.array([plan.slots[slot].kind for slot in plan.varied])
    theta = np.where(np.isin(kinds, ("position", "common", "width", "shape")), plan.start, best.at.theta)
    again = _findings(problem, plan.expand(theta)[0], best.at.weights)
    return [max(pair, key=lambda finding: _CAUTION.index(finding.verdict)) for pair in zip(found, again, strict=True)]


def _findings(problem: Problem, values: Array, weights: Array) -> list[Finding]:
    plan = problem.layout
    jacobian = slot_jacobian(problem, values)
    information = np.asarray((jacobian * weights[:, None]).T @ jacobian)
    areas = plan.indices("area")
    kept = [
        i
        for i, slot in enumerate(plan.slots)
        if slot.kind in ("position", "width", "area", "baseline", "factor") or (slot.kind == "shape" and slot.varied)
    ]
    order = np.array([*areas, *(i for i in kept if i not in set(areas.tolist()))], dtype=np.intp)
    totals = _level_totals(plan, values[areas])
    rows = [item for item in _assumptions(plan, values) if np.any(item.row)]
    named = [replace(item, row=item.row[order]) for item in rows]
    free = np.ones(order.size, dtype=bool)
    free[areas.size :] = np.diag(information)[order[areas.size :]] > 0.0
    levels = [part.core_level for part in plan.model.components]
    return findings(information[np.ix_(order, order)], free, named, values[areas], totals, levels)


def _level_totals(plan: Layout, areas: Array) -> Array:
    levels = [part.core_level for part in plan.model.components]
    totals = {level: sum(area for area, of in zip(areas, levels, strict=True) if of == level) for level in levels}
    return np.array([totals[level] for level in levels])


def _assumptions(plan: Layout, values: Array) -> list[Assumption]:
    """Return ties (exact and soft) and fixed positions and widths as named rows over all slots."""
    found = []
    soft = {prior.slot: prior for prior in plan.priors}
    drifts = {slot.window: soft[i].stderr for i, slot in enumerate(plan.slots) if slot.kind == "drift" and i in soft}
    for i, slot in enumerate(plan.slots):
        if slot.component is None or slot.kind in ("ratio", "shape", "common"):
            continue
        name = plan.model.components[slot.component].name
        row = np.zeros(len(plan.slots))
        row[i] = 1.0
        if slot.tie is not None:
            other = [part.name for part in plan.model.components].index(slot.tie.other)
            level, of_other = (plan.model.components[one].core_level for one in (slot.component, other))
            source = plan.index(other, slot.kind)
            row[source] -= slot.tie.value if slot.tie.kind == "ratio_to" else 1.0
            stderr = soft[i].stderr if i in soft else 0.0
            scale = values[source] if slot.kind == "area" and slot.tie.soft else 1.0
            error = stderr * max(float(scale), 1e-9) if stderr else 0.0
            found.append(Assumption(f"{name}: {slot.tie.describe()}", row, error, level if level != of_other else ""))
        elif slot.span is not None and slot.span.fixed:
            error = drifts.get(slot.window, 0.0) if slot.kind == "position" else 0.0
            found.append(Assumption(f"{name}: {slot.parameter} given as {slot.span.start:g}", row, error))
    return found
