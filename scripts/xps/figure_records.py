"""A figure's PDF carries what made it: ``embed`` puts record and plotted numbers in, ``read`` takes them out again.

Inside are: the short record, a line of JSON under Keywords of the document information; the attachment
``lineage.json``, the whole record with all ancestors; the attachment ``<figure>.csv``, the plotted numbers. The short
record holds the hashes of the other parts (drawing, lineage, numbers), so that a PDF that was touched shows it alone,
in an empty folder. Whoever forges all of them together is caught by making the figure again, by nothing less.

Same pages, same numbers and same record give the same bytes: no dates but a fixed one, no random identifiers.
A PDF that is read may come from anywhere: sizes are limited before anything is unpacked, nothing is executed.
"""

import hashlib
import io
import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any

import pikepdf

from xps.errors import TableError
from xps.provenance import Record, bytes_sha256

LINEAGE_NAME = "lineage.json"
LARGEST_PDF = 256 << 20
"""Bytes of a PDF that is read at all. ASSUME vector pages of a thousand panels stay below."""
LARGEST_PART = 256 << 20
"""Bytes that one attachment may unpack to."""

# A PDF attachment must have dates; this one stands for "no date", a real one would differ from run to run.
_NO_DATE = "D:20000101000000Z"
_CONTAINERS = ("/EmbeddedFile", "/ObjStm", "/XRef", "/Metadata")


@dataclass(frozen=True, slots=True)
class Carried:
    """What a figure's PDF says about itself."""

    record: Record
    csv_name: str
    csv: bytes
    """The plotted numbers as attached."""
    faults: tuple[str, ...]
    """Which of its parts are not those that its short record names; empty for a PDF as it was made."""


def embed(pdf: bytes, title: str, subject: str, record: Record, csv_name: str, csv: bytes) -> bytes:
    """Return ``pdf`` with ``record`` and the plotted numbers inside."""
    with pikepdf.open(io.BytesIO(pdf)) as document:
        lineage = (record.to_json() + "\n").encode()
        document.docinfo["/Title"] = title
        document.docinfo["/Subject"] = subject
        document.docinfo["/Keywords"] = _short_record(record, csv_name, csv, lineage, _drawing_sha256(document))
        _attach(document, LINEAGE_NAME, lineage, "application/json", "what made this figure, back to the raw files")
        _attach(document, csv_name, csv, "text/csv", "the plotted numbers")
        return _saved(document)


def read(data: bytes, place: str) -> Carried:
    """Return what the PDF ``data`` says about itself; TableError naming ``place`` when that cannot be had or believed.

    Parts that do not fit together are no reason to refuse: they are told in ``faults``.
    """
    if len(data) > LARGEST_PDF:
        raise TableError(f"{place}: has {len(data)} bytes, expected at most {LARGEST_PDF}; this is no figure of ours")
    try:
        with pikepdf.open(io.BytesIO(data)) as document:
            short = _read_short(document, place)
            lineage = _unpacked(document, LINEAGE_NAME, place)
            csv_name = str(short["numbers"])
            csv = _unpacked(document, csv_name, place)
            drawing = _drawing_sha256(document)
    except pikepdf.PdfError as error:
        raise TableError(f"{place}: not a readable PDF ({error}); take the file as it was made") from error
    record = Record.from_json(lineage, f"{place}, attached {LINEAGE_NAME}")
    return Carried(record, csv_name, csv, tuple(_misfits(short, record, lineage, csv, drawing)))


def thumbnail(data: bytes) -> bytes:
    """Return the small picture of the first page as PNG, empty where the PDF has none that can be used."""
    try:
        with pikepdf.open(io.BytesIO(data)) as document:
            stream = document.pages[0].get("/Thumb")
            if not isinstance(stream, pikepdf.Stream):
                return b""
            width, height = int(stream["/Width"]), int(stream["/Height"])
            palette = _limited(stream["/ColorSpace"][3], "thumbnail")
            places = _limited(stream, "thumbnail")
    except (pikepdf.PdfError, KeyError, IndexError, TypeError, ValueError, TableError):
        return b""
    fits = len(places) == width * height > 0 and len(palette) % 3 == 0 and 3 <= len(palette) <= 768
    return _png(places, palette, width, height) if fits and 3 * max(places) < len(palette) else b""


