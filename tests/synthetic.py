"""Simulated spectra for tests, made without the library: own Voigt, own cumulative sums, own doublets."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.optimize import brentq
from scipy.special import voigt_profile

from xps import models
from xps.fitting import Task
from xps.spectra import Spectrum


@dataclass(frozen=True)
class Line:
    """A true component; area in cps·eV of both lines, energies in eV."""

    area: float
    position: float
    fwhm: float
    lorentzian: float = 0.05
    splitting: float = 0.0
    ratio: float = 0.0


def voigt(offset: np.ndarray, fwhm: float, lorentzian: float) -> np.ndarray:
    """Voigt profile whose Gaussian width is found by bisection on the half height."""
    gamma = lorentzian / 2

    def excess(sigma: float) -> float:
        return float(voigt_profile(fwhm / 2, sigma, gamma) - voigt_profile(0.0, sigma, gamma) / 2)

    return voigt_profile(offset, brentq(excess, 1e-4 * fwhm, fwhm, xtol=1e-14), gamma)


def peaks(energy: np.ndarray, lines: Sequence[Line]) -> np.ndarray:
    total = np.zeros_like(energy)
    for line in lines:
        major = voigt(energy - line.position, line.fwhm, line.lorentzian)
        minor = voigt(energy - line.position - line.splitting, line.fwhm, line.lorentzian) if line.ratio else 0.0
        total += line.area * (major + line.ratio * minor) / (1 + line.ratio)
    return total


def rate(energy: np.ndarray, lines: Sequence[Line], level: float, step_per_ev: float = 0.0) -> np.ndarray:
    """Expected counts/s: peaks, a constant and a Shirley step of ``step_per_ev`` times the area at lower energy."""
    order = np.argsort(energy)
    rising, values = energy[order], peaks(energy, lines)[order]
    area = np.concatenate([[0.0], np.cumsum(0.5 * np.diff(rising) * (values[1:] + values[:-1]))])
    found = np.empty_like(energy)
    found[order] = values + level + step_per_ev * area
    return found


def axis(low: float, high: float, step: float = 0.1) -> np.ndarray:
    """Falling binding energies, as an instrument records them."""
    return high - step * np.arange(round((high - low) / step) + 1)


def spectrum(
    energy: np.ndarray,
    expected_cps: np.ndarray,
    time_s: float,
    seed: int | None,
    region: str = "Ge3d",
    acquisition: int = 0,
) -> Spectrum:
    """Poisson counts of ``expected_cps``; seed None: the expected counts themselves."""
    expected = expected_cps * time_s
    counts = expected if seed is None else np.random.default_rng(seed).poisson(expected).astype(float)
    return Spectrum("simulated", acquisition, region, ("any",), energy, counts, time_s)


def task(*spectra: Spectrum) -> Task:
    first = spectra[0]
    channels = tuple(np.arange(found.channels) for found in spectra)
    return Task(first.experiment, first.acquisition, tuple(found.region for found in spectra), tuple(spectra), channels)


def numbered(of: Task, acquisition: int) -> Task:
    """The same data as another acquisition of its series."""
    spectra = tuple(None if found is None else replace(found, acquisition=acquisition) for found in of.spectra)
    return replace(of, acquisition=acquisition, spectra=spectra)


def span(start: float, low: float, high: float) -> dict[str, float]:
    return {"start": start, "low": low, "high": high}


def component(name: str, position: Any, fwhm: Any, core_level: str = "Ge 3d", **more: Any) -> dict[str, Any]:
    """A component of a model file; None leaves position or width to a tie."""
    found: dict[str, Any] = {
        "name": name,
        "core_level": core_level,
        "species": name,
        "line": core_level,
        "shape": {"type": "voigt", "lorentzian_fwhm_ev": 0.05},
        "source": "test",
    }
    found |= {key: value for key, value in (("position_ev", position), ("fwhm_ev", fwhm)) if value is not None}
    return found | more


def window(core_level: str, low: float, high: float, kind: str = "shirley") -> dict[str, Any]:
    return {"core_level": core_level, "low_ev": low, "high_ev": high, "background": {"type": kind}}


GE_DOUBLET = {"splitting_ev": 0.585, "area_ratio": 0.6667}


def ge3d(kind: str = "shirley", **changes: Any) -> dict[str, Any]:
    """Model file of a Ge 3d window with an oxidised and a reduced doublet."""
    content = {
        "description": "two Ge 3d doublets",
        "windows": [window("Ge 3d", 24.0, 38.0, kind)],
        "components": [
            component("Ge4+", span(32.4, 32.0, 33.1), span(1.3, 0.9, 1.9), doublet=GE_DOUBLET),
            component("Ge0", span(28.2, 27.4, 28.8), span(1.2, 0.8, 1.8), doublet=GE_DOUBLET),
        ],
    }
    return content | changes


GE_LINES = (
    Line(9000.0, 32.5, 1.35, 0.05, 0.585, 0.6667),
    Line(4000.0, 28.05, 1.1, 0.05, 0.585, 0.6667),
)


def ge3d_model(kind: str = "shirley", **changes: Any) -> models.FitModel:
    return models.from_mapping("ge3d", ge3d(kind, **changes))


def ge3d_task(seed: int | None, time_s: float = 20.0, lines: Sequence[Line] = GE_LINES, acquisition: int = 0) -> Task:
    energy = axis(24.0, 38.0)
    return task(spectrum(energy, rate(energy, lines, 400.0, 0.02), time_s, seed, acquisition=acquisition))
