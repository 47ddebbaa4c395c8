"""Composition: homogeneous samples come out with the atoms they are made of, and errors mean what they say."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xps import quantification, tables
from xps.sensitivity import Facts

Row = dict[str, Any]

FACTS = Facts(1486.6, 55.0, 40.0, 0.2, 45.0, 45.0)
# Scofield's cross-sections, asymmetry parameters and nominal energies, written out here a second time.
LEVELS = {
    "Li 1s": (0.0568, 2.0, 55.0),
    "Ge 3d": (1.42, 1.05, 29.0),
    "P 2p": (1.192, 1.1, 132.0),
    "S 2p": (1.677, 1.13, 162.0),
    "Al 2p": (0.5371, 1.0, 74.0),
    "O 1s": (2.93, 2.0, 531.0),
    "C 1s": (1.0, 2.0, 285.0),
}
LGPS = {"Li 1s": 10.0, "Ge 3d": 1.0, "P 2p": 2.0, "S 2p": 12.0}
LAGP = {"Li 1s": 1.5, "Al 2p": 0.5, "Ge 3d": 1.5, "P 2p": 3.0, "O 1s": 12.0}


def made_rows(name: str, given_tables: dict[str, tables.Table], settings: Row) -> list[Row]:
    """The rows of a table that the stage makes, part by part."""
    return [row for part in quantification.made(tables.Series(given_tables), settings) if name in part
            for row in part[name].to_pylist()]  # fmt: skip


def factor_row(level: str, **changes: Any) -> Row:
    sigma, beta, energy = LEVELS[level]
    return {
        "core_level": level,
        "factor": sigma,
        "relative_stderr": 0.0,
        "contains": ["cross_section"],
        "counts": "total",
        "minor_ratio": None,
        "asymmetry_beta": beta,
        "binding_energy_ev": energy,
        "source": "test",
        **changes,
    }


def area_of(level: str, atoms: float) -> float:
    """The closed form: what a homogeneous sample of ``atoms`` gives on this instrument, in any one unit."""
    sigma, beta, energy = LEVELS[level]
    kinetic = 1486.6 - energy
    asymmetry = 1.0 - beta / 8.0  # 1.5 sin² 45° - 1 = -1/4
    transmission = (1600.0 / (1600.0 + (kinetic / 55.0) ** 2)) ** 0.2
    return atoms * 300.0 * sigma * asymmetry * transmission * kinetic**0.75


class Sample:
    """An invented series: species and their areas by level and cycle; ``rows`` are what the stage makes of it."""

    def __init__(self, atoms: dict[str, float], cycles: int = 1) -> None:
        self.parts = [
            [{"core_level": level, "species": level, "area": area_of(level, n), "stderr": 1.0}] * 1
            for level, n in atoms.items()
        ]
        self.cycles = cycles
        self.missing: set[tuple[int, str]] = set()
        self.failed: set[tuple[int, str]] = set()
        self.alternatives: list[Row] = []
        self.settings: Row = {
            "factors": "test",
            "factor_rows": [factor_row(level) for level in atoms],
            "imfp_exponent": 0.75,
            "counted": [{"core_level": level, "model": "m", "components": [level]} for level in atoms],
            "survey": None,
            "uncounted": {"core_levels": [], "survey": []},
        }

    def split(self, level: str, shares: dict[str, float], **cells: Any) -> None:
        """Give a level several species."""
        total = area_of(level, 1.0) * next(p[0]["area"] for p in self.parts if p[0]["core_level"] == level)
        total /= area_of(level, 1.0)
        self.parts = [parts for parts in self.parts if parts[0]["core_level"] != level]
        self.parts.append(
            [
                {"core_level": level, "species": name, "area": share * total, "stderr": 1.0, **cells}
                for name, share in shares.items()
            ]
        )
        next(item for item in self.settings["counted"] if item["core_level"] == level)["components"] = list(shares)

    def rows(self) -> list[Row]:
        return made_rows("composition", self.made(), self.settings)

    def made(self) -> dict[str, tables.Table]:
        acquisitions, calibration, components = [], [], []
        for cycle in range(self.cycles):
            for parts in self.parts:
                level = parts[0]["core_level"]
                if (cycle, level) in self.missing:
                    continue
                keys = {"experiment": "made", "acquisition": cycle, "region": level}
                acquisitions.append(keys | acquired(level) | FACTS._asdict())
                calibration.append(keys | calibrated())
                total = sum(part["area"] for part in parts)
                components += [keys | fitted(part, total, failed=(cycle, level) in self.failed) for part in parts]
        made = {
            "acquisitions": acquisitions,
            "spectra": [],
            "calibration": calibration,
            "components": components,
            "alternatives": self.alternatives,
        }
        return {name: tables.from_rows(name, rows) for name, rows in made.items()}

    def percent(self, basis: str = "all", kind: str = "element") -> dict[str, float]:
        return {
            row["subject"]: row["atomic_percent"] for row in self.rows() if (row["basis"], row["kind"]) == (basis, kind)
        }


def acquired(level: str) -> Row:
    return {
        "core_levels": [level],
        "source_file": "raw:x",
        "source_sha256": "",
        "source_cycle": 0,
        "start_time_s": 0.0,
        "end_time_s": 1.0,
        "time_origin": "log",
        "time_per_channel_s": 1.0,
        "channels": 1,
        "data_origin": "simulated",
        "excluded": False,
        "warnings": [],
    }


def calibrated() -> Row:
    return {"reference": "none", "shift_ev": 0.0, "shift_stderr_ev": 0.0, "drift_stderr_ev": 0.0, "method": "none"}


def fitted(part: Row, total: float, failed: bool) -> Row:
    keys = {"model": "m", "component": part["species"], "line": part["core_level"]}
    keys |= {"core_level": part["core_level"], "species": part["species"]}
    if failed:
        return keys
    share = part["area"] / total if total > 0 else None
    return keys | {
        "area_cps_ev": part["area"],
        "area_stderr_cps_ev": part["stderr"],
        "area_fraction": share,
        "area_fraction_stderr": part.get("fraction_stderr", 0.0),
        "area_systematic_stderr_cps_ev": part.get("systematic"),
        "upper_limit_95_cps_ev": part.get("upper_limit", part["area"] + 1.645 * part["stderr"]),
        "detected": part.get("detected", True),
        "level_area_stderr_cps_ev": part.get("level_stderr"),
    }


@pytest.mark.parametrize("atoms", [LGPS, LAGP], ids=["LGPS", "LAGP"])
def test_a_homogeneous_sample_comes_out_nominal(atoms: dict[str, float]) -> None:
    total = sum(atoms.values())
    nominal = {level.split()[0]: 100.0 * n / total for level, n in atoms.items()}
    assert Sample(atoms).percent() == pytest.approx(nominal, rel=1e-9)


@pytest.mark.parametrize("at_once", [1, 2, 7, 8, 100])
def test_a_series_taken_some_acquisitions_at_a_time_is_the_same(at_once: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing level, a failed fit and alternatives stay with their acquisitions."""
    sample = Sample(LGPS, cycles=8)
    sample.split("S 2p", {"PS4": 0.75, "Li2S": 0.25})
    sample.missing, sample.failed = {(2, "P 2p")}, {(5, "Ge 3d")}
    sample.alternatives = [alternative("Ge 3d", "b", 20.0), alternative("Ge 3d", "b", 90.0) | {"acquisition": 4}]
    monkeypatch.setattr("xps.quantification.series.AT_ONCE", at_once)
    parts = list(quantification.made(tables.Series(sample.made()), sample.settings))
    assert [row for part in parts for row in part["composition"].to_pylist()] == sample.rows()
    assert len(parts) == -(-8 // at_once)


def test_carbon_on_top_changes_the_carbon_free_shares_of_nothing() -> None:
    with_carbon = Sample({**LGPS, "C 1s": 7.0})
    assert with_carbon.percent()["C"] == pytest.approx(100.0 * 7.0 / 32.0)
    assert with_carbon.percent("carbon_free") == pytest.approx(Sample(LGPS).percent("carbon_free"))
    assert "C" not in with_carbon.percent("carbon_free")


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(0.1, 100.0), min_size=4, max_size=4), st.floats(0.01, 100.0))
def test_shares_add_up_to_100_and_know_no_unit(atoms: list[float], scale: float) -> None:
    one, other = ({level: f * n for level, n in zip(LGPS, atoms, strict=True)} for f in (1.0, scale))
    assert sum(Sample(one).percent().values()) == pytest.approx(100.0)
    assert Sample(one).percent() == pytest.approx(Sample(other).percent())


