"""The caption says what the tables say: calibration, backgrounds, shapes, failures, exclusions, software, origin."""

from typing import Any

import pyarrow as pa
import pytest

import synthetic_tables
from xps import tables
from xps.figures import kinds, lettering
from xps.figures.words import caption, facts

GRID = {"kind": "spectra_grid", "experiment": synthetic_tables.EXPERIMENT, "axis": "plating_time_s"}
SERIES = {**GRID, "kind": "time_series", "quantity": "area_fraction"}


@pytest.fixture(scope="module")
def given_tables() -> dict[str, pa.Table]:
    series = synthetic_tables.vep_series(failed=frozenset({("Ge3d", 2)}), excluded={3: "sample lost"})
    return synthetic_tables.make(series)


def written(given: dict[str, pa.Table], settings: dict[str, Any] = GRID, origin: str = "simulated") -> str:
    shown = kinds.module_of(settings["kind"]).describe(settings, given)
    return caption.write("my_figure", shown, settings, given, synthetic_tables.record(given, origin))


def test_it_begins_with_the_figures_name_and_its_experiment(given_tables: dict[str, pa.Table]):
    text = written(given_tables)
    assert text.startswith("**my_figure.** X-ray photoelectron spectra of invented with their fits.")
    assert caption.first_sentence(text) == "my_figure. X-ray photoelectron spectra of invented with their fits."


def test_failed_fits_and_excluded_acquisitions_are_named(given_tables: dict[str, pa.Table]):
    text = written(given_tables)
    assert "4 acquisitions, 1 excluded by the operator's log: 3 (sample lost)." in text
    assert "12 fitted windows, 1 failed: lagp_ge3d_p2p Ge3d in acquisition 2 (no convergence" in text


def test_a_window_that_was_not_measured_is_no_failed_fit(given_tables: dict[str, pa.Table]):
    """Files of different regions in one series: hundreds of failures were told, of which there was none."""
    acquired = given_tables["acquisitions"].to_pandas()
    gone = (acquired["region"] == "Ge3d") & (acquired["acquisition"] == 2)
    acquisitions = given_tables["acquisitions"].filter(pa.array(~gone))
    text = written({**given_tables, "acquisitions": acquisitions})
    assert "11 fitted windows, 0 failed. Not measured: 1 window." in text
    assert "Not measured" not in written(given_tables)


def test_calibration_background_shapes_and_doublets_are_stated(given_tables: dict[str, pa.Table]):
    text = written(given_tables)
    assert "reference C 1s C-C at 284.80 eV (interpolated in 1, fitted in 3), shifts −2.20 to −1.90 eV" in text
    assert "Backgrounds fitted with the peaks: Shirley (Li1s, Ge3d, P2p, O1s)." in text
    assert "Line shapes: Voigt (Li⁺ (SE), " in text
    assert "Doublets of fixed splitting and area ratio: Ge⁴⁺ 3d, Ge⁰ 3d, PO₄, LiₓP, Ge⁴⁺ 3p, Ge⁰ 3p." in text
    assert "Fits: likelihood Poisson, engine lmfit." in text


def test_only_the_figures_models_are_described(given_tables: dict[str, pa.Table]):
    text = written(given_tables, {**GRID, "models": ["lagp_o1s"]})
    assert "3 fitted windows, 0 failed." in text
    assert "Backgrounds fitted with the peaks: Shirley (O1s)." in text
    assert "Doublets" not in text


def test_software_files_and_fingerprint_come_from_the_record(given_tables: dict[str, pa.Table]):
    text = written(given_tables)
    assert "Raw data: 4 files of PHI VersaProbe III." in text
    assert "Software: Python 3.11.2, numpy 2.0, lmfit 1.3, matplotlib 3.11." in text
    assert "Code fingerprint ffffffffffff." in text


@pytest.mark.parametrize(
    ("origin", "words"),
    [("simulated", "**SIMULATED DATA:**"), ("mixed", "**PARTLY SIMULATED DATA:**"), ("measured", "")],
)
def test_the_origin_is_stated(given_tables: dict[str, pa.Table], origin: str, words: str):
    text = written(given_tables, origin=origin)
    assert words in text
    assert ("SIMULATED" in text) is bool(words)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"scale": "panel"}, "×n says how many times more"),
        ({"scale": "column"}, "All panels of a column share one intensity range"),
        ({"last_column": "shift_ev"}, "the shift added to the recorded binding energies"),
        ({"last_column": "charge_uah"}, "the plating charge, current × time."),
        ({"last_column": "charge_uah_cm2", "charge_area_cm2": 0.5515}, "the plating charge per area (0.5515 cm²)"),
        ({"axis": "rest_time_s"}, "Rows: acquisitions, with rest time"),
    ],
)
def test_settings_change_the_words(given_tables: dict[str, pa.Table], change: dict[str, Any], words: str):
    assert words in written(given_tables, {**GRID, **change})


