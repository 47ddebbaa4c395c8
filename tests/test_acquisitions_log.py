"""The operator's log as text: what a careful operator writes is read back, every slip is told with its line."""

import csv
import io
import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from xps.acquisitions import log
from xps.errors import ConfigError

PROJECT = Path(__file__).parents[1]
LOG_SCHEMA = yaml.safe_load((PROJECT / "config" / "schema" / "acquisitions.schema.yaml").read_text())

# --- its text ----------------------------------------------------------------------------------------------


def parse(text: str | bytes, present: Sequence[str] = ("a.pro", "b.pro")) -> log.Log:
    return log.parse(text.encode() if isinstance(text, str) else text, "raw/series/acquisitions.csv", present)


def log_faults(text: str | bytes, present: Sequence[str] = ("a.pro", "b.pro")) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        parse(text, present)
    first, *lines = str(caught.value).splitlines()
    assert re.fullmatch(rf"raw/series/acquisitions.csv: {len(lines)} faults?", first)
    return [line.removeprefix("  - ") for line in lines]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "the log is empty"),
        ("# only a comment\n\n", "the log is empty"),
        ("file\n", "the log has no row"),
        ("file;cycle\na.pro;0\n", "separated by semicolons; save the log with commas, and a decimal point"),
        ("file\tcycle\na.pro\t0\n", "separated by tabs"),
        (b"\xff\xfef\x00i\x00", "byte 0 is not UTF-8"),
        ("name,cycle\na.pro,0\n", "column 'file' is missing"),
        ("file,platingtime_s\na.pro,0\n", "unknown column 'platingtime_s' (did you mean 'plating_time_s'?)"),
        ("file,file\na.pro,a.pro\n", "column 'file' stands there 2 times"),
        ("file,cycle,\na.pro,,\n", "unknown column ''"),
        ("file,pressure_pa\na.pro,1,5\nb.pro,\n", "line 2: 3 cells under 2 columns"),
        ("file,pressure_pa\na.pro\nb.pro,\n", "line 2: 1 cells under 2 columns"),
        ('file,reason\na.pro,"unclosed\nb.pro,\n', "line 2: "),
        ('file,reason\na.pro,"x"y\nb.pro,\n', "line 2: "),
        ("file,cycle\n,0\na.pro,\nb.pro,\n", "line 2: file is empty"),
        ("file,cycle\na.pro,-1\nb.pro,\n", "line 2: cycle '-1' is no cycle number"),
        ("file,cycle\na.pro,1.0\nb.pro,\n", "line 2: cycle '1.0' is no cycle number"),
        ("file,plating_time_s\na.pro,5 min\nb.pro,\n", "line 2: plating_time_s '5 min' is no number"),
        ('file,plating_time_s\na.pro,"5,5"\nb.pro,\n', "line 2: plating_time_s '5,5' is no number"),
        ("file,plating_time_s\na.pro,nan\nb.pro,\n", "'nan' is no number"),
        ("file,plating_time_s\na.pro,1e999\nb.pro,\n", "'1e999' is no number"),
        ("file,plating_time_s\na.pro,1_0\nb.pro,\n", "'1_0' is no number"),
        ("file,rest_time_s\na.pro,-5\nb.pro,\n", "line 2: rest_time_s '-5' is negative"),
        ("file,plating_current_ua\na.pro,-20\nb.pro,\n", "plating_current_ua '-20' is negative"),
        ("file,started_at\na.pro,2024-03-04\nb.pro,\n", "line 2: started_at '2024-03-04' is no wall clock"),
        ("file,started_at\na.pro,04.03.2024 09:00\nb.pro,\n", "is no wall clock; write date and time as"),
        ("file,started_at\na.pro,2024-02-30T09:00:00\nb.pro,\n", "does not exist"),
        ("file,started_at\na.pro,2024-03-04T25:00:00\nb.pro,\n", "does not exist"),
        ("file,exclude\na.pro,maybe\nb.pro,\n", "line 2: exclude 'maybe' is neither yes nor no"),
        ("file\na.pro\nc.pro\nb.pro\n", "line 3: there is no raw file 'c.pro'"),
        (
            "file\nA.pro\nb.pro\n",
            "line 2: there is no raw file 'A.pro' among those of the experiment (did you mean 'a.pro'?)",
        ),
        ("file\na.pro\n", "raw file 'b.pro' is not listed; add its row"),
        ("file\na.pro\nb.pro\na.pro\n", "line 4: the whole file of a.pro stands in line 2 already"),
        ("file,cycle\na.pro,1\na.pro,1\nb.pro,\n", "line 3: cycle 1 of a.pro stands in line 2 already"),
        ("file,cycle\na.pro,1\na.pro,0\nb.pro,\n", "line 3: cycle 0 of a.pro follows cycle 1; cycles count upwards"),
        (
            "file,cycle\na.pro,1\na.pro,\nb.pro,\n",
            "line 3: the whole file of a.pro must stand before its cycles (line 2)",
        ),
        ("file,cycle\na.pro,0\nb.pro,\na.pro,1\n", "line 4: cycle 1 of a.pro is parted from line 2 by another file"),
        ("file,exclude\na.pro,yes\nb.pro,\n", "line 2: a.pro is excluded without a reason"),
        ("file,exclude,reason\na.pro,,spoiled\nb.pro,,\n", "line 2: a reason without exclude = yes"),
        ("file,exclude,reason\na.pro,no,spoiled\nb.pro,,\n", "line 2: a reason without exclude = yes"),
        ("file,resumes\na.pro,\nb.pro,c.pro\n", "line 3: b.pro resumes c.pro, which is no raw file of the experiment"),
        ("file,resumes\na.pro,b.pro\nb.pro,\n", "line 2: a.pro resumes b.pro, which is not listed before it"),
        ("file,resumes\na.pro,a.pro\nb.pro,\n", "line 2: a.pro resumes a.pro, which is not listed before it"),
        (
            "file,cycle,resumes\na.pro,,\nb.pro,0,a.pro\n",
            "line 3: b.pro resumes a.pro: say so in the row of the whole file",
        ),
        ("file,ended_at\na.pro,2024-03-04T09:00\nb.pro,\n", "line 2: ended_at without started_at"),
        ("file,started_at\na.pro,2024-03-04T09:00\nb.pro,\n", "line 3: b.pro has no started_at while others have"),
        (
            "file,cycle,started_at\na.pro,,2024-03-04T09:00\na.pro,1,2024-03-04T10:00\nb.pro,,2024-03-04T11:00\n",
            "line 2: a.pro has clocks for the file and for cycles; give one kind",
        ),
        (
            "file,cycle,started_at\na.pro,0,2024-03-04T09:00\na.pro,1,\nb.pro,,2024-03-04T11:00\n",
            "line 2: a.pro has clocks for some cycles but none for cycle 1",
        ),
        (
            "file,started_at\na.pro,2024-03-04T09:00+01:00\nb.pro,2024-03-04T10:00\n",
            "some clocks have a zone offset and some have none",
        ),
        (
            "file,started_at,ended_at\na.pro,2024-03-04T09:00,2024-03-04T08:00\nb.pro,2024-03-04T10:00,\n",
            "line 2: ended_at 2024-03-04 08:00:00 is before started_at",
        ),
        ("file,started_at\na.pro,2024-03-04T09:00\nb.pro,2024-03-04T08:00\n", "line 3: time goes backwards"),
        (
            "file,started_at,ended_at\na.pro,2024-03-04T09:00,2024-03-04T09:30\nb.pro,2024-03-04T09:20,\n",
            "line 3: starts at 2024-03-04 09:20:00, before line 2 has ended",
        ),
        (
            "file,plating_time_s\na.pro,600\nb.pro,300\n",
            "line 3: plating_time_s goes backwards: 300 s after 600 s in line 2",
        ),
        ("file,rest_time_s\na.pro,600\nb.pro,300\n", "line 3: rest_time_s goes backwards"),
        ("file,sputter_time_s\na.pro,600\nb.pro,300\n", "line 3: sputter_time_s goes backwards"),
    ],
)
def test_fault_in_the_log_is_told_with_its_line(text: str | bytes, fault: str) -> None:
    assert any(fault in found for found in log_faults(text)), log_faults(text)


