"""Look into PHI .spe and .pro files: what was measured, how, and what is odd about it.

    python scripts/inspect_raw.py FILE... [--json] [--plot] [--export DIR]

Without options it prints a table of the regions of each file. Exit status 2 when a file was refused (its message is on
standard error, the other files are still shown).
"""

import argparse
import json
import mmap
import os
import stat
import sys
from pathlib import Path

from xps import inspection, versaprobe
from xps.errors import AnalysisError, RawFileError
from xps.spectra import Measurement

REFUSED = 2


def main(arguments: list[str] | None = None) -> int:
    """Inspect the files named on the command line and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        status = _inspect(options)
        sys.stdout.flush()
    except BrokenPipeError:  # who reads the output, such as head, has seen enough; spare Python's own flush at the end
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return status


def _inspect(options: argparse.Namespace) -> int:
    described, status, written = [], 0, dict[str, Path]()
    for path in options.files:
        try:
            measurement = _load(path)
            if options.export is not None:
                _export(measurement, path, options.export, written)
            if options.plot:
                _plot(measurement, path, written)
        except (AnalysisError, OSError) as error:
            print(f"error: {error}", file=sys.stderr)
            status = REFUSED
            continue
        if options.json:
            described.append({"file": str(path), **inspection.describe(measurement)})
        else:
            print(inspection.page(measurement))
    if options.json:
        print(json.dumps(described, indent=1))
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Show what PHI .spe and .pro files hold.")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    parser.add_argument("--json", action="store_true", help="print a JSON list with one object per file")
    parser.add_argument("--plot", action="store_true", help="write a quick-look page FILE.png into the current folder")
    parser.add_argument("--export", type=Path, metavar="DIR", help="write one CSV per file and region into DIR")
    return parser


def _load(path: Path) -> Measurement:
    """Read ``path`` through the page cache, so that even a huge file is only touched where the reader looks."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for a writer
        raise RawFileError(f"{path}: found a folder, a pipe or a device, expected a file; name the .spe or .pro itself")
    with path.open("rb") as file:
        size = status.st_size
        versaprobe.check_size(size, path.name)
        if not size:
            return versaprobe.read(b"", path.name)
        return versaprobe.read(memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)), path.name)


def _export(measurement: Measurement, path: Path, folder: Path, written: dict[str, Path]) -> None:
    names = [inspection.csv_name(path.stem, region) for region in measurement.regions]
    for name in names:
        if name in written:
            raise RawFileError(
                f"{path}: its export {name} would overwrite that of {written[name]}; use another --export folder"
            )
    folder.mkdir(parents=True, exist_ok=True)
    for name, region in zip(names, measurement.regions, strict=True):
        (folder / name).write_text(inspection.csv_text(measurement, region), encoding="utf-8", newline="\n")
        written[name] = path


def _plot(measurement: Measurement, path: Path, written: dict[str, Path]) -> None:
    name = f"{path.name}.png"
    if name in written:
        raise RawFileError(
            f"{path}: its plot {name} would overwrite that of {written[name]}; plot it in another folder"
        )
    from xps.figures import quick_look  # imports matplotlib: half a second that only a plot is worth

    Path(name).write_bytes(quick_look.png(measurement))
    written[name] = path


if __name__ == "__main__":
    sys.exit(main())
