"""The front door of figures: three artefacts that agree with each other, and refusals that say what to do."""

import io
import json
from typing import Any

import pikepdf
import pyarrow as pa
import pytest
from pyarrow import csv

import synthetic_tables
from synthetic_tables import followed
from xps import figures
from xps.errors import ConfigError

SETTINGS: dict[str, dict[str, Any]] = {
    "spectra_grid": {"kind": "spectra_grid", "experiment": "invented", "axis": "plating_time_s"},
    "time_series": {
        "kind": "time_series",
        "experiment": "invented",
        "axis": "plating_time_s",
        "quantity": "area_cps_ev",
    },
}


@pytest.fixture(scope="module")
def given_tables() -> dict[str, pa.Table]:
    made = synthetic_tables.make(synthetic_tables.vep_series(failed=frozenset({("Ge3d", 2)})))
    laws = followed(made["acquisitions"], made["components"], "plating_time_s", ["linear", "parabolic"])
    return {**made, "kinetics": laws}


def rendered(given_tables: dict[str, pa.Table], kind: str) -> figures.Rendered:
    needed = synthetic_tables.only(given_tables, figures.tables_needed(kind))
    return figures.render("a_figure", SETTINGS[kind], needed, synthetic_tables.record(needed))


@pytest.mark.parametrize("kind", list(SETTINGS))
def test_pdf_csv_and_caption_belong_together(given_tables: dict[str, pa.Table], kind: str):
    made = rendered(given_tables, kind)
    pdf = pikepdf.open(io.BytesIO(made.pdf))
    assert pdf.attachments["a_figure.csv"].get_file().read_bytes() == made.csv
    assert made.caption.decode().startswith("**a_figure.**")
    lineage = json.loads(pdf.attachments["lineage.json"].get_file().read_bytes())
    assert lineage["artefact"] == "results:figures/a_figure.pdf"
    assert sorted(lineage["ancestors"]) == sorted(
        f"results:invented/{name}.parquet" for name in figures.tables_needed(kind)
    )


@pytest.mark.parametrize("kind", list(SETTINGS))
def test_the_csv_is_plain_and_holds_the_numbers_of_the_tables(given_tables: dict[str, pa.Table], kind: str):
    made = rendered(given_tables, kind)
    assert b"\r" not in made.csv
    frame = csv.read_csv(io.BytesIO(made.csv)).to_pandas()
    assert {"experiment", "model", "acquisition", "plating_time_s"} <= set(frame)
    if kind == "spectra_grid":
        table = given_tables["curves"].column("data_cps").to_pylist()
        assert set(frame["data_cps"]) <= {round(value, 3) for value in table}
    else:
        table = given_tables["components"].column("area_cps_ev").to_pylist()
        assert set(frame[frame["kind"].eq("value")]["value"]) <= set(table)


def test_an_unknown_kind_is_refused(given_tables: dict[str, pa.Table]):
    with pytest.raises(ConfigError, match="kind 'heatmap' is not known"):
        figures.render("x", {"kind": "heatmap"}, given_tables, synthetic_tables.record(given_tables))


def test_a_missing_table_is_named(given_tables: dict[str, pa.Table]):
    few = synthetic_tables.only(given_tables, ["acquisitions", "curves"])
    with pytest.raises(ConfigError, match="not given: calibration, components, fits, parameters"):
        figures.render("x", SETTINGS["spectra_grid"], few, synthetic_tables.record(few))