def test_all_faults_of_a_log_come_out_together() -> None:
    found = log_faults(
        "file,cycle,plating_time_s,exclude,reason,started_at\n"
        "a.pro,,-1,,,\n"
        "x.pro,,0,yes,,yesterday\n"
        "b.pro,,0,,,\n"
        "b.pro,,0,,,\n",
        ["a.pro", "b.pro", "c.pro"],
    )
    for fault in (
        "is negative",
        "x.pro",
        "without a reason",
        "no wall clock",
        "stands in line 4",
        "'c.pro' is not listed",
    ):
        assert any(fault in line for line in found), (fault, found)
    assert len(found) == 6


@pytest.mark.parametrize("cell", ["5 min", "-1"])
def test_cell_that_cannot_be_read_hides_no_cumulated_time_that_goes_backwards(cell: str) -> None:
    found = log_faults(
        f"file,plating_time_s,rest_time_s,sputter_time_s\na.pro,600,60,6\nx.pro,{cell},70,6\nb.pro,300,50,5\n",
        ["a.pro", "x.pro", "b.pro"],
    )
    assert len(found) == 4, found
    assert "line 4: plating_time_s goes backwards: 300 s after 600 s in line 2" in found[1]
    assert "line 4: rest_time_s goes backwards: 50 s after 70 s in line 3" in found[2]
    assert "line 4: sputter_time_s goes backwards" in found[3]


