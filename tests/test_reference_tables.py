"""Reference tables: typed rows, a source per row, and every fault with its line."""

from pathlib import Path

import pytest

from xps import reference_tables

KINDS = {"name": "text", "value": "number", "kept": "flag", "parts": "words"}
HEADER = "name,value,kept,parts,source\n"


def faults(body: str) -> list[str]:
    return reference_tables.parse(HEADER + body, KINDS, "name").faults


def test_rows_come_out_typed_in_the_order_of_the_file() -> None:
    text = "# why\n" + HEADER + 'b,1.5,yes,"x; y",CRC\n\n# aside\na,2,no,,"memory, high"\n'
    assert reference_tables.parse(text, KINDS, "name") == (
        [
            {"name": "b", "value": 1.5, "kept": True, "parts": ["x", "y"], "source": "CRC"},
            {"name": "a", "value": 2.0, "kept": False, "parts": [], "source": "memory, high"},
        ],
        [],
    )


def test_columns_may_stand_in_any_order() -> None:
    contents = reference_tables.parse("source,name\nCRC,a\n", {"name": "text"}, "name")
    assert contents == ([{"source": "CRC", "name": "a"}], [])


def test_every_fault_is_told_with_its_line_and_the_sound_rows_are_kept() -> None:
    text = HEADER + "a,x,maybe,,CRC\nb,1,yes,,\nc,1,yes,CRC\nd,nan,no,,CRC\nok,1,no,,CRC\nok,2,no,,CRC\n"
    contents = reference_tables.parse(text, KINDS, "name")
    assert [row["name"] for row in contents.rows] == ["ok"]
    assert contents.faults == [
        "line 2: value: found 'x', expected a number",
        "line 2: kept: found 'maybe', expected yes or no",
        "line 3: source: is empty",
        "line 4: 4 cells under 5 columns; put a text with commas in quotes",
        "line 5: value: found 'nan', expected a finite number",
        "line 7: name 'ok' has a row already",
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is empty; its first line names the columns name, value, kept, parts, source"),
        ("name,value,kept,parts\n", "column 'source' is missing"),
        ("name,value,kept,parts,sauce,source\n", "column 'sauce' is unknown (did you mean 'source'?)"),
        ("name,name,value,kept,parts,source\n", "column 'name' is given twice"),
    ],
)
def test_wrong_columns_are_named(text: str, fault: str) -> None:
    assert fault in reference_tables.parse(text, KINDS, "name").faults


def test_a_missing_or_broken_file_is_a_fault(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    assert reference_tables.read(path, KINDS, "name").faults == ["cannot be read (No such file or directory)"]
    path.write_bytes(b"name\xff")
    assert reference_tables.read(path, KINDS, "name").faults == ["is not UTF-8 text (byte 4); save it as UTF-8"]


def test_only_what_may_be_empty_is_empty() -> None:
    kinds = {"name": "text", "value": "number?", "remark": "text?"}
    contents = reference_tables.parse(
        "name,value,remark,source\na,,,CRC\nb,2,x,CRC\nc,y,,CRC\n,1,,CRC\n", kinds, "name"
    )
    assert contents.rows == [
        {"name": "a", "value": None, "remark": None, "source": "CRC"},
        {"name": "b", "value": 2.0, "remark": "x", "source": "CRC"},
    ]
    assert contents.faults == ["line 4: value: found 'y', expected a number", "line 5: name: is empty"]
