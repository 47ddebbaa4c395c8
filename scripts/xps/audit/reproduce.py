"""Does it come out again? The artefact made anew from raw, in an empty folder, and compared byte for byte.

Only what it needs is made, from copies of just the raw files that its record names, with the code, the settings and
the environment that are here now. A record that was forged in itself consistently is caught by this and by nothing
less: what the raw bytes do not give cannot come out.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml
from rich.text import Text

from xps import runlog, tables
from xps.audit import diff, lineage, numbers, runs
from xps.audit.differences import Difference, chains
from xps.audit.lineage import Artefact
from xps.audit.numbers import Apart
from xps.audit.project import Project
from xps.configuration import documents
from xps.errors import AnalysisError, TableError

_PARTS = ("Snakefile", "rules", "scripts", "config", "profiles", "environment.yml", "requirements.lock")
_LAST_LINES = 15


@dataclass(frozen=True)
class Outcome:
    """What came out, artefact by artefact, and why where it differs."""

    artefact: str
    same: bool
    """Whether the artefact came out with the same bytes."""
    steps: dict[str, str]
    """What became of each artefact of the chain, in the order of making: same bytes, same content, rounding, other."""
    differences: tuple[Difference, ...]
    """What went in differently: the record's raw files, settings, code and environment against those of here."""
    apart: tuple[Apart, ...]
    explanation: str
    folder: str | None
    """Where it was made, if that was to be kept."""


def reproduce(project: Project, file: Path, keep: Path | None = None, cores: int = 1) -> Outcome:
    """Make the artefact in ``file`` anew; AnalysisError when it cannot be made here."""
    artefact = lineage.read(file)
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise TableError(f"{keep}: is not empty; name a new folder, so that nothing old can pass for new")
    with tempfile.TemporaryDirectory(prefix="reproduce-") as scratch:
        folder = (keep or Path(scratch)).resolve()
        _lay_out(project, artefact, folder)
        made = _make(artefact, folder, cores)
        return _compare(project, artefact, made, folder, kept=keep is not None)


def _lay_out(project: Project, artefact: Artefact, folder: Path) -> None:
    """Copy code, settings and just the raw files of the chain into ``folder``, with a configuration of just that."""
    for part in _PARTS:
        source, target = project.root / part, folder / part
        folder.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy2(source, target)
    (folder / "raw").mkdir()
    raw = {path for record in artefact.steps.values() for path in lineage.inputs(record, "raw:")}
    for logical in sorted(raw):
        source = project.file(logical)
        if not source.is_file():
            raise TableError(f"{logical}: there is no {project.shown(source)}; without it nothing can be made again")
        target = folder / "raw" / logical.removeprefix("raw:")
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
    said = documents.read(project.config).mapping or {}
    subjects = {record.subject.split("/")[0] for record in artefact.steps.values()}
    figures = [Path(name).stem for name in [artefact.record.artefact] if artefact.record.subject == "figures"]
    reduced = {
        **said,
        "raw": "raw",
        "results": "results",
        "experiments": [name for name in said.get("experiments", []) if name in subjects],
        "figures": [name.split(".")[0] for name in figures],
    }
    (folder / "config/config.yaml").write_text(yaml.safe_dump(reduced, sort_keys=False), encoding="utf-8")


