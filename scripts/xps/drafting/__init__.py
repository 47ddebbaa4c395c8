"""A first draft of an experiment: its file and log, fit models of one line, figures, a configuration to run it.

``of_folder`` is the front door. A draft guesses only what names and headers carry: which core level a region is named
after, the axis, the origin of the data. Each guess is marked ``check``, each gap ``fill in``; what was left out stands
there as a comment with its reason. Nothing is drafted about the sample: each level gets one line where its data have
their maximum, so that there is a picture to begin with, and the models that would serve are named beside.
"""

import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from xps import reference_tables
from xps.acquisitions.cycles import READ_REMEDY, RawFile, in_order, read
from xps.acquisitions.log import parse
from xps.acquisitions.log_rows import Log
from xps.configuration import documents, reference
from xps.drafting import log_text, model_text, regions, run_text, settings_text
from xps.errors import ConfigError, RawFileError
from xps.spectra import Measurement, Region

LOG_NAME, SUFFIXES = "acquisitions.csv", (".spe", ".pro")
_DOUBLETS = {"core_level": "text", "splitting_ev": "number"}
_TOLD = 3
_OTHER = "remove it, or say another --name"


class Known(NamedTuple):
    """What the project knows of core levels: fit models, nominal energies (eV), distances within doublets (eV)."""

    models: Mapping[str, Mapping[str, Any]]
    lines_ev: Mapping[str, float]
    splittings_ev: Mapping[str, float]


class Draft(NamedTuple):
    """Texts of experiment file and log, of fit models and figures by name, and what the person should hear of."""

    settings: str
    log: str
    models: Mapping[str, str]
    figures: Mapping[str, str]
    remarks: tuple[str, ...]


class Drafted(NamedTuple):
    """Where the drafts of a folder belong, with their texts, and what the person should hear of."""

    files: Mapping[Path, str]
    remarks: tuple[str, ...]


def of_folder(experiment: str, folder: Path, raw_root: Path, config: Path) -> Drafted:
    """Return the drafts for the raw files in ``folder``; only reads.

    ``config`` is the project's folder of that name. Raises ConfigError when one of the files is there already or the
    name cannot be one, when the folder is outside the raw root or holds no raw file, or when its log has faults.
    """
    target, log_path = config / "experiments" / f"{experiment}.yaml", folder / LOG_NAME
    paths = _raw_files(experiment, folder, raw_root, target)
    log = None
    if log_path.exists():
        log = parse(log_path.read_bytes(), str(log_path), [path.name for path in paths])
    files = [_read(path, log) for path in in_order(paths, log)]
    relative = folder.resolve().relative_to(raw_root.resolve()).as_posix()
    made = draft(experiment, relative, LOG_NAME, files, _known(config))
    root = Path(os.path.relpath(raw_root.resolve(), config.resolve().parent)).as_posix()
    own = "\n".join(run_text.configuration(experiment, root, made.figures)) + "\n"
    drafts = {target: made.settings}
    drafts |= {config / "models" / f"{name}.yaml": text for name, text in made.models.items()}
    drafts |= {config / "figures" / f"{name}.yaml": text for name, text in made.figures.items()}
    drafts[config / f"{experiment}.yaml"] = own
    there = [f"{path} is there already and is not overwritten; {_OTHER}" for path in drafts if path.exists()]
    if there:
        raise ConfigError.of(f"experiment {experiment}", there)
    if log is None:
        return Drafted({log_path: made.log, **drafts}, made.remarks)
    return Drafted(drafts, (f"{log_path} is there already and stays as it is", *made.remarks))


def _raw_files(experiment: str, folder: Path, raw_root: Path, target: Path) -> list[Path]:
    """Return the folder's .spe and .pro files, or raise ConfigError with all that stands against a draft."""
    faults = []
    if not re.fullmatch(r"[a-z0-9_]+", experiment):
        faults.append(f"{experiment!r} is no experiment name: lower-case letters, digits and _ only; say --name")
    if target.exists():
        faults.append(f"{target} is there already and is not overwritten; {_OTHER}")
    if not folder.is_dir():
        raise ConfigError.of(
            f"experiment {experiment}", [*faults, f"{folder} is no folder; name that of the raw files"]
        )
    if raw_root.resolve() not in (folder.resolve(), *folder.resolve().parents):
        faults.append(f"{folder} lies outside the raw root {raw_root}; move it there, or name its root with --raw")
    paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES and path.name[0] != "."]
    if not paths:
        faults.append(f"{folder} holds no .spe or .pro file{_deeper(folder)}")
    root = raw_root.resolve()
    faults += [
        f"{path} is a link that leaves the raw root; put the file itself there"
        for path in paths
        if root not in path.resolve().parents
    ]
    if faults:
        raise ConfigError.of(f"experiment {experiment}", faults)
    return paths


