"""Derived tables of an invented series, for the figures that are drawn from them: numbers chosen by hand."""

from typing import Any

import pyarrow as pa

import synthetic_tables
from synthetic_tables import EXPERIMENT
from xps import tables

OTHER = "another"


def composition() -> pa.Table:
    """Three elements over four acquisitions; sulphur is never detected."""
    rows = [
        {
            "experiment": EXPERIMENT,
            "acquisition": acquisition,
            "subject": subject,
            "basis": basis,
            "atomic_percent": percent,
            "statistical_stderr": 0.3,
            "systematic_stderr": 0.4,
            "upper_limit_percent": 0.6,
            "line": "Li 1s",
            "factor_set": "scofield",
            "kind": "element",
            "origin": "core_levels",
            "detected": subject != "S",
            "remark": "",
        }
        for acquisition in range(4)
        for subject, percent in (("Li", 10.0 + 5 * acquisition), ("O", 60.0 - 5 * acquisition), ("S", 0.1))
        for basis in ("all", "carbon_free")
    ]
    return tables.from_rows("composition", rows)


def layers() -> pa.Table:
    """One film that grows by the root of time, 2 nm at 1 h."""
    rows = [
        {
            "experiment": EXPERIMENT,
            "acquisition": acquisition,
            "layer_model": "layer",
            "layer": "SEI",
            "thickness_nm": 2.0 * (time / 3600) ** 0.5,
            "thickness_stderr_nm": 0.03,
            "thickness_imfp_stderr_nm": 0.04,
            "coverage_fraction": 1.0,
            "lines": "Ge 3d",
            "verdict": "conditional",
            "condition": "closed flat film",
        }
        for acquisition, time in enumerate(synthetic_tables.vep_series().times_s)
    ]
    return tables.from_rows("layers", rows)


def growth_law() -> pa.Table:
    """The law that the film above follows, and one that it does not."""
    shared = {"experiment": EXPERIMENT, "quantity": "thickness_nm", "law": "parabolic", "chosen": "yes", "bic": 10.0}
    window = {"window": "plating_time_s 0 to 4200, 4 points", "verdict": "tested"}
    rows = [
        {**shared, **window, "parameter": "y0", "value": 0.0, "unit": "nm"},
        {**shared, **window, "parameter": "a", "value": 2.0 / 60, "unit": "nm/s^0.5"},
        {
            **shared,
            **window,
            "law": "linear",
            "parameter": "k",
            "value": 0.5,
            "unit": "nm/s",
            "chosen": "no",
            "bic": 50.0,
        },
    ]
    return tables.from_rows("kinetics", rows)


def courses() -> pa.Table:
    """The course of the law that the film above follows, and of the one that is beaten."""
    rows = [
        {
            "experiment": EXPERIMENT,
            "layer_model": "layer",
            "component": "SEI",
            "quantity": "thickness_nm",
            "law": law,
            "start_time_s": 2.0 * time,
            "plating_time_s": time,
            "value": value,
            "low": value - 0.1,
            "high": value + 0.1,
            "unit": "nm",
            "chosen": chosen,
            "verdict": "tested",
        }
        for law, chosen in (("parabolic", "yes"), ("linear", "no"))
        for time in (0.0, 900.0, 3600.0, 4200.0)
        for value in [2.0 * (time / 3600) ** 0.5 if law == "parabolic" else time / 3600]
    ]
    return tables.from_rows("courses", rows)


def profiles() -> pa.Table:
    """One parameter that the data bound on both sides, and one that they leave open above."""
    keys = {"experiment": EXPERIMENT, "component": "SEI", "quantity": "thickness_nm", "law": "deal_grove"}
    held = (0.25, 0.5, 0.8, 1.0, 1.3, 2.0, 4.0)
    closed = [4.0, 1.8, 0.3, 0.0, 0.6, 3.9, 9.0]
    rows = [
        {**keys, "parameter": name, "value": best * share, "unit": "nm/min", "deviance_rise": rise}
        for name, best, rises in (("ks", 5.0, closed), ("K", 30.0, [*closed[:4], 0.1, 0.1, 0.1]))
        for share, rise in zip(held, rises, strict=True)
    ]
    return tables.from_rows("profiles", rows)