def test_species_share_their_element() -> None:
    sample = Sample(LGPS)
    sample.split("S 2p", {"PS4": 0.75, "Li2S": 0.25})
    element, species = sample.percent(), sample.percent(kind="species")
    assert species["PS4"] == pytest.approx(0.75 * element["S"])
    assert species["PS4"] + species["Li2S"] == pytest.approx(element["S"])


def test_statistical_errors_are_those_of_many_repetitions() -> None:
    """First-order propagation against 20000 random draws of the areas: within 3 %."""
    rng, relative = np.random.default_rng(1), 0.02
    sample = Sample(LAGP)
    for (part,) in sample.parts:
        part["stderr"] = relative * part["area"]
    rows = [row for row in sample.rows() if (row["basis"], row["kind"]) == ("all", "element")]
    atoms = np.array(list(LAGP.values())) * (1.0 + relative * rng.standard_normal((20000, len(LAGP))))
    drawn = 100.0 * atoms / atoms.sum(axis=1, keepdims=True)
    assert [row["statistical_stderr"] for row in rows] == pytest.approx(drawn.std(axis=0), rel=0.03)


def test_factor_and_fit_model_make_the_systematic_error() -> None:
    """One element known to 10 %, one whose area the alternatives move by 5 %: closed form for two elements."""
    sample = Sample({"Ge 3d": 1.0, "P 2p": 1.0})
    sample.settings["factor_rows"] = [factor_row("Ge 3d", relative_stderr=0.1), factor_row("P 2p")]
    germanium, _ = (parts[0]["area"] for parts in sample.parts)
    sample.alternatives = [alternative("Ge 3d", "b", 0.03 * germanium)]
    sample.alternatives += [alternative("Ge 3d", "b", -0.1 * germanium, share=0.5)]
    sample.alternatives += [alternative("Ge 3d", "not counted", germanium, share=0.0)]
    rows = [row for row in sample.rows() if (row["basis"], row["kind"]) == ("all", "element")]
    imfp = 0.05 * np.log([1457.6 / 1200.0, 1354.6 / 1200.0])
    expected = 25.0 * np.sqrt(0.1**2 + 0.05**2 + np.sum(imfp**2))
    assert [row["systematic_stderr"] for row in rows] == pytest.approx([expected, expected])


