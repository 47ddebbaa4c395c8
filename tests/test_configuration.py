"""Settings: every fault is told, all at once, with its place; what passes reaches the rules leaf by leaf."""

import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from xps import configuration
from xps.configuration import documents, places, shape
from xps.configuration.analysis import Analysis
from xps.errors import ConfigError

PROJECT = Path(__file__).parents[1]
SCHEMAS = PROJECT / "config" / "schema"
OWN_SCHEMAS = ("config", "experiment", "acquisitions")

CONFIG: dict[str, Any] = {
    "raw": "raw",
    "results": "results",
    "experiments": ["series_a"],
    "figures": ["areas"],
    "run": {"block_size": 50, "threads": 2},
}
EXPERIMENT: dict[str, Any] = {
    "description": "A pellet under the electron beam.",
    "data_origin": "measured",
    "source": {"folder": "series_a", "files": ["*.spe"], "log": "acquisitions.csv"},
    "regions": {"Ge3d": ["Ge 3d", "O 2s"], "C1s": ["C 1s"]},
    "energy_reference": {"mode": "fitted", "level": "C 1s", "component": "C-C", "binding_energy_ev": 284.8},
    "axis": "plating_time_s",
    "areas_cm2": {"pellet": 0.5515},
    "models": ["germanium", "carbon"],
}
FIGURE: dict[str, Any] = {
    "kind": "time_series",
    "experiment": "series_a",
    "axis": "plating_time_s",
    "quantity": "area_fraction",
}


def component(name: str, level: str, low: float, high: float) -> dict[str, Any]:
    return {
        "name": name,
        "core_level": level,
        "species": name,
        "line": level,
        "shape": {"type": "gaussian"},
        "position_ev": {"start": (low + high) / 2, "low": low, "high": high},
        "fwhm_ev": {"start": 1.3, "low": 0.8, "high": 2.0},
        "source": "made up for a test",
    }


def model(level: str, *components: dict[str, Any]) -> dict[str, Any]:
    low = min(part["position_ev"]["low"] for part in components) - 3.0
    high = max(part["position_ev"]["high"] for part in components) + 3.0
    window = {"core_level": level, "low_ev": low, "high_ev": high, "background": {"type": "shirley"}}
    return {"description": "A test model.", "windows": [window], "components": list(components)}


class Project:
    """A small project in a temporary folder, its files as mappings that a test may change before ``load``."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.config = yaml.safe_load(yaml.safe_dump(CONFIG))
        self.experiment = yaml.safe_load(yaml.safe_dump(EXPERIMENT))
        self.figure = dict(FIGURE)
        self.germanium = model("Ge 3d", component("Ge4+", "Ge 3d", 32.0, 33.0), component("O 2s", "O 2s", 24.0, 26.0))
        self.carbon = model("C 1s", component("C-C", "C 1s", 284.0, 285.6), component("C-O", "C 1s", 286.0, 287.0))
        self.raw = root / "raw" / "series_a"
        self.raw.mkdir(parents=True)
        for name in ("b_005min.SPE", "a_000min.spe", "acquisitions.csv", "notes.txt", "._a_000min.spe"):
            (self.raw / name).write_bytes(b"")
        shutil.copytree(SCHEMAS, root / "config" / "schema")

    def write(self, path: str, content: Any) -> Path:
        target = self.root / "config" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(content if isinstance(content, str) else yaml.safe_dump(content))
        return target

    def load(self, **options: Any) -> Analysis:
        for path, content in {
            "experiments/series_a.yaml": self.experiment,
            "models/germanium.yaml": self.germanium,
            "models/carbon.yaml": self.carbon,
            "figures/areas.yaml": self.figure,
        }.items():
            if content is not None:
                self.write(path, content)
        return configuration.load(self.root, self.config, **options)

    def faults(self, **options: Any) -> list[str]:
        with pytest.raises(ConfigError) as caught:
            self.load(**options)
        first, *lines = str(caught.value).splitlines()
        assert re.fullmatch(rf"configuration: {len(lines)} faults?", first)
        return [line.removeprefix("  - ") for line in lines]


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path)


def wildcards(**names: str) -> SimpleNamespace:
    return SimpleNamespace(**names)


SERIES = wildcards(experiment="series_a")


# --- schemas: the manual -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", sorted(SCHEMAS.glob("*.yaml")), ids=lambda path: path.stem)
def test_schema_is_valid_and_strictly_written(path: Path) -> None:
    document = documents.read(path)
    assert document.faults == []
    Draft202012Validator.check_schema(document.mapping)


def keys_of(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every key that a schema declares, with its own schema."""
    for name, own in schema.get("properties", {}).items():
        yield f"{path}.{name}", own
        yield from keys_of(own, f"{path}.{name}")
    for inner in ("items", "additionalProperties"):
        if isinstance(schema.get(inner), Mapping):
            yield f"{path}.{inner}", schema[inner]
            yield from keys_of(schema[inner], f"{path}.{inner}")


