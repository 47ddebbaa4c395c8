"""What is installed, and where from: locks, conda environment, profile, attributes, and the skip rule of the tests."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from rattler import MatchSpec

PROJECT = Path(__file__).parents[1]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
PLATFORMS = (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"))
LOCKS = ("requirements.lock", "requirements-dev.lock")
CONDA_NAMES = {"snakemake": "snakemake-minimal", "matplotlib": "matplotlib-base"}


def read(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


@cache
def entries(lock: str) -> dict[str, frozenset[str]]:
    """Hashes by requirement, as the lock spells it: name, version and marker."""
    found = re.findall(r"^(\S+==.*?) \\\n((?:    --hash=\S+(?: \\)?\n)+)", read(lock), re.MULTILINE)
    return {requirement: frozenset(re.findall(r"--hash=(\S+)", hashes)) for requirement, hashes in found}


def chosen(lock: str, python: str, platform: tuple[str, str] = PLATFORMS[0]) -> dict[str, list[str]]:
    """Versions by package that ``lock`` installs under ``python`` on ``platform``."""
    system, machine = platform
    environment = {
        "python_version": python,
        "python_full_version": f"{python}.0",
        "sys_platform": system,
        "platform_machine": machine,
        "platform_system": system.capitalize(),
        "os_name": "posix",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
    }
    versions: dict[str, list[str]] = {}
    for requirement in map(Requirement, entries(lock)):
        if requirement.marker is None or requirement.marker.evaluate(environment):
            (pin,) = requirement.specifier
            versions.setdefault(canonicalize_name(requirement.name), []).append(pin.version)
    return versions


def direct(name: str) -> set[str]:
    """Packages that an .in file asks for by name."""
    lines = [line for line in read(name).splitlines() if line and not line.startswith(("#", "-"))]
    return {canonicalize_name(Requirement(line).name) for line in lines}


def conda_environment() -> dict[str, list[str]]:
    return yaml.safe_load(read("environment.yml"))


def conda_pins() -> dict[str, str]:
    return dict(line.split("=") for line in conda_environment()["dependencies"])


# --- locks -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("lock", LOCKS)
def test_every_line_of_a_lock_is_a_pinned_version_with_hashes(lock: str) -> None:
    pinned = [line for line in read(lock).splitlines() if line and not line.startswith((" ", "#"))]
    assert len(pinned) == len(entries(lock)) > 50
    for hashes in entries(lock).values():
        assert hashes
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one) for one in hashes)


@pytest.mark.parametrize("lock", LOCKS)
@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("python", PYTHONS)
def test_each_python_gets_one_version_of_each_package(lock: str, platform: tuple[str, str], python: str) -> None:
    several = {name: versions for name, versions in chosen(lock, python, platform).items() if len(versions) != 1}
    assert several == {}


@pytest.mark.parametrize("python", PYTHONS)
def test_locks_hold_what_is_asked_for(python: str) -> None:
    assert direct("requirements.in") <= chosen("requirements.lock", python).keys()
    assert direct("requirements-dev.in") <= chosen("requirements-dev.lock", python).keys()


def test_the_development_lock_holds_the_runtime_lock() -> None:
    runtime, development = (entries(lock) for lock in LOCKS)
    assert {requirement: development.get(requirement) for requirement in runtime} == runtime


def test_the_lock_knows_that_the_oldest_python_needs_an_older_numpy() -> None:
    marked = {requirement.name for requirement in map(Requirement, entries("requirements.lock")) if requirement.marker}
    assert {"numpy", "scipy"} <= marked


def test_the_tests_run_on_the_locked_versions() -> None:
    """Else nothing that passes here says anything about what users get."""
    from importlib.metadata import version

    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    locked = chosen("requirements.lock", python)
    assert {name: [version(name)] for name in direct("requirements.in")} == {
        name: locked[name] for name in direct("requirements.in")
    }


# --- conda -------------------------------------------------------------------------------------------------------


def test_conda_users_get_the_locked_versions() -> None:
    pins = conda_pins()
    locked = chosen("requirements.lock", pins.pop("python"))
    assert pins == {CONDA_NAMES.get(name, name): locked[name][0] for name in direct("requirements.in")}


def test_the_conda_environment_names_a_supported_python() -> None:
    assert conda_pins()["python"] in PYTHONS


def test_every_conda_line_is_a_conda_specification() -> None:
    for line in conda_environment()["dependencies"]:
        assert MatchSpec(line, strict=True).version is not None


def test_conda_channels_are_named_and_free() -> None:
    assert conda_environment()["channels"] == ["conda-forge", "bioconda", "nodefaults"]


# --- no machine in any file --------------------------------------------------------------------------------------


def tracked_texts() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split("\0")
    binary = {".spe", ".pro", ".pdf", ".png", ".parquet"}
    paths = [PROJECT / name for name in listed if name]
    return [path for path in paths if path.is_file() and path.suffix.lower() not in binary]


def test_no_file_names_a_package_registry() -> None:
    hosts = re.compile("|".join(("pypi" + r"\.org", "pythonhosted" + r"\.", "anaconda" + r"\.(org|com)")))
    assert [path.name for path in tracked_texts() if hosts.search(path.read_text(errors="replace"))] == []


@pytest.mark.parametrize("name", [*LOCKS, "requirements.in", "requirements-dev.in", "environment.yml", "Makefile"])
def test_set_up_files_name_no_host_and_no_absolute_path(name: str) -> None:
    assert re.findall(r"\w+://|file:|(?<![\w$.)])/(?:home|root|tmp|opt|usr|work|Users)\b", read(name)) == []


def test_nothing_is_installed_from_pyproject() -> None:
    assert tomllib.loads(read("pyproject.toml")).keys() == {"tool"}


# --- git ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["raw/a/x.spe", "raw/a/acquisitions.csv", "raw/checksums.tsv", "tests/truth/X.PRO", "tests/mini/a.Spe"]
)
def test_git_never_touches_the_line_ends_of_raw_data(path: str) -> None:
    said = subprocess.run(
        ["git", "check-attr", "text", "--", path], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert said.stdout.strip() == f"{path}: text: unset"


@pytest.mark.parametrize(
    "path", ["results/a.pdf", "results_sno2/a/b.parquet", ".venv/x", ".snakemake/x", "a/__pycache__/b"]
)
def test_git_ignores_what_is_made(path: str) -> None:
    assert subprocess.run(["git", "check-ignore", "--quiet", path], cwd=PROJECT, check=False).returncode == 0


@pytest.mark.parametrize("path", ["raw/a/x.spe", "config/config.yaml", "requirements.lock", "tests/truth/a.csv"])
def test_git_keeps_what_is_written(path: str) -> None:
    assert subprocess.run(["git", "check-ignore", "--quiet", path], cwd=PROJECT, check=False).returncode == 1


# --- profile -----------------------------------------------------------------------------------------------------

TOY = """
rule all:
    input: config["results"]
