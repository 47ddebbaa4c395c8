"""Model files: what they mean, and that every fault is found, all at once."""

import copy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import synthetic
from synthetic import component, ge3d, span, window
from xps import models
from xps.errors import ConfigError
from xps.models import Span

CONFIG = Path(__file__).parents[1] / "config"
SCHEMA = yaml.safe_load((CONFIG / "schema" / "model.schema.yaml").read_text(encoding="utf-8"))
MODEL_FILES = sorted((CONFIG / "models").glob("*.yaml"))


def faults_of(content: dict[str, Any]) -> str:
    with pytest.raises(ConfigError) as caught:
        models.from_mapping("m", content)
    return str(caught.value)


def changed(**first_component: Any) -> dict[str, Any]:
    content = ge3d()
    content["components"][0] |= first_component
    return content


def tied(*ties: dict[str, Any], **dropped: Any) -> dict[str, Any]:
    content = ge3d(ties=list(ties))
    for key in dropped:
        del content["components"][1][key]
    return content


def test_a_model_file_becomes_records() -> None:
    model = models.from_mapping("ge3d", ge3d())
    assert [part.name for part in model.components] == ["Ge4+", "Ge0"]
    assert model.components[0].position_ev == Span(32.4, 32.0, 33.1)
    assert model.components[0].doublet is not None
    assert model.components[0].doublet.fwhm_ratio == 1.0
    assert model.components[0].role == "species"
    assert model.windows[0].background.endpoint_average_channels == 5
    assert model.window_of_component == (0, 0)
    assert model.core_levels == ("Ge 3d",)


def test_a_plain_number_is_a_fixed_value() -> None:
    model = models.from_mapping("m", changed(fwhm_ev=1.3))
    assert model.components[0].fwhm_ev == Span(1.3, 1.3, 1.3)
    assert model.components[0].fwhm_ev.fixed


@pytest.mark.parametrize(
    ("content", "linear", "nonlinear"),
    [
        (ge3d(), 3, 5),
        (ge3d("linear"), 4, 4),
        (ge3d("constant"), 3, 4),
        (ge3d("tougaard"), 3, 4),
        (changed(fwhm_ev=1.3), 3, 4),
        (tied({"component": "Ge0", "parameter": "fwhm_ev", "same_as": "Ge4+"}, fwhm_ev=None), 3, 4),
        (tied({"component": "Ge0", "parameter": "area", "ratio_to": "Ge4+", "value": 0.5}), 2, 5),
        (
            tied(
                {
                    "component": "Ge0",
                    "parameter": "area",
                    "ratio_to": "Ge4+",
                    "value": 0.5,
                    "stderr": 0.1,
                    "source": "x",
                }
            ),
            2,
            6,
        ),
    ],
)
def test_linear_and_nonlinear_parameters_are_counted(content: dict[str, Any], linear: int, nonlinear: int) -> None:
    model = models.from_mapping("m", content)
    assert (model.linear_parameters, model.nonlinear_parameters) == (linear, nonlinear)


