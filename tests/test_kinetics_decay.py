"""Metal that vanishes two ways at once: the forward model against layers added up, and what each knowledge is worth."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp

from xps.kinetics import decay
from xps.kinetics.decay import RATE, Below, Rest, Variant
from xps.kinetics.estimation import Estimate
from xps.kinetics.oxidation import Foil
from xps.kinetics.verdicts import Verdict, conditional, not_identified, not_testable, rejected

FOIL = Foil(3.22, 2.70, 46.3, 55.0, 46.3 / 55.0, 1.5)
TIMES = np.arange(0.0, 660.0, 60.0)
WINDOWS = np.stack([TIMES, TIMES + 1e-3], axis=1)  # so short that the mean is the value
LINE = Below(np.zeros(TIMES.size), np.ones(TIMES.size), WINDOWS, 3.27, 2.74)
INTERPHASE = 80.0
EMPTY = np.zeros(0)
REST = Rest(
    FOIL, np.zeros(TIMES.size), np.full(TIMES.size, 2e-3), WINDOWS, INTERPHASE, (LINE,),
    np.zeros(TIMES.size), np.full(TIMES.size, 0.02), WINDOWS, 2.08, None,
)  # fmt: skip
TRUTH = {"h0": 6.0, "x0": 0.3, "r_ox": 0.004, RATE: 0.004}
values = st.fixed_dictionaries(
    {"h0": st.floats(1.0, 10.0), "x0": st.floats(0.05, 2.0), "r_ox": st.floats(1e-4, 0.01), RATE: st.floats(1e-4, 0.01)}
)
coverages = st.sampled_from([0.3, 0.5, 1.0])


# --- the forward model -----------------------------------------------------------------------------------------------


@given(values, coverages)
def test_metal_is_used_up_by_both_rates_until_it_is_gone(given: dict[str, float], coverage: float) -> None:
    """Against an integrator; the model's edge, where metal ends, is soft by 0.01 nm."""
    times = np.array([0.0, 100.0, 300.0, 600.0])
    metal, oxide = decay._films(REST, Variant(coverage), given, times)

    def slopes(_: float, y: np.ndarray) -> list[float]:
        there = 1.0 if y[0] > 0 else 0.0
        return [-there * (given["r_ox"] + given[RATE]), there * given["r_ox"]]

    exact = solve_ivp(slopes, (0.0, 600.0), [given["h0"], given["x0"]], t_eval=times, max_step=2.0, rtol=1e-6).y
    np.testing.assert_allclose(metal * coverage, np.maximum(exact[0], 0.0), atol=0.03)
    np.testing.assert_allclose(oxide * coverage / FOIL.expansion, exact[1], atol=0.03)


@given(values, coverages)
def test_the_metal_s_share_is_that_of_atoms_weighted_by_depth(given: dict[str, float], coverage: float) -> None:
    """Oxide on metal on the interphase, on a share of the surface; signals by numerical integration over depth."""
    variant = Variant(coverage)
    found = decay._share(REST, variant, given)
    metal, oxide = decay._films(REST, variant, given, TIMES)
    for place in (0, 5):
        h, x = float(metal[place]), float(oxide[place])
        of_oxide, _ = quad(lambda z: FOIL.oxide_atoms_nm3 * np.exp(-z / FOIL.oxide_length_nm), 0.0, x)
        of_metal, _ = quad(lambda z: FOIL.metal_atoms_nm3 * np.exp(-z / FOIL.metal_length_nm), 0.0, h)
        of_metal *= np.exp(-x / FOIL.oxide_length_nm)
        through = np.exp(-x / FOIL.oxide_length_nm - h / FOIL.metal_length_nm)
        below = INTERPHASE * ((1.0 - coverage) + coverage * through)
        expected = coverage * of_metal / (coverage * (of_metal + of_oxide) + below)
        assert found[place] == pytest.approx(expected, rel=1e-3)


