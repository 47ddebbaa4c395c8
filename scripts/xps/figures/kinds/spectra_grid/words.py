"""What a grid of spectra shows, in the words of its caption."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import pyarrow as pa

from xps.figures import lettering
from xps.figures.kinds.spectra_grid.scale import NOISE_SHARE
from xps.figures.reading.frames import frames
from xps.figures.reading.grid import interpolated_shifts, rows_drawn

# A series longer than this is read more easily as a map of intensity over energy and time.
ROWS_FOR_A_HEAT_MAP = 16


def describe(settings: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> str:
    """Return what the figure shows: rows, columns, curves, marks, scale."""
    held = frames(tables, settings)
    rows, left_out = rows_drawn(settings, held)
    return " ".join(
        sentence
        for sentence in (
            f"X-ray photoelectron spectra of {settings['experiment']} with their fits.",
            f"Rows: acquisitions, with {lettering.heading(settings['axis'])}; columns: measured windows with the core "
            f"levels fitted in them.{_behind(settings, held['calibration'])}",
            _left_out(left_out),
            _data(settings),
            _hatched(settings, held["components"]),
            "Dashed outlines without filling: components that were not detected.",
            _guides(settings, rows),
            "Strip under each panel: (counts − fit) / √fit in standard deviations σ; its half height stands above the "
            "column, grey band ±2 σ, red marks lie beyond it.",
            _scale(settings, rows),
            _length(rows),
        )
        if sentence
    )


def _behind(settings: Mapping[str, Any], calibration: pd.DataFrame) -> str:
    guessed = ", ≈ where it is interpolated." if interpolated_shifts(calibration) else "."
    return {
        "none": "",
        "shift_ev": f" Behind each row: the shift added to the recorded binding energies{guessed}",
        "charge_uah": " Behind each row: the plating charge, current × time.",
        "charge_uah_cm2": f" Behind each row: the plating charge per area ({settings.get('charge_area_cm2')} cm²).",
    }[settings.get("last_column", "none")]


def _data(settings: Mapping[str, Any]) -> str:
    if settings.get("background", "shown") == "subtracted":
        return (
            "Grey points: counts less the background that was fitted with the peaks (fits are to the counts, and a "
            "spectrum whose fit failed keeps its background); filled: components; black line: envelope."
        )
    return (
        "Grey points: data as counted, no background subtracted; filled: components on the fitted background (dashed); "
        "black line: envelope."
    )


def _hatched(settings: Mapping[str, Any], components: pd.DataFrame) -> str:
    """Return what hatching means, where a detected component of the figure's windows and rows is hatched."""
    drawn = components
    if "core_levels" in settings:
        regions = drawn.loc[drawn["core_level"].isin(settings["core_levels"]), "region"]
        drawn = drawn[drawn["region"].isin(regions)]
    if "acquisitions" in settings:
        drawn = drawn[drawn["acquisition"].isin(settings["acquisitions"])]
    uncertain = drawn["verdict"].isin(["conditional", "not_identified"]) & drawn["detected"].ne(False)
    return "Hatched components hold only under a condition that the tables name." if uncertain.any() else ""


def _guides(settings: Mapping[str, Any], rows: int) -> str:
    shown = settings.get("guides", True) and rows > 1
    return "Dotted lines: positions of the species in the first acquisition." if shown else ""


def _left_out(acquisitions: int) -> str:
    if not acquisitions:
        return ""
    others = "acquisition" if acquisitions == 1 else "acquisitions"
    return f"No row for {acquisitions} {others} without any of these windows."


def _scale(settings: Mapping[str, Any], rows: int) -> str:
    if settings.get("scale", "panel") == "column":
        return "All panels of a column share one intensity range, which stands above the column."
    stretched = (
        "Every panel is stretched to its own intensity range; ×n says how many times more than the panel of largest "
        "range in its column, whose range stands above the column."
        if rows > 1
        else "Above each panel: its intensity range."
    )
    return (
        f"{stretched} No panel is stretched so far that one standard deviation of its noise takes more than "
        f"1/{1 / NOISE_SHARE:.0f} of its height (marked \\*)."
    )


def _length(rows: int) -> str:
    if rows <= ROWS_FOR_A_HEAT_MAP:
        return ""
    return f"With {rows} acquisitions a figure of kind heat_map shows the same windows on one page."
