"""How far a film lies on what is fitted, as another model's fits show it: what alternatives that speak of it count.

Electrons from below lose more in a film the slower they are, so that the ratio of two lines from below is another one
than without it. How thick a closed film would be follows from its own line over one from below that is about as fast:
x = κ (e^(d/L) - 1), κ the ratio of both materials infinitely thick. The ratio of the two lines is then (1 + x/κ)^-q of
what it was, q = L (1/L_slow - 1/L_fast): neither thickness nor lengths are needed, only that they are nearly
proportional in all materials. Source: B. R. Strohmeier, Surf. Interface Anal. 15 (1990) 51, for x(d). Films on top of
each other add: with equal lengths Σ x_i/κ_i = e^(d/L) - 1 for their whole thickness d.

The same signals may come from islands that leave the rest bare; so the film is one of two answers, not a correction.
"""

import math
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from xps.models import Film, FitModel

Shares = Mapping[str, Mapping[int, float]]
"""By name of an alternative and acquisition: the share of its changes that counts."""

_NAMES = ("acquisition", "component", "area_cps_ev")


def rounds(models: Sequence[FitModel]) -> Iterator[range]:
    """Yield places of ``models`` that can be fitted at once: none of them asks another one of them for a film."""
    first = 0
    for place, model in enumerate(models):
        asked = {one.film.model for one in model.alternatives if one.film is not None}
        if asked & {other.name for other in models[first:place]}:
            yield range(first, place)
            first = place
    yield range(first, len(models))


def seen(model: FitModel, shown: str, components: pa.Table) -> dict[str, dict[int, float]]:
    """Return how far alternatives of ``model`` count, told by rows of the table components of the model ``shown``.

    An acquisition without the areas that are asked for has no entry.
    """
    asking = [(one.name, one.film) for one in model.alternatives if one.film is not None and one.film.model == shown]
    if not asking:
        return {}
    areas: dict[int, dict[str, float]] = {}
    for row in components.select(_NAMES).to_pylist():
        if row["area_cps_ev"] is not None:
            areas.setdefault(row["acquisition"], {})[row["component"]] = row["area_cps_ev"]
    return {
        name: {number: share(film, found) for number, found in areas.items() if found.keys() >= {*film.components}}
        for name, film in asking
    }


def share(film: Film, areas: Mapping[str, float]) -> float:
    """Return how much of a ratio's change under the film of ``whole_at`` the film that ``areas`` show would make.

    Above 1 for a thicker film; that of no line from below at all is taken to be as thick as ``whole_at``.
    """
    below = sum(areas[name] for name in film.over)
    if below <= 0.0:
        return 1.0
    above = sum(areas[name] / ratio for name, ratio in film.bulk_ratios)
    return _loss(above / below, film.exponent) / _loss(film.whole_at, film.exponent)


def _loss(x: float, exponent: float) -> float:
    return -math.expm1(-exponent * math.log1p(x))
