"""Computations on what follows from the lines: composition, films, charge, mechanisms, phases, headers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from xps.claims.evidence import Answer, Evidence, NotTestableError, known, records
from xps.claims.expectation import spoken
from xps.claims.of_shares import share
from xps.quantiles import TWO_SIDED_95
from xps.table_schemas import SCHEMAS

_UNITS = {column.name: column.unit for column in SCHEMAS["acquisitions"]}


def _percent(evidence: Evidence, experiment: str, subject: str, basis: str) -> pd.DataFrame:
    rows = evidence.frame(experiment, "composition")
    rows = rows[(rows["subject"] == subject) & (rows["basis"] == basis) & rows["atomic_percent"].notna()]
    rows = rows[rows["origin"] == "core_levels"]
    times = evidence.minutes(experiment)
    rows = rows[rows["acquisition"].isin(times.index)]
    if rows.empty:
        raise NotTestableError(f"{experiment}: no atomic percent of {subject}, basis {basis}")
    rows = rows.assign(minutes=rows["acquisition"].map(times))
    error = np.hypot(rows["statistical_stderr"].fillna(0.0), rows["systematic_stderr"].fillna(0.0))
    return rows.assign(error=error).drop_duplicates("acquisition").sort_values("minutes")


def atomic_percent_extreme(
    evidence: Evidence, experiment: str, subject: str, extreme: str, from_min: float = 0.0, basis: str = "carbon_free"
) -> Answer:
    """Smallest or largest atomic percent of an element or species over the acquisitions from a time on (%)."""
    rows = _percent(evidence, experiment, subject, basis)
    rows = rows[rows["minutes"] >= from_min]
    if rows.empty:
        raise NotTestableError(f"{experiment}: no atomic percent of {subject} from {from_min:g} min on")
    ordered = records(rows.sort_values("atomic_percent"))
    row = ordered[0 if extreme == "smallest" else -1]
    return Answer(float(row["atomic_percent"]), float(row["error"]), "%", remark=f"at {row['minutes']:g} min")


def atomic_percent_ratio(
    evidence: Evidence, experiment: str, subject: str, later_min: float, earlier_min: float, basis: str = "carbon_free"
) -> Answer:
    """Atomic percent at one time over that at an earlier one."""
    rows = {int(row["acquisition"]): row for row in records(_percent(evidence, experiment, subject, basis))}
    values = []
    for when in (later_min, earlier_min):
        acquisition = evidence.acquisition(experiment, when)
        if acquisition not in rows:
            raise NotTestableError(f"{experiment}: no atomic percent of {subject} at {when:g} min")
        row = rows[acquisition]
        values.append((float(row["atomic_percent"]), float(row["statistical_stderr"])))
    (late, late_error), (early, early_error) = values
    ratio = late / early
    return Answer(ratio, ratio * float(np.hypot(late_error / late, early_error / early)))


def largest_drift(
    evidence: Evidence, experiment: str, subjects: Sequence[str], basis: str = "carbon_free", allowed: float = 0.02
) -> Answer:
    """Largest change of atomic percents, first to last, beyond a share of the value, in statistical standard errors.

    What is below the share ``allowed`` of the value counts as none, however well it is measured.
    """
    worst, where = 0.0, ""
    for subject in subjects:
        rows = _percent(evidence, experiment, subject, basis)
        if len(rows) < 2:
            raise NotTestableError(f"{experiment}: one acquisition shows no drift of {subject}")
        first, *_, last = records(rows)
        change = float(last["atomic_percent"] - first["atomic_percent"])
        beyond = abs(change) - allowed * float(first["atomic_percent"])
        error = float(np.hypot(first["statistical_stderr"], last["statistical_stderr"]))
        if beyond / error > worst:
            worst, where = beyond / error, f"{subject}: {change:+.2g} at%, {beyond:.2g} more than {allowed:.0%} of it"
    return Answer(worst, None, "σ", remark=where or f"no subject changes by more than {allowed:.0%}")


def _films(evidence: Evidence, experiment: str, layer_model: str, layer: str) -> pd.DataFrame:
    rows = evidence.frame(experiment, "layers")
    rows = rows[(rows["layer_model"] == layer_model) & (rows["layer"] == layer) & rows["thickness_nm"].notna()]
    times = evidence.minutes(experiment)
    rows = rows[rows["acquisition"].isin(times.index)].drop_duplicates("acquisition")
    if rows.empty:
        raise NotTestableError(f"{experiment}: no thickness of {layer} in the layer model {layer_model}")
    return rows.assign(minutes=rows["acquisition"].map(times)).sort_values("minutes")


def last_thickness(evidence: Evidence, experiment: str, layer_model: str, layer: str) -> Answer:
    """Thickness of a film in the last acquisition in which it is known (nm)."""
    row = records(_films(evidence, experiment, layer_model, layer))[-1]
    kinds = ("stderr_nm", "imfp_stderr_nm", "carbon_stderr_nm", "fit_stderr_nm")
    parts = [f"thickness_{kind}" for kind in kinds]
    error = float(np.hypot.reduce([row[name] for name in parts if not pd.isna(row[name])]))
    return Answer(float(row["thickness_nm"]), error, "nm", remark=f"at {row['minutes']:g} min; {row['condition']}")


def thickness_course(evidence: Evidence, experiment: str, layer_model: str, layer: str) -> Answer:
    """Whether a film only grows: ``rises``, or ``mixed``; steps below three standard errors aside."""
    rows = _films(evidence, experiment, layer_model, layer)
    if len(rows) < 3:
        raise NotTestableError(f"{experiment}: {len(rows)} thicknesses of {layer}, three are needed for a course")
    error = rows["thickness_stderr_nm"].to_numpy()
    against = int(np.sum(np.diff(rows["thickness_nm"]) < -3.0 * np.hypot(error[1:], error[:-1])))
    return Answer(word="rises" if against == 0 else "mixed", remark=f"{against} of {len(rows) - 1} steps go down")


def attenuation_by_film(
    evidence: Evidence,
    experiment: str,
    layer_model: str,
    layer: str,
    model: str,
    components: Sequence[str],
    from_min: float,
) -> Answer:
    """Correlation of ln(area) of lines from below with the thickness of a film on them."""
    rows = _films(evidence, experiment, layer_model, layer)
    areas = evidence.component(experiment, model, components).groupby("acquisition")["area_cps_ev"].sum()
    rows = rows[(rows["minutes"] >= from_min) & rows["acquisition"].isin(areas.index)]
    if len(rows) < 4:
        raise NotTestableError(f"{experiment}: {len(rows)} acquisitions from {from_min:g} min on, four are needed")
    logs, thickness = np.log(areas.loc[rows["acquisition"]].to_numpy()), rows["thickness_nm"].to_numpy()
    slope = float(np.polyfit(thickness, logs, 1)[0])
    words = f"weakened by exp(-d / {-1 / slope:.2g} nm)" if slope < 0 else "not weakened"
    return Answer(float(np.corrcoef(logs, thickness)[0, 1]), remark=f"{words}; carbon that grows as well is part of it")


def matched_share(
    evidence: Evidence,
    experiment: str,
    other_experiment: str,
    model: str,
    component: str,
    layer_model: str,
    layer: str,
    thickness_nm: float,
) -> Answer:
    """Share of a component in one experiment minus that in another, both where the film is equally thick."""
    values = []
    for name in (experiment, other_experiment):
        points = []
        for row in records(_films(evidence, name, layer_model, layer)):
            answer = share(evidence, name, model, [component], float(row["minutes"]))
            points.append((float(row["thickness_nm"]), answer.value or 0.0, answer.stderr or 0.0))
        d, y, s = (np.array(part) for part in zip(*sorted(points), strict=True))
        if not d[0] <= thickness_nm <= d[-1]:
            raise NotTestableError(f"{name}: {layer} is never {thickness_nm:g} nm thick ({d[0]:.2g} to {d[-1]:.2g} nm)")
        values.append((float(np.interp(thickness_nm, d, y)), float(np.interp(thickness_nm, d, s))))
    (one, one_error), (two, two_error) = values
    return Answer(one - two, float(np.hypot(one_error, two_error)), remark=f"{one:.3f} and {two:.3f}, interpolated")


def charge(evidence: Evidence, experiment: str, area: str, at_min: float) -> Answer:
    """Plating charge per area before an acquisition (µAh/cm²)."""
    rows = evidence.frame(experiment, "balance")
    rows = rows[(rows["area"] == area) & (rows["acquisition"] == evidence.acquisition(experiment, at_min))]
    if rows.empty or rows["charge_uah_cm2"].isna().all():
        raise NotTestableError(f"{experiment}: no charge per {area} at {at_min:g} min (area or current missing)")
    row = records(rows)[0]
    words = f"{row['lithium_equivalent_nm']:.1f} nm of dense lithium"
    found = row["accounted_fraction"]
    words += "" if pd.isna(found) else f", of which the films hold {found:.1%}"
    return Answer(float(row["charge_uah_cm2"]), None, "µAh/cm²", remark=words)


def film_of_all_charge(
    evidence: Evidence, experiment: str, area: str, layer_model: str, layer: str, at_min: float
) -> Answer:
    """Thickness that a film would have if it were closed and held all the charge per area (nm)."""
    number = evidence.acquisition(experiment, at_min)
    charges, films = evidence.frame(experiment, "balance"), _films(evidence, experiment, layer_model, layer)
    held = charges[(charges["area"] == area) & (charges["acquisition"] == number)]["accounted_fraction"].dropna()
    seen = films[films["acquisition"] == number]["thickness_nm"]
    if held.empty or seen.empty or not held.iloc[0] > 0.0:
        raise NotTestableError(f"{experiment}: no share of the charge per {area} is in {layer} at {at_min:g} min")
    return Answer(float(seen.iloc[0] / held.iloc[0]), None, "nm")


def kinetic_value(
    evidence: Evidence,
    experiment: str,
    quantity: str,
    law: str,
    parameter: str,
    component: str = "",
) -> Answer:
    """A parameter of a law in ``kinetics``; its error from the 95 % interval where it has none."""
    rows = _rates(evidence, experiment, _named(quantity, law, parameter, component))
    row = records(rows)[0]
    if pd.isna(row["value"]):
        raise NotTestableError(f"{experiment}: {quantity} by {law} gives no {parameter} ({_judged(row)})")
    error = row["stderr"]
    if pd.isna(error) and not (pd.isna(row["low"]) or pd.isna(row["high"])):
        error = (row["high"] - row["low"]) / (2 * TWO_SIDED_95)
    return Answer(float(row["value"]), known(error), str(row["unit"]), remark=_judged(row, "condition"))


def at_full_utilisation(
    evidence: Evidence, experiment: str, quantity: str, law: str, parameter: str, power: int
) -> Answer:
    """A law's parameter, which goes with a ``power`` of the utilisation, as it would be if all charge arrived."""
    found = kinetic_value(evidence, experiment, quantity, law, parameter)
    used = kinetic_value(evidence, experiment, quantity, law, "utilisation")
    if not used.value or found.value is None:
        raise NotTestableError(f"{experiment}: by {law} no charge arrived")
    return Answer(found.value / used.value**power, None, found.unit)


