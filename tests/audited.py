"""A small project in which everything has been made, for the tests of the audit: one tiny series, two figures."""

import fcntl
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from small_projects import make_project, snakemake
from xps.audit import project as projects
from xps.audit.project import Project
from xps.provenance import PROJECT_ROOT, file_sha256

EXPERIMENT = "mini_a"
FIGURE = f"results/figures/{EXPERIMENT}_spectra.pdf"
Change = Callable[[Path], object]


def finished(folder: Path) -> Path:
    """Make the project in ``folder``, its raw files listed with their hashes, and analyse it."""
    folder.parent.mkdir(exist_ok=True)
    root = make_project(folder, [EXPERIMENT])
    for name in ("CITATION.cff", "LICENSE"):
        shutil.copy2(PROJECT_ROOT / name, root)
    lines = ["path\tsha256\tbytes\tdata_origin"]
    for path in sorted((root / "raw" / EXPERIMENT).iterdir()):
        name = path.relative_to(root / "raw").as_posix()
        lines.append(f"{name}\t{file_sha256(path)}\t{path.stat().st_size}\tsimulated")
    (root / "raw/checksums.tsv").write_text("\n".join(lines) + "\n")
    answer = snakemake(root, "--cores", "2")
    assert answer.returncode == 0, answer.stdout
    return root


def once(factory: pytest.TempPathFactory) -> Path:
    """Return the finished project, made once even where several processes share the tests."""
    shared = factory.getbasetemp().parent if os.environ.get("PYTEST_XDIST_WORKER") else factory.getbasetemp()
    with (shared / "audited.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (shared / "audited/done").is_file():
            finished(shared / "audited/project")
            (shared / "audited/done").touch()
    return shared / "audited/project"


def copied(root: Path, folder: Path) -> Path:
    """Copy the project to ``folder``, to be tampered with; Snakemake's own notes are not needed."""
    return shutil.copytree(root, folder, symlinks=True, ignore=shutil.ignore_patterns(".snakemake", "__pycache__"))


def opened(root: Path) -> Project:
    return projects.find(root)


def raw_file(root: Path) -> Path:
    return sorted((root / "raw" / EXPERIMENT).glob("*.spe"))[0]
