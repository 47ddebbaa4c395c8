"""A real Slurm of two nodes on this machine, private to a test session: own folder, own ports, no service, no munge."""

import contextlib
import getpass
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

TEMPLATE = Path(__file__).with_name("slurm.conf.in")
COMMANDS = ("srun", "sbatch", "squeue", "scancel", "scontrol", "sinfo")
NODES = ("n1", "n2")
START_S, STOP_S = 30.0, 10.0
# What a cluster of two idle nodes on this machine needs other than one with users; all else is as in profiles/slurm.
HERE = ("--slurm-status-command", "squeue", "--slurm-init-seconds-before-status-checks", "1", "--latency-wait", "10")


def missing() -> list[str]:
    """Programs of Slurm that are not installed."""
    return [program for program in ("slurmctld", "slurmd", *COMMANDS) if shutil.which(program) is None]


def wait_until(what: str, holds: Callable[[], object], seconds: float, step: float = 0.1) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"waited {seconds:g} s in vain until {what}"
        time.sleep(step)


def free_ports(count: int) -> int:
    """Return the first of ``count`` ports in a row, below those that the system hands out."""
    for first in range(21000 + os.getpid() % 1000 * 10, 32000, 10):
        held = []
        try:
            for port in range(first, first + count):
                held.append(socket.socket())
                held[-1].bind(("127.0.0.1", port))
        except OSError:
            continue
        else:
            return first
        finally:
            for one in held:
                one.close()
    raise AssertionError("no free ports")


class Slurm:
    """The cluster: start it, run commands in it, lose a node, stop it. Every process is a child of ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("state", "run", "log", "bin", "spool/n1", "spool/n2"):
            (folder / name).mkdir(parents=True)
        host, port = socket.gethostname().split(".")[0], free_ports(3)
        ports = {"port": port, "port_1": port + 1, "port_2": port + 2}
        settings = TEMPLATE.read_text().format(host=host, folder=folder, user=getpass.getuser(), **ports)
        (folder / "slurm.conf").write_text(settings)
        # The executor takes SLURM_CONF out of a job's environment before its inner srun; these put it back.
        for command in COMMANDS:
            shim = folder / "bin" / command
            shim.write_text(f'#!/bin/sh\nSLURM_CONF={folder}/slurm.conf exec {shutil.which(command)} "$@"\n')
            shim.chmod(0o755)
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith(("SLURM", "SNAKEMAKE", "XPS_"))
        }
        self.environment["PATH"] = f"{folder}/bin:{os.environ['PATH']}"
        self.processes: dict[str, subprocess.Popen[bytes]] = {}

    def start(self) -> None:
        self._spawn("slurmctld", "slurmctld", "-D", "-c")
        for node in NODES:
            self.start_node(node)
        wait_until("both nodes are idle", lambda: self.ask("sinfo", "-h", "-t", "idle", "-o", "%D") == "2", START_S)

    def start_node(self, node: str) -> None:
        self._spawn(node, "slurmd", "-D", "-N", node)

    def _spawn(self, name: str, *command: str) -> None:
        log = (self.folder / "log" / f"{name}.out").open("ab")
        options = {"stdout": log, "stderr": subprocess.STDOUT, "env": self.environment, "start_new_session": True}
        # It ends with us even if we are killed before we can stop it.
        words = ["setpriv", "--pdeathsig", "KILL", *command, "-f", str(self.folder / "slurm.conf")]
        self.processes[name] = subprocess.Popen(words, **options)
        log.close()

    def ask(self, command: str, *options: str) -> str:
        """Return what one of Slurm's commands says."""
        words = [str(self.folder / "bin" / command), *options]
        done = subprocess.run(words, env=self.environment, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    def jobs(self, *states: str) -> list[str]:
        """Return the ids of jobs in ``states`` (pending and running ones without any)."""
        return self.ask("squeue", "-h", "-r", "-o", "%A", "-t", ",".join(states or ("PD", "R", "CG"))).split()

    def lose(self, node: str) -> None:
        """Let a node die with all that runs on it, as when its power fails."""
        steps = self._steps(self.ask("squeue", "-h", "-r", "-w", node, "-o", "%A").split())
        self.processes[node].kill()
        self.processes.pop(node).wait()
        for pid in steps:
            for process in [*descendants(pid), pid]:
                kill(process)

    def _steps(self, jobs: list[str]) -> list[int]:
        """Return the process ids of the steps of ``jobs``: such a process calls itself by its job."""
        names = tuple(f"slurmstepd: [{job}.".encode() for job in jobs)
        return [pid for pid in self.alive() if content(pid, "cmdline").startswith(names)]

    def alive(self) -> list[int]:
        """Return all processes of this cluster and its jobs, whoever their parents are.

        They have its folder in their environment or, where a step has written its name over that, open its files.
        """
        own = str(self.folder)
        mark = f"{own}/bin:".encode()
        return [
            pid
            for pid in (int(path.name) for path in Path("/proc").glob("[0-9]*"))
            if pid != os.getpid()
            and (mark in content(pid, "environ") or any(name.startswith(own) for name in opened(pid)))
        ]

    def stop(self) -> None:
        """Cancel all jobs and end every process that was started here; what a job or a step left running, too."""
        if jobs := self.jobs():
            self.ask("scancel", "--full", *jobs)
            end = time.monotonic() + STOP_S
            while self.jobs() and time.monotonic() < end:
                time.sleep(0.2)
        for process in reversed(self.processes.values()):
            process.terminate()
        for process in self.processes.values():
            try:
                process.wait(STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self.processes.clear()
        # A step outlives its slurmd, and a job its step, where either was killed.
        for pid in self.alive():
            kill(pid)
        wait_until("nothing of the cluster runs", lambda: not self.alive(), STOP_S)


def content(pid: int, name: str) -> bytes:
    """Return what the system tells in a process's file ``name``; nothing of one that has ended or only waits to."""
    try:
        return Path(f"/proc/{pid}/{name}").read_bytes()
    except OSError:
        return b""


def opened(pid: int) -> list[str]:
    """Return the files that a process holds open."""
    found = []
    with contextlib.suppress(OSError):
        for path in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                found.append(str(path.readlink()))
    return found


def descendants(pid: int) -> list[int]:
    """Return the processes below ``pid``, the youngest first."""
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            words = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents.setdefault(int(words[1]), []).append(int(path.parent.name))
    found, waiting = [], [pid]
    while waiting:
        waiting += (below := parents.get(waiting.pop(), []))
        found += below
    return found[::-1]


def kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
