"""What the log says about a model's fits, in one line each: how many hit a bound, how many the counts reject.

Every case stands in the table ``fits``; a line per case would bury the log of a long series. Failed fits have a line of
their own where they fail.
"""

import logging
from collections import Counter
from typing import Any

import pyarrow as pa

from xps.fitting.judging.outcome import POOR_P_VALUE


class Tally:
    """Counts over the fits of one model, which may come in parts."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._fits = self._bounded = self._poor = 0
        self._bounds: Counter[str] = Counter()
        self._worst: dict[str, Any] | None = None
        self._last: int | None = None

    def add(self, fits: pa.Table) -> None:
        """Count the next rows of a table ``fits``; a fit's rows (one per region) stand together, be it in two parts."""
        wanted = ["acquisition", "success", "p_value", "reduced_chi_square", "bounds_hit"]
        rows = {row["acquisition"]: row for row in fits.select(wanted).to_pylist() if row["success"]}
        if self._last is not None:
            rows.pop(self._last, None)
        for row in rows.values():
            self._last = row["acquisition"]
            self._fits += 1
            self._bounded += bool(row["bounds_hit"])
            self._bounds.update(row["bounds_hit"])
            if row["p_value"] is not None and row["p_value"] < POOR_P_VALUE:
                self._poor += 1
                if self._worst is None or row["reduced_chi_square"] > self._worst["reduced_chi_square"]:
                    self._worst = row

    def report(self, logger: logging.Logger) -> None:
        """Log what deserves a look."""
        if self._bounds:
            hits = sorted(self._bounds.items(), key=lambda hit: -hit[1])
            names = ", ".join(f"{name} ({times})" for name, times in hits)
            logger.warning("model %s: %d of %d fits hit a bound: %s", self._model, self._bounded, self._fits, names)
        if self._worst is not None:
            logger.warning(
                "model %s: the counts reject %d of %d fits (p < %g); the worst is acquisition %d, "
                "reduced chi square %.3g",
                *(self._model, self._poor, self._fits, POOR_P_VALUE),
                *(self._worst["acquisition"], self._worst["reduced_chi_square"]),
            )
