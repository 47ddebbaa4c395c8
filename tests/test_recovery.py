"""Every species' share of every shipped series against its truth, within three times what a perfect model would miss.

The tolerances are those of tests/truth/tolerances.csv, computed for all series as those of ../shared/science were for
two, and compared with that. A normal error exceeds three standard deviations once in 370 times, and a series has some
hundred shares: as many may, as chance explains at the 1 % level, and none may exceed five.
"""

import csv
import re
import sys
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pytest
import yaml
from scipy.special import bdtrc

sys.path.append(str(Path(__file__).parents[1] / "benchmarks"))

import recovery_study

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
BEYOND_THREE = 0.0027
# Shares that the models do not recover as well as the perfect one, and why. Each must still be missed: one that is
# recovered is to be taken out.
MISSED = {
    # Interphase and LiOH stand halfway between Li0 and Li+: there a wrong energy scale, all that the perfect model has
    # to fear, cancels to first order. A model that has to find the interphase's energy (it moves) is off by 0.03.
    ("lagp_rest", 1, "Li1s", "Li-SEI"),
}
# Levels in which conditional shares are held against their own errors instead: on the foil Li2O and LiOH grow in
# proportion, 1 eV apart, so that the series tells the shape of their sum only. How wide and where each of them is comes
# from ties: all shares are off together by what these are off (here 0.03), and the perfect model knows both.
RESTING_ON_TIES = {("li_foil_gas", "Li1s")}


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
                found.append(judged(experiment, row, key, truth[key], part))
    return tuple(found)


@cache
def tolerances() -> Mapping[tuple[str, int, str, str], float]:
    return recovery_study.tolerances()


def judged(experiment: str, row: int, key: tuple[str, str], truth: float, part: dict[str, Any]) -> Share:
    """A share that is 1 because nothing else is there is known as well as the fit says that nothing else is."""
    stderr, best = part["area_fraction_stderr"] or 0.0, tolerances()[experiment, row, *key]
    resting = part["verdict"] == "conditional" and (experiment, key[0]) in RESTING_ON_TIES
    allowed = 3.0 * max(best, 5e-4, stderr if truth == 1.0 or resting else 0.0)  # the table is printed to 0.0001
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


def test_tolerances_are_those_of_the_published_table() -> None:
    """15 draws there, 40 here: the logarithm of their ratio scatters by 0.2 and has no bias."""
    text = recovery_study.TOLERANCES.read_text(encoding="utf-8").splitlines()
    rows = list(csv.DictReader(line for line in text if not line.startswith("#")))
    ours = {(r["experiment"], r["time_min"], r["region"], r["species"]): float(r["rms_010"]) for r in rows}
    ratios = []
    for text_row in LISTED.read_text(encoding="utf-8").splitlines():
        name, region, minutes, rest = text_row.split(" ", 3)
        for species, printed in re.findall(r"(\S[^()]*(?:\(SE\))?)\(\d\.\d\d\):[\d.]+/([\d.]+)/[\d.]+ ?", rest):
            key = ({"2a_L": "lgps_vep", "2b_L": "lagp_vep"}[name], minutes.removeprefix("t="), region, species)
            if float(printed) >= 0.005 and ours.get(key):
                ratios.append(np.log(ours[key] / float(printed)))
    assert len(ratios) > 60
    assert abs(np.mean(ratios)) < 0.2
    assert np.std(ratios) < 0.5


def test_a_component_of_two_species_has_the_tolerance_of_their_sum() -> None:
    """Interphase and hydroxide take from each other: their sum is known much better than either."""
    text = recovery_study.TOLERANCES.read_text(encoding="utf-8").splitlines()
    rows = {(r["experiment"], r["row"], r["species"]): r for r in csv.DictReader(text[2:]) if r["region"] == "Li1s"}
    sums = {key: row for key, row in rows.items() if " + " in key[2]}
    assert len(sums) > 15
    for (experiment, row, _), both in sums.items():
        one, other = (rows[experiment, row, species] for species in ("Li-SEI", "LiOH"))
        assert float(both["fraction"]) == pytest.approx(float(one["fraction"]) + float(other["fraction"]), abs=2e-4)
        assert tolerances()[experiment, int(row), "Li1s", "Li-SEI"] <= max(
            float(both[name]) for name in ("rms_003", "rms_010")
        )


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
