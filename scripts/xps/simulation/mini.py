"""A tiny series for tests of the workflow: two acquisitions, two regions, coarse channels, seconds to analyse.

Regions carry the names, windows and energies of the small demonstration series, so that its fit models apply.
"""

from xps.simulation.files import Series, simulate
from xps.simulation.plan import Instrument, LogPlan, Plan, RegionPlan
from xps.simulation.truth import TrueLine

_INSTRUMENT = Instrument(
    model="PHI VersaProbe III",
    software="SS SIMULATED",
    photon_energy_ev=1486.6,
    work_function_ev=4.506,
    transmission_a=40.0,
    transmission_b=0.2,
    source_analyser_angle_deg=45.0,
    emission_angle_deg=45.0,
    pass_energy_ev=55.0,
    resolution_fwhm_ev=0.85,
    survey_pass_energy_ev=224.0,
    survey_resolution_fwhm_ev=2.2,
    seconds_per_sweep=0.02,
    delay_before_region_s=5.0,
)
_REGIONS = (
    RegionPlan("Al2p", 13, 84.0, 64.0, 0.2, 10.0, 900.0),
    RegionPlan("C1s", 6, 298.0, 278.0, 0.2, 4.0, 4500.0),
)


def mini_plan(experiment: str = "mini", acquisitions: int = 2) -> Plan:
    """Return the plan of a tiny series with ``acquisitions`` files of two regions (Al2p, C1s; 101 channels each)."""
    log = LogPlan("2024-03-04T09:00:00", "plating_time_s", 20.0, 1.0e-7)
    return Plan(experiment, "the mini series", tuple(range(acquisitions)), "mini", 0, log, _INSTRUMENT, 0.02, _REGIONS)


def mini_truth(acquisitions: int = 2) -> tuple[TrueLine, ...]:
    """Return true lines: 5 min of plating per row turn AlO6 into Al-SEI step by step; 2 eV of charge shift."""
    lines: list[TrueLine] = []
    for row in range(acquisitions):
        start, reduced = 30.0 * row, 2400.0 * (1.0 - 0.6**row)
        aluminium = (row, 5.0 * row, "Al2p", "Al2p")
        window = (start, start + 10.0)
        lines.append(TrueLine(*aluminium, "AlO6", 74.5, 2.0, 1.6, 0.004, 0.42, 0.5, 2400.0 - reduced, *window))
        lines.append(TrueLine(*aluminium, "Al-SEI", 72.3, 2.0, 1.5, 0.004, 0.42, 0.5, reduced, *window))
        carbon = (row, 5.0 * row, "C1s", "C1s", "C-C/C-H")
        lines.append(TrueLine(*carbon, 284.8, 2.0, 1.35, 0.087, 0.0, 0.0, 4.0e4, start + 10.0, start + 14.0))
    return tuple(lines)


def mini_series(experiment: str = "mini", acquisitions: int = 2) -> Series:
    """Return the tiny series; hand it to ``write_series``."""
    return simulate(mini_plan(experiment, acquisitions), mini_truth(acquisitions))
