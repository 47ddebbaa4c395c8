"""Every species' share of every shipped series against its truth, within three times what a perfect model would miss.

The tolerance is that of ../shared/science/tolerances.txt for the two series listed there, and computed in the same way
for the others (``recovery``). A normal error exceeds three standard deviations once in 370 times, and a series has some
hundred shares: as many may, as chance explains at the 1 % level, and none may exceed five.
"""

import csv
import re
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest
import yaml
from scipy.special import bdtrc

import recovery
from xps import acquisitions, calibration, energy_scale, fitting, models, windows
from xps.configuration import reference
from xps.tables import Series, concatenate

PROJECT = Path(__file__).parents[1]
LISTED = PROJECT.parent / "shared" / "science" / "tolerances.txt"
SERIES = ["al_foil", "li_foil_gas", "li2s_gas", "lgps_vep", "lgps_control", "lgps_sputter"]
SERIES += ["lagp_vep", "lagp_control", "lagp_rest", "lagp_sputter"]
QUICK = {"al_foil", "li2s_gas"}
UNANCHORED = "lagp_o1s_unanchored"
# The smallest error of the energy reference that the table lists (eV).
LEAST_ERROR_EV = 0.03
BEYOND_THREE = 0.0027
# Shares that the models do not recover as well as the perfect one, and why. Each must still be missed: one that is
# recovered is to be taken out.
MISSED = {
    # Interphase and LiOH stand halfway between Li0 and Li+: there a wrong energy scale, all that the perfect model has
    # to fear, cancels to first order. A model that has to find the interphase's energy (it moves) is off by 0.03.
    ("lagp_rest", 1, "Li1s", "Li-SEI"),
}


class Share(NamedTuple):
    """One fitted share: where it stands, what it should be, what it is, its own error, and its verdict."""

    row: int
    level: str
    species: str
    truth: float
    found: float
    stderr: float
    tolerance: float

    @property
    def excess(self) -> float:
        """The error over the tolerance."""
        return abs(self.found - self.truth) / self.tolerance


class Analysed(NamedTuple):
    """What the chain makes of a shipped series, without the alternatives of its models."""

    calibration: Any
    tables: dict[str, fitting.FitTables]


@cache
def analysed(experiment: str) -> Analysed:
    return chain(experiment)


def chain(
    experiment: str, wanted: Sequence[str] = (), moved: Mapping[str, tuple[int, float]] | None = None
) -> Analysed:
    """Read, calibrate and fit a shipped series; ``moved`` shifts a region's recorded energies from a cycle on (eV)."""
    settings = yaml.safe_load((PROJECT / f"config/experiments/{experiment}.yaml").read_text(encoding="utf-8"))
    source = settings["source"]
    files = sorted((PROJECT / "raw" / source["folder"]).glob(source["files"][0]))
    parse = {key: settings[key] for key in ("data_origin", "regions", "source")}
    parsed = acquisitions.assemble(experiment, parse, files, PROJECT / "raw")
    spectra = parsed.spectra
    for region, (first, by_ev) in (moved or {}).items():
        spectra = shifted(spectra, region, first, by_ev)
    known = [fit_model(name) for name in wanted or settings["models"]]
    line = settings["energy_reference"]
    carbon = next(m for m in known if line["component"] in [part.name for part in m.components])
    shifts = calibration.calibrate(parsed.acquisitions, spectra, line, carbon)
    cut = windows.cut(parsed.acquisitions, spectra, shifts, {model.name: model.windows for model in known})
    fitted = {model.name: fitting.fit_models(cut, parsed.acquisitions, shifts, [model]) for model in known}
    return Analysed(shifts, fitted)


def shifted(spectra: pa.Table, region: str, first: int, by_ev: float) -> pa.Table:
    energy = spectra.column("recorded_binding_energy_ev").to_numpy()
    here = np.array(spectra.column("region").to_pylist()) == region
    late = spectra.column("acquisition").to_numpy() >= first
    place = spectra.schema.get_field_index("recorded_binding_energy_ev")
    return spectra.set_column(place, spectra.schema.field(place), pa.array(energy + by_ev * (here & late)))


