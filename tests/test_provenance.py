"""Fingerprints see every module a rule imports; records are the same bytes for the same inputs; writes are atomic."""

import ast
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from xps import provenance
from xps.errors import TableError
from xps.provenance import imports


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A toy project: rule ``stage`` imports ``top``, which imports ``deep`` inside a function and a package."""
    files = {
        "requirements.lock": "numpy==1\n",
        "scripts/stage.py": "from xps import top\n",
        "scripts/other.py": "import xps.lonely\n",
        "scripts/xps/__init__.py": "",
        "scripts/xps/top.py": "def work():\n    from xps.deep import thing\n    import xps.room.corner\n",
        "scripts/xps/deep.py": "thing = 1\n",
        "scripts/xps/lonely.py": "",
        "scripts/xps/room/__init__.py": "from . import neighbour\n",
        "scripts/xps/room/corner.py": "from .neighbour import x\nfrom .. import errors\n",
        "scripts/xps/room/neighbour.py": "x = 1\n",
        "scripts/xps/errors.py": "",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_closure_follows_imports_in_functions_packages_and_relative_ones(project: Path) -> None:
    names = [path.relative_to(project / "scripts").as_posix() for path in provenance.closure("stage", project)]
    assert names == [
        "stage.py",
        "xps/__init__.py",
        "xps/deep.py",
        "xps/errors.py",
        "xps/room/__init__.py",
        "xps/room/corner.py",
        "xps/room/neighbour.py",
        "xps/top.py",
    ]


@pytest.mark.parametrize(
    "around",
    [
        "try:\n    {}\nexcept OSError:\n    pass",
        "try:\n    pass\nexcept OSError:\n    {}",
        "try:\n    pass\nfinally:\n    {}",
        "if 0:\n    pass\nelif 1:\n    pass\nelse:\n    {}",
        "for _ in ():\n    pass\nelse:\n    {}",
        "while 0:\n    {}",
        "with open('x') as y:\n    {}",
        "match 1:\n    case 2:\n        {}",
        "class A:\n    async def b(self):\n        {}",
    ],
)
@pytest.mark.parametrize("statement", ["import xps.lonely", "from xps import lonely", "from xps.lonely import value"])
def test_closure_finds_an_import_in_every_kind_of_block(project: Path, around: str, statement: str) -> None:
    (project / "scripts/xps/lonely.py").write_text("value = 1\n")
    (project / "scripts/stage.py").write_text(around.format(statement))
    found = provenance.closure("stage", project)
    assert [path.name for path in found] == ["stage.py", "__init__.py", "lonely.py"]


OWN_SOURCES = sorted((provenance.PROJECT_ROOT / "scripts").rglob("*.py"))
NUMPY_SOURCES = sorted(Path(np.__file__).parent.glob("[a-z]*/[a-z_]*.py"))[::4]


def imports_of_the_whole_tree(source: bytes) -> set[imports.Import]:
    """Return what a source imports by the slow and sure way: every node of its syntax tree."""
    found: set[imports.Import] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {(0, alias.name, "") for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.level, node.module or "", name) for name in ("", *(alias.name for alias in node.names))}
    return found


def test_picking_out_import_statements_finds_what_the_whole_tree_holds() -> None:
    for path in OWN_SOURCES:
        source = path.read_bytes()
        assert set(imports.imports(source, str(path))) == imports_of_the_whole_tree(source), path
    for path in NUMPY_SOURCES:  # whose texts show imports that are none
        source = path.read_bytes()
        assert set(imports.imports(source, str(path))) >= imports_of_the_whole_tree(source), path
    assert len(NUMPY_SOURCES) > 20


@pytest.mark.parametrize(
    "source",
    [
        "x = 1; import hidden",
        "if x: import hidden",
        "if x: from hidden import y",
        "try:from.hidden import y\nexcept OSError:pass",
        "from hidden import \\\n    y",
        "import a, hidden",
        "from hidden import (  # a (remark)\n    y,\n    z,\n)",
        "from hidden import (y,\n\n  z)",
        "'''A text\nfrom which nothing comes.'''\nimport hidden",
        "\ufeffimport hidden",
        "x = 1\n\fimport hidden",
        "x = 1\rimport hidden",
        "x = 1\r\nimport hidden\r\n",
    ],
)
def test_no_form_of_an_import_stays_unseen(source: str) -> None:
    found = imports.imports(source.encode(), "here")
    assert "hidden" in {module for _, module, _ in found}
    assert set(found) == imports_of_the_whole_tree(source.encode())


def test_what_is_no_python_is_refused_by_its_place() -> None:
    with pytest.raises(SyntaxError, match="this_place"):
        imports.imports(b"from x import (", "this_place")


def test_what_a_package_carries_for_the_browser_counts_as_code(project: Path) -> None:
    before = provenance.fingerprint("stage", project)
    (project / "scripts/xps/room/page.css").write_text("p {}")
    (project / "scripts/xps/room/notes.txt").write_text("no code")
    assert "xps/room/page.css" in [
        str(path.relative_to(project / "scripts")) for path in provenance.closure("stage", project)
    ]
    assert provenance.fingerprint("stage", project) != before


def test_the_fingerprint_follows_from_the_hashes_that_a_record_holds() -> None:
    made = raw_record()
    assert provenance.LOCK_NAME in made.modules
    assert provenance.fingerprint_of(made.modules) == provenance.fingerprint("parse_spectra")


@pytest.mark.parametrize("name", ["stage.py", "xps/deep.py", "xps/room/neighbour.py", "xps/errors.py"])
def test_fingerprint_changes_with_each_module_of_the_closure(project: Path, name: str) -> None:
    before = provenance.fingerprint("stage", project)
    path = project / "scripts" / name
    path.write_text(path.read_text() + "# changed\n")
    assert provenance.fingerprint("stage", project) != before


def test_fingerprint_ignores_modules_outside_the_closure(project: Path) -> None:
    before = provenance.fingerprint("stage", project)
    (project / "scripts/xps/lonely.py").write_text("changed = True\n")
    assert provenance.fingerprint("stage", project) == before


def test_fingerprint_sees_an_upgraded_package(project: Path) -> None:
    before = provenance.fingerprint("stage", project)
    (project / "requirements.lock").write_text("numpy==2\n")
    assert provenance.fingerprint("stage", project) != before


def test_fingerprint_does_not_depend_on_the_folder(project: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "copy"
    project.rename(elsewhere)
    twin = provenance.fingerprint("stage", elsewhere)
    elsewhere.rename(project)
    assert twin == provenance.fingerprint("stage", project)


def test_leaves_name_each_value_by_its_path() -> None:
    nested = {"b": [1, {"c": "x"}], "a": {}, "d": None}
    assert dict(provenance.leaves(nested)) == {"a": {}, "b.0": 1, "b.1.c": "x", "d": None}


def raw_record(origin: str = "measured", subject: str = "series") -> provenance.Record:
    """A record as the first stage writes it, from two raw files."""
    sources = [provenance.Source("raw:series/b.spe", "2" * 64), provenance.Source("raw:series/a.spe", "1" * 64)]
    return provenance.record("parse_spectra", sources, {"k": {"l": 1}}, "f" * 64, subject=subject, data_origin=origin)


def test_record_lists_inputs_in_order_of_path_and_parameters_as_leaves() -> None:
    record = raw_record()
    assert [item["path"] for item in record.inputs] == ["raw:series/a.spe", "raw:series/b.spe"]
    assert record.parameters == {"k.l": 1}
    assert "scripts/parse_spectra.py" in record.modules
    assert "scripts/xps/versaprobe" in " ".join(record.modules)


def test_record_survives_json() -> None:
    record = raw_record().of("spectra.parquet", "a" * 64)
    assert record.artefact == "results:series/spectra.parquet"
    assert provenance.Record.from_json(record.to_json(), "here") == record


def test_each_ancestor_is_held_once() -> None:
    first = raw_record().of("spectra.parquet", "a" * 64)
    second = provenance.record("calibrate_energy", [first], {}, "g", subject="series").of(
        "calibration.parquet", "b" * 64
    )
    third = provenance.record("subtract_background", [first, second], {}, "h", subject="series")
    assert sorted(third.ancestors) == ["results:series/calibration.parquet", "results:series/spectra.parquet"]
    assert third.to_json().count('"rule": "parse_spectra"') == 1
    assert third.data_origin == "measured"


def tables_of_one_job(count: int) -> provenance.Record:
    """The record of a figure drawn from ``count`` tables that one job wrote with two hundred settings."""
    job = provenance.record("parse_spectra", [provenance.Source("raw:series/a.spe", "1")],
                            {"settings": list(range(200))}, "f", subject="series", data_origin="measured")  # fmt: skip
    parents = [job.of(f"table_{index:02d}.parquet", f"{index:064x}") for index in range(count)]
    return provenance.record("render_figure", parents, {}, "g", subject="figures").of("figure.pdf", "c" * 64)


def test_what_the_tables_of_a_job_share_is_written_once() -> None:
    one, many = tables_of_one_job(1), tables_of_one_job(20)
    text = many.to_json()
    assert text.count('"settings.199"') == 1
    assert len(text) < 4 * len(one.to_json())
    assert provenance.Record.from_json(text, "here") == many


def test_ancestors_that_differ_in_one_setting_keep_their_own() -> None:
    parents = [
        provenance.record("parse_spectra", [provenance.Source("raw:x", "1")], {"k": k}, "f", subject=f"s{k}",
                          data_origin="measured").of("t.parquet", "") for k in range(3)
    ]  # fmt: skip
    record = provenance.record("render_figure", parents, {}, "g").of("figure.pdf", "")
    read = provenance.Record.from_json(record.to_json(), "here")
    assert [dict(held["parameters"]) for held in read.ancestors.values()] == [{"k": 0}, {"k": 1}, {"k": 2}]


@pytest.mark.parametrize("named", ["results:nowhere.parquet", "results:series/table_01.parquet", ""])
def test_a_field_that_names_no_ancestor_which_states_it_is_refused(named: str) -> None:
    data = json.loads(tables_of_one_job(2).to_json())
    data["ancestors"]["results:series/table_01.parquet"]["modules"] = named
    with pytest.raises(TableError, match="modules is no mapping"):
        provenance.Record.from_json(json.dumps(data), "x")


def test_measured_and_simulated_inputs_make_a_mixed_artefact() -> None:
    parents = [raw_record("measured").of("a", ""), raw_record("simulated", "twin").of("b", "")]
    assert provenance.record("extract_kinetics", parents, {}, "f").data_origin == "mixed"


@pytest.mark.parametrize("origin", ["measured", "simulated"])
def test_literature_beside_spectra_leaves_them_what_they_are(origin: str) -> None:
    parents = [raw_record(origin).of("a", ""), raw_record("literature", "tables").of("b", "")]
    assert provenance.record("render_figure", parents, {}, "f").data_origin == origin
    assert provenance.record("render_figure", parents[1:], {}, "f").data_origin == "literature"


def test_a_record_without_data_origin_is_refused() -> None:
    with pytest.raises(TableError, match="measured or simulated"):
        provenance.record("parse_spectra", [provenance.Source("raw:x", "1")], {}, "f")


@pytest.mark.parametrize("text", ["", "[]", "{}", "null", "{", '{"record_version": 1}', "[" * 100_000])
def test_a_text_that_is_no_record_is_refused_by_name(text: str) -> None:
    with pytest.raises(TableError, match="figure.pdf"):
        provenance.Record.from_json(text, "figure.pdf")


def test_a_record_of_another_version_says_both_versions() -> None:
    data = json.loads(raw_record().to_json()) | {"record_version": 99}
    with pytest.raises(TableError, match="99, expected 2"):
        provenance.Record.from_json(json.dumps(data), "x")


def test_a_record_that_states_all_in_full_is_read_as_well() -> None:
    """Version 1: what a PDF that came by mail a year ago may hold."""
    record = tables_of_one_job(3)
    ancestors = {name: {**held, "record_version": 1} for name, held in record.ancestors.items()}
    full = json.dumps({**record.own(), "record_version": 1, "ancestors": ancestors})
    assert provenance.Record.from_json(full, "x").ancestors == ancestors


def edited(change: dict[str, object]) -> str:
    first = raw_record().of("spectra.parquet", "a" * 64)
    data = json.loads(provenance.record("calibrate_energy", [first], {}, "f").of("c.parquet", "").to_json())
    return json.dumps(data | change)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"artefact": "results:../../etc/passwd"}, "no path below the results"),
        ({"artefact": "/etc/passwd"}, "no path below the results"),
        ({"inputs": [{"path": "raw:a/../../b.spe", "sha256": "0" * 64}]}, "no path below the raw root"),
        ({"inputs": [{"path": "raw:/etc/passwd", "sha256": "0" * 64}]}, "no path below the raw root"),
        ({"inputs": [{"path": "raw:a\\b", "sha256": "0" * 64}]}, "no path below the raw root"),
        ({"inputs": [{"path": "raw:a\x1b[2J", "sha256": "0" * 64}]}, "no path below the raw root"),
        ({"inputs": [{"path": "raw:a", "sha256": "zz-not-a-hash"}]}, "has no SHA-256"),
        ({"inputs": [{"path": "raw:a"}]}, "lacks its path or its SHA-256"),
        ({"inputs": 5}, "inputs is no list"),
        ({"file_sha256": "0" * 64}, "unknown fields 'file_sha256'"),
        ({"modules": {"a": 1}}, "modules is no mapping"),
        ({"versions": []}, "versions is no mapping"),
        ({"parameters": None}, "parameters is no mapping"),
        ({"rule": ["x"]}, "rule is no text"),
        ({"ancestors": {"results:a": {}}}, "missing or unknown fields"),
        ({"ancestors": {"results:a": 3}}, "is no record"),
        ({"ancestors": None}, "ancestors is no mapping"),
    ],
)
def test_a_record_that_lies_about_its_shape_is_refused_before_it_is_believed(
    change: dict[str, object], told: str
) -> None:
    with pytest.raises(TableError, match="mail.pdf: its record is unsound") as refused:
        provenance.Record.from_json(edited(change), "mail.pdf")
    assert told in str(refused.value)


def test_an_ancestor_under_a_foreign_name_is_refused() -> None:
    data = json.loads(edited({}))
    (name,) = data["ancestors"]
    data["ancestors"] = {"results:other.parquet": data["ancestors"][name]}
    with pytest.raises(TableError, match="calls itself"):
        provenance.Record.from_json(json.dumps(data), "x")


def test_a_giant_record_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xps.provenance.shape.LARGEST_RECORD", 100)
    with pytest.raises(TableError, match="expected at most 100"):
        provenance.Record.from_json(raw_record().to_json(), "x")


@given(data=st.binary(max_size=2000))
def test_hashes_agree_with_hashlib(data: bytes, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "hashed"
    path.write_bytes(data)
    expected = hashlib.new("sha256", data).hexdigest()
    assert provenance.bytes_sha256(data) == provenance.file_sha256(path) == expected


def test_a_failed_write_leaves_the_old_file_and_no_debris(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "table"
    provenance.write_atomically(path, b"old")

    def full_disk(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full_disk)
    with pytest.raises(OSError, match="No space"):
        provenance.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_record_beside_a_file_holds_that_files_hash(tmp_path: Path) -> None:
    provenance.write_with_record(tmp_path / "figure.csv", b"a,b\n", raw_record(subject="figures"))
    beside = provenance.Record.from_json((tmp_path / "figure.csv.record.json").read_bytes(), "beside")
    assert beside.artefact == "results:figures/figure.csv"
    assert beside.content_sha256 == hashlib.sha256(b"a,b\n").hexdigest()
