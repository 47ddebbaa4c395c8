"""Would areas be nearer the truth if their bias were subtracted? Its second order is known for every fit.

Run: OMP_NUM_THREADS=1 PYTHONPATH=scripts:benchmarks python benchmarks/area_bias.py [replicates [counts]] [name]
The mean of a maximum-likelihood estimate is off by −½ C Jᵀ W m, m being the trace of the second derivatives of the
expected counts times the covariance C (M. J. Box, J. R. Stat. Soc. B 33 (1971) 171; D. R. Cox, E. J. Snell, ibid. 30
(1968) 248). Listed are areas that the expected counts give to 30 %, with the estimate as it is and corrected, no more
than by its own standard error: mean, median and scatter of the distance from the truth, in standard errors of the
expected counts.
"""

import sys
from dataclasses import replace

import fit_cases as cases
import interval_coverage
import numpy as np
from numpy.typing import NDArray

from xps.separable import marquardt, projection
from xps.separable.projection import Task
from xps.uncertainty.covariance import covariance
from xps.uncertainty.identifiability import ENOUGH

Array = NDArray[np.float64]
# Of a standard error: small beside it, large beside rounding.
_STEP = 0.3


def optimum(name: str, series: cases.Series) -> marquardt.Optimum:
    """Return the minima that the engine finds, in the solver's words."""
    start = series.start.copy()
    names = [f"line {i}" for i in range(len(cases.CASES[name].components))]
    for row in interval_coverage.fitted(name, series.energy, series.task.likelihood.data):
        if row["area_cps_ev"]:
            place = 2 * names.index(row["component"])
            start[row["acquisition"], place : place + 2] = row["position_ev"], row["fwhm_ev"]
    return marquardt.minimise(series.task, start)


def expected(task: Task, values: Array, areas: int) -> Array:
    """Return the expected counts at coefficients and nonlinear parameters side by side."""
    theta = np.clip(values[:, areas:], 0.0, None)
    columns = task.model.shape(theta, np.arange(theta.shape[0])).columns
    return np.asarray(np.matmul(values[:, None, :areas], columns)[:, 0])


def bias(task: Task, best: marquardt.Optimum) -> tuple[Array, Array]:
    """Return the second-order bias and the standard error of all coefficients (spectra × coefficients)."""
    matrix = np.nan_to_num(covariance(best.point.information, ~best.held).matrix)
    stderr = np.sqrt(np.diagonal(matrix, axis1=1, axis2=2))
    scale = np.where(stderr > 0.0, stderr, 1.0)
    size, directions = np.linalg.eigh(matrix / (scale[:, :, None] * scale[:, None, :]))
    here, areas = np.concatenate([best.point.coefficients, best.point.theta], axis=1), task.bounded.size
    middle = expected(task, here, areas)
    trace = np.zeros_like(middle)
    for k in range(here.shape[1]):
        step = _STEP * scale * directions[:, :, k] * np.sqrt(np.maximum(size[:, k : k + 1], 0.0))
        trace += (expected(task, here + step, areas) - 2 * middle + expected(task, here - step, areas)) / _STEP**2
    shape = task.model.shape(best.point.theta, np.arange(here.shape[0]))
    design = shape.jacobian(best.point.coefficients)
    off = -0.5 * np.einsum("nij,njc,nc->ni", matrix, design, trace / np.maximum(middle, 1e-9))
    return off[:, :areas], stderr[:, :areas]


def main(replicates: int, counts: float, name: str) -> None:
    """Print the table."""
    scale = counts / interval_coverage.HEIGHT[name]
    series = cases.simulate(name, replicates, scale, "shirley", seed=int(counts))
    best = optimum(name, series)
    off, own = bias(series.task, best)
    columns = series.task.model.shape(series.theta, np.arange(replicates)).columns
    ideal = replace(series.task.likelihood, data=np.matmul(series.coefficients[:, None], columns)[:, 0])
    point = projection.evaluate(
        replace(series.task, likelihood=ideal), np.arange(replicates), series.theta, series.coefficients
    )
    sigma = covariance(point.information, np.ones(point.gradient.shape, dtype=bool)).stderr
    print(f"| {name}, {counts:.0f} counts | areas | mean | median | scatter | mean, corrected | median | scatter |")
    print("|---|---|---|---|---|---|---|---|")
    for i in range(len(cases.CASES[name].components)):
        area, truth = best.point.coefficients[:, i], series.coefficients[:, i]
        kept = (sigma[:, i] < ENOUGH * truth) & (area > 0.0)
        plain = ((area - truth) / sigma[:, i])[kept]
        corrected = plain - (np.clip(off[:, i], -own[:, i], own[:, i]) / sigma[:, i])[kept]
        told = [f"{np.mean(z):+.3f} | {np.median(z):+.3f} | {np.std(z):.3f}" for z in (plain, corrected)]
        print(f"| line {i} | {plain.size} | {' | '.join(told)} |")


if __name__ == "__main__":
    words = sys.argv[1:]
    named = [word for word in words if word in cases.FREE]
    numbers = [float(word) for word in words if word not in cases.FREE] + [2000.0, 1e3][len(words) - len(named) :]
    main(int(numbers[0]), numbers[1], named[0] if named else "Li 1s")