def fit_model(name: str) -> models.FitModel:
    content = yaml.safe_load((PROJECT / f"config/models/{name}.yaml").read_text(encoding="utf-8"))
    return models.from_mapping(name, {key: value for key, value in content.items() if "alternatives" not in key})


def grouped(experiment: str, region: str) -> dict[str, str]:
    """LiOH and the interphase are one component of Li 1s, but on the foil, which has no interphase."""
    return {"LiOH": "Li-SEI"} if region == "Li1s" and experiment != "li_foil_gas" else {}


@cache
def shares(experiment: str) -> tuple[Share, ...]:
    """All shares of the levels that the series shows, each from the first model that holds the level."""
    rows = sorted({row for row, _ in recovery.lines(experiment)})
    error = max(recovery.reference_error_ev(experiment), LEAST_ERROR_EV)
    owners: dict[str, str] = {}
    found = []
    for name, tables in analysed(experiment).tables.items():
        for part in tables.components.to_pylist():
            level, region = part["core_level"].replace(" ", ""), part["region"]
            if owners.setdefault(level, name) != name or part["area_fraction"] is None:
                continue
            row, group = rows[part["acquisition"]], grouped(experiment, region)
            truth = recovery.truth_shares(recovery.lines(experiment)[row, region], group)
            key = (level, part["species"])
            if key in truth:
                best = tolerance(experiment, row, region, error, key)
                found.append(judged(row, key, truth[key], part, best))
    return tuple(found)


@cache
def tolerance(experiment: str, row: int, region: str, error: float, key: tuple[str, str]) -> float:
    group = tuple(sorted(grouped(experiment, region).items()))
    return of_region(experiment, row, region, error, group)[key]


@cache
def of_region(experiment: str, row: int, region: str, error: float, group: Any) -> dict[tuple[str, str], float]:
    return recovery.tolerances(experiment, row, region, error, dict(group))


def judged(row: int, key: tuple[str, str], truth: float, part: dict[str, Any], best: float) -> Share:
    """A share that is 1 because nothing else is there is known as well as the fit says that nothing else is."""
    stderr = part["area_fraction_stderr"] or 0.0
    allowed = 3.0 * max(best, 5e-4, stderr if truth == 1.0 else 0.0)  # the table is printed to 0.001
    return Share(row, *key, truth, part["area_fraction"], stderr, allowed)


@pytest.mark.parametrize("experiment", [pytest.param(s, marks=[] if s in QUICK else pytest.mark.slow) for s in SERIES])
def test_every_share_is_recovered(experiment: str) -> None:
    found = shares(experiment)
    assert found
    missed = {(experiment, *share[:3]): share for share in found if (experiment, *share[:3]) in MISSED}
    assert all(one.excess > 1.0 and abs(one.found - one.truth) < 3.0 * one.stderr for one in missed.values())
    beyond = [share for share in found if share.excess > 1.0 and (experiment, *share[:3]) not in missed]
    worst = "\n".join(f"{s} x{s.excess:.2f}" for s in beyond)
    assert bdtrc(len(beyond) - 1, len(found), BEYOND_THREE) > 0.01 if beyond else True, worst
    assert all(share.excess < 5.0 / 3.0 for share in beyond), worst


@pytest.mark.slow
@pytest.mark.parametrize("experiment", [name for name in SERIES if name.startswith("lagp")])
def test_hydroxide_is_no_finding_without_its_anchor(experiment: str) -> None:
    rows = analysed(experiment).tables[UNANCHORED].components.to_pylist()
    assert {row["verdict"] for row in rows if row["component"] == "LiOH"} == {"not_identified"}


@pytest.mark.parametrize("experiment", [pytest.param(s, marks=[] if s in QUICK else pytest.mark.slow) for s in SERIES])
def test_every_fit_succeeds_and_the_counts_refuse_few(experiment: str) -> None:
    """1 % of right models are refused at p < 0.01; a cycle may be, a model may not."""
    for name, tables in analysed(experiment).tables.items():
        fits = tables.fits.to_pylist()
        assert all(row["success"] for row in fits), name
        refused = np.mean([row["p_value"] < 0.01 for row in fits])
        assert refused <= 0.25, f"{name}: {refused:.0%} refused"


