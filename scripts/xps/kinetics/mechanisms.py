"""Rows of ``kinetics`` on mechanisms: growth, onset and oxidation of one series, as its experiment file asks for them.

Times here are minutes on the series' clock, as constants of growth are given in the field; each row says its unit.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from xps.chemistry import Chemistry, interphase_per_lithium, lithium_nm_per_uah_cm2
from xps.core_lines import atoms_per_nm3, length_nm
from xps.kinetics import courses, growth, onset, oxidation, series_clock
from xps.kinetics.estimation import Floats
from xps.kinetics.oxidation import Foil
from xps.kinetics.regression import LawFit, choices
from xps.sensitivity import Facts

Settings = Mapping[str, Any]
_AVOGADRO_PER_NM3 = 602.214076


class Series(NamedTuple):
    """All that is known of one series: tables, reference and declared stacks."""

    acquisitions: pa.Table
    components: pd.DataFrame
    """Component rows of acquisitions that are not excluded."""
    layers: pa.Table
    stacks: Sequence[Settings]
    chemistry: Chemistry
    lines: Mapping[str, Settings]
    areas_cm2: Mapping[str, float]

    @property
    def clock(self) -> series_clock.Clock:
        """When things happened."""
        return series_clock.clock(self.acquisitions)

    def facts(self, region: str) -> Facts:
        """Return what the header says of ``region`` in its first acquisition."""
        row = next(row for row in self.acquisitions.to_pylist() if row["region"] == region)
        return Facts(*(row[name] for name in Facts._fields))

    def component(self, model: str, name: str) -> pd.DataFrame:
        """Return the rows of one component with a value, chronological."""
        rows = self.components[(self.components["model"] == model) & (self.components["component"] == name)]
        return rows[rows["area_cps_ev"].notna()].sort_values("acquisition")

    def region(self, tracer: Settings) -> str:
        """Return the region in which a declared tracer is measured."""
        return str(self.component(tracer["model"], tracer["components"][0])["region"].iloc[0])

    def film(self, wanted: Settings) -> tuple[list[dict[str, Any]] | None, Settings]:
        """Return one row of ``layers`` per acquisition for the wanted film, and how it was declared; None without."""
        coverage = wanted.get("coverage_fraction")
        name = wanted["layer_model"], wanted["layer"]
        for stack in self.stacks:
            for film in stack["films"]:
                if (stack["layer_model"], film["layer"]) == name:
                    rows = [
                        row
                        for row in self.layers.to_pylist()
                        if (row["layer_model"], row["layer"]) == name
                        and (coverage is None or row["patch_coverage_fraction"] in (None, coverage))
                    ]
                    unique = {row["acquisition"]: row for row in rows}
                    return [unique[number] for number in sorted(unique)], film
        return None, {}


def series_of(
    acquisitions: pa.Table,
    components: pa.Table,
    layers: pa.Table,
    stacks: Sequence[Settings],
    chemistry: Chemistry,
    lines: Sequence[Settings],
    areas_cm2: Mapping[str, float],
) -> Series:
    """Return the series of these tables; component rows of excluded acquisitions are left out."""
    keys = ["acquisition", "region"]
    kept = acquisitions.filter(pc.invert(acquisitions["excluded"])).select(keys).to_pandas()
    frame = components.to_pandas().merge(kept, on=keys, how="inner")
    by_name = {line["core_level"]: line for line in lines}
    return Series(acquisitions, frame, layers, stacks, chemistry, by_name, areas_cm2)


def series_of_tables(found: Mapping[str, pa.Table], own: Settings, chemistry: Chemistry) -> Series:
    """Return the series of the tables ``found`` by name; ``own`` are its declared stacks, factors and areas."""
    acquisitions, components, layers = (found[name] for name in ("acquisitions", "components", "layers"))
    return series_of(acquisitions, components, layers, own["stacks"], chemistry, own["factors"], own["areas_cm2"])


class Findings(NamedTuple):
    """Rows of the tables ``kinetics``, ``courses`` and ``profiles``."""

    kinetics: Sequence[Settings] = ()
    courses: Sequence[Settings] = ()
    profiles: Sequence[Settings] = ()

    def joined(self, other: "Findings") -> "Findings":
        """Return both findings together."""
        return Findings(*([*own, *more] for own, more in zip(self, other, strict=True)))


def findings(series: Series, axis: str, wanted: Settings) -> Findings:
    """Return what the section ``wanted`` of an experiment file asks for on growth, onset and oxidation."""
    found = Findings()
    if "growth" in wanted:
        found = found.joined(growth_findings(series, wanted["growth"]))
    if "onset" in wanted:
        timed = series.acquisitions.select(list(dict.fromkeys(["acquisition", "region", "start_time_s", axis])))
        points = series.components.merge(timed.to_pandas(), on=["acquisition", "region"], how="left")
        found = found.joined(Findings(list(onset.rows(points.assign(axis_s=points[axis]), wanted["onset"], axis))))
    if "oxidation" in wanted:
        found = found.joined(oxidation_findings(series, wanted["oxidation"]))
    return found


# --- growth ----------------------------------------------------------------------------------------------------------


def growth_findings(series: Series, wanted: Settings) -> Findings:
    """Return the growth laws through one film's thickness, and the bounds from metal that was not seen."""
    when = series.clock
    keys = {"experiment": when.experiment, "component": wanted["layer"], "quantity": "thickness_nm"}
    course = _course(series, when, wanted)
    if isinstance(course, str):
        reason = {"parameter": "", "unit": "nm", "window": "no points", "chosen": "undecided"}
        words = f"not testable: {course}"
        return Findings([{**keys, **reason, "law": law, "verdict": words} for law in wanted["laws"]])
    fits, estimates, chosen = growth.fits(course, wanted["laws"])
    window = _window(course.windows_min)
    words = "; ".join(_growth_words(course, when, wanted["area"]))
    film = {"layer_model": wanted["layer_model"], "patch_coverage_fraction": wanted.get("coverage_fraction")}
    rows, drawn, profiles = list[Settings](), list[Settings](), list[Settings]()
    for fit, found, choice in zip(fits, estimates, chosen, strict=True):
        shared = {**keys, "law": fit.law, "window": window, "aicc": fit.aicc, "bic": fit.bic, "chosen": choice}
        ends = list(growth.open_ends(found, fit.law)) if found.success else []
        units = growth.parameter_units(fit.law)
        rows += _parameter_rows(fit, units, {**shared, "condition": "; ".join([words, *ends])})
        if fit.values:
            judged = {"chosen": choice, "verdict": fit.verdict}
            drawn += courses.course_rows(course, fit.law, found, {**keys, **film, **judged, "unit": "nm"})
            profiles += courses.profile_rows(found, units, {**keys, "law": fit.law})
    rows += _bound_rows(course, fits, {**keys, "window": window, "chosen": "undecided"})
    return Findings(rows, drawn, profiles)


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
    plated = [row for row in film if (when.plating_min[row["acquisition"]] or 0.0) > 0]
    usable = [row for row in plated if row["thickness_nm"] is not None or row["thickness_lower_limit_nm"] is not None]
    if len(usable) <= 1:
        return "one cycle" if usable else "no thickness in any plated acquisition"
    numbers = [row["acquisition"] for row in usable]
    return growth.Course(
        _column(usable, "thickness_nm"),
        _column(usable, "thickness_stderr_nm"),
        _column(usable, "thickness_lower_limit_nm"),
        when.windows(numbers, series.region(declared["tracer"])),
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
    first_seen = min((int(number) for number in area.loc[area["detected"].ne(False), "acquisition"]), default=None)
    rows = [
        row
        for row in film
        if (first_seen is None or row["acquisition"] < first_seen)
        and row["thickness_nm"] is not None
        and row["thickness_stderr_nm"]
        and (when.plating_min[row["acquisition"]] or 0.0) > 0
    ]
    if not rows:
        return empty
    limits = np.array([row["thickness_nm"] + 1.645 * row["thickness_stderr_nm"] for row in rows])
    return growth.Metal(limits, when.windows([row["acquisition"] for row in rows], series.region(tracer)))


def _column(rows: Sequence[Settings], name: str) -> Floats:
    return np.array([np.nan if row[name] is None else row[name] for row in rows], dtype=np.float64)


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
        row = {"law": "parabolic", "parameter": name, "verdict": "lower bound", "condition": f"{meaning}; {words}"}
        yield {**keys, **row, **numbers, "unit": "nm²/min"}


# --- oxidation -------------------------------------------------------------------------------------------------------


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
        metals / volume * _AVOGADRO_PER_NM3,
        volume / (metals * metal.molar_volume_cm3 / float(metal.atoms[element])),
        metals,
    )


