"""Computations on where lines are: positions with the energy scale's error, their differences, changes and trends."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from xps.claims.evidence import Answer, Evidence, NotTestableError, known, records, weighted_mean

Floats = NDArray[np.float64]

_TOP = 0.6


def position(evidence: Evidence, experiment: str, model: str, component: str, at_min: float | str) -> Answer:
    """Position of a component in one acquisition (eV), the energy reference's error included."""
    acquisition = evidence.acquisition(experiment, at_min)
    rows = evidence.component(experiment, model, [component])
    rows = rows[rows["acquisition"] == acquisition]
    if rows.empty:
        raise NotTestableError(f"{experiment}: {component} was not fitted at {at_min} min")
    row = records(rows)[0]
    if known(row["position_stderr_ev"]) is None:
        raise NotTestableError(f"{experiment}: {model} imposes the position of {component}, so it tests nothing")
    return Answer(float(row["position_ev"]), _place_error(evidence, experiment, row), "eV")


def literature_offset(evidence: Evidence, experiment: str, check: str) -> Answer:
    """How far a line lies from its literature value in config/reference/binding_energies.csv (eV)."""
    rows = evidence.frame(experiment, "energy_checks")
    rows = rows[(rows["check"] == check) & rows["value_ev"].notna() & rows["expected_ev"].notna()]
    if rows.empty:
        raise NotTestableError(f"{experiment}: the energy scale was not held against {check}")
    row = records(rows)[0]
    error = float(np.hypot(row["stderr_ev"], row["expected_stderr_ev"]))
    return Answer(float(row["value_ev"] - row["expected_ev"]), error, "eV", remark=str(row["source"]))


def position_mean(evidence: Evidence, experiment: str, model: str, component: str, from_min: float = 0.0) -> Answer:
    """Mean position of a component over the acquisitions from a time on in which it was detected (eV)."""
    rows = _placed(evidence, experiment, model, component, from_min)
    errors = [_place_error(evidence, experiment, row) for row in records(rows)]
    return Answer(*weighted_mean(rows["position_ev"], errors), "eV", remark=f"{len(rows)} acquisitions")


def position_range(evidence: Evidence, experiment: str, model: str, component: str, from_min: float = 0.0) -> Answer:
    """Largest minus smallest position of a component over the acquisitions in which it was detected (eV)."""
    rows = _placed(evidence, experiment, model, component, from_min)
    ordered = records(rows.sort_values("position_ev"))
    lowest, highest = ordered[0], ordered[-1]
    error = float(np.hypot(_place_error(evidence, experiment, highest), _place_error(evidence, experiment, lowest)))
    words = f"lowest at {lowest['minutes']:g}, highest at {highest['minutes']:g} min; {len(ordered)} acquisitions"
    return Answer(float(highest["position_ev"] - lowest["position_ev"]), error, "eV", remark=words)


def position_change(evidence: Evidence, experiment: str, model: str, component: str, from_min: float = 0.0) -> Answer:
    """Change of a component's position along the series, first to last, by a straight line through its cycles (eV)."""
    rows = _placed(evidence, experiment, model, component, from_min).sort_values("minutes")
    if rows["minutes"].nunique() < 2:
        raise NotTestableError(f"{experiment}: {component} has a position in one acquisition only")
    minutes = rows["minutes"].to_numpy()
    errors = [_place_error(evidence, experiment, row) for row in records(rows)]
    slope, stderr = _slope(minutes, rows["position_ev"].to_numpy(), np.array(errors))
    span = float(minutes[-1] - minutes[0])
    apart = float(np.ptp(rows["position_ev"]))
    words = f"{len(rows)} acquisitions, {apart:.2g} eV apart at most, known to {np.mean(errors):.2g} eV each"
    return Answer(slope * span, stderr * span, "eV", remark=words)


def position_difference(
    evidence: Evidence,
    experiment: str,
    model: str,
    component: str,
    other_component: str,
    from_min: float = 0.0,
    other_experiment: str = "",
    other_model: str = "",
    other_from_min: float | None = None,
) -> Answer:
    """Mean position of one component minus that of another, of the same or another experiment (eV).

    Within one region of one experiment the energy scale's error cancels, cycle by cycle.
    """
    if not (other_experiment or other_model) and other_from_min is None:
        both = [_placed(evidence, experiment, model, name, from_min) for name in (component, other_component)]
        joint = both[0].merge(both[1], on=["acquisition", "region"], suffixes=("", "_other"))
        if len(joint):
            apart = joint["position_ev"] - joint["position_ev_other"]
            error = np.hypot(joint["position_stderr_ev"], joint["position_stderr_ev_other"])
            return Answer(*weighted_mean(apart, error), "eV", remark=f"{len(joint)} acquisitions")
    first = position_mean(evidence, experiment, model, component, from_min)
    start = from_min if other_from_min is None else other_from_min
    second = position_mean(evidence, other_experiment or experiment, other_model or model, other_component, start)
    return Answer(_value(first) - _value(second), float(np.hypot(first.stderr or 0.0, second.stderr or 0.0)), "eV")


