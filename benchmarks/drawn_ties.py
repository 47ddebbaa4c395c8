"""A nature that departs from the fit models' soft ties as far as the ties say it may.

The simulated series stand at the middle of most soft ties. An error that holds a tie's width is then larger than what
such series show, and rightly so. Here one value per tie is drawn from the tie and put into the true lines: for each
acquisition anew, or once for a series where the model says that the series shares it. What is tied to something that
was moved moves along, so that each tie is missed by its own draw alone. Nature stays where the models look for it: an
energy 0.1 eV inside its bounds, for the axis drifts, a width inside.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from xps import simulation
from xps.models import Component, FitModel, Span, Tie
from xps.simulation import TrueLine

_AXIS_EV = 0.1

Key = tuple[str, str, str]


class Draw(NamedTuple):
    """What a number departs from its tie by: eV, or for areas a factor; ``other`` is what it is tied to."""

    by: float
    other: Key
    bounds: Span | None


def draws(models: Iterable[FitModel], seed: int, row: int) -> Mapping[Key, Draw]:
    """Return one draw per tied number (core level, species, parameter); of several models the first counts."""
    found: dict[Key, Draw] = {}
    for model in models:
        parts = {part.name: part for part in model.components}
        for tie in model.ties:
            own = _key(parts[tie.component], tie.parameter)
            if own not in found:
                bounds = None if tie.parameter == "area" else getattr(parts[tie.component], tie.parameter)
                found[own] = Draw(
                    _away(tie, own, seed, 0 if _shared(model, tie) else row + 1),
                    _key(parts[tie.other], tie.parameter),
                    bounds,
                )
    return found


def _key(part: Component, parameter: str) -> Key:
    return part.core_level.replace(" ", ""), part.species, parameter


def _shared(model: FitModel, tie: Tie) -> bool:
    """Return whether acquisitions are fitted with one value of what is tied."""
    told = [one for one in model.series.share if one.component in (None, tie.component)]
    return model.series.fit == "joint" and tie.parameter in [one.parameter for one in told]


def _away(tie: Tie, own: Key, seed: int, place: int) -> float:
    """Return a draw from a soft tie, and of an exact one that nothing departs from it."""
    away = float(np.random.default_rng([seed, place, *(" ".join(own).encode())]).normal()) * (tie.stderr or 0.0)
    return max(1.0 + away / (tie.value or 1.0), 0.1) if tie.parameter == "area" else away


def applied(variant: simulation.Variant, models: Sequence[FitModel], seed: int) -> simulation.Variant:
    """Return ``variant`` with lines that are moved, after its own changes, by draws from the ties of ``models``."""

    def change(setup: simulation.Setup, lines: tuple[TrueLine, ...]) -> tuple[TrueLine, ...]:
        drawn = {row: draws(models, seed, row) for row in {line.row for line in lines}}
        return tuple(
            line if line.region == "Su1s" else moved(line, drawn[line.row]) for line in variant.to_lines(setup, lines)
        )

    return replace(variant, to_lines=change)


def moved(line: TrueLine, drawn: Mapping[Key, Draw]) -> TrueLine:
    """Return a true line moved by its own draws and by those of what it is tied to."""
    species = line.species.removesuffix(" (loss)")
    energy, width, area = ((line.line, species, name) for name in ("position_ev", "fwhm_ev", "area"))
    fwhm_ev = _inside(line.fwhm_ev, _sum(drawn, width), drawn.get(width), 0.0)
    return replace(
        line,
        position_ev=_inside(line.position_ev, _sum(drawn, energy), drawn.get(energy), _AXIS_EV),
        fwhm_ev=max(fwhm_ev, 1.2 * line.lorentzian_fwhm_ev),
        area_cps_ev=line.area_cps_ev * _product(drawn, area),
    )


def _sum(drawn: Mapping[Key, Draw], key: Key) -> float:
    return drawn[key].by + _sum(drawn, drawn[key].other) if key in drawn else 0.0


def _product(drawn: Mapping[Key, Draw], key: Key) -> float:
    return drawn[key].by * _product(drawn, drawn[key].other) if key in drawn else 1.0


def _inside(value: float, by: float, draw: Draw | None, margin: float) -> float:
    """Return ``value`` moved as far as the model's bounds leave room; what lies outside already stays there."""
    if draw is None or draw.bounds is None or draw.bounds.fixed:
        return value + by
    low, high = min(draw.bounds.low + margin, value), max(draw.bounds.high - margin, value)
    return float(np.clip(value + by, low, high))
