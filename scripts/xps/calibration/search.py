"""Where the reference line lies in each of many cycles: looked for over ± 4 eV, refined by the fit of its model.

Each cycle tries its likely shifts one after the other and at each repeats the fit until the axis stays where it is;
cycles are independent of each other, but what all of them need next is fitted at once. How cycles are grouped changes
no number.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from xps import fitting
from xps.calibration.drift import Found
from xps.cycles import Block
from xps.fitting.solving import likelihood
from xps.models import FitModel
from xps.spectra import Spectrum

LOGGER = logging.getLogger("xps.calibration")

Array = NDArray[np.float64]

SEARCH_EV = 4.0
_SEARCH_STEP_EV = 0.1
_CANDIDATES = 3
# Shifts that explain this share of what the best one explains are equally likely: steps of 0.1 eV and the model's
# starting widths are too coarse for more. Among them the one with the larger reference line comes first.
_EQUALLY_LIKELY = 0.95
_REFINEMENTS = 8
_SETTLED_EV = 0.005
# ASSUME a position known worse than 0.15 eV no reference: interpolating over a cycle is then as good.
USABLE_STDERR_EV = 0.15
# ASSUME the reference is most of its level: adventitious carbon is half hydrocarbon at least.
DOUBTFUL_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Reference:
    """The reference line: its model (one window), the component in it, and the energy it is given (eV)."""

    model: FitModel
    component: int
    energy_ev: float


@dataclass(slots=True)
class _Search:
    """One cycle's search: the shifts still to be tried, the one at hand, how often it was refined, and its end."""

    block: Block
    time_s: float
    waiting: list[float]
    tried_ev: float = 0.0
    shift_ev: float = 0.0
    refinements: int = 0
    found: Found | None = None
    over: bool = False

    def next_shift(self) -> None:
        """Begin with the next likely shift, or end without a usable one."""
        self.over = not self.waiting
        if self.waiting:
            self.tried_ev = self.shift_ev = self.waiting.pop(0)
            self.refinements = 0

    def refuse(self, reason: str) -> None:
        """Say why the shift at hand leads to no reference, and begin with the next."""
        place = f"{self.block.experiment}, acquisition {self.block.acquisition}"
        LOGGER.warning("%s: no usable reference at a shift of %+.1f eV: %s", place, self.tried_ev, reason)
        self.next_shift()

    def accept(self, found: Found) -> None:
        """End with the line as ``found``; one among stronger neighbours may be another line than the reference."""
        self.found, self.over = found, True
        if found.share < DOUBTFUL_SHARE:
            LOGGER.warning(
                "%s, acquisition %d: the reference, found at %.1f eV, is %.0f %% of its level's area only: was another "
                "line taken for it, of another element or of a part that charges otherwise? See the other regions",
                *(self.block.experiment, self.block.acquisition, found.energy_ev, 100.0 * found.share),
            )


def locate(
    cycles: Sequence[tuple[Block, float]], line: Reference, engine: str = fitting.ENGINES[0], seed: int = 0
) -> list[Found | None]:
    """Return the recorded energy of the reference line in each cycle, None (and a log line) where it is not usable.

    ``cycles`` are regions with their seconds per channel. Usable: the fit converged, the line's area exceeds its
    detection limit, its position is known better than 0.15 eV and lies neither at a bound of the fit nor at the edge of
    the search.
    """
    searches = [_Search(block, time_s, _likely_shifts(block, time_s, line)) for block, time_s in cycles]
    for search in searches:
        search.next_shift()
    starts = fitting.model_starts(line.model)
    while running := _with_windows(searches, line):
        tasks = [task for _, task in running]
        outcomes = fitting.fit_each(line.model, tasks, starts, seed, engine)
        for (search, _), outcome in zip(running, outcomes, strict=True):
            _judge(search, outcome, line)
    return [search.found for search in searches]


def _with_windows(searches: Sequence[_Search], line: Reference) -> list[tuple[_Search, fitting.Task]]:
    """Return the searches that go on, each with the window that it wants to be fitted next."""
    running = []
    for search in searches:
        while not search.over:
            task = _task(search.block, search.time_s, line, search.shift_ev, 0.0)
            if task is not None:
                running.append((search, task))
                break
            search.refuse("its window meets no data")
    return running


