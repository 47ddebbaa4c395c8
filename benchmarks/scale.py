"""Cost of an analysis against the length of its series: python benchmarks/scale.py [CYCLES...] (default: 17 167 1670).

Simulates an operando series of so many cycles of six regions (a spectrum is one region of one cycle), analyses it by
Snakemake in a folder of its own (two models, Al 2p and C 1s), and prints a Markdown table per series: CPU time per
spectrum and peak memory of each stage, as the jobs themselves recorded them, and the time of a dry run of the finished
project. The numbers are kept in benchmarks/scale.csv (a length measured again replaces its rows); docs/scale.svg shows
them all, and is drawn alone where no length is given: python benchmarks/scale.py --plot.

CPU time depends on what else a machine does (up to three times as much where its cores are shared). So a probe, always
the same small piece of work, is timed every second beside the jobs: what a length costs is given in units of it, as
milliseconds of a machine on which the probe takes as long as in the quietest of all kept runs.

A long run may be given its time in portions: with --folder the project is kept there, and the same command goes on with
it; --minutes ends a portion. Wall times of portions add up, and the probe's times are those of all portions.
"""

import argparse
import csv
import json
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import yaml

PROJECT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "rules", "scripts", "config", "profiles", "environment.yml", "requirements.lock", "CITATION.cff")
MODELS = ["lagp_al2p", "adventitious_c1s"]
TARGETS = tuple(f"results/operando/{table}.parquet" for table in ("fits", "energy_checks", "composition", "kinetics"))
REGIONS = 6
KEPT, PICTURE = PROJECT / "benchmarks/scale.csv", PROJECT / "docs/scale.svg"
COLUMNS = (
    *("spectra", "stage", "jobs", "wall_s", "cpu_s", "start_cpu_s", "peak_memory_mb"),
    *("run_wall_s", "dry_run_s", "probe_ms"),
)
Row = dict[str, str]
SIMULATION = "config/simulation/operando.yaml"
SIMULATED = "simulate_experiment"


class Probe(threading.Thread):
    """Times the same small piece of work every second: what the machine's load makes of a millisecond of CPU.

    Its times go into a file, after those of earlier portions of the same run.
    """

    def __init__(self, kept: Path) -> None:
        super().__init__(daemon=True)
        self._over, self._kept = threading.Event(), kept

    def run(self) -> None:
        """Time it until it is over."""
        numbers = np.linspace(-1.0, 1.0, 50_000) + 0.5j
        while not self._over.wait(1.0):
            began = time.thread_time()
            for _ in range(4):
                np.exp(-numbers * numbers)
            sum(range(200_000))
            note(self._kept, time.thread_time() - began)

    def mean_ms(self) -> float:
        """End it and return the mean."""
        self._over.set()
        self.join()
        times = noted(self._kept)
        return 1000.0 * sum(times) / max(len(times), 1)


def note(path: Path, seconds: float) -> None:
    """Add a time to a file of them."""
    with path.open("a") as stream:
        stream.write(f"{seconds:.6f}\n")


def noted(path: Path) -> list[float]:
    """Return the times in a file (s)."""
    return [float(line) for line in path.read_text().split()] if path.exists() else []


