"""Pages to one PDF that carries its own record: document information, lineage and plotted numbers attached.

Same pages, same numbers and same record give the same bytes: no dates but a fixed one, no random identifiers.
"""

import io
import json
import logging
from collections.abc import Sequence

import pikepdf
from matplotlib.backends.backend_pdf import PdfPages
from matplotlib.figure import Figure

from xps.figures import page
from xps.provenance import Record

# A PDF attachment must have dates; this one stands for "no date", a real one would differ from run to run.
_NO_DATE = "D:20000101000000Z"
LINEAGE_NAME = "lineage.json"
# What a font subsetter does to each glyph would bury what a job's log has to say.
for _name in ("fontTools", "pikepdf"):
    logging.getLogger(_name).setLevel(logging.WARNING)


def assemble(pages: Sequence[Figure], title: str, subject: str, record: Record, csv_name: str, csv: bytes) -> bytes:
    """Return the PDF of ``pages`` with ``record`` and the plotted numbers inside."""
    bare = io.BytesIO()
    with page.project_style(), PdfPages(bare, metadata={"CreationDate": None, "ModDate": None}) as document:
        for figure in pages:
            document.savefig(figure)
    with pikepdf.open(io.BytesIO(bare.getvalue())) as pdf:
        pdf.docinfo["/Title"] = title
        pdf.docinfo["/Subject"] = subject
        pdf.docinfo["/Keywords"] = short_record(record)
        lineage = (record.to_json() + "\n").encode()
        _attach(pdf, LINEAGE_NAME, lineage, "application/json", "what made this figure, back to the raw files")
        _attach(pdf, csv_name, csv, "text/csv", "the plotted numbers")
        return _saved(pdf)


def short_record(record: Record) -> str:
    """Return the record in a line of JSON: who made what from which data; the attached lineage has the rest."""
    return json.dumps(
        {
            "artefact": record.artefact,
            "rule": record.rule,
            "data_origin": record.data_origin,
            "fingerprint": record.fingerprint,
            "content_sha256": record.content_sha256,
            "attached": LINEAGE_NAME,
        },
        sort_keys=True,
    )


def _attach(pdf: pikepdf.Pdf, name: str, data: bytes, mime_type: str, description: str) -> None:
    pdf.attachments[name] = pikepdf.AttachedFileSpec(
        pdf,
        data,
        filename=name,
        description=description,
        mime_type=mime_type,
        creation_date=_NO_DATE,
        mod_date=_NO_DATE,
    )


def _saved(pdf: pikepdf.Pdf) -> bytes:
    saved = io.BytesIO()
    pdf.save(saved, deterministic_id=True, object_stream_mode=pikepdf.ObjectStreamMode.generate, compress_streams=True)
    return saved.getvalue()