def alternative(component: str, statement: str, change: float, share: float = 1.0) -> Row:
    return {
        "experiment": "made",
        "model": "m",
        "acquisition": 0,
        "region": component,
        "component": component,
        "alternative": f"{statement} {change:+.6f}",
        "kind": "background",
        "change": "x",
        "systematic": True,
        "success": True,
        "message": "converged",
        "area_change_cps_ev": change,
        "statement": statement,
        "counted_share": share,
    }


def test_the_fits_own_error_of_a_sum_is_taken_where_there_is_one() -> None:
    """Two overlapping species, each unsure by 20 %, their sum by 0.1 %: the element is known well, they are not."""
    sample = Sample({"Ge 3d": 1.0, "O 1s": 1.0})
    area = area_of("O 1s", 1.0)
    cells = {"stderr": 0.2 * area, "level_stderr": 1e-3 * area, "fraction_stderr": 0.2}
    sample.split("O 1s", {"PO4": 0.5, "LiOH": 0.5}, **cells)
    for part, *_ in sample.parts[:1]:
        part["stderr"] = 0.0
    rows = {row["subject"]: row for row in sample.rows() if row["basis"] == "all"}
    assert rows["O"]["statistical_stderr"] == pytest.approx(25.0 * 1e-3, rel=1e-6)
    assert rows["LiOH"]["statistical_stderr"] == pytest.approx(50.0 * 0.2, rel=1e-3)


