"""Tables of an invented series, made without any stage of the pipeline, for tests of kinetics and figures.

The curves are computed here with scipy's Voigt profile, not with the project's line shapes, so that a figure that
redraws a component from its parameters is compared with an independent truth.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
from scipy.special import voigt_profile

from whole_tables import series_of
from xps import kinetics, provenance, tables
from xps.table_schemas import SCHEMAS

EXPERIMENT = "invented"


@dataclass(frozen=True)
class Part:
    """One invented component; ``areas`` per acquisition in counts/s·eV, doublet = (splitting, ratio) or None."""

    name: str
    core_level: str
    species: str
    position_ev: float
    fwhm_ev: float
    areas: Sequence[float]
    doublet: tuple[float, float] | None = None
    role: str = "species"
    verdict: str = "identified"


@dataclass(frozen=True)
class Window:
    """One invented measured window with its model's components."""

    model: str
    region: str
    high_ev: float
    low_ev: float
    base_cps: float
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Series:
    """What an invented series holds; failed and missing are (region, acquisition), excluded are acquisitions."""

    windows: tuple[Window, ...]
    times_s: tuple[float, ...]
    failed: frozenset[tuple[str, int]] = frozenset()
    missing: frozenset[tuple[str, int]] = frozenset()
    excluded: Mapping[int, str] = field(default_factory=dict)
    data_origin: str = "simulated"
    axis: str = "plating_time_s"


STEP_EV = 0.2
LORENTZIAN_EV = 0.2
_FAILURE = "no convergence after 4000 evaluations: the width of Ge0 3d ran into its bound at 1.9 eV"


def vep_series(**changes: Any) -> Series:
    """Return a series like the project's demonstration: four acquisitions, four windows."""
    ge = (
        Part("Ge4+ 3d", "Ge 3d", "Ge4+", 32.5, 1.35, (9000, 5000, 700, 300), (0.585, 0.6667)),
        Part("Ge0 3d", "Ge 3d", "Ge0", 28.0, 1.2, (0.01, 3300, 1900, 900), (0.585, 0.6667)),
        Part("O 2s", "O 2s", "O 2s", 24.6, 3.6, (6000, 5200, 2000, 1500), role="loss"),
    )
    phosphorus = (
        Part("PO4", "P 2p", "PO4", 133.2, 1.45, (15000, 13000, 4000, 2500), (0.865, 0.5)),
        Part("LixP", "P 2p", "LixP", 128.4, 1.9, (0.01, 300, 900, 600), (0.865, 0.5), verdict="conditional"),
        Part("Ge4+ 3p", "Ge 3p", "Ge4+", 124.7, 2.9, (22000, 12000, 1700, 800), (4.1, 0.5)),
        Part("Ge0 3p", "Ge 3p", "Ge0", 120.0, 2.6, (0.01, 8000, 4500, 2200), (4.1, 0.5)),
    )
    oxygen = (
        Part("PO4 1s", "O 1s", "PO4", 531.1, 1.7, (100000, 90000, 60000, 40000)),
        Part("LiOH", "O 1s", "LiOH", 530.7, 1.6, (0.01, 4000, 9000, 15000), verdict="not_identified"),
        Part("Li2O", "O 1s", "Li2O", 528.5, 1.4, (0.01, 0.01, 9000, 21000)),
    )
    lithium = (
        Part("Li+ (SE)", "Li 1s", "Li+ (SE)", 55.5, 1.5, (766, 400, 30, 10)),
        Part("Li-SEI", "Li 1s", "Li-SEI", 54.8, 1.65, (0.01, 1400, 2000, 1900)),
        Part("Li0", "Li 1s", "Li0", 52.7, 1.15, (0.01, 0.01, 1250, 2100)),
    )
    series = {
        "windows": (
            Window("lagp_li1s", "Li1s", 64, 44, 600, lithium),
            Window("lagp_ge3d_p2p", "Ge3d", 44, 16, 400, ge),
            Window("lagp_ge3d_p2p", "P2p", 142, 116, 1800, phosphorus),
            Window("lagp_o1s", "O1s", 542, 522, 6000, oxygen),
        ),
        "times_s": (0.0, 300.0, 1800.0, 4200.0),
        **changes,
    }
    return Series(**series)  # type: ignore[arg-type]