def objects_of(schema: Any, path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    if isinstance(schema, Mapping):
        if schema.get("type") == "object":
            yield path, schema
        for key, value in schema.items():
            yield from objects_of(value, f"{path}.{key}")


@pytest.mark.parametrize("name", OWN_SCHEMAS)
def test_every_key_has_a_description_that_names_its_unit_or_says_there_is_none(name: str) -> None:
    schema = yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text())
    described = {path: own.get("description", "") for path, own in keys_of(schema)}
    assert [path for path, text in described.items() if len(text) < 10] == []
    unit = re.compile(
        r"\((no unit|a count|a fraction|a path|a file name|a relative path|s|eV|cm2|nm|uA|Pa|local time)\b"
    )
    leaves = {path: text for path, text in described.items() if not _is_container(dict(keys_of(schema))[path])}
    assert [path for path, text in leaves.items() if not unit.search(text)] == []


def _is_container(schema: Mapping[str, Any]) -> bool:
    return schema.get("type") in ("object", "array")


@pytest.mark.parametrize("name", OWN_SCHEMAS)
def test_no_object_takes_unknown_keys(name: str) -> None:
    schema = yaml.safe_load((SCHEMAS / f"{name}.schema.yaml").read_text())
    assert [path for path, own in objects_of(schema) if own.get("additionalProperties", True) is True] == []


@pytest.mark.parametrize("name", ["config", "sno2_depth_profile"])
def test_shipped_configuration_has_the_shape_of_its_schema(name: str) -> None:
    schema = yaml.safe_load((SCHEMAS / "config.schema.yaml").read_text())
    document = documents.read(PROJECT / "config" / f"{name}.yaml")
    assert document.faults == []
    assert document.mapping is not None
    assert shape.faults(document.mapping, schema) == []


def test_shipped_demonstration_is_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)
    path = Path("config/config.yaml")
    analysis = configuration.load(Path(), yaml.safe_load(path.read_text()), files=[path])
    assert {settings["data_origin"] for settings in analysis.experiments.values()} == {"simulated"}


def test_shipped_depth_profile_is_sound(monkeypatch: pytest.MonkeyPatch, shared_data: Path) -> None:
    monkeypatch.chdir(PROJECT)
    path = Path("config/sno2_depth_profile.yaml")
    analysis = configuration.load(Path(), yaml.safe_load(path.read_text()), files=[path])
    series = wildcards(experiment="sno2_depth_profile")
    assert [Path(name).resolve() for name in analysis.raw_files(series)] == [
        (shared_data / "pynxtools-xps" / "SnO2_10nm_1.pro").resolve()
    ]


def test_shipped_configurations_have_their_own_results_roots() -> None:
    paths = [path for path in sorted((PROJECT / "config").glob("*.yaml")) if path.name != "claims.yaml"]
    roots = [yaml.safe_load(path.read_text())["results"] for path in paths]
    assert len(roots) == len(set(roots)) >= 2


# --- strict YAML -------------------------------------------------------------------------------------------------

_KEYS = st.text("abcdefgh_", min_size=1, max_size=6)
_LEAVES = st.one_of(
    st.booleans(),
    st.none(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
    st.text("abc äµ-:#'\"", max_size=8),
)
_TREES = st.recursive(
    _LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_KEYS, inner, max_size=3)),
    max_leaves=8,
)


@given(st.dictionaries(_KEYS, _TREES, min_size=1, max_size=4))
def test_what_yaml_writes_without_tricks_is_read_back(tree: dict[str, Any]) -> None:
    dumper = type("NoAliases", (yaml.SafeDumper,), {"ignore_aliases": lambda self, data: True})
    assert documents.parse(yaml.dump(tree, Dumper=dumper, allow_unicode=True)) == (tree, [])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty"),
        ("# nothing but a comment\n", "is empty"),
        ("- a\n- b\n", "holds a list, expected keys with values"),
        ("just words\n", "holds a text"),
        ("a: 1\nb: 2\na: 3\n", "line 3: key 'a' is given twice"),
        ("a:\n  b: 1\n  b: 1\n", "line 3: key 'b' is given twice"),
        ("No: [N 1s]\n", "line 1: key 'No' is no text; put it in quotes"),
        ("1: x\n", "line 1: key '1' is no text"),
        ("a: 1:30\n", "'1:30' is no plain decimal number"),
        ("a: 010\n", "'010' is no plain decimal number"),
        ("a: 0x1f\n", "'0x1f' is no plain decimal number"),
        ("a: 1_000\n", "'1_000' is no plain decimal number"),
        ("a: .nan\n", "'.nan' is no finite decimal number"),
        ("a: -.inf\n", "'-.inf' is no finite decimal number"),
        ("a: 1.0e+999\n", "'1.0e+999' is no finite decimal number"),
        ("a: 1e-3\n", "'1e-3' is a text to YAML; write the number with a point and a sign, such as 1.0e-3"),
        ("a: 2024-01-22\n", "'2024-01-22' would be read as a date"),
        ("a: &x [1]\nb: *x\n", "anchors and aliases are not used here"),
        ("a: &x [*x]\n", "anchors and aliases are not used here"),
        ("a:\n\tb: 1\n", "indent with blanks, never with tabs"),
        ("a: [1\n", "is not valid YAML: line"),
        ("a: 1\n---\nb: 2\n", "is not valid YAML"),
        ("a: !!python/object/apply:os.system [true]\n", "is not valid YAML"),
        ("a: \x07\n", "is not valid YAML"),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_trap_in_yaml_is_a_fault_and_yields_no_mapping(text: str, fault: str) -> None:
    document = documents.parse(text)
    assert document.mapping is None
    assert any(fault in found for found in document.faults), document.faults


