"""The verbs of the Makefile, tried in a folder whose tools are stand-ins that only write down how they were called."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[1]
TOOLS = ("python", "uv", "snakemake", "pytest", "ruff", "mypy", "snakefmt", "codespell")


class Sandbox:
    """A copy of the Makefile with small locks and stand-in tools in .venv/bin."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = folder / "journal"
        self.journal.touch()
        shutil.copy(PROJECT / "Makefile", folder)
        for name in ("requirements.lock", "requirements-dev.lock"):
            (folder / name).write_text(f"{name} 1\n")
        self.configure("config/config.yaml", "results")
        (folder / ".venv/bin").mkdir(parents=True)
        for tool in TOOLS:
            self.stand_in(tool, f'echo "{tool} $*" >> "{self.journal}"')

    def stand_in(self, tool: str, command: str) -> None:
        path = self.folder / ".venv/bin" / tool
        path.write_text(f"#!/bin/sh\n{command}\n")
        path.chmod(0o755)

    def configure(self, path: str, results: str) -> None:
        (self.folder / path).parent.mkdir(exist_ok=True)
        (self.folder / path).write_text(f"raw: raw\nresults: {results}\n")

    def offer(self, *names: str) -> None:
        """Put an empty settings file in place for each name."""
        for name in names:
            path = self.folder / f"config/{name}.yaml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()

    def make(self, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
        self.journal.write_text("")
        inherited = {key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ}
        return subprocess.run(
            ["make", *words], cwd=self.folder, env=inherited | environment, capture_output=True, text=True, check=False
        )

    def calls(self, *words: str) -> list[str]:
        """Run make, demand success, return the calls that the tools wrote down."""
        done = self.make(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return [" ".join(line.split()) for line in self.journal.read_text().splitlines()]

    def installed(self, *words: str) -> list[str]:
        """Return the locks that were installed while making ``words``."""
        return [call.split()[-1] for call in self.calls(*words) if call.startswith("uv pip sync")]


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return Sandbox(tmp_path)


# --- set-up ------------------------------------------------------------------------------------------------------


def test_the_environment_is_installed_once(sandbox: Sandbox) -> None:
    assert sandbox.installed() == ["requirements.lock"]
    assert sandbox.installed() == []


def test_analysis_and_tests_do_not_take_turns_in_installing(sandbox: Sandbox) -> None:
    assert [sandbox.installed(*words) for words in ([], ["test"], [], ["test"], ["test-slow"], ["dry-run"])] == [
        ["requirements.lock"],
        ["requirements-dev.lock"],
        [],
        [],
        [],
        [],
    ]


def test_the_tests_environment_serves_the_analysis(sandbox: Sandbox) -> None:
    assert sandbox.installed("test") == ["requirements-dev.lock"]
    assert sandbox.installed() == []


def test_a_touched_lock_installs_nothing(sandbox: Sandbox) -> None:
    sandbox.calls("test")
    for name in ("requirements.lock", "requirements-dev.lock", "Makefile"):
        (sandbox.folder / name).touch()
    assert sandbox.installed() == sandbox.installed("test") == []


@pytest.mark.parametrize(
    ("lock", "for_analysis", "for_tests"),
    [
        ("requirements.lock", ["requirements.lock"], ["requirements-dev.lock"]),
        ("requirements-dev.lock", ["requirements.lock"], ["requirements-dev.lock"]),
    ],
)
def test_a_changed_lock_is_installed(
    sandbox: Sandbox, lock: str, for_analysis: list[str], for_tests: list[str]
) -> None:
    sandbox.calls("test")
    (sandbox.folder / lock).write_text("2\n")
    assert sandbox.installed() == for_analysis
    assert sandbox.installed("test") == for_tests


def test_going_back_to_an_older_lock_is_a_change_too(sandbox: Sandbox) -> None:
    lock = sandbox.folder / "requirements.lock"
    old = lock.read_text()
    for text in (old, "2\n", old):
        lock.write_text(text)
        assert sandbox.installed() == ["requirements.lock"]


def test_a_failed_installation_is_tried_again(sandbox: Sandbox) -> None:
    sandbox.stand_in("uv", "exit 1")
    assert sandbox.make().returncode != 0
    sandbox.stand_in("uv", f'echo "uv $*" >> "{sandbox.journal}"')
    assert sandbox.installed() == ["requirements.lock"]


def test_installing_checks_hashes_of_packages_and_of_what_builds_them(sandbox: Sandbox) -> None:
    (call, _) = sandbox.calls()
    assert "--require-hashes" in call
    assert "--compile-bytecode" in call
    assert "--build-constraints requirements-dev.lock" in call


def test_a_python_that_is_too_old_is_refused_before_anything_is_made(sandbox: Sandbox) -> None:
    shutil.rmtree(sandbox.folder / ".venv")
    old = sandbox.folder / "old"
    pretend = "import sys; sys.version_info, sys.version = (3, 10, 1), '3.10.1'; exec(sys.argv[1])"
    old.write_text(f'#!/bin/sh\nexec python3 -c "{pretend}" "$2"\n')
    old.chmod(0o755)
    refused = sandbox.make(f"PYTHON={old}")
    assert refused.returncode != 0
    assert "Python 3.11 or newer is needed, found 3.10.1" in refused.stderr
    assert not (sandbox.folder / ".venv").exists()


# --- running -----------------------------------------------------------------------------------------------------


def test_make_runs_snakemake_as_the_profile_says(sandbox: Sandbox) -> None:
    sandbox.calls()
    assert sandbox.calls() == ["snakemake"]


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ([], "snakemake --configfile config/other.yaml"),
        (["dry-run"], "snakemake --quiet host --dry-run --configfile config/other.yaml"),
        (["unlock"], "snakemake --unlock --configfile config/other.yaml"),
        (["figure", "NAME=f"], "snakemake elsewhere/figures/f.pdf --configfile config/other.yaml"),
        (
            ["experiment", "NAME=e"],
            "snakemake elsewhere/e/kinetics.parquet elsewhere/e/energy_checks.parquet elsewhere/e/composition.parquet "
            "elsewhere/e/areas.csv --configfile config/other.yaml",
        ),
        (["ARGS=--cores 1"], "snakemake --cores 1 --configfile config/other.yaml"),
        (["PROFILE=slurm"], "snakemake --workflow-profile profiles/slurm --configfile config/other.yaml"),
    ],
)
def test_another_configuration_reaches_every_verb(sandbox: Sandbox, words: list[str], call: str) -> None:
    sandbox.configure("config/other.yaml", "elsewhere")
    sandbox.offer("figures/f", "experiments/e")
    (sandbox.folder / "profiles/slurm").mkdir(parents=True)
    assert sandbox.calls(*words, "CONFIG=config/other.yaml")[-1] == call


