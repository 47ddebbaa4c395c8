"""A first draft of an experiment's file and of its log, from its raw files: what they say, and what is left to say.

``of_folder`` is the front door. A draft guesses only what names and headers carry: which core level a region is named
after, the axis, the origin of the data. Each guess is marked ``check``, each gap ``fill in``; what was left out stands
there as a comment with its reason. Nothing is drafted about the sample.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from xps.acquisitions.cycles import READ_REMEDY, RawFile, in_order, read
from xps.acquisitions.log import parse
from xps.acquisitions.log_rows import Log
from xps.configuration import documents, reference
from xps.drafting import log_text, regions, settings_text
from xps.errors import ConfigError, RawFileError

LOG_NAME, SUFFIXES = "acquisitions.csv", (".spe", ".pro")


class Draft(NamedTuple):
    """Texts of the experiment file and of the log, and what the person should hear of beside them."""

    settings: str
    log: str
    remarks: tuple[str, ...]


class Drafted(NamedTuple):
    """Where the drafts of a folder belong, with their texts, and what the person should hear of."""

    files: Mapping[Path, str]
    remarks: tuple[str, ...]


def of_folder(experiment: str, folder: Path, raw_root: Path, config: Path) -> Drafted:
    """Return the drafts for the raw files in ``folder``; only reads.

    ``config`` is the project's folder of that name. Raises ConfigError when the experiment has a file already or its
    name cannot be one, when the folder is outside the raw root or holds no raw file, or when its log has faults.
    """
    target, log_path = config / "experiments" / f"{experiment}.yaml", folder / LOG_NAME
    paths = _raw_files(experiment, folder, raw_root, target)
    log = None
    if log_path.exists():
        log = parse(log_path.read_bytes(), str(log_path), [path.name for path in paths])
    files = [_read(path, log) for path in in_order(paths, log)]
    relative = folder.resolve().relative_to(raw_root.resolve()).as_posix()
    tables = reference.factor_tables(config / "reference")[0]
    factors = [row for name, rows in tables.items() if name.startswith(reference.FACTORS) for row in rows]
    lines = {row["core_level"]: float(row["binding_energy_ev"]) for row in factors}
    made = draft(experiment, relative, LOG_NAME, files, _models(config / "models"), lines)
    if log is None:
        return Drafted({log_path: made.log, target: made.settings}, made.remarks)
    return Drafted({target: made.settings}, (f"{log_path} is there already and stays as it is", *made.remarks))


def _raw_files(experiment: str, folder: Path, raw_root: Path, target: Path) -> list[Path]:
    """Return the folder's .spe and .pro files, or raise ConfigError with all that stands against a draft."""
    faults = []
    if not re.fullmatch(r"[a-z0-9_]+", experiment):
        faults.append(f"{experiment!r} is no experiment name: lower-case letters, digits and _ only; say --name")
    if target.exists():
        faults.append(f"{target} is there already and is not overwritten; remove it, or say another --name")
    if not folder.is_dir():
        raise ConfigError.of(
            f"experiment {experiment}", [*faults, f"{folder} is no folder; name that of the raw files"]
        )
    if raw_root.resolve() not in (folder.resolve(), *folder.resolve().parents):
        faults.append(f"{folder} lies outside the raw root {raw_root}; move it there, or name its root with --raw")
    paths = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in SUFFIXES and path.name[0] != "."]
    if not paths:
        faults.append(f"{folder} holds no .spe or .pro file")
    if faults:
        raise ConfigError.of(f"experiment {experiment}", faults)
    return paths


def _read(path: Path, log: Log | None) -> RawFile:
    """Return the file at ``path``; one that cannot be used says why instead of stopping the draft of the others."""
    try:
        return read(path, path.name, log)
    except RawFileError as error:
        return RawFile(path, path.name, path.name, "", None, str(error).removesuffix(f"; {READ_REMEDY}"))


def _models(folder: Path) -> dict[str, Mapping[str, Any]]:
    """Return the fit models that can be read; faulty ones are told by `make`."""
    found = {path.stem: documents.read(path).mapping for path in sorted(folder.glob("*.yaml"))}
    return {name: model for name, model in found.items() if model and {"windows", "components"} <= model.keys()}


def draft(
    experiment: str,
    folder: str,
    log_name: str,
    files: Sequence[RawFile],
    models: Mapping[str, Mapping[str, Any]],
    lines_ev: Mapping[str, float],
) -> Draft:
    """Return the drafts for ``files``, which lie in ``folder`` under the raw root and are in order of their names.

    ``models`` are the fit models that could be named; ``lines_ev`` the nominal binding energies of core levels (eV).
    Raises RawFileError when no file can be used, ConfigError when measured and simulated files lie together.
    """
    contents = {raw.name: raw.load() for raw in files if raw.held is not None}
    if not contents:
        raise RawFileError("\n".join([f"{folder}: no file can be used", *(f"  - {raw.refusal}" for raw in files)]))
    held = {level for model in models.values() for level in settings_text.needs(model)}
    found = regions.windows(list(contents.values()), lines_ev, held)
    mapped = [window for window in found if window.levels]
    if not mapped:
        names = ", ".join(f"{window.name} ({window.remark})" for window in found)
        raise ConfigError(
            f"{folder}: no region is named after a core level: {names}; "
            f"write config/experiments/{experiment}.yaml by hand"
        )
    remarks = [f"{raw.name} is excluded in the log's draft: {raw.refusal}" for raw in files if raw.refusal]
    remarks += [f"region {window.name} is not fitted: {window.remark}" for window in found if not window.levels]
    text = "\n".join(settings_text.lines(experiment, (folder, log_name), files, contents, found, models)) + "\n"
    return Draft(text, "\n".join(log_text.lines(files, contents)) + "\n", tuple(remarks))