@given(values, coverages, st.floats(1e-5, 1e-3))
def test_a_line_from_below_is_weakened_where_it_is_covered_and_by_carbon_everywhere(
    given: dict[str, float], coverage: float, carbon: float
) -> None:
    variant = Variant(coverage, below=True, carbon=True)
    metal, oxide = decay._films(REST, variant, given, TIMES)
    covered = np.exp(-metal / 3.27 - oxide / 2.74)
    area = 1234.0 * (1.0 - coverage + coverage * covered) * np.exp(-carbon * TIMES)
    line = replace(LINE, area=area, stderr=0.001 * area)
    # made by the model itself, whatever its strength: nothing is left over
    np.testing.assert_allclose(decay._below(REST, variant, line, {**given, "carbon": carbon}), 0.0, atol=1e-3)
    wrong = decay._below(REST, variant, line, {**given, "carbon": 3 * carbon + 1e-3})
    assert np.max(np.abs(wrong)) > 1.0


@given(values, st.floats(0.1, 10.0))
def test_the_strength_of_a_line_from_below_tells_nothing(given: dict[str, float], factor: float) -> None:
    variant = Variant(1.0, below=True)
    area = np.linspace(1000.0, 800.0, TIMES.size)
    one, other = (
        decay._below(REST, variant, replace(LINE, area=scale * area, stderr=0.003 * scale * area), given)
        for scale in (1.0, factor)
    )
    np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-9)


# --- what is assumed -------------------------------------------------------------------------------------------------


def test_variants_go_from_the_least_to_the_most_that_is_assumed() -> None:
    found = decay.variants([1.0], has_prior=True)
    assert [(one.prior, one.below, one.carbon, one.growth) for one in found] == [
        (False, False, False, False),
        (True, False, False, False),
        (True, True, True, False),
        (True, True, False, False),
        (True, False, False, True),
    ]
    without = decay.variants([1.0, 0.5], has_prior=False)
    assert len(without) == 8  # the variant with the prior alone is the one without
    assert not any(one.prior for one in without)
    assert [one.coverage for one in without] == [1.0] * 4 + [0.5] * 4


def test_every_assumption_of_a_variant_stands_in_its_words() -> None:
    full = Variant(0.5, prior=True, below=True, carbon=True, growth=True)
    assert full.words == (
        "metal as islands on 0.5 of the surface; oxidation rate of the metal foil to 30 %; weakening of the lines from "
        "below, with carbon growing at an unknown rate; growth of the interphase, closed and even"
    )
    assert Variant(1.0).words == "metal as closed film"
    words = {one.words for one in decay.variants([1.0, 0.5, 0.3], has_prior=True)}
    assert len(words) == 15


def test_points_count_what_a_variant_looks_at() -> None:
    """A line from below gives one number less than it has points: its strength is unknown."""
    alone = TIMES.size
    assert decay.points(REST, Variant(1.0)) == alone
    assert decay.points(REST, Variant(1.0, below=True)) == alone + TIMES.size - 1
    assert decay.points(REST, Variant(1.0, growth=True)) == alone + TIMES.size


# --- fits ------------------------------------------------------------------------------------------------------------


def made(coverage: float = 1.0, seed: int | None = None, **more: Any) -> Rest:
    """A rest series of the true constants: share to 0.002, interphase to 0.02 nm, line from below to 0.3 %."""
    random = np.random.default_rng(seed)

    def noise(sigma: Any) -> Any:
        return 0.0 if seed is None else sigma * random.standard_normal(TIMES.size)

    variant = Variant(coverage)
    metal, oxide = decay._films(REST, variant, TRUTH, TIMES)
    area = 1e4 * (1.0 - coverage + coverage * np.exp(-metal / 3.27 - oxide / 2.74))
    share = decay._share(REST, variant, TRUTH) + noise(2e-3)
    thick = 8.0 + 2.08 * TRUTH[RATE] * TIMES + noise(0.02)
    line = replace(LINE, area=area + noise(0.003 * area), stderr=0.003 * area)
    return replace(REST, share=share, below=(line,), interphase_nm=thick, **more)


