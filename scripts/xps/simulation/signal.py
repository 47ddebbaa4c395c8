"""Expected intensity of a region from its true lines, and the noise that is laid over it.

The background is summed up here and not taken from ``xps.backgrounds``, so that the analysis is not judged by its own
code; line shapes are shared.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from xps import lineshapes
from xps.simulation.plan import Background, Plan, RegionPlan
from xps.simulation.truth import TrueLine

_FINE = 10  # points per channel of the cumulative integral: its error stays below 1e-5 of the step


def recorded_energy_ev(plan: RegionPlan) -> NDArray[np.float64]:
    """Return the recorded binding energies of the channels (eV, falling): start + i·step."""
    return plan.high_ev - plan.step_ev * np.arange(plan.channels, dtype=np.float64)


def line_cps(recorded_ev: NDArray[np.float64], line: TrueLine) -> NDArray[np.float64]:
    """Return a true line's intensity (cps) on the recorded axis (eV); same shape."""
    true_ev = recorded_ev - line.charge_shift_ev
    major_area = line.area_cps_ev / (1.0 + line.area_ratio)
    major = _unit_area(true_ev, line.position_ev, line)
    if line.area_ratio == 0.0:
        return major_area * major
    minor = _unit_area(true_ev, line.position_ev + line.splitting_ev, line)
    return major_area * (major + line.area_ratio * minor)


def _unit_area(energy_ev: NDArray[np.float64], position_ev: float, line: TrueLine) -> NDArray[np.float64]:
    widths = (line.fwhm_ev, line.lorentzian_fwhm_ev)
    if line.asymmetry == 0.0:
        return lineshapes.voigt(energy_ev, position_ev, *widths)
    return lineshapes.profile("doniach_sunjic", energy_ev, position_ev, *widths, line.asymmetry, slopes=False).value


def expected_cps(
    plan: RegionPlan, lines: Sequence[TrueLine], shirley_per_ev: float, background: Background = "shirley"
) -> NDArray[np.float64]:
    """Return the noise-free intensity (cps) per channel: lines, their inelastic background and a constant one.

    A Shirley background at energy E is ``shirley_per_ev`` × ∫ lines dE' from the window's low end to E. A Tougaard one
    is ∫ lines(E') K(E - E') dE' with the universal K(T) = B T / (C + T²)², B = 2866 eV², C = 1643 eV² (S. Tougaard,
    Surf. Interface Anal. 25, 137, 1997). ASSUME electrons scattered out of lines below the window add to the constant
    background, because the twin's tables say so.
    """
    fine_ev = plan.high_ev - plan.step_ev / _FINE * np.arange((plan.channels - 1) * _FINE + 1, dtype=np.float64)
    fine_cps = np.sum([line_cps(fine_ev, line) for line in lines], axis=0) if lines else np.zeros_like(fine_ev)
    scattered = _tougaard(fine_cps, plan) if background == "tougaard" else shirley_per_ev * _area_below(fine_cps, plan)
    return (fine_cps + scattered)[::_FINE] + plan.constant_background_cps


def _area_below(fine_cps: NDArray[np.float64], plan: RegionPlan) -> NDArray[np.float64]:
    """Return the area of what lies at lower binding energy than each point (cps eV)."""
    trapezia = 0.5 * (fine_cps[1:] + fine_cps[:-1]) * plan.step_ev / _FINE
    return np.append(np.cumsum(trapezia[::-1])[::-1], 0.0)  # the axis falls: sum from the far end


def _tougaard(fine_cps: NDArray[np.float64], plan: RegionPlan) -> NDArray[np.float64]:
    """Return what the universal loss function makes of the lines at lower binding energy (cps)."""
    step = plan.step_ev / _FINE
    loss = step * np.arange(fine_cps.size)
    kernel = 2866.0 * loss / (1643.0 + loss**2) ** 2
    spread = np.convolve(fine_cps[::-1], kernel)[: fine_cps.size]
    return np.asarray(spread[::-1] * step)


def survey_lines(plan: Plan, lines: Sequence[TrueLine]) -> list[TrueLine]:
    """Return ``lines``, given as at the narrow pass energy, as the survey shows them.

    Areas grow by the ratio of transmissions, Gaussian widths by those of the instrument.
    """
    instrument = plan.instrument
    widening = instrument.survey_resolution_fwhm_ev**2 - instrument.resolution_fwhm_ev**2
    return [
        replace(
            line,
            fwhm_ev=math.sqrt(line.fwhm_ev**2 + widening),
            area_cps_ev=line.area_cps_ev
            * instrument.transmission(instrument.photon_energy_ev - line.position_ev, survey=True)
            / instrument.transmission(instrument.photon_energy_ev - line.position_ev),
        )
        for line in lines
    ]


def noise(experiment: str, row: int, region: str, seed: int) -> np.random.Generator:
    """Return the generator of one region's noise; it depends on names and the replicate ``seed`` only."""
    words = [int.from_bytes(hashlib.sha256(name.encode()).digest()[:16]) for name in (experiment, region)]
    return np.random.default_rng(np.random.SeedSequence([seed, words[0], row, words[1]]))