def kinetics_rows(chosen: str) -> pa.Table:
    keys = {"experiment": "invented", "model": "lagp_ge3d_p2p", "core_level": "Ge 3d", "component": "Ge0 3d"}
    law = {"quantity": "area_fraction", "law": "linear", "unit": "1", "window": "plating_time_s", "verdict": "tested"}
    return tables.from_rows("kinetics", [{**keys, **law, "parameter": name, "chosen": chosen} for name in ("y0", "r")])


def test_chosen_laws_are_named_once_and_none_is_said_to_be_none(given_tables: dict[str, pa.Table]):
    text = written({**given_tables, "kinetics": kinetics_rows("yes")}, SERIES)
    assert "by 6 in BIC (Ge 3d Ge⁰ 3d linear)" in text
    text = written({**given_tables, "kinetics": kinetics_rows("undecided")}, SERIES)
    assert "No rate law was chosen for any component" in text
    text = written({**given_tables, "kinetics": kinetics_rows("yes")}, {**SERIES, "laws": False})
    assert "Rate laws are in the kinetics table." in text


@pytest.mark.parametrize("change", [{"core_levels": ["O 1s"]}, {"species": ["PO4"]}, {"quantity": "area_cps_ev"}])
def test_laws_of_components_outside_the_figure_are_not_named(given_tables: dict[str, pa.Table], change: dict[str, Any]):
    text = written({**given_tables, "kinetics": kinetics_rows("yes")}, {**SERIES, **change})
    assert "No rate law was chosen for any component" in text


@pytest.mark.parametrize("axis", ["start_time_s", "plating_time_s", "sputter_time_s"])
def test_only_elapsed_times_that_were_computed_are_called_a_lower_bound(given_tables: dict[str, pa.Table], axis: str):
    sentence = "Times are computed from live times, a lower bound."
    assert sentence not in written(given_tables, {**GRID, "axis": axis})
    position = given_tables["acquisitions"].schema.get_field_index("time_origin")
    field = given_tables["acquisitions"].schema.field(position)
    computed = pa.array(["computed"] * given_tables["acquisitions"].num_rows)
    table = given_tables["acquisitions"].set_column(position, field, computed)
    text = written({**given_tables, "acquisitions": table}, {**GRID, "axis": axis})
    assert (sentence in text) == (axis == "start_time_s")


def test_long_lists_are_cut_with_their_number():
    series = synthetic_tables.long_series(20)
    failed = frozenset({("C1s", number) for number in range(20)})
    given = synthetic_tables.make(synthetic_tables.Series(series.windows, series.times_s, failed, axis=series.axis))
    assert "and 8 more." in written(given, {**GRID, "axis": "sputter_time_s"})


def test_a_calibration_without_reference_is_said():
    given = synthetic_tables.make(synthetic_tables.vep_series())
    rows = given["calibration"].to_pylist()
    plain = {"reference": "none", "reference_binding_energy_ev": None, "method": "none", "shift_ev": 0.0}
    given["calibration"] = tables.from_rows("calibration", [{**row, **plain} for row in rows])
    assert "Energy scale: as recorded, no reference.\n" in written(given)
    fixed = {**plain, "method": "fixed", "shift_ev": -1.25}
    given["calibration"] = tables.from_rows("calibration", [{**row, **fixed} for row in rows])
    assert "Energy scale: a fixed shift of −1.25 eV, no reference.\n" in written(given)


def test_a_reference_that_is_the_smaller_part_of_its_level_is_doubted():
    given = synthetic_tables.make(synthetic_tables.vep_series())
    assert "may have been taken for it" not in written(given)
    rows = given["calibration"].to_pylist()
    last = max(row["acquisition"] for row in rows)
    shares = [{**row, "found_share": 0.3 if row["acquisition"] == last else 0.9} for row in rows]
    text = written({**given, "calibration": tables.from_rows("calibration", shares)})
    assert "in 1 acquisition the reference is less than half of its level's area" in text


def test_fits_that_the_counts_reject_are_counted_and_the_worst_is_named(given_tables: dict[str, pa.Table]):
    """A depth profile once showed invisible error bars from fits of reduced chi square 500, and no word of it."""
    fits = given_tables["fits"].to_pylist()
    for row in fits:
        row["p_value"], row["bounds_hit"] = 0.5, []
    good = written({**given_tables, "fits": tables.from_rows("fits", fits)})
    assert "reject" not in good
    assert "at a bound" not in good
    fitted = [row for row in fits if row["success"]]
    fitted[1] |= {"p_value": 0.0, "reduced_chi_square": 530.0, "bounds_hit": ["a.position_ev"]}
    fitted[0] |= {"p_value": 1e-9, "reduced_chi_square": 3.0}
    text = written({**given_tables, "fits": tables.from_rows("fits", fits)})
    assert "2 windows" in text
    assert f"worst {fitted[1]['model']} in acquisition {fitted[1]['acquisition']}" in text
    assert "530" in text
    assert "a parameter at a bound: 1." in text


