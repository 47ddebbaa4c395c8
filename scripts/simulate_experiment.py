"""Write a simulated series: python scripts/simulate_experiment.py config/simulation/lgps_vep.yaml [--raw FOLDER].

Regenerating a committed series gives the same bytes. With --truth, the table of its true lines is written too, to the
place that the settings name inside that folder. Exit status 2 with the message on stderr when it is refused.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from xps import provenance, simulation
from xps.errors import AnalysisError

PROJECT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the series that the settings file describes and list what was written; return the exit status."""
    parser = argparse.ArgumentParser(description="Write a simulated XPS series with known truth as PHI files.")
    parser.add_argument("settings", type=Path, help="file of config/simulation")
    parser.add_argument("--raw", type=Path, default=PROJECT / "raw", help="raw root to write to (default: raw)")
    parser.add_argument("--truth", type=Path, metavar="FOLDER", help="also write the true lines, below this folder")
    given = parser.parse_args(arguments)
    try:
        setup = simulation.load(given.settings, PROJECT / "config/schema")
        truth = [line for lines in simulation.truth_of(setup) for line in lines]
        written = simulation.write_series(simulation.simulate(setup.plan, truth), given.raw)
        if given.truth is not None:
            path = given.truth / setup.plan.truth
            table = simulation.truth_table(setup.plan.experiment, truth)
            provenance.write_atomically(path, table.encode("utf-8"))
            written.append(path)
    except AnalysisError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(f"{path} ({path.stat().st_size} bytes)" for path in written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