def test_components_of_another_level_live_in_the_window_that_holds_their_energy() -> None:
    content = ge3d()
    content["windows"].append(window("P 2p", 116.0, 139.0))
    content["components"].append(component("Ge0 3p", span(120, 119, 121), 2.6, core_level="Ge 3p"))
    assert models.from_mapping("m", content).window_of_component == (0, 0, 1)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (changed(name="Ge0"), "'Ge0': the name is given more than once"),
        (changed(position_ev=span(31.0, 32.0, 33.0)), "position_ev starts at 31, outside its bounds 32 to 33"),
        (changed(position_ev=span(33.0, 33.5, 32.5)), "outside its bounds"),
        (changed(position_ev=span(45.0, 44.0, 46.0)), "'Ge4+': component outside its window"),
        (changed(position_ev=span(37.9, 37.5, 38.0)), "minor line of the doublet, at 38.485 eV, lies outside"),
        (changed(fwhm_ev=span(0.5, 0.0, 1.0)), "fwhm_ev must stay above 0"),
        (changed(shape={"type": "voigt", "lorentzian_fwhm_ev": 0.95}), "Lorentzian part alone is 0.95"),
        (changed(shape={"type": "voigt"}), "shape voigt needs lorentzian_fwhm_ev"),
        (changed(shape={"type": "gaussian", "fraction": 0.3}), "shape gaussian has no fraction"),
        (changed(shape={"type": "pseudo_voigt"}), "shape pseudo_voigt needs fraction"),
        (changed(shape={"type": "pseudo_voigt", "fraction": 1.5}), "fraction 1.5 is not between 0 and 1"),
        (changed(shape={"type": "doniach"}), "'doniach'; allowed: voigt, gaussian, lorentzian, pseudo_voigt"),
        (changed(shape={"type": "gl_product", "fraction": -0.1}), "fraction -0.1 is not between 0 and 1"),
        (
            changed(shape={"type": "doniach_sunjic", "lorentzian_fwhm_ev": 0.1, "asymmetry": span(0.1, 0.0, 0.7)}),
            "asymmetry 0.7 is not between 0 and 0.5",
        ),
        (changed(shape={"type": "doniach_sunjic", "lorentzian_fwhm_ev": 0.1}), "doniach_sunjic needs asymmetry"),
        (
            changed(shape={"type": "doniach_sunjic", "lorentzian_fwhm_ev": span(0.1, 0.0, 0.95), "asymmetry": 0.1}),
            "Lorentzian part alone is 0.95",
        ),
        (changed(shape={"type": "la", "alpha": 1.2, "beta": 2.0}), "shape la needs gaussian_fwhm_ev"),
        (
            changed(shape={"type": "la", "alpha": 0.4, "beta": 2.0, "gaussian_fwhm_ev": 0.3}),
            "alpha 0.4 is not between 0.51 and 100",
        ),
        (
            changed(shape={"type": "la", "alpha": span(3.0, 1.0, 2.0), "beta": 2.0, "gaussian_fwhm_ev": 0.3}),
            "alpha starts at 3, outside its bounds 1 to 2",
        ),
        (
            changed(doublet={"splitting_ev": 0.5, "area_ratio": 0.5, "fwhm_ratio": 0.01}),
            "minor line's width may fall to 0.009",
        ),
        (ge3d("spline"), "no background is called 'spline'"),
        (ge3d(windows=[window("Ge 3d", 38.0, 24.0)]), "low_ev 38 is not below high_ev 24"),
        (
            ge3d(windows=[window("Ge 3d", 24.0, 38.0), window("Ge 3d", 50.0, 60.0)]),
            "window Ge 3d: given more than once",
        ),
        (ge3d(windows=[window("Ge 3d", 24.0, 38.0), window("O 2s", 20.0, 25.0)]), "windows O 2s and Ge 3d overlap"),
        (tied({"component": "Ge5", "parameter": "area", "same_as": "Ge4+"}), "there is no component 'Ge5'"),
        (tied({"component": "Ge0", "parameter": "area", "same_as": "Ge6"}), "there is no component 'Ge6'"),
        (tied({"component": "Ge0", "parameter": "area"}), "exactly one of same_as, offset_from, ratio_to; found none"),
        (
            tied({"component": "Ge0", "parameter": "area", "same_as": "Ge4+", "ratio_to": "Ge4+", "value": 1.0}),
            "exactly one of",
        ),
        (tied({"component": "Ge0", "parameter": "area", "ratio_to": "Ge4+"}), "ratio_to needs value"),
        (
            tied({"component": "Ge0", "parameter": "area", "ratio_to": "Ge4+", "value": 1.0, "value_ev": 2.0}),
            "value_ev does not go with ratio_to",
        ),
        (tied({"component": "Ge0", "parameter": "area", "ratio_to": "Ge4+", "value": -1.0}), "ratio must be above 0"),
        (
            tied({"component": "Ge0", "parameter": "area", "offset_from": "Ge4+", "value_ev": 1.0}),
            "offset_from is not for area",
        ),
        (
            tied({"component": "Ge0", "parameter": "area", "ratio_to": "Ge4+", "value": 1.0, "stderr": 0.1}),
            "a soft tie needs its source",
        ),
        (
            tied(
                {
                    "component": "Ge0",
                    "parameter": "area",
                    "ratio_to": "Ge4+",
                    "value": 1.0,
                    "stderr": 0.0,
                    "source": "x",
                }
            ),
            "standard error must be above 0",
        ),
        (
            tied(
                {"component": "Ge0", "parameter": "area", "same_as": "Ge4+"},
                {"component": "Ge0", "parameter": "area", "ratio_to": "Ge4+", "value": 2.0},
            ),
            "tie of area of 'Ge0': tied more than once",
        ),
        (
            tied(
                {"component": "Ge0", "parameter": "area", "same_as": "Ge4+"},
                {"component": "Ge4+", "parameter": "area", "same_as": "Ge0"},
            ),
            "ties of area run in a loop: Ge0 -> Ge4+ -> Ge0",
        ),
        (tied({"component": "Ge0", "parameter": "area", "same_as": "Ge0"}), "loop: Ge0 -> Ge0"),
        (tied({"component": "Ge0", "parameter": "fwhm_ev", "same_as": "Ge4+"}), "given and also tied exactly"),
        (tied(fwhm_ev=None), "'Ge0': fwhm_ev is missing; give it, or an exact tie"),
        (
            changed(name="twin", **{key: ge3d()["components"][1][key] for key in ("position_ev", "fwhm_ev")}),
            "'twin' and 'Ge0' are identical",
        ),
    ],
)
def test_every_fault_is_named(content: dict[str, Any], said: str) -> None:
    assert said in faults_of(content)