def test_all_traps_of_one_file_are_told() -> None:
    lines = [fault.split(":")[0] for fault in documents.parse("a: 1:30\nb: 010\nc: .nan\nc: 1\n").faults]
    assert sorted(lines) == ["line 1", "line 2", "line 3", "line 4"]


CONFIG_TEXTS = [path.read_text() for path in sorted((PROJECT / "config").rglob("*.yaml"))]
ODD_MARKS = " \n\t\r:-#[]{},&*!|>'\"%@`?~=<aN01.\u2028\x85\ufeffé"


def answer_of(loader: Any, text: str) -> object:
    """Return what a loader makes of ``text``; None where it refuses it."""
    try:
        return documents._loaded(text, loader)
    except (yaml.YAMLError, RecursionError):
        return None


def test_both_loaders_read_every_file_of_the_project_alike() -> None:
    fast, plain = documents._LOADERS
    for text in CONFIG_TEXTS:
        assert answer_of(fast, text) == answer_of(plain, text) != None  # noqa: E711 - none of them is refused


@given(st.data())
@settings(max_examples=400)
def test_what_the_fast_loader_accepts_the_plain_one_reads_alike(data: st.DataObject) -> None:
    whole = data.draw(st.sampled_from(CONFIG_TEXTS))
    start = data.draw(st.integers(0, len(whole) - 1))
    text = whole[start : start + data.draw(st.integers(5, 200))]
    for _ in range(data.draw(st.integers(0, 4))):
        place = data.draw(st.integers(0, len(text)))
        text = text[:place] + data.draw(st.sampled_from(ODD_MARKS)) + text[place + data.draw(st.integers(0, 1)) :]
    fast, plain = documents._LOADERS
    found = None if documents._WAYWARD.search(text) else answer_of(fast, text)
    assert found is None or repr(found) == repr(answer_of(plain, text))  # by their signs: nan is not nan


@pytest.mark.parametrize(("value", "expected"), [("'1e-3'", "1e-3"), ('"2024-01-22"', "2024-01-22"), ("'010'", "010")])
def test_quotes_make_a_text(value: str, expected: str) -> None:
    assert documents.parse(f"a: {value}\n").mapping == {"a": expected}


def test_byte_order_mark_and_windows_line_ends_are_read(tmp_path: Path) -> None:
    path = tmp_path / "windows.yaml"
    path.write_bytes(b"\xef\xbb\xbfa: 1\r\nb: text\r\n")
    assert documents.read(path) == ({"a": 1, "b": "text"}, [])


def test_file_that_is_no_utf8_or_missing_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"a: \xb5A\n")
    assert "is not UTF-8" in documents.read(path).faults[0]
    assert "no such file" in documents.read(tmp_path / "absent.yaml").faults[0]
    assert "cannot be read" in documents.read(tmp_path).faults[0]


@given(_TREES, st.randoms(use_true_random=False))
def test_order_of_keys_carries_no_meaning(tree: Any, random: Any) -> None:
    assert repr(documents.plain(_shuffled(tree, random))) == repr(documents.plain(tree))


def _shuffled(tree: Any, random: Any) -> Any:
    if isinstance(tree, dict):
        keys = list(tree)
        random.shuffle(keys)
        return {key: _shuffled(tree[key], random) for key in keys}
    return [_shuffled(item, random) for item in tree] if isinstance(tree, list) else tree


# --- shape -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"experimnts": []}, "the configuration: unknown key 'experimnts' (did you mean 'experiments'?)"),
        ({"raw": 3}, "the configuration: raw: found 3, which is not a text; expected: Folder that holds"),
        ({"raw": ""}, "the configuration: raw: found '', which is too short"),
        ({"experiments": ["Bad Name"]}, "experiments[0]: found 'Bad Name', which is not of the form asked for"),
        ({"experiments": ["../x"]}, "experiments[0]: found '../x'"),
        ({"experiments": ["series_a", "series_a"]}, "experiments: holds 'series_a' more than once"),
        ({"run": {"threads": 0}}, "run.threads: found 0, must be at least 1"),
        ({"run": {"treads": 1}}, "run: unknown key 'treads' (did you mean 'threads'?)"),
        ({"run": {"threads": True}}, "run.threads: found True, which is not a whole number"),
    ],
)
def test_fault_in_the_configuration_is_told_with_place_and_expectation(
    project: Project, change: Mapping[str, Any], fault: str
) -> None:
    project.config |= change
    assert any(fault in found for found in project.faults()), project.faults()


