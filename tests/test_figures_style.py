"""One look for all figures: colours per species, also for the colour-blind, chemistry in type, units of time."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from xps.figures import lettering, palette, style

EXPERIMENTS = sorted((Path(__file__).parents[1] / "config" / "experiments").glob("*.yaml"))
MODELS = sorted((Path(__file__).parents[1] / "config" / "models").glob("*.yaml"))

# Machado, Oliveira & Fernandes, IEEE Trans. Vis. Comput. Graph. 15 (2009) 1291: full severity, on linear RGB.
VISION = {
    "normal": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
# A difference of 2.3 in CIE Lab is just noticeable side by side; areas in one small panel need several times that.
LEAST_DIFFERENCE = 10.0


def lab(colour: str, vision: str) -> np.ndarray:
    """CIE L*a*b* (D65) of ``#rrggbb`` as that kind of vision sees it."""
    srgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(srgb <= 0.04045, srgb / 12.92, ((srgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(VISION[vision]) @ linear, 0, 1)
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ seen
    f = np.cbrt(xyz / np.array([0.9505, 1.0, 1.089]))
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def windows() -> dict[str, str]:
    """The measured window that each core level lies in, from the experiment files."""
    regions = [yaml.safe_load(path.read_text())["regions"] for path in EXPERIMENTS]
    return {level: region for named in regions for region, levels in named.items() for level in levels}


def neighbours() -> list[tuple[str, str, str]]:
    """Pairs of species that the project's models put into one panel: into one measured window."""
    pairs, regions = set(), windows()
    for path in MODELS:
        parts = yaml.safe_load(path.read_text())["components"]
        for first, second in combinations(parts, 2):
            together = regions.get(first["core_level"]) == regions.get(second["core_level"])
            if together and first["species"] != second["species"]:
                pairs.add((path.stem, *sorted((first["species"], second["species"]))))
    return sorted(pairs)


def test_there_are_models_to_check():
    assert len(neighbours()) > 5


@pytest.mark.parametrize("vision", VISION)
def test_species_of_one_core_level_can_be_told_apart(vision: str):
    alike = []
    for model, first, second in neighbours():
        colours = palette.species_colour(first), palette.species_colour(second)
        difference = np.linalg.norm(lab(colours[0], vision) - lab(colours[1], vision))
        if difference < LEAST_DIFFERENCE:
            alike.append(f"{model}: {first} {colours[0]} and {second} {colours[1]} differ by {difference:.1f}")
    assert alike == []


def test_every_species_of_the_models_has_a_colour_of_the_registry():
    species = {part["species"] for path in MODELS for part in yaml.safe_load(path.read_text())["components"]}
    losses = {name for name in species if name.endswith(" loss")}
    assert sorted(species - set(palette.SPECIES_COLOURS) - losses) == []


def test_a_loss_looks_like_a_loss_whatever_its_line():
    assert (
        palette.species_colour("Sn 3d loss") == palette.species_colour("Li 1s loss") == palette.SPECIES_COLOURS["loss"]
    )


@given(st.text(min_size=1, max_size=20))
def test_a_species_keeps_its_colour_from_figure_to_figure(name: str):
    colour = palette.species_styles([name, "Ge4+", "Li0"])[name].colour
    assert colour == palette.species_styles(["SnO2", name])[name].colour == palette.species_colour(name)
    assert len(colour) == 7
    assert int(colour[1:], 16) >= 0


def test_markers_differ_within_a_figure_and_do_not_depend_on_order():
    names = [f"species {i}" for i in range(12)]
    styles = palette.species_styles(names)
    assert len({look.marker for look in styles.values()}) == 12
    assert styles == palette.species_styles(names[::-1])


def test_elements_and_lithium_species_have_one_marker_in_the_figures_of_both_electrolytes():
    """Story: germanium was a circle for LGPS and a square for LAGP."""
    elements = [palette.species_styles(["Ge", "P", "Li", "O", other]) for other in ("S", "Al")]
    species = [palette.species_styles(["Li+ (SE)", "Li-SEI", "Li0", "Li2O", "Ge4+", "Ge0", *more])
               for more in (["PS4", "LixP", "Li3P", "Li2S"], ["PO4", "AlO6", "Al-SEI", "LiOH"])]  # fmt: skip
    for one, other in (elements, species):
        shared = one.keys() & other.keys()
        assert len(shared) >= 4
        assert {name: one[name] for name in shared} == {name: other[name] for name in shared}


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Ge4+", "Ge⁴⁺"),
        ("Li+ (SE)", "Li⁺ (SE)"),
        ("Li0", "Li⁰"),
        ("Li0 plasmon", "Li⁰ plasmon"),
        ("Sn2+/Sn0", "Sn²⁺/Sn⁰"),
        ("PO4", "PO₄"),
        ("Li2CO3", "Li₂CO₃"),
        ("PO4 + LiOH", "PO₄ + LiOH"),
        ("AlO6", "AlO₆"),
        ("Li3P", "Li₃P"),
        ("LixP", "LiₓP"),
        ("Max", "Max"),
        ("Al-SEI", "Al-SEI"),
        ("C-C/C-H", "C-C/C-H"),
        ("O-C=O", "O-C=O"),
        ("O 2s", "O 2s"),
        ("Ge 3p3/2 - Ge 3d5/2 of Ge0", "Ge 3p3/2 - Ge 3d5/2 of Ge⁰"),
    ],
)
def test_chemistry_is_typeset(name: str, label: str):
    assert lettering.chemical_label(name) == label


@pytest.mark.parametrize(
    ("longest_s", "unit", "one"), [(0, "s", 1), (120, "s", 1), (4200, "min", 60), (36000, "h", 3600)]
)
def test_time_is_written_in_a_readable_unit(longest_s: float, unit: str, one: float):
    text = lettering.axis_text("plating_time_s", longest_s)
    assert (text.heading, text.unit) == ("Plating time", unit)
    assert one * text.per_second == pytest.approx(1)


def test_widths_are_those_of_journals_and_no_type_is_below_6_pt():
    assert style.WIDTH_CM == {"single": 8.3, "double": 17.1}
    sizes = [value for key, value in style.RC.items() if key.endswith(("size",)) and key.startswith(("font", "axes"))]
    sizes += [style.RC["xtick.labelsize"], style.RC["ytick.labelsize"], style.SMALL_PT, style.TEXT_PT, style.TITLE_PT]
    assert min(sizes) >= 6


@given(st.lists(st.text("abcdefgh", min_size=1, max_size=6), min_size=2, max_size=8, unique=True))
def test_unknown_species_of_one_figure_never_share_a_colour(names: list[str]):
    styles = palette.species_styles([*names, "Ge4+", "PO4 + LiOH"])
    assert len({look.colour for look in styles.values()}) == len(names) + 2
    assert styles["PO4 + LiOH"].colour == palette.SPECIES_COLOURS["PO4 + LiOH"]
    assert styles == palette.species_styles(["PO4 + LiOH", *names[::-1], "Ge4+"])


def test_more_unknown_species_than_colours_share_them_but_not_markers():
    styles = palette.species_styles([f"x{i}" for i in range(13)])
    assert len({look.colour for look in styles.values()}) == 12
    assert len(set(styles.values())) == 13
