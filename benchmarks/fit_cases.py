"""Simulated series for the benchmarks: Ge 3d, S 2p and Li 1s, each spectrum with its own energies, widths and areas."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from xps.separable import likelihood, lines, projection

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Line:
    """Start of one component (eV); ``splitting_ev`` 0 means a single line."""

    position_ev: float
    fwhm_ev: float
    lorentzian_fwhm_ev: float
    splitting_ev: float = 0.0
    area_ratio: float = 0.0


@dataclass(frozen=True, slots=True)
class Case:
    """One core level: its components and its axis.

    ``tied_fwhm_ev``: every FWHM but the first differs from the one before as the starts do, ± so much; 0: not tied.
    """

    components: tuple[Line, ...]
    low_ev: float
    high_ev: float
    tied_fwhm_ev: float = 0.0

    @property
    def energy(self) -> Array:
        """Binding energies, falling as instruments record them."""
        return np.arange(self.high_ev, self.low_ev - 0.05, -0.1)


CASES = {
    "Ge 3d": Case((Line(30.5, 1.3, 0.051, 0.585, 0.6667), Line(28.0, 1.2, 0.051, 0.585, 0.6667)), 24.0, 36.0),
    "S 2p": Case(
        (
            Line(161.5, 1.3, 0.054, 1.18, 0.5),
            Line(160.0, 1.3, 0.054, 1.18, 0.5),
            Line(163.4, 1.4, 0.054, 1.18, 0.5),
        ),
        155.0,
        170.0,
    ),
    "Li 1s": Case((Line(55.5, 1.4, 0.036), Line(54.0, 1.4, 0.036), Line(52.7, 1.2, 0.036)), 48.0, 60.0),
}
FREE = tuple(CASES)
# Lines that overlap as they have to be fitted: with the error of the ties in config/models/li_foil_li1s.yaml.
CASES["Li 1s, widths tied"] = replace(CASES["Li 1s"], tied_fwhm_ev=0.1)
POSITION_REACH_EV = 0.6
FWHM_LOW_EV, FWHM_HIGH_EV = 0.7, 2.2
STEP_START = 0.02


def scheme(case: Case, background: str) -> lines.Scheme:
    """Return the separable scheme; parameters are position and FWHM of each component, then the Shirley factor."""
    stepped = background == "shirley"
    size = 2 * len(case.components) + stepped
    position, width, offset, mixing, column, share = [], [], [], [], [], []
    for i, part in enumerate(case.components):
        for minor in range(1 + (part.splitting_ev > 0)):
            position.append(np.eye(size)[2 * i])
            width.append(np.eye(size)[2 * i + 1])
            offset.append(minor * part.splitting_ev)
            mixing.append(part.lorentzian_fwhm_ev)
            column.append(i)
            share.append((part.area_ratio if minor else 1.0) / (1.0 + part.area_ratio))
    none = np.zeros((len(column), size))
    region = lines.RegionScheme(
        shapes=("voigt",) * len(column),
        position_ev=lines.Affine(np.array(position), np.array(offset)),
        fwhm_ev=lines.Affine(np.array(width), np.zeros(len(column))),
        shape_parameters=(lines.Affine(none, np.array(mixing)),),
        column=np.array(column),
        share=np.array(share),
        factors=((),) * len(column),
        background=background,
        step=size - 1 if stepped else None,
        baseline=np.array([len(case.components)]),
    )
    return lines.Scheme((region,), len(case.components) + 1, size)


def start(case: Case, background: str) -> tuple[Array, Array, Array]:
    """Return start, lower and upper bounds of the parameters."""
    rows = []
    for part in case.components:
        rows.append((part.position_ev, part.position_ev - POSITION_REACH_EV, part.position_ev + POSITION_REACH_EV))
        rows.append((part.fwhm_ev, FWHM_LOW_EV, FWHM_HIGH_EV))
    if background == "shirley":
        rows.append((STEP_START, 0.0, 0.5))
    first, low, high = np.array(rows).T
    return first, low, high


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Simulated spectra: task for the engine, starts, true parameters and coefficients."""

    task: projection.Task
    start: Array
    theta: Array
    coefficients: Array
    energy: Array


def simulate(name: str, spectra: int, scale: float, background: str, neyman: bool = False, seed: int = 0) -> Series:
    """Return ``spectra`` simulated spectra of a case with areas up to ``scale`` counts·eV; tied widths are drawn so."""
    case, rng = CASES[name], np.random.default_rng(seed)
    first, low, high = start(case, background)
    parts = len(case.components)
    theta = np.tile(first, (spectra, 1))
    theta[:, 0 : 2 * parts : 2] += rng.normal(0.0, 0.1, (spectra, parts))
    theta[:, 1 : 2 * parts : 2] *= rng.uniform(0.9, 1.1, (spectra, parts))
    if background == "shirley":
        theta[:, -1] = rng.uniform(0.01, 0.04, spectra)
    areas = scale * rng.uniform(0.2, 1.0, (spectra, parts))
    if case.tied_fwhm_ev:
        steps = np.diff(first[1 : 2 * parts : 2]) + rng.normal(0.0, case.tied_fwhm_ev, (spectra, parts - 1))
        theta[:, 3 : 2 * parts : 2] = theta[:, [1]] + np.cumsum(steps, axis=1)
    coefficients = np.concatenate([areas, np.full((spectra, 1), 0.05 * scale)], axis=1)
    axes = np.tile(case.energy, (spectra, 1))
    model = lines.Lines(scheme(case, background), (axes,), (np.ones(spectra),))
    expected = np.matmul(coefficients[:, None], model.shape(theta, np.arange(spectra)).columns)[:, 0]
    counts = rng.poisson(expected).astype(np.float64)
    task = projection.Task(
        model=model,
        likelihood=likelihood.Neyman(counts) if neyman else likelihood.Poisson(counts),
        lower=np.tile(low, (spectra, 1)),
        upper=np.tile(high, (spectra, 1)),
        bounded=np.ones(parts + 1, dtype=bool),
    )
    return Series(task, np.tile(first, (spectra, 1)), theta, coefficients, case.energy)
