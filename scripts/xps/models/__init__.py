"""The fit model: which windows, backgrounds, components, doublets and ties describe a spectrum.

``from_mapping`` turns the content of config/models/<model>.yaml, whose shape the schema has checked, into a frozen
``FitModel`` and checks its sense: all faults at once, as one ConfigError. ``FitModel.check_against`` compares a model
with the regions that an experiment has measured. Nothing here fits or draws.

A model may have several windows that are fitted together (Ge 3d with P 2p, because Ge 3p lies under P 2p).
"""

from xps.models.agreement import faults
from xps.models.reading import from_mapping, windows_from
from xps.models.records import (
    Alternative,
    Background,
    Component,
    Doublet,
    Film,
    FitModel,
    Series,
    Shape,
    Shared,
    Span,
    Tie,
    Window,
)

__all__ = [
    "Alternative",
    "Background",
    "Component",
    "Doublet",
    "Film",
    "FitModel",
    "Series",
    "Shape",
    "Shared",
    "Span",
    "Tie",
    "Window",
    "faults",
    "from_mapping",
    "windows_from",
]