def test_what_follows_from_reference_tables_alone_needs_no_experiment(project: Project) -> None:
    project.config |= {"experiments": [], "figures": []}
    analysis = project.load()
    assert (dict(analysis.experiments), analysis.comparison_inputs()) == ({}, [])
    assert set(analysis.reference_rows()) == {"phases", "reactions"}


@pytest.mark.parametrize("empty", [None, {}])
def test_empty_configuration_is_one_clear_fault(project: Project, empty: Any) -> None:
    project.config = empty
    assert project.faults() == ["the configuration: is empty; see config/schema/config.schema.yaml for its keys"]


@pytest.mark.parametrize("key", ["raw", "results", "experiments", "figures"])
def test_missing_key_is_told_with_its_description(project: Project, key: str) -> None:
    del project.config[key]
    (fault,) = project.faults()
    described = yaml.safe_load((SCHEMAS / "config.schema.yaml").read_text())["properties"][key]["description"]
    assert fault == f"the configuration: key {key!r} is missing: {described}"


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (("data_origin",), "mesured", "data_origin: found 'mesured' (did you mean 'measured'?), expected one of"),
        (("source", "log"), 5, "source.log: found 5, which is not a text or null"),
        (("source", "files"), ["sub/*.spe"], "source.files[0]: found 'sub/*.spe'"),
        (("regions", "Ge3d"), "Ge 3d", "regions.Ge3d: found 'Ge 3d', which is not a list"),
        (("regions", "Ge3d"), [], "regions.Ge3d: found [], which is too short"),
        (("energy_reference", "binding_energy_ev"), -1.0, "binding_energy_ev: found -1.0, must be above 0"),
        (("energy_reference", "binding_energy_ev"), "284.8", "binding_energy_ev: found '284.8', which is not a number"),
        (("areas_cm2", "pellet"), 0, "areas_cm2.pellet: found 0, must be above 0; expected: One area (cm2)."),
        (("kinetics",), {"laws": ["parabola"]}, "kinetics.laws[0]: found 'parabola' (did you mean 'parabolic'?)"),
        (("axis",), "time", "axis: found 'time'"),
        (("surprise",), 1, "unknown key 'surprise'"),
    ],
)
def test_fault_in_an_experiment_file_names_the_file_and_the_key(
    project: Project, path: tuple[str, ...], value: Any, fault: str
) -> None:
    place = project.experiment
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    found = project.faults()
    assert any(f"config/experiments/series_a.yaml: {fault}" in line or fault in line for line in found), found
    assert all(line.startswith("config/experiments/series_a.yaml: ") for line in found)


def test_alternatives_of_a_schema_are_told_by_the_one_that_was_meant(project: Project) -> None:
    project.carbon["components"][0]["position_ev"] = {"start": 284.8, "low": 284.0, "hihg": 285.6}
    assert any("position_ev" in fault and "hi" in fault for fault in project.faults()), project.faults()


# --- files that refer to files -----------------------------------------------------------------------------------


def test_missing_files_are_told_with_near_matches_by_the_file_that_wants_them(project: Project) -> None:
    project.config["experiments"] = ["seriesa"]
    project.config["figures"] = ["aras"]
    project.experiment["models"] = ["germanum", "carbon"]
    found = project.faults()
    assert "there is no file config/experiments/seriesa.yaml (did you mean 'series_a'?)" in found[0]
    assert any("there is no file config/figures/aras.yaml (did you mean 'areas'?)" in fault for fault in found)
    project.config |= {"experiments": ["series_a"], "figures": []}
    (fault,) = project.faults()
    assert fault.startswith("config/experiments/series_a.yaml: models: there is no file config/models/germanum.yaml")
    assert "did you mean 'germanium'" in fault


def test_all_faults_of_all_files_come_out_together(project: Project) -> None:
    project.config["run"] = {}
    project.experiment["axis"] = "time"
    project.write("experiments/second.yaml", "")
    project.config["experiments"] += ["second", "third"]
    project.figure["colour"] = "red"
    project.config["results"] = "raw/out"
    found = project.faults(checks=[lambda analysis: ["config/models/x.yaml: a fault from above"]])
    places_named = {fault.split(":")[0] for fault in found}
    assert places_named >= {
        "config/experiments/series_a.yaml",
        "config/experiments/second.yaml",
        "the configuration",
        "config/figures/areas.yaml",
        "results",
        "config/models/x.yaml",
    }


def test_checks_from_above_see_the_files_that_are_sound(project: Project) -> None:
    seen: list[Analysis] = []

    def remember(analysis: Analysis) -> list[str]:
        seen.append(analysis)
        return []

    project.germanium["windows"] = "none"
    project.faults(checks=[remember])
    assert set(seen[0].models) == {"carbon"}
    assert set(seen[0].experiments) == {"series_a"}


