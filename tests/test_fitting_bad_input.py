"""Bad input of the fit stage, case by case: a ConfigError before any fit, or a row with success = false and a reason.

Models come from the text of a model file, as the configuration reads it; spectra go through the whole stage.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

from synthetic import GE_LINES, axis, ge3d_model, ge3d_task, rate
from xps import fitting, models
from xps.configuration import documents, shape
from xps.errors import ConfigError, FitError
from xps.spectra import Spectrum

SCHEMA = yaml.safe_load((Path(__file__).parents[1] / "config" / "schema" / "model.schema.yaml").read_text())

SOUND = """
description: two Ge 3d doublets
windows:
  - {core_level: Ge 3d, low_ev: 24.0, high_ev: 38.0, background: {type: shirley}}
components:
  - name: Ge4+
    core_level: Ge 3d
    species: Ge4+
    line: Ge 3d
    shape: {type: voigt, lorentzian_fwhm_ev: 0.05}
    position_ev: {start: 32.4, low: 32.0, high: 33.1}
    fwhm_ev: {start: 1.3, low: 0.9, high: 1.9}
    doublet: {splitting_ev: 0.585, area_ratio: 0.6667}
    source: test
  - name: Ge0
    core_level: Ge 3d
    species: Ge0
    line: Ge 3d
    shape: {type: voigt, lorentzian_fwhm_ev: 0.05}
    position_ev: {start: 28.2, low: 27.4, high: 28.8}
    fwhm_ev: {start: 1.2, low: 0.8, high: 1.8}
    doublet: {splitting_ev: 0.585, area_ratio: 0.6667}
    source: test
"""


def read(text: str) -> models.FitModel:
    """What the configuration makes of a model file's text."""
    document = documents.parse(text)
    assert document.faults == []
    assert document.mapping is not None
    assert shape.faults(document.mapping, SCHEMA) == []
    return models.from_mapping("ge3d", document.mapping)


def test_the_sound_model_is_accepted_and_fits() -> None:
    found = tables(read(SOUND), ge3d_task(0))
    assert found.fits.column("success").to_pylist() == [True]


@pytest.mark.parametrize(
    ("wrong", "right", "said"),
    [
        pytest.param(
            "position_ev: {start: 28.2, low: 27.4, high: 28.8}",
            "position_ev: {start: 22.0, low: 21.5, high: 22.5}",
            "component 'Ge0': component outside its window: its position may lie between 21.5 and 22.5 eV; "
            "windows are Ge 3d 24 to 38",
            id="a component wholly outside its window",
        ),
        pytest.param(
            "position_ev: {start: 32.4, low: 32.0, high: 33.1}",
            "position_ev: {start: 37.6, low: 37.0, high: 37.9}",
            "component 'Ge4+': the minor line of the doublet, at 38.185 eV, lies outside the window Ge 3d 24 to 38",
            id="a doublet whose partner lies outside the region",
        ),
        pytest.param(
            "position_ev: {start: 28.2, low: 27.4, high: 28.8}\n    fwhm_ev: {start: 1.2, low: 0.8, high: 1.8}",
            "position_ev: {start: 32.4, low: 32.0, high: 33.1}\n    fwhm_ev: {start: 1.3, low: 0.9, high: 1.9}",
            "components 'Ge4+' and 'Ge0' are identical; no data can tell them apart",
            id="two identical components",
        ),
    ],
)
def test_a_model_that_cannot_be_is_refused_before_any_fit(wrong: str, right: str, said: str) -> None:
    assert SOUND.count(wrong) == 1
    with pytest.raises(ConfigError) as caught:
        read(SOUND.replace(wrong, right))
    assert said in str(caught.value)


@pytest.mark.parametrize("parameter", ["area", "fwhm_ev", "position_ev"])
def test_a_tie_loop_is_refused_and_drawn(parameter: str) -> None:
    ties = "".join(
        f"\n  - {{component: {one}, parameter: {parameter}, same_as: {other}, source: test}}"
        for one, other in (("Ge4+", "Ge0"), ("Ge0", "Ge4+"))
    )
    with pytest.raises(ConfigError) as caught:
        read(f"{SOUND}ties:{ties}\n")
    assert f"ties of {parameter} run in a loop: Ge4+ -> Ge0 -> Ge4+" in str(caught.value)


def tables(model: models.FitModel, *tasks: fitting.Task, engine: str = "separable") -> fitting.FitTables:
    return fitting.fit_block(model, tasks, fitting.fit_series(model, tasks, engine), engine=engine)


def with_counts(counts: np.ndarray, channels: slice = slice(None)) -> fitting.Task:
    """A Ge 3d spectrum with other counts, or some channels only."""
    of = ge3d_task(0)
    (one,) = of.spectra
    assert one is not None
    part = replace(one, counts=counts[channels], binding_energy_ev=one.binding_energy_ev[channels])
    return replace(of, spectra=(part,), channels=(np.arange(part.counts.size),))


