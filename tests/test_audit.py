"""The five answers on a finished project: whole as it was made, and each tampered link found by name."""

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pikepdf
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml

import audited
from audited import EXPERIMENT, FIGURE, copied, opened, raw_file
from xps import provenance, tables
from xps.audit import diff, impact, lineage, point, trace, verify
from xps.errors import ConfigError, TableError

TABLE = f"results/{EXPERIMENT}/components.parquet"


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return audited.once(tmp_path_factory)


@pytest.fixture
def project(finished: Path, tmp_path: Path) -> Path:
    """A copy to be tampered with."""
    return copied(finished, tmp_path / "copy")


def ask(root: Path, folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Ask on the command line, from ``folder``."""
    command = [sys.executable, str(root / "scripts/audit.py"), *map(str, words)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


# --- as it was made ----------------------------------------------------------------------------------------------


def test_what_was_just_made_is_whole(finished: Path) -> None:
    verdict = verify.verify(opened(finished), [])
    assert verdict.broken == ()
    assert verdict.notes == ()
    made = {path.relative_to(finished / "results").as_posix() for path in opened(finished).artefacts()}
    assert set(verdict.artefacts) == {f"results:{name}" for name in made}
    assert verdict.files > 30


def test_every_artefact_has_a_record_that_leads_to_raw_files(finished: Path) -> None:
    raw = {f"raw:{EXPERIMENT}/{path.name}" for path in (finished / "raw" / EXPERIMENT).iterdir()}
    seen = set()
    for path in opened(finished).artefacts():
        artefact = lineage.read(path)
        assert artefact.faults == ()
        of_the_series = artefact.record.subject in (EXPERIMENT, "figures")  # others follow from reference tables alone
        assert set(trace.as_json(artefact)["raw_files"]) == (raw if of_the_series else set())
        seen.add(path.suffix)
    assert seen == {".parquet", ".pdf", ".csv", ".md"}


def test_settings_recorded_are_those_that_the_rules_would_get_today(finished: Path) -> None:
    """Else a rule's parameters escape the comparison without a word."""
    from xps.audit import settings

    project = opened(finished)
    methods = settings.reaching(finished)
    for path in project.artefacts():
        for record in lineage.read(path).steps.values():
            today = settings.expected(project.loaded[0], methods[record.rule], record)
            assert today == record.parameters, record.artefact


def test_a_pdf_alone_in_an_empty_folder_is_traced_to_its_raw_files(finished: Path, tmp_path: Path) -> None:
    shutil.copy(finished / FIGURE, tmp_path)
    done = ask(finished, tmp_path, "trace", Path(FIGURE).name, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    spe = raw_file(finished)
    assert told["raw_files"][f"raw:{EXPERIMENT}/{spe.name}"] == provenance.file_sha256(spe)
    assert told["data_origin"] == "simulated"
    words = ask(finished, tmp_path, "trace", Path(FIGURE).name).stdout
    assert "SIMULATED DATA" in words
    assert words.count(f"raw:{EXPERIMENT}/{spe.name}") == 1
    assert "parse_spectra" in words


def test_trace_lists_settings_when_asked(finished: Path, tmp_path: Path) -> None:
    said = ask(finished, tmp_path, "trace", finished / FIGURE, "--settings").stdout
    assert "models.lagp_al2p.components.0.fwhm_ev.low = " in said


# --- tampering ---------------------------------------------------------------------------------------------------


def flip_raw_byte(root: Path) -> None:
    data = bytearray(raw_file(root).read_bytes())
    data[-1] ^= 1
    raw_file(root).write_bytes(bytes(data))


def remove_raw_file(root: Path) -> None:
    raw_file(root).unlink()


def edit_checksums(root: Path) -> None:
    path = root / "raw/checksums.tsv"
    lines = path.read_text().splitlines()
    row = next(number for number, line in enumerate(lines) if ".spe" in line)
    lines[row] = "\t".join([lines[row].split("\t")[0], "0" * 64, "1", "simulated"])
    path.write_text("\n".join(lines) + "\n")


def add_raw_file(root: Path) -> None:
    shutil.copy(raw_file(root), root / "raw" / EXPERIMENT / "zz_later.spe")


def edit_setting(root: Path) -> None:
    path = root / "config/models/lagp_al2p.yaml"
    settings = yaml.safe_load(path.read_text())
    settings["components"][0]["fwhm_ev"]["low"] += 0.01
    path.write_text(yaml.safe_dump(settings, sort_keys=False))


def edit_module(root: Path) -> None:
    path = root / "scripts/xps/kinetics/regression.py"
    path.write_text(path.read_text() + "# changed\n")


def edit_lock(root: Path) -> None:
    path = root / "requirements.lock"
    path.write_text(path.read_text() + "# changed\n")


def rewritten(root: Path, change, **metadata: bytes) -> None:
    """Write a table anew with its old record, as someone would who wants a nicer number."""
    file = pq.ParquetFile(root / TABLE)
    held = {key: value for key, value in file.metadata.metadata.items() if key != b"ARROW:schema"}
    held |= {key.encode(): value for key, value in metadata.items()}
    pq.write_table(change(file.read()).replace_schema_metadata(held), root / TABLE)


def better_number(held: pa.Table) -> pa.Table:
    place = held.column_names.index("area_cps_ev")
    values = [1.01 * (value or 0.0) for value in held.column("area_cps_ev").to_pylist()]
    return held.set_column(place, held.schema.field(place), pa.array(values, pa.float64()))


def edit_table_number(root: Path) -> None:
    rewritten(root, better_number)


def edit_table_container(root: Path) -> None:
    rewritten(root, lambda held: held)


def remove_table(root: Path) -> None:
    (root / TABLE).unlink()


def truncate_table(root: Path) -> None:
    (root / TABLE).write_bytes((root / TABLE).read_bytes()[:-20])


def edit_drawing(root: Path) -> None:
    with pikepdf.open(root / FIGURE, allow_overwriting_input=True) as pdf:
        pdf.pages[0].contents_add(b"0 0 m 99 99 l S")
        pdf.save()


def edit_attached_numbers(root: Path) -> None:
    with pikepdf.open(root / FIGURE, allow_overwriting_input=True) as pdf:
        name = next(name for name in pdf.attachments if name.endswith(".csv"))
        data = pdf.attachments[name].get_file().read_bytes()
        pdf.attachments[name] = pikepdf.AttachedFileSpec(pdf, data.replace(b"1", b"2"), filename=name)
        pdf.save()


def resave_figure(root: Path) -> None:
    with pikepdf.open(root / FIGURE, allow_overwriting_input=True) as pdf:
        pdf.save()


def edit_csv(root: Path) -> None:
    path = (root / FIGURE).with_suffix(".csv")
    path.write_bytes(path.read_bytes().replace(b"1", b"2"))


def edit_caption(root: Path) -> None:
    path = (root / FIGURE).with_suffix(".md")
    path.write_text(path.read_text() + "As expected.\n")


def remove_record(root: Path) -> None:
    (root / FIGURE).with_suffix(".md.record.json").unlink()


def forge_lineage(root: Path) -> None:
    """Let the figure claim other raw bytes, without caring for its short record."""
    with pikepdf.open(root / FIGURE, allow_overwriting_input=True) as pdf:
        text = pdf.attachments["lineage.json"].get_file().read_bytes().decode()
        old = provenance.file_sha256(raw_file(root))
        pdf.attachments["lineage.json"] = pikepdf.AttachedFileSpec(pdf, text.replace(old, "0" * 64).encode())
        pdf.save()


def named(value: object) -> str:
    return getattr(value, "__name__", "")


FIGURE_NAME = f"results:figures/{EXPERIMENT}_spectra.pdf"
TAMPERING = [
    (flip_raw_byte, "raw file", f"raw:{EXPERIMENT}/", "changed since", True),
    (remove_raw_file, "raw file", f"raw:{EXPERIMENT}/", "no readable file", True),
    (edit_checksums, "raw file", f"raw:{EXPERIMENT}/", "checksums.tsv", True),
    (add_raw_file, "raw file", "zz_later.spe", "was not there", True),
    (edit_setting, "setting", "models.lagp_al2p.components.0.fwhm_ev.low", "was 1.3, is 1.31", True),
    (edit_module, "module", "scripts/xps/kinetics/regression.py", "changed since", False),
    (edit_lock, "lock", "requirements.lock", "changed since", True),
    (edit_table_number, "table", "components.parquet", "numbers", True),
    (edit_table_container, "table", "components.parquet", "its numbers did not change", True),
    (remove_table, "table", "components.parquet", "no readable file", True),
    (truncate_table, "table", "components.parquet", "not a readable Parquet", True),
    (edit_drawing, "figure", FIGURE_NAME, "the drawing is not", True),
    (edit_attached_numbers, "figure", FIGURE_NAME, "the attached numbers are not", True),
    (resave_figure, "figure", FIGURE_NAME, "none that a run wrote", True),
    (forge_lineage, "figure", FIGURE_NAME, "lineage.json is not", True),
    (edit_csv, "numbers", FIGURE_NAME.replace("pdf", "csv"), "content is not", False),
    (edit_caption, "caption", FIGURE_NAME.replace("pdf", "md"), "content is not", False),
    (remove_record, "caption", FIGURE_NAME.replace("pdf", "md"), "carries no record", False),
]


@pytest.mark.parametrize(
    ("tamper", "kind", "name", "told", "hits_figure"), TAMPERING, ids=lambda v: getattr(v, "__name__", "")
)
def test_each_tampered_link_is_named_with_all_that_hangs_on_it(
    project: Path, tamper, kind: str, name: str, told: str, hits_figure: bool
) -> None:
    tamper(project)
    verdict = verify.verify(opened(project), [])
    assert not verdict.whole
    found = [link for link in verdict.broken if link.kind == kind and name in link.name]
    assert found, verdict.broken
    assert told in found[0].message
    assert (FIGURE_NAME in found[0].downstream) == hits_figure


@pytest.mark.parametrize(
    ("tamper", "kind", "name"),
    [
        (flip_raw_byte, "raw file", ".spe"),
        (edit_setting, "setting", "lagp_al2p"),
        (edit_module, "module", "regression.py"),
        (edit_table_number, "table", "components.parquet"),
        (edit_drawing, "figure", "spectra.pdf"),
    ],
)
def test_the_first_broken_link_is_the_one_that_was_tampered_with(project: Path, tamper, kind: str, name: str) -> None:
    tamper(project)
    first = verify.verify(opened(project), []).broken[0]
    assert first.kind == kind
    assert name in first.name


def test_the_raw_file_comes_first_when_everything_is_broken(project: Path) -> None:
    for tamper in (edit_drawing, edit_table_number, edit_module, edit_setting, flip_raw_byte):
        tamper(project)
    kinds = [link.kind for link in verify.verify(opened(project), []).broken]
    assert list(dict.fromkeys(kinds)) == ["raw file", "module", "setting", "table", "figure"]


def test_verifying_one_figure_tells_of_others_that_hang_on_the_same_link(project: Path) -> None:
    edit_table_number(project)
    verdict = verify.verify(opened(project), [project / FIGURE])
    assert f"results:figures/{EXPERIMENT}_kinetics.pdf" in verdict.broken[0].downstream


def test_a_figure_of_a_table_that_was_made_anew_is_called_so(project: Path) -> None:
    """Not tampering: another run has made the table again, the figure was left behind."""
    edit_table_container(project)
    job = sorted((project / "results/runs").glob("*/jobs/fit_components.*.json"))[0]
    entry = json.loads(job.read_text())
    entry["output_sha256"][TABLE] = provenance.file_sha256(project / TABLE)
    later = project / "results/runs/later/jobs"
    later.mkdir(parents=True)
    (later / job.name).write_text(json.dumps(entry))
    broken = verify.verify(opened(project), []).broken
    assert FIGURE_NAME in {link.name for link in broken}
    assert all("was made from an earlier" in link.message for link in broken)


def test_results_without_run_records_can_be_verified_but_for_their_last_bytes(project: Path) -> None:
    shutil.rmtree(project / "results/runs")
    verdict = verify.verify(opened(project), [])
    assert verdict.whole
    assert any("no run record knows it" in note for note in verdict.notes)


def test_a_configuration_that_cannot_be_read_is_a_broken_link_and_no_crash(project: Path) -> None:
    (project / f"config/experiments/{EXPERIMENT}.yaml").write_text("description: [")
    first = verify.verify(opened(project), []).broken[0]
    assert first.kind == "setting"
    assert "not valid YAML" in first.message


def test_the_command_says_it_in_words_json_and_status(project: Path) -> None:
    assert ask(project, project, "verify").returncode == 0
    edit_table_number(project)
    done = ask(project, project, "verify", FIGURE)
    assert done.returncode == 1
    assert f"first broken link: table results:{EXPERIMENT}/components.parquet" in done.stdout
    assert f"downstream of it: {FIGURE_NAME}" in done.stdout
    told = json.loads(ask(project, project, "verify", FIGURE, "--json").stdout)
    assert told["whole"] is False
    assert told["broken"][0]["kind"] == "table"


# --- bad input ---------------------------------------------------------------------------------------------------


def test_a_link_that_leaves_the_project_is_not_followed(project: Path) -> None:
    path = raw_file(project)
    shutil.move(path, project / "outside.spe")
    path.symlink_to(project / "outside.spe")
    broken = [link for link in verify.verify(opened(project), []).broken if link.kind == "raw file"]
    assert any("leaves" in link.message and "not read" in link.message for link in broken)


def test_a_logical_path_cannot_leave_its_root(finished: Path) -> None:
    with pytest.raises(TableError, match="leaves"):
        opened(finished).file("raw:../config/config.yaml")


def other_schema_version(root: Path) -> Path:
    rewritten(root, lambda held: held, xps_schema_version=b"99")
    return root / TABLE


def no_record(root: Path) -> Path:
    pikepdf.new().save(root / "mail.pdf")
    return root / "mail.pdf"


def no_pdf(root: Path) -> Path:
    (root / "mail.pdf").write_bytes(b"%PDF-1.7 and nothing")
    return root / "mail.pdf"


def foreign_text(root: Path) -> Path:
    (root / "notes.md").write_text("# mine")
    return root / "notes.md"


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (other_schema_version, "schema version '99'"),
        (no_record, "without a record"),
        (no_pdf, "not a readable PDF"),
        (foreign_text, "carries no record"),
        (lambda root: root / "absent.pdf", "there is no such file"),
        (lambda root: root / "raw", "there is no such file"),
    ],
)
def test_what_cannot_be_traced_is_refused_in_one_line(project: Path, make, told: str) -> None:
    done = ask(project, project, "trace", make(project))
    assert done.returncode == 2
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def made_from_itself(record: provenance.Record) -> provenance.Record:
    (name, *_) = record.ancestors
    held = dict(record.ancestors[name]) | {"inputs": [{"path": name, "sha256": "0" * 64}]}
    return replace(record, ancestors={**record.ancestors, name: held})


