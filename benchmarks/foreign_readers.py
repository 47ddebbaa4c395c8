"""Other public readers of PHI files, each called in its own way and answering in one.

Runs in the environment of the reader, which is not this project's (see compare_readers.py), and imports nothing of it:

    python foreign_readers.py READER [--time REPEATS] FILE...

prints a JSON list with one object per file: ``regions`` as [name, energies in eV, intensities by cycle], or ``error``.
With --time the numbers stay where they are and ``seconds`` is the fastest of the repeats.
"""

import argparse
import contextlib
import io
import json
import logging
import re
import sys
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path

Regions = list[tuple[str, list[float], list[list[float]]]]


def pynxtools_xps(path: Path) -> Regions:
    """FAIRmat's NeXus converter: its cycles are called scans."""
    from pynxtools_xps.parsers.phi.parser import PHIParser

    parser = PHIParser()
    parser.parse(path)
    found = []
    for name, spectrum in parser.data.items():
        data = spectrum.data
        found.append((name, data.coords["energy"].values.tolist(), data.values[0].tolist()))
    return found


def spe_xps_reader(path: Path) -> Regions:
    """The reader of KherveFitting: one spectrum per region, whatever the file holds."""
    from spe_xps_reader import extract_all_regions

    regions = extract_all_regions(str(path))["regions_data"]
    return [(region["name"], region["be_values"], [region["raw_intensities"]]) for region in regions]


def xps_export(path: Path) -> Regions:
    """A converter to XML and CSV: its CSV are read back."""
    from xps_export import xpsexport

    regions: dict[str, tuple[list[float], list[list[float]]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        xpsexport.parse_file_to_xml(str(path), f"{folder}/out", create_plot=False, create_csv=True)
        with zipfile.ZipFile(f"{folder}/out.zip") as archive:
            for entry in archive.infolist():
                match = re.fullmatch(r".*_data_(.*)_\d+\.csv", entry.filename)
                if match is None:
                    continue
                rows = [line.split("\t") for line in archive.read(entry).decode().splitlines()[1:]]
                energies = [float(row[0]) for row in rows]
                regions.setdefault(match.group(1), (energies, []))[1].append([float(row[1]) for row in rows])
    return [(name, energies, cycles) for name, (energies, cycles) in regions.items()]


READERS: dict[str, Callable[[Path], Regions]] = {
    "pynxtools-xps": pynxtools_xps,
    "spe-xps-reader": spe_xps_reader,
    "xps-export": xps_export,
}


def seconds(reader: Callable[[Path], Regions], path: Path, repeats: int) -> float:
    """Return the time of the fastest call."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        reader(path)
        times.append(time.perf_counter() - start)
    return min(times)


def answer(reader: Callable[[Path], Regions], path: Path, repeats: int) -> dict[str, object]:
    """Return what ``reader`` makes of the file at ``path``, whatever it does."""
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            return {"seconds": seconds(reader, path, repeats)} if repeats else {"regions": reader(path)}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {str(error).strip()[:120]}"}


def main() -> None:
    """Read the files named on the command line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("reader", choices=READERS)
    parser.add_argument("--time", type=int, default=0, metavar="REPEATS")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable()
    json.dump([answer(READERS[options.reader], path, options.time) for path in options.files], sys.stdout)


if __name__ == "__main__":
    main()
