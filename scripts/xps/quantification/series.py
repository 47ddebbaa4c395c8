"""The tables of one series, made some acquisitions at a time: of a long one its fits do not lie in memory together."""

from collections.abc import Iterator, Mapping
from typing import Any

from xps import tables
from xps.quantification import degradation, stage
from xps.quantification.counted import taken_regions
from xps.quantification.survey_rows import surveys

AT_ONCE = 256
"""Acquisitions whose fitted core levels are in memory."""
_OF_LEVELS = ("acquisitions", "components", "alternatives")


def made(series: tables.Series, settings: Mapping[str, Any]) -> Iterator[Mapping[str, tables.Table]]:
    """Yield the rows of ``composition`` and ``degradation``: first those of core levels, then those of all surveys.

    ``settings``: ``factors`` (name of the table), ``factor_rows``, ``imfp_exponent``, ``counted`` (core level, model
    and components that are counted), ``survey`` (region and lines, or None) and ``uncounted`` (elements measured but
    not counted, by origin; every row says so, since its 100 % lack them). Without settings there is no row. Excluded
    acquisitions take no part; of the spectra only the surveys are looked at.
    """
    for span in series.spans(AT_ONCE):
        some, components, alternatives = (series.part(name, span) for name in _OF_LEVELS)
        yield {"composition": stage.of_levels(some, components, alternatives, settings)}
    if not settings or not settings["survey"]:
        return
    every, region = range(series.count), settings["survey"]["region"]
    keyed = taken_regions(series.part("acquisitions", every))
    spectra, calibration = (series.part(name, every, region=region) for name in ("spectra", "calibration"))
    found = surveys(keyed, spectra, calibration, settings)
    yield {
        "composition": stage.of_found(keyed, found, settings),
        "degradation": degradation.of_found(keyed, found, settings),
    }
