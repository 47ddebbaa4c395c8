"""Short versions of the studies in benchmarks/: false detections, coverage, also when nature is not the model."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import chain
import claims_study
import drawn_ties
import false_detection
import interval_coverage
import mismatch_coverage
import recovery_study

from xps import models

CASES = {case.name: case for case in false_detection.cases()}


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("given, 1e4 counts", 150),
        ("searched, width too, 1e4 counts", 150),
        *(pytest.param(name, 600, marks=pytest.mark.slow) for name in CASES),
    ],
)
def test_an_absent_line_is_detected_in_five_percent(name: str, times: int) -> None:
    # 1.4 % more than 5 is what the worst of the studied cases has, at few counts on a badly known axis.
    allowed = 0.014 + 3 * np.sqrt(0.05 * 0.95 / times)
    assert np.mean(false_detection.detected(CASES[name], times)) == pytest.approx(0.05, abs=allowed)


@pytest.mark.parametrize(
    ("name", "counts", "times"),
    [
        ("Ge 3d", 1e3, 200),
        ("Ge 3d", 1e2, 200),
        *(pytest.param(name, 1e3, 300, marks=pytest.mark.slow) for name in ("S 2p", "Li 1s")),
        pytest.param("Li 1s", 1e4, 300, marks=pytest.mark.slow),
        *(pytest.param(name, 1e2, 300, marks=pytest.mark.slow) for name in ("S 2p", "Li 1s")),
    ],
)
def test_intervals_of_identified_areas_hold_the_truth(name: str, counts: float, times: int) -> None:
    found = interval_coverage.study(name, counts, times)
    for seen, inside in zip(found.counted, found.interval, strict=True):
        low = 0.93 if counts >= 1e3 else 0.92
        assert np.mean(inside[seen]) > low - 3 * np.sqrt(0.05 * 0.95 / seen.sum())
    assert np.mean(found.interval[found.counted]) < 0.97 + 3 * np.sqrt(0.05 * 0.95 / found.counted.sum())
    # A median of n normal numbers scatters by 1.25 / √n.
    sizes = found.counted.sum(axis=1)
    assert abs(found.middle()) < 0.15 + 3 * 1.25 / np.sqrt(sizes[sizes >= interval_coverage.FEWEST].min())


@pytest.mark.parametrize(
    ("nature", "hardly"),
    [
        ("asymmetric Ge0", 0.7),
        *(
            pytest.param(nature, hardly, marks=pytest.mark.slow)
            for nature, hardly in (("Tougaard background", 0.5), ("doublet ratios ± 10 %", 0.8))
        ),
        pytest.param("Ge 3p natural width 2.6 eV", 0.8, marks=pytest.mark.slow),
    ],
)
def test_the_total_error_covers_what_the_statistical_one_does_not(nature: str, hardly: float) -> None:
    found = mismatch_coverage.study(nature, 8)
    assert found.identified.mean() > 0.8
    assert found.shares(found.statistical)[0] < hardly
    assert found.shares(found.total)[0] >= 0.9
    # An error that swallows everything would cover too.
    assert np.nanmedian(found.systematic_share) < 0.1


@pytest.mark.slow
def test_the_error_stays_small_where_the_model_is_right() -> None:
    found = mismatch_coverage.study("right model", 8)
    assert found.shares(found.statistical)[0] > 0.85
    assert np.nanmedian(found.systematic_share) < 0.01


def test_what_is_expected_of_verdicts_names_checks_that_there_are() -> None:
    claims = claims_study.configuration.documents.read(chain.ROOT / "config/claims.yaml").mapping or {}
    checks = {(claim["claim"], check["quantity"]) for claim in claims["claims"] for check in claim["checks"]}
    assert set(claims_study.expected()) <= checks


@pytest.mark.parametrize(
    ("holds", "fails", "wrong"),
    [(8, 0, False), (7, 0, False), (7, 1, False), (5, 0, True), (5, 3, True)],
)
def test_verdicts_miss_what_is_expected_where_chance_does_not_explain_them(holds: int, fails: int, wrong: bool) -> None:
    """Of 8 seeds at 0.98: 5 or fewer hold, or 3 or more fail, once in 2000."""
    words = ["holds"] * holds + ["fails"] * fails + ["not_testable"] * (8 - holds - fails)
    assert claims_study.missed([{"verdict": word} for word in words], 0.98, 0.02) is wrong


def test_draws_from_soft_ties_are_as_wide_as_the_ties_and_the_same_for_all_models() -> None:
    names = ("lagp_ge3d_p2p", "lagp_li1s", "lagp_o1s")
    settings = chain.analysis_of(["lagp_vep"]).models
    known = [models.from_mapping(name, chain.plain(dict(settings[name]))) for name in names]
    once, again = (list(drawn_ties.draws(known, 1)) for _ in range(2))
    assert once == again
    keys = [(draw.level, draw.species, draw.parameter) for draw in once]
    assert len(keys) == len(set(keys))
    anchored = [
        draw.by for seed in range(300) for draw in drawn_ties.draws(known, seed)
        if (draw.level, draw.species, draw.parameter) == ("O1s", "PO4", "area")
    ]  # fmt: skip
    assert np.mean(anchored) == pytest.approx(1.0, abs=3 * 0.05 / 300**0.5)
    assert np.std(anchored) == pytest.approx(0.37 / 7.4, rel=0.15)


def test_pulls_of_identified_areas_alone_are_pooled() -> None:
    case = recovery_study.Case("s", 1, 0, "first", "c", "Ge3d", "Ge0", 0.5, 0.51, 0.01, 0.0, "identified")
    other = [case._replace(model="second"), case._replace(component="d", verdict="conditional")]
    assert recovery_study.judged([case, *other], "identified") == [case]
    assert case.pull == pytest.approx(1.0)