@pytest.mark.parametrize(
    ("change", "hatched"),
    [
        ({}, True),
        ({"core_levels": ["Li 1s"]}, False),
        ({"core_levels": ["Ge 3p"]}, True),
        ({"acquisitions": [0]}, False),
    ],
)
def test_hatching_is_explained_only_where_something_is_hatched(
    given_tables: dict[str, pa.Table], change: dict[str, Any], hatched: bool
):
    """The invented LixP and LiOH are uncertain, and detected from the second acquisition on."""
    assert ("Hatched components" in written(given_tables, {**GRID, **change})) is hatched


def test_interpolated_shifts_are_told_from_fitted_ones(given_tables: dict[str, pa.Table]):
    shifts = {**GRID, "last_column": "shift_ev"}
    assert "energies, ≈ where it is interpolated." in written(given_tables, shifts)
    rows = [{**row, "method": "fitted"} for row in given_tables["calibration"].to_pylist()]
    assert "≈" not in written({**given_tables, "calibration": tables.from_rows("calibration", rows)}, shifts)


def test_samples_are_called_by_their_labels_and_formulas_are_typeset(given_tables: dict[str, pa.Table]):
    text = written(given_tables, {**GRID, "names": {"invented": "Powder on Li2S"}})
    assert text.startswith("**my_figure.** X-ray photoelectron spectra of Powder on Li₂S with their fits.")
    assert "invented" not in text


@pytest.mark.parametrize(
    ("text", "typeset"),
    [
        ("Li3P of Ge0 and Ge4+", "Li₃P of Ge⁰ and Ge⁴⁺"),
        ("5 nm2/min of H2O in S4, C01, TPP-2M and Ge 3d5/2", "5 nm2/min of H₂O in S4, C01, TPP-2M and Ge 3d5/2"),
        ("lagp_o1s Li2O.position", "lagp_o1s Li₂O.position"),
        ("NIST SRD 20, XPS, LGPS-A", "NIST SRD 20, XPS, LGPS-A"),
    ],
)
def test_only_formulas_of_a_sentence_are_typeset(text: str, typeset: str):
    assert lettering.typeset(text) == typeset


@pytest.mark.parametrize(
    ("value", "stderr", "words"),
    [
        (131.976, 0.0451, "131.976 ± 0.045"),
        (20.59, 0.25, "20.59 ± 0.25"),
        (-0.0161, 0.0025, "−0.0161 ± 0.0025"),
        (5.43e-7, 5.8e-9, "(5.430 ± 0.058)·10⁻⁷"),
        (12345.6, 321.0, "12350 ± 320"),
        (0.0055, None, "0.0055"),
        (3.0, 0.0, "3"),
        (9.97, 0.0996, "9.97 ± 0.10"),
    ],
)
def test_a_value_has_the_decimals_of_its_error(value: float, stderr: float | None, words: str):
    assert lettering.with_error(value, stderr) == words


def test_clauses_that_conditions_share_stand_once():
    told = ["flat film; TPP-2M to 15 %", "flat film; TPP-2M to 15 %; patches", None]
    assert facts.assumptions(told) == "flat film; TPP-2M to 15 %; patches"


@pytest.mark.parametrize(
    ("change", "written"),
    [
        ("shape of Ge 3d: pseudo_voigt, fraction 0.15", "shape of Ge 3d: pseudo-Voigt, fraction 0.15"),
        ("shape of Ge 3p: voigt, lorentzian_fwhm_ev 1.8", "shape of Ge 3p: Voigt, Lorentzian FWHM 1.8 eV"),
        ("fwhm_ev of Ge0 3p = 2.45 to 3.3; without Li-SEI", "FWHM of Ge0 3p = 2.45 to 3.3 eV; without Li-SEI"),
        ("tie of position_ev of LiOH: value_ev -0.4 -> -0.5", "tie of position of LiOH: value -0.4 -> -0.5 eV"),
        ("area_ratio of S 2p = 0.45", "area ratio of S 2p = 0.45"),
        ("background of P 2p: shirley -> tougaard", "background of P 2p: Shirley -> Tougaard"),
    ],
)
def test_what_an_alternative_changes_is_told_without_keys_and_with_units(change: str, written: str):
    assert facts.changed(change) == written


def test_a_verdict_is_told_with_its_reason_where_it_has_one():
    assert facts.verdict({"verdict": "not_testable", "reason": "one cycle"}) == "not testable: one cycle"
    assert facts.verdict({"verdict": "tested", "reason": None}) == "tested"
