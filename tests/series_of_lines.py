"""Simulated series for the tests of the separable solver: two Ge 3d doublets on a background."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xps.separable import likelihood, lines, projection

Array = NDArray[np.float64]
ENERGY = np.arange(36.0, 23.95, -0.1)
START = np.array([30.5, 1.3, 28.0, 1.2, 0.02])


def scheme(background: str = "shirley") -> lines.Scheme:
    size = 5
    eye, none = np.eye(size), np.zeros((4, size))
    region = lines.RegionScheme(
        shapes=("voigt",) * 4,
        position_ev=lines.Affine(eye[[0, 0, 2, 2]], np.array([0.0, 0.585, 0.0, 0.585])),
        fwhm_ev=lines.Affine(eye[[1, 1, 3, 3]], np.zeros(4)),
        shape_parameters=(lines.Affine(none, np.full(4, 0.051)),),
        column=np.array([0, 0, 1, 1]),
        share=np.array([0.6, 0.4, 0.6, 0.4]),
        factors=((),) * 4,
        background=background,
        step=4 if background == "shirley" else None,
        baseline=np.array([2, 3]) if background == "linear" else np.array([2]),
    )
    return lines.Scheme((region,), 4 if background == "linear" else 3, size)


@dataclass(frozen=True, slots=True, eq=False)
class Simulated:
    task: projection.Task
    start: Array
    theta: Array
    coefficients: Array


def simulate(spectra: int, area: float, background: str = "shirley", seed: int = 0, shared: bool = False) -> Simulated:
    rng = np.random.default_rng(seed)
    theta = np.tile(START, (spectra, 1))
    moves = rng.normal(0.0, 0.08, (1 if shared else spectra, 4))
    theta[:, :4] += moves
    theta[:, 4] = rng.uniform(0.01, 0.04, spectra)
    of = scheme(background)
    areas = area * rng.uniform(0.2, 1.0, (spectra, 2))
    base = np.tile([0.06 * area, 0.04 * area][: of.coefficients - 2], (spectra, 1))
    coefficients = np.concatenate([areas, base], axis=1)
    model = lines.Lines(of, (np.tile(ENERGY, (spectra, 1)),), (np.full(spectra, 2.0),))
    expected = np.matmul(coefficients[:, None], model.shape(theta, np.arange(spectra)).columns)[:, 0]
    task = projection.Task(
        model=model,
        likelihood=likelihood.Poisson(rng.poisson(expected).astype(np.float64)),
        lower=np.tile([29.8, 0.7, 27.3, 0.7, 0.0], (spectra, 1)),
        upper=np.tile([31.2, 2.2, 28.7, 2.2, 0.5], (spectra, 1)),
        bounded=np.ones(of.coefficients, dtype=bool),
    )
    return Simulated(task, np.tile(START, (spectra, 1)), theta, coefficients)
