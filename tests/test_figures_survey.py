"""Surveys: calibrated energies, one curve per acquisition, every label at its line and none over another."""

import re
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from matplotlib.figure import Figure

import synthetic_derived
import synthetic_tables
from page_texts import overlapping, words
from xps.errors import ConfigError
from xps.figures import style
from xps.figures.kinds import survey

LINES = [{"line": name, "binding_energy_ev": at} for name, at in (("a", 531.0), ("b", 530.9), ("c", 530.8), ("d", 900))]
SETTINGS = {"kind": "survey", "experiment": "invented", "axis": "plating_time_s", "region": "O1s", "lines": LINES}


@pytest.fixture(scope="module")
def given() -> dict[str, pa.Table]:
    return synthetic_tables.make(synthetic_tables.vep_series(excluded={3: "lost"}))


def drawn(given: dict[str, pa.Table], **settings: Any) -> tuple[Figure, pd.DataFrame]:
    (figure,), numbers = survey.draw({**SETTINGS, **settings}, given, "measured")
    return figure, numbers


def test_energies_are_calibrated_and_intensities_those_of_the_file(given: dict[str, pa.Table]):
    numbers = drawn(given)[1]
    spectra = given["spectra"].to_pandas()
    for acquisition in (0, 1, 2):
        own = numbers[numbers["acquisition"] == acquisition]
        table = spectra[(spectra["region"] == "O1s") & (spectra["acquisition"] == acquisition)]
        moved = table["recorded_binding_energy_ev"] + synthetic_tables.shift_ev(acquisition)
        np.testing.assert_allclose(own["binding_energy_ev"], moved, atol=1e-4)
        np.testing.assert_allclose(own["intensity_cps"], table["intensity_cps"], atol=1e-3)


def test_excluded_acquisitions_are_left_out_and_others_can_be_chosen(given: dict[str, pa.Table]):
    assert set(drawn(given)[1]["acquisition"]) == {0, 1, 2}
    assert set(drawn(given, acquisitions=[2])[1]["acquisition"]) == {2}
    with pytest.raises(ConfigError, match="nothing to draw: invented has no O1s in these acquisitions"):
        drawn(given, acquisitions=[3])


def test_each_curve_is_scaled_to_its_own_maximum_in_the_order_of_time(given: dict[str, pa.Table]):
    axes = drawn(given)[0].axes[0]
    curves = [line for line in axes.lines if len(line.get_xdata()) > 10]
    assert [round(float(line.get_ydata().min())) for line in curves] == [2, 1, 0]
    assert [np.ptp(line.get_ydata()) for line in curves] == pytest.approx([0.92] * 3)


def test_labels_stand_apart_and_lines_outside_are_not_labelled(given: dict[str, pa.Table]):
    figure, _ = drawn(given)
    assert overlapping(figure) == []
    axes = figure.axes[0]
    assert [text.get_text() for text in axes.texts] == ["a", "b", "c"]
    guides = [line.get_xdata()[0] for line in axes.lines if len(line.get_xdata()) == 3]
    assert guides == [531.0, 530.9, 530.8]
    assert {"0 min", "30 min"} <= {word.split("\n")[0] for word in words(figure)}


def test_a_region_that_was_not_measured_is_told_with_what_was(given: dict[str, pa.Table]):
    with pytest.raises(ConfigError, match=r"region: 'Su1s' is not in the tables.*there are: Li1s, Ge3d, P2p, O1s"):
        drawn(given, region="Su1s")


def test_a_caption_speaks_of_one_spectrum_as_one_and_of_labels_where_there_are_some(given: dict[str, pa.Table]):
    several = survey.describe(SETTINGS, given)
    unlabelled = {key: value for key, value in SETTINGS.items() if key != "lines"}
    assert re.match(r"Survey spectra \(O1s\) of invented, [2-9] acquisitions, each scaled", several)
    assert "Dotted lines" in several
    assert survey.describe({**unlabelled, "acquisitions": [1]}, given) == "Survey spectrum (O1s) of invented."


@pytest.mark.parametrize(("cycles", "labels", "maxima"), [(1, 1, 1), (8, 8, 8), (40, 40, 0), (150, 75, 0)])
def test_many_surveys_share_one_page_and_are_named_as_far_as_there_is_room(cycles: int, labels: int, maxima: int):
    whole = synthetic_tables.make(synthetic_tables.vep_series())
    figure, numbers = drawn(synthetic_derived.of_length(whole, cycles))
    assert numbers["acquisition"].nunique() == cycles
    assert figure.get_size_inches()[1] * 2.54 <= style.PAGE_HEIGHT_CM + 1e-6
    beside = [text.get_text() for text in figure.texts if re.match(r"[\d.]+ (s|min|h)", text.get_text())]
    assert len(beside) == labels
    assert sum("max" in words for words in beside) == maxima
    assert overlapping(figure) == []
