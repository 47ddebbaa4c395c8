"""The PDF: fonts inside, record and numbers inside, no date, the same bytes from every process."""

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pikepdf
import pytest
from matplotlib.figure import Figure

from synthetic_tables import record
from xps import figure_records
from xps.figures import document, page

CSV = b"energy,value\n1.0,2.0\n"


def sheet(words: str = "µAh/cm² Ge⁴⁺ ×3") -> Figure:
    with page.project_style():
        made = page.Sheet(8.3, 5.0)
        made.text(4, 2, words)
        made.axes(1, 1, 3, 3).plot([1, 2, 3])
    return made.figure


def assembled(pages: int = 1) -> bytes:
    figures = [sheet() for _ in range(pages)]
    own = record({"curves": None}).of("a.pdf", hashlib.sha256(CSV).hexdigest())  # type: ignore[dict-item]
    return document.assemble(figures, "a", "What it shows.", own, "a.csv", CSV)


@pytest.fixture(scope="module")
def pdf() -> pikepdf.Pdf:
    return pikepdf.open(io.BytesIO(assembled(pages=2)))


def attached(pdf: pikepdf.Pdf, name: str) -> bytes:
    return pdf.attachments[name].get_file().read_bytes()


def test_the_figure_reads_back_as_it_was_made():
    carried = figure_records.read(assembled(), "a.pdf")
    assert carried.faults == ()
    assert carried.csv == CSV


def test_the_first_page_carries_a_small_picture_of_itself(pdf: pikepdf.Pdf):
    thumbnail = pdf.pages[0]["/Thumb"]
    width, height = int(thumbnail.Width), int(thumbnail.Height)
    assert width / height == pytest.approx(8.3 / 5.0, rel=0.02)
    places, palette = thumbnail.read_bytes(), thumbnail.ColorSpace[3].read_bytes()
    assert len(places) == width * height
    assert 3 * max(places) < len(palette) == 3 * (int(thumbnail.ColorSpace[2]) + 1)
    assert min(palette) < 100 < max(palette) == 255
    assert "/Thumb" not in pdf.pages[1]


def test_pages_have_the_size_of_the_sheets(pdf: pikepdf.Pdf):
    assert len(pdf.pages) == 2
    box = [float(number) for number in pdf.pages[0].mediabox]
    assert box == pytest.approx([0, 0, 8.3 / 2.54 * 72, 5.0 / 2.54 * 72], abs=0.01)


def test_fonts_are_embedded_truetype(pdf: pikepdf.Pdf):
    programs = [
        item for item in pdf.objects if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/FontDescriptor"
    ]
    assert programs
    assert all("/FontFile2" in descriptor for descriptor in programs)
    kinds = {
        str(item.get("/Subtype"))
        for item in pdf.objects
        if isinstance(item, pikepdf.Dictionary) and item.get("/Type") == "/Font"
    }
    assert kinds <= {"/Type0", "/CIDFontType2", "/TrueType"}
    names = {str(descriptor["/FontName"]) for descriptor in programs}
    assert all("DejaVuSans" in name for name in names)


def test_pictures_are_vectors(pdf: pikepdf.Pdf):
    assert not any(isinstance(item, pikepdf.Stream) and item.get("/Subtype") == "/Image" for item in pdf.objects)


def test_document_information_holds_title_subject_and_short_record(pdf: pikepdf.Pdf):
    assert str(pdf.docinfo["/Title"]) == "a"
    assert str(pdf.docinfo["/Subject"]) == "What it shows."
    short = json.loads(str(pdf.docinfo["/Keywords"]))
    assert short["artefact"] == "results:figures/a.pdf"
    assert short["data_origin"] == "simulated"
    assert short["content_sha256"] == hashlib.sha256(CSV).hexdigest()
    assert short["lineage_sha256"] == hashlib.sha256(attached(pdf, "lineage.json")).hexdigest()


def test_no_date_is_inside(pdf: pikepdf.Pdf):
    assert "/CreationDate" not in pdf.docinfo
    assert "/ModDate" not in pdf.docinfo
    for item in pdf.attachments.values():
        assert str(item.get_file().creation_date)[:10] == "2000-01-01"


