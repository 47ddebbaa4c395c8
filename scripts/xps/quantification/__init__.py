"""Stage quantify_composition: atomic percent of elements and species, from core levels and from surveys.

When to use what: ``made`` for both tables of a series, ``faults`` before a run, to learn whether every counted level
has a factor. What a factor holds and lacks is the matter of ``xps.sensitivity``.

Rooms, from the ground up: ``shares`` (atoms to percent, with errors), ``areas`` (what an acquisition shows of a level),
``survey`` (windows over a background), ``agreement`` (do experiments and factor tables fit), ``counted`` and
``survey_rows`` (atoms to rows), ``stage`` (the table composition), ``degradation`` (first survey against last),
``series`` (both, some acquisitions at a time).

Atomic percent is that of a homogeneous sample. A layered one has no composition in that sense: use the numbers to
follow a series, and the layer models for amounts.
"""

from xps.quantification.agreement import faults
from xps.quantification.series import made
from xps.quantification.shares import Shares, atomic_percent
from xps.quantification.survey import SurveyArea, window_area

__all__ = [
    "Shares",
    "SurveyArea",
    "atomic_percent",
    "faults",
    "made",
    "window_area",
]
