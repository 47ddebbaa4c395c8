"""What the log says about a model's fits, however they come in parts."""

import logging
from typing import Any

import pytest

from xps import tables
from xps.fitting.report import Tally

LOGGER = logging.getLogger("test")
KEYS = {"experiment": "simulated", "model": "two_lines", "region": "Li1s", "message": "", "engine": "separable"}
KEYS |= {"likelihood": "poisson", "background": "shirley"}


def verdict(acquisition: int, **cells: Any) -> dict[str, Any]:
    return KEYS | {"acquisition": acquisition, "success": True, "bounds_hit": [], "p_value": 0.5} | cells


def report(*parts: list[dict[str, Any]]) -> None:
    tally = Tally("two_lines")
    for part in parts:
        tally.add(tables.from_rows("fits", part))
    tally.report(LOGGER)


@pytest.mark.parametrize("cut", range(7))
def test_fits_at_bounds_and_fits_that_the_counts_reject_are_logged_once_per_model(
    caplog: pytest.LogCaptureFixture, cut: int
) -> None:
    """Converged and wrong looks like converged and right in every later stage."""
    fits = [
        verdict(2),
        *[verdict(3, bounds_hit=["a.fwhm_ev"])] * 2,  # two windows of one fit
        verdict(4, p_value=0.0, reduced_chi_square=530.0, bounds_hit=["a.fwhm_ev", "b.position_ev"]),
        verdict(5, success=False, p_value=None),
        verdict(7, p_value=1e-5, reduced_chi_square=80.0),
    ]
    report(fits[:cut], fits[cut:])
    assert [record.getMessage() for record in caplog.records] == [
        "model two_lines: 2 of 4 fits hit a bound: a.fwhm_ev (2), b.position_ev (1)",
        "model two_lines: the counts reject 2 of 4 fits (p < 0.001); "
        "the worst is acquisition 4, reduced chi square 530",
    ]
    assert {record.levelname for record in caplog.records} == {"WARNING"}


def test_good_fits_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    report([verdict(0)], [verdict(1)])
    assert not caplog.records