def with_a_gap(record: provenance.Record) -> provenance.Record:
    name = f"results:{EXPERIMENT}/spectra.parquet"
    return replace(record, ancestors={key: value for key, value in record.ancestors.items() if key != name})


def very_long(record: provenance.Record) -> provenance.Record:
    template = next(iter(record.ancestors.values()))
    names = [f"results:x/{number}.parquet" for number in range(5000)]
    chain = {
        name: dict(template) | {"artefact": name, "inputs": [{"path": after, "sha256": "0" * 64}]}
        for name, after in zip(names, [*names[1:], next(iter(record.ancestors))], strict=True)
    }
    return replace(record, inputs=({"path": names[0], "sha256": "0" * 64},), ancestors={**record.ancestors, **chain})


@pytest.mark.parametrize(
    ("forge", "told"),
    [(made_from_itself, "made from itself"), (with_a_gap, "does not say what made"), (very_long, "it was forged")],
)
def test_a_chain_that_cannot_be_is_refused(finished: Path, forge, told: str) -> None:
    record = lineage.read(finished / FIGURE).record
    with pytest.raises(TableError, match=told):
        lineage.in_order(provenance.Record.from_json(forge(record).to_json(), "x"), "mail.pdf")


def test_a_fingerprint_that_does_not_fit_its_modules_is_told(finished: Path, project: Path) -> None:
    path = (project / FIGURE).with_suffix(".md.record.json")
    forged = json.loads(path.read_text()) | {"fingerprint": "0" * 64}
    path.write_text(json.dumps(forged))
    assert any("fingerprint" in fault for fault in lineage.read((project / FIGURE).with_suffix(".md")).faults)


