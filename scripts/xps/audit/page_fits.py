"""The fits behind a figure's panels: how good each is, and a small drawing of data, background and sum."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any

from xps import tables
from xps.audit.lineage import Artefact
from xps.audit.project import Project
from xps.errors import AnalysisError

_WIDTH, _HEIGHT, _MOST_POINTS = 240, 110, 120
LARGEST_COUNT = 1000
"""Fits that a page draws; a longer series has them in its tables, the page says how many it left out."""

Key = tuple[str, str, int, str]
"""Experiment, model, acquisition, region."""
Words = tuple[str | None, str | None, int | None, str | None]
"""The same as a figure's numbers give them, None where they have no such column."""


@dataclass(frozen=True)
class Fit:
    """One fit as the page shows it."""

    key: Key
    success: bool
    message: str
    reduced_chi_square: float | None
    p_value: float | None
    drawing: str

    @property
    def link(self) -> str:
        """Name of its place on the page."""
        experiment, model, acquisition, region = self.key
        return f"fit-{experiment}-{model}-{acquisition}-{region}".replace(" ", "-")


def behind(artefact: Artefact) -> list[Words]:
    """Return which fits the plotted numbers speak of."""
    rows = csv.DictReader(io.StringIO(artefact.csv.decode("utf-8", "replace")))
    names = ("experiment", "model", "acquisition", "region")
    said = [[row.get(name) or None for name in names] for row in rows]
    return list(dict.fromkeys((one, model, _whole(acquisition), region) for one, model, acquisition, region in said))


def _whole(text: str | None) -> int | None:
    try:
        return int(float(text or ""))
    except ValueError:
        return None


def read(project: Project, experiments: Sequence[str]) -> dict[Key, Fit]:
    """Return every fit of the experiments, in the order of the tables; none where a table cannot be read."""
    found: dict[Key, Fit] = {}
    for experiment in experiments:
        try:
            rows = tables.read(project.results / experiment / "fits.parquet", "fits")[0].to_pylist()
            drawings = _drawings(project.results / experiment / "curves.parquet", LARGEST_COUNT - len(found))
        except AnalysisError:
            continue
        for row in rows[: LARGEST_COUNT - len(found)]:
            key = (experiment, row["model"], row["acquisition"], row["region"])
            numbers = row["reduced_chi_square"], row["p_value"]
            found[key] = Fit(key, row["success"], row["message"], *numbers, drawings.get(key[1:], ""))
    return found


def chosen(fits: Mapping[Key, Fit], artefact: Artefact) -> list[Fit]:
    """Return those of the ``fits`` that stand behind a figure's plotted numbers."""
    wanted = {words for words in behind(artefact) if words[1] is not None}
    # Numbers that say less than which fit (no region, say) stand for every fit that has the rest: which words are said?
    said = {tuple(word is not None for word in words) for words in wanted}
    return [fit for key, fit in fits.items() if any(_only(key, which) in wanted for which in said)]


def _only(key: Key, which: tuple[bool, ...]) -> Words:
    held: list[Any] = [word if asked else None for word, asked in zip(key, which, strict=True)]
    return held[0], held[1], held[2], held[3]


def _drawings(path: Path, most: int) -> dict[tuple[str, int, str], str]:
    columns = tables.read(path, "curves")[0].to_pydict()
    groups: dict[tuple[str, int, str], list[int]] = {}
    for row, key in enumerate(zip(columns["model"], columns["acquisition"], columns["region"], strict=True)):
        groups.setdefault(key, []).append(row)
    return {key: _drawing(columns, rows) for key, rows in list(groups.items())[:most]}


def _drawing(columns: Mapping[str, Sequence[Any]], rows: Sequence[int]) -> str:
    few = rows[:: max(1, len(rows) // _MOST_POINTS)]
    energies = [columns["binding_energy_ev"][row] for row in few]
    lines = {name: [columns[f"{name}_cps"][row] for row in few] for name in ("data", "background", "envelope")}
    values = [value for line in lines.values() for value in line if value is not None]
    low, high = min(values, default=0.0), max(values, default=1.0)
    left, right = max(energies), min(energies)  # binding energy falls to the right, as everywhere
    paths = "".join(
        f'<path class="{name}" d="{_path(energies, line, (left, right), (low, high))}"/>'
        for name, line in lines.items()
    )
    label = f"data, background and sum from {left:.1f} to {right:.1f} eV"
    return f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" role="img" aria-label="{label}">{paths}</svg>'


def _path(
    energies: Sequence[float], values: Sequence[float | None], x: tuple[float, float], y: tuple[float, float]
) -> str:
    across, up = (x[1] - x[0]) or 1.0, (y[1] - y[0]) or 1.0
    points = [
        f"{(energy - x[0]) / across * _WIDTH:.1f} {_HEIGHT - 4 - (value - y[0]) / up * (_HEIGHT - 8):.1f}"
        for energy, value in zip(energies, values, strict=True)
        if value is not None
    ]
    return "M" + "L".join(points) if points else ""


def cards(fits: Sequence[Fit]) -> Iterator[str]:
    """Yield each fit as a piece of the page."""
    for fit in fits:
        experiment, model, acquisition, region = map(escape, map(str, fit.key))
        state = '<span class="good">converged</span>' if fit.success else '<span class="bad">no result</span>'
        numbers = f"reduced χ² {_number(fit.reduced_chi_square)}, p {_number(fit.p_value)}"
        yield (
            f'<div class="fit" id="{escape(fit.link)}"><strong>{region}</strong>, acquisition {acquisition}'
            f'<br><span class="soft">{experiment}, {model}</span>{fit.drawing}<p>{state}, {numbers}</p>'
            f'<p class="soft">{escape(fit.message)}</p></div>'
        )


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