def line_maximum(evidence: Evidence, experiment: str, model: str, region: str, at_min: float | str) -> Answer:
    """Energy of a window's maximum above the fitted background (eV), by a parabola through its top; no line is used."""
    acquisition = evidence.acquisition(experiment, at_min)
    rows = evidence.frame(experiment, "curves")
    rows = rows[(rows["model"] == model) & (rows["region"] == region) & (rows["acquisition"] == acquisition)]
    rows = rows[rows["background_cps"].notna()]
    if rows.empty:
        raise NotTestableError(f"{experiment}: no curve of {model} in {region} at {at_min} min")
    energy, height = rows["binding_energy_ev"].to_numpy(), (rows["data_cps"] - rows["background_cps"]).to_numpy()
    smooth = np.convolve(height, np.ones(5) / 5, mode="same")
    top = smooth >= _TOP * smooth.max()
    centre = float(energy[top].mean())
    coefficients, covariance = np.polyfit(energy[top] - centre, height[top], 2, cov=True)
    if coefficients[0] >= 0:
        raise NotTestableError(f"{experiment}: {region} has no maximum at {at_min} min")
    place = -coefficients[1] / (2 * coefficients[0])
    slopes = np.array([coefficients[1] / (2 * coefficients[0] ** 2), -1 / (2 * coefficients[0]), 0.0])
    own = float(np.sqrt(slopes @ covariance @ slopes))
    error = float(np.hypot(own, evidence.energy_stderr_ev(experiment, acquisition, region)))
    return Answer(centre + float(place), error, "eV", remark="from the data's maximum, not from the fit's line")


def centroid_trend(
    evidence: Evidence, experiment: str, model: str, components: Sequence[str], from_min: float = 0.0
) -> Answer:
    """Slope of the area-weighted mean position of components, in its standard errors (below 0: moves down)."""
    rows = evidence.component(experiment, model, components)
    rows = rows[(rows["minutes"] >= from_min) & (rows["area_cps_ev"] > 0)]
    times, places, errors = [], [], []
    for _, group in rows.groupby("acquisition"):
        weights = group["area_cps_ev"] / group["area_cps_ev"].sum()
        place = float((weights * group["position_ev"]).sum())
        moved = weights * group["position_stderr_ev"].fillna(0.0)
        mixed = (group["position_ev"] - place) * group["area_stderr_cps_ev"].fillna(0.0) / group["area_cps_ev"].sum()
        where = group["acquisition"].iloc[0], group["region"].iloc[0]
        reference = evidence.energy_stderr_ev(experiment, int(where[0]), str(where[1]))
        times.append(float(group["minutes"].iloc[0]))
        places.append(place)
        errors.append(float(np.sqrt((moved**2).sum() + (mixed**2).sum() + reference**2)))
    if len(set(times)) < 3:
        raise NotTestableError(f"{experiment}: {len(set(times))} acquisitions, three are needed for a trend")
    t, y, s = (np.array(part) for part in (times, places, np.maximum(errors, 1e-3)))
    slope, stderr = _slope(t, y, s)
    return Answer(
        slope / stderr, 1.0, "σ", remark=f"slope {1e3 * slope:.2g} meV/min, from {y[0]:.2f} to {y[-1]:.2f} eV"
    )


def _slope(times: Floats, values: Floats, errors: Floats) -> tuple[float, float]:
    """Return the slope of a weighted straight line and its standard error, from declared errors, never rescaled."""
    basis = np.stack([np.ones_like(times), times], axis=1) / errors[:, None]
    covariance = np.linalg.inv(basis.T @ basis)
    return float((covariance @ (basis.T @ (values / errors)))[1]), float(np.sqrt(covariance[1, 1]))


def _place_error(evidence: Evidence, experiment: str, row: Mapping[str, Any]) -> float:
    """Return the standard error of a position, that of the energy scale in its region included (eV)."""
    scale = evidence.energy_stderr_ev(experiment, int(row["acquisition"]), str(row["region"]))
    return float(np.hypot(row["position_stderr_ev"], scale))


def _placed(evidence: Evidence, experiment: str, model: str, component: str, from_min: float) -> pd.DataFrame:
    rows = evidence.component(experiment, model, [component])
    rows = rows[(rows["minutes"] >= from_min) & rows["detected"].ne(False) & rows["position_stderr_ev"].notna()]
    if rows.empty:
        raise NotTestableError(f"{experiment}: no free position of a detected {component} from {from_min:g} min on")
    return rows


def _value(answer: Answer) -> float:
    assert answer.value is not None
    return answer.value
