"""Copies of the project with tiny simulated series, run as a user runs them."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
PARTS = ("Snakefile", "rules", "scripts", "config", "profiles", "environment.yml", "requirements.lock")
EXPERIMENTS = ("mini_a", "mini_b")
MINI = ROOT / "tests/mini"


def edit_yaml(path: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Load a YAML file, let ``change`` work on it, write it back."""
    settings = yaml.safe_load(path.read_text())
    change(settings)
    path.write_text(yaml.safe_dump(settings, sort_keys=False))


def own_environment() -> dict[str, str]:
    """Return the environment without what a run around us has left in it."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("XPS_", "SNAKEMAKE", "SLURM"))}


# Snakemake as a program that counts how often its scheduler looks for jobs to start, and tells when it ends.
COUNTING = """
import atexit
from snakemake.cli import main
from snakemake.scheduling.job_scheduler import JobScheduler
looks, select = [], JobScheduler.job_selector
JobScheduler.job_selector = lambda self, jobs: looks.append(len(jobs)) or select(self, jobs)
atexit.register(lambda: print(f"the scheduler looked {len(looks)} times"))
main()
"""


def snakemake(
    project: Path, *options: str, counting: bool = False, python: str | Path = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in ``project`` as a user would, both streams in stdout; ``counting`` how often it schedules."""
    command = [python, *(["-c", COUNTING] if counting else ["-m", "snakemake"]), *options]
    streams = {"text": True, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.run(command, cwd=project, env=own_environment(), check=False, **streams)


def artefacts(project: Path) -> dict[str, str]:
    """Return the SHA-256 of every artefact; logs, benchmarks and run records are none."""
    results = project / "results"
    skipped = {"logs", "benchmarks", "runs"}
    paths = (path for path in sorted(results.rglob("*")) if path.is_file())
    kept = (path for path in paths if path.relative_to(results).parts[0] not in skipped)
    return {path.relative_to(results).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def make_project(
    folder: Path, experiments: Sequence[str] = EXPERIMENTS, kinds: Sequence[str] = ("spectra", "kinetics"), **run: int
) -> Path:
    """Copy the project without data into ``folder``, with tiny series and figures; ``run`` are settings."""
    folder.mkdir(parents=True, exist_ok=True)
    for part in PARTS:
        source = ROOT / part
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, folder / part)
    figures = []
    shutil.copytree(MINI / "config", folder / "config", dirs_exist_ok=True)
    for name in experiments:
        shutil.copytree(MINI / "raw" / name, folder / "raw" / name)
        figures += [f"{name}_{kind}" for kind in kinds]
    settings = {"experiments": [*experiments], "figures": figures}
    edit_yaml(folder / "config/config.yaml", lambda config: config.update(settings))
    edit_yaml(folder / "config/config.yaml", lambda config: config["run"].update(run))
    return folder


def hesitant(project: Path) -> Path:
    """Let every job of a project wait, its table written but not yet in place, while there is a file ``hold``."""
    path = project / "scripts/xps/provenance/files.py"
    before = "        temporary.replace(path)\n"
    condition = "path.suffix == '.parquet' and Path('hold').exists()"
    wait = f"        while {condition}:\n            __import__('time').sleep(0.1)\n"
    assert path.read_text().count(before) == 1
    path.write_text(path.read_text().replace(before, wait + before))
    return project


def half_written(project: Path, table: str = "*") -> list[Path]:
    """Return the temporary files of ``table`` that jobs have not put in place."""
    return [*project.glob(f"results/**/.{table}.*.part")]


def writer(temporary: Path) -> int:
    """Return the process that writes a temporary file."""
    return int(temporary.name.split(".")[-2])


def unlock(project: Path, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Do what `make unlock` does."""
    options = {"cwd": project, "env": environment or own_environment(), "capture_output": True, "text": True}
    done = subprocess.run([sys.executable, "scripts/unlock.py"], check=False, **options)
    if done.returncode == 0:
        subprocess.run([sys.executable, "-m", "snakemake", "--unlock"], check=True, **options)
    return done
