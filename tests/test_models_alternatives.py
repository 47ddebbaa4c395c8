"""Alternatives of a model file: each is the model that one would get by writing the change into the file oneself."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from synthetic import GE_DOUBLET, component, ge3d, span, window
from xps import models
from xps.configuration import shape
from xps.errors import ConfigError

SCHEMA = yaml.safe_load((Path(__file__).parents[1] / "config" / "schema" / "model.schema.yaml").read_text())
SOFT = {"component": "Ge0", "parameter": "area", "ratio_to": "Ge4+", "value": 0.5, "stderr": 0.1, "source": "test"}
DISTANCE = {"component": "Ge0", "parameter": "position_ev", "offset_from": "Ge4+", "value_ev": -4.2}
DISTANCE |= {"stderr_ev": 0.3, "source": "test"}
EXTRA = component("GeO", span(30.5, 30.2, 31.0), 1.3, doublet=GE_DOUBLET)
WIDER = {"component": "Ge4+", "parameter": "fwhm_ev", "offset_from": "Ge0", "value_ev": 0.1, "stderr_ev": 0.1}
TIE = WIDER | {"source": "test"}


def model(*alternatives: dict[str, Any], **more: Any) -> dict[str, Any]:
    items = [{"name": f"other {i}", "systematic": True} | item for i, item in enumerate(alternatives)]
    return ge3d(ties=[SOFT, DISTANCE], **more) | {"alternatives": items}


def only(content: dict[str, Any]) -> models.Alternative:
    (found,) = models.from_mapping("m", content).alternatives
    return found


def by_hand(change: Callable[[dict[str, Any]], object]) -> models.FitModel:
    content = deepcopy(ge3d(ties=[SOFT, DISTANCE]))
    change(content)
    return models.from_mapping("m", content)


def put(place: dict[str, Any], **changes: Any) -> None:
    place.update(changes)


PSEUDO = {"type": "pseudo_voigt", "fraction": 0.3}
CASES: list[tuple[dict[str, Any], Callable[[dict[str, Any]], object], str, str]] = [
    (
        {"backgrounds": [{"core_level": "Ge 3d", "type": "tougaard"}]},
        lambda c: put(c["windows"][0]["background"], type="tougaard"),
        "background",
        "background of Ge 3d: shirley -> tougaard",
    ),
    (
        {"shapes": [{"component": "Ge0", "shape": PSEUDO}]},
        lambda c: put(c["components"][1], shape=PSEUDO),
        "line_shape",
        "shape of Ge0: pseudo_voigt, fraction 0.3",
    ),
    (
        {"shapes": [{"core_level": "Ge 3d", "shape": PSEUDO}]},
        lambda c: [put(part, shape=PSEUDO) for part in c["components"]],
        "line_shape",
        "shape of Ge 3d: pseudo_voigt, fraction 0.3",
    ),
    (
        {"doublets": [{"component": "Ge0", "area_ratio": 0.6}]},
        lambda c: put(c["components"][1], doublet=GE_DOUBLET | {"area_ratio": 0.6}),
        "line_shape",
        "area_ratio of Ge0 = 0.6",
    ),
    (
        {"widths": [{"component": "Ge0", "fwhm_ev": 1.25}]},
        lambda c: put(c["components"][1], fwhm_ev=1.25),
        "line_shape",
        "fwhm_ev of Ge0 = 1.25",
    ),
    (
        {"positions": [{"component": "Ge0", "position_ev": span(28.0, 27.9, 28.1)}]},
        lambda c: (put(c["components"][1], position_ev=span(28.0, 27.9, 28.1)), c["ties"].pop(1)),
        "line_shape",
        "position_ev of Ge0 = 27.9 to 28.1",
    ),
    (
        {"ties": [{"component": "Ge0", "parameter": "area", "moved_by_stderrs": -1.5}]},
        lambda c: put(c["ties"][0], value=0.35),
        "tie",
        "tie of area of Ge0: value 0.5 -> 0.35",
    ),
    (
        {"ties": [{"component": "Ge0", "parameter": "position_ev", "value_ev": -4.0, "stderr_ev": 0.1}]},
        lambda c: put(c["ties"][1], value_ev=-4.0, stderr_ev=0.1),
        "tie",
        "tie of position_ev of Ge0: value_ev -4.2 -> -4.0, stderr_ev 0.3 -> 0.1",
    ),
    (
        {"ties": [{"component": "Ge0", "parameter": "area", "left_out": True}]},
        lambda c: c["ties"].pop(0),
        "tie",
        "tie of area of Ge0 left out",
    ),
    ({"add_ties": [TIE]}, lambda c: c["ties"].append(TIE), "tie", "fwhm_ev of Ge4+ tied"),
    (
        {"without": ["Ge0"]},
        lambda c: (c["components"].pop(1), c["ties"].clear()),
        "components",
        "without Ge0",
    ),
    ({"add": [EXTRA]}, lambda c: c["components"].append(EXTRA), "components", "with GeO"),
]


@pytest.mark.parametrize(("change", "hand", "kind", "words"), CASES)
def test_alternative_is_the_model_with_the_change_written_in(
    change: dict[str, Any], hand: Callable[[dict[str, Any]], object], kind: str, words: str
) -> None:
    found = only(model(change))
    assert found.model == by_hand(hand)
    assert (found.kind, found.change, found.systematic) == (kind, words, True)


@pytest.mark.parametrize("change", [case[0] for case in CASES])
def test_the_words_of_an_alternative_have_the_shape_of_the_schema(change: dict[str, Any]) -> None:
    assert shape.faults(model(change), SCHEMA) == []


@pytest.mark.parametrize("change", [case[0] for case in CASES])
def test_the_model_itself_stays_as_it_was(change: dict[str, Any]) -> None:
    found = models.from_mapping("m", model(change))
    assert replace(found, alternatives=()) == by_hand(lambda _: None)


def test_several_changes_are_one_alternative_of_the_gravest_kind() -> None:
    found = only(model({"without": ["Ge0"], "backgrounds": [{"core_level": "Ge 3d", "type": "linear"}]}))
    assert (found.kind, found.statement) == ("components", "background of Ge 3d, presence of Ge0")
    assert found.change == "without Ge0; background of Ge 3d: shirley -> linear"


FAULTS = [
    ({"without": ["Ge9"]}, "there is no component 'Ge9' (did you mean 'Ge0'?); components are Ge4+, Ge0"),
    ({"without": ["Ge0", "Ge4+"]}, "window Ge 3d: no component lies in it"),
    (
        {"backgrounds": [{"core_level": "Ge 3p", "type": "linear"}]},
        "no window is called 'Ge 3p' (did you mean 'Ge 3d'?)",
    ),
    ({"shapes": [{"component": "Ge0", "shape": {"type": "voigt"}}]}, "shape voigt needs lorentzian_fwhm_ev"),
    ({"shapes": [{"shape": PSEUDO}]}, "give either component or core_level"),
    ({"shapes": [{"core_level": "P 2p", "shape": PSEUDO}]}, "no component belongs to 'P 2p'"),
    ({"widths": [{"component": "Ge0", "fwhm_ev": 0.01}]}, "Lorentzian part alone is 0.05"),
    ({"positions": [{"component": "Ge0", "position_ev": 50.0}]}, "'Ge0': component outside its window"),
    (
        {"ties": [{"component": "Ge4+", "parameter": "area", "value": 2.0}]},
        "no tie of area of Ge4+; it ties area of Ge0",
    ),
    ({"ties": [{"component": "Ge0", "parameter": "area"}]}, "nothing is changed"),
    ({"ties": [{"component": "Ge0", "parameter": "area", "moved_by_stderrs": -5}]}, "a ratio must be above 0"),
    ({"add": [component("Ge0", 30.0, 1.2)]}, "'Ge0': the name is given more than once"),
    ({}, "replaces nothing; give one of without, add, shapes"),
]


@pytest.mark.parametrize(("change", "said"), FAULTS)
def test_invalid_alternative_is_refused_by_name(change: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as refused:
        models.from_mapping("m", model(change))
    assert "alternative 'other 0': " in str(refused.value)
    assert said in str(refused.value)


def test_all_faults_of_all_alternatives_are_told_at_once() -> None:
    with pytest.raises(ConfigError) as refused:
        models.from_mapping("m", model(*(change for change, _ in FAULTS)))
    assert all(f"alternative 'other {i}'" in str(refused.value) for i in range(len(FAULTS)))


def test_names_of_alternatives_are_unique() -> None:
    with pytest.raises(ConfigError, match="'same': the name is given more than once"):
        models.from_mapping("m", model({"name": "same", "without": ["Ge0"]}, {"name": "same", "without": ["Ge4+"]}))


def test_an_exact_tie_cannot_be_moved_by_its_error() -> None:
    exact = {key: value for key, value in SOFT.items() if key not in ("stderr", "source")}
    content = model({"ties": [{"component": "Ge0", "parameter": "area", "moved_by_stderrs": 1}]}) | {"ties": [exact]}
    with pytest.raises(ConfigError, match="exact and has no standard error to be moved by; give value"):
        models.from_mapping("m", content)


def test_a_doublet_is_needed_to_change_one() -> None:
    content = ge3d(components=[component("Ge4+", span(32.4, 32.0, 33.1), 1.3)])
    change = {"doublets": [{"component": "Ge4+", "area_ratio": 0.6}]}
    content["alternatives"] = [{"name": "a", "systematic": True} | change]
    with pytest.raises(ConfigError, match="Ge4\\+ has no doublet"):
        models.from_mapping("m", content)


def test_usual_alternatives_move_each_soft_tie_each_background_and_each_ratio() -> None:
    content = ge3d(ties=[SOFT, DISTANCE]) | {"usual_alternatives": ["backgrounds", "soft_ties", "doublet_ratios"]}
    assert shape.faults(content, SCHEMA) == []
    found = models.from_mapping("m", content).alternatives
    assert [one.change for one in found] == [
        "background of Ge 3d: shirley -> tougaard",
        "tie of area of Ge0: value 0.5 -> 0.6",
        "tie of area of Ge0: value 0.5 -> 0.4",
        "tie of position_ev of Ge0: value_ev -4.2 -> -3.9",
        "tie of position_ev of Ge0: value_ev -4.2 -> -4.5",
        "area_ratio of Ge 3d = 0.73337",
        "area_ratio of Ge 3d = 0.60003",
    ]
    assert all(one.systematic for one in found)
    assert len({one.statement for one in found}) == 4


def test_an_added_component_must_belong_to_what_its_region_holds() -> None:
    content = model({"add": [component("X", span(26.0, 25.0, 27.0), 1.3, core_level="O 2s")]})
    use = SimpleNamespace(experiments={"e": {"regions": {"Ge3d": ["Ge 3d"]}, "models": ["m"]}}, models={"m": content})
    (fault,) = [fault for fault in models.faults(use) if "O 2s" in fault]
    assert "alternative 'other 0': component 'X' belongs to O 2s" in fault


def test_alternatives_of_two_windows_are_different_statements() -> None:
    content = ge3d(windows=[window("Ge 3d", 24.0, 38.0), window("P 2p", 116.0, 139.0)])
    content["components"] = [*content["components"], component("P", span(133.0, 132.0, 134.0), 1.4, core_level="P 2p")]
    content["usual_alternatives"] = ["backgrounds"]
    assert {one.statement for one in models.from_mapping("m", content).alternatives} == {
        "background of Ge 3d",
        "background of P 2p",
    }
