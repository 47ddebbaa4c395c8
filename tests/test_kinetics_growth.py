"""Growth laws: their differential equations, conservation of lithium, the twin's constants, and what stays open."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.optimize import brentq, minimize_scalar

from xps.kinetics import growth
from xps.kinetics.growth import Course, Metal
from xps.kinetics.growth_laws import (
    GROWTH_LAWS,
    Plating,
    State,
    course,
    followed,
    step,
    timetable,
    window_means,
    windows_of,
)
from xps.kinetics.verdicts import not_testable
from xps.quantiles import ONE_SIDED_95

LGPS, LAGP = 1.6088, 2.0770  # nm of interphase per nm of lithium, ../shared/science/sei_reactions.csv
CONSTANTS: dict[str, dict[str, float]] = {
    "linear": {"k": 0.4},
    "parabolic": {"K": 2.0},
    "deal_grove": {"ks": 1.5, "K": 3.0},
    "direct_log": {"k0": 20.0, "xi": 0.8},
}
RATES = {
    "linear": lambda p, d: p["k"],
    "parabolic": lambda p, d: p["K"] / d,
    "deal_grove": lambda p, d: 1 / (1 / p["ks"] + d / p["K"]),
    "direct_log": lambda p, d: p["k0"] * np.exp(-d / p["xi"]),
}
laws = st.sampled_from(list(CONSTANTS))
minutes = st.floats(0.1, 60.0)


# --- closed forms ----------------------------------------------------------------------------------------------------


@given(laws, st.floats(0.2, 10.0), minutes)
def test_closed_forms_solve_their_differential_equations(law: str, start: float, time: float) -> None:
    p = CONSTANTS[law]
    found = GROWTH_LAWS[law].advanced(p, start, time)
    exact = solve_ivp(lambda _, d: RATES[law](p, d), (0, time), [start], rtol=1e-9, atol=1e-11).y[0, -1]
    assert found == pytest.approx(exact, rel=1e-6)


@given(laws, st.floats(0.05, 10.0))
def test_the_rate_is_the_slope_of_the_closed_form(law: str, thickness: float) -> None:
    p, form = CONSTANTS[law], GROWTH_LAWS[law]
    assert form.rate(p, thickness) == pytest.approx(RATES[law](p, thickness))
    assert (form.advanced(p, thickness, 1e-6) - thickness) / 1e-6 == pytest.approx(form.rate(p, thickness), rel=1e-3)


@given(laws, st.floats(0.01, 5.0))
def test_the_limit_is_where_the_law_is_as_slow_as_asked(law: str, rate: float) -> None:
    p, limit = CONSTANTS[law], GROWTH_LAWS[law].limit(CONSTANTS[law], rate)
    if 0.0 < limit < np.inf:
        assert RATES[law](p, limit) == pytest.approx(rate)
    elif limit == 0.0:
        assert RATES[law](p, 1e-9) <= rate * (1 + 1e-6)


@given(laws, st.floats(0, 6), st.floats(0, 2), st.floats(0, 1), minutes)
def test_lithium_is_conserved_and_nothing_shrinks(law: str, d: float, h: float, supply: float, time: float) -> None:
    after = step(GROWTH_LAWS[law], CONSTANTS[law], LGPS, State(d, h), supply, time)
    assert after.interphase_nm >= d
    assert after.lithium_nm >= 0
    assert after.interphase_nm / LGPS + after.lithium_nm == pytest.approx(d / LGPS + h + supply * time, abs=1e-9)


@example("parabolic", 0.5, 1.0, 0.25, 13.0, 0.5)  # lithium runs out on the way and is left again at the end
@given(laws, st.floats(0.2, 6), st.floats(0.0, 1.0), st.floats(0, 1), minutes, st.floats(0.05, 0.95))
def test_two_steps_are_one(law: str, d: float, h: float, supply: float, time: float, share: float) -> None:
    form, p = GROWTH_LAWS[law], CONSTANTS[law]
    whole = step(form, p, LGPS, State(d, h), supply, time)
    half = step(form, p, LGPS, State(d, h), supply, share * time)
    parts = step(form, p, LGPS, half, supply, (1 - share) * time)
    assert parts == pytest.approx(whole, abs=1e-6)


def test_a_series_is_what_small_steps_make_of_it() -> None:
    """Direct-log growth with doses and pauses against an integrator that knows nothing of regimes."""
    doses = [Plating(10, 15, 0.3), Plating(60, 80, 0.3)]
    p = {"k0": 20.0, "xi": 0.8}
    times = np.array([12.0, 15.0, 40.0, 70.0, 80.0, 150.0])

    def slope(t: float, y: np.ndarray) -> list[float]:
        supply = sum(dose.supply_nm_min for dose in doses if dose.start_min <= t < dose.end_min)
        rate = 20.0 * np.exp(-y[0] / 0.8)
        reacting = rate if y[1] > 1e-7 else min(rate, LGPS * supply)
        return [reacting, supply - reacting / LGPS]

    y, t, dt = np.array([0.0, 0.0]), 0.0, 2e-3
    found = []
    for time in times:
        while t < time - 1e-9:
            y = np.maximum(y + dt * np.array(slope(t, y)), 0.0)
            t += dt
        found.append(y.copy())
    interphase, lithium = course("direct_log", p, LGPS, doses, times)
    np.testing.assert_allclose(interphase, np.array(found)[:, 0], atol=0.02)
    np.testing.assert_allclose(lithium, np.array(found)[:, 1], atol=0.02)


@given(laws, st.floats(0.1, 6.0), st.floats(0.01, 2.0), st.floats(0.0, 1.0), minutes)
def test_lithium_is_used_up_where_bisection_finds_it(law: str, d: float, h: float, supply: float, time: float) -> None:
    """Left lithium runs out once, where the law has taken all; after that the film takes what arrives, and no more."""
    form, p = GROWTH_LAWS[law], CONSTANTS[law]

    def left(t: float) -> float:
        return h + supply * t - (form.advanced(p, d, t) - d) / LGPS

    # Rates fall, so what is left is least where the law is as slow as the supply, and may rise again after that.
    turn = minimize_scalar(left, bounds=(0.0, time), method="bounded").x
    if left(turn) >= -1e-9:
        return
    end = brentq(left, 0.0, turn, xtol=1e-13)
    # A step that ends a little before leaves lithium, one that ends there leaves none.
    assert step(form, p, LGPS, State(d, h), supply, end * (1 - 1e-6)).lithium_nm > 0
    after = step(form, p, LGPS, State(d, h), supply, end * (1 + 1e-9))
    assert after.lithium_nm == pytest.approx(0.0, abs=1e-9)
    assert after.interphase_nm == pytest.approx(d + LGPS * (h + supply * end), rel=1e-7)


doses_of_a_series = st.lists(st.tuples(st.floats(0.0, 20.0), st.floats(0.5, 20.0), st.floats(0.0, 1.0)), max_size=4)


@given(doses_of_a_series, st.lists(st.floats(-10.0, 150.0), max_size=6))
def test_a_timetable_holds_every_dose_once_and_every_look(
    parts: list[tuple[float, float, float]], looks: list[float]
) -> None:
    doses, clock = [], 0.0
    for pause, length, supply in parts:
        doses.append(Plating(clock + pause, clock + pause + length, supply))
        clock += pause + length
    times = np.sort(np.array(looks))
    table = timetable(doses, times)
    assert sum(table.looks) == len(looks)
    assert all(duration >= 0 for duration in table.durations_min)
    if not looks or not doses:
        return
    # What has arrived by the last look is what the doses brought until then.
    arrived = sum(duration * supply for duration, supply in zip(*table[:2], strict=True))
    last = times[-1]
    brought = sum(
        np.clip(last - dose.start_min, 0, dose.end_min - dose.start_min) * dose.supply_nm_min for dose in doses
    )
    assert arrived == pytest.approx(brought, abs=1e-9)
    film, lithium = followed("parabolic", CONSTANTS["parabolic"], LGPS, table)
    assert film[-1] / LGPS + lithium[-1] == pytest.approx(arrived, abs=1e-7)
    assert np.all(np.diff(film) >= -1e-12)


@given(laws, st.floats(0.01, 1.0))
def test_a_share_of_the_supply_is_a_smaller_supply(law: str, share: float) -> None:
    times = np.array([5.0, 12.0, 40.0, 90.0])
    doses = [Plating(0.0, 10.0, 0.4), Plating(60.0, 80.0, 0.2)]
    less = [dose._replace(supply_nm_min=share * dose.supply_nm_min) for dose in doses]
    one = followed(law, CONSTANTS[law], LAGP, timetable(doses, times), share)
    other = course(law, CONSTANTS[law], LAGP, less, times)
    np.testing.assert_allclose(one, other, atol=1e-9)


def test_a_window_s_mean_is_that_of_the_course_in_it() -> None:
    doses = [Plating(0, 20, 0.4)]
    windows = np.array([[20.0, 50.0], [22.0, 28.0]])
    for law, p in CONSTANTS.items():
        film, metal = window_means(law, p, LAGP, windows_of(doses, windows, points=60))
        for index, (low, high) in enumerate(windows):
            fine = course(law, p, LAGP, doses, np.linspace(low, high, 601))
            assert film[index] == pytest.approx(np.trapezoid(fine[0], dx=1 / 600), rel=2e-3)
            assert metal[index] == pytest.approx(np.trapezoid(fine[1], dx=1 / 600), abs=5e-3)


# --- fits ------------------------------------------------------------------------------------------------------------

STARTS = np.array([61.0, 127.0, 193.0, 259.0, 325.0, 396.0, 477.0])
DOSES = tuple(
    Plating(start, start + minutes, 3.2156) for start, minutes in zip(STARTS, [5, 5, 5, 5, 10, 20, 20], strict=True)
)
WINDOWS = np.stack([STARTS + 40, STARTS + 46], axis=1)
METAL = np.stack([STARTS + 20, STARTS + 50], axis=1)
NONE = Metal(np.zeros(0), np.zeros((0, 2)))


def made(
    law: str, p: dict[str, float], per: float, seed: int | None, metal: Metal = NONE, error: float = 0.02
) -> Course:
    film, _ = window_means(law, p, per, windows_of(DOSES, WINDOWS), 0.05)
    stderr = error * film
    noise = 0.0 if seed is None else stderr * np.random.default_rng(seed).standard_normal(film.size)
    return Course(film + noise, stderr, np.full(film.size, np.nan), WINDOWS, DOSES, per, metal)


ALL = list(GROWTH_LAWS)


@pytest.mark.parametrize("seed", range(2))
def test_passivation_is_told_from_diffusion_and_its_constants_come_back(seed: int) -> None:
    fits, estimates, chosen = growth.fits(made("direct_log", {"k0": 155.0, "xi": 0.8}, LAGP, seed), ALL)
    answer = dict(zip(ALL, chosen, strict=True))
    assert answer["direct_log"] == "yes"
    assert set(answer.values()) == {"yes", "no"}
    low, high = estimates[ALL.index("direct_log")].intervals["xi"]
    assert low is not None
    assert high is not None
    assert low < 0.8 < high
    assert fits[0].rejected


@pytest.mark.parametrize("seed", range(1))
def test_a_film_that_takes_all_it_gets_leaves_its_law_undecided(seed: int) -> None:
    metal = Metal(np.full(7, 0.05), METAL)
    fits, estimates, chosen = growth.fits(made("deal_grove", {"ks": 5.0, "K": 30.0}, LGPS, seed, metal), ALL)
    answer = dict(zip(ALL, chosen, strict=True))
    assert "yes" not in answer.values()
    assert answer["supply"] == "undecided"
    share = estimates[0].intervals["utilisation"]
    assert share[0] is not None
    assert share[1] is not None
    assert share[0] < 0.05 < share[1]
    words = list(growth.open_ends(estimates[ALL.index("deal_grove")], "deal_grove"))
    assert words == ["ks is open above", "K is open above"]
    assert fits[0].tested


def test_metal_that_is_not_seen_rules_out_slow_diffusion() -> None:
    slow = {}
    for name, metal in (("without", NONE), ("with", Metal(np.full(7, 0.05), METAL))):
        _, estimates, _ = growth.fits(
            made("deal_grove", {"ks": 5.0, "K": 30.0}, LGPS, None, metal, 0.05), ["parabolic"]
        )
        slow[name] = estimates[0].intervals["K"][0]
    assert slow["with"] is not None
    assert slow["without"] is None or slow["with"] > 1.5 * slow["without"]


def test_the_flux_bound_is_the_published_one() -> None:
    """K >= 4.7 nm2/min at a utilisation of 0.05, 1.9e3 at 1; ../shared/SCIENCE.md, section 4.2."""
    utilisation = {"value": 0.05, "low": 0.04, "high": 1.0}
    bound = growth.flux_bound(made("supply", {}, LGPS, None), utilisation)
    assert bound.value == pytest.approx(4.7, rel=0.01)
    assert bound.high == pytest.approx(1.9e3, rel=0.02)
    assert bound.low == pytest.approx(bound.value * (0.04 / 0.05) ** 2)


def test_once_metal_is_seen_the_bound_is_about_the_doses_before() -> None:
    """On LAGP metal shows after the fifth dose: only 20 min of plating bound K."""
    share = {"value": 0.05, "low": 0.05, "high": 0.05}
    whole = growth.flux_bound(made("supply", {}, LAGP, None), share).value
    early = growth.flux_bound(made("supply", {}, LAGP, None, Metal(np.full(4, 0.05), METAL[:4])), share).value
    assert early / whole == pytest.approx(20 / 70)


def test_the_detection_bound_is_where_metal_would_just_show() -> None:
    metal = Metal(np.full(7, 0.05), METAL)
    given_course = made("supply", {}, LGPS, None, metal)
    bound = growth.detection_bound(given_course, {"value": 0.05, "low": 0.05, "high": 0.05}).value
    for factor, seen in ((0.95, True), (1.05, False)):
        _, left = window_means("parabolic", {"K": factor * bound}, LGPS, windows_of(DOSES, METAL), 0.05)
        assert bool(np.any(left > 0.05)) is seen
    assert bound < growth.flux_bound(given_course, {"value": 0.05, "low": 0.05, "high": 0.05}).value


def test_a_lower_limit_pulls_and_a_fulfilled_one_does_not() -> None:
    whole = made("supply", {}, LGPS, None)
    cut = whole.thickness_nm.copy()
    cut[-1] = np.nan
    chi = {}
    for limit in (0.5, 2.0):
        limits = np.full(7, np.nan)
        limits[-1] = limit * whole.thickness_nm[-1]
        _, estimates, _ = growth.fits(whole._replace(thickness_nm=cut, lower_limit_nm=limits), ["supply"])
        chi[limit] = estimates[0].chi_square
    assert chi[0.5] < 0.01
    assert chi[2.0] > 10.0


@settings(max_examples=5, deadline=None)
@given(st.floats(0.3, 3.0))
def test_thicker_films_mean_more_charge_and_nothing_else(factor: float) -> None:
    base = made("supply", {}, LGPS, None)
    more = base._replace(thickness_nm=base.thickness_nm * factor, stderr_nm=base.stderr_nm * factor)
    values: list[Any] = [growth.fits(one, ["supply"])[1][0].values["utilisation"] for one in (base, more)]
    assert values[1] / values[0] == pytest.approx(factor, rel=1e-3)


@pytest.mark.parametrize("law", ["parabolic", "deal_grove", "linear"])
def test_no_point_of_a_profile_lies_below_the_fit(law: str) -> None:
    """Story: on LAGP the fit of Deal and Grove's law ended 15 in χ² above a point of its own profile."""
    course_of_lagp = made("direct_log", {"k0": 155.0, "xi": 0.8}, LAGP, 1, Metal(np.full(3, 0.05), METAL[:3]))
    _, (found,), _ = growth.fits(course_of_lagp, [law])
    assert min(trial.rise for trial in found.trials) == 0.0
    for trial in found.trials:
        again = _objective(course_of_lagp, law, trial.values)
        assert again >= found.chi_square * (1 - 1e-6)
        assert again - found.chi_square == pytest.approx(trial.rise, abs=1e-5 * found.chi_square)


