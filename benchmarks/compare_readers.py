"""Do other public readers find in PHI files what this project's reader finds, and in written ones what was written?

    .venv/bin/python benchmarks/compare_readers.py ../other-readers

makes an environment per reader in the folder named (once, from the package index that pip is set up for), lets each
read the real files of ../shared/data and files that ``versaprobe.write`` made, and prints a table. Written files are
compared with the measurement that went into them, not with what was read back.
"""

import json
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "scripts"))

from xps import versaprobe  # noqa: E402  (after the path is set)
from xps.spectra import Measurement, Region, unique_names  # noqa: E402

PACKAGES = {
    "pynxtools-xps": "pynxtools-xps==0.6.3",
    "spe-xps-reader": "spe-xps-reader==1.0.0",
    "xps-export": "xps-export==1.0.9",
}
ADAPTER = Path(__file__).with_name("foreign_readers.py")


def environment(folder: Path, reader: str) -> Path:
    """Return the Python that has ``reader``, installed first where it is missing."""
    home = folder / reader
    python = home / "bin" / "python"
    if not python.exists():
        venv.create(home, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", PACKAGES[reader]], check=True)  # noqa: S603
    return python


def ask(folder: Path, reader: str, files: Sequence[Path], *options: str) -> list[dict[str, Any]]:
    """Return the answers of ``reader`` to ``files``."""
    command = [environment(folder, reader), ADAPTER, reader, *options, *files]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers


def real_files() -> dict[str, Path]:
    """Return the real files beside the project, by name."""
    found = (PROJECT.parent / "shared" / "data").rglob("*")
    return {path.name: path for path in sorted(found) if path.suffix.lower() in (".spe", ".pro")}


def region(
    number: int, name: str, cycles: int, channels: int, dtype: str, lowest: int = 100, highest: int = 10_000
) -> Region:
    """Return an invented region of whole counts in 0.5 s per channel."""
    counts = np.random.default_rng(number).integers(lowest, highest, (cycles, channels))
    return Region(
        number=number,
        name=name,
        raw_name=name,
        atomic_number=6,
        energy_scale="binding",
        start_ev=300.0,
        step_ev=-0.1,
        channels=channels,
        time_per_channel_s=0.5,
        sweeps=5,
        pass_energy_ev=55.0,
        intensity_cps=(counts / 0.5).astype(dtype),
    )


def made(regions: Sequence[Region], **changes: Any) -> Measurement:
    """Return an invented measurement whose header is left to the writer."""
    names = unique_names([region.raw_name for region in regions])
    named = tuple(replace(region, name=name) for region, name in zip(regions, names, strict=True))
    facts: dict[str, Any] = {"photon_energy_ev": 1486.6, "transmission_a": 40.0, "transmission_b": 0.2}
    facts |= {"name": "made", "file_type": "spectrum", "technique": "XPS", "header": (), **changes}
    return Measurement(regions=named, **facts)


def written() -> dict[str, Measurement]:
    """Return what is to be written: real measurements with their own headers, and invented ones without."""
    c, o = (1, "C1s", 1, 201), (2, "O1s", 1, 301)
    profile = [region(1, "C1s", 5, 201, "f4"), region(2, "O1s", 5, 301, "f4")]
    series = {"file_type": "depth_profile", "sputter_time_s": np.arange(5) * 60.0}
    return {
        **{name: versaprobe.read(path.read_bytes(), name) for name, path in real_files().items()},
        "made.spe": made([region(*c, "f4"), region(*o, "f4")]),
        "made.pro": made(profile, **series),
        "float64.spe": made([region(*c, "f8"), region(*o, "f8")]),
        "end_between_steps.spe": made([region(*c, "f4"), region(*o, "f4")]),
        "mixed_types.spe": made([region(*c, "f4"), region(*o, "f8")]),
        "same_name.spe": made([region(*c, "f4"), region(2, "C1s", 1, 301, "f4")]),
        "blank_in_name.spe": made([region(1, "Cu LMM", 1, 201, "f4"), region(*o, "f4")]),
        "numbers_2_1.spe": made([region(2, "C1s", 1, 201, "f4"), region(1, "O1s", 1, 301, "f4")]),
        "dark.spe": made([region(*c, "f4", lowest=0, highest=3), region(*o, "f4")]),
    }


def verdict(answer: Mapping[str, Any], expected: Measurement) -> str:
    """Return how the reader's numbers differ from those expected, in a few words."""
    if "error" in answer:
        return str(answer["error"])
    found = answer["regions"]
    if len(found) != len(expected.regions):
        return f"{len(found)} of {len(expected.regions)} regions"
    faults = {fault for one, region in zip(found, expected.regions, strict=True) for fault in faults_of(one, region)}
    return "; ".join(sorted(faults)) or "the same"


def faults_of(found: Sequence[Any], region: Region) -> list[str]:
    """Return what differs in one region: cycles, channels, intensities (exactly), energies (by a tenth of a step)."""
    _, energies, cycles = found
    if {len(cycle) for cycle in cycles} != {region.channels}:
        return ["another number of channels"]
    faults = [f"{len(cycles)} of {region.cycles} cycles"] if len(cycles) != region.cycles else []
    if not np.array_equal(np.asarray(cycles), region.intensity_cps[: len(cycles)].astype(np.float64)):
        faults.append("other intensities")
    if len(energies) != region.channels:
        faults.append(f"{len(energies)} energies for {region.channels} channels")
    elif (error := float(np.abs(np.asarray(energies) - region.energy_ev).max())) > 0.1 * abs(region.step_ev):
        faults.append(f"energies off by up to {error:.2g} eV")
    return faults


def table(folder: Path, title: str, files: Mapping[str, Path], expected: Mapping[str, Measurement]) -> list[str]:
    """Return a Markdown table of all verdicts on ``files``."""
    answers = {reader: ask(folder, reader, list(files.values())) for reader in PACKAGES}
    lines = [f"| {title} | {' | '.join(PACKAGES.values())} |", "|---" * (len(PACKAGES) + 1) + "|"]
    for i, name in enumerate(files):
        verdicts = [verdict(answers[reader][i], expected[name]) for reader in PACKAGES]
        lines.append(f"| {name} | {' | '.join(text.replace('|', '/') for text in verdicts)} |")
    return lines


def main() -> None:
    """Print both tables."""
    folder = Path(sys.argv[1])
    expected = written()
    with tempfile.TemporaryDirectory() as scratch:
        files = {name: Path(scratch) / name for name in expected}
        for name, path in files.items():
            path.write_bytes(versaprobe.write(expected[name]))
        between = files["end_between_steps.spe"]  # as in real surveys from 1100 to -3 eV in steps of 0.8 eV
        between.write_bytes(between.read_bytes().replace(b" 280.0000 ", b" 279.9500 "))
        lines = [*table(folder, "real file", real_files(), expected), "", *table(folder, "written", files, expected)]
    sys.stdout.write("\n".join([*lines, ""]))


if __name__ == "__main__":
    main()