def balance() -> pa.Table:
    """A twentieth of the charge is accounted for."""
    rows = [
        {
            "experiment": EXPERIMENT,
            "acquisition": acquisition,
            "area": "pellet",
            "area_cm2": 0.5,
            "charge_uah_cm2": charge,
            "lithium_equivalent_nm": 4.849 * charge,
            "accounted_nm": 0.05 * 4.849 * charge if charge else None,
            "accounted_stderr_nm": 0.1,
            "accounted_systematic_stderr_nm": 0.2,
            "accounted_fraction": 0.05 if charge else None,
            "condition": "flat film",
        }
        for acquisition, charge in enumerate((0.0, 3.3, 19.9, 46.4))
    ]
    return tables.from_rows("balance", rows)


def energy_checks() -> pa.Table:
    """One check per kind and verdict."""
    rows = []
    for acquisition in range(4):
        for check, kind, value, verdict in (
            ("O 1s - P 2p of PO4", "drift", 398.02, "agrees"),
            ("C 1s - P 2p of PO4", "reference_step", 151.9, "differs"),
            ("Ge 3p - Ge 3d of Ge0", "drift", 92.0, "imposed"),
        ):
            rows.append(
                {
                    "experiment": EXPERIMENT,
                    "acquisition": acquisition,
                    "check": check,
                    "kind": kind,
                    "value_ev": value + 0.01 * acquisition,
                    "stderr_ev": 0.03,
                    "expected_ev": {"O 1s": 398.0, "C 1s": 151.6, "Ge 3": 92.0}[check[:4]],
                    "expected_stderr_ev": 0.1,
                    "source": "invented",
                    "imposed": verdict == "imposed",
                    "verdict": verdict,
                    "remark": "",
                }
            )
    rows.append({**rows[0], "acquisition": None, "value_ev": None, "verdict": "not_testable", "remark": "no line"})
    return tables.from_rows("energy_checks", rows)


def alternatives(components: pa.Table) -> pa.Table:
    """LixP of the invented series without Ge 3p (three times the area) and with the tie a σ lower (0.9 of it)."""
    rows = []
    for row in components.to_pylist():
        if row["species"] not in ("LixP", "PO4") or row["core_level"] != "P 2p" or row["area_cps_ev"] is None:
            continue
        phosphate = row["species"] == "PO4"
        keys = {name: row[name] for name in ("experiment", "model", "acquisition", "region", "component")}
        for name, change, factor, gap in (
            ("without_ge3p", "Ge 3p left out", 3.0, 5000.0),
            ("tie_minus", "tie of position_ev of LixP: value_ev -3.5 -> -3.9", 0.9, 2.5),
        ):
            factor = 1.0 if phosphate else factor
            rows.append(
                {
                    **keys,
                    "alternative": name,
                    "kind": "components",
                    "change": change,
                    "systematic": False,
                    "success": True,
                    "message": "converged",
                    "delta_bic": gap,
                    "area_cps_ev": factor * row["area_cps_ev"],
                    "area_fraction": min(1.0, factor * row["area_fraction"]),
                    "area_fraction_stderr": 0.01,
                    "detected": row["detected"],
                    "upper_limit_95_cps_ev": factor * row["upper_limit_95_cps_ev"],
                    "statement": "Ge 3p",
                    "counted_share": 0.0,
                }
            )
    return tables.from_rows("alternatives", rows)


def correlations() -> pa.Table:
    """Two pairs of the O 1s model of one acquisition."""
    keys = {"experiment": EXPERIMENT, "model": "lagp_o1s", "region": "O1s"}
    pairs = (("PO4 1s.area_cps_ev ~ LiOH.area_cps_ev", -0.995), ("PO4 1s.position_ev ~ LiOH.area_cps_ev", 0.98))
    rows = [
        {**keys, "acquisition": acquisition, "pair": pair, "correlation": value}
        for acquisition in (1, 2)
        for pair, value in pairs
    ]
    return tables.from_rows("correlations", rows)


def area_profiles(components: pa.Table) -> pa.Table:
    """PO4 is known to 1000, LiOH only from above; parabolas with a point on each side and one far off."""
    rows = []
    for row in components.to_pylist():
        if row["core_level"] != "O 1s" or row["component"] == "Li2O" or row["area_cps_ev"] is None:
            continue
        keys = {name: row[name] for name in ("experiment", "model", "acquisition", "region", "component")}
        best, wide = row["area_cps_ev"], 1000.0 if row["component"] == "PO4 1s" else 3000.0
        held = [max(0.0, best + step * wide) for step in (-1.96, -1.0, 0.0, 1.0, 1.96, 20.0)]
        rows += [
            {**keys, "area_cps_ev": area, "deviance_rise": ((area - best) / wide) ** 2} for area in sorted(set(held))
        ]
    return tables.from_rows("area_profiles", rows)


