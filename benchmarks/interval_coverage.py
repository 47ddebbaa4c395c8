"""Do 95 % intervals of areas hold the truth in 95 % of the cases, where the model is right?

Run: OMP_NUM_THREADS=1 PYTHONPATH=scripts:benchmarks python benchmarks/interval_coverage.py [replicates [counts]] [name]
Ge 3d (two doublets), S 2p (three) and Li 1s (three lines that overlap; free, and with widths softly tied, the true ones
drawn so) on an active Shirley background; every replicate has its own true energies, widths, areas and Shirley factor,
and is fitted, judged and given intervals as fit_components does. ``counts`` is the height of the largest line that a
series may have. Counted are areas that are identified and not at their bound 0: with the intervals of the tables
(profile likelihood where lines are low, the covariance's elsewhere) and with those of the covariance alone.
Whether an area is identified is asked of the expected counts, not of the simulated ones: whoever asks those picks the
replicates in which chance made the area look well known. Where widths are tied, areas that are known with the ties
(conditional) count too: whoever left them out would pick true widths, and an estimate that ties draw to the middle of
these is then off on average.
"""

import sys
import time
from dataclasses import dataclass
from typing import Any

import fit_cases as cases
import numpy as np
import random_starts
from numpy.typing import NDArray

from xps import fitting
from xps.fitting import Task
from xps.spectra import Spectrum

Array = NDArray[np.float64]
Mask = NDArray[np.bool_]
Z = 1.959963984540054
# Height of a line of unit area, 1/eV: of a doublet that of both lines together.
HEIGHT = {"Ge 3d": 0.53, "S 2p": 0.48, "Li 1s": 0.67, "Li 1s, widths tied": 0.67}
# Areas that count, of a component that is listed.
FEWEST = 20
COUNTS = (1e2, 3e2, 1e3, 1e4, 1e5)


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """One series at one height: per component and replicate, what counts and what was covered; distance from truth.

    ``off`` is in counts·eV, ``pull`` the same in units of the standard error of the expected counts.
    """

    counted: Mask
    interval: Mask
    covariance: Mask
    off: Array
    pull: Array

    def extremes(self, covered: Mask) -> tuple[float, float]:
        """Return the lowest and the highest share covered of any component."""
        each = [float(np.mean(of_it)) for of_it in self._of_each(covered)]
        return min(each), max(each)

    def bias(self) -> float:
        """Return the largest mean distance from the truth of any component, in units of its scatter."""
        return max((float(np.mean(row) / np.std(row)) for row in self._of_each(self.off)), key=abs)

    def middle(self) -> float:
        """Return the largest median distance from the truth of any component, in standard errors."""
        return max((float(np.median(row)) for row in self._of_each(self.pull)), key=abs)

    def _of_each(self, values: NDArray[Any]) -> list[NDArray[Any]]:
        """Return what counts of each component that is identified often enough to say anything of it alone."""
        return [row[seen] for row, seen in zip(values, self.counted, strict=True) if np.sum(seen) >= FEWEST]


def fitted(name: str, energy: Array, counts: Array) -> list[dict[str, Any]]:
    """Return the rows of ``components`` for spectra × channels of counts."""
    model = random_starts.model_of(name)
    tasks = [
        Task("made", i, (name,), (Spectrum("made", i, name, (name,), energy, made, 1.0),), (np.arange(energy.size),))
        for i, made in enumerate(counts)
    ]
    return fitting.fit_block(model, tasks, fitting.fit_series(model, tasks)).components.to_pylist()


def study(name: str, counts: float, replicates: int, seed: int = 0) -> Coverage:
    """Return what the intervals of one series cover at one height."""
    series = cases.simulate(name, replicates, counts / HEIGHT[name], "shirley", seed=int(counts) + seed)
    rows = fitted(name, series.energy, series.task.likelihood.data)
    columns = series.task.model.shape(series.theta, np.arange(replicates)).columns
    expected = fitted(name, series.energy, np.matmul(series.coefficients[:, None], columns)[:, 0])
    known = {"identified", "conditional"} if cases.CASES[name].tied_fwhm_ev else {"identified"}
    names = list(dict.fromkeys(row["component"] for row in rows))
    shape = (len(names), replicates)
    found = {key: np.zeros(shape, dtype=bool) for key in ("counted", "interval", "covariance")}
    off, pull = np.full(shape, np.nan), np.full(shape, np.nan)
    for row, ideal in zip(rows, expected, strict=True):
        at = names.index(row["component"]), row["acquisition"]
        area, stderr, truth = row["area_cps_ev"], row["area_stderr_cps_ev"], series.coefficients[at[1], at[0]]
        if area is None or stderr is None or not area > 0.0 or ideal["verdict"] not in known:
            continue
        high = row["area_high_cps_ev"]
        found["counted"][at] = True
        found["interval"][at] = (row["area_low_cps_ev"] or 0.0) <= truth <= (np.inf if high is None else high)
        found["covariance"][at] = abs(area - truth) < Z * stderr
        off[at], pull[at] = area - truth, (area - truth) / ideal["area_stderr_cps_ev"]
    return Coverage(found["counted"], found["interval"], found["covariance"], off, pull)


def main(replicates: int, names: list[str], heights: list[float]) -> None:
    """Print the table."""
    begin = time.process_time()
    print("| series | counts | identified | interval | components | covariance | components | bias, σ | median, σ |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in names:
        for counts in heights:
            found = study(name, counts, replicates)
            own, other = found.extremes(found.interval), found.extremes(found.covariance)
            print(
                f"| {name} | {counts:.0f} | {found.counted.mean():.3f} "
                f"| {found.interval[found.counted].mean():.3f} | {own[0]:.3f} to {own[1]:.3f} "
                f"| {found.covariance[found.counted].mean():.3f} | {other[0]:.3f} to {other[1]:.3f} "
                f"| {found.bias():+.3f} | {found.middle():+.3f} |",
                flush=True,
            )
    print(f"\n{replicates} replicates each, {time.process_time() - begin:.0f} s of CPU")


if __name__ == "__main__":
    words = sys.argv[1:]
    named = [word for word in words if word in cases.CASES]
    numbers = [float(word) for word in words if word not in cases.CASES]
    main(int(numbers[0]) if numbers else 2000, named or list(cases.CASES), numbers[1:] or list(COUNTS))
