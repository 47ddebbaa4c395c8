"""Do 95 % intervals hold the truth in 95 % of the cases?

Run: OMP_NUM_THREADS=1 PYTHONPATH=scripts:benchmarks python benchmarks/interval_coverage.py [replicates]
Two Ge 3d doublets on an active Shirley background; every replicate has its own true energies, widths, areas and Shirley
factor. ``peak counts`` is the height of the larger doublet. Intervals: from the covariance, and from the profile
likelihood (the engine's choice below 1000 counts and at bounds).
"""

import sys
import time

import fit_cases as cases
import numpy as np
from numpy.typing import NDArray

from xps.separable import marquardt
from xps.uncertainty import profiles
from xps.uncertainty.covariance import covariance

Array = NDArray[np.float64]
# Height of a Ge 3d doublet of unit area and 1.3 eV FWHM, 1/eV.
HEIGHT = 0.53
Z = 1.959963984540054


def profiled_interval(task: marquardt.Task, best: marquardt.Optimum, part: int, stderr: Array) -> tuple[Array, Array]:
    """Return both ends of each spectrum's 95 % interval of one area."""
    which = np.arange(stderr.size)
    what, rise = np.full(which.size, part), np.full(which.size, profiles.TWO_SIDED_95)
    ends = [
        profiles.ends(task, best, profiles.Wanted(which, what, np.full(which.size, side), rise, stderr)).value
        for side in (-1.0, 1.0)
    ]
    return ends[0], ends[1]


def study(peak: float, replicates: int, profiled: int) -> None:
    """Print the coverage of both doublets' areas at one peak height."""
    series = cases.simulate("Ge 3d", replicates, peak / HEIGHT, "shirley", seed=int(peak))
    best = marquardt.minimise(series.task, series.start)
    cov = covariance(best.point.information, ~best.held)
    for part in (0, 1):
        inside = best.converged & ~best.held[:, part] & np.isfinite(cov.stderr[:, part])
        pull = (best.point.coefficients[inside, part] - series.coefficients[inside, part]) / cov.stderr[inside, part]
        some = np.arange(min(profiled, replicates))
        copies = series.task.copies(some)
        of_some = marquardt.minimise(copies, series.start[some])
        low, high = profiled_interval(copies, of_some, part, cov.stderr[some, part])
        truth = series.coefficients[some, part]
        hit = (low <= truth) & (truth <= high)
        print(
            f"| {peak:.0f} | {part} | {inside.mean():.4f} | {np.mean(np.abs(pull) < Z):.4f} "
            f"| {np.mean(hit):.4f} ({some.size}) | "
            f"{pull.mean():+.3f} | {np.median(pull):+.3f} | {pull.std():.3f} |",
            flush=True,
        )


def main(replicates: int) -> None:
    """Print both tables."""
    begin = time.process_time()
    print("| peak counts | doublet | not at a bound | covariance | profile | mean pull | median pull | spread |")
    print("|---|---|---|---|---|---|---|---|")
    for peak in (1e2, 3e2, 1e3, 1e4, 1e5):
        study(peak, replicates, min(replicates, 500))
    print(f"\n{time.process_time() - begin:.0f} s of CPU")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