def test_cells_that_stand_under_wrong_columns_are_told_once() -> None:
    (fault,) = log_faults("file,plating_time_s,exclude,reason\na.pro,60,,\nb.pro,5,5,,\n")
    assert "line 3: 5 cells under 4 columns" in fault


def test_row_that_stands_there_twice_is_told_once_though_it_has_a_clock() -> None:
    row = "a.pro,2024-03-04T09:00:00\n"
    (fault,) = log_faults(f"file,started_at\n{row}{row}b.pro,2024-03-04T10:00:00\n")
    assert "stands in line 2 already; remove one of them" in fault


@pytest.mark.parametrize(
    ("text", "present"),
    [
        ("file\na.pro\nb.pro\nb1.pro\n", ["a.pro", "b.pro"]),
        ("file,reason,reasons\na.pro,,\nb.pro,,\n", ["a.pro", "b.pro"]),
        ("file,resumes\nreference.pro,\nbcd1.pro,bcd.pro\nbcd2.pro,\n", ["reference.pro", "bcd1.pro", "bcd2.pro"]),
    ],
)
def test_near_match_is_nothing_that_stands_there_already(text: str, present: list[str]) -> None:
    (fault,) = log_faults(text, present)
    assert "did you mean" not in fault


def test_near_match_of_resumes_is_a_file_listed_before() -> None:
    text = "file,resumes\nx_1.pro,\nx+1_1.pro,x1.pro\n"
    (fault,) = log_faults(text, ["x_1.pro", "x+1_1.pro"])
    assert "(did you mean 'x_1.pro'?)" in fault


def test_cell_that_cannot_be_read_causes_no_faults_of_order() -> None:
    assert len(log_faults("file,started_at\na.pro,9 o'clock\nb.pro,2024-03-04T10:00\n")) == 1


@pytest.mark.parametrize(
    "text",
    [
        b"\xef\xbb\xbffile,cycle\r\na.pro,\r\nb.pro,\r\n",
        b"file,cycle\ra.pro,\rb.pro,\r",
        b'# written by hand, with "quotes"\nfile,cycle\n\na.pro,\n# a break\nb.pro,\n,\n',
        b' file , cycle \n a.pro ,\n"b.pro",\n',
    ],
)
def test_byte_order_mark_line_ends_comments_and_blanks_change_nothing(text: bytes) -> None:
    assert list(parse(text).by_file) == ["a.pro", "b.pro"]


def test_accents_are_the_same_however_they_are_composed() -> None:
    composed, decomposed = "m\u00fcller.spe", "mu\u0308ller.spe"
    assert list(parse(f"file\n{composed}\n", [decomposed]).by_file) == [decomposed]
    assert list(parse(f"file\n{decomposed}\n", [composed]).by_file) == [composed]


_CLOCKS = st.datetimes(datetime.fromisoformat("2000-01-01"), datetime.fromisoformat("2040-01-01"))  # local, no zone


