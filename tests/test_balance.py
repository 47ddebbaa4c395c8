"""Charge per area against the independent table, lithium against the twin's states, and what is asked in vain."""

import csv
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import twin_tables
from whole_tables import balance_of, layers_of
from xps import balance, chemistry, tables
from xps.errors import ConfigError

AREAS = {"disk_8_00_mm": 0.50265, "pellet_8_38_mm": 0.55155}
EXPERIMENT = "fig2a_LGPS_VEP"
STACK: dict[str, Any] = {
    "layer_model": "layers",
    "substrate": {"phase": "LGPS", "tracer": twin_tables.tracer("Ge4+ Ge 3d", "Ge")},
    "films": [
        {"layer": "SEI", "phase": "LGPS-A", "tracer": twin_tables.tracer("Ge0 Ge 3d", "Ge")},
        {"layer": "Li2O", "phase": "Li2O", "tracer": twin_tables.tracer("Li2O O 1s", "O")},
    ],
}
SEI = {"layer_model": "layers", "films": ["SEI"]}


def published() -> list[dict[str, str]]:
    with (twin_tables.SCIENCE / "charge_table.csv").open(newline="") as stream:
        return list(csv.DictReader(stream))


def made(accounting: dict[str, Any] | None = SEI, areas: dict[str, float] = AREAS, **more: Any) -> list[dict[str, Any]]:
    known, lines = twin_tables.reference()
    acquired = twin_tables.acquisitions(EXPERIMENT, **more)
    thick = layers_of(acquired, twin_tables.components(EXPERIMENT), [STACK], known, lines)
    return balance_of(acquired, thick, areas, accounting, [STACK], known)


def test_charge_and_lithium_are_those_of_the_independent_table() -> None:
    table = {float(row["plating_time_min"]): row for row in published()}
    minutes = [state["t_min"] for state in twin_tables.states(EXPERIMENT)]
    rows = made()
    assert len(rows) == 2 * len(minutes)
    for row in rows:
        width = "8.00mm" if row["area"] == "disk_8_00_mm" else "8.38mm"
        expected = table[minutes[row["acquisition"]]]
        assert row["charge_uah_cm2"] == pytest.approx(float(expected[f"q_uAh_cm2_{width}"]), rel=1e-3)
        assert row["lithium_equivalent_nm"] == pytest.approx(float(expected[f"Li_equiv_nm_{width}"]), rel=1e-3)


def test_carbon_on_the_films_adds_to_the_systematic_error() -> None:
    """Errors of mean free paths add up over films, carbon's too; both together as squares."""
    films = {"layer_model": "layers", "films": ["SEI", "Li2O"]}
    carbon = {"phase": "carbon", "tracer": twin_tables.tracer("C-C/C-H C 1s", "C")}
    known, lines = twin_tables.reference()
    acquired = twin_tables.acquisitions(EXPERIMENT)
    stacks = [STACK | {"carbon": carbon}]
    thick = layers_of(acquired, twin_tables.components(EXPERIMENT), stacks, known, lines)
    rows = balance_of(acquired, thick, AREAS, films, stacks, known)
    row = next(one for one in rows if one["acquisition"] == 3)
    parts = {one["layer"]: one for one in thick.to_pylist() if one["acquisition"] == 3}
    shares = {"SEI": 1 / 1.6088, "Li2O": 2 * 13.017 / 14.843}  # nm of lithium per nm: molar volumes, handbook densities
    errors = [
        sum(share * parts[name][column] for name, share in shares.items())
        for column in ("thickness_imfp_stderr_nm", "thickness_carbon_stderr_nm")
    ]
    assert errors[1] > 0
    assert row["accounted_systematic_stderr_nm"] == pytest.approx(float(np.hypot(*errors)), rel=2e-3)


def test_what_the_fits_may_be_wrong_in_adds_to_the_systematic_error() -> None:
    known, lines = twin_tables.reference()
    acquired, areas = twin_tables.acquisitions(EXPERIMENT), twin_tables.components(EXPERIMENT)
    thick = layers_of(acquired, areas, [STACK], known, lines).to_pylist()
    films = {"layer_model": "layers", "films": ["SEI", "Li2O"]}
    found = []
    for error in (0.0, 0.3):
        rows = [{**row, "thickness_fit_stderr_nm": error * (row["layer"] == "SEI")} for row in thick]
        balanced = balance_of(acquired, tables.from_rows("layers", rows), AREAS, films, [STACK], known)
        found.append(next(one for one in balanced if one["acquisition"] == 3)["accounted_systematic_stderr_nm"])
    assert found[1] == pytest.approx(float(np.hypot(found[0], 0.3 / 1.6088)), rel=1e-3)


def test_one_unit_of_charge_is_a_known_thickness_of_lithium() -> None:
    assert chemistry.lithium_nm_per_uah_cm2(twin_tables.reference()[0].phases) == pytest.approx(4.849, abs=0.001)


