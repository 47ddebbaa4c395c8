"""Draft an experiment: python scripts/new_experiment.py raw/<experiment> [--name NAME] [--raw FOLDER].

Reads the .spe and .pro files of the folder and writes config/experiments/<name>.yaml, a fit model of one line for each
core level, figures, the configuration config/<name>.yaml that makes them and, where the folder has no log, its
acquisitions.csv. All are drafts, with `check` at each guess and `fill in` at each gap. Nothing is overwritten: a file
of these names is refused, a log that is there is kept. Exit status 2 with the message on stderr.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from xps import drafting, provenance
from xps.errors import AnalysisError

PROJECT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Draft the experiment in the folder named on the command line; return the exit status."""
    parser = argparse.ArgumentParser(description="Draft an experiment file and a log from raw PHI files.")
    parser.add_argument("folder", type=Path, help="folder of the raw files, inside the raw root")
    parser.add_argument("--name", help="name of the experiment (default: that of the folder)")
    parser.add_argument("--raw", type=Path, default=PROJECT / "raw", help="raw root (default: raw)")
    given = parser.parse_args(arguments)
    name = given.name or given.folder.resolve().name
    try:
        draft = drafting.of_folder(name, given.folder, given.raw, PROJECT / "config")
        for path, text in draft.files.items():
            provenance.write_atomically(path, text.encode("utf-8"))
            print(f"drafted {os.path.relpath(path)}")
    except (AnalysisError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    for remark in draft.remarks:
        print(f"note: {remark}")
    print(f"next: `make CONFIG=config/{name}.yaml` runs the drafts as they are; then see to each `check` and `fill in`")
    return 0


if __name__ == "__main__":
    sys.exit(main())
