"""Run records become crates that the public validator accepts, and archives that hold all that they speak of."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import unquote

import pytest

import audited
from audited import EXPERIMENT, copied, opened, raw_file
from test_audit import edit_table_number
from xps import crate
from xps.crate import facts, graph, packing, sources
from xps.errors import TableError

TESTS = Path(__file__).parent
CONTEXTS = TESTS.parents[1] / "shared" / "ro-crate-contexts"
PROFILES = ("process-run-crate", "workflow-run-crate", "provenance-run-crate")
# What the checks recommend and this crate does not do; docs/provenance.md says why.
DEVIATIONS = {
    "The SoftwareApplication id SHOULD be an absolute URI",
    "The organization SHOULD have a URL.",
}
NOT_ONLINE = "Web-based Data Entity ni:///sha-256;"


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return audited.once(tmp_path_factory)


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    return copied(finished, tmp_path / "copy")


def run_folder(root: Path) -> Path:
    (folder,) = (root / "results/runs").iterdir()
    return folder


def entities(metadata: bytes) -> dict[str, dict]:
    return {entity["@id"]: entity for entity in json.loads(metadata)["@graph"]}


def of_type(found: dict[str, dict], kind: str) -> list[dict]:
    return [entity for entity in found.values() if kind in entity["@type"]]


def several(value: object) -> list:
    return value if isinstance(value, list) else [value]


# --- after a run -------------------------------------------------------------------------------------------------


def test_a_run_leaves_a_crate_that_tells_of_every_job(finished: Path) -> None:
    found = entities((run_folder(finished) / "ro-crate-metadata.json").read_bytes())
    jobs = [json.loads(path.read_text()) for path in sorted((run_folder(finished) / "jobs").glob("*.json"))]
    told = {entity["name"] for entity in of_type(found, "CreateAction")} - {f"run {run_folder(finished).name}"}
    assert told == {f"{job['rule']} {job['subject']}".strip() for job in jobs}
    assert len(of_type(found, "ControlAction")) == len(jobs)
    (organise,) = of_type(found, "OrganizeAction")
    assert organise["result"] == {"@id": "#run"}
    hosts = {entity["value"] for entity in of_type(found, "PropertyValue") if entity["name"] == "HOSTNAME"}
    assert hosts == {job["host"] for job in jobs}


def test_inputs_and_outputs_carry_the_hashes_of_the_files(finished: Path) -> None:
    found = entities((run_folder(finished) / "ro-crate-metadata.json").read_bytes())
    by_name = {entity["name"]: entity for entity in of_type(found, "File")}
    for path in [raw_file(finished), *opened(finished).artefacts()]:
        name = path.relative_to(finished).as_posix()
        assert by_name[name]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    parse = next(entity for entity in of_type(found, "CreateAction") if entity["name"].startswith("parse_spectra"))
    read = {found[item["@id"]]["name"] for item in several(parse["object"])}
    assert f"raw/{EXPERIMENT}/{raw_file(finished).name}" in read
    assert parse["startTime"] <= parse["endTime"]


def test_every_local_file_of_the_crate_is_in_it_and_the_code_that_ran_too(finished: Path) -> None:
    folder = run_folder(finished)
    found = entities((folder / "ro-crate-metadata.json").read_bytes())
    local = [entity for entity in of_type(found, "File") if not entity["@id"].startswith("ni:")]
    for entity in local:
        path = folder / unquote(entity["@id"])
        assert hashlib.sha256(path.read_bytes()).hexdigest() == entity["sha256"], path
    assert {"Snakefile", "requirements.lock", "scripts/xps/tables/writing.py"} <= {entity["@id"] for entity in local}


def test_licence_authors_and_revision_come_from_their_files(finished: Path) -> None:
    found = entities((run_folder(finished) / "ro-crate-metadata.json").read_bytes())
    assert found["./"]["license"] == {"@id": "https://spdx.org/licenses/MIT"}
    author = found[found["./"]["author"]["@id"]]
    assert author["name"] == "The VEP-XPS reanalysis authors"
    assert found["Snakefile"]["version"] == "unknown"  # the copy is in no repository


def test_a_crate_is_never_written_twice(project: Path) -> None:
    metadata = run_folder(project) / "ro-crate-metadata.json"
    metadata.write_text("{}")
    assert not crate.after_run(project, None, run_folder(project))
    assert metadata.read_text() == "{}"


def test_a_run_in_which_nothing_ran_gets_none(project: Path) -> None:
    assert not crate.after_run(project, None, project / "results/runs/later")
    assert not (project / "results/runs/later").exists()


def later_run(root: Path, **changes: object) -> Path:
    """Add a second run with one job of the first, changed."""
    job = sorted((run_folder(root) / "jobs").glob("fit_components.*.json"))[0]
    later = root / "results/runs/29990101T000000.000000Z"
    (later / "jobs").mkdir(parents=True)
    (later / "jobs" / job.name).write_text(json.dumps(json.loads(job.read_text()) | changes))
    return later


def test_later_runs_share_the_copies_of_unchanged_code(project: Path) -> None:
    first = run_folder(project)
    later = later_run(project)
    assert crate.after_run(project, None, later)
    assert (later / "Snakefile").stat().st_ino == (first / "Snakefile").stat().st_ino


def test_a_failed_job_is_told_with_its_reason(project: Path) -> None:
    later = later_run(project, status="failed", message="no memory", output_sha256={})
    assert crate.after_run(project, None, later)
    found = entities((later / "ro-crate-metadata.json").read_bytes())
    failed = [entity for entity in of_type(found, "CreateAction") if "error" in entity]
    assert {entity["actionStatus"] for entity in failed} == {"http://schema.org/FailedActionStatus"}
    assert any(entity["error"] == "no memory" for entity in failed)


@pytest.mark.parametrize("path", ["results/../config/config.yaml", "../outside.pdf", "/etc/passwd", "raw/x.spe"])
def test_an_entry_that_names_a_file_outside_the_results_enters_no_crate(project: Path, path: str) -> None:
    later = later_run(project, output_sha256={path: "0" * 64})
    with pytest.raises(TableError, match="no path below the results"):
        crate.after_run(project, None, later)


def test_a_repository_tells_commit_and_changes(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        identity = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
        subprocess.run(["git", *identity, *words], cwd=tmp_path, check=True, capture_output=True)

    assert sources.revision(tmp_path).name == "unknown"
    git("init", "--quiet")
    (tmp_path / "a.txt").write_text("1")
    git("add", ".")
    git("commit", "--quiet", "--message", "first")
    clean = sources.revision(tmp_path)
    assert (len(clean.commit), clean.changed, clean.name) == (40, (), clean.commit)
    (tmp_path / "a.txt").write_text("2")
    (tmp_path / "b.txt").write_text("3")
    dirty = sources.revision(tmp_path)
    assert dirty.changed == ("a.txt", "b.txt")
    assert dirty.name.endswith("+changes")


def test_a_file_that_is_not_in_the_crate_is_named_by_its_bytes() -> None:
    """The example of RFC 6920, section 8.2, with the path behind it."""
    sha256 = "7f83b1657ff1fc53b92dc18148a1d65dfc2d4b1fa3d677284addd200126d9069"
    name = graph.by_hash("raw:a b/c.spe", sha256)
    assert name == "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk?path=raw/a%20b/c.spe"


# --- archives ----------------------------------------------------------------------------------------------------


def test_an_archive_holds_raw_files_results_and_code(finished: Path, tmp_path: Path) -> None:
    count = crate.pack(opened(finished), tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        names = set(archive.namelist())
        assert len(names) == count
        found = entities(archive.read("ro-crate-metadata.json"))
        for entity in of_type(found, "File"):
            assert hashlib.sha256(archive.read(unquote(entity["@id"]))).hexdigest() == entity["sha256"]
    assert {f"raw/{EXPERIMENT}/{raw_file(finished).name}", "Snakefile", "README.md", "LICENSE"} <= names
    assert {path.relative_to(finished).as_posix() for path in opened(finished).artefacts()} <= names
    assert all(not name.startswith("/") and ".." not in name.split("/") for name in names)


def test_the_same_results_give_the_same_archive(finished: Path, tmp_path: Path) -> None:
    for name in ("a.zip", "b.zip"):
        crate.pack(opened(finished), tmp_path / name)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()


def test_results_that_are_not_whole_are_not_packed(project: Path, tmp_path: Path) -> None:
    edit_table_number(project)
    with pytest.raises(TableError, match="the results are not whole"):
        crate.pack(opened(project), tmp_path / "all.zip")
    assert not (tmp_path / "all.zip").exists()


def test_results_that_no_run_knows_are_not_packed(project: Path, tmp_path: Path) -> None:
    shutil.rmtree(project / "results/runs")
    with pytest.raises(TableError, match="no run record knows"):
        crate.pack(opened(project), tmp_path / "all.zip")


def test_each_artefact_has_one_job_whichever_runs_wrote_it(project: Path) -> None:
    before = facts.of_results(opened(project))
    later_run(project, ended_at="2999-01-01T00:00:00+00:00")
    after = facts.of_results(opened(project))
    assert len(after) == len(before)
    assert {job.run for job in after} == {run.name for run in (project / "results/runs").iterdir()}


def test_the_command_packs_beside_the_results(project: Path) -> None:
    command = [sys.executable, "scripts/audit.py", "crate", "--output", "x.zip"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "x.zip: a crate of" in done.stdout
    assert (project / "x.zip").is_file()


# --- the public validator ----------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def validator(tmp_path_factory: pytest.TempPathFactory):
    """The validator in an environment of its own, offline once it is installed."""
    if not CONTEXTS.is_dir():
        pytest.skip("the reference data ../shared/data are not beside this checkout, nor are the JSON-LD contexts")
    folder = tmp_path_factory.mktemp("validator")
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    python, uv = folder / "bin/python", Path(sys.executable).with_name("uv")
    lock = TESTS / "roc-validator.lock"
    subprocess.run([uv, "pip", "sync", "--quiet", "--python", python, "--require-hashes", lock], check=True)
    pairs = {
        "https://w3id.org/ro/crate/1.1/context": "ro-crate-1.1-context.jsonld",
        "https://w3id.org/ro/terms/workflow-run/context": "wfrun-context.jsonld",
    }
    words = [f"{address}={CONTEXTS / name}" for address, name in pairs.items()]
    subprocess.run([python, CONTEXTS / "seed_cache.py", folder / "cache", *words], check=True, capture_output=True)

    def validate(crate_folder: Path, profile: str, severity: str) -> list[str]:
        """Return what the validator complains of."""
        report = folder / "report.json"
        report.unlink(missing_ok=True)
        options = ["--offline", "--cache-path", folder / "cache", "--profile-identifier", profile]
        options += ["--requirement-severity", severity, "--output-format", "json", "--output-file", report]
        command = [folder / "bin/rocrate-validator", "-y", "validate", *options, crate_folder]
        environment = {**os.environ, "HOME": str(folder)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert report.is_file(), done.stdout + done.stderr
        issues = [issue["message"] for issue in json.loads(report.read_text())["issues"]]
        assert bool(issues) == (done.returncode != 0)
        return issues

    return validate


@pytest.mark.slow
@pytest.mark.parametrize("profile", PROFILES)
def test_the_public_validator_accepts_run_record_and_archive(
    validator, finished: Path, tmp_path: Path, profile: str
) -> None:
    crate.pack(opened(finished), tmp_path / "all.zip")
    with zipfile.ZipFile(tmp_path / "all.zip") as archive:
        archive.extractall(tmp_path / "all")
    for folder in (run_folder(finished), tmp_path / "all"):
        assert validator(folder, profile, "required") == []
        left = set(validator(folder, profile, "recommended")) - DEVIATIONS
        online = {message for message in left if message.startswith(NOT_ONLINE)}
        assert left - online == set()
        assert bool(online) == (folder == run_folder(finished))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("identifier", "key"), [("Snakefile", "step"), ("#organize", "result"), ("./", "license"), ("#run", "instrument")]
)
def test_the_validator_would_notice(validator, finished: Path, tmp_path: Path, identifier: str, key: str) -> None:
    shutil.copytree(run_folder(finished), tmp_path / "crate")
    path = tmp_path / "crate" / packing.METADATA
    document = json.loads(path.read_text())
    next(entity for entity in document["@graph"] if entity["@id"] == identifier).pop(key)
    path.write_text(json.dumps(document))
    assert validator(tmp_path / "crate", "provenance-run-crate", "required") != []
