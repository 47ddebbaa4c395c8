"""How fast the separable engine fits, against lmfit in three dresses, on the same spectra and the same objective.

Run: OMP_NUM_THREADS=1 PYTHONPATH=scripts:benchmarks python benchmarks/fit_speed.py
Times are CPU times of one core. The slow programs fit the first few spectra of each series only; all fits start at the
same values. ``equal`` is the share of those fits whose objective agrees with the engine's within 1e-5 (of 1 + value).

- composite: ``lmfit.Model`` of VoigtModels (doublets by expr ties) and a constant, squares weighted with Neyman's
  1/max(n, 1); the engine fits that objective.
- function: one hand-written residual function (all lines in one ``wofz`` call, active Shirley, Poisson deviance
  residuals), minimised by lmfit; the engine fits that objective, its default.
- lmfitxps: ConvGaussianDoniach models (asymmetry 0) and a constant. Its convolution is numerical, so its objective is
  its own; only times compare.
"""

import sys
import time
from collections.abc import Callable

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
EFFORT = marquardt.Effort()
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
        x = (counts - expected) / expected
        deviance = 2.0 * expected * np.maximum(xlog1py(1.0 + x, x) - x, 0.0)
        return np.asarray(np.sign(x) * np.sqrt(deviance))

    fit = lmfit.minimize(residuals, parameters, scale_covar=False)
    return float(np.sum(fit.residual**2))


def xps_models(case: cases.Case, energy: Array, counts: Array) -> float:
    """Fit with lmfitxps; return χ²."""
    from lmfitxps.models import ConvGaussianDoniachDublett, ConvGaussianDoniachSinglett

    model = lmfit.models.ConstantModel()
    for i, part in enumerate(case.components):
        kind = ConvGaussianDoniachDublett if part.splitting_ev else ConvGaussianDoniachSinglett
        model = model + kind(prefix=f"c{i}_", independent_vars=["x"])
    parameters = model.make_params(c=float(np.min(counts)))
    parameters["c"].min = 0.0
    for i, part in enumerate(case.components):
        reach = cases.POSITION_REACH_EV
        parameters[f"c{i}_amplitude"].set(float(np.max(counts)), min=0.0)
        parameters[f"c{i}_center"].set(part.position_ev, min=part.position_ev - reach, max=part.position_ev + reach)
        parameters[f"c{i}_sigma"].set(part.lorentzian_fwhm_ev / 2, vary=False)
        parameters[f"c{i}_gamma"].set(0.0, vary=False)
        parameters[f"c{i}_gaussian_sigma"].set(part.fwhm_ev / lineshapes.FWHM_PER_SIGMA, min=0.3, max=1.0)
        if part.splitting_ev:
            parameters[f"c{i}_soc"].set(part.splitting_ev, vary=False)
            parameters[f"c{i}_height_ratio"].set(part.area_ratio, vary=False)
            parameters[f"c{i}_fct_coster_kronig"].set(1.0, vary=False)
    fit = model.fit(counts[::-1], parameters, x=energy[::-1], weights=1.0 / np.sqrt(np.maximum(counts[::-1], 1.0)))
    return float(fit.chisqr)


def compared(
    work: Callable[[cases.Case, Array, Array], float], name: str, series: cases.Series, some: int
) -> tuple[float, Array]:
    """Return fits per second and objectives of a slow program on the first spectra of a series."""
    case, counts = cases.CASES[name], series.task.likelihood.data
    seconds, found = clocked(lambda: [work(case, series.energy, counts[i]) for i in range(some)])
    return some / seconds, np.array(found)


def main(some: int) -> None:
    """Print the table of all programs and series."""
    print("| series | program | fits/s | engine, same objective, fits/s | ratio | equal |")
    print("|---|---|---|---|---|---|")
    for name in cases.CASES:
        constant = cases.simulate(name, SPECTRA, 1e4, "constant", neyman=True)
        shirley = cases.simulate(name, SPECTRA, 1e4, "shirley")
        fast_constant, at_constant = engine_rate(constant)
        fast, at_shirley = engine_rate(shirley)
        programs = [
            ("composite", composite, constant, fast_constant, at_constant),
            ("function", function, shirley, fast, at_shirley),
        ]
        if "lmfitxps" in sys.argv:
            programs.append(("lmfitxps", xps_models, constant, fast_constant, at_constant))
        for label, work, series, rate, at in programs:
            slow, objectives = compared(work, name, series, some)
            equal = np.abs(objectives - at.point.objective[:some]) <= 1e-5 * (1.0 + at.point.objective[:some])
            lower = objectives < at.point.objective[:some] - 1e-5 * (1.0 + at.point.objective[:some])
            print(
                f"| {name} | {label} | {slow:.1f} | {rate:.0f} | {rate / slow:.0f} "
                f"| {equal.mean():.2f} (lower: {lower.mean():.2f}) |",
                flush=True,
            )
        shared = np.arange(2 * len(cases.CASES[name].components))
        seconds, joint = clocked(lambda s=shirley, w=shared: fit_jointly([s.task], [s.start], w))
        more, _ = clocked(lambda s=shirley, j=joint: marquardt.minimise(s.task, j.point.theta))  # type: ignore[misc]
        print(f"| {name} | joint fit of {SPECTRA}: {seconds:.3f} s, then each alone {more:.3f} s | | | | |", flush=True)


if __name__ == "__main__":
    main(next((int(word) for word in sys.argv[1:] if word.isdigit()), 20))
