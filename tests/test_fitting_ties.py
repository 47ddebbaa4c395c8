"""Ties of a model file, within and across core levels: what they impose, their pulls, and both engines alike."""

from typing import Any

import numpy as np
import pytest

from synthetic import Line, axis, component, rate, span, spectrum, task, window
from xps import fitting, models
from xps.fitting import engines
from xps.models import FitModel

DOUBLET_3D = {"splitting_ev": 0.585, "area_ratio": 0.6667}
DOUBLET_3P = {"splitting_ev": 4.1, "area_ratio": 0.5}
DOUBLET_2P = {"splitting_ev": 0.865, "area_ratio": 0.5}
TRUTH = {
    "Ge4+ 3d": Line(3000.0, 32.5, 1.35, 0.05, 0.585, 0.6667),
    "Ge0 3d": Line(1500.0, 28.0, 1.35, 0.05, 0.585, 0.6667),
    "Ge4+ 3p": Line(7200.0, 124.6, 2.9, 2.1, 4.1, 0.5),
    "PO4 2p": Line(5000.0, 133.2, 1.45, 0.05, 0.865, 0.5),
    "PO4 1s": Line(20000.0, 531.35, 1.5, 0.05),
}
AXES = {"Ge3d": axis(24.0, 38.0), "P2p": axis(116.0, 139.0), "O1s": axis(525.0, 537.0)}
SOURCE = {"source": "test"}


def model_of(*ties: dict[str, Any]) -> FitModel:
    """Ge 3d, P 2p with Ge 3p under it, and O 1s, fitted together; an exact tie replaces what it gives."""
    components = [
        component("Ge4+ 3d", span(32.4, 32.0, 33.0), span(1.3, 0.9, 1.9), doublet=DOUBLET_3D),
        component("Ge0 3d", span(28.1, 27.4, 28.8), span(1.3, 0.9, 1.9), doublet=DOUBLET_3D),
        component(
            "Ge4+ 3p",
            span(124.5, 123.5, 126.0),
            span(2.8, 2.4, 3.4),
            core_level="Ge 3p",
            doublet=DOUBLET_3P,
            shape={"type": "voigt", "lorentzian_fwhm_ev": 2.1},
        ),
        component("PO4 2p", span(133.1, 132.5, 134.0), span(1.4, 1.0, 2.0), core_level="P 2p", doublet=DOUBLET_2P),
        component("PO4 1s", span(531.3, 530.5, 532.5), span(1.5, 1.0, 2.2), core_level="O 1s"),
    ]
    for tie in ties:
        if not {"stderr", "stderr_ev"} & set(tie):
            next(part for part in components if part["name"] == tie["component"]).pop(tie["parameter"], None)
    windows = [window("Ge 3d", 23.0, 39.0), window("P 2p", 115.0, 140.0), window("O 1s", 524.0, 538.0)]
    return models.from_mapping(
        "tied", {"description": "x", "windows": windows, "components": components, "ties": [*ties]}
    )


def measured(seed: int = 1) -> fitting.Task:
    inside = {"Ge3d": ("Ge4+ 3d", "Ge0 3d"), "P2p": ("Ge4+ 3p", "PO4 2p"), "O1s": ("PO4 1s",)}
    spectra = [
        spectrum(energy, rate(energy, [TRUTH[name] for name in inside[region]], 300.0, 0.02), 2.0, seed, region=region)
        for region, energy in AXES.items()
    ]
    return task(*spectra)


def numbers(model: FitModel, engine: str = "separable") -> dict[tuple[str, str], dict[str, Any]]:
    (found,) = engines.fit_each(model, [measured()], engines.model_starts(model), 0, engine)
    assert found.best is not None, found.message
    rows = fitting.tables_of(model, [found]).parameters.to_pylist()
    return {(row["component"], row["parameter"]): row for row in rows if row["component"] is not None}