def _make(artefact: Artefact, folder: Path, cores: int) -> Path:
    target = "results/" + artefact.record.artefact.removeprefix("results:")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("XPS_", "SNAKEMAKE"))}
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), target, "--configfile", "config/config.yaml"]
    done = subprocess.run(  # noqa: S603  # our own interpreter; the target was checked to be a path below the results
        command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode or not (folder / target).is_file():
        said = "\n  ".join(done.stdout.splitlines()[-_LAST_LINES:])
        raise TableError(f"{artefact.record.artefact}: could not be made again:\n  {said}")
    return folder / target


def _compare(project: Project, old: Artefact, made: Path, folder: Path, kept: bool) -> Outcome:
    new = lineage.read(made)
    differences, apart = tuple(chains(old.steps, new.steps)), list[Apart]()
    states = {name: _state(project, name, old, new, folder / "results", apart) for name in old.steps}
    same = new.sha256 == old.sha256
    explanation = _explanation(states, differences, apart, _other_machine(project, old), same)
    place = str(folder) if kept else None
    return Outcome(old.record.artefact, same, states, differences, tuple(apart), explanation, place)


def _state(project: Project, name: str, old: Artefact, new: Artefact, results: Path, apart: list[Apart]) -> str:
    """Return what became of one artefact of the chain, and add the columns in which it lies apart."""
    if name not in new.steps:
        return "not made"
    own = name == old.record.artefact
    hashes = (old.sha256, new.sha256) if own else (_used(old, name), _used(new, name))
    if hashes[0] == hashes[1]:
        return "same bytes"
    # Of the file in question the numbers themselves count, not what its record claims of them.
    found = diff.apart(old, new, []) if own else []
    if old.steps[name].content_sha256 == new.steps[name].content_sha256 and not found and not (own and old.faults):
        return "same content"
    found = found or ([] if own else _tables_apart(project, name, results))
    apart += found
    return "rounding" if found and all(item.rounding for item in found) else "other content"


def _used(artefact: Artefact, name: str) -> str:
    used = (lineage.inputs(record, "results:").get(name) for record in artefact.steps.values())
    return next(filter(None, used), "")


def _tables_apart(project: Project, name: str, results: Path) -> list[Apart]:
    paths = (project.file(name), results / name.removeprefix("results:"))
    try:
        return numbers.apart(name, *(tables.read(path, path.stem)[0] for path in paths))
    except AnalysisError:
        return []  # the old table is not here: its hash alone says that it was another


def _other_machine(project: Project, old: Artefact) -> str:
    """Return how the machine that wrote the artefact differs from this one, as far as a run record knows."""
    wrote = [item for item in runs.index(project).get(old.record.artefact, []) if item.sha256 == old.sha256]
    if not wrote:
        return "no run record says on which processor it was made"
    there, here = wrote[-1].machine, runlog.machine()
    unlike = [
        f"{key} {there.get(key)} there, {here.get(key)} here"
        for key in sorted(there.keys() | here.keys())
        if there.get(key) != here.get(key)
    ]
    return "; ".join(unlike)


def _explanation(
    states: Mapping[str, str], differences: Sequence[Difference], apart: Sequence[Apart], machine: str, same: bool
) -> str:
    if same:
        return "these raw files, settings, code and environment give this very artefact"
    causes = [item for item in differences if item.kind in ("raw file", "setting", "module")]
    elsewhere = [
        f"{item.name} {item.first} there, {item.second} here" for item in differences if item.kind == "environment"
    ]
    environment = "; ".join([*elsewhere, *([machine] if machine else [])]) or "none is known"
    first = next((name for name, state in states.items() if state in ("other content", "not made")), None)
    if first is None and "rounding" in states.values():
        return f"the numbers differ in their last digits only; differences of the environment: {environment}"
    if first is None:
        why = f"{len(causes)} other settings or modules without effect on them" if causes else environment
        return f"all numbers are the same, only the files differ: {why}"
    if causes:
        named = ", ".join(f"{item.kind} {item.name}" for item in causes[:3])
        return f"a real change, first in {first}: {named}" + (f" and {len(causes) - 3} more" * (len(causes) > 3))
    largest = max((1.0 if item.relative is None else item.relative for item in apart), default=1.0)
    if largest <= numbers.SOLVER and (elsewhere or machine):
        return f"the numbers differ by at most {largest:.2g} relatively, as another environment can: {environment}"
    return (
        f"a real change, first in {first}, although its record names the same raw files, settings and code: "
        f"the file was changed or its record does not tell the truth (environment: {environment})"
    )


def lines(found: Outcome) -> Iterator[Text]:
    """Yield the outcome as lines for a terminal."""
    if found.same:
        yield Text(f"{found.artefact}: the same bytes came out", style="bold green")
    else:
        yield Text(f"{found.artefact}: OTHER BYTES came out", style="bold red")
    yield Text(f"  {found.explanation}")
    for name, state in found.steps.items():
        yield Text.assemble(f"  {name}: ", (state, "green" if state == "same bytes" else "red"))
    for item in found.differences[:_LAST_LINES]:
        yield Text(f"  {item.kind} {item.name}: {item.first} -> {item.second}")
    yield from diff.apart_lines(found.apart)
    if found.folder:
        yield Text(f"made in {found.folder}")
