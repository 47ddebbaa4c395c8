"""Tables as the stages would write them from perfect fits of the digital twin in ../shared/science: truth with errors.

Components are named ``<species> <level>``, all of one model. Areas are the twin's, with a chosen relative error that is
stated and, where a seed is given, also made. The twin's areas hold no transmission, so the headers state a flat one.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from xps import chemistry, tables
from xps.configuration import reference as reference_rows

PROJECT = Path(__file__).parents[1]
SCIENCE = PROJECT.parent / "shared" / "science"
MODEL = "twin"
LOSS = "plasmon"
LEVELS = {
    "Li1s": "Li 1s", "Ge3d": "Ge 3d", "Ge3p": "Ge 3p", "P2p": "P 2p", "S2p": "S 2p", "Al2p": "Al 2p", "O1s": "O 1s",
    "O2s": "O 2s", "C1s": "C 1s",
}  # fmt: skip
AXES = {"VEP": "plating_time_s", "noLi": "plating_time_s", "sputter": "sputter_time_s"}


@cache
def truth(experiment: str) -> list[dict[str, str]]:
    with (SCIENCE / "twin_ground_truth.csv").open(newline="") as stream:
        return [row for row in csv.DictReader(stream) if row["experiment"] == experiment]


@cache
def states(experiment: str) -> list[dict[str, float]]:
    """Thicknesses (nm) at the end of each acquisition."""
    with (SCIENCE / "twin_states.csv").open(newline="") as stream:
        rows = [row for row in csv.DictReader(stream) if row.pop("experiment") == experiment]
    return [{name: float(value) for name, value in row.items()} for row in rows]


def axis_of(experiment: str) -> str:
    return next((axis for end, axis in AXES.items() if experiment.endswith(end)), "rest_time_s")


def acquisitions(experiment: str, **more: Any) -> pa.Table:
    rows: dict[tuple[int, str], dict[str, Any]] = {}
    for line in truth(experiment):
        key = int(line["row"]), line["region"]
        row = rows.setdefault(
            key,
            {
                "experiment": experiment, "acquisition": key[0], "region": key[1], "core_levels": [],
                "source_file": f"raw:{experiment}/{key[0]}.spe", "source_sha256": "0", "source_cycle": 0,
                "start_time_s": 60 * float(line["wall_start_min"]), "end_time_s": 60 * float(line["wall_end_min"]),
                "time_origin": "log", axis_of(experiment): 60 * float(line["t_min"]), "plating_current_ua": 20.0,
                "pressure_pa": 1e-7, "photon_energy_ev": 1486.6, "pass_energy_ev": 55.0, "channels": 10,
                "transmission_a": 40.0, "transmission_b": 0.0, "emission_angle_deg": 45.0,
                "source_analyser_angle_deg": 45.0, "data_origin": "simulated", "excluded": False, "warnings": [],
                **more,
            },
        )  # fmt: skip
        row["core_levels"] = [*dict.fromkeys([*row["core_levels"], LEVELS.get(line["line"], line["line"])])]
    return tables.from_rows("acquisitions", [rows[key] for key in sorted(rows)])


def components(experiment: str, relative: float = 0.01, floor_cps_ev: float = 3.0, seed: int | None = None) -> pa.Table:
    """Areas with standard errors ``relative`` of the area and ``floor_cps_ev`` together; scattered where seeded."""
    areas: dict[tuple[int, str, str], float] = {}
    regions: dict[tuple[str, str], str] = {}
    for line in truth(experiment):
        level = LEVELS.get(line["line"], line["line"])
        name = f"{line['species']} {level}"
        regions[name, level] = line["region"]
        key = int(line["row"]), name, level
        areas[key] = areas.get(key, 0.0) + float(line["area_cps_eV"])
    random = np.random.default_rng(seed)
    found = []
    for cycle in sorted({row for row, _, _ in areas}):
        values = {}
        for (name, level), region in regions.items():
            area = areas.get((cycle, name, level), 0.0)
            stderr = float(np.hypot(relative * area, floor_cps_ev))
            seen = area if seed is None else max(area + stderr * random.standard_normal(), 0.0)
            values[name, level] = region, seen, stderr
        totals: dict[str, float] = {}
        for (name, level), (_, seen, _) in values.items():
            totals[level] = totals.get(level, 0.0) + seen * (LOSS not in name)
        for (name, level), (region, seen, stderr) in values.items():
            total = totals[level] if LOSS not in name else 0.0  # a loss is no part of its core level
            found.append(
                {
                    "experiment": experiment, "model": MODEL, "acquisition": cycle, "region": region,
                    "component": name, "core_level": level, "species": name.removesuffix(f" {level}"), "line": level,
                    "detected": seen > 1.645 * stderr, "position_ev": 50.0, "position_stderr_ev": 0.02,
                    "area_cps_ev": seen, "area_stderr_cps_ev": stderr,
                    "area_fraction": seen / total if total else None,
                    "area_fraction_stderr": stderr / total if total else None,
                    "critical_level_cps_ev": 1.645 * stderr, "detection_limit_cps_ev": 3.29 * stderr,
                    "upper_limit_95_cps_ev": seen + 1.645 * stderr, "verdict": "identified", "shape": "voigt",
                }
            )  # fmt: skip
    return tables.from_rows("components", found)


@cache
def reference() -> tuple[chemistry.Chemistry, list[dict[str, Any]]]:
    """The shipped phases, reactions and factors; the twin's atoms radiate alike in all directions."""
    rows, faults = chemistry.rows(PROJECT / "config/reference")
    factors, more = reference_rows.factor_tables(PROJECT / "config/reference")
    assert not faults + more
    return chemistry.chemistry(rows["phases"], rows["reactions"]), factors["factors_scofield_isotropic"]


def tracer(component: str, element: str) -> dict[str, Any]:
    return {"model": MODEL, "components": [component], "element": element}
