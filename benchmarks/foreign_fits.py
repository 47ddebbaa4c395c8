"""The speed benchmark's spectra fitted by another program, in an interpreter of its own that has it.

Run by fit_speed.py: PYTHON foreign_fits.py PROGRAM FILE, where FILE (json) holds energies, counts, bounds and the lines
of one series. Prints json: CPU seconds, number of fits, χ² (Neyman) of each. Needs nothing of the project.
"""

import json
import math
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Series = Mapping[str, Any]
FWHM_PER_SIGMA = 2.0 * math.sqrt(2.0 * math.log(2.0))


def spectrafit(series: Series) -> Callable[[Array], Array]:
    """Return a fit by spectrafit-core: true Voigt nodes and a constant, doublets tied by expressions."""
    import spectrafit_core as core  # type: ignore[import-not-found]

    energy = series["energy"]
    reach, (low, high) = series["reach_ev"], series["gauss_ev"]

    def fit(counts: Array) -> Array:
        nodes, ties = [], []
        area = 0.1 * float(np.sum(counts)) / len(series["lines"])
        for i, line in enumerate(series["lines"]):
            own = {
                "amplitude": area / (1.0 + line["ratio"]),
                "amplitude_min": 0.0,
                "center": line["position"],
                "center_min": line["position"] - reach,
                "center_max": line["position"] + reach,
                "sigma": line["gauss"] / FWHM_PER_SIGMA,
                "sigma_min": low / FWHM_PER_SIGMA,
                "sigma_max": high / FWHM_PER_SIGMA,
                "gamma": 0.5 * line["lorentz"],
                "gamma_vary": False,
            }
            nodes.append(core.true_voigt(f"a{i}", **own))
            if line["splitting"]:
                tied = {key: own[key] for key in ("amplitude", "center", "sigma", "gamma", "gamma_vary")}
                nodes.append(core.true_voigt(f"b{i}", **tied))
                ties.append((f"{line['ratio']}*a{i}.amplitude", f"b{i}.amplitude"))
                ties.append((f"a{i}.center+{line['splitting']}", f"b{i}.center"))
                ties.append((f"a{i}.sigma", f"b{i}.sigma"))
        builder = core.compose([*nodes, core.constant("base", c=float(np.min(counts)), c_min=0.0)])
        for formula, target in ties:
            builder = builder.bind(formula, target)
        sigma = np.sqrt(np.maximum(counts, 1.0)).tolist()
        data = core.MeasurementData(x=energy, y=counts.tolist(), sigma=sigma)
        return np.asarray(core.fit_fast(builder.build(), data)[1])

    return fit


def lmfitxps(series: Series) -> Callable[[Array], Array]:
    """Return a fit by lmfitxps: Gaussian-broadened Doniach lines of asymmetry 0 and a constant."""
    import lmfit
    from lmfitxps.models import ConvGaussianDoniachDublett, ConvGaussianDoniachSinglett

    energy, reach = np.array(series["energy"])[::-1], series["reach_ev"]
    low, high = (width / FWHM_PER_SIGMA for width in series["gauss_ev"])

    def fit(counts: Array) -> Array:
        model = lmfit.models.ConstantModel()
        for i, line in enumerate(series["lines"]):
            kind = ConvGaussianDoniachDublett if line["splitting"] else ConvGaussianDoniachSinglett
            model = model + kind(prefix=f"c{i}_", independent_vars=["x"])
        parameters = model.make_params(c=float(np.min(counts)))
        parameters["c"].min = 0.0
        for i, line in enumerate(series["lines"]):
            place = line["position"]
            parameters[f"c{i}_amplitude"].set(float(np.max(counts)), min=0.0)
            parameters[f"c{i}_center"].set(place, min=place - reach, max=place + reach)
            parameters[f"c{i}_sigma"].set(0.5 * line["lorentz"], vary=False)
            parameters[f"c{i}_gamma"].set(0.0, vary=False)
            parameters[f"c{i}_gaussian_sigma"].set(line["gauss"] / FWHM_PER_SIGMA, min=low, max=high)
            if line["splitting"]:
                parameters[f"c{i}_soc"].set(line["splitting"], vary=False)
                parameters[f"c{i}_height_ratio"].set(line["ratio"], vary=False)
                parameters[f"c{i}_fct_coster_kronig"].set(1.0, vary=False)
        weights = 1.0 / np.sqrt(np.maximum(counts[::-1], 1.0))
        return np.asarray(model.fit(counts[::-1], parameters, x=energy, weights=weights).best_fit)[::-1]

    return fit


PROGRAMS = {"lmfitxps": lmfitxps, "spectrafit": spectrafit}


def main(program: str, path: str) -> None:
    """Fit all spectra of the file and print what it took."""
    series = json.loads(Path(path).read_text(encoding="utf-8"))
    fit, spectra = PROGRAMS[program](series), np.array(series["counts"])
    fit(spectra[0])  # imports and compiled code are no part of the speed
    begin = time.process_time()
    curves = [fit(counts) for counts in spectra]
    seconds = time.process_time() - begin
    squares = [float(np.sum((n - mu) ** 2 / np.maximum(n, 1.0))) for n, mu in zip(spectra, curves, strict=True)]
    print(json.dumps({"seconds": seconds, "fits": len(curves), "chi_square": squares}))


if __name__ == "__main__":
    main(*sys.argv[1:3])
