"""Write a simulated series: python scripts/simulate_experiment.py config/simulation/lagp_vep_demo.yaml [--raw FOLDER].

Regenerating a committed series gives the same bytes. Exit status 2 with the message on stderr when it is refused.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from xps import simulation
from xps.errors import AnalysisError

PROJECT = Path(__file__).resolve().parents[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the series that the settings file describes and list what was written; return the exit status."""
    parser = argparse.ArgumentParser(description="Write a simulated XPS series with known truth as PHI files.")
    parser.add_argument("settings", type=Path, help="file of config/simulation")
    parser.add_argument("--raw", type=Path, default=PROJECT / "raw", help="raw root to write to (default: raw)")
    given = parser.parse_args(arguments)
    try:
        plan = simulation.load_plan(given.settings, PROJECT / "config/schema/simulation.schema.yaml")
        truth = simulation.load_truth(PROJECT, plan.truth)
        written = simulation.write_series(simulation.simulate(plan, truth), given.raw)
    except AnalysisError as error:
        print(error, file=sys.stderr)
        return 2
    print("\n".join(f"{path} ({path.stat().st_size} bytes)" for path in written))
    return 0


if __name__ == "__main__":
    sys.exit(main())