def _png(places: bytes, palette: bytes, width: int, height: int) -> bytes:
    """Return a PNG file whose pixels are ``places`` in a ``palette`` of red, green, blue, row by row."""
    rows = b"".join(b"\0" + places[start : start + width] for start in range(0, len(places), width))
    chunks = {
        b"IHDR": struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0),
        b"PLTE": palette,
        b"IDAT": zlib.compress(rows, 9),
        b"IEND": b"",
    }
    parts = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks.items()
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def _short_record(record: Record, csv_name: str, csv: bytes, lineage: bytes, drawing_sha256: str) -> str:
    """Return the record in a line of JSON: who made what from which data; the attached lineage has the rest."""
    short = {
        "artefact": record.artefact,
        "rule": record.rule,
        "data_origin": record.data_origin,
        "fingerprint": record.fingerprint,
        "content_sha256": bytes_sha256(csv),
        "attached": LINEAGE_NAME,
        "lineage_sha256": bytes_sha256(lineage),
        "numbers": csv_name,
        "drawing_sha256": drawing_sha256,
    }
    return json.dumps(short, sort_keys=True)


def _read_short(document: pikepdf.Pdf, place: str) -> dict[str, Any]:
    keywords = str(document.docinfo.get("/Keywords", ""))
    if not keywords:
        raise TableError(f"{place}: a PDF without a record; only figures of this pipeline carry one")
    try:
        short = json.loads(keywords)
        return {key: str(short[key]) for key in ("artefact", "lineage_sha256", "numbers", "drawing_sha256")}
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        remedy = "take the file as it was made, or make it again"
        raise TableError(f"{place}: its document information holds no readable record ({error}); {remedy}") from error


def _misfits(short: dict[str, Any], record: Record, lineage: bytes, csv: bytes, drawing: str) -> list[str]:
    checks = {
        "the drawing is not the one that was recorded": drawing == short["drawing_sha256"],
        f"the attached {LINEAGE_NAME} is not the one that was recorded": (
            bytes_sha256(lineage) == short["lineage_sha256"] and record.artefact == short["artefact"]
        ),
        "the attached numbers are not those that were recorded": bytes_sha256(csv) == record.content_sha256,
    }
    return [fault for fault, sound in checks.items() if not sound]


def _drawing_sha256(document: pikepdf.Pdf) -> str:
    """Return a hash of all that the pages draw with: every stream but the attachments, whatever their order."""
    digest = hashlib.sha256()
    digest.update(str(len(document.pages)).encode())
    for one in sorted(_stream_hashes(document)):
        digest.update(one)
    return digest.hexdigest()


def _stream_hashes(document: pikepdf.Pdf) -> list[bytes]:
    streams = [item for item in document.objects if isinstance(item, pikepdf.Stream)]
    drawn = [item for item in streams if str(item.get("/Type", "")) not in _CONTAINERS]
    return [hashlib.sha256(_limited(item, "drawing")).digest() for item in drawn]


def _unpacked(document: pikepdf.Pdf, name: str, place: str) -> bytes:
    if name not in document.attachments:
        raise TableError(f"{place}: its record names the attachment {name!r}, which is not there; make it again")
    return _limited(document.attachments[name].obj["/EF"]["/F"], f"{place}, attached {name}")


def _limited(stream: Any, place: str) -> bytes:
    """Return the stream's bytes, refusing one that would unpack to more than it may."""
    if str(stream.get("/Filter", "")) != "/FlateDecode":
        data = bytes(stream.read_bytes())
    else:
        unpacking = zlib.decompressobj()
        try:
            data = unpacking.decompress(stream.read_raw_bytes(), LARGEST_PART)
        except zlib.error as error:
            raise TableError(f"{place}: cannot be unpacked ({error}); take the file as it was made") from error
        if unpacking.unconsumed_tail:
            raise TableError(f"{place}: unpacks to more than {LARGEST_PART} bytes; this is no figure of ours")
    return data


def _attach(document: pikepdf.Pdf, name: str, data: bytes, mime_type: str, description: str) -> None:
    document.attachments[name] = pikepdf.AttachedFileSpec(
        document,
        data,
        filename=name,
        description=description,
        mime_type=mime_type,
        creation_date=_NO_DATE,
        mod_date=_NO_DATE,
    )


def _saved(document: pikepdf.Pdf) -> bytes:
    saved = io.BytesIO()
    document.save(
        saved, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True
    )
    return saved.getvalue()
