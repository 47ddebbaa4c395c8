"""Rows on metal that oxidises in residual gas: both laws through its share of the line, and the pressures implied."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from xps.core_lines import AVOGADRO_PER_NM3, atoms_per_nm3, length_nm
from xps.kinetics import oxidation, series_clock
from xps.kinetics.findings import Findings, parameter_rows, profile_rows, window_words
from xps.kinetics.oxidation import Foil
from xps.kinetics.regression import LawFit, choices
from xps.kinetics.series import Series
from xps.kinetics.verdicts import not_testable

Settings = Mapping[str, Any]


def foil(series: Series, wanted: Settings, level: str, region: str) -> Foil:
    """Return metal and its oxide, mixed by the declared shares of oxygen atoms, for the line ``level``."""
    chemistry, facts, line = series.chemistry, series.facts(region), series.lines[level]
    metal = chemistry.phases[wanted["metal"]]
    element = next(iter(metal.atoms))
    volumes, metals = {}, 0.0
    for name, share in wanted["products"].items():
        phase = chemistry.phases[name]
        oxygen = float(phase.atoms["O"])
        volumes[name] = share * phase.molar_volume_cm3 / oxygen
        metals += share * float(phase.atoms[element]) / oxygen
    volume = sum(volumes.values())
    lengths = {name: length_nm(name, chemistry, line, facts) for name in volumes}
    return Foil(
        length_nm(wanted["metal"], chemistry, line, facts),
        1.0 / sum(part / volume / lengths[name] for name, part in volumes.items()),
        atoms_per_nm3(metal, element),
        metals / volume * AVOGADRO_PER_NM3,
        volume / (metals * metal.molar_volume_cm3 / float(metal.atoms[element])),
        metals,
    )


def oxidation_findings(series: Series, wanted: Settings) -> Findings:
    """Return both oxidation laws through the metal's share of its line, and the implied pressures."""
    when = series.clock
    track = series.component(wanted["model"], wanted["component"])
    metal = None if track is None else track.known("area_fraction", "area_fraction_stderr")
    keys: dict[str, Any] = {
        "experiment": when.experiment,
        "model": wanted["model"],
        "component": wanted["component"],
        "quantity": "oxidation",
    }
    if metal is None or len(metal) < 2:
        reason = "one cycle" if metal else "no share of the metal in any acquisition"
        empty = {"parameter": "", "unit": "1", "window": f"{1 if metal else 0} points", "chosen": "undecided"}
        shared = {**keys, **empty, **not_testable(reason).columns}
        return Findings([{**shared, "law": law} for law in oxidation.LAWS])
    level = metal.names.core_level
    windows = when.windows(metal.acquisitions, metal.region)
    windows = windows - windows[0, 0]
    optics = foil(series, wanted, level, metal.region)
    share, stderr = metal["area_fraction"], metal["area_fraction_stderr"]
    fits, estimates = oxidation.fits(optics, share, stderr, windows)
    weights = 1.0 / np.maximum(stderr, 1e-6) ** 2
    null = float(np.sum(weights * (share - np.average(share, weights=weights)) ** 2) + np.log(len(share)))
    mixture = " and ".join(f"{part:g} of the oxygen as {name}" for name, part in sorted(wanted["products"].items()))
    conditions = {
        "first_order": "no mechanism: a number to compare with",
        "flux_limited": f"sticking 1, closed even oxide, {mixture}",
    }
    told, profiles = list[Settings](), list[Settings]()
    for fit, found, choice in zip(fits, estimates, choices(fits, null), strict=True):
        judged = {
            "core_level": level,
            "window": window_words(windows),
            "aicc": fit.aicc,
            "bic": fit.bic,
            "chosen": choice,
        }
        shared = {**keys, **judged, "law": fit.law}
        names = {"first_order": ("f0", "k"), "flux_limited": ("x0", "g")}[fit.law]
        units = {name: oxidation.UNITS[name] for name in names}
        told += parameter_rows(fit, units, {**shared, "condition": conditions[fit.law]})
        profiles += profile_rows(found, units, {**keys, "law": fit.law})
        if fit.law == "flux_limited" and fit.values:
            told += _pressure_rows(optics, fit, {**shared, **fit.verdict.columns}, when, conditions[fit.law])
    return Findings(told, (), profiles)


def _pressure_rows(
    optics: Foil, fit: LawFit, keys: Settings, when: series_clock.Clock, words: str
) -> Iterator[dict[str, Any]]:
    logged = when.logged_pressures_pa
    said = f"the log says {np.mean(logged):.2g} Pa" if logged.size else "the log gives no pressure"
    for gas, shares in oxidation.GASES.items():
        unit = oxidation.implied_pressure_pa(optics, 1.0, shares)
        ends = [None if end is None else unit * end for end in fit.intervals[1]]
        numbers = {"value": unit * fit.values[1], "stderr": unit * fit.stderrs[1]}
        condition = f"a lower bound, if the gas was {gas}; {said}; {words}"
        row = {**keys, **numbers, "low": ends[0], "high": ends[1]}
        yield {**row, "parameter": f"pressure ({gas})", "unit": "Pa", "condition": condition}
