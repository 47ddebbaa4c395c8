"""Checks of the energy scale: each kind sees what it can, says what it cannot, never praises what was imposed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xps import energy_scale, tables
from xps.energy_scale.lines import AT_ONCE, Differences
from xps.energy_scale.steps import course_of

Row = dict[str, Any]

DRIFT = {
    "check": "O 1s - P 2p of PO4",
    "kind": "drift",
    "core_level": "O 1s",
    "species": "PO4",
    "minus_core_level": "P 2p",
    "minus_species": "PO4",
    "expected_ev": 398.0,
    "stderr_ev": 0.1,
    "source": "Atuchin 2008",
}
STEP = {
    **DRIFT,
    "check": "C 1s - P 2p of PO4",
    "kind": "reference_step",
    "core_level": "C 1s",
    "species": "C-C/C-H",
    "expected_ev": None,
    "stderr_ev": None,
    "source": "first cycle of the series",
}
METAL = {
    **DRIFT,
    "check": "Al 2p3/2 of Al0",
    "kind": "literature",
    "core_level": "Al 2p",
    "species": "Al0",
    "minus_core_level": None,
    "minus_species": None,
    "expected_ev": 72.8,
    "stderr_ev": 0.2,
    "source": "NIST",
}
LINES = {"PO4 1s": ("O1s", "O 1s", "PO4"), "PO4 2p": ("P2p", "P 2p", "PO4"), "C-C": ("C1s", "C 1s", "C-C/C-H")}
LINES["Al0"] = ("Al2p", "Al 2p", "Al0")


def made(
    positions: Mapping[str, Sequence[float | None]],
    checks: Sequence[Row],
    stderr: float = 0.005,
    drift: float = 0.05,
    shift: float = 0.0,
    status: Callable[[str], Row] = lambda _: {"status": "free"},
    spoil: Callable[[Row], None] = lambda _: None,
    interpolated: Sequence[int] = (),
) -> list[Row]:
    """Return the checks of an invented series: ``positions`` by component and cycle, None where not detected."""
    components, parameters, calibration = [], [], []
    for name, found in positions.items():
        region, level, species = LINES[name]
        for acquisition, position in enumerate(found):
            keys = {"experiment": "made", "model": "m", "acquisition": acquisition, "region": region}
            row = keys | {
                "component": name,
                "core_level": level,
                "species": species,
                "line": level,
                "detected": position is not None,
                "area_cps_ev": 1000.0,
                "position_ev": position,
                "position_stderr_ev": None if position is None else stderr,
            }
            spoil(row)
            components.append(row)
            told = keys | {"component": name, "parameter": "position_ev", "at_bound": False} | status(name)
            parameters.append(told)
            calibration.append(
                {
                    **{key: keys[key] for key in ("experiment", "acquisition", "region")},
                    "reference": "C 1s C-C",
                    "shift_ev": 1.0,
                    "shift_stderr_ev": shift,
                    "drift_stderr_ev": 0.0 if region == "C1s" else drift,
                    "method": "interpolated" if acquisition in interpolated else "fitted",
                }
            )
    filled = (("calibration", calibration), ("components", components), ("parameters", parameters))
    # Of a long series no more columns are read.
    read = {name: tables.from_rows(name, rows).select(energy_scale.COLUMNS[name]) for name, rows in filled}
    parts = energy_scale.check(tables.Series(read, counted="components"), checks, ["m"])
    return tables.concatenate("energy_checks", list(parts)).to_pylist()


def verdicts(rows: Sequence[Row]) -> list[str]:
    return [row["verdict"] for row in rows]


def test_a_distance_within_all_errors_agrees_and_one_beyond_them_differs() -> None:
    rows = made({"PO4 1s": [531.1, 531.5], "PO4 2p": [133.2, 133.2]}, [DRIFT])
    assert verdicts(rows) == ["agrees", "differs"]
    assert [row["value_ev"] for row in rows] == pytest.approx([397.9, 398.3])
    assert rows[0]["stderr_ev"] == pytest.approx(0.005 * 2**0.5)
    assert "0.071 eV" in rows[0]["remark"]
    assert "blind to the reference" in rows[0]["remark"]


def test_the_threshold_is_that_of_all_that_moves_a_distance() -> None:
    """398 + 1.96 (0.1² + 2·0.05² + 2·0.005²)^½ = 398.2405 eV, by hand."""
    rows = made({"PO4 1s": [398.240 + 133.2, 398.241 + 133.2], "PO4 2p": [133.2, 133.2]}, [DRIFT])
    assert verdicts(rows) == ["agrees", "differs"]


@pytest.mark.parametrize(
    "status",
    [
        lambda name: {"status": "soft_tie", "tied_to": "PO4 2p"} if name == "PO4 1s" else {"status": "free"},
        lambda name: {"status": "exact_tie", "tied_to": "C-C"} if name != "C-C" else {"status": "free"},
        lambda name: {"status": "fixed"} if name == "PO4 2p" else {"status": "free"},
    ],
    ids=["tied to each other", "tied through a third", "given as a number"],
)
def test_what_the_fit_was_told_is_never_said_to_agree(status: Callable[[str], Row]) -> None:
    positions = {"PO4 1s": [531.2, 533.0], "PO4 2p": [133.2, 133.2], "C-C": [284.8, 284.8]}
    rows = made(positions, [DRIFT], status=status)
    assert verdicts(rows) == ["imposed", "imposed"]
    assert all(row["imposed"] and row["value_ev"] is not None for row in rows)


@settings(deadline=None, max_examples=25)
@given(st.floats(-5.0, 5.0))
def test_a_common_shift_changes_no_difference(shift: float) -> None:
    """Charging moves all lines of a cycle: neither drift nor reference step may see it."""
    still = {"PO4 1s": [531.1, 531.1], "PO4 2p": [133.2, 133.2], "C-C": [284.8, 284.8]}
    moved = {name: [found[0], found[1] + shift] for name, found in still.items()}
    values = [[row["value_ev"] for row in made(one, [DRIFT, STEP])] for one in (still, moved)]
    assert values[0][:4] == pytest.approx(values[1][:4])


def test_a_step_of_the_reference_is_seen_and_not_explained() -> None:
    """Carbon on lithium islands at 0.3 eV: referenced to it, every other line moves by 0.3 eV."""
    phosphate = [133.2] * 5 + [133.5] * 3
    rows = made({"PO4 2p": phosphate, "C-C": [284.8] * 8}, [STEP], drift=0.07)
    assert rows[0]["verdict"] == "not_testable"
    assert verdicts(rows[1:5]) == ["agrees"] * 4
    assert verdicts(rows[5:8]) == ["differs"] * 3
    whole = rows[8]
    assert whole["acquisition"] is None
    assert whole["verdict"] == "differs"
    assert whole["value_ev"] == pytest.approx(-0.3)
    assert "between acquisitions 4 and 5" in whole["remark"]
    assert all("cannot tell" in row["remark"] for row in rows[1:])


def test_one_cycle_differs_by_the_threshold_of_all_cycles() -> None:
    """7 cycles against the first: 2.690 × √2 × 0.05 eV = 0.1902 eV, not 1.96 × √2 × 0.05 eV = 0.139 eV."""
    phosphate = [133.2 - distance for distance in (0.0, 0.15, 0.189, 0.192, 0.0, 0.0, 0.0, 0.0)]
    rows = made({"PO4 2p": phosphate, "C-C": [284.8] * 8}, [STEP], stderr=1e-6)
    assert verdicts(rows[1:5]) == ["agrees", "agrees", "differs", "agrees"]


def test_a_region_that_drifts_alone_is_no_step_of_the_reference() -> None:
    """All lines together tell the two apart: only a step of the reference moves it against each of them."""
    still = {"PO4 2p": [133.2] * 6, "PO4 1s": [531.1] * 6, "C-C": [284.8] * 6}
    alone = {**still, "PO4 2p": [133.2] * 3 + [133.45] * 3}
    carbon = {**still, "C-C": [284.8] * 3 + [285.05] * 3}
    checks = [STEP, {**STEP, "check": "C 1s - O 1s of PO4", "minus_core_level": "O 1s"}]
    found = {}
    for name, positions in (("still", still), ("alone", alone), ("carbon", carbon)):
        rows = [row for row in made(positions, checks, drift=0.08) if row["check"] == "C 1s - lines of the matrix"]
        assert [row["acquisition"] for row in rows] == [0, 1, 2, 3, 4, 5, None]
        found[name] = rows[-1]
    assert [row["verdict"] for row in found.values()] == ["agrees", "agrees", "differs"]
    assert found["carbon"]["value_ev"] == pytest.approx(0.25)
    assert "between acquisitions 2 and 3" in found["carbon"]["remark"]


def test_the_lines_that_stay_carry_the_course_on() -> None:
    """A line of the electrolyte vanishes under the film; one that only appears later takes no part."""
    positions = {"PO4 2p": [133.2, 133.2, 133.1, None], "PO4 1s": [531.1, 531.1, 531.0, 530.9], "C-C": [284.8] * 4}
    late = {**STEP, "check": "C 1s - Al 2p of Al0", "minus_core_level": "Al 2p", "minus_species": "Al0"}
    checks = [STEP, {**STEP, "check": "C 1s - O 1s of PO4", "minus_core_level": "O 1s"}, late]
    rows = [row for row in made({**positions, "Al0": [None, 71.0, 72.0, 73.0]}, checks) if "matrix" in row["check"]]
    assert [row["value_ev"] for row in rows[:4]] == pytest.approx([0.0, 0.0, 0.1, 0.2])
    assert "Al0" not in rows[1]["remark"]


def test_a_line_found_where_the_reference_was_not_is_no_reference() -> None:
    """Noise may pass for carbon on fresh lithium; the calibration did not take it, so no check does."""
    rows = made({"PO4 2p": [133.2] * 3, "C-C": [284.8, 285.6, 284.8]}, [STEP], interpolated=[1])
    assert verdicts(rows) == ["not_testable", "not_testable", "agrees", "agrees"]
    assert "interpolated" in rows[1]["remark"]


def test_a_joint_course_has_the_errors_of_its_parts() -> None:
    """Two lines, independent fits and drifts of σ, the reference's own of σ in each cycle: r has (2σ² + 2σ²/2)^½."""
    checks = [STEP, {**STEP, "check": "C 1s - O 1s of PO4", "minus_core_level": "O 1s"}]
    positions = {"PO4 2p": [133.2] * 3, "PO4 1s": [531.1] * 3, "C-C": [284.8] * 3}
    rows = [row for row in made(positions, checks, stderr=1e-6, drift=0.08) if "matrix" in row["check"]]
    sigma = 0.08 / 2**0.5
    assert rows[1]["stderr_ev"] == pytest.approx((3 * sigma**2) ** 0.5)


