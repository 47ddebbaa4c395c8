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
from itertools import chain
from math import exp, inf, log, log1p, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Parameters = Mapping[str, float]
_NEWTON_STEPS = 60
_THINNEST_NM = 1e-12


@dataclass(frozen=True, slots=True)
class GrowthLaw:
    """One law: its parameters with their units, where it takes you, and where its rate falls to a given one."""

    parameters: Mapping[str, str]
    advanced: Callable[[Parameters, float, float], float]
    """Thickness after ``time`` (min) from ``thickness`` (nm) with lithium enough."""
    limit: Callable[[Parameters, float], float]
    """Thickness (nm) at which the law's rate has fallen to ``rate`` (nm/min, above 0); 0 where it never is so fast."""
    rate: Callable[[Parameters, float], float]
    """dd/dt (nm/min) at ``thickness`` (nm, above 0)."""


def _deal_grove(p: Parameters, d: float, t: float) -> float:
    slow = 1.0 / p["ks"]
    taken = slow * d + d * d / (2.0 * p["K"]) + t
    return p["K"] * (sqrt(slow * slow + 2.0 * taken / p["K"]) - slow)


def _direct_log(p: Parameters, d: float, t: float) -> float:
    return d + p["xi"] * log1p(p["k0"] * t / p["xi"] * exp(-d / p["xi"]))


GROWTH_LAWS: Mapping[str, GrowthLaw] = {
    "supply": GrowthLaw({}, lambda _p, _d, _t: inf, lambda _p, _rate: inf, lambda _p, _d: inf),
    "linear": GrowthLaw(
        {"k": "nm/min"},
        lambda p, d, t: d + p["k"] * t,
        lambda p, rate: inf if p["k"] > rate else 0.0,
        lambda p, _d: p["k"],
    ),
    "parabolic": GrowthLaw(
        {"K": "nm²/min"},
        lambda p, d, t: sqrt(d * d + 2.0 * p["K"] * t),
        lambda p, rate: p["K"] / rate,
        lambda p, d: p["K"] / max(d, _THINNEST_NM),
    ),
    "deal_grove": GrowthLaw(
        {"ks": "nm/min", "K": "nm²/min"},
        _deal_grove,
        lambda p, rate: max(p["K"] * (1.0 / rate - 1.0 / p["ks"]), 0.0),
        lambda p, d: 1.0 / (1.0 / p["ks"] + d / p["K"]),
    ),
    "direct_log": GrowthLaw(
        {"k0": "nm/min", "xi": "nm"},
        _direct_log,
        lambda p, rate: max(p["xi"] * log(p["k0"] / rate), 0.0),
        lambda p, d: p["k0"] * exp(-d / p["xi"]),
    ),
}


class Plating(NamedTuple):
    """One dose: from ``start_min`` to ``end_min`` on the series' clock, lithium at ``supply_nm_min``."""

    start_min: float
    end_min: float
    supply_nm_min: float


class Timetable(NamedTuple):
    """What happens between the first dose and the last time looked at: steps of constant supply, and where one looks.

    ``durations_min`` and ``supplies_nm_min`` (steps,) are those of each step, ``looks`` (steps,) how many of the
    ascending times are its end.
    """

    durations_min: tuple[float, ...]
    supplies_nm_min: tuple[float, ...]
    looks: tuple[int, ...]


def timetable(doses: Sequence[Plating], times_min: Floats) -> Timetable:
    """Return the steps that lead through ``doses`` to the ascending ``times_min``, from the first dose's start on.

    Doses are chronological; where one begins before the last one ended it waits for its end.
    """
    clock = doses[0].start_min if doses else 0.0
    times = np.maximum(times_min, clock)
    begins, stops, supply = np.array(doses, dtype=np.float64).reshape(-1, 3).T
    last = float(times[-1]) if len(times) else clock
    # The first step ends where it begins: there looks that come before the first dose belong.
    ends = np.unique(np.concatenate([[clock], times, begins, stops]))
    ends = ends[(ends >= clock) & (ends <= last)]
    starts = np.concatenate([[clock], ends[:-1]])
    dose = np.searchsorted(stops, starts, side="right")
    flows = np.append(begins, np.inf)[dose] <= starts
    looks = np.searchsorted(times, ends, side="right") - np.searchsorted(times, ends, side="left")
    supplies = np.where(flows, np.append(supply, 0.0)[dose], 0.0)
    return Timetable(tuple((ends - starts).tolist()), tuple(supplies.tolist()), tuple(looks.tolist()))


