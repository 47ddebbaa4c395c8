"""What every kind of figure owes its reader: legible pages inside the paper, numbers, a caption, no chance."""

import re
from typing import Any

import docutils.core
import pyarrow as pa
import pytest
from matplotlib.figure import Figure

import synthetic_derived
import synthetic_tables
from page_texts import outside, overlapping, texts, words
from xps import figure_settings
from xps.errors import ConfigError
from xps.figures import kinds, style
from xps.figures.words import caption

ONE = {"experiment": "invented"}
TIMED = {**ONE, "axis": "plating_time_s"}
SETTINGS: dict[str, dict[str, Any]] = {
    "spectra_grid": TIMED,
    "heat_map": TIMED,
    "survey": {**TIMED, "region": "O1s", "lines": [{"line": "O 1s", "binding_energy_ev": 531.0}]},
    "time_series": {**TIMED, "quantity": "area_fraction"},
    "composition": {**TIMED, "basis": "carbon_free"},
    "growth": TIMED,
    "onset": {**TIMED, "species": ["Li0"], "core_levels": ["Li 1s"]},
    "charge_balance": ONE,
    "alternatives": {**TIMED, "species": ["LixP"]},
    "identifiability": {**ONE, "models": ["lagp_o1s"], "region": "O1s", "acquisition": 2},
    "rate_intervals": ONE,
    "energy_scale": ONE,
    "percolation": {},
    "claims_page": {},
    "fit_quality": ONE,
}


@pytest.fixture(scope="module")
def given() -> dict[str, pa.Table]:
    return synthetic_derived.everything(failed=frozenset({("Ge3d", 2)}))


def drawn(given: dict[str, pa.Table], kind: str, **change: Any) -> tuple[list[Figure], Any]:
    needed = synthetic_tables.only(given, figure_settings.tables_needed(kind))
    return kinds.module_of(kind).draw({"kind": kind, **SETTINGS[kind], **change}, needed, "simulated")


def test_every_kind_is_tried():
    assert list(SETTINGS) == list(figure_settings.NEEDS)


def test_a_kind_without_module_is_refused():
    with pytest.raises(ConfigError, match="kind 'pie' has no drawing module"):
        kinds.module_of("pie")


@pytest.mark.parametrize("kind", SETTINGS)
def test_pages_are_legible_and_inside_the_paper(given: dict[str, pa.Table], kind: str):
    pages, _ = drawn(given, kind)
    for figure in pages:
        width, height = figure.get_size_inches() * 2.54
        assert width == pytest.approx(style.WIDTH_CM["double"])
        assert height <= style.PAGE_HEIGHT_CM + 1e-6
        assert overlapping(figure) == []
        assert outside(figure) == []
        assert min(item.get_fontsize() for item in texts(figure)) >= 6
        assert "SIMULATED DATA" in words(figure)


@pytest.mark.parametrize("kind", SETTINGS)
def test_numbers_are_the_same_every_time_and_hold_something(given: dict[str, pa.Table], kind: str):
    first, second = (drawn(given, kind)[1] for _ in range(2))
    assert first.to_csv() == second.to_csv()
    assert len(first) > 0
    assert not first.columns.duplicated().any()


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_caption_says_what_is_shown_and_ends_its_sentences(given: dict[str, pa.Table], kind: str):
    settings = {"kind": kind, **SETTINGS[kind]}
    needed = synthetic_tables.only(given, figure_settings.tables_needed(kind))
    shown = kinds.module_of(kind).describe(settings, needed)
    assert 60 < len(shown) < 4000
    assert "  " not in shown
    text = caption.write("a_figure", shown, settings, needed, synthetic_tables.record(needed))
    assert text.startswith("**a_figure.** ")
    assert "SIMULATED DATA" in text
    assert "Software: Python" in text
    assert "nan" not in text.replace("nanometre", "")
    # The report shows captions as reStructuredText: what only Markdown understands would be a warning in its middle.
    docutils.core.publish_doctree(text, settings_overrides={"report_level": 2, "halt_level": 2})


NAMES = ("experiment", "model", "layer_model", "area", "factor_set", "region", "component", "alternative")


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_caption_tells_no_key_of_settings_or_tables(given: dict[str, pa.Table], kind: str):
    """A word with an underscore is a name that somebody gave: of a model, an area, a table of factors."""
    settings = {"kind": kind, **SETTINGS[kind]}
    needed = synthetic_tables.only(given, figure_settings.tables_needed(kind))
    shown = kinds.module_of(kind).describe(settings, needed)
    text = caption.write("figure", shown, settings, needed, synthetic_tables.record(needed))
    cells = (
        table.column(name).to_pylist() for table in needed.values() for name in NAMES if name in table.column_names
    )
    named = {word for column in cells for cell in column if cell for word in re.findall(r"\w+", cell)}
    assert {word for word in re.findall(r"\w+", text) if "_" in word} <= named


@pytest.mark.parametrize("kind", [kind for kind in SETTINGS if "experiment" in SETTINGS[kind]])
def test_an_unknown_experiment_is_refused_with_what_there_is(given: dict[str, pa.Table], kind: str):
    with pytest.raises(ConfigError, match=r"'invnted' is not in the tables \(did you mean 'invented'\?\)"):
        drawn(given, kind, experiment="invnted")


@pytest.mark.parametrize("kind", ["composition", "growth", "onset", "charge_balance", "alternatives", "energy_scale"])
def test_two_experiments_stand_side_by_side(given: dict[str, pa.Table], kind: str):
    needed = figure_settings.tables_needed(kind)
    both = {name: synthetic_derived.renamed(given[name]) for name in needed}
    settings = {key: value for key, value in SETTINGS[kind].items() if key != "experiment"}
    named = {"kind": kind, **settings, "experiments": ["invented", "another"]}
    pages, numbers = kinds.module_of(kind).draw(named, both, "simulated")
    assert set(numbers["experiment"]) == {"invented", "another"}
    assert overlapping(pages[0]) == []
    alone, own = kinds.module_of(kind).draw({**named, "experiments": ["another"]}, both, "simulated")
    assert set(own["experiment"]) == {"another"}
    assert len(own) * 2 == len(numbers)
    assert len(alone) == 1


@pytest.mark.parametrize("kind", ["time_series", "composition", "growth", "onset", "alternatives", "percolation"])
def test_a_single_column_is_as_legible(given: dict[str, pa.Table], kind: str):
    pages, _ = drawn(given, kind, width="single")
    for figure in pages:
        assert figure.get_size_inches()[0] * 2.54 == pytest.approx(style.WIDTH_CM["single"])
        assert overlapping(figure) == []
        assert outside(figure) == []


OVER_A_SERIES = [kind for kind in SETTINGS if kind not in ("percolation", "claims_page", "rate_intervals")]


@pytest.mark.parametrize("cycles", [1, 40])
@pytest.mark.parametrize("kind", [kind for kind in OVER_A_SERIES if kind not in ("spectra_grid", "heat_map")])
def test_one_row_and_forty_are_as_legible_and_all_are_there(given: dict[str, pa.Table], kind: str, cycles: int):
    change = {"acquisition": 0} if kind == "identifiability" else {}
    pages, numbers = drawn(synthetic_derived.of_length(given, cycles), kind, **change)
    held = set(numbers["acquisition"].dropna())
    assert held == ({0} if kind == "identifiability" else set(range(cycles)))
    for figure in pages:
        assert figure.get_size_inches()[1] * 2.54 <= style.PAGE_HEIGHT_CM + 1e-6
        assert overlapping(figure) == []
        assert outside(figure) == []