# --- one point ---------------------------------------------------------------------------------------------------


def test_a_channel_is_followed_to_its_own_bytes(finished: Path) -> None:
    """The rate in the table is the number in those four bytes of the raw file."""
    import struct

    artefact = lineage.read(finished / FIGURE)
    words = ["acquisition=0", "region=Al2p"]
    first = artefact.csv.decode().splitlines()[1].split(",")
    energy = dict(zip(artefact.csv.decode().splitlines()[0].split(","), first, strict=True))["binding_energy_ev"]
    found = point.follow(opened(finished), artefact, [*words, f"binding_energy_ev={energy}"])
    (raw,) = found.raw
    assert raw.stop - raw.start == 4
    data = (finished / "raw" / raw.path.removeprefix("raw:")).read_bytes()
    spectra, _ = tables.read(finished / f"results/{EXPERIMENT}/spectra.parquet", "spectra")
    (row,) = [
        row
        for row in spectra.to_pylist()
        if (row["acquisition"], row["region"], row["channel"]) == (0, "Al2p", raw.channel)
    ]
    assert struct.unpack("<f", data[raw.start : raw.stop]) == (row["intensity_cps"],)
    assert {Path(item.table).stem for item in found.tables} >= {"components", "fits", "curves", "acquisitions"}


def test_a_component_is_followed_to_its_row_fit_and_spectrum(finished: Path) -> None:
    artefact = lineage.read(finished / f"results/figures/{EXPERIMENT}_kinetics.pdf")
    rows = artefact.csv.decode().splitlines()
    found = point.follow(opened(finished), artefact, ["row=1"])
    assert found.row == 1
    assert list(found.numbers.values()) == rows[1].split(",")
    by_name = {Path(item.table).stem: item for item in found.tables}
    components, _ = tables.read(finished / TABLE, "components")
    (place,) = by_name["components"].rows
    assert components.to_pylist()[place]["component"] == found.numbers["component"]
    assert found.raw[0].region == "Al2p"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["region=Al2p"], "say more of"),
        (["region=Xe3d"], "known are region"),
        (["moon=full"], "no word of its numbers"),
        (["row"], "no word of its numbers"),
        (["row=999999"], "names 0 of"),
    ],
)
def test_words_that_name_no_one_point_are_refused_with_what_is_there(
    finished: Path, words: list[str], told: str
) -> None:
    with pytest.raises(TableError, match=told):
        point.follow(opened(finished), lineage.read(finished / FIGURE), words)


