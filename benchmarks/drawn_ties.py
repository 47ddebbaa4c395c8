"""A nature that departs from the fit models' soft ties as far as the ties say it may.

The simulated series stand at the middle of most soft ties. An error that holds a tie's width is then larger than what
such series show, and rightly so. Here one value per tie and seed is drawn from the tie and put into the true lines.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from xps import simulation
from xps.models import Component, FitModel, Tie
from xps.simulation import TrueLine

# A bound is no tie: nature may not lie beyond it.
_ROOM = 0.6


class Draw(NamedTuple):
    """What becomes of a species' line: its parameter moved by ``by`` (eV), or its area ``by`` times as large."""

    level: str
    species: str
    parameter: str
    by: float


def draws(models: Iterable[FitModel], seed: int) -> Iterator[Draw]:
    """Yield one draw per number that soft ties hold; where several models tie it, the first of them counts."""
    seen = set()
    for model in models:
        parts = {part.name: part for part in model.components}
        for tie in (tie for tie in model.ties if tie.soft):
            part = parts[tie.component]
            key = (part.core_level, part.species, tie.parameter)
            if key not in seen:
                seen.add(key)
                away = float(np.random.default_rng([seed, *(" ".join(key).encode())]).normal(0.0, tie.stderr or 0.0))
                by = _ratio(tie, away) if tie.kind == "ratio_to" else _within(part, str(tie.parameter), away)
                yield Draw(part.core_level.replace(" ", ""), part.species, str(tie.parameter), by)


def _ratio(tie: Tie, away: float) -> float:
    return max(1.0 + away / tie.value, 0.1)


def _within(part: Component, parameter: str, away: float) -> float:
    """Return ``away`` (eV) as far as the model's bounds leave room for it, and for a drift of the axis."""
    span = getattr(part, parameter)
    return (
        away
        if span is None
        else float(np.clip(away, _ROOM * (span.low - span.start), _ROOM * (span.high - span.start)))
    )


def applied(variant: simulation.Variant, drawn: Iterable[Draw]) -> simulation.Variant:
    """Return ``variant`` with lines that ``drawn`` moved after its own changes."""
    held = list(drawn)

    def change(setup: simulation.Setup, lines: tuple[TrueLine, ...]) -> tuple[TrueLine, ...]:
        return tuple(_moved(line, held) for line in variant.to_lines(setup, lines))

    return replace(variant, to_lines=change)


def _moved(line: TrueLine, drawn: Iterable[Draw]) -> TrueLine:
    for level, species, parameter, by in drawn:
        if (line.line, line.species) != (level, species) or line.region == "Su1s":
            continue
        if parameter == "area":
            line = replace(line, area_cps_ev=by * line.area_cps_ev)
        elif parameter == "position_ev":
            line = replace(line, position_ev=line.position_ev + by)
        else:
            line = replace(line, fwhm_ev=max(line.fwhm_ev + by, 1.2 * line.lorentzian_fwhm_ev))
    return line