def test_joint_steps_are_rarely_seen_where_there_are_none() -> None:
    rng, false, cycles = np.random.default_rng(5), 0, np.arange(8)
    for _ in range(1000):
        own, regions = rng.normal(0.0, 0.06, 8), rng.normal(0.0, 0.06, (2, 8))
        drift = np.full(8, 0.06 * 2**0.5)
        course = course_of([Differences(cycles, own - region, np.full(8, 0.001), drift) for region in regions])
        step = energy_scale.largest_step(course.values_ev, course.variances, course.loadings)
        false += step.significant
    assert 10 < false < 50 + 3 * (1000 * 0.05 * 0.95) ** 0.5


# lines of a matrix together, against matrices that hold everything ---------------------------------------------------


def differences(seed: int, lines: int, cycles: int) -> list[Differences]:
    """Lines seen in the first cycle and in most others, each with errors of its own; one drift per cycle."""
    rng = np.random.default_rng(seed)
    drift, found = rng.uniform(0.01, 0.1, cycles), []
    for _ in range(lines):
        shown = np.flatnonzero((rng.random(cycles) < 0.8) | (np.arange(cycles) == 0))
        values, stderrs = 150.0 + rng.normal(0.0, 0.1, shown.size), rng.uniform(0.001, 0.05, shown.size)
        found.append(Differences(shown, values, stderrs, drift[shown]))
    return found