def test_lineage_and_plotted_numbers_are_attached(pdf: pikepdf.Pdf):
    assert sorted(pdf.attachments) == ["a.csv", "lineage.json"]
    assert pdf.attachments["a.csv"].get_file().read_bytes() == CSV
    lineage = json.loads(pdf.attachments["lineage.json"].get_file().read_bytes())
    assert lineage["artefact"] == "results:figures/a.pdf"
    assert list(lineage["ancestors"]) == ["results:invented/curves.parquet"]


RENDER = """
import hashlib, sys
import synthetic_derived as d
import synthetic_tables as s
from xps import figures
tables = d.everything(failed=frozenset({("Ge3d", 2)}))
timed = {"experiment": s.EXPERIMENT, "axis": "plating_time_s"}
for settings in (
    {"kind": "spectra_grid", **timed, "last_column": "charge_uah", "background": "subtracted"},
    {"kind": "time_series", **timed, "quantity": "area_fraction"},
    {"kind": "heat_map", **timed, "core_levels": ["Ge 3d"]},
    {"kind": "identifiability", "experiment": s.EXPERIMENT, "models": ["lagp_o1s"], "acquisition": 2},
    {"kind": "alternatives", **timed, "species": ["LixP"]},
    {"kind": "claims_page"},
):
    given = s.only(tables, figures.tables_needed(settings["kind"]))
    made = figures.render("a_figure", settings, given, s.record(given))
    print([hashlib.sha256(part).hexdigest() for part in (made.pdf, made.csv, made.caption)])
"""


def test_two_processes_give_the_same_bytes(tmp_path: Path):
    def run(seed: str, zone: str) -> str:
        environment = {
            "PYTHONPATH": f"{Path(__file__).parents[1] / 'scripts'}:{Path(__file__).parent}",
            "PYTHONHASHSEED": seed,
            "TZ": zone,
            "MPLCONFIGDIR": str(tmp_path),
            "HOME": str(tmp_path),
            "PATH": "/usr/bin:/bin",
        }
        command = [sys.executable, "-c", RENDER]
        return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True).stdout

    assert run("1", "UTC") == run("2", "Asia/Tokyo")


# --- the small picture -------------------------------------------------------------------------------------------


def shaded(colours: int) -> np.ndarray:
    """A picture of as many greys and reds as asked for, the first of them on most of it."""
    pixels = np.full((40, 50, 3), 255, dtype=np.uint8)
    for index in range(colours):
        pixels[index // 50, index % 50] = (index * 37 % 256, index * 91 % 256, index % 256)
    return pixels


def unpacked(pixels: np.ndarray) -> np.ndarray:
    places, colours = document._indexed(pixels)
    return colours[places]


@pytest.mark.parametrize("colours", [1, 20, 250])
def test_a_picture_of_few_colours_keeps_them_to_a_thirty_second(colours: int):
    pixels = shaded(colours)
    assert np.abs(unpacked(pixels).astype(int) - pixels.astype(int)).max() <= 8
    assert unpacked(np.full((3, 4, 3), 255, dtype=np.uint8)).min() == 255


def test_a_picture_of_many_colours_keeps_the_commonest():
    pixels = shaded(1500)
    places, colours = document._indexed(pixels)
    assert places.shape == (40, 50)
    assert places.dtype == np.uint8
    assert len(colours) == 256
    white = (pixels == 255).all(axis=2)
    assert (colours[places][white] == 255).all()


def test_the_palette_is_part_of_the_drawing_that_the_record_names():
    """A picture whose colours were exchanged is another picture."""

    def touched(data: bytes) -> bytes:
        with pikepdf.open(io.BytesIO(data)) as pdf:
            lookup = pdf.pages[0]["/Thumb"].ColorSpace[3]
            lookup.write(bytes(255 - value for value in lookup.read_bytes()))
            saved = io.BytesIO()
            pdf.save(saved)
        return saved.getvalue()

    whole = assembled()
    assert figure_records.read(whole, "a.pdf").faults == ()
    assert figure_records.read(touched(whole), "a.pdf").faults == ("the drawing is not the one that was recorded",)