def test_tolerances_are_those_of_the_table() -> None:
    """15 draws against 60 of our own: the logarithm of their ratio scatters by 0.2 and has no bias."""
    ratios = []
    for text in LISTED.read_text(encoding="utf-8").splitlines():
        name, level, minutes, rest = text.split(" ", 3)
        experiment = {"2a_L": "lgps_vep", "2b_L": "lagp_vep"}[name]
        row = [0, 5, 10, 15, 20, 30, 50, 70].index(int(minutes.removeprefix("t=")))
        if (level, experiment) in [("Li1s", "lagp_vep")] or level == "Al2p":
            continue  # there the table splits what is one component here; Al 2p says nothing that Ge 3d does not
        for species, printed in re.findall(r"(\S[^()]*(?:\(SE\))?)\(\d\.\d\d\):[\d.]+/([\d.]+)/[\d.]+ ?", rest):
            key = ({("P2p", "Ge0"): "Ge3p", ("P2p", "Ge4+"): "Ge3p"}.get((level, species), level), species)
            ours = of_region(experiment, row, level, 0.10, ()).get(key)
            if ours is not None and float(printed) >= 0.005:
                ratios.append(np.log(ours / float(printed)))
    assert len(ratios) > 60
    assert abs(np.mean(ratios)) < 0.2
    assert np.std(ratios) < 0.5


@pytest.mark.parametrize(("experiment", "region"), [("li_foil_gas", "Li1s"), ("lagp_rest", "Ge3d")])
def test_tolerances_are_those_of_the_committed_table(experiment: str, region: str) -> None:
    """tests/truth/tolerances.csv comes from another code, 15 draws a row: the mean logarithm of the ratio is 0."""
    text = (PROJECT / "tests/truth/tolerances.csv").read_text(encoding="utf-8").splitlines()
    ratios = []
    for row in csv.DictReader(line for line in text if not line.startswith("#")):
        if (row["experiment"], row["region"]) == (experiment, region) and float(row["rms_010"]) >= 0.002:
            ours = of_region(experiment, int(row["row"]), region, 0.10, ()).get((row["line"], row["species"]))
            ratios += [] if ours is None else [np.log(ours / float(row["rms_010"]))]
    assert len(ratios) >= 10
    assert abs(np.mean(ratios)) < 0.2
    assert np.std(ratios) < 0.5


@pytest.mark.slow
def test_carbon_at_another_potential_is_seen_by_the_line_of_the_matrix_and_not_by_distances() -> None:
    """C 1s recorded 0.3 eV off from the sixth acquisition on, as on lithium islands that float: all else moves."""
    series = chain("lagp_vep", ("lagp_ge3d_p2p", "lagp_o1s", "adventitious_c1s"), moved={"C1s": (5, 0.3)})
    declared, faults = reference.energy_checks(PROJECT / "config" / "reference")
    assert not faults
    joined = {
        name: pa.concat_tables([getattr(t, name) for t in series.tables.values()])
        for name in ("components", "parameters")
    }
    places = Series({"calibration": series.calibration, **joined}, counted="components")
    checks = [row for row in declared if row["check"] in ("C 1s - P 2p of PO4", "O 1s - P 2p of PO4")]
    parts = list(energy_scale.check(places, checks, list(series.tables)))
    rows = concatenate("energy_checks", parts).to_pylist()
    steps = [row for row in rows if row["kind"] == "reference_step"]
    (whole,) = [row for row in steps if row["acquisition"] is None]
    assert whole["verdict"] == "differs"
    assert whole["value_ev"] == pytest.approx(0.3, abs=4 * whole["stderr_ev"])
    assert re.search("between acquisitions (3 and 4|4 and 5|5 and 6);", whole["remark"])
    assert "cannot tell" in whole["remark"]
    assert all(row["verdict"] == "agrees" for row in rows if row["kind"] == "drift")