def dense(lines: Sequence[Differences]) -> tuple[Any, Any]:
    """The course and its covariance by a regression that holds a column per line and per cycle but the first."""
    cycles = sorted({int(number) for own in lines for number in own.acquisitions})
    rows, values, weights, common = [], [], [], np.zeros(len(cycles))
    for line, own in enumerate(lines):
        for number, value, stderr, drift in zip(*own, strict=True):
            place = cycles.index(number)
            row = np.zeros(len(lines) + len(cycles))
            row[[line, len(lines) + place]] = 1.0
            rows.append(row)
            values.append(value)
            weights.append(1.0 / (stderr**2 + drift**2 / 2.0))
            common[place] = drift**2 / 2.0
    design, weight = np.delete(np.array(rows), len(lines), axis=1), np.array(weights)
    covariance = np.linalg.inv((design * weight[:, None]).T @ design)
    fitted = covariance @ ((design * weight[:, None]).T @ np.array(values))
    course = np.concatenate([[0.0], fitted[len(lines) :]])
    return course, np.pad(covariance[len(lines) :, len(lines) :], ((1, 0), (1, 0))) + np.diag(common)


def covariance_of(variances: Any, loadings: Any) -> Any:
    return np.diag(variances) + loadings @ loadings.T


def regressed(values: Any, covariance: Any) -> tuple[int, float, float]:
    """The most significant step by a regression per place with the whole covariance: place, size, standard error."""
    precision, found = np.linalg.inv(covariance), []
    for place in range(1, len(values)):
        design = np.stack([np.ones(len(values)), np.arange(len(values)) >= place], axis=1)
        known = np.linalg.inv(design.T @ precision @ design)
        found.append((place, float((known @ design.T @ precision @ values)[1]), float(known[1, 1] ** 0.5)))
    return max(found, key=lambda one: abs(one[1]) / one[2])


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(2, 14))
def test_a_joint_course_is_that_of_a_regression_with_all_its_columns(seed: int, lines: int, cycles: int) -> None:
    made_up = differences(seed, lines, cycles)
    course, (values, covariance) = course_of(made_up), dense(made_up)
    np.testing.assert_allclose(course.values_ev, values, atol=1e-9)
    np.testing.assert_allclose(covariance_of(course.variances, course.loadings), covariance, rtol=1e-8, atol=1e-14)
    spread = np.sqrt(np.diag(covariance) + covariance[0, 0] - 2.0 * covariance[0])
    np.testing.assert_allclose(course.spreads_ev, spread, rtol=1e-8, atol=1e-12)