def _deeper(folder: Path) -> str:
    """Return a hint at a folder below that holds raw files."""
    found = next((path for path in sorted(folder.rglob("*")) if path.suffix.lower() in SUFFIXES), None)
    return "" if found is None else f"; there are some in {found.parent}: name that folder"


def _read(path: Path, log: Log | None) -> RawFile:
    """Return the file at ``path``; one that cannot be used says why instead of stopping the draft of the others."""
    try:
        return read(path, path.name, log)
    except RawFileError as error:
        return RawFile(path, path.name, path.name, "", None, str(error).removesuffix(f"; {READ_REMEDY}"))


def _known(config: Path) -> Known:
    """Return what the folder ``config`` says of core levels; faulty models and tables are told by `make`."""
    found = {path.stem: documents.read(path).mapping for path in sorted((config / "models").glob("*.yaml"))}
    models = {name: model for name, model in found.items() if model and {"windows", "components"} <= model.keys()}
    tables = reference.factor_tables(config / "reference")[0]
    factors = [row for name, rows in tables.items() if name.startswith(reference.FACTORS) for row in rows]
    doublets = reference_tables.read(config / "reference/doublets.csv", _DOUBLETS, "core_level").rows
    return Known(
        models,
        {row["core_level"]: float(row["binding_energy_ev"]) for row in factors},
        {row["core_level"]: float(row["splitting_ev"]) for row in doublets},
    )


def draft(experiment: str, folder: str, log_name: str, files: Sequence[RawFile], known: Known) -> Draft:
    """Return the drafts for ``files``, which lie in ``folder`` under the raw root and are in order of their names.

    Raises RawFileError when no file can be used, ConfigError when measured and simulated files lie together.
    """
    contents = {raw.name: raw.load() for raw in files if raw.held is not None}
    if not contents:
        remedy = "scripts/inspect_raw.py shows what is in a file, and with --export writes it as CSV"
        told = [f"  - {raw.refusal}" for raw in files]
        raise RawFileError("\n".join([f"{folder}: no file can be used; {remedy}", *told]))
    read_files = list(contents.values())
    held = {level for model in known.models.values() for level in settings_text.needs(model)}
    found = regions.windows(read_files, known.lines_ev, held)
    remarks = [f"excluded in the log's draft: {raw.refusal}" for raw in files if raw.refusal]
    remarks += [
        f"{name} is a copy of {known.earlier}, excluded in the log's draft"
        if known.are_all
        else f"{name} resumes {known.earlier} (the first {known.cycles} cycles are the same), says the log's draft"
        for name, known in log_text.copies(files, contents).items()
    ]
    remarks += [
        f"cycle {item.cycles - 1} of {name} is excluded in the log's draft: {why}"
        for name, item in contents.items()
        if (why := log_text.stopped(item))
    ]
    remarks += [text for name, item in contents.items() for text in _warnings(name, item)]
    remarks += [f"region {window.name} is not fitted: {window.remark}" for window in found if not window.levels]
    text = settings_text.lines(experiment, (folder, log_name), files, contents, found, known.models)
    return Draft(
        "\n".join(text) + "\n",
        "\n".join(log_text.lines(files, contents)) + "\n",
        _fit_models(experiment, found, read_files, known),
        run_text.figures(experiment, settings_text.axis_of(read_files), found, read_files),
        tuple(remarks),
    )


def _warnings(name: str, measurement: Measurement) -> list[str]:
    """Return what is odd about a file, the first of it where it is much."""
    told = [f"{name}: {warning}" for warning in measurement.warnings[:_TOLD]]
    more = len(measurement.warnings) - len(told)
    return told + [f"{name}: {more} more, which scripts/inspect_raw.py shows"] * (more > 0)


def _fit_models(
    experiment: str, found: Sequence[regions.Window], read_files: Sequence[Measurement], known: Known
) -> dict[str, str]:
    """Return a draft of a fit model of one line, by its name, for each level but that of the energy reference."""

    def holding(level: str) -> list[Region]:
        names = {window.name for window in found if level in window.levels}
        return [region for item in read_files for region in item.regions if region.name in names]

    shift_ev = 0.0
    if settings_text.is_referred([level for window in found for level in window.levels], known.models):
        shift_ev = settings_text.REFERENCE_EV - model_text.lowest_ev(holding(settings_text.REFERENCE_LEVEL))
    return {
        model_text.name_of(experiment, level): "\n".join(
            model_text.lines(experiment, level, holding(level), shift_ev, known)
        )
        + "\n"
        for level in settings_text.drawn(found, known.models)
    }
