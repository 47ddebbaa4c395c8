"""A model laid over a spectrum at many places: against one least-squares solution per place."""

import numpy as np
import pytest
from scipy.optimize import minimize

from synthetic import Line, axis, component, rate, span, window
from xps import fitting, lineshapes, models
from xps.spectra import Spectrum

SHIFTS = np.array([-1.5, -0.4, 0.0, 0.7])
MODEL = models.from_mapping(
    "c1s",
    {
        "description": "carbon",
        "windows": [window("C 1s", 278.0, 296.0, "linear")],
        "components": [
            component("C-C", span(284.8, 284.5, 285.1), span(1.4, 1.0, 1.9), core_level="C 1s"),
            component("C-O", None, None, core_level="C 1s"),
        ],
        "ties": [
            {"component": "C-O", "parameter": "position_ev", "offset_from": "C-C", "value_ev": 1.6},
            {"component": "C-O", "parameter": "fwhm_ev", "same_as": "C-C"},
        ],
    },
)


def spectrum(seed: int = 0, moved_ev: float = 0.4) -> Spectrum:
    energy = axis(280.0, 293.0)
    expected = rate(energy - moved_ev, [Line(900.0, 284.8, 1.4), Line(250.0, 286.4, 1.4)], 120.0, 0.0) * 5.0
    counts = np.random.default_rng(seed).poisson(expected).astype(float)
    return Spectrum("simulated", 0, "C1s", ("C 1s",), energy, counts, 5.0)


def by_hand(one: Spectrum, shift_ev: float) -> tuple[float, np.ndarray]:
    """Deviance and areas at one shift, by scipy: two lines of the model's start and a straight line, none negative."""
    energy = one.binding_energy_ev + shift_ev
    part = MODEL.components[0]
    shape = [span_.start for span_ in part.shape.spans]
    lines = [lineshapes.profile(part.shape.type, energy, at, 1.4, *shape).value for at in (284.8, 286.4)]
    slope = (energy - energy.min()) / np.ptp(energy)
    columns = one.time_per_channel_s * np.array([*lines, 1.0 - slope, slope]).T

    def deviance(values: np.ndarray) -> float:
        expected = columns @ values
        return float(
            2.0 * np.sum(expected - one.counts + one.counts * np.log(np.maximum(one.counts, 1e-300) / expected))
        )

    start = np.array([100.0, 100.0, 100.0, 100.0])
    best = minimize(deviance, start, method="L-BFGS-B", bounds=[(0, None), (0, None), (1e-3, None), (1e-3, None)])
    return float(best.fun), best.x[:2]


def test_every_place_has_the_deviance_and_areas_of_its_own_solution() -> None:
    one = spectrum()
    tried = fitting.trials(MODEL, one, SHIFTS)
    for place, shift in enumerate(SHIFTS):
        deviance, areas = by_hand(one, float(shift))
        assert tried.deviance[place] == pytest.approx(deviance, rel=1e-3)
        assert tried.areas[place] == pytest.approx(areas, rel=0.02, abs=2.0)


def test_the_true_place_explains_the_counts_best() -> None:
    tried = fitting.trials(MODEL, spectrum(), SHIFTS)
    assert SHIFTS[np.argmin(tried.deviance)] == -0.4


def test_places_know_nothing_of_each_other() -> None:
    one = spectrum()
    together = fitting.trials(MODEL, one, SHIFTS)
    for place, shift in enumerate(SHIFTS):
        alone = fitting.trials(MODEL, one, np.array([shift]))
        assert alone.deviance[0] == together.deviance[place]
        assert np.array_equal(alone.areas[0], together.areas[place])
