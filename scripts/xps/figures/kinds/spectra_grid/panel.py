"""One fitted spectrum with its residual strip: grey points, coloured components, thin envelope, dashed background."""

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from numpy.typing import NDArray

from xps.figures import style
from xps.figures.palette import SpeciesStyle
from xps.figures.reading.grid import Curve, Panel

# Half heights of a residual strip in standard deviations; a column takes the first that holds most of its points, and
# one that needs more than the first says so in red: its fits do not describe the counts.
RESIDUAL_LIMITS = (5.0, 10.0, 20.0, 50.0, 100.0)
RESIDUAL_SHARE = 0.9
FILL_ALPHA = 0.55
UNCERTAIN_HATCH = "//////"
HATCH_GREY = "#444444"
OUTLINE_FROM = 0.01
UNDETECTED_DASHES = (0.0, (2.0, 1.2))
# Room above the highest point, as a share of the range, for the factor printed in the corner.
HEADROOM = 0.2
FAILURE_HEADROOM = 0.9
FOOTROOM = 0.05

POINTS: dict[str, Any] = {"marker": "o", "markersize": 1.5, "markeredgewidth": 0.0, "color": style.DATA_GREY}
ENVELOPE: dict[str, Any] = {"color": "black", "linewidth": 0.45}
BACKGROUND: dict[str, Any] = {"color": "#444444", "linewidth": 0.5, "dashes": (3.0, 1.6)}
ZERO: dict[str, Any] = {"color": "#444444", "linewidth": 0.3}
GUIDE: dict[str, Any] = {"color": "#9A9A9A", "linewidth": 0.4, "linestyle": (0.0, (1.0, 2.0))}
RESIDUAL: dict[str, Any] = {"color": "#3C3C3C", "linewidth": 0.4}


def residual_limit(panels: Sequence[Panel]) -> float:
    """Return the half height (standard deviations) of the residual strips of a column of ``panels``."""
    found = [np.abs(panel.residual_sigma) for panel in panels if panel.residual_sigma is not None]
    wanted = float(np.quantile(np.concatenate(found), RESIDUAL_SHARE)) if found else 0.0
    return next((limit for limit in RESIDUAL_LIMITS if limit >= wanted), RESIDUAL_LIMITS[-1])


def draw(
    main: Axes,
    strip: Axes,
    panel: Panel,
    limits_cps: tuple[float, float],
    factor: str,
    width_cm: float,
    styles: Mapping[str, SpeciesStyle],
) -> None:
    """Draw ``panel`` into ``main`` and its residual into ``strip``; ``limits_cps`` is the intensity range shown.

    A fit that the counts reject says so by its reduced chi square in red.
    """
    low, high = limits_cps
    span = (high - low) or 1.0
    main.set_ylim(low - FOOTROOM * span, high + (FAILURE_HEADROOM if panel.failure else HEADROOM) * span)
    main.plot(panel.binding_energy_ev, panel.data_cps, linestyle="none", zorder=3, **POINTS)
    if panel.failure:
        _mark_failure(main, strip, panel.failure, width_cm)
    else:
        _draw_fit(main, panel, styles)
        _draw_residual(strip, panel.binding_energy_ev, panel.residual_sigma)
    if factor:
        main.text(0.03, 0.96, factor, transform=main.transAxes, ha="left", va="top", fontsize=style.SMALL_PT)
    if panel.rejected_chi_square is not None:
        main.text(0.97, 0.96, f"χ²ᵣ {panel.rejected_chi_square:.3g}", transform=main.transAxes, ha="right", va="top",
                  color=style.FAILURE_RED, fontsize=style.SMALL_PT, zorder=6)  # fmt: skip


