"""What a person sees of a run: how far it is, how long it takes, and the sentence that matters."""

import io
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xps import progress, runlog
from xps.errors import RawFileError


class Screen(io.StringIO):
    """A stream that may be a terminal."""

    def __init__(self, is_terminal: bool = False) -> None:
        super().__init__()
        self._is_terminal = is_terminal

    def isatty(self) -> bool:
        return self._is_terminal


class Clock:
    """A clock that is set by hand."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def event(name: str, level: int = logging.INFO, message: str = "", **facts: object) -> logging.LogRecord:
    record = logging.LogRecord("snakemake.logging", level, "", 0, message, None, None)
    record.__dict__.update(facts, event=name)
    return record


def started(job: int, text: str, **wildcards: str) -> logging.LogRecord:
    return event("job_info", jobid=job, rule_name="fit", rule_msg=text, wildcards=wildcards)


def test_a_log_gets_a_line_per_step_with_the_time_that_is_left() -> None:
    screen, clock = Screen(), Clock()
    reporter = progress.Reporter(screen, clock)
    reporter.steps.total = 5
    for job in range(4):
        reporter.handle(started(job, f"Fit series {job}"))
        clock.now += 30.0
        reporter.handle(event("job_finished", job_id=job))
    assert screen.getvalue().splitlines() == [
        "1 of 5 done: Fit series 0 (30.0 s)",
        "2 of 5 done: Fit series 1 (30.0 s)",
        "3 of 5 done, about 60 s left: Fit series 2 (30.0 s)",
        "4 of 5 done, about 30 s left: Fit series 3 (30.0 s)",
    ]


def test_the_total_follows_a_series_that_turns_out_to_be_long() -> None:
    screen = Screen()
    reporter = progress.Reporter(screen, Clock())
    reporter.steps.total = 3
    reporter.handle(event("progress", done=1, total=40))
    reporter.handle(started(1, "Fit a block"))
    reporter.handle(event("job_finished", job_id=1))
    assert screen.getvalue() == "2 of 40 done: Fit a block (0.0 s)\n"


def test_a_terminal_gets_one_line_with_a_bar() -> None:
    screen, clock = Screen(is_terminal=True), Clock()
    reporter = progress.Reporter(screen, clock)
    reporter.steps.total = 4
    reporter.handle(started(0, "Fit the components of a series"))
    reporter.handle(event("progress", done=2, total=4))
    assert "\n" not in screen.getvalue()
    last = screen.getvalue().split("\r")[-1]
    assert last.startswith("\033[K" + "█" * 12 + "░" * 12 + " 2 of 4")
    assert "Fit the components of a series" in last
    reporter.clear()
    assert screen.getvalue().endswith("\r\033[K")


def test_a_terminal_line_is_never_wider_than_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    screen = Screen(is_terminal=True)
    reporter = progress.Reporter(screen, Clock())
    reporter.steps.total = 4
    reporter.handle(started(0, "x" * 500))
    assert len(screen.getvalue().split("\033[K")[-1]) == 59


def test_a_run_of_many_steps_does_not_flood_its_log() -> None:
    screen, clock = Screen(), Clock()
    reporter = progress.Reporter(screen, clock)
    reporter.steps.total = 1000
    for job in range(1000):
        reporter.handle(started(job, "Fit a block"))
        clock.now += 0.1
        reporter.handle(event("job_finished", job_id=job))
    assert 10 < len(screen.getvalue().splitlines()) <= 21


def test_a_failure_is_told_at_once_with_its_log_and_its_sentence(tmp_path: Path) -> None:
    log = tmp_path / "mini_b.log"
    with pytest.raises(SystemExit), runlog.job(str(log), "parse_spectra", "mini_b", []):
        raise RawFileError("a.spe: refused\nb.spe: refused too")
    screen = Screen()
    reporter = progress.Reporter(screen, Clock())
    reporter.handle(started(7, "Read the raw files", experiment="mini_b"))
    reporter.handle(event("job_error", logging.ERROR, jobid=7, rule_name="parse_spectra", log=[str(log)]))
    said = f"FAILED: parse_spectra mini_b (log: {log})\n  a.spe: refused\n  b.spe: refused too\n"
    assert screen.getvalue() == said
    assert reporter.was_tried(7)
    assert not reporter.was_tried(8)


@pytest.mark.parametrize(
    ("message", "said"),
    [
        (
            "SLURM sbatch failed. The error message was 'invalid partition'.\n    sbatch call:\n        sbatch -p main",
            ["  SLURM sbatch failed. The error message was 'invalid partition'."],
        ),
        (
            "SLURM-job '7' failed, status: OUT_OF_MEMORY",
            ["  " + progress.KILLED, "  SLURM-job '7' failed, status: OUT_OF_MEMORY"],
        ),
        (None, ["  " + progress.KILLED]),
    ],
)
def test_what_a_cluster_says_of_a_job_without_a_log_is_told(
    message: str | None, said: list[str], tmp_path: Path
) -> None:
    screen = Screen()
    reporter = progress.Reporter(screen, Clock())
    reporter.handle(started(7, "Read the raw files", experiment="a"))
    facts = {"jobid": 7, "rule_name": "parse_spectra", "rule_msg": message, "log": [str(tmp_path / "none.log")]}
    reporter.handle(event("job_error", logging.ERROR, **facts))
    assert screen.getvalue().splitlines()[1:] == said


def test_the_reason_of_a_fault_of_ours_is_the_last_line(tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    with pytest.raises(ZeroDivisionError), runlog.job(str(log), "fit", "series", []):
        print(1 / 0)
    assert progress.reason(log) == "ZeroDivisionError: division by zero"


@pytest.mark.parametrize("content", [None, "", "2026-01-01 INFO xps: all is well\n"])
def test_a_job_without_last_words_was_ended_from_outside(tmp_path: Path, content: str | None) -> None:
    if content is not None:
        (tmp_path / "job.log").write_text(content)
    assert progress.reason(tmp_path / "job.log") == progress.KILLED


def test_a_warning_is_no_reason(tmp_path: Path) -> None:
    (tmp_path / "job.log").write_text("1 WARNING xps: odd\n2 ERROR fit: the cause\n")
    assert progress.reason(tmp_path / "job.log") == "the cause"


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("LockException:\nError: Directory cannot be locked. Please", "make unlock"),
        ("MissingRuleException:\nNo rule to produce results/figures/sno2.pdf (if you", "add CONFIG="),
    ],
)
def test_what_snakemake_refuses_is_explained(said: str, remedy: str) -> None:
    screen = Screen()
    logger = logging.Logger("snakemake")
    progress.explain_refusals(logger, screen)
    logger.error("another error")
    assert screen.getvalue() == ""
    logger.error(said)
    assert remedy in screen.getvalue()
    assert screen.getvalue().count("\n") == 1


def test_progress_never_fails_a_run(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = progress.Reporter(Screen(), Clock())
    reporter.handle(event("progress"))
    assert "KeyError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("record", "is_shown"),
    [
        (event("", logging.INFO, "Select jobs to execute..."), False),
        (event("job_info", logging.INFO), False),
        (event("job_error", logging.ERROR, "Error in rule"), False),
        (event("error", logging.ERROR, "CalledProcessError", exception="RuleException"), False),
        (event("error", logging.ERROR, "WorkflowError: the raw root is missing", exception="WorkflowError"), True),
        (event("", logging.WARNING, "Cannot restore a.parquet: no backup found."), False),
    ],
)
def test_of_snakemakes_own_words_only_what_matters_is_shown(record: logging.LogRecord, is_shown: bool) -> None:
    if not record.event:
        record.event = None
    screen = Screen()
    handler = logging.StreamHandler(screen)
    handler.name = "DefaultStreamHandler"
    logger = logging.Logger("snakemake")
    logger.addHandler(handler)
    progress.follow(logger, progress.Reporter(Screen()), total=1)
    logger.handle(record)
    assert bool(screen.getvalue()) == is_shown


def test_that_nothing_is_to_be_done_is_shown() -> None:
    screen = Screen()
    handler = logging.StreamHandler(screen)
    handler.name = "DefaultStreamHandler"
    logger = logging.Logger("snakemake")
    logger.addHandler(handler)
    progress.follow(logger, progress.Reporter(Screen()), total=1)
    logger.info("Nothing to be done (all requested files are present and up to date).")
    assert "Nothing to be done" in screen.getvalue()


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.4, "0 s"), (99.4, "99 s"), (100, "2 min"), (3540, "59 min"), (4800, "1 h 20 min")]
)
def test_times_are_said_as_people_say_them(seconds: float, said: str) -> None:
    assert progress.duration(seconds) == said


@given(total=st.integers(1, 10_000), done=st.integers(0, 10_000), now=st.floats(0.0, 1e6))
def test_what_is_left_is_never_negative_and_ends_with_the_run(total: int, done: int, now: float) -> None:
    left = progress.Steps(0.0, total, done).left_s(now)
    assert left is None or left >= 0.0
    if done >= total:
        assert left is None
