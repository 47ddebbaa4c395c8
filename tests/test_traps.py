"""Series with a trap in them through the real stages: what an analyst must hear of is said, nothing crashes.

The traps are those of ``simulation.variants``. Each series is read, calibrated, cut,
fitted, checked, quantified and followed by the very functions of the rules, with the shipped settings, in one process.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from xps import (
    acquisitions,
    balance,
    calibration,
    chemistry,
    configuration,
    energy_scale,
    fitting,
    kinetics,
    layers,
    models,
    quantification,
    simulation,
    windows,
)
from xps.errors import RawFileError
from xps.simulation import Setup

ROOT = Path(__file__).parents[1]
EXPERIMENT = "lagp_vep"
Rows = dict[str, list[dict[str, Any]]]
pytestmark = pytest.mark.slow


def trap(folder: Path, kind: str) -> Path:
    """Write the variant ``kind`` of the series and return its raw root."""
    return written(folder, simulation.variant(setup(), kind))


def setup() -> Setup:
    return simulation.load(ROOT / f"config/simulation/{EXPERIMENT}.yaml", ROOT / "config/schema")


def written(folder: Path, made: simulation.Variant) -> Path:
    list(simulation.write_series(made.series(), folder))
    return folder


def rows_of(raw: Path, wanted: Sequence[str], log: Callable[[str], str] = lambda text: text) -> Rows:
    """Send the series under ``raw`` through the stages with its ``wanted`` fit models, without their alternatives."""
    path = raw / EXPERIMENT / "acquisitions.csv"
    path.write_text(log(path.read_text(encoding="utf-8")), encoding="utf-8")
    config = {"raw": str(raw), "results": "results", "experiments": [EXPERIMENT], "figures": []}
    analysis, job = configuration.load(ROOT, config), SimpleNamespace(experiment=EXPERIMENT)
    files = [Path(name) for name in analysis.raw_files(job)]
    parsed = acquisitions.assemble(EXPERIMENT, analysis.parse_settings(job), files, raw)
    acquired, spectra = parsed.acquisitions, parsed.spectra
    known = [fit_model(analysis, job, name) for name in wanted]
    carbon = fit_model(analysis, job, "adventitious_c1s")
    shifts = calibration.calibrate(acquired, spectra, analysis.energy_reference(job), carbon)
    cut = windows.cut(acquired, spectra, shifts, {model.name: model.windows for model in known})
    fitted = fitting.fit_models(cut, acquired, shifts, known)
    checks = energy_scale.check(shifts, fitted.components, fitted.parameters, analysis.energy_checks(job), wanted)
    counted = quantification.quantify(
        acquired, spectra, shifts, fitted.components, fitted.alternatives, analysis.composition(job)
    )
    tables = {"acquisitions": acquired, "calibration": shifts, "components": fitted.components, "fits": fitted.fits}
    tables |= {"energy_checks": checks, "composition": counted, **followed(analysis, job, acquired, fitted.components)}
    return {name: table.to_pylist() for name, table in tables.items()}


def fit_model(analysis: configuration.Analysis, job: Any, name: str) -> models.FitModel:
    content = analysis.model_mappings(job)[name]
    return models.from_mapping(name, {key: value for key, value in content.items() if "alternatives" not in key})


def followed(analysis: configuration.Analysis, job: Any, acquired: Any, components: Any) -> dict[str, Any]:
    films, areas = analysis.layer_settings(job), analysis.areas_cm2(job)
    known = chemistry.chemistry(films["reference"]["phases"], films["reference"]["reactions"])
    thick = layers.extract(acquired, components, films["stacks"], known, films["factors"])
    charge = balance.extract(acquired, thick, areas, films["balance"], films["stacks"], known)
    series = kinetics.series_of(acquired, components, thick, films["stacks"], known, films["factors"], areas)
    rates = kinetics.follow(series, components, analysis.axis(job), analysis.kinetics_settings(job))
    return {"layers": thick, "balance": charge, **rates}


def chosen(rows: list[dict[str, Any]], **wanted: Any) -> list[dict[str, Any]]:
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


# --- traps ------------------------------------------------------------------------------------------------------------


def test_two_percent_of_hidden_phosphide_is_within_what_the_series_says_of_it(tmp_path: Path) -> None:
    """Each cycle after the first dose shows it, each upper limit holds it; where there is none, none is found."""
    model = ("lagp_ge3d_p2p", "adventitious_c1s")
    hidden = chosen(rows_of(trap(tmp_path, "hidden_phosphide"), model)["components"], species="Li3P")
    plain = written(tmp_path / "plain", simulation.Variant(setup()))
    absent = chosen(rows_of(plain, model)["components"], species="Li3P")
    true = {
        (line.row, line.line): line.area_cps_ev
        for line in simulation.variant(setup(), "hidden_phosphide").truth()
        if line.species == "Li3P" and line.region == "P2p"
    }
    bounded = [row["upper_limit_95_cps_ev"] >= true[row["acquisition"], "P2p"] for row in hidden[1:]]
    assert sum(bounded) >= len(bounded) - 1
    assert [row["detected"] for row in hidden] == [False] + 7 * [True]
    assert not any(row["detected"] for row in absent)


def test_carbon_at_another_potential_is_seen_by_an_internal_line_and_not_by_distances(tmp_path: Path) -> None:
    wanted = ("lagp_ge3d_p2p", "lagp_o1s", "adventitious_c1s")
    checks = rows_of(trap(tmp_path, "carbon_apart"), wanted)["energy_checks"]
    for name in ("C 1s - P 2p of PO4", "C 1s - O 1s of PO4"):
        late = [row for row in chosen(checks, check=name) if row["acquisition"] in (5, 6, 7)]
        assert {row["verdict"] for row in late} == {"differs"}, name
    distances = [row for row in chosen(checks, check="O 1s - P 2p of PO4") if row["acquisition"] is not None]
    assert {row["verdict"] for row in distances} == {"agrees"}


def test_islands_and_a_closed_film_are_both_offered_and_neither_is_called_found(tmp_path: Path) -> None:
    """One angle cannot tell them apart: every thickness of lithium is given for each declared coverage."""
    wanted = ("lagp_ge3d_p2p", "lagp_li1s", "lagp_o1s")
    for kind in ("planar", "islands"):
        rows = rows_of(trap(tmp_path / kind, kind), wanted)
        metal = [row for row in chosen(rows["layers"], layer="Li0", layer_model="patchy") if row["acquisition"] == 7]
        assert {row["patch_coverage_fraction"] for row in metal} == {0.5, 1.0}
        told = [row for row in metal if row["thickness_nm"] is not None]
        assert told
        assert all("which is declared and not measured" in row["condition"] for row in told), kind


def test_a_truncated_file_is_refused_with_its_name_until_the_log_excludes_it(tmp_path: Path) -> None:
    raw, wanted = trap(tmp_path, "truncated_file"), ("adventitious_c1s",)
    with pytest.raises(RawFileError, match=r"lagp_vep_070min\.spe: .*exclude it in the operator's log"):
        rows_of(raw, wanted)
    rows = rows_of(raw, wanted, lambda text: f"{text.rstrip().removesuffix(',,,')},yes,not readable,\n")
    assert [row["acquisition"] for row in chosen(rows["acquisitions"], excluded=True)] == [7]
    assert len(rows["fits"]) == 7
