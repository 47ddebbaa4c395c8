"""The table covariances: what a user computes from it, against scatter, shares and sums that the fit itself reports."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from synthetic import GE_LINES, axis, component, ge3d, numbered, rate, span, spectrum, task, window
from xps import fitting, models
from xps.fitting.series import FitTables

Array = NDArray[np.float64]
ENERGY = axis(24.0, 38.0)
Key = tuple[str, str | None, str]


def tables(content: dict[str, Any], count: int, time_s: float) -> FitTables:
    model = models.from_mapping("ge3d", content)
    cps = rate(ENERGY, GE_LINES, 400.0, 0.02)
    tasks = [numbered(task(spectrum(ENERGY, cps, time_s, seed)), seed) for seed in range(count)]
    return fitting.fit_block(model, tasks, fitting.fit_series(model, tasks))


def matrix(covariances: pa.Table, acquisition: int) -> tuple[list[Key], Array]:
    """The numbers of one fit and their covariance, as a reader of the table puts it together."""
    rows = [row for row in covariances.to_pylist() if row["acquisition"] == acquisition]
    pairs = [
        (
            (row["region"], row["component"], row["parameter"]),
            (row["other_region"], row["other_component"], row["other_parameter"]),
            row["covariance"],
        )
        for row in rows
    ]
    keys = list(dict.fromkeys(first for first, _, _ in pairs))
    found = np.full((len(keys), len(keys)), np.nan)
    for first, second, value in pairs:
        i, j = keys.index(first), keys.index(second)
        assert np.isnan(found[i, j])
        found[i, j] = found[j, i] = value
    return keys, found


def areas(keys: list[Key]) -> list[int]:
    return [keys.index(("Ge3d", name, "area_cps_ev")) for name in ("Ge4+", "Ge0")]


def test_the_matrix_is_whole_and_its_diagonal_the_standard_errors() -> None:
    made = tables(ge3d(), 1, 5.0)
    keys, found = matrix(made.covariances, 0)
    told = {
        (row["region"], row["component"], row["parameter"]): row["stderr"]
        for row in made.parameters.to_pylist()
        if row["stderr"] is not None
    }
    assert keys == list(told)
    assert ("Ge3d", None, "shirley_factor_per_ev") in keys
    np.testing.assert_allclose(np.sqrt(np.diag(found)), list(told.values()), rtol=1e-12)
    assert np.all(np.linalg.eigvalsh(found / np.sqrt(np.outer(np.diag(found), np.diag(found)))) > 0.0)


def test_errors_of_sums_and_shares_follow_from_it() -> None:
    made = tables(ge3d(), 1, 5.0)
    keys, found = matrix(made.covariances, 0)
    one, other = made.components.to_pylist()
    of_areas = found[np.ix_(areas(keys), areas(keys))]
    total = one["area_cps_ev"] + other["area_cps_ev"]
    assert np.sqrt(of_areas.sum()) == pytest.approx(one["level_area_stderr_cps_ev"], rel=1e-9)
    slope = np.array([other["area_cps_ev"], -one["area_cps_ev"]]) / total**2
    assert np.sqrt(slope @ of_areas @ slope) == pytest.approx(one["area_fraction_stderr"], rel=1e-9)


def test_the_error_of_a_ratio_is_how_much_it_scatters() -> None:
    made = tables(ge3d(series={"fit": "independent"}), 150, 1.0)
    pulls, background = [], []
    truth = GE_LINES[1].area / GE_LINES[0].area
    rows = made.components.to_pylist()
    for acquisition, (one, other) in enumerate(zip(rows[::2], rows[1::2], strict=True)):
        keys, found = matrix(made.covariances, acquisition)
        a, b = areas(keys)[1], areas(keys)[0]
        ratio = other["area_cps_ev"] / one["area_cps_ev"]
        variance = found[a, a] - 2.0 * ratio * found[a, b] + ratio**2 * found[b, b]
        pulls.append((ratio - truth) / np.sqrt(variance / one["area_cps_ev"] ** 2))
        level = keys.index(("Ge3d", None, "baseline_cps"))
        background.append(found[a, level] / np.sqrt(found[a, a] * found[level, level]))
    assert np.std(pulls) == pytest.approx(1.0, abs=0.18)
    assert abs(np.mean(pulls)) < 0.3
    # What the area and the background under it share is there too.
    assert np.all(np.abs(background) > 0.01)


def test_tied_numbers_are_there_and_held_ones_are_not() -> None:
    tie = {"component": "Ge0 3p", "parameter": "area", "ratio_to": "Ge0", "value": 2.0, "stderr": 0.5, "source": "x"}
    content = ge3d(ties=[tie, {"component": "Ge0", "parameter": "fwhm_ev", "same_as": "Ge4+"}])
    del content["components"][1]["fwhm_ev"]
    content["windows"].append(window("Ge 3p", 112.0, 128.0, "constant"))
    content["components"].append(component("Ge0 3p", span(119.9, 119.0, 121.0), 2.6, "Ge 3p"))
    model = models.from_mapping("both", content)
    high = axis(112.0, 128.0)
    found = [
        spectrum(ENERGY, rate(ENERGY, GE_LINES, 400.0), 5.0, 1),
        spectrum(high, np.full(high.size, 300.0), 5.0, 2, "Ge3p"),
    ]
    made = fitting.fit_block(model, [task(*found)], fitting.fit_series(model, [task(*found)]))
    keys, values = matrix(made.covariances, 0)
    assert ("Ge3p", "Ge0 3p", "fwhm_ev") not in keys
    first, second = (keys.index(("Ge3d", name, "fwhm_ev")) for name in ("Ge4+", "Ge0"))
    assert values[first, second] == pytest.approx(values[first, first], rel=1e-12)
    assert all(np.isfinite(values).ravel())


def test_where_a_number_ended_at_a_bound_errors_follow_from_it_as_everywhere() -> None:
    """What is held would make areas look better known in this table than in components."""
    content = ge3d()
    content["components"][1]["position_ev"] = span(27.7, 27.4, 27.9)
    content["components"].append(component("absent", span(34.0, 33.5, 34.5), 1.3))
    made = tables(content, 8, 0.2)
    held = {row["acquisition"] for row in made.parameters.to_pylist() if row["at_bound"]}
    assert {row["component"] for row in made.parameters.to_pylist() if row["at_bound"]} >= {"Ge0", "absent"}
    for acquisition in held:
        keys, found = matrix(made.covariances, acquisition)
        rows = [row for row in made.components.to_pylist() if row["acquisition"] == acquisition]
        places = [keys.index(("Ge3d", row["component"], "area_cps_ev")) for row in rows]
        area, of_areas = np.array([row["area_cps_ev"] for row in rows]), found[np.ix_(places, places)]
        np.testing.assert_allclose(np.sqrt(np.diag(of_areas)), [row["area_stderr_cps_ev"] for row in rows], rtol=1e-9)
        assert np.sqrt(of_areas.sum()) == pytest.approx(rows[0]["level_area_stderr_cps_ev"], rel=1e-9)
        slopes = (np.eye(3) - (area / area.sum())[:, None]) / area.sum()
        shares = np.sqrt(np.diag(slopes @ of_areas @ slopes.T))
        np.testing.assert_allclose(shares, [row["area_fraction_stderr"] for row in rows], rtol=1e-9)
        for row in made.parameters.to_pylist():
            if row["acquisition"] == acquisition and row["at_bound"] and row["parameter"] != "area_cps_ev":
                assert row["stderr"] is None
                assert (row["region"], row["component"], row["parameter"]) not in keys


def test_a_fit_that_failed_has_none() -> None:
    model = models.from_mapping("ge3d", ge3d())
    empty = task(spectrum(ENERGY, np.zeros(ENERGY.size), 1.0, None))
    assert fitting.fit_block(model, [empty], fitting.model_starts(model)).covariances.num_rows == 0
