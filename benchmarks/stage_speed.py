"""How long fit_components takes per fit, model by model, and what of it is spent on what comes after the optimum.

Run: OMP_NUM_THREADS=1 PYTHONPATH=scripts:benchmarks python benchmarks/stage_speed.py [spectra] [spectra of lmfit]
Shipped models on spectra simulated from them: positions and widths as the model file starts, areas from 300 to 3000
counts·eV, a baseline of 60 counts. CPU times of one process. ``alone`` is the model without its alternatives.
"""

import cProfile
import pstats
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import yaml

from xps import fitting, models
from xps.fitting import Task
from xps.fitting.solving import problem
from xps.models import FitModel
from xps.spectra import Spectrum

ROOT = Path(__file__).parents[1]
NAMES = ("adventitious_c1s", "sno2_sn3d", "lgps_s2p", "lagp_li1s", "lagp_ge3d_p2p", "lagp_o1s")
PARTS = {"intervals": "found_for", "detection": "judged", "verdicts": "area_findings"}


def simulated(model: FitModel, count: int) -> list[Task]:
    """Return simulated acquisitions of a model."""
    axes = [np.arange(window.high_ev, window.low_ev - 0.05, -0.1) for window in model.windows]

    def spectra(number: int, counts: list[np.ndarray]) -> tuple[Spectrum, ...]:
        return tuple(
            Spectrum("made", number, window.core_level, model.core_levels, axis, made, 1.0, None, 0.02, 0.02)
            for window, axis, made in zip(model.windows, axes, counts, strict=True)
        )

    bound = problem.bind(model, spectra(0, [np.ones(axis.size) for axis in axes]))
    plan, cuts = bound.layout, np.cumsum([axis.size for axis in axes])[:-1]
    tasks = []
    for number in range(count):
        rng = np.random.default_rng(number)
        theta = plan.start.copy()
        for place, slot in enumerate(plan.varied):
            kind = plan.slots[slot].kind
            theta[place] = {"area": rng.uniform(300.0, 3000.0), "baseline": 60.0}.get(kind, theta[place])
        counts = np.split(rng.poisson(bound.evaluate(theta).expected).astype(np.float64), cuts)
        names, channels = tuple(w.core_level for w in model.windows), tuple(np.arange(axis.size) for axis in axes)
        tasks.append(Task("made", number, names, spectra(number, counts), channels))
    return tasks


def milliseconds(model: FitModel, tasks: list[Task], engine: str = "separable") -> float:
    """Return CPU time per fit."""
    begin = time.process_time()
    fitting.fit_block(model, tasks, fitting.fit_series(model, tasks, engine), engine=engine)
    return 1000.0 * (time.process_time() - begin) / len(tasks)


def shares(model: FitModel, tasks: list[Task]) -> dict[str, float]:
    """Return which share of the stage's time goes into each part that follows the optimum."""
    profile = cProfile.Profile()
    profile.enable()
    fitting.fit_block(model, tasks, fitting.fit_series(model, tasks))
    profile.disable()
    found = pstats.Stats(profile)
    total = found.total_tt  # type: ignore[attr-defined]
    spent = dict.fromkeys(PARTS, 0.0)
    for (path, _, function), (_, _, _, cumulative, _) in found.stats.items():  # type: ignore[attr-defined]
        for name, wanted in PARTS.items():
            if function == wanted and f"fitting{Path('/')}" in path:
                spent[name] += cumulative / total
    return spent


def main(count: int, of_lmfit: int) -> None:
    """Print the table."""
    print(f"| model | separable, ms per fit of {count} | alone | its intervals, detection, verdicts | lmfit, alone |")
    print("|---|---|---|---|---|")
    for name in NAMES:
        content = yaml.safe_load((ROOT / "config" / "models" / f"{name}.yaml").read_text(encoding="utf-8"))
        model = models.from_mapping(name, content)
        alone = replace(model, alternatives=())
        tasks = simulated(model, count)
        spent = ", ".join(f"{100 * share:.0f} %" for share in shares(alone, tasks).values())
        print(
            f"| {name} | {milliseconds(model, tasks):.1f} | {milliseconds(alone, tasks):.1f} | {spent} "
            f"| {milliseconds(alone, tasks[:of_lmfit], 'lmfit'):.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    main(*(numbers + [100, 8][len(numbers) :]))
