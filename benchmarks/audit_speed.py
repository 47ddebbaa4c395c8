"""How long tracing and verifying take, and how fast files are hashed, beside sha256sum on the same files.

    python benchmarks/audit_speed.py [--results results] [--large 1000]

Run it after `make`. Ratios are taken from one run on one machine; other load moves both sides alike.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "scripts"))

from xps import provenance  # noqa: E402
from xps.audit import lineage, project, trace, verify  # noqa: E402


def main() -> int:
    """Take the measurements and print them."""
    parser = argparse.ArgumentParser(description="Time the audit.")
    parser.add_argument("--results", type=Path, default=PROJECT / "results")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--large", type=int, default=1000, help="size of the large file in MB")
    given = parser.parse_args()
    figures = sorted((given.results / "figures").glob("*.pdf"))
    here = project.find(PROJECT, given.config, near=figures[0])
    took(f"trace {len(figures)} figures", lambda: [trace.as_json(lineage.read(path)) for path in figures])
    verdict = took("verify everything", lambda: verify.verify(here, []))
    print(f"    {len(verdict.artefacts)} artefacts, {verdict.files} files, {verdict.bytes_read / 1e6:.1f} MB")
    small = [path for path in [*here.raw_root.rglob("*"), *here.results.rglob("*")] if path.is_file()]
    compare(f"hash {len(small)} files", small)
    with tempfile.NamedTemporaryFile() as large:
        block = os.urandom(1 << 20)
        for _ in range(given.large):
            large.write(block)
        large.flush()
        compare(f"hash one file of {given.large} MB", [Path(large.name)])
    return 0


def took(what: str, work):
    """Print wall and processor time of ``work`` and return what it returned."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    print(f"{what}: {time.perf_counter() - wall:.2f} s ({time.process_time() - cpu:.2f} s of processor)")
    return result


def compare(what: str, paths: list[Path]) -> None:
    """Print the processor time for hashing ``paths`` here and with sha256sum, after one round for the page cache."""
    size = sum(path.stat().st_size for path in paths) / 1e6
    times = []
    for work in (lambda: [provenance.file_sha256(path) for path in paths], lambda: sha256sum(paths)):
        work()
        start = processor_s()
        work()
        times.append(processor_s() - start)
    rates = " and ".join(f"{size / one:.0f} MB/s" for one in times)
    print(f"{what}, {size:.1f} MB: here and sha256sum {rates}, ratio of times {times[0] / times[1]:.2f}")


def processor_s() -> float:
    """Return the processor time of this process and of those it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def sha256sum(paths: list[Path]) -> None:
    """Hash ``paths`` with the system's program."""
    subprocess.run(["sha256sum", *map(str, paths)], check=True, capture_output=True)  # noqa: S603, S607


if __name__ == "__main__":
    sys.exit(main())
