"""Counts made with what the fit model does not know: no inverse crime.

Ge 3d and P 2p of LAGP after 5 min of plating, as the shipped model lagp_ge3d_p2p describes them, and nature otherwise:
a Tougaard background, other doublet ratios, another natural width of Ge 3p, an asymmetric Ge0, other widths, an energy
axis that has drifted between the two regions. Profiles and backgrounds are this file's own, not the library's.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from numpy.typing import NDArray
from scipy.special import voigt_profile

from xps import models
from xps.fitting import Task
from xps.models import FitModel
from xps.spectra import Spectrum

Array = NDArray[np.float64]
MODEL = Path(__file__).parents[1] / "config" / "models" / "lagp_ge3d_p2p.yaml"
TIME_S = 2.3
DRIFT_STDERR_EV = 0.08
STEP_PER_EV = 0.02
# Universal cross-section of S. Tougaard (1988), eV².
B, C = 2866.0, 1643.0
SIGMA_PER_FWHM = 1.0 / (2.0 * np.sqrt(2.0 * np.log(2.0)))

# What the model leaves open, asked as alternatives: backgrounds, ratios, natural width of Ge 3p, shape of Ge0, ties.
ALTERNATIVES: list[dict[str, Any]] = [
    {
        "name": f"Ge 3p natural width {width} eV",
        "systematic": True,
        "shapes": [{"core_level": "Ge 3p", "shape": {"type": "voigt", "lorentzian_fwhm_ev": width}}],
        "widths": [
            {"component": "Ge4+ 3p", "fwhm_ev": {"start": 2.9, "low": max(2.5, width + 0.05), "high": 3.9}},
            {"component": "Ge0 3p", "fwhm_ev": {"start": 2.8, "low": max(2.3, width + 0.05), "high": 3.7}},
        ],
    }
    for width in (1.6, 2.6)
]
ALTERNATIVES += [
    {
        "name": "Ge0 asymmetric",
        "systematic": True,
        "shapes": [
            {
                "component": "Ge0 3d",
                "shape": {
                    "type": "doniach_sunjic",
                    "lorentzian_fwhm_ev": 0.05,
                    "asymmetry": {"start": 0.05, "low": 0.0, "high": 0.2},
                },
            }
        ],
    },
]
USUAL = ["backgrounds", "soft_ties", "doublet_ratios"]


@dataclass(frozen=True)
class Line:
    """A true component: area (cps·eV), energies and widths (eV), minor line, asymmetry."""

    area: float
    position: float
    fwhm: float
    lorentzian: float
    splitting: float = 0.0
    ratio: float = 0.0
    width_ratio: float = 1.0
    asymmetry: float = 0.0


TRUTH = {
    "Ge4+ 3d": Line(10363.0, 32.5, 1.35, 0.051, 0.585, 0.6667),
    "Ge0 3d": Line(7073.0, 28.08, 1.1, 0.051, 0.585, 0.6667),
    "O 2s": Line(13800.0, 24.6, 3.8, 0.5),
    "PO4 2p": Line(27000.0, 133.2, 1.45, 0.033, 0.865, 0.5),
    "Li3P 2p": Line(1500.0, 126.3, 1.3, 0.033, 0.865, 0.5),
    "Ge4+ 3p": Line(25125.0, 124.7, 2.9, 2.11, 4.1, 0.5),
    "Ge0 3p": Line(17150.0, 119.95, 2.6, 2.11, 4.1, 0.5),
}
REGIONS = {"Ge3d": ("Ge4+ 3d", "Ge0 3d", "O 2s"), "P2p": ("PO4 2p", "Li3P 2p", "Ge4+ 3p", "Ge0 3p")}
WINDOWS = {"Ge3d": (17.0, 41.5, 400.0), "P2p": (115.5, 139.5, 1800.0)}


@dataclass(frozen=True)
class Nature:
    """How counts are made: lines, background, drift of the second region's axis (eV)."""

    lines: dict[str, Line]
    tougaard: bool = False
    drift_ev: float = 0.0


Case = Callable[[np.random.Generator], Nature]


def _changed(change: Callable[[str, Line], Line]) -> dict[str, Line]:
    return {name: change(name, line) for name, line in TRUTH.items()}


def _ratios(rng: np.random.Generator) -> Nature:
    # A ratio belongs to a core level: both doublets of Ge 3d are off by the same.
    off = {level: float(rng.uniform(0.9, 1.1)) for level in ("3d", "3p", "2p", "2s")}
    return Nature(_changed(lambda name, line: replace(line, ratio=line.ratio * off[name[-2:]])))


def _natural(width: float) -> Case:
    def made(rng: np.random.Generator) -> Nature:  # noqa: ARG001  one of many cases
        return Nature(_changed(lambda name, line: replace(line, lorentzian=width) if name.endswith("3p") else line))

    return made


def _asymmetric(rng: np.random.Generator) -> Nature:  # noqa: ARG001
    return Nature(_changed(lambda name, line: replace(line, asymmetry=0.08) if name == "Ge0 3d" else line))


def _widths(rng: np.random.Generator) -> Nature:
    def change(name: str, line: Line) -> Line:  # noqa: ARG001
        return replace(line, fwhm=line.fwhm * rng.uniform(0.95, 1.05), width_ratio=float(rng.uniform(0.95, 1.05)))

    return Nature(_changed(change))