def test_all_faults_come_at_once() -> None:
    content = changed(fwhm_ev=span(2.0, 0.9, 1.9), position_ev=span(31.0, 32.0, 33.0), shape={"type": "doniach"})
    content["ties"] = [{"component": "Ge9", "parameter": "area", "same_as": "Ge4+"}]
    message = faults_of(content)
    assert message.startswith("model m: 4 faults")
    assert message.count("\n") == 4


def test_a_soft_tie_of_a_fixed_value_is_refused() -> None:
    tie = {"component": "Ge0", "parameter": "position_ev", "offset_from": "Ge4+", "value_ev": -4.5, "stderr_ev": 0.1}
    content = tied(tie | {"source": "x"})
    content["components"][1]["position_ev"] = 28.0
    assert "position_ev is fixed, its soft tie could do nothing" in faults_of(content)


@given(st.floats(-8.0, -0.5))
def test_an_exactly_tied_position_is_placed_by_its_tie(offset: float) -> None:
    tie = {"component": "Ge0", "parameter": "position_ev", "offset_from": "Ge4+", "value_ev": offset}
    model = models.from_mapping("m", tied(tie, position_ev=None))
    found = model.span_of("Ge0", "position_ev")
    assert found.start == pytest.approx(32.4 + offset)
    assert found.high - found.low == pytest.approx(1.1)


def test_an_exactly_tied_position_outside_the_window_is_refused() -> None:
    tie = {"component": "Ge0", "parameter": "position_ev", "offset_from": "Ge4+", "value_ev": -9.0}
    assert "'Ge0': component outside its window" in faults_of(tied(tie, position_ev=None))


REGIONS = {"Ge3d": ["Ge 3d", "O 2s"], "Li1s": ["Li 1s"]}


def test_a_measured_model_is_accepted() -> None:
    models.from_mapping("m", ge3d()).check_against(REGIONS)


@pytest.mark.parametrize(
    ("regions", "said"),
    [
        ({"Li1s": ["Li 1s"]}, "core level 'Ge 3d' was not measured; regions hold Li 1s"),
        ({}, "regions hold none"),
        ({"a": ["Ge 3d"], "b": ["Ge 3d"]}, "held by a, b"),
    ],
)
def test_what_was_not_measured_is_named(regions: dict[str, list[str]], said: str) -> None:
    with pytest.raises(ConfigError, match="model m: 1 fault"):
        models.from_mapping("m", ge3d()).check_against(regions)
    assert said in models.from_mapping("m", ge3d()).region_faults(regions)[0]


def test_a_component_of_a_level_that_its_region_does_not_hold_is_named() -> None:
    content = ge3d()
    content["components"][1]["core_level"] = "O 2p"
    (fault,) = models.from_mapping("m", content).region_faults(REGIONS)
    assert "'Ge0' belongs to O 2p" in fault
    assert "add O 2p to that region" in fault


def test_unknown_component_names_the_known_ones() -> None:
    with pytest.raises(ConfigError, match=r"'C-C'; its components are Ge4\+, Ge0"):
        models.from_mapping("m", ge3d()).component("C-C")