@pytest.mark.parametrize(
    ("words", "call"),
    [
        ([], "python scripts/audit.py verify"),
        (["CONFIG=config/config.yaml"], "python scripts/audit.py verify --config config/config.yaml"),
        (["ARGS=trace a.pdf --json"], "python scripts/audit.py trace a.pdf --json"),
        (
            ["ARGS=impact x", "CONFIG=config/config.yaml"],
            "python scripts/audit.py impact x --config config/config.yaml",
        ),
        (["ARGS=diff a b", "CONFIG=config/config.yaml"], "python scripts/audit.py diff a b"),
    ],
)
def test_audit_verifies_and_asks_what_it_is_told(sandbox: Sandbox, words: list[str], call: str) -> None:
    sandbox.stand_in("python", f'echo "python $*" >> "{sandbox.journal}"')
    assert sandbox.calls("audit", *words)[-1] == call


def test_names_of_the_environment_are_not_taken_for_settings(sandbox: Sandbox) -> None:
    assert sandbox.make(CONFIG="none.yaml", ARGS="--forceall").returncode == 0
    assert sandbox.journal.read_text().splitlines()[-1].split() == ["snakemake"]
    assert sandbox.make("figure", NAME="host").returncode != 0


@pytest.mark.parametrize("verb", ["figure", "experiment"])
def test_a_missing_name_is_asked_for(sandbox: Sandbox, verb: str) -> None:
    refused = sandbox.make(verb)
    assert refused.returncode != 0
    assert f"make {verb} NAME=<a file of config/{verb}s, without .yaml>" in refused.stderr