rule make:
    output: config["results"]
    params: found=" ".join(sorted(config))
    shell: "echo {params.found} > {output}"
"""


@pytest.fixture(scope="module")
def toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workflow of one job under the project's own profile; the job writes down the keys of its configuration."""
    folder = tmp_path_factory.mktemp("toy")
    shutil.copytree(PROJECT / "profiles", folder / "profiles")
    (folder / "Snakefile").write_text(TOY)
    (folder / "config").mkdir()
    (folder / "config/config.yaml").write_text("results: main.txt\nextra: only here\n")
    (folder / "other.yaml").write_text("results: other.txt\n")
    return folder


def snakemake(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "snakemake", *options], cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_bare_snakemake_takes_profile_and_configuration(toy: Path) -> None:
    done = snakemake(toy)
    assert done.returncode == 0, done.stderr
    assert (toy / "main.txt").read_text() == "extra results\n"
    assert "Nothing to be done" in snakemake(toy, "--cores", "2").stderr


def test_another_configfile_replaces_and_does_not_merge(toy: Path) -> None:
    done = snakemake(toy, "--cores", "2", "--configfile", "other.yaml")
    assert done.returncode == 0, done.stderr
    assert (toy / "other.txt").read_text() == "results\n"


# --- paperwork ---------------------------------------------------------------------------------------------------