@pytest.mark.parametrize("coverage", [1.0, 0.5])
def test_growth_of_the_interphase_gives_the_reaction_in_nm_of_metal(coverage: float) -> None:
    """d = d0 + ν k t: the rate is the slope of a straight line, its error that of the line's closed form."""
    rest, variant = made(coverage, seed=2), Variant(coverage, growth=True)
    found = decay.fit(rest, variant)
    sigma = np.hypot(0.02, 0.01 * rest.interphase_nm)
    weights = 1.0 / sigma**2
    middle = np.average(TIMES, weights=weights)
    spread = np.sum(weights * (TIMES - middle) ** 2)
    slope = np.sum(weights * (TIMES - middle) * rest.interphase_nm) / spread / 2.08
    error = spread**-0.5 / 2.08
    assert found.values[RATE] == pytest.approx(slope, abs=0.6 * error)
    assert found.log_stderrs[RATE] * found.values[RATE] < 1.05 * error  # what the share knows comes on top
    assert decay.verdict(found, decay.points(rest, variant)).word == "conditional"


def test_the_prior_moves_the_rate_of_oxidation_only_as_far_as_the_data_let_it() -> None:
    rest = made(seed=3)
    alone = decay.fit(rest, Variant(1.0))
    held = decay.fit(replace(rest, prior_nm_min=0.5 * TRUTH["r_ox"]), Variant(1.0, prior=True))
    assert held.values["r_ox"] <= alone.values["r_ox"] * (1 + 1e-6)
    assert held.chi_square >= alone.chi_square - 1e-6
    # ln 0.5 / 0.3 is 2.3 standard deviations off: at most as much as giving way entirely
    assert held.chi_square - alone.chi_square < (np.log(0.5 * TRUTH["r_ox"] / alone.values["r_ox"]) / 0.3) ** 2 + 1e-6


def test_more_knowledge_never_widens_the_interval_of_the_reaction() -> None:
    """The same optimum in all: noise-free data of the true constants, so each addition can only close."""
    rest = made(prior_nm_min=TRUTH["r_ox"])
    reach = []
    for variant in (Variant(1.0), Variant(1.0, prior=True), Variant(1.0, prior=True, below=True)):
        low, high = decay.fit(rest, variant).intervals[RATE]
        reach.append((low or 0.0, high or np.inf))
    for (low, high), (tighter_low, tighter_high) in pairwise(reach):
        assert tighter_low >= 0.98 * low
        assert tighter_high <= 1.02 * high
    assert reach[-1][0] < TRUTH[RATE] < reach[-1][1]


# --- verdicts --------------------------------------------------------------------------------------------------------


def estimate(low: float | None, high: float | None, spread: float, chi_square: float = 8.0) -> Estimate:
    return Estimate(dict(TRUTH), {RATE: spread, "r_ox": 0.01}, {RATE: (low, high), "r_ox": (1e-3, 1e-2)}, chi_square)


@pytest.mark.parametrize(
    ("found", "points", "verdict"),
    [
        (Estimate(), 11, not_testable("the fit failed")),
        (estimate(1e-3, 1e-2, 0.1), 4, not_testable("4 points for 4 parameters")),
        (
            estimate(1e-3, 1e-2, 0.1, 900.0),
            11,
            rejected("the assumptions contradict the data, reduced chi square 129 (p < 1e-99)"),
        ),
        (estimate(None, 1e-2, 0.1), 11, not_identified("the interval is open below")),
        (estimate(None, None, np.inf), 11, not_identified("the interval is open below and above")),
        (estimate(1e-3, 1e-2, 0.4), 11, not_identified("standard error of ln k_rxn is 0.4, above 0.3")),
        (estimate(1e-3, 1e-2, 0.3), 11, conditional("standard error of ln k_rxn is 0.3")),
    ],
)
def test_a_rate_is_never_identified_without_a_condition(found: Estimate, points: int, verdict: Verdict) -> None:
    assert decay.verdict(found, points) == verdict


def test_the_other_rate_is_judged_by_its_own_numbers() -> None:
    open_ended = estimate(None, None, np.inf)
    assert decay.verdict(open_ended, 11, "r_ox") == conditional("standard error of ln r_ox is 0.01")