@given(st.lists(st.tuples(_CLOCKS, st.floats(0.0, 1e6, width=32)), min_size=1, max_size=6))
def test_what_a_careful_operator_writes_is_read_back(entries: list[tuple[datetime, float]]) -> None:
    clocks = sorted(clock for clock, _ in entries)
    times = sorted(time for _, time in entries)
    names = [f"{number}.spe" for number in range(len(entries))]
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["file", "started_at", "ended_at", "plating_time_s"])
    ends = [*clocks[1:], clocks[-1] + timedelta(seconds=1)]
    for name, start, end, time in zip(names, clocks, ends, times, strict=True):
        writer.writerow([name, start.isoformat(), end.isoformat(), repr(time)])
    read = parse(text.getvalue(), names)
    rows = [read.whole(name) for name in names]
    assert [row.started_at for row in rows if row] == clocks
    assert [row.ended_at for row in rows if row] == ends
    assert [row.plating_time_s for row in rows if row] == times


_LINES = st.sampled_from(["file", "file,cycle", "a.pro", "a.pro,0", "a.pro,1", "b.pro", "b.pro,", "# why", ""])


@given(
    st.binary(max_size=60)
    | st.text('file,cyle\n"#;a.pro0129-:T+', max_size=60).map(str.encode)
    | st.lists(_LINES, max_size=6).map(lambda lines: "\n".join(lines).encode())
)
@example(b"file\na.pro\nb.pro\n")  # without it no draw may be a log, and what is asked of one stays unasked
def test_any_bytes_are_a_log_or_one_config_error(data: bytes) -> None:
    message = ""
    try:
        read = parse(data)
    except ConfigError as error:
        message = str(error)
    else:
        assert set(read.by_file) == {"a.pro", "b.pro"}
    assert message == "" or message.startswith("raw/series/acquisitions.csv: ")


# --- one declaration, three places -------------------------------------------------------------------------------


def test_columns_are_the_same_in_code_schema_and_readme() -> None:
    readme = (PROJECT / "raw" / "README.md").read_text()
    documented = re.findall(r"^\| `(\w+)` \|", readme, flags=re.MULTILINE)
    assert list(log.COLUMNS) == list(LOG_SCHEMA["properties"]) == documented


@pytest.mark.parametrize(
    ("cells", "good"),
    [
        ({"file": "a.pro"}, True),
        ({"file": "a.pro", "cycle": "0", "plating_time_s": "1.5e2", "pressure_pa": "1e-7"}, True),
        ({"file": "a.pro", "started_at": "2024-03-04T09:00:00+01:00", "ended_at": "2024-03-04 10:00Z"}, True),
        ({"file": "a.pro", "exclude": "yes", "reason": "spoiled"}, True),
        ({"file": "a.pro", "exclude": "no"}, True),
        ({"cycle": "0"}, False),
        ({"file": "a.pro", "cycle": "-1"}, False),
        ({"file": "a.pro", "plating_time_s": "-1"}, False),
        ({"file": "a.pro", "plating_time_s": "1,5"}, False),
        ({"file": "a.pro", "started_at": "2024-03-04"}, False),
        ({"file": "a.pro", "ended_at": "2024-03-04T09:00"}, False),
        ({"file": "a.pro", "exclude": "yes"}, False),
        ({"file": "a.pro", "exclude": "Yes"}, False),
        ({"file": "a.pro", "reason": "spoiled"}, False),
        ({"file": "a.pro", "exclude": "no", "reason": "spoiled"}, False),
        ({"file": "a.pro", "surprise": "x"}, False),
    ],
)
def test_schema_and_code_agree_on_a_row(cells: dict[str, str], good: bool) -> None:
    assert Draft202012Validator(LOG_SCHEMA).is_valid(cells) == good
    text = io.StringIO()
    writer = csv.DictWriter(text, list(cells))
    writer.writeheader()
    writer.writerow(cells)
    try:
        parse(text.getvalue(), ["a.pro"])
        accepted = True
    except ConfigError:
        accepted = False
    assert accepted == good


def test_example_of_the_readme_is_a_good_log() -> None:
    readme = (PROJECT / "raw" / "README.md").read_text()
    example = "".join(line[4:] + "\n" for line in readme.splitlines() if line.startswith("    "))
    names = [line.partition(",")[0] for line in example.splitlines()[1:]]
    assert len(parse(example, names).by_file) == 3
