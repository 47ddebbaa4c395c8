"""A look into a raw file: every region with every cycle, binding energy falling to the right, the same bytes again."""

import io
from typing import Any

import matplotlib.image
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from test_spectra import measurement, region
from xps.figures import quick_look


def panel(**change: Any) -> Axes:
    axes = Figure().add_axes((0.1, 0.1, 0.8, 0.8))
    quick_look._draw(axes, region(**change))
    return axes


def test_every_cycle_is_drawn_on_the_files_own_axis():
    rates = np.arange(15.0).reshape(3, 5)
    axes = panel(intensity_cps=rates, start_ev=298.0, step_ev=-0.1)
    assert len(axes.lines) == 3
    for line, cycle in zip(axes.lines, rates, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), cycle)
        np.testing.assert_allclose(line.get_xdata(), 298.0 - 0.1 * np.arange(5))
    lightness = [np.mean(line.get_color()[:3]) for line in axes.lines]
    assert lightness == sorted(lightness)


@pytest.mark.parametrize(("scale", "falls"), [("binding", True), ("kinetic", False)])
def test_binding_energy_falls_to_the_right_and_kinetic_energy_rises(scale: str, falls: bool):
    axes = panel(energy_scale=scale)
    left, right = axes.get_xlim()
    assert bool(left > right) is falls
    assert axes.get_xlabel() == f"{scale} energy (eV)"


def test_a_region_of_one_channel_is_a_point_that_can_be_seen():
    axes = panel(channels=1, intensity_cps=np.full((1, 1), 20.0))
    assert [line.get_marker() for line in axes.lines] == ["."]


def test_a_name_with_dollars_is_a_name_and_no_formula():
    picture = quick_look.png(measurement(name="a$b$.spe", regions=(region(name="x$^2$"),)))
    assert picture.startswith(b"\x89PNG")


@pytest.mark.parametrize(("regions", "rows"), [(1, 1), (3, 1), (4, 2), (9, 3)])
def test_three_regions_stand_in_a_row(regions: int, rows: int):
    given = tuple(region(number=index + 1, name=f"R{index}", raw_name=f"R{index}") for index in range(regions))
    picture = matplotlib.image.imread(io.BytesIO(quick_look.png(measurement(regions=given))))
    wide, high = quick_look._PANEL_INCHES
    dots = quick_look._DOTS_PER_INCH
    assert picture.shape[:2] == (round(rows * high * dots), round(3 * wide * dots))


def test_the_same_file_gives_the_same_bytes():
    assert quick_look.png(measurement()) == quick_look.png(measurement())
