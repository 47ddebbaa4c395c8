"""What every test may use: reference data and hypothesis profiles; and the rule that no skip comes as a surprise."""

import os
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, settings

# What takes longest, in this order: where each process takes a file at a time (`make test`), a long one begun last
# would leave the others with nothing to do.
LONGEST_FIRST = (
    "cluster/test_cluster.py",
    "test_workflow.py",
    "test_audit.py",
    "cluster/test_slurm.py",
    "test_fitting_engines.py",
    "test_kinetics_growth.py",
    "test_studies.py",
    "test_architecture.py",
    "test_configuration.py",
)
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

PROJECT = Path(__file__).parents[1]
SHARED_DATA = PROJECT.parent / "shared" / "data"

# quick: the same examples for everyone, so that a red run is red on every machine. thorough: new ones each time.
settings.register_profile(
    "quick", derandomize=True, max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("thorough", settings.get_profile("quick"), derandomize=False, max_examples=1000)
settings.load_profile("quick")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; within a file the order stays."""
    tests = PROJECT / "tests"
    ranks = {tests / name: rank for rank, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path, len(ranks)))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of public instrument files and vendor exports, kept beside the project and not inside it."""
    if not SHARED_DATA.is_dir():
        pytest.skip("the reference data ../shared/data are not beside this checkout")
    return SHARED_DATA


def is_expected_skip(reason: str) -> bool:
    """Return whether a test may be left out here: only for reference data that are truly absent."""
    return "shared/data" in reason and not SHARED_DATA.is_dir()


def _refuse_surprising_skip(report: Report) -> Report:
    """Turn a skip into a failure where a machine judges: nobody reads the reasons there."""
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2]) if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not is_expected_skip(reason):
            report.outcome = "failed"
            report.longrepr = f"unexpected skip: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _refuse_surprising_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _refuse_surprising_skip((yield))
