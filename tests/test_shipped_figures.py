"""Every figure that the project ships, on the pages that a reader gets: type, words, axes, colours, numbers, bytes.

The whole analysis takes minutes. Where it was made already, ``FINISHED_PROJECT`` names its folder and is used as it is.
"""

import csv
import io
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import yaml
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from page_texts import outside, overlapping, texts, words
from small_projects import ROOT, snakemake
from xps import configuration, figure_settings, models, quantification, tables
from xps.figures import kinds, palette, style

pytestmark = [pytest.mark.slow, pytest.mark.overnight, pytest.mark.xdist_group("shipped")]
CONFIG = yaml.safe_load((ROOT / "config/config.yaml").read_text())
FIGURES: list[str] = CONFIG["figures"]
# Pages whose texts are a legend to a drawing have type in them that no figure of a journal has; none is exempt.
SMALLEST_PT, LARGEST_PDF = 6.0, 1_200_000


@pytest.fixture(scope="session")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with everything that it makes."""
    if "FINISHED_PROJECT" in os.environ:
        return Path(os.environ["FINISHED_PROJECT"])
    project = tmp_path_factory.mktemp("shipped") / "project"
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, project / name)
    answer = snakemake(project, "--cores", "2")
    assert answer.returncode == 0, answer.stdout[-3000:]
    return project


@dataclass(frozen=True)
class Shipped:
    """A figure as it was made, and drawn once more in this process."""

    settings: Mapping[str, Any]
    pages: list[Figure]
    csv: str
    pdf: Path
    caption: str


@cache
def analysis(project: Path) -> Any:
    checks = [models.faults, quantification.faults]
    return configuration.load(project, CONFIG, checks=checks, files=[project / "config/config.yaml"])


@dataclass(frozen=True)
class Wildcards:
    figure: str


@cache
def figure(project: Path, name: str) -> Shipped:
    made = analysis(project)
    settings = made.figure_settings(Wildcards(name))
    read: dict[str, list[pa.Table]] = {}
    for path in made.figure_inputs(Wildcards(name)):
        read.setdefault(Path(path).stem, []).append(tables.read(project / path, Path(path).stem)[0])
    given = {table: tables.concatenate(table, parts) for table, parts in read.items()}
    pages, numbers = kinds.module_of(settings["kind"]).draw(settings, given, "simulated")
    folder = project / "results/figures"
    return Shipped(
        settings,
        pages,
        numbers.to_csv(index=False, lineterminator="\n"),
        folder / f"{name}.pdf",
        (folder / f"{name}.md").read_text(),
    )


@pytest.fixture
def one(shipped: Path, request: pytest.FixtureRequest) -> Shipped:
    return figure(shipped, request.param)


every = pytest.mark.parametrize("one", FIGURES, indirect=True)


@every
def test_no_word_lies_over_another_or_leaves_the_paper(one: Shipped) -> None:
    for page in one.pages:
        assert overlapping(page) == []
        assert outside(page) == []
        assert min(item.get_fontsize() for item in texts(page)) >= SMALLEST_PT
        assert "SIMULATED DATA" in words(page)


@every
def test_pages_have_a_journal_s_width_and_height(one: Shipped) -> None:
    answer = subprocess.run(["pdfinfo", "-l", "-1", one.pdf], capture_output=True, text=True, check=True).stdout
    sizes = [tuple(map(float, found)) for found in re.findall(r"size: +([\d.]+) x ([\d.]+) pts", answer)]
    assert len(sizes) == len(one.pages)
    for wide, high in sizes:
        assert wide * 2.54 / 72 == pytest.approx(style.WIDTH_CM[one.settings.get("width", "double")], abs=0.01)
        assert high * 2.54 / 72 <= style.PAGE_HEIGHT_CM + 0.01


@every
def test_fonts_are_truetype_and_embedded(one: Shipped) -> None:
    answer = subprocess.run(["pdffonts", one.pdf], capture_output=True, text=True, check=True).stdout
    _, _, *fonts = answer.splitlines()
    assert fonts
    for line in fonts:
        assert "TrueType" in line
        assert line.split("Identity-H")[1].split()[0] == "yes"


@every
def test_numbers_beside_and_inside_the_pdf_are_those_drawn_from_the_tables(one: Shipped) -> None:
    assert one.pdf.with_suffix(".csv").read_text() == one.csv
    columns, *rows = csv.reader(io.StringIO(one.csv))
    assert rows
    assert len(columns) == len(set(columns))
    assert all(len(row) == len(columns) for row in rows)


@every
def test_a_pdf_is_no_larger_than_a_mail_takes(one: Shipped) -> None:
    assert one.pdf.stat().st_size < LARGEST_PDF


@every
def test_a_caption_is_prose_with_its_sources(one: Shipped) -> None:
    for words_asked in ("SIMULATED DATA", "Software: Python", "fingerprint"):
        assert words_asked in one.caption
    assert not re.search(r"\b(nan|None|NaT)\b|  |\.\.|;\.|,,| ,", one.caption)


def energy_axes(page: Figure) -> Iterator[Axes]:
    """Axes of binding energy: panels of spectra and of maps, and surveys."""
    labels = ("charge", "bar")
    return (axes for axes in page.axes if not str(axes.get_label()).startswith(labels))


@pytest.mark.parametrize(
    "one",
    [name for name in FIGURES if yaml.safe_load((ROOT / f"config/figures/{name}.yaml").read_text())["kind"]
     in figure_settings.CATEGORIES["Spectra"]],
    indirect=True,
)  # fmt: skip
def test_binding_energy_falls_to_the_right_with_one_range_per_column(one: Shipped) -> None:
    ranges: dict[str, set[tuple[float, float]]] = {}
    for page in one.pages:
        for axes in energy_axes(page):
            left, right = axes.get_xlim()
            assert left > right
            column = "|".join(str(axes.get_label()).split("|")[:2])
            ranges.setdefault(column, set()).add((left, right))
    assert {column: len(found) for column, found in ranges.items()} == dict.fromkeys(ranges, 1)


def test_a_species_has_one_colour_in_all_grids(shipped: Path) -> None:
    seen: dict[str, set[str]] = {}
    for name in FIGURES:
        drawn = figure(shipped, name)
        if drawn.settings["kind"] != "spectra_grid":
            continue
        for page in drawn.pages:
            labels = {palette_label(species): species for species in palette.SPECIES_COLOURS}
            for item, box in zip_key(page):
                if item in labels:
                    seen.setdefault(item, set()).add(box)
    assert len(seen) > 15
    assert {item: len(colours) for item, colours in seen.items()} == dict.fromkeys(seen, 1)


def palette_label(species: str) -> str:
    from xps.figures.lettering import chemical_label

    return chemical_label(species)


def zip_key(page: Figure) -> Iterator[tuple[str, str]]:
    """Yield the words of the key with the colour of the box before them."""
    boxes = [patch for patch in page.patches if patch.get_transform() == page.transFigure]
    boxes += [item for item in page.artists if hasattr(item, "get_facecolor")]
    for text in page.texts:
        x, y = text.get_position()
        beside = [box for box in boxes if abs(box.get_y() + box.get_height() / 2 - y) < 1e-3 and box.get_x() < x]
        if beside:
            nearest = max(beside, key=lambda box: box.get_x())
            yield text.get_text(), to_hex(nearest.get_facecolor())
