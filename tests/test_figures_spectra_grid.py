"""The drawn pages of a grid of spectra: directions, labels, frames, colours, page breaks, no text over text."""

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure

import synthetic_tables
from page_texts import outside, overlapping, texts, words
from xps import tables
from xps.errors import ConfigError
from xps.figures import lettering, palette, style
from xps.figures.kinds import spectra_grid
from xps.figures.kinds.spectra_grid import scale

SETTINGS = {"kind": "spectra_grid", "experiment": synthetic_tables.EXPERIMENT, "axis": "plating_time_s"}
PROFILE = {**SETTINGS, "axis": "sputter_time_s", "last_column": "shift_ev", "rows_per_page": 7}


def drawn(series: synthetic_tables.Series, **settings: Any) -> tuple[list[Figure], Any]:
    return spectra_grid.draw({**SETTINGS, **settings}, synthetic_tables.make(series), series.data_origin)


@pytest.fixture(scope="module")
def troubled() -> tuple[list[Figure], Any]:
    series = synthetic_tables.vep_series(
        failed=frozenset({("Ge3d", 2)}), missing=frozenset({("O1s", 1)}), excluded={3: "lost"}
    )
    return drawn(series, last_column="charge_uah")


@pytest.fixture(scope="module")
def profile() -> tuple[list[Figure], Any]:
    return spectra_grid.draw(PROFILE, synthetic_tables.make(synthetic_tables.long_series()), "measured")


def named(figure: Figure, label: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_label() == label)


def mains(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if not str(axes.get_label()).endswith("residual")]


def test_binding_energy_decreases_to_the_right_with_one_range_per_column(troubled: tuple[list[Figure], Any]):
    ranges: dict[str, set[tuple[float, float]]] = {}
    for axes in mains(troubled[0][0]):
        left, right = axes.get_xlim()
        assert left > right
        ranges.setdefault(str(axes.get_label()).split("|")[1], set()).add((left, right))
    assert {region: len(found) for region, found in ranges.items()} == {"Li1s": 1, "Ge3d": 1, "P2p": 1, "O1s": 1}


def test_rows_and_columns_are_counted(troubled: tuple[list[Figure], Any]):
    assert len(mains(troubled[0][0])) == 3 * 4
    assert len(troubled[0][0].axes) == 2 * 3 * 4


def test_labels_carry_units(troubled: tuple[list[Figure], Any]):
    found = words(troubled[0][0])
    for expected in ("Binding energy (eV)", "Plating\ntime", "0 min", "5 min", "30 min", "Charge\n(µAh)", "10.00"):
        assert expected in found
    assert "70 min" not in found


def test_core_levels_head_the_columns_with_the_meaning_of_the_factor(troubled: tuple[list[Figure], Any]):
    found = words(troubled[0][0])
    assert {"Li 1s", "Ge 3d, O 2s", "P 2p, Ge 3p", "O 1s"} <= set(found)
    assert sum(word.startswith("×1 = ") and word.endswith("cps") for word in found) == 4
    assert found.count("residual ±5 σ") == 4


def test_factors_say_how_often_a_panel_is_magnified():
    series = synthetic_tables.vep_series()
    figure = drawn(series)[0][0]
    curves = synthetic_tables.make(series)["curves"].to_pandas()
    spans = {}
    for acquisition, rows in curves[curves["region"] == "O1s"].groupby("acquisition"):
        columns = rows[["data_cps", "envelope_cps", "background_cps"]]
        spans[acquisition] = columns.max().max() - columns.min().min()
    for acquisition, span in spans.items():
        axes = named(figure, f"lagp_o1s|O1s|{acquisition}")
        assert axes.texts[0].get_text() == f"×{max(spans.values()) / span:.2g}"


