"""Simulated series with known truth, written in the instrument's own format.

Use it to make the series that ``raw/`` ships while no measured data are public, and small series for tests. The path is

    plating, growth, oxidation → layers → true lines (area, position, widths) → expected counts → Poisson counts → files

``load`` reads what to simulate, ``truth_of`` works out the true lines of each acquisition, ``simulate`` writes them as
PHI files and operator's log in memory, ``write_series`` puts those under a raw root. ``long_setup`` and
``write_long_series`` do the same for series of any length, file by file; ``variant`` sets traps and breaks assumptions.
``mini_series`` is a tiny series for tests, made from lines instead of physics; ``load_truth`` and ``read_truth`` read
a table of lines.

The recorded axis is the true binding energy plus the charge shift. Noise is seeded by experiment, acquisition and
region name: leaving out a cycle or swapping two regions changes no other spectrum. Every file says SIMULATED in its
header, every row of checksums.tsv says simulated.
"""

from xps.simulation.emission import Charging, Setup, seen_lengths_nm, truth_of
from xps.simulation.files import Series, checksums_with, simulate, write_series
from xps.simulation.growth import GrowthLaw, Layers, Sample, Shot, Supply, Trajectory, evolve, schedule
from xps.simulation.matter import Emitter, Gas, Line, Matter, Phase, Share, matter_from
from xps.simulation.mini import mini_plan, mini_series, mini_truth
from xps.simulation.operando import ProfileFile, long_series, long_setup, write_long_series
from xps.simulation.plan import Instrument, LogPlan, Plan, RegionPlan, plan_from
from xps.simulation.setting import load, load_settings, setup_from
from xps.simulation.signal import expected_cps, line_cps, noise, recorded_energy_ev, survey_lines
from xps.simulation.truth import TrueLine, load_truth, read_truth, truth_table
from xps.simulation.variants import VARIANTS, Variant, variant

__all__ = [
    "VARIANTS",
    "Charging",
    "Emitter",
    "Gas",
    "GrowthLaw",
    "Instrument",
    "Layers",
    "Line",
    "LogPlan",
    "Matter",
    "Phase",
    "Plan",
    "ProfileFile",
    "RegionPlan",
    "Sample",
    "Series",
    "Setup",
    "Share",
    "Shot",
    "Supply",
    "Trajectory",
    "TrueLine",
    "Variant",
    "checksums_with",
    "evolve",
    "expected_cps",
    "line_cps",
    "load",
    "load_settings",
    "load_truth",
    "long_series",
    "long_setup",
    "matter_from",
    "mini_plan",
    "mini_series",
    "mini_truth",
    "noise",
    "plan_from",
    "read_truth",
    "recorded_energy_ev",
    "schedule",
    "seen_lengths_nm",
    "setup_from",
    "simulate",
    "survey_lines",
    "truth_of",
    "truth_table",
    "variant",
    "write_long_series",
    "write_series",
]
