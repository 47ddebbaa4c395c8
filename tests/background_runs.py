"""Snakemake at work in the background."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

from small_projects import own_environment


class Run:
    """A run in a project: wait for its end, or kill it. It ends with us, its jobs too, even if we are killed first."""

    def __init__(self, project: Path, *options: str, environment: dict[str, str] | None = None) -> None:
        self._log = project.parent / f"run{len(list(project.parent.glob('run*.txt')))}.txt"
        command = [sys.executable, "-m", "snakemake", *options]
        streams = {"stdin": subprocess.DEVNULL, "stderr": subprocess.STDOUT, "start_new_session": True}
        with self._log.open("wb") as stream:
            self.process = subprocess.Popen(
                command, cwd=project, env=environment or own_environment(), stdout=stream, **streams
            )
        # The system closes our end of its pipe when we end, however we do: then it kills the run and all of its jobs.
        watch = ["sh", "-c", f"read _; kill -9 -{self.process.pid}"]
        self._guard = subprocess.Popen(watch, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)

    @property
    def said(self) -> str:
        return self._log.read_text()

    def finish(self, seconds: float = 900.0) -> str:
        """Wait for the end, demand success, return what was said."""
        assert self.process.wait(seconds) == 0, self.said
        return self.said

    def abandon(self) -> None:
        """Kill the run with all of its processes, those included that have outlived it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, 9)
        self.process.wait()
        self._guard.kill()
        self._guard.communicate()
