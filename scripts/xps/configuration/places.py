"""The second layer, part one: do the folders and files that the settings name exist, and lie where they may?

Names and links are looked at, contents are not: reading raw files belongs to the jobs. Relative paths count from the
working folder, as all of Snakemake's paths do.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

from xps.errors import near

# The folders beside the tables of the experiments, so no experiment may take their names.
RESERVED_NAMES = ("benchmarks", "figures", "logs", "runs")
# What belongs to the project itself or to its tools: results among them would be lost, or taken for sources.
_TOOLS_FOLDERS = (".git", ".snakemake", ".venv")
_OWN_FOLDERS = (*_TOOLS_FOLDERS, "benchmarks", "config", "docs", "profiles", "raw", "rules", "scripts", "tests")
_REMEDY = "results need a folder of their own"


class Listing(NamedTuple):
    """The raw files of one experiment as paths that Snakemake can take, its log, and what is wrong with them."""

    files: tuple[str, ...]
    log: str | None
    faults: list[str]


def root_faults(project: Path, raw: Path, results: Path, experiments: Iterable[str]) -> list[str]:
    """Return what is wrong with the raw root and the results root, seen from the project's folder."""
    faults = []
    if not raw.is_dir():
        what = "is no folder" if raw.exists() else "does not exist"
        faults.append(f"raw: the raw root {raw} {what} (seen from {Path.cwd()}); name the folder that holds raw files")
    own, data, out = project.resolve(), raw.resolve(), results.resolve()
    if out == data or data in out.parents or out in data.parents:
        faults.append(f"results: {results} and the raw root {raw} lie in each other; {_REMEDY}")
    if out == own or out in own.parents:
        faults.append(f"results: {results} would hold the project itself; {_REMEDY}")
    faults += [
        f"results: {results} lies in the project's folder {name}; {_REMEDY}"
        for name in _OWN_FOLDERS
        if (folder := (own / name).resolve()) in (out, *out.parents) and folder != data
    ]
    faults += _unusable(results)
    for name in (*experiments, *RESERVED_NAMES):
        if not _inside(results / name, out):
            faults.append(f"results: {results / name} is a link that leaves the results root; remove it")
    return faults


def listing(raw: Path, source: Mapping[str, Any]) -> Listing:
    """Return the raw files that ``source`` (folder, files, log) names under the root ``raw``, sorted by name."""
    relative = PurePosixPath(source["folder"])
    if relative.is_absolute() or ".." in relative.parts or "\\" in source["folder"]:
        fault = f"source.folder: {source['folder']!r} must be a path below the raw root, without '..'"
        return Listing((), None, [fault])
    folder = raw / relative
    if not raw.is_dir():
        return Listing((), None, [])
    if not folder.is_dir():
        hint = near(relative.name, _folder_names(folder.parent))
        return Listing((), None, [f"source.folder: there is no folder {folder}{hint}; put the raw files there"])
    if not _inside(folder, raw.resolve()):
        return Listing((), None, [f"source.folder: {folder} is a link that leaves the raw root; put the folder there"])
    names = sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith("."))
    faults = []
    log = source["log"]
    if log is not None and log not in names:
        hint = near(log, names)
        faults.append(f"source.log: there is no {folder / log}{hint}; write it (raw/README.md) or say log: null")
    present = [name for name in names if name != log and not (folder / name).is_dir()]
    chosen = [name for name in present if any(_matches(name, pattern) for pattern in source["files"])]
    faults += _unmatched(folder, source["files"], present, chosen)
    for name in [*chosen, *([log] if log in names else [])]:
        faults += _file_faults(folder / name, raw)
    return Listing(tuple(str(folder / name) for name in chosen), None if log is None else str(folder / log), faults)


def _matches(name: str, pattern: str) -> bool:
    """Return whether ``name`` fits ``pattern``; only * and ? are special, so that brackets in names need no care."""
    return fnmatchcase(name.casefold(), pattern.casefold().replace("[", "[[]"))


def _unmatched(folder: Path, patterns: Sequence[str], present: Sequence[str], chosen: Sequence[str]) -> list[str]:
    exact = [pattern for pattern in patterns if not set("*?") & set(pattern)]
    left = [name for name in present if name not in chosen]
    faults = [
        f"source.files: there is no {folder / pattern}{near(pattern, left)}"
        for pattern in exact
        if not any(_matches(name, pattern) for name in present)
    ]
    if not chosen and not faults:
        held = f"it holds {', '.join(present[:3])}{' ...' * (len(present) > 3)}" if present else "no raw file is there"
        faults.append(f"source.files: no file in {folder} matches {' or '.join(patterns)} ({held})")
    return faults


def _file_faults(path: Path, raw: Path) -> list[str]:
    shown = str(path).encode("utf-8", "backslashreplace").decode()
    if not _inside(path, raw.resolve()):
        return [f"source: {shown} is a link that leaves the raw root; put the file itself there"]
    if not path.is_file():
        return [f"source: {shown} is no readable file (a broken link or a device)"]
    if not os.access(path, os.R_OK):
        return [f"source: {shown} may not be read; change its permissions"]
    # Snakemake takes braces in a path for wildcards; a control character or broken UTF-8 cannot enter a table.
    if shown != str(path) or set("{}") & set(shown) or not shown.isprintable():
        return [f"source: {shown!r} has a name with braces, control characters or broken text; rename the file"]
    return []


def _inside(path: Path, root: Path) -> bool:
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError):
        return False
    return resolved == root or root in resolved.parents


def _unusable(results: Path) -> list[str]:
    present = results
    while not os.path.lexists(present) and present != present.parent:
        present = present.parent
    if not present.is_dir():
        return [f"results: {present} is no folder, so {results} cannot be written"]
    if not os.access(present, os.W_OK | os.X_OK):
        return [f"results: {present} may not be written to; change its permissions or name another results root"]
    return []


def _folder_names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in os.scandir(folder) if entry.is_dir()) if folder.is_dir() else []
