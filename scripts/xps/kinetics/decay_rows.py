"""Rows of ``kinetics`` and ``profiles`` on metal that vanishes at rest; they need a second experiment: they come last.

What is fitted stands in ``decay``; here tables become what it asks for, and its answers become rows: one for each set
of assumptions, and one that says which assumption carries the result.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np

from xps.chemistry import interphase_per_lithium
from xps.core_lines import atoms_per_nm3, length_nm, phase_of
from xps.kinetics import decay
from xps.kinetics.estimation import Estimate, Floats
from xps.kinetics.findings import Findings, profile_rows
from xps.kinetics.oxidation_rows import foil
from xps.kinetics.series import Series
from xps.kinetics.verdicts import Verdict, conditional, not_identified, not_testable

Settings = Mapping[str, Any]
LAW = "reaction and oxidation"
UNIT = "nm/min"


def findings(series: Series, wanted: Settings, prior: tuple[float, str] | None) -> Findings:
    """Return what one rest series says; ``prior`` is another series' oxidation rate (nm/min) scaled here, in words."""
    metal = wanted["metal"]
    named = {"experiment": series.clock.experiment, "model": metal["model"], "component": metal["component"]}
    keys = {**named, "quantity": "decay", "law": LAW}
    empty = {"parameter": "", "unit": UNIT, "chosen": "undecided"}
    rest = _rest(series, wanted, prior[0] if prior else None)
    if isinstance(rest, str):
        return Findings([{**keys, **empty, "window": "no points", **not_testable(rest).columns}])
    window = f"clock 0 to {rest.windows_min.max():.6g} min, {len(rest.share)} points"
    judged, rows, profiles = list[tuple[decay.Variant, Verdict]](), list[Settings](), list[Settings]()
    for variant in decay.variants(wanted["coverages"], prior is not None):
        found = decay.fit(rest, variant)
        points = decay.points(rest, variant)
        judged.append((variant, decay.verdict(found, points)))
        words = "; ".join([variant.words, *([prior[1]] if prior and variant.prior else []), decay.NOT_MODELLED])
        shared = {**keys, "window": window, "chosen": "undecided", "condition": words}
        rows += _variant_rows(found, points, shared)
        units = dict.fromkeys((decay.RATE, "r_ox"), UNIT)
        profiles += profile_rows(found, units, {**keys, "condition": variant.words})
    source = wanted.get("oxidation_from")
    lost = [f"{source} gives no oxidation rate: it is not analysed, or its law was not accepted"]
    words = "; ".join([*_carrying(judged), *(lost if source and not prior else []), decay.NOT_MODELLED])
    rows.append({**keys, **empty, "window": window, "condition": words, **_summary(judged).columns})
    return Findings(rows, (), profiles)


def _variant_rows(found: Estimate, points: int, shared: Settings) -> Iterator[dict[str, Any]]:
    if not found.success:
        yield {**shared, "parameter": "", "unit": UNIT, **decay.verdict(found, points).columns}
    for name in (decay.RATE, "r_ox") if found.success else ():
        low, high = found.intervals[name]
        stderr = found.values[name] * found.log_stderrs[name]
        numbers = {"value": found.values[name], "stderr": stderr if np.isfinite(stderr) else None}
        judged = {**decay.verdict(found, points, name).columns, "parameter": name, "unit": UNIT}
        yield {**shared, **numbers, "low": low, "high": high, **judged}


Judged = Sequence[tuple[decay.Variant, Verdict]]


def _summary(judged: Judged) -> Verdict:
    identified = _identified(judged)
    if not identified:
        return not_identified(f"{decay.RATE} under no set of assumptions")
    without = [variant for variant in identified if not (variant.below or variant.growth)]
    if without and {variant.coverage for variant in without} == {variant.coverage for variant, _ in judged}:
        return conditional(f"{decay.RATE} from the metal's decay and the oxidation rate, for every morphology tried")
    return conditional(f"{decay.RATE} is identified by further assumptions only")


