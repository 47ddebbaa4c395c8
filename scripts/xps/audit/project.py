"""The project that an artefact is held against: its folders, its configuration, its code.

A logical path (``raw:<path>``, ``results:<path>``) becomes a file here and nowhere else, and only below its root: one
that leaves the root, by ``..`` or through a symbolic link, is refused unread.
"""

import contextlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from xps import configuration
from xps.configuration import Analysis, documents
from xps.errors import ConfigError, TableError
from xps.provenance import PROJECT_ROOT, file_sha256

MADE = (".parquet", ".pdf", ".csv", ".md")
"""Suffixes of artefacts."""
ASIDE = ("benchmarks", "logs", "runs")
"""Folders of the results that hold no artefacts."""
CHECKSUMS = "checksums.tsv"


@dataclass(frozen=True)
class Project:
    """Folders and settings of one configuration of the project."""

    root: Path
    """Folder that holds scripts/, config/ and requirements.lock."""
    config: Path
    """The configuration file."""
    raw_root: Path
    results: Path

    @cached_property
    def loaded(self) -> tuple[Analysis | None, str]:
        """The checked settings, or None with the message that says why they cannot be used."""
        mapping = documents.read(self.config).mapping
        try:
            with contextlib.chdir(self.root):
                return configuration.load(self.root, mapping, files=[self.config]), ""
        except ConfigError as error:
            return None, str(error)

    def file(self, logical: str) -> Path:
        """Return the file of a logical path; TableError when it would lie outside its root."""
        kind, _, relative = logical.partition(":")
        root = self.raw_root if kind == "raw" else self.results
        path = root / relative
        if root.resolve() not in path.resolve().parents:
            raise TableError(f"{logical}: leaves {root} (by '..' or through a symbolic link); it is not read")
        return path

    def logical(self, path: Path) -> str | None:
        """Return the logical path of a file below the raw root or the results, None for any other."""
        for kind, root in (("results", self.results), ("raw", self.raw_root)):
            if root.resolve() in path.resolve().parents:
                return f"{kind}:{path.resolve().relative_to(root.resolve()).as_posix()}"
        return None

    def artefacts(self) -> Iterator[Path]:
        """Yield the files below the results that carry, or should carry, a record."""
        for path in sorted(self.results.rglob("*")):
            inner = path.relative_to(self.results).parts
            if path.suffix in MADE and inner[0] not in ASIDE and not path.name.startswith("."):
                yield path

    def holds(self, path: Path) -> bool:
        """Whether ``path`` lies in the project's folder, its raw root or its results."""
        return self.root.resolve() in path.resolve().parents or self.logical(path) is not None

    def shown(self, path: Path) -> str:
        """Return ``path`` as messages spell it: from the project's folder where it lies inside."""
        try:
            return path.resolve().relative_to(self.root.resolve()).as_posix()
        except ValueError:
            return str(path)


class Hashes:
    """SHA-256 of files, each read once however often it is asked for."""

    def __init__(self) -> None:
        self._known: dict[Path, str] = {}
        self.bytes_read = 0

    def __len__(self) -> int:
        return sum(map(bool, self._known.values()))

    def of(self, path: Path) -> str | None:
        """Return the hash of ``path``, None where there is no readable file."""
        if path not in self._known:
            try:
                self._known[path] = file_sha256(path) if path.is_file() else ""
                self.bytes_read += path.stat().st_size if self._known[path] else 0
            except OSError:
                self._known[path] = ""
        return self._known[path] or None


def find(root: Path = PROJECT_ROOT, config: Path | None = None, near: Path | None = None) -> Project:
    """Return the project in ``root`` under ``config``, or under the configuration whose results hold ``near``.

    Without either it is the configuration that a bare ``make`` takes. ConfigError when ``config`` does not exist.
    """
    if config is not None and not config.is_file():
        raise ConfigError(f"{config}: there is no such configuration")
    chosen = (config or _holding(root, near) or _usual(root)).absolute()
    said = documents.read(chosen).mapping or {}
    folders = [root / str(said.get(key, key)) for key in ("raw", "results")]
    return Project(root, chosen, *folders)


def _holding(root: Path, near: Path | None) -> Path | None:
    """Return the configuration whose results root holds ``near``: each names a results root of its own."""
    for config in sorted((root / "config").glob("*.yaml")):
        results = (documents.read(config).mapping or {}).get("results")
        if near is not None and isinstance(results, str) and (root / results).resolve() in near.resolve().parents:
            return config
    return None


def _usual(root: Path) -> Path:
    profile = root / "profiles/default/config.yaml"
    text = profile.read_text(encoding="utf-8") if profile.is_file() else ""
    named = re.search(r"^configfile: *(\S+)$", text, re.MULTILINE)
    return root / (named[1] if named else "config/config.yaml")