def oxidation_findings(series: Series, wanted: Settings) -> Findings:
    """Return both oxidation laws through the metal's share of its line, and the implied pressures."""
    when = series.clock
    rows = series.component(wanted["model"], wanted["component"])
    rows = rows[rows["area_fraction"].notna() & rows["area_fraction_stderr"].notna()]
    keys: dict[str, Any] = {
        "experiment": when.experiment,
        "model": wanted["model"],
        "component": wanted["component"],
        "quantity": "oxidation",
    }
    if len(rows) < 2:
        reason = "one cycle" if len(rows) else "no share of the metal in any acquisition"
        empty = {"parameter": "", "unit": "1", "window": f"{len(rows)} points", "chosen": "undecided"}
        words = f"not testable: {reason}"
        return Findings([{**keys, **empty, "law": law, "verdict": words} for law in oxidation.LAWS])
    level, region = str(rows["core_level"].iloc[0]), str(rows["region"].iloc[0])
    windows = when.windows([int(number) for number in rows["acquisition"]], region)
    windows = windows - windows[0, 0]
    optics = foil(series, wanted, level, region)
    share, stderr = (rows[name].to_numpy(dtype=np.float64) for name in ("area_fraction", "area_fraction_stderr"))
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
        judged = {"core_level": level, "window": _window(windows), "aicc": fit.aicc, "bic": fit.bic, "chosen": choice}
        shared = {**keys, **judged, "law": fit.law}
        names = {"first_order": ("f0", "k"), "flux_limited": ("x0", "g")}[fit.law]
        units = {name: oxidation.UNITS[name] for name in names}
        told += _parameter_rows(fit, units, {**shared, "condition": conditions[fit.law]})
        profiles += courses.profile_rows(found, units, {**keys, "law": fit.law})
        if fit.law == "flux_limited" and fit.values:
            told += _pressure_rows(optics, fit, {**shared, "verdict": fit.verdict}, when, conditions[fit.law])
    return Findings(told, (), profiles)