def test_one_scale_per_column_prints_no_factor_and_shares_the_range():
    figure = drawn(synthetic_tables.vep_series(), scale="column")[0][0]
    limits = {axes.get_ylim() for axes in mains(figure) if "|O1s|" in str(axes.get_label())}
    assert len(limits) == 1
    assert not any(word.startswith("×") for word in words(figure))
    assert "Intensity (one scale per column)" in words(figure)


def test_a_failed_fit_is_framed_red_and_keeps_its_data(troubled: tuple[list[Figure], Any]):
    axes = named(troubled[0][0], "lagp_ge3d_p2p|Ge3d|2")
    assert {to_hex(spine.get_edgecolor()) for spine in axes.spines.values()} == {style.FAILURE_RED.lower()}
    assert any(item.get_text().startswith("fit failed: no") for item in axes.texts)
    assert sum(line.get_linestyle() == "None" for line in axes.lines) == 1
    assert not axes.collections
    healthy = named(troubled[0][0], "lagp_ge3d_p2p|Ge3d|1")
    assert {to_hex(spine.get_edgecolor()) for spine in healthy.spines.values()} == {"#000000"}
    assert "fit failed" in words(troubled[0][0])


def test_a_window_that_was_not_measured_says_so(troubled: tuple[list[Figure], Any]):
    axes = named(troubled[0][0], "lagp_o1s|O1s|1")
    assert [item.get_text() for item in axes.texts] == ["not\nmeasured"]
    assert not axes.lines


def fills(axes: Axes) -> list[str]:
    found = [item for item in axes.collections if isinstance(item, PolyCollection) and len(item.get_facecolor())]
    return [to_hex(item.get_facecolor()[0]) for item in found if item.get_facecolor()[0][3] > 0]


def test_a_species_has_the_same_colour_in_every_core_level(troubled: tuple[list[Figure], Any]):
    germanium = palette.species_colour("Ge4+").lower()
    for region in ("Ge3d", "P2p"):
        assert germanium in fills(named(troubled[0][0], f"lagp_ge3d_p2p|{region}|1"))


def test_uncertain_components_are_hatched_and_undetected_ones_not_filled(troubled: tuple[list[Figure], Any]):
    figure = troubled[0][0]
    hatched = [item.get_hatch() for item in named(figure, "lagp_ge3d_p2p|P2p|1").collections]
    assert sum(hatch is not None for hatch in hatched) == 1
    assert palette.species_colour("LixP").lower() not in fills(named(figure, "lagp_ge3d_p2p|P2p|0"))
    assert "conditional or not identified" in words(figure)


def test_small_components_lie_before_large_ones(troubled: tuple[list[Figure], Any]):
    colours = fills(named(troubled[0][0], "lagp_li1s|Li1s|1"))
    assert colours == [palette.species_colour("Li-SEI").lower(), palette.species_colour("Li+ (SE)").lower()]


def test_simulated_data_are_marked_and_measured_ones_are_not(
    troubled: tuple[list[Figure], Any], profile: tuple[list[Figure], Any]
):
    assert "SIMULATED DATA" in words(troubled[0][0])
    assert all("SIMULATED" not in word for figure in profile[0] for word in words(figure))


def test_mixed_data_are_marked():
    tables = synthetic_tables.make(synthetic_tables.vep_series())
    pages, _ = spectra_grid.draw(SETTINGS, tables, "mixed")
    assert "PARTLY SIMULATED DATA" in words(pages[0])


def test_many_rows_are_spread_evenly_over_pages(profile: tuple[list[Figure], Any]):
    assert [len(mains(figure)) for figure in profile[0]] == [21, 21, 21]
    assert [[word for word in words(figure) if word.startswith("page")] for figure in profile[0]] == [
        ["page 1 of 3"],
        ["page 2 of 3"],
        ["page 3 of 3"],
    ]


def test_a_column_keeps_its_range_from_page_to_page(profile: tuple[list[Figure], Any]):
    for region in ("C1s", "Si2p", "Sn3d5"):
        panels = [axes for page in profile[0] for axes in mains(page)]
        limits = {axes.get_xlim() for axes in panels if f"|{region}|" in str(axes.get_label())}
        assert len(limits) == 1


