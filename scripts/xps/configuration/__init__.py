"""Settings: read from config/, checked in two layers, handed to the rules leaf by leaf.

``load`` is called once, while the Snakefile is parsed. First layer: does every file have the shape that its schema in
config/schema declares? Second: do the settings make sense together, and do the raw files that they name exist? All
faults of all files come out in one ConfigError, before anything is touched. Only files inside config/ are opened; raw
folders are listed, never read.

A job never imports this module: what it needs arrives as parameters of its rule.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from xps import chemistry, claim_settings, figure_settings
from xps.configuration import documents, places, sense, series_sense, shape
from xps.configuration import reference as references
from xps.configuration.analysis import Analysis
from xps.errors import ConfigError

__all__ = ["Analysis", "Check", "load"]

Check = Callable[[Analysis], Sequence[str]]
"""A check from a module above this one: what it finds wrong in an analysis, as sentences with their place."""


def load(
    root: Path, config: Mapping[str, Any] | None, checks: Sequence[Check] = (), files: Sequence[Path] = ()
) -> Analysis:
    """Return the checked analysis that ``config`` describes, or raise one ConfigError that lists every fault.

    ``root`` is the project's folder, which holds config/. ``config`` is the mapping that Snakemake loaded; ``files``
    are the files that it came from, when known: they are read again, strictly, because Snakemake does not see a key
    given twice. ``checks`` see an analysis of those files that passed so far, so they add to the faults found here.
    """
    reading = _Reading(root / "config")
    for path in files:
        reading.note(path.name, _file_faults(path, config or {}))
    given = documents.plain(config) if config else None
    top = reading.sound("the configuration", given, "config") or reading.declared_part(given, "config")
    if top is None:
        raise ConfigError.of("configuration", reading.faults)
    analysis = _analysis(reading, top)
    reading.faults += _sense_faults(root, top, analysis)
    for check in checks:
        reading.faults += check(analysis)
    if reading.faults:
        raise ConfigError.of("configuration", list(dict.fromkeys(reading.faults)))
    return analysis


def _file_faults(path: Path, config: Mapping[str, Any]) -> list[str]:
    """Return what Snakemake overlooked in a configuration file, such as the key that makes it evaluate expressions."""
    document = documents.read(path)
    lost = [key for key in document.mapping or {} if key not in config]
    return [
        *document.faults,
        *(f"key {key!r} is no setting but an instruction to the reader; remove it" for key in lost),
    ]


class _Reading:
    """One pass over the files in config/, collecting faults with the file that each belongs to."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.faults: list[str] = []
        self._schemas: dict[str, documents.Document] = {}

    def note(self, place: str, faults: Sequence[str]) -> None:
        self.faults += [f"{place}: {fault}" for fault in faults]

    def sound(self, place: str, mapping: Any, kind: str) -> dict[str, Any] | None:
        """Return ``mapping`` if it fits the schema of its ``kind``, else None with its faults noted."""
        if kind not in self._schemas:
            self._schemas[kind] = documents.read(self.folder / "schema" / f"{kind}.schema.yaml")
        schema = self._schemas[kind]
        found = [f"schema {kind}: {fault}" for fault in schema.faults]
        if not isinstance(mapping, Mapping):
            found.append("is empty; see config/schema/config.schema.yaml for its keys")
        elif schema.mapping is not None:
            found += shape.faults(mapping, schema.mapping)
        self.note(place, found)
        return None if found else dict(mapping)

    def declared_part(self, mapping: Any, kind: str) -> dict[str, Any] | None:
        """Return ``mapping`` without undeclared keys if that is sound: a misspelt key must not hide other faults."""
        schema = documents.read(self.folder / "schema" / f"{kind}.schema.yaml").mapping
        if schema is None or not isinstance(mapping, Mapping):
            return None
        part = {key: value for key, value in mapping.items() if key in schema["properties"]}
        return None if shape.faults(part, schema) else part

    def file(self, kind: str, name: str, wanted_by: str) -> dict[str, Any] | None:
        """Return the sound mapping in config/<kind>s/<name>.yaml, else None with its faults noted."""
        path = self.folder / f"{kind}s" / f"{name}.yaml"
        place = f"config/{kind}s/{name}.yaml"
        if not path.is_file():
            hint = shape.near(name, (other.stem for other in path.parent.glob("*.yaml")))
            self.note(wanted_by, [f"{kind}s: there is no file {place}{hint}"])
            return None
        document = documents.read(path)
        self.note(place, document.faults)
        return None if document.mapping is None else self.sound(place, document.mapping, kind)

    def claims(self) -> tuple[Mapping[str, Any], ...]:
        """Return the sentences of claims.yaml; none with its faults noted where it is not sound."""
        document = documents.read(self.folder / "claims.yaml")
        self.note("config/claims.yaml", document.faults)
        sound = None if document.mapping is None else self.sound("config/claims.yaml", document.mapping, "claims")
        if sound is None:
            return ()
        self.note("config/claims.yaml", claim_settings.faults(sound["claims"]))
        return tuple(sound["claims"])

    def all_of(self, kind: str, wanted: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
        """Return the sound files of one ``kind``; ``wanted`` says for each name which file asks for it."""
        found = {name: self.file(kind, name, wanted_by) for name, wanted_by in wanted.items()}
        return {name: mapping for name, mapping in found.items() if mapping is not None}


def _analysis(reading: _Reading, top: Mapping[str, Any]) -> Analysis:
    experiments = reading.all_of("experiment", dict.fromkeys(top["experiments"], "the configuration"))
    wanted_models: dict[str, str] = {}
    for name, settings in experiments.items():
        for model in settings["models"]:
            wanted_models.setdefault(model, f"config/experiments/{name}.yaml")
    models = reading.all_of("model", wanted_models)
    figures = reading.all_of("figure", dict.fromkeys(top["figures"], "the configuration"))
    reference, faults = chemistry.rows(reading.folder / "reference")
    reading.faults += faults
    reference[references.CHECKS], faults = references.energy_checks(reading.folder / "reference")
    reading.faults += faults
    tables, faults = references.factor_tables(reading.folder / "reference")
    reference |= tables
    reading.faults += faults
    listings = {name: places.listing(Path(top["raw"]), item["source"]) for name, item in experiments.items()}
    for name, found in listings.items():
        reading.note(f"config/experiments/{name}.yaml", found.faults)
    return Analysis(
        raw_root=top["raw"],
        results=str(PurePosixPath(top["results"])),
        experiments=experiments,
        models=models,
        figures=figures,
        files={name: found.files for name, found in listings.items()},
        logs={name: found.log for name, found in listings.items()},
        reference=reference,
        claims=reading.claims() if top.get("claims", False) else (),
        **top.get("run", {}),
    )


def _sense_faults(root: Path, top: Mapping[str, Any], analysis: Analysis) -> list[str]:
    faults = places.root_faults(root, Path(top["raw"]), Path(top["results"]), top["experiments"])
    for name, settings in analysis.experiments.items():
        models = {model: analysis.models[model] for model in settings["models"] if model in analysis.models}
        found = sense.experiment_faults(name, settings, models)
        found += series_sense.series_faults(settings, models, analysis.reference)
        found += references.experiment_faults(settings, models, analysis.reference)
        faults += [f"config/experiments/{name}.yaml: {fault}" for fault in found]
    for name, settings in analysis.figures.items():
        named = figure_settings.experiments_of(settings, top["experiments"])
        if all(_judgeable(experiment, top, analysis) for experiment in named):
            found = figure_settings.faults(settings, analysis.experiments, analysis.models)
            faults += [f"config/figures/{name}.yaml: {fault}" for fault in found]
    return faults


def _judgeable(experiment: str, top: Mapping[str, Any], analysis: Analysis) -> bool:
    """Return whether all that a figure refers to could be read; else its faults would be consequences of others."""
    if experiment not in top["experiments"]:
        return True
    sound = analysis.experiments.get(experiment)
    return sound is not None and all(model in analysis.models for model in sound["models"])
