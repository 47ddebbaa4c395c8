"""Metal that vanishes at rest by two ways at once, reaction below and oxidation above: can the reaction be told?

Per area, h = h0 - (r_ox + k_rxn) t of metal are left, x = x0 + r_ox t are oxide, and the interphase has grown by
ν k_rxn t. The metal's share of its line sees h and x; lines from below are weakened by both; the interphase's thickness
sees k_rxn alone. What the share by itself determines is the sum of both rates, so each further source of knowledge is
added in turn and k_rxn's profile-likelihood interval is taken each time: the first addition that closes it is the
assumption that carries the result. ``identified`` needs a closed interval and a standard error of ln k_rxn of at most
0.3. Morphology (closed film or islands on a share c of the surface) is an assumption of every variant.

Not modelled: photoelectrons leave a positive charge that can pull lithium back into the electrolyte while the gun is
off, a third way of which no line tells.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from xps.kinetics.estimation import Estimate, Floats, Range, Values, estimate
from xps.kinetics.oxidation import Foil
from xps.kinetics.regression import misfit
from xps.kinetics.verdicts import Verdict, conditional, not_identified, not_testable, rejected

ENOUGH = 0.3
"""ASSUME a rate is identified when ln k is known to 0.3, as for areas."""
PRIOR_STDERR = 0.3
"""ASSUME pressure and sticking of one series hold for another to 30 %."""
RATE = "k_rxn"
NOT_MODELLED = "lithium pulled back by the photocurrent while the gun is off is not modelled"
_SHARE_FLOOR = 0.005
_LEVEL_FLOOR = 0.01
_POINTS = 3
_EVEN = np.full(_POINTS, 1.0 / _POINTS)


@dataclass(frozen=True, eq=False)
class Below:
    """A line from below the metal: areas with errors, windows (n, 2) in min, its lengths (nm) in metal and oxide."""

    area: Floats
    stderr: Floats
    windows_min: Floats
    metal_length_nm: float
    oxide_length_nm: float

    @cached_property
    def times_min(self) -> Floats:
        """Times (n, points) in the windows at which the model is looked at, the middles of equal parts."""
        return _times(self.windows_min)


@dataclass(frozen=True, eq=False)
class Rest:
    """What was measured at rest; see the module docstring. ``foil`` describes metal and oxide for the metal's line."""

    foil: Foil
    share: Floats
    stderr: Floats
    windows_min: Floats
    interphase_strength: float
    """Metal atoms per nm³ of the interphase times its attenuation length (1/nm²): what lies below the metal."""
    below: tuple[Below, ...]
    interphase_nm: Floats
    interphase_stderr_nm: Floats
    interphase_windows_min: Floats
    per_lithium: float
    prior_nm_min: float | None
    """Oxidation rate that another series gives for a closed film (nm of metal per min)."""

    @cached_property
    def times_min(self) -> Floats:
        """Times (n, points) in the windows of the metal's line, the middles of equal parts."""
        return _times(self.windows_min)


@dataclass(frozen=True, slots=True)
class Variant:
    """What is taken into account, and on a share ``coverage`` of the surface."""

    coverage: float
    prior: bool = False
    below: bool = False
    carbon: bool = False
    """Adventitious carbon may grow at an unknown rate and weaken the lines from below."""
    growth: bool = False

    @property
    def words(self) -> str:
        """The assumptions in words."""
        film = "closed film" if self.coverage == 1.0 else f"islands on {self.coverage:g} of the surface"
        parts = [f"metal as {film}"]
        parts += ["oxidation rate of the metal foil to 30 %"] if self.prior else []
        if self.below:
            carbon = "with carbon growing at an unknown rate" if self.carbon else "carbon taken as constant"
            parts.append(f"weakening of the lines from below, {carbon}")
        parts += ["growth of the interphase, closed and even"] if self.growth else []
        return "; ".join(parts)


def variants(coverages: Sequence[float], has_prior: bool) -> list[Variant]:
    """Return the variants from the least to the most that is assumed, for each morphology."""
    found = []
    for coverage in coverages:
        alone = Variant(coverage)
        base = replace(alone, prior=True) if has_prior else alone
        steps = [alone, base, replace(base, below=True, carbon=True), replace(base, below=True)]
        found += [*dict.fromkeys(steps), replace(base, growth=True)]
    return found


def points(rest: Rest, variant: Variant) -> int:
    """Return how many measured numbers the variant is fitted to."""
    below = sum(len(line.area) - 1 for line in rest.below) if variant.below else 0
    return len(rest.share) + below + (len(rest.interphase_nm) if variant.growth else 0)


