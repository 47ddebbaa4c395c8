"""What hangs on this? The artefacts behind which a raw file, a module or a setting stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.text import Text

from xps.audit import lineage, settings
from xps.audit.project import CHECKSUMS, Project
from xps.configuration import Analysis
from xps.errors import AnalysisError, ConfigError, TableError
from xps.provenance import LOCK_NAME, Record


@dataclass(frozen=True)
class Impact:
    """The artefacts that hang on something."""

    what: str
    kind: str
    """raw file, module, lock, setting or artefact."""
    enters: tuple[str, ...]
    """Artefacts whose making uses it directly."""
    downstream: tuple[str, ...]
    """All artefacts that hang on it, nearest to the raw files first, ``enters`` included."""
    notes: tuple[str, ...]


def impact(project: Project, what: str) -> Impact:
    """Return what hangs on a raw file, a module, an artefact (paths), or a setting (see ``settings.changed``).

    ConfigError or TableError when it is none of them.
    """
    notes: list[str] = []
    steps = _steps(project, notes)
    kind, enters = _entered(project, steps, what)
    if not steps:
        notes.append(f"{project.shown(project.results)} holds no artefacts yet; run make first")
    return Impact(what, kind, tuple(sorted(enters)), tuple(lineage.downstream(steps, enters)), tuple(notes))


def _steps(project: Project, notes: list[str]) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for path in project.artefacts():
        try:
            found.update(lineage.read(path).steps)
        except TableError as error:
            notes.append(str(error))
    return found


def _entered(project: Project, steps: Mapping[str, Record], what: str) -> tuple[str, set[str]]:
    path = _existing(project, what)
    logical = what if what.startswith(("raw:", "results:")) else path and project.logical(path)
    if logical and logical.startswith("raw:"):
        if logical == f"raw:{CHECKSUMS}":
            raise TableError(f"{what}: no artefact hangs on it; it is what verify compares the raw files with")
        return "raw file", {name for name, record in steps.items() if logical in lineage.inputs(record, "raw:")}
    if logical and logical.startswith("results:"):
        return "artefact", {logical}
    module = project.shown(path) if path else ""
    if module.startswith("scripts/") or module == LOCK_NAME:
        kind = "lock" if module == LOCK_NAME else "module"
        return kind, {name for name, record in steps.items() if module in record.modules}
    return "setting", _by_setting(project, steps, what)


def _existing(project: Project, what: str) -> Path | None:
    """Return the file of the project that ``what`` names, from here or from its folder; a settings file is none."""
    for path in (Path(what), project.root / what):
        if path.is_file() and project.holds(path) and not project.shown(path).startswith("config/"):
            return path
    return None


def _by_setting(project: Project, steps: Mapping[str, Record], setting: str) -> set[str]:
    """Return the artefacts whose rules would get other parameters if the setting were another."""
    analysis, message = project.loaded
    if analysis is None:
        raise ConfigError(message)
    altered = settings.changed(analysis, setting)
    methods = settings.reaching(project.root)
    entered = set()
    for name, record in steps.items():
        asked = methods.get(record.rule, {})
        try:
            before = settings.expected(analysis, asked, record)
        except ConfigError:
            continue
        entered |= {name} if _changed(altered, asked, record, before) else set()
    return entered


def _changed(altered: Analysis, asked: Mapping[str, str], record: Record, before: Mapping[str, object]) -> bool:
    """Whether the altered settings answer otherwise; where they cannot be answered any more, they were needed."""
    try:
        return settings.expected(altered, asked, record) != before
    except (AnalysisError, LookupError, TypeError, ValueError):
        return True


def lines(found: Impact) -> Iterator[Text]:
    """Yield the answer as lines for a terminal."""
    if not found.downstream:
        yield Text(f"{found.kind} {found.what}: nothing hangs on it", style="bold")
    else:
        count = len(found.downstream)
        yield Text(f"{found.kind} {found.what}: {count} artefacts hang on it", style="bold")
    for name in found.downstream:
        yield Text(f"  {name}" + ("  (uses it directly)" if name in found.enters else ""))
    for note in found.notes:
        yield Text(f"note: {note}", style="yellow")
