"""A dead channel or a spike is named in the message of its fit, and noise and bad models are not taken for one."""

from dataclasses import replace

import numpy as np
import pytest

from synthetic import ge3d, ge3d_task
from xps import fitting, models
from xps.fitting.judging.lone_channels import lone_channels

MODEL = models.from_mapping("ge3d", ge3d())


def message(change: dict[int, float], seed: int = 1) -> str:
    """Return what the fit of a spectrum says in which some channels hold other counts."""
    task = ge3d_task(seed)
    (found,) = task.spectra
    assert found is not None
    counts = found.counts.copy()
    for channel, value in change.items():
        counts[channel] = value
    spoilt = replace(task, spectra=(replace(found, counts=counts),))
    fits = fitting.fit_block(MODEL, [spoilt], fitting.fit_series(MODEL, [spoilt])).fits.to_pylist()
    return str(fits[0]["message"])


def test_a_dead_channel_is_named_with_what_it_should_hold() -> None:
    told = message({20: 0.0})
    assert "lone channels: no counts at" in told
    assert "are expected" in told


def test_a_spike_is_named_with_its_size() -> None:
    assert "sigma at" in message({20: 60000.0})


def test_many_are_counted_and_three_are_named() -> None:
    told = message(dict.fromkeys(range(10, 60, 8), 0.0))
    assert told.count("no counts at") == 3
    assert told.endswith("more")


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_no_dead_channel(seed: int) -> None:
    assert "lone" not in message({}, seed)


def test_a_step_and_a_missing_line_are_no_lone_channels() -> None:
    """Wide misfits stand beside their like."""
    energy, expected = np.arange(40.0), np.full(40, 100.0)
    missing = 100.0 + 400.0 * np.exp(-0.5 * ((energy - 20.0) / 3.0) ** 2)
    assert lone_channels(energy, missing, expected, (missing - expected) / 10.0) == ""
    step = np.where(energy < 20.0, 100.0, 400.0)
    assert lone_channels(energy, step, expected, (step - expected) / 10.0) == ""


def test_no_counts_where_few_are_expected_is_chance() -> None:
    energy, expected, counts = np.arange(9.0), np.full(9, 3.0), np.full(9, 3.0)
    counts[4] = 0.0
    assert lone_channels(energy, counts, expected, (counts - expected) / np.sqrt(3.0)) == ""