def phases() -> pa.Table:
    """Two cases; the second conducts above every threshold."""
    rows: list[dict[str, Any]] = []
    for case, verdict, parts in (
        ("LGPS-A", "undecided", (("Li2S", 0.79, False), ("Li3P", 0.17, True), ("Ge", 0.04, True))),
        ("LAGP-E", "above", (("Li15Ge4", 0.33, True), ("Li3PO4", 0.67, False))),
    ):
        share = sum(fraction for _, fraction, conductive in parts if conductive)
        for phase, fraction, conductive in parts:
            rows.append(
                {
                    "case": case,
                    "reaction": f"{case} + Li -> phases",
                    "phase": phase,
                    "volume_fraction": fraction,
                    "conductive": conductive,
                    "threshold": 0.154,
                    "conductive_fraction": share,
                    "conductive_fraction_low": share - 0.02,
                    "conductive_fraction_high": share + 0.02,
                    "threshold_low": 0.05,
                    "threshold_high": 0.3,
                    "density_g_cm3": 1.0,
                    "source": "invented",
                    "verdict": verdict,
                    "remark": "an assumption; another",
                }
            )
    return tables.from_rows("phases", rows)


def claims(number: int = 35) -> pa.Table:
    """As many claims as the paper has, with long sentences, of every verdict."""
    verdicts = ("holds", "fails", "not_testable")
    rows = [
        {
            "claim": f"C{index + 1:02d}",
            "quote": "By 30 min of plating the pristine signatures were almost completely replaced by those of the SEI",
            "place": "text p. 2",
            "quantity": "share of Ge4+ in Ge 3d at 30 min",
            "value": None if verdicts[index % 3] == "not_testable" else -0.061 * index,
            "stderr": None if index % 2 else 0.004,
            "unit": "1",
            "expected": "< 0.10",
            "tolerance": "± 0.03",
            "verdict": verdicts[index % 3],
            "data_origin": "simulated",
            "sources": ["lgps_vep/components"],
            "remark": "experts would ask for the energy scale" if index == 0 else "",
        }
        for index in range(number)
    ]
    return tables.from_rows("claims", rows)


def everything(**changes: Any) -> dict[str, pa.Table]:
    """Return the tables of the invented series with all that is derived from it."""
    made = synthetic_tables.make(synthetic_tables.vep_series(**changes))
    return {
        **made,
        "composition": composition(),
        "layers": layers(),
        "kinetics": growth_law(),
        "courses": courses(),
        "profiles": profiles(),
        "balance": balance(),
        "energy_checks": energy_checks(),
        "alternatives": alternatives(made["components"]),
        "correlations": correlations(),
        "area_profiles": area_profiles(made["components"]),
        "phases": phases(),
        "claims": claims(),
    }


def renamed(table: pa.Table, experiment: str = OTHER) -> pa.Table:
    """Return the table as that of another experiment, below its own rows."""
    names = pa.array([experiment] * table.num_rows)
    field = table.schema.field("experiment")
    return pa.concat_tables([table, table.set_column(0, field, names)]).combine_chunks()


_CLOCKS = ("start_time_s", "end_time_s", "plating_time_s")


def of_length(tables_: dict[str, pa.Table], cycles: int, step_s: float = 9000.0) -> dict[str, pa.Table]:
    """Return the tables as those of a series of ``cycles``: its own acquisitions again and again, later each time."""
    return {name: _repeated(table, cycles, step_s) for name, table in tables_.items()}


def _repeated(table: pa.Table, cycles: int, step_s: float) -> pa.Table:
    rows = table.to_pylist()
    numbers = sorted({row["acquisition"] for row in rows if row.get("acquisition") is not None})
    if not numbers:
        return table
    made = []
    for cycle in range(cycles):
        turn, place = divmod(cycle, len(numbers))
        for row in (row for row in rows if row["acquisition"] == numbers[place]):
            later = {key: row[key] + step_s * turn for key in _CLOCKS if row.get(key) is not None}
            made.append({**row, **later, "acquisition": cycle})
    return pa.Table.from_pylist(made, schema=table.schema)
