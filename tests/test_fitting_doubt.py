"""What a systematic error makes of a detection: chances by simulation, and a line that only a wrong ratio makes."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import norm

from synthetic import GE_LINES, component, ge3d, ge3d_task
from xps import fitting, models
from xps.fitting.judging.doubt import doubted
from xps.fitting.judging.uncertainty import Areas

DRAWS = 20_000


def areas(area: np.ndarray, stderr: float) -> Areas:
    """Areas of a line at a given energy with the statistical critical level and chance."""
    nothing = np.full(area.size, np.nan)
    level = np.full(area.size, norm.isf(0.05) * stderr)
    return Areas(
        area, nothing + stderr, nothing, nothing, level, 2 * level, nothing, norm.sf(area / stderr), *[nothing] * 2
    )


@pytest.mark.parametrize("error", [0.3, 1.0, 4.0])
def test_an_absent_line_is_found_in_five_percent_of_natures_and_noises(error: float) -> None:
    rng = np.random.default_rng(3)
    drawn = rng.normal(0.0, 1.0, DRAWS) + rng.normal(0.0, error, DRAWS)
    found = doubted(areas(drawn, 1.0), np.full(DRAWS, error))
    spread = np.sqrt(0.05 * 0.95 / DRAWS)
    assert np.mean(drawn > found.critical_level) == pytest.approx(0.05, abs=4 * spread)
    assert np.mean(found.absent_p_value < 0.05) == pytest.approx(0.05, abs=4 * spread)
    assert np.array_equal(found.absent_p_value < 0.05, drawn > found.critical_level)
    assert np.mean(found.detection_limit[0] + drawn > found.critical_level) == pytest.approx(0.95, abs=4 * spread)


@given(area=st.floats(0.0, 1e6), stderr=st.floats(1e-3, 1e5), error=st.floats(0.0, 1e5), more=st.floats(0.0, 1e5))
def test_a_larger_systematic_error_detects_less_and_none_changes_nothing(
    area: float, stderr: float, error: float, more: float
) -> None:
    plain = areas(np.array([area]), stderr)
    one, two = (doubted(plain, np.array([value])) for value in (error, error + more))
    assert plain.critical_level <= one.critical_level <= two.critical_level
    assert plain.detection_limit <= one.detection_limit <= two.detection_limit
    assert plain.absent_p_value <= one.absent_p_value * (1 + 1e-9)
    assert one.absent_p_value <= two.absent_p_value * (1 + 1e-9)
    for nothing in (None, np.array([np.nan]), np.array([0.0])):
        same = doubted(plain, nothing)
        for before, after in zip(plain, same, strict=True):
            np.testing.assert_array_equal(before, after)


def test_what_is_not_known_stays_unknown() -> None:
    plain = areas(np.array([5.0, 0.0]), 1.0)._replace(
        absent_p_value=np.full(2, np.nan), critical_level=np.full(2, np.nan)
    )
    found = doubted(plain, np.array([1.0, 1.0]))
    assert np.isnan(found.absent_p_value).all()
    assert np.isnan(found.critical_level).all()


def test_a_line_that_a_wrong_ratio_makes_is_no_finding_and_a_real_one_stays() -> None:
    """A third line at the minor one of Ge4+, whose true ratio is 10 % larger than the model's."""
    part = component("GeO", 33.1, 1.35)
    other = {"name": "ratio", "systematic": True, "doublets": [{"component": "Ge4+", "area_ratio": 0.7333}]}
    alone = ge3d() | {"components": [*ge3d()["components"], part]}
    plain = models.from_mapping("ge3d", alone)
    doubting = models.from_mapping("ge3d", alone | {"alternatives": [other]})
    odd = (replace(GE_LINES[0], ratio=GE_LINES[0].ratio * 1.1), GE_LINES[1])
    added = (*GE_LINES, replace(GE_LINES[0], area=3000.0, position=33.1, ratio=0.0))
    for seed in range(3):
        verdicts = []
        for lines in (odd, added):
            task = ge3d_task(seed, lines=lines)
            for model in (plain, doubting):
                found = fitting.fit_block(model, [task], fitting.fit_series(model, [task]))
                row = found.components.to_pylist()[2]
                verdicts.append(row["detected"])
                assert row["detected"] == (row["area_cps_ev"] > row["critical_level_cps_ev"])
                assert row["upper_limit_95_cps_ev"] > row["area_cps_ev"]
        assert verdicts == [True, False, True, True]
