"""Critical levels are areas that a spectrum could hide, whatever the fit without the component says."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import false_detection

CASES = {case.name: case for case in false_detection.cases()}
STEP_EV = 0.1


@pytest.mark.parametrize("strength", ["1e4 counts", "100 counts"])
def test_no_critical_level_is_above_all_that_was_counted(strength: str) -> None:
    """Lithium metal of the second simulated series had 5.6 ± 9.6 cps·eV and a critical level of nine million.

    An axis known to 0.4 eV imitates the weak line at no cost: the counts are described as well without it.
    """
    case = CASES[f"given on an axis known to 0.4 eV, {strength}"]
    for one in false_detection.outcomes(case, 150):
        assert one.areas is not None
        level = float(one.areas.critical_level[-1])
        counted = float(one.task.found[0].counts.sum())
        assert 0.0 < level < (counted + 5.0 * np.sqrt(counted)) * STEP_EV
        assert np.isfinite(one.areas.detection_limit[-1])
