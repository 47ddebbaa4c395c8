"""Checks of a figure's settings: what exists passes, the rest is told with near matches; nothing heavy loads."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from xps import figure_settings
from xps.configuration import shape
from xps.table_schemas import SCHEMAS

PROJECT = Path(__file__).parents[1]
SCHEMA = yaml.safe_load((PROJECT / "config" / "schema" / "figure.schema.yaml").read_text())
FIGURES = sorted((PROJECT / "config" / "figures").glob("*.yaml"))

MODELS = {
    "lagp_ge3d": {
        "windows": [{"core_level": "Ge 3d"}],
        "components": [
            {"name": "a", "core_level": "Ge 3d", "species": "Ge4+"},
            {"name": "b", "core_level": "Ge 3d", "species": "Ge0"},
            {"name": "c", "core_level": "O 2s", "species": "O 2s"},
        ],
    },
    "lagp_o1s": {
        "windows": [{"core_level": "O 1s"}],
        "components": [{"name": "d", "core_level": "O 1s", "species": "PO4"}],
    },
}
EXPERIMENTS = {"lagp_demo": {"models": ["lagp_ge3d", "lagp_o1s"], "areas_cm2": {"pellet": 0.5515}}}
GRID = {"kind": "spectra_grid", "experiment": "lagp_demo", "axis": "plating_time_s"}
SERIES = {**GRID, "kind": "time_series", "quantity": "area_fraction"}


def faults(settings: dict[str, Any]) -> list[str]:
    return figure_settings.faults(settings, EXPERIMENTS, MODELS)


@pytest.mark.parametrize(
    "settings",
    [
        GRID,
        SERIES,
        {**GRID, "models": ["lagp_o1s"], "core_levels": ["O 1s"]},
        {**GRID, "core_levels": ["O 2s", "Ge 3d"]},
        {**GRID, "last_column": "charge_uah_cm2", "charge_area_cm2": 0.5515},
        {**SERIES, "species": ["Ge4+", "PO4"]},
    ],
)
def test_settings_that_name_what_exists_pass(settings: dict[str, Any]):
    assert faults(settings) == []


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {**GRID, "experiment": "lagp_dmeo"},
            "experiment: 'lagp_dmeo' is no experiment of this configuration (did you mean 'lagp_demo'?); "
            "there are: lagp_demo",
        ),
        (
            {**GRID, "models": ["lagp_ge3"]},
            "models: 'lagp_ge3' is no fit model of lagp_demo (did you mean 'lagp_ge3d'?); "
            "there are: lagp_ge3d, lagp_o1s",
        ),
        (
            {**GRID, "core_levels": ["Ge 3p"]},
            "core_levels: 'Ge 3p' is no core level that these models fit (did you mean 'Ge 3d'?); "
            "there are: Ge 3d, O 2s, O 1s",
        ),
        (
            {**SERIES, "species": ["Ge5+"]},
            "species: 'Ge5+' is no species of these models (did you mean 'Ge4+'?); there are: Ge4+, Ge0, O 2s, PO4",
        ),
        (
            {**SERIES, "species": ["xyz"]},
            "species: 'xyz' is no species of these models; there are: Ge4+, Ge0, O 2s, PO4",
        ),
        (
            {**SERIES, "models": ["lagp_o1s"], "species": ["Ge0"]},
            "species: 'Ge0' is no species of these models; there are: PO4",
        ),
        (
            {**GRID, "last_column": "charge_uah_cm2"},
            "charge_area_cm2: is missing; last_column charge_uah_cm2 refers the charge to this area (cm2)",
        ),
        (
            {**GRID, "charge_area_cm2": 0.5515},
            "charge_area_cm2: has no use here; it goes with last_column charge_uah_cm2",
        ),
        (
            {**GRID, "last_column": "charge_uah_cm2", "charge_area_cm2": 0.5},
            "charge_area_cm2: 0.5 cm2 is none of the experiment's areas_cm2 (pellet 0.5515 cm2)",
        ),
    ],
)
def test_what_does_not_exist_is_told_with_near_matches(settings: dict[str, Any], expected: str):
    assert faults(settings) == [expected]


def test_all_faults_come_at_once():
    found = faults({**SERIES, "models": ["lagp_x"], "core_levels": ["A"], "species": ["B"]})
    assert [fault.split(":")[0] for fault in found] == ["models", "core_levels", "species"]


@pytest.mark.parametrize("kind", figure_settings.NEEDS)
def test_each_kind_of_the_schema_has_its_tables(kind: str):
    assert kind in SCHEMA["properties"]["kind"]["enum"]
    needs = figure_settings.NEEDS[kind]
    assert set(figure_settings.tables_needed(kind)) <= set(SCHEMAS)
    assert ("acquisitions" in needs.of_experiment) is bool(needs.of_experiment)
    assert kind in SCHEMA["$defs"]
    assert figure_settings.category(kind) in figure_settings.CATEGORIES


def test_schema_and_module_know_the_same_kinds():
    assert SCHEMA["properties"]["kind"]["enum"] == list(figure_settings.NEEDS)


@pytest.mark.parametrize("path", FIGURES, ids=lambda path: path.stem)
def test_the_projects_figures_fit_the_schema(path: Path):
    assert shape.faults(yaml.safe_load(path.read_text()), SCHEMA) == []


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({**GRID, "quantity": "area_cps_ev"}, "unknown key 'quantity'"),
        ({**GRID, "rows_per_page": 11}, "rows_per_page: found 11"),
        ({**GRID, "scale": "rows"}, "expected one of: panel, column"),
        ({**SERIES, "quantity": "area"}, "quantity: found 'area'"),
        ({key: value for key, value in SERIES.items() if key != "quantity"}, "key 'quantity' is missing"),
        ({**SERIES, "kind": "heatmap"}, "(did you mean 'heat_map'?), expected one of: spectra_grid"),
        ({**SERIES, "kind": "heat_map"}, "unknown key 'quantity'"),
        ({"kind": "composition", "axis": "plating_time_s", "basis": "some"}, "expected one of: all, carbon_free"),
        ({"kind": "identifiability", "experiment": "lagp_demo"}, "key 'acquisition' is missing"),
        ({"experiment": "lagp_demo"}, "key 'kind' is missing"),
        ({**SERIES, "colour": "red"}, "unknown key 'colour'"),
    ],
)
def test_the_schema_is_strict(settings: dict[str, Any], words: str):
    found = shape.faults(settings, SCHEMA)
    assert any(words in fault for fault in found), found


def test_every_key_of_the_schema_is_described():
    def undescribed(schema: Any, place: str) -> list[str]:
        if not isinstance(schema, dict) or "$ref" in schema:
            return []
        own = [] if "description" in schema else [place]
        for name, inner in schema.get("properties", {}).items():
            own += undescribed(inner, f"{place}.{name}")
        return own + (undescribed(schema["items"], f"{place}[]") if "items" in schema else [])

    found = undescribed(SCHEMA, "figure")
    for name, definition in SCHEMA["$defs"].items():
        found += undescribed(definition, name)
    assert found == []


@pytest.mark.parametrize("module", ["xps.figure_settings", "xps.figures"])
def test_checking_settings_loads_no_drawing_library(module: str):
    heavy = "{'matplotlib', 'seaborn', 'pandas', 'pikepdf', 'lmfit'}"
    code = f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT / "scripts", capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


BOTH = {"lagp_demo": EXPERIMENTS["lagp_demo"], "lagp_rest": {"models": ["lagp_o1s"], "regions": {"O1s": ["O 1s"]}}}


def test_a_figure_of_several_experiments_is_drawn_from_the_tables_of_each():
    settings = {"kind": "onset", "experiments": ["lagp_demo", "lagp_rest"]}
    assert figure_settings.inputs(settings, ["x", "y"]) == [
        (experiment, table)
        for experiment in ("lagp_demo", "lagp_rest")
        for table in ("acquisitions", "components", "kinetics")
    ]


def test_what_is_drawn_from_reference_tables_shows_no_experiment():
    assert figure_settings.experiments_of({"kind": "percolation"}, ["a", "b"]) == []
    assert figure_settings.experiments_of({"kind": "claims_page"}, ["a", "b"]) == ["a", "b"]


def test_a_figure_that_names_no_experiment_takes_all_and_tables_of_the_project_stand_once():
    assert figure_settings.inputs({"kind": "fit_quality"}, ["a", "b"]) == [
        ("a", "acquisitions"), ("a", "fits"), ("b", "acquisitions"), ("b", "fits"),
    ]  # fmt: skip
    assert figure_settings.inputs({"kind": "percolation"}, ["a", "b"]) == [("", "phases")]
    # rates that need two experiments stand in a table of the project, beside those of each
    assert ("", "kinetics") in figure_settings.inputs({"kind": "rate_intervals"}, ["a"])


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            {"kind": "onset", "experiments": ["lagp_demo", "lagp_rset"]},
            "experiments: 'lagp_rset' is no experiment of this configuration (did you mean 'lagp_rest'?); "
            "there are: lagp_demo, lagp_rest",
        ),
        (
            {"kind": "onset", "experiments": ["lagp_rest"], "species": ["Ge0"]},
            "species: 'Ge0' is no species of these models; there are: PO4",
        ),
        (
            {"kind": "heat_map", "experiment": "lagp_demo", "windows": [{"model": "lagp_o1", "core_level": "O 1s"}]},
            "windows: 'lagp_o1' is no fit model of lagp_demo (did you mean 'lagp_o1s'?); "
            "there are: lagp_ge3d, lagp_o1s",
        ),
        (
            {"kind": "heat_map", "experiment": "lagp_demo", "windows": [{"model": "lagp_o1s", "core_level": "O 2s"}]},
            "windows: 'O 2s' is no core level that lagp_o1s fits (did you mean 'O 1s'?); there are: O 1s",
        ),
    ],
)
def test_kinds_of_several_experiments_name_only_what_exists(settings: dict[str, Any], expected: str):
    assert figure_settings.faults(settings, BOTH, MODELS) == [expected]


def test_experiments_come_from_the_key_the_list_or_all():
    assert figure_settings.experiments_of({"experiment": "a", "experiments": ["b"]}) == ["a"]
    assert figure_settings.experiments_of({"experiments": ["b", "c"]}, ["d"]) == ["b", "c"]
    assert figure_settings.experiments_of({}, ["d"]) == ["d"]


@pytest.mark.parametrize(
    ("kind", "spared"),
    [("spectra_grid", {"seaborn", "lmfit", "scipy.stats"}), ("time_series", {"seaborn", "lmfit", "scipy.stats"}),
     ("claims_page", {"seaborn", "lmfit", "scipy"}), ("alternatives", {"lmfit"})],
)  # fmt: skip
def test_a_figure_job_loads_only_what_its_kind_draws_with(kind: str, spared: set[str]):
    loaded = f"import sys; from xps.figures import kinds; kinds.module_of({kind!r})"
    code = f"{loaded}; print(sorted({spared} & set(sys.modules)))"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT / "scripts", capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[]"


def test_seaborn_is_used_where_it_draws():
    code = "import sys; from xps.figures import kinds; kinds.module_of('alternatives'); print('seaborn' in sys.modules)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=PROJECT / "scripts", capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "True"