class State(NamedTuple):
    """Thickness of the interphase and of unreacted lithium, per area (nm)."""

    interphase_nm: float
    lithium_nm: float


def step(law: GrowthLaw, p: Parameters, per_lithium: float, state: State, supply: float, time: float) -> State:
    """Return the state after ``time`` (min) under a constant ``supply`` (nm of lithium per min); exact."""
    d, h = state
    if supply <= 0.0:
        # Nothing arrives: what is left lasts, or all of it is interphase at the end.
        further = law.advanced(p, d, time)
        left = h - (further - d) / per_lithium
        return State(further, left) if left > 0.0 else State(d + per_lithium * h, 0.0)
    arriving = per_lithium * supply
    turn = law.limit(p, arriving)
    if d < turn and h > 0:
        d, h, time = _consumed(law, p, per_lithium, state, supply, time)
    if time > 0 and d < turn and h <= 0:
        reach = (turn - d) / arriving
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
    # Rates only fall, so what is left is convex in time: Newton's steps from the left never pass the first zero.
    gone, lithium, thickness = 0.0, h, d
    for _ in range(_NEWTON_STEPS):
        fall = law.rate(p, thickness) / per_lithium - supply
        further = gone + lithium / fall if fall > 0 else inf
        if further >= time:
            whole = law.advanced(p, d, time)
            return whole, max(h + supply * time - (whole - d) / per_lithium, 0.0), 0.0
        if further <= gone:
            break
        thickness = law.advanced(p, d, further)
        gone, lithium = further, h + supply * further - (thickness - d) / per_lithium
    return d + per_lithium * (h + supply * gone), 0.0, time - gone


def followed(
    name: str, p: Parameters, per_lithium: float, times: Timetable, utilisation: float = 1.0
) -> tuple[Floats, Floats]:
    """Return interphase and lithium (nm) at the times of ``times``, with the share ``utilisation`` of all supplies."""
    law = GROWTH_LAWS[name]
    state = State(0.0, 0.0)
    found: list[State] = []
    for duration, supply, looks in zip(*times, strict=True):
        # Most steps of a long series are looks while nothing is plated: without lithium nothing changes.
        if duration > 0.0 and (supply > 0.0 or state[1] > 0.0):
            state = step(law, p, per_lithium, state, supply * utilisation, duration)
        found += [state] * looks
    made = np.fromiter(chain.from_iterable(found), np.float64, 2 * len(found)).reshape(-1, 2)
    return made[:, 0], made[:, 1]


def course(
    name: str, p: Parameters, per_lithium: float, doses: Sequence[Plating], times_min: Floats
) -> tuple[Floats, Floats]:
    """Return interphase and lithium (nm) at the ascending ``times_min``, from nothing at the first dose's start."""
    return followed(name, p, per_lithium, timetable(doses, times_min))


class Windows(NamedTuple):
    """Windows to average over: the timetable of all times in them, and the place of each (windows, points) there."""

    times: Timetable
    places: NDArray[np.intp]


def windows_of(doses: Sequence[Plating], windows_min: Floats, points: int = 4) -> Windows:
    """Return how to average over ``windows_min`` (windows, 2) in min by the midpoint rule, through ``doses``."""
    shares = (np.arange(points) + 0.5) / points
    times = windows_min[:, :1] + shares * (windows_min[:, 1:] - windows_min[:, :1])
    order = np.argsort(times, axis=None, kind="stable")
    places = np.empty(order.size, dtype=np.intp)
    places[order] = np.arange(order.size)
    return Windows(timetable(doses, times.ravel()[order]), places.reshape(times.shape))


def window_means(
    name: str, p: Parameters, per_lithium: float, windows: Windows, utilisation: float = 1.0
) -> tuple[Floats, Floats]:
    """Return interphase and lithium (nm) averaged over each window, with the share ``utilisation`` of all supplies."""
    interphase, lithium = followed(name, p, per_lithium, windows.times, utilisation)
    return interphase[windows.places].mean(axis=1), lithium[windows.places].mean(axis=1)