EXACT: dict[str, tuple[dict[str, Any], float, float]] = {
    "same width within a level": ({"component": "Ge0 3d", "parameter": "fwhm_ev", "same_as": "Ge4+ 3d"}, 1.0, 0.0),
    "same width across levels": ({"component": "PO4 1s", "parameter": "fwhm_ev", "same_as": "PO4 2p"}, 1.0, 0.0),
    "width ratio": (
        {"component": "PO4 1s", "parameter": "fwhm_ev", "ratio_to": "PO4 2p", "value": 1.03},
        1.03,
        0.0,
    ),
    "Ge 3p area from Ge 3d": (
        {"component": "Ge4+ 3p", "parameter": "area", "ratio_to": "Ge4+ 3d", "value": 2.4},
        2.4,
        0.0,
    ),
    "same area": ({"component": "Ge0 3d", "parameter": "area", "same_as": "Ge4+ 3d"}, 1.0, 0.0),
    "O 1s from P 2p of PO4": (
        {"component": "PO4 1s", "parameter": "position_ev", "offset_from": "PO4 2p", "value_ev": 398.15},
        1.0,
        398.15,
    ),
}
SOFT: dict[str, tuple[dict[str, Any], float]] = {
    "Ge 3p area from Ge 3d": (
        {"component": "Ge4+ 3p", "parameter": "area", "ratio_to": "Ge4+ 3d", "value": 2.0, "stderr": 0.05},
        0.05,
    ),
    "O 1s from P 2p of PO4": (
        {"component": "PO4 1s", "parameter": "position_ev", "offset_from": "PO4 2p", "value_ev": 398.0}
        | {"stderr_ev": 0.01},
        0.01,
    ),
    "width within a level": (
        {"component": "Ge0 3d", "parameter": "fwhm_ev", "offset_from": "Ge4+ 3d", "value_ev": -0.3, "stderr_ev": 0.05},
        0.05,
    ),
}
COLUMN = {"area": "area_cps_ev"}


@pytest.mark.parametrize("engine", fitting.ENGINES)
@pytest.mark.parametrize("name", EXACT)
def test_an_exact_tie_holds_to_the_digit_and_brings_no_number_of_its_own(name: str, engine: str) -> None:
    tie, factor, offset = EXACT[name]
    found = numbers(model_of(tie), engine)
    other = next(tie[kind] for kind in ("same_as", "offset_from", "ratio_to") if kind in tie)
    column = COLUMN.get(tie["parameter"], tie["parameter"])
    mine, theirs = found[tie["component"], column], found[other, column]
    assert mine["status"] == "exact_tie"
    assert mine["tied_to"] == other
    assert mine["value"] == pytest.approx(factor * theirs["value"] + offset, rel=1e-12)
    assert mine["stderr"] == pytest.approx(factor * theirs["stderr"], rel=1e-9)


@pytest.mark.parametrize("name", SOFT)
def test_a_soft_tie_pulls_toward_its_value_and_says_how_hard(name: str) -> None:
    tie, stderr = SOFT[name]
    free, found = numbers(model_of()), numbers(model_of(tie | SOURCE))
    other = next(tie[kind] for kind in ("offset_from", "ratio_to") if kind in tie)
    column = COLUMN.get(tie["parameter"], tie["parameter"])
    mine = found[tie["component"], column]
    assert mine["status"] == "soft_tie"

    def relation(of: dict[tuple[str, str], dict[str, Any]]) -> float:
        one, two = of[tie["component"], column]["value"], of[other, column]["value"]
        return float(one / two if "ratio_to" in tie else one - two)

    wanted = tie.get("value", tie.get("value_ev"))
    assert abs(relation(found) - wanted) < abs(relation(free) - wanted)
    assert mine["pull"] == pytest.approx((relation(found) - wanted) / stderr, abs=1e-6)
    assert abs(mine["pull"]) > 0.5


@pytest.mark.parametrize("name", SOFT)
def test_both_engines_weigh_a_soft_tie_alike(name: str) -> None:
    model = model_of(SOFT[name][0] | SOURCE)
    ours, theirs = (numbers(model, engine) for engine in fitting.ENGINES)
    for key, row in ours.items():
        if row["stderr"] is not None:
            assert row["value"] == pytest.approx(theirs[key]["value"], abs=0.01 * row["stderr"]), key
            assert row["stderr"] == pytest.approx(theirs[key]["stderr"], rel=1e-3), key


def test_several_ties_hold_at_once() -> None:

    ties = [
        EXACT["same width across levels"][0],
        EXACT["Ge 3p area from Ge 3d"][0],
        EXACT["same width within a level"][0],
    ]
    found = numbers(model_of(*ties))
    assert found["PO4 1s", "fwhm_ev"]["value"] == found["PO4 2p", "fwhm_ev"]["value"]
    np.testing.assert_allclose(
        found["Ge4+ 3p", "area_cps_ev"]["value"], 2.4 * found["Ge4+ 3d", "area_cps_ev"]["value"], rtol=1e-12
    )
    for name, line in TRUTH.items():
        row = found[name, "area_cps_ev"]
        assert row["value"] == pytest.approx(line.area, abs=5 * row["stderr"])
