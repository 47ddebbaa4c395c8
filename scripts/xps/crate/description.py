"""Facts as entities of the Provenance Run Crate profile.

One CreateAction for the run and one per job; a ControlAction binds each job's action to the step of the workflow, an
OrganizeAction binds them to the engine. Files carry their SHA-256. The vocabulary is the profile's, version 0.5.
"""

import mimetypes
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib import metadata
from pathlib import PurePosixPath

from xps.crate.facts import Job
from xps.crate.graph import Graph, Reference, local
from xps.crate.sources import Citation, Revision

_PROFILES = {
    "https://w3id.org/ro/wfrun/process/0.5": ("Process Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/workflow/0.5": ("Workflow Run Crate", "0.5"),
    "https://w3id.org/ro/wfrun/provenance/0.5": ("Provenance Run Crate", "0.5"),
    "https://w3id.org/workflowhub/workflow-ro-crate/1.0": ("Workflow RO-Crate", "1.0"),
}
_FORMAL = "https://bioschemas.org/profiles/FormalParameter/1.0-RELEASE"
_BIOSCHEMAS = "https://bioschemas.org/profiles/ComputationalWorkflow/1.0-RELEASE"
_SNAKEMAKE = "https://w3id.org/workflowhub/workflow-ro-crate#snakemake"
_STATUS = {True: "http://schema.org/CompletedActionStatus", False: "http://schema.org/FailedActionStatus"}
_FORMATS = {
    ".parquet": "application/vnd.apache.parquet",
    ".spe": "application/octet-stream",
    ".pro": "application/octet-stream",
    ".smk": "text/x-snakemake",
    ".yaml": "application/yaml",
    ".yml": "application/yaml",
    ".lock": "text/plain",
    ".cff": "application/yaml",
    ".md": "text/markdown",
    ".tsv": "text/tab-separated-values",
}
WORKFLOW = "Snakefile"

Place = Callable[[str, str], str]
"""From a logical path and a SHA-256 to the identifier of the file in the crate."""


class Description:
    """The metadata of one crate, built in the order of its parts."""

    def __init__(self, name: str, citation: Citation, revision: Revision, place: Place) -> None:
        self.name = name
        self.citation = citation
        self.revision = revision
        self.place = place
        self.graph = Graph()
        self.parts: list[Reference] = []

    def build(self, jobs: Sequence[Job], own_files: Mapping[PurePosixPath, tuple[int, str]], published: str) -> bytes:
        """Return ro-crate-metadata.json for ``jobs``; ``own_files`` are size and SHA-256 of the files in the crate."""
        self._frame(published)
        for path, (size, sha256) in own_files.items():
            self._own_file(path, size, sha256)
        self._workflow(jobs)
        data = self._data(jobs)
        actions = self._actions(jobs, data)
        self.graph.extend("./", "hasPart", self.parts)
        self.graph.extend("./", "mentions", actions)
        return self.graph.to_json()

    # --- frame --------------------------------------------------------------------------------------------------

    def _frame(self, published: str) -> None:
        profiles = [
            self.graph.add(identifier, "CreativeWork", name=name, version=version)
            for identifier, (name, version) in _PROFILES.items()
        ]
        crate = [
            {"@id": "https://w3id.org/ro/crate/1.1"},
            {"@id": "https://w3id.org/workflowhub/workflow-ro-crate/1.0"},
        ]
        about = {"@id": "./"}
        self.graph.add("ro-crate-metadata.json", "CreativeWork", about=about, conformsTo=crate)
        self.graph.add(
            "./",
            "Dataset",
            name=self.name,
            description=f"{self.citation.abstract} {self._state()}",
            datePublished=published,
            license=self._licence(),
            author=self._authors(),
            publisher=self._agent(),
            keywords=", ".join(self.citation.keywords),
            conformsTo=profiles,
            mainEntity={"@id": WORKFLOW},
        )

    def _state(self) -> str:
        changed = self.revision.changed
        if not self.revision.commit:
            return "The code is under no revision that is known."
        if not changed:
            return f"The code is that of git revision {self.revision.commit}."
        more = f" and {len(changed) - 20} more" if len(changed) > 20 else ""
        return f"The code is git revision {self.revision.commit} with changes in {', '.join(changed[:20])}{more}."

    def _licence(self) -> Reference:
        name = self.citation.licence
        return self.graph.add(
            f"https://spdx.org/licenses/{name}",
            "CreativeWork",
            name=name,
            identifier=name,
            description=f"{name} licence, full text in the file LICENSE",
        )

    def _authors(self) -> list[Reference]:
        return [self._author(number, author) for number, author in enumerate(self.citation.authors)]

    def _author(self, number: int, author: Mapping[str, str]) -> Reference:
        identifier = author.get("orcid", f"#author-{number}")
        if "name" in author:
            return self.graph.add(author.get("website", identifier), "Organization", name=author["name"])
        names = [author.get("given-names", ""), author.get("family-names", "")]
        return self.graph.add(identifier, "Person", name=" ".join(filter(None, names)))

    def _agent(self) -> Reference:
        return self._author(0, self.citation.authors[0])

    def _own_file(self, path: PurePosixPath, size: int, sha256: str) -> None:
        identifier = local(*path.parts)
        self.parts.append(
            self.graph.add(
                identifier,
                "File",
                name=str(path),
                encodingFormat=_format(path),
                contentSize=str(size),
                sha256=sha256,
                about={"@id": "./"} if path.name == "README.md" else None,
                description="What this crate holds" if path.name == "README.md" else None,
            )
        )

    # --- workflow -----------------------------------------------------------------------------------------------

    def _workflow(self, jobs: Sequence[Job]) -> None:
        rules = list(dict.fromkeys(job.rule for job in jobs))
        language = self.graph.add(
            _SNAKEMAKE,
            "ComputerLanguage",
            name="Snakemake",
            alternateName="Snakemake workflow language",
            identifier={"@id": "https://snakemake.github.io"},
            url={"@id": "https://snakemake.github.io"},
            version=metadata.version("snakemake"),
        )
        tools = [self._tool(rule, jobs) for rule in rules]
        steps = [self._step(rule, tool, jobs) for rule, tool in zip(rules, tools, strict=True)]
        self.graph.add(
            WORKFLOW,
            ["File", "SoftwareSourceCode", "ComputationalWorkflow", "HowTo"],
            name=self.citation.title,
            description=self.citation.abstract,
            programmingLanguage=language,
            url=self.citation.address or WORKFLOW,
            conformsTo=self.graph.add(_BIOSCHEMAS, "CreativeWork", name="ComputationalWorkflow", version="1.0-RELEASE"),
            version=self.revision.name,
            license=self._licence(),
            creator=self._authors(),
            author=self._authors(),
            hasPart=tools,
            step=steps,
            input=self._parameter("#raw-files", "raw instrument files and the operator's log"),
            output=self._parameter("#artefacts", "tables and figures with their records"),
        )

    def _parameter(self, identifier: str, name: str) -> Reference:
        return self.graph.add(
            identifier,
            "FormalParameter",
            name=name,
            description=f"The workflow's {name}",
            additionalType="File",
            conformsTo=self.graph.add(_FORMAL, "CreativeWork", name="FormalParameter", version="1.0-RELEASE"),
            valueRequired="True",
        )

    def _tool(self, rule: str, jobs: Sequence[Job]) -> Reference:
        own = [job for job in jobs if job.rule == rule and job.fingerprint]
        versions = own[-1].versions if own else {}
        packages = [self._package(name, version) for name, version in versions.items()]
        return self.graph.add(
            local("scripts", f"{rule}.py"),
            ["File", "SoftwareSourceCode"],
            name=rule,
            description=f"The script of rule {rule}; its version is the fingerprint of its code and lock",
            version=own[-1].fingerprint if own else self.revision.name,
            url=self.citation.address or local("scripts", f"{rule}.py"),
            programmingLanguage=self._package("python", versions.get("python", "")),
            softwareRequirements=packages,
        )

    def _package(self, name: str, version: str) -> Reference:
        home = "https://www.python.org" if name == "python" else _home_page(name)
        identifier = f"{home.rstrip('/')}#{name}-{version}" if home.startswith("http") else f"pkg:pypi/{name}@{version}"
        kind = "ComputerLanguage" if name == "python" else "SoftwareApplication"
        return self.graph.add(identifier, kind, name=name, version=version, url=home)

    def _step(self, rule: str, tool: Reference, jobs: Sequence[Job]) -> Reference:
        position = list(dict.fromkeys(job.rule for job in jobs)).index(rule)
        return self.graph.add(f"#step-{rule}", "HowToStep", name=rule, position=str(position), workExample=tool)

    # --- data ---------------------------------------------------------------------------------------------------

    def _data(self, jobs: Sequence[Job]) -> dict[str, Reference]:
        """Add every file that was read or written; return them by logical path and hash."""
        found: dict[str, Reference] = {}
        for job in jobs:
            for logical, sha256 in [*job.inputs.items(), *job.outputs.items()]:
                found.setdefault(f"{logical} {sha256}", self._data_file(logical, sha256))
        self.parts += list(found.values())
        return found

    def _data_file(self, logical: str, sha256: str) -> Reference:
        parameter = "#raw-files" if logical.startswith("raw:") else "#artefacts"
        reference = self.graph.add(
            self.place(logical, sha256),
            "File",
            name=logical.replace(":", "/"),
            encodingFormat=_format(PurePosixPath(logical)),
            sha256=sha256,
            exampleOfWork={"@id": parameter},
        )
        self.graph.extend(parameter, "workExample", [reference])
        return reference

    # --- actions ------------------------------------------------------------------------------------------------

    def _actions(self, jobs: Sequence[Job], data: Mapping[str, Reference]) -> list[Reference]:
        own = [self._job_action(job, data) for job in jobs]
        controls = [
            self.graph.add(
                f"#control-{job.run}-{job.number}",
                "ControlAction",
                name=f"orchestrate {job.rule} {job.subject}".strip(),
                instrument={"@id": f"#step-{job.rule}"},
                object=action,
                agent=self._agent(),
                **_times([job]),
            )
            for job, action in zip(jobs, own, strict=True)
        ]
        run = self._run_action(jobs, data)
        engine = self._package("snakemake", metadata.version("snakemake"))
        organise = self.graph.add(
            "#organize",
            "OrganizeAction",
            name=f"Snakemake {metadata.version('snakemake')} runs the workflow",
            instrument=engine,
            object=controls,
            result=run,
            agent=self._agent(),
            **_times(jobs),
        )
        return [run, *own, organise]

    def _job_action(self, job: Job, data: Mapping[str, Reference]) -> Reference:
        ended = f"It ended {job.status}" + (f": {job.message}" if job.message else "")
        return self.graph.add(
            f"#job-{job.run}-{job.number}",
            "CreateAction",
            name=f"{job.rule} {job.subject}".strip(),
            description=f"Rule {job.rule} on {job.subject or 'the whole'}, on host {job.host}. {ended}.",
            instrument={"@id": local("scripts", f"{job.rule}.py")},
            agent=self._agent(),
            object=[data[f"{logical} {sha256}"] for logical, sha256 in job.inputs.items()],
            result=[data[f"{logical} {sha256}"] for logical, sha256 in job.outputs.items()],
            environment=self._environment(job),
            actionStatus=_STATUS[job.ok],
            error=None if job.ok else job.message or job.status,
            **_times([job]),
        )

    def _environment(self, job: Job) -> list[Reference]:
        """Return where the job ran: host, job id on a cluster, and what can move the last digits of its numbers."""
        told = {"HOSTNAME": job.host, "JOB_ID": job.job_id, **{key.upper(): text for key, text in job.machine.items()}}
        return [
            self.graph.add(f"#environment-{local(name, value)}", "PropertyValue", name=name, value=value)
            for name, value in told.items()
            if value
        ]

    def _run_action(self, jobs: Sequence[Job], data: Mapping[str, Reference]) -> Reference:
        made = {f"{path} {sha256}" for job in jobs for path, sha256 in job.outputs.items()}
        read = {f"{path} {sha256}" for job in jobs for path, sha256 in job.inputs.items()}
        failed = [job for job in jobs if not job.ok]
        runs = sorted({job.run for job in jobs})
        return self.graph.add(
            "#run",
            "CreateAction",
            name=f"run {', '.join(runs)}",
            description=f"{len(jobs)} jobs, {len(failed)} of them failed, {len(made)} files written.",
            instrument={"@id": WORKFLOW},
            agent=self._agent(),
            object=[data[key] for key in data if key in read - made],
            result=[data[key] for key in data if key in made],
            actionStatus=_STATUS[not failed],
            error="; ".join(f"{job.rule} {job.subject}: {job.message or job.status}" for job in failed) or None,
            **_times(jobs),
        )


def _times(jobs: Iterable[Job]) -> dict[str, str]:
    own = list(jobs)
    starts = [job.started_at for job in own if job.started_at]
    ends = [job.ended_at or job.started_at for job in own if job.ended_at or job.started_at]
    return {"startTime": min(starts, default=""), "endTime": max(ends, default="")}


def _format(path: PurePosixPath) -> str:
    return _FORMATS.get(path.suffix.lower()) or mimetypes.guess_type(path.name)[0] or "text/plain"


def _home_page(package: str) -> str:
    """Return where a package lives, as its own metadata say; whatever address they have where no home page is named."""
    lines = metadata.metadata(package).get_all("Project-URL") or []
    addresses = {label.lower(): address for label, _, address in (line.partition(", ") for line in lines)}
    return str(addresses.get("homepage") or next(iter(addresses.values()), ""))