def measured() -> np.ndarray:
    (one,) = ge3d_task(0).found
    return one.counts


BAD = {
    "all zero": (lambda: with_counts(np.zeros(141)), "region Ge3d holds no counts at all"),
    "a single channel": (lambda: with_counts(measured(), slice(70, 71)), "region Ge3d holds one channel only"),
    "shorter than its model": (
        lambda: with_counts(measured(), slice(66, 72)),
        "6 channels cannot determine 8 parameters",
    ),
    "negative rates": (
        lambda: with_counts(np.where(np.arange(141) == 9, -3.0, measured())),
        "region Ge3d holds negative counts: they are no Poisson counts",
    ),
}


@pytest.mark.parametrize("engine", ["separable", "lmfit"])
@pytest.mark.parametrize("name", BAD)
def test_a_spectrum_that_cannot_be_fitted_is_a_row_with_its_reason(name: str, engine: str) -> None:
    make, said = BAD[name]
    found = tables(read(SOUND), make(), engine=engine)
    (fit,) = found.fits.to_pylist()
    assert fit["success"] is False
    assert said in fit["message"]
    assert all(fit[key] is None for key in ("deviance", "p_value", "bic", "condition_number"))
    parts = found.components.to_pylist()
    assert [part["component"] for part in parts] == ["Ge4+", "Ge0"]
    for part in parts:
        numbers = [value for key, value in part.items() if isinstance(value, float)]
        assert numbers == [], part
        assert part["detected"] is None
        assert part["verdict"] is None


def test_bad_spectra_change_no_byte_of_their_neighbours_in_the_block() -> None:
    model = read(SOUND)
    good = [replace(ge3d_task(seed), acquisition=2 * seed) for seed in range(len(BAD))]
    bad = [replace(make(), acquisition=2 * place + 1) for place, (make, _) in enumerate(BAD.values())]
    mixed = [one for pair in zip(good, bad, strict=True) for one in pair]
    alone, among = tables(model, *good), tables(model, *mixed)
    for name in fitting.FitTables._fields:
        of_good = [row for row in getattr(among, name).to_pylist() if row["acquisition"] % 2 == 0]
        assert of_good == getattr(alone, name).to_pylist()
    assert among.fits.column("success").to_pylist() == [True, False] * len(BAD)


def test_nearly_identical_components_are_fitted_and_called_not_identified() -> None:
    """No check of the file can see it; the counts cannot tell the two apart, and the verdict says so."""
    twin = SOUND.replace(
        "position_ev: {start: 28.2, low: 27.4, high: 28.8}", "position_ev: {start: 32.5, low: 32.0, high: 33.1}"
    )
    found = tables(read(twin), ge3d_task(1, lines=GE_LINES[:1]))
    assert found.fits.column("success").to_pylist() == [True]
    assert set(found.components.column("verdict").to_pylist()) == {"not_identified"}
    # Their sum is known all the same.
    areas = found.components.to_pylist()
    assert sum(part["area_cps_ev"] for part in areas) == pytest.approx(GE_LINES[0].area, rel=0.03)


def test_a_missing_region_is_a_row_that_names_it() -> None:
    of = replace(ge3d_task(0), spectra=(None,), channels=(None,))
    (fit,) = tables(ge3d_model(), of).fits.to_pylist()
    assert not fit["success"]
    assert fit["message"] == "no data of Ge 3d (region Ge3d) in this acquisition"


def test_counts_of_zero_time_or_nan_never_become_a_spectrum() -> None:
    energy = axis(24.0, 38.0)
    expected = rate(energy, GE_LINES, 400.0)
    holes = np.where(energy > 30.0, np.nan, expected)
    for counts, time_s, said in ((expected, 0.0, "is not positive"), (holes, 1.0, "is not finite")):
        with pytest.raises(FitError, match=f"made, acquisition 0, region Ge3d: .*{said}"):
            Spectrum("made", 0, "Ge3d", ("Ge 3d",), energy, counts, time_s)


def content(**changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(SOUND)
    return found | changes


def test_all_faults_of_a_file_are_told_at_once() -> None:
    text = yaml.safe_dump(
        content(
            ties=[
                {"component": "Ge0", "parameter": "area", "same_as": "Ge0", "source": "test"},
                {"component": "Ge0", "parameter": "fwhm_ev", "ratio_to": "Sn", "value": 1.1, "source": "test"},
            ]
        )
    )
    with pytest.raises(ConfigError) as caught:
        read(text)
    missing = "component 'Ge0': fwhm_ev is given and also tied exactly; leave one out"
    for said in ("run in a loop: Ge0 -> Ge0", "there is no component 'Sn'", missing):
        assert said in str(caught.value)
