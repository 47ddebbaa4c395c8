"""Computations on how much of a line there is: shares, limits, changes of areas, correlations, alternatives."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from xps.claims.evidence import Answer, Evidence, NotTestableError, known, records

_SIGMA_LIMIT = 3.0


def share(
    evidence: Evidence, experiment: str, model: str, components: Sequence[str], at_min: float | str, rest: bool = False
) -> Answer:
    """Share of components among the species of their core level in one acquisition; ``rest``: what they leave."""
    acquisition = evidence.acquisition(experiment, at_min)
    rows = evidence.component(experiment, model, components)
    rows = rows[(rows["acquisition"] == acquisition) & rows["area_fraction"].notna()]
    if len(rows) < len(components):
        raise NotTestableError(f"{experiment}: no share of {' and '.join(components)} at {at_min} min")
    value = float(rows["area_fraction"].sum())
    # ASSUME shares of lines that overlap: their errors add up at worst.
    return Answer(1.0 - value if rest else value, float(_share_errors(rows).sum()))


def _share_errors(rows: pd.DataFrame) -> pd.Series:
    """Return the standard errors of shares, statistical and systematic together."""
    columns = ("area_fraction_stderr", "area_fraction_systematic_stderr")
    statistical, systematic = (rows[name].astype("float64").fillna(0.0) for name in columns)
    return pd.Series(np.hypot(statistical, systematic), index=rows.index)


def smallest_share(
    evidence: Evidence, experiment: str, model: str, components: Sequence[str], from_min: float = 0.0
) -> Answer:
    """Smallest share of components over the acquisitions from a time on."""
    rows = evidence.component(experiment, model, components)
    rows = rows[(rows["minutes"] >= from_min) & rows["area_fraction"].notna()]
    if rows.empty:
        raise NotTestableError(f"{experiment}: no share of {' and '.join(components)} from {from_min:g} min on")
    totals = rows.assign(error=_share_errors(rows)).groupby("acquisition")[["area_fraction", "error"]].sum()
    least = records(totals.sort_values("area_fraction"))[0]
    return Answer(float(least["area_fraction"]), float(least["error"]))


def largest_limit(evidence: Evidence, experiment: str, model: str, component: str, from_min: float = 0.0) -> Answer:
    """Largest 95 % upper limit of a component's share of its core level, over the acquisitions from a time on."""
    rows = evidence.component(experiment, model, [component])
    rows = rows[(rows["minutes"] >= from_min) & rows["upper_limit_95_cps_ev"].notna()]
    everything = evidence.frame(experiment, "components")
    same = everything[(everything["model"] == model) & everything["area_fraction"].notna()]
    same = same[same["core_level"].isin(rows["core_level"])]
    totals = rows["acquisition"].map(same.groupby("acquisition")["area_cps_ev"].sum())
    limits = (rows["upper_limit_95_cps_ev"] / totals.where(totals > 0)).dropna()
    if limits.empty:
        raise NotTestableError(f"{experiment}: no upper limit of {component} from {from_min:g} min on")
    worst = float(rows.loc[limits.index, "minutes"].to_numpy()[int(np.argmax(limits.to_numpy()))])
    return Answer(float(limits.max()), remark=f"at {worst:g} min")


def largest_over_detection_limit(
    evidence: Evidence, experiment: str, model: str, component: str, from_min: float = 0.0
) -> Answer:
    """Largest area of a component over its detection limit, over the acquisitions from a time on."""
    rows = evidence.component(experiment, model, [component])
    rows = rows[(rows["minutes"] >= from_min) & rows["area_cps_ev"].notna() & (rows["detection_limit_cps_ev"] > 0)]
    ratios = (rows["area_cps_ev"] / rows["detection_limit_cps_ev"]).to_numpy()
    if not ratios.size:
        raise NotTestableError(f"{experiment}: no detection limit of {component} from {from_min:g} min on")
    worst = float(rows["minutes"].to_numpy()[int(np.argmax(ratios))])
    return Answer(float(ratios.max()), remark=f"at {worst:g} min, {len(ratios)} acquisitions")


def relative_change(
    evidence: Evidence, experiment: str, model: str, components: Sequence[str], from_min: float | str = "first"
) -> Answer:
    """Relative change of the components' whole area from one acquisition to the last (%)."""
    areas = []
    for when in (from_min, "last"):
        acquisition = evidence.acquisition(experiment, when)
        rows = evidence.component(experiment, model, components)
        rows = rows[rows["acquisition"] == acquisition]
        if rows.empty:
            raise NotTestableError(f"{experiment}: no area of {' and '.join(components)} at {when}")
        areas.append((rows["area_cps_ev"].sum(), np.hypot.reduce(rows["area_stderr_cps_ev"].fillna(0.0).to_numpy())))
    (first, first_error), (last, last_error) = areas
    ratio = last / first
    error = ratio * float(np.hypot(first_error / first, last_error / last))
    return Answer(100.0 * (ratio - 1.0), 100.0 * error, "%")


def monotonic_share(
    evidence: Evidence, experiment: str, model: str, components: Sequence[str], direction: str
) -> Answer:
    """Whether the share of components only ``rises`` or only ``falls``, steps below three standard errors aside."""
    rows = evidence.component(experiment, model, components)
    totals = rows.groupby("acquisition")[["area_fraction", "area_fraction_stderr"]].sum()
    if len(totals) < 3:
        raise NotTestableError(f"{experiment}: {len(totals)} acquisitions, three are needed for a course")
    step = np.diff(totals["area_fraction"]) * (1.0 if direction == "rises" else -1.0)
    error = np.hypot(totals["area_fraction_stderr"].to_numpy()[1:], totals["area_fraction_stderr"].to_numpy()[:-1])
    against = int(np.sum(step < -_SIGMA_LIMIT * error))
    words = f"{against} of {len(step)} steps go the other way by more than three standard errors"
    return Answer(word=direction if against == 0 else "mixed", remark=words)


def correlation(
    evidence: Evidence, experiment: str, model: str, component: str, other_component: str, from_min: float = 0.0
) -> Answer:
    """Largest correlation coefficient (magnitude) of a parameter of one component with one of another, in the fits."""
    rows = evidence.frame(experiment, "correlations")
    times = evidence.minutes(experiment)
    late = times.index[times >= from_min]
    rows = rows[(rows["model"] == model) & rows["acquisition"].isin(late)]
    for name in (component, other_component):
        rows = rows[rows["pair"].str.contains(rf"(?:^|~ ){name}\.", regex=True)]
    if rows.empty:
        return Answer(0.95, remark="no pair of the two above 0.95, so the largest is below")
    best = max(records(rows), key=lambda row: abs(row["correlation"]))
    return Answer(float(abs(best["correlation"])), remark=str(best["pair"]))


def alternative_share(
    evidence: Evidence, experiment: str, model: str, component: str, alternative: str, at_min: float | str
) -> Answer:
    """Share of a component under a declared alternative of the model, in one acquisition."""
    rows = evidence.frame(experiment, "alternatives")
    acquisition = evidence.acquisition(experiment, at_min)
    rows = rows[(rows["model"] == model) & (rows["component"] == component) & (rows["acquisition"] == acquisition)]
    found = rows[(rows["alternative"] == alternative) & rows["area_fraction"].notna()]
    if found.empty:
        names = ", ".join(sorted(set(rows["alternative"])))
        raise NotTestableError(f"{experiment}: {model} has no alternative {alternative} of {component} ({names})")
    row = records(found)[0]
    return Answer(float(row["area_fraction"]), known(row["area_fraction_stderr"]), remark=f"{row['change']}")