@settings(deadline=None)
@given(st.integers(0, 10**6), st.integers(2, 4), st.integers(2, 14))
def test_the_largest_step_of_a_course_is_that_of_a_regression_per_place(seed: int, lines: int, cycles: int) -> None:
    course = course_of(differences(seed, lines, cycles))
    if course.acquisitions.size < 2:
        return
    step = energy_scale.largest_step(course.values_ev, course.variances, course.loadings)
    place, size, stderr = regressed(course.values_ev, covariance_of(course.variances, course.loadings))
    assert step.first_after == place
    assert (step.size_ev, step.stderr_ev) == (pytest.approx(size, abs=1e-9), pytest.approx(stderr, rel=1e-7))


@settings(deadline=None)
@given(st.integers(0, 10**6), st.randoms(use_true_random=False))
def test_neither_the_order_of_lines_nor_that_of_cycles_matters(seed: int, random: Any) -> None:
    """Cycles after the first one are numbered anew: each keeps its energy, its error, and that with every other."""
    made_up, numbers = differences(seed, 3, 8), [*range(1, 8)]
    random.shuffle(numbers)
    anew = np.array([0, *numbers])
    turned = [
        Differences(*(part[np.argsort(anew[own.acquisitions])] for part in (anew[own.acquisitions], *own[1:])))
        for own in random.sample(made_up, 3)
    ]
    course, other = course_of(made_up), course_of(turned)
    places = np.searchsorted(other.acquisitions, anew[course.acquisitions])
    np.testing.assert_allclose(other.values_ev[places], course.values_ev, atol=1e-9)
    np.testing.assert_allclose(other.spreads_ev[places], course.spreads_ev, rtol=1e-9)
    whole = covariance_of(other.variances, other.loadings)[np.ix_(places, places)]
    np.testing.assert_allclose(whole, covariance_of(course.variances, course.loadings), rtol=1e-8, atol=1e-14)