def long_series(cycles: int = 21) -> Series:
    """Return a depth profile of many cycles: a film that ends half-way."""
    left = 1 / (1 + np.exp((np.arange(cycles) - cycles * 0.6) / 1.2))
    tin = (
        Part("Sn4+", "Sn 3d", "Sn4+", 487.0, 1.5, tuple(180000 * left), (8.41, 0.69)),
        Part("Sn0", "Sn 3d", "Sn0", 485.0, 1.3, tuple(60000 * left * np.linspace(0, 1, cycles)), (8.41, 0.69)),
    )
    silicon = (
        Part("SiO2", "Si 2p", "SiO2", 103.3, 1.9, tuple(6000 * (1 - left))),
        Part("Si0", "Si 2p", "Si0", 99.4, 1.2, tuple(9000 * (1 - left) ** 2), (0.61, 0.5)),
    )
    carbon = (Part("C-C", "C 1s", "C-C", 284.8, 1.4, tuple(4000 * np.exp(-np.arange(cycles))),),)  # fmt: skip
    windows = (
        Window("sno2_c1s", "C1s", 295, 278, 2500, carbon),
        Window("sno2_si2p", "Si2p", 110, 94, 900, silicon),
        Window("sno2_sn3d", "Sn3d5", 505, 480, 9000, tin),
    )
    times = tuple(float(60 * number) for number in range(cycles))
    return Series(windows, times, data_origin="measured", axis="sputter_time_s")


def make(series: Series, seed: int = 1) -> dict[str, pa.Table]:
    """Return every table a figure may need, by name."""
    rows: dict[str, list[dict[str, Any]]] = {name: [] for name in SCHEMAS}
    random = np.random.default_rng(seed)
    for acquisition in range(len(series.times_s)):
        for index, window in enumerate(series.windows):
            _add_acquired(rows, series, window, acquisition, index)
            if acquisition in series.excluded or (window.region, acquisition) in series.missing:
                continue
            _add_fit(rows, series, window, acquisition, random)
    return {name: tables.from_rows(name, held) for name, held in rows.items()}


def followed(acquired: pa.Table, components: pa.Table, axis: str, laws: Sequence[str]) -> pa.Table:
    """Return the table ``kinetics`` of component areas under rate laws, without any mechanism."""
    return kinetics.follow(series_of(acquired, components), axis, {"laws": laws})["kinetics"]


def _keys(window: Window, acquisition: int) -> dict[str, Any]:
    return {"experiment": EXPERIMENT, "acquisition": acquisition, "region": window.region}


def _add_acquired(
    rows: dict[str, list[dict[str, Any]]], series: Series, window: Window, acquisition: int, index: int
) -> None:
    time = series.times_s[acquisition]
    rows["acquisitions"].append(
        {
            **_keys(window, acquisition),
            "core_levels": list(dict.fromkeys(part.core_level for part in window.parts)),
            "source_file": f"raw:invented/cycle_{acquisition}.spe",
            "source_sha256": f"{acquisition:064d}",
            "source_cycle": 0,
            "start_time_s": acquisition * 3600.0 + index * 600,
            "end_time_s": acquisition * 3600.0 + index * 600 + 500,
            "time_origin": "log",
            series.axis: time,
            "plating_current_ua": 20.0,
            "channels": 100,
            "instrument": "PHI VersaProbe III",
            "data_origin": series.data_origin,
            "excluded": acquisition in series.excluded,
            "exclusion_reason": series.excluded.get(acquisition),
            "warnings": [],
        }
    )
    rows["calibration"].append(
        {
            **_keys(window, acquisition),
            "reference": "C 1s C-C",
            "reference_binding_energy_ev": 284.8,
            "found_binding_energy_ev": 287.0 - 0.1 * acquisition,
            "found_stderr_ev": 0.01,
            "shift_ev": shift_ev(acquisition),
            "shift_stderr_ev": 0.01,
            "drift_stderr_ev": 0.03,
            "method": "fitted" if acquisition else "interpolated",
        }
    )


def shift_ev(acquisition: int) -> float:
    """Return the shift that the invented calibration has found."""
    return -2.2 + 0.1 * acquisition


def profile_cps(part: Part, area: float, energy: np.ndarray) -> np.ndarray:
    """Return the component's intensity by scipy: a Voigt whose total FWHM is the part's to 0.02 % (Olivero)."""
    gauss = np.sqrt((part.fwhm_ev - 0.5346 * LORENTZIAN_EV) ** 2 - 0.2166 * LORENTZIAN_EV**2)
    lines = [(0.0, 1.0)] if part.doublet is None else [(0.0, 1.0), part.doublet]
    total = sum(ratio for _, ratio in lines)
    sigma = gauss / 2.3548200450309493
    return sum(
        area * ratio / total * voigt_profile(energy - part.position_ev - shift, sigma, LORENTZIAN_EV / 2)
        for shift, ratio in lines
    )


