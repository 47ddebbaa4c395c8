"""The caption of a figure: what is shown, how it was made, and what is left out."""

import re
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from xps.figures.lettering import sample_names, typeset
from xps.figures.reading.frames import frames
from xps.figures.words import facts
from xps.provenance import Record

_ORIGINS = {
    "simulated": "**SIMULATED DATA:** a program made these spectra; nothing here was measured.",
    "mixed": "**PARTLY SIMULATED DATA:** measured and simulated spectra meet in this figure.",
}


def write(name: str, shown: str, settings: Mapping[str, Any], tables: Mapping[str, pa.Table], record: Record) -> str:
    """Return the caption of the figure ``name`` as Markdown, one paragraph per subject.

    ``shown`` is what the figure's kind says of itself; the rest follows from those tables that the figure was given.
    Experiments are called by their labels, where the settings know them, and formulas are typeset.
    """
    held = frames(tables, settings)
    told = [facts.left_out(held), facts.energy_scale(held), facts.fitting(held)]
    first, *others = (typeset(sample_names(text, settings)) for text in (shown, *told))
    sources = facts.sources(held, settings.get("axis", ""), record)
    paragraphs = [f"**{name}.** {first}", _ORIGINS.get(record.data_origin, ""), *others, sources]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def first_sentence(text: str) -> str:
    """Return the caption's name and first sentence without Markdown marks."""
    plain = re.sub(r"[*`]", "", text.split("\n\n")[0])
    words = plain.split(". ")
    return ". ".join(words[:2]).rstrip(".") + "."
