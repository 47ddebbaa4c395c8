"""How far a film lies on what is fitted: against stacks of layers computed here, and who tells whom."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from synthetic import ge3d, ge3d_model, ge3d_task
from xps import fitting, models, tables
from xps.errors import ConfigError
from xps.fitting import films

COSINE = np.cos(np.pi / 4)
# Mean free paths (nm) of Ge 3d or Li 1s, P 2p, O 1s: ../shared/science/imfp_tpp2m_nm.csv.
LITHIUM, OXIDE = (4.623, 4.355, 3.274), (3.872, 3.656, 2.785)
FILM = models.Film("li1s", (("Li0", 0.45),), ("Ge0", "Ge4+"), 0.35, 3.3)
UNDER = {
    "model": "ge3d",
    "lines": [{"component": "Ge0", "bulk_ratio": 0.5}],
    "over": ["Ge4+"],
    "exponent": 0.35,
    "whole_at": 3.0,
}
OTHER = {"name": "covered", "systematic": True, "doublets": [{"core_level": "Ge 3d", "area_ratio": 0.6}]}
OTHER |= {"under_film": UNDER}


def optical(thickness_nm: float, path_nm: float) -> float:
    return thickness_nm / (path_nm * COSINE)


@given(metal=st.floats(0.0, 8.0), oxide=st.floats(0.0, 3.0))
def test_a_closed_film_counts_as_far_as_it_lowers_the_ratio_of_the_slower_line(metal: float, oxide: float) -> None:
    """The oxide on the metal, both closed, the substrate infinitely thick: ln I = -Σ d/L, I_film = 1 - exp(-d/L)."""
    film = replace(FILM, bulk_ratios=(("Li0", 0.45), ("Li2O", 0.66)))
    fast, middle, slow = (optical(metal, a) + optical(oxide, b) for a, b in zip(LITHIUM, OXIDE, strict=True))
    shown = -np.expm1(-optical(metal, LITHIUM[0])) * np.exp(-optical(oxide, OXIDE[0]))
    areas = {"Li0": 0.45 * shown, "Li2O": -0.66 * np.expm1(-optical(oxide, OXIDE[0]))}
    areas |= {"Ge0": 0.7 * np.exp(-fast), "Ge4+": 0.3 * np.exp(-fast)}
    whole = 1.0 - 4.3**-0.35
    assert whole * films.share(film, areas) == pytest.approx(1.0 - np.exp(middle - slow), abs=0.015)


@given(metal=st.floats(0.0, 1e3), below=st.floats(1e-3, 1e3), gain=st.floats(1e-3, 1e3))
def test_the_share_knows_no_gain_grows_with_the_film_and_is_1_where_it_is_meant(
    metal: float, below: float, gain: float
) -> None:
    areas = {"Li0": metal, "Ge0": below, "Ge4+": 0.0}
    share = films.share(FILM, areas)
    assert 0.0 <= share <= films.share(FILM, {**areas, "Li0": metal + below})
    assert films.share(FILM, {name: gain * area for name, area in areas.items()}) == pytest.approx(share, abs=1e-12)
    assert films.share(FILM, {"Li0": 3.3 * 0.45 * below, "Ge0": below, "Ge4+": 0.0}) == pytest.approx(1.0)


def test_where_nothing_shines_through_the_alternative_counts_whole() -> None:
    assert films.share(FILM, {"Li0": 5.0, "Ge0": 0.0, "Ge4+": 0.0}) == 1.0


def covered(name: str, **under: Any) -> models.FitModel:
    """A model one of whose alternatives asks another model for a film."""
    return models.from_mapping(name, ge3d() | {"alternatives": [OTHER | {"under_film": UNDER | under}]})


def rows(*areas: tuple[int, str, float | None]) -> Any:
    keys = {"experiment": "s", "model": "ge3d", "region": "Ge3d", "core_level": "Ge 3d", "species": "x", "line": "x"}
    columns = ("acquisition", "component", "area_cps_ev")
    return tables.from_rows("components", (keys | dict(zip(columns, row, strict=True)) for row in areas))


def test_acquisitions_without_the_areas_that_are_asked_for_have_no_entry() -> None:
    told = rows((0, "Ge0", 15.0), (0, "Ge4+", 10.0), (1, "Ge0", None), (1, "Ge4+", None), (2, "Ge4+", 10.0))
    assert films.seen(covered("after"), "ge3d", told) == {"covered": {0: pytest.approx(1.0)}}
    assert films.seen(covered("after"), "another", told) == {}
    assert films.seen(ge3d_model(), "ge3d", told) == {}


def test_a_model_waits_for_the_one_that_it_asks_and_for_no_other() -> None:
    plain = [replace(ge3d_model(), name=name) for name in ("a", "ge3d", "b")]
    assert list(films.rounds([*plain, covered("after"), replace(plain[0], name="c")])) == [range(3), range(3, 5)]
    assert list(films.rounds(plain)) == [range(3)]
    assert list(films.rounds([covered("after", model="absent")])) == [range(1)]


def found_with(share: dict[str, dict[int, float]] | None) -> fitting.FitTables:
    model, task = covered("after"), ge3d_task(1, time_s=2.0)
    return fitting.fit_block(model, [task], fitting.fit_series(model, [task]), covered=share)


def test_what_counts_goes_with_the_film_and_so_do_errors_limits_and_conditions() -> None:
    whole, half, bare = (found_with(share) for share in (None, {"covered": {0: 0.5}}, {"covered": {0: 0.0}}))
    shares = [found.alternatives.to_pylist()[0]["counted_share"] for found in (whole, half, bare)]
    assert shares == [shares[0], min(shares[0], 0.5), 0.0]
    for place in range(2):
        one, two, none = (found.components.to_pylist()[place] for found in (whole, half, bare))
        change = abs(whole.alternatives.to_pylist()[place]["area_change_cps_ev"])
        assert one["area_systematic_stderr_cps_ev"] == pytest.approx(shares[0] * change)
        assert two["area_systematic_stderr_cps_ev"] == pytest.approx(shares[1] * change)
        assert none["area_systematic_stderr_cps_ev"] is None
        distances = [row["upper_limit_95_cps_ev"] - row["area_cps_ev"] for row in (one, none)]
        assert distances[0] == pytest.approx(np.hypot(distances[1], 1.645 * shares[0] * change), rel=1e-3)
        assert ("not: covered" in (one["condition"] or "")) == (shares[0] * change > one["area_stderr_cps_ev"])
        assert none["condition"] is None
        if "not: covered" in (one["condition"] or ""):
            assert (one["verdict"], none["verdict"]) == ("conditional", "identified")


# --- what a model file may ask ----------------------------------------------------------------------------------------


class Use:
    """An analysis of one experiment."""

    def __init__(self, *names: str, **under: Any) -> None:
        asking = ge3d() | {"alternatives": [OTHER | {"under_film": UNDER | under}]}
        self.models = {name: ge3d() if name == "ge3d" else asking for name in names}
        self.experiments = {"e": {"regions": {"Ge3d": ["Ge 3d"]}, "models": list(names)}}


def test_a_film_is_asked_of_an_earlier_model_by_names_that_it_has() -> None:
    assert models.faults(Use("ge3d", "after")) == []
    assert models.faults(Use("after")) == []  # nobody tells: the alternative counts whole
    (late,) = models.faults(Use("after", "ge3d"))
    assert "list ge3d before after" in late
    (unknown,) = models.faults(Use("ge3d", "after", over=["Ge4"]))
    assert "has no component 'Ge4'" in unknown
    assert "Ge4+" in unknown


def test_a_film_is_no_cure_for_faults_of_the_alternative() -> None:
    with pytest.raises(ConfigError, match="replaces nothing"):
        models.from_mapping("m", ge3d() | {"alternatives": [{"name": "x", "systematic": True, "under_film": UNDER}]})


def shipped() -> dict[str, models.FitModel]:
    files = sorted((Path(__file__).parents[1] / "config" / "models").glob("*.yaml"))
    return {path.stem: models.from_mapping(path.stem, yaml.safe_load(path.read_text("utf-8"))) for path in files}


# Kinetic energies (eV) for Al Kα: SCIENCE.md has them per line.
KINETIC = {"Li 1s": 1431.6, "Ge 3d": 1457.6, "Ge 3p": 1364.6, "P 2p": 1354.6, "O 1s": 955.6, "O 2s": 1462.0}


@pytest.mark.parametrize("name", sorted(shipped()))
def test_ties_between_levels_hold_under_five_nanometres_of_lithium_or_say_that_they_do_not(name: str) -> None:
    """λ goes as E^0.79 between 955 and 1458 eV in lithium (TPP-2M)."""
    model = shipped()[name]
    for tie in model.ties:
        levels = [model.component(part).core_level for part in (tie.component, tie.other)]
        if tie.parameter != "area" or not tie.soft or levels[0] == levels[1]:
            continue
        slow, fast = (4.623 * (KINETIC[level] / 1457.6) ** 0.79 * COSINE for level in levels)
        change = abs(1.0 - np.exp(5.0 / fast - 5.0 / slow))
        said = {
            (other.component, other.parameter)
            for one in model.alternatives
            if one.film is not None
            for other in one.model.ties
            if other not in model.ties
        }
        assert change < tie.stderr / tie.value or (tie.component, tie.parameter) in said, tie.describe()
