"""A PDF carries its record and numbers, opens without warning, and says itself when a part was exchanged."""

import io
import json
import shutil
import subprocess
from pathlib import Path

import pikepdf
import pytest

from xps import figure_records, provenance
from xps.errors import TableError

CSV = b"energy_ev,value\n284.8,12.5\n"


def blank() -> bytes:
    """Return a PDF of one page with a line on it."""
    made = io.BytesIO()
    with pikepdf.new() as document:
        document.add_blank_page(page_size=(200, 100))
        document.pages[0].Contents = document.make_stream(b"0 0 m 100 50 l S")
        document.save(made, deterministic_id=True)
    return made.getvalue()


def own_record(csv: bytes = CSV) -> provenance.Record:
    source = provenance.Source("raw:series/a.spe", "1" * 64)
    parent = provenance.record("parse_spectra", [source], {"k": 1}, "f" * 64, subject="series", data_origin="simulated")
    parents = [parent.of("spectra.parquet", "a" * 64)]
    made = provenance.record("render_figure", parents, {"s": 2}, "e" * 64, subject="figures")
    return made.of("fig.pdf", provenance.bytes_sha256(csv))


def embedded() -> bytes:
    return figure_records.embed(blank(), "fig", "What it shows.", own_record(), "fig.csv", CSV)


def edited(change) -> bytes:
    """Return the figure after ``change`` worked on the opened PDF."""
    saved = io.BytesIO()
    with pikepdf.open(io.BytesIO(embedded())) as document:
        change(document)
        document.save(saved)
    return saved.getvalue()


def test_what_is_put_in_comes_out() -> None:
    carried = figure_records.read(embedded(), "fig.pdf")
    assert carried.record == own_record()
    assert (carried.csv_name, carried.csv, carried.faults) == ("fig.csv", CSV, ())


def test_the_same_parts_give_the_same_bytes() -> None:
    assert embedded() == embedded()


def test_saving_the_pdf_anew_does_not_make_it_another_drawing() -> None:
    """What a mail gateway or a PDF tool may do: other object numbers, other compression, same content."""
    assert figure_records.read(edited(lambda document: None), "fig.pdf").faults == ()


def test_other_programs_open_it_without_warning(tmp_path: Path) -> None:
    path = tmp_path / "fig.pdf"
    path.write_bytes(embedded())
    with pikepdf.open(path) as document:
        assert document.check_pdf_syntax() == []
    for tool, words in (("qpdf", ["--check"]), ("pdfdetach", ["-list"])):
        if shutil.which(tool):  # pikepdf holds the same checks; the programs are asked too where they are installed
            done = subprocess.run([tool, *words, path], capture_output=True, text=True, check=False)
            assert (done.returncode, done.stderr) == (0, ""), done.stdout


def change_the_drawing(document: pikepdf.Pdf) -> None:
    document.pages[0].Contents = document.make_stream(b"0 0 m 100 99 l S")


def add_a_page(document: pikepdf.Pdf) -> None:
    document.add_blank_page()


def change_a_number(document: pikepdf.Pdf) -> None:
    document.attachments["fig.csv"] = pikepdf.AttachedFileSpec(document, CSV.replace(b"12.5", b"99.5"))


def change_the_lineage(document: pikepdf.Pdf) -> None:
    lineage = json.loads(document.attachments["lineage.json"].get_file().read_bytes())
    lineage["parameters"]["s"] = 3
    text = json.dumps(lineage).encode()
    document.attachments["lineage.json"] = pikepdf.AttachedFileSpec(document, text)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (change_the_drawing, "drawing"),
        (add_a_page, "drawing"),
        (change_a_number, "numbers"),
        (change_the_lineage, "lineage.json"),
    ],
)
def test_an_exchanged_part_is_told(change, fault: str) -> None:
    (told,) = figure_records.read(edited(change), "fig.pdf").faults
    assert fault in told


def drop(key: str):
    return lambda document: document.docinfo.__delitem__(key)


def say(text: str):
    return lambda document: document.docinfo.__setitem__("/Keywords", text)


def detach(name: str):
    return lambda document: document.attachments.__delitem__(name)


def bomb(document: pikepdf.Pdf) -> None:
    document.attachments["lineage.json"] = pikepdf.AttachedFileSpec(document, b" " * 2_000_000)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (drop("/Keywords"), "a PDF without a record"),
        (say("{"), "no readable record"),
        (say("[" * 100_000), "no readable record"),
        (say("{}"), "no readable record"),
        (detach("lineage.json"), "'lineage.json', which is not there"),
        (detach("fig.csv"), "'fig.csv', which is not there"),
        (bomb, "unpacks to more than"),
    ],
)
def test_a_record_that_cannot_be_read_is_refused_with_its_reason(
    change, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = edited(change)
    monkeypatch.setattr(figure_records, "LARGEST_PART", 1_000_000)
    with pytest.raises(TableError, match="mail.pdf") as refused:
        figure_records.read(data, "mail.pdf")
    assert told in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"%PDF-1.5", b"no pdf at all", b"\x00" * 1000])
def test_what_is_no_pdf_is_refused(data: bytes) -> None:
    with pytest.raises(TableError, match="not a readable PDF"):
        figure_records.read(data, "mail.pdf")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_truncated_figure_is_refused_or_called_damaged(share: float) -> None:
    data = embedded()
    assert told(data[: int(len(data) * share)])


def told(data: bytes) -> str:
    """Return what reading complains of, as a refusal or as faults."""
    try:
        return " ".join(figure_records.read(data, "cut.pdf").faults)
    except TableError as error:
        return str(error)


def test_a_giant_file_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figure_records, "LARGEST_PDF", 10)
    with pytest.raises(TableError, match="expected at most 10"):
        figure_records.read(embedded(), "x.pdf")
