"""Long series: file boundaries and length change nothing but the number of files; memory stays that of one file."""

import csv
import subprocess
import sys
import tracemalloc
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from xps import acquisitions, simulation, versaprobe
from xps.errors import ConfigError
from xps.simulation import Setup

ROOT = Path(__file__).parents[1]
SETTINGS = ROOT / "config/simulation/operando.yaml"


@cache
def series(cycles: int) -> Setup:
    return simulation.long_setup(simulation.load(SETTINGS, ROOT / "config/schema"), cycles)


def counts(setup: Setup, cycles_per_file: int) -> dict[str, np.ndarray]:
    """Counts of all cycles by region, as the reader finds them in the files."""
    found: dict[str, list[np.ndarray]] = {}
    for file in simulation.long_series(setup, cycles_per_file):
        for region in versaprobe.read(file.data, file.name).regions:
            found.setdefault(region.name, []).append(region.counts)
    return {name: np.concatenate(parts) for name, parts in found.items()}


def test_file_boundaries_change_no_count() -> None:
    one, several = counts(series(7), 100), counts(series(7), 3)
    assert list(one) == ["Li1s", "Ge3d", "P2p", "Al2p", "O1s", "C1s"]
    for name, found in one.items():
        assert found.shape[0] == 7
        assert np.array_equal(found, several[name])


def test_files_hold_their_cycles_and_say_simulated_without_a_warning() -> None:
    files = list(simulation.long_series(series(7), 3))
    assert [file.name for file in files] == [f"operando_{row:07d}.pro" for row in (0, 3, 6)]
    for file, cycles in zip(files, (3, 3, 1), strict=True):
        measurement = versaprobe.read(file.data, file.name)
        assert (measurement.file_type, measurement.cycles, measurement.simulated) == ("depth_profile", cycles, True)
        assert measurement.warnings == ()
        assert [row["cycle"] for row in file.log] == [str(cycle) for cycle in range(cycles)]


def test_the_physics_is_that_of_the_short_series() -> None:
    """The same span of plating, more finely cut: after it, supply-limited growth has used the same lithium."""
    ends = []
    for cycles in (2, 9):
        setup = series(cycles)
        last = list(simulation.evolve(setup.matter, setup.sample, setup.shots()))[-1].layers
        assert setup.sample.supply is not None
        arrived = 70.0 * setup.sample.supply.lithium_nm_min(setup.matter)
        made = last.interphase[-1] / setup.matter.interphase_per_lithium["LAGP-SEI"]
        assert last.lithium[-1] + made == pytest.approx(arrived, rel=2e-3)  # the rest is oxidised
        ends.append(last.interphase[-1])
    assert ends[0] == pytest.approx(ends[1], rel=0.02)


def test_memory_does_not_grow_with_the_length() -> None:
    """Five times the cycles: the peak grows by what the interpreter keeps for reuse, far from five times."""

    def peak(cycles: int) -> int:
        setup = series(cycles)
        carbon = replace(setup, plan=replace(setup.plan, regions=setup.plan.regions[-1:]))
        tracemalloc.start()
        try:
            for _ in simulation.long_series(carbon, 50):
                pass
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(50)  # what is made once
    assert peak(500) < 2.0 * peak(100)


def test_the_written_series_is_read_like_any_other(tmp_path: Path) -> None:
    paths = list(simulation.write_long_series(series(5), tmp_path, 2))
    assert [path.name for path in paths] == [*(f"operando_{row:07d}.pro" for row in (0, 2, 4)), "acquisitions.csv"]
    assert {path.name for path in (tmp_path / "operando").iterdir()} == {path.name for path in paths}
    settings = {
        "source": {"folder": "operando", "files": ["*.pro"], "log": "acquisitions.csv"},
        "data_origin": "simulated",
        "regions": {"Li1s": ["Li 1s"]},
    }
    table = acquisitions.assemble("operando", settings, paths[:3], tmp_path).acquisitions
    assert table.column("acquisition").to_pylist() == [cycle for cycle in range(5) for _ in range(6)]
    assert set(table.column("time_origin").to_pylist()) == {"log"}
    plated = dict.fromkeys(table.column("plating_time_s").to_pylist())
    assert list(plated) == pytest.approx([0.0, 1050.0, 2100.0, 3150.0, 4200.0])
    with pytest.raises(ConfigError, match="exists already"):
        list(simulation.write_long_series(series(5), tmp_path))


def test_series_that_cannot_be_longer_are_refused() -> None:
    setup = simulation.load(SETTINGS, ROOT / "config/schema")
    with pytest.raises(ConfigError, match="no series of 0 cycles"):
        simulation.long_setup(setup, 0)
    foil = simulation.load(ROOT / "config/simulation/li_foil_gas.yaml", ROOT / "config/schema")
    with pytest.raises(ConfigError, match="times_are: doses"):
        simulation.long_setup(foil, 20)


def test_the_command_writes_as_many_cycles_as_asked(tmp_path: Path) -> None:
    command = [sys.executable, "scripts/simulate_experiment.py", str(SETTINGS), "--cycles", "3", "--raw", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    rows = list(csv.DictReader((tmp_path / "operando/acquisitions.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["plating_time_s"] for row in rows] == ["0.0", "2100.0", "4200.0"]
    assert len(done.stdout.splitlines()) == 2
