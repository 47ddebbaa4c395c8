"""The lineage of one figure as a drawing: raw files on the left, steps in between, the figure on the right.

Every box is a link, so that the drawing works with the keyboard and without a script.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from xps.audit import lineage
from xps.audit.lineage import Artefact
from xps.provenance import Record

_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _EDGE = 142, 40, 30, 14, 8
# Every other column stands lower, so that a line past a box is not hidden behind it.
_STAGGER = 56


@dataclass(frozen=True)
class Box:
    """One box of the drawing."""

    title: str
    under: str
    link: str
    column: int
    inputs: tuple[str, ...]
    broken: bool


def step_key(record: Record) -> str:
    """Return one name for a rule's work on one subject: a step that made several tables is drawn once."""
    subject = record.artefact.rpartition("/")[2].split(".")[0] if record.subject == "figures" else record.subject
    return f"{record.rule}-{subject}".strip("-").replace("/", "-")


def boxes(artefact: Artefact, broken: set[str]) -> dict[str, Box]:
    """Return the boxes of a figure's lineage by key; ``broken`` are the artefacts and files that do not hold."""
    found: dict[str, Box] = {}
    keys = {name: f"step-{step_key(record)}" for name, record in artefact.steps.items()}
    made: dict[str, list[str]] = {}
    for name, key in keys.items():
        made.setdefault(key, []).append(name)
    for key, names in made.items():
        record = artefact.steps[names[0]]
        raw = lineage.inputs(record, "raw:")
        before = list(dict.fromkeys(keys[path] for path in lineage.inputs(record, "results:")))
        if raw:
            folder = next(iter(raw)).partition(":")[2].rpartition("/")[0] or "raw"
            ends = f"raw-{folder.replace('/', '-')}"
            under = f"{len(raw)} raw files"
            found[ends] = Box(folder, under, ends, 0, (), bool(raw.keys() & broken))
            before.append(ends)
        column = 1 + max((found[item].column for item in before), default=0)
        bad = bool(set(names) & broken)
        found[key] = Box(record.rule, _subject(record), key, column, tuple(before), bad)
    return found


def _subject(record: Record) -> str:
    return record.artefact.rpartition("/")[2] if record.subject == "figures" else record.subject or "all experiments"


def svg(artefact: Artefact, broken: set[str]) -> str:
    """Return the drawing as SVG to stand inside a page."""
    drawn = boxes(artefact, broken)
    places = _places(drawn)
    width = 2 * _EDGE + max(x for x, _ in places.values()) + _WIDTH
    height = 2 * _EDGE + max(y for _, y in places.values()) + _HEIGHT
    lines = [_line(places[source], places[key]) for key, box in drawn.items() for source in box.inputs]
    shapes = [_shape(box, *places[key]) for key, box in drawn.items()]
    label = f"lineage of {escape(artefact.path.name)}: {len(drawn)} steps from raw files to figure"
    head = f'<svg class="graph" role="group" aria-label="{label}" width="{width}" height="{height}">'
    return "".join([head, *lines, *shapes, "</svg>"])


def _places(drawn: Mapping[str, Box]) -> dict[str, tuple[int, int]]:
    rows: dict[int, int] = {}
    places = {}
    for key, box in drawn.items():
        row = rows.get(box.column, 0)
        rows[box.column] = row + 1
        lowered = _STAGGER * (box.column % 2)
        places[key] = (_EDGE + box.column * (_WIDTH + _GAP_X), _EDGE + lowered + 2 * row * (_HEIGHT + _GAP_Y))
    return places


def _line(source: tuple[int, int], target: tuple[int, int]) -> str:
    x1, y1 = source[0] + _WIDTH, source[1] + _HEIGHT // 2
    x2, y2 = target[0], target[1] + _HEIGHT // 2
    middle = x2 - _GAP_X // 2
    return f'<path d="M{x1} {y1} C{middle} {y1} {middle} {y2} {x2} {y2}"/>'


def _shape(box: Box, x: int, y: int) -> str:
    title, under = escape(_cut(box.title)), escape(_cut(box.under))
    state = "broken" if box.broken else "whole"
    return (
        f'<a href="#{escape(box.link)}" class="{state}"><title>{escape(box.title)} {escape(box.under)}: {state}</title>'
        f'<rect x="{x}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="5"/>'
        f'<text x="{x + 8}" y="{y + 17}">{title}</text>'
        f'<text class="under" x="{x + 8}" y="{y + 32}">{under}</text></a>'
    )


def _cut(text: str) -> str:
    return text if len(text) <= 21 else f"{text[:20]}…"
