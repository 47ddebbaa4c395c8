"""How fast metal oxidises in residual gas: two laws through the metal's share of its line, and the pressure implied.

    first_order    f = f0 exp(-k t)                            no mechanism: a number to compare with
    flux_limited   x = x0 + g t metal oxidised per area        every gas atom that arrives reacts (sticking 1; Wang et
                                                               al., 1996: full conversion of a 7.5 nm film by O2)

Under the second law the metal's share follows from attenuation in the growing oxide. Both are averaged over the window
of the line. The implied pressure is what the flux of g needs at sticking 1: a lower bound, as water reacts more slowly.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from xps.kinetics.estimation import Estimate, Floats, Range, Values, estimate
from xps.kinetics.regression import LawFit, verdict_of
from xps.kinetics.verdicts import not_testable

_BOLTZMANN_J_K = 1.380649e-23
_ATOMIC_MASS_KG = 1.66053906660e-27
TEMPERATURE_K = 300.0
"""ASSUME room temperature of the residual gas; the pressure goes with its square root."""
OXYGEN_GASES: Mapping[str, tuple[float, int]] = {"H2O": (18.015, 1), "O2": (31.998, 2)}
"""Molar mass (g/mol) and oxygen atoms per molecule of the gases that oxidise."""
LAWS = ("first_order", "flux_limited")
UNITS = {"f0": "1", "k": "1/min", "x0": "nm", "g": "nm/min"}
_POINTS = 4
_SHARE_FLOOR = 0.005
"""ASSUME no share is known better than 0.005: shapes and backgrounds are not perfect."""


@dataclass(frozen=True, slots=True)
class Foil:
    """Metal under its oxide, for the metal's line: attenuation lengths (nm) and metal atoms per nm³ of both.

    ``expansion`` is nm of oxide per nm of metal oxidised, ``metal_per_oxygen`` metal atoms bound by an oxygen atom.
    """

    metal_length_nm: float
    oxide_length_nm: float
    metal_atoms_nm3: float
    oxide_atoms_nm3: float
    expansion: float
    metal_per_oxygen: float

    def share(self, oxidised_nm: Floats) -> Floats:
        """Return the metal's share of the line where ``oxidised_nm`` (nm of metal) have been oxidised."""
        through = np.exp(-np.asarray(oxidised_nm) * self.expansion / self.oxide_length_nm)
        metal = self.metal_atoms_nm3 * self.metal_length_nm * through
        return np.asarray(metal / (metal + self.oxide_atoms_nm3 * self.oxide_length_nm * (1.0 - through)))


def fits(foil: Foil, share: Floats, stderr: Floats, windows_min: Floats) -> tuple[list[LawFit], list[Estimate]]:
    """Return both laws through the metal's ``share`` (n,) with standard errors, measured in ``windows_min`` (n, 2)."""
    sigma = np.hypot(stderr, _SHARE_FLOOR)
    steps = (np.arange(_POINTS) + 0.5) / _POINTS
    times = windows_min[:, :1] + steps * (windows_min[:, 1:] - windows_min[:, :1])

    def first_order(values: Values) -> Floats:
        return np.asarray((np.mean(values["f0"] * np.exp(-values["k"] * times), axis=1) - share) / sigma)

    def flux_limited(values: Values) -> Floats:
        return np.asarray((np.mean(foil.share(values["x0"] + values["g"] * times), axis=1) - share) / sigma)

    ranges = {
        "first_order": {"f0": Range(1e-3, 1.5, (0.9,)), "k": Range(1e-6, 10.0, (1e-2, 1e-3))},
        "flux_limited": {"x0": Range(1e-4, 50.0, (0.3,)), "g": Range(1e-6, 10.0, (3e-2, 1e-3))},
    }
    residuals = {"first_order": first_order, "flux_limited": flux_limited}
    points = len(share)
    if points < 4:
        reason = not_testable("one cycle" if points == 1 else f"{points} points for 2 parameters")
        return [LawFit(law, reason, points) for law in LAWS], [Estimate() for _ in LAWS]
    found = [estimate(residuals[law], ranges[law]) for law in LAWS]
    return [_judged(law, points, one) for law, one in zip(LAWS, found, strict=True)], found


def _judged(law: str, points: int, found: Estimate) -> LawFit:
    if not found.success:
        return LawFit(law, not_testable("the fit failed"), points)
    names = list(found.values)
    return LawFit(
        law,
        verdict_of(found.chi_square, points - 2),
        points,
        tuple(found.values[name] for name in names),
        tuple(found.values[name] * found.log_stderrs[name] for name in names),
        tuple(found.intervals[name] for name in names),
        found.chi_square,
    )


def oxygen_flux_nm2_min_pa(shares: Mapping[str, float]) -> float:
    """Return oxygen atoms that hit 1 nm² per min and Pa of a gas with partial pressures in ``shares`` (adding to 1).

    Hertz and Knudsen: p / sqrt(2π m k T) molecules per area and time.
    """
    flux = 0.0
    for gas, share in shares.items():
        mass, oxygens = OXYGEN_GASES[gas]
        flux += share * oxygens / np.sqrt(2 * np.pi * mass * _ATOMIC_MASS_KG * _BOLTZMANN_J_K * TEMPERATURE_K)
    return float(flux * 1e-18 * 60.0)


def implied_pressure_pa(foil: Foil, rate_nm_min: float, shares: Mapping[str, float]) -> float:
    """Return the pressure (Pa) at which a gas of ``shares`` oxidises ``rate_nm_min`` (nm of metal per min)."""
    oxygen = rate_nm_min * foil.metal_atoms_nm3 / foil.metal_per_oxygen
    return oxygen / oxygen_flux_nm2_min_pa(shares)


GASES: Mapping[str, Mapping[str, float]] = {
    "H2O": {"H2O": 1.0},
    "O2": {"O2": 1.0},
    "O2 and H2O in equal parts": {"O2": 0.5, "H2O": 0.5},
}
"""Gases for which the pressure is told; what the residual gas was is not known."""
