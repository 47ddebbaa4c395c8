"""From outcomes to the rows of area_profiles: what each profiled area was held at, and how much worse the fit got."""

from collections.abc import Iterator

from xps.fitting.judging.outcome import Outcome
from xps.fitting.rows.fits import Row, place_of
from xps.models import FitModel


def area_profiles(model: FitModel, outcome: Outcome) -> Iterator[Row]:
    """Yield the profiles of areas: what each was held at, its best value included, and how much worse the fit got."""
    if outcome.problem is None or outcome.areas is None:
        return
    for i, part in enumerate(model.components):
        interval = outcome.intervals.get(outcome.problem.layout.index(i, "area"))
        if interval is None or not interval.profile:
            continue
        place = place_of(model, outcome, model.window_of_component[i]) | {"component": part.name}
        for area, rise in sorted([*interval.profile, (float(outcome.areas.area[i]), 0.0)]):
            yield place | {"area_cps_ev": area, "deviance_rise": rise}
