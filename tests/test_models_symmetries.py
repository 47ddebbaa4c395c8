"""What must not matter to a fit model: names, order, the origin of energies; and no number in it makes a crash."""

import copy
from dataclasses import replace
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic import GE_DOUBLET, component, ge3d, span, window
from xps import models
from xps.errors import ConfigError
from xps.models import FitModel, Span

RATIO = {"component": "Ge 3p", "parameter": "area", "ratio_to": "Ge4+", "value": 1.4, "stderr": 0.2, "source": "test"}
WIDTH = {"component": "Ge0", "parameter": "fwhm_ev", "offset_from": "Ge4+", "value_ev": -0.1, "source": "test"}
PLACE = {"component": "Ge0", "parameter": "position_ev", "offset_from": "Ge4+", "value_ev": -4.2, "stderr_ev": 0.3}


def content() -> dict[str, Any]:
    """Two levels in two windows, a soft ratio, an exact width, a soft distance."""
    found = ge3d(windows=[window("Ge 3d", 24.0, 38.0), window("Ge 3p", 110.0, 135.0)])
    found["components"].append(component("Ge 3p", span(125.0, 124.0, 126.0), 2.6, core_level="Ge 3p"))
    del found["components"][1]["fwhm_ev"]
    return copy.deepcopy(found | {"ties": [RATIO, WIDTH, PLACE | {"source": "test"}]})


def read(mapping: dict[str, Any]) -> FitModel:
    return models.from_mapping("m", mapping)


@given(st.permutations(range(3)), st.permutations(range(2)), st.permutations(range(3)))
def test_order_in_the_file_is_order_in_the_model_and_nothing_else(parts: Any, windows: Any, ties: Any) -> None:
    given_, mixed = content(), content()
    for key, order in (("components", parts), ("windows", windows), ("ties", ties)):
        mixed[key] = [given_[key][i] for i in order]
    one, other = read(given_), read(mixed)
    assert [part.name for part in other.components] == [one.components[i].name for i in parts]
    for part in one.components:
        assert other.component(part.name) == part
        for parameter in ("position_ev", "fwhm_ev"):
            assert other.span_of(part.name, parameter) == one.span_of(part.name, parameter)
    homes = [
        {part.name: of.windows[w] for part, w in zip(of.components, of.window_of_component, strict=True)}
        for of in (one, other)
    ]
    assert homes[0] == homes[1]
    assert set(one.ties) == set(other.ties)
    assert (one.linear_parameters, one.nonlinear_parameters) == (other.linear_parameters, other.nonlinear_parameters)


names = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@given(st.lists(names, min_size=3, max_size=3, unique=True))
def test_names_are_names(new: list[str]) -> None:
    old, renamed = content(), content()
    translated = dict(zip([part["name"] for part in old["components"]], new, strict=True))
    for part in renamed["components"]:
        part["name"] = translated[part["name"]]
    renamed["ties"] = [
        {key: translated.get(value, value) if isinstance(value, str) else value for key, value in tie.items()}
        for tie in old["ties"]
    ]
    one, other = read(old), read(renamed)
    assert [replace(part, name=translated[part.name]) for part in one.components] == list(other.components)
    assert one.window_of_component == other.window_of_component
    for first, second in zip(one.ties, other.ties, strict=True):
        assert (translated[first.component], translated[first.other]) == (second.component, second.other)
        assert translated[first.other] in second.describe()


def moved(mapping: dict[str, Any], shift: float) -> dict[str, Any]:
    found = copy.deepcopy(mapping)
    for one in found["windows"]:
        one["low_ev"] += shift
        one["high_ev"] += shift
    for part in found["components"]:
        part["position_ev"] = {key: value + shift for key, value in part["position_ev"].items()}
    return found


@given(st.integers(-20, 900))
def test_the_origin_of_energies_does_not_matter(shift: int) -> None:
    one, other = read(content()), read(moved(content(), float(shift)))
    assert one.window_of_component == other.window_of_component
    assert one.ties == other.ties
    for part in one.components:
        found, wanted = other.span_of(part.name, "position_ev"), one.span_of(part.name, "position_ev")
        assert (found.start, found.low, found.high) == pytest.approx(
            (wanted.start + shift, wanted.low + shift, wanted.high + shift)
        )
        assert other.span_of(part.name, "fwhm_ev") == one.span_of(part.name, "fwhm_ev")


