"""One page that shows what a raw file holds: each region with all its cycles, before any analysis.

For the eye of whoever inspects a file; figures of results are drawn from tables by the other modules.
"""

from io import BytesIO

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from xps.spectra import Measurement, Region

_COLUMNS = 3
_PANEL_INCHES = (4.0, 2.8)
_DOTS_PER_INCH = 150


def png(measurement: Measurement) -> bytes:
    """Return the page as the bytes of a PNG, a panel per region, the first cycle dark and the last one light."""
    rows = -(-len(measurement.regions) // _COLUMNS)
    width, height = _PANEL_INCHES
    figure = Figure(figsize=(width * _COLUMNS, height * rows), layout="constrained")
    panels = figure.subplots(rows, _COLUMNS, squeeze=False).flatten()
    for panel, region in zip(panels, measurement.regions, strict=False):
        _draw(panel, region)
    for panel in panels[len(measurement.regions) :]:
        panel.set_axis_off()
    cycles = ", first cycle dark, last one light" if measurement.cycles > 1 else ""
    figure.suptitle(f"{measurement.name}{' (SIMULATED)' if measurement.simulated else ''}{cycles}", parse_math=False)
    page = BytesIO()
    figure.savefig(page, format="png", dpi=_DOTS_PER_INCH)
    return page.getvalue()


def _draw(panel: Axes, region: Region) -> None:
    colours = colormaps["viridis"].resampled(region.cycles + 1)
    energy = region.energy_ev
    for cycle, rates in enumerate(region.intensity_cps):
        panel.plot(energy, rates, color=colours(cycle), linewidth=0.7, marker="." if region.channels == 1 else "")
    panel.set_title(region.name, parse_math=False)
    panel.set_xlabel(f"{region.energy_scale} energy (eV)")
    panel.set_ylabel("intensity (counts/s)")
    if region.energy_scale == "binding":
        panel.xaxis.set_inverted(True)
    panel.margins(x=0.0)
