"""Stage quantify_composition: atomic percent of elements and species, from core levels and from surveys.

When to use what: ``quantify`` for the whole stage; ``faults`` before a run, to learn whether every counted level has a
factor. What a factor holds and lacks is the matter of ``xps.sensitivity``.

Rooms, from the ground up: ``shares`` (atoms to percent, with errors), ``areas`` (what an acquisition shows of a level),
``survey`` (windows over a background), ``agreement`` (do experiments and factor tables fit), ``stage`` (the table).

Atomic percent is that of a homogeneous sample. A layered one has no composition in that sense: use the numbers to
follow a series, and the layer models for amounts.
"""

from xps.quantification.agreement import faults
from xps.quantification.shares import Shares, atomic_percent
from xps.quantification.stage import quantify
from xps.quantification.survey import SurveyArea, window_area

__all__ = [
    "Shares",
    "SurveyArea",
    "atomic_percent",
    "faults",
    "quantify",
    "window_area",
]