def simulated(folder: Path, cycles: int) -> Row:
    """Write a series of ``cycles`` below ``folder`` and return what that cost."""
    words = [
        sys.executable,
        "scripts/simulate_experiment.py",
        SIMULATION,
        "--cycles",
        str(cycles),
        "--raw",
        str(folder),
    ]
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(words, cwd=PROJECT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    memory = after.ru_maxrss / 1024.0
    return {"stage": SIMULATED, "jobs": "1"} | said_of(wall, cpu, 0.0, memory)


def said_of(wall_s: float, cpu_s: float, start_cpu_s: float, peak_memory_mb: float) -> Row:
    """Return one stage's numbers as they are kept."""
    times = {"wall_s": f"{wall_s:.1f}", "cpu_s": f"{cpu_s:.2f}", "start_cpu_s": f"{start_cpu_s:.2f}"}
    return times | {"peak_memory_mb": f"{peak_memory_mb:.0f}"}


def project(folder: Path, raw: Path, block_size: int, threads: int) -> None:
    """Copy the project into ``folder`` with the series below ``raw``."""
    for part in PARTS:
        copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copy2
        copy(PROJECT / part, folder / part)
    (folder / "raw").symlink_to(raw)
    settings = yaml.safe_load((folder / "config/experiments/lagp_vep.yaml").read_text())
    kept = ("description", "data_origin", "regions", "energy_reference", "axis", "areas_cm2")
    settings = {key: settings[key] for key in kept} | {"models": MODELS}
    settings["source"] = {"folder": "operando", "files": ["*.pro"], "log": "acquisitions.csv"}
    (folder / "config/experiments/operando.yaml").write_text(yaml.safe_dump(settings))
    top = {"raw": "raw", "results": "results", "experiments": ["operando"], "figures": []}
    top["run"] = {"block_size": block_size, "threads": threads}
    (folder / "config/config.yaml").write_text(yaml.safe_dump(top))


def timed(folder: Path, minutes: float | None, walls: Path, *options: str) -> None:
    """Run Snakemake in ``folder``, ``minutes`` long at the most, and note how long it took in ``walls``."""
    began = time.monotonic()
    running = subprocess.Popen([sys.executable, "-m", "snakemake", *options], cwd=folder)  # noqa: S603
    over = False
    try:
        running.wait(None if minutes is None else 60.0 * minutes)
    except subprocess.TimeoutExpired:
        over = True
        running.send_signal(signal.SIGTERM)  # jobs at work are finished
        running.wait()
    note(walls, time.monotonic() - began)
    if over:
        sys.exit("this portion is over: the same command goes on")
    if running.returncode:
        sys.exit(running.returncode)


def stages(folder: Path) -> Iterator[Row]:
    """Yield each stage's number of jobs, wall time, CPU time of all jobs and of their starts, largest peak memory."""
    entries = [json.loads(path.read_bytes()) for path in folder.glob("results/runs/*/jobs/*.json")]
    entries = [entry for entry in entries if entry["status"] == "ok"]
    for rule in sorted({entry["rule"] for entry in entries}):
        own = [entry for entry in entries if entry["rule"] == rule]
        used = [entry["used"] for entry in own]
        memory = max(max(one["peak_memory_mb"], one["worker_peak_memory_mb"]) for one in used)
        cpu, start = (sum(one[name] for one in used) for name in ("cpu_s", "start_cpu_s"))
        yield {"stage": rule, "jobs": str(len(own))} | said_of(_wall_s(own), cpu, start, memory)


def _wall_s(entries: list[dict[str, Any]]) -> float:
    """Return the time from the first start to the last end of jobs."""
    starts, ends = ([datetime.fromisoformat(entry[name]) for entry in entries] for name in ("started_at", "ended_at"))
    return (max(ends) - min(starts)).total_seconds()


def measured(cycles: int, folder: Path, given: argparse.Namespace) -> list[Row]:
    """Analyse a series of ``cycles`` below ``folder`` and return a row per stage."""
    project_folder, raw = folder / "project", given.raw or folder / "raw"
    walls, dry = (folder / f"{name}_s.txt" for name in ("wall", "dry_run"))
    rows = [] if raw.exists() else [simulated(raw, cycles)]
    if not project_folder.exists():
        project_folder.mkdir(parents=True)
        project(project_folder, raw.resolve(), given.block_size, given.threads)
    probe = Probe(folder / "probe_s.txt")
    probe.start()
    timed(project_folder, given.minutes, walls, "--cores", given.cores, *TARGETS)
    common = {"spectra": str(REGIONS * cycles), "run_wall_s": f"{sum(noted(walls)):.1f}"}
    common["probe_ms"] = f"{probe.mean_ms():.2f}"
    timed(project_folder, None, dry, "--dry-run", *TARGETS)
    common["dry_run_s"] = f"{noted(dry)[-1]:.1f}"
    return [row | common for row in [*rows, *stages(project_folder)]]


def said(rows: list[Row]) -> str:
    """Return one series' rows as a Markdown table; CPU time per spectrum without the jobs' starts."""
    first, spectra = rows[0], int(rows[0]["spectra"])
    times = f"{first['run_wall_s']} s wall, dry run {first['dry_run_s']} s, probe {first['probe_ms']} ms"
    lines = [
        f"\n{spectra} spectra: {times}\n",
        "| stage | jobs | wall, s | CPU, s | starts, s | work per spectrum, ms | peak memory, MB |",
    ]
    lines.append("|" + "---|" * 7)
    quiet = quiet_ms(kept())
    for row in rows:
        cells = (
            row["stage"],
            row["jobs"],
            row["wall_s"],
            row["cpu_s"],
            row["start_cpu_s"],
            f"{work_ms(row, quiet):.2f}",
        )
        lines.append(f"| {' | '.join(cells)} | {row['peak_memory_mb']} |")
    analysed = [row for row in rows if row["stage"] != SIMULATED]
    each, with_starts = sum(work_ms(row, quiet) for row in analysed), sum(whole_ms(row, quiet) for row in analysed)
    lines.append(f"\nAll stages: {each:.2f} ms of CPU per spectrum, {with_starts:.2f} with the starts of jobs")
    return "\n".join(lines)


def quiet_ms(rows: list[Row]) -> float:
    """Return how long the probe takes in the quietest of all kept runs that it accompanied to their end (ms)."""
    return min(float(row["probe_ms"]) for row in rows if row["probe_ms"])


def work_ms(row: Row, quiet: float) -> float:
    """Return a stage's CPU time per spectrum (ms), starts taken off, as on the machine when it is quietest."""
    return whole_ms(row, quiet) * (1.0 - float(row["start_cpu_s"]) / float(row["cpu_s"]))


def whole_ms(row: Row, quiet: float) -> float:
    """Return a stage's CPU time per spectrum (ms), starts of jobs included, as on the machine when it is quietest."""
    return 1000 * float(row["cpu_s"]) / int(row["spectra"]) * quiet / float(row["probe_ms"] or quiet)


def stage_of(row: Row) -> str:
    """Return the stage that a job belongs to: blocks and what puts them together are one."""
    return {"calibrate_block": "calibrate_energy", "fit_series": "fit_components", "fit_block": "fit_components"}.get(
        row["stage"], row["stage"]
    )


def kept() -> list[Row]:
    """Return the rows of all lengths."""
    return list(csv.DictReader(KEPT.open())) if KEPT.exists() else []


def keep(rows: list[Row]) -> None:
    """Put rows in the place of those of the same length."""
    held = [row for row in kept() if row["spectra"] != rows[0]["spectra"]] + rows
    with KEPT.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(held, key=lambda row: (int(row["spectra"]), row["stage"])))


