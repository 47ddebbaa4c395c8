"""What a person sees of a run: stage, steps done, time left, and the sentence that matters when something fails.

Snakemake reports its events to a logger; ``follow`` listens there once a run begins. A terminal gets one line that is
renewed, with a bar; a log gets a line per finished step, of a long run at most one every few seconds. What Snakemake
itself says stays in its own log under .snakemake/log; on the screen only its warnings and errors remain.
"""

import logging
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TextIO

_BAR = 24
# A log of hundreds of steps is read no better than one of a line every few seconds.
_MANY_STEPS, _SECONDS_BETWEEN_LINES = 100, 5.0
# What is left is told once this many steps have shown how long a step takes.
_STEPS_BEFORE_A_GUESS = 3
_LINES_OF_A_REASON = 12
_UNEXPECTED = "unexpected failure"
KILLED = "its log says nothing: ended from outside (memory, time limit or a signal), or no log could be written"
LOCKED = (
    "Another run is at work in this folder, or one was killed here. Wait for it, or, if it was killed: `make unlock`, "
    "which also ends what a killed run left running on the cluster."
)


NOT_NAMED = (
    "The configuration does not ask for that. Name it under `figures:` or `experiments:` of config/config.yaml; if it "
    "belongs to another configuration, add CONFIG=config/<that one>.yaml."
)
# What Snakemake says, and what a person should know then.
_HINTS = {"cannot be locked": LOCKED, "No rule to produce": NOT_NAMED}


class Step(NamedTuple):
    """A job at work: what its rule says it does, for whom, and since when (s)."""

    text: str
    subject: str
    since: float


@dataclass
class Steps:
    """How far a run is; times in s on a clock of the caller's."""

    started: float
    total: int = 0
    done: int = 0
    running: dict[int, Step] = field(default_factory=dict)
    tried: dict[int, Step] = field(default_factory=dict)

    def left_s(self, now: float) -> float | None:
        """Return how long the rest takes if its steps take as long as those so far; None while that is a guess."""
        if self.done < _STEPS_BEFORE_A_GUESS or self.total <= self.done:
            return None
        return (now - self.started) / self.done * (self.total - self.done)