def _judge(search: _Search, outcome: fitting.Outcome, line: Reference) -> None:
    """Follow the line to where a fit has found it: accept it, fit again on the axis it calibrates, or give it up."""
    if outcome.best is None or outcome.areas is None or outcome.problem is None:
        search.refuse(outcome.message)
        return
    if not outcome.areas.area[line.component] > outcome.areas.detection_limit[line.component]:
        search.refuse("its area is below the detection limit")
        return
    position, stderr, at_bound = _position(outcome, line)
    missing = line.energy_ev - position
    search.refinements += 1
    if abs(missing) >= _SETTLED_EV:
        search.shift_ev += missing
        if search.refinements == _REFINEMENTS:
            search.refuse(f"its position did not settle in {_REFINEMENTS} fits")
        return
    share = float(outcome.areas.fraction[line.component])
    found = Found(position - search.shift_ev, stderr, share if np.isfinite(share) else 1.0)
    if reason := "its position is at a bound" if at_bound else _why_unusable(found, line):
        search.refuse(reason)
    else:
        search.accept(found)


def _why_unusable(found: Found, line: Reference) -> str:
    if not found.stderr_ev <= USABLE_STDERR_EV:
        return f"its position is only known to {found.stderr_ev:.2f} eV"
    if abs(line.energy_ev - found.energy_ev) > SEARCH_EV:
        return f"it lies outside ± {SEARCH_EV:g} eV"
    return ""


def _position(outcome: fitting.Outcome, line: Reference) -> tuple[float, float, bool]:
    assert outcome.problem is not None
    assert outcome.best is not None
    assert outcome.covariance is not None
    plan = outcome.problem.layout
    slot = plan.index(line.component, "position")
    place = int(np.flatnonzero(plan.varied == slot)[0])
    variance = float(outcome.covariance[place, place])
    return float(outcome.best.at.values[slot]), variance**0.5, bool(outcome.best.at_bound[place])


def _task(block: Block, time_s: float, line: Reference, shift_ev: float, margin_ev: float) -> fitting.Task | None:
    """Return the reference window on the recorded axis + ``shift_ev``, widened by ``margin_ev`` at both ends."""
    window = line.model.windows[0]
    energy = block.columns["recorded_binding_energy_ev"] + shift_ev
    inside = (energy >= window.low_ev - margin_ev) & (energy <= window.high_ev + margin_ev)
    if np.count_nonzero(inside) < 2:
        return None
    counts = block.columns["counts"][inside]
    levels = line.model.core_levels
    spectrum = Spectrum(block.experiment, block.acquisition, block.region, levels, energy[inside], counts, time_s)
    return fitting.Task(
        block.experiment, block.acquisition, (block.region,), (spectrum,), (block.columns["channel"][inside],)
    )


def _likely_shifts(block: Block, time_s: float, line: Reference) -> list[float]:
    """Return the shifts at which the model explains the data best, the likeliest first.

    At each step of the search all positions and widths are the model's starting ones; only areas and baseline are
    solved. The data are the same at every step (the window widened by the search), so the deviances compare.
    """
    base = _task(block, time_s, line, 0.0, SEARCH_EV)
    if base is None or not np.any(base.found[0].counts > 0) or np.any(base.found[0].counts < 0):
        return []
    shifts = np.arange(-SEARCH_EV, SEARCH_EV + 0.5 * _SEARCH_STEP_EV, _SEARCH_STEP_EV)
    tried = fitting.trials(line.model, base.found[0], shifts)
    deviances, areas = tried.deviance, tried.areas[:, line.component]
    padded = np.concatenate([[np.inf], deviances, [np.inf]])
    minima = np.flatnonzero((deviances <= padded[:-2]) & (deviances <= padded[2:]))
    explained = _without_lines(base.found[0]) - deviances
    enough = _EQUALLY_LIKELY * float(explained.max())
    rank = sorted(minima, key=lambda i: (-min(float(explained[i]), enough), -float(areas[i])))
    return [float(shifts[i]) for i in rank[:_CANDIDATES]]


def _without_lines(spectrum: Spectrum) -> float:
    """Return the deviance of the best constant: what there is to explain."""
    counts = spectrum.counts
    return likelihood.deviance(counts, np.full(counts.size, counts.mean()))
