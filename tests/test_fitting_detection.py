"""Critical levels are areas that a spectrum could hide, whatever the fit without the component says."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import false_detection

from xps import fitting
from xps.models.records import Uncertainty
from xps.uncertainty import profiles

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


def test_a_level_that_no_profile_finds_is_empty_and_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the axis is known to 0.4 eV, levels come from how far an area can grow; here it grows without end."""
    case = CASES["given on an axis known to 0.4 eV, 100 counts"]
    model = replace(case.model, uncertainty=Uncertainty("covariance"))
    tasks = list(false_detection.null_tasks(case, 60))
    found = fitting.fit_block(model, tasks, fitting.fit_series(model, tasks))
    monkeypatch.setattr(profiles, "ends", lambda _task, _best, wanted: _no_end(wanted))
    lost = fitting.fit_block(model, tasks, fitting.fit_series(model, tasks))
    before, after = (fits.components.to_pylist()[1::2] for fits in (found, lost))
    without = [i for i, row in enumerate(after) if row["critical_level_cps_ev"] is None]
    assert 0 < len(without) < 60
    for i, message in enumerate(lost.fits.column("message").to_pylist()):
        if i not in without:
            assert after[i] == before[i]
            assert "no critical level" not in message
            continue
        assert before[i]["critical_level_cps_ev"] > 0.0
        assert message.split("; ")[-1] == "no critical level found: Li2O"
        assert after[i]["detected"] is None
        assert after[i]["detection_limit_cps_ev"] is None
        # What is known without a level stays.
        assert {key for key in after[i] if after[i][key] != before[i][key]} <= {
            "detected",
            "critical_level_cps_ev",
            "detection_limit_cps_ev",
            "absent_p_value",
            "upper_limit_95_cps_ev",
        }
        assert after[i]["upper_limit_95_cps_ev"] > after[i]["area_cps_ev"] > 0.0


def _no_end(wanted: profiles.Wanted) -> profiles.Ends:
    """What a search returns whose parameter ran away to its limit."""
    return profiles.Ends(np.full(wanted.which.size, np.inf), np.ones(wanted.which.size, dtype=bool))