def prepare(
    main: Axes,
    strip: Axes,
    range_ev: tuple[float, float],
    limit_sigma: float,
    last_row: bool,
    guides_ev: Sequence[float] = (),
) -> None:
    """Set directions, limits, ticks and guide lines; binding energy decreases to the right, intensity has no ticks."""
    main.set_xlim(max(range_ev), min(range_ev))
    for energy in guides_ev:
        main.axvline(energy, zorder=0.5, **GUIDE)
    main.tick_params(axis="x", labelbottom=False)
    main.set_yticks([])
    strip.set_ylim(-limit_sigma, limit_sigma)
    strip.set_yticks([])
    strip.tick_params(axis="x", labelbottom=last_row)
    strip.axhspan(-2, 2, color=style.BAND_GREY, linewidth=0, zorder=0)
    strip.axhline(0, color="#9A9A9A", linewidth=0.3, zorder=1)


def empty(main: Axes, strip: Axes) -> None:
    """Say in an empty panel that this window was not measured in this acquisition."""
    for axes in (main, strip):
        axes.set_facecolor("#FAFAFA")
    main.text(0.5, 0.5, "not\nmeasured", transform=main.transAxes, ha="center", va="center", color="#6E6E6E",
              fontsize=style.SMALL_PT)  # fmt: skip


def _draw_fit(main: Axes, panel: Panel, styles: Mapping[str, SpeciesStyle]) -> None:
    energy, background = panel.binding_energy_ev, panel.background_cps
    assert background is not None
    assert panel.envelope_cps is not None
    # Large components first, so that a small one is never hidden behind a large one.
    for curve in sorted(filter(panel.shows, panel.components), key=lambda curve: -_height(curve)):
        colour = styles[curve.species].colour
        top = background + curve.intensity_cps
        if curve.detected:
            main.fill_between(energy, background, top, facecolor=colour, alpha=FILL_ALPHA, linewidth=0, zorder=1)
        if curve.detected and curve.uncertain:
            hatch: dict[str, Any] = {
                "facecolor": "none",
                "edgecolor": HATCH_GREY,
                "hatch": UNCERTAIN_HATCH,
                "linewidth": 0.0,
            }
            main.fill_between(energy, background, top, zorder=1.5, **hatch)
        # The outline ends where the component does, or it would paint over the background's dashes.
        visible = curve.intensity_cps > OUTLINE_FROM * _height(curve)
        dashes = "solid" if curve.detected else UNDETECTED_DASHES
        main.plot(energy, np.where(visible, top, np.nan), color=colour, linewidth=0.5, linestyle=dashes, zorder=2)
    main.plot(energy, background, zorder=2.5, **(BACKGROUND if background.any() else ZERO))
    main.plot(energy, panel.envelope_cps, zorder=4, **ENVELOPE)


def _height(curve: Curve) -> float:
    return float(np.max(curve.intensity_cps, initial=0.0))


def _draw_residual(strip: Axes, energy: NDArray[np.float64], residual: NDArray[np.float64] | None) -> None:
    assert residual is not None
    limit = strip.get_ylim()[1]
    strip.plot(energy, np.clip(residual, -limit, limit), zorder=2, **RESIDUAL)
    for beyond, edge, marker in (
        (residual > limit, limit, 7),
        (residual < -limit, -limit, 6),
    ):
        places = energy[beyond]
        strip.plot(places, np.full(len(places), edge), linestyle="none", marker=marker, markersize=1.8,
                   color=style.FAILURE_RED, markeredgewidth=0, zorder=3, clip_on=False)  # fmt: skip


def _mark_failure(main: Axes, strip: Axes, reason: str, width_cm: float) -> None:
    for axes in (main, strip):
        for spine in axes.spines.values():
            spine.set(color=style.FAILURE_RED, linewidth=1.0)
    # DejaVu Sans at 6 pt takes 0.125 cm a letter; three lines fit above the spectrum, the caption has the whole reason.
    letters = max(12, int(0.9 * width_cm / 0.125))
    words = textwrap.wrap(f"fit failed: {reason}", letters, max_lines=3, placeholder=" …")
    main.text(0.5, 0.84, "\n".join(words), transform=main.transAxes, ha="center", va="top", color=style.FAILURE_RED,
              fontsize=style.SMALL_PT, zorder=6,
              bbox={"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.6})  # fmt: skip