def test_deal_and_grove_s_law_is_no_worse_than_the_laws_it_holds() -> None:
    """With ks or K without bound it is the parabolic or the linear law, so its χ² cannot be above theirs."""
    noisy = made("direct_log", {"k0": 155.0, "xi": 0.8}, LAGP, 0)
    _, found, _ = growth.fits(noisy, ["linear", "parabolic", "deal_grove"])
    linear, parabolic, both = (one.chi_square for one in found)
    assert both <= min(linear, parabolic) * (1 + 1e-3)


def _objective(data: Course, law: str, values: dict[str, float]) -> float:
    """χ² of thicknesses, of metal that was not seen and of the mean free paths' prior, put together anew."""
    film, left = (
        window_means(law, values, data.per_lithium, windows_of(data.doses, windows), values["utilisation"])[which]
        for which, windows in enumerate((data.windows_min, data.metal.windows_min))
    )
    sigma = np.hypot(data.stderr_nm, growth.MODEL_FLOOR * data.thickness_nm)
    terms = [(film * values[growth.SCALE] - data.thickness_nm) / sigma, ONE_SIDED_95 * left / data.metal.upper_limit_nm]
    return float(sum(np.sum(term**2) for term in terms) + (np.log(values[growth.SCALE]) / 0.15) ** 2)


