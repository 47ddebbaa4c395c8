"""What a job's doorway loads before it works: nothing that takes long and that its work may not need."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"
# Each takes 0.3 to 1.5 s of CPU to load.
HEAVY = ("lmfit", "matplotlib", "scipy.optimize", "scipy.stats")
# 0.15 s, which is half of the start of a job without it.
SPECIAL = "scipy.special"
# Stages whose work needs no frames.
WITHOUT_PANDAS = ("extract_kinetics",)
DOORWAYS = (
    "calibrate_energy",
    "check_energy_scale",
    "export_areas",
    "extract_kinetics",
    "fit_block",
    "fit_components",
    "fit_series",
    "parse_spectra",
    "quantify_composition",
    "subtract_background",
    "write_methods",
)


FIT = {"calibrate_energy", "fit_block", "fit_components", "fit_series"}


@pytest.mark.parametrize("doorway", [*DOORWAYS, "xps.models"])  # the models are read by every run, before any job
def test_a_doorway_loads_nothing_heavy(doorway: str) -> None:
    heavy = HEAVY if doorway in FIT else (*HEAVY, SPECIAL)
    heavy = (*heavy, *(("pandas",) if doorway in WITHOUT_PANDAS else ()))
    program = f"import sys, {doorway}; print(*sorted(set({heavy!r}) & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=SCRIPTS, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split() == []