def _drift(rng: np.random.Generator) -> Nature:
    return Nature(TRUTH, drift_ev=float(rng.normal(0.0, DRIFT_STDERR_EV)))


CASES: dict[str, Case] = {
    "right model": lambda rng: Nature(TRUTH),  # noqa: ARG005
    "Tougaard background": lambda rng: Nature(TRUTH, tougaard=True),  # noqa: ARG005
    "doublet ratios ± 10 %": _ratios,
    "Ge 3p natural width 1.6 eV": _natural(1.6),
    "Ge 3p natural width 2.6 eV": _natural(2.6),
    "asymmetric Ge0": _asymmetric,
    "widths ± 5 %": _widths,
    "drift between regions": _drift,
}


def profile(offset: Array, fwhm: float, lorentzian: float, asymmetry: float) -> Array:
    """Return a Voigt profile of this total FWHM (Olivero), or its Doniach-Šunjić relative, of area 1 up to 20 eV."""
    gaussian = np.sqrt(max((fwhm - 0.5346 * lorentzian) ** 2 - 0.2166 * lorentzian**2, 1e-6)) * SIGMA_PER_FWHM
    if asymmetry == 0.0:
        return np.asarray(voigt_profile(offset, gaussian, lorentzian / 2))
    fine = np.arange(-25.0, 45.0, 0.01)
    gamma = lorentzian / 2
    # The tail lies at higher binding energy.
    angle = np.pi * asymmetry / 2 - (1 - asymmetry) * np.arctan(fine / gamma)
    tail = np.cos(angle) / (gamma**2 + fine**2) ** ((1 - asymmetry) / 2)
    tail = np.where(fine <= 20.0, tail, 0.0)
    tail /= np.sum(tail) * 0.01
    bell = np.exp(-0.5 * (np.arange(-6.0, 6.001, 0.01) / gaussian) ** 2)
    return np.interp(offset, fine, np.convolve(tail, bell / bell.sum(), mode="same"))


def expected_cps(energy: Array, region: str, nature: Nature) -> Array:
    """Return the rate of one region over falling binding energies."""
    peaks = np.zeros_like(energy)
    for name in REGIONS[region]:
        line = nature.lines[name]
        off = energy - line.position
        curve = profile(off, line.fwhm, line.lorentzian, line.asymmetry)
        if line.ratio:
            second = profile(off - line.splitting, line.fwhm * line.width_ratio, line.lorentzian, line.asymmetry)
            curve = (curve + line.ratio * second) / (1 + line.ratio)
        peaks += line.area * curve
    level = WINDOWS[region][2]
    if nature.tougaard:
        return level + peaks + _scattered(energy) @ peaks
    rising = peaks[::-1]
    step = np.concatenate([[0.0], np.cumsum(0.5 * (rising[1:] + rising[:-1]))]) * abs(energy[1] - energy[0])
    return level + peaks + STEP_PER_EV * step[::-1]


def _scattered(energy: Array) -> Array:
    """Return what peaks scatter once, twice and more, by summing the powers of the loss function."""
    loss = np.maximum(energy[:, None] - energy[None, :], 0.0)
    kernel = B * loss / (C + loss**2) ** 2 * abs(energy[1] - energy[0])
    total, power = np.zeros_like(kernel), np.eye(energy.size)
    for _ in range(12):
        power = power @ kernel
        total += power
    return total


def fit_model(alternatives: bool = True) -> FitModel:
    """Return the shipped model without the line that this sample has not, with the alternatives of the study."""
    content = yaml.safe_load(MODEL.read_text(encoding="utf-8"))
    gone = "O 2s (Li2O)"
    content["components"] = [part for part in content["components"] if part["name"] != gone]
    content["ties"] = [tie for tie in content["ties"] if tie["component"] != gone]
    content = {key: content[key] for key in ("description", "windows", "components", "ties")}
    if alternatives:
        content |= {"alternatives": ALTERNATIVES, "usual_alternatives": USUAL}
    return models.from_mapping("lagp_ge3d_p2p", content)


def task(nature: Nature, replicate: int, scale: float = 1.0) -> Task:
    """Return simulated counts of both regions; ``scale`` multiplies the counting time."""
    rng, spectra = np.random.default_rng([replicate, 7]), []
    for region, (low, high, _) in WINDOWS.items():
        energy = high - 0.1 * np.arange(round((high - low) / 0.1) + 1)
        moved = energy + (nature.drift_ev if region == "P2p" else 0.0)
        counts = rng.poisson(expected_cps(moved, region, nature) * TIME_S * scale).astype(np.float64)
        levels = ("Ge 3d", "O 2s") if region == "Ge3d" else ("P 2p", "Ge 3p")
        known = {"shift_stderr_ev": 0.01, "drift_stderr_ev": DRIFT_STDERR_EV}
        spectra.append(Spectrum("study", replicate, region, levels, energy, counts, TIME_S * scale, None, **known))
    return Task("study", replicate, tuple(WINDOWS), tuple(spectra), tuple(np.arange(s.channels) for s in spectra))