def test_what_is_not_detected_gets_a_limit_and_not_a_silence() -> None:
    sample = Sample({"Ge 3d": 1.0, "P 2p": 1.0})
    area = area_of("P 2p", 1.0)
    sample.split("P 2p", {"PO4": 1.0})
    sample.parts[-1].append(
        {"core_level": "P 2p", "species": "Li3P", "area": 0.0, "stderr": 1.0, "detected": False}
        | {"upper_limit": 0.01 * area}
    )
    sample.settings["counted"][1]["components"] = ["PO4", "Li3P"]
    rows = {row["subject"]: row for row in sample.rows() if row["basis"] == "all"}
    assert rows["Li3P"]["detected"] is False
    assert rows["Li3P"]["upper_limit_percent"] == pytest.approx(0.5, rel=1e-3)
    assert rows["PO4"]["upper_limit_percent"] is None


@pytest.mark.parametrize("trouble", ["missing", "failed"])
def test_a_level_that_a_cycle_lacks_empties_that_cycle_and_says_why(trouble: str) -> None:
    sample = Sample(LGPS, cycles=2)
    getattr(sample, trouble).add((1, "Li 1s"))
    rows = sample.rows()
    assert all(row["atomic_percent"] is not None for row in rows if row["acquisition"] == 0)
    empty = [row for row in rows if row["acquisition"] == 1]
    assert {row["subject"] for row in empty} == {"Li", "Ge", "P", "S"}
    assert all(row["atomic_percent"] is None and "Li 1s" in row["remark"] for row in empty)


def test_without_carbon_the_carbon_free_basis_is_still_there() -> None:
    sample = Sample({**LGPS, "C 1s": 1.0}, cycles=2)
    sample.missing.add((1, "C 1s"))
    rows = [row for row in sample.rows() if row["acquisition"] == 1]
    assert all(row["atomic_percent"] is None for row in rows if row["basis"] == "all")
    assert all(row["atomic_percent"] is not None for row in rows if row["basis"] == "carbon_free")


def test_a_cycle_without_any_area_is_no_crash() -> None:
    sample = Sample(LGPS)
    for (part,) in sample.parts:
        part["area"] = 0.0
    assert all(row["atomic_percent"] is None and row["remark"] for row in sample.rows())


def test_components_that_are_not_counted_are_not_counted() -> None:
    """Ge 3p in the P 2p window, a plasmon: they are in the table of components and in no composition."""
    sample = Sample(LGPS)
    sample.parts.append([{"core_level": "Ge 3p", "species": "Ge4+", "area": 1e9, "stderr": 1.0}])
    assert sample.percent() == pytest.approx(Sample(LGPS).percent())


def test_each_row_names_the_elements_that_its_hundred_percent_lack() -> None:
    """Copper with only its carbon fitted is no sample of 100 % carbon."""
    sample = Sample({"C 1s": 1.0}, cycles=2)
    sample.missing.add((1, "C 1s"))
    sample.settings["uncounted"] = {"core_levels": ["Cu", "O"], "survey": ["Sn"]}
    remarks = [row["remark"] for row in sample.rows()]
    assert remarks[0] == "measured, not counted: Cu, O"
    assert all(remark.endswith("; measured, not counted: Cu, O") for remark in remarks[2:])
    assert all("not counted" not in row["remark"] for row in Sample(LGPS).rows())


def test_without_a_table_of_factors_there_is_no_composition() -> None:
    sample = Sample(LGPS)
    sample.settings = {}
    assert sample.rows() == []
