"""Which code a rule runs, as one number: its script, all of ours that it imports, and the runtime lock."""

import ast
import hashlib
import platform
from collections.abc import Iterator, Mapping
from importlib import metadata
from pathlib import Path, PurePosixPath

from xps.provenance.files import file_sha256

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
    for path in sorted(modules, key=lambda path: (path == LOCK_NAME, PurePosixPath(path))):
        digest.update(f"{path}\0{modules[path]}\n".encode())
    return digest.hexdigest()


def module_hashes(rule: str, root: Path = PROJECT_ROOT) -> dict[str, str]:
    """Return the SHA-256 of each file that the rule's fingerprint covers, by path from the project's folder."""
    paths = [*closure(rule, root), root / LOCK_NAME]
    return {path.relative_to(root).as_posix(): file_sha256(path) for path in paths}


def closure(rule: str, root: Path = PROJECT_ROOT) -> list[Path]:
    """Return the rule's script and every module of ours that it imports, directly or through others, sorted.

    Imports inside functions count: the syntax tree is walked, nothing is executed. Of a package, the style sheets,
    scripts and page templates that lie in its folder count too.
    """
    scripts = root / "scripts"
    seen: set[Path] = set()
    waiting = [scripts / f"{rule}.py"]
    while waiting:
        path = waiting.pop()
        if path not in seen:
            seen.add(path)
            waiting.extend(_imported_files(path, scripts) if path.suffix == ".py" else [])
    return sorted(seen)


def _imported_files(path: Path, scripts: Path) -> Iterator[Path]:
    package = path.parent.relative_to(scripts).parts
    for node in ast.walk(ast.parse(path.read_bytes(), filename=str(path))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            parts = package[: len(package) - node.level + 1] if node.level else ()
            module = ".".join([*parts, *([node.module] if node.module else [])])
            names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in names:
            yield from _files_of(name, scripts)


def _files_of(module: str, scripts: Path) -> Iterator[Path]:
    """Yield what importing ``module`` runs: its file, the ``__init__`` of each package above it, what they carry."""
    parts = module.split(".")
    for depth in range(1, len(parts) + 1):
        place = scripts.joinpath(*parts[:depth])
        for candidate in (place / "__init__.py", place.with_suffix(".py")):
            if candidate.is_file():
                yield candidate
        if place.is_dir():
            yield from (path for path in place.iterdir() if path.suffix in _CARRIED)


def installed_versions() -> dict[str, str]:
    """Return Python's version and those of the installed packages that can change a result."""
    versions = {"python": platform.python_version()}
    for package in RECORDED_PACKAGES:
        versions[package] = metadata.version(package)
    return versions
