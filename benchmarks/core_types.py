"""Do other kinds of processor give other bytes? The numerical library told to be another one, and what that changes.

    python benchmarks/core_types.py [--config config/config.yaml] [Haswell SkylakeX ...]

Makes the configured analysis once per setting of OPENBLAS_CORETYPE, and once on one core, each into an empty folder,
and compares every artefact with that of the first. docs/provenance.md holds what came out.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml

PROJECT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(PROJECT / "scripts"))

from xps.audit import diff  # noqa: E402

CORE_TYPES = ("Haswell", "Sandybridge", "Nehalem", "Prescott")


def main() -> int:
    """Take the measurements and print them."""
    parser = argparse.ArgumentParser(description="Compare the artefacts that different kinds of processor give.")
    parser.add_argument("--config", type=Path, default=PROJECT / "config/config.yaml")
    parser.add_argument("core_types", nargs="*", default=CORE_TYPES)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="core-types-") as scratch:
        settings = yaml.safe_load(given.config.read_text())
        first = made(Path(scratch), settings, "as-it-is", 2, {})
        print(f"{'setting':22} bytes differ  content differs  largest relative difference")
        report("1 core", first, made(Path(scratch), settings, "one-core", 1, {}))
        for name in given.core_types:
            told = {"OPENBLAS_CORETYPE": name, "OPENBLAS_VERBOSE": "2"}
            report(name, first, made(Path(scratch), settings, name, 2, told))
    return 0


def made(scratch: Path, settings: dict, name: str, cores: int, told: dict[str, str]) -> Path:
    """Analyse into an empty folder and return it."""
    results = scratch / name
    config = scratch / f"{name}.yaml"
    config.write_text(yaml.safe_dump(settings | {"results": str(results)}))
    command = [sys.executable, "-m", "snakemake", "--cores", str(cores), "--configfile", str(config), "--quiet", "all"]
    subprocess.run(command, cwd=PROJECT, env={**os.environ, **told}, check=True, capture_output=True)  # noqa: S603
    return results


def report(name: str, first: Path, second: Path) -> None:
    """Print in how much the artefacts of two folders differ."""
    found = diff.diff(first, second)
    content = sum("other content" in item.name for item in found.differences)
    largest = max((item.relative or 0.0 for item in found.apart), default=0.0)
    differing = sum(item.kind == "bytes" for item in found.differences)
    print(f"{name:22} {differing:12}  {content:15}  {largest:.2g}", flush=True)
    for item in found.apart[:3]:
        print(f"    {item.table} {item.column}: {item.rows} rows, {item.relative}")


if __name__ == "__main__":
    sys.exit(main())