@pytest.mark.parametrize(("points", "reason"), [(1, "one cycle"), (2, "2 points for 1 parameters")])
def test_too_few_cycles_are_said(points: int, reason: str) -> None:
    whole = made("supply", {}, LGPS, None)
    few = whole._replace(
        thickness_nm=whole.thickness_nm[:points],
        stderr_nm=whole.stderr_nm[:points],
        lower_limit_nm=whole.lower_limit_nm[:points],
        windows_min=WINDOWS[:points],
    )
    fits, _, chosen = growth.fits(few, ["supply"])
    assert fits[0].verdict == not_testable(reason)
    assert chosen == ["undecided"]


@pytest.mark.slow
def test_constants_of_passivation_lie_in_their_intervals_in_95_of_100_series() -> None:
    """Counting errors alone: the scale is held by its prior, so the intervals are a little wide."""
    inside, pulls = 0, []
    for seed in range(100, 140):
        fits, estimates, _ = growth.fits(made("direct_log", {"k0": 155.0, "xi": 0.8}, LAGP, seed), ["direct_log"])
        low, high = estimates[0].intervals["xi"]
        inside += (low or 0.0) < 0.8 < (high or np.inf)
        pulls.append(np.log(estimates[0].values["xi"] / 0.8) / estimates[0].log_stderrs["xi"])
        assert fits[0].tested
    assert inside >= 35  # 38 expected of 40
    assert abs(float(np.mean(pulls))) < 0.5
