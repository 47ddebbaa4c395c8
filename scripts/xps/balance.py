"""Where the plated charge went: charge per area, its equivalent of lithium, and what of it the spectra account for.

q = I t / A per declared area, over the plating time of the operator's log. One electron plates one lithium atom, so
1 µAh/cm² is 3.731e-8 mol/cm² and V_Li times that of dense metal (4.849 nm at 12.996 cm³/mol). Accounted for is what the
films of the table ``layers`` hold: interphase by the lithium its reaction takes up, oxides by their own lithium, metal
as it is. A share far below 1 is a finding, not an error: the beam leaks, makes secondaries and plates unevenly.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from xps import tables
from xps.chemistry import LITHIUM, Chemistry, interphase_per_lithium, lithium_nm_per_uah_cm2
from xps.errors import ConfigError

_UAH_C = 3.6e-3
_LOGGED = ["experiment", "acquisition", "plating_time_s", "plating_current_ua"]
_FILMS = [
    *("acquisition", "layer_model", "layer", "condition", "coverage_fraction", "patch_coverage_fraction"),
    *("thickness_nm", "thickness_stderr_nm", "thickness_imfp_stderr_nm", "thickness_carbon_stderr_nm"),
    "thickness_fit_stderr_nm",
]
AT_ONCE = 1024
"""Acquisitions whose rows are in memory."""

Settings = Mapping[str, Any]


def lithium_share(name: str, chemistry: Chemistry) -> float:
    """Return nm of dense lithium from outside held by 1 nm of the phase or reaction case ``name``."""
    if name in chemistry.cases:
        return 1.0 / interphase_per_lithium(chemistry.cases[name], chemistry.phases)
    phase = chemistry.phases[name]
    amount = float(phase.atoms.get(LITHIUM, 0)) / phase.molar_volume_cm3
    return amount * chemistry.phases[LITHIUM].molar_volume_cm3


def extract(
    found: tables.Series,
    areas_cm2: Mapping[str, float],
    accounting: Settings | None,
    stacks: Sequence[Settings],
    chemistry: Chemistry,
) -> Iterator[tables.Table]:
    """Yield the table ``balance``, some acquisitions at a time: a row per acquisition and area of a plating series.

    ``found`` holds ``acquisitions`` and ``layers``. ``accounting`` says which layer model's films count
    (``layer_model``, ``films``, ``coverage_fraction``); without it nothing is accounted for. A series without plating
    times has no rows, or empty ones with the reason where ``accounting`` asks for the charge. ConfigError when it asks
    but no area is declared.
    """
    flown = _Charge()
    for span in found.spans(AT_ONCE):
        plated = _plated(found.part("acquisitions", span, _LOGGED), asked=accounting is not None)
        if accounting is not None and plated:
            _check(next(iter(plated.values()))["experiment"], areas_cm2, chemistry)
        films = {} if accounting is None else _films(found.part("layers", span, _FILMS), accounting)
        charges = {number: flown.before(row) for number, row in plated.items()}
        held = {number: _accounted(films.get(number, []), accounting, stacks, chemistry) for number in plated}
        yield tables.from_rows("balance", _rows(plated, charges, held, areas_cm2, chemistry))


def _check(experiment: str, areas_cm2: Mapping[str, float], chemistry: Chemistry) -> None:
    if not areas_cm2:
        raise ConfigError(
            f"{experiment}: balance asks for the charge per area, but areas_cm2 declares none; name the plated area, "
            "such as areas_cm2: {pellet: 0.5027}"
        )
    if LITHIUM not in chemistry.phases:
        raise ConfigError("balance: config/reference/phases.csv has no phase Li, which the equivalent needs")


def _plated(acquisitions: tables.Table, *, asked: bool) -> dict[int, dict[str, Any]]:
    """Return one row per acquisition, chronological, excluded ones too: their charge flowed.

    Acquisitions without a plating time are among them only where the charge is ``asked`` for.
    """
    rows: dict[int, dict[str, Any]] = {}
    for row in acquisitions.to_pylist():
        if asked or row["plating_time_s"] is not None:
            rows.setdefault(int(row["acquisition"]), row)
    return {number: rows[number] for number in sorted(rows)}


class _Charge:
    """The charge (C) that has flown, acquisition after acquisition; None from the first unknown current on.

    ASSUME the current logged with an acquisition flowed in the plating step before it.
    """

    def __init__(self) -> None:
        self._total_c: float | None = 0.0
        self._plated_s = 0.0

    def before(self, row: Settings) -> float | None:
        """Return the charge before the next acquisition; None too where the plating time is unknown.

        Times are cumulated, so that the next known one makes up for it.
        """
        if row["plating_time_s"] is None:
            return None
        step = row["plating_time_s"] - self._plated_s
        if step > 0:
            current = row["plating_current_ua"]
            known = self._total_c is not None and current is not None
            self._total_c = self._total_c + current * 1e-6 * step if known else None
        self._plated_s = row["plating_time_s"]
        return self._total_c


def _films(layers: tables.Table, accounting: Settings) -> dict[int, list[Settings]]:
    """Return the rows of the films that count, by acquisition."""
    found: dict[int, list[Settings]] = {}
    for row in layers.to_pylist():
        wanted = row["layer_model"] == accounting["layer_model"] and row["layer"] in accounting["films"]
        if wanted and row["patch_coverage_fraction"] in (None, accounting.get("coverage_fraction", 1.0)):
            found.setdefault(int(row["acquisition"]), []).append(row)
    return found


def _accounted(
    films: Sequence[Settings], accounting: Settings | None, stacks: Sequence[Settings], chemistry: Chemistry
) -> tuple[float, float, float, str]:
    """Return lithium found (nm), its statistical and systematic standard errors, and words; NaN where unknown."""
    if accounting is None:
        return np.nan, np.nan, np.nan, "the experiment file does not say which films hold the lithium"
    phases = {(stack["layer_model"], film["layer"]): film["phase"] for stack in stacks for film in stack["films"]}
    model = accounting["layer_model"]
    total, variance, paths, carbon, fits = 0.0, 0.0, 0.0, 0.0, 0.0
    for row in films:
        if row["thickness_nm"] is None:
            return np.nan, np.nan, np.nan, f"{row['layer']}: {row['condition']}"
        share = lithium_share(phases[model, row["layer"]], chemistry) * (row["coverage_fraction"] or 1.0)
        total += share * row["thickness_nm"]
        variance += (share * (row["thickness_stderr_nm"] or 0.0)) ** 2
        # Mean free paths are wrong together, and all films lie under the same carbon.
        paths += share * (row["thickness_imfp_stderr_nm"] or 0.0)
        carbon += share * (row["thickness_carbon_stderr_nm"] or 0.0)
        fits += (share * (row["thickness_fit_stderr_nm"] or 0.0)) ** 2
    words = f"lithium in {', '.join(accounting['films'])} by the model {model}, seen in the analysed spot"
    return total, float(np.sqrt(variance)), float(np.sqrt(paths**2 + carbon**2 + fits)), words


def _rows(
    plated: Mapping[int, Settings],
    charges: Mapping[int, float | None],
    found: Mapping[int, tuple[float, float, float, str]],
    areas_cm2: Mapping[str, float],
    chemistry: Chemistry,
) -> Iterator[dict[str, Any]]:
    unit = lithium_nm_per_uah_cm2(chemistry.phases) if LITHIUM in chemistry.phases else None
    for number, row in plated.items():
        accounted, stderr, systematic, words = found[number]
        for name, area in sorted(areas_cm2.items()):
            charge_c = charges[number]
            charge = None if charge_c is None else charge_c / _UAH_C / area
            equivalent = None if charge is None or unit is None else charge * unit
            lacking = "time of this acquisition" if row["plating_time_s"] is None else "current of a step"
            condition = words if charge is not None else f"the operator's log lacks the plating {lacking}"
            share = accounted / equivalent if equivalent else np.nan
            yield {
                "experiment": row["experiment"],
                "acquisition": number,
                "area": name,
                "area_cm2": area,
                "charge_uah_cm2": charge,
                "lithium_equivalent_nm": equivalent,
                "accounted_nm": _known(accounted),
                "accounted_stderr_nm": _known(stderr),
                "accounted_systematic_stderr_nm": _known(systematic),
                "accounted_fraction": _known(share),
                "condition": condition,
            }


def _known(number: float) -> float | None:
    return float(number) if np.isfinite(number) else None
