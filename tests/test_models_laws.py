"""Laws of fit models over random ones: chains and loops of ties, places, windows, shapes, twins, what is shared."""

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synthetic import GE_DOUBLET, component, ge3d, span, window
from xps import lineshapes, models
from xps.errors import ConfigError
from xps.fitting.solving import layout
from xps.models import agreement

LEVEL = "Ge 3d"
LOW, HIGH = 0.0, 1000.0


def content_of(parts: list[dict[str, Any]], ties: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {
        "description": "random",
        "windows": [window(LEVEL, LOW, HIGH, "constant")],
        "components": parts,
        "ties": ties,
    } | more


def refusal(content: dict[str, Any]) -> str:
    """The words of the refusal, or nothing."""
    try:
        models.from_mapping("random", content)
    except ConfigError as error:
        return str(error)
    return ""


@st.composite
def forests(draw: st.DrawFn) -> tuple[list[int | None], list[dict[str, Any]]]:
    """Components of which each follows an earlier one, or nobody: parents, and the relation to them."""
    size = draw(st.integers(2, 8))
    parents = [None, *(draw(st.one_of(st.none(), st.integers(0, i - 1))) for i in range(1, size))]
    relations = []
    for parent in parents:
        kind = draw(st.sampled_from(["same_as", "offset_from", "ratio_to"]))
        relations.append({} if parent is None else {kind: f"part {parent}"} | _value(kind, draw(st.floats(0.2, 3.0))))
    return parents, relations


def _value(kind: str, value: float) -> dict[str, float]:
    return {"same_as": {}, "offset_from": {"value_ev": value}, "ratio_to": {"value": value}}[kind]


def of_forest(
    parents: list[int | None], relations: list[dict[str, Any]], parameter: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Components and ties of a model file; what is not tied has a range of its own."""
    parts, ties = [], []
    for i, (parent, relation) in enumerate(zip(parents, relations, strict=True)):
        position, width = span(100.0 + 20.0 * i, 95.0 + 20.0 * i, 105.0 + 20.0 * i), span(2.0, 1.0, 3.0)
        if parent is not None:
            ties.append({"component": f"part {i}", "parameter": parameter, "source": "test", **relation})
            position, width = (None, width) if parameter == "position_ev" else (position, None)
        parts.append(component(f"part {i}", position, width))
    return parts, ties


@settings(max_examples=60)
@given(forests(), st.randoms(use_true_random=False))
def test_a_width_at_the_end_of_a_chain_of_ties_is_what_the_chain_says(forest: Any, shuffler: Any) -> None:
    parents, relations = forest
    parts, ties = of_forest(parents, relations, "fwhm_ev")
    shuffler.shuffle(ties)
    model = models.from_mapping("random", content_of(parts, ties))
    ranges: list[tuple[float, float, float]] = []
    for parent, relation in zip(parents, relations, strict=True):
        if parent is None:
            ranges.append((2.0, 1.0, 3.0))
        else:
            factor, offset = relation.get("value", 1.0), relation.get("value_ev", 0.0)
            ranges.append(tuple(factor * number + offset for number in ranges[parent]))  # type: ignore[arg-type]
    for i, wanted in enumerate(ranges):
        found = model.span_of(f"part {i}", "fwhm_ev")
        assert (found.start, found.low, found.high) == pytest.approx(wanted)


@settings(max_examples=40)
@given(forests())
def test_what_is_tied_exactly_is_no_parameter_and_the_fit_agrees_on_the_count(forest: Any) -> None:
    parents, relations = forest
    parts, ties = of_forest(parents, relations, "fwhm_ev")
    model = models.from_mapping("random", content_of(parts, ties))
    tied = sum(parent is not None for parent in parents)
    assert model.nonlinear_parameters == 2 * len(parts) - tied
    assert model.linear_parameters == len(parts) + 1
    plan = layout.of(model)
    assert (plan.varied.size, int(plan.linear.sum())) == (3 * len(parts) - tied + 1, len(parts) + 1)


@settings(max_examples=40)
@given(forests(), st.integers(0, 100))
def test_a_tie_back_to_a_descendant_is_a_loop_that_is_drawn_once(forest: Any, choice: int) -> None:
    parents, relations = forest
    roots = [i for i, parent in enumerate(parents) if parent is None]
    root = roots[choice % len(roots)]
    below = [root]
    for i, parent in enumerate(parents):
        if parent in below:
            below.append(i)
    chosen = below[-1]
    parts, ties = of_forest(parents, relations, "fwhm_ev")
    del parts[root]["fwhm_ev"]
    ties.append({"component": f"part {root}", "parameter": "fwhm_ev", "same_as": f"part {chosen}", "source": "test"})
    members, at = {f"part {root}"}, chosen
    while at != root:
        members.add(f"part {at}")
        at = parents[at]  # type: ignore[assignment]
    said = refusal(content_of(parts, ties))
    drawn = [line.split("loop: ")[1] for line in said.splitlines() if "run in a loop" in line]
    assert len(drawn) == 1
    names = drawn[0].split(" -> ")
    assert names[0] == names[-1]
    assert set(names) == members
    assert len(names) == len(members) + 1


intervals = st.tuples(st.integers(0, 60), st.integers(1, 20)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@settings(max_examples=60)
@given(st.lists(intervals, min_size=1, max_size=5, unique=True))
def test_windows_are_refused_exactly_where_two_share_a_channel(ranges: list[tuple[int, int]]) -> None:
    windows = [window(f"level {i}", float(low), float(high)) for i, (low, high) in enumerate(ranges)]
    share = any(max(one[0], other[0]) < min(one[1], other[1]) for i, one in enumerate(ranges) for other in ranges[:i])
    if share:
        with pytest.raises(ConfigError, match="overlap; a channel would be fitted twice"):
            models.windows_from("random", windows)
    else:
        assert [(one.low_ev, one.high_ev) for one in models.windows_from("random", windows)] == ranges


@settings(max_examples=60)
@given(st.floats(-20.0, 20.0), st.floats(0.0, 8.0), st.floats(0.0, 3.0))
def test_a_component_lives_where_its_whole_range_lies_in_a_window(start: float, reach: float, splitting: float) -> None:
    low, high = start - reach, start + reach
    parts = [component("a", span(start, low, high), 1.3, doublet={"splitting_ev": splitting + 0.01, "area_ratio": 0.5})]
    said = refusal({"description": "x", "windows": [window(LEVEL, -10.0, 10.0)], "components": parts})
    inside = low >= -10.0 and high <= 10.0
    assert ("outside its window" in said) == (not inside)
    assert ("minor line of the doublet" in said) == (inside and start + splitting + 0.01 > 10.0)


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-50, 50))
def test_a_start_must_lie_within_its_bounds(start: int, low: int, high: int) -> None:
    place = span(30.0 + 0.1 * start, 30.0 + 0.1 * low, 30.0 + 0.1 * high)
    said = refusal(ge3d(components=[component("a", place, 1.3)]))
    assert ("outside its bounds" in said) == (not low <= start <= high)


GOOD_NUMBERS = {
    "lorentzian_fwhm_ev": 0.3,
    "fraction": 0.4,
    "asymmetry": 0.1,
    "alpha": 1.2,
    "beta": 2.0,
    "gaussian_fwhm_ev": 0.5,
}


@pytest.mark.parametrize("shape", lineshapes.SHAPES)
def test_every_shape_wants_its_own_numbers_and_no_others(shape: str) -> None:
    own = {name: GOOD_NUMBERS[name] for name in lineshapes.PARAMETERS[shape]}

    def said(numbers: dict[str, float]) -> str:
        return refusal(ge3d(components=[component("a", 30.0, 1.3, shape={"type": shape, **numbers})]))

    assert said(own) == ""
    for name in own:
        rest = {key: value for key, value in own.items() if key != name}
        assert f"'a': shape {shape} needs {name}" in said(rest)
    for name in GOOD_NUMBERS.keys() - own.keys():
        assert f"'a': shape {shape} has no {name}" in said(own | {name: GOOD_NUMBERS[name]})
    for name in own:
        assert f"{name} -1 is not" in said(own | {name: -1.0})


def _position(part: dict[str, Any]) -> None:
    part["position_ev"]["start"] += 0.01


def _width(part: dict[str, Any]) -> None:
    part["fwhm_ev"]["high"] += 0.01


def _shape(part: dict[str, Any]) -> None:
    part["shape"] = {"type": "gaussian"}


def _splitting(part: dict[str, Any]) -> None:
    part["doublet"] = GE_DOUBLET | {"splitting_ev": 0.6}


@pytest.mark.parametrize("difference", [_position, _width, _shape, _splitting])
def test_twins_are_refused_and_one_difference_makes_them_two(difference: Callable[[dict[str, Any]], None]) -> None:
    content = ge3d()
    twin = copy.deepcopy(content["components"][0]) | {"name": "twin", "species": "other"}
    content["components"].append(twin)
    assert "'Ge4+' and 'twin' are identical; no data can tell them apart" in refusal(content)
    difference(twin)
    assert refusal(content) == ""


def test_twins_whose_areas_are_tied_are_one_line_and_accepted() -> None:
    content = ge3d(ties=[{"component": "twin", "parameter": "area", "ratio_to": "Ge4+", "value": 0.5, "source": "x"}])
    content["components"].append(copy.deepcopy(content["components"][0]) | {"name": "twin"})
    assert refusal(content) == ""


@given(st.floats(1.0, 2.0))
def test_a_number_and_a_range_without_width_are_the_same(width: float) -> None:
    one, other = (
        models.from_mapping("m", ge3d(components=[component("a", 30.0, value)]))
        for value in (width, span(width, width, width))
    )
    assert one == other


def test_reading_leaves_the_mapping_as_it_was() -> None:
    content = ge3d(series={"fit": "joint", "share": ["fwhm_ev"]}, usual_alternatives={"backgrounds": ["linear"]})
    before = copy.deepcopy(content)
    refusal(content)
    assert content == before


@given(st.dictionaries(st.sampled_from("abc"), st.lists(st.sampled_from(["Ge 3d", "Ge 3p", "O 1s"]), unique=True)))
def test_a_model_meets_regions_exactly_where_each_window_has_one_home(regions: dict[str, list[str]]) -> None:
    content = ge3d(windows=[window("Ge 3d", 24.0, 38.0), window("Ge 3p", 110.0, 135.0)])
    content["components"].append(component("Ge 3p", span(125.0, 124.0, 126.0), 2.6, core_level="Ge 3p"))
    model = models.from_mapping("m", content)
    homes = {level: [name for name, levels in regions.items() if level in levels] for level in ("Ge 3d", "Ge 3p")}
    faults = model.region_faults(regions)
    assert len(faults) == sum(len(found) != 1 for found in homes.values())
    for level, found in homes.items():
        said = [fault for fault in faults if f"core level {level!r}" in fault]
        assert [("was not measured" in fault, "is held by" in fault) for fault in said] == (
            [] if len(found) == 1 else [(not found, bool(found))]
        )


# what a series shares -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "said"),
    [
        (["position_ev"], ""),
        ([{"component": "Ge0", "parameter": "fwhm_ev"}], ""),
        (["shirley_factor_per_ev"], ""),
        (["area_ratio"], "share area_ratio: the model fits no such number"),
        (["shape"], "share shape: the model fits no such number"),
        ([{"component": "Ge9", "parameter": "fwhm_ev"}], "there is no component 'Ge9'; components are Ge0, Ge4+"),
        ([{"component": "Ge4+", "parameter": "shape"}], "that of 'Ge4+' is given or tied, there is nothing to share"),
    ],
)
def test_only_fitted_numbers_are_shared(share: list[Any], said: str) -> None:
    found = refusal(ge3d(series={"fit": "joint", "share": share}))
    assert said in found
    assert bool(said) == bool(found)


def test_nothing_is_shared_where_everything_is_fitted_independently() -> None:
    assert "nothing is shared" in refusal(ge3d(series={"fit": "independent", "share": ["fwhm_ev"]}))
    assert refusal(ge3d(series={"fit": "independent"})) == ""


def test_a_shirley_factor_is_shared_only_where_there_is_one() -> None:
    series = {"fit": "joint", "share": ["shirley_factor_per_ev"]}
    assert "the model fits no such number" in refusal(ge3d("linear", series=series))


def test_a_softly_tied_ratio_is_a_number_to_share() -> None:
    tie = {"component": "Ge0", "parameter": "area", "ratio_to": "Ge4+", "value": 0.4, "stderr": 0.1, "source": "x"}
    assert refusal(ge3d(ties=[tie], series={"fit": "joint", "share": ["area_ratio"]})) == ""


# models and experiments together --------------------------------------------------------------------------------------


class _Use:
    def __init__(self, content: dict[str, Any], regions: dict[str, list[str]]) -> None:
        self.models = {"ge3d": content}
        self.experiments = {"series": {"regions": regions, "models": ["ge3d"]}}


def test_a_sound_analysis_has_no_faults_and_one_of_the_model_is_told_with_its_file() -> None:
    assert agreement.faults(_Use(ge3d(), {"Ge3d": ["Ge 3d"]})) == []
    wrong = ge3d()
    wrong["components"][0]["fwhm_ev"]["low"] = -1.0
    (fault,) = agreement.faults(_Use(wrong, {"Ge3d": ["Ge 3d"]}))[:1]
    assert fault.startswith("config/models/ge3d.yaml: component 'Ge4+': fwhm_ev must stay above 0")


def test_a_component_that_a_region_is_not_said_to_hold_is_told_with_the_experiment() -> None:
    content = ge3d()
    content["components"].append(component("O 2s", span(25.5, 25.0, 26.0), 2.0, core_level="O 2s"))
    use = _Use(content, {"Ge3d": ["Ge 3d"], "O2s": ["O 2s"]})
    (fault,) = agreement.faults(use)
    assert fault.startswith("config/experiments/series.yaml: model ge3d: component 'O 2s' belongs to O 2s")
    assert "add O 2s to that region" in fault
    use.experiments["series"]["regions"] = {"Ge3d": ["Ge 3d", "O 2s"]}
    assert agreement.faults(use) == []


def test_a_fault_of_an_alternative_is_told_once_and_by_its_name() -> None:
    added = component("O 2s", span(25.5, 25.0, 26.0), 2.0, core_level="O 2s")
    content = ge3d(alternatives=[{"name": "with oxygen", "systematic": True, "add": [added]}])
    assert refusal(content) == ""
    use = _Use(content, {"Ge3d": ["Ge 3d"], "O2s": ["O 2s"]})
    (fault,) = agreement.faults(use)
    assert "model ge3d: alternative 'with oxygen': component 'O 2s' belongs to O 2s" in fault


@given(st.lists(st.sampled_from(["constant", "linear", "shirley", "tougaard"]), min_size=1, max_size=4))
def test_each_background_adds_the_coefficients_that_the_fit_gives_it(kinds: list[str]) -> None:
    windows = [window(f"level {i}", 100.0 * i, 100.0 * i + 50.0, kind) for i, kind in enumerate(kinds)]
    parts = [
        component(f"part {i}", span(100.0 * i + 25.0, 100.0 * i + 24.0, 100.0 * i + 26.0), 1.3, core_level=f"level {i}")
        for i in range(len(kinds))
    ]
    model = models.from_mapping("m", {"description": "x", "windows": windows, "components": parts})
    own = {"constant": 1, "linear": 2, "shirley": 1, "tougaard": 1}
    assert model.linear_parameters == len(kinds) + sum(own[kind] for kind in kinds)
    assert model.nonlinear_parameters == len(kinds) + kinds.count("shirley")
    plan = layout.of(model)
    assert int(np.sum(plan.linear)) == model.linear_parameters
    assert plan.varied.size == model.linear_parameters + model.nonlinear_parameters
    assert model.window_of_component == tuple(range(len(kinds)))
