"""Simulated series with known truth, written in the instrument's own format.

Use it to make the series that ``raw/`` ships while no measured data are public, and small series for tests. The path is

    true lines (area, position, widths) → expected counts → Poisson counts → PHI files and the operator's log

``load_plan`` and ``load_truth`` read what to simulate, ``simulate`` does it in memory, ``write_series`` puts it under a
raw root; ``mini_series`` is a tiny one for tests. True lines come from a table now; whatever computes them from physics
changes nothing below that.

The recorded axis is the true binding energy plus the charge shift. Noise is seeded by experiment, acquisition and
region name: leaving out a cycle or swapping two regions changes no other spectrum. Every file says SIMULATED in its
header, every row of checksums.tsv says simulated.
"""

from xps.simulation.files import Series, checksums_with, simulate, write_series
from xps.simulation.mini import mini_plan, mini_series, mini_truth
from xps.simulation.plan import Instrument, LogPlan, Plan, RegionPlan, load_plan, plan_from
from xps.simulation.signal import expected_cps, line_cps, noise, recorded_energy_ev, survey_lines
from xps.simulation.truth import TrueLine, load_truth, read_truth

__all__ = [
    "Instrument",
    "LogPlan",
    "Plan",
    "RegionPlan",
    "Series",
    "TrueLine",
    "checksums_with",
    "expected_cps",
    "line_cps",
    "load_plan",
    "load_truth",
    "mini_plan",
    "mini_series",
    "mini_truth",
    "noise",
    "plan_from",
    "read_truth",
    "recorded_energy_ev",
    "simulate",
    "survey_lines",
    "write_series",
]