def test_a_table_holds_no_plotted_numbers(finished: Path) -> None:
    with pytest.raises(TableError, match="holds no plotted numbers"):
        point.follow(opened(finished), lineage.read(finished / TABLE), ["row=1"])


def test_a_point_of_a_pdf_alone_says_what_is_missing(finished: Path, tmp_path: Path) -> None:
    shutil.copy(finished / FIGURE, tmp_path)
    shutil.copytree(finished / "config", tmp_path / "project/config")
    found = point.follow(opened(tmp_path / "project"), lineage.read(tmp_path / Path(FIGURE).name), ["row=1"])
    assert found.tables == ()
    assert any("cannot be shown" in note for note in found.notes)


# --- difference and impact ---------------------------------------------------------------------------------------


def test_a_figure_does_not_differ_from_itself(finished: Path) -> None:
    found = diff.diff(finished / FIGURE, finished / FIGURE)
    assert (found.differences, found.apart) == ((), ())
    assert diff.diff(finished / "results", finished / "results").differences == ()


def test_two_folders_differ_by_what_was_tampered_with(finished: Path, project: Path) -> None:
    edit_table_number(project)
    found = diff.diff(finished / "results", project / "results")
    assert {item.kind for item in found.differences} == {"bytes"}
    assert "although both records name the same" in found.differences[0].name
    (apart,) = found.apart
    assert apart.column == "area_cps_ev"
    assert apart.relative == pytest.approx(0.01 / 1.01)
    assert not apart.rounding