def _add_fit(
    rows: dict[str, list[dict[str, Any]]], series: Series, window: Window, acquisition: int, random: np.random.Generator
) -> None:
    keys = {**_keys(window, acquisition), "model": window.model}
    failed = (window.region, acquisition) in series.failed
    energy = np.arange(window.high_ev, window.low_ev, -STEP_EV)
    peaks = {part.name: profile_cps(part, part.areas[acquisition], energy) for part in window.parts}
    total = sum(peaks.values())
    background = window.base_cps + 0.02 * np.cumsum(total[::-1])[::-1] * STEP_EV
    envelope = background + total
    time = 4.0
    data = random.poisson(envelope * time) / time
    residual = (data - envelope) * time / np.sqrt(envelope * time)
    for channel, ev in enumerate(energy):
        fitted = {} if failed else {
            "envelope_cps": envelope[channel],
            "background_cps": background[channel],
            "residual_sigma": residual[channel],
        }  # fmt: skip
        point = {"channel": channel, "binding_energy_ev": ev, "data_cps": data[channel]}
        rows["curves"].append({**keys, **point, **fitted})
        rows["spectra"].append(
            {
                **_keys(window, acquisition),
                "channel": channel,
                "recorded_binding_energy_ev": ev - shift_ev(acquisition),
                "intensity_cps": data[channel],
                "counts": data[channel] * time,
            }
        )
    rows["fits"].append(
        {
            **keys,
            "success": not failed,
            "message": _FAILURE if failed else "converged",
            "engine": "lmfit",
            "likelihood": "Poisson",
            "bounds_hit": [],
            "background": "shirley",
        }
    )
    for part in window.parts:
        _add_part(rows, keys, window, part, acquisition, failed)


def _add_part(
    rows: dict[str, list[dict[str, Any]]],
    keys: dict[str, Any],
    window: Window,
    part: Part,
    acquisition: int,
    failed: bool,
) -> None:
    area = part.areas[acquisition]
    stderr = 5.0 + 0.02 * area
    same = [other.areas[acquisition] for other in window.parts if other.core_level == part.core_level]
    share = None if part.role != "species" else area / sum(same)
    fitted = {} if failed else {
        "detected": area > 1.0,
        "position_ev": part.position_ev,
        "fwhm_ev": part.fwhm_ev,
        "area_cps_ev": area,
        "area_stderr_cps_ev": stderr,
        "area_fraction": share,
        "area_fraction_stderr": None if share is None or len(same) == 1 else stderr / sum(same),
        "upper_limit_95_cps_ev": area + 1.645 * stderr,
        "verdict": part.verdict,
    }  # fmt: skip
    naming = {"component": part.name, "core_level": part.core_level, "species": part.species, "line": part.core_level}
    naming["shape"] = "voigt"
    rows["components"].append({**keys, **naming, **fitted})
    values: dict[str, float] = {
        "position_ev": part.position_ev,
        "fwhm_ev": part.fwhm_ev,
        "area_cps_ev": area,
        "lorentzian_fwhm_ev": LORENTZIAN_EV,
    }
    if part.doublet:
        values |= {"splitting_ev": part.doublet[0], "area_ratio": part.doublet[1], "fwhm_ratio": 1.0}
    for name, value in values.items():
        row = {"component": part.name, "parameter": name, "value": None if failed else value}
        rows["parameters"].append({**keys, **row, "status": "free", "at_bound": False})


def record(given: Mapping[str, pa.Table], data_origin: str = "simulated") -> provenance.Record:
    """Return a record as the rule would make it, with every table as an ancestor."""
    parents = [_parent(name, data_origin) for name in given]
    return provenance.Record(
        artefact="",
        rule="render_figure",
        subject="figures",
        inputs=tuple({"path": parent.artefact, "sha256": "0" * 64, "content_sha256": "1" * 64} for parent in parents),
        parameters={},
        fingerprint="f" * 64,
        modules={},
        versions={"python": "3.11.2", "numpy": "2.0", "lmfit": "1.3", "matplotlib": "3.11"},
        data_origin=data_origin,
        ancestors={parent.artefact: parent.own() for parent in parents},
    )


def _parent(name: str, data_origin: str) -> provenance.Record:
    artefact = f"results:{EXPERIMENT}/{name}.parquet"
    return provenance.Record(artefact, "made_up", EXPERIMENT, (), {}, "e" * 64, {}, {}, data_origin)


def only(given: Mapping[str, pa.Table], names: Iterable[str]) -> dict[str, pa.Table]:
    """Return the tables of these names."""
    return {name: given[name] for name in names}
