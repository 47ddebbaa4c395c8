"""Cost of an analysis against the length of its series: python benchmarks/scale.py [CYCLES...] (default: 17 167 1667).

Simulates an operando series of so many cycles of six regions (a spectrum is one region of one cycle), analyses it by
Snakemake in a folder of its own (two models, Al 2p and C 1s), and prints a Markdown table per series: CPU time per
spectrum and peak memory of each stage, from Snakemake's own benchmark files, and the time of a dry run of the finished
project. The numbers are kept in benchmarks/scale.csv (a length measured again replaces its rows); docs/scale.svg shows
them all, and is drawn alone where no length is given: python benchmarks/scale.py --plot.
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
PARTS = ("Snakefile", "rules", "scripts", "config", "profiles", "environment.yml", "requirements.lock", "CITATION.cff")
MODELS = ["lagp_al2p", "adventitious_c1s"]
TARGET = "results/operando/fits.parquet"
REGIONS = 6
KEPT, PICTURE = PROJECT / "benchmarks/scale.csv", PROJECT / "docs/scale.svg"
COLUMNS = ("spectra", "stage", "jobs", "cpu_s", "peak_memory_mb", "wall_s", "dry_run_s")
Row = dict[str, str]
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


def measured(cycles: int, block_size: int, cores: str) -> list[Row]:
    """Analyse a series of ``cycles`` and return a row per stage."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder, cycles, block_size)
        wall, again = timed(folder, "--cores", cores, TARGET), timed(folder, "--dry-run", TARGET)
        common = {"spectra": f"{REGIONS * cycles}", "wall_s": f"{wall:.1f}", "dry_run_s": f"{again:.1f}"}
        return [
            common | {"stage": rule, "jobs": f"{jobs}", "cpu_s": f"{cpu:.2f}", "peak_memory_mb": f"{memory:.0f}"}
            for rule, cpu, memory, jobs in stages(folder)
        ]


def said(rows: list[Row]) -> str:
    """Return one series' rows as a Markdown table."""
    first, spectra = rows[0], int(rows[0]["spectra"])
    lines = [f"\n{spectra} spectra: {first['wall_s']} s wall, dry run {first['dry_run_s']} s\n"]
    lines += ["| stage | jobs | CPU, s | CPU per spectrum, ms | peak memory, MB |", "|---|---|---|---|---|"]
    for row in rows:
        each = 1000 * float(row["cpu_s"]) / spectra
        lines.append(f"| {row['stage']} | {row['jobs']} | {row['cpu_s']} | {each:.2f} | {row['peak_memory_mb']} |")
    return "\n".join(lines)


def keep(rows: list[Row]) -> None:
    """Put rows in the place of those of the same length."""
    held = list(csv.DictReader(KEPT.open())) if KEPT.exists() else []
    held = [row for row in held if row["spectra"] != rows[0]["spectra"]] + rows
    with KEPT.open("w", newline="") as stream:
        writer = csv.DictWriter(stream, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(sorted(held, key=lambda row: (int(row["spectra"]), row["stage"])))


def draw() -> None:
    """Draw CPU time per spectrum and peak memory of each stage against the number of spectra."""
    import matplotlib as mpl
    from matplotlib import pyplot as plt

    mpl.rcParams.update({"svg.hashsalt": "scale", "font.size": 8, "svg.fonttype": "none"})
    rows = list(csv.DictReader(KEPT.open()))
    figure, (cost, memory) = plt.subplots(1, 2, figsize=(7.2, 3.0), layout="constrained")
    for rule, marker in zip(sorted({row["stage"] for row in rows}), "osD^v<>p", strict=False):
        own = [row for row in rows if row["stage"] == rule]
        spectra = [int(row["spectra"]) for row in own]
        each = [1000 * float(row["cpu_s"]) / int(row["spectra"]) for row in own]
        cost.plot(spectra, each, marker=marker, markersize=4, label=rule)
        memory.plot(spectra, [float(row["peak_memory_mb"]) for row in own], marker=marker, markersize=4)
    cost.set(xscale="log", yscale="log", xlabel="spectra", ylabel="CPU time per spectrum (ms)")
    memory.set(xscale="log", ylim=(0, None), xlabel="spectra", ylabel="peak memory (MB)")
    figure.legend(loc="outside lower center", ncols=3, frameon=False)
    figure.savefig(PICTURE, metadata={"Date": None})


def main() -> None:
    """Measure every length that the command line asks for."""
    parser = argparse.ArgumentParser(description="Measure the cost of long series.")
    parser.add_argument("cycles", nargs="*", type=int, default=[17, 167, 1667])
    parser.add_argument("--block-size", type=int, default=1000)
    parser.add_argument("--cores", default="2")
    parser.add_argument("--plot", action="store_true", help="only draw what was measured before")
    given = parser.parse_args()
    for cycles in [] if given.plot else given.cycles:
        rows = measured(cycles, given.block_size, given.cores)
        print(said(rows), flush=True)
        keep(rows)
    draw()


if __name__ == "__main__":
    main()