def kinetic_word(
    evidence: Evidence,
    experiment: str,
    quantity: str,
    law: str,
    parameter: str = "",
    component: str = "",
    column: str = "verdict",
    holding: Sequence[str] = (),
    lacking: Sequence[str] = (),
) -> Answer:
    """Verdict or choice of a row of ``kinetics``, picked by words that its condition holds or lacks."""
    rows = _rates(evidence, experiment, _named(quantity, law, parameter, component))
    conditions = rows["condition"].fillna("")
    for words in holding:
        rows = rows[conditions.loc[rows.index].str.contains(words, regex=False)]
    for words in lacking:
        rows = rows[~conditions.loc[rows.index].str.contains(words, regex=False)]
    if rows.empty:
        raise NotTestableError(f"{experiment or 'comparison'}: no row of {quantity} with these assumptions")
    row = records(rows)[0]
    if column == "verdict" and row["verdict"] == "not_testable":
        raise NotTestableError(f"{experiment or 'comparison'}: {_judged(row)}")
    return Answer(word=str(row[column]), remark=_judged(row, "condition"))


def _judged(row: Mapping[str, Any], *more: str) -> str:
    """Return the verdict of a row of ``kinetics`` with its reason, and what else it says in the columns ``more``."""
    verdict = spoken(row["verdict"])
    judged = verdict if pd.isna(row["reason"]) else f"{verdict}: {row['reason']}"
    return "; ".join([judged, *(str(row[name]) for name in more if not pd.isna(row[name]))])


