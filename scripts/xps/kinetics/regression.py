"""A rate law through one series of points by least squares with absolute weights; knows no table.

Standard errors of the points are absolute: the covariance is never rescaled by the misfit, so a law that does not
describe the points is called so instead of getting wider errors. With known errors -2 ln L = chi square + constant,
hence AICc = chi² + 2p + 2p(p + 1)/(n - p - 1) and BIC = chi² + p ln n (Burnham & Anderson, Model Selection and
Multimodel Inference, 2002, sections 2.2-2.4 and 6.4).

Every law is linear but for its rate, so a grid of rates with the other parameters solved exactly finds the valley, and
the last digits are a short search from there. (lmfit, which finds the same, takes longer to load than all laws to fit.)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from xps.kinetics.verdicts import TESTED, Verdict, not_identified, not_testable, rejected
from xps.least_squares import Minimum, chance, minimum
from xps.quantiles import RISE_TWO_SIDED_95, TWO_SIDED_95
from xps.rate_laws import LAWS, Floats, evaluate

Interval = tuple[float | None, float | None]

BIC_GAP = 6.0
# ASSUME p < 0.001 means "does not describe the points": series are many, and 0.05 would reject one true law in twenty.
REJECTION_P = 1e-3
RATE_STEPS = 1200
# Odd, so that the best rate is one of them.
RATES_AROUND = 61
# Of a long series only so many rates are tried at a time that rates times points stay below this: half a megabyte.
CELLS = 1 << 16
FLAT = 1e-6
MOST_CONDITION = 1e12


@dataclass(frozen=True, slots=True)
class LawFit:
    """One law through one series of points; ``values`` is empty where nothing could be fitted."""

    law: str
    verdict: Verdict
    points: int
    values: tuple[float, ...] = ()
    stderrs: tuple[float, ...] = ()
    intervals: tuple[Interval, ...] = ()
    chi_square: float = math.nan
    condition: str = ""

    @property
    def tested(self) -> bool:
        """Whether the law may compete with others."""
        return self.verdict == TESTED

    @property
    def rejected(self) -> bool:
        """Whether the law was tried and does not describe the points."""
        return self.verdict.word == "rejected"

    @property
    def bic(self) -> float | None:
        """Bayesian information criterion for known standard errors, or None without a fit."""
        if not self.values:
            return None
        return self.chi_square + len(self.values) * math.log(self.points)

    @property
    def aicc(self) -> float | None:
        """Corrected Akaike criterion; None without a fit or without a degree of freedom for the correction."""
        freedom = self.points - len(self.values) - 1
        if not self.values or freedom < 1:
            return None
        count = len(self.values)
        return self.chi_square + 2 * count + 2 * count * (count + 1) / freedom


def fit_law(law: str, time_s: Floats, value: Floats, stderr: Floats) -> LawFit:
    """Fit one law by weighted least squares.

    ``time_s`` (n,) in s, ``value`` and ``stderr`` > 0 (n,) in any one unit. Intervals are 95 %: exact for the linear
    laws, profile likelihood for the exponential, with None for an end that the points leave open.
    """
    form = LAWS[law]
    time, y, sigma = (np.asarray(item, dtype=np.float64) for item in (time_s, value, stderr))
    untestable = _untestable(law, time)
    if untestable:
        return LawFit(law, not_testable(untestable), len(time))
    # Fitted in units of the largest time and value, so that areas of 1e5 over 1e4 s and shares look alike.
    duration = float(np.max(np.abs(time))) or 1.0
    scale = float(np.max(np.abs(y))) or 1.0
    fit = _fit_scaled(law, time / duration, y / scale, sigma / scale)
    units = [scale / duration**power for power in form.powers] + [1.0 / duration] * form.has_rate
    return _with_freedom(_rescaled(fit, units), len(form.parameters))


def _untestable(law: str, time: Floats) -> str:
    count, different = len(LAWS[law].parameters), len(np.unique(time))
    if len(time) <= 1:
        return "one cycle" if len(time) else "no points"
    if law == "parabolic" and np.any(time < 0):
        return "the axis has negative values"
    if different < count:
        noun = "value" if different == 1 else "values"
        return f"{different} different axis {noun} for {count} parameters"
    return ""


def _rescaled(fit: LawFit, units: Sequence[float]) -> LawFit:
    def scaled(numbers: Sequence[float]) -> tuple[float, ...]:
        return tuple(number * unit for number, unit in zip(numbers, units, strict=False))

    def ends(interval: Interval, unit: float) -> Interval:
        low, high = (None if end is None else end * unit for end in interval)
        return low, high

    intervals = tuple(ends(interval, unit) for interval, unit in zip(fit.intervals, units, strict=False))
    return replace(fit, values=scaled(fit.values), stderrs=scaled(fit.stderrs), intervals=intervals)


def _with_freedom(fit: LawFit, count: int) -> LawFit:
    """Judge a finished fit by its freedom and by whether it describes the points at all."""
    if not fit.tested:
        return fit
    if fit.points - count - 1 < 1:
        reason = f"{fit.points} points for {count} parameters leave no freedom for AICc"
        return replace(fit, verdict=not_testable(reason))
    return replace(fit, verdict=verdict_of(fit.chi_square, fit.points - count))


def verdict_of(chi_square: float, freedom: int) -> Verdict:
    """Return ``tested`` for a fit that describes its points, else ``rejected`` with the misfit."""
    words = misfit(chi_square, freedom)
    return rejected(words) if words else TESTED


def misfit(chi_square: float, freedom: int) -> str:
    """Return in words by how much a fit misses its points, nothing where it describes them."""
    probability = chance(chi_square, freedom)
    if probability >= REJECTION_P:
        return ""
    chance_text = f"p = {probability:.1g}" if probability > 1e-99 else "p < 1e-99"
    return f"reduced chi square {chi_square / freedom:.3g} ({chance_text})"


class _Profile(NamedTuple):
    """Best coefficients at each trial rate: coefficients (rates, p), variances (rates, p), chi square (rates,)."""

    coefficients: Floats
    variances: Floats
    chi_square: Floats


def _fit_scaled(law: str, time: Floats, y: Floats, sigma: Floats) -> LawFit:
    form = LAWS[law]
    rates = _rate_grid(time) if form.has_rate else np.zeros(1)
    profile = _profile(law, rates, time, y, sigma)
    best = int(np.argmin(profile.chi_square))
    if not np.isfinite(profile.chi_square[best]):
        return LawFit(law, not_testable("the points do not determine the parameters"), len(time))
    return _with_rate(law, rates, profile, best, time, y, sigma) if form.has_rate else _linear(law, profile, len(time))


def _linear(law: str, profile: _Profile, points: int) -> LawFit:
    values, stderrs = profile.coefficients[0], np.sqrt(profile.variances[0])
    ends = np.stack([values - TWO_SIDED_95 * stderrs, values + TWO_SIDED_95 * stderrs], axis=1).tolist()
    intervals = tuple((low, high) for low, high in ends)
    numbers = tuple(values.tolist()), tuple(stderrs.tolist()), intervals
    return LawFit(law, TESTED, points, *numbers, float(profile.chi_square[0]))


def _with_rate(law: str, rates: Floats, profile: _Profile, best: int, time: Floats, y: Floats, sigma: Floats) -> LawFit:
    if np.ptp(profile.chi_square) < FLAT:
        return LawFit(law, not_identified("every k is as good (the points do not change)"), len(time))
    if best in (0, len(rates) - 1):
        side = "zero (a straight line is as good)" if best == 0 else "infinity (a step before the second point)"
        return LawFit(law, not_identified(f"k runs towards {side}"), len(time))
    found = _refined(law, np.append(profile.coefficients[best], rates[best]), time, y, sigma)
    information = found.jacobian.T @ found.jacobian
    if not found.converged or np.linalg.cond(information) > MOST_CONDITION:
        return LawFit(law, not_testable("the fit failed (no minimum was reached, or a flat one)"), len(time))
    stderrs = np.sqrt(np.diag(np.linalg.inv(information)))
    close = _rates_around(float(found.parameters[-1]), float(stderrs[-1]), rates)
    both, order = np.unique(np.append(rates, close), return_index=True)
    near = _profile(law, close, time, y, sigma)
    profile = _Profile(*(np.concatenate(parts)[order] for parts in zip(profile, near, strict=True)))
    intervals, words = _profile_intervals(both, profile, found.chi_square)
    numbers = tuple(found.parameters.tolist()), tuple(stderrs.tolist()), intervals
    return LawFit(law, TESTED, len(time), *numbers, found.chi_square, words)


def _refined(law: str, start: Floats, time: Floats, y: Floats, sigma: Floats) -> Minimum:
    """Return the minimum near ``start``, coefficients and then the rate."""
    names = LAWS[law].parameters

    def residual(trial: Floats) -> Floats:
        return (evaluate(law, dict(zip(names, trial.tolist(), strict=True)), time) - y) / sigma

    free = np.full(start.size, np.inf)
    return minimum(residual, start, np.where(np.array(names) == "k", 0.0, -free), free)


def _rate_grid(time: Floats) -> Floats:
    """Rates from "no curvature over the whole series" to "over before the shortest step", in scaled time."""
    steps = np.diff(np.unique(time))
    return np.geomspace(1e-2 / float(np.ptp(time)), 10.0 / float(np.min(steps)), RATE_STEPS)


def _rates_around(rate: float, stderr: float, rates: Floats) -> Floats:
    """Return rates around the best one, itself among them: a long series' whole interval may lie between two others.

    They reach over the interval that curvature tells, half as wide again, and never beyond ``rates``.
    """
    reach = min(1.5 * TWO_SIDED_95 * stderr / rate, math.log(rates[-1] / rates[0]))
    return np.asarray(np.clip(rate * np.exp(np.linspace(-reach, reach, RATES_AROUND)), rates[0], rates[-1]))


def _profile(law: str, rates: Floats, time: Floats, y: Floats, sigma: Floats) -> _Profile:
    """Return the weighted linear regression at every rate."""
    form, parts = LAWS[law], []
    for some in np.array_split(rates, 1 + rates.size * time.size // CELLS):
        basis = np.broadcast_to(form.basis(time, some[:, None]), (some.size, time.size, len(form.coefficients)))
        parts.append(_regressions(basis, y, sigma))
    return _Profile(*map(np.concatenate, zip(*parts, strict=True)))


def _regressions(basis: Floats, y: Floats, sigma: Floats) -> _Profile:
    """Weighted linear regression for every ``basis`` (rates, n, p); infinite chi square where underdetermined."""
    weighted = basis / sigma[:, None]
    gram = np.swapaxes(weighted, 1, 2) @ weighted
    sizes = np.linalg.eigvalsh(gram)
    determined = sizes[:, 0] > sizes[:, -1] / MOST_CONDITION
    covariance = np.linalg.inv(np.where(determined[:, None, None], gram, np.eye(gram.shape[1])))
    coefficients = (covariance @ (np.swapaxes(weighted, 1, 2) @ (y / sigma))[:, :, None])[:, :, 0]
    residual = (weighted @ coefficients[:, :, None])[:, :, 0] - y / sigma
    chi_square = np.where(determined, np.sum(residual**2, axis=1), np.inf)
    return _Profile(coefficients, np.diagonal(covariance, axis1=1, axis2=2), chi_square)


def _profile_intervals(rates: Floats, profile: _Profile, minimum: float) -> tuple[tuple[Interval, ...], str]:
    """95 % profile-likelihood intervals of y_inf, y0 and k, and words on ends that stay open.

    At a fixed rate chi square is a parabola in each coefficient, so the profile over all rates is known exactly: a
    coefficient c is inside when some rate has chi²(rate) + (c - ĉ(rate))² / var(rate) <= minimum + 3.84.
    """
    room = minimum + RISE_TWO_SIDED_95 - profile.chi_square
    inside = np.flatnonzero(room >= 0)
    low_open, high_open = bool(inside[0] == 0), bool(inside[-1] == len(rates) - 1)
    reach = np.sqrt(room[inside, None] * profile.variances[inside])
    lows = np.min(profile.coefficients[inside] - reach, axis=0)
    highs = np.max(profile.coefficients[inside] + reach, axis=0)
    # A rate that may be zero leaves the final value without any limit; the start value keeps its own.
    final: Interval = (None, None) if low_open else (float(lows[0]), float(highs[0]))
    low = None if low_open else _crossing(rates, room, int(inside[0]) - 1)
    high = None if high_open else _crossing(rates, room, int(inside[-1]))
    sides = [side for side, is_open in (("zero", low_open), ("infinity", high_open)) if is_open]
    words = f"the 95 % interval of k is open towards {' and '.join(sides)}" if sides else ""
    return (final, (float(lows[1]), float(highs[1])), (low, high)), words


def _crossing(rates: Floats, room: Floats, index: int) -> float:
    """Return the rate between ``index`` and the next where the room crosses zero (linear in ln k)."""
    first, second = float(room[index]), float(room[index + 1])
    if not math.isfinite(first) or not math.isfinite(second):
        return float(rates[index + 1] if math.isfinite(second) else rates[index])
    share = first / (first - second)
    return float(rates[index] * (rates[index + 1] / rates[index]) ** share)


def choices(fits: Sequence[LawFit], null_bic: float | None) -> list[str]:
    """Return ``yes``, ``no`` or ``undecided`` per law; see the module docstring."""
    # A rejected law is a rival too: it was tested and lost. A law that could not be tested is none.
    judged = [fit for fit in fits if fit.tested or fit.rejected]
    bics = sorted(fit.bic for fit in judged if fit.bic is not None)
    # One law that was asked for alone has the constant as its only rival; where others were, one must be testable.
    clear = null_bic is not None if len(fits) == 1 else len(bics) > 1 and bics[1] - bics[0] >= BIC_GAP
    beats_null = bool(bics) and (null_bic is None or null_bic - bics[0] >= BIC_GAP)

    def choice(fit: LawFit) -> str:
        if fit.rejected:
            return "no"
        if not fit.tested or fit.bic is None:
            return "undecided"
        if fit.bic - bics[0] >= BIC_GAP:
            return "no"
        return "yes" if clear and beats_null else "undecided"

    return [choice(fit) for fit in fits]
