"""How an interphase grows on what the beam supplies: laws in closed form, and their course through a whole series.

    supply       all lithium that arrives reacts at once                       (the law without a constant)
    linear       dd/dt = k                                                     reaction at the interface
    parabolic    dd/dt = K/d                                                   diffusion through the interphase
    deal_grove   dd/dt = 1/(1/ks + d/K)                                        both in series (Deal and Grove, 1965)
    direct_log   dd/dt = k0 exp(-d/xi)                                         conduction that falls off with thickness

Every law is capped by the supply: what has not arrived cannot react. Lithium that arrives faster than the law takes it
stays as metal and goes on reacting while nothing is plated, so the clock of the acquisitions counts, not the plating
time. Thicknesses in nm, times in min, rates in nm/min; ``per_lithium`` is nm of interphase per nm of lithium.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, inf, log, log1p, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Parameters = Mapping[str, float]
_HALVINGS = 40


@dataclass(frozen=True, slots=True)
class GrowthLaw:
    """One law: its parameters with their units, where it takes you, and where its rate falls to a given one."""

    parameters: Mapping[str, str]
    advanced: Callable[[Parameters, float, float], float]
    """Thickness after ``time`` (min) from ``thickness`` (nm) with lithium enough."""
    limit: Callable[[Parameters, float], float]
    """Thickness (nm) at which the law's rate has fallen to ``rate`` (nm/min, above 0); 0 where it never is so fast."""


def _deal_grove(p: Parameters, d: float, t: float) -> float:
    slow = 1.0 / p["ks"]
    taken = slow * d + d * d / (2.0 * p["K"]) + t
    return p["K"] * (sqrt(slow * slow + 2.0 * taken / p["K"]) - slow)


def _direct_log(p: Parameters, d: float, t: float) -> float:
    return d + p["xi"] * log1p(p["k0"] * t / p["xi"] * exp(-d / p["xi"]))


GROWTH_LAWS: Mapping[str, GrowthLaw] = {
    "supply": GrowthLaw({}, lambda _p, _d, _t: inf, lambda _p, _rate: inf),
    "linear": GrowthLaw({"k": "nm/min"}, lambda p, d, t: d + p["k"] * t, lambda p, rate: inf if p["k"] > rate else 0.0),
    "parabolic": GrowthLaw(
        {"K": "nm²/min"}, lambda p, d, t: sqrt(d * d + 2.0 * p["K"] * t), lambda p, rate: p["K"] / rate
    ),
    "deal_grove": GrowthLaw(
        {"ks": "nm/min", "K": "nm²/min"}, _deal_grove, lambda p, rate: max(p["K"] * (1.0 / rate - 1.0 / p["ks"]), 0.0)
    ),
    "direct_log": GrowthLaw(
        {"k0": "nm/min", "xi": "nm"}, _direct_log, lambda p, rate: max(p["xi"] * log(p["k0"] / rate), 0.0)
    ),
}


class Plating(NamedTuple):
    """One dose: from ``start_min`` to ``end_min`` on the series' clock, lithium at ``supply_nm_min``."""

    start_min: float
    end_min: float
    supply_nm_min: float


class State(NamedTuple):
    """Thickness of the interphase and of unreacted lithium, per area (nm)."""

    interphase_nm: float
    lithium_nm: float


def step(law: GrowthLaw, p: Parameters, per_lithium: float, state: State, supply: float, time: float) -> State:
    """Return the state after ``time`` (min) under a constant ``supply`` (nm of lithium per min); exact."""
    d, h = state
    arriving = per_lithium * supply
    turn = law.limit(p, arriving) if arriving > 0 else inf
    if d < turn and h > 0:
        d, h, time = _consumed(law, p, per_lithium, State(d, h), supply, time)
    if time > 0 and d < turn and h <= 0:
        reach = (turn - d) / arriving if arriving > 0 else inf
        d, time = d + arriving * min(time, reach), max(time - reach, 0.0)
    if time > 0:
        further = law.advanced(p, d, time)
        h, d = max(h + supply * time - (further - d) / per_lithium, 0.0), further
    return State(d, h)


def _consumed(
    law: GrowthLaw, p: Parameters, per_lithium: float, state: State, supply: float, time: float
) -> tuple[float, float, float]:
    """Follow the law while it uses up left lithium; return thickness, lithium and the time that is left (min)."""
    d, h = state

    def left(t: float) -> float:
        return h + supply * t - (law.advanced(p, d, t) - d) / per_lithium

    if left(time) >= 0:
        return law.advanced(p, d, time), left(time), 0.0
    low, high = 0.0, time
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if left(middle) > 0 else (low, middle)
    return d + per_lithium * (h + supply * high), 0.0, time - high


def course(
    name: str, p: Parameters, per_lithium: float, doses: Sequence[Plating], times_min: Floats
) -> tuple[Floats, Floats]:
    """Return interphase and lithium (nm) at the ascending ``times_min``, from nothing at the first dose's start."""
    law = GROWTH_LAWS[name]
    events = [(dose.start_min, dose.end_min, dose.supply_nm_min) for dose in doses]
    clock, state = (events[0][0] if events else 0.0), State(0.0, 0.0)
    found = []
    at = 0
    for time in times_min:
        while clock < time:
            while at < len(events) and events[at][1] <= clock:
                at += 1
            inside = at < len(events) and events[at][0] <= clock
            edge = events[at][1] if inside else (events[at][0] if at < len(events) else inf)
            until = min(float(time), edge)
            state = step(law, p, per_lithium, state, events[at][2] if inside else 0.0, until - clock)
            clock = until
        found.append(state)
    interphase = np.array([state.interphase_nm for state in found])
    return interphase, np.array([state.lithium_nm for state in found])


def window_means(
    name: str, p: Parameters, per_lithium: float, doses: Sequence[Plating], windows_min: Floats, points: int = 4
) -> tuple[Floats, Floats]:
    """Return interphase and lithium (nm) averaged over each window (windows, 2) in min, by the midpoint rule."""
    if not len(windows_min):
        return np.zeros(0), np.zeros(0)
    shares = (np.arange(points) + 0.5) / points
    times = windows_min[:, :1] + shares * (windows_min[:, 1:] - windows_min[:, :1])
    order = np.argsort(times, axis=None, kind="stable")
    back = np.empty(order.size, dtype=np.intp)
    back[order] = np.arange(order.size)
    found = course(name, p, per_lithium, doses, times.ravel()[order])
    interphase, lithium = (part[back].reshape(times.shape).mean(axis=1) for part in found)
    return interphase, lithium