@pytest.mark.parametrize("name", ["g", "g'; touch stolen; echo '", "../figures/f"])
def test_an_unknown_figure_is_refused_with_the_known_ones(sandbox: Sandbox, name: str) -> None:
    sandbox.offer("figures/f", "figures/h")
    refused = sandbox.make("figure", f"NAME={name}")
    assert refused.returncode != 0
    assert "there are: f h" in refused.stderr
    assert not (sandbox.folder / "stolen").exists()


@pytest.mark.parametrize("verb", ["all", "dry-run", "clean", "test"])
def test_a_configuration_that_is_not_there_is_refused_in_one_sentence(sandbox: Sandbox, verb: str) -> None:
    refused = sandbox.make(verb, "CONFIG=config/none.yaml")
    assert refused.returncode != 0
    assert "CONFIG=config/none.yaml: there is no such file" in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_an_empty_configuration_is_refused_by_its_name(sandbox: Sandbox) -> None:
    (sandbox.folder / "config").mkdir(exist_ok=True)
    (sandbox.folder / "config/config.yaml").write_text("# nothing yet\n\n")
    refused = sandbox.make()
    assert refused.returncode != 0
    assert "config/config.yaml is empty" in refused.stderr


def test_the_status_of_the_analysis_is_that_of_make(sandbox: Sandbox) -> None:
    sandbox.stand_in("snakemake", "exit 1")
    assert sandbox.make().returncode != 0


def test_threads_are_one_and_bytecode_may_be_written(sandbox: Sandbox) -> None:
    sandbox.stand_in("snakemake", f'env >> "{sandbox.journal}"')
    sandbox.make(PYTHONDONTWRITEBYTECODE="1", OMP_NUM_THREADS="8")
    seen = dict(line.split("=", 1) for line in sandbox.journal.read_text().splitlines() if re.match(r"\w+=", line))
    assert {seen[f"{library}_NUM_THREADS"] for library in ("OMP", "OPENBLAS", "MKL")} == {"1"}
    assert (seen["PYTHONHASHSEED"], seen["MPLBACKEND"]) == ("0", "Agg")
    assert "PYTHONDONTWRITEBYTECODE" not in seen
    assert seen["PATH"].startswith(f"{sandbox.folder}/.venv/bin:")


def test_orphans_are_ended_before_the_folder_is_unlocked(sandbox: Sandbox) -> None:
    sandbox.calls()
    assert sandbox.calls("unlock") == ["python scripts/unlock.py", "snakemake --unlock"]
    sandbox.stand_in("python", "exit 2")
    refused = sandbox.make("unlock")
    assert refused.returncode != 0
    assert "snakemake" not in sandbox.journal.read_text()


def test_an_unknown_profile_is_refused(sandbox: Sandbox) -> None:
    refused = sandbox.make("PROFILE=slurn")
    assert refused.returncode != 0
    assert "PROFILE=slurn: there is no folder profiles/slurn" in refused.stderr


# --- testing -----------------------------------------------------------------------------------------------------


def test_linters_come_first_and_the_tests_have_the_last_word(sandbox: Sandbox) -> None:
    sandbox.calls("test")
    names = [call.split()[0] for call in sandbox.calls("test")]
    assert names == ["ruff", "ruff", "mypy", "snakefmt", "snakemake", "codespell", "pytest"]
    # A file per process, in the order of tests/conftest.py: the longest first.
    assert "--dist loadfile --no-loadscope-reorder" in sandbox.calls("test")[-1]


@pytest.mark.parametrize("linter", ["ruff", "mypy", "snakefmt", "snakemake", "codespell"])
def test_a_linter_that_complains_fails_the_tests(sandbox: Sandbox, linter: str) -> None:
    sandbox.stand_in(linter, "exit 1")
    assert sandbox.make("test").returncode != 0