def test_windows_alone_are_those_of_the_model() -> None:
    assert models.windows_from("m", ge3d()["windows"]) == models.from_mapping("m", ge3d()).windows
    with pytest.raises(ConfigError, match="spline"):
        models.windows_from("m", ge3d("spline")["windows"])


def test_ties_are_described_in_words() -> None:
    soft = {"component": "Ge0", "parameter": "position_ev", "offset_from": "Ge4+", "value_ev": -4.5, "stderr_ev": 0.1}
    ratio = {"component": "Ge0", "parameter": "area", "ratio_to": "Ge4+", "value": 0.5}
    model = models.from_mapping("m", tied(soft | {"source": "x"}, ratio))
    assert [tie.describe() for tie in model.ties] == [
        "position_ev = that of Ge4+ -4.5 ± 0.1 eV (soft tie)",
        "area = 0.5 × that of Ge4+ (exact tie)",
    ]


def described(node: Any) -> list[Any]:
    """Properties and alternatives of a schema that lack a description."""
    if not isinstance(node, dict):
        return []
    missing = []
    for key, value in node.get("properties", {}).items():
        missing += ([] if "description" in value else [key]) + described(value)
    for value in [*([node["items"]] if "items" in node else []), *node.get("anyOf", [])]:
        missing += described(value)
    return missing


def test_the_schema_describes_every_key_and_allows_no_other() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    assert described(SCHEMA) == []

    def objects(node: Any) -> list[dict[str, Any]]:
        if isinstance(node, dict):
            own = [node] if node.get("type") == "object" else []
            return own + [found for value in node.values() for found in objects(value)]
        return [found for value in node for found in objects(value)] if isinstance(node, list) else []

    assert all(found.get("additionalProperties") is False for found in objects(SCHEMA))


@pytest.mark.parametrize("path", MODEL_FILES, ids=lambda path: path.stem)
def test_shipped_models_fit_the_schema_and_make_sense(path: Path) -> None:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    jsonschema.validate(content, SCHEMA)
    model = models.from_mapping(path.stem, content)
    assert all(part.source for part in model.components)


def test_shipped_experiments_measure_what_their_models_need() -> None:
    for path in sorted((CONFIG / "experiments").glob("*.yaml")):
        settings = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name in settings["models"]:
            content = yaml.safe_load((CONFIG / "models" / f"{name}.yaml").read_text(encoding="utf-8"))
            models.from_mapping(name, content).check_against(settings["regions"])


def test_a_line_that_several_models_of_an_experiment_hold_is_described_alike_in_each() -> None:
    """Germanium and phosphorus stand in up to four files: who corrects one of them has to correct the others.

    A model may leave a number to a tie where another has bounds; what both say, they say alike. So with ties.
    """
    met: dict[tuple[str, ...], dict[str, Any]] = {}
    compared = 0
    for path in sorted((CONFIG / "experiments").glob("*.yaml")):
        for name in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]:
            content = yaml.safe_load((CONFIG / "models" / f"{name}.yaml").read_text(encoding="utf-8"))
            level = {part["name"]: part["core_level"] for part in content["components"]}
            lines = {(path.stem, level[part["name"]], part["name"]): part for part in content["components"]}
            others = ("same_as", "offset_from", "ratio_to")
            ties = {
                (
                    path.stem,
                    level[tie["component"]],
                    tie["component"],
                    tie["parameter"],
                    *map(str, map(tie.get, others)),
                ): tie
                for tie in content.get("ties", [])
            }
            for key, said in (lines | ties).items():
                before = met.setdefault(key, said)
                both = (before.keys() & said.keys()) - {"source"}
                assert {word: said[word] for word in both} == {word: before[word] for word in both}, (key, name)
                compared += before is not said
    assert compared > 30


@pytest.mark.parametrize("key", ["name", "core_level", "shape", "source"])
def test_the_schema_demands_the_facts_of_a_component(key: str) -> None:
    content = copy.deepcopy(synthetic.ge3d())
    jsonschema.validate(content, SCHEMA)
    del content["components"][0][key]
    with pytest.raises(jsonschema.ValidationError, match=key):
        jsonschema.validate(content, SCHEMA)
