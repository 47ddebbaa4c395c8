"""How fast the separable engine fits, against lmfit in three dresses, on the same spectra and the same objective.

Run: OMP_NUM_THREADS=1 PYTHONPATH=scripts:benchmarks python benchmarks/fit_speed.py [fits] [joint] [PROGRAM=PYTHON ...]
for instance lmfitxps=/path/of/a/venv/bin/python spectrafit=/path/of/another/bin/python: neither is a dependency here,
so each runs in an environment of its own (spectrafit-core needs Python 3.13); what is not given is skipped and said so.
Times are CPU times of one core. The slow programs fit the first few spectra of each series only; all fits start at the
same values. ``equal`` is the share of those fits whose objective agrees with the engine's within 1e-5 (of 1 + value).

- composite: ``lmfit.Model`` of VoigtModels (doublets by expr ties) and a constant, squares weighted with Neyman's
  1/max(n, 1); the engine fits that objective.
- function: one hand-written residual function (all lines in one ``wofz`` call, active Shirley, Poisson deviance
  residuals), minimised by lmfit; the engine fits that objective, its default.
- lmfitxps: ConvGaussianDoniach models (asymmetry 0) and a constant. Its convolution is numerical, so its objective is
  its own; only times compare.
- spectrafit (spectrafit-core, Rust): true Voigt nodes, doublets tied by expressions, and a constant; Neyman's weights.
  Its Voigt is an approximation: its χ² differs by up to 6e-5 either way.
- joint: energies and widths shared by all 200 spectra, their areas, baselines and Shirley factors free; the same
  objective by lmfit with one vectorised function. That takes minutes per series and is done where the word is given.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import fit_cases as cases
import lmfit
import numpy as np
from numpy.typing import NDArray
from scipy.special import wofz, xlog1py

from xps import lineshapes
from xps.separable import marquardt
from xps.separable.likelihood import LEAST_EXPECTED_COUNTS
from xps.separable.series import fit_jointly

Array = NDArray[np.float64]
# A fiftieth of a standard error from the minimum: objectives then lie within half of what they are compared by.
EFFORT = marquardt.Effort(decrement=5e-4, accepted=5e-4)
SPECTRA = 200


def clocked(work: Callable[[], object]) -> tuple[float, object]:
    """Return the CPU seconds that ``work`` takes, and what it returns."""
    begin = time.process_time()
    found = work()
    return time.process_time() - begin, found


def engine_rate(series: cases.Series) -> tuple[float, marquardt.Optimum]:
    """Return fits per second of the whole series, the best of three runs."""
    runs = [clocked(lambda: marquardt.minimise(series.task, series.start, EFFORT)) for _ in range(3)]
    return SPECTRA / min(seconds for seconds, _ in runs), runs[0][1]  # type: ignore[return-value]


def composite(case: cases.Case, energy: Array, counts: Array) -> float:
    """Fit with a composite of VoigtModels; return χ²."""
    model = lmfit.models.ConstantModel()
    for i, part in enumerate(case.components):
        for minor in range(1 + (part.splitting_ev > 0)):
            model = model + lmfit.models.VoigtModel(prefix=f"c{i}{'ab'[minor]}_")
    parameters = model.make_params(c=float(np.min(counts)))
    parameters["c"].min = 0.0
    for i, part in enumerate(case.components):
        gauss = [
            float(lineshapes.gaussian_fwhm_ev(width, part.lorentzian_fwhm_ev)) / lineshapes.FWHM_PER_SIGMA
            for width in (part.fwhm_ev, cases.FWHM_LOW_EV, cases.FWHM_HIGH_EV)
        ]
        reach = cases.POSITION_REACH_EV
        area = float(np.sum(counts)) * 0.1 / len(case.components)
        parameters[f"c{i}a_amplitude"].set(area / (1 + part.area_ratio), min=0.0)
        parameters[f"c{i}a_center"].set(part.position_ev, min=part.position_ev - reach, max=part.position_ev + reach)
        parameters[f"c{i}a_sigma"].set(gauss[0], min=gauss[1], max=gauss[2])
        parameters[f"c{i}a_gamma"].set(part.lorentzian_fwhm_ev / 2, vary=False, expr="")
        if part.splitting_ev:
            parameters[f"c{i}b_amplitude"].set(expr=f"{part.area_ratio}*c{i}a_amplitude")
            parameters[f"c{i}b_center"].set(expr=f"c{i}a_center+{part.splitting_ev}")
            parameters[f"c{i}b_sigma"].set(expr=f"c{i}a_sigma")
            parameters[f"c{i}b_gamma"].set(expr=f"c{i}a_gamma")
    fit = model.fit(counts, parameters, x=energy, weights=1.0 / np.sqrt(np.maximum(counts, 1.0)))
    return float(fit.chisqr)


def function(case: cases.Case, energy: Array, counts: Array) -> float:
    """Fit with one hand-written Poisson residual function and an active Shirley background; return the deviance."""
    parameters = lmfit.Parameters()
    first, low, high = cases.start(case, "shirley")
    area = float(np.sum(counts)) * 0.1 / len(case.components)
    for i in range(len(case.components)):
        parameters.add(f"a{i}", area, min=0.0)
        parameters.add(f"p{i}", first[2 * i], min=low[2 * i], max=high[2 * i])
        parameters.add(f"f{i}", first[2 * i + 1], min=low[2 * i + 1], max=high[2 * i + 1])
    parameters.add("k", first[-1], min=0.0, max=0.5)
    parameters.add("c", float(np.min(counts)) + 1.0, min=0.0)
    lines = [
        (i, minor * part.splitting_ev, (part.area_ratio if minor else 1.0) / (1 + part.area_ratio), part)
        for i, part in enumerate(case.components)
        for minor in range(1 + (part.splitting_ev > 0))
    ]
    owner = np.array([line[0] for line in lines])
    offset = np.array([line[1] for line in lines])
    share = np.array([line[2] for line in lines])
    lorentz = np.array([line[3].lorentzian_fwhm_ev for line in lines])
    rising = energy[::-1]

    def residuals(values: lmfit.Parameters) -> Array:
        v = values.valuesdict()
        n = len(case.components)
        areas = np.array([v[f"a{i}"] for i in range(n)])[owner] * share
        positions = np.array([v[f"p{i}"] for i in range(n)])[owner] + offset
        widths = np.array([v[f"f{i}"] for i in range(n)])[owner]
        sigma = lineshapes.gaussian_fwhm_ev(widths, lorentz) / lineshapes.FWHM_PER_SIGMA
        z = (rising[:, None] - positions + 0.5j * lorentz) / (sigma * np.sqrt(2.0))
        peaks = (wofz(z).real / (sigma * np.sqrt(2.0 * np.pi))) @ areas
        step = np.concatenate([[0.0], np.cumsum(0.5 * (peaks[1:] + peaks[:-1]) * np.diff(rising))])
        expected = np.maximum((peaks + v["k"] * step)[::-1] + v["c"], LEAST_EXPECTED_COUNTS)
        return _deviance_residuals(counts, expected)

    fit = lmfit.minimize(residuals, parameters, scale_covar=False)
    return float(np.sum(fit.residual**2))


def jointly(case: cases.Case, energy: Array, counts: Array) -> float:
    """Fit a whole series at once, lines shared, with one residual function for all spectra; return the deviance."""
    first, low, high = cases.start(case, "shirley")
    spectra, lines = counts.shape[0], len(case.components)
    shared = first.size - 1
    own = np.empty((spectra, lines + 2))
    own[:, :lines] = np.sum(counts, axis=1)[:, None] * 0.1 / lines
    own[:, lines], own[:, lines + 1] = np.min(counts, axis=1) + 1.0, cases.STEP_START
    parameters = lmfit.Parameters()
    for i in range(shared):
        parameters.add(f"s{i}", first[i], min=low[i], max=high[i])
    for i, value in enumerate(own.ravel()):
        parameters.add(f"o{i}", value, min=0.0, max=0.5 if i % (lines + 2) == lines + 1 else np.inf)
    rising = energy[::-1]

    def residuals(values: lmfit.Parameters) -> Array:
        v = np.array([one.value for one in values.values()])
        of_each = v[shared:].reshape(spectra, lines + 2)
        columns = np.zeros((lines, rising.size))
        for i, part in enumerate(case.components):
            sigma = (
                float(lineshapes.gaussian_fwhm_ev(v[2 * i + 1], part.lorentzian_fwhm_ev)) / lineshapes.FWHM_PER_SIGMA
            )
            for minor in range(1 + (part.splitting_ev > 0)):
                share = (part.area_ratio if minor else 1.0) / (1.0 + part.area_ratio)
                z = (rising - v[2 * i] - minor * part.splitting_ev + 0.5j * part.lorentzian_fwhm_ev) / (
                    sigma * np.sqrt(2.0)
                )
                columns[i] += share * wofz(z).real / (sigma * np.sqrt(2.0 * np.pi))
        peaks = of_each[:, :lines] @ columns
        step = np.zeros_like(peaks)
        np.cumsum(0.5 * (peaks[:, 1:] + peaks[:, :-1]) * np.diff(rising), axis=1, out=step[:, 1:])
        expected = (peaks + of_each[:, lines + 1 :] * step)[:, ::-1] + of_each[:, lines : lines + 1]
        return _deviance_residuals(counts, np.maximum(expected, LEAST_EXPECTED_COUNTS)).ravel()

    return float(np.sum(lmfit.minimize(residuals, parameters, scale_covar=False, calc_covar=False).residual ** 2))


def _deviance_residuals(counts: Array, expected: Array) -> Array:
    x = (counts - expected) / expected
    deviance = 2.0 * expected * np.maximum(xlog1py(1.0 + x, x) - x, 0.0)
    return np.asarray(np.sign(x) * np.sqrt(deviance))


def foreign(program: str, interpreter: str, case: cases.Case, series: cases.Series, some: int) -> tuple[float, Array]:
    """Return fits per second and χ² of another program, run by an interpreter that has it."""
    lines = [
        {
            "position": part.position_ev,
            "gauss": float(lineshapes.gaussian_fwhm_ev(part.fwhm_ev, part.lorentzian_fwhm_ev)),
            "lorentz": part.lorentzian_fwhm_ev,
            "splitting": part.splitting_ev,
            "ratio": part.area_ratio,
        }
        for part in case.components
    ]
    told = {
        "energy": series.energy.tolist(),
        "counts": series.task.likelihood.data[:some].tolist(),
        "lines": lines,
        "reach_ev": cases.POSITION_REACH_EV,
        "gauss_ev": [cases.FWHM_LOW_EV, cases.FWHM_HIGH_EV],
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "series.json"
        path.write_text(json.dumps(told))
        script = Path(__file__).with_name("foreign_fits.py")
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        command = [interpreter, str(script), program, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)  # noqa: S603
    found = json.loads(done.stdout)
    return found["fits"] / found["seconds"], np.array(found["chi_square"])


def compared(
    work: Callable[[cases.Case, Array, Array], float], name: str, series: cases.Series, some: int
) -> tuple[float, Array]:
    """Return fits per second and objectives of a slow program on the first spectra of a series."""
    case, counts = cases.CASES[name], series.task.likelihood.data
    seconds, found = clocked(lambda: [work(case, series.energy, counts[i]) for i in range(some)])
    return some / seconds, np.array(found)


def compare(name: str, interpreters: Mapping[str, str], some: int, together: bool) -> None:
    """Print the rows of one series."""
    constant = cases.simulate(name, SPECTRA, 1e4, "constant", neyman=True)
    shirley = cases.simulate(name, SPECTRA, 1e4, "shirley")
    fast_constant, at_constant = engine_rate(constant)
    fast, at_shirley = engine_rate(shirley)
    show(name, "composite", compared(composite, name, constant, some), fast_constant, at_constant)
    show(name, "function", compared(function, name, shirley, some), fast, at_shirley)
    for program in ("lmfitxps", "spectrafit"):
        if program in interpreters:
            slow = foreign(program, interpreters[program], cases.CASES[name], constant, some)
            show(name, program, slow, fast_constant, at_constant)
        else:
            print(f"| {name} | {program} | skipped: no interpreter that has it was given | | | |")
    shared = np.arange(2 * len(cases.CASES[name].components))
    seconds, joint = clocked(lambda: fit_jointly([shirley.task], [shirley.start], shared))
    if together:
        counts, deviance = shirley.task.likelihood.data, joint.objective  # type: ignore[attr-defined]
        slow, found = clocked(lambda: jointly(cases.CASES[name], shirley.energy, counts))
        print(
            f"| {name} | joint fit of {SPECTRA} by lmfit: {slow:.1f} s | | {seconds:.3f} s | {slow / seconds:.0f} "
            f"| lower by {(found - deviance) / deviance:.1e} |",  # type: ignore[operator]
            flush=True,
        )
    else:
        print(f"| {name} | joint fit of {SPECTRA} | | {seconds:.3f} s | | |", flush=True)


def show(name: str, program: str, slow: tuple[float, Array], rate: float, at: marquardt.Optimum) -> None:
    """Print how one program compares with the engine."""
    (fits_per_s, objectives), mine = slow, at.point.objective[: slow[1].size]
    equal = np.abs(objectives - mine) <= 1e-5 * (1.0 + mine)
    lower = objectives < mine - 1e-5 * (1.0 + mine)
    print(
        f"| {name} | {program} | {fits_per_s:.1f} | {rate:.0f} | {rate / fits_per_s:.1f} "
        f"| {equal.mean():.2f} (lower: {lower.mean():.2f}) |",
        flush=True,
    )


def scaling() -> None:
    """Print time per fit and peak memory of ever longer series, fitted block by block."""
    print("\n| Ge 3d spectra | CPU ms per fit | peak memory, MB |\n|---|---|---|")
    for spectra in (100, 1000, 10_000):
        total = 0.0
        for block in range(0, spectra, 100):
            series = cases.simulate("Ge 3d", 100, 1e4, "shirley", seed=block)
            total += clocked(lambda s=series: marquardt.minimise(s.task, s.start, EFFORT))[0]  # type: ignore[misc]
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"| {spectra} | {1000 * total / spectra:.3f} | {peak:.0f} |", flush=True)


def main(words: list[str]) -> None:
    """Print the tables of all programs and series."""
    interpreters = dict(word.split("=", 1) for word in words if "=" in word)
    some = next((int(word) for word in words if word.isdigit()), 20)
    print("| series | program | fits/s | engine, same objective, fits/s | ratio | equal |")
    print("|---|---|---|---|---|---|")
    for name in cases.FREE:
        compare(name, interpreters, some, "joint" in words)
    scaling()


if __name__ == "__main__":
    main(sys.argv[1:])
