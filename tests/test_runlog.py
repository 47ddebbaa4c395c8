"""A job leaves its log and its entry; a run that did nothing leaves nothing; the summary says what failed and why."""

import errno
import hashlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from xps import runlog
from xps.errors import RawFileError


@pytest.fixture
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run announced in a fresh environment."""
    monkeypatch.delenv(runlog.RUN_FOLDER_VARIABLE, raising=False)
    folder = runlog.announce_run(tmp_path / "results")
    yield folder
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    logging.captureWarnings(False)


def entries(folder: Path) -> list[dict[str, str]]:
    """All entries of a run."""
    return [json.loads(path.read_text()) for path in sorted(folder.glob("jobs/*.json"))]


def test_announcing_a_run_makes_nothing_and_is_kept_by_later_processes(run_folder: Path, tmp_path: Path) -> None:
    assert not run_folder.exists()
    assert runlog.announce_run(tmp_path / "elsewhere") == run_folder


def test_a_finished_job_is_on_record_with_its_outputs(run_folder: Path, tmp_path: Path) -> None:
    with runlog.job(str(tmp_path / "job.log"), "fit_components", "series", ["b.parquet", "a.parquet"]):
        logging.getLogger("xps.fitting").info("42 fits")
    (entry,) = entries(run_folder)
    assert (entry["rule"], entry["subject"], entry["status"]) == ("fit_components", "series", "ok")
    assert entry["outputs"] == ["a.parquet", "b.parquet"]
    assert entry["started_at"] <= entry["ended_at"]
    assert "42 fits" in (tmp_path / "job.log").read_text()


def test_an_entry_holds_the_hashes_that_no_artefact_can_hold_itself(run_folder: Path, tmp_path: Path) -> None:
    made = tmp_path / "t.parquet"
    with runlog.job(str(tmp_path / "job.log"), "fit_components", "series", [str(made), "never_made.csv"]):
        made.write_bytes(b"table")
    (entry,) = entries(run_folder)
    assert entry["output_sha256"] == {str(made): hashlib.sha256(b"table").hexdigest()}
    assert entry["machine"]["processor"]


def test_an_entry_says_what_the_job_used(run_folder: Path, tmp_path: Path) -> None:
    with runlog.job(str(tmp_path / "job.log"), "fit_components", "series", []):
        began = time.process_time()
        while time.process_time() < began + 0.2:
            pass
        bytearray(300 << 20)[:] = b"x" * (300 << 20)
        work = "b = bytearray(200 << 20)\nimport time\nwhile time.process_time() < 0.3: pass"
        subprocess.run([sys.executable, "-c", work], check=True)
    used = entries(run_folder)[0]["used"]
    assert used["cpu_s"] >= 0.5 + used["start_cpu_s"]
    assert used["start_cpu_s"] > 0
    assert used["peak_memory_mb"] > 300
    assert used["worker_peak_memory_mb"] > 200


def test_a_large_parent_is_not_counted_as_the_jobs_own_memory() -> None:
    """As jobs are started by Snakemake, which may hold hundreds of megabytes of its own."""
    own = "from xps import runlog; print(runlog.used()['peak_memory_mb'])"
    parent = (
        f"b = b'x' * (400 << 20)\nimport subprocess, sys\nsubprocess.run([sys.executable, '-c', {own!r}], check=True)"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1] / "scripts")}
    said = subprocess.run([sys.executable, "-c", parent], capture_output=True, check=True, env=environment).stdout
    assert 5 < float(said) < 200


def test_an_entry_on_a_cluster_holds_the_ids_of_its_job(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "16")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "4")
    monkeypatch.setenv("OPENBLAS_CORETYPE", "Haswell")
    with runlog.job(str(tmp_path / "job.log"), "fit_components", "series", []):
        pass
    (entry,) = entries(run_folder)
    assert entry["job_id"] == "16_4"
    assert entry["machine"]["openblas_coretype"] == "Haswell"


def test_a_refusal_ends_the_job_with_its_sentence_alone(
    run_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = "a.spe: 100 bytes are missing"
    with (
        pytest.raises(SystemExit) as ended,
        runlog.job(str(tmp_path / "job.log"), "parse_spectra", "series", []),
    ):
        raise RawFileError(message)
    assert entries(run_folder)[0]["message"] == message
    log = (tmp_path / "job.log").read_text()
    assert message in log
    assert "Traceback" not in log
    assert ended.value.code == 1, "what stands in the log is not said a second time"
    assert capsys.readouterr().err == ""


def test_a_fault_of_ours_keeps_its_traceback(run_folder: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(ZeroDivisionError),
        runlog.job(str(tmp_path / "job.log"), "fit_components", "series", []),
    ):
        print(1 / 0)
    assert "Traceback" in (tmp_path / "job.log").read_text()
    assert entries(run_folder)[0]["message"] == "ZeroDivisionError: division by zero"


def test_without_an_announced_run_a_job_leaves_only_its_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(runlog.RUN_FOLDER_VARIABLE, raising=False)
    with runlog.job(str(tmp_path / "job.log"), "fit_components", "series", []):
        pass
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    logging.captureWarnings(False)
    assert [path.name for path in tmp_path.iterdir()] == ["job.log"]


def test_the_summary_counts_what_was_made_and_explains_what_failed(
    run_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results/figures").mkdir(parents=True)
    (tmp_path / "results/figures/fig.pdf").touch()
    with runlog.job(str(tmp_path / "1.log"), "render_figure", "fig", ["results/figures/fig.pdf", "x.csv"]):
        pass
    with pytest.raises(SystemExit), runlog.job(str(tmp_path / "2.log"), "parse_spectra", "series", ["t.parquet"]):
        raise RawFileError("a.spe: refused\nexclude it in the log")
    text = runlog.summary(run_folder, "results")
    assert text.splitlines()[:2] == ["made: 0 tables, 1 figure", "  results/figures/fig.pdf"]
    assert f"FAILED: parse_spectra series (log: {tmp_path / '2.log'})\nwhat needs" in text
    assert "refused" not in text, "that was said when it failed"
    assert "look in: tables results/<experiment>/" in text


def test_a_job_that_is_killed_is_on_record_and_in_the_summary(run_folder: Path, tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; sys.path.insert(0, 'scripts'); from xps import runlog\n"
        f"with runlog.job({str(tmp_path / 'job.log')!r}, 'fit_components', 'series', ['t.parquet']):\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=False)
    assert done.returncode == -signal.SIGKILL
    (entry,) = entries(run_folder)
    assert (entry["status"], entry["ended_at"]) == ("killed", None)
    assert "FAILED: fit_components series" in runlog.summary(run_folder, "results")
    assert "made: 0 tables" in runlog.summary(run_folder, "results")


def test_a_run_that_failed_before_its_first_job_made_nothing(run_folder: Path) -> None:
    assert runlog.summary(run_folder, "results").startswith("made: 0 tables, 0 figures")
    assert not run_folder.exists()


def test_of_a_job_that_was_tried_again_the_last_attempt_counts(run_folder: Path, tmp_path: Path) -> None:
    log = str(tmp_path / "job.log")
    with pytest.raises(SystemExit), runlog.job(log, "fit_block", "series.0-9", []):
        raise RawFileError("too little memory")
    with runlog.job(log, "fit_block", "series.0-9", []):
        pass
    assert "FAILED" not in runlog.summary(run_folder, "results")


def test_what_was_made_and_is_gone_is_not_counted(run_folder: Path, tmp_path: Path) -> None:
    """Parts of a long series are gathered and removed."""
    part = tmp_path / "fits.0-9.parquet"
    part.touch()
    with runlog.job(str(tmp_path / "job.log"), "fit_block", "series.0-9", [str(part)]):
        pass
    assert runlog.summary(run_folder, "results").startswith("made: 1 table,")
    part.unlink()
    assert runlog.summary(run_folder, "results").startswith("made: 0 tables")


def test_what_was_skipped_is_named(run_folder: Path) -> None:
    text = runlog.summary(run_folder, "results", ["extract_kinetics a", "render_figure a_spectra"])
    assert "skipped, for want of what failed: extract_kinetics a, render_figure a_spectra" in text


@pytest.mark.parametrize(
    ("number", "remedy"), [(errno.ENOSPC, "free some space"), (errno.EDQUOT, "quota"), (errno.EROFS, "only be read")]
)
def test_a_disk_that_takes_no_more_is_a_refusal_with_its_remedy(
    number: int, remedy: str, run_folder: Path, tmp_path: Path
) -> None:
    log = tmp_path / "job.log"
    with (
        pytest.raises(SystemExit),
        runlog.job(str(log), "fit", "series", []),
    ):
        raise OSError(number, "no", "results/t.parquet")
    assert re.search(f"t.parquet.*{remedy}", log.read_text())
    assert "Traceback" not in log.read_text()


def test_a_job_whose_log_is_full_says_its_sentence_on_the_error_stream(run_folder: Path) -> None:
    """/dev/full takes nothing, as a full disk does."""
    with pytest.raises(SystemExit, match=r"fit series: a.spe: refused"), runlog.job("/dev/full", "fit", "series", []):
        raise RawFileError("a.spe: refused")


def test_another_error_of_the_system_is_a_fault_of_ours(run_folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "job.log"
    with pytest.raises(FileNotFoundError), runlog.job(str(log), "fit", "series", []):
        (tmp_path / "nowhere").read_bytes()
    assert "Traceback" in log.read_text()
    assert "FileNotFoundError" in entries(run_folder)[0]["message"]


def test_where_no_record_and_no_log_can_be_written_the_job_still_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv(runlog.RUN_FOLDER_VARIABLE, str(tmp_path / "file/run"))
    with pytest.raises(SystemExit, match="the sentence"), runlog.job(str(tmp_path / "file/log"), "fit", "series", []):
        raise RawFileError("the sentence")
    logging.basicConfig(handlers=[logging.NullHandler()], force=True)
    logging.captureWarnings(False)
