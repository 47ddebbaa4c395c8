"""The command line as a user runs it: from any folder, on good and on damaged files."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from phi_files import assemble

SCRIPT = Path(__file__).parents[1] / "scripts" / "inspect_raw.py"
PROFILE = "pynxtools-xps/SnO2_10nm_1.pro"
SPECTRUM = "pynxtools-xps/SnO2_10nm.spe"


def run(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_table_of_several_files(shared_data: Path, tmp_path: Path) -> None:
    done = run(tmp_path, shared_data / PROFILE, shared_data / SPECTRUM)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Su1s") == 2
    assert list(tmp_path.iterdir()) == []


def test_json_is_a_list_with_one_object_per_file(shared_data: Path, tmp_path: Path) -> None:
    done = run(tmp_path, "--json", shared_data / PROFILE, shared_data / SPECTRUM)
    assert [described["cycles"] for described in json.loads(done.stdout)] == [21, 1]


def test_a_refused_file_is_told_and_the_others_are_still_shown(shared_data: Path, tmp_path: Path) -> None:
    (tmp_path / "cut.spe").write_bytes((shared_data / SPECTRUM).read_bytes()[:-100])
    (tmp_path / "empty.spe").touch()
    done = run(tmp_path, "cut.spe", "empty.spe", "absent.spe", tmp_path, shared_data / SPECTRUM)
    assert done.returncode == 2
    assert "SnO2_10nm.spe: XPS spectrum" in done.stdout
    assert "cut.spe: block 1 (kind 1, region 1): found" in done.stderr
    assert "empty.spe: start of the file: found 0 bytes" in done.stderr
    assert "absent.spe" in done.stderr
    assert len(done.stderr.splitlines()) == 4
    assert "Traceback" not in done.stderr


def test_export_writes_one_csv_per_file_and_region(shared_data: Path, tmp_path: Path) -> None:
    done = run(tmp_path, shared_data / PROFILE, shared_data / SPECTRUM, "--export", "out/deep")
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "out/deep").iterdir()) == [
        "SnO2_10nm_1__1_Su1s.csv",
        "SnO2_10nm_1__2_C1s.csv",
        "SnO2_10nm_1__3_Si2p.csv",
        "SnO2_10nm_1__4_Sn3d5.csv",
        "SnO2_10nm__1_Su1s.csv",
    ]
    text = (tmp_path / "out/deep/SnO2_10nm_1__1_Su1s.csv").read_bytes()
    assert text.count(b"\n") == 1 + 21 * 1751
    assert b"\r" not in text


def test_files_of_one_name_do_not_overwrite_each_others_export(shared_data: Path, tmp_path: Path) -> None:
    copy = tmp_path / "SnO2_10nm.SPE"
    copy.write_bytes((shared_data / SPECTRUM).read_bytes())
    done = run(tmp_path, shared_data / SPECTRUM, copy, "--export", "out")
    assert done.returncode == 2
    assert "would overwrite" in done.stderr
    assert len(list((tmp_path / "out").iterdir())) == 1


def test_files_of_one_name_do_not_overwrite_each_others_plot(shared_data: Path, tmp_path: Path) -> None:
    for name, source in (("a", SPECTRUM), ("b", PROFILE)):
        (tmp_path / name).mkdir()
        shutil.copy(shared_data / source, tmp_path / name / "x.spe")
    assert run(tmp_path, "a/x.spe", "--plot").returncode == 0
    first = (tmp_path / "x.spe.png").read_bytes()
    done = run(tmp_path, "a/x.spe", "b/x.spe", "--plot")
    assert done.returncode == 2
    assert "b/x.spe: its plot x.spe.png would overwrite that of a/x.spe; plot it in another folder" in done.stderr
    assert (tmp_path / "x.spe.png").read_bytes() == first


def test_a_pipe_is_refused_without_waiting_for_a_writer(shared_data: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.spe")
    done = run(tmp_path, "pipe.spe", os.devnull, shared_data / SPECTRUM)
    assert done.returncode == 2
    assert "pipe.spe: found a folder, a pipe or a device, expected a file" in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert "SnO2_10nm.spe: XPS spectrum" in done.stdout


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_of_the_output_that_leaves_early_is_no_error(
    shared_data: Path, tmp_path: Path, options: list[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, str(SCRIPT), *options, *[str(shared_data / PROFILE)] * 3]
    done = subprocess.run(command, cwd=tmp_path, stdout=writing, stderr=subprocess.PIPE, timeout=60, check=False)
    os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("file", [PROFILE, "M-DaC_AES/Au_foil2.spe"])
def test_plot_is_a_png_in_the_current_folder(shared_data: Path, tmp_path: Path, file: str) -> None:
    done = run(tmp_path, shared_data / file, "--plot")
    assert done.returncode == 0, done.stderr
    page = tmp_path / f"{Path(file).name}.png"
    assert page.read_bytes().startswith(b"\x89PNG")


def test_matplotlib_is_not_imported_without_a_plot(shared_data: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-X", "importtime", str(SCRIPT), str(shared_data / SPECTRUM)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert "numpy" in done.stderr
    for heavy in ("matplotlib", "pandas", "scipy", "lmfit", "pyarrow"):
        assert heavy not in done.stderr


@pytest.mark.parametrize("start", [b"", assemble("smartsoft", [[[1, 2, 3]]])])
def test_a_huge_sparse_file_is_refused_without_being_loaded(tmp_path: Path, start: bytes) -> None:
    """Four gigabytes, of nothing or behind a valid header and block table, in a process that may not have them."""
    with (tmp_path / "huge.spe").open("wb") as file:
        file.write(start)
        file.truncate(4 << 30)
    command = ["sh", "-c", 'ulimit -v 1500000; exec "$@"', "sh", sys.executable, str(SCRIPT), "huge.spe"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: huge.spe: size of the file: found 4294967296 bytes, expected at most")