def test_a_file_and_a_folder_cannot_be_compared(finished: Path) -> None:
    with pytest.raises(TableError, match="one is a folder"):
        diff.diff(finished / FIGURE, finished / "results")


def test_folders_without_artefacts_cannot_be_compared(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="neither holds an artefact"):
        diff.diff(tmp_path, tmp_path)


def downstream_of(root: Path, what: str) -> set[str]:
    return set(impact.impact(opened(root), what).downstream)


def test_everything_hangs_on_a_raw_file(finished: Path) -> None:
    everything = {lineage.read(path).record.artefact for path in opened(finished).artefacts()}
    everything = {name for name in everything if name.count("/")}  # but what follows from reference tables alone
    name = raw_file(finished).name
    assert downstream_of(finished, f"raw/{EXPERIMENT}/{name}") == everything
    assert downstream_of(finished, f"raw:{EXPERIMENT}/{name}") == everything
    assert downstream_of(finished, str(raw_file(finished))) == everything


def test_a_late_module_touches_late_artefacts_only(finished: Path) -> None:
    found = downstream_of(finished, "scripts/xps/kinetics/regression.py")
    assert f"results:{EXPERIMENT}/kinetics.parquet" in found
    assert f"results:{EXPERIMENT}/components.parquet" not in found
    assert downstream_of(finished, "scripts/inspect_raw.py") == set()