def test_configuration_file_itself_is_read_strictly(project: Project) -> None:
    path = project.write("config.yaml", yaml.safe_dump(CONFIG) + "raw: elsewhere\n")
    (fault,) = project.faults(files=[path])
    assert fault.startswith("config.yaml: line ")
    assert "'raw' is given twice" in fault


def test_template_language_of_the_workflow_engine_is_refused(project: Project) -> None:
    path = project.write("config.yaml", "__use_yte__: true\n" + yaml.safe_dump(CONFIG))
    (fault,) = project.faults(files=[path])
    assert fault == "config.yaml: key '__use_yte__' is no setting but an instruction to the reader; remove it"


def test_missing_schema_is_told_and_not_taken_for_permission(project: Project) -> None:
    (project.root / "config" / "schema" / "model.schema.yaml").unlink()
    assert any("schema model: there is no such file" in fault for fault in project.faults())


# --- sense -------------------------------------------------------------------------------------------------------


def change(path: str, value: Any) -> Callable[[Project], None]:
    def apply(project: Project) -> None:
        place: Any = project
        first, *middle, last = path.split(".")
        place = getattr(place, first)
        for key in middle:
            place = place[int(key) if isinstance(place, list) else key]
        if value is None:
            del place[last]
        else:
            place[int(last) if isinstance(place, list) else last] = value

    return apply


REFERENCE = "experiment.energy_reference"


