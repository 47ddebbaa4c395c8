"""Is anything changed since? Every hash of the chain behind an artefact, computed anew and compared.

The chain: raw files (against the records and raw/checksums.tsv), settings, modules, tables, figures. Each broken link
is told with its place in the chain; the first one is what to look at, the rest usually follows from it. What is checked
is whether the files that lie here are those that the records speak of. That the records themselves are honest only
making the figure again can show (``reproduce``).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xps import provenance, tables
from xps.audit import lineage, runs, settings
from xps.audit.lineage import Artefact
from xps.audit.project import CHECKSUMS, Hashes, Project
from xps.errors import AnalysisError, ConfigError, TableError
from xps.provenance import LOCK_NAME, Record

# Where links of one step stand towards each other: what goes in comes before what comes out.
_ORDER = ("raw file", "setting", "module", "lock", "table", "numbers", "caption", "figure")
_UNPLACED = 99
"""Depth of an artefact whose record cannot be read: nothing says where in the chain it stands."""
_KINDS = {".parquet": "table", ".csv": "numbers", ".md": "caption", ".pdf": "figure"}


@dataclass(frozen=True, order=True)
class Broken:
    """One link that does not hold."""

    depth: int
    """Steps from the raw files: 0 for a raw file, 1 for what enters or leaves the first step."""
    rank: int
    name: str
    kind: str
    message: str
    affects: tuple[str, ...] = field(default=(), compare=False)
    """Artefacts that this link enters or is."""
    downstream: tuple[str, ...] = field(default=(), compare=False)
    """All artefacts that hang on it, ``affects`` included."""


@dataclass(frozen=True)
class Verdict:
    """What verifying found."""

    broken: tuple[Broken, ...]
    """In the order of the chain; empty when everything holds."""
    notes: tuple[str, ...]
    """What could not be checked, or differs without being a link of the chain."""
    files: int
    """Files hashed."""
    bytes_read: int
    artefacts: tuple[str, ...]
    """Artefacts verified."""

    @property
    def whole(self) -> bool:
        """Whether every link holds."""
        return not self.broken


def verify(project: Project, paths: Sequence[Path]) -> Verdict:
    """Verify the artefacts in ``paths``, or everything below the results when there are none."""
    return _Verification(project).run(paths)


class _Verification:
    """One pass over the chain of some artefacts, hashing each file once."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.hashes = Hashes()
        self.steps: dict[str, Record] = {}
        self.depths: dict[str, int] = {}
        self.found: dict[tuple[str, str], tuple[int, str, set[str]]] = {}
        self.notes: list[str] = []
        self.written = runs.index(project)
        self.methods = settings.reaching(project.root)

    def run(self, paths: Sequence[Path]) -> Verdict:
        artefacts = [held for path in paths or self.project.artefacts() if (held := self._read(path)) is not None]
        if not paths and not artefacts:
            self.notes.append(f"{self.project.shown(self.project.results)}: holds nothing to verify; run make first")
        for artefact in artefacts:
            self.steps.update(artefact.steps)
        self.depths = lineage.depths(self.steps)
        self._raw(everything=not paths)
        self._settings()
        self._modules()
        read = {artefact.path.resolve(): artefact for artefact in artefacts}
        for artefact in artefacts:
            self._given(artefact)
        for name in self.steps:
            self._ancestor(name, read)
        return Verdict(
            tuple(self._links(self._everything())),
            tuple(dict.fromkeys(self.notes)),
            len(self.hashes),
            self.hashes.bytes_read,
            tuple(sorted(artefact.record.artefact for artefact in artefacts)),
        )

    def _read(self, path: Path) -> Artefact | None:
        try:
            return lineage.read(path)
        except TableError as error:
            name = self.project.logical(path) or str(path)
            self._broken(_KINDS.get(path.suffix, "table"), name, str(error), [name], depth=_UNPLACED)
            return None

    def _broken(self, kind: str, name: str, message: str, affects: Iterable[str], depth: int | None = None) -> None:
        into = set(affects)
        place = depth if depth is not None else min((self.depths.get(item, _UNPLACED) for item in into), default=0)
        known = self.found.get((kind, name))
        if known is None:
            self.found[(kind, name)] = (place, message, into)
        else:
            self.found[(kind, name)] = (min(known[0], place), known[1], known[2] | into)

    # --- what goes in ---------------------------------------------------------------------------------------------

    def _raw(self, everything: bool) -> None:
        listed = self._checksums()
        wanted: dict[str, set[tuple[str, str]]] = {}
        for name, record in self.steps.items():
            for path, sha256 in lineage.inputs(record, "raw:").items():
                wanted.setdefault(path, set()).add((name, sha256))
        for path, users in sorted(wanted.items()):
            affects = [name for name, _ in users]
            now = self._hash(path, "raw file", affects)
            if now is None:
                continue
            if any(sha256 != now for _, sha256 in users):
                self._broken("raw file", path, f"its bytes changed since (now {now[:12]}…)", affects, 0)
            if path not in listed:
                self.notes.append(f"{path}: not listed in raw/{CHECKSUMS}; only the records vouch for it")
            elif listed[path] != now:
                self._broken("raw file", path, f"is not the file of raw/{CHECKSUMS} (now {now[:12]}…)", affects, 0)
        for path in sorted(listed.keys() - wanted.keys()) if everything else []:
            now = self._hash(path, "raw file", [])
            if now is not None and now != listed[path]:
                self._broken("raw file", path, f"is not the file of raw/{CHECKSUMS} (now {now[:12]}…)", [], 0)

    def _checksums(self) -> dict[str, str]:
        path = self.project.raw_root / CHECKSUMS
        try:
            lines = path.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            self.notes.append(f"raw/{CHECKSUMS} cannot be read ({error}); only the records vouch for the raw files")
            return {}
        rows = [line.split("\t") for line in lines[1:] if line]
        return {f"raw:{row[0]}": row[1] for row in rows if len(row) > 1}

    def _hash(self, logical: str, kind: str, affects: list[str]) -> str | None:
        try:
            path = self.project.file(logical)
        except TableError as error:
            self._broken(kind, logical, str(error), affects, 0 if kind == "raw file" else None)
            return None
        now = self.hashes.of(path)
        if now is None:
            message = f"there is no readable file {self.project.shown(path)}"
            self._broken(kind, logical, message, affects, 0 if kind == "raw file" else None)
        return now

    def _settings(self) -> None:
        analysis, message = self.project.loaded
        if analysis is None:
            self._broken("setting", self.project.shown(self.project.config), message, self.steps, 1)
            return
        for name, record in self.steps.items():
            try:
                today = settings.expected(analysis, self.methods.get(record.rule, {}), record)
            except ConfigError as error:
                self._broken("setting", f"{record.rule} {record.subject}", str(error), [name])
                continue
            for leaf, before, now in settings.differences(record.parameters, today):
                message = f"was {_said(before)}, is {_said(now)} in config/"
                self._broken("setting", f"{record.rule} {record.subject}: {leaf}", message, [name])
            self._new_raw_files(name, record)

    def _new_raw_files(self, name: str, record: Record) -> None:
        """A raw file that the settings name today and that was not there then changes what would be made."""
        analysis = self.project.loaded[0]
        used = lineage.inputs(record, "raw:")
        if analysis is None or not used or record.subject not in analysis.files:
            return
        files = [*analysis.files[record.subject], analysis.logs[record.subject] or ""]
        today = {self.project.logical(self.project.root / file) for file in files if file}
        for new in sorted(path for path in today - used.keys() if path):
            self._broken("raw file", new, "was not there when the tables were made", [name], 0)

    def _modules(self) -> None:
        for name, record in self.steps.items():
            for path, sha256 in record.modules.items():
                inside = ".." not in Path(path).parts and not Path(path).is_absolute()
                now = self.hashes.of(self.project.root / path) if inside else None
                kind = "lock" if path == LOCK_NAME else "module"
                if now is None:
                    self._broken(kind, path, "is not in the project", [name])
                elif now != sha256:
                    self._broken(kind, path, f"changed since (now {now[:12]}…)", [name])
            self._environment(record)

    def _environment(self, record: Record) -> None:
        installed = provenance.installed_versions()
        for package, version in record.versions.items():
            if installed.get(package, version) != version:
                self.notes.append(
                    f"made with {package} {version}, here is {installed[package]}: last digits may differ"
                )

    # --- what comes out -------------------------------------------------------------------------------------------

    def _ancestor(self, name: str, read: Mapping[Path, Artefact]) -> None:
        """Compare a table on disk with what its consumers' records and the run records say of it."""
        users = {user: used[name] for user, record in self.steps.items() if name in (used := self._used(record))}
        if not users:
            return
        kind = _KINDS.get(Path(name).suffix, "table")
        now = self._hash(name, kind, [name])
        if now is None or all(sha256 == now for sha256 in users.values()):
            return
        runs_that_wrote = [item.run for item in self.written.get(name, []) if item.sha256 == now]
        stale = sorted(user for user, sha256 in users.items() if sha256 != now)
        if runs_that_wrote:
            message = f"was made from an earlier {name}; run {runs_that_wrote[-1]} has made that anew since"
            for user in stale:
                self._broken(_KINDS.get(Path(user).suffix, "table"), user, message, [user])
            return
        held = read.get(self.project.file(name).resolve())
        self._broken(kind, name, self._what_changed(name, held), [name, *stale], self.depths.get(name))

    def _used(self, record: Record) -> dict[str, str]:
        return lineage.inputs(record, "results:")

    def _what_changed(self, name: str, held: Artefact | None) -> str:
        recorded = self.steps[name].content_sha256
        try:
            path = self.project.file(name)
            record = held.record if held else tables.read_record(path, path.stem)
            content = tables.content_sha256(tables.read(path, path.stem)[0])
        except AnalysisError as error:
            return f"its bytes changed since and it is no table any more ({error})"
        if content != recorded:
            return f"its numbers changed since: content {content[:12]}…, recorded {recorded[:12]}…"
        same = record.own() == self.steps[name].own()
        return f"its bytes changed since; its numbers did not ({'another writer' if same else 'its record differs'})"

    def _given(self, artefact: Artefact) -> None:
        """Compare an artefact that was asked for with its own record and with what the runs wrote."""
        name = artefact.record.artefact
        kind = _KINDS.get(artefact.path.suffix, "table")
        for fault in artefact.faults:
            self._broken(kind, name, fault, [name])
        known = self.written.get(name, [])
        if any(item.sha256 == artefact.sha256 for item in known):
            return
        content = self._content_fault(artefact)
        if content:
            self._broken(kind, name, content, [name])
        elif known:
            rest = "; its numbers did not change" if kind == "table" else ""
            self._broken(kind, name, f"its bytes are none that a run wrote (last: {known[-1].run}){rest}", [name])
        else:
            self.notes.append(f"{name}: no run record knows it; its own bytes could not be checked")

    def _content_fault(self, artefact: Artefact) -> str:
        if artefact.path.suffix != ".parquet":
            return ""
        try:
            content = tables.content_sha256(tables.read(artefact.path, artefact.path.stem)[0])
        except AnalysisError as error:
            return str(error)
        recorded = artefact.record.content_sha256
        return "" if content == recorded else f"its numbers are not those recorded ({recorded[:12]}…)"

    def _links(self, everything: Mapping[str, Record]) -> Iterator[Broken]:
        order = sorted(self.found, key=lambda key: (self.found[key][0], _ORDER.index(key[0]), key[1]))
        for kind, name in order:
            depth, message, affects = self.found[(kind, name)]
            below = lineage.downstream(everything, affects)
            yield Broken(depth, _ORDER.index(kind), name, kind, message, tuple(sorted(affects)), tuple(below))

    def _everything(self) -> dict[str, Record]:
        """Return the steps of all that lies below the results: what is downstream need not have been asked for."""
        known = dict(self.steps)
        for path in self.project.artefacts() if self.found else []:
            try:
                steps = lineage.read(path).steps
            except TableError:
                continue
            known.update({name: record for name, record in steps.items() if name not in known})
        return known


def _said(value: object) -> str:
    return "absent" if value is ... else repr(value)
