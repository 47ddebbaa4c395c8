"""Cost of an analysis against the length of its series: python benchmarks/scale.py [CYCLES...] (default: 100 1000).

Simulates an operando series of so many cycles, analyses it by Snakemake in a folder of its own (two models, Al 2p and
C 1s), and prints a Markdown table per series: CPU time per spectrum and peak memory of each stage, from Snakemake's own
benchmark files, and the time of a dry run of the finished project. A spectrum here is one cycle with all its regions.
"""

import argparse
import csv
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[1]
PARTS = ("Snakefile", "rules", "scripts", "config", "profiles", "environment.yml", "requirements.lock")
MODELS = ["lagp_al2p", "adventitious_c1s"]
TARGET = "results/operando/fits.parquet"
SIMULATION = "config/simulation/operando.yaml"


def project(folder: Path, cycles: int, block_size: int) -> None:
    """Copy the project into ``folder`` with a simulated series of ``cycles``."""
    for part in PARTS:
        copy = shutil.copytree if (PROJECT / part).is_dir() else shutil.copy2
        copy(PROJECT / part, folder / part)
    simulate = [sys.executable, "scripts/simulate_experiment.py", SIMULATION, "--cycles", str(cycles), "--raw", "raw"]
    subprocess.run(simulate, cwd=folder, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    settings = yaml.safe_load((folder / "config/experiments/lagp_vep.yaml").read_text())
    kept = ("description", "data_origin", "regions", "energy_reference", "axis", "areas_cm2")
    settings = {key: settings[key] for key in kept} | {"models": MODELS}
    settings["source"] = {"folder": "operando", "files": ["*.pro"], "log": "acquisitions.csv"}
    (folder / "config/experiments/operando.yaml").write_text(yaml.safe_dump(settings))
    top = {"raw": "raw", "results": "results", "experiments": ["operando"], "figures": []}
    top["run"] = {"block_size": block_size, "threads": 1}
    (folder / "config/config.yaml").write_text(yaml.safe_dump(top))


def timed(folder: Path, *options: str) -> float:
    """Run Snakemake in ``folder`` and return how long it took (s)."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-m", "snakemake", *options], cwd=folder, check=True)  # noqa: S603
    return time.monotonic() - began


def stages(folder: Path) -> Iterator[tuple[str, float, float, int]]:
    """Yield each stage's CPU time (s), largest peak memory (MB) and number of jobs."""
    for rule in sorted((folder / "results/benchmarks").iterdir()):
        rows = [row for path in rule.glob("*.tsv") for row in csv.DictReader(path.open(), delimiter="\t")]
        yield rule.name, sum(float(r["cpu_time"]) for r in rows), max(float(r["max_rss"]) for r in rows), len(rows)


def main() -> None:
    """Measure every length that the command line asks for."""
    parser = argparse.ArgumentParser(description="Measure the cost of long series.")
    parser.add_argument("cycles", nargs="*", type=int, default=[100, 1000])
    parser.add_argument("--block-size", type=int, default=1000)
    parser.add_argument("--cores", default="2")
    given = parser.parse_args()
    for cycles in given.cycles:
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            project(folder, cycles, given.block_size)
            wall, again = timed(folder, "--cores", given.cores, TARGET), timed(folder, "--dry-run", TARGET)
            print(f"\n{cycles} cycles: {wall:.0f} s wall on {given.cores} cores, dry run {again:.1f} s\n")
            print("| stage | jobs | CPU, s | CPU per cycle, ms | peak memory, MB |\n|---|---|---|---|---|")
            for rule, cpu, memory, jobs in stages(folder):
                print(f"| {rule} | {jobs} | {cpu:.1f} | {1000 * cpu / cycles:.2f} | {memory:.0f} |")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
