"""One look for all figures: sizes, fonts, and one colour per chemical species in every figure of the project.

Colours come from the colour-blind-safe sets of Okabe & Ito (2008) and Paul Tol (2021). A species that is not in the
registry gets a colour by its name, so that it keeps it from figure to figure unless another species of the figure has
that colour already.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

CM = 1 / 2.54
WIDTH_CM = {"single": 8.3, "double": 17.1}
PAGE_HEIGHT_CM = 23.4
SMALL_PT = 6.0
TEXT_PT = 7.0
TITLE_PT = 8.0

DATA_GREY = "#8C8C8C"
FAILURE_RED = "#C1121F"
BAND_GREY = "#E9E9E9"

# Type 42 = TrueType, whole glyph outlines that an editor's software can search and edit; DejaVu Sans comes with
# matplotlib, so no font of the machine decides what the page looks like. ISO dates and hash salts do not occur in PDF.
RC: Mapping[str, Any] = {
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": TEXT_PT,
    "mathtext.fontset": "dejavusans",
    "axes.titlesize": TITLE_PT,
    "axes.labelsize": TEXT_PT,
    "axes.linewidth": 0.5,
    "axes.unicode_minus": True,
    "xtick.labelsize": SMALL_PT,
    "ytick.labelsize": SMALL_PT,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "xtick.major.size": 2.2,
    "ytick.major.size": 2.2,
    "xtick.minor.size": 1.2,
    "ytick.minor.size": 1.2,
    "xtick.major.width": 0.5,
    "ytick.major.width": 0.5,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "xtick.major.pad": 2.0,
    "ytick.major.pad": 2.0,
    "hatch.linewidth": 0.4,
    "lines.linewidth": 0.7,
    "path.simplify": False,
    "figure.dpi": 100,
    "savefig.dpi": 300,
}

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
    "O 2s (Li oxides)": "#4BA886",
    # phosphorus and sulphur
    "PO4": "#56B4E9",
    "PO4 + LiOH": "#4477AA",
    "PS4": "#44AA99",
    "LixP": "#999933",
    "Li3P": "#882255",
    "Li2S": "#DDCC77",
    "S0": "#225522",
    # aluminium
    "AlO6": "#117733",
    "Al-SEI": "#EE8866",
    "Al0": "#666633",
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
    # what is no species of the sample
    "loss": "#D9D2C5",
}
_FALLBACK_COLOURS = (
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
_MARKERS = ("o", "s", "D", "^", "v", "P", "X", "<", ">", "p", "h", "*")


class SpeciesStyle(NamedTuple):
    """Colour and marker of a species; the marker tells species apart where colour is lost."""

    colour: str
    marker: str


def species_styles(species: Iterable[str]) -> dict[str, SpeciesStyle]:
    """Return a style for each of a figure's species, sorted by name; markers differ within the figure."""
    names = sorted(set(species))
    colours = _figure_colours(names)
    return {name: SpeciesStyle(colours[name], _MARKERS[index % len(_MARKERS)]) for index, name in enumerate(names)}


def _figure_colours(names: Sequence[str]) -> dict[str, str]:
    """Registered species keep their colour; of the others each next one moves on to a colour that is still free."""
    colours = {name: species_colour(name) for name in names if _is_registered(name)}
    for name in names:
        if name not in colours:
            first = _FALLBACK_COLOURS.index(species_colour(name))
            turned = _FALLBACK_COLOURS[first:] + _FALLBACK_COLOURS[:first]
            # With more species than colours some must share; markers and names still differ.
            colours[name] = next((colour for colour in turned if colour not in colours.values()), turned[0])
    return colours


def _is_registered(species: str) -> bool:
    return species in SPECIES_COLOURS or species.endswith(" loss")


def species_colour(species: str) -> str:
    """Return the colour (``#rrggbb``) of a species; a figure may move an unregistered one on to a free colour."""
    if species in SPECIES_COLOURS:
        return SPECIES_COLOURS[species]
    if species.endswith(" loss"):
        return SPECIES_COLOURS["loss"]
    digest = hashlib.sha256(species.encode()).digest()
    return _FALLBACK_COLOURS[digest[0] % len(_FALLBACK_COLOURS)]


_SUPERSCRIPT = str.maketrans("0123456789+-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻")
_SUBSCRIPT = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")
_ELEMENT_CHARGE = re.compile(r"([A-Z][a-z]?)(\d*[+-]|0)(?![\w-])")
_FORMULA_DIGITS = re.compile(r"(?<=[A-Za-z)])(\d+)(?![\d+-])")


def chemical_label(name: str) -> str:
    """Return ``name`` typeset as chemistry: Ge4+ as Ge⁴⁺, Li0 as Li⁰, PO4 as PO₄; core levels stay as they are."""
    charged = _ELEMENT_CHARGE.sub(lambda match: match[1] + match[2].translate(_SUPERSCRIPT), name)
    return _FORMULA_DIGITS.sub(lambda match: match[1].translate(_SUBSCRIPT), charged)


class AxisText(NamedTuple):
    """How a time axis is written: heading, unit and the factor from seconds to it."""

    heading: str
    unit: str
    per_second: float


_HEADINGS = {
    "plating_time_s": "Plating time",
    "rest_time_s": "Rest time",
    "sputter_time_s": "Sputter time",
    "start_time_s": "Elapsed time",
}


def axis_text(axis: str, longest_s: float, *, lower_bound: bool = False) -> AxisText:
    """Return heading and unit for an ``axis`` whose largest value is ``longest_s`` seconds.

    A ``lower_bound`` is no measured time, and the heading says so.
    """
    heading = f"{_HEADINGS[axis]}, at least" if lower_bound else _HEADINGS[axis]
    if longest_s < 180:
        return AxisText(heading, "s", 1.0)
    if longest_s < 36000:
        return AxisText(heading, "min", 1 / 60)
    return AxisText(heading, "h", 1 / 3600)
