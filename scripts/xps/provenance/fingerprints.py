"""Which code a rule runs, as one number: its script, all of ours that it imports, and the runtime lock."""

import hashlib
import platform
from collections.abc import Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from xps.provenance.files import file_sha256
from xps.provenance.imports import imports

PROJECT_ROOT = Path(__file__).resolve().parents[3]
LOCK_NAME = "requirements.lock"
# Only what can change a number or a drawn line; tools that merely run the workflow are in the lock's hash.
RECORDED_PACKAGES = ("jsonschema", "lmfit", "matplotlib", "numpy", "pandas", "pikepdf", "pyarrow", "scipy", "seaborn")
# What a package of ours may carry beside its modules: parts of the audit page. It changes what comes out like code.
_CARRIED = {".css", ".html", ".js"}


def fingerprint(rule: str, root: Path = PROJECT_ROOT) -> str:
    """Return the SHA-256 over ``scripts/<rule>.py``, the closure of our modules it imports, and the runtime lock."""
    return fingerprint_of(module_hashes(rule, root))


def fingerprint_of(modules: Mapping[str, str]) -> str:
    """Return the fingerprint of files given by path from the project's folder and SHA-256, the lock among them."""
    digest = hashlib.sha256()
    for path in sorted(modules, key=lambda path: (path == LOCK_NAME, path.split("/"))):
        digest.update(f"{path}\0{modules[path]}\n".encode())
    return digest.hexdigest()


def module_hashes(rule: str, root: Path = PROJECT_ROOT) -> dict[str, str]:
    """Return the SHA-256 of each file that the rule's fingerprint covers, by path from the project's folder."""
    paths = [*closure(rule, root), root / LOCK_NAME]
    return {path.relative_to(root).as_posix(): file_sha256(path) for path in paths}


def closure(rule: str, root: Path = PROJECT_ROOT) -> list[Path]:
    """Return the rule's script and every module of ours that it imports, directly or through others, sorted.

    Imports inside functions count: sources are read, nothing is executed. Of a package, the style sheets,
    scripts and page templates that lie in its folder count too.
    """
    scripts = root / "scripts"
    seen: set[Path] = set()
    asked: set[tuple[str, ...]] = set()
    waiting = [scripts / f"{rule}.py"]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            new = _imported_modules(path, scripts) - asked if path.suffix == ".py" else set()
            asked |= new
            waiting += (file for module in new for file in _files_of(scripts.joinpath(*module)))
    return sorted(seen)


def _imported_modules(path: Path, scripts: Path) -> set[tuple[str, ...]]:
    """Return the names, in parts, of all that the module at ``path`` imports and of the packages above that."""
    package = path.parent.relative_to(scripts).parts
    found = set()
    for level, module, name in imports(path.read_bytes(), str(path)):
        above = package[: len(package) - level + 1] if level else ()
        parts = (*above, *filter(None, (*module.split("."), name)))
        found |= {parts[:depth] for depth in range(1, len(parts) + 1)}
    return found


def _files_of(place: Path) -> list[Path]:
    """Return what an import of ``place`` runs: its file, or its ``__init__`` and what the package carries."""
    found = [path for path in (place / "__init__.py", place.with_suffix(".py")) if path.is_file()]
    return found + ([path for path in place.iterdir() if path.suffix in _CARRIED] if place.is_dir() else [])


def installed_versions() -> dict[str, str]:
    """Return Python's version and those of the installed packages that can change a result."""
    return dict(_installed_versions())


@cache
def _installed_versions() -> tuple[tuple[str, str], ...]:
    found = ((package, metadata.version(package)) for package in RECORDED_PACKAGES)
    return ("python", platform.python_version()), *found
