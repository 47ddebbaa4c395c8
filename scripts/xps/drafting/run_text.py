"""Drafts of what is drawn from an experiment, and of a configuration that runs it alone."""

from collections.abc import Iterator, Mapping, Sequence

from xps.drafting.regions import Window
from xps.drafting.settings_text import quoted
from xps.spectra import Measurement

# A course along the series wants at least this many acquisitions.
_COURSE_FROM = 3


def figures(
    experiment: str, axis: str, models: Sequence[str], found: Sequence[Window], read: Sequence[Measurement]
) -> dict[str, str]:
    """Return the texts of the figures that the data allow, by name: fitted spectra, areas, surveys."""
    head = f"experiment: {experiment}\naxis: {axis}\n"
    drawn = {}
    if models:
        drawn[f"{experiment}_spectra"] = f"# Fitted spectra.\nkind: spectra_grid\n{head}"
        if sum(item.cycles for item in read) >= _COURSE_FROM:
            drawn[f"{experiment}_areas"] = (
                f"# Areas along the series.\nkind: time_series\n{head}quantity: area_cps_ev\n"
            )
    survey = next((window.name for window in found if window.is_survey), None)
    if survey is not None:
        drawn[f"{experiment}_survey"] = f"# Surveys.\nkind: survey\n{head}region: {quoted(survey)}\n"
    return drawn


def configuration(experiment: str, raw_root: str, drawn: Mapping[str, str]) -> Iterator[str]:
    """Yield the lines of a configuration that makes the experiment's tables and figures and nothing else."""
    yield f"# Drafted: `make CONFIG=config/{experiment}.yaml` makes this experiment alone."
    yield "# Every key is explained in config/schema/config.schema.yaml; docs/figures.md shows what else can be drawn."
    yield f"raw: {quoted(raw_root)}"
    yield f"results: results_{experiment}"
    yield f"experiments: [{experiment}]"
    yield f"figures: [{', '.join(drawn)}]"
    yield "run: {block_size: 1000, threads: 1}"
