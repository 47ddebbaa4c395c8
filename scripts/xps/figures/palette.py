"""One colour per chemical species in every figure of the project, and a marker beside it.

Colours come from the colour-blind-safe sets of Okabe & Ito (2008) and Paul Tol (2021). A species that is not in the
registry gets a colour by its name, so that it keeps it from figure to figure unless another species of the figure has
that colour already.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

# Neighbours in one core level differ in lightness as well as in hue.
SPECIES_COLOURS: Mapping[str, str] = {
    # lithium
    "Li+": "#0072B2",
    "Li+ (SE)": "#0072B2",
    "Li-SEI": "#E69F00",
    "Li0": "#D55E00",
    "Li0 plasmon": "#F2C9A1",
    "Li2O": "#009E73",
    "LiOH": "#CCBB44",
    "Li2CO3": "#AA4499",
    "CO3": "#AA4499",
    # germanium and its neighbours
    "Ge4+": "#332288",
    "Ge0": "#CC6677",
    "O 2s": "#BBBBBB",
    "O 2s (Li2O)": "#2E8B6F",
    "O 2s (Li oxides)": "#2E8B6F",
    "O 2s (C-O)": "#E3B7D1",
    # phosphorus and sulphur
    "PO4": "#56B4E9",
    "PO4 + LiOH": "#4477AA",
    "PS4": "#44AA99",
    "LixP": "#999933",
    "Li3P": "#882255",
    "Li2S": "#DDCC77",
    "S0": "#225522",
    "SO4": "#AA3377",
    # aluminium
    "AlO6": "#117733",
    "Al-SEI": "#EE8866",
    "Al0": "#666633",
    "Al oxide": "#77AADD",
    # carbon
    "C-C": "#555555",
    "C-C/C-H": "#555555",
    "C-O": "#CC79A7",
    "C=O": "#EECC66",
    "O-C=O": "#EECC66",
    # tin oxide on silicon
    "SnO2": "#0072B2",
    "Sn4+": "#0072B2",
    "SnO": "#E69F00",
    "Sn2+": "#E69F00",
    "Sn reduced": "#D55E00",
    "Sn2+/Sn0": "#D55E00",
    "Sn0": "#D55E00",
    "SiO2": "#009E73",
    "Si4+": "#009E73",
    "Si0": "#882255",
    # phases that are no species of a fit
    "Ge": "#CC6677",
    "Li15Ge4": "#E69F00",
    "Li9Al4": "#666633",
    "Li3PO4": "#56B4E9",
    "AlPO4": "#117733",
    "LiAlO2": "#AA4499",
    "Li4P2O7": "#332288",
    # layers
    "SEI": "#E69F00",
    # elements
    "Li": "#0072B2",
    "O": "#009E73",
    "C": "#555555",
    "P": "#56B4E9",
    "S": "#DDCC77",
    "Al": "#EE8866",
    # what is no species of the sample
    "loss": "#D9D2C5",
}
FALLBACK_COLOURS = (
    "#4477AA",
    "#EE6677",
    "#228833",
    "#EECC66",
    "#66CCEE",
    "#AA3377",
    "#77AADD",
    "#FFAABB",
    "#44BB99",
    "#AAAA00",
    "#6F4C9B",
    "#B8221E",
)
MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">", "p", "h", "*")


class SpeciesStyle(NamedTuple):
    """Colour and marker of a species; the marker tells species apart where colour is lost."""

    colour: str
    marker: str


def species_styles(species: Iterable[str]) -> dict[str, SpeciesStyle]:
    """Return a style for each of a figure's species, sorted by name; markers differ within the figure.

    A species has the same marker in every figure, unless one that stands before it in the registry has that already.
    """
    names = sorted(set(species))
    colours, markers = _figure_colours(names), _figure_markers(names)
    return {name: SpeciesStyle(colours[name], markers[name]) for name in names}


def _figure_markers(names: Sequence[str]) -> dict[str, str]:
    registry = list(SPECIES_COLOURS)
    places = {name: registry.index(name) if name in registry else _digest(name) for name in names}
    markers: dict[str, str] = {}
    for name in sorted(names, key=lambda name: (name not in registry, places[name])):
        markers[name] = _free(MARKERS, places[name], markers.values())
    return markers


def _free(choices: Sequence[str], first: int, taken: Iterable[str]) -> str:
    """Return the next of the ``choices`` from the ``first`` on that is not taken; the first where all are."""
    turned = [choices[(first + step) % len(choices)] for step in range(len(choices))]
    return next((choice for choice in turned if choice not in taken), turned[0])


def _digest(species: str) -> int:
    return hashlib.sha256(species.encode()).digest()[0]


def _figure_colours(names: Sequence[str]) -> dict[str, str]:
    """Registered species keep their colour; of the others each next one moves on to a colour that is still free."""
    colours = {name: species_colour(name) for name in names if _is_registered(name)}
    for name in names:
        if name not in colours:
            colours[name] = _free(FALLBACK_COLOURS, _digest(name), colours.values())
    return colours


def _is_registered(species: str) -> bool:
    return species in SPECIES_COLOURS or species.endswith(" loss")


def species_colour(species: str) -> str:
    """Return the colour (``#rrggbb``) of a species; a figure may move an unregistered one on to a free colour."""
    if species in SPECIES_COLOURS:
        return SPECIES_COLOURS[species]
    if species.endswith(" loss"):
        return SPECIES_COLOURS["loss"]
    return FALLBACK_COLOURS[_digest(species) % len(FALLBACK_COLOURS)]
