"""audit.html: one self-contained page for people, made after the figures. From a figure to its raw files by clicking.

The page needs no network and no other file; its style and script lie beside this module. Without the script it is one
long document that its links lead through. It holds what was true when it was made: `verify` asks anew.
"""

import base64
import struct
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from xps import figure_records
from xps.audit import lineage, page_fits, page_graph, verify
from xps.audit.lineage import Artefact
from xps.audit.page_fits import Fit, Key
from xps.audit.project import Project
from xps.audit.verify import Verdict
from xps.provenance import Record

_BESIDE = Path(__file__).parent
_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
_BACK = '<p class="back"><a href="#figures">← figures</a></p>'


def page(project: Project, figures: Sequence[Path]) -> bytes:
    """Return the page about ``figures``, the PDF files of one results folder.

    TableError when a figure cannot be read.
    """
    artefacts = {path.stem: lineage.read(path) for path in figures}
    verdict = verify.verify(project, figures) if figures else Verdict((), (), 0, 0, ())
    return _Page(project, artefacts, verdict).html().encode()


class _Page:
    """The page in parts: gallery, one view per figure, the fits, the steps, the raw files."""

    def __init__(self, project: Project, artefacts: Mapping[str, Artefact], verdict: Verdict) -> None:
        self.project = project
        self.artefacts = artefacts
        self.verdict = verdict
        self.pictures = dict(_pictures(artefacts))
        self.broken = {name for link in verdict.broken for name in (link.name, *link.downstream)}
        records = [record for artefact in artefacts.values() for record in artefact.steps.values()]
        self.steps: dict[str, list[Record]] = {}
        for record in records:
            own = self.steps.setdefault(page_graph.step_key(record), [])
            own += [record] if record.artefact not in {item.artefact for item in own} else []
        subjects = sorted({record.subject for record in records if record.rule.startswith("fit")})
        self.fits: dict[Key, Fit] = page_fits.read(project, subjects)

    def html(self) -> str:
        style, script = ((_BESIDE / name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
        parts = [
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<link rel="icon" href="data:,"><title>What made these figures</title><style>{style}</style></head><body>',
            "<header><h1>What made these figures</h1>",
            *self._state(),
            "</header><main>",
            *self._pictures(),
            *self._gallery(),
            *(part for name, artefact in self.artefacts.items() for part in self._figure(name, artefact)),
            *self._all_fits(),
            *self._all_steps(),
            *self._raw_files(),
            f"</main><script>{script}</script></body></html>",
        ]
        return "\n".join(parts) + "\n"

    def _state(self) -> Iterator[str]:
        sizes = f"{len(self.artefacts)} figures, {self.verdict.files} files hashed when this page was made"
        if self.verdict.whole:
            yield f'<p><span class="good">Every link holds</span> <span class="soft">({sizes})</span></p>'
        else:
            yield f'<p class="bad">{len(self.verdict.broken)} broken links ({sizes})</p><ul>'
            yield from (
                f"<li>{escape(link.kind)} <code>{escape(link.name)}</code>: {escape(link.message)}</li>"
                for link in self.verdict.broken[:20]
            )
            yield "</ul>"
        yield '<p class="soft">Ask anew: <code>python scripts/audit.py verify</code>. '
        yield "Keys: arrows choose a figure, Enter opens it, Escape comes back.</p>"

    # --- figures ------------------------------------------------------------------------------------------------

    def _gallery(self) -> Iterator[str]:
        yield '<section class="view" id="figures"><h2>Figures</h2><ul class="gallery">'
        for name, artefact in self.artefacts.items():
            yield (
                f'<li><a href="#figure-{escape(name)}">{self._picture(name)}'
                f"<strong>{escape(name)}</strong>{_origin(artefact)} {self._mark(artefact.record.artefact)}</a></li>"
            )
        yield '</ul><p><a href="#fits">All fits</a> · <a href="#steps">All steps</a> · '
        yield '<a href="#raw">All raw files</a></p></section>'

    def _pictures(self) -> Iterator[str]:
        """Hold each picture once; gallery and view of a figure show it from here."""
        yield '<svg class="store" width="0" height="0" aria-hidden="true"><defs>'
        for name, (width, height, png) in self.pictures.items():
            yield (
                f'<image id="picture-{escape(name)}" width="{width}" height="{height}" '
                f'href="data:image/png;base64,{base64.b64encode(png).decode()}"/>'
            )
        yield "</defs></svg>"

    def _picture(self, name: str) -> str:
        if name not in self.pictures:
            return ""
        width, height, _ = self.pictures[name]
        return (
            f'<svg class="picture" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
            f'aria-label="{escape(name)}"><use href="#picture-{escape(name)}"/></svg>'
        )

    def _mark(self, name: str) -> str:
        return '<span class="bad">broken</span>' if name in self.broken else '<span class="good">verified</span>'

    def _figure(self, name: str, artefact: Artefact) -> Iterator[str]:
        yield f'<section class="view page" id="figure-{escape(name)}">{_BACK}'
        yield f"<h2>{escape(name)}</h2><p>{_origin(artefact)} {self._mark(artefact.record.artefact)} · "
        yield f'<a href="figures/{escape(name)}.pdf">PDF</a> <span class="hash">{artefact.sha256}</span></p>'
        yield from (f'<p class="bad">{escape(fault)}</p>' for fault in artefact.faults)
        yield self._picture(name)
        yield f'<h3>Lineage</h3><div class="wide">{page_graph.svg(artefact, self.broken)}</div>'
        yield f"<h3>Settings of the figure</h3>{_settings(artefact.record)}"
        yield "<h3>Fits behind its panels</h3>"
        chosen = page_fits.chosen(self.fits, artefact)
        yield f"<p>{len(chosen)} fits</p>" if chosen else "<p>No single fits: it is drawn from whole series.</p>"
        yield '<p class="wide">'
        yield " · ".join(f'<a href="#{escape(fit.link)}">{escape(_name(fit))}</a>' for fit in chosen)
        yield "</p></section>"

    # --- what they share ----------------------------------------------------------------------------------------

    def _all_fits(self) -> Iterator[str]:
        yield f'<section class="view" id="fits">{_BACK}<h2>Fits</h2>'
        if len(self.fits) >= page_fits.LARGEST_COUNT:
            yield f"<p>The first {page_fits.LARGEST_COUNT}; the tables hold all.</p>"
        yield '<p class="soft">Grey: data. Blue: background. Red: sum. Binding energy falls to the right.</p>'
        yield '<div class="fits">'
        yield from page_fits.cards(list(self.fits.values()))
        yield "</div></section>"

    def _all_steps(self) -> Iterator[str]:
        yield f'<section class="view" id="steps">{_BACK}<h2>Steps</h2><ul>'
        yield from (f'<li><a href="#step-{escape(key)}">{escape(key)}</a></li>' for key in self.steps)
        yield "</ul></section>"
        for key, records in self.steps.items():
            yield from self._step(key, records)

    def _step(self, key: str, records: Sequence[Record]) -> Iterator[str]:
        record = records[0]
        yield f'<section class="view" id="step-{escape(key)}"><p class="back"><a href="#steps">← steps</a></p>'
        yield f"<h2>{escape(record.rule)} {escape(record.subject)}</h2>"
        yield f'<p>code <span class="hash">{escape(record.fingerprint)}</span></p><h3>Made</h3><ul>'
        yield from (f"<li><code>{escape(item.artefact)}</code> {self._mark(item.artefact)}</li>" for item in records)
        yield "</ul><h3>From</h3><table><tr><th>file</th><th>SHA-256</th></tr>"
        for item in record.inputs:
            link = self._link(item["path"])
            yield f'<tr><td><a href="#{escape(link)}"><code>{escape(item["path"])}</code></a></td>'
            yield f'<td class="hash">{escape(item["sha256"])}</td></tr>'
        yield f"</table><h3>Settings</h3>{_settings(record)}<h3>Code and versions</h3>{_code(record)}</section>"

    def _link(self, path: str) -> str:
        if path.startswith("raw:"):
            return f"raw-file-{_anchor(path)}"
        own = (key for key, records in self.steps.items() if any(record.artefact == path for record in records))
        return f"step-{next(own, '')}"

    def _raw_files(self) -> Iterator[str]:
        files: dict[str, dict[str, str]] = {}
        for records in self.steps.values():
            for path, sha256 in lineage.inputs(records[0], "raw:").items():
                files.setdefault(path.partition(":")[2].rpartition("/")[0] or "raw", {})[path] = sha256
        yield f'<section class="view" id="raw">{_BACK}<h2>Raw files</h2>'
        for folder, held in sorted(files.items()):
            yield f'<h3 id="raw-{escape(folder.replace("/", "-"))}">{escape(folder)}</h3><div class="wide"><table>'
            yield "<tr><th>file</th><th>SHA-256</th><th>state</th></tr>"
            for path, sha256 in sorted(held.items()):
                yield f'<tr id="raw-file-{escape(_anchor(path))}"><td><code>{escape(path)}</code></td>'
                yield f'<td class="hash">{escape(sha256)}</td><td>{self._mark(path)}</td></tr>'
            yield "</table></div>"
        yield "</section>"


def _pictures(artefacts: Mapping[str, Artefact]) -> Iterator[tuple[str, tuple[int, int, bytes]]]:
    """Yield width, height (pixels) and PNG file of each figure that carries a picture of itself."""
    for name, artefact in artefacts.items():
        png = figure_records.thumbnail(artefact.path.read_bytes())
        if png:
            yield name, (*struct.unpack(">II", png[16:24]), png)


def _name(fit: Fit) -> str:
    _, model, acquisition, region = fit.key
    return f"{region} {acquisition} ({model})"


def _anchor(path: str) -> str:
    return path.partition(":")[2].replace("/", "-").replace(" ", "-")


def _origin(artefact: Artefact) -> str:
    return f' <span class="origin">{escape(artefact.record.data_origin)} data</span>'


def _settings(record: Record) -> str:
    if not record.parameters:
        return "<p>None.</p>"
    rows = "".join(
        f"<tr><td><code>{escape(leaf)}</code></td><td>{escape(str(value))}</td></tr>"
        for leaf, value in record.parameters.items()
    )
    return f"<details><summary>{len(record.parameters)} settings</summary><table>{rows}</table></details>"


def _code(record: Record) -> str:
    modules = "".join(
        f'<tr><td><code>{escape(path)}</code></td><td class="hash">{escape(sha256)}</td></tr>'
        for path, sha256 in record.modules.items()
    )
    versions = ", ".join(f"{escape(name)} {escape(version)}" for name, version in record.versions.items())
    return (
        f"<p>{versions}</p><details><summary>{len(record.modules)} modules</summary><table>{modules}</table></details>"
    )
