"""Do intervals hold the truth when nature is not what the model says? With the statistical error, and with the total.

Run: OMP_NUM_THREADS=1 PYTHONPATH=scripts:benchmarks python benchmarks/mismatch_coverage.py [replicates]
Counts come from ``mismatch_cases``; every case is fitted with the same model and the same declared alternatives. Listed
are identified areas only, all components of a case together and the one that is covered worst.
"""

import sys
import time
from dataclasses import dataclass

import mismatch_cases as cases
import numpy as np
from numpy.typing import NDArray

from xps import fitting

Mask = NDArray[np.bool_]
Z = 1.959963984540054


@dataclass(frozen=True)
class Coverage:
    """One case: names of components, and per area found (components × replicates) what was covered."""

    names: tuple[str, ...]
    statistical: Mask
    total: Mask
    identified: Mask
    systematic_share: NDArray[np.float64]

    def shares(self, covered: Mask) -> tuple[float, str, float]:
        """Return the share covered of all identified areas, and the worst component with its share."""
        each = [
            float(np.mean(row[seen])) if seen.any() else 1.0 for row, seen in zip(covered, self.identified, strict=True)
        ]
        worst = int(np.argmin(each))
        return float(np.mean(covered[self.identified])), self.names[worst], each[worst]


def study(name: str, replicates: int) -> Coverage:
    """Return what the intervals of one case cover."""
    model = cases.fit_model()
    natures = [cases.CASES[name](np.random.default_rng([i, 3])) for i in range(replicates)]
    tasks = [cases.task(nature, i) for i, nature in enumerate(natures)]
    found = fitting.fit_block(model, tasks, fitting.fit_series(model, tasks)).components.to_pylist()
    names = tuple(part.name for part in model.components)
    shape = (len(names), replicates)
    cells = {key: np.zeros(shape, dtype=bool) for key in ("statistical", "total", "identified")}
    share = np.full(shape, np.nan)
    for row in found:
        at = names.index(row["component"]), row["acquisition"]
        if row["area_cps_ev"] is None or row["verdict"] != "identified" or not row["area_cps_ev"] > 0.0:
            continue
        truth = natures[row["acquisition"]].lines[row["component"]].area
        off, systematic = abs(row["area_cps_ev"] - truth), row["area_systematic_stderr_cps_ev"] or 0.0
        cells["identified"][at] = True
        cells["statistical"][at] = row["area_low_cps_ev"] <= truth <= (row["area_high_cps_ev"] or np.inf)
        cells["total"][at] = off < Z * np.hypot(row["area_stderr_cps_ev"], systematic)
        share[at] = systematic / truth
    return Coverage(names, systematic_share=share, **cells)


def main(replicates: int) -> None:
    """Print the table."""
    begin = time.process_time()
    print("| nature | statistical | its worst | total | its worst | systematic error, % of the area (median) |")
    print("|---|---|---|---|---|---|")
    for name in cases.CASES:
        found = study(name, replicates)
        one, other = found.shares(found.statistical), found.shares(found.total)
        print(
            f"| {name} | {one[0]:.3f} | {one[1]} {one[2]:.2f} | {other[0]:.3f} | {other[1]} {other[2]:.2f} "
            f"| {100 * float(np.nanmedian(found.systematic_share)):.1f} |",
            flush=True,
        )
    print(f"\n{replicates} replicates per case, {time.process_time() - begin:.0f} s of CPU")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