@pytest.mark.parametrize("cycles", [1, 8, 9, 40])
def test_pages_keep_within_the_paper_for_any_number_of_rows(cycles: int):
    tables = synthetic_tables.make(synthetic_tables.long_series(cycles))
    pages, _ = spectra_grid.draw({**SETTINGS, "axis": "sputter_time_s"}, tables, "measured")
    assert len(pages) == -(-cycles // 8)
    rows = [len(mains(figure)) // 3 for figure in pages]
    assert sum(rows) == cycles
    assert max(rows) - min(rows) <= len(pages)
    for figure in pages:
        width, height = figure.get_size_inches() * 2.54
        assert width == pytest.approx(17.1)
        assert height <= style.PAGE_HEIGHT_CM + 1e-6


@pytest.mark.parametrize("width", ["single", "double"])
def test_no_text_overlaps_another_or_leaves_the_paper(width: str):
    series = synthetic_tables.vep_series(failed=frozenset({("Ge3d", 2)}), missing=frozenset({("O1s", 1)}))
    levels = ["Li 1s", "Ge 3d"] if width == "single" else ["Li 1s", "Ge 3d", "P 2p", "O 1s"]
    figure = drawn(series, width=width, core_levels=levels, last_column="charge_uah")[0][0]
    assert figure.get_size_inches()[0] * 2.54 == pytest.approx(style.WIDTH_CM[width])
    assert overlapping(figure) == []
    assert outside(figure) == []


def test_no_text_overlaps_on_any_page_of_a_long_series(profile: tuple[list[Figure], Any]):
    for figure in profile[0]:
        assert overlapping(figure) == []
        assert outside(figure) == []


def test_elapsed_times_of_many_digits_stay_clear_of_the_label_beside_them():
    """Of one acquisition alone the middle of its minutes is drawn, which is no round number."""
    figure = drawn(synthetic_tables.vep_series(), axis="start_time_s", acquisitions=[1])[0][0]
    (time,) = [word for word in words(figure) if word.endswith((" min", " h"))]
    assert len(time.split()[0].replace(".", "")) <= 3
    assert overlapping(figure) == []


def test_the_check_for_overlaps_sees_one():
    figure = drawn(synthetic_tables.vep_series())[0][0]
    figure.text(0.5, 0.5, "WWWWWWWWWW")
    figure.text(0.51, 0.5, "MMMMMMMMMM")
    figure.text(0.98, 0.5, "beyond the paper")
    assert ("WWWWWWWWWW", "MMMMMMMMMM") in overlapping(figure)
    assert outside(figure) == ["beyond the paper"]


def test_no_type_is_below_6_pt(troubled: tuple[list[Figure], Any]):
    assert min(item.get_fontsize() for item in texts(troubled[0][0])) >= 6


def test_a_bad_fit_raises_the_residual_scale_in_red():
    tables = synthetic_tables.make(synthetic_tables.vep_series())
    position = tables["curves"].schema.get_field_index("residual_sigma")
    worse = pa.compute.multiply(tables["curves"].column("residual_sigma"), 5.0)
    tables["curves"] = tables["curves"].set_column(position, tables["curves"].schema.field(position), worse)
    figure = spectra_grid.draw(SETTINGS, tables, "measured")[0][0]
    found = [item for item in texts(figure) if item.get_text() == "residual ±10 σ"]
    assert len(found) == 4
    assert {to_hex(item.get_color()) for item in found} == {style.FAILURE_RED.lower()}
    marks = [line for line in named(figure, "lagp_o1s|O1s|0|residual").lines if line.get_marker() in (6, 7)]
    assert sum(len(line.get_xdata()) for line in marks) > 0


def test_the_plotted_numbers_equal_the_tables(troubled: tuple[list[Figure], Any]):
    series = synthetic_tables.vep_series(
        failed=frozenset({("Ge3d", 2)}), missing=frozenset({("O1s", 1)}), excluded={3: "lost"}
    )
    tables = synthetic_tables.make(series)
    numbers = troubled[1]
    curves = tables["curves"].to_pandas().assign(binding_energy_ev=lambda frame: frame["binding_energy_ev"].round(4))
    keys = ["model", "region", "acquisition", "binding_energy_ev"]
    merged = numbers.merge(curves, on=keys, how="outer", indicator=True, suffixes=("", "_of_table"), validate="1:1")
    assert (merged["_merge"] == "both").all()
    for column in ("data_cps", "envelope_cps", "background_cps", "residual_sigma"):
        np.testing.assert_allclose(merged[column], merged[f"{column}_of_table"], atol=0.0005, rtol=0)
    assert set(numbers["plating_time_s"]) == {0.0, 300.0, 1800.0}
    failed = numbers[(numbers["region"] == "Ge3d") & (numbers["acquisition"] == 2)]
    assert failed["data_cps"].notna().all()
    assert failed["envelope_cps"].isna().all()


def test_component_columns_add_up_to_the_envelope(troubled: tuple[list[Figure], Any]):
    own = troubled[1][(troubled[1]["region"] == "O1s") & (troubled[1]["acquisition"] == 2)]
    parts = own[[name for name in own if name.startswith("component_cps: ")]].dropna(axis="columns")
    assert list(parts) == ["component_cps: PO4 1s", "component_cps: LiOH", "component_cps: Li2O"]
    total = own["background_cps"] + parts.sum(axis="columns")
    np.testing.assert_allclose(total, own["envelope_cps"], rtol=1e-3)


def test_what_is_drawn_is_what_the_numbers_say(troubled: tuple[list[Figure], Any]):
    figure, numbers = troubled[0][0], troubled[1]
    axes = named(figure, "lagp_o1s|O1s|2")
    own = numbers[(numbers["region"] == "O1s") & (numbers["acquisition"] == 2)]
    points = next(line for line in axes.lines if line.get_linestyle() == "None")
    np.testing.assert_allclose(points.get_ydata(), own["data_cps"], atol=0.0005)
    envelope = next(line for line in axes.lines if line.get_color() == "black")
    np.testing.assert_allclose(envelope.get_ydata(), own["envelope_cps"], atol=0.0005)


def guides(axes: Axes) -> list[float]:
    return [line.get_xdata()[0] for line in axes.lines if list(line.get_xdata()) == [line.get_xdata()[0]] * 2]


def test_guide_lines_stand_where_the_first_row_has_its_species(troubled: tuple[list[Figure], Any]):
    figure = troubled[0][0]
    for row in (0, 1, 2):
        assert guides(named(figure, f"lagp_ge3d_p2p|P2p|{row}")) == [133.2, 124.7]
    assert "position in the first row" in words(figure)
    plain = drawn(synthetic_tables.vep_series(), guides=False)[0][0]
    assert guides(named(plain, "lagp_ge3d_p2p|P2p|1")) == []
    assert "position in the first row" not in words(plain)


def test_a_subtracted_background_is_gone_from_the_picture_not_from_the_numbers():
    series = synthetic_tables.vep_series(failed=frozenset({("Ge3d", 2)}))
    (figure,), numbers = drawn(series, background="subtracted")
    axes = named(figure, "lagp_o1s|O1s|2")
    own = numbers[(numbers["region"] == "O1s") & (numbers["acquisition"] == 2)]
    points = next(line for line in axes.lines if line.get_linestyle() == "None")
    np.testing.assert_allclose(points.get_ydata(), own["data_cps"] - own["background_cps"], atol=0.002)
    assert own["background_cps"].min() > 1000
    failed = next(line for line in named(figure, "lagp_ge3d_p2p|Ge3d|2").lines if line.get_linestyle() == "None")
    kept = numbers[(numbers["region"] == "Ge3d") & (numbers["acquisition"] == 2)]
    np.testing.assert_allclose(failed.get_ydata(), kept["data_cps"], atol=0.0005)
    assert "background" not in words(figure)
    assert "Intensity above background (each panel on its own scale)" in words(figure)


def test_noise_is_not_stretched_to_look_like_peaks():
    """Where nothing is left, one standard deviation of noise may fill a fifteenth of the panel, no more."""
    part = synthetic_tables.Part("Li+", "Li 1s", "Li+", 55.0, 1.5, (20000.0, 0.01))
    window = synthetic_tables.Window("li", "Li1s", 64, 44, 600, (part,))
    (figure,), _ = drawn(synthetic_tables.Series((window,), (0.0, 60.0)))
    axes = named(figure, "li|Li1s|1")
    low, high = axes.get_ylim()
    noise = np.sqrt(600 * 4.0) / 4.0
    assert (high - low) > 13 * noise
    assert axes.texts[0].get_text().endswith("*")
    assert not named(figure, "li|Li1s|0").texts[0].get_text().endswith("*")
    assert "no further: noise" in words(figure)


@pytest.mark.parametrize(
    ("factor", "text"),
    [(1.0, "×1"), (9.4, "×9.4"), (37.4, "×37"), (9999.4, "×9999"), (9999.6, "×1.0·10⁴"), (25000.0, "×2.5·10⁴"),
     (999999.0, "×1.0·10⁶"), (1e6, "×1.0·10⁶"), (3.8e26, ">×10⁶")],
)  # fmt: skip
def test_an_absurd_factor_stays_short(factor: float, text: str):
    assert scale.factor_text(factor) == text


def test_interpolated_shifts_are_marked():
    found = words(drawn(synthetic_tables.vep_series(), last_column="shift_ev")[0][0])
    # the invented series interpolates its first acquisition only
    assert {"≈−2.20 eV", "−2.10 eV", "−2.00 eV", "−1.90 eV"} <= set(found)


def test_a_fit_that_the_counts_reject_shows_its_reduced_chi_square_in_red():
    given = synthetic_tables.make(synthetic_tables.vep_series())
    rows = [
        {**row, "p_value": 1e-9 if row["region"] == "O1s" else 0.2, "reduced_chi_square": 530.4}
        for row in given["fits"].to_pylist()
    ]
    figure = spectra_grid.draw(SETTINGS, {**given, "fits": tables.from_rows("fits", rows)}, "measured")[0][0]
    red = [item for item in texts(figure) if item.get_text() == "χ²ᵣ 530"]
    assert len(red) == 4
    assert {to_hex(item.get_color()) for item in red} == {style.FAILURE_RED.lower()}
    assert {item.axes.get_label().split("|")[1] for item in red if item.axes is not None} == {"O1s"}
    assert "reduced χ² of a fit that the counts reject" in words(figure)
    assert overlapping(figure) == []
    assert outside(figure) == []


def test_unknown_species_of_one_grid_differ_in_colour():
    parts = [synthetic_tables.Part(f"x{i}", "O 1s", f"x{i}", 524.0 + 2 * i, 1.2, (1000.0, 2000.0)) for i in range(8)]
    window = synthetic_tables.Window("odd", "O1s", 545, 520, 600, tuple(parts))
    figure = drawn(synthetic_tables.Series((window,), (0.0, 60.0)))[0][0]
    assert len(set(fills(named(figure, "odd|O1s|1")))) == 8


def with_faint_limit(area: float) -> synthetic_tables.Series:
    """A strong line on a background, and one of ``area`` that was not detected."""
    parts = (
        synthetic_tables.Part("Li+", "Li 1s", "Li+", 55.0, 1.5, (1000.0, 1000.0)),
        synthetic_tables.Part("Li0", "Li 1s", "Li0", 52.0, 1.2, (area, area)),
    )
    return synthetic_tables.Series((synthetic_tables.Window("li", "Li1s", 64, 44, 600, parts),), (0.0, 60.0))


@pytest.mark.parametrize("background", ["shown", "subtracted"])
@pytest.mark.parametrize(("area", "seen"), [(0.01, False), (0.9, False), (30.0, True)])
def test_the_key_holds_only_species_that_can_be_seen(background: str, area: float, seen: bool):
    """A faint undetected line is visible or not according to what is drawn, with the background or without it."""
    figure = drawn(with_faint_limit(area), background=background)[0][0]
    assert ("Li⁰" in words(figure)) is seen
    assert "Li⁺" in words(figure)


@pytest.mark.parametrize(("cycles", "suggested"), [(16, False), (17, True)])
def test_a_long_series_is_told_of_the_heat_map(cycles: int, suggested: bool):
    given = synthetic_tables.make(synthetic_tables.long_series(cycles))
    text = spectra_grid.describe({**SETTINGS, "axis": "sputter_time_s"}, given)
    assert ("a figure of kind heat_map shows the same windows on one page" in text) is suggested


def test_windows_choose_models_and_their_order():
    chosen = [{"model": "lagp_o1s", "core_level": "O 1s"}, {"model": "lagp_ge3d_p2p", "core_level": "Ge 3p"}]
    figure, numbers = drawn(synthetic_tables.vep_series(), windows=chosen)
    assert [str(axes.get_label()) for axes in mains(figure[0])][::4] == ["lagp_o1s|O1s|0", "lagp_ge3d_p2p|P2p|0"]
    assert set(numbers["region"]) == {"O1s", "P2p"}


def test_an_unknown_window_is_refused_with_what_there_is():
    with pytest.raises(
        ConfigError, match="windows: 'lagp_o1s O 2s' is not in the tables .did you mean 'lagp_o1s O 1s'"
    ):
        drawn(synthetic_tables.vep_series(), windows=[{"model": "lagp_o1s", "core_level": "O 2s"}])


def test_a_short_page_has_a_short_label():
    (figure,), _ = drawn(synthetic_tables.vep_series(), acquisitions=[1], background="subtracted")
    assert "Intensity\nabove background" in words(figure)
    assert outside(figure) == []


@pytest.mark.parametrize("background", ["shown", "subtracted"])
def test_a_single_row_compares_nothing_and_says_its_range_once(background: str):
    given = synthetic_tables.make(synthetic_tables.vep_series())
    alone = {**SETTINGS, "acquisitions": [0], "background": background}
    (figure,), numbers = spectra_grid.draw(alone, given, "simulated")
    found = words(figure)
    assert not [word for word in found if "×" in word or "scale" in word]
    spans = [word.removeprefix("range ") for word in found if word.startswith("range ")]
    for (_, rows), span in zip(numbers.groupby("region", sort=False), spans, strict=True):
        shown = rows[["data_cps", "envelope_cps"]]
        bare = shown.sub(rows["background_cps"], axis=0) if background == "subtracted" else shown
        assert lettering.cps(bare.max().max() - min(bare.min().min(), 0.0 if bare is not shown else np.inf)) == span
    text = spectra_grid.describe(alone, given)
    assert "×n" not in text
    assert "Dotted" not in text
    assert "×n" in spectra_grid.describe(SETTINGS, given)


@pytest.mark.parametrize(("acquisitions", "blank"), [([0], True), ([0, 1], False), ([1], False)])
def test_a_row_without_a_time_leaves_no_room_for_one(acquisitions: list[int], blank: bool):
    (figure,), _ = drawn(synthetic_tables.vep_series(), acquisitions=acquisitions)
    left = min(axes.get_position().x0 for axes in figure.axes) * style.WIDTH_CM["double"]
    assert bool(left < 1.0) is blank
    assert ("Plating\ntime" in words(figure)) is not blank
    assert outside(figure) == []