def _pressure_rows(
    optics: Foil, fit: LawFit, keys: Settings, when: series_clock.Clock, words: str
) -> Iterator[dict[str, Any]]:
    logged = [pressure for pressure in when.pressures_pa.values() if pressure is not None]
    said = f"the log says {np.mean(logged):.2g} Pa" if logged else "the log gives no pressure"
    for gas, shares in oxidation.GASES.items():
        unit = oxidation.implied_pressure_pa(optics, 1.0, shares)
        ends = [None if end is None else unit * end for end in fit.intervals[1]]
        numbers = {"value": unit * fit.values[1], "stderr": unit * fit.stderrs[1]}
        condition = f"a lower bound, if the gas was {gas}; {said}; {words}"
        row = {**keys, **numbers, "low": ends[0], "high": ends[1]}
        yield {**row, "parameter": f"pressure ({gas})", "unit": "Pa", "condition": condition}


# --- rows ------------------------------------------------------------------------------------------------------------


def _parameter_rows(fit: LawFit, units: Mapping[str, str], shared: Settings) -> Iterator[dict[str, Any]]:
    if not fit.values:
        yield {**shared, "parameter": "", "unit": "1", "verdict": fit.verdict}
    for index, (name, unit) in enumerate(units.items() if fit.values else ()):
        low, high = fit.intervals[index]
        stderr = fit.stderrs[index] if np.isfinite(fit.stderrs[index]) else None
        numbers = {"value": fit.values[index], "stderr": stderr, "low": low, "high": high}
        yield {**shared, **numbers, "parameter": name, "unit": unit, "verdict": fit.verdict}


def _window(windows_min: Floats) -> str:
    return f"clock {windows_min.min():.6g} to {windows_min.max():.6g} min, {len(windows_min)} points"
