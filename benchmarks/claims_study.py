"""Does each sentence of config/claims.yaml get its verdict whatever the noise? The distribution of verdicts over seeds.

Run: OMP_NUM_THREADS=1 PYTHONPATH=scripts python benchmarks/claims_study.py [--seeds 1-8] [--verdicts verdicts.csv]
     [--cases cases.csv] [--keep FOLDER]

Each seed draws noise and charging of every series that a claim names anew; all stages run in this process, as in the
workflow. Files that exist are added to, and the report is on all that they hold: a long study can be run seed by seed.
``--cases`` also writes what benchmarks/recovery_study.py judges, from the same fits.

The simulation was made for the sentences to be true, so what is expected is: a check holds, or is not testable where
its error is too large, and fails by chance only. tests/truth/claim_verdicts.csv says how often each. Printed per check:
how often it holds, fails, is not testable, mean and spread of its value. Exit status 1 where fewer seeds hold, or more
fail, than chance explains at the 1 % level.
"""

import argparse
import csv
import sys
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import chain
import numpy as np
import recovery_study
from scipy.special import bdtr, bdtrc

from xps import configuration

USUAL = (0.98, 0.02)
UNLIKELY = 0.01
FIELDS = ("seed", "claim", "quantity", "value", "stderr", "unit", "expected", "tolerance", "verdict", "remark")
Rows = list[dict[str, Any]]


def named() -> list[str]:
    """Return the experiments that a claim names."""
    document = configuration.documents.read(chain.ROOT / "config/claims.yaml").mapping or {}
    checks = [check for claim in document["claims"] for check in claim["checks"]]
    items = [item.get("with", {}) for check in checks for item in (check, *check.get("notes", []))]
    return sorted({item.get(key) for item in items for key in ("experiment", "other_experiment")} - {None, ""})


def verdicts_of(seed: int, cases: Path | None, kept: Path | None) -> Rows:
    """Return the rows of the table claims for one seed; leave what else is asked for."""
    found, held = {}, []
    for name in named():
        made = chain.made(chain.setup(name, seed))
        found[name] = chain.tables_of(name, made.series())
        chain.keep(kept and kept / str(seed), name, found[name])
        held += recovery_study.cases_of(name, seed, found[name]["components"].to_pylist(), made.truth())
    compared = chain.compared(chain.analysis_of(named(), claims=True), found)
    chain.keep(kept and kept / str(seed), "compared", compared)
    chain.appended(cases, recovery_study.Case._fields, (case._asdict() for case in held))
    return [{"seed": seed, **row} for row in compared["claims"].to_pylist()]


def read(path: Path) -> Rows:
    """Return the verdicts of a file, numbers as numbers."""
    with path.open(encoding="utf-8", newline="") as file:
        return [{**row, "value": float(row["value"]) if row["value"] else None} for row in csv.DictReader(file)]


def grouped(rows: Sequence[Mapping[str, Any]]) -> Mapping[tuple[str, str], Rows]:
    """Return the rows of each check."""
    groups: dict[tuple[str, str], Rows] = defaultdict(list)
    for row in rows:
        groups[row["claim"], row["quantity"]].append(dict(row))
    return groups


def expected() -> dict[tuple[str, str], tuple[float, float]]:
    """Return the least share of seeds that hold, and the largest that fail, of each check that is not usual."""
    text = (chain.ROOT / "tests/truth/claim_verdicts.csv").read_text(encoding="utf-8").splitlines()
    rows = csv.DictReader(line for line in text if not line.startswith("#"))
    return {(r["claim"], r["quantity"]): (float(r["holds_at_least"]), float(r["fails_at_most"])) for r in rows}


def missed(group: Sequence[Mapping[str, Any]], least: float, most: float) -> bool:
    """Return whether chance does not explain how few of ``group`` hold, or how many fail."""
    count, holds, fails = len(group), *(sum(row["verdict"] == word for row in group) for word in ("holds", "fails"))
    return bool(bdtr(holds, count, least) < UNLIKELY or (fails > 0 and bdtrc(fails - 1, count, most) < UNLIKELY))


def report(rows: Mapping[tuple[str, str], Rows]) -> int:
    """Print one line per check; return how many miss what is expected."""
    known, bad = expected(), 0
    print(f"{'claim':5s} {'quantity':72s} holds fails open {'mean':>10s} {'spread':>9s} expected")
    for (claim, quantity), group in rows.items():
        count = {word: sum(row["verdict"] == word for row in group) for word in ("holds", "fails", "not_testable")}
        values = np.array([row["value"] for row in group if row["value"] is not None])
        told = f"{values.mean():10.4g} {values.std():9.2g}" if values.size else f"{'-':>10s} {'-':>9s}"
        wrong = missed(group, *known.get((claim, quantity), USUAL))
        bad += wrong
        numbers = " ".join(f"{count[word]:5d}" for word in count)
        end = "  <- missed" if wrong else ""
        print(f"{claim:5s} {quantity[:72]:72s} {numbers} {told} {group[0]['expected']}{end}")
    return bad


def main() -> int:
    """Print the study and return its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=chain.span, default=chain.span("1-8"), metavar="FIRST-LAST")
    parser.add_argument("--verdicts", type=Path, help="add every verdict to this CSV file; report on all it holds")
    parser.add_argument("--cases", type=Path, help="add the cases of recovery_study.py to this CSV file")
    parser.add_argument("--keep", type=Path, help="leave all tables of each seed in this folder")
    given = parser.parse_args()
    rows = read(given.verdicts) if given.verdicts and given.verdicts.exists() else []
    done = {int(row["seed"]) for row in rows}
    for seed in (seed for seed in given.seeds if seed not in done):
        found = verdicts_of(seed, given.cases, given.keep)
        chain.appended(given.verdicts, FIELDS, found)
        rows += found
        print(f"seed {seed}", file=sys.stderr, flush=True)
    return 1 if report(grouped(rows)) else 0


if __name__ == "__main__":
    sys.exit(main())
