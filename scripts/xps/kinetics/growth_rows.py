"""Rows on the growth of one film: which law, how fast, and what metal that was not seen says of diffusion.

Times here are minutes on the series' clock, as constants of growth are given in the field; each row says its unit.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from xps.chemistry import interphase_per_lithium, lithium_nm_per_uah_cm2
from xps.kinetics import courses, growth, onset, series_clock
from xps.kinetics.findings import Findings, parameter_rows, profile_rows, window_words
from xps.kinetics.regression import LawFit
from xps.kinetics.series import Series
from xps.kinetics.verdicts import LOWER_BOUND, not_testable
from xps.quantiles import ONE_SIDED_95

Settings = Mapping[str, Any]


def growth_findings(series: Series, wanted: Settings) -> Findings:
    """Return the growth laws through one film's thickness, and the bounds from metal that was not seen."""
    when = series.clock
    keys = {"experiment": when.experiment, "component": wanted["layer"], "quantity": "thickness_nm"}
    course = _course(series, when, wanted)
    if isinstance(course, str):
        empty = {"parameter": "", "unit": "nm", "window": "no points", "chosen": "undecided"}
        shared = {**keys, **empty, **not_testable(course).columns}
        return Findings([{**shared, "law": law} for law in wanted["laws"]])
    fits, estimates, chosen = growth.fits(course, wanted["laws"])
    window = window_words(course.windows_min)
    words = "; ".join(_growth_words(course, when, wanted["area"]))
    shown = list(_stacks_with(series, wanted))
    rows, drawn, profiles = list[Settings](), list[Settings](), list[Settings]()
    for fit, found, choice in zip(fits, estimates, chosen, strict=True):
        shared = {**keys, "law": fit.law, "window": window, "aicc": fit.aicc, "bic": fit.bic, "chosen": choice}
        ends = list(growth.open_ends(found, fit.law)) if found.success else []
        units = growth.parameter_units(fit.law)
        rows += parameter_rows(fit, units, {**shared, "condition": "; ".join([words, *ends])})
        if fit.values:
            judged = {"chosen": choice, **fit.verdict.columns}
            told = list(courses.course_rows(course, fit.law, found, {**keys, **judged, "unit": "nm"}))
            drawn += [{**row, **stack} for stack in shown for row in told]
            profiles += profile_rows(found, units, {**keys, "law": fit.law})
    rows += _bound_rows(course, fits, {**keys, "window": window, "chosen": "undecided"})
    return Findings(rows, drawn, profiles)


def _stacks_with(series: Series, wanted: Settings) -> Iterator[dict[str, Any]]:
    """Yield the layer models and coverages in which the film is shown: the one asked for, and all that give it alike.

    A film and its substrate seen by the same lines, of one core level, are weakened alike by whatever lies on them: in
    every stack that begins so the film is equally thick.
    """
    asked = {"layer_model": wanted["layer_model"], "patch_coverage_fraction": wanted.get("coverage_fraction")}
    yield asked
    of_stack = {stack["layer_model"]: (stack["substrate"], stack["films"][0]) for stack in series.stacks}
    substrate, film = of_stack[wanted["layer_model"]]
    same_model = substrate["tracer"]["model"] == film["tracer"]["model"]
    lines = [
        series.component(layer["tracer"]["model"], layer["tracer"]["components"][0]) for layer in (substrate, film)
    ]
    levels = {None if line is None else line.names.core_level for line in lines}
    if film["layer"] != wanted["layer"] or not same_model or len(levels) > 1:
        return
    for stack in series.stacks:
        if of_stack[stack["layer_model"]] == (substrate, film) and not film.get("patches", False):
            for coverage in stack.get("coverages", [None]):
                same = {"layer_model": stack["layer_model"], "patch_coverage_fraction": coverage}
                if same != asked:
                    yield same


def _growth_words(course: growth.Course, when: series_clock.Clock, area: str) -> Iterator[str]:
    yield f"charge referred to {area}, capped by the supply; mean free paths' 15 % as a common nuisance"
    yield f"{len(course.metal.upper_limit_nm)} windows without metal take part as data"
    yield "metal lost to oxidation left out"
    if when.computed:
        yield "the clock is computed from live times: a lower bound"


def _course(series: Series, when: series_clock.Clock, wanted: Settings) -> growth.Course | str:
    """Return what growth is fitted to, or why it cannot be."""
    film, declared = series.film(wanted)
    if film is None or declared["phase"] not in series.chemistry.cases:
        return f"no film {wanted['layer']} of a reaction case in the layer model {wanted['layer_model']}"
    unit = lithium_nm_per_uah_cm2(series.chemistry.phases)
    doses = series_clock.doses(when, series.areas_cm2[wanted["area"]], unit)
    if isinstance(doses, str):
        return doses
    told = np.isfinite(film.thickness_nm) | np.isfinite(film.lower_limit_nm)
    usable = film.taken(when.plated(film.acquisitions) & told)
    if usable.acquisitions.size <= 1:
        return "one cycle" if usable.acquisitions.size else "no thickness in any plated acquisition"
    return growth.Course(
        usable.thickness_nm,
        usable.stderr_nm,
        usable.lower_limit_nm,
        series.windows_min(declared, usable.acquisitions),
        doses,
        interphase_per_lithium(series.chemistry.cases[declared["phase"]], series.chemistry.phases),
        _unseen(series, when, wanted.get("metal")),
    )


def _unseen(series: Series, when: series_clock.Clock, wanted: Settings | None) -> growth.Metal:
    """Return the windows after plating and before metal was first seen, with its 95 % upper limits in nm."""
    empty = growth.Metal(np.zeros(0), np.zeros((0, 2)))
    film, declared = series.film(wanted) if wanted is not None else (None, {})
    if film is None:
        return empty
    tracer = declared["tracer"]
    area = series.component(tracer["model"], tracer["components"][0])
    # One chance detection in twenty windows would end the series of those without metal.
    first_seen = None if area is None else min(onset.seen(area), default=None)
    before = film.acquisitions < first_seen if first_seen is not None else np.ones(film.acquisitions.size, dtype=bool)
    dark = film.taken(before & film.known & when.plated(film.acquisitions))
    if not dark.acquisitions.size:
        return empty
    return growth.Metal(
        dark.thickness_nm + ONE_SIDED_95 * dark.stderr_nm, series.windows_min(declared, dark.acquisitions)
    )


def _bound_rows(course: growth.Course, fits: Sequence[LawFit], keys: Settings) -> Iterator[dict[str, Any]]:
    best = min(
        (fit for fit in fits if fit.tested and fit.bic is not None), key=lambda fit: fit.bic or 0.0, default=None
    )
    if best is None or not len(course.metal.upper_limit_nm):
        return
    low, high = best.intervals[0]
    share = {"value": best.values[0], "low": low or best.values[0], "high": high or best.values[0]}
    words = f"at the utilisation {best.values[0]:.3g} of the law {best.law}; low and high at the ends of its interval"
    for name, bound, meaning in (
        ("K_lower_flux", growth.flux_bound(course, share), "diffusion just takes the last dose without metal"),
        ("K_lower_detection", growth.detection_bound(course, share), "metal left over just stays below its limits"),
    ):
        numbers = {"value": bound.value, "low": bound.low, "high": bound.high}
        row = {"law": "parabolic", "parameter": name, "condition": f"{meaning}; {words}"}
        yield {**keys, **row, **LOWER_BOUND.columns, **numbers, "unit": "nm²/min"}