def duration(seconds: float) -> str:
    """Return a time as people say it: ``42 s``, ``3 min``, ``1 h 20 min``."""
    whole = round(seconds)
    if whole < 100:
        return f"{whole} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def reason(log: Path) -> str:
    """Return the sentence that matters of a failed job's own log: its last error; of a fault of ours the last line."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return KILLED
    errors = [number for number, line in enumerate(lines) if " ERROR " in line]
    if not errors:
        return KILLED
    found = [lines[errors[-1]].split(" ERROR ", 1)[1].partition(": ")[2], *lines[errors[-1] + 1 :]]
    return "\n".join([lines[-1]] if found[0] == _UNEXPECTED else found[:_LINES_OF_A_REASON])


def _as_the_cluster_says(message: str) -> str:
    """Return why a job without last words failed: refused before it ran, or ended; without the command."""
    told = message.partition("\n    sbatch call")[0]
    return told if told.startswith("SLURM sbatch failed") else f"{KILLED}\n{told}".rstrip()


class Reporter(logging.Handler):
    """Turns Snakemake's events into lines on ``stream``."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__(logging.INFO)
        self._stream, self._clock = stream, clock
        self._is_terminal = stream.isatty()
        self._last_line_at = -_SECONDS_BETWEEN_LINES
        self.steps = Steps(clock())
        self._actions = {
            "job_info": self._on_job_info,
            "job_finished": self._on_job_finished,
            "progress": self._on_progress,
            "job_error": self._on_job_error,
        }

    def begin(self, total: int) -> None:
        """Start the clock of a run of ``total`` steps."""
        self.steps = Steps(self._clock(), total)

    def emit(self, record: logging.LogRecord) -> None:
        """Take one event; anything that is none of those known here is left to others."""
        facts: Mapping[str, Any] = record.__dict__
        action = self._actions.get(str(facts.get("event")))
        try:
            if action is not None:
                action(facts)
        except Exception:  # a run must not fail over the wording of its progress
            self.handleError(record)

    def was_tried(self, job: int) -> bool:
        """Return whether a job was started at all."""
        return job in self.steps.tried

    def _on_job_info(self, facts: Mapping[str, Any]) -> None:
        subject = ".".join(str(value) for value in dict(facts.get("wildcards") or {}).values())
        step = Step(facts.get("rule_msg") or facts["rule_name"], subject, self._clock())
        self.steps.running[facts["jobid"]] = self.steps.tried[facts["jobid"]] = step
        self._renew()

    def _on_job_finished(self, facts: Mapping[str, Any]) -> None:
        self.steps.done += 1
        step = self.steps.running.pop(facts["job_id"], None)
        if step is not None:
            self._tell(step.text, self._clock() - step.since)

    def _on_progress(self, facts: Mapping[str, Any]) -> None:
        self.steps.done, self.steps.total = int(facts["done"]), int(facts["total"])
        self._renew()

    def _on_job_error(self, facts: Mapping[str, Any]) -> None:
        self.steps.running.pop(facts["jobid"], None)
        step = self.steps.tried.get(facts["jobid"])
        subject = "" if step is None else step.subject
        logs = [str(path) for path in facts.get("log") or []]
        said = reason(Path(logs[0])) if logs else KILLED
        if said == KILLED:
            said = _as_the_cluster_says(str(facts.get("rule_msg") or ""))
        where = f" (log: {logs[0]})" if logs else ""
        self._say(f"FAILED: {facts['rule_name']} {subject}{where}\n" + "\n".join(f"  {x}" for x in said.splitlines()))

    def _tell(self, text: str, seconds: float) -> None:
        """Report a finished step: in a log by a line of its own, unless lines come too fast."""
        now, steps = self._clock(), self.steps
        if self._is_terminal:
            self._renew()
        elif steps.total < _MANY_STEPS or now - self._last_line_at >= _SECONDS_BETWEEN_LINES:
            self._last_line_at = now
            self._stream.write(f"{steps.done} of {steps.total} done{self._left(now)}: {text} ({seconds:.1f} s)\n")
            self._stream.flush()

    def _left(self, now: float) -> str:
        left = self.steps.left_s(now)
        return "" if left is None else f", about {duration(left)} left"

    def _renew(self) -> None:
        """Draw the terminal's line anew."""
        if not self._is_terminal or not self.steps.total:
            return
        steps = self.steps
        filled = _BAR * steps.done // max(steps.total, 1)
        bar = "█" * filled + "░" * (_BAR - filled)
        at_work = ", ".join(step.text for step in steps.running.values())
        line = f"{bar} {steps.done} of {steps.total}{self._left(self._clock())}  {at_work}"
        self._stream.write("\r\033[K" + line[: shutil.get_terminal_size().columns - 1])
        self._stream.flush()

    def _say(self, text: str) -> None:
        """Write lines that stay."""
        self._stream.write(("\r\033[K" if self._is_terminal else "") + text + "\n")
        self._stream.flush()
        self._renew()

    def clear(self) -> None:
        """Take the terminal's line away, for what is said at the end."""
        if self._is_terminal:
            self._stream.write("\r\033[K")
            self._stream.flush()


def follow(logger: logging.Logger, reporter: Reporter, total: int) -> None:
    """Let ``reporter`` tell what ``logger`` hears of a run of ``total`` steps that begins now.

    Of Snakemake's own words only what matters is shown any more.
    """
    for handler in logger.handlers:
        if handler.name == "DefaultStreamHandler":
            handler.addFilter(_matters)
    reporter.begin(total)
    logger.addHandler(reporter)


class _Hint(logging.Handler):
    def __init__(self, stream: TextIO) -> None:
        super().__init__(logging.ERROR)
        self._stream = stream

    def emit(self, record: logging.LogRecord) -> None:
        said = record.getMessage()
        self._stream.writelines(f"{hint}\n" for words, hint in _HINTS.items() if words in said)


def explain_refusals(logger: logging.Logger, stream: TextIO) -> None:
    """Say on ``stream`` what to do when Snakemake refuses: a folder that another run has locked, an unknown target."""
    logger.addHandler(_Hint(stream))


# What the reporter has said already, or says better.
_SAID = (
    *("Exiting because a job execution failed", "Cannot restore", "At least one job did not complete"),
    *("No SLURM account given", "No account was given", "Unable to guess SLURM account"),
    "Array job submission does not allow",
)


def _matters(record: logging.LogRecord) -> bool:
    """Return whether Snakemake's own words belong on the screen."""
    facts, text = record.__dict__, str(record.msg)
    if facts.get("event") not in (None, "error") or facts.get("exception") == "RuleException":
        return False
    if record.levelno < logging.WARNING:
        return "Nothing to be done" in text  # an answer, not chatter
    return not any(said in text for said in _SAID)
