"""Claims name computations and parameters that exist; the list read at parse time is that of the functions."""

import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from xps import claim_settings, claims
from xps.configuration import shape

CONFIG = Path(__file__).parents[1] / "config"
SHIPPED: list[dict[str, Any]] = yaml.safe_load((CONFIG / "claims.yaml").read_text())["claims"]


def test_the_list_is_that_of_the_registered_functions() -> None:
    found = {}
    for name, function in claims.COMPUTATIONS.items():
        parameters = list(inspect.signature(function).parameters.values())[1:]
        needed = tuple(one.name for one in parameters if one.default is inspect.Parameter.empty)
        optional = tuple(one.name for one in parameters if one.default is not inspect.Parameter.empty)
        found[name] = claim_settings.Parameters(needed, optional)
    assert found == dict(claim_settings.COMPUTATIONS)


def test_the_documentation_lists_every_computation_with_its_parameters() -> None:
    lines = (CONFIG.parent / "docs/claims.md").read_text().splitlines()
    rows = {line.split("|")[1].strip(): line.split("|")[3] for line in lines if line.startswith("| ")}
    for name, parameters in claim_settings.COMPUTATIONS.items():
        told = [word.strip("` ") for word in rows[name].replace("(", "").replace(")", "").split(",")]
        assert told == [*parameters.needed, *parameters.optional], name


def test_the_paper_s_35_sentences_are_shipped_and_sound() -> None:
    schema = yaml.safe_load((CONFIG / "schema/claims.schema.yaml").read_text())
    assert shape.faults({"claims": SHIPPED}, schema) == []
    assert claim_settings.faults(SHIPPED) == []
    assert [claim["claim"] for claim in SHIPPED] == [f"C{number:02d}" for number in range(1, 36)]
    assert all(claim["paraphrase"] for claim in SHIPPED)  # no sentence is quoted word by word


def test_numbers_of_notes_are_computed_or_marked_as_literature() -> None:
    for claim in SHIPPED:
        for note in [note for check in claim["checks"] for note in check.get("notes", [])]:
            numbers = re.search(r"\d\s*(eV|%|vol%|nm|min|Pa)(?!\w)", note["words"].replace("in 5 % of series", ""))
            assert "compute" in note or not numbers or "literature" in note["words"], note["words"]


def test_every_experiment_model_and_component_that_the_claims_name_exists() -> None:
    for claim in SHIPPED:
        for check in claim["checks"]:
            for item in (check, *check.get("notes", [])):
                given = item.get("with", {})
                for key in ("experiment", "other_experiment"):
                    name = given.get(key)
                    assert not name or (CONFIG / f"experiments/{name}.yaml").is_file(), (claim["claim"], name)
                if given.get("model"):
                    model = yaml.safe_load((CONFIG / f"models/{given['model']}.yaml").read_text())
                    names = {part["name"] for part in model["components"]}
                    wanted = {*given.get("components", []), *([given["component"]] if "component" in given else [])}
                    assert wanted <= names, (claim["claim"], wanted - names)
                    declared = [one["name"] for one in model.get("alternatives", [])]
                    assert not declared or given.get("alternative") in (None, *declared), (claim["claim"], declared)


def check(**changes: Any) -> list[dict[str, Any]]:
    one = {"quantity": "q", "compute": "conductive_percent", "with": {"case": "A"}, "expect": {"above": 1}} | changes
    return [{"claim": "C01", "quote": "x", "paraphrase": True, "place": "p", "checks": [one]}]


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"compute": "conductive_percents"}, "C01: no computation is called conductive_percents (did you mean"),
        ({"with": {}}, "C01: conductive_percent needs case"),
        ({"with": {"case": "A", "cas": 1}}, "C01: conductive_percent takes no cas (did you mean 'case'?)"),
        ({"notes": [{"words": "w", "compute": "nothing"}]}, "C01: no computation is called nothing"),
        ({"notes": [{"words": "w", "with": {"case": "A"}}]}, "C01: case means nothing without compute"),
    ],
)
def test_a_check_that_makes_no_sense_is_told(changes: dict[str, Any], fault: str) -> None:
    found = claim_settings.faults(check(**changes))
    assert any(one.startswith(fault) for one in found), found


def test_a_claim_given_twice_is_told() -> None:
    assert claim_settings.faults(check() * 2) == ["C01 is given twice"]


@pytest.mark.parametrize(
    "expect", [{}, {"equals": 1}, {"above": 1, "below": 2}, {"word": "x", "above": 1}, {"between": [1]}, {"about": 1}]
)
def test_an_expectation_is_one_of_its_kinds(expect: dict[str, Any]) -> None:
    schema = yaml.safe_load((CONFIG / "schema/claims.schema.yaml").read_text())
    assert shape.faults({"claims": check(expect=expect)}, schema)
