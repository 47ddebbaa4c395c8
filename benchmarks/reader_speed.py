"""How fast is the PHI reader, and how much memory does it take, next to np.fromfile of the same bytes?

    .venv/bin/python benchmarks/reader_speed.py [OTHERS]

on one core, all in one run, best of many repeats: a small .spe, a .pro, and the same .pro stretched to a hundred times
its cycles (through the writer). With the folder of environments that compare_readers.py makes, pynxtools-xps reads the
same files. Without ../shared/data invented files of the same shapes are used.
"""

import os
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from compare_readers import ask, made, real_files, region

from xps import versaprobe
from xps.spectra import Measurement

STRETCH = 100
FOREIGN = "pynxtools-xps"
COLUMNS = (
    "file",
    "kB",
    "np.fromfile ms",
    "read ms",
    "load + read ms",
    "read / np.fromfile",
    "load + read / np.fromfile",
    "warnings ms",
    "counts ms",
    "peak memory / file",
    f"{FOREIGN} ms",
)


def best_ms(call: Callable[[], object], least_s: float = 0.5) -> float:
    """Return the fastest call in milliseconds, of as many as fit into ``least_s``, at least five."""
    times: list[float] = []
    while sum(times) < least_s or len(times) < 5:
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return 1e3 * min(times)


def peak(call: Callable[[], object]) -> int:
    """Return the bytes allocated at the worst moment of ``call``, those of arrays included."""
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def measurements() -> dict[str, Measurement]:
    """Return the three measurements by the name of their file."""
    real = real_files()
    if "SnO2_10nm_1.pro" in real:
        small, series = (
            versaprobe.read(real[name].read_bytes(), name) for name in ("SnO2_10nm.spe", "SnO2_10nm_1.pro")
        )
    else:
        small = made([region(1, "Su1s", 1, 1751, "f4")])
        regions = [region(k, f"R{k}", 21, 1751 if k == 1 else 101, "f4") for k in range(1, 5)]
        series = made(regions, file_type="depth_profile", sputter_time_s=np.arange(21) * 30.0)
    return {"small.spe": small, "series.pro": series, "stretched.pro": stretched(series)}


def stretched(series: Measurement) -> Measurement:
    """Return ``series`` with its cycles repeated and its sputter times continued."""
    cycles = series.cycles * STRETCH
    regions = tuple(
        replace(region, intensity_cps=np.tile(region.intensity_cps, (STRETCH, 1))) for region in series.regions
    )
    header = tuple((key, str(cycles) if key == "NoDPDataCyc" else value) for key, value in series.header)
    return replace(series, header=header, regions=regions, sputter_time_s=np.arange(cycles) * 30.0)


def row(path: Path, others: Path | None) -> list[str]:
    """Return one row of the table."""
    data = path.read_bytes()
    plain = best_ms(lambda: np.fromfile(path, dtype=np.float32))
    read = best_ms(lambda: versaprobe.read(data, path.name))
    with_loading = best_ms(lambda: versaprobe.read(path.read_bytes(), path.name))
    measurement = versaprobe.read(data, path.name)
    remarks = best_ms(lambda: [replace(region).remarks for region in measurement.regions])
    counts = best_ms(lambda: [replace(region).counts for region in measurement.regions])
    memory = peak(lambda: versaprobe.read(path.read_bytes(), path.name)) / len(data)
    foreign = "" if others is None else f"{1e3 * ask(others, FOREIGN, [path], '--time', '3')[0]['seconds']:.0f}"
    times = [f"{ms:.3f}" for ms in (plain, read, with_loading)]
    ratios = [f"{read / plain:.1f}", f"{with_loading / plain:.1f}"]
    rest = [f"{number:.2f}" for number in (remarks, counts, memory)]
    return [path.name, f"{len(data) / 1e3:.0f}", *times, *ratios, *rest, foreign]


def main() -> None:
    """Print the table."""
    others = Path(sys.argv[1]) if len(sys.argv) > 1 else None
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    write_row(COLUMNS)
    write_row(["---"] * len(COLUMNS))
    with tempfile.TemporaryDirectory() as folder:
        for name, measurement in measurements().items():
            path = Path(folder) / name
            path.write_bytes(versaprobe.write(measurement))
            write_row(row(path, others))


def write_row(cells: Sequence[str]) -> None:
    """Print one row of a Markdown table."""
    sys.stdout.write(f"| {' | '.join(cells)} |\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
