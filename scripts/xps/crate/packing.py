"""Crates as folders and archives."""

import os
import shutil
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

from xps import provenance
from xps.audit import project as projects
from xps.audit import runs, verify
from xps.audit.project import CHECKSUMS, Project
from xps.crate import facts, sources
from xps.crate.description import Description, Place
from xps.crate.facts import Job
from xps.crate.graph import by_hash, local
from xps.errors import TableError

METADATA = "ro-crate-metadata.json"
README = "README.md"
# The oldest date that an archive can hold: a real one would make equal results unequal archives.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


def after_run(root: Path, config: Path | None, run_folder: Path) -> bool:
    """Complete the run record in ``run_folder`` to a crate; return whether there was anything to record.

    A run in which no job ran has no folder and gets none. A crate that is there is left alone.
    """
    jobs_folder = run_folder / "jobs"
    if not jobs_folder.is_dir() or (run_folder / METADATA).exists():
        return False
    project = projects.find(root, config, near=run_folder / "jobs")
    jobs = facts.of_run(project, run_folder.name)
    if not jobs:
        return False
    earlier = sorted(path for path in run_folder.parent.iterdir() if path.name < run_folder.name)
    for relative in _sources(project, jobs):
        _take_over(root / relative, run_folder / relative, [folder / relative for folder in earlier[-1:]])
    name = f"Run {run_folder.name} of the {sources.citation(root).title}"
    held = {PurePosixPath(path.relative_to(run_folder).as_posix()): path for path in _files(run_folder)}
    readme = _readme(name, jobs).encode()
    described = _describe(project, name, jobs, held, by_hash, readme)
    provenance.write_atomically(run_folder / README, readme)
    provenance.write_atomically(run_folder / METADATA, described)
    return True


def _take_over(source: Path, target: Path, earlier: Sequence[Path]) -> None:
    """Copy a source file, or share the copy of an earlier run where it is the same: most files never change."""
    target.parent.mkdir(parents=True, exist_ok=True)
    for copy in earlier:
        if copy.is_file() and copy.read_bytes() == source.read_bytes():
            try:
                os.link(copy, target)
            except OSError:  # a file system without links
                break
            return
    shutil.copyfile(source, target)


def _sources(project: Project, jobs: Sequence[Job]) -> list[Path]:
    return sources.files(project.root, project.config, {job.rule for job in jobs})


def _files(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file() and path.name != METADATA]


def _describe(
    project: Project,
    name: str,
    jobs: Sequence[Job],
    held: Mapping[PurePosixPath, Path],
    place: Place,
    readme: bytes,
) -> bytes:
    own = {path: (file.stat().st_size, provenance.file_sha256(file)) for path, file in held.items()}
    own[PurePosixPath(README)] = (len(readme), provenance.bytes_sha256(readme))
    citation, revision = sources.citation(project.root), sources.revision(project.root)
    published = max(job.ended_at or job.started_at for job in jobs)
    return Description(name, citation, revision, place).build(jobs, own, published)


def _readme(name: str, jobs: Sequence[Job]) -> str:
    lines = [
        f"# {name}",
        "",
        "A Workflow Run RO-Crate: `ro-crate-metadata.json` says what ran, where and when, what was",
    ]
    lines += ["read and written, each file with its SHA-256. `jobs/` holds each job's own words.", ""]
    lines += ["| rule | subject | ended | files |", "|---|---|---|---|"]
    lines += [f"| {job.rule} | {job.subject} | {job.status} | {len(job.outputs)} |" for job in jobs]
    return "\n".join(lines) + "\n"


def pack(project: Project, target: Path) -> int:
    """Write the results as they stand, with all that made them, as one crate to the archive ``target``.

    Returns the number of files in it. TableError when the results are not whole, or no run record knows them.
    """
    verdict = verify.verify(project, [])
    if not verdict.whole:
        first = verdict.broken[0]
        raise TableError(f"the results are not whole ({first.kind} {first.name}: {first.message}); run make, then pack")
    jobs = facts.of_results(project)
    if not jobs:
        raise TableError(f"{project.shown(project.results)}: no run record knows what is there; run make first")
    data = _data(project, jobs)
    own = {PurePosixPath(path.as_posix()): project.root / path for path in _sources(project, jobs)}
    own |= {PurePosixPath("jobs", run, path.name): path for run, path in _entries(project, jobs)}
    name = sources.citation(project.root).title
    readme = _readme(name, jobs).encode()
    described = _describe(project, name, jobs, own, lambda logical, _: local(*_inside(logical).parts), readme)
    texts = {PurePosixPath(README): readme, PurePosixPath(METADATA): described}
    _write(target, {**own, **data}, texts)
    return len(own) + len(data) + len(texts)


def _data(project: Project, jobs: Sequence[Job]) -> dict[PurePosixPath, Path]:
    """Return raw files and artefacts by their place in the archive, each checked to be the one that is described."""
    wanted = {path: sha256 for job in jobs for path, sha256 in [*job.inputs.items(), *job.outputs.items()]}
    for logical, sha256 in wanted.items():
        if runs.sha256_of(project, logical) != sha256:
            raise TableError(f"{logical}: is not what the run records speak of; run make, then pack")
    found = {_inside(logical): project.file(logical) for logical in wanted}
    checksums = project.raw_root / CHECKSUMS
    return {**found, **({PurePosixPath("raw", CHECKSUMS): checksums} if checksums.is_file() else {})}


def _inside(logical: str) -> PurePosixPath:
    kind, _, relative = logical.partition(":")
    return PurePosixPath(kind, relative)


def _entries(project: Project, jobs: Sequence[Job]) -> list[tuple[str, Path]]:
    runs_used = sorted({job.run for job in jobs})
    return [
        (run, path) for run in runs_used for path in sorted((project.results / "runs" / run / "jobs").glob("*.json"))
    ]


def _write(target: Path, files: Mapping[PurePosixPath, Path], texts: Mapping[PurePosixPath, bytes]) -> None:
    with provenance.replacing(target) as stream, zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted([*files, *texts]):
            data = texts[path] if path in texts else files[path].read_bytes()
            entry = zipfile.ZipInfo(str(path), _NO_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, data)