@pytest.mark.parametrize(
    ("setting", "first", "spared"),
    [
        ("models/lagp_al2p.components.0.fwhm_ev.low", "components", "background"),
        ("config/models/lagp_al2p.yaml:windows", "background", "calibration"),
        ("models/adventitious_c1s.components.0.fwhm_ev.start", "calibration", "spectra"),
        (f"experiments/{EXPERIMENT}.axis", "kinetics", "components"),
        (f"experiments/{EXPERIMENT}.regions", "acquisitions", None),
        (f"config/experiments/{EXPERIMENT}.yaml", "acquisitions", None),
        ("config/models/lagp_al2p.yaml", "background", "spectra"),
        (f"figures/{EXPERIMENT}_spectra.kind", None, "kinetics"),
    ],
)
def test_a_setting_touches_what_gets_it_and_what_follows(
    finished: Path, setting: str, first: str | None, spared: str | None
) -> None:
    found = downstream_of(finished, setting)
    assert FIGURE_NAME in found or "axis" in setting
    assert first is None or f"results:{EXPERIMENT}/{first}.parquet" in found
    assert f"results:{EXPERIMENT}/{spared}.parquet" not in found


@pytest.mark.parametrize("what", ["config/reference/phases.csv", "reference/phases.0.density_g_cm3"])
def test_a_reference_table_touches_what_is_computed_from_its_rows(finished: Path, what: str) -> None:
    found = downstream_of(finished, what)
    assert "results:phases.parquet" in found
    assert not {f"results:{EXPERIMENT}/components.parquet", FIGURE_NAME} & found


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("reference/phasen", "has no reference 'phasen'; it has .*phases"),
        ("models/lagp_al2p.components.0.fwhm_ev.lw", "there is 'lw'|there is no 'lw'"),
        ("models/lagp_xyz", "has no model 'lagp_xyz'"),
        ("moon", "no raw file, no module and no setting"),
    ],
)
def test_what_is_nothing_is_refused_with_what_there_is(finished: Path, what: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        impact.impact(opened(finished), what)


def test_the_list_of_checksums_is_no_input(finished: Path) -> None:
    with pytest.raises(TableError, match="no artefact hangs on it"):
        impact.impact(opened(finished), "raw/checksums.tsv")


# --- made again --------------------------------------------------------------------------------------------------


def test_a_figure_comes_out_again_with_the_same_bytes(finished: Path, tmp_path: Path) -> None:
    done = ask(finished, tmp_path, "reproduce", finished / FIGURE, "--json", "--keep", tmp_path / "kept")
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["same"] is True
    assert set(told["steps"].values()) == {"same bytes"}
    assert (tmp_path / "kept" / FIGURE).read_bytes() == (finished / FIGURE).read_bytes()
    made = {path.name for path in (tmp_path / "kept/results").rglob("*.parquet")}
    assert "kinetics.parquet" not in made, "more was made than the figure needs"


def test_what_follows_from_reference_tables_alone_comes_out_again_without_any_series(
    finished: Path, tmp_path: Path
) -> None:
    done = ask(
        finished, tmp_path, "reproduce", finished / "results/phases.parquet", "--json", "--keep", tmp_path / "kept"
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["steps"] == {"results:phases.parquet": "same bytes"}
    assert lineage.read(finished / "results/phases.parquet").record.data_origin == "literature"
    assert list((tmp_path / "kept/raw").iterdir()) == []


def test_a_folder_that_is_not_empty_is_not_used(finished: Path, tmp_path: Path) -> None:
    (tmp_path / "old").write_text("")
    done = ask(finished, tmp_path, "reproduce", finished / FIGURE, "--keep", tmp_path)
    assert done.returncode == 2
    assert "is not empty" in done.stderr


def test_without_its_raw_file_nothing_can_be_made_again(project: Path) -> None:
    raw_file(project).unlink()
    done = ask(project, project, "reproduce", FIGURE)
    assert done.returncode == 2
    assert "without it nothing can be made again" in done.stderr


def forged(root: Path) -> Path:
    """Write a figure whose parts all fit each other, and whose numbers no raw file ever gave."""
    import io

    from xps import figure_records

    carried = figure_records.read((root / FIGURE).read_bytes(), "x")
    csv = carried.csv.replace(b",0,", b",1,")
    record = replace(carried.record, content_sha256=provenance.bytes_sha256(csv))
    bare = io.BytesIO()
    with pikepdf.open(root / FIGURE) as pdf:
        for name in list(pdf.attachments):
            del pdf.attachments[name]
        pdf.save(bare)
    path = root / FIGURE
    path.write_bytes(figure_records.embed(bare.getvalue(), "t", "s", record, carried.csv_name, csv))
    return path


def test_a_consistent_forgery_deceives_its_own_record(project: Path) -> None:
    """What the file alone can prove ends here; the run record and `reproduce` go further."""
    path = forged(project)
    assert lineage.read(path).faults == ()
    broken = verify.verify(opened(project), [path]).broken
    assert [link.message[:32] for link in broken] == ["its bytes are none that a run wr"]


@pytest.mark.slow
def test_a_consistent_forgery_is_caught_by_making_it_again(project: Path, tmp_path: Path) -> None:
    done = ask(project, tmp_path, "reproduce", forged(project))
    assert done.returncode == 1
    assert "OTHER BYTES came out" in done.stdout
    assert "its record does not tell the truth" in done.stdout


@pytest.mark.slow
def test_a_changed_setting_is_named_as_what_made_the_difference(project: Path, tmp_path: Path) -> None:
    path = project / "config/models/lagp_al2p.yaml"
    settings = yaml.safe_load(path.read_text())
    settings["components"][0]["shape"]["lorentzian_fwhm_ev"] += 0.05
    path.write_text(yaml.safe_dump(settings, sort_keys=False))
    done = ask(project, tmp_path, "reproduce", project / FIGURE, "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 1
    assert told["steps"][f"results:{EXPERIMENT}/background.parquet"] == "same bytes"
    assert told["steps"][f"results:{EXPERIMENT}/components.parquet"] == "other content"
    assert "setting fit_components" in told["explanation"]


@pytest.mark.parametrize(
    ("difference", "rounding"), [(0.0, None), (1e-15, True), (1e-12, True), (1e-10, True), (1e-8, False), (0.1, False)]
)
def test_rounding_is_told_from_a_change_by_its_size(difference: float, rounding: bool | None) -> None:
    from xps.audit import numbers

    values = [1.0, 2.0, -3.0, 0.0]
    other = [*values[:2], values[2] * (1.0 + difference), 0.0]
    found = numbers.apart("t", pa.table({"x": values}), pa.table({"x": other}))
    assert [item.rounding for item in found] == ([] if rounding is None else [rounding])
    assert [item.row for item in found] == ([] if rounding is None else [2])


@pytest.mark.parametrize(
    ("first", "second", "column"),
    [
        ({"x": [1.0]}, {"y": [1.0]}, "x"),
        ({"x": [1.0]}, {"x": [1.0, 2.0]}, "(number of rows)"),
        ({"x": ["a"]}, {"x": ["b"]}, "x"),
        ({"x": [1.0, None]}, {"x": [1.0, 2.0]}, "x"),
        ({"x": [True]}, {"x": [False]}, "x"),
    ],
)
def test_what_is_no_number_is_never_rounding(first: dict, second: dict, column: str) -> None:
    from xps.audit import numbers

    found = numbers.apart("t", pa.table(first), pa.table(second))
    assert column in {item.column for item in found}
    assert not any(item.rounding for item in found)


@pytest.mark.parametrize(
    ("relative", "machine", "told"),
    [
        (1e-12, "another processor", "last digits only"),
        (1e-5, "another processor", "as another environment can: another processor"),
        (1e-5, "", "does not tell the truth"),
        (0.02, "another processor", "does not tell the truth"),
        (None, "another processor", "does not tell the truth"),
    ],
)
def test_only_a_small_difference_is_put_down_to_the_environment(
    relative: float | None, machine: str, told: str
) -> None:
    from xps.audit import numbers, reproduce

    apart = [numbers.Apart("t", "x", 1, 0, 1.0, 2.0, relative)]
    state = "rounding" if apart[0].rounding else "other content"
    assert told in reproduce._explanation({"results:t": state}, [], apart, machine, False)