@pytest.mark.parametrize(
    ("apply", "fault"),
    [
        (
            change("experiment.regions.Su1s", ["C 1s"]),
            "regions: C 1s lies in C1s and in Su1s; a core level belongs to one window",
        ),
        (
            change("germanium.windows.0.core_level", "Ge 3s"),
            "models: germanium needs Ge 3s (did you mean 'Ge 3d'?), which no region of this experiment holds",
        ),
        (change("germanium.components.1.core_level", "P 2p"), "models: germanium needs P 2p"),
        (change(f"{REFERENCE}.level", "C1s"), "energy_reference.level: no region holds C1s (did you mean 'C 1s'?)"),
        (
            change(f"{REFERENCE}.component", "CC"),
            "energy_reference.component: no model has a C 1s component 'CC' (did you mean 'C-C'?); they hold C-C, C-O",
        ),
        (change(f"{REFERENCE}.component", "Ge4+"), "no model has a C 1s component 'Ge4+'"),
        (change(f"{REFERENCE}.binding_energy_ev", 290.0), "290.0 eV is outside the positions 284.0 to 285.6 eV"),
        (change(f"{REFERENCE}.component", None), "energy_reference: mode fitted needs component"),
        (change(f"{REFERENCE}.shift_ev", 0.3), "energy_reference: shift_ev means nothing in mode fitted; remove it"),
        (change(f"{REFERENCE}.mode", "none"), "energy_reference: level means nothing in mode none; remove it"),
        (
            change("experiment.energy_reference", {"mode": "fixed", "shift_ev": 1.0, "drift_stderr_ev": 0.1}),
            "energy_reference: drift_stderr_ev means nothing in mode fixed; remove it",
        ),
        (change("experiment.energy_reference", {"mode": "fixed"}), "energy_reference: mode fixed needs shift_ev"),
        (
            change("carbon.components.0.position_ev", 285.0),
            "284.8 eV is outside the positions 285.0 to 285.0 eV that carbon allows 'C-C'",
        ),
        (change("figure.experiment", "series_b"), "'series_b'"),
        (change("figure.models", ["silicon"]), "'silicon'"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    project: Project, apply: Callable[[Project], None], fault: str
) -> None:
    apply(project)
    assert any(fault in found for found in project.faults()), project.faults()


def test_reference_component_in_two_models_is_ambiguous(project: Project) -> None:
    project.germanium["components"].append(component("C-C", "C 1s", 284.0, 285.6))
    assert any("stands in several models: germanium, carbon" in fault for fault in project.faults())


def test_reference_position_given_by_a_tie_is_left_to_the_model(project: Project) -> None:
    del project.carbon["components"][0]["position_ev"]
    assert project.load().reference_model(SERIES)["name"] == "carbon"


def test_operator_axis_needs_a_log(project: Project) -> None:
    project.experiment["source"]["log"] = None
    assert any("axis: plating_time_s is known from the operator's log only" in fault for fault in project.faults())
    project.experiment["axis"] = "start_time_s"
    project.load()


@pytest.mark.parametrize("name", places.RESERVED_NAMES)
def test_experiment_cannot_take_the_name_of_a_results_folder(project: Project, name: str) -> None:
    project.write(f"experiments/{name}.yaml", project.experiment)
    project.config["experiments"] = [name]
    project.figure["experiment"] = name
    assert any(f"the name {name!r} belongs to a folder of the results" in fault for fault in project.faults())


def test_unsound_model_causes_no_guesses_about_what_it_may_hold(project: Project) -> None:
    project.carbon["components"] = []
    project.figure["core_levels"] = ["C 1s"]
    found = project.faults()
    assert all(fault.startswith("config/models/carbon.yaml: ") for fault in found), found


# --- folders and files -------------------------------------------------------------------------------------------


def test_missing_raw_root_and_folder_are_faults_that_name_them(project: Project) -> None:
    project.experiment["source"]["folder"] = "series_aa"
    (fault,) = project.faults()
    assert "source.folder: there is no folder raw/series_aa (did you mean 'series_a'?)" in fault
    project.config["raw"] = "rwa"
    (fault,) = project.faults()
    assert fault.startswith("raw: the raw root rwa does not exist")


def test_raw_root_that_is_a_file_is_a_fault(project: Project) -> None:
    (project.root / "file").write_text("")
    project.config["raw"] = "file"
    assert any(fault.startswith("raw: the raw root file is no folder") for fault in project.faults())


def test_folder_without_matching_files_is_a_fault(project: Project) -> None:
    project.experiment["source"]["files"] = ["*.pro"]
    (fault,) = project.faults()
    assert (
        "source.files: no file in raw/series_a matches *.pro (it holds a_000min.spe, b_005min.SPE, notes.txt)" in fault
    )
    for path in project.raw.iterdir():
        path.unlink()
    found = project.faults()
    assert any("(no raw file is there)" in fault for fault in found)
    assert any("source.log: there is no raw/series_a/acquisitions.csv" in fault for fault in found)


def test_missing_log_and_missing_named_file_are_told_with_near_matches(project: Project) -> None:
    project.experiment["source"] |= {"log": "acquisition.csv", "files": ["a_001min.spe"]}
    found = project.faults()
    assert any("there is no raw/series_a/acquisition.csv (did you mean 'acquisitions.csv'?)" in f for f in found)
    assert any("there is no raw/series_a/a_001min.spe (did you mean 'a_000min.spe'?)" in f for f in found)
    project.experiment["source"]["files"] = ["a_000min.spe", "a_001min.spe"]
    assert any(fault.endswith("there is no raw/series_a/a_001min.spe") for fault in project.faults())


def test_patterns_ignore_case_hidden_files_folders_and_the_log_and_take_brackets_literally(project: Project) -> None:
    (project.raw / "folder.spe").mkdir()
    (project.raw / "x[1].spe").write_bytes(b"")
    project.experiment["source"]["files"] = ["?_*MIN.spe", "x[1].*", "*.csv"]
    files = project.load().raw_files(SERIES)
    assert files == ["raw/series_a/a_000min.spe", "raw/series_a/b_005min.SPE", "raw/series_a/x[1].spe"]


@pytest.mark.parametrize("folder", ["..", "../raw/series_a", "series_a/../../secret", "/etc", "series_a\\x"])
def test_folder_may_not_leave_the_raw_root(project: Project, folder: str) -> None:
    project.experiment["source"]["folder"] = folder
    assert any("must be a path below the raw root" in fault for fault in project.faults())


@pytest.mark.parametrize("name", ["c.spe", "acquisitions.csv"])
def test_link_to_a_file_outside_the_raw_root_is_refused(project: Project, name: str) -> None:
    outside = project.root / "outside.spe"
    outside.write_bytes(b"secret")
    (project.raw / name).unlink(missing_ok=True)
    (project.raw / name).symlink_to(outside)
    assert any(f"{name} is a link that leaves the raw root" in fault for fault in project.faults())


def test_linked_folder_outside_the_raw_root_is_refused_and_inside_is_not(project: Project) -> None:
    (project.root / "elsewhere").mkdir()
    (project.root / "raw" / "away").symlink_to(project.root / "elsewhere")
    (project.root / "raw" / "alias").symlink_to(project.raw)
    project.experiment["source"]["folder"] = "away"
    assert any("raw/away is a link that leaves the raw root" in fault for fault in project.faults())
    project.experiment["source"]["folder"] = "alias"
    assert project.load().raw_files(SERIES)[0] == "raw/alias/a_000min.spe"


def test_raw_root_may_itself_be_a_link_or_lie_elsewhere(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    store = tmp_path_factory.mktemp("store") / "data"
    shutil.move(project.root / "raw", store)
    (project.root / "raw").symlink_to(store)
    assert len(project.load().raw_files(SERIES)) == 2
    project.config["raw"] = os.path.relpath(store, project.root)
    assert project.load().raw_files(SERIES)[0].startswith("../")


@pytest.mark.parametrize("name", ["broken.spe", "loop.spe", "brace{x}.spe", "line\nfeed.spe"])
def test_file_that_snakemake_or_a_table_cannot_take_is_refused(project: Project, name: str) -> None:
    if name in ("broken.spe", "loop.spe"):
        (project.raw / name).symlink_to(project.raw / name.replace("broken", "nowhere"))
    else:
        (project.raw / name).write_bytes(b"")
    (fault,) = project.faults()
    expected = "is a link that leaves|is no readable file" if name in ("broken.spe", "loop.spe") else "rename the file"
    assert re.search(expected, fault), fault


@pytest.mark.parametrize(
    ("results", "fault"),
    [
        ("raw", "lie in each other"),
        ("raw/results", "lie in each other"),
        (".", "would hold the project itself"),
        ("..", "would hold the project itself"),
        ("config", "lies in the project's folder config"),
        ("scripts/out", "lies in the project's folder scripts"),
        (".venv", "lies in the project's folder .venv"),
        (".snakemake/out", "lies in the project's folder .snakemake"),
        ("docs/results", "lies in the project's folder docs"),
        ("benchmarks", "lies in the project's folder benchmarks"),
        ("notes.txt", "is no folder"),
        ("notes.txt/out", "is no folder"),
    ],
)
def test_results_root_must_be_a_folder_of_its_own(project: Project, results: str, fault: str) -> None:
    (project.root / "notes.txt").write_text("")
    project.config["results"] = results
    assert any(found.startswith("results: ") and fault in found for found in project.faults()), project.faults()


@pytest.mark.parametrize("results", ["raw", "raw/results", "linked"])
def test_results_among_the_projects_raw_files_are_refused_though_the_raw_root_lies_elsewhere(
    project: Project, tmp_path_factory: pytest.TempPathFactory, results: str
) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "raw"
    shutil.copytree(project.root / "raw", elsewhere)
    (project.root / "linked").symlink_to(project.root / "raw")
    project.config |= {"raw": str(elsewhere), "results": results}
    (fault,) = project.faults()
    assert fault == f"results: {results} lies in the project's folder raw; results need a folder of their own"


def test_raw_root_inside_the_results_root_is_refused(project: Project) -> None:
    shutil.copytree(project.root / "raw", project.root / "out" / "raw")
    project.config |= {"raw": "out/raw", "results": "out"}
    assert any("lie in each other" in fault for fault in project.faults())


def test_results_may_be_linked_as_a_whole_but_not_in_part(
    project: Project, tmp_path_factory: pytest.TempPathFactory
) -> None:
    scratch = tmp_path_factory.mktemp("scratch")
    (project.root / "results").symlink_to(scratch)
    project.load()
    (project.root / "results" / "series_a").symlink_to(tmp_path_factory.mktemp("other"))
    (fault,) = project.faults()
    assert fault == "results: results/series_a is a link that leaves the results root; remove it"


def test_permissions_are_checked(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = {project.raw / "a_000min.spe", project.root}  # a test may run as root, who may do everything
    monkeypatch.setattr(places.os, "access", lambda path, mode: Path(path).absolute() not in refused)
    first, second = project.faults()
    assert first == "config/experiments/series_a.yaml: source: raw/series_a/a_000min.spe may not be read; " + (
        "change its permissions"
    )
    assert second.startswith("results: . may not be written to")


def test_nothing_outside_config_is_opened_and_nothing_is_written(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.load()
    before = sorted(project.root.rglob("*"))
    opened: list[Path] = []
    original = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda self: opened.append(self) or original(self))
    configuration.load(project.root, project.config)
    assert opened
    assert all(project.root / "config" in path.parents for path in opened)
    assert sorted(project.root.rglob("*")) == before


# --- what the rules get ------------------------------------------------------------------------------------------


def test_rules_get_paths_as_the_configuration_spells_the_roots(project: Project) -> None:
    analysis = project.load()
    assert (analysis.raw_root, analysis.results) == ("raw", "results")
    assert analysis.raw_files(SERIES) == ["raw/series_a/a_000min.spe", "raw/series_a/b_005min.SPE"]
    assert analysis.log_file(SERIES) == ["raw/series_a/acquisitions.csv"]
    paths = analysis.figure_inputs(wildcards(figure="areas"))
    assert paths
    assert all(re.fullmatch(r"results/series_a/[a-z]+\.parquet", path) for path in paths)
    assert list(analysis.experiments) == ["series_a"]
    assert list(analysis.figures) == ["areas"]


def test_experiment_without_log_has_no_log_input(project: Project) -> None:
    project.experiment["source"]["log"] = None
    project.experiment["axis"] = "start_time_s"
    assert project.load().log_file(SERIES) == []


def test_each_getter_gives_just_its_leaf(project: Project) -> None:
    analysis = project.load()
    assert analysis.parse_settings(SERIES) == {key: EXPERIMENT[key] for key in ("data_origin", "regions", "source")}
    assert analysis.energy_reference(SERIES) == EXPERIMENT["energy_reference"]
    assert analysis.axis(SERIES) == "plating_time_s"
    assert analysis.areas_cm2(SERIES) == {"pellet": 0.5515}
    assert analysis.fit_engine(SERIES) == "separable"
    assert analysis.kinetics_settings(SERIES) == {"laws": ["linear", "exponential", "parabolic"]}
    assert analysis.figure_settings(wildcards(figure="areas")) == FIGURE
    assert analysis.model_mappings(SERIES) == {"germanium": project.germanium, "carbon": project.carbon}


def test_a_figure_knows_the_labels_of_its_experiments(project: Project) -> None:
    analysis = project.load()
    named = {name: {**settings, "label": "LGPS"} for name, settings in analysis.experiments.items()}
    labelled = replace(analysis, experiments=named)
    names = labelled.figure_settings(wildcards(figure="areas"))["names"]
    assert set(names.values()) == {"LGPS"}
    assert set(names) <= set(analysis.experiments)


def test_the_engine_is_the_experiments_word(project: Project) -> None:
    project.experiment["engine"] = "lmfit"
    assert project.load().fit_engine(SERIES) == "lmfit"
    project.experiment["engine"] = "casa"
    with pytest.raises(ConfigError, match="engine"):
        project.load()


def test_a_likelihood_that_the_experiment_asks_for_goes_with_each_of_its_models(project: Project) -> None:
    project.experiment["likelihood"] = "neyman"
    analysis = project.load()
    assert {model["likelihood"] for model in analysis.model_mappings(SERIES).values()} == {"neyman"}
    assert analysis.reference_model(SERIES)["settings"]["likelihood"] == "neyman"
    assert analysis.model_windows(SERIES) == {name: m["windows"] for name, m in analysis.models.items()}
    project.experiment["likelihood"] = "gauss"
    with pytest.raises(ConfigError, match="likelihood"):
        project.load()


def test_reference_model_is_the_one_that_holds_the_component_and_none_where_nothing_is_fitted(project: Project) -> None:
    assert project.load().reference_model(SERIES) == {"name": "carbon", "settings": project.carbon}
    project.experiment["energy_reference"] = {"mode": "fixed", "shift_ev": 1.5}
    assert project.load().reference_model(SERIES) == {}


def test_changed_component_bound_does_not_change_the_windows(project: Project) -> None:
    before = project.load()
    project.germanium["components"][0]["fwhm_ev"]["high"] = 1.9
    after = project.load()
    assert before.model_windows(SERIES) == after.model_windows(SERIES)
    assert before.model_mappings(SERIES) != after.model_mappings(SERIES)


def test_how_to_run_reaches_no_rule_parameter(project: Project) -> None:
    getters = ("parse_settings", "energy_reference", "reference_model", "model_mappings", "model_windows")
    before = [getattr(project.load(), name)(SERIES) for name in getters]
    project.config["run"] = {"block_size": 7, "threads": 1}
    analysis = project.load()
    assert (analysis.block_size, analysis.threads) == (7, 1)
    assert [getattr(analysis, name)(SERIES) for name in getters] == before


def test_claims_are_read_where_they_are_asked_for(project: Project) -> None:
    assert project.load().comparison()["claims"] == []
    assert project.load().comparison_inputs() == []
    project.config["claims"] = True
    with pytest.raises(ConfigError, match=r"config/claims\.yaml: there is no such file"):
        project.load()
    claim = {"claim": "C01", "quote": "q", "paraphrase": True, "place": "p"}
    check = {"quantity": "q", "compute": "conductive_percent", "with": {"case": "A"}, "expect": {"above": 1}}
    path = project.root / "config/claims.yaml"
    path.write_text(yaml.safe_dump({"claims": [claim | {"checks": [check]}]}))
    analysis = project.load()
    assert [one["claim"] for one in analysis.comparison()["claims"]] == ["C01"]
    assert "results/series_a/composition.parquet" in analysis.comparison_inputs()
    path.write_text(yaml.safe_dump({"claims": [claim | {"checks": [check | {"with": {"cast": "A"}}]}]}))
    with pytest.raises(ConfigError, match="C01: conductive_percent takes no cast"):
        project.load()


def test_defaults_of_run_hold_where_it_is_left_out(project: Project) -> None:
    del project.config["run"]
    schema = yaml.safe_load((SCHEMAS / "config.schema.yaml").read_text())["properties"]["run"]["properties"]
    analysis = project.load()
    assert {"block_size": analysis.block_size, "threads": analysis.threads} == {
        name: own["default"] for name, own in schema.items()
    }


def test_parameters_do_not_depend_on_the_order_of_keys_and_are_the_callers_own(project: Project) -> None:
    first = project.load()
    project.experiment = dict(reversed(project.experiment.items()))
    project.experiment["source"] = dict(reversed(project.experiment["source"].items()))
    second = project.load()
    assert repr(first.parse_settings(SERIES)) == repr(second.parse_settings(SERIES))
    first.parse_settings(SERIES)["regions"]["Ge3d"].append("spoiled")
    assert first.parse_settings(SERIES) == second.parse_settings(SERIES)


def test_unknown_wildcard_is_refused_with_a_near_match(project: Project) -> None:
    analysis = project.load()
    with pytest.raises(
        ConfigError, match="experiment 'series' is not among those of this run .did you mean 'series_a'"
    ):
        analysis.raw_files(wildcards(experiment="series"))
    with pytest.raises(ConfigError, match="figure 'area' is not among those of this run .did you mean 'areas'"):
        analysis.figure_inputs(wildcards(figure="area"))
