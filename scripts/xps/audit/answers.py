"""The five answers as a user meets them: question in, words or JSON on standard output, exit status back."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from xps.audit import lineage, project
from xps.audit import trace as tracing
from xps.audit import verify as verifying
from xps.audit.verify import Verdict

_PAPER_WIDTH = 240
"""Columns where the answer goes into a file: no path and no hash is cut."""
_SHOWN = 12
"""Lines of one kind that a terminal answer shows; JSON has all."""


def trace(file: Path, as_json: bool, settings: bool, point: Sequence[str], config: Path | None) -> bool:
    """Show the chain from ``file`` to its raw files, or follow one plotted number; return whether it is not as made."""
    artefact = lineage.read(file)
    if point:
        from xps.audit import point as following

        followed = following.follow(project.find(config=config, near=file), artefact, point)
        _say(following.as_json(followed), as_json, following.as_tree(artefact, followed))
    else:
        _say(tracing.as_json(artefact), as_json, tracing.as_tree(artefact, settings))
    return bool(artefact.faults)


def verify(files: Sequence[Path], as_json: bool, config: Path | None) -> bool:
    """Show what is broken in the chain behind ``files`` (default: all results); return whether anything is."""
    verdict = verifying.verify(project.find(config=config, near=files[0] if files else None), files)
    _say(asdict(verdict) | {"whole": verdict.whole}, as_json, *_verdict_lines(verdict))
    return not verdict.whole


def reproduce(file: Path, as_json: bool, config: Path | None, keep: Path | None, cores: int) -> bool:
    """Make ``file`` again from raw and show where it differs; return whether it does."""
    from xps.audit import reproduce as reproducing

    found = reproducing.reproduce(project.find(config=config, near=file), file, keep, cores)
    _say(asdict(found), as_json, *reproducing.lines(found))
    return not found.same


def diff(first: Path, second: Path, as_json: bool) -> bool:
    """Show why two artefacts or results folders differ; return whether they do."""
    from xps.audit import diff as differing

    found = differing.diff(first, second)
    _say(asdict(found), as_json, *differing.lines(found))
    return bool(found.differences)


def impact(what: str, as_json: bool, config: Path | None) -> bool:
    """Show which artefacts hang on a raw file, a module or a setting; return False."""
    from xps.audit import impact as hanging

    near = Path(what) if Path(what).exists() else None
    found = hanging.impact(project.find(config=config, near=near), what)
    _say(asdict(found), as_json, *hanging.lines(found))
    return False


def _verdict_lines(verdict: Verdict) -> Iterator[Text]:
    size = f"{len(verdict.artefacts)} artefacts, {verdict.files} files, {verdict.bytes_read / 1e6:.1f} MB hashed"
    if verdict.whole:
        yield Text(f"whole: every link holds ({size})", style="bold green")
    for place, link in enumerate(verdict.broken[:_SHOWN]):
        head = "first broken link" if place == 0 else "also broken"
        yield Text.assemble((f"{head}: ", "bold red"), (f"{link.kind} ", "red"), (link.name, "bold"))
        yield Text(f"  {link.message}")
        if place == 0:
            yield from (Text(f"  downstream of it: {name}") for name in link.downstream)
        else:
            yield Text(f"  downstream of it: {len(link.downstream)} artefacts (--json lists them)")
    if len(verdict.broken) > _SHOWN:
        yield Text(f"and {len(verdict.broken) - _SHOWN} more broken links (--json lists them)")
    if not verdict.whole:
        yield Text(f"broken: {len(verdict.broken)} of the links ({size})", style="bold red")
    for note in verdict.notes[:_SHOWN]:
        yield Text(f"note: {note}", style="dim")
    if len(verdict.notes) > _SHOWN:
        yield Text(f"and {len(verdict.notes) - _SHOWN} more notes (--json lists them)", style="dim")


def _say(data: Any, as_json: bool, *words: Any) -> None:
    if as_json:
        Console().file.write(json.dumps(data, indent=1, ensure_ascii=True, default=str) + "\n")
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = _PAPER_WIDTH
    for line in words:
        console.print(line)
