"""One spectrum in its frame: intensity ranges, stretching, noise, residual strips and the edges of maps, by laws."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from xps.figures.kinds import heat_map
from xps.figures.kinds.spectra_grid import panel as drawing
from xps.figures.kinds.spectra_grid import scale
from xps.figures.reading.grid import VISIBLE, Column, Curve, Grid, Panel, Row

Floats = NDArray[np.float64]
CHANNELS = 40
ENERGY = np.linspace(60.0, 50.0, CHANNELS)
heights = st.lists(st.floats(0.0, 1e5), min_size=1, max_size=6)


def peak(height: float) -> Floats:
    return np.asarray(height * np.exp(-0.5 * ((ENERGY - 55.0) / 0.7) ** 2))


def curve(height: float, name: str = "Li+", detected: bool = True) -> Curve:
    return Curve(name, "Li 1s", name, peak(height), uncertain=False, detected=detected)


def spectrum(height: float, acquisition: int = 0, background: Floats | float = 100.0, **change: Any) -> Panel:
    """A fitted window without noise: one line of the given height on a background."""
    below = np.broadcast_to(background, ENERGY.shape).astype(np.float64)
    held: dict[str, Any] = {
        "key": ("m", "Li1s", acquisition),
        "binding_energy_ev": ENERGY,
        "data_cps": below + peak(height),
        "envelope_cps": below + peak(height),
        "background_cps": below,
        "residual_sigma": np.zeros(CHANNELS),
        "components": (curve(height),),
        "failure": "",
    }
    return Panel(**{**held, **change})


def grid(panels: Sequence[Panel]) -> Grid:
    rows = tuple(Row(panel.key[2], None, None) for panel in panels)
    return Grid(rows, (Column("m", "Li1s", ("Li 1s",)),), {panel.key: panel for panel in panels})


# --- one panel ---------------------------------------------------------------------------------------------------


@given(st.floats(0.0, 1e5), st.floats(0.0, 1e4), st.floats(-50.0, 50.0))
def test_without_its_background_a_panel_keeps_lines_and_residuals(height: float, level: float, slope: float):
    sloped = spectrum(height, background=level + slope * (ENERGY - ENERGY[-1]))
    bare = sloped.without_background()
    assert bare.background_cps is not None
    assert not bare.background_cps.any()
    np.testing.assert_allclose(bare.data_cps, peak(height), atol=1e-9 * (1 + level + height))
    assert bare.residual_sigma is sloped.residual_sigma
    assert bare.components == sloped.components
    assert bare.without_background().range_cps == bare.range_cps


def test_a_failed_fit_has_no_background_to_take_off():
    failed = spectrum(10.0, envelope_cps=None, background_cps=None, residual_sigma=None, failure="no convergence")
    assert failed.without_background() is failed
    assert failed.range_cps == (failed.data_cps.min(), failed.data_cps.max())


@given(st.floats(0.0, 1e5), st.floats(0.0, 1e5))
def test_a_component_is_seen_from_a_hundredth_of_the_panel_on(height: float, other: float):
    held = spectrum(height, components=(curve(height), curve(other, "Li0", detected=False)))
    low, high = held.range_cps
    absent = held.components[1]
    assert held.is_visible(absent) == (other * peak(1.0).max() > VISIBLE * (high - low))
    assert held.shows(absent) == held.is_visible(absent)
    assert held.shows(held.components[0])  # what was detected is drawn however low it is


@given(st.floats(0.1, 1e4), st.integers(0, 2**32 - 1))
def test_noise_is_that_of_the_counts_on_any_slope(sigma: float, seed: int):
    noise = np.random.default_rng(seed).normal(0.0, sigma, 4000)
    energy = np.linspace(60.0, 50.0, 4000)
    sloped = spectrum(0.0, binding_energy_ev=energy, data_cps=noise + 0.01 * sigma * np.arange(4000) / 4000)
    assert sloped.noise_cps == pytest.approx(sigma, rel=0.1)
    assert spectrum(0.0, data_cps=np.array([1.0, 2.0])).noise_cps == 0.0


# --- stretching --------------------------------------------------------------------------------------------------


@given(heights)
def test_factors_are_relative_to_the_panel_of_largest_range(of_rows: list[float]):
    panels = [spectrum(height, number) for number, height in enumerate(of_rows)]
    stretched = scale.stretches(grid(panels), by_panel=True)
    spans = {panel.key: np.ptp(panel.range_cps) for panel in panels}
    for key, stretch in stretched.items():
        assert stretch.factor >= 1.0
        if spans[key] > 0:
            assert stretch.factor * (stretch.high_cps - stretch.low_cps) == pytest.approx(max(spans.values()))
    assert min(stretch.factor for stretch in stretched.values()) == 1.0


@given(heights, st.floats(1e-3, 1e3))
def test_factors_do_not_know_the_unit_of_intensity(of_rows: list[float], unit: float):
    in_cps = scale.stretches(grid([spectrum(height, number) for number, height in enumerate(of_rows)]), True)
    other = [spectrum(unit * height, number, background=unit * 100.0) for number, height in enumerate(of_rows)]
    in_other = scale.stretches(grid(other), True)
    for key, stretch in in_cps.items():
        if np.ptp(stretch[:2]) > 1e-6:
            assert in_other[key].factor == pytest.approx(stretch.factor, rel=1e-6)


@given(heights)
def test_on_one_scale_all_frames_of_a_column_are_the_same_and_hold_every_panel(of_rows: list[float]):
    panels = [spectrum(height, number) for number, height in enumerate(of_rows)]
    stretched = scale.stretches(grid(panels), by_panel=False)
    assert {(stretch.factor, stretch.held) for stretch in stretched.values()} == {(1.0, False)}
    ((low, high),) = {(stretch.low_cps, stretch.high_cps) for stretch in stretched.values()}
    for panel in panels:
        assert low <= panel.range_cps[0]
        assert panel.range_cps[1] <= high


@given(st.floats(1.0, 1e4), st.integers(0, 2**32 - 1))
def test_a_window_of_noise_alone_stays_flat_and_says_so(sigma: float, seed: int):
    noise = 1e5 + np.random.default_rng(seed).normal(0.0, sigma, CHANNELS)
    quiet = spectrum(0.0, 1, background=1e5, data_cps=noise)
    stretch = scale.stretches(grid([spectrum(50 * sigma, 0, background=1e5), quiet]), True)[quiet.key]
    assert (stretch.high_cps - stretch.low_cps) * scale.NOISE_SHARE >= quiet.noise_cps * (1 - 1e-9)
    assert stretch.held
    assert stretch.text(True).endswith("*")
    assert stretch.text(False) == "*"


@given(st.floats(1.0, 9.9e5))
def test_a_factor_is_read_back_to_two_digits(factor: float):
    words = scale.factor_text(factor).removeprefix("×")
    mantissa, _, power = words.partition("·10")
    read = float(mantissa) * 10.0 ** (int(power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789"))) if power else 0)
    assert read == pytest.approx(factor, rel=0.051)
    assert len(words) <= 7


# --- residual strips ---------------------------------------------------------------------------------------------

residuals = st.lists(st.lists(st.floats(-200.0, 200.0), min_size=5, max_size=30), min_size=1, max_size=4)


@given(residuals)
def test_a_strip_is_as_high_as_nine_tenths_of_its_column_need(found: list[list[float]]):
    panels = [spectrum(1.0, residual_sigma=np.array(one)) for one in found]
    limit = drawing.residual_limit(panels)
    assert limit in drawing.RESIDUAL_LIMITS
    inside = np.mean(np.abs(np.concatenate([np.array(one) for one in found])) <= limit)
    assert inside >= drawing.RESIDUAL_SHARE - 1 / sum(map(len, found)) or limit == drawing.RESIDUAL_LIMITS[-1]
    lower = [one for one in drawing.RESIDUAL_LIMITS if one < limit]
    if lower:
        wanted = np.quantile(np.abs(np.concatenate([np.array(one) for one in found])), drawing.RESIDUAL_SHARE)
        assert wanted > lower[-1]


def test_a_column_of_failed_fits_has_the_usual_strip():
    failed = spectrum(1.0, envelope_cps=None, background_cps=None, residual_sigma=None, failure="no convergence")
    assert drawing.residual_limit([failed]) == drawing.RESIDUAL_LIMITS[0]


# --- maps --------------------------------------------------------------------------------------------------------


@given(st.lists(st.floats(0.1, 3600.0), min_size=1, max_size=12), st.booleans())
def test_each_row_of_a_map_holds_its_time_between_its_edges(steps: list[float], even: bool):
    times = np.cumsum(steps)
    rows = tuple(Row(number, float(time), None) for number, time in enumerate(times))
    of_times = Grid(rows, (), {})
    edges, text = heat_map._edges(of_times, {"axis": "plating_time_s", "rows": "even" if even else "time"})
    assert len(edges) == len(rows) + 1
    assert (np.diff(edges) > 0).all()
    if even:
        np.testing.assert_allclose(np.diff(edges), 1.0)
    else:
        scaled = times * text.per_second
        assert (edges[:-1] < scaled).all()
        assert (scaled < edges[1:]).all()


@given(st.lists(st.floats(0.01, 2.0), min_size=1, max_size=50))
def test_each_channel_of_a_map_holds_its_energy(steps: list[float]):
    energy = 100.0 - np.cumsum(steps)
    edges = heat_map._channel_edges(energy)
    assert len(edges) == len(energy) + 1
    inside = (np.minimum(edges[:-1], edges[1:]) < energy) & (energy < np.maximum(edges[:-1], edges[1:]))
    assert inside.all()
