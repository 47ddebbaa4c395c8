"""Drafts of what is drawn from an experiment, and of a configuration that runs it alone."""

from collections.abc import Collection, Iterator, Mapping, Sequence

from xps.drafting.regions import Window
from xps.drafting.settings_text import quoted
from xps.spectra import Measurement

# A course along the series wants at least this many acquisitions.
_COURSE_FROM = 3
# More columns of spectra than this leave no room for what stands above them.
_COLUMNS = 6


def figures(experiment: str, axis: str, found: Sequence[Window], read: Sequence[Measurement]) -> dict[str, str]:
    """Return the texts of the figures that the data allow, by name: fitted spectra, areas, surveys."""
    head = f"experiment: {experiment}\naxis: {axis}\n"
    drawn = {}
    levels = {window.levels[0]: _points(window, axis, read) for window in found if window.levels}
    pages = [[*levels][first : first + _COLUMNS] for first in range(0, len(levels), _COLUMNS)]
    for number, page in enumerate(pages, start=1):
        name = f"{experiment}_spectra" + f"_{number}" * (len(pages) > 1)
        drawn[name] = f"# Fitted spectra.\nkind: spectra_grid\n{head}{_chosen(page, levels)}"
    courses = [level for level, points in levels.items() if points >= _COURSE_FROM]
    if courses:
        chosen = f"{_chosen(courses, levels)}quantity: area_cps_ev\n"
        drawn[f"{experiment}_areas"] = f"# Areas along the series.\nkind: time_series\n{head}{chosen}"
    survey = next((window.name for window in found if window.is_survey), None)
    if survey is not None:
        drawn[f"{experiment}_survey"] = f"# Surveys.\nkind: survey\n{head}region: {quoted(survey)}\n"
    return drawn


def _points(window: Window, axis: str, read: Sequence[Measurement]) -> int:
    """Return in how many acquisitions that have a place on the axis a window was measured."""
    placed = [item for item in read if axis == "start_time_s" or item.sputter_time_s is not None]
    return sum(item.cycles for item in placed if any(region.name == window.name for region in item.regions))


def _chosen(levels: Sequence[str], others: Collection[str]) -> str:
    """Return the line that chooses some of all levels."""
    return "" if len(levels) == len(others) else f"core_levels: [{', '.join(levels)}]\n"


def configuration(experiment: str, raw_root: str, drawn: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a configuration that makes the experiment's tables and figures and nothing else."""
    yield f"# Drafted: `make CONFIG=config/{experiment}.yaml` makes this experiment alone."
    yield "# Every key is explained in config/schema/config.schema.yaml; docs/figures.md shows what else can be drawn."
    yield f"raw: {quoted(raw_root)}"
    yield f"results: results_{experiment}"
    yield f"experiments: [{experiment}]"
    yield f"figures: [{', '.join(drawn)}]"
    yield "run: {block_size: 1000, threads: 1}"