def test_a_course_without_any_declared_drift_has_the_errors_of_its_fits() -> None:
    """Two lines of σ in three cycles: between any two cycles σ √2 / √2, and a step of all of it is real."""
    still = [Differences(np.arange(3), np.full(3, 150.0), np.full(3, 0.01), np.zeros(3)) for _ in range(2)]
    moved = [own._replace(value_ev=np.array([150.0, 150.2, 150.2])) for own in still]
    for lines, real in ((still, False), (moved, True)):
        course = course_of(lines)
        assert course.spreads_ev == pytest.approx([0.0, 0.01, 0.01])
        step = energy_scale.largest_step(course.values_ev, course.variances, course.loadings)
        assert step.significant is real
    assert (step.first_after, step.size_ev) == (1, pytest.approx(0.2))
    # The first cycle's course is 0 by definition, the others share its error: (1/2 + 1) σ²/2.
    assert step.stderr_ev == pytest.approx(0.01 * 0.75**0.5)


def test_the_joint_course_of_a_long_series_is_found() -> None:
    """Forty thousand cycles, of which no matrix could be held: the step of carbon alone is found where it is."""
    rng, count = np.random.default_rng(11), 40_000
    own = rng.normal(0.0, 0.05, count) + 0.05 * (np.arange(count) >= 30_000)
    lines = [
        Differences(np.arange(count), 150.0 + own + rng.normal(0.0, 0.05, count), np.full(count, 1e-3), drift)
        for drift in [np.full(count, 0.05 * 2**0.5)] * 3
    ]
    course = course_of(lines)
    step = energy_scale.largest_step(course.values_ev, course.variances, course.loadings)
    assert step.significant
    assert abs(step.first_after - 30_000) < 50
    assert step.size_ev == pytest.approx(0.05, abs=5.0 * step.stderr_ev)


def test_where_a_series_is_cut_for_reading_nothing_changes() -> None:
    """A series longer than what is read at once has the checks of its cycles, and its step where it is."""
    count = AT_ONCE + 6
    phosphate = [133.2] * (AT_ONCE + 1) + [133.5] * 5
    rows = made({"PO4 2p": phosphate, "C-C": [284.8] * count}, [STEP])
    assert [row["acquisition"] for row in rows] == [*range(count), None]
    assert verdicts(rows[1:-1]) == ["agrees"] * AT_ONCE + ["differs"] * 5
    assert f"between acquisitions {AT_ONCE} and {AT_ONCE + 1}" in rows[-1]["remark"]


def test_a_distance_between_matrix_lines_does_not_see_that_step() -> None:
    positions = {"PO4 1s": [531.1] * 5 + [531.4] * 3, "PO4 2p": [133.2] * 5 + [133.5] * 3}
    assert verdicts(made(positions, [DRIFT])) == ["agrees"] * 8


def test_steps_are_rarely_seen_where_there_are_none() -> None:
    """5 % of series without a step, over all places together; 2000 series, three binomial standard errors."""
    rng = np.random.default_rng(3)
    spreads = rng.uniform(0.04, 0.1, 8)
    found = [energy_scale.largest_step(rng.normal(284.8, spreads), spreads**2).significant for _ in range(2000)]
    assert 0.015 < np.mean(found) < 0.05 + 3 * (0.05 * 0.95 / 2000) ** 0.5


def test_a_step_has_the_closed_form_of_two_means() -> None:
    step = energy_scale.largest_step(np.array([1.0, 1.2, 5.0]), np.array([0.1, 0.1, 0.2]) ** 2)
    assert (step.first_after, step.significant) == (2, True)
    assert step.size_ev == pytest.approx(3.9)
    assert step.stderr_ev == pytest.approx((0.1**2 / 2 + 0.2**2) ** 0.5)