def fit(rest: Rest, variant: Variant) -> Estimate:
    """Return the estimate of the variant, with intervals of both rates."""
    start = max(float(np.nanmax(rest.interphase_windows_min, initial=1.0)), 1.0)
    slow = 1.0 / start
    ranges = {
        "h0": Range(1e-2, 100.0, (2.0, 6.0)),
        "x0": Range(1e-3, 20.0, (0.3,)),
        "r_ox": Range(1e-4 * slow, 100.0 * slow, (3.0 * slow, 0.5 * slow)),
        RATE: Range(1e-4 * slow, 100.0 * slow, (0.5 * slow, 3.0 * slow)),
    }
    if variant.carbon and variant.below:
        ranges["carbon"] = Range(1e-6 * slow, 3.0 * slow, (0.1 * slow,))
    if variant.growth:
        ranges["d0"] = Range(0.1, 100.0, (float(np.nanmean(rest.interphase_nm)),))

    def residual(values: Values) -> Floats:
        parts = [(_share(rest, variant, values) - rest.share) / np.hypot(rest.stderr, _SHARE_FLOOR)]
        if variant.below:
            parts += [_below(rest, variant, line, values) for line in rest.below]
        if variant.growth:
            thick = values["d0"] + rest.per_lithium * values[RATE] * _middles(rest.interphase_windows_min)
            parts.append((thick - rest.interphase_nm) / np.hypot(rest.interphase_stderr_nm, 0.01 * rest.interphase_nm))
        if variant.prior and rest.prior_nm_min is not None:
            expected = rest.prior_nm_min * variant.coverage
            parts.append(np.array([np.log(values["r_ox"] / expected) / PRIOR_STDERR]))
        return np.concatenate(parts)

    return estimate(residual, ranges, profiled=[RATE, "r_ox"])


def verdict(found: Estimate, points: int, rate: str = RATE) -> Verdict:
    """Return whether ``rate`` is identified under the variant's assumptions, and if not why; ``points`` were fitted."""
    if not found.success:
        return not_testable("the fit failed")
    freedom = points - len(found.values)
    if freedom < 1:
        return not_testable(f"{points} points for {len(found.values)} parameters")
    if words := misfit(found.chi_square, freedom):
        return rejected(f"the assumptions contradict the data, {words}")
    sides = [side for side, end in zip(("below", "above"), found.intervals[rate], strict=True) if end is None]
    if sides:
        return not_identified(f"the interval is open {' and '.join(sides)}")
    words = f"standard error of ln {rate} is {found.log_stderrs[rate]:.2g}"
    return conditional(words) if found.log_stderrs[rate] <= ENOUGH else not_identified(f"{words}, above {ENOUGH:g}")


def _middles(windows: Floats) -> Floats:
    return np.asarray(windows.mean(axis=1))


def _times(windows: Floats) -> Floats:
    steps = (np.arange(_POINTS) + 0.5) / _POINTS
    return np.asarray(windows[:, :1] + steps * (windows[:, 1:] - windows[:, :1]))


def _films(rest: Rest, variant: Variant, values: Values, times: Floats) -> tuple[Floats, Floats]:
    """Return metal and oxide (nm) on the covered places."""
    left = values["h0"] - (values["r_ox"] + values[RATE]) * times
    # Where the metal is used up both ways end; a soft edge keeps the derivatives alive.
    metal = 0.5 * (left + np.sqrt(left**2 + 1e-4))
    gone = values["h0"] - metal
    oxide = values["x0"] + gone * values["r_ox"] / (values["r_ox"] + values[RATE])
    return metal / variant.coverage, oxide * rest.foil.expansion / variant.coverage


def _share(rest: Rest, variant: Variant, values: Values) -> Floats:
    metal, oxide = _films(rest, variant, values, rest.times_min)
    foil, c = rest.foil, variant.coverage
    through_metal, through_oxide = np.exp(-metal / foil.metal_length_nm), np.exp(-oxide / foil.oxide_length_nm)
    of_metal = foil.metal_atoms_nm3 * foil.metal_length_nm * c * (1.0 - through_metal) * through_oxide
    of_oxide = foil.oxide_atoms_nm3 * foil.oxide_length_nm * c * (1.0 - through_oxide)
    of_interphase = rest.interphase_strength * (1.0 - c + c * through_metal * through_oxide)
    return np.asarray(of_metal / (of_metal + of_oxide + of_interphase) @ _EVEN)


def _below(rest: Rest, variant: Variant, line: Below, values: Values) -> Floats:
    times = line.times_min
    metal, oxide = _films(rest, variant, values, times)
    weakened = np.exp(-metal / line.metal_length_nm - oxide / line.oxide_length_nm)
    seen = (1.0 - variant.coverage + variant.coverage * weakened) * np.exp(-values.get("carbon", 0.0) * times)
    shape = seen @ _EVEN
    weight = 1.0 / np.hypot(line.stderr, _LEVEL_FLOOR * line.area)
    # The unknown strength of the line is linear, so its best value is known.
    strength = np.sum(weight**2 * shape * line.area) / np.sum(weight**2 * shape**2)
    return np.asarray((strength * shape - line.area) * weight)