def draw() -> None:
    """Draw CPU time per spectrum, starts taken off, and peak memory of each stage against the number of spectra."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.rcParams.update({"svg.hashsalt": "scale", "font.size": 8, "svg.fonttype": "none"})
    rows = kept()
    lengths = sorted({int(row["spectra"]) for row in rows})
    figure, (cost, memory) = plt.subplots(1, 2, figsize=(7.2, 3.4), layout="constrained")
    for stage, marker in zip(dict.fromkeys(map(stage_of, rows)), "osD^v<>pX", strict=False):
        own = [[row for row in rows if stage_of(row) == stage and int(row["spectra"]) == length] for length in lengths]
        shown = [(length, some) for length, some in zip(lengths, own, strict=True) if some]
        spectra = [length for length, _ in shown]
        each = [sum(work_ms(row, quiet_ms(rows)) for row in some) for _, some in shown]
        cost.plot(spectra, each, marker=marker, markersize=4, label=stage)
        largest = [max(float(row["peak_memory_mb"]) for row in some) for _, some in shown]
        memory.plot(spectra, largest, marker=marker, markersize=4)
    cost.set(xscale="log", yscale="log", xlabel="spectra", ylabel="CPU time per spectrum (ms)")
    memory.set(xscale="log", ylim=(0, None), xlabel="spectra", ylabel="peak memory (MB)")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(PICTURE, metadata={"Date": None})


def main() -> None:
    """Measure every length that the command line asks for."""
    parser = argparse.ArgumentParser(description="Measure the cost of long series.")
    parser.add_argument("cycles", nargs="*", type=int, default=[17, 167, 1670])
    parser.add_argument("--raw", type=Path, help="a raw root that holds the series already (of one length only)")
    parser.add_argument("--block-size", type=int, default=1000, help="acquisitions per block")
    parser.add_argument("--folder", type=Path, help="where the project is kept (of one length only)")
    parser.add_argument("--minutes", type=float, help="end after so many minutes; the same command goes on")
    parser.add_argument("--threads", type=int, default=1, help="processes of one job")
    parser.add_argument("--cores", default="2")
    parser.add_argument("--plot", action="store_true", help="only draw what was measured before")
    given = parser.parse_args()
    for cycles in [] if given.plot else given.cycles:
        with tempfile.TemporaryDirectory() as passing:
            rows = measured(cycles, given.folder or Path(passing), given)
        keep(rows)
        print(said(rows), flush=True)
    draw()


if __name__ == "__main__":
    main()