@given(st.integers(-20, 900))
def test_a_fault_is_a_fault_wherever_energies_begin(shift: int) -> None:
    wrong = content()
    wrong["components"][0]["position_ev"] = span(41.0, 40.0, 42.0)
    wrong["components"][1]["position_ev"] = span(37.8, 37.0, 38.0)
    for mapping in (wrong, moved(wrong, float(shift))):
        with pytest.raises(ConfigError) as caught:
            read(mapping)
        assert "2 faults" in str(caught.value)
        assert "'Ge4+': component outside its window" in str(caught.value)
        assert "'Ge0': the minor line of the doublet" in str(caught.value)


@given(st.floats(-1e3, 1e3), st.floats(-50, 50), st.floats(0, 50), st.floats(0.1, 10))
def test_spans_move_and_grow_as_their_numbers(start: float, below: float, width: float, factor: float) -> None:
    one = Span(start, start + below, start + below + width)
    for found, wanted in (
        (one.shifted(7.5), [value + 7.5 for value in (one.start, one.low, one.high)]),
        (one.scaled(factor), [value * factor for value in (one.start, one.low, one.high)]),
    ):
        assert [found.start, found.low, found.high] == pytest.approx(wanted)
    assert Span(start, start, start).fixed
    assert one.fixed == (one.low == one.high)


def leaves(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where the numbers of a mapping stand."""
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for i, item in enumerate(value) for leaf in leaves(item, (*path, i))]
    return [path] if isinstance(value, float | int) else []


NUMBERS = leaves(content())


@settings(max_examples=120)
@given(
    st.lists(
        st.tuples(st.sampled_from(NUMBERS), st.sampled_from([-1e9, -1.0, 0.0, 1e-9, 0.5, 30.0, 125.0, 1e9])), max_size=4
    )
)
def test_no_numbers_make_anything_but_a_model_or_a_refusal(changes: list[tuple[tuple[Any, ...], float]]) -> None:
    mapping = content()
    for path, number in changes:
        place: Any = mapping
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = number
    try:
        found = read(mapping)
    except ConfigError as error:
        said = str(error).splitlines()
        assert said[0].startswith("model m: ")
        assert len(said) == 1 + int(said[0].split()[2])
        assert len(set(said)) == len(said), "no fault is told twice"
        return
    # What is accepted can be bound: every component has a home that holds its whole range, and a width above 0.
    for part, home in zip(found.components, found.window_of_component, strict=True):
        place, width = found.span_of(part.name, "position_ev"), found.span_of(part.name, "fwhm_ev")
        assert found.windows[home].low_ev <= place.low <= place.start <= place.high <= found.windows[home].high_ev
        assert 0.0 < width.low <= width.start <= width.high


def test_a_file_written_out_and_read_again_is_the_same_model() -> None:
    assert read(yaml.safe_load(yaml.safe_dump(content()))) == read(content())


@pytest.mark.parametrize(
    ("tie", "words"),
    [
        (RATIO, "area = 1.4 ± 0.2 × that of Ge4+ (soft tie)"),
        (WIDTH, "fwhm_ev = that of Ge4+ -0.1 eV (exact tie)"),
        (PLACE | {"source": "test"}, "position_ev = that of Ge4+ -4.2 ± 0.3 eV (soft tie)"),
    ],
)
def test_a_tie_says_what_the_file_says(tie: dict[str, Any], words: str) -> None:
    found = read(content()).tie(tie["component"], tie["parameter"])
    assert found is not None
    assert found.describe() == words
    assert found.source == "test"
    assert read(content()).tie("Ge4+", tie["parameter"]) is None


def test_a_doublet_keeps_its_numbers_and_a_single_line_has_none() -> None:
    model = read(content())
    minor = model.component("Ge4+").doublet
    assert minor is not None
    assert (minor.splitting_ev, minor.area_ratio, minor.fwhm_ratio) == (*GE_DOUBLET.values(), 1.0)
    assert model.component("Ge 3p").doublet is None
