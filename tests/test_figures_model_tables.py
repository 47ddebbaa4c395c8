"""A fit model in the methods section: every constraint of every shipped model is there, and reads back."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from xps.figures.words import facts, model_tables

SHIPPED = sorted((Path(__file__).parents[1] / "config" / "models").glob("*.yaml"))
COLUMNS = ("component", "line", "shape", "position_ev", "fwhm_ev", "doublet", "area")


def shipped(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load(path.read_text())
    return content


def cells(text: str) -> list[dict[str, str]]:
    """The rows of the one table in ``text``."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    return [dict(zip(COLUMNS, line.strip("| ").split(" | "), strict=True)) for line in lines[2:]]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_component_has_its_row_in_the_order_of_the_file(path: Path):
    model = shipped(path)
    rows = cells(model_tables.written(path.stem, model))
    assert [row["component"] for row in rows] == [part["name"] for part in model["components"]]
    for row, part in zip(rows, model["components"], strict=True):
        assert row["line"] == part["line"]
        assert row["shape"].startswith(facts.SHAPES[part["shape"]["type"]])
        assert (row["doublet"] == "–") == ("doublet" not in part)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_tie_is_told_with_its_partner_value_and_error(path: Path):
    model = shipped(path)
    rows = {row["component"]: row for row in cells(model_tables.written(path.stem, model))}
    for tie in model.get("ties", []):
        if tie["parameter"] not in COLUMNS:
            continue
        cell = rows[tie["component"]][tie["parameter"]]
        partner = tie.get("same_as") or tie.get("offset_from") or tie.get("ratio_to")
        assert partner in cell
        numbers = [abs(float(tie[key])) for key in ("value_ev", "value", "stderr_ev", "stderr") if key in tie]
        said = [float(found) for found in re.findall(r"\d+\.?\d*(?:e-?\d+)?", cell.replace(str(partner), ""))]
        assert said == numbers
        soft = "stderr_ev" in tie or "stderr" in tie
        assert ("±" in cell) == soft
        assert ("exact" in cell) == (not soft and "same_as" not in tie)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_window_is_told_with_its_background_and_range(path: Path):
    model = shipped(path)
    text = model_tables.written(path.stem, model)
    for window in model["windows"]:
        assert f"{window['core_level']} from {window['low_ev']:g} to {window['high_ev']:g} eV" in text
        assert facts.background_name(window["background"]["type"]) in text
    assert ("fitted together" in text) == (len(model["windows"]) > 1)


@given(st.floats(-50, 50), st.floats(0.01, 5))
def test_ranges_and_given_numbers_differ_in_words(low: float, wide: float):
    span = {"start": low, "low": low, "high": low + wide}
    assert " to " in model_tables._span(span)
    assert model_tables._span(low).endswith(", given")
    assert model_tables._span(None) == "–"


@given(st.lists(st.lists(st.text("ab|c", max_size=5), min_size=2, max_size=2), max_size=5))
def test_a_bar_in_a_cell_does_not_make_another_column(rows: list[list[str]]):
    text = model_tables.table(("one", "two"), rows)
    assert {line.count("|") for line in text.splitlines()} == {3}


@pytest.mark.parametrize(
    ("tie", "words"),
    [
        ({"same_as": "C-C"}, "as C-C"),
        ({"offset_from": "PO4", "value_ev": -0.4}, "PO4 − 0.4, exact"),
        ({"offset_from": "PO4", "value_ev": 1.4, "stderr_ev": 0.2}, "PO4 + (1.4 ± 0.2)"),
        ({"ratio_to": "PO4 2p", "value": 7.4, "stderr": 0.37}, "(7.4 ± 0.37) × PO4 2p"),
        ({"ratio_to": "Li0", "value": 0.12}, "0.12 × Li0, exact"),
    ],
)
def test_a_tie_is_written_as_an_equation(tie: dict[str, Any], words: str):
    assert model_tables._tied(tie) == words