def _named(quantity: str, law: str, parameter: str, component: str) -> dict[str, str]:
    return {"quantity": quantity, "law": law, "parameter": parameter, "component": component}


def _rates(evidence: Evidence, experiment: str, wanted: Mapping[str, str]) -> pd.DataFrame:
    rows = evidence.frame(experiment, "kinetics")
    for column, value in wanted.items():
        # An empty parameter is a verdict without value; an empty component means any.
        if value or column == "parameter":
            rows = rows[rows[column].fillna("") == value]
    if rows.empty and wanted["parameter"] == "onset":
        raise NotTestableError(f"{experiment}: no onset was asked for")
    if rows.empty:
        told = ", ".join(f"{column} {value}" for column, value in wanted.items() if value)
        raise NotTestableError(f"{experiment or 'the comparison'}: kinetics has no row with {told}")
    return rows


def conductive_percent(evidence: Evidence, case: str, phases: Sequence[str] = ()) -> Answer:
    """Conductive share of the volume of what a reaction leaves (vol%), with half its range over densities as error.

    With ``phases`` given only these count as conductive, at the densities as they stand.
    """
    rows = evidence.frame("", "phases")
    rows = rows[rows["case"] == case]
    if rows.empty:
        raise NotTestableError(f"config/reference/reactions.csv has no case {case}")
    if phases:
        counted = rows[rows["phase"].isin(list(phases))]
        return Answer(100 * float(counted["volume_fraction"].sum()), None, "vol%", remark=f"{', '.join(phases)} alone")
    row = records(rows)[0]
    low, high = 100 * row["conductive_fraction_low"], 100 * row["conductive_fraction_high"]
    words = f"{low:.1f} to {high:.1f} over the densities; {row['reaction']}; {row['remark']}"
    return Answer(100 * float(row["conductive_fraction"]), (high - low) / 2, "vol%", remark=words)


def window_minutes(evidence: Evidence, experiment: str, region: str) -> Answer:
    """Median duration of a region (min)."""
    rows = _regions(evidence, experiment, region)
    lengths = (rows["end_time_s"] - rows["start_time_s"]) / 60.0
    return Answer(
        float(lengths.median()), None, "min", remark="computed" if (rows["time_origin"] == "computed").any() else ""
    )


def header_value(evidence: Evidence, experiment: str, region: str, fact: str) -> Answer:
    """A number that the headers of a region give (a column of ``acquisitions``), where all agree."""
    values = _regions(evidence, experiment, region)[fact].dropna().unique()
    if len(values) != 1:
        raise NotTestableError(f"{experiment}: {region} has {len(values)} different values of {fact}")
    return Answer(float(values[0]), None, _UNITS[fact])


def _regions(evidence: Evidence, experiment: str, region: str) -> pd.DataFrame:
    rows = evidence.frame(experiment, "acquisitions")
    rows = rows[(rows["region"] == region) & ~rows["excluded"]]
    if rows.empty:
        raise NotTestableError(f"{experiment}: no region {region}")
    return rows
