"""Names in layers and balance: what stands for nothing is told with its place."""

from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from xps import chemistry
from xps.configuration.series_sense import series_faults

CONFIG = Path(__file__).parents[1] / "config"
REFERENCE = chemistry.rows(CONFIG / "reference")[0]
SHIPPED = (
    "lgps_control",
    "lagp_control",
    "lgps_vep",
    "lagp_vep",
    "lagp_rest",
    "li_foil_gas",
    "li2s_gas",
    "lgps_sputter",
    "lagp_sputter",
)


def experiment(name: str) -> tuple[dict[str, Any], dict[str, Any]]:
    settings = yaml.safe_load((CONFIG / f"experiments/{name}.yaml").read_text())
    models = {model: yaml.safe_load((CONFIG / f"models/{model}.yaml").read_text()) for model in settings["models"]}
    return settings, models


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_experiments_are_sound(name: str) -> None:
    assert list(series_faults(*experiment(name), REFERENCE)) == []


def changed(*path: Any, value: Any, name: str = "lagp_vep") -> list[str]:
    settings, models = deepcopy(experiment(name))
    place: Any = settings
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return list(series_faults(settings, models, REFERENCE))


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (("layers", 0, "substrate", "phase"), "LAPG", "[0].substrate.phase: LAPG is neither a phase nor a case (did"),
        (("layers", 0, "films", 0, "phase"), "LAGP-Z", "[0].films.SEI.phase: LAGP-Z is neither a phase nor a case"),
        (("layers", 0, "films", 0, "tracer", "element"), "S", "SEI.tracer.element: LAGP-A holds no S, but Al, Ge, Li"),
        (("layers", 0, "films", 0, "tracer", "model"), "lagp_ge3d", "tracer.model: lagp_ge3d is no model of this exp"),
        (("layers", 0, "films", 0, "tracer", "components"), ["Ge2+ 3d"], "components: lagp_ge3d_p2p has no Ge2+ 3d"),
        (("layers", 0, "films", 0, "tracer", "components"), ["Ge0 3d", "PO4 2p"], "they belong to Ge 3d and P 2p"),
        (("layers", 1, "carbon", "phase"), "carbn", "[1].carbon.phase: carbn is neither a phase nor a case (did"),
        (("layers", 1, "carbon", "tracer", "element"), "O", "[1].carbon.tracer.element: carbon holds no O, but C"),
        (("layers", 1, "carbon", "tracer", "model"), "c1s", "[1].carbon.tracer.model: c1s is no model of this exp"),
        (("layers", 0, "layer_model"), "patchy", "layers: patchy is declared more than once"),
        (("layers", 0, "coverages"), [0.5], "layers[0].layer_model: coverages and patches mean nothing in layer"),
        (("layers", 1, "layer_model"), "layer", "layer_model: layer takes one film; say layers for several"),
        (("layers", 1, "coverages"), [], "layer_model: patchy needs coverages and a film with patches: true"),
        (("balance", "films"), ["SEI", "Li1"], "balance.films: patchy has no film Li1"),
        (("balance", "layer_model"), "layers", "balance.layer_model: no stack of layers is of the model layers"),
        (("balance", "coverage_fraction"), 0.4, "balance.coverage_fraction: patchy needs one of its coverages here"),
        (("kinetics", "growth", "layer"), "SEI2", "kinetics.growth.layer: layer has no film SEI2 (did"),
        (("kinetics", "growth", "area"), "pellet", "kinetics.growth.area: areas_cm2 declares no pellet"),
        (("kinetics", "growth", "layer_model"), "layers", "kinetics.growth.layer_model: no stack of layers is of"),
        (("kinetics", "growth", "metal", "coverage_fraction"), 0.7, "patchy does not declare the coverage 0.7"),
        (("kinetics", "growth", "metal", "layer"), "Na0", "kinetics.growth.metal.layer: patchy has no film Na0"),
        (("kinetics", "onset", 0, "component"), "Li1", "kinetics.onset[0].components: lagp_li1s has no Li1"),
        (("kinetics", "onset", 0, "model"), "x", "kinetics.onset[0].model: x is no model of this experiment"),
        (("areas_cm2",), {}, "balance: the charge per area needs an area; declare areas_cm2"),
    ],
)  # fmt: skip
def test_a_name_that_stands_for_nothing_is_a_fault(path: tuple[Any, ...], value: Any, fault: str) -> None:
    assert any(fault in found for found in changed(*path, value=value)), changed(*path, value=value)


def test_growth_needs_a_film_that_a_reaction_makes() -> None:
    faults = changed("kinetics", "growth", value={"layer_model": "patchy", "layer": "Li0", "area": "pellet_8_38_mm"})
    assert faults == ["kinetics.growth.layer: Li0 is Li, which is no case of reactions.csv"]


@pytest.mark.parametrize(
    ("name", "path", "value", "fault"),
    [
        ("li_foil_gas", ("oxidation", "metal"), "Lx", "kinetics.oxidation: there is no phase Lx"),
        ("li_foil_gas", ("oxidation", "products"), {"Li2O": 0.5}, "oxygen add up to 0.5, not to 1"),
        ("li_foil_gas", ("oxidation", "products"), {"Li2S": 1.0}, "kinetics.oxidation.products: Li2S holds no O"),
        ("li_foil_gas", ("oxidation", "component"), "Li1", "kinetics.oxidation.components: li_foil_li1s has no Li1"),
        ("lagp_rest", ("decay", "metal", "component"), "Li1", "kinetics.decay.metal.components: lagp_li1s has no Li1"),
        ("lagp_rest", ("decay", "interphase", "layer"), "S", "kinetics.decay.interphase.layer: layer has no film S"),
        ("lagp_rest", ("decay", "below", 0, "model"), "x", "kinetics.decay.below[0].model: x is no model"),
    ],
)
def test_names_in_other_mechanisms_are_checked_too(name: str, path: tuple[Any, ...], value: Any, fault: str) -> None:
    faults = changed("kinetics", *path, value=value, name=name)
    assert any(fault in found for found in faults), faults


def test_a_coverage_means_nothing_without_patches() -> None:
    faults = changed("balance", "coverage_fraction", value=1.0, name="lgps_vep")
    assert faults == ["balance.coverage_fraction: patchy needs one of its coverages here, other models none"]


def test_an_experiment_without_films_asks_for_nothing() -> None:
    settings, models = experiment("al_foil")
    assert list(series_faults(settings, models, {})) == []
