"""What is written on a drawn page, where, and whether words lie over words; for the tests of figures."""

from collections.abc import Iterator

from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

# Boxes are those of the letters' full height; this much overlap (pixels at 200 dpi) does not let ink touch ink.
SLACK = 1.0
DPI = 200


def texts(figure: Figure) -> Iterator[Text]:
    """Every text that is drawn; tick labels outside the limits or switched off are not."""
    hidden = {id(label) for axes in figure.axes for axis in (axes.xaxis, axes.yaxis) for label in _undrawn(axis)}
    for item in figure.findobj(Text):
        if item.get_visible() and item.get_text().strip() and id(item) not in hidden:
            yield item


def _undrawn(axis: Axis) -> Iterator[Text]:
    low, high = sorted(axis.get_view_interval())
    for tick in [*axis.get_major_ticks(), *axis.get_minor_ticks()]:
        inside = low <= tick.get_loc() <= high
        if not (inside and tick.label1.get_visible()):
            yield tick.label1
        if not (inside and tick.label2.get_visible()):
            yield tick.label2


def words(figure: Figure) -> list[str]:
    return [item.get_text() for item in texts(figure)]


def _boxes(figure: Figure) -> list[tuple[str, Bbox]]:
    figure.set_dpi(DPI)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    renderer = canvas.get_renderer()
    return [(item.get_text(), item.get_window_extent(renderer)) for item in texts(figure)]


def overlapping(figure: Figure) -> list[tuple[str, str]]:
    """Pairs of texts whose boxes overlap."""
    boxes = _boxes(figure)
    found = []
    for index, (first, box) in enumerate(boxes):
        for second, other in boxes[index + 1 :]:
            shared = Bbox.intersection(box, other)
            if shared is not None and shared.width > SLACK and shared.height > SLACK:
                found.append((first, second))
    return found


def outside(figure: Figure) -> list[str]:
    """Texts that reach beyond the paper."""
    paper = figure.bbox
    return [
        text
        for text, box in _boxes(figure)
        if box.x0 < paper.x0 or box.y0 < paper.y0 or box.x1 > paper.x1 or box.y1 > paper.y1
    ]
