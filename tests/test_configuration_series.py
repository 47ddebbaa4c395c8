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
SHIPPED = ("lgps_vep", "lagp_vep", "lagp_rest", "li_foil_gas", "li2s_gas", "lgps_sputter", "lagp_sputter")


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
        (("layers", 0, "layer_model"), "patchy", "layers: patchy is declared more than once"),
        (("layers", 0, "coverages"), [0.5], "layers[0].layer_model: coverages and patches mean nothing in layer"),
        (("layers", 1, "layer_model"), "layer", "layer_model: layer takes one film; say layers for several"),
        (("layers", 1, "coverages"), [], "layer_model: patchy needs coverages and a film with patches: true"),
        (("balance", "films"), ["SEI", "Li1"], "balance.films: patchy has no film Li1"),
        (("balance", "layer_model"), "layers", "balance.layer_model: no stack of layers is of the model layers"),
        (("balance", "coverage_fraction"), 0.4, "balance.coverage_fraction: patchy needs one of its coverages here"),
        (("areas_cm2",), {}, "balance: the charge per area needs an area; declare areas_cm2"),
    ],
)  # fmt: skip
def test_a_name_that_stands_for_nothing_is_a_fault(path: tuple[Any, ...], value: Any, fault: str) -> None:
    assert any(fault in found for found in changed(*path, value=value)), changed(*path, value=value)


def test_a_coverage_means_nothing_without_patches() -> None:
    faults = changed("balance", "coverage_fraction", value=1.0, name="lgps_vep")
    assert faults == ["balance.coverage_fraction: patchy needs one of its coverages here, other models none"]


def test_an_experiment_without_films_asks_for_nothing() -> None:
    settings, models = experiment("al_foil")
    assert list(series_faults(settings, models, {})) == []
