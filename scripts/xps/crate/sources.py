"""The workflow as files: what ran, under which settings, under which licence, at which revision."""

import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from xps.provenance import closure

_ALWAYS = ("Snakefile", "requirements.lock", "environment.yml", "CITATION.cff", "LICENSE")
_FOLDERS = {"rules": "*.smk", "config": "**/*", "profiles": "**/*.yaml"}


@dataclass(frozen=True)
class Citation:
    """What CITATION.cff says about the pipeline itself."""

    title: str
    abstract: str
    version: str
    licence: str
    """SPDX identifier."""
    authors: tuple[dict[str, str], ...]
    keywords: tuple[str, ...]
    address: str
    """Where the code can be had, empty while CITATION.cff does not say."""


@dataclass(frozen=True)
class Revision:
    """Which commit the code is at, and whether it is that commit's code."""

    commit: str
    """Empty where there is no repository or no git."""
    changed: tuple[str, ...]
    """Files that differ from the commit, or are not in it."""

    @property
    def name(self) -> str:
        """The revision in a word: ``unknown``, the commit, or the commit and ``+changes``."""
        return (self.commit + "+changes" * bool(self.changed)) if self.commit else "unknown"


def files(root: Path, config: Path, rules: Iterable[str]) -> list[Path]:
    """Return the files of the workflow, from the project's folder: Snakefile, settings, and what ``rules`` ran."""
    found = {root / name for name in _ALWAYS}
    for folder, pattern in _FOLDERS.items():
        found |= set((root / folder).glob(pattern))
    for rule in rules:
        if (root / "scripts" / f"{rule}.py").is_file():
            found |= set(closure(rule, root))
    if root.resolve() in config.resolve().parents:
        found.add(config)
    hidden = {path for path in found if any(part.startswith((".", "__")) for part in path.relative_to(root).parts[:-1])}
    return sorted(path.relative_to(root) for path in found - hidden if path.is_file())


def citation(root: Path) -> Citation:
    """Return what CITATION.cff says."""
    said: dict[str, Any] = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    return Citation(
        said["title"],
        " ".join(str(said.get("abstract", "")).split()),
        str(said["version"]),
        str(said["license"]),
        tuple({key: str(value) for key, value in author.items()} for author in said["authors"]),
        tuple(said.get("keywords", ())),
        str(said.get("repository-code") or said.get("url") or ""),
    )


def revision(root: Path) -> Revision:
    """Return commit and changed files of the project's own repository."""
    commit = _git(root, "rev-parse", "HEAD").strip()
    changed = _git(root, "status", "--porcelain", "--untracked-files=all", "--", ".").splitlines() if commit else []
    return Revision(commit, tuple(line[3:] for line in changed))


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  # our own words, no shell
            ["git", *words],  # noqa: S607  # whichever git the user has
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""