def test_the_interphase_accounts_for_the_share_that_reacted() -> None:
    truth = twin_tables.states(EXPERIMENT)
    for row in made():
        if row["area"] == "disk_8_00_mm" and 1 <= row["acquisition"] <= 6:
            reacted = truth[row["acquisition"]]["Li_reacted_nm"]
            assert row["accounted_nm"] == pytest.approx(reacted, rel=0.01)
            assert row["accounted_fraction"] == pytest.approx(0.05, rel=0.01)  # the twin's utilisation
            assert row["accounted_systematic_stderr_nm"] == pytest.approx(0.15 * reacted, rel=0.02)
            assert "lithium in SEI by the model layers" in row["condition"]


def test_nothing_is_accounted_for_before_plating_or_where_a_film_has_no_thickness() -> None:
    rows = [row for row in made() if row["area"] == "disk_8_00_mm"]
    assert rows[0]["charge_uah_cm2"] == 0.0
    assert rows[0]["accounted_fraction"] is None
    assert rows[-1]["accounted_nm"] is None
    assert rows[-1]["condition"].startswith("SEI: thicker than")


@pytest.mark.parametrize(
    ("name", "share"), [("Li", 1.0), ("LGPS-A", 1 / 1.6088), ("Li2O", 2 * 12.996 / 14.843), ("Ge", 0)]
)
def test_lithium_held_by_a_film_is_that_of_its_atoms(name: str, share: float) -> None:
    assert balance.lithium_share(name, twin_tables.reference()[0]) == pytest.approx(share, rel=1e-3)


def test_charge_without_an_area_is_refused_with_the_remedy() -> None:
    with pytest.raises(ConfigError, match="areas_cm2 declares none; name the plated area"):
        made(areas={})


def test_a_missing_current_leaves_the_charge_empty_from_there_on() -> None:
    rows = made(plating_current_ua=None)
    assert rows[0]["charge_uah_cm2"] == 0.0  # nothing flowed yet
    for row in rows[2:]:
        assert (row["charge_uah_cm2"], row["accounted_fraction"]) == (None, None)
        assert row["condition"] == "the operator's log lacks the plating current of a step"


def test_current_belongs_to_the_step_before_its_acquisition() -> None:
    acquired = twin_tables.acquisitions(EXPERIMENT)
    currents = pa.array([10.0 * (cycle + 1) for cycle in acquired.column("acquisition").to_pylist()])
    at = acquired.schema.get_field_index("plating_current_ua")
    changed = acquired.set_column(at, acquired.schema.field(at), currents)
    empty = tables.from_rows("layers", [])
    rows = balance_of(changed, empty, {"a": 1.0}, None, [], twin_tables.reference()[0])
    steps = [0, 5, 5, 5, 5, 10, 20, 20]  # min, each with its own current
    total = 0.0
    for cycle, (row, minutes) in enumerate(zip(rows, steps, strict=True)):
        total += 10.0 * (cycle + 1) * minutes / 60.0
        assert row["charge_uah_cm2"] == pytest.approx(total)


def test_a_series_that_was_not_plated_has_no_balance() -> None:
    assert made(accounting=None, plating_time_s=None) == []


def test_a_plating_time_that_the_log_lacks_is_told_where_the_charge_is_asked_for() -> None:
    """Story: the whole table was empty, without a word, when nobody had filled in the column."""
    rows = made(plating_time_s=None)
    assert len(rows) == len(made())
    assert {(row["charge_uah_cm2"], row["accounted_fraction"]) for row in rows} == {(None, None)}
    assert {row["condition"] for row in rows} == {"the operator's log lacks the plating time of this acquisition"}
    assert rows[2]["accounted_nm"] == pytest.approx(made()[2]["accounted_nm"])


def test_one_plating_time_that_is_lacking_leaves_later_charges_as_they_are() -> None:
    acquired = twin_tables.acquisitions(EXPERIMENT)
    times = [
        None if row["acquisition"] == 3 else row["plating_time_s"]
        for row in acquired.select(["acquisition", "plating_time_s"]).to_pylist()
    ]
    at = acquired.schema.get_field_index("plating_time_s")
    gap = acquired.set_column(at, acquired.schema.field(at), pa.array(times, pa.float64()))
    empty, known = tables.from_rows("layers", []), twin_tables.reference()[0]
    charges = [
        {row["acquisition"]: row["charge_uah_cm2"] for row in balance_of(table, empty, AREAS, SEI, [], known)}
        for table in (acquired, gap)
    ]
    assert charges[1] == {**charges[0], 3: None}


@pytest.mark.parametrize("more", [{}, {"plating_current_ua": None}])
def test_charge_goes_on_where_a_piece_of_the_series_ends(more: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    whole = made(**more)
    monkeypatch.setattr("xps.balance.AT_ONCE", 3)
    assert made(**more) == whole