def _identified(judged: Judged) -> list[decay.Variant]:
    return [variant for variant, verdict in judged if verdict.word == "conditional"]


def _carrying(judged: Judged) -> list[str]:
    """Name the assumptions that close the interval, for each morphology."""
    found = []
    for coverage in dict.fromkeys(variant.coverage for variant, _ in judged):
        ways = [variant.words for variant in _identified(judged) if variant.coverage == coverage]
        film = "closed film" if coverage == 1.0 else f"islands on {coverage:g} of the surface"
        found.append(f"{film}: carried by ({') or ('.join(ways)})" if ways else f"{film}: not identified")
    return found


def _rest(series: Series, wanted: Settings, prior: float | None) -> decay.Rest | str:
    """Return what is fitted, or why nothing can be."""
    when, metal = series.clock, wanted["metal"]
    track = series.component(metal["model"], metal["component"])
    shares = None if track is None else track.known("area_fraction", "area_fraction_stderr")
    if shares is None or len(shares) < 4:
        count = 0 if shares is None else len(shares)
        return f"{count} acquisitions with a share of the metal" if count != 1 else "one cycle"
    film, declared = series.film(wanted["interphase"])
    known = None if film is None else film.taken(film.known)
    if known is None or known.acquisitions.size < 4 or declared["phase"] not in series.chemistry.cases:
        return "no thickness of the interphase in at least four acquisitions"
    level, region = shares.names.core_level, shares.region
    line, facts = series.lines[level], series.facts(region)
    mixture = {"metal": metal["phase"], "products": wanted["products"]}
    element = next(iter(series.chemistry.phases[metal["phase"]].atoms))
    strength = atoms_per_nm3(phase_of(declared["phase"], series.chemistry), element)
    windows = when.windows(shares.acquisitions, region)
    start = windows[0, 0]
    return decay.Rest(
        foil(series, mixture, level, region),
        shares["area_fraction"],
        shares["area_fraction_stderr"],
        windows - start,
        strength * length_nm(declared["phase"], series.chemistry, line, facts),
        tuple(below for item in wanted["below"] if (below := _below(series, item, mixture, start)) is not None),
        known.thickness_nm,
        known.stderr_nm,
        series.windows_min(declared, known.acquisitions) - start,
        interphase_per_lithium(series.chemistry.cases[declared["phase"]], series.chemistry.phases),
        prior,
    )


def _below(series: Series, item: Settings, mixture: Settings, start_min: float) -> decay.Below | None:
    """Return a line from below with the areas of its components added up; None where it was hardly measured."""
    found = [series.component(item["model"], name) for name in item["components"]]
    parts = [part for part in found if part is not None]
    if len(parts) < len(found):
        return None
    shared = reduce(np.intersect1d, [part.acquisitions for part in parts])
    if shared.size < 4:
        return None
    parts = [part.taken(np.searchsorted(part.acquisitions, shared)) for part in parts]
    optics = foil(series, mixture, parts[0].names.core_level, parts[0].region)
    errors = [np.nan_to_num(part["area_stderr_cps_ev"]) for part in parts]
    return decay.Below(
        np.sum([part["area_cps_ev"] for part in parts], axis=0),
        np.hypot.reduce(np.array(errors)),
        series.clock.windows(shared, parts[0].region) - start_min,
        optics.metal_length_nm,
        optics.oxide_length_nm,
    )


def scaled_prior(rate: float, name: str, own: Floats, other: Floats) -> tuple[float, str]:
    """Return the oxidation rate of experiment ``name`` (nm/min) scaled by the logged pressures (Pa), and words."""
    if not own.size or not other.size:
        return rate, f"oxidation rate of {name} as it is: a log lacks the pressure"
    factor = float(np.mean(own) / np.mean(other))
    return rate * factor, f"oxidation rate of {name} times {factor:.3g}, the ratio of the logged pressures"