def test_slow_tests_run_by_themselves(sandbox: Sandbox) -> None:
    assert sandbox.calls("test-slow")[-1] == "pytest -m slow"


# --- cleaning ----------------------------------------------------------------------------------------------------


def fill(folder: Path) -> None:
    for name in ("figures/f.pdf", "e/fits.parquet", "logs/fit/e.log", "runs/1/record.json", "audit.html"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("written", ["results", '"results"', "'results'", "results  # of the demo"])
def test_clean_keeps_the_records_of_past_runs_and_nothing_else(sandbox: Sandbox, written: str) -> None:
    sandbox.configure("config/config.yaml", written)
    fill(sandbox.folder / "results")
    sandbox.calls("clean")
    assert files_of(sandbox.folder / "results") == {"runs/1/record.json"}
    assert sandbox.calls("clean") == []


def test_clean_empties_the_results_of_the_named_configuration_only(sandbox: Sandbox) -> None:
    sandbox.configure("config/other.yaml", "elsewhere/deep")
    fill(sandbox.folder / "results")
    fill(sandbox.folder / "elsewhere/deep")
    sandbox.calls("clean", "CONFIG=config/other.yaml")
    assert files_of(sandbox.folder / "elsewhere") == {"deep/runs/1/record.json"}
    assert len(files_of(sandbox.folder / "results")) == 5


def test_clean_follows_a_results_folder_that_lives_on_another_disk(sandbox: Sandbox, tmp_path: Path) -> None:
    fill(tmp_path / "scratch")
    (sandbox.folder / "results").symlink_to(tmp_path / "scratch")
    sandbox.calls("clean")
    assert files_of(tmp_path / "scratch") == {"runs/1/record.json"}
    assert (sandbox.folder / "results").is_symlink()


@pytest.mark.parametrize("root", ["..", "../victim", "results/../..", ".", "./", "", "''", "{victim}", "scripts"])
def test_clean_refuses_what_is_not_a_folder_of_results(tmp_path: Path, root: str) -> None:
    (tmp_path / "project").mkdir()
    sandbox = Sandbox(tmp_path / "project")
    victim = tmp_path / "victim"
    for folder in (victim, sandbox.folder / "results", sandbox.folder / "scripts"):
        fill(folder)
    subprocess.run(["git", "init", "--quiet"], cwd=sandbox.folder, check=True)
    subprocess.run(["git", "add", "scripts"], cwd=sandbox.folder, check=True)
    sandbox.configure("config/config.yaml", root.format(victim=victim))
    before = files_of(tmp_path)
    refused = sandbox.make("clean")
    assert refused.returncode != 0
    assert refused.stderr
    assert files_of(tmp_path) == before


def test_clean_takes_no_part_of_a_path_for_the_whole(sandbox: Sandbox) -> None:
    """A folder named with a blank once made `make clean` empty the folder of its first word."""
    fill(sandbox.folder / "my")
    sandbox.configure("config/config.yaml", '"my results"')
    assert sandbox.make("clean").returncode != 0
    assert len(files_of(sandbox.folder / "my")) == 5


def test_clean_refuses_a_folder_that_no_run_has_made(sandbox: Sandbox) -> None:
    (sandbox.folder / ".venv/keep").mkdir(parents=True)
    (sandbox.folder / ".venv/keep/this").touch()
    sandbox.configure("config/config.yaml", ".venv")
    refused = sandbox.make("clean")
    assert "holds no runs/" in refused.stderr
    assert (sandbox.folder / ".venv/keep/this").is_file()


# --- help --------------------------------------------------------------------------------------------------------


def test_help_explains_every_verb(sandbox: Sandbox) -> None:
    verbs = re.search(r"^\.PHONY: (.*)$", (PROJECT / "Makefile").read_text(), re.MULTILINE)
    assert verbs
    explained = dict(re.findall(r"^  make ([a-z-]+) +(\S.*)$", sandbox.make("help").stdout, re.MULTILINE))
    assert sorted(explained) == sorted(verbs[1].split())
