"""The files of config/simulation read and joined: an experiment, the instrument they share, and what matter is.

An experiment's file names its regions; their windows and the spectrometer stand in instrument.yaml beside it, phases,
core levels and the residual gas in matter.yaml. All faults of the three files come out at once.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from xps.configuration import documents, shape
from xps.errors import ConfigError, near
from xps.simulation.emission import Charging, Setup
from xps.simulation.growth import GrowthLaw, Sample, Supply
from xps.simulation.matter import matter_from
from xps.simulation.plan import plan_from

_SCHEMAS = {"experiment": "simulation", "instrument": "simulation_instrument", "matter": "simulation_matter"}


def load(path: Path, schemas: Path) -> Setup:
    """Return the series that the file ``path`` of config/simulation describes; ``schemas`` is the schemas' folder.

    Raises ConfigError with all faults of the file and of instrument.yaml and matter.yaml beside it.
    """
    return setup_from(load_settings(path, schemas))


def load_settings(path: Path, schemas: Path) -> dict[str, Any]:
    """Return the validated settings of a series in one mapping: experiment, instrument, ``regions`` and ``matter``."""
    paths = {"experiment": path, "instrument": path.parent / "instrument.yaml", "matter": path.parent / "matter.yaml"}
    found: dict[str, Mapping[str, Any]] = {}
    faults: list[str] = []
    for name, file in paths.items():
        declared, document = documents.read(schemas / f"{_SCHEMAS[name]}.schema.yaml"), documents.read(file)
        own = [f"schema: {fault}" for fault in declared.faults] + document.faults
        if document.mapping is not None and declared.mapping is not None:
            own += shape.faults(document.mapping, declared.mapping)
            found[name] = document.mapping
        faults += [f"{file.name}: {fault}" for fault in own]
    if not faults:
        windows = found["instrument"]["regions"]
        faults = [
            f"regions: instrument.yaml has no window {region['name']!r}{near(region['name'], windows)}"
            for region in found["experiment"]["regions"]
            if region["name"] not in windows
        ]
    if faults:
        raise ConfigError.of(str(path), faults)
    regions = [{**windows[region["name"]], **region} for region in found["experiment"]["regions"]]
    return {**found["instrument"], **found["experiment"], "regions": regions, "matter": found["matter"]}


def setup_from(settings: Mapping[str, Any]) -> Setup:
    """Return the series that joined ``settings`` describe; ConfigError where they do not fit together."""
    plan, matter = plan_from(settings), matter_from(settings["matter"])
    sample = _sample(settings["sample"], plan.log.pressure_pa)
    faults = sample.faults(matter)
    if faults:
        raise ConfigError.of(f"simulation of {plan.experiment}", faults)
    times = tuple(float(time) for time in settings["times_min"])
    setup = Setup(plan, matter, sample, Charging(**settings["charging"]), times, settings["times_are"] == "doses")
    for _ in setup.shots():
        pass  # refuses times that run into each other
    return setup


def _sample(settings: Mapping[str, Any], pressure_pa: float) -> Sample:
    growth, supply = settings.get("growth"), settings.get("supply")
    given = {
        **settings,
        "pressure_pa": pressure_pa,
        "growth": None if growth is None else GrowthLaw(**growth),
        "supply": None if supply is None else Supply(**supply),
    }
    return Sample(**given)