@given(st.integers(2, 12), st.integers(0, 10**6))
def test_the_largest_step_is_that_of_generalised_least_squares(count: int, seed: int) -> None:
    """Energies far from 0 included."""
    rng = np.random.default_rng(seed)
    values, variances = rng.normal(284.8, 0.1, count), rng.uniform(0.01, 0.2, count) ** 2
    step, (place, size, stderr) = energy_scale.largest_step(values, variances), regressed(values, np.diag(variances))
    assert step.first_after == place
    assert (step.size_ev, step.stderr_ev) == (pytest.approx(size, abs=1e-8), pytest.approx(stderr, rel=1e-9))


def test_the_step_of_a_long_series_is_found_where_it_is() -> None:
    """Of a hundred thousand cycles no matrix could be held that has a row and a column for each."""
    rng, count = np.random.default_rng(9), 100_000
    values = rng.normal(284.8, 0.05, count) + 0.1 * (np.arange(count) >= 70_000)
    step = energy_scale.largest_step(values, np.full(count, 0.05**2))
    assert step.significant
    assert abs(step.first_after - 70_000) < 20
    assert step.size_ev == pytest.approx(0.1, abs=5.0 * step.stderr_ev)


def test_a_metal_below_the_literature_is_a_row_with_its_offset_and_no_decision() -> None:
    (row,) = made({"Al0": [71.6]}, [METAL], shift=0.02)
    assert row["verdict"] == "differs"
    assert row["value_ev"] == pytest.approx(71.6)
    assert row["stderr_ev"] == pytest.approx((0.005**2 + 0.05**2 + 0.02**2) ** 0.5)
    assert row["remark"].startswith("-1.20 eV")
    assert "does not decide" in row["remark"]


def test_cycles_share_the_error_of_the_shift_but_not_of_the_drift() -> None:
    (row,) = made({"Al0": [72.7, 72.9, None, 72.8]}, [METAL], shift=0.1)
    assert (row["verdict"], row["acquisition"]) == ("agrees", None)
    assert row["value_ev"] == pytest.approx(72.8)
    assert row["stderr_ev"] == pytest.approx(((0.005**2 + 0.05**2) / 3 + 0.1**2) ** 0.5)


def test_what_hangs_on_a_given_energy_is_no_energy_found() -> None:
    """Al0 tied to a line whose position the model gives: its energy is the model's, whatever the literature says."""
    status = {"Al0": {"status": "soft_tie", "tied_to": "C-C"}, "C-C": {"status": "fixed"}}
    (row,) = made({"Al0": [72.8], "C-C": [284.8]}, [METAL], status=lambda name: status[name])
    assert row["verdict"] == "not_testable"
    assert "gives its position" in row["remark"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"detected": False}, "PO4 of O 1s was not detected"),
        ({"area_cps_ev": None}, "the fit of PO4 of O 1s failed"),
        ({"position_stderr_ev": None}, "no standard error"),
        ({"species": "other"}, "PO4 of O 1s was not measured"),
        # A cycle without the region: its failed fit stands in components, and no shift in calibration.
        ({"region": "absent", "area_cps_ev": None}, "region absent was not measured"),
    ],
)
def test_what_cannot_be_tested_is_a_row_with_a_reason(change: Row, reason: str) -> None:
    def spoil(row: Row) -> None:
        if row["component"] == "PO4 1s":
            row.update(change)

    (row,) = made({"PO4 1s": [531.1], "PO4 2p": [133.2]}, [DRIFT], spoil=spoil)
    assert row["verdict"] == "not_testable"
    assert row["value_ev"] is None
    assert reason in row["remark"]


def test_a_position_at_its_bound_is_no_finding() -> None:
    rows = made({"PO4 1s": [531.1], "PO4 2p": [133.2]}, [DRIFT], status=lambda _: {"status": "free", "at_bound": True})
    assert verdicts(rows) == ["not_testable"]
    assert "bound" in rows[0]["remark"]


def test_a_series_of_one_cycle_has_no_step() -> None:
    rows = made({"PO4 2p": [133.2], "C-C": [284.8]}, [STEP])
    assert verdicts(rows) == ["not_testable", "not_testable"]
    assert "fewer than two" in rows[1]["remark"]


def test_without_checks_the_table_is_empty() -> None:
    assert made({"PO4 2p": [133.2]}, []) == []
