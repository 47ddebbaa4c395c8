"""Write a simulated series: python scripts/simulate_experiment.py config/simulation/lgps_vep.yaml [--raw FOLDER].

Regenerating a committed series gives the same bytes. With --truth, the table of its true lines is written too, to the
place that the settings name inside that folder. With --cycles, a series of that many cycles over the same span of time
is written as .pro files of a thousand cycles each; with --variant, one with a trap or a broken assumption, for tests.
Exit status 2 with the message on stderr when it is refused.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
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
    parser.add_argument("--cycles", type=int, help="write this many cycles as .pro files, for studies of scale")
    parser.add_argument("--variant", choices=sorted(simulation.VARIANTS), help="set a trap, or break an assumption")
    given = parser.parse_args(arguments)
    if given.variant is not None and given.raw.resolve() == (PROJECT / "raw").resolve():
        parser.error("--variant needs another raw root than the project's own: name one with --raw")
    try:
        setup = simulation.load(given.settings, PROJECT / "config/schema")
        if given.cycles is not None:
            written = simulation.write_long_series(simulation.long_setup(setup, given.cycles), given.raw)
        else:
            written = write(setup, given.variant, given.raw, given.truth)
        for path in written:
            print(f"{path} ({path.stat().st_size} bytes)")
    except AnalysisError as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def write(setup: simulation.Setup, kind: str | None, raw: Path, truth: Path | None) -> Iterator[Path]:
    """Write the series of ``setup``, or its variant ``kind``, below ``raw``, its truth below ``truth``; yield paths."""
    changed = simulation.Variant(setup) if kind is None else simulation.variant(setup, kind)
    yield from simulation.write_series(changed.series(), raw)
    if truth is not None:
        path = truth / setup.plan.truth
        table = simulation.truth_table(setup.plan.experiment, changed.truth())
        provenance.write_atomically(path, table.encode("utf-8"))
        yield path


if __name__ == "__main__":
    sys.exit(main())
