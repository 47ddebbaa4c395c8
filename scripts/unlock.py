"""End what a killed run left at work in this folder: python scripts/unlock.py (no arguments, in the project's folder).

`make unlock` runs this and then `snakemake --unlock`. Exit status 2, with the reason, when a run is still at work here
or when jobs of a killed run cannot be ended: then nothing may be unlocked.
"""

import sys
from pathlib import Path

from xps import orphans
from xps.errors import AnalysisError

REFUSED = 2


def main(folder: Path) -> int:
    """End the orphans of ``folder`` and return the exit status."""
    if runs := orphans.main_processes(folder):
        print(
            f"error: a run is at work here (process {', '.join(map(str, runs))}); wait for it, or stop it by Ctrl-C",
            file=sys.stderr,
        )
        return REFUSED
    try:
        processes, jobs = orphans.local_jobs(folder), orphans.cluster_jobs(orphans.run_ids(folder))
        orphans.end(processes, jobs)
    except AnalysisError as error:
        print(f"error: {error}", file=sys.stderr)
        return REFUSED
    print(f"ended {_count(len(processes), 'process', 'processes')}, cancelled {_count(len(jobs), 'job', 'jobs')}")
    return 0


def _count(number: int, one: str, many: str) -> str:
    return f"{number} {one if number == 1 else many}"


if __name__ == "__main__":
    sys.exit(main(Path.cwd()))