def test_the_citation_names_the_newest_version_of_the_changelog() -> None:
    citation = yaml.safe_load(read("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors", "version", "license"} <= citation.keys()
    newest = re.search(r"^## (\S+)", read("CHANGELOG.md"), re.MULTILINE)
    assert newest
    assert newest[1] == citation["version"]


def test_the_readme_names_only_verbs_and_files_that_exist() -> None:
    text = read("README.md") + read("CONTRIBUTING.md")
    verbs = set(re.findall(r"\bmake ([a-z-]+)(?= [A-Z]+=|`|\n| +#)", text))
    assert verbs
    assert verbs <= set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
    files = set(re.findall(r"\b((?:config|scripts|raw|tests)/[\w/]+\.(?:yaml|py|md))\b", text))
    assert files
    assert {name for name in files if not (PROJECT / name).is_file()} == set()


# --- the judging machine -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("closing", "status"),
    [
        ("=========== 3 passed, 1 skipped in 0.10s ===========", 0),
        ("=========== 1 failed, 2 passed in 71.20s (0:01:11) ===========", 1),
        ("=========== 1 error in 0.10s ===========", 1),
    ],
)
def test_the_judging_run_ends_on_the_closing_line_of_pytest(tmp_path: Path, closing: str, status: int) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(PROJECT / ".ci/run", tmp_path / ".ci")
    say = f"echo '=== ci is ${{CI}}, stdin' $$(wc -c) $(PYTEST_ARGS); echo '{closing}'; exit {status}"
    (tmp_path / "Makefile").write_text(f"test:\n\t@{say}\n")
    done = subprocess.run(
        [tmp_path / ".ci/run"],
        input="x",
        env={key: os.environ[key] for key in ("PATH", "HOME") if key in os.environ},  # not those of the make around us
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    said = done.stdout.splitlines()
    assert said[-1] == closing
    assert said[0].startswith("=== ci is true, stdin 0 --durations=20")
    assert (done.returncode != 0) == (status != 0)


# --- skips -------------------------------------------------------------------------------------------------------

SKIPPING = {
    "by the fixture": "def test_it(shared_data): pass",
    "for absent data": "import pytest\ndef test_it(): pytest.skip('no ../shared/data')",
    "by surprise": "import pytest\ndef test_it(): pytest.skip('no time')",
    "by a mark": "import pytest\n@pytest.mark.skip(reason='later')\ndef test_it(): pass",
    "as a file": "import pytest\npytest.importorskip('no_such_package')",
}


@pytest.mark.parametrize(
    ("how", "ci", "data", "verdict"),
    [
        ("by the fixture", "true", False, "1 skipped"),
        ("by the fixture", "true", True, "1 passed"),
        ("for absent data", "true", False, "1 skipped"),
        ("for absent data", "true", True, "1 failed"),
        ("by surprise", "true", False, "1 failed"),
        ("by surprise", "", False, "1 skipped"),
        ("by a mark", "true", True, "1 error"),
        ("as a file", "true", True, "1 error"),
        ("as a file", "", True, "1 skipped"),
    ],
)
def test_only_absent_reference_data_excuse_a_skip(tmp_path: Path, how: str, ci: str, data: bool, verdict: str) -> None:
    tests = tmp_path / "project/tests"
    tests.mkdir(parents=True)
    shutil.copy(PROJECT / "tests/conftest.py", tests)
    (tests / "test_one.py").write_text(SKIPPING[how])
    (tmp_path / "shared" / ("data" if data else "none")).mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:benchmark", "tests"],
        cwd=tmp_path / "project",
        env={**os.environ, "CI": ci, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout.splitlines()[-1].startswith(verdict), done.stdout
    assert (done.returncode in {1, 2}) == verdict.endswith(("failed", "error"))
