"""Ask an artefact what made it, and whether that still holds.

    python scripts/audit.py trace FILE [--json] [--settings] [--point WORD=VALUE ...]
    python scripts/audit.py verify [FILE ...] [--json]
    python scripts/audit.py reproduce FIGURE [--keep DIR] [--cores N] [--json]
    python scripts/audit.py diff A B [--json]
    python scripts/audit.py impact PATH_OR_SETTING [--json]
    python scripts/audit.py crate [--output FILE]

Exit status 0: it holds (traced, verified, same bytes, no difference); 1: it does not; 2: the question cannot be
answered, the reason is on standard error. `docs/provenance.md` shows each on a real figure.
"""

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from xps import crate
from xps.audit import answers, project
from xps.errors import AnalysisError

REFUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Answer the question on the command line and return the exit status."""
    given = vars(_parser().parse_args(arguments))
    try:
        status = ANSWERS[given.pop("question")](**given)
        sys.stdout.flush()
    except AnalysisError as error:
        print(f"error: {error}", file=sys.stderr)
        return REFUSED
    except BrokenPipeError:  # who reads the output, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return int(status)


def _pack(config: Path | None, output: Path | None) -> int:
    found = project.find(config=config)
    target = output or found.root / f"{found.results.name}.crate.zip"
    print(f"{target}: a crate of {crate.pack(found, target)} files")
    return 0


ANSWERS: Mapping[str, Callable[..., int]] = {
    "trace": answers.trace,
    "verify": answers.verify,
    "reproduce": answers.reproduce,
    "diff": answers.diff,
    "impact": answers.impact,
    "crate": _pack,
}


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Ask an artefact what made it, and whether that still holds.")
    questions = parser.add_subparsers(dest="question", required=True)
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", dest="as_json", help="answer in JSON")
    held = argparse.ArgumentParser(add_help=False)
    held.add_argument("--config", type=Path, help="configuration (default: the one whose results hold the file)")

    trace = questions.add_parser("trace", parents=[common, held], help="what made this?")
    trace.add_argument("file", type=Path, metavar="FILE", help="a figure's PDF, CSV or Markdown file, or a table")
    trace.add_argument("--settings", action="store_true", help="list every setting of every step")
    trace.add_argument(
        "--point",
        nargs="+",
        default=[],
        metavar="WORD=VALUE",
        help="follow one plotted number: columns of the plotted numbers such as component=Li0 acquisition=5, or row=12",
    )
    verify = questions.add_parser("verify", parents=[common, held], help="is anything changed since?")
    verify.add_argument("files", type=Path, nargs="*", metavar="FILE", help="default: everything below the results")
    reproduce = questions.add_parser("reproduce", parents=[common, held], help="does it come out again?")
    reproduce.add_argument("file", type=Path, metavar="FIGURE", help="a figure's PDF, CSV or Markdown file, or a table")
    reproduce.add_argument("--keep", type=Path, metavar="DIR", help="make it in DIR, which must be empty, and keep it")
    reproduce.add_argument("--cores", type=int, default=1, help="cores to use (default 1)")
    diff = questions.add_parser("diff", parents=[common], help="why do these two differ?")
    diff.add_argument("first", type=Path, metavar="A", help="an artefact or a results folder")
    diff.add_argument("second", type=Path, metavar="B", help="another of the same kind")
    impact = questions.add_parser("impact", parents=[common, held], help="what hangs on this?")
    impact.add_argument("what", metavar="PATH_OR_SETTING", help="raw file, module, settings file or one setting in it")
    pack = questions.add_parser("crate", parents=[held], help="pack the results with all that made them")
    pack.add_argument("--output", type=Path, metavar="FILE", help="archive to write (default: <results>.crate.zip)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
